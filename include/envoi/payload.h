/*
 * envoi - payload descriptors: wire formats as structs and tables
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_PAYLOAD_H
#define ENVOI_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/jid.h>
#include <envoi/payload_macros.h>
#include <envoi/xml.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;

/*
 * How to describe a payload
 * =========================
 *
 * A payload is a C struct, and a table that says which member stands where in the XML. The engine
 * behind this header parses, checks, writes, copies, compares and frees every struct that has such
 * a table; nobody writes that code again. The tables are C11: a program in C++ has its own in a file
 * that is C.
 *
 *	struct weather {
 *		char *place;
 *		int64_t celsius;
 *		bool rain;
 *	};
 *	// <report xmlns='urn:example:weather' place='Oslo'><celsius>-3</celsius><rain/></report>
 *	static const struct envoi_field weather_fields[] = {
 *		ENVOI_ATTR_TEXT(struct weather, place, "place", ENVOI_REQUIRED, .max_bytes = 200),
 *		ENVOI_CHILD_INT(struct weather, celsius, "celsius", ENVOI_REQUIRED, .min = -100, .max = 100),
 *		ENVOI_CHILD_FLAG(struct weather, rain, "rain"),
 *		ENVOI_FIELDS_END,
 *	};
 *	static const struct envoi_payload_type weather_type =
 *		ENVOI_PAYLOAD_TYPE(struct weather, "urn:example:weather", "report", weather_fields);
 *
 * The name of a row's macro is where the value stands, then what it is:
 *
 *	where            ENVOI_ATTR_*      an attribute
 *	                 ENVOI_TEXT_*      the text of the element itself; has no name
 *	                 ENVOI_CHILD_*     the text of a child element, at most one
 *	                 ENVOI_CHILDREN_*  the texts of any number of them: an array and a size_t
 *	what    member               means
 *	TEXT    char *               any text
 *	INT     any integer type     a decimal number within the member's range
 *	BOOL    bool                 true, false, 1, 0
 *	ENUM    an enum, int         one of a table of words (struct envoi_word)
 *	DATE    int64_t              XEP-0082 DateTime: milliseconds since 1970 in UTC
 *	ZONE    int                  XEP-0082 time zone: minutes ahead of UTC, -840 to 840
 *	BASE64  struct envoi_bytes   bytes
 *	HEX     struct envoi_bytes   bytes
 *	JID     struct envoi_jid *   an address
 *	LANG    char *               a language tag
 *
 * And rows of their own kind:
 *
 *	ENVOI_XML_LANG        char *   the attribute xml:lang
 *	ENVOI_CHILD_FLAG      bool     whether an empty child is there
 *	ENVOI_CHILD_NAME      an enum, int  which one of several empty children is there
 *	ENVOI_CHILD_STRUCT    a struct or a pointer to one: a child with a table of its own
 *	ENVOI_CHILDREN_STRUCT an array of structs and a size_t: any number of them
 *	ENVOI_CHOICE          an enum, which says what of a union is in use: one of several children,
 *	                      each with a table of its own
 *	ENVOI_CHILD_ELEMENT   struct envoi_element *   a child as it is
 *	ENVOI_ANY             an array of struct envoi_element * and a size_t: all children that no
 *	                      other row takes, in order
 *
 * Give the struct's type, the member, and what else the macro names; then, all optional, flags
 * joined with |, and after them members of struct envoi_field by name (.max_bytes = 200). A member
 * of a wrong type does not compile.
 *
 * Absent and present. What is not ENVOI_REQUIRED may be absent. Then a pointer is NULL (bytes: a
 * NULL data), an array is empty, and everything else has its default: .default_number,
 * .default_text, or 0. A value equal to its default is not written. Where "absent" and "0" have to
 * be told apart, add a bool member and say .has = ENVOI_HAS(struct weather, has_celsius): it tells,
 * and on writing decides, whether the value is there.
 *
 * Whatever else stands in the element, attributes or children that no row names, is ignored
 * (RFC 6120, section 8.4). A second child where one is allowed is an error. Text between children is
 * ignored in elements without a row for it.
 *
 * All text in a decoded struct is NUL-terminated UTF-8. The struct, its text and arrays live in the
 * arena of the element it was decoded from, and as long: keep the stanza, or make a copy with
 * envoi_payload_dup(). To send, fill a struct of one's own with pointers to anything; nothing is
 * taken.
 *
 * The same rules are checked on the way out: what is written can be parsed, and gives an equal
 * struct.
 */

