/*
 * envoi - one target of a race: its addresses, as they come
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_RACER_H
#define ENVOI_NET_RACER_H

#include "net/race.h"

enum envoi__family {
	ENVOI__V6,
	ENVOI__V4,
};

/** The addresses of one family. */
struct envoi__branch {
	struct envoi_lookup lookup;
	struct envoi__racer *racer;
	struct sockaddr_storage *addresses;
	size_t count;
	uint64_t untried; /* a bit for each address */
	bool is_given_up; /* the look-up was cancelled for a winner's sake */
};

/** One target. Zeroed but for the first two. */
struct envoi__racer {
	struct envoi__race *race;
	const struct envoi__target *target;
	struct envoi__branch by_family[2];
	enum envoi__family turn; /* whose turn it is */
	struct envoi_timer timeout; /* of the look-ups */
	struct envoi_timer delay; /* of IPv4 */
	bool is_delay_over, has_noted;
	bool has_no_name; /* says the name server */
};

/** Look up both families; envoi__race_advance() is called as something comes. */
void envoi__racer_ask(struct envoi__racer *racer);
/** Stop looking up and waiting, so that it can be gone on with. */
void envoi__racer_rest(struct envoi__racer *racer);
/** Look up what envoi__racer_rest() has stopped. */
void envoi__racer_ask_again(struct envoi__racer *racer);
/** After envoi__racer_rest(): free what it has. */
void envoi__racer_finish(struct envoi__racer *racer);

bool envoi__racer_is_looking_up(const struct envoi__racer *racer);
/** Note a look-up under way as tried in vain. */
void envoi__racer_note_under_way(struct envoi__racer *racer);

/** @return the branch whose address is next, or NULL: none yet, or no more */
struct envoi__branch *envoi__racer_next(struct envoi__racer *racer);
/** Take the next address of a branch. @return its index */
size_t envoi__branch_take(struct envoi__branch *branch);
/** It was not tried to the end. */
void envoi__branch_put_back(struct envoi__branch *branch, size_t index);

#endif
