/*
 * envoi - the order of a login's connectors, and the route that an account remembers
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/transport.h>
#include <envoi/settings.h>

#include "connection/account.h"
#include "connection/login_order.h"
#include "connection/login_routes.h"
#include "test_allocator.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

/* --- the order --- */

static void an_order_has_known_words_once(void **state)
{
	static const struct {
		const char *text;
		int r;
	} rows[] = {
		{"tcp", ENVOI_OK},
		{"tcp,websocket,bosh", ENVOI_OK},
		{"bosh,tcp", ENVOI_OK},
		{"", ENVOI_ERR_INVALID},
		{"tcp,", ENVOI_ERR_INVALID},
		{",tcp", ENVOI_ERR_INVALID},
		{"tcp,tcp", ENVOI_ERR_INVALID},
		{"tcp, bosh", ENVOI_ERR_INVALID},
		{"TCP", ENVOI_ERR_INVALID},
		{"memory", ENVOI_ERR_INVALID},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(envoi__login_order_check(rows[i].text), rows[i].r);
	}
}

/* Two of a name, as the connectors of a client: by URL and by host-meta. */
static void connectors_follow_the_order_and_others_come_first(void **state)
{
	static const char *const names[] = {"tcp", "websocket", "own", "bosh", "websocket"};
	static struct envoi_connector_impl impls[COUNT(names)];
	struct envoi_connector items[COUNT(names)];
	struct envoi_connector *pointers[COUNT(names)];
	static const struct {
		const char *order;
		const char *places; /* indexes in `names` */
	} rows[] = {
		{NULL, "01234"},
		{"tcp,websocket,bosh", "20143"},
		{"bosh,websocket", "2314"},
		{"tcp", "20"},
	};
	const struct envoi__connectors connectors = {.items = pointers, .count = COUNT(names)};
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		impls[i].name = names[i];
		items[i] = (struct envoi_connector){.impl = &impls[i]};
		pointers[i] = &items[i];
	}
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t count = strlen(rows[i].places);
		for (size_t at = 0; at < count; at++) {
			assert_ptr_equal(envoi__login_order_get(&connectors, rows[i].order, at),
				&items[rows[i].places[at] - '0']);
		}
		assert_null(envoi__login_order_get(&connectors, rows[i].order, count));
	}
}

/* --- the failure --- */

static const char *no_url(const struct envoi_connector *connector)
{
	(void)connector;
	return NULL;
}

/* A connector that looks for other routes does not hide why the usual one failed. */
static void the_failure_of_another_route_is_an_attempt(void **state)
{
	static const struct envoi_connector_impl tcp = {.name = "tcp"};
	static const struct envoi_connector_impl found = {.name = "websocket", .url = no_url};
	struct envoi_connector items[] = {{.impl = &tcp}, {.impl = &found}};
	struct envoi_connector *pointers[] = {&items[0], &items[1]};
	const struct envoi__connectors connectors = {.items = pointers, .count = 2};
	struct envoi__login_routes routes = {.at = 0};
	struct envoi_context *context;
	struct envoi_failure first, second, all;
	(void)state;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	envoi__login_routes_init(&routes, context, &connectors);
	envoi_failure_set(&first, context, ENVOI_PHASE_RESOLVE, ENVOI_ERR_UNREACHABLE, "first");
	envoi_failure_set(&second, context, ENVOI_PHASE_CONNECT, ENVOI_ERR_TIMEOUT, "second");
	envoi_failure_add_attempt(&second, &(struct envoi_attempt){.text = "tried"});
	envoi__login_routes_failed(&routes, &first);
	envoi__login_routes_failed(&routes, &second);
	envoi__kept_failure_give(&routes.attempts, &all);
	assert_string_equal(all.text, "first");
	assert_int_equal(all.attempt_count, 1);
	assert_string_equal(all.attempts[0].text, "tried");
	envoi_failure_finish(&all);
	envoi__login_routes_finish(&routes);
	envoi_failure_finish(&first);
	envoi_failure_finish(&second);
	envoi_context_unref(context);
}

/* --- the route of an account --- */

static int64_t now_ms;

static int64_t wall_clock(void *user)
{
	(void)user;
	return now_ms;
}

struct accounts {
	struct envoi_context *context;
	struct envoi__account one, other;
	struct envoi_buffer text;
};

