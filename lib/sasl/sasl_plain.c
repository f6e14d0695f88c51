/*
 * envoi - SASL PLAIN (RFC 4616)
 * SPDX-License-Identifier: MIT
 */
/*
 * Not libgsasl's, whose receiving side refuses characters that are newer than Unicode 3.2, and does
 * not wipe the memory in which it has prepared the password.
 */
#include <string.h>

#include <unistr.h>

#include "base/context.h"
#include "sasl/sasl.h"
#include "sasl/scram.h"

enum {
	DEFAULT_MIN_ITERATIONS = 4096, /* RFC 7677, section 4 */
};

/** What the receiving side does next. */
enum stage {
	MESSAGE, /* wait for the peer's */
	ACCOUNT, /* wait for envoi_sasl_give_account() */
	DERIVE, /* derive the key of the password, and compare it */
	COMPARE, /* compare the password */
};

struct plain {
	struct envoi_sasl_exchange base;
	char *hostname;
	char *authcid, *authzid, *password; /* authcid: prepared; receiver: all are the peer's */
	/* receiver */
	enum stage stage;
	unsigned int iterations; /* of a decoy, unless the decoys have some */
	const struct envoi_sasl_decoys *decoys; /* borrowed; NULL: the default */
	bool has_bad_name; /* no account can have it */
	bool is_impossible; /* the name, the password, or the identity to act as */
	char *wanted; /* the account's password, prepared */
	enum envoi__scram_hash hash;
	unsigned char stored_key[ENVOI__SCRAM_LARGEST_HASH];
	struct envoi__scram_derivation derivation;
};

/** The parts of the initiator's message; each allocated. */
struct message {
	char *authzid, *authcid, *password;
};

static struct plain *from_base(struct envoi_sasl_exchange *base)
{
	return ENVOI_CONTAINER_OF(base, struct plain, base);
}

/* --- initiator --- */

static int append_with_nul(struct envoi_buffer *out, const char *text)
{
	return text != NULL ? envoi_buffer_append(out, text, strlen(text) + 1)
			    : envoi_buffer_append(out, "", 1);
}

static int initiator_step(
	struct envoi_sasl_exchange *base, const void *in, size_t len, struct envoi_buffer *out)
{
	const struct plain *plain = from_base(base);
	(void)in;
	if (len > 0) {
		return ENVOI_ERR_PROTOCOL;
	}
	int r = append_with_nul(out, plain->authzid);
	if (r == ENVOI_OK) {
		r = append_with_nul(out, plain->authcid);
	}
	return r < 0 ? r : envoi_buffer_append_text(out, plain->password);
}

/* --- receiver: the message --- */

static void drop_message(struct envoi_context *context, struct message *message)
{
	envoi_free(context, message->authzid);
	envoi_free(context, message->authcid);
	envoi__free_secret(context, message->password);
}

/* Section 2: [authzid] NUL authcid NUL passwd. */
static int cut(
	struct envoi_context *context, struct message *ret_message, const char *in, size_t len)
{
	*ret_message = (struct message){.authzid = NULL};
	const char *end = in + len, *first = memchr(in, '\0', len);
	const char *second = first != NULL ? memchr(first + 1, '\0', (size_t)(end - first - 1))
					   : NULL;
	if (second == NULL || second + 1 == end ||
		memchr(second + 1, '\0', (size_t)(end - second - 1)) != NULL) {
		return ENVOI_ERR_PROTOCOL;
	}
	ret_message->authzid = envoi_strndup(context, in, (size_t)(first - in));
	ret_message->authcid = envoi_strndup(context, first + 1, (size_t)(second - first - 1));
	ret_message->password = envoi_strndup(context, second + 1, (size_t)(end - second - 1));
	return ret_message->authzid == NULL || ret_message->authcid == NULL ||
			ret_message->password == NULL
		? ENVOI_ERR_NOMEM
		: ENVOI_OK;
}

/* A name or password that is not allowed stays as it is, and cannot be right. */
static int prepare(struct plain *plain, const struct message *message)
{
	struct envoi_context *context = plain->base.context;
	int r = envoi__sasl_prepare_name(context, message->authcid, &plain->authcid);
	if (r == ENVOI_ERR_INVALID) {
		plain->has_bad_name = true;
		r = envoi__sasl_copy_text(context, &plain->authcid, message->authcid);
	}
	if (r == ENVOI_OK) {
		r = envoi__sasl_prepare_password(context, message->password, &plain->password);
	}
	if (r == ENVOI_ERR_INVALID) {
		plain->is_impossible = true;
		r = envoi__sasl_copy_text(context, &plain->password, message->password);
	}
	return r;
}

