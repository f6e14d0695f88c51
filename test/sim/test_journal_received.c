/*
 * envoi - journals: what was received
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "journal_bot.h"
#include <envoi/envoi.h>
#include <envoi/testing.h>

static void what_was_handled_is_not_handed_over_again(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	for (int i = 0; i < 7; i++) {
		envoi_test_peer_says(alice, "bot@example.org/desk", "%d", i);
	}
	envoi_world_run(f->world, 10);
	assert_int_equal(f->heard, 7);
	bot_kill(f);
	envoi_test_peer_says(alice, "bot@example.org/desk", "7");
	bot_start_again(f);
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
	bot_release(f);
	bot_kill(f);
	envoi_test_server_start(f->server);
	bot_start_again(f);
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
	bot_start_again(f);
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
	assert_int_equal(envoi_test_server_get_counts(f->server, "bot").unacknowledged, 1);
	f->is_full = false;
	envoi_world_run(f->world, 1000);
	assert_int_equal(envoi_test_server_get_counts(f->server, "bot").unacknowledged, 0);
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
	assert_int_equal(envoi_test_server_get_counts(f->server, "bot").unacknowledged, 1);
	bot_kill(f);
	f->is_full = false;
	bot_start_again(f);
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
	bot_start_again(f);
	assert_int_equal(f->heard, 2);
	assert_string_equal(f->last, "poison");
	f->dies_in_hand = false;
	bot_start_again(f);
	assert_int_equal(
		f->resumed, 2); /* the second process ended before it could count its own */
	assert_int_equal(f->heard, 3);
	assert_string_equal(f->last, "healthy");
	assert_int_equal(f->unhandled, 1);
	envoi_world_run(f->world, 10000);
	assert_int_equal(envoi_test_server_get_counts(f->server, "bot").unacknowledged, 0);
}

/* What replaces the journal says so, too. */
static void a_journal_that_is_replaced_keeps_the_count_of_ends(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	f->dies_in_hand = true;
	envoi_test_peer_says(alice, "bot@example.org/desk", "poison");
	envoi_world_run(f->world, 1000);
	bot_new(f, "bot@example.org/desk");
	assert_int_equal(bot_load(f), ENVOI_OK);
	envoi_buffer_truncate(&f->stored, 0);
	assert_int_equal(
		envoi_session_write_journal(envoi_client_session(f->bot), &f->stored), ENVOI_OK);
	bot_kill(f); /* before it has connected */
	bot_start_again(f);
	assert_int_equal(f->heard, 2);
	f->dies_in_hand = false;
	bot_start_again(f);
	assert_int_equal(f->heard, 2);
	assert_int_equal(f->unhandled, 1);
}

/* Replacing it while the stanza is delivered does not hide the end of the process. */
static void a_journal_that_is_replaced_within_a_delivery_has_the_stanza(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	f->dies_in_hand = f->replaces_in_hand = true;
	envoi_test_peer_says(alice, "bot@example.org/desk", "poison");
	envoi_world_run(f->world, 1000);
	bot_start_again(f);
	assert_int_equal(f->heard, 2);
	bot_start_again(f);
	assert_int_equal(f->heard, 2);
	assert_int_equal(f->unhandled, 1);
}

static void a_request_that_is_open_when_the_session_is_resumed_again_stays_so(void **state)
{
	struct fixture *f = *state;
	bot_kill(f);
	bot_start_again(f);
	assert_int_equal(f->resumed, 1);
	bot_ask(f);
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
	bot_ask(f);
	envoi_world_run(f->world, 10000);
	assert_int_equal(f->requests, 1);
	bot_kill(f);
	assert_int_equal(f->errors, 0);
	bot_start_again(f);
	assert_int_equal(f->errors, 1);
	bot_kill(f);
	bot_start_again(f);
	assert_int_equal(f->requests, 1);
	assert_int_equal(f->errors, 1);
}

