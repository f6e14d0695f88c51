/*
 * envoi - error codes of before RFC 3920
 * SPDX-License-Identifier: MIT
 */
#include "stanza/legacy_code.h"

#include <string.h>

#include <envoi/values.h>

struct row {
	int code;
	enum envoi_stanza_condition condition;
	enum envoi_stanza_error_type type;
};

/* XEP-0086, section 3, table 2. RFC 6120 has no payment-required. */
static const struct row rows[] = {
	{302, ENVOI_REDIRECT, ENVOI_ERROR_MODIFY},
	{400, ENVOI_BAD_REQUEST, ENVOI_ERROR_MODIFY},
	{401, ENVOI_NOT_AUTHORIZED, ENVOI_ERROR_AUTH},
	{402, ENVOI_UNDEFINED_CONDITION, ENVOI_ERROR_AUTH},
	{403, ENVOI_FORBIDDEN, ENVOI_ERROR_AUTH},
	{404, ENVOI_ITEM_NOT_FOUND, ENVOI_ERROR_CANCEL},
	{405, ENVOI_NOT_ALLOWED, ENVOI_ERROR_CANCEL},
	{406, ENVOI_NOT_ACCEPTABLE, ENVOI_ERROR_MODIFY},
	{407, ENVOI_REGISTRATION_REQUIRED, ENVOI_ERROR_AUTH},
	{408, ENVOI_REMOTE_SERVER_TIMEOUT, ENVOI_ERROR_WAIT},
	{409, ENVOI_CONFLICT, ENVOI_ERROR_CANCEL},
	{500, ENVOI_INTERNAL_SERVER_ERROR, ENVOI_ERROR_WAIT},
	{501, ENVOI_FEATURE_NOT_IMPLEMENTED, ENVOI_ERROR_CANCEL},
	{502, ENVOI_SERVICE_UNAVAILABLE, ENVOI_ERROR_WAIT},
	{503, ENVOI_SERVICE_UNAVAILABLE, ENVOI_ERROR_CANCEL},
	{504, ENVOI_REMOTE_SERVER_TIMEOUT, ENVOI_ERROR_WAIT},
	{510, ENVOI_SERVICE_UNAVAILABLE, ENVOI_ERROR_CANCEL},
};

static const struct row *row_of(const struct envoi_element *element)
{
	int64_t code;
	if (envoi_int_parse(envoi_element_attr(element, "code"), 100, 999, &code) < 0) {
		return NULL;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].code == code) {
			return &rows[i];
		}
	}
	return NULL;
}

static bool is_blank(const char *text)
{
	return text == NULL || text[strspn(text, " \t\r\n")] == '\0';
}

void envoi__stanza_error_from_code(
	struct envoi_stanza_error *error, const struct envoi_element *element)
{
	const struct row *row = row_of(element);
	if (row != NULL) {
		error->condition = row->condition;
		error->type = error->type == ENVOI_ERROR_TYPE_NONE ? row->type : error->type;
	}
	const char *text = envoi_element_text(element);
	if (error->text == NULL && !is_blank(text)) {
		error->text = text;
	}
}
