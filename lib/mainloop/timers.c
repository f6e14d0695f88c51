/*
 * envoi - pairing heap of timers
 * SPDX-License-Identifier: MIT
 */
#include "mainloop/timers.h"

#include <stddef.h>

/*
 * Each node has its first child and its next sibling; `previous` is the sibling before it, or the
 * parent for a first child (Fredman, Sedgewick, Sleator, Tarjan: The pairing heap, 1986).
 */

static bool comes_before(const struct envoi_timer *a, const struct envoi_timer *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

/* Both are roots without siblings, or NULL. */
static struct envoi_timer *meld(struct envoi_timer *a, struct envoi_timer *b)
{
	if (a == NULL || b == NULL) {
		return a != NULL ? a : b;
	}
	struct envoi_timer *top = comes_before(a, b) ? a : b, *below = top == a ? b : a;
	below->previous = top;
	below->sibling = top->child;
	if (top->child != NULL) {
		top->child->previous = below;
	}
	top->child = below;
	return top;
}

static struct envoi_timer *cut_first(struct envoi_timer **first)
{
	struct envoi_timer *timer = *first;
	if (timer != NULL) {
		*first = timer->sibling;
		timer->sibling = timer->previous = NULL;
	}
	return timer;
}

/* Left to right in pairs, then the pairs from right to left. */
static struct envoi_timer *meld_siblings(struct envoi_timer *first)
{
	struct envoi_timer *pairs = NULL, *root = NULL;
	while (first != NULL) {
		struct envoi_timer *a = cut_first(&first), *b = cut_first(&first);
		struct envoi_timer *pair = meld(a, b);
		pair->sibling = pairs;
		pairs = pair;
	}
	while (pairs != NULL) {
		struct envoi_timer *pair = cut_first(&pairs);
		root = meld(root, pair);
	}
	return root;
}

void envoi__timers_add(struct envoi_timer **root, struct envoi_timer *timer)
{
	*root = meld(*root, timer);
}

void envoi__timers_remove(struct envoi_timer **root, struct envoi_timer *timer)
{
	struct envoi_timer *children = meld_siblings(timer->child);
	if (timer == *root) {
		*root = children;
	} else {
		if (timer->previous->child == timer) {
			timer->previous->child = timer->sibling;
		} else {
			timer->previous->sibling = timer->sibling;
		}
		if (timer->sibling != NULL) {
			timer->sibling->previous = timer->previous;
		}
		*root = meld(*root, children);
	}
	timer->child = timer->sibling = timer->previous = NULL;
}
