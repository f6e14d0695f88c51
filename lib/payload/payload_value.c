/*
 * envoi - payload descriptors: values as text
 * SPDX-License-Identifier: MIT
 */
#include "payload/payload.h"

#include <envoi/values.h>

#include "base/utf8.h"
#include "xml/element.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* --- ranges --- */

static bool has_range(const struct envoi_field *field)
{
	return field->min != 0 || field->max != 0;
}

/* What the member holds, narrowed by the row. */
static void signed_range(const struct envoi_field *field, int64_t *ret_min, int64_t *ret_max)
{
	unsigned int unused_bits = 64 - 8 * (unsigned int)field->size;
	*ret_max = INT64_MAX >> unused_bits;
	*ret_min = -*ret_max - 1;
	if (has_range(field)) {
		*ret_min = field->min > *ret_min ? field->min : *ret_min;
		if (field->max >= field->min && field->max < *ret_max) {
			*ret_max = field->max;
		}
	}
}

static void unsigned_range(const struct envoi_field *field, uint64_t *ret_min, uint64_t *ret_max)
{
	unsigned int unused_bits = 64 - 8 * (unsigned int)field->size;
	*ret_max = UINT64_MAX >> unused_bits;
	*ret_min = field->min > 0 ? (uint64_t)field->min : 0;
	if (has_range(field) && field->max >= field->min && field->max >= 0 &&
		(uint64_t)field->max < *ret_max) {
		*ret_max = (uint64_t)field->max;
	}
}

static bool is_in_range(const struct envoi_field *field, const void *at)
{
	if (field->is_signed) {
		int64_t min, max, number = envoi__signed(at, field->size);
		signed_range(field, &min, &max);
		return number >= min && number <= max;
	}
	uint64_t min, max, number = envoi__unsigned(at, field->size);
	unsigned_range(field, &min, &max);
	return number >= min && number <= max;
}

static bool is_too_long(const struct envoi_field *field, size_t len)
{
	return field->max_bytes > 0 && len > field->max_bytes;
}

/* --- parsing --- */

static int fail(const char **ret_why, int code, const char *why)
{
	*ret_why = why;
	return code;
}

static int parse_int(
	const struct envoi_field *field, const char *text, void *into, const char **ret_why)
{
	static const char why[] = "is not a number in its range";
	if (field->is_signed) {
		int64_t min, max, number;
		signed_range(field, &min, &max);
		if (envoi_int_parse(text, min, max, &number) < 0) {
			return fail(ret_why, ENVOI_ERR_PROTOCOL, why);
		}
		envoi__store(into, field->size, (uint64_t)number);
	} else {
		uint64_t min, max, number;
		unsigned_range(field, &min, &max);
		if (envoi_uint_parse(text, min, max, &number) < 0) {
			return fail(ret_why, ENVOI_ERR_PROTOCOL, why);
		}
		envoi__store(into, field->size, number);
	}
	return ENVOI_OK;
}

static int parse_date(
	const struct envoi_field *field, const char *text, void *into, const char **ret_why)
{
	int64_t date;
	if (envoi_date_parse(text, &date) < 0 || !is_in_range(field, &date)) {
		return fail(ret_why, ENVOI_ERR_PROTOCOL, "is not a date in its range");
	}
	memcpy(into, &date, sizeof(date));
	return ENVOI_OK;
}

static int parse_zone(
	const struct envoi_field *field, const char *text, void *into, const char **ret_why)
{
	int minutes;
	if (envoi_zone_parse(text, &minutes) < 0 || !is_in_range(field, &minutes)) {
		return fail(ret_why, ENVOI_ERR_PROTOCOL, "is not a time zone in its range");
	}
	memcpy(into, &minutes, sizeof(minutes));
	return ENVOI_OK;
}

static int parse_enum(
	const struct envoi_field *field, const char *text, void *into, const char **ret_why)
{
	const struct envoi_word *word = envoi__word_find(field->words, text);
	if (word == NULL) {
		return fail(ret_why, ENVOI_ERR_PROTOCOL, "is not one of the words allowed");
	}
	memcpy(into, &word->value, sizeof(word->value));
	return ENVOI_OK;
}

static int parse_bytes(const struct envoi__field_room *room, const struct envoi_field *field,
	const char *text, void *into, const char **ret_why)
{
	size_t text_len = strlen(text), len = text_len / 2;
	bool is_hex = field->value == ENVOI_VALUE_HEX;
	unsigned char *data = envoi__arena_alloc(
		room->arena, is_hex ? len + 1 : envoi_base64_decoded_size(text_len) + 1);
	if (data == NULL) {
		return fail(ret_why, ENVOI_ERR_NOMEM, "does not fit into memory");
	}
	int r = is_hex ? envoi_hex_decode(data, text, text_len)
		       : envoi_base64_decode(data, &len, text, text_len);
	if (r < 0) {
		return fail(ret_why, ENVOI_ERR_PROTOCOL,
			is_hex ? "is not hexadecimal" : "is not base64");
	}
	if (is_too_long(field, len)) {
		return fail(ret_why, ENVOI_ERR_LIMIT, "is too long");
	}
	struct envoi_bytes bytes = {.data = data, .len = len};
	memcpy(into, &bytes, sizeof(bytes));
	return ENVOI_OK;
}

