/*
 * envoi - Happy Eyeballs: connecting to the first address that answers (RFC 8305)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_HAPPY_EYEBALLS_H
#define ENVOI_NET_HAPPY_EYEBALLS_H

#include <stdbool.h>

#include <envoi/interfaces/mainloop.h>

#include "base/guard.h"
#include "base/list.h"
#include "net/attempt.h"
#include "net/candidate.h"
#include "net/targets.h"

struct envoi__race;

struct envoi__race_winner {
	int fd; /* connected, now the receiver's; -1: with the trial */
	void *own; /* what the trial has made, now the receiver's */
	const struct envoi__target *target;
	struct sockaddr_storage address;
};

struct envoi__race {
	const struct envoi__targets *targets; /* borrowed */
	struct envoi__candidate_setup candidate_setup;
	struct envoi__attempt_setup attempt_setup;
	uint64_t stagger_ms;
	unsigned int trial_routes; /* where a connection wins only when its trial has passed */
	struct envoi_failure *failure; /* set when all have failed */
	struct envoi__guard *guard; /* of the owner, entered while hooks may free it */

	/** @param winner NULL: all have failed, and the race is finished. May not finish the race
	 *  */
	void (*done)(struct envoi__race *race, const struct envoi__race_winner *winner);
	/** An attempt waits for a decision of the application, or no longer. */
	void (*waits)(struct envoi__race *race, bool waits);
	/** Leave the guard. */
	void (*leave)(struct envoi__race *race);

	struct envoi_loop *loop;
	struct envoi__candidate *candidates; /* one a target */
	size_t begun; /* candidates whose addresses were looked up */
	struct envoi__list attempts;
	struct envoi_timer stagger; /* until the next attempt may start */
	struct envoi_timer hold; /* while one on trial holds the others back */
	struct envoi_timer next_target; /* until another target is looked up besides */
	bool has_tried_any; /* of the addresses */
};

/** Start; all members above @p loop are set but those that this sets in both setups: loop and
 * callbacks. @p done follows from the loop.
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM */
int envoi__race_start(struct envoi__race *race);

/** The application cannot use the winner: continue with all addresses that have not failed. @p done
 * is called once more. */
void envoi__race_resume(struct envoi__race *race);

/** Add all that is pending to the attempts as timed out. */
void envoi__race_note_pending(struct envoi__race *race);

/** Stop silently; works on a zeroed race, and once more inside a hook. */
void envoi__race_finish(struct envoi__race *race);

#endif
