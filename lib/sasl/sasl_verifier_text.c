/*
 * envoi - SASL: verifiers as text (RFC 5803, section 1)
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/sasl_verifier.h>
#include <envoi/values.h>

#include "sasl/sasl.h"
#include "sasl/scram.h"
#include "sasl/scram_message.h"

enum {
	BASE64_KEY = 89, /* of the largest hash or the longest salt, with its NUL */
	DECODED_SALT = 66, /* the most that as many characters decode to */
};

/* --- writing --- */

int envoi_sasl_verifier_print(
	char text[ENVOI_SASL_VERIFIER_TEXT], const struct envoi_sasl_verifier *verifier)
{
	enum envoi__scram_hash hash;
	struct envoi__sasl_salt copy;
	char salt[BASE64_KEY], stored_key[BASE64_KEY], server_key[BASE64_KEY];
	if (!envoi__scram_find_hash(verifier->mechanism, &hash)) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	int r = envoi__sasl_take_verifier(&copy, verifier, envoi__scram_hash_size(hash));
	if (r < 0) {
		return r;
	}
	envoi_base64_encode(salt, verifier->salt, verifier->salt_len);
	envoi_base64_encode(stored_key, verifier->stored_key, verifier->key_len);
	envoi_base64_encode(server_key, verifier->server_key, verifier->key_len);
	snprintf(text, ENVOI_SASL_VERIFIER_TEXT, "%s$%u:%s$%s:%s", verifier->mechanism,
		verifier->iterations, salt, stored_key, server_key);
	envoi__wipe(stored_key, sizeof(stored_key));
	envoi__wipe(server_key, sizeof(server_key));
	return ENVOI_OK;
}

/* --- reading --- */

/* The parts of a text, still encoded. */
struct parts {
	struct envoi__scram_part mechanism, iterations, salt, stored_key, server_key;
};

/* Cut off what is before the separator. */
static bool cut(struct envoi__scram_part *rest, char separator, struct envoi__scram_part *ret_part)
{
	const char *at = memchr(rest->text, separator, rest->len);
	if (at == NULL) {
		return false;
	}
	*ret_part = (struct envoi__scram_part){rest->text, (size_t)(at - rest->text)};
	rest->text = at + 1;
	rest->len -= ret_part->len + 1;
	return true;
}

static bool split(const char *text, size_t len, struct parts *ret_parts)
{
	struct envoi__scram_part rest = {text, len};
	bool is_whole = cut(&rest, '$', &ret_parts->mechanism) &&
		cut(&rest, ':', &ret_parts->iterations) && cut(&rest, '$', &ret_parts->salt) &&
		cut(&rest, ':', &ret_parts->stored_key);
	ret_parts->server_key = rest;
	return is_whole;
}

/* iter-count: %x31-39 *DIGIT */
static int read_iterations(const struct envoi__scram_part *part, unsigned int *ret_iterations)
{
	uint64_t value = 0;
	for (size_t i = 0; i < part->len; i++) {
		char digit = part->text[i];
		if (digit < (i == 0 ? '1' : '0') || digit > '9') {
			return ENVOI_ERR_INVALID;
		}
		value = 10 * value + (uint64_t)(digit - '0');
		if (value > UINT32_MAX) {
			return ENVOI_ERR_INVALID;
		}
	}
	*ret_iterations = (unsigned int)value;
	return value > 0 ? ENVOI_OK : ENVOI_ERR_INVALID;
}

static int read_salt(const struct envoi__scram_part *part, unsigned char *ret_salt, size_t *ret_len)
{
	unsigned char salt[DECODED_SALT];
	if (part->len >= BASE64_KEY ||
		envoi_base64_decode(salt, ret_len, part->text, part->len) < 0 || *ret_len == 0 ||
		*ret_len > ENVOI_SASL_SALT_BYTES) {
		return ENVOI_ERR_INVALID;
	}
	memcpy(ret_salt, salt, *ret_len);
	return ENVOI_OK;
}

static int find_mechanism(const struct envoi__scram_part *part, enum envoi__scram_hash *ret_hash)
{
	char name[ENVOI_SASL_VERIFIER_TEXT];
	if (part->len >= sizeof(name)) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	memcpy(name, part->text, part->len);
	name[part->len] = '\0';
	return strlen(name) == part->len && envoi__scram_find_hash(name, ret_hash)
		? ENVOI_OK
		: ENVOI_ERR_UNSUPPORTED;
}

static int read_parts(struct envoi_sasl_verifier *verifier, unsigned char *room,
	const struct parts *parts, enum envoi__scram_hash hash)
{
	size_t size = envoi__scram_hash_size(hash);
	unsigned char *stored_key = room + ENVOI_SASL_SALT_BYTES, *server_key = stored_key + size;
	*verifier = (struct envoi_sasl_verifier){
		.mechanism = envoi__scram_mechanism_name(hash),
		.salt = room,
		.stored_key = stored_key,
		.server_key = server_key,
		.key_len = size,
	};
	int r = read_iterations(&parts->iterations, &verifier->iterations);
	if (r == ENVOI_OK) {
		r = read_salt(&parts->salt, room, &verifier->salt_len);
	}
	if (r == ENVOI_OK) {
		r = envoi__scram_read_base64(&parts->stored_key, stored_key, size);
	}
	if (r == ENVOI_OK) {
		r = envoi__scram_read_base64(&parts->server_key, server_key, size);
	}
	return r;
}

int envoi_sasl_verifier_parse(struct envoi_sasl_verifier *ret_verifier,
	unsigned char room[ENVOI_SASL_VERIFIER_BYTES], const char *text, size_t len)
{
	struct parts parts;
	struct envoi_sasl_verifier verifier;
	enum envoi__scram_hash hash;
	if (text == NULL || !split(text, len, &parts)) {
		return ENVOI_ERR_INVALID;
	}
	int r = find_mechanism(&parts.mechanism, &hash);
	if (r < 0) {
		return r;
	}
	if (read_parts(&verifier, room, &parts, hash) < 0) {
		return ENVOI_ERR_INVALID;
	}
	*ret_verifier = verifier;
	return ENVOI_OK;
}
