/*
 * envoi - XEP-0308: Last Message Correction
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_CORRECTION_H
#define ENVOI_EXT_CORRECTION_H

#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/stanza.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ENVOI_NS_CORRECTION "urn:xmpp:message-correct:0"

/** The message is a new version of another one (XEP-0308, section 3). */
struct envoi_correction {
	char *id; /**< of the first version, also after several corrections (section 4) */
};
/** Describes struct envoi_correction: the element `replace`. */
ENVOI_API extern const struct envoi_payload_type envoi_correction_type;

/**
 * @return the id of the message that @p message replaces; NULL: it corrects none, or is malformed,
 *         or of type error. The id is one for ENVOI_STANZA_IDS_CORRECTION
 *         (envoi_stanza_ids_for()). The program applies it to a message of the same sender only
 *         (section 4): envoi_stanza_ids_is_from(). A message that it does not know is shown as it
 *         is
 */
ENVOI_API const char *envoi_correction_id(const struct envoi_stanza *message);

/**
 * Mark a message that is going to be sent as the new version of another one. It has to contain
 * everything that the first one did, and an id of its own.
 *
 * @param message  NULL reports ENVOI_ERR_NOMEM
 * @param id       of the first version
 * @retval ENVOI_ERR_INVALID  @p id is NULL or empty; the message has that id, or corrects one
 *                            already
 * @retval <0  else the first failure of the message
 */
ENVOI_API int envoi_correction_add(struct envoi_stanza *message, const char *id);

/** @return a handler that announces the extension in service discovery. It has no state, serves all
 * sessions and is never freed. No client has it by default. */
ENVOI_API struct envoi_handler *envoi_correction_handler(void);

#ifdef __cplusplus
}
#endif
#endif
