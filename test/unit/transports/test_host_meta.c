/*
 * envoi - host-meta: documents, and the connector that finds URLs in them
 * SPDX-License-Identifier: MIT
 *
 * Private headers: documents are requested from a scripted server in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/host_meta.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "bosh_link.h"
#include "host_meta_connector.h"
#include "host_meta_links.h"
#include "test_allocator.h"
#include "tls/tls_config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define XRD "<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>"

enum {
	SECOND = 1000,
	MOST_LINKS = 16,
};

struct fixture {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_tls_config *tls;
	struct envoi_connector *connector;
	/* the web server */
	struct envoi_memory_end *ends[MOST_LINKS];
	char urls[MOST_LINKS][128];
	int links;
	/* the inner connector */
	char tried[1024]; /* URLs, a line each */
	int successes_at; /* the attempt, from 1, that connects; 0: none does */
	int attempts;
	uint64_t timeout_ms; /* of the last one */
	/* what is reported */
	int dones;
	bool has_transport;
	struct envoi_failure failure;
};

static struct fixture *current;

/* --- a transport that is none, for what is reported --- */

static void destroy_nothing(struct envoi_transport *transport)
{
	(void)transport;
}

static const struct envoi_transport_impl nothing_impl = {.destroy = destroy_nothing};

/* --- connectors of the test: of links, and the inner one --- */

struct fake {
	struct envoi_connector base;
	bool is_inner;
	struct envoi__bosh_link *link;
	struct envoi_transport nothing;
	struct envoi_deferred later;
	envoi_connected_fn *done;
	void *user;
};

static struct fake *fake_of(struct envoi_connector *base)
{
	return ENVOI_CONTAINER_OF(base, struct fake, base);
}

static void on_link(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct fake *fake = user;
	fake->link = NULL;
	fake->done(fake->user, transport, failure);
}

static void on_inner(struct envoi_deferred *deferred)
{
	struct fake *fake = ENVOI_CONTAINER_OF(deferred, struct fake, later);
	struct envoi_failure why;
	envoi_failure_set(&why, current->context, ENVOI_PHASE_CONNECT, ENVOI_ERR_UNREACHABLE,
		"no route there");
	if (++current->attempts == current->successes_at) {
		fake->done(fake->user, &fake->nothing, NULL);
	} else {
		fake->done(fake->user, NULL, &why);
	}
	envoi_failure_finish(&why);
}

static int connect_link(struct fake *fake, const char *url)
{
	struct envoi_memory_pair *pair;
	struct envoi_channel *channel;
	const struct envoi__bosh_link_options options = {
		.head_bytes = 4096, .done = on_link, .user = fake};
	assert_true(current->links < MOST_LINKS);
	snprintf(current->urls[current->links], sizeof(current->urls[0]), "%s", url);
	assert_int_equal(envoi_memory_pair_new(&pair, current->context), ENVOI_OK);
	assert_int_equal(envoi_memory_end_new(&current->ends[current->links++], pair,
				 ENVOI_MEMORY_B, NULL, NULL),
		ENVOI_OK);
	assert_int_equal(envoi_memory_channel_new(&channel, pair, ENVOI_MEMORY_A), ENVOI_OK);
	assert_int_equal(
		envoi__bosh_link_new(&fake->link, current->context, channel, &options), ENVOI_OK);
	envoi_memory_pair_unref(pair);
	return ENVOI_OK;
}

static int fake_connect(struct envoi_connector *base, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	struct fake *fake = fake_of(base);
	assert_string_equal(target->domain, "b\303\274cher.example");
	fake->done = done;
	fake->user = user;
	current->timeout_ms = target->timeout_ms;
	if (!fake->is_inner) {
		return connect_link(fake, target->url);
	}
	size_t len = strlen(current->tried);
	snprintf(current->tried + len, sizeof(current->tried) - len, "%s\n", target->url);
	if (strstr(target->url, "refused") != NULL) {
		return ENVOI_ERR_INVALID;
	}
	envoi_deferred_post(&fake->later, current->loop, on_inner);
	return ENVOI_OK;
}

static void fake_cancel(struct envoi_connector *base)
{
	struct fake *fake = fake_of(base);
	envoi_deferred_cancel(&fake->later);
	envoi__bosh_link_free(fake->link);
	fake->link = NULL;
}

