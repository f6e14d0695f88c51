/*
 * envoi - streams: the feature round (RFC 6120, section 4.3)
 * SPDX-License-Identifier: MIT
 */
#include "stream/stream.h"

#include <string.h>

#include "xml/element.h"

const struct envoi_stream_feature *envoi__part_feature(const struct envoi__stream_part *part)
{
	return part->handler == NULL ? NULL : part->handler->impl->stream_feature;
}

void envoi__part_finish(struct envoi_stream *stream, struct envoi__stream_part *part)
{
	const struct envoi_stream_feature *feature = envoi__part_feature(part);
	struct envoi_handler *handler = part->handler;
	bool was_made = feature != NULL && (part->state != NULL || feature->state_size == 0);
	part->handler = NULL;
	if (was_made && feature->finish != NULL) {
		feature->finish(handler, stream, part->state);
	}
}

static struct envoi__stream_part *part_of(
	struct envoi_stream *stream, const struct envoi_handler *handler)
{
	for (size_t i = 0; i < stream->part_count; i++) {
		if (stream->parts[i].handler == handler) {
			return &stream->parts[i];
		}
	}
	return NULL;
}

static bool fits(const struct envoi_stream *stream, const struct envoi_stream_feature *feature)
{
	return feature != NULL && (stream->bits & feature->necessary) == feature->necessary &&
		(stream->bits & feature->forbidden) == 0;
}

/* --- complete or not --- */

static const struct missing {
	unsigned int bit;
	enum envoi_phase phase;
	int code;
	const char *text;
} missings[] = {
	{ENVOI_STREAM_SECURE, ENVOI_PHASE_TLS, ENVOI_ERR_TLS, "the peer offers no TLS"},
	{ENVOI_STREAM_AUTHENTICATED, ENVOI_PHASE_SASL, ENVOI_ERR_AUTH,
		"the peer offers no way to authenticate"},
	{ENVOI_STREAM_BOUND, ENVOI_PHASE_BIND, ENVOI_ERR_PROTOCOL, "the peer offers no binding"},
	{ENVOI_STREAM_SESSION, ENVOI_PHASE_BIND, ENVOI_ERR_PROTOCOL, "the peer offers no session"},
};

static const struct missing *first_missing(const struct envoi_stream *stream)
{
	for (size_t i = 0; i < sizeof(missings) / sizeof(missings[0]); i++) {
		if ((stream->required & ~stream->bits & missings[i].bit) != 0) {
			return &missings[i];
		}
	}
	return NULL;
}

static void become_ready(struct envoi_stream *stream)
{
	if (!stream->is_ready) {
		stream->is_ready = true;
		envoi__stream_widen_limits(stream);
		envoi__stream_set_phase(stream, ENVOI_PHASE_ONLINE);
		stream->features = envoi__element_tighten(stream->features);
		stream->sink->impl->ready(stream->sink);
	}
}

static bool is_known(const struct envoi_stream *stream, const struct envoi_element *offer)
{
	for (size_t i = 0; i < stream->part_count; i++) {
		const struct envoi_stream_feature *feature = envoi__part_feature(&stream->parts[i]);
		if (feature != NULL && envoi_element_is(offer, feature->ns, feature->name)) {
			return true;
		}
	}
	return false;
}

/* RFC 7395, section 3.9; XEP-0206, section 4: TLS is beneath what the transport carries. */
static bool is_beneath(const struct envoi_stream *stream, const struct envoi_element *offer)
{
	return envoi_element_is(offer, "urn:ietf:params:xml:ns:xmpp-tls", "starttls") &&
		stream->transport->impl->start_tls == NULL;
}

/* Section 4.3.2: an offer that is mandatory to negotiate and that no feature knows. */
static const struct envoi_element *unknown_requirement(const struct envoi_stream *stream)
{
	const struct envoi_element *offer = stream->features != NULL
		? envoi_element_first(stream->features)
		: NULL;
	while (offer != NULL &&
		(envoi_element_child(offer, NULL, "required") == NULL || is_known(stream, offer) ||
			is_beneath(stream, offer))) {
		offer = envoi_element_next(offer);
	}
	return offer;
}