/** Flags of a row. */
enum {
	ENVOI_REQUIRED = 1, /**< absence is an error; always written */
	ENVOI_LENIENT = 2, /**< a malformed value counts as absent; in an array it is left out */
	/** white space around the value is ignored; in base64 and hex, inside too */
	ENVOI_SPACES = 4,
	/** of ENVOI_XML_LANG: else the language in force there (xml:lang above) */
	ENVOI_INHERITED = 8,
};

/** Where a value stands. Filled in by the macros, as the enum below. */
enum envoi_field_place {
	ENVOI_FIELD_NOWHERE = 0, /**< ends a table */
	ENVOI_FIELD_ATTR,
	ENVOI_FIELD_TEXT,
	ENVOI_FIELD_CHILD,
	ENVOI_FIELD_CHILDREN,
};

/** What a value is. */
enum envoi_field_value {
	ENVOI_VALUE_TEXT,
	ENVOI_VALUE_INT,
	ENVOI_VALUE_BOOL,
	ENVOI_VALUE_ENUM,
	ENVOI_VALUE_DATE,
	ENVOI_VALUE_ZONE,
	ENVOI_VALUE_BASE64,
	ENVOI_VALUE_HEX,
	ENVOI_VALUE_JID,
	ENVOI_VALUE_LANG,
	ENVOI_VALUE_FLAG,
	ENVOI_VALUE_NAME,
	ENVOI_VALUE_STRUCT,
	ENVOI_VALUE_CHOICE,
	ENVOI_VALUE_ELEMENT,
};

/** Bytes of a payload: base64 or hexadecimal in XML. Absent when @p data is NULL. */
struct envoi_bytes {
	const unsigned char *data;
	size_t len;
};

/** A word and the value of an enum that it stands for. A table of them ends with {NULL}. */
struct envoi_word {
	const char *word;
	int value;
};

struct envoi_choice;
struct envoi_payload_type;

/**
 * One row of a table: which member stands where, and what is allowed. Made by the macros below;
 * the members from @p flags on may be given by name behind a macro's other arguments.
 */
struct envoi_field {
	unsigned char place; /**< enum envoi_field_place */
	unsigned char value; /**< enum envoi_field_value */
	bool is_signed; /**< of an integer */
	bool is_pointer; /**< of a struct: the member points to it */
	unsigned int struct_size; /**< of the struct that the row is about */
	size_t offset; /**< of the member */
	size_t size; /**< of the member; of an array, of one item; of a struct, of that */
	size_t count; /**< of an array: offset of the size_t with the number of items */
	const struct envoi_word *words; /**< of ENUM and NAME */
	const struct envoi_payload_type *type; /**< of STRUCT */
	const struct envoi_choice *choices; /**< of CHOICE */
	const char *name; /**< of the attribute or child */

	unsigned int flags; /**< ENVOI_REQUIRED and so on */
	/** namespace of the attribute (default: none) or child (default: the payload's) */
	const char *ns;
	/** of children: the value is in this attribute of theirs, not in the text */
	const char *attr;
	const char *as; /**< of structs: the child's name, in place of the inner type's */
	size_t has; /**< ENVOI_HAS(): the bool member that says whether the value is there */
	/**
	 * Range of an integer, date or zone, both ends included; narrower than the member's type. Both 0: no
	 * other limit; @p max below @p min: no upper limit.
	 */
	int64_t min, max;
	size_t max_bytes; /**< of text or of decoded bytes; 0: no limit of its own */
	size_t max_items; /**< of an array; 0: no limit of its own */
	int64_t default_number; /**< of INT, BOOL, ENUM, NAME, DATE, ZONE, when absent */
	const char *default_text; /**< of TEXT and LANG, when absent; never freed */
	int end; /**< unused */
};

