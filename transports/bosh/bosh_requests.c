/*
 * envoi - XMPP over BOSH: making requests, and sending them again
 * SPDX-License-Identifier: MIT
 *
 * Private headers: see bosh_inside.h.
 */
#include <stdio.h>
#include <string.h>

#include "bosh_inside.h"

enum {
	SECOND = 1000,
	/* between requests that a server which holds them answers at once */
	LEAST_POLL_MS = SECOND,
	/* of a request that is not answered at all: a server may be silent about a large one */
	MOST_REPEATS = 3,
	MOST_REPEATS_IN_TIME = 60, /* of a small one, while the server keeps the session */
	SMALL_BYTES = 16384,
	FAST_REPEATS = 40, /* of one whose answer breaks off */
	BREAK_DELAY_MS = 250, /* before the second repeat after a break; it doubles */
	LONGEST_DELAY_MS = 8 * SECOND, /* between repeats */
	REQUEST_BYTES = 8192, /* of elements in a request, if there are several */
};

static uint64_t now_of(const struct bosh *bosh)
{
	return envoi_loop_now_ms(bosh_loop(bosh));
}

/* --- making requests --- */

/* @return whether no answer is pending, or is to be delivered, but those to requests for a pause */
static bool is_unasked(struct bosh *bosh)
{
	size_t pauses = 0;
	for (size_t i = 0; i < bosh->count; i++) {
		const struct bosh_request *request = bosh_request_at(bosh, i);
		pauses += request->pause_ms > 0 && !request->is_answered;
	}
	return pauses == bosh->count;
}

/* Whole elements, one at least. @param[out] ret_len  their bytes */
static size_t choose_elements(const struct bosh *bosh, size_t *ret_len)
{
	size_t count = 0, size, sum = 0;
	size_t most = bosh->head != NULL ? bosh->before_head
					 : envoi_buffer_len(&bosh->ends) / sizeof(size);
	while (count < most) {
		memcpy(&size, envoi_buffer_data(&bosh->ends) + count * sizeof(size), sizeof(size));
		if (count > 0 && sum + size > REQUEST_BYTES) {
			break;
		}
		sum += size;
		count++;
	}
	*ret_len = sum;
	return count;
}

static struct envoi_element *body_of(struct bosh *bosh, bool begins_stream)
{
	struct envoi_element *head = bosh->head;
	if (begins_stream) {
		bosh->head = NULL;
		return head;
	}
	return envoi_element_new(bosh->base.context, ENVOI__BOSH_NS, "body");
}

static int write_body(struct bosh *bosh, struct bosh_request *request, size_t len)
{
	bool is_first = bosh->session.sid[0] == '\0';
	char key[BOSH_KEY_SIZE] = "", new_key[BOSH_KEY_SIZE] = "";
	int r = bosh->options.url.is_secure
		? ENVOI_OK
		: envoi__bosh_keys_next(&bosh->keys, bosh->base.context, key, new_key);
	if (r < 0) {
		return r;
	}
	struct bosh_parts parts = {
		.body = body_of(bosh, request->begins_stream),
		.rid = request->rid,
		.sid = is_first ? NULL : bosh->session.sid,
		.wait_s = bosh->options.wait_ms / SECOND,
		.version = is_first && bosh->version[0] != '\0' ? bosh->version : NULL,
		.is_restart = request->begins_stream && !is_first,
		.is_end = request->ends_session,
		.ack = bosh->session.acks && bosh->received + 1 != request->rid ? bosh->received
										: 0,
		.pause_s = (request->pause_ms + SECOND - 1) / SECOND,
		.key = key,
		.new_key = new_key,
		.xml = envoi_buffer_data(&bosh->queue),
		.len = len,
	};
	r = envoi__bosh_write_body(&request->body, &parts);
	envoi_element_unref(parts.body);
	return r;
}

/* @return false: there is no memory, and the session has ended with it */
static bool make_request(struct bosh *bosh, bool begins_stream, bool ends_session)
{
	struct bosh_request *request = bosh_request_at(bosh, bosh->count);
	size_t len = 0, elements = begins_stream ? 0 : choose_elements(bosh, &len);
	bool is_last = elements == envoi_buffer_len(&bosh->ends) / sizeof(size_t);
	bool may_pause = is_last && !begins_stream && !ends_session;
	*request = (struct bosh_request){
		.bosh = bosh,
		.rid = bosh->rid,
		.begins_stream = begins_stream,
		.ends_session = ends_session && is_last,
		.is_empty = elements == 0 && !begins_stream && !ends_session && !bosh->wants_pause,
		.pause_ms = may_pause ? envoi__bosh_pause_left_ms(bosh) : 0,
		.elements = elements,
	};
	envoi_buffer_init(&request->body, bosh->base.context, 0);
	int r = write_body(bosh, request, len);
	if (r < 0 || bosh->rid == BOSH_LAST_RID) {
		envoi_buffer_wipe(&request->body);
		envoi__bosh_fail(bosh, r < 0 ? r : ENVOI_ERR_LIMIT,
			r < 0 ? envoi_error_text(r) : "the session has no request ids left");
		return false;
	}
	envoi_buffer_wipe_front(&bosh->queue, len);
	envoi_buffer_consume(&bosh->ends, elements * sizeof(size_t));
	bosh->before_head -= bosh->head != NULL ? elements : 0;
	bosh->streams += begins_stream;
	bosh->rid++;
	bosh->count++;
	bosh->last_sent_ms = now_of(bosh);
	bosh->has_sent_end |= request->ends_session;
	bosh->wants_pause &= request->pause_ms == 0;
	return true;
}

