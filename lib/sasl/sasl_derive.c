/*
 * envoi - SASL: a verifier is derived from a password
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/sasl_verifier.h>
#include <envoi/watch.h>

#include "sasl/sasl.h"
#include "sasl/scram.h"

struct envoi_sasl_derivation {
	struct envoi_context *context; /* a reference */
	struct envoi_deferred work; /* computes one slice */
	struct envoi__scram_derivation scram;
	struct envoi__sasl_salt salt;
	envoi_sasl_derived_fn *done;
	void *user;
	bool is_done; /* `done` is on the stack */
};

static void release(struct envoi_sasl_derivation *derivation)
{
	struct envoi_context *context = derivation->context;
	envoi_deferred_cancel(&derivation->work);
	envoi__scram_derivation_finish(&derivation->scram);
	envoi_free(context, derivation);
	envoi_context_unref(context);
}

void envoi_sasl_derivation_free(struct envoi_sasl_derivation *derivation)
{
	if (derivation != NULL && !derivation->is_done) {
		release(derivation);
	}
}

static void report(
	struct envoi_sasl_derivation *derivation, int code, const struct envoi__scram_keys *keys)
{
	enum envoi__scram_hash hash = derivation->scram.hash;
	const struct envoi_sasl_verifier verifier = {
		.mechanism = envoi__scram_mechanism_name(hash),
		.salt = derivation->salt.bytes,
		.salt_len = derivation->salt.len,
		.iterations = derivation->salt.iterations,
		.stored_key = keys->stored_key,
		.server_key = keys->server_key,
		.key_len = envoi__scram_hash_size(hash),
	};
	derivation->is_done = true;
	derivation->done(derivation->user, code, code == ENVOI_OK ? &verifier : NULL);
	release(derivation);
}

static void work(struct envoi_deferred *deferred)
{
	struct envoi_sasl_derivation *derivation = ENVOI_CONTAINER_OF(
		deferred, struct envoi_sasl_derivation, work);
	struct envoi__scram_keys keys;
	int r = envoi__scram_derivation_run(&derivation->scram, &keys);
	if (r == ENVOI_AGAIN) {
		envoi_deferred_post(
			&derivation->work, envoi_context_loop(derivation->context), work);
		return;
	}
	report(derivation, r, &keys);
	envoi__wipe(&keys, sizeof(keys));
}

static int take_salt(struct envoi__sasl_salt *salt, struct envoi_context *context,
	const struct envoi_sasl_derivation_options *options)
{
	salt->iterations = options->iterations != 0 ? options->iterations
						    : ENVOI_SASL_DEFAULT_ITERATIONS;
	if (options->salt == NULL) {
		salt->len = ENVOI_SASL_DEFAULT_SALT_BYTES;
		return envoi_context_random(context, salt->bytes, salt->len);
	}
	if (options->salt_len == 0 || options->salt_len > sizeof(salt->bytes)) {
		return ENVOI_ERR_INVALID;
	}
	salt->len = options->salt_len;
	memcpy(salt->bytes, options->salt, salt->len);
	return ENVOI_OK;
}

static int begin(
	struct envoi_sasl_derivation *derivation, enum envoi__scram_hash hash, const char *given)
{
	char *password;
	int r = envoi__sasl_prepare_password(derivation->context, given, &password);
	if (r < 0) {
		return r;
	}
	r = *password == '\0' ? ENVOI_ERR_INVALID
			      : envoi__scram_derivation_begin(&derivation->scram, hash, password,
					derivation->salt.bytes, derivation->salt.len,
					derivation->salt.iterations);
	envoi__free_secret(derivation->context, password);
	return r;
}

int envoi_sasl_derive(struct envoi_sasl_derivation **ret_derivation, struct envoi_context *context,
	const struct envoi_sasl_derivation_options *options)
{
	enum envoi__scram_hash hash;
	if (options->done == NULL || options->mechanism == NULL || options->password == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (!envoi__scram_find_hash(options->mechanism, &hash)) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	struct envoi_loop *loop = envoi_context_loop(context);
	struct envoi_sasl_derivation *derivation = loop != NULL
		? envoi_alloc_zeroed(context, sizeof(*derivation))
		: NULL;
	if (derivation == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	derivation->context = envoi_context_ref(context);
	derivation->done = options->done;
	derivation->user = options->user;
	int r = take_salt(&derivation->salt, context, options);
	if (r == ENVOI_OK) {
		r = begin(derivation, hash, options->password);
	}
	if (r < 0) {
		release(derivation);
		return r;
	}
	envoi_deferred_post(&derivation->work, loop, work);
	if (ret_derivation != NULL) {
		*ret_derivation = derivation;
	}
	return ENVOI_OK;
}