/* The answer goes to the canonical form of the sender's address. */
static void a_request_from_an_address_in_another_form_is_answered_once(void **state)
{
	struct fixture *f = *state;
	f->asked_from = "alice@xn--bcher-kva.example/home";
	bot_ask(f);
	envoi_world_run(f->world, 1000);
	assert_int_equal(envoi_promise_error(f->promise, ENVOI_CONFLICT, NULL), ENVOI_OK);
	f->promise = NULL;
	envoi_world_run(f->world, 10000);
	assert_int_equal(f->errors, 1);
	bot_kill(f);
	bot_start_again(f);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(f->errors, 1);
}

static void a_request_without_a_valid_sender_is_not_answered(void **state)
{
	struct fixture *f = *state;
	f->asked_from = "@example.org";
	bot_ask(f);
	envoi_world_run(f->world, 10000);
	assert_int_equal(f->unhandled, 1);
	bot_kill(f);
	bot_start_again(f);
	assert_int_equal(f->errors, 0);
}

static int stop_requests(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)self;
	(void)session;
	return envoi_stanza_kind(stanza) == ENVOI_IQ_GET ? ENVOI_STOP : ENVOI_OK;
}

static void a_request_that_a_filter_stops_is_not_answered(void **state)
{
	static const struct envoi_filters filters = {.stanza_in = stop_requests};
	static const struct envoi_handler_impl impl = {.filters = &filters};
	struct envoi_handler filter = ENVOI_HANDLER(&impl);
	struct fixture *f = *state;
	assert_int_equal(envoi_client_add(f->bot, &filter), ENVOI_OK);
	bot_ask(f);
	envoi_world_run(f->world, 10000);
	assert_int_equal(f->requests, 0);
	bot_kill(f);
	bot_start_again(f);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(f->errors, 0);
}

/** Answers no request before its test ends. */
struct sleeper {
	struct envoi_handler handler;
	struct envoi_promise *promises[128];
	size_t count;
};

static int sleep_on(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct sleeper *sleeper = ENVOI_CONTAINER_OF(self, struct sleeper, handler);
	return envoi_delivery_defer(in, &sleeper->promises[sleeper->count++]);
}

static size_t journal_size(struct fixture *f)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, envoi_world_context(f->world), 0);
	assert_int_equal(envoi_session_write_journal(envoi_client_session(f->bot), &out), ENVOI_OK);
	size_t size = envoi_buffer_len(&out);
	envoi_buffer_finish(&out);
	return size;
}

static void requests_with_long_ids_do_not_fill_the_journal(void **state)
{
	static const struct envoi_stanza_row rows[] = {
		{.kind = ENVOI_IQ_GET,
			.ns = "urn:example:slow",
			.name = "query",
			.handle = sleep_on,
			.priority = 1},
		ENVOI_ROWS_END,
	};
	static const struct envoi_handler_impl impl = {.stanzas = rows};
	struct fixture *f = *state;
	struct sleeper sleeper = {.handler = ENVOI_HANDLER(&impl)};
	static char id[10000];
	assert_int_equal(envoi_client_add(f->bot, &sleeper.handler), ENVOI_OK);
	f->asked_id = id;
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "%09999d", i);
		bot_ask(f);
		envoi_world_run(f->world, 100);
	}
	assert_int_equal(sleeper.count, 100);
	assert_true(journal_size(f) > 200 * 1024 && journal_size(f) < 300 * 1024);
	for (size_t i = 0; i < sleeper.count; i++) {
		assert_int_equal(envoi_promise_result(sleeper.promises[i], NULL, NULL), ENVOI_OK);
	}
	envoi_world_run(f->world, 10000);
	assert_true(journal_size(f) < 10 * 1024);
}

