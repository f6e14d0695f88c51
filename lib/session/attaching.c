/*
 * envoi - handlers of a session: attaching and removing
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>

#include "router/handler_check.h"
#include "session/handlers.h"

static struct envoi__attachment *find(
	const struct envoi_session *session, const struct envoi_handler *handler)
{
	return envoi__map_get(&session->by_handler, (const char *)&handler, sizeof(handler));
}

static int check(struct envoi_session *session, const struct envoi_handler *handler)
{
	char problem[128];
	if (envoi__guard_is_over(&session->guard)) {
		return ENVOI_ERR_STATE;
	}
	if (find(session, handler) != NULL) {
		return envoi__handler_refuse(
			session, handler, ENVOI_ERR_EXISTS, "is attached already", "");
	}
	int r = envoi__handler_check(handler, session->context, problem, sizeof(problem));
	if (r == ENVOI_ERR_NOMEM) {
		return envoi__session_refuse(session, r, NULL);
	}
	return r < 0 ? envoi__handler_refuse(session, handler, r, problem, "")
		     : envoi__needs_check_circle(session, handler);
}

static size_t count_timeouts(const struct envoi_timeout_row *rows)
{
	size_t count = 0;
	while (rows != NULL && rows[count].interval_ms != 0) {
		count++;
	}
	return count;
}

static struct envoi__attachment *attachment_new(
	struct envoi_session *session, struct envoi_handler *handler)
{
	const struct envoi_timeout_row *rows = handler->impl->timeouts;
	size_t count = count_timeouts(rows);
	size_t spendable = envoi__handler_spendable_rows(handler);
	struct envoi__attachment *attachment = envoi_alloc_zeroed(session->context,
		sizeof(*attachment) + count * sizeof(attachment->timeouts[0]) +
			spendable * sizeof(attachment->spent[0]));
	if (attachment == NULL) {
		return NULL;
	}
	attachment->spent = spendable == 0 ? NULL : (bool *)&attachment->timeouts[count];
	envoi__list_init(&attachment->link);
	envoi__list_init(&attachment->listener_link);
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

static void forget(struct envoi__attachment *attachment)
{
	(void)envoi__map_remove(&attachment->session->by_handler,
		(const char *)&attachment->handler, sizeof(attachment->handler));
}

/* Nothing of a handler that waits is on the stack. */
static void free_waiting(struct envoi__attachment *attachment)
{
	envoi__list_remove(&attachment->link);
	envoi_free(attachment->session->context, attachment);
}

/* --- from waiting to active, and back --- */

static int activate(struct envoi__attachment *attachment)
{
	struct envoi_session *session = attachment->session;
	int r = envoi__router_add(&session->router, &attachment->member, attachment->handler);
	if (r < 0) {
		return r;
	}
	attachment->order = ++session->attachment_order;
	envoi__list_remove(&attachment->link);
	envoi__list_append(&session->attachments, &attachment->link);
	envoi__attachment_link(attachment);
	if (session->has_started) {
		envoi__attachment_start_timeouts(attachment);
	}
	return ENVOI_OK;
}

/* The last one is active, and nothing of it was called yet. */
static void deactivate_last(struct envoi_session *session)
{
	struct envoi__attachment *attachment = envoi__attachment_of(session->attachments.previous);
	envoi__attachment_stop_timeouts(attachment);
	envoi__router_remove(&session->router, attachment->member);
	attachment->member = NULL;
	envoi__list_remove(&attachment->filter_link);
	envoi__list_remove(&attachment->listener_link);
	envoi__list_remove(&attachment->link);
	envoi__list_append(&session->waiting, &attachment->link);
	session->attachment_order--;
}

static struct envoi__attachment *next_to_activate(const struct envoi_session *session)
{
	struct envoi__list *link = session->waiting.next;
	while (link != &session->waiting &&
		!envoi__needs_are_met(session, envoi__attachment_of(link)->handler)) {
		link = link->next;
	}
	return link == &session->waiting ? NULL : envoi__attachment_of(link);
}

/* Those whose needs are met, or none of them. */
static int activate_all(struct envoi_session *session)
{
	uint64_t before = session->attachment_order;
	int r = ENVOI_OK;
	for (struct envoi__attachment *next;
		r == ENVOI_OK && (next = next_to_activate(session)) != NULL;) {
		r = activate(next);
	}
	while (r < 0 && session->attachment_order > before) {
		deactivate_last(session);
	}
	return r;
}

