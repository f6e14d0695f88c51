/*
 * envoi - libxml2's callbacks that build elements
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "xml/element.h"
#include "xml/engine.h"
#include "xml/names.h"
#include "xml/parser.h"

enum {
	PER_ATTR = 5, /* libxml2's: name, prefix, namespace name, value, its end */
};

static const char twice[] = "two attributes with the same name";

struct start {
	struct envoi__engine *engine;
	struct envoi_xml_parser *parser;
	const xmlChar *name, *prefix;
	const xmlChar **attrs;
	int attr_count;
};

static bool fail_limit(struct envoi_xml_parser *parser, const char *text)
{
	return envoi__xml_parser_fail(parser, ENVOI_ERR_LIMIT, ENVOI_STREAM_POLICY_VIOLATION, text);
}

static bool count_node(struct envoi_xml_parser *parser)
{
	return ++parser->nodes <= parser->limits.children ||
		fail_limit(parser, "too many children");
}

static bool is_declaration(const struct envoi__engine *engine, const xmlChar *const *attr)
{
	return attr[1] == engine->xmlns || (attr[0] == engine->xmlns && attr[1] == NULL);
}

static size_t value_len(const xmlChar *const *attr)
{
	return (size_t)(attr[4] - attr[3]);
}

/* XML 1.0, section 3.1: a tag has no attribute twice, and no declaration. Equal names are one
 * pointer. */
static bool is_repeated(const struct start *s, const xmlChar *const *attr)
{
	for (const xmlChar *const *before = s->attrs; before < attr; before += PER_ATTR) {
		if (before[0] == attr[0] && before[1] == attr[1]) {
			return true;
		}
	}
	return false;
}

static bool has_many(const struct start *s)
{
	return s->attr_count > ENVOI__SAME_NAMES_FEW && s->attr_count <= ENVOI__SAME_NAMES_MOST;
}

static const xmlChar *const *attr_of(const struct start *s, unsigned int number)
{
	return &s->attrs[(number - 1) * PER_ATTR];
}

static bool has_repeated_among_many(const struct start *s)
{
	struct envoi__same_names *same = &s->engine->same;
	envoi__same_names_begin(same);
	for (unsigned int i = 1; i <= (unsigned int)s->attr_count; i++) {
		const xmlChar *const *attr = attr_of(s, i);
		unsigned int other = envoi__same_names_add(same, attr[0], i);
		for (; other != 0; other = same->before[other]) {
			if (attr_of(s, other)[0] == attr[0] && attr_of(s, other)[1] == attr[1]) {
				return true;
			}
		}
	}
	return false;
}

static bool has_repeated(const struct start *s)
{
	if (has_many(s)) {
		return has_repeated_among_many(s);
	}
	for (int i = 1; i < s->attr_count; i++) {
		if (is_repeated(s, &s->attrs[i * PER_ATTR])) {
			return true;
		}
	}
	return false;
}

static bool accept_new_name(const struct start *s, struct envoi__name_memo *name)
{
	struct envoi__distinct *distinct = &s->engine->distinct;
	/* Namespaces in XML 1.0, section 4; libxml2 reports such names, with an error or without */
	if (memchr(name->raw, ':', name->len) != NULL) {
		return envoi__xml_parser_refuse(
			s->parser, ENVOI_STREAM_NOT_WELL_FORMED, "malformed name");
	}
	if (name->len > s->parser->limits.name_bytes) {
		return fail_limit(s->parser, "name too long");
	}
	if (envoi__distinct_add(distinct, s->parser->context, name->raw) < 0) {
		return envoi__xml_parser_fail_memory(s->parser);
	}
	if (distinct->count > s->parser->limits.names) {
		return fail_limit(s->parser, "too many distinct names");
	}
	name->round = distinct->round;
	return true;
}

/* @return NULL: the error is stored */
static inline const struct envoi__name_memo *accept_name(const struct start *s, const xmlChar *raw)
{
	struct envoi__name_memo *name = envoi__name_memo_of(
		s->engine->memos, s->engine->names, raw);
	bool is_fine = name->len <= s->parser->limits.name_bytes &&
		(name->known != NULL || name->round == s->engine->distinct.round);
	return is_fine || accept_new_name(s, name) ? name : NULL;
}

/* --- declarations --- */

/* Declarations of the header live with the parser, others in the tree. */
static struct envoi__arena *arena_of(struct envoi_xml_parser *parser)
{
	return parser->is_head ? &parser->head : &parser->tree->arena;
}

