/*
 * envoi - journals: what was sent
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
#include <envoi/testing.h>

static void what_was_not_acknowledged_is_sent_again_once(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	bot_say(f, "one");
	envoi_world_run(f->world, 10000);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 1);
	envoi_world_silence(f->world, "bot");
	bot_say(f, "two");
	bot_say(f, "three");
	envoi_world_run(f->world, 1000);
	bot_kill(f);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 1);
	bot_start_again(f);
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
		bot_kill(f);
		bot_start_again(f);
		assert_int_equal(f->resumed, i);
		assert_int_equal(envoi_test_server_get_counts(f->server, "bot").sessions, 1);
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
	bot_kill(f);
	envoi_test_server_watch(f->server, count_presence, &presences);
	bot_new(f, "bot@example.org/desk");
	assert_int_equal(envoi_client_set(f->bot, "presence.initial", "true"), ENVOI_OK);
	assert_int_equal(envoi_client_set(f->bot, "roster.fetch", "true"), ENVOI_OK);
	assert_int_equal(bot_load(f), ENVOI_OK);
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
	bot_kill(f);
	bot_new(f, "bot@example.org/desk");
	assert_int_equal(bot_load(f), ENVOI_OK);
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
	bot_say(f, "two");
	envoi_world_run(f->world, 1000);
	bot_kill(f);
	envoi_test_server_stop(f->server, false);
	envoi_test_server_start(f->server);
	bot_start_again(f);
	assert_int_equal(f->resumed, 0);
	assert_int_equal(f->started, 2);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 1);
}

static void what_was_acknowledged_is_not_sent_on_a_new_session(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	bot_say(f, "one");
	envoi_world_run(f->world, 10000);
	bot_kill(f);
	envoi_test_server_stop(f->server, false);
	envoi_test_server_start(f->server);
	bot_start_again(f);
	assert_int_equal(f->started, 2);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 1);
}

static void what_was_sent_again_is_not_sent_a_third_time(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	envoi_world_silence(f->world, "bot");
	bot_say(f, "one");
	envoi_world_run(f->world, 1000);
	bot_kill(f);
	bot_start_again(f);
	envoi_world_run(f->world, 10000);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 1);
	bot_kill(f);
	bot_start_again(f);
	assert_int_equal(f->resumed, 2);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 1);
}

/* Between the start of the new session and the first byte on it. */
static void a_process_may_end_before_it_sends_again(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	envoi_world_silence(f->world, "bot");
	bot_say(f, "two");
	bot_say(f, "three");
	envoi_world_run(f->world, 1000);
	bot_kill(f);
	envoi_test_server_stop(f->server, false);
	envoi_test_server_start(f->server);
	f->dies_before_sending = true;
	bot_new(f, "bot@example.org/desk");
	assert_int_equal(bot_load(f), ENVOI_OK);
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	while (!f->is_dead) {
		envoi_world_run(f->world, 1);
	}
	size_t arrived = envoi_test_peer_heard(alice, "bot@example.org");
	bot_kill(f);
	f->dies_before_sending = false;
	bot_start_again(f);
	assert_int_equal(arrived, 0);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 2);
}

static void nothing_is_sent_without_its_record(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	f->is_full = true;
	bot_say(f, "one");
	bot_say(f, "two");
	envoi_world_run(f->world, 5000);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 0);
	f->is_full = false;
	envoi_world_run(f->world, 1000);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 2);
	bot_kill(f);
	bot_start_again(f);
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
	bot_kill(f);
	bot_new(f, "bot@example.org/desk");
	assert_int_equal(envoi_client_set(f->bot, "limits.output-bytes", "64k"), ENVOI_OK);
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 1000);
	envoi_world_set_link(f->world, "bot", &slow);
}

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct fixture *f = ticket->user;
	if (f != NULL) {
		f->last_state = report->state;
	}
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
		bot_say(f, "kept");
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
	bot_say(f, "kept");
	while (waiting(f) > 0) {
		envoi_world_run(f->world, 1);
	}
	bot_kill(f);
	assert_int_equal(f->got_kept, 0);
	envoi_world_set_link(f->world, "bot", NULL);
	bot_start_again(f);
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
	bot_say(f, "kept");
	f->tickets[0] = (struct envoi_ticket){.done = on_ticket};
	assert_int_equal(envoi_send_text(envoi_client_session(f->bot), "alice@example.org",
				 "canceled", &f->tickets[0]),
		ENVOI_OK);
	assert_int_equal(envoi_ticket_cancel(&f->tickets[0]), ENVOI_OK);
	envoi_world_run(f->world, 100);
	bot_kill(f);
	envoi_test_server_start(f->server);
	bot_start_again(f);
	assert_int_equal(f->got_kept, 1);
	bot_kill(f);
	bot_start_again(f);
	assert_int_equal(f->got_kept, 1);
	assert_int_equal(f->got_canceled, 0);
}

