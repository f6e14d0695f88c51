/*
 * envoi - the grid of streams: what their owners may do, inside each callback of both sides
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/features.h>
#include <envoi/interfaces/stream.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>
#include <envoi/stanza.h>
#include <envoi/tls.h>

#include "grid.h"
#include "test_allocator.h"

#define NS "urn:x"

enum place {
	IN_OPENED,
	IN_GAINED = IN_OPENED + 2,
	IN_READY = IN_GAINED + 2,
	IN_STANZA = IN_READY + 2,
	IN_WRITTEN = IN_STANZA + 2,
	IN_DRAINED = IN_WRITTEN + 2,
	IN_ACTIVITY = IN_DRAINED + 2,
	IN_CLOSED = IN_ACTIVITY + 2,
	IN_ELEMENT = IN_CLOSED + 2,
	IN_SECURED = IN_ELEMENT + 2,
	IN_FINISH = IN_SECURED + 2,
	IN_NEGOTIATE = IN_FINISH + 2,
	IN_OFFER,
	IN_WANTED,
	IN_LOOK_UP,
	IN_SKIPPED,
	IN_ENDING,
	PLACES,
};

/* Those of both sides come in pairs: initiator, receiver. */
#define BOTH(place, callback) \
	[(place) + ENVOI_INITIATOR] = {callback, "initiator"}, \
		   [(place) + ENVOI_RECEIVER] = {callback, "receiver"}

/* clang-format off */
static const struct grid_place places[] = {
	BOTH(IN_OPENED, "envoi_stream_sink_impl.opened"),
	BOTH(IN_GAINED, "envoi_stream_sink_impl.gained"),
	BOTH(IN_READY, "envoi_stream_sink_impl.ready"),
	BOTH(IN_STANZA, "envoi_stream_sink_impl.stanza"),
	BOTH(IN_WRITTEN, "envoi_stream_sink_impl.written"),
	BOTH(IN_DRAINED, "envoi_stream_sink_impl.drained"),
	BOTH(IN_ACTIVITY, "envoi_stream_sink_impl.activity"),
	BOTH(IN_CLOSED, "envoi_stream_sink_impl.closed"),
	BOTH(IN_ELEMENT, "envoi_stream_element_row.handle"),
	BOTH(IN_SECURED, "envoi_stream_feature.secured"),
	BOTH(IN_FINISH, "envoi_stream_feature.finish"),
	[IN_NEGOTIATE] = {"envoi_stream_feature.negotiate", "initiator"},
	[IN_OFFER] = {"envoi_stream_feature.offer", "receiver"},
	[IN_WANTED] = {"envoi_bind_hook_impl.wanted", "receiver"},
	[IN_LOOK_UP] = {"envoi_sasl_directory_impl.look_up", "receiver"},
	[IN_SKIPPED] = {"envoi_stream_sink_impl.skipped", "initiator"},
	[IN_ENDING] = {"envoi_stream_sink_impl.ending", "receiver"},
};
/* clang-format on */

enum {
	HANDLERS = 3, /* of a side */
};

struct plot;

/** One side: its stream, and its handlers, which are freed as soon as nothing may use them. */
struct side {
	struct envoi_stream_sink sink;
	struct plot *plot;
	enum envoi_role role;
	struct envoi_stream *stream;
	struct envoi_handler *handlers[HANDLERS]; /* the own one is the first; NULL: destroyed */
	unsigned int closes;
};

/** A stream feature that starts TLS without asking. */
struct own {
	struct envoi_handler base;
	struct side *side;
};

struct plot {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_tls_config *configs[2];
	struct envoi_bind_hook hook;
	struct envoi_sasl_directory directory;
	struct envoi_memory_pair *pair;
	struct side sides[2];
};

/* --- what is done --- */

static void destroy_handlers(struct side *side)
{
	for (size_t i = 0; i < HANDLERS; i++) {
		struct envoi_handler *handler = side->handlers[i];
		side->handlers[i] = NULL;
		envoi_handler_destroy(handler);
	}
}

static void act_free(void *world)
{
	struct side *side = world;
	if (side->stream != NULL) {
		envoi_stream_free(side->stream); /* also where this call is on the stack already */
		side->stream = NULL;
	}
}

static void act_free_all(void *world)
{
	act_free(world);
	destroy_handlers(world);
}

static void remove_at(struct side *side, size_t i)
{
	struct envoi_handler *handler = side->handlers[i];
	side->handlers[i] = NULL;
	if (side->stream != NULL && handler != NULL) {
		envoi_stream_remove(side->stream, handler);
	}
	envoi_handler_destroy(handler);
}

