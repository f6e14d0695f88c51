/*
 * envoi - events of a session
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "base/kept_failure.h"
#include "session/session.h"

/** A copy of an event, in the session's queue. */
struct envoi__posted {
	struct envoi__event_entry entry;
	struct envoi_context *context;
	struct envoi_session *session;
	struct envoi_event event; /* what it points at is owned here */
	char *text, *name;
	struct envoi_jid *jid;
	struct envoi_stanza *stanza;
	struct envoi__kept_failure failure;
	bool has_failure;
	envoi_event_data_fn *free_data; /* NULL: the data is borrowed, or there is none */
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
		[ENVOI_EVENT_ENDED] = "ended",
		[ENVOI_EVENT_DISCONNECTED] = "disconnected",
		[ENVOI_EVENT_LATE_ERROR] = "late-error",
		[ENVOI_EVENT_CUSTOM] = "custom",
		[ENVOI_EVENT_OUTBOX_HIGH] = "outbox-high",
		[ENVOI_EVENT_OUTBOX_LOW] = "outbox-low",
		[ENVOI_EVENT_PRESENCE] = "presence",
		[ENVOI_EVENT_SUBSCRIPTION_REQUEST] = "subscription-request",
		[ENVOI_EVENT_SUBSCRIPTION_APPROVED] = "subscription-approved",
		[ENVOI_EVENT_SUBSCRIPTION_REFUSED] = "subscription-refused",
		[ENVOI_EVENT_SUBSCRIPTION_ENDED] = "subscription-ended",
		[ENVOI_EVENT_STOPPED] = "stopped",
		[ENVOI_EVENT_SUSPENDED] = "suspended",
		[ENVOI_EVENT_RESUMED] = "resumed",
	};
	size_t i = (size_t)type;
	return i < sizeof(names) / sizeof(names[0]) && names[i] != NULL ? names[i] : "unknown";
}

static bool is_terminal(enum envoi_event_type type)
{
	return type == ENVOI_EVENT_ENDED || type == ENVOI_EVENT_DISCONNECTED ||
		type == ENVOI_EVENT_STOPPED;
}

/* While the session is being freed, only terminal events are delivered. */
static void dispatch(struct envoi__event_entry *entry)
{
	struct envoi__posted *posted = ENVOI_CONTAINER_OF(entry, struct envoi__posted, entry);
	struct envoi_session *session = posted->session;
	if (envoi__guard_is_over(&session->guard) && !is_terminal(posted->event.type)) {
		return;
	}
	struct envoi_failure room;
	if (posted->has_failure) {
		posted->event.failure = envoi__kept_failure_show(&posted->failure, &room);
	}
	envoi__session_enter(session);
	envoi__session_deliver(session, &posted->event);
	envoi__session_leave(session);
}

static void posted_free(struct envoi__posted *posted)
{
	if (posted == NULL) {
		return;
	}
	struct envoi_context *context = posted->context;
	if (posted->free_data != NULL) {
		posted->free_data(posted->event.data);
	}
	envoi_free(context, posted->text);
	envoi_free(context, posted->name);
	envoi_jid_unref(posted->jid);
	envoi_stanza_unref(posted->stanza);
	envoi__kept_failure_finish(&posted->failure);
	envoi_free(context, posted);
	envoi_context_unref(context);
}

static void destroy(struct envoi__event_entry *entry)
{
	posted_free(ENVOI_CONTAINER_OF(entry, struct envoi__posted, entry));
}

static struct envoi__posted *posted_new(struct envoi_session *session)
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

/* --- what is kept in reserve --- */

/* @return the index in the session's reserve; -1: the type has none */
static int reserve_of(enum envoi_event_type type)
{
	static const enum envoi_event_type types[ENVOI__RESERVED_EVENTS] = {
		ENVOI_EVENT_ENDED,
		ENVOI_EVENT_DISCONNECTED,
		ENVOI_EVENT_SUSPENDED,
		ENVOI_EVENT_STOPPED,
	};
	for (int i = 0; i < ENVOI__RESERVED_EVENTS; i++) {
		if (types[i] == type) {
			return i;
		}
	}
	return -1;
}

