/*
 * envoi - the order of routes to a server, and the one that is remembered
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
#include <envoi/memory.h>
#include <envoi/settings.h>

#include "peer.h"
#include "server.h"

enum {
	SECOND = 1000,
	ROUTES = 5, /* as of a client: tcp, by URL, by host-meta */
};

static const char found_url[] = "wss://found.example/ws";

/** A connector that says what it was asked for, and leads to the server or nowhere. */
struct route {
	struct envoi_connector base;
	struct envoi_connector_impl impl;
	struct fixture *f;
	bool by_url; /* it connects to URLs alone; else to domains alone */
	bool leads; /* to the server */
	bool is_silent; /* its server never answers */
	bool refuses; /* what it is asked for */
	bool redirects; /* to b.example */
	struct envoi_memory_pair *pair; /* to the peer that redirects; NULL: none yet */
	struct peer *peer;
	struct envoi_transport *transport; /* until it is passed on */
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
	struct route routes[ROUTES];
	char log[512];
	int started;
	struct envoi_failure failure;
	int64_t passed_ms; /* by the wall clock, beside the loop's time */
};

static struct route *route_of(struct envoi_connector *base)
{
	return ENVOI_CONTAINER_OF(base, struct route, base);
}

static void on_failing(struct envoi_deferred *deferred)
{
	struct route *route = ENVOI_CONTAINER_OF(deferred, struct route, failing);
	struct envoi_failure why;
	envoi_failure_set(&why, route->f->context, ENVOI_PHASE_CONNECT, ENVOI_ERR_UNREACHABLE,
		"%s leads nowhere", route->impl.name);
	struct envoi_attempt attempt = {.code = ENVOI_ERR_UNREACHABLE};
	snprintf(attempt.target, sizeof(attempt.target), "%s", route->impl.name);
	envoi_failure_add_attempt(&why, &attempt);
	/* one that all have */
	envoi_failure_add_attempt(&why, &(struct envoi_attempt){.target = "example.org"});
	route->done(route->user, NULL, &why);
	envoi_failure_finish(&why);
}

static void on_redirecting(struct envoi_deferred *deferred)
{
	struct route *route = ENVOI_CONTAINER_OF(deferred, struct route, failing);
	struct envoi_transport *transport = route->transport;
	route->transport = NULL;
	route->done(route->user, transport, NULL);
}

