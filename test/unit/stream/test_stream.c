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

#include "stream_fixture.h"

static struct stream_fixture fixture;

static int setup(void **state)
{
	(void)state;
	stream_fixture_init(&fixture);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stream_fixture_finish(&fixture);
	return 0;
}

static void a_login_gains_its_bits_in_order(void **state)
{
	(void)state;
	stream_fixture_add_login(&fixture);
	stream_fixture_script_login(fixture.peer);
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	recorder_assert_milestones(&fixture.recorder,
		(const char *const[]){"gained secure", "opened", "gained authenticated FAKE",
			"opened", "gained bound", "ready", NULL});
	assert_string_equal(envoi_jid_text(envoi_stream_local(fixture.recorder.stream)),
		"alice@example.org/desk");
	assert_int_equal(envoi_stream_phase(fixture.recorder.stream), ENVOI_PHASE_ONLINE);
}

static void script_features(const char *features)
{
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, features);
}

static void run_and_expect_closed(enum envoi_phase phase, int code)
{
	stream_fixture_run(&fixture, 60000);
	peer_assert_done(fixture.peer);
	recorder_assert_closed(&fixture.recorder, phase, code);
}

static void expect_stream_error(const char *condition)
{
	char xml[256];
	snprintf(xml, sizeof(xml),
		"<stream:error><%s "
		"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
		condition);
	peer_expects(fixture.peer, xml);
}

/* --- headers --- */

/* RFC 6120, section 4.7.1 */
static void the_own_address_is_not_sent_in_clear(void **state)
{
	(void)state;
	fixture.is_plain = true;
	fixture.options.required = 0;
	peer_expects(fixture.peer,
		"<stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>");
	peer_sends(fixture.peer, STREAM_HEADER_IN "<stream:features/>");
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	assert_true(recorder_has(&fixture.recorder, "ready"));
}

static void the_header_has_the_language_of_the_settings(void **state)
{
	(void)state;
	assert_int_equal(envoi_settings_set(fixture.settings, "lang", "de"), ENVOI_OK);
	peer_expects(fixture.peer,
		"<stream:stream xmlns='jabber:client' xml:lang='de' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='example.org' "
		"from='alice@example.org' version='1.0'>");
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
}

struct header_case {
	const char *attributes;
	const char *condition; /* NULL: accepted */
};

static void check_server_header(const struct header_case *header)
{
	char text[512];
	stream_fixture_init(&fixture);
	fixture.options.required = 0;
	snprintf(text, sizeof(text),
		"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
		"%s><stream:features/>",
		header->attributes);
	peer_expects(fixture.peer, STREAM_HEADER_OUT);
	peer_sends(fixture.peer, text);
	if (header->condition != NULL) {
		expect_stream_error(header->condition);
	}
	stream_fixture_run(&fixture, 10000);
	peer_assert_done(fixture.peer);
	assert_int_equal(recorder_has(&fixture.recorder, "ready"), header->condition == NULL);
	if (header->condition != NULL) {
		recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_STREAM, ENVOI_ERR_PROTOCOL);
	}
	stream_fixture_finish(&fixture);
}

/* RFC 6120, section 4.7 */
static void a_servers_header_is_checked(void **state)
{
	(void)state;
	static const struct header_case cases[] = {
		{"xmlns='jabber:client' id='1' from='example.org' version='1.0'", NULL},
		{"xmlns='jabber:client' id='1' from='EXAMPLE.org' version='1.0'", NULL},
		{"xmlns='jabber:client' id='1' version='1.0'", NULL},
		{"xmlns='jabber:client' id='1' from='example.org' version='1.1'", NULL},
		{"xmlns='jabber:client' id='1' from='example.org' version='2.0'", NULL},
		{"xmlns='jabber:client' id='1' from='example.org' version='01.00'", NULL},
		{"xmlns='jabber:client' id='1' from='evil.example' version='1.0'", "invalid-from"},
		{"xmlns='jabber:client' id='1' from='sub.example.org' version='1.0'",
			"invalid-from"},
		{"xmlns='jabber:client' id='1' from='a@example.org' version='1.0'", "invalid-from"},
		{"xmlns='jabber:client' id='1' from='example.org/x' version='1.0'", "invalid-from"},
		{"xmlns='jabber:client' id='1' from='' version='1.0'", "invalid-from"},
		{"xmlns='jabber:client' from='example.org' version='1.0'", "bad-format"},
		{"xmlns='jabber:client' id='' from='example.org' version='1.0'", "bad-format"},
		{"xmlns='jabber:client' id='1' from='example.org'", "unsupported-version"},
		{"xmlns='jabber:client' id='1' version='0.9'", "unsupported-version"},
		{"xmlns='jabber:client' id='1' version='00.9'", "unsupported-version"},
		{"xmlns='jabber:client' id='1' version='1'", "unsupported-version"},
		{"xmlns='jabber:client' id='1' version='1.'", "unsupported-version"},
		{"xmlns='jabber:client' id='1' version='.1'", "unsupported-version"},
		{"xmlns='jabber:client' id='1' version='1.0x'", "unsupported-version"},
		{"xmlns='jabber:client' id='1' version=''", "unsupported-version"},
		{"xmlns='jabber:server' id='1' version='1.0'", "invalid-namespace"},
		{"id='1' version='1.0'", "invalid-namespace"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_server_header(&cases[i]);
	}
}

static const char *const faulty_headers[] = {
	"xmlns='jabber:client' id='1' from='example.org'",
	"xmlns='jabber:client' from='example.org' version='1.0'",
	"xmlns='jabber:client'",
	"xmlns='jabber:server' id='1' version='1.0'",
};

static void send_faulty_header(const char *attributes, const char *rest)
{
	char text[512];
	stream_fixture_init(&fixture);
	snprintf(text, sizeof(text),
		"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' %s>%s", attributes,
		rest);
	peer_expects(fixture.peer, STREAM_HEADER_OUT);
	peer_sends(fixture.peer, text);
}

static void a_stream_error_behind_a_faulty_header_is_reported(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faulty_headers) / sizeof(faulty_headers[0]); i++) {
		send_faulty_header(faulty_headers[i], "");
		stream_fixture_run(&fixture, 1000);
		assert_int_equal(fixture.recorder.closed_count, 0);
		assert_false(recorder_has(&fixture.recorder, "opened"));
		peer_sends(fixture.peer,
			"<stream:error><system-shutdown "
			"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
			"</stream:stream>");
		peer_shuts_down(fixture.peer);
		peer_start(fixture.peer);
		stream_fixture_run(&fixture, 10);
		recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_STREAM, ENVOI_ERR_STREAM);
		assert_string_equal(fixture.recorder.failure.condition, "system-shutdown");
		assert_int_equal(fixture.recorder.failure.retry, ENVOI_RETRY_LATER);
		stream_fixture_finish(&fixture);
	}
}