static void release_jid(void *jid)
{
	envoi_jid_unref(jid);
}

static int parse_jid(
	const struct envoi__field_room *room, const char *text, void *into, const char **ret_why)
{
	struct envoi_jid *jid;
	int r = envoi_jid_from_text(&jid, room->arena->context, text);
	if (r == ENVOI_OK) {
		r = envoi__element_own(room->owner, jid, release_jid);
	}
	if (r < 0) {
		return fail(ret_why, r == ENVOI_ERR_NOMEM ? r : ENVOI_ERR_PROTOCOL,
			"is not an address");
	}
	memcpy(into, &jid, sizeof(jid));
	return ENVOI_OK;
}

static int parse_text(
	const struct envoi_field *field, const char *text, void *into, const char **ret_why)
{
	if (is_too_long(field, strlen(text))) {
		return fail(ret_why, ENVOI_ERR_LIMIT, "is too long");
	}
	if (field->value == ENVOI_VALUE_LANG && text[0] != '\0' && !envoi_lang_is_valid(text)) {
		return fail(ret_why, ENVOI_ERR_PROTOCOL, "is not a language tag");
	}
	memcpy(into, &text, sizeof(text));
	return ENVOI_OK;
}

/* Without white space around it; in encoded bytes, without any. */
static const char *without_spaces(
	struct envoi__arena *arena, const struct envoi_field *field, const char *text)
{
	bool everywhere = field->value == ENVOI_VALUE_BASE64 || field->value == ENVOI_VALUE_HEX;
	while (is_space(*text)) {
		text++;
	}
	size_t len = strlen(text);
	while (len > 0 && is_space(text[len - 1])) {
		len--;
	}
	char *copy = envoi__arena_strndup(arena, text, len);
	if (copy == NULL || !everywhere) {
		return copy;
	}
	char *to = copy;
	for (const char *from = copy; *from != '\0'; from++) {
		if (!is_space(*from)) {
			*to++ = *from;
		}
	}
	*to = '\0';
	return copy;
}

int envoi__field_parse(const struct envoi__field_room *room, const struct envoi_field *field,
	const char *text, void *into, const char **ret_why)
{
	if ((field->flags & ENVOI_SPACES) != 0) {
		text = without_spaces(room->arena, field, text);
		if (text == NULL) {
			return fail(ret_why, ENVOI_ERR_NOMEM, "does not fit into memory");
		}
	}
	switch (field->value) {
	case ENVOI_VALUE_INT:
		return parse_int(field, text, into, ret_why);
	case ENVOI_VALUE_BOOL:
		return envoi_bool_parse(text, into) == ENVOI_OK
			? ENVOI_OK
			: fail(ret_why, ENVOI_ERR_PROTOCOL, "is neither true nor false");
	case ENVOI_VALUE_ENUM:
		return parse_enum(field, text, into, ret_why);
	case ENVOI_VALUE_DATE:
		return parse_date(field, text, into, ret_why);
	case ENVOI_VALUE_ZONE:
		return parse_zone(field, text, into, ret_why);
	case ENVOI_VALUE_BASE64:
	case ENVOI_VALUE_HEX:
		return parse_bytes(room, field, text, into, ret_why);
	case ENVOI_VALUE_JID:
		return parse_jid(room, text, into, ret_why);
	default:
		return parse_text(field, text, into, ret_why);
	}
}

/* --- checking --- */

static const char *check_text(const struct envoi_field *field, const char *text)
{
	if (text == NULL) {
		return "is missing";
	}
	size_t len = strlen(text);
	if (is_too_long(field, len)) {
		return "is too long";
	}
	if (!envoi__utf8_valid(text, len)) {
		return "is not UTF-8, or has characters that XML does not allow";
	}
	if (field->value == ENVOI_VALUE_LANG && text[0] != '\0' && !envoi_lang_is_valid(text)) {
		return "is not a language tag";
	}
	if ((field->flags & ENVOI_SPACES) != 0 && len > 0 &&
		(is_space(text[0]) || is_space(text[len - 1]))) {
		return "has white space around it";
	}
	return NULL;
}

static const char *check_bytes(const struct envoi_field *field, const struct envoi_bytes *bytes)
{
	if (bytes->data == NULL) {
		return "is missing";
	}
	return is_too_long(field, bytes->len) ? "is too long" : NULL;
}

