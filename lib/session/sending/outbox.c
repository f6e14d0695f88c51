/*
 * envoi - outbox: serialised stanzas that wait to be sent or acknowledged
 * SPDX-License-Identifier: MIT
 */
#include "session/sending/outbox.h"

#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/stream.h>

#include "session/sending/tracking.h"

void envoi__outbox_init(struct envoi__outbox *outbox, struct envoi_context *context,
	const struct envoi__outbox_hooks *hooks)
{
	*outbox = (struct envoi__outbox){.context = context, .hooks = hooks};
	envoi__list_init(&outbox->waiting);
	envoi__list_init(&outbox->given);
	envoi__list_init(&outbox->held);
}

static struct envoi__outbox_entry *entry_new(
	struct envoi_context *context, const struct envoi__outbox_item *item)
{
	struct envoi__outbox_entry *entry = envoi_alloc(context, sizeof(*entry) + item->len);
	if (entry == NULL) {
		return NULL;
	}
	*entry = (struct envoi__outbox_entry){
		.tracked = item->tracked,
		.meta = item->meta,
		.is_vital = item->is_vital,
		.len = item->len,
	};
	envoi__list_init(&entry->link);
	memcpy(entry->xml, item->xml, item->len);
	if (item->tracked != NULL) {
		item->tracked->entry = entry;
	}
	return entry;
}

static struct envoi__outbox_entry *from_link(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi__outbox_entry, link);
}

static struct envoi__outbox_entry *first_of(const struct envoi__list *list)
{
	return envoi__list_is_empty(list) ? NULL : from_link(list->next);
}

static struct envoi__outbox_entry *last_of(const struct envoi__list *list)
{
	return envoi__list_is_empty(list) ? NULL : from_link(list->previous);
}

static void stop_waiting(struct envoi__outbox_entry *entry)
{
	envoi__list_remove(&entry->link);
	entry->outbox->count--;
	entry->outbox->bytes -= entry->len;
}

static void unkeep(struct envoi__outbox_entry *entry)
{
	struct envoi__outbox *outbox = entry->outbox;
	entry->is_kept = false;
	outbox->alone = outbox->alone == entry ? NULL : outbox->alone;
	outbox->kept_count--;
	outbox->kept_bytes -= entry->len;
}

static void leave_given(struct envoi__outbox_entry *entry)
{
	envoi__list_remove(&entry->link);
	if (entry->is_kept) {
		unkeep(entry);
	}
}

static size_t count_of(const struct envoi__outbox *outbox)
{
	return outbox->count + outbox->kept_count + outbox->held_count;
}

static size_t bytes_of(const struct envoi__outbox *outbox)
{
	return outbox->bytes + outbox->kept_bytes + outbox->held_bytes;
}

static bool is_above(const struct envoi__outbox *outbox, unsigned int quarters)
{
	return (uint64_t)count_of(outbox) * 4 > (uint64_t)outbox->count_limit * quarters ||
		(uint64_t)bytes_of(outbox) * 4 > (uint64_t)outbox->bytes_limit * quarters;
}

void envoi__outbox_note_level(struct envoi__outbox *outbox)
{
	bool is_high = is_above(outbox, outbox->is_high ? 1 : 3);
	if (is_high != outbox->is_high && outbox->hooks->level(outbox, is_high)) {
		outbox->is_high = is_high;
	}
}

static void free_entry(struct envoi__outbox_entry *entry)
{
	struct envoi__outbox *outbox = entry->outbox;
	uint64_t waiting = entry->meta.waiting;
	envoi_free(outbox->context, entry);
	if (waiting != 0) {
		outbox->hooks->dropped(outbox, waiting);
	}
	if (outbox->is_high) {
		envoi__outbox_note_level(outbox);
	}
}

/* The entry has left its list. */
static void end_by(struct envoi__outbox_entry *entry, enum envoi_ticket_state state,
	enum envoi_acknowledgement by)
{
	if (entry->tracked != NULL) {
		envoi__tracked_settle(entry->tracked, state, by);
	}
	free_entry(entry);
}

static void end(struct envoi__outbox_entry *entry, enum envoi_ticket_state state)
{
	end_by(entry, state, ENVOI_NOT_ACKNOWLEDGED);
}

