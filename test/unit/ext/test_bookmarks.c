/*
 * envoi - PEP Native Bookmarks: tests
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

#include <envoi/ext/bookmarks.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define PUBSUB "http://jabber.org/protocol/pubsub"
#define NODE "urn:xmpp:bookmarks:1"
#define INFO(features) \
	"<query xmlns='http://jabber.org/protocol/disco#info'><identity category='account' " \
	"type='registered'/>" features "</query>"
#define COMPAT INFO("<feature var='urn:xmpp:bookmarks:1#compat'/>")
#define ITEMS(content) \
	"<pubsub xmlns='" PUBSUB "'><items node='" NODE "'>" content "</items></pubsub>"
#define ITEM(jid, attributes, content) \
	"<item id='" jid "'><conference xmlns='" NODE "' " attributes ">" content \
	"</conference></item>"
#define STORAGE(content) \
	"<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'>" content \
	"</storage></query>"
#define CONFERENCE(jid, attributes, content) \
	"<conference jid='" jid "' " attributes ">" content "</conference>"
#define ERROR(condition) \
	"<error type='cancel'><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
#define FIELD(name, value) "<field var='pubsub#" name "'><value>" value "</value></field>"
#define CONFIG \
	"<pubsub xmlns='" PUBSUB "#owner'><configure node='" NODE "'><x xmlns='jabber:x:data' " \
	"type='form'><field var='FORM_TYPE' type='hidden'><value>" PUBSUB \
	"#node_config</value></field>" FIELD("access_model", "whitelist") \
		FIELD("persist_items", "1") FIELD("max_items", "max") "</x></configure></pubsub>"

/** Logs changes. */
struct listener {
	struct envoi_handler handler;
	struct wire *wire;
	bool frees_session;
};
static struct listener listener;

static void on_changed(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	static const char *const names[] = {
		[ENVOI_BOOKMARKS_FETCHED] = "fetched",
		[ENVOI_BOOKMARKS_FAILED] = "failed",
		[ENVOI_BOOKMARKS_UPDATED] = "updated",
	};
	const enum envoi_bookmarks_change *change = event->data;
	write_text(&listener.wire->log, "%s ", names[*change]);
	if (listener.frees_session) {
		wire_free_session(listener.wire);
	}
}

static const struct envoi_custom_event_row custom[] = {
	{ENVOI_BOOKMARKS_CHANGED, on_changed}, ENVOI_ROWS_END};
static const struct envoi_handler_impl listener_impl = {.custom_events = custom};

static void use(struct wire *wire)
{
	listener = (struct listener){.handler = {&listener_impl}, .wire = wire};
	envoi_session_remove(wire->session, &wire->watcher);
	assert_int_equal(
		envoi_session_use(wire->session, &envoi_bookmarks_extension, NULL), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &listener.handler), ENVOI_OK);
	wire_run(wire, 0);
}

static void answer(struct wire *wire, const char *part, const char *type, const char *content)
{
	char xml[3000], id[50];
	const char *heard = wire_heard(wire);
	if (strstr(heard, part) == NULL) {
		fail_msg("%s\nhas no\n%s", heard, part);
	}
	assert_int_equal(sscanf(strstr(heard, " id='"), " id='%49[^']", id), 1);
	snprintf(xml, sizeof(xml), "<iq type='%s' id='%s'>%s</iq>", type, id, content);
	wire_say(wire, xml);
	wire_run(wire, 0);
}

#define READ_ITEMS "<items node='" NODE "'/>"
#define READ_STORAGE "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>"

/* With rooms in the node, in private storage, and in both. */
static int setup(void **state)
{
	wire_setup_online(state);
	struct wire *wire = *state;
	use(wire);
	answer(wire, "disco#info", "result", INFO(""));
	answer(wire, READ_ITEMS, "result",
		ITEMS(ITEM("new@rooms.lit", "name='New' autojoin='1'",
			"<nick>N</nick><extensions><state xmlns='urn:x' min='1'/></extensions>"
			"<other xmlns='urn:y'/>") ITEM("both@rooms.lit", "name='Both'", "")));
	answer(wire, READ_STORAGE, "result",
		STORAGE(CONFERENCE("old@rooms.lit", "name='Old' autojoin='true' extra='kept'",
			"<nick>O</nick><password>p</password>") "<url name='W' url='http://w'/>" CONFERENCE("both@rooms.lit",
			"name='Second'", "")));
	assert_string_equal(wire_log(wire), "fetched ");
	return 0;
}

