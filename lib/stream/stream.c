/*
 * envoi - streams: making, freeing, events of the transport
 * SPDX-License-Identifier: MIT
 */
#include "stream/stream.h"
#include "stream/stream_settings.h"

#include <string.h>

/* --- callbacks on the stack --- */

static void release(struct envoi_stream *stream)
{
	struct envoi_context *context = stream->context;
	for (size_t i = 0; i < stream->part_count; i++) {
		envoi_free(context, stream->parts[i].state);
	}
	envoi_free(context, stream->parts);
	envoi_free(context, stream->content_ns);
	envoi_free(context, stream->peer_domain);
	envoi_free(context, stream->lang);
	envoi_free(context, stream->peer_head);
	envoi_jid_unref(stream->local);
	envoi_jid_unref(stream->host);
	envoi_free(context, stream->id);
	envoi_free(context, stream->user);
	envoi_element_unref(stream->features);
	envoi__written_finish(&stream->written);
	envoi__kept_failure_finish(&stream->failure);
	envoi_free(context, stream);
	envoi_context_unref(context);
}

bool envoi__stream_enter(struct envoi_stream *stream)
{
	if (stream->life == ENVOI__STREAM_CLOSED) {
		return false;
	}
	envoi__guard_enter(&stream->guard);
	return true;
}

void envoi__stream_leave(struct envoi_stream *stream)
{
	if (envoi__guard_is_outermost(&stream->guard)) {
		envoi__stream_continue(stream);
	}
	if (envoi__guard_leave(&stream->guard)) {
		release(stream);
	}
}

static void on_work(struct envoi_deferred *work)
{
	struct envoi_stream *stream = ENVOI_CONTAINER_OF(work, struct envoi_stream, work);
	if (envoi__stream_enter(stream)) {
		envoi__stream_leave(stream);
	}
}

void envoi__stream_schedule(struct envoi_stream *stream)
{
	envoi_deferred_post(&stream->work, envoi_context_loop(stream->context), on_work);
}

bool envoi__stream_is_running(const struct envoi_stream *stream)
{
	return stream->life == ENVOI__STREAM_RUNNING;
}

/* --- events of the transport --- */

static struct envoi_stream *from_sink(struct envoi_transport_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct envoi_stream, transport_sink);
}

static void on_opened(struct envoi_transport_sink *sink, const struct envoi_stream_head *head)
{
	struct envoi_stream *stream = from_sink(sink);
	if (envoi__stream_enter(stream)) {
		envoi__tap_head(&stream->tap, stream->context, ENVOI_IN, head);
		envoi__stream_continue(stream);
		envoi__stream_head(stream, head);
		envoi__stream_leave(stream);
	}
}

static void on_element(struct envoi_transport_sink *sink, struct envoi_element *element)
{
	struct envoi_stream *stream = from_sink(sink);
	if (envoi__stream_enter(stream)) {
		envoi__tap_element(&stream->tap, stream->context, ENVOI_IN, element);
		envoi_element_ref(element);
		envoi__stream_continue(stream);
		envoi__stream_element(stream, element);
		envoi_element_unref(element);
		envoi__stream_leave(stream);
	}
}

static void on_skipped(struct envoi_transport_sink *sink, struct envoi_element *element,
	uint64_t bytes, const char *limit)
{
	struct envoi_stream *stream = from_sink(sink);
	if (envoi__stream_enter(stream)) {
		envoi_element_ref(element);
		envoi__stream_continue(stream);
		envoi__stream_skipped(stream, element, bytes, limit);
		envoi_element_unref(element);
		envoi__stream_leave(stream);
	}
}

static void on_unheaded(struct envoi_transport_sink *sink)
{
	struct envoi_stream *stream = from_sink(sink);
	if (envoi__stream_enter(stream)) {
		if (stream->role == ENVOI_RECEIVER) {
			(void)envoi__stream_begin_for_error(stream);
		}
		envoi__stream_leave(stream);
	}
}

static void on_ended(struct envoi_transport_sink *sink)
{
	struct envoi_stream *stream = from_sink(sink);
	if (envoi__stream_enter(stream)) {
		envoi__tap_tail(&stream->tap, ENVOI_IN);
		envoi__stream_ended(stream);
		envoi__stream_leave(stream);
	}
}

static void on_secured(struct envoi_transport_sink *sink)
{
	struct envoi_stream *stream = from_sink(sink);
	if (envoi__stream_enter(stream)) {
		envoi__stream_secured(stream);
		envoi__stream_leave(stream);
	}
}

static void on_undecided(struct envoi_transport_sink *sink, bool waits)
{
	struct envoi_stream *stream = from_sink(sink);
	if (envoi__stream_enter(stream)) {
		envoi__stream_wait_for(stream,
			waits ? "decision about the server's certificate" : NULL,
			stream->decision_ms);
		envoi__stream_leave(stream);
	}
}

