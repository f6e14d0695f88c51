/*
 * envoi - streams: headers: tests
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

/* --- headers --- */

/* RFC 6120, section 4.7.1 */
static void the_own_address_is_not_sent_in_clear(void **state)
{
	(void)state;
	one_stream.is_plain = true;
	one_stream.options.required = 0;
	peer_expects(one_stream.peer,
		"<stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>");
	peer_sends(one_stream.peer, STREAM_HEADER_IN "<stream:features/>");
	stream_fixture_run(&one_stream, 1000);
	peer_assert_done(one_stream.peer);
	assert_true(recorder_has(&one_stream.recorder, "ready"));
}

static void the_header_has_the_language_of_the_settings(void **state)
{
	(void)state;
	assert_int_equal(envoi_settings_set(one_stream.settings, "lang", "de"), ENVOI_OK);
	peer_expects(one_stream.peer,
		"<stream:stream xmlns='jabber:client' xml:lang='de' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='example.org' "
		"from='alice@example.org' version='1.0'>");
	stream_fixture_run(&one_stream, 1000);
	peer_assert_done(one_stream.peer);
}

static void check_server_header(const struct header_case *header)
{
	char text[512];
	stream_fixture_init(&one_stream);
	one_stream.options.required = 0;
	snprintf(text, sizeof(text),
		"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
		"%s><stream:features/>",
		header->attributes);
	peer_expects(one_stream.peer, STREAM_HEADER_OUT);
	peer_sends(one_stream.peer, text);
	if (header->condition != NULL) {
		one_stream_expect_stream_error(header->condition);
	}
	stream_fixture_run(&one_stream, 10000);
	peer_assert_done(one_stream.peer);
	assert_int_equal(recorder_has(&one_stream.recorder, "ready"), header->condition == NULL);
	if (header->condition != NULL) {
		recorder_assert_closed(
			&one_stream.recorder, ENVOI_PHASE_STREAM, ENVOI_ERR_PROTOCOL);
	}
	stream_fixture_finish(&one_stream);
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
	stream_fixture_init(&one_stream);
	snprintf(text, sizeof(text),
		"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' %s>%s", attributes,
		rest);
	peer_expects(one_stream.peer, STREAM_HEADER_OUT);
	peer_sends(one_stream.peer, text);
}

static void a_stream_error_behind_a_faulty_header_is_reported(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faulty_headers) / sizeof(faulty_headers[0]); i++) {
		send_faulty_header(faulty_headers[i], "");
		stream_fixture_run(&one_stream, 1000);
		assert_int_equal(one_stream.recorder.closed_count, 0);
		assert_false(recorder_has(&one_stream.recorder, "opened"));
		peer_sends(one_stream.peer,
			"<stream:error><system-shutdown "
			"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
			"</stream:stream>");
		peer_shuts_down(one_stream.peer);
		peer_start(one_stream.peer);
		stream_fixture_run(&one_stream, 10);
		recorder_assert_closed(&one_stream.recorder, ENVOI_PHASE_STREAM, ENVOI_ERR_STREAM);
		assert_string_equal(one_stream.recorder.failure.condition, "system-shutdown");
		assert_int_equal(one_stream.recorder.failure.retry, ENVOI_RETRY_LATER);
		stream_fixture_finish(&one_stream);
	}
}

static void a_faulty_header_is_refused_when_nothing_follows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faulty_headers) / sizeof(faulty_headers[0]); i++) {
		send_faulty_header(faulty_headers[i], "");
		stream_fixture_run(&one_stream, 1999);
		assert_null(strstr(peer_heard(one_stream.peer), "<stream:error>"));
		stream_fixture_run(&one_stream, 1);
		assert_non_null(strstr(peer_heard(one_stream.peer), "<stream:error>"));
		stream_fixture_run(&one_stream, 5000);
		recorder_assert_closed(
			&one_stream.recorder, ENVOI_PHASE_STREAM, ENVOI_ERR_PROTOCOL);
		stream_fixture_finish(&one_stream);

		send_faulty_header(faulty_headers[i], "<stream:features/>");
		stream_fixture_run(&one_stream, 10);
		assert_non_null(strstr(peer_heard(one_stream.peer), "<stream:error>"));
		assert_null(strstr(peer_heard(one_stream.peer), "unsupported-stanza-type"));
		stream_fixture_finish(&one_stream);

		send_faulty_header(faulty_headers[i], "</stream:stream>");
		stream_fixture_run(&one_stream, 5000);
		recorder_assert_closed(
			&one_stream.recorder, ENVOI_PHASE_STREAM, ENVOI_ERR_PROTOCOL);
		stream_fixture_finish(&one_stream);
	}
}

