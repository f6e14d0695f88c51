/*
 * envoi - the router: which handler gets a stanza
 * SPDX-License-Identifier: MIT
 */
#include "router/router.h"

#include <stdio.h>

#include <envoi/context.h>

#include "router/delivery.h"
#include "xml/element.h"
#include "xml/path.h"

enum {
	USUAL_CURSORS = 16,
};

void envoi__router_init(struct envoi__router *router, struct envoi_context *context,
	struct envoi__router_host *host, struct envoi_session *session, size_t deferred_limit)
{
	*router = (struct envoi__router){
		.context = context,
		.host = host,
		.session = session,
		.deferred_limit = deferred_limit,
	};
	envoi__rows_init(&router->rows, context);
	envoi__list_init(&router->removed);
	envoi__list_init(&router->promises);
}

void envoi__router_close(struct envoi__router *router)
{
	envoi__guard_end(&router->guard);
	envoi__router_disable_promises(router);
}

void envoi__router_finish(struct envoi__router *router)
{
	envoi__rows_finish(&router->rows);
}

int envoi__router_add(struct envoi__router *router, struct envoi__member **ret_member,
	struct envoi_handler *handler)
{
	return envoi__rows_add(&router->rows, ret_member, handler);
}

void envoi__router_remove(struct envoi__router *router, struct envoi__member *member)
{
	if (member == NULL) {
		return;
	}
	member->is_removed = true;
	if (envoi__guard_is_idle(&router->guard)) {
		envoi__member_free(&router->rows, member);
	} else {
		envoi__list_append(&router->removed, &member->link);
	}
}

/* --- one dispatch --- */

/** Where a dispatch stands in one bucket. */
struct cursor {
	struct envoi__row *row;
	struct envoi_element *element; /* that led here */
};

struct dispatch {
	struct envoi_delivery delivery;
	uint64_t number;
	uint64_t last_order; /* rows added later are for the next stanza */
	bool is_logged_in;
	bool was_called; /* a row */
	struct cursor *cursors; /* a heap: the row to be called next is first */
	size_t count, capacity;
	struct cursor usual[USUAL_CURSORS];
};

static bool is_before(const struct dispatch *dispatch, size_t a, size_t b)
{
	return envoi__row_precedes(dispatch->cursors[a].row, dispatch->cursors[b].row);
}

static void swap(struct dispatch *dispatch, size_t a, size_t b)
{
	struct cursor cursor = dispatch->cursors[a];
	dispatch->cursors[a] = dispatch->cursors[b];
	dispatch->cursors[b] = cursor;
}