static const char *list(struct wire *wire)
{
	static char text[500];
	size_t position = 0, len = 0;
	const struct envoi_bookmarks_room *room;
	text[0] = '\0';
	while ((room = envoi_bookmarks_next(wire->session, &position)) != NULL) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s '%s'%s%s%s%s%s; ",
			envoi_jid_text(room->jid), room->name == NULL ? "" : room->name,
			room->autojoin ? " auto" : "", room->nick == NULL ? "" : " ",
			room->nick == NULL ? "" : room->nick, room->password == NULL ? "" : " ",
			room->password == NULL ? "" : room->password);
	}
	return text;
}

/* --- reading --- */

static void both_stores_are_read(void **state)
{
	struct wire *wire = *state;
	assert_string_equal(list(wire),
		"both@rooms.lit 'Both'; new@rooms.lit 'New' auto N; old@rooms.lit 'Old' auto O p; ");
	assert_true(envoi_bookmarks_is_complete(wire->session));
	size_t position = 1;
	assert_non_null(envoi_bookmarks_next(wire->session, &position)->extensions);
}

/* Section 5.3 */
static void a_server_that_converts_has_one_store(void **state)
{
	struct wire *wire = *state;
	use(wire);
	assert_false(envoi_bookmarks_is_complete(wire->session));
	answer(wire, "disco#info", "result", COMPAT);
	answer(wire, READ_ITEMS, "result", ITEMS(ITEM("a@b", "", "")));
	assert_string_equal(wire_log(wire), "fetched ");
	assert_string_equal(wire_heard(wire), "");
	assert_string_equal(list(wire), "a@b ''; ");
}

static void no_node_and_no_storage_are_no_bookmarks(void **state)
{
	struct wire *wire = *state;
	use(wire);
	answer(wire, "disco#info", "error", ERROR("service-unavailable"));
	answer(wire, READ_ITEMS, "error", ERROR("item-not-found"));
	answer(wire, READ_STORAGE, "error", ERROR("service-unavailable"));
	assert_string_equal(wire_log(wire), "fetched ");
	assert_string_equal(list(wire), "");
	assert_true(envoi_bookmarks_is_complete(wire->session));
}

static void a_node_that_cannot_be_read_is_a_failure(void **state)
{
	struct wire *wire = *state;
	use(wire);
	answer(wire, "disco#info", "result", INFO(""));
	answer(wire, READ_ITEMS, "error", ERROR("internal-server-error"));
	answer(wire, READ_STORAGE, "result", STORAGE(CONFERENCE("a@b", "", "")));
	assert_string_equal(wire_log(wire), "failed ");
	assert_string_equal(list(wire), "a@b ''; ");
	assert_false(envoi_bookmarks_is_complete(wire->session));
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, wire->context, "a@b"), ENVOI_OK);
	const struct envoi_bookmarks_room room = {.jid = jid};
	/* what other clients have added to the item would be lost */
	assert_int_equal(envoi_bookmarks_set(wire->session, &room, NULL, wire), ENVOI_ERR_STATE);
	envoi_jid_unref(jid);
}

static void a_storage_that_cannot_be_read_is_a_failure(void **state)
{
	struct wire *wire = *state;
	use(wire);
	answer(wire, "disco#info", "result", INFO(""));
	answer(wire, READ_ITEMS, "result", ITEMS(ITEM("a@b", "", "")));
	answer(wire, READ_STORAGE, "error", ERROR("internal-server-error"));
	assert_string_equal(wire_log(wire), "failed ");
	assert_string_equal(list(wire), "a@b ''; ");
	assert_false(envoi_bookmarks_is_complete(wire->session));
}

static void malformed_bookmarks_are_left_out(void **state)
{
	struct wire *wire = *state;
	use(wire);
	answer(wire, "disco#info", "result", INFO(""));
	answer(wire, READ_ITEMS, "result",
		ITEMS(ITEM("@", "", "") ITEM("a@b/c", "",
			"") "<item id='c@d'/><item><conference "
			    "xmlns='" NODE "'/></item>" ITEM("e@f", "", "<nick/><nick/>")
				    ITEM("g@h", "autojoin='maybe'", "")));
	answer(wire, READ_STORAGE, "result",
		STORAGE("<conference/>" CONFERENCE("@", "", "") CONFERENCE("a@b/c", "", "")
				CONFERENCE("i@j", "", "") "<conference xmlns='x' jid='k@l'/>"));
	assert_string_equal(list(wire), "g@h ''; i@j ''; ");
}

