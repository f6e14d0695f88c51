/*
 * envoi - SASL mechanisms on libgsasl: what it asks for
 * SPDX-License-Identifier: MIT
 */
#include "sasl/sasl_gsasl.h"

#include <string.h>

static int give(Gsasl_session *session, Gsasl_property property, const char *value)
{
	return value == NULL ? GSASL_NO_CALLBACK : gsasl_property_set(session, property, value);
}

static int refuse(struct envoi__gsasl_exchange *exchange, int why)
{
	exchange->refusal = why;
	return GSASL_AUTHENTICATION_ERROR;
}

/* The prepared secret of the user that the peer has named, if he may do what he wants. */
static int look_up_named(struct envoi__gsasl_exchange *exchange, char **ret_password)
{
	struct envoi_context *context = exchange->base.context;
	const char *named = gsasl_property_fast(exchange->session, GSASL_AUTHID);
	const char *authzid = gsasl_property_fast(exchange->session, GSASL_AUTHZID);
	if (named == NULL || exchange->lookup == NULL ||
		!envoi__sasl_may_act_as(named, authzid, exchange->hostname)) {
		return ENVOI_ERR_NOT_FOUND;
	}
	int r = envoi__saslprep(context, named, &exchange->authenticated);
	if (r < 0) {
		return r;
	}
	char *found = NULL;
	r = exchange->lookup(exchange->lookup_user, exchange->authenticated, &found);
	if (r < 0) {
		return r;
	}
	r = envoi__saslprep(context, found, ret_password);
	envoi__sasl_wipe_text(context, found);
	return r;
}

/* Who cannot log in at all takes the same way, and the same time, as who has a wrong password. */
static int look_up(struct envoi__gsasl_exchange *exchange, char **ret_password)
{
	int r = look_up_named(exchange, ret_password);
	return r == ENVOI_ERR_NOT_FOUND || r == ENVOI_ERR_INVALID
		? envoi__sasl_nobodys_password(exchange->base.context, ret_password)
		: r;
}

/* PLAIN, receiving side: libgsasl has prepared both. */
static int validate_password(struct envoi__gsasl_exchange *exchange)
{
	char *password;
	int r = look_up(exchange, &password);
	if (r < 0) {
		return refuse(exchange, r);
	}
	const char *given = gsasl_property_fast(exchange->session, GSASL_PASSWORD);
	size_t len = strlen(password);
	bool right = given != NULL && strlen(given) == len &&
		envoi__equal_secret(given, password, len);
	envoi__sasl_wipe_text(exchange->base.context, password);
	return right ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
}

/* EXTERNAL, receiving side: an empty authzid means whom the certificate names (XEP-0178). */
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
	case GSASL_VALIDATE_SIMPLE:
		return validate_password(exchange);
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
