/*
 * envoi - SASL mechanisms on libgsasl: SCRAM, PLAIN, EXTERNAL
 * SPDX-License-Identifier: MIT
 */
/*
 * libgsasl makes and reads the messages. Kept out of its hands:
 * - which mechanism: it would suggest NTLM and wait for a Kerberos server;
 * - the derivation of SCRAM's keys: done here, within bounds, after a look at the count; so the
 *   password of a SCRAM login never enters libgsasl's memory, which it does not wipe;
 * - channel binding: it takes what it can get, and non-PLUS SCRAM fails when it gets one; it is
 *   given exactly the one chosen;
 * - the server's nonce: it accepts one to which the server has added nothing.
 */
#include <stdio.h>
#include <string.h>

#include <gsasl.h>
#include <unistr.h>

#include "crypto/sasl.h"
#include "crypto/scram.h"

enum {
	DEFAULT_MIN_ITERATIONS = 4096, /* RFC 7677, section 4 */
	DEFAULT_MAX_ITERATIONS = 200000,
	LONGEST_NONCE = 64, /* libgsasl's have 24 characters */
};

struct exchange {
	struct envoi_sasl_exchange base;
	Gsasl_session *session;
	bool is_scram;
	enum envoi__scram_hash hash;
	char *authcid, *authzid, *hostname;
	char *password; /* prepared for SCRAM; for PLAIN as given */
	char *tls_exporter, *tls_unique; /* base64, as libgsasl wants them */
	unsigned int min_iterations, max_iterations;
	int (*lookup)(void *user, const char *authcid, char **ret_password);
	void *lookup_user;
	unsigned int steps;
	char nonce[LONGEST_NONCE];
	size_t nonce_len;
	char *authenticated; /* receiver: prepared */
	int refusal; /* what a property callback found wrong; tells more than libgsasl's code */
};

static struct exchange *from_base(struct envoi_sasl_exchange *base)
{
	return ENVOI_CONTAINER_OF(base, struct exchange, base);
}

static int code_of(int gsasl_code)
{
	switch (gsasl_code) {
	case GSASL_OK:
		return ENVOI_OK;
	case GSASL_NEEDS_MORE:
		return ENVOI_AGAIN;
	case GSASL_MALLOC_ERROR:
		return ENVOI_ERR_NOMEM;
	case GSASL_CRYPTO_ERROR:
		return ENVOI_ERR_SYSTEM;
	case GSASL_MECHANISM_CALLED_TOO_MANY_TIMES:
	case GSASL_MECHANISM_PARSE_ERROR:
	case GSASL_BASE64_ERROR:
		return ENVOI_ERR_PROTOCOL;
	default:
		return ENVOI_ERR_AUTH;
	}
}

static void print_hex(char *text, const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		snprintf(text + 2 * i, 3, "%02x", data[i]);
	}
}

/* --- what libgsasl asks for --- */

static int give(Gsasl_session *session, Gsasl_property property, const char *value)
{
	return value == NULL ? GSASL_NO_CALLBACK : gsasl_property_set(session, property, value);
}

static int refuse(struct exchange *exchange, int why)
{
	exchange->refusal = why;
	return GSASL_AUTHENTICATION_ERROR;
}

/* Digits only, as libgsasl prints them. 0: not within the bounds. */
static unsigned int iterations_within_bounds(const struct exchange *exchange)
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

static int derive(struct exchange *exchange, const char *password, unsigned int iterations,
	struct envoi__scram_keys *keys)
{
	const char *salt64 = gsasl_property_fast(exchange->session, GSASL_SCRAM_SALT);
	char *salt;
	size_t len;
	int r = gsasl_base64_from(salt64, strlen(salt64), &salt, &len);
	if (r != GSASL_OK) {
		return code_of(r);
	}
	r = envoi__scram_derive(exchange->hash, password, salt, len, iterations, keys);
	gsasl_free(salt);
	return r;
}

/* RFC 5802, section 9: a count of a hostile server costs us time, or the user his password. */
static int give_salted_password(struct exchange *exchange)
{
	unsigned int iterations = iterations_within_bounds(exchange);
	if (iterations == 0) {
		return refuse(exchange, ENVOI_ERR_LIMIT);
	}
	struct envoi__scram_keys keys;
	int r = derive(exchange, exchange->password, iterations, &keys);
	if (r == ENVOI_OK) {
		char hex[2 * ENVOI__SCRAM_LARGEST_HASH + 1];
		print_hex(hex, keys.salted_password, envoi__scram_hash_size(exchange->hash));
		r = give(exchange->session, GSASL_SCRAM_SALTED_PASSWORD, hex);
		envoi__wipe(hex, sizeof(hex));
	} else {
		r = refuse(exchange, r);
	}
	envoi__wipe(&keys, sizeof(keys));
	return r;
}

