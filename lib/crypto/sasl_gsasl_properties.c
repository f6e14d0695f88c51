/*
 * envoi - SASL mechanisms on libgsasl: what it asks for
 * SPDX-License-Identifier: MIT
 */
#include "crypto/sasl_gsasl.h"

#include <stdio.h>
#include <string.h>

#include <envoi/values.h>

static int give(Gsasl_session *session, Gsasl_property property, const char *value)
{
	return value == NULL ? GSASL_NO_CALLBACK : gsasl_property_set(session, property, value);
}

static int refuse(struct envoi__gsasl_exchange *exchange, int why)
{
	exchange->refusal = why;
	return GSASL_AUTHENTICATION_ERROR;
}

/* Digits only, as libgsasl prints them. 0: not within the bounds. */
static unsigned int iterations_within_bounds(const struct envoi__gsasl_exchange *exchange)
{
	const char *text = gsasl_property_fast(exchange->session, GSASL_SCRAM_ITER);
	unsigned long value = 0;
	for (; text != NULL && *text >= '0' && *text <= '9'; text++) {
		value = value * 10 + (unsigned long)(*text - '0');
		if (value > exchange->max_iterations) {
			return 0;
		}
	}
	return value < exchange->min_iterations ? 0 : (unsigned int)value;
}

static int derive(struct envoi__gsasl_exchange *exchange, const char *password,
	unsigned int iterations, struct envoi__scram_keys *keys)
{
	const char *salt64 = gsasl_property_fast(exchange->session, GSASL_SCRAM_SALT);
	char *salt;
	size_t len;
	int r = gsasl_base64_from(salt64, strlen(salt64), &salt, &len);
	if (r != GSASL_OK) {
		return envoi__gsasl_code(r);
	}
	r = envoi__scram_derive(exchange->hash, password, salt, len, iterations, keys);
	gsasl_free(salt);
	return r;
}

/* RFC 5802, section 9: a count of a hostile server costs us time, or the user his password. */
static int give_salted_password(struct envoi__gsasl_exchange *exchange)
{
	unsigned int iterations = iterations_within_bounds(exchange);
	if (iterations == 0) {
		return refuse(exchange, ENVOI_ERR_LIMIT);
	}
	struct envoi__scram_keys keys;
	int r = derive(exchange, exchange->password, iterations, &keys);
	if (r == ENVOI_OK) {
		char hex[2 * ENVOI__SCRAM_LARGEST_HASH + 1];
		envoi_hex_encode(
			hex, keys.salted_password, envoi__scram_hash_size(exchange->hash));
		r = give(exchange->session, GSASL_SCRAM_SALTED_PASSWORD, hex);
		envoi__wipe(hex, sizeof(hex));
	} else {
		r = refuse(exchange, r);
	}
	envoi__wipe(&keys, sizeof(keys));
	return r;
}

/* RFC 4422, section 4.1: another identity than one's own is not granted. */
static bool may_act_as(const struct envoi__gsasl_exchange *exchange, const char *authcid,
	const char *authzid)
{
	if (authzid == NULL || *authzid == '\0' || strcmp(authzid, authcid) == 0) {
		return true;
	}
	size_t len = strlen(authcid);
	return exchange->hostname != NULL && strncmp(authzid, authcid, len) == 0 &&
	       authzid[len] == '@' && strcmp(authzid + len + 1, exchange->hostname) == 0;
}

/* A secret that nobody knows. */
static int make_nobodys_password(struct envoi_context *context, char **ret_password)
{
	unsigned char secret[16];
	int r = envoi_context_random(context, secret, sizeof(secret));
	if (r < 0) {
		return r;
	}
	char *text = envoi_alloc(context, 2 * sizeof(secret) + 1);
	if (text == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_hex_encode(text, secret, sizeof(secret));
	*ret_password = text;
	return ENVOI_OK;
}

/* The prepared secret of the user that the peer has named, if he may do what he wants. */
static int look_up_named(struct envoi__gsasl_exchange *exchange, char **ret_password)
{
	struct envoi_context *context = exchange->base.context;
	const char *named = gsasl_property_fast(exchange->session, GSASL_AUTHID);
	const char *authzid = gsasl_property_fast(exchange->session, GSASL_AUTHZID);
	if (named == NULL || exchange->lookup == NULL || !may_act_as(exchange, named, authzid)) {
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
	               ? make_nobodys_password(exchange->base.context, ret_password)
	               : r;
}

static int give_key(struct envoi__gsasl_exchange *exchange,
	Gsasl_property property, const void *key)
{
	char text[2 * ENVOI__SCRAM_LARGEST_HASH];
	envoi_base64_encode(text, key, envoi__scram_hash_size(exchange->hash));
	int r = gsasl_property_set(exchange->session, property, text);
	envoi__wipe(text, sizeof(text));
	return r;
}

static int give_server_keys(struct envoi__gsasl_exchange *exchange)
{
	char *password;
	int r = look_up(exchange, &password);
	if (r < 0) {
		return refuse(exchange, r);
	}
	struct envoi__scram_keys keys;
	r = derive(exchange, password, exchange->min_iterations, &keys);
	if (r == ENVOI_OK) {
		r = envoi__scram_expand(exchange->hash, &keys);
	}
	envoi__sasl_wipe_text(exchange->base.context, password);
	if (r < 0) {
		envoi__wipe(&keys, sizeof(keys));
		return refuse(exchange, r);
	}
	r = give_key(exchange, GSASL_SCRAM_SERVERKEY, keys.server_key);
	if (r == GSASL_OK) {
		r = give_key(exchange, GSASL_SCRAM_STOREDKEY, keys.stored_key);
	}
	envoi__wipe(&keys, sizeof(keys));
	return r;
}

static int give_iterations(struct envoi__gsasl_exchange *exchange)
{
	char text[16];
	snprintf(text, sizeof(text), "%u", exchange->min_iterations);
	return give(exchange->session, GSASL_SCRAM_ITER, text);
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
	if (exchange->authcid == NULL || !may_act_as(exchange, exchange->authcid, authzid)) {
		return GSASL_AUTHENTICATION_ERROR;
	}
	exchange->authenticated =
		envoi_strndup(context, exchange->authcid, strlen(exchange->authcid));
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
	case GSASL_PASSWORD: /* asked for by SCRAM only after a refusal */
		return exchange->is_scram ? GSASL_NO_CALLBACK
		                          : give(session, property, exchange->password);
	case GSASL_SCRAM_SALTED_PASSWORD:
		return give_salted_password(exchange);
	default:
		return GSASL_NO_CALLBACK;
	}
}

static int answer_receiver(struct envoi__gsasl_exchange *exchange, Gsasl_property property)
{
	switch (property) {
	case GSASL_SCRAM_ITER:
		return give_iterations(exchange);
	case GSASL_SCRAM_SERVERKEY:
		return give_server_keys(exchange);
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
	struct envoi__gsasl_exchange *exchange =
		session == NULL ? NULL : gsasl_session_hook_get(session);
	if (exchange == NULL) {
		return GSASL_NO_CALLBACK;
	}
	switch (property) {
	case GSASL_CB_TLS_EXPORTER:
		return give(session, property, exchange->tls_exporter);
	case GSASL_CB_TLS_UNIQUE:
		return give(session, property, exchange->tls_unique);
	default:
		return exchange->base.role == ENVOI_INITIATOR
		               ? answer_initiator(exchange, property)
		               : answer_receiver(exchange, property);
	}
}
