/*
 * envoi - journals: what becomes of a session when its process ends, in virtual time
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

#include <envoi/envoi.h>
#include <envoi/interfaces/session.h>
#include <envoi/testing.h>

enum {
	MOST_TICKETS = 100,
};

struct fixture {
	struct envoi_world *world;
	struct envoi_test_server *server;
	struct envoi_client *bot;
	struct envoi_handler handler;
	struct envoi_journal journal;
	struct envoi_buffer stored;
	bool is_dead; /* the process: nothing is stored any more */
	bool is_full; /* the medium */
	bool dies_in_hand;
	bool holds_next; /* the acknowledgement of the next message; the one after releases it */
	struct envoi_hold *hold;
	bool dies_before_sending; /* when the next stanza is recorded */
	unsigned int started, resumed, ended, heard, unhandled, requests, errors;
	/* messages: "kept", "canceled", and longer than 100 bytes */
	unsigned int got_kept, got_canceled, got_long, got_delayed;
	char last[64]; /* body that was handed over */
	const char *asked_id;
	struct envoi_promise *promise;
	struct envoi_ticket tickets[MOST_TICKETS];
};

/* --- the program --- */

static int append(struct envoi_journal *journal, const void *record, size_t len)
{
	struct fixture *f = ENVOI_CONTAINER_OF(journal, struct fixture, journal);
	if (f->is_full) {
		return ENVOI_ERR_FULL;
	}
	f->is_dead |= f->dies_before_sending && len > 5 && memcmp(record, "sent ", 5) == 0;
	if (f->is_dead && f->dies_before_sending) {
		return ENVOI_ERR_SYSTEM;
	}
	if (!f->is_dead) {
		assert_int_equal(envoi_buffer_append(&f->stored, record, len), ENVOI_OK);
	}
	return ENVOI_OK;
}

static const struct envoi_journal_impl journal_impl = {append};

static void release(struct fixture *f)
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
		release(f);
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

static void new_bot(struct fixture *f, const char *jid)
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

static int load(struct fixture *f)
{
	return envoi_client_load_journal(
		f->bot, envoi_buffer_data(&f->stored), envoi_buffer_len(&f->stored));
}

/* The process ends at once: the server sees a broken connection. */
static void kill_bot(struct fixture *f)
{
	f->is_dead = true;
	envoi_promise_drop(f->promise);
	f->promise = NULL;
	envoi_client_free(f->bot);
	f->bot = NULL;
}

static void start_bot_again(struct fixture *f)
{
	new_bot(f, "bot@example.org/desk");
	assert_int_equal(load(f), ENVOI_OK);
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 1000);
}

static void say(struct fixture *f, const char *body)
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
		assert_string_equal(envoi_stanza_to_text(stanza), "alice@example.org/home");
		f->errors++;
	}
}

static void ask(struct fixture *f)
{
	struct envoi_stanza *iq = envoi_iq_new(
		envoi_world_context(f->world), ENVOI_IQ_GET, "bot@example.org/desk");
	struct envoi_element *element = envoi_stanza_element(iq);
	envoi_element_set(element, "from", "alice@example.org/home");
	envoi_element_set(element, "id", f->asked_id);
	envoi_element_add(element, "urn:example:slow", "query");
	envoi_test_server_deliver(f->server, iq);
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	*f = (struct fixture){
		.handler = ENVOI_HANDLER(&impl), .journal = {&journal_impl}, .asked_id = "q1"};
	f->world = envoi_world_new(1);
	f->server = envoi_world_server(f->world, "example.org");
	envoi_test_server_account(f->server, "bot", "secret");
	envoi_test_server_watch(f->server, watch, f);
	envoi_buffer_init(&f->stored, envoi_world_context(f->world), 0);
	new_bot(f, "bot@example.org/desk");
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->started, 1);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	f->is_dead = true;
	envoi_promise_drop(f->promise);
	release(f);
	envoi_client_free(f->bot);
	envoi_buffer_finish(&f->stored);
	assert_int_equal(envoi_world_free(f->world), 0);
	return 0;
}

/* --- what was sent --- */

static void what_was_not_acknowledged_is_sent_again_once(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	say(f, "one");
	envoi_world_run(f->world, 10000);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 1);
	envoi_world_silence(f->world, "bot");
	say(f, "two");
	say(f, "three");
	envoi_world_run(f->world, 1000);
	kill_bot(f);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 1);
	start_bot_again(f);
	assert_int_equal(f->started, 1);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 3);
	envoi_world_run(f->world, 10000);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 3);
}

