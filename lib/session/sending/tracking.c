/*
 * envoi - tracking: what becomes of stanzas that were sent with a ticket
 * SPDX-License-Identifier: MIT
 */
#include "session/sending/tracking.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/jid.h>

#include "base/map.h"
#include "session/sending/outbox.h"

enum {
	BUCKETS = 64,
};

void envoi__tracking_init(struct envoi__tracking *tracking, struct envoi_context *context,
	struct envoi__event_queue *queue,
	void (*late)(struct envoi__tracking *tracking, struct envoi_stanza *error))
{
	*tracking = (struct envoi__tracking){.context = context, .queue = queue, .late = late};
	envoi__list_init(&tracking->sent);
	envoi__list_init(&tracking->waiting);
	envoi__list_init(&tracking->remembered);
}

static struct envoi__tracked *from_link(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi__tracked, link);
}

static void forget(struct envoi__tracked *tracked)
{
	struct envoi_context *context = tracked->context;
	envoi__list_remove(&tracked->link);
	envoi__list_remove(&tracked->bucket_link);
	envoi_timer_stop(&tracked->timer);
	envoi_jid_unref(tracked->to);
	envoi_stanza_unref(tracked->error);
	envoi_free(context, tracked);
	envoi_context_unref(context);
}

static void forget_first(struct envoi__tracking *tracking)
{
	tracking->remembered_count--;
	forget(from_link(tracking->remembered.next));
}

/* What is in the queue has its own reference to the context, and frees itself. */
static void leave_table(struct envoi__list *list)
{
	while (!envoi__list_is_empty(list)) {
		struct envoi__tracked *tracked = from_link(list->next);
		envoi__list_remove(&tracked->link);
		envoi__list_remove(&tracked->bucket_link);
		tracked->table = NULL;
	}
}

void envoi__tracking_finish(struct envoi__tracking *tracking)
{
	while (tracking->remembered_count > 0) {
		forget_first(tracking);
	}
	leave_table(&tracking->sent);
	envoi_free(tracking->context, tracking->buckets);
}

/* --- reporting --- */

static void dispatch(struct envoi__event_entry *report)
{
	struct envoi__tracked *tracked = ENVOI_CONTAINER_OF(report, struct envoi__tracked, report);
	struct envoi_ticket *ticket = tracked->ticket;
	struct envoi_stanza_error error;
	bool has_error = tracked->error != NULL && envoi_stanza_get_error(tracked->error, &error);
	tracked->ticket = NULL;
	ticket->entry = NULL;
	ticket->done(ticket,
		&(struct envoi_ticket_report){
			.state = tracked->state,
			.acknowledged_by = tracked->acknowledged_by,
			.error = has_error ? &error : NULL,
			.stanza = tracked->error,
			.refusal = tracked->refusal,
		});
}

static bool was_sent(enum envoi_ticket_state state)
{
	return state == ENVOI_TICKET_ACKNOWLEDGED || state == ENVOI_TICKET_WRITTEN;
}

static void forget_old(struct envoi__tracking *tracking, uint64_t now_ms)
{
	while (tracking->remembered_count > 0 &&
		(tracking->remembered_count > ENVOI__TRACKING_REMEMBERED ||
			now_ms - from_link(tracking->remembered.next)->settled_ms >=
				ENVOI__TRACKING_REMEMBERED_MS)) {
		forget_first(tracking);
	}
}

static uint64_t now_of(const struct envoi__tracking *tracking)
{
	return envoi_loop_now_ms(tracking->queue->loop);
}

static void remember(struct envoi__tracked *tracked)
{
	struct envoi__tracking *table = tracked->table;
	envoi__list_remove(&tracked->link);
	envoi__list_append(&table->remembered, &tracked->link);
	table->remembered_count++;
	tracked->settled_ms = now_of(table);
	forget_old(table, tracked->settled_ms);
}

