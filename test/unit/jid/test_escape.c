/*
 * envoi - XEP-0106: JID Escaping: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/jid.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int setup(void **state)
{
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	*state = context;
	return 0;
}

static int teardown(void **state)
{
	envoi_context_unref(*state);
	return 0;
}

/* XEP-0106, sections 5 and 6 */
static void the_examples_of_the_xep(void **state)
{
	static const char *const rows[][2] = {
		{"space cadet", "space\\20cadet"},
		{"call me \"ishmael\"", "call\\20me\\20\\22ishmael\\22"},
		{"at&t guy", "at\\26t\\20guy"},
		{"d'artagnan", "d\\27artagnan"},
		{"/.fanboy", "\\2f.fanboy"},
		{"::foo::", "\\3a\\3afoo\\3a\\3a"},
		{"<foo>", "\\3cfoo\\3e"},
		{"user@host", "user\\40host"},
		{"c:\\net", "c\\3a\\net"},
		{"c:\\\\net", "c\\3a\\\\net"},
		{"c:\\cool stuff", "c\\3a\\cool\\20stuff"},
		{"c:\\5commas", "c\\3a\\5c5commas"},
		{"\\2plus\\2is\\4", "\\2plus\\2is\\4"},
		{"foo\\bar", "foo\\bar"},
		{"foob\\41r", "foob\\41r"},
		{"\\3and\\2is\\5cool", "\\5c3and\\2is\\5c5cool"},
		{"here's_a_wild_&_/cr%zy/_address_for:<wv>(\"imps\")",
			"here\\27s_a_wild_\\26_\\2fcr%zy\\2f_address_for\\3a\\3cwv\\3e(\\22imps\\22)"},
		{"somenick!user\"&'/:<>\\3address",
			"somenick!user\\22\\26\\27\\2f\\3a\\3c\\3e\\5c3address"},
		{"tr\u00e9ville@musketeers.lit", "tr\u00e9ville\\40musketeers.lit"},
		{"\\5c27", "\\5c5c27"},
		{"\\20x\\20", "\\5c20x\\5c20"},
		{"\\", "\\"},
		{"\\5", "\\5"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *local, *text;
		assert_int_equal(envoi_jid_escape(&local, *state, rows[i][0]), ENVOI_OK);
		assert_string_equal(local, rows[i][1]);
		struct envoi_jid *jid;
		assert_int_equal(
			envoi_jid_from_parts(&jid, *state, local, "example.com", NULL), ENVOI_OK);
		assert_string_equal(envoi_jid_local(jid), local);
		assert_int_equal(envoi_jid_unescape(&text, *state, envoi_jid_local(jid)), ENVOI_OK);
		assert_string_equal(text, rows[i][0]);
		envoi_free(*state, local);
		envoi_free(*state, text);
		envoi_jid_unref(jid);
	}
}

static void sequences_in_capitals_do_not_turn_into_others(void **state)
{
	char *local, *text;
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_escape(&local, *state, "\\2Fx\\5C"), ENVOI_OK);
	assert_string_equal(local, "\\5c2Fx\\5c5C");
	assert_int_equal(envoi_jid_from_parts(&jid, *state, local, "b", NULL), ENVOI_OK);
	assert_int_equal(envoi_jid_unescape(&text, *state, envoi_jid_local(jid)), ENVOI_OK);
	assert_string_equal(text, "\\2fx\\5c");
	envoi_free(*state, text);
	assert_int_equal(envoi_jid_unescape(&text, *state, "a\\2Fb\\3A\\5C"), ENVOI_OK);
	assert_string_equal(text, "a\\2Fb\\3A\\5C");
	envoi_free(*state, text);
	envoi_free(*state, local);
	envoi_jid_unref(jid);
}

/* As an input method for Japanese may give them. */
static void what_preparation_makes_of_full_width_is_escaped(void **state)
{
	static const char *const rows[][3] = {
		{"user\uff20host", "user\\40host", "user@host"},
		{"\uff07", "\\27", "'"},
		{"a\u3000b", "a\\20b", "a b"},
		{"\uff3c27", "\\5c27", "\\27"},
		{"\\\uff12\uff17", "\\5c27", "\\27"},
		{"\\5\uff43", "\\5c5c", "\\5c"},
		{"\uff3c", "\\", "\\"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *local, *text;
		struct envoi_jid *jid;
		assert_int_equal(envoi_jid_escape(&local, *state, rows[i][0]), ENVOI_OK);
		assert_string_equal(local, rows[i][1]);
		assert_int_equal(envoi_jid_from_parts(&jid, *state, local, "b", NULL), ENVOI_OK);
		assert_int_equal(envoi_jid_unescape(&text, *state, envoi_jid_local(jid)), ENVOI_OK);
		assert_string_equal(text, rows[i][2]);
		envoi_free(*state, local);
		envoi_free(*state, text);
		envoi_jid_unref(jid);
	}
}

static void blanks_are_not_at_either_end(void **state)
{
	static const char *const bad[] = {"", " ", " a", "a ", "\u3000a", "a\u3000", "a\xff"};
	for (size_t i = 0; i < COUNT(bad); i++) {
		char *local = NULL;
		assert_int_equal(envoi_jid_escape(&local, *state, bad[i]), ENVOI_ERR_INVALID);
		assert_null(local);
	}
	static const char *const rows[][2] = {
		{"\\20a\\20b\\20", "\\20a b\\20"},
		{"\\20", "\\20"},
		{"\\20\\20", "\\20\\20"},
		{"", ""},
		{"a\\2", "a\\2"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text;
		assert_int_equal(envoi_jid_unescape(&text, *state, rows[i][0]), ENVOI_OK);
		assert_string_equal(text, rows[i][1]);
		envoi_free(*state, text);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_examples_of_the_xep),
		TEST(sequences_in_capitals_do_not_turn_into_others),
		TEST(what_preparation_makes_of_full_width_is_escaped),
		TEST(blanks_are_not_at_either_end),
	};
	return cmocka_run_group_tests_name("jid/escape", tests, NULL, NULL);
}
