/*
 * envoi - tests of failures
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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
		{"\x01"
		 "a\tb\r\x1b[2J\x7f",
			" a b  [2J "},
		{"\xc2\x9b"
		 "31m\xc2\x85\xc2\xa0",
			"  31m  \xc2\xa0"},
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
	envoi_failure_set(
		&failure, NULL, ENVOI_PHASE_TLS, ENVOI_ERR_TLS, "%s", "it does not speak TLS");
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

/* Behind the login's beginning, what was tried before is not the reason. */
static void attempts_are_in_the_one_line_text_only_when_they_are_the_reason(void **state)
{
	(void)state;
	struct envoi_attempt attempt = {.target = "a.test",
		.address = "192.0.2.1",
		.port = 5223,
		.text = "connection refused"};
	for (enum envoi_phase phase = ENVOI_PHASE_NONE; phase <= ENVOI_PHASE_CLOSE; phase++) {
		struct envoi_failure failure;
		char line[200];
		envoi_failure_set(&failure, NULL, phase, ENVOI_ERR_TIMEOUT, "too late");
		failure.attempts = &attempt;
		failure.attempt_count = 1;
		size_t len = envoi_failure_describe(&failure, line, sizeof(line));
		assert_int_equal(len, strlen(line));
		assert_true(
			(strstr(line, "connection refused") != NULL) == (phase <= ENVOI_PHASE_TLS));
	}
}

/* As <envoi/failure.h> says. */
static void advice_follows_from_the_code_and_the_phase(void **state)
{
	(void)state;
	static const struct {
		int code;
		enum envoi_retry before, online;
	} rows[] = {
		{ENVOI_ERR_AUTH, ENVOI_RETRY_AFTER_USER, ENVOI_RETRY_AFTER_USER},
		{ENVOI_ERR_CERTIFICATE, ENVOI_RETRY_AFTER_USER, ENVOI_RETRY_AFTER_USER},
		{ENVOI_ERR_INVALID, ENVOI_RETRY_AFTER_USER, ENVOI_RETRY_AFTER_USER},
		{ENVOI_ERR_NOT_FOUND, ENVOI_RETRY_AFTER_USER, ENVOI_RETRY_AFTER_USER},
		{ENVOI_ERR_STANZA, ENVOI_RETRY_AFTER_USER, ENVOI_RETRY_AFTER_USER},
		{ENVOI_ERR_UNSUPPORTED, ENVOI_RETRY_AFTER_USER, ENVOI_RETRY_AFTER_USER},
		{ENVOI_ERR_LIMIT, ENVOI_RETRY_AFTER_USER, ENVOI_RETRY_LATER},
		{ENVOI_ERR_TLS, ENVOI_RETRY_AFTER_USER, ENVOI_RETRY_LATER},
		{ENVOI_ERR_DISCONNECTED, ENVOI_RETRY_LATER, ENVOI_RETRY_LATER},
		{ENVOI_ERR_FULL, ENVOI_RETRY_LATER, ENVOI_RETRY_LATER},
		{ENVOI_ERR_NOMEM, ENVOI_RETRY_LATER, ENVOI_RETRY_LATER},
		{ENVOI_ERR_STREAM, ENVOI_RETRY_LATER, ENVOI_RETRY_LATER},
		{ENVOI_ERR_SYSTEM, ENVOI_RETRY_LATER, ENVOI_RETRY_LATER},
		{ENVOI_ERR_TIMEOUT, ENVOI_RETRY_LATER, ENVOI_RETRY_LATER},
		{ENVOI_ERR_UNREACHABLE, ENVOI_RETRY_LATER, ENVOI_RETRY_LATER},
		{ENVOI_ERR_PROTOCOL, ENVOI_RETRY_NEVER, ENVOI_RETRY_LATER},
		{ENVOI_ERR_XML, ENVOI_RETRY_NEVER, ENVOI_RETRY_LATER},
		{ENVOI_OK, ENVOI_RETRY_NEVER, ENVOI_RETRY_NEVER},
		{ENVOI_ERR_CANCELED, ENVOI_RETRY_NEVER, ENVOI_RETRY_NEVER},
		{ENVOI_ERR_STATE, ENVOI_RETRY_NEVER, ENVOI_RETRY_NEVER},
		{-999, ENVOI_RETRY_NEVER, ENVOI_RETRY_NEVER},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (enum envoi_phase phase = ENVOI_PHASE_NONE; phase <= ENVOI_PHASE_CLOSE;
			phase++) {
			struct envoi_failure failure;
			envoi_failure_set(&failure, NULL, phase, rows[i].code, NULL);
			assert_int_equal(failure.retry,
				phase == ENVOI_PHASE_ONLINE ? rows[i].online : rows[i].before);
		}
	}
}

