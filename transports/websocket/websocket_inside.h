/*
 * envoi - XMPP over WebSocket: the state of a framing
 * SPDX-License-Identifier: MIT
 *
 * Private headers: framings of byte streams, and HTTP, have no public ones.
 *
 * websocket_framing.c writes, changes from HTTP, and has the life; websocket_input.c reads.
 */
#ifndef ENVOI_WEBSOCKET_INSIDE_H
#define ENVOI_WEBSOCKET_INSIDE_H

#include <stdint.h>
#include <sys/types.h>
#include <wslay/wslay.h>

#include "http/http_reader.h"
#include "http/http_url.h"
#include "transport/bytestream/framing.h"
#include "websocket_control.h"
#include "websocket_handshake.h"

enum {
	WEBSOCKET_FIRST_BYTES = 5, /* "<?xml" */
	WEBSOCKET_DECLARATION_BYTES = 128, /* the most of an XML declaration */
};

struct websocket {
	struct envoi__framing base;
	struct envoi_context *context; /* a reference */
	bool is_client;
	wslay_frame_context_ptr frames;
	struct envoi_buffer in; /* received, not read by wslay */
	struct envoi_buffer *out; /* of the function that writes */
	uint64_t taken,
		used; /* bytes that wslay has read; of these, those of frames that were read */

	/* the frame that is read, and the message that it belongs to */
	bool is_in_frame;
	struct envoi__websocket_frame frame;
	uint64_t frame_left;
	struct envoi__websocket_message message;
	bool is_message_over; /* its element is to be checked */
	size_t message_items; /* of the parser, before the message */
	/* the beginning of the message, while it may be an XML declaration */
	char first[WEBSOCKET_DECLARATION_BYTES];
	size_t first_len;
	bool has_first;
	char control[ENVOI__WEBSOCKET_CONTROL_BYTES];
	size_t control_len;

	/* for the latest ping (RFC 6455, section 5.5.3) */
	char pong[ENVOI__WEBSOCKET_CONTROL_BYTES];
	size_t pong_len;
	bool has_said_goodbye, is_peer_gone;
	int status; /* to close with; 0: by the failure */
	int ahead; /* what was read at a restart, and `next` returns; ENVOI_OK: nothing */

	/* before the frames */
	struct envoi_buffer greeting; /* of a receiver */
	struct envoi__http_reader http;
	struct envoi__http_url url;
	char key[ENVOI__WEBSOCKET_KEY_SIZE];
	void (*upgraded)(void *user);
	void *user;
	char text[ENVOI__WEBSOCKET_TEXT_SIZE];
};

/** Set the failure. @return @p code */
int envoi__websocket_fail(struct websocket *websocket, int code,
	enum envoi_stream_condition condition, const char *text);

/** Read frames until the parser was fed, as `next` of struct envoi__framing_impl. */
int envoi__websocket_read(
	struct websocket *websocket, struct envoi_xml_parser *parser, size_t items);

/** Read the control frames behind a message, as `restart` of struct envoi__framing_impl. */
int envoi__websocket_restart(struct websocket *websocket);

/** wslay's callback: bytes that were received. */
ssize_t envoi__websocket_on_receive(uint8_t *data, size_t len, int flags, void *user);

#endif
