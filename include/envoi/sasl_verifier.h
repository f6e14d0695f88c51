/*
 * envoi - stored keys in place of passwords: made from a password, and as text
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SASL_VERIFIER_H
#define ENVOI_SASL_VERIFIER_H

#include <stddef.h>

#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/interfaces/sasl.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A receiver stores a verifier (struct envoi_sasl_verifier) for each hash that its clients may use.
 * When a user sets a password, envoi_sasl_derive() makes the verifier, and
 * envoi_sasl_verifier_print() the line to store. At a login the directory reads the line:
 *
 *	unsigned char room[ENVOI_SASL_VERIFIER_BYTES];
 *	struct envoi_sasl_verifier verifier;
 *	int r = envoi_sasl_verifier_parse(&verifier, room, line, strlen(line));
 *	const struct envoi_sasl_account account = {.verifiers = &verifier, .verifier_count = 1};
 *	envoi_sasl_lookup_answer(lookup, r, &account);
 *
 * A verifier is sufficient to test passwords without the server, and to impersonate the server:
 * store and wipe it as a secret (RFC 5802, section 9).
 */

struct envoi_context;

/* --- from a password --- */

/** A verifier that is being derived. */
struct envoi_sasl_derivation;

/**
 * A derivation has ended. Called from the loop, once. The derivation is freed when this returns.
 *
 * @param code      ENVOI_OK, or ENVOI_ERR_SYSTEM: the hash is not available
 * @param verifier  borrowed for the call, and wiped after it; NULL on failure
 */
typedef void envoi_sasl_derived_fn(
	void *user, int code, const struct envoi_sasl_verifier *verifier);

/** What keys are derived from. */
struct envoi_sasl_derivation_options {
	const char *mechanism; /**< "SCRAM-SHA-1", "SCRAM-SHA-256" or "SCRAM-SHA-512" */
	/** UTF-8, not empty; prepared as that of a login: with SASLprep (RFC 4013), or by RFC 8265
	 * if it has characters that are unassigned in SASLprep */
	const char *password;
	const void *salt; /**< NULL: ENVOI_SASL_DEFAULT_SALT_BYTES, random */
	size_t salt_len; /**< of @p salt: 1 to ENVOI_SASL_SALT_BYTES */
	unsigned int iterations; /**< 0: ENVOI_SASL_DEFAULT_ITERATIONS */
	envoi_sasl_derived_fn *done;
	void *user; /**< for @p done */
};

enum {
	ENVOI_SASL_DEFAULT_SALT_BYTES = 16,
	/** a client computes as many at its first login: a tenth of a second on a machine of 2015
	 * (RFC 7677, section 4) */
	ENVOI_SASL_DEFAULT_ITERATIONS = 15000,
};

/**
 * Begin to derive a verifier from a password (RFC 5802, section 3). The keys are computed in
 * deferred calls, 4,096 iterations in each turn of the loop: 1 to 4 milliseconds, at most 20 on
 * slow machines.
 *
 * @param[out] ret_derivation  to cancel it with envoi_sasl_derivation_free(); invalid when `done`
 *                             has returned; NULL: not wanted
 * @param context  a reference is taken
 * @param options  copied; of the password only a hash is kept, which is wiped
 * @retval ENVOI_ERR_INVALID      no `done`; the password is empty, not UTF-8, or has characters
 *                                that are not allowed; the salt is empty or too long
 * @retval ENVOI_ERR_UNSUPPORTED  another mechanism
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM
 * After an error `done` is not called.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_derive(struct envoi_sasl_derivation **ret_derivation,
	struct envoi_context *context, const struct envoi_sasl_derivation_options *options);

/** Cancel and free a derivation; `done` is not called. NULL is allowed. No effect inside its
 * `done`. */
ENVOI_API void envoi_sasl_derivation_free(struct envoi_sasl_derivation *derivation);

/* --- as text --- */

enum {
	/** for the longest salt and the keys of the largest hash */
	ENVOI_SASL_VERIFIER_BYTES = ENVOI_SASL_SALT_BYTES + 2 * 64,
	/** of the longest text and a NUL */
	ENVOI_SASL_VERIFIER_TEXT = 300,
};

/**
 * Write a verifier as text (RFC 5803, section 1):
 * "SCRAM-SHA-256$4096:SALT$STOREDKEY:SERVERKEY", the last three in base64, without blanks.
 *
 * @param[out] text  NUL-terminated; secret
 * @retval ENVOI_ERR_UNSUPPORTED  a mechanism that envoi_sasl_derive() does not support
 * @retval ENVOI_ERR_INVALID      the keys do not have the size of the hash; the salt is empty or
 *                                too long; there are no iterations
 * After an error @p text is unchanged.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_verifier_print(
	char text[ENVOI_SASL_VERIFIER_TEXT], const struct envoi_sasl_verifier *verifier);

/**
 * Read what envoi_sasl_verifier_print() writes; no other form is accepted. Does not allocate.
 *
 * @param[out] ret_verifier  unchanged after an error
 * @param[out] room          receives its salt and keys: the caller wipes it after use; undefined
 *                           after an error
 * @param len                characters of @p text, which needs no NUL
 * @retval ENVOI_ERR_UNSUPPORTED  a mechanism that envoi_sasl_derive() does not support
 * @retval ENVOI_ERR_INVALID      malformed: a part is missing or empty, base64 is not canonical, a
 *                                key does not have the size of the hash, the salt is longer than
 *                                ENVOI_SASL_SALT_BYTES, the count begins with 0 or is larger than
 *                                4294967295
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_sasl_verifier_parse(struct envoi_sasl_verifier *ret_verifier,
	unsigned char room[ENVOI_SASL_VERIFIER_BYTES], const char *text, size_t len);

#ifdef __cplusplus
}
#endif
#endif
