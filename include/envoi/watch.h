/*
 * envoi - watches of descriptors, timers and deferred calls on a main loop
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_WATCH_H
#define ENVOI_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_loop;
struct envoi_watch;
struct envoi_timer;
struct envoi_deferred;

/** Events of a descriptor. */
enum envoi_io {
	ENVOI_IO_READ = 1,
	ENVOI_IO_WRITE = 2,
};

/*
 * One turn of a loop: descriptors that are ready, then deferred calls, then overdue timers. A timer
 * is overdue when it was due before the turn began: descriptors are read at least once between the
 * time for which a timer is set and its callback, so that an answer that arrived in time comes
 * before the timeout, even when the program was stopped or busy meanwhile.
 *
 * All three kinds of callbacks come from the loop, never from inside the function that started
 * them. A callback may start, stop and free everything: its own object, others that are ready or
 * due in the same turn (they are not called any more), and the last reference to the context, which
 * frees the loop when the callback has returned.
 */

/**
 * A descriptor is ready.
 *
 * @param ready  OR of enum envoi_io, events that it is watched for, not 0. After hang-up and errors
 *               all that it is watched for. Reading and writing may be reported by separate calls
 */
typedef void envoi_watch_fn(struct envoi_watch *watch, unsigned int ready);

/** A timer has fired. It is stopped, and may be started again. */
typedef void envoi_timer_fn(struct envoi_timer *timer);

/** A deferred call. It may be posted again. */
typedef void envoi_deferred_fn(struct envoi_deferred *deferred);

/**
 * A watched descriptor, level-triggered. Embedded in its owner and zeroed before first use; members
 * are private. The owner stops the watch before it closes the descriptor, before it frees the
 * watch's memory, and before it releases the last reference to the context. A descriptor may have
 * several watches on the loops of the library; a loop of another implementation may refuse the
 * second with ENVOI_ERR_SYSTEM.
 */
struct envoi_watch {
	int fd;
	unsigned int interest;
	envoi_watch_fn *notify;
	struct envoi_loop *loop; /* NULL: not started */
	void *backend; /* of the loop's implementation */
};

/**
 * A timer that fires once per start. Embedded in its owner and zeroed before first use; members are
 * private. Starting needs no memory and cannot fail.
 */
struct envoi_timer {
	uint64_t due_ms;
	uint64_t order; /* timers of the same due time fire in order of starting */
	envoi_timer_fn *notify;
	struct envoi_loop *loop; /* NULL: not started */
	struct envoi_timer *child, *sibling, *previous;
};

/**
 * A call that is made after the descriptors of the turn, in order of posting. One that is posted by
 * a deferred call is made in the next turn. Embedded in its owner and zeroed before first use;
 * members are private.
 */
struct envoi_deferred {
	envoi_deferred_fn *notify;
	struct envoi_loop *loop; /* NULL: not posted */
	struct envoi_deferred *next, *previous;
};

/**
 * Start to watch a descriptor.
 *
 * @param watch     zeroed or stopped; borrowed until stopped
 * @param fd        a socket, pipe or the like, not a regular file; borrowed until stopped
 * @param interest  OR of enum envoi_io; 0: no event is reported, not even hang-up
 * @retval ENVOI_ERR_STATE    it is started
 * @retval ENVOI_ERR_INVALID  @p fd is negative
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM   the descriptor cannot be watched
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_watch_start(struct envoi_watch *watch, struct envoi_loop *loop,
	int fd, unsigned int interest, envoi_watch_fn *notify);

/**
 * Change the events that a started watch is notified of.
 *
 * @retval ENVOI_ERR_STATE    it is not started
 * @retval ENVOI_ERR_NOMEM    nothing was changed
 * @retval ENVOI_ERR_SYSTEM   nothing was changed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_watch_set(struct envoi_watch *watch, unsigned int interest);

/** Stop a watch; no effect when it is not started. */
ENVOI_API void envoi_watch_stop(struct envoi_watch *watch);

/**
 * Start a timer, which calls @p notify once; a started timer is restarted.
 *
 * Never early, and one turn after the one in which it becomes due. Timers of the same time come in
 * order of starting. A timer that a timer starts comes in a later turn.
 *
 * @param delay_ms  from now; 0: in the second turn from now; UINT64_MAX: never
 */
ENVOI_API void envoi_timer_start(struct envoi_timer *timer, struct envoi_loop *loop,
	uint64_t delay_ms, envoi_timer_fn *notify);

/** Stop a timer; no effect when it is not started. */
ENVOI_API void envoi_timer_stop(struct envoi_timer *timer);

/** @return whether it is started and has not fired */
ENVOI_API bool envoi_timer_is_started(const struct envoi_timer *timer);

/** Call @p notify once after this turn's descriptors; no effect when it is posted already. */
ENVOI_API void envoi_deferred_post(
	struct envoi_deferred *deferred, struct envoi_loop *loop, envoi_deferred_fn *notify);

/** Cancel a deferred call; no effect when it is not posted. */
ENVOI_API void envoi_deferred_cancel(struct envoi_deferred *deferred);

/** @return the loop's monotonic time in ms, from an unspecified origin */
ENVOI_API uint64_t envoi_loop_now_ms(struct envoi_loop *loop);

#ifdef __cplusplus
}
#endif
#endif
