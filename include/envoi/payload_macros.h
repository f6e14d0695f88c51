/*
 * envoi - implementation of the row macros of <envoi/payload.h>
 * SPDX-License-Identifier: MIT
 *
 * <envoi/payload.h> includes this file. Nothing here is for direct use. A row whose member has the
 * wrong type does not compile: its size has a factor `_Generic(...)` without an association for it.
 */
#ifndef ENVOI_PAYLOAD_MACROS_H
#define ENVOI_PAYLOAD_MACROS_H

/* clang-format off */
#define ENVOI__AT(struct_type, member) (&((struct_type *)0)->member)
#define ENVOI__SIZE(struct_type) ((unsigned int)sizeof(struct_type))
#define ENVOI__ONE(struct_type, member_) \
	.struct_size = ENVOI__SIZE(struct_type), .offset = offsetof(struct_type, member_)
#define ENVOI__MANY(struct_type, member_, count_member) \
	ENVOI__ONE(struct_type, member_), \
	.count = offsetof(struct_type, count_member) * \
		_Generic(ENVOI__AT(struct_type, count_member), size_t *: 1)
#define ENVOI__OWN(row, kind, struct_type, member, ...) \
	row(TEXT, kind, struct_type, member, NULL, __VA_ARGS__)

#define ENVOI__IS_TEXT(at) _Generic((at), char **: 1, const char **: 1)
#define ENVOI__IS_TEXTS(at) \
	_Generic((at), char ***: 1, const char ***: 1, char *const **: 1, const char *const **: 1)
#define ENVOI__IS_JID(at) _Generic((at), struct envoi_jid **: 1, const struct envoi_jid **: 1)
#define ENVOI__IS_JIDS(at) \
	_Generic((at), struct envoi_jid ***: 1, const struct envoi_jid ***: 1, \
		struct envoi_jid *const **: 1, const struct envoi_jid *const **: 1)
#define ENVOI__IS_ELEMENT(at) \
	_Generic((at), struct envoi_element **: 1, const struct envoi_element **: 1)
#define ENVOI__IS_ELEMENTS(at) \
	_Generic((at), struct envoi_element ***: 1, const struct envoi_element ***: 1, \
		struct envoi_element *const **: 1, const struct envoi_element *const **: 1)
/* 1: signed, 0: unsigned, other types do not compile. An enum counts as its integer type. */
#define ENVOI__IS_SIGNED(at) \
	_Generic((at), signed char *: 1, short *: 1, int *: 1, long *: 1, long long *: 1, \
		unsigned char *: 0, unsigned short *: 0, unsigned int *: 0, unsigned long *: 0, \
		unsigned long long *: 0)
#define ENVOI__IS_SIGNED_ARRAY(at) \
	_Generic((at), signed char **: 1, short **: 1, int **: 1, long **: 1, long long **: 1, \
		unsigned char **: 0, unsigned short **: 0, unsigned int **: 0, unsigned long **: 0, \
		unsigned long long **: 0, const signed char **: 1, const short **: 1, const int **: 1, \
		const long **: 1, const long long **: 1, const unsigned char **: 0, \
		const unsigned short **: 0, const unsigned int **: 0, const unsigned long **: 0, \
		const unsigned long long **: 0)
#define ENVOI__IS_ENUM(at) _Generic((at), int *: 1, unsigned int *: 1)
#define ENVOI__IS_ENUMS(at) \
	_Generic((at), int **: 1, unsigned int **: 1, const int **: 1, const unsigned int **: 1)

#define ENVOI__ITEM_SIZE(struct_type, member) sizeof(*((struct_type *)0)->member)

