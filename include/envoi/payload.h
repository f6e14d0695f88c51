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
 * A payload is described by a C struct and a table. Each row of the table maps a member of the
 * struct to a place in the XML. With the table, the functions below parse, check, write, copy,
 * compare and free the struct. <envoi/payload.hpp> has the same macros for C++17.
 *
 *	struct weather {
 *		char *place;
 *		int64_t celsius;
 *		bool rain;
 *	};
 *	// <report xmlns='urn:example:weather' place='Oslo'><celsius>-3</celsius><rain/></report>
 *	static const struct envoi_field weather_fields[] = {
 *		ENVOI_ATTR_TEXT(struct weather, place, "place", ENVOI_REQUIRED, .max_bytes = 200),
 *		ENVOI_CHILD_INT(struct weather, celsius, "celsius", ENVOI_REQUIRED,
 *			.min = -100, .max = 100),
 *		ENVOI_CHILD_FLAG(struct weather, rain, "rain"),
 *		ENVOI_FIELDS_END,
 *	};
 *	static const struct envoi_payload_type weather_type =
 *		ENVOI_PAYLOAD_TYPE(struct weather, "urn:example:weather", "report", weather_fields);
 *
 * A row is made by a macro. The first part of the macro's name is the place of the value, the
 * second its kind:
 *
 *	place            ENVOI_ATTR_*      an attribute
 *	                 ENVOI_TEXT_*      the text of the element itself; has no name
 *	                 ENVOI_CHILD_*     the text of a child element, which occurs at most once
 *	                 ENVOI_CHILDREN_*  the texts of child elements: an array and a size_t
 *	kind    member               value
 *	TEXT    char *               any text; the member may also be const char *
 *	INT     any integer type     a decimal number within the member's range
 *	BOOL    bool                 true, false, 1, 0
 *	ENUM    an enum, int         a word of a table (struct envoi_word)
 *	DATE    int64_t              XEP-0082 DateTime: milliseconds since 1970 in UTC
 *	ZONE    int                  XEP-0082 time zone: minutes ahead of UTC, -840 to 840
 *	BASE64  struct envoi_bytes   bytes
 *	HEX     struct envoi_bytes   bytes
 *	JID     struct envoi_jid *   an address
 *	LANG    char *               a language tag; as TEXT
 *
 * The member of an ENVOI_CHILDREN_* row is a pointer to the first item, each of the type above
 * (int32_t * for INT, char ** for TEXT, struct envoi_jid ** for JID), and its count_member is a
 * size_t of the same struct. The arguments are (struct_type, member, count_member, name, ...).
 *
 * Other rows:
 *
 *	ENVOI_XML_LANG        char *   the attribute xml:lang
 *	ENVOI_CHILD_FLAG      bool     true: the empty child is present
 *	ENVOI_CHILD_NAME      an enum, int  the name of the empty child, one of a table of words
 *	ENVOI_CHILD_STRUCT    a struct or a pointer to one: a child with a table of its own
 *	ENVOI_CHILDREN_STRUCT an array of structs and a size_t: children with a table of their own
 *	ENVOI_CHOICE          an enum that selects the member of a union: one of several children,
 *	                      each with a table of its own
 *	ENVOI_CHILD_ELEMENT   struct envoi_element *   a child, not decoded
 *	ENVOI_ANY             an array of struct envoi_element * and a size_t: the children that no
 *	                      other row takes, in order
 *
 * The arguments of a macro are the type of the struct, the member, and those named at the macro.
 * Flags, joined with |, may follow, and then members of struct envoi_field by name (.max_bytes =
 * 200). A member of a wrong type does not compile.
 *
 * Absence. A value without ENVOI_REQUIRED may be absent. The member then has its default:
 * .default_number or .default_text if given, else 0, NULL, or an empty array (of struct
 * envoi_bytes, NULL data). A value equal to its default is not written. To distinguish an absent
 * value from its default, add a bool member and .has = ENVOI_HAS(struct weather, has_celsius).
 * Parsing sets that member to whether the value is present; writing writes the value if it is true.
 *
 * Attributes and children without a row are ignored (RFC 6120, section 8.4), and so is text between
 * children. A second child for a row that takes one is an error.
 *
 * Text in a decoded struct is NUL-terminated UTF-8. The struct, its text and its arrays are stored
 * with the element that they were decoded from, and valid as long as it: keep a reference to the
 * stanza, or copy the struct with envoi_payload_dup(). To write, fill in a struct; its pointers are
 * borrowed for the call.
 *
 * Writing applies the same rules as parsing: what was written can be parsed, and gives an equal
 * struct.
 */

