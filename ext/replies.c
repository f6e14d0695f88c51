/*
 * envoi - XEP-0461: Message Replies, version 0.2.1
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/replies.h>

#include <envoi/ext/stanza_ids.h>

static const struct envoi_field fields[] = {
	ENVOI_ATTR_JID(struct envoi_replies_reply, to, "to", ENVOI_LENIENT),
	ENVOI_ATTR_TEXT(struct envoi_replies_reply, id, "id", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_replies_reply_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_replies_reply, ENVOI_NS_REPLIES, "reply", fields);

const struct envoi_replies_reply *envoi_replies_of(const struct envoi_stanza *message)
{
	const struct envoi_replies_reply *reply = envoi_stanza_find(
		message, &envoi_replies_reply_type);
	return reply == NULL || reply->id[0] == '\0' ? NULL : reply;
}

int envoi_replies_add(
	struct envoi_stanza *message, const struct envoi_stanza *original, bool room_assigns)
{
	if (message == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	const char *id = envoi_stanza_ids_for(original, ENVOI_STANZA_IDS_REPLY, room_assigns);
	if (id == NULL) {
		return ENVOI_DECLINED;
	}
	if (envoi_element_child(envoi_stanza_element(message), ENVOI_NS_REPLIES, "reply") != NULL) {
		return ENVOI_ERR_INVALID;
	}
	const struct envoi_replies_reply reply = {
		.to = (struct envoi_jid *)(uintptr_t)envoi_stanza_from(original),
		.id = (char *)(uintptr_t)id,
	};
	return envoi_stanza_encode(message, &envoi_replies_reply_type, &reply);
}

/* --- service discovery --- */

static const char *const uris[] = {ENVOI_NS_REPLIES, NULL};
static const struct envoi_handler_impl feature_impl = {.name = "replies", .uris = uris};

ENVOI_STATIC_HANDLER(envoi_replies_handler, &feature_impl)
