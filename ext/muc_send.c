/*
 * envoi - Multi-User Chat: what an occupant sends
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/ext/stanza_ids.h>

#include "muc_parts.h"

/* --- messages: sections 7.4, 7.5 and 8.1 --- */

static int send_to_room(
	struct envoi_muc_room *room, struct envoi_stanza *message, struct envoi_ticket *ticket)
{
	return envoi_send(room->muc->session, message, ticket);
}

static void note_sent(struct envoi_muc_room *room, const char *id)
{
	size_t size = strlen(id) + 1;
	if (size <= sizeof(room->sent[0])) {
		memcpy(room->sent[room->next_sent], id, size);
		room->next_sent = (room->next_sent + 1) % ENVOI__MUC_SENT;
	}
}

int envoi_muc_send(
	struct envoi_muc_room *room, struct envoi_stanza *message, struct envoi_ticket *ticket)
{
	if (!envoi__muc_is_inside(room)) {
		envoi_stanza_unref(message);
		return ENVOI_ERR_STATE;
	}
	envoi_stanza_set_type(message, ENVOI_TYPE_GROUPCHAT);
	envoi_stanza_set_to(message, envoi_jid_text(room->address));
	int r = envoi_stanza_ids_add_origin(room->context, message);
	if (r < 0) {
		envoi_stanza_unref(message);
		return r;
	}
	note_sent(room, envoi_stanza_id(message));
	return send_to_room(room, message, ticket);
}

int envoi_muc_say(struct envoi_muc_room *room, const char *body, struct envoi_ticket *ticket)
{
	if (body == NULL) {
		return ENVOI_ERR_INVALID;
	}
	return envoi_muc_send(
		room, envoi_message_new(room->context, ENVOI_TYPE_GROUPCHAT, NULL, body), ticket);
}

