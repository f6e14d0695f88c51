/*
 * envoi - SASL: protection of what was offered (XEP-0474 0.5.0)
 * SPDX-License-Identifier: MIT
 */
#include "sasl/sasl_downgrade.h"

#include <stdlib.h>
#include <string.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/values.h>

/* "i;octet" (RFC 4790, section 9.3) */
static int compare(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;
	return strcmp(*left, *right);
}

/* Sorted, with %x1E between. */
static int append_sorted(struct envoi_buffer *out, const char *const *words, size_t count)
{
	if (count == 0) {
		return ENVOI_OK;
	}
	const char **sorted = envoi_alloc(out->context, count * sizeof(*sorted));
	if (sorted == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	memcpy(sorted, words, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	int r = ENVOI_OK;
	for (size_t i = 0; r == ENVOI_OK && i < count; i++) {
		r = envoi_buffer_printf(out, "%s%s", i > 0 ? "\x1e" : "", sorted[i]);
	}
	envoi_free(out->context, sorted);
	return r;
}

static int make_hash(char **ret_hash, enum envoi__scram_hash hash, const struct envoi_buffer *text)
{
	unsigned char digest[ENVOI__SCRAM_LARGEST_HASH];
	size_t size = envoi__scram_hash_size(hash);
	int r = envoi__scram_digest(hash, envoi_buffer_data(text), envoi_buffer_len(text), digest);
	if (r < 0) {
		return r;
	}
	char *encoded = envoi_alloc(text->context, envoi_base64_encoded_size(size));
	if (encoded == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_base64_encode(encoded, digest, size);
	*ret_hash = encoded;
	return ENVOI_OK;
}

int envoi__sasl_offer_hash(char **ret_hash, struct envoi_context *context,
	enum envoi__scram_hash hash, const struct envoi_sasl_offer *offer)
{
	struct envoi_buffer text;
	envoi_buffer_init(&text, context, 0);
	int r = append_sorted(&text, offer->mechanisms, offer->mechanism_count);
	if (r == ENVOI_OK && offer->lists_bindings) {
		r = envoi_buffer_append_text(&text, "\x1f");
		if (r == ENVOI_OK) {
			r = append_sorted(&text, offer->bindings, offer->binding_count);
		}
	}
	if (r == ENVOI_OK) {
		r = make_hash(ret_hash, hash, &text);
	}
	envoi_buffer_finish(&text);
	return r;
}
