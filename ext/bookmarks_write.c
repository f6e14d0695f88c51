/*
 * envoi - bookmarks: writing
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/ext/private_storage.h>
#include <envoi/ext/pubsub.h>
#include <envoi/request.h>

#include "bookmarks_inside.h"

/** A change on its way: first in the node, then in private storage. */
struct writing {
	struct envoi_context *context;
	struct envoi_session *session; /* while a step ends otherwise than canceled */
	struct envoi_jid *jid;
	struct envoi_element *item; /* for the node; NULL: it is removed there */
	struct envoi_element *values; /* for private storage; NULL: it is removed there */
	struct envoi_element *storage; /* as it was written */
	bool in_node, in_storage; /* still to be written there */
	envoi_pep_fn *done;
	void *user;
};

static void writing_free(struct writing *writing)
{
	struct envoi_context *context = writing->context;
	envoi_jid_unref(writing->jid);
	envoi_element_unref(writing->item);
	envoi_element_unref(writing->values);
	envoi_element_unref(writing->storage);
	envoi_free(context, writing);
	envoi_context_unref(context);
}

/* Everything may be freed in the function of the program. */
static void end(struct writing *writing, int code, const char *text)
{
	envoi_pep_fn *done = writing->done;
	void *user = writing->user;
	writing_free(writing);
	done(user, code, text);
}

/* --- elements --- */

static void set_text(struct envoi_element *conference, const char *name, const char *text)
{
	envoi_element_remove(envoi_element_child(conference, NULL, name));
	(void)envoi_element_add_with_text(conference, NULL, name, text);
}

/**
 * Make an element with the values of a bookmark; the rest is as in another one.
 * @param before  NULL: none
 */
static int build(struct envoi_element **ret_element, struct envoi_context *context, const char *ns,
	const struct envoi_element *before, const struct envoi_bookmarks_room *room)
{
	struct envoi_element *element = before != NULL
		? envoi_element_dup(before)
		: envoi_element_new(context, ns, "conference");
	envoi_element_set(element, "name", room->name);
	envoi_element_set(element, "autojoin", room->autojoin ? "true" : NULL);
	if (strcmp(ns, ENVOI_NS_BOOKMARKS_OLD) == 0) {
		envoi_element_set(element, "jid", envoi_jid_text(room->jid));
	}
	set_text(element, "nick", room->nick);
	set_text(element, "password", room->password);
	if (room->extensions != NULL && strcmp(ns, ENVOI_NS_BOOKMARKS) == 0) {
		envoi_element_remove(envoi_element_child(element, NULL, "extensions"));
		(void)envoi_element_add_copy(element, room->extensions);
	}
	int r = envoi_element_error(element);
	if (r < 0) {
		envoi_element_unref(element);
		return r;
	}
	*ret_element = element;
	return ENVOI_OK;
}

/* Others in the element stay, in their order; that of the room goes to the end. */
static int build_storage(struct writing *writing, const struct envoi_element *before)
{
	struct envoi_element *storage = before != NULL
		? envoi_element_dup(before)
		: envoi_element_new(writing->context, ENVOI_NS_BOOKMARKS_OLD, "storage");
	struct envoi_element *old;
	while (envoi_element_error(storage) == ENVOI_OK &&
		(old = envoi__bookmarks_in_storage(writing->context, storage, writing->jid)) !=
			NULL) {
		envoi_element_remove(old);
	}
	if (writing->values != NULL) {
		(void)envoi_element_add_copy(storage, writing->values);
	}
	int r = envoi_element_error(storage);
	if (r < 0) {
		envoi_element_unref(storage);
		return r;
	}
	envoi_element_unref(writing->storage);
	writing->storage = storage;
	return ENVOI_OK;
}

/* --- private storage --- */

static void on_storage_set(void *user, const struct envoi_answer *answer)
{
	struct writing *writing = user;
	struct envoi__bookmarks *self = envoi_answer_ok(answer)
		? envoi__bookmarks_of(writing->session)
		: NULL;
	if (self != NULL) {
		(void)envoi__bookmarks_keep(
			self, writing->jid, ENVOI__BOOKMARK_OLD, writing->values);
	}
	end(writing, envoi_answer_code(answer), envoi_answer_text(answer));
}

/* It is read before it is written: another client may have changed it. */
static void on_storage(void *user, const struct envoi_answer *answer)
{
	struct writing *writing = user;
	if (!envoi_answer_ok(answer)) {
		end(writing, envoi_answer_code(answer), envoi_answer_text(answer));
		return;
	}
	int r = build_storage(writing,
		envoi_private_storage_find(
			envoi_answer_payload(answer), ENVOI_NS_BOOKMARKS_OLD, "storage"));
	if (r == ENVOI_OK) {
		r = envoi_private_storage_set(
			writing->session, writing->storage, 0, on_storage_set, writing, NULL);
	}
	if (r < 0) {
		end(writing, r, envoi_error_text(r));
	}
}

