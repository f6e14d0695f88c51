/*
 * envoi - XEP-0030: Service Discovery, version 2.5.0
 * SPDX-License-Identifier: MIT
 *
 * Payloads and requests. disco_responder.c answers.
 */
#include <envoi/ext/disco.h>

#include <string.h>

static const struct envoi_field query_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_disco_query, node, "node"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_disco_info_query_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_disco_query, ENVOI_NS_DISCO_INFO, "query", query_fields);
const struct envoi_payload_type envoi_disco_items_query_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_disco_query, ENVOI_NS_DISCO_ITEMS, "query", query_fields);

static const struct envoi_field identity_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_disco_identity, category, "category", ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct envoi_disco_identity, type, "type", ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct envoi_disco_identity, name, "name"),
	ENVOI_XML_LANG(struct envoi_disco_identity, lang),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type identity_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_disco_identity, NULL, "identity", identity_fields);

static const struct envoi_field info_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_disco_info, node, "node"),
	ENVOI_CHILDREN_STRUCT(struct envoi_disco_info, identities, identity_count,
		struct envoi_disco_identity, &identity_type,
		.max_items = ENVOI_DISCO_MOST_IDENTITIES),
	ENVOI_CHILDREN_TEXT(struct envoi_disco_info, features, feature_count, "feature",
		.attr = "var", .max_items = ENVOI_DISCO_MOST_FEATURES),
	ENVOI_CHILDREN_STRUCT(struct envoi_disco_info, forms, form_count, struct envoi_form,
		&envoi_forms_type, ENVOI_LENIENT, .max_items = ENVOI_DISCO_MOST_FORMS),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_disco_info_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_disco_info, ENVOI_NS_DISCO_INFO, "query", info_fields);

static const struct envoi_field item_fields[] = {
	ENVOI_ATTR_JID(struct envoi_disco_item, jid, "jid", ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct envoi_disco_item, node, "node"),
	ENVOI_ATTR_TEXT(struct envoi_disco_item, name, "name"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type item_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_disco_item, NULL, "item", item_fields);

/* One room with a bad address must not hide the others. */
static const struct envoi_field items_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_disco_items, node, "node"),
	ENVOI_CHILDREN_STRUCT(struct envoi_disco_items, items, item_count, struct envoi_disco_item,
		&item_type, ENVOI_LENIENT, .max_items = ENVOI_DISCO_MOST_ITEMS),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_disco_items_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_disco_items, ENVOI_NS_DISCO_ITEMS, "query", items_fields);

/* --- reading an answer --- */

bool envoi_disco_has_feature(const struct envoi_disco_info *info, const char *feature)
{
	if (info == NULL || feature == NULL) {
		return false;
	}
	bool is_found = strcmp(feature, ENVOI_NS_DISCO_INFO) == 0;
	for (size_t i = 0; i < info->feature_count && !is_found; i++) {
		is_found = strcmp(info->features[i], feature) == 0;
	}
	return is_found;
}

static bool is_word(const char *word, const char *wanted)
{
	return wanted == NULL || strcmp(word, wanted) == 0;
}

const struct envoi_disco_identity *envoi_disco_find_identity(
	const struct envoi_disco_info *info, const char *category, const char *type)
{
	for (size_t i = 0; info != NULL && i < info->identity_count; i++) {
		const struct envoi_disco_identity *identity = &info->identities[i];
		if (is_word(identity->category, category) && is_word(identity->type, type)) {
			return identity;
		}
	}
	return NULL;
}

/* --- asking --- */

/* The struct does not change what its members point to. */
static struct envoi_disco_query query_for(const char *node)
{
	return (struct envoi_disco_query){.node = (char *)(uintptr_t)node};
}

int envoi_disco_info_get(struct envoi_session *session, const char *to, const char *node,
	uint64_t timeout_ms, envoi_answer_fn *done, void *user, struct envoi_request **ret_request)
{
	const struct envoi_disco_query query = query_for(node);
	return envoi_request(session,
		envoi_request_iq(session, ENVOI_IQ_GET, to, &envoi_disco_info_query_type, &query),
		&envoi_disco_info_type, timeout_ms, done, user, ret_request);
}

int envoi_disco_items_get(struct envoi_session *session, const char *to, const char *node,
	uint64_t timeout_ms, envoi_answer_fn *done, void *user, struct envoi_request **ret_request)
{
	const struct envoi_disco_query query = query_for(node);
	return envoi_request(session,
		envoi_request_iq(session, ENVOI_IQ_GET, to, &envoi_disco_items_query_type, &query),
		&envoi_disco_items_type, timeout_ms, done, user, ret_request);
}
