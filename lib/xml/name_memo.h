/*
 * envoi - names in libxml2's dictionary, and their known names
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_NAME_MEMO_H
#define ENVOI_XML_NAME_MEMO_H

#include <stddef.h>
#include <stdint.h>

#include "xml/libxml.h"

struct envoi__names;

/** A name in libxml2's dictionary, with its known name. */
struct envoi__name_memo {
	const xmlChar *raw; /* libxml2's pointer */
	const char *known; /* pointer in the context's dictionary; NULL: not known */
	size_t len;
	uint64_t round; /* of the set that it was last added to */
};

enum {
	ENVOI__NAME_MEMOS = 256,
};

/** Look a name up and store it in the memo. */
void envoi__name_memo_fill(
	struct envoi__name_memo *memo, const struct envoi__names *names, const xmlChar *raw);

/** @param memos  ENVOI__NAME_MEMOS of them @return the memo of a name; valid until the next call */
static inline struct envoi__name_memo *envoi__name_memo_of(
	struct envoi__name_memo *memos, const struct envoi__names *names, const xmlChar *raw)
{
	uintptr_t bits = (uintptr_t)raw;
	struct envoi__name_memo *memo = &memos[(bits ^ bits >> 8) % ENVOI__NAME_MEMOS];
	if (memo->raw != raw) {
		envoi__name_memo_fill(memo, names, raw);
	}
	return memo;
}

#endif
