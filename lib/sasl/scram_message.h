/*
 * envoi - SCRAM: its four messages (RFC 5802, section 7)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SASL_SCRAM_MESSAGE_H
#define ENVOI_SASL_SCRAM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/error.h>

struct envoi_context;

/** Part of a message: borrowed from it. */
struct envoi__scram_part {
	const char *text; /* NULL: not there */
	size_t len;
};

/*
 * Readers: the attributes in the order of the grammar, each once, nothing in between. Attributes
 * that the RFC does not define come last and are ignored, as it demands; attributes with a place of
 * their own are refused there, and so is `m`, the mandatory extension. All of them return ENVOI_OK
 * or ENVOI_ERR_PROTOCOL.
 */

struct envoi__scram_client_first {
	char flag; /* 'n', 'y', 'p' */
	struct envoi__scram_part binding; /* its type, with 'p' */
	struct envoi__scram_part authzid, name; /* still escaped */
	struct envoi__scram_part nonce;
	struct envoi__scram_part gs2_header, bare;
};

int envoi__scram_read_client_first(
	const char *text, size_t len, struct envoi__scram_client_first *ret_message);

struct envoi__scram_server_first {
	struct envoi__scram_part nonce;
	struct envoi__scram_part salt; /* base64 */
	uint64_t iterations; /* at least 1; UINT64_MAX: that, or larger */
	struct envoi__scram_part offer_hash; /* XEP-0474: base64 */
};

int envoi__scram_read_server_first(
	const char *text, size_t len, struct envoi__scram_server_first *ret_message);

struct envoi__scram_client_final {
	struct envoi__scram_part binding; /* base64 */
	struct envoi__scram_part nonce;
	struct envoi__scram_part proof; /* base64 */
	struct envoi__scram_part without_proof;
};

int envoi__scram_read_client_final(
	const char *text, size_t len, struct envoi__scram_client_final *ret_message);

struct envoi__scram_server_final {
	struct envoi__scram_part error; /* this or */
	struct envoi__scram_part signature; /* base64 */
};

int envoi__scram_read_server_final(
	const char *text, size_t len, struct envoi__scram_server_final *ret_message);

/** Read strict base64 of exactly @p size bytes. @retval ENVOI_ERR_PROTOCOL */
int envoi__scram_read_base64(
	const struct envoi__scram_part *part, unsigned char *ret_data, size_t size);

/** @return whether the part is exactly that text */
bool envoi__scram_part_is(const struct envoi__scram_part *part, const char *text);

/** A name with "=2C" for "," and "=3D" for "="; NULL: out of memory. */
char *envoi__scram_escape(struct envoi_context *context, const char *name);

/** The reverse. @retval ENVOI_ERR_PROTOCOL "=" before anything else @retval ENVOI_ERR_NOMEM */
int envoi__scram_unescape(
	struct envoi_context *context, const struct envoi__scram_part *name, char **ret_name);

/** @return the server's reason as text; static */
const char *envoi__scram_error_words(const struct envoi__scram_part *error);

#endif
