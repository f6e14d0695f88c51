/*
 * envoi - SASL with a source of identities that takes its time: tests
 * SPDX-License-Identifier: MIT
 */
#include "sasl_peer.h"

#include <string.h>

struct slow_source {
	struct envoi_sasl_credentials base;
	struct envoi_sasl_request *request;
	unsigned int requests, cancels, answers, destroys;
	int answer; /* at once; ENVOI_AGAIN: not at once */
	bool frees_stream;
};

static struct slow_source slow;

static unsigned int slow_means(struct envoi_sasl_credentials *base)
{
	(void)base;
	return ENVOI_SASL_PASSWORD;
}

static const struct envoi_sasl_identity identity = {.authcid = "user", .password = "pencil"};

static void slow_request(struct envoi_sasl_credentials *base, struct envoi_sasl_request *request)
{
	(void)base;
	slow.requests++;
	slow.request = request;
	if (slow.frees_stream) {
		recorder_free_stream(&fixture.recorder);
	} else if (slow.answer != ENVOI_AGAIN) {
		envoi_sasl_answer(request, slow.answer, &identity);
	}
}

static void slow_cancel(struct envoi_sasl_credentials *base, struct envoi_sasl_request *request)
{
	(void)base;
	slow.cancels += request == slow.request;
}

static void slow_destroy(struct envoi_sasl_credentials *base)
{
	(void)base;
	slow.destroys++;
}

static void slow_answered(struct envoi_sasl_credentials *base, struct envoi_sasl_request *request)
{
	(void)base;
	slow.answers += request == slow.request;
}

static const struct envoi_sasl_credentials_impl slow_impl = {
	slow_means, slow_request, slow_cancel, slow_answered, slow_destroy};

static void add_slow_initiator(int answer)
{
	struct envoi_handler *handler;
	slow = (struct slow_source){.base.impl = &slow_impl, .answer = answer};
	assert_int_equal(
		envoi_sasl_feature_new(&handler, fixture.context, fixture.settings, &slow.base),
		ENVOI_OK);
	stream_fixture_add(&fixture, handler);
}

static void an_identity_may_come_later(void **state)
{
	(void)state;
	add_slow_initiator(ENVOI_AGAIN);
	script_scram_until_proof();
	peer_sends_data("success", SERVER_FINAL);
	script_restart();
	stream_fixture_run(&fixture, 1000);
	assert_int_equal(slow.requests, 1);
	assert_string_equal(slow.request->mechanism->name, "SCRAM-SHA-1");
	assert_string_equal(slow.request->domain, "example.org");
	envoi_sasl_answer(slow.request, ENVOI_OK, &identity);
	envoi_sasl_answer(slow.request, ENVOI_OK, &identity);
	run_and_expect_login("gained authenticated SCRAM-SHA-1");
	assert_int_equal(slow.answers, 1);
	assert_int_equal(slow.cancels, 0);
}

static void an_incomplete_source_is_refused(void **state)
{
	(void)state;
	const struct envoi_sasl_credentials_impl incomplete[] = {
		{NULL, slow_request, slow_cancel, slow_answered, slow_destroy},
		{slow_means, NULL, slow_cancel, slow_answered, slow_destroy},
		{slow_means, slow_request, NULL, slow_answered, slow_destroy},
		{slow_means, slow_request, slow_cancel, NULL, slow_destroy},
	};
	for (size_t i = 0; i < sizeof(incomplete) / sizeof(incomplete[0]); i++) {
		struct envoi_handler *handler;
		slow = (struct slow_source){.base.impl = &incomplete[i]};
		int r = envoi_sasl_feature_new(
			&handler, fixture.context, fixture.settings, &slow.base);
		assert_int_equal(r, i < 3 ? ENVOI_ERR_INVALID : ENVOI_OK);
		if (r == ENVOI_OK) {
			envoi_handler_destroy(handler);
		}
		assert_int_equal(slow.destroys, 1);
	}
}

/* The default of sasl.timeout is 20 s. */
static void an_answer_may_take_longer_than_the_server(void **state)
{
	(void)state;
	add_slow_initiator(ENVOI_AGAIN);
	script_scram_until_proof();
	peer_sends_data("success", SERVER_FINAL);
	script_restart();
	stream_fixture_run(&fixture, 599000);
	assert_int_equal(fixture.recorder.closed_count, 0);
	envoi_sasl_answer(slow.request, ENVOI_OK, &identity);
	run_and_expect_login("gained authenticated SCRAM-SHA-1");
}