static void sift_up(struct dispatch *dispatch, size_t at)
{
	while (at > 0 && is_before(dispatch, at, (at - 1) / 2)) {
		swap(dispatch, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static void sift_down(struct dispatch *dispatch, size_t at)
{
	for (;;) {
		size_t first = at, left = 2 * at + 1;
		if (left < dispatch->count && is_before(dispatch, left, first)) {
			first = left;
		}
		if (left + 1 < dispatch->count && is_before(dispatch, left + 1, first)) {
			first = left + 1;
		}
		if (first == at) {
			return;
		}
		swap(dispatch, at, first);
		at = first;
	}
}

static int make_room(struct dispatch *dispatch)
{
	if (dispatch->count < dispatch->capacity) {
		return ENVOI_OK;
	}
	struct envoi_context *context = dispatch->delivery.router->context;
	size_t capacity = dispatch->capacity * 4;
	struct cursor *cursors = envoi_alloc(context, capacity * sizeof(*cursors));
	if (cursors == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = 0; i < dispatch->count; i++) {
		cursors[i] = dispatch->cursors[i];
	}
	if (dispatch->cursors != dispatch->usual) {
		envoi_free(context, dispatch->cursors);
	}
	dispatch->cursors = cursors;
	dispatch->capacity = capacity;
	return ENVOI_OK;
}

static int add_cursor(
	struct dispatch *dispatch, const char *ns, const char *name, struct envoi_element *element)
{
	const struct envoi_delivery *delivery = &dispatch->delivery;
	struct envoi__row_bucket *bucket = envoi__rows_find(
		&delivery->router->rows, envoi_stanza_kind(delivery->stanza), ns, name);
	if (bucket == NULL || bucket->last_stanza == dispatch->number) {
		return ENVOI_OK;
	}
	int r = make_room(dispatch);
	if (r < 0) {
		return r;
	}
	bucket->last_stanza = dispatch->number;
	dispatch->cursors[dispatch->count] = (struct cursor){bucket->first, element};
	sift_up(dispatch, dispatch->count++);
	return ENVOI_OK;
}

/* No row is for a name that is not known: adding it would have made it known. */
static int find_rows_of(struct dispatch *dispatch, struct envoi_element *payload)
{
	bool has_namespaces = dispatch->delivery.router->rows.namespace_count > 0;
	const char *name = envoi__element_name_known(payload);
	const char *ns = name == NULL && !has_namespaces ? NULL : envoi__element_ns_known(payload);
	int r = ENVOI_OK;
	if (ns != NULL && name != NULL) {
		r = add_cursor(dispatch, ns, name, payload);
	}
	if (ns != NULL && has_namespaces && r == ENVOI_OK) {
		r = add_cursor(dispatch, ns, NULL, payload);
	}
	return r;
}

static int find_rows(struct dispatch *dispatch)
{
	struct envoi_element *stanza = envoi_stanza_element(dispatch->delivery.stanza);
	struct envoi_element *child = envoi_element_first(stanza);
	bool is_request = dispatch->delivery.is_request;
	int r = add_cursor(dispatch, NULL, NULL, is_request ? child : NULL);
	for (; child != NULL && r == ENVOI_OK; child = envoi_element_next(child)) {
		r = find_rows_of(dispatch, child);
	}
	return r;
}

static bool next_row(
	struct dispatch *dispatch, struct envoi__row **ret_row, struct envoi_element **ret_element)
{
	if (dispatch->count == 0) {
		return false;
	}
	struct cursor *first = &dispatch->cursors[0];
	*ret_row = first->row;
	*ret_element = first->element;
	return true;
}

/* Only after the row was called: it may have been removed, but is still linked then. */
static void advance(struct dispatch *dispatch)
{
	struct cursor *first = &dispatch->cursors[0];
	first->row = first->row->next;
	if (first->row == NULL) {
		dispatch->count--;
		dispatch->cursors[0] = dispatch->cursors[dispatch->count];
	}
	sift_down(dispatch, 0);
}

static bool is_of_type(const struct envoi_stanza_row *row, const struct envoi_stanza *stanza)
{
	enum envoi_stanza_type type = envoi_stanza_type(stanza);
	return row->type == ENVOI_TYPE_ANY ? type != ENVOI_TYPE_ERROR : row->type == type;
}

static bool matches(const struct dispatch *dispatch, const struct envoi__row *row)
{
	const struct envoi__member *member = row->member;
	return !member->is_removed && member->last_stanza != dispatch->number &&
		row->order <= dispatch->last_order && !row->is_spent &&
		(dispatch->is_logged_in || row->def->before_login) &&
		is_of_type(row->def, dispatch->delivery.stanza);
}

/* The function of the row may remove its handler, or free the session. */
static bool matches_more(struct dispatch *dispatch, const struct envoi__row *row)
{
	struct envoi_delivery *delivery = &dispatch->delivery;
	if (row->path != NULL) {
		delivery->element = envoi_path_find(
			row->path, envoi_stanza_element(delivery->stanza));
		if (delivery->element == NULL) {
			return false;
		}
	}
	return row->def->matches == NULL ||
		(row->def->matches(row->member->handler, delivery) && !row->member->is_removed);
}

static void report(struct envoi_delivery *delivery, const char *text)
{
	struct envoi__router_host *host = delivery->router->host;
	host->impl->unhandled(host, delivery->stanza, text);
}

static void refuse_malformed(struct envoi_delivery *delivery, const struct envoi__decoded *decoded)
{
	char text[256];
	snprintf(text, sizeof(text), "%s %s", decoded->problem.where, decoded->problem.why);
	if (delivery->is_request) {
		envoi__delivery_answer(delivery, ENVOI_BAD_REQUEST, text);
	} else {
		report(delivery, text);
	}
}

/* A malformed payload is reported once, however many rows name it. @return whether the row's
 * handler may be called */
static bool decode(struct dispatch *dispatch, const struct envoi__row *row)
{
	struct envoi_delivery *delivery = &dispatch->delivery;
	const struct envoi__decoded *before = delivery->decoded;
	const struct envoi__decoded *decoded = envoi__delivery_decode(delivery, row->def->payload);
	int code = decoded == NULL ? ENVOI_ERR_NOMEM : decoded->code;
	if (code == ENVOI_OK) {
		return true;
	}
	if (code == ENVOI_ERR_PROTOCOL || code == ENVOI_ERR_LIMIT) {
		if (before != delivery->decoded) {
			refuse_malformed(delivery, decoded);
		}
	} else if (delivery->is_request) {
		envoi__delivery_answer(delivery,
			code == ENVOI_ERR_NOMEM ? ENVOI_RESOURCE_CONSTRAINT
						: ENVOI_INTERNAL_SERVER_ERROR,
			NULL);
	} else {
		report(delivery, envoi_error_text(code));
	}
	return false;
}

static enum envoi_stanza_condition condition_for(int code)
{
	if (code <= ENVOI_ERR_XML) {
		return ENVOI_BAD_REQUEST;
	}
	return code == ENVOI_ERR_NOMEM || code == ENVOI_ERR_FULL ? ENVOI_RESOURCE_CONSTRAINT
								 : ENVOI_INTERNAL_SERVER_ERROR;
}

static void failed(struct envoi_delivery *delivery, int code)
{
	if (delivery->is_request) {
		envoi__delivery_answer(delivery, condition_for(code), NULL);
	} else {
		report(delivery, envoi_error_text(code));
	}
}

/* @return whether further rows are to be called */
static bool call(struct dispatch *dispatch, struct envoi__row *row)
{
	struct envoi_delivery *delivery = &dispatch->delivery;
	struct envoi__router *router = delivery->router;
	dispatch->was_called = true;
	if (row->def->payload != NULL && !decode(dispatch, row)) {
		return !delivery->is_answered;
	}
	row->member->last_stanza = dispatch->number;
	row->is_spent = row->def->once;
	int r = row->def->handle(row->member->handler, delivery);
	row->is_spent = row->is_spent && r != ENVOI_DECLINED;
	if (envoi__guard_is_over(&router->guard)) {
		return false;
	}
	if (r < 0) {
		failed(delivery, r);
		return !delivery->is_request;
	}
	bool is_settled = delivery->is_answered || delivery->promise != NULL;
	if (!delivery->is_request) {
		return r != ENVOI_STOP;
	}
	if (r == ENVOI_DECLINED && !is_settled) {
		return true;
	}
	envoi__delivery_answer_empty(delivery);
	return false;
}

/* Before the login what no row takes is the caller's. */
static bool is_answerable(const struct dispatch *dispatch)
{
	return dispatch->is_logged_in || dispatch->was_called;
}

static void call_all(struct dispatch *dispatch)
{
	struct envoi__row *row;
	bool goes_on = true;
	while (goes_on && next_row(dispatch, &row, &dispatch->delivery.element)) {
		dispatch->delivery.router->rows_visited++;
		if (matches(dispatch, row) && (row->is_plain || matches_more(dispatch, row))) {
			goes_on = call(dispatch, row);
		}
		advance(dispatch);
	}
	if (goes_on && dispatch->delivery.is_request && is_answerable(dispatch)) {
		envoi__delivery_answer(&dispatch->delivery, ENVOI_SERVICE_UNAVAILABLE, NULL);
	}
}

static void sweep(struct envoi__router *router)
{
	while (!envoi__list_is_empty(&router->removed)) {
		envoi__member_free(&router->rows,
			ENVOI_CONTAINER_OF(router->removed.next, struct envoi__member, link));
	}
}

static void run(struct dispatch *dispatch)
{
	struct envoi_delivery *delivery = &dispatch->delivery;
	struct envoi_element *payload = envoi_element_first(envoi_stanza_element(delivery->stanza));
	if (delivery->is_request && (payload == NULL || envoi_element_next(payload) != NULL)) {
		/* RFC 6120, section 8.2.3, rule 4 */
		if (is_answerable(dispatch)) {
			envoi__delivery_answer(
				delivery, ENVOI_BAD_REQUEST, "a request has exactly one payload");
		}
		return;
	}
	int r = find_rows(dispatch);
	if (r < 0) {
		failed(delivery, r);
	} else {
		call_all(dispatch);
	}
}

bool envoi__router_route(
	struct envoi__router *router, struct envoi_stanza *stanza, bool is_logged_in)
{
	enum envoi_stanza_kind kind = envoi_stanza_kind(stanza);
	if (envoi__guard_is_over(&router->guard) || kind == ENVOI_IQ_RESULT ||
		kind == ENVOI_IQ_ERROR) {
		return false;
	}
	struct dispatch dispatch = {
		.delivery =
			{
				.router = router,
				.stream = router->host->impl->stream(router->host),
				.epoch = router->host->impl->epoch(router->host),
				.stanza = stanza,
				.is_request = kind == ENVOI_IQ_GET || kind == ENVOI_IQ_SET,
			},
		.number = ++router->stanza_number,
		.last_order = router->rows.order,
		.is_logged_in = is_logged_in,
		.capacity = USUAL_CURSORS,
	};
	dispatch.cursors = dispatch.usual;
	envoi__guard_enter(&router->guard);
	run(&dispatch);
	envoi__delivery_finish(&dispatch.delivery);
	if (dispatch.cursors != dispatch.usual) {
		envoi_free(router->context, dispatch.cursors);
	}
	(void)envoi__guard_leave(&router->guard); /* the memory is the session's */
	if (envoi__guard_is_idle(&router->guard)) {
		sweep(router);
	}
	return dispatch.was_called;
}

static struct envoi_stanza *refusal_new(struct envoi_context *context,
	const struct envoi_element *element, enum envoi_stanza_condition condition)
{
	struct envoi_element *iq = envoi_element_new(context, ENVOI_NS_CLIENT, "iq");
	envoi_element_set(iq, "type", "error");
	envoi_element_set(iq, "id", envoi_element_attr(element, "id"));
	envoi_element_set(iq, "to", envoi_element_attr(element, "from"));
	envoi_element_set(iq, "from", envoi_element_attr(element, "to"));
	struct envoi_element *error = envoi_element_add(iq, ENVOI_NS_CLIENT, "error");
	envoi_element_set(error, "type", "modify");
	envoi_element_add(error, ENVOI_NS_STANZA_ERRORS, envoi_stanza_condition_name(condition));
	struct envoi_stanza *stanza = NULL;
	if (envoi_element_error(iq) == ENVOI_OK && envoi_stanza_from_element(&stanza, iq) != 0) {
		stanza = NULL;
	}
	envoi_element_unref(iq);
	return stanza;
}

static void refuse(struct envoi__router *router, const struct envoi_element *element,
	enum envoi_stanza_condition condition)
{
	struct envoi__router_host *host = router->host;
	(void)host->impl->send(host, refusal_new(router->context, element, condition), true);
}

/* RFC 6120, section 8.2.3: a type that is missing or unknown is answered with bad-request. Without
 * an id there is nothing to answer to. */
void envoi__router_refuse(struct envoi__router *router, const struct envoi_element *element)
{
	struct envoi__router_host *host = router->host;
	if (envoi__guard_is_over(&router->guard)) {
		return;
	}
	if (envoi_element_attr(element, "id") == NULL) {
		host->impl->unhandled(host, NULL, "an iq without id");
		return;
	}
	refuse(router, element, ENVOI_BAD_REQUEST);
}

void envoi__router_refuse_request(struct envoi__router *router, const struct envoi_element *request,
	enum envoi_stanza_condition condition)
{
	if (!envoi__guard_is_over(&router->guard)) {
		refuse(router, request, condition);
	}
}