static void twenty_ends_leave_one_session(void **state)
{
	struct fixture *f = *state;
	for (unsigned int i = 1; i <= 20; i++) {
		kill_bot(f);
		start_bot_again(f);
		assert_int_equal(f->resumed, i);
		assert_int_equal(envoi_test_server_counts(f->server, "bot").sessions, 1);
	}
	assert_int_equal(f->started, 1);
}

static void count_presence(void *user, enum envoi_test_server_act act, unsigned int session,
	const struct envoi_stanza *stanza)
{
	(void)session;
	*(unsigned int *)user += act == ENVOI_TEST_RECEIVED &&
		envoi_stanza_kind(stanza) == ENVOI_PRESENCE;
}

/* It is not known here which presence the other process has sent, and the roster is not. */
static void the_next_process_fetches_the_roster_and_sends_presence(void **state)
{
	struct fixture *f = *state;
	unsigned int presences = 0;
	kill_bot(f);
	envoi_test_server_watch(f->server, count_presence, &presences);
	new_bot(f, "bot@example.org/desk");
	assert_int_equal(envoi_client_set(f->bot, "presence.initial", "true"), ENVOI_OK);
	assert_int_equal(envoi_client_set(f->bot, "roster.fetch", "true"), ENVOI_OK);
	assert_int_equal(load(f), ENVOI_OK);
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(presences, 1);
	assert_true(envoi_roster_is_complete(envoi_client_roster(f->bot)));
	envoi_test_server_watch(f->server, NULL, NULL);
}

/* It has a session already: a failure of the first attempt is not the end. */
static void the_next_process_tries_again_until_the_server_is_there(void **state)
{
	struct fixture *f = *state;
	kill_bot(f);
	new_bot(f, "bot@example.org/desk");
	assert_int_equal(load(f), ENVOI_OK);
	envoi_world_set_link(f->world, "bot", &(struct envoi_test_link){.refuses = true});
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 30000);
	assert_int_equal(envoi_client_state(f->bot), ENVOI_CLIENT_SUSPENDED);
	envoi_world_set_link(f->world, "bot", NULL);
	envoi_world_run(f->world, 120000);
	assert_int_equal(f->resumed, 1);
}

static void messages_of_an_ended_session_are_sent_on_a_new_one(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	envoi_world_silence(f->world, "bot");
	say(f, "two");
	envoi_world_run(f->world, 1000);
	kill_bot(f);
	envoi_test_server_stop(f->server, false);
	envoi_test_server_start(f->server);
	start_bot_again(f);
	assert_int_equal(f->resumed, 0);
	assert_int_equal(f->started, 2);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 1);
}

static void what_was_acknowledged_is_not_sent_on_a_new_session(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	say(f, "one");
	envoi_world_run(f->world, 10000);
	kill_bot(f);
	envoi_test_server_stop(f->server, false);
	envoi_test_server_start(f->server);
	start_bot_again(f);
	assert_int_equal(f->started, 2);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 1);
}

static void what_was_sent_again_is_not_sent_a_third_time(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	envoi_world_silence(f->world, "bot");
	say(f, "one");
	envoi_world_run(f->world, 1000);
	kill_bot(f);
	start_bot_again(f);
	envoi_world_run(f->world, 10000);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 1);
	kill_bot(f);
	start_bot_again(f);
	assert_int_equal(f->resumed, 2);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 1);
}

/* Between the start of the new session and the first byte on it. */
static void a_process_may_end_before_it_sends_again(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	envoi_world_silence(f->world, "bot");
	say(f, "two");
	say(f, "three");
	envoi_world_run(f->world, 1000);
	kill_bot(f);
	envoi_test_server_stop(f->server, false);
	envoi_test_server_start(f->server);
	f->dies_before_sending = true;
	new_bot(f, "bot@example.org/desk");
	assert_int_equal(load(f), ENVOI_OK);
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	while (!f->is_dead) {
		envoi_world_run(f->world, 1);
	}
	size_t arrived = envoi_test_peer_heard(alice, "bot@example.org");
	kill_bot(f);
	f->dies_before_sending = false;
	start_bot_again(f);
	assert_int_equal(arrived, 0);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 2);
}

static void nothing_is_sent_without_its_record(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	f->is_full = true;
	say(f, "one");
	say(f, "two");
	envoi_world_run(f->world, 5000);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 0);
	f->is_full = false;
	envoi_world_run(f->world, 1000);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 2);
	kill_bot(f);
	start_bot_again(f);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 2);
}

static size_t waiting(struct fixture *f)
{
	struct envoi_session_stats stats;
	envoi_session_get_stats(envoi_client_session(f->bot), &stats);
	return stats.outbox_stanzas;
}

