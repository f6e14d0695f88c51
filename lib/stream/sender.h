/*
 * envoi - streams: the sender of what the peer sends, receiving side
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STREAM_SENDER_H
#define ENVOI_STREAM_SENDER_H

#include "stream/stream.h"

/**
 * Give a stanza of a client that has bound an address the attributes that its server adds: `from`
 * (RFC 6120, section 8.1.2.1), the bare address in `to` of a message without `to` (section 10.3.1),
 * and the language of the stream (section 8.1.5).
 *
 * @retval ENVOI_ERR_PROTOCOL  its `from` is neither the full nor the bare address: the stream has
 *                             failed with invalid-from (section 4.9.3.9)
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__stream_stamp(struct envoi_stream *stream, struct envoi_element *element);

#endif
