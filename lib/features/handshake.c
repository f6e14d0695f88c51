/*
 * envoi - the handshake of components, initiating side (XEP-0114, section 3)
 * SPDX-License-Identifier: MIT
 */
#include "features/handshake.h"

#include <string.h>

#include <envoi/interfaces/features.h>
#include <envoi/values.h>

#include "base/context.h"
#include "sasl/scram.h"
#include "stanza/own_handler.h"

struct handshake {
	struct envoi__own_handler own;
	char *secret;
};

struct state {
	bool is_sent;
};

/* --- the proof --- */

int envoi__handshake_hash(char ret_hash[ENVOI__HANDSHAKE_SIZE], struct envoi_context *context,
	const char *stream_id, const char *secret)
{
	unsigned char digest[ENVOI__SCRAM_LARGEST_HASH];
	struct envoi_buffer both;
	envoi_buffer_init(&both, context, 0);
	int r = envoi_buffer_printf(&both, "%s%s", stream_id, secret);
	if (r == ENVOI_OK) {
		r = envoi__scram_digest(ENVOI__SCRAM_SHA_1, envoi_buffer_data(&both),
			envoi_buffer_len(&both), digest);
	}
	if (r == ENVOI_OK) {
		envoi_hex_encode(ret_hash, digest, envoi__scram_hash_size(ENVOI__SCRAM_SHA_1));
	}
	envoi_buffer_wipe(&both);
	envoi__wipe(digest, sizeof(digest));
	return r;
}

/* In the content namespace of the stream: see envoi_stream_send_element(). */
int envoi__handshake_send(struct envoi_stream *stream, const char *hash)
{
	struct envoi_element *element = envoi_element_new(
		envoi_stream_context(stream), ENVOI_NS_CLIENT, "handshake");
	if (hash != NULL) {
		envoi_element_add_text(element, hash);
	}
	int r = envoi_stream_send_element(stream, element);
	envoi_element_unref(element);
	return r;
}

/* --- the exchange --- */

static struct handshake *from_handler(struct envoi_handler *self)
{
	return ENVOI_CONTAINER_OF(self, struct handshake, own.handler);
}

static int negotiate(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)offer;
	(void)features;
	struct state *state = envoi_stream_feature_state(stream, self);
	char hash[ENVOI__HANDSHAKE_SIZE];
	int r = envoi__handshake_hash(hash, envoi_stream_context(stream), envoi_stream_id(stream),
		from_handler(self)->secret);
	if (r == ENVOI_OK) {
		r = envoi__handshake_send(stream, hash);
	}
	envoi__wipe(hash, sizeof(hash));
	if (r < 0) {
		return r;
	}
	state->is_sent = true;
	return ENVOI_AGAIN;
}

static int take_answer(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)element;
	const struct state *state = envoi_stream_feature_state(stream, self);
	if (!state->is_sent) {
		return ENVOI_DECLINED;
	}
	envoi_stream_feature_done(
		stream, self, ENVOI_STREAM_AUTHENTICATED, ENVOI_NEXT_FEATURE, "handshake");
	return ENVOI_OK;
}

/* --- the handler --- */

static const struct envoi_stream_feature feature = {
	.ns = ENVOI_NS_COMPONENT,
	.name = "handshake",
	.order = ENVOI_ORDER_SASL,
	.forbidden = ENVOI_STREAM_AUTHENTICATED,
	.phase = ENVOI_PHASE_SASL,
	.state_size = sizeof(struct state),
	.negotiate = negotiate,
};

static const struct envoi_stream_element_row rows[] = {
	{
		.ns = ENVOI_NS_COMPONENT,
		.name = "handshake",
		.roles = 1u << ENVOI_INITIATOR,
		.forbidden = ENVOI_STREAM_AUTHENTICATED,
		.handle = take_answer,
	},
	{.name = NULL},
};

static void destroy(struct envoi_handler *self)
{
	struct handshake *handshake = from_handler(self);
	envoi__free_secret(handshake->own.context, handshake->secret);
	envoi__own_handler_free(self);
}

static const struct envoi_handler_impl handshake_impl = {
	.name = "handshake",
	.stream_feature = &feature,
	.stream_elements = rows,
	.destroy = destroy,
};

int envoi_handshake_new(
	struct envoi_handler **ret_handler, struct envoi_context *context, const char *secret)
{
	if (secret == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct handshake *handshake = envoi__own_handler_new(
		sizeof(*handshake), &handshake_impl, context);
	if (handshake == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	handshake->secret = envoi_strndup(context, secret, strlen(secret));
	if (handshake->secret == NULL) {
		destroy(&handshake->own.handler);
		return ENVOI_ERR_NOMEM;
	}
	*ret_handler = &handshake->own.handler;
	return ENVOI_OK;
}
