/*
 * envoi - event queue
 * SPDX-License-Identifier: MIT
 */
#include "mainloop/event_queue.h"

#include <envoi/context.h>

void envoi__event_queue_init(struct envoi__event_queue *queue, struct envoi_loop *loop)
{
	*queue = (struct envoi__event_queue){.loop = loop};
	envoi__list_init(&queue->entries);
}

static struct envoi__event_entry *take_first(struct envoi__event_queue *queue)
{
	struct envoi__list *link = queue->entries.next;
	envoi__list_remove(link);
	queue->count--;
	return ENVOI_CONTAINER_OF(link, struct envoi__event_entry, link);
}

void envoi__event_queue_finish(struct envoi__event_queue *queue)
{
	if (queue->loop == NULL) {
		return;
	}
	envoi_deferred_cancel(&queue->deferred);
	if (queue->is_gone != NULL) {
		*queue->is_gone = true;
	}
	while (queue->count > 0) {
		struct envoi__event_entry *entry = take_first(queue);
		entry->destroy(entry);
	}
	*queue = (struct envoi__event_queue){0};
}

void envoi__event_queue_flush(struct envoi__event_queue *queue)
{
	bool is_gone = false, *outer = queue->is_gone, was_restoring = queue->is_restoring;
	queue->is_gone = &is_gone;
	for (size_t left = queue->count; left > 0 && !is_gone && queue->count > 0; left--) {
		struct envoi__event_entry *entry = take_first(queue);
		queue->is_restoring = entry->is_restoring;
		entry->dispatch(entry);
		entry->destroy(entry);
	}
	if (!is_gone) {
		queue->is_gone = outer;
		queue->is_restoring = was_restoring;
	} else if (outer != NULL) {
		*outer = true;
	}
}

static void on_deferred(struct envoi_deferred *deferred)
{
	envoi__event_queue_flush(ENVOI_CONTAINER_OF(deferred, struct envoi__event_queue, deferred));
}

void envoi__event_queue_post(struct envoi__event_queue *queue, struct envoi__event_entry *entry)
{
	envoi__list_append(&queue->entries, &entry->link);
	queue->count++;
	envoi_deferred_post(&queue->deferred, queue->loop, on_deferred);
}

void envoi__event_queue_remove(struct envoi__event_queue *queue, struct envoi__event_entry *entry)
{
	envoi__list_remove(&entry->link);
	queue->count--;
}
