/*
 * envoi - streams: tests
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

static void a_login_gains_its_bits_in_order(void **state)
{
	(void)state;
	stream_fixture_add_login(&one_stream);
	stream_fixture_script_login(one_stream.peer);
	stream_fixture_run(&one_stream, 1000);
	peer_assert_done(one_stream.peer);
	recorder_assert_milestones(&one_stream.recorder,
		(const char *const[]){"gained secure", "opened", "gained authenticated FAKE",
			"opened", "gained bound", "ready", NULL});
	assert_string_equal(envoi_jid_text(envoi_stream_local(one_stream.recorder.stream)),
		"alice@example.org/desk");
	assert_int_equal(envoi_stream_phase(one_stream.recorder.stream), ENVOI_PHASE_ONLINE);
}

/* --- features --- */

struct missing_case {
	const char *features;
	bool is_plain;
	enum envoi_phase phase;
	int code;
	enum envoi_retry retry;
};

static void check_missing(const struct missing_case *missing)
{
	stream_fixture_init(&one_stream);
	one_stream.is_plain = missing->is_plain;
	stream_fixture_add_login(&one_stream);
	peer_sends(one_stream.peer, STREAM_HEADER_IN);
	peer_sends(one_stream.peer, missing->features);
	stream_fixture_run(&one_stream, 10000);
	recorder_assert_closed(&one_stream.recorder, missing->phase, missing->code);
	assert_int_equal(one_stream.recorder.failure.retry, missing->retry);
	stream_fixture_finish(&one_stream);
}

static void what_is_required_and_not_offered_names_its_phase(void **state)
{
	(void)state;
	static const struct missing_case cases[] = {
		{"<stream:features/>", false, ENVOI_PHASE_SASL, ENVOI_ERR_AUTH,
			ENVOI_RETRY_AFTER_USER},
		{"<stream:features>" BIND_OFFER "</stream:features>", false, ENVOI_PHASE_SASL,
			ENVOI_ERR_AUTH, ENVOI_RETRY_AFTER_USER},
		{"<stream:features><x xmlns='urn:x'/></stream:features>", false, ENVOI_PHASE_SASL,
			ENVOI_ERR_AUTH, ENVOI_RETRY_AFTER_USER},
		{"<stream:features/>", true, ENVOI_PHASE_TLS, ENVOI_ERR_TLS,
			ENVOI_RETRY_AFTER_USER},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_missing(&cases[i]);
	}
}

