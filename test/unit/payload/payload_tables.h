/*
 * envoi - payload tables for tests: between them, every kind of row
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_PAYLOAD_TABLES_H
#define TEST_PAYLOAD_TABLES_H

#include <envoi/payload.h>

/* Program 3 of the guide, as it stands there. */
struct weather {
	char *place;
	int64_t celsius;
	bool rain;
};
static const struct envoi_field weather_fields[] = {
	ENVOI_ATTR_TEXT(struct weather, place, "place", ENVOI_REQUIRED, .max_bytes = 200),
	ENVOI_CHILD_INT(
		struct weather, celsius, "celsius", ENVOI_REQUIRED, .min = -100, .max = 100),
	ENVOI_CHILD_FLAG(struct weather, rain, "rain"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type weather_type = ENVOI_PAYLOAD_TYPE(
	struct weather, "urn:example:weather", "report", weather_fields);

enum colour {
	NO_COLOUR,
	RED,
	GREEN = 7,
	BLUE,
};
static const struct envoi_word colours[] = {
	{"red", RED},
	{"green", GREEN},
	{"blue", BLUE},
	ENVOI_WORDS_END,
};

/* Every value as an attribute. */
struct attrs {
	const char *text, *limited, *fallback, *lang, *other_ns;
	int8_t i8;
	uint8_t u8;
	int16_t i16;
	uint16_t u16;
	int32_t i32;
	uint32_t u32;
	int64_t i64;
	uint64_t u64;
	int ranged;
	bool yes, has_truth, truth, on;
	enum colour colour, other;
	int64_t date;
	bool has_date;
	int zone, zone_of_default;
	struct envoi_bytes base64, hex;
	struct envoi_jid *jid;
	const struct envoi_jid *sure;
};
static const struct envoi_field attrs_fields[] = {
	ENVOI_ATTR_TEXT(struct attrs, text, "text"),
	ENVOI_ATTR_TEXT(struct attrs, limited, "limited", ENVOI_REQUIRED, .max_bytes = 5),
	ENVOI_ATTR_TEXT(struct attrs, fallback, "fallback", .default_text = "usual"),
	ENVOI_XML_LANG(struct attrs, lang),
	ENVOI_ATTR_TEXT(struct attrs, other_ns, "text", .ns = "urn:other"),
	ENVOI_ATTR_INT(struct attrs, i8, "i8"),
	ENVOI_ATTR_INT(struct attrs, u8, "u8"),
	ENVOI_ATTR_INT(struct attrs, i16, "i16", .default_number = -5),
	ENVOI_ATTR_INT(struct attrs, u16, "u16", .default_number = 5222),
	ENVOI_ATTR_INT(struct attrs, i32, "i32"),
	ENVOI_ATTR_INT(struct attrs, u32, "u32"),
	ENVOI_ATTR_INT(struct attrs, i64, "i64", ENVOI_REQUIRED),
	ENVOI_ATTR_INT(struct attrs, u64, "u64", ENVOI_SPACES),
	ENVOI_ATTR_INT(struct attrs, ranged, "ranged", .min = 3, .max = 9),
	ENVOI_ATTR_BOOL(struct attrs, yes, "yes"),
	ENVOI_ATTR_BOOL(struct attrs, truth, "truth", .has = ENVOI_HAS(struct attrs, has_truth)),
	ENVOI_ATTR_BOOL(struct attrs, on, "on", .default_number = true),
	ENVOI_ATTR_ENUM(struct attrs, colour, "colour", colours),
	ENVOI_ATTR_ENUM(
		struct attrs, other, "other", colours, ENVOI_LENIENT, .default_number = BLUE),
	ENVOI_ATTR_DATE(struct attrs, date, "date", .has = ENVOI_HAS(struct attrs, has_date)),
	ENVOI_ATTR_ZONE(struct attrs, zone, "zone", .min = -60, .max = 120),
	ENVOI_ATTR_ZONE(struct attrs, zone_of_default, "zone-of-default", .default_number = 60),
	ENVOI_ATTR_BASE64(struct attrs, base64, "base64", .max_bytes = 20),
	ENVOI_ATTR_HEX(struct attrs, hex, "hex"),
	ENVOI_ATTR_JID(struct attrs, jid, "jid"),
	ENVOI_ATTR_JID(struct attrs, sure, "sure", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type attrs_type = ENVOI_PAYLOAD_TYPE(
	struct attrs, "urn:example:attrs", "attrs", attrs_fields);

/* Every value as the text of a child, or in an attribute of one. */
struct children {
	const char *text, *needed, *lang, *in_attr, *other_ns;
	int64_t i64;
	uint32_t at_least;
	bool truth, flag;
	enum colour colour, name;
	int64_t date;
	int zone;
	bool has_zone;
	struct envoi_bytes base64, hex;
	const struct envoi_jid *jid, *actor;
};
static const struct envoi_word names[] = {
	{"crimson", RED},
	{"olive", GREEN},
	ENVOI_WORDS_END,
};
static const struct envoi_field children_fields[] = {
	ENVOI_CHILD_TEXT(struct children, text, "text", .default_text = "x"),
	ENVOI_CHILD_TEXT(struct children, needed, "needed", ENVOI_REQUIRED | ENVOI_SPACES),
	ENVOI_CHILD_LANG(struct children, lang, "lang"),
	ENVOI_CHILD_TEXT(struct children, in_attr, "in-attr", .attr = "value"),
	ENVOI_CHILD_TEXT(struct children, other_ns, "text", .ns = "urn:other"),
	ENVOI_CHILD_INT(struct children, i64, "i64", .max = INT64_MAX),
	ENVOI_CHILD_INT(struct children, at_least, "at-least", .min = 10),
	ENVOI_CHILD_BOOL(struct children, truth, "truth", ENVOI_REQUIRED),
	ENVOI_CHILD_FLAG(struct children, flag, "flag"),
	ENVOI_CHILD_ENUM(struct children, colour, "colour", colours),
	ENVOI_CHILD_NAME(struct children, name, names, .ns = "urn:example:names"),
	ENVOI_CHILD_DATE(struct children, date, "date"),
	ENVOI_CHILD_ZONE(
		struct children, zone, "zone", .has = ENVOI_HAS(struct children, has_zone)),
	ENVOI_CHILD_BASE64(struct children, base64, "base64", ENVOI_SPACES),
	ENVOI_CHILD_HEX(
		struct children, hex, "hex", ENVOI_REQUIRED | ENVOI_SPACES, .max_bytes = 16),
	ENVOI_CHILD_JID(struct children, jid, "jid", ENVOI_LENIENT),
	ENVOI_CHILD_JID(struct children, actor, "actor", .attr = "jid"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type children_type = ENVOI_PAYLOAD_TYPE(
	struct children, "urn:example:children", "children", children_fields);

/* Every value as the element's own text. */
struct own_text {
	const char *text;
};
static const struct envoi_field own_text_fields[] = {
	ENVOI_TEXT(struct own_text, text),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type own_text_type = ENVOI_PAYLOAD_TYPE(
	struct own_text, NULL, "text", own_text_fields);

struct own_needed {
	const char *text;
	const char *kind;
};
static const struct envoi_field own_needed_fields[] = {
	ENVOI_TEXT(struct own_needed, text, ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct own_needed, kind, "kind"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type own_needed_type = ENVOI_PAYLOAD_TYPE(
	struct own_needed, NULL, "needed", own_needed_fields);

struct own_bytes {
	struct envoi_bytes bytes;
};
static const struct envoi_field own_base64_fields[] = {
	ENVOI_TEXT_BASE64(struct own_bytes, bytes, ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type own_base64_type = ENVOI_PAYLOAD_TYPE(
	struct own_bytes, NULL, "base64", own_base64_fields);
static const struct envoi_field own_hex_fields[] = {
	ENVOI_TEXT_HEX(struct own_bytes, bytes),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type own_hex_type = ENVOI_PAYLOAD_TYPE(
	struct own_bytes, NULL, "hex", own_hex_fields);

struct own_number {
	unsigned int number;
	bool has_number;
};
static const struct envoi_field own_number_fields[] = {
	ENVOI_TEXT_INT(struct own_number, number, ENVOI_SPACES,
		.has = ENVOI_HAS(struct own_number, has_number)),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type own_number_type = ENVOI_PAYLOAD_TYPE(
	struct own_number, NULL, "number", own_number_fields);

struct own_others {
	int64_t date;
	int zone;
	bool truth;
	int colour;
	struct envoi_jid *jid;
	char *lang;
};
static const struct envoi_field own_date_fields[] = {
	ENVOI_TEXT_DATE(struct own_others, date, ENVOI_REQUIRED, .min = 0, .max = 4102444800000),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type own_date_type = ENVOI_PAYLOAD_TYPE(
	struct own_others, NULL, "date", own_date_fields);
static const struct envoi_field own_zone_fields[] = {
	ENVOI_TEXT_ZONE(struct own_others, zone, ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type own_zone_type = ENVOI_PAYLOAD_TYPE(
	struct own_others, NULL, "zone", own_zone_fields);
static const struct envoi_field own_bool_fields[] = {
	ENVOI_TEXT_BOOL(struct own_others, truth, .default_number = 1),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type own_bool_type = ENVOI_PAYLOAD_TYPE(
	struct own_others, NULL, "bool", own_bool_fields);
static const struct envoi_field own_enum_fields[] = {
	ENVOI_TEXT_ENUM(struct own_others, colour, colours, ENVOI_LENIENT),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type own_enum_type = ENVOI_PAYLOAD_TYPE(
	struct own_others, NULL, "enum", own_enum_fields);
static const struct envoi_field own_jid_fields[] = {
	ENVOI_TEXT_JID(struct own_others, jid, ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type own_jid_type = ENVOI_PAYLOAD_TYPE(
	struct own_others, NULL, "jid", own_jid_fields);
static const struct envoi_field own_lang_fields[] = {
	ENVOI_TEXT_LANG(struct own_others, lang),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type own_lang_type = ENVOI_PAYLOAD_TYPE(
	struct own_others, NULL, "lang", own_lang_fields);

struct own {
	struct own_text *text;
	struct own_needed needed;
	const struct own_bytes *base64, *hex;
	struct own_number number;
	bool has_number;
	struct own_others *date, *zone, *truth, *colour, *jid, *lang;
	struct own_text again;
};
static const struct envoi_field own_fields[] = {
	ENVOI_CHILD_STRUCT(struct own, text, struct own_text, &own_text_type),
	ENVOI_CHILD_STRUCT(struct own, needed, struct own_needed, &own_needed_type, ENVOI_REQUIRED),
	ENVOI_CHILD_STRUCT(struct own, base64, struct own_bytes, &own_base64_type),
	ENVOI_CHILD_STRUCT(struct own, hex, struct own_bytes, &own_hex_type),
	ENVOI_CHILD_STRUCT(struct own, number, struct own_number, &own_number_type,
		.has = ENVOI_HAS(struct own, has_number)),
	ENVOI_CHILD_STRUCT(struct own, date, struct own_others, &own_date_type),
	ENVOI_CHILD_STRUCT(struct own, zone, struct own_others, &own_zone_type),
	ENVOI_CHILD_STRUCT(struct own, truth, struct own_others, &own_bool_type),
	ENVOI_CHILD_STRUCT(struct own, colour, struct own_others, &own_enum_type),
	ENVOI_CHILD_STRUCT(struct own, jid, struct own_others, &own_jid_type, ENVOI_LENIENT),
	ENVOI_CHILD_STRUCT(struct own, lang, struct own_others, &own_lang_type),
	ENVOI_CHILD_STRUCT(struct own, again, struct own_text, &own_text_type, ENVOI_REQUIRED,
		.as = "again", .ns = "urn:example:again"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type own_type = ENVOI_PAYLOAD_TYPE(
	struct own, "urn:example:own", "own", own_fields);

/* Arrays. */
struct arrays {
	char **texts;
	const char **langs;
	int8_t *i8s;
	const uint64_t *u64s;
	bool *truths;
	enum colour *colours;
	int64_t *dates;
	const int *zones;
	struct envoi_bytes *base64s;
	const struct envoi_bytes *hexes;
	struct envoi_jid **jids;
	const struct envoi_jid *const *blocked;
	struct own_needed *inners;
	const struct weather *reports;
	struct envoi_element **any;
	size_t text_count, lang_count, i8_count, u64_count, truth_count, colour_count, date_count,
		zone_count;
	size_t base64_count, hex_count, jid_count, blocked_count, inner_count, report_count,
		any_count;
};
static const struct envoi_field arrays_fields[] = {
	ENVOI_CHILDREN_TEXT(struct arrays, texts, text_count, "text", ENVOI_REQUIRED),
	ENVOI_CHILDREN_LANG(struct arrays, langs, lang_count, "lang"),
	ENVOI_CHILDREN_INT(struct arrays, i8s, i8_count, "i8", ENVOI_LENIENT, .min = -3, .max = 3),
	ENVOI_CHILDREN_INT(struct arrays, u64s, u64_count, "u64", .max_items = 3),
	ENVOI_CHILDREN_BOOL(struct arrays, truths, truth_count, "truth"),
	ENVOI_CHILDREN_ENUM(struct arrays, colours, colour_count, "colour", colours),
	ENVOI_CHILDREN_DATE(struct arrays, dates, date_count, "date"),
	ENVOI_CHILDREN_ZONE(struct arrays, zones, zone_count, "zone"),
	ENVOI_CHILDREN_BASE64(struct arrays, base64s, base64_count, "base64"),
	ENVOI_CHILDREN_HEX(struct arrays, hexes, hex_count, "hex"),
	ENVOI_CHILDREN_JID(struct arrays, jids, jid_count, "jid", ENVOI_LENIENT),
	ENVOI_CHILDREN_JID(struct arrays, blocked, blocked_count, "item", .attr = "jid"),
	ENVOI_CHILDREN_STRUCT(
		struct arrays, inners, inner_count, struct own_needed, &own_needed_type),
	ENVOI_CHILDREN_STRUCT(
		struct arrays, reports, report_count, struct weather, &weather_type, ENVOI_LENIENT),
	ENVOI_ANY(struct arrays, any, any_count),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type arrays_type = ENVOI_PAYLOAD_TYPE(
	struct arrays, "urn:example:arrays", "arrays", arrays_fields);

/* A choice, elements, and a table within itself. */
enum shape_kind {
	NO_SHAPE,
	CIRCLE,
	SQUARE,
	NOTHING,
};
struct circle {
	int radius;
};
struct square {
	const char *label;
	struct envoi_jid *owner;
	struct envoi_element *extra;
};
struct shape {
	enum shape_kind kind;
	union {
		struct circle circle;
		struct square square;
	} is;
	const struct envoi_element *note, *rest;
	struct shape *inside;
	struct shape *parts;
	size_t part_count;
};
static const struct envoi_field circle_fields[] = {
	ENVOI_ATTR_INT(struct circle, radius, "r", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type circle_type = ENVOI_PAYLOAD_TYPE(
	struct circle, NULL, "circle", circle_fields);
static const struct envoi_field square_fields[] = {
	ENVOI_CHILD_TEXT(struct square, label, "label"),
	ENVOI_ATTR_JID(struct square, owner, "owner"),
	ENVOI_CHILD_ELEMENT(struct square, extra, NULL),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type square_type = ENVOI_PAYLOAD_TYPE(
	struct square, "urn:example:square", "square", square_fields);
static const struct envoi_payload_type nothing_type = ENVOI_PAYLOAD_EMPTY(NULL, "nothing");
static const struct envoi_choice shape_kinds[] = {
	ENVOI_CHOICE_IS(CIRCLE, struct shape, is.circle, struct circle, &circle_type),
	ENVOI_CHOICE_IS(SQUARE, struct shape, is.square, struct square, &square_type),
	ENVOI_CHOICE_EMPTY(NOTHING, struct shape, &nothing_type),
	ENVOI_CHOICES_END,
};
static const struct envoi_payload_type shape_type;
static const struct envoi_field shape_fields[] = {
	ENVOI_CHOICE(struct shape, kind, shape_kinds),
	ENVOI_CHILD_ELEMENT(struct shape, note, "note"),
	ENVOI_CHILD_ELEMENT(struct shape, rest, NULL),
	ENVOI_CHILD_STRUCT(struct shape, inside, struct shape, &shape_type, .as = "inside"),
	ENVOI_CHILDREN_STRUCT(struct shape, parts, part_count, struct shape, &shape_type),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type shape_type = ENVOI_PAYLOAD_TYPE(
	struct shape, "urn:example:shape", "shape", shape_fields);

static const struct envoi_payload_type empty_type = ENVOI_PAYLOAD_EMPTY(
	"urn:example:empty", "empty");

static const struct envoi_payload_type *const all_types[] = {
	&weather_type,
	&attrs_type,
	&children_type,
	&own_type,
	&arrays_type,
	&shape_type,
	&empty_type,
};

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

#endif
