/*
 * envoi - the main loops that come with the library
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_MAINLOOP_H
#define ENVOI_MAINLOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;
struct envoi_context;
struct envoi_loop;

/** Run an own loop until envoi_loop_quit(). @retval ENVOI_ERR_UNSUPPORTED the loop is an adopted one */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_run(struct envoi_loop *loop);

/** One turn of an own loop; waits for something to happen only if @p wait. */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_run_once(struct envoi_loop *loop, bool wait);

/** End envoi_loop_run(); nothing on an adopted loop: it is never broken out of. */
ENVOI_API void envoi_loop_quit(struct envoi_loop *loop);

/**
 * A loop on libevent.
 *
 * @param base  the application's own: adopted, never run, broken out of or freed by us, and must
 *              outlive the loop; NULL: an own base is made
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_new_libevent(
	struct envoi_loop **ret_loop, struct envoi_context *context, struct event_base *base);

/** A context with default options whose loop is the application's libevent base. */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_new_on_libevent(
	struct envoi_context **ret_context, struct event_base *base);

/**
 * A loop in virtual time: it never waits. When nothing is due, time jumps to the next timer; when
 * there is none either, envoi_loop_run() returns. Monotonic time starts at 0, the wall clock at
 * 2026-01-01T00:00:00Z.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_new_simulated(
	struct envoi_loop **ret_loop, struct envoi_context *context);

/** Run a simulated loop for @p duration_ms of virtual time, or until quit. */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_simulated_run_for(
	struct envoi_loop *loop, uint64_t duration_ms);

#ifdef __cplusplus
}
#endif
#endif