/* Before TLS `from` is not verified: the certificate is checked for the user's domain. */
static void a_wrong_from_in_clear_is_not_looked_at(void **state)
{
	(void)state;
	one_stream.is_plain = true;
	one_stream.options.required = 0;
	peer_sends(one_stream.peer,
		"<stream:stream xmlns='jabber:client' id='1' from='evil.example' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features/>");
	stream_fixture_run(&one_stream, 1000);
	assert_true(recorder_has(&one_stream.recorder, "ready"));
	assert_string_equal(envoi_stream_peer_domain(one_stream.recorder.stream), "example.org");
}

static void the_peers_header_can_be_read(void **state)
{
	(void)state;
	one_stream_script_features("");
	stream_fixture_run(&one_stream, 1000);
	const struct envoi_stream_head *head = envoi_stream_peer_head(one_stream.recorder.stream);
	assert_string_equal(head->id, "s1");
	assert_string_equal(head->from, "example.org");
	assert_string_equal(head->lang, "en");
	assert_string_equal(head->version, "1.0");
	assert_string_equal(head->content_ns, "jabber:client");
	assert_null(head->to);
}

/* --- the content namespace --- */

static void other_content_namespaces_are_mapped_at_stanza_level(void **state)
{
	(void)state;
	one_stream.options.content_ns = "jabber:server";
	one_stream.options.required = 0;
	peer_expects(one_stream.peer,
		"<stream:stream xmlns='jabber:server' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='example.org' "
		"from='alice@example.org' version='1.0'>");
	peer_sends(one_stream.peer,
		"<stream:stream xmlns='jabber:server' id='1' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features/>"
		"<message><body>x</body><forwarded xmlns='urn:xmpp:forward:0'>"
		"<message xmlns='jabber:server'/><message xmlns='jabber:client'/></forwarded></message>");
	peer_expects(one_stream.peer, "<message><body>y</body></message>");
	stream_fixture_run(&one_stream, 1000);
	assert_true(recorder_has(&one_stream.recorder,
		"stanza <message xmlns='jabber:client'><body>x</body>"
		"<forwarded xmlns='urn:xmpp:forward:0'>"
		"<message xmlns='jabber:server'/><message xmlns='jabber:client'/></forwarded></message>"));
	struct envoi_element *message = envoi_element_new(
		one_stream.context, "jabber:client", "message");
	envoi_element_add_with_text(message, NULL, "body", "y");
	assert_int_equal(envoi_stream_send_element(one_stream.recorder.stream, message), ENVOI_OK);
	envoi_element_unref(message);
	stream_fixture_run(&one_stream, 1000);
	peer_assert_done(one_stream.peer);
}

static void an_element_of_another_namespace_is_not_a_stanza(void **state)
{
	(void)state;
	one_stream.options.required = 0;
	one_stream_script_features("<stream:features/><message xmlns='jabber:server'/>");
	one_stream_expect_stream_error("unsupported-stanza-type");
	one_stream_run_and_expect_closed(ENVOI_PHASE_ONLINE, ENVOI_ERR_PROTOCOL);
}

/* XEP-0114: neither version nor features */
static void a_component_stream_has_no_features(void **state)
{
	(void)state;
	one_stream.options.content_ns = "jabber:component:accept";
	one_stream.options.required = 0;
	one_stream.options.local = NULL;
	peer_expects(one_stream.peer,
		"<stream:stream xmlns='jabber:component:accept' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='example.org'>");
	peer_sends(one_stream.peer,
		"<stream:stream xmlns='jabber:component:accept' id='1' "
		"xmlns:stream='http://etherx.jabber.org/streams' from='example.org'>");
	stream_fixture_run(&one_stream, 1000);
	peer_assert_done(one_stream.peer);
	recorder_assert_milestones(&one_stream.recorder,
		(const char *const[]){"gained secure", "opened", "ready", NULL});
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, one_stream_setup, one_stream_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_own_address_is_not_sent_in_clear),
		TEST(the_header_has_the_language_of_the_settings),
		cmocka_unit_test(a_servers_header_is_checked),
		cmocka_unit_test(a_stream_error_behind_a_faulty_header_is_reported),
		cmocka_unit_test(a_faulty_header_is_refused_when_nothing_follows),
		TEST(a_wrong_from_in_clear_is_not_looked_at),
		TEST(the_peers_header_can_be_read),
		TEST(other_content_namespaces_are_mapped_at_stanza_level),
		TEST(an_element_of_another_namespace_is_not_a_stanza),
		TEST(a_component_stream_has_no_features),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
