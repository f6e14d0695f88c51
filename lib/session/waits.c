/*
 * envoi - sessions: waits for one stanza
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>
#include <envoi/wait.h>

#include "router/handler_check.h"
#include "session/session.h"

/** A handler of its own in the router, with one row. */
struct envoi_wait {
	struct envoi__event_entry entry; /* reports the end, when no stanza came */
	struct envoi__list link; /* in the session's waits */
	struct envoi_handler handler;
	struct envoi_handler_impl impl;
	struct envoi_stanza_row rows[2];
	struct envoi_context *context;
	struct envoi_session *session; /* NULL: ended */
	struct envoi__member *member;
	struct envoi_timer timer;
	envoi_wait_fn *done;
	void *user;
	bool is_offered; /* `done` is being called with a stanza */
	int code; /* how it ends, when no stanza came; ENVOI_OK: not yet */
};

static void wait_free(struct envoi_wait *wait)
{
	struct envoi_context *context = wait->context;
	envoi_free(context, wait);
	envoi_context_unref(context);
}

static void dispatch(struct envoi__event_entry *entry)
{
	struct envoi_wait *wait = ENVOI_CONTAINER_OF(entry, struct envoi_wait, entry);
	(void)wait->done(wait->user, wait->code, NULL);
}

static void destroy(struct envoi__event_entry *entry)
{
	wait_free(ENVOI_CONTAINER_OF(entry, struct envoi_wait, entry));
}

/* --- ending --- */

static void take_out(struct envoi_wait *wait)
{
	envoi_timer_stop(&wait->timer);
	envoi__list_remove(&wait->link);
	envoi__router_remove(&wait->session->router, wait->member);
	wait->session = NULL;
}

/* While a stanza is offered, the wait ends only if that is declined. */
static void end(struct envoi_wait *wait, int code)
{
	wait->code = code;
	if (!wait->is_offered) {
		struct envoi_session *session = wait->session;
		take_out(wait);
		envoi__event_queue_post(&session->queue, &wait->entry);
	}
}

static void on_timer(struct envoi_timer *timer)
{
	end(ENVOI_CONTAINER_OF(timer, struct envoi_wait, timer), ENVOI_ERR_TIMEOUT);
}

void envoi_wait_cancel(struct envoi_wait *wait)
{
	if (wait != NULL && wait->session != NULL && wait->code == ENVOI_OK) {
		end(wait, ENVOI_ERR_CANCELED);
	}
}

void envoi__session_end_waits(struct envoi_session *session, int code)
{
	struct envoi__list *link = session->waits.next;
	while (link != &session->waits) {
		struct envoi_wait *wait = ENVOI_CONTAINER_OF(link, struct envoi_wait, link);
		link = link->next;
		if (wait->code == ENVOI_OK) {
			end(wait, code);
		}
	}
}

/* --- a stanza --- */

/* The session may be freed inside: then nothing of it calls any more. */
static int on_stanza(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct envoi_wait *wait = ENVOI_CONTAINER_OF(self, struct envoi_wait, handler);
	const struct envoi_session *session = wait->session;
	wait->is_offered = true;
	int r = wait->done(wait->user, ENVOI_OK, in);
	wait->is_offered = false;
	if (r != ENVOI_DECLINED || envoi__guard_is_over(&session->guard)) {
		take_out(wait);
		wait_free(wait);
	} else if (wait->code != ENVOI_OK) {
		end(wait, wait->code);
	}
	return r;
}

/* --- beginning --- */

static struct envoi_wait *wait_new(
	struct envoi_session *session, const struct envoi_stanza_row *like)
{
	struct envoi_wait *wait = envoi_alloc_zeroed(session->context, sizeof(*wait));
	if (wait == NULL) {
		return NULL;
	}
	wait->entry = (struct envoi__event_entry){.dispatch = dispatch, .destroy = destroy};
	envoi__list_init(&wait->entry.link);
	envoi__list_init(&wait->link);
	wait->context = envoi_context_ref(session->context);
	wait->session = session;
	wait->rows[0] = *like;
	wait->rows[0].handle = on_stanza;
	wait->impl.stanzas = wait->rows;
	wait->handler.impl = &wait->impl;
	return wait;
}

static int check(struct envoi_session *session, const struct envoi_wait *wait)
{
	char problem[128];
	const struct envoi_stanza_row *row = &wait->rows[0];
	if (row->matches != NULL || row->once) {
		return envoi__session_refuse(session, ENVOI_ERR_INVALID,
			"wait: `matches` and `once` have no place in it");
	}
	int r = row->kind == ENVOI_NO_STANZA
		? ENVOI_ERR_INVALID
		: envoi__handler_check(&wait->handler, session->context, problem, sizeof(problem));
	if (r == ENVOI_ERR_INVALID) {
		return envoi__session_refuse(
			session, r, "wait: %s", row->kind == ENVOI_NO_STANZA ? "no kind" : problem);
	}
	return r < 0 ? envoi__session_refuse(session, r, NULL) : ENVOI_OK;
}

static int begin(struct envoi_session *session, struct envoi_wait *wait, uint64_t timeout_ms)
{
	int r = check(session, wait);
	if (r < 0) {
		return r;
	}
	r = envoi__router_add(&session->router, &wait->member, &wait->handler);
	if (r < 0) {
		return envoi__session_refuse(session, r, NULL);
	}
	envoi__list_append(&session->waits, &wait->link);
	if (timeout_ms > 0) {
		envoi_timer_start(&wait->timer, session->queue.loop, timeout_ms, on_timer);
	}
	return ENVOI_OK;
}

int envoi_wait(struct envoi_session *session, const struct envoi_stanza_row *like,
	uint64_t timeout_ms, envoi_wait_fn *done, void *user, struct envoi_wait **ret_wait)
{
	if (envoi__guard_is_over(&session->guard)) {
		return ENVOI_ERR_STATE;
	}
	if (like->handle != NULL || done == NULL) {
		return envoi__session_refuse(session, ENVOI_ERR_INVALID,
			done == NULL ? "wait: no function" : "wait: `handle` has no place in it");
	}
	struct envoi_wait *wait = wait_new(session, like);
	if (wait == NULL) {
		return envoi__session_refuse(session, ENVOI_ERR_NOMEM, NULL);
	}
	wait->done = done;
	wait->user = user;
	int r = begin(session, wait, timeout_ms);
	if (r < 0) {
		wait_free(wait);
		return r;
	}
	if (ret_wait != NULL) {
		*ret_wait = wait;
	}
	return ENVOI_OK;
}
