/*
 * envoi - taps: a stream's traffic without secrets
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STREAM_TAP_H
#define ENVOI_STREAM_TAP_H

#include <envoi/interfaces/stream.h>

/** The tap of a stream; embedded in it. */
struct envoi__tap {
	envoi_tap_fn *show; /* NULL: none */
	void *user;
	unsigned int off; /* bits of directions that are not shown */
};

void envoi__tap_head(const struct envoi__tap *tap, struct envoi_context *context,
	enum envoi_direction direction, const struct envoi_stream_head *head);
/** An element, redacted. */
void envoi__tap_element(const struct envoi__tap *tap, struct envoi_context *context,
	enum envoi_direction direction, const struct envoi_element *element);
/** A stanza in serialised form, redacted. */
void envoi__tap_stanza(const struct envoi__tap *tap, struct envoi_context *context,
	enum envoi_direction direction, const char *xml, size_t len);
void envoi__tap_tail(const struct envoi__tap *tap, enum envoi_direction direction);

#endif
