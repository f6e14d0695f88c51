/*
 * envoi - stanza rows, found by kind and payload name
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ROUTER_ROWS_H
#define ENVOI_ROUTER_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/handler.h>

#include "base/list.h"

struct envoi__row_bucket;

/** A handler's place in a router. */
struct envoi__member {
	struct envoi__list link; /* of those removed while stanzas are dispatched */
	struct envoi_handler *handler;
	bool is_removed; /* removed: none of its rows is called any more */
	uint64_t last_stanza; /* number of the stanza that it was called for last */
	size_t row_count;
	struct envoi__row *rows;
};

/** One row of a handler, in its bucket's order: priority, then order of adding. */
struct envoi__row {
	struct envoi__row *next, *previous;
	struct envoi__row_bucket *bucket; /* NULL: not linked yet */
	struct envoi__member *member;
	uint64_t order;
	int priority; /* a copy: rows are compared after their table was freed */
	bool is_plain; /* its bucket and type say all: it has no path and no function */
	bool is_spent; /* it was to be called once, and was */
	struct envoi_path *path; /* NULL: none */
	const struct envoi_stanza_row *def; /* in the table of the handler */
};

/** All rows of one kind and payload name. */
struct envoi__row_bucket {
	struct envoi__row_bucket *next; /* of the same hash slot */
	enum envoi_stanza_kind kind;
	/* known names (xml/names.h); both NULL: rows without payload; name NULL: of a namespace */
	const char *ns, *name;
	uint64_t last_stanza; /* number of the one for which it was found last */
	struct envoi__row *first, *last;
};

struct envoi__rows {
	struct envoi_context *context; /* borrowed */
	struct envoi__row_bucket **slots;
	size_t slot_count, bucket_count;
	size_t namespace_count; /* buckets of a namespace, whatever the name */
	uint64_t order; /* of the row added last */
};

void envoi__rows_init(struct envoi__rows *rows, struct envoi_context *context);

/** Every member has been freed, and with the last row of a name its bucket. */
void envoi__rows_finish(struct envoi__rows *rows);

/**
 * Link a handler's rows, which envoi__handler_check() has checked.
 * @retval ENVOI_ERR_NOMEM    none was linked
 */
int envoi__rows_add(
	struct envoi__rows *rows, struct envoi__member **ret_member, struct envoi_handler *handler);

/** Unlink a handler's rows and free the member. No dispatch may stand on one of them. */
void envoi__member_free(struct envoi__rows *rows, struct envoi__member *member);

/** @param ns, name  known names' pointers; both NULL: the rows without payload; name NULL: the rows
 * of a namespace
 * @return NULL: there is no row for it */
struct envoi__row_bucket *envoi__rows_find(const struct envoi__rows *rows,
	enum envoi_stanza_kind kind, const char *ns, const char *name);

/** @return whether @p a is called before @p b */
bool envoi__row_precedes(const struct envoi__row *a, const struct envoi__row *b);

#endif