static void on_written(struct envoi_transport_sink *sink, size_t count)
{
	struct envoi_stream *stream = from_sink(sink);
	if (envoi__stream_enter(stream)) {
		size_t stanzas = envoi__written_take(&stream->written, count);
		if (stanzas > 0 && stream->life != ENVOI__STREAM_CLOSED &&
			stream->sink->impl->written != NULL) {
			stream->sink->impl->written(stream->sink, stanzas);
		}
		envoi__stream_leave(stream);
	}
}

static void on_drained(struct envoi_transport_sink *sink)
{
	struct envoi_stream *stream = from_sink(sink);
	if (envoi__stream_enter(stream)) {
		if (stream->life != ENVOI__STREAM_CLOSED && stream->sink->impl->drained != NULL) {
			stream->sink->impl->drained(stream->sink);
		}
		envoi__stream_leave(stream);
	}
}

static void on_activity(struct envoi_transport_sink *sink)
{
	struct envoi_stream *stream = from_sink(sink);
	if (envoi__stream_enter(stream)) {
		if (stream->life != ENVOI__STREAM_CLOSED && stream->sink->impl->activity != NULL) {
			stream->sink->impl->activity(stream->sink);
		}
		envoi__stream_leave(stream);
	}
}

static void on_closed(struct envoi_transport_sink *sink, const struct envoi_failure *why)
{
	struct envoi_stream *stream = from_sink(sink);
	if (envoi__stream_enter(stream)) {
		if (stream->life != ENVOI__STREAM_CLOSED) {
			envoi__stream_report_closed(stream, why);
		}
		envoi__stream_leave(stream);
	}
}

static const struct envoi_transport_sink_impl transport_sink_impl = {
	.opened = on_opened,
	.element = on_element,
	.skipped = on_skipped,
	.unheaded = on_unheaded,
	.ended = on_ended,
	.secured = on_secured,
	.undecided = on_undecided,
	.written = on_written,
	.drained = on_drained,
	.activity = on_activity,
	.closed = on_closed,
};

/* --- making and freeing --- */

static bool concerns_streams(const struct envoi_handler *handler)
{
	return handler->impl->stream_feature != NULL || handler->impl->stream_elements != NULL;
}

static int order_of(const struct envoi_handler *handler)
{
	const struct envoi_stream_feature *feature = handler->impl->stream_feature;
	return feature != NULL ? feature->order : ENVOI_ORDER_LAST;
}

/* Behind those of the same order. */
static void insert_part(struct envoi_stream *stream, struct envoi_handler *handler)
{
	size_t at = stream->part_count++;
	while (at > 0 && order_of(stream->parts[at - 1].handler) > order_of(handler)) {
		stream->parts[at] = stream->parts[at - 1];
		at--;
	}
	stream->parts[at] = (struct envoi__stream_part){.handler = handler};
}

static int make_states(struct envoi_stream *stream)
{
	for (size_t i = 0; i < stream->part_count; i++) {
		struct envoi__stream_part *part = &stream->parts[i];
		const struct envoi_stream_feature *feature = envoi__part_feature(part);
		if (feature != NULL && feature->state_size > 0) {
			part->state = envoi_alloc_zeroed(stream->context, feature->state_size);
			if (part->state == NULL) {
				return ENVOI_ERR_NOMEM;
			}
		}
	}
	return ENVOI_OK;
}

static int take_handlers(
	struct envoi_stream *stream, struct envoi_handler *const *handlers, size_t count)
{
	if (count == 0) {
		return ENVOI_OK;
	}
	stream->parts = envoi_alloc_zeroed(stream->context, count * sizeof(*stream->parts));
	if (stream->parts == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		if (concerns_streams(handlers[i])) {
			insert_part(stream, handlers[i]);
		}
	}
	return make_states(stream);
}

static int copy_text(struct envoi_context *context, char **ret_copy, const char *text)
{
	if (text != NULL) {
		*ret_copy = envoi_strndup(context, text, strlen(text));
		return *ret_copy == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
	}
	return ENVOI_OK;
}

