/*
 * envoi - a target and its addresses, as look-ups bring them
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_CANDIDATE_H
#define ENVOI_NET_CANDIDATE_H

#include <stdbool.h>

#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/resolver.h>

#include "net/attempts.h"
#include "net/targets.h"

enum envoi__family {
	ENVOI__V6,
	ENVOI__V4,
};

/** What all candidates of a race have in common; all borrowed. */
struct envoi__candidate_setup {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_resolver *resolver;
	uint64_t resolve_timeout_ms;
	struct envoi__attempts *attempts;
	/** A look-up has ended, or a delay is over. The candidate may be freed inside. */
	void (*changed)(void *user);
	void *user;
};

/** The addresses of one family. */
struct envoi__family_addresses {
	struct envoi_lookup lookup;
	struct envoi__candidate *candidate;
	struct sockaddr_storage *addresses;
	size_t count;
	uint64_t untried; /* a bit for each address */
	bool is_wanted; /* the look-up is to be started, or again after envoi__candidate_stop() */
};

/** One target. Zeroed but for the first two. */
struct envoi__candidate {
	const struct envoi__candidate_setup *setup;
	const struct envoi__target *target;
	struct envoi__family_addresses by_family[2];
	enum envoi__family turn; /* the family of the next address */
	struct envoi_timer timeout; /* of the look-ups */
	struct envoi_timer delay; /* of IPv4 */
	bool is_delay_over;
	bool has_reported; /* a failed look-up */
	bool has_no_name; /* by the name server's answer */
};

/** Look up both families. */
void envoi__candidate_look_up(struct envoi__candidate *candidate);
/** Cancel look-ups and timers; addresses stay. */
void envoi__candidate_stop(struct envoi__candidate *candidate);
/** Start the look-ups that envoi__candidate_stop() has cancelled. */
void envoi__candidate_resume(struct envoi__candidate *candidate);
/** Free the addresses; after envoi__candidate_stop(). */
void envoi__candidate_finish(struct envoi__candidate *candidate);

bool envoi__candidate_is_looking_up(const struct envoi__candidate *candidate);
/** Add a pending look-up to the attempts as one that timed out. */
void envoi__candidate_note_pending(struct envoi__candidate *candidate);

/** @return the family whose address is next, or NULL: none yet, or no more */
struct envoi__family_addresses *envoi__candidate_next(struct envoi__candidate *candidate);
/** Take the next address of a family. @return its index */
size_t envoi__family_addresses_take(struct envoi__family_addresses *family);
/** Make an address available again that was not tried to the end. */
void envoi__family_addresses_put_back(struct envoi__family_addresses *family, size_t index);

#endif
