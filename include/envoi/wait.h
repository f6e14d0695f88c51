/*
 * envoi - waiting for one stanza
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_WAIT_H
#define ENVOI_WAIT_H

#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_delivery;
struct envoi_session;
struct envoi_stanza_row;

/** A pending wait. */
struct envoi_wait;

/**
 * Reports a matching stanza, or the end of the wait without one. Called from the loop, or inside
 * envoi_session_free(). Any object may be freed inside.
 *
 * @param code  how the wait has ended
 *              - ENVOI_OK: a stanza matches;
 *              - ENVOI_ERR_TIMEOUT: none came in time;
 *              - ENVOI_ERR_CANCELED: envoi_wait_cancel() was called, or the session was freed;
 *              - ENVOI_ERR_DISCONNECTED: the epoch has ended (envoi_session_epoch())
 * @param in    with ENVOI_OK the delivery, as for the function of a stanza row, borrowed for the
 *              call; else NULL
 * @return with ENVOI_OK as the function of a stanza row (<envoi/handler.h>); ENVOI_DECLINED: it is
 *         not the stanza, and the wait continues. Without effect for other codes
 */
typedef int envoi_wait_fn(void *user, int code, struct envoi_delivery *in);

ENVOI_SHADOW_BEGIN
/**
 * Wait for one stanza.
 *
 * The wait has the place of a handler that is added now: by priority, then in order of adding. It
 * ends exactly once: with the first stanza that @p done does not decline, at the timeout, when it
 * is cancelled, or when the epoch of the session ends. A wait of a session that is offline ends
 * when an attempt to log in fails.
 *
 * As for all rows, the context keeps the namespaces and names of elements until it is freed, each
 * of them once, so that many waits for the same payload take no memory. A name that a peer has
 * chosen belongs into the check of @p done instead. What a path compares with attributes is not
 * kept.
 *
 * @param like        the stanza to wait for; copied with its texts, without the payload type.
 *                    `handle`, `matches` and `once` are not set: @p done checks the stanza
 * @param timeout_ms  milliseconds; 0: no timeout
 * @param done        not called inside this function
 * @param user        passed to @p done
 * @param[out] ret_wait  NULL: not wanted; else valid until the last call of @p done has returned
 * @retval ENVOI_ERR_INVALID  @p like is refused as a row of a handler would be, or has one of the
 *                            members named above; envoi_session_problem() has the reason
 * @retval ENVOI_ERR_STATE    the session is being freed
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_wait(struct envoi_session *session,
	const struct envoi_stanza_row *like, uint64_t timeout_ms, envoi_wait_fn *done, void *user,
	struct envoi_wait **ret_wait);
ENVOI_SHADOW_END

/**
 * End a wait with ENVOI_ERR_CANCELED, reported from the loop. No effect if it has ended; NULL is
 * allowed. Inside the function of the wait it has an effect only if that function declines the
 * stanza.
 */
ENVOI_API void envoi_wait_cancel(struct envoi_wait *wait);

#ifdef __cplusplus
}
#endif
#endif
