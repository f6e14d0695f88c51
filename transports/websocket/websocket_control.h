/*
 * envoi - XMPP over WebSocket: the rules of RFC 6455 for frames that arrive
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_WEBSOCKET_CONTROL_H
#define ENVOI_WEBSOCKET_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Status codes (RFC 6455, section 7.4.1). */
enum {
	ENVOI__WEBSOCKET_NORMAL = 1000,
	ENVOI__WEBSOCKET_GOING_AWAY = 1001,
	ENVOI__WEBSOCKET_PROTOCOL = 1002,
	ENVOI__WEBSOCKET_UNSUPPORTED = 1003,
	ENVOI__WEBSOCKET_NO_STATUS = 1005, /* never sent */
	ENVOI__WEBSOCKET_INVALID_DATA = 1007,
	ENVOI__WEBSOCKET_POLICY = 1008,
	ENVOI__WEBSOCKET_TOO_BIG = 1009,
	ENVOI__WEBSOCKET_INTERNAL = 1011,

	ENVOI__WEBSOCKET_CONTROL_BYTES = 125, /* the most in a control frame: section 5.5 */
};

/** The head of a frame. */
struct envoi__websocket_frame {
	uint8_t opcode; /* enum wslay_opcode */
	uint8_t rsv;
	bool is_final, is_masked;
	uint64_t bytes;
};

/** The message that the frames make. */
struct envoi__websocket_message {
	bool is_begun; /* its last frame has not come */
	uint64_t bytes; /* of its frames so far */
};

/**
 * Check a frame that begins, and count it to its message.
 *
 * @param from_client   frames of clients are masked, those of servers are not (section 5.1)
 * @param most          bytes of a message
 * @param[out] ret_text of the error; static
 * @return ENVOI__WEBSOCKET_NORMAL; or the status to close with
 */
int envoi__websocket_check_frame(struct envoi__websocket_message *message,
	const struct envoi__websocket_frame *frame, bool from_client, uint64_t most,
	const char **ret_text);

/**
 * Read a Close frame (section 5.5.1).
 *
 * @return its status, ENVOI__WEBSOCKET_NO_STATUS without one; 0: malformed, or a status that no
 *         frame may have (section 7.4)
 */
int envoi__websocket_close_status(const char *data, size_t len);

/** @return the size of a frame's head (section 5.2) */
uint64_t envoi__websocket_header_bytes(uint64_t len, bool is_masked);

/** @return the meaning of a status; NULL: unknown */
const char *envoi__websocket_status_text(int status);

/** @return the status to close with after a failure */
int envoi__websocket_status_of(int code);

#endif
