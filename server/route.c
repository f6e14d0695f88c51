/*
 * envoi-server - where a stanza goes (RFC 6120, section 10; RFC 6121, section 8)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "inside.h"

/* --- answers --- */

void envoi__route_refuse(const struct envoi__routed *routed, enum envoi_stanza_condition condition)
{
	routed->server->stats.refused++;
	if (!envoi_stanza_may_answer(routed->stanza)) {
		return;
	}
	struct envoi_stanza *error = envoi_stanza_error_new(routed->stanza, condition, NULL);
	if (routed->sender != NULL) { /* presence may be from the bare address */
		(void)envoi__resource_give(routed->sender, error);
	} else {
		envoi__route_answer(routed->server, error);
	}
}

void envoi__route_fail(const struct envoi__routed *routed, int code)
{
	bool is_absent = code == ENVOI_ERR_NOT_FOUND || code == ENVOI_ERR_LIMIT;
	if (is_absent && envoi_stanza_kind(routed->stanza) == ENVOI_PRESENCE) {
		routed->server->stats.refused++; /* RFC 6121, section 8.5.1: silently ignored */
	} else {
		envoi__route_refuse(
			routed, is_absent ? ENVOI_SERVICE_UNAVAILABLE : ENVOI_RESOURCE_CONSTRAINT);
	}
}

void envoi__route_copy(
	struct envoi_server *server, const struct envoi_stanza *stanza, const struct envoi_jid *to)
{
	envoi__route_answer(server, envoi__stanza_copy(stanza, to));
}

bool envoi__route_is_own(const struct envoi_server *server, const struct envoi_jid *to)
{
	return envoi_jid_equal_domain(to, server->domain);
}

bool envoi__route_is_known(const struct envoi_server *server, const struct envoi_jid *to)
{
	return envoi__route_is_own(server, to) || envoi__component_serves(server, to);
}

void envoi__route_made(struct envoi_server *server, struct envoi_stanza *stanza)
{
	const struct envoi__routed routed = {.server = server, .stanza = stanza};
	if (envoi_element_error(envoi_stanza_element(stanza)) == ENVOI_OK &&
		envoi_stanza_to(stanza) != NULL && envoi_stanza_from(stanza) != NULL) {
		envoi__route(&routed);
	}
	envoi_stanza_unref(stanza);
}

void envoi__route_answer(struct envoi_server *server, struct envoi_stanza *stanza)
{
	const struct envoi_jid *to = stanza == NULL ? NULL : envoi_stanza_to(stanza);
	struct envoi_accepted *accepted = to == NULL ? NULL
		: envoi__component_serves(server, to)
		? envoi_acceptor_component(server->acceptor, to)
		: envoi_acceptor_find(server->acceptor, to);
	struct envoi_session *session = accepted == NULL ? NULL : envoi_accepted_session(accepted);
	if (session == NULL) {
		envoi_stanza_unref(stanza);
	} else {
		(void)envoi_send(session, stanza, NULL);
	}
}

/* --- waiting for an account --- */

/* A stanza that waits for the account that it is for, or that of its sender. */
struct waiting {
	struct envoi__task task;
	struct envoi__list link; /* of the resource, or alone */
	struct envoi_server *server;
	struct envoi__resource
		*resource; /* that has sent it; NULL: it waits for the other account */
	struct envoi_stanza *stanza; /* a reference */
	struct envoi_hold *hold; /* NULL: none */
};

struct envoi_hold *envoi__route_hold(const struct envoi__routed *routed)
{
	struct envoi_hold *hold = NULL;
	if (routed->hold != NULL) {
		hold = *routed->hold;
		*routed->hold = NULL;
		return hold;
	}
	struct envoi_session *session = routed->sender == NULL
		? NULL
		: envoi_accepted_session(routed->sender->accepted);
	int r = session == NULL ? ENVOI_ERR_STATE : envoi_session_hold(session, &hold);
	return r == ENVOI_OK ? hold : NULL;
}