/** Flags of a row. */
enum {
	ENVOI_REQUIRED = 1, /**< an absent value is an error; the value is always written */
	ENVOI_LENIENT = 2, /**< a malformed value counts as absent; an array leaves it out */
	/** white space around the value is ignored; in base64 and hexadecimal, inside too */
	ENVOI_SPACES = 4,
	/** of ENVOI_XML_LANG: an absent value is that of the nearest ancestor's xml:lang */
	ENVOI_INHERITED = 8,
};

/** The place of a value. Set by the macros. */
enum envoi_field_place {
	ENVOI_FIELD_NOWHERE = 0, /**< ends a table */
	ENVOI_FIELD_ATTR,
	ENVOI_FIELD_TEXT,
	ENVOI_FIELD_CHILD,
	ENVOI_FIELD_CHILDREN,
};

/** The kind of a value. Set by the macros. */
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

/** Bytes of a payload: base64 or hexadecimal in XML. Absent if @p data is NULL. */
struct envoi_bytes {
	const unsigned char *data;
	size_t len;
};

/** A word in XML and the value of an enum that it stands for. ENVOI_WORDS_END ends a table. */
struct envoi_word {
	const char *word;
	int value;
};

struct envoi_choice;
struct envoi_payload_type;

/**
 * One row of a table. Made by the macros below. The members from @p flags on may be given by name
 * after the macro's other arguments.
 */
struct envoi_field {
	unsigned char place; /**< enum envoi_field_place */
	unsigned char value; /**< enum envoi_field_value */
	bool is_signed; /**< of an integer */
	bool is_pointer; /**< of a struct: the member points to it */
	unsigned int struct_size; /**< of the struct that has the member */
	size_t offset; /**< of the member */
	size_t size; /**< of the member, of an item of an array, or of the struct pointed to */
	size_t count; /**< of an array: offset of the size_t with the number of items */
	const struct envoi_word *words; /**< of ENUM and NAME */
	const struct envoi_payload_type *type; /**< of STRUCT */
	const struct envoi_choice *choices; /**< of CHOICE */
	const char *name; /**< of the attribute or child */

	unsigned int flags; /**< OR of ENVOI_REQUIRED and the other flags */
	/** namespace of the attribute (default: none) or child (default: the payload's) */
	const char *ns;
	/** of children: the value is in this attribute of the child, not in its text */
	const char *attr;
	const char *as; /**< of STRUCT: the child's name; NULL: that of the inner type */
	size_t has; /**< ENVOI_HAS(): the bool member that is true if the value is present */
	/**
	 * Range of an integer, date or zone, both ends included; narrower than the member's type.
	 * Both 0: no other limit; @p max below @p min: no upper limit.
	 */
	int64_t min, max;
	size_t max_bytes; /**< of text or of decoded bytes; 0: limited by the stanza only */
	size_t max_items; /**< of an array; 0: limited by the stanza only */
	int64_t default_number; /**< of INT, BOOL, ENUM, NAME, DATE, ZONE, when absent */
	const char *default_text; /**< of TEXT and LANG, when absent; constant */
	int end; /**< set by the macros, which need a last initialiser; without effect */
};

/** An alternative of ENVOI_CHOICE. Made by ENVOI_CHOICE_IS and ENVOI_CHOICE_EMPTY. */
struct envoi_choice {
	int value; /**< of the enum, if this alternative is present; not 0 */
	const struct envoi_payload_type *type; /**< NULL ends the table */
	unsigned int struct_size;
	size_t offset; /**< of the member of the union */
	size_t size; /**< of that member; 0: no member */
};

