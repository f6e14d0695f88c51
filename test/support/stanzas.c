/*
 * envoi - tests: stanzas from text and to text
 * SPDX-License-Identifier: MIT
 */
#include "stanzas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "parse_one.h"

struct envoi_element *element_from_text(struct envoi_context *context, const char *xml)
{
	struct envoi_element *element = parse_one(context, xml);
	assert_non_null(element);
	return element;
}

struct envoi_stanza *stanza_from_text(struct envoi_context *context, const char *xml)
{
	struct envoi_element *element = element_from_text(context, xml);
	struct envoi_stanza *stanza;
	assert_int_equal(envoi_stanza_from_element(&stanza, element), ENVOI_OK);
	envoi_element_unref(element);
	return stanza;
}

static void terminate(struct envoi_buffer *out)
{
	char *room;
	if (envoi_buffer_reserve(out, 1, &room) == ENVOI_OK) {
		*room = '\0';
	}
}

void write_line(struct envoi_buffer *out, const struct envoi_element *element)
{
	if (envoi_xml_write(out, element, ENVOI_NS_CLIENT) < 0 ||
		envoi_buffer_append_text(out, "\n") < 0) {
		envoi_buffer_truncate(out, 0);
	}
	terminate(out);
}

void write_text(struct envoi_buffer *out, const char *format, ...)
{
	char line[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (envoi_buffer_append_text(out, line) < 0) {
		envoi_buffer_truncate(out, 0);
	}
	terminate(out);
}

const char *written_text(const struct envoi_buffer *out)
{
	return envoi_buffer_len(out) == 0 ? "" : envoi_buffer_data(out);
}

void forget_text(struct envoi_buffer *out)
{
	envoi_buffer_truncate(out, 0);
}