static bool declare(const struct start *s, const xmlChar *const *attr)
{
	struct envoi_xml_parser *parser = s->parser;
	if (attr[1] != NULL && accept_name(s, attr[0]) == NULL) {
		return false;
	}
	const char *value = (const char *)attr[3];
	const char *prefix = attr[1] == NULL ? "" : (const char *)attr[0];
	struct envoi__ns ns = {
		envoi__names_find(s->engine->names, value, value_len(attr)),
		true,
	};
	if (ns.name == NULL && value_len(attr) > parser->limits.namespace_bytes) {
		return fail_limit(parser, "namespace name too long");
	}
	if (ns.name == NULL) {
		ns.name = envoi__arena_strndup(arena_of(parser), value, value_len(attr));
		ns.is_known = false;
	}
	if (parser->is_head && *prefix != '\0') {
		prefix = envoi__arena_strndup(&parser->head, prefix, strlen(prefix));
	}
	if (ns.name == NULL || prefix == NULL) {
		return envoi__xml_parser_fail_memory(parser);
	}
	switch (envoi__bindings_add(parser, prefix, ns)) {
	case ENVOI_OK:
		return true;
	case ENVOI_ERR_NOMEM:
		return envoi__xml_parser_fail_memory(parser);
	case ENVOI_ERR_LIMIT:
		return fail_limit(parser, "too many namespace declarations");
	default:
		return envoi__xml_parser_refuse(
			parser, ENVOI_STREAM_NOT_WELL_FORMED, "namespace declaration not allowed");
	}
}

static bool resolve(const struct start *s, const xmlChar *prefix, struct envoi__ns *ret_ns)
{
	if (prefix == s->engine->xml_prefix) {
		*ret_ns = (struct envoi__ns){
			envoi__names_find(s->engine->names, ENVOI_NS_XML, strlen(ENVOI_NS_XML)),
			true};
		return true;
	}
	if (strlen((const char *)prefix) > s->parser->limits.name_bytes) {
		return fail_limit(s->parser, "name too long");
	}
	*ret_ns = envoi__bindings_find(s->parser, (const char *)prefix);
	return ret_ns->name != NULL ||
		envoi__xml_parser_refuse(
			s->parser, ENVOI_STREAM_NOT_WELL_FORMED, "undeclared namespace prefix");
}

/* --- building --- */

/* Count what one start tag needs, and put its declarations in force. */
static bool measure(const struct start *s, size_t *ret_attrs, size_t *ret_bytes)
{
	size_t count = 0, bytes = 0;
	for (int i = 0; i < s->attr_count; i++) {
		const xmlChar *const *attr = &s->attrs[i * PER_ATTR];
		if (is_declaration(s->engine, attr)) {
			if (!declare(s, attr)) {
				return false;
			}
			continue;
		}
		const struct envoi__name_memo *name = accept_name(s, attr[0]);
		if (name == NULL) {
			return false;
		}
		count++;
		bytes += value_len(attr) + 1 + (name->known == NULL ? name->len + 1 : 0);
	}
	const struct envoi__name_memo *name = accept_name(s, s->name);
	if (name == NULL) {
		return false;
	}
	*ret_attrs = count;
	*ret_bytes = bytes + (name->known == NULL ? name->len + 1 : 0);
	return true;
}

static const char *place(char **at, const void *text, size_t len)
{
	char *copy = memcpy(*at, text, len);
	copy[len] = '\0';
	*at += len + 1;
	return copy;
}

static const char *place_name(
	const struct start *s, char **at, const xmlChar *raw, bool *ret_is_known)
{
	const struct envoi__name_memo *name = envoi__name_memo_of(
		s->engine->memos, s->engine->names, raw);
	*ret_is_known = name->known != NULL;
	return *ret_is_known ? name->known : place(at, raw, name->len);
}

/* As is_unique(). has_repeated_among_many() has made the lists. */
static bool is_unique_among_many(const struct start *s, const xmlChar *const *attr,
	const struct envoi_element *element, const struct envoi__attr *to)
{
	struct envoi__same_names *same = &s->engine->same;
	unsigned int number = (unsigned int)((attr - s->attrs) / PER_ATTR) + 1;
	same->place[number] = (uint16_t)(to - element->attrs);
	for (unsigned int i = same->before[number]; i != 0; i = same->before[i]) {
		const xmlChar *const *other = attr_of(s, i);
		if (other[0] == attr[0] && other[1] != NULL && !is_declaration(s->engine, other) &&
			envoi__same_text(element->attrs[same->place[i]].ns, to->ns)) {
			return false;
		}
	}
	return true;
}