/* The output of the stream is limited, and leaves slowly. */
static void start_slow_bot(struct fixture *f)
{
	const struct envoi_test_link slow = {.bytes_per_second = 10000, .window_bytes = 1000};
	kill_bot(f);
	new_bot(f, "bot@example.org/desk");
	assert_int_equal(envoi_client_set(f->bot, "limits.output-bytes", "64k"), ENVOI_OK);
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 1000);
	envoi_world_set_link(f->world, "bot", &slow);
}

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	(void)ticket;
	(void)report;
}

/* Fill the output. @return messages that were given to the stream; the next one waits, with the
 * ticket of that number */
static unsigned int say_more_than_fits(struct fixture *f)
{
	char body[1000];
	memset(body, 'x', sizeof(body));
	body[sizeof(body) - 1] = '\0';
	for (unsigned int i = 0; i < MOST_TICKETS; i++) {
		f->tickets[i] = (struct envoi_ticket){.done = on_ticket};
		assert_int_equal(envoi_send_text(envoi_client_session(f->bot), "alice@example.org",
					 body, &f->tickets[i]),
			ENVOI_OK);
		if (waiting(f) > 0) {
			return i;
		}
	}
	fail_msg("the stream takes everything");
	return 0;
}

/* A record of it for each attempt would fill the journal. */
static void what_waits_for_a_full_stream_is_recorded_once(void **state)
{
	struct fixture *f = *state;
	start_slow_bot(f);
	(void)say_more_than_fits(f);
	size_t before = envoi_buffer_len(&f->stored);
	for (int i = 0; i < 10; i++) {
		say(f, "kept");
	}
	size_t each = (envoi_buffer_len(&f->stored) - before) / 10;
	assert_true(each > 0 && each < 700); /* that of the first that waits has 1,000 bytes */
	while (waiting(f) > 0) {
		envoi_world_run(f->world, 100);
	}
	envoi_world_run(f->world, 10000);
	assert_int_equal(f->got_kept, 10);
}

/* A stream that is full refuses a stanza that has its record already, and the number of which goes
 * to another one. */
static void what_a_stream_has_refused_may_be_canceled(void **state)
{
	struct fixture *f = *state;
	start_slow_bot(f);
	unsigned int given = say_more_than_fits(f);
	assert_int_equal(envoi_ticket_cancel(&f->tickets[given]), ENVOI_OK);
	say(f, "kept");
	while (waiting(f) > 0) {
		envoi_world_run(f->world, 1);
	}
	kill_bot(f);
	assert_int_equal(f->got_kept, 0);
	envoi_world_set_link(f->world, "bot", NULL);
	start_bot_again(f);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(f->got_kept, 1);
	assert_int_equal(f->got_long, given);
}

static void cut_for_ever(struct fixture *f)
{
	envoi_world_cut(f->world, "bot");
	envoi_test_server_stop(f->server, true);
	envoi_world_run(f->world, 100);
}

/* What the user writes without a connection. */
static void a_message_that_was_only_queued_is_sent(void **state)
{
	struct fixture *f = *state;
	cut_for_ever(f);
	say(f, "kept");
	f->tickets[0] = (struct envoi_ticket){.done = on_ticket};
	assert_int_equal(envoi_send_text(envoi_client_session(f->bot), "alice@example.org",
				 "canceled", &f->tickets[0]),
		ENVOI_OK);
	assert_int_equal(envoi_ticket_cancel(&f->tickets[0]), ENVOI_OK);
	envoi_world_run(f->world, 100);
	kill_bot(f);
	envoi_test_server_start(f->server);
	start_bot_again(f);
	assert_int_equal(f->got_kept, 1);
	kill_bot(f);
	start_bot_again(f);
	assert_int_equal(f->got_kept, 1);
	assert_int_equal(f->got_canceled, 0);
}

/* Otherwise the next process would send it. */
static void a_message_is_not_canceled_without_its_record(void **state)
{
	struct fixture *f = *state;
	cut_for_ever(f);
	f->tickets[0] = (struct envoi_ticket){.done = on_ticket};
	assert_int_equal(envoi_send_text(envoi_client_session(f->bot), "alice@example.org",
				 "canceled", &f->tickets[0]),
		ENVOI_OK);
	f->is_full = true;
	assert_int_equal(envoi_ticket_cancel(&f->tickets[0]), ENVOI_ERR_SYSTEM);
	f->is_full = false;
	envoi_world_fail_allocations(f->world, 1, 1);
	assert_int_equal(envoi_ticket_cancel(&f->tickets[0]), ENVOI_ERR_NOMEM);
	assert_int_equal(waiting(f), 1);
	assert_int_equal(envoi_ticket_cancel(&f->tickets[0]), ENVOI_OK);
	kill_bot(f);
	envoi_test_server_start(f->server);
	start_bot_again(f);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(f->got_canceled, 0);
}

