/*
 * envoi - the memory that peers have caused, over all connections of a context
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BASE_BUDGET_H
#define ENVOI_BASE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"

struct envoi_context;

struct envoi__holder;

/** Functions of a holder. They are called inside envoi__budget_report() of any holder, and must not
 * call back, but to report what their own holder holds. */
struct envoi__holder_impl {
	/** Stop reading from the peer, or read again. What was read already is still handed over.
	 */
	void (*hold)(struct envoi__holder *holder, bool is_held);
	/** End the connection: give back what it holds now, or soon. Called once at most. */
	void (*end)(struct envoi__holder *holder);
};

/**
 * A connection whose input can be held up; embedded in its owner. It reports how much it holds
 * where that may have changed much: at the end of a turn, not with each byte.
 */
struct envoi__holder {
	const struct envoi__holder_impl *impl;
	struct envoi__list link;
	size_t bytes; /* as reported last */
	bool is_held;
	bool is_settled; /* set by the owner: it is not ended for want of memory */
	bool is_ending; /* `end` was called */
};

/** Notified when three quarters of the budget are used, and when five eighths are again. */
struct envoi__budget_watch {
	struct envoi__list link;
	void (*changed)(struct envoi__budget_watch *watch, bool is_short);
};

/** Embedded in the context. */
struct envoi__budget {
	struct envoi__list holders, watches;
	size_t bytes; /* of all */
	size_t limit; /* 0: none */
	size_t looked_at; /* bytes when the largest holders were searched last, or fewer since */
	size_t held; /* holders that are */
	bool is_short; /* as the watches were notified */
};

void envoi__budget_init(struct envoi__budget *budget);

/** @param bytes  0: no limit */
void envoi__budget_set_limit(struct envoi_context *context, size_t bytes);

/** Begin, with nothing held. */
void envoi__holder_init(struct envoi__holder *holder, struct envoi_context *context,
	const struct envoi__holder_impl *impl);
void envoi__holder_finish(struct envoi__holder *holder, struct envoi_context *context);

/** A holder holds that much now. */
void envoi__budget_report(
	struct envoi_context *context, struct envoi__holder *holder, size_t bytes);

/** What has no input of its own, a queue for example, has grown or shrunk. */
void envoi__budget_grow(struct envoi_context *context, size_t bytes);
void envoi__budget_shrink(struct envoi_context *context, size_t bytes);

void envoi__budget_watch(struct envoi_context *context, struct envoi__budget_watch *watch,
	void (*changed)(struct envoi__budget_watch *watch, bool is_short));
void envoi__budget_unwatch(struct envoi__budget_watch *watch);

#endif