/* Namespaces in XML 1.0, section 6.3: no two attributes with the same expanded name. */
static bool is_unique(const struct start *s, const xmlChar *const *attr,
	const struct envoi_element *element, const struct envoi__attr *to)
{
	if (has_many(s)) {
		return is_unique_among_many(s, attr, element, to);
	}
	const struct envoi__attr *other = element->attrs;
	for (const xmlChar *const *before = s->attrs; before < attr; before += PER_ATTR) {
		if (is_declaration(s->engine, before)) {
			continue;
		}
		if (before[0] == attr[0] && envoi__same_text(other->ns, to->ns)) {
			return false;
		}
		other++;
	}
	return true;
}

static bool place_attrs(const struct start *s, struct envoi_element *element, char *at)
{
	struct envoi__attr *to = element->attrs;
	bool is_known;
	for (int i = 0; i < s->attr_count; i++) {
		const xmlChar *const *attr = &s->attrs[i * PER_ATTR];
		if (is_declaration(s->engine, attr)) {
			continue;
		}
		to->name = place_name(s, &at, attr[0], &is_known);
		to->value = place(&at, attr[3], value_len(attr));
		to->ns = "";
		if (attr[1] != NULL) {
			struct envoi__ns ns;
			if (!resolve(s, attr[1], &ns)) {
				return false;
			}
			to->ns = ns.name;
			element->has_ns_attrs |= attr[1] != s->engine->xml_prefix;
			if (!is_unique(s, attr, element, to)) {
				return envoi__xml_parser_refuse(
					s->parser, ENVOI_STREAM_NOT_WELL_FORMED, twice);
			}
		}
		to++;
	}
	return true;
}

static struct envoi_element *make(const struct start *s)
{
	struct envoi_xml_parser *parser = s->parser;
	size_t attrs, bytes;
	if (s->attr_count > 1 && has_repeated(s)) {
		envoi__xml_parser_refuse(parser, ENVOI_STREAM_NOT_WELL_FORMED, twice);
		return NULL;
	}
	if (!measure(s, &attrs, &bytes)) {
		return NULL;
	}
	struct envoi__ns ns = parser->bindings.fallback;
	if (s->prefix != NULL && !resolve(s, s->prefix, &ns)) {
		return NULL;
	}
	struct envoi_element *element = envoi__arena_alloc(&parser->tree->arena,
		sizeof(*element) + attrs * sizeof(struct envoi__attr) + bytes);
	if (element == NULL) {
		envoi__xml_parser_fail_memory(parser);
		return NULL;
	}
	struct envoi__attr *attr = (struct envoi__attr *)(element + 1);
	char *at = (char *)(attr + attrs);
	*element = (struct envoi_element){
		.tree = parser->tree,
		.parent = parser->open.current,
		.ns = ns.name,
		.attrs = attr,
		.attr_count = (uint32_t)attrs,
		.attr_room = (uint32_t)attrs,
		.is_ns_known = ns.is_known,
	};
	bool is_name_known;
	element->name = place_name(s, &at, s->name, &is_name_known);
	element->is_name_known = is_name_known;
	return place_attrs(s, element, at) ? element : NULL;
}

/* --- the first level --- */

static bool begin_tree(struct envoi_xml_parser *parser)
{
	parser->tree = envoi__tree_new(parser->context);
	if (parser->tree == NULL) {
		return envoi__xml_parser_fail_memory(parser);
	}
	parser->stanza++;
	parser->nodes = 0;
	parser->bindings.fallback = parser->content_ns;
	struct envoi__arena *arena = &parser->tree->arena;
	if (!parser->content_ns.is_known) {
		const char *name = parser->content_ns.name;
		parser->bindings.fallback.name = envoi__arena_strndup(arena, name, strlen(name));
	}
	if (parser->lang != NULL) {
		parser->tree->lang = envoi__arena_strndup(
			arena, parser->lang, strlen(parser->lang));
	}
	return (parser->bindings.fallback.name != NULL &&
		       (parser->lang == NULL || parser->tree->lang != NULL)) ||
		envoi__xml_parser_fail_memory(parser);
}

/* RFC 6120, section 4.3.3: only a restart brings another header. As an element it would take in
 * everything that follows, without an end. */
