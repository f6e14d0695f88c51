/*
 * envoi - what holds for every payload table
 * SPDX-License-Identifier: MIT
 */
#include "payload_property.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/buffer.h>
#include <envoi/context.h>

#include "parse_one.h"
#include "payload_random.h"
#include "test_allocator.h"

static void assert_ok(int r, const struct envoi_payload_problem *problem)
{
	if (r != ENVOI_OK) {
		fail_msg("%d: %s %s", r, problem->where, problem->why);
	}
}

static void write_tree(
	struct envoi_buffer *out, const struct envoi_payload_type *type, const void *value)
{
	struct envoi_payload_problem problem = {.why = ""};
	struct envoi_element *tree;
	assert_ok(envoi_payload_build(&tree, out->context, type, value, &problem), &problem);
	assert_int_equal(envoi_xml_write(out, tree, "jabber:client"), ENVOI_OK);
	envoi_element_unref(tree);
}

static void write_bytes(
	struct envoi_buffer *out, const struct envoi_payload_type *type, const void *value)
{
	struct envoi_payload_problem problem = {.why = ""};
	struct envoi_xml_writer *writer = envoi_xml_writer_new(out, "jabber:client");
	assert_ok(envoi_payload_write(writer, type, value, &problem), &problem);
	assert_int_equal(envoi_xml_writer_finish(writer), ENVOI_OK);
}

static void assert_same(const struct envoi_buffer *a, const struct envoi_buffer *b)
{
	assert_int_equal(envoi_buffer_len(a), envoi_buffer_len(b));
	assert_memory_equal(envoi_buffer_data(a), envoi_buffer_data(b), envoi_buffer_len(a));
}

/* Parse what was written, copy it, let the original go, and write the copy. */
static void check_round_trip(struct envoi_context *context, const struct envoi_payload_type *type,
	const void *value, const struct envoi_buffer *written)
{
	struct envoi_payload_problem problem = {.why = ""};
	const void *parsed;
	struct envoi_element *element = parse_bytes(
		context, envoi_buffer_data(written), envoi_buffer_len(written));
	if (element == NULL) {
		fail_msg(
			"no XML: %.*s", (int)envoi_buffer_len(written), envoi_buffer_data(written));
	}
	assert_ok(envoi_payload_parse(&parsed, type, element, &problem), &problem);
	if (!envoi_payload_equal(type, value, parsed)) {
		fail_msg("differs: %.*s", (int)envoi_buffer_len(written),
			envoi_buffer_data(written));
	}
	void *copy = envoi_payload_dup(context, type, parsed);
	assert_non_null(copy);
	envoi_element_unref(element);
	assert_true(envoi_payload_equal(type, value, copy));
	struct envoi_buffer again;
	envoi_buffer_init(&again, context, 0);
	write_bytes(&again, type, copy);
	assert_same(written, &again);
	envoi_buffer_finish(&again);
	envoi_payload_free(type, copy);
}

/* --- mutations --- */

static char *mutated(
	struct payload_random *random, const struct envoi_buffer *from, size_t *ret_len)
{
	static const char *const snippets[] = {"<x/>", "</x>", " x='1'", "''", "-1",
		"999999999999999999999", "&#1;", "&lt;", "\xff", "text", "=", "xmlns='urn:x'",
		"<x>", " ", "true", "2002-02-30T00:00:00Z"};
	size_t len = envoi_buffer_len(from), capacity = 2 * len + 256;
	char *text = malloc(capacity);
	assert_non_null(text);
	memcpy(text, envoi_buffer_data(from), len);
	for (uint64_t steps = 1 + payload_random_below(random, 3); steps > 0; steps--) {
		size_t at = (size_t)payload_random_below(random, len + 1);
		size_t piece = (size_t)payload_random_below(random, len - at + 1);
		const char *snippet = snippets[payload_random_below(random, 16)];
		switch (payload_random_below(random, 4)) {
		case 0: /* insert something */
			if (len + strlen(snippet) < capacity) {
				memmove(text + at + strlen(snippet), text + at, len - at);
				memcpy(text + at, snippet, strlen(snippet));
				len += strlen(snippet);
			}
			break;
		case 1: /* repeat a piece */
			if (len + piece < capacity) {
				memmove(text + at + piece, text + at, len - at);
				len += piece;
			}
			break;
		case 2: /* leave a piece out */
			memmove(text + at, text + at + piece, len - at - piece);
			len -= piece;
			break;
		default: /* change a byte */
			if (at < len) {
				text[at] = (char)payload_random_below(random, 256);
			}
		}
	}
	*ret_len = len;
	return text;
}

/* A tree with another shape, but always well-formed: most mutations of bytes are not. */
static struct envoi_element *mutated_tree(
	struct payload_random *random, const struct envoi_element *from)
{
	struct envoi_element *copy = envoi_element_new(
		random->context, envoi_element_ns(from), envoi_element_name(from));
	const char *ns, *name, *text;
	size_t position = 0;
	while (envoi_element_next_attr(from, &position, &ns, &name, &text)) {
		if (payload_random_below(random, 8) != 0) {
			bool is_changed = payload_random_below(random, 8) == 0;
			envoi_element_set_ns(copy, ns, name, is_changed ? "other" : text);
		}
	}
	const struct envoi_element *child = envoi_element_first(from);
	for (; child != NULL; child = envoi_element_next(child)) {
		for (uint64_t times = payload_random_below(random, 12);; times--) {
			if (times == 0) {
				break; /* left out */
			}
			struct envoi_element *inner = mutated_tree(random, child);
			envoi_element_add_copy(copy, inner);
			envoi_element_unref(inner);
			if (times != 11) {
				break; /* else once more */
			}
		}
	}
	if (payload_random_below(random, 8) != 0) {
		envoi_element_add_text(copy, envoi_element_text(from));
	} else {
		envoi_element_add_text(copy, "other");
	}
	return copy;
}

