/*
 * envoi - connectors over TCP: the server's places, looked up here for a proxy
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the size of a host's name is in one.
 */
#ifndef ENVOI_TCP_PROXY_NAMES_H
#define ENVOI_TCP_PROXY_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/host_names.h"

struct envoi_context;
struct envoi_dial_options;
struct envoi_failure;
struct tcp_proxy_names;

enum {
	TCP_PROXY_PLACES = 16,
};

/** Where a proxy is asked to connect to. */
struct tcp_proxy_place {
	char host[ENVOI__HOST_SIZE]; /* a name as A-labels, or an address without brackets */
	uint16_t port;
	bool is_direct; /* TLS comes first */
};

/** Called once, from the loop. @param failure  NULL: there is at least one place; both borrowed */
typedef void envoi__tcp_proxy_named_fn(void *user, const struct tcp_proxy_place *places,
	size_t count, const struct envoi_failure *failure);

/**
 * Look up service records, unless a host or a port is named, and addresses: IPv4 before IPv6,
 * because proxies connect to it more often.
 *
 * @param options  of the dial without a proxy; borrowed for the call
 * @retval ENVOI_ERR_INVALID  the domain or the host is none
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM
 */
int envoi__tcp_proxy_names_new(struct tcp_proxy_names **ret_names, struct envoi_context *context,
	const struct envoi_dial_options *options, envoi__tcp_proxy_named_fn *done, void *user);

/** Stop without a callback; NULL is allowed. Allowed inside the callback. */
void envoi__tcp_proxy_names_free(struct tcp_proxy_names *names);

#endif