/* Section 2: no user has an empty name. */
static int take_message(struct plain *plain, const char *in, size_t len)
{
	struct envoi_context *context = plain->base.context;
	struct message message;
	int r = cut(context, &message, in, len);
	if (r == ENVOI_OK) {
		r = prepare(plain, &message);
	}
	if (r == ENVOI_OK) {
		plain->has_bad_name = plain->has_bad_name || *plain->authcid == '\0';
		plain->is_impossible = plain->is_impossible || plain->has_bad_name ||
			!envoi__sasl_may_act_as(message.authcid, message.authzid, plain->hostname);
	}
	drop_message(context, &message);
	plain->stage = ACCOUNT;
	return r;
}

/* --- receiver: the account --- */

static int derive(
	struct plain *plain, enum envoi__scram_hash hash, const struct envoi__sasl_salt *salt)
{
	plain->hash = hash;
	plain->stage = DERIVE;
	int r = envoi__scram_derivation_begin(&plain->derivation, hash, plain->password,
		salt->bytes, salt->len, salt->iterations);
	envoi__free_secret(plain->base.context, plain->password);
	plain->password = NULL;
	return r;
}

/* The verifier with the strongest hash. */
static const struct envoi_sasl_verifier *best_verifier(
	const struct envoi_sasl_account *account, enum envoi__scram_hash *ret_hash)
{
	for (int hash = ENVOI__SCRAM_SHA_512; hash >= ENVOI__SCRAM_SHA_1; hash--) {
		const struct envoi_sasl_verifier *verifier = envoi__sasl_find_verifier(
			account, envoi__scram_mechanism_name((enum envoi__scram_hash)hash));
		if (verifier != NULL) {
			*ret_hash = (enum envoi__scram_hash)hash;
			return verifier;
		}
	}
	return NULL;
}

static enum envoi__scram_hash decoy_hash(const struct envoi_sasl_decoys *decoys)
{
	enum envoi__scram_hash hash;
	bool is_known = decoys != NULL && decoys->mechanism != NULL &&
		envoi__scram_find_hash(decoys->mechanism, &hash);
	return is_known ? hash : ENVOI__SCRAM_SHA_256;
}

static int use_verifier(struct plain *plain, const struct envoi_sasl_verifier *verifier,
	enum envoi__scram_hash hash)
{
	struct envoi__sasl_salt salt;
	size_t key_len = envoi__scram_hash_size(hash);
	int r = envoi__sasl_take_verifier(&salt, verifier, key_len);
	if (r < 0) {
		return r;
	}
	memcpy(plain->stored_key, verifier->stored_key, key_len);
	return derive(plain, hash, &salt);
}

/* There is no account: the password is compared with one that no account has. */
static int use_nothing(
	struct plain *plain, enum envoi__scram_hash hash, const struct envoi__sasl_salt *salt)
{
	const struct envoi_sasl_decoys *decoys = plain->decoys;
	plain->is_impossible = true;
	if (decoys == NULL || decoys->have_passwords) {
		plain->stage = COMPARE;
		return envoi__sasl_decoy_password(plain->base.context, &plain->wanted);
	}
	return derive(plain, hash, salt);
}

/* A salt is made for each user, so that one who exists costs no less (RFC 5802, section 9). A
 * stored password that is not allowed is none. */
static int use_account(struct plain *plain, const struct envoi_sasl_account *account)
{
	enum envoi__scram_hash hash = ENVOI__SCRAM_SHA_256, decoy = decoy_hash(plain->decoys);
	const struct envoi_sasl_verifier *verifier = best_verifier(account, &hash);
	struct envoi__sasl_salt salt;
	int r = envoi__sasl_decoy_salt(&salt, plain->base.context, plain->decoys,
		envoi__scram_mechanism_name(decoy), plain->authcid, plain->iterations);
	if (r < 0) {
		return r;
	}
	if (account != NULL && account->password != NULL) {
		r = envoi__sasl_prepare_password(
			plain->base.context, account->password, &plain->wanted);
		plain->stage = r == ENVOI_OK ? COMPARE : plain->stage;
		return r == ENVOI_ERR_INVALID ? use_nothing(plain, decoy, &salt) : r;
	}
	return verifier != NULL ? use_verifier(plain, verifier, hash)
				: use_nothing(plain, decoy, &salt);
}

static int give_account(struct envoi_sasl_exchange *base, const struct envoi_sasl_account *account)
{
	struct plain *plain = from_base(base);
	return plain->stage == ACCOUNT ? use_account(plain, plain->has_bad_name ? NULL : account)
				       : ENVOI_ERR_STATE;
}

/* --- receiver: the password --- */

