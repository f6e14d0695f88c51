/*
 * envoi - XEP-0199: XMPP Ping, version 2.0.1
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/ping.h>

#include <envoi/payload.h>
#include <envoi/session.h>

static const struct envoi_payload_type ping_type = ENVOI_PAYLOAD_EMPTY(ENVOI_NS_PING, "ping");

int envoi_ping(struct envoi_session *session, const char *to, uint64_t timeout_ms,
	envoi_answer_fn *done, void *user, struct envoi_request **ret_request)
{
	return envoi_request(session, envoi_request_iq(session, ENVOI_IQ_GET, to, &ping_type, NULL),
		NULL, timeout_ms, done, user, ret_request);
}

/* Section 4.2: the pong is an empty result, which the session sends when a handler returns. */
static int on_ping(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	return ENVOI_OK;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_IQ_GET, .payload = &ping_type, .handle = on_ping},
	ENVOI_ROWS_END,
};
static const char *const uris[] = {ENVOI_NS_PING, NULL};
static const struct envoi_handler_impl responder_impl = {
	.name = "ping",
	.stanzas = stanzas,
	.uris = uris,
};

ENVOI_STATIC_HANDLER(envoi_ping_handler, &responder_impl)
