/*
 * envoi - XEP-0402: PEP Native Bookmarks, version 1.2.0
 * SPDX-License-Identifier: MIT
 *
 * Reading. bookmarks_write.c writes.
 */
#include <envoi/ext/bookmarks.h>

#include <string.h>

#include <envoi/context.h>
#include <envoi/delivery.h>
#include <envoi/ext/disco.h>
#include <envoi/ext/private_storage.h>
#include <envoi/ext/pubsub.h>
#include <envoi/request.h>

#include "bookmarks_inside.h"

static const struct envoi_handler_impl bookmarks_impl;

static struct envoi__bookmarks *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct envoi__bookmarks, handler);
}

struct envoi__bookmarks *envoi__bookmarks_of(const struct envoi_session *session)
{
	struct envoi_handler *handler = envoi_session_find(session, bookmarks_impl.name);
	return handler != NULL && handler->impl == &bookmarks_impl ? from_handler(handler) : NULL;
}

/* Everything may be freed in the rows of the program. */
static void post(struct envoi_session *session, enum envoi_bookmarks_change change)
{
	(void)envoi_session_emit(session, ENVOI_BOOKMARKS_CHANGED, &change);
}

/* --- items of the node --- */

/* What is not held makes the list incomplete. */
static void note(struct envoi__bookmarks *self, int r)
{
	if (r < 0) {
		self->is_complete = false;
		envoi_log(self->context, ENVOI_LOG_WARNING, ENVOI_LOG_EXT,
			"not all bookmarks are held: %s", envoi_error_text(r));
	}
}

/* The id of an item is the address of the room. @param element NULL: it was retracted */
static void keep_item(struct envoi__bookmarks *self, const char *id, struct envoi_element *element)
{
	struct envoi_jid *jid = NULL;
	int r = id == NULL ? ENVOI_DECLINED : envoi_jid_parse(&jid, self->context, id, strlen(id));
	if (r == ENVOI_OK && envoi_jid_is_bare(jid)) {
		r = envoi__bookmarks_keep(self, jid, ENVOI__BOOKMARK_ITEM, element);
	}
	if (r == ENVOI_ERR_NOMEM || r == ENVOI_ERR_LIMIT) {
		note(self, r);
	}
	envoi_jid_unref(jid);
}

static void keep_items(struct envoi__bookmarks *self, const struct envoi_pubsub_items *items)
{
	for (size_t i = 0; i < items->item_count; i++) {
		keep_item(self, items->items[i].id, items->items[i].payload);
	}
	for (size_t i = 0; i < items->retracted_count; i++) {
		keep_item(self, items->retracted[i].id, NULL);
	}
}

/* --- reading: section 3.2 --- */

static bool has_ended(const struct envoi_answer *answer)
{
	int code = envoi_answer_code(answer);
	return code == ENVOI_ERR_CANCELED || code == ENVOI_ERR_DISCONNECTED;
}

static void end_reading(struct envoi__bookmarks *self, struct envoi_session *session)
{
	self->is_read = self->has_items;
	post(session, self->is_complete ? ENVOI_BOOKMARKS_FETCHED : ENVOI_BOOKMARKS_FAILED);
}

/* No such store: no bookmarks in it. */
static bool is_missing(const struct envoi_answer *answer)
{
	const struct envoi_stanza_error *error = envoi_answer_error(answer);
	return error != NULL &&
		(error->condition == ENVOI_ITEM_NOT_FOUND ||
			error->condition == ENVOI_SERVICE_UNAVAILABLE ||
			error->condition == ENVOI_FEATURE_NOT_IMPLEMENTED);
}

static void on_storage(void *user, const struct envoi_answer *answer)
{
	struct envoi_session *session = user;
	struct envoi__bookmarks *self = has_ended(answer) ? NULL : envoi__bookmarks_of(session);
	if (self == NULL) {
		return;
	}
	const struct envoi_element *storage = envoi_private_storage_find(
		envoi_answer_payload(answer), ENVOI_NS_BOOKMARKS_OLD, "storage");
	envoi__bookmarks_clear(self, ENVOI__BOOKMARK_OLD);
	self->is_complete = self->is_complete && (envoi_answer_ok(answer) || is_missing(answer));
	if (storage != NULL) {
		note(self, envoi__bookmarks_keep_storage(self, storage));
	}
	end_reading(self, session);
}

static void read_storage(struct envoi__bookmarks *self, struct envoi_session *session)
{
	int r = self->is_compat ? ENVOI_DECLINED
				: envoi_private_storage_get(session, ENVOI_NS_BOOKMARKS_OLD,
					  "storage", 0, on_storage, session, NULL);
	if (r != ENVOI_OK) {
		note(self, r);
		end_reading(self, session);
	}
}

static void on_items(void *user, const struct envoi_answer *answer)
{
	struct envoi_session *session = user;
	struct envoi__bookmarks *self = has_ended(answer) ? NULL : envoi__bookmarks_of(session);
	if (self == NULL) {
		return;
	}
	const struct envoi_pubsub *pubsub = envoi_answer_payload(answer);
	envoi__bookmarks_clear(self, ENVOI__BOOKMARK_ITEM);
	self->has_items = self->is_complete = pubsub != NULL || is_missing(answer);
	if (pubsub != NULL && pubsub->items != NULL) {
		keep_items(self, pubsub->items);
	}
	read_storage(self, session);
}