/** The description of a payload: a constant, made by ENVOI_PAYLOAD_TYPE or ENVOI_PAYLOAD_EMPTY. */
struct envoi_payload_type {
	/** of the element. NULL: that of the parent; only in types that others contain */
	const char *ns;
	const char *name; /**< of the element */
	size_t size; /**< of the struct */
	const struct envoi_field *fields; /**< ended by ENVOI_FIELDS_END; NULL: none */
};

/* clang-format off */
/** Describes an element with content: a struct_type, by a table of rows. */
#define ENVOI_PAYLOAD_TYPE(struct_type, namespace_name, element_name, table) \
	ENVOI__PAYLOAD(namespace_name, element_name, sizeof(struct_type), table)
/** Describes an element without content. Pointers to its values are not dereferenced. */
#define ENVOI_PAYLOAD_EMPTY(namespace_name, element_name) \
	ENVOI__PAYLOAD(namespace_name, element_name, 0, NULL)

/** The last row of a table of fields. */
#define ENVOI_FIELDS_END ENVOI__EMPTY
/** The last row of a table of words. */
#define ENVOI_WORDS_END ENVOI__EMPTY
/** The last row of a table of alternatives. */
#define ENVOI_CHOICES_END ENVOI__EMPTY

/** For .has: the bool member that is true if the value is present. */
#define ENVOI_HAS(struct_type, member) ENVOI__HAS(struct_type, member)

/* --- rows: text, char * --- */

/** (struct_type, member, name, ...): a text in an attribute. */
#define ENVOI_ATTR_TEXT(...) ENVOI__TEXT(ATTR, TEXT, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, ...): a text in the element's own text. */
#define ENVOI_TEXT(...) ENVOI__OWN(ENVOI__TEXT, TEXT, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): a text in a child. */
#define ENVOI_CHILD_TEXT(...) ENVOI__TEXT(CHILD, TEXT, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): a text in a child. */
#define ENVOI_CHILDREN_TEXT(...) ENVOI__TEXTS(TEXT, __VA_ARGS__, ENVOI__END)

/* --- rows: language tags, char * --- */

/** (struct_type, member, name, ...): a language tag in an attribute. */
#define ENVOI_ATTR_LANG(...) ENVOI__TEXT(ATTR, LANG, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, ...): a language tag in the element's own text. */
#define ENVOI_TEXT_LANG(...) ENVOI__OWN(ENVOI__TEXT, LANG, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): a language tag in a child. */
#define ENVOI_CHILD_LANG(...) ENVOI__TEXT(CHILD, LANG, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): a language tag in a child. */
#define ENVOI_CHILDREN_LANG(...) ENVOI__TEXTS(LANG, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, ...): the attribute xml:lang. */
#define ENVOI_XML_LANG(...) ENVOI__XML_LANG(__VA_ARGS__, ENVOI__END)

/* --- rows: integers of any width --- */

/** (struct_type, member, name, ...): an integer in an attribute. */
#define ENVOI_ATTR_INT(...) ENVOI__INT(ATTR, INT, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, ...): an integer in the element's own text. */
#define ENVOI_TEXT_INT(...) ENVOI__OWN(ENVOI__INT, INT, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): an integer in a child. */
#define ENVOI_CHILD_INT(...) ENVOI__INT(CHILD, INT, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): an integer in a child. */
#define ENVOI_CHILDREN_INT(...) ENVOI__INTS(__VA_ARGS__, ENVOI__END)

/* --- rows: booleans, bool --- */

/** (struct_type, member, name, ...): a boolean in an attribute. */
#define ENVOI_ATTR_BOOL(...) ENVOI__BOOL(ATTR, BOOL, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, ...): a boolean in the element's own text. */
#define ENVOI_TEXT_BOOL(...) ENVOI__OWN(ENVOI__BOOL, BOOL, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): a boolean in a child. */
#define ENVOI_CHILD_BOOL(...) ENVOI__BOOL(CHILD, BOOL, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): a boolean in a child. */
#define ENVOI_CHILDREN_BOOL(...) ENVOI__BOOLS(__VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): whether the child is present. */
#define ENVOI_CHILD_FLAG(...) ENVOI__BOOL(CHILD, FLAG, __VA_ARGS__, ENVOI__END)

