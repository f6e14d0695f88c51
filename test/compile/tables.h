/*
 * envoi - a payload table with every row macro, compiled as C and as C++, and what tables.cpp has
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_TABLES_H
#define TEST_TABLES_H

#include <envoi/envoi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct inner {
	int8_t number;
};
struct sample {
	char *text;
	const char *lang, *xml_lang;
	uint16_t number;
	bool truth, flag, has_number;
	int colour, name;
	int64_t date;
	int zone;
	struct envoi_bytes base64, hex;
	struct envoi_jid *jid;
	struct inner embedded, *pointed;
	int kind;
	union {
		struct inner one;
		struct inner two;
	} is;
	const struct envoi_element *element;
	char **texts;
	const char *const *langs;
	const int64_t *numbers;
	bool *truths;
	int *colours;
	int64_t *dates;
	const int *zones;
	struct envoi_bytes *base64s, *hexes;
	const struct envoi_jid *const *jids;
	struct inner *inners;
	struct envoi_element **any;
	size_t count, other_count;
};

#ifdef TEST_TABLES
static const struct envoi_word colours[] = {{"red", 1}, {"green", 2}, ENVOI_WORDS_END};
static const struct envoi_field inner_fields[] = {
	ENVOI_TEXT_INT(struct inner, number),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type inner_type = ENVOI_PAYLOAD_TYPE(
	struct inner, NULL, "inner", inner_fields);
static const struct envoi_payload_type empty_type = ENVOI_PAYLOAD_EMPTY("urn:empty", "empty");
static const struct envoi_choice choices[] = {
	ENVOI_CHOICE_IS(1, struct sample, is.one, struct inner, &inner_type),
	ENVOI_CHOICE_EMPTY(2, struct sample, &empty_type),
	ENVOI_CHOICES_END,
};
static const struct envoi_field sample_fields[] = {
	ENVOI_ATTR_TEXT(struct sample, text, "text"),
	ENVOI_TEXT(struct sample, text, ENVOI_REQUIRED),
	ENVOI_CHILD_TEXT(struct sample, text, "text", ENVOI_REQUIRED | ENVOI_SPACES),
	ENVOI_CHILDREN_TEXT(struct sample, texts, count, "text", ENVOI_LENIENT),
	ENVOI_ATTR_LANG(struct sample, lang, "lang"),
	ENVOI_TEXT_LANG(struct sample, lang),
	ENVOI_CHILD_LANG(struct sample, lang, "lang"),
	ENVOI_CHILDREN_LANG(struct sample, langs, count, "lang"),
	ENVOI_XML_LANG(struct sample, xml_lang, ENVOI_INHERITED),
	ENVOI_ATTR_INT(struct sample, number, "number"),
	ENVOI_TEXT_INT(struct sample, number),
	ENVOI_CHILD_INT(struct sample, number, "number"),
	ENVOI_CHILDREN_INT(struct sample, numbers, count, "number"),
	ENVOI_ATTR_BOOL(struct sample, truth, "truth"),
	ENVOI_TEXT_BOOL(struct sample, truth),
	ENVOI_CHILD_BOOL(struct sample, truth, "truth"),
	ENVOI_CHILDREN_BOOL(struct sample, truths, count, "truth"),
	ENVOI_CHILD_FLAG(struct sample, flag, "flag"),
	ENVOI_ATTR_ENUM(struct sample, colour, "colour", colours),
	ENVOI_TEXT_ENUM(struct sample, colour, colours),
	ENVOI_CHILD_ENUM(struct sample, colour, "colour", colours, ENVOI_LENIENT),
	ENVOI_CHILDREN_ENUM(struct sample, colours, count, "colour", colours),
	ENVOI_CHILD_NAME(struct sample, name, colours),
	ENVOI_ATTR_DATE(struct sample, date, "date"),
	ENVOI_TEXT_DATE(struct sample, date),
	ENVOI_CHILD_DATE(struct sample, date, "date"),
	ENVOI_CHILDREN_DATE(struct sample, dates, count, "date"),
	ENVOI_ATTR_ZONE(struct sample, zone, "zone"),
	ENVOI_TEXT_ZONE(struct sample, zone),
	ENVOI_CHILD_ZONE(struct sample, zone, "zone"),
	ENVOI_CHILDREN_ZONE(struct sample, zones, count, "zone"),
	ENVOI_ATTR_BASE64(struct sample, base64, "base64"),
	ENVOI_TEXT_BASE64(struct sample, base64),
	ENVOI_CHILD_BASE64(struct sample, base64, "base64"),
	ENVOI_CHILDREN_BASE64(struct sample, base64s, count, "base64"),
	ENVOI_ATTR_HEX(struct sample, hex, "hex"),
	ENVOI_TEXT_HEX(struct sample, hex),
	ENVOI_CHILD_HEX(struct sample, hex, "hex"),
	ENVOI_CHILDREN_HEX(struct sample, hexes, other_count, "hex"),
	ENVOI_ATTR_JID(struct sample, jid, "jid"),
	ENVOI_TEXT_JID(struct sample, jid),
	ENVOI_CHILD_JID(struct sample, jid, "jid"),
	ENVOI_CHILDREN_JID(struct sample, jids, count, "jid"),
	ENVOI_CHILD_STRUCT(struct sample, embedded, struct inner, &inner_type, ENVOI_REQUIRED),
	ENVOI_CHILD_STRUCT(struct sample, pointed, struct inner, &inner_type),
	ENVOI_CHILDREN_STRUCT(struct sample, inners, count, struct inner, &inner_type),
	ENVOI_CHOICE(struct sample, kind, choices),
	ENVOI_CHILD_ELEMENT(struct sample, element, "element"),
	ENVOI_ANY(struct sample, any, other_count),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type sample_type = ENVOI_PAYLOAD_TYPE(
	struct sample, "urn:sample", "sample", sample_fields);
static const size_t has_number = ENVOI_HAS(struct sample, has_number);
#endif

/* --- of tables.cpp --- */

/** The same table as C++ makes it, and ENVOI_HAS() there. */
extern const struct envoi_payload_type *const cpp_sample_type;
extern const size_t cpp_has_number;

/** A row with every option that C++ has functions for. */
extern const struct envoi_field *const cpp_options;

/** A handler whose functions are members of a class. It notes its calls in @p calls. */
struct envoi_handler *cpp_handler_new(struct envoi_buffer *calls);

#ifdef __cplusplus
}
#endif
#endif
