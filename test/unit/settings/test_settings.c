/*
 * envoi - settings: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/settings.h>
#include <envoi/xml.h>

#include "test_allocator.h"

struct fixture {
	struct envoi_context *context;
	struct envoi_settings *settings;
	unsigned int logged;
};

static void count_log(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	struct fixture *f = user;
	(void)level;
	(void)subject;
	(void)message;
	f->logged++;
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	envoi_context_set_log(f->context, count_log, ENVOI_LOG_DEBUG, f);
	assert_int_equal(envoi_settings_new(&f->settings, f->context), ENVOI_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_settings_free(f->settings);
	envoi_context_unref(f->context);
	test_free(f);
	return 0;
}

static void a_setting_that_is_not_set_has_its_default(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_settings_int(f->settings, "tls.timeout"), 20000);
	assert_int_equal(envoi_settings_int(f->settings, "limits.stanza-bytes"), 8388608);
	assert_int_equal(envoi_settings_int(f->settings, "tls.system-trust"), 1);
	assert_int_equal(envoi_settings_int(f->settings, "tls.mode"), 3);
	assert_string_equal(envoi_settings_text(f->settings, "tls.mode"), "either");
	assert_string_equal(envoi_settings_word(f->settings, "sasl.mechanisms", 7), "PLAIN");
	assert_null(envoi_settings_word(f->settings, "sasl.mechanisms", 8));
	assert_null(envoi_settings_text(f->settings, "server"));
	assert_int_equal(f->logged, 0);
}

static void assert_limits(
	struct envoi_settings *settings, const char *group, const struct envoi_xml_limits *limits)
{
#define NAMED(member, name, ...) {name, limits->member},
	const struct {
		const char *name;
		size_t value;
	} expected[] = {ENVOI_XML_LIMITS(NAMED, NAMED)};
	char name[64];
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		snprintf(name, sizeof(name), "%s.%s", group, expected[i].name);
		assert_int_equal(envoi_settings_int(settings, name), expected[i].value);
	}
}

static void limits_of_xml_have_the_same_defaults_as_a_parser_alone(void **state)
{
	struct fixture *f = *state;
	assert_limits(f->settings, "limits", &envoi_xml_limits_default);
	assert_limits(f->settings, "limits.before-login", &envoi_xml_limits_before_login);
}

static void values_are_read_and_written_in_one_form(void **state)
{
	struct fixture *f = *state;
	static const char *const rows[][3] = {
		{"tls.timeout", "1500", "1500ms"},
		{"tls.timeout", "1500ms", "1500ms"},
		{"tls.timeout", "120s", "2min"},
		{"tls.timeout", "1h", "1h"},
		{"limits.output-bytes", "65536", "64k"},
		{"limits.output-bytes", "100000", "100000"},
		{"limits.output-bytes", "3072k", "3m"},
		{"presence.priority", "-5", "-5"},
		{"presence.priority", "+007", "7"},
		{"presence.priority", "0", "0"},
		{"port", "5222", "5222"},
		{"presence.initial", "no", "false"},
		{"presence.initial", "1", "true"},
		{"tls", "none", "none"},
		{"resolve.servers", "192.0.2.1,[2001:db8::1]:5353,2001:db8::2,192.0.2.2:53",
			"192.0.2.1,[2001:db8::1]:5353,2001:db8::2,192.0.2.2:53"},
		{"resolve.servers", "192.0.2.1:9050,192.0.2.1:65535,[::1]:1",
			"192.0.2.1:9050,192.0.2.1:65535,[::1]:1"},
		{"ca-file", "/a b", "/a b"},
		{"server", "chat_1.example.", "chat_1.example."},
		{"server",
			"b\xc3\xbc"
			"cher.example",
			"b\xc3\xbc"
			"cher.example"},
		{"server", "2001:db8::1", "2001:db8::1"},
		{"server", "[2001:db8::1]", "[2001:db8::1]"},
		{"sasl-mechanisms", ", SCRAM-SHA-1,  PLAIN ", "SCRAM-SHA-1 PLAIN"},
		{"sasl.mechanisms", "ABCDEFGHIJKLMNOPQRST X-Y_9", "ABCDEFGHIJKLMNOPQRST X-Y_9"},
		{"sasl.mechanisms", "", ""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(envoi_settings_set(f->settings, rows[i][0], rows[i][1]), ENVOI_OK);
		assert_string_equal(envoi_settings_text(f->settings, rows[i][0]), rows[i][2]);
	}
	assert_null(envoi_settings_word(f->settings, "sasl.mechanisms", 0));
	assert_int_equal(f->logged, 0);
}

#define A_HOST "; expected: a host name or an IP address; its port is the setting port"
#define ADDRESSES "; expected: addresses, such as 192.0.2.1,[2001:db8::1]:5353"
#define A_PROXY "; expected: a host name or an IP address; its port is the setting proxy.port"
#define PINS "; expected: sha256: and 32 bytes in base64 or hexadecimal digits, each"
#define MECHANISMS "; expected: names of mechanisms in upper case, such as SCRAM-SHA-256"

static void a_refused_value_changes_nothing_and_has_a_reason(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *name, *text, *problem;
		int code;
	} rows[] = {
		{"port", "70000", "port: more than 65535", ENVOI_ERR_INVALID},
		{"port", "-1", "port: less than 0", ENVOI_ERR_INVALID},
		{"port", "", "port: not a whole number", ENVOI_ERR_INVALID},
		{"port", "52s", "port: not a whole number", ENVOI_ERR_INVALID},
		{"port", "5222 ", "port: not a whole number", ENVOI_ERR_INVALID},
		{"port", "99999999999999999999999", "port: not a whole number", ENVOI_ERR_INVALID},
		{"tls.timeout", "1 s", "tls.timeout: not a time such as 500ms, 20s or 5min",
			ENVOI_ERR_INVALID},
		{"tls.timeout", "9223372036854775807h",
			"tls.timeout: not a time such as 500ms, 20s or 5min", ENVOI_ERR_INVALID},
		{"tls.timeout", "0", "tls.timeout: less than 1", ENVOI_ERR_INVALID},
		{"tls.mode", "STARTTLS", "tls.mode: not one of starttls, direct, none, either",
			ENVOI_ERR_INVALID},
		{"presence.initial", "maybe", "presence.initial: neither true nor false",
			ENVOI_ERR_INVALID},
		{"sasl.mechanisms", "ABCDEFGHIJKLMNOPQRSTU",
			"sasl.mechanisms: not accepted: \"ABCDEFGHIJKLMNOPQRSTU\"" MECHANISMS,
			ENVOI_ERR_INVALID},
		{"sasl.mechanisms", "plain", "sasl.mechanisms: not accepted: \"plain\"" MECHANISMS,
			ENVOI_ERR_INVALID},
		{"resolve.servers", "ns.example",
			"resolve.servers: not accepted: \"ns.example\"" ADDRESSES,
			ENVOI_ERR_INVALID},
		{"resolve.servers", "192.0.2.1,",
			"resolve.servers: not accepted: \"192.0.2.1,\"" ADDRESSES,
			ENVOI_ERR_INVALID},
		{"resolve.servers", "192.0.2.1:0",
			"resolve.servers: not accepted: \"192.0.2.1:0\"" ADDRESSES,
			ENVOI_ERR_INVALID},
		{"resolve.servers", "192.0.2.1:65536",
			"resolve.servers: not accepted: \"192.0.2.1:65536\"" ADDRESSES,
			ENVOI_ERR_INVALID},
		{"resolve.servers", "[::1", "resolve.servers: not accepted: \"[::1\"" ADDRESSES,
			ENVOI_ERR_INVALID},
		{"server", "", "server: not accepted: \"\"" A_HOST, ENVOI_ERR_INVALID},
		{"server", "a b", "server: not accepted: \"a b\"" A_HOST, ENVOI_ERR_INVALID},
		{"server", "chat.example/x", "server: not accepted: \"chat.example/x\"" A_HOST,
			ENVOI_ERR_INVALID},
		{"server", "x@chat.example", "server: not accepted: \"x@chat.example\"" A_HOST,
			ENVOI_ERR_INVALID},
		{"server", "192.0.2.1:5222", "server: not accepted: \"192.0.2.1:5222\"" A_HOST,
			ENVOI_ERR_INVALID},
		{"proxy.host", "chat.example:1080",
			"proxy.host: not accepted: \"chat.example:1080\"" A_PROXY,
			ENVOI_ERR_INVALID},
		{"tls.ca-file", "", "tls.ca-file: not accepted: \"\"; expected: the name of a file",
			ENVOI_ERR_INVALID},
		{"tls.pins", "sha256:x", "tls.pins: not accepted: \"sha256:x\"" PINS,
			ENVOI_ERR_INVALID},
		{"resource", "",
			"resource: not accepted: \"\"; expected: a resourcepart (RFC 7622, section 3.4)",
			ENVOI_ERR_INVALID},
		{"lang", "english!",
			"lang: not accepted: \"english!\"; expected: a language tag, such as de-AT",
			ENVOI_ERR_INVALID},
		{"password", "x", "password: no such setting", ENVOI_ERR_NOT_FOUND},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
			envoi_settings_set(f->settings, rows[i].name, rows[i].text), rows[i].code);
		assert_string_equal(envoi_settings_problem(f->settings), rows[i].problem);
	}
	assert_int_equal(envoi_settings_int(f->settings, "port"), 0);
	assert_int_equal(envoi_settings_set_int(f->settings, "tls.mode", 4), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_settings_set_int(f->settings, "tls.mode", -1), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_settings_set_int(f->settings, "port", 65536), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_settings_set_int(f->settings, "lang", 1), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_settings_set_int(f->settings, "presence.initial", 2), ENVOI_ERR_INVALID);
}

static void asking_wrongly_is_logged(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_settings_int(f->settings, "no-such"), 0);
	assert_int_equal(f->logged, 1);
	assert_int_equal(envoi_settings_set(f->settings, "lang", "en"), ENVOI_OK);
	assert_int_equal(envoi_settings_int(f->settings, "lang"), 0);
	assert_int_equal(f->logged, 2);
	assert_null(envoi_settings_word(f->settings, "port", 0));
	assert_int_equal(f->logged, 3);
}

static void null_goes_back_to_the_default(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_settings_set_int(f->settings, "port", 15222), ENVOI_OK);
	assert_int_equal(envoi_settings_int(f->settings, "port"), 15222);
	assert_string_equal(envoi_settings_text(f->settings, "port"), "15222");
	assert_int_equal(envoi_settings_set(f->settings, "port", NULL), ENVOI_OK);
	assert_int_equal(envoi_settings_int(f->settings, "port"), 0);
}

static void a_copy_is_independent(void **state)
{
	struct fixture *f = *state;
	struct envoi_settings *copy;
	assert_int_equal(envoi_settings_set(f->settings, "sasl.mechanisms", "PLAIN X"), ENVOI_OK);
	assert_int_equal(envoi_settings_dup(&copy, f->settings), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "sasl.mechanisms", "EXTERNAL"), ENVOI_OK);
	assert_string_equal(envoi_settings_word(copy, "sasl.mechanisms", 1), "X");
	assert_null(envoi_settings_word(copy, "sasl.mechanisms", 2));
	assert_int_equal(envoi_settings_int(copy, "port"), 0);
	envoi_settings_free(copy);
}

/* Values are shared until one side changes: whichever it is, and whichever is freed first. */
static void a_copy_that_changes_leaves_the_others_alone(void **state)
{
	struct fixture *f = *state;
	struct envoi_settings *copy, *second;
	assert_int_equal(envoi_settings_set(f->settings, "sasl.mechanisms", "PLAIN"), ENVOI_OK);
	assert_int_equal(envoi_settings_dup(&copy, f->settings), ENVOI_OK);
	assert_int_equal(envoi_settings_dup(&second, copy), ENVOI_OK);
	assert_int_equal(envoi_settings_set(copy, "sasl.mechanisms", NULL), ENVOI_OK);
	assert_int_equal(envoi_settings_set(copy, "server", "a.test"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(copy, "port", "70000"), ENVOI_ERR_INVALID);
	assert_string_equal(envoi_settings_problem(second), "");
	envoi_settings_free(copy);
	assert_string_equal(envoi_settings_text(f->settings, "sasl.mechanisms"), "PLAIN");
	assert_null(envoi_settings_text(f->settings, "server"));
	assert_string_equal(envoi_settings_text(second, "sasl.mechanisms"), "PLAIN");
	envoi_settings_free(second);
	assert_string_equal(envoi_settings_text(f->settings, "sasl.mechanisms"), "PLAIN");
}

static int check_place(const char *text)
{
	return strcmp(text, "Atlantis") == 0 ? ENVOI_ERR_INVALID : ENVOI_OK;
}

static const struct envoi_setting weather_settings[] = {
	{.name = "weather.place",
		.type = ENVOI_SETTING_TEXT,
		.fallback = "Oslo",
		.doc = "Where.",
		.validate = check_place},
	{.name = "weather.every", .type = ENVOI_SETTING_MS, .fallback = "1min", .option = "every"},
	{.type = ENVOI_SETTING_END},
};

static void an_application_adds_its_own(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_context_add_settings(f->context, weather_settings), ENVOI_OK);
	assert_int_equal(envoi_context_add_settings(f->context, weather_settings), ENVOI_OK);
	assert_string_equal(envoi_settings_text(f->settings, "weather.place"), "Oslo");
	assert_int_equal(envoi_settings_set(f->settings, "weather.place", "Bergen"), ENVOI_OK);
	assert_string_equal(envoi_settings_text(f->settings, "weather-place"), "Bergen");
	assert_int_equal(
		envoi_settings_set(f->settings, "weather.place", "Atlantis"), ENVOI_ERR_INVALID);
	assert_string_equal(
		envoi_settings_problem(f->settings), "weather.place: not accepted: \"Atlantis\"");
	assert_ptr_equal(envoi_context_find_setting(f->context, "every"), &weather_settings[1]);
	assert_string_equal(
		envoi_context_setting_option(f->context, &weather_settings[0]), "weather-place");
}

