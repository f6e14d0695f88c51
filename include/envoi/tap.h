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

enum envoi_direction {
	ENVOI_IN, /**< from the peer */
	ENVOI_OUT, /**< to the peer */
};

/**
 * Sees the traffic, for an XML console: stream headers, first-level elements and closing tags, in
 * the order in which they come and go. What SASL exchanges is replaced by "[redacted]".
 * Called at once: it must not call the library.
 *
 * @param xml  @p len bytes of UTF-8, borrowed for the call
 */
typedef void envoi_tap_fn(void *user, enum envoi_direction direction, const char *xml, size_t len);

#ifdef __cplusplus
}
#endif
#endif
