/*
 * envoi - SASL mechanisms on libgsasl, initiating side: EXTERNAL, and those that are used only when
 * named
 * SPDX-License-Identifier: MIT
 */
/*
 * libgsasl writes and reads the messages. It does not choose the mechanism: it would suggest NTLM,
 * and block on a Kerberos server.
 */
#include "sasl/sasl_gsasl.h"
#include "base/context.h"

#include <string.h>

#include <unistr.h>

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

static int exchange_step(
	struct envoi_sasl_exchange *base, const void *in, size_t len, struct envoi_buffer *out)
{
	struct envoi__gsasl_exchange *exchange = from_base(base);
	if (base->mechanism->client_first && !exchange->has_begun && len > 0) {
		return ENVOI_ERR_PROTOCOL;
	}
	exchange->has_begun = true;
	char *reply = NULL;
	size_t reply_len = 0;
	int code = gsasl_step(exchange->session, in, len, &reply, &reply_len);
	int r = envoi__gsasl_code(code);
	if (r >= 0 && reply_len > 0) {
		int appended = envoi_buffer_append(out, reply, reply_len);
		r = appended < 0 ? appended : r;
	}
	if (reply != NULL) {
		envoi__wipe(reply, reply_len);
		gsasl_free(reply);
	}
	return r;
}

static const char *exchange_authcid(struct envoi_sasl_exchange *base)
{
	(void)base;
	return NULL;
}

/* libgsasl frees its properties without wiping them. */
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
		gsasl_finish(exchange->session);
	}
	envoi__free_secret(context, exchange->password);
	envoi_free(context, exchange->authcid);
	envoi_free(context, exchange->authzid);
	envoi_free(context, exchange->hostname);
	envoi_free(context, exchange);
}

static const struct envoi_sasl_exchange_impl exchange_impl = {
	.step = exchange_step,
	.authcid = exchange_authcid,
	.destroy = exchange_destroy,
};

/* --- beginning --- */

static int take_identity(
	struct envoi__gsasl_exchange *exchange, const struct envoi_sasl_parameters *parameters)
{
	struct envoi_context *context = exchange->base.context;
	int r = envoi__sasl_copy_text(context, &exchange->authzid, parameters->authzid);
	if (r == ENVOI_OK) {
		r = envoi__sasl_copy_text(context, &exchange->hostname, parameters->hostname);
	}
	if (r < 0 || parameters->authcid == NULL) {
		return r;
	}
	return envoi__sasl_prepare_name(context, parameters->authcid, &exchange->authcid);
}

/* A name that cannot be prepared cannot log in: refused before anything is sent. */
static int take_password(
	struct envoi__gsasl_exchange *exchange, const struct envoi_sasl_parameters *parameters)
{
	struct envoi_context *context = exchange->base.context;
	const char *password = parameters->password;
	if (exchange->authcid == NULL || *exchange->authcid == '\0' || password == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (u8_check((const uint8_t *)password, strlen(password)) != NULL) {
		return ENVOI_ERR_INVALID;
	}
	return envoi__sasl_copy_text(context, &exchange->password, password);
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
	int r = gsasl_client_start(part->gsasl, name, &exchange->session);
	if (r != GSASL_OK) {
		exchange->session = NULL;
		return r == GSASL_MALLOC_ERROR ? ENVOI_ERR_NOMEM : ENVOI_ERR_UNSUPPORTED;
	}
	gsasl_session_hook_set(exchange->session, exchange);
	return ENVOI_OK;
}

static int prepare(
	struct envoi__gsasl_exchange *exchange, const struct envoi_sasl_parameters *parameters)
{
	int r = take_identity(exchange, parameters);
	if (r == ENVOI_OK && exchange->base.mechanism->means == ENVOI_SASL_PASSWORD) {
		r = take_password(exchange, parameters);
	}
	return r < 0 ? r : start_session(exchange);
}

int envoi__sasl_gsasl_start(const struct envoi_sasl_mechanism *mechanism,
	struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_parameters *parameters)
{
	if (parameters->role != ENVOI_INITIATOR) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	struct envoi__gsasl_exchange *exchange = envoi_alloc_zeroed(context, sizeof(*exchange));
	if (exchange == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__sasl_exchange_init(
		&exchange->base, &exchange_impl, mechanism, context, parameters->role);
	int r = prepare(exchange, parameters);
	if (r < 0) {
		envoi_sasl_free(&exchange->base);
		return r;
	}
	*ret_exchange = &exchange->base;
	return ENVOI_OK;
}
