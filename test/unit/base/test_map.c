/*
 * envoi - hash map: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/error.h>

#include "base/map.h"

static int setup(void **state)
{
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	*state = context;
	return 0;
}

static int teardown(void **state)
{
	envoi_context_unref(*state);
	return 0;
}

static void an_added_key_is_found_until_it_is_removed(void **state)
{
	struct envoi__map map;
	envoi__map_init(&map, *state);
	static char keys[1000][8];
	for (size_t i = 0; i < 1000; i++) {
		snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
		assert_int_equal(envoi__map_add(&map, keys[i], strlen(keys[i]), keys[i]), ENVOI_OK);
	}
	assert_int_equal(envoi__map_add(&map, "k7", 2, keys[0]), ENVOI_ERR_EXISTS);
	for (size_t i = 0; i < 1000; i += 2) {
		assert_ptr_equal(envoi__map_remove(&map, keys[i], strlen(keys[i])), keys[i]);
	}
	assert_null(envoi__map_remove(&map, "k0", 2));
	for (size_t i = 0; i < 1000; i++) {
		assert_ptr_equal(
			envoi__map_get(&map, keys[i], strlen(keys[i])), i % 2 ? keys[i] : NULL);
	}
	size_t position = 0, visited = 0;
	while (envoi__map_next(&map, &position) != NULL) {
		visited++;
	}
	assert_int_equal(visited, 500);
	envoi__map_finish(&map);
}

static void an_emptied_map_has_no_memory_and_takes_keys_again(void **state)
{
	struct envoi__map map;
	char value[] = "value";
	envoi__map_init(&map, *state);
	assert_int_equal(envoi__map_add(&map, "a", 1, value), ENVOI_OK);
	assert_int_equal(envoi__map_add(&map, "b", 1, value), ENVOI_OK);
	size_t position = 0;
	while (envoi__map_next(&map, &position) != NULL) {
		envoi__map_remove(&map, "a", 1);
		envoi__map_remove(&map, "b", 1);
	}
	assert_null(map.entries);
	assert_null(envoi__map_get(&map, "a", 1));
	assert_int_equal(envoi__map_add(&map, "a", 1, value), ENVOI_OK);
	assert_ptr_equal(envoi__map_get(&map, "a", 1), value);
	envoi__map_finish(&map);
}

static void adding_and_removing_for_ever_does_not_grow_it(void **state)
{
	struct envoi__map map;
	envoi__map_init(&map, *state);
	char key[16];
	for (unsigned int i = 0; i < 100000; i++) {
		int len = snprintf(key, sizeof(key), "%u", i);
		assert_int_equal(envoi__map_add(&map, key, (size_t)len, key), ENVOI_OK);
		assert_ptr_equal(envoi__map_remove(&map, key, (size_t)len), key);
	}
	assert_true(map.capacity <= 64);
	envoi__map_finish(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_added_key_is_found_until_it_is_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_emptied_map_has_no_memory_and_takes_keys_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			adding_and_removing_for_ever_does_not_grow_it, setup, teardown),
	};
	return cmocka_run_group_tests_name("base/map", tests, NULL, NULL);
}
