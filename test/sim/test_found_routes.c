/*
 * envoi - the order of ways to a server, and the one that is remembered
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/event.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>

#include "server.h"

enum {
	SECOND = 1000,
	WAYS = 5, /* as of a client: tcp, by URL, by host-meta */
};

static const char found_url[] = "wss://found.example/ws";

/** A connector that says what it was asked for, and leads to the server or nowhere. */
struct way {
	struct envoi_connector base;
	struct envoi_connector_impl impl;
	struct fixture *f;
	bool by_url; /* it connects to URLs alone; else to domains alone */
	bool leads; /* to the server */
	bool is_silent; /* its server never answers */
	bool refuses; /* what it is asked for */
	struct envoi_connector *inner;
	struct envoi_deferred failing;
	envoi_connected_fn *done;
	void *user;
};

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct test_server *server;
	struct envoi_client *client;
	struct envoi_handler recorder;
	struct way ways[WAYS];
	char log[512];
	int started;
	struct envoi_failure failure;
	int64_t passed_ms; /* by the wall clock, beside the loop's time */
};

static struct way *way_of(struct envoi_connector *base)
{
	return ENVOI_CONTAINER_OF(base, struct way, base);
}

static void on_failing(struct envoi_deferred *deferred)
{
	struct way *way = ENVOI_CONTAINER_OF(deferred, struct way, failing);
	struct envoi_failure why;
	envoi_failure_set(&why, way->f->context, ENVOI_PHASE_CONNECT, ENVOI_ERR_UNREACHABLE,
		"%s leads nowhere", way->impl.name);
	struct envoi_attempt attempt = {.code = ENVOI_ERR_UNREACHABLE};
	snprintf(attempt.target, sizeof(attempt.target), "%s", way->impl.name);
	envoi_failure_add_attempt(&why, &attempt);
	/* one that all have */
	envoi_failure_add_attempt(&why, &(struct envoi_attempt){.target = "example.org"});
	way->done(way->user, NULL, &why);
	envoi_failure_finish(&why);
}

static int way_connect(struct envoi_connector *base, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	struct way *way = way_of(base);
	struct envoi_target plain = *target;
	if (way->by_url != (target->url != NULL)) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	size_t len = strlen(way->f->log);
	snprintf(way->f->log + len, sizeof(way->f->log) - len, "%s%s ", way->impl.name,
		way->impl.url != NULL ? "?"
			: way->by_url ? "!"
				      : "");
	way->done = done;
	way->user = user;
	if (way->is_silent || way->refuses) {
		return way->refuses ? ENVOI_ERR_INVALID : ENVOI_OK;
	}
	if (!way->leads) {
		envoi_deferred_post(&way->failing, way->f->loop, on_failing);
		return ENVOI_OK;
	}
	plain.url = NULL;
	return way->inner->impl->connect(way->inner, &plain, done, user);
}

static void way_cancel(struct envoi_connector *base)
{
	envoi_deferred_cancel(&way_of(base)->failing);
	way_of(base)->inner->impl->cancel(way_of(base)->inner);
}

static void way_destroy(struct envoi_connector *base)
{
	envoi_connector_destroy(way_of(base)->inner);
	envoi_connector_finish(base);
}

static const char *way_url(const struct envoi_connector *base)
{
	(void)base;
	return found_url;
}

static void add_way(struct fixture *f, size_t at, const char *name, bool by_url, bool finds)
{
	struct way *way = &f->ways[at];
	way->f = f;
	way->by_url = by_url;
	way->inner = test_server_connector(f->server);
	way->impl = (struct envoi_connector_impl){
		.name = name,
		.connect = way_connect,
		.cancel = way_cancel,
		.destroy = way_destroy,
		.url = finds ? way_url : NULL,
	};
	envoi_connector_init(&way->base, &way->impl, f->context);
	assert_int_equal(envoi_client_add_connector(f->client, &way->base), ENVOI_OK);
}

/* --- the client --- */

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	struct fixture *f = ENVOI_CONTAINER_OF(self, struct fixture, recorder);
	f->started += event->type == ENVOI_EVENT_STARTED;
	if (event->type == ENVOI_EVENT_DISCONNECTED) {
		envoi_failure_finish(&f->failure);
		envoi_failure_copy(&f->failure, event->failure);
	}
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_STARTED, on_event},
	{ENVOI_EVENT_DISCONNECTED, on_event},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_handler_impl recorder_impl = {.name = "recorder", .events = events};

