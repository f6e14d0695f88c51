/*
 * envoi - the command-line program: texts of peers
 * SPDX-License-Identifier: MIT
 */
#include "text.h"

#include <inttypes.h>
#include <string.h>

enum {
	LAST_CHARACTER = 0x10ffff,
};

/* @return how many bytes follow the first one; 0: it begins no longer sequence */
static size_t continuation_count(unsigned char first)
{
	return first >= 0xc2 && first <= 0xdf    ? 1
		: first >= 0xe0 && first <= 0xef ? 2
		: first >= 0xf0 && first <= 0xf4 ? 3
						 : 0;
}

static bool is_valid(uint32_t character, size_t continuations)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
	return character >= least[continuations] && character <= LAST_CHARACTER && !is_surrogate;
}

size_t read_character(const char *text, size_t len, uint32_t *ret_character)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t count = continuation_count(bytes[0]);
	*ret_character = bytes[0];
	if (bytes[0] < 0x80) {
		return 1;
	}
	uint32_t character = bytes[0] & (0x3fu >> count);
	for (size_t i = 1; i <= count; i++) {
		if (i >= len || (bytes[i] & 0xc0) != 0x80) {
			count = 0;
			break;
		}
		character = character << 6 | (bytes[i] & 0x3fu);
	}
	bool is_character = count > 0 && is_valid(character, count);
	*ret_character = is_character ? character : NO_CHARACTER;
	return is_character ? count + 1 : 1;
}

bool is_hazardous(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character <= 0x9f) || character == 0x61c ||
		(character >= 0x200e && character <= 0x200f) ||
		(character >= 0x2028 && character <= 0x202e) ||
		(character >= 0x2066 && character <= 0x2069) || character == 0xfeff;
}

static void print_escaped(FILE *out, uint32_t character)
{
	switch (character) {
	case '\n':
		fputs("\\n", out);
		break;
	case '\t':
		fputs("\\t", out);
		break;
	case '\r':
		fputs("\\r", out);
		break;
	default:
		fprintf(out, "\\u{%" PRIx32 "}", character);
		break;
	}
}

void print_plain(FILE *out, const char *text)
{
	const char *end = text + strlen(text);
	while (text < end) {
		uint32_t character;
		size_t len = read_character(text, (size_t)(end - text), &character);
		if (is_hazardous(character)) {
			print_escaped(out, character);
		} else if (character == '\\') {
			fputs("\\\\", out);
		} else if (character == NO_CHARACTER) {
			fputs("\xef\xbf\xbd", out);
		} else {
			fwrite(text, 1, len, out);
		}
		text += len;
	}
}