/* The next process sends what is queued: a program that sends it again, too, would double it. */
static void the_ticket_of_a_queued_message_is_unknown_when_the_client_is_freed(void **state)
{
	struct fixture *f = *state;
	cut_for_ever(f);
	f->tickets[0] = (struct envoi_ticket){.done = on_ticket, .user = f};
	assert_int_equal(envoi_send_text(envoi_client_session(f->bot), "alice@example.org", "kept",
				 &f->tickets[0]),
		ENVOI_OK);
	bot_kill(f);
	assert_int_equal(f->last_state, ENVOI_TICKET_UNKNOWN);
	envoi_test_server_start(f->server);
	bot_start_again(f);
	assert_int_equal(f->got_kept, 1);
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
	bot_kill(f);
	envoi_test_server_start(f->server);
	bot_start_again(f);
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
	bot_kill(f);
	f->is_full = false;
	envoi_test_server_start(f->server);
	bot_start_again(f);
	assert_int_equal(f->got_canceled, 1);
	cut_for_ever(f);
	assert_int_equal(state_after_leaving(f, false), ENVOI_TICKET_NOT_SENT);
	bot_kill(f);
	envoi_test_server_start(f->server);
	bot_start_again(f);
	assert_int_equal(f->got_canceled, 1);
}

/* A server without stream management acknowledges by its answer to a ping. */
static void what_a_session_without_stream_management_has_sent_is_not_sent_again(void **state)
{
	struct fixture *f = *state;
	bot_say(f, "kept");
	envoi_world_cut(f->world, "bot");
	envoi_test_server_stop(f->server, false);
	envoi_test_server_get_options(f->server)->has_stream_management = false;
	envoi_world_run(f->world, 100);
	envoi_test_server_start(f->server);
	assert_int_equal(f->got_kept, 0);
	envoi_world_run(f->world, 60000);
	assert_int_equal(f->got_kept, 1);
	assert_int_equal(f->started, 2);
	bot_kill(f);
	bot_start_again(f);
	assert_int_equal(f->got_kept, 1);
}

static void leaving_in_order_leaves_a_message_without_ticket_to_the_next_process(void **state)
{
	struct fixture *f = *state;
	cut_for_ever(f);
	bot_say(f, "kept");
	bot_kill(f);
	bot_start_again(f);
	envoi_client_disconnect(f->bot);
	envoi_world_run(f->world, 100);
	bot_kill(f);
	envoi_test_server_start(f->server);
	bot_start_again(f);
	assert_int_equal(f->got_kept, 1);
}

static void twenty_processes_have_one_session(void **state)
{
	struct fixture *f = *state;
	for (unsigned int i = 0; i < 20; i++) {
		bot_kill(f);
		bot_start_again(f);
		assert_int_equal(f->resumed, i + 1);
	}
	assert_int_equal(f->started, 1);
	assert_int_equal(envoi_test_server_get_counts(f->server, NULL).resumptions, 20);
}

