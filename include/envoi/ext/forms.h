/*
 * envoi - XEP-0004: Data Forms
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_FORMS_H
#define ENVOI_EXT_FORMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/payload.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of XEP-0004. */
#define ENVOI_NS_FORMS "jabber:x:data"
/** Namespace of XEP-0122. */
#define ENVOI_NS_FORMS_VALIDATION "http://jabber.org/protocol/xdata-validate"

/** Limits of a form; a larger one is malformed. */
enum {
	ENVOI_FORMS_MOST_FIELDS = 1000, /**< of a form, of each item, and of the row `reported` */
	ENVOI_FORMS_MOST_ITEMS = 1000,
};

/* --- the payload --- */

/** The type of a form (section 3.1). */
enum envoi_form_kind {
	ENVOI_FORM_FORM = 1, /**< to be filled in */
	ENVOI_FORM_SUBMIT,
	ENVOI_FORM_CANCEL,
	ENVOI_FORM_RESULT,
};

/** The type of a field (section 3.3). */
enum envoi_form_field_kind {
	/** no type, or an unknown one: TEXT_SINGLE in a form that is to be filled in; in a
	 * submission or a result the type in the form that it belongs to */
	ENVOI_FORM_UNTYPED = 0,
	ENVOI_FORM_BOOLEAN,
	ENVOI_FORM_FIXED,
	ENVOI_FORM_HIDDEN,
	ENVOI_FORM_JID_MULTI,
	ENVOI_FORM_JID_SINGLE,
	ENVOI_FORM_LIST_MULTI,
	ENVOI_FORM_LIST_SINGLE,
	ENVOI_FORM_TEXT_MULTI,
	ENVOI_FORM_TEXT_PRIVATE,
	ENVOI_FORM_TEXT_SINGLE,
};

/** An option of a list. */
struct envoi_form_option {
	char *label; /**< for a person; NULL: the value */
	char *value;
};

/** How values are validated (XEP-0122, section 3.2). */
enum envoi_form_method {
	ENVOI_FORM_NO_METHOD = 0, /**< not stated: as BASIC */
	ENVOI_FORM_BASIC, /**< by the datatype alone */
	ENVOI_FORM_OPEN, /**< values that are not among the options of a list are allowed, too */
	ENVOI_FORM_RANGE,
	ENVOI_FORM_REGEX,
};

/** The range of a value, in the format of the datatype; NULL: no limit. */
struct envoi_form_range {
	char *min, *max;
};

/** A POSIX extended regular expression of the peer: untrusted input. */
struct envoi_form_regex {
	char *pattern;
};

/** How many values of a list are to be chosen (XEP-0122, section 3.3). */
struct envoi_form_count {
	bool has_min, has_max;
	uint32_t min, max; /**< 0 unless present */
};

/** Validation of a field (XEP-0122). */
struct envoi_form_validation {
	char *datatype; /**< "xs:string" by default */
	enum envoi_form_method method;
	union {
		struct envoi_form_range range;
		struct envoi_form_regex regex;
	} by; /**< of RANGE and REGEX */
	bool has_count;
	struct envoi_form_count count;
};

/** A field of a form (section 3.2). */
struct envoi_form_field {
	char *var; /**< its name; NULL: none, as of FIXED */
	enum envoi_form_field_kind kind;
	char *label; /**< for a person; NULL: none */
	char *desc; /**< for a person; NULL: none */
	bool is_required;
	/** without a value the field is not set, which differs from one empty value */
	char **values;
	size_t value_count;
	struct envoi_form_option *options;
	size_t option_count;
	struct envoi_form_validation *validation; /**< NULL: none */
};

/** The fields of an item, or the columns of a table of items (section 3.4). */
struct envoi_form_row {
	struct envoi_form_field *fields;
	size_t field_count;
};

/** A form, a submission or a result. */
struct envoi_form {
	enum envoi_form_kind kind;
	char *title; /**< for a person; NULL: none */
	char **instructions;
	size_t instruction_count;
	struct envoi_form_field *fields;
	size_t field_count;
	struct envoi_form_row *reported; /**< NULL: none */
	struct envoi_form_row *items;
	size_t item_count;
};

/** Describes struct envoi_form. */
ENVOI_API extern const struct envoi_payload_type envoi_forms_type;

/** Describes struct envoi_form_validation, a child of a field. */
ENVOI_API extern const struct envoi_payload_type envoi_forms_validation_type;

/* --- looking up --- */

/** @return the first field of that name; NULL: there is none, or a parameter is NULL */
ENVOI_API const struct envoi_form_field *envoi_forms_field(
	const struct envoi_form *form, const char *var);

/** @return the first value of the first field of that name; NULL: it is not set */
ENVOI_API const char *envoi_forms_value(const struct envoi_form *form, const char *var);

/** @return the namespace of the form's fields: the value of the field FORM_TYPE, whose type is
 * HIDDEN or UNTYPED (XEP-0068); NULL: none */
ENVOI_API const char *envoi_forms_namespace(const struct envoi_form *form);

/** @return the first form with fields in that namespace; NULL: none. Answers may contain several
 * forms in any order */
