/*
 * envoi - dialing: tests in virtual time
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/settings.h>

#include "dial_fixture.h"

static const struct scripted_host all_connect[] = {
	{.address = "192.0.2.1"},
	{.address = "192.0.2.2"},
	{.address = "192.0.2.9"},
	{.address = "2001:db8::1"},
	{.address = "2001:db8::2"},
	{0},
};

/* --- the race --- */

static const struct scripted_answer two_targets[] = {
	{.name = XMPP, .records = "10 0 5222 a.example, 20 0 5223 b.example"},
	{.name = "a.example", .family = AF_INET, .records = "192.0.2.1, 192.0.2.2"},
	{.name = "a.example",
		.family = AF_INET6,
		.records = "2001:db8::1, 2001:db8::2, 2001:db8::3"},
	{.name = "b.example", .family = AF_INET, .records = "192.0.2.9"},
	{0},
};

static void a_black_hole_costs_a_quarter_of_a_second(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "2001:db8::1", .delay_ms = NEVER},
		{.address = "192.0.2.1"},
		{0},
	};
	struct dial_fixture *f = *state;
	assert_string_equal(dial(f, two_targets, hosts), "250 a.example 192.0.2.1:5222 starttls");
	assert_string_equal(f->network.log, "0 [2001:db8::1]:5222, 250 192.0.2.1:5222");
	assert_int_equal(f->network.open, 1);
}

static void starts_are_staggered_families_alternate_and_targets_keep_their_order(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "2001:db8::1", .delay_ms = NEVER},
		{.address = "2001:db8::2", .delay_ms = NEVER},
		{.address = "2001:db8::3", .delay_ms = NEVER},
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{.address = "192.0.2.2", .delay_ms = NEVER},
		{.address = "192.0.2.9", .delay_ms = NEVER},
		{0},
	};
	struct dial_fixture *f = *state;
	/* all time out 15 seconds after they were started */
	assert_string_equal(dial(f, two_targets, hosts), "16250 connect ENVOI_ERR_TIMEOUT");
	assert_string_equal(f->network.log,
		"0 [2001:db8::1]:5222, 250 192.0.2.1:5222, 500 [2001:db8::2]:5222, "
		"750 192.0.2.2:5222, 1000 [2001:db8::3]:5222, 1250 192.0.2.9:5223");
	assert_int_equal(f->network.open, 0);
	assert_int_equal(f->failure.attempt_count, 6);
}

static void a_refused_connection_makes_room_at_once(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "2001:db8::1", .error = ECONNREFUSED, .delay_ms = 10},
		{.address = "192.0.2.1", .error_at_once = ENETUNREACH},
		{.address = "2001:db8::2", .error = EHOSTUNREACH, .delay_ms = 5},
		{.address = "192.0.2.2", .delay_ms = 1},
		{0},
	};
	struct dial_fixture *f = *state;
	assert_string_equal(dial(f, two_targets, hosts), "16 a.example 192.0.2.2:5222 starttls");
	assert_string_equal(f->network.log,
		"0 [2001:db8::1]:5222, 10 192.0.2.1:5222, "
		"10 [2001:db8::2]:5222, 15 192.0.2.2:5222");
}

static void the_slower_one_that_was_first_may_win_still(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "2001:db8::1", .delay_ms = 300},
		{.address = "192.0.2.1", .delay_ms = 300},
		{0},
	};
	struct dial_fixture *f = *state;
	assert_string_equal(dial(f, two_targets, hosts), "300 a.example 2001:db8::1:5222 starttls");
	assert_int_equal(f->network.open, 1);
}

static void each_attempt_is_kept_for_the_report(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "2001:db8::1", .error = ECONNREFUSED},
		{.address = "2001:db8::2", .error_at_once = EMFILE},
		{.address = "2001:db8::3", .error = ETIMEDOUT},
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{.address = "192.0.2.2", .error = EHOSTUNREACH},
		{0},
	};
	static const struct envoi_attempt expected[] = {
		{.address = "2001:db8::1",
			.code = ENVOI_ERR_UNREACHABLE,
			.text = "connection refused"},
		{.address = "2001:db8::2",
			.code = ENVOI_ERR_SYSTEM,
			.text = "too many open files in this program"},
		{.address = "192.0.2.2",
			.code = ENVOI_ERR_UNREACHABLE,
			.text = "no route to this host"},
		{.address = "2001:db8::3",
			.code = ENVOI_ERR_TIMEOUT,
			.text = "connection timed out"},
		{.address = "192.0.2.9",
			.code = ENVOI_ERR_UNREACHABLE,
			.text = "network is unreachable"},
		{.address = "192.0.2.1",
			.code = ENVOI_ERR_TIMEOUT,
			.text = "no answer in the time allowed"},
	};
	struct dial_fixture *f = *state;
	assert_string_equal(dial(f, two_targets, hosts), "15000 connect ENVOI_ERR_UNREACHABLE");
	assert_int_equal(f->failure.attempt_count, 6);
	for (size_t i = 0; i < 6; i++) {
		const struct envoi_attempt *got = &f->failure.attempts[i];
		assert_string_equal(got->address, expected[i].address);
		assert_string_equal(got->text, expected[i].text);
		assert_int_equal(got->code, expected[i].code);
		assert_int_equal(got->phase, ENVOI_PHASE_CONNECT);
		bool is_b = strcmp(got->address, "192.0.2.9") == 0;
		assert_string_equal(got->target, is_b ? "b.example" : "a.example");
		assert_int_equal(got->port, is_b ? 5223 : 5222);
	}
	assert_int_equal(f->failure.retry, ENVOI_RETRY_LATER);
}

