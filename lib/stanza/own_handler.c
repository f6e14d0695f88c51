/*
 * envoi - handlers that have memory of their own
 * SPDX-License-Identifier: MIT
 */
#include "stanza/own_handler.h"

#include <envoi/context.h>

void *envoi__own_handler_new(
	size_t size, const struct envoi_handler_impl *impl, struct envoi_context *context)
{
	struct envoi__own_handler *own = envoi_alloc_zeroed(context, size);
	if (own != NULL) {
		own->handler.impl = impl;
		own->context = envoi_context_ref(context);
	}
	return own;
}

void envoi__own_handler_free(struct envoi_handler *handler)
{
	struct envoi__own_handler *own = ENVOI_CONTAINER_OF(
		handler, struct envoi__own_handler, handler);
	struct envoi_context *context = own->context;
	envoi_free(context, own);
	envoi_context_unref(context);
}
