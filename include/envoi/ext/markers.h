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

#define ENVOI_NS_MARKERS "urn:xmpp:chat-markers:0"

/** A message and all before it were displayed (XEP-0333, section 4.2). */
struct envoi_markers_displayed {
	char *id; /**< for ENVOI_STANZA_IDS_MARKER of envoi_stanza_ids_for() */
};
/** Describes struct envoi_markers_displayed: the element `displayed`. */
ENVOI_API extern const struct envoi_payload_type envoi_markers_displayed_type;

/**
 * Ask for a marker for a message that is going to be sent (section 4.1).
 * @param message  NULL reports ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_INVALID  it is itself a marker (section 4.2)
 * @retval <0  else the first failure of the message
 */
ENVOI_API int envoi_markers_request(struct envoi_stanza *message);

/** @return whether the sender of a message asks for a marker; false for type error */
ENVOI_API bool envoi_markers_is_requested(const struct envoi_stanza *message);

/**
 * @return the id in a marker; NULL: the message is no marker, or malformed, or of type error. The
 *         program ignores it if the conversation has no message with that id, if it is older than
 *         that of an earlier marker (section 5), or, between two, unless it comes from the
 *         recipient of that message or, in a carbon, from the own account:
 *         envoi_stanza_ids_is_from()
 */
ENVOI_API const char *envoi_markers_id(const struct envoi_stanza *message);

/**
 * Make the marker for a message that was displayed: of several ones the last. It goes to the
 * sender, in a room to the room. Markers reveal that the user is there and has read a message: they
 * are sent when the user allows it.
 *
 * @param[out] ret_marker  owned by the caller, for envoi_send()
 * @param displayed        received; borrowed
 * @param room_assigns     as of envoi_stanza_ids_for()
 * @retval ENVOI_DECLINED  no marker is to be sent for it: it is a marker itself, has no id for this
 *                         purpose or no sender, is of type error, or, between two, its sender has
 *                         not asked for one
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
