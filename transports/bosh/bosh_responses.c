/*
 * envoi - XMPP over BOSH: answers, taken as they come and delivered in order
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP, and parsers of other roots than that of a stream, have no public ones.
 */
#include <stdio.h>
#include <string.h>

#include "base/failure.h"
#include "bosh_inside.h"
#include "http/http_reader.h"
#include "xml/wrapped.h"

/* --- the HTTP status --- */

static const char *target_of(const struct envoi__http_head *head)
{
	const char *location = head->status >= 300 && head->status < 400
		? envoi__http_head_value(head, "Location")
		: NULL;
	return location != NULL ? location : "";
}

/* Section 17.1: statuses other than 200 come from something between, or from an old server. Where
 * something between has no answer, the session may live on. */
static void refuse_status(
	struct bosh *bosh, struct bosh_request *request, const struct envoi__http_head *head)
{
	char line[200], text[200];
	const char *target = target_of(head);
	bool waits = envoi__http_is_temporary(head->status);
	snprintf(line, sizeof(line), "the server answered \"%d %.40s\"%s%.80s%s", head->status,
		head->reason, target[0] != '\0' ? " and names " : "", target,
		head->status == 200 ? ", not with BOSH" : "");
	envoi__failure_put(text, sizeof(text), line);
	if (waits) {
		envoi__bosh_request_failed(bosh, request, BOSH_BUSY, ENVOI_ERR_UNREACHABLE, text);
		return;
	}
	request->failures++;
	envoi__bosh_fail(bosh, head->status == 413 ? ENVOI_ERR_LIMIT : ENVOI_ERR_PROTOCOL, text);
}

/* --- the answer's element --- */

/* XEP-0206, section 2: many servers leave out the namespace of stanzas. */
static const struct envoi__xml_root expected_root = {
	.ns = ENVOI__BOSH_NS,
	.name = "body",
	.end = "</body",
	.content_ns = ENVOI_NS_CLIENT,
};

/* @return the attributes of the body; NULL: it is no XML, or not complete */
static struct envoi_element *parse_root(
	struct bosh *bosh, struct bosh_request *request, const struct envoi_buffer *body)
{
	struct envoi_xml_item item;
	int r = envoi_xml_parser_new(&request->answer, bosh->base.context, &bosh->limits);
	if (r == ENVOI_OK) {
		envoi__xml_parser_wrap(request->answer, &expected_root);
		r = envoi_buffer_len(body) == 0
			? ENVOI_ERR_XML
			: envoi_xml_parser_feed(
				  request->answer, envoi_buffer_data(body), envoi_buffer_len(body));
	}
	r = r < 0 ? r : envoi_xml_parser_next(request->answer, &item);
	return r == ENVOI_OK ? item.element : NULL;
}

/* Requests up to this one have arrived: the server answers in order (section 14.2). */
static void count_written(struct bosh *bosh, uint64_t rid)
{
	for (size_t i = 0; i < bosh->count; i++) {
		struct bosh_request *request = bosh_request_at(bosh, i);
		if (request->rid <= rid && request->was_sent) {
			bosh->written += request->elements;
			request->elements = 0;
		}
	}
}

static int begin_session(
	struct bosh *bosh, struct bosh_request *request, const struct envoi_element *body)
{
	if (bosh->session.sid[0] != '\0' || request->about.is_end) {
		return ENVOI_OK;
	}
	int r = envoi__bosh_read_session(&bosh->session, body, bosh->options.wait_ms, request->rid);
	if (r < 0) {
		bosh->session.sid[0] = '\0';
	}
	return r;
}

/* The answers to a pause before it have no payload (section 10), and some servers give none. */
static void end_pauses(struct bosh *bosh, const struct bosh_request *before)
{
	for (size_t i = 0; i < bosh->count; i++) {
		struct bosh_request *request = bosh_request_at(bosh, i);
		if (request->rid < before->rid && request->pause_ms > 0 && !request->is_answered) {
			envoi__bosh_detach(request);
			request->is_answered = true;
		}
	}
}

