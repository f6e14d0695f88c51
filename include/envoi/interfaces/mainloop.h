/*
 * envoi - main loop: the interface of implementations, and loops hosted by other libraries
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_MAINLOOP_H
#define ENVOI_INTERFACES_MAINLOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;

/**
 * The functions of a loop. The library keeps timers and deferred calls in the base struct; an
 * implementation needs descriptors, a monotonic clock and one alarm. It calls envoi_watch_notify()
 * for a ready descriptor and envoi_loop_turn() for its alarm. Both may free the loop, unless the
 * implementation has a reference to the context.
 */
struct envoi_loop_impl {
	const char *name; /**< "libevent", "poll", "simulated" */

	/** the largest error of now_ms(), which is rounded down: timers are set later by this time,
	 * so that none fires early. 0: now_ms() is exact */
	uint64_t resolution_ms;

	/** Start to watch watch->fd for watch->interest. Must not notify before it returns.
	 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM */
	int (*watch_start)(struct envoi_loop *loop, struct envoi_watch *watch);

	/** watch->interest has changed from @p before. On failure the loop continues to watch for
	 * @p before. @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM */
	int (*watch_update)(
		struct envoi_loop *loop, struct envoi_watch *watch, unsigned int before);

	/** Stop to watch; the watch is not notified afterwards. May be called inside any notify. */
	void (*watch_stop)(struct envoi_loop *loop, struct envoi_watch *watch);

	/**
	 * Set the alarm, in place of the one before: call envoi_loop_turn() from the loop when
	 * now_ms() reaches @p due_ms; if that has passed, after this turn's descriptors.
	 * UINT64_MAX: no alarm. Cannot fail: without memory an implementation calls earlier.
	 */
	void (*set_alarm)(struct envoi_loop *loop, uint64_t due_ms);

	/** @return monotonic milliseconds; the same value throughout one turn is allowed */
	uint64_t (*now_ms)(struct envoi_loop *loop);

	/** OPTIONAL. @return milliseconds since 1970; absent: the system's */
	int64_t (*wall_clock_ms)(struct envoi_loop *loop);

	/** OPTIONAL. @return milliseconds for which the machine has been suspended so far; absent:
	 * the system's */
	uint64_t (*suspended_ms)(struct envoi_loop *loop);

	/** OPTIONAL, absent on an adopted loop. See envoi_loop_run(). */
	int (*run)(struct envoi_loop *loop);

	/** OPTIONAL. See envoi_loop_run_once(). */
	int (*run_once)(struct envoi_loop *loop, bool wait);

	/** OPTIONAL. See envoi_loop_quit(). */
	void (*quit)(struct envoi_loop *loop);

	/** Free the loop. All watches have been stopped. */
	void (*destroy)(struct envoi_loop *loop);
};

/* Private: a point of time, and the number of timers that had been started by then. */
struct envoi__turn_start {
	uint64_t now_ms, timer_order;
};

/** Base of every loop; embedded first. Private but for @p impl and @p context. */
struct envoi_loop {
	const struct envoi_loop_impl *impl;
	struct envoi_context *context; /* borrowed: the context owns the loop */
	struct envoi_timer *timers; /* pairing heap */
	struct envoi_post_queue *post_queues; /* of calls from other threads */
	void (*close_post_queues)(struct envoi_loop *loop); /**< NULL: there never was one */
	struct envoi_deferred *deferred_first, *deferred_last;
	uint64_t timer_order;
	uint64_t alarm_ms; /* as last set */
	struct envoi__turn_start turn_start; /* of the last turn */
	bool in_turn; /* timers or deferred calls are running */
	bool in_io; /* a watch is being notified */
};

/** Initialise the base struct of an implementation. */
ENVOI_API void envoi_loop_init(
	struct envoi_loop *loop, const struct envoi_loop_impl *impl, struct envoi_context *context);

/** Free a loop that no context has taken; NULL is allowed. */
ENVOI_API void envoi_loop_destroy(struct envoi_loop *loop);

/** For implementations: make deferred calls, fire overdue timers, and set the next alarm. Call it
 * from the alarm. No effect inside a callback of this loop. */
ENVOI_API void envoi_loop_turn(struct envoi_loop *loop);

/** For implementations: notify a started watch. @param ready OR of enum envoi_io; events that the
 * watch is not interested in are ignored */
ENVOI_API void envoi_watch_notify(struct envoi_watch *watch, unsigned int ready);

/* --- inside a loop of another library --- */

struct envoi_loop_host;

/**
 * The functions by which a hosted loop runs inside the loop of another library (GLib, libuv, Qt).
 * They need one descriptor and one timer of that loop. When the descriptor is ready or the timer
 * fires, the host calls envoi_loop_run_once(host->loop, false). These functions must not call the
 * library.
 */
struct envoi_loop_host_impl {
	/** Start (true) or stop to watch host->fd for reading, level-triggered. It is not watched
	 * before the first call, nor while the loop has no watches: a host that runs until it has
	 * nothing to watch can end then. @retval <0  only for true: the watch that is being started
	 * fails with this code */
	int (*set_watched)(struct envoi_loop_host *host, bool is_watched);

	/** Set the timer, which fires once, in place of the one before. If it fires early, it is
	 * set again. @param delay_ms  at most a day; 0: in the next turn, after descriptors were
	 * checked; UINT64_MAX: stop the timer */
	void (*set_alarm)(struct envoi_loop_host *host, uint64_t delay_ms);

	/** The loop is freed: stop descriptor and timer, and free the host. host->fd is closed
	 * afterwards. */
	void (*destroy)(struct envoi_loop_host *host);
};

/** Base of every host; embedded anywhere (ENVOI_CONTAINER_OF). */
struct envoi_loop_host {
	const struct envoi_loop_host_impl *impl;
	struct envoi_loop
		*loop; /**< set by envoi_loop_new_hosted(); may be freed in its run_once */
	int fd; /**< set by envoi_loop_new_hosted(): readable when a watched descriptor is ready */
};

/**
 * Make a loop that runs inside a loop of another library; on Linux only (epoll(7)).
 *
 * The host watches one descriptor, whatever the number of watches. The application runs the host:
 * envoi_loop_run(), and envoi_loop_run_once() with @p wait, return ENVOI_ERR_UNSUPPORTED.
 *
 * @param host  with @p impl set; taken, on failure too: its `destroy` is called then. No other
 *              function of it is called before this one has returned
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM  too many descriptors are open
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_new_hosted(
	struct envoi_loop **ret_loop, struct envoi_context *context, struct envoi_loop_host *host);

/**
 * Make a context with default options and a hosted loop.
 *
 * @param host  as of envoi_loop_new_hosted()
 * Errors as envoi_context_new() and envoi_loop_new_hosted().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_new_on_host(
	struct envoi_context **ret_context, struct envoi_loop_host *host);

#ifdef __cplusplus
}
#endif
#endif
