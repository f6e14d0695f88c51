/*
 * envoi - connecting to the first that answers (RFC 8305)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_RACE_H
#define ENVOI_NET_RACE_H

#include <stdbool.h>

#include <envoi/interfaces/mainloop.h>

#include "base/list.h"
#include "net/targets.h"

struct envoi__race;
struct envoi__racer;

/**
 * Called once, from the loop.
 *
 * @param fd  connected, now the receiver's; -1: all have lost, the failure has been set
 */
typedef void envoi__race_fn(struct envoi__race *race, int fd, const struct envoi__target *target,
	const struct sockaddr_storage *address);

struct envoi__race {
	struct envoi_context *context; /* borrowed, as all here */
	const struct envoi_sockets *sockets;
	const struct envoi__targets *targets;
	struct envoi_failure *failure; /* gets attempts, and at the end what failed */
	uint64_t resolve_timeout_ms, attempt_timeout_ms, stagger_ms;
	envoi__race_fn *done;

	struct envoi_resolver *resolver;
	struct envoi_loop *loop;
	struct envoi__racer *racers; /* one a target */
	size_t asked; /* targets whose addresses were asked for */
	struct envoi__list attempts;
	struct envoi_timer stagger; /* until the next attempt may start */
	struct envoi_timer patience; /* until another target is asked for as well */
	bool has_tried_any; /* of the addresses */
};

/** All members above @p resolver are set. @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM */
int envoi__race_start(struct envoi__race *race);

/** Stop silently; works on a zeroed one. */
void envoi__race_finish(struct envoi__race *race);

#endif
