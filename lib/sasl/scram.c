/*
 * envoi - SCRAM: the computations (RFC 5802, RFC 7677)
 * SPDX-License-Identifier: MIT
 */
#include "sasl/scram.h"

#include <string.h>

#include <gnutls/gnutls.h>

#include <envoi/error.h>

#include "base/context.h"

struct algorithm {
	gnutls_mac_algorithm_t mac;
	gnutls_digest_algorithm_t digest;
	size_t size;
};

static const struct algorithm algorithms[] = {
	[ENVOI__SCRAM_SHA_1] = {GNUTLS_MAC_SHA1, GNUTLS_DIG_SHA1, 20},
	[ENVOI__SCRAM_SHA_256] = {GNUTLS_MAC_SHA256, GNUTLS_DIG_SHA256, 32},
	[ENVOI__SCRAM_SHA_512] = {GNUTLS_MAC_SHA512, GNUTLS_DIG_SHA512, 64},
};

static int code(int gnutls_code)
{
	return gnutls_code < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

size_t envoi__scram_hash_size(enum envoi__scram_hash hash)
{
	return algorithms[hash].size;
}

int envoi__scram_digest(
	enum envoi__scram_hash hash, const void *data, size_t len, unsigned char *ret_out)
{
	return code(gnutls_hash_fast(algorithms[hash].digest, data, len, ret_out));
}

int envoi__scram_hmac(enum envoi__scram_hash hash, const unsigned char *key, const void *data,
	size_t len, unsigned char *ret_out)
{
	const struct algorithm *algorithm = &algorithms[hash];
	return code(gnutls_hmac_fast(algorithm->mac, key, algorithm->size, data, len, ret_out));
}

static void add(unsigned char *sum, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		sum[i] ^= bytes[i];
	}
}

/* --- deriving --- */

/* U1 := HMAC(password, salt || INT(1)), the only block that is needed. */
static int first_round(struct envoi__scram_derivation *derivation, const void *salt, size_t len)
{
	static const unsigned char one[4] = {0, 0, 0, 1};
	int r = gnutls_hmac(derivation->hmac, salt, len);
	if (r == 0) {
		r = gnutls_hmac(derivation->hmac, one, sizeof(one));
	}
	if (r < 0) {
		return ENVOI_ERR_SYSTEM;
	}
	gnutls_hmac_output(derivation->hmac, derivation->last);
	memcpy(derivation->sum, derivation->last, algorithms[derivation->hash].size);
	return ENVOI_OK;
}

int envoi__scram_derivation_begin(struct envoi__scram_derivation *derivation,
	enum envoi__scram_hash hash, const char *password, const void *salt, size_t salt_len,
	unsigned int iterations)
{
	*derivation = (struct envoi__scram_derivation){
		.hash = hash, .iterations_left = iterations - 1};
	if (gnutls_hmac_init(&derivation->hmac, algorithms[hash].mac, password, strlen(password)) <
		0) {
		derivation->hmac = NULL;
		return ENVOI_ERR_SYSTEM;
	}
	int r = first_round(derivation, salt, salt_len);
	if (r < 0) {
		envoi__scram_derivation_finish(derivation);
	}
	return r;
}

static int run_slice(struct envoi__scram_derivation *derivation)
{
	size_t size = algorithms[derivation->hash].size;
	unsigned int count = derivation->iterations_left;
	count = count > ENVOI__SCRAM_SLICE ? ENVOI__SCRAM_SLICE : count;
	for (unsigned int i = 0; i < count; i++) {
		if (gnutls_hmac(derivation->hmac, derivation->last, size) < 0) {
			return ENVOI_ERR_SYSTEM;
		}
		gnutls_hmac_output(derivation->hmac, derivation->last);
		add(derivation->sum, derivation->last, size);
	}
	derivation->iterations_left -= count;
	return derivation->iterations_left > 0 ? ENVOI_AGAIN : ENVOI_OK;
}

int envoi__scram_store(enum envoi__scram_hash hash, struct envoi__scram_keys *keys)
{
	return envoi__scram_digest(hash, keys->client_key, algorithms[hash].size, keys->stored_key);
}

int envoi__scram_derivation_run(
	struct envoi__scram_derivation *derivation, struct envoi__scram_keys *ret_keys)
{
	static const char client_label[] = "Client Key", server_label[] = "Server Key";
	enum envoi__scram_hash hash = derivation->hash;
	int r = run_slice(derivation);
	if (r != ENVOI_OK) {
		return r;
	}
	r = envoi__scram_hmac(
		hash, derivation->sum, client_label, strlen(client_label), ret_keys->client_key);
	if (r == ENVOI_OK) {
		r = envoi__scram_hmac(hash, derivation->sum, server_label, strlen(server_label),
			ret_keys->server_key);
	}
	return r < 0 ? r : envoi__scram_store(hash, ret_keys);
}

void envoi__scram_derivation_finish(struct envoi__scram_derivation *derivation)
{
	if (derivation->hmac != NULL) {
		gnutls_hmac_deinit(derivation->hmac, NULL);
	}
	envoi__wipe(derivation, sizeof(*derivation));
}

/* --- proofs --- */

int envoi__scram_prove(enum envoi__scram_hash hash, const struct envoi__scram_keys *keys,
	const void *message, size_t len, unsigned char *ret_proof)
{
	int r = envoi__scram_hmac(hash, keys->stored_key, message, len, ret_proof);
	if (r == ENVOI_OK) {
		add(ret_proof, keys->client_key, algorithms[hash].size);
	}
	return r;
}

int envoi__scram_check_proof(enum envoi__scram_hash hash, const struct envoi__scram_keys *keys,
	const void *message, size_t len, const unsigned char *proof)
{
	size_t size = algorithms[hash].size;
	struct envoi__scram_keys theirs;
	int r = envoi__scram_hmac(hash, keys->stored_key, message, len, theirs.client_key);
	if (r == ENVOI_OK) {
		add(theirs.client_key, proof, size);
		r = envoi__scram_store(hash, &theirs);
	}
	if (r == ENVOI_OK && !envoi__equal_secret(theirs.stored_key, keys->stored_key, size)) {
		r = ENVOI_ERR_AUTH;
	}
	envoi__wipe(&theirs, sizeof(theirs));
	return r;
}
