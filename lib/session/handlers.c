/*
 * envoi - handlers of a session: events, timeouts, filters
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "router/handler_check.h"
#include "session/session.h"

struct attachment;

struct timeout {
	struct envoi_timer timer;
	struct attachment *attachment;
	struct envoi_timeout_row row;
};

/** A handler's place in a session. Once it is removed, the handler is not touched any more. */
struct attachment {
	struct envoi__list link; /* in attachments */
	struct envoi__list filter_link; /* in filters, if it filters */
	struct envoi_session *session;
	struct envoi_handler *handler;
	struct envoi__member *member; /* in the router */
	void *user; /* the handler's, for this session */
	uint64_t order;
	bool is_removed;
	size_t timeout_count;
	struct timeout timeouts[];
};

static struct attachment *from_link(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct attachment, link);
}

static struct attachment *from_filter_link(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct attachment, filter_link);
}

static struct attachment *find(
	const struct envoi_session *session, const struct envoi_handler *handler)
{
	return envoi__map_get(&session->by_handler, (const char *)&handler, sizeof(handler));
}

/* --- timeouts --- */

static void on_timeout(struct envoi_timer *timer)
{
	struct timeout *timeout = ENVOI_CONTAINER_OF(timer, struct timeout, timer);
	struct envoi_session *session = timeout->attachment->session;
	if (timeout->row.recurring) {
		envoi_timer_start(timer, session->queue.loop, timeout->row.interval_ms, on_timeout);
	}
	envoi__session_enter(session);
	timeout->row.handle(timeout->attachment->handler, session);
	envoi__session_leave(session);
}

static void start_timeouts(struct attachment *attachment)
{
	for (size_t i = 0; i < attachment->timeout_count; i++) {
		struct timeout *timeout = &attachment->timeouts[i];
		envoi_timer_start(&timeout->timer, attachment->session->queue.loop,
			timeout->row.interval_ms, on_timeout);
	}
}

void envoi__session_start_timeouts(struct envoi_session *session)
{
	struct envoi__list *link = session->attachments.next;
	for (; link != &session->attachments; link = link->next) {
		if (!from_link(link)->is_removed) {
			start_timeouts(from_link(link));
		}
	}
}

static size_t count_timeouts(const struct envoi_timeout_row *rows)
{
	size_t count = 0;
	while (rows != NULL && rows[count].interval_ms != 0) {
		count++;
	}
	return count;
}

/* --- adding and removing --- */

static bool is_attached(const struct envoi_session *session, const char *name)
{
	struct envoi__list *link = session->attachments.next;
	for (; link != &session->attachments; link = link->next) {
		const struct attachment *attachment = from_link(link);
		if (!attachment->is_removed && attachment->handler->impl->name != NULL &&
			strcmp(attachment->handler->impl->name, name) == 0) {
			return true;
		}
	}
	return false;
}

static int refuse(struct envoi_session *session, const struct envoi_handler *handler, int code,
	const char *why, const char *name)
{
	const char *own = handler->impl->name != NULL ? handler->impl->name : "";
	return envoi__session_refuse(session, code, "handler \"%.64s\": %s%.64s", own, why, name);
}

static int check(struct envoi_session *session, const struct envoi_handler *handler)
{
	char problem[128];
	if (envoi__guard_is_over(&session->guard)) {
		return ENVOI_ERR_STATE;
	}
	if (find(session, handler) != NULL) {
		return refuse(session, handler, ENVOI_ERR_EXISTS, "is attached already", "");
	}
	const char *const *needs = handler->impl->needs;
	for (; needs != NULL && *needs != NULL; needs++) {
		if (!is_attached(session, *needs)) {
			return refuse(session, handler, ENVOI_ERR_NOT_FOUND,
				"needs a handler that is not attached: ", *needs);
		}
	}
	int r = envoi__handler_check(handler, session->context, problem, sizeof(problem));
	if (r == ENVOI_ERR_NOMEM) {
		return envoi__session_refuse(session, r, NULL);
	}
	return r < 0 ? refuse(session, handler, r, problem, "") : ENVOI_OK;
}

