/*
 * envoi - the version of the library: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <envoi/version.h>

enum {
	MAJOR = ENVOI_VERSION_MAJOR,
	MINOR = ENVOI_VERSION_MINOR,
	PATCH = ENVOI_VERSION_PATCH,
};

#if !ENVOI_VERSION_AT_LEAST(0, 0, 0) || ENVOI_VERSION_AT_LEAST(999, 0, 0)
#error "the preprocessor compares versions"
#endif

static void the_text_has_the_three_numbers(void **state)
{
	(void)state;
	char text[64];
	snprintf(text, sizeof(text), "%d.%d.%d", MAJOR, MINOR, PATCH);
	assert_string_equal(envoi_version(), text);
	assert_string_equal(ENVOI_VERSION, text);
}

static void a_version_is_at_least_itself_and_all_before_it(void **state)
{
	(void)state;
	assert_true(envoi_version_at_least(MAJOR, MINOR, PATCH));
	assert_true(envoi_version_at_least(0, 0, 0));
	assert_false(envoi_version_at_least(MAJOR, MINOR, PATCH + 1));
	assert_false(envoi_version_at_least(MAJOR, MINOR + 1, 0));
	assert_false(envoi_version_at_least(MAJOR + 1, 0, 0));
	if (MINOR > 0) {
		assert_true(envoi_version_at_least(MAJOR, MINOR - 1, 999));
	}
}

static void numbers_of_versions_are_in_their_order(void **state)
{
	(void)state;
	assert_true(ENVOI_VERSION_NUMBER(0, 999, 999) < ENVOI_VERSION_NUMBER(1, 0, 0));
	assert_true(ENVOI_VERSION_NUMBER(1, 0, 999) < ENVOI_VERSION_NUMBER(1, 1, 0));
	assert_true(ENVOI_VERSION_NUMBER(1, 1, 0) < ENVOI_VERSION_NUMBER(1, 1, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_has_the_three_numbers),
		cmocka_unit_test(a_version_is_at_least_itself_and_all_before_it),
		cmocka_unit_test(numbers_of_versions_are_in_their_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
