/*
 * envoi - tests of the lifetime guard
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/guard.h"

static void an_object_that_is_not_freed_is_never_released(void **state)
{
	(void)state;
	struct envoi__guard guard = {0};
	assert_true(envoi__guard_is_idle(&guard));
	envoi__guard_enter(&guard);
	assert_true(envoi__guard_is_outermost(&guard));
	envoi__guard_enter(&guard);
	assert_false(envoi__guard_is_outermost(&guard));
	assert_false(envoi__guard_leave(&guard));
	assert_false(envoi__guard_leave(&guard));
	assert_true(envoi__guard_is_idle(&guard));
	assert_false(envoi__guard_is_over(&guard));
}

static void the_outermost_call_releases_what_was_freed_inside(void **state)
{
	(void)state;
	struct envoi__guard guard = {0};
	envoi__guard_enter(&guard);
	envoi__guard_enter(&guard);
	envoi__guard_end(&guard);
	assert_true(envoi__guard_is_over(&guard));
	assert_false(envoi__guard_leave(&guard));
	envoi__guard_enter(&guard); /* a callback between, after the object was freed */
	assert_false(envoi__guard_leave(&guard));
	assert_true(envoi__guard_leave(&guard));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_that_is_not_freed_is_never_released),
		cmocka_unit_test(the_outermost_call_releases_what_was_freed_inside),
	};
	return cmocka_run_group_tests_name("base/guard", tests, NULL, NULL);
}
