/*
 * envoi-server - answers: discovery, ping, time, version
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/ext/caps.h>
#include <envoi/ext/disco.h>
#include <envoi/ext/entity_time.h>
#include <envoi/ext/ping.h>
#include <envoi/ext/software_version.h>
#include <envoi/version.h>

#include "inside.h"

/* --- discovery (XEP-0030) --- */

static void add_feature(struct envoi__features *features, const char *name)
{
	for (size_t i = 0; i < features->count; i++) {
		if (strcmp(features->names[i], name) == 0) {
			return;
		}
	}
	if (features->count < ENVOI__MOST_FEATURES) {
		features->names[features->count++] = name;
	}
}

/* What is answered there is offered there. */
static void add_features(
	struct envoi__features *features, const struct envoi_server *server, unsigned int place)
{
	const struct envoi__service *at = NULL;
	while ((at = envoi__service_next(at)) != NULL) {
		if ((at->where & place) != 0 && envoi__service_is_on(at, server)) {
			add_feature(features, at->ns);
		}
	}
}

void envoi__server_features(const struct envoi_server *server, struct envoi__features *ret_features)
{
	ret_features->count = 0;
	add_features(ret_features, server, ENVOI__AT_SERVER | ENVOI__LISTED);
	add_feature(ret_features, "msgoffline"); /* XEP-0160, section 4 */
	add_feature(ret_features, ENVOI_NS_CAPS);
}

static const char *node_of(const struct envoi__routed *routed)
{
	return envoi_element_attr(envoi_stanza_payload(routed->stanza), "node");
}

static void send_info(const struct envoi__routed *routed, const char *category, const char *type,
	const struct envoi__features *features)
{
	struct envoi_stanza *result = envoi_iq_result_new(routed->stanza);
	struct envoi_element *query = envoi_element_add(
		envoi_stanza_element(result), ENVOI_NS_DISCO_INFO, "query");
	envoi_element_set(query, "node", node_of(routed)); /* XEP-0115, section 6.2 */
	struct envoi_element *identity = envoi_element_add(query, NULL, "identity");
	envoi_element_set(envoi_element_set(identity, "category", category), "type", type);
	for (size_t i = 0; i < features->count; i++) {
		envoi_element_set(
			envoi_element_add(query, NULL, "feature"), "var", features->names[i]);
	}
	envoi__route_answer(routed->server, result);
}

static bool names_unknown_node(
	const struct envoi__routed *routed, const struct envoi__account *account)
{
	const char *node = node_of(routed);
	return node != NULL &&
		(account != NULL || !envoi__capabilities_is_node(routed->server, node));
}

/* Whether there is such an account is for its contacts only (XEP-0030, section 9). */
static bool may_discover(const struct envoi__routed *routed, const struct envoi__account *account)
{
	return account == NULL || envoi__request_may_know(routed, account);
}

static void answer_info(const struct envoi__routed *routed, struct envoi__account *account)
{
	struct envoi__features features = {.count = 0};
	if (!may_discover(routed, account)) {
		envoi__route_refuse(routed, ENVOI_SERVICE_UNAVAILABLE);
	} else if (names_unknown_node(routed, account)) {
		envoi__route_refuse(routed, ENVOI_ITEM_NOT_FOUND);
	} else if (account != NULL) {
		add_features(&features, routed->server, envoi__request_place(routed, account));
		send_info(routed, "account", "registered", &features);
	} else {
		envoi__server_features(routed->server, &features);
		send_info(routed, "server", "im", &features);
	}
}

/* Of the server: its components. */
static void send_items(const struct envoi__routed *routed, const struct envoi__account *account)
{
	struct envoi_stanza *result = envoi_iq_result_new(routed->stanza);
	struct envoi_element *query = envoi_element_add(
		envoi_stanza_element(result), ENVOI_NS_DISCO_ITEMS, "query");
	const struct envoi_jid *at = NULL;
	while (account == NULL && (at = envoi__component_next(routed->server, at)) != NULL) {
		envoi_element_set(
			envoi_element_add(query, NULL, "item"), "jid", envoi_jid_text(at));
	}
	envoi__route_answer(routed->server, result);
}

static void answer_items(const struct envoi__routed *routed, struct envoi__account *account)
{
	if (!may_discover(routed, account)) {
		envoi__route_refuse(routed, ENVOI_SERVICE_UNAVAILABLE);
	} else if (node_of(routed) != NULL) {
		envoi__route_refuse(routed, ENVOI_ITEM_NOT_FOUND);
	} else {
		send_items(routed, account);
	}
}

/* --- ping, time, version --- */

static void answer_ping(const struct envoi__routed *routed, struct envoi__account *account)
{
	(void)account;
	envoi__request_result(routed, NULL, NULL);
}

static void answer_time(const struct envoi__routed *routed, struct envoi__account *account)
{
	const struct envoi_entity_time time = {
		.utc_ms = envoi_context_wall_clock_ms(routed->server->context)};
	(void)account;
	envoi__request_result(routed, &envoi_entity_time_type, &time);
}

static bool has_version(const struct envoi_server *server)
{
	return server->values.has_version;
}

static void answer_version(const struct envoi__routed *routed, struct envoi__account *account)
{
	const struct envoi_software_version version = {.name = "Envoi", .version = envoi_version()};
	(void)account;
	envoi__request_result(routed, &envoi_software_version_type, &version);
}

const struct envoi__service envoi__basic_services[] = {
	{ENVOI_IQ_GET, ENVOI_NS_DISCO_INFO, "query",
		ENVOI__AT_SERVER | ENVOI__AT_OWN | ENVOI__AT_OTHERS, false, answer_info},
	{ENVOI_IQ_GET, ENVOI_NS_DISCO_ITEMS, "query",
		ENVOI__AT_SERVER | ENVOI__AT_OWN | ENVOI__AT_OTHERS, false, answer_items},
	{ENVOI_IQ_GET, ENVOI_NS_PING, "ping", ENVOI__AT_SERVER | ENVOI__AT_OWN, false, answer_ping},
	{ENVOI_IQ_GET, ENVOI_NS_ENTITY_TIME, "time", ENVOI__AT_SERVER, false, answer_time},
	{ENVOI_IQ_GET, "jabber:iq:version", "query", ENVOI__AT_SERVER, false, answer_version,
		has_version},
	{.kind = ENVOI_NO_STANZA},
};
