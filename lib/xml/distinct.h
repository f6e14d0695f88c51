/*
 * envoi - counting distinct names
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_DISTINCT_H
#define ENVOI_XML_DISTINCT_H

#include <stddef.h>
#include <stdint.h>

#include <envoi/context.h>

struct envoi__distinct_slot {
	const void *name;
	uint64_t round; /* not the round of the set: the slot is free */
};

/** A set of pointers that is emptied for every stanza, at no cost. Zeroed is empty. */
struct envoi__distinct {
	struct envoi__distinct_slot *slots;
	size_t room; /* a power of two, or 0 */
	size_t count;
	uint64_t round;
};

/** Empty the set. */
void envoi__distinct_begin(struct envoi__distinct *set);

/** Add a name, if it is not there. @retval ENVOI_ERR_NOMEM */
int envoi__distinct_add(
	struct envoi__distinct *set, struct envoi_context *context, const void *name);

/** Free the memory of a set with room for more than @p most names. The set is empty then. */
void envoi__distinct_shrink(
	struct envoi__distinct *set, struct envoi_context *context, size_t most);

#endif
