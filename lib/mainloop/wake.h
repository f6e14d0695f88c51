/*
 * envoi - main loop: notice that the machine was suspended
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_MAINLOOP_WAKE_H
#define ENVOI_MAINLOOP_WAKE_H

#include <envoi/context.h>

#include "base/list.h"

struct envoi__wake_watch;

/** The machine has woken up; from the loop. Any watch may be stopped inside. */
typedef void envoi__wake_fn(struct envoi__wake_watch *watch);

/**
 * Embedded in its owner and zeroed before first use. While one is started on Linux, the context
 * holds a descriptor (timerfd_create(2)) that the kernel makes readable when the machine wakes up:
 * waiting costs no wake-up of the loop.
 */
struct envoi__wake_watch {
	struct envoi__list link; /* next NULL: never started */
	envoi__wake_fn *notify;
};

/** Start a watch, which is not started. Without memory nothing is noticed. */
void envoi__wake_watch_start(
	struct envoi__wake_watch *watch, struct envoi_context *context, envoi__wake_fn *notify);

/** Stop a watch; no effect when it is not started. */
void envoi__wake_watch_stop(struct envoi__wake_watch *watch, struct envoi_context *context);

/** @return for how many milliseconds the machine was suspended since it was started; the clock of
 * the loop does not count them */
uint64_t envoi__loop_suspended_ms(struct envoi_loop *loop);

/** Compare the clocks, where something has woken up the loop anyway: the watches are notified from
 * the loop when the machine was suspended for a second or more since the last comparison. */
void envoi__wake_check(struct envoi_context *context);

#endif