static struct attachment *attachment_new(
	struct envoi_session *session, struct envoi_handler *handler)
{
	const struct envoi_timeout_row *rows = handler->impl->timeouts;
	size_t count = count_timeouts(rows);
	struct attachment *attachment = envoi_alloc_zeroed(
		session->context, sizeof(*attachment) + count * sizeof(attachment->timeouts[0]));
	if (attachment == NULL) {
		return NULL;
	}
	envoi__list_init(&attachment->link);
	envoi__list_init(&attachment->filter_link);
	attachment->session = session;
	attachment->handler = handler;
	attachment->timeout_count = count;
	for (size_t i = 0; i < count; i++) {
		attachment->timeouts[i].attachment = attachment;
		attachment->timeouts[i].row = rows[i];
	}
	return attachment;
}

static int priority_of(const struct attachment *attachment)
{
	return attachment->is_removed ? 0 : attachment->handler->impl->filters->priority;
}

static void add_filter(struct envoi_session *session, struct attachment *attachment)
{
	struct envoi__list *at = session->filters.next;
	while (at != &session->filters &&
		(from_filter_link(at)->is_removed ||
			priority_of(from_filter_link(at)) >= priority_of(attachment))) {
		at = at->next;
	}
	envoi__list_insert_before(at, &attachment->filter_link);
}

int envoi_session_add(struct envoi_session *session, struct envoi_handler *handler)
{
	int r = check(session, handler);
	if (r < 0) {
		return r;
	}
	struct attachment *attachment = attachment_new(session, handler);
	if (attachment == NULL) {
		return envoi__session_refuse(session, ENVOI_ERR_NOMEM, NULL);
	}
	r = envoi__map_add(&session->by_handler, (const char *)&attachment->handler,
		sizeof(attachment->handler), attachment);
	if (r == ENVOI_OK) {
		r = envoi__router_add(&session->router, &attachment->member, handler);
	}
	if (r < 0) {
		(void)envoi__map_remove(&session->by_handler, (const char *)&attachment->handler,
			sizeof(attachment->handler));
		envoi_free(session->context, attachment);
		return envoi__session_refuse(session, r, NULL);
	}
	attachment->order = ++session->attachment_order;
	envoi__list_append(&session->attachments, &attachment->link);
	if (handler->impl->filters != NULL) {
		add_filter(session, attachment);
	}
	if (session->has_started) {
		start_timeouts(attachment);
	}
	return ENVOI_OK;
}

static void detach(struct attachment *attachment)
{
	struct envoi_session *session = attachment->session;
	(void)envoi__map_remove(&session->by_handler, (const char *)&attachment->handler,
		sizeof(attachment->handler));
	for (size_t i = 0; i < attachment->timeout_count; i++) {
		envoi_timer_stop(&attachment->timeouts[i].timer);
	}
	envoi__router_remove(&session->router, attachment->member);
	attachment->member = NULL;
	attachment->is_removed = true;
	session->removed++;
}

/* A stream that is being freed has handlers, too. */
static void remove_from_stream(struct envoi_session *session, const struct envoi_handler *handler)
{
	struct envoi_stream *stream = session->stream != NULL ? session->stream : session->leaving;
	if (stream != NULL) {
		envoi_stream_remove(stream, handler);
	}
}

static size_t own_handlers(
	const struct envoi_session *session, struct envoi_handler **ret_handlers, size_t capacity)
{
	const struct envoi_handler *own[] = {&session->sm.resume, &session->sm.enable};
	size_t count = session->sm.settings.is_used ? sizeof(own) / sizeof(own[0]) : 0;
	for (size_t i = 0; i < count && i < capacity; i++) {
		ret_handlers[i] = (struct envoi_handler *)(uintptr_t)own[i];
	}
	return count;
}

size_t envoi_session_handlers(
	const struct envoi_session *session, struct envoi_handler **ret_handlers, size_t capacity)
{
	size_t count = own_handlers(session, ret_handlers, capacity);
	struct envoi__list *link = session->attachments.next;
	for (; link != &session->attachments; link = link->next) {
		const struct attachment *attachment = from_link(link);
		if (!attachment->is_removed) {
			if (count < capacity) {
				ret_handlers[count] = attachment->handler;
			}
			count++;
		}
	}
	return count;
}

void envoi_session_remove(struct envoi_session *session, struct envoi_handler *handler)
{
	struct attachment *attachment = find(session, handler);
	if (attachment == NULL) {
		return;
	}
	envoi__session_enter(session);
	detach(attachment);
	remove_from_stream(session, handler);
	envoi__session_leave(session);
}

int envoi_session_set_handler_user(
	struct envoi_session *session, const struct envoi_handler *handler, void *user)
{
	struct attachment *attachment = find(session, handler);
	if (attachment == NULL) {
		return ENVOI_ERR_NOT_FOUND;
	}
	attachment->user = user;
	return ENVOI_OK;
}

