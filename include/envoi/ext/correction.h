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

/** Namespace of XEP-0308. */
#define ENVOI_NS_CORRECTION "urn:xmpp:message-correct:0"

/** A message that replaces an earlier one (XEP-0308, section 3). */
struct envoi_correction {
	char *id; /**< of the first version, even after several corrections (section 4) */
};
/** Describes struct envoi_correction: the element `replace`. */
ENVOI_API extern const struct envoi_payload_type envoi_correction_type;

/**
 * Get the id of the message that @p message replaces: the id of envoi_stanza_ids_for() for
 * ENVOI_STANZA_IDS_CORRECTION.
 *
 * The program replaces only a message of the same sender (section 4), which
 * envoi_stanza_ids_is_from() verifies. If the conversation has no such message, the program shows
 * @p message as an ordinary one.
 *
 * @return borrowed from @p message; NULL: the message is no correction, is malformed, or of type
 *         error
 */
ENVOI_API const char *envoi_correction_id(const struct envoi_stanza *message);

/**
 * Mark an outgoing message as the new version of an earlier one. It contains the whole new text,
 * and has an id of its own (section 4).
 *
 * @param message  NULL reports ENVOI_ERR_NOMEM
 * @param id       of the first version; copied
 * @retval ENVOI_ERR_INVALID  @p id is NULL, empty, or the message's own id, or the message is
 *                            already a correction
 * @retval <0  otherwise the first failure of the message
 */
ENVOI_API int envoi_correction_add(struct envoi_stanza *message, const char *id);

/** @return a handler that announces the extension in service discovery. It has no state, serves all
 * sessions and is never freed. No client has it by default. */
ENVOI_API struct envoi_handler *envoi_correction_handler(void);

#ifdef __cplusplus
}
#endif
#endif
