/*
 * envoi - main loop: descriptors, timers, deferred calls
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_MAINLOOP_H
#define ENVOI_INTERFACES_MAINLOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;
struct envoi_loop;
struct envoi_watch;
struct envoi_timer;
struct envoi_deferred;

/** What a descriptor is watched for, and what it is ready for. */
enum envoi_io {
	ENVOI_IO_READ = 1,
	ENVOI_IO_WRITE = 2,
};

/** Called from the loop; @p ready is an OR of enum envoi_io. Hang-up and error show as READ. */
typedef void envoi_watch_fn(struct envoi_watch *watch, unsigned int ready);
typedef void envoi_timer_fn(struct envoi_timer *timer);
typedef void envoi_deferred_fn(struct envoi_deferred *deferred);

/**
 * One watched descriptor. Embedded in its owner and zeroed before first use; members are private.
 * Level-triggered. The owner stops the watch before it closes the descriptor.
 */
struct envoi_watch {
	int fd;
	unsigned int interest;
	envoi_watch_fn *notify;
	struct envoi_loop *loop; /* NULL: not started */
	void *backend; /* the loop implementation's own */
};

/** One timer, once per start. Embedded in its owner and zeroed before first use. */
struct envoi_timer {
	uint64_t due_ms;
	uint64_t order; /* timers of the same due time fire in order of starting */
	envoi_timer_fn *notify;
	struct envoi_loop *loop; /* NULL: not started */
	struct envoi_timer *child, *sibling, *previous;
};

/**
 * One call put off until this turn's I/O is done. Embedded in its owner and zeroed before first
 * use. One that is posted while deferred calls run, runs next turn.
 */
struct envoi_deferred {
	envoi_deferred_fn *notify;
	struct envoi_loop *loop; /* NULL: not posted */
	struct envoi_deferred *next, *previous;
};

/**
 * What a loop must bring. Timers and deferred calls are kept by the library in the base struct:
 * an implementation needs descriptors, a monotonic clock and one alarm. In its alarm it calls
 * envoi_loop_turn().
 */
struct envoi_loop_impl {
	const char *name; /**< "libevent", "poll", "simulated" */

	/** Start watching watch->fd for watch->interest; never notifies before it returns. */
	int (*watch_start)(struct envoi_loop *loop, struct envoi_watch *watch);

	/** watch->interest has changed. */
	int (*watch_update)(struct envoi_loop *loop, struct envoi_watch *watch);

	/** Stop; allowed inside any notify; nothing reaches the watch afterwards. */
	void (*watch_stop)(struct envoi_loop *loop, struct envoi_watch *watch);

	/**
	 * Set the one alarm: call envoi_loop_turn() from the loop when now_ms() reaches @p due_ms, or
	 * after this turn's I/O when that has passed. UINT64_MAX: no alarm. Replaces the one before.
	 * Cannot fail: an implementation that runs out of memory calls early instead.
	 */
	void (*set_alarm)(struct envoi_loop *loop, uint64_t due_ms);

	/** @return monotonic milliseconds; the same value throughout one turn is allowed */
	uint64_t (*now_ms)(struct envoi_loop *loop);

	/** OPTIONAL. @return milliseconds since 1970; absent: the system's */
	int64_t (*wall_clock_ms)(struct envoi_loop *loop);

	/** OPTIONAL (absent on an adopted loop). Run until quit or until nothing is left to wait for. */
	int (*run)(struct envoi_loop *loop);

	/** OPTIONAL. One turn; waits for something to happen only if @p wait. */
	int (*run_once)(struct envoi_loop *loop, bool wait);

	/** OPTIONAL. End run(). */
	void (*quit)(struct envoi_loop *loop);

	/** Free the loop. All watches have been stopped. */
	void (*destroy)(struct envoi_loop *loop);
};

/** Base of every loop; embedded first. Private but for @p impl and @p context. */
struct envoi_loop {
	const struct envoi_loop_impl *impl;
	struct envoi_context *context; /* borrowed: the context owns the loop */
	struct envoi_timer *timers; /* pairing heap */
	struct envoi_deferred *deferred_first, *deferred_last;
	uint64_t timer_order;
	uint64_t alarm_ms; /* as last set */
	bool in_turn;
};

/** Initialise the base struct of an implementation. */
ENVOI_API void envoi_loop_init(struct envoi_loop *loop, const struct envoi_loop_impl *impl,
	struct envoi_context *context);

/** For implementations: fire due timers, then deferred calls; called from the alarm. */
ENVOI_API void envoi_loop_turn(struct envoi_loop *loop);

/**
 * Watch a descriptor.
 *
 * @param watch     zeroed or stopped; borrowed until stopped
 * @param interest  OR of enum envoi_io; 0 is allowed
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_watch_start(struct envoi_watch *watch,
	struct envoi_loop *loop, int fd, unsigned int interest, envoi_watch_fn *notify);

/** Change what a started watch waits for. */
ENVOI_API ENVOI_MUST_CHECK int envoi_watch_set(struct envoi_watch *watch, unsigned int interest);

/** Stop; nothing if not started. */
ENVOI_API void envoi_watch_stop(struct envoi_watch *watch);

/** Call @p notify once, @p delay_ms from now, from the loop; restarts a started timer. */
ENVOI_API void envoi_timer_start(struct envoi_timer *timer, struct envoi_loop *loop,
	uint64_t delay_ms, envoi_timer_fn *notify);

/** Stop; nothing if not started. */
ENVOI_API void envoi_timer_stop(struct envoi_timer *timer);

/** @return whether it is started and has not fired */
ENVOI_API bool envoi_timer_is_started(const struct envoi_timer *timer);

/** Call @p notify once after this turn's I/O; nothing if it is posted already. */
ENVOI_API void envoi_deferred_post(struct envoi_deferred *deferred, struct envoi_loop *loop,
	envoi_deferred_fn *notify);

/** Take it back; nothing if not posted. */
ENVOI_API void envoi_deferred_cancel(struct envoi_deferred *deferred);

/** @return monotonic milliseconds of an unspecified origin */
ENVOI_API uint64_t envoi_loop_now_ms(struct envoi_loop *loop);

#ifdef __cplusplus
}
#endif
#endif