int envoi_session_reserve(struct envoi_session *session)
{
	bool is_complete = true;
	for (int i = 0; i < ENVOI__RESERVED_EVENTS; i++) {
		if (session->reserve[i] == NULL) {
			session->reserve[i] = posted_new(session);
		}
		is_complete = is_complete && session->reserve[i] != NULL;
	}
	return is_complete ? ENVOI_OK : ENVOI_ERR_NOMEM;
}

void envoi__session_drop_reserve(struct envoi_session *session)
{
	for (int i = 0; i < ENVOI__RESERVED_EVENTS; i++) {
		posted_free(session->reserve[i]);
	}
}

/* --- posting --- */

/* Addresses and stanzas are counted and shared: what is constant in an event is so for its
 * receivers. */
static int copy(struct envoi__posted *posted, const struct envoi_event *event)
{
	posted->event.type = event->type;
	posted->event.session = posted->session;
	posted->event.bytes = event->bytes;
	posted->event.retry_in_ms = event->retry_in_ms;
	if (event->jid != NULL) {
		posted->event.jid = posted->jid = envoi_jid_ref(event->jid);
	}
	if (event->stanza != NULL) {
		posted->stanza = envoi_stanza_ref((struct envoi_stanza *)(uintptr_t)event->stanza);
		posted->event.stanza = posted->stanza;
	}
	if (event->failure != NULL) {
		posted->has_failure = true;
		envoi__kept_failure_copy(&posted->failure, posted->context, event->failure);
	}
	if (event->text != NULL) {
		posted->text = envoi_strndup(posted->context, event->text, strlen(event->text));
		posted->event.text = posted->text;
		if (posted->text == NULL) {
			return ENVOI_ERR_NOMEM;
		}
	}
	return ENVOI_OK;
}

int envoi_session_post_event(struct envoi_session *session, const struct envoi_event *event)
{
	int reserve = reserve_of(event->type);
	if (envoi__guard_is_over(&session->guard)) {
		return ENVOI_ERR_STATE;
	}
	if (event->type <= ENVOI_NO_EVENT || event->type >= ENVOI_EVENTS_END ||
		event->type == ENVOI_EVENT_CUSTOM) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi__posted *posted = posted_new(session);
	if (posted == NULL && reserve >= 0) {
		posted = session->reserve[reserve];
		session->reserve[reserve] = NULL;
	}
	if (posted == NULL || (copy(posted, event) < 0 && reserve < 0)) {
		posted_free(posted);
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

/* --- events of the program --- */

static int check_name(const struct envoi_session *session, const char *name)
{
	if (envoi__guard_is_over(&session->guard)) {
		return ENVOI_ERR_STATE;
	}
	return name == NULL || *name == '\0' ? ENVOI_ERR_INVALID : ENVOI_OK;
}

static struct envoi__posted *custom_new(struct envoi_session *session, const char *name)
{
	struct envoi__posted *posted = posted_new(session);
	if (posted == NULL) {
		return NULL;
	}
	posted->name = envoi_strndup(posted->context, name, strlen(name));
	if (posted->name == NULL) {
		posted_free(posted);
		return NULL;
	}
	posted->event.type = ENVOI_EVENT_CUSTOM;
	posted->event.session = session;
	posted->event.name = posted->name;
	return posted;
}

int envoi_session_post(
	struct envoi_session *session, const char *name, void *data, envoi_event_data_fn *free_data)
{
	int r = check_name(session, name);
	struct envoi__posted *posted = r < 0 ? NULL : custom_new(session, name);
	if (posted == NULL) {
		if (free_data != NULL) {
			free_data(data);
		}
		return r < 0 ? r : ENVOI_ERR_NOMEM;
	}
	posted->event.data = data;
	posted->free_data = free_data;
	envoi__event_queue_post(&session->queue, &posted->entry);
	return ENVOI_OK;
}

int envoi_session_emit(struct envoi_session *session, const char *name, const void *data)
{
	int r = check_name(session, name);
	if (r < 0) {
		return r;
	}
	const struct envoi_event event = {.type = ENVOI_EVENT_CUSTOM,
		.session = session,
		.name = name,
		.data = (void *)(uintptr_t)data};
	envoi__session_enter(session);
	envoi__session_deliver(session, &event);
	r = envoi__guard_is_over(&session->guard) ? ENVOI_ERR_CANCELED : ENVOI_OK;
	envoi__session_leave(session);
	return r;
}
