/*
 * envoi - fuzz target: requests of BOSH of a hostile client
 * SPDX-License-Identifier: MIT
 *
 * Input: steps of a byte that chooses the step, a byte for its size, and bytes: a body as it is, a
 * request of the session with these bytes as content, a lost connection, time, an element that is
 * sent, the end. Each request is answered once at most, memory is bounded, and all is freed.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include <envoi/bosh.h>
#include <envoi/context.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>

#include "test_allocator.h"

enum {
	MOST_STEPS = 64,
	MOST_MEMORY = 4 << 20,
	SECOND = 1000,
	FIRST_RID = 100,
};

struct world;

struct ask {
	struct envoi_bosh_exchange *exchange; /* NULL: none, answered, or lost */
	int answers;
};

struct world {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_bosh_receiver *receiver;
	struct envoi_transport_sink sink;
	struct envoi_transport *transport; /* of the last session */
	int closes;
	bool restarts, closes_at_end;
	uint64_t rid;
	struct ask asks[MOST_STEPS + 1];
	size_t ask_count;
};

static struct world *world_of(struct envoi_transport_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct world, sink);
}

static void send_head(struct world *world)
{
	const struct envoi_stream_head head = {
		.from = "example.org", .id = "1", .version = "1.0", .content_ns = ENVOI_NS_CLIENT};
	(void)!world->transport->impl->send_head(world->transport, &head);
}

static void on_opened(struct envoi_transport_sink *sink, const struct envoi_stream_head *head)
{
	(void)head;
	send_head(world_of(sink));
}

static void on_element(struct envoi_transport_sink *sink, struct envoi_element *element)
{
	struct world *world = world_of(sink);
	(void)element;
	if (world->restarts) {
		(void)!world->transport->impl->restart(world->transport);
	}
}

static void on_skipped(struct envoi_transport_sink *sink, struct envoi_element *element,
	uint64_t bytes, const char *limit)
{
	(void)sink;
	(void)element;
	(void)bytes;
	(void)limit;
}

static void on_ended(struct envoi_transport_sink *sink)
{
	struct world *world = world_of(sink);
	if (world->closes_at_end) {
		(void)!world->transport->impl->send_tail(world->transport);
		world->transport->impl->close(world->transport, SECOND);
	}
}

static void on_written(struct envoi_transport_sink *sink, size_t count)
{
	(void)sink;
	EXPECT(count < 1000);
}

static void on_nothing(struct envoi_transport_sink *sink)
{
	(void)sink;
}

static void on_closed(struct envoi_transport_sink *sink, const struct envoi_failure *why)
{
	(void)why;
	EXPECT(world_of(sink)->closes++ == 0);
}

static const struct envoi_transport_sink_impl sink_impl = {
	.opened = on_opened,
	.element = on_element,
	.skipped = on_skipped,
	.ended = on_ended,
	.written = on_written,
	.drained = on_nothing,
	.activity = on_nothing,
	.closed = on_closed,
};

static int open_session(void *user, struct envoi_transport *transport)
{
	struct world *world = user;
	envoi_transport_destroy(world->transport);
	world->transport = transport;
	world->closes = 0;
	return envoi_transport_start(transport, &world->sink);
}

/* The sid is the same for all sessions, one after the other. */
static int fill_random(void *user, void *bytes, size_t len)
{
	(void)user;
	memset(bytes, 0x5a, len);
	return 0;
}

static void on_answer(void *user, const char *body, size_t len)
{
	struct ask *ask = user;
	EXPECT(ask->answers++ == 0);
	EXPECT(len > 0 && body[0] == '<' && body[len - 1] == '>');
	ask->exchange = NULL;
}

static void ask(struct world *world, const char *body, size_t len)
{
	struct ask *next = &world->asks[world->ask_count++];
	const struct envoi_bosh_request request = {.body = body,
		.len = len,
		.address = "192.0.2.1",
		.answer = on_answer,
		.user = next};
	EXPECT(envoi_bosh_receiver_take(world->receiver, &request, &next->exchange) == ENVOI_OK);
}