static int verdict(const struct plain *plain, bool is_equal)
{
	return is_equal && !plain->is_impossible ? ENVOI_OK : ENVOI_ERR_AUTH;
}

static int compare(const struct plain *plain)
{
	size_t len = strlen(plain->wanted);
	return verdict(plain,
		strlen(plain->password) == len &&
			envoi__equal_secret(plain->password, plain->wanted, len));
}

static int run_derivation(struct plain *plain)
{
	struct envoi__scram_keys keys;
	int r = envoi__scram_derivation_run(&plain->derivation, &keys);
	if (r == ENVOI_AGAIN) {
		return ENVOI_SASL_BUSY;
	}
	if (r == ENVOI_OK) {
		r = verdict(plain,
			envoi__equal_secret(keys.stored_key, plain->stored_key,
				envoi__scram_hash_size(plain->hash)));
		envoi__wipe(&keys, sizeof(keys));
	}
	return r;
}

static int receive(struct plain *plain, const void *in, size_t len)
{
	if (in == NULL) {
		return ENVOI_AGAIN; /* an empty challenge asks for it */
	}
	int r = take_message(plain, in, len);
	return r < 0 ? r : ENVOI_SASL_NEEDS_ACCOUNT;
}

static int receiver_step(
	struct envoi_sasl_exchange *base, const void *in, size_t len, struct envoi_buffer *out)
{
	struct plain *plain = from_base(base);
	(void)out;
	if (plain->stage != MESSAGE && in != NULL) {
		return ENVOI_ERR_PROTOCOL;
	}
	switch (plain->stage) {
	case MESSAGE:
		return receive(plain, in, len);
	case DERIVE:
		return run_derivation(plain);
	case COMPARE:
		return compare(plain);
	case ACCOUNT:
		break;
	}
	return ENVOI_ERR_PROTOCOL;
}

/* --- both --- */

static const char *authcid(struct envoi_sasl_exchange *base)
{
	const struct plain *plain = from_base(base);
	return base->role != ENVOI_RECEIVER ? NULL : plain->has_bad_name ? "" : plain->authcid;
}

static void destroy(struct envoi_sasl_exchange *base)
{
	struct plain *plain = from_base(base);
	struct envoi_context *context = base->context;
	envoi__free_secret(context, plain->password);
	envoi_free(context, plain->authcid);
	envoi_free(context, plain->authzid);
	envoi_free(context, plain->hostname);
	envoi__free_secret(context, plain->wanted);
	envoi__wipe(plain->stored_key, sizeof(plain->stored_key));
	envoi__scram_derivation_finish(&plain->derivation);
	envoi_free(context, plain);
}

static const struct envoi_sasl_exchange_impl initiator_impl = {
	.step = initiator_step,
	.authcid = authcid,
	.destroy = destroy,
};

static const struct envoi_sasl_exchange_impl receiver_impl = {
	.step = receiver_step,
	.authcid = authcid,
	.give_account = give_account,
	.destroy = destroy,
};

static int take_identity(struct plain *plain, const struct envoi_sasl_parameters *parameters)
{
	struct envoi_context *context = plain->base.context;
	const char *password = parameters->password;
	if (parameters->authcid == NULL || password == NULL || *password == '\0' ||
		u8_check((const uint8_t *)password, strlen(password)) != NULL) {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi__sasl_copy_text(context, &plain->authzid, parameters->authzid);
	if (r == ENVOI_OK) {
		r = envoi__sasl_prepare_name(context, parameters->authcid, &plain->authcid);
	}
	if (r == ENVOI_OK && *plain->authcid == '\0') {
		r = ENVOI_ERR_INVALID;
	}
	/* Section 2: the receiver prepares it. */
	return r < 0 ? r : envoi__sasl_copy_text(context, &plain->password, password);
}

int envoi__sasl_plain_start(const struct envoi_sasl_mechanism *mechanism,
	struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_parameters *parameters)
{
	bool is_initiator = parameters->role == ENVOI_INITIATOR;
	struct plain *plain = envoi_alloc_zeroed(context, sizeof(*plain));
	if (plain == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__sasl_exchange_init(&plain->base, is_initiator ? &initiator_impl : &receiver_impl,
		mechanism, context, parameters->role);
	plain->decoys = parameters->decoys;
	plain->iterations = parameters->min_iterations != 0 ? parameters->min_iterations
							    : DEFAULT_MIN_ITERATIONS;
	int r = envoi__sasl_copy_text(context, &plain->hostname, parameters->hostname);
	if (r == ENVOI_OK && is_initiator) {
		r = take_identity(plain, parameters);
	}
	if (r < 0) {
		envoi_sasl_free(&plain->base);
		return r;
	}
	*ret_exchange = &plain->base;
	return ENVOI_OK;
}
