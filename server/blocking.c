/*
 * envoi-server - requests about blocked addresses (XEP-0191)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/ext/blocking.h>

#include "inside.h"

static int save(const struct envoi__routed *routed, struct envoi__account *account)
{
	struct envoi_store *store = routed->server->store;
	struct envoi_buffer value;
	envoi_buffer_init(&value, routed->server->context, 0);
	int r = envoi__blocking_write(&value, account);
	struct envoi_store_job *job = r < 0 ? NULL : envoi__saving_begin(account, routed);
	bool is_empty = envoi_buffer_len(&value) == 0;
	if (job != NULL) {
		store->impl->set_value(store, job, envoi__account_name(account), ENVOI__BLOCKED_KEY,
			is_empty ? NULL : envoi_buffer_data(&value), envoi_buffer_len(&value),
			SIZE_MAX);
	}
	envoi_buffer_finish(&value);
	return job != NULL ? ENVOI_OK : ENVOI_ERR_NOMEM;
}

/* --- requests (section 3) --- */

static void push(struct envoi__account *account, const struct envoi_stanza *request)
{
	struct envoi__resource *at = NULL;
	while ((at = envoi__resource_next(account, at)) != NULL) {
		if (at->has_blocklist) {
			struct envoi_stanza *iq = envoi_iq_new(account->server->context,
				ENVOI_IQ_SET, envoi_jid_text(envoi__resource_jid(at)));
			envoi_element_add_copy(
				envoi_stanza_element(iq), envoi_stanza_payload(request));
			(void)envoi__resource_give(at, iq);
		}
	}
}

static void answer_list(const struct envoi__routed *routed, struct envoi__account *account)
{
	struct envoi_stanza *result = envoi_iq_result_new(routed->stanza);
	struct envoi_element *list = envoi_element_add(
		envoi_stanza_element(result), ENVOI_NS_BLOCKING, "blocklist");
	const struct envoi_jid *at = NULL;
	while ((at = envoi__blocking_next(account, at)) != NULL) {
		envoi_element_set(envoi_element_add(list, NULL, "item"), "jid", envoi_jid_text(at));
	}
	if (routed->sender != NULL) {
		routed->sender->has_blocklist = true;
	}
	envoi__route_answer(routed->server, result);
}

static const struct envoi_blocking_items *items_of(
	const struct envoi__routed *routed, const struct envoi_payload_type *type)
{
	const void *items = NULL;
	return envoi_stanza_decode(routed->stanza, type, &items) == ENVOI_OK ? items : NULL;
}

static void finish(const struct envoi__routed *routed, struct envoi__account *account, int r)
{
	if (r == ENVOI_OK) {
		r = save(routed, account);
	}
	if (r < 0) {
		envoi__route_refuse(routed, ENVOI_RESOURCE_CONSTRAINT);
	} else {
		push(account, routed->stanza);
	}
}

static void answer_block(const struct envoi__routed *routed, struct envoi__account *account)
{
	const struct envoi_blocking_items *items = items_of(routed, &envoi_blocking_block_type);
	if (items == NULL || items->jid_count == 0) {
		envoi__route_refuse(routed, ENVOI_BAD_REQUEST);
		return;
	}
	bool has_room = items->jid_count <= account->server->values.blocked &&
		account->blocked.count <= account->server->values.blocked - items->jid_count;
	int r = has_room ? ENVOI_OK : ENVOI_ERR_LIMIT; /* nothing has changed */
	for (size_t i = 0; r == ENVOI_OK && i < items->jid_count; i++) {
		r = envoi__blocking_block(account, items->jids[i]);
	}
	finish(routed, account, r);
}

static void answer_unblock(const struct envoi__routed *routed, struct envoi__account *account)
{
	const struct envoi_blocking_items *items = items_of(routed, &envoi_blocking_unblock_type);
	const struct envoi_jid *at;
	if (items == NULL) {
		envoi__route_refuse(routed, ENVOI_BAD_REQUEST);
		return;
	}
	for (size_t i = 0; i < items->jid_count; i++) {
		envoi__blocking_unblock(account, items->jids[i]);
	}
	while (items->jid_count == 0 && (at = envoi__blocking_next(account, NULL)) != NULL) {
		envoi__blocking_unblock(account, at); /* section 3.5: all */
	}
	finish(routed, account, ENVOI_OK);
}

const struct envoi__service envoi__blocking_services[] = {
	{ENVOI_IQ_GET, ENVOI_NS_BLOCKING, "blocklist", ENVOI__AT_OWN | ENVOI__LISTED, false,
		answer_list},
	{ENVOI_IQ_SET, ENVOI_NS_BLOCKING, "block", ENVOI__AT_OWN, true, answer_block},
	{ENVOI_IQ_SET, ENVOI_NS_BLOCKING, "unblock", ENVOI__AT_OWN, true, answer_unblock},
	{.kind = ENVOI_NO_STANZA},
};

/* Section 3.3: the account itself does not reach what it has blocked. */
void envoi__blocking_refuse_own(const struct envoi__routed *routed)
{
	struct envoi_stanza *error = envoi_stanza_may_answer(routed->stanza)
		? envoi_stanza_error_new(routed->stanza, ENVOI_NOT_ACCEPTABLE, NULL)
		: NULL;
	routed->server->stats.refused++;
	if (error != NULL) {
		envoi_element_add(envoi_element_child(envoi_stanza_element(error), NULL, "error"),
			ENVOI_NS_BLOCKING_ERRORS, "blocked");
		(void)envoi__resource_give(routed->sender, error);
	}
}