static void a_faulty_header_is_refused_when_nothing_follows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faulty_headers) / sizeof(faulty_headers[0]); i++) {
		send_faulty_header(faulty_headers[i], "");
		stream_fixture_run(&fixture, 1999);
		assert_null(strstr(peer_heard(fixture.peer), "<stream:error>"));
		stream_fixture_run(&fixture, 1);
		assert_non_null(strstr(peer_heard(fixture.peer), "<stream:error>"));
		stream_fixture_run(&fixture, 5000);
		recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_STREAM, ENVOI_ERR_PROTOCOL);
		stream_fixture_finish(&fixture);

		send_faulty_header(faulty_headers[i], "<stream:features/>");
		stream_fixture_run(&fixture, 10);
		assert_non_null(strstr(peer_heard(fixture.peer), "<stream:error>"));
		assert_null(strstr(peer_heard(fixture.peer), "unsupported-stanza-type"));
		stream_fixture_finish(&fixture);

		send_faulty_header(faulty_headers[i], "</stream:stream>");
		stream_fixture_run(&fixture, 5000);
		recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_STREAM, ENVOI_ERR_PROTOCOL);
		stream_fixture_finish(&fixture);
	}
}

/* Before TLS `from` is not verified: the certificate is checked for the user's domain. */
static void a_wrong_from_in_clear_is_not_looked_at(void **state)
{
	(void)state;
	fixture.is_plain = true;
	fixture.options.required = 0;
	peer_sends(fixture.peer,
		"<stream:stream xmlns='jabber:client' id='1' from='evil.example' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features/>");
	stream_fixture_run(&fixture, 1000);
	assert_true(recorder_has(&fixture.recorder, "ready"));
	assert_string_equal(envoi_stream_peer_domain(fixture.recorder.stream), "example.org");
}

