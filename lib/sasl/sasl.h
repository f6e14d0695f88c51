/*
 * envoi - SASL: shared by the mechanisms
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SASL_SASL_H
#define ENVOI_SASL_SASL_H

#include <envoi/interfaces/sasl.h>

#include "base/context.h"

struct Gsasl;

/** SASL's part of the context: its Gsasl, and the added mechanisms. */
struct envoi__sasl_part {
	struct envoi__part base;
	struct envoi_context *context; /* borrowed */
	struct Gsasl *gsasl; /* NULL: not needed yet */
	const struct envoi_sasl_mechanism **added;
	size_t added_count;
};

/** The context's part, made on first use; NULL: out of memory. */
struct envoi__sasl_part *envoi__sasl_part(struct envoi_context *context);

/** SCRAM (sasl_scram.c). */
int envoi__sasl_scram_start(const struct envoi_sasl_mechanism *mechanism,
	struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_parameters *parameters);

/** EXTERNAL: the receiving side here, the initiating one on libgsasl (sasl_certified.c). */
int envoi__sasl_external_start(const struct envoi_sasl_mechanism *mechanism,
	struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_parameters *parameters);

/** Mechanisms on libgsasl, initiating side (sasl_gsasl.c). */
int envoi__sasl_gsasl_start(const struct envoi_sasl_mechanism *mechanism,
	struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_parameters *parameters);

/** PLAIN (sasl_plain.c). */
int envoi__sasl_plain_start(const struct envoi_sasl_mechanism *mechanism,
	struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_parameters *parameters);

/** ANONYMOUS (sasl_anonymous.c). */
int envoi__sasl_anonymous_start(const struct envoi_sasl_mechanism *mechanism,
	struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_parameters *parameters);

/** Initialise the base struct of an exchange; takes a reference to the context. */
void envoi__sasl_exchange_init(struct envoi_sasl_exchange *exchange,
	const struct envoi_sasl_exchange_impl *impl, const struct envoi_sasl_mechanism *mechanism,
	struct envoi_context *context, enum envoi_role role);

/** Receiver: @return whether the user @p authcid may act as @p authzid: no identity but the user's
 * own is granted (RFC 4422, section 4.1). @param authzid, hostname NULL: none */
bool envoi__sasl_may_act_as(const char *authcid, const char *authzid, const char *hostname);

/** Receiver: make a random password, which stands for that of a user who does not exist. */
int envoi__sasl_decoy_password(struct envoi_context *context, char **ret_password);

/** A salt and a count (RFC 5802, section 5.1). */
struct envoi__sasl_salt {
	unsigned char bytes[ENVOI_SASL_SALT_BYTES];
	size_t len;
	unsigned int iterations;
};

/**
 * Receiver: make the salt and count of a user for whom none are stored: always the same for the
 * same name and mechanism.
 *
 * @param decoys      NULL: the default
 * @param iterations  the count, unless @p decoys have some
 * @retval ENVOI_ERR_SYSTEM
 */
int envoi__sasl_decoy_salt(struct envoi__sasl_salt *ret_salt, struct envoi_context *context,
	const struct envoi_sasl_decoys *decoys, const char *mechanism, const char *name,
	unsigned int iterations);

/** Receiver: @return the verifier of a mechanism, named without -PLUS; NULL: there is none.
 * @param account NULL: no verifiers */
const struct envoi_sasl_verifier *envoi__sasl_find_verifier(
	const struct envoi_sasl_account *account, const char *mechanism);

/** Receiver: copy the salt and count of a verifier. @param key_len  the size of its hash
 * @retval ENVOI_ERR_INVALID  keys, salt or count are impossible */
int envoi__sasl_take_verifier(struct envoi__sasl_salt *ret_salt,
	const struct envoi_sasl_verifier *verifier, size_t key_len);

/** @return the strength of a kind of channel binding; 0: none (NULL, "", or unknown) */
int envoi__sasl_binding_rank(const char *binding);

/** @return whether @p name is a well-formed name of a mechanism (RFC 4422, section 3.1) */
bool envoi__sasl_name_is_valid(const char *name);

/** @return whether a source of identities has all functions that are required */
bool envoi__sasl_credentials_are_complete(const struct envoi_sasl_credentials *credentials);

/** Copy text; NULL is left as it is. @retval ENVOI_ERR_NOMEM */
int envoi__sasl_copy_text(struct envoi_context *context, char **ret_copy, const char *text);

/**
 * Prepare a name or password with SASLprep, as a stored string (RFC 4013; RFC 5802, section 2.2).
 * Where it refuses for characters alone that were unassigned in Unicode 3.2, emoji for example, the
 * newer profiles of RFC 8265 hold: UsernameCasePreserved (section 3.4), OpaqueString (section 4.2).
 *
 * @param[out] ret_name, ret_password  allocated; envoi__free_secret() if it is secret
 * @retval ENVOI_ERR_INVALID  not UTF-8, prohibited, unassigned today, or breaks the bidi rule
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__sasl_prepare_name(struct envoi_context *context, const char *name, char **ret_name);
int envoi__sasl_prepare_password(
	struct envoi_context *context, const char *password, char **ret_password);

#endif
