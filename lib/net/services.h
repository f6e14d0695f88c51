/*
 * envoi - which targets a domain's service has
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_SERVICES_H
#define ENVOI_NET_SERVICES_H

#include <stdbool.h>

#include <envoi/interfaces/mainloop.h>

#include "net/attempts.h"
#include "net/targets.h"

struct envoi__services;

/**
 * Called once, from the loop.
 * @param code  0: the targets are there, in order; else the failure has been set
 */
typedef void envoi__services_fn(struct envoi__services *services, int code);

/** A look-up for one road. */
struct envoi__service {
	struct envoi_lookup lookup;
	struct envoi__services *services;
	enum envoi_road road;
	bool is_asked, is_refused;
	enum envoi_lookup_status status;
};

struct envoi__services {
	struct envoi_context *context; /* borrowed */
	struct envoi_resolver *resolver; /* borrowed; NULL: there is none */
	const char *domain; /* borrowed */
	bool is_server; /* _xmpp-server */
	unsigned int roads;
	struct envoi__attempts *attempts; /* borrowed */
	struct envoi_failure *failure; /* borrowed: set on failure */
	envoi__services_fn *done;
	struct envoi__service by_road[2];
	struct envoi_timer timer;
	uint64_t timeout_ms;
	struct envoi__targets targets;
};

/** All members above @p by_road are set. @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM */
int envoi__services_start(struct envoi__services *services, uint64_t timeout_ms);

/** Note the look-ups under way as tried in vain. */
void envoi__services_note_under_way(struct envoi__services *services);

/** Stop silently and free the targets; works on a zeroed one. */
void envoi__services_finish(struct envoi__services *services);

/** @return the port where nothing else is said (RFC 6120, section 14.7) */
uint16_t envoi__services_default_port(bool is_server, enum envoi_road road);

#endif
