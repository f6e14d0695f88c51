/*
 * envoi - connections in memory: tests of raw ends
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
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *a, *b;
	int changes;
	uint64_t last_change_ms;
	bool frees_b;
};

static void b_changed(void *user, struct envoi_memory_end *end)
{
	struct fixture *f = user;
	f->changes++;
	f->last_change_ms = envoi_loop_now_ms(f->loop);
	if (f->frees_b) {
		envoi_memory_end_free(end);
		f->b = NULL;
	}
}

static int setup(void **state)
{
	static struct fixture fixture;
	fixture = (struct fixture){0};
	struct fixture *f = &fixture;
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(envoi_memory_pair_new(&f->pair, f->context), ENVOI_OK);
	assert_int_equal(
		envoi_memory_end_new(&f->a, f->pair, ENVOI_MEMORY_A, NULL, NULL), ENVOI_OK);
	assert_int_equal(
		envoi_memory_end_new(&f->b, f->pair, ENVOI_MEMORY_B, b_changed, f), ENVOI_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_memory_end_free(f->a);
	envoi_memory_end_free(f->b);
	envoi_memory_pair_unref(f->pair);
	envoi_context_unref(f->context);
	return 0;
}

static void run(struct fixture *f)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 60000), ENVOI_OK);
}

static void send_text(struct envoi_memory_end *end, const char *text)
{
	assert_int_equal(envoi_memory_end_send(end, text, strlen(text)), ENVOI_OK);
}

static void expect(struct envoi_memory_end *end, const char *text)
{
	struct envoi_buffer *received = envoi_memory_end_received(end);
	assert_int_equal(envoi_buffer_len(received), strlen(text));
	assert_memory_equal(envoi_buffer_data(received), text, strlen(text));
}

static void bytes_arrive_from_the_loop_and_in_order(void **state)
{
	struct fixture *f = *state;
	send_text(f->a, "one ");
	send_text(f->a, "two");
	assert_int_equal(f->changes, 0);
	run(f);
	expect(f->b, "one two");
	assert_int_equal(f->changes, 1);
	send_text(f->b, "back");
	run(f);
	expect(f->a, "back");
}

static void pieces_come_one_a_turn(void **state)
{
	struct fixture *f = *state;
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.piece_bytes = 1;
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_A, &script);
	send_text(f->a, "abcde");
	run(f);
	expect(f->b, "abcde");
	assert_int_equal(f->changes, 5);
}

static void delay_is_kept_for_bytes_and_for_the_end(void **state)
{
	struct fixture *f = *state;
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.delay_ms = 250;
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_A, &script);
	send_text(f->a, "late");
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 249), ENVOI_OK);
	expect(f->b, "");
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 1), ENVOI_OK);
	expect(f->b, "late");
	uint64_t before = envoi_loop_now_ms(f->loop);
	envoi_memory_end_shut_down(f->a);
	run(f);
	assert_true(envoi_memory_end_is_over(f->b));
	assert_int_equal(f->last_change_ms - before, 250);
}

static void a_cut_breaks_both_sides_at_its_offset(void **state)
{
	struct fixture *f = *state;
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.cut_at = 3;
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_A, &script);
	send_text(f->a, "abcde");
	run(f);
	expect(f->b, "abc");
	assert_true(envoi_memory_end_is_over(f->a));
	assert_true(envoi_memory_end_is_over(f->b));
	assert_int_equal(envoi_memory_end_send(f->a, "x", 1), ENVOI_ERR_STATE);
	assert_int_equal(envoi_memory_pair_arrived(f->pair, ENVOI_MEMORY_A), 3);
}

static void a_cut_at_zero_needs_no_byte(void **state)
{
	struct fixture *f = *state;
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.cut_at = 0;
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_B, &script);
	assert_false(envoi_memory_end_is_over(f->a));
	run(f);
	assert_true(envoi_memory_end_is_over(f->a));
	assert_true(envoi_memory_end_is_over(f->b));
}

static void a_stalled_link_delivers_nothing_until_the_stall_ends(void **state)
{
	struct fixture *f = *state;
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.stall_at = 2;
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_A, &script);
	send_text(f->a, "abcde");
	envoi_memory_end_shut_down(f->a);
	run(f);
	expect(f->b, "ab");
	assert_false(envoi_memory_end_is_over(f->b));
	script.stall_at = ENVOI_MEMORY_NEVER;
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_A, &script);
	run(f);
	expect(f->b, "abcde");
	assert_true(envoi_memory_end_is_over(f->b));
}

static void the_window_holds_the_sender_up(void **state)
{
	struct fixture *f = *state;
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.window_bytes = 4;
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_A, &script);
	envoi_memory_end_pause(f->b, true);
	send_text(f->a, "abcdefghij");
	envoi_memory_end_shut_down(f->a);
	run(f);
	assert_int_equal(envoi_memory_pair_sent(f->pair, ENVOI_MEMORY_A), 4);
	expect(f->b, "");
	envoi_memory_end_pause(f->b, false);
	run(f);
	expect(f->b, "abcdefghij");
	assert_true(envoi_memory_end_is_over(f->b));
}

static void an_end_may_be_freed_in_its_callback(void **state)
{
	struct fixture *f = *state;
	f->frees_b = true;
	send_text(f->a, "x");
	run(f);
	assert_null(f->b);
	assert_int_equal(f->changes, 1);
	assert_true(envoi_memory_end_is_over(f->a));
}

static void freeing_an_end_loses_nothing_that_was_sent(void **state)
{
	struct fixture *f = *state;
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.window_bytes = 2;
	envoi_memory_pair_script(f->pair, ENVOI_MEMORY_A, &script);
	send_text(f->a, "last words");
	envoi_memory_end_free(f->a);
	f->a = NULL;
	run(f);
	expect(f->b, "last words");
	assert_true(envoi_memory_end_is_over(f->b));
}

static void each_side_is_made_once(void **state)
{
	struct fixture *f = *state;
	struct envoi_memory_end *again;
	assert_int_equal(
		envoi_memory_end_new(&again, f->pair, ENVOI_MEMORY_A, NULL, NULL), ENVOI_ERR_STATE);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(bytes_arrive_from_the_loop_and_in_order),
		CASE(pieces_come_one_a_turn),
		CASE(delay_is_kept_for_bytes_and_for_the_end),
		CASE(a_cut_breaks_both_sides_at_its_offset),
		CASE(a_cut_at_zero_needs_no_byte),
		CASE(a_stalled_link_delivers_nothing_until_the_stall_ends),
		CASE(the_window_holds_the_sender_up),
		CASE(an_end_may_be_freed_in_its_callback),
		CASE(freeing_an_end_loses_nothing_that_was_sent),
		CASE(each_side_is_made_once),
	};
	return cmocka_run_group_tests_name("sim/memory", tests, NULL, NULL);
}
