/*
 * envoi - handlers: tables of the stanzas, events and others that an application handles
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
 * One kind of stanza that a handler handles. One of these forms describes the content of the
 * stanza; they are compiled when the handler is attached:
 * - `payload`: a descriptor. The payload is decoded and checked before the call;
 * - `ns`, `name`, or both: a payload of that namespace, of that name, or of both;
 * - `ns`, `name`, or both, with `depth`: an element at that depth below the stanza;
 * - `path`: an element below the stanza (<envoi/path.h>);
 * - none of them: every stanza of the kind matches.
 * In a message or presence every first-level child is a payload; an iq has exactly one.
 *
 * A row with a fixed payload namespace, in whatever form, has no cost for stanzas without that
 * payload. Other rows are compared with each stanza of their kind.
 *
 * The context keeps the namespaces and names of elements in rows until it is freed, each of them
 * once: rows with names that a peer has chosen would let it grow.
 *
 * The matching rows of all handlers are called in one sequence: by priority, then in order of
 * adding. Each handler is called at most once a stanza, through the first of its rows that matches.
 * A message or presence goes to every handler until one returns ENVOI_STOP. An iq get or set goes
 * to the first that does not return ENVOI_DECLINED; without one it is answered with
 * service-unavailable (RFC 6120, section 8.4).
 *
 * Rows with a descriptor that refuses the payload are not called. An iq is then answered with
 * bad-request and the reason. For a message or presence one ENVOI_EVENT_UNHANDLED is posted, and
 * the other rows are called.
 *
 * A handler that is added while a stanza is dispatched is called from the next stanza on. One that
 * is removed is not called any more.
 */
struct envoi_stanza_row {
	/** MESSAGE, PRESENCE, IQ_GET or IQ_SET; ENVOI_NO_STANZA ends the table */
	enum envoi_stanza_kind kind;
	/** ENVOI_TYPE_ANY: every type but error; for an iq always ENVOI_TYPE_ANY */
	enum envoi_stanza_type type;
	const struct envoi_payload_type *payload;
	const char *ns, *name; /**< NULL: any; a name without ns is in `jabber:client` */
	/** also before an address is bound; there any other stanza ends a receiving stream with
	 * not-authorized (RFC 6120, section 4.9.3.12), and filters see none */
	bool before_login;
	int priority; /**< higher ones are called earlier, equal ones in order of adding */
	/**
	 * @retval ENVOI_OK        handled. An iq that was neither answered nor deferred gets an
	 *                         empty result; a message or presence is offered to the next row
	 *                         too
	 * @retval ENVOI_STOP      handled, and not offered to further rows
	 * @retval ENVOI_DECLINED  not handled
	 * @retval <0  an iq that was not answered yet is answered with an error: bad-request for a
	 *             mistake of the peer (-200..), resource-constraint for ENVOI_ERR_NOMEM and
	 *             ENVOI_ERR_FULL, else internal-server-error; a promise taken in the call has
	 *             no effect any more. For others an ENVOI_EVENT_UNHANDLED is posted
	 */
	int (*handle)(struct envoi_handler *self, struct envoi_delivery *in);
	/**
	 * NULL: none. Else "message/{urn:x}a/b@attr='v'": the first step names the stanza and may
	 * test one of its attributes. envoi_delivery_element() is the element of the last step.
	 */
	const char *path;
	/**
	 * OPTIONAL: called when all other members match, before a payload is decoded.
	 * envoi_delivery_element() is available, envoi_delivery_payload() is not.
	 * @return whether the row matches
	 */
	bool (*matches)(struct envoi_handler *self, const struct envoi_delivery *in);
	/** of ns and name: 0 or 1: a child of the stanza, 2: a child of a child; at most 31 */
	unsigned int depth;
	/** the row is called once: until the handler is attached again it matches nothing after a
	 * call that did not return ENVOI_DECLINED */
	bool once;
};
/** The last row of every table of a handler. */
/* clang-format off */
#ifdef __cplusplus
#define ENVOI_ROWS_END {}
#else
#define ENVOI_ROWS_END {0}
#endif
/* clang-format on */

/** One type of event that a handler handles. Called from the loop, in the order of posting; for a
 * custom event that is emitted, inside envoi_session_emit(). */
struct envoi_event_row {
	/** ENVOI_EVERY_EVENT: all; ENVOI_NO_EVENT, as in ENVOI_ROWS_END, ends the table */
	enum envoi_event_type type;
	/** REQUIRED. @param event  borrowed for the call */
	void (*handle)(struct envoi_handler *self, const struct envoi_event *event);
	/** the row is called once: after its call it takes no event until the handler is attached
	 * again */
	bool once;
};

/** One ENVOI_EVENT_CUSTOM that a handler handles, by its name. Called before rows of events. */
struct envoi_custom_event_row {
	const char *name; /**< NULL, as in ENVOI_ROWS_END, ends the table */
	/** REQUIRED. @param event  borrowed for the call */
	void (*handle)(struct envoi_handler *self, const struct envoi_event *event);
	bool once; /**< as of struct envoi_event_row */
};

