/*
 * envoi - journals: which ones are refused
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "journal_bot.h"
#include <envoi/envoi.h>
#include <envoi/interfaces/session.h>
#include <envoi/testing.h>

/* --- which ones are read --- */

static void a_journal_that_is_damaged_is_not_read(void **state)
{
	struct fixture *f = *state;
	struct envoi_journal_reader *reader;
	struct envoi_context *context = envoi_world_context(f->world);
	bot_say(f, "one");
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
		bot_say(f, "before");
	}
	envoi_world_run(f->world, 10000);
	envoi_world_silence(f->world, "bot");
	bot_say(f, "one");
	envoi_world_run(f->world, 1000);
	size_t before = envoi_buffer_len(&f->stored);
	envoi_buffer_truncate(&f->stored, 0);
	assert_int_equal(
		envoi_session_write_journal(envoi_client_session(f->bot), &f->stored), ENVOI_OK);
	assert_true(envoi_buffer_len(&f->stored) < before / 10);
	bot_say(f, "two");
	envoi_world_run(f->world, 1000);
	bot_kill(f);
	bot_start_again(f);
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
	bot_say(f, "one");
	envoi_world_run(f->world, 1000);
	assert_true(envoi_buffer_len(&f->stored) > before);
}

/* --- what is refused --- */

static void assert_is_refused(struct fixture *f, const char *jid, int wanted)
{
	bot_kill(f);
	bot_new(f, jid);
	assert_int_equal(bot_load(f), wanted);
	assert_false(envoi_session_is_online(envoi_client_session(f->bot)));
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->resumed, 0);
}

static void the_id_of_a_request_may_have_several_lines(void **state)
{
	struct fixture *f = *state;
	f->asked_id = "q1\nq2\n";
	bot_ask(f);
	envoi_world_run(f->world, 1000);
	bot_kill(f);
	bot_start_again(f);
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->errors, 1);
}

static void a_journal_of_another_account_is_refused(void **state)
{
	assert_is_refused(*state, "mallory@example.org/desk", ENVOI_ERR_INVALID);
}

static void start_anonymous(struct fixture *f)
{
	bot_new(f, "example.org/bot");
	assert_int_equal(envoi_client_set(f->bot, "sasl.mechanisms", "ANONYMOUS"), ENVOI_OK);
	assert_int_equal(bot_load(f), ENVOI_OK);
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 1000);
}

/* RFC 6120, section 7.6: the server has chosen the localpart. */
static void the_session_of_an_anonymous_user_goes_on(void **state)
{
	struct fixture *f = *state;
	bot_kill(f);
	envoi_buffer_truncate(&f->stored, 0);
	envoi_test_server_get_options(f->server)->uses_library = true;
	start_anonymous(f);
	assert_int_equal(f->resumed, 0);
	bot_kill(f);
	start_anonymous(f);
	assert_int_equal(f->resumed, 1);
	const struct envoi_jid *jid = envoi_session_jid(envoi_client_session(f->bot));
	assert_string_equal(envoi_jid_text(jid), "bot@example.org/bot");
	bot_kill(f);
	bot_new(f, "other.example/bot");
	assert_int_equal(bot_load(f), ENVOI_ERR_INVALID);
}

static void the_messages_of_an_anonymous_user_are_sent_by_the_next_session(void **state)
{
	struct fixture *f = *state;
	envoi_test_server_account(f->server, "alice", "secret");
	bot_kill(f);
	envoi_buffer_truncate(&f->stored, 0);
	envoi_test_server_get_options(f->server)->uses_library = true;
	envoi_test_server_get_options(f->server)->resumes = false;
	start_anonymous(f);
	envoi_world_silence(f->world, "bot");
	assert_int_equal(envoi_send_text(envoi_client_session(f->bot), "alice@example.org",
				 "a message", NULL),
		ENVOI_OK);
	envoi_world_run(f->world, 1000);
	bot_kill(f);
	assert_int_equal(envoi_test_server_get_counts(f->server, "alice").stored, 0);
	start_anonymous(f);
	assert_int_equal(f->resumed, 0);
	assert_int_equal(envoi_test_server_get_counts(f->server, "alice").stored, 1);
}

static void an_empty_one_loads_nothing(void **state)
{
	struct fixture *f = *state;
	bot_kill(f);
	envoi_buffer_truncate(&f->stored, 0);
	bot_start_again(f);
	assert_int_equal(f->resumed, 0);
	assert_int_equal(f->started, 2);
}

static void a_journal_that_is_too_old_is_refused(void **state)
{
	struct fixture *f = *state;
	bot_kill(f);
	envoi_world_run(f->world, (uint64_t)25 * 3600 * 1000);
	assert_is_refused(f, "bot@example.org/desk", ENVOI_ERR_TIMEOUT);
	assert_int_equal(f->started, 2);
}

/* There is nothing that could be too old. */
static void an_old_one_of_a_session_closed_in_order_is_loaded(void **state)
{
	struct fixture *f = *state;
	envoi_client_disconnect(f->bot);
	envoi_world_run(f->world, 1000);
	bot_kill(f);
	envoi_world_run(f->world, (uint64_t)25 * 3600 * 1000);
	bot_start_again(f);
	assert_int_equal(f->started, 2);
}