static enum envoi_ticket_state ended_as;

static void on_end(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	(void)ticket;
	ended_as = report->state;
}

static enum envoi_ticket_state state_after_leaving(struct fixture *f, bool is_full)
{
	f->tickets[0] = (struct envoi_ticket){.done = on_end};
	assert_int_equal(envoi_send_text(envoi_client_session(f->bot), "alice@example.org",
				 "canceled", &f->tickets[0]),
		ENVOI_OK);
	f->is_full = is_full;
	envoi_client_disconnect(f->bot);
	envoi_world_run(f->world, 100);
	return ended_as;
}

static void what_the_journal_still_has_as_waiting_does_not_end_as_not_sent(void **state)
{
	struct fixture *f = *state;
	cut_for_ever(f);
	assert_int_equal(state_after_leaving(f, true), ENVOI_TICKET_UNKNOWN);
	kill_bot(f);
	f->is_full = false;
	envoi_test_server_start(f->server);
	start_bot_again(f);
	assert_int_equal(f->got_canceled, 1);
	cut_for_ever(f);
	assert_int_equal(state_after_leaving(f, false), ENVOI_TICKET_NOT_SENT);
	kill_bot(f);
	envoi_test_server_start(f->server);
	start_bot_again(f);
	assert_int_equal(f->got_canceled, 1);
}

/* A server without stream management acknowledges by its answer to a ping. */
static void what_a_session_without_stream_management_has_sent_is_not_sent_again(void **state)
{
	struct fixture *f = *state;
	say(f, "kept");
	envoi_world_cut(f->world, "bot");
	envoi_test_server_stop(f->server, false);
	envoi_test_server_options(f->server)->has_stream_management = false;
	envoi_world_run(f->world, 100);
	envoi_test_server_start(f->server);
	assert_int_equal(f->got_kept, 0);
	envoi_world_run(f->world, 60000);
	assert_int_equal(f->got_kept, 1);
	assert_int_equal(f->started, 2);
	kill_bot(f);
	start_bot_again(f);
	assert_int_equal(f->got_kept, 1);
}

static void leaving_in_order_leaves_a_message_without_ticket_to_the_next_process(void **state)
{
	struct fixture *f = *state;
	cut_for_ever(f);
	say(f, "kept");
	kill_bot(f);
	start_bot_again(f);
	envoi_client_disconnect(f->bot);
	envoi_world_run(f->world, 100);
	kill_bot(f);
	envoi_test_server_start(f->server);
	start_bot_again(f);
	assert_int_equal(f->got_kept, 1);
}

static void twenty_processes_have_one_session(void **state)
{
	struct fixture *f = *state;
	for (unsigned int i = 0; i < 20; i++) {
		kill_bot(f);
		start_bot_again(f);
		assert_int_equal(f->resumed, i + 1);
	}
	assert_int_equal(f->started, 1);
	assert_int_equal(envoi_test_server_counts(f->server, NULL).resumptions, 20);
}

/* The server has more than the records say. */
static void a_journal_whose_end_is_missing_leads_to_a_new_session(void **state)
{
	struct fixture *f = *state;
	size_t len = envoi_buffer_len(&f->stored);
	say(f, "kept");
	envoi_world_run(f->world, 100);
	kill_bot(f);
	envoi_buffer_truncate(&f->stored, len);
	start_bot_again(f);
	envoi_world_run(f->world, 60000);
	assert_int_equal(f->resumed, 0);
	assert_int_equal(f->started, 2);
	assert_int_equal(f->got_kept, 1);
	assert_true(envoi_session_is_online(envoi_client_session(f->bot)));
}

