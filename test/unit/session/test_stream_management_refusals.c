/*
 * envoi - stream management: streams that end twice in a row: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/features.h>

#include "stream_management_fixture.h"
#include "test_allocator.h"
#include "wire.h"

/* A server that announces no limit ends the stream for a stanza that is too long. */
static void what_was_sent_alone_at_the_second_refusal_in_a_row_is_not_sent_again(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_with_ticket(wire, 0, "poison");
	sm_send_with_ticket(wire, 1, "good");
	sm_end_with(wire, "policy-violation");
	assert_string_equal(sm_resume_again(wire), "poison r ");
	(void)wire_log(wire);
	sm_end_with(wire, "policy-violation");
	assert_string_equal(wire_log(wire), "poison refused\ndisconnected ENVOI_ERR_STREAM\n");
	assert_int_equal(sm_tickets[0].refusal, ENVOI_REFUSED_BY_STREAM_ERROR);
	assert_string_equal(sm_resume_again(wire), "good r ");
	sm_end_with(wire, "resource-constraint");
	assert_string_equal(sm_resume_again(wire), "good r ");
	assert_string_equal(sm_short_of(wire_talk(wire, A("1"))), "");
	assert_string_equal(wire_log(wire),
		"stream-opened\nauthenticated\nresumed " WIRE_OWN
		"\ndisconnected ENVOI_ERR_STREAM\nstream-opened\nauthenticated\nresumed " WIRE_OWN
		"\ngood acknowledged\n");
}

static char recorded[8192]; /* last in the journal */

static int append(struct envoi_journal *journal, const void *record, size_t len)
{
	(void)journal;
	assert_true(len < sizeof(recorded));
	memcpy(recorded, record, len);
	recorded[len] = '\0';
	return ENVOI_OK;
}

/* A process that is killed then would leave it to the next one. */
static void what_is_taken_out_leaves_the_journal_at_once(void **state)
{
	static const struct envoi_journal_impl impl = {append};
	static struct envoi_journal journal = {&impl};
	struct wire *wire = *state;
	sm_make_session(wire);
	assert_int_equal(envoi_session_set_journal(wire->session, &journal), ENVOI_OK);
	sm_enable(wire, RESUMABLE);
	sm_send_with_ticket(wire, 0, "poison");
	sm_send_with_ticket(wire, 1, "good");
	sm_end_with(wire, "policy-violation");
	assert_string_equal(sm_resume_again(wire), "poison r ");
	sm_end_with(wire, "policy-violation");
	assert_int_equal(strncmp(recorded, "account ", strlen("account ")), 0);
	assert_non_null(strstr(recorded, "<body>good</body>"));
	assert_null(strstr(recorded, "<body>poison</body>"));
}

/* Pings acknowledge what was sent since <enable/>: the journal does not see that. */
static void after_a_refusal_the_journal_has_nothing_as_sent(void **state)
{
	static const struct envoi_journal_impl impl = {append};
	static struct envoi_journal journal = {&impl};
	struct wire *wire = *state;
	sm_make_session(wire);
	assert_int_equal(envoi_session_set_journal(wire->session, &journal), ENVOI_OK);
	(void)sm_answer_binding(wire, sm_offer(wire, SM_OFFER));
	sm_send_with_ticket(wire, 0, "one");
	wire_run(wire, 0);
	assert_non_null(strstr(recorded, "<body>one</body>"));
	(void)wire_talk(wire, "<failed " SM "/>");
	assert_int_equal(strncmp(recorded, "ended ", strlen("ended ")), 0);
	assert_null(strstr(recorded, "<body>one</body>"));
}

static void what_follows_a_suspected_stanza_is_sent_after_its_acknowledgement(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_one(wire, "1");
	sm_send_one(wire, "2");
	sm_end_with(wire, "policy-violation");
	assert_string_equal(sm_resume_again(wire), "1 r ");
	sm_send_one(wire, "3");
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
	assert_string_equal(sm_short_of(wire_talk(wire, A("1"))), "2 r ");
	assert_string_equal(sm_short_of(wire_talk(wire, A("2"))), "3 ");
}

static void end_twice_with(struct wire *wire, const char *condition, const char *logged)
{
	sm_enable(wire, RESUMABLE);
	sm_send_with_ticket(wire, 0, "one");
	sm_end_with(wire, condition);
	assert_string_equal(sm_resume_again(wire), "one r ");
	(void)wire_log(wire);
	sm_end_with(wire, condition);
	assert_string_equal(wire_log(wire), logged);
}

static void want_of_resources_twice_in_a_row_refuses_what_was_first(void **state)
{
	end_twice_with(
		*state, "resource-constraint", "one refused\ndisconnected ENVOI_ERR_STREAM\n");
}

static void another_end_twice_in_a_row_refuses_nothing(void **state)
{
	end_twice_with(*state, "reset", "disconnected ENVOI_ERR_STREAM\n");
}

static void a_receiver_without_memory_is_reported(void **state)
{
	struct test_allocator allocator = {0};
	struct envoi_resumption_hook hook = {0};
	struct envoi_handler *receiver;
	struct envoi_context *context;
	(void)state;
	assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
	allocator.fail_at = allocator.calls + 1;
	assert_int_equal(
		envoi_stream_management_receiver_new(&receiver, context, &hook), ENVOI_ERR_NOMEM);
	envoi_context_unref(context);
	assert_int_equal(allocator.live, 0);
}

static void another_end_between_two_refusals_clears_the_suspicion(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_with_ticket(wire, 0, "one");
	sm_end_with(wire, "policy-violation");
	assert_string_equal(sm_resume_again(wire), "one r ");
	sm_cut(wire);
	assert_string_equal(sm_resume_again(wire), "one r ");
	sm_end_with(wire, "policy-violation");
	assert_string_equal(sm_resume_again(wire), "one r ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sm_setup, sm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(want_of_resources_twice_in_a_row_refuses_what_was_first),
		TEST(another_end_twice_in_a_row_refuses_nothing),
		cmocka_unit_test(a_receiver_without_memory_is_reported),
		TEST(what_was_sent_alone_at_the_second_refusal_in_a_row_is_not_sent_again),
		TEST(what_is_taken_out_leaves_the_journal_at_once),
		TEST(after_a_refusal_the_journal_has_nothing_as_sent),
		TEST(what_follows_a_suspected_stanza_is_sent_after_its_acknowledgement),
		TEST(another_end_between_two_refusals_clears_the_suspicion),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