/** One alternative of ENVOI_CHOICE; made by ENVOI_CHOICE_IS and ENVOI_CHOICE_EMPTY. */
struct envoi_choice {
	int value; /**< of the enum, when this one is there; not 0 */
	const struct envoi_payload_type *type; /**< NULL ends the table */
	unsigned int struct_size;
	size_t offset; /**< of the member of the union */
	size_t size; /**< of that member; 0: there is none */
};

/** A described payload: a constant, made by ENVOI_PAYLOAD_TYPE or ENVOI_PAYLOAD_EMPTY. */
struct envoi_payload_type {
	const char *ns; /**< NULL, only for tables used inside others: that of the element around */
	const char *name;
	size_t size; /**< of the struct */
	const struct envoi_field *fields; /**< ended by ENVOI_FIELDS_END; NULL: none */
};

/* clang-format off */
/** Describes @p struct_type by @p table. */
#define ENVOI_PAYLOAD_TYPE(struct_type, namespace_name, element_name, table) \
	{.ns = (namespace_name), .name = (element_name), .size = sizeof(struct_type), .fields = (table)}
/** Describes an element without content that matters; its values are pointers to nothing. */
#define ENVOI_PAYLOAD_EMPTY(namespace_name, element_name) \
	{.ns = (namespace_name), .name = (element_name)}

#define ENVOI_FIELDS_END {.place = ENVOI_FIELD_NOWHERE}
#define ENVOI_WORDS_END {.word = NULL}
#define ENVOI_CHOICES_END {.type = NULL}

/** For .has: the bool member that says whether a value is there. */
#define ENVOI_HAS(struct_type, member) \
	(offsetof(struct_type, member) + (_Generic(ENVOI__AT(struct_type, member), bool *: 1)))

/* --- rows: text, char * --- */

#define ENVOI_ATTR_TEXT(...) ENVOI__TEXT(ATTR, TEXT, __VA_ARGS__, .end = 0)
#define ENVOI_TEXT(...) ENVOI__OWN(ENVOI__TEXT, TEXT, __VA_ARGS__, .end = 0)
#define ENVOI_CHILD_TEXT(...) ENVOI__TEXT(CHILD, TEXT, __VA_ARGS__, .end = 0)
#define ENVOI_CHILDREN_TEXT(...) ENVOI__TEXTS(TEXT, __VA_ARGS__, .end = 0)

/* --- rows: language tags, char * --- */

#define ENVOI_ATTR_LANG(...) ENVOI__TEXT(ATTR, LANG, __VA_ARGS__, .end = 0)
#define ENVOI_TEXT_LANG(...) ENVOI__OWN(ENVOI__TEXT, LANG, __VA_ARGS__, .end = 0)
#define ENVOI_CHILD_LANG(...) ENVOI__TEXT(CHILD, LANG, __VA_ARGS__, .end = 0)
#define ENVOI_CHILDREN_LANG(...) ENVOI__TEXTS(LANG, __VA_ARGS__, .end = 0)
/** (struct_type, member, ...): the attribute xml:lang. */
#define ENVOI_XML_LANG(...) ENVOI__XML_LANG(__VA_ARGS__, .end = 0)

/* --- rows: integers of any width --- */