static void act_remove(void *world)
{
	remove_at(world, 0);
}

static void act_remove_all(void *world)
{
	for (size_t i = 0; i < HANDLERS; i++) {
		remove_at(world, i);
	}
}

static void act_close(void *world)
{
	struct side *side = world;
	if (side->stream != NULL) {
		envoi_stream_close(side->stream);
	}
}

static void act_fail(void *world)
{
	struct side *side = world;
	if (side->stream != NULL) {
		envoi_stream_fail_with(
			side->stream, ENVOI_ERR_LIMIT, ENVOI_STREAM_POLICY_VIOLATION, "enough");
	}
}

static void act_free_the_other(void *world)
{
	struct side *side = world;
	act_free_all(&side->plot->sides[1 - side->role]);
}

static void act_free_both(void *world)
{
	act_free_the_other(world);
	act_free_all(world);
}

static void act_free_after_all_else(void *world)
{
	act_fail(world);
	act_close(world);
	act_remove(world);
	act_free_all(world);
}

static const struct grid_act acts[] = {
	{"free the stream", act_free},
	{"free the stream and all handlers", act_free_all},
	{"remove the handler", act_remove},
	{"remove all handlers", act_remove_all},
	{"close", act_close},
	{"fail", act_fail},
	{"free the other side", act_free_the_other},
	{"free both sides", act_free_both},
	{"free after all else", act_free_after_all_else},
};

/* --- sinks --- */

static struct side *from_sink(struct envoi_stream_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct side, sink);
}

static void visit(struct side *side, enum place place)
{
	grid_visit((size_t)place + side->role, side);
}

static void on_opened(struct envoi_stream_sink *sink)
{
	visit(from_sink(sink), IN_OPENED);
}

static void on_gained(struct envoi_stream_sink *sink, unsigned int bit, const char *text)
{
	(void)bit, (void)text;
	visit(from_sink(sink), IN_GAINED);
}

static void on_ready(struct envoi_stream_sink *sink)
{
	visit(from_sink(sink), IN_READY);
}

static void on_stanza(struct envoi_stream_sink *sink, struct envoi_element *element)
{
	(void)element;
	visit(from_sink(sink), IN_STANZA);
}

static void on_skipped(struct envoi_stream_sink *sink, struct envoi_element *element,
	uint64_t bytes, const char *limit)
{
	(void)element, (void)bytes, (void)limit;
	grid_visit(IN_SKIPPED, from_sink(sink));
}

static void on_ending(struct envoi_stream_sink *sink)
{
	grid_visit(IN_ENDING, from_sink(sink));
}

static void on_written(struct envoi_stream_sink *sink, size_t count)
{
	(void)count;
	visit(from_sink(sink), IN_WRITTEN);
}

static void on_drained(struct envoi_stream_sink *sink)
{
	visit(from_sink(sink), IN_DRAINED);
}

static void on_activity(struct envoi_stream_sink *sink)
{
	visit(from_sink(sink), IN_ACTIVITY);
}

static void on_closed(struct envoi_stream_sink *sink, const struct envoi_failure *why)
{
	(void)why;
	from_sink(sink)->closes++;
	visit(from_sink(sink), IN_CLOSED);
}

static const struct envoi_stream_sink_impl sink_impl = {
	.opened = on_opened,
	.gained = on_gained,
	.ready = on_ready,
	.stanza = on_stanza,
	.skipped = on_skipped,
	.ending = on_ending,
	.written = on_written,
	.drained = on_drained,
	.activity = on_activity,
	.closed = on_closed,
};

/* --- the own feature: <y/>, <z/>, then TLS --- */

static struct side *side_of(struct envoi_handler *base)
{
	return ENVOI_CONTAINER_OF(base, struct own, base)->side;
}

static int offer(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	(void)stream;
	envoi_element_add(features, NS, "x");
	grid_visit(IN_OFFER, side_of(self));
	return ENVOI_OK;
}

static int send_own(struct envoi_stream *stream, const char *name)
{
	struct envoi_element *element = envoi_element_new(envoi_stream_context(stream), NS, name);
	int r = envoi_stream_send_element(stream, element);
	envoi_element_unref(element);
	return r;
}

static int negotiate(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)features;
	int r = offer == NULL ? ENVOI_OK : send_own(stream, "y");
	r = offer == NULL || r < 0 ? r : ENVOI_AGAIN;
	grid_visit(IN_NEGOTIATE, side_of(self));
	return r;
}