enum kitchen_heat {
	HEAT_LOW,
	HEAT_HIGH,
};

struct kitchen {
	uint64_t every_ms;
	const char *name, *none, *words, *no_words;
	int64_t wide;
	size_t bytes;
	enum kitchen_heat heat;
	int32_t degrees;
	uint16_t port;
	signed char small;
	bool is_open, untouched;
};

static const char *const heats[] = {"low", "high", NULL};

#define INTO(member) ENVOI_SETTING_INTO(struct kitchen, member)
static const struct envoi_setting kitchen_settings[] = {
	{INTO(every_ms), .name = "k.every", .type = ENVOI_SETTING_MS, .fallback = "1min"},
	{INTO(name), .name = "k.name", .type = ENVOI_SETTING_TEXT, .fallback = "large"},
	{INTO(none), .name = "k.none", .type = ENVOI_SETTING_TEXT},
	{INTO(words), .name = "k.words", .type = ENVOI_SETTING_LIST, .fallback = "a, bc"},
	{INTO(no_words), .name = "k.no-words", .type = ENVOI_SETTING_LIST},
	{INTO(wide), .name = "k.wide", .type = ENVOI_SETTING_INT, .fallback = "9000000000"},
	{INTO(bytes), .name = "k.bytes", .type = ENVOI_SETTING_BYTES, .fallback = "3g",
		.max = UINT32_MAX},
	{INTO(heat), .name = "k.heat", .type = ENVOI_SETTING_CHOICE, .fallback = "high",
		.choices = heats},
	{INTO(degrees), .name = "k.degrees", .type = ENVOI_SETTING_INT, .fallback = "-40000",
		.min = -50000, .max = 50000},
	{INTO(port), .name = "k.port", .type = ENVOI_SETTING_INT, .fallback = "65535",
		.max = 65535},
	{INTO(small), .name = "k.small", .type = ENVOI_SETTING_INT, .fallback = "-128", .min = -128,
		.max = 127},
	{INTO(is_open), .name = "k.open", .type = ENVOI_SETTING_BOOL, .fallback = "yes"},
	{.name = "k.not-read", .type = ENVOI_SETTING_BOOL, .fallback = "yes"},
	{.type = ENVOI_SETTING_END},
};
#undef INTO

