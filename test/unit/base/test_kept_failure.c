/*
 * envoi - tests of failures that are kept
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/kept_failure.h"
#include "test_allocator.h"

struct fixture {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi__kept_failure kept;
	struct envoi_failure failure;
};

static int set_up(void **state)
{
	static struct fixture fixture;
	fixture = (struct fixture){.kept = {.whole = NULL}};
	assert_int_equal(test_allocator_context(&fixture.context, &fixture.allocator), ENVOI_OK);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	envoi__kept_failure_finish(&fixture->kept);
	envoi_failure_finish(&fixture->failure);
	envoi_context_unref(fixture->context);
	assert_int_equal(fixture->allocator.live, 0);
	return 0;
}

static struct envoi_failure *make(struct fixture *fixture)
{
	struct envoi_failure *failure = &fixture->failure;
	envoi_failure_set(failure, fixture->context, ENVOI_PHASE_TLS, ENVOI_ERR_CERTIFICATE, "why");
	failure->stream_condition = ENVOI_STREAM_POLICY_VIOLATION;
	failure->sasl_condition = ENVOI_SASL_NOT_AUTHORIZED;
	failure->stanza_condition = ENVOI_CONFLICT;
	failure->tls_doubts = 5;
	envoi_failure_add_attempt(failure, &(struct envoi_attempt){.text = "tried"});
	return failure;
}

static void assert_codes(const struct envoi_failure *failure)
{
	assert_int_equal(failure->phase, ENVOI_PHASE_TLS);
	assert_int_equal(failure->code, ENVOI_ERR_CERTIFICATE);
	assert_int_equal(failure->retry, ENVOI_RETRY_AFTER_USER);
	assert_int_equal(failure->stream_condition, ENVOI_STREAM_POLICY_VIOLATION);
	assert_int_equal(failure->sasl_condition, ENVOI_SASL_NOT_AUTHORIZED);
	assert_int_equal(failure->stanza_condition, ENVOI_CONFLICT);
	assert_int_equal(failure->tls_doubts, 5);
}

static void a_failure_is_kept_whole(void **state)
{
	struct fixture *fixture = *state;
	struct envoi_failure room, given;
	envoi__kept_failure_take(&fixture->kept, fixture->context, make(fixture));
	const struct envoi_failure *shown = envoi__kept_failure_show(&fixture->kept, &room);
	assert_codes(shown);
	assert_string_equal(shown->attempts[0].text, "tried");
	envoi__kept_failure_give(&fixture->kept, &given);
	assert_codes(&given);
	assert_string_equal(given.text, "why");
	assert_int_equal(given.attempt_count, 1);
	assert_int_equal(fixture->kept.code, ENVOI_OK);
	assert_null(fixture->kept.whole);
	envoi_failure_finish(&given);
}

static void without_memory_the_codes_are_kept(void **state)
{
	struct fixture *fixture = *state;
	struct envoi_failure room;
	make(fixture);
	fixture->allocator.fail_at = fixture->allocator.calls + 1;
	fixture->allocator.fail_on = true;
	envoi__kept_failure_copy(&fixture->kept, fixture->context, &fixture->failure);
	const struct envoi_failure *shown = envoi__kept_failure_show(&fixture->kept, &room);
	assert_ptr_equal(shown, &room);
	assert_codes(shown);
	assert_string_equal(shown->text, "");
	assert_int_equal(shown->attempt_count, 0);
}

static void codes_alone_take_no_memory(void **state)
{
	struct fixture *fixture = *state;
	size_t before = fixture->allocator.calls;
	envoi_failure_set(&fixture->failure, fixture->context, ENVOI_PHASE_CLOSE, ENVOI_OK, NULL);
	envoi__kept_failure_take(&fixture->kept, fixture->context, &fixture->failure);
	assert_int_equal(fixture->kept.phase, ENVOI_PHASE_CLOSE);
	assert_int_equal(fixture->allocator.calls, before);
}

/* The earlier one is freed. */
static void a_failure_replaces_another(void **state)
{
	struct fixture *fixture = *state;
	struct envoi_failure given;
	envoi__kept_failure_take(&fixture->kept, fixture->context, make(fixture));
	envoi_failure_set(&fixture->failure, fixture->context, ENVOI_PHASE_STREAM,
		ENVOI_ERR_TIMEOUT, "later");
	envoi__kept_failure_take(&fixture->kept, fixture->context, &fixture->failure);
	envoi__kept_failure_give(&fixture->kept, &given);
	assert_int_equal(given.code, ENVOI_ERR_TIMEOUT);
	assert_string_equal(given.text, "later");
	envoi_failure_finish(&given);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_failure_is_kept_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			without_memory_the_codes_are_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(codes_alone_take_no_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_failure_replaces_another, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
