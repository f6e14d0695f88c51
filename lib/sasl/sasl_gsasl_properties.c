/*
 * envoi - SASL mechanisms on libgsasl: its properties
 * SPDX-License-Identifier: MIT
 */
#include "sasl/sasl_gsasl.h"

#include <string.h>

static int give(Gsasl_session *session, Gsasl_property property, const char *value)
{
	return value == NULL ? GSASL_NO_CALLBACK : gsasl_property_set(session, property, value);
}

/* EXTERNAL, receiving side: an empty authzid means the user of the certificate (XEP-0178). */
static int validate_external(struct envoi__gsasl_exchange *exchange)
{
	const char *authzid = gsasl_property_fast(exchange->session, GSASL_AUTHZID);
	struct envoi_context *context = exchange->base.context;
	if (exchange->authcid == NULL ||
		!envoi__sasl_may_act_as(exchange->authcid, authzid, exchange->hostname)) {
		return GSASL_AUTHENTICATION_ERROR;
	}
	exchange->authenticated = envoi_strndup(
		context, exchange->authcid, strlen(exchange->authcid));
	return exchange->authenticated == NULL ? GSASL_MALLOC_ERROR : GSASL_OK;
}

static int answer_initiator(struct envoi__gsasl_exchange *exchange, Gsasl_property property)
{
	Gsasl_session *session = exchange->session;
	switch (property) {
	case GSASL_AUTHID:
		return give(session, property, exchange->authcid);
	case GSASL_AUTHZID:
		return give(session, property, exchange->authzid);
	case GSASL_PASSWORD:
		return give(session, property, exchange->password);
	case GSASL_SERVICE:
		return give(session, property, "xmpp"); /* RFC 6120, section 6.6 */
	case GSASL_HOSTNAME:
		return give(session, property, exchange->hostname);
	default:
		return GSASL_NO_CALLBACK;
	}
}

static int answer_receiver(struct envoi__gsasl_exchange *exchange, Gsasl_property property)
{
	switch (property) {
	case GSASL_VALIDATE_EXTERNAL:
		return validate_external(exchange);
	default:
		return GSASL_NO_CALLBACK;
	}
}

int envoi__gsasl_on_property(Gsasl *gsasl, Gsasl_session *session, Gsasl_property property)
{
	(void)gsasl;
	struct envoi__gsasl_exchange *exchange = session == NULL ? NULL
								 : gsasl_session_hook_get(session);
	if (exchange == NULL) {
		return GSASL_NO_CALLBACK;
	}
	return exchange->base.role == ENVOI_INITIATOR ? answer_initiator(exchange, property)
						      : answer_receiver(exchange, property);
}
