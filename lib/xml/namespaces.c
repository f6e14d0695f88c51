/*
 * envoi - namespaces of a stream
 * SPDX-License-Identifier: MIT
 */
#include "xml/chars.h"
#include "xml/parser.h"

enum {
	FIRST_ROOM = 4,
	MOST_BINDINGS = 512, /* in force: each prefix is looked for among them */
};

static struct envoi__binding *push(struct envoi_xml_parser *parser)
{
	struct envoi__bindings *bindings = &parser->bindings;
	if (bindings->count == bindings->room) {
		size_t room = bindings->room == 0 ? FIRST_ROOM : bindings->room * 2;
		struct envoi__binding *items = envoi_realloc(
			parser->context, bindings->items, room * sizeof(*items));
		if (items == NULL) {
			return NULL;
		}
		bindings->items = items;
		bindings->room = room;
	}
	return &bindings->items[bindings->count++];
}

/* Namespaces in XML 1.0, sections 2.2 and 3: reserved prefixes and namespace names. */
static bool is_allowed(const char *prefix, const char *ns)
{
	if (*prefix != 'x' && *ns != 'h' && *ns != '\0') {
		return true; /* most are not even alike */
	}
	if (strcmp(prefix, "xml") == 0) {
		return strcmp(ns, ENVOI_NS_XML) == 0;
	}
	bool is_reserved = strcmp(ns, ENVOI_NS_XML) == 0 || strcmp(ns, ENVOI__NS_XMLNS) == 0 ||
		strcmp(prefix, "xmlns") == 0;
	return !is_reserved && (*prefix == '\0' || *ns != '\0');
}

int envoi__bindings_add(struct envoi_xml_parser *parser, const char *prefix, struct envoi__ns ns)
{
	if (!is_allowed(prefix, ns.name)) {
		return ENVOI_ERR_XML;
	}
	if (parser->bindings.count >= MOST_BINDINGS) {
		return ENVOI_ERR_LIMIT;
	}
	struct envoi__binding *binding = push(parser);
	if (binding == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	binding->prefix = prefix;
	binding->ns = ns;
	binding->copy = NULL;
	binding->stanza = 0;
	binding->depth = parser->depth;
	if (*prefix == '\0') {
		binding->ns = parser->bindings.fallback;
		parser->bindings.fallback = ns;
	}
	return ENVOI_OK;
}

void envoi__bindings_drop(struct envoi_xml_parser *parser, unsigned int depth)
{
	struct envoi__bindings *bindings = &parser->bindings;
	while (envoi__bindings_has(bindings, depth)) {
		const struct envoi__binding *binding = &bindings->items[--bindings->count];
		if (*binding->prefix == '\0') {
			bindings->fallback = binding->ns;
		}
	}
}

/* Elements must not point into the parser: a copy for each stanza. */
static struct envoi__ns copied(struct envoi_xml_parser *parser, struct envoi__binding *binding)
{
	if (binding->stanza != parser->stanza) {
		const char *name = binding->ns.name;
		binding->copy = envoi__arena_strndup(&parser->tree->arena, name, strlen(name));
		if (binding->copy == NULL) {
			envoi__xml_parser_fail_memory(parser);
			return (struct envoi__ns){0};
		}
		binding->stanza = parser->stanza;
	}
	return (struct envoi__ns){binding->copy, false};
}

const char *envoi__bindings_find_in_head(const struct envoi_xml_parser *parser, const char *prefix)
{
	for (size_t i = parser->bindings.count; i > 0; i--) {
		const struct envoi__binding *binding = &parser->bindings.items[i - 1];
		if (binding->depth == 0 && envoi__same_text(binding->prefix, prefix)) {
			return binding->ns.name;
		}
	}
	return NULL;
}

/* Prefixes of a stanza are pointers of libxml2's dictionary; prefixes of the header are copies. */
struct envoi__ns envoi__bindings_find(struct envoi_xml_parser *parser, const char *prefix)
{
	size_t i = parser->bindings.count;
	for (; i > 0 && parser->bindings.items[i - 1].depth > 0; i--) {
		const struct envoi__binding *binding = &parser->bindings.items[i - 1];
		if (binding->prefix == prefix) {
			return binding->ns;
		}
	}
	for (; i > 0; i--) {
		struct envoi__binding *binding = &parser->bindings.items[i - 1];
		if (envoi__same_text(binding->prefix, prefix)) {
			return binding->ns.is_known ? binding->ns : copied(parser, binding);
		}
	}
	return (struct envoi__ns){0};
}