/* --- rows: words of a table, an enum or int; the table is the argument after the name --- */

/** (struct_type, member, name, words, ...): a word of a table in an attribute. */
#define ENVOI_ATTR_ENUM(...) ENVOI__ENUM(ATTR, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, words, ...) */
#define ENVOI_TEXT_ENUM(...) ENVOI__TEXT_ENUM(__VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, words, ...): a word of a table in a child. */
#define ENVOI_CHILD_ENUM(...) ENVOI__ENUM(CHILD, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, count_member, name, words, ...) */
#define ENVOI_CHILDREN_ENUM(...) ENVOI__ENUMS(__VA_ARGS__, ENVOI__END)
/** (struct_type, member, words, ...): a child whose name is one of the words; at most one. */
#define ENVOI_CHILD_NAME(...) ENVOI__NAME(__VA_ARGS__, ENVOI__END)

/* --- rows: dates, int64_t --- */

/** (struct_type, member, name, ...):
 * a date, milliseconds since 1970-01-01T00:00:00Z in an attribute. */
#define ENVOI_ATTR_DATE(...) ENVOI__DATE(ATTR, DATE, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, ...):
 * a date, milliseconds since 1970-01-01T00:00:00Z in the element's own text. */
#define ENVOI_TEXT_DATE(...) ENVOI__OWN(ENVOI__DATE, DATE, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): a date, milliseconds since 1970-01-01T00:00:00Z in a child. */
#define ENVOI_CHILD_DATE(...) ENVOI__DATE(CHILD, DATE, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): a date, milliseconds since 1970-01-01T00:00:00Z in a child. */
#define ENVOI_CHILDREN_DATE(...) ENVOI__DATES(__VA_ARGS__, ENVOI__END)

/* --- rows: time zones, int --- */

/** (struct_type, member, name, ...): a time zone, minutes ahead of UTC in an attribute. */
#define ENVOI_ATTR_ZONE(...) ENVOI__ZONE(ATTR, ZONE, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, ...): a time zone, minutes ahead of UTC in the element's own text. */
#define ENVOI_TEXT_ZONE(...) ENVOI__OWN(ENVOI__ZONE, ZONE, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): a time zone, minutes ahead of UTC in a child. */
#define ENVOI_CHILD_ZONE(...) ENVOI__ZONE(CHILD, ZONE, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): a time zone, minutes ahead of UTC in a child. */
#define ENVOI_CHILDREN_ZONE(...) ENVOI__ZONES(__VA_ARGS__, ENVOI__END)

/* --- rows: bytes, struct envoi_bytes --- */

/** (struct_type, member, name, ...): bytes in base64 in an attribute. */
#define ENVOI_ATTR_BASE64(...) ENVOI__BYTES(ATTR, BASE64, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, ...): bytes in base64 in the element's own text. */
#define ENVOI_TEXT_BASE64(...) ENVOI__OWN(ENVOI__BYTES, BASE64, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): bytes in base64 in a child. */
#define ENVOI_CHILD_BASE64(...) ENVOI__BYTES(CHILD, BASE64, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): bytes in a child. */
#define ENVOI_CHILDREN_BASE64(...) ENVOI__BYTESES(BASE64, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): bytes in hexadecimal in an attribute. */
#define ENVOI_ATTR_HEX(...) ENVOI__BYTES(ATTR, HEX, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, ...): bytes in hexadecimal in the element's own text. */
#define ENVOI_TEXT_HEX(...) ENVOI__OWN(ENVOI__BYTES, HEX, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): bytes in hexadecimal in a child. */
#define ENVOI_CHILD_HEX(...) ENVOI__BYTES(CHILD, HEX, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): bytes in a child. */
#define ENVOI_CHILDREN_HEX(...) ENVOI__BYTESES(HEX, __VA_ARGS__, ENVOI__END)

