/*
 * envoi - requests: iq get or set that wait for their answers
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ROUTER_REQUESTS_H
#define ENVOI_ROUTER_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/interfaces/mainloop.h>
#include <envoi/request.h>

#include "base/list.h"
#include "base/map.h"
#include "mainloop/event_queue.h"

/** Pending requests of a session; embedded in it. */
struct envoi__requests {
	struct envoi_context *context; /* borrowed */
	struct envoi__event_queue *queue; /* borrowed: reports requests that have ended */
	struct envoi__map by_id, by_number;
	struct envoi_timer timer; /* due when the first of the heap is */
	struct envoi_request **heap; /* by due time, then by order of asking */
	size_t heap_capacity, count, limit;
	uint64_t order;
	uint64_t timeout_ms; /* of those without one of their own */
	uint64_t ignored; /* answers to no pending request, or from another address */
	/** A request was canceled, or has timed out: its stanza need not be sent. NULL: none */
	void (*given_up)(struct envoi__requests *requests, uint64_t number);
};

void envoi__requests_init(struct envoi__requests *requests, struct envoi_context *context,
	struct envoi__event_queue *queue, size_t limit, uint64_t timeout_ms);

/** Free the table; all have ended. */
void envoi__requests_finish(struct envoi__requests *requests);

/** What a request is made of. */
struct envoi__request_options {
	const struct envoi_jid *asked; /* NULL: without `to` */
	const struct envoi_payload_type *expected;
	uint64_t timeout_ms; /* 0: the table's */
	bool is_vital; /* counts for no limit: one of the few that the session itself asks */
	bool is_restoring; /* asked by `restore` of a handler: the limit is doubled */
	envoi_answer_fn *done;
	void *user;
};

/**
 * Wait for an answer, under an id that the request makes. It is held until
 * envoi__request_release().
 * @retval ENVOI_ERR_FULL    as many as allowed are pending
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM
 */
int envoi__requests_add(struct envoi__requests *requests, struct envoi_request **ret_request,
	const struct envoi__request_options *options);

/** @return the id to send it with */
const char *envoi__request_id(const struct envoi_request *request);

/**
 * Release a request: until now it is held, and its function is not called however it ends.
 * @param code  the result of sending it
 * @return @p code; ENVOI_ERR_STATE when it has ended meanwhile. <0: freed silently
 */
int envoi__request_release(struct envoi_request *request, int code);

/**
 * Offer an iq result or error. The function of the request is called from the queue.
 * @param own  our own full address, or NULL
 * @return whether it ended a request; else it is to be ignored, and was counted
 */
bool envoi__requests_answer(
	struct envoi__requests *requests, struct envoi_stanza *stanza, const struct envoi_jid *own);

/** As envoi__requests_answer(), for requests with is_vital alone: a filter has dropped the
 * answer. */
void envoi__requests_answer_vital(
	struct envoi__requests *requests, struct envoi_stanza *stanza, const struct envoi_jid *own);

/**
 * As envoi__requests_answer(), for an answer that cannot be read: the request ends with a code.
 */
bool envoi__requests_fail(struct envoi__requests *requests, const struct envoi_stanza *stanza,
	const struct envoi_jid *own, int code);

/** @return the number that the next request will have */
uint64_t envoi__requests_next_number(const struct envoi__requests *requests);

/** @return a number of its own among the requests of the table; never 0 */
uint64_t envoi__request_number(const struct envoi_request *request);

/** Let a request outlive the next envoi__requests_end_all(): it was not sent yet. Nothing if it has
 * ended. */
void envoi__requests_spare(struct envoi__requests *requests, uint64_t number);

/** End a request with a code: its stanza is not sent. Nothing if it has ended. */
void envoi__requests_end(struct envoi__requests *requests, uint64_t number, int code);

/** End all but those that were spared, with a code. */
void envoi__requests_end_all(struct envoi__requests *requests, int code);

/**
 * @return whether an answer from @p from counts for a request to @p asked (RFC 6120, sections
 *         8.1.2.1 and 10.3: the server speaks for itself and for the account)
 * @param from_is_absent  the answer has no from at all; then @p from is NULL
 */
bool envoi__answer_counts(const struct envoi_jid *asked, const struct envoi_jid *from,
	bool from_is_absent, const struct envoi_jid *own);

#endif
