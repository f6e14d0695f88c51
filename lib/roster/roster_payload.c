/*
 * envoi - the roster's payload (RFC 6121, section 2.1)
 * SPDX-License-Identifier: MIT
 */
#include "roster/roster_payload.h"

static const struct envoi_word subscription_words[] = {
	{"none", ENVOI_SUBSCRIPTION_NONE},
	{"to", ENVOI_SUBSCRIPTION_TO},
	{"from", ENVOI_SUBSCRIPTION_FROM},
	{"both", ENVOI_SUBSCRIPTION_BOTH},
	{"remove", ENVOI_SUBSCRIPTION_REMOVE},
	ENVOI_WORDS_END,
};

static const struct envoi_word ask_words[] = {
	{"subscribe", ENVOI_ROSTER_ASK_SUBSCRIBE},
	ENVOI_WORDS_END,
};

static const char *word_of(const struct envoi_word *words, int value)
{
	while (words->word != NULL && words->value != value) {
		words++;
	}
	return words->word != NULL ? words->word : "";
}

const char *envoi_subscription_name(enum envoi_subscription subscription)
{
	return word_of(subscription_words, (int)subscription);
}

const char *envoi_roster_ask_name(enum envoi_roster_ask ask)
{
	return word_of(ask_words, (int)ask);
}

static const struct envoi_field roster_item_fields[] = {
	ENVOI_ATTR_JID(struct envoi_roster_item, jid, "jid", ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct envoi_roster_item, name, "name"),
	/* RFC 6121, section 2.1.2.5: unknown words are to be ignored */
	ENVOI_ATTR_ENUM(struct envoi_roster_item, subscription, "subscription", subscription_words,
		ENVOI_LENIENT),
	ENVOI_ATTR_ENUM(struct envoi_roster_item, ask, "ask", ask_words, ENVOI_LENIENT),
	ENVOI_ATTR_BOOL(struct envoi_roster_item, is_approved, "approved"),
	ENVOI_CHILDREN_TEXT(struct envoi_roster_item, groups, group_count, "group"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi__roster_item_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_roster_item, ENVOI__NS_ROSTER, "item", roster_item_fields);

static const struct envoi_field roster_query_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi__roster_query, ver, "ver"),
	ENVOI_CHILDREN_STRUCT(struct envoi__roster_query, items, item_count,
		struct envoi_roster_item, &envoi__roster_item_type, ENVOI_LENIENT),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi__roster_query_type = ENVOI_PAYLOAD_TYPE(
	struct envoi__roster_query, ENVOI__NS_ROSTER, "query", roster_query_fields);
