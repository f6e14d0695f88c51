/*
 * envoi - XEP-0012: Last Activity, version 2.0
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/last_activity.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/delivery.h>

static const struct envoi_field fields[] = {
	ENVOI_ATTR_INT(struct envoi_last_activity, seconds, "seconds", ENVOI_REQUIRED),
	ENVOI_TEXT(struct envoi_last_activity, status),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_last_activity_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_last_activity, ENVOI_NS_LAST_ACTIVITY, "query", fields);

/* The request is the same element without content (section 2). */
static const struct envoi_payload_type query_type = ENVOI_PAYLOAD_EMPTY(
	ENVOI_NS_LAST_ACTIVITY, "query");

int envoi_last_activity_get(struct envoi_session *session, const char *to, uint64_t timeout_ms,
	envoi_answer_fn *done, void *user, struct envoi_request **ret_request)
{
	return envoi_request(session,
		envoi_request_iq(session, ENVOI_IQ_GET, to, &query_type, NULL),
		&envoi_last_activity_type, timeout_ms, done, user, ret_request);
}

/* --- answering --- */

struct responder {
	struct envoi_handler handler;
	struct envoi_context *context;
	int64_t noted_ms; /* by the wall clock, which goes on while the machine is suspended */
};

static const struct envoi_handler_impl responder_impl;

static struct responder *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct responder, handler);
}

/* Sections 4 and 7 */
static bool may_know(const struct envoi_session *session, const struct envoi_stanza *query)
{
	const struct envoi_client *client = envoi_session_client(session);
	return client != NULL &&
		(envoi_session_is_from_account(session, query) ||
			envoi_client_shows_presence_to(client, envoi_stanza_from(query)));
}

static int on_query(struct envoi_handler *self, struct envoi_delivery *in)
{
	const struct responder *responder = from_handler(self);
	if (!may_know(envoi_delivery_session(in), envoi_delivery_stanza(in))) {
		return envoi_reply_error(in, ENVOI_SERVICE_UNAVAILABLE, NULL);
	}
	int64_t idle_ms = envoi_context_wall_clock_ms(responder->context) - responder->noted_ms;
	const struct envoi_last_activity answer = {
		.seconds = idle_ms < 0 ? 0 : (uint64_t)idle_ms / 1000};
	return envoi_reply_result(in, &envoi_last_activity_type, &answer);
}

static void destroy(struct envoi_handler *self)
{
	struct responder *responder = from_handler(self);
	struct envoi_context *context = responder->context;
	envoi_free(context, responder);
	envoi_context_unref(context);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_IQ_GET, .payload = &query_type, .handle = on_query},
	ENVOI_ROWS_END,
};
static const char *const uris[] = {ENVOI_NS_LAST_ACTIVITY, NULL};
static const struct envoi_handler_impl responder_impl = {
	.name = "last_activity",
	.stanzas = stanzas,
	.uris = uris,
	.destroy = destroy,
};

static int make(struct envoi_handler **ret_handler, struct envoi_session *session)
{
	struct envoi_context *context = envoi_session_context(session);
	struct responder *responder = envoi_alloc_zeroed(context, sizeof(*responder));
	if (responder == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	responder->handler.impl = &responder_impl;
	responder->context = envoi_context_ref(context);
	responder->noted_ms = envoi_context_wall_clock_ms(context);
	*ret_handler = &responder->handler;
	return ENVOI_OK;
}

const struct envoi_extension envoi_last_activity_extension = {
	.name = "last_activity", .make = make};

void envoi_last_activity_note(struct envoi_session *session)
{
	struct envoi_handler *handler = envoi_session_find(session, responder_impl.name);
	if (handler != NULL && handler->impl == &responder_impl) {
		from_handler(handler)->noted_ms = envoi_context_wall_clock_ms(
			envoi_session_context(session));
	}
}
