/*
 * envoi - the memory that peers have caused, over all connections of a context
 * SPDX-License-Identifier: MIT
 */
#include "base/budget.h"

#include "base/context.h"

enum {
	LOOK_PART = 256, /* of the limit, by which the sum grows before the next search */
};

void envoi__budget_init(struct envoi__budget *budget)
{
	envoi__list_init(&budget->holders);
	envoi__list_init(&budget->watches);
}

static struct envoi__holder *holder_of(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi__holder, link);
}

static void set_held(struct envoi__budget *budget, struct envoi__holder *holder, bool is_held)
{
	holder->is_held = is_held;
	budget->held += is_held ? 1 : (size_t)-1;
	holder->impl->hold(holder, is_held);
}

/* --- at the limit --- */

static size_t largest_that_is_read(struct envoi__budget *budget)
{
	size_t largest = 0;
	for (struct envoi__list *link = budget->holders.next; link != &budget->holders;
		link = link->next) {
		const struct envoi__holder *holder = holder_of(link);
		largest = !holder->is_held && holder->bytes > largest ? holder->bytes : largest;
	}
	return largest;
}

/* Those of half its size as well: the number of searches is then logarithmic in the sizes, however
 * many connections there are. */
static void hold_largest(struct envoi__budget *budget)
{
	size_t largest = largest_that_is_read(budget);
	budget->looked_at = budget->bytes;
	for (struct envoi__list *link = budget->holders.next;
		largest > 0 && link != &budget->holders; link = link->next) {
		struct envoi__holder *holder = holder_of(link);
		if (!holder->is_held && holder->bytes > largest / 2) {
			set_held(budget, holder, true);
		}
	}
}

static struct envoi__holder *largest_to_end(struct envoi__budget *budget)
{
	struct envoi__holder *largest = NULL;
	for (struct envoi__list *link = budget->holders.next; link != &budget->holders;
		link = link->next) {
		struct envoi__holder *holder = holder_of(link);
		bool is_larger = holder->bytes > (largest == NULL ? 0 : largest->bytes);
		if (is_larger && !holder->is_settled && !holder->is_ending) {
			largest = holder;
		}
	}
	return largest;
}

/* Where there are many, holding them up is not enough: each may still add one reading. */
static void end_largest(struct envoi__budget *budget)
{
	while (budget->bytes > budget->limit / 8 * 9) {
		struct envoi__holder *largest = largest_to_end(budget);
		if (largest == NULL) {
			return;
		}
		largest->is_ending = true;
		largest->impl->end(largest);
	}
}

static void release_all(struct envoi__budget *budget)
{
	for (struct envoi__list *link = budget->holders.next;
		budget->held > 0 && link != &budget->holders; link = link->next) {
		if (holder_of(link)->is_held) {
			set_held(budget, holder_of(link), false);
		}
	}
	budget->looked_at = 0;
}

static void notify(struct envoi__budget *budget)
{
	budget->is_short = !budget->is_short;
	for (struct envoi__list *link = budget->watches.next; link != &budget->watches;
		link = link->next) {
		struct envoi__budget_watch *watch = ENVOI_CONTAINER_OF(
			link, struct envoi__budget_watch, link);
		watch->changed(watch, budget->is_short);
	}
}

static bool is_due_to_look(const struct envoi__budget *budget)
{
	return budget->limit != 0 && budget->bytes > budget->limit &&
		budget->bytes >= budget->looked_at + budget->limit / LOOK_PART;
}

static void adjust(struct envoi__budget *budget)
{
	size_t limit = budget->limit;
	budget->looked_at = budget->bytes < budget->looked_at ? budget->bytes : budget->looked_at;
	if (is_due_to_look(budget)) {
		hold_largest(budget);
		end_largest(budget);
	} else if (budget->held > 0 && (limit == 0 || budget->bytes <= limit / 8 * 7)) {
		release_all(budget);
	}
	size_t mark = budget->is_short ? limit / 8 * 5 : limit / 4 * 3;
	if (budget->is_short != (limit != 0 && budget->bytes > mark)) {
		notify(budget);
	}
}

/* --- reports --- */

void envoi__budget_set_limit(struct envoi_context *context, size_t bytes)
{
	context->budget.limit = bytes;
	context->budget.looked_at = 0;
	adjust(&context->budget);
}

void envoi__budget_grow(struct envoi_context *context, size_t bytes)
{
	context->budget.bytes += bytes;
	if (context->budget.limit != 0) {
		adjust(&context->budget);
	}
}

void envoi__budget_shrink(struct envoi_context *context, size_t bytes)
{
	context->budget.bytes -= bytes;
	if (context->budget.limit != 0) {
		adjust(&context->budget);
	}
}

void envoi__budget_report(struct envoi_context *context, struct envoi__holder *holder, size_t bytes)
{
	size_t before = holder->bytes;
	holder->bytes = bytes;
	if (bytes > before) {
		envoi__budget_grow(context, bytes - before);
	} else if (bytes < before) {
		envoi__budget_shrink(context, before - bytes);
	}
}

void envoi__holder_init(struct envoi__holder *holder, struct envoi_context *context,
	const struct envoi__holder_impl *impl)
{
	*holder = (struct envoi__holder){.impl = impl};
	envoi__list_append(&context->budget.holders, &holder->link);
}

void envoi__holder_finish(struct envoi__holder *holder, struct envoi_context *context)
{
	envoi__list_remove(&holder->link);
	context->budget.held -= holder->is_held;
	holder->is_held = false;
	envoi__budget_report(context, holder, 0);
}

void envoi__budget_watch(struct envoi_context *context, struct envoi__budget_watch *watch,
	void (*changed)(struct envoi__budget_watch *watch, bool is_short))
{
	watch->changed = changed;
	envoi__list_append(&context->budget.watches, &watch->link);
}

void envoi__budget_unwatch(struct envoi__budget_watch *watch)
{
	envoi__list_remove(&watch->link);
}
