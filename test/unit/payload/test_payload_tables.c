/*
 * envoi - payloads: mistakes in tables: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "parse_one.h"
#include "payload/payload_tables.h"
#include "payload_fixture.h"

/* --- mistakes in tables --- */

struct two {
	int a, b;
	bool has_b;
	uint8_t small;
	int64_t date;
	struct circle circle;
	struct circle *pointer;
	size_t count;
	const char *text;
	struct two *self;
};
static const struct envoi_payload_type other_circle_type = ENVOI_PAYLOAD_TYPE(
	struct two, NULL, "circle", circle_fields);
static const struct envoi_field of_another_struct[] = {
	ENVOI_ATTR_INT(struct circle, radius, "r"), ENVOI_FIELDS_END};
static const struct envoi_field same_attr[] = {
	ENVOI_ATTR_INT(struct two, a, "x"), ENVOI_ATTR_INT(struct two, b, "x"), ENVOI_FIELDS_END};
static const struct envoi_field same_child[] = {ENVOI_CHILD_INT(struct two, a, "x"),
	ENVOI_CHILD_STRUCT(struct two, pointer, struct circle, &circle_type, .as = "x"),
	ENVOI_FIELDS_END};
static const struct envoi_field same_word[] = {ENVOI_CHILD_NAME(struct two, a, colours),
	ENVOI_CHILD_INT(struct two, b, "green"), ENVOI_FIELDS_END};
static const struct envoi_field two_texts[] = {
	ENVOI_TEXT_INT(struct two, a), ENVOI_TEXT(struct two, text), ENVOI_FIELDS_END};
static const struct envoi_field maybe_embedded[] = {
	ENVOI_CHILD_STRUCT(struct two, circle, struct circle, &circle_type), ENVOI_FIELDS_END};
static const struct envoi_field other_inner[] = {
	ENVOI_CHILD_STRUCT(struct two, pointer, struct circle, &other_circle_type),
	ENVOI_FIELDS_END};
static const struct envoi_field needed_flag[] = {
	ENVOI_CHILD_FLAG(struct two, has_b, "x", ENVOI_REQUIRED), ENVOI_FIELDS_END};
static const struct envoi_field needed_default[] = {
	ENVOI_ATTR_INT(struct two, a, "x", ENVOI_REQUIRED, .default_number = 1), ENVOI_FIELDS_END};
static const struct envoi_field wordless_default[] = {
	ENVOI_ATTR_ENUM(struct two, a, "x", colours, .default_number = 100), ENVOI_FIELDS_END};
static const struct envoi_field wide_default[] = {
	ENVOI_ATTR_INT(struct two, small, "x", .default_number = 256), ENVOI_FIELDS_END};
static const struct envoi_field negative_default[] = {
	ENVOI_ATTR_INT(struct two, small, "x", .default_number = -1), ENVOI_FIELDS_END};
static const struct envoi_field default_out_of_range[] = {
	ENVOI_ATTR_INT(struct two, a, "x", .min = 1, .max = 9, .default_number = 10),
	ENVOI_FIELDS_END};
static const struct envoi_field default_beyond_dates[] = {
	ENVOI_ATTR_DATE(struct two, date, "x", .default_number = INT64_MAX), ENVOI_FIELDS_END};
static const struct envoi_field default_beyond_zones[] = {
	ENVOI_ATTR_ZONE(struct two, a, "x", .default_number = 841), ENVOI_FIELDS_END};
static const struct envoi_field flag_by_default[] = {
	ENVOI_CHILD_FLAG(struct two, has_b, "x", .default_number = true), ENVOI_FIELDS_END};
static const struct envoi_field truer_than_true[] = {
	ENVOI_ATTR_BOOL(struct two, has_b, "x", .default_number = 2), ENVOI_FIELDS_END};
static const struct envoi_field attr_of_attr[] = {
	ENVOI_ATTR_INT(struct two, a, "x", .attr = "y"), ENVOI_FIELDS_END};
static const struct envoi_field as_of_value[] = {
	ENVOI_CHILD_INT(struct two, a, "x", .as = "y"), ENVOI_FIELDS_END};
static const struct envoi_field nameless[] = {
	ENVOI_CHILD_INT(struct two, a, NULL), ENVOI_FIELDS_END};
static const struct envoi_choice zero_choice[] = {
	ENVOI_CHOICE_EMPTY(0, struct two, &nothing_type), ENVOI_CHOICES_END};
static const struct envoi_field choice_of_zero[] = {
	ENVOI_CHOICE(struct two, a, zero_choice), ENVOI_FIELDS_END};
static const struct envoi_choice big_choice[] = {
	ENVOI_CHOICE_IS(1, struct two, circle, struct circle, &other_circle_type),
	ENVOI_CHOICES_END};
static const struct envoi_field choice_of_another[] = {
	ENVOI_CHOICE(struct two, a, big_choice), ENVOI_FIELDS_END};
static const struct envoi_choice same_choice[] = {ENVOI_CHOICE_EMPTY(1, struct two, &nothing_type),
	ENVOI_CHOICE_EMPTY(1, struct two, &empty_type), ENVOI_CHOICES_END};
static const struct envoi_field choice_of_same[] = {
	ENVOI_CHOICE(struct two, a, same_choice), ENVOI_FIELDS_END};
static const struct envoi_choice no_choice[] = {ENVOI_CHOICES_END};
static const struct envoi_field choice_of_none[] = {
	ENVOI_CHOICE(struct two, a, no_choice), ENVOI_FIELDS_END};
static const struct envoi_field wordless[] = {
	ENVOI_ATTR_ENUM(struct two, a, "x", NULL), ENVOI_FIELDS_END};
