/*
 * envoi - acceptors: wrong secrets, counted over connections
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ACCEPT_ACCEPT_FAILURES_H
#define ENVOI_ACCEPT_ACCEPT_FAILURES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"

/** Counts of failures by key, each for a period that begins with its first failure. At most 1,000
 * keys: the one whose period began first gives way. */
struct envoi__accept_failures {
	struct envoi__map map;
	struct envoi__list list; /* in the order in which their periods began */
};

void envoi__accept_failures_init(
	struct envoi__accept_failures *failures, struct envoi_context *context);
void envoi__accept_failures_finish(struct envoi__accept_failures *failures);

/** @return the failures of a key in its present period */
unsigned int envoi__accept_failures_count(
	struct envoi__accept_failures *failures, const char *key, uint64_t now_ms);

/** Count a failure; without memory it is not counted. */
void envoi__accept_failures_add(struct envoi__accept_failures *failures, const char *key,
	uint64_t now_ms, uint64_t period_ms);

#endif
