/*
 * envoi - SCRAM: derivation and checks (RFC 5802, RFC 7677)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CRYPTO_SCRAM_H
#define ENVOI_CRYPTO_SCRAM_H

#include <stdbool.h>
#include <stddef.h>

enum envoi__scram_hash {
	ENVOI__SCRAM_SHA_1,
	ENVOI__SCRAM_SHA_256,
	ENVOI__SCRAM_SHA_512,
};

enum {
	ENVOI__SCRAM_LARGEST_HASH = 64,
};

/** @return bytes of the hash */
size_t envoi__scram_hash_size(enum envoi__scram_hash hash);

/** What follows from a password; wiped by the owner. */
struct envoi__scram_keys {
	unsigned char salted_password[ENVOI__SCRAM_LARGEST_HASH];
	unsigned char stored_key[ENVOI__SCRAM_LARGEST_HASH];
	unsigned char server_key[ENVOI__SCRAM_LARGEST_HASH];
};

/**
 * SaltedPassword := Hi(password, salt, iterations) (RFC 5802, section 3). Takes about 0.2 to 1
 * microseconds an iteration: bound the count before.
 *
 * @param password  prepared
 * @retval ENVOI_ERR_SYSTEM  the hash is not available
 */
int envoi__scram_derive(enum envoi__scram_hash hash, const char *password, const void *salt,
	size_t salt_len, unsigned int iterations, struct envoi__scram_keys *keys);

/** StoredKey and ServerKey from keys->salted_password. @retval ENVOI_ERR_SYSTEM */
int envoi__scram_expand(enum envoi__scram_hash hash, struct envoi__scram_keys *keys);

/**
 * The nonce of a client-first-message: @return its bytes, NULL if there is none.
 * @param first  as sent, gs2 header included; borrowed
 */
const char *envoi__scram_client_nonce(const char *first, size_t len, size_t *ret_len);

/**
 * Check the server-first-message's nonce (RFC 5802, section 5.1): it must begin with ours, and add
 * something of the server's, else the server did not take part in making it.
 *
 * @retval ENVOI_ERR_PROTOCOL  no nonce, a character that no nonce has, or a mandatory extension
 * @retval ENVOI_ERR_AUTH      not ours extended
 */
int envoi__scram_check_server_nonce(
	const char *first, size_t len, const char *nonce, size_t nonce_len);

/** The user name of a client-first-message, still escaped; NULL: malformed. @return borrowed */
const char *envoi__scram_client_name(const char *first, size_t len, size_t *ret_len);

#endif
