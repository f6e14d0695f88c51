/*
 * envoi - BOSH, the receiving side: requests, taken and answered in order (XEP-0124, section 14)
 * SPDX-License-Identifier: MIT
 *
 * Private headers: see bosh_hosted.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "bosh_hosted.h"

enum {
	LATE_MS = 10000, /* for a request that others wait for, beyond the time that it is held */
	SECOND = 1000,
};

static uint64_t now(const struct hosted *hosted)
{
	return envoi_loop_now_ms(hosted_loop(hosted));
}

/* --- the window --- */

static struct hosted_request *find(struct hosted *hosted, uint64_t rid)
{
	struct hosted_request *request = hosted_place(hosted, rid);
	return request->rid == rid ? request : NULL;
}

static void free_answer(struct hosted *hosted, struct hosted_request *request)
{
	if (request->answer != NULL) {
		envoi__wipe(request->answer, request->answer_len);
		envoi_free(hosted->base.context, request->answer);
	}
	request->answer = NULL;
	request->answer_len = 0;
}

static void clear(struct hosted *hosted, struct hosted_request *request)
{
	hosted->written += request->elements;
	envoi_xml_parser_free(request->content);
	free_answer(hosted, request);
	*request = (struct hosted_request){.rid = 0};
}

/* The client has the answers up to this one. */
static void count_written(struct hosted *hosted, uint64_t rid)
{
	for (size_t i = 0; i < HOSTED_WINDOW; i++) {
		struct hosted_request *request = &hosted->window[i];
		if (request->rid > 0 && request->rid <= rid && request->is_answered) {
			hosted->written += request->elements;
			request->elements = 0;
			free_answer(hosted, request);
		}
	}
}

/* It has sent no more than it may: it has the answers before those that it may still wait for. */
static void count_shown(struct hosted *hosted, const struct hosted_body *body)
{
	uint64_t shown = body->rid > HOSTED_ANSWERS ? body->rid - HOSTED_ANSWERS : 0;
	count_written(hosted, shown);
	if (body->sid != NULL && body->ack < body->rid) {
		count_written(hosted, body->ack);
	}
}

static void copy_text(char *to, size_t size, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;
	if (len < size) {
		memcpy(to, text != NULL ? text : "", len + 1);
	}
}

static void keep(struct hosted *hosted, struct hosted_request *request,
	struct envoi_xml_parser *content, const struct hosted_body *body)
{
	uint64_t pause_s = body->pause_s < HOSTED_PAUSE_S ? body->pause_s : HOSTED_PAUSE_S;
	clear(hosted, request);
	request->rid = body->rid;
	request->content = content;
	request->came_ms = now(hosted);
	request->begins_stream = body->is_restart || body->rid == hosted->first;
	request->ends_session = body->is_end;
	request->pause_ms = pause_s * SECOND;
	copy_text(request->to, sizeof(request->to), body->to);
	copy_text(request->from, sizeof(request->from), body->from);
	copy_text(request->lang, sizeof(request->lang), body->lang);
	copy_text(request->key, sizeof(request->key), body->key);
	copy_text(request->new_key, sizeof(request->new_key), body->new_key);
}

/* Section 15.4: in the order of rids, where the first request has begun a sequence. */
static bool has_right_key(const struct hosted *hosted, const struct hosted_request *request)
{
	return hosted->last_key[0] == '\0' ||
		envoi__bosh_key_follows(request->key, hosted->last_key);
}

static void note_key(struct hosted *hosted, const struct hosted_request *request)
{
	bool is_first = request->rid == hosted->first;
	bool is_new = is_first || request->new_key[0] != '\0';
	if (is_first || hosted->last_key[0] != '\0') {
		memcpy(hosted->last_key, is_new ? request->new_key : request->key, BOSH_KEY_SIZE);
	}
}

static void count_received(struct hosted *hosted)
{
	const struct hosted_request *request = find(hosted, hosted->received + 1);
	while (request != NULL && has_right_key(hosted, request)) {
		note_key(hosted, request);
		hosted->received++;
		request = find(hosted, hosted->received + 1);
	}
	if (request != NULL) {
		envoi__hosted_fail(hosted, "item-not-found", ENVOI_ERR_PROTOCOL,
			"a BOSH request whose key does not follow the one before");
	}
}

