/*
 * envoi - tables of payloads in C++17
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_PAYLOAD_HPP
#define ENVOI_PAYLOAD_HPP

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <envoi/payload.h>

/*
 * The macros of <envoi/payload.h> make rows in C++ too. The options of a row, which C gives by
 * name (.max_bytes = 200), are functions behind it:
 *
 *	struct weather {
 *		char *place;
 *		std::int64_t celsius;
 *		bool rain;
 *	};
 *	constexpr envoi_field weather_fields[] = {
 *		ENVOI_ATTR_TEXT(weather, place, "place", ENVOI_REQUIRED).max_bytes(200),
 *		ENVOI_CHILD_INT(weather, celsius, "celsius", ENVOI_REQUIRED).range(-100, 100),
 *		ENVOI_CHILD_FLAG(weather, rain, "rain"),
 *		ENVOI_FIELDS_END,
 *	};
 *	constexpr envoi_payload_type weather_type =
 *		ENVOI_PAYLOAD_TYPE(weather, "urn:example:weather", "report", weather_fields);
 *
 * A struct of a payload has standard layout: decoding fills its memory and calls no constructor, so
 * its members are those that <envoi/payload.h> lists, no std::string. A member of a wrong type does
 * not compile.
 */

namespace envoi
{

/** A row and its options: struct envoi_field describes them. */
struct field {
	envoi_field made;

	/** A copy with one member of the row in C replaced. */
	template <class Value> constexpr field with(Value envoi_field::*member, Value value) const
	{
		field changed = *this;
		changed.made.*member = value;
		return changed;
	}

	/** The row in C. */
	constexpr operator envoi_field() const
	{
		return made;
	}

