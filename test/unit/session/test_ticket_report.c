/*
 * envoi - what a ticket reports, as text: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/stanza.h>
#include <envoi/ticket.h>

static const char *text_of(enum envoi_ticket_state state, const struct envoi_stanza_error *error)
{
	return envoi_ticket_report_text(
		&(struct envoi_ticket_report){.state = state, .error = error});
}

static void each_state_has_a_name_and_a_text(void **state)
{
	(void)state;
	static const char *const names[] = {
		"acknowledged", "written", "unknown", "not-sent", "canceled", "refused"};
	for (int i = ENVOI_TICKET_ACKNOWLEDGED; i <= ENVOI_TICKET_REFUSED; i++) {
		assert_string_equal(envoi_ticket_state_name((enum envoi_ticket_state)i), names[i]);
		assert_string_not_equal(text_of((enum envoi_ticket_state)i, NULL), "");
	}
	assert_string_equal(text_of(ENVOI_TICKET_ACKNOWLEDGED, NULL), "accepted by the server");
	assert_string_equal(envoi_acknowledgement_name(ENVOI_NOT_ACKNOWLEDGED), "");
	assert_string_equal(
		envoi_acknowledgement_name(ENVOI_BY_STREAM_MANAGEMENT), "stream-management");
	assert_string_equal(envoi_acknowledgement_name(ENVOI_BY_ANSWER), "answer");
}

static void values_beyond_the_enums_have_no_name(void **state)
{
	(void)state;
	int beyond = ENVOI_TICKET_REFUSED + 1;
	assert_string_equal(envoi_ticket_state_name((enum envoi_ticket_state)beyond), "");
	assert_string_equal(envoi_ticket_state_name((enum envoi_ticket_state) - 1), "");
	assert_string_equal(text_of((enum envoi_ticket_state)beyond, NULL), "");
	assert_string_equal(envoi_acknowledgement_name((enum envoi_acknowledgement)99), "");
}

static void a_refusal_has_the_text_of_its_error(void **state)
{
	(void)state;
	struct envoi_stanza_error error = {.condition = ENVOI_SERVICE_UNAVAILABLE};
	assert_string_equal(text_of(ENVOI_TICKET_REFUSED, &error), "service-unavailable");
	error.text = "Bob is not here";
	assert_string_equal(text_of(ENVOI_TICKET_REFUSED, &error), "Bob is not here");
	assert_string_equal(
		text_of(ENVOI_TICKET_REFUSED, NULL), "refused, with an error that cannot be read");
}

static void a_refusal_without_an_error_has_the_text_of_its_reason(void **state)
{
	(void)state;
	struct envoi_ticket_report report = {
		.state = ENVOI_TICKET_REFUSED, .refusal = ENVOI_REFUSED_TOO_LONG};
	assert_string_equal(
		envoi_ticket_report_text(&report), "not sent: longer than the server accepts");
	report.refusal = ENVOI_REFUSED_BY_STREAM_ERROR;
	assert_string_equal(envoi_ticket_report_text(&report),
		"the server ended the connection twice when it was sent");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_state_has_a_name_and_a_text),
		cmocka_unit_test(values_beyond_the_enums_have_no_name),
		cmocka_unit_test(a_refusal_has_the_text_of_its_error),
		cmocka_unit_test(a_refusal_without_an_error_has_the_text_of_its_reason),
	};
	return cmocka_run_group_tests_name("session/ticket_report", tests, NULL, NULL);
}
