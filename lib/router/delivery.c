/*
 * envoi - deliveries: a stanza on its way to handlers
 * SPDX-License-Identifier: MIT
 */
#include "router/delivery.h"

#include <string.h>

#include <envoi/context.h>

struct envoi_session *envoi_delivery_session(const struct envoi_delivery *delivery)
{
	return delivery->router->session;
}

struct envoi_stream *envoi_delivery_stream(const struct envoi_delivery *delivery)
{
	struct envoi__router_host *host = delivery->router->host;
	return host->impl->stream(host) == delivery->stream ? delivery->stream : NULL;
}

struct envoi_stanza *envoi_delivery_stanza(const struct envoi_delivery *delivery)
{
	return delivery->stanza;
}

struct envoi_element *envoi_delivery_element(const struct envoi_delivery *delivery)
{
	return delivery->element;
}

static struct envoi__decoded *find_decoded(
	const struct envoi_delivery *delivery, const struct envoi_payload_type *type)
{
	struct envoi__decoded *decoded = delivery->decoded;
	while (decoded != NULL && decoded->type != type) {
		decoded = decoded->next;
	}
	return decoded;
}

const void *envoi_delivery_payload(
	const struct envoi_delivery *delivery, const struct envoi_payload_type *type)
{
	const struct envoi__decoded *decoded = find_decoded(delivery, type);
	return decoded == NULL ? NULL : decoded->value;
}

const struct envoi__decoded *envoi__delivery_decode(
	struct envoi_delivery *delivery, const struct envoi_payload_type *type)
{
	struct envoi__decoded *decoded = find_decoded(delivery, type);
	if (decoded != NULL) {
		return decoded;
	}
	decoded = envoi_alloc_zeroed(delivery->router->context, sizeof(*decoded));
	if (decoded == NULL) {
		return NULL;
	}
	decoded->type = type;
	decoded->code = envoi_payload_parse(
		&decoded->value, type, delivery->element, &decoded->problem);
	decoded->next = delivery->decoded;
	delivery->decoded = decoded;
	return decoded;
}

void envoi__delivery_finish(struct envoi_delivery *delivery)
{
	while (delivery->decoded != NULL) {
		struct envoi__decoded *decoded = delivery->decoded;
		delivery->decoded = decoded->next;
		envoi_free(delivery->router->context, decoded);
	}
	if (delivery->promise != NULL) {
		envoi__promise_outlive_dispatch(delivery->promise);
		delivery->promise = NULL;
	}
}

static int send_answer(struct envoi_delivery *delivery, struct envoi_stanza *answer)
{
	struct envoi__router_host *host = delivery->router->host;
	int r = host->impl->send(host, answer, false);
	if (r == ENVOI_OK) {
		delivery->is_answered = true;
	}
	return r;
}

/* What came in one epoch is never answered in another. */
static bool is_current(const struct envoi_delivery *delivery)
{
	struct envoi__router_host *host = delivery->router->host;
	return !envoi__guard_is_over(&delivery->router->guard) &&
		host->impl->epoch(host) == delivery->epoch;
}

bool envoi__delivery_may_answer(const struct envoi_delivery *delivery)
{
	return !delivery->is_answered && delivery->promise == NULL && is_current(delivery);
}

static void answer_for_us(struct envoi_delivery *delivery, struct envoi_stanza *answer)
{
	if (delivery->promise != NULL) {
		envoi__promise_disable(delivery->promise);
		envoi__promise_outlive_dispatch(delivery->promise);
		delivery->promise = NULL;
	}
	struct envoi__router_host *host = delivery->router->host;
	delivery->is_answered = true;
	(void)host->impl->send(host, answer, true);
}

void envoi__delivery_answer(
	struct envoi_delivery *delivery, enum envoi_stanza_condition condition, const char *text)
{
	if (!delivery->is_answered && is_current(delivery)) {
		answer_for_us(delivery, envoi_stanza_error_new(delivery->stanza, condition, text));
	}
}

void envoi__delivery_answer_empty(struct envoi_delivery *delivery)
{
	if (envoi__delivery_may_answer(delivery)) {
		answer_for_us(delivery, envoi_iq_result_new(delivery->stanza));
	}
}

int envoi__result_new(struct envoi_stanza **ret_result, const struct envoi_stanza *request,
	const struct envoi_payload_type *type, const void *value)
{
	struct envoi_stanza *result = envoi_iq_result_new(request);
	if (result == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = type == NULL ? ENVOI_OK : envoi_stanza_encode(result, type, value);
	if (r < 0) {
		envoi_stanza_unref(result);
		return r;
	}
	*ret_result = result;
	return ENVOI_OK;
}

bool envoi__is_reply_to(const struct envoi_stanza *reply, const struct envoi_stanza *request)
{
	enum envoi_stanza_kind kind = envoi_stanza_kind(reply);
	const char *id = envoi_stanza_id(reply), *to = envoi_stanza_to_text(reply);
	const char *from = envoi_stanza_from_text(request);
	return (kind == ENVOI_IQ_RESULT || kind == ENVOI_IQ_ERROR) && id != NULL &&
		strcmp(id, envoi_stanza_id(request)) == 0 && (to == NULL) == (from == NULL) &&
		(to == NULL || strcmp(to, from) == 0);
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
	if (!is_current(delivery)) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_stanza *reply = envoi_message_reply_new(message, body);
	if (reply != NULL && host->impl->has_many_addresses != NULL &&
		host->impl->has_many_addresses(host)) {
		(void)envoi_stanza_set_from(reply, envoi_stanza_to_text(message));
	}
	return reply == NULL ? ENVOI_ERR_NOMEM : host->impl->send(host, reply, false);
}