/* --- rows: addresses, struct envoi_jid * --- */

/** (struct_type, member, name, ...): an address in an attribute. */
#define ENVOI_ATTR_JID(...) ENVOI__JID(ATTR, JID, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, ...): an address in the element's own text. */
#define ENVOI_TEXT_JID(...) ENVOI__OWN(ENVOI__JID, JID, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): an address in a child. */
#define ENVOI_CHILD_JID(...) ENVOI__JID(CHILD, JID, __VA_ARGS__, ENVOI__END)
/** (struct_type, member, name, ...): an address in a child. */
#define ENVOI_CHILDREN_JID(...) ENVOI__JIDS(__VA_ARGS__, ENVOI__END)

/* --- rows: tables within tables --- */

/**
 * (struct_type, member, inner_struct_type, inner_payload_type_pointer, ...): a child described by
 * another table, or by the same table if the member is a pointer. The member is a pointer to the
 * inner struct, or the inner struct itself, which needs ENVOI_REQUIRED or .has. .as and .ns replace
 * the name and the namespace of the inner type.
 */
#define ENVOI_CHILD_STRUCT(...) ENVOI__STRUCT(__VA_ARGS__, ENVOI__END)
/** (struct_type, member, count_member, inner_struct_type, inner_payload_type_pointer, ...) */
#define ENVOI_CHILDREN_STRUCT(...) ENVOI__STRUCTS(__VA_ARGS__, ENVOI__END)
/** (struct_type, enum_member, choices, ...): the choices are rows of the two macros below. */
#define ENVOI_CHOICE(...) ENVOI__CHOICE(__VA_ARGS__, ENVOI__END)
/**
 * An alternative with a member: (value of the enum, struct_type, union.member, inner_struct_type,
 * type pointer)
 */
#define ENVOI_CHOICE_IS(enum_value, struct_type, member, inner_type, type_pointer) \
	ENVOI__CHOICE_IS(enum_value, struct_type, member, inner_type, type_pointer)
/** An alternative without a member: (value of the enum, struct_type, type pointer) */
#define ENVOI_CHOICE_EMPTY(enum_value, struct_type, type_pointer) \
	ENVOI__CHOICE_EMPTY(enum_value, struct_type, type_pointer)

/* --- rows: elements, not decoded --- */

/**
 * (struct_type, member, name, ...): struct envoi_element *. With name NULL the row takes the first
 * child that no other row takes; further ones are ignored.
 */
#define ENVOI_CHILD_ELEMENT(...) ENVOI__ELEMENT(__VA_ARGS__, ENVOI__END)
/** (struct_type, member, count_member, ...): the children that no other row takes, in order. */
#define ENVOI_ANY(...) ENVOI__ANY(__VA_ARGS__, ENVOI__END)

/* clang-format on */

/* --- functions --- */

/** The largest depth of nested tables, in a struct or in XML. */
#define ENVOI_PAYLOAD_DEPTH 64

/** An error in a payload, as text for a log or an answer. */
struct envoi_payload_problem {
	char where[128]; /**< the place of the error, "query/item[3]/@jid"; truncated to fit */
	/** the error, to be written after @p where: "is missing"; static; never NULL */
	const char *why;
};

