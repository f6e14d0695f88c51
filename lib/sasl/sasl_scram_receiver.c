/*
 * envoi - SCRAM, receiving side (RFC 5802, section 5)
 * SPDX-License-Identifier: MIT
 */
#include "base/context.h"
#include "sasl/sasl_scram.h"

#include <string.h>

#include <envoi/values.h>

/* Of a client-first-message, which is held until the login ends. A name and an authorization
 * identity of the longest localpart (RFC 7622, section 3.3) fit. */
enum {
	LONGEST_FIRST = 2560,
	LONGEST_NONCE = 256,
};

/* --- client-first-message --- */

static const struct envoi_sasl_binding *find_binding(
	const struct envoi__scram_exchange *exchange, const struct envoi__scram_part *type)
{
	for (size_t i = 0; i < exchange->binding_count; i++) {
		if (envoi__scram_part_is(type, exchange->bindings[i].type)) {
			return &exchange->bindings[i];
		}
	}
	return NULL;
}

/* RFC 5802, section 6 */
static int check_binding(
	struct envoi__scram_exchange *exchange, const struct envoi__scram_client_first *first)
{
	if (exchange->is_plus != (first->flag == 'p')) {
		return envoi__scram_refuse(exchange, ENVOI_ERR_PROTOCOL,
			"the flag for channel binding does not fit the mechanism");
	}
	if (first->flag == 'y' && exchange->binding_count > 0) {
		return envoi__scram_refuse(exchange, ENVOI_ERR_AUTH,
			"channel binding was offered, and the peer has not received the offer: an "
			"attacker may have changed it");
	}
	const struct envoi_sasl_binding *binding = NULL;
	if (first->flag == 'p') {
		binding = find_binding(exchange, &first->binding);
		if (binding == NULL) {
			return envoi__scram_refuse(exchange, ENVOI_ERR_AUTH,
				"a type of channel binding that was not offered");
		}
	}
	struct envoi_buffer *input = &exchange->cbind_input;
	input->limit = first->gs2_header.len + (binding != NULL ? binding->len : 0);
	int r = envoi_buffer_append(input, first->gs2_header.text, first->gs2_header.len);
	return r < 0 || binding == NULL ? r
					: envoi_buffer_append(input, binding->data, binding->len);
}

/* --- the account --- */

