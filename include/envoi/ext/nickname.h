/*
 * envoi - XEP-0172: User Nickname
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_NICKNAME_H
#define ENVOI_EXT_NICKNAME_H

#include <envoi/payload.h>
#include <envoi/stanza.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0172. */
#define ENVOI_NS_NICKNAME "http://jabber.org/protocol/nick"

/** A name that a user has chosen (XEP-0172, section 3). It is not unique, and does not identify a
 * user (section 6). */
struct envoi_nickname {
	char *name; /**< at most 1,023 bytes */
};
/** Describes struct envoi_nickname: the element `nick`, also as an item of publish-subscribe. */
ENVOI_API extern const struct envoi_payload_type envoi_nickname_type;

/**
 * Get the nickname in a message or a request for presence, as its sender states it.
 * @return borrowed from @p stanza; NULL: there is none, it is empty or malformed, or the stanza is
 *         of another kind (section 4) or a message of type error
 */
ENVOI_API const char *envoi_nickname_of(const struct envoi_stanza *stanza);

/**
 * Add the user's nickname to an outgoing message or request for presence. Section 4 recommends it
 * for the first one to a contact.
 *
 * @param stanza  NULL reports ENVOI_ERR_NOMEM
 * @param name    copied
 * @retval ENVOI_ERR_INVALID  the stanza is of another kind (section 4.1), is a message of type
 *                            error, or has a nickname; or the name is NULL, empty, longer than
 *                            1,023 bytes, or not allowed in XML
 * @retval <0  otherwise the first failure of the stanza
 */
ENVOI_API int envoi_nickname_add(struct envoi_stanza *stanza, const char *name);

#ifdef __cplusplus
}
#endif
#endif
