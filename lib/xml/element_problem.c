/*
 * envoi - element trees: why building one has failed
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"
#include "xml/element.h"

enum {
	MOST_NAMES = 4, /* of a path: the innermost */
};

void envoi__element_fail(struct envoi_element *element, int error)
{
	if (element != NULL && element->tree->error == ENVOI_OK) {
		element->tree->error = error;
	}
}

static size_t put_path(const struct envoi_element *element, char *out, size_t size)
{
	const struct envoi_element *names[MOST_NAMES];
	size_t count = 0, len = 0;
	for (; element != NULL && count < MOST_NAMES; element = element->parent) {
		names[count++] = element;
	}
	int r = snprintf(out, size, "%s", element != NULL ? ".../" : "");
	while (r >= 0 && (len += (size_t)r) < size && count > 0) {
		count--;
		r = snprintf(
			out + len, size - len, "%.64s%s", names[count]->name, count > 0 ? "/" : "");
	}
	return len < size ? len : size - 1;
}

/* The text of the application may hold any bytes, and the problem is displayed. */
static void replace_bad_bytes(char *text)
{
	size_t len = strlen(text);
	for (size_t at = 0; at < len; at++) {
		struct envoi__utf8 state = {0};
		at += envoi__utf8_check(&state, text + at, len - at);
		if (at < len) {
			text[at] = '?';
		}
	}
}

void envoi__element_refuse(struct envoi_element *element, const char *format, ...)
{
	struct envoi__tree *tree = element->tree;
	char text[512];
	va_list args;
	if (tree->error != ENVOI_OK) {
		return;
	}
	size_t len = put_path(element, text, sizeof(text));
	va_start(args, format);
	vsnprintf(text + len, sizeof(text) - len, format, args);
	va_end(args);
	replace_bad_bytes(text);
	tree->error = ENVOI_ERR_INVALID;
	tree->problem = envoi__arena_strndup(&tree->arena, text, strlen(text));
}

void envoi__describe_bad_text(const char *text, char *out, size_t size)
{
	struct envoi__utf8 state = {0};
	size_t len = strlen(text), good = envoi__utf8_check(&state, text, len);
	unsigned char bad = (unsigned char)text[good];
	if (good == len) {
		snprintf(out, size, "it ends within a character");
	} else if (bad < 0x20) {
		snprintf(out, size, "U+%04X at byte %zu is not allowed in XML", bad, good);
	} else {
		snprintf(out, size, "0x%02X at byte %zu is not UTF-8, or not allowed in XML", bad,
			good);
	}
}

const char *envoi_element_problem(const struct envoi_element *element)
{
	int error = envoi_element_error(element);
	bool is_explained = element != NULL && element->tree->problem != NULL;
	return is_explained ? element->tree->problem : envoi_error_text(error);
}

int envoi_element_error(const struct envoi_element *element)
{
	return element == NULL ? ENVOI_ERR_NOMEM : element->tree->error;
}
