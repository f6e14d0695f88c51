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

#define ENVOI_NS_NICKNAME "http://jabber.org/protocol/nick"

/** A name that a user has chosen (XEP-0172, section 3). It is not unique, and identifies nobody
 * (section 6). */
struct envoi_nickname {
	char *name; /**< at most 1,023 bytes */
};
/** Describes struct envoi_nickname: the element `nick`, also as an item of publish-subscribe. */
ENVOI_API extern const struct envoi_payload_type envoi_nickname_type;

/** @return the nickname that the sender of a message, or of a request for presence, states; NULL:
 * none, an empty or malformed one, or another kind of stanza (section 4) */
ENVOI_API const char *envoi_nickname_of(const struct envoi_stanza *stanza);

/**
 * Add the own nickname to a message or a request for presence that is going to be sent: to the
 * first one for a contact (section 4).
 *
 * @param stanza  NULL reports ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_INVALID  it is another kind of stanza (section 4.1), has a nickname, or the
 *                            name is NULL, empty, too long, or not allowed in XML
 * @retval <0  else the first failure of the stanza
 */
ENVOI_API int envoi_nickname_add(struct envoi_stanza *stanza, const char *name);

#ifdef __cplusplus
}
#endif
#endif
