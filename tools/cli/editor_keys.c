/*
 * envoi - the command-line program: keys of a terminal, words to complete
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "editor_parts.h"
#include "text.h"

#define CONTROL(letter) ((letter)&0x1f)

enum {
	ESCAPE = 0x1b,
	LONGEST_SEQUENCE = 32, /* a longer one is no key */
};

/* The sequences of xterm, rxvt and the Linux console, after ESC. */
static const struct {
	const char *sequence;
	unsigned int key[3];
} sequences[] = {
	{"[A", {CONTROL('P')}}, /* up */
	{"OA", {CONTROL('P')}},
	{"[B", {CONTROL('N')}}, /* down */
	{"OB", {CONTROL('N')}},
	{"[C", {CONTROL('F')}}, /* right */
	{"OC", {CONTROL('F')}},
	{"[D", {CONTROL('B')}}, /* left */
	{"OD", {CONTROL('B')}},
	{"[H", {CONTROL('A')}}, /* home */
	{"OH", {CONTROL('A')}},
	{"[1~", {CONTROL('A')}},
	{"[7~", {CONTROL('A')}},
	{"[F", {CONTROL('E')}}, /* end */
	{"OF", {CONTROL('E')}},
	{"[4~", {CONTROL('E')}},
	{"[8~", {CONTROL('E')}},
	{"[3~", {KEY_DELETE}},
	{"[1;5C", {ESCAPE, 'f'}}, /* control and right */
	{"[5C", {ESCAPE, 'f'}},
	{"Oc", {ESCAPE, 'f'}},
	{"[1;5D", {ESCAPE, 'b'}}, /* control and left */
	{"[5D", {ESCAPE, 'b'}},
	{"Od", {ESCAPE, 'b'}},
};

/* What the editor does after ESC without reading more. */
static const char meta_keys[] = "bBcCdDfFlLnNpPuUwW\x08\x7f";

static void set(unsigned int *key, const unsigned int *from)
{
	memcpy(key, from, 3 * sizeof(*key));
}

/* @return the bytes of an escape sequence after ESC (ECMA-48, section 5.4); 0: not complete */
static size_t sequence_len(const char *bytes, size_t len)
{
	if (len == 0) {
		return 0;
	}
	if (bytes[0] == 'O') {
		return len > 1 ? 2 : 0;
	}
	if (bytes[0] != '[') {
		uint32_t character;
		size_t used = read_character(bytes, len, &character);
		return used;
	}
	for (size_t i = 1; i < len && i < LONGEST_SEQUENCE; i++) {
		if (bytes[i] < 0x20 || bytes[i] > 0x3f) {
			return i + 1;
		}
	}
	return len < LONGEST_SEQUENCE ? 0 : LONGEST_SEQUENCE;
}

static size_t read_sequence(const char *bytes, size_t len, unsigned int *key)
{
	size_t used = sequence_len(bytes, len);
	if (used == 0) {
		return 0;
	}
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		if (strlen(sequences[i].sequence) == used &&
			memcmp(sequences[i].sequence, bytes, used) == 0) {
			set(key, sequences[i].key);
		}
	}
	if (used == 1 && bytes[0] != '\0' && strchr(meta_keys, bytes[0]) != NULL) {
		set(key, (unsigned int[]){ESCAPE, (unsigned char)bytes[0], 0});
	}
	return used + 1;
}

/* Whether UTF-8 begins here that goes on behind the end. */
static bool is_cut(const char *bytes, size_t len)
{
	unsigned char first = (unsigned char)bytes[0];
	size_t wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
	for (size_t i = 1; i < len && i < wanted; i++) {
		if ((bytes[i] & 0xc0) != 0x80) {
			return false;
		}
	}
	return len < wanted && first < 0xf5;
}

size_t read_key(const char *bytes, size_t len, unsigned int ret_key[3])
{
	uint32_t character;
	memset(ret_key, 0, 3 * sizeof(*ret_key));
	if (bytes[0] == ESCAPE) {
		return read_sequence(bytes + 1, len - 1, ret_key);
	}
	if (is_cut(bytes, len)) {
		return 0;
	}
	size_t used = read_character(bytes, len, &character);
	switch (character) {
	case CONTROL('R'): /* a search reads keys of its own: search for what was typed */
		set(ret_key, (const unsigned int[]){ESCAPE, 'p', 0});
		break;
	case CONTROL('V'): /* they would read another key */
	case CONTROL('X'):
	case NO_CHARACTER:
		break;
	default:
		ret_key[0] = character;
		break;
	}
	return used;
}

/* @return how many bytes two words have in common at their beginning, at most @p most */
static size_t common_len(const char *a, const char *b, size_t most)
{
	size_t len = 0;
	while (len < most && a[len] != '\0' && a[len] == b[len]) {
		len++;
	}
	return len;
}

void complete_word(const char *(*word)(size_t index), const char *text, char ret_rest[LONGEST_WORD])
{
	const char *candidate, *first = "";
	size_t len = strlen(text), common = 0, count = 0;
	for (size_t i = 0; (candidate = word(i)) != NULL; i++) {
		if (strncmp(candidate, text, len) == 0) {
			first = count == 0 ? candidate : first;
			common = count == 0 ? strlen(candidate)
					    : common_len(candidate, first, common);
			count++;
		}
	}
	snprintf(ret_rest, LONGEST_WORD, "%.*s%s", (int)(count > 0 ? common - len : 0),
		count > 0 ? first + len : "", count == 1 ? " " : "");
}