static void they_are_read_again_in_each_new_session(void **state)
{
	struct wire *wire = *state;
	wire_next_session(wire);
	assert_string_equal(list(wire), "");
	assert_false(envoi_bookmarks_is_complete(wire->session));
	answer(wire, "disco#info", "result", COMPAT);
	answer(wire, READ_ITEMS, "result", ITEMS(""));
	assert_true(envoi_bookmarks_is_complete(wire->session));
	struct envoi_handler *handler = envoi_session_find(wire->session, "bookmarks");
	handler->impl->restore(handler, wire->session, true); /* a resumed one keeps them */
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
}

/* --- changes: section 4 --- */

#define EVENT(from, content) \
	"<message " from "><event xmlns='" PUBSUB "#event'>" content "</event></message>"

static void changes_by_other_clients_are_taken(void **state)
{
	struct wire *wire = *state;
	wire_talk(wire,
		EVENT("from='me@example.org'",
			"<items node='" NODE "'>" ITEM("added@rooms.lit", "name='A'", "")
				ITEM("new@rooms.lit", "name='N2'",
					"") "<retract id='both@rooms.lit'/></items>"));
	assert_string_equal(list(wire),
		"added@rooms.lit 'A'; both@rooms.lit 'Second'; new@rooms.lit 'N2'; "
		"old@rooms.lit 'Old' auto O p; ");
	assert_string_equal(wire_log(wire), "updated ");
	wire_talk(wire, EVENT("", "<purge node='" NODE "'/>"));
	assert_string_equal(list(wire), "both@rooms.lit 'Second'; old@rooms.lit 'Old' auto O p; ");
}

static void changes_by_others_are_not(void **state)
{
	static const char *const others[] = {
		EVENT("from='evil@example.net'", "<purge node='" NODE "'/>"),
		EVENT("from='me@example.org/there'", "<purge node='" NODE "'/>"),
		EVENT("from='example.org'", "<delete node='" NODE "'/>"),
		EVENT("from='me@example.org'", "<delete node='urn:other'/>"),
		EVENT("from='me@example.org' type='error'", "<delete node='" NODE "'/>"),
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		wire_talk(wire, others[i]);
		assert_non_null(strstr(list(wire), "new@rooms.lit"));
	}
	assert_string_equal(wire_log(wire), "");
}

static void the_session_may_be_freed_inside_a_change(void **state)
{
	struct wire *wire = *state;
	listener.frees_session = true;
	wire_talk(wire, EVENT("", "<purge node='" NODE "'/>"));
	assert_null(wire->session);
}

/* --- writing --- */

static void on_written(void *user, int code, const char *text)
{
	struct wire *wire = user;
	assert_non_null(text);
	write_text(&wire->log, "%s ", envoi_error_name(code));
}

static struct envoi_jid *address(struct wire *wire, const char *text)
{
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_parse(&jid, wire->context, text, strlen(text)), ENVOI_OK);
	return jid;
}

static int set(struct wire *wire, const char *text, const char *name)
{
	struct envoi_jid *jid = address(wire, text);
	const struct envoi_bookmarks_room room = {
		.jid = jid, .name = name, .autojoin = true, .nick = "me"};
	int r = envoi_bookmarks_set(wire->session, &room, on_written, wire);
	envoi_jid_unref(jid);
	wire_run(wire, 0);
	return r;
}

static int drop(struct wire *wire, const char *text)
{
	struct envoi_jid *jid = address(wire, text);
	int r = envoi_bookmarks_remove(wire->session, jid, on_written, wire);
	envoi_jid_unref(jid);
	wire_run(wire, 0);
	return r;
}

static void a_new_bookmark_goes_to_the_node(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(set(wire, "x@y", "X"), ENVOI_OK);
	answer(wire, "<configure node='" NODE "'/>", "result", CONFIG);
	answer(wire,
		"<publish node='" NODE
		"'>" ITEM("x@y", "name='X' autojoin='true'", "<nick>me</nick>") "</publish>",
		"result", "");
	assert_string_equal(wire_log(wire), "ENVOI_OK ");
	assert_non_null(strstr(list(wire), "x@y 'X' auto me; "));
	assert_string_equal(wire_heard(wire), "");
}

static void what_is_not_known_of_a_bookmark_is_kept(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(set(wire, "new@rooms.lit", NULL), ENVOI_OK);
	answer(wire, "<configure node='" NODE "'/>", "result", CONFIG);
	answer(wire,
		"<item id='new@rooms.lit'><conference xmlns='" NODE
		"' autojoin='true'><extensions><state xmlns='urn:x' min='1'/></extensions>"
		"<other xmlns='urn:y'/><nick>me</nick></conference></item>",
		"result", "");
	assert_string_equal(wire_log(wire), "ENVOI_OK ");
	assert_non_null(strstr(list(wire), "new@rooms.lit '' auto me; "));
}

