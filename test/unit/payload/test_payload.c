/*
 * envoi - payloads: decoding: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>

#include "parse_one.h"
#include "payload/payload_tables.h"
#include "payload_fixture.h"

/* --- program 3 of the guide --- */

static void a_report_is_read_and_written(void **state)
{
	struct decoded decoded = payload_decode(*state, &weather_type,
		"<report xmlns='urn:example:weather' place='Oslo'><celsius>-3</celsius><rain/></report>");
	const struct weather *report = decoded.value;
	assert_string_equal(report->place, "Oslo");
	assert_int_equal(report->celsius, -3);
	assert_true(report->rain);
	payload_assert_written(*state, &weather_type, report,
		"<report xmlns='urn:example:weather' place='Oslo'><celsius>-3</celsius><rain/></report>");
	envoi_element_unref(decoded.element);
}

/* RFC 6120, section 8.4 */
static void unknown_attributes_and_children_are_ignored(void **state)
{
	struct decoded decoded = payload_decode(*state, &weather_type,
		"<report xmlns='urn:example:weather' place='Oslo' wind='N' xmlns:p='urn:p' p:place='?'>"
		"text<snow/><celsius xmlns='urn:p'>x</celsius><celsius unit='C'>1<b/>2</celsius>"
		"<rain xmlns=''/></report>");
	const struct weather *report = decoded.value;
	assert_string_equal(report->place, "Oslo");
	assert_int_equal(report->celsius, 12);
	assert_false(report->rain);
	envoi_element_unref(decoded.element);
}

/* --- what is refused --- */

struct refused {
	const struct envoi_payload_type *type;
	const char *xml;
	int r;
	const char *where, *why;
};

