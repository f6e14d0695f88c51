/*
 * envoi - XEP-0402: PEP Native Bookmarks
 * SPDX-License-Identifier: MIT
 *
 * Also the bookmarks of XEP-0048 (version 1.2) in private XML storage (XEP-0049).
 */
#ifndef ENVOI_EXT_BOOKMARKS_H
#define ENVOI_EXT_BOOKMARKS_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/ext/pep.h>
#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The namespace, and the name of the node. */
#define ENVOI_NS_BOOKMARKS "urn:xmpp:bookmarks:1"
/** A feature of the own account: the server synchronizes the node and private XML storage. */
#define ENVOI_NS_BOOKMARKS_COMPAT "urn:xmpp:bookmarks:1#compat"
/** The namespace in private XML storage. */
#define ENVOI_NS_BOOKMARKS_OLD "storage:bookmarks"

/** The most rooms that a session holds. */
#define ENVOI_BOOKMARKS_LIMIT 10000

/**
 * The rooms that the account has bookmarked. Use it with envoi_session_use(session,
 * &envoi_bookmarks_extension, NULL), before the login. For sessions of clients.
 *
 * With each new session of the server it requests the node of XEP-0402, and, unless the account
 * announces ENVOI_NS_BOOKMARKS_COMPAT, also the bookmarks of older clients in private XML storage.
 * A room in both stores has the values of the node. The server reports changes of the node by other
 * clients; they are accepted only from the own account. Changes of private storage are read in the
 * next session. At most ENVOI_BOOKMARKS_LIMIT rooms are held; a list with more is incomplete.
 */
ENVOI_API extern const struct envoi_extension envoi_bookmarks_extension;

/** Name of the custom event for a change of the list; its data is an enum envoi_bookmarks_change.
 */
#define ENVOI_BOOKMARKS_CHANGED "urn:xmpp:bookmarks:1#changed"

/** What has changed. */
enum envoi_bookmarks_change {
	ENVOI_BOOKMARKS_FETCHED = 1, /**< the stores were read */
	/** the list is incomplete: a store could not be read, or has too many rooms */
	ENVOI_BOOKMARKS_FAILED,
	ENVOI_BOOKMARKS_UPDATED, /**< rooms were added, changed or removed */
};

/** A bookmarked room. */
struct envoi_bookmarks_room {
	const struct envoi_jid *jid; /**< bare */
	const char *name; /**< for a person; NULL: none */
	/** the program joins the room at each login and when this becomes true, and leaves it when
	 * this becomes false (sections 3.2 and 4) */
	bool autojoin;
	const char *nick; /**< NULL: that of the account (XEP-0172) */
	const char *password; /**< NULL: none */
	/** the element `extensions`; NULL: none; in envoi_bookmarks_set() NULL: unchanged */
	const struct envoi_element *extensions;
};

/** @return whether the session holds all rooms; false until the stores were read, and where the
 * extension is not used */
ENVOI_API bool envoi_bookmarks_is_complete(const struct envoi_session *session);

/** Visit the rooms, in the order of their addresses. @param[in,out] position 0 to begin. @return
 * borrowed until the list changes, which happens in the loop; NULL: none is left */
ENVOI_API const struct envoi_bookmarks_room *envoi_bookmarks_next(
	const struct envoi_session *session, size_t *position);

/** @param jid NULL is allowed. @return the bookmark of a room, borrowed as for
 * envoi_bookmarks_next(); NULL: there is none */
ENVOI_API const struct envoi_bookmarks_room *envoi_bookmarks_find(
	const struct envoi_session *session, const struct envoi_jid *jid);

/**
 * Add or change a bookmark. It is written to the stores that contain it: to the node, which is
 * private (envoi_pep_store()), to private XML storage, or to both. A new bookmark is written to the
 * node. Unknown parts of this bookmark, and of others in private storage, are kept.
 *
 * @param room  borrowed for the call
 * @param done  called once, as for envoi_pep_store(), after the last store was written or a step
 *              has failed. On success the list contains the change
 * @param user  passed to @p done
 * @retval ENVOI_ERR_INVALID  the address is NULL or not bare, or XML does not allow a text
 * @retval ENVOI_ERR_STATE    the session does not use the extension, or the stores were not
 *                            read yet, or the node could not be read
 * Other errors as envoi_pep_store().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_bookmarks_set(struct envoi_session *session,
	const struct envoi_bookmarks_room *room, envoi_pep_fn *done, void *user);

/**
 * Remove a bookmark from the stores that contain it.
 * @retval ENVOI_ERR_NOT_FOUND  there is none
 * Other parameters and errors as for envoi_bookmarks_set().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_bookmarks_remove(
	struct envoi_session *session, const struct envoi_jid *jid, envoi_pep_fn *done, void *user);

/* --- payloads --- */

/** A bookmark, in the form of either store. */
struct envoi_bookmarks_conference {
	/** of a bookmark in private storage; NULL: the address is the id of the item */
	struct envoi_jid *jid;
	char *name;
	bool autojoin;
	char *nick;
	char *password;
	struct envoi_element *extensions;
};
/** Describes struct envoi_bookmarks_conference, an item of the node (section 2). */
ENVOI_API extern const struct envoi_payload_type envoi_bookmarks_conference_type;
/** Describes struct envoi_bookmarks_conference, a child of the element `storage` (XEP-0048). */
ENVOI_API extern const struct envoi_payload_type envoi_bookmarks_old_conference_type;

#ifdef __cplusplus
}
#endif
#endif
