/*
 * envoi - element trees: private parts
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_XML_ELEMENT_H
#define ENVOI_XML_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <envoi/xml.h>

#include "base/arena.h"

/** A piece of content: the first member of elements and of texts. */
struct envoi__node {
	struct envoi__node *next;
	char *text; /* NUL-terminated; NULL: it is an element */
};

struct envoi__text {
	struct envoi__node node;
	size_t len, room; /* room: bytes at node.text, with place for the NUL */
};

struct envoi__attr {
	const char *ns, *name, *value; /* ns: "" for none */
};

/** Everything of a tree is in its arena, this struct too. */
struct envoi__tree {
	struct envoi__arena arena; /* holds the context reference */
	unsigned int references;
	int error; /* the first failure of a builder */
	const char *problem; /* its place and reason; NULL: the error says all */
	struct envoi__owned *owned; /* released with the tree, newest first */
	const char *lang; /* in force outside the root; NULL: unknown */
};

struct envoi_element {
	struct envoi__node node;
	struct envoi__tree *tree;
	struct envoi_element *parent;
	const char *ns, *name;
	struct envoi__attr *attrs;
	uint32_t attr_count;
	uint32_t attr_room : 28;
	uint32_t has_attr_index : 1; /* behind the attributes: see xml/attributes.c */
	/* an attribute in a namespace other than that of XML was added; it may be removed since */
	uint32_t has_ns_attrs : 1;
	uint32_t is_ns_known : 1; /* the pointer is the dictionary's: see xml/names.h */
	uint32_t is_name_known : 1;
	struct envoi__node *first, *last;
	char *joined; /* what envoi_element_text() made of several texts, or NULL */
};

/** @return whether the texts are equal; known names have equal pointers */
static inline bool envoi__same_text(const char *a, const char *b)
{
	return a == b || strcmp(a, b) == 0;
}

static inline struct envoi_element *envoi__node_element(struct envoi__node *node)
{
	return node == NULL || node->text != NULL
		? NULL
		: ENVOI_CONTAINER_OF(node, struct envoi_element, node);
}

/** Append a node to an element's content. */
static inline void envoi__element_link(struct envoi_element *parent, struct envoi__node *node)
{
	node->next = NULL;
	if (parent->last != NULL) {
		parent->last->next = node;
	} else {
		parent->first = node;
	}
	parent->last = node;
}

/**
 * @return the namespace's pointer in the context's dictionary of known names; NULL: not known
 *         (nor out of memory). Compare it with what envoi__name_intern() returned.
 */
const char *envoi__element_ns_known(const struct envoi_element *element);

/** @return the local name's pointer in that dictionary; NULL as above */
const char *envoi__element_name_known(const struct envoi_element *element);

/** @return a tree without elements, one reference, or NULL: out of memory */
struct envoi__tree *envoi__tree_new(struct envoi_context *context);
/** As envoi__tree_new(). @param bytes  that it will hold; 0: as for a stanza */
struct envoi__tree *envoi__tree_new_small(struct envoi_context *context, size_t bytes);
void envoi__tree_unref(struct envoi__tree *tree);

/** Exchange a root that is kept long for a copy in a tree of its size.
 * @param element  the reference is taken; NULL is allowed
 * @return a reference to the copy; without memory, or if it would not be smaller, @p element */
struct envoi_element *envoi__element_tighten(struct envoi_element *element);

/** A counted object that is released with a tree. */
struct envoi__owned {
	struct envoi__owned *older;
	void *object;
	void (*release)(void *object);
};

/**
 * Let a tree release an object when it is freed.
 *
 * @param object  taken: released at once on failure
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__element_own(
	const struct envoi_element *element, void *object, void (*release)(void *object));

/** Make @p error the tree's failure, if it has none. NULL is allowed. */
void envoi__element_fail(struct envoi_element *element, int error);

/**
 * Make the tree fail with ENVOI_ERR_INVALID, if it has not failed yet.
 * @param format  follows the path of the element in envoi_element_problem(): ": it is too long"
 */
void envoi__element_refuse(struct envoi_element *element, const char *format, ...)
	ENVOI_PRINTF(2, 3);

/** Describe why envoi__utf8_valid() refuses a text. */
void envoi__describe_bad_text(const char *text, char *out, size_t size);

/**
 * Append valid text, to the text node at the end if there is one.
 * @retval ENVOI_ERR_NOMEM
 */
int envoi__element_append(struct envoi_element *element, const char *text, size_t len);

#endif