/* The bodies in the journal with their states, the last one of each counts: "one a two q ". */
static const char *list(struct fixture *f)
{
	static char text[200];
	static const char letters[] = {
		[ENVOI_JOURNAL_ACKNOWLEDGED] = 'a',
		[ENVOI_JOURNAL_UNACKNOWLEDGED] = 'u',
		[ENVOI_JOURNAL_QUEUED] = 'q',
		[ENVOI_JOURNAL_ENDED] = 'e',
	};
	struct envoi_journal_reader *reader;
	struct envoi_stanza *stanza;
	enum envoi_journal_state state;
	int r;
	text[0] = '\0';
	assert_int_equal(envoi_journal_reader_new(&reader, envoi_world_context(f->world),
				 envoi_buffer_data(&f->stored), envoi_buffer_len(&f->stored)),
		ENVOI_OK);
	while ((r = envoi_journal_reader_next(reader, &state, &stanza)) == ENVOI_OK) {
		size_t len = strlen(text);
		assert_non_null(envoi_stanza_id(stanza));
		if (envoi_stanza_kind(stanza) == ENVOI_MESSAGE) {
			snprintf(text + len, sizeof(text) - len, "%s %c ",
				envoi_message_body(stanza, NULL), letters[state]);
		}
		envoi_stanza_unref(stanza);
	}
	assert_int_equal(r, ENVOI_STOP);
	envoi_journal_reader_free(reader);
	return text;
}

static void the_program_can_read_what_became_of_its_messages(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(list(f), "");
	say(f, "one");
	assert_string_equal(list(f), "one u ");
	envoi_world_run(f->world, 10000);
	assert_string_equal(list(f), "one a ");
	say(f, "two");
	assert_string_equal(list(f), "one a two u ");
	envoi_world_run(f->world, 1);
	cut_for_ever(f);
	say(f, "three");
	f->tickets[0] = (struct envoi_ticket){.done = on_ticket};
	assert_int_equal(envoi_send_text(envoi_client_session(f->bot), "alice@example.org", "four",
				 &f->tickets[0]),
		ENVOI_OK);
	assert_string_equal(list(f), "one a two u three q four q ");
	assert_int_equal(envoi_ticket_cancel(&f->tickets[0]), ENVOI_OK);
	assert_string_equal(list(f), "one a two u three q four e ");
	envoi_test_server_start(f->server);
	envoi_world_run(f->world, 60000);
	assert_string_equal(list(f), "one a two a three q four e three a ");
	envoi_client_disconnect(f->bot);
	envoi_world_run(f->world, 1000);
	assert_string_equal(list(f), "one a two a three e four e three a ");
}

/* They were given to the stream, and the connection was lost before the stream wrote them. */
static void what_no_byte_of_was_sent_is_queued_again(void **state)
{
	struct fixture *f = *state;
	f->tickets[0] = (struct envoi_ticket){.done = on_ticket};
	assert_int_equal(envoi_send_text(envoi_client_session(f->bot), "alice@example.org",
				 "canceled", &f->tickets[0]),
		ENVOI_OK);
	say(f, "kept");
	assert_string_equal(list(f), "canceled u kept u ");
	cut_for_ever(f);
	assert_string_equal(list(f), "canceled e kept e canceled q kept q ");
	assert_int_equal(envoi_ticket_cancel(&f->tickets[0]), ENVOI_OK);
	assert_string_equal(list(f), "canceled e kept e canceled e kept q ");
	kill_bot(f);
	envoi_test_server_start(f->server);
	start_bot_again(f);
	assert_int_equal(f->got_canceled, 0);
	assert_int_equal(f->got_kept, 1);
	assert_int_equal(f->got_delayed, 0);
}

static void a_journal_that_is_damaged_is_not_read(void **state)
{
	struct fixture *f = *state;
	struct envoi_journal_reader *reader;
	struct envoi_context *context = envoi_world_context(f->world);
	say(f, "one");
	size_t len = envoi_buffer_len(&f->stored);
	char *copy = malloc(len);
	assert_non_null(copy);
	memcpy(copy, envoi_buffer_data(&f->stored), len);
	copy[len / 2] ^= 1;
	assert_int_equal(envoi_journal_reader_new(&reader, context, copy, len), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_journal_reader_new(&reader, context, "", 0), ENVOI_OK);
	envoi_journal_reader_free(reader);
	envoi_journal_reader_free(NULL);
	free(copy);
}

static void a_journal_may_be_replaced(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	for (int i = 0; i < 100; i++) {
		say(f, "before");
	}
	envoi_world_run(f->world, 10000);
	envoi_world_silence(f->world, "bot");
	say(f, "one");
	envoi_world_run(f->world, 1000);
	size_t before = envoi_buffer_len(&f->stored);
	envoi_buffer_truncate(&f->stored, 0);
	assert_int_equal(
		envoi_session_write_journal(envoi_client_session(f->bot), &f->stored), ENVOI_OK);
	assert_true(envoi_buffer_len(&f->stored) < before / 10);
	say(f, "two");
	envoi_world_run(f->world, 1000);
	kill_bot(f);
	start_bot_again(f);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 102);
}

