/*
 * envoi - payloads: checking and writing: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/buffer.h>

#include "parse_one.h"
#include "payload/payload_tables.h"
#include "payload_fixture.h"

/* --- writing --- */

static void assert_refused(const struct envoi_payload_type *type, const void *value,
	const char *where, const char *why)
{
	struct envoi_payload_problem problem = {.where = "", .why = ""};
	assert_int_equal(envoi_payload_check(type, value, &problem), ENVOI_ERR_INVALID);
	assert_string_equal(problem.where, where);
	assert_string_equal(problem.why, why);
	assert_int_equal(envoi_payload_check(type, value, NULL), ENVOI_ERR_INVALID);
}

/* The smallest struct. */
struct tiny {
	bool flag;
};
static const struct envoi_field tiny_fields[] = {
	ENVOI_CHILD_FLAG(struct tiny, flag, "flag"), ENVOI_FIELDS_END};
static const struct envoi_payload_type tiny_type = ENVOI_PAYLOAD_TYPE(
	struct tiny, "urn:x", "tiny", tiny_fields);

static void values_that_cannot_be_parsed_are_not_written(void **state)
{
	(void)state;
	char long_place[202] = {0};
	memset(long_place, 'x', 201);
	struct weather weather = {.place = long_place, .celsius = 1};
	assert_refused(&weather_type, &weather, "report/@place", "is too long");
	long_place[200] = '\0';
	assert_int_equal(envoi_payload_check(&weather_type, &weather, NULL), ENVOI_OK);
	weather.celsius = 101;
	assert_refused(&weather_type, &weather, "report/celsius", "is out of range");
	weather.place = NULL;
	assert_refused(&weather_type, &weather, "report/@place", "is missing");
	assert_refused(&weather_type, NULL, "report", "is missing");
	assert_refused(&tiny_type, NULL, "tiny", "is missing");
	char control[] = "a\x1f", broken[] = "\xc3";
	weather = (struct weather){.place = control};
	assert_refused(&weather_type, &weather, "report/@place",
		"is not UTF-8, or has characters that XML does not allow");
	weather.place = broken;
	assert_refused(&weather_type, &weather, "report/@place",
		"is not UTF-8, or has characters that XML does not allow");
}

static void values_are_checked_before_they_are_written(void **state)
{
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, *state, "a@b"), ENVOI_OK);
	const struct attrs good = {
		.limited = "",
		.sure = jid,
		.i16 = -5,
		.u16 = 5222,
		.on = true,
		.other = BLUE,
		.zone_of_default = 60,
	};
	assert_int_equal(envoi_payload_check(&attrs_type, &good, NULL), ENVOI_OK);
	struct attrs attrs = good;
	attrs.sure = NULL;
	assert_refused(&attrs_type, &attrs, "attrs/@sure", "is missing");
	attrs = good;
	attrs.ranged = 10;
	assert_refused(&attrs_type, &attrs, "attrs/@ranged", "is out of range");
	attrs = good;
	attrs.colour = (enum colour)4;
	assert_refused(&attrs_type, &attrs, "attrs/@colour", "has no word");
	attrs = good;
	attrs.has_date = true;
	attrs.date = INT64_MAX;
	assert_refused(&attrs_type, &attrs, "attrs/@date", "is out of range");
	attrs = good;
	attrs.zone = 121;
	assert_refused(&attrs_type, &attrs, "attrs/@zone", "is out of range");
	attrs = good;
	attrs.zone_of_default = 841;
	assert_refused(&attrs_type, &attrs, "attrs/@zone-of-default", "is out of range");
	attrs.zone_of_default = -841;
	assert_refused(&attrs_type, &attrs, "attrs/@zone-of-default", "is out of range");
	attrs = good;
	attrs.lang = "-";
	assert_refused(&attrs_type, &attrs, "attrs/@lang", "is not a language tag");
	attrs = good;
	attrs.base64 = (struct envoi_bytes){(const unsigned char *)"123456789012345678901", 21};
	assert_refused(&attrs_type, &attrs, "attrs/@base64", "is too long");
	struct children children = {.needed = " x", .hex = {(const unsigned char *)"", 0}};
	assert_refused(&children_type, &children, "children/needed", "has white space around it");
	children.needed = "x";
	children.hex.data = NULL;
	assert_refused(&children_type, &children, "children/hex", "is missing");
	envoi_jid_unref(jid);
}

