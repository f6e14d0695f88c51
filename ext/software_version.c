/*
 * envoi - XEP-0092: Software Version, version 1.1
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/software_version.h>

#include <envoi/delivery.h>
#include <envoi/session.h>

static const struct envoi_field fields[] = {
	ENVOI_CHILD_TEXT(struct envoi_software_version, name, "name", ENVOI_REQUIRED),
	ENVOI_CHILD_TEXT(struct envoi_software_version, version, "version", ENVOI_REQUIRED),
	ENVOI_CHILD_TEXT(struct envoi_software_version, os, "os"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_software_version_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_software_version, ENVOI_NS_SOFTWARE_VERSION, "query", fields);

/* The request is the same element without content (section 3). */
static const struct envoi_payload_type query_type = ENVOI_PAYLOAD_EMPTY(
	ENVOI_NS_SOFTWARE_VERSION, "query");

int envoi_software_version_get(struct envoi_session *session, const char *to, uint64_t timeout_ms,
	envoi_answer_fn *done, void *user, struct envoi_request **ret_request)
{
	return envoi_request(session,
		envoi_request_iq(session, ENVOI_IQ_GET, to, &query_type, NULL),
		&envoi_software_version_type, timeout_ms, done, user, ret_request);
}

struct responder {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_software_version *version; /* an envoi_payload_dup() */
};

static int on_query(struct envoi_handler *self, struct envoi_delivery *in)
{
	const struct responder *responder = ENVOI_CONTAINER_OF(self, struct responder, handler);
	return envoi_reply_result(in, &envoi_software_version_type, responder->version);
}

static void responder_destroy(struct envoi_handler *self)
{
	struct responder *responder = ENVOI_CONTAINER_OF(self, struct responder, handler);
	struct envoi_context *context = responder->context;
	envoi_payload_free(&envoi_software_version_type, responder->version);
	envoi_free(context, responder);
	envoi_context_unref(context);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_IQ_GET, .payload = &query_type, .handle = on_query},
	ENVOI_ROWS_END,
};
static const char *const uris[] = {ENVOI_NS_SOFTWARE_VERSION, NULL};
static const struct envoi_handler_impl responder_impl = {
	.name = "software-version",
	.stanzas = stanzas,
	.uris = uris,
	.destroy = responder_destroy,
};

int envoi_software_version_handler_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, const struct envoi_software_version *version)
{
	int r = envoi_payload_check(&envoi_software_version_type, version, NULL);
	if (r < 0) {
		return r;
	}
	struct responder *responder = envoi_alloc_zeroed(context, sizeof(*responder));
	if (responder == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	responder->version = envoi_payload_dup(context, &envoi_software_version_type, version);
	if (responder->version == NULL) {
		envoi_free(context, responder);
		return ENVOI_ERR_NOMEM;
	}
	responder->handler.impl = &responder_impl;
	responder->context = envoi_context_ref(context);
	*ret_handler = &responder->handler;
	return ENVOI_OK;
}