struct envoi__account *envoi__route_sender(const struct envoi__routed *routed)
{
	return routed->sender == NULL ? NULL : routed->sender->account;
}

static void free_waiting(struct waiting *waiting)
{
	envoi__list_remove(&waiting->link);
	envoi_stanza_unref(waiting->stanza);
	envoi_hold_release(waiting->hold);
	envoi_free(waiting->server->context, waiting);
}

static struct waiting *new_waiting(const struct envoi__routed *routed)
{
	struct waiting *waiting = envoi_alloc_zeroed(routed->server->context, sizeof(*waiting));
	if (waiting != NULL) {
		envoi__list_init(&waiting->link);
		waiting->server = routed->server;
		waiting->stanza = envoi_stanza_ref(routed->stanza);
		waiting->hold = envoi__route_hold(routed);
		waiting->task.sender = envoi__route_sender(routed);
	}
	return waiting;
}

static struct envoi__resource *sender_of(
	struct envoi_server *server, const struct envoi_stanza *stanza)
{
	const struct envoi_jid *from = envoi_stanza_from(stanza);
	if (from == NULL) {
		return NULL;
	}
	return envoi__component_serves(server, from) ? envoi__component_of(server, from)
						     : envoi__resource_find(server, from);
}

/* --- to accounts --- */

/* XEP-0191, section 3: as if there was no such account; presence is not answered. */
static void stop(const struct envoi__routed *routed)
{
	if (envoi_stanza_kind(routed->stanza) == ENVOI_PRESENCE) {
		routed->server->stats.refused++;
	} else {
		envoi__route_refuse(routed, ENVOI_SERVICE_UNAVAILABLE);
	}
}

static void deliver(const struct envoi__routed *routed, struct envoi__account *account)
{
	if (envoi__blocking_stops(account, routed->stanza)) {
		stop(routed);
		return;
	}
	switch (envoi_stanza_kind(routed->stanza)) {
	case ENVOI_MESSAGE:
		envoi__message_deliver(routed, account);
		break;
	case ENVOI_PRESENCE:
		envoi__presence_deliver(routed, account);
		break;
	default:
		envoi__request_deliver(routed, account);
		break;
	}
}

static void on_account(struct envoi__task *task, struct envoi__account *account, int code)
{
	struct waiting *waiting = ENVOI_CONTAINER_OF(task, struct waiting, task);
	const struct envoi__routed routed = {.server = waiting->server,
		.stanza = waiting->stanza,
		.sender = waiting->server->is_ended ? NULL
						    : sender_of(waiting->server, waiting->stanza),
		.hold = &waiting->hold};
	if (account != NULL) {
		deliver(&routed, account);
	} else if (code != ENVOI_ERR_CANCELED) {
		envoi__route_fail(&routed, code);
	}
	free_waiting(waiting);
}

static void route_to_account(const struct envoi__routed *routed)
{
	const struct envoi_jid *to = envoi_stanza_to(routed->stanza);
	struct envoi__account *account = envoi__account_ready(routed->server, to);
	if (account != NULL) {
		envoi__account_hold(account);
		deliver(routed, account);
		envoi__account_release(account);
		return;
	}
	struct waiting *waiting = new_waiting(routed);
	if (waiting == NULL) {
		envoi__route_refuse(routed, ENVOI_RESOURCE_CONSTRAINT);
		return;
	}
	waiting->task.run = on_account;
	envoi__account_want(routed->server, to, &waiting->task);
}

/* --- to all addresses --- */

static void route_to_server(const struct envoi__routed *routed)
{
	switch (envoi_stanza_kind(routed->stanza)) {
	case ENVOI_IQ_GET:
	case ENVOI_IQ_SET:
		envoi__request_answer(routed, NULL);
		break;
	case ENVOI_MESSAGE:
		envoi__route_refuse(routed, ENVOI_SERVICE_UNAVAILABLE);
		break;
	default:
		break; /* nobody receives the server's presence */
	}
}

