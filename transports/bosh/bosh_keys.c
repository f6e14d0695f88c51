/*
 * envoi - XMPP over BOSH: key sequences, for sessions in clear (XEP-0124, section 15)
 * SPDX-License-Identifier: MIT
 */
#include "bosh_keys.h"

#include <string.h>
#include <strings.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <envoi/context.h>
#include <envoi/error.h>
#include <envoi/values.h>

enum {
	HASH_BYTES = 20,
	LEAST_KEYS = 128, /* of a sequence */
};

/* Section 15.3. */
static int write_key(char to[BOSH_KEY_SIZE], const struct bosh_keys *keys, unsigned int number)
{
	unsigned char hash[HASH_BYTES];
	int r = gnutls_hash_fast(GNUTLS_DIG_SHA1, keys->seed, sizeof(keys->seed), hash);
	envoi_hex_encode(to, hash, sizeof(hash));
	for (unsigned int i = 1; r == 0 && i < number; i++) {
		r = gnutls_hash_fast(GNUTLS_DIG_SHA1, to, BOSH_KEY_SIZE - 1, hash);
		envoi_hex_encode(to, hash, sizeof(hash));
	}
	return r < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

static int begin(struct bosh_keys *keys, struct envoi_context *context, char new_key[BOSH_KEY_SIZE])
{
	unsigned char more;
	int r = envoi_context_random(context, keys->seed, sizeof(keys->seed));
	r = r < 0 ? r : envoi_context_random(context, &more, sizeof(more));
	if (r < 0) {
		return r;
	}
	unsigned int count = LEAST_KEYS + more % LEAST_KEYS;
	keys->next = count - 1;
	return write_key(new_key, keys, count);
}

/* Section 15.5: behind the last key of a sequence comes the first one of the next. */
int envoi__bosh_keys_next(struct bosh_keys *keys, struct envoi_context *context,
	char key[BOSH_KEY_SIZE], char new_key[BOSH_KEY_SIZE])
{
	int r = ENVOI_OK;
	key[0] = new_key[0] = '\0';
	if (keys->next > 0) {
		r = write_key(key, keys, keys->next--);
	}
	return r == ENVOI_OK && keys->next == 0 ? begin(keys, context, new_key) : r;
}

bool envoi__bosh_key_follows(const char *key, const char *before)
{
	unsigned char hash[HASH_BYTES];
	char text[BOSH_KEY_SIZE];
	if (gnutls_hash_fast(GNUTLS_DIG_SHA1, key, strlen(key), hash) < 0) {
		return false;
	}
	envoi_hex_encode(text, hash, sizeof(hash));
	return strcasecmp(text, before) == 0;
}
