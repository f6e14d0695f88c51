/*
 * envoi - acceptors: requests of a login that come when it is over
 * SPDX-License-Identifier: MIT
 */
/* They are answered by the session, not by the stream, so that the answers are counted and sent
 * again (XEP-0198) like all others. */

#include "accept/acceptor.h"

/* --- the offer of RFC 3921, section 3; RFC 6121, appendix E --- */

static int offer(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	(void)self;
	(void)stream;
	envoi_element_add(
		envoi_element_add(features, ENVOI_NS_SESSION, "session"), NULL, "optional");
	return envoi_element_error(features);
}

static const struct envoi_stream_feature feature = {
	.ns = ENVOI_NS_SESSION,
	.name = "session",
	.order = ENVOI_ORDER_SESSION,
	.necessary = ENVOI_STREAM_AUTHENTICATED,
	.forbidden = ENVOI_STREAM_BOUND,
	.phase = ENVOI_PHASE_BIND,
	.offer = offer,
};

const struct envoi_handler_impl envoi__accept_session_impl = {
	.name = "legacy-session-offer",
	.stream_feature = &feature,
};

/* --- answers --- */

/* RFC 6120, section 10.3.3: a request of the account's own server. */
static bool is_for_server(const struct envoi_accepted *accepted, const struct envoi_stanza *stanza)
{
	const struct envoi_jid *to = envoi_stanza_to(stanza);
	if (to == NULL) {
		return envoi_stanza_to_text(stanza) == NULL;
	}
	return envoi_jid_is_domain_of(to, accepted->jid) || envoi_jid_is_bare_of(to, accepted->jid);
}

int envoi__accept_take_request(struct envoi_accepted *accepted, struct envoi_stanza *stanza)
{
	if (envoi_stanza_kind(stanza) != ENVOI_IQ_SET || accepted->jid == NULL ||
		accepted->component != NULL) {
		return ENVOI_OK;
	}
	const struct envoi_element *payload = envoi_stanza_payload(stanza);
	bool is_bind = payload != NULL && envoi_element_is(payload, ENVOI_NS_BIND, "bind");
	bool is_session = payload != NULL && envoi_element_is(payload, ENVOI_NS_SESSION, "session");
	if ((!is_bind && !is_session) || !is_for_server(accepted, stanza)) {
		return ENVOI_OK;
	}
	(void)envoi_send(accepted->session,
		is_session ? envoi_iq_result_new(stanza)
			   : envoi_stanza_error_new(stanza, ENVOI_NOT_ALLOWED, NULL),
		NULL);
	return ENVOI_STOP;
}
