/*
 * envoi - XEP-0045: Multi-User Chat, version 1.35.5
 * SPDX-License-Identifier: MIT
 *
 * Payloads. muc_handler.c has the extension, muc_room.c a room's state, muc_occupants.c who is in
 * it, muc_presence.c and muc_message.c what it sends, muc_send.c and muc_admin.c what it is sent.
 */
#include <envoi/ext/muc.h>

/* --- http://jabber.org/protocol/muc --- */

static const struct envoi_field history_fields[] = {
	ENVOI_ATTR_INT(struct envoi_muc_history, max_chars, "maxchars",
		.has = ENVOI_HAS(struct envoi_muc_history, has_max_chars)),
	ENVOI_ATTR_INT(struct envoi_muc_history, max_stanzas, "maxstanzas",
		.has = ENVOI_HAS(struct envoi_muc_history, has_max_stanzas)),
	ENVOI_ATTR_INT(struct envoi_muc_history, seconds, "seconds",
		.has = ENVOI_HAS(struct envoi_muc_history, has_seconds)),
	ENVOI_ATTR_DATE(struct envoi_muc_history, since_ms, "since",
		.has = ENVOI_HAS(struct envoi_muc_history, has_since)),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type history_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_muc_history, NULL, "history", history_fields);
static const struct envoi_field enter_fields[] = {
	ENVOI_CHILD_STRUCT(
		struct envoi_muc_enter, history, struct envoi_muc_history, &history_type),
	ENVOI_CHILD_TEXT(struct envoi_muc_enter, password, "password"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_muc_enter_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_muc_enter, ENVOI_NS_MUC, "x", enter_fields);

/* --- http://jabber.org/protocol/muc#user, #admin, #owner --- */

static const struct envoi_word affiliation_words[] = {
	{"outcast", ENVOI_MUC_OUTCAST},
	{"none", ENVOI_MUC_AFFILIATION_NONE},
	{"member", ENVOI_MUC_MEMBER},
	{"admin", ENVOI_MUC_ADMIN},
	{"owner", ENVOI_MUC_OWNER},
	ENVOI_WORDS_END,
};
static const struct envoi_word role_words[] = {
	{"none", ENVOI_MUC_ROLE_NONE},
	{"visitor", ENVOI_MUC_VISITOR},
	{"participant", ENVOI_MUC_PARTICIPANT},
	{"moderator", ENVOI_MUC_MODERATOR},
	ENVOI_WORDS_END,
};

static const struct envoi_field actor_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_muc_actor, nick, "nick"),
	ENVOI_ATTR_JID(struct envoi_muc_actor, jid, "jid", ENVOI_LENIENT),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type actor_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_muc_actor, NULL, "actor", actor_fields);
