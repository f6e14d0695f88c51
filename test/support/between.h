/*
 * envoi - tests: a number in a range
 * SPDX-License-Identifier: MIT
 *
 * cmocka 1 has assert_in_range(), which cmocka 2 deprecates for calls that cmocka 1 lacks.
 */
#ifndef TEST_BETWEEN_H
#define TEST_BETWEEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static inline void check_between(
	uintmax_t value, uintmax_t least, uintmax_t most, const char *file, int line)
{
	if (value < least || value > most) {
		print_error("%ju is not in %ju to %ju\n", value, least, most);
		_fail(file, line);
	}
}

/* Both ends are in the range. */
#define assert_between(value, least, most) check_between(value, least, most, __FILE__, __LINE__)

#endif
