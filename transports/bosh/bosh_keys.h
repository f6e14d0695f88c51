/*
 * envoi - XMPP over BOSH: key sequences, for sessions in clear (XEP-0124, section 15)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BOSH_KEYS_H
#define ENVOI_BOSH_KEYS_H

#include <stdbool.h>
#include <stddef.h>

struct envoi_context;

enum {
	BOSH_KEY_SIZE = 41, /* SHA-1 in hexadecimal, with the NUL */
	BOSH_SEED_BYTES = 20,
};

/** A sequence; zeroed before the first request of a session. */
struct bosh_keys {
	unsigned char seed[BOSH_SEED_BYTES];
	unsigned int next; /* the number of the next key; 0: there is no sequence yet */
};

/**
 * Get the keys of the next request, in the order of rids.
 *
 * @param[out] key      "": none, in the first request
 * @param[out] new_key  "": the sequence goes on
 * @retval ENVOI_ERR_SYSTEM  there are no random numbers, or no SHA-1
 */
int envoi__bosh_keys_next(struct bosh_keys *keys, struct envoi_context *context,
	char key[BOSH_KEY_SIZE], char new_key[BOSH_KEY_SIZE]);

/** @return whether the hash of @p key is the key that was sent before it (section 15.4) */
bool envoi__bosh_key_follows(const char *key, const char *before);

#endif
