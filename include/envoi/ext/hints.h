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

#define ENVOI_NS_HINTS "urn:xmpp:hints"

/** How servers should treat a message (XEP-0334, section 4). Entities may ignore each of them
 * (section 5). */
struct envoi_hints {
	bool no_permanent_store; /**< not in archives and logs; kept for later delivery */
	bool no_store; /**< kept nowhere, not for later delivery either */
	/** not delivered to other clients than that of the address; for full addresses only */
	bool no_copy;
	bool store; /**< in archives, also without a body */
};

/** @return the hints of a message; none for one of type error, whose content is what this side has
 * sent (section 5) */
ENVOI_API struct envoi_hints envoi_hints_of(const struct envoi_stanza *message);

/**
 * Add hints to a message that is going to be sent; those that it has stay.
 *
 * @param message  NULL reports ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_INVALID  no_copy, and the message is not for a full address (section 4.3);
 *                            nothing was added
 * @retval <0  else the first failure of the message
 */
ENVOI_API int envoi_hints_add(struct envoi_stanza *message, const struct envoi_hints *hints);

#ifdef __cplusplus
}
#endif
#endif