static void accept_answer(struct bosh *bosh, struct bosh_request *request)
{
	uint64_t rid = request->about.ack > request->rid && bosh->session.acks ? request->about.ack
									       : request->rid;
	request->is_answered = true;
	request->stream = bosh->streams;
	request->has_item = envoi_xml_parser_next(request->answer, &request->item) == ENVOI_OK;
	count_written(bosh, rid);
	end_pauses(bosh, request);
	bosh->has_activity = true;
	bosh->was_last_empty = request->is_empty && request->has_item &&
		request->item.kind == ENVOI_XML_END;
	if (request->about.is_end) {
		bosh->has_ended = true;
	}
}

static void drop_answer(struct bosh_request *request)
{
	envoi_xml_parser_free(request->answer);
	request->answer = NULL;
}

/* The page of a portal, for example. */
static void refuse_body(struct bosh *bosh, struct bosh_request *request, int r)
{
	char text[200];
	const char *reason = request->answer != NULL ? envoi_xml_parser_error_text(request->answer)
						     : NULL;
	snprintf(text, sizeof(text), "the server's answer is not one of BOSH%s%.120s",
		reason != NULL && reason[0] != '\0' ? ": " : "", reason != NULL ? reason : "");
	request->is_answered = true; /* it is not sent again */
	envoi__bosh_refuse_with(bosh, r, text);
}

static void take_body(
	struct bosh *bosh, struct bosh_request *request, const struct envoi__http_reader *response)
{
	struct envoi_element *root = parse_root(bosh, request, &response->body);
	int r = root == NULL ? ENVOI_ERR_PROTOCOL : envoi__bosh_read_answer(&request->about, root);
	bool is_repeat = r == ENVOI_OK && request->about.is_error;
	if (r == ENVOI_OK && !is_repeat) {
		r = begin_session(bosh, request, root);
	}
	envoi_element_unref(root);
	if (r == ENVOI_OK && !is_repeat) {
		accept_answer(bosh, request);
		return;
	}
	if (is_repeat) {
		drop_answer(request);
		envoi__bosh_repeat(bosh, request);
	} else {
		refuse_body(bosh, request, r);
	}
}

void envoi__bosh_answered(struct bosh_slot *slot, const struct envoi__http_reader *response)
{
	struct bosh *bosh = slot->bosh;
	struct bosh_request *request = slot->request;
	envoi__bosh_enter(bosh);
	if (request != NULL) {
		envoi_timer_stop(&request->timer);
		slot->request = NULL;
		request->slot = NULL;
		if (response->head.status == 200) {
			take_body(bosh, request, response);
		} else {
			refuse_status(bosh, request, &response->head);
		}
	}
	envoi__bosh_wake(bosh);
	envoi__bosh_leave(bosh);
}

/* --- delivering --- */

static bool may_deliver(const struct bosh *bosh)
{
	return bosh->state == BOSH_MOVING && !bosh->is_paused && !bosh->peer_ended;
}

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* XEP-0206, sections 4 and 5: a stream has no header here. Some servers answer a request for a
 * restart by the request before it, which they hold. */
static void report_opened(struct bosh *bosh, const struct bosh_answer *about)
{
	struct envoi_transport_sink *sink = bosh->base.sink;
	const struct envoi_stream_head head = {
		.from = or_null(about->from),
		.id = about->id[0] != '\0' ? about->id : bosh->session.sid,
		.lang = or_null(about->lang),
		.version = about->version[0] != '\0' ? about->version : "1.0",
		.content_ns = ENVOI_NS_CLIENT,
	};
	bosh->is_opened = true;
	sink->impl->opened(sink, &head);
}

static void hand_over(struct bosh *bosh, struct envoi_xml_item *item)
{
	struct envoi_transport_sink *sink = bosh->base.sink;
	if (!bosh->is_opened) {
		envoi__bosh_refuse_with(
			bosh, ENVOI_ERR_PROTOCOL, "an element of the stream before a restart");
	} else if (item->kind == ENVOI_XML_ELEMENT) {
		sink->impl->element(sink, item->element);
	} else if (item->kind == ENVOI_XML_SKIPPED && sink->impl->skipped != NULL) {
		sink->impl->skipped(sink, item->element, item->bytes, item->limit);
	}
	envoi_element_unref(item->element);
}

