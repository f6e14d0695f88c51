/*
 * envoi - trees in serialised form
 * SPDX-License-Identifier: MIT
 */
#include "xml/write.h"

#include "xml/chars.h"
#include "xml/element.h"

/* The written tree, and its surroundings. */
struct place {
	const struct envoi_element *top;
	const char *scope;
	bool is_top;
};

/*
 * The prefix of the element's attributes in its own namespace, if there are any: some servers keep
 * one declaration of a namespace in a tag and lose the other. An element in the namespace around
 * the tree has none: stanzas are written without prefix (RFC 6120, section 4.8.5).
 */
static bool has_number(
	const struct place *place, const struct envoi_element *element, size_t *ret_first)
{
	if (!element->has_ns_attrs || *element->ns == '\0' ||
		envoi__same_text(element->ns, place->scope)) {
		return false;
	}
	for (size_t i = 0; i < element->attr_count; i++) {
		if (envoi__same_text(element->attrs[i].ns, element->ns)) {
			*ret_first = i;
			return true;
		}
	}
	return false;
}

static const char *prefix_of(const struct place *place, const struct envoi_element *element,
	char room[ENVOI__EMIT_PREFIX_SIZE])
{
	size_t first;
	const char *prefix = envoi__emit_prefix(
		element->ns, place->is_top && element == place->top);
	if (*prefix == '\0' && has_number(place, element, &first)) {
		envoi__emit_number(room, first);
		return room;
	}
	return prefix;
}

/* The default namespace around an element: that of the first element above without prefix. */
static const char *scope_of(const struct place *place, const struct envoi_element *element)
{
	char room[ENVOI__EMIT_PREFIX_SIZE];
	while (element != place->top) {
		element = element->parent;
		if (*prefix_of(place, element, room) == '\0') {
			return element->ns;
		}
	}
	return place->scope;
}

static size_t first_in_ns(const struct envoi_element *element, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (envoi__same_text(element->attrs[i].ns, element->attrs[index].ns)) {
			return i;
		}
	}
	return index;
}

/* @param prefix  of the element */
static void write_attrs(
	struct envoi__emit *emit, const struct envoi_element *element, const char *prefix)
{
	for (size_t i = 0; i < element->attr_count; i++) {
		const struct envoi__attr *attr = &element->attrs[i];
		size_t first = *attr->ns == '\0' ? i : first_in_ns(element, i);
		bool is_elements = *prefix == 'n' && envoi__same_text(attr->ns, element->ns);
		envoi__emit_attr_ns(
			emit, attr->ns, attr->name, attr->value, first, first == i && !is_elements);
	}
}

/* A loop, no recursion: a caller may have built a tree of any depth. */
void envoi__xml_write(struct envoi__emit *emit, const struct envoi_element *element,
	const char *scope, bool is_top)
{
	const struct place place = {element, scope, is_top};
	const struct envoi_element *at = element;
	char room[ENVOI__EMIT_PREFIX_SIZE];
	for (;;) {
		const char *prefix = prefix_of(&place, at, room);
		envoi__emit_open(emit, prefix, at->ns, at->name, scope_of(&place, at));
		write_attrs(emit, at, prefix);
		const struct envoi__node *node = at->first;
		envoi__emit_word(emit, node == NULL ? "/>" : ">");
		bool is_leaf = node == NULL;
		for (;;) {
			for (; node != NULL && node->text != NULL; node = node->next) {
				size_t len = ((const struct envoi__text *)node)->len;
				envoi__emit_text(emit, node->text, len);
			}
			if (node != NULL) {
				at = (const struct envoi_element *)node;
				break;
			}
			if (!is_leaf) {
				envoi__emit_close(emit, prefix_of(&place, at, room), at->name);
			}
			is_leaf = false;
			if (at == element) {
				return;
			}
			node = at->node.next;
			at = at->parent;
		}
	}
}

int envoi_xml_write(
	struct envoi_buffer *out, const struct envoi_element *element, const char *default_ns)
{
	int r = envoi_element_error(element);
	if (r < 0) {
		return r;
	}
	size_t before = envoi_buffer_len(out);
	struct envoi__emit emit = {.out = out};
	envoi__xml_write(&emit, element, default_ns == NULL ? "" : default_ns, true);
	r = envoi__emit_flush(&emit);
	if (r < 0) {
		envoi_buffer_truncate(out, before);
	}
	return r;
}

int envoi_xml_write_head(
	struct envoi_buffer *out, const struct envoi_element *head, const char *content_ns)
{
	int r = envoi_element_error(head);
	if (r < 0) {
		return r;
	}
	const char *ns = content_ns == NULL ? "" : content_ns;
	if (!envoi_element_is(head, ENVOI_NS_STREAMS, "stream") ||
		!envoi__xml_is_namespace(ns, strlen(ns))) {
		return ENVOI_ERR_INVALID;
	}
	size_t before = envoi_buffer_len(out);
	struct envoi__emit emit = {.out = out};
	envoi__emit_word(&emit, "<?xml version='1.0'?><stream:stream");
	if (*ns != '\0') {
		envoi__emit_attr(&emit, "", "xmlns", ns);
	}
	envoi__emit_attr(&emit, "xmlns", "stream", ENVOI_NS_STREAMS);
	write_attrs(&emit, head, "stream");
	envoi__emit_word(&emit, ">");
	r = envoi__emit_flush(&emit);
	if (r < 0) {
		envoi_buffer_truncate(out, before);
	}
	return r;
}