static void extensions_are_replaced_if_they_are_given(void **state)
{
	struct wire *wire = *state;
	struct envoi_element *extensions = element_from_text(
		wire->context, "<extensions xmlns='" NODE "'><b xmlns='urn:b'/></extensions>");
	struct envoi_jid *jid = address(wire, "new@rooms.lit");
	const struct envoi_bookmarks_room room = {.jid = jid, .extensions = extensions};
	assert_int_equal(envoi_bookmarks_set(wire->session, &room, on_written, wire), ENVOI_OK);
	envoi_element_unref(extensions);
	envoi_jid_unref(jid);
	wire_run(wire, 0);
	answer(wire, "<configure node='" NODE "'/>", "result", CONFIG);
	answer(wire,
		"<other xmlns='urn:y'/><extensions><b xmlns='urn:b'/></extensions></conference>",
		"result", "");
	assert_string_equal(wire_log(wire), "ENVOI_OK ");
}

/* Private storage is read again first, and all that is in it stays. */
static void an_old_bookmark_is_written_to_private_storage(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(set(wire, "old@rooms.lit", "Now"), ENVOI_OK);
	answer(wire, READ_STORAGE, "result",
		STORAGE(CONFERENCE("OLD@rooms.lit", "name='Old'",
			"") "<url name='W' "
			    "url='http://w'/>" CONFERENCE("third@rooms.lit", "", "")));
	answer(wire,
		"<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'><url name='W' "
		"url='http://w'/><conference jid='third@rooms.lit'/><conference "
		"jid='old@rooms.lit' name='Now' autojoin='true' extra='kept'><nick>me</nick>"
		"</conference></storage></query>",
		"result", "");
	assert_string_equal(wire_log(wire), "ENVOI_OK ");
	assert_non_null(strstr(list(wire), "old@rooms.lit 'Now' auto me; "));
	assert_string_equal(wire_heard(wire), "");
}

static void one_in_both_is_written_to_both(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(set(wire, "both@rooms.lit", "B"), ENVOI_OK);
	answer(wire, "<configure node='" NODE "'/>", "result", CONFIG);
	answer(wire, "<item id='both@rooms.lit'>", "result", "");
	assert_string_equal(wire_log(wire), "");
	answer(wire, READ_STORAGE, "result", STORAGE(""));
	answer(wire, "<conference jid='both@rooms.lit' name='B'", "result", "");
	assert_string_equal(wire_log(wire), "ENVOI_OK ");
}

static void a_bookmark_is_removed_where_it_is(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(drop(wire, "new@rooms.lit"), ENVOI_OK);
	answer(wire, "<retract node='" NODE "' notify='true'><item id='new@rooms.lit'/></retract>",
		"result", "");
	assert_string_equal(wire_log(wire), "ENVOI_OK ");
	assert_int_equal(drop(wire, "old@rooms.lit"), ENVOI_OK);
	answer(wire, READ_STORAGE, "result",
		STORAGE(CONFERENCE("old@rooms.lit", "", "") "<url name='W' url='http://w'/>"));
	answer(wire, "<storage xmlns='storage:bookmarks'><url name='W' url='http://w'/></storage>",
		"result", "");
	assert_string_equal(wire_log(wire), "ENVOI_OK ");
	assert_int_equal(drop(wire, "both@rooms.lit"), ENVOI_OK);
	answer(wire, "<retract ", "error", ERROR("item-not-found"));
	answer(wire, READ_STORAGE, "result", STORAGE(CONFERENCE("both@rooms.lit", "", "")));
	answer(wire, "<storage xmlns='storage:bookmarks'/>", "result", "");
	assert_string_equal(wire_log(wire), "ENVOI_OK ");
	assert_string_equal(list(wire), "");
	assert_int_equal(drop(wire, "both@rooms.lit"), ENVOI_ERR_NOT_FOUND);
}

static void a_refusal_changes_nothing(void **state)
{
	struct wire *wire = *state;
	char before[500];
	snprintf(before, sizeof(before), "%s", list(wire));
	assert_int_equal(drop(wire, "new@rooms.lit"), ENVOI_OK);
	answer(wire, "<retract ", "error", ERROR("forbidden"));
	assert_int_equal(set(wire, "old@rooms.lit", "Now"), ENVOI_OK);
	answer(wire, READ_STORAGE, "error", ERROR("forbidden"));
	assert_int_equal(set(wire, "old@rooms.lit", "Now"), ENVOI_OK);
	answer(wire, READ_STORAGE, "result", STORAGE(""));
	answer(wire, "<storage ", "error", ERROR("forbidden"));
	assert_int_equal(set(wire, "x@y", "X"), ENVOI_OK);
	answer(wire, "<configure ", "error", ERROR("forbidden"));
	assert_string_equal(wire_log(wire),
		"ENVOI_ERR_STANZA ENVOI_ERR_STANZA ENVOI_ERR_STANZA ENVOI_ERR_STANZA ");
	assert_string_equal(list(wire), before);
}

