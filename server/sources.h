/*
 * envoi-server - attempts, counted by the network addresses that they come from
 * SPDX-License-Identifier: MIT
 *
 * Private headers: base/list.h, which is inline.
 */
#ifndef ENVOI_SERVER_SOURCES_H
#define ENVOI_SERVER_SOURCES_H

#include <netinet/in.h>
#include <stdbool.h>

#include "base/list.h"
#include "table.h"

/** Counts of attempts, each for a period that begins with the first one. At most 1,000 sources: the
 * one whose period began first gives way. */
struct envoi__sources {
	struct envoi__table table;
	struct envoi__list list; /* in the order in which their periods began */
};

/** Write what an address counts as: itself, of IPv6 its network of 64 bits (RFC 6177).
 * @param address  as of envoi_admission_address() */
void envoi__source_name(char ret_name[INET6_ADDRSTRLEN], const char *address);
/** @retval ENVOI_ERR_SYSTEM  the random source failed */
int envoi__sources_init(struct envoi__sources *sources, struct envoi_context *context);
void envoi__sources_finish(struct envoi__sources *sources);
/** @param address  as of envoi_admission_address() @return the attempts in the present period */
unsigned int envoi__sources_count(
	struct envoi__sources *sources, const char *address, uint64_t now_ms);
/** Count an attempt. @param period_ms  how long a period lasts @retval ENVOI_ERR_NOMEM */
int envoi__sources_add(
	struct envoi__sources *sources, const char *address, uint64_t now_ms, uint64_t period_ms);

#endif