static int on_element(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct side *side = side_of(self);
	(void)element;
	int r = side->role == ENVOI_RECEIVER ? send_own(stream, "z") : ENVOI_OK;
	r = r < 0 ? r : envoi_stream_start_tls(stream, self, side->plot->configs[side->role]);
	visit(side, IN_ELEMENT);
	return r;
}

static void on_secured(struct envoi_handler *self, struct envoi_stream *stream)
{
	envoi_stream_feature_done(stream, self, ENVOI_STREAM_SECURE, true, NULL);
	visit(side_of(self), IN_SECURED);
}

static void on_finish(struct envoi_handler *self, struct envoi_stream *stream, void *state)
{
	(void)stream, (void)state;
	visit(side_of(self), IN_FINISH);
}

static void own_destroy(struct envoi_handler *self)
{
	free(ENVOI_CONTAINER_OF(self, struct own, base));
}

static const struct envoi_stream_feature own_feature = {
	.ns = NS,
	.name = "x",
	.forbidden = ENVOI_STREAM_SECURE,
	.phase = ENVOI_PHASE_TLS,
	.offer = offer,
	.negotiate = negotiate,
	.secured = on_secured,
	.finish = on_finish,
};
static const struct envoi_stream_element_row rows[] = {
	{.ns = NS, .name = "y", .roles = 1u << ENVOI_RECEIVER, .handle = on_element},
	{.ns = NS, .name = "z", .roles = 1u << ENVOI_INITIATOR, .handle = on_element},
	{.name = NULL},
};
static const struct envoi_handler_impl own_impl = {
	.name = "own",
	.stream_feature = &own_feature,
	.stream_elements = rows,
	.destroy = own_destroy,
};

static struct envoi_handler *own_new(struct side *side)
{
	struct own *own = calloc(1, sizeof(*own));
	assert_non_null(own);
	*own = (struct own){.base = {&own_impl}, .side = side};
	return &own->base;
}

/* --- binding and authentication, receiving side --- */

static void wanted(struct envoi_bind_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *resource)
{
	struct plot *plot = ENVOI_CONTAINER_OF(hook, struct plot, hook);
	struct envoi_jid *jid;
	(void)resource;
	assert_int_equal(envoi_jid_from_text(&jid, plot->context, "alice@example.org/x"), ENVOI_OK);
	assert_int_equal(envoi_bind_answer(stream, handler, jid, ENVOI_CONFLICT), ENVOI_OK);
	envoi_jid_unref(jid);
	grid_visit(IN_WANTED, &plot->sides[ENVOI_RECEIVER]);
}

static const struct envoi_bind_hook_impl hook_impl = {.wanted = wanted};

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	struct plot *plot = ENVOI_CONTAINER_OF(directory, struct plot, directory);
	envoi_sasl_lookup_answer_password(lookup, "secret");
	grid_visit(IN_LOOK_UP, &plot->sides[ENVOI_RECEIVER]);
}

static const struct envoi_sasl_directory_impl directory_impl = {.look_up = look_up};

/* --- the plot --- */

static void make_features(struct plot *plot)
{
	struct side *a = &plot->sides[ENVOI_INITIATOR], *b = &plot->sides[ENVOI_RECEIVER];
	struct envoi_sasl_credentials *credentials;
	const struct envoi_bind_options receiver = {.hook = &plot->hook}, initiator = {0};
	assert_int_equal(
		envoi_sasl_password_new(&credentials, plot->context, NULL, "secret"), ENVOI_OK);
	assert_int_equal(
		envoi_sasl_feature_new(&a->handlers[1], plot->context, plot->settings, credentials),
		ENVOI_OK);
	assert_int_equal(envoi_bind_new(&a->handlers[2], plot->context, &initiator), ENVOI_OK);
	assert_int_equal(envoi_sasl_receiver_new(
				 &b->handlers[1], plot->context, plot->settings, &plot->directory),
		ENVOI_OK);
	assert_int_equal(envoi_bind_new(&b->handlers[2], plot->context, &receiver), ENVOI_OK);
}

static void start(struct side *side, const char *local)
{
	struct plot *plot = side->plot;
	struct envoi_transport *transport;
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, plot->context, local), ENVOI_OK);
	assert_int_equal(envoi_memory_transport_new(&transport, plot->pair,
				 side->role == ENVOI_INITIATOR ? ENVOI_MEMORY_A : ENVOI_MEMORY_B,
				 plot->settings, false),
		ENVOI_OK);
	const struct envoi_stream_options options = {
		.role = side->role,
		.local = jid,
		.peer_domain = side->role == ENVOI_INITIATOR ? "example.org" : NULL,
		.handlers = side->handlers,
		.handler_count = HANDLERS,
		.required = ENVOI_STREAM_SECURE | ENVOI_STREAM_AUTHENTICATED | ENVOI_STREAM_BOUND,
		.settings = plot->settings,
	};
	assert_int_equal(
		envoi_stream_new(&side->stream, plot->context, &options, transport, &side->sink),
		ENVOI_OK);
	envoi_jid_unref(jid);
}