static int write_storage(struct writing *writing)
{
	return envoi_private_storage_get(
		writing->session, ENVOI_NS_BOOKMARKS_OLD, "storage", 0, on_storage, writing, NULL);
}

/* --- the node --- */

static void on_item(void *user, int code, const char *text)
{
	struct writing *writing = user;
	struct envoi__bookmarks *self = code == ENVOI_OK ? envoi__bookmarks_of(writing->session)
							 : NULL;
	if (self != NULL) {
		(void)envoi__bookmarks_keep(
			self, writing->jid, ENVOI__BOOKMARK_ITEM, writing->item);
	}
	if (code == ENVOI_OK && writing->in_storage) {
		code = write_storage(writing);
		if (code == ENVOI_OK) {
			return;
		}
		text = envoi_error_text(code);
	}
	end(writing, code, text);
}

/* Sections 3.5 and 4: an item that is gone is removed. */
static void on_retracted(void *user, const struct envoi_answer *answer)
{
	const struct envoi_stanza_error *error = envoi_answer_error(answer);
	bool is_gone = error != NULL && error->condition == ENVOI_ITEM_NOT_FOUND;
	on_item(user, is_gone ? ENVOI_OK : envoi_answer_code(answer), envoi_answer_text(answer));
}

static int write_item(struct writing *writing)
{
	static const struct envoi_pep_node node = {
		.name = ENVOI_NS_BOOKMARKS, .access = ENVOI_PEP_PRIVATE};
	const char *id = envoi_jid_text(writing->jid);
	return writing->item != NULL
		? envoi_pep_store(writing->session, &node, id, writing->item, on_item, writing)
		: envoi_pubsub_retract(writing->session, NULL, ENVOI_NS_BOOKMARKS, id, true,
			  on_retracted, writing);
}

/* --- for programs --- */

static struct writing *writing_new(struct envoi_session *session, const struct envoi_jid *jid,
	const struct envoi__bookmark *bookmark)
{
	struct envoi_context *context = envoi_session_context(session);
	struct writing *writing = envoi_alloc_zeroed(context, sizeof(*writing));
	if (writing != NULL) {
		writing->context = envoi_context_ref(context);
		writing->session = session;
		writing->jid = envoi_jid_ref(jid);
		writing->in_node = bookmark == NULL || bookmark->item != NULL;
		writing->in_storage = bookmark != NULL && bookmark->old != NULL;
	}
	return writing;
}

static int begin(struct writing *writing, envoi_pep_fn *done, void *user)
{
	writing->done = done;
	writing->user = user;
	int r = writing->in_node ? write_item(writing) : write_storage(writing);
	if (r < 0) {
		writing_free(writing);
	}
	return r;
}

static int fill(struct writing *writing, const struct envoi__bookmark *bookmark,
	const struct envoi_bookmarks_room *room)
{
	int r = ENVOI_OK;
	if (writing->in_node) {
		r = build(&writing->item, writing->context, ENVOI_NS_BOOKMARKS,
			bookmark == NULL ? NULL : bookmark->item, room);
	}
	if (r == ENVOI_OK && writing->in_storage) {
		r = build(&writing->values, writing->context, ENVOI_NS_BOOKMARKS_OLD, bookmark->old,
			room);
	}
	return r;
}

int envoi_bookmarks_set(struct envoi_session *session, const struct envoi_bookmarks_room *room,
	envoi_pep_fn *done, void *user)
{
	const struct envoi__bookmarks *self = envoi__bookmarks_of(session);
	if (room == NULL || room->jid == NULL || !envoi_jid_is_bare(room->jid)) {
		return ENVOI_ERR_INVALID;
	}
	if (self == NULL || !self->is_read) {
		return ENVOI_ERR_STATE;
	}
	const struct envoi__bookmark *bookmark = envoi__bookmarks_find(self, room->jid);
	struct writing *writing = writing_new(session, room->jid, bookmark);
	if (writing == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = fill(writing, bookmark, room);
	if (r < 0) {
		writing_free(writing);
		return r;
	}
	return begin(writing, done, user);
}

int envoi_bookmarks_remove(
	struct envoi_session *session, const struct envoi_jid *jid, envoi_pep_fn *done, void *user)
{
	const struct envoi__bookmarks *self = envoi__bookmarks_of(session);
	if (jid == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (self == NULL || !self->is_read) {
		return ENVOI_ERR_STATE;
	}
	const struct envoi__bookmark *bookmark = envoi__bookmarks_find(self, jid);
	if (bookmark == NULL) {
		return ENVOI_ERR_NOT_FOUND;
	}
	struct writing *writing = writing_new(session, jid, bookmark);
	return writing == NULL ? ENVOI_ERR_NOMEM : begin(writing, done, user);
}
