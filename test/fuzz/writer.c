/*
 * envoi - fuzz target: what builds and writes XML
 * SPDX-License-Identifier: MIT
 *
 * Input: a program of calls, for a tree and for the streaming writer at once. What is not refused
 * is taken by our parser, and comes back as an equal tree that is written the same.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"a", "b", "message", "xml", "xmlns", "stream", "a:b", "", "1a",
	"ns1", "\xc3\xa9", "\xc3\x97", "a-b.c", "-a", "lang", "_"};
static const char *const namespaces[] = {"", "jabber:client", "urn:a", "urn:b",
	"http://etherx.jabber.org/streams", "http://www.w3.org/XML/1998/namespace",
	"http://www.w3.org/2000/xmlns/", "'&<>\"", " urn:c", "\xc3\xa9", "\xff", "\t"};
static const char *const texts[] = {"", "text", "&<>'\"", "]]>", "\r\n\t ", "\xf0\x9f\x90\xa6",
	"\xef\xbf\xbe", "\x01", "\xc0\x80", "&amp;", "<!--", "\xed\xa0\x80", "\xef\xbb\xbf"};

#define STRING(input, list) fuzz_string(input, list, sizeof(list) / sizeof((list)[0]))

/* A string, or NULL now and then. */
#define STRING_OR_NULL(input, list) (fuzz_byte(input) % 4 == 0 ? NULL : STRING(input, list))

/* --- what was written --- */

/* @return the one element that was written, or NULL: too long */
static struct envoi_element *parse(const struct envoi_buffer *written, const char *default_ns)
{
	struct envoi_element *element = NULL;
	int r = envoi_xml_parse(&element, written->context, envoi_buffer_data(written),
		envoi_buffer_len(written), default_ns);
	EXPECT(r == ENVOI_OK || r == ENVOI_ERR_LIMIT);
	return element;
}

static void check_same(const struct envoi_element *a, const struct envoi_element *b)
{
	struct envoi_context *context = fuzz_context();
	struct envoi_buffer one, other;
	envoi_buffer_init(&one, context, 0);
	envoi_buffer_init(&other, context, 0);
	fuzz_describe(&one, a);
	fuzz_describe(&other, b);
	EXPECT(fuzz_same(&one, &other));
	envoi_buffer_finish(&one);
	envoi_buffer_finish(&other);
	envoi_context_unref(context);
}

static void check_written_again(const struct envoi_buffer *written,
	const struct envoi_element *element, const char *default_ns)
{
	struct envoi_buffer again;
	envoi_buffer_init(&again, written->context, 0);
	EXPECT(envoi_xml_write(&again, element, default_ns) == ENVOI_OK);
	EXPECT(fuzz_same(written, &again));
	envoi_buffer_finish(&again);
}

static void check_tree(
	struct envoi_context *context, const struct envoi_element *root, const char *default_ns)
{
	struct envoi_buffer written;
	envoi_buffer_init(&written, context, 0);
	EXPECT(envoi_buffer_append(&written, "before", 6) == ENVOI_OK);
	int r = envoi_xml_write(&written, root, default_ns);
	EXPECT(r == envoi_element_error(root));
	if (r < 0) {
		EXPECT(envoi_buffer_len(&written) == 6);
	} else {
		envoi_buffer_consume(&written, 6);
		struct envoi_element *parsed = parse(&written, default_ns);
		if (parsed != NULL) {
			check_same(root, parsed);
			check_written_again(&written, parsed, default_ns);
		}
		envoi_element_unref(parsed);
		struct envoi_element *copy = envoi_element_dup(root);
		EXPECT(copy != NULL);
		check_same(root, copy);
		check_written_again(&written, copy, default_ns);
		envoi_element_unref(copy);
	}
	envoi_buffer_finish(&written);
}

/* --- calls --- */

/* A copy of a copy of a copy: a few calls could make millions. */
#define MOST_COPIED 5000

struct state {
	struct fuzz_input input;
	size_t copied; /* elements */
	struct envoi_context *context;
	struct envoi_element *root, *at; /* at: NULL behind a failure */
	struct envoi_element *other; /* a finished tree, to copy from */
	struct envoi_xml_writer *writer;
};

static void call_open(struct state *state)
{
	char *ns = STRING_OR_NULL(&state->input, namespaces);
	char *name = STRING(&state->input, names);
	state->at = envoi_element_add(state->at, ns, name);
	envoi_xml_open(state->writer, ns, name);
	free(ns);
	free(name);
}

static void call_attr(struct state *state)
{
	char *ns = STRING_OR_NULL(&state->input, namespaces);
	char *name = STRING(&state->input, names);
	char *value = STRING_OR_NULL(&state->input, texts);
	if (ns == NULL) {
		envoi_element_set(state->at, name, value);
		envoi_xml_attr(state->writer, name, value);
	} else {
		envoi_element_set_ns(state->at, ns, name, value);
		envoi_xml_attr_ns(state->writer, ns, name, value);
	}
	free(ns);
	free(name);
	free(value);
}

