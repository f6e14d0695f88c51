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
 * In one turn a loop calls the watches of descriptors that are ready, then deferred calls, then
 * overdue timers. A timer is overdue if it was due before the turn began. So descriptors are read
 * at least once between the time for which a timer is set and its callback: an answer that arrived
 * in time is read before the timeout, even if the program was stopped or busy.
 *
 * Callbacks come from the loop, never from inside the function that started them. A callback may
 * start, stop and free any object: its own, others that are ready or due in the same turn, which
 * are then not called, and the last reference to the context, which frees the loop when the
 * callback has returned.
 */

/**
 * A descriptor is ready.
 *
 * @param ready  OR of enum envoi_io: events that it is watched for, not 0. After hang-up and
 *               errors, all of them. Reading and writing may be reported by separate calls
 */
typedef void envoi_watch_fn(struct envoi_watch *watch, unsigned int ready);

/** A timer has fired. It is stopped, and may be started again. */
typedef void envoi_timer_fn(struct envoi_timer *timer);

/** A deferred call. It may be posted again. */
typedef void envoi_deferred_fn(struct envoi_deferred *deferred);

/**
 * A watched descriptor, level-triggered. Embedded in its owner and zeroed before first use; members
 * are private. Stop the watch before closing the descriptor, before freeing the watch's memory, and
 * before dropping the last reference to the context. A descriptor may have
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
 * A call that is made after the watches of the turn, in order of posting; one that is posted by a
 * deferred call is made in the next turn. Embedded in its owner and zeroed before first use;
 * members are private. Posting needs no memory and cannot fail.
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
 * @param fd        a socket, pipe, terminal or similar; borrowed until stopped. Regular files and
 *                  /dev/null cannot be watched: a program whose standard input may be one reads it
 *                  without a watch when this returns ENVOI_ERR_SYSTEM. libevent also writes a
 *                  warning to standard error then, unless the program has set a function with
 *                  event_set_log_callback(). A loop on poll(2) watches them as always ready
 * @param interest  OR of enum envoi_io; 0: no event is reported, not even hang-up
 * @param notify    called from the loop, each time the descriptor is ready
 * @retval ENVOI_ERR_STATE    the watch is started
 * @retval ENVOI_ERR_INVALID  @p fd is negative
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM   the descriptor cannot be watched
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_watch_start(struct envoi_watch *watch, struct envoi_loop *loop,
	int fd, unsigned int interest, envoi_watch_fn *notify);

/**
 * Change the events that a started watch is notified of.
 *
 * @retval ENVOI_ERR_STATE    the watch is not started
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM  the events are unchanged
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_watch_set(struct envoi_watch *watch, unsigned int interest);

/** Stop a watch. No effect if it is not started. */
ENVOI_API void envoi_watch_stop(struct envoi_watch *watch);

/**
 * Start a timer, which calls @p notify once. A started timer is restarted.
 *
 * A timer never fires early. It fires in the turn after the one in which it becomes due. Timers of
 * the same time fire in order of starting. A timer that is started inside the callback of a timer
 * fires in a later turn.
 *
 * @param delay_ms  from now; 0: in the second turn from now; UINT64_MAX: never
 */
ENVOI_API void envoi_timer_start(struct envoi_timer *timer, struct envoi_loop *loop,
	uint64_t delay_ms, envoi_timer_fn *notify);

/** Stop a timer. No effect if it is not started. */
ENVOI_API void envoi_timer_stop(struct envoi_timer *timer);

/** @return whether it is started and has not fired */
ENVOI_API bool envoi_timer_is_started(const struct envoi_timer *timer);

/** Call @p notify once, after the watches of this turn. No effect if it is posted already. */
ENVOI_API void envoi_deferred_post(
	struct envoi_deferred *deferred, struct envoi_loop *loop, envoi_deferred_fn *notify);

/** Cancel a deferred call. No effect if it is not posted. */
ENVOI_API void envoi_deferred_cancel(struct envoi_deferred *deferred);

/** @return the loop's monotonic time in ms, from an unspecified origin */
ENVOI_API uint64_t envoi_loop_now_ms(struct envoi_loop *loop);

#ifdef __cplusplus
}
#endif
#endif