static void on_pace(struct envoi_timer *timer)
{
	struct bosh *bosh = ENVOI_CONTAINER_OF(timer, struct bosh, pace);
	envoi__bosh_wake(bosh);
}

/* @return whether the next request is due; else it is when the timer fires. Sections 11, 12. */
static bool is_due(struct bosh *bosh, bool is_empty)
{
	const struct bosh_session *session = &bosh->session;
	uint64_t distance_ms = 0, passed_ms = now_of(bosh) - bosh->last_sent_ms;
	if (session->requests == 1 || (is_empty && !session->holds)) {
		distance_ms = session->polling_ms;
	}
	if (is_empty && bosh->was_last_empty && distance_ms < LEAST_POLL_MS) {
		distance_ms = LEAST_POLL_MS;
	}
	if (passed_ms >= distance_ms) {
		return true;
	}
	envoi_timer_start(&bosh->pace, bosh_loop(bosh), distance_ms - passed_ms, on_pace);
	return false;
}

/* The answer to a request for a pause is not waited for: section 10, and some servers give none. */
static bool is_settled(const struct bosh_request *request)
{
	return request->is_answered || (request->pause_ms > 0 && request->was_sent);
}

/* Section 14.2: rids go no further than the number of requests behind the oldest one that is not
 * answered. The server keeps as many answers, for requests that come again (section 14.3). */
static bool has_room(struct bosh *bosh, bool is_extra)
{
	size_t answered = 0,
	       most = bosh->session.sid[0] == '\0' ? 1
		: bosh->session.requests < 2       ? bosh->session.requests
						   : 2;
	while (answered < bosh->count && is_settled(bosh_request_at(bosh, answered))) {
		answered++;
	}
	return bosh->count < BOSH_WINDOW - (is_extra ? 0U : 1U) &&
		bosh->count - answered < most + (is_extra ? 1 : 0);
}

/* A request that begins a stream goes alone, behind all elements of the one before (XEP-0206,
 * section 5). */
static bool make_next(struct bosh *bosh)
{
	bool has_elements = envoi_buffer_len(&bosh->ends) > 0;
	bool has_session = bosh->session.sid[0] != '\0';
	if (bosh->head != NULL && bosh->before_head == 0) {
		return has_room(bosh, false) && is_due(bosh, false) &&
			make_request(bosh, true, false);
	}
	if (!has_session || bosh->has_sent_end) {
		return false;
	}
	if (has_elements || bosh->wants_end) {
		return has_room(bosh, bosh->wants_end) && is_due(bosh, false) &&
			make_request(bosh, false, bosh->wants_end);
	}
	if (bosh->wants_pause) { /* one more than else is allowed: section 11 */
		return has_room(bosh, true) && is_due(bosh, false) &&
			make_request(bosh, false, false);
	}
	bool may_poll = is_unasked(bosh) && bosh->state == BOSH_MOVING && !bosh->is_paused &&
		!envoi__bosh_is_pausing(bosh) && has_room(bosh, bosh->count > 0);
	return may_poll && is_due(bosh, true) && make_request(bosh, false, false);
}

void envoi__bosh_send_due(struct bosh *bosh)
{
	while (envoi__bosh_may_send(bosh) && make_next(bosh)) {
	}
	envoi__bosh_send_waiting(bosh);
}

static void drop_queue(struct bosh *bosh)
{
	bosh->unsent += envoi_buffer_len(&bosh->ends) / sizeof(size_t);
	envoi_buffer_wipe(&bosh->queue);
	envoi_buffer_finish(&bosh->ends);
}

void envoi__bosh_send_end(struct bosh *bosh)
{
	bool has_session = bosh->session.sid[0] != '\0' && !bosh->has_sent_end;
	drop_queue(bosh);
	if (has_session && envoi__bosh_may_send(bosh) && envoi__bosh_has_idle_link(bosh) &&
		has_room(bosh, true) && make_request(bosh, false, true)) {
		envoi__bosh_send_waiting(bosh);
	}
}

/* --- sending again --- */

/* A session ends at the server for want of requests: where connections break, the time is used.
 * Some servers do not count repeats: an answer that breaks off has to be fetched soon. */
