/*
 * envoi - memory of a context
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "base/context.h"

void *envoi_alloc(struct envoi_context *context, size_t len)
{
	return context->allocator.alloc(context->allocator.user, len);
}

void *envoi_alloc_zeroed(struct envoi_context *context, size_t len)
{
	void *memory = envoi_alloc(context, len);
	return memory == NULL ? NULL : memset(memory, 0, len);
}

void *envoi_realloc(struct envoi_context *context, void *memory, size_t len)
{
	return context->allocator.realloc(context->allocator.user, memory, len);
}

char *envoi_strndup(struct envoi_context *context, const char *text, size_t len)
{
	char *copy = text == NULL ? NULL : envoi_alloc(context, len + 1);
	if (copy == NULL) {
		return NULL;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

void envoi_free(struct envoi_context *context, void *memory)
{
	if (memory != NULL) {
		context->allocator.free(context->allocator.user, memory);
	}
}
