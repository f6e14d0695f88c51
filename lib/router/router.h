/*
 * envoi - the router: which handler gets a stanza
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ROUTER_ROUTER_H
#define ENVOI_ROUTER_ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/delivery.h>
#include <envoi/handler.h>

#include "base/guard.h"
#include "base/list.h"
#include "router/rows.h"

struct envoi__router_host;

/** What a router needs from its host. */
struct envoi__router_host_impl {
	/** Queue an answer. @param stanza taken; NULL reports ENVOI_ERR_NOMEM
	 * @param is_automatic  no caller gets the failure: count it */
	int (*send)(
		struct envoi__router_host *host, struct envoi_stanza *stanza, bool is_automatic);
	/** Report a stanza that could not be handled. @param stanza NULL: it was not a stanza */
	void (*unhandled)(
		struct envoi__router_host *host, struct envoi_stanza *stanza, const char *text);
	/** @return the epoch of the session (envoi_session_epoch()) */
	uint64_t (*epoch)(struct envoi__router_host *host);
	/** OPTIONAL. @return whether stanzas come for many addresses, so that a reply names its
	 * sender */
	bool (*has_many_addresses)(struct envoi__router_host *host);
	/** @return the stream that stanzas come from now, or NULL */
	struct envoi_stream *(*stream)(struct envoi__router_host *host);
};

struct envoi__router_host {
	const struct envoi__router_host_impl *impl;
};

/** Embedded in its host, which stays in memory while a dispatch is on the stack. */
struct envoi__router {
	struct envoi_context *context; /* borrowed */
	struct envoi__router_host *host; /* borrowed */
	struct envoi_session *session; /* shown to handlers */
	struct envoi__rows rows;
	uint64_t stanza_number;
	struct envoi__guard guard; /* over: closed */
	struct envoi__list removed; /* members removed meanwhile */
	struct envoi__list promises;
	size_t deferred, deferred_limit;
	uint64_t rows_visited; /* what routing costs */
};

void envoi__router_init(struct envoi__router *router, struct envoi_context *context,
	struct envoi__router_host *host, struct envoi_session *session, size_t deferred_limit);

/** Disable all promises; dispatches on the stack call no further handler and answer nothing. */
void envoi__router_close(struct envoi__router *router);

/** Free everything; closed, all members removed, no dispatch on the stack. */
void envoi__router_finish(struct envoi__router *router);

/** Errors as envoi__rows_add(). */
int envoi__router_add(struct envoi__router *router, struct envoi__member **ret_member,
	struct envoi_handler *handler);

/** From now on the handler is not called; NULL is allowed. @param member consumed */
void envoi__router_remove(struct envoi__router *router, struct envoi__member *member);

/** Disable all promises: their epoch has ended. */
void envoi__router_disable_promises(struct envoi__router *router);

/**
 * Call the handlers of a stanza, and answer an iq get or set exactly once (RFC 6120, section
 * 8.2.3). Results and errors of iq are ignored here.
 *
 * @param is_logged_in  false: only rows with before_login are called, and a request that none of
 *                      them takes is not answered
 * @return whether a row was called
 */
bool envoi__router_route(
	struct envoi__router *router, struct envoi_stanza *stanza, bool is_logged_in);

/** Answer or report an iq without id or of unknown type, which envoi_stanza_from_element() refuses.
 *  */
void envoi__router_refuse(struct envoi__router *router, const struct envoi_element *element);

/** Answer an iq get or set that no handler will see. @param request  its content does not matter */
void envoi__router_refuse_request(struct envoi__router *router, const struct envoi_element *request,
	enum envoi_stanza_condition condition);

#endif