ENVOI_API const struct envoi_form *envoi_forms_find(
	const struct envoi_form *forms, size_t count, const char *ns);

/* --- forms as structs --- */

/*
 * A table of <envoi/payload.h> also describes the fields of a form. Its rows are ENVOI_CHILD_* and
 * ENVOI_CHILDREN_* of TEXT, INT, BOOL, ENUM, DATE, ZONE, BASE64, HEX, JID and LANG, with the names
 * of the fields. The namespace of the type is the form's FORM_TYPE (XEP-0068); its name is not
 * used.
 *
 *	struct room_config {
 *		char *name;
 *		bool has_public, is_public;
 *		char **admins;
 *		size_t admin_count;
 *	};
 *	static const struct envoi_field fields[] = {
 *		ENVOI_CHILD_TEXT(struct room_config, name, "muc#roomconfig_roomname"),
 *		ENVOI_CHILD_BOOL(struct room_config, is_public, "muc#roomconfig_publicroom",
 *			.has = ENVOI_HAS(struct room_config, has_public)),
 *		ENVOI_CHILDREN_TEXT(struct room_config, admins, admin_count,
 *			"muc#roomconfig_roomadmins"),
 *		ENVOI_FIELDS_END,
 *	};
 *	const struct envoi_payload_type room_config_type = ENVOI_PAYLOAD_TYPE(struct room_config,
 *		"http://jabber.org/protocol/muc#roomconfig", "form", fields);
 *
 * For a row of one TEXT, the values of the field are the lines of the text: several values are
 * joined with line feeds, and a text with line feeds is written as several values (section 3.3). A
 * field without a value counts as absent. Fields without a row are ignored.
 */

/**
 * Read the fields of a form into a struct.
 *
 * @param[out] ret_value    a struct of @p type, read only; owned by the caller: free it with
 *                          envoi_payload_free() and @p type
 * @param form              borrowed for the call
 * @param[out] ret_problem  NULL: not wanted; set on ENVOI_ERR_PROTOCOL, ENVOI_ERR_LIMIT and
 *                          ENVOI_ERR_INVALID; its place is the name of a field
 * @retval ENVOI_DECLINED      the form has another FORM_TYPE than @p type
 * @retval ENVOI_ERR_PROTOCOL  a value is missing, malformed or out of its range; a field occurs
 *                             twice; a field has several values and the row takes one
 * @retval ENVOI_ERR_LIMIT     as envoi_payload_parse()
 * @retval ENVOI_ERR_INVALID   the table has a row of another kind, or a parameter is NULL
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_forms_read(void **ret_value, struct envoi_context *context,
	const struct envoi_payload_type *type, const struct envoi_form *form,
	struct envoi_payload_problem *ret_problem);

/**
 * Make a submission from a struct.
 *
 * If @p form is set, the submission has the fields of that form in their order, without those of
 * type FIXED. Fields of the struct have its values; all others, FORM_TYPE included, have the values
 * of the form. If @p form is NULL, the submission has FORM_TYPE and the fields of the struct.
 *
 * @param[out] ret_form     of kind SUBMIT, read only; owned by the caller: free it with
 *                          envoi_payload_free() and envoi_forms_type
 * @param value             of @p type; borrowed for the call
 * @param form              of kind FORM, borrowed for the call; NULL: none
 * @param[out] ret_problem  NULL: not wanted; set on ENVOI_ERR_INVALID and ENVOI_ERR_NOT_FOUND
 * @retval ENVOI_DECLINED       @p form has another FORM_TYPE than @p type
 * @retval ENVOI_ERR_NOT_FOUND  the struct has a value for a field that @p form does not have: some
 *                              services ignore such a field, others refuse the submission
 * @retval ENVOI_ERR_INVALID    the struct cannot be written, the table has a row of another kind,
 *                              or envoi_forms_check() refuses the submission
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_forms_fill(struct envoi_form **ret_form,
	struct envoi_context *context, const struct envoi_payload_type *type, const void *value,
	const struct envoi_form *form, struct envoi_payload_problem *ret_problem);

/**
 * Check a submission against the form that it answers (sections 3.2, 3.3 and 4; XEP-0122):
 *
 * - required fields are set, and fields that take one value have at most one;
 * - values of the types BOOLEAN, JID_SINGLE and JID_MULTI are valid;
 * - values of a list are among its options, unless its method is OPEN, and their number is in
 *   range;
 * - values of the datatypes xs:boolean, xs:integer and those derived from it, xs:dateTime, xs:date,
 *   xs:time and xs:language are valid;
 * - values of xs:dateTime and of the whole numbers are in range.
 *
 * An empty value of a field that is not required counts as none, except in a list. Values of other
 * datatypes are not checked. Regular expressions are not applied, because those of
 * a peer may take unlimited time.
 *
 * @param ret_problem  NULL: not wanted; set on failure; its place is the name of a field
 * @retval ENVOI_ERR_INVALID  it is not valid, or a parameter is NULL
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_forms_check(const struct envoi_form *submission,
	const struct envoi_form *form, struct envoi_payload_problem *ret_problem);

#ifdef __cplusplus
}
#endif
#endif