#define ENVOI_ATTR_INT(...) ENVOI__INT(ATTR, INT, __VA_ARGS__, .end = 0)
#define ENVOI_TEXT_INT(...) ENVOI__OWN(ENVOI__INT, INT, __VA_ARGS__, .end = 0)
#define ENVOI_CHILD_INT(...) ENVOI__INT(CHILD, INT, __VA_ARGS__, .end = 0)
#define ENVOI_CHILDREN_INT(...) ENVOI__INTS(__VA_ARGS__, .end = 0)

/* --- rows: truth, bool --- */

#define ENVOI_ATTR_BOOL(...) ENVOI__BOOL(ATTR, BOOL, __VA_ARGS__, .end = 0)
#define ENVOI_TEXT_BOOL(...) ENVOI__OWN(ENVOI__BOOL, BOOL, __VA_ARGS__, .end = 0)
#define ENVOI_CHILD_BOOL(...) ENVOI__BOOL(CHILD, BOOL, __VA_ARGS__, .end = 0)
#define ENVOI_CHILDREN_BOOL(...) ENVOI__BOOLS(__VA_ARGS__, .end = 0)
/** (struct_type, member, name, ...): whether the child is there. */
#define ENVOI_CHILD_FLAG(...) ENVOI__BOOL(CHILD, FLAG, __VA_ARGS__, .end = 0)

/* --- rows: words of a table, an enum or int; give the table behind the name --- */

#define ENVOI_ATTR_ENUM(...) ENVOI__ENUM(ATTR, __VA_ARGS__, .end = 0)
/** (struct_type, member, words, ...) */
#define ENVOI_TEXT_ENUM(...) ENVOI__TEXT_ENUM(__VA_ARGS__, .end = 0)
#define ENVOI_CHILD_ENUM(...) ENVOI__ENUM(CHILD, __VA_ARGS__, .end = 0)
/** (struct_type, member, count_member, name, words, ...) */
#define ENVOI_CHILDREN_ENUM(...) ENVOI__ENUMS(__VA_ARGS__, .end = 0)
/** (struct_type, member, words, ...): the names of the children that may be there, one at most. */
#define ENVOI_CHILD_NAME(...) ENVOI__NAME(__VA_ARGS__, .end = 0)

/* --- rows: dates, int64_t --- */

#define ENVOI_ATTR_DATE(...) ENVOI__DATE(ATTR, DATE, __VA_ARGS__, .end = 0)
#define ENVOI_TEXT_DATE(...) ENVOI__OWN(ENVOI__DATE, DATE, __VA_ARGS__, .end = 0)
#define ENVOI_CHILD_DATE(...) ENVOI__DATE(CHILD, DATE, __VA_ARGS__, .end = 0)
#define ENVOI_CHILDREN_DATE(...) ENVOI__DATES(__VA_ARGS__, .end = 0)

/* --- rows: time zones, int --- */

#define ENVOI_ATTR_ZONE(...) ENVOI__ZONE(ATTR, ZONE, __VA_ARGS__, .end = 0)
#define ENVOI_TEXT_ZONE(...) ENVOI__OWN(ENVOI__ZONE, ZONE, __VA_ARGS__, .end = 0)
#define ENVOI_CHILD_ZONE(...) ENVOI__ZONE(CHILD, ZONE, __VA_ARGS__, .end = 0)
#define ENVOI_CHILDREN_ZONE(...) ENVOI__ZONES(__VA_ARGS__, .end = 0)

/* --- rows: bytes, struct envoi_bytes --- */

#define ENVOI_ATTR_BASE64(...) ENVOI__BYTES(ATTR, BASE64, __VA_ARGS__, .end = 0)
#define ENVOI_TEXT_BASE64(...) ENVOI__OWN(ENVOI__BYTES, BASE64, __VA_ARGS__, .end = 0)
#define ENVOI_CHILD_BASE64(...) ENVOI__BYTES(CHILD, BASE64, __VA_ARGS__, .end = 0)
#define ENVOI_CHILDREN_BASE64(...) ENVOI__BYTESES(BASE64, __VA_ARGS__, .end = 0)
#define ENVOI_ATTR_HEX(...) ENVOI__BYTES(ATTR, HEX, __VA_ARGS__, .end = 0)
#define ENVOI_TEXT_HEX(...) ENVOI__OWN(ENVOI__BYTES, HEX, __VA_ARGS__, .end = 0)
#define ENVOI_CHILD_HEX(...) ENVOI__BYTES(CHILD, HEX, __VA_ARGS__, .end = 0)
#define ENVOI_CHILDREN_HEX(...) ENVOI__BYTESES(HEX, __VA_ARGS__, .end = 0)

