/*
 * envoi - XEP-0333: Displayed Markers
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_MARKERS_H
#define ENVOI_EXT_MARKERS_H

#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/stanza.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0333. */
#define ENVOI_NS_MARKERS "urn:xmpp:chat-markers:0"

/** A marker: a message, and all before it, were displayed (XEP-0333, section 4.2). */
struct envoi_markers_displayed {
	char *id; /**< of that message: envoi_stanza_ids_for() for ENVOI_STANZA_IDS_MARKER */
};
/** Describes struct envoi_markers_displayed: the element `displayed`. */
ENVOI_API extern const struct envoi_payload_type envoi_markers_displayed_type;

/**
 * Request a marker for an outgoing message (section 4.1).
 * @param message  NULL reports ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_INVALID  the message is itself a marker (section 4.2)
 * @retval <0  otherwise the first failure of the message
 */
ENVOI_API int envoi_markers_request(struct envoi_stanza *message);

/** @return whether a message requests a marker; false for type error */
ENVOI_API bool envoi_markers_is_requested(const struct envoi_stanza *message);

/**
 * Get the id of the message up to which a marker reports messages as displayed. The program ignores
 * a marker:
 *
 * - if the conversation has no message with that id;
 * - if that message is older than that of an earlier marker (section 5);
 * - outside of rooms, if its sender is neither the recipient of that message nor, in a copy by
 *   carbons, the own account: envoi_stanza_ids_is_from() verifies it.
 *
 * @return borrowed from @p message; NULL: the message is no marker, is malformed, or of type error
 */
ENVOI_API const char *envoi_markers_id(const struct envoi_stanza *message);

/**
 * Make the marker for a message that was displayed. If several messages were displayed, the program
 * sends a marker for the last one. It is addressed to the sender of the message, in a room to the
 * room. A marker reveals that the user is present and has read the message: the program sends it
 * only if the user allows it.
 *
 * @param[out] ret_marker  owned by the caller, for envoi_send()
 * @param displayed        received; borrowed for the call
 * @param room_assigns     as for envoi_stanza_ids_for()
 * @retval ENVOI_DECLINED  the message gets no marker: it is itself a marker, has no id for this
 *                         purpose or no sender, is of type error, or, outside of rooms, does not
 *                         request one
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_markers_new(
	struct envoi_stanza **ret_marker, const struct envoi_stanza *displayed, bool room_assigns);

/** @return a handler that announces the extension in service discovery. It has no state, serves all
 * sessions and is never freed. No client has it by default. */
ENVOI_API struct envoi_handler *envoi_markers_handler(void);

#ifdef __cplusplus
}
#endif
#endif
