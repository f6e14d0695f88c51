/*
 * envoi - entity capabilities: of others
 * SPDX-License-Identifier: MIT
 *
 * Private headers: a hash map and a list, of which there are no public ones.
 */
#include <envoi/context.h>
#include <envoi/delivery.h>

#include "caps_entities.h"

static const struct envoi_handler_impl entities_impl;

static struct envoi__caps_entities *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct envoi__caps_entities, handler);
}

static struct envoi__caps_entities *find(const struct envoi_session *session)
{
	struct envoi_handler *handler = envoi_session_find(session, entities_impl.name);
	return handler != NULL && handler->impl == &entities_impl ? from_handler(handler) : NULL;
}

/* --- presence --- */

static int on_available(struct envoi_handler *handler, struct envoi_delivery *in)
{
	const struct envoi_stanza *presence = envoi_delivery_stanza(in);
	if (envoi_stanza_from(presence) != NULL) {
		envoi__caps_take(from_handler(handler), presence);
	}
	return ENVOI_OK;
}

static int on_unavailable(struct envoi_handler *handler, struct envoi_delivery *in)
{
	struct envoi__caps_entities *self = from_handler(handler);
	const struct envoi_jid *from = envoi_stanza_from(envoi_delivery_stanza(in));
	if (from != NULL) {
		envoi__caps_drop(self, envoi__caps_find_entity(self, envoi_jid_text(from)));
	}
	return ENVOI_OK;
}

static void on_ended(struct envoi_handler *handler, const struct envoi_event *event)
{
	(void)event;
	envoi__caps_drop_all(from_handler(handler));
}

/* --- the handler --- */

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_AVAILABLE, .handle = on_available},
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_UNAVAILABLE, .handle = on_unavailable},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_ENDED, on_ended},
	ENVOI_ROWS_END,
};

static void destroy(struct envoi_handler *handler)
{
	struct envoi__caps_entities *self = from_handler(handler);
	struct envoi_context *context = self->context;
	envoi__caps_cancel_lookups(self);
	envoi__caps_drop_all(self);
	envoi__map_finish(&self->by_jid);
	envoi_caps_cache_unref(self->cache);
	envoi_free(context, self);
	envoi_context_unref(context);
}

static const struct envoi_handler_impl entities_impl = {
	.name = "caps_entities",
	.stanzas = stanzas,
	.events = events,
	.destroy = destroy,
};

static int make(struct envoi_handler **ret_handler, struct envoi_session *session)
{
	struct envoi_context *context = envoi_session_context(session);
	struct envoi__caps_entities *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->handler.impl = &entities_impl;
	self->context = envoi_context_ref(context);
	self->session = session;
	envoi__map_init(&self->by_jid, context);
	envoi__list_init(&self->contacts);
	envoi__list_init(&self->others);
	envoi__list_init(&self->lookups);
	*ret_handler = &self->handler;
	return ENVOI_OK;
}

const struct envoi_extension envoi_caps_entities_extension = {
	.name = "caps_entities", .make = make};

/* --- for programs --- */

const struct envoi_disco_info *envoi_caps_find(
	struct envoi_session *session, const struct envoi_jid *jid)
{
	struct envoi__caps_entities *self = find(session);
	return self == NULL || jid == NULL
		? NULL
		: envoi__caps_find_known(self, envoi__caps_find_entity(self, envoi_jid_text(jid)));
}

int envoi_caps_get(struct envoi_session *session, const struct envoi_jid *jid,
	const struct envoi_disco_info **ret_info, envoi_caps_fn *done, void *user)
{
	struct envoi__caps_entities *self = find(session);
	if (self == NULL || jid == NULL) {
		return jid == NULL ? ENVOI_ERR_INVALID : ENVOI_ERR_STATE;
	}
	*ret_info = envoi_caps_find(session, jid);
	return *ret_info != NULL ? ENVOI_OK : envoi__caps_look_up(self, jid, done, user);
}

int envoi_caps_set_cache(struct envoi_session *session, struct envoi_caps_cache *cache)
{
	struct envoi__caps_entities *self = find(session);
	if (self == NULL) {
		return ENVOI_ERR_STATE;
	}
	if (cache != NULL && envoi__caps_cache_context(cache) != self->context) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_caps_cache *old = self->cache;
	self->cache = cache == NULL ? NULL : envoi_caps_cache_ref(cache);
	envoi_caps_cache_unref(old);
	return ENVOI_OK;
}
