/*
 * envoi - sessions: tests of what events carry and when none comes
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"

static int setup(void **state)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	assert_non_null(wire);
	wire_init(wire, NULL);
	*state = wire;
	return 0;
}

static int teardown(void **state)
{
	wire_finish(*state);
	free(*state);
	return 0;
}

/** A handler of one event and of messages. */
struct listener {
	struct envoi_handler base;
	struct envoi_handler_impl impl;
	struct envoi_event_row events[2];
	struct envoi_stanza_row stanzas[2];
	void (*act)(struct listener *listener, const struct envoi_event *event);
	struct wire *wire;
	char text[64];
	int code;
	unsigned int events_seen, messages_seen;
};

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	struct listener *listener = ENVOI_CONTAINER_OF(self, struct listener, base);
	listener->events_seen++;
	if (listener->act != NULL) {
		listener->act(listener, event);
	}
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	ENVOI_CONTAINER_OF(self, struct listener, base)->messages_seen++;
	return ENVOI_OK;
}

static void listen_to(struct listener *listener, struct wire *wire, enum envoi_event_type type,
	void (*act)(struct listener *listener, const struct envoi_event *event))
{
	*listener = (struct listener){.wire = wire, .act = act};
	listener->events[0] = (struct envoi_event_row){type, on_event};
	listener->stanzas[0] = (struct envoi_stanza_row){
		.kind = ENVOI_MESSAGE, .handle = on_message};
	listener->impl.events = listener->events;
	listener->impl.stanzas = listener->stanzas;
	listener->base.impl = &listener->impl;
	assert_int_equal(envoi_session_add(wire->session, &listener->base), ENVOI_OK);
}

static int post(struct wire *wire, int type)
{
	return envoi_session_post_event(
		wire->session, &(struct envoi_event){.type = (enum envoi_event_type)type});
}

static void note_stanza(struct listener *listener, const struct envoi_event *event)
{
	if (event->stanza != NULL) {
		strcpy(listener->text, envoi_stanza_id(event->stanza));
	}
}

static void an_unhandled_stanza_is_in_its_event(void **state)
{
	struct wire *wire = *state;
	static struct listener listener;
	wire_go_online(wire);
	listen_to(&listener, wire, ENVOI_EVENT_UNHANDLED, note_stanza);
	wire_say(wire, "<message id='m7' from='a b@c'/>");
	wire_run(wire, 0);
	assert_int_equal(listener.events_seen, 1);
	assert_string_equal(listener.text, "m7");
	assert_int_equal(listener.messages_seen, 0);
}

static void the_address_is_in_the_event_of_binding(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	assert_null(envoi_session_jid(wire->session));
	struct envoi_stream_sink *sink = envoi_session_sink(wire->session);
	sink->impl->gained(sink, ENVOI_STREAM_BOUND, NULL);
	assert_string_equal(envoi_jid_text(envoi_session_jid(wire->session)), WIRE_OWN);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "bound " WIRE_OWN "\n");
}

/* A stream that has not resumed the suspended session begins a new one when it is bound. */
static void binding_ends_the_suspended_session(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	envoi_session_set_resumable(wire->session, true);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	uint64_t epoch = envoi_session_epoch(wire->session);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	assert_int_equal(envoi_session_epoch(wire->session), epoch);
	struct envoi_stream_sink *sink = envoi_session_sink(wire->session);
	sink->impl->gained(sink, ENVOI_STREAM_SECURE, NULL);
	assert_int_equal(envoi_session_epoch(wire->session), epoch);
	sink->impl->gained(sink, ENVOI_STREAM_BOUND, NULL);
	assert_int_equal(envoi_session_epoch(wire->session), epoch + 1);
}

static void only_events_that_exist_are_posted(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(post(wire, -1), ENVOI_ERR_INVALID);
	assert_int_equal(post(wire, ENVOI_NO_EVENT), ENVOI_ERR_INVALID);
	assert_int_equal(post(wire, ENVOI_EVENTS_END), ENVOI_ERR_INVALID);
	assert_int_equal(post(wire, ENVOI_EVENTS_END + 1), ENVOI_ERR_INVALID);
	assert_int_equal(post(wire, ENVOI_EVENTS_END - 1), ENVOI_OK);
}

