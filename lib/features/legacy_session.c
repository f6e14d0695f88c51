/*
 * envoi - session establishment (RFC 3921, section 3; RFC 6121, appendix E)
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>
#include <envoi/interfaces/features.h>

#include "features/feature_payloads.h"
#include "features/iq.h"
#include "stanza/own_handler.h"

static int negotiate(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)features;
	if (offer == NULL || envoi_element_child(offer, NULL, "optional") != NULL) {
		return ENVOI_OK;
	}
	struct envoi__iq *iq = envoi_stream_feature_state(stream, self);
	int r = envoi__iq_send(stream, iq, &envoi__session_type, NULL);
	return r < 0 ? r : ENVOI_AGAIN;
}

static int take_answer(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi__iq *iq = envoi_stream_feature_state(stream, self);
	int r = envoi__iq_take_answer(stream, iq, element);
	if (r == ENVOI_OK) {
		envoi_stream_feature_done(
			stream, self, ENVOI_STREAM_SESSION, ENVOI_NEXT_FEATURE, NULL);
	}
	return r;
}

/* --- the handler --- */

static const struct envoi_stream_feature feature = {
	.ns = ENVOI_NS_SESSION,
	.name = "session",
	.order = ENVOI_ORDER_SESSION,
	.necessary = ENVOI_STREAM_BOUND,
	.forbidden = ENVOI_STREAM_SESSION,
	.phase = ENVOI_PHASE_BIND,
	.state_size = sizeof(struct envoi__iq),
	.negotiate = negotiate,
};

static const struct envoi_stream_element_row rows[] = {
	{
		.ns = ENVOI_NS_CLIENT,
		.name = "iq",
		.roles = 1u << ENVOI_INITIATOR,
		.necessary = ENVOI_STREAM_BOUND,
		.forbidden = ENVOI_STREAM_SESSION,
		.handle = take_answer,
	},
	{.name = NULL},
};

static const struct envoi_handler_impl legacy_session_impl = {
	.name = "legacy-session",
	.stream_feature = &feature,
	.stream_elements = rows,
	.destroy = envoi__own_handler_free,
};

int envoi_legacy_session_new(struct envoi_handler **ret_handler, struct envoi_context *context)
{
	struct envoi__own_handler *session = envoi__own_handler_new(
		sizeof(*session), &legacy_session_impl, context);
	if (session == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*ret_handler = &session->handler;
	return ENVOI_OK;
}
