/*
 * envoi - resolver on c-ares: its requests
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_CARES_H
#define ENVOI_NET_CARES_H

#include <envoi/interfaces/resolver.h>

#include "base/list.h"

struct envoi__cares_resolver;

/** One query and its answer. c-ares has a pointer to it until it has called back. */
struct envoi__cares_request {
	struct envoi__list link; /* among the answered ones; else a ring of its own */
	struct envoi_context *context; /* borrowed */
	struct envoi__cares_resolver *resolver;
	/** c-ares is done with the request; its records have been added. @param code of c-ares */
	void (*answered)(struct envoi__cares_request *request, int code);
	struct envoi_lookup *lookup; /* NULL: cancelled */
	int family; /* 0: SRV */
	enum envoi_lookup_status status;
	const char *text;
	struct envoi_srv *srvs; /* with their targets in the same block */
	struct sockaddr_storage *addresses;
	size_t count, room; /* of srvs or addresses */
	size_t left_out; /* records beyond the room */
};

/** Free it with its answer; NULL is allowed. */
void envoi__cares_request_free(struct envoi__cares_request *request);

/** Set status and text from a code of c-ares. */
void envoi__cares_set_status(struct envoi__cares_request *request, int code);

/**
 * Make room for records of the request's type; then they are added one by one.
 * @return a code of c-ares: ARES_SUCCESS, ARES_ENODATA when @p count is 0, ARES_ENOMEM
 */
int envoi__cares_begin_records(struct envoi__cares_request *request, size_t count);

/** Add a record; one whose target is no host name is left out. @param srv borrowed */
void envoi__cares_add_srv(struct envoi__cares_request *request, const struct envoi_srv *srv);

/** @param bytes those of an address of the request's family */
void envoi__cares_add_address(struct envoi__cares_request *request, const void *bytes);

/** @return a code of c-ares: ARES_EBADRESP when no record was usable */
int envoi__cares_end_records(const struct envoi__cares_request *request);

/**
 * Answer with the addresses that a hosts file has.
 * @param bytes  addresses of the request's family, ended by NULL; NULL: none
 */
void envoi__cares_set_address(struct envoi__cares_request *request, char *const *bytes);

#endif
