/*
 * envoi - outbox: serialised stanzas that wait to be sent
 * SPDX-License-Identifier: MIT
 */
#include "session/outbox.h"

#include <stdbool.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/interfaces/stream.h>

struct entry {
	struct envoi__event_entry ended; /* in the queue */
	struct envoi__list link; /* in waiting or given */
	struct envoi_context *context;
	struct envoi__outbox *outbox; /* NULL: no longer in it */
	struct envoi_ticket *ticket; /* NULL: no report is wanted */
	enum envoi_ticket_state state;
	uint64_t number; /* among those given to the stream; 0: waiting */
	size_t len;
	char xml[];
};

void envoi__outbox_init(struct envoi__outbox *outbox, struct envoi_context *context,
	struct envoi__event_queue *queue, void (*emptied)(struct envoi__outbox *outbox))
{
	*outbox = (struct envoi__outbox){
		.context = context,
		.queue = queue,
		.emptied = emptied,
	};
	envoi__list_init(&outbox->waiting);
	envoi__list_init(&outbox->given);
}

static void dispatch(struct envoi__event_entry *ended)
{
	struct entry *entry = ENVOI_CONTAINER_OF(ended, struct entry, ended);
	struct envoi_ticket *ticket = entry->ticket;
	entry->ticket = NULL;
	ticket->entry = NULL;
	ticket->done(ticket, &(struct envoi_ticket_report){.state = entry->state});
}

static void destroy(struct envoi__event_entry *ended)
{
	struct entry *entry = ENVOI_CONTAINER_OF(ended, struct entry, ended);
	struct envoi_context *context = entry->context;
	envoi_free(context, entry);
	envoi_context_unref(context);
}

static struct entry *entry_new(
	struct envoi_context *context, struct envoi_ticket *ticket, const char *xml, size_t len)
{
	struct entry *entry = envoi_alloc(context, sizeof(*entry) + len);
	if (entry == NULL) {
		return NULL;
	}
	*entry = (struct entry){
		.ended = {.dispatch = dispatch, .destroy = destroy},
		.context = envoi_context_ref(context),
		.ticket = ticket,
		.len = len,
	};
	envoi__list_init(&entry->ended.link);
	envoi__list_init(&entry->link);
	memcpy(entry->xml, xml, len);
	if (ticket != NULL) {
		ticket->entry = entry;
	}
	return entry;
}

static void stop_waiting(struct entry *entry)
{
	envoi__list_remove(&entry->link);
	entry->outbox->count--;
	entry->outbox->bytes -= entry->len;
}

/* The entry has left its list. */
static void end(
	struct entry *entry, struct envoi__event_queue *queue, enum envoi_ticket_state state)
{
	entry->outbox = NULL;
	entry->state = state;
	if (entry->ticket == NULL) {
		destroy(&entry->ended);
	} else {
		envoi__event_queue_post(queue, &entry->ended);
	}
}

int envoi__outbox_add(
	struct envoi__outbox *outbox, struct envoi_ticket *ticket, const char *xml, size_t len)
{
	/* The limits may have been lowered since. */
	if (outbox->count >= outbox->count_limit || outbox->bytes > outbox->bytes_limit ||
		len > outbox->bytes_limit - outbox->bytes) {
		return ENVOI_ERR_FULL;
	}
	struct entry *entry = entry_new(outbox->context, ticket, xml, len);
	if (entry == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	entry->outbox = outbox;
	envoi__list_append(&outbox->waiting, &entry->link);
	outbox->count++;
	outbox->bytes += len;
	return ENVOI_OK;
}

int envoi__outbox_swallow(struct envoi__outbox *outbox, struct envoi_ticket *ticket)
{
	if (ticket == NULL) {
		return ENVOI_OK;
	}
	struct entry *entry = entry_new(outbox->context, ticket, "", 0);
	if (entry == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	end(entry, outbox->queue, ENVOI_TICKET_NOT_SENT);
	return ENVOI_OK;
}

static struct entry *first_of(const struct envoi__list *list)
{
	return envoi__list_is_empty(list) ? NULL
					  : ENVOI_CONTAINER_OF(list->next, struct entry, link);
}

static void was_given(struct entry *entry)
{
	struct envoi__outbox *outbox = entry->outbox;
	stop_waiting(entry);
	entry->number = ++outbox->given_count;
	if (entry->ticket == NULL) {
		destroy(&entry->ended);
	} else {
		envoi__list_append(&outbox->given, &entry->link);
	}
}

int envoi__outbox_feed(struct envoi__outbox *outbox, struct envoi_stream *stream)
{
	struct entry *entry;
	while ((entry = first_of(&outbox->waiting)) != NULL) {
		int r = envoi_stream_send(stream, entry->xml, entry->len);
		if (r != ENVOI_OK) {
			return r == ENVOI_ERR_FULL ? ENVOI_AGAIN : r;
		}
		was_given(entry);
	}
	return ENVOI_OK;
}

void envoi__outbox_written(struct envoi__outbox *outbox, size_t count)
{
	outbox->written_count += count;
	struct entry *entry;
	while ((entry = first_of(&outbox->given)) != NULL &&
		entry->number <= outbox->written_count) {
		envoi__list_remove(&entry->link);
		end(entry, outbox->queue, ENVOI_TICKET_WRITTEN);
	}
}

static void end_list(struct envoi__outbox *outbox, struct envoi__list *list, bool is_waiting,
	enum envoi_ticket_state state)
{
	struct entry *entry;
	while ((entry = first_of(list)) != NULL) {
		if (is_waiting) {
			stop_waiting(entry);
		} else {
			envoi__list_remove(&entry->link);
		}
		end(entry, outbox->queue, state);
	}
}

void envoi__outbox_suspend(struct envoi__outbox *outbox)
{
	end_list(outbox, &outbox->given, false, ENVOI_TICKET_UNKNOWN);
	outbox->given_count = outbox->written_count = 0;
}

void envoi__outbox_lose(struct envoi__outbox *outbox)
{
	envoi__outbox_suspend(outbox);
	end_list(outbox, &outbox->waiting, true, ENVOI_TICKET_NOT_SENT);
}

void envoi__outbox_cancel_all(struct envoi__outbox *outbox)
{
	end_list(outbox, &outbox->given, false, ENVOI_TICKET_CANCELED);
	end_list(outbox, &outbox->waiting, true, ENVOI_TICKET_CANCELED);
}

int envoi_ticket_cancel(struct envoi_ticket *ticket)
{
	struct entry *entry = ticket->entry;
	if (entry == NULL || entry->outbox == NULL || entry->number != 0) {
		return ENVOI_ERR_STATE;
	}
	struct envoi__outbox *outbox = entry->outbox;
	stop_waiting(entry);
	end(entry, outbox->queue, ENVOI_TICKET_CANCELED);
	if (outbox->count == 0) {
		outbox->emptied(outbox);
	}
	return ENVOI_OK;
}
