/*
 * envoi - replies to deliveries, now or later
 * SPDX-License-Identifier: MIT
 */
#include "router/delivery.h"

static int send_answer(struct envoi_delivery *delivery, struct envoi_stanza *answer)
{
	struct envoi__router_host *host = delivery->router->host;
	int r = host->impl->send(host, answer, false);
	if (r == ENVOI_OK) {
		delivery->is_answered = true;
	}
	return r;
}

int envoi_reply_result(
	struct envoi_delivery *delivery, const struct envoi_payload_type *type, const void *value)
{
	if (!delivery->is_request) {
		return ENVOI_ERR_INVALID;
	}
	if (!envoi__delivery_may_answer(delivery)) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_stanza *result;
	int r = envoi__result_new(&result, delivery->stanza, type, value);
	return r < 0 ? r : send_answer(delivery, result);
}

int envoi_reply_error(
	struct envoi_delivery *delivery, enum envoi_stanza_condition condition, const char *text)
{
	if (envoi_stanza_type(delivery->stanza) == ENVOI_TYPE_ERROR) {
		return ENVOI_ERR_INVALID; /* RFC 6120, section 8.3.1: never in answer to an error */
	}
	if (!envoi__delivery_may_answer(delivery)) {
		return ENVOI_ERR_STATE;
	}
	return send_answer(delivery, envoi_stanza_error_new(delivery->stanza, condition, text));
}

int envoi_reply(struct envoi_delivery *delivery, struct envoi_stanza *reply)
{
	int r = ENVOI_OK;
	if (reply == NULL) {
		r = ENVOI_ERR_NOMEM;
	} else if (!delivery->is_request || !envoi__is_reply_to(reply, delivery->stanza)) {
		r = ENVOI_ERR_INVALID;
	} else if (!envoi__delivery_may_answer(delivery)) {
		r = ENVOI_ERR_STATE;
	}
	if (r < 0) {
		envoi_stanza_unref(reply);
		return r;
	}
	return send_answer(delivery, reply);
}

int envoi_reply_text(struct envoi_delivery *delivery, const char *body)
{
	struct envoi_stanza *message = delivery->stanza;
	struct envoi__router_host *host = delivery->router->host;
	if (envoi_stanza_kind(message) != ENVOI_MESSAGE ||
		envoi_stanza_type(message) == ENVOI_TYPE_ERROR ||
		envoi_stanza_from(message) == NULL || body == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (!envoi__delivery_is_current(delivery)) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_stanza *reply = envoi_message_reply_new(message, body);
	if (reply != NULL && host->impl->has_many_addresses != NULL &&
		host->impl->has_many_addresses(host)) {
		(void)envoi_stanza_set_from(reply, envoi_stanza_to_text(message));
	}
	return reply == NULL ? ENVOI_ERR_NOMEM : host->impl->send(host, reply, false);
}

int envoi_delivery_defer(struct envoi_delivery *delivery, struct envoi_promise **ret_promise)
{
	struct envoi__router *router = delivery->router;
	if (!delivery->is_request) {
		return ENVOI_ERR_INVALID;
	}
	if (!envoi__delivery_may_answer(delivery)) {
		return ENVOI_ERR_STATE;
	}
	if (router->deferred >= router->deferred_limit) {
		return ENVOI_ERR_FULL;
	}
	struct envoi_promise *promise = envoi__promise_new(delivery);
	if (promise == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*ret_promise = promise;
	return ENVOI_OK;
}
