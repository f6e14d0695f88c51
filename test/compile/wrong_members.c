/*
 * envoi - rows whose member has the wrong type: with CASE from 1 to LAST_CASE no row compiles, with
 * CASE 0 all of this does, in C and in C++. Run by refuses.py.
 * SPDX-License-Identifier: MIT
 */
#ifdef __cplusplus
#include <envoi/payload.hpp>
#else
#include <envoi/payload.h>
#endif

#define LAST_CASE 49

struct inner {
	int x;
};
struct other {
	int x;
};
enum colour {
	RED = 1,
};
struct sample {
	char *text;
	char array[8];
	unsigned char *utext;
	int number;
	double real;
	bool truth;
	char letter;
	enum colour colour;
	int64_t date;
	uint64_t unsigned_date;
	int32_t short_date;
	struct envoi_bytes bytes;
	struct envoi_bytes *bytes_array;
	struct envoi_jid *jid;
	struct envoi_jid **jids;
	struct envoi_element *element;
	struct envoi_element **elements;
	struct inner inner, *inner_pointer;
	struct other other, *other_pointer;
	union {
		struct inner inner;
		struct other other;
	} either;
	char **texts;
	int *numbers;
	bool *truths;
	size_t count;
	int wrong_count;
	int not_bool;
	void *anything;
};
static const struct envoi_word words[] = {{"red", RED}, ENVOI_WORDS_END};
static const struct envoi_field inner_fields[] = {
	ENVOI_ATTR_INT(struct inner, x, "x"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type inner_type = ENVOI_PAYLOAD_TYPE(
	struct inner, NULL, "inner", inner_fields);
static const struct envoi_choice choices[] = {
#if CASE == 1
	ENVOI_CHOICE_IS(RED, struct sample, either.other, struct inner, &inner_type),
#elif CASE == 2
	ENVOI_CHOICE_IS(RED, struct sample, inner_pointer, struct inner, &inner_type),
#else
	ENVOI_CHOICE_IS(RED, struct sample, either.inner, struct inner, &inner_type),
#endif
	ENVOI_CHOICES_END,
};

static const struct envoi_field fields[] = {
#if CASE == 0
	ENVOI_ATTR_TEXT(struct sample, text, "text"),
	ENVOI_CHOICE(struct sample, colour, choices),
	ENVOI_ATTR_ENUM(struct sample, colour, "word", words),
	ENVOI_ATTR_ZONE(struct sample, number, "zone"),
	ENVOI_CHILDREN_ZONE(struct sample, numbers, count, "zone"),
#elif CASE == 3
	ENVOI_ATTR_TEXT(struct sample, number, "text"),
#elif CASE == 4
	ENVOI_ATTR_TEXT(struct sample, array, "text"),
#elif CASE == 5
	ENVOI_ATTR_TEXT(struct sample, utext, "text"),
#elif CASE == 6
	ENVOI_ATTR_TEXT(struct sample, texts, "text"),
#elif CASE == 7
	ENVOI_TEXT(struct sample, anything),
#elif CASE == 8
	ENVOI_CHILD_TEXT(struct sample, letter, "text"),
#elif CASE == 9
	ENVOI_CHILDREN_TEXT(struct sample, text, count, "text"),
#elif CASE == 10
	ENVOI_CHILDREN_TEXT(struct sample, texts, wrong_count, "text"),
#elif CASE == 11
	ENVOI_XML_LANG(struct sample, number),
#elif CASE == 12
	ENVOI_CHILD_LANG(struct sample, anything, "lang"),
#elif CASE == 13
	ENVOI_ATTR_INT(struct sample, text, "number"),
#elif CASE == 14
	ENVOI_ATTR_INT(struct sample, real, "number"),
#elif CASE == 15
	ENVOI_ATTR_INT(struct sample, truth, "number"),
#elif CASE == 16
	ENVOI_ATTR_INT(struct sample, letter, "number"),
#elif CASE == 17
	ENVOI_TEXT_INT(struct sample, numbers),
#elif CASE == 18
	ENVOI_CHILDREN_INT(struct sample, number, count, "number"),
#elif CASE == 19
	ENVOI_CHILDREN_INT(struct sample, truths, count, "number"),
#elif CASE == 20
	ENVOI_CHILDREN_INT(struct sample, numbers, wrong_count, "number"),
#elif CASE == 21
	ENVOI_ATTR_BOOL(struct sample, number, "truth"),
#elif CASE == 22
	ENVOI_CHILDREN_BOOL(struct sample, numbers, count, "truth"),
#elif CASE == 23
	ENVOI_CHILD_FLAG(struct sample, number, "flag"),
#elif CASE == 24
	ENVOI_ATTR_ENUM(struct sample, letter, "word", words),
#elif CASE == 25
	ENVOI_CHILD_ENUM(struct sample, date, "word", words),
#elif CASE == 26
	ENVOI_TEXT_ENUM(struct sample, text, words),
#elif CASE == 27
	ENVOI_CHILDREN_ENUM(struct sample, colour, count, "word", words),
#elif CASE == 28
	ENVOI_CHILD_NAME(struct sample, truth, words),
#elif CASE == 29
	ENVOI_ATTR_DATE(struct sample, unsigned_date, "date"),
#elif CASE == 30
	ENVOI_ATTR_DATE(struct sample, short_date, "date"),
#elif CASE == 31
	ENVOI_CHILDREN_DATE(struct sample, date, count, "date"),
#elif CASE == 32
	ENVOI_ATTR_BASE64(struct sample, text, "bytes"),
#elif CASE == 33
	ENVOI_TEXT_HEX(struct sample, bytes_array),
#elif CASE == 34
	ENVOI_CHILDREN_BASE64(struct sample, bytes, count, "bytes"),
#elif CASE == 35
	ENVOI_ATTR_JID(struct sample, text, "jid"),
#elif CASE == 36
	ENVOI_CHILD_JID(struct sample, jids, "jid"),
#elif CASE == 37
	ENVOI_CHILDREN_JID(struct sample, jid, count, "jid"),
#elif CASE == 38
	ENVOI_CHILD_STRUCT(struct sample, other, struct inner, &inner_type, ENVOI_REQUIRED),
#elif CASE == 39
	ENVOI_CHILD_STRUCT(struct sample, other_pointer, struct inner, &inner_type),
#elif CASE == 40
	ENVOI_CHILDREN_STRUCT(struct sample, inner, count, struct inner, &inner_type),
#elif CASE == 41
	ENVOI_CHILDREN_STRUCT(struct sample, other_pointer, count, struct inner, &inner_type),
#elif CASE == 42
	ENVOI_CHOICE(struct sample, text, choices),
#elif CASE == 43
	ENVOI_CHILD_ELEMENT(struct sample, elements, "element"),
#elif CASE == 44
	ENVOI_ANY(struct sample, element, count),
#elif CASE == 45
	ENVOI_ATTR_INT(struct sample, number, "number", .has = ENVOI_HAS(struct sample, not_bool)),
#elif CASE == 46
	ENVOI_ATTR_INT(struct sample, no_such_member, "number"),
#elif CASE == 47
	ENVOI_ATTR_INT(struct sample, number, "number", .no_such_thing = 1),
#elif CASE == 48
	ENVOI_ATTR_ZONE(struct sample, date, "zone"),
#elif CASE == 49
	ENVOI_CHILDREN_ZONE(struct sample, number, count, "zone"),
#endif
	ENVOI_FIELDS_END,
};
extern const struct envoi_payload_type sample_type;
const struct envoi_payload_type sample_type = ENVOI_PAYLOAD_TYPE(
	struct sample, "urn:sample", "sample", fields);
extern const struct envoi_choice *const used;
const struct envoi_choice *const used = choices;
