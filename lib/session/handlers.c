/*
 * envoi - handlers of a session: calling their timeouts, events, filters
 * SPDX-License-Identifier: MIT
 */
#include "session/handlers.h"

#include <string.h>

#include <envoi/context.h>

/* --- the end of the last call --- */

void envoi__session_sweep(struct envoi_session *session)
{
	struct envoi__list *link = session->attachments.next;
	while (link != &session->attachments && session->removed > 0) {
		struct envoi__attachment *attachment = envoi__attachment_of(link);
		link = link->next;
		if (attachment->is_removed) {
			envoi__list_remove(&attachment->link);
			envoi__list_remove(&attachment->filter_link);
			envoi__list_remove(&attachment->listener_link);
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

/* --- timeouts --- */

static void on_timeout(struct envoi_timer *timer)
{
	struct envoi__timeout *timeout = ENVOI_CONTAINER_OF(timer, struct envoi__timeout, timer);
	struct envoi_session *session = timeout->attachment->session;
	if (timeout->row.recurring) {
		envoi_timer_start(timer, session->queue.loop, timeout->row.interval_ms, on_timeout);
	}
	envoi__session_enter(session);
	timeout->row.handle(timeout->attachment->handler, session);
	envoi__session_leave(session);
}

void envoi__attachment_start_timeouts(struct envoi__attachment *attachment)
{
	for (size_t i = 0; i < attachment->timeout_count; i++) {
		struct envoi__timeout *timeout = &attachment->timeouts[i];
		envoi_timer_start(&timeout->timer, attachment->session->queue.loop,
			timeout->row.interval_ms, on_timeout);
	}
}

void envoi__attachment_stop_timeouts(struct envoi__attachment *attachment)
{
	for (size_t i = 0; i < attachment->timeout_count; i++) {
		envoi_timer_stop(&attachment->timeouts[i].timer);
	}
}

void envoi__session_start_timeouts(struct envoi_session *session)
{
	struct envoi__list *link = session->attachments.next;
	for (; link != &session->attachments; link = link->next) {
		if (!envoi__attachment_of(link)->is_removed) {
			envoi__attachment_start_timeouts(envoi__attachment_of(link));
		}
	}
}

/* --- events: a handler added meanwhile takes part the next time, as in filters --- */

static size_t count_events(const struct envoi_event_row *rows)
{
	size_t count = 0;
	while (rows != NULL && rows[count].type != ENVOI_NO_EVENT) {
		count++;
	}
	return count;
}

size_t envoi__handler_spendable_rows(const struct envoi_handler *handler)
{
	const struct envoi_event_row *events = handler->impl->events;
	const struct envoi_custom_event_row *custom = handler->impl->custom_events;
	size_t count = count_events(events);
	bool is_any_once = false;
	for (size_t i = 0; i < count; i++) {
		is_any_once = is_any_once || events[i].once;
	}
	for (; custom != NULL && custom->name != NULL; custom++, count++) {
		is_any_once = is_any_once || custom->once;
	}
	return is_any_once ? count : 0;
}

/* A row that is called once is spent before its call, in which events may be emitted. */
static bool spend(struct envoi__attachment *attachment, size_t i)
{
	bool is_first = !attachment->spent[i];
	attachment->spent[i] = true;
	return is_first;
}

static void deliver_custom_to(struct envoi__attachment *attachment, const struct envoi_event *event)
{
	const struct envoi_handler_impl *impl = attachment->handler->impl;
	const struct envoi_custom_event_row *row = impl->custom_events;
	size_t i = row == NULL ? 0 : count_events(impl->events);
	for (; row != NULL && !attachment->is_removed && row->name != NULL; row++, i++) {
		if (strcmp(row->name, event->name) == 0 && (!row->once || spend(attachment, i))) {
			row->handle(attachment->handler, event);
		}
	}
}

static bool takes(const struct envoi_event_row *row, enum envoi_event_type type)
{
	return row->type == type || row->type == ENVOI_EVERY_EVENT;
}

/* The handler of a removed attachment is not touched. */
static void deliver_to(struct envoi__attachment *attachment, const struct envoi_event *event)
{
	if (event->type == ENVOI_EVENT_CUSTOM) {
		deliver_custom_to(attachment, event);
	}
	const struct envoi_event_row *rows = attachment->is_removed
		? NULL
		: attachment->handler->impl->events;
	for (size_t i = 0;
		rows != NULL && !attachment->is_removed && rows[i].type != ENVOI_NO_EVENT; i++) {
		if (takes(&rows[i], event->type) && (!rows[i].once || spend(attachment, i))) {
			rows[i].handle(attachment->handler, event);
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
	session->is_restoring = true;
	while (link != &session->attachments && session->is_online && session->stream == stream) {
		const struct envoi__attachment *attachment = envoi__attachment_of(link);
		struct envoi_handler *handler = attachment->handler;
		if (!attachment->is_removed && attachment->order <= last &&
			handler->impl->restore != NULL) {
			handler->impl->restore(handler, session, is_resumed);
		}
		link = link->next;
	}
	session->is_restoring = false;
}

void envoi__session_deliver(struct envoi_session *session, const struct envoi_event *event)
{
	uint64_t last = session->attachment_order;
	struct envoi__list *link = session->listeners.next;
	for (; link != &session->listeners; link = link->next) {
		struct envoi__attachment *attachment = ENVOI_CONTAINER_OF(
			link, struct envoi__attachment, listener_link);
		if (!attachment->is_removed && attachment->order <= last) {
			deliver_to(attachment, event);
		}
	}
}

/* --- filters --- */

static struct envoi__attachment *from_filter_link(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi__attachment, filter_link);
}

static int priority_of(const struct envoi__attachment *attachment)
{
	return attachment->is_removed ? 0 : attachment->handler->impl->filters->priority;
}

static bool precedes(
	const struct envoi__attachment *attachment, const struct envoi__attachment *other)
{
	return !other->is_removed && priority_of(attachment) > priority_of(other);
}

/* Most often it is the first one, or near the end. */
static void add_filter(struct envoi__list *filters, struct envoi__attachment *attachment)
{
	struct envoi__list *behind = filters->previous;
	if (behind != filters && precedes(attachment, from_filter_link(filters->next))) {
		behind = filters;
	}
	while (behind != filters &&
		(from_filter_link(behind)->is_removed ||
			precedes(attachment, from_filter_link(behind)))) {
		behind = behind->previous;
	}
	envoi__list_insert_before(behind->next, &attachment->filter_link);
}

void envoi__attachment_link(struct envoi__attachment *attachment)
{
	const struct envoi_handler_impl *impl = attachment->handler->impl;
	struct envoi_session *session = attachment->session;
	if (impl->events != NULL || impl->custom_events != NULL) {
		envoi__list_append(&session->listeners, &attachment->listener_link);
	}
	if (impl->filters != NULL) {
		add_filter(&session->filters, attachment);
	}
}

static bool swallows(
	const struct envoi__attachment *attachment, struct envoi_stanza *stanza, bool is_outgoing)
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
		const struct envoi__attachment *attachment = from_filter_link(link);
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