static void the_peers_header_can_be_read(void **state)
{
	(void)state;
	script_features("");
	stream_fixture_run(&fixture, 1000);
	const struct envoi_stream_head *head = envoi_stream_peer_head(fixture.recorder.stream);
	assert_string_equal(head->id, "s1");
	assert_string_equal(head->from, "example.org");
	assert_string_equal(head->lang, "en");
	assert_string_equal(head->version, "1.0");
	assert_string_equal(head->content_ns, "jabber:client");
	assert_null(head->to);
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
	stream_fixture_init(&fixture);
	fixture.is_plain = missing->is_plain;
	stream_fixture_add_login(&fixture);
	peer_sends(fixture.peer, STREAM_HEADER_IN);
	peer_sends(fixture.peer, missing->features);
	stream_fixture_run(&fixture, 10000);
	recorder_assert_closed(&fixture.recorder, missing->phase, missing->code);
	assert_int_equal(fixture.recorder.failure.retry, missing->retry);
	stream_fixture_finish(&fixture);
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
	stream_fixture_add_login(&fixture);
	script_features("<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(fixture.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(fixture.peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(fixture.peer);
	script_features("<stream:features/>");
	peer_expects(fixture.peer, "</stream:stream>");
	run_and_expect_closed(ENVOI_PHASE_BIND, ENVOI_ERR_PROTOCOL);
}

/* RFC 6120, section 4.9.3.23 */
static void an_unknown_requirement_is_refused(void **state)
{
	(void)state;
	fixture.options.required = 0;
	script_features("<stream:features><x xmlns='urn:x'/>"
			"<odd xmlns='urn:odd'><required/></odd></stream:features>");
	expect_stream_error("unsupported-feature");
	run_and_expect_closed(ENVOI_PHASE_STREAM, ENVOI_ERR_PROTOCOL);
	assert_non_null(strstr(fixture.recorder.failure.text, "urn:odd"));
	assert_int_equal(fixture.recorder.failure.retry, ENVOI_RETRY_AFTER_USER);
}

static void the_last_features_can_be_read(void **state)
{
	(void)state;
	fixture.options.required = 0;
	script_features(
		"<stream:features><ver xmlns='urn:xmpp:features:rosterver'/></stream:features>");
	stream_fixture_run(&fixture, 1000);
	assert_non_null(envoi_element_child(envoi_stream_features(fixture.recorder.stream),
		"urn:xmpp:features:rosterver", "ver"));
}

static void the_legacy_session_is_requested_when_it_is_not_optional(void **state)
{
	(void)state;
	stream_fixture_add_login(&fixture);
	script_features("<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(fixture.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(fixture.peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(fixture.peer);
	script_features(
		"<stream:features><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>" BIND_OFFER
		"</stream:features>");
	peer_expects(fixture.peer,
		"<iq type='set' id='$b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq>");
	peer_sends(fixture.peer,
		"<iq type='result' id='$b'>"
		"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@example.org/desk</jid></bind></iq>");
	peer_expects(fixture.peer,
		"<iq type='set' id='$s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>");
	peer_sends(fixture.peer, "<message from='early@example.org'/><iq type='result' id='$s'/>");
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	recorder_assert_milestones(&fixture.recorder,
		(const char *const[]){"gained secure", "opened", "gained authenticated FAKE",
			"opened", "gained bound", "gained session", "ready", NULL});
	assert_int_equal(fixture.recorder.stanza_count, 1);
}

static void an_optional_session_is_left_out(void **state)
{
	(void)state;
	stream_fixture_add_login(&fixture);
	script_features("<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(fixture.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(fixture.peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(fixture.peer);
	script_features("<stream:features>" BIND_OFFER
			"<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>"
			"</stream:features>");
	peer_expects(fixture.peer,
		"<iq type='set' id='$b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq>");
	peer_sends(fixture.peer,
		"<iq type='result' id='$b'>"
		"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@example.org/desk</jid></bind></iq>");
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	assert_true(recorder_has(&fixture.recorder, "ready"));
}

static void elements_before_the_features_call_no_row(void **state)
{
	(void)state;
	stream_fixture_add_login(&fixture);
	script_features("<no xmlns='urn:example:fake-auth'/>");
	expect_stream_error("unsupported-stanza-type");
	run_and_expect_closed(ENVOI_PHASE_STREAM, ENVOI_ERR_PROTOCOL);
}

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
	stream_fixture_init(&fixture);
	stream_fixture_add_login(&fixture);
	stream_fixture_script_login(fixture.peer);
	snprintf(xml, sizeof(xml), "<stream:error>%s</stream:error></stream:stream>", error->xml);
	peer_sends(fixture.peer, xml);
	peer_expects(fixture.peer, "</stream:stream>");
	peer_shuts_down(fixture.peer);
	stream_fixture_run(&fixture, 10000);
	peer_assert_done(fixture.peer);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_ONLINE, ENVOI_ERR_STREAM);
	const struct envoi_failure *failure = &fixture.recorder.failure;
	assert_string_equal(failure->condition, error->condition);
	assert_string_equal(failure->text, error->text);
	assert_string_equal(failure->text_lang, error->lang);
	assert_int_equal(failure->retry, error->retry);
	assert_int_equal(
		failure->stream_condition, envoi_stream_condition_from_name(error->condition));
	stream_fixture_finish(&fixture);
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
	fixture.is_plain = true;
	peer_sends(fixture.peer,
		STREAM_HEADER_IN "<stream:error><see-other-host " NS
				 ">evil.example</see-other-host></stream:error>");
	stream_fixture_run(&fixture, 10000);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_STREAM, ENVOI_ERR_STREAM);
	assert_int_equal(fixture.recorder.failure.retry, ENVOI_RETRY_LATER);
}

static void ill_formed_xml_is_answered_and_reported_with_the_phase(void **state)
{
	(void)state;
	stream_fixture_add_login(&fixture);
	script_features("<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(fixture.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(fixture.peer, "<a></b>");
	expect_stream_error("not-well-formed");
	run_and_expect_closed(ENVOI_PHASE_SASL, ENVOI_ERR_XML);
	assert_int_equal(fixture.recorder.failure.stream_condition, ENVOI_STREAM_NOT_WELL_FORMED);
}

/* --- closing --- */

static void add_ready_stream(void)
{
	fixture.options.required = 0;
	script_features("<stream:features/>");
	stream_fixture_run(&fixture, 1000);
	assert_true(recorder_has(&fixture.recorder, "ready"));
}

static void closing_waits_for_the_peers_tag_and_hands_over_what_comes_before(void **state)
{
	(void)state;
	script_features("<stream:features/>");
	fixture.options.required = 0;
	peer_expects(fixture.peer, "</stream:stream>");
	peer_sends(fixture.peer, "<message/></stream:stream>");
	stream_fixture_run(&fixture, 1000);
	envoi_stream_close(fixture.recorder.stream);
	envoi_stream_close(fixture.recorder.stream);
	assert_int_equal(fixture.recorder.closed_count, 0);
	assert_int_equal(
		envoi_stream_send(fixture.recorder.stream, "<message/>", 10), ENVOI_ERR_STATE);
	run_and_expect_closed(ENVOI_PHASE_CLOSE, ENVOI_OK);
	assert_int_equal(fixture.recorder.stanza_count, 1);
}

static void a_peer_that_does_not_close_is_cut_off(void **state)
{
	(void)state;
	add_ready_stream();
	envoi_stream_close(fixture.recorder.stream);
	assert_int_equal(envoi_loop_simulated_run_for(fixture.loop, 4999), ENVOI_OK);
	assert_int_equal(fixture.recorder.closed_count, 0);
	assert_int_equal(envoi_loop_simulated_run_for(fixture.loop, 1), ENVOI_OK);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_CLOSE, ENVOI_ERR_TIMEOUT);
}