static void begin(struct accounts *all)
{
	const struct envoi_context_options options = {.wall_clock = wall_clock};
	*all = (struct accounts){.context = NULL};
	now_ms = 1000 * day_ms;
	assert_int_equal(envoi_context_new(&all->context, &options), ENVOI_OK);
	assert_int_equal(envoi__account_init(&all->one, all->context, "a@b.example"), ENVOI_OK);
	assert_int_equal(envoi__account_init(&all->other, all->context, "a@b.example"), ENVOI_OK);
	envoi_buffer_init(&all->text, all->context, 0);
}

static void end(struct accounts *all)
{
	envoi__account_finish(&all->one);
	envoi__account_finish(&all->other);
	envoi_buffer_finish(&all->text);
	envoi_context_unref(all->context);
}

static void expect_route(struct accounts *all, struct envoi__account *account, const char *url)
{
	char *route = envoi__account_take_route(account);
	if (url == NULL) {
		assert_null(route);
	} else {
		assert_string_equal(route, url);
	}
	envoi_free(all->context, route);
}

static void a_route_is_remembered_for_a_week(void **state)
{
	struct accounts all;
	(void)state;
	begin(&all);
	expect_route(&all, &all.one, NULL);
	envoi__account_set_route(&all.one, "wss://a.example/ws");
	assert_int_equal(envoi__account_save(&all.one, &all.text), ENVOI_OK);
	assert_int_equal(envoi__account_load(&all.other, envoi_buffer_data(&all.text),
				 envoi_buffer_len(&all.text)),
		ENVOI_OK);
	now_ms += 7 * day_ms;
	expect_route(&all, &all.one, "wss://a.example/ws");
	expect_route(&all, &all.other, "wss://a.example/ws");
	now_ms += 1;
	expect_route(&all, &all.other, NULL);
	now_ms -= 8 * day_ms; /* the clock was set back */
	expect_route(&all, &all.other, NULL);
	envoi__account_set_route(&all.one, NULL);
	expect_route(&all, &all.one, NULL);
	end(&all);
}

/* RFC 3986, section 3.1: schemes are read in any case. */
static void the_case_of_a_scheme_does_not_matter(void **state)
{
	static const char *const urls[] = {"WSS://a.example/ws", "Https://a.example/bosh"};
	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		struct accounts all;
		begin(&all);
		envoi__account_set_route(&all.one, urls[i]);
		expect_route(&all, &all.one, urls[i]);
		end(&all);
	}
	assert_true(envoi__login_order_has_url("tcp,websocket", urls[0]));
	assert_false(envoi__login_order_has_url("tcp,bosh", urls[0]));
	assert_true(envoi__login_order_has_url("bosh", urls[1]));
	assert_false(envoi__login_order_has_url("tcp,websocket", urls[1]));
}

static void only_secure_urls_in_one_word_are_remembered(void **state)
{
	static const char *const bad[] = {
		"ws://a.example/", "http://a.example/", "wss://", "wss://a.example/ x", "", "x"};
	static const char *const lines[] = {
		"route x wss://a/\n",
		"route 1 ws://a/\n",
		"route 1\n",
		"route \n",
		"route 1 wss://a/ x\n",
		"route 99999999999999999999999999 wss://a/\n",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct accounts all;
		begin(&all);
		envoi__account_set_route(&all.one, bad[i]);
		expect_route(&all, &all.one, NULL);
		end(&all);
	}
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct accounts all;
		begin(&all);
		envoi__account_set_route(&all.one, "wss://kept.example/");
		assert_int_equal(
			envoi_buffer_printf(&all.text, "envoi-account 1 a@b.example\n%s", lines[i]),
			ENVOI_OK);
		assert_int_equal(envoi__account_load(&all.one, envoi_buffer_data(&all.text),
					 envoi_buffer_len(&all.text)),
			ENVOI_ERR_INVALID);
		expect_route(&all, &all.one, "wss://kept.example/");
		end(&all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_has_known_words_once),
		cmocka_unit_test(connectors_follow_the_order_and_others_come_first),
		cmocka_unit_test(the_failure_of_another_route_is_an_attempt),
		cmocka_unit_test(a_route_is_remembered_for_a_week),
		cmocka_unit_test(the_case_of_a_scheme_does_not_matter),
		cmocka_unit_test(only_secure_urls_in_one_word_are_remembered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