/* --- rows: addresses, struct envoi_jid * --- */

#define ENVOI_ATTR_JID(...) ENVOI__JID(ATTR, JID, __VA_ARGS__, .end = 0)
#define ENVOI_TEXT_JID(...) ENVOI__OWN(ENVOI__JID, JID, __VA_ARGS__, .end = 0)
#define ENVOI_CHILD_JID(...) ENVOI__JID(CHILD, JID, __VA_ARGS__, .end = 0)
#define ENVOI_CHILDREN_JID(...) ENVOI__JIDS(__VA_ARGS__, .end = 0)

/* --- rows: tables within tables --- */

/**
 * (struct_type, member, inner_struct_type, inner_payload_type_pointer, ...): a child described by
 * another table, which may be its own (only through a pointer). The member is the inner struct
 * itself (then it is required, or has .has) or a pointer to it. .as and .ns replace name and
 * namespace of the inner type.
 */
#define ENVOI_CHILD_STRUCT(...) ENVOI__STRUCT(__VA_ARGS__, .end = 0)
/** (struct_type, member, count_member, inner_struct_type, inner_payload_type_pointer, ...) */
#define ENVOI_CHILDREN_STRUCT(...) ENVOI__STRUCTS(__VA_ARGS__, .end = 0)
/** (struct_type, enum_member, choices, ...): the choices are rows of the two macros below. */
#define ENVOI_CHOICE(...) ENVOI__CHOICE(__VA_ARGS__, .end = 0)
/** An alternative: (value of the enum, struct_type, union.member, inner_struct_type, type pointer) */
#define ENVOI_CHOICE_IS(enum_value, struct_type, member, inner_type, type_pointer) \
	{ \
		.value = (enum_value), .type = (type_pointer), \
		.struct_size = ENVOI__SIZE(struct_type), .offset = offsetof(struct_type, member), \
		.size = sizeof(inner_type) * _Generic(ENVOI__AT(struct_type, member), inner_type *: 1) \
	}
/** An alternative without members: (value of the enum, struct_type, type pointer) */
#define ENVOI_CHOICE_EMPTY(enum_value, struct_type_, type_pointer) \
	{.value = (enum_value), .type = (type_pointer), .struct_size = ENVOI__SIZE(struct_type_)}

/* --- rows: elements as they are --- */

/**
 * (struct_type, member, name, ...): struct envoi_element *. With name NULL it takes the first
 * child that no other row takes, and the rest is ignored.
 */
#define ENVOI_CHILD_ELEMENT(...) ENVOI__ELEMENT(__VA_ARGS__, .end = 0)
/** (struct_type, member, count_member, ...): all children that no other row takes, in order. */
#define ENVOI_ANY(...) ENVOI__ANY(__VA_ARGS__, .end = 0)

/* clang-format on */

/* --- the engine --- */

/** How deep tables may be nested in each other, in a struct or in XML. */
#define ENVOI_PAYLOAD_DEPTH 64

/** What is wrong with a payload, for a log or an answer. */
struct envoi_payload_problem {
	char where[128]; /**< "query/item[3]/@jid" for example, cut off when longer */
	/** "is missing" for example: words to follow @p where; static; never NULL */
	const char *why;
};

