/*
 * envoi - streams: errors and closing: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_stream.h"

/* --- stream errors --- */

struct error_case {
	const char *xml;
	const char *condition, *text, *lang;
	enum envoi_retry retry;
};

#define NS "xmlns='urn:ietf:params:xml:ns:xmpp-streams'"

static void check_error(const struct error_case *error)
{
	char xml[512];
	stream_fixture_init(&one_stream);
	stream_fixture_add_login(&one_stream);
	stream_fixture_script_login(one_stream.peer);
	snprintf(xml, sizeof(xml), "<stream:error>%s</stream:error></stream:stream>", error->xml);
	peer_sends(one_stream.peer, xml);
	peer_expects(one_stream.peer, "</stream:stream>");
	peer_shuts_down(one_stream.peer);
	stream_fixture_run(&one_stream, 10000);
	peer_assert_done(one_stream.peer);
	recorder_assert_closed(&one_stream.recorder, ENVOI_PHASE_ONLINE, ENVOI_ERR_STREAM);
	const struct envoi_failure *failure = &one_stream.recorder.failure;
	assert_string_equal(failure->condition, error->condition);
	assert_string_equal(failure->text, error->text);
	assert_string_equal(failure->text_lang, error->lang);
	assert_int_equal(failure->retry, error->retry);
	assert_int_equal(
		failure->stream_condition, envoi_stream_condition_from_name(error->condition));
	stream_fixture_finish(&one_stream);
}

/* RFC 6120, section 4.9 */
static void a_stream_error_has_its_meaning_and_advice_on_retrying(void **state)
{
	(void)state;
	static const struct error_case cases[] = {
		{"<conflict " NS "/><text xml:lang='de' " NS ">weg</text>", "conflict", "weg", "de",
			ENVOI_RETRY_AFTER_USER},
		{"<conflict " NS "/><text " NS ">gone</text>", "conflict", "gone", "en",
			ENVOI_RETRY_AFTER_USER},
		{"<system-shutdown " NS "/>", "system-shutdown", "", "", ENVOI_RETRY_LATER},
		{"<new-one " NS "/>", "new-one", "", "", ENVOI_RETRY_LATER},
		{"", "", "", "", ENVOI_RETRY_LATER},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_error(&cases[i]);
	}
}

static void a_redirect_from_an_unverified_server_is_not_followed_at_once(void **state)
{
	(void)state;
	one_stream.is_plain = true;
	peer_sends(one_stream.peer,
		STREAM_HEADER_IN "<stream:error><see-other-host " NS
				 ">evil.example</see-other-host></stream:error>");
	stream_fixture_run(&one_stream, 10000);
	recorder_assert_closed(&one_stream.recorder, ENVOI_PHASE_STREAM, ENVOI_ERR_STREAM);
	assert_int_equal(one_stream.recorder.failure.retry, ENVOI_RETRY_LATER);
}

static void ill_formed_xml_is_answered_and_reported_with_the_phase(void **state)
{
	(void)state;
	stream_fixture_add_login(&one_stream);
	one_stream_script_features("<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(one_stream.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(one_stream.peer, "<a></b>");
	one_stream_expect_stream_error("not-well-formed");
	one_stream_run_and_expect_closed(ENVOI_PHASE_SASL, ENVOI_ERR_XML);
	assert_int_equal(
		one_stream.recorder.failure.stream_condition, ENVOI_STREAM_NOT_WELL_FORMED);
}

/* The advice on retrying is that for the phase, though it is the transport that has failed. */
static void xml_that_is_ill_formed_later_is_worth_another_attempt(void **state)
{
	static const char *const texts[] = {
		"<a></b>", "<!-- -->", "<message>\xff</message>", "<p:message/>", "text"};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		stream_fixture_init(&one_stream);
		stream_fixture_add_login(&one_stream);
		stream_fixture_script_login(one_stream.peer);
		peer_sends(one_stream.peer, texts[i]);
		stream_fixture_run(&one_stream, 10000);
		assert_int_equal(one_stream.recorder.closed_count, 1);
		assert_int_equal(one_stream.recorder.failure.phase, ENVOI_PHASE_ONLINE);
		assert_int_equal(one_stream.recorder.failure.retry, ENVOI_RETRY_LATER);
		stream_fixture_finish(&one_stream);
	}
}

/* --- closing --- */

