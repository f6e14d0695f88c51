/*
 * envoi - XEP-0357: Push Notifications
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_PUSH_H
#define ENVOI_EXT_PUSH_H

#include <envoi/ext/forms.h>
#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Also the feature of an account whose server publishes notifications (section 4.1). */
#define ENVOI_NS_PUSH "urn:xmpp:push:0"

/**
 * Notifications of the account's server to a push service, which wake up a device without a
 * connection. Use it with envoi_session_use(session, &envoi_push_extension, NULL), before or after
 * the login, and envoi_push_set().
 *
 * They are enabled with each new session of the server: some servers end them after one error of
 * the service. A resumed session keeps them.
 *
 * A notification reveals to the service that the account has messages, and, as the server decides,
 * their number, senders and texts (section 7).
 */
ENVOI_API extern const struct envoi_extension envoi_push_extension;

/** Name of the custom event for a change of envoi_push_state(); its data is NULL. */
#define ENVOI_PUSH_STATE "urn:xmpp:push:0#state"

/** Whether the server sends notifications. */
enum envoi_push_state {
	ENVOI_PUSH_OFF = 0, /**< no service is set, or it is disabled */
	ENVOI_PUSH_PENDING, /**< the server has not answered yet, or the session is offline */
	ENVOI_PUSH_ON,
	/** the server has refused, does not implement it, or has not answered; requested again in
	 * the next session */
	ENVOI_PUSH_FAILED,
};

/** @return the state in the current session of the server; off where the extension is not used */
ENVOI_API enum envoi_push_state envoi_push_state(const struct envoi_session *session);

/** A push service. */
struct envoi_push_service {
	struct envoi_jid *jid;
	char *node; /**< of the device; NULL: none */
	/** publish options (section 5), with a secret for example: a submission whose FORM_TYPE is
	 * "http://jabber.org/protocol/pubsub#publish-options"; NULL: none */
	struct envoi_form *options;
};

/**
 * Enable notifications to a service (section 5), now and in each new session. It replaces the
 * service of an earlier call, which is disabled.
 *
 * @param service  copied
 * @retval ENVOI_OK           requested; ENVOI_PUSH_STATE reports the outcome
 * @retval ENVOI_DECLINED     the session is not online: requested with the next connection
 * @retval ENVOI_ERR_STATE    the extension is not used
 * @retval ENVOI_ERR_INVALID  @p service or its address is NULL, or it cannot be written as XML
 * @retval ENVOI_ERR_NOMEM    unchanged
 * Other errors as envoi_request(): requested with the next connection.
 */
ENVOI_API int envoi_push_set(
	struct envoi_session *session, const struct envoi_push_service *service);

/**
 * Disable notifications to the service of envoi_push_set(), by its address and node (section 6).
 * The service is removed, even on failure.
 * @retval ENVOI_OK         requested; or no service is set
 * @retval ENVOI_ERR_STATE  the extension is not used; or the session is not online: the server
 *                          continues to send notifications
 * Other errors as envoi_request(): the server continues to send notifications.
 */
ENVOI_API int envoi_push_disable(struct envoi_session *session);

/** Describes struct envoi_push_service: the element `enable`. */
ENVOI_API extern const struct envoi_payload_type envoi_push_enable_type;
/** Describes struct envoi_push_service: the element `disable`, which has no options. */
ENVOI_API extern const struct envoi_payload_type envoi_push_disable_type;

#ifdef __cplusplus
}
#endif
#endif
