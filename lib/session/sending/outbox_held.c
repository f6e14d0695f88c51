/*
 * envoi - outbox: stanzas that are held for the next session
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "session/sending/outbox_entry.h"

static bool is_answer(const struct envoi__outbox_meta *meta)
{
	return meta->kind == ENVOI_IQ_RESULT || meta->kind == ENVOI_IQ_ERROR ||
		meta->type == ENVOI_TYPE_ERROR;
}

int envoi__outbox_restore_held(
	struct envoi__outbox *outbox, const struct envoi__outbox_item *item, bool was_sent)
{
	int r = envoi__outbox_put(outbox, item);
	if (r == ENVOI_OK) {
		struct envoi__outbox_entry *entry = envoi__outbox_last(&outbox->waiting);
		envoi__entry_stop_waiting(entry);
		entry->was_sent = entry->has_left = was_sent;
		envoi__entry_hold(entry);
	}
	return r;
}

/* XEP-0045, section 7.4: only an occupant sends to all, and the next session has not entered the
 * room yet. */
static bool is_for_a_room(const struct envoi__outbox_meta *meta)
{
	return meta->kind == ENVOI_MESSAGE && meta->type == ENVOI_TYPE_GROUPCHAT &&
		!meta->may_resend;
}

static bool is_of_its_session(const struct envoi__outbox_entry *entry)
{
	return is_answer(&entry->meta) || entry->meta.is_restoring || entry->is_vital ||
		is_for_a_room(&entry->meta);
}

/* The entry has left its list. */
static void hold(struct envoi__outbox_entry *entry)
{
	if (envoi__entry_may_have_left(entry) ? !entry->meta.may_resend
					      : is_of_its_session(entry)) {
		if (is_for_a_room(&entry->meta)) {
			envoi__entry_log_loss(entry, "it is for a room, which was left");
		}
		envoi__entry_end_lost(entry);
	} else {
		envoi__entry_hold(entry);
	}
}

void envoi__outbox_hold(struct envoi__outbox *outbox)
{
	struct envoi__outbox_entry *entry;
	envoi__outbox_drop_passing(outbox);
	while ((entry = envoi__outbox_first(&outbox->sent)) != NULL) {
		envoi__entry_leave_sent(entry);
		hold(entry);
	}
	while ((entry = envoi__outbox_first(&outbox->waiting)) != NULL) {
		envoi__entry_stop_waiting(entry);
		hold(entry);
	}
	outbox->written = 0;
	outbox->is_keeping = outbox->is_keeping_wanted = false;
}

struct envoi__outbox_entry *envoi__outbox_first_held(const struct envoi__outbox *outbox)
{
	return envoi__outbox_first(&outbox->held);
}

void envoi__outbox_forget_held(struct envoi__outbox *outbox, uint64_t waiting)
{
	for (struct envoi__list *link = outbox->held.next; link != &outbox->held;
		link = link->next) {
		struct envoi__outbox_entry *entry = envoi__outbox_entry_of(link);
		if (waiting != 0 && entry->meta.waiting == waiting) {
			envoi__entry_leave_held(entry);
			envoi__entry_free_memory(outbox, entry);
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
	envoi__budget_grow(context, sizeof(*copy) + entry->len + more_len);
	*copy = *entry;
	copy->is_held = false;
	copy->len += more_len;
	copy->meta.has_delay = true;
	memcpy(copy->xml, entry->xml, head);
	memcpy(copy->xml + head, more, more_len);
	memcpy(copy->xml + head + more_len, entry->xml + head, entry->len - head);
	return copy;
}

int envoi__outbox_release_first(struct envoi__outbox *outbox, const char *more, size_t more_len)
{
	struct envoi__outbox_entry *entry = envoi__outbox_first(&outbox->held), *released = entry;
	if (more != NULL) {
		released = dup_with(outbox->context, entry, more, more_len);
		if (released == NULL) {
			return ENVOI_ERR_NOMEM;
		}
	}
	envoi__entry_leave_held(entry);
	if (released != entry) {
		if (released->tracked != NULL) {
			released->tracked->entry = released;
		}
		envoi__entry_free_memory(outbox, entry);
	}
	envoi__entry_wait(released);
	return ENVOI_OK;
}

void envoi__outbox_lose_first_held(struct envoi__outbox *outbox)
{
	struct envoi__outbox_entry *entry = envoi__outbox_first(&outbox->held);
	envoi__entry_leave_held(entry);
	envoi__entry_end_lost(entry);
}

/* A message of which no ticket reports the loss. */
static bool can_be_kept(const struct envoi__outbox_entry *entry)
{
	return entry->tracked == NULL && entry->meta.kind == ENVOI_MESSAGE &&
		(envoi__entry_may_have_left(entry) ? entry->meta.may_resend
						   : !is_of_its_session(entry));
}

/* The entry has left its list. */
static void lose(struct envoi__outbox_entry *entry, bool keeps_messages)
{
	if (keeps_messages && can_be_kept(entry)) {
		envoi__entry_hold(entry);
	} else {
		envoi__entry_end_lost(entry);
	}
}

static void lose_held(struct envoi__outbox *outbox, bool keeps_messages)
{
	struct envoi__list *link = outbox->held.next;
	while (link != &outbox->held) {
		struct envoi__outbox_entry *entry = envoi__outbox_entry_of(link);
		link = link->next;
		if (!keeps_messages || !can_be_kept(entry)) {
			envoi__entry_leave_held(entry);
			envoi__entry_end_lost(entry);
		}
	}
}

void envoi__outbox_lose(struct envoi__outbox *outbox, bool keeps_messages)
{
	struct envoi__outbox_entry *entry;
	envoi__outbox_suspend(outbox);
	while ((entry = envoi__outbox_first(&outbox->sent)) != NULL) {
		envoi__entry_leave_sent(entry);
		lose(entry, keeps_messages);
	}
	while ((entry = envoi__outbox_first(&outbox->waiting)) != NULL) {
		envoi__entry_stop_waiting(entry);
		lose(entry, keeps_messages);
	}
	lose_held(outbox, keeps_messages);
}
