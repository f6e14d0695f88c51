/*
 * envoi - XEP-0202: Entity Time, version 2.0
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/entity_time.h>

#include <envoi/context.h>
#include <envoi/delivery.h>

static const struct envoi_field fields[] = {
	ENVOI_CHILD_ZONE(struct envoi_entity_time, zone_minutes, "tzo", ENVOI_REQUIRED),
	ENVOI_CHILD_DATE(struct envoi_entity_time, utc_ms, "utc", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_entity_time_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_entity_time, ENVOI_NS_ENTITY_TIME, "time", fields);

/* The request is the same element without content (section 3). */
static const struct envoi_payload_type query_type = ENVOI_PAYLOAD_EMPTY(
	ENVOI_NS_ENTITY_TIME, "time");

int envoi_entity_time_get(struct envoi_session *session, const char *to, uint64_t timeout_ms,
	envoi_answer_fn *done, void *user, struct envoi_request **ret_request)
{
	return envoi_request(session,
		envoi_request_iq(session, ENVOI_IQ_GET, to, &query_type, NULL),
		&envoi_entity_time_type, timeout_ms, done, user, ret_request);
}

struct responder {
	struct envoi_handler handler;
	struct envoi_context *context;
	int zone_minutes;
};

static struct responder *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct responder, handler);
}

static int on_query(struct envoi_handler *self, struct envoi_delivery *in)
{
	const struct responder *responder = from_handler(self);
	const struct envoi_entity_time time = {
		.utc_ms = envoi_context_wall_clock_ms(responder->context),
		.zone_minutes = responder->zone_minutes,
	};
	return envoi_reply_result(in, &envoi_entity_time_type, &time);
}

static void responder_destroy(struct envoi_handler *self)
{
	struct responder *responder = from_handler(self);
	struct envoi_context *context = responder->context;
	envoi_free(context, responder);
	envoi_context_unref(context);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_IQ_GET, .payload = &query_type, .handle = on_query},
	ENVOI_ROWS_END,
};
static const char *const uris[] = {ENVOI_NS_ENTITY_TIME, NULL};
static const struct envoi_handler_impl responder_impl = {
	.name = "entity-time",
	.stanzas = stanzas,
	.uris = uris,
	.destroy = responder_destroy,
};

int envoi_entity_time_set_zone(struct envoi_handler *handler, int zone_minutes)
{
	const struct envoi_entity_time time = {.zone_minutes = zone_minutes};
	int r = envoi_payload_check(&envoi_entity_time_type, &time, NULL);
	if (r == ENVOI_OK) {
		from_handler(handler)->zone_minutes = zone_minutes;
	}
	return r;
}

int envoi_entity_time_handler_new(
	struct envoi_handler **ret_handler, struct envoi_context *context, int zone_minutes)
{
	struct responder *responder = envoi_alloc_zeroed(context, sizeof(*responder));
	if (responder == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi_entity_time_set_zone(&responder->handler, zone_minutes);
	if (r < 0) {
		envoi_free(context, responder);
		return r;
	}
	responder->handler.impl = &responder_impl;
	responder->context = envoi_context_ref(context);
	*ret_handler = &responder->handler;
	return ENVOI_OK;
}