/**
 * Decode an element.
 *
 * @param[out] ret_value    a struct of @p type; read only; borrowed from the tree of @p element;
 *                          never NULL on success, for an empty type too
 * @param[out] ret_problem  NULL: not wanted; set on ENVOI_ERR_PROTOCOL and ENVOI_ERR_LIMIT
 * @retval ENVOI_DECLINED      the element has another name or namespace
 * @retval ENVOI_ERR_PROTOCOL  a value is missing, malformed, out of its range, or occurs twice
 * @retval ENVOI_ERR_LIMIT     a value exceeds max_bytes, an array max_items, or tables are nested
 *                             deeper than ENVOI_PAYLOAD_DEPTH
 * @retval ENVOI_ERR_INVALID   the table has a mistake
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_payload_parse(const void **ret_value,
	const struct envoi_payload_type *type, const struct envoi_element *element,
	struct envoi_payload_problem *ret_problem);

/**
 * Check that a struct can be written: required values are present, values are in their ranges, and
 * text has only characters that XML allows.
 *
 * @param value             a struct as @p type describes it; borrowed for the call; may be NULL for
 *                          an empty type
 * @param[out] ret_problem  NULL: not wanted; set on failure
 * @retval ENVOI_ERR_INVALID  it cannot be written, or the table has a mistake
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_payload_check(const struct envoi_payload_type *type,
	const void *value, struct envoi_payload_problem *ret_problem);

/**
 * Check a struct as envoi_payload_check() does, and write it.
 *
 * A failure is also the writer's: envoi_xml_writer_finish() returns it, and nothing is written.
 * A full buffer is reported by envoi_xml_writer_finish() only.
 *
 * @param value             as for envoi_payload_check()
 * @param[out] ret_problem  NULL: not wanted; set on ENVOI_ERR_INVALID
 * @retval ENVOI_ERR_INVALID  as envoi_payload_check()
 * @retval ENVOI_ERR_NOMEM    out of memory, or @p writer is NULL
 */
ENVOI_API int envoi_payload_write(struct envoi_xml_writer *writer,
	const struct envoi_payload_type *type, const void *value,
	struct envoi_payload_problem *ret_problem);

/**
 * Check a struct as envoi_payload_check() does, and add it to a tree, as a child of @p parent.
 *
 * A failure is also the tree's, as with every builder: sending the tree returns it.
 *
 * @param value             as for envoi_payload_check(); copied
 * @param[out] ret_problem  NULL: not wanted; set on ENVOI_ERR_INVALID
 * @retval ENVOI_ERR_INVALID  as envoi_payload_check()
 * @retval ENVOI_ERR_NOMEM    out of memory, or @p parent is NULL
 * @retval <0  otherwise the first failure of the tree
 */
ENVOI_API int envoi_payload_add(struct envoi_element *parent, const struct envoi_payload_type *type,
	const void *value, struct envoi_payload_problem *ret_problem);

/**
 * Make a tree from a struct.
 *
 * @param[out] ret_element  a new reference; unchanged on failure
 * Other parameters and errors as envoi_payload_add().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_payload_build(struct envoi_element **ret_element,
	struct envoi_context *context, const struct envoi_payload_type *type, const void *value,
	struct envoi_payload_problem *ret_problem);

/**
 * Copy a struct and what its members point to. Absent values of the copy have their defaults.
 * Addresses are shared, everything else is copied.
 *
 * @param value  as for envoi_payload_check(); one that cannot be written is copied too
 * @return the copy, read only, in memory of @p context; free it with envoi_payload_free().
 *         NULL: out of memory, or nested deeper than ENVOI_PAYLOAD_DEPTH
 */
ENVOI_API void *envoi_payload_dup(
	struct envoi_context *context, const struct envoi_payload_type *type, const void *value);

/** Free a copy made by envoi_payload_dup(). @param value NULL is allowed */
ENVOI_API void envoi_payload_free(const struct envoi_payload_type *type, void *value);

/**
 * @return whether two structs describe the same payload. An absent value equals its default. Values
 *         whose `has` member is false, and alternatives that are not chosen, are not compared
 */
ENVOI_API bool envoi_payload_equal(
	const struct envoi_payload_type *type, const void *a, const void *b);

/**
 * Find mistakes in a table that the compiler cannot find: a row for a member of another struct, an
 * inner type of another size, a default out of its range, two rows of one name, an embedded struct
 * without ENVOI_REQUIRED and without .has. For the tests of a program, once for each table.
 *
 * @param[out] ret_problem  NULL: not wanted; set on failure
 * @retval ENVOI_ERR_INVALID  the table has a mistake
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_payload_check_type(
	const struct envoi_payload_type *type, struct envoi_payload_problem *ret_problem);

#ifdef __cplusplus
}
#endif
#endif
