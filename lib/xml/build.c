/*
 * envoi - element trees: building
 * SPDX-License-Identifier: MIT
 */
#include "base/utf8.h"
#include "xml/attributes.h"
#include "xml/chars.h"
#include "xml/element.h"
#include "xml/names.h"

enum {
	LARGE_TEXT = 65536,
};

static void *fail(struct envoi_element *element, int error)
{
	if (element->tree->error == ENVOI_OK) {
		element->tree->error = error;
	}
	return NULL;
}

static bool is_broken(const struct envoi_element *element)
{
	return element == NULL || element->tree->error != ENVOI_OK;
}

static bool is_element_ns(const char *ns)
{
	return ns != NULL && envoi__xml_is_namespace(ns, strlen(ns));
}

static bool is_name(const char *name)
{
	return name != NULL && envoi__xml_is_ncname(name, strlen(name));
}

static bool is_text(const char *text)
{
	return envoi__utf8_valid(text, strlen(text));
}

/* @param what  of the element: "", " attribute id" */
static void *refuse_text(
	struct envoi_element *element, const char *what, const char *name, const char *text)
{
	char reason[96];
	envoi__describe_bad_text(text, reason, sizeof(reason));
	envoi__element_refuse(element, "%s%.64s: %s", what, name, reason);
	return NULL;
}

static void *refuse_name(
	struct envoi_element *element, const char *what, const char *ns, const char *name)
{
	envoi__element_refuse(element,
		": no %s may have the name \"%.64s\" in the namespace \"%.64s\"", what,
		name != NULL ? name : "", ns != NULL ? ns : "");
	return NULL;
}

/* @param parent  NULL: a root; ns and name are valid */
static struct envoi_element *add(
	struct envoi__tree *tree, struct envoi_element *parent, const char *ns, const char *name)
{
	bool is_ns_known, is_name_known;
	struct envoi_element *element = envoi__arena_alloc(&tree->arena, sizeof(*element));
	if (element == NULL) {
		return NULL;
	}
	const char *own_ns;
	if (parent != NULL && ns == parent->ns) {
		own_ns = ns;
		is_ns_known = parent->is_ns_known;
	} else {
		own_ns = envoi__tree_keep_name(tree, ns, &is_ns_known);
	}
	const char *own_name = envoi__tree_keep_name(tree, name, &is_name_known);
	if (own_ns == NULL || own_name == NULL) {
		return NULL;
	}
	*element = (struct envoi_element){
		.tree = tree,
		.parent = parent,
		.ns = own_ns,
		.name = own_name,
		.is_ns_known = is_ns_known,
		.is_name_known = is_name_known,
	};
	if (parent != NULL) {
		envoi__element_link(parent, &element->node);
	}
	return element;
}

struct envoi_element *envoi_element_new(
	struct envoi_context *context, const char *ns, const char *name)
{
	bool is_allowed = is_element_ns(ns) && is_name(name);
	struct envoi__tree *tree = envoi__tree_new(context);
	if (tree == NULL) {
		return NULL;
	}
	struct envoi_element *root = add(
		tree, NULL, is_allowed ? ns : "", is_allowed ? name : "invalid");
	if (root == NULL) {
		envoi__tree_unref(tree);
	} else if (!is_allowed) {
		refuse_name(root, "element", ns, name);
	}
	return root;
}

struct envoi_element *envoi_element_add(
	struct envoi_element *parent, const char *ns, const char *name)
{
	if (is_broken(parent)) {
		return NULL;
	}
	if (ns == NULL) {
		ns = parent->ns;
	}
	if ((ns != parent->ns && !is_element_ns(ns)) || !is_name(name)) {
		return refuse_name(parent, "child", ns, name);
	}
	struct envoi_element *child = add(parent->tree, parent, ns, name);
	return child != NULL ? child : fail(parent, ENVOI_ERR_NOMEM);
}

struct envoi_element *envoi_element_add_with_text(
	struct envoi_element *parent, const char *ns, const char *name, const char *text)
{
	if (text == NULL) {
		return NULL;
	}
	return envoi_element_add_text(envoi_element_add(parent, ns, name), text);
}

