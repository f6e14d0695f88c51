/*
 * envoi - resolver on c-ares: its requests
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_CARES_H
#define ENVOI_NET_CARES_H

#include <envoi/interfaces/resolver.h>

#include "base/list.h"

struct envoi__cares_resolver;

/** One query and what came of it. c-ares has a pointer to it until its callback was called. */
struct envoi__cares_request {
	struct envoi__list link; /* among the done ones; else a ring of its own */
	struct envoi__cares_resolver *resolver;
	struct envoi_lookup *lookup; /* NULL: nobody waits for it any more */
	int family; /* 0: SRV */
	enum envoi_lookup_status status;
	const char *text;
	struct envoi_srv *srvs; /* their targets are in the same block */
	struct sockaddr_storage *addresses;
	size_t count; /* of srvs or addresses */
};

/** Free it with its answer; NULL is allowed. */
void envoi__cares_request_free(struct envoi_context *context, struct envoi__cares_request *request);

/** Set status and text from a code of c-ares. */
void envoi__cares_set_status(struct envoi__cares_request *request, int code);

/** Set status and records from a reply as it came from the network. */
void envoi__cares_parse(struct envoi_context *context, struct envoi__cares_request *request,
	const unsigned char *reply, int len);

/**
 * Set the address that a hosts file has.
 *
 * @param bytes  those of an address of the request's family; NULL: it has only the other family
 */
void envoi__cares_set_address(
	struct envoi_context *context, struct envoi__cares_request *request, char *const *bytes);

#endif