static void arrays_are_checked_item_by_item(void **state)
{
	char a[] = "a";
	char *texts[] = {a, NULL};
	struct arrays arrays = {.texts = texts, .text_count = 0};
	assert_refused(&arrays_type, &arrays, "arrays/text", "is missing");
	arrays.text_count = 2;
	assert_refused(&arrays_type, &arrays, "arrays/text[2]", "is missing");
	arrays.text_count = 1;
	assert_int_equal(envoi_payload_check(&arrays_type, &arrays, NULL), ENVOI_OK);
	static const uint64_t numbers[4];
	arrays.u64_count = 4;
	arrays.u64s = numbers;
	assert_refused(&arrays_type, &arrays, "arrays/u64", "is more than allowed");
	arrays.u64_count = 3;
	arrays.u64s = NULL;
	assert_refused(&arrays_type, &arrays, "arrays/u64", "is missing");
	arrays.u64_count = 0;
	struct envoi_element *known = parse_one(*state, "<text xmlns='urn:example:arrays'/>");
	arrays.any = &known;
	arrays.any_count = 1;
	assert_refused(&arrays_type, &arrays, "arrays/*[1]",
		"has a name that does not belong to this member");
	envoi_element_unref(known);
	known = NULL;
	assert_refused(&arrays_type, &arrays, "arrays/*[1]", "is missing");
}

static void elements_and_choices_are_checked(void **state)
{
	struct envoi_element *wrong = parse_one(*state, "<note/>");
	struct shape shape = {.note = wrong};
	assert_refused(&shape_type, &shape, "shape/note",
		"has a name that does not belong to this member");
	envoi_element_unref(wrong);
	shape = (struct shape){.kind = (enum shape_kind)9};
	assert_refused(&shape_type, &shape, "shape", "has a choice that is not in its table");
	struct needy needy = {.small = 4};
	assert_refused(&lost_choice_type, &needy, "needy", "has a choice that is not in its table");
	assert_refused(&lost_rest_type, &needy, "needy", "is missing");
	assert_refused(&small_type, &needy, "needy/circle", "is missing");
	needy.small = 5;
	assert_refused(&small_type, &needy, "needy/@small", "is out of range");
	struct shape inner = {.kind = SQUARE, .is.square.label = "\x02"};
	shape = (struct shape){.inside = &inner};
	assert_refused(&shape_type, &shape, "shape/inside/square/label",
		"is not UTF-8, or has characters that XML does not allow");
}

static void a_refused_struct_fails_the_writer_and_the_tree(void **state)
{
	struct weather bad = {.celsius = 1};
	struct envoi_buffer out;
	envoi_buffer_init(&out, *state, 0);
	assert_int_equal(envoi_buffer_append_text(&out, "before"), ENVOI_OK);
	struct envoi_xml_writer *writer = envoi_xml_writer_new(&out, NULL);
	envoi_xml_open(writer, "urn:x", "x");
	assert_int_equal(envoi_payload_write(writer, &weather_type, &bad, NULL), ENVOI_ERR_INVALID);
	envoi_xml_close(writer);
	assert_int_equal(envoi_xml_writer_finish(writer), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_buffer_len(&out), 6);
	envoi_buffer_finish(&out);
	assert_int_equal(envoi_payload_write(NULL, &weather_type, &bad, NULL), ENVOI_ERR_NOMEM);

	struct envoi_element *tree = envoi_element_new(*state, "urn:x", "x");
	assert_int_equal(envoi_payload_add(tree, &weather_type, &bad, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_element_error(tree), ENVOI_ERR_INVALID);
	assert_null(envoi_element_first(tree));
	envoi_element_unref(tree);
	assert_int_equal(envoi_payload_add(NULL, &weather_type, &bad, NULL), ENVOI_ERR_NOMEM);
	tree = NULL;
	assert_int_equal(
		envoi_payload_build(&tree, *state, &weather_type, &bad, NULL), ENVOI_ERR_INVALID);
	assert_null(tree);
}

/* --- ranges --- */

/* `max` below `min` is no upper limit; both 0 are none at all. */
struct bounds {
	int least, most, only;
	int64_t wide;
	uint16_t u_least, u_most, u_only, u_any;
};
static const struct envoi_field bounds_fields[] = {
	ENVOI_ATTR_INT(struct bounds, least, "least", .min = 10, .default_number = 10),
	ENVOI_ATTR_INT(struct bounds, most, "most", .min = -5, .max = 0),
	ENVOI_ATTR_INT(struct bounds, only, "only", .min = -3, .max = -3, .default_number = -3),
	ENVOI_ATTR_INT(struct bounds, wide, "wide", .min = INT64_MIN, .max = INT64_MAX),
	ENVOI_ATTR_INT(struct bounds, u_least, "u-least", .min = 10, .default_number = 10),
	ENVOI_ATTR_INT(struct bounds, u_most, "u-most", .min = -5, .max = 7),
	ENVOI_ATTR_INT(struct bounds, u_only, "u-only", .min = 3, .max = 3, .default_number = 3),
	ENVOI_ATTR_INT(struct bounds, u_any, "u-any", .max = -1),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type bounds_type = ENVOI_PAYLOAD_TYPE(
	struct bounds, "urn:x", "bounds", bounds_fields);

static void ranges_hold_to_the_number(void **state)
{
	static const struct {
		const char *name, *good[2], *bad[2];
	} rows[] = {
		{"least", {"10", "2147483647"}, {"9", "2147483648"}},
		{"most", {"-5", "0"}, {"-6", "1"}},
		{"only", {"-3", "-03"}, {"-4", "-2"}},
		{"wide", {"-9223372036854775808", "9223372036854775807"},
			{"-9223372036854775809", "9223372036854775808"}},
		{"u-least", {"10", "65535"}, {"9", "65536"}},
		{"u-most", {"0", "7"}, {"-1", "8"}},
		{"u-only", {"3", "+3"}, {"2", "4"}},
		{"u-any", {"0", "65535"}, {"-1", "65536"}},
	};
	assert_int_equal(envoi_payload_check_type(&bounds_type, NULL), ENVOI_OK);
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t is_bad = 0; is_bad < 2; is_bad++) {
			char xml[128];
			const void *value = NULL;
			snprintf(xml, sizeof(xml), "<bounds xmlns='urn:x' %s='%s'/>",
				rows[i / 2].name,
				is_bad != 0 ? rows[i / 2].bad[i % 2] : rows[i / 2].good[i % 2]);
			struct envoi_element *element = parse_one(*state, xml);
			int r = envoi_payload_parse(&value, &bounds_type, element, NULL);
			if (r != (is_bad != 0 ? ENVOI_ERR_PROTOCOL : ENVOI_OK)) {
				fail_msg("%s: %d", xml, r);
			}
			if (r == ENVOI_OK) {
				assert_int_equal(
					envoi_payload_check(&bounds_type, value, NULL), ENVOI_OK);
			}
			envoi_element_unref(element);
		}
	}
}

