/*
 * envoi - what of an element may be shown
 * SPDX-License-Identifier: MIT
 */
#include "stream/redact.h"

#include <string.h>

#include <envoi/stanza.h>

#include "xml/element.h"

#define NS_SASL "urn:ietf:params:xml:ns:xmpp-sasl"
#define NS_SASL_2 "urn:xmpp:sasl:2"
#define NS_FAST "urn:xmpp:fast:0"
#define NS_REGISTER "jabber:iq:register"
#define NS_AUTH "jabber:iq:auth"
#define NS_MUC "http://jabber.org/protocol/muc"

/* Elements whose whole content is hidden, with what stands in it, but for what is harmless. */
static const struct {
	const char *ns, *name; /* "*": each of that namespace */
} secrets[] = {
	{NS_SASL, "*"}, /* RFC 6120, section 6.4 */
	{NS_SASL_2, "*"}, /* XEP-0388 */
	{NS_FAST, "*"}, /* XEP-0484 */
	{NS_REGISTER, "*"}, /* XEP-0077; forms in it, too */
	{"urn:xmpp:register:0", "*"}, /* XEP-0389 */
	{NS_AUTH, "*"}, /* XEP-0078 */
	{"jabber:component:accept", "handshake"}, /* XEP-0114 */
	{ENVOI_NS_CLIENT, "handshake"}, /* the same, in the stream's content namespace */
	{NS_MUC, "password"}, /* XEP-0045 */
	{NS_MUC "#user", "password"},
};

/* What those may show all the same. */
static const struct {
	const char *ns, *name; /* "*": each of that namespace */
	const char *attribute; /* NULL: the text */
} harmless[] = {
	{NS_SASL, "mechanism", NULL},
	{NS_SASL, "auth", "mechanism"},
	{NS_SASL_2, "mechanism", NULL},
	{NS_SASL_2, "authenticate", "mechanism"},
	{NS_SASL_2, "authorization-identifier", NULL},
	{NS_SASL_2, "task", NULL},
	{NS_SASL_2, "next", "task"},
	{NS_SASL_2, "software", NULL},
	{NS_SASL_2, "device", NULL},
	{NS_FAST, "mechanism", NULL},
	{NS_FAST, "request-token", "mechanism"},
	{NS_FAST, "fast", "count"},
	{NS_FAST, "fast", "tls-0rtt"},
	{NS_FAST, "fast", "invalidate"},
	{NS_FAST, "token", "expiry"},
	{NS_REGISTER, "instructions", NULL},
	{NS_REGISTER, "username", NULL},
	{NS_AUTH, "username", NULL},
	{NS_AUTH, "resource", NULL},
};

enum {
	SECRETS = sizeof(secrets) / sizeof(secrets[0]),
	HARMLESS = sizeof(harmless) / sizeof(harmless[0]),
};

static bool is_named(const struct envoi_element *element, const char *ns, const char *name)
{
	return strcmp(envoi_element_ns(element), ns) == 0 &&
		(strcmp(name, "*") == 0 || strcmp(envoi_element_name(element), name) == 0);
}

static bool is_secret(const struct envoi_element *element)
{
	for (size_t i = 0; i < SECRETS; i++) {
		if (is_named(element, secrets[i].ns, secrets[i].name)) {
			return true;
		}
	}
	return false;
}

static bool is_harmless(const struct envoi_element *element, const char *attribute)
{
	for (size_t i = 0; i < HARMLESS; i++) {
		const char *known = harmless[i].attribute;
		bool is_same = attribute == NULL ? known == NULL
						 : known != NULL && strcmp(known, attribute) == 0;
		if (is_same && is_named(element, harmless[i].ns, harmless[i].name)) {
			return true;
		}
	}
	return false;
}

bool envoi__redact_is_needed(const struct envoi_element *element)
{
	bool is_needed = is_secret(element);
	for (const struct envoi_element *child = envoi_element_first(element);
		!is_needed && child != NULL; child = envoi_element_next(child)) {
		is_needed = envoi__redact_is_needed(child);
	}
	return is_needed;
}

/* --- copying --- */

static void copy_attributes(
	struct envoi_element *to, const struct envoi_element *from, bool is_hidden)
{
	size_t position = 0;
	const char *ns, *name, *value;
	while (envoi_element_next_attr(from, &position, &ns, &name, &value)) {
		/* A name of another namespace, that of xml:lang for example, is not in the table.
		 *  */
		bool is_shown = !is_hidden || *value == '\0' || strcmp(ns, ENVOI_NS_XML) == 0 ||
			(*ns == '\0' && is_harmless(from, name));
		envoi_element_set_ns(to, ns, name, is_shown ? value : ENVOI__REDACTED);
	}
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

/* A text may stand in several pieces: the first is replaced, the others are left out. */
static void copy_content(struct envoi_element *to, const struct envoi_element *from, bool is_hidden)
{
	bool hides_text = is_hidden && !is_harmless(from, NULL), has_hidden = false;
	for (struct envoi__node *node = from->first; node != NULL; node = node->next) {
		const struct envoi_element *child = envoi__node_element(node);
		if (child != NULL) {
			bool hides_child = is_hidden || is_secret(child);
			struct envoi_element *copy = envoi_element_add(
				to, envoi_element_ns(child), envoi_element_name(child));
			copy_attributes(copy, child, hides_child);
			copy_content(copy, child, hides_child);
		} else if (!hides_text || is_blank(node->text)) {
			envoi_element_add_text(to, node->text);
		} else if (!has_hidden) {
			envoi_element_add_text(to, ENVOI__REDACTED);
			has_hidden = true;
		}
	}
}

struct envoi_element *envoi__redact(
	struct envoi_context *context, const struct envoi_element *element)
{
	bool is_hidden = is_secret(element);
	struct envoi_element *copy = envoi_element_new(
		context, envoi_element_ns(element), envoi_element_name(element));
	copy_attributes(copy, element, is_hidden);
	copy_content(copy, element, is_hidden);
	return copy;
}
