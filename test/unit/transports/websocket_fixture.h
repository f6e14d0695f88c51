/*
 * envoi - a WebSocket transport in memory, and a scripted server
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_WEBSOCKET_FIXTURE_H
#define TEST_WEBSOCKET_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/failure.h>
#include <envoi/interfaces/transport.h>
#include <envoi/memory.h>

#include "test_allocator.h"

struct envoi__websocket_opening;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	SECOND = 1000,
	TIMEOUT = 20 * SECOND,
	HEAD_BYTES = 2048,
	/* the first byte of a frame (RFC 6455, section 5.2) */
	TEXT = 0x81,
	PART = 0x01,
	MORE = 0x00,
	LAST = 0x80,
	BINARY = 0x82,
	CLOSE = 0x88,
	PING = 0x89,
	PONG = 0x8a,
};

struct fixture {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *server;
	struct envoi__websocket_opening *opening;
	struct envoi_transport *transport;
	struct envoi_failure failure; /* of the opening */
	int dones;
	struct envoi_transport_sink sink;
	struct envoi_buffer log;
	bool pauses_at_element, destroys_at_element, restarts_at_element;
};

/** A response that accepts, with a place for the value of Sec-WebSocket-Accept. */
#define WEBSOCKET_GOOD_RESPONSE \
	"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n" \
	"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n"
/** That value for the key of the fixture's random numbers. */
extern const char websocket_accept_value[];
/** The first message of a server. */
extern const char websocket_server_open[];

int websocket_setup(void **state);
int websocket_teardown(void **state);
void websocket_run(struct fixture *f);
void websocket_run_for(struct fixture *f, uint64_t ms);

/** The server sends bytes; the client may have closed the connection. */
void websocket_send_bytes(struct fixture *f, const void *data, size_t len);
/** The server sends one frame. @param first  its first byte */
void websocket_send_frame(struct fixture *f, int first, const char *text);
/** Write one frame of a server. @return its length */
size_t websocket_make_frame(unsigned char *to, int first, const void *data, size_t len);

/** Take what the client has sent, masked as it came. @return its length */
size_t websocket_take(struct fixture *f, char *data, size_t size);
/** Take one frame of the client, unmasked. @return its first byte */
int websocket_take_frame(struct fixture *f, char *payload, size_t size);
void websocket_expect_frame(struct fixture *f, int first, const char *payload);
void websocket_expect_close(struct fixture *f, int status);
/** Assert the events of the transport since the last call. */
void websocket_expect_log(struct fixture *f, const char *log);

/** The server accepts. */
void websocket_respond(struct fixture *f);
/** The server accepts, and the transport is started. */
void websocket_start(struct fixture *f);
/** The transport is started, and both sides have sent `<open/>`. */
void websocket_start_and_open(struct fixture *f);

#endif
