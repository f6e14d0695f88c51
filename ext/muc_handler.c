/*
 * envoi - Multi-User Chat: the extension; XEP-0249: Direct MUC Invitations, version 1.2
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/delivery.h>

#include "muc_parts.h"

enum {
	LEAVE_MS = 10000,
	ROW_PRIORITY = 100,
};

static const struct envoi_handler_impl muc_impl;

static struct envoi__muc *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct envoi__muc, handler);
}

static struct envoi__muc *find(const struct envoi_session *session)
{
	struct envoi_handler *handler = envoi_session_find(session, muc_impl.name);
	return handler != NULL && handler->impl == &muc_impl ? from_handler(handler) : NULL;
}

static struct envoi_muc_room *find_room(const struct envoi__muc *muc, const struct envoi_jid *jid)
{
	struct envoi_muc_room *room = muc->rooms;
	while (room != NULL &&
		(room->state == ENVOI_MUC_ENDED || !envoi_jid_equal_bare(room->address, jid))) {
		room = room->next;
	}
	return jid == NULL ? NULL : room;
}

static void unlink_room(struct envoi_muc_room *room)
{
	struct envoi_muc_room **link = &room->muc->rooms;
	while (*link != room) {
		link = &(*link)->next;
	}
	*link = room->next;
	room->muc = NULL;
}

/* --- invitations: section 7.8, XEP-0249 --- */

static int report_invitation(struct envoi__muc *muc, const struct envoi_muc_invitation *invitation)
{
	if (find_room(muc, invitation->room) == NULL) {
		(void)envoi_session_emit(muc->session, ENVOI_MUC_INVITED, invitation);
	}
	return ENVOI_STOP;
}

/* Of the room's bare address only. Older rooms add a direct invitation, which is not another one.
 */
static int take_mediated(struct envoi__muc *muc, const struct envoi_stanza *message)
{
	const struct envoi_muc_info *info = envoi__muc_info_of(message);
	const struct envoi_jid *from = envoi_stanza_from(message);
	if (info == NULL || info->invite_count == 0) {
		return ENVOI_DECLINED;
	}
	if (from == NULL || !envoi_jid_is_bare(from)) {
		return ENVOI_STOP;
	}
	const struct envoi_muc_invitation invitation = {
		.room = from,
		.from = info->invites[0].from,
		.reason = info->invites[0].reason,
		.password = info->password,
		.thread = info->invites[0].thread,
	};
	return report_invitation(muc, &invitation);
}

static int take_direct(struct envoi__muc *muc, const struct envoi_stanza *message)
{
	const void *value;
	if (envoi_stanza_decode(message, &envoi_muc_conference_type, &value) != ENVOI_OK) {
		return ENVOI_DECLINED;
	}
	const struct envoi_muc_conference *conference = value;
	const struct envoi_muc_invitation invitation = {
		.room = conference->jid,
		.from = envoi_stanza_from(message),
		.is_direct = true,
		.reason = conference->reason,
		.password = conference->password,
		.thread = conference->thread,
	};
	return envoi_jid_is_bare(conference->jid) ? report_invitation(muc, &invitation)
						  : ENVOI_STOP;
}

/* --- stanzas --- */

static void note_heard(struct envoi_muc_room *room)
{
	room->heard_ms = envoi_loop_now_ms(envoi_context_loop(room->context));
}

static int on_presence(struct envoi_handler *handler, struct envoi_delivery *in)
{
	struct envoi_stanza *presence = envoi_delivery_stanza(in);
	struct envoi_muc_room *room = find_room(from_handler(handler), envoi_stanza_from(presence));
	if (room == NULL) {
		return ENVOI_DECLINED;
	}
	envoi__muc_ref(room);
	note_heard(room);
	envoi__muc_take_presence(room, presence);
	envoi__muc_unref(room);
	return ENVOI_STOP;
}

