/*
 * envoi - presence subscriptions
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SUBSCRIPTION_H
#define ENVOI_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/jid.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_roster;
struct envoi_session;
struct envoi_settings;

/**
 * Requests for presence, and their answers (RFC 6121, section 3). A client has one:
 * envoi_client_subscriptions().
 *
 * The setting subscription.policy decides which requests of contacts are answered at once. Every
 * other request is reported by one ENVOI_EVENT_SUBSCRIPTION_REQUEST, and stays open until it is
 * answered, here or by another resource of the account, or withdrawn, or the session of the server
 * ends. Servers deliver open requests again at each login, and repeated ones in between: an open
 * request is reported once a session. Contacts that are subscribed already, or approved in advance,
 * are approved at once.
 *
 * Answers of contacts are reported by ENVOI_EVENT_SUBSCRIPTION_APPROVED, _REFUSED and _ENDED, and
 * are not answered. The roster changes with the server's pushes, which are independent of these
 * events.
 *
 * When a function fails, envoi_session_problem() of the session has the reason; not for
 * ENVOI_ERR_STATE of a detached object.
 */
struct envoi_subscriptions;

/** A request that waits for an answer. */
struct envoi_subscription_request {
	const struct envoi_jid *jid; /**< bare */
	/** text of the first request, for the user; NULL: none, or one of more than 1,024 bytes,
	 * which is in the event only */
	const char *text;
};

/**
 * Attach to a session; a client has done so.
 *
 * @param roster    borrowed, must outlive the object or be detached after it
 * @param settings  borrowed, must outlive the object; subscription.policy and
 *                  limits.subscription-requests are read for each request
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_subscriptions_new(
	struct envoi_subscriptions **ret_subscriptions, struct envoi_session *session,
	const struct envoi_roster *roster, const struct envoi_settings *settings);

/** Detach from the session, which must still exist. Open requests can still be read. Idempotent. */
ENVOI_API void envoi_subscriptions_detach(struct envoi_subscriptions *subscriptions);

/** Detach and free; NULL is allowed. */
ENVOI_API void envoi_subscriptions_free(struct envoi_subscriptions *subscriptions);

/* --- requests of contacts --- */

/** @return open requests */
ENVOI_API size_t envoi_subscriptions_count(const struct envoi_subscriptions *subscriptions);

/** Visit the open requests, the oldest first. @param previous NULL to begin. @return NULL at the
 * end; borrowed until the request is answered, or changes in the loop */
ENVOI_API const struct envoi_subscription_request *envoi_subscriptions_next(
	const struct envoi_subscriptions *subscriptions,
	const struct envoi_subscription_request *previous);

/** @return the open request of that contact; NULL: there is none; borrowed as above */
ENVOI_API const struct envoi_subscription_request *envoi_subscriptions_find(
	const struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid);

/**
 * Approve the open request of a contact (RFC 6121, section 3.1.4): it receives the account's
 * presence from now on.
 *
 * @param jid  of the contact; a resource in it has no effect, in this and all functions below
 * @retval ENVOI_ERR_NOT_FOUND  it has no open request; see envoi_subscriptions_preapprove()
 * @retval ENVOI_ERR_STATE      detached
 * Other errors as envoi_send(): the request stays open.
 */
ENVOI_API int envoi_subscriptions_approve(
	struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid);

/** Refuse the open request of a contact (section 3.1.4). Errors as
 * envoi_subscriptions_approve(). */
ENVOI_API int envoi_subscriptions_refuse(
	struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid);

/** End the subscription of a contact to the account's presence, or withdraw an approval that was
 * given in advance (sections 3.2 and 3.4). @retval ENVOI_ERR_STATE detached. Other errors as
 * envoi_send(). */
ENVOI_API int envoi_subscriptions_cancel(
	struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid);

/** @return whether the server takes approvals in advance; false while offline */
ENVOI_API bool envoi_subscriptions_can_preapprove(const struct envoi_subscriptions *subscriptions);

/**
 * Approve a later request of a contact in advance (section 3.4): the server answers it.
 * @retval ENVOI_ERR_UNSUPPORTED  envoi_subscriptions_can_preapprove() is false
 * @retval ENVOI_ERR_STATE        detached
 * Other errors as envoi_send().
 */
ENVOI_API int envoi_subscriptions_preapprove(
	struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid);

/* --- requests of the account --- */

/**
 * Request the presence of a contact (section 3.1). The server adds it to the roster, if it is not
 * there: call envoi_roster_set() before to set its name.
 *
 * @param text  for the contact's user; NULL: none
 * @retval ENVOI_ERR_STATE  detached
 * Other errors as envoi_send().
 */
ENVOI_API int envoi_subscriptions_request(
	struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid, const char *text);

/** End the account's subscription to a contact's presence, or withdraw the request for it (section
 * 3.3). Errors as envoi_subscriptions_request(). */
ENVOI_API int envoi_subscriptions_unsubscribe(
	struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid);

#ifdef __cplusplus
}
#endif
#endif
