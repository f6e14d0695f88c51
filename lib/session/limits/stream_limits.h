/*
 * envoi - stream limits (XEP-0478): what the peer announces
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_LIMITS_STREAM_LIMITS_H
#define ENVOI_SESSION_LIMITS_STREAM_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include <envoi/xml.h>

struct envoi__stream_limits {
	size_t max_bytes; /* of a first-level element; SIZE_MAX: not known */
	uint64_t idle_ms; /* without traffic from here; 0: not known */
};

/**
 * Read the limits among stream features (section 3.1). A value that is no number, or zero, counts
 * as absent. Below 10,000 bytes a limit is read as 10,000, which RFC 6120, section 13.12
 * guarantees.
 * @param features  NULL: none were offered
 */
struct envoi__stream_limits envoi__stream_limits_read(const struct envoi_element *features);

#endif
