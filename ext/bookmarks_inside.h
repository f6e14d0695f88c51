/*
 * envoi - bookmarks: what their files share
 * SPDX-License-Identifier: MIT
 *
 *	bookmarks_list.c   payloads, the list
 *	bookmarks.c        the extension: reading
 *	bookmarks_write.c  writing
 */
#ifndef ENVOI_BOOKMARKS_INSIDE_H
#define ENVOI_BOOKMARKS_INSIDE_H

#include <envoi/ext/bookmarks.h>

/** A room with the elements that it was found in; one at least. The view points into them. */
struct envoi__bookmark {
	struct envoi_bookmarks_room view;
	struct envoi_jid *jid;
	struct envoi_element *item; /* of the node; NULL: not there */
	struct envoi_element *old; /* of private storage; NULL: not there */
};

struct envoi__bookmarks {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi__bookmark **list; /* sorted by address */
	size_t count, room;
	bool is_compat; /* the server keeps both stores alike */
	bool has_items; /* the node was read, or there is none */
	bool is_read; /* both stores were asked, and has_items */
	bool is_complete;
};

/** Where a bookmark stands. */
enum envoi__bookmark_store {
	ENVOI__BOOKMARK_ITEM,
	ENVOI__BOOKMARK_OLD,
};

/* --- bookmarks_list.c --- */

/** @return NULL: there is none */
struct envoi__bookmark *envoi__bookmarks_find(
	const struct envoi__bookmarks *self, const struct envoi_jid *jid);
/**
 * Keep what a store has of a room, in place of what it had.
 * @param element  not changed any more; a reference is taken; NULL: the store has none
 * @retval ENVOI_DECLINED   it is malformed: as NULL
 * @retval ENVOI_ERR_LIMIT, ENVOI_ERR_NOMEM  it is not held
 */
int envoi__bookmarks_keep(struct envoi__bookmarks *self, const struct envoi_jid *jid,
	enum envoi__bookmark_store store, struct envoi_element *element);
/** Drop all that a store had. */
void envoi__bookmarks_clear(struct envoi__bookmarks *self, enum envoi__bookmark_store store);
/** Take the conferences of the element `storage`. @return as envoi__bookmarks_keep() */
int envoi__bookmarks_keep_storage(
	struct envoi__bookmarks *self, const struct envoi_element *storage);
/** @return the conference of a room in the element `storage`; NULL: there is none */
struct envoi_element *envoi__bookmarks_in_storage(struct envoi_context *context,
	const struct envoi_element *storage, const struct envoi_jid *jid);

/* --- bookmarks.c --- */

/** @return NULL: the session does not use the extension */
struct envoi__bookmarks *envoi__bookmarks_of(const struct envoi_session *session);

#endif
