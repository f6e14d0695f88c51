/*
 * envoi - preparation of addresses
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_JID_PREPARE_H
#define ENVOI_JID_PREPARE_H

#include <stdbool.h>
#include <stddef.h>

enum {
	ENVOI__JID_PART_MAX = 1023, /* bytes of a prepared part (RFC 7622, section 3.1) */
	/* What becomes one character was never longer than three and a half times as much: a letter
	 * of full width with two marks behind it, seven bytes, becomes one of two. */
	ENVOI__JID_RAW_MAX = 4 * ENVOI__JID_PART_MAX,
	ENVOI__JID_ROOM = 4 * (ENVOI__JID_PART_MAX + 1),
};

/** Text that is not NUL-terminated; of an absent part NULL. */
struct envoi__span {
	const char *text;
	size_t len;
};

/** An address in parts. */
struct envoi__jid_parts {
	struct envoi__span local, domain, resource;
	struct envoi__span ascii; /* the domain in A-labels, when that is another form */
	bool needs_lower; /* local or domain may have upper-case ASCII letters left */
};

/** Why parts are no address: two parts of a sentence, static. */
struct envoi__jid_reason {
	const char *part, *what;
};

/** Cut an address at its separators; parts may come out empty. */
void envoi__jid_split(struct envoi__jid_parts *parts, const char *text, size_t len);

/**
 * Check parts of ASCII as most are; nothing is changed but that a dot at the end of the domain
 * goes.
 *
 * @return whether they are prepared, but for upper-case letters as @p needs_lower says; else
 *         envoi__jid_prepare() decides
 */
bool envoi__jid_prepare_ascii(struct envoi__jid_parts *parts);

/** As envoi__jid_prepare_ascii(), for the resource alone. */
bool envoi__jid_prepare_ascii_resource(const struct envoi__span *resource);

/**
 * Prepare parts of any kind (RFC 7622, section 3), which envoi__jid_prepare_ascii() has not found
 * to be prepared.
 *
 * @param room  ENVOI__JID_ROOM bytes, which the parts then may point into
 * @param[out] ret_reason  set when they are no address
 * @retval ENVOI_ERR_INVALID, ENVOI_ERR_NOMEM
 */
int envoi__jid_prepare(
	struct envoi__jid_parts *parts, char *room, struct envoi__jid_reason *ret_reason);

/** As envoi__jid_prepare(), for the resource alone; room for one part. */
int envoi__jid_prepare_resource(
	struct envoi__span *resource, char *room, struct envoi__jid_reason *ret_reason);

/**
 * Prepare a domainpart (RFC 7622, section 3.2).
 *
 * @param room  for two parts
 * @param[out] ascii  in A-labels
 * @param[out] ret_what  static part of a sentence, when it is none
 * @retval ENVOI_ERR_INVALID, ENVOI_ERR_NOMEM
 */
int envoi__jid_prepare_domain(
	struct envoi__span *domain, struct envoi__span *ascii, char *room, const char **ret_what);

#endif