	/** ns */
	constexpr field ns(const char *name) const
	{
		return with(&envoi_field::ns, name);
	}
	/** attr */
	constexpr field attr(const char *name) const
	{
		return with(&envoi_field::attr, name);
	}
	/** as */
	constexpr field as(const char *name) const
	{
		return with(&envoi_field::as, name);
	}
	/** @param member  ENVOI_HAS() */
	constexpr field has(std::size_t member) const
	{
		return with(&envoi_field::has, member);
	}
	/** min and max */
	constexpr field range(std::int64_t min, std::int64_t max) const
	{
		return with(&envoi_field::min, min).with(&envoi_field::max, max);
	}
	/** max_bytes */
	constexpr field max_bytes(std::size_t count) const
	{
		return with(&envoi_field::max_bytes, count);
	}
	/** max_items */
	constexpr field max_items(std::size_t count) const
	{
		return with(&envoi_field::max_items, count);
	}
	/** default_number */
	constexpr field default_number(std::int64_t number) const
	{
		return with(&envoi_field::default_number, number);
	}
	/** default_text */
	constexpr field default_text(const char *text) const
	{
		return with(&envoi_field::default_text, text);
	}
	/** For the macros. */
	constexpr field words(const envoi_word *table) const
	{
		return with(&envoi_field::words, table);
	}
	/** For the macros. */
	constexpr field type(const envoi_payload_type *inner) const
	{
		return with(&envoi_field::type, inner);
	}
	/** For the macros. */
	constexpr field choices(const envoi_choice *table) const
	{
		return with(&envoi_field::choices, table);
	}
};

/* What the macros need. Nothing here is for direct use. */
namespace detail
{

template <class Value> constexpr bool is_integer()
{
	return std::is_enum_v<Value> ||
		(std::is_integral_v<Value> && !std::is_same_v<Value, bool> &&
			!std::is_same_v<Value, char> && !std::is_same_v<Value, wchar_t> &&
			!std::is_same_v<Value, char16_t> && !std::is_same_v<Value, char32_t>);
}

template <class Value> constexpr bool is_signed()
{
	if constexpr (std::is_enum_v<Value>) {
		return std::is_signed_v<std::underlying_type_t<Value>>;
	}
	return std::is_signed_v<Value>;
}

template <class Value> constexpr bool is_enumeration()
{
	return sizeof(Value) == sizeof(int) &&
		(std::is_enum_v<Value> || std::is_same_v<Value, int> ||
			std::is_same_v<Value, unsigned int>);
}

/* A pointer to an object, which may be const. */
template <class Value, class Object> constexpr bool points_to()
{
	return std::is_same_v<Value, Object *> || std::is_same_v<Value, const Object *>;
}

/* Whether a member or an item of an array can have values of the kind: the table in
 * <envoi/payload.h>. */
template <class Value> constexpr bool suits(envoi_field_value kind)
{
	switch (kind) {
	case ENVOI_VALUE_TEXT:
	case ENVOI_VALUE_LANG:
		return points_to<Value, char>();
	case ENVOI_VALUE_INT:
		return is_integer<Value>();
	case ENVOI_VALUE_BOOL:
	case ENVOI_VALUE_FLAG:
		return std::is_same_v<Value, bool>;
	case ENVOI_VALUE_ENUM:
	case ENVOI_VALUE_NAME:
	case ENVOI_VALUE_CHOICE:
		return is_enumeration<Value>();
	case ENVOI_VALUE_DATE:
		return std::is_same_v<Value, std::int64_t>;
	case ENVOI_VALUE_ZONE:
		return std::is_same_v<Value, int>;
	case ENVOI_VALUE_BASE64:
	case ENVOI_VALUE_HEX:
		return std::is_same_v<Value, envoi_bytes>;
	case ENVOI_VALUE_JID:
		return points_to<Value, envoi_jid>();
	case ENVOI_VALUE_ELEMENT:
		return points_to<Value, envoi_element>();
	default:
		return false;
	}
}

/* Where a member is. */
struct place {
	envoi_field_place where;
	std::size_t struct_size, offset;
};

template <class Value>
constexpr field make(
	place at, envoi_field_value kind, const char *name, std::size_t count, unsigned int flags)
{
	envoi_field row{};
	row.place = static_cast<unsigned char>(at.where);
	row.value = static_cast<unsigned char>(kind);
	row.is_signed = kind == ENVOI_VALUE_DATE || kind == ENVOI_VALUE_ZONE ||
		(kind == ENVOI_VALUE_INT && is_signed<Value>());
	row.struct_size = static_cast<unsigned int>(at.struct_size);
	row.offset = at.offset;
	row.size = sizeof(Value);
	row.count = count;
	row.name = name;
	row.flags = flags;
	return field{row};
}

template <envoi_field_value kind, class Member>
constexpr field one(place at, const char *name, unsigned int flags, unsigned int = 0)
{
	static_assert(suits<Member>(kind), "the member has a type that the row does not take");
	return make<Member>(at, kind, name, 0, flags);
}

template <class Member> using item_of = std::remove_const_t<std::remove_pointer_t<Member>>;

template <envoi_field_value kind, class Member, class Count>
constexpr field many(
	place at, std::size_t count, const char *name, unsigned int flags, unsigned int = 0)
{
	static_assert(std::is_pointer_v<Member> && suits<item_of<Member>>(kind),
		"the member is not an array of what the row takes");
	static_assert(std::is_same_v<Count, std::size_t>, "the count is not a size_t");
	return make<item_of<Member>>(at, kind, name, count, flags);
}

template <class Member, class Inner>
constexpr field one_struct(
	place at, const envoi_payload_type *type, unsigned int flags, unsigned int = 0)
{
	constexpr bool is_pointer = points_to<Member, Inner>();
	static_assert(std::is_same_v<Member, Inner> || is_pointer,
		"the member is neither the inner struct nor a pointer to it");
	envoi_field row = make<Inner>(at, ENVOI_VALUE_STRUCT, nullptr, 0, flags).type(type);
	row.is_pointer = is_pointer;
	return field{row};
}

template <class Member, class Count, class Inner>
constexpr field many_structs(place at, std::size_t count, const envoi_payload_type *type,
	unsigned int flags, unsigned int = 0)
{
	static_assert(points_to<Member, Inner>(), "the member is not an array of the inner struct");
	static_assert(std::is_same_v<Count, std::size_t>, "the count is not a size_t");
	return make<Inner>(at, ENVOI_VALUE_STRUCT, nullptr, count, flags).type(type);
}

template <class Member, class Inner>
constexpr envoi_choice choice(
	int value, const envoi_payload_type *type, std::size_t struct_size, std::size_t offset)
{
	static_assert(std::is_same_v<Member, Inner>, "the member is not the inner struct");
	return {value, type, static_cast<unsigned int>(struct_size), offset, sizeof(Inner)};
}

template <class Member> constexpr std::size_t has(std::size_t offset)
{
	static_assert(std::is_same_v<Member, bool>, "the member for has() is not a bool");
	return offset + 1;
}

} // namespace detail
} // namespace envoi

/* clang-format off */
#define ENVOI__TYPE_OF(struct_type, member) decltype(std::declval<struct_type &>().member)
#define ENVOI__PLACE(where, struct_type, member) \
	::envoi::detail::place{ \
		ENVOI_FIELD_##where, sizeof(struct_type), offsetof(struct_type, member)}

#define ENVOI__ONE(where, kind, struct_type, member, element_name, ...) \
	::envoi::detail::one<ENVOI_VALUE_##kind, ENVOI__TYPE_OF(struct_type, member)>( \
		ENVOI__PLACE(where, struct_type, member), element_name, __VA_ARGS__)