/* RFC 4422, section 4.1: another identity than one's own is not granted. */
static bool may_act_as(const struct exchange *exchange, const char *authcid, const char *authzid)
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
	print_hex(text, secret, sizeof(secret));
	*ret_password = text;
	return ENVOI_OK;
}

/* The prepared secret of the user that the peer has named, if he may do what he wants. */
static int look_up_named(struct exchange *exchange, char **ret_password)
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
static int look_up(struct exchange *exchange, char **ret_password)
{
	int r = look_up_named(exchange, ret_password);
	return r == ENVOI_ERR_NOT_FOUND || r == ENVOI_ERR_INVALID
	               ? make_nobodys_password(exchange->base.context, ret_password)
	               : r;
}

static int give_key(struct exchange *exchange, Gsasl_property property, const void *key)
{
	char *text;
	int r = gsasl_base64_to(key, envoi__scram_hash_size(exchange->hash), &text, NULL);
	if (r != GSASL_OK) {
		return r;
	}
	r = gsasl_property_set(exchange->session, property, text);
	envoi__wipe(text, strlen(text));
	gsasl_free(text);
	return r;
}

static int give_server_keys(struct exchange *exchange)
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

static int give_iterations(struct exchange *exchange)
{
	char text[16];
	snprintf(text, sizeof(text), "%u", exchange->min_iterations);
	return give(exchange->session, GSASL_SCRAM_ITER, text);
}

/* PLAIN, receiving side: libgsasl has prepared both. */
static int validate_password(struct exchange *exchange)
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
static int validate_external(struct exchange *exchange)
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

static int answer_initiator(struct exchange *exchange, Gsasl_property property)
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

static int answer_receiver(struct exchange *exchange, Gsasl_property property)
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