static void assert_explained(const struct envoi_failure *failure, const char *expected)
{
	char lines[600];
	envoi_failure_explain(failure, lines, sizeof(lines));
	assert_string_equal(lines, expected);
}

static void a_reason_that_was_cut_in_attempts_is_written_once(void **state)
{
	(void)state;
	struct envoi_attempt attempts[2] = {
		{.target = "a.test",
			.address = "192.0.2.1",
			.port = 5223,
			.text = "it does not..."},
		{.target = "b.test",
			.address = "192.0.2.2",
			.port = 5223,
			.text = "it does not..."},
	};
	struct envoi_failure failure;
	envoi_failure_set(
		&failure, NULL, ENVOI_PHASE_TLS, ENVOI_ERR_TLS, "%s", "it does not speak TLS");
	failure.attempts = attempts;
	failure.attempt_count = 1;
	assert_explained(&failure,
		"TLS failed (tls): it does not speak TLS\n"
		"  at a.test, 192.0.2.1 port 5223");
	failure.attempt_count = 2;
	assert_explained(&failure,
		"TLS failed (tls): it does not speak TLS\n"
		"  tried a.test, 192.0.2.1 port 5223: it does not...\n"
		"  tried b.test, 192.0.2.2 port 5223: it does not...");
}

static void sent_and_received_conditions_are_distinguished(void **state)
{
	(void)state;
	struct envoi_failure failure = failure_with("");
	failure.stream_condition = ENVOI_STREAM_CONNECTION_TIMEOUT;
	snprintf(failure.condition, sizeof(failure.condition), "connection-timeout");
	assert_explained(&failure,
		"the peer ended the stream with an error (stream)\n"
		"  condition: connection-timeout (the server received nothing from this client for too long)");
	failure.code = ENVOI_ERR_TIMEOUT;
	assert_explained(&failure, "timed out (stream)\n  condition sent: connection-timeout");
}

static void advice_for_a_login_by_certificate_does_not_name_passwords(void **state)
{
	(void)state;
	struct envoi_failure failure;
	envoi_failure_set(&failure, NULL, ENVOI_PHASE_SASL, ENVOI_ERR_AUTH, NULL);
	failure.sasl_condition = ENVOI_SASL_NOT_AUTHORIZED;
	snprintf(failure.condition, sizeof(failure.condition), "not-authorized");
	snprintf(failure.mechanism, sizeof(failure.mechanism), "EXTERNAL");
	assert_explained(&failure,
		"certificate not accepted for this account (sasl): EXTERNAL\n"
		"  condition: not-authorized (certificate not accepted for this account)");
	snprintf(failure.mechanism, sizeof(failure.mechanism), "PLAIN");
	assert_explained(&failure,
		"wrong name or password (sasl): PLAIN\n"
		"  condition: not-authorized (wrong name or password)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_text_is_cut_between_characters),
		cmocka_unit_test(a_text_stays_one_line),
		cmocka_unit_test(a_reason_is_said_once),
		cmocka_unit_test(attempts_are_in_the_one_line_text_only_when_they_are_the_reason),
		cmocka_unit_test(advice_follows_from_the_code_and_the_phase),
		cmocka_unit_test(a_reason_that_was_cut_in_attempts_is_written_once),
		cmocka_unit_test(sent_and_received_conditions_are_distinguished),
		cmocka_unit_test(advice_for_a_login_by_certificate_does_not_name_passwords),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
