/*
 * envoi - growing byte buffers
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BUFFER_H
#define ENVOI_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;

/**
 * A contiguous queue of bytes, which are appended at the end and consumed at the front.
 *
 * Embedded in its owner. Members are private, except that @p data[@p start .. @p end) may be read.
 */
struct envoi_buffer {
	struct envoi_context *context; /**< borrowed; outlives the buffer */
	char *data;
	size_t start, end, capacity;
	size_t limit; /**< the largest number of bytes held at a time; 0: none */
};

/** Initialise an empty buffer; allocates nothing. @param limit the largest number of bytes held at
 * a time; 0: none */
ENVOI_API void envoi_buffer_init(
	struct envoi_buffer *buffer, struct envoi_context *context, size_t limit);

/** Free the memory. The buffer is empty then and may be used again. A zeroed buffer is allowed. */
ENVOI_API void envoi_buffer_finish(struct envoi_buffer *buffer);

/** As envoi_buffer_finish(), and the memory is wiped first: for secrets. */
ENVOI_API void envoi_buffer_wipe(struct envoi_buffer *buffer);

/** @return the number of bytes held */
ENVOI_API size_t envoi_buffer_len(const struct envoi_buffer *buffer);

/** @return the first byte held; borrowed until the buffer changes; not NUL-terminated */
ENVOI_API const char *envoi_buffer_data(const struct envoi_buffer *buffer);

/**
 * Append bytes.
 *
 * @retval ENVOI_ERR_FULL   the limit would be exceeded; nothing was appended
 * @retval ENVOI_ERR_NOMEM  nothing was appended
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_buffer_append(
	struct envoi_buffer *buffer, const void *data, size_t len);

/** Append a NUL-terminated string without its NUL; errors as envoi_buffer_append(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_buffer_append_text(
	struct envoi_buffer *buffer, const char *text);

/** Append as printf does; errors as envoi_buffer_append(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_buffer_printf(
	struct envoi_buffer *buffer, const char *format, ...) ENVOI_PRINTF(2, 3);

/**
 * Reserve memory to write into directly, with read(2) for example; then call envoi_buffer_commit().
 *
 * @param[out] ret_room  at least @p len bytes; borrowed until the buffer changes
 * Errors as envoi_buffer_append().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_buffer_reserve(
	struct envoi_buffer *buffer, size_t len, char **ret_room);

/** Append the first @p len bytes of the memory that envoi_buffer_reserve() has reserved. */
ENVOI_API void envoi_buffer_commit(struct envoi_buffer *buffer, size_t len);

/** Remove the first @p len bytes, or all if fewer are held. */
ENVOI_API void envoi_buffer_consume(struct envoi_buffer *buffer, size_t len);

/** As envoi_buffer_consume(), and the removed bytes are wiped: for secrets. */
ENVOI_API void envoi_buffer_wipe_front(struct envoi_buffer *buffer, size_t len);

/** Remove all but the first @p len bytes, to undo appends. */
ENVOI_API void envoi_buffer_truncate(struct envoi_buffer *buffer, size_t len);

#ifdef __cplusplus
}
#endif
#endif
