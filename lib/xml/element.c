/*
 * envoi - element trees: reading
 * SPDX-License-Identifier: MIT
 */
#include "xml/element.h"

#include "xml/names.h"

struct envoi__tree *envoi__tree_new(struct envoi_context *context)
{
	return envoi__tree_new_small(context, 0);
}

struct envoi__tree *envoi__tree_new_small(struct envoi_context *context, size_t bytes)
{
	struct envoi__arena arena;
	envoi__arena_init_small(&arena, context, bytes);
	struct envoi__tree *tree = envoi__arena_alloc(&arena, sizeof(*tree));
	if (tree == NULL) {
		return NULL;
	}
	tree->arena = arena;
	tree->references = 1;
	tree->error = ENVOI_OK;
	tree->problem = NULL;
	tree->owned = NULL;
	tree->lang = NULL;
	envoi_context_ref(context);
	return tree;
}

void envoi__tree_unref(struct envoi__tree *tree)
{
	if (tree == NULL || --tree->references > 0) {
		return;
	}
	for (struct envoi__owned *owned = tree->owned; owned != NULL; owned = owned->older) {
		owned->release(owned->object);
	}
	struct envoi__arena arena = tree->arena; /* the tree itself lies in it */
	struct envoi_context *context = arena.context;
	envoi__arena_finish(&arena);
	envoi_context_unref(context);
}

int envoi__element_own(
	const struct envoi_element *element, void *object, void (*release)(void *object))
{
	struct envoi__owned *owned = envoi__arena_alloc(&element->tree->arena, sizeof(*owned));
	if (owned == NULL) {
		release(object);
		return ENVOI_ERR_NOMEM;
	}
	*owned = (struct envoi__owned){element->tree->owned, object, release};
	element->tree->owned = owned;
	return ENVOI_OK;
}

struct envoi_element *envoi_element_ref(struct envoi_element *element)
{
	element->tree->references++;
	return element;
}

struct envoi_element *envoi_element_unref(struct envoi_element *element)
{
	if (element != NULL) {
		envoi__tree_unref(element->tree);
	}
	return NULL;
}

const char *envoi_element_name(const struct envoi_element *element)
{
	return element->name;
}

const char *envoi_element_ns(const struct envoi_element *element)
{
	return element->ns;
}

bool envoi_element_is(const struct envoi_element *element, const char *ns, const char *name)
{
	return element != NULL && ns != NULL && name != NULL &&
		envoi__same_text(element->name, name) && envoi__same_text(element->ns, ns);
}

static const char *known(const struct envoi_element *element, bool is_known, const char *text)
{
	return is_known ? text
			: envoi__name_lookup(element->tree->arena.context, text, strlen(text));
}

const char *envoi__element_ns_known(const struct envoi_element *element)
{
	return known(element, element->is_ns_known, element->ns);
}

const char *envoi__element_name_known(const struct envoi_element *element)
{
	return known(element, element->is_name_known, element->name);
}

const char *envoi_element_attr_ns(
	const struct envoi_element *element, const char *ns, const char *name)
{
	if (element == NULL || ns == NULL || name == NULL) {
		return NULL;
	}
	for (uint32_t i = 0; i < element->attr_count; i++) {
		const struct envoi__attr *attr = &element->attrs[i];
		if (envoi__same_text(attr->name, name) && envoi__same_text(attr->ns, ns)) {
			return attr->value;
		}
	}
	return NULL;
}

const char *envoi_element_attr(const struct envoi_element *element, const char *name)
{
	return envoi_element_attr_ns(element, "", name);
}

bool envoi_element_next_attr(const struct envoi_element *element, size_t *position,
	const char **ret_ns, const char **ret_name, const char **ret_value)
{
	if (element == NULL || *position >= element->attr_count) {
		return false;
	}
	const struct envoi__attr *attr = &element->attrs[(*position)++];
	*ret_ns = attr->ns;
	*ret_name = attr->name;
	*ret_value = attr->value;
	return true;
}

const char *envoi_element_lang(const struct envoi_element *element)
{
	if (element == NULL) {
		return NULL;
	}
	for (const struct envoi_element *at = element; at != NULL; at = at->parent) {
		const char *lang = envoi_element_attr_ns(at, ENVOI_NS_XML, "lang");
		if (lang != NULL) {
			return *lang != '\0' ? lang : NULL; /* XML 1.0, section 2.12 */
		}
	}
	return element->tree->lang;
}

/* Joining changes nothing that a caller can see, so it counts as reading. */
static const char *join(struct envoi_element *element, size_t len)
{
	char *joined = envoi__arena_alloc(&element->tree->arena, len + 1);
	if (joined == NULL) {
		return NULL;
	}
	char *at = joined;
	for (const struct envoi__node *node = element->first; node != NULL; node = node->next) {
		if (node->text != NULL) {
			size_t part = ((const struct envoi__text *)node)->len;
			memcpy(at, node->text, part);
			at += part;
		}
	}
	*at = '\0';
	element->joined = joined;
	return joined;
}

const char *envoi_element_text(const struct envoi_element *element)
{
	if (element == NULL) {
		return NULL;
	}
	if (element->joined != NULL) {
		return element->joined;
	}
	const struct envoi__text *only = NULL;
	size_t len = 0, count = 0;
	for (const struct envoi__node *node = element->first; node != NULL; node = node->next) {
		if (node->text != NULL) {
			only = (const struct envoi__text *)node;
			len += only->len;
			count++;
		}
	}
	if (count <= 1) {
		return count == 0 ? "" : only->node.text;
	}
	return join((struct envoi_element *)(uintptr_t)element, len);
}

static struct envoi_element *element_from(struct envoi__node *node)
{
	while (node != NULL && node->text != NULL) {
		node = node->next;
	}
	return envoi__node_element(node);
}

struct envoi_element *envoi_element_first(const struct envoi_element *element)
{
	return element == NULL ? NULL : element_from(element->first);
}

struct envoi_element *envoi_element_next(const struct envoi_element *element)
{
	return element == NULL ? NULL : element_from(element->node.next);
}

struct envoi_element *envoi_element_child(
	const struct envoi_element *element, const char *ns, const char *name)
{
	struct envoi_element *child = envoi_element_first(element);
	if (child != NULL && ns == NULL) {
		ns = element->ns;
	}
	while (child != NULL && !envoi_element_is(child, ns, name)) {
		child = envoi_element_next(child);
	}
	return child;
}

struct envoi_element *envoi_element_parent(const struct envoi_element *element)
{
	return element == NULL ? NULL : element->parent;
}
