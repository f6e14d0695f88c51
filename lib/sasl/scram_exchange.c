/*
 * envoi - SCRAM: what both sides of an exchange need
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/values.h>

#include "base/context.h"
#include "sasl/sasl_scram.h"

int envoi__scram_refuse(struct envoi__scram_exchange *exchange, int code, const char *problem)
{
	exchange->problem = problem;
	return code;
}

int envoi__scram_append_base64(struct envoi_buffer *out, const void *data, size_t len)
{
	char *room;
	int r = envoi_buffer_reserve(out, envoi_base64_encoded_size(len), &room);
	if (r == ENVOI_OK) {
		envoi_buffer_commit(out, envoi_base64_encode(room, data, len));
	}
	return r;
}

int envoi__scram_exchange_derive(struct envoi__scram_exchange *exchange, const char *password)
{
	exchange->stage = ENVOI__SCRAM_DERIVING;
	envoi__scram_derivation_finish(&exchange->derivation);
	int r = envoi__scram_derivation_begin(&exchange->derivation, exchange->hash, password,
		exchange->salt, exchange->salt_len, exchange->iterations);
	if (r == ENVOI_OK) {
		memcpy(exchange->tag, exchange->derivation.last, sizeof(exchange->tag));
		exchange->has_tag = true;
	}
	return r;
}

/* The tag is U1 of the derivation (RFC 5802, section 2.2), which costs one iteration. */
int envoi__scram_exchange_check_keys(struct envoi__scram_exchange *exchange)
{
	struct envoi__scram_derivation first;
	if (!exchange->has_keys || exchange->password == NULL) {
		return ENVOI_OK;
	}
	if (!exchange->has_tag) {
		exchange->has_keys = false;
		return ENVOI_OK;
	}
	int r = envoi__scram_derivation_begin(&first, exchange->hash, exchange->password,
		exchange->salt, exchange->salt_len, exchange->iterations);
	if (r == ENVOI_OK) {
		exchange->has_keys = envoi__equal_secret(
			first.last, exchange->tag, envoi__scram_hash_size(exchange->hash));
		envoi__scram_derivation_finish(&first);
	}
	return r;
}

/* --- names --- */

static const struct {
	const char *name, *plus;
	enum envoi__scram_hash hash;
} names[] = {
	{"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", ENVOI__SCRAM_SHA_1},
	{"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", ENVOI__SCRAM_SHA_256},
	{"SCRAM-SHA-512", "SCRAM-SHA-512-PLUS", ENVOI__SCRAM_SHA_512},
};

const char *envoi__scram_mechanism_name(enum envoi__scram_hash hash)
{
	return names[hash].name;
}

bool envoi__scram_find_hash(const char *mechanism, enum envoi__scram_hash *ret_hash)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(mechanism, names[i].name) == 0) {
			*ret_hash = names[i].hash;
			return true;
		}
	}
	return false;
}

int envoi__scram_exchange_take_name(struct envoi__scram_exchange *exchange, const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		exchange->is_plus = strcmp(name, names[i].plus) == 0;
		if (exchange->is_plus || strcmp(name, names[i].name) == 0) {
			exchange->hash = names[i].hash;
			return ENVOI_OK;
		}
	}
	return ENVOI_ERR_UNSUPPORTED;
}
