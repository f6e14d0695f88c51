/*
 * envoi - payloads of the core: bind, session, roster
 * SPDX-License-Identifier: MIT
 */
#include "stanza/payloads.h"

/* --- bind --- */

static const struct envoi_field bind_fields[] = {
	ENVOI_CHILD_TEXT(struct envoi__bind, resource, "resource"),
	ENVOI_CHILD_JID(struct envoi__bind, jid, "jid"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi__bind_type = ENVOI_PAYLOAD_TYPE(
	struct envoi__bind, ENVOI__NS_BIND, "bind", bind_fields);

/* --- session --- */

const struct envoi_payload_type envoi__session_type = ENVOI_PAYLOAD_EMPTY(
	ENVOI__NS_SESSION, "session");

static const struct envoi_field session_feature_fields[] = {
	ENVOI_CHILD_FLAG(struct envoi__session_feature, is_optional, "optional"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi__session_feature_type = ENVOI_PAYLOAD_TYPE(
	struct envoi__session_feature, ENVOI__NS_SESSION, "session", session_feature_fields);

/* --- roster --- */

const struct envoi_word envoi__subscription_words[] = {
	{"none", ENVOI__SUBSCRIPTION_NONE},
	{"to", ENVOI__SUBSCRIPTION_TO},
	{"from", ENVOI__SUBSCRIPTION_FROM},
	{"both", ENVOI__SUBSCRIPTION_BOTH},
	{"remove", ENVOI__SUBSCRIPTION_REMOVE},
	ENVOI_WORDS_END,
};

static const struct envoi_word ask_words[] = {
	{"subscribe", ENVOI__ASK_SUBSCRIBE},
	ENVOI_WORDS_END,
};

static const struct envoi_field roster_item_fields[] = {
	ENVOI_ATTR_JID(struct envoi__roster_item, jid, "jid", ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct envoi__roster_item, name, "name"),
	/* RFC 6121, section 2.1.2.5: unknown words are to be ignored */
	ENVOI_ATTR_ENUM(struct envoi__roster_item, subscription, "subscription",
		envoi__subscription_words, ENVOI_LENIENT),
	ENVOI_ATTR_ENUM(struct envoi__roster_item, ask, "ask", ask_words, ENVOI_LENIENT),
	ENVOI_ATTR_BOOL(struct envoi__roster_item, is_approved, "approved"),
	ENVOI_CHILDREN_TEXT(struct envoi__roster_item, groups, group_count, "group"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi__roster_item_type = ENVOI_PAYLOAD_TYPE(
	struct envoi__roster_item, ENVOI__NS_ROSTER, "item", roster_item_fields);

static const struct envoi_field roster_query_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi__roster_query, ver, "ver"),
	ENVOI_CHILDREN_STRUCT(struct envoi__roster_query, items, item_count,
		struct envoi__roster_item, &envoi__roster_item_type, ENVOI_LENIENT),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi__roster_query_type = ENVOI_PAYLOAD_TYPE(
	struct envoi__roster_query, ENVOI__NS_ROSTER, "query", roster_query_fields);