/* What cannot be read of one must not hide that an occupant is there. */
static const struct envoi_field item_fields[] = {
	ENVOI_ATTR_ENUM(struct envoi_muc_item, affiliation, "affiliation", affiliation_words,
		ENVOI_LENIENT),
	ENVOI_ATTR_ENUM(struct envoi_muc_item, role, "role", role_words, ENVOI_LENIENT),
	ENVOI_ATTR_JID(struct envoi_muc_item, jid, "jid", ENVOI_LENIENT),
	ENVOI_ATTR_TEXT(struct envoi_muc_item, nick, "nick"),
	ENVOI_CHILD_STRUCT(
		struct envoi_muc_item, actor, struct envoi_muc_actor, &actor_type, ENVOI_LENIENT),
	ENVOI_CHILD_TEXT(struct envoi_muc_item, reason, "reason"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type item_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_muc_item, NULL, "item", item_fields);

static const struct envoi_field invite_fields[] = {
	ENVOI_ATTR_JID(struct envoi_muc_invite_or_decline, from, "from", ENVOI_LENIENT),
	ENVOI_ATTR_JID(struct envoi_muc_invite_or_decline, to, "to", ENVOI_LENIENT),
	ENVOI_CHILD_TEXT(struct envoi_muc_invite_or_decline, thread, "continue", .attr = "thread"),
	ENVOI_CHILD_TEXT(struct envoi_muc_invite_or_decline, reason, "reason"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type invite_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_muc_invite_or_decline, NULL, "invite", invite_fields);

static const struct envoi_field destruction_fields[] = {
	ENVOI_ATTR_JID(struct envoi_muc_destruction, jid, "jid", ENVOI_LENIENT),
	ENVOI_CHILD_TEXT(struct envoi_muc_destruction, password, "password"),
	ENVOI_CHILD_TEXT(struct envoi_muc_destruction, reason, "reason"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type destruction_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_muc_destruction, NULL, "destroy", destruction_fields);

static const struct envoi_field info_fields[] = {
	ENVOI_CHILDREN_STRUCT(struct envoi_muc_info, items, item_count, struct envoi_muc_item,
		&item_type, ENVOI_LENIENT),
	ENVOI_CHILDREN_STRUCT(struct envoi_muc_info, invites, invite_count,
		struct envoi_muc_invite_or_decline, &invite_type, ENVOI_LENIENT),
	ENVOI_CHILD_STRUCT(struct envoi_muc_info, decline, struct envoi_muc_invite_or_decline,
		&invite_type, ENVOI_LENIENT, .as = "decline"),
	ENVOI_CHILD_STRUCT(struct envoi_muc_info, destruction, struct envoi_muc_destruction,
		&destruction_type, ENVOI_LENIENT),
	ENVOI_CHILD_TEXT(struct envoi_muc_info, password, "password"),
	ENVOI_CHILDREN_INT(struct envoi_muc_info, codes, code_count, "status", ENVOI_LENIENT,
		.attr = "code", .min = 100, .max = 999, .max_items = ENVOI_MUC_MOST_CODES),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_muc_info_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_muc_info, ENVOI_NS_MUC_USER, "x", info_fields);

static const struct envoi_field admin_fields[] = {
	ENVOI_CHILDREN_STRUCT(struct envoi_muc_admin, items, item_count, struct envoi_muc_item,
		&item_type, ENVOI_LENIENT, .max_items = ENVOI_MUC_MOST_ITEMS),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_muc_admin_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_muc_admin, ENVOI_NS_MUC_ADMIN, "query", admin_fields);

static const struct envoi_field owner_fields[] = {
	ENVOI_CHILD_STRUCT(struct envoi_muc_owner, form, struct envoi_form, &envoi_forms_type),
	ENVOI_CHILD_STRUCT(struct envoi_muc_owner, destruction, struct envoi_muc_destruction,
		&destruction_type),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_muc_owner_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_muc_owner, ENVOI_NS_MUC_OWNER, "query", owner_fields);

/* --- XEP-0249, XEP-0421, XEP-0425 --- */

static const struct envoi_field conference_fields[] = {
	ENVOI_ATTR_JID(struct envoi_muc_conference, jid, "jid", ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct envoi_muc_conference, password, "password"),
	ENVOI_ATTR_TEXT(struct envoi_muc_conference, reason, "reason"),
	ENVOI_ATTR_BOOL(struct envoi_muc_conference, is_continued, "continue", ENVOI_LENIENT),
	ENVOI_ATTR_TEXT(struct envoi_muc_conference, thread, "thread"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_muc_conference_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_muc_conference, ENVOI_NS_MUC_CONFERENCE, "x", conference_fields);

static const struct envoi_field occupant_id_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_muc_occupant_id, id, "id", ENVOI_REQUIRED, .max_bytes = 1000),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_muc_occupant_id_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_muc_occupant_id, ENVOI_NS_MUC_OCCUPANT_ID, "occupant-id", occupant_id_fields);

static const struct envoi_field moderation_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_muc_moderation, id, "id", ENVOI_REQUIRED),
	ENVOI_CHILD_FLAG(struct envoi_muc_moderation, retracts, "retract",
		.ns = "urn:xmpp:message-retract:1"),
	ENVOI_CHILD_TEXT(struct envoi_muc_moderation, reason, "reason"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_muc_moderation_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_muc_moderation, ENVOI_NS_MUC_MODERATION, "moderate", moderation_fields);