/* --- features --- */

/* The functions cannot change the list. */
void envoi_session_note_features(struct envoi_session *session)
{
	struct envoi__list *link = session->attachments.next;
	for (; link != &session->attachments && !envoi__guard_is_over(&session->guard);
		link = link->next) {
		const struct envoi__attachment *attachment = envoi__attachment_of(link);
		if (!attachment->is_removed &&
			attachment->handler->impl->features_changed != NULL) {
			attachment->handler->impl->features_changed(attachment->handler);
		}
	}
}

/* Of the handlers that became active behind the one with the order @p before */
static bool have_features(const struct envoi_session *session, uint64_t before)
{
	const struct envoi__list *link = session->attachments.previous;
	bool is_any = false;
	for (; link != &session->attachments && !is_any; link = link->previous) {
		const struct envoi__attachment *attachment = envoi__attachment_of(
			(struct envoi__list *)(uintptr_t)link);
		if (attachment->order <= before) {
			break;
		}
		is_any = attachment->handler->impl->uris != NULL;
	}
	return is_any;
}

/* --- adding --- */

int envoi_session_add(struct envoi_session *session, struct envoi_handler *handler)
{
	uint64_t before = session->attachment_order;
	int r = check(session, handler);
	if (r < 0) {
		return r;
	}
	struct envoi__attachment *attachment = attachment_new(session, handler);
	if (attachment == NULL) {
		return envoi__session_refuse(session, ENVOI_ERR_NOMEM, NULL);
	}
	envoi__list_append(&session->waiting, &attachment->link);
	r = envoi__map_add(&session->by_handler, (const char *)&attachment->handler,
		sizeof(attachment->handler), attachment);
	if (r == ENVOI_OK) {
		r = activate_all(session);
	}
	if (r < 0) {
		forget(attachment);
		free_waiting(attachment);
		return envoi__session_refuse(session, r, NULL);
	}
	if (have_features(session, before)) {
		envoi_session_note_features(session);
	}
	return ENVOI_OK;
}

/* --- removing --- */

static void detach(struct envoi__attachment *attachment)
{
	struct envoi_session *session = attachment->session;
	forget(attachment);
	envoi__attachment_stop_timeouts(attachment);
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

void envoi_session_remove(struct envoi_session *session, struct envoi_handler *handler)
{
	struct envoi__attachment *attachment = find(session, handler);
	if (attachment == NULL) {
		return;
	}
	if (attachment->member == NULL) {
		forget(attachment);
		free_waiting(attachment);
		return;
	}
	envoi__session_enter(session);
	bool has_features = handler->impl->uris != NULL;
	detach(attachment);
	remove_from_stream(session, handler);
	if (has_features) {
		envoi_session_note_features(session);
	}
	envoi__session_leave(session);
}

void envoi__session_remove_all(struct envoi_session *session)
{
	struct envoi__list *link = session->attachments.next;
	for (; link != &session->attachments; link = link->next) {
		if (!envoi__attachment_of(link)->is_removed) {
			detach(envoi__attachment_of(link));
		}
	}
	while (!envoi__list_is_empty(&session->waiting)) {
		struct envoi__attachment *waiting = envoi__attachment_of(session->waiting.next);
		forget(waiting);
		free_waiting(waiting);
	}
}

/* --- asking --- */

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
		const struct envoi__attachment *attachment = envoi__attachment_of(link);
		if (!attachment->is_removed) {
			if (count < capacity) {
				ret_handlers[count] = attachment->handler;
			}
			count++;
		}
	}
	return count;
}

int envoi_session_set_handler_user(
	struct envoi_session *session, const struct envoi_handler *handler, void *user)
{
	struct envoi__attachment *attachment = find(session, handler);
	if (attachment == NULL) {
		return ENVOI_ERR_NOT_FOUND;
	}
	attachment->user = user;
	return ENVOI_OK;
}

void *envoi_session_handler_user(
	const struct envoi_session *session, const struct envoi_handler *handler)
{
	const struct envoi__attachment *attachment = find(session, handler);
	return attachment == NULL ? NULL : attachment->user;
}
