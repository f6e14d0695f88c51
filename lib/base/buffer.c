/*
 * envoi - growing byte buffers
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <envoi/buffer.h>
#include <envoi/error.h>

#include "base/context.h"

enum {
	SMALLEST = 256,
};

void envoi_buffer_init(struct envoi_buffer *buffer, struct envoi_context *context, size_t limit)
{
	*buffer = (struct envoi_buffer){.context = context, .limit = limit};
}

void envoi_buffer_finish(struct envoi_buffer *buffer)
{
	if (buffer->data != NULL) {
		envoi_free(buffer->context, buffer->data);
	}
	buffer->data = NULL;
	buffer->start = buffer->end = buffer->capacity = 0;
}

void envoi_buffer_wipe(struct envoi_buffer *buffer)
{
	if (buffer->data != NULL) {
		envoi__wipe(buffer->data, buffer->capacity);
	}
	envoi_buffer_finish(buffer);
}

size_t envoi_buffer_len(const struct envoi_buffer *buffer)
{
	return buffer->end - buffer->start;
}

const char *envoi_buffer_data(const struct envoi_buffer *buffer)
{
	return buffer->data == NULL ? "" : buffer->data + buffer->start;
}

/*
 * Moves what is held to the front when that frees at least as much as it moves, so that the cost
 * of moving is paid for by the bytes consumed; else doubles until half as much again is free, so
 * that it is paid for by the bytes to come. The old memory is wiped: it may hold secrets that the
 * owner wipes later.
 */
static int make_room(struct envoi_buffer *buffer, size_t len)
{
	size_t held = buffer->end - buffer->start;
	if (buffer->data != NULL && len <= buffer->capacity - held && buffer->start >= held) {
		memmove(buffer->data, buffer->data + buffer->start, held);
		envoi__wipe(buffer->data + buffer->start, held);
		buffer->start = 0;
		buffer->end = held;
		return ENVOI_OK;
	}
	if (held > SIZE_MAX / 8 || len > SIZE_MAX / 8) {
		return ENVOI_ERR_NOMEM;
	}
	size_t capacity = buffer->capacity < SMALLEST ? SMALLEST : buffer->capacity;
	while (capacity < held + held / 2 + len) {
		capacity *= 2;
	}
	if (buffer->limit != 0 && capacity > buffer->limit) {
		capacity = buffer->limit; /* the caller has checked that it is enough */
	}
	char *data = envoi_alloc(buffer->context, capacity);
	if (data == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (buffer->data != NULL) {
		memcpy(data, buffer->data + buffer->start, held);
		envoi__wipe(buffer->data, buffer->capacity);
		envoi_free(buffer->context, buffer->data);
	}
	buffer->data = data;
	buffer->start = 0;
	buffer->end = held;
	buffer->capacity = capacity;
	return ENVOI_OK;
}

int envoi_buffer_reserve(struct envoi_buffer *buffer, size_t len, char **ret_room)
{
	if (buffer->limit != 0 &&
		(envoi_buffer_len(buffer) > buffer->limit ||
			len > buffer->limit - envoi_buffer_len(buffer))) {
		return ENVOI_ERR_FULL;
	}
	if (len > buffer->capacity - buffer->end || buffer->data == NULL) {
		int r = make_room(buffer, len);
		if (r < 0) {
			return r;
		}
	}
	*ret_room = buffer->data + buffer->end;
	return ENVOI_OK;
}

void envoi_buffer_commit(struct envoi_buffer *buffer, size_t len)
{
	buffer->end += len;
}

int envoi_buffer_append(struct envoi_buffer *buffer, const void *data, size_t len)
{
	char *room;
	int r = envoi_buffer_reserve(buffer, len, &room);
	if (r < 0) {
		return r;
	}
	if (len > 0) {
		memcpy(room, data, len);
		buffer->end += len;
	}
	return ENVOI_OK;
}

int envoi_buffer_append_text(struct envoi_buffer *buffer, const char *text)
{
	return text == NULL ? ENVOI_ERR_INVALID : envoi_buffer_append(buffer, text, strlen(text));
}

int envoi_buffer_printf(struct envoi_buffer *buffer, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0) {
		return ENVOI_ERR_INVALID;
	}
	char *room;
	int r = envoi_buffer_reserve(buffer, (size_t)len + 1, &room);
	if (r < 0) {
		return r;
	}
	va_start(args, format);
	vsnprintf(room, (size_t)len + 1, format, args);
	va_end(args);
	buffer->end += (size_t)len;
	return ENVOI_OK;
}

void envoi_buffer_consume(struct envoi_buffer *buffer, size_t len)
{
	size_t held = envoi_buffer_len(buffer);
	buffer->start += len < held ? len : held;
	if (buffer->start == buffer->end) {
		buffer->start = buffer->end = 0;
	}
}

void envoi_buffer_wipe_front(struct envoi_buffer *buffer, size_t len)
{
	size_t held = envoi_buffer_len(buffer);
	if (held > 0) {
		envoi__wipe(buffer->data + buffer->start, len < held ? len : held);
	}
	envoi_buffer_consume(buffer, len);
}

void envoi_buffer_truncate(struct envoi_buffer *buffer, size_t len)
{
	if (len < envoi_buffer_len(buffer)) {
		buffer->end = buffer->start + len;
	}
}