static uint64_t delay_of(const struct bosh_request *request, enum bosh_trouble trouble)
{
	unsigned int count = request->troubles[trouble];
	uint64_t first_ms = trouble == BOSH_BUSY ? SECOND : BREAK_DELAY_MS;
	uint64_t most_ms = trouble == BOSH_BUSY ? LONGEST_DELAY_MS : SECOND;
	unsigned int doublings = trouble == BOSH_BUSY ? count - 1 : count - 2;
	if (trouble != BOSH_BUSY && count == 1) {
		return 0;
	}
	if (trouble == BOSH_CUT && count <= FAST_REPEATS) {
		return BREAK_DELAY_MS;
	}
	uint64_t delay_ms = first_ms << (doublings < 5 ? doublings : 5);
	return delay_ms < most_ms ? delay_ms : most_ms;
}

/* Something between may break off an answer for its size. */
static bool may_repeat(const struct bosh *bosh, const struct bosh_request *request,
	enum bosh_trouble trouble, uint64_t now_ms)
{
	unsigned int count = request->troubles[trouble];
	bool has_time = now_ms - request->failing_since_ms < bosh->session.inactivity_ms;
	bool is_small = envoi_buffer_len(&request->body) <= SMALL_BYTES;
	if (bosh->session.sid[0] == '\0') {
		return false;
	}
	if (trouble == BOSH_BUSY) {
		return has_time;
	}
	bool is_answering = trouble == BOSH_CUT || (is_small && has_time);
	return count <= MOST_REPEATS || (is_answering && count <= MOST_REPEATS_IN_TIME);
}

static void end_with(
	struct bosh *bosh, const struct bosh_request *request, int code, const char *text)
{
	struct envoi_failure why;
	if (bosh->session.sid[0] == '\0') {
		envoi_failure_set(&why, bosh->base.context, ENVOI_PHASE_NONE, code, "%.160s", text);
	} else {
		envoi_failure_set(&why, bosh->base.context, ENVOI_PHASE_NONE, code,
			"%.160s (a request of %zu bytes, sent %u times)", text,
			envoi_buffer_len(&request->body), request->failures);
	}
	envoi__bosh_finish_now(bosh, &why);
}

void envoi__bosh_request_failed(struct bosh *bosh, struct bosh_request *request,
	enum bosh_trouble trouble, int code, const char *text)
{
	uint64_t now_ms = now_of(bosh);
	if (bosh->state >= BOSH_OVER) {
		return;
	}
	if (request->failures++ == 0 || trouble == BOSH_CUT) {
		request->failing_since_ms = now_ms;
	}
	request->troubles[trouble]++;
	if (code == ENVOI_ERR_NOMEM || !may_repeat(bosh, request, trouble, now_ms)) {
		end_with(bosh, request, code, text);
		return;
	}
	envoi__bosh_detach(request);
	uint64_t delay_ms = delay_of(request, trouble);
	if (delay_ms > 0) {
		envoi_timer_start(&request->timer, bosh_loop(bosh), delay_ms, envoi__bosh_on_timer);
	}
	envoi__bosh_wake(bosh);
}

void envoi__bosh_repeat(struct bosh *bosh, struct bosh_request *last)
{
	for (size_t i = 0; i < bosh->count && bosh->state < BOSH_OVER; i++) {
		struct bosh_request *request = bosh_request_at(bosh, i);
		if (!request->is_answered) {
			envoi__bosh_request_failed(bosh, request, BOSH_SILENT,
				ENVOI_ERR_DISCONNECTED, "the BOSH server asks for requests again");
		}
		if (request == last) {
			return;
		}
	}
}

/* --- the end of a request --- */

static void finish_request(struct bosh_request *request)
{
	envoi__bosh_detach(request);
	envoi_buffer_wipe(&request->body);
	if (request->has_item) {
		envoi_element_unref(request->item.element);
		request->has_item = false;
	}
	envoi_xml_parser_free(request->answer);
	request->answer = NULL;
}

void envoi__bosh_drop_oldest(struct bosh *bosh)
{
	struct bosh_request *request = bosh_request_at(bosh, 0);
	bosh->received = request->rid;
	finish_request(request);
	bosh->first = (bosh->first + 1) % BOSH_WINDOW;
	bosh->count--;
}

size_t envoi__bosh_pending(const struct bosh *bosh)
{
	size_t pending = envoi_buffer_len(&bosh->queue);
	for (size_t i = 0; i < bosh->count; i++) {
		const struct bosh_request *request = &bosh->window[(bosh->first + i) % BOSH_WINDOW];
		pending += request->elements > 0 ? envoi_buffer_len(&request->body) : 0;
	}
	return pending;
}

void envoi__bosh_drop_requests(struct bosh *bosh)
{
	drop_queue(bosh);
	for (size_t i = 0; i < bosh->count; i++) {
		struct bosh_request *request = bosh_request_at(bosh, i);
		bosh->unsent += request->was_sent ? 0 : request->elements;
		finish_request(request);
	}
	bosh->count = 0;
	envoi_timer_stop(&bosh->pace);
	envoi_timer_stop(&bosh->pause_end);
	for (size_t i = 0; i < BOSH_LINKS; i++) {
		struct envoi_connector *connector = bosh->slots[i].connector;
		bosh->slots[i].connector = NULL;
		envoi__bosh_free_link(&bosh->slots[i]);
		envoi_connector_destroy(connector);
	}
}
