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

static int answer(struct envoi__gsasl_exchange *exchange, Gsasl_property property)
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

int envoi__gsasl_on_property(Gsasl *gsasl, Gsasl_session *session, Gsasl_property property)
{
	(void)gsasl;
	struct envoi__gsasl_exchange *exchange = session == NULL ? NULL
								 : gsasl_session_hook_get(session);
	return exchange == NULL ? GSASL_NO_CALLBACK : answer(exchange, property);
}
