/*
 * envoi - presence subscriptions: requests of contacts that wait for an answer
 * SPDX-License-Identifier: MIT
 */
#include "presence/open_requests.h"

#include <string.h>

enum {
	MOST_TEXT = 1024, /* bytes of one request: strangers send them, and many are held */
};

struct request {
	struct envoi_subscription_request shown;
	struct envoi__list link;
	char text[];
};

static struct request *request_at(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct request, link);
}

static struct request *find(
	const struct envoi__open_requests *requests, const struct envoi_jid *jid)
{
	return jid == NULL ? NULL
			   : envoi__map_get(&requests->by_address, envoi_jid_text(jid),
				     envoi_jid_bare_len(jid));
}

static void request_free(struct envoi_context *context, struct request *request)
{
	if (request != NULL) {
		envoi_jid_unref((struct envoi_jid *)(uintptr_t)request->shown.jid);
		envoi_free(context, request);
	}
}

void envoi__open_requests_remove(struct envoi__open_requests *requests, const struct envoi_jid *jid)
{
	struct request *request = envoi__map_remove(
		&requests->by_address, envoi_jid_text(jid), envoi_jid_bare_len(jid));
	if (request != NULL) {
		envoi__list_remove(&request->link);
		request_free(requests->context, request);
	}
}

void envoi__open_requests_finish(struct envoi__open_requests *requests)
{
	while (!envoi__list_is_empty(&requests->oldest)) {
		struct request *request = request_at(requests->oldest.next);
		envoi__list_remove(&request->link);
		request_free(requests->context, request);
	}
	envoi__map_finish(&requests->by_address);
}

static const char *affordable_text(const char *text)
{
	return text == NULL || strlen(text) > MOST_TEXT ? NULL : text;
}

int envoi__open_requests_add(const struct envoi_subscription_request **ret_request,
	struct envoi__open_requests *requests, const struct envoi_jid *jid, const char *text)
{
	text = affordable_text(text);
	size_t len = text == NULL ? 0 : strlen(text) + 1;
	struct envoi_jid *bare;
	struct request *request = envoi_alloc(requests->context, sizeof(*request) + len);
	int r = request == NULL ? ENVOI_ERR_NOMEM : envoi_jid_bare(&bare, jid);
	if (r < 0) {
		envoi_free(requests->context, request);
		return r;
	}
	memcpy(request->text, text == NULL ? "" : text, len);
	request->shown = (struct envoi_subscription_request){
		.jid = bare, .text = text == NULL ? NULL : request->text};
	const char *key = envoi_jid_text(bare);
	r = envoi__map_add(&requests->by_address, key, strlen(key), request);
	if (r < 0) {
		request_free(requests->context, request);
		return r;
	}
	envoi__list_append(&requests->oldest, &request->link);
	*ret_request = &request->shown;
	return ENVOI_OK;
}

void envoi__open_requests_init(struct envoi__open_requests *requests, struct envoi_context *context)
{
	requests->context = context;
	envoi__map_init(&requests->by_address, context);
	envoi__list_init(&requests->oldest);
}

size_t envoi__open_requests_count(const struct envoi__open_requests *requests)
{
	return requests->by_address.count;
}

const struct envoi_subscription_request *envoi__open_requests_find(
	const struct envoi__open_requests *requests, const struct envoi_jid *jid)
{
	const struct request *request = find(requests, jid);
	return request == NULL ? NULL : &request->shown;
}

const struct envoi_subscription_request *envoi__open_requests_next(
	const struct envoi__open_requests *requests,
	const struct envoi_subscription_request *previous)
{
	struct envoi__list *link = previous == NULL
		? requests->oldest.next
		: ENVOI_CONTAINER_OF_CONST(previous, struct request, shown)->link.next;
	return link == &requests->oldest ? NULL : &request_at(link)->shown;
}
