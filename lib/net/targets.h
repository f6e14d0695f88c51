/*
 * envoi - targets in the order in which they are tried
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_TARGETS_H
#define ENVOI_NET_TARGETS_H

#include <stdint.h>

#include <envoi/interfaces/dial.h>
#include <envoi/interfaces/resolver.h>

#include "net/host_names.h"

#define ENVOI__MAX_TARGETS 128

struct envoi__target {
	char host[ENVOI__MAX_DNS_NAME + 1];
	uint16_t port, priority, weight;
	enum envoi_route route;
};

struct envoi__targets {
	struct envoi_context *context; /* borrowed */
	struct envoi__target *items;
	size_t count;
};

void envoi__targets_init(struct envoi__targets *targets, struct envoi_context *context);
void envoi__targets_finish(struct envoi__targets *targets);

/** @param host  a name, with or without a dot at its end, or an address; short enough.
 * @retval ENVOI_ERR_NOMEM */
int envoi__targets_add(
	struct envoi__targets *targets, const char *host, uint16_t port, enum envoi_route route);

/** Add SRV records that can be used: with a port and a name. @retval ENVOI_ERR_NOMEM */
int envoi__targets_add_srvs(struct envoi__targets *targets, const struct envoi_srv *srvs,
	size_t count, enum envoi_route route);

/** Describe a connection to a target in public terms. */
void envoi__target_describe(struct envoi_dialed *ret_dialed, const struct envoi__target *target,
	const struct sockaddr_storage *address, int fd);

/** Order by priority, and by chance according to weight within a priority (RFC 2782). */
void envoi__targets_order(struct envoi__targets *targets);

/** Drop the last targets beyond ENVOI__MAX_TARGETS. @return how many */
size_t envoi__targets_cut(struct envoi__targets *targets);

#endif
