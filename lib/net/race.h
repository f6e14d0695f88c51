/*
 * envoi - connecting to the first that answers (RFC 8305)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_RACE_H
#define ENVOI_NET_RACE_H

#include <stdbool.h>

#include <envoi/interfaces/mainloop.h>

#include "base/list.h"
#include "net/attempts.h"
#include "net/targets.h"

struct envoi__race;
struct envoi__racer;

/** What has won. */
struct envoi__race_winner {
	int fd; /* connected, now the receiver's; -1: the trial has it */
	void *own; /* what the trial has made of it, now the receiver's */
	const struct envoi__target *target;
	struct sockaddr_storage address;
};

/**
 * Called from the loop, once for each start and each time it goes on.
 *
 * @param winner  NULL: all have lost, the failure has been set, and the race is finished
 */
typedef void envoi__race_fn(struct envoi__race *race, const struct envoi__race_winner *winner);

struct envoi__race {
	struct envoi_context *context; /* borrowed, as all here */
	const struct envoi_sockets *sockets;
	const struct envoi__targets *targets;
	struct envoi__attempts *attempt_log;
	struct envoi_failure *failure; /* set when all have failed */
	struct envoi_resolver *resolver;
	uint64_t resolve_timeout_ms, attempt_timeout_ms, trial_timeout_ms, stagger_ms;
	unsigned int trial_roads; /* connected is not enough there: the judge decides */
	uint64_t decision_timeout_ms; /* 0: none */
	const struct envoi_trial_judge *judge;
	envoi__race_fn *done; /* may not finish the race */
	void (*stands_still)(struct envoi__race *race, bool is_still); /* somebody is being asked */

	struct envoi_loop *loop;
	struct envoi__racer *racers; /* one a target */
	size_t asked; /* targets whose addresses were asked for */
	struct envoi__list attempts;
	struct envoi_timer stagger; /* until the next attempt may start */
	struct envoi_timer hold; /* as long as one on trial may keep the others back */
	struct envoi_timer patience; /* until another target is asked for as well */
	bool has_tried_any; /* of the addresses */
	bool *finished; /* of who lets go of one on trial, and has to know; NULL: nobody does */
};

/** All members above @p loop are set. @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM */
int envoi__race_start(struct envoi__race *race);

/** The winner did not do: go on with all that have not failed. After a winner only. */
void envoi__race_go_on(struct envoi__race *race);

/** Note all that is under way as tried in vain. */
void envoi__race_note_under_way(struct envoi__race *race);

/** For racers: there is something new; start what may start, or end. */
void envoi__race_advance(struct envoi__race *race);

/** Stop silently; works on a zeroed one. @return false: it was finished once more meanwhile, by
 * somebody whom a trial told of its end, and may be gone */
bool envoi__race_finish(struct envoi__race *race);

#endif