#define ENVOI__TEXT(where, kind, struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_##where, .value = ENVOI_VALUE_##kind, \
		ENVOI__ONE(struct_type, member), \
		.size = sizeof(char *) * ENVOI__IS_TEXT(ENVOI__AT(struct_type, member)), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__TEXTS(kind, struct_type, member, count_member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_##kind, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = sizeof(char *) * ENVOI__IS_TEXTS(ENVOI__AT(struct_type, member)), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__XML_LANG(struct_type, member, ...) \
	{ \
		.place = ENVOI_FIELD_ATTR, .value = ENVOI_VALUE_LANG, ENVOI__ONE(struct_type, member), \
		.size = sizeof(char *) * ENVOI__IS_TEXT(ENVOI__AT(struct_type, member)), \
		.ns = ENVOI_NS_XML, .name = "lang", __VA_ARGS__ \
	}
#define ENVOI__INT(where, kind, struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_##where, .value = ENVOI_VALUE_##kind, \
		ENVOI__ONE(struct_type, member), .size = sizeof(((struct_type *)0)->member), \
		.is_signed = ENVOI__IS_SIGNED(ENVOI__AT(struct_type, member)), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__INTS(struct_type, member, count_member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_INT, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = ENVOI__ITEM_SIZE(struct_type, member), \
		.is_signed = ENVOI__IS_SIGNED_ARRAY(ENVOI__AT(struct_type, member)), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__BOOL(where, kind, struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_##where, .value = ENVOI_VALUE_##kind, \
		ENVOI__ONE(struct_type, member), \
		.size = sizeof(bool) * _Generic(ENVOI__AT(struct_type, member), bool *: 1), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__BOOLS(struct_type, member, count_member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_BOOL, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = sizeof(bool) * _Generic(ENVOI__AT(struct_type, member), bool **: 1, \
			const bool **: 1), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__WORDS(struct_type, member, table) \
	ENVOI__ONE(struct_type, member), \
	.size = sizeof(int) * ENVOI__IS_ENUM(ENVOI__AT(struct_type, member)), .words = (table)
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
		.size = sizeof(int) * ENVOI__IS_ENUMS(ENVOI__AT(struct_type, member)), \
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
		.size = sizeof(int64_t) * _Generic(ENVOI__AT(struct_type, member), int64_t *: 1), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__DATES(struct_type, member, count_member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_DATE, \
		ENVOI__MANY(struct_type, member, count_member), .is_signed = true, \
		.size = sizeof(int64_t) * _Generic(ENVOI__AT(struct_type, member), int64_t **: 1, \
			const int64_t **: 1), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__ZONE(where, kind, struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_##where, .value = ENVOI_VALUE_##kind, \
		ENVOI__ONE(struct_type, member), .is_signed = true, \
		.size = sizeof(int) * _Generic(ENVOI__AT(struct_type, member), int *: 1), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__ZONES(struct_type, member, count_member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_ZONE, \
		ENVOI__MANY(struct_type, member, count_member), .is_signed = true, \
		.size = sizeof(int) * \
			_Generic(ENVOI__AT(struct_type, member), int **: 1, const int **: 1), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__BYTES(where, kind, struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_##where, .value = ENVOI_VALUE_##kind, \
		ENVOI__ONE(struct_type, member), \
		.size = sizeof(struct envoi_bytes) * \
			_Generic(ENVOI__AT(struct_type, member), struct envoi_bytes *: 1), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__BYTESES(kind, struct_type, member, count_member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_##kind, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = sizeof(struct envoi_bytes) * \
			_Generic(ENVOI__AT(struct_type, member), struct envoi_bytes **: 1, \
				const struct envoi_bytes **: 1), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__JID(where, kind, struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_##where, .value = ENVOI_VALUE_##kind, \
		ENVOI__ONE(struct_type, member), \
		.size = sizeof(struct envoi_jid *) * ENVOI__IS_JID(ENVOI__AT(struct_type, member)), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__JIDS(struct_type, member, count_member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_JID, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = sizeof(struct envoi_jid *) * ENVOI__IS_JIDS(ENVOI__AT(struct_type, member)), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__STRUCT(struct_type, member, inner_type, type_pointer, ...) \
	{ \
		.place = ENVOI_FIELD_CHILD, .value = ENVOI_VALUE_STRUCT, \
		ENVOI__ONE(struct_type, member), .size = sizeof(inner_type), \
		.is_pointer = _Generic(ENVOI__AT(struct_type, member), inner_type *: false, \
			inner_type **: true, const inner_type **: true), \
		.type = (type_pointer), .name = NULL, __VA_ARGS__ \
	}
#define ENVOI__STRUCTS(struct_type, member, count_member, inner_type, type_pointer, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_STRUCT, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = sizeof(inner_type) * _Generic(ENVOI__AT(struct_type, member), \
			inner_type **: 1, const inner_type **: 1), \
		.type = (type_pointer), .name = NULL, __VA_ARGS__ \
	}
#define ENVOI__CHOICE(struct_type, member, table, ...) \
	{ \
		.place = ENVOI_FIELD_CHILD, .value = ENVOI_VALUE_CHOICE, \
		ENVOI__ONE(struct_type, member), \
		.size = sizeof(int) * ENVOI__IS_ENUM(ENVOI__AT(struct_type, member)), \
		.choices = (table), .name = NULL, __VA_ARGS__ \
	}
#define ENVOI__ELEMENT(struct_type, member, element_name, ...) \
	{ \
		.place = ENVOI_FIELD_CHILD, .value = ENVOI_VALUE_ELEMENT, \
		ENVOI__ONE(struct_type, member), \
		.size = sizeof(void *) * ENVOI__IS_ELEMENT(ENVOI__AT(struct_type, member)), \
		.name = (element_name), __VA_ARGS__ \
	}
#define ENVOI__ANY(struct_type, member, count_member, ...) \
	{ \
		.place = ENVOI_FIELD_CHILDREN, .value = ENVOI_VALUE_ELEMENT, \
		ENVOI__MANY(struct_type, member, count_member), \
		.size = sizeof(void *) * ENVOI__IS_ELEMENTS(ENVOI__AT(struct_type, member)), \
		.name = NULL, __VA_ARGS__ \
	}
/* clang-format on */

#endif
