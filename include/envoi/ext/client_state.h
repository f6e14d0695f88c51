/*
 * envoi - XEP-0352: Client State Indication
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_CLIENT_STATE_H
#define ENVOI_EXT_CLIENT_STATE_H

#include <stdbool.h>

#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/handler.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;

#define ENVOI_NS_CLIENT_STATE "urn:xmpp:csi:0"

/**
 * Make the handler that tells the server whether a user looks at the client (XEP-0352). A server that
 * is told "inactive" may hold back what is not urgent, presence for example, and deliver it at the next
 * "active". Attach it with envoi_client_add() before the connection; one handler serves one client,
 * over all its connections.
 *
 * @param ret_handler  owned: envoi_handler_destroy(), after the client is freed or the handler removed
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_state_handler_new(
	struct envoi_handler **ret_handler, struct envoi_context *context);

/**
 * Tell the server whether the client is active. A client begins active; each stream does so, too, and
 * the handler says "inactive" again after each login until it is told otherwise. Sent only to a server
 * that offers it (section 4.1), and only when it has changed.
 *
 * @param handler  from envoi_client_state_handler_new()
 * @retval ENVOI_OK        the server knows
 * @retval ENVOI_DECLINED  kept for the next login: the client is not connected, or the server does not
 *                         offer it
 * @retval <0  it could not be sent, as envoi_stream_send_element(); kept for the next login
 */
ENVOI_API int envoi_client_state_set(struct envoi_handler *handler, bool is_active);

/** @return whether the server of the current connection offers it; false while not logged in */
ENVOI_API bool envoi_client_state_is_offered(const struct envoi_handler *handler);

#ifdef __cplusplus
}
#endif
#endif
