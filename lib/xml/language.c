/*
 * envoi - the choice among texts in several languages
 * SPDX-License-Identifier: MIT
 */
#include "xml/language.h"

#include <string.h>

static bool is_same_letter(char a, char b)
{
	char difference = (char)(a ^ b);
	char letter = (char)(a | 0x20);
	return difference == 0 || (difference == 0x20 && letter >= 'a' && letter <= 'z');
}

static bool is_same_subtag(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_same_letter(a[i], b[i])) {
			return false;
		}
	}
	return true;
}

/*
 * The more leading subtags are common, the better; of equally many, first the tag without others
 * ("de" for "de-CH", then "de-AT"). Next comes a text of no stated language, and last any other.
 */
static unsigned int suitability(const char *lang, const char *wanted)
{
	unsigned int points = 0;
	if (lang == NULL || lang[0] == '\0') {
		return 1;
	}
	for (;;) {
		size_t len = strcspn(lang, "-");
		if (len != strcspn(wanted, "-") || !is_same_subtag(lang, wanted, len)) {
			return points;
		}
		lang += len;
		wanted += len;
		points += 2;
		if (*lang == '\0' || *wanted == '\0') {
			return points + (*lang == '\0' ? 1 : 0);
		}
		lang++;
		wanted++;
	}
}

unsigned int envoi__element_suits(const struct envoi_element *element, const char *wanted)
{
	unsigned int is_default = envoi_element_attr_ns(element, ENVOI_NS_XML, "lang") == NULL;
	return wanted == NULL ? is_default
			      : 2 * suitability(envoi_element_lang(element), wanted) + is_default;
}
