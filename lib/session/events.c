/*
 * envoi - events of a session
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "session/session.h"

/** A copy of an event, in the session's queue. */
struct envoi__posted {
	struct envoi__event_entry entry;
	struct envoi_context *context;
	struct envoi_session *session;
	struct envoi_event event; /* what it points at is owned here */
	char *text;
	struct envoi_jid *jid;
	struct envoi_stanza *stanza;
	struct envoi_failure failure;
};

const char *envoi_event_name(enum envoi_event_type type)
{
	static const char *const names[] = {
		[ENVOI_EVENT_CONNECTING] = "connecting",
		[ENVOI_EVENT_CONNECTED] = "connected",
		[ENVOI_EVENT_STREAM_OPENED] = "stream-opened",
		[ENVOI_EVENT_SECURED] = "secured",
		[ENVOI_EVENT_AUTHENTICATED] = "authenticated",
		[ENVOI_EVENT_BOUND] = "bound",
		[ENVOI_EVENT_STARTED] = "started",
		[ENVOI_EVENT_ROSTER] = "roster",
		[ENVOI_EVENT_ROSTER_INCOMPLETE] = "roster-incomplete",
		[ENVOI_EVENT_ROSTER_CHANGED] = "roster-changed",
		[ENVOI_EVENT_AVAILABLE] = "available",
		[ENVOI_EVENT_UNHANDLED] = "unhandled",
		[ENVOI_EVENT_SKIPPED] = "skipped",
		[ENVOI_EVENT_DISCONNECTED] = "disconnected",
		[ENVOI_EVENT_LATE_ERROR] = "late-error",
	};
	size_t i = (size_t)type;
	return i < sizeof(names) / sizeof(names[0]) && names[i] != NULL ? names[i] : "unknown";
}

/* While the session is being freed, only the terminal event is delivered. */
static void dispatch(struct envoi__event_entry *entry)
{
	struct envoi__posted *posted = ENVOI_CONTAINER_OF(entry, struct envoi__posted, entry);
	struct envoi_session *session = posted->session;
	if (envoi__guard_is_over(&session->guard) &&
		posted->event.type != ENVOI_EVENT_DISCONNECTED) {
		return;
	}
	envoi__session_enter(session);
	envoi__session_deliver(session, &posted->event);
	envoi__session_leave(session);
}

void envoi__posted_free(struct envoi__posted *posted)
{
	if (posted == NULL) {
		return;
	}
	struct envoi_context *context = posted->context;
	envoi_free(context, posted->text);
	envoi_jid_unref(posted->jid);
	envoi_stanza_unref(posted->stanza);
	envoi_failure_finish(&posted->failure);
	envoi_free(context, posted);
	envoi_context_unref(context);
}

static void destroy(struct envoi__event_entry *entry)
{
	envoi__posted_free(ENVOI_CONTAINER_OF(entry, struct envoi__posted, entry));
}

struct envoi__posted *envoi__posted_new(struct envoi_session *session)
{
	struct envoi__posted *posted = envoi_alloc_zeroed(session->context, sizeof(*posted));
	if (posted == NULL) {
		return NULL;
	}
	posted->entry = (struct envoi__event_entry){.dispatch = dispatch, .destroy = destroy};
	envoi__list_init(&posted->entry.link);
	posted->context = envoi_context_ref(session->context);
	posted->session = session;
	return posted;
}

/* Addresses and stanzas are counted and shared: what is constant in an event is so for its
 * receivers. */
static int copy(struct envoi__posted *posted, const struct envoi_event *event)
{
	posted->event.type = event->type;
	posted->event.session = posted->session;
	posted->event.bytes = event->bytes;
	if (event->jid != NULL) {
		posted->event.jid = posted->jid = envoi_jid_ref(event->jid);
	}
	if (event->stanza != NULL) {
		posted->stanza = envoi_stanza_ref((struct envoi_stanza *)(uintptr_t)event->stanza);
		posted->event.stanza = posted->stanza;
	}
	if (event->failure != NULL) {
		envoi_failure_copy(&posted->failure, event->failure);
		posted->event.failure = &posted->failure;
	}
	if (event->text != NULL) {
		posted->text = envoi_strndup(posted->context, event->text, strlen(event->text));
		posted->event.text = posted->text;
		return posted->text == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
	}
	return ENVOI_OK;
}

int envoi_session_reserve(struct envoi_session *session)
{
	if (session->reserve == NULL) {
		session->reserve = envoi__posted_new(session);
	}
	return session->reserve == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

int envoi_session_post_event(struct envoi_session *session, const struct envoi_event *event)
{
	bool is_needed = event->type == ENVOI_EVENT_DISCONNECTED;
	if (envoi__guard_is_over(&session->guard)) {
		return ENVOI_ERR_STATE;
	}
	if (event->type <= ENVOI_NO_EVENT || event->type >= ENVOI_EVENTS_END) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi__posted *posted = envoi__posted_new(session);
	if (posted == NULL && is_needed) {
		posted = session->reserve;
		session->reserve = NULL;
	}
	if (posted == NULL || (copy(posted, event) < 0 && !is_needed)) {
		envoi__posted_free(posted);
		return ENVOI_ERR_NOMEM;
	}
	envoi__event_queue_post(&session->queue, &posted->entry);
	return ENVOI_OK;
}

void envoi__session_report(struct envoi_session *session, enum envoi_event_type type,
	const char *text, const struct envoi_jid *jid)
{
	int r = envoi_session_post_event(
		session, &(struct envoi_event){.type = type, .text = text, .jid = jid});
	if (r < 0 && session->stream != NULL) {
		(void)envoi_stream_fail_with(
			session->stream, r, ENVOI_STREAM_RESOURCE_CONSTRAINT, NULL);
	}
}
