/*
 * envoi - payload descriptors: what holds for all tables
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "library_payloads.h"
#include "payload/payload_tables.h"
#include "payload_property.h"

enum {
	TYPES = sizeof(all_types) / sizeof(all_types[0]),
};

static void a_written_payload_is_parsed_to_an_equal_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < TYPES; i++) {
		payload_property_check(all_types[i], 200, 1000 * i);
	}
}

static void no_memory_is_survived_at_every_allocation(void **state)
{
	(void)state;
	for (size_t i = 0; i < TYPES; i++) {
		for (uint64_t seed = 70; seed < 78; seed++) {
			payload_property_check_memory(all_types[i], seed);
		}
	}
}

static void the_tables_of_the_library_are_sound(void **state)
{
	(void)state;
	for (size_t i = 0; library_payloads[i] != NULL; i++) {
		payload_property_check(library_payloads[i], 200, 1000 * i);
		for (uint64_t seed = 0; seed < 8; seed++) {
			payload_property_check_memory(library_payloads[i], seed);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_written_payload_is_parsed_to_an_equal_one),
		cmocka_unit_test(no_memory_is_survived_at_every_allocation),
		cmocka_unit_test(the_tables_of_the_library_are_sound),
	};
	return cmocka_run_group_tests_name("payload/payload_properties", tests, NULL, NULL);
}