static void a_table_is_read_into_its_struct(void **state)
{
	struct fixture *f = *state;
	struct kitchen k;
	memset(&k, 0xff, sizeof(k));
	k.untouched = true;
	assert_int_equal(envoi_context_add_settings(f->context, kitchen_settings), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "k.every", "3s"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f->settings, "k.open", "no"), ENVOI_OK);
	envoi_settings_read(f->settings, kitchen_settings, &k);
	assert_int_equal(k.every_ms, 3000);
	assert_string_equal(k.name, "large");
	assert_null(k.none);
	assert_string_equal(k.words, "a");
	assert_string_equal(k.words + 2, "bc");
	assert_string_equal(k.words + 5, "");
	assert_string_equal(k.no_words, "");
	assert_true(k.wide == INT64_C(9000000000));
	assert_true(k.bytes == (size_t)3 << 30);
	assert_int_equal(k.heat, HEAT_HIGH);
	assert_int_equal(k.degrees, -40000);
	assert_int_equal(k.port, 65535);
	assert_int_equal(k.small, -128);
	assert_false(k.is_open);
	assert_true(k.untouched);
	assert_int_equal(f->logged, 0);
}

static void a_table_that_was_not_added_leaves_zeroes_and_is_logged(void **state)
{
	struct fixture *f = *state;
	struct kitchen k;
	memset(&k, 0xff, sizeof(k));
	envoi_settings_read(f->settings, kitchen_settings, &k);
	assert_int_equal(k.every_ms, 0);
	assert_null(k.name);
	assert_string_equal(k.words, "");
	assert_int_equal(f->logged, 12);
}

