/*
 * envoi - what XML allows in names and text
 * SPDX-License-Identifier: MIT
 */
#include "xml/chars.h"

#include <stdint.h>
#include <string.h>

#include <envoi/xml.h>

#include "base/utf8.h"

struct range {
	uint32_t first, last;
};

/* NameStartChar beyond ASCII */
static const struct range start_ranges[] = {
	{0xc0, 0xd6},
	{0xd8, 0xf6},
	{0xf8, 0x2ff},
	{0x370, 0x37d},
	{0x37f, 0x1fff},
	{0x200c, 0x200d},
	{0x2070, 0x218f},
	{0x2c00, 0x2fef},
	{0x3001, 0xd7ff},
	{0xf900, 0xfdcf},
	{0xfdf0, 0xfffd},
	{0x10000, 0xeffff},
};
/* what NameChar adds to it */
static const struct range more_ranges[] = {
	{0xb7, 0xb7},
	{0x300, 0x36f},
	{0x203f, 0x2040},
};

static bool is_in(const struct range *ranges, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count; i++) {
		if (c >= ranges[i].first && c <= ranges[i].last) {
			return true;
		}
	}
	return false;
}

static bool is_ascii_start(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_start(uint32_t c)
{
	return c < 0x80 ? is_ascii_start((unsigned char)c)
			: is_in(start_ranges, sizeof(start_ranges) / sizeof(start_ranges[0]), c);
}

static bool is_name(uint32_t c)
{
	if (c < 0x80) {
		return is_ascii_start((unsigned char)c) || (c >= '0' && c <= '9') || c == '-' ||
			c == '.';
	}
	return is_start(c) || is_in(more_ranges, sizeof(more_ranges) / sizeof(more_ranges[0]), c);
}

/* The text is valid. */
static uint32_t next_char(const char **at)
{
	const unsigned char *s = (const unsigned char *)*at;
	unsigned int more = s[0] < 0x80 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
	uint32_t c = more == 0 ? s[0] : s[0] & (0x3fu >> more);
	for (unsigned int i = 1; i <= more; i++) {
		c = c << 6 | (s[i] & 0x3fu);
	}
	*at += more + 1;
	return c;
}

bool envoi__xml_is_ncname(const char *text, size_t len)
{
	if (len == 0 || !envoi__utf8_valid(text, len)) {
		return false;
	}
	const char *at = text, *end = text + len;
	if (!is_start(next_char(&at))) {
		return false;
	}
	while (at < end) {
		if (!is_name(next_char(&at))) {
			return false;
		}
	}
	return true;
}

static bool is(const char *text, size_t len, const char *other)
{
	return len == strlen(other) && memcmp(text, other, len) == 0;
}

bool envoi__xml_is_namespace(const char *text, size_t len)
{
	return envoi__utf8_valid(text, len) && !is(text, len, ENVOI_NS_XML) &&
		!is(text, len, ENVOI__NS_XMLNS);
}

bool envoi__xml_is_attr(const char *ns, const char *name)
{
	if (ns == NULL || name == NULL || !envoi__xml_is_ncname(name, strlen(name))) {
		return false;
	}
	if (*ns == '\0') {
		return strcmp(name, "xmlns") != 0;
	}
	return strcmp(ns, ENVOI_NS_XML) == 0 || envoi__xml_is_namespace(ns, strlen(ns));
}
