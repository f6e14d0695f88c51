/*
 * envoi - a room of a session over a memory pair, for the tests of Multi-User Chat
 * SPDX-License-Identifier: MIT
 */
#include "muc_fixture.h"

#include <stdio.h>
#include <string.h>

#include "stanzas.h"

struct muc_fixture muc;

static void maybe_free(const char *event)
{
	if (muc.free_at == NULL || strcmp(event, muc.free_at) != 0) {
		return;
	}
	muc.free_at = NULL;
	if (muc.what == 0) {
		envoi_muc_free(muc.room);
		muc.room = NULL;
	} else if (muc.what == 1) {
		envoi_session_unuse(muc.wire->session, &envoi_muc_extension);
	} else {
		wire_free_session(muc.wire);
	}
}

void muc_on_joined(struct envoi_muc_room *room, bool is_again)
{
	const struct envoi_muc_occupant *self = envoi_muc_self(room);
	write_text(&muc.wire->log, "joined%s as %s\n", is_again ? " again" : "",
		self == NULL ? "?" : self->nick);
	maybe_free("joined");
}

void muc_on_message(struct envoi_muc_room *room, const struct envoi_muc_message *message)
{
	(void)room;
	write_text(&muc.wire->log, "%s: %s%s%s%s%s", message->nick == NULL ? "room" : message->nick,
		message->body == NULL ? "-" : message->body, message->is_private ? " private" : "",
		message->is_own ? " own" : "", message->is_reflection ? " back" : "",
		message->is_old ? " old" : "");
	if (message->occupant_id != NULL) {
		write_text(&muc.wire->log, " by %s", message->occupant_id);
	}
	if (message->stanza_id != NULL) {
		write_text(&muc.wire->log, " id %s", message->stanza_id);
	}
	if (message->moderated_id != NULL) {
		write_text(&muc.wire->log, " moderates %s", message->moderated_id);
	}
	write_text(&muc.wire->log, "\n");
	maybe_free("message");
}

static void on_subject(struct envoi_muc_room *room, const struct envoi_muc_subject *subject)
{
	(void)room;
	write_text(&muc.wire->log, "subject '%s' %s%s\n", subject->text,
		subject->nick == NULL ? "-" : subject->nick, subject->is_first ? " first" : "");
	maybe_free("subject");
}

void muc_on_changed(struct envoi_muc_room *room, const struct envoi_muc_change *change)
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
	write_text(&muc.wire->log, "%s %s", names[change->kind],
		change->occupant == NULL ? "" : change->occupant->nick);
	if (change->old_nick != NULL) {
		write_text(&muc.wire->log, " was %s", change->old_nick);
	}
	if (change->jid != NULL) {
		write_text(
			&muc.wire->log, "%s %d", envoi_jid_text(change->jid), change->affiliation);
	}
	if (change->actor != NULL) {
		write_text(&muc.wire->log, " by %s", change->actor);
	}
	if (change->reason != NULL) {
		write_text(&muc.wire->log, " (%s)", change->reason);
	}
	for (size_t i = 0; i < change->code_count; i++) {
		write_text(&muc.wire->log, " %d", change->codes[i]);
	}
	write_text(&muc.wire->log, "\n");
	maybe_free("changed");
}

void muc_on_ended(struct envoi_muc_room *room, const struct envoi_muc_end *end)
{
	(void)room;
	assert_non_null(end->text);
	write_text(&muc.wire->log, "ended %d%s%s%s", end->cause, end->will_rejoin ? " again" : "",
		end->condition == 0 ? "" : " ",
		end->condition == 0 ? "" : envoi_stanza_condition_name(end->condition));
	if (end->alternative != NULL) {
		write_text(&muc.wire->log, " instead %s", envoi_jid_text(end->alternative));
	}
	write_text(&muc.wire->log, "\n");
	maybe_free("ended");
}

const struct envoi_muc_events muc_events = {.joined = muc_on_joined,
	.message = muc_on_message,
	.subject = on_subject,
	.changed = muc_on_changed,
	.ended = muc_on_ended};

static void on_invited(struct envoi_handler *self, const struct envoi_event *event)
{
	const struct envoi_muc_invitation *invitation = event->data;
	(void)self;
	write_text(&muc.wire->log, "invited to %s by %s%s (%s) %s\n",
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
	write_text(&muc.wire->log, "other\n");
	return ENVOI_OK;
}

static const struct envoi_custom_event_row custom[] = {
	{ENVOI_MUC_INVITED, on_invited, false}, ENVOI_ROWS_END};
static const struct envoi_stanza_row rows[] = {{.kind = ENVOI_MESSAGE, .handle = on_other},
	{.kind = ENVOI_PRESENCE, .handle = on_other}, ENVOI_ROWS_END};
static const struct envoi_handler_impl listener_impl = {
	.name = "listener", .custom_events = custom, .stanzas = rows};

int muc_setup(void **state)
{
	wire_setup_online(state);
	memset(&muc, 0, sizeof(muc));
	muc.wire = *state;
	muc.handler.impl = &listener_impl;
	assert_int_equal(
		envoi_session_use(muc.wire->session, &envoi_muc_extension, NULL), ENVOI_OK);
	assert_int_equal(envoi_session_add(muc.wire->session, &muc.handler), ENVOI_OK);
	return 0;
}

int muc_teardown(void **state)
{
	envoi_muc_free(muc.room);
	return wire_teardown(state);
}

const struct envoi_muc_options muc_by_default = {.nick = "thirdwitch"};

int muc_join(const struct envoi_muc_options *options)
{
	return envoi_muc_join(&muc.room, muc.wire->session, ROOM, options, &muc_events, muc.wire);
}

const char *muc_say(const char *xml)
{
	(void)wire_log(muc.wire);
	wire_say(muc.wire, xml);
	wire_run(muc.wire, 0);
	return wire_log(muc.wire);
}

const char *muc_begin(const struct envoi_muc_options *options, const char *offer)
{
	assert_int_equal(muc_join(options), ENVOI_OK);
	wire_run(muc.wire, 0);
	wire_answer(muc.wire, ROOM, offer);
	return wire_heard(muc.wire);
}

void muc_enter(const char *offer)
{
	muc_begin(&muc_by_default, offer);
	muc_say(THERE("firstwitch") SELF("thirdwitch", "") SUBJECT);
	assert_int_equal(envoi_muc_state(muc.room), ENVOI_MUC_JOINED);
}

const char *muc_id_in(const char *xml)
{
	static char id[64];
	assert_non_null(strstr(xml, " id='"));
	assert_int_equal(sscanf(strstr(xml, " id='"), " id='%63[^']'", id), 1);
	return id;
}

const char *muc_occupants(void)
{
	static char text[400];
	size_t position = 0;
	const struct envoi_muc_occupant *occupant;
	text[0] = '\0';
	while ((occupant = envoi_muc_next_occupant(muc.room, &position)) != NULL) {
		strcat(strcat(text, occupant->nick), occupant->is_self ? "! " : " ");
	}
	return text;
}