void envoi_element_remove(struct envoi_element *element)
{
	if (is_broken(element) || element->parent == NULL) {
		return;
	}
	struct envoi_element *parent = element->parent;
	struct envoi__node *previous = NULL;
	for (struct envoi__node *node = parent->first; node != &element->node; node = node->next) {
		previous = node;
	}
	*(previous == NULL ? &parent->first : &previous->next) = element->node.next;
	if (parent->last == &element->node) {
		parent->last = previous;
	}
	element->node.next = NULL;
	element->parent = NULL;
}

struct envoi_element *envoi_element_set_ns(
	struct envoi_element *element, const char *ns, const char *name, const char *value)
{
	if (is_broken(element)) {
		return NULL;
	}
	if (!envoi__xml_is_attr(ns, name)) {
		return refuse_name(element, "attribute", ns, name);
	}
	if (value != NULL && !is_text(value)) {
		return refuse_text(element, ": attribute ", name, value);
	}
	struct envoi__attr *attr = envoi__attr_find(element, ns, name);
	if (value == NULL) {
		if (attr != NULL) {
			envoi__attr_remove(element, attr);
		}
		return element;
	}
	if (attr == NULL) {
		return envoi__attr_add(element, ns, name, value) < 0
			? fail(element, ENVOI_ERR_NOMEM)
			: element;
	}
	const char *copy = envoi__arena_strndup(&element->tree->arena, value, strlen(value));
	if (copy == NULL) {
		return fail(element, ENVOI_ERR_NOMEM);
	}
	attr->value = copy;
	return element;
}

struct envoi_element *envoi_element_set(
	struct envoi_element *element, const char *name, const char *value)
{
	return envoi_element_set_ns(element, "", name, value);
}

/* A text at the end of the arena grows in place; another text moves, to twice its size, or to one
 * and a half if it is large. */
