/*
 * envoi - writing XML without a tree
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "xml/chars.h"
#include "xml/element.h"
#include "xml/emit.h"
#include "xml/names.h"
#include "xml/write.h"

enum {
	FIRST_ATTRS = 8,
};

struct open_element {
	struct open_element *outer;
	const char *prefix, *ns, *name;
	const char *scope; /* the default namespace inside */
};

struct envoi_xml_writer {
	struct envoi_context *context;
	struct envoi__emit emit;
	struct envoi__arena arena;
	size_t before; /* bytes in the buffer when we began */
	const char *default_ns;
	size_t tag, attrs_at; /* offsets in the buffer: of the current tag, of its attributes */
	struct open_element *current, *spare;
	bool in_tag;
	struct envoi__attr *attrs; /* of the current tag; values are not kept */
	size_t attr_count, attr_room;
};

struct envoi_xml_writer *envoi_xml_writer_new(struct envoi_buffer *out, const char *default_ns)
{
	struct envoi_xml_writer *writer = envoi_alloc(out->context, sizeof(*writer));
	if (writer == NULL) {
		return NULL;
	}
	*writer = (struct envoi_xml_writer){
		.context = envoi_context_ref(out->context),
		.emit = {.out = out},
		.before = envoi_buffer_len(out),
	};
	envoi__arena_init(&writer->arena, out->context);
	const char *ns = default_ns == NULL ? "" : default_ns;
	writer->default_ns = envoi__arena_strndup(&writer->arena, ns, strlen(ns));
	if (writer->default_ns == NULL) {
		writer->emit.error = ENVOI_ERR_NOMEM;
	}
	return writer;
}

static void fail(struct envoi_xml_writer *writer, int error)
{
	if (writer->emit.error == ENVOI_OK) {
		writer->emit.error = error;
	}
}

static bool is_broken(const struct envoi_xml_writer *writer)
{
	return writer == NULL || writer->emit.error != ENVOI_OK;
}

struct envoi_context *envoi__xml_writer_context(const struct envoi_xml_writer *writer)
{
	return writer->context;
}

void envoi__xml_writer_fail(struct envoi_xml_writer *writer, int error)
{
	fail(writer, error);
}

static const char *keep(struct envoi_xml_writer *writer, const char *text)
{
	size_t len = strlen(text);
	const char *known = envoi__name_lookup(writer->context, text, len);
	return known != NULL ? known : envoi__arena_strndup(&writer->arena, text, len);
}

static const char *scope_of(const struct envoi_xml_writer *writer)
{
	return writer->current != NULL ? writer->current->scope : writer->default_ns;
}

static void end_tag_head(struct envoi_xml_writer *writer)
{
	if (writer->in_tag) {
		envoi__emit_bytes(&writer->emit, ">", 1);
		writer->in_tag = false;
	}
}

static struct open_element *push(struct envoi_xml_writer *writer)
{
	struct open_element *element = writer->spare;
	if (element != NULL) {
		writer->spare = element->outer;
	} else {
		element = envoi__arena_alloc(&writer->arena, sizeof(*element));
		if (element == NULL) {
			return NULL;
		}
	}
	element->outer = writer->current;
	return element;
}

void envoi_xml_open(struct envoi_xml_writer *writer, const char *ns, const char *name)
{
	if (is_broken(writer)) {
		return;
	}
	const char *scope = scope_of(writer);
	if (ns == NULL) {
		ns = writer->current != NULL ? writer->current->ns : scope;
	}
	if (name == NULL || !envoi__xml_is_ncname(name, strlen(name)) ||
		!envoi__xml_is_namespace(ns, strlen(ns))) {
		fail(writer, ENVOI_ERR_INVALID);
		return;
	}
	end_tag_head(writer);
	struct open_element *element = push(writer);
	const char *own_ns = keep(writer, ns), *own_name = keep(writer, name);
	if (element == NULL || own_ns == NULL || own_name == NULL) {
		fail(writer, ENVOI_ERR_NOMEM);
		return;
	}
	element->prefix = envoi__emit_prefix(own_ns, element->outer == NULL);
	element->ns = own_ns;
	element->name = own_name;
	element->scope = *element->prefix == '\0' ? own_ns : scope;
	writer->current = element;
	writer->in_tag = true;
	writer->attr_count = 0;
	writer->tag = envoi__emit_len(&writer->emit);
	envoi__emit_open(&writer->emit, element->prefix, own_ns, own_name, scope);
	writer->attrs_at = envoi__emit_len(&writer->emit);
}

