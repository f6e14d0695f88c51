/*
 * envoi - preparation of addresses
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_JID_PREPARE_H
#define ENVOI_JID_PREPARE_H

#include <stddef.h>

enum {
	ENVOI__JID_PART_MAX = 1023, /* bytes of a prepared part (RFC 7622, section 3.1) */
};

/** Text that is not NUL-terminated; of an absent part NULL. */
struct envoi__span {
	const char *text;
	size_t len;
};

/** The three parts. */
struct envoi__jid_parts {
	struct envoi__span local, domain, resource;
};

/** Cut an address at its separators; parts may come out empty. */
void envoi__jid_split(struct envoi__jid_parts *parts, const char *text, size_t len);

/**
 * Check parts, and prepare them but for upper-case ASCII letters in local and domain part: those
 * are for the caller to put in lower case when copying.
 *
 * @param room  3 * (ENVOI__JID_PART_MAX + 1) bytes, into which parts then may point
 * @param[out] ret_reason  static words, when the parts are invalid
 * @retval ENVOI_ERR_INVALID, ENVOI_ERR_NOMEM
 */
int envoi__jid_prepare(struct envoi__jid_parts *parts, char *room, const char **ret_reason);

#endif
