/*
 * envoi - implementation of the row macros of <envoi/payload.h> in C
 * SPDX-License-Identifier: MIT
 *
 * <envoi/payload.h> includes this file. Nothing here is for direct use. A row whose member has the
 * wrong type does not compile: its size has a factor that names the member in the error.
 * <envoi/payload.hpp> has the same macros for C++.
 */
#ifndef ENVOI_PAYLOAD_MACROS_H
#define ENVOI_PAYLOAD_MACROS_H

/* clang-format off */
/* A payload type is written by position: C++ has no designated initialisers before C++20. */
#define ENVOI__PAYLOAD(ns, name, size, fields) {(ns), (name), (size), (fields)}
#ifdef __cplusplus
#define ENVOI__EMPTY {}
#define ENVOI__END 0u
#else
#define ENVOI__EMPTY {0}
/* Behind the last argument of a row, so that a list of further ones is never empty. */
#define ENVOI__END .end = 0

#define ENVOI__AT(struct_type, member) (&((struct_type *)0)->member)
#define ENVOI__SIZE(struct_type) ((unsigned int)sizeof(struct_type))
/* 1, or an error with the text. */
#define ENVOI__MUST(condition, text) \
	(1 + 0 * sizeof(struct { _Static_assert(condition, text); char unused; }))
