/*
 * envoi - promises: deferred answers
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>

#include "router/delivery.h"

struct envoi_promise {
	struct envoi__list link; /* of the router's */
	struct envoi_context *context;
	struct envoi__router *router; /* NULL: disabled */
	struct envoi_delivery *delivery; /* while the dispatch that it came from is on the stack */
	struct envoi_stanza *stanza;
};

struct envoi_promise *envoi__promise_new(struct envoi_delivery *delivery)
{
	struct envoi__router *router = delivery->router;
	struct envoi_promise *promise = envoi_alloc(router->context, sizeof(*promise));
	if (promise == NULL) {
		return NULL;
	}
	*promise = (struct envoi_promise){
		.context = envoi_context_ref(router->context),
		.router = router,
		.delivery = delivery,
		.stanza = envoi_stanza_ref(delivery->stanza),
	};
	envoi__list_append(&router->promises, &promise->link);
	router->deferred++;
	delivery->promise = promise;
	return promise;
}

struct envoi_stanza *envoi_promise_stanza(const struct envoi_promise *promise)
{
	return promise->stanza;
}

void envoi__promise_disable(struct envoi_promise *promise)
{
	if (promise->router != NULL) {
		promise->router->deferred--;
		promise->router = NULL;
		envoi__list_remove(&promise->link);
	}
}

void envoi__router_disable_promises(struct envoi__router *router)
{
	while (!envoi__list_is_empty(&router->promises)) {
		envoi__promise_disable(
			ENVOI_CONTAINER_OF(router->promises.next, struct envoi_promise, link));
	}
}

void envoi__promise_outlive_dispatch(struct envoi_promise *promise)
{
	promise->delivery = NULL;
}

static void free_promise(struct envoi_promise *promise)
{
	struct envoi_context *context = promise->context;
	if (promise->delivery != NULL) {
		promise->delivery->is_answered = true;
		promise->delivery->promise = NULL;
	}
	envoi__promise_disable(promise);
	envoi_stanza_unref(promise->stanza);
	envoi_free(context, promise);
	envoi_context_unref(context);
}

/* Ends the promise with an answer, or in its place with an error. It is disabled before anything is
 * sent, and the router is not used afterwards: a filter that sees the answer may free all.
 * @param code  why there is no answer */
static int end(struct envoi_promise *promise, struct envoi_stanza *answer, int code)
{
	struct envoi__router *router = promise->router;
	if (router == NULL) {
		envoi_stanza_unref(answer);
		free_promise(promise);
		return ENVOI_ERR_STATE;
	}
	struct envoi__router_host *host = router->host;
	if (code < 0) {
		answer = envoi_stanza_error_new(promise->stanza,
			code == ENVOI_ERR_NOMEM ? ENVOI_RESOURCE_CONSTRAINT
						: ENVOI_INTERNAL_SERVER_ERROR,
			NULL);
	}
	struct envoi_stanza *question = envoi_stanza_ref(promise->stanza);
	free_promise(promise);
	int r = host->impl->send(host, answer, code < 0);
	if (r == ENVOI_ERR_INVALID && code == ENVOI_OK) {
		answer = envoi_stanza_error_new(question, ENVOI_INTERNAL_SERVER_ERROR, NULL);
		(void)host->impl->send(host, answer, true);
	}
	envoi_stanza_unref(question);
	return code < 0 ? code : r;
}

int envoi_promise_result(
	struct envoi_promise *promise, const struct envoi_payload_type *type, const void *value)
{
	struct envoi_stanza *result = NULL;
	int r = promise->router == NULL ? ENVOI_OK
					: envoi__result_new(&result, promise->stanza, type, value);
	return end(promise, result, r);
}

int envoi_promise_error(
	struct envoi_promise *promise, enum envoi_stanza_condition condition, const char *text)
{
	struct envoi_stanza *error = envoi_stanza_error_new(promise->stanza, condition, text);
	return end(promise, error, error == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK);
}

int envoi_promise_reply(struct envoi_promise *promise, struct envoi_stanza *reply)
{
	int r = ENVOI_OK;
	if (reply == NULL) {
		r = ENVOI_ERR_NOMEM;
	} else if (!envoi__is_reply_to(reply, promise->stanza)) {
		r = ENVOI_ERR_INVALID;
		reply = envoi_stanza_unref(reply);
	}
	return end(promise, reply, r);
}

void envoi_promise_drop(struct envoi_promise *promise)
{
	if (promise != NULL) {
		end(promise, NULL, ENVOI_ERR_CANCELED);
	}
}
