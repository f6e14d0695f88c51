/*
 * envoi - handlers: the one thing that users write
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_HANDLER_H
#define ENVOI_HANDLER_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/context.h>
#include <envoi/event.h>
#include <envoi/stanza.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_delivery; /* <envoi/delivery.h> */
struct envoi_handler;
struct envoi_payload_type;
struct envoi_session;
struct envoi_stream_feature; /* <envoi/interfaces/stream.h> */
struct envoi_stream_element_row;

/**
 * One kind of stanza that a handler takes. The payload is named by a descriptor (then it is
 * decoded and checked before the call), by namespace and name, or not at all: every payload. In a
 * message or presence every first-level child is a payload; an iq has exactly one.
 *
 * The rows that fit a stanza, of all handlers, whether they name a payload or not, are asked in one
 * sequence: by priority, then in order of adding. Each handler is asked at most once a stanza, by
 * the first of its rows that fits. A message or presence goes to every row until one stops it; an
 * iq get or set to the first that does not decline it, and when there is none it is answered with
 * service-unavailable (RFC 6120, section 8.4).
 *
 * A payload that its descriptor refuses is not shown to rows that name that descriptor: an iq is
 * answered with bad-request and a text that says why; for a message or presence one
 * ENVOI_EVENT_UNHANDLED is posted, and the other rows are asked.
 *
 * While a stanza is on its way, a handler that is added is asked from the next stanza on; one that
 * is removed is not asked any more.
 */
struct envoi_stanza_row {
	/** MESSAGE, PRESENCE, IQ_GET or IQ_SET; ENVOI_NO_STANZA ends the table */
	enum envoi_stanza_kind kind;
	enum envoi_stanza_type type; /**< ENVOI_TYPE_ANY: every type but error; ignored for an iq */
	const struct envoi_payload_type *payload;
	const char *ns, *name; /**< NULL: no name; a name without ns is in `jabber:client` */
	bool before_login; /**< also when the session is not authenticated */
	int priority; /**< higher is asked earlier; equal ones in order of adding */
	/**
	 * @retval ENVOI_OK        handled. An iq that was neither answered nor deferred gets an empty
	 *                         result; a message or presence is offered to the next row too
	 * @retval ENVOI_STOP      handled, and no further row sees it
	 * @retval ENVOI_DECLINED  not mine
	 * @retval <0  an iq is answered with an error: bad-request for a mistake of the peer
	 *             (-200..), resource-constraint for ENVOI_ERR_NOMEM and ENVOI_ERR_FULL, else
	 *             internal-server-error, unless it was answered already; a promise taken in the
	 *             call then does nothing any more. For others an ENVOI_EVENT_UNHANDLED is posted
	 */
	int (*handle)(struct envoi_handler *self, struct envoi_delivery *in);
};
/** The last row of every table of a handler: stanzas, events, timeouts, stream elements. */
/* clang-format off */
#ifdef __cplusplus
#define ENVOI_ROWS_END {}
#else
#define ENVOI_ROWS_END {0}
#endif
/* clang-format on */

struct envoi_event_row {
	enum envoi_event_type type; /**< ENVOI_NO_EVENT, as in ENVOI_ROWS_END, ends the table */
	void (*handle)(struct envoi_handler *self, const struct envoi_event *event);
};

/** Runs while the handler is attached, from its session's first start on. */
struct envoi_timeout_row {
	uint64_t interval_ms; /**< 0, as in ENVOI_ROWS_END, ends the table */
	bool recurring;
	void (*handle)(struct envoi_handler *self, struct envoi_session *session);
};

/**
 * Sees every stanza.
 *
 * Incoming ones before anybody else, answers to requests included; a swallowed request is the
 * filter's to answer. Outgoing ones with their id and address, just before they are serialised: the
 * one callback that comes inside the call that sends, and it may change the stanza. The ticket of a
 * swallowed one ends with NOT_SENT. What a filter sends goes through the filters too.
 * @return ENVOI_OK to pass it on, ENVOI_STOP to swallow it
 */
struct envoi_filters {
	int (*stanza_in)(struct envoi_handler *self, struct envoi_session *session,
		struct envoi_stanza *stanza);
	int (*stanza_out)(struct envoi_handler *self, struct envoi_session *session,
		struct envoi_stanza *stanza);
	int priority; /**< higher is asked earlier */
};

/** What a handler takes part in; any part may be absent. */
struct envoi_handler_impl {
	const char *name;
	const struct envoi_stanza_row *stanzas;
	const struct envoi_event_row *events;
	const struct envoi_timeout_row *timeouts;
	const struct envoi_filters *filters;
	const struct envoi_stream_feature *stream_feature;
	const struct envoi_stream_element_row *stream_elements;
	const char *const *uris; /**< ended by NULL: what it adds to service discovery */
	/** ended by NULL: names of handlers that must be attached before */
	const char *const *needs;
	/** OPTIONAL: free it; called by envoi_handler_destroy() and by owners that took it. */
	void (*destroy)(struct envoi_handler *self);
};

/** Base of every handler; embedded first. Holds nothing: one may be attached to many sessions. */
struct envoi_handler {
	const struct envoi_handler_impl *impl;
};
/* clang-format off */
#define ENVOI_HANDLER(impl_pointer) {(impl_pointer)}
/* clang-format on */

/** Call impl->destroy, if there is one; NULL is allowed. */
ENVOI_API void envoi_handler_destroy(struct envoi_handler *handler);

#ifdef __cplusplus
}
#endif
#endif
