/*
 * envoi - handlers
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>

#include <envoi/handler.h>

void envoi_handler_destroy(struct envoi_handler *handler)
{
	if (handler != NULL && handler->impl->destroy != NULL) {
		handler->impl->destroy(handler);
	}
}