bool envoi__outbox_is_full(const struct envoi__outbox *outbox)
{
	return count_of(outbox) >= outbox->count_limit;
}

/* The limit may have been lowered since. */
static bool has_room_for(const struct envoi__outbox *outbox, size_t len)
{
	size_t bytes = bytes_of(outbox);
	return bytes <= outbox->bytes_limit && len <= outbox->bytes_limit - bytes;
}

int envoi__outbox_add(struct envoi__outbox *outbox, const struct envoi__outbox_item *item)
{
	if (!item->is_vital &&
		(envoi__outbox_is_full(outbox) || !has_room_for(outbox, item->len))) {
		return ENVOI_ERR_FULL;
	}
	struct envoi__outbox_entry *entry = entry_new(outbox->context, item);
	if (entry == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	entry->outbox = outbox;
	if (item->is_vital && outbox->is_isolating) {
		envoi__list_insert_before(outbox->waiting.next, &entry->link);
	} else {
		envoi__list_append(&outbox->waiting, &entry->link);
	}
	outbox->count++;
	outbox->bytes += entry->len;
	return ENVOI_OK;
}

static bool is_wanted(const struct envoi__outbox_entry *entry)
{
	return entry->tracked != NULL || entry->meta.may_resend;
}

static void was_given(struct envoi__outbox_entry *entry, uint64_t number)
{
	struct envoi__outbox *outbox = entry->outbox;
	stop_waiting(entry);
	entry->number = number;
	entry->was_given = true;
	if (outbox->is_keeping) {
		entry->meta.waiting = 0; /* its record as sent says the same */
	}
	outbox->given_bytes += entry->len;
	outbox->given_tickets += entry->tracked != NULL;
	if (outbox->is_keeping || (outbox->is_keeping_wanted && is_wanted(entry))) {
		entry->is_kept = true;
		outbox->kept_count++;
		outbox->kept_bytes += entry->len;
		outbox->alone = entry->is_suspected ? entry : NULL;
	} else if (entry->tracked == NULL) {
		free_entry(entry);
		return;
	}
	envoi__list_append(&outbox->given, &entry->link);
}

static int give(struct envoi__outbox *outbox, struct envoi__outbox_entry *entry,
	struct envoi_stream *stream)
{
	struct envoi_stream_counts counts;
	int r = outbox->hooks->giving(outbox, entry);
	if (r != ENVOI_OK) {
		return r;
	}
	r = envoi_stream_send(stream, entry->xml, entry->len);
	if (r != ENVOI_OK) {
		outbox->hooks->not_given(outbox, entry);
		return r;
	}
	envoi_stream_get_counts(stream, &counts);
	if (entry->meta.request != 0) {
		outbox->hooks->requested(outbox, entry->meta.request, counts.stanzas_out);
	}
	if (entry->meta.answers != 0) {
		outbox->hooks->answered(outbox, entry->meta.answers);
	}
	was_given(entry, counts.stanzas_out);
	return ENVOI_OK;
}

/* @return whether an acknowledgement has to come before it is given */
static bool is_isolated(const struct envoi__outbox *outbox, const struct envoi__outbox_entry *entry)
{
	return !entry->is_vital &&
		(outbox->alone != NULL || (entry->is_suspected && outbox->kept_count > 0));
}

int envoi__outbox_feed(struct envoi__outbox *outbox, struct envoi_stream *stream)
{
	struct envoi__outbox_entry *entry;
	outbox->is_isolating = false;
	while ((entry = first_of(&outbox->waiting)) != NULL) {
		if (is_isolated(outbox, entry)) {
			outbox->is_isolating = true;
			return ENVOI_AGAIN;
		}
		int r = give(outbox, entry, stream);
		if (r != ENVOI_OK) {
			return r == ENVOI_ERR_FULL ? ENVOI_AGAIN : r;
		}
	}
	return ENVOI_OK;
}

/* Kept ones follow those that are not: none of them needs to be looked at. */
void envoi__outbox_written(struct envoi__outbox *outbox, size_t count)
{
	outbox->written += count;
	struct envoi__outbox_entry *entry;
	while ((entry = first_of(&outbox->given)) != NULL && !entry->is_kept &&
		entry->number <= outbox->written) {
		leave_given(entry);
		end(entry, ENVOI_TICKET_WRITTEN);
	}
}

void envoi__outbox_keep(struct envoi__outbox *outbox, bool is_keeping)
{
	outbox->is_keeping = is_keeping;
}

void envoi__outbox_release(struct envoi__outbox *outbox)
{
	struct envoi__list *link = outbox->given.next;
	while (link != &outbox->given) {
		struct envoi__outbox_entry *entry = from_link(link);
		link = link->next;
		if (!entry->is_kept || (outbox->is_keeping_wanted && is_wanted(entry))) {
			continue;
		}
		unkeep(entry);
		if (entry->tracked == NULL) {
			envoi__list_remove(&entry->link);
			free_entry(entry);
		}
	}
	outbox->is_keeping = false;
	envoi__outbox_written(outbox, 0);
}

static void acknowledge(
	struct envoi__outbox *outbox, uint64_t number, enum envoi_acknowledgement by)
{
	struct envoi__list *link = outbox->given.next;
	while (link != &outbox->given && from_link(link)->number <= number) {
		struct envoi__outbox_entry *entry = from_link(link);
		link = link->next;
		if (entry->is_kept) {
			leave_given(entry);
			end_by(entry, ENVOI_TICKET_ACKNOWLEDGED, by);
		}
	}
}

void envoi__outbox_acknowledge(struct envoi__outbox *outbox, uint64_t number)
{
	acknowledge(outbox, number, ENVOI_BY_STREAM_MANAGEMENT);
}

void envoi__outbox_keep_wanted(struct envoi__outbox *outbox, bool is_keeping)
{
	outbox->is_keeping_wanted = is_keeping;
}

void envoi__outbox_answered(struct envoi__outbox *outbox, uint64_t number)
{
	acknowledge(outbox, number, ENVOI_BY_ANSWER);
}

uint64_t envoi__outbox_last_number(const struct envoi__outbox *outbox)
{
	const struct envoi__outbox_entry *last = last_of(&outbox->given);
	return last == NULL ? 0 : last->number;
}

static void end_given(struct envoi__outbox *outbox, bool kept_too, enum envoi_ticket_state state)
{
	struct envoi__list *link = outbox->given.next;
	while (link != &outbox->given) {
		struct envoi__outbox_entry *entry = from_link(link);
		link = link->next;
		if (kept_too || !entry->is_kept) {
			leave_given(entry);
			end(entry, state);
		}
	}
}

void envoi__outbox_suspend(struct envoi__outbox *outbox)
{
	end_given(outbox, false, ENVOI_TICKET_UNKNOWN);
	outbox->written = 0;
	outbox->is_keeping = outbox->is_keeping_wanted = false;
}

int envoi__outbox_restore(
	struct envoi__outbox *outbox, const struct envoi__outbox_item *item, uint64_t number)
{
	bool is_keeping = outbox->is_keeping;
	int r = envoi__outbox_add(outbox, item);
	if (r == ENVOI_OK) {
		outbox->is_keeping = true;
		was_given(last_of(&outbox->waiting), number);
		outbox->is_keeping = is_keeping;
	}
	return r;
}

void envoi__outbox_rewind(struct envoi__outbox *outbox)
{
	struct envoi__outbox_entry *entry;
	while ((entry = last_of(&outbox->given)) != NULL && entry->is_kept) {
		leave_given(entry);
		entry->number = 0;
		envoi__list_insert_before(outbox->waiting.next, &entry->link);
		outbox->count++;
		outbox->bytes += entry->len;
	}
}

/* What was given once and waits again is not known to be unsent. */
static void end_lost(struct envoi__outbox_entry *entry)
{
	end(entry, entry->was_given ? ENVOI_TICKET_UNKNOWN : ENVOI_TICKET_NOT_SENT);
}

static bool is_answer(const struct envoi__outbox_meta *meta)
{
	return meta->kind == ENVOI_IQ_RESULT || meta->kind == ENVOI_IQ_ERROR ||
		meta->type == ENVOI_TYPE_ERROR;
}

static void append_held(struct envoi__outbox_entry *entry)
{
	struct envoi__outbox *outbox = entry->outbox;
	entry->number = 0;
	entry->is_held = true;
	envoi__list_append(&outbox->held, &entry->link);
	outbox->held_count++;
	outbox->held_bytes += entry->len;
}

int envoi__outbox_restore_held(
	struct envoi__outbox *outbox, const struct envoi__outbox_item *item, bool was_given)
{
	int r = envoi__outbox_add(outbox, item);
	if (r == ENVOI_OK) {
		struct envoi__outbox_entry *entry = last_of(&outbox->waiting);
		stop_waiting(entry);
		entry->was_given = was_given;
		append_held(entry);
	}
	return r;
}

/* The entry has left its list. */
static void hold(struct envoi__outbox_entry *entry)
{
	if (entry->was_given ? !entry->meta.may_resend : is_answer(&entry->meta)) {
		end_lost(entry);
	} else {
		append_held(entry);
	}
}

void envoi__outbox_hold(struct envoi__outbox *outbox)
{
	struct envoi__outbox_entry *entry;
	while ((entry = first_of(&outbox->given)) != NULL) {
		leave_given(entry);
		hold(entry);
	}
	while ((entry = first_of(&outbox->waiting)) != NULL) {
		stop_waiting(entry);
		hold(entry);
	}
	outbox->written = 0;
	outbox->is_keeping = outbox->is_keeping_wanted = false;
}

struct envoi__outbox_entry *envoi__outbox_last_waiting(const struct envoi__outbox *outbox)
{
	return last_of(&outbox->waiting);
}

struct envoi__outbox_entry *envoi__outbox_first_held(const struct envoi__outbox *outbox)
{
	return first_of(&outbox->held);
}

static void leave_held(struct envoi__outbox_entry *entry)
{
	envoi__list_remove(&entry->link);
	entry->is_held = false;
	entry->outbox->held_count--;
	entry->outbox->held_bytes -= entry->len;
}

void envoi__outbox_forget_held(struct envoi__outbox *outbox, uint64_t waiting)
{
	for (struct envoi__list *link = outbox->held.next; link != &outbox->held;
		link = link->next) {
		struct envoi__outbox_entry *entry = from_link(link);
		if (waiting != 0 && entry->meta.waiting == waiting) {
			leave_held(entry);
			envoi_free(outbox->context, entry);
			return;
		}
	}
}

/* A stanza with content ends with the end tag of its name, which has no prefix. */
static struct envoi__outbox_entry *dup_with(struct envoi_context *context,
	const struct envoi__outbox_entry *entry, const char *more, size_t more_len)
{
	size_t head = entry->len - strlen("</message>");
	struct envoi__outbox_entry *copy = envoi_alloc(
		context, sizeof(*copy) + entry->len + more_len);
	if (copy == NULL) {
		return NULL;
	}
	*copy = *entry;
	copy->is_held = false;
	copy->len += more_len;
	copy->meta.has_delay = true;
	memcpy(copy->xml, entry->xml, head);
	memcpy(copy->xml + head, more, more_len);
	memcpy(copy->xml + head + more_len, entry->xml + head, entry->len - head);
	return copy;
}

static void wait_again(struct envoi__outbox_entry *entry)
{
	struct envoi__outbox *outbox = entry->outbox;
	envoi__list_append(&outbox->waiting, &entry->link);
	outbox->count++;
	outbox->bytes += entry->len;
}

int envoi__outbox_release_first(struct envoi__outbox *outbox, const char *more, size_t more_len)
{
	struct envoi__outbox_entry *entry = first_of(&outbox->held), *released = entry;
	if (more != NULL) {
		released = dup_with(outbox->context, entry, more, more_len);
		if (released == NULL) {
			return ENVOI_ERR_NOMEM;
		}
	}
	leave_held(entry);
	if (released != entry) {
		if (released->tracked != NULL) {
			released->tracked->entry = released;
		}
		envoi_free(outbox->context, entry);
	}
	wait_again(released);
	return ENVOI_OK;
}

void envoi__outbox_release_held(struct envoi__outbox *outbox)
{
	while (!envoi__list_is_empty(&outbox->held)) {
		(void)envoi__outbox_release_first(outbox, NULL, 0); /* fails with a delay only */
	}
}

void envoi__outbox_lose_first_held(struct envoi__outbox *outbox)
{
	struct envoi__outbox_entry *entry = first_of(&outbox->held);
	leave_held(entry);
	end_lost(entry);
}

/* A message of which no ticket reports the loss. */
static bool can_be_kept(const struct envoi__outbox_entry *entry)
{
	return entry->tracked == NULL && entry->meta.kind == ENVOI_MESSAGE &&
		(entry->was_given ? entry->meta.may_resend : !is_answer(&entry->meta));
}

/* The entry has left its list. */
static void lose(struct envoi__outbox_entry *entry, bool keeps_messages)
{
	if (keeps_messages && can_be_kept(entry)) {
		append_held(entry);
	} else {
		end_lost(entry);
	}
}

static void lose_held(struct envoi__outbox *outbox, bool keeps_messages)
{
	struct envoi__list *link = outbox->held.next;
	while (link != &outbox->held) {
		struct envoi__outbox_entry *entry = from_link(link);
		link = link->next;
		if (!keeps_messages || !can_be_kept(entry)) {
			leave_held(entry);
			end_lost(entry);
		}
	}
}

void envoi__outbox_lose(struct envoi__outbox *outbox, bool keeps_messages)
{
	struct envoi__outbox_entry *entry;
	envoi__outbox_suspend(outbox);
	while ((entry = first_of(&outbox->given)) != NULL) {
		leave_given(entry);
		lose(entry, keeps_messages);
	}
	while ((entry = first_of(&outbox->waiting)) != NULL) {
		stop_waiting(entry);
		lose(entry, keeps_messages);
	}
	lose_held(outbox, keeps_messages);
}

static void set_suspected(struct envoi__list *list, bool is_suspected)
{
	for (struct envoi__list *link = list->next; link != list; link = link->next) {
		from_link(link)->is_suspected = is_suspected;
	}
}

bool envoi__outbox_suspect(struct envoi__outbox *outbox, bool is_refusal)
{
	struct envoi__outbox_entry *reason = is_refusal ? outbox->alone : NULL;
	if (reason == NULL) {
		set_suspected(&outbox->given, is_refusal);
		return false;
	}
	leave_given(reason);
	end(reason, ENVOI_TICKET_REFUSED);
	set_suspected(&outbox->given, false);
	set_suspected(&outbox->waiting, false);
	return true;
}

void envoi__outbox_refuse(struct envoi__outbox_entry *entry)
{
	stop_waiting(entry);
	end(entry, ENVOI_TICKET_REFUSED);
}

/* In the journal it stays, for the next process. */
static void cancel(struct envoi__outbox_entry *entry)
{
	entry->meta.waiting = 0;
	end(entry, entry->was_given ? ENVOI_TICKET_UNKNOWN : ENVOI_TICKET_CANCELED);
}

void envoi__outbox_cancel_all(struct envoi__outbox *outbox)
{
	struct envoi__outbox_entry *entry;
	while ((entry = first_of(&outbox->given)) != NULL) {
		leave_given(entry);
		cancel(entry);
	}
	while ((entry = first_of(&outbox->waiting)) != NULL) {
		stop_waiting(entry);
		cancel(entry);
	}
	while ((entry = first_of(&outbox->held)) != NULL) {
		leave_held(entry);
		cancel(entry);
	}
}

int envoi_ticket_cancel(struct envoi_ticket *ticket)
{
	const struct envoi__tracked *tracked = ticket->entry;
	struct envoi__outbox_entry *entry = tracked == NULL ? NULL : tracked->entry;
	if (entry == NULL || entry->was_given) {
		return ENVOI_ERR_STATE;
	}
	struct envoi__outbox *outbox = entry->outbox;
	if (entry->is_held) {
		leave_held(entry);
	} else {
		stop_waiting(entry);
	}
	end(entry, ENVOI_TICKET_CANCELED);
	if (outbox->count == 0) {
		outbox->hooks->emptied(outbox);
	}
	return ENVOI_OK;
}
