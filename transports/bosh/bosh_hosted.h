/*
 * envoi - BOSH, the receiving side: the state of a session
 * SPDX-License-Identifier: MIT
 *
 * Private headers: guards, maps and the budget of memory have no public ones.
 *
 * bosh_receiver.c finds the session of a request, bosh_hosted_requests.c takes and answers requests
 * in order, bosh_hosted_answers.c writes the answers, bosh_hosted_input.c delivers what is in
 * requests, bosh_hosted_life.c has turns and the end, bosh_hosted.c the functions of the transport.
 * Files that call each other: bosh_hosted.c, bosh_hosted_input.c, bosh_hosted_life.c,
 * bosh_hosted_requests.c, bosh_receiver.c.
 */
#ifndef ENVOI_BOSH_HOSTED_H
#define ENVOI_BOSH_HOSTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/bosh.h>
#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/failure.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>

#include "base/budget.h"
#include "base/guard.h"
#include "base/list.h"
#include "base/map.h"
#include "bosh_body.h"
#include "bosh_keys.h"
#include "net/site.h"

enum {
	HOSTED_SID_SIZE = 25, /* 18 random bytes in base64, and a NUL */
	HOSTED_ADDRESS_SIZE = 64,
	/* requests that can be looked up: those that are answered, whose answers may be asked for
	 * again, and those that are not */
	HOSTED_WINDOW = 8,
	HOSTED_PAUSE_S = 120, /* the longest pause of a session */
	HOSTED_REQUESTS = 2, /* simultaneous ones, and one more to end or to pause the session */
	HOSTED_ANSWERS = HOSTED_REQUESTS + 1, /* the last ones, that may be asked for again */
};

struct hosted;

/** A request, and its answer. */
struct hosted_request {
	uint64_t rid; /* 0: none */
	struct envoi_bosh_exchange *exchange; /* waits for the answer; NULL: lost, or answered */
	struct envoi_xml_parser *content; /* NULL: delivered */
	uint64_t came_ms;
	bool is_delivered, is_answered;
	bool begins_stream, ends_session;
	uint64_t pause_ms; /* 0: none */
	char key[BOSH_KEY_SIZE], new_key[BOSH_KEY_SIZE]; /* "": none (section 15) */
	char to[BOSH_TEXT_SIZE], from[BOSH_TEXT_SIZE], lang[40]; /* of a stream that begins */
	/* the same octets each time (XEP-0124, section 14.3); NULL: none, or the client has them */
	char *answer;
	size_t answer_len;
	size_t elements; /* in the answer, that were not reported as written */
};

enum hosted_state {
	HOSTED_NEW, /* -> MOVING, OVER */
	HOSTED_MOVING, /* -> CLOSING, OVER */
	HOSTED_CLOSING, /* answers with what is pending, delivers nothing. -> OVER */
	HOSTED_OVER, /* `closed` is due. -> REPORTED */
	HOSTED_REPORTED,
};

/** A session. */
struct hosted {
	struct envoi_transport base;
	struct envoi__guard guard;
	struct envoi_bosh_receiver *receiver; /* NULL: it does not find the session any more */
	struct envoi__list link; /* of the receiver */
	struct envoi__holder holder;
	struct envoi_channel_options options;
	struct envoi_xml_limits limits;
	char sid[HOSTED_SID_SIZE];
	char address[HOSTED_ADDRESS_SIZE];
	struct envoi__site site; /* of the address */
	bool is_secure, is_settled;
	enum hosted_state state;
	struct envoi_failure why; /* of CLOSING, OVER */
	struct envoi_deferred turn;
	struct envoi_timer linger, wait, inactivity;
	uint64_t linger_ms;

	struct hosted_request window[HOSTED_WINDOW]; /* by rid */
	uint64_t first; /* rid of the creation */
	uint64_t received, delivered, answered; /* all requests up to these rids were */
	uint64_t wait_ms, pause_ms;
	unsigned int hold;
	bool acks; /* the client has asked for acknowledgements */
	char last_key[BOSH_KEY_SIZE]; /* which the next key has to follow; "": there are no keys */

	/* output */
	struct envoi_buffer queue;
	size_t queued; /* elements in it */
	char domain[BOSH_TEXT_SIZE]; /* of the header */
	bool has_head; /* a header was sent since start or restart */
	bool wants_end; /* the next answer ends the session */
	bool has_ended; /* it was given */
	const char *condition; /* of the end (section 17.2); static; NULL: none */
	bool wants_drained;
	size_t written; /* to be reported */

