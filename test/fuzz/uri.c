/*
 * envoi - fuzz target: xmpp: URIs
 * SPDX-License-Identifier: MIT
 *
 * Input: a text. What is written is read as the same link, and written the same again.
 */
#include "fuzz.h"

#include <string.h>

#include <envoi/uri.h>

static void check_text(const char *a, const char *b)
{
	EXPECT((a == NULL) == (b == NULL));
	EXPECT(a == NULL || strcmp(a, b) == 0);
}

static void check_parameters(const struct envoi_uri *a, const struct envoi_uri *b)
{
	size_t at_a = 0, at_b = 0;
	const char *name_a, *name_b, *value_a, *value_b;
	while (envoi_uri_next_parameter(a, &at_a, &name_a, &value_a)) {
		EXPECT(envoi_uri_next_parameter(b, &at_b, &name_b, &value_b));
		check_text(name_a, name_b);
		check_text(value_a, value_b);
		EXPECT(envoi_uri_parameter(a, name_a) != NULL);
		check_text(envoi_uri_parameter(a, name_a), envoi_uri_parameter(b, name_a));
	}
	EXPECT(!envoi_uri_next_parameter(b, &at_b, &name_b, &value_b));
}

static void check_uri(struct envoi_context *context, const struct envoi_uri *uri)
{
	struct envoi_buffer once, twice;
	struct envoi_uri *again;
	envoi_buffer_init(&once, context, 0);
	envoi_buffer_init(&twice, context, 0);
	EXPECT(envoi_uri_write(&once, uri) == ENVOI_OK);
	int r = envoi_uri_parse(&again, context, envoi_buffer_data(&once), envoi_buffer_len(&once));
	if (r == ENVOI_OK) {
		EXPECT(envoi_jid_equal(envoi_uri_jid(uri), envoi_uri_jid(again)));
		EXPECT(envoi_jid_equal(envoi_uri_account(uri), envoi_uri_account(again)));
		check_text(envoi_uri_action(uri), envoi_uri_action(again));
		check_text(envoi_uri_fragment(uri), envoi_uri_fragment(again));
		check_parameters(uri, again);
		EXPECT(envoi_uri_write(&twice, again) == ENVOI_OK && fuzz_same(&once, &twice));
		envoi_uri_free(again);
	} else {
		/* an IRI of three times fewer bytes may be a URI too long to read */
		EXPECT(r == ENVOI_ERR_INVALID && envoi_buffer_len(&once) > ENVOI_URI_MAX);
	}
	envoi_buffer_finish(&once);
	envoi_buffer_finish(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct envoi_context *context = fuzz_context();
	struct envoi_uri *uri = NULL;
	int r = envoi_uri_parse(&uri, context, (const char *)data, size);
	EXPECT(r == ENVOI_OK || r == ENVOI_ERR_INVALID);
	EXPECT((uri == NULL) == (r < 0));
	if (uri != NULL) {
		EXPECT(envoi_uri_jid(uri) != NULL || envoi_uri_account(uri) != NULL);
		check_uri(context, uri);
		envoi_uri_free(uri);
	}
	envoi_context_unref(context);
	return 0;
}
