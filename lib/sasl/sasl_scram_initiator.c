/*
 * envoi - SCRAM, initiating side (RFC 5802, section 5)
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "sasl/sasl_scram.h"

#include <string.h>

#include <envoi/values.h>

static int append_part(struct envoi_buffer *out, const struct envoi__scram_part *part)
{
	return envoi_buffer_append(out, part->text, part->len);
}

/* --- client-first-message --- */

/* gs2-header without the binding's data: "n,,", "y,,", "p=tls-exporter,a=juliet," */
static int make_gs2_header(struct envoi__scram_exchange *exchange)
{
	struct envoi_buffer *header = &exchange->cbind_input;
	int r = exchange->is_plus
		? envoi_buffer_printf(header, "p=%s,", exchange->bindings[0].type)
		: envoi_buffer_append_text(header, exchange->could_bind ? "y," : "n,");
	if (r == ENVOI_OK && exchange->authzid != NULL) {
		char *authzid = envoi__scram_escape(exchange->base.context, exchange->authzid);
		r = authzid != NULL ? envoi_buffer_printf(header, "a=%s", authzid)
				    : ENVOI_ERR_NOMEM;
		envoi_free(exchange->base.context, authzid);
	}
	return r < 0 ? r : envoi_buffer_append_text(header, ",");
}