static void create(struct world *world, uint8_t step)
{
	char body[300];
	int len = snprintf(body, sizeof(body),
		"<body xmlns='http://jabber.org/protocol/httpbind' rid='%d' to='example.org' "
		"wait='%d' hold='%d' ack='1'/>",
		FIRST_RID, step / 8 % 4 * 10, step / 32 % 2);
	ask(world, body, (size_t)len);
	world->rid = FIRST_RID;
}

/* The bytes are attributes and content, behind a rid that is near the last one. */
static void ask_session(struct world *world, uint8_t step, const void *data, size_t len)
{
	char body[600];
	uint64_t rid = world->rid + step / 8 % 8 - 2;
	int head = snprintf(body, 300,
		"<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' "
		"sid='WlpaWlpaWlpaWlpaWlpaWlpa' rid='%llu' ",
		(unsigned long long)rid);
	memcpy(body + head, data, len);
	ask(world, body, (size_t)head + len);
	world->rid = rid > world->rid ? rid : world->rid;
}

static void lose(struct world *world, uint8_t step)
{
	struct ask *lost = &world->asks[step / 8 % (world->ask_count > 0 ? world->ask_count : 1)];
	envoi_bosh_exchange_free(lost->exchange);
	lost->exchange = NULL;
}

static void send_element(struct world *world)
{
	static const char element[] = "<a xmlns='urn:x'/>";
	(void)!world->transport->impl->send_element(world->transport, element, strlen(element));
}

static void act(struct world *world, struct fuzz_input *input)
{
	uint8_t step = fuzz_byte(input), size = fuzz_byte(input);
	size_t len = size < input->len ? size : input->len;
	const uint8_t *data = input->data;
	bool has_bytes = step % 8 < 2;
	input->data += has_bytes ? len : 0;
	input->len -= has_bytes ? len : 0;
	switch (step % 8) {
	case 0:
		ask(world, (const char *)data, len);
		break;
	case 1:
		ask_session(world, step, data, len);
		break;
	case 2:
		create(world, step);
		break;
	case 3:
		lose(world, step);
		break;
	case 4:
		EXPECT(envoi_loop_simulated_run_for(world->loop, size * (uint64_t)SECOND) ==
			ENVOI_OK);
		break;
	case 5:
		world->restarts = size % 2 == 1;
		world->closes_at_end = size % 3 == 1;
		break;
	case 6:
		if (world->transport != NULL) {
			send_element(world);
		}
		break;
	default:
		if (world->transport != NULL) {
			world->transport->impl->close(world->transport, size);
		}
	}
	EXPECT(envoi_loop_simulated_run_for(world->loop, 10) == ENVOI_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {.data = data, .len = size};
	struct world world = {.sink.impl = &sink_impl};
	const struct envoi_context_options options = {
		.allocator = test_allocator_functions(&world.allocator), .random = fill_random};
	const struct envoi_bosh_receiver_options receiver = {
		.opened = open_session, .user = &world};
	EXPECT(envoi_context_new(&world.context, &options) == ENVOI_OK);
	EXPECT(envoi_loop_new_simulated(&world.loop, world.context) == ENVOI_OK);
	EXPECT(envoi_context_take_loop(world.context, world.loop) == ENVOI_OK);
	EXPECT(envoi_bosh_receiver_new(&world.receiver, world.context, &receiver) == ENVOI_OK);
	for (int i = 0; i < MOST_STEPS && input.len > 0; i++) {
		act(&world, &input);
	}
	EXPECT(envoi_loop_simulated_run_for(world.loop, 1000 * (uint64_t)SECOND) == ENVOI_OK);
	for (size_t i = 0; i < world.ask_count; i++) {
		EXPECT(world.asks[i].exchange == NULL);
	}
	EXPECT(world.allocator.most_bytes < MOST_MEMORY);
	envoi_transport_destroy(world.transport);
	envoi_bosh_receiver_free(world.receiver);
	envoi_context_unref(world.context);
	EXPECT(world.allocator.live == 0);
	return 0;
}
