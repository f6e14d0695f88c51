/*
 * envoi - data forms: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/ext/forms.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "xep_examples.h"

#define CONFIG_NS "http://jabber.org/protocol/muc#roomconfig"
#define FORM(type, content) "<x xmlns='jabber:x:data' type='" type "'>" content "</x>"
#define FORM_TYPE "<field var='FORM_TYPE' type='hidden'><value>" CONFIG_NS "</value></field>"
#define FIELD(var, content) "<field var='" var "'>" content "</field>"

enum whois {
	MODERATORS = 1,
	ANYONE,
};

/** Configuration of a room, shortened (XEP-0045, section 15.5.3). */
struct config {
	char *name;
	char *desc;
	bool has_public, is_public;
	int max_users;
	enum whois whois;
	char **admins;
	size_t admin_count;
	struct envoi_jid *owner;
};
static const struct envoi_word whois_words[] = {
	{"moderators", MODERATORS}, {"anyone", ANYONE}, ENVOI_WORDS_END};
static const struct envoi_field config_fields[] = {
	ENVOI_CHILD_TEXT(struct config, name, "muc#roomconfig_roomname", ENVOI_REQUIRED),
	ENVOI_CHILD_TEXT(struct config, desc, "muc#roomconfig_roomdesc"),
	ENVOI_CHILD_BOOL(struct config, is_public, "muc#roomconfig_publicroom",
		.has = ENVOI_HAS(struct config, has_public)),
	ENVOI_CHILD_INT(struct config, max_users, "muc#roomconfig_maxusers", .min = 1, .max = 500),
	ENVOI_CHILD_ENUM(struct config, whois, "muc#roomconfig_whois", whois_words),
	ENVOI_CHILDREN_TEXT(struct config, admins, admin_count, "muc#roomconfig_roomadmins"),
	ENVOI_CHILD_JID(struct config, owner, "{urn:example}owner"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type config_type = ENVOI_PAYLOAD_TYPE(
	struct config, CONFIG_NS, "form", config_fields);

struct fixture {
	struct envoi_context *context;
	struct envoi_element *element; /* of the form */
	struct envoi_element *other; /* of a second one */
	struct config *config;
	struct envoi_form *made;
	struct envoi_buffer text;
	struct envoi_payload_problem problem;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	envoi_buffer_init(&f->text, f->context, 0);
	*state = f;
	return 0;
}

static void forget(struct fixture *f)
{
	envoi_payload_free(&config_type, f->config);
	envoi_payload_free(&envoi_forms_type, f->made);
	f->element = envoi_element_unref(f->element);
	f->other = envoi_element_unref(f->other);
	f->config = NULL;
	f->made = NULL;
	forget_text(&f->text);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	forget(f);
	envoi_buffer_finish(&f->text);
	envoi_context_unref(f->context);
	free(f);
	return 0;
}

static const struct envoi_form *parse(
	struct fixture *f, struct envoi_element **element, const char *xml)
{
	const void *form;
	envoi_element_unref(*element);
	*element = element_from_text(f->context, xml);
	assert_int_equal(envoi_payload_parse(&form, &envoi_forms_type, *element, NULL), ENVOI_OK);
	return form;
}

static const struct envoi_form *form_of(struct fixture *f, const char *xml)
{
	return parse(f, &f->element, xml);
}

static int read_config(struct fixture *f, const char *xml)
{
	const struct envoi_form *form = form_of(f, xml);
	void *value;
	int r = envoi_forms_read(&value, f->context, &config_type, form, &f->problem);
	if (r == ENVOI_OK) {
		envoi_payload_free(&config_type, f->config);
		f->config = value;
	}
	return r;
}

static const char *text_of(struct fixture *f, const struct envoi_form *form)
{
	struct envoi_element *element;
	assert_int_equal(
		envoi_payload_build(&element, f->context, &envoi_forms_type, form, NULL), ENVOI_OK);
	forget_text(&f->text);
	write_line(&f->text, element);
	envoi_element_unref(element);
	return written_text(&f->text);
}

/* --- the payload --- */

static void an_unknown_type_of_a_field_is_none(void **state)
{
	const struct envoi_form *form = form_of(
		*state, FORM("form", "<field var='a' type='colour'><value>red</value></field>"));
	assert_int_equal(form->fields[0].kind, ENVOI_FORM_UNTYPED);
	assert_string_equal(envoi_forms_value(form, "a"), "red");
}

/* A result of a server without types, with two values: both are kept. */
static void a_field_without_type_keeps_all_values(void **state)
{
	const struct envoi_form *form = form_of(*state,
		FORM("result",
			FIELD("a", "<value>1</value><value>2</value>") FIELD("b", "")
				FIELD("c", "<value/>")));
	assert_int_equal(envoi_forms_field(form, "a")->value_count, 2);
	assert_int_equal(envoi_forms_field(form, "b")->value_count, 0);
	assert_null(envoi_forms_value(form, "b"));
	assert_string_equal(envoi_forms_value(form, "c"), "");
	assert_null(envoi_forms_field(form, "d"));
	assert_null(envoi_forms_field(NULL, "a"));
	assert_null(envoi_forms_field(form, NULL));
}

static void a_form_needs_a_type(void **state)
{
	struct fixture *f = *state;
	const void *form;
	f->element = element_from_text(f->context, "<x xmlns='jabber:x:data'/>");
	assert_int_equal(envoi_payload_parse(&form, &envoi_forms_type, f->element, NULL),
		ENVOI_ERR_PROTOCOL);
}

static void bad_options_and_validations_do_not_hide_a_field(void **state)
{
	const struct envoi_form *form = form_of(*state,
		FORM("form",
			FIELD("a",
				"<option/><option label='B'><value>b</value></option>"
				"<validate xmlns='http://jabber.org/protocol/xdata-validate'>"
				"<basic/><open/></validate>")));
	assert_int_equal(form->fields[0].option_count, 1);
	assert_string_equal(form->fields[0].options[0].value, "b");
	assert_null(form->fields[0].validation);
}

/* A form of @p count fields is parsed. */
static int parse_many(struct fixture *f, size_t count)
{
	const void *form;
	struct envoi_element *root = envoi_element_new(f->context, ENVOI_NS_FORMS, "x");
	envoi_element_set(root, "type", "result");
	for (size_t i = 0; i < count; i++) {
		envoi_element_add(root, NULL, "field");
	}
	int r = envoi_payload_parse(&form, &envoi_forms_type, root, NULL);
	envoi_element_unref(root);
	return r;
}

static void a_form_has_at_most_a_thousand_fields(void **state)
{
	assert_int_equal(parse_many(*state, ENVOI_FORMS_MOST_FIELDS), ENVOI_OK);
	assert_int_equal(parse_many(*state, ENVOI_FORMS_MOST_FIELDS + 1), ENVOI_ERR_LIMIT);
	assert_int_equal(parse_many(*state, 10 * ENVOI_FORMS_MOST_FIELDS), ENVOI_ERR_LIMIT);
}

/* XEP-0068 */
static void a_form_is_found_by_its_namespace(void **state)
{
	struct fixture *f = *state;
	struct envoi_form forms[3] = {
		*form_of(f, FORM("result", FIELD("a", "<value>1</value>"))),
		*parse(f, &f->other, FORM("result", FORM_TYPE)),
	};
	forms[2] = forms[0];
	assert_ptr_equal(envoi_forms_find(forms, 3, CONFIG_NS), &forms[1]);
	assert_null(envoi_forms_find(forms, 3, "urn:other"));
	assert_null(envoi_forms_find(forms, 3, NULL));
	assert_null(envoi_forms_find(NULL, 0, CONFIG_NS));
	assert_null(envoi_forms_namespace(&forms[0]));
}

static void a_visible_form_type_is_none(void **state)
{
	struct fixture *f = *state;
	assert_null(envoi_forms_namespace(form_of(f,
		FORM("form",
			"<field var='FORM_TYPE' type='text-single'><value>x</value></field>"))));
	assert_string_equal(envoi_forms_namespace(form_of(
				    f, FORM("submit", FIELD("FORM_TYPE", "<value>x</value>")))),
		"x");
	assert_null(envoi_forms_namespace(form_of(f, FORM("submit", FIELD("FORM_TYPE", "")))));
}

/* --- reading into a struct --- */

static void fields_become_members(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		read_config(f,
			FORM("result",
				FORM_TYPE FIELD("muc#roomconfig_roomname",
					"<value>A</value>") FIELD("muc#roomconfig_publicroom",
					"<value>1</value>") FIELD("muc#roomconfig_maxusers",
					"<value>20</value>") FIELD("muc#roomconfig_whois",
					"<value>anyone</value>") FIELD("muc#roomconfig_roomadmins",
					"<value>a@b</value><value>c@d</value>")
					FIELD("{urn:example}owner", "<value>Me@Example.org</value>")
						FIELD("unknown", "<value/>"))),
		ENVOI_OK);
	assert_string_equal(f->config->name, "A");
	assert_null(f->config->desc);
	assert_true(f->config->has_public);
	assert_true(f->config->is_public);
	assert_int_equal(f->config->max_users, 20);
	assert_int_equal(f->config->whois, ANYONE);
	assert_int_equal(f->config->admin_count, 2);
	assert_string_equal(f->config->admins[1], "c@d");
	assert_string_equal(envoi_jid_text(f->config->owner), "me@example.org");
}

/* Section 3.3: several values of a text are its lines. */
static void values_of_one_text_are_lines(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(read_config(f,
				 FORM("result",
					 FORM_TYPE FIELD("muc#roomconfig_roomname",
						 "<value>a</value><value/><value>b</value>"))),
		ENVOI_OK);
	assert_string_equal(f->config->name, "a\n\nb");
}

static void all_booleans_are_read(void **state)
{
	static const struct {
		const char *text;
		bool value;
	} booleans[] = {{"1", true}, {"true", true}, {"0", false}, {"false", false}};
	struct fixture *f = *state;
	for (size_t i = 0; i < 4; i++) {
		char xml[400];
		snprintf(xml, sizeof(xml),
			FORM("result",
				FORM_TYPE FIELD("muc#roomconfig_roomname", "<value/>")
					FIELD("muc#roomconfig_publicroom", "<value>%s</value>")),
			booleans[i].text);
		assert_int_equal(read_config(f, xml), ENVOI_OK);
		assert_true(f->config->has_public);
		assert_int_equal(f->config->is_public, booleans[i].value);
	}
}

static void a_form_of_another_type_is_declined(void **state)
{
	assert_int_equal(read_config(*state, FORM("result", FIELD("muc#roomconfig_roomname", ""))),
		ENVOI_DECLINED);
	assert_int_equal(
		read_config(*state, FORM("result", FIELD("FORM_TYPE", "<value>urn:x</value>"))),
		ENVOI_DECLINED);
}

#define NAMED FORM_TYPE FIELD("muc#roomconfig_roomname", "<value>A</value>")

static void malformed_fields_are_refused_by_name(void **state)
{
	static const struct {
		const char *xml, *where;
	} malformed[] = {
		{FORM("result", FORM_TYPE), "muc#roomconfig_roomname"},
		{FORM("result", NAMED FIELD("muc#roomconfig_roomname", "")),
			"muc#roomconfig_roomname"},
		{FORM("result", NAMED FIELD("muc#roomconfig_maxusers", "<value>501</value>")),
			"muc#roomconfig_maxusers"},
		{FORM("result", NAMED FIELD("muc#roomconfig_maxusers", "<value/>")),
			"muc#roomconfig_maxusers"},
		{FORM("result",
			 NAMED FIELD(
				 "muc#roomconfig_maxusers", "<value>1</value><value>2</value>")),
			"muc#roomconfig_maxusers"},
		{FORM("result", NAMED FIELD("muc#roomconfig_whois", "<value>x</value>")),
			"muc#roomconfig_whois"},
		{FORM("result", NAMED FIELD("{urn:example}owner", "<value>@</value>")),
			"{urn:example}owner"},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		assert_int_equal(read_config(f, malformed[i].xml), ENVOI_ERR_PROTOCOL);
		assert_string_equal(f->problem.where, malformed[i].where);
	}
}

struct flagged {
	bool is_set;
};

static void a_table_with_other_rows_is_refused(void **state)
{
	struct fixture *f = *state;
	static const struct envoi_field rows[] = {
		ENVOI_CHILD_FLAG(struct flagged, is_set, "a"), ENVOI_FIELDS_END};
	static const struct envoi_payload_type type = ENVOI_PAYLOAD_TYPE(
		struct flagged, NULL, "form", rows);
	void *value;
	struct envoi_form *made;
	const struct flagged flagged = {.is_set = true};
	assert_int_equal(envoi_forms_read(&value, f->context, &type, form_of(f, FORM("result", "")),
				 &f->problem),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_forms_fill(&made, f->context, &type, &flagged, NULL, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_forms_read(&value, f->context, &config_type, NULL, NULL), ENVOI_ERR_INVALID);
}

/* --- filling in --- */

static char room[] = "A\nB", admin1[] = "a@b", admin2[] = "c@d", empty[] = "";

static void a_struct_becomes_a_submission(void **state)
{
	struct fixture *f = *state;
	char *admins[] = {admin1, admin2};
	const struct config config = {
		.name = room, .has_public = true, .admins = admins, .admin_count = 2};
	assert_int_equal(envoi_forms_fill(&f->made, f->context, &config_type, &config, NULL, NULL),
		ENVOI_OK);
	assert_string_equal(text_of(f, f->made),
		FORM("submit",
			FORM_TYPE FIELD(
				"muc#roomconfig_roomname", "<value>A</value><value>B</value>")
				FIELD("muc#roomconfig_publicroom", "<value>false</value>")
					FIELD("muc#roomconfig_roomadmins",
						"<value>a@b</value><value>c@d</value>")) "\n");
}

static const char asked[] = FORM("form",
	"<title>Room</title>" FORM_TYPE "<field type='fixed'><value>Section</value></field>"
	"<field var='secret' type='hidden'><value>x</value></field>"
	"<field var='muc#roomconfig_maxusers' type='list-single'><value>10</value>"
	"<option><value>10</value></option><option><value>20</value></option></field>"
	"<field var='muc#roomconfig_roomname' type='text-single'><required/><value>old</value></field>"
	"<field var='muc#roomconfig_publicroom' type='boolean'><value>1</value></field>");

static char plain[] = "new";

/* What was not changed goes back as it came. */
static void a_form_is_filled_in(void **state)
{
	struct fixture *f = *state;
	const struct config config = {.name = plain, .max_users = 20};
	assert_int_equal(envoi_forms_fill(&f->made, f->context, &config_type, &config,
				 form_of(f, asked), &f->problem),
		ENVOI_OK);
	assert_string_equal(text_of(f, f->made),
		FORM("submit",
			FORM_TYPE "<field var='secret' type='hidden'><value>x</value></field>"
				  "<field var='muc#roomconfig_maxusers' type='list-single'>"
				  "<value>20</value></field>"
				  "<field var='muc#roomconfig_roomname' type='text-single'>"
				  "<value>new</value></field>"
				  "<field var='muc#roomconfig_publicroom' type='boolean'>"
				  "<value>1</value></field>") "\n");
}

/* The values of a struct have room for one field of each name. */
static void a_field_that_the_form_has_again_is_submitted_once(void **state)
{
	struct fixture *f = *state;
	const struct config config = {.name = plain};
	assert_int_equal(envoi_forms_fill(&f->made, f->context, &config_type, &config,
				 form_of(f,
					 FORM("form",
						 FORM_TYPE FIELD("muc#roomconfig_roomname", "")
							 FIELD("muc#roomconfig_roomname", "") FIELD(
								 "muc#roomconfig_roomname", ""))),
				 &f->problem),
		ENVOI_OK);
	assert_string_equal(text_of(f, f->made),
		FORM("submit",
			FORM_TYPE FIELD("muc#roomconfig_roomname", "<value>new</value>")) "\n");
}

static void what_the_form_does_not_offer_is_not_submitted(void **state)
{
	struct fixture *f = *state;
	const struct config config = {.name = plain, .whois = ANYONE};
	assert_int_equal(envoi_forms_fill(&f->made, f->context, &config_type, &config,
				 form_of(f, asked), &f->problem),
		ENVOI_ERR_NOT_FOUND);
	assert_string_equal(f->problem.where, "muc#roomconfig_whois");
	assert_int_equal(envoi_forms_fill(&f->made, f->context, &config_type, &config,
				 form_of(f, FORM("form", "")), NULL),
		ENVOI_DECLINED);
}

static void what_the_form_does_not_allow_is_not_submitted(void **state)
{
	struct fixture *f = *state;
	struct config config = {.name = plain, .max_users = 30};
	assert_int_equal(envoi_forms_fill(&f->made, f->context, &config_type, &config,
				 form_of(f, asked), &f->problem),
		ENVOI_ERR_INVALID);
	assert_string_equal(f->problem.where, "muc#roomconfig_maxusers");
	config = (struct config){.name = room};
	assert_int_equal(envoi_forms_fill(&f->made, f->context, &config_type, &config,
				 form_of(f, asked), &f->problem),
		ENVOI_ERR_INVALID);
	assert_string_equal(f->problem.why, "takes one value");
	config = (struct config){.max_users = 20};
	assert_int_equal(envoi_forms_fill(&f->made, f->context, &config_type, &config,
				 form_of(f, asked), &f->problem),
		ENVOI_ERR_INVALID);
	assert_string_equal(f->problem.where, "muc#roomconfig_roomname");
	config = (struct config){.name = empty};
	assert_int_equal(envoi_forms_fill(&f->made, f->context, &config_type, &config, NULL, NULL),
		ENVOI_OK);
}

static void a_filled_form_is_read_back(void **state)
{
	struct fixture *f = *state;
	const struct config config = {.name = room, .desc = plain, .whois = MODERATORS};
	void *value;
	assert_int_equal(envoi_forms_fill(&f->made, f->context, &config_type, &config, NULL, NULL),
		ENVOI_OK);
	assert_int_equal(
		envoi_forms_read(&value, f->context, &config_type, f->made, NULL), ENVOI_OK);
	f->config = value;
	assert_true(envoi_payload_equal(&config_type, &config, value));
}

/* --- checking --- */

#define VALIDATE(content) \
	"<validate xmlns='http://jabber.org/protocol/xdata-validate' " content "</validate>"

/* A field, its submission, and the reason against it; NULL: valid. */
static const struct {
	const char *form, *submission, *why;
} checks[] = {
	{"<field var='a' type='text-single'><required/></field>", "", "is required"},
	{"<field var='a' type='text-single'><required/></field>", FIELD("a", ""), "is required"},
	{"<field var='a' type='text-single'><required/></field>", FIELD("a", "<value/>"), NULL},
	{"<field var='a'/>", "", NULL},
	{"<field var='a'/>", FIELD("a", "<value>1</value><value>2</value>"), "takes one value"},
	{"<field var='a' type='text-multi'/>", FIELD("a", "<value>1</value><value>2</value>"),
		NULL},
	{"<field var='a' type='boolean'/>", FIELD("a", "<value>yes</value>"), "is not a boolean"},
	{"<field var='a' type='boolean'/>", FIELD("a", "<value>0</value>"), NULL},
	{"<field var='a' type='jid-multi'/>", FIELD("a", "<value>a@b</value><value>@</value>"),
		"is not an address"},
	{"<field var='a' type='jid-single'/>", FIELD("a", "<value/>"), NULL},
	{"<field var='a' type='list-single'><option><value>x</value></option></field>",
		FIELD("a", "<value>y</value>"), "is not an option of the field"},
	{"<field var='a' type='list-single'><option><value>x</value></option>" VALIDATE(
		 "><open/>") "</field>",
		FIELD("a", "<value>y</value>"), NULL},
	{"<field var='a' type='list-multi'><option><value>x</value></option>" VALIDATE(
		 "><basic/><list-range min='2'/>") "</field>",
		FIELD("a", "<value>x</value>"), "has too few or too many values"},
	{"<field var='a' type='list-multi'><option><value>x</value></option>" VALIDATE(
		 "><list-range max='0'/>") "</field>",
		FIELD("a", "<value>x</value>"), "has too few or too many values"},
	{"<field var='a'>" VALIDATE("datatype='xs:int'>") "</field>",
		FIELD("a", "<value>2147483648</value>"), "is not of the field's datatype"},
	{"<field var='a'>" VALIDATE("datatype='xs:int'><range min='5' max='7'/>") "</field>",
		FIELD("a", "<value>8</value>"), "is out of the field's range"},
	{"<field var='a'>" VALIDATE("datatype='xs:int'><range min='5' max='7'/>") "</field>",
		FIELD("a", "<value>4</value>"), "is out of the field's range"},
	{"<field var='a'>" VALIDATE("datatype='xs:int'><range min='x' max='7'/>") "</field>",
		FIELD("a", "<value>7</value>"), NULL},
	{"<field var='a'>" VALIDATE(
		 "datatype='xs:dateTime'><range max='2003-10-24T23:59:59Z'/>") "</field>",
		FIELD("a", "<value>2003-10-25T00:00:00Z</value>"), "is out of the field's range"},
	{"<field var='a'>" VALIDATE("datatype='xs:date'>") "</field>",
		FIELD("a", "<value>2003-02-30</value>"), "is not of the field's datatype"},
	{"<field var='a'>" VALIDATE("datatype='xs:time'>") "</field>",
		FIELD("a", "<value>24:30:00</value>"), "is not of the field's datatype"},
	{"<field var='a'>" VALIDATE("datatype='xs:boolean'>") "</field>",
		FIELD("a", "<value>2</value>"), "is not of the field's datatype"},
	{"<field var='a'>" VALIDATE("datatype='xs:language'>") "</field>",
		FIELD("a", "<value>-</value>"), "is not of the field's datatype"},
	{"<field var='a'>" VALIDATE("datatype='x:mine'><regex>(</regex>") "</field>",
		FIELD("a", "<value>z</value>"), NULL},
	{"<field type='fixed'><required/></field>", "", NULL},
};

static void a_submission_is_checked_against_its_form(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		char form[600], submission[600];
		snprintf(form, sizeof(form), FORM("form", "%s"), checks[i].form);
		snprintf(
			submission, sizeof(submission), FORM("submit", "%s"), checks[i].submission);
		f->problem = (struct envoi_payload_problem){.why = "none"};
		int r = envoi_forms_check(
			parse(f, &f->other, submission), form_of(f, form), &f->problem);
		if (checks[i].why == NULL) {
			assert_int_equal(r, ENVOI_OK);
		} else {
			assert_int_equal(r, ENVOI_ERR_INVALID);
			assert_string_equal(f->problem.why, checks[i].why);
			assert_string_equal(f->problem.where, "a");
		}
	}
	assert_int_equal(envoi_forms_check(NULL, NULL, NULL), ENVOI_ERR_INVALID);
}

/* --- the examples of the XEPs --- */

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_forms_type, NULL},
		{&envoi_forms_validation_type, NULL},
		{NULL, NULL},
	};
	assert_int_equal(xep_examples_check("0004", tables, NULL), 6);
	/* example 3 has options whose values are not in elements */
	static const char *const exceptions[] = {"x/field/option", NULL};
	assert_int_equal(xep_examples_check("0068", tables, exceptions), 5);
	/* the default is not written; example 7 has `basic` in the namespace of the form */
	static const char *const left_out[] = {
		"validate/@datatype", "validate/basic", "x/field/validate/basic", NULL};
	assert_int_equal(xep_examples_check("0122", tables, left_out), 9);
	assert_int_equal(xep_examples_check("0128", tables, NULL), 2);
}

