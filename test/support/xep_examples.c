/*
 * envoi - tests: the examples of XEPs, read and written by the tables of an extension
 * SPDX-License-Identifier: MIT
 */
#include "xep_examples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>

enum {
	MOST_EXCEPTIONS = 64,
};

struct check {
	struct envoi_context *context;
	const char *xep;
	const struct xep_table *tables;
	const char *const *exceptions;
	bool has_occurred[MOST_EXCEPTIONS];
	const char *number; /* of the example */
	const char *stanza_type;
	size_t count, faults;
};

/** A place in an element: "query/item". */
struct path {
	char text[256];
};

static struct path inside(const struct path *outer, const char *name)
{
	struct path path;
	snprintf(path.text, sizeof(path.text), "%.200s/%.50s", outer->text, name);
	return path;
}

/* --- exceptions --- */

static void note(struct check *check, const char *sign, const struct path *path)
{
	char what[300];
	snprintf(what, sizeof(what), "%s%s", sign, path->text);
	for (size_t i = 0; check->exceptions[i] != NULL; i++) {
		if (strcmp(check->exceptions[i], what) == 0) {
			check->has_occurred[i] = true;
			return;
		}
	}
	print_error("XEP-%s, example %s: %s\n", check->xep, check->number, what);
	check->faults++;
}

static void refuse(struct check *check, const struct envoi_element *element,
	const struct envoi_payload_problem *problem)
{
	struct path path;
	size_t faults = check->faults;
	snprintf(path.text, sizeof(path.text), "%s %s", check->number, envoi_element_name(element));
	note(check, "#", &path);
	if (check->faults > faults) {
		print_error("\trefused: %s %s\n", problem->where, problem->why);
	}
}

static void find_unused_exceptions(struct check *check)
{
	for (size_t i = 0; check->exceptions[i] != NULL; i++) {
		if (!check->has_occurred[i]) {
			print_error(
				"XEP-%s: %s does not occur\n", check->xep, check->exceptions[i]);
			check->faults++;
		}
	}
}

/* --- comparing --- */

/* Word by word. */
static bool is_same_text(const char *a, const char *b)
{
	static const char blanks[] = " \t\r\n";
	size_t len;
	do {
		a += strspn(a, blanks);
		b += strspn(b, blanks);
		len = strcspn(a, blanks);
		if (strcspn(b, blanks) != len || memcmp(a, b, len) != 0) {
			return false;
		}
		a += len;
		b += len;
	} while (len > 0);
	return true;
}

static void compare_attributes(struct check *check, const char *sign, const struct path *path,
	const struct envoi_element *element, const struct envoi_element *other)
{
	size_t position = 0;
	const char *ns, *name, *value;
	while (envoi_element_next_attr(element, &position, &ns, &name, &value)) {
		const char *found = envoi_element_attr_ns(other, ns, name);
		if (found == NULL || (sign[0] == '\0' && strcmp(found, value) != 0)) {
			struct path at;
			snprintf(at.text, sizeof(at.text), "%.200s/@%.50s", path->text, name);
			note(check, sign, &at);
		}
	}
}

static bool is_same_name(const struct envoi_element *a, const struct envoi_element *b)
{
	return envoi_element_is(a, envoi_element_ns(b), envoi_element_name(b));
}

/** @return the child of @p in that has as many of its name before it as @p child has */
static const struct envoi_element *counterpart(
	const struct envoi_element *child, const struct envoi_element *in)
{
	size_t before = 0;
	const struct envoi_element *sibling = envoi_element_first(envoi_element_parent(child));
	for (; sibling != child; sibling = envoi_element_next(sibling)) {
		before += is_same_name(sibling, child);
	}
	const struct envoi_element *other = envoi_element_first(in);
	for (; other != NULL; other = envoi_element_next(other)) {
		if (is_same_name(other, child) && before-- == 0) {
			return other;
		}
	}
	return NULL;
}

static void compare(struct check *check, const struct path *path,
	const struct envoi_element *original, const struct envoi_element *written);

