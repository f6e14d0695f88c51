/*
 * envoi - a session when memory runs out, at every allocation of a conversation
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/payload.h>

#include "test_allocator.h"
#include "wire.h"

struct story {
	struct wire wire;
	struct envoi_handler handler;
	struct envoi_promise *promises[4];
	size_t promise_count;
	struct wire_ticket tickets[4];
	size_t ticket_count;
	unsigned int asked, answered, attached, started, ended, disconnected, timeouts;
};

struct weather {
	int64_t celsius;
};

static const struct envoi_field weather_fields[] = {
	ENVOI_ATTR_INT(struct weather, celsius, "celsius", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type weather_type = ENVOI_PAYLOAD_TYPE(
	struct weather, "urn:example:weather", "report", weather_fields);

static struct story *from_base(struct envoi_handler *base)
{
	return ENVOI_CONTAINER_OF(base, struct story, handler);
}

static int on_weather(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct weather now = {.celsius = 7};
	(void)self;
	return envoi_reply_result(in, &weather_type, &now);
}

static int on_later(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct story *story = from_base(self);
	int r = envoi_delivery_defer(in, &story->promises[story->promise_count]);
	story->promise_count += r == ENVOI_OK;
	return r;
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	return envoi_reply_text(in, "pong");
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	struct story *story = from_base(self);
	story->started += event->type == ENVOI_EVENT_STARTED;
	story->ended += event->type == ENVOI_EVENT_ENDED;
	story->disconnected += event->type == ENVOI_EVENT_DISCONNECTED;
}

static void on_timeout(struct envoi_handler *self, struct envoi_session *session)
{
	(void)session;
	from_base(self)->timeouts++;
}

static int on_stanza(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)self;
	(void)session;
	(void)stanza;
	return ENVOI_OK;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_IQ_SET, .payload = &weather_type, .handle = on_weather},
	{.kind = ENVOI_IQ_GET, .handle = on_later},
	{.kind = ENVOI_MESSAGE, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_STARTED, on_event},
	{ENVOI_EVENT_ENDED, on_event},
	{ENVOI_EVENT_DISCONNECTED, on_event},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_timeout_row timeouts[] = {{5, true, on_timeout}, {0, false, NULL}};
static const struct envoi_filters filters = {on_stanza, on_stanza, 0};
static const struct envoi_handler_impl story_impl = {
	.name = "story",
	.stanzas = stanzas,
	.events = events,
	.timeouts = timeouts,
	.filters = &filters,
};

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct story *story = user;
	(void)envoi_answer_text(answer);
	story->answered++;
}

static void ask(struct story *story, const char *to, uint64_t timeout_ms)
{
	struct envoi_stanza *iq = envoi_iq_new(story->wire.context, ENVOI_IQ_GET, to);
	if (iq != NULL) {
		envoi_element_add(envoi_stanza_element(iq), "urn:xmpp:ping", "ping");
	}
	story->asked += envoi_request(story->wire.session, iq, &weather_type, timeout_ms, on_answer,
				story, NULL) == ENVOI_OK;
}

static void send(struct story *story)
{
	struct wire_ticket *ticket = &story->tickets[story->ticket_count];
	(void)wire_ticket(ticket, &story->wire, "ticket");
	story->ticket_count += envoi_send_text(story->wire.session, "a@b/c", "x",
				       &ticket->ticket) == ENVOI_OK;
}

static void say(struct story *story, const char *xml)
{
	if (envoi_session_stream(story->wire.session) != NULL) {
		wire_say(&story->wire, xml);
		wire_run(&story->wire, 1);
	}
}

static void connect(struct story *story)
{
	if (wire_attach(&story->wire, ENVOI_INITIATOR, 0) == ENVOI_OK) {
		story->attached++;
		wire_greet(&story->wire);
		wire_run(&story->wire, 1);
	}
}

static void play(struct story *story)
{
	struct wire *wire = &story->wire;
	if (wire_new_session(wire) != ENVOI_OK ||
		envoi_session_add(wire->session, &story->handler) != ENVOI_OK) {
		return;
	}
	connect(story);
	say(story,
		"<message from='a@b/c' type='chat'><body>ping</body><thread>t</thread></message>");
	say(story,
		"<iq type='set' id='1' from='a@b/c'>"
		"<report xmlns='urn:example:weather' celsius='1'/></iq>");
	say(story,
		"<iq type='set' id='2' from='a@b/c'>"
		"<report xmlns='urn:example:weather' celsius='x'/></iq>");
	say(story,
		"<iq type='get' id='3' from='a@b/c'><x xmlns='urn:x'/></iq>"
		"<iq id='4'/><iq/><message from='@'/>");
	send(story);
	ask(story, "A@B/c", 10);
	ask(story, NULL, 10000);
	wire_run(wire, 20);
	if (story->promise_count > 0) {
		envoi_promise_result(story->promises[--story->promise_count], NULL, NULL);
	}
	say(story, "<iq type='get' id='5' from='a@b/c'><x xmlns='urn:x'/></iq>");
	send(story);
	if (envoi_session_stream(wire->session) != NULL) {
		envoi_memory_pair_cut(wire->pair);
	}
	wire_run(wire, 100000);
	connect(story);
	send(story);
	ask(story, NULL, 10000);
}

static void check(const struct story *story, size_t k)
{
	for (size_t i = 0; i < story->ticket_count; i++) {
		if (story->tickets[i].told != 1) {
			print_error("allocation %zu: ticket told %u times\n", k,
				story->tickets[i].told);
			fail();
		}
	}
	if (story->asked != story->answered || story->disconnected != story->wire.closed_count ||
		story->started != story->ended) {
		print_error("allocation %zu: asked %u, answered %u, closed %u, told %u, "
			    "started %u, ended %u\n",
			k, story->asked, story->answered, story->wire.closed_count,
			story->disconnected, story->started, story->ended);
		fail();
	}
}

/* @return whether the story was over before the allocation that was to fail */
static bool fail_at(size_t k, bool fail_on)
{
	struct test_allocator allocator = {0};
	struct story *story = calloc(1, sizeof(*story));
	assert_non_null(story);
	story->handler.impl = &story_impl;
	struct envoi_context_options options = {.allocator = test_allocator_functions(&allocator)};
	wire_init(&story->wire, &options);
	allocator.fail_on = fail_on;
	allocator.fail_at = allocator.calls + k;
	play(story);
	bool is_over = allocator.calls < allocator.fail_at;
	wire_free_session(&story->wire);
	check(story, k);
	if (is_over) {
		assert_int_equal(story->attached, 2);
		assert_int_equal(story->started, 2);
		assert_int_equal(story->asked, 3);
		assert_int_equal(story->ticket_count, 3);
		assert_true(story->timeouts > 0);
	}
	while (story->promise_count > 0) {
		envoi_promise_drop(story->promises[--story->promise_count]);
	}
	wire_finish(&story->wire);
	assert_int_equal(allocator.live, 0);
	free(story);
	return is_over;
}

static void one_failed_allocation_loses_no_answer_no_ticket_and_no_memory(void **state)
{
	(void)state;
	size_t k = 1;
	while (!fail_at(k, false)) {
		k++;
	}
	assert_true(k > 100);
}

static void memory_that_has_run_out_for_good_loses_none_either(void **state)
{
	(void)state;
	size_t k = 1;
	while (!fail_at(k, true)) {
		k++;
	}
	assert_true(k > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_failed_allocation_loses_no_answer_no_ticket_and_no_memory),
		cmocka_unit_test(memory_that_has_run_out_for_good_loses_none_either),
	};
	return cmocka_run_group_tests_name("sim/session_memory", tests, NULL, NULL);
}
