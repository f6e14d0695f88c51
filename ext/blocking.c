/*
 * envoi - XEP-0191: Blocking Command, version 1.3
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/blocking.h>

#include <string.h>

#include <envoi/context.h>
#include <envoi/delivery.h>

enum {
	FIRST_ROOM = 16,
};

static const struct envoi_field strict_fields[] = {
	ENVOI_CHILDREN_JID(struct envoi_blocking_items, jids, jid_count, "item", .attr = "jid"),
	ENVOI_FIELDS_END,
};
static const struct envoi_field lenient_fields[] = {
	ENVOI_CHILDREN_JID(
		struct envoi_blocking_items, jids, jid_count, "item", ENVOI_LENIENT, .attr = "jid"),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_blocking_block_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_blocking_items, ENVOI_NS_BLOCKING, "block", strict_fields);
const struct envoi_payload_type envoi_blocking_unblock_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_blocking_items, ENVOI_NS_BLOCKING, "unblock", strict_fields);
const struct envoi_payload_type envoi_blocking_list_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_blocking_items, ENVOI_NS_BLOCKING, "blocklist", lenient_fields);

struct blocking {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_jid **jids; /* sorted */
	size_t count, room;
	bool is_complete;
	uint64_t refused;
};

static const struct envoi_handler_impl blocking_impl;

static struct blocking *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct blocking, handler);
}

static struct blocking *find(const struct envoi_session *session)
{
	struct envoi_handler *handler = envoi_session_find(session, blocking_impl.name);
	return handler != NULL && handler->impl == &blocking_impl ? from_handler(handler) : NULL;
}

/* --- the list --- */

/* @return the position of the first address that is not before @p jid */
static size_t position_of(const struct blocking *self, const struct envoi_jid *jid)
{
	size_t first = 0, last = self->count;
	while (first < last) {
		size_t middle = first + (last - first) / 2;
		if (envoi_jid_compare(self->jids[middle], jid) < 0) {
			first = middle + 1;
		} else {
			last = middle;
		}
	}
	return first;
}

static bool is_at(const struct blocking *self, size_t position, const struct envoi_jid *jid)
{
	return position < self->count && envoi_jid_equal(self->jids[position], jid);
}

