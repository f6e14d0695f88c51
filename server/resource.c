/*
 * envoi-server - bound sessions of an account
 * SPDX-License-Identifier: MIT
 */
#include "inside.h"

static struct envoi__resource *from_link(const struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(
		(struct envoi__list *)(uintptr_t)link, struct envoi__resource, account_link);
}

/* --- entering and leaving --- */

static enum envoi_stream_condition condition_of(int code)
{
	switch (code) {
	case ENVOI_ERR_NOT_FOUND:
		return ENVOI_STREAM_NOT_AUTHORIZED; /* removed since the login */
	case ENVOI_ERR_FULL:
	case ENVOI_ERR_NOMEM:
		return ENVOI_STREAM_RESOURCE_CONSTRAINT;
	default:
		return ENVOI_STREAM_INTERNAL_SERVER_ERROR;
	}
}

static void on_account(struct envoi__task *task, struct envoi__account *account, int code)
{
	struct envoi__resource *resource = ENVOI_CONTAINER_OF(
		task, struct envoi__resource, arrival);
	if (account != NULL) {
		envoi__account_hold(account);
		resource->account = account;
		envoi__list_append(&account->resources, &resource->account_link);
	} else if (code != ENVOI_ERR_CANCELED) {
		envoi_accepted_close(resource->accepted, condition_of(code));
	}
}

void envoi__resource_arrive(struct envoi__resource *resource)
{
	resource->arrival.run = on_account;
	resource->arrival.is_free = true; /* there is one of each session */
	envoi__account_want(
		resource->server, envoi_accepted_jid(resource->accepted), &resource->arrival);
}

void envoi__resource_leave(struct envoi__resource *resource)
{
	struct envoi__account *account = resource->account;
	envoi__task_withdraw(&resource->arrival);
	envoi__route_forget(resource);
	if (account == NULL) {
		return;
	}
	if (!resource->server->is_ended) {
		envoi__presence_end(resource);
	}
	envoi__list_remove(&resource->account_link);
	envoi__presence_forget_directed(resource);
	envoi_stanza_unref(resource->presence);
	resource->presence = NULL;
	resource->account = NULL;
	envoi__account_release(account);
}

/* --- finding --- */

struct envoi__resource *envoi__resource_next(
	const struct envoi__account *account, const struct envoi__resource *after)
{
	const struct envoi__list *at = after == NULL ? account->resources.next
						     : after->account_link.next;
	return at == &account->resources ? NULL : from_link(at);
}

struct envoi__resource *envoi__resource_find(
	const struct envoi_server *server, const struct envoi_jid *jid)
{
	struct envoi_accepted *accepted = envoi_jid_is_bare(jid)
		? NULL
		: envoi_acceptor_find(server->acceptor, jid);
	struct envoi__resource *resource = accepted == NULL ? NULL : envoi_accepted_user(accepted);
	return resource == NULL || resource->account == NULL ? NULL : resource;
}

const struct envoi_jid *envoi__resource_jid(const struct envoi__resource *resource)
{
	return envoi_accepted_jid(resource->accepted);
}

int envoi__resource_priority(const struct envoi__resource *resource)
{
	return resource->presence == NULL ? 0 : envoi_presence_priority(resource->presence);
}

bool envoi__resource_takes_messages(const struct envoi__resource *resource)
{
	return resource->presence != NULL && envoi__resource_priority(resource) >= 0 &&
		envoi_accepted_session(resource->accepted) != NULL;
}

struct envoi__resource *envoi__resource_best(const struct envoi__account *account)
{
	struct envoi__resource *best = NULL, *at = NULL;
	while ((at = envoi__resource_next(account, at)) != NULL) {
		if (envoi__resource_takes_messages(at) &&
			(best == NULL ||
				envoi__resource_priority(at) > envoi__resource_priority(best))) {
			best = at;
		}
	}
	return best;
}

/* --- sending --- */

struct envoi_stanza *envoi__stanza_copy(
	const struct envoi_stanza *stanza, const struct envoi_jid *to)
{
	struct envoi_element *element = envoi_element_dup(envoi_stanza_element(stanza));
	struct envoi_stanza *copy = NULL;
	if (to != NULL) {
		envoi_element_set(element, "to", envoi_jid_text(to));
	}
	int r = element == NULL ? ENVOI_ERR_NOMEM : envoi_stanza_from_element(&copy, element);
	envoi_element_unref(element);
	return r == ENVOI_OK ? copy : NULL;
}

static int send_to(
	struct envoi__resource *resource, struct envoi_stanza *stanza, struct envoi_ticket *ticket)
{
	struct envoi_session *session = envoi_accepted_session(resource->accepted);
	if (session == NULL) {
		envoi_stanza_unref(stanza);
		return ENVOI_ERR_STATE;
	}
	int r = envoi_send(session, stanza, ticket);
	if (r == ENVOI_OK) {
		resource->server->stats.routed++;
	}
	return r;
}

int envoi__resource_give(struct envoi__resource *resource, struct envoi_stanza *stanza)
{
	return send_to(resource, stanza, NULL);
}

int envoi__resource_send(struct envoi__resource *resource, const struct envoi_stanza *stanza,
	const struct envoi_jid *to, struct envoi_ticket *ticket, struct envoi__resource *sender)
{
	int r = send_to(resource, envoi__stanza_copy(stanza, to), ticket);
	if (r == ENVOI_OK && sender != NULL) {
		envoi_session_throttle(envoi_accepted_session(sender->accepted),
			envoi_accepted_session(resource->accepted));
	}
	return r;
}
