/*
 * envoi - transports when memory runs out, at every place where it can
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "test_allocator.h"

struct side {
	struct envoi_transport_sink sink;
	struct envoi_transport *transport;
	int elements, closes;
	bool told_after_close;
};

static struct side *side_of(struct envoi_transport_sink *sink)
{
	struct side *side = ENVOI_CONTAINER_OF(sink, struct side, sink);
	side->told_after_close |= side->closes > 0;
	return side;
}

static void on_event(struct envoi_transport_sink *sink)
{
	side_of(sink);
}

static void on_opened(struct envoi_transport_sink *sink, const struct envoi_stream_head *head)
{
	(void)head;
	side_of(sink);
}

static void on_element(struct envoi_transport_sink *sink, struct envoi_element *element)
{
	(void)element;
	side_of(sink)->elements++;
}

static void on_written(struct envoi_transport_sink *sink, size_t count)
{
	(void)count;
	side_of(sink);
}

static void on_closed(struct envoi_transport_sink *sink, const struct envoi_failure *why)
{
	(void)why;
	side_of(sink)->closes++;
}

static const struct envoi_transport_sink_impl sink_impl = {
	.opened = on_opened,
	.element = on_element,
	.ended = on_event,
	.secured = on_event,
	.written = on_written,
	.drained = on_event,
	.activity = on_event,
	.closed = on_closed,
};

struct scene {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_memory_pair *pair;
	struct envoi_tls_config *trust, *certificate;
	struct side a, b;
	bool has_tls, has_started;
};

static int make_configs(struct scene *scene)
{
	struct envoi_settings *settings;
	int r = envoi_settings_new(&settings, scene->context);
	if (r < 0) {
		return r;
	}
	r = envoi_settings_set(settings, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	if (r == ENVOI_OK) {
		r = envoi_settings_set(settings, "tls.system-trust", "false");
	}
	if (r == ENVOI_OK) {
		r = envoi_tls_config_new(&scene->trust, scene->context, settings);
	}
	if (r == ENVOI_OK) {
		r = envoi_tls_config_new_server(&scene->certificate, scene->context,
			TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem");
	}
	envoi_settings_free(settings);
	return r;
}

static int make_side(struct scene *scene, struct side *side, enum envoi_memory_side which)
{
	side->sink.impl = &sink_impl;
	int r = envoi_memory_transport_new(&side->transport, scene->pair, which, NULL, false);
	return r < 0 ? r : envoi_transport_start(side->transport, &side->sink);
}

static int make_scene(struct scene *scene)
{
	int r = envoi_loop_new_simulated(&scene->loop, scene->context);
	if (r == ENVOI_OK) {
		r = envoi_context_take_loop(scene->context, scene->loop);
	}
	if (r == ENVOI_OK && scene->has_tls) {
		r = make_configs(scene);
	}
	if (r == ENVOI_OK) {
		r = envoi_memory_pair_new(&scene->pair, scene->context);
	}
	if (r == ENVOI_OK) {
		r = make_side(scene, &scene->a, ENVOI_MEMORY_A);
	}
	if (r == ENVOI_OK) {
		r = make_side(scene, &scene->b, ENVOI_MEMORY_B);
	}
	return r;
}

static void run(struct scene *scene)
{
	(void)!envoi_loop_simulated_run_for(scene->loop, 5000);
}

/* Failures of calls are ignored, as a careless user would. */
static void talk(struct side *side, const struct envoi_stream_head *head)
{
	const struct envoi_transport_impl *impl = side->transport->impl;
	(void)impl->send_head(side->transport, head);
	(void)impl->send_element(side->transport, "<message/>", 10);
	(void)impl->send_element(side->transport, "<presence/>", 11);
	(void)impl->send_tail(side->transport);
}

static void play(struct scene *scene)
{
	const struct envoi_stream_head head = {.version = "1.0", .content_ns = "jabber:client"};
	scene->has_started = true;
	if (scene->has_tls) {
		(void)scene->a.transport->impl->start_tls(
			scene->a.transport, ENVOI_INITIATOR, scene->trust, "example.org");
		(void)scene->b.transport->impl->start_tls(
			scene->b.transport, ENVOI_RECEIVER, scene->certificate, NULL);
		run(scene);
	}
	talk(&scene->a, &head);
	talk(&scene->b, &head);
	run(scene);
	scene->a.transport->impl->close(scene->a.transport, 1000);
	scene->b.transport->impl->close(scene->b.transport, 1000);
	run(scene);
}

static void finish_scene(struct scene *scene)
{
	envoi_transport_destroy(scene->a.transport);
	envoi_transport_destroy(scene->b.transport);
	envoi_memory_pair_unref(scene->pair);
	envoi_tls_config_unref(scene->trust);
	envoi_tls_config_unref(scene->certificate);
	envoi_context_unref(scene->context);
}

/* Each allocation fails once, alone and then with all behind it. */
static void fail_everywhere(bool has_tls, bool fail_on)
{
	bool has_failed = true;
	for (size_t at = 1; has_failed; at++) {
		struct test_allocator allocator = {.fail_at = at, .fail_on = fail_on};
		struct scene scene = {.has_tls = has_tls};
		if (test_allocator_context(&scene.context, &allocator) < 0) {
			continue;
		}
		int r = make_scene(&scene);
		if (r == ENVOI_OK) {
			play(&scene);
		}
		has_failed = allocator.calls >= at;
		finish_scene(&scene);
		bool is_right = r == ENVOI_ERR_NOMEM ||
			(r == ENVOI_OK && scene.a.closes == 1 && scene.b.closes == 1);
		is_right &= !scene.a.told_after_close && !scene.b.told_after_close;
		is_right &= has_failed || (scene.a.elements == 2 && scene.b.elements == 2);
		if (!is_right || allocator.live > 0) {
			fail_msg("allocation %d: %d, closed %d and %d, %d blocks left", (int)at, r,
				scene.a.closes, scene.b.closes, (int)allocator.live);
		}
	}
}

static void in_clear(void **state)
{
	(void)state;
	fail_everywhere(false, false);
	fail_everywhere(false, true);
}

static void within_tls(void **state)
{
	(void)state;
	fail_everywhere(true, false);
	fail_everywhere(true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_clear),
		cmocka_unit_test(within_tls),
	};
	return cmocka_run_group_tests_name("sim/transport_no_memory", tests, NULL, NULL);
}