/* --- without memory --- */

static int fill_and_read(struct envoi_context *context)
{
	const struct config config = {.name = room, .desc = plain};
	struct envoi_form *form;
	void *value;
	int r = envoi_forms_fill(&form, context, &config_type, &config, NULL, NULL);
	if (r < 0) {
		return r;
	}
	r = envoi_forms_read(&value, context, &config_type, form, NULL);
	if (r == ENVOI_OK) {
		envoi_payload_free(&config_type, value);
	}
	envoi_payload_free(&envoi_forms_type, form);
	return r;
}

static void every_failed_allocation_is_reported(void **state)
{
	(void)state;
	assert_true(test_allocator_try(fill_and_read) >= 9);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unknown_type_of_a_field_is_none),
		TEST(a_field_without_type_keeps_all_values),
		TEST(a_form_needs_a_type),
		TEST(bad_options_and_validations_do_not_hide_a_field),
		TEST(a_form_has_at_most_a_thousand_fields),
		TEST(a_form_is_found_by_its_namespace),
		TEST(a_visible_form_type_is_none),
		TEST(fields_become_members),
		TEST(values_of_one_text_are_lines),
		TEST(all_booleans_are_read),
		TEST(a_form_of_another_type_is_declined),
		TEST(malformed_fields_are_refused_by_name),
		TEST(a_table_with_other_rows_is_refused),
		TEST(a_struct_becomes_a_submission),
		TEST(a_form_is_filled_in),
		TEST(a_field_that_the_form_has_again_is_submitted_once),
		TEST(what_the_form_does_not_offer_is_not_submitted),
		TEST(what_the_form_does_not_allow_is_not_submitted),
		TEST(a_filled_form_is_read_back),
		TEST(a_submission_is_checked_against_its_form),
		cmocka_unit_test(the_examples_are_read_and_written),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests_name("ext/forms", tests, NULL, NULL);
}
