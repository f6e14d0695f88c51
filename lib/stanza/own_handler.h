/*
 * envoi - handlers that have memory of their own
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STANZA_OWN_HANDLER_H
#define ENVOI_STANZA_OWN_HANDLER_H

#include <stddef.h>

#include <envoi/handler.h>

/** The first member of such a handler. */
struct envoi__own_handler {
	struct envoi_handler handler;
	struct envoi_context *context; /* a reference */
};

/**
 * Make a handler.
 * @param size  of the struct that begins with a struct envoi__own_handler; its other members are
 *              zeroed
 * @return NULL: out of memory
 */
void *envoi__own_handler_new(
	size_t size, const struct envoi_handler_impl *impl, struct envoi_context *context);

/** Free its memory, and the reference to the context: `destroy` of a handler without other members
 * to free, and the last call of another one's. */
void envoi__own_handler_free(struct envoi_handler *handler);

#endif
