/*
 * envoi - XEP-0203: Delayed Delivery, version 2.0
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/delayed_delivery.h>

enum {
	REASON_BYTES = 1000,
};

static const struct envoi_field fields[] = {
	ENVOI_ATTR_JID(struct envoi_delayed_delivery, from, "from", ENVOI_LENIENT),
	ENVOI_ATTR_DATE(struct envoi_delayed_delivery, stamp_ms, "stamp", ENVOI_REQUIRED),
	ENVOI_TEXT(struct envoi_delayed_delivery, reason, ENVOI_LENIENT | ENVOI_SPACES,
		.max_bytes = REASON_BYTES),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_delayed_delivery_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_delayed_delivery, ENVOI_NS_DELAYED_DELIVERY, "delay", fields);

/* The entities whose delays count. */
struct sources {
	const struct envoi_jid *exact; /* or NULL, as below */
	const struct envoi_jid *own; /* its domain and bare address */
	const struct envoi_jid *room; /* its bare address */
};

static bool counts(const struct sources *sources, const struct envoi_jid *from)
{
	return from != NULL &&
		(envoi_jid_equal(from, sources->exact) ||
			envoi_jid_is_bare_of(from, sources->own) ||
			envoi_jid_is_domain_of(from, sources->own) ||
			envoi_jid_is_bare_of(from, sources->room));
}

static bool find_earliest(
	const struct envoi_stanza *stanza, const struct sources *sources, int64_t *ret_ms)
{
	bool is_found = false;
	const struct envoi_element *child = envoi_element_first(envoi_stanza_element(stanza));
	for (; child != NULL; child = envoi_element_next(child)) {
		const void *value;
		if (envoi_payload_parse(&value, &envoi_delayed_delivery_type, child, NULL) !=
			ENVOI_OK) {
			continue;
		}
		const struct envoi_delayed_delivery *delay = value;
		if (counts(sources, delay->from) && (!is_found || delay->stamp_ms < *ret_ms)) {
			*ret_ms = delay->stamp_ms;
			is_found = true;
		}
	}
	return is_found;
}

bool envoi_delayed_delivery_stated_by(
	const struct envoi_stanza *stanza, const struct envoi_jid *from, int64_t *ret_ms)
{
	return find_earliest(stanza, &(struct sources){.exact = from}, ret_ms);
}

bool envoi_delayed_delivery_sent_at(
	const struct envoi_session *session, const struct envoi_stanza *stanza, int64_t *ret_ms)
{
	bool is_of_room = envoi_stanza_kind(stanza) == ENVOI_MESSAGE &&
		envoi_stanza_type(stanza) == ENVOI_TYPE_GROUPCHAT;
	const struct sources sources = {
		.own = envoi_session_jid(session),
		.room = is_of_room ? envoi_stanza_from(stanza) : NULL,
	};
	return find_earliest(stanza, &sources, ret_ms);
}
