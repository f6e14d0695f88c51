/*
 * envoi - Message Archive Management: the extension
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/mam.h>

#include <limits.h>

#include <envoi/delivery.h>
#include <envoi/ext/carbons.h>
#include <envoi/ext/stanza_ids.h>

#include "mam_parts.h"

static const struct envoi_handler_impl mam_impl;

static struct envoi__mam *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct envoi__mam, handler);
}

static struct envoi__mam *find(const struct envoi_session *session)
{
	struct envoi_handler *handler = envoi_session_find(session, mam_impl.name);
	return handler != NULL && handler->impl == &mam_impl ? from_handler(handler) : NULL;
}

static void refuse(struct envoi__mam *mam, const struct envoi_stanza *wrapper)
{
	mam->refused++;
	if (mam->refused == 1) { /* a stranger can send them for ever */
		const char *from = envoi_stanza_from_text(wrapper);
		envoi_log(mam->context, ENVOI_LOG_WARNING, ENVOI_LOG_SESSION,
			"items of archives are refused, the first one from %s",
			from == NULL ? "the account" : from);
	}
}

static int on_result(struct envoi_handler *handler, struct envoi_delivery *in)
{
	struct envoi__mam *self = from_handler(handler);
	const struct envoi_mam_result *result = envoi_delivery_payload(in, &envoi_mam_result_type);
	const struct envoi_stanza *wrapper = envoi_delivery_stanza(in);
	if (!envoi__mam_query_take(self, wrapper, result)) {
		refuse(self, wrapper);
	}
	return ENVOI_STOP;
}

static int on_message(struct envoi_handler *handler, struct envoi_delivery *in)
{
	envoi__mam_sync_note(from_handler(handler), envoi_delivery_stanza(in));
	return ENVOI_DECLINED;
}

static void on_copy(struct envoi_handler *handler, const struct envoi_event *event)
{
	const struct envoi_carbons_copy *copy = event->data;
	envoi__mam_sync_note(from_handler(handler), copy->message);
}

static void restore(struct envoi_handler *handler, struct envoi_session *session, bool is_resumed)
{
	(void)session;
	if (!is_resumed) {
		envoi__mam_sync_restore(from_handler(handler));
	}
}

/* Before all other rows: what is around an item is no message for the user. */
static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE,
		.payload = &envoi_mam_result_type,
		.handle = on_result,
		.priority = INT_MAX},
	{.kind = ENVOI_MESSAGE,
		.ns = ENVOI_NS_STANZA_IDS,
		.name = "stanza-id",
		.handle = on_message,
		.priority = INT_MAX},
	ENVOI_ROWS_END,
};
static const struct envoi_custom_event_row custom_events[] = {
	{ENVOI_CARBONS_COPY, on_copy, false},
	ENVOI_ROWS_END,
};

static void destroy(struct envoi_handler *handler)
{
	struct envoi__mam *self = from_handler(handler);
	struct envoi_context *context = self->context;
	envoi__mam_sync_detach_all(self);
	envoi__mam_query_end_all(self);
	for (size_t i = 0; i < ENVOI__MAM_OFFERS; i++) {
		envoi_jid_unref(self->offers[i].archive);
	}
	envoi_free(context, self);
	envoi_context_unref(context);
}

static const struct envoi_handler_impl mam_impl = {
	.name = "mam",
	.stanzas = stanzas,
	.custom_events = custom_events,
	.restore = restore,
	.destroy = destroy,
};

static int make(struct envoi_handler **ret_handler, struct envoi_session *session)
{
	struct envoi_context *context = envoi_session_context(session);
	struct envoi__mam *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->handler.impl = &mam_impl;
	self->context = envoi_context_ref(context);
	self->session = session;
	*ret_handler = &self->handler;
	return ENVOI_OK;
}

const struct envoi_extension envoi_mam_extension = {.name = "mam", .make = make};

uint64_t envoi_mam_refused(const struct envoi_session *session)
{
	const struct envoi__mam *self = find(session);
	return self == NULL ? 0 : self->refused;
}

int envoi_mam_fetch(struct envoi_session *session, const struct envoi_mam_query_options *options,
	const struct envoi_mam_events *events, void *user, struct envoi_mam_query **ret_query)
{
	struct envoi__mam *self = find(session);
	if (!envoi__mam_query_is_valid(options, events)) {
		return ENVOI_ERR_INVALID;
	}
	return self == NULL ? ENVOI_ERR_STATE
			    : envoi__mam_fetch(self, options, events, user, ret_query);
}

int envoi_mam_sync_new(struct envoi_mam_sync **ret_sync, struct envoi_session *session,
	const struct envoi_mam_sync_options *options, const char *cursor,
	const struct envoi_mam_events *events, void *user)
{
	struct envoi__mam *self = find(session);
	if (events == NULL || events->item == NULL || events->end == NULL) {
		return ENVOI_ERR_INVALID;
	}
	return self == NULL ? ENVOI_ERR_STATE
			    : envoi__mam_sync_new(ret_sync, self, options, cursor, events, user);
}
