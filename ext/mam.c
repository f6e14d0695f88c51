/*
 * envoi - XEP-0313: Message Archive Management, version 1.1.3
 * SPDX-License-Identifier: MIT
 *
 * Payloads, requests, and what archives offer. mam_query.c fetches items, mam_sync.c catches up,
 * mam_handler.c has the extension.
 */
#include <envoi/ext/mam.h>

#include "mam_parts.h"

/* --- payloads --- */

static const struct envoi_field filter_fields[] = {
	ENVOI_CHILD_JID(struct envoi_mam_filter, with, "with"),
	ENVOI_CHILD_DATE(struct envoi_mam_filter, start_ms, "start",
		.has = ENVOI_HAS(struct envoi_mam_filter, has_start)),
	ENVOI_CHILD_DATE(struct envoi_mam_filter, end_ms, "end",
		.has = ENVOI_HAS(struct envoi_mam_filter, has_end)),
	ENVOI_CHILD_TEXT(struct envoi_mam_filter, before_id, "before-id"),
	ENVOI_CHILD_TEXT(struct envoi_mam_filter, after_id, "after-id"),
	ENVOI_CHILDREN_TEXT(struct envoi_mam_filter, ids, id_count, "ids"),
	ENVOI_CHILD_BOOL(struct envoi_mam_filter, is_groupchat, "include-groupchat",
		.has = ENVOI_HAS(struct envoi_mam_filter, has_groupchat)),
	ENVOI_CHILD_TEXT(struct envoi_mam_filter, text, "{urn:xmpp:fulltext:0}fulltext"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_mam_filter_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_mam_filter, ENVOI_NS_MAM, "filter", filter_fields);

static const struct envoi_field request_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_mam_request, query_id, "queryid"),
	ENVOI_ATTR_TEXT(struct envoi_mam_request, node, "node"),
	ENVOI_CHILD_STRUCT(struct envoi_mam_request, form, struct envoi_form, &envoi_forms_type),
	ENVOI_CHILD_STRUCT(
		struct envoi_mam_request, set, struct envoi_rsm_request, &envoi_rsm_request_type),
	ENVOI_CHILD_FLAG(struct envoi_mam_request, is_flipped, "flip-page"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_mam_request_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_mam_request, ENVOI_NS_MAM, "query", request_fields);

static const struct envoi_field result_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_mam_result, query_id, "queryid"),
	ENVOI_ATTR_TEXT(
		struct envoi_mam_result, id, "id", ENVOI_REQUIRED, .max_bytes = ENVOI_MAM_ID_BYTES),
	ENVOI_CHILD_STRUCT(struct envoi_mam_result, forwarded, struct envoi_stanza_forwarding,
		&envoi_stanza_forwarding_type, ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_mam_result_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_mam_result, ENVOI_NS_MAM, "result", result_fields);

static const struct envoi_field fin_fields[] = {
	ENVOI_ATTR_BOOL(struct envoi_mam_fin, is_complete, "complete"),
	ENVOI_ATTR_BOOL(struct envoi_mam_fin, is_stable, "stable", .default_number = true),
	ENVOI_CHILD_STRUCT(struct envoi_mam_fin, set, struct envoi_rsm_result,
		&envoi_rsm_result_type, ENVOI_LENIENT),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_mam_fin_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_mam_fin, ENVOI_NS_MAM, "fin", fin_fields);

static const struct envoi_field edge_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_mam_edge, id, "id", ENVOI_REQUIRED),
	ENVOI_ATTR_DATE(struct envoi_mam_edge, stamp_ms, "timestamp", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type edge_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_mam_edge, NULL, "start", edge_fields);

