/*
 * envoi-server - the store in memory: one account
 * SPDX-License-Identifier: MIT
 *
 * What the store keeps of an account. Jobs are in memory_store.c.
 */
#ifndef ENVOI_SERVER_MEMORY_ACCOUNT_H
#define ENVOI_SERVER_MEMORY_ACCOUNT_H

#include <envoi/context.h>

#include "table.h"

struct envoi__memory_message {
	struct envoi__memory_message *next;
	uint64_t id;
	size_t len;
	char xml[];
};

struct envoi__memory_value {
	struct envoi__table_link link;
	size_t len;
	char *data; /* behind the key */
	char key[];
};

struct envoi__memory_account {
	struct envoi__table_link link;
	char *verifiers; /* each with its NUL; secret */
	size_t verifier_count, verifier_bytes;
	struct envoi__table contacts, values;
	uint64_t version, removed; /* of the roster */
	struct envoi__memory_message *first, **end;
	size_t message_count;
	uint64_t last_id;
	char name[];
};

/** @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM */
int envoi__memory_account_new(struct envoi__memory_account **ret_account,
	struct envoi_context *context, const char *name);
/** Wipe its verifiers, and free it. */
void envoi__memory_account_free(
	struct envoi_context *context, struct envoi__memory_account *account);

/** Replace the verifiers. @param verifiers  copied @retval ENVOI_ERR_NOMEM  unchanged */
int envoi__memory_account_set_verifiers(struct envoi_context *context,
	struct envoi__memory_account *account, const char *const *verifiers, size_t count);

/** Append a message. @param xml  copied
 * @retval ENVOI_ERR_LIMIT  there are @p limit messages
 * @retval ENVOI_ERR_NOMEM */
int envoi__memory_account_add_message(struct envoi_context *context,
	struct envoi__memory_account *account, const char *xml, size_t len, size_t limit);
/** Remove the messages of some ids. */
void envoi__memory_account_drop_messages(struct envoi_context *context,
	struct envoi__memory_account *account, const uint64_t *ids, size_t count);

/** @return the value of a key; NULL: none */
struct envoi__memory_value *envoi__memory_account_value(
	const struct envoi__memory_account *account, const char *key);
/** Replace the value of a key. @param data  copied; NULL: remove it
 * @retval ENVOI_ERR_LIMIT  there are @p limit values
 * @retval ENVOI_ERR_NOMEM  unchanged */
int envoi__memory_account_set_value(struct envoi_context *context,
	struct envoi__memory_account *account, const char *key, const void *data, size_t len,
	size_t limit);

#endif