static const struct envoi_field text_of_number[] = {
	ENVOI_ATTR_INT(struct two, a, "x", .default_text = "1"), ENVOI_FIELDS_END};
static const struct envoi_payload_type inner_with_mistake = ENVOI_PAYLOAD_TYPE(
	struct two, NULL, "inner", wordless);
static const struct envoi_field mistake_inside[] = {
	ENVOI_CHILDREN_STRUCT(struct two, self, count, struct two, &inner_with_mistake),
	ENVOI_FIELDS_END};
static const struct envoi_field wordless_circle_fields[] = {
	ENVOI_ATTR_ENUM(struct circle, radius, "x", NULL), ENVOI_FIELDS_END};
static const struct envoi_payload_type wordless_circle_type = ENVOI_PAYLOAD_TYPE(
	struct circle, NULL, "inner", wordless_circle_fields);
static const struct envoi_choice mistaken_choice[] = {
	ENVOI_CHOICE_EMPTY(2, struct two, &nothing_type),
	ENVOI_CHOICE_IS(1, struct two, circle, struct circle, &wordless_circle_type),
	ENVOI_CHOICES_END};
static const struct envoi_field mistake_in_a_choice[] = {
	ENVOI_CHOICE(struct two, a, mistaken_choice), ENVOI_FIELDS_END};
static const struct envoi_field array_with_default[] = {
	ENVOI_CHILDREN_STRUCT(
		struct two, pointer, count, struct circle, &circle_type, .default_number = 1),
	ENVOI_FIELDS_END};
static const struct envoi_field array_with_has[] = {
	ENVOI_CHILDREN_STRUCT(struct two, pointer, count, struct circle, &circle_type,
		.has = ENVOI_HAS(struct two, has_b)),
	ENVOI_FIELDS_END};

struct mistake {
	const struct envoi_field *fields;
	const char *where, *why;
};

static const struct mistake mistakes[] = {
	{of_another_struct, "two/@r", "is about another struct"},
	{same_attr, "two/@x", "has the name of an earlier row"},
	{same_child, "two/x", "has the name of an earlier row"},
	{same_word, "two/green", "has the name of an earlier row"},
	{two_texts, "two/*", "has the name of an earlier row"},
	{maybe_embedded, "two/circle", "is embedded, not required, and has no `has` member"},
	{other_inner, "two/circle", "has the table of another inner struct"},
	{needed_flag, "two/x", "is required and can be absent"},
	{needed_default, "two/@x", "is required and can be absent"},
	{wordless_default, "two/@x", "has a default without a word"},
	{wide_default, "two/@x", "has a default out of its range"},
	{negative_default, "two/@x", "has a default out of its range"},
	{default_out_of_range, "two/@x", "has a default out of its range"},
	{default_beyond_dates, "two/@x", "has a default out of its range"},
	{default_beyond_zones, "two/@x", "has a default out of its range"},
	{flag_by_default, "two/x", "has a default out of its range"},
	{truer_than_true, "two/@x", "has a default out of its range"},
	{attr_of_attr, "two/@x", "has .attr, which is for values of children"},
	{as_of_value, "two/x", "has .as, which is for structs"},
	{nameless, "two/*", "lacks a name"},
	{choice_of_zero, "two/*", "has a choice of value 0, which means absent"},
	{choice_of_another, "two/*", "has a choice about another struct"},
	{array_with_has, "two/circle", "is an array with a `has` member"},
	{array_with_default, "two/circle", "is an array with a default"},
	{choice_of_same, "two/*", "has two choices with one value"},
	{choice_of_none, "two/*", "has no choices"},
	{wordless, "two/@x", "lacks its words"},
	{text_of_number, "two/@x", "has .default_text, which is for text"},
	{mistake_inside, "two/inner/@x", "lacks its words"},
	{mistake_in_a_choice, "two/inner/@x", "lacks its words"},
};

static void mistakes_in_tables_are_found(void **state)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct envoi_payload_type type = ENVOI_PAYLOAD_TYPE(
			struct two, "urn:x", "two", mistakes[i].fields);
		struct envoi_payload_problem problem = {.where = "", .why = ""};
		assert_int_equal(envoi_payload_check_type(&type, &problem), ENVOI_ERR_INVALID);
		assert_string_equal(problem.where, mistakes[i].where);
		assert_string_equal(problem.why, mistakes[i].why);
	}
	static struct envoi_field many[66];
	static char words[65][8];
	for (size_t i = 0; i < 65; i++) {
		snprintf(words[i], sizeof(words[i]), "n%zu", i);
		many[i] = of_another_struct[0];
		many[i].name = words[i];
	}
	struct envoi_payload_type type = ENVOI_PAYLOAD_TYPE(struct circle, "urn:x", "many", many);
	struct envoi_payload_problem problem;
	assert_int_equal(envoi_payload_check_type(&type, &problem), ENVOI_ERR_INVALID);
	assert_string_equal(problem.where, "many/@n64");
	assert_string_equal(problem.why, "is beyond the largest number of rows");
	struct envoi_element *element = parse_one(*state, "<many xmlns='urn:x'/>");
	const void *value = NULL;
	assert_int_equal(envoi_payload_parse(&value, &type, element, NULL), ENVOI_ERR_INVALID);
	type.ns = NULL;
	assert_int_equal(envoi_payload_parse(&value, &type, element, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_payload_parse(&value, &type, NULL, NULL), ENVOI_ERR_INVALID);
	envoi_element_unref(element);
	many[64] = (struct envoi_field)ENVOI_FIELDS_END;
	assert_int_equal(envoi_payload_check_type(&type, &problem), ENVOI_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, payload_setup, payload_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mistakes_in_tables_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