static void call_text(struct state *state)
{
	char *text = STRING(&state->input, texts);
	envoi_element_add_text(state->at, text);
	envoi_xml_text(state->writer, text);
	free(text);
}

static void call_close(struct state *state)
{
	if (state->at != NULL && envoi_element_parent(state->at) != NULL) {
		state->at = envoi_element_parent(state->at);
	}
	envoi_xml_close(state->writer);
}

/* The tree so far becomes one to copy from, and a new one begins in its root's place. */
static void call_renew(struct state *state)
{
	char *ns = STRING(&state->input, namespaces), *name = STRING(&state->input, names);
	struct envoi_element *root = envoi_element_new(state->context, ns, name);
	free(ns);
	free(name);
	if (root != NULL) {
		envoi_element_unref(state->other);
		state->other = state->root;
		state->root = state->at = root;
	}
}

static size_t count_elements(const struct envoi_element *element)
{
	size_t count = 1;
	const struct envoi_element *child = envoi_element_first(element);
	for (; child != NULL; child = envoi_element_next(child)) {
		count += count_elements(child);
	}
	return count;
}

static void call_copy(struct state *state)
{
	if (state->other == NULL || envoi_element_error(state->other) < 0) {
		return;
	}
	struct envoi_element *part = envoi_element_first(state->other);
	part = part == NULL || fuzz_byte(&state->input) % 2 == 0 ? state->other : part;
	state->copied += count_elements(part);
	if (state->copied > MOST_COPIED) {
		return;
	}
	envoi_element_add_copy(state->at, part);
	envoi_xml_element(state->writer, part);
}

static void call(struct state *state)
{
	switch (fuzz_byte(&state->input) % 8) {
	case 0:
	case 1:
		call_open(state);
		break;
	case 2:
	case 3:
		call_attr(state);
		break;
	case 4:
		call_text(state);
		break;
	case 5:
		call_close(state);
		break;
	case 6:
		call_copy(state);
		break;
	default:
		call_renew(state);
	}
}

/* In another place the form may be another: `stream:` is for what stands at the top. */
static void check_written_elsewhere(const struct envoi_element *element, const char *default_ns)
{
	struct envoi_context *context = fuzz_context();
	struct envoi_buffer again;
	envoi_buffer_init(&again, context, 0);
	EXPECT(envoi_xml_write(&again, element, default_ns) == ENVOI_OK);
	struct envoi_element *parsed = parse(&again, default_ns);
	if (parsed != NULL) {
		check_same(element, parsed);
	}
	envoi_element_unref(parsed);
	envoi_buffer_finish(&again);
	envoi_context_unref(context);
}

/* Several elements may have been written: round them one more. */
static void check_writer(struct state *state, struct envoi_buffer *out, const char *default_ns)
{
	int r = envoi_xml_writer_finish(state->writer);
	EXPECT(r == ENVOI_OK || r == ENVOI_ERR_INVALID || r == ENVOI_ERR_STATE);
	if (r < 0) {
		EXPECT(envoi_buffer_len(out) == 0);
	}
	if (envoi_buffer_len(out) == 0) {
		return;
	}
	struct envoi_buffer wrapped;
	envoi_buffer_init(&wrapped, state->context, 0);
	EXPECT(envoi_buffer_printf(&wrapped, "<wrapped>%.*s</wrapped>", (int)envoi_buffer_len(out),
		       envoi_buffer_data(out)) == ENVOI_OK);
	struct envoi_element *parsed = parse(&wrapped, default_ns);
	if (parsed != NULL) {
		check_written_elsewhere(parsed, default_ns);
	}
	envoi_element_unref(parsed);
	envoi_buffer_finish(&wrapped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state state = {.input = {data, size}, .context = fuzz_context()};
	const char *default_ns = fuzz_byte(&state.input) % 2 == 0 ? "jabber:client" : "";
	struct envoi_buffer out;
	envoi_buffer_init(&out, state.context, 0);
	state.root = state.at = envoi_element_new(state.context, "jabber:client", "root");
	state.writer = envoi_xml_writer_new(&out, default_ns);
	EXPECT(state.root != NULL && state.writer != NULL);
	while (state.input.len > 0) {
		call(&state);
	}
	check_tree(state.context, state.root, default_ns);
	if (state.other != NULL) {
		check_tree(state.context, state.other, default_ns);
	}
	check_writer(&state, &out, default_ns);
	envoi_buffer_finish(&out);
	envoi_element_unref(state.root);
	envoi_element_unref(state.other);
	envoi_context_unref(state.context);
	return 0;
}
