/*
 * envoi - tables in C++: they are those in C, and their functions are called
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire.h"

#define TEST_TABLES
#include "tables.h"

static void assert_same_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a != NULL) {
		assert_string_equal(a, b);
	}
}

static void assert_same_row(const struct envoi_field *a, const struct envoi_field *b)
{
	assert_int_equal(a->place, b->place);
	assert_int_equal(a->value, b->value);
	assert_int_equal(a->is_signed, b->is_signed);
	assert_int_equal(a->is_pointer, b->is_pointer);
	assert_int_equal(a->struct_size, b->struct_size);
	assert_int_equal(a->offset, b->offset);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->flags, b->flags);
	assert_same_text(a->name, b->name);
	assert_same_text(a->ns, b->ns);
	assert_int_equal(a->words == NULL, b->words == NULL);
	assert_int_equal(a->type == NULL, b->type == NULL);
	assert_int_equal(a->choices == NULL, b->choices == NULL);
}

static void assert_same_choices(const struct envoi_choice *a, const struct envoi_choice *b)
{
	for (; a->type != NULL; a++, b++) {
		assert_int_equal(a->value, b->value);
		assert_int_equal(a->struct_size, b->struct_size);
		assert_int_equal(a->offset, b->offset);
		assert_int_equal(a->size, b->size);
		assert_string_equal(a->type->name, b->type->name);
	}
	assert_null(b->type);
}

static void a_table_in_cpp_is_the_table_in_c(void **state)
{
	(void)state;
	assert_string_equal(cpp_sample_type->ns, sample_type.ns);
	assert_string_equal(cpp_sample_type->name, sample_type.name);
	assert_int_equal(cpp_sample_type->size, sample_type.size);
	assert_int_equal(cpp_has_number, has_number);
	const struct envoi_field *row = sample_fields, *in_cpp = cpp_sample_type->fields;
	for (; row->place != ENVOI_FIELD_NOWHERE; row++, in_cpp++) {
		assert_same_row(row, in_cpp);
		if (row->choices != NULL) {
			assert_same_choices(row->choices, in_cpp->choices);
		}
	}
	assert_int_equal(in_cpp->place, ENVOI_FIELD_NOWHERE);
}

static void each_option_sets_its_member(void **state)
{
	(void)state;
	assert_string_equal(cpp_options->name, "number");
	assert_string_equal(cpp_options->ns, "urn:n");
	assert_string_equal(cpp_options->attr, "a");
	assert_string_equal(cpp_options->as, "b");
	assert_int_equal(cpp_options->has, has_number);
	assert_int_equal(cpp_options->min, -5);
	assert_int_equal(cpp_options->max, 7);
	assert_int_equal(cpp_options->max_bytes, 8);
	assert_int_equal(cpp_options->max_items, 9);
	assert_int_equal(cpp_options->default_number, -10);
	assert_string_equal(cpp_options->default_text, "text");
}

static void assert_calls(struct envoi_buffer *calls, const char *expected)
{
	assert_int_equal(envoi_buffer_append(calls, "", 1), ENVOI_OK);
	assert_string_equal(envoi_buffer_data(calls), expected);
	envoi_buffer_truncate(calls, 0);
}

static void every_kind_of_row_calls_its_member_function(void **state)
{
	struct wire *wire = *state;
	struct envoi_buffer calls;
	envoi_buffer_init(&calls, wire->notes, 0);
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	wire_add(wire, cpp_handler_new(&calls));
	wire_go_online(wire);
	assert_calls(&calls, "restore ");

	wire_talk(wire, "<message from='a@b/c' type='chat'/><message from='a@b/c'/>");
	wire_talk(wire, "<presence from='a@b/c'/>");
	assert_calls(&calls, "in message in in presence ");
	for (int i = 0; i < 2; i++) {
		wire_talk(wire, "<message><a xmlns='urn:x' b='c'/></message>");
	}
	wire_talk(wire, "<message><a xmlns='urn:x'><d xmlns='urn:y'/></a></message>");
	assert_calls(&calls, "in wanted found in in found ");
	wire_talk(wire,
		"<iq from='a@b/c' type='get' id='1'><inner xmlns='urn:inner'>5</inner></iq>"
		"<iq from='a@b/c' type='set' id='2'><set xmlns='urn:set'/></iq>");
	assert_calls(&calls, "in get:5 out in set out ");
	for (int i = 0; i < 2; i++) {
		wire_talk(wire, "<message from='@'/>");
		assert_int_equal(envoi_session_emit(wire->session, "own", NULL), ENVOI_OK);
		assert_calls(
			&calls, i == 0 ? "unhandled first custom first " : "unhandled custom ");
	}
	wire_run(wire, 1000);
	wire_run(wire, 59000);
	assert_calls(&calls, "second minute ");
	wire_remove(wire);
	assert_calls(&calls, "destroy");
	envoi_buffer_finish(&calls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_in_cpp_is_the_table_in_c),
		cmocka_unit_test(each_option_sets_its_member),
		cmocka_unit_test_setup_teardown(
			every_kind_of_row_calls_its_member_function, wire_setup, wire_teardown),
	};
	return cmocka_run_group_tests_name("compile/cpp_tables", tests, NULL, NULL);
}