/* The server has more than the records say. */
static void a_journal_whose_end_is_missing_leads_to_a_new_session(void **state)
{
	struct fixture *f = *state;
	size_t len = envoi_buffer_len(&f->stored);
	bot_say(f, "kept");
	envoi_world_run(f->world, 100);
	bot_kill(f);
	envoi_buffer_truncate(&f->stored, len);
	bot_start_again(f);
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
	bot_say(f, "one");
	assert_string_equal(list(f), "one u ");
	envoi_world_run(f->world, 10000);
	assert_string_equal(list(f), "one a ");
	bot_say(f, "two");
	assert_string_equal(list(f), "one a two u ");
	envoi_world_run(f->world, 1);
	cut_for_ever(f);
	bot_say(f, "three");
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
	bot_say(f, "kept");
	assert_string_equal(list(f), "canceled u kept u ");
	cut_for_ever(f);
	assert_string_equal(list(f), "canceled e kept e canceled q kept q ");
	assert_int_equal(envoi_ticket_cancel(&f->tickets[0]), ENVOI_OK);
	assert_string_equal(list(f), "canceled e kept e canceled e kept q ");
	bot_kill(f);
	envoi_test_server_start(f->server);
	bot_start_again(f);
	assert_int_equal(f->got_canceled, 0);
	assert_int_equal(f->got_kept, 1);
	assert_int_equal(f->got_delayed, 0);
}

/* The server forgets the session: the bot begins another, whose first records void earlier ones.
 * @return where these records begin */
static size_t lose_the_session(struct fixture *f)
{
	envoi_world_silence(f->world, "bot");
	bot_say(f, "kept");
	envoi_world_run(f->world, 1000);
	size_t before = envoi_buffer_len(&f->stored);
	envoi_test_server_stop(f->server, false);
	envoi_test_server_start(f->server);
	f->dies_at_beginning = true;
	envoi_world_run(f->world, 120000);
	assert_true(envoi_buffer_len(&f->stored) > before);
	return before;
}

/* The machine has died while they were written. */
static void what_voids_earlier_records_counts_as_a_whole(void **state)
{
	struct fixture *f = *state;
	size_t before = lose_the_session(f), whole = envoi_buffer_len(&f->stored);
	assert_string_equal(list(f), "kept e kept u ");
	for (size_t len = whole - 1; len >= before; len--) {
		envoi_buffer_truncate(&f->stored, len);
		assert_string_equal(list(f), "kept u ");
	}
}

static void messages_survive_the_end_of_the_machine_at_the_start_of_a_session(void **state)
{
	struct fixture *f = *state;
	size_t before = lose_the_session(f), whole = envoi_buffer_len(&f->stored);
	envoi_buffer_truncate(&f->stored, before + (whole - before) / 2);
	bot_kill(f);
	f->dies_at_beginning = false;
	bot_start_again(f);
	envoi_world_run(f->world, 60000);
	assert_int_equal(f->got_kept, 1);
}

static void a_session_closed_in_order_is_not_resumed(void **state)
{
	struct fixture *f = *state;
	envoi_client_disconnect(f->bot);
	envoi_world_run(f->world, 1000);
	bot_kill(f);
	bot_start_again(f);
	assert_int_equal(f->resumed, 0);
	assert_int_equal(f->started, 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, bot_setup, bot_teardown)

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
		TEST(the_ticket_of_a_queued_message_is_unknown_when_the_client_is_freed),
		TEST(a_message_is_not_canceled_without_its_record),
		TEST(what_the_journal_still_has_as_waiting_does_not_end_as_not_sent),
		TEST(what_a_session_without_stream_management_has_sent_is_not_sent_again),
		TEST(leaving_in_order_leaves_a_message_without_ticket_to_the_next_process),
		TEST(twenty_processes_have_one_session),
		TEST(a_journal_whose_end_is_missing_leads_to_a_new_session),
		TEST(the_program_can_read_what_became_of_its_messages),
		TEST(what_no_byte_of_was_sent_is_queued_again),
		TEST(what_voids_earlier_records_counts_as_a_whole),
		TEST(messages_survive_the_end_of_the_machine_at_the_start_of_a_session),
		TEST(a_session_closed_in_order_is_not_resumed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
