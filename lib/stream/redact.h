/*
 * envoi - what of an element may be shown
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STREAM_REDACT_H
#define ENVOI_STREAM_REDACT_H

#include <stdbool.h>

#include <envoi/xml.h>

#define ENVOI__REDACTED "[redacted]"

/** @return whether it, or anything inside it, carries secrets */
bool envoi__redact_is_needed(const struct envoi_element *element);

/**
 * Copy an element, ENVOI__REDACTED in place of each text and attribute value that may be a secret.
 * No secret is copied.
 * @return one reference; NULL or a failed tree: out of memory
 */
struct envoi_element *envoi__redact(
	struct envoi_context *context, const struct envoi_element *element);

#endif
