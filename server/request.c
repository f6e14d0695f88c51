/*
 * envoi-server - iqs to accounts, and those that the server answers
 * SPDX-License-Identifier: MIT
 */
#include "inside.h"

static const struct envoi__service *const services[] = {
	envoi__basic_services,
	envoi__roster_services,
	envoi__value_services,
	envoi__copy_services,
	envoi__blocking_services,
	envoi__registration_services,
};

/* --- what the server answers --- */

const struct envoi__service *envoi__service_next(const struct envoi__service *after)
{
	const size_t count = sizeof(services) / sizeof(services[0]);
	if (after == NULL) {
		return services[0];
	}
	if (after[1].kind != ENVOI_NO_STANZA) {
		return after + 1;
	}
	for (size_t i = 0; i + 1 < count; i++) {
		const struct envoi__service *table = services[i];
		while (table->kind != ENVOI_NO_STANZA) {
			if (table++ == after) {
				return services[i + 1];
			}
		}
	}
	return NULL;
}

bool envoi__service_is_on(const struct envoi__service *service, const struct envoi_server *server)
{
	return service->is_on == NULL || service->is_on(server);
}

static const struct envoi__service *find_service(
	enum envoi_stanza_kind kind, const struct envoi_element *payload)
{
	const struct envoi__service *at = NULL;
	while ((at = envoi__service_next(at)) != NULL &&
		(at->kind != kind || !envoi_element_is(payload, at->ns, at->name))) {
	}
	return at;
}

unsigned int envoi__request_place(
	const struct envoi__routed *routed, const struct envoi__account *account)
{
	if (account == NULL) {
		return ENVOI__AT_SERVER;
	}
	return envoi_jid_equal_bare(envoi_stanza_from(routed->stanza), account->jid)
		? ENVOI__AT_OWN
		: ENVOI__AT_OTHERS;
}

void envoi__request_answer(const struct envoi__routed *routed, struct envoi__account *account)
{
	enum envoi_stanza_kind kind = envoi_stanza_kind(routed->stanza);
	const struct envoi_element *payload = envoi_stanza_payload(routed->stanza);
	if (payload == NULL) { /* RFC 6120, section 8.2.3 */
		envoi__route_refuse(routed, ENVOI_BAD_REQUEST);
		return;
	}
	const struct envoi__service *service = find_service(kind, payload);
	if (service == NULL || !envoi__service_is_on(service, routed->server) ||
		(service->where & envoi__request_place(routed, account)) == 0) {
		envoi__route_refuse(routed, ENVOI_SERVICE_UNAVAILABLE);
	} else if (service->uses_store &&
		envoi__store_is_busy(routed->server, envoi__route_sender(routed))) {
		envoi__route_refuse(routed, ENVOI_RESOURCE_CONSTRAINT);
	} else {
		service->answer(routed, account);
	}
}

void envoi__request_result(const struct envoi__routed *routed,
	const struct envoi_payload_type *type, const void *value)
{
	struct envoi_stanza *result = envoi_iq_result_new(routed->stanza);
	if (type != NULL) {
		(void)envoi_stanza_encode(result, type, value);
	}
	envoi__route_answer(routed->server, result);
}

/* --- to resources --- */

bool envoi__request_may_know(
	const struct envoi__routed *routed, const struct envoi__account *account)
{
	const struct envoi_jid *from = envoi_stanza_from(routed->stanza);
	const struct envoi__server_contact *contact = envoi__roster_find(account, from);
	const struct envoi__resource *at = NULL;
	bool may_know = envoi_jid_equal_bare(from, account->jid) ||
		(contact != NULL && (contact->value.subscription & ENVOI_STORE_FROM) != 0);
	while (!may_know && (at = envoi__resource_next(account, at)) != NULL) {
		may_know = envoi__presence_is_directed(at, from);
	}
	return may_know;
}

static void send_request(const struct envoi__routed *routed, struct envoi__account *account,
	struct envoi__resource *resource)
{
	bool may_send = routed->server->values.iqs_of_strangers ||
		envoi__request_may_know(routed, account);
	if (resource == NULL || !may_send) {
		envoi__route_refuse(routed, ENVOI_SERVICE_UNAVAILABLE);
	} else if (envoi__resource_send(resource, routed->stanza, NULL, NULL, routed->sender) < 0) {
		envoi__route_refuse(routed, ENVOI_RESOURCE_CONSTRAINT);
	}
}

void envoi__request_deliver(const struct envoi__routed *routed, struct envoi__account *account)
{
	const struct envoi_jid *to = envoi_stanza_to(routed->stanza);
	struct envoi__resource *resource = envoi__resource_find(routed->server, to);
	enum envoi_stanza_kind kind = envoi_stanza_kind(routed->stanza);
	bool is_request = kind == ENVOI_IQ_GET || kind == ENVOI_IQ_SET;
	if (is_request && envoi_jid_is_bare(to)) {
		envoi__request_answer(routed, account);
	} else if (is_request) {
		send_request(routed, account, resource);
	} else if (resource != NULL) {
		(void)envoi__resource_send(resource, routed->stanza, NULL, NULL, routed->sender);
	}
}