static void compare_children(struct check *check, const struct path *path,
	const struct envoi_element *original, const struct envoi_element *written)
{
	const struct envoi_element *child = envoi_element_first(original);
	for (; child != NULL; child = envoi_element_next(child)) {
		struct path at = inside(path, envoi_element_name(child));
		const struct envoi_element *other = counterpart(child, written);
		if (other == NULL) {
			note(check, "", &at);
		} else {
			compare(check, &at, child, other);
		}
	}
	child = envoi_element_first(written);
	for (; child != NULL; child = envoi_element_next(child)) {
		if (counterpart(child, original) == NULL) {
			struct path at = inside(path, envoi_element_name(child));
			note(check, "+", &at);
		}
	}
}

static void compare(struct check *check, const struct path *path,
	const struct envoi_element *original, const struct envoi_element *written)
{
	compare_attributes(check, "", path, original, written);
	compare_attributes(check, "+", path, written, original);
	compare_children(check, path, original, written);
	if (!is_same_text(envoi_element_text(original), envoi_element_text(written))) {
		struct path at = inside(path, "text()");
		note(check, "", &at);
	}
}

/* --- reading the examples --- */

static void check_element(struct check *check, const struct envoi_payload_type *type,
	const struct envoi_element *element)
{
	const void *value;
	struct envoi_payload_problem problem;
	int r = envoi_payload_parse(&value, type, element, &problem);
	if (r == ENVOI_ERR_PROTOCOL || r == ENVOI_ERR_LIMIT) {
		refuse(check, element, &problem);
		return;
	}
	assert_int_equal(r, ENVOI_OK);
	struct envoi_element *written;
	assert_int_equal(
		envoi_payload_build(&written, check->context, type, value, NULL), ENVOI_OK);
	struct path path;
	snprintf(path.text, sizeof(path.text), "%s", envoi_element_name(element));
	compare(check, &path, element, written);
	envoi_element_unref(written);
	check->count++;
}

static bool describes(const struct check *check, const struct xep_table *table,
	const struct envoi_element *element)
{
	return envoi_element_is(element, table->type->ns, table->type->name) &&
		(table->in == NULL ||
			(check->stanza_type != NULL && strcmp(table->in, check->stanza_type) == 0));
}

static void check_tree(struct check *check, const struct envoi_element *element)
{
	const struct xep_table *table = check->tables;
	while (table->type != NULL && !describes(check, table, element)) {
		table++;
	}
	if (table->type != NULL) {
		check_element(check, table->type, element);
	}
	const struct envoi_element *child = envoi_element_first(element);
	for (; child != NULL; child = envoi_element_next(child)) {
		check_tree(check, child);
	}
}

static void check_example(struct check *check, const struct envoi_element *example)
{
	check->number = envoi_element_attr(example, "number");
	const struct envoi_element *child = envoi_element_first(example);
	for (; child != NULL; child = envoi_element_next(child)) {
		check->stanza_type = envoi_element_attr(child, "type");
		check_tree(check, child);
	}
}

static void feed(struct envoi_xml_parser *parser, const char *xep)
{
	char path[512], piece[4096];
	snprintf(path, sizeof(path), "%s/xeps/%s.xml", TEST_DATA, xep);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	for (size_t len; (len = fread(piece, 1, sizeof(piece), file)) > 0;) {
		assert_int_equal(envoi_xml_parser_feed(parser, piece, len), ENVOI_OK);
	}
	fclose(file);
}

static void check_all(struct check *check)
{
	struct envoi_xml_parser *parser;
	struct envoi_xml_item item = {.kind = ENVOI_XML_HEAD};
	assert_int_equal(envoi_xml_parser_new(&parser, check->context, NULL), ENVOI_OK);
	feed(parser, check->xep);
	while (item.kind != ENVOI_XML_END) {
		assert_int_equal(envoi_xml_parser_next(parser, &item), ENVOI_OK);
		if (envoi_element_is(item.element, ENVOI_NS_CLIENT, "example")) {
			check_example(check, item.element);
		}
		envoi_element_unref(item.element);
	}
	envoi_xml_parser_free(parser);
}

size_t xep_examples_check(
	const char *xep, const struct xep_table *tables, const char *const *exceptions)
{
	static const char *const none[] = {NULL};
	struct check check = {
		.xep = xep,
		.tables = tables,
		.exceptions = exceptions != NULL ? exceptions : none,
	};
	assert_int_equal(envoi_context_new(&check.context, NULL), ENVOI_OK);
	check_all(&check);
	find_unused_exceptions(&check);
	envoi_context_unref(check.context);
	assert_int_equal(check.faults, 0);
	return check.count;
}