static int make_room(struct envoi__arena *arena, struct envoi__text *text, size_t needed)
{
	char *end = text->node.text + text->room;
	if (end == arena->next && needed - text->room <= (size_t)(arena->end - arena->next)) {
		arena->next += (needed - text->room + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
		text->room = (size_t)(arena->next - text->node.text);
		return ENVOI_OK;
	}
	size_t more = text->room < LARGE_TEXT ? text->room : text->room / 2;
	size_t room = text->room + more < needed ? needed : text->room + more;
	room = (room + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
	char *moved = envoi__arena_alloc(arena, room);
	if (moved == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	memcpy(moved, text->node.text, text->len);
	text->node.text = moved;
	text->room = room;
	return ENVOI_OK;
}

static struct envoi__text *text_at_end(struct envoi_element *element, size_t len)
{
	if (element->last != NULL && element->last->text != NULL) {
		struct envoi__text *text = (struct envoi__text *)element->last;
		bool has_room = len < text->room - text->len;
		return has_room || make_room(&element->tree->arena, text, text->len + len + 1) == 0
			? text
			: NULL;
	}
	size_t room = (len + 1 + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
	struct envoi__text *text = envoi__arena_alloc(&element->tree->arena, sizeof(*text) + room);
	if (text == NULL) {
		return NULL;
	}
	text->node.text = (char *)(text + 1);
	text->len = 0;
	text->room = room;
	envoi__element_link(element, &text->node);
	return text;
}

int envoi__element_append(struct envoi_element *element, const char *data, size_t len)
{
	if (len == 0) {
		return ENVOI_OK;
	}
	if (len > SIZE_MAX / 4) {
		return ENVOI_ERR_NOMEM;
	}
	struct envoi__text *text = text_at_end(element, len);
	if (text == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	memcpy(text->node.text + text->len, data, len);
	text->len += len;
	text->node.text[text->len] = '\0';
	return ENVOI_OK;
}

struct envoi_element *envoi_element_add_text(struct envoi_element *element, const char *text)
{
	if (is_broken(element)) {
		return NULL;
	}
	if (text == NULL) {
		envoi__element_refuse(element, ": the text is NULL");
		return NULL;
	}
	if (!is_text(text)) {
		return refuse_text(element, "", "", text);
	}
	element->joined = NULL;
	int r = envoi__element_append(element, text, strlen(text));
	return r < 0 ? fail(element, r) : element;
}

static int copy_attrs(struct envoi_element *to, const struct envoi_element *from)
{
	for (uint32_t i = 0; i < from->attr_count; i++) {
		const struct envoi__attr *attr = &from->attrs[i];
		int r = envoi__attr_add(to, attr->ns, attr->name, attr->value);
		if (r < 0) {
			return r;
		}
	}
	return ENVOI_OK;
}

static struct envoi_element *copy_tag(
	struct envoi__tree *tree, struct envoi_element *parent, const struct envoi_element *from)
{
	const char *ns = parent != NULL && envoi__same_text(from->ns, parent->ns) ? parent->ns
										  : from->ns;
	struct envoi_element *copy = add(tree, parent, ns, from->name);
	return copy != NULL && copy_attrs(copy, from) == ENVOI_OK ? copy : NULL;
}

/* A loop, no recursion: a caller may have built a tree of any depth. */
static int copy_content(struct envoi_element *to, const struct envoi_element *top)
{
	const struct envoi_element *from = top;
	struct envoi__node *node = top->first;
	for (;;) {
		while (node == NULL) {
			if (from == top) {
				return ENVOI_OK;
			}
			node = from->node.next;
			from = from->parent;
			to = to->parent;
		}
		if (node->text != NULL) {
			size_t len = ((const struct envoi__text *)node)->len;
			int r = envoi__element_append(to, node->text, len);
			if (r < 0) {
				return r;
			}
			node = node->next;
			continue;
		}
		from = envoi__node_element(node);
		to = copy_tag(to->tree, to, from);
		if (to == NULL) {
			return ENVOI_ERR_NOMEM;
		}
		node = from->first;
	}
}

struct envoi_element *envoi_element_add_copy(
	struct envoi_element *parent, const struct envoi_element *child)
{
	if (is_broken(parent)) {
		return NULL;
	}
	if (child == NULL) {
		return fail(parent, ENVOI_ERR_NOMEM);
	}
	if (child->tree->error == ENVOI_ERR_INVALID) {
		envoi__element_refuse(parent, ": %s", envoi_element_problem(child));
		return NULL;
	}
	if (child->tree->error != ENVOI_OK) {
		return fail(parent, child->tree->error);
	}
	/* linked when it is complete: the copy of the parent itself must not contain itself */
	struct envoi_element *copy = copy_tag(parent->tree, NULL, child);
	if (copy == NULL || copy_content(copy, child) < 0) {
		return fail(parent, ENVOI_ERR_NOMEM);
	}
	copy->parent = parent;
	envoi__element_link(parent, &copy->node);
	return copy;
}

/* @param bytes  as of envoi__tree_new_small() */
static struct envoi_element *dup_in(const struct envoi_element *element, size_t bytes)
{
	struct envoi__tree *tree = envoi__tree_new_small(element->tree->arena.context, bytes);
	if (tree == NULL) {
		return NULL;
	}
	struct envoi_element *copy = copy_tag(tree, NULL, element);
	if (copy == NULL || copy_content(copy, element) < 0) {
		goto failed;
	}
	const char *lang = element->parent != NULL ? envoi_element_lang(element->parent)
						   : element->tree->lang;
	if (lang != NULL) {
		tree->lang = envoi__arena_strndup(&tree->arena, lang, strlen(lang));
		if (tree->lang == NULL) {
			goto failed;
		}
	}
	if (element->tree->problem != NULL) {
		tree->problem = envoi__arena_strndup(
			&tree->arena, element->tree->problem, strlen(element->tree->problem));
	}
	tree->error = element->tree->error;
	return copy;
failed:
	envoi__tree_unref(tree);
	return NULL;
}

struct envoi_element *envoi_element_dup(const struct envoi_element *element)
{
	return element == NULL ? NULL : dup_in(element, 0);
}

/* The first copy shows the size. */
struct envoi_element *envoi__element_tighten(struct envoi_element *element)
{
	struct envoi_element *copy = envoi_element_dup(element);
	size_t bytes = copy == NULL ? 0 : envoi__arena_used(&copy->tree->arena);
	envoi_element_unref(copy);
	copy = bytes == 0 ? NULL : dup_in(element, bytes);
	if (copy == NULL) {
		return element;
	}
	envoi_element_unref(element);
	return copy;
}
