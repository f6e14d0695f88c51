/*
 * envoi - HTTP requests that others make: the state of a connection
 * SPDX-License-Identifier: MIT
 *
 * web_connection.c has its life, its channel, and the reading of requests, web_answer.c the writing
 * of answers, web_response.c their form, web_origin.c the check of origins.
 * Files that call each other: web_answer.c, web_connection.c.
 *
 * Private headers: guards, the budget of memory, and HTTP have no public ones.
 */
#ifndef ENVOI_WEB_INSIDE_H
#define ENVOI_WEB_INSIDE_H

#include <envoi/buffer.h>
#include <envoi/failure.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/web.h>

#include "base/budget.h"
#include "base/guard.h"
#include "http/http_reader.h"

enum envoi__web_state {
	ENVOI__WEB_READING, /* a request, or the TLS handshake. -> WAITING, WRITING, OVER */
	ENVOI__WEB_WAITING, /* for the owner's answer. -> WRITING, OVER */
	ENVOI__WEB_WRITING, /* an answer. -> READING, ENDING, OVER */
	ENVOI__WEB_ENDING, /* all is written: waits for the peer's end. -> OVER */
	ENVOI__WEB_OVER, /* `closed` is due */
};

struct envoi_web_connection {
	struct envoi_context *context; /* a reference */
	struct envoi__guard guard;
	struct envoi_channel *channel; /* owned; NULL: taken over */
	struct envoi_channel_sink sink;
	struct envoi_channel_options channel_options;
	struct envoi__holder holder;
	enum envoi__web_state state;
	struct envoi_deferred turn;
	struct envoi_timer deadline;
	uint64_t request_timeout_ms;
	struct envoi_buffer in; /* received, not read */
	struct envoi_buffer out; /* the answer, but for a body that is borrowed */
	const char *rest; /* of a body that is borrowed; sent behind `out` */
	size_t rest_len;
	void (*release)(void *user); /* the body; NULL: none is borrowed */
	void *release_user;
	size_t progress; /* bytes of it that the peer has accepted since the deadline was set */
	struct envoi__http_reader http;
	bool is_reading; /* as last asked of the channel */
	bool has_ended; /* the peer sends no more */
	bool closes; /* behind the answer */
	bool has_tls, is_secure;
	bool is_opened; /* there is no TLS, or its handshake has ended */
	struct envoi_web_request request; /* that waits for an answer */
	struct envoi_failure why; /* of the end */
	void (*requested)(void *user, struct envoi_web_connection *connection,
		const struct envoi_web_request *request);
	void (*closed)(void *user, const struct envoi_failure *why);
	void *user;
};

/* --- web_connection.c --- */

/** Continue in the next turn of the loop. */
void envoi__web_wake(struct envoi_web_connection *connection);
/** End the connection with a failure. */
void envoi__web_finish_for(struct envoi_web_connection *connection, int code, const char *text);
/** End it as `why` says, which is that of an answer that has refused the request. */
void envoi__web_finish_in_order(struct envoi_web_connection *connection);
void envoi__web_start_deadline(
	struct envoi_web_connection *connection, uint64_t ms, envoi_timer_fn *on_deadline);
/** Read the next request. */
void envoi__web_begin_request(struct envoi_web_connection *connection);

/* --- web_answer.c --- */

/** Answer with a status and without a body, and end the connection. @param text  of its failure */
void envoi__web_refuse(
	struct envoi_web_connection *connection, int status, int code, const char *text);
/** Write as much of the answer as the channel takes. */
void envoi__web_flush(struct envoi_web_connection *connection);
/** Give back a body that is borrowed. */
void envoi__web_release_body(struct envoi_web_connection *connection);

/* --- taking over --- */

/** What a connection gives to what takes it over. */
struct envoi__web_takeover {
	struct envoi_channel *channel; /* owned by the taker; started, not read */
	struct envoi_channel_options options;
	struct envoi_buffer left; /* received behind the request; owned by the taker */
};

/** @return the head of the request that waits for an answer; NULL: none does */
const struct envoi__http_head *envoi__web_head(const struct envoi_web_connection *connection);

/** Take the channel of a connection whose request waits for an answer. The connection is freed,
 * without `closed`, on failure too. @retval <0  as want_read of the channel */
int envoi__web_take_over(
	struct envoi_web_connection *connection, struct envoi__web_takeover *ret_takeover);

/** Append an answer, without a body that is borrowed.
 * @param keeps_alive  the connection can have another one behind it
 * @retval ENVOI_ERR_INVALID, ENVOI_ERR_NOMEM  nothing is appended */
int envoi__web_write_response(struct envoi_buffer *out, struct envoi_context *context,
	const struct envoi_web_response *response, bool is_to_head, bool keeps_alive);

/** Append a status line. @retval ENVOI_ERR_INVALID, ENVOI_ERR_NOMEM */
int envoi__web_write_status(struct envoi_buffer *out, int status);

#endif