static const struct refused refusals[] = {
	{&lost_text_type, "<needy xmlns='urn:x'>x</needy>", ENVOI_ERR_PROTOCOL, "needy",
		"lacks its text"},
	{&lost_choice_type, "<needy xmlns='urn:x'><some/></needy>", ENVOI_ERR_PROTOCOL, "needy",
		"lacks a required child"},
	{&lost_rest_type, "<needy xmlns='urn:x'>text</needy>", ENVOI_ERR_PROTOCOL, "needy",
		"lacks a required child"},
	{&small_type, "<needy xmlns='urn:x' small='5'/>", ENVOI_ERR_PROTOCOL, "needy/@small",
		"is not a number in its range"},
	{&small_type, "<needy xmlns='urn:x' small='1'/>", ENVOI_ERR_PROTOCOL, "needy/@small",
		"is not a number in its range"},
	{&weather_type, "<report/>", ENVOI_DECLINED, "", ""},
	{&weather_type, "<rep xmlns='urn:example:weather'/>", ENVOI_DECLINED, "", ""},
	{&weather_type, WEATHER "/>", ENVOI_ERR_PROTOCOL, "report/@place", "is missing"},
	{&weather_type, WEATHER "place='x'/>", ENVOI_ERR_PROTOCOL, "report/celsius", "is missing"},
	{&weather_type, WEATHER "place='x'><celsius/></report>", ENVOI_ERR_PROTOCOL,
		"report/celsius", "is not a number in its range"},
	{&weather_type, WEATHER "place='x'><celsius> 1</celsius></report>", ENVOI_ERR_PROTOCOL,
		"report/celsius", "is not a number in its range"},
	{&weather_type, WEATHER "place='x'><celsius>101</celsius></report>", ENVOI_ERR_PROTOCOL,
		"report/celsius", "is not a number in its range"},
	{&weather_type, WEATHER "place='x'><celsius>-101</celsius></report>", ENVOI_ERR_PROTOCOL,
		"report/celsius", "is not a number in its range"},
	{&weather_type, WEATHER "place='x'><celsius>1</celsius><celsius>1</celsius></report>",
		ENVOI_ERR_PROTOCOL, "report/celsius", "occurs twice"},
	{&weather_type, WEATHER "place='x'><rain/><celsius>1</celsius><rain/></report>",
		ENVOI_ERR_PROTOCOL, "report/rain", "occurs twice"},
	{&attrs_type, ATTRS "i8='128'/>", ENVOI_ERR_PROTOCOL, "attrs/@i8",
		"is not a number in its range"},
	{&attrs_type, ATTRS "i8='-129'/>", ENVOI_ERR_PROTOCOL, "attrs/@i8",
		"is not a number in its range"},
	{&attrs_type, ATTRS "u8='256'/>", ENVOI_ERR_PROTOCOL, "attrs/@u8",
		"is not a number in its range"},
	{&attrs_type, ATTRS "u8='-1'/>", ENVOI_ERR_PROTOCOL, "attrs/@u8",
		"is not a number in its range"},
	{&attrs_type, ATTRS "u64='18446744073709551616'/>", ENVOI_ERR_PROTOCOL, "attrs/@u64",
		"is not a number in its range"},
	{&attrs_type, ATTRS "ranged='2'/>", ENVOI_ERR_PROTOCOL, "attrs/@ranged",
		"is not a number in its range"},
	{&attrs_type, ATTRS "ranged='10'/>", ENVOI_ERR_PROTOCOL, "attrs/@ranged",
		"is not a number in its range"},
	{&attrs_type, ATTRS "yes='yes'/>", ENVOI_ERR_PROTOCOL, "attrs/@yes",
		"is neither true nor false"},
	{&attrs_type, ATTRS "colour='Red'/>", ENVOI_ERR_PROTOCOL, "attrs/@colour",
		"is not one of the words allowed"},
	{&attrs_type, ATTRS "date='2002-09-10'/>", ENVOI_ERR_PROTOCOL, "attrs/@date",
		"is not a date in its range"},
	{&attrs_type, ATTRS "zone='+2:00'/>", ENVOI_ERR_PROTOCOL, "attrs/@zone",
		"is not a time zone in its range"},
	{&attrs_type, ATTRS "zone='+02:01'/>", ENVOI_ERR_PROTOCOL, "attrs/@zone",
		"is not a time zone in its range"},
	{&attrs_type, ATTRS "zone='-01:01'/>", ENVOI_ERR_PROTOCOL, "attrs/@zone",
		"is not a time zone in its range"},
	{&attrs_type, ATTRS "base64='AA='/>", ENVOI_ERR_PROTOCOL, "attrs/@base64", "is not base64"},
	{&attrs_type, ATTRS "base64='AAAAAAAAAAAAAAAAAAAAAAAAAAAA'/>", ENVOI_ERR_LIMIT,
		"attrs/@base64", "is too long"},
	{&attrs_type, ATTRS "hex='0'/>", ENVOI_ERR_PROTOCOL, "attrs/@hex", "is not hexadecimal"},
	{&attrs_type, ATTRS "jid='@'/>", ENVOI_ERR_PROTOCOL, "attrs/@jid", "is not an address"},
	{&attrs_type, ATTRS "xml:lang='en_GB'/>", ENVOI_ERR_PROTOCOL, "attrs/@lang",
		"is not a language tag"},
	{&attrs_type, "<attrs xmlns='urn:example:attrs' limited='123456'/>", ENVOI_ERR_LIMIT,
		"attrs/@limited", "is too long"},
	{&children_type, CHILDREN ENOUGH "<in-attr/></children>", ENVOI_ERR_PROTOCOL,
		"children/in-attr/@value", "is missing"},
	{&children_type, CHILDREN ENOUGH "<actor jid='@'/></children>", ENVOI_ERR_PROTOCOL,
		"children/actor/@jid", "is not an address"},
	{&children_type, CHILDREN ENOUGH "<at-least>9</at-least></children>", ENVOI_ERR_PROTOCOL,
		"children/at-least", "is not a number in its range"},
	{&children_type,
		CHILDREN ENOUGH
		"<olive xmlns='urn:example:names'/><crimson xmlns='urn:example:names'/>"
		"</children>",
		ENVOI_ERR_PROTOCOL, "children/crimson", "occurs twice"},
	{&arrays_type, "<arrays xmlns='urn:example:arrays'/>", ENVOI_ERR_PROTOCOL, "arrays/text",
		"is missing"},
	{&arrays_type, ARRAYS "<u64>1</u64><u64>-1</u64></arrays>", ENVOI_ERR_PROTOCOL,
		"arrays/u64[2]", "is not a number in its range"},
	{&arrays_type, ARRAYS "<u64>1</u64><u64>1</u64><u64>1</u64><u64>1</u64></arrays>",
		ENVOI_ERR_LIMIT, "arrays/u64[4]", "is more than allowed"},
	{&arrays_type, ARRAYS "<item jid='a@b'/><item jid='@'/></arrays>", ENVOI_ERR_PROTOCOL,
		"arrays/item[2]/@jid", "is not an address"},
	{&own_type, "<own xmlns='urn:example:own'><again xmlns='urn:example:again'/></own>",
		ENVOI_ERR_PROTOCOL, "own/needed", "is missing"},
	{&own_type, "<own xmlns='urn:example:own'><needed/></own>", ENVOI_ERR_PROTOCOL, "own/again",
		"is missing"},
	{&own_type, OWN "<number>x</number></own>", ENVOI_ERR_PROTOCOL, "own/number",
		"is not a number in its range"},
	{&own_type, OWN "<base64>?</base64></own>", ENVOI_ERR_PROTOCOL, "own/base64",
		"is not base64"},
	{&own_type, OWN "<date>1969-12-31T23:59:59Z</date></own>", ENVOI_ERR_PROTOCOL, "own/date",
		"is not a date in its range"},
	{&own_type, OWN "<zone>+14:01</zone></own>", ENVOI_ERR_PROTOCOL, "own/zone",
		"is not a time zone in its range"},
	{&own_type, OWN "<zone/></own>", ENVOI_ERR_PROTOCOL, "own/zone",
		"is not a time zone in its range"},
	{&arrays_type, ARRAYS "<zone>Z</zone><zone>+0200</zone></arrays>", ENVOI_ERR_PROTOCOL,
		"arrays/zone[2]", "is not a time zone in its range"},
	{&shape_type, SHAPE "<nothing/><circle r='1'/></shape>", ENVOI_ERR_PROTOCOL, "shape/circle",
		"occurs twice"},
	{&shape_type, SHAPE "<note/><note/></shape>", ENVOI_ERR_PROTOCOL, "shape/note",
		"occurs twice"},
	{&shape_type, SHAPE "<shape/><shape><inside><circle/></inside></shape></shape>",
		ENVOI_ERR_PROTOCOL, "shape/shape[2]/inside/circle/@r", "is missing"},
};