static void fake_destroy(struct envoi_connector *base)
{
	struct envoi_context *context = envoi_context_ref(base->context);
	envoi_connector_finish(base);
	envoi_free(context, fake_of(base));
	envoi_context_unref(context);
}

static const struct envoi_connector_impl fake_impl = {
	.name = "websocket",
	.connect = fake_connect,
	.cancel = fake_cancel,
	.destroy = fake_destroy,
};

static int make_fake(
	struct envoi_connector **ret_connector, struct envoi_context *context, void *user)
{
	struct fake *fake = envoi_alloc_zeroed(context, sizeof(*fake));
	assert_non_null(fake);
	fake->is_inner = user == NULL;
	fake->nothing.impl = &nothing_impl;
	envoi_connector_init(&fake->base, &fake_impl, context);
	*ret_connector = &fake->base;
	return ENVOI_OK;
}

/* --- the fixture --- */

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct envoi_connector *inner;
	const struct envoi__host_meta_hooks hooks = {.make = make_fake, .user = f, .port = ""};
	assert_non_null(f);
	current = f;
	assert_int_equal(test_allocator_context(&f->context, &f->allocator), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&f->settings, f->context), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&f->tls, f->context, f->settings), ENVOI_OK);
	assert_int_equal(make_fake(&inner, f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_host_meta_connector_new(
				 &f->connector, f->context, inner, ENVOI_HOST_META_WEBSOCKET),
		ENVOI_OK);
	envoi__host_meta_set_hooks(f->connector, &hooks);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_connector_destroy(f->connector);
	for (int i = 0; i < f->links; i++) {
		envoi_memory_end_free(f->ends[i]);
	}
	envoi_tls_config_unref(f->tls);
	envoi_settings_free(f->settings);
	envoi_failure_finish(&f->failure);
	envoi_context_unref(f->context);
	assert_int_equal(f->allocator.live, 0);
	free(f);
	return 0;
}

static void run(struct fixture *f, uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, ms), ENVOI_OK);
}

static void on_done(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct fixture *f = user;
	f->dones++;
	f->has_transport = transport != NULL;
	envoi_failure_finish(&f->failure);
	if (failure != NULL) {
		envoi_failure_copy(&f->failure, failure);
	}
}

static int begin(struct fixture *f)
{
	const struct envoi_target target = {
		.domain = "b\303\274cher.example",
		.service = "xmpp-client",
		.settings = f->settings,
		.tls = f->tls,
		.timeout_ms = 20 * SECOND,
	};
	int r = f->connector->impl->connect(f->connector, &target, on_done, f);
	run(f, 10);
	return r;
}

static void expect_request(struct fixture *f, int link, const char *url, const char *head)
{
	char text[512];
	struct envoi_buffer *received = envoi_memory_end_received(f->ends[link]);
	assert_int_equal(f->links, link + 1);
	assert_string_equal(f->urls[link], url);
	snprintf(text, sizeof(text), "%.*s", (int)envoi_buffer_len(received),
		envoi_buffer_data(received));
	assert_int_equal(strncmp(text, head, strlen(head)), 0);
}

static void respond(struct fixture *f, int link, const char *status, const char *body)
{
	char head[512];
	snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status,
		strlen(body));
	assert_int_equal(envoi_memory_end_send(f->ends[link], head, strlen(head)), ENVOI_OK);
	assert_int_equal(envoi_memory_end_send(f->ends[link], body, strlen(body)), ENVOI_OK);
	run(f, 10);
}

static const char xml_url[] = "https://xn--bcher-kva.example/.well-known/host-meta";
static const char json_url[] = "https://xn--bcher-kva.example/.well-known/host-meta.json";

/* --- the connector --- */