/* A peer that uses an id twice cannot tell the answers apart. */
static void requests_with_the_same_id_leave_no_record(void **state)
{
	struct fixture *f = *state;
	bot_ask(f);
	envoi_world_run(f->world, 1000);
	struct envoi_promise *first = f->promise;
	bot_ask(f);
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->requests, 2);
	envoi_world_cut(f->world, "bot");
	envoi_test_server_stop(f->server, true);
	envoi_world_run(f->world, 100);
	assert_int_equal(envoi_promise_error(first, ENVOI_CONFLICT, NULL), ENVOI_OK);
	assert_int_equal(envoi_promise_error(f->promise, ENVOI_CONFLICT, NULL), ENVOI_OK);
	f->promise = NULL;
	envoi_test_server_start(f->server);
	envoi_world_run(f->world, 60000);
	assert_int_equal(f->errors, 2);
	bot_kill(f);
	bot_start_again(f);
	assert_int_equal(f->errors, 2);
}

/* Only an answer answers. */
static void a_message_with_the_id_of_a_request_answers_nothing(void **state)
{
	struct fixture *f = *state;
	bot_ask(f);
	envoi_world_run(f->world, 1000);
	struct envoi_stanza *message = envoi_message_new(
		envoi_world_context(f->world), ENVOI_TYPE_CHAT, "alice@example.org/home", "hello");
	envoi_element_set(envoi_stanza_element(message), "id", "q1");
	assert_int_equal(envoi_send(envoi_client_session(f->bot), message, NULL), ENVOI_OK);
	envoi_world_run(f->world, 10000);
	bot_kill(f);
	bot_start_again(f);
	assert_int_equal(f->errors, 1);
}

/* --- what is refused --- */

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
		unsigned int errors = f->errors, ended = f->ended;
		snprintf(id, sizeof(id), "q%u", n);
		bot_ask(f);
		envoi_world_fail_allocation(f->world, n); /* the kit makes the request before */
		envoi_world_run(f->world, 1000);
		envoi_world_fail_allocation(f->world, 0);
		envoi_world_run(f->world, 60000);
		/* a stream error of ours: the server has to answer what this side could not read */
		bool is_unread = f->ended > ended;
		bot_kill(f);
		bot_start_again(f);
		envoi_world_run(f->world, 1000);
		assert_int_equal(f->errors, errors + !is_unread);
	}
}

/* The connection is lost before the stream has written the answer, which it had been given. */
static void an_answer_of_which_no_byte_was_sent_is_not_lost(void **state)
{
	struct fixture *f = *state;
	bot_ask(f);
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->requests, 1);
	assert_int_equal(envoi_promise_error(f->promise, ENVOI_CONFLICT, NULL), ENVOI_OK);
	f->promise = NULL;
	envoi_world_cut(f->world, "bot");
	envoi_test_server_stop(f->server, true);
	envoi_world_run(f->world, 100);
	bot_kill(f);
	assert_int_equal(f->errors, 0);
	envoi_test_server_start(f->server);
	bot_start_again(f);
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(f->errors, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, bot_setup, bot_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_handled_is_not_handed_over_again),
		TEST(a_hold_may_be_released_without_a_connection),
		TEST(a_hold_may_be_released_during_a_delivery),
		TEST(nothing_is_acknowledged_without_its_record),
		TEST(a_resumption_promises_nothing_without_its_record),
		TEST(a_stanza_that_ends_two_processes_is_not_handed_over_again),
		TEST(a_journal_that_is_replaced_keeps_the_count_of_ends),
		TEST(a_journal_that_is_replaced_within_a_delivery_has_the_stanza),
		TEST(a_request_that_is_open_when_the_session_is_resumed_again_stays_so),
		TEST(requests_that_were_not_answered_are_answered_with_an_error),
		TEST(without_memory_a_request_has_one_answer_all_the_same),
		TEST(an_answer_of_which_no_byte_was_sent_is_not_lost),
		TEST(a_message_with_the_id_of_a_request_answers_nothing),
		TEST(a_request_from_an_address_in_another_form_is_answered_once),
		TEST(a_request_without_a_valid_sender_is_not_answered),
		TEST(a_request_that_a_filter_stops_is_not_answered),
		TEST(requests_with_long_ids_do_not_fill_the_journal),
		TEST(requests_with_the_same_id_leave_no_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
