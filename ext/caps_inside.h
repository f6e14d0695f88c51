/*
 * envoi - entity capabilities: what its files share
 * SPDX-License-Identifier: MIT
 *
 *	caps.c           payloads, own capabilities
 *	caps_hash.c      hashes
 *	caps_pieces.c    their input: texts, sorted
 *	caps_cache.c     what was answered, by hash
 *	caps_entities.h  capabilities of others
 */
#ifndef ENVOI_CAPS_INSIDE_H
#define ENVOI_CAPS_INSIDE_H

#include <envoi/ext/caps.h>

/* --- caps_pieces.c --- */

/*
 * A piece is a text of one level. The pieces of a level are sorted by their bytes and joined, and
 * are a part of a piece of the level above.
 */
struct envoi__caps_pieces {
	struct envoi_buffer bytes; /* one behind the other */
	struct envoi_buffer ends; /* size_t: where each ends */
	int code; /* the first failure */
	bool has_twice; /* two that were joined are equal */
};

struct envoi__caps_levels {
	struct envoi__caps_pieces whole, forms, fields, values;
};

void envoi__caps_levels_init(struct envoi__caps_levels *levels, struct envoi_context *context);
/** Append the whole to a buffer. @return the first failure */
int envoi__caps_levels_finish(struct envoi__caps_levels *levels, struct envoi_buffer *out);
void envoi__caps_append(struct envoi__caps_pieces *pieces, const void *data, size_t len);
/** Append a text and a separator. @param text NULL: "" */
void envoi__caps_append_text(struct envoi__caps_pieces *pieces, const char *text, char separator);
void envoi__caps_end_piece(struct envoi__caps_pieces *pieces);
/** Sort and join the pieces into a piece of the level above; they are empty then. */
void envoi__caps_join(struct envoi__caps_pieces *pieces, struct envoi__caps_pieces *out);

/* --- caps_hash.c --- */

enum {
	ENVOI__CAPS_DIGEST_SIZE = 89, /* of 64 bytes in base64, with NUL */
};

/** How far a hash of an answer can be trusted. */
enum envoi__caps_input {
	ENVOI__CAPS_UNIQUE, /* the input stands for this information alone */
	ENVOI__CAPS_AMBIGUOUS, /* other information has the same input */
	ENVOI__CAPS_ILL_FORMED,
};

/**
 * Append the hash input of information by XEP-0115, section 5.1.
 * @param[out] ret_kind  never UNIQUE where the section 5.4 makes it ill-formed
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__caps_input(struct envoi_buffer *out, const struct envoi_disco_info *info,
	enum envoi__caps_input *ret_kind);

/** As envoi__caps_input(), by XEP-0390, section 4.1. */
int envoi__caps_input_2(struct envoi_buffer *out, const struct envoi_disco_info *info,
	enum envoi__caps_input *ret_kind);

/** @return whether the library has the hash function of that name */
bool envoi__caps_has_algorithm(const char *algo);

/** Compute a hash in base64. @retval ENVOI_ERR_UNSUPPORTED an unknown function, or it failed */
int envoi__caps_digest(
	char ret_text[ENVOI__CAPS_DIGEST_SIZE], const char *algo, const struct envoi_buffer *input);

/* --- caps_cache.c --- */

/** Information that is shared. */
struct envoi__caps_known {
	struct envoi_context *context;
	unsigned int refs;
	size_t weight; /* bytes of the answer */
	struct envoi_disco_info *info;
};

/** Copy information. @return one reference; NULL: out of memory */
struct envoi__caps_known *envoi__caps_known_new(
	struct envoi_context *context, const struct envoi_disco_info *info, size_t weight);
struct envoi__caps_known *envoi__caps_known_ref(struct envoi__caps_known *known);
void envoi__caps_known_unref(struct envoi__caps_known *known);

/*
 * A key is the node by XEP-0390, section 4.3, "urn:xmpp:caps#sha-256.VALUE", or "sha-1 VALUE".
 */

/**
 * Verify information by a key.
 * @param[out] ret_known  a reference
 * @retval ENVOI_OK        it matches, and is the only one that does
 * @retval ENVOI_DECLINED  otherwise; *ret_known is set
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__caps_verify(struct envoi__caps_known **ret_known, struct envoi_context *context,
	const char *key, const struct envoi_disco_info *info);

/** @return what is known of a key, borrowed; NULL: nothing. Makes it the last one to be dropped */
struct envoi__caps_known *envoi__caps_cache_get(struct envoi_caps_cache *cache, const char *key);
/** Add what was verified. Without memory it is not added. */
void envoi__caps_cache_put(
	struct envoi_caps_cache *cache, const char *key, struct envoi__caps_known *known);
struct envoi_context *envoi__caps_cache_context(const struct envoi_caps_cache *cache);

#endif
