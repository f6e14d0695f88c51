/*
 * envoi - SASL: protection of the offer (XEP-0474 0.5.0)
 * SPDX-License-Identifier: MIT
 */
#include "sasl/sasl_downgrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/values.h>

enum {
	TYPES_SHOWN = 60, /* bytes */
};

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

/* --- words --- */

static bool is_plus(const char *mechanism)
{
	static const char suffix[] = "-PLUS";
	size_t len = strlen(mechanism), suffix_len = strlen(suffix);
	return len > suffix_len && strcmp(mechanism + len - suffix_len, suffix) == 0;
}

bool envoi__sasl_offers_plus(const struct envoi_sasl_offer *offer)
{
	for (size_t i = 0; i < offer->mechanism_count; i++) {
		if (is_plus(offer->mechanisms[i])) {
			return true;
		}
	}
	return false;
}

/* RFC 5056, section 7.1: letters, digits, dot and hyphen. */
static bool is_type(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	return *name != '\0' && name[strspn(name, allowed)] == '\0';
}

/* "tls-unique, x-new"; as many as there is room for. */
static void list_types(char *text, size_t size, const struct envoi_sasl_offer *offer)
{
	size_t used = 0;
	snprintf(text, size, "none");
	for (size_t i = 0; i < offer->binding_count; i++) {
		const char *name = is_type(offer->bindings[i]) ? offer->bindings[i] : "?";
		if (used + strlen(name) + 2 < size) {
			used += (size_t)snprintf(
				text + used, size - used, "%s%s", used > 0 ? ", " : "", name);
		}
	}
}

size_t envoi__sasl_describe_offer(char *text, size_t size, const struct envoi_sasl_offer *offer)
{
	char types[TYPES_SHOWN];
	list_types(types, sizeof(types), offer);
	snprintf(text, size,
		"the server lists channel bindings (%s) %s: a proxy may terminate TLS (if so, set "
		"sasl.channel-binding=never), or an attacker may have changed the list",
		types,
		envoi__sasl_offers_plus(offer) ? "that this connection lacks"
					       : "but no -PLUS mechanism");
	return strlen(text);
}
