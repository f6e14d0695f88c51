/*
 * envoi - growing byte buffers: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/error.h>

#include "between.h"

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

static void bytes_come_out_as_they_went_in(void **state)
{
	struct envoi_buffer buffer;
	envoi_buffer_init(&buffer, *state, 0);
	unsigned char in = 0, out = 0;
	for (int round = 0; round < 2000; round++) {
		for (int i = 0; i < 7; i++, in++) {
			assert_int_equal(envoi_buffer_append(&buffer, &in, 1), ENVOI_OK);
		}
		for (int i = 0; i < 6; i++, out++) {
			assert_int_equal((unsigned char)envoi_buffer_data(&buffer)[0], out);
			envoi_buffer_consume(&buffer, 1);
		}
	}
	assert_int_equal(envoi_buffer_len(&buffer), 2000);
	envoi_buffer_finish(&buffer);
}

/* Wherever it was: the bytes of a buffer that has moved its content too. */
static void wiped_bytes_are_nowhere_in_the_memory(void **state)
{
	struct envoi_buffer buffer;
	envoi_buffer_init(&buffer, *state, 0);
	assert_int_equal(envoi_buffer_append_text(&buffer, "a secret, "), ENVOI_OK);
	size_t capacity = buffer.capacity;
	while (envoi_buffer_len(&buffer) < capacity) {
		assert_int_equal(envoi_buffer_append_text(&buffer, "x"), ENVOI_OK);
	}
	envoi_buffer_wipe_front(&buffer, capacity - 10);
	assert_int_equal(envoi_buffer_append_text(&buffer, "a secret"), ENVOI_OK);
	assert_int_equal(buffer.capacity, capacity);
	assert_memory_equal(envoi_buffer_data(&buffer), "xxxxxxxxxxa secret", 18);
	envoi_buffer_wipe_front(&buffer, 100);
	assert_int_equal(envoi_buffer_len(&buffer), 0);
	for (size_t i = 0; i < capacity; i++) {
		assert_int_equal(buffer.data[i], 0);
	}
	envoi_buffer_wipe_front(&buffer, 1);
	envoi_buffer_finish(&buffer);
	envoi_buffer_wipe_front(&buffer, 1);
}

/* A peer that reads slowly, and more to send all the time. */
static void a_backlog_is_not_moved_again_and_again(void **state)
{
	enum {
		BACKLOG = 1 << 16,
		PIECE = 10
	};
	static const char zeros[BACKLOG];
	struct envoi_buffer buffer;
	unsigned int moves = 0;
	envoi_buffer_init(&buffer, *state, 0);
	assert_int_equal(envoi_buffer_append(&buffer, zeros, BACKLOG), ENVOI_OK);
	assert_int_equal(buffer.capacity, BACKLOG);
	for (int i = 0; i < BACKLOG / PIECE; i++) {
		size_t start = buffer.start;
		envoi_buffer_consume(&buffer, PIECE);
		assert_int_equal(envoi_buffer_append(&buffer, zeros, PIECE), ENVOI_OK);
		moves += buffer.start < start + PIECE;
	}
	assert_between(moves, 1, 2);
	assert_int_equal(buffer.capacity, 2 * BACKLOG);
	envoi_buffer_finish(&buffer);
}

static void the_limit_refuses_and_changes_nothing(void **state)
{
	struct envoi_buffer buffer;
	envoi_buffer_init(&buffer, *state, 10);
	assert_int_equal(envoi_buffer_append(&buffer, "12345678", 8), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&buffer, "abc", 3), ENVOI_ERR_FULL);
	assert_int_equal(envoi_buffer_len(&buffer), 8);
	assert_int_equal(envoi_buffer_append(&buffer, "ab", 2), ENVOI_OK);
	envoi_buffer_truncate(&buffer, 9);
	assert_memory_equal(envoi_buffer_data(&buffer), "12345678a", 9);
	envoi_buffer_finish(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bytes_come_out_as_they_went_in, setup, teardown),
		cmocka_unit_test_setup_teardown(
			wiped_bytes_are_nowhere_in_the_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_backlog_is_not_moved_again_and_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_limit_refuses_and_changes_nothing, setup, teardown),
	};
	return cmocka_run_group_tests_name("base/buffer", tests, NULL, NULL);
}