/* The report was made, or will not be made. */
static void destroy(struct envoi__event_entry *report)
{
	struct envoi__tracked *tracked = ENVOI_CONTAINER_OF(report, struct envoi__tracked, report);
	bool can_be_refused = was_sent(tracked->state) || tracked->state == ENVOI_TICKET_UNKNOWN;
	if (tracked->table != NULL && can_be_refused && tracked->id[0] != '\0') {
		remember(tracked);
	} else {
		forget(tracked);
	}
}

static void post(struct envoi__tracked *tracked)
{
	struct envoi__tracking *table = tracked->table;
	envoi_timer_stop(&tracked->timer);
	envoi__list_remove(&tracked->link);
	envoi__list_append(&table->sent, &tracked->link);
	envoi__event_queue_post(table->queue, &tracked->report);
}

static void on_timer(struct envoi_timer *timer)
{
	post(ENVOI_CONTAINER_OF(timer, struct envoi__tracked, timer));
}

void envoi__tracked_settle(struct envoi__tracked *tracked, enum envoi_ticket_state state,
	enum envoi_acknowledgement by)
{
	struct envoi__tracking *table = tracked->table;
	uint64_t wait_ms = tracked->ticket->refusal_ms;
	tracked->entry = NULL;
	tracked->state = state;
	tracked->acknowledged_by = state == ENVOI_TICKET_ACKNOWLEDGED ? by : ENVOI_NOT_ACKNOWLEDGED;
	if (wait_ms == 0 || !was_sent(state)) {
		post(tracked);
		return;
	}
	envoi__list_remove(&tracked->link);
	envoi__list_append(&table->waiting, &tracked->link);
	envoi_timer_start(&tracked->timer, table->queue->loop, wait_ms, on_timer);
}

void envoi__tracking_end_waiting(struct envoi__tracking *tracking)
{
	while (!envoi__list_is_empty(&tracking->waiting)) {
		post(from_link(tracking->waiting.next));
	}
}

/* --- adding --- */

static struct envoi__list *bucket_of(const struct envoi__tracking *tracking, const char *id)
{
	return &tracking->buckets[envoi__hash(tracking->context, id, strlen(id)) % BUCKETS];
}

static int make_buckets(struct envoi__tracking *tracking)
{
	if (tracking->buckets != NULL) {
		return ENVOI_OK;
	}
	tracking->buckets = envoi_alloc(tracking->context, BUCKETS * sizeof(struct envoi__list));
	if (tracking->buckets == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = 0; i < BUCKETS; i++) {
		envoi__list_init(&tracking->buckets[i]);
	}
	return ENVOI_OK;
}