static void a_session_with_a_stream_keeps_its_journal(void **state)
{
	struct fixture *f = *state;
	struct envoi_session *session = envoi_client_session(f->bot);
	envoi_world_run(f->world, 10000);
	assert_int_equal(f->started, 1);
	assert_int_equal(envoi_session_set_journal(session, NULL), ENVOI_ERR_STATE);
	size_t before = envoi_buffer_len(&f->stored);
	say(f, "one");
	envoi_world_run(f->world, 1000);
	assert_true(envoi_buffer_len(&f->stored) > before);
}

static void a_session_closed_in_order_is_not_resumed(void **state)
{
	struct fixture *f = *state;
	envoi_client_disconnect(f->bot);
	envoi_world_run(f->world, 1000);
	kill_bot(f);
	start_bot_again(f);
	assert_int_equal(f->resumed, 0);
	assert_int_equal(f->started, 2);
}

/* --- what was received --- */

static void what_was_handled_is_not_handed_over_again(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	for (int i = 0; i < 7; i++) {
		envoi_test_peer_says(alice, "bot@example.org/desk", "%d", i);
	}
	envoi_world_run(f->world, 10);
	assert_int_equal(f->heard, 7);
	kill_bot(f);
	envoi_test_peer_says(alice, "bot@example.org/desk", "7");
	start_bot_again(f);
	assert_int_equal(f->heard, 8);
	assert_string_equal(f->last, "7");
}

static void a_hold_may_be_released_without_a_connection(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	f->holds_next = true;
	envoi_test_peer_says(alice, "bot@example.org/desk", "held");
	envoi_world_run(f->world, 10000);
	envoi_test_server_stop(f->server, true);
	envoi_world_run(f->world, 100);
	release(f);
	kill_bot(f);
	envoi_test_server_start(f->server);
	start_bot_again(f);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(f->heard, 1);
}

/* The stanza in hand is not handled because one before it is. */
static void a_hold_may_be_released_during_a_delivery(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	f->holds_next = true;
	envoi_test_peer_says(alice, "bot@example.org/desk", "held");
	envoi_world_run(f->world, 10000);
	f->dies_in_hand = true;
	envoi_test_peer_says(alice, "bot@example.org/desk", "in hand");
	envoi_world_run(f->world, 1000);
	f->dies_in_hand = false;
	start_bot_again(f);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(f->heard, 3);
	assert_string_equal(f->last, "in hand");
}

static void nothing_is_acknowledged_without_its_record(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	f->is_full = true;
	envoi_test_peer_says(alice, "bot@example.org/desk", "one");
	envoi_world_run(f->world, 10000);
	assert_int_equal(f->heard, 1);
	assert_int_equal(envoi_test_server_counts(f->server, "bot").unacknowledged, 1);
	f->is_full = false;
	envoi_world_run(f->world, 1000);
	assert_int_equal(envoi_test_server_counts(f->server, "bot").unacknowledged, 0);
}

/* The number of a request for resumption is a promise as well: a process that has no record of it
 * would go back behind it. */
static void a_resumption_promises_nothing_without_its_record(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	f->is_full = true;
	envoi_test_peer_says(alice, "bot@example.org/desk", "one");
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->heard, 1);
	envoi_world_cut(f->world, "bot");
	envoi_world_run(f->world, 60000);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(f->heard, 1);
	assert_int_equal(envoi_test_server_counts(f->server, "bot").unacknowledged, 1);
	kill_bot(f);
	f->is_full = false;
	start_bot_again(f);
	assert_int_equal(f->resumed, 2);
	assert_int_equal(f->started, 1);
	assert_int_equal(f->heard, 2);
}

static void a_stanza_that_ends_two_processes_is_not_handed_over_again(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	f->dies_in_hand = true;
	envoi_test_peer_says(alice, "bot@example.org/desk", "poison");
	envoi_test_peer_says(alice, "bot@example.org/desk", "healthy");
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->heard, 1);
	start_bot_again(f);
	assert_int_equal(f->heard, 2);
	assert_string_equal(f->last, "poison");
	f->dies_in_hand = false;
	start_bot_again(f);
	assert_int_equal(
		f->resumed, 2); /* the second process ended before it could count its own */
	assert_int_equal(f->heard, 3);
	assert_string_equal(f->last, "healthy");
	assert_int_equal(f->unhandled, 1);
	envoi_world_run(f->world, 10000);
	assert_int_equal(envoi_test_server_counts(f->server, "bot").unacknowledged, 0);
}

