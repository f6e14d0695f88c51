/*
 * envoi - a client whose processes follow each other, with a journal, and a server
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "journal_bot.h"
#include <envoi/envoi.h>
#include <envoi/interfaces/session.h>
#include <envoi/testing.h>

static int append(struct envoi_journal *journal, const void *record, size_t len)
{
	struct fixture *f = ENVOI_CONTAINER_OF(journal, struct fixture, journal);
	if (f->is_full) {
		return ENVOI_ERR_FULL;
	}
	f->is_dead |= f->dies_before_sending && len > 5 && memcmp(record, "sent ", 5) == 0;
	if (f->is_dead && (f->dies_before_sending || f->dies_at_beginning)) {
		return ENVOI_ERR_SYSTEM;
	}
	if (!f->is_dead) {
		assert_int_equal(envoi_buffer_append(&f->stored, record, len), ENVOI_OK);
	}
	f->is_dead |= f->dies_at_beginning && len > 8 && memcmp(record, "started ", 8) == 0;
	return ENVOI_OK;
}

static const struct envoi_journal_impl journal_impl = {append};

void bot_release(struct fixture *f)
{
	envoi_hold_release(f->hold);
	f->hold = NULL;
}

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct fixture *f = ENVOI_CONTAINER_OF(self, struct fixture, handler);
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	f->heard++;
	snprintf(f->last, sizeof(f->last), "%s", body);
	if (f->holds_next) {
		f->holds_next = false;
		assert_int_equal(
			envoi_session_hold(envoi_delivery_session(in), &f->hold), ENVOI_OK);
	} else {
		bot_release(f);
	}
	if (f->replaces_in_hand) {
		envoi_buffer_truncate(&f->stored, 0);
		assert_int_equal(
			envoi_session_write_journal(envoi_delivery_session(in), &f->stored),
			ENVOI_OK);
	}
	if (f->dies_in_hand) {
		f->is_dead = true;
		envoi_client_free(f->bot);
		f->bot = NULL;
	}
	return ENVOI_OK;
}

static int on_request(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct fixture *f = ENVOI_CONTAINER_OF(self, struct fixture, handler);
	f->requests++;
	return envoi_delivery_defer(in, &f->promise);
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	struct fixture *f = ENVOI_CONTAINER_OF(self, struct fixture, handler);
	f->started += event->type == ENVOI_EVENT_STARTED;
	f->resumed += event->type == ENVOI_EVENT_RESUMED;
	f->ended += event->type == ENVOI_EVENT_ENDED;
	f->unhandled += event->type == ENVOI_EVENT_UNHANDLED;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_chat},
	{.kind = ENVOI_IQ_GET, .ns = "urn:example:slow", .name = "query", .handle = on_request},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_STARTED, on_event},
	{ENVOI_EVENT_RESUMED, on_event},
	{ENVOI_EVENT_ENDED, on_event},
	{ENVOI_EVENT_UNHANDLED, on_event},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl impl = {.stanzas = stanzas, .events = events};

void bot_new(struct fixture *f, const char *jid)
{
	f->is_dead = false;
	assert_int_equal(envoi_client_new(&f->bot, envoi_world_context(f->world), jid), ENVOI_OK);
	assert_int_equal(envoi_client_set_password(f->bot, "secret"), ENVOI_OK);
	assert_int_equal(envoi_client_set(f->bot, "presence.initial", "false"), ENVOI_OK);
	assert_int_equal(envoi_client_set(f->bot, "roster.fetch", "false"), ENVOI_OK);
	assert_int_equal(envoi_client_add(f->bot, &f->handler), ENVOI_OK);
	assert_int_equal(envoi_client_add_connector(f->bot, envoi_world_connector(f->world, "bot")),
		ENVOI_OK);
	envoi_session_set_continued(envoi_client_session(f->bot), true);
	assert_int_equal(
		envoi_session_set_journal(envoi_client_session(f->bot), &f->journal), ENVOI_OK);
}

int bot_load(struct fixture *f)
{
	return envoi_client_load_journal(
		f->bot, envoi_buffer_data(&f->stored), envoi_buffer_len(&f->stored));
}

void bot_kill(struct fixture *f)
{
	f->is_dead = true;
	envoi_promise_drop(f->promise);
	f->promise = NULL;
	envoi_client_free(f->bot);
	f->bot = NULL;
}

void bot_start_again(struct fixture *f)
{
	bot_new(f, "bot@example.org/desk");
	assert_int_equal(bot_load(f), ENVOI_OK);
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 1000);
}

void bot_say(struct fixture *f, const char *body)
{
	assert_int_equal(
		envoi_send_text(envoi_client_session(f->bot), "alice@example.org", body, NULL),
		ENVOI_OK);
}

/* Counts what the server gets from the bot. */
static void watch(void *user, enum envoi_test_server_act act, unsigned int session,
	const struct envoi_stanza *stanza)
{
	struct fixture *f = user;
	(void)session;
	if (act != ENVOI_TEST_RECEIVED) {
		return;
	}
	const char *body = envoi_stanza_kind(stanza) == ENVOI_MESSAGE
		? envoi_message_body(stanza, NULL)
		: NULL;
	if (body != NULL) {
		f->got_kept += strcmp(body, "kept") == 0;
		f->got_canceled += strcmp(body, "canceled") == 0;
		f->got_long += strlen(body) > 100;
		f->got_delayed += envoi_element_child(envoi_stanza_element(stanza),
					  "urn:xmpp:delay", "delay") != NULL;
	}
	if (envoi_stanza_kind(stanza) == ENVOI_IQ_ERROR) {
		assert_string_equal(envoi_stanza_id(stanza), f->asked_id);
		assert_string_equal(envoi_jid_resource(envoi_stanza_to(stanza)), "home");
		f->errors++;
	}
}

void bot_ask(struct fixture *f)
{
	struct envoi_stanza *iq = envoi_iq_new(
		envoi_world_context(f->world), ENVOI_IQ_GET, "bot@example.org/desk");
	struct envoi_element *element = envoi_stanza_element(iq);
	envoi_element_set(element, "from", f->asked_from);
	envoi_element_set(element, "id", f->asked_id);
	envoi_element_add(element, "urn:example:slow", "query");
	envoi_test_server_deliver(f->server, iq);
}

int bot_setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	*f = (struct fixture){.handler = ENVOI_HANDLER(&impl),
		.journal = {&journal_impl},
		.asked_id = "q1",
		.asked_from = "alice@example.org/home"};
	f->world = envoi_world_new(1);
	f->server = envoi_world_server(f->world, "example.org");
	envoi_test_server_account(f->server, "bot", "secret");
	envoi_test_server_watch(f->server, watch, f);
	envoi_buffer_init(&f->stored, envoi_world_context(f->world), 0);
	bot_new(f, "bot@example.org/desk");
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->started, 1);
	*state = f;
	return 0;
}

int bot_teardown(void **state)
{
	struct fixture *f = *state;
	f->is_dead = true;
	envoi_promise_drop(f->promise);
	bot_release(f);
	envoi_client_free(f->bot);
	envoi_buffer_finish(&f->stored);
	assert_int_equal(envoi_world_free(f->world), 0);
	return 0;
}
