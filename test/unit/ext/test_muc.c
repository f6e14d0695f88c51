/*
 * envoi - Multi-User Chat: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/muc.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define ROOM "coven@chat.shakespeare.lit"
#define X(content) "<x xmlns='http://jabber.org/protocol/muc#user'>" content "</x>"
#define ITEM(attributes) "<item " attributes "/>"
#define CODE(code) "<status code='" code "'/>"
#define PRESENCE(nick, attributes, content) \
	"<presence from='" ROOM "/" nick "' " attributes ">" content "</presence>"
#define THERE(nick) PRESENCE(nick, "", X(ITEM("affiliation='none' role='participant'")))
#define GONE(nick, content) PRESENCE(nick, "type='unavailable'", content)
#define SELF(nick, codes) \
	PRESENCE(nick, "", X(ITEM("affiliation='member' role='participant'") CODE("110") codes))
#define FROM(from, content) "<message type='groupchat' from='" ROOM from "'>" content "</message>"
#define BODY(text) "<body>" text "</body>"
#define DELAY(from) "<delay xmlns='urn:xmpp:delay' from='" from "' stamp='2002-10-13T23:58:37Z'/>"
#define SUBJECT FROM("", "<subject/>")
#define ERROR(condition) \
	"<error type='cancel'><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
#define EVENT "custom " ENVOI_MUC_INVITED "\n"
#define FEATURE(var) "<feature var='" var "'/>"
#define OFFER(features) \
	"<query xmlns='http://jabber.org/protocol/disco#info'>" FEATURE(ENVOI_NS_MUC) features \
		"</query>"
#define ALL_FEATURES \
	OFFER(FEATURE("urn:xmpp:occupant-id:0") FEATURE("urn:xmpp:sid:0") \
			FEATURE("http://jabber.org/protocol/muc#stable_id") \
				FEATURE("urn:xmpp:message-moderate:1"))
#define OCCUPANT_ID(id) "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='" id "'/>"
#define STANZA_ID(id, by) "<stanza-id xmlns='urn:xmpp:sid:0' id='" id "' by='" by "'/>"

static struct {
	struct wire *wire;
	struct envoi_muc_room *room;
	const char *free_at; /* the event in which something is freed */
	int what; /* 0: the room, 1: the use of the extension, 2: the session */
	struct envoi_handler handler;
} t;

static void maybe_free(const char *event)
{
	if (t.free_at == NULL || strcmp(event, t.free_at) != 0) {
		return;
	}
	t.free_at = NULL;
	if (t.what == 0) {
		envoi_muc_free(t.room);
		t.room = NULL;
	} else if (t.what == 1) {
		envoi_session_unuse(t.wire->session, &envoi_muc_extension);
	} else {
		wire_free_session(t.wire);
	}
}

static void on_joined(struct envoi_muc_room *room, bool is_again)
{
	const struct envoi_muc_occupant *self = envoi_muc_self(room);
	write_text(&t.wire->log, "joined%s as %s\n", is_again ? " again" : "",
		self == NULL ? "?" : self->nick);
	maybe_free("joined");
}

static void on_message(struct envoi_muc_room *room, const struct envoi_muc_message *message)
{
	(void)room;
	write_text(&t.wire->log, "%s: %s%s%s%s%s", message->nick == NULL ? "room" : message->nick,
		message->body == NULL ? "-" : message->body, message->is_private ? " private" : "",
		message->is_own ? " own" : "", message->is_reflection ? " back" : "",
		message->is_old ? " old" : "");
	if (message->occupant_id != NULL) {
		write_text(&t.wire->log, " by %s", message->occupant_id);
	}
	if (message->stanza_id != NULL) {
		write_text(&t.wire->log, " id %s", message->stanza_id);
	}
	if (message->moderated_id != NULL) {
		write_text(&t.wire->log, " moderates %s", message->moderated_id);
	}
	write_text(&t.wire->log, "\n");
	maybe_free("message");
}

static void on_subject(struct envoi_muc_room *room, const struct envoi_muc_subject *subject)
{
	(void)room;
	write_text(&t.wire->log, "subject '%s' %s%s\n", subject->text,
		subject->nick == NULL ? "-" : subject->nick, subject->is_first ? " first" : "");
	maybe_free("subject");
}

static void on_changed(struct envoi_muc_room *room, const struct envoi_muc_change *change)
{
	static const char *const names[] = {
		[ENVOI_MUC_OCCUPANT_JOINED] = "+",
		[ENVOI_MUC_OCCUPANT_LEFT] = "-",
		[ENVOI_MUC_OCCUPANT_CHANGED] = "=",
		[ENVOI_MUC_OCCUPANT_RENAMED] = "renamed",
		[ENVOI_MUC_AFFILIATION_CHANGED] = "affiliation",
		[ENVOI_MUC_CONFIGURATION_CHANGED] = "configuration",
		[ENVOI_MUC_NICK_REFUSED] = "refused",
		[ENVOI_MUC_INVITATION_DECLINED] = "declined",
	};
	(void)room;
	write_text(&t.wire->log, "%s %s", names[change->kind],
		change->occupant == NULL ? "" : change->occupant->nick);
	if (change->old_nick != NULL) {
		write_text(&t.wire->log, " was %s", change->old_nick);
	}
	if (change->jid != NULL) {
		write_text(&t.wire->log, "%s %d", envoi_jid_text(change->jid), change->affiliation);
	}
	if (change->actor != NULL) {
		write_text(&t.wire->log, " by %s", change->actor);
	}
	if (change->reason != NULL) {
		write_text(&t.wire->log, " (%s)", change->reason);
	}
	for (size_t i = 0; i < change->code_count; i++) {
		write_text(&t.wire->log, " %d", change->codes[i]);
	}
	write_text(&t.wire->log, "\n");
	maybe_free("changed");
}

static void on_ended(struct envoi_muc_room *room, const struct envoi_muc_end *end)
{
	(void)room;
	assert_non_null(end->text);
	write_text(&t.wire->log, "ended %d%s%s%s", end->cause, end->will_rejoin ? " again" : "",
		end->condition == 0 ? "" : " ",
		end->condition == 0 ? "" : envoi_stanza_condition_name(end->condition));
	if (end->alternative != NULL) {
		write_text(&t.wire->log, " instead %s", envoi_jid_text(end->alternative));
	}
	write_text(&t.wire->log, "\n");
	maybe_free("ended");
}

static const struct envoi_muc_events events = {.joined = on_joined,
	.message = on_message,
	.subject = on_subject,
	.changed = on_changed,
	.ended = on_ended};

static void on_invited(struct envoi_handler *self, const struct envoi_event *event)
{
	const struct envoi_muc_invitation *invitation = event->data;
	(void)self;
	write_text(&t.wire->log, "invited to %s by %s%s (%s) %s\n",
		envoi_jid_text(invitation->room),
		invitation->from == NULL ? "-" : envoi_jid_text(invitation->from),
		invitation->is_direct ? " directly" : "",
		invitation->reason == NULL ? "" : invitation->reason,
		invitation->password == NULL ? "" : invitation->password);
	maybe_free("invited");
}

/* What is left for other rows. */
static int on_other(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	write_text(&t.wire->log, "other\n");
	return ENVOI_OK;
}

static const struct envoi_custom_event_row custom[] = {
	{ENVOI_MUC_INVITED, on_invited, false}, ENVOI_ROWS_END};
static const struct envoi_stanza_row rows[] = {{.kind = ENVOI_MESSAGE, .handle = on_other},
	{.kind = ENVOI_PRESENCE, .handle = on_other}, ENVOI_ROWS_END};
static const struct envoi_handler_impl listener_impl = {
	.name = "listener", .custom_events = custom, .stanzas = rows};

static int setup(void **state)
{
	wire_setup_online(state);
	memset(&t, 0, sizeof(t));
	t.wire = *state;
	t.handler.impl = &listener_impl;
	assert_int_equal(envoi_session_use(t.wire->session, &envoi_muc_extension, NULL), ENVOI_OK);
	assert_int_equal(envoi_session_add(t.wire->session, &t.handler), ENVOI_OK);
	return 0;
}

static int teardown(void **state)
{
	envoi_muc_free(t.room);
	return wire_teardown(state);
}

static const struct envoi_muc_options by_default = {.nick = "thirdwitch"};

