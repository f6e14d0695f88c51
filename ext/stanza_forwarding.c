/*
 * envoi - XEP-0297: Stanza Forwarding, version 1.0
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/stanza_forwarding.h>

static const struct envoi_field fields[] = {
	ENVOI_CHILD_STRUCT(struct envoi_stanza_forwarding, delay, struct envoi_delayed_delivery,
		&envoi_delayed_delivery_type, ENVOI_LENIENT),
	/* Section 3.2, rule 3: the namespace of the stanza is preserved. */
	ENVOI_CHILD_ELEMENT(
		struct envoi_stanza_forwarding, message, "message", .ns = ENVOI_NS_CLIENT),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_stanza_forwarding_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_stanza_forwarding, ENVOI_NS_STANZA_FORWARDING, "forwarded", fields);

int envoi_stanza_forwarding_message(
	struct envoi_stanza **ret_message, const struct envoi_stanza_forwarding *forwarding)
{
	return forwarding->message == NULL
		? ENVOI_DECLINED
		: envoi_stanza_from_element(ret_message, forwarding->message);
}
