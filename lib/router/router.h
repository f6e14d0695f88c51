/*
 * envoi - the router: which handler gets a stanza
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ROUTER_ROUTER_H
#define ENVOI_ROUTER_ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/handler.h>
#include <envoi/session.h>

#include "base/guard.h"
#include "base/list.h"
#include "router/rows.h"

struct envoi__router_host;

/** What a router needs from whoever it routes for. */
struct envoi__router_host_impl {
	/** Queue an answer. @param stanza taken; NULL reports ENVOI_ERR_NOMEM
	 * @param is_automatic  nobody will hear of a failure */
	int (*send)(
		struct envoi__router_host *host, struct envoi_stanza *stanza, bool is_automatic);
	/** A stanza that nobody could make sense of. @param stanza NULL: it was not even one */
	void (*unhandled)(
		struct envoi__router_host *host, struct envoi_stanza *stanza, const char *text);
	/** @return the epoch of the session (envoi_session_epoch()) */
	uint64_t (*epoch)(struct envoi__router_host *host);
	/** @return the stream that stanzas come from now, or NULL */
	struct envoi_stream *(*stream)(struct envoi__router_host *host);
};

struct envoi__router_host {
	const struct envoi__router_host_impl *impl;
};

/** Embedded in its host, whose memory it outlives by no dispatch. */
struct envoi__router {
	struct envoi_context *context; /* borrowed */
	struct envoi__router_host *host; /* borrowed */
	struct envoi_session *session; /* shown to handlers */
	struct envoi__rows rows;
	uint64_t stanza_number;
	struct envoi__guard guard; /* over: closed */
	struct envoi__list gone; /* members removed meanwhile */
	struct envoi__list promises;
	size_t deferred, deferred_limit;
	uint64_t rows_visited; /* what routing costs */
};

void envoi__router_init(struct envoi__router *router, struct envoi_context *context,
	struct envoi__router_host *host, struct envoi_session *session, size_t deferred_limit);

/** Let go of all promises; dispatches on the stack ask nobody any more, answer nothing more. */
void envoi__router_close(struct envoi__router *router);

/** Free everything; closed, all members removed, no dispatch on the stack. */
void envoi__router_finish(struct envoi__router *router);

/** Errors as envoi__rows_add(). */
int envoi__router_add(struct envoi__router *router, struct envoi__member **ret_member,
	struct envoi_handler *handler);

/** From now on the handler is not asked; NULL is allowed. @param member consumed */
void envoi__router_remove(struct envoi__router *router, struct envoi__member *member);

/** Promises given so far are inert: their stream is gone. */
void envoi__router_let_go(struct envoi__router *router);

/**
 * Give a stanza to whoever takes it, and answer an iq get or set exactly once (RFC 6120, section
 * 8.2.3). Results and errors of iq are ignored here.
 *
 * @param is_logged_in  false: only rows that say so are asked
 */
void envoi__router_route(
	struct envoi__router *router, struct envoi_stanza *stanza, bool is_logged_in);

/** For an element that envoi_stanza_from_element() calls invalid: an iq without id, or of no
 * known type. */
void envoi__router_refuse(struct envoi__router *router, const struct envoi_element *element);

#endif