/* A member that cannot hold each value of its setting is found when the table is added. */
static void a_member_of_the_wrong_size_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct envoi_setting rows[] = {
		{.name = "k", .type = ENVOI_SETTING_BOOL, .fallback = "yes", .size = 4},
		{.name = "k",
			.type = ENVOI_SETTING_CHOICE,
			.fallback = "low",
			.choices = heats,
			.size = 1},
		{.name = "k", .type = ENVOI_SETTING_TEXT, .size = sizeof(char *) - 1},
		{.name = "k", .type = ENVOI_SETTING_LIST, .size = 2 * sizeof(char *)},
		{.name = "k", .type = ENVOI_SETTING_MS, .fallback = "1", .size = 4},
		{.name = "k", .type = ENVOI_SETTING_INT, .fallback = "1", .max = 65536, .size = 2},
		{.name = "k",
			.type = ENVOI_SETTING_INT,
			.fallback = "1",
			.min = -129,
			.max = 1,
			.size = 1},
		{.name = "k", .type = ENVOI_SETTING_BYTES, .fallback = "1", .max = 5, .size = 3},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct envoi_setting table[] = {rows[i], {.type = ENVOI_SETTING_END}};
		unsigned int before = f->logged;
		assert_int_equal(envoi_context_add_settings(f->context, table), ENVOI_ERR_INVALID);
		assert_int_equal(f->logged, before + 1);
		assert_null(envoi_context_find_setting(f->context, "k"));
	}
}