static int64_t wall_clock(void *user)
{
	return INT64_C(1800000000000) + ((struct fixture *)user)->passed_ms;
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	*f = (struct fixture){.recorder = ENVOI_HANDLER(&recorder_impl)};
	const struct envoi_context_options options = {
		.wall_clock = wall_clock, .wall_clock_user = f};
	assert_int_equal(envoi_context_new(&f->context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	f->server = test_server_new(f->context, TEST_DATA, NULL);
	test_server_add_account(f->server, "alice", "wonderland");
	assert_int_equal(
		envoi_client_new(&f->client, f->context, "alice@example.org/desk"), ENVOI_OK);
	assert_int_equal(envoi_client_set_password(f->client, "wonderland"), ENVOI_OK);
	assert_int_equal(
		envoi_client_set(f->client, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_client_set(f->client, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_client_add(f->client, &f->recorder), ENVOI_OK);
	add_way(f, 0, "tcp", false, false);
	add_way(f, 1, "websocket", true, false);
	add_way(f, 2, "bosh", true, false);
	add_way(f, 3, "websocket", false, true);
	add_way(f, 4, "bosh", false, true);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_client_free(f->client);
	envoi_failure_finish(&f->failure);
	test_server_free(f->server);
	envoi_context_unref(f->context);
	return 0;
}

/* @param ways  those that were asked: "?" by host-meta, "!" by a URL */
static void expect_login(struct fixture *f, bool succeeds, const char *ways)
{
	f->started = 0;
	f->log[0] = '\0';
	assert_int_equal(envoi_client_connect(f->client), ENVOI_OK);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 10 * SECOND), ENVOI_OK);
	assert_string_equal(f->log, ways);
	assert_int_equal(f->started, succeeds);
	envoi_client_disconnect(f->client);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 10 * SECOND), ENVOI_OK);
}

/* --- the order --- */

static void service_records_come_first(void **state)
{
	struct fixture *f = *state;
	f->ways[0].leads = f->ways[3].leads = f->ways[4].leads = true;
	expect_login(f, true, "tcp ");
}

static void all_ways_are_tried_and_the_first_failure_is_reported(void **state)
{
	struct fixture *f = *state;
	expect_login(f, false, "tcp websocket? bosh? ");
	assert_string_equal(f->failure.text, "tcp leads nowhere");
	assert_int_equal(f->failure.attempt_count, 4);
}

static void the_setting_has_the_order(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_client_set(f->client, "transports.order", "bosh,tcp"), ENVOI_OK);
	expect_login(f, false, "bosh? tcp ");
	assert_string_equal(f->failure.text, "tcp leads nowhere");
	assert_int_equal(envoi_client_set(f->client, "transports.order", "x"), ENVOI_ERR_INVALID);
}

static void a_url_is_the_only_way(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_client_set(f->client, "transports.order", "tcp"), ENVOI_OK);
	assert_int_equal(envoi_client_set(f->client, "url", "wss://named.example/"), ENVOI_OK);
	f->ways[2].leads = true;
	expect_login(f, true, "websocket! bosh! ");
	assert_int_equal(envoi_client_set(f->client, "url", NULL), ENVOI_OK);
	expect_login(f, false, "tcp "); /* it is not remembered */
}

/* --- what is remembered --- */

static void what_has_worked_is_tried_first_for_a_week(void **state)
{
	struct fixture *f = *state;
	f->ways[3].leads = f->ways[1].leads = true;
	expect_login(f, true, "tcp websocket? ");
	expect_login(f, true, "websocket! ");
	f->passed_ms = INT64_C(8) * 24 * 3600 * SECOND;
	expect_login(f, true, "tcp websocket? ");
	expect_login(f, true, "websocket! ");
}

static void what_is_remembered_and_fails_is_followed_by_all_ways(void **state)
{
	struct fixture *f = *state;
	f->ways[3].leads = true;
	expect_login(f, true, "tcp websocket? ");
	f->ways[3].leads = false;
	f->ways[0].leads = true;
	expect_login(f, true, "websocket! bosh! tcp ");
	expect_login(f, true, "tcp ");
}

static void what_is_remembered_and_leads_to_no_login_is_forgotten(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_client_set(f->client, "login.timeout", "5s"), ENVOI_OK);
	f->ways[3].leads = true;
	expect_login(f, true, "tcp websocket? ");
	f->ways[1].is_silent = true;
	expect_login(f, false, "websocket! ");
	expect_login(f, true, "tcp websocket? ");
}

static void what_is_remembered_and_is_refused_is_followed_by_all_ways(void **state)
{
	struct fixture *f = *state;
	f->ways[3].leads = true;
	expect_login(f, true, "tcp websocket? ");
	f->ways[1].refuses = true;
	expect_login(f, true, "websocket! tcp websocket? ");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(service_records_come_first),
		CASE(all_ways_are_tried_and_the_first_failure_is_reported),
		CASE(the_setting_has_the_order),
		CASE(a_url_is_the_only_way),
		CASE(what_has_worked_is_tried_first_for_a_week),
		CASE(what_is_remembered_and_fails_is_followed_by_all_ways),
		CASE(what_is_remembered_and_leads_to_no_login_is_forgotten),
		CASE(what_is_remembered_and_is_refused_is_followed_by_all_ways),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