static void a_peer_that_closes_gets_our_tag(void **state)
{
	(void)state;
	fixture.options.required = 0;
	script_features("<stream:features/></stream:stream>");
	peer_expects(fixture.peer, "</stream:stream>");
	run_and_expect_closed(ENVOI_PHASE_ONLINE, ENVOI_OK);
	assert_int_equal(fixture.recorder.failure.retry, ENVOI_RETRY_LATER);
}

static void a_peer_that_closes_during_the_login_is_a_failure(void **state)
{
	(void)state;
	stream_fixture_add_login(&fixture);
	script_features("</stream:stream>");
	peer_expects(fixture.peer, "</stream:stream>");
	run_and_expect_closed(ENVOI_PHASE_STREAM, ENVOI_ERR_DISCONNECTED);
}

static void a_connection_that_ends_without_the_closing_tag_is_a_loss(void **state)
{
	(void)state;
	fixture.options.required = 0;
	script_features("<stream:features/>");
	peer_shuts_down(fixture.peer);
	stream_fixture_run(&fixture, 1000);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_ONLINE, ENVOI_ERR_DISCONNECTED);
}

/* A transport that is not one of bytes may have no reason to give. */
static void an_end_without_reason_is_a_loss(void **state)
{
	(void)state;
	add_ready_stream();
	struct envoi_failure none;
	envoi_failure_set(&none, fixture.context, ENVOI_PHASE_NONE, ENVOI_OK, NULL);
	struct envoi_transport *transport = envoi_stream_transport(fixture.recorder.stream);
	transport->sink->impl->closed(transport->sink, &none);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_ONLINE, ENVOI_ERR_DISCONNECTED);
	assert_string_equal(fixture.recorder.failure.text,
		"the connection ended without the stream's closing tag");
}

static void a_second_header_ends_the_stream(void **state)
{
	(void)state;
	add_ready_stream();
	const struct envoi_stream_head head = {
		.from = "example.org", .id = "2", .version = "1.0", .content_ns = "jabber:client"};
	struct envoi_transport *transport = envoi_stream_transport(fixture.recorder.stream);
	transport->sink->impl->opened(transport->sink, &head);
	stream_fixture_run(&fixture, 10000);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_ONLINE, ENVOI_ERR_PROTOCOL);
	assert_string_equal(fixture.recorder.failure.text, "a second stream header");
}

static void closing_before_the_peers_header_ends_the_stream(void **state)
{
	(void)state;
	stream_fixture_start(&fixture);
	envoi_stream_close(fixture.recorder.stream);
	stream_fixture_run(&fixture, 10000);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_CLOSE, ENVOI_ERR_TIMEOUT);
}

static void the_first_failure_counts(void **state)
{
	(void)state;
	add_ready_stream();
	struct envoi_stream *stream = fixture.recorder.stream;
	assert_int_equal(envoi_stream_fail_with(stream, ENVOI_ERR_LIMIT,
				 ENVOI_STREAM_POLICY_VIOLATION, "too much"),
		ENVOI_ERR_LIMIT);
	envoi_stream_fail_with(stream, ENVOI_ERR_AUTH, ENVOI_STREAM_NO_CONDITION, "too late");
	assert_int_equal(fixture.recorder.closed_count, 0);
	stream_fixture_run(&fixture, 10000);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_ONLINE, ENVOI_ERR_LIMIT);
	assert_string_equal(fixture.recorder.failure.text, "too much");
	assert_string_equal(fixture.recorder.failure.condition, "policy-violation");
}