int envoi__tracking_add(struct envoi__tracking *tracking, struct envoi__tracked **ret_tracked,
	struct envoi_ticket *ticket, const struct envoi_stanza *stanza)
{
	const char *id = envoi_stanza_id(stanza) == NULL ? "" : envoi_stanza_id(stanza);
	const struct envoi_jid *to = envoi_stanza_to(stanza);
	size_t size = strlen(id) + 1;
	struct envoi__tracked *tracked = make_buckets(tracking) < 0
		? NULL
		: envoi_alloc(tracking->context, sizeof(*tracked) + size);
	if (tracked == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*tracked = (struct envoi__tracked){
		.report = {.dispatch = dispatch, .destroy = destroy},
		.context = envoi_context_ref(tracking->context),
		.table = tracking,
		.ticket = ticket,
		.kind = envoi_stanza_kind(stanza),
		.to = to == NULL ? NULL : envoi_jid_ref(to),
	};
	memcpy(tracked->id, id, size);
	envoi__list_init(&tracked->report.link);
	envoi__list_append(&tracking->sent, &tracked->link);
	envoi__list_append(bucket_of(tracking, id), &tracked->bucket_link);
	ticket->entry = tracked;
	*ret_tracked = tracked;
	return ENVOI_OK;
}

void envoi__tracked_drop(struct envoi__tracked *tracked)
{
	if (tracked != NULL) {
		tracked->ticket->entry = NULL;
		forget(tracked);
	}
}

void envoi_ticket_forget(struct envoi_ticket *ticket)
{
	struct envoi__tracked *tracked = ticket->entry;
	if (tracked == NULL) {
		return;
	}
	if (tracked->entry != NULL) {
		tracked->entry->tracked = NULL;
	}
	if (!envoi__list_is_empty(&tracked->report.link)) {
		envoi__event_queue_remove(tracked->table->queue, &tracked->report);
	}
	ticket->entry = NULL;
	forget(tracked);
}

/* --- errors --- */

/* The address itself, its account or room, or its server. */
static bool is_on_behalf_of(const struct envoi_jid *from, const struct envoi_jid *jid)
{
	return jid != NULL &&
		(envoi_jid_equal(from, jid) || envoi_jid_is_domain_of(from, jid) ||
			envoi_jid_is_bare_of(from, jid));
}

static bool is_answered_by(enum envoi_stanza_kind sent, enum envoi_stanza_kind kind)
{
	return kind == ENVOI_IQ_ERROR ? sent == ENVOI_IQ_GET || sent == ENVOI_IQ_SET : sent == kind;
}

static bool answers(const struct envoi_stanza *error, const struct envoi__tracked *tracked,
	const struct envoi_jid *own)
{
	const struct envoi_jid *from = envoi_stanza_from(error);
	bool is_named = strcmp(tracked->id, envoi_stanza_id(error)) == 0 &&
		is_answered_by(tracked->kind, envoi_stanza_kind(error));
	return is_named &&
		(from == NULL ? envoi_stanza_from_text(error) == NULL
			      : is_on_behalf_of(from, tracked->to) || is_on_behalf_of(from, own));
}

/* A stanza that no stream has sent cannot be refused. */
static bool may_have_arrived(const struct envoi__tracked *tracked)
{
	return tracked->entry == NULL || tracked->entry->was_sent;
}

static bool is_open(const struct envoi__tracked *tracked)
{
	return tracked->ticket != NULL && envoi__list_is_empty(&tracked->report.link);
}

/* The first whose ticket is open, else the first. */
static struct envoi__tracked *find(const struct envoi__tracking *tracking,
	const struct envoi_stanza *error, const struct envoi_jid *own)
{
	struct envoi__tracked *found = NULL;
	struct envoi__list *bucket = bucket_of(tracking, envoi_stanza_id(error));
	for (struct envoi__list *link = bucket->next; link != bucket; link = link->next) {
		struct envoi__tracked *tracked = ENVOI_CONTAINER_OF(
			link, struct envoi__tracked, bucket_link);
		if (!answers(error, tracked, own) || !may_have_arrived(tracked)) {
			continue;
		}
		if (is_open(tracked)) {
			return tracked;
		}
		found = found == NULL ? tracked : found;
	}
	return found;
}

/* The outbox goes on without it: the bytes are still counted and acknowledged. The server has
 * processed them, so that they are not for another session. */
static void refuse(struct envoi__tracked *tracked, struct envoi_stanza *error)
{
	if (tracked->entry != NULL) {
		tracked->entry->meta.may_resend = false;
		tracked->entry->tracked = NULL;
		tracked->entry = NULL;
	}
	tracked->state = ENVOI_TICKET_REFUSED;
	tracked->refusal = ENVOI_REFUSED_BY_ERROR;
	tracked->error = envoi_stanza_ref(error);
	post(tracked);
}

void envoi__tracking_take_error(
	struct envoi__tracking *tracking, struct envoi_stanza *error, const struct envoi_jid *own)
{
	const char *id = envoi_stanza_id(error);
	if (tracking->buckets == NULL || id == NULL || id[0] == '\0') {
		return;
	}
	forget_old(tracking, now_of(tracking));
	struct envoi__tracked *tracked = find(tracking, error, own);
	if (tracked != NULL && is_open(tracked)) {
		refuse(tracked, error);
	} else if (tracked != NULL && tracked->late_errors < ENVOI__TRACKING_LATE_ERRORS) {
		tracked->late_errors++;
		tracking->late(tracking, error);
	}
}
