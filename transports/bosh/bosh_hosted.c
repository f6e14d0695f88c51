/*
 * envoi - BOSH, the receiving side: the functions of the transport, and its making
 * SPDX-License-Identifier: MIT
 *
 * Private headers: see bosh_hosted.h.
 */
#include "bosh_hosted.h"

#include <stdio.h>
#include <string.h>

#include <envoi/values.h>

enum {
	SID_BYTES = 18,
	MOST_WAIT_S = 60,
	SECOND = 1000,
	LOW_MARK_PART = 4, /* low mark: limit divided by this */
};

/* --- sending --- */

static int hosted_start(struct envoi_transport *transport)
{
	struct hosted *hosted = hosted_of(transport);
	if (hosted->state != HOSTED_NEW) {
		return ENVOI_ERR_STATE;
	}
	hosted->state = HOSTED_MOVING;
	envoi__hosted_wake(hosted);
	return ENVOI_OK;
}

static bool can_send(const struct hosted *hosted)
{
	return hosted->state == HOSTED_MOVING && hosted->has_head && !hosted->wants_end;
}

static int hosted_send_head(struct envoi_transport *transport, const struct envoi_stream_head *head)
{
	struct hosted *hosted = hosted_of(transport);
	if (hosted->state != HOSTED_MOVING || hosted->has_head) {
		return ENVOI_ERR_STATE;
	}
	if (head->from != NULL && strlen(head->from) < sizeof(hosted->domain)) {
		snprintf(hosted->domain, sizeof(hosted->domain), "%s", head->from);
	}
	hosted->has_head = true;
	envoi__hosted_wake(hosted);
	return ENVOI_OK;
}

/* XEP-0206, section 7. */
static bool is_stream_error(const char *xml, size_t len)
{
	static const char name[] = "<stream:error";
	return len > strlen(name) && memcmp(xml, name, strlen(name)) == 0;
}

static int hosted_send_element(struct envoi_transport *transport, const char *xml, size_t len)
{
	struct hosted *hosted = hosted_of(transport);
	if (!can_send(hosted)) {
		return ENVOI_ERR_STATE;
	}
	size_t pending = envoi_buffer_len(&hosted->queue), limit = hosted->options.output_bytes;
	if (pending > 0 && (pending > limit || len > limit - pending)) {
		hosted->wants_drained = true;
		return ENVOI_ERR_FULL;
	}
	int r = envoi_buffer_append(&hosted->queue, xml, len);
	if (r < 0) {
		return r;
	}
	hosted->queued++;
	hosted->condition = is_stream_error(xml, len) ? "remote-stream-error" : hosted->condition;
	hosted->wants_drained |= pending + len > limit / LOW_MARK_PART;
	envoi__hosted_wake(hosted);
	return ENVOI_OK;
}

static int hosted_send_tail(struct envoi_transport *transport)
{
	struct hosted *hosted = hosted_of(transport);
	if (!can_send(hosted)) {
		return ENVOI_ERR_STATE;
	}
	hosted->wants_end = true;
	envoi__hosted_wake(hosted);
	return ENVOI_OK;
}

/* What the request with the last element has behind it is found when it is delivered. */
static int hosted_restart(struct envoi_transport *transport)
{
	struct hosted *hosted = hosted_of(transport);
	if (hosted->state != HOSTED_MOVING || hosted->wants_end) {
		return ENVOI_ERR_STATE;
	}
	hosted->has_head = hosted->is_opened = false;
	return ENVOI_OK;
}

/* A request that waits is answered in time in any case. */
static int hosted_keepalive(struct envoi_transport *transport)
{
	return can_send(hosted_of(transport)) ? ENVOI_OK : ENVOI_ERR_STATE;
}

/* --- receiving --- */

static void hosted_set_limits(
	struct envoi_transport *transport, const struct envoi_xml_limits *limits)
{
	struct hosted *hosted = hosted_of(transport);
	hosted->limits = *limits;
	if (limits->stanza_bytes > hosted->options.limits.stanza_bytes) {
		envoi__hosted_settle(hosted);
	}
	for (size_t i = 0; i < HOSTED_WINDOW; i++) {
		if (hosted->window[i].content != NULL) {
			envoi_xml_parser_set_limits(hosted->window[i].content, limits);
		}
	}
}

static void hosted_pause(struct envoi_transport *transport)
{
	hosted_of(transport)->is_paused = true;
}

static void hosted_resume(struct envoi_transport *transport)
{
	struct hosted *hosted = hosted_of(transport);
	hosted->is_paused = false;
	envoi__hosted_wake(hosted);
}

/* Section 10: while the client has paused the session its silence means nothing. */
static bool hosted_is_held(const struct envoi_transport *transport)
{
	const struct hosted *hosted = hosted_of_const(transport);
	return hosted->pause_ms > 0 && !envoi__hosted_is_asked(hosted);
}

/* --- properties --- */

static size_t hosted_pending(const struct envoi_transport *transport)
{
	return envoi_buffer_len(&hosted_of_const(transport)->queue);
}

static const char *hosted_peer_name(const struct envoi_transport *transport)
{
	return hosted_of_const(transport)->address;
}

static bool hosted_is_secure(const struct envoi_transport *transport)
{
	return hosted_of_const(transport)->is_secure;
}

static size_t hosted_unsent(const struct envoi_transport *transport)
{
	return hosted_of_const(transport)->queued;
}

static const struct envoi_transport_impl hosted_impl = {
	.name = "bosh",
	.start = hosted_start,
	.send_head = hosted_send_head,
	.send_element = hosted_send_element,
	.send_tail = hosted_send_tail,
	.restart = hosted_restart,
	.set_limits = hosted_set_limits,
	.keepalive = hosted_keepalive,
	.pause = hosted_pause,
	.resume = hosted_resume,
	.is_held = hosted_is_held,
	.pending = hosted_pending,
	.close = envoi__hosted_close,
	.abort = envoi__hosted_abort,
	.destroy = envoi__hosted_destroy,
	.peer_name = hosted_peer_name,
	.is_secure = hosted_is_secure,
	.unsent = hosted_unsent,
};

/* --- making --- */

static void take_body(struct hosted *hosted, const struct hosted_body *body)
{
	uint64_t wait_s = body->wait_s < MOST_WAIT_S ? body->wait_s : MOST_WAIT_S;
	hosted->hold = body->hold > 0 && wait_s > 0 ? 1 : 0;
	hosted->wait_ms = wait_s * SECOND;
	hosted->acks = body->acks;
	hosted->first = body->rid;
	hosted->received = hosted->delivered = hosted->answered = body->rid - 1;
}

int envoi__hosted_new(struct hosted **ret_hosted, struct envoi_context *context,
	const struct envoi_channel_options *options, const struct hosted_body *body)
{
	unsigned char bytes[SID_BYTES];
	struct hosted *hosted = envoi_alloc_zeroed(context, sizeof(*hosted));
	int r = hosted == NULL ? ENVOI_ERR_NOMEM
			       : envoi_context_random(context, bytes, sizeof(bytes));
	if (r < 0) {
		envoi_free(context, hosted);
		return r;
	}
	envoi_transport_init(&hosted->base, &hosted_impl, context);
	hosted->base.writing = ENVOI_WRITING_ALONE;
	hosted->options = *options;
	hosted->limits = options->limits;
	envoi_base64_encode(hosted->sid, bytes, sizeof(bytes));
	envoi__holder_init(&hosted->holder, context, &envoi__hosted_holder_impl);
	envoi_buffer_init(&hosted->queue, context, 0);
	take_body(hosted, body);
	*ret_hosted = hosted;
	return ENVOI_OK;
}