static void set(struct plot *plot, const char *name, const char *value)
{
	assert_int_equal(envoi_settings_set(plot->settings, name, value), ENVOI_OK);
}

static void plot_init(struct plot *plot)
{
	assert_int_equal(test_allocator_context(&plot->context, &plot->allocator), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&plot->loop, plot->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(plot->context, plot->loop), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&plot->settings, plot->context), ENVOI_OK);
	set(plot, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	set(plot, "tls.system-trust", "false");
	set(plot, "sasl.mechanisms", "SCRAM-SHA-256");
	set(plot, "sasl.min-iterations", "16");
	set(plot, "limits.output-bytes", "64k");
	set(plot, "limits.depth", "4");
	plot->hook.impl = &hook_impl;
	plot->directory.impl = &directory_impl;
	assert_int_equal(envoi_tls_config_new(
				 &plot->configs[ENVOI_INITIATOR], plot->context, plot->settings),
		ENVOI_OK);
	assert_int_equal(envoi_tls_config_new_server(&plot->configs[ENVOI_RECEIVER], plot->context,
				 TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem"),
		ENVOI_OK);
	assert_int_equal(envoi_memory_pair_new(&plot->pair, plot->context), ENVOI_OK);
	for (unsigned int i = 0; i < 2; i++) {
		struct side *side = &plot->sides[i];
		*side = (struct side){
			.sink.impl = &sink_impl, .plot = plot, .role = (enum envoi_role)i};
		side->handlers[0] = own_new(side);
	}
	make_features(plot);
}

static void plot_finish(struct plot *plot)
{
	for (size_t i = 0; i < 2; i++) {
		act_free_all(&plot->sides[i]);
		envoi_tls_config_unref(plot->configs[i]);
	}
	plot->pair = envoi_memory_pair_unref(plot->pair);
	envoi_settings_free(plot->settings);
	envoi_context_unref(plot->context);
	assert_int_equal(plot->allocator.live, 0);
	free(plot);
}

static void run(struct plot *plot, uint64_t duration_ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(plot->loop, duration_ms), ENVOI_OK);
}

/* More than the transport takes at a time, so that it has to drain. */
static void send_much(struct side *side)
{
	static char xml[8000];
	if (xml[0] == '\0') {
		memset(xml, ' ', sizeof(xml));
		memcpy(xml, "<message>", strlen("<message>"));
		memcpy(xml + sizeof(xml) - strlen("</message>"), "</message>",
			strlen("</message>"));
	}
	for (int i = 0; side->stream != NULL && i < 10; i++) {
		if (envoi_stream_send(side->stream, xml, sizeof(xml)) < 0) {
			break;
		}
	}
}

/* limits.depth is 4. */
static void send_deep(struct side *side)
{
	static const char xml[] = "<message><a><a><a><a/></a></a></a></message>";
	if (side->stream != NULL) {
		(void)!envoi_stream_send(side->stream, xml, strlen(xml));
	}
}

static void play(const struct grid *the_grid)
{
	(void)the_grid;
	struct plot *plot = calloc(1, sizeof(*plot));
	assert_non_null(plot);
	plot_init(plot);
	start(&plot->sides[ENVOI_RECEIVER], "example.org");
	start(&plot->sides[ENVOI_INITIATOR], "alice@example.org");
	run(plot, 1000);
	send_much(&plot->sides[ENVOI_INITIATOR]);
	send_much(&plot->sides[ENVOI_RECEIVER]);
	send_deep(&plot->sides[ENVOI_RECEIVER]);
	run(plot, 1000);
	act_close(&plot->sides[ENVOI_INITIATOR]);
	run(plot, 600000);
	for (size_t i = 0; i < 2; i++) {
		assert_true(plot->sides[i].stream == NULL || plot->sides[i].closes == 1);
	}
	plot_finish(plot);
}

struct grid grid = {places, PLACES, acts, GRID_COUNT(acts), play, 0, 0, 0};

static void anything_may_be_freed_inside_any_callback(void **state)
{
	(void)state;
	grid_run();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anything_may_be_freed_inside_any_callback),
	};
	return cmocka_run_group_tests_name("torture/grid_stream", tests, NULL, NULL);
}
