/*
 * envoi - XMPP over WebSocket: the rules of RFC 6455 for frames that arrive
 * SPDX-License-Identifier: MIT
 */
#include "websocket_control.h"

#include <wslay/wslay.h>

#include <envoi/error.h>

enum {
	HEADER_BYTES = 2,
	MASK_BYTES = 4,
	LENGTH_16 = 126, /* from here on the length has 16 bits more */
	LENGTH_64 = 65536, /* and here 64 */
};

static int refuse(int status, const char **ret_text, const char *text)
{
	*ret_text = text;
	return status;
}

/* RFC 6455, section 5.4; RFC 7395, section 3.2. */
static int check_data(struct envoi__websocket_message *message,
	const struct envoi__websocket_frame *frame, uint64_t most, const char **ret_text)
{
	bool continues = frame->opcode == WSLAY_CONTINUATION_FRAME;
	if (frame->opcode == WSLAY_BINARY_FRAME) {
		return refuse(ENVOI__WEBSOCKET_UNSUPPORTED, ret_text,
			"a WebSocket message that is not text");
	}
	if (continues != message->is_begun) {
		return refuse(ENVOI__WEBSOCKET_PROTOCOL, ret_text,
			continues ? "a WebSocket frame that continues no message"
				  : "a WebSocket message within another");
	}
	message->bytes = continues ? message->bytes : 0;
	if (frame->bytes > most || message->bytes > most - frame->bytes) {
		return refuse(ENVOI__WEBSOCKET_TOO_BIG, ret_text,
			"a WebSocket message larger than the limit of an element");
	}
	message->bytes += frame->bytes;
	message->is_begun = !frame->is_final;
	return ENVOI__WEBSOCKET_NORMAL;
}

static bool is_known(uint8_t opcode)
{
	switch (opcode) {
	case WSLAY_CONTINUATION_FRAME:
	case WSLAY_TEXT_FRAME:
	case WSLAY_BINARY_FRAME:
	case WSLAY_CONNECTION_CLOSE:
	case WSLAY_PING:
	case WSLAY_PONG:
		return true;
	default:
		return false;
	}
}

int envoi__websocket_check_frame(struct envoi__websocket_message *message,
	const struct envoi__websocket_frame *frame, bool from_client, uint64_t most,
	const char **ret_text)
{
	if (frame->rsv != WSLAY_RSV_NONE || !is_known(frame->opcode)) {
		return refuse(ENVOI__WEBSOCKET_PROTOCOL, ret_text,
			"a WebSocket frame of an extension that was not requested");
	}
	if (frame->is_masked != from_client) {
		return refuse(ENVOI__WEBSOCKET_PROTOCOL, ret_text,
			from_client ? "a WebSocket frame of a client without a mask"
				    : "a WebSocket frame of a server with a mask");
	}
	return wslay_is_ctrl_frame(frame->opcode) ? ENVOI__WEBSOCKET_NORMAL
						  : check_data(message, frame, most, ret_text);
}

/* RFC 6455, section 7.4. */
static bool may_be_sent(int status)
{
	bool is_of_protocol = (status >= 1000 && status <= 1003) ||
		(status >= 1007 && status <= 1014);
	return is_of_protocol || (status >= 3000 && status <= 4999);
}

int envoi__websocket_close_status(const char *data, size_t len)
{
	if (len < 2) {
		return len == 0 ? ENVOI__WEBSOCKET_NO_STATUS : 0;
	}
	int status = ((unsigned char)data[0] << 8) | (unsigned char)data[1];
	return may_be_sent(status) ? status : 0;
}

uint64_t envoi__websocket_header_bytes(uint64_t len, bool is_masked)
{
	uint64_t length_bytes = len < LENGTH_16 ? 0 : len < LENGTH_64 ? 2 : 8;
	return HEADER_BYTES + length_bytes + (is_masked ? MASK_BYTES : 0);
}

const char *envoi__websocket_status_text(int status)
{
	switch (status) {
	case ENVOI__WEBSOCKET_NORMAL:
		return "normal";
	case ENVOI__WEBSOCKET_GOING_AWAY:
		return "going away";
	case ENVOI__WEBSOCKET_PROTOCOL:
		return "protocol error";
	case ENVOI__WEBSOCKET_UNSUPPORTED:
		return "unsupported data";
	case ENVOI__WEBSOCKET_INVALID_DATA:
		return "invalid data";
	case ENVOI__WEBSOCKET_POLICY:
		return "policy violation";
	case ENVOI__WEBSOCKET_TOO_BIG:
		return "message too big";
	case ENVOI__WEBSOCKET_INTERNAL:
		return "internal error";
	default:
		return NULL;
	}
}

int envoi__websocket_status_of(int code)
{
	switch (code) {
	case ENVOI_OK:
	case ENVOI_ERR_DISCONNECTED:
		return ENVOI__WEBSOCKET_NORMAL;
	case ENVOI_ERR_XML:
		return ENVOI__WEBSOCKET_INVALID_DATA;
	case ENVOI_ERR_LIMIT:
		return ENVOI__WEBSOCKET_TOO_BIG;
	case ENVOI_ERR_PROTOCOL:
		return ENVOI__WEBSOCKET_PROTOCOL;
	case ENVOI_ERR_TIMEOUT:
		return ENVOI__WEBSOCKET_POLICY;
	default:
		return ENVOI__WEBSOCKET_INTERNAL;
	}
}
