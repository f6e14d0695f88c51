/*
 * envoi - SCRAM as a SASL mechanism (RFC 5802, RFC 7677)
 * SPDX-License-Identifier: MIT
 */
/*
 * Not libgsasl's, which has no SHA-512, no tls-server-end-point and no flag "y", takes its nonces
 * from the system, so that a session cannot be replayed, and does not wipe its keys.
 */
#include "sasl/sasl_scram.h"

#include <string.h>

#include <envoi/values.h>

#include "base/context.h"
#include "sasl/sasl_downgrade.h"

enum {
	DEFAULT_MIN_ITERATIONS = 4096, /* RFC 7677, section 4 */
	DEFAULT_MAX_ITERATIONS = 1000000,
};

static struct envoi__scram_exchange *from_base(const struct envoi_sasl_exchange *base)
{
	union {
		const struct envoi_sasl_exchange *given;
		struct envoi_sasl_exchange *ours;
	} pointer = {.given = base};
	return ENVOI_CONTAINER_OF(pointer.ours, struct envoi__scram_exchange, base);
}

static const char *exchange_authcid(struct envoi_sasl_exchange *base)
{
	const struct envoi__scram_exchange *exchange = from_base(base);
	return base->role != ENVOI_RECEIVER ? NULL
		: exchange->has_bad_name    ? ""
					    : exchange->authcid;
}

static const char *exchange_problem(const struct envoi_sasl_exchange *base)
{
	return from_base(base)->problem;
}

static int set_password(struct envoi__scram_exchange *exchange, const char *password)
{
	char *prepared;
	int r = envoi__sasl_prepare_password(exchange->base.context, password, &prepared);
	if (r == ENVOI_OK) {
		envoi__free_secret(exchange->base.context, exchange->password);
		exchange->password = prepared;
	}
	return r;
}

static int exchange_give_password(struct envoi_sasl_exchange *base, const char *password)
{
	struct envoi__scram_exchange *exchange = from_base(base);
	return exchange->stage != ENVOI__SCRAM_PASSWORD ? ENVOI_ERR_STATE
							: set_password(exchange, password);
}

static int exchange_get_keys(
	const struct envoi_sasl_exchange *base, struct envoi_sasl_keys *ret_keys)
{
	const struct envoi__scram_exchange *exchange = from_base(base);
	*ret_keys = (struct envoi_sasl_keys){
		.mechanism = envoi__scram_mechanism_name(exchange->hash),
		.authcid = exchange->authcid,
		.salt = exchange->salt,
		.salt_len = exchange->salt_len,
		.iterations = exchange->iterations,
		.client_key = exchange->keys.client_key,
		.server_key = exchange->keys.server_key,
		.key_len = envoi__scram_hash_size(exchange->hash),
		.password_tag = exchange->has_tag ? exchange->tag : NULL,
	};
	return ENVOI_OK;
}

static void free_bindings(struct envoi__scram_exchange *exchange)
{
	struct envoi_context *context = exchange->base.context;
	for (size_t i = 0; i < exchange->binding_count; i++) {
		union {
			const void *given;
			void *ours;
		} data = {.given = exchange->bindings[i].data},
		  type = {.given = exchange->bindings[i].type};
		envoi_free(context, data.ours);
		envoi_free(context, type.ours);
	}
	envoi_free(context, exchange->bindings);
}

static void exchange_destroy(struct envoi_sasl_exchange *base)
{
	struct envoi__scram_exchange *exchange = from_base(base);
	struct envoi_context *context = base->context;
	envoi__scram_derivation_finish(&exchange->derivation);
	envoi__wipe(&exchange->keys, sizeof(exchange->keys));
	envoi__wipe(exchange->tag, sizeof(exchange->tag));
	envoi__free_secret(context, exchange->password);
	envoi_free(context, exchange->authcid);
	envoi_free(context, exchange->authzid);
	envoi_free(context, exchange->hostname);
	envoi_free(context, exchange->offer_hash);
	envoi_free(context, exchange->offer_words);
	envoi_free(context, exchange->salt);
	free_bindings(exchange);
	envoi_buffer_finish(&exchange->full_nonce);
	envoi_buffer_finish(&exchange->auth_message);
	envoi_buffer_finish(&exchange->cbind_input);
	envoi_free(context, exchange);
}

