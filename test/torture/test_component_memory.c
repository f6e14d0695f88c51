/*
 * envoi - a component when memory runs out, at every allocation of its life
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>

#include "component_server.h"
#include "test_allocator.h"

#define ALICE "alice@example.org"
#define BOB "bob@gw.example.org"

struct story {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct component_server server;
	struct envoi_component *component;
	struct envoi_handler handler;
	unsigned int started, stopped;
	bool is_connected; /* connecting has begun */
};

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	struct story *story = ENVOI_CONTAINER_OF(self, struct story, handler);
	story->started += event->type == ENVOI_EVENT_STARTED;
	story->stopped += event->type == ENVOI_EVENT_STOPPED;
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	return envoi_reply_text(in, "hello back");
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVERY_EVENT, on_event},
	ENVOI_ROWS_END,
};
static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl impl = {
	.name = "story", .events = events, .stanzas = stanzas};

static void run(struct story *story, uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(story->loop, ms), ENVOI_OK);
}

static int make(struct story *story, struct envoi_connector *connector)
{
	int r = envoi_component_new(&story->component, story->context, "gw.example.org");
	if (r < 0) {
		envoi_connector_destroy(connector);
		return r;
	}
	struct envoi_component *component = story->component;
	envoi_component_set(component, "reconnect.initial", "true");
	envoi_component_set_secret(component, "secret");
	envoi_component_add(component, &story->handler);
	envoi_component_add_connector(component, connector);
	struct envoi_stanza *presence = envoi_presence_new(
		story->context, ENVOI_TYPE_AVAILABLE, NULL);
	r = presence == NULL ? ENVOI_ERR_NOMEM
			     : envoi_component_set_presence(component, BOB "/x", presence);
	envoi_stanza_unref(presence);
	return r;
}

static void receive(struct story *story, const char *xml)
{
	struct envoi_stream *stream = story->server.count == 0
		? NULL
		: component_server_last(&story->server)->recorder.stream;
	if (stream != NULL) {
		int r = envoi_stream_send(stream, xml, strlen(xml));
		(void)r; /* it may be closed, or without memory */
	}
	run(story, 100);
}

static void live(struct story *story)
{
	run(story, 60000);
	receive(story, "<presence type='subscribe' from='" ALICE "/desk' to='" BOB "'/>");
	receive(story, "<presence type='probe' from='" ALICE "' to='" BOB "'/>");
	receive(story, "<message from='" ALICE "' to='" BOB "'><body>hello</body></message>");
	(void)envoi_component_subscribe(story->component, BOB, "carol@example.org");
	(void)envoi_component_refuse(story->component, BOB, ALICE);
	if (story->server.count > 0) {
		envoi_memory_pair_cut(component_server_last(&story->server)->pair);
	}
	run(story, 60000);
	assert_true(envoi_session_is_online(envoi_component_session(story->component)));
	envoi_component_disconnect(story->component);
	run(story, 60000);
	assert_int_equal(story->stopped, 1);
	assert_true(story->started >= 1);
}

/* @return whether the failure was reached */
static bool play(size_t fail_at)
{
	struct story story = {.handler = ENVOI_HANDLER(&impl)};
	assert_int_equal(test_allocator_context(&story.context, &story.allocator), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&story.loop, story.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(story.context, story.loop), ENVOI_OK);
	component_server_init(&story.server, story.context);
	struct envoi_connector *connector = component_server_connector(&story.server);
	story.allocator.calls = 0;
	story.allocator.fail_at = fail_at;
	int r = make(&story, connector);
	if (r == ENVOI_OK) {
		r = envoi_component_connect(story.component);
	}
	if (r == ENVOI_OK) {
		live(&story);
	} else {
		assert_int_equal(r, ENVOI_ERR_NOMEM);
	}
	bool was_reached = story.allocator.calls >= fail_at;
	envoi_component_free(story.component);
	component_server_finish(&story.server);
	envoi_context_unref(story.context);
	assert_int_equal(story.allocator.live, 0);
	return was_reached;
}

/* It recovers by itself from each failure after it has begun to connect. */
static void every_failed_allocation_is_survived(void **state)
{
	(void)state;
	size_t fail_at = 1;
	while (play(fail_at)) {
		fail_at++;
	}
	assert_true(fail_at > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_failed_allocation_is_survived),
	};
	return cmocka_run_group_tests_name("torture/component_memory", tests, NULL, NULL);
}
