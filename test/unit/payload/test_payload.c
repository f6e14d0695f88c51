/*
 * envoi - payload descriptors: tests, case by case
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/buffer.h>
#include <envoi/context.h>

#include "parse_one.h"
#include "payload/payload_tables.h"

static int setup(void **state)
{
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	*state = context;
	return 0;
}

static int teardown(void **state)
{
	envoi_context_unref(*state);
	return 0;
}

/* A decoded struct, and what keeps it. */
struct decoded {
	struct envoi_element *element;
	const void *value;
};

static struct decoded decode(
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

static void assert_written(struct envoi_context *context, const struct envoi_payload_type *type,
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

/* --- program 3 of the guide --- */

static void a_report_is_read_and_written(void **state)
{
	struct decoded decoded = decode(*state, &weather_type,
		"<report xmlns='urn:example:weather' place='Oslo'><celsius>-3</celsius><rain/></report>");
	const struct weather *report = decoded.value;
	assert_string_equal(report->place, "Oslo");
	assert_int_equal(report->celsius, -3);
	assert_true(report->rain);
	assert_written(*state, &weather_type, report,
		"<report xmlns='urn:example:weather' place='Oslo'><celsius>-3</celsius><rain/></report>");
	envoi_element_unref(decoded.element);
}

/* RFC 6120, section 8.4 */
static void unknown_attributes_and_children_are_ignored(void **state)
{
	struct decoded decoded = decode(*state, &weather_type,
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

#define WEATHER "<report xmlns='urn:example:weather' "
#define CHILDREN "<children xmlns='urn:example:children'>"
#define ENOUGH "<needed/><truth>1</truth><hex/>"
#define ARRAYS "<arrays xmlns='urn:example:arrays'><text/>"
#define ATTRS "<attrs xmlns='urn:example:attrs' limited='' i64='1' sure='a@b' "
#define OWN "<own xmlns='urn:example:own'><needed/><again xmlns='urn:example:again'/>"
#define SHAPE "<shape xmlns='urn:example:shape'>"

/* What cannot be found by a name. */
struct needy {
	int number;
	unsigned int small;
	enum shape_kind kind;
	enum colour name;
	struct envoi_element *rest;
	struct circle *circle;
};
static const struct envoi_field lost_text_fields[] = {
	ENVOI_TEXT_INT(struct needy, number, ENVOI_REQUIRED | ENVOI_LENIENT),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type lost_text_type = ENVOI_PAYLOAD_TYPE(
	struct needy, "urn:x", "needy", lost_text_fields);
static const struct envoi_choice needy_kinds[] = {
	ENVOI_CHOICE_EMPTY(NOTHING, struct needy, &nothing_type),
	ENVOI_CHOICES_END,
};
static const struct envoi_field lost_choice_fields[] = {
	ENVOI_CHOICE(struct needy, kind, needy_kinds, ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type lost_choice_type = ENVOI_PAYLOAD_TYPE(
	struct needy, "urn:x", "needy", lost_choice_fields);
static const struct envoi_field lost_rest_fields[] = {
	ENVOI_CHILD_ELEMENT(struct needy, rest, NULL, ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type lost_rest_type = ENVOI_PAYLOAD_TYPE(
	struct needy, "urn:x", "needy", lost_rest_fields);
static const struct envoi_field small_fields[] = {
	ENVOI_ATTR_INT(struct needy, small, "small", .min = 2, .max = 4),
	ENVOI_CHILD_STRUCT(struct needy, circle, struct circle, &circle_type, ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type small_type = ENVOI_PAYLOAD_TYPE(
	struct needy, "urn:x", "needy", small_fields);

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
	struct decoded decoded = decode(*state, &attrs_type, ATTRS "other='odd'/>");
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
	assert_written(*state, &attrs_type, attrs,
		"<attrs xmlns='urn:example:attrs' limited='' i64='1' sure='a@b'/>");
	envoi_element_unref(decoded.element);
}

static void a_has_member_distinguishes_absence_from_the_default(void **state)
{
	struct decoded decoded = decode(*state, &attrs_type,
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
	assert_written(*state, &attrs_type, attrs,
		"<attrs xmlns='urn:example:attrs' text='' limited='' i64='1' u64='7' truth='false' "
		"date='1970-01-01T00:00:00Z' base64='' sure='a@b'/>");
	envoi_element_unref(decoded.element);
}

/* XEP-0082, section 3.3: "+" is ahead of UTC. */
static void a_time_zone_is_minutes_ahead_of_utc(void **state)
{
	struct decoded decoded = decode(*state, &attrs_type, ATTRS "zone='-01:00'/>");
	assert_int_equal(((const struct attrs *)decoded.value)->zone, -60);
	assert_int_equal(((const struct attrs *)decoded.value)->zone_of_default, 60);
	envoi_element_unref(decoded.element);
	decoded = decode(*state, &attrs_type, ATTRS "zone='+02:00' zone-of-default='-00:00'/>");
	assert_int_equal(((const struct attrs *)decoded.value)->zone, 120);
	assert_written(*state, &attrs_type, decoded.value,
		"<attrs xmlns='urn:example:attrs' limited='' i64='1' zone='+02:00' "
		"zone-of-default='Z' sure='a@b'/>");
	envoi_element_unref(decoded.element);
	decoded = decode(*state, &children_type, CHILDREN ENOUGH "<zone>Z</zone></children>");
	assert_true(((const struct children *)decoded.value)->has_zone);
	assert_int_equal(((const struct children *)decoded.value)->zone, 0);
	assert_written(*state, &children_type, decoded.value,
		"<children xmlns='urn:example:children'><needed/><truth>true</truth>"
		"<zone>Z</zone><hex/></children>");
	envoi_element_unref(decoded.element);
}

static void white_space_is_ignored_where_asked_for(void **state)
{
	struct decoded decoded = decode(*state, &children_type,
		CHILDREN "<needed>\r\n a b\t</needed><truth>1</truth><hex> 0 0&#13;f f</hex>"
			 "<base64>AA\nEC\n</base64></children>");
	const struct children *children = decoded.value;
	assert_string_equal(children->needed, "a b");
	assert_int_equal(children->hex.len, 2);
	assert_memory_equal(children->hex.data, "\0\xff", 2);
	assert_int_equal(children->base64.len, 3);
	assert_memory_equal(children->base64.data, "\0\1\2", 3);
	envoi_element_unref(decoded.element);
	decoded = decode(*state, &children_type,
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
	struct decoded decoded = decode(
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
	struct decoded decoded = decode(
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
	decoded = decode(*state, &own_type, one_letter);
	assert_written(*state, &own_type, decoded.value, one_letter);
	envoi_element_unref(decoded.element);
}

static void a_malformed_item_is_left_out_of_a_lenient_array(void **state)
{
	struct decoded decoded = decode(*state, &arrays_type,
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
	struct decoded decoded = decode(*state, &own_type, OWN "<jid>@</jid></own>");
	assert_null(((const struct own *)decoded.value)->jid);
	envoi_element_unref(decoded.element);
}

static void any_takes_the_other_children_in_order(void **state)
{
	static const char xml[] = "<arrays xmlns='urn:example:arrays'><text>1</text><text>2</text>"
				  "<b xmlns='urn:x'>t<c/></b><a xmlns='urn:y' k='v'/></arrays>";
	struct decoded decoded = decode(*state, &arrays_type,
		"<arrays xmlns='urn:example:arrays'><b xmlns='urn:x'>t<c/></b><text>1</text>"
		"<a xmlns='urn:y' k='v'/><text>2</text></arrays>");
	const struct arrays *arrays = decoded.value;
	assert_int_equal(arrays->any_count, 2);
	assert_string_equal(envoi_element_name(arrays->any[0]), "b");
	assert_string_equal(envoi_element_name(arrays->any[1]), "a");
	assert_int_equal(arrays->text_count, 2);
	assert_written(*state, &arrays_type, arrays, xml);
	envoi_element_unref(decoded.element);
}

static void a_choice_selects_the_member_of_the_union(void **state)
{
	struct decoded decoded = decode(*state, &shape_type, SHAPE "<circle r='3'/></shape>");
	const struct shape *shape = decoded.value;
	assert_int_equal(shape->kind, CIRCLE);
	assert_int_equal(shape->is.circle.radius, 3);
	envoi_element_unref(decoded.element);
	decoded = decode(*state, &shape_type,
		SHAPE
		"<square xmlns='urn:example:square' owner='a@b'><x/><y/></square><z/><zz/></shape>");
	shape = decoded.value;
	assert_int_equal(shape->kind, SQUARE);
	assert_string_equal(envoi_jid_text(shape->is.square.owner), "a@b");
	assert_string_equal(envoi_element_name(shape->is.square.extra), "x");
	assert_string_equal(envoi_element_name(shape->rest), "z");
	envoi_element_unref(decoded.element);
	decoded = decode(*state, &shape_type, SHAPE "<nothing a='b'><c/></nothing></shape>");
	assert_int_equal(((const struct shape *)decoded.value)->kind, NOTHING);
	envoi_element_unref(decoded.element);
	decoded = decode(*state, &shape_type, SHAPE "</shape>");
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
	struct decoded decoded = decode(
		*state, &spoken_type, "<spoken xmlns='urn:example:spoken'/>");
	assert_string_equal(((const struct spoken *)decoded.value)->lang, "en");
	envoi_element_unref(decoded.element);
	decoded = decode(
		*state, &spoken_type, "<spoken xmlns='urn:example:spoken' xml:lang='de'/>");
	assert_string_equal(((const struct spoken *)decoded.value)->lang, "de");
	envoi_element_unref(decoded.element);
}

static void an_empty_type_has_values_that_are_not_null(void **state)
{
	struct decoded decoded = decode(
		*state, &empty_type, "<empty xmlns='urn:example:empty'>x</empty>");
	assert_non_null(decoded.value);
	envoi_element_unref(decoded.element);
	assert_written(*state, &empty_type, NULL, "<empty xmlns='urn:example:empty'/>");
	void *copy = envoi_payload_dup(*state, &empty_type, NULL);
	assert_non_null(copy);
	envoi_payload_free(&empty_type, copy);
	envoi_payload_free(&empty_type, NULL);
	assert_true(envoi_payload_equal(&empty_type, NULL, NULL));
}

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

/* --- comparing --- */

static void absent_and_default_mean_the_same(void **state)
{
	(void)state;
	struct attrs a = {.limited = "", .fallback = "usual"}, b = {.limited = ""};
	assert_true(envoi_payload_equal(&attrs_type, &a, &b));
	a.truth = true; /* but has_truth is false */
	assert_true(envoi_payload_equal(&attrs_type, &a, &b));
	a.has_truth = true;
	assert_false(envoi_payload_equal(&attrs_type, &a, &b));
	b.has_truth = true;
	assert_false(envoi_payload_equal(&attrs_type, &a, &b));
	b.truth = true;
	assert_true(envoi_payload_equal(&attrs_type, &a, &b));
	a.text = "";
	assert_false(envoi_payload_equal(&attrs_type, &a, &b));
}

static void every_member_counts(void **state)
{
	struct envoi_jid *x, *y;
	assert_int_equal(envoi_jid_from_text(&x, *state, "a@b"), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&y, *state, "a@b/c"), ENVOI_OK);
	const struct attrs base = {
		.limited = "l", .sure = x, .hex = {(const unsigned char *)"ab", 2}};
	struct attrs other = base;
	other.sure = y;
	assert_false(envoi_payload_equal(&attrs_type, &base, &other));
	other.limited = NULL;
	assert_false(envoi_payload_equal(&attrs_type, &base, &other));
	assert_true(envoi_payload_equal(&attrs_type, &other, &other));
	other = base;
	other.limited = "m";
	assert_false(envoi_payload_equal(&attrs_type, &base, &other));
	other = base;
	other.u64 = UINT64_C(1) << 63;
	assert_false(envoi_payload_equal(&attrs_type, &base, &other));
	other = base;
	other.hex.data = (const unsigned char *)"ac";
	assert_false(envoi_payload_equal(&attrs_type, &base, &other));
	other.hex.len = 1;
	assert_false(envoi_payload_equal(&attrs_type, &base, &other));
	other = base;
	other.colour = RED;
	assert_false(envoi_payload_equal(&attrs_type, &base, &other));
	struct shape one = {.kind = CIRCLE, .is.circle.radius = 1};
	struct shape two = {.kind = CIRCLE, .is.circle.radius = 2};
	assert_false(envoi_payload_equal(&shape_type, &one, &two));
	two.kind = NOTHING;
	assert_false(envoi_payload_equal(&shape_type, &one, &two));
	struct needy with = {.circle = &one.is.circle}, without = {.circle = NULL};
	assert_false(envoi_payload_equal(&small_type, &with, &without));
	assert_true(envoi_payload_equal(&small_type, &without, &without));
	struct children no_hex = {.needed = ""},
			some_hex = {.needed = "", .hex.data = base.hex.data};
	assert_false(envoi_payload_equal(&children_type, &no_hex, &some_hex));
	one.kind = NOTHING;
	assert_true(envoi_payload_equal(&shape_type, &one, &two));
	one.inside = &two;
	assert_false(envoi_payload_equal(&shape_type, &one, &two));
	envoi_jid_unref(x);
	envoi_jid_unref(y);
}

/* @return arrays with @p count items each, the last of which is another when @p is_other */
static struct envoi_element *parse_arrays(
	struct envoi_context *context, const char *item, size_t count, const char *last)
{
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, context, 0);
	assert_int_equal(envoi_buffer_append_text(&xml, ARRAYS), ENVOI_OK);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(
			envoi_buffer_append_text(&xml, i + 1 < count ? item : last), ENVOI_OK);
	}
	assert_int_equal(envoi_buffer_append_text(&xml, "</arrays>"), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&xml, "", 1), ENVOI_OK);
	struct envoi_element *element = parse_one(context, envoi_buffer_data(&xml));
	envoi_buffer_finish(&xml);
	return element;
}

static void every_item_of_an_array_counts(void **state)
{
	static const char *const items[][2] = {
		{"<text>one</text>", "<text>two</text>"},
		{"<lang>en</lang>", "<lang>de</lang>"},
		{"<i8>1</i8>", "<i8>2</i8>"},
		{"<u64>1</u64>", "<u64>2</u64>"},
		{"<truth>true</truth>", "<truth>false</truth>"},
		{"<colour>red</colour>", "<colour>blue</colour>"},
		{"<date>2002-09-10T23:08:25Z</date>", "<date>2002-09-10T23:08:26Z</date>"},
		{"<zone>+05:45</zone>", "<zone>-05:45</zone>"},
		{"<base64>AAEC</base64>", "<base64>AAED</base64>"},
		{"<hex>00</hex>", "<hex>01</hex>"},
		{"<jid>a@b</jid>", "<jid>a@c</jid>"},
		{"<item jid='a@b'/>", "<item jid='a@b/c'/>"},
		{"<needed kind='k'>n</needed>", "<needed>n</needed>"},
		{"<x xmlns='urn:x'>y</x>", "<x xmlns='urn:x'>z</x>"},
	};
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		struct envoi_element *elements[] = {
			parse_arrays(*state, items[i][0], 3, items[i][0]),
			parse_arrays(*state, items[i][0], 3, items[i][1]),
			parse_arrays(*state, items[i][0], 2, items[i][0]),
			parse_arrays(*state, items[i][0], 0, items[i][0]),
		};
		const void *values[4];
		for (size_t k = 0; k < 4; k++) {
			assert_int_equal(
				envoi_payload_parse(&values[k], &arrays_type, elements[k], NULL),
				ENVOI_OK);
		}
		for (size_t k = 0; k < 16; k++) {
			if (envoi_payload_equal(&arrays_type, values[k / 4], values[k % 4]) !=
				(k / 4 == k % 4)) {
				fail_msg("%s: %zu and %zu", items[i][0], k / 4, k % 4);
			}
		}
		for (size_t k = 0; k < 4; k++) {
			envoi_element_unref(elements[k]);
		}
	}
}

/* Each level an item of the one above. */
static void items_count_for_the_depth(void **state)
{
	for (int more = 0; more < 2; more++) {
		struct envoi_element *root = envoi_element_new(
			*state, "urn:example:shape", "shape");
		struct envoi_element *at = root;
		for (int i = 1; i < ENVOI_PAYLOAD_DEPTH + more; i++) {
			at = envoi_element_add(at, NULL, "shape");
		}
		const void *value;
		assert_int_equal(envoi_payload_parse(&value, &shape_type, root, NULL),
			more > 0 ? ENVOI_ERR_LIMIT : ENVOI_OK);
		if (more == 0) {
			assert_int_equal(envoi_payload_check(&shape_type, value, NULL), ENVOI_OK);
			void *copy = envoi_payload_dup(*state, &shape_type, value);
			assert_true(envoi_payload_equal(&shape_type, copy, value));
			envoi_payload_free(&shape_type, copy);
		}
		envoi_element_unref(root);
	}
}

static void elements_are_compared_by_their_content(void **state)
{
	static const char *const forms[] = {
		"<n xmlns='urn:n'/>",
		"<n xmlns='urn:m'/>",
		"<m xmlns='urn:n'/>",
		"<n xmlns='urn:n'>t</n>",
		"<n xmlns='urn:n' a='1'/>",
		"<n xmlns='urn:n' a='2'/>",
		"<n xmlns='urn:n' a='1' b='2'/>",
		"<n xmlns='urn:n'><a/><b/></n>",
		"<n xmlns='urn:n'><a><b/></a></n>",
		"<n xmlns='urn:n'><b/><a/></n>",
		"<n xmlns='urn:n'><a/></n>",
		"<n xmlns='urn:n'><a><b/><c/></a><d/></n>",
		"<n xmlns='urn:n'><a><b/></a><c/><d/></n>",
		"<n xmlns='urn:n'><a><b><c/></b></a><d/></n>",
	};
	enum {
		FORMS = sizeof(forms) / sizeof(forms[0]),
	};
	struct envoi_element *a[FORMS], *b[FORMS];
	for (size_t i = 0; i < FORMS; i++) {
		a[i] = parse_one(*state, forms[i]);
		b[i] = parse_one(*state, forms[i]);
	}
	for (size_t i = 0; i < FORMS; i++) {
		for (size_t j = 0; j < FORMS; j++) {
			struct shape x = {.rest = a[i]}, y = {.rest = b[j]};
			assert_int_equal(envoi_payload_equal(&shape_type, &x, &y), i == j);
		}
	}
	for (size_t i = 0; i < FORMS; i++) {
		envoi_element_unref(a[i]);
		envoi_element_unref(b[i]);
	}
}

/* --- copying --- */

static void a_copy_shares_nothing_with_its_original(void **state)
{
	struct decoded decoded = decode(*state, &arrays_type,
		ARRAYS "<text>one</text><jid>a@b</jid><inners/><needed kind='k'>n</needed>"
		       "<base64>AAEC</base64><x xmlns='urn:x'>y</x></arrays>");
	struct arrays *copy = envoi_payload_dup(*state, &arrays_type, decoded.value);
	assert_non_null(copy);
	const struct arrays *arrays = decoded.value;
	assert_ptr_not_equal(copy->texts[1], arrays->texts[1]);
	assert_ptr_not_equal(copy->any[0], arrays->any[0]);
	envoi_element_unref(decoded.element);
	assert_int_equal(copy->text_count, 2);
	assert_string_equal(copy->texts[1], "one");
	assert_string_equal(envoi_jid_text(copy->jids[0]), "a@b");
	assert_string_equal(copy->inners[0].kind, "k");
	assert_memory_equal(copy->base64s[0].data, "\0\1\2", 3);
	assert_string_equal(envoi_element_text(copy->any[1]), "y");
	assert_null(copy->dates);
	envoi_payload_free(&arrays_type, copy);
}

static void a_copy_has_its_defaults_filled_in(void **state)
{
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, *state, "a@b"), ENVOI_OK);
	struct attrs attrs = {.limited = "", .sure = jid, .date = 5};
	struct attrs *copy = envoi_payload_dup(*state, &attrs_type, &attrs);
	assert_string_equal(copy->fallback, "usual");
	assert_int_equal(copy->date, 0);
	assert_false(copy->has_date);
	envoi_jid_unref(jid);
	assert_string_equal(envoi_jid_text(copy->sure), "a@b");
	envoi_payload_free(&attrs_type, copy);
	attrs.sure = NULL; /* cannot be written, but copied */
	copy = envoi_payload_dup(*state, &attrs_type, &attrs);
	assert_null(copy->sure);
	envoi_payload_free(&attrs_type, copy);
	struct children children = {.needed = "x"};
	struct children *copied = envoi_payload_dup(*state, &children_type, &children);
	assert_null(copied->hex.data);
	envoi_payload_free(&children_type, copied);
	struct shape shape = {.kind = (enum shape_kind)9};
	struct shape *odd = envoi_payload_dup(*state, &shape_type, &shape);
	assert_int_equal(odd->kind, 9);
	envoi_payload_free(&shape_type, odd);
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(values_that_cannot_be_parsed_are_not_written),
		TEST(values_are_checked_before_they_are_written),
		TEST(arrays_are_checked_item_by_item),
		TEST(elements_and_choices_are_checked),
		TEST(a_refused_struct_fails_the_writer_and_the_tree),
		TEST(ranges_hold_to_the_number),
		TEST(tables_in_themselves_end_at_a_depth),
		TEST(a_struct_that_contains_itself_ends_at_a_depth),
		TEST(choices_count_for_the_depth),
		TEST(absent_and_default_mean_the_same),
		TEST(every_member_counts),
		TEST(every_item_of_an_array_counts),
		TEST(items_count_for_the_depth),
		TEST(elements_are_compared_by_their_content),
		TEST(a_copy_shares_nothing_with_its_original),
		TEST(a_copy_has_its_defaults_filled_in),
		TEST(mistakes_in_tables_are_found),
	};
	return cmocka_run_group_tests_name("stanza/payload", tests, NULL, NULL);
}
