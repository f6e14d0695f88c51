/*
 * envoi - paths: elements found by names, namespaces and attributes
 * SPDX-License-Identifier: MIT
 */
#include "xml/path.h"

#include <string.h>

#include <envoi/context.h>

#include "xml/chars.h"
#include "xml/element.h"

/* --- compiling --- */

/** A path being read. Each part is terminated where it ends: what stood there is in `next`. */
struct reader {
	char *text, *at;
	char next; /* at the end of the last part: '/', '@', '=', NUL */
	const char *why; /* NULL: no problem */
};

static bool refuse(struct reader *reader, const char *why)
{
	reader->why = why;
	return false;
}

/* @return the part up to one of the delimiters or the end */
static char *take(struct reader *reader, const char *delimiters)
{
	char *part = reader->at, *end = part + strcspn(part, delimiters);
	reader->next = *end;
	reader->at = *end == '\0' ? end : end + 1;
	*end = '\0';
	return part;
}

/* Where a part is refused, the problem stands at its first byte. */
static bool refuse_part(struct reader *reader, char *part, const char *why)
{
	reader->at = part;
	return refuse(reader, why);
}

static bool read_ncname(struct reader *reader, const char *delimiters, const char **ret_name)
{
	char *name = take(reader, delimiters);
	*ret_name = name;
	return envoi__xml_is_ncname(name, strlen(name)) ||
		refuse_part(reader, name, "a name is expected");
}

/* Behind the brace that opens. */
static bool read_namespace(struct reader *reader, const char **ret_ns)
{
	char *ns = take(reader, "}");
	if (reader->next != '}') {
		return refuse_part(reader, ns - 1, "a brace is not closed");
	}
	*ret_ns = ns;
	return strcmp(ns, "*") == 0 || envoi__xml_is_namespace(ns, strlen(ns)) ||
		refuse_part(reader, ns, "not the name of a namespace");
}

static bool read_value(struct reader *reader, const char **ret_value)
{
	const char quote[] = {*reader->at, '\0'};
	if (quote[0] != '\'' && quote[0] != '"') {
		return refuse(reader, "a value in quotes is expected");
	}
	reader->at++;
	char *value = take(reader, quote);
	if (reader->next != quote[0]) {
		return refuse_part(reader, value - 1, "a quote is not closed");
	}
	*ret_value = value;
	reader->next = *reader->at;
	if (reader->next != '\0' && reader->next != '/') {
		return refuse(reader, "/ or the end is expected");
	}
	reader->at += reader->next == '/';
	return true;
}

static bool read_test(struct reader *reader, struct envoi__path_step *step)
{
	step->attr_ns = "";
	if (*reader->at == '{') {
		char *brace = reader->at++;
		if (!read_namespace(reader, &step->attr_ns)) {
			return false;
		}
		if (strcmp(step->attr_ns, "*") == 0) {
			return refuse_part(reader, brace, "an attribute has one namespace or none");
		}
	}
	return read_ncname(reader, "/=", &step->attr) &&
		(reader->next != '=' || read_value(reader, &step->value));
}

static bool read_step(struct reader *reader, const char *ns, struct envoi__path_step *step)
{
	bool has_ns = *reader->at == '{';
	step->ns = ns;
	if (has_ns) {
		reader->at++;
		if (!read_namespace(reader, &step->ns)) {
			return false;
		}
		step->ns = strcmp(step->ns, "*") == 0 ? NULL : step->ns;
	}
	if (*reader->at == '*') {
		char *star = take(reader, "/@");
		if (strcmp(star, "*") != 0) {
			return refuse_part(reader, star + 1, "/, @ or the end is expected");
		}
		step->ns = has_ns ? step->ns : NULL;
	} else if (!read_ncname(reader, "/@", &step->name)) {
		return false;
	}
	return reader->next != '@' || read_test(reader, step);
}

static bool read_steps(struct reader *reader, struct envoi_path *path)
{
	const char *ns = ENVOI_NS_CLIENT;
	do {
		if (path->count == ENVOI__PATH_STEPS) {
			return refuse(reader, "more than 32 steps");
		}
		struct envoi__path_step *step = &path->steps[path->count++];
		if (!read_step(reader, ns, step)) {
			return false;
		}
		ns = step->ns;
	} while (reader->next == '/');
	return true;
}

static size_t most_steps(const char *text)
{
	size_t count = 1;
	for (; *text != '\0' && count < ENVOI__PATH_STEPS; text++) {
		count += *text == '/';
	}
	return count;
}

int envoi_path_new(struct envoi_path **ret_path, struct envoi_context *context, const char *text,
	struct envoi_path_problem *ret_problem)
{
	if (text == NULL) {
		text = ""; /* which has no name */
	}
	size_t len = strlen(text);
	size_t steps = most_steps(text) * sizeof(struct envoi__path_step);
	struct envoi_path *path = envoi_alloc_zeroed(context, sizeof(*path) + steps + len + 1);
	if (path == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	path->context = context;
	path->text = (char *)path->steps + steps;
	memcpy(path->text, text, len + 1);
	struct reader reader = {.text = path->text, .at = path->text};
	if (!read_steps(&reader, path)) {
		if (ret_problem != NULL) {
			*ret_problem = (struct envoi_path_problem){
				(size_t)(reader.at - reader.text), reader.why};
		}
		envoi_path_free(path);
		return ENVOI_ERR_INVALID;
	}
	*ret_path = path;
	return ENVOI_OK;
}

struct envoi_path *envoi__path_to_depth(
	struct envoi_context *context, size_t depth, const char *ns, const char *name)
{
	size_t steps = (depth + 1) * sizeof(struct envoi__path_step);
	struct envoi_path *path = envoi_alloc_zeroed(context, sizeof(*path) + steps);
	if (path != NULL) {
		path->context = context;
		path->count = depth + 1;
		path->steps[depth] = (struct envoi__path_step){.ns = ns, .name = name};
	}
	return path;
}

void envoi_path_free(struct envoi_path *path)
{
	if (path != NULL) {
		envoi_free(path->context, path);
	}
}

/* --- finding --- */

static bool passes(const struct envoi__path_step *step, const struct envoi_element *element)
{
	if (step->attr == NULL) {
		return true;
	}
	const char *value = envoi_element_attr_ns(element, step->attr_ns, step->attr);
	return value != NULL && (step->value == NULL || strcmp(value, step->value) == 0);
}

static bool fits(const struct envoi__path_step *step, const struct envoi_element *element)
{
	return (step->name == NULL || envoi__same_text(step->name, element->name)) &&
		(step->ns == NULL || envoi__same_text(step->ns, element->ns)) &&
		passes(step, element);
}

static struct envoi_element *find_from(
	const struct envoi_path *path, size_t at, struct envoi_element *element)
{
	if (!fits(&path->steps[at], element)) {
		return NULL;
	}
	if (at + 1 == path->count) {
		return element;
	}
	struct envoi_element *child = envoi_element_first(element);
	for (; child != NULL; child = envoi_element_next(child)) {
		struct envoi_element *found = find_from(path, at + 1, child);
		if (found != NULL) {
			return found;
		}
	}
	return NULL;
}

struct envoi_element *envoi_path_find(
	const struct envoi_path *path, const struct envoi_element *root)
{
	return root == NULL ? NULL : find_from(path, 0, (struct envoi_element *)(uintptr_t)root);
}
