/*
 * envoi - pairing heap of timers
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_MAINLOOP_TIMERS_H
#define ENVOI_MAINLOOP_TIMERS_H

#include <envoi/interfaces/mainloop.h>

/*
 * The root is the timer that is due first, and of those due at the same time the one that was
 * started first. Adding and moving cost a few instructions, removing O(log n) amortised; nothing
 * is allocated.
 */

/** @param timer  its child, sibling and previous are NULL */
void envoi__timers_add(struct envoi_timer **root, struct envoi_timer *timer);

void envoi__timers_remove(struct envoi_timer **root, struct envoi_timer *timer);

#endif