/* An error counts, and is offered to others: it may belong to what they have sent. */
static int on_message(struct envoi_handler *handler, struct envoi_delivery *in)
{
	struct envoi__muc *muc = from_handler(handler);
	struct envoi_stanza *message = envoi_delivery_stanza(in);
	struct envoi_muc_room *room = find_room(muc, envoi_stanza_from(message));
	bool is_error = envoi_stanza_type(message) == ENVOI_TYPE_ERROR;
	if (room != NULL) {
		envoi__muc_ref(room);
		note_heard(room);
		envoi__muc_take_message(room, message);
		envoi__muc_unref(room);
		return is_error ? ENVOI_OK : ENVOI_STOP;
	}
	if (is_error || envoi_stanza_type(message) == ENVOI_TYPE_GROUPCHAT) {
		return ENVOI_DECLINED;
	}
	int r = take_mediated(muc, message);
	return r == ENVOI_DECLINED ? take_direct(muc, message) : r;
}

/* --- the session --- */

static void release(struct envoi__muc *muc)
{
	struct envoi_context *context = muc->context;
	if (--muc->refs == 0) {
		envoi_free(context, muc);
		envoi_context_unref(context);
	}
}

static struct envoi_muc_room *next_of_pass(const struct envoi__muc *muc, uint64_t pass)
{
	struct envoi_muc_room *room = muc->rooms;
	while (room != NULL && room->pass >= pass) {
		room = room->next;
	}
	return room;
}

/* Visit each room once. The functions of a room may add and free any room, and the handler. */
static void visit_rooms(struct envoi__muc *muc, void (*visit)(struct envoi_muc_room *room))
{
	uint64_t pass = ++muc->pass;
	struct envoi_muc_room *room;
	muc->refs++;
	while (!muc->is_destroyed && (room = next_of_pass(muc, pass)) != NULL) {
		room->pass = pass;
		envoi__muc_ref(room);
		visit(room);
		envoi__muc_unref(room);
	}
	release(muc);
}

static void begin_waiting(struct envoi_muc_room *room)
{
	if (room->state == ENVOI_MUC_WAITING) {
		envoi__muc_begin(room);
	}
}

static void restore(struct envoi_handler *handler, struct envoi_session *session, bool is_resumed)
{
	(void)session;
	if (!is_resumed) {
		visit_rooms(from_handler(handler), begin_waiting);
	}
}

static void end_with_session(struct envoi_muc_room *room)
{
	const struct envoi_muc_end end = {.cause = ENVOI_MUC_SESSION_ENDED,
		.text = "the session has ended",
		.will_rejoin = true};
	if (room->state == ENVOI_MUC_WAITING || room->state == ENVOI_MUC_ENDED) {
		envoi_timer_stop(&room->timer);
	} else {
		envoi__muc_end(room, &end);
	}
}

static void on_ended(struct envoi_handler *handler, const struct envoi_event *event)
{
	(void)event;
	visit_rooms(from_handler(handler), end_with_session);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_PRESENCE, .handle = on_presence, .priority = ROW_PRIORITY},
	{.kind = ENVOI_PRESENCE,
		.type = ENVOI_TYPE_ERROR,
		.handle = on_presence,
		.priority = ROW_PRIORITY},
	{.kind = ENVOI_MESSAGE, .handle = on_message, .priority = ROW_PRIORITY},
	{.kind = ENVOI_MESSAGE,
		.type = ENVOI_TYPE_ERROR,
		.handle = on_message,
		.priority = ROW_PRIORITY},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row event_rows[] = {
	{ENVOI_EVENT_ENDED, on_ended, false},
	ENVOI_ROWS_END,
};
/* Sections 6.7 and XEP-0249, section 3 */
static const char *const uris[] = {ENVOI_NS_MUC, ENVOI_NS_MUC_CONFERENCE, NULL};

static void detach(struct envoi_muc_room *room)
{
	const struct envoi_muc_end end = {
		.cause = ENVOI_MUC_SESSION_ENDED, .text = "the session was freed"};
	envoi__muc_ref(room);
	bool has_ended = room->state == ENVOI_MUC_ENDED;
	unlink_room(room);
	if (!has_ended) {
		envoi__muc_end(room, &end);
	}
	envoi__muc_unref(room);
}