#define ENVOI__MANY(kind, struct_type, member, count_member, element_name, ...) \
	::envoi::detail::many<ENVOI_VALUE_##kind, ENVOI__TYPE_OF(struct_type, member), \
		ENVOI__TYPE_OF(struct_type, count_member)>( \
		ENVOI__PLACE(CHILDREN, struct_type, member), \
		offsetof(struct_type, count_member), element_name, __VA_ARGS__)
#define ENVOI__OWN(row, kind, struct_type, member, ...) \
	row(TEXT, kind, struct_type, member, nullptr, __VA_ARGS__)

#define ENVOI__TEXT(...) ENVOI__ONE(__VA_ARGS__)
#define ENVOI__TEXTS(...) ENVOI__MANY(__VA_ARGS__)
#define ENVOI__XML_LANG(struct_type, member, ...) \
	ENVOI__ONE(ATTR, LANG, struct_type, member, "lang", __VA_ARGS__).ns(ENVOI_NS_XML)
#define ENVOI__INT(...) ENVOI__ONE(__VA_ARGS__)
#define ENVOI__INTS(...) ENVOI__MANY(INT, __VA_ARGS__)
#define ENVOI__BOOL(...) ENVOI__ONE(__VA_ARGS__)
#define ENVOI__BOOLS(...) ENVOI__MANY(BOOL, __VA_ARGS__)
#define ENVOI__ENUM(where, struct_type, member, element_name, table, ...) \
	ENVOI__ONE(where, ENUM, struct_type, member, element_name, __VA_ARGS__).words(table)
#define ENVOI__TEXT_ENUM(struct_type, member, table, ...) \
	ENVOI__ENUM(TEXT, struct_type, member, nullptr, table, __VA_ARGS__)
#define ENVOI__ENUMS(struct_type, member, count_member, element_name, table, ...) \
	ENVOI__MANY(ENUM, struct_type, member, count_member, element_name, __VA_ARGS__) \
		.words(table)
#define ENVOI__NAME(struct_type, member, table, ...) \
	ENVOI__ONE(CHILD, NAME, struct_type, member, nullptr, __VA_ARGS__).words(table)
#define ENVOI__DATE(...) ENVOI__ONE(__VA_ARGS__)
#define ENVOI__DATES(...) ENVOI__MANY(DATE, __VA_ARGS__)
#define ENVOI__ZONE(...) ENVOI__ONE(__VA_ARGS__)
#define ENVOI__ZONES(...) ENVOI__MANY(ZONE, __VA_ARGS__)
#define ENVOI__BYTES(...) ENVOI__ONE(__VA_ARGS__)
#define ENVOI__BYTESES(...) ENVOI__MANY(__VA_ARGS__)
#define ENVOI__JID(...) ENVOI__ONE(__VA_ARGS__)
#define ENVOI__JIDS(...) ENVOI__MANY(JID, __VA_ARGS__)
#define ENVOI__STRUCT(struct_type, member, inner_type, type_pointer, ...) \
	::envoi::detail::one_struct<ENVOI__TYPE_OF(struct_type, member), inner_type>( \
		ENVOI__PLACE(CHILD, struct_type, member), type_pointer, __VA_ARGS__)
#define ENVOI__STRUCTS(struct_type, member, count_member, inner_type, type_pointer, ...) \
	::envoi::detail::many_structs<ENVOI__TYPE_OF(struct_type, member), \
		ENVOI__TYPE_OF(struct_type, count_member), inner_type>( \
		ENVOI__PLACE(CHILDREN, struct_type, member), \
		offsetof(struct_type, count_member), type_pointer, __VA_ARGS__)
#define ENVOI__CHOICE(struct_type, member, table, ...) \
	ENVOI__ONE(CHILD, CHOICE, struct_type, member, nullptr, __VA_ARGS__).choices(table)
#define ENVOI__ELEMENT(struct_type, member, element_name, ...) \
	ENVOI__ONE(CHILD, ELEMENT, struct_type, member, element_name, __VA_ARGS__)
#define ENVOI__ANY(struct_type, member, count_member, ...) \
	ENVOI__MANY(ELEMENT, struct_type, member, count_member, nullptr, __VA_ARGS__)

#define ENVOI__HAS(struct_type, member) \
	::envoi::detail::has<ENVOI__TYPE_OF(struct_type, member)>(offsetof(struct_type, member))
#define ENVOI__CHOICE_IS(enum_value, struct_type, member, inner_type, type_pointer) \
	::envoi::detail::choice<ENVOI__TYPE_OF(struct_type, member), inner_type>( \
		enum_value, type_pointer, sizeof(struct_type), offsetof(struct_type, member))
#define ENVOI__CHOICE_EMPTY(enum_value, struct_type, type_pointer) \
	{enum_value, type_pointer, static_cast<unsigned int>(sizeof(struct_type)), 0, 0}
/* clang-format on */

#endif
