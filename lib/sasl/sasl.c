/*
 * envoi - SASL: exchanges, and the part of the context
 * SPDX-License-Identifier: MIT
 */
#include "sasl/sasl.h"

#include <string.h>

#include <gsasl.h>

enum {
	LONGEST_NAME = 20, /* RFC 4422, section 3.1 */
};

/* --- the part of the context --- */

static void part_destroy(struct envoi__part *base)
{
	struct envoi__sasl_part *part = ENVOI_CONTAINER_OF(base, struct envoi__sasl_part, base);
	if (part->gsasl != NULL) {
		gsasl_done(part->gsasl);
	}
	envoi_free(part->context, part->added);
	envoi_free(part->context, part);
}

struct envoi__sasl_part *envoi__sasl_part(struct envoi_context *context)
{
	struct envoi__part *base = context->parts[ENVOI__PART_SASL];
	if (base == NULL) {
		struct envoi__sasl_part *part = envoi_alloc_zeroed(context, sizeof(*part));
		if (part == NULL) {
			return NULL;
		}
		part->base.destroy = part_destroy;
		part->context = context;
		context->parts[ENVOI__PART_SASL] = base = &part->base;
	}
	return ENVOI_CONTAINER_OF(base, struct envoi__sasl_part, base);
}

/* --- shared by the mechanisms --- */

bool envoi__sasl_name_is_valid(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	if (name == NULL) {
		return false;
	}
	size_t len = strspn(name, allowed);
	return len > 0 && len <= LONGEST_NAME && name[len] == '\0';
}

int envoi__sasl_copy_text(struct envoi_context *context, char **ret_copy, const char *text)
{
	if (text == NULL) {
		return ENVOI_OK;
	}
	*ret_copy = envoi_strndup(context, text, strlen(text));
	return *ret_copy == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

/* --- exchanges --- */

void envoi__sasl_exchange_init(struct envoi_sasl_exchange *exchange,
	const struct envoi_sasl_exchange_impl *impl, const struct envoi_sasl_mechanism *mechanism,
	struct envoi_context *context, enum envoi_role role)
{
	*exchange = (struct envoi_sasl_exchange){
		.impl = impl,
		.mechanism = mechanism,
		.context = envoi_context_ref(context),
		.role = role,
		.ended = ENVOI_AGAIN,
	};
}

int envoi_sasl_start(struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_mechanism *mechanism,
	const struct envoi_sasl_parameters *parameters)
{
	return mechanism->start(mechanism, ret_exchange, context, parameters);
}

static bool goes_on(const struct envoi_sasl_exchange *exchange)
{
	return exchange->ended > 0;
}

int envoi_sasl_step(
	struct envoi_sasl_exchange *exchange, const void *in, size_t len, struct envoi_buffer *out)
{
	if (!goes_on(exchange)) {
		return ENVOI_ERR_STATE;
	}
	size_t before = envoi_buffer_len(out);
	exchange->ended = exchange->impl->step(exchange, in, len, out);
	if (exchange->ended < 0) {
		envoi_buffer_truncate(out, before);
	}
	return exchange->ended;
}

int envoi_sasl_give_password(struct envoi_sasl_exchange *exchange, const char *password)
{
	return exchange->ended == ENVOI_SASL_NEEDS_PASSWORD && exchange->impl->give_password != NULL
		? exchange->impl->give_password(exchange, password)
		: ENVOI_ERR_STATE;
}

int envoi_sasl_give_account(
	struct envoi_sasl_exchange *exchange, const struct envoi_sasl_account *account)
{
	return exchange->ended == ENVOI_SASL_NEEDS_ACCOUNT && exchange->impl->give_account != NULL
		? exchange->impl->give_account(exchange, account)
		: ENVOI_ERR_STATE;
}

const char *envoi_sasl_problem(const struct envoi_sasl_exchange *exchange)
{
	return exchange->impl->problem != NULL ? exchange->impl->problem(exchange) : NULL;
}

int envoi_sasl_get_keys(
	const struct envoi_sasl_exchange *exchange, struct envoi_sasl_keys *ret_keys)
{
	if (exchange->ended != ENVOI_OK || exchange->role != ENVOI_INITIATOR) {
		return ENVOI_ERR_STATE;
	}
	return exchange->impl->get_keys != NULL ? exchange->impl->get_keys(exchange, ret_keys)
						: ENVOI_ERR_NOT_FOUND;
}

const char *envoi_sasl_authcid(struct envoi_sasl_exchange *exchange)
{
	return exchange->ended == ENVOI_OK || exchange->ended == ENVOI_SASL_NEEDS_ACCOUNT
		? exchange->impl->authcid(exchange)
		: NULL;
}

void envoi_sasl_free(struct envoi_sasl_exchange *exchange)
{
	if (exchange != NULL) {
		struct envoi_context *context = exchange->context;
		exchange->impl->destroy(exchange);
		envoi_context_unref(context);
	}
}
