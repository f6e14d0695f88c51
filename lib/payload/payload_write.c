/*
 * envoi - payload descriptors: from structs to XML
 * SPDX-License-Identifier: MIT
 */
#include "payload/payload.h"

#include "xml/element.h"
#include "xml/write.h"

/* The output: a writer or a tree. */
struct sink {
	struct envoi_xml_writer *writer; /* or NULL */
	struct envoi_element *element; /* the innermost open one, of a tree */
	struct envoi__arena scratch;
	bool is_out_of_memory;
};

static void emit_struct(struct sink *sink, const struct envoi_payload_type *type, const char *name,
	const char *ns, const void *value);

static void open_element(struct sink *sink, const char *ns, const char *name)
{
	if (sink->writer != NULL) {
		envoi_xml_open(sink->writer, ns, name);
	} else {
		sink->element = envoi_element_add(sink->element, ns, name);
	}
}

static void close_element(struct sink *sink)
{
	if (sink->writer != NULL) {
		envoi_xml_close(sink->writer);
	} else if (sink->element != NULL) {
		sink->element = envoi_element_parent(sink->element);
	}
}

static void emit_attr(struct sink *sink, const char *ns, const char *name, const char *text)
{
	if (sink->writer != NULL && ns == NULL) {
		envoi_xml_attr(sink->writer, name, text);
	} else if (sink->writer != NULL) {
		envoi_xml_attr_ns(sink->writer, ns, name, text);
	} else {
		envoi_element_set_ns(sink->element, ns != NULL ? ns : "", name, text);
	}
}

static void emit_text(struct sink *sink, const char *text)
{
	if (text[0] == '\0') {
		return;
	}
	if (sink->writer != NULL) {
		envoi_xml_text(sink->writer, text);
	} else {
		envoi_element_add_text(sink->element, text);
	}
}

static void emit_element(struct sink *sink, const struct envoi_element *element)
{
	if (sink->writer != NULL) {
		envoi_xml_element(sink->writer, element);
	} else {
		envoi_element_add_copy(sink->element, element);
	}
}

static const char *print(struct sink *sink, const struct envoi_field *field, const void *at,
	char scratch[ENVOI__SCRATCH])
{
	const char *text = envoi__field_print(field, at, scratch, &sink->scratch);
	if (text == NULL) {
		sink->is_out_of_memory = true;
		return "";
	}
	return text;
}

static bool is_written(const struct envoi_field *field, const void *value)
{
	return (field->flags & ENVOI_REQUIRED) != 0 || envoi__field_is_present(field, value);
}

static void emit_choice(
	struct sink *sink, const struct envoi_field *field, const char *ns, const void *value)
{
	const struct envoi_choice *choice = envoi__choice_of(
		field, envoi__int(envoi__member(field, value)));
	emit_struct(sink, choice->type, choice->type->name, envoi__payload_ns(choice->type, ns),
		(const char *)value + choice->offset);
}

/* A child for a member, or for an item of an array. */
static void emit_child(
	struct sink *sink, const struct envoi_field *field, const char *ns, const void *at)
{
	char scratch[ENVOI__SCRATCH];
	const char *child_ns = envoi__field_ns(field, ns);
	switch (field->value) {
	case ENVOI_VALUE_STRUCT:
		emit_struct(sink, field->type, envoi__field_name(field), child_ns, at);
		return;
	case ENVOI_VALUE_ELEMENT:
		emit_element(sink, envoi__pointer(at));
		return;
	case ENVOI_VALUE_NAME:
		open_element(sink, child_ns, print(sink, field, at, scratch));
		break;
	case ENVOI_VALUE_FLAG:
		open_element(sink, child_ns, field->name);
		break;
	default:
		open_element(sink, child_ns, field->name);
		if (field->attr != NULL) {
			emit_attr(sink, NULL, field->attr, print(sink, field, at, scratch));
		} else {
			emit_text(sink, print(sink, field, at, scratch));
		}
	}
	close_element(sink);
}

static void emit_row(
	struct sink *sink, const struct envoi_field *field, const char *ns, const void *value)
{
	if (field->place == ENVOI_FIELD_CHILDREN) {
		size_t count = envoi__count(field, value);
		for (size_t i = 0; i < count; i++) {
			emit_child(sink, field, ns, envoi__item(field, value, i));
		}
	} else if (!is_written(field, value)) {
		return;
	} else if (field->value == ENVOI_VALUE_CHOICE) {
		emit_choice(sink, field, ns, value);
	} else {
		emit_child(sink, field, ns, envoi__inner(field, value));
	}
}

