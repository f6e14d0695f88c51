/*
 * envoi - SCRAM: the computations (RFC 5802, RFC 7677)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SASL_SCRAM_H
#define ENVOI_SASL_SCRAM_H

#include <stdbool.h>
#include <stddef.h>

#include <gnutls/crypto.h>

enum envoi__scram_hash {
	ENVOI__SCRAM_SHA_1,
	ENVOI__SCRAM_SHA_256,
	ENVOI__SCRAM_SHA_512,
};

enum {
	ENVOI__SCRAM_LARGEST_HASH = 64,
	/** Iterations computed at a time: 1 to 4 ms, 20 at most on slow machines. */
	ENVOI__SCRAM_SLICE = 4096,
};

/** @return bytes of the hash */
size_t envoi__scram_hash_size(enum envoi__scram_hash hash);

/** @return "SCRAM-SHA-256", ...; static */
const char *envoi__scram_mechanism_name(enum envoi__scram_hash hash);

/** Find the hash of a mechanism, named without -PLUS. @return whether there is one */
bool envoi__scram_find_hash(const char *mechanism, enum envoi__scram_hash *ret_hash);

/** H(data) and HMAC(key, data); @p ret_out has room for the hash. @retval ENVOI_ERR_SYSTEM */
int envoi__scram_digest(
	enum envoi__scram_hash hash, const void *data, size_t len, unsigned char *ret_out);
int envoi__scram_hmac(enum envoi__scram_hash hash, const unsigned char *key, const void *data,
	size_t len, unsigned char *ret_out);

/** The keys derived from a password; the owner wipes them. */
struct envoi__scram_keys {
	unsigned char client_key[ENVOI__SCRAM_LARGEST_HASH];
	unsigned char stored_key[ENVOI__SCRAM_LARGEST_HASH];
	unsigned char server_key[ENVOI__SCRAM_LARGEST_HASH];
};

/** A pending computation of SaltedPassword := Hi(password, salt, iterations) (RFC 5802, section
 * 2.2); zeroed: none. */
struct envoi__scram_derivation {
	enum envoi__scram_hash hash;
	gnutls_hmac_hd_t hmac; /* keyed with the password */
	unsigned int iterations_left;
	unsigned char last[ENVOI__SCRAM_LARGEST_HASH], sum[ENVOI__SCRAM_LARGEST_HASH];
};

/**
 * Begin. The password is kept only as the key of an HMAC.
 *
 * @param password    prepared
 * @param iterations  at least 1
 * @retval ENVOI_ERR_SYSTEM  the hash is not available
 */
int envoi__scram_derivation_begin(struct envoi__scram_derivation *derivation,
	enum envoi__scram_hash hash, const char *password, const void *salt, size_t salt_len,
	unsigned int iterations);

/**
 * Do at most ENVOI__SCRAM_SLICE iterations.
 * @retval ENVOI_AGAIN  there are more
 * @retval ENVOI_OK     done: @p ret_keys is filled
 * @retval ENVOI_ERR_SYSTEM
 */
int envoi__scram_derivation_run(
	struct envoi__scram_derivation *derivation, struct envoi__scram_keys *ret_keys);

/** Wipe and free, at any time; works on a zeroed one. */
void envoi__scram_derivation_finish(struct envoi__scram_derivation *derivation);

/** StoredKey from keys->client_key. @retval ENVOI_ERR_SYSTEM */
int envoi__scram_store(enum envoi__scram_hash hash, struct envoi__scram_keys *keys);

/** ClientProof of an AuthMessage (RFC 5802, section 3). @retval ENVOI_ERR_SYSTEM */
int envoi__scram_prove(enum envoi__scram_hash hash, const struct envoi__scram_keys *keys,
	const void *message, size_t len, unsigned char *ret_proof);

/** Check a ClientProof. @retval ENVOI_OK it was made with ClientKey
 * @retval ENVOI_ERR_AUTH  it was not; @retval ENVOI_ERR_SYSTEM */
int envoi__scram_check_proof(enum envoi__scram_hash hash, const struct envoi__scram_keys *keys,
	const void *message, size_t len, const unsigned char *proof);

#endif
