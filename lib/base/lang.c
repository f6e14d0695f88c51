/*
 * envoi - language tags
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/values.h>

enum {
	LONGEST_SUBTAG = 8,
};

/* A reader of subtags that writes them down in the case that they should have. */
struct reader {
	const char *at; /* the subtag; behind the last: the NUL */
	size_t len; /* of the subtag; 0: there is none */
	char tag[ENVOI_LANG_SIZE];
	size_t written;
};

enum letter_case {
	LOWER,
	UPPER,
	TITLE,
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool equal(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (lower(a[i]) != lower(b[i])) {
			return false;
		}
	}
	return true;
}

bool envoi_lang_is_valid(const char *text)
{
	if (text == NULL) {
		return false;
	}
	for (bool is_first = true;; is_first = false) {
		int len = 0;
		while (is_letter(*text) || (!is_first && is_digit(*text))) {
			text++;
			len++;
		}
		if (len < 1 || len > LONGEST_SUBTAG || (*text != '\0' && *text != '-')) {
			return false;
		}
		if (*text == '\0') {
			return true;
		}
		text++;
	}
}

/* Of a tag that envoi_lang_is_valid(). */
static size_t subtag_len(const char *text)
{
	size_t len = 0;
	while (is_letter(text[len]) || is_digit(text[len])) {
		len++;
	}
	return len;
}

static bool is_of_letters(const struct reader *reader, size_t min, size_t max)
{
	for (size_t i = 0; i < reader->len; i++) {
		if (!is_letter(reader->at[i])) {
			return false;
		}
	}
	return reader->len >= min && reader->len <= max;
}

static bool is_of_digits(const struct reader *reader, size_t len)
{
	for (size_t i = 0; i < reader->len; i++) {
		if (!is_digit(reader->at[i])) {
			return false;
		}
	}
	return reader->len == len;
}

static void take(struct reader *reader, enum letter_case letter_case)
{
	if (reader->written > 0) {
		reader->tag[reader->written++] = '-';
	}
	for (size_t i = 0; i < reader->len; i++) {
		char c = lower(reader->at[i]);
		bool is_capital = is_letter(c) &&
			(letter_case == UPPER || (letter_case == TITLE && i == 0));
		reader->tag[reader->written++] = is_capital ? (char)(c - 'a' + 'A') : c;
	}
	reader->at += reader->len;
	reader->at += *reader->at == '-';
	reader->len = subtag_len(reader->at);
}

/* Whether the subtag stands in what was taken, behind @p from. */
static bool is_repeated(const struct reader *reader, size_t from)
{
	for (size_t i = from; i < reader->written; i += subtag_len(reader->tag + i) + 1) {
		if (subtag_len(reader->tag + i) == reader->len &&
			equal(reader->tag + i, reader->at, reader->len)) {
			return true;
		}
	}
	return false;
}

/* language, with up to three extlang behind two or three letters */
static bool take_language(struct reader *reader)
{
	bool has_extlang = reader->len <= 3;
	if (!is_of_letters(reader, 2, 8)) {
		return false;
	}
	take(reader, LOWER);
	for (int i = 0; i < 3 && has_extlang && is_of_letters(reader, 3, 3); i++) {
		take(reader, LOWER);
	}
	return true;
}

static bool is_variant(const struct reader *reader)
{
	return reader->len >= 5 || (reader->len == 4 && is_digit(reader->at[0]));
}

static bool take_variants(struct reader *reader)
{
	size_t first = reader->written + 1;
	while (is_variant(reader)) {
		if (is_repeated(reader, first)) {
			return false;
		}
		take(reader, LOWER);
	}
	return true;
}

static bool is_private(const struct reader *reader)
{
	return reader->len == 1 && lower(reader->at[0]) == 'x';
}

/* A bit for each letter or digit. */
static uint64_t singleton_bit(char c)
{
	return UINT64_C(1) << (is_digit(c) ? c - '0' + 26 : lower(c) - 'a');
}

static bool take_extensions(struct reader *reader)
{
	uint64_t seen = 0;
	while (reader->len == 1 && !is_private(reader)) {
		uint64_t bit = singleton_bit(reader->at[0]);
		if ((seen & bit) != 0) {
			return false;
		}
		seen |= bit;
		take(reader, LOWER);
		if (reader->len < 2) {
			return false;
		}
		while (reader->len >= 2) {
			take(reader, LOWER);
		}
	}
	return true;
}

static bool take_private(struct reader *reader)
{
	if (!is_private(reader)) {
		return true;
	}
	take(reader, LOWER);
	if (reader->len == 0) {
		return false;
	}
	while (reader->len > 0) {
		take(reader, LOWER);
	}
	return true;
}

/* RFC 5646, section 2.1, langtag */
static bool take_langtag(struct reader *reader)
{
	if (!take_language(reader)) {
		return false;
	}
	if (is_of_letters(reader, 4, 4)) {
		take(reader, TITLE);
	}
	if (is_of_letters(reader, 2, 2) || is_of_digits(reader, 3)) {
		take(reader, UPPER);
	}
	return take_variants(reader) && take_extensions(reader) && take_private(reader);
}

/* RFC 5646, section 2.1, irregular: tags that the grammar does not give */
static const char *find_irregular(const char *text)
{
	static const char *const irregular[] = {"en-GB-oed", "i-ami", "i-bnn", "i-default",
		"i-enochian", "i-hak", "i-klingon", "i-lux", "i-mingo", "i-navajo", "i-pwn",
		"i-tao", "i-tay", "i-tsu", "sgn-BE-FR", "sgn-BE-NL", "sgn-CH-DE"};
	for (size_t i = 0; i < sizeof(irregular) / sizeof(irregular[0]); i++) {
		size_t len = strlen(irregular[i]);
		if (strlen(text) == len && equal(text, irregular[i], len)) {
			return irregular[i];
		}
	}
	return NULL;
}

int envoi_lang_parse(const char *text, char ret_tag[ENVOI_LANG_SIZE])
{
	struct reader reader = {.at = text};
	if (!envoi_lang_is_valid(text) || strlen(text) >= ENVOI_LANG_SIZE) {
		return ENVOI_ERR_INVALID;
	}
	const char *irregular = find_irregular(text);
	if (irregular != NULL) {
		memcpy(ret_tag, irregular, strlen(irregular) + 1);
		return ENVOI_OK;
	}
	reader.len = subtag_len(text);
	bool is_good = is_private(&reader) ? take_private(&reader) : take_langtag(&reader);
	if (!is_good || *reader.at != '\0') {
		return ENVOI_ERR_INVALID;
	}
	memcpy(ret_tag, reader.tag, reader.written);
	ret_tag[reader.written] = '\0';
	return ENVOI_OK;
}

bool envoi_lang_matches(const char *tag, const char *range)
{
	if (tag == NULL || range == NULL) {
		return false;
	}
	size_t len = strlen(range);
	return strcmp(range, "*") == 0 ||
		(strlen(tag) >= len && equal(tag, range, len) &&
			(tag[len] == '\0' || tag[len] == '-'));
}
