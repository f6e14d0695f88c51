/*
 * envoi - entries of an outbox: their lists, the sums of these, their end
 * SPDX-License-Identifier: MIT
 */
#include "session/sending/outbox_entry.h"

#include <string.h>

void envoi__outbox_init(struct envoi__outbox *outbox, struct envoi_context *context,
	const struct envoi__outbox_hooks *hooks)
{
	*outbox = (struct envoi__outbox){.context = context, .hooks = hooks};
	envoi__list_init(&outbox->waiting);
	envoi__list_init(&outbox->sent);
	envoi__list_init(&outbox->passing);
	envoi__list_init(&outbox->held);
}

struct envoi__outbox_entry *envoi__entry_new(
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
	envoi__budget_grow(context, sizeof(*entry) + item->len);
	memcpy(entry->xml, item->xml, item->len);
	if (item->tracked != NULL) {
		item->tracked->entry = entry;
	}
	return entry;
}

void envoi__entry_unkeep(struct envoi__outbox_entry *entry)
{
	struct envoi__outbox *outbox = entry->outbox;
	entry->is_kept = false;
	outbox->alone = outbox->alone == entry ? NULL : outbox->alone;
	outbox->kept_count--;
	outbox->kept_bytes -= entry->len;
}

void envoi__entry_stop_waiting(struct envoi__outbox_entry *entry)
{
	envoi__list_remove(&entry->link);
	entry->outbox->count--;
	entry->outbox->bytes -= entry->len;
}

void envoi__entry_wait(struct envoi__outbox_entry *entry)
{
	struct envoi__outbox *outbox = entry->outbox;
	envoi__list_append(&outbox->waiting, &entry->link);
	outbox->count++;
	outbox->bytes += entry->len;
}

void envoi__entry_leave_sent(struct envoi__outbox_entry *entry)
{
	envoi__list_remove(&entry->link);
	if (entry->is_kept) {
		envoi__entry_unkeep(entry);
	}
}

bool envoi__entry_may_have_left(const struct envoi__outbox_entry *entry)
{
	return entry->has_left || entry->number != 0;
}

void envoi__entry_hold(struct envoi__outbox_entry *entry)
{
	struct envoi__outbox *outbox = entry->outbox;
	entry->has_left = envoi__entry_may_have_left(entry);
	entry->number = 0;
	entry->is_held = true;
	envoi__list_append(&outbox->held, &entry->link);
	outbox->held_count++;
	outbox->held_bytes += entry->len;
}

void envoi__entry_leave_held(struct envoi__outbox_entry *entry)
{
	envoi__list_remove(&entry->link);
	entry->is_held = false;
	entry->outbox->held_count--;
	entry->outbox->held_bytes -= entry->len;
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

bool envoi__outbox_is_full(const struct envoi__outbox *outbox, bool is_restoring)
{
	return count_of(outbox) / (is_restoring ? 2 : 1) >= outbox->count_limit;
}

/* The limit may have been lowered since. */
bool envoi__outbox_has_room_for(const struct envoi__outbox *outbox, size_t len, bool is_restoring)
{
	size_t bytes = bytes_of(outbox), limit = outbox->bytes_limit;
	if (is_restoring) {
		limit = limit > SIZE_MAX / 2 ? SIZE_MAX : limit * 2;
	}
	return bytes <= limit && len <= limit - bytes;
}

void envoi__entry_free_memory(struct envoi__outbox *outbox, struct envoi__outbox_entry *entry)
{
	envoi__budget_shrink(outbox->context, sizeof(*entry) + entry->len);
	envoi_free(outbox->context, entry);
}

void envoi__entry_free(struct envoi__outbox_entry *entry)
{
	struct envoi__outbox *outbox = entry->outbox;
	uint64_t waiting = entry->meta.waiting;
	envoi__entry_free_memory(outbox, entry);
	if (waiting != 0) {
		outbox->hooks->dropped(outbox, waiting);
	}
	if (outbox->is_high) {
		envoi__outbox_note_level(outbox);
	}
}

void envoi__entry_end_by(struct envoi__outbox_entry *entry, enum envoi_ticket_state state,
	enum envoi_acknowledgement by)
{
	if (entry->tracked != NULL) {
		envoi__tracked_settle(entry->tracked, state, by);
	}
	envoi__entry_free(entry);
}

void envoi__entry_end(struct envoi__outbox_entry *entry, enum envoi_ticket_state state)
{
	envoi__entry_end_by(entry, state, ENVOI_NOT_ACKNOWLEDGED);
}

void envoi__entry_log_loss(const struct envoi__outbox_entry *entry, const char *why)
{
	if (entry->tracked == NULL && entry->meta.request == 0) {
		envoi_log(entry->outbox->context, ENVOI_LOG_WARNING, ENVOI_LOG_SESSION,
			"a stanza of %zu bytes without a ticket is lost: %s", entry->len, why);
	}
}

void envoi__entry_end_refused(struct envoi__outbox_entry *entry, enum envoi_refusal refusal)
{
	envoi__entry_log_loss(entry,
		refusal == ENVOI_REFUSED_TOO_LONG
			? "it is longer than the server accepts"
			: "the server ended the connection twice when it was sent");
	if (entry->tracked != NULL) {
		entry->tracked->refusal = refusal;
	}
	envoi__entry_end(entry, ENVOI_TICKET_REFUSED);
}

/* The next process sends what the journal still has as waiting. */
void envoi__entry_end_lost(struct envoi__outbox_entry *entry)
{
	struct envoi__outbox *outbox = entry->outbox;
	bool is_not_sent = !envoi__entry_may_have_left(entry) &&
		outbox->hooks->dropping(outbox, entry) == ENVOI_OK;
	entry->meta.waiting = 0; /* a record that failed is made up for with the next one */
	envoi__entry_end(entry, is_not_sent ? ENVOI_TICKET_NOT_SENT : ENVOI_TICKET_UNKNOWN);
}

/* It would change what the later one says. */
void envoi__outbox_lose_held_broadcasts(struct envoi__outbox *outbox)
{
	struct envoi__list *link = outbox->held.next;
	while (link != &outbox->held) {
		struct envoi__outbox_entry *entry = envoi__outbox_entry_of(link);
		link = link->next;
		if (entry->meta.is_broadcast) {
			envoi__entry_leave_held(entry);
			envoi__entry_end_lost(entry);
		}
	}
}

void envoi__outbox_drop_passing(struct envoi__outbox *outbox)
{
	struct envoi__outbox_entry *entry;
	while ((entry = envoi__outbox_first(&outbox->passing)) != NULL) {
		envoi__list_remove(&entry->link);
		envoi__entry_free(entry);
	}
}
