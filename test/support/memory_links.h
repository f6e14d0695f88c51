/*
 * envoi - a connector of BOSH whose links are in memory
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_MEMORY_LINKS_H
#define ENVOI_TEST_MEMORY_LINKS_H

#include <envoi/interfaces/transport.h>
#include <envoi/memory.h>

/** A link is being opened: take side B of its pair. @retval <0  it is refused */
typedef int memory_links_fn(
	void *user, const struct envoi_target *target, struct envoi_memory_pair *pair);

/** @retval ENVOI_ERR_NOMEM */
int memory_links_new(struct envoi_connector **ret_connector, struct envoi_context *context,
	memory_links_fn *open, void *user);

#endif
