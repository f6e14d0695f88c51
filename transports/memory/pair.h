/*
 * envoi - connections in memory: what their files share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TRANSPORTS_MEMORY_PAIR_H
#define ENVOI_TRANSPORTS_MEMORY_PAIR_H

#include <envoi/memory.h>

struct memory_port;

/** The events of an end; always from the loop. The port may be detached inside. */
struct memory_port_impl {
	void (*arrived)(struct memory_port *port, const char *data, size_t len);
	void (*writable)(struct memory_port *port);
	void (*ended)(struct memory_port *port);
	void (*broken)(struct memory_port *port);
};

/** Where an end hangs on a pair; embedded in the end. */
struct memory_port {
	const struct memory_port_impl *impl;
	struct envoi_memory_pair *pair; /* a reference; NULL: detached */
	enum envoi_memory_side side;
	bool wants_write; /* its last sending was not taken whole */
};

/** @retval ENVOI_ERR_STATE the side had an end before */
int envoi__memory_port_attach(struct memory_port *port, const struct memory_port_impl *impl,
	struct envoi_memory_pair *pair, enum envoi_memory_side side);

/** End what is sent, and let go; nothing if detached. */
void envoi__memory_port_detach(struct memory_port *port);

/** @param is_forced take everything, whatever the window */
int envoi__memory_port_send(
	struct memory_port *port, const char *data, size_t len, bool is_forced, size_t *ret_taken);

/** The other side shall see an end. */
void envoi__memory_port_shut_down(struct memory_port *port);

/** Whether `arrived` and `ended` may come; at first they may not. */
void envoi__memory_port_want_read(struct memory_port *port, bool wanted);

struct envoi_context *envoi__memory_pair_context(const struct envoi_memory_pair *pair);

#endif
