/*
 * envoi - a component: own addresses whose unavailable presence the server may not have
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_COMPONENT_DEPARTED_H
#define ENVOI_COMPONENT_DEPARTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/context.h>

#include "base/list.h"

/**
 * Addresses, full or bare, whose unavailable presence was sent, in that order. It may have been
 * lost with the connection, and the contacts would see the address available for ever. At most
 * 10,000: the first one gives way. Embedded; zeroed before its initialisation.
 */
struct envoi__departed {
	struct envoi_context *context; /* borrowed */
	struct envoi__list list;
	size_t count;
	uint64_t last; /* number of the last one */
};

void envoi__departed_init(struct envoi__departed *departed, struct envoi_context *context);
void envoi__departed_finish(struct envoi__departed *departed);
/** Remember an address; without memory it is forgotten. */
void envoi__departed_add(struct envoi__departed *departed, const char *jid);
/** The server has processed the presence of all up to a number, which `last` had. */
void envoi__departed_confirm(struct envoi__departed *departed, uint64_t number);
/** @return the first of the addresses up to a number; NULL: none; borrowed until it is forgotten */
const char *envoi__departed_first(const struct envoi__departed *departed, uint64_t number);
/** Forget the first address. */
void envoi__departed_drop_first(struct envoi__departed *departed);

#endif
