/*
 * envoi - what fuzz targets share
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the content of an element, in order, is seen only there.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xml/element.h"

void fuzz_fail(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

struct envoi_context *fuzz_context(void)
{
	struct envoi_context *context;
	EXPECT(envoi_context_new(&context, NULL) == ENVOI_OK);
	return context;
}

uint8_t fuzz_byte(struct fuzz_input *input)
{
	if (input->len == 0) {
		return 0;
	}
	input->len--;
	return *input->data++;
}

static char *copy(const void *data, size_t len)
{
	char *text = malloc(len + 1);
	EXPECT(text != NULL);
	if (len > 0) {
		memcpy(text, data, len);
	}
	text[len] = '\0';
	return text;
}

char *fuzz_string(struct fuzz_input *input, const char *const *list, size_t count)
{
	uint8_t kind = fuzz_byte(input);
	if (kind < 0xe0) {
		const char *text = list[kind % count];
		return copy(text, strlen(text));
	}
	size_t len = kind - 0xe0;
	len = len > input->len ? input->len : len;
	char *text = copy(input->data, len);
	input->data += len;
	input->len -= len;
	return text;
}

char *fuzz_rest(const struct fuzz_input *input)
{
	return copy(input->data, input->len);
}

static int by_name(const void *a, const void *b)
{
	const struct fuzz_attr *left = a, *right = b;
	int order = strcmp(left->ns, right->ns);
	return order != 0 ? order : strcmp(left->name, right->name);
}

void fuzz_describe_tag(struct envoi_buffer *out, const char *ns, const char *name,
	struct fuzz_attr *attrs, size_t attr_count)
{
	EXPECT(envoi_buffer_printf(out, "<{%s}%s", ns, name) == ENVOI_OK);
	if (attr_count > 1) {
		qsort(attrs, attr_count, sizeof(*attrs), by_name);
	}
	for (size_t i = 0; i < attr_count; i++) {
		EXPECT(envoi_buffer_printf(out, " {%s}%s=\"%s\"", attrs[i].ns, attrs[i].name,
			       attrs[i].value) == ENVOI_OK);
	}
	EXPECT(envoi_buffer_append(out, ">", 1) == ENVOI_OK);
}

static void describe_start(struct envoi_buffer *out, const struct envoi_element *element)
{
	struct fuzz_attr *attrs = calloc(element->attr_count + 1, sizeof(*attrs));
	EXPECT(attrs != NULL);
	size_t count = 0, position = 0;
	while (envoi_element_next_attr(
		element, &position, &attrs[count].ns, &attrs[count].name, &attrs[count].value)) {
		count++;
	}
	fuzz_describe_tag(
		out, envoi_element_ns(element), envoi_element_name(element), attrs, count);
	free(attrs);
}

static void describe_end(struct envoi_buffer *out)
{
	EXPECT(envoi_buffer_append_text(out, "</>") == ENVOI_OK);
}

void fuzz_describe(struct envoi_buffer *out, const struct envoi_element *element)
{
	const struct envoi_element *at = element;
	const struct envoi__node *node = element->first;
	describe_start(out, element);
	for (;;) {
		while (node == NULL) {
			describe_end(out);
			if (at == element) {
				return;
			}
			node = at->node.next;
			at = at->parent;
		}
		if (node->text != NULL) {
			EXPECT(envoi_buffer_append_text(out, node->text) == ENVOI_OK);
			node = node->next;
			continue;
		}
		at = (const struct envoi_element *)(const void *)node;
		describe_start(out, at);
		node = at->first;
	}
}

int fuzz_same(const struct envoi_buffer *a, const struct envoi_buffer *b)
{
	size_t len = envoi_buffer_len(a);
	return len == envoi_buffer_len(b) &&
		(len == 0 || memcmp(envoi_buffer_data(a), envoi_buffer_data(b), len) == 0);
}
