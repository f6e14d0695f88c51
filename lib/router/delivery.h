/*
 * envoi - deliveries: a stanza on its way to handlers
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ROUTER_DELIVERY_H
#define ENVOI_ROUTER_DELIVERY_H

#include <stdbool.h>

#include <envoi/delivery.h>
#include <envoi/payload.h>

#include "router/router.h"

/** The outcome of decoding one payload type. */
struct envoi__decoded {
	struct envoi__decoded *next;
	const struct envoi_payload_type *type;
	const void *value;
	int code;
	struct envoi_payload_problem problem;
};

/** Lives on the stack of one dispatch. */
struct envoi_delivery {
	struct envoi__router *router;
	struct envoi_stream *stream;
	uint64_t epoch; /* in which it came */
	struct envoi_stanza *stanza;
	struct envoi_element *element; /* that matched the row being called, or NULL */
	struct envoi__decoded *decoded;
	bool is_request; /* an iq get or set: must be answered */
	bool is_answered;
	struct envoi_promise *promise; /* open; it will answer */
};

/** Decode the element that matched, once. @return NULL: out of memory */
const struct envoi__decoded *envoi__delivery_decode(
	struct envoi_delivery *delivery, const struct envoi_payload_type *type);

/** Free what it holds; its promise stays valid. */
void envoi__delivery_finish(struct envoi_delivery *delivery);

/** @return whether the epoch in which the stanza came lasts: in another one nothing is sent in
 * answer to it */
bool envoi__delivery_is_current(const struct envoi_delivery *delivery);

/** @return whether a request can still be answered, now or later: it is not answered, and its
 * epoch has not ended */
bool envoi__delivery_may_answer(const struct envoi_delivery *delivery);

/** Answer automatically, if it is not answered. An open promise is disabled. */
void envoi__delivery_answer(
	struct envoi_delivery *delivery, enum envoi_stanza_condition condition, const char *text);

/** Answer automatically with an empty result. */
void envoi__delivery_answer_empty(struct envoi_delivery *delivery);

/** Make a result with a payload. @retval ENVOI_ERR_NOMEM, ENVOI_ERR_INVALID */
int envoi__result_new(struct envoi_stanza **ret_result, const struct envoi_stanza *request,
	const struct envoi_payload_type *type, const void *value);

/** @return whether @p reply may answer @p request */
bool envoi__is_reply_to(const struct envoi_stanza *reply, const struct envoi_stanza *request);

/** Make the promise of a request that envoi__delivery_may_answer(). @return NULL: out of memory */
struct envoi_promise *envoi__promise_new(struct envoi_delivery *delivery);

/** Disable a promise: ending it returns ENVOI_ERR_STATE. */
void envoi__promise_disable(struct envoi_promise *promise);

/** The dispatch that the promise came from returns. */
void envoi__promise_outlive_dispatch(struct envoi_promise *promise);

#endif