/* Initiating side: no feature is left to ask. */
static void conclude(struct envoi_stream *stream)
{
	const struct envoi_element *offer = unknown_requirement(stream);
	struct envoi_failure failure;
	if (offer != NULL) {
		envoi_failure_set(&failure, stream->context, ENVOI_PHASE_STREAM, ENVOI_ERR_PROTOCOL,
			"the peer requires <%s xmlns='%s'/>", envoi_element_name(offer),
			envoi_element_ns(offer));
		failure.stream_condition = ENVOI_STREAM_UNSUPPORTED_FEATURE;
		failure.retry =
			ENVOI_RETRY_AFTER_USER; /* it may be a setting: tls.mode, for STARTTLS */
		envoi_stream_fail(stream, &failure);
		return;
	}
	const struct missing *missing = first_missing(stream);
	if (missing != NULL) {
		envoi_failure_set(&failure, stream->context, missing->phase, missing->code, "%s",
			missing->text);
		envoi_stream_fail(stream, &failure);
		return;
	}
	become_ready(stream);
}

/* --- initiating side --- */

static struct envoi__stream_part *next_to_ask(struct envoi_stream *stream)
{
	for (size_t i = 0; i < stream->part_count; i++) {
		struct envoi__stream_part *part = &stream->parts[i];
		const struct envoi_stream_feature *feature = envoi__part_feature(part);
		if (!part->is_asked && fits(stream, feature) && feature->negotiate != NULL) {
			return part;
		}
	}
	return NULL;
}

static int ask(struct envoi_stream *stream, struct envoi__stream_part *part)
{
	const struct envoi_stream_feature *feature = envoi__part_feature(part);
	part->is_asked = true;
	stream->negotiating = part;
	envoi__stream_set_phase(stream, feature->phase);
	const struct envoi_element *offer = stream->features == NULL
		? NULL
		: envoi_element_child(stream->features, feature->ns, feature->name);
	return feature->negotiate(part->handler, stream, offer, stream->features);
}

void envoi__stream_negotiate(struct envoi_stream *stream)
{
	struct envoi__stream_part *part;
	while ((part = next_to_ask(stream)) != NULL) {
		int r = ask(stream, part);
		if (r < 0) {
			envoi__stream_fail_for(stream, r);
		}
		if (r != ENVOI_OK || stream->gain.is_due || !envoi__stream_is_running(stream)) {
			return;
		}
		stream->negotiating = NULL;
	}
	conclude(stream);
}

/* --- receiving side --- */

void envoi__stream_await(struct envoi_stream *stream)
{
	const struct missing *missing = first_missing(stream);
	if (missing == NULL) {
		become_ready(stream);
	} else {
		envoi__stream_set_phase(stream, missing->phase);
	}
}

void envoi__stream_offer(struct envoi_stream *stream)
{
	struct envoi_element *features = envoi_element_new(
		stream->context, ENVOI_NS_STREAMS, "features");
	int r = envoi_element_error(features);
	for (size_t i = 0; i < stream->part_count && r == ENVOI_OK; i++) {
		const struct envoi_stream_feature *feature = envoi__part_feature(&stream->parts[i]);
		if (fits(stream, feature) && feature->offer != NULL) {
			r = feature->offer(stream->parts[i].handler, stream, features);
		}
		if (!envoi__stream_is_running(stream)) {
			goto done;
		}
	}
	if (r == ENVOI_OK) {
		r = envoi_stream_send_element(stream, features);
	}
	if (r < 0) {
		envoi__stream_fail_for(stream, r);
		goto done;
	}
	stream->input = ENVOI__INPUT_OPEN;
	envoi__stream_await(stream);

done:
	envoi_element_unref(features);
}

/* --- what was gained --- */

void envoi_stream_feature_done(struct envoi_stream *stream, struct envoi_handler *handler,
	unsigned int gained, enum envoi_stream_next next, const char *text)
{
	(void)handler;
	if (!envoi__stream_is_running(stream)) {
		return;
	}
	struct envoi__stream_gain *gain = &stream->gain;
	unsigned int new_bits = gained & ~stream->bits;
	gain->is_due = true;
	gain->bits |= new_bits;
	stream->bits |= gained;
	gain->next = next > gain->next ? next : gain->next;
	for (unsigned int i = 0; i < ENVOI__STREAM_BITS; i++) {
		if ((new_bits & 1u << i) != 0) {
			gain->texts[i] = text;
		}
	}
	if (envoi__guard_is_idle(&stream->guard)) {
		envoi__stream_schedule(stream);
	}
}

