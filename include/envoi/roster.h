/*
 * envoi - the roster
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ROSTER_H
#define ENVOI_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
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
 *
 * If the server supports roster versioning (RFC 6121, section 2.6), a fetch requests only the
 * changes since the version that is held. envoi_roster_save() keeps contacts and
 * version over starts of the program.
 *
 * When a function fails, envoi_session_problem() of the session has the reason; not for
 * ENVOI_ERR_STATE of a detached object.
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

/** @return the word of the attribute: "none", "to", "from", "both", "remove"; static */
ENVOI_API const char *envoi_subscription_name(enum envoi_subscription subscription);

/** @return the word of the attribute: "subscribe"; "" for ENVOI_ROSTER_ASK_NONE; static */
ENVOI_API const char *envoi_roster_ask_name(enum envoi_roster_ask ask);

/** One contact (RFC 6121, section 2.1.2). */
struct envoi_roster_item {
	const struct envoi_jid *jid; /**< as the server sends it: bare; for some gateways full */
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
 * @param settings  borrowed, must outlive the roster; limits.roster-items and
 *                  limits.roster-bytes are read at each change
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
 *              ENVOI_ERR_LIMIT if the list exceeds limits.roster-items or limits.roster-bytes, and
 *              the contacts up to the limit are held. After another error the contacts are
 *              unchanged
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
 * malformed, or beyond a limit. Each is logged with its sender */
ENVOI_API uint64_t envoi_roster_refused_pushes(const struct envoi_roster *roster);

/** @return the contact with that address, else the contact with its bare address; NULL: there is
 * none; borrowed until the roster changes, which it does in the loop only */
ENVOI_API const struct envoi_roster_item *envoi_roster_find(
	const struct envoi_roster *roster, const struct envoi_jid *jid);

/** Visit every contact, in no order. @param[in,out] position 0 to begin. @return borrowed until the
 * roster changes; NULL at the end */
ENVOI_API const struct envoi_roster_item *envoi_roster_next(
	const struct envoi_roster *roster, size_t *position);

/* --- groups --- */

/** Visit the names of all groups, in no order. @param[in,out] position 0 to begin
 * @param[out] ret_members  how many contacts are in the group; NULL: not wanted
 * @return borrowed until the roster changes; NULL at the end */
ENVOI_API const char *envoi_roster_next_group(
	const struct envoi_roster *roster, size_t *position, size_t *ret_members);

/** In place of the name of a group: the contacts that are in no group. A group has a name that is
 * not empty (RFC 6121, section 2.3.3). */
#define ENVOI_ROSTER_NO_GROUP ""

/** @return whether the contact is in a group of that name; upper and lower case differ
 * @param group  ENVOI_ROSTER_NO_GROUP: whether it is in no group */
ENVOI_API bool envoi_roster_item_is_in(const struct envoi_roster_item *item, const char *group);

/** Visit the contacts of a group, or ENVOI_ROSTER_NO_GROUP, as envoi_roster_next() visits all. */
ENVOI_API const struct envoi_roster_item *envoi_roster_next_in_group(
	const struct envoi_roster *roster, const char *group, size_t *position);

/* --- in order, for display --- */

/**
 * Make a list of contacts in the order of their names, for display. Names are compared as nicknames
 * (RFC 8266, section 2.4): upper and lower case are equal. A contact without a name, or with an
 * empty one, is compared by its address; equal names are in the order of their addresses. The order
 * is that of Unicode code points, not of a language.
 *
 * @param group  the contacts of that group, or ENVOI_ROSTER_NO_GROUP; NULL: every contact
 * @param[out] ret_items  ended by NULL; to be freed with envoi_free(). The contacts are borrowed
 *                        until the roster changes, which it does in the loop only
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_roster_sort(const struct envoi_roster *roster,
	const char *group, const struct envoi_roster_item ***ret_items);

/** Make a list of the names of all groups, in the order that envoi_roster_sort() has for contacts.
 * @param[out] ret_groups  as ret_items there. @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_roster_sort_groups(
	const struct envoi_roster *roster, const char ***ret_groups);

/* --- keeping it over starts of the program --- */

/**
 * Append the contacts held, and their version, for the program to store, and to load with
 * envoi_roster_load() after its next start; useful after ENVOI_EVENT_ROSTER and
 * ENVOI_EVENT_ROSTER_CHANGED. Where the server has roster versioning (RFC 6121, section 2.6), the
 * next login then fetches changes only. Contacts that are not complete are saved without a version.
 *
 * The text is XML: an element `roster` in "urn:envoi:roster:1" with the attribute `account`, and in
 * it the list as the server sends it. It is not secret, but private.
 *
 * @retval ENVOI_ERR_STATE  no list was fetched or loaded
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_FULL  from the buffer; @p out is unchanged
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_roster_save(
	const struct envoi_roster *roster, struct envoi_buffer *out);

/**
 * Replace the contacts held by a text of envoi_roster_save(), before the list is fetched. The
 * roster is not complete until then, and no event is posted.
 *
 * @param text, len  borrowed for the call
 * @retval ENVOI_ERR_INVALID  the text is malformed or another account's
 * @retval ENVOI_ERR_LIMIT    it exceeds limits.roster-items or limits.roster-bytes
 * @retval ENVOI_ERR_STATE    the list was fetched in this session or is being fetched, the session
 *                            has no address, or the roster was detached
 * @retval ENVOI_ERR_NOMEM
 * On failure nothing changed.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_roster_load(
	struct envoi_roster *roster, const char *text, size_t len);

/* --- changes --- */

/**
 * Add or change a contact on the server (RFC 6121, sections 2.3 and 2.4). The contacts held change
 * when the server's push arrives.
 *
 * @param item  borrowed for the call; only address, name and groups are used. The request uses the
 *              address that the contact has in the roster; for a new contact, the bare address
 * @param done  called with the answer, as for envoi_request(); NULL: not wanted
 * @param user  passed to @p done
 * @retval ENVOI_ERR_STATE    the roster was detached
 * @retval ENVOI_ERR_INVALID  a group is empty or named twice (section 2.3.3)
 * Other errors as envoi_request(): @p done is not called then.
 */
ENVOI_API int envoi_roster_set(struct envoi_roster *roster, const struct envoi_roster_item *item,
	envoi_answer_fn *done, void *user);

/** Give a contact another name; its groups stay. @param name NULL: none
 * @retval ENVOI_ERR_NOT_FOUND  the contact is not in the roster
 * Other parameters and errors as envoi_roster_set(). */
ENVOI_API int envoi_roster_rename(struct envoi_roster *roster, const struct envoi_jid *jid,
	const char *name, envoi_answer_fn *done, void *user);

/** Add a contact to a group; its name and other groups stay. Errors as envoi_roster_rename(). */
ENVOI_API int envoi_roster_add_to_group(struct envoi_roster *roster, const struct envoi_jid *jid,
	const char *group, envoi_answer_fn *done, void *user);

/** Remove a contact from a group. @retval ENVOI_ERR_NOT_FOUND  also: it is not in the group
 * @retval ENVOI_ERR_INVALID  the name is empty. Others as envoi_roster_rename() */
ENVOI_API int envoi_roster_remove_from_group(struct envoi_roster *roster,
	const struct envoi_jid *jid, const char *group, envoi_answer_fn *done, void *user);

/**
 * Give a group another name, or remove it: each of its contacts is changed, 16 at a time.
 *
 * @param to    NULL: the contacts leave the group
 * @param done  called once, from the loop or inside envoi_roster_detach(), with ENVOI_OK or the
 *              first failure, after which no further contact is changed; NULL: not wanted
 * @param user  passed to @p done
 * @retval ENVOI_ERR_NOT_FOUND  no contact is in the group
 * @retval ENVOI_ERR_INVALID    @p from or @p to is empty
 * Other errors as envoi_roster_set(): @p done is not called then.
 */
ENVOI_API int envoi_roster_rename_group(struct envoi_roster *roster, const char *from,
	const char *to, void (*done)(void *user, int code), void *user);

/** Remove a contact on the server, with both subscriptions (RFC 6121, section 2.5). Parameters and
 * errors as envoi_roster_set(). */
ENVOI_API int envoi_roster_remove(struct envoi_roster *roster, const struct envoi_jid *jid,
	envoi_answer_fn *done, void *user);

#ifdef __cplusplus
}
#endif
#endif