	/* input */
	bool is_paused, has_activity;
	bool is_opened; /* the beginning of the current stream was reported */
	bool peer_ended;
};

static inline struct hosted *hosted_of(struct envoi_transport *transport)
{
	return ENVOI_CONTAINER_OF(transport, struct hosted, base);
}

static inline const struct hosted *hosted_of_const(const struct envoi_transport *transport)
{
	return ENVOI_CONTAINER_OF_CONST(transport, struct hosted, base);
}

static inline struct envoi_loop *hosted_loop(const struct hosted *hosted)
{
	return envoi_context_loop(hosted->base.context);
}

/** @return the place of a rid; it may have another one */
static inline struct hosted_request *hosted_place(struct hosted *hosted, uint64_t rid)
{
	return &hosted->window[rid % HOSTED_WINDOW];
}

/** The attributes of a request. */
struct hosted_body {
	uint64_t rid, wait_s, hold, ack, pause_s;
	const char *sid, *to, *from, *lang, *key,
		*new_key; /* NULL: none; borrowed from the element */
	bool is_restart, is_end, acks;
};

/* --- bosh_receiver.c --- */

/** The receiver does not find the session any more. */
void envoi__hosted_forget(struct hosted *hosted);
/** The session has logged in: it does not count for its address any more. */
void envoi__hosted_settle(struct hosted *hosted);
/** Give an answer, from a later turn; the exchange is freed then. @param body  copied */
void envoi__exchange_answer(struct envoi_bosh_exchange *exchange, const char *body, size_t len);
/** As envoi__exchange_answer(), with a body that ends the session. @param condition  NULL: none */
void envoi__exchange_end(struct envoi_bosh_exchange *exchange, const char *condition);
/** A session waits for the end of an exchange with it. @param request  NULL: none */
void envoi__exchange_bind(struct envoi_bosh_exchange *exchange, struct hosted_request *request);

/* --- bosh_hosted.c --- */

/** Make the transport of a session. @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM */
int envoi__hosted_new(struct hosted **ret_hosted, struct envoi_context *context,
	const struct envoi_channel_options *options, const struct hosted_body *body);

/* --- bosh_hosted_life.c --- */

void envoi__hosted_enter(struct hosted *hosted);
void envoi__hosted_leave(struct hosted *hosted);
void envoi__hosted_wake(struct hosted *hosted);
/** @param why  moved */
void envoi__hosted_finish_now(struct hosted *hosted, struct envoi_failure *why);
/** End the session; what is pending is sent. @param condition  for the peer; static; NULL: none */
void envoi__hosted_fail(struct hosted *hosted, const char *condition, int code, const char *text);
/** As envoi__hosted_fail(). @param why  moved */
void envoi__hosted_end_with(
	struct hosted *hosted, const char *condition, struct envoi_failure *why);
/** The exchange of a request is lost, or one has come. */
void envoi__hosted_watch_inactivity(struct hosted *hosted);
extern const struct envoi__holder_impl envoi__hosted_holder_impl;

void envoi__hosted_close(struct envoi_transport *transport, uint64_t linger_ms);
void envoi__hosted_abort(struct envoi_transport *transport, const struct envoi_failure *why);
void envoi__hosted_destroy(struct envoi_transport *transport);

/* --- bosh_hosted_requests.c --- */

/** Take a request of the session. @param exchange, content  taken */
void envoi__hosted_take(struct hosted *hosted, struct envoi_bosh_exchange *exchange,
	struct envoi_xml_parser *content, const struct hosted_body *body);
/** Give the answers that are due. */
void envoi__hosted_answer_due(struct hosted *hosted);
/** End all exchanges, and free what the window holds. */
void envoi__hosted_drop_requests(struct hosted *hosted);
/** @return whether a request waits for its answer, and can be given it */
bool envoi__hosted_is_asked(const struct hosted *hosted);
size_t envoi__hosted_memory(const struct hosted *hosted);

/* --- bosh_hosted_answers.c --- */

/** @return whether the answer of a request carries what is queued: that of a pause does not
 * (XEP-0124, section 10) */
bool envoi__hosted_has_payload(const struct hosted *hosted, const struct hosted_request *request);
/** Append the answer of a request. @retval ENVOI_ERR_NOMEM */
int envoi__hosted_write_answer(
	struct hosted *hosted, const struct hosted_request *request, struct envoi_buffer *out);

/* --- bosh_hosted_input.c --- */

/** Deliver requests in order, as many elements as the slice allows. */
void envoi__hosted_deliver(struct hosted *hosted);

#endif
