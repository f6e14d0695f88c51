/*
 * envoi - SASL: the peer's text without our secrets
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "base/context.h"
#include "features/sasl/sasl_feature.h"

#define STARS "***"

/* Replaces every occurrence in place: the replacement is never longer. */
static void strike(char *text, const char *secret)
{
	size_t len = strlen(secret), stars = len < strlen(STARS) ? len : strlen(STARS);
	char *at = text;
	while (len > 0 && (at = strstr(at, secret)) != NULL) {
		memcpy(at, STARS, stars);
		memmove(at + stars, at + len, strlen(at + len) + 1);
		at += stars;
	}
}

static int strike_encoded(struct envoi_context *context, char *text, const char *data, size_t len)
{
	size_t size = envoi_base64_encoded_size(len) + 1;
	char *encoded = envoi_alloc(context, size);
	if (encoded == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_base64_encode(encoded, data, len);
	encoded[strcspn(encoded, "=")] = '\0';
	strike(text, encoded);
	envoi__wipe(encoded, size);
	envoi_free(context, encoded);
	return ENVOI_OK;
}

int envoi__sasl_redact(struct envoi_context *context, char *text, const char *message, size_t len)
{
	int r = strike_encoded(context, text, message, len);
	size_t start = len;
	while (start > 0 && message[start - 1] != '\0') {
		start--;
	}
	if (r < 0 || start == len) {
		return r;
	}
	char *password = envoi_strndup(context, message + start, len - start);
	if (password == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	r = strike_encoded(context, text, password, len - start);
	strike(text, password);
	envoi__wipe(password, len - start);
	envoi_free(context, password);
	return r;
}
