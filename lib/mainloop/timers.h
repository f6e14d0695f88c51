/*
 * envoi - timers: the pairing heap, absolute times
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_MAINLOOP_TIMERS_H
#define ENVOI_MAINLOOP_TIMERS_H

#include <envoi/watch.h>

/*
 * The root is the timer that is due first, and of those due at the same time the one that was
 * started first. Adding and moving cost a few instructions, removing O(log n) amortised; nothing
 * is allocated.
 */

/** @param timer  its child, sibling and previous are NULL */
void envoi__timers_add(struct envoi_timer **root, struct envoi_timer *timer);

void envoi__timers_remove(struct envoi_timer **root, struct envoi_timer *timer);

/** As envoi_timer_start(), at a point of the loop's clock. Timers of the same point share one
 * wake-up of the loop. */
void envoi__timer_start_at(struct envoi_timer *timer, struct envoi_loop *loop, uint64_t due_ms,
	envoi_timer_fn *notify);

#endif
