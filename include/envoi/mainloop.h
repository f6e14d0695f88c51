/*
 * envoi - the main loops that come with the library
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_MAINLOOP_H
#define ENVOI_MAINLOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;
struct envoi_context;
struct envoi_loop;
struct pollfd;

/*
 * A context has one loop: that of envoi_context_take_loop(), else one on libevent, made when it is
 * first needed. A new loop is owned by the caller until it is passed to envoi_context_take_loop().
 *
 * In a program that has a main loop already:
 * - on libevent: envoi_context_new_on_libevent();
 * - of GLib or libuv: <envoi/loops/glib.h>, <envoi/loops/libuv.h>;
 * - of another library (Qt, systemd, epoll(7)): envoi_context_new_on_host() of
 *   <envoi/interfaces/mainloop.h>, with three functions, on Linux;
 * - on poll(2): envoi_context_new_on_poll() with envoi_loop_poll_fds();
 *   doc/examples/foreign_poll.c does so.
 */

/**
 * Run a loop until envoi_loop_quit(), or until no watch, timer or deferred call is left.
 *
 * @retval ENVOI_OK
 * @retval ENVOI_ERR_UNSUPPORTED  the loop is on an adopted base: its owner runs it
 * @retval ENVOI_ERR_STATE        called from inside a callback of this loop
 * @retval ENVOI_ERR_SYSTEM       waiting for descriptors failed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_run(struct envoi_loop *loop);

/**
 * Run one turn of a loop.
 *
 * @param wait  true: wait until a descriptor is ready or a timer is due; false: do not wait
 * @retval ENVOI_OK
 * @retval ENVOI_END  no watch, timer or deferred call is left
 * Errors as envoi_loop_run().
 */
ENVOI_API int envoi_loop_run_once(struct envoi_loop *loop, bool wait);

/** End envoi_loop_run() after this turn. No effect if it is not running, and on an adopted base. */
ENVOI_API void envoi_loop_quit(struct envoi_loop *loop);

/**
 * Make a loop on libevent.
 *
 * On an adopted base the library has events only while it waits for input, time or a deferred call:
 * event_base_dispatch() returns when the application and the library have no events. Signal
 * dispositions are not changed.
 *
 * @param base  the application's base, which is adopted: the library never runs, ends or frees it;
 *              it must outlive the loop. NULL: the loop makes and owns a base
 * @retval ENVOI_ERR_NOMEM  also when libevent cannot make a base
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_new_libevent(
	struct envoi_loop **ret_loop, struct envoi_context *context, struct event_base *base);

/**
 * Make a context with default options on the application's libevent base.
 *
 * @param base  not NULL; must outlive the context
 * Errors as envoi_context_new().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_new_on_libevent(
	struct envoi_context **ret_context, struct event_base *base);

/**
 * Make a loop on poll(2), without libevent.
 *
 * Run it with envoi_loop_run(), or from another loop: before that waits, get descriptors and time
 * from envoi_loop_poll_fds() and envoi_loop_poll_timeout_ms(); when a descriptor is ready or the
 * time has passed, call envoi_loop_run_once() without waiting. That call polls the descriptors
 * itself: the caller does not pass on which of them are ready. A call when nothing is ready or due
 * has no effect.
 *
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_new_poll(
	struct envoi_loop **ret_loop, struct envoi_context *context);

/** Make a context with default options and a loop of envoi_loop_new_poll(), which is that of
 * envoi_context_loop(). Errors as envoi_context_new(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_new_on_poll(struct envoi_context **ret_context);

/**
 * Get the descriptors that a poll loop waits for, with their events. Every call of a library
 * function may change them.
 *
 * @param fds  filled with the first @p capacity of them; may be NULL if that is 0
 * @return the number of descriptors; 0: none, or another loop. When it is more than @p capacity,
 *         make the array larger and call again: events of descriptors that are left out are noticed
 *         late
 */
ENVOI_API size_t envoi_loop_poll_fds(struct envoi_loop *loop, struct pollfd *fds, size_t capacity);

/** @return the longest time to wait, in ms, for poll(2); -1: no limit, or not a poll loop */
ENVOI_API int envoi_loop_poll_timeout_ms(struct envoi_loop *loop);

/**
 * Make a loop in virtual time, which never waits. If no descriptor is ready and no timer is due,
 * time advances to the next timer; if there is no timer, envoi_loop_run() returns. Monotonic time
 * starts at 0, the wall clock at 2026-01-01T00:00:00Z.
 *
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_new_simulated(
	struct envoi_loop **ret_loop, struct envoi_context *context);

/**
 * Run a simulated loop for @p duration_ms of virtual time, or until envoi_loop_quit().
 *
 * @retval ENVOI_OK           time has advanced by @p duration_ms, or the loop has quit
 * @retval ENVOI_ERR_INVALID  the loop is not simulated
 * @retval ENVOI_ERR_STATE    called from inside a callback of this loop
 * @retval ENVOI_ERR_SYSTEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_simulated_run_for(
	struct envoi_loop *loop, uint64_t duration_ms);

/**
 * Suspend the simulated machine and wake it up again: the wall clock advances by @p duration_ms,
 * monotonic time does not. If that is a second or more, connections are probed from the loop.
 *
 * @retval ENVOI_ERR_INVALID  the loop is not simulated
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_simulated_suspend(
	struct envoi_loop *loop, uint64_t duration_ms);

#ifdef __cplusplus
}
#endif
#endif
