/*
 * envoi - SASL ANONYMOUS (RFC 4505)
 * SPDX-License-Identifier: MIT
 */
/* Not libgsasl's, which insists on trace information where the RFC lets a client send nothing. */
#include <unistr.h>

#include "sasl/sasl.h"

enum {
	LONGEST_TRACE = 255 * 4, /* characters, in bytes (RFC 4505, section 2) */
};

static int initiator_step(
	struct envoi_sasl_exchange *exchange, const void *in, size_t len, struct envoi_buffer *out)
{
	(void)exchange, (void)in, (void)out;
	return len == 0 ? ENVOI_OK : ENVOI_ERR_PROTOCOL;
}

static int receiver_step(
	struct envoi_sasl_exchange *exchange, const void *in, size_t len, struct envoi_buffer *out)
{
	(void)exchange, (void)out;
	if (in == NULL) {
		return ENVOI_AGAIN;
	}
	return len <= LONGEST_TRACE && u8_check(in, len) == NULL ? ENVOI_OK : ENVOI_ERR_PROTOCOL;
}

static const char *authcid(struct envoi_sasl_exchange *exchange)
{
	(void)exchange;
	return NULL;
}

static void destroy(struct envoi_sasl_exchange *exchange)
{
	envoi_free(exchange->context, exchange);
}

static const struct envoi_sasl_exchange_impl initiator_impl = {
	.step = initiator_step,
	.authcid = authcid,
	.destroy = destroy,
};

static const struct envoi_sasl_exchange_impl receiver_impl = {
	.step = receiver_step,
	.authcid = authcid,
	.destroy = destroy,
};

int envoi__sasl_anonymous_start(const struct envoi_sasl_mechanism *mechanism,
	struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_parameters *parameters)
{
	struct envoi_sasl_exchange *exchange = envoi_alloc(context, sizeof(*exchange));
	if (exchange == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__sasl_exchange_init(exchange,
		parameters->role == ENVOI_INITIATOR ? &initiator_impl : &receiver_impl, mechanism,
		context, parameters->role);
	*ret_exchange = exchange;
	return ENVOI_OK;
}
