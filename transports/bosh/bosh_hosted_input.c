/*
 * envoi - BOSH, the receiving side: what is in requests, delivered in order
 * SPDX-License-Identifier: MIT
 *
 * Private headers: see bosh_hosted.h.
 */
#include "bosh_hosted.h"

#include <stdio.h>

#include <envoi/conditions.h>

static bool may_deliver(const struct hosted *hosted)
{
	return hosted->state == HOSTED_MOVING && !hosted->is_paused && !hosted->peer_ended;
}

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* XEP-0206, sections 4 and 5: a stream has no header here. */
static void report_opened(struct hosted *hosted, struct hosted_request *request)
{
	struct envoi_transport_sink *sink = hosted->base.sink;
	const struct envoi_stream_head head = {
		.to = or_null(request->to),
		.from = or_null(request->from),
		.lang = or_null(request->lang),
		.version = "1.0",
		.content_ns = ENVOI_NS_CLIENT,
	};
	request->begins_stream = false;
	if (hosted->is_opened) {
		envoi__hosted_fail(hosted, "bad-request", ENVOI_ERR_PROTOCOL,
			"a BOSH request for a restart that is not due");
		return;
	}
	hosted->is_opened = true;
	sink->impl->opened(sink, &head);
}

static void hand_over(struct hosted *hosted, struct envoi_xml_item *item)
{
	struct envoi_transport_sink *sink = hosted->base.sink;
	if (!hosted->is_opened) {
		envoi__hosted_fail(hosted, "bad-request", ENVOI_ERR_PROTOCOL,
			"an element of the stream before a restart");
	} else if (item->kind == ENVOI_XML_ELEMENT) {
		sink->impl->element(sink, item->element);
	} else if (item->kind == ENVOI_XML_SKIPPED && sink->impl->skipped != NULL) {
		sink->impl->skipped(sink, item->element, item->bytes, item->limit);
	}
	envoi_element_unref(item->element);
}

static void end_request(struct hosted *hosted, struct hosted_request *request)
{
	struct envoi_transport_sink *sink = hosted->base.sink;
	envoi_xml_parser_free(request->content);
	request->content = NULL;
	request->is_delivered = true;
	hosted->delivered = request->rid;
	if (request->ends_session) {
		hosted->peer_ended = true;
		sink->impl->ended(sink);
	}
}

/* XEP-0124, section 17.2: of the conditions of streams it has policy-violation. */
static void refuse_content(struct hosted *hosted, const struct hosted_request *request, int r)
{
	const struct envoi_xml_parser *parser = request->content;
	struct envoi_failure why;
	enum envoi_stream_condition condition = envoi_xml_parser_condition(parser);
	const char *name = envoi_stream_condition_name(condition);
	envoi_failure_set(&why, hosted->base.context, ENVOI_PHASE_NONE, r < 0 ? r : ENVOI_ERR_XML,
		"%s",
		r < 0 ? envoi_xml_parser_error_text(parser) : "a BOSH request that is cut off");
	why.stream_condition = condition;
	snprintf(why.condition, sizeof(why.condition), "%s", name != NULL ? name : "");
	envoi__hosted_end_with(
		hosted, r == ENVOI_ERR_LIMIT ? "policy-violation" : "bad-request", &why);
}

/* @return whether something was delivered */
static bool deliver_one(struct hosted *hosted)
{
	struct hosted_request *next = hosted_place(hosted, hosted->delivered + 1);
	struct envoi_xml_item item;
	if (next->rid != hosted->delivered + 1) {
		return false;
	}
	if (next->begins_stream) {
		report_opened(hosted, next);
		return true;
	}
	int r = envoi_xml_parser_next(next->content, &item);
	bool is_end = r == ENVOI_OK && item.kind == ENVOI_XML_END;
	if (is_end) {
		r = envoi_xml_parser_next(next->content, &item);
		r = r == ENVOI_AGAIN ? ENVOI_OK : r; /* nothing stands behind the body */
	}
	if (r != ENVOI_OK) {
		refuse_content(hosted, next, r);
	} else if (is_end) {
		end_request(hosted, next);
	} else {
		hand_over(hosted, &item);
	}
	return true;
}

void envoi__hosted_deliver(struct hosted *hosted)
{
	unsigned int left = hosted->options.slice_stanzas;
	while (may_deliver(hosted) && deliver_one(hosted)) {
		if (--left == 0) {
			envoi__hosted_wake(hosted);
			return;
		}
	}
}
