/*
 * envoi - presence subscriptions: requests of contacts that wait for an answer
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_PRESENCE_OPEN_REQUESTS_H
#define ENVOI_PRESENCE_OPEN_REQUESTS_H

#include <envoi/subscription.h>

#include "base/list.h"
#include "base/map.h"

/** One for each contact, by its bare address. Members are private. */
struct envoi__open_requests {
	struct envoi_context *context; /* borrowed */
	struct envoi__map by_address;
	struct envoi__list oldest; /* in the order of adding */
};

void envoi__open_requests_init(
	struct envoi__open_requests *requests, struct envoi_context *context);
/** Remove all requests; more can be added. */
void envoi__open_requests_finish(struct envoi__open_requests *requests);

size_t envoi__open_requests_count(const struct envoi__open_requests *requests);
/** @param jid  NULL is allowed @return NULL: none; borrowed until it is removed */
const struct envoi_subscription_request *envoi__open_requests_find(
	const struct envoi__open_requests *requests, const struct envoi_jid *jid);
/** Visit all, the oldest first. @param previous  NULL to begin @return NULL at the end */
const struct envoi_subscription_request *envoi__open_requests_next(
	const struct envoi__open_requests *requests,
	const struct envoi_subscription_request *previous);

/** Add the request of a contact that has none.
 * @param text  or NULL; a long one is left out, because strangers send them, and many are held
 * @retval ENVOI_ERR_NOMEM */
int envoi__open_requests_add(const struct envoi_subscription_request **ret_request,
	struct envoi__open_requests *requests, const struct envoi_jid *jid, const char *text);
/** Remove the request of a contact, if it has one. @param jid  may be that of the request */
void envoi__open_requests_remove(
	struct envoi__open_requests *requests, const struct envoi_jid *jid);

#endif