/* --- depth --- */

static void a_struct_that_contains_itself_ends_at_a_depth(void **state)
{
	struct shape shape = {.kind = NO_SHAPE};
	shape.inside = &shape;
	struct envoi_payload_problem problem;
	assert_int_equal(envoi_payload_check(&shape_type, &shape, &problem), ENVOI_ERR_INVALID);
	assert_string_equal(problem.why, "is nested too deep");
	assert_null(envoi_payload_dup(*state, &shape_type, &shape));
	assert_false(envoi_payload_equal(&shape_type, &shape, &shape));
}

/* A choice that leads back to itself. */
struct knot {
	int kind;
	union {
		struct knot_end {
			struct knot *knot;
		} end;
	} is;
};
static const struct envoi_payload_type knot_type;
static const struct envoi_field knot_end_fields[] = {
	ENVOI_CHILD_STRUCT(struct knot_end, knot, struct knot, &knot_type),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type knot_end_type = ENVOI_PAYLOAD_TYPE(
	struct knot_end, NULL, "end", knot_end_fields);
static const struct envoi_choice knot_kinds[] = {
	ENVOI_CHOICE_IS(1, struct knot, is.end, struct knot_end, &knot_end_type),
	ENVOI_CHOICES_END,
};
static const struct envoi_field knot_fields[] = {
	ENVOI_CHOICE(struct knot, kind, knot_kinds),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type knot_type = ENVOI_PAYLOAD_TYPE(
	struct knot, "urn:x", "knot", knot_fields);

static void choices_count_for_the_depth(void **state)
{
	enum {
		MOST = ENVOI_PAYLOAD_DEPTH / 2,
	};
	struct knot knots[MOST + 1];
	for (size_t i = 0; i <= MOST; i++) {
		knots[i] = (struct knot){
			.kind = i > 0, .is.end.knot = i > 0 ? &knots[i - 1] : NULL};
	}
	assert_int_equal(envoi_payload_check_type(&knot_type, NULL), ENVOI_OK);
	assert_int_equal(envoi_payload_check(&knot_type, &knots[MOST - 1], NULL), ENVOI_OK);
	void *copy = envoi_payload_dup(*state, &knot_type, &knots[MOST - 1]);
	assert_non_null(copy);
	assert_true(envoi_payload_equal(&knot_type, copy, &knots[MOST - 1]));
	envoi_payload_free(&knot_type, copy);
	assert_int_equal(envoi_payload_check(&knot_type, &knots[MOST], NULL), ENVOI_ERR_INVALID);
	assert_null(envoi_payload_dup(*state, &knot_type, &knots[MOST]));
	assert_false(envoi_payload_equal(&knot_type, &knots[MOST], &knots[MOST]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, payload_setup, payload_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_that_cannot_be_parsed_are_not_written),
		TEST(values_are_checked_before_they_are_written),
		TEST(arrays_are_checked_item_by_item),
		TEST(elements_and_choices_are_checked),
		TEST(a_refused_struct_fails_the_writer_and_the_tree),
		TEST(ranges_hold_to_the_number),
		TEST(a_struct_that_contains_itself_ends_at_a_depth),
		TEST(choices_count_for_the_depth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
