/*
 * envoi - XEP-0424: Message Retraction, version 0.4.2
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/retraction.h>

#include <envoi/ext/hints.h>
#include <envoi/ext/stanza_ids.h>

#define NS_MODERATION "urn:xmpp:message-moderate:1"

static const struct envoi_field fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_retraction, id, "id", ENVOI_REQUIRED),
	ENVOI_CHILD_FLAG(struct envoi_retraction, is_moderated, "moderated", .ns = NS_MODERATION),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_retraction_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_retraction, ENVOI_NS_RETRACTION, "retract", fields);

static const struct envoi_field tombstone_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_retraction_tombstone, id, "id", ENVOI_REQUIRED),
	ENVOI_ATTR_DATE(struct envoi_retraction_tombstone, stamp_ms, "stamp", ENVOI_LENIENT,
		.has = ENVOI_HAS(struct envoi_retraction_tombstone, has_stamp)),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_retraction_tombstone_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_retraction_tombstone, ENVOI_NS_RETRACTION, "retracted", tombstone_fields);

static bool is_from_room(const struct envoi_stanza *message)
{
	return envoi_stanza_type(message) == ENVOI_TYPE_GROUPCHAT &&
		envoi_jid_is_bare(envoi_stanza_from(message));
}

const struct envoi_retraction *envoi_retraction_of(const struct envoi_stanza *message)
{
	const struct envoi_retraction *retraction = envoi_stanza_find(
		message, &envoi_retraction_type);
	if (retraction == NULL || retraction->id[0] == '\0') {
		return NULL;
	}
	return !retraction->is_moderated || is_from_room(message) ? retraction : NULL;
}

int envoi_retraction_add(
	struct envoi_stanza *message, const struct envoi_stanza *original, bool room_assigns)
{
	if (message == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	const char *id = envoi_stanza_ids_for(original, ENVOI_STANZA_IDS_RETRACTION, room_assigns);
	if (id == NULL) {
		return ENVOI_DECLINED;
	}
	if (envoi_element_child(envoi_stanza_element(message), ENVOI_NS_RETRACTION, "retract") !=
		NULL) {
		return ENVOI_ERR_INVALID;
	}
	const struct envoi_retraction retraction = {.id = (char *)(uintptr_t)id};
	(void)envoi_stanza_encode(message, &envoi_retraction_type, &retraction);
	return envoi_hints_add(message, &(struct envoi_hints){.store = true});
}

/* --- service discovery --- */

static const char *const uris[] = {ENVOI_NS_RETRACTION, NULL};
static const struct envoi_handler_impl feature_impl = {.name = "retraction", .uris = uris};

ENVOI_STATIC_HANDLER(envoi_retraction_handler, &feature_impl)