static int make_room(struct blocking *self, size_t count)
{
	if (count <= self->room) {
		return ENVOI_OK;
	}
	size_t room = self->room == 0 ? FIRST_ROOM : self->room * 2;
	struct envoi_jid **jids = envoi_realloc(self->context, self->jids, room * sizeof(*jids));
	if (jids == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->jids = jids;
	self->room = room;
	return ENVOI_OK;
}

static int keep(struct blocking *self, struct envoi_jid *jid)
{
	size_t at = position_of(self, jid);
	if (is_at(self, at, jid)) {
		return ENVOI_OK;
	}
	if (self->count == ENVOI_BLOCKING_LIMIT) {
		return ENVOI_ERR_LIMIT;
	}
	int r = make_room(self, self->count + 1);
	if (r == ENVOI_OK) {
		memmove(self->jids + at + 1, self->jids + at,
			(self->count - at) * sizeof(*self->jids));
		self->jids[at] = envoi_jid_ref(jid);
		self->count++;
	}
	return r;
}

static void drop(struct blocking *self, const struct envoi_jid *jid)
{
	size_t at = position_of(self, jid);
	if (is_at(self, at, jid)) {
		envoi_jid_unref(self->jids[at]);
		self->count--;
		memmove(self->jids + at, self->jids + at + 1,
			(self->count - at) * sizeof(*self->jids));
	}
}

static void clear(struct blocking *self)
{
	while (self->count > 0) {
		envoi_jid_unref(self->jids[--self->count]);
	}
}

/* What is not held makes the list incomplete. */
static void keep_all(struct blocking *self, const struct envoi_blocking_items *items)
{
	int r = ENVOI_OK;
	for (size_t i = 0; i < items->jid_count && r == ENVOI_OK; i++) {
		r = keep(self, items->jids[i]);
	}
	if (r < 0) {
		self->is_complete = false;
		envoi_log(self->context, ENVOI_LOG_WARNING, ENVOI_LOG_SESSION,
			"not all blocked addresses are held: %s", envoi_error_text(r));
	}
}

static void post(struct envoi_session *session, enum envoi_blocking_change_kind kind,
	const struct envoi_blocking_items *items, const char *text)
{
	const struct envoi_blocking_change change = {
		.kind = kind,
		.jids = items == NULL ? NULL : items->jids,
		.jid_count = items == NULL ? 0 : items->jid_count,
		.text = text,
	};
	(void)envoi_session_emit(session, ENVOI_BLOCKING_CHANGED, &change);
}

/* --- fetching: section 3.2 --- */

static size_t count_children(const struct envoi_element *element)
{
	size_t count = 0;
	const struct envoi_element *child = envoi_element_first(element);
	for (; child != NULL; child = envoi_element_next(child)) {
		count++;
	}
	return count;
}

static void on_list(void *user, const struct envoi_answer *answer)
{
	struct envoi_session *session = user;
	int code = envoi_answer_code(answer);
	if (code == ENVOI_ERR_CANCELED || code == ENVOI_ERR_DISCONNECTED) {
		return;
	}
	struct blocking *self = find(session);
	if (self == NULL) {
		return;
	}
	clear(self);
	self->is_complete = false; /* pushes may have come before */
	const struct envoi_blocking_items *items = envoi_answer_payload(answer);
	if (items == NULL) {
		post(session, ENVOI_BLOCKING_FAILED, NULL, envoi_answer_text(answer));
		return;
	}
	const struct envoi_stanza *list = envoi_answer_stanza(answer);
	self->is_complete = count_children(envoi_stanza_payload(list)) == items->jid_count;
	keep_all(self, items);
	post(session, ENVOI_BLOCKING_FETCHED, NULL, NULL);
}

static void restore(struct envoi_handler *handler, struct envoi_session *session, bool is_resumed)
{
	struct blocking *self = from_handler(handler);
	if (is_resumed) {
		return;
	}
	clear(self); /* it may be another account's */
	self->is_complete = false;
	struct envoi_stanza *iq = envoi_request_account_iq(session, ENVOI_IQ_GET,
		&envoi_blocking_list_type, &(struct envoi_blocking_items){0});
	int r = envoi_request(session, iq, &envoi_blocking_list_type, 0, on_list, session, NULL);
	if (r < 0) {
		envoi_log(self->context, ENVOI_LOG_WARNING, ENVOI_LOG_SESSION,
			"blocked addresses were not requested: %s", envoi_error_text(r));
	}
}

/* --- pushes: sections 3.3 to 3.5 --- */

static int refuse(struct blocking *self, struct envoi_delivery *in)
{
	self->refused++;
	if (self->refused == 1) { /* a stranger can send them for ever */
		envoi_log(self->context, ENVOI_LOG_WARNING, ENVOI_LOG_SESSION,
			"changes of blocked addresses are refused, the first one from %s",
			envoi_stanza_from_text(envoi_delivery_stanza(in)));
	}
	return envoi_reply_error(in, ENVOI_SERVICE_UNAVAILABLE, NULL);
}

static int on_block(struct envoi_handler *handler, struct envoi_delivery *in)
{
	struct blocking *self = from_handler(handler);
	struct envoi_session *session = envoi_delivery_session(in);
	const struct envoi_blocking_items *items = envoi_delivery_payload(
		in, &envoi_blocking_block_type);
	if (!envoi_session_is_from_account(session, envoi_delivery_stanza(in))) {
		return refuse(self, in);
	}
	if (items->jid_count == 0) {
		return envoi_reply_error(in, ENVOI_BAD_REQUEST, NULL);
	}
	keep_all(self, items);
	int r = envoi_reply_result(in, NULL, NULL);
	post(session, ENVOI_BLOCKING_BLOCKED, items, NULL);
	return r;
}

static int on_unblock(struct envoi_handler *handler, struct envoi_delivery *in)
{
	struct blocking *self = from_handler(handler);
	struct envoi_session *session = envoi_delivery_session(in);
	const struct envoi_blocking_items *items = envoi_delivery_payload(
		in, &envoi_blocking_unblock_type);
	if (!envoi_session_is_from_account(session, envoi_delivery_stanza(in))) {
		return refuse(self, in);
	}
	for (size_t i = 0; i < items->jid_count; i++) {
		drop(self, items->jids[i]);
	}
	int r = envoi_reply_result(in, NULL, NULL);
	if (items->jid_count == 0) {
		clear(self);
		self->is_complete = true;
		post(session, ENVOI_BLOCKING_CLEARED, NULL, NULL);
	} else {
		post(session, ENVOI_BLOCKING_UNBLOCKED, items, NULL);
	}
	return r;
}

/* --- the handler --- */

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_IQ_SET, .payload = &envoi_blocking_block_type, .handle = on_block},
	{.kind = ENVOI_IQ_SET, .payload = &envoi_blocking_unblock_type, .handle = on_unblock},
	ENVOI_ROWS_END,
};