/* An answer that the client has is not kept: its request has come late, and nobody reads this. */
static void answer_again(const struct hosted_request *request, struct envoi_bosh_exchange *exchange)
{
	static const char empty[] = "<body xmlns='" ENVOI__BOSH_NS "'/>";
	if (request->answer != NULL) {
		envoi__exchange_answer(exchange, request->answer, request->answer_len);
	} else {
		envoi__exchange_answer(exchange, empty, strlen(empty));
	}
}

/* Section 14.3. The client has closed the connection that the request came on before. */
static void repeat(
	struct hosted *hosted, struct hosted_request *request, struct envoi_bosh_exchange *exchange)
{
	static const char recoverable[] = "<body xmlns='" ENVOI__BOSH_NS "' type='error'/>";
	if (request->is_answered) {
		answer_again(request, exchange);
		return;
	}
	if (request->exchange != NULL) {
		envoi__exchange_answer(request->exchange, recoverable, strlen(recoverable));
	}
	envoi__exchange_bind(exchange, request);
	envoi__hosted_wake(hosted);
}

static bool is_in_window(const struct hosted *hosted, uint64_t rid)
{
	return rid >= hosted->first && rid <= hosted->answered + HOSTED_REQUESTS + 1 &&
		rid + HOSTED_ANSWERS > hosted->answered;
}

/* Section 14.2. */
static void refuse_rid(struct hosted *hosted, struct envoi_bosh_exchange *exchange)
{
	envoi__exchange_end(exchange, hosted->has_ended ? hosted->condition : "item-not-found");
	if (!hosted->has_ended) {
		envoi__hosted_fail(hosted, "item-not-found", ENVOI_ERR_PROTOCOL,
			"a BOSH request whose rid is out of the window");
	}
}

void envoi__hosted_take(struct hosted *hosted, struct envoi_bosh_exchange *exchange,
	struct envoi_xml_parser *content, const struct hosted_body *body)
{
	if (hosted->has_ended || !is_in_window(hosted, body->rid)) {
		envoi_xml_parser_free(content);
		refuse_rid(hosted, exchange);
		return;
	}
	struct hosted_request *request = find(hosted, body->rid);
	hosted->has_activity = true;
	if (request != NULL) {
		envoi_xml_parser_free(content);
		repeat(hosted, request, exchange);
	} else {
		request = hosted_place(hosted, body->rid);
		count_shown(hosted, body);
		keep(hosted, request, content, body);
		count_received(hosted);
		envoi__exchange_bind(exchange, request);
		envoi__hosted_wake(hosted);
	}
	envoi__hosted_watch_inactivity(hosted);
}

/* --- answers --- */