static void closing_waits_for_the_peers_tag_and_hands_over_what_comes_before(void **state)
{
	(void)state;
	one_stream_script_features("<stream:features/>");
	one_stream.options.required = 0;
	peer_expects(one_stream.peer, "</stream:stream>");
	peer_sends(one_stream.peer, "<message/></stream:stream>");
	stream_fixture_run(&one_stream, 1000);
	envoi_stream_close(one_stream.recorder.stream);
	envoi_stream_close(one_stream.recorder.stream);
	assert_int_equal(one_stream.recorder.closed_count, 0);
	assert_int_equal(
		envoi_stream_send(one_stream.recorder.stream, "<message/>", 10), ENVOI_ERR_STATE);
	one_stream_run_and_expect_closed(ENVOI_PHASE_CLOSE, ENVOI_OK);
	assert_int_equal(one_stream.recorder.stanza_count, 1);
}

static void a_peer_that_does_not_close_is_cut_off(void **state)
{
	(void)state;
	one_stream_make_ready();
	envoi_stream_close(one_stream.recorder.stream);
	assert_int_equal(envoi_loop_simulated_run_for(one_stream.loop, 4999), ENVOI_OK);
	assert_int_equal(one_stream.recorder.closed_count, 0);
	assert_int_equal(envoi_loop_simulated_run_for(one_stream.loop, 1), ENVOI_OK);
	recorder_assert_closed(&one_stream.recorder, ENVOI_PHASE_CLOSE, ENVOI_ERR_TIMEOUT);
}

static void a_peer_that_closes_gets_our_tag(void **state)
{
	(void)state;
	one_stream.options.required = 0;
	one_stream_script_features("<stream:features/></stream:stream>");
	peer_expects(one_stream.peer, "</stream:stream>");
	one_stream_run_and_expect_closed(ENVOI_PHASE_ONLINE, ENVOI_OK);
	assert_int_equal(one_stream.recorder.failure.retry, ENVOI_RETRY_LATER);
}

static void a_peer_that_closes_during_the_login_is_a_failure(void **state)
{
	(void)state;
	stream_fixture_add_login(&one_stream);
	one_stream_script_features("</stream:stream>");
	peer_expects(one_stream.peer, "</stream:stream>");
	one_stream_run_and_expect_closed(ENVOI_PHASE_STREAM, ENVOI_ERR_DISCONNECTED);
}

static void a_connection_that_ends_without_the_closing_tag_is_a_loss(void **state)
{
	(void)state;
	one_stream.options.required = 0;
	one_stream_script_features("<stream:features/>");
	peer_shuts_down(one_stream.peer);
	stream_fixture_run(&one_stream, 1000);
	recorder_assert_closed(&one_stream.recorder, ENVOI_PHASE_ONLINE, ENVOI_ERR_DISCONNECTED);
}

/* A transport that is not one of bytes may have no reason to give. */
static void an_end_without_reason_is_a_loss(void **state)
{
	(void)state;
	one_stream_make_ready();
	struct envoi_failure none;
	envoi_failure_set(&none, one_stream.context, ENVOI_PHASE_NONE, ENVOI_OK, NULL);
	struct envoi_transport *transport = envoi_stream_transport(one_stream.recorder.stream);
	transport->sink->impl->closed(transport->sink, &none);
	recorder_assert_closed(&one_stream.recorder, ENVOI_PHASE_ONLINE, ENVOI_ERR_DISCONNECTED);
	assert_string_equal(one_stream.recorder.failure.text,
		"the connection ended without the stream's closing tag");
}

static void a_second_header_ends_the_stream(void **state)
{
	(void)state;
	one_stream_make_ready();
	const struct envoi_stream_head head = {
		.from = "example.org", .id = "2", .version = "1.0", .content_ns = "jabber:client"};
	struct envoi_transport *transport = envoi_stream_transport(one_stream.recorder.stream);
	transport->sink->impl->opened(transport->sink, &head);
	stream_fixture_run(&one_stream, 10000);
	recorder_assert_closed(&one_stream.recorder, ENVOI_PHASE_ONLINE, ENVOI_ERR_PROTOCOL);
	assert_string_equal(one_stream.recorder.failure.text, "a second stream header");
}

static void closing_before_the_peers_header_ends_the_stream(void **state)
{
	(void)state;
	stream_fixture_start(&one_stream);
	envoi_stream_close(one_stream.recorder.stream);
	stream_fixture_run(&one_stream, 10000);
	recorder_assert_closed(&one_stream.recorder, ENVOI_PHASE_CLOSE, ENVOI_ERR_TIMEOUT);
}