static int on_property(Gsasl *gsasl, Gsasl_session *session, Gsasl_property property)
{
	(void)gsasl;
	struct exchange *exchange = session == NULL ? NULL : gsasl_session_hook_get(session);
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

/* --- steps --- */

static int remember_nonce(struct exchange *exchange, const char *first, size_t len)
{
	size_t nonce_len;
	const char *nonce = envoi__scram_client_nonce(first, len, &nonce_len);
	if (nonce == NULL || nonce_len == 0 || nonce_len > sizeof(exchange->nonce)) {
		return ENVOI_ERR_SYSTEM;
	}
	memcpy(exchange->nonce, nonce, nonce_len);
	exchange->nonce_len = nonce_len;
	return ENVOI_OK;
}

/* What libgsasl does not look at in messages of a server. */
static int check_from_receiver(const struct exchange *exchange, const char *in, size_t len)
{
	switch (exchange->steps) {
	case 0:
		return len == 0 ? ENVOI_OK : ENVOI_ERR_PROTOCOL;
	case 1:
		return in == NULL ? ENVOI_ERR_AUTH
		                  : envoi__scram_check_server_nonce(
					    in, len, exchange->nonce, exchange->nonce_len);
	default:
		/* The end without the server's proof, or its error (RFC 5802, section 7). */
		return in == NULL || (len >= 2 && memcmp(in, "e=", 2) == 0) ? ENVOI_ERR_AUTH
		                                                            : ENVOI_OK;
	}
}

/* Of a name of which SASLprep leaves nothing, libgsasl loses the memory. */
static int check_from_initiator(const struct exchange *exchange, const char *in, size_t len)
{
	if (!exchange->is_scram || exchange->steps > 0 || len == 0) {
		return ENVOI_OK;
	}
	struct envoi_context *context = exchange->base.context;
	size_t name_len;
	const char *name = envoi__scram_client_name(in, len, &name_len);
	if (name == NULL) {
		return ENVOI_ERR_PROTOCOL;
	}
	char *copy = envoi_strndup(context, name, name_len), *prepared = NULL;
	int r = copy == NULL ? ENVOI_ERR_NOMEM : envoi__saslprep(context, copy, &prepared);
	if (r == ENVOI_ERR_INVALID || (r == ENVOI_OK && *prepared == '\0')) {
		r = ENVOI_ERR_AUTH;
	}
	envoi_free(context, copy);
	envoi_free(context, prepared);
	return r;
}

static int exchange_step(struct envoi_sasl_exchange *base, const void *in, size_t len,
	struct envoi_buffer *out)
{
	struct exchange *exchange = from_base(base);
	int r = base->role == ENVOI_INITIATOR ? check_from_receiver(exchange, in, len)
	                                      : check_from_initiator(exchange, in, len);
	if (r < 0) {
		return r;
	}
	char *reply = NULL;
	size_t reply_len = 0;
	int code = gsasl_step(exchange->session, in, len, &reply, &reply_len);
	r = code_of(code);
	if (r < 0 && exchange->refusal != ENVOI_OK) {
		r = exchange->refusal;
	}
	if (r >= 0 && exchange->is_scram && base->role == ENVOI_INITIATOR && exchange->steps == 0) {
		int remembered = remember_nonce(exchange, reply, reply_len);
		r = remembered < 0 ? remembered : r;
	}
	if (r >= 0 && reply_len > 0) {
		int appended = envoi_buffer_append(out, reply, reply_len);
		r = appended < 0 ? appended : r;
	}
	if (reply != NULL) {
		envoi__wipe(reply, reply_len);
		gsasl_free(reply);
	}
	/* Asked again for a beginning, an initiator that has none yet is still at its first step. */
	if (base->role == ENVOI_INITIATOR || len > 0) {
		exchange->steps++;
	}
	return r;
}

static const char *exchange_authcid(struct envoi_sasl_exchange *base)
{
	return from_base(base)->authenticated;
}

/* libgsasl frees its properties as they are. */
static void wipe_property(Gsasl_session *session, Gsasl_property property)
{
	union {
		const char *given;
		char *ours;
	} value = {.given = gsasl_property_fast(session, property)};
	if (value.given != NULL) {
		envoi__wipe(value.ours, strlen(value.ours));
	}
}

static void exchange_destroy(struct envoi_sasl_exchange *base)
{
	struct exchange *exchange = from_base(base);
	struct envoi_context *context = base->context;
	if (exchange->session != NULL) {
		wipe_property(exchange->session, GSASL_PASSWORD);
		wipe_property(exchange->session, GSASL_SCRAM_SALTED_PASSWORD);
		wipe_property(exchange->session, GSASL_SCRAM_STOREDKEY);
		wipe_property(exchange->session, GSASL_SCRAM_SERVERKEY);
		gsasl_finish(exchange->session);
	}
	envoi__sasl_wipe_text(context, exchange->password);
	envoi_free(context, exchange->authcid);
	envoi_free(context, exchange->authzid);
	envoi_free(context, exchange->hostname);
	envoi_free(context, exchange->authenticated);
	gsasl_free(exchange->tls_exporter);
	gsasl_free(exchange->tls_unique);
	envoi_free(context, exchange);
}

static const struct envoi_sasl_exchange_impl exchange_impl = {
	.step = exchange_step,
	.authcid = exchange_authcid,
	.destroy = exchange_destroy,
};

/* --- beginning --- */

static int copy_text(struct envoi_context *context, char **ret_copy, const char *text)
{
	if (text == NULL) {
		return ENVOI_OK;
	}
	*ret_copy = envoi_strndup(context, text, strlen(text));
	return *ret_copy == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

static int take_identity(struct exchange *exchange, const struct envoi_sasl_parameters *parameters)
{
	struct envoi_context *context = exchange->base.context;
	int r = copy_text(context, &exchange->authzid, parameters->authzid);
	if (r == ENVOI_OK) {
		r = copy_text(context, &exchange->hostname, parameters->hostname);
	}
	if (r < 0 || parameters->authcid == NULL) {
		return r;
	}
	return envoi__saslprep(context, parameters->authcid, &exchange->authcid);
}

/* Whoever could not be prepared could not log in: better said before anything is sent. */
static int take_password(struct exchange *exchange, const struct envoi_sasl_parameters *parameters)
{
	struct envoi_context *context = exchange->base.context;
	const char *password = parameters->password;
	if (exchange->authcid == NULL || *exchange->authcid == '\0' || password == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (exchange->is_scram) {
		return envoi__saslprep(context, password, &exchange->password);
	}
	/* RFC 4616, section 2: the server prepares it. */
	if (u8_check((const uint8_t *)password, strlen(password)) != NULL) {
		return ENVOI_ERR_INVALID;
	}
	return copy_text(context, &exchange->password, password);
}

static int take_binding(struct exchange *exchange, const struct envoi_sasl_binding *binding)
{
	char **place = strcmp(binding->type, "tls-exporter") == 0 ? &exchange->tls_exporter
	               : strcmp(binding->type, "tls-unique") == 0 ? &exchange->tls_unique
	                                                          : NULL;
	/* Of no length: tls-unique where it does not exist. It would bind to nothing. */
	if (place == NULL || *place != NULL || binding->len == 0) {
		return ENVOI_ERR_INVALID;
	}
	int r = gsasl_base64_to(binding->data, binding->len, place, NULL);
	return r == GSASL_OK ? ENVOI_OK : ENVOI_ERR_NOMEM;
}

static int take_bindings(struct exchange *exchange, const struct envoi_sasl_parameters *parameters)
{
	bool is_plus = exchange->base.mechanism->bindings != NULL;
	if (parameters->role == ENVOI_INITIATOR && parameters->binding_count != (is_plus ? 1 : 0)) {
		return ENVOI_ERR_INVALID;
	}
	for (size_t i = 0; i < parameters->binding_count; i++) {
		int r = take_binding(exchange, &parameters->bindings[i]);
		/* The receiver tells all that it has; what libgsasl cannot carry is left out. */
		if (r < 0 && (r != ENVOI_ERR_INVALID || parameters->role == ENVOI_INITIATOR)) {
			return r;
		}
	}
	return ENVOI_OK;
}

static int start_session(struct exchange *exchange)
{
	struct envoi__sasl_part *part = envoi__sasl_part(exchange->base.context);
	if (part == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (part->gsasl == NULL) {
		Gsasl *gsasl;
		int r = gsasl_init(&gsasl);
		if (r != GSASL_OK) {
			return r == GSASL_MALLOC_ERROR ? ENVOI_ERR_NOMEM : ENVOI_ERR_SYSTEM;
		}
		gsasl_callback_set(gsasl, on_property);
		part->gsasl = gsasl;
	}
	const char *name = exchange->base.mechanism->name;
	int r = exchange->base.role == ENVOI_INITIATOR
	                ? gsasl_client_start(part->gsasl, name, &exchange->session)
	                : gsasl_server_start(part->gsasl, name, &exchange->session);
	if (r != GSASL_OK) {
		exchange->session = NULL;
		return r == GSASL_MALLOC_ERROR ? ENVOI_ERR_NOMEM : ENVOI_ERR_UNSUPPORTED;
	}
	gsasl_session_hook_set(exchange->session, exchange);
	return ENVOI_OK;
}

static int prepare(struct exchange *exchange, const struct envoi_sasl_parameters *parameters)
{
	int r = take_identity(exchange, parameters);
	if (r == ENVOI_OK && parameters->role == ENVOI_INITIATOR &&
		exchange->base.mechanism->means == ENVOI_SASL_PASSWORD) {
		r = take_password(exchange, parameters);
	}
	if (r == ENVOI_OK) {
		r = take_bindings(exchange, parameters);
	}
	return r < 0 ? r : start_session(exchange);
}

int envoi__sasl_gsasl_start(const struct envoi_sasl_mechanism *mechanism,
	struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_parameters *parameters)
{
	struct exchange *exchange = envoi_alloc_zeroed(context, sizeof(*exchange));
	if (exchange == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__sasl_exchange_init(
		&exchange->base, &exchange_impl, mechanism, context, parameters->role);
	unsigned int min = parameters->min_iterations, max = parameters->max_iterations;
	exchange->min_iterations = min != 0 ? min : DEFAULT_MIN_ITERATIONS;
	exchange->max_iterations = max != 0 ? max : DEFAULT_MAX_ITERATIONS;
	exchange->is_scram = strncmp(mechanism->name, "SCRAM-", 6) == 0;
	exchange->hash = strstr(mechanism->name, "-256") != NULL ? ENVOI__SCRAM_SHA_256
	                                                         : ENVOI__SCRAM_SHA_1;
	exchange->lookup = parameters->lookup;
	exchange->lookup_user = parameters->lookup_user;
	int r = prepare(exchange, parameters);
	if (r < 0) {
		envoi_sasl_free(&exchange->base);
		return r;
	}
	*ret_exchange = &exchange->base;
	return ENVOI_OK;
}

void envoi__sasl_gsasl_done(struct Gsasl *gsasl)
{
	if (gsasl != NULL) {
		gsasl_done(gsasl);
	}
}
