/*
 * envoi - connections in memory: transports with options already read
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TRANSPORTS_MEMORY_MEMORY_H
#define ENVOI_TRANSPORTS_MEMORY_MEMORY_H

#include <envoi/memory.h>

struct octets_options;

/** As envoi_memory_transport_new(). */
int memory_transport_new(struct envoi_transport **ret_transport, struct envoi_memory_pair *pair,
	enum envoi_memory_side side, const struct octets_options *options);

#endif
