/*
 * envoi - payloads that are decoded and written as text
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <envoi/buffer.h>
#include <envoi/context.h>

#include "parse_one.h"
#include "payload_fixture.h"

int payload_setup(void **state)
{
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	*state = context;
	return 0;
}

int payload_teardown(void **state)
{
	envoi_context_unref(*state);
	return 0;
}

struct decoded payload_decode(
	struct envoi_context *context, const struct envoi_payload_type *type, const char *xml)
{
	struct decoded decoded = {.element = parse_one(context, xml)};
	struct envoi_payload_problem problem;
	assert_non_null(decoded.element);
	int r = envoi_payload_parse(&decoded.value, type, decoded.element, &problem);
	if (r != ENVOI_OK) {
		fail_msg("%s: %s %s", xml, problem.where, problem.why);
	}
	return decoded;
}

void payload_assert_written(struct envoi_context *context, const struct envoi_payload_type *type,
	const void *value, const char *expected)
{
	struct envoi_buffer out;
	envoi_buffer_init(&out, context, 0);
	struct envoi_xml_writer *writer = envoi_xml_writer_new(&out, ENVOI_NS_XML);
	assert_int_equal(envoi_payload_write(writer, type, value, NULL), ENVOI_OK);
	assert_int_equal(envoi_xml_writer_finish(writer), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&out, "", 1), ENVOI_OK);
	assert_string_equal(envoi_buffer_data(&out), expected);
	envoi_buffer_finish(&out);
}
