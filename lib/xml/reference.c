/*
 * envoi - references in attribute values
 * SPDX-License-Identifier: MIT
 */
#include "xml/reference.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <envoi/error.h>

#include "base/utf8.h"

struct entity {
	const char *reference;
	char character;
};

/* XML 1.0, section 4.6 */
static const struct entity entities[] = {
	{"&lt;", '<'},
	{"&gt;", '>'},
	{"&amp;", '&'},
	{"&apos;", '\''},
	{"&quot;", '"'},
};

enum {
	LARGEST = 0x10ffff, /* code point */
};

static int digit_of(char c, unsigned int base)
{
	int digit = c >= '0' && c <= '9' ? c - '0'
		: c >= 'a' && c <= 'f'   ? c - 'a' + 10
		: c >= 'A' && c <= 'F'   ? c - 'A' + 10
					 : -1;
	return digit < (int)base ? digit : -1;
}

/* Surrogates become invalid UTF-8, which the check of the whole value finds. */
static char *put_character(char *out, uint32_t c)
{
	static const unsigned char leads[] = {0x00, 0x00, 0xc0, 0xe0, 0xf0};
	unsigned int bytes = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (unsigned int i = bytes; i-- > 1;) {
		out[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (char)(leads[bytes] | c);
	return out + bytes;
}

/* `&#65;` or `&#x41;`. @return behind it; NULL: malformed */
static const char *take_character(const char *at, const char *end, char **out)
{
	unsigned int base = 10;
	uint32_t c = 0;
	at += 2;
	if (at < end && *at == 'x') {
		base = 16;
		at++;
	}
	const char *from = at;
	for (; at < end && digit_of(*at, base) >= 0; at++) {
		c = c * base + (uint32_t)digit_of(*at, base);
		if (c > LARGEST) {
			return NULL;
		}
	}
	if (at == from || at == end || *at != ';') {
		return NULL;
	}
	*out = put_character(*out, c);
	return at + 1;
}

static const char *take_reference(const char *at, const char *end, char **out)
{
	size_t left = (size_t)(end - at);
	if (left > 2 && at[1] == '#') {
		return take_character(at, end, out);
	}
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
		size_t len = strlen(entities[i].reference);
		if (left >= len && memcmp(at, entities[i].reference, len) == 0) {
			*(*out)++ = entities[i].character;
			return at + len;
		}
	}
	return NULL;
}

/* A line end is one character (XML 1.0, section 2.11). */
static const char *take_space(const char *at, const char *end, char **out)
{
	*(*out)++ = ' ';
	return *at == '\r' && at + 1 < end && at[1] == '\n' ? at + 2 : at + 1;
}

int envoi__references_replace(
	char **ret_value, struct envoi__arena *arena, const char *text, size_t len)
{
	char *value = envoi__arena_alloc(arena, len + 1); /* no reference grows */
	if (value == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	const char *at = text, *end = text + len;
	char *out = value;
	while (at != NULL && at < end) {
		switch (*at) {
		case '&':
			at = take_reference(at, end, &out);
			break;
		case '\t':
		case '\n':
		case '\r':
			at = take_space(at, end, &out);
			break;
		default:
			*out++ = *at++;
		}
	}
	if (at == NULL || !envoi__utf8_valid(value, (size_t)(out - value))) {
		return ENVOI_ERR_XML;
	}
	*out = '\0';
	*ret_value = value;
	return ENVOI_OK;
}