/* @return whether the session ends for another reason than a stream error */
static bool is_refusal(const struct bosh_answer *about)
{
	return about->is_end && about->condition[0] != '\0' &&
		strcmp(about->condition, "remote-stream-error") != 0;
}

static void end_by_condition(struct bosh *bosh, const struct bosh_answer *about)
{
	struct envoi_failure why;
	enum envoi_stream_condition condition = envoi__bosh_stream_condition(about->condition);
	envoi_failure_set(&why, bosh->base.context, ENVOI_PHASE_NONE,
		condition != ENVOI_STREAM_NO_CONDITION ? ENVOI_ERR_STREAM : ENVOI_ERR_DISCONNECTED,
		"the BOSH server ended the session: %s", about->condition);
	why.stream_condition = condition;
	snprintf(why.condition, sizeof(why.condition), "%s", about->condition);
	envoi__bosh_finish_now(bosh, &why);
}

/* Section 13, 17.2. The stream error itself was among the elements. */
static void end_session(struct bosh *bosh, const struct bosh_answer *about)
{
	struct envoi_transport_sink *sink = bosh->base.sink;
	bosh->has_ended = true;
	if (is_refusal(about) && !bosh->has_sent_end) {
		end_by_condition(bosh, about);
		return;
	}
	if (!bosh->is_opened) {
		envoi__bosh_fail(bosh, ENVOI_ERR_DISCONNECTED, "the BOSH server ended the session");
		return;
	}
	bosh->peer_ended = true;
	sink->impl->ended(sink);
}

static void end_answer(struct bosh *bosh)
{
	struct bosh_request *oldest = bosh_request_at(bosh, 0);
	struct bosh_answer about = oldest->about;
	bool is_end = about.is_end || oldest->ends_session;
	envoi__bosh_drop_oldest(bosh);
	if (is_end) {
		end_session(bosh, &about);
	}
}

static void refuse_answer(struct bosh *bosh, const struct bosh_request *request, int r)
{
	const struct envoi_xml_parser *parser = request->answer;
	struct envoi_failure why;
	enum envoi_stream_condition condition = envoi_xml_parser_condition(parser);
	const char *name = envoi_stream_condition_name(condition);
	const char *text = r < 0 ? envoi_xml_parser_error_text(parser)
				 : "an answer of the BOSH server is cut off";
	envoi_failure_set(
		&why, bosh->base.context, ENVOI_PHASE_NONE, r < 0 ? r : ENVOI_ERR_XML, "%s", text);
	why.stream_condition = condition;
	snprintf(why.condition, sizeof(why.condition), "%s", name != NULL ? name : "");
	envoi__bosh_refuse(bosh, &why);
}

static int next_item(struct bosh_request *request, struct envoi_xml_item *item)
{
	if (request->has_item) {
		request->has_item = false;
		*item = request->item;
		return ENVOI_OK;
	}
	return envoi_xml_parser_next(request->answer, item);
}

/* @return whether something was delivered */
static bool deliver_one(struct bosh *bosh)
{
	struct bosh_request *oldest = bosh_request_at(bosh, 0);
	struct envoi_xml_item item;
	if (bosh->count == 0 || !oldest->is_answered) {
		return false;
	}
	if (oldest->answer == NULL) {
		envoi__bosh_drop_oldest(bosh);
		return true;
	}
	bool is_of_stream = bosh->has_head && bosh->head == NULL && oldest->stream == bosh->streams;
	if (!bosh->is_opened && is_of_stream && !is_refusal(&oldest->about)) {
		report_opened(bosh, &oldest->about);
		return true;
	}
	int r = next_item(oldest, &item);
	if (r != ENVOI_OK) {
		refuse_answer(bosh, oldest, r);
	} else if (item.kind == ENVOI_XML_END) {
		end_answer(bosh);
	} else {
		hand_over(bosh, &item);
	}
	return true;
}

void envoi__bosh_deliver(struct bosh *bosh)
{
	unsigned int left = bosh->channel.slice_stanzas;
	while (may_deliver(bosh) && deliver_one(bosh)) {
		if (--left == 0) {
			envoi__bosh_wake(bosh);
			return;
		}
	}
}