static int make_client_first(struct envoi__scram_exchange *exchange, struct envoi_buffer *out)
{
	char *name = envoi__scram_escape(exchange->base.context, exchange->authcid);
	if (name == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	struct envoi_buffer *bare = &exchange->auth_message;
	int r = make_gs2_header(exchange);
	if (r == ENVOI_OK) {
		r = envoi_buffer_printf(bare, "n=%s,r=%s", name, exchange->nonce);
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_append(out, envoi_buffer_data(&exchange->cbind_input),
			envoi_buffer_len(&exchange->cbind_input));
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_append(out, envoi_buffer_data(bare), envoi_buffer_len(bare));
	}
	envoi_free(exchange->base.context, name);
	return r < 0 ? r : ENVOI_AGAIN;
}

/* --- server-first-message --- */

/* A nonce that does not begin with ours, or adds nothing to it, belongs to a replayed exchange. */
static int check_nonce(
	struct envoi__scram_exchange *exchange, const struct envoi__scram_part *nonce)
{
	size_t ours = strlen(exchange->nonce);
	if (nonce->len <= ours || memcmp(nonce->text, exchange->nonce, ours) != 0) {
		return envoi__scram_refuse(
			exchange, ENVOI_ERR_AUTH, "the server's nonce does not extend ours");
	}
	return append_part(&exchange->full_nonce, nonce);
}

/* XEP-0474, section 5.2: before any proof is sent. */
static int check_offer(
	struct envoi__scram_exchange *exchange, const struct envoi__scram_part *their_hash)
{
	if (their_hash->text == NULL) {
		return !exchange->needs_offer_hash
			? ENVOI_OK
			: envoi__scram_refuse(exchange, ENVOI_ERR_AUTH, exchange->offer_words);
	}
	if (exchange->offer_hash != NULL &&
		!envoi__scram_part_is(their_hash, exchange->offer_hash)) {
		return envoi__scram_refuse(exchange, ENVOI_ERR_AUTH,
			"an attacker has changed the server's list of mechanisms or channel "
			"bindings");
	}
	return ENVOI_OK;
}

/* RFC 5802, section 9: a hostile count costs time, or makes guessing the password easy. */
static int check_iterations(struct envoi__scram_exchange *exchange, uint64_t iterations)
{
	if (iterations < exchange->min_iterations) {
		return envoi__scram_refuse(exchange, ENVOI_ERR_LIMIT,
			"the server asks for fewer iterations than sasl.min-iterations");
	}
	if (iterations > exchange->max_iterations) {
		return envoi__scram_refuse(exchange, ENVOI_ERR_LIMIT,
			"the server asks for more iterations than sasl.max-iterations");
	}
	return ENVOI_OK;
}

/* Keeps salt and count; given keys are valid only if both are the same. */
static int take_salt(
	struct envoi__scram_exchange *exchange, const struct envoi__scram_server_first *first)
{
	struct envoi_context *context = exchange->base.context;
	unsigned char *salt = envoi_alloc(context, envoi_base64_decoded_size(first->salt.len));
	size_t len;
	if (salt == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (envoi_base64_decode(salt, &len, first->salt.text, first->salt.len) < 0) {
		envoi_free(context, salt);
		return ENVOI_ERR_PROTOCOL;
	}
	exchange->has_keys = exchange->has_keys && exchange->iterations == first->iterations &&
		exchange->salt_len == len && memcmp(exchange->salt, salt, len) == 0;
	envoi_free(context, exchange->salt);
	exchange->salt = salt;
	exchange->salt_len = len;
	exchange->iterations = (unsigned int)first->iterations;
	return ENVOI_OK;
}

static int take_server_first(struct envoi__scram_exchange *exchange, const char *text, size_t len)
{
	struct envoi__scram_server_first first;
	int r = envoi__scram_read_server_first(text, len, &first);
	if (r == ENVOI_OK) {
		r = check_nonce(exchange, &first.nonce);
	}
	if (r == ENVOI_OK) {
		r = check_offer(exchange, &first.offer_hash);
	}
	if (r == ENVOI_OK) {
		r = check_iterations(exchange, first.iterations);
	}
	if (r == ENVOI_OK) {
		r = take_salt(exchange, &first);
	}
	if (r == ENVOI_OK) {
		r = envoi__scram_exchange_check_keys(exchange);
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_append_text(&exchange->auth_message, ",");
	}
	return r < 0 ? r : envoi_buffer_append(&exchange->auth_message, text, len);
}

/* --- client-final-message --- */

static int append_without_proof(struct envoi__scram_exchange *exchange, struct envoi_buffer *out)
{
	const struct envoi_buffer *input = &exchange->cbind_input;
	const struct envoi_buffer *nonce = &exchange->full_nonce;
	int r = envoi_buffer_append_text(out, "c=");
	if (r == ENVOI_OK) {
		r = envoi__scram_append_base64(
			out, envoi_buffer_data(input), envoi_buffer_len(input));
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_append_text(out, ",r=");
	}
	return r < 0 ? r
		     : envoi_buffer_append(out, envoi_buffer_data(nonce), envoi_buffer_len(nonce));
}

static int append_proof(struct envoi__scram_exchange *exchange, struct envoi_buffer *out)
{
	unsigned char proof[ENVOI__SCRAM_LARGEST_HASH];
	const struct envoi_buffer *message = &exchange->auth_message;
	int r = envoi__scram_prove(exchange->hash, &exchange->keys, envoi_buffer_data(message),
		envoi_buffer_len(message), proof);
	if (r == ENVOI_OK) {
		r = envoi_buffer_append_text(out, ",p=");
	}
	if (r == ENVOI_OK) {
		r = envoi__scram_append_base64(out, proof, envoi__scram_hash_size(exchange->hash));
	}
	return r;
}

static int make_client_final(struct envoi__scram_exchange *exchange, struct envoi_buffer *out)
{
	const struct envoi_sasl_binding *binding = exchange->bindings;
	int r = exchange->is_plus
		? envoi_buffer_append(&exchange->cbind_input, binding->data, binding->len)
		: ENVOI_OK;
	if (r == ENVOI_OK) {
		r = envoi_buffer_append_text(&exchange->auth_message, ",");
	}
	if (r == ENVOI_OK) {
		r = append_without_proof(exchange, &exchange->auth_message);
	}
	if (r == ENVOI_OK) {
		r = append_without_proof(exchange, out);
	}
	if (r == ENVOI_OK) {
		r = append_proof(exchange, out);
	}
	exchange->stage = ENVOI__SCRAM_FINAL;
	return r < 0 ? r : ENVOI_AGAIN;
}

/* With keys up to the final message; without, one slice of the derivation. */
static int go_on(struct envoi__scram_exchange *exchange, struct envoi_buffer *out)
{
	if (exchange->has_keys) {
		return make_client_final(exchange, out);
	}
	int r = ENVOI_OK;
	if (exchange->stage != ENVOI__SCRAM_DERIVING) {
		if (exchange->password == NULL) {
			exchange->stage = ENVOI__SCRAM_PASSWORD;
			return ENVOI_SASL_NEEDS_PASSWORD;
		}
		r = envoi__scram_exchange_derive(exchange, exchange->password);
		envoi__free_secret(exchange->base.context, exchange->password);
		exchange->password = NULL;
	}
	if (r == ENVOI_OK) {
		r = envoi__scram_derivation_run(&exchange->derivation, &exchange->keys);
	}
	if (r != ENVOI_OK) {
		return r == ENVOI_AGAIN ? ENVOI_SASL_BUSY : r;
	}
	envoi__scram_derivation_finish(&exchange->derivation);
	return make_client_final(exchange, out);
}

/* --- server-final-message --- */

static int take_server_final(struct envoi__scram_exchange *exchange, const char *text, size_t len)
{
	struct envoi__scram_server_final final;
	int r = envoi__scram_read_server_final(text, len, &final);
	if (r < 0) {
		return r;
	}
	if (final.error.text != NULL) {
		return envoi__scram_refuse(
			exchange, ENVOI_ERR_AUTH, envoi__scram_error_words(&final.error));
	}
	size_t size = envoi__scram_hash_size(exchange->hash);
	unsigned char theirs[ENVOI__SCRAM_LARGEST_HASH], ours[ENVOI__SCRAM_LARGEST_HASH];
	const struct envoi_buffer *message = &exchange->auth_message;
	r = envoi__scram_read_base64(&final.signature, theirs, size);
	if (r == ENVOI_OK) {
		r = envoi__scram_hmac(exchange->hash, exchange->keys.server_key,
			envoi_buffer_data(message), envoi_buffer_len(message), ours);
	}
	if (r == ENVOI_OK && !envoi__equal_secret(ours, theirs, size)) {
		r = ENVOI_ERR_AUTH;
	}
	envoi__wipe(ours, sizeof(ours));
	return r;
}

int envoi__scram_initiator_step(
	struct envoi_sasl_exchange *base, const void *in, size_t len, struct envoi_buffer *out)
{
	struct envoi__scram_exchange *exchange = ENVOI_CONTAINER_OF(
		base, struct envoi__scram_exchange, base);
	int r;
	switch (exchange->stage) {
	case ENVOI__SCRAM_BEGIN:
		exchange->stage = ENVOI__SCRAM_FIRST;
		return len == 0 ? make_client_first(exchange, out) : ENVOI_ERR_PROTOCOL;
	case ENVOI__SCRAM_FIRST:
		/* The exchange ends although the server has proved nothing. */
		if (in == NULL) {
			return ENVOI_ERR_AUTH;
		}
		r = take_server_first(exchange, in, len);
		return r < 0 ? r : go_on(exchange, out);
	case ENVOI__SCRAM_PASSWORD:
	case ENVOI__SCRAM_DERIVING:
		return in != NULL ? ENVOI_ERR_PROTOCOL : go_on(exchange, out);
	case ENVOI__SCRAM_ACCOUNT:
	case ENVOI__SCRAM_FINAL:
		break;
	}
	return in == NULL ? ENVOI_ERR_AUTH : take_server_final(exchange, in, len);
}