static void errors_name_place_and_reason(void **state)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refused *refused = &refusals[i];
		struct envoi_element *element = parse_one(*state, refused->xml);
		struct envoi_payload_problem problem = {.where = "", .why = ""};
		const void *value = NULL;
		assert_non_null(element);
		int r = envoi_payload_parse(&value, refused->type, element, &problem);
		if (r != refused->r || strcmp(problem.where, refused->where) != 0 ||
			strcmp(problem.why, refused->why) != 0 || value != NULL) {
			fail_msg("%s: %d: %s %s", refused->xml, r, problem.where, problem.why);
		}
		assert_int_equal(
			envoi_payload_parse(&value, refused->type, element, NULL), refused->r);
		envoi_element_unref(element);
	}
}

/* --- absent and present --- */

static void absence_gives_the_default(void **state)
{
	struct decoded decoded = payload_decode(*state, &attrs_type, ATTRS "other='odd'/>");
	const struct attrs *attrs = decoded.value;
	assert_null(attrs->text);
	assert_string_equal(attrs->limited, "");
	assert_string_equal(attrs->fallback, "usual");
	assert_null(attrs->lang);
	assert_int_equal(attrs->i16, -5);
	assert_int_equal(attrs->u16, 5222);
	assert_int_equal(attrs->ranged, 0);
	assert_false(attrs->yes);
	assert_false(attrs->has_truth);
	assert_true(attrs->on);
	assert_int_equal(attrs->colour, NO_COLOUR);
	assert_int_equal(attrs->other, BLUE); /* lenient: malformed is absent */
	assert_false(attrs->has_date);
	assert_null(attrs->base64.data);
	assert_null(attrs->jid);
	payload_assert_written(*state, &attrs_type, attrs,
		"<attrs xmlns='urn:example:attrs' limited='' i64='1' sure='a@b'/>");
	envoi_element_unref(decoded.element);
}

static void a_has_member_distinguishes_absence_from_the_default(void **state)
{
	struct decoded decoded = payload_decode(*state, &attrs_type,
		ATTRS
		"text='' truth='false' date='1970-01-01T00:00:00Z' base64='' u64=' 7&#10;'/>");
	const struct attrs *attrs = decoded.value;
	assert_string_equal(attrs->text, "");
	assert_true(attrs->has_truth);
	assert_false(attrs->truth);
	assert_true(attrs->has_date);
	assert_int_equal(attrs->date, 0);
	assert_non_null(attrs->base64.data);
	assert_int_equal(attrs->base64.len, 0);
	assert_true(attrs->u64 == 7);
	payload_assert_written(*state, &attrs_type, attrs,
		"<attrs xmlns='urn:example:attrs' text='' limited='' i64='1' u64='7' truth='false' "
		"date='1970-01-01T00:00:00Z' base64='' sure='a@b'/>");
	envoi_element_unref(decoded.element);
}