static void destroy(struct envoi_handler *handler)
{
	struct blocking *self = from_handler(handler);
	struct envoi_context *context = self->context;
	clear(self);
	envoi_free(context, self->jids);
	envoi_free(context, self);
	envoi_context_unref(context);
}

static const struct envoi_handler_impl blocking_impl = {
	.name = "blocking",
	.stanzas = stanzas,
	.restore = restore,
	.destroy = destroy,
};

static int make(struct envoi_handler **ret_handler, struct envoi_session *session)
{
	struct envoi_context *context = envoi_session_context(session);
	struct blocking *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->handler.impl = &blocking_impl;
	self->context = envoi_context_ref(context);
	if (envoi_session_is_online(session)) {
		restore(&self->handler, session, false);
	}
	*ret_handler = &self->handler;
	return ENVOI_OK;
}

const struct envoi_extension envoi_blocking_extension = {.name = "blocking", .make = make};

/* --- for programs --- */

bool envoi_blocking_is_complete(const struct envoi_session *session)
{
	const struct blocking *self = find(session);
	return self != NULL && self->is_complete;
}

uint64_t envoi_blocking_refused(const struct envoi_session *session)
{
	const struct blocking *self = find(session);
	return self == NULL ? 0 : self->refused;
}

const struct envoi_jid *envoi_blocking_next(const struct envoi_session *session, size_t *position)
{
	const struct blocking *self = find(session);
	return self == NULL || *position >= self->count ? NULL : self->jids[(*position)++];
}

/* Section 6: an address without resource stands for all its resources, a domain for all its
 * addresses; a domain with a resource is one address. */
static bool covers(const struct envoi_jid *entry, const struct envoi_jid *jid)
{
	if (!envoi_jid_is_bare(entry)) {
		return envoi_jid_equal(entry, jid);
	}
	return envoi_jid_local(entry) != NULL ? envoi_jid_equal_bare(entry, jid)
					      : envoi_jid_equal_domain(entry, jid);
}

bool envoi_blocking_is_blocked(const struct envoi_session *session, const struct envoi_jid *jid)
{
	const struct blocking *self = find(session);
	for (size_t i = 0; self != NULL && jid != NULL && i < self->count; i++) {
		if (covers(self->jids[i], jid)) {
			return true;
		}
	}
	return false;
}

static int command(struct envoi_session *session, const struct envoi_payload_type *type,
	const struct envoi_blocking_items *items, envoi_answer_fn *done, void *user)
{
	return envoi_request(session, envoi_request_account_iq(session, ENVOI_IQ_SET, type, items),
		NULL, 0, done, user, NULL);
}

static int change(struct envoi_session *session, const struct envoi_payload_type *type,
	struct envoi_jid *const *jids, size_t count, envoi_answer_fn *done, void *user)
{
	/* The table takes pointers that are not const, and does not write to them. */
	const struct envoi_blocking_items items = {
		.jids = (struct envoi_jid **)(uintptr_t)jids, .jid_count = count};
	return count == 0 ? ENVOI_ERR_INVALID : command(session, type, &items, done, user);
}

int envoi_blocking_block(struct envoi_session *session, struct envoi_jid *const *jids, size_t count,
	envoi_answer_fn *done, void *user)
{
	return change(session, &envoi_blocking_block_type, jids, count, done, user);
}

/* Without an address the command would be that for all. */
int envoi_blocking_unblock(struct envoi_session *session, struct envoi_jid *const *jids,
	size_t count, envoi_answer_fn *done, void *user)
{
	return change(session, &envoi_blocking_unblock_type, jids, count, done, user);
}

int envoi_blocking_unblock_all(struct envoi_session *session, envoi_answer_fn *done, void *user)
{
	return command(session, &envoi_blocking_unblock_type, &(struct envoi_blocking_items){0},
		done, user);
}

bool envoi_blocking_is_reason(const struct envoi_stanza_error *error)
{
	return error != NULL && error->condition == ENVOI_NOT_ACCEPTABLE &&
		envoi_element_is(error->application, ENVOI_NS_BLOCKING_ERRORS, "blocked");
}
