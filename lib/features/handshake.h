/*
 * envoi - the handshake of components (XEP-0114, section 3)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_FEATURES_HANDSHAKE_H
#define ENVOI_FEATURES_HANDSHAKE_H

#include <envoi/interfaces/stream.h>

enum {
	ENVOI__HANDSHAKE_SIZE = 41, /* hexadecimal SHA-1, and NUL */
};

/**
 * Compute the proof of a secret: the hash of stream id and secret.
 * @param stream_id  the value of the attribute: XML entities are resolved
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM
 */
int envoi__handshake_hash(char ret_hash[ENVOI__HANDSHAKE_SIZE], struct envoi_context *context,
	const char *stream_id, const char *secret);

/** Send `<handshake/>`. @param hash  its text; NULL: none */
int envoi__handshake_send(struct envoi_stream *stream, const char *hash);

#endif