/* A server whose TLS is below; after the login it may redirect. */
static void script_redirect(struct peer *peer)
{
	static const char header[] = "<stream:stream xmlns='jabber:client' to='example.org'"
				     " xmlns:stream='http://etherx.jabber.org/streams'"
				     " from='alice@example.org' version='1.0'>";
	static const char answer[] = "<stream:stream xmlns='jabber:client' id='s1'"
				     " xmlns:stream='http://etherx.jabber.org/streams'"
				     " from='example.org' version='1.0'>";
	peer_expects(peer, header);
	peer_sends(peer, answer);
	peer_sends(peer,
		"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
		"<mechanism>PLAIN</mechanism></mechanisms></stream:features>");
	peer_expects(
		peer, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>*</auth>");
	peer_sends(peer, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
	peer_restarts(peer);
	peer_expects(peer, header);
	peer_sends(peer, answer);
	peer_sends(peer,
		"<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>"
		"b.example</see-other-host></stream:error></stream:stream>");
	peer_expects(peer, "</stream:stream>");
	peer_shuts_down(peer);
}

static int connect_to_redirect(struct route *route, struct envoi_settings *settings)
{
	assert_null(route->peer); /* once a test */
	assert_int_equal(envoi_memory_pair_new(&route->pair, route->f->context), ENVOI_OK);
	assert_int_equal(envoi_memory_transport_new(
				 &route->transport, route->pair, ENVOI_MEMORY_A, settings, true),
		ENVOI_OK);
	route->peer = peer_new(route->f->context, route->pair, ENVOI_MEMORY_B);
	script_redirect(route->peer);
	peer_start(route->peer);
	envoi_deferred_post(&route->failing, route->f->loop, on_redirecting);
	return ENVOI_OK;
}

static void log_asked(const struct route *route, const char *server)
{
	size_t len = strlen(route->f->log);
	snprintf(route->f->log + len, sizeof(route->f->log) - len, "%s%s%s%s ", route->impl.name,
		route->impl.url != NULL ? "?"
			: route->by_url ? "!"
					: "",
		server != NULL ? "@" : "", server != NULL ? server : "");
}

static int route_connect(struct envoi_connector *base, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	struct route *route = route_of(base);
	struct envoi_target plain = *target;
	const char *server = envoi_settings_text(target->settings, "server");
	bool is_named = route->impl.url != NULL &&
		(server != NULL || envoi_settings_int(target->settings, "port") != 0);
	if (route->by_url != (target->url != NULL) || is_named) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	log_asked(route, server);
	route->done = done;
	route->user = user;
	if (route->is_silent || route->refuses) {
		return route->refuses ? ENVOI_ERR_INVALID : ENVOI_OK;
	}
	if (route->redirects) {
		return connect_to_redirect(route, target->settings);
	}
	if (!route->leads) {
		envoi_deferred_post(&route->failing, route->f->loop, on_failing);
		return ENVOI_OK;
	}
	plain.url = NULL;
	return route->inner->impl->connect(route->inner, &plain, done, user);
}

static void route_cancel(struct envoi_connector *base)
{
	envoi_deferred_cancel(&route_of(base)->failing);
	route_of(base)->inner->impl->cancel(route_of(base)->inner);
}

static void route_destroy(struct envoi_connector *base)
{
	envoi_connector_destroy(route_of(base)->inner);
	envoi_transport_destroy(route_of(base)->transport);
	envoi_connector_finish(base);
}

static const char *route_url(const struct envoi_connector *base)
{
	(void)base;
	return found_url;
}

static void add_route(struct fixture *f, size_t at, const char *name, bool by_url, bool finds)
{
	struct route *route = &f->routes[at];
	route->f = f;
	route->by_url = by_url;
	route->inner = test_server_connector(f->server);
	route->impl = (struct envoi_connector_impl){
		.name = name,
		.connect = route_connect,
		.cancel = route_cancel,
		.destroy = route_destroy,
		.url = finds ? route_url : NULL,
	};
	envoi_connector_init(&route->base, &route->impl, f->context);
	assert_int_equal(envoi_client_add_connector(f->client, &route->base), ENVOI_OK);
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
	add_route(f, 0, "tcp", false, false);
	add_route(f, 1, "websocket", true, false);
	add_route(f, 2, "bosh", true, false);
	add_route(f, 3, "websocket", false, true);
	add_route(f, 4, "bosh", false, true);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_client_free(f->client);
	envoi_failure_finish(&f->failure);
	for (size_t i = 0; i < ROUTES; i++) {
		peer_free(f->routes[i].peer);
		envoi_memory_pair_unref(f->routes[i].pair);
	}
	test_server_free(f->server);
	envoi_context_unref(f->context);
	return 0;
}

/* @param routes  those that were asked: "?" by host-meta, "!" by a URL */
static void expect_login(struct fixture *f, bool succeeds, const char *routes)
{
	f->started = 0;
	f->log[0] = '\0';
	assert_int_equal(envoi_client_connect(f->client), ENVOI_OK);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 10 * SECOND), ENVOI_OK);
	assert_string_equal(f->log, routes);
	assert_int_equal(f->started, succeeds);
	envoi_client_disconnect(f->client);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 10 * SECOND), ENVOI_OK);
}

/* --- the order --- */

static void service_records_come_first(void **state)
{
	struct fixture *f = *state;
	f->routes[0].leads = f->routes[3].leads = f->routes[4].leads = true;
	expect_login(f, true, "tcp ");
}

static void all_routes_are_tried_and_the_first_failure_is_reported(void **state)
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
	f->routes[2].leads = true;
	expect_login(f, true, "websocket! bosh! ");
	assert_int_equal(envoi_client_set(f->client, "url", NULL), ENVOI_OK);
	expect_login(f, false, "tcp "); /* it is not remembered */
}

/* --- what is remembered --- */

static void what_has_worked_is_tried_first_for_a_week(void **state)
{
	struct fixture *f = *state;
	f->routes[3].leads = f->routes[1].leads = true;
	expect_login(f, true, "tcp websocket? ");
	expect_login(f, true, "websocket! ");
	f->passed_ms = INT64_C(8) * 24 * 3600 * SECOND;
	expect_login(f, true, "tcp websocket? ");
	expect_login(f, true, "websocket! ");
}

