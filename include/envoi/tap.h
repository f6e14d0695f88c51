/*
 * envoi - seeing the traffic
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TAP_H
#define ENVOI_TAP_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The direction of traffic. */
enum envoi_direction {
	ENVOI_IN, /**< from the peer */
	ENVOI_OUT, /**< to the peer */
};

/**
 * Receives the traffic, for an XML console: stream headers, first-level elements and closing tags,
 * in the order in which they are received and sent. Called inside functions of the library; it must
 * not call the library, except envoi_client_switch_tap() and envoi_stream_switch_tap().
 *
 * Texts and attribute values that may be secret are replaced by "[redacted]": those of SASL, SASL2
 * (XEP-0388), tokens (XEP-0484), registration (XEP-0077, XEP-0389), the old authentication
 * (XEP-0078), a component's handshake (XEP-0114) and room passwords (XEP-0045). A stanza that is
 * not well-formed is replaced as a whole.
 *
 * @param xml  @p len bytes of UTF-8, borrowed for the call
 */
typedef void envoi_tap_fn(void *user, enum envoi_direction direction, const char *xml, size_t len);

#ifdef __cplusplus
}
#endif
#endif
