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
#include <envoi/session.h>
#include <envoi/settings.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The contact list (RFC 6121, section 2): fetched once per login, kept up to date by the server's
 * pushes, which are believed only from the own account (section 2.1.6).
 *
 * Changes come as events of the session: ENVOI_EVENT_ROSTER once it was fetched, then an
 * ENVOI_EVENT_ROSTER_CHANGED for each push, with the contact's address.
 */
struct envoi_roster;

/** Who gets whose presence (RFC 6121, section 2.1.2.5). */
enum envoi_subscription {
	ENVOI_SUBSCRIPTION_NONE,
	ENVOI_SUBSCRIPTION_TO, /**< we get theirs */
	ENVOI_SUBSCRIPTION_FROM, /**< they get ours */
	ENVOI_SUBSCRIPTION_BOTH,
	/** in a push and in envoi_roster_remove(): goes; never in the roster */
	ENVOI_SUBSCRIPTION_REMOVE,
};

/** One contact. */
struct envoi_roster_item {
	const struct envoi_jid *jid; /**< bare */
	const char *name; /**< or NULL */
	enum envoi_subscription subscription;
	bool is_asked; /**< our request for their presence is pending */
	bool is_approved; /**< their request was approved in advance */
	const char *const *groups;
	size_t group_count;
};

/**
 * Attach a roster to a session; a client has done so.
 *
 * @param settings  borrowed, outlives the roster: limits.roster-items is read at each change; a
 *                  longer list fails with ENVOI_ERR_LIMIT
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_roster_new(struct envoi_roster **ret_roster,
	struct envoi_session *session, const struct envoi_settings *settings);

/** Detach from the session, which is still there; a fetch under way ends with ENVOI_ERR_CANCELED. What
 * is held can be read on. Idempotent. */
ENVOI_API void envoi_roster_detach(struct envoi_roster *roster);

/** Detach and free; NULL is allowed. */
ENVOI_API void envoi_roster_free(struct envoi_roster *roster);

/**
 * Ask the server for the whole list (section 2.2).
 *
 * @param done  called once, as for envoi_request(), after the roster holds the new list; on
 *              failure the roster is as it was
 * @retval ENVOI_ERR_STATE  one is under way, or the roster was detached
 * Other errors as envoi_request(): then @p done is not called.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_roster_fetch(
	struct envoi_roster *roster, void (*done)(void *user, int code), void *user);

/** @return contacts held */
ENVOI_API size_t envoi_roster_count(const struct envoi_roster *roster);

/** @return the contact with that address, its resource ignored; NULL: none; borrowed until the
 * roster changes, as below */
ENVOI_API const struct envoi_roster_item *envoi_roster_find(
	const struct envoi_roster *roster, const struct envoi_jid *jid);

/** Visit every contact, in no order. @param[in,out] position 0 to begin. @return NULL at the end */
ENVOI_API const struct envoi_roster_item *envoi_roster_next(
	const struct envoi_roster *roster, size_t *position);

/**
 * Add or change a contact on the server (sections 2.3 and 2.4): its name and groups count. The
 * roster here changes when the server's push comes.
 *
 * @param done  the answer, as for envoi_request(); NULL: not wanted
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_roster_set(struct envoi_roster *roster,
	const struct envoi_roster_item *item, envoi_answer_fn *done, void *user);

/** Remove a contact on the server, with both subscriptions (section 2.5). */
ENVOI_API ENVOI_MUST_CHECK int envoi_roster_remove(struct envoi_roster *roster,
	const struct envoi_jid *jid, envoi_answer_fn *done, void *user);

#ifdef __cplusplus
}
#endif
#endif