static void what_is_remembered_and_fails_is_followed_by_all_routes(void **state)
{
	struct fixture *f = *state;
	f->routes[3].leads = true;
	expect_login(f, true, "tcp websocket? ");
	f->routes[3].leads = false;
	f->routes[0].leads = true;
	expect_login(f, true, "websocket! bosh! tcp ");
	expect_login(f, true, "tcp ");
}

static void what_is_remembered_and_leads_to_no_login_is_forgotten(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_client_set(f->client, "login.timeout", "5s"), ENVOI_OK);
	f->routes[3].leads = true;
	expect_login(f, true, "tcp websocket? ");
	f->routes[1].is_silent = true;
	expect_login(f, false, "websocket! ");
	expect_login(f, true, "tcp websocket? ");
}

static void what_is_remembered_and_is_refused_is_followed_by_all_routes(void **state)
{
	struct fixture *f = *state;
	f->routes[3].leads = true;
	expect_login(f, true, "tcp websocket? ");
	f->routes[1].refuses = true;
	expect_login(f, true, "websocket! tcp websocket? ");
}

/* --- what the user has set --- */

static void a_server_that_is_set_is_used_and_what_is_remembered_is_kept(void **state)
{
	static const char *const rows[][3] = {
		{"server", "a.example", "tcp@a.example "}, {"port", "5222", "tcp "}};
	struct fixture *f = *state;
	f->routes[3].leads = f->routes[1].leads = true;
	expect_login(f, true, "tcp websocket? ");
	f->routes[0].leads = true;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(envoi_client_set(f->client, rows[i][0], rows[i][1]), ENVOI_OK);
		expect_login(f, true, rows[i][2]);
		assert_int_equal(envoi_client_set(f->client, rows[i][0], NULL), ENVOI_OK);
	}
	expect_login(f, true, "websocket! ");
}

static void what_is_remembered_and_not_in_the_order_is_not_used(void **state)
{
	struct fixture *f = *state;
	f->routes[3].leads = f->routes[1].leads = true;
	expect_login(f, true, "tcp websocket? ");
	assert_int_equal(envoi_client_set(f->client, "transports.order", "bosh,tcp"), ENVOI_OK);
	expect_login(f, false, "bosh? tcp ");
}

/* --- redirects --- */

static void remember_a_route_that_redirects(struct fixture *f)
{
	assert_int_equal(envoi_client_set(f->client, "sasl.mechanisms", "PLAIN"), ENVOI_OK);
	f->routes[3].leads = true;
	expect_login(f, true, "tcp websocket? ");
	f->routes[1].redirects = true;
}

static void after_a_redirect_the_order_holds(void **state)
{
	struct fixture *f = *state;
	remember_a_route_that_redirects(f);
	assert_int_equal(
		envoi_client_set(f->client, "transports.order", "websocket,bosh"), ENVOI_OK);
	f->routes[0].leads = true;
	expect_login(f, true, "websocket! websocket? ");
}

static void a_redirect_that_leads_nowhere_is_left_with_what_was_remembered(void **state)
{
	struct fixture *f = *state;
	remember_a_route_that_redirects(f);
	expect_login(f, true, "websocket! tcp@b.example tcp websocket? ");
}

static void a_redirect_does_not_replace_what_is_remembered(void **state)
{
	struct fixture *f = *state;
	remember_a_route_that_redirects(f);
	f->routes[0].leads = true;
	expect_login(f, true, "websocket! tcp@b.example ");
	f->routes[1].redirects = false;
	f->routes[1].leads = true;
	expect_login(f, true, "websocket! ");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(service_records_come_first),
		CASE(all_routes_are_tried_and_the_first_failure_is_reported),
		CASE(the_setting_has_the_order),
		CASE(a_url_is_the_only_way),
		CASE(what_has_worked_is_tried_first_for_a_week),
		CASE(what_is_remembered_and_fails_is_followed_by_all_routes),
		CASE(what_is_remembered_and_leads_to_no_login_is_forgotten),
		CASE(what_is_remembered_and_is_refused_is_followed_by_all_routes),
		CASE(a_server_that_is_set_is_used_and_what_is_remembered_is_kept),
		CASE(what_is_remembered_and_not_in_the_order_is_not_used),
		CASE(after_a_redirect_the_order_holds),
		CASE(a_redirect_that_leads_nowhere_is_left_with_what_was_remembered),
		CASE(a_redirect_does_not_replace_what_is_remembered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