/**
 * Decode an element.
 *
 * @param[out] ret_value    a struct as @p type says; read only, in the arena of @p element's tree
 *                          and living as long as it; never NULL, for an empty type too
 * @param[out] ret_problem  NULL: not wanted; set when the failure is one of the peer's
 * @retval ENVOI_DECLINED      the element has another name or namespace
 * @retval ENVOI_ERR_PROTOCOL  something is missing, malformed, out of range or there twice
 * @retval ENVOI_ERR_LIMIT     longer or more than the table allows, or nested too deep
 * @retval ENVOI_ERR_INVALID   a mistake in the table
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_payload_parse(const void **ret_value,
	const struct envoi_payload_type *type, const struct envoi_element *element,
	struct envoi_payload_problem *ret_problem);

/**
 * Check that a struct can be written: what is required is there, everything is in its range, and
 * text has only what XML allows.
 *
 * @param value        a struct as @p type says; may be NULL for an empty type
 * @param ret_problem  NULL: not wanted
 * @retval ENVOI_ERR_INVALID  it cannot; or a mistake in the table
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_payload_check(const struct envoi_payload_type *type,
	const void *value, struct envoi_payload_problem *ret_problem);

/**
 * Write a struct, after checking it as envoi_payload_check() does.
 *
 * @retval ENVOI_ERR_INVALID  as envoi_payload_check()
 * @retval ENVOI_ERR_NOMEM    also for a NULL writer
 *
 * A failure is the writer's, too: envoi_xml_writer_finish() returns it, so that no half of a payload
 * is ever sent. What does not fit into the buffer is only told there, as always.
 */
ENVOI_API int envoi_payload_write(struct envoi_xml_writer *writer,
	const struct envoi_payload_type *type, const void *value,
	struct envoi_payload_problem *ret_problem);

/**
 * Add a struct to a tree, as a child of @p parent.
 *
 * @retval ENVOI_ERR_INVALID  as envoi_payload_check()
 * @retval ENVOI_ERR_NOMEM    also for NULL
 * @return  otherwise the tree's first failure
 *
 * A failure is the tree's, as with every builder: what sends the tree reports it.
 */
ENVOI_API int envoi_payload_add(struct envoi_element *parent, const struct envoi_payload_type *type,
	const void *value, struct envoi_payload_problem *ret_problem);

/** As envoi_payload_add(), but makes a tree of its own. @param[out] ret_element with one reference */
ENVOI_API ENVOI_MUST_CHECK int envoi_payload_build(struct envoi_element **ret_element,
	struct envoi_context *context, const struct envoi_payload_type *type, const void *value,
	struct envoi_payload_problem *ret_problem);

/**
 * Copy a struct with everything it points to, defaults filled in, to be kept as long as one likes.
 * Addresses are shared, all else is copied.
 *
 * @return the copy, in memory of @p context: read only, to be freed with envoi_payload_free();
 *         NULL: out of memory, or nested deeper than ENVOI_PAYLOAD_DEPTH
 */
ENVOI_API void *envoi_payload_dup(
	struct envoi_context *context, const struct envoi_payload_type *type, const void *value);

/** Free what envoi_payload_dup() gave; NULL is allowed. */
ENVOI_API void envoi_payload_free(const struct envoi_payload_type *type, void *value);

/**
 * Compare what two structs mean: an absent value equals its default, what a `has` member or a
 * choice rules out does not count.
 */
ENVOI_API bool envoi_payload_equal(
	const struct envoi_payload_type *type, const void *a, const void *b);

/**
 * Look for mistakes in a table that the compiler cannot see: a row of another struct, an inner type
 * of another size, a default out of range, two rows for one name, an embedded struct that is neither
 * required nor has a `has` member. For tests: call it once for each table of yours.
 *
 * @retval ENVOI_ERR_INVALID  then *@p ret_problem says where
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_payload_check_type(
	const struct envoi_payload_type *type, struct envoi_payload_problem *ret_problem);

#ifdef __cplusplus
}
#endif
#endif