static int join(const struct envoi_muc_options *options)
{
	return envoi_muc_join(&t.room, t.wire->session, ROOM, options, &events, t.wire);
}

/* Run the loop without what the log has of events of the session. @return what is new */
static const char *say(const char *xml)
{
	(void)wire_log(t.wire);
	wire_say(t.wire, xml);
	wire_run(t.wire, 0);
	return wire_log(t.wire);
}

/* The room answers what it announces. @return the presence that the peer heard */
static const char *begin(const struct envoi_muc_options *options, const char *offer)
{
	assert_int_equal(join(options), ENVOI_OK);
	wire_run(t.wire, 0);
	wire_answer(t.wire, ROOM, offer);
	return wire_heard(t.wire);
}

/* In the room, after the history */
static void enter(const char *offer)
{
	begin(&by_default, offer);
	say(THERE("firstwitch") SELF("thirdwitch", "") SUBJECT);
	assert_int_equal(envoi_muc_state(t.room), ENVOI_MUC_JOINED);
}

static const char *id_in(const char *xml)
{
	static char id[64];
	assert_non_null(strstr(xml, " id='"));
	assert_int_equal(sscanf(strstr(xml, " id='"), " id='%63[^']'", id), 1);
	return id;
}

static const char *occupants(void)
{
	static char text[400];
	size_t position = 0;
	const struct envoi_muc_occupant *occupant;
	text[0] = '\0';
	while ((occupant = envoi_muc_next_occupant(t.room, &position)) != NULL) {
		strcat(strcat(text, occupant->nick), occupant->is_self ? "! " : " ");
	}
	return text;
}

/* --- entering: section 7.2 --- */

static void a_room_is_entered(void **state)
{
	(void)state;
	const char *presence = begin(&by_default, OFFER(""));
	assert_non_null(strstr(presence, "<presence to='" ROOM "/thirdwitch' id='"));
	assert_non_null(
		strstr(presence, "><x xmlns='http://jabber.org/protocol/muc'/></presence>"));
	assert_int_equal(envoi_muc_state(t.room), ENVOI_MUC_JOINING);
	assert_string_equal(say(THERE("secondwitch") THERE("firstwitch")), "");
	assert_null(envoi_muc_self(t.room));
	assert_string_equal(say(SELF("thirdwitch", "")), "joined as thirdwitch\n");
	assert_string_equal(occupants(), "firstwitch secondwitch thirdwitch! ");
	assert_string_equal(say(FROM("/firstwitch", BODY("Thrice") DELAY(ROOM))
					    SUBJECT FROM("/firstwitch", BODY("now"))),
		"firstwitch: Thrice old\nsubject '' - first\nfirstwitch: now\n");
	const struct envoi_muc_occupant *first = envoi_muc_find_occupant(t.room, "firstwitch");
	assert_int_equal(first->role, ENVOI_MUC_PARTICIPANT);
	assert_int_equal(first->affiliation, ENVOI_MUC_AFFILIATION_NONE);
	assert_null(first->jid);
	assert_null(envoi_muc_find_occupant(t.room, "FirstWitch"));
}

static void password_and_history_are_stated(void **state)
{
	(void)state;
	const struct envoi_muc_options options = {.nick = "x",
		.password = "cauldronburn",
		.has_max_stanzas = true,
		.max_stanzas = 20,
		.has_since = true,
		.since_ms = 0};
	const char *presence = begin(&options, OFFER(""));
	assert_non_null(
		strstr(presence, "<history maxstanzas='20' since='1970-01-01T00:00:00Z'/>"));
	assert_non_null(strstr(presence, "<password>cauldronburn</password></x>"));
}

/* Section 7.2.2: only the code 110 states it, not a nick and not an id. */
static void only_code_110_is_this_client(void **state)
{
	(void)state;
	char xml[300];
	const char *presence = begin(&by_default, OFFER(""));
	snprintf(xml, sizeof(xml),
		"<presence from='" ROOM "/other' id='%s'>" X(ITEM("role='visitor'")) "</presence>",
		id_in(presence));
	assert_string_equal(say(xml), "");
	assert_string_equal(say(THERE("thirdwitch")), "");
	assert_int_equal(envoi_muc_state(t.room), ENVOI_MUC_JOINING);
	assert_string_equal(say(SELF("renamed", CODE("210"))), "joined as renamed\n");
}

static void the_own_item_of_several_counts(void **state)
{
	(void)state;
	begin(&by_default, OFFER(""));
	say(PRESENCE("thirdwitch", "",
		X(CODE("110") ITEM("role='visitor' affiliation='none' jid='me@example.org/phone'")
				ITEM("role='moderator' affiliation='owner' jid='" WIRE_OWN "'"))));
	assert_int_equal(envoi_muc_self(t.room)->role, ENVOI_MUC_MODERATOR);
	assert_string_equal(envoi_jid_text(envoi_muc_self(t.room)->jid), WIRE_OWN);
}

static void what_a_room_cannot_state_twice_is_ignored(void **state)
{
	(void)state;
	begin(&by_default, OFFER(""));
	assert_string_equal(
		say(PRESENCE("thirdwitch", "", X(CODE("110")) X(ITEM("role='moderator'")))), "");
	assert_int_equal(envoi_muc_state(t.room), ENVOI_MUC_JOINING);
	say(SELF("thirdwitch", ""));
	assert_string_equal(
		say(PRESENCE("a", "", X("<item role='?' jid='@'/>" CODE("x") CODE("1")))), "+ a\n");
}

static void presence_of_the_room_is_no_occupant(void **state)
{
	(void)state;
	begin(&by_default, OFFER(""));
	assert_string_equal(
		say("<presence from='" ROOM "'><x xmlns='vcard-temp:x:update'/></presence>"
		    "<presence from='" ROOM "'>" X(CODE("110")) "</presence>"),
		"");
	say(SELF("thirdwitch", ""));
	assert_string_equal(say("<presence from='" ROOM "' type='unavailable'/>"), "");
	assert_string_equal(occupants(), "thirdwitch! ");
}

static void errors_end_the_attempt(void **state)
{
	static const struct {
		const char *condition;
		const char *name;
	} cases[] = {
		{ERROR("not-authorized"), "not-authorized"},
		{ERROR("forbidden"), "forbidden"},
		{ERROR("item-not-found"), "item-not-found"},
		{ERROR("not-allowed"), "not-allowed"},
		{ERROR("not-acceptable"), "not-acceptable"},
		{ERROR("registration-required"), "registration-required"},
		{ERROR("conflict"), "conflict"},
		{ERROR("service-unavailable"), "service-unavailable"},
		{"<error/>", "undefined-condition"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char xml[500], expected[100];
		const char *id = id_in(begin(&by_default, OFFER("")));
		say(THERE("thirdwitch")); /* another user */
		snprintf(xml, sizeof(xml),
			"<presence type='error' from='" ROOM "/thirdwitch' id='%s'>%s</presence>",
			id, cases[i].condition);
		snprintf(expected, sizeof(expected), "ended %d %s\n", ENVOI_MUC_REFUSED,
			cases[i].name);
		assert_string_equal(say(xml), expected);
		assert_int_equal(envoi_muc_state(t.room), ENVOI_MUC_ENDED);
		teardown(state);
		setup(state);
	}
}

static void an_error_of_another_presence_ends_nothing(void **state)
{
	(void)state;
	begin(&by_default, OFFER(""));
	assert_string_equal(say("<presence type='error' from='" ROOM
				"/thirdwitch' id='x'>" ERROR("conflict") "</presence>"),
		"");
	/* without a nick, and without an id: section 7.2.1 */
	assert_string_equal(
		say("<presence type='error' from='" ROOM "'>" ERROR("jid-malformed") "</presence>"),
		"ended 2 jid-malformed\n");
}

static void a_taken_nick_is_varied(void **state)
{
	(void)state;
	const struct envoi_muc_options options = {.nick = "w", .varies_nick = true};
	const char *presence = begin(&options, OFFER(""));
	static const char *const nicks[] = {"w", "w_", "w__", "w___"};
	for (size_t i = 0; i < 4; i++) {
		char xml[500], to[100];
		snprintf(to, sizeof(to), "to='" ROOM "/%s' ", nicks[i]);
		assert_non_null(strstr(presence, to));
		snprintf(xml, sizeof(xml),
			"<presence type='error' from='" ROOM
			"/%s' id='%s'>" ERROR("conflict") "</presence>",
			nicks[i], id_in(presence));
		assert_string_equal(say(xml), i < 3 ? "" : "ended 2 conflict\n");
		presence = wire_heard(t.wire);
	}
}

static void addresses_and_nicks_are_checked(void **state)
{
	(void)state;
	struct envoi_session *session = t.wire->session;
	static const char *const rooms[] = {"@", ROOM "/x", ""};
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		assert_int_equal(
			envoi_muc_join(&t.room, session, rooms[i], &by_default, &events, NULL),
			ENVOI_ERR_INVALID);
	}
	assert_int_equal(join(&(struct envoi_muc_options){.nick = ""}), ENVOI_ERR_INVALID);
	assert_int_equal(join(&(struct envoi_muc_options){.nick = NULL}), ENVOI_ERR_INVALID);
	assert_int_equal(join(&(struct envoi_muc_options){.nick = "\1"}), ENVOI_ERR_INVALID);
	assert_int_equal(join(&by_default), ENVOI_OK);
	struct envoi_muc_room *other;
	assert_int_equal(envoi_muc_join(&other, session, ROOM, &by_default, &events, NULL),
		ENVOI_ERR_EXISTS);
	envoi_session_unuse(session, &envoi_muc_extension);
	assert_int_equal(envoi_muc_join(&other, session, "a@b", &by_default, &events, NULL),
		ENVOI_ERR_STATE);
}

