/*
 * envoi - deliveries: a stanza on its way to handlers
 * SPDX-License-Identifier: MIT
 */
#include "router/delivery.h"

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

bool envoi__delivery_is_current(const struct envoi_delivery *delivery)
{
	struct envoi__router_host *host = delivery->router->host;
	return !envoi__guard_is_over(&delivery->router->guard) &&
		host->impl->epoch(host) == delivery->epoch;
}

bool envoi__delivery_may_answer(const struct envoi_delivery *delivery)
{
	return !delivery->is_answered && delivery->promise == NULL &&
		envoi__delivery_is_current(delivery);
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
	if (!delivery->is_answered && envoi__delivery_is_current(delivery)) {
		answer_for_us(delivery, envoi_stanza_error_new(delivery->stanza, condition, text));
	}
}

void envoi__delivery_answer_empty(struct envoi_delivery *delivery)
{
	if (envoi__delivery_may_answer(delivery)) {
		answer_for_us(delivery, envoi_iq_result_new(delivery->stanza));
	}
}