static const char *check_date(const struct envoi_field *field, const void *at)
{
	char text[ENVOI_DATE_SIZE];
	if (!is_in_range(field, at) ||
		envoi_date_print(text, envoi__signed(at, sizeof(int64_t))) == NULL) {
		return "is out of range";
	}
	return NULL;
}

static const char *check_zone(const struct envoi_field *field, const void *at)
{
	char text[ENVOI_DATE_SIZE];
	if (!is_in_range(field, at) || envoi_zone_print(text, envoi__int(at)) == NULL) {
		return "is out of range";
	}
	return NULL;
}

const char *envoi__field_check(const struct envoi_field *field, const void *at)
{
	switch (field->value) {
	case ENVOI_VALUE_INT:
		return is_in_range(field, at) ? NULL : "is out of range";
	case ENVOI_VALUE_ENUM:
	case ENVOI_VALUE_NAME:
		return envoi__word_of(field->words, envoi__int(at)) != NULL ? NULL : "has no word";
	case ENVOI_VALUE_DATE:
		return check_date(field, at);
	case ENVOI_VALUE_ZONE:
		return check_zone(field, at);
	case ENVOI_VALUE_BASE64:
	case ENVOI_VALUE_HEX:
		return check_bytes(field, at);
	case ENVOI_VALUE_JID:
		return envoi__pointer(at) != NULL ? NULL : "is missing";
	case ENVOI_VALUE_FLAG:
		return *(const bool *)at ? NULL : "is missing";
	case ENVOI_VALUE_TEXT:
	case ENVOI_VALUE_LANG:
		return check_text(field, envoi__pointer(at));
	default:
		return NULL;
	}
}

/* --- printing --- */

static const char *print_bytes(const struct envoi_field *field, const struct envoi_bytes *bytes,
	struct envoi__arena *arena)
{
	bool is_hex = field->value == ENVOI_VALUE_HEX;
	if (bytes->len > SIZE_MAX / 4) {
		return NULL;
	}
	char *text = envoi__arena_alloc(
		arena, is_hex ? 2 * bytes->len + 1 : envoi_base64_encoded_size(bytes->len));
	if (text == NULL) {
		return NULL;
	}
	if (is_hex) {
		envoi_hex_encode(text, bytes->data, bytes->len);
	} else {
		envoi_base64_encode(text, bytes->data, bytes->len);
	}
	return text;
}

const char *envoi__field_print(const struct envoi_field *field, const void *at,
	char scratch[ENVOI__SCRATCH], struct envoi__arena *arena)
{
	switch (field->value) {
	case ENVOI_VALUE_INT:
		return field->is_signed
			? envoi_int_print(scratch, envoi__signed(at, field->size))
			: envoi_uint_print(scratch, envoi__unsigned(at, field->size));
	case ENVOI_VALUE_BOOL:
		return envoi_bool_text(*(const bool *)at);
	case ENVOI_VALUE_ENUM:
	case ENVOI_VALUE_NAME:
		return envoi__word_of(field->words, envoi__int(at));
	case ENVOI_VALUE_DATE:
		return envoi_date_print(scratch, envoi__signed(at, sizeof(int64_t)));
	case ENVOI_VALUE_ZONE:
		return envoi_zone_print(scratch, envoi__int(at));
	case ENVOI_VALUE_BASE64:
	case ENVOI_VALUE_HEX:
		return print_bytes(field, at, arena);
	case ENVOI_VALUE_JID:
		return envoi_jid_text(envoi__pointer(at));
	default:
		return envoi__pointer(at);
	}
}

/* --- comparing --- */

static bool equal_bytes(const struct envoi_bytes *a, const struct envoi_bytes *b)
{
	if (a->data == NULL || b->data == NULL) {
		return a->data == b->data;
	}
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

bool envoi__field_equal(const struct envoi_field *field, const void *a, const void *b)
{
	switch (field->value) {
	case ENVOI_VALUE_INT:
	case ENVOI_VALUE_DATE:
		return envoi__unsigned(a, field->size) == envoi__unsigned(b, field->size);
	case ENVOI_VALUE_BOOL:
	case ENVOI_VALUE_FLAG:
		return *(const bool *)a == *(const bool *)b;
	case ENVOI_VALUE_BASE64:
	case ENVOI_VALUE_HEX:
		return equal_bytes(a, b);
	case ENVOI_VALUE_JID:
		return envoi_jid_equal(envoi__pointer(a), envoi__pointer(b));
	case ENVOI_VALUE_TEXT:
	case ENVOI_VALUE_LANG: {
		const char *text = envoi__pointer(a), *other = envoi__pointer(b);
		return text == NULL || other == NULL ? text == other : strcmp(text, other) == 0;
	}
	default:
		return envoi__int(a) == envoi__int(b);
	}
}
