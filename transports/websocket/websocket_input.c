/*
 * envoi - XMPP over WebSocket: frames that arrive, and the messages that they make
 * SPDX-License-Identifier: MIT
 *
 * Private headers: framings of byte streams have no public ones.
 */
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>

#include "websocket_inside.h"

int envoi__websocket_fail(struct websocket *websocket, int code,
	enum envoi_stream_condition condition, const char *text)
{
	websocket->base.text = text;
	websocket->base.condition = condition;
	return code;
}

/* --- messages --- */

static int refuse_message(struct websocket *websocket, const char *text)
{
	return envoi__websocket_fail(websocket, ENVOI_ERR_XML, ENVOI_STREAM_NOT_WELL_FORMED, text);
}

/* RFC 7395, section 3.3.3: one message, one element. */
static int check_message(
	struct websocket *websocket, const struct envoi_xml_parser *parser, size_t items)
{
	websocket->is_message_over = false;
	if (envoi_xml_parser_has_pending(parser) || items == websocket->message_items) {
		return refuse_message(websocket, "a WebSocket message that is not a whole element");
	}
	if (items != websocket->message_items + 1) {
		return refuse_message(websocket, "a WebSocket message with two elements");
	}
	return ENVOI_OK;
}

static int feed(
	struct websocket *websocket, struct envoi_xml_parser *parser, const char *data, size_t len)
{
	int r = len > 0 ? envoi_xml_parser_feed(parser, data, len) : ENVOI_OK;
	return r < 0 ? envoi__websocket_fail(
			       websocket, r, ENVOI_STREAM_RESOURCE_CONSTRAINT, envoi_error_text(r))
		     : r;
}

/* @return whether the message begins with an XML declaration, or may */
static bool may_declare(const struct websocket *websocket)
{
	size_t len = websocket->first_len < WEBSOCKET_FIRST_BYTES ? websocket->first_len
								  : WEBSOCKET_FIRST_BYTES;
	bool is_longer_name = websocket->first_len > WEBSOCKET_FIRST_BYTES &&
		strchr(" \t\r\n", websocket->first[WEBSOCKET_FIRST_BYTES]) == NULL;
	return memcmp(websocket->first, "<?xml", len) == 0 && !is_longer_name;
}

/* The content is UTF-8 by RFC 7395, section 3.2, whatever a declaration says: section 3.3.3 advises
 * against one. */
static bool is_declaration_over(const struct websocket *websocket)
{
	size_t len = websocket->first_len;
	return len > WEBSOCKET_FIRST_BYTES && websocket->first[len - 1] == '>' &&
		websocket->first[len - 2] == '?';
}

/* The beginning of a message, until it is no XML declaration, or behind it. @param[in,out] at  of
 * the bytes that are left */
static int read_first(
	struct websocket *websocket, struct envoi_xml_parser *parser, const char **at, size_t *len)
{
	while (!websocket->has_first && *len > 0) {
		websocket->first[websocket->first_len++] = *(*at)++;
		--*len;
		if (websocket->first[0] != '<') {
			return refuse_message(
				websocket, "a WebSocket message that does not begin with a tag");
		}
		if (is_declaration_over(websocket)) {
			websocket->has_first = true;
		} else if (!may_declare(websocket) ||
			websocket->first_len == WEBSOCKET_DECLARATION_BYTES) {
			websocket->has_first = true;
			return feed(websocket, parser, websocket->first, websocket->first_len);
		}
	}
	return ENVOI_OK;
}

static int read_data(
	struct websocket *websocket, struct envoi_xml_parser *parser, const char *data, size_t len)
{
	int r = read_first(websocket, parser, &data, &len);
	if (r == ENVOI_OK) {
		r = feed(websocket, parser, data, len);
	}
	websocket->is_message_over = websocket->frame_left == 0 && !websocket->message.is_begun;
	return r;
}

/* --- control frames --- */

static int read_close(struct websocket *websocket)
{
	int status = envoi__websocket_close_status(websocket->control, websocket->control_len);
	const char *text = envoi__websocket_status_text(status);
	if (status == 0) {
		return envoi__websocket_fail(websocket, ENVOI_ERR_PROTOCOL,
			ENVOI_STREAM_NO_CONDITION, "a malformed Close frame");
	}
	websocket->status = status;
	websocket->is_peer_gone = true;
	snprintf(websocket->text, sizeof(websocket->text),
		"the peer closed the WebSocket: status %d%s%s", status, text != NULL ? ", " : "",
		text != NULL ? text : "");
	websocket->base.text = websocket->text;
	return ENVOI_END;
}

/* @retval ENVOI_AGAIN  nothing for the parser */
static int end_control(struct websocket *websocket)
{
	if (websocket->frame.opcode == WSLAY_CONNECTION_CLOSE) {
		return read_close(websocket);
	}
	if (websocket->frame.opcode == WSLAY_PING) {
		memcpy(websocket->pong, websocket->control, websocket->control_len);
		websocket->pong_len = websocket->control_len;
		websocket->base.owes_answer = true;
	}
	return ENVOI_AGAIN;
}

static int read_control(struct websocket *websocket, const char *data, size_t len)
{
	if (len > sizeof(websocket->control) - websocket->control_len) {
		return envoi__websocket_fail(websocket, ENVOI_ERR_PROTOCOL,
			ENVOI_STREAM_NO_CONDITION, "a control frame that is too long");
	}
	memcpy(websocket->control + websocket->control_len, data, len);
	websocket->control_len += len;
	return websocket->frame_left == 0 ? end_control(websocket) : ENVOI_AGAIN;
}