static void bad_bookmarks_are_refused(void **state)
{
	struct wire *wire = *state;
	struct envoi_bookmarks_room room = {.jid = NULL};
	assert_int_equal(
		envoi_bookmarks_set(wire->session, &room, on_written, wire), ENVOI_ERR_INVALID);
	room.jid = wire->own; /* not bare */
	assert_int_equal(
		envoi_bookmarks_set(wire->session, &room, on_written, wire), ENVOI_ERR_INVALID);
	assert_int_equal(set(wire, "x@y", "\x01"), ENVOI_ERR_INVALID);
	envoi_session_unuse(wire->session, &envoi_bookmarks_extension);
	assert_int_equal(set(wire, "x@y", "X"), ENVOI_ERR_STATE);
	assert_int_equal(drop(wire, "x@y"), ENVOI_ERR_STATE);
	assert_string_equal(list(wire), "");
	assert_null(envoi_bookmarks_find(wire->session, wire->own));
	assert_string_equal(wire_heard(wire), "");
}

static void before_they_were_read_nothing_is_written(void **state)
{
	struct wire *wire = *state;
	use(wire);
	assert_int_equal(set(wire, "x@y", "X"), ENVOI_ERR_STATE);
}

/* --- memory --- */

static void every_failed_allocation_is_survived(void **state)
{
	(void)state;
	static const char *const answers[] = {INFO(""),
		ITEMS(ITEM("a@b", "name='A'", "<nick>n</nick>")),
		STORAGE(CONFERENCE("a@b", "", "") CONFERENCE("c@d", "", "")), CONFIG, "",
		STORAGE(""), ""};
	bool has_failed = true;
	for (size_t n = 1; has_failed; n++) {
		struct test_allocator allocator = {.fail_at = 0};
		struct wire wire = {0};
		wire_init(&wire,
			&(struct envoi_context_options){
				.allocator = test_allocator_functions(&allocator)});
		wire_go_online(&wire);
		allocator.fail_at = allocator.calls + n;
		int r = envoi_session_use(wire.session, &envoi_bookmarks_extension, NULL);
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
			wire_run(&wire, 0);
			if (i == 3 && envoi_session_is_online(wire.session)) {
				size_t failing = allocator.fail_at;
				allocator.fail_at = 0;
				struct envoi_jid *jid = address(&wire, "a@b");
				allocator.fail_at = failing;
				const struct envoi_bookmarks_room room = {.jid = jid, .nick = "n"};
				r = envoi_bookmarks_set(wire.session, &room, on_written, &wire);
				assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM ||
					r == ENVOI_ERR_STATE);
				envoi_jid_unref(jid);
				wire_run(&wire, 0);
			}
			const char *heard = written_text(&wire.heard);
			if (strstr(heard, "</iq>") != NULL && strstr(heard, " id='") != NULL) {
				answer(&wire, "", "result", answers[i]);
			}
		}
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_bookmarks_old_conference_type, NULL}, {NULL, NULL}};
	assert_int_equal(xep_examples_check("0048", tables, NULL), 5);
}

#define ONLINE(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_stores_are_read),
		ONLINE(a_server_that_converts_has_one_store),
		ONLINE(no_node_and_no_storage_are_no_bookmarks),
		ONLINE(a_node_that_cannot_be_read_is_a_failure),
		ONLINE(a_storage_that_cannot_be_read_is_a_failure),
		ONLINE(malformed_bookmarks_are_left_out),
		TEST(they_are_read_again_in_each_new_session),
		TEST(changes_by_other_clients_are_taken),
		TEST(changes_by_others_are_not),
		TEST(the_session_may_be_freed_inside_a_change),
		TEST(a_new_bookmark_goes_to_the_node),
		TEST(what_is_not_known_of_a_bookmark_is_kept),
		TEST(extensions_are_replaced_if_they_are_given),
		TEST(an_old_bookmark_is_written_to_private_storage),
		TEST(one_in_both_is_written_to_both),
		TEST(a_bookmark_is_removed_where_it_is),
		TEST(a_refusal_changes_nothing),
		TEST(bad_bookmarks_are_refused),
		ONLINE(before_they_were_read_nothing_is_written),
		cmocka_unit_test(every_failed_allocation_is_survived),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/bookmarks", tests, NULL, NULL);
}
