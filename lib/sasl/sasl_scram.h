/*
 * envoi - SCRAM as a SASL mechanism: private header
 * SPDX-License-Identifier: MIT
 *
 * sasl_scram.c makes an exchange and owns its memory, sasl_scram_initiator.c and
 * sasl_scram_receiver.c have the steps of each side, scram_exchange.c what both need.
 */
#ifndef ENVOI_SASL_SASL_SCRAM_H
#define ENVOI_SASL_SASL_SCRAM_H

#include "sasl/sasl.h"
#include "sasl/scram.h"
#include "sasl/scram_message.h"

/** The stage of an exchange. Initiator: BEGIN -> FIRST -> (PASSWORD ->) DERIVING -> FINAL;
 * receiver: BEGIN -> (ACCOUNT ->) DERIVING -> FINAL. With matching keys, and with stored ones,
 * nothing is derived. */
enum envoi__scram_stage {
	ENVOI__SCRAM_BEGIN, /* no message yet */
	ENVOI__SCRAM_FIRST, /* client-first-message was sent */
	ENVOI__SCRAM_PASSWORD, /* server-first-message came, and the password is not known */
	ENVOI__SCRAM_ACCOUNT, /* client-first-message came, and the account is not known */
	ENVOI__SCRAM_DERIVING,
	ENVOI__SCRAM_FINAL, /* waiting for a final message */
};

enum {
	ENVOI__SCRAM_NONCE_BYTES = 18,
	ENVOI__SCRAM_NONCE_CHARACTERS = 24,
	ENVOI__SCRAM_SALT_BYTES = 16, /* of our own */
};

struct envoi__scram_exchange {
	struct envoi_sasl_exchange base;
	enum envoi__scram_hash hash;
	bool is_plus;
	enum envoi__scram_stage stage;
	const char *problem;

	/* parameters */
	char *authcid, *authzid, *hostname; /* authcid: prepared; receiver: that of the peer */
	char *password; /* prepared; NULL: not known */
	struct envoi_sasl_binding *bindings; /* copies */
	size_t binding_count;
	bool could_bind, needs_offer_hash;
	char *offer_hash; /* base64; NULL: the offer is not known */
	char *offer_words; /* why a server that does not prove its offer is refused, or NULL */
	unsigned int min_iterations, max_iterations;
	const struct envoi_sasl_decoys *decoys; /* receiver: borrowed; NULL: the default */
	bool has_bad_name; /* receiver: no account can have it */
	bool may_act; /* receiver: the user may act as the identity that the peer requests */

	/* parts of AuthMessage; none is secret */
	char nonce[ENVOI__SCRAM_NONCE_CHARACTERS + 1]; /* our part */
	struct envoi_buffer full_nonce;
	struct envoi_buffer auth_message;
	struct envoi_buffer cbind_input; /* gs2-header, and the binding's data */

	/* keys */
	unsigned char *salt;
	size_t salt_len;
	unsigned int iterations;
	bool has_keys;
	struct envoi__scram_keys keys;
	bool has_tag;
	unsigned char tag
		[ENVOI__SCRAM_LARGEST_HASH]; /* of the password that the keys were derived from */
	struct envoi__scram_derivation derivation;
};

/** Set the hash, and whether channel binding is used, by the name of a mechanism.
 * @retval ENVOI_ERR_UNSUPPORTED */
int envoi__scram_exchange_take_name(struct envoi__scram_exchange *exchange, const char *name);

/** Begin to derive the keys. @param password prepared */
int envoi__scram_exchange_derive(struct envoi__scram_exchange *exchange, const char *password);

/**
 * Drop the keys of an earlier login if they were not derived from the given password: they would
 * log in although that password is wrong.
 * @param[in,out] exchange->has_keys
 */
int envoi__scram_exchange_check_keys(struct envoi__scram_exchange *exchange);

/** The steps of both sides (sasl_scram_initiator.c, sasl_scram_receiver.c). */
int envoi__scram_initiator_step(
	struct envoi_sasl_exchange *base, const void *in, size_t len, struct envoi_buffer *out);
int envoi__scram_receiver_step(
	struct envoi_sasl_exchange *base, const void *in, size_t len, struct envoi_buffer *out);
int envoi__scram_receiver_give_account(
	struct envoi_sasl_exchange *base, const struct envoi_sasl_account *account);

/** Note the reason of a failure. @return @p code */
int envoi__scram_refuse(struct envoi__scram_exchange *exchange, int code, const char *problem);

/** Append base64. @retval ENVOI_ERR_NOMEM */
int envoi__scram_append_base64(struct envoi_buffer *out, const void *data, size_t len);

#endif