/* It has no thread and no body; an origin-id does not harm. */
int envoi_muc_set_subject(
	struct envoi_muc_room *room, const char *subject, struct envoi_ticket *ticket)
{
	if (subject == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_stanza *message = envoi_message_new(
		room->context, ENVOI_TYPE_GROUPCHAT, NULL, NULL);
	envoi_message_set_subject(message, NULL, subject);
	return envoi_muc_send(room, message, ticket);
}

/* The empty element makes copies by carbons recognisable. */
int envoi_muc_send_private(struct envoi_muc_room *room, const char *nick, const char *body,
	struct envoi_ticket *ticket)
{
	struct envoi_jid *to;
	if (nick == NULL || nick[0] == '\0' || body == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (!envoi__muc_is_inside(room)) {
		return ENVOI_ERR_STATE;
	}
	int r = envoi_jid_with_resource(&to, room->address, nick);
	if (r < 0) {
		return r;
	}
	struct envoi_stanza *message = envoi_message_new(
		room->context, ENVOI_TYPE_CHAT, envoi_jid_text(to), body);
	envoi_jid_unref(to);
	envoi_element_add(envoi_stanza_element(message), ENVOI_NS_MUC_USER, "x");
	return send_to_room(room, message, ticket);
}

/* Section 7.13 */
int envoi_muc_request_voice(struct envoi_muc_room *room)
{
	static const char *const fields[][2] = {
		{"FORM_TYPE", "http://jabber.org/protocol/muc#request"},
		{"muc#role", "participant"},
	};
	if (!envoi__muc_is_inside(room)) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_stanza *message = envoi_message_new(
		room->context, ENVOI_TYPE_NORMAL, envoi_jid_text(room->address), NULL);
	struct envoi_element *form = envoi_element_add(
		envoi_stanza_element(message), ENVOI_NS_FORMS, "x");
	envoi_element_set(form, "type", "submit");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct envoi_element *field = envoi_element_add(form, ENVOI_NS_FORMS, "field");
		envoi_element_set(field, "var", fields[i][0]);
		envoi_element_add_with_text(field, ENVOI_NS_FORMS, "value", fields[i][1]);
	}
	return send_to_room(room, message, NULL);
}

/* --- presence: sections 7.6, 7.7 and 7.14 --- */

int envoi_muc_set_nick(struct envoi_muc_room *room, const char *nick)
{
	struct envoi_jid *to;
	if (nick == NULL || nick[0] == '\0') {
		return ENVOI_ERR_INVALID;
	}
	if (!envoi__muc_is_inside(room)) {
		return ENVOI_ERR_STATE;
	}
	int r = envoi_jid_with_resource(&to, room->address, nick);
	envoi_jid_unref(r == ENVOI_OK ? to : NULL);
	if (r == ENVOI_OK) {
		r = envoi_id_make(room->context, room->nick_id);
	}
	if (r < 0) {
		return r;
	}
	struct envoi_stanza *presence = envoi__muc_presence_to(room, ENVOI_TYPE_AVAILABLE, nick);
	envoi_stanza_set_id(presence, room->nick_id);
	r = envoi_send(room->muc->session, presence, NULL);
	if (r < 0) {
		room->nick_id[0] = '\0';
	}
	return r;
}

int envoi_muc_set_show(struct envoi_muc_room *room, const char *show, const char *status)
{
	if (!envoi__muc_is_inside(room) || room->self == NULL) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_stanza *presence = envoi__muc_presence_to(
		room, ENVOI_TYPE_AVAILABLE, room->self->nick);
	envoi_presence_set_show(presence, show);
	envoi_presence_set_status(presence, NULL, status);
	return envoi_send(room->muc->session, presence, NULL);
}

/* --- invitations: section 7.8.2, XEP-0249 --- */

static int send_invitation(
	struct envoi_session *session, const char *room, const struct envoi_muc_info *info)
{
	struct envoi_stanza *message = envoi_message_new(
		envoi_session_context(session), ENVOI_TYPE_NORMAL, room, NULL);
	envoi_stanza_encode(message, &envoi_muc_info_type, info);
	return envoi_send(session, message, NULL);
}

int envoi_muc_invite(struct envoi_muc_room *room, const char *jid, const char *reason)
{
	if (!envoi__muc_is_inside(room)) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_muc_invite_or_decline invite = {.reason = (char *)(uintptr_t)reason};
	int r = envoi_jid_from_text(&invite.to, room->context, jid);
	if (r < 0) {
		return r;
	}
	const struct envoi_muc_info info = {.invites = &invite, .invite_count = 1};
	r = send_invitation(room->muc->session, envoi_jid_text(room->address), &info);
	envoi_jid_unref(invite.to);
	return r;
}

int envoi_muc_invite_directly(struct envoi_muc_room *room, const char *jid, const char *reason)
{
	if (!envoi__muc_is_inside(room)) {
		return ENVOI_ERR_STATE;
	}
	if (jid == NULL) {
		return ENVOI_ERR_INVALID;
	}
	const struct envoi_muc_conference conference = {
		.jid = room->address,
		.password = room->password,
		.reason = (char *)(uintptr_t)reason,
	};
	struct envoi_stanza *message = envoi_message_new(
		room->context, ENVOI_TYPE_NORMAL, jid, NULL);
	envoi_stanza_encode(message, &envoi_muc_conference_type, &conference);
	return send_to_room(room, message, NULL);
}

int envoi_muc_decline(
	struct envoi_session *session, const char *room, const char *to, const char *reason)
{
	struct envoi_muc_invite_or_decline decline = {.reason = (char *)(uintptr_t)reason};
	if (room == NULL) {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi_jid_from_text(&decline.to, envoi_session_context(session), to);
	if (r < 0) {
		return r;
	}
	const struct envoi_muc_info info = {.decline = &decline};
	r = send_invitation(session, room, &info);
	envoi_jid_unref(decline.to);
	return r;
}
