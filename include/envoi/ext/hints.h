/*
 * envoi - XEP-0334: Message Processing Hints
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_HINTS_H
#define ENVOI_EXT_HINTS_H

#include <envoi/stanza.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0334. */
#define ENVOI_NS_HINTS "urn:xmpp:hints"

/** How servers should treat a message (XEP-0334, section 4). Any entity may ignore a hint (section
 * 5). */
struct envoi_hints {
	/** not stored in archives and logs; stored for later delivery while the recipient is
	 * offline */
	bool no_permanent_store;
	bool no_store; /**< not stored at all, not for later delivery either */
	/** delivered to the client of the address only; for full addresses only */
	bool no_copy;
	bool store; /**< stored in archives, even without a body */
};

/** @return the hints of a message; none for a message of type error, which contains the message
 * that was returned (section 5) */
ENVOI_API struct envoi_hints envoi_hints_of(const struct envoi_stanza *message);

/**
 * Add hints to an outgoing message. Hints that it already has remain.
 *
 * @param message  NULL reports ENVOI_ERR_NOMEM
 * @param hints    borrowed for the call
 * @retval ENVOI_ERR_INVALID  no_copy is set and the message is not addressed to a full address
 *                            (section 4.3); nothing was added
 * @retval <0  otherwise the first failure of the message
 */
ENVOI_API int envoi_hints_add(struct envoi_stanza *message, const struct envoi_hints *hints);

#ifdef __cplusplus
}
#endif
#endif