static void the_first_failure_counts(void **state)
{
	(void)state;
	one_stream_make_ready();
	struct envoi_stream *stream = one_stream.recorder.stream;
	assert_int_equal(envoi_stream_fail_with(stream, ENVOI_ERR_LIMIT,
				 ENVOI_STREAM_POLICY_VIOLATION, "too much"),
		ENVOI_ERR_LIMIT);
	envoi_stream_fail_with(stream, ENVOI_ERR_AUTH, ENVOI_STREAM_NO_CONDITION, "too late");
	assert_int_equal(one_stream.recorder.closed_count, 0);
	stream_fixture_run(&one_stream, 10000);
	recorder_assert_closed(&one_stream.recorder, ENVOI_PHASE_ONLINE, ENVOI_ERR_LIMIT);
	assert_string_equal(one_stream.recorder.failure.text, "too much");
	assert_string_equal(one_stream.recorder.failure.condition, "policy-violation");
}

static void a_handler_that_is_removed_during_its_negotiation_ends_the_stream(void **state)
{
	(void)state;
	stream_fixture_add_login(&one_stream);
	one_stream_script_features("<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(one_stream.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_expects(one_stream.peer, "</stream:stream>");
	stream_fixture_run(&one_stream, 1000);
	assert_int_equal(envoi_stream_phase(one_stream.recorder.stream), ENVOI_PHASE_SASL);
	envoi_stream_remove(one_stream.recorder.stream, one_stream.handlers[0]);
	one_stream_run_and_expect_closed(ENVOI_PHASE_SASL, ENVOI_ERR_CANCELED);
}

static void a_handler_that_is_not_negotiated_can_be_removed(void **state)
{
	(void)state;
	stream_fixture_add_login(&one_stream);
	stream_fixture_script_login(one_stream.peer);
	stream_fixture_start(&one_stream);
	envoi_stream_remove(
		one_stream.recorder.stream, one_stream.handlers[one_stream.handler_count - 1]);
	stream_fixture_run(&one_stream, 1000);
	assert_true(recorder_has(&one_stream.recorder, "gained authenticated"));
	assert_int_equal(one_stream.recorder.closed_count, 0);
}

/* Large enough to be pending above the transport's low mark. */
static void the_optional_functions_of_a_sink_may_be_left_out(void **state)
{
	(void)state;
	char stanza[20000];
	int written = snprintf(
		stanza, sizeof(stanza), "<message><body>%018000d</body></message>", 0);
	struct envoi_stream_sink_impl least = *one_stream.recorder.sink.impl;
	least.written = NULL;
	least.drained = NULL;
	least.activity = NULL;
	one_stream.recorder.sink.impl = &least;
	one_stream_make_ready();
	int r = ENVOI_OK;
	while (r == ENVOI_OK) {
		r = envoi_stream_send(one_stream.recorder.stream, stanza, (size_t)written);
	}
	assert_int_equal(r, ENVOI_ERR_FULL);
	stream_fixture_run(&one_stream, 1000);
	assert_int_equal(one_stream.recorder.closed_count, 0);
	assert_int_equal(one_stream.recorder.activity_count, 0);
	recorder_free_stream(&one_stream.recorder);
}

static void close_at_authentication(struct recorder *recorder, const char *event)
{
	if (strcmp(event, "gained authenticated FAKE") == 0) {
		envoi_stream_close(recorder->stream);
	}
}

/* RFC 6120, section 4.3.3: the stream that would be closed is over, and the next has not begun. */
static void closing_at_a_restart_sends_no_tag(void **state)
{
	(void)state;
	one_stream.recorder.act = close_at_authentication;
	stream_fixture_add_login(&one_stream);
	one_stream_script_features("<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(one_stream.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(one_stream.peer, "<yes xmlns='urn:example:fake-auth'/>");
	one_stream_run_and_expect_closed(ENVOI_PHASE_CLOSE, ENVOI_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, one_stream_setup, one_stream_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_error_has_its_meaning_and_advice_on_retrying),
		TEST(a_redirect_from_an_unverified_server_is_not_followed_at_once),
		TEST(ill_formed_xml_is_answered_and_reported_with_the_phase),
		cmocka_unit_test(xml_that_is_ill_formed_later_is_worth_another_attempt),
		TEST(closing_waits_for_the_peers_tag_and_hands_over_what_comes_before),
		TEST(a_peer_that_does_not_close_is_cut_off),
		TEST(a_peer_that_closes_gets_our_tag),
		TEST(a_peer_that_closes_during_the_login_is_a_failure),
		TEST(a_connection_that_ends_without_the_closing_tag_is_a_loss),
		TEST(an_end_without_reason_is_a_loss),
		TEST(a_second_header_ends_the_stream),
		TEST(closing_before_the_peers_header_ends_the_stream),
		TEST(the_first_failure_counts),
		TEST(a_handler_that_is_removed_during_its_negotiation_ends_the_stream),
		TEST(a_handler_that_is_not_negotiated_can_be_removed),
		TEST(the_optional_functions_of_a_sink_may_be_left_out),
		TEST(closing_at_a_restart_sends_no_tag),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
