/*
 * envoi - which of the elements sent were stanzas: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/error.h>

#include "stream/written.h"
#include "test_allocator.h"

static struct test_allocator allocator;
static struct envoi_context *context;
static struct envoi__written written;

static int setup(void **state)
{
	(void)state;
	allocator = (struct test_allocator){.calls = 0};
	assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
	envoi__written_init(&written, context);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi__written_finish(&written);
	envoi_context_unref(context);
	return 0;
}

static void add(const char *kinds)
{
	for (; *kinds != '\0'; kinds++) {
		assert_int_equal(envoi__written_add(&written, *kinds == 's'), ENVOI_OK);
	}
}

static void only_stanzas_are_counted(void **state)
{
	(void)state;
	add("nsnnsss");
	assert_int_equal(envoi__written_take(&written, 1), 0);
	assert_int_equal(envoi__written_take(&written, 3), 1);
	assert_int_equal(envoi__written_take(&written, 2), 2);
	assert_int_equal(envoi__written_take(&written, 1), 1);
	assert_int_equal(envoi__written_take(&written, 1), 0);
}

static void an_element_that_was_not_sent_is_removed(void **state)
{
	(void)state;
	add("ss");
	envoi__written_undo(&written);
	add("n");
	envoi__written_undo(&written);
	add("s");
	assert_int_equal(envoi__written_take(&written, 10), 2);
}

static void ever_new_runs_need_no_more_memory_than_are_pending(void **state)
{
	(void)state;
	add("snsnsn");
	for (int i = 0; i < 10000; i++) {
		add("sn");
		assert_int_equal(envoi__written_take(&written, 2), 1);
	}
	assert_true(written.capacity <= 32);
	assert_int_equal(envoi__written_take(&written, 6), 3);
}

static void a_failed_allocation_changes_nothing(void **state)
{
	(void)state;
	add("snsn");
	allocator.fail_at = allocator.calls + 1;
	assert_int_equal(envoi__written_add(&written, true), ENVOI_ERR_NOMEM);
	assert_int_equal(envoi__written_take(&written, 4), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_stanzas_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_element_that_was_not_sent_is_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			ever_new_runs_need_no_more_memory_than_are_pending, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_failed_allocation_changes_nothing, setup, teardown),
	};
	return cmocka_run_group_tests_name("stream/written", tests, NULL, NULL);
}
