/*
 * envoi - XEP-0106: JID Escaping
 * SPDX-License-Identifier: MIT
 */
#include <stdbool.h>
#include <string.h>

#include <unistr.h>

#include <envoi/context.h>
#include <envoi/jid.h>
#include <envoi/values.h>

#include "jid/precis.h"

/* Section 4.2: what is escaped always; the backslash only where it would be misread. */
static const char disallowed[] = " \"&'/:<>@";

/*
 * @return the character that three characters stand for, or NUL. Capital digits are no sequence,
 *         but become one when a localpart is prepared.
 */
static char escaped_character(const char *text, bool capitals_too)
{
	char c;
	if (text[0] != '\\' || text[1] == '\0' || text[2] == '\0' ||
		envoi_hex_decode(&c, text + 1, 2) < 0 || c == '\0' ||
		(c != '\\' && strchr(disallowed, c) == NULL)) {
		return '\0';
	}
	bool has_capital = text[2] >= 'A' && text[2] <= 'F';
	return has_capital && !capitals_too ? '\0' : c;
}

/* @param text  changed from full width already */
static int escape(char **ret_local, struct envoi_context *context, const char *text)
{
	size_t len = strlen(text);
	if (len == 0 || text[0] == ' ' || text[len - 1] == ' ') {
		return ENVOI_ERR_INVALID;
	}
	char *local = envoi_alloc(context, 3 * len + 1);
	if (local == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	char *at = local;
	for (; *text != '\0'; text++) {
		if (strchr(disallowed, *text) != NULL || escaped_character(text, true) != '\0') {
			*at++ = '\\';
			envoi_hex_encode(at, text, 1);
			at += 2;
		} else {
			*at++ = *text;
		}
	}
	*at = '\0';
	*ret_local = local;
	return ENVOI_OK;
}

/* Preparation maps width: behind it, what was no sequence could be one, or be disallowed. */
int envoi_jid_escape(char **ret_local, struct envoi_context *context, const char *text)
{
	struct envoi__precis precis;
	size_t len = text == NULL ? 0 : strlen(text);
	if (text == NULL || u8_check((const uint8_t *)text, len) != NULL) {
		return ENVOI_ERR_INVALID;
	}
	envoi__precis_init(&precis, text, len);
	int r = envoi__precis_map_width(&precis);
	if (r == ENVOI_OK) {
		char *mapped = envoi_strndup(context, (const char *)precis.text, precis.len);
		r = mapped == NULL ? ENVOI_ERR_NOMEM : escape(ret_local, context, mapped);
		envoi_free(context, mapped);
	}
	envoi__precis_finish(&precis);
	return r;
}

int envoi_jid_unescape(char **ret_text, struct envoi_context *context, const char *local)
{
	if (local == NULL) {
		return ENVOI_ERR_INVALID;
	}
	size_t len = strlen(local);
	char *text = envoi_alloc(context, len + 1);
	if (text == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	char *at = text;
	for (const char *from = local; *from != '\0'; from++) {
		char c = escaped_character(from, false);
		if (c == '\0' || (c == ' ' && (from == local || from[3] == '\0'))) {
			*at++ = *from; /* no blank at either end: section 5.1, rule 6 */
		} else {
			*at++ = c;
			from += 2;
		}
	}
	*at = '\0';
	*ret_text = text;
	return ENVOI_OK;
}
