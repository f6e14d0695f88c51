/*
 * envoi - handlers of a session: what attaching.c, needs.c and handlers.c share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_HANDLERS_H
#define ENVOI_SESSION_HANDLERS_H

#include "session/session.h"

struct envoi__timeout {
	struct envoi_timer timer;
	struct envoi__attachment *attachment;
	struct envoi_timeout_row row;
};

/**
 * A handler's place in a session. It waits until what it needs is attached, then it is active. Once
 * it is removed, the handler is not accessed any more.
 */
struct envoi__attachment {
	struct envoi__list link; /* of the session: in `waiting`, then in `attachments` */
	struct envoi__list listener_link; /* in listeners, if it is active and has rows of events */
	struct envoi__list filter_link; /* in filters, if it is active and filters */
	struct envoi_session *session;
	struct envoi_handler *handler;
	struct envoi__member *member; /* in the router, while active */
	void *user; /* the handler's, for this session */
	uint64_t order; /* among the active ones */
	uint64_t search; /* the last one for a circle of needs that came here */
	bool is_removed;
	bool *spent; /* rows of events, then of custom events; NULL: none is called once */
	size_t timeout_count;
	struct envoi__timeout timeouts[];
};

static inline struct envoi__attachment *envoi__attachment_of(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi__attachment, link);
}

/* --- handlers.c --- */

/** @return the size of `spent`: the rows of events and custom events; 0: none is called once */
size_t envoi__handler_spendable_rows(const struct envoi_handler *handler);
void envoi__attachment_start_timeouts(struct envoi__attachment *attachment);
void envoi__attachment_stop_timeouts(struct envoi__attachment *attachment);
/** Place it among the listeners and filters, if the handler has any. */
void envoi__attachment_link(struct envoi__attachment *attachment);

/* --- needs.c --- */

/** Note why a handler is refused. @param why, name  two parts of the reason. @return @p code */
int envoi__handler_refuse(struct envoi_session *session, const struct envoi_handler *handler,
	int code, const char *why, const char *name);

/** @return whether all that the handler needs is active */
bool envoi__needs_are_met(const struct envoi_session *session, const struct envoi_handler *handler);
/** @retval ENVOI_ERR_INVALID  together with handlers that wait it needs itself; the session's
 *                             problem names them */
int envoi__needs_check_circle(struct envoi_session *session, const struct envoi_handler *handler);

#endif