static void links_are_tried_in_their_order(void **state)
{
	struct fixture *f = *state;
	f->successes_at = 2;
	assert_int_equal(begin(f), ENVOI_OK);
	expect_request(f, 0, xml_url,
		"GET /.well-known/host-meta HTTP/1.1\r\nHost: xn--bcher-kva.example\r\n");
	respond(f, 0, "200 OK",
		"<?xml version='1.0' encoding='utf-8'?>" XRD "<Link rel='" ENVOI_HOST_META_BOSH
		"' href='https://a.example/bosh'/>"
		"<Link rel='" ENVOI_HOST_META_WEBSOCKET "' href='wss://a.example/ws'/>"
		"<Link rel='" ENVOI_HOST_META_WEBSOCKET "' href='ws://a.example/clear'/>"
		"<Link rel='" ENVOI_HOST_META_WEBSOCKET "' href='wss://b.example/ws'/></XRD>");
	assert_int_equal(f->dones, 1);
	assert_true(f->has_transport);
	assert_string_equal(f->tried, "wss://a.example/ws\nwss://b.example/ws\n");
	assert_string_equal(f->connector->impl->url(f->connector), "wss://b.example/ws");
	assert_int_equal(f->failure.attempt_count, 1);
	assert_string_equal(f->failure.attempts[0].target, "wss://a.example/ws");
	assert_string_equal(f->failure.attempts[0].text, "no route there");
}

static void next_goes_on_behind_the_link_that_connected(void **state)
{
	struct fixture *f = *state;
	const struct envoi_failure why = {
		.code = ENVOI_ERR_DISCONNECTED, .phase = ENVOI_PHASE_STREAM};
	f->successes_at = 1;
	assert_int_equal(begin(f), ENVOI_OK);
	respond(f, 0, "200 OK",
		XRD "<Link rel='" ENVOI_HOST_META_WEBSOCKET "' href='wss://a.example/'/>"
		    "<Link rel='" ENVOI_HOST_META_WEBSOCKET "' href='wss://refused.example/'/>"
		    "<Link rel='" ENVOI_HOST_META_WEBSOCKET "' href='wss://b.example/'/></XRD>");
	assert_true(f->has_transport);
	f->successes_at = 2;
	assert_int_equal(f->connector->impl->next(f->connector, &why, SECOND), ENVOI_OK);
	run(f, 10);
	assert_int_equal(f->dones, 2);
	assert_true(f->has_transport);
	assert_int_equal(f->connector->impl->next(f->connector, &why, SECOND), ENVOI_ERR_STATE);
}

static void json_is_requested_where_xml_has_no_link(void **state)
{
	static const struct {
		const char *status, *body;
	} rows[] = {
		{"404 Not Found", ""},
		{"200 OK", "<html><head/></html>"},
		{"200 OK", XRD "<Link rel='x' href='wss://a.example/'/></XRD>"},
		{"500 x", "{"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture *f = *state;
		f->successes_at = 1;
		assert_int_equal(begin(f), ENVOI_OK);
		respond(f, 0, rows[i].status, rows[i].body);
		expect_request(f, 1, json_url, "GET /.well-known/host-meta.json HTTP/1.1\r\n");
		respond(f, 1, "200 OK",
			"{\"links\": [{\"rel\": \"" ENVOI_HOST_META_WEBSOCKET
			"\", \"href\": \"wss://a.example/\"}]}");
		assert_true(f->has_transport);
		teardown(state);
		setup(state);
	}
}

static void what_was_tried_and_why_it_failed_is_reported(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(begin(f), ENVOI_OK);
	respond(f, 0, "404 Not Found", "");
	respond(f, 1, "200 OK", "{}");
	assert_int_equal(f->dones, 1);
	assert_false(f->has_transport);
	assert_int_equal(f->failure.attempt_count, 2);
	assert_string_equal(f->failure.attempts[0].target, xml_url);
	assert_string_equal(f->failure.attempts[0].text, "the server answered \"404 Not Found\"");
	assert_string_equal(f->failure.attempts[1].target, json_url);
	assert_string_equal(f->failure.attempts[1].text, "no link of " ENVOI_HOST_META_WEBSOCKET);
	assert_null(f->connector->impl->url(f->connector));
}

/* To https alone, and five times at most. */
static void redirects_have_a_policy(void **state)
{
	static const char *const bad[] = {
		"http://a.example/x",
		"//a.example/x",
		"/x",
		"wss://a.example/x",
	};
	char location[256];
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct fixture *f = *state;
		assert_int_equal(begin(f), ENVOI_OK);
		snprintf(location, sizeof(location), "302 Found\r\nLocation: %s", bad[i]);
		respond(f, 0, location, "");
		assert_string_equal(f->urls[1], json_url);
		teardown(state);
		setup(state);
	}
	struct fixture *f = *state;
	assert_int_equal(begin(f), ENVOI_OK);
	for (int i = 0; i < 6; i++) {
		expect_request(f, i, i == 0 ? xml_url : "https://a.example/x", "GET /");
		respond(f, i, "308 x\r\nLocation: https://a.example/x", "");
	}
	assert_string_equal(f->urls[6], json_url);
}