static void a_room_that_does_not_answer_is_tried_again(void **state)
{
	(void)state;
	begin(&by_default, OFFER(""));
	(void)wire_log(t.wire);
	wire_run(t.wire, 60001);
	assert_string_equal(wire_log(t.wire), "ended 9 again\n");
	assert_int_equal(envoi_muc_state(t.room), ENVOI_MUC_WAITING);
	assert_string_equal(wire_heard(t.wire), "");
	wire_run(t.wire, 5001);
	wire_answer(t.wire, ROOM, OFFER(""));
	assert_non_null(strstr(wire_heard(t.wire), "<presence to='" ROOM "/thirdwitch'"));
	(void)wire_log(t.wire);
	wire_run(t.wire, 60001); /* the time doubles */
	wire_run(t.wire, 5001);
	assert_string_equal(wire_heard(t.wire), "");
	wire_run(t.wire, 5001);
	assert_non_null(strstr(wire_heard(t.wire), "disco#info"));
}

/* Section 10.1: others cannot enter before. */
static void a_new_room_is_unlocked(void **state)
{
	(void)state;
	begin(&by_default, ERROR("item-not-found"));
	assert_string_equal(say(SELF("thirdwitch", CODE("201"))), "joined as thirdwitch\n");
	assert_non_null(strstr(wire_heard(t.wire),
		"<query xmlns='http://jabber.org/protocol/muc#owner'>"
		"<x xmlns='jabber:x:data' type='submit'/></query>"));
	envoi_muc_free(t.room);
	wire_run(t.wire, 0);
	(void)wire_heard(t.wire);
	begin(&(struct envoi_muc_options){.nick = "a", .configures = true}, OFFER(""));
	say(SELF("a", CODE("201")));
	assert_string_equal(wire_heard(t.wire), "");
}

/* Before it exists it announces nothing. */
static void a_new_room_is_asked_again_what_it_announces(void **state)
{
	(void)state;
	const struct envoi_muc_options options = {.nick = "a", .configures = true};
	char xml[300];
	assert_int_equal(join(&options), ENVOI_OK);
	wire_run(t.wire, 0);
	snprintf(xml, sizeof(xml),
		"<iq type='error' from='" ROOM "' id='%s'>" ERROR("item-not-found") "</iq>",
		id_in(wire_heard(t.wire)));
	say(xml);
	(void)wire_heard(t.wire);
	say(SELF("a", CODE("201")));
	assert_false(envoi_muc_announces(t.room, "urn:xmpp:sid:0"));
	wire_answer(t.wire, ROOM, ALL_FEATURES);
	assert_true(envoi_muc_announces(t.room, "urn:xmpp:sid:0"));
	assert_string_equal(say(FROM("/b", BODY("x") STANZA_ID("s1", ROOM))), "b: x id s1\n");
}

/* --- occupants --- */

static void occupants_come_change_and_go(void **state)
{
	(void)state;
	enter(OFFER(""));
	assert_string_equal(say(PRESENCE("b", "",
				    X(ITEM("role='visitor' affiliation='none' "
					   "jid='bob@b.lit/x'")))),
		"+ b\n");
	assert_string_equal(
		envoi_jid_text(envoi_muc_find_occupant(t.room, "b")->jid), "bob@b.lit/x");
	assert_string_equal(
		say(PRESENCE("b", "",
			"<show>xa</show>" X("<item role='moderator' affiliation='admin'>"
					    "<reason>good</reason></item>"))),
		"= b (good)\n");
	assert_string_equal(envoi_muc_find_occupant(t.room, "b")->show, "xa");
	assert_int_equal(envoi_muc_find_occupant(t.room, "b")->role, ENVOI_MUC_MODERATOR);
	assert_string_equal(say(GONE("b",
				    X("<item role='none' affiliation='none'><actor nick='king'/>"
				      "<reason>noise</reason></item>" CODE("307")))),
		"- b by king (noise) 307\n");
	assert_null(envoi_muc_find_occupant(t.room, "b"));
	assert_string_equal(say(GONE("b", X(""))), "");
}

static void a_nick_changes(void **state)
{
	(void)state;
	enter(OFFER(""));
	assert_string_equal(
		say(GONE("firstwitch", X(ITEM("nick='oldhag' role='visitor'") CODE("303")))
				PRESENCE("oldhag", "", X(ITEM("role='visitor'")))),
		"renamed oldhag was firstwitch 303\n= oldhag\n");
	assert_string_equal(occupants(), "oldhag thirdwitch! ");
	/* the own one has 110, too */
	assert_int_equal(envoi_muc_set_nick(t.room, "fourth"), ENVOI_OK);
	wire_run(t.wire, 0);
	assert_non_null(strstr(wire_heard(t.wire), "<presence to='" ROOM "/fourth' id='"));
	assert_string_equal(say(GONE("thirdwitch", X(ITEM("nick='fourth'") CODE("303") CODE("110")))
					    SELF("fourth", "")),
		"renamed fourth was thirdwitch 303 110\n= fourth 110\n");
	assert_string_equal(occupants(), "fourth! oldhag ");
	assert_string_equal(envoi_muc_self(t.room)->nick, "fourth");
}

static void a_new_nick_is_a_resource_that_this_client_does_not_have(void **state)
{
	(void)state;
	static char xml[3000];
	enter(OFFER(""));
	assert_string_equal(say(GONE("firstwitch", X(ITEM("nick='thirdwitch'") CODE("303")))), "");
	assert_string_equal(envoi_muc_self(t.room)->nick, "thirdwitch");
	assert_string_equal(say(GONE("firstwitch", X(ITEM("nick='old&#xA0;hag'") CODE("303")))
					    PRESENCE("old hag", "", X(ITEM("role='visitor'")))),
		"renamed old hag was firstwitch 303\n= old hag\n");
	snprintf(xml, sizeof(xml), GONE("old hag", X(ITEM("nick='%02000d'") CODE("303"))), 0);
	assert_string_equal(say(xml), "- old hag 303\n");
	assert_string_equal(occupants(), "thirdwitch! ");
}