static void emit_singles(struct sink *sink, const struct envoi_payload_type *type,
	enum envoi_field_place place, const void *value)
{
	char scratch[ENVOI__SCRATCH];
	const struct envoi_field *field = type->fields;
	for (; field->place != ENVOI_FIELD_NOWHERE; field++) {
		if (field->place != place || !is_written(field, value)) {
			continue;
		}
		const char *text = print(sink, field, envoi__member(field, value), scratch);
		if (place == ENVOI_FIELD_ATTR) {
			emit_attr(sink, field->ns, field->name, text);
		} else {
			emit_text(sink, text);
		}
	}
}

/* Attributes, then the own text, then children in the table's order. */
static void emit_content(
	struct sink *sink, const struct envoi_payload_type *type, const char *ns, const void *value)
{
	const struct envoi_field *field = type->fields;
	if (field == NULL) {
		return;
	}
	emit_singles(sink, type, ENVOI_FIELD_ATTR, value);
	emit_singles(sink, type, ENVOI_FIELD_TEXT, value);
	for (; field->place != ENVOI_FIELD_NOWHERE; field++) {
		if (field->place == ENVOI_FIELD_CHILD || field->place == ENVOI_FIELD_CHILDREN) {
			emit_row(sink, field, ns, value);
		}
	}
}

static void emit_struct(struct sink *sink, const struct envoi_payload_type *type, const char *name,
	const char *ns, const void *value)
{
	open_element(sink, ns, name);
	emit_content(sink, type, ns, value);
	close_element(sink);
}

/* Write a struct that was checked. */
static int emit(struct sink *sink, struct envoi_context *context,
	const struct envoi_payload_type *type, const void *value)
{
	envoi__arena_init(&sink->scratch, context);
	emit_struct(sink, type, type->name, type->ns, value);
	envoi__arena_finish(&sink->scratch);
	return sink->is_out_of_memory ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

int envoi_payload_write(struct envoi_xml_writer *writer, const struct envoi_payload_type *type,
	const void *value, struct envoi_payload_problem *ret_problem)
{
	if (writer == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi_payload_check(type, value, ret_problem);
	if (r == ENVOI_OK) {
		struct sink sink = {.writer = writer};
		r = emit(&sink, envoi__xml_writer_context(writer), type, value);
	}
	if (r < 0) {
		envoi__xml_writer_fail(writer, r);
	}
	return r;
}

int envoi_payload_add(struct envoi_element *parent, const struct envoi_payload_type *type,
	const void *value, struct envoi_payload_problem *ret_problem)
{
	if (envoi_element_error(parent) < 0) {
		return envoi_element_error(parent);
	}
	struct envoi_payload_problem own, *problem = ret_problem != NULL ? ret_problem : &own;
	int r = envoi_payload_check(type, value, problem);
	if (r == ENVOI_OK) {
		struct sink sink = {.element = parent};
		r = emit(&sink, parent->tree->arena.context, type, value);
	} else if (r == ENVOI_ERR_INVALID) {
		envoi__element_refuse(parent, ": %s %s", problem->where, problem->why);
	}
	if (r < 0) {
		envoi__element_fail(parent, r);
	}
	return envoi_element_error(parent);
}

int envoi_payload_build(struct envoi_element **ret_element, struct envoi_context *context,
	const struct envoi_payload_type *type, const void *value,
	struct envoi_payload_problem *ret_problem)
{
	int r = envoi_payload_check(type, value, ret_problem);
	if (r < 0) {
		return r;
	}
	struct envoi_element *root = envoi_element_new(context, type->ns, type->name);
	if (root == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	struct sink sink = {.element = root};
	envoi__arena_init(&sink.scratch, context);
	emit_content(&sink, type, type->ns, value);
	envoi__arena_finish(&sink.scratch);
	r = sink.is_out_of_memory ? ENVOI_ERR_NOMEM : envoi_element_error(root);
	if (r < 0) {
		envoi_element_unref(root);
		return r;
	}
	*ret_element = root;
	return ENVOI_OK;
}
