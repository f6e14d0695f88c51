/*
 * envoi - outbox: serialised stanzas that wait to be sent or acknowledged
 * SPDX-License-Identifier: MIT
 */
#include "session/sending/outbox.h"

#include <envoi/interfaces/stream.h>

#include "session/sending/outbox_entry.h"

int envoi__outbox_add(struct envoi__outbox *outbox, const struct envoi__outbox_item *item)
{
	bool is_restoring = item->meta.is_restoring;
	return item->is_vital ||
			(!envoi__outbox_is_full(outbox, is_restoring) &&
				envoi__outbox_has_room_for(outbox, item->len, is_restoring))
		? envoi__outbox_put(outbox, item)
		: ENVOI_ERR_FULL;
}

int envoi__outbox_put(struct envoi__outbox *outbox, const struct envoi__outbox_item *item)
{
	struct envoi__outbox_entry *entry = envoi__entry_new(outbox->context, item);
	if (entry == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	entry->outbox = outbox;
	if (item->meta.is_broadcast) {
		envoi__outbox_lose_held_broadcasts(outbox);
	}
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

static void note_sent(struct envoi__outbox_entry *entry, uint64_t number)
{
	struct envoi__outbox *outbox = entry->outbox;
	envoi__entry_stop_waiting(entry);
	entry->number = number;
	entry->was_sent = true;
	if (outbox->is_keeping) {
		entry->meta.waiting = 0; /* its record as sent says the same */
	}
	outbox->sent_bytes += entry->len;
	outbox->sent_tickets += entry->tracked != NULL;
	if (outbox->is_keeping || (outbox->is_keeping_wanted && is_wanted(entry))) {
		entry->is_kept = true;
		outbox->kept_count++;
		outbox->kept_bytes += entry->len;
		outbox->alone = entry->is_suspected ? entry : NULL;
	} else if (entry->tracked == NULL && !outbox->is_continued) {
		envoi__entry_free(entry);
		return;
	}
	envoi__list_append(
		entry->is_kept || entry->tracked != NULL ? &outbox->sent : &outbox->passing,
		&entry->link);
}

static int send_entry(struct envoi__outbox *outbox, struct envoi__outbox_entry *entry,
	struct envoi_stream *stream)
{
	struct envoi_stream_counts counts;
	int r = outbox->hooks->sending(outbox, entry);
	if (r != ENVOI_OK) {
		return r;
	}
	r = envoi_stream_send(stream, entry->xml, entry->len);
	if (r != ENVOI_OK) {
		outbox->hooks->not_sent(outbox, entry);
		return r;
	}
	envoi_stream_get_counts(stream, &counts);
	if (entry->meta.request != 0) {
		outbox->hooks->requested(outbox, entry->meta.request, counts.stanzas_out);
	}
	if (entry->meta.answers != 0) {
		outbox->hooks->answered(outbox, entry->meta.answers);
	}
	note_sent(entry, counts.stanzas_out);
	return ENVOI_OK;
}

/* @return whether an acknowledgement has to come before it is sent */
static bool is_isolated(const struct envoi__outbox *outbox, const struct envoi__outbox_entry *entry)
{
	return !entry->is_vital &&
		(outbox->alone != NULL || (entry->is_suspected && outbox->kept_count > 0));
}

int envoi__outbox_feed(struct envoi__outbox *outbox, struct envoi_stream *stream)
{
	struct envoi__outbox_entry *entry;
	outbox->is_isolating = false;
	if (outbox->is_blocked) {
		return ENVOI_AGAIN;
	}
	while ((entry = envoi__outbox_first(&outbox->waiting)) != NULL) {
		if (is_isolated(outbox, entry)) {
			outbox->is_isolating = true;
			return ENVOI_AGAIN;
		}
		int r = send_entry(outbox, entry, stream);
		if (r != ENVOI_OK) {
			outbox->is_blocked = r == ENVOI_ERR_FULL;
			return outbox->is_blocked ? ENVOI_AGAIN : r;
		}
	}
	return ENVOI_OK;
}

/* Kept ones follow those that are not: none of them needs to be looked at. */
void envoi__outbox_written(struct envoi__outbox *outbox, size_t count)
{
	outbox->written += count;
	struct envoi__outbox_entry *entry;
	while ((entry = envoi__outbox_first(&outbox->sent)) != NULL && !entry->is_kept &&
		entry->number <= outbox->written) {
		envoi__entry_leave_sent(entry);
		envoi__entry_end(entry, ENVOI_TICKET_WRITTEN);
	}
	while ((entry = envoi__outbox_first(&outbox->passing)) != NULL &&
		entry->number <= outbox->written) {
		envoi__list_remove(&entry->link);
		envoi__entry_free(entry);
	}
}

void envoi__outbox_keep(struct envoi__outbox *outbox, bool is_keeping)
{
	outbox->is_keeping = is_keeping;
}

void envoi__outbox_release(struct envoi__outbox *outbox)
{
	struct envoi__list *link = outbox->sent.next;
	while (link != &outbox->sent) {
		struct envoi__outbox_entry *entry = envoi__outbox_entry_of(link);
		link = link->next;
		if (!entry->is_kept || (outbox->is_keeping_wanted && is_wanted(entry))) {
			continue;
		}
		envoi__entry_unkeep(entry);
		if (entry->tracked == NULL) {
			envoi__list_remove(&entry->link);
			envoi__entry_free(entry);
		}
	}
	outbox->is_keeping = false;
	envoi__outbox_written(outbox, 0);
}

static void acknowledge(
	struct envoi__outbox *outbox, uint64_t number, enum envoi_acknowledgement by)
{
	struct envoi__list *link = outbox->sent.next;
	while (link != &outbox->sent && envoi__outbox_entry_of(link)->number <= number) {
		struct envoi__outbox_entry *entry = envoi__outbox_entry_of(link);
		link = link->next;
		if (entry->is_kept) {
			envoi__entry_leave_sent(entry);
			envoi__entry_end_by(entry, ENVOI_TICKET_ACKNOWLEDGED, by);
		}
	}
}

void envoi__outbox_acknowledge(struct envoi__outbox *outbox, uint64_t number)
{
	acknowledge(outbox, number, ENVOI_BY_STREAM_MANAGEMENT);
}

void envoi__outbox_acknowledge_waiting(struct envoi__outbox *outbox, uint64_t count)
{
	struct envoi__outbox_entry *entry;
	for (; count > 0; count--) {
		entry = envoi__outbox_first(&outbox->waiting);
		if (entry == NULL || !entry->has_left) {
			return;
		}
		envoi__entry_stop_waiting(entry);
		envoi__entry_end_by(entry, ENVOI_TICKET_ACKNOWLEDGED, ENVOI_BY_STREAM_MANAGEMENT);
	}
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
	const struct envoi__outbox_entry *last = envoi__outbox_last(&outbox->sent);
	return last == NULL ? 0 : last->number;
}

static void end_sent(struct envoi__outbox *outbox, bool kept_too, enum envoi_ticket_state state)
{
	struct envoi__list *link = outbox->sent.next;
	while (link != &outbox->sent) {
		struct envoi__outbox_entry *entry = envoi__outbox_entry_of(link);
		link = link->next;
		if (kept_too || !entry->is_kept) {
			envoi__entry_leave_sent(entry);
			envoi__entry_end(entry, state);
		}
	}
}

void envoi__outbox_suspend(struct envoi__outbox *outbox)
{
	envoi__outbox_drop_passing(outbox);
	end_sent(outbox, false, ENVOI_TICKET_UNKNOWN);
	outbox->written = 0;
	outbox->is_keeping = outbox->is_keeping_wanted = false;
}

int envoi__outbox_restore(
	struct envoi__outbox *outbox, const struct envoi__outbox_item *item, uint64_t number)
{
	bool is_keeping = outbox->is_keeping;
	int r = envoi__outbox_put(outbox, item);
	if (r == ENVOI_OK) {
		outbox->is_keeping = true;
		note_sent(envoi__outbox_last(&outbox->waiting), number);
		outbox->is_keeping = is_keeping;
	}
	return r;
}

/* Before those that wait already. */
static void wait_first(struct envoi__outbox_entry *entry)
{
	struct envoi__outbox *outbox = entry->outbox;
	envoi__entry_leave_sent(entry);
	entry->number = 0;
	envoi__list_insert_before(outbox->waiting.next, &entry->link);
	outbox->count++;
	outbox->bytes += entry->len;
}

void envoi__outbox_rewind(struct envoi__outbox *outbox)
{
	struct envoi__outbox_entry *entry;
	while ((entry = envoi__outbox_last(&outbox->sent)) != NULL && entry->is_kept) {
		entry->has_left = true;
		wait_first(entry);
	}
}

/* Both lists are in the order of their numbers. */
static struct envoi__outbox_entry *last_sent(const struct envoi__outbox *outbox)
{
	struct envoi__outbox_entry *sent = envoi__outbox_last(&outbox->sent);
	struct envoi__outbox_entry *passing = envoi__outbox_last(&outbox->passing);
	bool is_sent_last = passing == NULL || (sent != NULL && sent->number > passing->number);
	return is_sent_last ? sent : passing;
}

/* An answer to a request of which the journal has nothing any more is recorded in its place. */
static bool counts_as_sent(const struct envoi__outbox_entry *entry)
{
	return entry->has_left || entry->meta.answers != 0;
}

bool envoi__outbox_unsend(struct envoi__outbox *outbox, uint64_t number)
{
	struct envoi__outbox_entry *entry;
	bool are_any = false;
	while ((entry = last_sent(outbox)) != NULL && entry->number > number) {
		wait_first(entry);
		entry->was_sent = counts_as_sent(entry);
		are_any = true;
	}
	return are_any;
}

struct envoi__outbox_entry *envoi__outbox_last_waiting(const struct envoi__outbox *outbox)
{
	return envoi__outbox_last(&outbox->waiting);
}

static void set_suspected(struct envoi__list *list, bool is_suspected)
{
	for (struct envoi__list *link = list->next; link != list; link = link->next) {
		envoi__outbox_entry_of(link)->is_suspected = is_suspected;
	}
}

bool envoi__outbox_suspect(struct envoi__outbox *outbox, bool is_refusal)
{
	struct envoi__outbox_entry *reason = is_refusal ? outbox->alone : NULL;
	if (reason == NULL) {
		set_suspected(&outbox->sent, is_refusal);
		return false;
	}
	envoi__entry_leave_sent(reason);
	envoi__entry_end_refused(reason, ENVOI_REFUSED_BY_STREAM_ERROR);
	set_suspected(&outbox->sent, false);
	set_suspected(&outbox->waiting, false);
	return true;
}

void envoi__outbox_refuse(struct envoi__outbox_entry *entry)
{
	envoi__entry_stop_waiting(entry);
	if (envoi__entry_may_have_left(entry)) {
		envoi__entry_log_loss(entry, "it is longer than the server accepts now");
		envoi__entry_end(entry, ENVOI_TICKET_UNKNOWN);
	} else {
		envoi__entry_end_refused(entry, ENVOI_REFUSED_TOO_LONG);
	}
}

/* In the journal it stays, for the next process, which sends it. */
static void cancel(struct envoi__outbox_entry *entry)
{
	bool may_be_sent = envoi__entry_may_have_left(entry) || entry->meta.waiting != 0;
	entry->meta.waiting = 0;
	envoi__entry_end(entry, may_be_sent ? ENVOI_TICKET_UNKNOWN : ENVOI_TICKET_CANCELED);
}

void envoi__outbox_cancel_all(struct envoi__outbox *outbox)
{
	struct envoi__outbox_entry *entry;
	envoi__outbox_drop_passing(outbox);
	while ((entry = envoi__outbox_first(&outbox->sent)) != NULL) {
		envoi__entry_leave_sent(entry);
		cancel(entry);
	}
	while ((entry = envoi__outbox_first(&outbox->waiting)) != NULL) {
		envoi__entry_stop_waiting(entry);
		cancel(entry);
	}
	while ((entry = envoi__outbox_first(&outbox->held)) != NULL) {
		envoi__entry_leave_held(entry);
		cancel(entry);
	}
}

/* No stream has had it. */
static void take_back(struct envoi__outbox_entry *entry)
{
	struct envoi__outbox *outbox = entry->outbox;
	entry->meta.waiting = 0; /* it has its record already */
	if (entry->is_held) {
		envoi__entry_leave_held(entry);
	} else {
		envoi__entry_stop_waiting(entry);
	}
	envoi__entry_end(entry, ENVOI_TICKET_CANCELED);
	if (outbox->count == 0) {
		outbox->hooks->emptied(outbox);
	}
}

static struct envoi__outbox_entry *find_unsent(const struct envoi__list *list, uint64_t request)
{
	for (struct envoi__list *link = list->next; link != list; link = link->next) {
		struct envoi__outbox_entry *entry = envoi__outbox_entry_of(link);
		if (entry->meta.request == request && !entry->was_sent) {
			return entry;
		}
	}
	return NULL;
}

void envoi__outbox_take_back(struct envoi__outbox *outbox, uint64_t request)
{
	struct envoi__outbox_entry *entry = find_unsent(&outbox->waiting, request);
	if (entry == NULL) {
		entry = find_unsent(&outbox->held, request);
	}
	if (entry != NULL) {
		take_back(entry);
	}
}

int envoi_ticket_cancel(struct envoi_ticket *ticket)
{
	const struct envoi__tracked *tracked = ticket->entry;
	struct envoi__outbox_entry *entry = tracked == NULL ? NULL : tracked->entry;
	if (entry == NULL || entry->was_sent) {
		return ENVOI_ERR_STATE;
	}
	int r = entry->outbox->hooks->dropping(entry->outbox, entry);
	if (r == ENVOI_OK) {
		take_back(entry);
	}
	return r;
}