static int set_salt(struct envoi__scram_exchange *exchange, const struct envoi__sasl_salt *salt)
{
	struct envoi_context *context = exchange->base.context;
	envoi_free(context, exchange->salt);
	exchange->salt = envoi_alloc(context, salt->len);
	if (exchange->salt == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	memcpy(exchange->salt, salt->bytes, salt->len);
	exchange->salt_len = salt->len;
	exchange->iterations = salt->iterations;
	return ENVOI_OK;
}

/* The salt of a user does not change, so that clients can keep derived keys; users who do not exist
 * have one, too. */
static int make_salt(struct envoi__scram_exchange *exchange)
{
	struct envoi__sasl_salt salt;
	int r = envoi__sasl_decoy_salt(&salt, exchange->base.context, exchange->decoys,
		envoi__scram_mechanism_name(exchange->hash), exchange->authcid,
		exchange->min_iterations);
	return r < 0 ? r : set_salt(exchange, &salt);
}

static int use_verifier(
	struct envoi__scram_exchange *exchange, const struct envoi_sasl_verifier *verifier)
{
	struct envoi__sasl_salt salt;
	size_t key_len = envoi__scram_hash_size(exchange->hash);
	int r = envoi__sasl_take_verifier(&salt, verifier, key_len);
	if (r == ENVOI_OK) {
		r = set_salt(exchange, &salt);
	}
	if (r == ENVOI_OK) {
		memcpy(exchange->keys.stored_key, verifier->stored_key, key_len);
		memcpy(exchange->keys.server_key, verifier->server_key, key_len);
		exchange->has_keys = true;
	}
	return r;
}

static int derive_keys(struct envoi__scram_exchange *exchange, const char *given)
{
	struct envoi_context *context = exchange->base.context;
	char *password;
	int r = given != NULL ? envoi__sasl_prepare_password(context, given, &password)
			      : envoi__sasl_decoy_password(context, &password);
	if (r == ENVOI_OK) {
		r = envoi__scram_exchange_derive(exchange, password);
		envoi__free_secret(context, password);
	}
	return r;
}

/* Keys that no password has. */
static int make_keys(struct envoi__scram_exchange *exchange)
{
	struct envoi_context *context = exchange->base.context;
	size_t key_len = envoi__scram_hash_size(exchange->hash);
	int r = envoi_context_random(context, exchange->keys.stored_key, key_len);
	if (r == ENVOI_OK) {
		r = envoi_context_random(context, exchange->keys.server_key, key_len);
	}
	exchange->has_keys = r == ENVOI_OK;
	return r;
}

static int make_decoy(struct envoi__scram_exchange *exchange)
{
	const struct envoi_sasl_decoys *decoys = exchange->decoys;
	exchange->has_keys = false;
	int r = make_salt(exchange);
	return r < 0 || decoys == NULL || decoys->have_passwords ? r : make_keys(exchange);
}

static int use_nothing(struct envoi__scram_exchange *exchange)
{
	return exchange->has_keys ? ENVOI_OK : derive_keys(exchange, NULL);
}

/* A stored password that is not allowed is none. */
static int use_password(struct envoi__scram_exchange *exchange, const char *password)
{
	int r = derive_keys(exchange, password);
	if (r == ENVOI_ERR_INVALID) {
		return use_nothing(exchange);
	}
	exchange->has_keys = false;
	return r;
}

/* A decoy is made for each user, so that one who exists costs no less (RFC 5802, section 9). */
static int use_account(
	struct envoi__scram_exchange *exchange, const struct envoi_sasl_account *account)
{
	const struct envoi_sasl_verifier *verifier = envoi__sasl_find_verifier(
		account, envoi__scram_mechanism_name(exchange->hash));
	int r = make_decoy(exchange);
	if (r < 0) {
		return r;
	}
	if (verifier != NULL) {
		return use_verifier(exchange, verifier);
	}
	return account != NULL && account->password != NULL
		? use_password(exchange, account->password)
		: use_nothing(exchange);
}

int envoi__scram_receiver_give_account(
	struct envoi_sasl_exchange *base, const struct envoi_sasl_account *account)
{
	struct envoi__scram_exchange *exchange = ENVOI_CONTAINER_OF(
		base, struct envoi__scram_exchange, base);
	if (exchange->stage != ENVOI__SCRAM_ACCOUNT) {
		return ENVOI_ERR_STATE;
	}
	int r = use_account(exchange, exchange->has_bad_name ? NULL : account);
	if (r == ENVOI_OK) {
		exchange->stage = ENVOI__SCRAM_DERIVING;
	}
	return r;
}

/* The user and the identity that the peer names. */
static int take_names(
	struct envoi__scram_exchange *exchange, const struct envoi__scram_client_first *first)
{
	struct envoi_context *context = exchange->base.context;
	char *name;
	int r = envoi__scram_unescape(context, &first->name, &name);
	if (r < 0) {
		return r;
	}
	r = envoi__sasl_prepare_name(context, name, &exchange->authcid);
	if (r == ENVOI_ERR_INVALID) {
		exchange->has_bad_name = true;
		exchange->authcid = name;
		r = ENVOI_OK;
	} else {
		envoi_free(context, name);
	}
	if (r == ENVOI_OK && first->authzid.text != NULL) {
		r = envoi__scram_unescape(context, &first->authzid, &exchange->authzid);
	}
	return r;
}

static int take_nonce(struct envoi__scram_exchange *exchange, const struct envoi__scram_part *nonce)
{
	struct envoi_buffer *full = &exchange->full_nonce;
	full->limit = nonce->len + strlen(exchange->nonce);
	int r = envoi_buffer_append(full, nonce->text, nonce->len);
	return r < 0 ? r : envoi_buffer_append_text(full, exchange->nonce);
}

static int read_client_first(
	const char *text, size_t len, struct envoi__scram_client_first *ret_first)
{
	if (len > LONGEST_FIRST) {
		return ENVOI_ERR_LIMIT;
	}
	int r = envoi__scram_read_client_first(text, len, ret_first);
	return r == ENVOI_OK && ret_first->nonce.len > LONGEST_NONCE ? ENVOI_ERR_LIMIT : r;
}

/* The requested identity has no further use. */
static void judge_identity(struct envoi__scram_exchange *exchange)
{
	exchange->has_bad_name = exchange->has_bad_name || *exchange->authcid == '\0';
	exchange->may_act = envoi__sasl_may_act_as(
		exchange->authcid, exchange->authzid, exchange->hostname);
	envoi_free(exchange->base.context, exchange->authzid);
	exchange->authzid = NULL;
}

static int take_client_first(struct envoi__scram_exchange *exchange, const char *text, size_t len)
{
	struct envoi__scram_client_first first;
	int r = read_client_first(text, len, &first);
	if (r == ENVOI_OK) {
		r = check_binding(exchange, &first);
	}
	if (r == ENVOI_OK) {
		r = take_names(exchange, &first);
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_append(&exchange->auth_message, first.bare.text, first.bare.len);
	}
	if (r == ENVOI_OK) {
		r = take_nonce(exchange, &first.nonce);
	}
	if (r == ENVOI_OK) {
		judge_identity(exchange);
		exchange->stage = ENVOI__SCRAM_ACCOUNT;
	}
	return r;
}

/* --- server-first-message --- */

static int make_server_first(struct envoi__scram_exchange *exchange, struct envoi_buffer *out)
{
	const struct envoi_buffer *nonce = &exchange->full_nonce;
	char salt[2 * ENVOI_SASL_SALT_BYTES];
	size_t before = envoi_buffer_len(out);
	envoi_base64_encode(salt, exchange->salt, exchange->salt_len);
	int r = envoi_buffer_printf(out, "r=%.*s,s=%s,i=%u", (int)envoi_buffer_len(nonce),
		envoi_buffer_data(nonce), salt, exchange->iterations);
	if (r == ENVOI_OK && exchange->offer_hash != NULL) {
		r = envoi_buffer_printf(out, ",h=%s", exchange->offer_hash);
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_append_text(&exchange->auth_message, ",");
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_append(&exchange->auth_message, envoi_buffer_data(out) + before,
			envoi_buffer_len(out) - before);
	}
	exchange->stage = ENVOI__SCRAM_FINAL;
	return r < 0 ? r : ENVOI_AGAIN;
}

static int go_on(struct envoi__scram_exchange *exchange, struct envoi_buffer *out)
{
	int r = exchange->has_keys
		? ENVOI_OK
		: envoi__scram_derivation_run(&exchange->derivation, &exchange->keys);
	if (r != ENVOI_OK) {
		return r == ENVOI_AGAIN ? ENVOI_SASL_BUSY : r;
	}
	envoi__scram_derivation_finish(&exchange->derivation);
	return make_server_first(exchange, out);
}

/* --- client-final-message --- */

static int check_bound(
	struct envoi__scram_exchange *exchange, const struct envoi__scram_part *binding)
{
	const struct envoi_buffer *input = &exchange->cbind_input;
	struct envoi_buffer text;
	envoi_buffer_init(&text, exchange->base.context, 0);
	int r = envoi__scram_append_base64(
		&text, envoi_buffer_data(input), envoi_buffer_len(input));
	if (r == ENVOI_OK &&
		(envoi_buffer_len(&text) != binding->len ||
			memcmp(envoi_buffer_data(&text), binding->text, binding->len) != 0)) {
		r = envoi__scram_refuse(exchange, ENVOI_ERR_AUTH,
			"the peer is on another TLS connection: an attacker may relay the login");
	}
	envoi_buffer_finish(&text);
	return r;
}

static int make_server_final(struct envoi__scram_exchange *exchange, struct envoi_buffer *out)
{
	unsigned char signature[ENVOI__SCRAM_LARGEST_HASH];
	const struct envoi_buffer *message = &exchange->auth_message;
	int r = envoi__scram_hmac(exchange->hash, exchange->keys.server_key,
		envoi_buffer_data(message), envoi_buffer_len(message), signature);
	if (r == ENVOI_OK) {
		r = envoi_buffer_append_text(out, "v=");
	}
	return r < 0 ? r
		     : envoi__scram_append_base64(
			       out, signature, envoi__scram_hash_size(exchange->hash));
}

static int take_client_final(struct envoi__scram_exchange *exchange, const char *text, size_t len,
	struct envoi_buffer *out)
{
	struct envoi__scram_client_final final;
	const struct envoi_buffer *nonce = &exchange->full_nonce;
	struct envoi_buffer *message = &exchange->auth_message;
	unsigned char proof[ENVOI__SCRAM_LARGEST_HASH];
	int r = envoi__scram_read_client_final(text, len, &final);
	if (r < 0) {
		return r;
	}
	if (final.nonce.len != envoi_buffer_len(nonce) ||
		memcmp(final.nonce.text, envoi_buffer_data(nonce), final.nonce.len) != 0) {
		return ENVOI_ERR_PROTOCOL;
	}
	r = check_bound(exchange, &final.binding);
	if (r < 0) {
		return r;
	}
	r = envoi__scram_read_base64(&final.proof, proof, envoi__scram_hash_size(exchange->hash));
	if (r == ENVOI_OK) {
		r = envoi_buffer_printf(
			message, ",%.*s", (int) final.without_proof.len, final.without_proof.text);
	}
	if (r == ENVOI_OK) {
		r = envoi__scram_check_proof(exchange->hash, &exchange->keys,
			envoi_buffer_data(message), envoi_buffer_len(message), proof);
	}
	if (r == ENVOI_OK && !exchange->may_act) {
		r = ENVOI_ERR_AUTH;
	}
	return r < 0 ? r : make_server_final(exchange, out);
}

int envoi__scram_receiver_step(
	struct envoi_sasl_exchange *base, const void *in, size_t len, struct envoi_buffer *out)
{
	struct envoi__scram_exchange *exchange = ENVOI_CONTAINER_OF(
		base, struct envoi__scram_exchange, base);
	int r;
	switch (exchange->stage) {
	case ENVOI__SCRAM_BEGIN:
		if (in == NULL) {
			return ENVOI_AGAIN; /* an empty challenge asks for it */
		}
		r = take_client_first(exchange, in, len);
		return r < 0 ? r : ENVOI_SASL_NEEDS_ACCOUNT;
	case ENVOI__SCRAM_DERIVING:
		return in != NULL ? ENVOI_ERR_PROTOCOL : go_on(exchange, out);
	case ENVOI__SCRAM_ACCOUNT:
		return ENVOI_ERR_PROTOCOL;
	case ENVOI__SCRAM_FIRST:
	case ENVOI__SCRAM_PASSWORD:
	case ENVOI__SCRAM_FINAL:
		break;
	}
	return in == NULL ? ENVOI_ERR_PROTOCOL : take_client_final(exchange, in, len, out);
}
