/*
 * envoi - XMPP over BOSH: the functions of the transport, and its making
 * SPDX-License-Identifier: MIT
 *
 * Private headers: see bosh_inside.h.
 */
#include "bosh_transport.h"

#include <stdio.h>
#include <string.h>

#include <envoi/tls.h>

#include "bosh_inside.h"

/* --- sending --- */

static int bosh_start(struct envoi_transport *transport)
{
	struct bosh *bosh = bosh_of(transport);
	if (bosh->state != BOSH_NEW) {
		return ENVOI_ERR_STATE;
	}
	bosh->state = BOSH_MOVING;
	envoi__bosh_wake(bosh);
	return ENVOI_OK;
}

static bool can_send(const struct bosh *bosh)
{
	return bosh->state == BOSH_MOVING && bosh->has_head && !bosh->wants_end;
}

static struct envoi_element *make_head(
	struct envoi_context *context, const struct envoi_stream_head *head)
{
	struct envoi_element *body = envoi_element_new(context, ENVOI__BOSH_NS, "body");
	envoi_element_set(body, "to", head->to);
	envoi_element_set(body, "from", head->from);
	envoi_element_set_ns(body, ENVOI_NS_XML, "lang", head->lang);
	return body;
}

static bool is_version(const char *version)
{
	return version == NULL ||
		(strlen(version) < sizeof(((struct bosh *)NULL)->version) &&
			strspn(version, "0123456789.") == strlen(version));
}

static int bosh_send_head(struct envoi_transport *transport, const struct envoi_stream_head *head)
{
	struct bosh *bosh = bosh_of(transport);
	if (bosh->state != BOSH_MOVING || bosh->has_head) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_element *body = make_head(transport->context, head);
	int r = is_version(head->version) ? envoi_element_error(body) : ENVOI_ERR_INVALID;
	if (r < 0) {
		envoi_element_unref(body);
		return r;
	}
	snprintf(bosh->version, sizeof(bosh->version), "%s",
		head->version != NULL ? head->version : "");
	bosh->head = body;
	bosh->before_head = envoi_buffer_len(&bosh->ends) / sizeof(size_t);
	bosh->has_head = true;
	envoi__bosh_wake(bosh);
	return ENVOI_OK;
}

static int queue(struct bosh *bosh, const char *xml, size_t len)
{
	int r = envoi_buffer_append(&bosh->ends, &len, sizeof(len));
	if (r < 0) {
		return r;
	}
	r = envoi_buffer_append(&bosh->queue, xml, len);
	if (r < 0) {
		envoi_buffer_truncate(&bosh->ends, envoi_buffer_len(&bosh->ends) - sizeof(len));
	}
	return r;
}

static int bosh_send_element(struct envoi_transport *transport, const char *xml, size_t len)
{
	struct bosh *bosh = bosh_of(transport);
	if (!can_send(bosh)) {
		return ENVOI_ERR_STATE;
	}
	size_t pending = envoi__bosh_pending(bosh), limit = bosh->channel.output_bytes;
	if (pending > 0 && (pending > limit || len > limit - pending)) {
		bosh->wants_drained = true;
		return ENVOI_ERR_FULL;
	}
	int r = queue(bosh, xml, len);
	if (r == ENVOI_OK) {
		bosh->wants_drained |= pending + len > limit / BOSH_LOW_MARK_PART;
		envoi__bosh_wake(bosh);
	}
	return r;
}

static int bosh_send_tail(struct envoi_transport *transport)
{
	struct bosh *bosh = bosh_of(transport);
	if (!can_send(bosh)) {
		return ENVOI_ERR_STATE;
	}
	bosh->wants_end = true;
	envoi__bosh_wake(bosh);
	return ENVOI_OK;
}

/* What the answer with the last element has behind it is found when it is delivered. */
static int bosh_restart(struct envoi_transport *transport)
{
	struct bosh *bosh = bosh_of(transport);
	if (bosh->state != BOSH_MOVING || bosh->wants_end) {
		return ENVOI_ERR_STATE;
	}
	bosh->has_head = bosh->is_opened = false;
	return ENVOI_OK;
}

/* The server holds a request, or is polled: it hears of this side all the time. */
static int bosh_keepalive(struct envoi_transport *transport)
{
	return can_send(bosh_of(transport)) ? ENVOI_OK : ENVOI_ERR_STATE;
}

/* --- receiving --- */

static void bosh_set_limits(
	struct envoi_transport *transport, const struct envoi_xml_limits *limits)
{
	struct bosh *bosh = bosh_of(transport);
	bosh->limits = *limits;
	bosh->is_settled = limits->stanza_bytes > bosh->channel.limits.stanza_bytes;
	for (size_t i = 0; i < bosh->count; i++) {
		struct bosh_request *request = bosh_request_at(bosh, i);
		if (request->answer != NULL) {
			envoi_xml_parser_set_limits(request->answer, limits);
		}
	}
}