static void after_the_answer_the_server_has_its_time_limit_again(void **state)
{
	(void)state;
	add_slow_initiator(ENVOI_AGAIN);
	script_offer("<mechanism>SCRAM-SHA-1</mechanism>");
	peer_expects(fixture.peer,
		"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
		"mechanism='SCRAM-SHA-1'>*</auth>");
	peer_expects(fixture.peer,
		"<stream:error><connection-timeout "
		"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		"</stream:error></stream:stream>");
	stream_fixture_run(&fixture, 300000);
	envoi_sasl_answer(slow.request, ENVOI_OK, &identity);
	stream_fixture_run(&fixture, 19000);
	assert_int_equal(fixture.recorder.closed_count, 0);
	stream_fixture_run(&fixture, 10000);
	run_and_expect_closed(ENVOI_ERR_TIMEOUT);
	assert_string_equal(fixture.recorder.failure.text, "the peer did not answer within 20 s");
	assert_int_equal(fixture.recorder.failure.retry, ENVOI_RETRY_LATER);
}

static void an_answer_without_identity_ends_the_login(void **state)
{
	(void)state;
	for (int later = 0; later < 2; later++) {
		add_slow_initiator(later ? ENVOI_AGAIN : ENVOI_ERR_CANCELED);
		script_offer("<mechanism>SCRAM-SHA-1</mechanism>");
		peer_expects(fixture.peer, "</stream:stream>");
		if (later) {
			stream_fixture_run(&fixture, 1000);
			envoi_sasl_answer(slow.request, ENVOI_ERR_CANCELED, NULL);
		}
		run_and_expect_closed(ENVOI_ERR_CANCELED);
		assert_int_equal(slow.cancels, 0);
		start_afresh();
		assert_int_equal(slow.destroys, 1);
	}
}

static void a_source_that_never_answers_is_a_timeout(void **state)
{
	(void)state;
	add_slow_initiator(ENVOI_AGAIN);
	script_offer("<mechanism>SCRAM-SHA-1</mechanism>");
	peer_expects(fixture.peer,
		"<stream:error><connection-timeout "
		"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		"</stream:error></stream:stream>");
	stream_fixture_run(&fixture, 599000);
	assert_int_equal(fixture.recorder.closed_count, 0);
	stream_fixture_run(&fixture, 10000);
	run_and_expect_closed(ENVOI_ERR_TIMEOUT);
	assert_string_equal(fixture.recorder.failure.text, "no password within 600 s");
	assert_int_equal(fixture.recorder.failure.retry, ENVOI_RETRY_AFTER_USER);
	recorder_free_stream(&fixture.recorder);
	assert_int_equal(slow.cancels, 1);
	assert_int_equal(slow.answers, 0);
	assert_int_equal(slow.requests, 1);
}

static void success_during_a_request_for_the_password_is_refused(void **state)
{
	(void)state;
	add_slow_initiator(ENVOI_AGAIN);
	script_offer("<mechanism>SCRAM-SHA-1</mechanism>");
	peer_sends_data("success", "");
	peer_expects(fixture.peer,
		"<stream:error><unsupported-stanza-type "
		"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		"</stream:error></stream:stream>");
	run_and_expect_closed(ENVOI_ERR_PROTOCOL);
	envoi_sasl_answer(slow.request, ENVOI_OK, &identity);
	stream_fixture_run(&fixture, 1000);
	assert_int_equal(fixture.recorder.closed_count, 1);
}

static void the_stream_may_be_freed_during_a_request_for_the_password(void **state)
{
	(void)state;
	for (int inside = 0; inside < 2; inside++) {
		add_slow_initiator(ENVOI_AGAIN);
		slow.frees_stream = inside;
		script_offer("<mechanism>SCRAM-SHA-1</mechanism>");
		stream_fixture_run(&fixture, 1000);
		recorder_free_stream(&fixture.recorder);
		assert_int_equal(slow.cancels, 1);
		start_afresh();
		assert_int_equal(slow.destroys, 1);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, sasl_setup, sasl_teardown)
		CASE(an_identity_may_come_later),
		CASE(an_incomplete_source_is_refused),
		CASE(an_answer_may_take_longer_than_the_server),
		CASE(after_the_answer_the_server_has_its_time_limit_again),
		CASE(an_answer_without_identity_ends_the_login),
		CASE(a_source_that_never_answers_is_a_timeout),
		CASE(success_during_a_request_for_the_password_is_refused),
		CASE(the_stream_may_be_freed_during_a_request_for_the_password),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sim/sasl_identities", tests, NULL, NULL);
}
