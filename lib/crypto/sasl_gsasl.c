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
#include "crypto/sasl_gsasl.h"

#include <string.h>

#include <unistr.h>

enum {
	DEFAULT_MIN_ITERATIONS = 4096, /* RFC 7677, section 4 */
	DEFAULT_MAX_ITERATIONS = 200000,
};

static struct envoi__gsasl_exchange *from_base(struct envoi_sasl_exchange *base)
{
	return ENVOI_CONTAINER_OF(base, struct envoi__gsasl_exchange, base);
}

int envoi__gsasl_code(int gsasl_code)
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

static int remember_nonce(struct envoi__gsasl_exchange *exchange,
	const char *first, size_t len)
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
static int check_from_receiver(const struct envoi__gsasl_exchange *exchange,
	const char *in, size_t len)
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
static int check_from_initiator(const struct envoi__gsasl_exchange *exchange,
	const char *in, size_t len)
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
	struct envoi__gsasl_exchange *exchange = from_base(base);
	int r = base->role == ENVOI_INITIATOR ? check_from_receiver(exchange, in, len)
	                                      : check_from_initiator(exchange, in, len);
	if (r < 0) {
		return r;
	}
	char *reply = NULL;
	size_t reply_len = 0;
	int code = gsasl_step(exchange->session, in, len, &reply, &reply_len);
	r = envoi__gsasl_code(code);
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
	struct envoi__gsasl_exchange *exchange = from_base(base);
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

static int take_identity(struct envoi__gsasl_exchange *exchange,
	const struct envoi_sasl_parameters *parameters)
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
static int take_password(struct envoi__gsasl_exchange *exchange,
	const struct envoi_sasl_parameters *parameters)
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

static int take_binding(struct envoi__gsasl_exchange *exchange,
	const struct envoi_sasl_binding *binding)
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

static int take_bindings(struct envoi__gsasl_exchange *exchange,
	const struct envoi_sasl_parameters *parameters)
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

static int start_session(struct envoi__gsasl_exchange *exchange)
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
		gsasl_callback_set(gsasl, envoi__gsasl_on_property);
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

static int prepare(struct envoi__gsasl_exchange *exchange,
	const struct envoi_sasl_parameters *parameters)
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
	struct envoi__gsasl_exchange *exchange = envoi_alloc_zeroed(context, sizeof(*exchange));
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