/* A copy, which has no room to grow. */
static int keep_answer(
	struct hosted *hosted, struct hosted_request *request, const struct envoi_buffer *body)
{
	size_t len = envoi_buffer_len(body);
	request->answer = envoi_alloc(hosted->base.context, len);
	if (request->answer == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	memcpy(request->answer, envoi_buffer_data(body), len);
	request->answer_len = len;
	return ENVOI_OK;
}

static void drop_old_answer(struct hosted *hosted)
{
	bool is_any = hosted->answered > HOSTED_ANSWERS;
	struct hosted_request *old = is_any ? find(hosted, hosted->answered - HOSTED_ANSWERS)
					    : NULL;
	if (old != NULL) {
		clear(hosted, old);
	}
}

static void give_answer(struct hosted *hosted, struct hosted_request *request)
{
	if (envoi__hosted_has_payload(hosted, request)) {
		request->elements = hosted->queued;
		hosted->queued = 0;
		envoi_buffer_wipe(&hosted->queue);
	}
	request->is_answered = true;
	hosted->answered = request->rid;
	hosted->has_ended |= hosted->wants_end;
	envoi__exchange_answer(request->exchange, request->answer, request->answer_len);
	drop_old_answer(hosted);
}

/* Without memory the request waits on. @return whether it was answered */
static bool answer(struct hosted *hosted, struct hosted_request *request)
{
	struct envoi_buffer body;
	envoi_buffer_init(&body, hosted->base.context, 0);
	int r = envoi__hosted_write_answer(hosted, request, &body);
	r = r < 0 ? r : keep_answer(hosted, request, &body);
	if (r == ENVOI_OK) {
		give_answer(hosted, request);
	}
	envoi_buffer_wipe(&body);
	return r == ENVOI_OK;
}

/* @return whether a request behind it lets none wait: section 10 */
static bool is_pausing(struct hosted *hosted)
{
	for (uint64_t rid = hosted->answered + 1; rid <= hosted->delivered; rid++) {
		const struct hosted_request *request = find(hosted, rid);
		if (request != NULL && request->pause_ms > 0) {
			return true;
		}
	}
	return false;
}

static bool is_due(struct hosted *hosted, const struct hosted_request *request)
{
	uint64_t waited_ms = now(hosted) - request->came_ms;
	if (hosted->queued > 0 || hosted->wants_end) {
		return true;
	}
	if (request->rid == hosted->first && !hosted->has_head) {
		return waited_ms >= LATE_MS; /* the stream has not begun yet */
	}
	return waited_ms >= hosted->wait_ms ||
		hosted->delivered - hosted->answered > hosted->hold || is_pausing(hosted);
}

static struct hosted_request *next_to_answer(struct hosted *hosted)
{
	struct hosted_request *request = find(hosted, hosted->answered + 1);
	bool is_ready = request != NULL && request->exchange != NULL &&
		(request->is_delivered || hosted->state == HOSTED_CLOSING);
	return is_ready ? request : NULL;
}

bool envoi__hosted_is_asked(const struct hosted *hosted)
{
	for (size_t i = 0; i < HOSTED_WINDOW; i++) {
		if (hosted->window[i].exchange != NULL) {
			return true;
		}
	}
	return false;
}

static void on_wait(struct envoi_timer *timer)
{
	envoi__hosted_wake(ENVOI_CONTAINER_OF(timer, struct hosted, wait));
}

/* @return the request that waits for its answer for the longest time; NULL: none does */
static struct hosted_request *oldest_exchange(struct hosted *hosted)
{
	struct hosted_request *oldest = NULL;
	for (size_t i = 0; i < HOSTED_WINDOW; i++) {
		struct hosted_request *request = &hosted->window[i];
		if (request->exchange != NULL &&
			(oldest == NULL || request->came_ms < oldest->came_ms)) {
			oldest = request;
		}
	}
	return oldest;
}

/* One that cannot be answered then waits for a request before it, which has not come. */
static void watch_wait(struct hosted *hosted)
{
	const struct hosted_request *oldest = oldest_exchange(hosted);
	envoi_timer_stop(&hosted->wait);
	if (oldest == NULL) {
		return;
	}
	uint64_t waited_ms = now(hosted) - oldest->came_ms;
	bool is_late = waited_ms >= hosted->wait_ms + LATE_MS;
	if (is_late && hosted->state == HOSTED_MOVING && !hosted->is_paused) {
		envoi__hosted_fail(hosted, "item-not-found", ENVOI_ERR_TIMEOUT,
			"a BOSH request before another one has not come in time");
		return;
	}
	uint64_t most_ms = hosted->wait_ms + (waited_ms >= hosted->wait_ms ? LATE_MS : 0);
	envoi_timer_start(&hosted->wait, hosted_loop(hosted),
		waited_ms < most_ms ? most_ms - waited_ms : SECOND, on_wait);
}

static void end_others(struct hosted *hosted)
{
	for (size_t i = 0; i < HOSTED_WINDOW; i++) {
		struct envoi_bosh_exchange *exchange = hosted->window[i].exchange;
		if (exchange != NULL) {
			envoi__exchange_end(exchange, hosted->condition);
		}
	}
}

void envoi__hosted_answer_due(struct hosted *hosted)
{
	struct hosted_request *request = next_to_answer(hosted);
	bool is_answered = true;
	while (request != NULL && is_answered && !hosted->has_ended && is_due(hosted, request)) {
		uint64_t pause_ms = request->pause_ms;
		is_answered = answer(hosted, request);
		hosted->pause_ms = is_answered ? pause_ms : hosted->pause_ms;
		request = next_to_answer(hosted);
	}
	if (hosted->has_ended) {
		end_others(hosted);
	}
	watch_wait(hosted);
	envoi__hosted_watch_inactivity(hosted);
}

void envoi__hosted_drop_requests(struct hosted *hosted)
{
	if (hosted->has_ended) {
		count_written(hosted, UINT64_MAX);
	}
	end_others(hosted);
	for (size_t i = 0; i < HOSTED_WINDOW; i++) {
		hosted->window[i].elements = 0;
		clear(hosted, &hosted->window[i]);
	}
}

size_t envoi__hosted_memory(const struct hosted *hosted)
{
	size_t held = hosted->queue.capacity;
	for (size_t i = 0; i < HOSTED_WINDOW; i++) {
		const struct hosted_request *request = &hosted->window[i];
		held += request->answer_len;
		held += request->content != NULL ? envoi_xml_parser_memory(request->content) : 0;
	}
	return held;
}
