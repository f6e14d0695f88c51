/*
 * envoi - streams: making, freeing, sending
 * SPDX-License-Identifier: MIT
 */
#include "stream/stream.h"
#include "stream/stream_settings.h"

#include <string.h>

#include "stream/alone.h"

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
	envoi_element_unref(stream->features);
	envoi__written_finish(&stream->written);
	envoi_failure_finish(&stream->failure);
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
			envoi__stream_tell_closed(stream, why);
		}
		envoi__stream_leave(stream);
	}
}

static const struct envoi_transport_sink_impl transport_sink_impl = {
	.opened = on_opened,
	.element = on_element,
	.skipped = on_skipped,
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

/* --- sending --- */

static bool writes_alone(const struct envoi_stream *stream)
{
	return stream->transport->writing == ENVOI_WRITING_ALONE;
}

static int give(struct envoi_stream *stream, const char *xml, size_t len, bool is_stanza)
{
	int r = envoi__written_add(&stream->written, is_stanza);
	if (r < 0) {
		return r;
	}
	r = stream->transport->impl->send_element(stream->transport, xml, len);
	if (r < 0) {
		envoi__written_undo(&stream->written);
	}
	return r;
}

static int give_alone(struct envoi_stream *stream, const char *xml, size_t len, bool is_stanza)
{
	struct envoi_buffer alone;
	envoi_buffer_init(&alone, stream->context, 0);
	int r = envoi__alone_write(&alone, xml, len, stream->content_ns);
	if (r == ENVOI_OK) {
		r = give(stream, envoi_buffer_data(&alone), envoi_buffer_len(&alone), is_stanza);
	}
	envoi_buffer_wipe(&alone);
	return r;
}

static bool can_send(const struct envoi_stream *stream)
{
	return stream->life != ENVOI__STREAM_CLOSED && stream->life != ENVOI__STREAM_ENDING &&
		stream->output == ENVOI__OUTPUT_OPEN && !stream->is_securing;
}

void envoi_stream_get_counts(
	const struct envoi_stream *stream, struct envoi_stream_counts *ret_counts)
{
	*ret_counts = stream->counts;
}

/*
 * Stanzas are sent after the login only: earlier they would go out in clear, or to a server
 * that has not proved its identity.
 */
int envoi_stream_send(struct envoi_stream *stream, const char *xml, size_t len)
{
	bool is_early = stream->role == ENVOI_INITIATOR && !stream->is_ready &&
		(stream->bits & ENVOI_STREAM_BOUND) == 0;
	int r = is_early || !can_send(stream) ? ENVOI_ERR_STATE
		: writes_alone(stream)        ? give_alone(stream, xml, len, true)
					      : give(stream, xml, len, true);
	if (r == ENVOI_OK) {
		stream->counts.stanzas_out++;
		envoi__tap_stanza(&stream->tap, stream->context, ENVOI_OUT, xml, len);
	}
	return r;
}

/*
 * In a document: written as if the default namespace was jabber:client, whatever it is, so that a
 * stanza gets no declaration and thereby the stream's namespace, and everything else its own.
 * Alone: a stanza is treated the same way and declares the stream's namespace.
 */
static int write_and_give(struct envoi_stream *stream, const struct envoi_element *element)
{
	bool is_content = strcmp(envoi_element_ns(element), ENVOI_NS_CLIENT) == 0;
	bool is_alone = writes_alone(stream);
	bool is_stanza = envoi__is_stanza(element, ENVOI_NS_CLIENT);
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, stream->context, 0);
	int r = envoi_xml_write(&xml, element, is_alone && !is_content ? NULL : ENVOI_NS_CLIENT);
	if (r == ENVOI_OK) {
		r = is_alone && is_content
			? give_alone(stream, envoi_buffer_data(&xml), envoi_buffer_len(&xml),
				  is_stanza)
			: give(stream, envoi_buffer_data(&xml), envoi_buffer_len(&xml), is_stanza);
		stream->counts.stanzas_out += r == ENVOI_OK && is_stanza;
	}
	envoi_buffer_wipe(&xml);
	return r;
}

int envoi_stream_send_element(struct envoi_stream *stream, const struct envoi_element *element)
{
	int r = envoi_element_error(element);
	if (r < 0) {
		return r;
	}
	r = can_send(stream) ? write_and_give(stream, element) : ENVOI_ERR_STATE;
	if (r == ENVOI_OK) {
		envoi__tap_element(&stream->tap, stream->context, ENVOI_OUT, element);
	}
	return r;
}

void envoi_stream_switch_tap(
	struct envoi_stream *stream, enum envoi_direction direction, bool is_on)
{
	unsigned int bit = 1u << direction;
	stream->tap.off = is_on ? stream->tap.off & ~bit : stream->tap.off | bit;
}

int envoi_stream_keepalive(struct envoi_stream *stream)
{
	const struct envoi_transport_impl *impl = stream->transport == NULL
		? NULL
		: stream->transport->impl;
	if (impl == NULL || !can_send(stream)) {
		return ENVOI_ERR_STATE;
	}
	return impl->keepalive == NULL ? ENVOI_ERR_UNSUPPORTED : impl->keepalive(stream->transport);
}

void envoi__stream_set_sink(struct envoi_stream *stream, struct envoi_stream_sink *sink)
{
	stream->sink = sink;
}

/* --- what features and owners ask --- */

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
