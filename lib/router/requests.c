/*
 * envoi - requests: iq get or set that wait for their answers
 * SPDX-License-Identifier: MIT
 */
#include "router/requests.h"

#include <string.h>

#include <envoi/context.h>

#include "router/answer.h"

struct envoi_request {
	struct envoi__event_entry entry; /* in the queue, once it has ended */
	struct envoi_context *context;
	struct envoi__requests *table; /* NULL: ended */
	char id[ENVOI_ID_SIZE];
	struct envoi_jid *asked;
	const struct envoi_payload_type *expected;
	envoi_answer_fn *done;
	void *user;
	uint64_t due_ms, order;
	size_t at; /* in the heap */
	bool is_vital; /* of the library: a filter cannot keep its answer back */
	bool is_held; /* being sent: the caller does not have it yet */
	bool is_spared; /* from the next end of all */
	int code;
	struct envoi_stanza *stanza; /* the answer */
};

void envoi__requests_init(struct envoi__requests *requests, struct envoi_context *context,
	struct envoi__event_queue *queue, size_t limit, uint64_t timeout_ms)
{
	*requests = (struct envoi__requests){
		.context = context,
		.queue = queue,
		.limit = limit,
		.timeout_ms = timeout_ms,
	};
	envoi__map_init(&requests->by_id, context);
	envoi__map_init(&requests->by_number, context);
}

void envoi__requests_finish(struct envoi__requests *requests)
{
	envoi_timer_stop(&requests->timer);
	envoi__map_finish(&requests->by_id);
	envoi__map_finish(&requests->by_number);
	envoi_free(requests->context, requests->heap);
}

/* --- the heap --- */