void envoi__route(const struct envoi__routed *routed)
{
	const struct envoi_jid *to = envoi_stanza_to(routed->stanza);
	if (envoi__component_serves(routed->server, to)) {
		envoi__component_deliver(routed);
	} else if (!envoi__route_is_own(routed->server, to)) {
		envoi__route_refuse(routed, ENVOI_REMOTE_SERVER_NOT_FOUND);
	} else if (envoi_jid_local(to) == NULL) {
		route_to_server(routed);
	} else {
		route_to_account(routed);
	}
}

/* --- from sessions --- */

/* The own account and the own server can be reached also if their domain is blocked. */
static bool may_not_reach(const struct envoi__resource *resource, const struct envoi_jid *to)
{
	return envoi__blocking_has(resource->account, to) &&
		!envoi_jid_equal_bare(to, resource->account->jid) &&
		!envoi_jid_equal(to, resource->server->domain);
}

static void route_own(
	struct envoi__resource *resource, struct envoi_stanza *stanza, struct envoi_hold **hold)
{
	const struct envoi__routed routed = {
		.server = resource->server, .stanza = stanza, .sender = resource, .hold = hold};
	if (may_not_reach(resource, envoi_stanza_to(stanza))) {
		envoi__blocking_refuse_own(&routed);
	} else if (envoi_stanza_kind(stanza) == ENVOI_PRESENCE) {
		envoi__presence_send(&routed);
	} else if (envoi_stanza_to(stanza) != NULL) {
		if (envoi_stanza_kind(stanza) == ENVOI_MESSAGE) {
			envoi__copies_sent(resource, stanza);
		}
		envoi__route(&routed);
	} else {
		envoi__request_answer(&routed, resource->account); /* RFC 6120, section 10.3.3 */
	}
}

static void on_own_account(struct envoi__task *task, struct envoi__account *account, int code)
{
	struct waiting *waiting = ENVOI_CONTAINER_OF(task, struct waiting, task);
	const struct envoi__routed routed = {
		.server = waiting->server, .stanza = waiting->stanza, .hold = &waiting->hold};
	if (account != NULL) {
		route_own(waiting->resource, waiting->stanza, &waiting->hold);
	} else if (code != ENVOI_ERR_CANCELED) {
		envoi__route_fail(&routed, code);
	}
	free_waiting(waiting);
}

static void wait_for_own(struct envoi__resource *resource, struct envoi_stanza *stanza)
{
	const struct envoi__routed routed = {
		.server = resource->server, .stanza = stanza, .sender = resource};
	struct waiting *waiting = new_waiting(&routed);
	if (waiting == NULL) {
		envoi__route_refuse(&routed, ENVOI_RESOURCE_CONSTRAINT);
		return;
	}
	waiting->resource = resource;
	waiting->task.run = on_own_account;
	waiting->task.is_own = true;
	envoi__list_append(&resource->waiting, &waiting->link);
	envoi__account_want(resource->server, envoi__resource_jid(resource), &waiting->task);
}

void envoi__route_from(struct envoi__resource *resource, struct envoi_stanza *stanza)
{
	const struct envoi__routed routed = {
		.server = resource->server, .stanza = stanza, .sender = resource};
	if (envoi_stanza_to(stanza) == NULL && envoi_stanza_to_text(stanza) != NULL) {
		envoi__route_refuse(&routed, ENVOI_JID_MALFORMED);
	} else if (resource->account == NULL) {
		wait_for_own(resource, stanza);
	} else {
		route_own(resource, stanza, NULL);
	}
}

void envoi__route_component(struct envoi__resource *component, struct envoi_stanza *stanza)
{
	const struct envoi__routed routed = {
		.server = component->server, .stanza = stanza, .sender = component};
	envoi__route(&routed);
}

void envoi__route_forget(struct envoi__resource *resource)
{
	while (!envoi__list_is_empty(&resource->waiting)) {
		struct waiting *waiting = ENVOI_CONTAINER_OF(
			resource->waiting.next, struct waiting, link);
		envoi__task_withdraw(&waiting->task);
		free_waiting(waiting);
	}
}
