/*
 * envoi - the tables of a handler, checked when it is attached
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ROUTER_HANDLER_CHECK_H
#define ENVOI_ROUTER_HANDLER_CHECK_H

#include <stddef.h>

#include <envoi/handler.h>

/**
 * Check all tables of a handler for rows that could never be called.
 * @param ret_problem  the table, the row's index and the reason: "stanzas[2]: no kind"; cut to
 *                     @p size; "" without one
 * @retval ENVOI_ERR_INVALID
 * @retval ENVOI_ERR_NOMEM  a path could not be compiled
 */
int envoi__handler_check(const struct envoi_handler *handler, struct envoi_context *context,
	char *ret_problem, size_t size);

#endif