static bool is_before(const struct envoi_request *a, const struct envoi_request *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void put(struct envoi__requests *requests, size_t at, struct envoi_request *request)
{
	requests->heap[at] = request;
	request->at = at;
}

static void sift(struct envoi__requests *requests, struct envoi_request *request)
{
	size_t at = request->at;
	for (; at > 0 && is_before(request, requests->heap[(at - 1) / 2]); at = (at - 1) / 2) {
		put(requests, at, requests->heap[(at - 1) / 2]);
	}
	for (;;) {
		size_t child = 2 * at + 1;
		if (child + 1 < requests->count &&
			is_before(requests->heap[child + 1], requests->heap[child])) {
			child++;
		}
		if (child >= requests->count || !is_before(requests->heap[child], request)) {
			break;
		}
		put(requests, at, requests->heap[child]);
		at = child;
	}
	put(requests, at, request);
}

static int make_room(struct envoi__requests *requests)
{
	if (requests->count < requests->heap_capacity) {
		return ENVOI_OK;
	}
	size_t capacity = requests->heap_capacity == 0 ? 8 : requests->heap_capacity * 2;
	struct envoi_request **heap = envoi_realloc(
		requests->context, requests->heap, capacity * sizeof(struct envoi_request *));
	if (heap == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	requests->heap = heap;
	requests->heap_capacity = capacity;
	return ENVOI_OK;
}

static void on_timer(struct envoi_timer *timer);

static void set_timer(struct envoi__requests *requests)
{
	if (requests->count == 0) {
		envoi_timer_stop(&requests->timer);
		return;
	}
	struct envoi_loop *loop = requests->queue->loop;
	uint64_t now = envoi_loop_now_ms(loop), due = requests->heap[0]->due_ms;
	if (!envoi_timer_is_started(&requests->timer) || requests->timer.due_ms != due) {
		envoi_timer_start(&requests->timer, loop, due > now ? due - now : 0, on_timer);
	}
}

/* --- ending --- */

static void leave_heap(struct envoi_request *request)
{
	struct envoi__requests *requests = request->table;
	struct envoi_request *last = requests->heap[--requests->count];
	if (last != request) {
		last->at = request->at;
		sift(requests, last);
	}
}

static void take_out(struct envoi_request *request)
{
	struct envoi__requests *requests = request->table;
	(void)envoi__map_remove(&requests->by_id, request->id, strlen(request->id));
	(void)envoi__map_remove(
		&requests->by_number, (const char *)&request->order, sizeof(request->order));
	leave_heap(request);
	request->table = NULL;
	set_timer(requests);
	if (requests->by_id.count == 0) {
		envoi_free(requests->context, requests->heap);
		requests->heap = NULL;
		requests->heap_capacity = 0;
	}
}

static void free_request(struct envoi_request *request)
{
	struct envoi_context *context = request->context;
	envoi_stanza_unref(request->stanza);
	envoi_jid_unref(request->asked);
	envoi_free(context, request);
	envoi_context_unref(context);
}

static void dispatch(struct envoi__event_entry *entry)
{
	struct envoi_request *request = ENVOI_CONTAINER_OF(entry, struct envoi_request, entry);
	struct envoi_answer answer;
	envoi__answer_init(&answer, request->code, request->stanza, request->expected);
	request->done(request->user, &answer);
}

static void destroy(struct envoi__event_entry *entry)
{
	free_request(ENVOI_CONTAINER_OF(entry, struct envoi_request, entry));
}

static void end(struct envoi_request *request, int code, struct envoi_stanza *stanza)
{
	struct envoi__event_queue *queue = request->table->queue;
	take_out(request);
	if (request->is_held) {
		return;
	}
	request->code = code;
	request->entry.is_restoring &= code != ENVOI_ERR_DISCONNECTED; /* the next session's */
	request->stanza = stanza == NULL ? NULL : envoi_stanza_ref(stanza);
	envoi__event_queue_post(queue, &request->entry);
}

static void give_up(struct envoi_request *request, int code)
{
	struct envoi__requests *requests = request->table;
	uint64_t number = request->order;
	end(request, code, NULL);
	if (requests->given_up != NULL) {
		requests->given_up(requests, number);
	}
}

static void on_timer(struct envoi_timer *timer)
{
	struct envoi__requests *requests = ENVOI_CONTAINER_OF(timer, struct envoi__requests, timer);
	uint64_t now = envoi_loop_now_ms(requests->queue->loop);
	while (requests->count > 0 && requests->heap[0]->due_ms <= now) {
		give_up(requests->heap[0], ENVOI_ERR_TIMEOUT);
	}
	set_timer(requests);
}

uint64_t envoi__requests_next_number(const struct envoi__requests *requests)
{
	return requests->order + 1;
}

uint64_t envoi__request_number(const struct envoi_request *request)
{
	return request->order;
}

static struct envoi_request *find_number(const struct envoi__requests *requests, uint64_t number)
{
	return envoi__map_get(&requests->by_number, (const char *)&number, sizeof(number));
}

void envoi__requests_spare(struct envoi__requests *requests, uint64_t number)
{
	struct envoi_request *request = find_number(requests, number);
	if (request != NULL) {
		request->is_spared = true;
	}
}

void envoi__requests_end(struct envoi__requests *requests, uint64_t number, int code)
{
	struct envoi_request *request = find_number(requests, number);
	if (request != NULL) {
		end(request, code, NULL);
	}
}

/* The heap has room for those that it had. */
static void put_back(struct envoi__requests *requests, struct envoi__list *spared)
{
	while (!envoi__list_is_empty(spared)) {
		struct envoi_request *request = ENVOI_CONTAINER_OF(
			spared->next, struct envoi_request, entry.link);
		envoi__list_remove(&request->entry.link);
		request->is_spared = false;
		request->at = requests->count++;
		sift(requests, request);
	}
	set_timer(requests);
}

void envoi__requests_end_all(struct envoi__requests *requests, int code)
{
	struct envoi__list spared;
	envoi__list_init(&spared);
	while (requests->count > 0) {
		struct envoi_request *first = requests->heap[0];
		if (first->is_spared) {
			leave_heap(first);
			envoi__list_append(&spared, &first->entry.link);
		} else {
			end(first, code, NULL);
		}
	}
	put_back(requests, &spared);
}

void envoi_request_cancel(struct envoi_request *request)
{
	if (request != NULL && request->table != NULL) {
		give_up(request, ENVOI_ERR_CANCELED);
	}
}

int envoi__request_release(struct envoi_request *request, int code)
{
	request->is_held = false;
	if (code == ENVOI_OK && request->table == NULL) {
		code = ENVOI_ERR_STATE;
	}
	if (code < 0) {
		if (request->table != NULL) {
			take_out(request);
		}
		free_request(request);
	}
	return code;
}

/* --- adding --- */

static uint64_t due_in(struct envoi__requests *requests, uint64_t timeout_ms)
{
	uint64_t now = envoi_loop_now_ms(requests->queue->loop);
	return timeout_ms > UINT64_MAX - now ? UINT64_MAX : now + timeout_ms;
}

static int enter_maps(struct envoi__requests *requests, struct envoi_request *request)
{
	request->order = requests->order + 1;
	int r = envoi__map_add(&requests->by_id, request->id, strlen(request->id), request);
	if (r < 0) {
		return r;
	}
	r = envoi__map_add(&requests->by_number, (const char *)&request->order,
		sizeof(request->order), request);
	if (r < 0) {
		(void)envoi__map_remove(&requests->by_id, request->id, strlen(request->id));
		return r;
	}
	requests->order = request->order;
	return ENVOI_OK;
}

static int put_in(struct envoi__requests *requests, struct envoi_request *request)
{
	int r = envoi_id_make(requests->context, request->id);
	if (r == ENVOI_OK) {
		r = make_room(requests);
	}
	if (r == ENVOI_OK) {
		r = enter_maps(requests, request);
	}
	if (r < 0) {
		return r;
	}
	request->table = requests;
	request->at = requests->count++;
	sift(requests, request);
	set_timer(requests);
	return ENVOI_OK;
}

int envoi__requests_add(struct envoi__requests *requests, struct envoi_request **ret_request,
	const struct envoi__request_options *options)
{
	size_t count = options->is_restoring ? requests->count / 2 : requests->count;
	if (count >= requests->limit && !options->is_vital) {
		return ENVOI_ERR_FULL;
	}
	struct envoi_request *request = envoi_alloc(requests->context, sizeof(*request));
	if (request == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	uint64_t timeout_ms = options->timeout_ms == 0 ? requests->timeout_ms : options->timeout_ms;
	*request = (struct envoi_request){
		.entry = {.dispatch = dispatch,
			.destroy = destroy,
			.is_restoring = options->is_restoring},
		.context = envoi_context_ref(requests->context),
		.asked = options->asked == NULL ? NULL : envoi_jid_ref(options->asked),
		.expected = options->expected,
		.done = options->done,
		.user = options->user,
		.due_ms = due_in(requests, timeout_ms),
		.is_vital = options->is_vital,
		.is_held = true,
	};
	envoi__list_init(&request->entry.link);
	int r = put_in(requests, request);
	if (r < 0) {
		free_request(request);
		return r;
	}
	*ret_request = request;
	return ENVOI_OK;
}

const char *envoi__request_id(const struct envoi_request *request)
{
	return request->id;
}

/* --- answers --- */

bool envoi__answer_counts(const struct envoi_jid *asked, const struct envoi_jid *from,
	bool from_is_absent, const struct envoi_jid *own)
{
	if (!from_is_absent && from == NULL) {
		return false; /* not an address */
	}
	if (asked == NULL) {
		return from_is_absent ||
			(own != NULL &&
				(envoi_jid_equal(from, own) || envoi_jid_is_bare_of(from, own) ||
					envoi_jid_is_domain_of(from, own)));
	}
	if (from_is_absent) {
		return envoi_jid_is_bare_of(asked, own) || envoi_jid_is_domain_of(asked, own);
	}
	return envoi_jid_equal(from, asked);
}

/* @return the request that a stanza answers; NULL: none */
static struct envoi_request *find(struct envoi__requests *requests,
	const struct envoi_stanza *stanza, const struct envoi_jid *own)
{
	enum envoi_stanza_kind kind = envoi_stanza_kind(stanza);
	if (kind != ENVOI_IQ_RESULT && kind != ENVOI_IQ_ERROR) {
		return NULL;
	}
	const char *id = envoi_stanza_id(stanza);
	struct envoi_request *request = envoi__map_get(&requests->by_id, id, strlen(id));
	if (request == NULL ||
		!envoi__answer_counts(request->asked, envoi_stanza_from(stanza),
			envoi_stanza_from_text(stanza) == NULL, own)) {
		requests->ignored++;
		return NULL;
	}
	return request;
}

bool envoi__requests_answer(
	struct envoi__requests *requests, struct envoi_stanza *stanza, const struct envoi_jid *own)
{
	struct envoi_request *request = find(requests, stanza, own);
	if (request == NULL) {
		return false;
	}
	bool is_result = envoi_stanza_kind(stanza) == ENVOI_IQ_RESULT;
	end(request, is_result ? ENVOI_OK : ENVOI_ERR_STANZA, stanza);
	return true;
}

void envoi__requests_answer_vital(
	struct envoi__requests *requests, struct envoi_stanza *stanza, const struct envoi_jid *own)
{
	struct envoi_request *request = find(requests, stanza, own);
	if (request != NULL && request->is_vital) {
		bool is_result = envoi_stanza_kind(stanza) == ENVOI_IQ_RESULT;
		end(request, is_result ? ENVOI_OK : ENVOI_ERR_STANZA, stanza);
	}
}

bool envoi__requests_fail(struct envoi__requests *requests, const struct envoi_stanza *stanza,
	const struct envoi_jid *own, int code)
{
	struct envoi_request *request = find(requests, stanza, own);
	if (request != NULL) {
		end(request, code, NULL);
	}
	return request != NULL;
}
