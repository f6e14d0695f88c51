/*
 * envoi - sessions: checks and completes a stanza before it is sent
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "session/session.h"

static bool needs_id(const struct envoi_stanza *stanza)
{
	return envoi_stanza_kind(stanza) != ENVOI_PRESENCE && envoi_stanza_id(stanza) == NULL;
}

/* RFC 6120, section 8.2.3: exactly one payload in a request, one at most in a result. */
static int check_payloads(struct envoi_session *session, const struct envoi_stanza *stanza)
{
	enum envoi_stanza_kind kind = envoi_stanza_kind(stanza);
	bool is_request = kind == ENVOI_IQ_GET || kind == ENVOI_IQ_SET;
	if (!is_request && kind != ENVOI_IQ_RESULT) {
		return ENVOI_OK;
	}
	const struct envoi_element *child = envoi_element_first(envoi_stanza_element(stanza));
	if (child == NULL && is_request) {
		return envoi__session_refuse(session, ENVOI_ERR_INVALID,
			"iq: a request has one payload, and this one has none");
	}
	return envoi_element_next(child) == NULL
		? ENVOI_OK
		: envoi__session_refuse(session, ENVOI_ERR_INVALID,
			  "iq: a request or result has one payload, and this one has more");
}

/* The address in its canonical form. */
int envoi__session_complete_address(
	struct envoi_session *session, const struct envoi_stanza *stanza)
{
	const char *to = envoi_stanza_to_text(stanza);
	if (to == NULL) {
		return ENVOI_OK;
	}
	const struct envoi_jid *jid = envoi_stanza_to(stanza);
	struct envoi_element *element = envoi_stanza_element(stanza);
	if (jid == NULL) {
		char why[128];
		int r = envoi_jid_check(to, strlen(to), why, sizeof(why));
		return r == ENVOI_ERR_INVALID
			? envoi__session_refuse(session, r, "%s: attribute to: \"%.128s\": %s",
				  envoi_element_name(element), to, why)
			: envoi__session_refuse(session, ENVOI_ERR_NOMEM, NULL);
	}
	if (strcmp(to, envoi_jid_text(jid)) != 0) {
		envoi_element_set(element, "to", envoi_jid_text(jid));
	}
	return ENVOI_OK;
}

/* XEP-0114, section 3: both addresses are required, and the sender is one of the own domain. A
 * server may end the stream otherwise. */
static int check_domain(struct envoi_session *session, const struct envoi_stanza *stanza)
{
	const struct envoi_jid *from = envoi_stanza_from(stanza);
	const char *name = envoi_element_name(envoi_stanza_element(stanza));
	if (envoi_stanza_to_text(stanza) == NULL) {
		return envoi__session_refuse(session, ENVOI_ERR_INVALID,
			"%s: a component's stanza needs the attribute to", name);
	}
	if (from == NULL || strcmp(envoi_jid_domain(from), envoi_session_domain(session)) != 0) {
		return envoi__session_refuse(session, ENVOI_ERR_INVALID,
			"%s: attribute from: %s%.100s%s", name, from != NULL ? "\"" : "",
			from != NULL ? envoi_jid_text(from) : "no address",
			from != NULL ? "\" is not of the component's domain" : "");
	}
	return ENVOI_OK;
}

/* Its peer is a server: on the receiving side stanzas have senders of all kinds. */
static bool is_client(const struct envoi_session *session)
{
	return session->component == NULL && session->sm.hook == NULL &&
		(session->stream == NULL || envoi_stream_role(session->stream) == ENVOI_INITIATOR);
}

static bool is_answer(const struct envoi_stanza *stanza)
{
	enum envoi_stanza_kind kind = envoi_stanza_kind(stanza);
	return kind == ENVOI_IQ_RESULT || kind == ENVOI_IQ_ERROR ||
		envoi_stanza_type(stanza) == ENVOI_TYPE_ERROR;
}

/* RFC 6120, section 8.1.2.1: the server adds the sender. A later session may have another resource,
 * and its server ends the stream for a sender that is not its own. Answers are not sent on a later
 * session. */
static void drop_own_sender(const struct envoi_session *session, const struct envoi_stanza *stanza)
{
	const struct envoi_jid *from = envoi_stanza_from(stanza);
	if (from != NULL && session->jid != NULL && is_client(session) && !is_answer(stanza) &&
		envoi_jid_equal(from, session->jid)) {
		envoi_element_set(envoi_stanza_element(stanza), "from", NULL);
	}
}

/* An id and a canonical address, where the stanza may be sent. */
int envoi__session_complete(struct envoi_session *session, struct envoi_stanza *stanza)
{
	struct envoi_element *element = envoi_stanza_element(stanza);
	int r = envoi_element_error(element);
	if (r < 0) {
		return envoi__session_refuse(session, r, "%s", envoi_element_problem(element));
	}
	r = check_payloads(session, stanza);
	if (r < 0) {
		return r;
	}
	if (needs_id(stanza)) {
		char id[ENVOI_ID_SIZE];
		r = envoi_id_make(session->context, id);
		if (r < 0) {
			return envoi__session_refuse(session, r, "no random number for an id");
		}
		envoi_element_set(element, "id", id);
	}
	drop_own_sender(session, stanza);
	r = envoi__session_complete_address(session, stanza);
	if (r == ENVOI_OK && session->component != NULL) {
		r = check_domain(session, stanza);
	}
	return r < 0 ? r : envoi_element_error(element);
}
