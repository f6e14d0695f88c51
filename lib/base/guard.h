/*
 * envoi - the lifetime of an object whose callbacks may free it
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BASE_GUARD_H
#define ENVOI_BASE_GUARD_H

#include <stdbool.h>

/**
 * Keeps an object's memory while calls on the stack rely on it; embedded in the object, zeroed at
 * first.
 *
 * Each function that calls back enters before and leaves behind. Freeing the object ends the guard
 * and releases the memory at once when no call is on the stack; else the outermost call releases it
 * when it leaves:
 *
 *	void thing_free(struct thing *thing)
 *	{
 *		if (!envoi__guard_is_over(&thing->guard)) {
 *			envoi__guard_enter(&thing->guard);
 *			envoi__guard_end(&thing->guard);
 *			... stop everything; callbacks may come ...
 *			thing_leave(thing);
 *		}
 *	}
 *
 *	static void thing_leave(struct thing *thing)
 *	{
 *		if (envoi__guard_leave(&thing->guard)) {
 *			release(thing);
 *		}
 *	}
 */
struct envoi__guard {
	unsigned int depth; /* calls on the stack */
	bool is_over; /* freed by its user */
};

static inline void envoi__guard_enter(struct envoi__guard *guard)
{
	guard->depth++;
}

/** @return whether the caller has to release the memory now */
static inline bool envoi__guard_leave(struct envoi__guard *guard)
{
	return --guard->depth == 0 && guard->is_over;
}

/** The user frees the object. */
static inline void envoi__guard_end(struct envoi__guard *guard)
{
	guard->is_over = true;
}

/** @return whether the user has freed it: ask after each callback */
static inline bool envoi__guard_is_over(const struct envoi__guard *guard)
{
	return guard->is_over;
}

/** @return whether one call is on the stack: what callbacks asked for takes effect as it leaves */
static inline bool envoi__guard_is_outermost(const struct envoi__guard *guard)
{
	return guard->depth == 1;
}

/** @return whether no call is on the stack */
static inline bool envoi__guard_is_idle(const struct envoi__guard *guard)
{
	return guard->depth == 0;
}

#endif
