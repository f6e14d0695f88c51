/*
 * envoi - the deadline of connecting through a proxy, in virtual time
 * SPDX-License-Identifier: MIT
 *
 * Private headers: proxies have no public ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/failure.h>
#include <envoi/interfaces/dial.h>
#include <envoi/mainloop.h>
#include <envoi/settings.h>

#include "tcp_proxy.h"

enum {
	SECOND = 1000,
};

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct tcp_proxy *proxy;
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	const struct envoi_dial_options options = {
		.domain = "example.org",
		.routes = ENVOI_ROUTE_DIRECT | ENVOI_ROUTE_STARTTLS,
		.timeout_ms = 20 * SECOND,
	};
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&f->settings, f->context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "proxy.type", "socks5"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "proxy.host", "127.0.0.1"), ENVOI_OK);
	assert_int_equal(
		envoi__tcp_proxy_new(&f->proxy, f->context, f->settings, &options), ENVOI_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi__tcp_proxy_free(f->proxy);
	envoi_settings_free(f->settings);
	envoi_context_unref(f->context);
	return 0;
}

static void pass(struct fixture *f, uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, ms), ENVOI_OK);
}

static uint64_t left(const struct fixture *f)
{
	struct envoi_dial_options options;
	envoi__tcp_proxy_dial_options(f->proxy, &options);
	return options.timeout_ms;
}

static bool next(struct fixture *f)
{
	const struct envoi_failure why = {.code = ENVOI_ERR_TLS, .phase = ENVOI_PHASE_TLS};
	return envoi__tcp_proxy_next(f->proxy, &why);
}

static void the_ports_share_one_deadline(void **state)
{
	struct fixture *f = *state;
	pass(f, 15 * SECOND);
	assert_true(next(f));
	assert_int_equal(left(f), 5 * SECOND);
}

static void no_port_is_tried_behind_the_deadline(void **state)
{
	struct fixture *f = *state;
	pass(f, 20 * SECOND);
	assert_false(next(f));
}

static void a_trust_decision_suspends_the_deadline(void **state)
{
	struct fixture *f = *state;
	pass(f, 15 * SECOND);
	envoi__tcp_proxy_wait(f->proxy, true);
	envoi__tcp_proxy_wait(f->proxy, true);
	pass(f, 300 * SECOND);
	envoi__tcp_proxy_wait(f->proxy, false);
	envoi__tcp_proxy_wait(f->proxy, false);
	assert_true(next(f));
	assert_int_equal(left(f), 5 * SECOND);
}

/* The trial fails while the application decides. */
static void a_decision_that_fails_suspends_it_too(void **state)
{
	struct fixture *f = *state;
	pass(f, 15 * SECOND);
	envoi__tcp_proxy_wait(f->proxy, true);
	pass(f, 300 * SECOND);
	assert_true(next(f));
	assert_int_equal(left(f), 5 * SECOND);
}

/* That of envoi_connector_impl.next. */
static void a_new_deadline_counts_from_now(void **state)
{
	struct fixture *f = *state;
	pass(f, 100 * SECOND);
	envoi__tcp_proxy_set_timeout(f->proxy, 10 * SECOND);
	assert_true(next(f));
	pass(f, SECOND);
	assert_int_equal(left(f), 9 * SECOND);
	envoi__tcp_proxy_set_timeout(f->proxy, 0);
	assert_int_equal(left(f), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_ports_share_one_deadline),
		CASE(no_port_is_tried_behind_the_deadline),
		CASE(a_trust_decision_suspends_the_deadline),
		CASE(a_decision_that_fails_suspends_it_too),
		CASE(a_new_deadline_counts_from_now),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