static void a_table_is_added_wholly_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	static const struct envoi_setting taken[] = {
		{.name = "mine", .type = ENVOI_SETTING_BOOL, .fallback = "true"},
		{.name = "port", .type = ENVOI_SETTING_BOOL, .fallback = "true"},
		{.type = ENVOI_SETTING_END},
	};
	static const struct envoi_setting taken_option[] = {
		{.name = "mine", .type = ENVOI_SETTING_BOOL, .fallback = "true"},
		{.name = "yours", .type = ENVOI_SETTING_BOOL, .fallback = "true", .option = "tls"},
		{.type = ENVOI_SETTING_END},
	};
	static const struct envoi_setting wrong[] = {
		{.name = "mine", .type = ENVOI_SETTING_INT, .fallback = "12", .max = 10},
		{.type = ENVOI_SETTING_END},
	};
	assert_int_equal(envoi_context_add_settings(f->context, taken), ENVOI_ERR_EXISTS);
	assert_int_equal(envoi_context_add_settings(f->context, taken_option), ENVOI_ERR_EXISTS);
	assert_int_equal(envoi_context_add_settings(f->context, wrong), ENVOI_ERR_INVALID);
	assert_null(envoi_context_find_setting(f->context, "mine"));
	assert_null(envoi_context_find_setting(f->context, "yours"));
}

