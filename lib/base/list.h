/*
 * envoi - intrusive doubly linked list
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BASE_LIST_H
#define ENVOI_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/** A list head, and a link embedded in each member: both the same ring. */
struct envoi__list {
	struct envoi__list *next, *previous;
};

static inline void envoi__list_init(struct envoi__list *list)
{
	list->next = list->previous = list;
}

static inline bool envoi__list_is_empty(const struct envoi__list *list)
{
	return list->next == list;
}

static inline void envoi__list_insert_before(struct envoi__list *at, struct envoi__list *link)
{
	link->next = at;
	link->previous = at->previous;
	at->previous->next = link;
	at->previous = link;
}

static inline void envoi__list_append(struct envoi__list *list, struct envoi__list *link)
{
	envoi__list_insert_before(list, link);
}

/** Take a link out; it is a ring of its own again, so that removing twice is harmless. */
static inline void envoi__list_remove(struct envoi__list *link)
{
	link->next->previous = link->previous;
	link->previous->next = link->next;
	envoi__list_init(link);
}

/** Move all members of @p from to @p to, which need not be initialised. */
static inline void envoi__list_move_all(struct envoi__list *to, struct envoi__list *from)
{
	if (envoi__list_is_empty(from)) {
		envoi__list_init(to);
		return;
	}
	*to = *from;
	to->next->previous = to;
	to->previous->next = to;
	envoi__list_init(from);
}

#endif
