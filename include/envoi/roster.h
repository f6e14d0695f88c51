/*
 * envoi - the roster
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ROSTER_H
#define ENVOI_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/handler.h>
#include <envoi/jid.h>
#include <envoi/request.h>
#include <envoi/settings.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The contact list (RFC 6121, section 2). It is fetched at each login that starts a session, and
 * updated by the server's pushes, which are accepted from the own account only (section 2.1.6).
 *
 * Changes are events of the session: ENVOI_EVENT_ROSTER after the list was fetched, then
 * ENVOI_EVENT_ROSTER_CHANGED for each push, with the contact's address. If the list cannot be
 * fetched, or not all of it is held, ENVOI_EVENT_ROSTER_INCOMPLETE has the reason.
 */
struct envoi_roster;

/** The subscriptions between the account and a contact (RFC 6121, section 2.1.2.5). */
enum envoi_subscription {
	ENVOI_SUBSCRIPTION_NONE, /**< also if it is absent or unknown */
	ENVOI_SUBSCRIPTION_TO, /**< the account receives the contact's presence */
	ENVOI_SUBSCRIPTION_FROM, /**< the contact receives the account's presence */
	ENVOI_SUBSCRIPTION_BOTH,
	/** in a push and in envoi_roster_remove(): the contact is removed; never in the roster */
	ENVOI_SUBSCRIPTION_REMOVE,
};

/** The `ask` attribute (RFC 6121, section 2.1.2.2). */
enum envoi_roster_ask {
	ENVOI_ROSTER_ASK_NONE,
	ENVOI_ROSTER_ASK_SUBSCRIBE, /**< the account's subscription request is pending */
};

/** One contact (RFC 6121, section 2.1.2). */
struct envoi_roster_item {
	const struct envoi_jid *jid; /**< as the server sends it: bare, of some gateways full */
	const char *name; /**< NULL: none */
	enum envoi_subscription subscription;
	enum envoi_roster_ask ask;
	bool is_approved; /**< the contact's subscription request was approved in advance */
	const char *const *groups;
	size_t group_count;
};

/**
 * Attach a roster to a session. A client has one: envoi_client_roster().
 *
 * @param[out] ret_roster  owned by the caller; free it with envoi_roster_free()
 * @param settings  borrowed, must outlive the roster; limits.roster-items is read at each change
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_roster_new(struct envoi_roster **ret_roster,
	struct envoi_session *session, const struct envoi_settings *settings);

/** Detach from the session, which must still exist. A pending fetch ends with ENVOI_ERR_CANCELED
 * before this returns. The contacts can still be read. Idempotent. */
ENVOI_API void envoi_roster_detach(struct envoi_roster *roster);

/** Detach and free; NULL is allowed. */
ENVOI_API void envoi_roster_free(struct envoi_roster *roster);

/**
 * Fetch the whole list from the server (RFC 6121, section 2.2).
 *
 * @param done  called once, as for envoi_request(), after the contacts were replaced. Its code is
 *              ENVOI_ERR_LIMIT if the list is longer than limits.roster-items, and the contacts up
 *              to the limit are held. After another error the contacts are unchanged
 * @param user  passed to @p done
 * @retval ENVOI_ERR_STATE  a fetch is pending, or the roster was detached
 * Other errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_roster_fetch(
	struct envoi_roster *roster, void (*done)(void *user, int code), void *user);

/** @return the number of contacts held */
ENVOI_API size_t envoi_roster_count(const struct envoi_roster *roster);

/** @return whether the contacts held are all that the server has: false before the list was fetched
 * in this session, and after ENVOI_EVENT_ROSTER_INCOMPLETE */
ENVOI_API bool envoi_roster_is_complete(const struct envoi_roster *roster);

/** @return the number of pushes that were refused since the roster was made: from another sender,
 * malformed, or beyond limits.roster-items. Each is logged with its sender */
ENVOI_API uint64_t envoi_roster_refused_pushes(const struct envoi_roster *roster);

/** @return the contact with that address, else the contact with its bare address; NULL: there is
 * none; borrowed until the roster changes, which it does in the loop only */
ENVOI_API const struct envoi_roster_item *envoi_roster_find(
	const struct envoi_roster *roster, const struct envoi_jid *jid);

/** Visit every contact, in no order. @param[in,out] position 0 to begin. @return borrowed until the
 * roster changes; NULL at the end */
ENVOI_API const struct envoi_roster_item *envoi_roster_next(
	const struct envoi_roster *roster, size_t *position);

/**
 * Add or change a contact on the server (RFC 6121, sections 2.3 and 2.4). The contacts held change
 * when the server's push arrives.
 *
 * @param item  borrowed for the call; only address, name and groups are used. The request has the
 *              address that the contact has in the roster, for a new contact its bare address
 * @param done  called with the answer, as for envoi_request(); NULL: not wanted
 * @param user  passed to @p done
 * @retval ENVOI_ERR_STATE  the roster was detached
 * Other errors as envoi_request(): @p done is not called then.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_roster_set(struct envoi_roster *roster,
	const struct envoi_roster_item *item, envoi_answer_fn *done, void *user);

/** Remove a contact on the server, with both subscriptions (RFC 6121, section 2.5). Parameters and
 * errors as envoi_roster_set(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_roster_remove(struct envoi_roster *roster,
	const struct envoi_jid *jid, envoi_answer_fn *done, void *user);

#ifdef __cplusplus
}
#endif
#endif