static bool is_second_head(const struct envoi_element *element)
{
	return element->name[0] == 's' && envoi__same_text(element->name, "stream") &&
		envoi__same_text(element->ns, ENVOI_NS_STREAMS);
}

static bool note_prefix(const struct start *s, const struct envoi_element *element)
{
	struct envoi__open *open = &s->parser->open;
	struct envoi__prefixed *prefixed = envoi__arena_alloc(
		&element->tree->arena, sizeof(*prefixed));
	if (prefixed == NULL) {
		return envoi__xml_parser_fail_memory(s->parser);
	}
	*prefixed = (struct envoi__prefixed){open->prefixed, element, (const char *)s->prefix};
	open->prefixed = prefixed;
	return true;
}

static bool start(const struct start *s)
{
	struct envoi_xml_parser *parser = s->parser;
	if (parser->open.current == NULL && !begin_tree(parser)) {
		return false;
	}
	if (!parser->is_head) {
		parser->depth++;
		if (parser->depth > 1 && !count_node(parser)) {
			return false;
		}
	}
	struct envoi_element *element = make(s);
	if (element == NULL ||
		(parser->is_head &&
			!envoi__xml_parser_accept_head(parser, element, (const char *)s->prefix))) {
		return false;
	}
	if (parser->open.current != NULL) {
		envoi__element_link(parser->open.current, &element->node);
	} else if (parser->has_head && !parser->is_head && is_second_head(element)) {
		return envoi__xml_parser_fail(parser, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_BAD_FORMAT,
			"a second stream header");
	} else {
		parser->root = element;
	}
	parser->open.current = element;
	return s->prefix == NULL || note_prefix(s, element);
}

/* --- the callbacks --- */

void envoi__sax_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
	int ns_count, const xmlChar **namespaces, int attr_count, int defaulted_count,
	const xmlChar **attrs)
{
	(void)uri;
	(void)namespaces;
	(void)defaulted_count;
	struct envoi__engine *engine = user;
	struct envoi_xml_parser *parser = engine->parser;
	if (parser == NULL) { /* the probe, which comes last: an element with one declaration */
		engine->is_usable = ns_count == 0 && attr_count == 1;
		return;
	}
	if (parser->error.code != ENVOI_OK) {
		return;
	}
	const struct start s = {engine, parser, name, prefix, attrs, attr_count};
	if (!start(&s)) {
		xmlStopParser(engine->xml);
	}
}

void envoi__sax_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	(void)name;
	(void)uri;
	struct envoi__engine *engine = user;
	struct envoi_xml_parser *parser = engine->parser;
	if (parser == NULL || parser->open.current == NULL || parser->error.code != ENVOI_OK) {
		return;
	}
	struct envoi__open *open = &parser->open;
	if (prefix != NULL && open->prefixed != NULL && open->prefixed->element == open->current) {
		open->prefixed = open->prefixed->outer;
	}
	open->current = open->current->parent;
	parser->is_complete = open->current == NULL;
	if (!parser->is_head) {
		unsigned int depth = parser->depth--;
		if (envoi__bindings_has(&parser->bindings, depth)) {
			envoi__bindings_drop(parser, depth);
		}
	}
}

/* Nothing borrows from the tree yet: the place of a large text that has moved is freed. */
static int append(struct envoi_element *element, const char *data, size_t len)
{
	const struct envoi__text *text = element->last != NULL && element->last->text != NULL
		? (const struct envoi__text *)element->last
		: NULL;
	const char *place = text != NULL ? text->node.text : NULL;
	size_t room = text != NULL ? text->room : 0;
	int r = envoi__element_append(element, data, len);
	if (place != NULL && place != text->node.text) {
		envoi__arena_release(&element->tree->arena, place, room);
	}
	return r;
}

void envoi__sax_text(void *user, const xmlChar *text, int len)
{
	struct envoi__engine *engine = user;
	struct envoi_xml_parser *parser = engine->parser;
	if (parser == NULL || parser->open.current == NULL || parser->error.code != ENVOI_OK ||
		len <= 0) {
		return;
	}
	struct envoi_element *current = parser->open.current;
	bool is_more = current->last != NULL && current->last->text != NULL;
	if (!is_more && !count_node(parser)) {
		xmlStopParser(engine->xml);
		return;
	}
	if (append(current, (const char *)text, (size_t)len) < 0) {
		envoi__xml_parser_fail_memory(parser);
		xmlStopParser(engine->xml);
	}
}
