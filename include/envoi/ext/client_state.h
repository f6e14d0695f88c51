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

/** Namespace of XEP-0352. */
#define ENVOI_NS_CLIENT_STATE "urn:xmpp:csi:0"

/**
 * Make a handler that reports to the server whether the client is in use (XEP-0352). While the
 * client is inactive, the server may delay stanzas that are not urgent, such as presence. Attach
 * the handler with envoi_client_add() before connecting. One handler serves one client, over all
 * its connections.
 *
 * @param ret_handler  owned: envoi_handler_destroy(), after the client is freed or the handler
 *                     removed
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_client_state_handler_new(
	struct envoi_handler **ret_handler, struct envoi_context *context);

/**
 * Set whether the client is active. The initial state is active. The state is sent if it differs
 * from the last one that this stream has sent, and only to a server that offers the feature
 * (section 4.1). Each stream begins as active: an inactive state is sent again after each login.
 *
 * @param handler  from envoi_client_state_handler_new()
 * @retval ENVOI_OK        sent, or unchanged
 * @retval ENVOI_DECLINED  stored for the next login: the client is not logged in, or the server
 *                         does not offer the feature
 * @retval <0  as envoi_stream_send_element(): not sent; stored for the next login
 */
ENVOI_API int envoi_client_state_set(struct envoi_handler *handler, bool is_active);

/** @return whether the server of the current connection offers the feature; false before the
 * login */
ENVOI_API bool envoi_client_state_is_offered(const struct envoi_handler *handler);

#ifdef __cplusplus
}
#endif
#endif