static void binding_that_is_not_offered_fails_in_phase_bind(void **state)
{
	(void)state;
	stream_fixture_add_login(&one_stream);
	one_stream_script_features("<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(one_stream.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(one_stream.peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(one_stream.peer);
	one_stream_script_features("<stream:features/>");
	peer_expects(one_stream.peer, "</stream:stream>");
	one_stream_run_and_expect_closed(ENVOI_PHASE_BIND, ENVOI_ERR_PROTOCOL);
}

/* RFC 6120, section 4.9.3.23 */
static void an_unknown_requirement_is_refused(void **state)
{
	(void)state;
	one_stream.options.required = 0;
	one_stream_script_features("<stream:features><x xmlns='urn:x'/>"
				   "<odd xmlns='urn:odd'><required/></odd></stream:features>");
	one_stream_expect_stream_error("unsupported-feature");
	one_stream_run_and_expect_closed(ENVOI_PHASE_STREAM, ENVOI_ERR_PROTOCOL);
	assert_non_null(strstr(one_stream.recorder.failure.text, "urn:odd"));
	assert_int_equal(one_stream.recorder.failure.retry, ENVOI_RETRY_AFTER_USER);
}

static void the_last_features_can_be_read(void **state)
{
	(void)state;
	one_stream.options.required = 0;
	one_stream_script_features(
		"<stream:features><ver xmlns='urn:xmpp:features:rosterver'/></stream:features>");
	stream_fixture_run(&one_stream, 1000);
	assert_non_null(envoi_element_child(envoi_stream_features(one_stream.recorder.stream),
		"urn:xmpp:features:rosterver", "ver"));
}

static void the_legacy_session_is_requested_when_it_is_not_optional(void **state)
{
	(void)state;
	stream_fixture_add_login(&one_stream);
	one_stream_script_features("<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(one_stream.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(one_stream.peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(one_stream.peer);
	one_stream_script_features(
		"<stream:features><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>" BIND_OFFER
		"</stream:features>");
	peer_expects(one_stream.peer,
		"<iq type='set' id='$b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq>");
	peer_sends(one_stream.peer,
		"<iq type='result' id='$b'>"
		"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@example.org/desk</jid></bind></iq>");
	peer_expects(one_stream.peer,
		"<iq type='set' id='$s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>");
	peer_sends(
		one_stream.peer, "<message from='early@example.org'/><iq type='result' id='$s'/>");
	stream_fixture_run(&one_stream, 1000);
	peer_assert_done(one_stream.peer);
	recorder_assert_milestones(&one_stream.recorder,
		(const char *const[]){"gained secure", "opened", "gained authenticated FAKE",
			"opened", "gained bound", "gained session", "ready", NULL});
	assert_int_equal(one_stream.recorder.stanza_count, 1);
}

static void an_optional_session_is_left_out(void **state)
{
	(void)state;
	stream_fixture_add_login(&one_stream);
	one_stream_script_features("<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(one_stream.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(one_stream.peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(one_stream.peer);
	one_stream_script_features(
		"<stream:features>" BIND_OFFER
		"<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>"
		"</stream:features>");
	peer_expects(one_stream.peer,
		"<iq type='set' id='$b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq>");
	peer_sends(one_stream.peer,
		"<iq type='result' id='$b'>"
		"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@example.org/desk</jid></bind></iq>");
	stream_fixture_run(&one_stream, 1000);
	peer_assert_done(one_stream.peer);
	assert_true(recorder_has(&one_stream.recorder, "ready"));
}

static void elements_before_the_features_call_no_row(void **state)
{
	(void)state;
	stream_fixture_add_login(&one_stream);
	one_stream_script_features("<no xmlns='urn:example:fake-auth'/>");
	one_stream_expect_stream_error("unsupported-stanza-type");
	one_stream_run_and_expect_closed(ENVOI_PHASE_STREAM, ENVOI_ERR_PROTOCOL);
}

/* --- sending --- */

static int sent[3];

static void send_at_milestones(struct recorder *recorder, const char *event)
{
	static const char *const milestones[] = {"gained secure", "gained authenticated", "ready"};
	for (int i = 0; i < 3; i++) {
		if (strncmp(event, milestones[i], strlen(milestones[i])) == 0) {
			sent[i] = envoi_stream_send(recorder->stream, "<message/>", 10);
		}
	}
}

static void no_stanza_goes_out_before_there_is_an_address(void **state)
{
	(void)state;
	one_stream.recorder.act = send_at_milestones;
	stream_fixture_add_login(&one_stream);
	stream_fixture_script_login(one_stream.peer);
	peer_expects(one_stream.peer, "<message/>");
	stream_fixture_run(&one_stream, 1000);
	peer_assert_done(one_stream.peer);
	assert_int_equal(sent[0], ENVOI_ERR_STATE);
	assert_int_equal(sent[1], ENVOI_ERR_STATE);
	assert_int_equal(sent[2], ENVOI_OK);
}

static void only_stanzas_count_as_written(void **state)
{
	(void)state;
	one_stream_make_ready();
	struct envoi_stream *stream = one_stream.recorder.stream;
	struct envoi_element *nonza = envoi_element_new(one_stream.context, "urn:x", "r");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(envoi_stream_send(stream, "<message/>", 10), ENVOI_OK);
		assert_int_equal(envoi_stream_send_element(stream, nonza), ENVOI_OK);
		assert_int_equal(envoi_stream_send_element(stream, nonza), ENVOI_OK);
	}
	envoi_element_unref(nonza);
	stream_fixture_run(&one_stream, 1000);
	assert_int_equal(one_stream.recorder.written_count, 3);
	assert_non_null(strstr(peer_heard(one_stream.peer), "<message/><r xmlns='urn:x'/><r "));
}

static void an_element_that_cannot_be_written_is_refused(void **state)
{
	(void)state;
	one_stream_make_ready();
	struct envoi_stream *stream = one_stream.recorder.stream;
	struct envoi_element *bad = envoi_element_new(one_stream.context, "urn:x", "r");
	envoi_element_set(bad, "a", "\x01");
	assert_int_equal(envoi_stream_send_element(stream, NULL), ENVOI_ERR_NOMEM);
	assert_true(envoi_stream_send_element(stream, bad) < 0);
	envoi_element_unref(bad);
}

/* --- limits --- */

static const char *long_message(size_t len)
{
	static char xml[40000];
	char body[30001];
	memset(body, 'x', len);
	body[len] = '\0';
	snprintf(xml, sizeof(xml), "<message><body>%s</body></message>", body);
	return xml;
}

static void a_long_stanza_is_refused_before_the_login_and_taken_after_it(void **state)
{
	(void)state;
	stream_fixture_add_login(&one_stream);
	stream_fixture_script_login(one_stream.peer);
	peer_sends(one_stream.peer, long_message(30000));
	stream_fixture_run(&one_stream, 1000);
	assert_int_equal(one_stream.recorder.stanza_count, 1);
	assert_true(one_stream.recorder.activity_count > 0);
	stream_fixture_finish(&one_stream);

	stream_fixture_init(&one_stream);
	stream_fixture_add_login(&one_stream);
	stream_fixture_script_headers(one_stream.peer);
	peer_sends(one_stream.peer, long_message(11000));
	one_stream_expect_stream_error("policy-violation");
	one_stream_run_and_expect_closed(ENVOI_PHASE_STREAM, ENVOI_ERR_LIMIT);
}

/* --- silence --- */

static void silence_after_the_header_was_sent_is_a_timeout(void **state)
{
	(void)state;
	stream_fixture_add_login(&one_stream);
	peer_expects(one_stream.peer, STREAM_HEADER_OUT);
	one_stream_expect_stream_error("connection-timeout");
	one_stream_run_and_expect_closed(ENVOI_PHASE_STREAM, ENVOI_ERR_TIMEOUT);
	assert_int_equal(one_stream.recorder.failure.retry, ENVOI_RETRY_LATER);
}

/* Binding and the old session are one phase: the second request has what the first has left. */
static void two_features_of_one_phase_share_its_timeout(void **state)
{
	(void)state;
	stream_fixture_add_login(&one_stream);
	assert_int_equal(envoi_settings_set(one_stream.settings, "bind.timeout", "15s"), ENVOI_OK);
	one_stream_script_features("<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(one_stream.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(one_stream.peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(one_stream.peer);
	one_stream_script_features(
		"<stream:features><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>" BIND_OFFER
		"</stream:features>");
	peer_expects(one_stream.peer,
		"<iq type='set' id='$b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq>");
	stream_fixture_run(&one_stream, 10000);
	assert_true(peer_is_done(one_stream.peer));
	peer_sends(one_stream.peer,
		"<iq type='result' id='$b'>"
		"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@example.org/desk</jid></bind></iq>");
	peer_expects(one_stream.peer,
		"<iq type='set' id='$s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>");
	peer_start(one_stream.peer);
	stream_fixture_run(&one_stream, 4000);
	peer_assert_done(one_stream.peer);
	assert_int_equal(one_stream.recorder.closed_count, 0);
	one_stream_expect_stream_error("connection-timeout");
	peer_start(one_stream.peer);
	stream_fixture_run(&one_stream, 2000);
	peer_assert_done(one_stream.peer);
	one_stream_run_and_expect_closed(ENVOI_PHASE_BIND, ENVOI_ERR_TIMEOUT);
}

static void silence_online_is_no_matter(void **state)
{
	(void)state;
	one_stream_make_ready();
	stream_fixture_run(&one_stream, 100000000);
	assert_int_equal(one_stream.recorder.closed_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, one_stream_setup, one_stream_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_login_gains_its_bits_in_order),
		cmocka_unit_test(what_is_required_and_not_offered_names_its_phase),
		TEST(binding_that_is_not_offered_fails_in_phase_bind),
		TEST(an_unknown_requirement_is_refused),
		TEST(the_last_features_can_be_read),
		TEST(the_legacy_session_is_requested_when_it_is_not_optional),
		TEST(an_optional_session_is_left_out),
		TEST(only_stanzas_count_as_written),
		TEST(an_element_that_cannot_be_written_is_refused),
		TEST(silence_after_the_header_was_sent_is_a_timeout),
		TEST(two_features_of_one_phase_share_its_timeout),
		TEST(silence_online_is_no_matter),
		TEST(no_stanza_goes_out_before_there_is_an_address),
		TEST(elements_before_the_features_call_no_row),
		TEST(a_long_stanza_is_refused_before_the_login_and_taken_after_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