static int note_attr(struct envoi_xml_writer *writer, const char *ns, const char *name)
{
	if (writer->attr_count == writer->attr_room) {
		size_t room = writer->attr_room == 0 ? FIRST_ATTRS : writer->attr_room * 2;
		struct envoi__attr *attrs = envoi__arena_alloc(
			&writer->arena, room * sizeof(*attrs));
		if (attrs == NULL) {
			return ENVOI_ERR_NOMEM;
		}
		if (writer->attr_count > 0) {
			memcpy(attrs, writer->attrs, writer->attr_count * sizeof(*attrs));
		}
		writer->attrs = attrs;
		writer->attr_room = room;
	}
	struct envoi__attr attr = {keep(writer, ns), keep(writer, name), NULL};
	if (attr.ns == NULL || attr.name == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	writer->attrs[writer->attr_count++] = attr;
	return ENVOI_OK;
}

/* As write.c decides. */
static bool is_for_element(const struct envoi_xml_writer *writer, const char *ns)
{
	const struct open_element *element = writer->current;
	return *ns != '\0' && *element->prefix == '\0' && envoi__same_text(ns, element->ns) &&
		!envoi__same_text(ns, writer->default_ns);
}

/*
 * The first attribute in the namespace of its element comes: the element takes the attribute's
 * prefix, so that the namespace is declared once. See write.c.
 */
static void use_prefix(struct envoi_xml_writer *writer, size_t first)
{
	struct open_element *element = writer->current;
	char prefix[ENVOI__EMIT_PREFIX_SIZE];
	envoi__emit_number(prefix, first);
	struct envoi_buffer *out = writer->emit.out;
	struct envoi_buffer attrs;
	envoi_buffer_init(&attrs, writer->context, 0);
	const char *scope = element->outer != NULL ? element->outer->scope : writer->default_ns;
	int r = envoi__emit_flush(&writer->emit);
	size_t len = envoi_buffer_len(out) - writer->attrs_at;
	if (r == ENVOI_OK) {
		r = envoi_buffer_append(&attrs, envoi_buffer_data(out) + writer->attrs_at, len);
	}
	element->prefix = envoi__arena_strndup(&writer->arena, prefix, strlen(prefix));
	if (r < 0 || element->prefix == NULL) {
		fail(writer, r < 0 ? r : ENVOI_ERR_NOMEM);
	} else {
		envoi_buffer_truncate(out, writer->tag);
		element->scope = scope;
		envoi__emit_open(&writer->emit, element->prefix, element->ns, element->name, scope);
		envoi__emit_bytes(&writer->emit, envoi_buffer_data(&attrs), len);
	}
	envoi_buffer_wipe(&attrs);
}

void envoi_xml_attr_ns(
	struct envoi_xml_writer *writer, const char *ns, const char *name, const char *value)
{
	if (is_broken(writer) || value == NULL) {
		return;
	}
	if (!writer->in_tag) {
		fail(writer, ENVOI_ERR_STATE);
		return;
	}
	if (!envoi__xml_is_attr(ns, name) || !envoi__utf8_valid(value, strlen(value))) {
		fail(writer, ENVOI_ERR_INVALID);
		return;
	}
	size_t first = writer->attr_count;
	for (size_t i = writer->attr_count; i-- > 0;) {
		if (!envoi__same_text(writer->attrs[i].ns, ns)) {
			continue;
		}
		if (envoi__same_text(writer->attrs[i].name, name)) {
			fail(writer, ENVOI_ERR_INVALID);
			return;
		}
		first = i;
	}
	if (note_attr(writer, ns, name) < 0) {
		fail(writer, ENVOI_ERR_NOMEM);
		return;
	}
	bool is_first = first == writer->attr_count - 1;
	bool is_elements = is_first && is_for_element(writer, ns);
	if (is_elements) {
		use_prefix(writer, first);
	}
	envoi__emit_attr_ns(&writer->emit, ns, name, value, first, is_first && !is_elements);
}

void envoi_xml_attr(struct envoi_xml_writer *writer, const char *name, const char *value)
{
	envoi_xml_attr_ns(writer, "", name, value);
}

void envoi_xml_text(struct envoi_xml_writer *writer, const char *text)
{
	if (is_broken(writer) || text == NULL || *text == '\0') {
		return;
	}
	size_t len = strlen(text);
	if (writer->current == NULL) {
		fail(writer, ENVOI_ERR_STATE);
	} else if (!envoi__utf8_valid(text, len)) {
		fail(writer, ENVOI_ERR_INVALID);
	} else {
		end_tag_head(writer);
		envoi__emit_text(&writer->emit, text, len);
	}
}

void envoi_xml_element(struct envoi_xml_writer *writer, const struct envoi_element *element)
{
	if (is_broken(writer)) {
		return;
	}
	int error = envoi_element_error(element);
	if (error < 0) {
		fail(writer, error);
		return;
	}
	end_tag_head(writer);
	envoi__xml_write(&writer->emit, element, scope_of(writer), writer->current == NULL);
}

void envoi_xml_close(struct envoi_xml_writer *writer)
{
	if (is_broken(writer)) {
		return;
	}
	struct open_element *element = writer->current;
	if (element == NULL) {
		fail(writer, ENVOI_ERR_STATE);
		return;
	}
	if (writer->in_tag) {
		envoi__emit_bytes(&writer->emit, "/>", 2);
		writer->in_tag = false;
	} else {
		envoi__emit_close(&writer->emit, element->prefix, element->name);
	}
	writer->current = element->outer;
	element->outer = writer->spare;
	writer->spare = element;
}

int envoi_xml_writer_finish(struct envoi_xml_writer *writer)
{
	if (writer == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (writer->current != NULL) {
		fail(writer, ENVOI_ERR_STATE);
	}
	int error = envoi__emit_flush(&writer->emit);
	if (error < 0) {
		envoi_buffer_truncate(writer->emit.out, writer->before);
	}
	struct envoi_context *context = writer->context;
	envoi__arena_finish(&writer->arena);
	envoi_free(context, writer);
	envoi_context_unref(context);
	return error;
}
