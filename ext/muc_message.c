/*
 * envoi - Multi-User Chat: messages of a room
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/ext/delayed_delivery.h>
#include <envoi/ext/retraction.h>
#include <envoi/ext/stanza_ids.h>

#include "muc_parts.h"

#define NS_FASTEN "urn:xmpp:fasten:0"
#define NS_OLD_MODERATION "urn:xmpp:message-moderate:0"

/* --- what the room itself says --- */

static void report_codes(struct envoi_muc_room *room, const struct envoi_muc_info *info,
	const struct envoi_stanza *message)
{
	static const int codes[] = {100, 102, 103, 104, 170, 171, 172, 173};
	bool is_change = false;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		is_change = is_change || envoi__muc_has_code(info, codes[i]);
	}
	if (is_change) {
		const struct envoi_muc_change change = {.kind = ENVOI_MUC_CONFIGURATION_CHANGED,
			.codes = info->codes,
			.code_count = info->code_count,
			.stanza = message};
		(void)envoi__muc_ask_features(room);
		envoi__muc_report(room, &change);
	}
}

/* Section 9: of users who are not in the room. */
static void report_affiliations(struct envoi_muc_room *room, const struct envoi_muc_info *info,
	const struct envoi_stanza *message)
{
	for (size_t i = 0; i < info->item_count && envoi__muc_is_inside(room); i++) {
		const struct envoi_muc_item *item = &info->items[i];
		const struct envoi_muc_change change = {.kind = ENVOI_MUC_AFFILIATION_CHANGED,
			.jid = item->jid,
			.affiliation = item->affiliation,
			.reason = item->reason,
			.codes = info->codes,
			.code_count = info->code_count,
			.stanza = message};
		if (item->jid != NULL) {
			envoi__muc_report(room, &change);
		}
	}
}

static void take_info(struct envoi_muc_room *room, const struct envoi_stanza *message)
{
	const struct envoi_muc_info *info = envoi__muc_info_of(message);
	if (info == NULL) {
		return;
	}
	if (info->decline != NULL) {
		const struct envoi_muc_change change = {.kind = ENVOI_MUC_INVITATION_DECLINED,
			.jid = info->decline->from,
			.reason = info->decline->reason,
			.stanza = message};
		envoi__muc_report(room, &change);
	}
	if (envoi__muc_is_inside(room)) {
		report_affiliations(room, info, message);
	}
	if (envoi__muc_is_inside(room)) {
		report_codes(room, info, message);
	}
}

/* XEP-0425, version 0.2: servers of that time know no other. */
static void set_old_moderation(
	struct envoi_muc_message *reported, const struct envoi_stanza *message)
{
	const struct envoi_element *apply = envoi_element_child(
		envoi_stanza_element(message), NS_FASTEN, "apply-to");
	const struct envoi_element *moderated = envoi_element_child(
		apply, NS_OLD_MODERATION, "moderated");
	if (moderated != NULL &&
		envoi_element_child(moderated, "urn:xmpp:message-retract:0", "retract") != NULL) {
		reported->moderated_id = envoi_element_attr(apply, "id");
		reported->reason = envoi_element_text(
			envoi_element_child(moderated, NS_OLD_MODERATION, "reason"));
	}
}

static void set_moderation(struct envoi_muc_message *reported, const struct envoi_stanza *message)
{
	const struct envoi_retraction *retraction = envoi_retraction_of(message);
	if (retraction == NULL || !retraction->is_moderated) {
		set_old_moderation(reported, message);
		return;
	}
	const struct envoi_element *retract = envoi_element_child(
		envoi_stanza_element(message), ENVOI_NS_RETRACTION, "retract");
	reported->moderated_id = retraction->id;
	reported->reason = envoi_element_text(
		envoi_element_child(retract, ENVOI_NS_RETRACTION, "reason"));
}

/* --- subjects: sections 7.2.15 and 8.1 --- */

static bool is_subject(const struct envoi_stanza *message)
{
	return envoi_message_subject(message, NULL) != NULL &&
		envoi_message_body(message, NULL) == NULL && envoi_message_thread(message) == NULL;
}

static void take_subject(
	struct envoi_muc_room *room, const struct envoi_stanza *message, const char *nick)
{
	const struct envoi_muc_subject subject = {
		.text = envoi_message_subject(message, NULL),
		.nick = nick,
		.is_first = room->is_in_history,
		.stanza = message,
	};
	room->is_in_history = false;
	if (room->events->subject != NULL) {
		room->events->subject(room, &subject);
	}
}

/* --- messages --- */

/* The id is this client's only if its own occupant sends it back. */
static bool is_reflection(const struct envoi_muc_room *room, const struct envoi_stanza *message)
{
	const char *origin = envoi_stanza_ids_origin(message), *id = envoi_stanza_id(message);
	for (size_t i = 0; i < ENVOI__MUC_SENT; i++) {
		const char *sent = room->sent[i];
		if (sent[0] != '\0' &&
			((origin != NULL && strcmp(origin, sent) == 0) ||
				((room->features & ENVOI__MUC_HAS_STABLE_ID) != 0 && id != NULL &&
					strcmp(id, sent) == 0))) {
			return true;
		}
	}
	return false;
}