static void bosh_pause(struct envoi_transport *transport)
{
	bosh_of(transport)->is_paused = true;
}

static void bosh_resume(struct envoi_transport *transport)
{
	struct bosh *bosh = bosh_of(transport);
	bosh->is_paused = false;
	envoi__bosh_wake(bosh);
}

/* --- properties --- */

static size_t bosh_pending(const struct envoi_transport *transport)
{
	return envoi__bosh_pending(bosh_of_const(transport));
}

static const char *bosh_peer_name(const struct envoi_transport *transport)
{
	return bosh_of_const(transport)->peer_name;
}

static bool bosh_is_secure(const struct envoi_transport *transport)
{
	return bosh_of_const(transport)->options.url.is_secure;
}

static void bosh_tls_info(const struct envoi_transport *transport, struct envoi_tls_info *ret_info)
{
	*ret_info = bosh_of_const(transport)->tls_info;
}

static size_t bosh_unsent(const struct envoi_transport *transport)
{
	const struct bosh *bosh = bosh_of_const(transport);
	size_t unsent = bosh->unsent + envoi_buffer_len(&bosh->ends) / sizeof(size_t);
	for (size_t i = 0; i < bosh->count; i++) {
		const struct bosh_request *request = &bosh->window[(bosh->first + i) % BOSH_WINDOW];
		unsent += request->was_sent ? 0 : request->elements;
	}
	return unsent;
}

static const struct envoi_transport_impl bosh_impl = {
	.name = "bosh",
	.start = bosh_start,
	.send_head = bosh_send_head,
	.send_element = bosh_send_element,
	.send_tail = bosh_send_tail,
	.restart = bosh_restart,
	.set_limits = bosh_set_limits,
	.keepalive = bosh_keepalive,
	.pause = bosh_pause,
	.resume = bosh_resume,
	.is_held = envoi__bosh_is_held,
	.pending = bosh_pending,
	.close = envoi__bosh_close,
	.abort = envoi__bosh_abort,
	.destroy = envoi__bosh_destroy,
	.peer_name = bosh_peer_name,
	.is_secure = bosh_is_secure,
	.tls_info = bosh_tls_info,
	.unsent = bosh_unsent,
	.pause_session = envoi__bosh_pause_session,
};

/* --- making --- */

/* Section 14.1: large and random, and far from the last one. */
static int choose_rid(struct bosh *bosh)
{
	uint64_t random;
	int r = envoi_context_random(bosh->base.context, &random, sizeof(random));
	bosh->rid = 1 + random % (BOSH_LAST_RID / 2);
	bosh->received = bosh->rid - 1;
	return r;
}

static void keep_properties(struct bosh *bosh, const struct envoi__bosh_link *link)
{
	struct envoi_tls_info *info = &bosh->tls_info;
	envoi__bosh_link_tls_info(link, info);
	info->own_address = NULL; /* the texts go with the link */
	if (info->cipher != NULL) {
		snprintf(bosh->tls_cipher, sizeof(bosh->tls_cipher), "%s", info->cipher);
		info->cipher = bosh->tls_cipher;
	}
	snprintf(bosh->peer_name, sizeof(bosh->peer_name), "%s", envoi__bosh_link_peer_name(link));
}

int envoi__bosh_transport_new(struct envoi_transport **ret_transport, struct envoi_context *context,
	struct envoi__bosh_options *options, struct envoi_connector *connector,
	struct envoi__bosh_link *link)
{
	struct bosh *bosh = envoi_alloc_zeroed(context, sizeof(*bosh));
	if (bosh == NULL) {
		envoi__bosh_options_finish(options, context);
		envoi__bosh_link_free(link);
		envoi_connector_destroy(connector);
		return ENVOI_ERR_NOMEM;
	}
	envoi_transport_init(&bosh->base, &bosh_impl, context);
	bosh->base.writing = ENVOI_WRITING_ALONE;
	envoi_buffer_init(&bosh->queue, context, 0);
	envoi_buffer_init(&bosh->ends, context, 0);
	for (size_t i = 0; i < BOSH_LINKS; i++) {
		bosh->slots[i].bosh = bosh;
	}
	keep_properties(bosh, link);
	envoi__bosh_take_link(bosh, connector, link);
	bosh->options = *options;
	*options = (struct envoi__bosh_options){.url_text = NULL};
	int r = envoi_channel_options_read(&bosh->channel, context, bosh->options.settings);
	bosh->limits = bosh->channel.limits;
	r = r < 0 ? r : choose_rid(bosh);
	if (r < 0) {
		envoi__bosh_destroy(&bosh->base);
		return r;
	}
	*ret_transport = &bosh->base;
	return ENVOI_OK;
}
