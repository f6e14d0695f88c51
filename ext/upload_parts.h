/*
 * envoi - HTTP File Upload: what the files of an upload share
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP has no public ones.
 *
 * upload.c has the slots, upload_put.c the upload, upload_request.c the URL and the head of its
 * request, upload_dial.c its connection where the program makes none.
 */
#ifndef ENVOI_EXT_UPLOAD_PARTS_H
#define ENVOI_EXT_UPLOAD_PARTS_H

#include <envoi/buffer.h>
#include <envoi/ext/upload.h>

#include "http/http_url.h"

struct envoi_dial;
struct envoi_tls_config;

/** Read the URL of the slot. @retval ENVOI_ERR_UNSUPPORTED  its scheme is not allowed
 * @retval ENVOI_ERR_INVALID */
int envoi__upload_read_url(struct envoi__http_url *url, const struct envoi_upload_options *options);

/** Write the head of the request. */
int envoi__upload_write_head(struct envoi_context *context, struct envoi_buffer *out,
	const struct envoi__http_url *url, const struct envoi_upload_options *options);

/** Connects to the server of a URL. */
struct envoi__upload_dial {
	struct envoi_context *context; /* borrowed */
	const struct envoi__http_url *url; /* borrowed */
	/** Once, from the loop. @param channel  taken; NULL: @p code, and @p text or NULL */
	void (*opened)(void *user, struct envoi_channel *channel, int code, const char *text);
	void *user;
	struct envoi_tls_config *tls; /* NULL: none */
	struct envoi_dial *dial; /* or NULL */
};

int envoi__upload_dial_start(
	struct envoi__upload_dial *dial, const struct envoi_settings *settings);
/** `opened` is not called any more. */
void envoi__upload_dial_stop(struct envoi__upload_dial *dial);
void envoi__upload_dial_finish(struct envoi__upload_dial *dial);

#endif