static void the_deadline_ends_everything_and_names_the_phase(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "2001:db8::1", .delay_ms = NEVER},
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{0},
	};
	struct dial_fixture *f = *state;
	f->options.timeout_ms = 400;
	assert_string_equal(dial(f, two_targets, hosts), "400 connect ENVOI_ERR_TIMEOUT");
	assert_int_equal(f->network.open, 0);
	dial_fixture_end(f);
	static const struct scripted_answer silent[] = {{.name = XMPP, .delay_ms = NEVER}, {0}};
	assert_string_equal(dial(f, silent, hosts), "800 resolve ENVOI_ERR_TIMEOUT");
	assert_int_equal(f->failure.attempt_count, 1);
	assert_string_equal(f->failure.attempts[0].target, XMPP);
}

static void times_are_those_of_the_options(void **state)
{
	static const struct scripted_host hosts[] = {
		{.address = "2001:db8::1", .delay_ms = NEVER},
		{.address = "192.0.2.1", .delay_ms = NEVER},
		{0},
	};
	static const struct scripted_answer silent[] = {
		{.name = "b.example", .family = AF_INET, .delay_ms = NEVER}, {0}};
	static const struct scripted_answer one[] = {
		{.name = "a.example", .family = AF_INET, .records = "192.0.2.1"},
		{.name = "a.example", .family = AF_INET6, .records = "2001:db8::1"},
		{0},
	};
	struct dial_fixture *f = *state;
	f->options.stagger_ms = 100;
	f->options.attempt_timeout_ms = 1000;
	f->options.resolve_timeout_ms = 500;
	f->options.host = "a.example";
	assert_string_equal(dial(f, one, hosts), "1100 connect ENVOI_ERR_TIMEOUT");
	assert_string_equal(f->network.log, "0 [2001:db8::1]:5222, 100 192.0.2.1:5222");
	dial_fixture_end(f);
	f->options.host = "b.example";
	assert_string_equal(dial(f, silent, hosts), "1600 resolve ENVOI_ERR_TIMEOUT");
}

/* --- the end --- */

static const struct scripted_answer slow_answers[] = {
	{.name = XMPP, .delay_ms = 10, .records = "10 0 5222 a.example, 20 0 5223 b.example"},
	{.name = XMPPS, .delay_ms = 20, .records = "10 0 443 a.example"},
	{.name = "a.example", .family = AF_INET, .delay_ms = 10, .records = "192.0.2.1"},
	{.name = "a.example", .family = AF_INET6, .delay_ms = 30, .records = "2001:db8::1"},
	{.name = "b.example", .family = AF_INET, .delay_ms = 10, .records = "192.0.2.2"},
	{0},
};
static const struct scripted_host slow_hosts[] = {
	{.address = "2001:db8::1", .error = ECONNREFUSED, .delay_ms = 400},
	{.address = "192.0.2.1", .delay_ms = NEVER},
	{.address = "192.0.2.2", .delay_ms = 30},
	{0},
};

static void a_dial_freed_after_any_turn_leaves_nothing(void **state)
{
	struct dial_fixture *f = *state;
	f->options.routes = BOTH_ROUTES;
	f->network.hosts = slow_hosts;
	scripted_resolver_set(f->resolver, slow_answers);
	bool is_over = false;
	size_t turns = 0;
	for (; !is_over && turns < 200; turns++) {
		dial_fixture_start(f);
		for (size_t i = 0; i < turns; i++) {
			is_over = envoi_loop_run_once(f->loop, true) == ENVOI_END;
		}
		int calls = f->calls;
		envoi_dial_free(f->dial);
		f->dial = NULL;
		assert_int_equal(scripted_resolver_pending(f->resolver), 0);
		assert_int_equal(f->network.open, calls);
		scripted_network_finish(&f->network);
		assert_int_equal(envoi_loop_run_once(f->loop, true), ENVOI_END);
		assert_int_equal(f->calls, calls);
		dial_fixture_end(f);
	}
	assert_true(turns > 10 && turns < 200);
}