static void destroy(struct envoi_handler *handler)
{
	struct envoi__muc *self = from_handler(handler);
	self->is_destroyed = true;
	while (self->rooms != NULL) {
		detach(self->rooms);
	}
	release(self);
}

static const struct envoi_handler_impl muc_impl = {
	.name = "muc",
	.stanzas = stanzas,
	.events = event_rows,
	.uris = uris,
	.restore = restore,
	.destroy = destroy,
};

static int make(struct envoi_handler **ret_handler, struct envoi_session *session)
{
	struct envoi_context *context = envoi_session_context(session);
	struct envoi__muc *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->handler.impl = &muc_impl;
	self->refs = 1;
	self->context = envoi_context_ref(context);
	self->session = session;
	*ret_handler = &self->handler;
	return ENVOI_OK;
}

const struct envoi_extension envoi_muc_extension = {.name = "muc", .make = make};

/* --- entering and leaving --- */

int envoi_muc_join(struct envoi_muc_room **ret_room, struct envoi_session *session,
	const char *address, const struct envoi_muc_options *options,
	const struct envoi_muc_events *events, void *user)
{
	struct envoi__muc *muc = find(session);
	if (events == NULL || address == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (muc == NULL) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_muc_room *room = envoi_alloc_zeroed(muc->context, sizeof(*room));
	if (room == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	room->context = envoi_context_ref(muc->context);
	room->refs = 1;
	room->events = events;
	room->user = user;
	room->tick = envoi__muc_on_tick;
	room->state = ENVOI_MUC_WAITING;
	int r = envoi__muc_prepare(room, address, options);
	if (r == ENVOI_OK && find_room(muc, room->address) != NULL) {
		r = ENVOI_ERR_EXISTS;
	}
	if (r < 0) {
		envoi__muc_unref(room);
		return r;
	}
	room->muc = muc;
	room->pass = muc->pass;
	room->next = muc->rooms;
	muc->rooms = room;
	*ret_room = room;
	if (envoi_session_is_online(session)) {
		envoi__muc_start_timer(room, 0); /* the functions are called from the loop */
	}
	return ENVOI_OK;
}

static int send_leave(struct envoi_muc_room *room, const char *status)
{
	const char *nick = room->self == NULL ? room->nick : room->self->nick;
	struct envoi_stanza *presence = envoi__muc_presence_to(room, ENVOI_TYPE_UNAVAILABLE, nick);
	envoi_presence_set_status(presence, NULL, status);
	return envoi_send(room->muc->session, presence, NULL);
}

static bool is_known_to_room(const struct envoi_muc_room *room)
{
	return room->muc != NULL &&
		(room->state == ENVOI_MUC_JOINED ||
			(room->state == ENVOI_MUC_JOINING && room->join_id[0] != '\0'));
}

int envoi_muc_leave(struct envoi_muc_room *room, const char *status)
{
	if (room->muc == NULL || room->state == ENVOI_MUC_ENDED ||
		room->state == ENVOI_MUC_LEAVING) {
		return ENVOI_ERR_STATE;
	}
	int r = is_known_to_room(room) ? send_leave(room, status) : ENVOI_DECLINED;
	if (r < 0) {
		return r;
	}
	room->state = ENVOI_MUC_LEAVING;
	envoi_request_cancel(room->request);
	envoi__muc_start_timer(room, r == ENVOI_OK ? LEAVE_MS : 0);
	return ENVOI_OK;
}

void envoi_muc_free(struct envoi_muc_room *room)
{
	if (room == NULL || room->is_freed) {
		return;
	}
	if (is_known_to_room(room)) {
		(void)send_leave(room, NULL);
	}
	if (room->muc != NULL) {
		unlink_room(room);
	}
	room->is_freed = true;
	room->state = ENVOI_MUC_ENDED;
	envoi_timer_stop(&room->timer);
	envoi_request_cancel(room->request);
	envoi__muc_unref(room);
}
