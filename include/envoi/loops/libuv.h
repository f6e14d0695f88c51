/*
 * envoi - a main loop inside libuv's (library envoi-libuv)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_LOOPS_LIBUV_H
#define ENVOI_LOOPS_LIBUV_H

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s; /* uv_loop_t */
struct envoi_context;
struct envoi_loop;

/*
 * For programs on libuv. They link libenvoi-libuv (pkg-config envoi-libuv); libenvoi does not need
 * libuv.
 */

/**
 * Make a loop in a uv_loop_t: one uv_poll_t, one uv_timer_t and one uv_idle_t (for what is due at
 * once), however many connections there are. The application runs the uv_loop_t; envoi_loop_run()
 * returns ENVOI_ERR_UNSUPPORTED. The handles are active only while the library waits for input,
 * time or a deferred call: uv_run() returns when neither the application nor the library has active
 * handles.
 *
 * libuv closes handles in the next turn of its loop. After the loop was freed with its context, run
 * @p uv once more before uv_loop_close(), which otherwise returns UV_EBUSY. The memory of the
 * handles, one block of malloc(), is freed in that turn.
 *
 * @param uv  must outlive the loop, and one turn more
 * @retval ENVOI_ERR_UNSUPPORTED  libuv cannot watch a descriptor of epoll(7)
 * Errors as envoi_loop_new_hosted().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_loop_new_libuv(
	struct envoi_loop **ret_loop, struct envoi_context *context, struct uv_loop_s *uv);

/**
 * Make a context with default options on such a loop.
 *
 * @param uv  as of envoi_loop_new_libuv()
 * Errors as envoi_context_new() and envoi_loop_new_libuv().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_context_new_on_libuv(
	struct envoi_context **ret_context, struct uv_loop_s *uv);

#ifdef __cplusplus
}
#endif
#endif
