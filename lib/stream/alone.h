/*
 * envoi - stanzas as documents of their own
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STREAM_ALONE_H
#define ENVOI_STREAM_ALONE_H

#include <envoi/buffer.h>

/**
 * Append a stanza that is written for the content namespace, with the declaration of it that stands
 * in a stream's header else.
 *
 * @param xml  one element without a default namespace of its own, as the library's writer writes it
 * @retval ENVOI_ERR_NOMEM  @p out is as before
 */
int envoi__alone_write(
	struct envoi_buffer *out, const char *xml, size_t len, const char *content_ns);

#endif