static void a_large_document_is_refused(void **state)
{
	struct fixture *f = *state;
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n";
	assert_int_equal(begin(f), ENVOI_OK);
	assert_int_equal(envoi_memory_end_send(f->ends[0], head, strlen(head)), ENVOI_OK);
	run(f, 10);
	assert_string_equal(f->urls[1], json_url);
}

static void a_server_that_is_not_reached_is_asked_once(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(begin(f), ENVOI_OK);
	envoi_memory_pair_cut(envoi_memory_end_pair(f->ends[0]));
	run(f, 10);
	assert_int_equal(f->dones, 1);
	assert_int_equal(f->links, 1);
	assert_int_equal(f->failure.code, ENVOI_ERR_DISCONNECTED);
}

static void a_silent_server_has_a_deadline(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(begin(f), ENVOI_OK);
	run(f, 19 * SECOND);
	assert_int_equal(f->dones, 0);
	run(f, 2 * SECOND);
	assert_int_equal(f->dones, 1);
	assert_int_equal(f->failure.code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(f->links, 1); /* the other document is not requested */
}

/* The time in which the application decides about a certificate does not count. */
static void a_trust_decision_suspends_the_deadline(void **state)
{
	struct fixture *f = *state;
	f->successes_at = 1;
	assert_int_equal(begin(f), ENVOI_OK);
	run(f, 10 * SECOND);
	envoi__tls_config_question_opens(f->tls);
	run(f, 300 * SECOND);
	envoi__tls_config_question_closes(f->tls);
	run(f, 9 * SECOND);
	assert_int_equal(f->dones, 0);
	respond(f, 0, "200 OK",
		XRD "<Link rel='" ENVOI_HOST_META_WEBSOCKET "' href='wss://a.example/'/></XRD>");
	assert_true(f->has_transport);
	assert_true(f->timeout_ms >= 900 && f->timeout_ms <= 1000);
}

static void the_deadline_holds_after_a_trust_decision(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(begin(f), ENVOI_OK);
	envoi__tls_config_question_opens(f->tls);
	run(f, 30 * SECOND);
	envoi__tls_config_question_closes(f->tls);
	run(f, 19 * SECOND);
	assert_int_equal(f->dones, 0);
	run(f, 2 * SECOND);
	assert_int_equal(f->dones, 1);
	assert_int_equal(f->failure.code, ENVOI_ERR_TIMEOUT);
}

static void where_the_user_has_chosen_nothing_is_looked_for(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_settings_set(f->settings, "server", "127.0.0.1"), ENVOI_OK);
	assert_int_equal(begin(f), ENVOI_ERR_UNSUPPORTED);
	assert_int_equal(envoi_settings_set(f->settings, "server", NULL), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "port", "5222"), ENVOI_OK);
	assert_int_equal(begin(f), ENVOI_ERR_UNSUPPORTED);
	assert_int_equal(f->links, 0);
}

static void it_may_be_cancelled_at_any_time(void **state)
{
	for (int at = 0; at < 3; at++) {
		struct fixture *f = *state;
		f->successes_at = 9;
		assert_int_equal(begin(f), ENVOI_OK);
		if (at == 1) {
			respond(f, 0, "404 x", "");
		} else if (at == 2) {
			static const char body[] = XRD "<Link rel='" ENVOI_HOST_META_WEBSOCKET
						       "' href='wss://a.example/'/></XRD>";
			char text[512];
			snprintf(text, sizeof(text),
				"HTTP/1.1 200 x\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
				body);
			assert_int_equal(
				envoi_memory_end_send(f->ends[0], text, strlen(text)), ENVOI_OK);
		}
		f->connector->impl->cancel(f->connector);
		run(f, 30 * SECOND);
		assert_int_equal(f->dones, 0);
		teardown(state);
		setup(state);
	}
}

