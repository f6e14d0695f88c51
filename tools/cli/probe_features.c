/*
 * envoi - the command-line program: what a domain offers, its stream features
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/xml.h>

#include "probe.h"

#define NS_TLS "urn:ietf:params:xml:ns:xmpp-tls"
#define NS_SASL "urn:ietf:params:xml:ns:xmpp-sasl"
#define NS_BIND "urn:ietf:params:xml:ns:xmpp-bind"
#define NS_CHANNEL_BINDING "urn:xmpp:sasl-cb:0"

/* Keep features that have what is looked for; the last ones count. */
static void keep(struct envoi_element **to, struct envoi_element *features, bool fits)
{
	if (fits) {
		envoi_element_unref(*to);
		*to = envoi_element_ref(features);
	}
}

static void sort_features(struct probe_route *route, struct envoi_element *features)
{
	const struct envoi_element *tls = envoi_element_child(features, NS_TLS, "starttls");
	bool is_before = envoi_element_child(features, NS_SASL, "mechanisms") != NULL;
	keep(&route->features, features, is_before);
	keep(&route->online, features, !is_before && probe_has_feature(features, NS_BIND));
	route->offers_clear |= tls != NULL && envoi_element_child(tls, NS_TLS, "required") == NULL;
}

int probe_read_features(
	struct probe *probe, struct probe_route *route, const struct probe_visit *visit)
{
	int r = ENVOI_OK;
	for (size_t i = 0; r != ENVOI_ERR_NOMEM && i < visit->feature_count; i++) {
		struct envoi_element *features;
		const char *xml = visit->features[i];
		r = envoi_xml_parse(&features, probe->invocation->context, xml, strlen(xml), NULL);
		if (r == ENVOI_OK) {
			sort_features(route, features);
			envoi_element_unref(features);
		}
	}
	return r == ENVOI_ERR_NOMEM ? r : ENVOI_OK;
}

/* @return the next child of the list with a name */
static struct envoi_element *next_of(
	const struct envoi_element *list, struct envoi_element *at, const char *name)
{
	struct envoi_element *next = at != NULL ? envoi_element_next(at)
		: list != NULL                  ? envoi_element_first(list)
						: NULL;
	while (next != NULL && strcmp(envoi_element_name(next), name) != 0) {
		next = envoi_element_next(next);
	}
	return next;
}

const char *probe_next_mechanism(const struct probe_route *route, struct envoi_element **at)
{
	const struct envoi_element *list = route->features == NULL
		? NULL
		: envoi_element_child(route->features, NS_SASL, "mechanisms");
	*at = next_of(list, *at, "mechanism");
	return *at != NULL ? envoi_element_text(*at) : NULL;
}

const char *probe_next_binding(const struct probe_route *route, struct envoi_element **at)
{
	const struct envoi_element *list = route->features == NULL
		? NULL
		: envoi_element_child(route->features, NS_CHANNEL_BINDING, "sasl-channel-binding");
	*at = next_of(list, *at, "channel-binding");
	const char *type = *at != NULL ? envoi_element_attr(*at, "type") : NULL;
	return *at != NULL && type == NULL ? "" : type;
}

bool probe_has_mechanism(const struct probe_route *route, const char *part)
{
	struct envoi_element *at = NULL;
	const char *name = probe_next_mechanism(route, &at);
	while (name != NULL && strstr(name, part) == NULL) {
		name = probe_next_mechanism(route, &at);
	}
	return name != NULL;
}

bool probe_has_feature(const struct envoi_element *features, const char *ns)
{
	struct envoi_element *at = features != NULL ? envoi_element_first(features) : NULL;
	while (at != NULL && strcmp(envoi_element_ns(at), ns) != 0) {
		at = envoi_element_next(at);
	}
	return at != NULL;
}

const char *probe_feature_name(const struct envoi_element *feature)
{
	static const struct {
		const char *ns, *name;
	} names[] = {
		{NS_TLS, "STARTTLS"},
		{NS_SASL, "SASL"},
		{NS_CHANNEL_BINDING, "channel bindings (XEP-0440)"},
		{NS_BIND, "resource binding"},
		{"urn:ietf:params:xml:ns:xmpp-session", "legacy session"},
		{"urn:xmpp:sasl:2", "SASL2 (XEP-0388)"},
		{"urn:xmpp:sm:3", "stream management (XEP-0198)"},
		{"urn:xmpp:sm:2", "stream management, old (XEP-0198)"},
		{"urn:xmpp:csi:0", "client state indication (XEP-0352)"},
		{"urn:xmpp:features:rosterver", "roster versions"},
		{"urn:xmpp:features:pre-approval", "pre-approval of subscriptions"},
		{"http://jabber.org/protocol/caps", "entity capabilities (XEP-0115)"},
		{"http://jabber.org/features/iq-register", "registration (XEP-0077)"},
		{"urn:xmpp:invite", "registration by invitation (XEP-0445)"},
		{"http://jabber.org/features/compress", "compression (XEP-0138)"},
		{"http://jabber.org/features/iq-auth", "old authentication (XEP-0078)"},
		{ENVOI_NS_STREAM_LIMITS, "stream limits (XEP-0478)"},
	};
	const char *ns = envoi_element_ns(feature);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(ns, names[i].ns) == 0) {
			return names[i].name;
		}
	}
	return ns[0] != '\0' ? ns : envoi_element_name(feature);
}

static const char *limit_of(const struct envoi_element *features, const char *name)
{
	const struct envoi_element *limits = features == NULL
		? NULL
		: envoi_element_child(features, ENVOI_NS_STREAM_LIMITS, "limits");
	const struct envoi_element *limit = limits == NULL
		? NULL
		: envoi_element_child(limits, ENVOI_NS_STREAM_LIMITS, name);
	return limit != NULL ? envoi_element_text(limit) : NULL;
}

const char *probe_limit(const struct probe_route *route, const char *name)
{
	const char *online = limit_of(route->online, name);
	return online != NULL ? online : limit_of(route->features, name);
}