static const struct envoi_field metadata_fields[] = {
	ENVOI_CHILD_STRUCT(struct envoi_mam_metadata, start, struct envoi_mam_edge, &edge_type),
	ENVOI_CHILD_STRUCT(
		struct envoi_mam_metadata, end, struct envoi_mam_edge, &edge_type, .as = "end"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_mam_metadata_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_mam_metadata, ENVOI_NS_MAM, "metadata", metadata_fields);

static const struct envoi_word default_words[] = {
	{"always", ENVOI_MAM_ALWAYS},
	{"never", ENVOI_MAM_NEVER},
	{"roster", ENVOI_MAM_ROSTER},
	ENVOI_WORDS_END,
};
static const struct envoi_field list_fields[] = {
	ENVOI_CHILDREN_JID(struct envoi_mam_list, jids, count, "jid"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type list_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_mam_list, NULL, "always", list_fields);
static const struct envoi_field preferences_fields[] = {
	ENVOI_ATTR_ENUM(
		struct envoi_mam_preferences, by_default, "default", default_words, ENVOI_REQUIRED),
	ENVOI_CHILD_STRUCT(struct envoi_mam_preferences, always, struct envoi_mam_list, &list_type),
	ENVOI_CHILD_STRUCT(struct envoi_mam_preferences, never, struct envoi_mam_list, &list_type,
		.as = "never"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_mam_preferences_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_mam_preferences, ENVOI_NS_MAM, "prefs", preferences_fields);
static const struct envoi_payload_type preferences_query_type = ENVOI_PAYLOAD_EMPTY(
	ENVOI_NS_MAM, "prefs");

/* --- requests --- */

struct envoi_stanza *envoi__mam_iq(struct envoi_session *session, enum envoi_stanza_kind kind,
	const char *archive, const struct envoi_payload_type *type, const void *value)
{
	return archive == NULL ? envoi_request_account_iq(session, kind, type, value)
			       : envoi_request_iq(session, kind, archive, type, value);
}

int envoi_mam_metadata_get(
	struct envoi_session *session, const char *archive, envoi_answer_fn *done, void *user)
{
	struct envoi_stanza *iq = envoi__mam_iq(session, ENVOI_IQ_GET, archive,
		&envoi_mam_metadata_type, &(struct envoi_mam_metadata){NULL, NULL});
	return envoi_request(session, iq, &envoi_mam_metadata_type, 0, done, user, NULL);
}

int envoi_mam_fields_get(
	struct envoi_session *session, const char *archive, envoi_answer_fn *done, void *user)
{
	struct envoi_stanza *iq = envoi__mam_iq(session, ENVOI_IQ_GET, archive,
		&envoi_mam_request_type, &(struct envoi_mam_request){.is_flipped = false});
	return envoi_request(session, iq, &envoi_mam_request_type, 0, done, user, NULL);
}

int envoi_mam_preferences_get(struct envoi_session *session, envoi_answer_fn *done, void *user)
{
	struct envoi_stanza *iq = envoi_request_account_iq(
		session, ENVOI_IQ_GET, &preferences_query_type, NULL);
	return envoi_request(session, iq, &envoi_mam_preferences_type, 0, done, user, NULL);
}

int envoi_mam_preferences_set(struct envoi_session *session,
	const struct envoi_mam_preferences *preferences, envoi_answer_fn *done, void *user)
{
	if (preferences == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_stanza *iq = envoi_request_account_iq(
		session, ENVOI_IQ_SET, &envoi_mam_preferences_type, preferences);
	return envoi_request(session, iq, &envoi_mam_preferences_type, 0, done, user, NULL);
}

/* --- what archives offer --- */

const struct envoi__mam_offer *envoi__mam_offer_of(
	const struct envoi__mam *mam, const struct envoi_jid *archive)
{
	uint64_t epoch = envoi_session_epoch(mam->session);
	for (size_t i = 0; i < ENVOI__MAM_OFFERS; i++) {
		const struct envoi__mam_offer *offer = &mam->offers[i];
		if (offer->epoch == epoch && envoi_jid_equal(offer->archive, archive)) {
			return offer;
		}
	}
	return NULL;
}

void envoi__mam_keep_offer(struct envoi__mam *mam, const struct envoi__mam_offer *offer)
{
	struct envoi__mam_offer *place = &mam->offers[mam->next_offer];
	mam->next_offer = (mam->next_offer + 1) % ENVOI__MAM_OFFERS;
	envoi_jid_unref(place->archive);
	*place = *offer;
	place->archive = envoi_jid_ref(offer->archive);
	place->epoch = envoi_session_epoch(mam->session);
}