static void a_connector_without_a_relation_is_refused(void **state)
{
	struct fixture *f = *state;
	struct envoi_connector *inner, *connector;
	assert_int_equal(make_fake(&inner, f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_host_meta_connector_new(&connector, f->context, inner, NULL),
		ENVOI_ERR_INVALID);
}

/* --- documents --- */

static void json_is_read_by_its_grammar(void **state)
{
	static const struct {
		const char *text;
		int r;
		size_t count;
	} rows[] = {
		{"{}", ENVOI_OK, 0},
		{" { } ", ENVOI_OK, 0},
		{"{\"links\":[]}", ENVOI_OK, 0},
		{"{\"links\":[{\"rel\":\"r\",\"href\":\"wss://a/\"}]}", ENVOI_OK, 1},
		{"{\"links\":[{\"href\":\"wss:\\/\\/a\\u002f\",\"x\":[1,-2e3,null,{}],\"rel\":\"r\"}"
		 ",{\"rel\":\"r\",\"href\":\"https://b/\"}]}",
			ENVOI_OK, 2},
		{"{\"x\":{\"links\":[{\"rel\":\"r\",\"href\":\"wss://a/\"}]}}", ENVOI_OK, 0},
		{"{\"links\":[{\"rel\":\"r\",\"href\":\"ws://a/\"}]}", ENVOI_OK, 0},
		{"{\"links\":[{\"rel\":\"r\",\"href\":7},7,\"x\",[]]}", ENVOI_OK, 0},
		{"{\"links\":\"x\"}", ENVOI_OK, 0},
		{"", ENVOI_ERR_PROTOCOL, 0},
		{"[]", ENVOI_ERR_PROTOCOL, 0},
		{"{\"links\":[{\"rel\":\"r\",\"href\":\"wss://a/\"}]", ENVOI_ERR_PROTOCOL, 1},
		{"{} x", ENVOI_ERR_PROTOCOL, 0},
		{"{\"a\":1,}", ENVOI_ERR_PROTOCOL, 0},
		{"{\"a\" 1}", ENVOI_ERR_PROTOCOL, 0},
		{"{\"a\":\"\n\"}", ENVOI_ERR_PROTOCOL, 0},
		{"{\"a\":\"\\x\"}", ENVOI_ERR_PROTOCOL, 0},
		{"{\"a\":\"\\u00g0\"}", ENVOI_ERR_PROTOCOL, 0},
		{"{\"a\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}", ENVOI_ERR_PROTOCOL, 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		static struct host_meta_links links;
		links = (struct host_meta_links){.rel = "r"};
		assert_int_equal(
			envoi__host_meta_read_json(&links, rows[i].text, strlen(rows[i].text)),
			rows[i].r);
		assert_int_equal(links.count, rows[i].count);
		for (size_t len = 0; len < strlen(rows[i].text); len++) {
			char *cut = malloc(len + 1); /* for the sanitizer */
			assert_non_null(cut);
			memcpy(cut, rows[i].text, len);
			(void)envoi__host_meta_read_json(&links, cut, len);
			free(cut);
		}
	}
}

static void at_most_eight_links_are_kept(void **state)
{
	static struct host_meta_links links = {.rel = "r"};
	static char long_url[HOST_META_URL_SIZE + 1];
	(void)state;
	memset(long_url, 'x', sizeof(long_url) - 1);
	memcpy(long_url, "wss://", 6);
	envoi__host_meta_add(&links, "r", long_url);
	envoi__host_meta_add(&links, NULL, "wss://a/");
	envoi__host_meta_add(&links, "r", NULL);
	assert_int_equal(links.count, 0);
	for (int i = 0; i < 20; i++) {
		envoi__host_meta_add(&links, "r", "WSS://a/");
	}
	assert_int_equal(links.count, HOST_META_MOST_LINKS);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(links_are_tried_in_their_order),
		CASE(next_goes_on_behind_the_link_that_connected),
		CASE(json_is_requested_where_xml_has_no_link),
		CASE(what_was_tried_and_why_it_failed_is_reported),
		CASE(redirects_have_a_policy),
		CASE(a_large_document_is_refused),
		CASE(a_server_that_is_not_reached_is_asked_once),
		CASE(a_silent_server_has_a_deadline),
		CASE(a_trust_decision_suspends_the_deadline),
		CASE(the_deadline_holds_after_a_trust_decision),
		CASE(where_the_user_has_chosen_nothing_is_looked_for),
		CASE(it_may_be_cancelled_at_any_time),
		CASE(a_connector_without_a_relation_is_refused),
		cmocka_unit_test(json_is_read_by_its_grammar),
		cmocka_unit_test(at_most_eight_links_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