static void read_items(struct envoi__bookmarks *self, struct envoi_session *session)
{
	int r = envoi_pubsub_items_get(
		session, NULL, ENVOI_NS_BOOKMARKS, NULL, 0, 0, NULL, on_items, session);
	if (r < 0) {
		note(self, r);
		end_reading(self, session);
	}
}

static void on_info(void *user, const struct envoi_answer *answer)
{
	struct envoi_session *session = user;
	struct envoi__bookmarks *self = has_ended(answer) ? NULL : envoi__bookmarks_of(session);
	if (self != NULL) {
		self->is_compat = envoi_disco_has_feature(
			envoi_answer_payload(answer), ENVOI_NS_BOOKMARKS_COMPAT);
		read_items(self, session);
	}
}

/* Section 5.3: the feature is the account's. */
static void restore(struct envoi_handler *handler, struct envoi_session *session, bool is_resumed)
{
	struct envoi__bookmarks *self = from_handler(handler);
	struct envoi_jid *own;
	if (is_resumed) {
		return;
	}
	envoi__bookmarks_clear(self, ENVOI__BOOKMARK_ITEM); /* they may be another account's */
	envoi__bookmarks_clear(self, ENVOI__BOOKMARK_OLD);
	self->has_items = self->is_read = self->is_complete = self->is_compat = false;
	int r = envoi_jid_bare(&own, envoi_session_jid(session));
	if (r == ENVOI_OK) {
		r = envoi_disco_info_get(
			session, envoi_jid_text(own), NULL, 0, on_info, session, NULL);
		envoi_jid_unref(own);
	}
	if (r < 0) {
		envoi_log(self->context, ENVOI_LOG_WARNING, ENVOI_LOG_EXT,
			"bookmarks were not requested: %s", envoi_error_text(r));
	}
}

/* --- changes by other clients: section 4 --- */

static int on_event(struct envoi_handler *handler, struct envoi_delivery *in)
{
	struct envoi__bookmarks *self = from_handler(handler);
	struct envoi_session *session = envoi_delivery_session(in);
	const struct envoi_pubsub_event *event = envoi_delivery_payload(
		in, &envoi_pubsub_event_type);
	const char *node = envoi_pubsub_event_node(event);
	if (!envoi_session_is_from_account(session, envoi_delivery_stanza(in)) || node == NULL ||
		strcmp(node, ENVOI_NS_BOOKMARKS) != 0) {
		return ENVOI_OK;
	}
	if (event->items != NULL) {
		keep_items(self, event->items);
	} else if (event->purged != NULL || event->deleted != NULL) {
		envoi__bookmarks_clear(self, ENVOI__BOOKMARK_ITEM);
	}
	post(session, ENVOI_BOOKMARKS_UPDATED);
	return ENVOI_OK;
}

/* --- the handler --- */

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .payload = &envoi_pubsub_event_type, .handle = on_event},
	ENVOI_ROWS_END,
};
static const char *const uris[] = {ENVOI_NS_BOOKMARKS "+notify", NULL};

static void destroy(struct envoi_handler *handler)
{
	struct envoi__bookmarks *self = from_handler(handler);
	struct envoi_context *context = self->context;
	envoi__bookmarks_clear(self, ENVOI__BOOKMARK_ITEM);
	envoi__bookmarks_clear(self, ENVOI__BOOKMARK_OLD);
	envoi_free(context, self->list);
	envoi_free(context, self);
	envoi_context_unref(context);
}

static const struct envoi_handler_impl bookmarks_impl = {
	.name = "bookmarks",
	.stanzas = stanzas,
	.uris = uris,
	.restore = restore,
	.destroy = destroy,
};

static int make(struct envoi_handler **ret_handler, struct envoi_session *session)
{
	struct envoi_context *context = envoi_session_context(session);
	struct envoi__bookmarks *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->handler.impl = &bookmarks_impl;
	self->context = envoi_context_ref(context);
	if (envoi_session_is_online(session)) {
		restore(&self->handler, session, false);
	}
	*ret_handler = &self->handler;
	return ENVOI_OK;
}

const struct envoi_extension envoi_bookmarks_extension = {.name = "bookmarks", .make = make};

/* --- for programs --- */

bool envoi_bookmarks_is_complete(const struct envoi_session *session)
{
	const struct envoi__bookmarks *self = envoi__bookmarks_of(session);
	return self != NULL && self->is_read && self->is_complete;
}

const struct envoi_bookmarks_room *envoi_bookmarks_next(
	const struct envoi_session *session, size_t *position)
{
	const struct envoi__bookmarks *self = envoi__bookmarks_of(session);
	return self == NULL || *position >= self->count ? NULL : &self->list[(*position)++]->view;
}

const struct envoi_bookmarks_room *envoi_bookmarks_find(
	const struct envoi_session *session, const struct envoi_jid *jid)
{
	const struct envoi__bookmarks *self = envoi__bookmarks_of(session);
	const struct envoi__bookmark *bookmark = self == NULL || jid == NULL
		? NULL
		: envoi__bookmarks_find(self, jid);
	return bookmark == NULL ? NULL : &bookmark->view;
}