/* XEP-0082, section 3.3: "+" is ahead of UTC. */
static void a_time_zone_is_minutes_ahead_of_utc(void **state)
{
	struct decoded decoded = payload_decode(*state, &attrs_type, ATTRS "zone='-01:00'/>");
	assert_int_equal(((const struct attrs *)decoded.value)->zone, -60);
	assert_int_equal(((const struct attrs *)decoded.value)->zone_of_default, 60);
	envoi_element_unref(decoded.element);
	decoded = payload_decode(
		*state, &attrs_type, ATTRS "zone='+02:00' zone-of-default='-00:00'/>");
	assert_int_equal(((const struct attrs *)decoded.value)->zone, 120);
	payload_assert_written(*state, &attrs_type, decoded.value,
		"<attrs xmlns='urn:example:attrs' limited='' i64='1' zone='+02:00' "
		"zone-of-default='Z' sure='a@b'/>");
	envoi_element_unref(decoded.element);
	decoded = payload_decode(
		*state, &children_type, CHILDREN ENOUGH "<zone>Z</zone></children>");
	assert_true(((const struct children *)decoded.value)->has_zone);
	assert_int_equal(((const struct children *)decoded.value)->zone, 0);
	payload_assert_written(*state, &children_type, decoded.value,
		"<children xmlns='urn:example:children'><needed/><truth>true</truth>"
		"<zone>Z</zone><hex/></children>");
	envoi_element_unref(decoded.element);
}

static void white_space_is_ignored_where_asked_for(void **state)
{
	struct decoded decoded = payload_decode(*state, &children_type,
		CHILDREN "<needed>\r\n a b\t</needed><truth>1</truth><hex> 0 0&#13;f f</hex>"
			 "<base64>AA\nEC\n</base64></children>");
	const struct children *children = decoded.value;
	assert_string_equal(children->needed, "a b");
	assert_int_equal(children->hex.len, 2);
	assert_memory_equal(children->hex.data, "\0\xff", 2);
	assert_int_equal(children->base64.len, 3);
	assert_memory_equal(children->base64.data, "\0\1\2", 3);
	envoi_element_unref(decoded.element);
	decoded = payload_decode(*state, &children_type,
		CHILDREN "<needed> </needed><truth>1</truth><hex>&#32;</hex></children>");
	children = decoded.value;
	assert_string_equal(children->needed, "");
	assert_int_equal(children->hex.len, 0);
	envoi_element_unref(decoded.element);
}

