/*
 * envoi - payloads of resource binding and the old session request
 * SPDX-License-Identifier: MIT
 */
#include "features/feature_payloads.h"

/* --- bind --- */

static const struct envoi_field bind_fields[] = {
	ENVOI_CHILD_TEXT(struct envoi__bind, resource, "resource"),
	ENVOI_CHILD_JID(struct envoi__bind, jid, "jid"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi__bind_type = ENVOI_PAYLOAD_TYPE(
	struct envoi__bind, ENVOI_NS_BIND, "bind", bind_fields);

/* --- session --- */

const struct envoi_payload_type envoi__session_type = ENVOI_PAYLOAD_EMPTY(
	ENVOI_NS_SESSION, "session");

static const struct envoi_field session_feature_fields[] = {
	ENVOI_CHILD_FLAG(struct envoi__session_feature, is_optional, "optional"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi__session_feature_type = ENVOI_PAYLOAD_TYPE(
	struct envoi__session_feature, ENVOI_NS_SESSION, "session", session_feature_fields);