static const struct envoi_sasl_exchange_impl initiator_impl = {
	.step = envoi__scram_initiator_step,
	.authcid = exchange_authcid,
	.give_password = exchange_give_password,
	.problem = exchange_problem,
	.get_keys = exchange_get_keys,
	.destroy = exchange_destroy,
};

static const struct envoi_sasl_exchange_impl receiver_impl = {
	.step = envoi__scram_receiver_step,
	.authcid = exchange_authcid,
	.give_account = envoi__scram_receiver_give_account,
	.problem = exchange_problem,
	.destroy = exchange_destroy,
};

/* --- beginning --- */

static int copy_bytes(
	struct envoi_context *context, unsigned char **ret_copy, const void *data, size_t len)
{
	*ret_copy = envoi_alloc(context, len > 0 ? len : 1);
	if (*ret_copy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	memcpy(*ret_copy, data, len);
	return ENVOI_OK;
}

/* tls-unique is empty where the connection has none: an empty binding binds to nothing. */
static int take_bindings(
	struct envoi__scram_exchange *exchange, const struct envoi_sasl_parameters *parameters)
{
	struct envoi_context *context = exchange->base.context;
	size_t count = parameters->binding_count;
	if (parameters->role == ENVOI_INITIATOR && count != (exchange->is_plus ? 1 : 0)) {
		return ENVOI_ERR_INVALID;
	}
	if (count == 0) {
		return ENVOI_OK;
	}
	exchange->bindings = envoi_alloc_zeroed(context, count * sizeof(exchange->bindings[0]));
	if (exchange->bindings == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		const struct envoi_sasl_binding *binding = &parameters->bindings[i];
		if (binding->len == 0) {
			return ENVOI_ERR_INVALID;
		}
		char *type = NULL;
		unsigned char *data = NULL;
		int r = envoi__sasl_copy_text(context, &type, binding->type);
		if (r == ENVOI_OK) {
			r = copy_bytes(context, &data, binding->data, binding->len);
		}
		if (r < 0) {
			envoi_free(context, type);
			return r;
		}
		exchange->bindings[exchange->binding_count++] = (struct envoi_sasl_binding){
			type, data, binding->len};
	}
	return ENVOI_OK;
}

/* A name or password that cannot be prepared cannot log in: refused before anything is sent. */
static int take_identity(
	struct envoi__scram_exchange *exchange, const struct envoi_sasl_parameters *parameters)
{
	struct envoi_context *context = exchange->base.context;
	int r = envoi__sasl_copy_text(context, &exchange->hostname, parameters->hostname);
	if (r < 0 || parameters->role == ENVOI_RECEIVER) {
		return r;
	}
	r = envoi__sasl_copy_text(context, &exchange->authzid, parameters->authzid);
	if (r == ENVOI_OK && parameters->authcid == NULL) {
		r = ENVOI_ERR_INVALID;
	}
	if (r == ENVOI_OK) {
		r = envoi__sasl_prepare_name(context, parameters->authcid, &exchange->authcid);
	}
	if (r == ENVOI_OK && *exchange->authcid == '\0') {
		r = ENVOI_ERR_INVALID;
	}
	if (r == ENVOI_OK && parameters->password != NULL) {
		r = set_password(exchange, parameters->password);
	}
	return r;
}

static bool keys_are_for(
	const struct envoi__scram_exchange *exchange, const struct envoi_sasl_keys *keys)
{
	return keys != NULL && exchange->authcid != NULL &&
		strcmp(keys->mechanism, envoi__scram_mechanism_name(exchange->hash)) == 0 &&
		strcmp(keys->authcid, exchange->authcid) == 0 &&
		keys->key_len == envoi__scram_hash_size(exchange->hash);
}

static int take_keys(struct envoi__scram_exchange *exchange, const struct envoi_sasl_keys *keys)
{
	if (!keys_are_for(exchange, keys)) {
		return ENVOI_OK;
	}
	memcpy(exchange->keys.client_key, keys->client_key, keys->key_len);
	memcpy(exchange->keys.server_key, keys->server_key, keys->key_len);
	exchange->has_tag = keys->password_tag != NULL;
	if (exchange->has_tag) {
		memcpy(exchange->tag, keys->password_tag, keys->key_len);
	}
	exchange->iterations = keys->iterations;
	exchange->salt_len = keys->salt_len;
	int r = copy_bytes(exchange->base.context, &exchange->salt, keys->salt, keys->salt_len);
	if (r == ENVOI_OK) {
		r = envoi__scram_store(exchange->hash, &exchange->keys);
	}
	exchange->has_keys = r == ENVOI_OK;
	return r;
}

static int take_offer(struct envoi__scram_exchange *exchange, const struct envoi_sasl_offer *offer)
{
	char words[ENVOI__SASL_OFFER_WORDS];
	if (offer == NULL) {
		return ENVOI_OK;
	}
	if (exchange->needs_offer_hash) {
		envoi__sasl_describe_offer(words, sizeof(words), offer);
		int r = envoi__sasl_copy_text(
			exchange->base.context, &exchange->offer_words, words);
		if (r < 0) {
			return r;
		}
	}
	return envoi__sasl_offer_hash(
		&exchange->offer_hash, exchange->base.context, exchange->hash, offer);
}

static int make_nonce(struct envoi__scram_exchange *exchange)
{
	unsigned char bytes[ENVOI__SCRAM_NONCE_BYTES];
	int r = envoi_context_random(exchange->base.context, bytes, sizeof(bytes));
	if (r == ENVOI_OK) {
		envoi_base64_encode(exchange->nonce, bytes, sizeof(bytes));
	}
	return r;
}

static int prepare(
	struct envoi__scram_exchange *exchange, const struct envoi_sasl_parameters *parameters)
{
	int r = envoi__scram_exchange_take_name(exchange, exchange->base.mechanism->name);
	if (r == ENVOI_OK) {
		r = take_bindings(exchange, parameters);
	}
	if (r == ENVOI_OK) {
		r = take_identity(exchange, parameters);
	}
	if (r == ENVOI_OK) {
		r = take_keys(exchange, parameters->keys);
	}
	if (r == ENVOI_OK) {
		r = take_offer(exchange, parameters->offer);
	}
	return r == ENVOI_OK ? make_nonce(exchange) : r;
}

int envoi__sasl_scram_start(const struct envoi_sasl_mechanism *mechanism,
	struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_parameters *parameters)
{
	struct envoi__scram_exchange *exchange = envoi_alloc_zeroed(context, sizeof(*exchange));
	if (exchange == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__sasl_exchange_init(&exchange->base,
		parameters->role == ENVOI_INITIATOR ? &initiator_impl : &receiver_impl, mechanism,
		context, parameters->role);
	unsigned int min = parameters->min_iterations, max = parameters->max_iterations;
	exchange->min_iterations = min != 0 ? min : DEFAULT_MIN_ITERATIONS;
	exchange->max_iterations = max != 0 ? max : DEFAULT_MAX_ITERATIONS;
	exchange->could_bind = parameters->could_bind;
	exchange->needs_offer_hash = parameters->needs_offer_hash;
	exchange->decoys = parameters->decoys;
	envoi_buffer_init(&exchange->full_nonce, context, 0);
	envoi_buffer_init(&exchange->auth_message, context, 0);
	envoi_buffer_init(&exchange->cbind_input, context, 0);
	int r = prepare(exchange, parameters);
	if (r < 0) {
		envoi_sasl_free(&exchange->base);
		return r;
	}
	*ret_exchange = &exchange->base;
	return ENVOI_OK;
}
