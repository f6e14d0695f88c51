/*
 * envoi - tests of failures
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/failure.h>

#include "base/utf8.h"

static struct envoi_failure failure_with(const char *text)
{
	struct envoi_failure failure;
	envoi_failure_set(&failure, NULL, ENVOI_PHASE_STREAM, ENVOI_ERR_STREAM, "%s", text);
	return failure;
}

static void a_long_text_is_cut_between_characters(void **state)
{
	(void)state;
	static const char *const characters[] = {
		"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
	for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
		for (size_t before = 0; before < 4; before++) {
			char text[2048] = "";
			memset(text, 'x', before);
			for (size_t at = before; at < 1500; at += i + 1) {
				memcpy(text + at, characters[i], i + 1);
			}
			struct envoi_failure failure = failure_with(text);
			size_t len = strlen(failure.text);
			assert_true(envoi__utf8_valid(failure.text, len));
			assert_true(sizeof(failure.text) - len <= i + 1);
		}
	}
}

static void a_text_stays_one_line(void **state)
{
	(void)state;
	static const struct {
		const char *text, *line;
	} rows[] = {
		{"no such host\nenvoi: all is well", "no such host envoi: all is well"},
		{"\x01" "a\tb\r\x1b[2J\x7f", " a b  [2J "},
		{"\xc2\x9b" "31m\xc2\x85\xc2\xa0", "  31m  \xc2\xa0"},
		{"\xe2\x80\xa8|\xe2\x80\xae|\xe2\x81\xa6|\xe2\x81\xa9", "   |   |   |   "},
		{"\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5", "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5"},
		{"\xe2\x82\xac \xc3\xa9", "\xe2\x82\xac \xc3\xa9"},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_failure failure = failure_with(rows[i].text);
		assert_string_equal(failure.text, rows[i].line);
	}
}

/* As one line for a person. */
static void a_reason_is_said_once(void **state)
{
	(void)state;
	struct envoi_attempt attempt = {
		.target = "a.test", .address = "192.0.2.1", .port = 5223, .phase = ENVOI_PHASE_TLS};
	struct envoi_failure failure;
	envoi_failure_set(&failure, NULL, ENVOI_PHASE_TLS, ENVOI_ERR_TLS, "%s", "it does not speak TLS");
	failure.attempts = &attempt;
	failure.attempt_count = 1;
	char line[200];
	snprintf(attempt.text, sizeof(attempt.text), "it does not"); /* there is less room */
	envoi_failure_describe(&failure, line, sizeof(line));
	assert_string_equal(line, "TLS failed (tls): it does not speak TLS; 192.0.2.1 port 5223");
	snprintf(attempt.text, sizeof(attempt.text), "connection refused");
	envoi_failure_describe(&failure, line, sizeof(line));
	assert_string_equal(line,
		"TLS failed (tls): it does not speak TLS; 192.0.2.1 port 5223: connection refused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_text_is_cut_between_characters),
		cmocka_unit_test(a_text_stays_one_line),
		cmocka_unit_test(a_reason_is_said_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