/** A timeout. It runs from the first ENVOI_EVENT_STARTED on, while the handler is attached. */
struct envoi_timeout_row {
	uint64_t interval_ms; /**< from 1; 0, as in ENVOI_ROWS_END, ends the table */
	bool recurring;
	/** REQUIRED. Called from the loop after @p interval_ms */
	void (*handle)(struct envoi_handler *self, struct envoi_session *session);
};

/**
 * Functions that are called for every stanza.
 *
 * stanza_in is called for received stanzas before all rows, and for answers to requests. If it
 * drops an iq get or set, it has to answer it.
 *
 * stanza_out is called for stanzas that are sent, with their id and address, before they are
 * serialised, and may change them. It is called inside the function that sends. The ticket of a
 * dropped stanza ends with ENVOI_TICKET_NOT_SENT. Stanzas that a filter sends pass the filters too.
 *
 * @return ENVOI_OK: continue with the stanza; ENVOI_STOP: drop it
 */
struct envoi_filters {
	/** A stanza was received. */
	int (*stanza_in)(struct envoi_handler *self, struct envoi_session *session,
		struct envoi_stanza *stanza);
	/** A stanza is sent. */
	int (*stanza_out)(struct envoi_handler *self, struct envoi_session *session,
		struct envoi_stanza *stanza);
	int priority; /**< higher ones are called earlier, equal ones in order of adding */
};

/** The table of a handler. Every part may be absent. It and its parts must live as long as the
 * handler. */
struct envoi_handler_impl {
	const char *name; /**< for @p needs of others and for messages; NULL: none */
	const struct envoi_stanza_row *stanzas;
	const struct envoi_event_row *events;
	const struct envoi_custom_event_row *custom_events;
	const struct envoi_timeout_row *timeouts;
	const struct envoi_filters *filters;
	const struct envoi_stream_feature *stream_feature;
	const struct envoi_stream_element_row *stream_elements;
	/** ended by NULL: features for service discovery (XEP-0030), which the session announces
	 * while the handler takes part: <envoi/ext/disco.h> */
	const char *const *uris;
	/**
	 * ended by NULL: names of handlers that this one requires; none of its functions is called
	 * before they are attached, and theirs are called first. Removing one of them later has no
	 * effect on it
	 */
	const char *const *needs;
	/**
	 * OPTIONAL: restore the handler's state on the server. Called from the loop, in the order
	 * of adding, when the session has started or was resumed, before ENVOI_EVENT_STARTED or
	 * ENVOI_EVENT_RESUMED is delivered. Stanzas that are sent inside precede those in the
	 * queue. A handler that is added to a session which is online is called for the next one.
	 * @param is_resumed  the server has kept its session: only the state of the connection has
	 *                    to be restored
	 */
	void (*restore)(struct envoi_handler *self, struct envoi_session *session, bool is_resumed);
	/**
	 * OPTIONAL: the features of the session's handlers have changed: one with `uris` takes part
	 * or was removed, or envoi_session_note_features() was called. Called inside the function
	 * that changes them: it must not call the library, but may start timers and deferred calls.
	 */
	void (*features_changed)(struct envoi_handler *self);
	/** OPTIONAL: free the handler; called by envoi_handler_destroy(). */
	void (*destroy)(struct envoi_handler *self);
};

/** Base of every handler; embedded first. One may be attached to many sessions. */
struct envoi_handler {
	const struct envoi_handler_impl *impl;
};
/* clang-format off */
/** Initialises a struct envoi_handler: `struct envoi_handler bot = ENVOI_HANDLER(&bot_impl);` */
#define ENVOI_HANDLER(impl_pointer) {(impl_pointer)}
/**
 * Define a function that returns a handler without state:
 *
 *     ENVOI_STATIC_HANDLER(my_handler, &my_impl)
 *
 * defines struct envoi_handler *my_handler(void). It returns the same handler in each call. The
 * handler can be attached to any number of sessions, of several contexts too. It is constant, is
 * never freed, and its impl must not have `destroy`.
 */
#define ENVOI_STATIC_HANDLER(function, impl_pointer) \
	struct envoi_handler *function(void) \
	{ \
		static const struct envoi_handler handler = ENVOI_HANDLER(impl_pointer); \
		return (struct envoi_handler *)(uintptr_t)&handler; \
	}
/* clang-format on */

/**
 * A handler that is attached to a session together with the extensions that it depends on, and is
 * removed when nothing uses it any more: envoi_session_use() (<envoi/session.h>). Constant; must
 * live as long as the sessions that use it.
 */
struct envoi_extension {
	const char *name; /**< the name of the handler that it makes */
	/** extensions that it depends on, ended by NULL; NULL: none */
	const struct envoi_extension *const *needs;
	/**
	 * Make the handler. Those that it depends on are attached: envoi_session_find(). The
	 * session may be freed inside: then the handler is destroyed. The function must not begin
	 * or end the use of extensions; to end that of its own has no effect.
	 * @param[out] ret_handler  owned by the session, which removes and destroys it after the
	 *                          last use
	 */
	int (*make)(struct envoi_handler **ret_handler, struct envoi_session *session);
};

/** Call impl->destroy, if there is one; NULL is allowed. */
ENVOI_API void envoi_handler_destroy(struct envoi_handler *handler);

#ifdef __cplusplus
}
#endif
#endif
