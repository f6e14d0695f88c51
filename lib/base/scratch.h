/*
 * envoi - a buffer for short uses: private header
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BASE_SCRATCH_H
#define ENVOI_BASE_SCRATCH_H

#include <envoi/buffer.h>

#include "base/context.h"

enum {
	ENVOI__SCRATCH_KEPT = 16 * 1024, /* the most bytes that the context keeps */
};

/** @return the context's buffer, empty; while it is in use, a new one */
static inline struct envoi_buffer envoi__scratch_take(struct envoi_context *context)
{
	struct envoi_buffer scratch = context->scratch;
	scratch.context = context;
	context->scratch = (struct envoi_buffer){.context = context};
	return scratch;
}

/** Keep the buffer for the next use, or free it. */
static inline void envoi__scratch_give(struct envoi_buffer *scratch)
{
	struct envoi_context *context = scratch->context;
	if (context->scratch.data != NULL || scratch->capacity > ENVOI__SCRATCH_KEPT) {
		envoi_buffer_finish(scratch);
	} else {
		envoi_buffer_truncate(scratch, 0);
		context->scratch = *scratch;
	}
}

#endif
