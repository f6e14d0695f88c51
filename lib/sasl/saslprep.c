/*
 * envoi - SASLprep (RFC 4013)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <gsasl.h>

#include "sasl/sasl.h"

/* Printable ASCII is its own prepared form: most passwords leave no copies in libidn's memory. */
static bool is_printable_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < 0x20 || *text > 0x7e) {
			return false;
		}
	}
	return true;
}

static void wipe_prepared(char *prepared)
{
	if (prepared != NULL) {
		envoi__wipe(prepared, strlen(prepared));
		gsasl_free(prepared);
	}
}

/*
 * Unassigned characters are refused, as for stored strings. libgsasl 2.2.0 takes its flag the wrong
 * way round: ALLOW_UNASSIGNED forbids them. So it is asked both ways, and one of them refuses,
 * whether that is repaired or not.
 */
static int prepare(const char *text, char **ret_prepared)
{
	char *strict = NULL;
	int r = gsasl_saslprep(text, GSASL_ALLOW_UNASSIGNED, &strict, NULL);
	wipe_prepared(strict);
	if (r == GSASL_OK) {
		r = gsasl_saslprep(text, (Gsasl_saslprep_flags)0, ret_prepared, NULL);
	}
	if (r != GSASL_OK) {
		return r == GSASL_MALLOC_ERROR ? ENVOI_ERR_NOMEM : ENVOI_ERR_INVALID;
	}
	return ENVOI_OK;
}

int envoi__saslprep(struct envoi_context *context, const char *text, char **ret_text)
{
	char *prepared = NULL;
	if (!is_printable_ascii(text)) {
		int r = prepare(text, &prepared);
		if (r < 0) {
			return r;
		}
	}
	const char *source = prepared != NULL ? prepared : text;
	char *copy = envoi_strndup(context, source, strlen(source));
	wipe_prepared(prepared);
	if (copy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*ret_text = copy;
	return ENVOI_OK;
}