/* What replaces the journal says so, too. */
static void a_journal_that_is_replaced_keeps_the_count_of_ends(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	f->dies_in_hand = true;
	envoi_test_peer_says(alice, "bot@example.org/desk", "poison");
	envoi_world_run(f->world, 1000);
	new_bot(f, "bot@example.org/desk");
	assert_int_equal(load(f), ENVOI_OK);
	envoi_buffer_truncate(&f->stored, 0);
	assert_int_equal(
		envoi_session_write_journal(envoi_client_session(f->bot), &f->stored), ENVOI_OK);
	kill_bot(f); /* before it has connected */
	start_bot_again(f);
	assert_int_equal(f->heard, 2);
	f->dies_in_hand = false;
	start_bot_again(f);
	assert_int_equal(f->heard, 2);
	assert_int_equal(f->unhandled, 1);
}

static void a_request_that_is_open_when_the_session_is_resumed_again_stays_so(void **state)
{
	struct fixture *f = *state;
	kill_bot(f);
	start_bot_again(f);
	assert_int_equal(f->resumed, 1);
	ask(f);
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->requests, 1);
	envoi_world_cut(f->world, "bot");
	envoi_world_run(f->world, 20000);
	assert_int_equal(f->resumed, 2);
	assert_int_equal(f->errors, 0);
	assert_int_equal(envoi_promise_result(f->promise, NULL, NULL), ENVOI_OK);
	f->promise = NULL;
}

static void requests_that_were_not_answered_are_answered_with_an_error(void **state)
{
	struct fixture *f = *state;
	ask(f);
	envoi_world_run(f->world, 10000);
	assert_int_equal(f->requests, 1);
	kill_bot(f);
	assert_int_equal(f->errors, 0);
	start_bot_again(f);
	assert_int_equal(f->errors, 1);
	kill_bot(f);
	start_bot_again(f);
	assert_int_equal(f->requests, 1);
	assert_int_equal(f->errors, 1);
}

/* Only an answer answers. */
static void a_message_with_the_id_of_a_request_answers_nothing(void **state)
{
	struct fixture *f = *state;
	ask(f);
	envoi_world_run(f->world, 1000);
	struct envoi_stanza *message = envoi_message_new(
		envoi_world_context(f->world), ENVOI_TYPE_CHAT, "alice@example.org/home", "hello");
	envoi_element_set(envoi_stanza_element(message), "id", "q1");
	assert_int_equal(envoi_send(envoi_client_session(f->bot), message, NULL), ENVOI_OK);
	envoi_world_run(f->world, 10000);
	kill_bot(f);
	start_bot_again(f);
	assert_int_equal(f->errors, 1);
}

/* --- what is refused --- */

static void assert_is_refused(struct fixture *f, const char *jid, int wanted)
{
	kill_bot(f);
	new_bot(f, jid);
	assert_int_equal(load(f), wanted);
	assert_false(envoi_session_is_online(envoi_client_session(f->bot)));
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->resumed, 0);
}

/* Whichever allocation fails, each request has one answer in the end. */
static void without_memory_a_request_has_one_answer_all_the_same(void **state)
{
	enum {
		ALLOCATIONS = 40, /* more than a delivery makes */
	};
	struct fixture *f = *state;
	static char id[16];
	f->asked_id = id;
	for (unsigned int n = 1; n <= ALLOCATIONS; n++) {
		snprintf(id, sizeof(id), "q%u", n);
		envoi_world_fail_allocation(f->world, n);
		ask(f);
		envoi_world_run(f->world, 1000);
		envoi_world_fail_allocation(f->world, 0);
		envoi_world_run(f->world, 60000);
		kill_bot(f);
		start_bot_again(f);
		envoi_world_run(f->world, 1000);
		assert_int_equal(f->errors, n);
	}
}

static void the_id_of_a_request_may_have_several_lines(void **state)
{
	struct fixture *f = *state;
	f->asked_id = "q1\nq2\n";
	ask(f);
	envoi_world_run(f->world, 1000);
	kill_bot(f);
	start_bot_again(f);
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->errors, 1);
}

static void a_journal_of_another_account_is_refused(void **state)
{
	assert_is_refused(*state, "mallory@example.org/desk", ENVOI_ERR_INVALID);
}

static void an_empty_one_loads_nothing(void **state)
{
	struct fixture *f = *state;
	kill_bot(f);
	envoi_buffer_truncate(&f->stored, 0);
	start_bot_again(f);
	assert_int_equal(f->resumed, 0);
	assert_int_equal(f->started, 2);
}

static void a_journal_that_is_too_old_is_refused(void **state)
{
	struct fixture *f = *state;
	kill_bot(f);
	envoi_world_run(f->world, (uint64_t)25 * 3600 * 1000);
	assert_is_refused(f, "bot@example.org/desk", ENVOI_ERR_TIMEOUT);
	assert_int_equal(f->started, 2);
}

