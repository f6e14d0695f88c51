/*
 * envoi-server - the store in memory: one account
 * SPDX-License-Identifier: MIT
 */
#include "memory_account.h"

#include <string.h>

#include "contact.h"

static void free_messages(struct envoi_context *context, struct envoi__memory_account *account)
{
	while (account->first != NULL) {
		struct envoi__memory_message *message = account->first;
		account->first = message->next;
		envoi_free(context, message);
	}
}

static void free_values(struct envoi_context *context, struct envoi__memory_account *account)
{
	struct envoi__table_link *link = envoi__table_next(&account->values, NULL);
	while (link != NULL) {
		struct envoi__table_link *next = envoi__table_next(&account->values, link);
		envoi_free(context, ENVOI_CONTAINER_OF(link, struct envoi__memory_value, link));
		link = next;
	}
	envoi__table_finish(&account->values);
}

static void forget_verifiers(struct envoi_context *context, struct envoi__memory_account *account)
{
	if (account->verifiers != NULL) {
		explicit_bzero(account->verifiers, account->verifier_bytes);
	}
	envoi_free(context, account->verifiers);
	account->verifiers = NULL;
	account->verifier_count = account->verifier_bytes = 0;
}

void envoi__memory_account_free(
	struct envoi_context *context, struct envoi__memory_account *account)
{
	forget_verifiers(context, account);
	free_messages(context, account);
	free_values(context, account);
	envoi__server_contacts_finish(&account->contacts);
	envoi_free(context, account);
}

int envoi__memory_account_set_verifiers(struct envoi_context *context,
	struct envoi__memory_account *account, const char *const *verifiers, size_t count)
{
	size_t bytes = 0;
	for (size_t i = 0; i < count; i++) {
		bytes += strlen(verifiers[i]) + 1;
	}
	char *texts = envoi_alloc(context, bytes + 1);
	if (texts == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	forget_verifiers(context, account);
	account->verifiers = texts;
	account->verifier_count = count;
	account->verifier_bytes = bytes;
	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(verifiers[i]) + 1;
		memcpy(texts, verifiers[i], size);
		texts += size;
	}
	return ENVOI_OK;
}

int envoi__memory_account_new(
	struct envoi__memory_account **ret_account, struct envoi_context *context, const char *name)
{
	size_t size = strlen(name) + 1;
	struct envoi__memory_account *account = envoi_alloc_zeroed(
		context, sizeof(*account) + size);
	if (account == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	memcpy(account->name, name, size);
	account->end = &account->first;
	int r = envoi__table_init(&account->contacts, context);
	if (r == ENVOI_OK) {
		r = envoi__table_init(&account->values, context);
	}
	if (r < 0) {
		envoi_free(context, account);
		return r;
	}
	*ret_account = account;
	return ENVOI_OK;
}

/* --- messages --- */

int envoi__memory_account_add_message(struct envoi_context *context,
	struct envoi__memory_account *account, const char *xml, size_t len, size_t limit)
{
	if (account->message_count >= limit) {
		return ENVOI_ERR_LIMIT;
	}
	struct envoi__memory_message *message = envoi_alloc(context, sizeof(*message) + len);
	if (message == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*message = (struct envoi__memory_message){.id = ++account->last_id, .len = len};
	memcpy(message->xml, xml, len);
	*account->end = message;
	account->end = &message->next;
	account->message_count++;
	return ENVOI_OK;
}

static bool is_one_of(uint64_t id, const uint64_t *ids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (ids[i] == id) {
			return true;
		}
	}
	return false;
}

void envoi__memory_account_drop_messages(struct envoi_context *context,
	struct envoi__memory_account *account, const uint64_t *ids, size_t count)
{
	struct envoi__memory_message **at = &account->first;
	while (*at != NULL) {
		struct envoi__memory_message *message = *at;
		if (is_one_of(message->id, ids, count)) {
			*at = message->next;
			envoi_free(context, message);
			account->message_count--;
		} else {
			at = &message->next;
		}
	}
	account->end = at;
}

/* --- values --- */

struct envoi__memory_value *envoi__memory_account_value(
	const struct envoi__memory_account *account, const char *key)
{
	struct envoi__table_link *link = envoi__table_find(&account->values, key, strlen(key));
	return link == NULL ? NULL : ENVOI_CONTAINER_OF(link, struct envoi__memory_value, link);
}

static int add_value(struct envoi_context *context, struct envoi__memory_account *account,
	const char *key, const void *data, size_t len)
{
	size_t key_size = strlen(key) + 1;
	struct envoi__memory_value *value = envoi_alloc(context, sizeof(*value) + key_size + len);
	if (value == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*value = (struct envoi__memory_value){.len = len, .data = value->key + key_size};
	memcpy(value->key, key, key_size);
	memcpy(value->data, data, len);
	int r = envoi__table_add(&account->values, &value->link, value->key);
	if (r < 0) {
		envoi_free(context, value);
	}
	return r;
}

int envoi__memory_account_set_value(struct envoi_context *context,
	struct envoi__memory_account *account, const char *key, const void *data, size_t len,
	size_t limit)
{
	struct envoi__memory_value *before = envoi__memory_account_value(account, key);
	if (data != NULL && before == NULL && account->values.count >= limit) {
		return ENVOI_ERR_LIMIT;
	}
	int r = data != NULL ? add_value(context, account, key, data, len) : ENVOI_OK;
	if (r == ENVOI_OK && before != NULL) {
		envoi__table_remove(&account->values, &before->link);
		envoi_free(context, before);
	}
	return r;
}