static bool is_own(const struct envoi_muc_room *room, const struct envoi_muc_message *reported)
{
	const struct envoi__muc_occupant *self = room->self;
	if (self == NULL || reported->nick == NULL) {
		return false;
	}
	if (reported->occupant_id != NULL && self->id != NULL) {
		return strcmp(reported->occupant_id, self->id) == 0;
	}
	return !reported->is_old && strcmp(reported->nick, self->nick) == 0;
}

/* Where the room announces such ids it replaces those of participants (XEP-0359, section 6). */
static const char *stanza_id_of(
	const struct envoi_muc_room *room, const struct envoi_stanza *message)
{
	return (room->features & ENVOI__MUC_HAS_STANZA_IDS) == 0
		? NULL
		: envoi_stanza_ids_assigned_by(message, room->address);
}

/* Section 7.2.13. A participant may write a delay in the room's name: later it does not count. */
static void set_time(struct envoi_muc_room *room, struct envoi_muc_message *reported)
{
	int64_t sent_ms;
	reported->is_old = room->is_in_history &&
		envoi_delayed_delivery_stated_by(reported->stanza, room->address, &sent_ms);
	reported->sent_ms = reported->is_old ? sent_ms : envoi_context_wall_clock_ms(room->context);
	if (!reported->is_old && !reported->is_private && reported->body != NULL) {
		room->is_in_history = false;
	}
}

static bool was_there_before(
	const struct envoi_muc_room *room, const struct envoi_muc_message *reported)
{
	const char *id = reported->is_old ? reported->stanza_id : NULL;
	for (size_t i = 0; i < ENVOI__MUC_SEEN && id != NULL; i++) {
		if (room->seen[i] != NULL && strcmp(room->seen[i], id) == 0) {
			return true;
		}
	}
	return false;
}

static void note_last(struct envoi_muc_room *room, const struct envoi_muc_message *reported)
{
	const char *id = reported->stanza_id;
	room->has_last = true;
	room->last_ms = envoi_context_wall_clock_ms(room->context);
	if (id != NULL) {
		char **place = &room->seen[room->next_seen];
		envoi_free(room->context, *place);
		*place = envoi_strndup(room->context, id, strlen(id));
		room->next_seen = (room->next_seen + 1) % ENVOI__MUC_SEEN;
	}
}

static bool has_room(struct envoi_muc_room *room, const struct envoi_muc_message *reported)
{
	if (!reported->is_old) {
		return true;
	}
	room->history_count++;
	return room->history_count <= room->options.most_history;
}

static void report(struct envoi_muc_room *room, struct envoi_stanza *message, const char *nick,
	bool is_private)
{
	const struct envoi__muc_occupant *occupant = nick == NULL
		? NULL
		: envoi__muc_find_occupant(room, nick);
	struct envoi_muc_message reported = {
		.stanza = message,
		.nick = nick,
		.body = envoi_message_body(message, NULL),
		.occupant_id = envoi__muc_occupant_id_of(room, message),
		.stanza_id = is_private ? NULL : stanza_id_of(room, message),
		.is_private = is_private,
	};
	if (nick == NULL) {
		set_moderation(&reported, message);
		if (reported.body == NULL && reported.moderated_id == NULL) {
			return;
		}
	}
	if (!is_private) {
		set_time(room, &reported);
	} else {
		reported.sent_ms = envoi_context_wall_clock_ms(room->context);
	}
	reported.occupant = reported.is_old || occupant == NULL ? NULL : &occupant->shown;
	reported.is_own = is_own(room, &reported);
	reported.is_reflection = reported.is_own && !reported.is_old && !is_private &&
		is_reflection(room, message);
	if (was_there_before(room, &reported) || !has_room(room, &reported)) {
		return;
	}
	if (!is_private && reported.body != NULL) {
		note_last(room, &reported);
	}
	if (room->events->message != NULL) {
		room->events->message(room, &reported);
	}
}

/* Section 7.4: who is not an occupant may not send. */
static void take_error(struct envoi_muc_room *room, const struct envoi_stanza *message)
{
	struct envoi_stanza_error error;
	const struct envoi_muc_end end = {.cause = ENVOI_MUC_LOST,
		.text = "the room does not know this occupant",
		.will_rejoin = true};
	if (envoi_jid_is_bare(envoi_stanza_from(message)) && room->state == ENVOI_MUC_JOINED &&
		envoi_stanza_get_error(message, &error) &&
		error.condition == ENVOI_NOT_ACCEPTABLE) {
		envoi__muc_end(room, &end);
	}
}

void envoi__muc_take_message(struct envoi_muc_room *room, struct envoi_stanza *message)
{
	const char *nick = envoi_jid_resource(envoi_stanza_from(message));
	enum envoi_stanza_type type = envoi_stanza_type(message);
	if (type == ENVOI_TYPE_ERROR) {
		take_error(room, message);
		return;
	}
	if (room->state != ENVOI_MUC_JOINED) {
		return;
	}
	if (nick == NULL) {
		take_info(room, message);
	}
	if (!envoi__muc_is_inside(room)) {
		return;
	}
	if (type == ENVOI_TYPE_GROUPCHAT && is_subject(message)) {
		take_subject(room, message, nick);
	} else {
		report(room, message, nick, type != ENVOI_TYPE_GROUPCHAT && nick != NULL);
	}
}
