/*
 * envoi - domain names as A-labels: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/error.h>

#include "jid/idna.h"

static void names_are_converted_as_they_are_looked_up(void **state)
{
	(void)state;
	static const struct {
		const char *domain, *ascii; /* NULL: refused */
	} rows[] = {
		{"example.org", "example.org"},
		{"Example.ORG", "Example.ORG"},
		{"xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"b\xc3\xbc"
		 "cher.example",
			"xn--bcher-kva.example"},
		{"B\xc3\x9c"
		 "CHER.example",
			"xn--bcher-kva.example"},
		{"stra\xc3\x9f"
		 "e.example",
			"xn--strae-oqa.example"},
		{"192.0.2.1", "192.0.2.1"},
		{"[2001:db8::1]", "[2001:db8::1]"},
		{"", ""},
		{"a\xc3", NULL},
		{"\xf3\xa0\x80\x81.example", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char to[64] = "unchanged";
		int r = envoi__domain_to_ascii(to, sizeof(to), rows[i].domain);
		if (rows[i].ascii == NULL) {
			assert_int_equal(r, ENVOI_ERR_INVALID);
			assert_string_equal(to, "unchanged");
		} else {
			assert_int_equal(r, ENVOI_OK);
			assert_string_equal(to, rows[i].ascii);
		}
	}
}

static void names_are_converted_in_place(void **state)
{
	(void)state;
	char name[32] = "b\xc3\xbc"
			"cher.example";
	assert_int_equal(envoi__domain_to_ascii(name, sizeof(name), name), ENVOI_OK);
	assert_string_equal(name, "xn--bcher-kva.example");
}

static void the_room_is_respected(void **state)
{
	(void)state;
	char to[22] = "unchanged";
	assert_int_equal(envoi__domain_to_ascii(to, 21,
				 "b\xc3\xbc"
				 "cher.example"),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi__domain_to_ascii(to, 11, "example.org"), ENVOI_ERR_INVALID);
	assert_string_equal(to, "unchanged");
	assert_int_equal(envoi__domain_to_ascii(to, 12, "example.org"), ENVOI_OK);
	assert_int_equal(envoi__domain_to_ascii(to, 22,
				 "b\xc3\xbc"
				 "cher.example"),
		ENVOI_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_converted_as_they_are_looked_up),
		cmocka_unit_test(names_are_converted_in_place),
		cmocka_unit_test(the_room_is_respected),
	};
	return cmocka_run_group_tests_name("jid/idna", tests, NULL, NULL);
}
