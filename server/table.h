/*
 * envoi-server - tables of named entries
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SERVER_TABLE_H
#define ENVOI_SERVER_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <envoi/context.h>
#include <envoi/error.h>

/** Embedded in an entry. The name is the entry's, and NUL-terminated. */
struct envoi__table_link {
	struct envoi__table_link *next; /* with the same place */
	const char *name;
	size_t len;
	uint64_t hash;
};

/** Entries by name. Hashed with a secret key: peers cannot make names collide. */
struct envoi__table {
	struct envoi_context *context; /* borrowed */
	struct envoi__table_link **places; /* NULL: no entry yet */
	size_t capacity, count;
	uint64_t key[2];
};

/** @retval ENVOI_ERR_SYSTEM  the random source failed */
int envoi__table_init(struct envoi__table *table, struct envoi_context *context);
/** Free the table; entries are their owner's. */
void envoi__table_finish(struct envoi__table *table);

/** @return the entry of a name of @p len bytes; NULL: none */
struct envoi__table_link *envoi__table_find(
	const struct envoi__table *table, const char *name, size_t len);
/** Add an entry whose name no other has. @param name  borrowed until it is removed
 * @retval ENVOI_ERR_NOMEM */
int envoi__table_add(struct envoi__table *table, struct envoi__table_link *entry, const char *name);
/** Remove an entry of the table. */
void envoi__table_remove(struct envoi__table *table, struct envoi__table_link *entry);
/** Visit every entry, in no order. Get the next one before an entry is removed; do not add any.
 * @param after  NULL: the first one @return NULL: there is no other */
struct envoi__table_link *envoi__table_next(
	const struct envoi__table *table, const struct envoi__table_link *after);

#endif