static int take_options(struct envoi_stream *stream, const struct envoi_stream_options *options)
{
	const char *content_ns = options->content_ns != NULL ? options->content_ns
							     : ENVOI_NS_CLIENT;
	stream->is_client = strcmp(content_ns, ENVOI_NS_CLIENT) == 0;
	stream->role = options->role;
	stream->required = options->required;
	stream->local = options->local != NULL ? envoi_jid_ref(options->local) : NULL;
	stream->host = options->host != NULL ? envoi_jid_ref(options->host) : NULL;
	stream->tap = (struct envoi__tap){
		.show = options->tap, .user = options->tap_user, .off = options->tap_off};
	envoi__stream_read_settings(stream, options->settings);
	struct envoi__stream_settings values;
	envoi_settings_read(options->settings, envoi__stream_setting_table, &values);
	int r = copy_text(stream->context, &stream->content_ns, content_ns);
	r = r < 0 ? r : copy_text(stream->context, &stream->peer_domain, options->peer_domain);
	r = r < 0 ? r : copy_text(stream->context, &stream->lang, values.lang);
	return r < 0 ? r : take_handlers(stream, options->handlers, options->handler_count);
}

/* A transport that came secured (direct TLS) has that bit from the start. */
static void note_security(struct envoi_stream *stream)
{
	if (!stream->transport->impl->is_secure(stream->transport)) {
		return;
	}
	struct envoi_tls_info info;
	envoi_stream_tls_info(stream, &info);
	envoi_stream_feature_done(
		stream, NULL, ENVOI_STREAM_SECURE, ENVOI_NEXT_FEATURE, info.version);
}

static int begin(struct envoi_stream *stream)
{
	int r = envoi_transport_start(stream->transport, &stream->transport_sink);
	if (r < 0) {
		return r;
	}
	note_security(stream);
	return stream->role == ENVOI_INITIATOR ? envoi__stream_send_head(stream) : ENVOI_OK;
}

int envoi_stream_new(struct envoi_stream **ret_stream, struct envoi_context *context,
	const struct envoi_stream_options *options, struct envoi_transport *transport,
	struct envoi_stream_sink *sink)
{
	struct envoi_stream *stream = NULL;
	int r = ENVOI_ERR_INVALID;
	if (options->settings == NULL ||
		(options->role == ENVOI_INITIATOR && options->peer_domain == NULL)) {
		goto refuse;
	}
	r = ENVOI_ERR_NOMEM;
	stream = envoi_alloc_zeroed(context, sizeof(*stream));
	if (stream == NULL || envoi_context_loop(context) == NULL) {
		goto refuse;
	}
	stream->context = envoi_context_ref(context);
	stream->transport_sink.impl = &transport_sink_impl;
	stream->transport = transport;
	stream->sink = sink;
	envoi__written_init(&stream->written, context);
	r = take_options(stream, options);
	if (r == ENVOI_OK) {
		envoi__stream_set_phase(stream, ENVOI_PHASE_STREAM);
		r = begin(stream);
	}
	if (r < 0) {
		envoi_stream_free(stream);
		return r;
	}
	*ret_stream = stream;
	return ENVOI_OK;

refuse:
	envoi_free(context, stream);
	envoi_transport_destroy(transport);
	return r;
}

static void finish_parts(struct envoi_stream *stream)
{
	for (size_t i = stream->part_count; i-- > 0;) {
		envoi__part_finish(stream, &stream->parts[i]);
	}
}

static void drop_transport(struct envoi_stream *stream)
{
	struct envoi_transport *transport = stream->transport;
	stream->transport = NULL;
	envoi_transport_destroy(transport);
}

/*
 * A feature that is finished may call the application, which may free the owner of the stream, and
 * that the stream once more, before the handlers. Such an inner call finishes what the outer one
 * has not: when it returns, the stream touches no handler any more.
 */
void envoi_stream_free(struct envoi_stream *stream)
{
	if (stream == NULL) {
		return;
	}
	envoi__guard_enter(&stream->guard);
	envoi__guard_end(&stream->guard);
	stream->life = ENVOI__STREAM_CLOSED;
	envoi_timer_stop(&stream->deadline);
	envoi_deferred_cancel(&stream->work);
	finish_parts(stream);
	drop_transport(stream);
	if (envoi__guard_leave(&stream->guard)) {
		release(stream);
	}
}

/* The peer goes on with what was begun, and nothing here can answer it. */
static void fail_without(struct envoi_stream *stream, const struct envoi__stream_part *part)
{
	if (stream->negotiating == part || stream->securing == part) {
		envoi_stream_fail_with(stream, ENVOI_ERR_CANCELED, ENVOI_STREAM_NO_CONDITION,
			"the handler of a stream feature was removed during its negotiation");
	}
}

void envoi_stream_remove(struct envoi_stream *stream, const struct envoi_handler *handler)
{
	for (size_t i = 0; i < stream->part_count; i++) {
		struct envoi__stream_part *part = &stream->parts[i];
		if (part->handler == handler) {
			envoi__guard_enter(&stream->guard);
			fail_without(stream, part);
			envoi__part_finish(stream, part);
			if (envoi__guard_leave(&stream->guard)) {
				release(stream);
			}
			return;
		}
	}
}