static void every_setting_is_visited_and_documented(void **state)
{
	struct fixture *f = *state;
	const struct envoi_setting *setting;
	size_t position = 0, count = 0;
	while ((setting = envoi_context_next_setting(f->context, &position)) != NULL) {
		count++;
		assert_ptr_equal(envoi_context_find_setting(f->context, setting->name), setting);
		assert_non_null(setting->doc);
		size_t len = strlen(setting->doc);
		assert_true(len > 10 && setting->doc[len - 1] == '.');
		assert_true(setting->type == ENVOI_SETTING_BOOL || setting->metavar != NULL);
		assert_true(setting->type == ENVOI_SETTING_TEXT || setting->fallback != NULL);
		assert_true(setting->type != ENVOI_SETTING_CHOICE || setting->choices != NULL);
		assert_true((setting->validate != NULL) == (setting->expected != NULL));
	}
	assert_true(count > 40);
}

static int use_everything(struct envoi_context *context)
{
	struct envoi_settings *settings = NULL, *copy = NULL;
	int r = envoi_settings_new(&settings, context);
	if (r == ENVOI_OK) {
		r = envoi_context_add_settings(context, weather_settings);
	}
	if (r == ENVOI_OK) {
		r = envoi_settings_set(settings, "weather.every", "2s");
	}
	if (r == ENVOI_OK) {
		r = envoi_settings_set_int(settings, "port", 1);
	}
	if (r == ENVOI_OK) {
		r = envoi_settings_dup(&copy, settings);
	}
	envoi_settings_free(copy);
	envoi_settings_free(settings);
	return r;
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **state)
{
	(void)state;
	assert_true(test_allocator_try(use_everything) > 10);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_setting_that_is_not_set_has_its_default),
		TEST(limits_of_xml_have_the_same_defaults_as_a_parser_alone),
		TEST(values_are_read_and_written_in_one_form),
		TEST(a_refused_value_changes_nothing_and_has_a_reason),
		TEST(asking_wrongly_is_logged),
		TEST(null_goes_back_to_the_default),
		TEST(a_copy_is_independent),
		TEST(a_copy_that_changes_leaves_the_others_alone),
		TEST(an_application_adds_its_own),
		TEST(a_table_is_read_into_its_struct),
		TEST(a_table_that_was_not_added_leaves_zeroes_and_is_logged),
		TEST(a_member_of_the_wrong_size_is_refused),
		TEST(a_table_is_added_wholly_or_not_at_all),
		TEST(every_setting_is_visited_and_documented),
		TEST(every_failed_allocation_is_reported_and_leaks_nothing),
	};
	return cmocka_run_group_tests_name("settings/settings", tests, NULL, NULL);
}