static void new_session(void)
{
	envoi_memory_end_shut_down(t.wire->end);
	wire_run(t.wire, 0);
	assert_int_equal(wire_attach(t.wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(t.wire);
	wire_run(t.wire, 0);
}

static const char *nick_of_next_session(void)
{
	static char nick[64];
	(void)wire_heard(t.wire);
	new_session();
	wire_answer(t.wire, ROOM, OFFER(""));
	const char *presence = strstr(wire_heard(t.wire), "<presence to='" ROOM "/");
	assert_non_null(presence);
	assert_int_equal(sscanf(presence, "<presence to='" ROOM "/%63[^']'", nick), 1);
	return nick;
}

static void a_refused_nick_changes_nothing(void **state)
{
	(void)state;
	char xml[400];
	enter(OFFER(""));
	assert_int_equal(envoi_muc_set_nick(t.room, ""), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_set_nick(t.room, "\1"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_set_nick(t.room, "firstwitch"), ENVOI_OK);
	wire_run(t.wire, 0);
	snprintf(xml, sizeof(xml),
		"<presence type='error' from='" ROOM
		"/firstwitch' id='%s'>" ERROR("conflict") "</presence>",
		id_in(wire_heard(t.wire)));
	assert_string_equal(say(xml), "refused  (conflict)\n");
	assert_string_equal(say(xml), "");
	assert_string_equal(occupants(), "firstwitch thirdwitch! ");
	assert_string_equal(nick_of_next_session(), "thirdwitch");
}

static void an_accepted_nick_is_that_of_the_next_session(void **state)
{
	(void)state;
	enter(OFFER(""));
	assert_int_equal(envoi_muc_set_nick(t.room, "fourth"), ENVOI_OK);
	say(GONE("thirdwitch", X(ITEM("nick='fourth'") CODE("303") CODE("110")))
			SELF("fourth", ""));
	assert_string_equal(nick_of_next_session(), "fourth");
}

static void nicks_that_look_alike_are_told_apart(void **state)
{
	(void)state;
	enter(OFFER(""));
	say(THERE("bo") THERE("BO") THERE("max"));
	assert_string_equal(occupants(), "BO bo firstwitch max thirdwitch! ");
	assert_true(envoi_muc_is_ambiguous(t.room, envoi_muc_find_occupant(t.room, "bo")));
	assert_true(envoi_muc_is_ambiguous(t.room, envoi_muc_find_occupant(t.room, "BO")));
	assert_false(envoi_muc_is_ambiguous(t.room, envoi_muc_find_occupant(t.room, "max")));
}

static void occupants_are_limited(void **state)
{
	(void)state;
	begin(&by_default, OFFER(""));
	for (int i = 0; i < ENVOI_MUC_MOST_OCCUPANTS + 5; i++) {
		char xml[200];
		snprintf(xml, sizeof(xml), THERE("n%d"), (i * 7919) % 20011);
		wire_say(t.wire, xml);
	}
	wire_run(t.wire, 0);
	say(SELF("thirdwitch", ""));
	size_t position = 0, count = 0;
	const char *last = "";
	const struct envoi_muc_occupant *occupant;
	for (; (occupant = envoi_muc_next_occupant(t.room, &position)) != NULL; count++) {
		assert_true(strcmp(last, occupant->nick) < 0);
		last = occupant->nick;
	}
	assert_int_equal(count, ENVOI_MUC_MOST_OCCUPANTS + 1); /* with this client */
	assert_int_equal(envoi_muc_occupants_dropped(t.room), 5);
	assert_non_null(envoi_muc_self(t.room));
	say(SELF("another", "")); /* only one is this client */
	assert_int_equal(envoi_muc_occupants_dropped(t.room), 6);
	assert_null(envoi_muc_find_occupant(t.room, "another"));
}

/* XEP-0421, section 4: such an id may be forged where the room does not announce it. */
static void occupant_ids_count_where_they_are_announced(void **state)
{
	static const char id[] = PRESENCE("b", "", X(ITEM("role='visitor'")) OCCUPANT_ID("dd72"));
	enter(OFFER(""));
	say(id);
	assert_null(envoi_muc_find_occupant(t.room, "b")->id);
	assert_string_equal(say(FROM("/b", BODY("x") OCCUPANT_ID("dd72"))), "b: x\n");
	teardown(state);
	setup(state);
	enter(ALL_FEATURES);
	say(id);
	assert_string_equal(envoi_muc_find_occupant(t.room, "b")->id, "dd72");
	assert_string_equal(say(FROM("/b", BODY("x") OCCUPANT_ID("dd72"))), "b: x by dd72\n");
	assert_string_equal(
		say(FROM("/b", BODY("x") OCCUPANT_ID("dd72") OCCUPANT_ID("e"))), "b: x\n");
	assert_true(envoi_muc_announces(t.room, "urn:xmpp:occupant-id:0"));
	assert_false(envoi_muc_announces(t.room, "urn:xmpp:mam:2"));
}

/* --- messages --- */

static void messages_come_back(void **state)
{
	(void)state;
	char xml[400];
	enter(ALL_FEATURES);
	assert_int_equal(envoi_muc_say(t.room, "Harpier cries", NULL), ENVOI_OK);
	wire_run(t.wire, 0);
	const char *sent = wire_heard(t.wire);
	assert_non_null(strstr(sent, "<message type='groupchat' to='" ROOM "'"));
	assert_non_null(strstr(sent, "<body>Harpier cries</body><origin-id "));
	const char *id = id_in(sent);
	snprintf(xml, sizeof(xml),
		"<message type='groupchat' from='" ROOM "/thirdwitch' id='%s'><body>changed</body>"
		"</message>",
		id);
	assert_string_equal(say(xml), "thirdwitch: changed own back\n");
	/* the same id of another occupant is not this client's */
	snprintf(xml, sizeof(xml),
		"<message type='groupchat' from='" ROOM "/firstwitch' id='%s'><body>x</body>"
		"<origin-id xmlns='urn:xmpp:sid:0' id='%s'/></message>",
		id, id);
	assert_string_equal(say(xml), "firstwitch: x\n");
	assert_string_equal(
		say(FROM("/thirdwitch", BODY("by phone"))), "thirdwitch: by phone own\n");
}

static void stanza_ids_count_where_they_are_announced(void **state)
{
	static const char message[] = FROM("/firstwitch", BODY("x") STANZA_ID("s1", ROOM));
	enter(OFFER(""));
	assert_string_equal(say(message), "firstwitch: x\n");
	teardown(state);
	setup(state);
	enter(ALL_FEATURES);
	assert_string_equal(say(message), "firstwitch: x id s1\n");
	assert_string_equal(say(FROM("/firstwitch", BODY("x") STANZA_ID("s1", "example.org"))),
		"firstwitch: x\n");
}

/* A participant writes what only the room may state: all servers pass it on. */
static void what_participants_write_states_nothing(void **state)
{
	(void)state;
	enter(ALL_FEATURES);
	assert_string_equal(
		say(FROM("/firstwitch",
			BODY("x") X(ITEM("affiliation='owner' role='moderator' "
					 "jid='king@k.lit'") CODE("104") CODE("110") CODE("301")))),
		"firstwitch: x\n");
	assert_int_equal(
		envoi_muc_find_occupant(t.room, "firstwitch")->role, ENVOI_MUC_PARTICIPANT);
	assert_null(envoi_muc_find_occupant(t.room, "firstwitch")->jid);
	/* a retraction by a moderator, a delay of the room, an invitation */
	assert_string_equal(say(FROM("/firstwitch",
				    "<retract xmlns='urn:xmpp:message-retract:1' id='s1'>"
				    "<moderated xmlns='urn:xmpp:message-moderate:1'/></retract>")),
		"firstwitch: -\n");
	assert_string_equal(say(FROM("/firstwitch", BODY("x") DELAY(ROOM))), "firstwitch: x\n");
	assert_string_equal(
		say("<message from='" ROOM "/firstwitch'>" X("<invite from='a@b'/>") "</message>"),
		"firstwitch: - private\n");
	assert_int_equal(envoi_muc_state(t.room), ENVOI_MUC_JOINED);
}

static void history_ends_with_the_subject(void **state)
{
	(void)state;
	begin(&by_default, OFFER(""));
	say(SELF("thirdwitch", ""));
	/* a delay of another entity is not that of the history */
	assert_string_equal(
		say(FROM("/a", BODY("1") DELAY(ROOM)) FROM("/a", BODY("2") DELAY(ROOM)) FROM(
			"/a", "<subject>s</subject><body>b</body>" DELAY(ROOM)) FROM("/b",
			"<subject>Fire</subject>" DELAY(ROOM)) FROM("/a", BODY("3") DELAY(ROOM))),
		"a: 1 old\na: 2 old\na: b old\nsubject 'Fire' b first\na: 3\n");
	assert_string_equal(say(FROM("/b", "<subject>Burn</subject>")), "subject 'Burn' b\n");
	assert_string_equal(say(FROM("/b", "<subject>x</subject><thread>t</thread>")), "b: -\n");
}

static void history_without_subject_ends_with_a_live_message(void **state)
{
	(void)state;
	begin(&by_default, OFFER(""));
	say(SELF("thirdwitch", ""));
	assert_string_equal(say(FROM("/a", BODY("1") DELAY("chat.shakespeare.lit"))
					    FROM("/a", BODY("2") DELAY(ROOM))),
		"a: 1\na: 2\n");
}

static void history_is_limited(void **state)
{
	(void)state;
	begin(&(struct envoi_muc_options){.nick = "thirdwitch", .most_history = 2}, OFFER(""));
	say(SELF("thirdwitch", ""));
	assert_string_equal(
		say(FROM("/a", BODY("1") DELAY(ROOM)) FROM("/a", BODY("2") DELAY(ROOM))
				FROM("/a", BODY("3") DELAY(ROOM)) SUBJECT FROM("/a", BODY("4"))),
		"a: 1 old\na: 2 old\nsubject '' - first\na: 4\n");
}

static void private_messages_are_private(void **state)
{
	(void)state;
	enter(ALL_FEATURES);
	assert_string_equal(say("<message type='chat' from='" ROOM "/firstwitch'>"
				"<body>psst</body></message>"),
		"firstwitch: psst private\n");
	assert_int_equal(envoi_muc_send_private(t.room, "firstwitch", "hush", NULL), ENVOI_OK);
	wire_run(t.wire, 0);
	const char *sent = wire_heard(t.wire);
	assert_non_null(strstr(sent, "<message type='chat' to='" ROOM "/firstwitch'"));
	assert_non_null(strstr(sent, "<x xmlns='http://jabber.org/protocol/muc#user'/>"));
	assert_int_equal(envoi_muc_send_private(t.room, "", "x", NULL), ENVOI_ERR_INVALID);
}

static void the_room_speaks_itself(void **state)
{
	(void)state;
	enter(ALL_FEATURES);
	assert_string_equal(say(FROM("", BODY("welcome"))), "room: welcome\n");
	assert_string_equal(say(FROM("",
				    "<retract xmlns='urn:xmpp:message-retract:1' id='s1'>"
				    "<moderated xmlns='urn:xmpp:message-moderate:1'/>"
				    "<reason>rude</reason></retract>")),
		"room: - moderates s1\n");
	assert_string_equal(say(FROM("",
				    "<apply-to xmlns='urn:xmpp:fasten:0' id='s2'>"
				    "<moderated xmlns='urn:xmpp:message-moderate:0'>"
				    "<retract xmlns='urn:xmpp:message-retract:0'/></moderated>"
				    "</apply-to>")),
		"room: - moderates s2\n");
	assert_string_equal(say(FROM("", X(CODE("104") CODE("173")))), "configuration  104 173\n");
	assert_non_null(strstr(wire_heard(t.wire), "disco#info")); /* what it announces now */
	assert_string_equal(
		say("<message from='" ROOM
		    "'>" X(ITEM("affiliation='member' jid='hag@h.lit' role='none'")) "</message>"),
		"affiliation hag@h.lit 3\n");
	assert_string_equal(
		say("<message from='" ROOM "'>" X(
			"<decline from='hecate@h.lit'><reason>busy</reason></decline>") "</message>"),
		"declined hecate@h.lit 0 (busy)\n");
}

static void others_are_not_concerned(void **state)
{
	(void)state;
	enter(OFFER(""));
	assert_string_equal(say("<message from='bob@b.lit/x'><body>x</body></message>"), "other\n");
	assert_string_equal(
		say("<presence from='other@chat.shakespeare.lit/thirdwitch'/>"), "other\n");
	assert_string_equal(say("<message type='groupchat' from='other@chat.shakespeare.lit/x'>"
				"<body>x</body></message>"),
		"other\n");
	assert_string_equal(say(FROM("/a", BODY("x"))), "a: x\n");
}

/* --- ends --- */

static void ends_have_causes(void **state)
{
	static const struct {
		const char *content, *expected;
	} cases[] = {
		{X(ITEM("role='none'") CODE("110")), "ended 1\n"},
		{"", "ended 1\n"}, /* one server: neither 110 nor any code */
		{X("<item role='none' affiliation='none'/>" CODE("110") CODE("307")), "ended 3\n"},
		{X(CODE("301")), "ended 4\n"},
		{X(CODE("321")), "ended 5\n"},
		{X(CODE("110") CODE("322")), "ended 5\n"},
		{X("<destroy jid='heath@chat.shakespeare.lit'/>"),
			"ended 6 instead heath@chat.shakespeare.lit\n"},
		{X(CODE("110") CODE("332")), "ended 7 again\n"},
		{X(CODE("110") CODE("333")), "ended 8 again\n"},
		{X(CODE("110") CODE("307") CODE("333")), "ended 8 again\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char xml[500];
		enter(OFFER(""));
		snprintf(xml, sizeof(xml), GONE("thirdwitch", "%s"), cases[i].content);
		assert_string_equal(say(xml), cases[i].expected);
		wire_run(t.wire, 5001);
		assert_true((strstr(wire_heard(t.wire), "disco#info") != NULL) ==
			(strstr(cases[i].expected, "again") != NULL));
		teardown(state);
		setup(state);
	}
}

static void leaving_is_reported_once(void **state)
{
	(void)state;
	enter(OFFER(""));
	assert_int_equal(envoi_muc_leave(t.room, "goblins"), ENVOI_OK);
	wire_run(t.wire, 0);
	const char *sent = wire_heard(t.wire);
	assert_non_null(strstr(sent, "<presence type='unavailable' to='" ROOM "/thirdwitch'"));
	assert_non_null(strstr(sent, "<status>goblins</status>"));
	assert_int_equal(envoi_muc_leave(t.room, NULL), ENVOI_ERR_STATE);
	assert_string_equal(
		say(GONE("thirdwitch", X(ITEM("role='none'") CODE("110")))), "ended 1\n");
	assert_int_equal(envoi_muc_say(t.room, "x", NULL), ENVOI_ERR_STATE);
	wire_run(t.wire, 100000);
	assert_string_equal(wire_log(t.wire), "");
	assert_string_equal(occupants(), "");
}

static void leaving_does_not_wait_for_ever(void **state)
{
	(void)state;
	enter(OFFER(""));
	assert_int_equal(envoi_muc_leave(t.room, NULL), ENVOI_OK);
	(void)wire_log(t.wire);
	wire_run(t.wire, 10001);
	assert_string_equal(wire_log(t.wire), "ended 1\n");
}

static void freeing_leaves(void **state)
{
	(void)state;
	enter(OFFER(""));
	envoi_muc_free(t.room);
	t.room = NULL;
	wire_run(t.wire, 0);
	assert_non_null(strstr(wire_heard(t.wire), "<presence type='unavailable' to='" ROOM));
	assert_string_equal(say(THERE("x")), "other\n");
}

/* A room that has lost this client refuses its message. */
static void a_refused_message_is_a_loss(void **state)
{
	(void)state;
	enter(OFFER(""));
	assert_string_equal(say("<message type='error' from='" ROOM
				"/firstwitch'>" ERROR("not-acceptable") "</message>"),
		"");
	assert_string_equal(
		say("<message type='error' from='" ROOM "'>" ERROR("forbidden") "</message>"), "");
	assert_string_equal(
		say("<message type='error' from='" ROOM "'>" ERROR("not-acceptable") "</message>"),
		"ended 8 again\n");
}

/* The functions of the test free or leave what they are called for. */
static void free_when_ended(struct envoi_muc_room *room, const struct envoi_muc_end *end)
{
	(void)end;
	write_text(&t.wire->log, "ended\n");
	envoi_muc_free(room);
}

static void leave_when_changed(struct envoi_muc_room *room, const struct envoi_muc_change *change)
{
	on_changed(room, change);
	(void)envoi_muc_leave(room, NULL);
}

static const struct envoi_muc_events freeing = {.ended = free_when_ended};
static const struct envoi_muc_events leaving = {.joined = on_joined,
	.message = on_message,
	.changed = leave_when_changed,
	.ended = on_ended};

static void join_three(void)
{
	static const char *const rooms[] = {"a@chat.lit", "b@chat.lit", "c@chat.lit"};
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		struct envoi_muc_room *room;
		assert_int_equal(envoi_muc_join(&room, t.wire->session, rooms[i], &by_default,
					 &freeing, NULL),
			ENVOI_OK);
	}
}

static void rooms_that_are_freed_when_they_end_hide_no_other(void **state)
{
	(void)state;
	join_three();
	wire_run(t.wire, 0);
	(void)wire_log(t.wire);
	envoi_memory_end_shut_down(t.wire->end);
	wire_run(t.wire, 0);
	assert_string_equal(wire_log(t.wire),
		"ended\nended\nended\nended\ndisconnected ENVOI_ERR_DISCONNECTED\n");
}

static void a_room_that_cannot_be_entered_again_stops_no_other(void **state)
{
	(void)state;
	struct envoi_settings *settings;
	assert_int_equal(envoi_settings_new(&settings, t.wire->context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "limits.requests", "1"), ENVOI_OK);
	envoi_memory_end_shut_down(t.wire->end);
	wire_run(t.wire, 0);
	envoi_session_configure(t.wire->session, settings);
	envoi_settings_free(settings);
	join_three();
	(void)wire_log(t.wire);
	assert_int_equal(wire_attach(t.wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(t.wire);
	wire_run(t.wire, 0);
	assert_string_equal(
		wire_log(t.wire), "ended\nended\nstream-opened\nstarted " WIRE_OWN "\n");
	envoi_memory_end_shut_down(t.wire->end);
	wire_run(t.wire, 0);
}

/* Those who have gone are reported before the room is entered again. */
static void a_room_that_is_left_while_it_is_entered_is_not_joined(void **state)
{
	(void)state;
	assert_int_equal(
		envoi_muc_join(&t.room, t.wire->session, ROOM, &by_default, &leaving, t.wire),
		ENVOI_OK);
	wire_run(t.wire, 0);
	wire_answer(t.wire, ROOM, OFFER(""));
	say(THERE("gone") THERE("gone too") SELF("thirdwitch", ""));
	new_session();
	wire_answer(t.wire, ROOM, OFFER(""));
	assert_string_equal(say(SELF("thirdwitch", "")), "- gone\n");
	assert_int_equal(envoi_muc_state(t.room), ENVOI_MUC_LEAVING);
}

static void a_room_that_is_left_inside_a_message_reports_it_no_more(void **state)
{
	(void)state;
	assert_int_equal(
		envoi_muc_join(&t.room, t.wire->session, ROOM, &by_default, &leaving, t.wire),
		ENVOI_OK);
	wire_run(t.wire, 0);
	wire_answer(t.wire, ROOM, OFFER(""));
	say(SELF("thirdwitch", ""));
	assert_string_equal(
		say(FROM("", BODY("not logged any more") X(CODE("171")))), "configuration  171\n");
}

/* Occupants of before are compared; the history is that since the last message. */
static void a_new_session_enters_again(void **state)
{
	(void)state;
	enter(ALL_FEATURES);
	say(THERE("gone") FROM("/firstwitch", BODY("first") STANZA_ID("s8", ROOM))
			FROM("/firstwitch", BODY("last") STANZA_ID("s9", ROOM)));
	new_session();
	assert_non_null(strstr(wire_log(t.wire), "ended 10 again\n"));
	wire_answer(t.wire, ROOM, ALL_FEATURES);
	assert_non_null(strstr(wire_heard(t.wire), "<history seconds='10'/>"));
	assert_string_equal(say(THERE("firstwitch") THERE("new") SELF("thirdwitch", "")),
		"+ new\n- gone\njoined again as thirdwitch\n");
	assert_string_equal(occupants(), "firstwitch new thirdwitch! ");
	assert_string_equal(
		say(FROM("/firstwitch", BODY("last") DELAY(ROOM) STANZA_ID("s9", ROOM)) FROM(
			"/firstwitch", BODY("missed") DELAY(ROOM) STANZA_ID("t1", ROOM))),
		"firstwitch: missed old id t1\n");
}

static void a_resumed_session_enters_nothing(void **state)
{
	(void)state;
	enter(OFFER(""));
	struct envoi_handler *handler = envoi_session_find(t.wire->session, "muc");
	handler->impl->restore(handler, t.wire->session, true);
	wire_run(t.wire, 0);
	assert_string_equal(wire_heard(t.wire), "");
	assert_int_equal(envoi_muc_state(t.room), ENVOI_MUC_JOINED);
}

static void a_conflict_with_the_stay_before_passes(void **state)
{
	(void)state;
	char xml[400];
	enter(OFFER(""));
	new_session();
	wire_answer(t.wire, ROOM, OFFER(""));
	snprintf(xml, sizeof(xml),
		"<presence type='error' from='" ROOM
		"/thirdwitch' id='%s'>" ERROR("conflict") "</presence>",
		id_in(wire_heard(t.wire)));
	assert_string_equal(say(xml), "ended 2 again conflict\n");
	wire_run(t.wire, 10001);
	assert_non_null(strstr(wire_heard(t.wire), "disco#info"));
}

static void a_room_of_an_offline_session_waits(void **state)
{
	(void)state;
	envoi_memory_end_shut_down(t.wire->end);
	wire_run(t.wire, 0);
	assert_int_equal(join(&by_default), ENVOI_OK);
	assert_int_equal(envoi_muc_state(t.room), ENVOI_MUC_WAITING);
	assert_int_equal(wire_attach(t.wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(t.wire);
	wire_run(t.wire, 0);
	wire_answer(t.wire, ROOM, OFFER(""));
	assert_non_null(strstr(wire_heard(t.wire), "<presence to='" ROOM));
}

/* --- XEP-0410 --- */

#define PONG(type, from, content) \
	"<iq type='" type "' id='ID' from='" ROOM from "'>" content "</iq>"

static void a_silent_room_is_pinged(void **state)
{
	static const struct {
		const char *answer;
		bool is_lost;
	} cases[] = {
		{PONG("result", "/thirdwitch", ""), false},
		{PONG("error", "/thirdwitch", ERROR("service-unavailable")), false},
		{PONG("error", "/thirdwitch", ERROR("feature-not-implemented")), false},
		{PONG("error", "/thirdwitch", ERROR("item-not-found")), false},
		{PONG("error", "/thirdwitch", ERROR("remote-server-timeout")), false},
		{PONG("error", "/thirdwitch", ERROR("remote-server-not-found")), false},
		{PONG("error", "/thirdwitch", ERROR("not-acceptable")), true},
		{PONG("error", "/thirdwitch", ERROR("not-allowed")), true},
		{PONG("error", "/thirdwitch", ERROR("bad-request")), true},
		{PONG("error", "/other", ERROR("not-acceptable")), false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char xml[400];
		enter(OFFER(""));
		wire_run(t.wire, 10 * 60 * 1000);
		say(THERE("x"));
		wire_run(t.wire, 14 * 60 * 1000);
		assert_string_equal(wire_heard(t.wire), "");
		wire_run(t.wire, 61 * 1000);
		const char *ping = wire_heard(t.wire), *mark = strstr(cases[i].answer, "ID");
		assert_non_null(strstr(ping, "<iq type='get' to='" ROOM "/thirdwitch'"));
		assert_non_null(strstr(ping, "<ping xmlns='urn:xmpp:ping'/>"));
		snprintf(xml, sizeof(xml), "%.*s%s%s", (int)(mark - cases[i].answer),
			cases[i].answer, id_in(ping), mark + 2);
		assert_string_equal(say(xml), cases[i].is_lost ? "ended 8 again\n" : "");
		assert_int_equal(envoi_muc_state(t.room),
			cases[i].is_lost ? ENVOI_MUC_WAITING : ENVOI_MUC_JOINED);
		wire_run(t.wire, 16 * 60 * 1000); /* again, or the next attempt to enter */
		assert_non_null(
			strstr(wire_heard(t.wire), cases[i].is_lost ? "disco#info" : "<ping "));
		teardown(state);
		setup(state);
	}
}

static void a_ping_without_answer_decides_nothing(void **state)
{
	(void)state;
	enter(OFFER(""));
	(void)wire_log(t.wire);
	wire_run(t.wire, 16 * 60 * 1000);
	assert_non_null(strstr(wire_heard(t.wire), "<ping "));
	wire_run(t.wire, 20 * 60 * 1000);
	assert_string_equal(wire_log(t.wire), "");
	assert_non_null(strstr(wire_heard(t.wire), "<ping "));
	assert_int_equal(envoi_muc_state(t.room), ENVOI_MUC_JOINED);
}

/* --- invitations --- */

static void invitations_are_reported_once(void **state)
{
	(void)state;
	assert_string_equal(
		say("<message from='" ROOM
		    "'>" X("<invite from='crone1@s.lit/d'><reason>Hey</reason></invite>"
			   "<password>burn</password>") "<x xmlns='jabber:x:conference' jid='" ROOM
							"'/>"
							"<body>invites you</body></message>"),
		EVENT "invited to " ROOM " by crone1@s.lit/d (Hey) burn\n");
	assert_string_equal(say("<message from='crone1@s.lit/d'><x xmlns='jabber:x:conference' "
				"jid='" ROOM "' password='burn' reason='Hey'/></message>"),
		EVENT "invited to " ROOM " by crone1@s.lit/d directly (Hey) burn\n");
	assert_string_equal(
		say("<message from='mallory@m.lit/x'>" X("<invite from='a@b'/>") "</message>"), "");
	assert_string_equal(say("<message from='mallory@m.lit/x'><x xmlns='jabber:x:conference' "
				"jid='" ROOM "/x'/></message>"),
		"");
	wire_run(t.wire, 0);
	assert_string_equal(wire_heard(t.wire), "");
	enter(OFFER(""));
	assert_string_equal(say("<message from='crone1@s.lit/d'><x xmlns='jabber:x:conference' "
				"jid='" ROOM "'/></message>"),
		"");
}

static void invitations_are_sent(void **state)
{
	(void)state;
	enter(OFFER(""));
	assert_int_equal(envoi_muc_invite(t.room, "hecate@h.lit", "Hey"), ENVOI_OK);
	assert_int_equal(envoi_muc_invite_directly(t.room, "hecate@h.lit", "Hey"), ENVOI_OK);
	assert_int_equal(
		envoi_muc_decline(t.wire->session, "heath@h.lit", "a@b", "busy"), ENVOI_OK);
	wire_run(t.wire, 0);
	const char *sent = wire_heard(t.wire);
	assert_non_null(strstr(sent, X("<invite to='hecate@h.lit'><reason>Hey</reason></invite>")));
	assert_non_null(
		strstr(sent, "<x xmlns='jabber:x:conference' jid='" ROOM "' reason='Hey'/>"));
	assert_non_null(strstr(sent, X("<decline to='a@b'><reason>busy</reason></decline>")));
	assert_int_equal(envoi_muc_invite(t.room, "@", NULL), ENVOI_ERR_INVALID);
}

/* --- requests --- */

#define ADMIN(item) "<query xmlns='http://jabber.org/protocol/muc#admin'>" item "</query>"
#define OWNER(content) "<query xmlns='http://jabber.org/protocol/muc#owner'>" content "</query>"

static void requests_go_to_the_room(void **state)
{
	(void)state;
	enter(ALL_FEATURES);
	struct wire *wire = t.wire;
	(void)wire_heard(wire);
	assert_int_equal(envoi_muc_set_role(t.room, "firstwitch", ENVOI_MUC_ROLE_NONE, "Avaunt",
				 wire_on_answer, wire),
		ENVOI_OK);
	assert_int_equal(envoi_muc_set_affiliation(t.room, "earl@s.lit", ENVOI_MUC_OUTCAST, NULL,
				 wire_on_answer, wire),
		ENVOI_OK);
	assert_int_equal(envoi_muc_get_affiliations(t.room, ENVOI_MUC_MEMBER, wire_on_answer, wire),
		ENVOI_OK);
	assert_int_equal(envoi_muc_config_get(t.room, wire_on_answer, wire), ENVOI_OK);
	assert_int_equal(envoi_muc_destroy(t.room, "heath@s.lit", "Macbeth", wire_on_answer, wire),
		ENVOI_OK);
	assert_int_equal(envoi_muc_moderate(t.room, "s1", "rude", wire_on_answer, wire), ENVOI_OK);
	wire_run(wire, 0);
	const char *sent = wire_heard(wire);
	static const char *const parts[] = {
		ADMIN("<item role='none' nick='firstwitch'><reason>Avaunt</reason></item>"),
		ADMIN("<item affiliation='outcast' jid='earl@s.lit'/>"),
		ADMIN("<item affiliation='member'/>"),
		"<query xmlns='http://jabber.org/protocol/muc#owner'/>",
		OWNER("<destroy jid='heath@s.lit'><reason>Macbeth</reason></destroy>"),
		("<moderate xmlns='urn:xmpp:message-moderate:1' id='s1'>"
		 "<retract xmlns='urn:xmpp:message-retract:1'/><reason>rude</reason></moderate>"),
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strstr(sent, parts[i]) == NULL) {
			fail_msg("%s is not in %s", parts[i], sent);
		}
	}
	assert_int_equal(envoi_muc_set_role(t.room, "", ENVOI_MUC_VISITOR, NULL, NULL, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_muc_set_affiliation(t.room, "@", ENVOI_MUC_OUTCAST, NULL, NULL, NULL),
		ENVOI_ERR_INVALID);
}

static void a_configuration_is_submitted_to_the_room(void **state)
{
	(void)state;
	char var[] = "muc#roomconfig_roomname", value[] = "Coven", *values[] = {value};
	struct envoi_form_field field = {.var = var, .values = values, .value_count = 1};
	const struct envoi_form form = {
		.kind = ENVOI_FORM_SUBMIT, .fields = &field, .field_count = 1};
	enter(ALL_FEATURES);
	assert_string_equal(envoi_jid_text(envoi_muc_address(t.room)), ROOM);
	(void)wire_heard(t.wire);
	assert_int_equal(envoi_muc_config_submit(t.room, &form, wire_on_answer, t.wire), ENVOI_OK);
	assert_int_equal(envoi_muc_config_submit(t.room, NULL, wire_on_answer, t.wire), ENVOI_OK);
	wire_run(t.wire, 0);
	const char *sent = wire_heard(t.wire);
	static const char *const parts[] = {
		"<iq type='set' to='" ROOM "'",
		OWNER("<x xmlns='jabber:x:data' type='submit'><field "
		      "var='muc#roomconfig_roomname'><value>Coven</value></field></x>"),
		OWNER("<x xmlns='jabber:x:data' type='submit'/>"),
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strstr(sent, parts[i]) == NULL) {
			fail_msg("%s is not in %s", parts[i], sent);
		}
	}
}

static void moderation_speaks_what_is_announced(void **state)
{
	(void)state;
	enter(OFFER(FEATURE("urn:xmpp:message-moderate:0")));
	assert_int_equal(envoi_muc_moderate(t.room, "s1", NULL, NULL, NULL), ENVOI_OK);
	wire_run(t.wire, 0);
	assert_non_null(strstr(wire_heard(t.wire),
		"<apply-to xmlns='urn:xmpp:fasten:0' id='s1'>"
		"<moderate xmlns='urn:xmpp:message-moderate:0'>"
		"<retract xmlns='urn:xmpp:message-retract:0'/></moderate></apply-to>"));
	teardown(state);
	setup(state);
	enter(OFFER(""));
	assert_int_equal(envoi_muc_moderate(t.room, "s1", NULL, NULL, NULL), ENVOI_ERR_UNSUPPORTED);
}

static void subject_voice_and_show_are_sent(void **state)
{
	(void)state;
	enter(OFFER(""));
	assert_int_equal(envoi_muc_set_subject(t.room, "", NULL), ENVOI_OK);
	assert_int_equal(envoi_muc_request_voice(t.room), ENVOI_OK);
	assert_int_equal(envoi_muc_set_show(t.room, "xa", "gone"), ENVOI_OK);
	wire_run(t.wire, 0);
	const char *sent = wire_heard(t.wire);
	assert_non_null(strstr(sent, "<subject/>"));
	assert_non_null(strstr(sent, "<field var='muc#role'><value>participant</value></field>"));
	assert_non_null(strstr(sent, "<show>xa</show><status>gone</status>"));
}

static void nulls_are_refused_or_have_a_meaning(void **state)
{
	(void)state;
	enter(ALL_FEATURES);
	struct envoi_muc_room *room = t.room;
	assert_int_equal(envoi_muc_say(room, NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_send(room, NULL, NULL), ENVOI_ERR_NOMEM);
	assert_int_equal(envoi_muc_send_private(room, NULL, "x", NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_send_private(room, "x", NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_set_subject(room, NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_set_nick(room, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_set_show(room, NULL, NULL), ENVOI_OK);
	assert_int_equal(envoi_muc_invite(room, NULL, "x"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_invite(room, "a@b", NULL), ENVOI_OK);
	assert_int_equal(envoi_muc_invite_directly(room, NULL, "x"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_invite_directly(room, "a@b", NULL), ENVOI_OK);
	assert_int_equal(
		envoi_muc_set_role(room, NULL, ENVOI_MUC_VISITOR, "x", wire_on_answer, t.wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_set_affiliation(
				 room, NULL, ENVOI_MUC_OUTCAST, "x", wire_on_answer, t.wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_muc_destroy(room, NULL, NULL, wire_on_answer, t.wire), ENVOI_OK);
	assert_int_equal(
		envoi_muc_moderate(room, NULL, "x", wire_on_answer, t.wire), ENVOI_ERR_INVALID);
	assert_false(envoi_muc_announces(room, NULL));
	assert_null(envoi_muc_find_occupant(room, NULL));
	assert_int_equal(envoi_muc_leave(room, NULL), ENVOI_OK);
}

/* --- freeing inside --- */

static void anything_may_be_freed_inside(void **state)
{
	static const char *const where[] = {"joined", "message", "subject", "changed", "ended"};
	for (size_t i = 0; i < 3 * sizeof(where) / sizeof(where[0]); i++) {
		begin(&by_default, OFFER(""));
		t.free_at = where[i / 3];
		t.what = (int)(i % 3);
		wire_say(t.wire,
			SELF("thirdwitch", CODE("201")) SUBJECT FROM("/a", BODY("x")) THERE("a")
				GONE("a", "") GONE("thirdwitch", X(CODE("110"))));
		if (t.wire->session != NULL) {
			wire_run(t.wire, 0);
		}
		assert_null(t.free_at);
		teardown(state);
		setup(state);
	}
}

static void anything_may_be_freed_when_the_session_ends(void **state)
{
	for (int what = 0; what < 3; what++) {
		enter(OFFER(""));
		t.free_at = "ended";
		t.what = what;
		envoi_memory_end_shut_down(t.wire->end);
		wire_run(t.wire, 0);
		assert_null(t.free_at);
		teardown(state);
		setup(state);
	}
	enter(OFFER(""));
	t.free_at = "ended";
	wire_free_session(t.wire);
	assert_null(t.room);
}

static void an_invitation_may_free_the_session(void **state)
{
	(void)state;
	t.free_at = "invited";
	t.what = 2;
	wire_say(t.wire,
		"<message from='crone1@s.lit/d'><x xmlns='jabber:x:conference' jid='" ROOM
		"'/></message>");
	wire_run(t.wire, 0);
	assert_null(t.wire->session);
}

static void a_room_outlives_its_session(void **state)
{
	(void)state;
	enter(OFFER(""));
	wire_free_session(t.wire);
	assert_non_null(strstr(wire_log(t.wire), "ended 10\n"));
	assert_int_equal(envoi_muc_state(t.room), ENVOI_MUC_ENDED);
	assert_int_equal(envoi_muc_say(t.room, "x", NULL), ENVOI_ERR_STATE);
	assert_int_equal(envoi_muc_leave(t.room, NULL), ENVOI_ERR_STATE);
	assert_int_equal(envoi_muc_config_get(t.room, wire_on_answer, NULL), ENVOI_ERR_STATE);
}

/* --- memory --- */

static void a_failed_allocation_is_survived(void **state)
{
	bool has_failed = true;
	teardown(state);
	for (size_t n = 1; has_failed; n++) {
		struct test_allocator allocator = {.fail_at = 0};
		struct wire wire = {0};
		memset(&t, 0, sizeof(t));
		t.wire = &wire;
		wire_init(&wire,
			&(struct envoi_context_options){
				.allocator = test_allocator_functions(&allocator)});
		wire_go_online(&wire);
		assert_int_equal(
			envoi_session_use(wire.session, &envoi_muc_extension, NULL), ENVOI_OK);
		allocator.fail_at = allocator.calls + n;
		if (join(&by_default) == ENVOI_OK) {
			wire_run(&wire, 0);
			if (strstr(wire_heard(&wire), "disco#info") != NULL) {
				wire_run(&wire, 100000); /* no answer */
			}
			wire_say(&wire,
				THERE("a") SELF("thirdwitch", CODE("201")) FROM(
					"/a", BODY("x") DELAY(ROOM)) SUBJECT FROM("/a", BODY("y"))
					GONE("a", X(ITEM("nick='b'") CODE("303"))) GONE("b", ""));
			wire_run(&wire, 0);
			(void)envoi_muc_say(t.room, "x", NULL);
			(void)envoi_muc_set_nick(t.room, "y");
		}
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		if (!has_failed) {
			assert_non_null(strstr(wire_log(&wire), "renamed b was a"));
		}
		envoi_muc_free(t.room);
		t.room = NULL;
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
	setup(state);
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_muc_enter_type, NULL},
		{&envoi_muc_info_type, NULL},
		{&envoi_muc_admin_type, NULL},
		{&envoi_muc_owner_type, NULL},
		{&envoi_muc_conference_type, NULL},
		{&envoi_muc_occupant_id_type, NULL},
		{&envoi_muc_moderation_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0045", tables, exceptions), 149);
	assert_int_equal(xep_examples_check("0249", tables, exceptions), 2);
	assert_int_equal(xep_examples_check("0421", tables, exceptions), 4);
	assert_int_equal(xep_examples_check("0425", tables, exceptions), 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_room_is_entered),
		TEST(password_and_history_are_stated),
		TEST(only_code_110_is_this_client),
		TEST(the_own_item_of_several_counts),
		TEST(what_a_room_cannot_state_twice_is_ignored),
		TEST(presence_of_the_room_is_no_occupant),
		TEST(errors_end_the_attempt),
		TEST(an_error_of_another_presence_ends_nothing),
		TEST(a_taken_nick_is_varied),
		TEST(addresses_and_nicks_are_checked),
		TEST(a_room_that_does_not_answer_is_tried_again),
		TEST(a_new_room_is_unlocked),
		TEST(a_new_room_is_asked_again_what_it_announces),
		TEST(occupants_come_change_and_go),
		TEST(a_nick_changes),
		TEST(a_new_nick_is_a_resource_that_this_client_does_not_have),
		TEST(a_refused_nick_changes_nothing),
		TEST(an_accepted_nick_is_that_of_the_next_session),
		TEST(nicks_that_look_alike_are_told_apart),
		TEST(occupants_are_limited),
		TEST(occupant_ids_count_where_they_are_announced),
		TEST(messages_come_back),
		TEST(stanza_ids_count_where_they_are_announced),
		TEST(what_participants_write_states_nothing),
		TEST(history_ends_with_the_subject),
		TEST(history_without_subject_ends_with_a_live_message),
		TEST(history_is_limited),
		TEST(private_messages_are_private),
		TEST(the_room_speaks_itself),
		TEST(others_are_not_concerned),
		TEST(ends_have_causes),
		TEST(leaving_is_reported_once),
		TEST(leaving_does_not_wait_for_ever),
		TEST(freeing_leaves),
		TEST(a_refused_message_is_a_loss),
		TEST(rooms_that_are_freed_when_they_end_hide_no_other),
		TEST(a_room_that_cannot_be_entered_again_stops_no_other),
		TEST(a_room_that_is_left_while_it_is_entered_is_not_joined),
		TEST(a_room_that_is_left_inside_a_message_reports_it_no_more),
		TEST(a_new_session_enters_again),
		TEST(a_resumed_session_enters_nothing),
		TEST(a_conflict_with_the_stay_before_passes),
		TEST(a_room_of_an_offline_session_waits),
		TEST(a_silent_room_is_pinged),
		TEST(a_ping_without_answer_decides_nothing),
		TEST(invitations_are_reported_once),
		TEST(invitations_are_sent),
		TEST(requests_go_to_the_room),
		TEST(a_configuration_is_submitted_to_the_room),
		TEST(moderation_speaks_what_is_announced),
		TEST(subject_voice_and_show_are_sent),
		TEST(nulls_are_refused_or_have_a_meaning),
		TEST(anything_may_be_freed_inside),
		TEST(anything_may_be_freed_when_the_session_ends),
		TEST(an_invitation_may_free_the_session),
		TEST(a_room_outlives_its_session),
		TEST(a_failed_allocation_is_survived),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/muc", tests, NULL, NULL);
}
