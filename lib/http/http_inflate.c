/*
 * envoi - the content coding gzip (RFC 9110, section 8.4.1.3)
 * SPDX-License-Identifier: MIT
 */
#include "http/http_inflate.h"

#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/error.h>

#include "http/http_config.h"

#if ENVOI__HTTP_ZLIB

#include <zlib.h>

enum {
	GZIP_WINDOW_BITS = 15 + 16, /* zlib.h: the largest window; the header of gzip only */
	PIECE_BYTES = 4096,
};

struct envoi__http_inflate {
	struct envoi_context *context; /* a reference */
	z_stream stream;
	size_t zlib_bytes; /* its state and its window, which it frees at its end only */
	bool has_ended;
};

static void *zlib_alloc(void *opaque, unsigned int count, unsigned int size)
{
	struct envoi__http_inflate *gzip = opaque;
	size_t bytes = (size_t)count * size;
	void *block = envoi_alloc_zeroed(gzip->context, bytes);
	gzip->zlib_bytes += block != NULL ? bytes : 0;
	return block;
}

static void zlib_free(void *opaque, void *block)
{
	envoi_free(((struct envoi__http_inflate *)opaque)->context, block);
}

bool envoi__http_can_inflate(void)
{
	return true;
}

struct envoi__http_inflate *envoi__http_inflate_new(struct envoi_context *context)
{
	struct envoi__http_inflate *gzip = envoi_alloc_zeroed(context, sizeof(*gzip));
	if (gzip == NULL) {
		return NULL;
	}
	gzip->stream.zalloc = zlib_alloc;
	gzip->stream.zfree = zlib_free;
	gzip->stream.opaque = gzip;
	gzip->context = context;
	if (inflateInit2(&gzip->stream, GZIP_WINDOW_BITS) != Z_OK) {
		envoi_free(context, gzip);
		return NULL;
	}
	envoi_context_ref(context);
	return gzip;
}

void envoi__http_inflate_free(struct envoi__http_inflate *gzip)
{
	if (gzip != NULL) {
		struct envoi_context *context = gzip->context;
		(void)inflateEnd(&gzip->stream);
		envoi_free(context, gzip);
		envoi_context_unref(context);
	}
}

size_t envoi__http_inflate_memory(const struct envoi__http_inflate *gzip)
{
	return gzip != NULL ? sizeof(*gzip) + gzip->zlib_bytes : 0;
}

/* @retval ENVOI_AGAIN  there may be more output */
static int inflate_piece(struct envoi__http_inflate *gzip, struct envoi_buffer *out)
{
	unsigned char piece[PIECE_BYTES];
	gzip->stream.next_out = piece;
	gzip->stream.avail_out = sizeof(piece);
	int z = inflate(&gzip->stream, Z_NO_FLUSH);
	if (z == Z_MEM_ERROR) {
		return ENVOI_ERR_NOMEM;
	}
	if (z != Z_OK && z != Z_STREAM_END && z != Z_BUF_ERROR) {
		return ENVOI_ERR_PROTOCOL;
	}
	gzip->has_ended = z == Z_STREAM_END;
	int r = envoi_buffer_append(out, piece, sizeof(piece) - gzip->stream.avail_out);
	if (r < 0) {
		return r == ENVOI_ERR_FULL ? ENVOI_ERR_LIMIT : r;
	}
	bool has_more = gzip->stream.avail_out == 0 || gzip->stream.avail_in > 0;
	return has_more && !gzip->has_ended ? ENVOI_AGAIN : ENVOI_OK;
}

int envoi__http_inflate_read(
	struct envoi__http_inflate *gzip, struct envoi_buffer *out, const char *data, size_t len)
{
	int r = len == 0 ? ENVOI_OK : ENVOI_AGAIN;
	gzip->stream.next_in = (z_const Bytef *)(uintptr_t)data; /* it is only read */
	gzip->stream.avail_in = (unsigned int)len;
	if (len > 0 && gzip->has_ended) {
		return ENVOI_ERR_PROTOCOL;
	}
	while (r == ENVOI_AGAIN) {
		r = inflate_piece(gzip, out);
	}
	return r == ENVOI_OK && gzip->stream.avail_in > 0 ? ENVOI_ERR_PROTOCOL : r;
}

bool envoi__http_inflate_has_ended(const struct envoi__http_inflate *gzip)
{
	return gzip->has_ended;
}

#else

bool envoi__http_can_inflate(void)
{
	return false;
}

struct envoi__http_inflate *envoi__http_inflate_new(struct envoi_context *context)
{
	(void)context;
	return NULL;
}

void envoi__http_inflate_free(struct envoi__http_inflate *gzip)
{
	(void)gzip;
}

size_t envoi__http_inflate_memory(const struct envoi__http_inflate *gzip)
{
	(void)gzip;
	return 0;
}

int envoi__http_inflate_read(
	struct envoi__http_inflate *gzip, struct envoi_buffer *out, const char *data, size_t len)
{
	(void)gzip;
	(void)out;
	(void)data;
	(void)len;
	return ENVOI_ERR_PROTOCOL;
}

bool envoi__http_inflate_has_ended(const struct envoi__http_inflate *gzip)
{
	(void)gzip;
	return false;
}

#endif
