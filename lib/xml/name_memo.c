/*
 * envoi - names in libxml2's dictionary, and their known names
 * SPDX-License-Identifier: MIT
 */
#include "xml/name_memo.h"

#include <string.h>

#include "xml/names.h"

void envoi__name_memo_fill(
	struct envoi__name_memo *memo, const struct envoi__names *names, const xmlChar *raw)
{
	const char *text = (const char *)raw;
	memo->raw = raw;
	memo->len = strlen(text);
	bool is_plain = memchr(text, ':', memo->len) == NULL;
	memo->known = is_plain ? envoi__names_find(names, text, memo->len) : NULL;
	memo->round = 0;
}
