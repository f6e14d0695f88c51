/*
 * envoi - language tags
 * SPDX-License-Identifier: MIT
 */
#include <envoi/values.h>

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool envoi_lang_is_valid(const char *text)
{
	enum { LONGEST_SUBTAG = 8 };
	if (text == NULL) {
		return false;
	}
	for (bool is_first = true;; is_first = false) {
		int len = 0;
		while (is_letter(*text) || (!is_first && *text >= '0' && *text <= '9')) {
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