/* --- frames --- */

ssize_t envoi__websocket_on_receive(uint8_t *data, size_t len, int flags, void *user)
{
	struct websocket *websocket = user;
	size_t held = envoi_buffer_len(&websocket->in);
	(void)flags;
	len = len < held ? len : held;
	if (len == 0) {
		return -1;
	}
	memcpy(data, envoi_buffer_data(&websocket->in), len);
	envoi_buffer_wipe_front(&websocket->in, len);
	websocket->taken += len;
	return (ssize_t)len;
}

static int code_of(int status)
{
	return status == ENVOI__WEBSOCKET_TOO_BIG ? ENVOI_ERR_LIMIT : ENVOI_ERR_PROTOCOL;
}

static void begin_message(struct websocket *websocket, size_t items)
{
	websocket->message_items = items;
	websocket->first_len = 0;
	websocket->has_first = false;
}

static int begin_frame(
	struct websocket *websocket, const struct wslay_frame_iocb *piece, size_t items)
{
	const char *text = NULL;
	websocket->frame = (struct envoi__websocket_frame){
		.opcode = piece->opcode,
		.rsv = piece->rsv,
		.is_final = piece->fin != 0,
		.is_masked = piece->mask != 0,
		.bytes = piece->payload_length,
	};
	bool was_begun = websocket->message.is_begun;
	int status = envoi__websocket_check_frame(&websocket->message, &websocket->frame,
		!websocket->is_client, websocket->base.most_bytes, &text);
	if (status != ENVOI__WEBSOCKET_NORMAL) {
		websocket->status = status;
		return envoi__websocket_fail(websocket, code_of(status),
			status == ENVOI__WEBSOCKET_TOO_BIG ? ENVOI_STREAM_POLICY_VIOLATION
							   : ENVOI_STREAM_NO_CONDITION,
			text);
	}
	if (!wslay_is_ctrl_frame(piece->opcode) && !was_begun) {
		begin_message(websocket, items);
	}
	websocket->is_in_frame = true;
	websocket->frame_left = piece->payload_length;
	websocket->control_len = 0;
	return ENVOI_OK;
}

/* @retval ENVOI_AGAIN  no more is complete */
static int read_piece(struct websocket *websocket, struct wslay_frame_iocb *piece, size_t items)
{
	ssize_t len = wslay_frame_recv(websocket->frames, piece);
	if (len == WSLAY_ERR_WANT_READ) {
		return ENVOI_AGAIN;
	}
	if (len < 0) {
		websocket->status = ENVOI__WEBSOCKET_PROTOCOL;
		return envoi__websocket_fail(websocket, ENVOI_ERR_PROTOCOL,
			ENVOI_STREAM_NO_CONDITION, "a malformed WebSocket frame");
	}
	int r = websocket->is_in_frame ? ENVOI_OK : begin_frame(websocket, piece, items);
	if (r < 0) {
		return r;
	}
	bool is_first = websocket->frame_left == piece->payload_length;
	websocket->used += (is_first ? envoi__websocket_header_bytes(
					       piece->payload_length, piece->mask != 0)
				     : 0) +
		piece->data_length;
	websocket->frame_left -= piece->data_length;
	websocket->is_in_frame = websocket->frame_left > 0;
	return ENVOI_OK;
}

static int read_frames(struct websocket *websocket, struct envoi_xml_parser *parser, size_t items)
{
	struct wslay_frame_iocb piece;
	int r = ENVOI_AGAIN;
	while (r == ENVOI_AGAIN) {
		r = read_piece(websocket, &piece, items);
		if (r != ENVOI_OK) {
			return r;
		}
		const char *data = (const char *)piece.data;
		r = wslay_is_ctrl_frame(piece.opcode)
			? read_control(websocket, data, piece.data_length)
			: read_data(websocket, parser, data, piece.data_length);
	}
	return r;
}

int envoi__websocket_read(
	struct websocket *websocket, struct envoi_xml_parser *parser, size_t items)
{
	int ahead = websocket->ahead;
	websocket->ahead = ENVOI_OK;
	int r = websocket->is_message_over ? check_message(websocket, parser, items) : ENVOI_OK;
	r = r == ENVOI_OK ? ahead : r;
	return r == ENVOI_OK ? read_frames(websocket, parser, items) : r;
}

/* @retval ENVOI_AGAIN  no more is complete @retval ENVOI_END  the peer has closed */
static int read_only_control(struct websocket *websocket)
{
	struct wslay_frame_iocb piece;
	int r = read_piece(websocket, &piece, websocket->message_items);
	if (r != ENVOI_OK) {
		return r;
	}
	if (!wslay_is_ctrl_frame(piece.opcode)) {
		return ENVOI_ERR_PROTOCOL;
	}
	r = read_control(websocket, (const char *)piece.data, piece.data_length);
	return r == ENVOI_AGAIN ? ENVOI_OK : r;
}

/* RFC 6455, section 5.5: control frames may follow any message. The peer's next message answers the
 * new header (RFC 7395, section 3.5). */
int envoi__websocket_restart(struct websocket *websocket)
{
	int r = websocket->message.is_begun ? ENVOI_ERR_PROTOCOL : ENVOI_OK;
	while (r == ENVOI_OK) {
		r = read_only_control(websocket);
	}
	websocket->ahead = r == ENVOI_END ? r : ENVOI_OK;
	return r < 0 ? r : ENVOI_OK;
}
