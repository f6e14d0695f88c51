/*
 * envoi - service records: the targets of a domain
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_SRV_H
#define ENVOI_NET_SRV_H

#include <stdbool.h>

#include <envoi/interfaces/mainloop.h>

#include "net/attempts.h"
#include "net/targets.h"

struct envoi__srv_lookup;

/**
 * Called once, from the loop.
 * @param code  0: the targets are there, in order; else the failure has been set
 */
typedef void envoi__srv_fn(struct envoi__srv_lookup *services, int code);

/** A look-up for one route. */
struct envoi__srv_route {
	struct envoi_lookup lookup;
	struct envoi__srv_lookup *services;
	enum envoi_route route;
	bool is_asked, is_refused;
	enum envoi_lookup_status status;
};

struct envoi__srv_lookup {
	struct envoi_context *context; /* borrowed */
	struct envoi_resolver *resolver; /* borrowed; NULL: none */
	const char *domain; /* borrowed */
	bool is_server; /* _xmpp-server */
	unsigned int routes;
	struct envoi__attempts *attempts; /* borrowed */
	struct envoi_failure *failure; /* borrowed: set on failure */
	envoi__srv_fn *done;
	struct envoi__srv_route by_route[2];
	struct envoi_timer timer;
	uint64_t timeout_ms;
	struct envoi__targets targets;
};

/** All members above @p by_route are set. @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM */
int envoi__srv_start(struct envoi__srv_lookup *services, uint64_t timeout_ms);

/** Add the pending look-ups to the attempts as timed out. */
void envoi__srv_note_pending(struct envoi__srv_lookup *services);

/** Stop without a callback and free the targets; works on a zeroed one. */
void envoi__srv_finish(struct envoi__srv_lookup *services);

/** @return the default port (RFC 6120, section 14.7) */
uint16_t envoi__srv_default_port(bool is_server, enum envoi_route route);

#endif
