/*
 * envoi - SASL, receiving side: accounts
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <gnutls/crypto.h>

#include <envoi/values.h>

#include "sasl/sasl.h"

enum {
	DECOY_BYTES = 16, /* of a password */
	DECOY_SALT_BYTES = 16,
	MOST_SALT_BYTES = 20, /* of a decoy: what the choice of the count leaves of a hash */
	HASH_BYTES = 32,
};

bool envoi__sasl_may_act_as(const char *authcid, const char *authzid, const char *hostname)
{
	if (authzid == NULL || *authzid == '\0' || strcmp(authzid, authcid) == 0) {
		return true;
	}
	size_t len = strlen(authcid);
	return hostname != NULL && strncmp(authzid, authcid, len) == 0 && authzid[len] == '@' &&
		strcmp(authzid + len + 1, hostname) == 0;
}

int envoi__sasl_decoy_password(struct envoi_context *context, char **ret_password)
{
	unsigned char secret[DECOY_BYTES];
	int r = envoi_context_random(context, secret, sizeof(secret));
	if (r < 0) {
		return r;
	}
	char *text = envoi_alloc(context, 2 * sizeof(secret) + 1);
	if (text == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_hex_encode(text, secret, sizeof(secret));
	*ret_password = text;
	return ENVOI_OK;
}

static void default_key(unsigned char *ret_key, const struct envoi_context *context)
{
	memset(ret_key, 0, ENVOI_SASL_DECOY_KEY_BYTES);
	memcpy(ret_key, context->hash_key, sizeof(context->hash_key));
}

/* Stored accounts have another salt for each hash: so have decoys. */
static int digest_name(unsigned char *ret_digest, const unsigned char *key, const char *mechanism,
	const char *name)
{
	gnutls_hmac_hd_t hmac;
	if (gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, key, ENVOI_SASL_DECOY_KEY_BYTES) < 0) {
		return ENVOI_ERR_SYSTEM;
	}
	int r = gnutls_hmac(hmac, mechanism, strlen(mechanism) + 1);
	if (r >= 0) {
		r = gnutls_hmac(hmac, name, strlen(name));
	}
	gnutls_hmac_deinit(hmac, ret_digest);
	return r < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

static size_t salt_len(const struct envoi_sasl_decoys *decoys)
{
	return decoys == NULL || decoys->salt_len == 0 ? DECOY_SALT_BYTES
		: decoys->salt_len < MOST_SALT_BYTES   ? decoys->salt_len
						       : MOST_SALT_BYTES;
}

int envoi__sasl_decoy_salt(struct envoi__sasl_salt *ret_salt, struct envoi_context *context,
	const struct envoi_sasl_decoys *decoys, const char *mechanism, const char *name,
	unsigned int iterations)
{
	unsigned char key[ENVOI_SASL_DECOY_KEY_BYTES], digest[HASH_BYTES];
	uint32_t choice;
	if (decoys == NULL) {
		default_key(key, context);
	} else {
		memcpy(key, decoys->key, sizeof(key));
	}
	int r = digest_name(digest, key, mechanism, name);
	envoi__wipe(key, sizeof(key));
	if (r < 0) {
		return r;
	}
	memcpy(&choice, digest + MOST_SALT_BYTES, sizeof(choice));
	ret_salt->len = salt_len(decoys);
	memcpy(ret_salt->bytes, digest, ret_salt->len);
	ret_salt->iterations = decoys == NULL || decoys->iterations == NULL
		? iterations
		: decoys->iterations[choice % decoys->iteration_count];
	return ENVOI_OK;
}

const struct envoi_sasl_verifier *envoi__sasl_find_verifier(
	const struct envoi_sasl_account *account, const char *mechanism)
{
	for (size_t i = 0; account != NULL && i < account->verifier_count; i++) {
		if (strcmp(account->verifiers[i].mechanism, mechanism) == 0) {
			return &account->verifiers[i];
		}
	}
	return NULL;
}

int envoi__sasl_take_verifier(struct envoi__sasl_salt *ret_salt,
	const struct envoi_sasl_verifier *verifier, size_t key_len)
{
	if (verifier->key_len != key_len || verifier->iterations == 0 || verifier->salt_len == 0 ||
		verifier->salt_len > sizeof(ret_salt->bytes)) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(ret_salt->bytes, verifier->salt, verifier->salt_len);
	ret_salt->len = verifier->salt_len;
	ret_salt->iterations = verifier->iterations;
	return ENVOI_OK;
}
