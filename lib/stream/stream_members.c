/*
 * envoi - streams: what features and owners read and set
 * SPDX-License-Identifier: MIT
 */
#include "stream/stream.h"

#include <string.h>

void *envoi_stream_feature_state(struct envoi_stream *stream, const struct envoi_handler *handler)
{
	for (size_t i = 0; i < stream->part_count; i++) {
		if (stream->parts[i].handler == handler) {
			return stream->parts[i].state;
		}
	}
	return NULL;
}

struct envoi_context *envoi_stream_context(const struct envoi_stream *stream)
{
	return stream->context;
}

struct envoi_transport *envoi_stream_transport(const struct envoi_stream *stream)
{
	return stream->transport;
}

void envoi_stream_tls_info(const struct envoi_stream *stream, struct envoi_tls_info *ret_info)
{
	const struct envoi_transport *transport = stream->transport;
	*ret_info = (struct envoi_tls_info){0};
	if (transport != NULL && transport->impl->tls_info != NULL) {
		transport->impl->tls_info(transport, ret_info);
	}
}

enum envoi_role envoi_stream_role(const struct envoi_stream *stream)
{
	return stream->role;
}

unsigned int envoi_stream_bits(const struct envoi_stream *stream)
{
	return stream->bits;
}

enum envoi_phase envoi_stream_phase(const struct envoi_stream *stream)
{
	return stream->phase;
}

const char *envoi_stream_lang(const struct envoi_stream *stream)
{
	return stream->lang;
}

const char *envoi_stream_peer_domain(const struct envoi_stream *stream)
{
	return stream->role == ENVOI_INITIATOR ? stream->peer_domain : NULL;
}

const struct envoi_element *envoi_stream_features(const struct envoi_stream *stream)
{
	return stream->features;
}

const struct envoi_jid *envoi_stream_local(const struct envoi_stream *stream)
{
	return stream->local;
}

void envoi_stream_set_local(struct envoi_stream *stream, const struct envoi_jid *jid)
{
	struct envoi_jid *before = stream->local;
	stream->local = jid != NULL ? envoi_jid_ref(jid) : NULL;
	envoi_jid_unref(before);
}

void envoi_stream_switch_tap(
	struct envoi_stream *stream, enum envoi_direction direction, bool is_on)
{
	unsigned int bit = 1u << direction;
	stream->tap.off = is_on ? stream->tap.off & ~bit : stream->tap.off | bit;
}

void envoi_stream_get_counts(
	const struct envoi_stream *stream, struct envoi_stream_counts *ret_counts)
{
	*ret_counts = stream->counts;
}

size_t envoi__stream_unsent(const struct envoi_stream *stream)
{
	const struct envoi_transport *transport = stream->transport;
	return transport == NULL || transport->impl->unsent == NULL
		? 0
		: envoi__written_last(&stream->written, transport->impl->unsent(transport));
}

void envoi__stream_set_sink(struct envoi_stream *stream, struct envoi_stream_sink *sink)
{
	stream->sink = sink;
}

const char *envoi_stream_user(const struct envoi_stream *stream)
{
	return stream->user;
}

int envoi_stream_set_user(struct envoi_stream *stream, const char *user)
{
	char *copy = user == NULL ? NULL : envoi_strndup(stream->context, user, strlen(user));
	if (user != NULL && copy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_free(stream->context, stream->user);
	stream->user = copy;
	return ENVOI_OK;
}