static void a_handler_that_is_removed_during_its_negotiation_ends_the_stream(void **state)
{
	(void)state;
	stream_fixture_add_login(&fixture);
	script_features("<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(fixture.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_expects(fixture.peer, "</stream:stream>");
	stream_fixture_run(&fixture, 1000);
	assert_int_equal(envoi_stream_phase(fixture.recorder.stream), ENVOI_PHASE_SASL);
	envoi_stream_remove(fixture.recorder.stream, fixture.handlers[0]);
	run_and_expect_closed(ENVOI_PHASE_SASL, ENVOI_ERR_CANCELED);
}

static void a_handler_that_is_not_negotiated_can_be_removed(void **state)
{
	(void)state;
	stream_fixture_add_login(&fixture);
	stream_fixture_script_login(fixture.peer);
	stream_fixture_start(&fixture);
	envoi_stream_remove(fixture.recorder.stream, fixture.handlers[fixture.handler_count - 1]);
	stream_fixture_run(&fixture, 1000);
	assert_true(recorder_has(&fixture.recorder, "gained authenticated"));
	assert_int_equal(fixture.recorder.closed_count, 0);
}

/* Large enough to be pending above the transport's low mark. */
static void the_optional_functions_of_a_sink_may_be_left_out(void **state)
{
	(void)state;
	char stanza[20000];
	int written = snprintf(
		stanza, sizeof(stanza), "<message><body>%018000d</body></message>", 0);
	struct envoi_stream_sink_impl least = *fixture.recorder.sink.impl;
	least.written = NULL;
	least.drained = NULL;
	least.activity = NULL;
	fixture.recorder.sink.impl = &least;
	add_ready_stream();
	int r = ENVOI_OK;
	while (r == ENVOI_OK) {
		r = envoi_stream_send(fixture.recorder.stream, stanza, (size_t)written);
	}
	assert_int_equal(r, ENVOI_ERR_FULL);
	stream_fixture_run(&fixture, 1000);
	assert_int_equal(fixture.recorder.closed_count, 0);
	assert_int_equal(fixture.recorder.activity_count, 0);
	recorder_free_stream(&fixture.recorder);
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
	fixture.recorder.act = close_at_authentication;
	stream_fixture_add_login(&fixture);
	script_features("<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(fixture.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(fixture.peer, "<yes xmlns='urn:example:fake-auth'/>");
	run_and_expect_closed(ENVOI_PHASE_CLOSE, ENVOI_OK);
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
	fixture.recorder.act = send_at_milestones;
	stream_fixture_add_login(&fixture);
	stream_fixture_script_login(fixture.peer);
	peer_expects(fixture.peer, "<message/>");
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	assert_int_equal(sent[0], ENVOI_ERR_STATE);
	assert_int_equal(sent[1], ENVOI_ERR_STATE);
	assert_int_equal(sent[2], ENVOI_OK);
}

static void only_stanzas_count_as_written(void **state)
{
	(void)state;
	add_ready_stream();
	struct envoi_stream *stream = fixture.recorder.stream;
	struct envoi_element *nonza = envoi_element_new(fixture.context, "urn:x", "r");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(envoi_stream_send(stream, "<message/>", 10), ENVOI_OK);
		assert_int_equal(envoi_stream_send_element(stream, nonza), ENVOI_OK);
		assert_int_equal(envoi_stream_send_element(stream, nonza), ENVOI_OK);
	}
	envoi_element_unref(nonza);
	stream_fixture_run(&fixture, 1000);
	assert_int_equal(fixture.recorder.written_count, 3);
	assert_non_null(strstr(peer_heard(fixture.peer), "<message/><r xmlns='urn:x'/><r "));
}

static void an_element_that_cannot_be_written_is_refused(void **state)
{
	(void)state;
	add_ready_stream();
	struct envoi_stream *stream = fixture.recorder.stream;
	struct envoi_element *bad = envoi_element_new(fixture.context, "urn:x", "r");
	envoi_element_set(bad, "a", "\x01");
	assert_int_equal(envoi_stream_send_element(stream, NULL), ENVOI_ERR_NOMEM);
	assert_true(envoi_stream_send_element(stream, bad) < 0);
	envoi_element_unref(bad);
}

/* --- the content namespace --- */

static void other_content_namespaces_are_mapped_at_stanza_level(void **state)
{
	(void)state;
	fixture.options.content_ns = "jabber:server";
	fixture.options.required = 0;
	peer_expects(fixture.peer,
		"<stream:stream xmlns='jabber:server' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='example.org' "
		"from='alice@example.org' version='1.0'>");
	peer_sends(fixture.peer,
		"<stream:stream xmlns='jabber:server' id='1' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features/>"
		"<message><body>x</body><forwarded xmlns='urn:xmpp:forward:0'>"
		"<message xmlns='jabber:server'/><message xmlns='jabber:client'/></forwarded></message>");
	peer_expects(fixture.peer, "<message><body>y</body></message>");
	stream_fixture_run(&fixture, 1000);
	assert_true(recorder_has(&fixture.recorder,
		"stanza <message xmlns='jabber:client'><body>x</body>"
		"<forwarded xmlns='urn:xmpp:forward:0'>"
		"<message xmlns='jabber:server'/><message xmlns='jabber:client'/></forwarded></message>"));
	struct envoi_element *message = envoi_element_new(
		fixture.context, "jabber:client", "message");
	envoi_element_add_with_text(message, NULL, "body", "y");
	assert_int_equal(envoi_stream_send_element(fixture.recorder.stream, message), ENVOI_OK);
	envoi_element_unref(message);
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
}

static void an_element_of_another_namespace_is_not_a_stanza(void **state)
{
	(void)state;
	fixture.options.required = 0;
	script_features("<stream:features/><message xmlns='jabber:server'/>");
	expect_stream_error("unsupported-stanza-type");
	run_and_expect_closed(ENVOI_PHASE_ONLINE, ENVOI_ERR_PROTOCOL);
}

/* XEP-0114: neither version nor features */
static void a_component_stream_has_no_features(void **state)
{
	(void)state;
	fixture.options.content_ns = "jabber:component:accept";
	fixture.options.required = 0;
	fixture.options.local = NULL;
	peer_expects(fixture.peer,
		"<stream:stream xmlns='jabber:component:accept' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='example.org'>");
	peer_sends(fixture.peer,
		"<stream:stream xmlns='jabber:component:accept' id='1' "
		"xmlns:stream='http://etherx.jabber.org/streams' from='example.org'>");
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	recorder_assert_milestones(
		&fixture.recorder, (const char *const[]){"gained secure", "opened", "ready", NULL});
}

/* --- receiving side --- */

#define CLIENT_HEADER \
	"<stream:stream xmlns='jabber:client' " \
	"xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>"
#define SERVER_HEADER \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"from='example.org' id='*' version='1.0'>"

struct bind_hook {
	struct envoi_bind_hook hook;
	const char *answer; /* NULL: refused */
	char resource[64];
	unsigned int count;
};

static void on_wanted(struct envoi_bind_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *resource)
{
	struct bind_hook *own = ENVOI_CONTAINER_OF(hook, struct bind_hook, hook);
	struct envoi_jid *jid = NULL;
	own->count++;
	snprintf(own->resource, sizeof(own->resource), "%s", resource != NULL ? resource : "(any)");
	if (own->answer == NULL ||
		envoi_jid_from_text(&jid, fixture.context, own->answer) == ENVOI_OK) {
		envoi_bind_answer(stream, handler, jid, ENVOI_CONFLICT);
	}
	envoi_jid_unref(jid);
}

static const struct envoi_bind_hook_impl bind_hook_impl = {.wanted = on_wanted};

static void add_receiver(struct bind_hook *hook)
{
	struct envoi_handler *bind;
	stream_fixture_make_receiver(&fixture);
	stream_fixture_add(&fixture, fake_auth_new(fixture.context));
	const struct envoi_bind_options options = {.hook = &hook->hook};
	assert_int_equal(envoi_bind_new(&bind, fixture.context, &options), ENVOI_OK);
	stream_fixture_add(&fixture, bind);
	peer_sends(fixture.peer, CLIENT_HEADER);
	peer_expects(fixture.peer,
		SERVER_HEADER "<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
}

static void script_authentication(void)
{
	peer_sends(fixture.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_expects(fixture.peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(fixture.peer);
	peer_sends(fixture.peer, CLIENT_HEADER);
	peer_expects(
		fixture.peer, SERVER_HEADER "<stream:features>" BIND_OFFER "</stream:features>");
}

static void a_receiving_stream_offers_and_binds(void **state)
{
	(void)state;
	struct bind_hook hook = {{&bind_hook_impl}, .answer = "alice@example.org/desk"};
	add_receiver(&hook);
	script_authentication();
	peer_sends(fixture.peer,
		"<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq>");
	peer_expects(fixture.peer,
		"<iq type='result' id='1'>"
		"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@example.org/desk</jid></bind></iq>");
	peer_sends(fixture.peer, "<presence/>");
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	recorder_assert_milestones(&fixture.recorder,
		(const char *const[]){"gained secure", "opened", "gained authenticated FAKE",
			"opened", "gained bound", "ready", NULL});
	assert_string_equal(hook.resource, "desk");
	assert_int_equal(fixture.recorder.stanza_count, 1);
}

static void a_refused_resource_may_be_requested_again(void **state)
{
	(void)state;
	struct bind_hook hook = {{&bind_hook_impl}, .answer = NULL};
	add_receiver(&hook);
	script_authentication();
	for (int i = 0; i < 2; i++) {
		peer_sends(fixture.peer,
			"<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
		peer_expects(fixture.peer,
			"<iq type='error' id='1'><error type='cancel'>"
			"<conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
	}
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	assert_int_equal(hook.count, 2);
	assert_string_equal(hook.resource, "(any)");
	assert_false(recorder_has(&fixture.recorder, "ready"));
}

static void a_silent_client_is_a_timeout_in_its_phase(void **state)
{
	(void)state;
	struct bind_hook hook = {{&bind_hook_impl}, .answer = NULL};
	add_receiver(&hook);
	script_authentication();
	expect_stream_error("connection-timeout");
	run_and_expect_closed(ENVOI_PHASE_BIND, ENVOI_ERR_TIMEOUT);
}

static void a_stanza_before_the_login_reaches_the_owner_of_a_receiving_stream(void **state)
{
	(void)state;
	struct bind_hook hook = {{&bind_hook_impl}, .answer = NULL};
	add_receiver(&hook);
	peer_sends(fixture.peer, "<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>");
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	assert_int_equal(fixture.recorder.stanza_count, 1);
}

static void check_client_header(const struct header_case *header)
{
	char text[512];
	stream_fixture_init(&fixture);
	stream_fixture_make_receiver(&fixture);
	snprintf(text, sizeof(text),
		"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
		"%s>",
		header->attributes);
	peer_sends(fixture.peer, text);
	peer_expects(fixture.peer, SERVER_HEADER);
	if (header->condition != NULL) {
		expect_stream_error(header->condition);
	} else {
		peer_expects(fixture.peer, "<stream:features/>");
	}
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	stream_fixture_finish(&fixture);
}

/* RFC 6120, sections 4.7 and 4.9.1.2 */
static void a_clients_header_is_checked_and_answered_before_the_error(void **state)
{
	(void)state;
	static const struct header_case cases[] = {
		{"xmlns='jabber:client' to='example.org' version='1.0'", NULL},
		{"xmlns='jabber:client' to='Example.ORG' version='1.0'", NULL},
		{"xmlns='jabber:client' version='1.0'", "improper-addressing"},
		{"xmlns='jabber:client' to='other.example' version='1.0'", "host-unknown"},
		{"xmlns='jabber:client' to='example.org'", "unsupported-version"},
		{"xmlns='jabber:server' to='example.org' version='1.0'", "invalid-namespace"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_client_header(&cases[i]);
	}
}

static void choose_domain(struct recorder *recorder, const char *event)
{
	const struct envoi_stream_head *head = envoi_stream_peer_head(recorder->stream);
	struct envoi_jid *jid;
	if (strcmp(event, "opened") == 0 &&
		envoi_jid_from_text(&jid, recorder->context, head->to) == ENVOI_OK) {
		envoi_stream_set_local(recorder->stream, jid);
		envoi_jid_unref(jid);
	}
}

static void a_receiver_of_many_domains_chooses_when_the_header_has_come(void **state)
{
	(void)state;
	stream_fixture_make_receiver(&fixture);
	fixture.options.local = NULL;
	fixture.recorder.act = choose_domain;
	peer_sends(fixture.peer,
		"<stream:stream xmlns='jabber:client' to='Second.Example' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>");
	peer_expects(fixture.peer,
		"<stream:stream xmlns='jabber:client' from='second.example' id='*' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features/>");
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
}

struct receiver_row {
	const char *xml;
	bool before_login, after_login, bound; /* whether it is in order there */
};

static void check_receiver_row(const struct receiver_row *row, int place)
{
	struct bind_hook hook = {{&bind_hook_impl}, .answer = "alice@example.org/desk"};
	stream_fixture_init(&fixture);
	add_receiver(&hook);
	if (place >= 1) {
		script_authentication();
	}
	if (place >= 2) {
		peer_sends(fixture.peer,
			"<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
		peer_expects(fixture.peer,
			"<iq type='result' id='1'>"
			"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
			"<jid>alice@example.org/desk</jid></bind></iq>");
	}
	peer_sends(fixture.peer, row->xml);
	stream_fixture_run(&fixture, 10000);
	bool is_allowed = place == 0 ? row->before_login
		: place == 1         ? row->after_login
				     : row->bound;
	if (fixture.recorder.closed_count != !is_allowed) {
		print_error("%s at place %d:\n%s\n", row->xml, place,
			recorder_lines(&fixture.recorder));
		fail();
	}
	if (!is_allowed) {
		assert_int_equal(fixture.recorder.failure.code, ENVOI_ERR_PROTOCOL);
		bool is_head = strncmp(row->xml, "<stream:stream", 14) == 0;
		assert_non_null(strstr(peer_heard(fixture.peer),
			is_head ? "<bad-format " : "<unsupported-stanza-type "));
	}
	stream_fixture_finish(&fixture);
}

/* Stanzas are the owner's to refuse */
static void what_a_client_may_not_send_ends_a_receiving_stream(void **state)
{
	(void)state;
	static const struct receiver_row rows[] = {
		{"<ask xmlns='urn:example:fake-auth'/>", true, false, false},
		{"<yes xmlns='urn:example:fake-auth'/>", false, false, false},
		{"<stream:features/>", false, false, false},
		{"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", false, false, false},
		{"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", false, false, false},
		{"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", false, false, false},
		{"<enable xmlns='urn:xmpp:sm:3'/>", false, false, false},
		{"<unknown/>", false, false, false},
		{"<message xmlns='jabber:server'/>", false, false, false},
		{"<stream:stream>", false, false, false},
		{"<message/>", true, true, true},
		{"<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
			true, true, true},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int place = 0; place < 3; place++) {
			check_receiver_row(&rows[i], place);
		}
	}
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
	stream_fixture_add_login(&fixture);
	stream_fixture_script_login(fixture.peer);
	peer_sends(fixture.peer, long_message(30000));
	stream_fixture_run(&fixture, 1000);
	assert_int_equal(fixture.recorder.stanza_count, 1);
	assert_true(fixture.recorder.activity_count > 0);
	stream_fixture_finish(&fixture);

	stream_fixture_init(&fixture);
	stream_fixture_add_login(&fixture);
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, long_message(11000));
	expect_stream_error("policy-violation");
	run_and_expect_closed(ENVOI_PHASE_STREAM, ENVOI_ERR_LIMIT);
}

/* --- silence --- */

static void silence_after_the_header_was_sent_is_a_timeout(void **state)
{
	(void)state;
	stream_fixture_add_login(&fixture);
	peer_expects(fixture.peer, STREAM_HEADER_OUT);
	expect_stream_error("connection-timeout");
	run_and_expect_closed(ENVOI_PHASE_STREAM, ENVOI_ERR_TIMEOUT);
	assert_int_equal(fixture.recorder.failure.retry, ENVOI_RETRY_LATER);
}

/* Binding and the old session are one phase: the second request has what the first has left. */
static void two_features_of_one_phase_share_its_timeout(void **state)
{
	(void)state;
	stream_fixture_add_login(&fixture);
	assert_int_equal(envoi_settings_set(fixture.settings, "bind.timeout", "15s"), ENVOI_OK);
	script_features("<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(fixture.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(fixture.peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(fixture.peer);
	script_features(
		"<stream:features><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>" BIND_OFFER
		"</stream:features>");
	peer_expects(fixture.peer,
		"<iq type='set' id='$b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq>");
	stream_fixture_run(&fixture, 10000);
	assert_true(peer_is_done(fixture.peer));
	peer_sends(fixture.peer,
		"<iq type='result' id='$b'>"
		"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@example.org/desk</jid></bind></iq>");
	peer_expects(fixture.peer,
		"<iq type='set' id='$s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>");
	peer_start(fixture.peer);
	stream_fixture_run(&fixture, 4000);
	peer_assert_done(fixture.peer);
	assert_int_equal(fixture.recorder.closed_count, 0);
	expect_stream_error("connection-timeout");
	peer_start(fixture.peer);
	stream_fixture_run(&fixture, 2000);
	peer_assert_done(fixture.peer);
	run_and_expect_closed(ENVOI_PHASE_BIND, ENVOI_ERR_TIMEOUT);
}

static void silence_online_is_no_matter(void **state)
{
	(void)state;
	add_ready_stream();
	stream_fixture_run(&fixture, 100000000);
	assert_int_equal(fixture.recorder.closed_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_login_gains_its_bits_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_own_address_is_not_sent_in_clear, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_header_has_the_language_of_the_settings, setup, teardown),
		cmocka_unit_test(a_servers_header_is_checked),
		cmocka_unit_test(a_stream_error_behind_a_faulty_header_is_reported),
		cmocka_unit_test(a_faulty_header_is_refused_when_nothing_follows),
		cmocka_unit_test_setup_teardown(
			a_wrong_from_in_clear_is_not_looked_at, setup, teardown),
		cmocka_unit_test_setup_teardown(the_peers_header_can_be_read, setup, teardown),
		cmocka_unit_test(what_is_required_and_not_offered_names_its_phase),
		cmocka_unit_test_setup_teardown(
			binding_that_is_not_offered_fails_in_phase_bind, setup, teardown),
		cmocka_unit_test_setup_teardown(an_unknown_requirement_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_features_can_be_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_legacy_session_is_requested_when_it_is_not_optional, setup, teardown),
		cmocka_unit_test_setup_teardown(an_optional_session_is_left_out, setup, teardown),
		cmocka_unit_test(a_stream_error_has_its_meaning_and_advice_on_retrying),
		cmocka_unit_test_setup_teardown(
			a_redirect_from_an_unverified_server_is_not_followed_at_once, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			ill_formed_xml_is_answered_and_reported_with_the_phase, setup, teardown),
		cmocka_unit_test_setup_teardown(
			closing_waits_for_the_peers_tag_and_hands_over_what_comes_before, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_peer_that_does_not_close_is_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(a_peer_that_closes_gets_our_tag, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_peer_that_closes_during_the_login_is_a_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_connection_that_ends_without_the_closing_tag_is_a_loss, setup, teardown),
		cmocka_unit_test_setup_teardown(an_end_without_reason_is_a_loss, setup, teardown),
		cmocka_unit_test_setup_teardown(a_second_header_ends_the_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(
			closing_before_the_peers_header_ends_the_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(the_first_failure_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_handler_that_is_removed_during_its_negotiation_ends_the_stream, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_handler_that_is_not_negotiated_can_be_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_optional_functions_of_a_sink_may_be_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(only_stanzas_count_as_written, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_element_that_cannot_be_written_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			other_content_namespaces_are_mapped_at_stanza_level, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_element_of_another_namespace_is_not_a_stanza, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_component_stream_has_no_features, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_receiving_stream_offers_and_binds, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_refused_resource_may_be_requested_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_silent_client_is_a_timeout_in_its_phase, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_stanza_before_the_login_reaches_the_owner_of_a_receiving_stream, setup,
			teardown),
		cmocka_unit_test(a_clients_header_is_checked_and_answered_before_the_error),
		cmocka_unit_test_setup_teardown(
			silence_after_the_header_was_sent_is_a_timeout, setup, teardown),
		cmocka_unit_test_setup_teardown(
			two_features_of_one_phase_share_its_timeout, setup, teardown),
		cmocka_unit_test_setup_teardown(silence_online_is_no_matter, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_receiver_of_many_domains_chooses_when_the_header_has_come, setup,
			teardown),
		cmocka_unit_test_setup_teardown(closing_at_a_restart_sends_no_tag, setup, teardown),
		cmocka_unit_test_setup_teardown(
			no_stanza_goes_out_before_there_is_an_address, setup, teardown),
		cmocka_unit_test_setup_teardown(
			elements_before_the_features_call_no_row, setup, teardown),
		cmocka_unit_test(what_a_client_may_not_send_ends_a_receiving_stream),
		cmocka_unit_test_setup_teardown(
			a_long_stanza_is_refused_before_the_login_and_taken_after_it, setup,
			teardown),
	};
	return cmocka_run_group_tests_name("stream/stream", tests, NULL, NULL);
}