static void report_gained(struct envoi_stream *stream, const struct envoi__stream_gain *gain)
{
	if (stream->sink->impl->gained == NULL) {
		return;
	}
	for (unsigned int i = 0; i < ENVOI__STREAM_BITS && envoi__stream_is_running(stream); i++) {
		if ((gain->bits & 1u << i) != 0) {
			stream->sink->impl->gained(stream->sink, 1u << i, gain->texts[i]);
		}
	}
}

/* The peer's next element, and ours, are features in the same stream. */
static void await_features(struct envoi_stream *stream)
{
	stream->features = envoi_element_unref(stream->features);
	if (stream->role == ENVOI_INITIATOR) {
		stream->input = ENVOI__INPUT_FEATURES;
		envoi__stream_set_phase(stream, ENVOI_PHASE_STREAM);
	} else {
		envoi__stream_offer(stream);
	}
}

static void go_on(struct envoi_stream *stream, enum envoi_stream_next next)
{
	if (next == ENVOI_NEXT_RESTART) {
		envoi__stream_restart(stream);
	} else if (stream->input != ENVOI__INPUT_OPEN) {
		return;
	} else if (next == ENVOI_NEXT_FEATURES) {
		await_features(stream);
	} else if (stream->role == ENVOI_INITIATOR) {
		envoi__stream_negotiate(stream);
	} else {
		envoi__stream_await(stream);
	}
}

void envoi__stream_continue(struct envoi_stream *stream)
{
	while (stream->gain.is_due && envoi__stream_is_running(stream)) {
		struct envoi__stream_gain gain = stream->gain;
		stream->gain = (struct envoi__stream_gain){0};
		stream->negotiating = NULL;
		if (gain.next == ENVOI_NEXT_RESTART) {
			/* Section 4.3.3: the old stream is over, without closing tags. */
			stream->input = ENVOI__INPUT_NONE;
			stream->output = ENVOI__OUTPUT_NONE;
		}
		if ((gain.bits & (ENVOI_STREAM_AUTHENTICATED | ENVOI_STREAM_BOUND)) != 0) {
			envoi__stream_widen_limits(stream);
		}
		report_gained(stream, &gain);
		if (envoi__stream_is_running(stream)) {
			go_on(stream, gain.next);
		}
	}
}

/* --- TLS on behalf of a feature --- */

/* For a receiver, the domain that the peer's header names. */
static const char *domain_of(const struct envoi_stream *stream)
{
	const struct envoi_jid *local = envoi_stream_local(stream);
	if (stream->role == ENVOI_INITIATOR) {
		return stream->peer_domain;
	}
	return local != NULL ? envoi_jid_domain(local) : NULL;
}

int envoi_stream_start_tls(
	struct envoi_stream *stream, struct envoi_handler *handler, struct envoi_tls_config *config)
{
	struct envoi__stream_part *part = part_of(stream, handler);
	if (!envoi__stream_is_running(stream) || part == NULL || stream->is_securing) {
		return ENVOI_ERR_STATE;
	}
	const struct envoi_transport_impl *impl = stream->transport->impl;
	stream->is_securing = true;
	int r = impl->start_tls == NULL
		? ENVOI_ERR_UNSUPPORTED
		: impl->start_tls(stream->transport, stream->role, config, domain_of(stream));
	if (r < 0) {
		envoi_stream_fail_with(stream, r == ENVOI_ERR_UNSUPPORTED ? ENVOI_ERR_TLS : r,
			ENVOI_STREAM_NO_CONDITION, "%s",
			r == ENVOI_ERR_PROTOCOL ? "data between the start of TLS and TLS"
						: "TLS cannot be started here");
		return r;
	}
	stream->securing = part;
	envoi__stream_set_phase(stream, ENVOI_PHASE_TLS);
	return ENVOI_OK;
}

void envoi__stream_secured(struct envoi_stream *stream)
{
	if (!envoi__stream_is_running(stream) || stream->securing == NULL) {
		return;
	}
	struct envoi__stream_part *part = stream->securing;
	stream->securing = NULL;
	stream->is_securing = false;
	stream->is_renewed = true;
	const struct envoi_stream_feature *feature = envoi__part_feature(part);
	if (feature != NULL && feature->secured != NULL) {
		feature->secured(part->handler, stream);
		return;
	}
	struct envoi_tls_info info;
	envoi_stream_tls_info(stream, &info);
	envoi_stream_feature_done(
		stream, part->handler, ENVOI_STREAM_SECURE, ENVOI_NEXT_RESTART, info.version);
}