static void post_again(struct listener *listener, const struct envoi_event *event)
{
	listener->code = post(listener->wire, event->type);
}

static void a_session_that_is_being_freed_takes_no_events(void **state)
{
	struct wire *wire = *state;
	static struct listener listener;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	listen_to(&listener, wire, ENVOI_EVENT_DISCONNECTED, post_again);
	assert_int_equal(post(wire, ENVOI_EVENT_DISCONNECTED), ENVOI_OK);
	envoi_session_free(wire->session);
	wire->session = NULL;
	assert_int_equal(listener.events_seen, 1);
	assert_int_equal(listener.code, ENVOI_ERR_STATE);
}

static void detach(struct listener *listener, const struct envoi_event *event)
{
	(void)event;
	envoi_session_detach(listener->wire->session);
}

/* Events of what came before a stanza are delivered before it, and may end its stream. */
static void a_stanza_is_not_delivered_after_its_stream(void **state)
{
	struct wire *wire = *state;
	static struct listener listener;
	for (int detaches = 0; detaches < 2; detaches++) {
		wire_go_online(wire);
		listen_to(&listener, wire, ENVOI_EVENT_AVAILABLE, detaches ? detach : NULL);
		struct envoi_element *message = element_from_text(
			wire->context, "<message from='a@b'/>");
		assert_int_equal(post(wire, ENVOI_EVENT_AVAILABLE), ENVOI_OK);
		struct envoi_stream_sink *sink = envoi_session_sink(wire->session);
		sink->impl->stanza(sink, message);
		envoi_element_unref(message);
		assert_int_equal(listener.events_seen, 1);
		assert_int_equal(listener.messages_seen, detaches ? 0 : 1);
		wire_free_session(wire);
	}
}

static void close_session(struct wire *wire)
{
	envoi_session_close(wire->session);
}

static void a_session_that_closes_does_not_start(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire->on_opened = close_session;
	wire_greet(wire);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_heard(wire), "</stream:stream>"));
	assert_string_equal(wire_log(wire), "stream-opened\n");
	assert_int_equal(wire->ready_count, 0);
	struct envoi_stream_sink *sink = envoi_session_sink(wire->session);
	sink->impl->ready(sink);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "");
	assert_false(envoi_session_is_online(wire->session));
}

static void a_session_needs_no_owner(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	envoi_session_set_owner(wire->session, NULL);
	wire_go_online(wire);
	struct envoi_stream_sink *sink = envoi_session_sink(wire->session);
	sink->impl->gained(sink, ENVOI_STREAM_BOUND, NULL);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "bound " WIRE_OWN "\n");
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_false(envoi_session_is_online(wire->session));
}

/* Each allocation fails once: a session that is online has reported each step. */
static void no_event_is_lost_without_the_stream(void **state)
{
	(void)state;
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	bool failed = true;
	for (size_t n = 1; failed; n++) {
		struct wire *wire = calloc(1, sizeof(*wire));
		assert_non_null(wire);
		wire_init(wire, &(struct envoi_context_options){.allocator = functions});
		assert_int_equal(wire_new_session(wire), ENVOI_OK);
		assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
		wire_greet(wire);
		allocator.fail_at = allocator.calls + n;
		wire_run(wire, 0);
		failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		wire_run(wire, 60000); /* a stream that fails waits for its end */
		if (envoi_session_is_online(wire->session)) {
			assert_string_equal(
				wire_log(wire), "stream-opened\nstarted " WIRE_OWN "\n");
		} else {
			assert_true(failed);
			assert_int_equal(wire->closed_count, 1);
			assert_true(wire->closed.code < 0);
		}
		wire_finish(wire);
		free(wire);
		assert_int_equal(allocator.live, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unhandled_stanza_is_in_its_event),
		TEST(the_address_is_in_the_event_of_binding),
		TEST(binding_ends_the_suspended_session),
		TEST(only_events_that_exist_are_posted),
		TEST(a_session_that_is_being_freed_takes_no_events),
		TEST(a_stanza_is_not_delivered_after_its_stream),
		TEST(a_session_that_closes_does_not_start),
		TEST(a_session_needs_no_owner),
		cmocka_unit_test(no_event_is_lost_without_the_stream),
	};
	return cmocka_run_group_tests_name("session/events", tests, NULL, NULL);
}