/* Members in another order than their rows: the later default is beside an earlier value. */
struct beside {
	bool flag, truth, both;
	int8_t small, other;
	bool last;
};
static const struct envoi_field beside_fields[] = {
	ENVOI_ATTR_BOOL(struct beside, last, "last"),
	ENVOI_ATTR_INT(struct beside, other, "other"),
	ENVOI_ATTR_INT(struct beside, small, "small", .default_number = 2),
	ENVOI_ATTR_BOOL(struct beside, both, "both"),
	ENVOI_ATTR_BOOL(struct beside, truth, "truth", .default_number = true),
	ENVOI_CHILD_FLAG(struct beside, flag, "flag"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type beside_type = ENVOI_PAYLOAD_TYPE(
	struct beside, "urn:x", "beside", beside_fields);

static void a_default_touches_nothing_beside_it(void **state)
{
	struct decoded decoded = payload_decode(
		*state, &beside_type, "<beside xmlns='urn:x' last='1' other='3' both='1'/>");
	const struct beside *beside = decoded.value;
	assert_true(beside->last && beside->both && beside->truth && !beside->flag);
	assert_int_equal(beside->other, 3);
	assert_int_equal(beside->small, 2);
	struct beside *copy = envoi_payload_dup(*state, &beside_type, beside);
	assert_true(copy->last && copy->both && copy->truth && !copy->flag);
	assert_int_equal(copy->other, 3);
	assert_int_equal(copy->small, 2);
	envoi_payload_free(&beside_type, copy);
	envoi_element_unref(decoded.element);
}

static void own_text_is_there_unless_it_is_empty(void **state)
{
	struct decoded decoded = payload_decode(
		*state, &own_type, OWN "<text/><number> \t</number><bool/><hex/><lang/></own>");
	const struct own *own = decoded.value;
	assert_null(own->text->text);
	assert_string_equal(own->needed.text, "");
	assert_true(own->has_number);
	assert_false(own->number.has_number);
	assert_true(own->truth->truth);
	assert_null(own->hex->bytes.data);
	assert_null(own->base64);
	assert_null(own->jid);
	assert_null(own->again.text);
	envoi_element_unref(decoded.element);
	static const char one_letter[] = "<own xmlns='urn:example:own'><text>x</text><needed/>"
					 "<again xmlns='urn:example:again'>y</again></own>";
	decoded = payload_decode(*state, &own_type, one_letter);
	payload_assert_written(*state, &own_type, decoded.value, one_letter);
	envoi_element_unref(decoded.element);
}

static void a_malformed_item_is_left_out_of_a_lenient_array(void **state)
{
	struct decoded decoded = payload_decode(*state, &arrays_type,
		ARRAYS
		"<i8>1</i8><i8>4</i8><i8/><i8>3</i8><jid>@</jid>"
		"<report xmlns='urn:example:weather'/>"
		"<report xmlns='urn:example:weather' place='x'><celsius>1</celsius></report></arrays>");
	const struct arrays *arrays = decoded.value;
	assert_int_equal(arrays->i8_count, 2);
	assert_int_equal(arrays->i8s[0], 1);
	assert_int_equal(arrays->i8s[1], 3);
	assert_int_equal(arrays->jid_count, 0);
	assert_int_equal(arrays->report_count, 1);
	assert_string_equal(arrays->reports[0].place, "x");
	envoi_element_unref(decoded.element);
}

static void a_malformed_struct_is_absent_where_lenient(void **state)
{
	struct decoded decoded = payload_decode(*state, &own_type, OWN "<jid>@</jid></own>");
	assert_null(((const struct own *)decoded.value)->jid);
	envoi_element_unref(decoded.element);
}

static void any_takes_the_other_children_in_order(void **state)
{
	static const char xml[] = "<arrays xmlns='urn:example:arrays'><text>1</text><text>2</text>"
				  "<b xmlns='urn:x'>t<c/></b><a xmlns='urn:y' k='v'/></arrays>";
	struct decoded decoded = payload_decode(*state, &arrays_type,
		"<arrays xmlns='urn:example:arrays'><b xmlns='urn:x'>t<c/></b><text>1</text>"
		"<a xmlns='urn:y' k='v'/><text>2</text></arrays>");
	const struct arrays *arrays = decoded.value;
	assert_int_equal(arrays->any_count, 2);
	assert_string_equal(envoi_element_name(arrays->any[0]), "b");
	assert_string_equal(envoi_element_name(arrays->any[1]), "a");
	assert_int_equal(arrays->text_count, 2);
	payload_assert_written(*state, &arrays_type, arrays, xml);
	envoi_element_unref(decoded.element);
}

static void a_choice_selects_the_member_of_the_union(void **state)
{
	struct decoded decoded = payload_decode(
		*state, &shape_type, SHAPE "<circle r='3'/></shape>");
	const struct shape *shape = decoded.value;
	assert_int_equal(shape->kind, CIRCLE);
	assert_int_equal(shape->is.circle.radius, 3);
	envoi_element_unref(decoded.element);
	decoded = payload_decode(*state, &shape_type,
		SHAPE
		"<square xmlns='urn:example:square' owner='a@b'><x/><y/></square><z/><zz/></shape>");
	shape = decoded.value;
	assert_int_equal(shape->kind, SQUARE);
	assert_string_equal(envoi_jid_text(shape->is.square.owner), "a@b");
	assert_string_equal(envoi_element_name(shape->is.square.extra), "x");
	assert_string_equal(envoi_element_name(shape->rest), "z");
	envoi_element_unref(decoded.element);
	decoded = payload_decode(
		*state, &shape_type, SHAPE "<nothing a='b'><c/></nothing></shape>");
	assert_int_equal(((const struct shape *)decoded.value)->kind, NOTHING);
	envoi_element_unref(decoded.element);
	decoded = payload_decode(*state, &shape_type, SHAPE "</shape>");
	assert_int_equal(((const struct shape *)decoded.value)->kind, NO_SHAPE);
	envoi_element_unref(decoded.element);
}

struct spoken {
	const char *lang;
};
static const struct envoi_field spoken_fields[] = {
	ENVOI_XML_LANG(struct spoken, lang, ENVOI_INHERITED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type spoken_type = ENVOI_PAYLOAD_TYPE(
	struct spoken, "urn:example:spoken", "spoken", spoken_fields);

static void the_language_in_force_is_inherited_where_asked_for(void **state)
{
	struct decoded decoded = payload_decode(
		*state, &spoken_type, "<spoken xmlns='urn:example:spoken'/>");
	assert_string_equal(((const struct spoken *)decoded.value)->lang, "en");
	envoi_element_unref(decoded.element);
	decoded = payload_decode(
		*state, &spoken_type, "<spoken xmlns='urn:example:spoken' xml:lang='de'/>");
	assert_string_equal(((const struct spoken *)decoded.value)->lang, "de");
	envoi_element_unref(decoded.element);
}

static void an_empty_type_has_values_that_are_not_null(void **state)
{
	struct decoded decoded = payload_decode(
		*state, &empty_type, "<empty xmlns='urn:example:empty'>x</empty>");
	assert_non_null(decoded.value);
	envoi_element_unref(decoded.element);
	payload_assert_written(*state, &empty_type, NULL, "<empty xmlns='urn:example:empty'/>");
	void *copy = envoi_payload_dup(*state, &empty_type, NULL);
	assert_non_null(copy);
	envoi_payload_free(&empty_type, copy);
	envoi_payload_free(&empty_type, NULL);
	assert_true(envoi_payload_equal(&empty_type, NULL, NULL));
}

/* --- depth --- */

static struct envoi_element *deep_shape(struct envoi_context *context, int depth)
{
	struct envoi_element *root = envoi_element_new(context, "urn:example:shape", "shape");
	struct envoi_element *at = root;
	for (int i = 1; i < depth; i++) {
		at = envoi_element_add(at, NULL, "inside");
	}
	envoi_element_add(at, NULL, "nothing"); /* has no struct, and does not count */
	return root;
}

static void tables_in_themselves_end_at_a_depth(void **state)
{
	struct envoi_payload_problem problem;
	const void *value;
	struct envoi_element *element = deep_shape(*state, ENVOI_PAYLOAD_DEPTH);
	assert_int_equal(envoi_payload_parse(&value, &shape_type, element, &problem), ENVOI_OK);
	assert_int_equal(envoi_payload_check(&shape_type, value, &problem), ENVOI_OK);
	void *copy = envoi_payload_dup(*state, &shape_type, value);
	assert_non_null(copy);
	assert_true(envoi_payload_equal(&shape_type, copy, value));
	envoi_payload_free(&shape_type, copy);
	envoi_element_unref(element);

	element = deep_shape(*state, 100000);
	assert_int_equal(
		envoi_payload_parse(&value, &shape_type, element, &problem), ENVOI_ERR_LIMIT);
	assert_string_equal(problem.why, "is nested too deep");
	assert_int_equal(strlen(problem.where), sizeof(problem.where) - 1);
	assert_memory_equal(problem.where, "shape/inside/inside/", 20);
	envoi_element_unref(element);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, payload_setup, payload_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_report_is_read_and_written),
		TEST(unknown_attributes_and_children_are_ignored),
		TEST(errors_name_place_and_reason),
		TEST(absence_gives_the_default),
		TEST(a_has_member_distinguishes_absence_from_the_default),
		TEST(a_time_zone_is_minutes_ahead_of_utc),
		TEST(white_space_is_ignored_where_asked_for),
		TEST(a_default_touches_nothing_beside_it),
		TEST(own_text_is_there_unless_it_is_empty),
		TEST(a_malformed_item_is_left_out_of_a_lenient_array),
		TEST(a_malformed_struct_is_absent_where_lenient),
		TEST(any_takes_the_other_children_in_order),
		TEST(a_choice_selects_the_member_of_the_union),
		TEST(the_language_in_force_is_inherited_where_asked_for),
		TEST(an_empty_type_has_values_that_are_not_null),
		TEST(tables_in_themselves_end_at_a_depth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
