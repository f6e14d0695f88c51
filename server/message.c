/*
 * envoi-server - messages to an account (RFC 6121, section 8.5)
 * SPDX-License-Identifier: MIT
 */
/*
 * What happens, by the table of section 8.5.4; where it leaves a choice:
 * - a message to the bare address goes to the resources with the highest priority;
 * - what reaches nobody is refused with service-unavailable, so that its sender knows.
 */
#include "inside.h"

enum outcome {
	REFUSE,
	IGNORE,
	STORE,
	TO_BEST, /* the resources with the highest priority */
	TO_ALL, /* with a priority that is not negative */
};

struct rule {
	enum outcome with, without; /* resources whose priority is not negative */
};

/* To the bare address: sections 8.5.2.1.1 and 8.5.2.2.1. */
static const struct rule of_bare[] = {
	[ENVOI_TYPE_NORMAL] = {TO_BEST, STORE},
	[ENVOI_TYPE_CHAT] = {TO_BEST, STORE},
	[ENVOI_TYPE_GROUPCHAT] = {REFUSE, REFUSE},
	[ENVOI_TYPE_HEADLINE] = {TO_ALL, IGNORE},
	[ENVOI_TYPE_ERROR] = {IGNORE, IGNORE},
};

/* To a resource that does not exist: section 8.5.3.2.1. */
static const struct rule of_absent[] = {
	[ENVOI_TYPE_NORMAL] = {REFUSE, REFUSE},
	[ENVOI_TYPE_CHAT] = {TO_BEST, STORE},
	[ENVOI_TYPE_GROUPCHAT] = {REFUSE, REFUSE},
	[ENVOI_TYPE_HEADLINE] = {IGNORE, IGNORE},
	[ENVOI_TYPE_ERROR] = {IGNORE, IGNORE},
};

/* --- choosing resources --- */

static bool is_that(const struct envoi__resource *resource, const void *user)
{
	return resource == user;
}

static bool takes_messages(const struct envoi__resource *resource, const void *user)
{
	(void)user;
	return envoi__resource_takes_messages(resource);
}

static bool has_priority(const struct envoi__resource *resource, const void *user)
{
	const int *priority = user;
	return envoi__resource_takes_messages(resource) &&
		envoi__resource_priority(resource) == *priority;
}

/* @return -1: no resource takes messages */
static int highest_priority(const struct envoi__account *account)
{
	const struct envoi__resource *best = envoi__resource_best(account);
	return best == NULL ? -1 : envoi__resource_priority(best);
}

/* --- delivering --- */

static void send_or_store(const struct envoi__routed *routed, struct envoi__account *account,
	bool (*is_chosen)(const struct envoi__resource *resource, const void *user),
	const void *user)
{
	if (envoi__parcel_send(routed, account, is_chosen, user)) {
		envoi__copies_received(account, routed->stanza, is_chosen, user);
	} else {
		envoi__offline_add(routed, account);
	}
}

static void send_to_best(const struct envoi__routed *routed, struct envoi__account *account)
{
	int priority = highest_priority(account);
	if (account->has_stored) {
		envoi__offline_add(routed, account); /* behind those that came earlier */
	} else {
		send_or_store(routed, account, has_priority, &priority);
	}
}

static void follow(
	const struct envoi__routed *routed, struct envoi__account *account, enum outcome outcome)
{
	switch (outcome) {
	case REFUSE:
		envoi__route_refuse(routed, ENVOI_SERVICE_UNAVAILABLE);
		break;
	case IGNORE:
		break;
	case STORE:
		envoi__offline_add(routed, account);
		break;
	case TO_BEST:
		send_to_best(routed, account);
		break;
	case TO_ALL:
		(void)envoi__parcel_send(routed, account, takes_messages, NULL);
		break;
	}
}

void envoi__message_deliver(const struct envoi__routed *routed, struct envoi__account *account)
{
	const struct envoi_jid *to = envoi_stanza_to(routed->stanza);
	struct envoi__resource *resource = envoi__resource_find(routed->server, to);
	if (resource != NULL) {
		if (envoi__parcel_send(routed, account, is_that, resource)) {
			envoi__copies_received(account, routed->stanza, is_that, resource);
		} else {
			envoi__route_refuse(routed, ENVOI_RESOURCE_CONSTRAINT);
		}
		return;
	}
	const struct rule *rule = &(
		envoi_jid_is_bare(to) ? of_bare : of_absent)[envoi_stanza_type(routed->stanza)];
	follow(routed, account, highest_priority(account) >= 0 ? rule->with : rule->without);
}
