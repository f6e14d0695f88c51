/*
 * envoi - preparation of names and passwords (RFC 4013, RFC 8265)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <gsasl.h>

#include <envoi/precis.h>

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
 * Prepare as a stored string, which has no characters unassigned in Unicode 3.2. libgsasl 2.2.0
 * takes its flag the wrong way round: ALLOW_UNASSIGNED forbids them. Asked both ways, one call
 * refuses them in every version; where only one refuses, they are the only reason.
 *
 * @param[out] ret_prepared  wipe_prepared(); NULL: refused for unassigned characters alone
 */
static int prepare(const char *text, char **ret_prepared)
{
	char *other = NULL;
	int first = gsasl_saslprep(text, GSASL_ALLOW_UNASSIGNED, &other, NULL);
	int second = gsasl_saslprep(text, (Gsasl_saslprep_flags)0, ret_prepared, NULL);
	if (first == GSASL_MALLOC_ERROR || second == GSASL_MALLOC_ERROR) {
		wipe_prepared(other);
		wipe_prepared(*ret_prepared);
		*ret_prepared = NULL;
		return ENVOI_ERR_NOMEM;
	}
	if (first != GSASL_OK) {
		wipe_prepared(*ret_prepared);
		*ret_prepared = NULL;
	}
	wipe_prepared(other);
	return first == GSASL_OK || second == GSASL_OK ? ENVOI_OK : ENVOI_ERR_INVALID;
}

/* @param newer  the profile for characters that are newer than SASLprep */
static int prepare_by(struct envoi_context *context, const char *text,
	enum envoi_precis_profile newer, char **ret_text)
{
	char *prepared = NULL;
	if (!is_printable_ascii(text)) {
		int r = prepare(text, &prepared);
		if (r < 0) {
			return r;
		}
		if (prepared == NULL) {
			return envoi_precis_enforce(
				ret_text, NULL, context, newer, text, strlen(text), NULL);
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

int envoi__sasl_prepare_name(struct envoi_context *context, const char *name, char **ret_name)
{
	return prepare_by(context, name, ENVOI_PRECIS_USERNAME_CASE_PRESERVED, ret_name);
}

int envoi__sasl_prepare_password(
	struct envoi_context *context, const char *password, char **ret_password)
{
	return prepare_by(context, password, ENVOI_PRECIS_OPAQUE_STRING, ret_password);
}
