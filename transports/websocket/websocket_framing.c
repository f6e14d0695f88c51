/*
 * envoi - XMPP over WebSocket: frames (RFC 6455, RFC 7395)
 * SPDX-License-Identifier: MIT
 *
 * Private headers: framings of byte streams, and HTTP, have no public ones.
 *
 * wslay reads and writes frames. Messages, control frames and their limits are handled here: its
 * layer above keeps whole messages, answers every ping, and cannot stop between two messages.
 */
#include "websocket_framing.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>

#include "websocket_inside.h"

enum {
	PONG_PENDING = 4096, /* bytes of pending output above which a pong waits */
};

static struct websocket *websocket_of(struct envoi__framing *framing)
{
	return ENVOI_CONTAINER_OF(framing, struct websocket, base);
}

static const struct websocket *websocket_of_const(const struct envoi__framing *framing)
{
	return ENVOI_CONTAINER_OF_CONST(framing, struct websocket, base);
}

/* --- output --- */

static ssize_t on_send(const uint8_t *data, size_t len, int flags, void *user)
{
	struct websocket *websocket = user;
	(void)flags;
	return envoi_buffer_append(websocket->out, data, len) < 0 ? -1 : (ssize_t)len;
}

static int on_mask(uint8_t *mask, size_t len, void *user)
{
	struct websocket *websocket = user;
	return envoi_context_random(websocket->context, mask, len) < 0 ? -1 : 0;
}

static size_t frame_size(const struct envoi__framing *framing, size_t len)
{
	return len +
		(size_t)envoi__websocket_header_bytes(len, websocket_of_const(framing)->is_client);
}

/* Memory for the whole frame is reserved first: all of it is written, or nothing. */
static int write_frame(struct websocket *websocket, struct envoi_buffer *out, uint8_t opcode,
	const char *data, size_t len)
{
	char *room;
	struct wslay_frame_iocb frame = {
		.fin = 1,
		.opcode = opcode,
		.payload_length = len,
		.mask = websocket->is_client,
		.data = (const uint8_t *)data,
		.data_length = len,
	};
	int r = envoi_buffer_reserve(out, frame_size(&websocket->base, len), &room);
	if (r < 0) {
		return r;
	}
	websocket->out = out;
	size_t before = envoi_buffer_len(out);
	ssize_t written = wslay_frame_send(websocket->frames, &frame);
	if (written != (ssize_t)len) {
		envoi_buffer_truncate(out, before);
		return ENVOI_ERR_SYSTEM; /* no random numbers for the mask */
	}
	return ENVOI_OK;
}

/* One element in one message, never in fragments (RFC 7395, section 3.3.3). */
static int websocket_element(
	struct envoi__framing *framing, struct envoi_buffer *out, const char *xml, size_t len)
{
	struct websocket *websocket = websocket_of(framing);
	return write_frame(websocket, out, WSLAY_TEXT_FRAME, xml, len);
}

/* RFC 7395, section 3.8: white space is not allowed. */
static int websocket_keepalive(struct envoi__framing *framing, struct envoi_buffer *out)
{
	return write_frame(websocket_of(framing), out, WSLAY_PING, "", 0);
}

static int websocket_answer(
	struct envoi__framing *framing, struct envoi_buffer *out, size_t pending)
{
	struct websocket *websocket = websocket_of(framing);
	if (!websocket->base.owes_answer || pending > PONG_PENDING || websocket->has_said_goodbye) {
		return ENVOI_OK;
	}
	int r = write_frame(websocket, out, WSLAY_PONG, websocket->pong, websocket->pong_len);
	websocket->base.owes_answer = r < 0;
	return r;
}

/* RFC 6455, section 5.5.1. The peer's status is returned to it; 1005 is never sent. */
static int websocket_goodbye(struct envoi__framing *framing, struct envoi_buffer *out, int code)
{
	struct websocket *websocket = websocket_of(framing);
	int status = websocket->status != 0 ? websocket->status : envoi__websocket_status_of(code);
	const char data[] = {(char)(status >> 8), (char)(status & 0xff)};
	if (!framing->is_ready || websocket->has_said_goodbye) {
		return ENVOI_OK;
	}
	websocket->has_said_goodbye = true;
	return write_frame(websocket, out, WSLAY_CONNECTION_CLOSE, data,
		status == ENVOI__WEBSOCKET_NO_STATUS ? 0 : sizeof(data));
}

/* --- the change from HTTP --- */

static int websocket_begin(struct envoi__framing *framing, struct envoi_buffer *out)
{
	struct websocket *websocket = websocket_of(framing);
	size_t len = envoi_buffer_len(&websocket->greeting);
	if (!framing->is_ready) {
		return envoi__websocket_request(out, &websocket->url, websocket->key);
	}
	int r = len == 0 ? ENVOI_OK
			 : envoi_buffer_append(out, envoi_buffer_data(&websocket->greeting), len);
	if (r == ENVOI_OK) {
		envoi_buffer_finish(&websocket->greeting);
	}
	return r;
}

void envoi__websocket_framing_greet(struct envoi__framing *framing, struct envoi_buffer *greeting)
{
	struct websocket *websocket = websocket_of(framing);
	websocket->greeting = *greeting;
	envoi_buffer_init(greeting, websocket->context, 0);
}