static void a_dial_is_freed_inside_its_callback(void **state)
{
	struct dial_fixture *f = *state;
	f->frees_in_callback = true;
	assert_string_equal(
		dial(f, two_targets, all_connect), "0 a.example 2001:db8::1:5222 starttls");
	dial_fixture_end(f);
	static const struct scripted_host no_hosts[] = {{0}};
	assert_string_equal(dial(f, two_targets, no_hosts), "0 connect ENVOI_ERR_UNREACHABLE");
	assert_int_equal(f->failure.attempt_count, 6);
}

struct last {
	struct envoi_context *context;
	struct envoi_dial *dial;
	size_t attempts;
};

static void drop_everything(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure)
{
	struct last *last = user;
	(void)dialed;
	last->attempts = failure->attempt_count;
	envoi_dial_free(last->dial);
	envoi_context_unref(last->context);
}

static void the_context_may_go_with_the_dial_inside_its_callback(void **state)
{
	(void)state;
	struct last last = {0};
	struct envoi_loop *loop;
	assert_int_equal(envoi_context_new(&last.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_poll(&loop, last.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(last.context, loop), ENVOI_OK);
	/* Port 1 of the own host: nothing listens there. */
	const struct envoi_dial_options options = {
		.domain = "example.org", .host = "127.0.0.1", .port = 1};
	assert_int_equal(envoi_dial_new(&last.dial, last.context, &options, drop_everything, &last),
		ENVOI_OK);
	int r = envoi_loop_run(loop);
	assert_true(r == ENVOI_OK || r == ENVOI_END);
	assert_int_equal(last.attempts, 1);
}

/* Each allocation fails once: an error or a connection, one end, nothing leaks. */
static void try_without_memory(struct dial_fixture *f)
{
	f->network.hosts = slow_hosts;
	scripted_resolver_set(f->resolver, slow_answers);
	size_t n = 1;
	for (f->allocation_failed = true; f->allocation_failed && n < 500; n++) {
		f->allocation_failed = false;
		f->allocations_left = n;
		int r = envoi_dial_new(&f->dial, f->context, &f->options, dial_fixture_done, f);
		if (r == ENVOI_OK) {
			assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
			assert_int_equal(f->calls, 1);
		} else {
			assert_int_equal(r, ENVOI_ERR_NOMEM);
			f->dial = NULL;
		}
		f->allocations_left = 0;
		dial_fixture_end(f);
	}
	assert_true(n > 5 && n < 500);
}

static void running_out_of_memory_ends_it_once(void **state)
{
	struct dial_fixture *f = *state;
	f->options.routes = BOTH_ROUTES;
	try_without_memory(f);
	f->options.host = "a.example";
	try_without_memory(f);
}

static void settings_become_options(void **state)
{
	struct dial_fixture *f = *state;
	struct envoi_settings *settings;
	assert_int_equal(envoi_settings_new(&settings, f->context), ENVOI_OK);
	struct envoi_dial_options options = {.domain = "example.org"};
	envoi_dial_options_from_settings(&options, settings);
	assert_null(options.host);
	assert_int_equal(options.port, 0);
	assert_int_equal(options.routes, BOTH_ROUTES);
	assert_int_equal(options.resolve_timeout_ms, 15000);
	assert_int_equal(envoi_settings_set(settings, "server", "h.example"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "port", "77"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.mode", "direct"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "connect.timeout", "3s"), ENVOI_OK);
	envoi_dial_options_from_settings(&options, settings);
	assert_string_equal(options.host, "h.example");
	assert_int_equal(options.port, 77);
	assert_int_equal(options.routes, ENVOI_ROUTE_DIRECT);
	assert_int_equal(options.attempt_timeout_ms, 3000);
	assert_int_equal(options.trial_timeout_ms, 20000);
	assert_int_equal(options.stagger_ms, 250);
	assert_int_equal(envoi_settings_set(settings, "tls.mode", "none"), ENVOI_OK);
	envoi_dial_options_from_settings(&options, settings);
	assert_int_equal(options.routes, ENVOI_ROUTE_STARTTLS);
	assert_string_equal(options.domain, "example.org");
	envoi_settings_free(settings);
}

#define CASE(function) \
	cmocka_unit_test_setup_teardown(function, dial_fixture_setup, dial_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_context_may_go_with_the_dial_inside_its_callback),
		CASE(a_black_hole_costs_a_quarter_of_a_second),
		CASE(starts_are_staggered_families_alternate_and_targets_keep_their_order),
		CASE(a_refused_connection_makes_room_at_once),
		CASE(the_slower_one_that_was_first_may_win_still),
		CASE(each_attempt_is_kept_for_the_report),
		CASE(the_deadline_ends_everything_and_names_the_phase),
		CASE(times_are_those_of_the_options),
		CASE(a_dial_freed_after_any_turn_leaves_nothing),
		CASE(a_dial_is_freed_inside_its_callback),
		CASE(running_out_of_memory_ends_it_once),
		CASE(settings_become_options),
	};
	return cmocka_run_group_tests_name("net/dial", tests, NULL, NULL);
}