/* The peer chooses when it sends. */
static void an_idle_session_has_few_records_whatever_the_age(void **state)
{
	struct fixture *f = *state;
	struct envoi_settings *settings;
	assert_int_equal(envoi_settings_new(&settings, envoi_world_context(f->world)), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "journal.max-age", "1s"), ENVOI_OK);
	envoi_session_configure(envoi_client_session(f->bot), settings);
	envoi_settings_free(settings);
	size_t before = envoi_buffer_len(&f->stored);
	envoi_world_run(f->world, 3600 * 1000);
	assert_true(envoi_buffer_len(&f->stored) < before + (size_t)70 * 100);
}

static void an_idle_session_does_not_become_too_old(void **state)
{
	struct fixture *f = *state;
	size_t before = envoi_buffer_len(&f->stored);
	envoi_world_run(f->world, (uint64_t)49 * 3600 * 1000);
	assert_true(envoi_buffer_len(&f->stored) < before + (size_t)50 * 100);
	bot_kill(f);
	bot_start_again(f);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(f->started, 1);
}

/* What was within the limits when it was recorded may be beyond them in the next process. */
static void a_journal_is_loaded_beyond_the_limits_of_the_outbox(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_peer *alice = envoi_test_server_peer(f->server, "alice");
	envoi_world_silence(f->world, "bot");
	for (int i = 0; i < 5; i++) {
		bot_say(f, "kept");
	}
	bot_kill(f);
	struct envoi_settings *settings;
	bot_new(f, "bot@example.org/desk");
	assert_int_equal(envoi_settings_new(&settings, envoi_world_context(f->world)), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "limits.outbox-stanzas", "2"), ENVOI_OK);
	envoi_session_configure(envoi_client_session(f->bot), settings);
	envoi_settings_free(settings);
	assert_int_equal(bot_load(f), ENVOI_OK);
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 10000);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 5);
}

static void a_refused_journal_leaves_the_address(void **state)
{
	struct fixture *f = *state;
	bot_kill(f);
	envoi_world_run(f->world, (uint64_t)25 * 3600 * 1000);
	bot_new(f, "bot@example.org/desk");
	struct envoi_session *session = envoi_client_session(f->bot);
	bool had_address = envoi_session_jid(session) != NULL;
	assert_int_equal(bot_load(f), ENVOI_ERR_TIMEOUT);
	assert_int_equal(envoi_session_jid(session) != NULL, had_address);
}

static void a_damaged_one_is_refused_except_at_its_end(void **state)
{
	struct fixture *f = *state;
	bot_say(f, "one");
	bot_say(f, "two");
	envoi_world_run(f->world, 1000);
	bot_kill(f);
	size_t len = envoi_buffer_len(&f->stored);
	char *copy = malloc(len);
	assert_non_null(copy);
	bot_new(f, "bot@example.org/desk");
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
	bot_ask(f);
	envoi_world_run(f->world, 1000);
	envoi_world_silence(f->world, "bot");
	bot_say(f, "one");
	bot_say(f, "two");
	envoi_world_run(f->world, 1000);
	bot_kill(f);
	bot_new(f, "bot@example.org/desk");
	int r = ENVOI_ERR_NOMEM;
	for (size_t n = 1; r != ENVOI_OK; n++) {
		assert_true(n < 100);
		size_t blocks = envoi_world_blocks(f->world);
		envoi_world_fail_allocation(f->world, n);
		r = bot_load(f);
		envoi_world_fail_allocation(f->world, 0);
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		assert_true(r == ENVOI_OK || envoi_world_blocks(f->world) == blocks);
	}
	assert_int_equal(bot_load(f), ENVOI_ERR_STATE);
	/* the one that did not fail has loaded all of it */
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->resumed, 1);
	assert_int_equal(f->errors, 1);
	assert_int_equal(envoi_test_peer_heard(alice, "bot@example.org"), 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, bot_setup, bot_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_journal_that_is_damaged_is_not_read),
		TEST(a_journal_may_be_replaced),
		TEST(a_session_with_a_stream_keeps_its_journal),
		TEST(the_id_of_a_request_may_have_several_lines),
		TEST(a_journal_of_another_account_is_refused),
		TEST(the_session_of_an_anonymous_user_goes_on),
		TEST(the_messages_of_an_anonymous_user_are_sent_by_the_next_session),
		TEST(an_empty_one_loads_nothing),
		TEST(a_journal_that_is_too_old_is_refused),
		TEST(an_old_one_of_a_session_closed_in_order_is_loaded),
		TEST(an_idle_session_has_few_records_whatever_the_age),
		TEST(an_idle_session_does_not_become_too_old),
		TEST(a_journal_is_loaded_beyond_the_limits_of_the_outbox),
		TEST(a_refused_journal_leaves_the_address),
		TEST(a_damaged_one_is_refused_except_at_its_end),
		TEST(loading_leaves_nothing_behind_when_memory_is_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
