/*
 * envoi - fuzz target: HTTP requests of a hostile client, and what it says over WebSocket
 * SPDX-License-Identifier: MIT
 *
 * Input: a byte for the size of pieces, bytes of a client. Requests for /ws become transports,
 * others are answered. The requests, the elements and the failure are the same in one piece and in
 * many, and memory is bounded.
 */
#include "fuzz.h"

#include <string.h>

#include <envoi/interfaces/channel.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>
#include <envoi/web.h>
#include <envoi/websocket.h>

#include "test_allocator.h"

enum {
	MOST_MEMORY = 4 << 20,
	LONG_MS = 200000,
};

struct reading {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *client;
	struct envoi_web_connection *connection; /* NULL: has ended, or is a transport */
	struct envoi_transport *transport;
	struct envoi_transport_sink sink;
	struct envoi_buffer log;
	int ends;
};

static struct reading *reading_of(struct envoi_transport_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct reading, sink);
}

static void on_opened(struct envoi_transport_sink *sink, const struct envoi_stream_head *head)
{
	EXPECT(envoi_buffer_printf(&reading_of(sink)->log, "opened %s\n",
		       head->to != NULL ? head->to : "-") == ENVOI_OK);
}

static void on_element(struct envoi_transport_sink *sink, struct envoi_element *element)
{
	fuzz_describe(&reading_of(sink)->log, element);
}

static void on_skipped(struct envoi_transport_sink *sink, struct envoi_element *element,
	uint64_t bytes, const char *limit)
{
	(void)bytes;
	(void)limit;
	fuzz_describe(&reading_of(sink)->log, element);
}

static void on_nothing(struct envoi_transport_sink *sink)
{
	(void)sink;
}

static void on_written(struct envoi_transport_sink *sink, size_t count)
{
	(void)sink;
	(void)count;
}

static void on_end(struct envoi_transport_sink *sink, const struct envoi_failure *why)
{
	struct reading *reading = reading_of(sink);
	EXPECT(envoi_buffer_printf(&reading->log, "end %d\n", why->code) == ENVOI_OK);
	reading->ends++;
}

static const struct envoi_transport_sink_impl sink_impl = {
	.opened = on_opened,
	.element = on_element,
	.skipped = on_skipped,
	.ended = on_nothing,
	.written = on_written,
	.drained = on_nothing,
	.activity = on_nothing,
	.closed = on_end,
};

static void upgrade(struct reading *reading)
{
	int r = envoi_websocket_accept(&reading->transport, reading->connection);
	EXPECT(r == ENVOI_OK || r == ENVOI_DECLINED);
	if (r == ENVOI_OK) {
		reading->connection = NULL;
		EXPECT(envoi_transport_start(reading->transport, &reading->sink) == ENVOI_OK);
	}
}

static void on_requested(void *user, struct envoi_web_connection *connection,
	const struct envoi_web_request *request)
{
	struct reading *reading = user;
	const struct envoi_web_response response = {.status = 200, .body = "ok", .body_len = 2};
	EXPECT(connection == reading->connection);
	EXPECT(envoi_buffer_printf(&reading->log, "%s %s %d ", request->method, request->target,
		       envoi_web_origin_is_allowed(connection, NULL)) == ENVOI_OK);
	EXPECT(envoi_buffer_append(&reading->log, request->body, request->body_len) == ENVOI_OK);
	if (strcmp(request->target, "/ws") == 0) {
		upgrade(reading);
	} else {
		EXPECT(envoi_web_respond(connection, &response) == ENVOI_OK);
	}
}

static void on_closed(void *user, const struct envoi_failure *why)
{
	struct reading *reading = user;
	EXPECT(envoi_buffer_printf(&reading->log, "closed %d\n", why->code) == ENVOI_OK);
	reading->connection = NULL;
	reading->ends++;
}

static void begin(struct reading *reading)
{
	const struct envoi_context_options options = {
		.allocator = test_allocator_functions(&reading->allocator)};
	struct envoi_channel *channel;
	EXPECT(envoi_context_new(&reading->context, &options) == ENVOI_OK);
	EXPECT(envoi_loop_new_simulated(&reading->loop, reading->context) == ENVOI_OK);
	EXPECT(envoi_context_take_loop(reading->context, reading->loop) == ENVOI_OK);
	EXPECT(envoi_settings_new(&reading->settings, reading->context) == ENVOI_OK);
	EXPECT(envoi_settings_set(reading->settings, "limits.http-head-bytes", "1k") == ENVOI_OK);
	EXPECT(envoi_settings_set(reading->settings, "web.body-bytes", "2k") == ENVOI_OK);
	EXPECT(envoi_memory_pair_new(&reading->pair, reading->context) == ENVOI_OK);
	EXPECT(envoi_memory_end_new(&reading->client, reading->pair, ENVOI_MEMORY_A, NULL, NULL) ==
		ENVOI_OK);
	EXPECT(envoi_memory_channel_new(&channel, reading->pair, ENVOI_MEMORY_B) == ENVOI_OK);
	envoi_buffer_init(&reading->log, reading->context, 0);
	reading->sink.impl = &sink_impl;
	const struct envoi_web_options web = {
		.settings = reading->settings,
		.requested = on_requested,
		.closed = on_closed,
		.user = reading,
	};
	EXPECT(envoi_web_connection_new(&reading->connection, reading->context, channel, &web) ==
		ENVOI_OK);
}

static void read_all(struct reading *reading, const char *data, size_t len, size_t piece)
{
	*reading = (struct reading){.ends = 0};
	begin(reading);
	for (size_t at = 0; at < len; at += piece) {
		(void)!envoi_memory_end_send(
			reading->client, data + at, len - at < piece ? len - at : piece);
		EXPECT(envoi_loop_simulated_run_for(reading->loop, 1) == ENVOI_OK);
	}
	envoi_memory_end_shut_down(reading->client);
	EXPECT(envoi_loop_simulated_run_for(reading->loop, LONG_MS) == ENVOI_OK);
	EXPECT(reading->ends == 1);
	EXPECT(reading->allocator.most_bytes < MOST_MEMORY);
}

static void finish(struct reading *reading)
{
	envoi_web_connection_free(reading->connection);
	envoi_transport_destroy(reading->transport);
	envoi_memory_end_free(reading->client);
	envoi_memory_pair_unref(reading->pair);
	envoi_settings_free(reading->settings);
	envoi_buffer_finish(&reading->log);
	envoi_context_unref(reading->context);
	EXPECT(reading->allocator.live == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {.data = data, .len = size};
	size_t piece = 1u + fuzz_byte(&input) % 64u;
	const char *bytes = (const char *)input.data;
	struct reading whole, pieces;
	read_all(&whole, bytes, input.len, input.len + 1);
	read_all(&pieces, bytes, input.len, piece);
	EXPECT(fuzz_same(&whole.log, &pieces.log));
	finish(&whole);
	finish(&pieces);
	return 0;
}
