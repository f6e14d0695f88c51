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
 * A context has one loop: the one it was given with envoi_context_take_loop(), else an own one on
 * libevent. The constructors here make a loop in a context but do not give it to the context yet.
 */

/**
 * Run an own loop until envoi_loop_quit(), or until there is nothing left to wait for.
 *
 * @retval ENVOI_OK
 * @retval ENVOI_ERR_UNSUPPORTED  the loop is an adopted one: its owner runs it
 * @retval ENVOI_ERR_STATE        called from inside a callback of this loop
 * @retval ENVOI_ERR_SYSTEM       the system's wait failed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_run(struct envoi_loop *loop);

/**
 * One turn of an own loop.
 *
 * @param wait  wait until something happens; else only do what can be done now
 * @retval ENVOI_OK
 * @retval ENVOI_END  there is nothing to wait for
 * Errors as envoi_loop_run().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_run_once(struct envoi_loop *loop, bool wait);

/** End envoi_loop_run() after this turn. Nothing when it is not running, and nothing on an adopted
 * loop: that is never broken out of. */
ENVOI_API void envoi_loop_quit(struct envoi_loop *loop);

/**
 * A loop on libevent.
 *
 * On an adopted base nothing of ours is pending while nothing of ours is waited for: an
 * application that runs until no events are left ends as it would without us. No signal's
 * disposition is touched.
 *
 * @param base  the application's own: adopted, never run, broken out of or freed by us, and must
 *              outlive the loop; NULL: an own base is made
 * @retval ENVOI_ERR_NOMEM  or libevent could not make a base
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_new_libevent(
	struct envoi_loop **ret_loop, struct envoi_context *context, struct event_base *base);

/**
 * A context with default options whose loop is the application's libevent base.
 *
 * @param base  not NULL; must outlive the context
 * Errors as envoi_context_new().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_new_on_libevent(
	struct envoi_context **ret_context, struct event_base *base);

/**
 * A loop on poll(2), without libevent.
 *
 * It can be run, or driven by any foreign loop: before that waits, ask for envoi_loop_poll_fds()
 * and envoi_loop_poll_timeout_ms(); when one of the descriptors is ready or the time is over, call
 * envoi_loop_run_once() with wait = false.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_new_poll(
	struct envoi_loop **ret_loop, struct envoi_context *context);

/**
 * What a poll loop waits for now. May change with every call into the library.
 *
 * @param fds       filled with the first @p capacity; NULL if that is 0
 * @return how many there are; 0 if it is no poll loop
 */
ENVOI_API size_t envoi_loop_poll_fds(struct envoi_loop *loop, struct pollfd *fds, size_t capacity);

/** @return how long a foreign loop may wait, as poll(2) takes it; -1: for ever */
ENVOI_API int envoi_loop_poll_timeout_ms(struct envoi_loop *loop);

/**
 * A loop in virtual time: it never waits. When nothing is due, time jumps to the next timer; when
 * there is none either, envoi_loop_run() returns. Monotonic time starts at 0, the wall clock at
 * 2026-01-01T00:00:00Z. Descriptors work too: those that are ready are served before time jumps.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_new_simulated(
	struct envoi_loop **ret_loop, struct envoi_context *context);

/**
 * Run a simulated loop for @p duration_ms of virtual time, or until quit.
 *
 * @retval ENVOI_OK           unless it was told to quit, time has advanced by @p duration_ms
 * @retval ENVOI_ERR_INVALID  it is no simulated loop
 * @retval ENVOI_ERR_STATE    called from inside a callback of this loop
 * @retval ENVOI_ERR_SYSTEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_simulated_run_for(
	struct envoi_loop *loop, uint64_t duration_ms);

#ifdef __cplusplus
}
#endif
#endif