static void check_any(struct envoi_context *context, const struct envoi_payload_type *type,
	const struct envoi_element *element)
{
	struct envoi_payload_problem problem = {.why = NULL};
	const void *parsed = NULL;
	int r = envoi_payload_parse(&parsed, type, element, &problem);
	if (r == ENVOI_DECLINED) {
		return;
	}
	if (r < 0) {
		assert_true(r == ENVOI_ERR_PROTOCOL || r == ENVOI_ERR_LIMIT);
		assert_null(parsed);
		assert_non_null(problem.why);
		const char *name = envoi_element_name(element);
		assert_memory_equal(problem.where, name, strlen(name));
		return;
	}
	struct envoi_buffer out, other;
	envoi_buffer_init(&out, context, 0);
	envoi_buffer_init(&other, context, 0);
	write_bytes(&out, type, parsed);
	write_tree(&other, type, parsed);
	assert_same(&out, &other);
	check_round_trip(context, type, parsed, &out);
	envoi_buffer_finish(&out);
	envoi_buffer_finish(&other);
}

static void check_mutations(struct payload_random *random, const struct envoi_payload_type *type,
	const struct envoi_buffer *written)
{
	for (int i = 0; i < 4; i++) {
		size_t len;
		char *text = mutated(random, written, &len);
		struct envoi_element *element = parse_bytes(random->context, text, len);
		free(text);
		if (element != NULL) {
			check_any(random->context, type, element);
			envoi_element_unref(element);
		}
	}
	struct envoi_element *element = parse_bytes(
		random->context, envoi_buffer_data(written), envoi_buffer_len(written));
	assert_non_null(element);
	for (int i = 0; i < 4; i++) {
		struct envoi_element *other = mutated_tree(random, element);
		assert_int_equal(envoi_element_error(other), ENVOI_OK);
		check_any(random->context, type, other);
		envoi_element_unref(other);
	}
	envoi_element_unref(element);
}

void payload_property_check(
	const struct envoi_payload_type *type, unsigned int rounds, uint64_t seed)
{
	struct envoi_context *context;
	struct envoi_payload_problem problem = {.why = ""};
	assert_ok(envoi_payload_check_type(type, &problem), &problem);
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	for (unsigned int i = 0; i < rounds; i++) {
		struct payload_random random;
		struct envoi_buffer tree, bytes;
		assert_int_equal(payload_random_init(&random, context, seed + i), 0);
		envoi_buffer_init(&tree, context, 0);
		envoi_buffer_init(&bytes, context, 0);
		const void *value = payload_random_struct(&random, type);
		assert_ok(envoi_payload_check(type, value, &problem), &problem);
		assert_true(envoi_payload_equal(type, value, value));
		write_tree(&tree, type, value);
		write_bytes(&bytes, type, value);
		assert_same(&tree, &bytes);
		check_round_trip(context, type, value, &bytes);
		check_mutations(&random, type, &bytes);
		envoi_buffer_finish(&tree);
		envoi_buffer_finish(&bytes);
		payload_random_finish(&random);
	}
	envoi_context_unref(context);
}

/* --- memory --- */

static bool copies_in(struct envoi_context *context, const struct envoi_payload_type *type,
	const struct envoi_element *element)
{
	const void *parsed;
	int r = envoi_payload_parse(&parsed, type, element, NULL);
	if (r < 0) {
		assert_int_equal(r, ENVOI_ERR_NOMEM);
		return false;
	}
	void *copy = envoi_payload_dup(context, type, parsed);
	bool is_complete = copy != NULL;
	envoi_payload_free(type, copy);
	return is_complete;
}

/* @param value  made in another context, whose allocator does not fail */
static bool works_in(
	struct envoi_context *context, const struct envoi_payload_type *type, const void *value)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	struct envoi_xml_writer *writer = envoi_xml_writer_new(&out, "jabber:client");
	bool is_complete = envoi_payload_write(writer, type, value, NULL) == ENVOI_OK;
	if (writer != NULL) {
		int r = envoi_xml_writer_finish(writer);
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		is_complete = r == ENVOI_OK;
	}
	struct envoi_element *tree = NULL;
	if (is_complete) {
		int r = envoi_payload_build(&tree, context, type, value, NULL);
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		is_complete = r == ENVOI_OK;
	}
	is_complete = is_complete && copies_in(context, type, tree);
	envoi_element_unref(tree);
	if (is_complete) {
		struct envoi_element *element = parse_bytes(
			context, envoi_buffer_data(&out), envoi_buffer_len(&out));
		is_complete = element != NULL && copies_in(context, type, element);
		envoi_element_unref(element);
	}
	envoi_buffer_finish(&out);
	return is_complete;
}

void payload_property_check_memory(const struct envoi_payload_type *type, uint64_t seed)
{
	struct envoi_context *plain;
	struct payload_random random;
	assert_int_equal(envoi_context_new(&plain, NULL), ENVOI_OK);
	assert_int_equal(payload_random_init(&random, plain, seed), 0);
	const void *value = payload_random_struct(&random, type);
	bool is_complete = false;
	for (size_t k = 2; !is_complete; k++) {
		struct test_allocator allocator = {.fail_at = k};
		struct envoi_context *context;
		assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
		works_in(context, type, value);
		is_complete = allocator.calls < k;
		envoi_context_unref(context);
		assert_int_equal(allocator.live, 0);
	}
	payload_random_finish(&random);
	envoi_context_unref(plain);
}
