/*
 * envoi - bookmarks: payloads, the list
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "bookmarks_inside.h"

enum {
	FIRST_ROOM = 16,
};

/* --- payloads --- */

#define COMMON_FIELDS \
	ENVOI_ATTR_TEXT(struct envoi_bookmarks_conference, name, "name"), \
		ENVOI_ATTR_BOOL( \
			struct envoi_bookmarks_conference, autojoin, "autojoin", ENVOI_LENIENT), \
		ENVOI_CHILD_TEXT(struct envoi_bookmarks_conference, nick, "nick"), \
		ENVOI_CHILD_TEXT(struct envoi_bookmarks_conference, password, "password")

static const struct envoi_field conference_fields[] = {
	COMMON_FIELDS,
	ENVOI_CHILD_ELEMENT(struct envoi_bookmarks_conference, extensions, "extensions"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_bookmarks_conference_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_bookmarks_conference, ENVOI_NS_BOOKMARKS, "conference", conference_fields);

static const struct envoi_field old_fields[] = {
	COMMON_FIELDS,
	ENVOI_ATTR_JID(struct envoi_bookmarks_conference, jid, "jid", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_bookmarks_old_conference_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_bookmarks_conference, ENVOI_NS_BOOKMARKS_OLD, "conference", old_fields);

/* --- one bookmark --- */

static struct envoi_element **place_in(
	struct envoi__bookmark *bookmark, enum envoi__bookmark_store store)
{
	return store == ENVOI__BOOKMARK_ITEM ? &bookmark->item : &bookmark->old;
}

/* The struct is stored with the element. */
static int parse(const struct envoi_bookmarks_conference **ret_conference,
	const struct envoi_element *element, enum envoi__bookmark_store store)
{
	const void *value;
	int r = envoi_payload_parse(&value,
		store == ENVOI__BOOKMARK_ITEM ? &envoi_bookmarks_conference_type
					      : &envoi_bookmarks_old_conference_type,
		element, NULL);
	if (r == ENVOI_OK) {
		*ret_conference = value;
	}
	return r == ENVOI_OK || r == ENVOI_ERR_NOMEM ? r : ENVOI_DECLINED;
}

static void look(
	struct envoi__bookmark *bookmark, const struct envoi_bookmarks_conference *conference)
{
	bookmark->view = (struct envoi_bookmarks_room){
		.jid = bookmark->jid,
		.name = conference->name,
		.autojoin = conference->autojoin,
		.nick = conference->nick,
		.password = conference->password,
		.extensions = conference->extensions,
	};
}

/* What was parsed once is parsed again without memory. */
static void look_again(struct envoi__bookmark *bookmark)
{
	const struct envoi_bookmarks_conference *conference;
	enum envoi__bookmark_store store = bookmark->item != NULL ? ENVOI__BOOKMARK_ITEM
								  : ENVOI__BOOKMARK_OLD;
	struct envoi_element *element = *place_in(bookmark, store);
	bookmark->view = (struct envoi_bookmarks_room){.jid = bookmark->jid};
	if (element != NULL && parse(&conference, element, store) == ENVOI_OK) {
		look(bookmark, conference);
	}
}

static void bookmark_free(struct envoi_context *context, struct envoi__bookmark *bookmark)
{
	envoi_element_unref(bookmark->item);
	envoi_element_unref(bookmark->old);
	envoi_jid_unref(bookmark->jid);
	envoi_free(context, bookmark);
}

/* --- the list --- */

/* @return the position of the first address that is not before @p jid */
static size_t position_of(const struct envoi__bookmarks *self, const struct envoi_jid *jid)
{
	size_t first = 0, last = self->count;
	while (first < last) {
		size_t middle = first + (last - first) / 2;
		if (envoi_jid_compare(self->list[middle]->jid, jid) < 0) {
			first = middle + 1;
		} else {
			last = middle;
		}
	}
	return first;
}

struct envoi__bookmark *envoi__bookmarks_find(
	const struct envoi__bookmarks *self, const struct envoi_jid *jid)
{
	size_t at = position_of(self, jid);
	return at < self->count && envoi_jid_equal(self->list[at]->jid, jid) ? self->list[at]
									     : NULL;
}

static int make_room(struct envoi__bookmarks *self)
{
	if (self->count < self->room) {
		return ENVOI_OK;
	}
	size_t room = self->room == 0 ? FIRST_ROOM : self->room * 2;
	struct envoi__bookmark **list = envoi_realloc(
		self->context, self->list, room * sizeof(list[0]));
	if (list == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->list = list;
	self->room = room;
	return ENVOI_OK;
}

static int add(struct envoi__bookmark **ret_bookmark, struct envoi__bookmarks *self,
	const struct envoi_jid *jid)
{
	if (self->count == ENVOI_BOOKMARKS_LIMIT) {
		return ENVOI_ERR_LIMIT;
	}
	struct envoi__bookmark *bookmark = envoi_alloc_zeroed(self->context, sizeof(*bookmark));
	if (bookmark == NULL || make_room(self) < 0) {
		envoi_free(self->context, bookmark);
		return ENVOI_ERR_NOMEM;
	}
	size_t at = position_of(self, jid);
	memmove(self->list + at + 1, self->list + at, (self->count - at) * sizeof(self->list[0]));
	bookmark->jid = envoi_jid_ref(jid);
	self->list[at] = bookmark;
	self->count++;
	*ret_bookmark = bookmark;
	return ENVOI_OK;
}

static void remove_at(struct envoi__bookmarks *self, size_t at)
{
	bookmark_free(self->context, self->list[at]);
	self->count--;
	memmove(self->list + at, self->list + at + 1, (self->count - at) * sizeof(self->list[0]));
}

/* It goes with its last element. */
static void drop(struct envoi__bookmarks *self, size_t at, enum envoi__bookmark_store store)
{
	struct envoi__bookmark *bookmark = self->list[at];
	struct envoi_element **place = place_in(bookmark, store);
	*place = envoi_element_unref(*place);
	if (bookmark->item == NULL && bookmark->old == NULL) {
		remove_at(self, at);
	} else {
		look_again(bookmark);
	}
}

int envoi__bookmarks_keep(struct envoi__bookmarks *self, const struct envoi_jid *jid,
	enum envoi__bookmark_store store, struct envoi_element *element)
{
	const struct envoi_bookmarks_conference *conference = NULL;
	struct envoi__bookmark *bookmark = envoi__bookmarks_find(self, jid);
	int r = element == NULL ? ENVOI_OK : parse(&conference, element, store);
	if (r < 0) {
		return r;
	}
	if (conference == NULL) {
		if (bookmark != NULL) {
			drop(self, position_of(self, jid), store);
		}
		return r;
	}
	r = bookmark != NULL ? ENVOI_OK : add(&bookmark, self, jid);
	if (r == ENVOI_OK) {
		struct envoi_element **place = place_in(bookmark, store);
		envoi_element_unref(*place);
		*place = envoi_element_ref(element);
		look_again(bookmark);
	}
	return r;
}

void envoi__bookmarks_clear(struct envoi__bookmarks *self, enum envoi__bookmark_store store)
{
	for (size_t at = self->count; at-- > 0;) {
		drop(self, at, store);
	}
}

/* --- private storage --- */

static bool is_conference(const struct envoi_element *element)
{
	return envoi_element_is(element, ENVOI_NS_BOOKMARKS_OLD, "conference");
}

int envoi__bookmarks_keep_storage(
	struct envoi__bookmarks *self, const struct envoi_element *storage)
{
	int r = ENVOI_OK;
	struct envoi_element *child = envoi_element_first(storage);
	for (; child != NULL && r >= 0; child = envoi_element_next(child)) {
		const struct envoi_bookmarks_conference *conference;
		r = is_conference(child) ? parse(&conference, child, ENVOI__BOOKMARK_OLD)
					 : ENVOI_DECLINED;
		if (r == ENVOI_OK && envoi_jid_is_bare(conference->jid)) {
			r = envoi__bookmarks_keep(
				self, conference->jid, ENVOI__BOOKMARK_OLD, child);
		}
	}
	return r < 0 ? r : ENVOI_OK;
}

struct envoi_element *envoi__bookmarks_in_storage(struct envoi_context *context,
	const struct envoi_element *storage, const struct envoi_jid *jid)
{
	struct envoi_element *child = envoi_element_first(storage);
	for (; child != NULL; child = envoi_element_next(child)) {
		const char *text = is_conference(child) ? envoi_element_attr(child, "jid") : NULL;
		struct envoi_jid *other;
		if (text != NULL &&
			envoi_jid_parse(&other, context, text, strlen(text)) == ENVOI_OK) {
			bool is_same = envoi_jid_equal(other, jid);
			envoi_jid_unref(other);
			if (is_same) {
				return child;
			}
		}
	}
	return NULL;
}