/* @return ENVOI_AGAIN: frames follow */
static int upgrade(struct websocket *websocket)
{
	int r = envoi__websocket_check_response(
		&websocket->http.head, websocket->key, websocket->text);
	if (r < 0) {
		return envoi__websocket_fail(
			websocket, r, ENVOI_STREAM_NO_CONDITION, websocket->text);
	}
	websocket->base.is_ready = true;
	envoi__http_reader_finish(&websocket->http);
	websocket->upgraded(websocket->user);
	return ENVOI_AGAIN;
}

/* @retval ENVOI_AGAIN  more bytes are needed, or frames follow */
static int read_response(struct websocket *websocket)
{
	enum envoi__http_event event;
	size_t used;
	int r = envoi__http_reader_read(&websocket->http, envoi_buffer_data(&websocket->in),
		envoi_buffer_len(&websocket->in), &used, &event);
	envoi_buffer_consume(&websocket->in, used);
	if (r < 0) {
		return envoi__websocket_fail(
			websocket, r, ENVOI_STREAM_NO_CONDITION, websocket->http.text);
	}
	return event == ENVOI__HTTP_HEAD ? upgrade(websocket) : ENVOI_AGAIN;
}

/* Frames behind a Close frame are not read. */
static int websocket_next(
	struct envoi__framing *framing, struct envoi_xml_parser *parser, size_t items)
{
	struct websocket *websocket = websocket_of(framing);
	if (!framing->is_ready) {
		return read_response(websocket);
	}
	if (websocket->is_peer_gone && websocket->ahead == ENVOI_OK) {
		return ENVOI_AGAIN;
	}
	return envoi__websocket_read(websocket, parser, items);
}

static int websocket_received(struct envoi__framing *framing, const char *data, size_t len)
{
	struct websocket *websocket = websocket_of(framing);
	return websocket->is_peer_gone ? ENVOI_OK : envoi_buffer_append(&websocket->in, data, len);
}

static bool websocket_has_pending(const struct envoi__framing *framing)
{
	const struct websocket *websocket = websocket_of_const(framing);
	return envoi_buffer_len(&websocket->in) > 0 || websocket->taken != websocket->used ||
		websocket->is_in_frame || websocket->message.is_begun;
}

static int websocket_restart(struct envoi__framing *framing)
{
	return envoi__websocket_restart(websocket_of(framing));
}

static size_t websocket_memory(const struct envoi__framing *framing)
{
	return websocket_of_const(framing)->in.capacity;
}

/* --- life --- */

static void websocket_destroy(struct envoi__framing *framing)
{
	struct websocket *websocket = websocket_of(framing);
	struct envoi_context *context = websocket->context;
	wslay_frame_context_free(websocket->frames);
	envoi_buffer_wipe(&websocket->in);
	envoi_buffer_finish(&websocket->greeting);
	envoi__http_reader_finish(&websocket->http);
	envoi_free(context, websocket);
	envoi_context_unref(context);
}

static const struct envoi__framing_impl framing_impl = {
	.name = "websocket",
	.ns = ENVOI__WEBSOCKET_NS,
	.head_name = "open",
	.tail_name = "close",
	.begin = websocket_begin,
	.size = frame_size,
	.element = websocket_element,
	.keepalive = websocket_keepalive,
	.answer = websocket_answer,
	.goodbye = websocket_goodbye,
	.received = websocket_received,
	.next = websocket_next,
	.has_pending = websocket_has_pending,
	.restart = websocket_restart,
	.memory = websocket_memory,
	.destroy = websocket_destroy,
};

static int prepare_upgrade(
	struct websocket *websocket, const struct envoi__websocket_upgrade *upgrade_options)
{
	/* of the response only the head is read */
	const struct envoi__http_limits limits = {
		.head_bytes = upgrade_options->head_bytes,
		.body_bytes = SIZE_MAX,
	};
	websocket->url = *upgrade_options->url;
	websocket->upgraded = upgrade_options->upgraded;
	websocket->user = upgrade_options->user;
	int r = envoi__http_reader_init(&websocket->http, websocket->context, true, &limits);
	envoi__http_reader_next(&websocket->http, ENVOI__HTTP_ASKED_UPGRADE);
	return r < 0 ? r : envoi__websocket_key(websocket->context, websocket->key);
}

int envoi__websocket_framing_new(struct envoi__framing **ret_framing, struct envoi_context *context,
	enum envoi_role role, const struct envoi__websocket_upgrade *upgrade_options)
{
	static const struct wslay_frame_callbacks callbacks = {
		.send_callback = on_send,
		.recv_callback = envoi__websocket_on_receive,
		.genmask_callback = on_mask,
	};
	struct websocket *websocket = envoi_alloc_zeroed(context, sizeof(*websocket));
	if (websocket == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	websocket->base.impl = &framing_impl;
	websocket->base.is_ready = upgrade_options == NULL;
	websocket->context = envoi_context_ref(context);
	websocket->is_client = role == ENVOI_INITIATOR;
	envoi_buffer_init(&websocket->in, context, 0);
	int r = upgrade_options != NULL ? prepare_upgrade(websocket, upgrade_options) : ENVOI_OK;
	if (r == ENVOI_OK &&
		wslay_frame_context_init(&websocket->frames, &callbacks, websocket) < 0) {
		r = ENVOI_ERR_NOMEM;
	}
	if (r < 0) {
		websocket_destroy(&websocket->base);
		return r;
	}
	*ret_framing = &websocket->base;
	return ENVOI_OK;
}