#define ENVOI__TAKES(is_right, struct_type, member, what) \
	ENVOI__MUST(is_right(ENVOI__AT(struct_type, member)), \
		"a row takes " what ": " #member " of " #struct_type " is not")
#define ENVOI__ONE(struct_type, member_) \
	.struct_size = ENVOI__SIZE(struct_type), .offset = offsetof(struct_type, member_)
#define ENVOI__MANY(struct_type, member_, count_member) \
	ENVOI__ONE(struct_type, member_), \
	.count = offsetof(struct_type, count_member) * \
		ENVOI__TAKES(ENVOI__IS_COUNT, struct_type, count_member, "a size_t for the count")
#define ENVOI__OWN(row, kind, struct_type, member, ...) \
	row(TEXT, kind, struct_type, member, NULL, __VA_ARGS__)

#define ENVOI__IS_COUNT(at) _Generic((at), size_t *: 1, default: 0)
#define ENVOI__IS_TEXT(at) _Generic((at), char **: 1, const char **: 1, default: 0)
#define ENVOI__IS_TEXTS(at) \
	_Generic((at), char ***: 1, const char ***: 1, char *const **: 1, \
		const char *const **: 1, default: 0)
#define ENVOI__IS_JID(at) \
	_Generic((at), struct envoi_jid **: 1, const struct envoi_jid **: 1, default: 0)
#define ENVOI__IS_JIDS(at) \
	_Generic((at), struct envoi_jid ***: 1, const struct envoi_jid ***: 1, \
		struct envoi_jid *const **: 1, const struct envoi_jid *const **: 1, default: 0)
#define ENVOI__IS_ELEMENT(at) \
	_Generic((at), struct envoi_element **: 1, const struct envoi_element **: 1, default: 0)
#define ENVOI__IS_ELEMENTS(at) \
	_Generic((at), struct envoi_element ***: 1, const struct envoi_element ***: 1, \
		struct envoi_element *const **: 1, const struct envoi_element *const **: 1, \
		default: 0)
/* 2: signed, 1: unsigned, 0: another type. An enum counts as its integer type. */
#define ENVOI__IS_INT(at) \
	_Generic((at), signed char *: 2, short *: 2, int *: 2, long *: 2, long long *: 2, \
		unsigned char *: 1, unsigned short *: 1, unsigned int *: 1, unsigned long *: 1, \
		unsigned long long *: 1, default: 0)
#define ENVOI__IS_INTS(at) \
	_Generic((at), signed char **: 2, short **: 2, int **: 2, long **: 2, long long **: 2, \
		unsigned char **: 1, unsigned short **: 1, unsigned int **: 1, unsigned long **: 1, \
		unsigned long long **: 1, const signed char **: 2, const short **: 2, const int **: 2, \
		const long **: 2, const long long **: 2, const unsigned char **: 1, \
		const unsigned short **: 1, const unsigned int **: 1, const unsigned long **: 1, \
		const unsigned long long **: 1, default: 0)
#define ENVOI__IS_BOOL(at) _Generic((at), bool *: 1, default: 0)
#define ENVOI__IS_BOOLS(at) _Generic((at), bool **: 1, const bool **: 1, default: 0)
#define ENVOI__IS_ENUM(at) _Generic((at), int *: 1, unsigned int *: 1, default: 0)
#define ENVOI__IS_ENUMS(at) \
	_Generic((at), int **: 1, unsigned int **: 1, const int **: 1, const unsigned int **: 1, \
		default: 0)
#define ENVOI__IS_DATE(at) _Generic((at), int64_t *: 1, default: 0)
#define ENVOI__IS_DATES(at) _Generic((at), int64_t **: 1, const int64_t **: 1, default: 0)
#define ENVOI__IS_ZONE(at) _Generic((at), int *: 1, default: 0)
#define ENVOI__IS_ZONES(at) _Generic((at), int **: 1, const int **: 1, default: 0)
#define ENVOI__IS_BYTES(at) _Generic((at), struct envoi_bytes *: 1, default: 0)
#define ENVOI__IS_BYTESES(at) \
	_Generic((at), struct envoi_bytes **: 1, const struct envoi_bytes **: 1, default: 0)
/* 2: a pointer to the struct, 1: the struct. */
#define ENVOI__IS_STRUCT(at, inner_type) \
	_Generic((at), inner_type *: 1, inner_type **: 2, const inner_type **: 2, default: 0)
#define ENVOI__IS_STRUCTS(at, inner_type) \
	_Generic((at), inner_type **: 1, const inner_type **: 1, default: 0)

#define ENVOI__ITEM_SIZE(struct_type, member) sizeof(*((struct_type *)0)->member)

#define ENVOI__TEXT(where, kind, struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_##where, .value = ENVOI_VALUE_##kind, \
		ENVOI__ONE(struct_type, member), \
		.size = sizeof(char *) * \
			ENVOI__TAKES(ENVOI__IS_TEXT, struct_type, member, "a char *"), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__TEXTS(kind, struct_type, member, count_member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_##kind, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = sizeof(char *) * \
			ENVOI__TAKES(ENVOI__IS_TEXTS, struct_type, member, "an array of char *"), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__XML_LANG(struct_type, member, ...) \
	{ \
		.place = ENVOI_FIELD_ATTR, .value = ENVOI_VALUE_LANG, ENVOI__ONE(struct_type, member), \
		.size = sizeof(char *) * \
			ENVOI__TAKES(ENVOI__IS_TEXT, struct_type, member, "a char *"), \
		.ns = ENVOI_NS_XML, .name = "lang", __VA_ARGS__ \
	}
#define ENVOI__INT(where, kind, struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_##where, .value = ENVOI_VALUE_##kind, \
		ENVOI__ONE(struct_type, member), .size = sizeof(((struct_type *)0)->member) * \
			ENVOI__TAKES(ENVOI__IS_INT, struct_type, member, "an integer"), \
		.is_signed = ENVOI__IS_INT(ENVOI__AT(struct_type, member)) == 2, \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__INTS(struct_type, member, count_member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_INT, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = ENVOI__ITEM_SIZE(struct_type, member) * \
			ENVOI__TAKES(ENVOI__IS_INTS, struct_type, member, "an array of integers"), \
		.is_signed = ENVOI__IS_INTS(ENVOI__AT(struct_type, member)) == 2, \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__BOOL(where, kind, struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_##where, .value = ENVOI_VALUE_##kind, \
		ENVOI__ONE(struct_type, member), \
		.size = sizeof(bool) * ENVOI__TAKES(ENVOI__IS_BOOL, struct_type, member, "a bool"), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__BOOLS(struct_type, member, count_member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_BOOL, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = sizeof(bool) * \
			ENVOI__TAKES(ENVOI__IS_BOOLS, struct_type, member, "an array of bool"), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__WORDS(struct_type, member, table) \
	ENVOI__ONE(struct_type, member), \
	.size = sizeof(int) * ENVOI__TAKES(ENVOI__IS_ENUM, struct_type, member, "an enum or int"), .words = (table)
#define ENVOI__ENUM(where, struct_type, member, element_name, table, ...) \
	{ \
		.place = ENVOI_FIELD_##where, .value = ENVOI_VALUE_ENUM, \
		ENVOI__WORDS(struct_type, member, table), .name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__TEXT_ENUM(struct_type, member, table, ...) \
	ENVOI__ENUM(TEXT, struct_type, member, NULL, table, __VA_ARGS__)
#define ENVOI__ENUMS(struct_type, member, count_member, element_name, table, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_ENUM, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = sizeof(int) * \
			ENVOI__TAKES(ENVOI__IS_ENUMS, struct_type, member, "an array of an enum or int"), \
		.words = (table), .name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__NAME(struct_type, member, table, ...) \
	{ \
		.place = ENVOI_FIELD_CHILD, .value = ENVOI_VALUE_NAME, \
		ENVOI__WORDS(struct_type, member, table), .name = NULL, __VA_ARGS__ \
	}
#define ENVOI__DATE(where, kind, struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_##where, .value = ENVOI_VALUE_##kind, \
		ENVOI__ONE(struct_type, member), .is_signed = true, \
		.size = sizeof(int64_t) * \
			ENVOI__TAKES(ENVOI__IS_DATE, struct_type, member, "an int64_t"), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__DATES(struct_type, member, count_member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_DATE, \
		ENVOI__MANY(struct_type, member, count_member), .is_signed = true, \
		.size = sizeof(int64_t) * \
			ENVOI__TAKES(ENVOI__IS_DATES, struct_type, member, "an array of int64_t"), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__ZONE(where, kind, struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_##where, .value = ENVOI_VALUE_##kind, \
		ENVOI__ONE(struct_type, member), .is_signed = true, \
		.size = sizeof(int) * ENVOI__TAKES(ENVOI__IS_ZONE, struct_type, member, "an int"), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__ZONES(struct_type, member, count_member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_ZONE, \
		ENVOI__MANY(struct_type, member, count_member), .is_signed = true, \
		.size = sizeof(int) * \
			ENVOI__TAKES(ENVOI__IS_ZONES, struct_type, member, "an array of int"), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__BYTES(where, kind, struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_##where, .value = ENVOI_VALUE_##kind, \
		ENVOI__ONE(struct_type, member), \
		.size = sizeof(struct envoi_bytes) * \
			ENVOI__TAKES(ENVOI__IS_BYTES, struct_type, member, "a struct envoi_bytes"), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__BYTESES(kind, struct_type, member, count_member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_##kind, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = sizeof(struct envoi_bytes) * \
			ENVOI__TAKES(ENVOI__IS_BYTESES, struct_type, member, "an array of struct envoi_bytes"), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__JID(where, kind, struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_##where, .value = ENVOI_VALUE_##kind, \
		ENVOI__ONE(struct_type, member), \
		.size = sizeof(struct envoi_jid *) * \
			ENVOI__TAKES(ENVOI__IS_JID, struct_type, member, "a struct envoi_jid *"), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__JIDS(struct_type, member, count_member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_JID, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = sizeof(struct envoi_jid *) * \
			ENVOI__TAKES(ENVOI__IS_JIDS, struct_type, member, "an array of struct envoi_jid *"), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__STRUCT(struct_type, member, inner_type, type_pointer, ...) \
	{ \
		.place = ENVOI_FIELD_CHILD, .value = ENVOI_VALUE_STRUCT, \
		ENVOI__ONE(struct_type, member), .size = sizeof(inner_type) * \
			ENVOI__MUST(ENVOI__IS_STRUCT(ENVOI__AT(struct_type, member), inner_type), \
				"a row takes " #inner_type " or a pointer to it: " #member \
				" of " #struct_type " is not"), \
		.is_pointer = ENVOI__IS_STRUCT(ENVOI__AT(struct_type, member), inner_type) == 2, \
		.type = (type_pointer), .name = NULL, __VA_ARGS__ \
	}
#define ENVOI__STRUCTS(struct_type, member, count_member, inner_type, type_pointer, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_STRUCT, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = sizeof(inner_type) * \
			ENVOI__MUST(ENVOI__IS_STRUCTS(ENVOI__AT(struct_type, member), inner_type), \
				"a row takes an array of " #inner_type ": " #member \
				" of " #struct_type " is not"), \
		.type = (type_pointer), .name = NULL, __VA_ARGS__ \
	}
#define ENVOI__CHOICE(struct_type, member, table, ...) \
	{ \
		.place = ENVOI_FIELD_CHILD, .value = ENVOI_VALUE_CHOICE, \
		ENVOI__ONE(struct_type, member), \
		.size = sizeof(int) * ENVOI__TAKES(ENVOI__IS_ENUM, struct_type, member, "an enum or int"), \
		.choices = (table), .name = NULL, __VA_ARGS__ \
	}
#define ENVOI__ELEMENT(struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILD, .value = ENVOI_VALUE_ELEMENT, \
		ENVOI__ONE(struct_type, member), \
		.size = sizeof(void *) * \
			ENVOI__TAKES(ENVOI__IS_ELEMENT, struct_type, member, "a struct envoi_element *"), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__ANY(struct_type, member, count_member, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_ELEMENT, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = sizeof(void *) * \
			ENVOI__TAKES(ENVOI__IS_ELEMENTS, struct_type, member, "an array of struct envoi_element *"), \
		.name = NULL, __VA_ARGS__ \
	}
#define ENVOI__HAS(struct_type, member) \
	(offsetof(struct_type, member) + \
		ENVOI__TAKES(ENVOI__IS_BOOL, struct_type, member, "a bool for .has"))
#define ENVOI__CHOICE_IS(enum_value, struct_type, member, inner_type, type_pointer) \
	{ \
		.value = (enum_value), .type = (type_pointer), \
		.struct_size = ENVOI__SIZE(struct_type), .offset = offsetof(struct_type, member), \
		.size = sizeof(inner_type) * \
			ENVOI__MUST( \
				ENVOI__IS_STRUCT(ENVOI__AT(struct_type, member), inner_type) == 1, \
				"a row takes " #inner_type ": " #member " of " #struct_type " is not") \
	}
#define ENVOI__CHOICE_EMPTY(enum_value, struct_type_, type_pointer) \
	{.value = (enum_value), .type = (type_pointer), .struct_size = ENVOI__SIZE(struct_type_)}
#endif
/* clang-format on */

#endif
