/*
 * envoi - XEP-0184: Message Delivery Receipts, version 1.4.0
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/receipts.h>

#include <envoi/client.h>
#include <envoi/delivery.h>
#include <envoi/session.h>

static const struct envoi_field fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_receipts_received, id, "id", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_receipts_received_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_receipts_received, ENVOI_NS_RECEIPTS, "received", fields);
static const struct envoi_payload_type request_type = ENVOI_PAYLOAD_EMPTY(
	ENVOI_NS_RECEIPTS, "request");

static bool has(const struct envoi_stanza *message, const char *name)
{
	return envoi_element_child(envoi_stanza_element(message), ENVOI_NS_RECEIPTS, name) != NULL;
}

int envoi_receipts_request(struct envoi_stanza *message)
{
	if (message == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (envoi_stanza_type(message) == ENVOI_TYPE_GROUPCHAT || has(message, "received")) {
		return ENVOI_ERR_INVALID;
	}
	return has(message, "request") ? envoi_element_error(envoi_stanza_element(message))
				       : envoi_stanza_encode(message, &request_type, NULL);
}

const char *envoi_receipts_id(const struct envoi_stanza *message)
{
	const struct envoi_receipts_received *received = envoi_stanza_find(
		message, &envoi_receipts_received_type);
	return received == NULL || received->id[0] == '\0' ? NULL : received->id;
}

/* --- answering --- */

/* Section 8: those that see the presence anyway. */
static bool may_know(const struct envoi_session *session, const struct envoi_jid *from)
{
	const struct envoi_client *client = envoi_session_client(session);
	return client != NULL && !envoi_jid_equal_bare(from, envoi_session_jid(session)) &&
		envoi_client_shows_presence_to(client, from);
}

static bool is_to_be_answered(
	const struct envoi_session *session, const struct envoi_stanza *message)
{
	const char *id = envoi_stanza_id(message);
	return envoi_stanza_type(message) != ENVOI_TYPE_GROUPCHAT && id != NULL && id[0] != '\0' &&
		!has(message, "received") && may_know(session, envoi_stanza_from(message));
}

/* Section 7: of the same type, and with nothing else. */
static int on_request(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	struct envoi_session *session = envoi_delivery_session(in);
	const struct envoi_stanza *message = envoi_delivery_stanza(in);
	if (!is_to_be_answered(session, message)) {
		return ENVOI_OK;
	}
	const struct envoi_receipts_received received = {
		.id = (char *)(uintptr_t)envoi_stanza_id(message)};
	struct envoi_stanza *receipt = envoi_message_new(envoi_session_context(session),
		envoi_stanza_type(message), envoi_stanza_from_text(message), NULL);
	(void)envoi_stanza_encode(receipt, &envoi_receipts_received_type, &received);
	(void)envoi_send(session, receipt, NULL); /* the sender does not depend on it (section 4) */
	return ENVOI_OK;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .payload = &request_type, .handle = on_request},
	ENVOI_ROWS_END,
};
static const char *const uris[] = {ENVOI_NS_RECEIPTS, NULL};
static const struct envoi_handler_impl responder_impl = {
	.name = "receipts",
	.stanzas = stanzas,
	.uris = uris,
};

ENVOI_STATIC_HANDLER(envoi_receipts_handler, &responder_impl)