static void a_damaged_one_is_refused_except_at_its_end(void **state)
{
	struct fixture *f = *state;
	say(f, "one");
	say(f, "two");
	envoi_world_run(f->world, 1000);
	kill_bot(f);
	size_t len = envoi_buffer_len(&f->stored);
	char *copy = malloc(len);
	assert_non_null(copy);
	new_bot(f, "bot@example.org/desk");
	for (size_t i = 0; i < len / 2; i++) {
		memcpy(copy, envoi_buffer_data(&f->stored), len);
		copy[i] ^= 1;
		assert_int_equal(envoi_client_load_journal(f->bot, copy, len), ENVOI_ERR_INVALID);
	}
	memcpy(copy, envoi_buffer_data(&f->stored), len);
	assert_int_equal(envoi_client_load_journal(f->bot, copy, len - 3), ENVOI_OK);
	free(copy);
}

static void loading_leaves_nothing_behind_when_memory_is_short(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	ask(f);
	envoi_world_run(f->world, 1000);
	envoi_world_silence(f->world, "bot");
	say(f, "one");
	say(f, "two");
	envoi_world_run(f->world, 1000);
	kill_bot(f);
	new_bot(f, "bot@example.org/desk");
	int r = ENVOI_ERR_NOMEM;
	for (size_t n = 1; r != ENVOI_OK; n++) {
		assert_true(n < 100);
		size_t blocks = envoi_world_blocks(f->world);
		envoi_world_fail_allocation(f->world, n);
		r = load(f);
		envoi_world_fail_allocation(f->world, 0);
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		assert_true(r == ENVOI_OK || envoi_world_blocks(f->world) == blocks);
	}
	assert_int_equal(load(f), ENVOI_ERR_STATE);
	/* the one that did not fail has loaded all of it */
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(f->errors, 1);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_not_acknowledged_is_sent_again_once),
		TEST(twenty_ends_leave_one_session),
		TEST(the_next_process_fetches_the_roster_and_sends_presence),
		TEST(the_next_process_tries_again_until_the_server_is_there),
		TEST(messages_of_an_ended_session_are_sent_on_a_new_one),
		TEST(what_was_acknowledged_is_not_sent_on_a_new_session),
		TEST(what_was_sent_again_is_not_sent_a_third_time),
		TEST(a_process_may_end_before_it_sends_again),
		TEST(nothing_is_sent_without_its_record),
		TEST(what_waits_for_a_full_stream_is_recorded_once),
		TEST(what_a_stream_has_refused_may_be_canceled),
		TEST(a_message_that_was_only_queued_is_sent),
		TEST(a_message_is_not_canceled_without_its_record),
		TEST(what_the_journal_still_has_as_waiting_does_not_end_as_not_sent),
		TEST(what_a_session_without_stream_management_has_sent_is_not_sent_again),
		TEST(leaving_in_order_leaves_a_message_without_ticket_to_the_next_process),
		TEST(twenty_processes_have_one_session),
		TEST(a_journal_whose_end_is_missing_leads_to_a_new_session),
		TEST(the_program_can_read_what_became_of_its_messages),
		TEST(what_no_byte_of_was_sent_is_queued_again),
		TEST(a_journal_that_is_damaged_is_not_read),
		TEST(a_journal_may_be_replaced),
		TEST(a_session_with_a_stream_keeps_its_journal),
		TEST(a_session_closed_in_order_is_not_resumed),
		TEST(what_was_handled_is_not_handed_over_again),
		TEST(a_hold_may_be_released_without_a_connection),
		TEST(a_hold_may_be_released_during_a_delivery),
		TEST(nothing_is_acknowledged_without_its_record),
		TEST(a_resumption_promises_nothing_without_its_record),
		TEST(a_stanza_that_ends_two_processes_is_not_handed_over_again),
		TEST(a_journal_that_is_replaced_keeps_the_count_of_ends),
		TEST(a_request_that_is_open_when_the_session_is_resumed_again_stays_so),
		TEST(requests_that_were_not_answered_are_answered_with_an_error),
		TEST(without_memory_a_request_has_one_answer_all_the_same),
		TEST(the_id_of_a_request_may_have_several_lines),
		TEST(a_message_with_the_id_of_a_request_answers_nothing),
		TEST(a_journal_of_another_account_is_refused),
		TEST(an_empty_one_loads_nothing),
		TEST(a_journal_that_is_too_old_is_refused),
		TEST(a_damaged_one_is_refused_except_at_its_end),
		TEST(loading_leaves_nothing_behind_when_memory_is_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