void *envoi_session_handler_user(
	const struct envoi_session *session, const struct envoi_handler *handler)
{
	const struct attachment *attachment = find(session, handler);
	return attachment == NULL ? NULL : attachment->user;
}

void envoi__session_remove_all(struct envoi_session *session)
{
	struct envoi__list *link = session->attachments.next;
	for (; link != &session->attachments; link = link->next) {
		if (!from_link(link)->is_removed) {
			detach(from_link(link));
		}
	}
}

void envoi__session_sweep(struct envoi_session *session)
{
	struct envoi__list *link = session->attachments.next;
	while (link != &session->attachments && session->removed > 0) {
		struct attachment *attachment = from_link(link);
		link = link->next;
		if (attachment->is_removed) {
			envoi__list_remove(&attachment->link);
			envoi__list_remove(&attachment->filter_link);
			envoi_free(session->context, attachment);
			session->removed--;
		}
	}
}

void envoi__session_leave(struct envoi_session *session)
{
	if (envoi__guard_leave(&session->guard)) {
		session->destroy(session);
	} else if (session->removed > 0 && envoi__guard_is_idle(&session->guard)) {
		envoi__session_sweep(session);
	}
}

/* --- events and filters: a handler added meanwhile takes part the next time --- */

static void deliver_custom_to(struct attachment *attachment, const struct envoi_event *event)
{
	const struct envoi_custom_event_row *row = attachment->handler->impl->custom_events;
	for (; row != NULL && !attachment->is_removed && row->name != NULL; row++) {
		if (strcmp(row->name, event->name) == 0) {
			row->handle(attachment->handler, event);
		}
	}
}

/* The handler of a removed attachment is not touched. */
static void deliver_to(struct attachment *attachment, const struct envoi_event *event)
{
	if (event->type == ENVOI_EVENT_CUSTOM) {
		deliver_custom_to(attachment, event);
	}
	const struct envoi_event_row *row = attachment->is_removed
		? NULL
		: attachment->handler->impl->events;
	for (; row != NULL && !attachment->is_removed && row->type != ENVOI_NO_EVENT; row++) {
		if (row->type == event->type || row->type == ENVOI_EVERY_EVENT) {
			row->handle(attachment->handler, event);
		}
	}
}

/* What a handler does may free, close or replace the stream, and the session. */
void envoi__session_restore(struct envoi_session *session)
{
	const struct envoi_stream *stream = session->stream;
	bool is_resumed = session->is_resumed;
	uint64_t last = session->attachment_order;
	struct envoi__list *link = session->attachments.next;
	while (link != &session->attachments && session->is_online && session->stream == stream) {
		const struct attachment *attachment = from_link(link);
		struct envoi_handler *handler = attachment->handler;
		if (!attachment->is_removed && attachment->order <= last &&
			handler->impl->restore != NULL) {
			handler->impl->restore(handler, session, is_resumed);
		}
		link = link->next;
	}
}

void envoi__session_deliver(struct envoi_session *session, const struct envoi_event *event)
{
	uint64_t last = session->attachment_order;
	struct envoi__list *link = session->attachments.next;
	for (; link != &session->attachments; link = link->next) {
		struct attachment *attachment = from_link(link);
		if (!attachment->is_removed && attachment->order <= last) {
			deliver_to(attachment, event);
		}
	}
}

static bool swallows(
	const struct attachment *attachment, struct envoi_stanza *stanza, bool is_outgoing)
{
	const struct envoi_filters *filters = attachment->handler->impl->filters;
	int (*filter)(struct envoi_handler *, struct envoi_session *,
		struct envoi_stanza *) = is_outgoing ? filters->stanza_out : filters->stanza_in;
	return filter != NULL &&
		filter(attachment->handler, attachment->session, stanza) == ENVOI_STOP;
}

int envoi__session_filter(
	struct envoi_session *session, struct envoi_stanza *stanza, bool is_outgoing)
{
	uint64_t last = session->attachment_order;
	struct envoi__list *link = session->filters.next;
	for (; link != &session->filters; link = link->next) {
		const struct attachment *attachment = from_filter_link(link);
		if (!attachment->is_removed && attachment->order <= last &&
			swallows(attachment, stanza, is_outgoing)) {
			return ENVOI_STOP;
		}
		if (envoi__guard_is_over(&session->guard)) {
			return ENVOI_STOP;
		}
	}
	return ENVOI_OK;
}
