/*
 * envoi - SCRAM: derivation and checks (RFC 5802, RFC 7677)
 * SPDX-License-Identifier: MIT
 */
#include "crypto/scram.h"

#include <string.h>

#include <gnutls/crypto.h>
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

size_t envoi__scram_hash_size(enum envoi__scram_hash hash)
{
	return algorithms[hash].size;
}

static gnutls_datum_t datum(const void *data, size_t len)
{
	union {
		const void *given;
		unsigned char *wanted; /* GnuTLS only reads it */
	} pointer = {.given = data};
	return (gnutls_datum_t){.data = pointer.wanted, .size = (unsigned int)len};
}

int envoi__scram_derive(enum envoi__scram_hash hash, const char *password, const void *salt,
	size_t salt_len, unsigned int iterations, struct envoi__scram_keys *keys)
{
	const struct algorithm *algorithm = &algorithms[hash];
	gnutls_datum_t key = datum(password, strlen(password));
	gnutls_datum_t salt_datum = datum(salt, salt_len);
	int r = gnutls_pbkdf2(algorithm->mac, &key, &salt_datum, iterations,
		keys->salted_password, algorithm->size);
	return r < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

int envoi__scram_expand(enum envoi__scram_hash hash, struct envoi__scram_keys *keys)
{
	static const char client_label[] = "Client Key", server_label[] = "Server Key";
	const struct algorithm *algorithm = &algorithms[hash];
	unsigned char client_key[ENVOI__SCRAM_LARGEST_HASH];
	int r = gnutls_hmac_fast(algorithm->mac, keys->salted_password, algorithm->size,
		client_label, strlen(client_label), client_key);
	if (r == 0) {
		r = gnutls_hash_fast(
			algorithm->digest, client_key, algorithm->size, keys->stored_key);
	}
	if (r == 0) {
		r = gnutls_hmac_fast(algorithm->mac, keys->salted_password, algorithm->size,
			server_label, strlen(server_label), keys->server_key);
	}
	envoi__wipe(client_key, sizeof(client_key));
	return r < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

/* gs2-header = gs2-cbind-flag "," [authzid] "," (RFC 5802, section 7). NULL: malformed */
static const char *skip_gs2_header(const char *first, size_t len)
{
	const char *end = first + len;
	const char *comma = memchr(first, ',', len);
	if (comma != NULL) {
		comma = memchr(comma + 1, ',', (size_t)(end - comma - 1));
	}
	return comma == NULL ? NULL : comma + 1;
}

/* The value of attribute @p name at @p *at, which then stands behind its comma, or at the end. */
static const char *take_attribute(const char **at, const char *end, char name, size_t *ret_len)
{
	const char *value = *at + 2;
	if (end - *at < 2 || (*at)[0] != name || (*at)[1] != '=') {
		return NULL;
	}
	const char *comma = memchr(value, ',', (size_t)(end - value));
	*ret_len = (size_t)((comma == NULL ? end : comma) - value);
	*at = comma == NULL ? end : comma + 1;
	return value;
}

const char *envoi__scram_client_name(const char *first, size_t len, size_t *ret_len)
{
	const char *at = skip_gs2_header(first, len);
	return at == NULL ? NULL : take_attribute(&at, first + len, 'n', ret_len);
}

const char *envoi__scram_client_nonce(const char *first, size_t len, size_t *ret_len)
{
	const char *at = skip_gs2_header(first, len);
	size_t name_len;
	if (at == NULL || take_attribute(&at, first + len, 'n', &name_len) == NULL) {
		return NULL;
	}
	return take_attribute(&at, first + len, 'r', ret_len);
}

int envoi__scram_check_server_nonce(
	const char *first, size_t len, const char *nonce, size_t nonce_len)
{
	const char *at = first;
	size_t theirs_len;
	const char *theirs = take_attribute(&at, first + len, 'r', &theirs_len);
	if (theirs == NULL) {
		return ENVOI_ERR_PROTOCOL;
	}
	for (size_t i = 0; i < theirs_len; i++) {
		if (theirs[i] < 0x21 || theirs[i] > 0x7e) {
			return ENVOI_ERR_PROTOCOL;
		}
	}
	bool extends = theirs_len > nonce_len && memcmp(theirs, nonce, nonce_len) == 0;
	return extends ? ENVOI_OK : ENVOI_ERR_AUTH;
}
