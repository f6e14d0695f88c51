/*
 * envoi - reading HTTP/1.1 messages from bytes (RFC 9112)
 * SPDX-License-Identifier: MIT
 *
 * Without I/O. The owner offers the bytes that it has, until they are used or the message is
 * complete. Interim responses are skipped. The results do not depend on the pieces in which bytes
 * arrive.
 */
#ifndef ENVOI_HTTP_HTTP_READER_H
#define ENVOI_HTTP_HTTP_READER_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/buffer.h>

#include "http/http_framing.h"
#include "http/http_head.h"

struct envoi__http_inflate;
struct envoi__http_machine;

enum envoi__http_event {
	ENVOI__HTTP_MORE, /* all bytes are used */
	ENVOI__HTTP_HEAD, /* the head is complete, and can be read; once for each message */
	ENVOI__HTTP_COMPLETE, /* the message is */
	ENVOI__HTTP_TUNNEL, /* behind HEAD: what follows is not HTTP */
};

enum envoi__http_step {
	ENVOI__HTTP_IN_HEAD, /* -> HEAD_READ */
	ENVOI__HTTP_HEAD_READ, /* -> IN_BODY, DONE */
	ENVOI__HTTP_IN_BODY, /* -> DONE */
	ENVOI__HTTP_DONE, /* -> IN_HEAD by envoi__http_reader_next() */
};

struct envoi__http_limits {
	size_t head_bytes; /* of one head, of all interim ones, and of what a chunked body adds */
	size_t body_bytes; /* of a body as it is read, and as it is sent */
};

struct envoi__http_reader {
	struct envoi__http_head head; /* from HEAD to envoi__http_reader_next() */
	struct envoi_buffer body; /* decoded; to be consumed by the owner, or by ..._next() */
	bool keeps_alive; /* from HEAD: the connection can have another message (RFC 9112, 9.3) */
	const char *text; /* of the failure; static */

	struct envoi_context *context; /* borrowed */
	struct envoi__http_limits limits;
	struct envoi__http_machine *machine;
	struct envoi__http_inflate *inflate; /* of a body in gzip; NULL: plain */
	struct envoi__http_scan scan;
	struct envoi_buffer raw; /* the head, while it arrives */
	char *head_text; /* that `head` borrows from */
	size_t head_len;
	enum envoi__http_asked asked;
	enum envoi__http_framing framing;
	enum envoi__http_step step;
	bool is_response;
	bool has_head; /* it was read, also where its framing is refused */
	bool is_complete; /* the machine has seen the end */
	bool has_begun; /* the message */
	size_t head_used; /* bytes of heads of this message */
	size_t body_used, body_len; /* of the body as it was sent; without its transfer coding */
	int failure;
};

/** Initialise; embedded in its owner. @retval ENVOI_ERR_NOMEM */
int envoi__http_reader_init(struct envoi__http_reader *reader, struct envoi_context *context,
	bool is_response, const struct envoi__http_limits *limits);

/** A zeroed reader is allowed. */
void envoi__http_reader_finish(struct envoi__http_reader *reader);

/** @return bytes that it holds for the message */
size_t envoi__http_reader_memory(const struct envoi__http_reader *reader);

/** Begin the next message. @param asked  the request that the response answers */
void envoi__http_reader_next(struct envoi__http_reader *reader, enum envoi__http_asked asked);

/**
 * Read.
 *
 * @param[out] ret_used  bytes that belong to the message
 * @retval ENVOI_ERR_PROTOCOL, ENVOI_ERR_LIMIT, ENVOI_ERR_NOMEM  reader->text has the reason. The
 *                       reader returns the same failure from now on
 */
int envoi__http_reader_read(struct envoi__http_reader *reader, const char *data, size_t len,
	size_t *ret_used, enum envoi__http_event *ret_event);

/**
 * The input has ended.
 * @retval ENVOI_OK     the message is complete
 * @retval ENVOI_AGAIN  none had begun
 * @retval ENVOI_ERR_DISCONNECTED  it is incomplete
 * @retval <0  as envoi__http_reader_read()
 */
int envoi__http_reader_end(struct envoi__http_reader *reader);

#endif
