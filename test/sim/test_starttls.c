/*
 * envoi - STARTTLS against peers that strip, inject and refuse
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/sasl.h>
#include <envoi/tls.h>

#include "stream_fixture.h"

#define NS_TLS "xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
#define NS_SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define PLAIN_OFFER "<mechanisms " NS_SASL "><mechanism>PLAIN</mechanism></mechanisms>"
#define HEADER_IN_CLEAR \
	"<stream:stream xmlns='jabber:client' " \
	"xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>"

static struct stream_fixture fixture;

static struct envoi_tls_config *new_config(void)
{
	struct envoi_tls_config *config;
	assert_int_equal(
		envoi_settings_set(fixture.settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"),
		ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(fixture.settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(
		envoi_tls_config_new(&config, fixture.context, fixture.settings), ENVOI_OK);
	return config;
}

static void begin(bool has_tls, bool required)
{
	stream_fixture_init(&fixture);
	fixture.is_plain = true;
	struct envoi_tls_config *config = has_tls ? new_config() : NULL;
	const struct envoi_starttls_options options = {.config = config, .required = required};
	struct envoi_handler *handler;
	struct envoi_sasl_credentials *credentials;
	assert_int_equal(envoi_starttls_new(&handler, fixture.context, &options), ENVOI_OK);
	stream_fixture_add(&fixture, handler);
	envoi_tls_config_unref(config);
	assert_int_equal(
		envoi_sasl_password_new(&credentials, fixture.context, NULL, "marker"), ENVOI_OK);
	assert_int_equal(
		envoi_sasl_feature_new(&handler, fixture.context, fixture.settings, credentials),
		ENVOI_OK);
	stream_fixture_add(&fixture, handler);
	peer_expects(fixture.peer, HEADER_IN_CLEAR);
	peer_sends(fixture.peer, STREAM_HEADER_IN);
}

static void run_and_expect_closed(enum envoi_phase phase, int code)
{
	stream_fixture_run(&fixture, 60000);
	recorder_assert_closed(&fixture.recorder, phase, code);
	assert_false(recorder_has(&fixture.recorder, "gained"));
	assert_int_equal(fixture.recorder.stanza_count, 0);
	assert_null(strstr(peer_heard(fixture.peer), "alice"));
	assert_null(strstr(peer_heard(fixture.peer), "<auth"));
	assert_null(strstr(peer_heard(fixture.peer), "<response"));
}

/* --- stripping --- */

static void a_server_that_offers_no_tls_is_left(void **state)
{
	(void)state;
	static const char *const offers[] = {
		"<stream:features/>",
		"<stream:features>" PLAIN_OFFER "</stream:features>",
		"<stream:features><starttls xmlns='urn:other'/>" PLAIN_OFFER "</stream:features>",
		"<stream:features><x><starttls " NS_TLS "/></x></stream:features>",
		"<stream:features>" BIND_OFFER "</stream:features>",
	};
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		begin(true, true);
		peer_sends(fixture.peer, offers[i]);
		peer_expects(fixture.peer, "</stream:stream>");
		run_and_expect_closed(ENVOI_PHASE_TLS, ENVOI_ERR_TLS);
		assert_int_equal(fixture.recorder.failure.retry, ENVOI_RETRY_AFTER_USER);
		peer_assert_done(fixture.peer);
		stream_fixture_finish(&fixture);
	}
}

static void tls_comes_first_wherever_it_stands(void **state)
{
	(void)state;
	begin(true, true);
	peer_sends(fixture.peer,
		"<stream:features>" PLAIN_OFFER "<starttls " NS_TLS "/></stream:features>");
	peer_expects(fixture.peer, "<starttls " NS_TLS "/>");
	peer_sends(fixture.peer, "<failure " NS_TLS "/></stream:stream>");
	peer_expects(fixture.peer, "</stream:stream>");
	run_and_expect_closed(ENVOI_PHASE_TLS, ENVOI_ERR_TLS);
	peer_assert_done(fixture.peer);
	stream_fixture_finish(&fixture);
}

static void what_comes_in_place_of_tls_keeps_us_from_it(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"<success " NS_SASL "/>",
		"<challenge " NS_SASL "/>",
		"<failure " NS_SASL "><not-authorized/></failure>",
		"<stream:features>" PLAIN_OFFER "<starttls " NS_TLS
		"/></stream:features><success " NS_SASL "/>",
		"<stream:features><starttls " NS_TLS "/></stream:features><success " NS_SASL "/>",
		"<stream:features><starttls " NS_TLS "/></stream:features><message/>",
		"<proceed " NS_TLS "/>",
		"<failure " NS_TLS "/>",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		begin(true, true);
		peer_sends(fixture.peer, texts[i]);
		stream_fixture_run(&fixture, 60000);
		run_and_expect_closed(fixture.recorder.failure.phase, ENVOI_ERR_TLS);
		stream_fixture_finish(&fixture);
	}
}

static void a_server_that_requires_what_we_must_not_do_is_left(void **state)
{
	(void)state;
	begin(false, false);
	peer_sends(fixture.peer,
		"<stream:features><starttls " NS_TLS "><required/></starttls></stream:features>");
	peer_expects(fixture.peer, "</stream:stream>");
	run_and_expect_closed(ENVOI_PHASE_TLS, ENVOI_ERR_TLS);
	peer_assert_done(fixture.peer);
	stream_fixture_finish(&fixture);
}

static void without_tls_the_login_goes_on_only_where_nothing_needs_it(void **state)
{
	(void)state;
	for (int has_tls = 0; has_tls < 2; has_tls++) {
		begin(has_tls == 1, false);
		fixture.options.required = 0;
		peer_sends(fixture.peer,
			has_tls ? "<stream:features/>"
				: "<stream:features><starttls " NS_TLS "/></stream:features>");
		stream_fixture_run(&fixture, 1000);
		peer_assert_done(fixture.peer);
		assert_true(recorder_has(&fixture.recorder, "ready"));
		assert_null(strstr(peer_heard(fixture.peer), "<starttls"));
		stream_fixture_finish(&fixture);
	}
}

static void an_unrequested_proceed_starts_nothing(void **state)
{
	(void)state;
	begin(false, false);
	fixture.options.required = 0;
	peer_sends(fixture.peer, "<stream:features/><proceed " NS_TLS "/>");
	run_and_expect_closed(ENVOI_PHASE_ONLINE, ENVOI_ERR_PROTOCOL);
	stream_fixture_finish(&fixture);
}

/* --- injection --- */

static void script_proceed(const char *tail)
{
	char text[1024];
	peer_sends(fixture.peer, "<stream:features><starttls " NS_TLS "/></stream:features>");
	peer_expects(fixture.peer, "<starttls " NS_TLS "/>");
	snprintf(text, sizeof(text), "<proceed " NS_TLS "/>%s", tail);
	peer_sends(fixture.peer, text);
}

static const char *const injections[] = {
	"<message><body>x</body></message>",
	"<mess",
	"<",
	"x",
	"</stream:stream>",
	STREAM_HEADER_IN "<stream:features>" PLAIN_OFFER "</stream:features>",
	"<success " NS_SASL "/>",
	"<proceed " NS_TLS "/>",
	"\x16\x03\x03 <message/>",
};

static void data_after_proceed_is_fatal(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(injections) / sizeof(injections[0]); i++) {
		begin(true, true);
		script_proceed(injections[i]);
		stream_fixture_run(&fixture, 60000);
		int code = fixture.recorder.failure.code;
		assert_true(code == ENVOI_ERR_PROTOCOL || code == ENVOI_ERR_XML);
		run_and_expect_closed(ENVOI_PHASE_TLS, code);
		stream_fixture_finish(&fixture);
	}
}

static void data_between_proceed_and_tls_is_fatal(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(injections) / sizeof(injections[0]); i++) {
		struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
		script.piece_bytes = 1;
		begin(true, true);
		envoi_memory_pair_script(fixture.pair, ENVOI_MEMORY_B, &script);
		script_proceed(injections[i]);
		stream_fixture_run(&fixture, 60000);
		bool may_become_a_record = injections[i][0] == '\x16';
		run_and_expect_closed(
			ENVOI_PHASE_TLS, may_become_a_record ? ENVOI_ERR_TIMEOUT : ENVOI_ERR_TLS);
		stream_fixture_finish(&fixture);
	}
}

/* Reported as soon as it can be seen, in clear words. */
static void what_is_not_tls_after_proceed_is_left_at_once(void **state)
{
	(void)state;
	static const char *const texts[] = {" ", "<", "\n", "\x16 ", "\x16\x02", "\x17\x03\x03",
		"\x80", "\x14\x03\x03", "HTTP/1.1 400 Bad Request\r\n\r\n"};
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.piece_bytes = 1;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		begin(true, true);
		envoi_memory_pair_script(fixture.pair, ENVOI_MEMORY_B, &script);
		script_proceed(texts[i]);
		stream_fixture_run(&fixture, 1000); /* tls.timeout is longer */
		if (strstr(fixture.recorder.failure.text, "does not speak TLS") == NULL) {
			fail_msg("%d: %s", (int)i, fixture.recorder.failure.text);
		}
		run_and_expect_closed(ENVOI_PHASE_TLS, ENVOI_ERR_TLS);
		stream_fixture_finish(&fixture);
	}
}

static void silence_after_proceed_is_a_timeout_of_tls(void **state)
{
	(void)state;
	begin(true, true);
	script_proceed("");
	run_and_expect_closed(ENVOI_PHASE_TLS, ENVOI_ERR_TIMEOUT);
	stream_fixture_finish(&fixture);
}

static void closing_during_the_handshake_ends(void **state)
{
	(void)state;
	begin(true, true);
	script_proceed("");
	stream_fixture_run(&fixture, 1000);
	assert_int_equal(envoi_stream_phase(fixture.recorder.stream), ENVOI_PHASE_TLS);
	envoi_stream_close(fixture.recorder.stream);
	run_and_expect_closed(ENVOI_PHASE_CLOSE, ENVOI_OK);
	stream_fixture_finish(&fixture);
}

/* Neither an error nor a closing tag can be sent then: the connection is aborted. */
static void a_failure_during_the_handshake_ends_the_stream_at_once(void **state)
{
	(void)state;
	begin(true, true);
	script_proceed("");
	stream_fixture_run(&fixture, 1000);
	struct envoi_stream *stream = fixture.recorder.stream;
	struct envoi_element *element = envoi_element_new(fixture.context, "urn:example", "x");
	assert_int_equal(envoi_stream_send_element(stream, element), ENVOI_ERR_STATE);
	envoi_element_unref(element);
	envoi_stream_fail_with(stream, ENVOI_ERR_LIMIT, ENVOI_STREAM_POLICY_VIOLATION, "enough");
	stream_fixture_run(&fixture, 1);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_TLS, ENVOI_ERR_LIMIT);
	assert_null(strstr(peer_heard(fixture.peer), "policy-violation"));
	stream_fixture_finish(&fixture);
}

/* --- receiving side --- */

static void begin_receiver(bool has_tls)
{
	stream_fixture_init(&fixture);
	fixture.is_plain = true;
	stream_fixture_make_receiver(&fixture);
	struct envoi_tls_config *config = NULL;
	if (has_tls) {
		assert_int_equal(
			envoi_tls_config_new_server(&config, fixture.context,
				TEST_DATA "/tls/right.pem", TEST_DATA "/tls/server-key.pem"),
			ENVOI_OK);
	}
	const struct envoi_starttls_options options = {.config = config, .required = true};
	struct envoi_handler *handler;
	assert_int_equal(envoi_starttls_new(&handler, fixture.context, &options), ENVOI_OK);
	stream_fixture_add(&fixture, handler);
	envoi_tls_config_unref(config);
	peer_sends(fixture.peer, HEADER_IN_CLEAR);
	peer_expects(fixture.peer,
		"<stream:stream xmlns='jabber:client' id='*' version='1.0' "
		"xmlns:stream='http://etherx.jabber.org/streams' from='example.org'>");
}

static void a_receiver_refuses_input_between_starttls_and_tls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(injections) / sizeof(injections[0]); i++) {
		char text[1024];
		begin_receiver(true);
		peer_expects(fixture.peer,
			"<stream:features><starttls " NS_TLS
			"><required/></starttls></stream:features>");
		snprintf(text, sizeof(text), "<starttls " NS_TLS "/>%s", injections[i]);
		peer_sends(fixture.peer, text);
		stream_fixture_run(&fixture, 60000);
		int code = fixture.recorder.failure.code;
		assert_true(code == ENVOI_ERR_PROTOCOL || code == ENVOI_ERR_XML);
		recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_TLS, code);
		assert_int_equal(fixture.recorder.stanza_count, 0);
		stream_fixture_finish(&fixture);
	}
}

static void nothing_is_sent_in_clear_while_tls_begins(void **state)
{
	(void)state;
	begin_receiver(true);
	peer_expects(fixture.peer,
		"<stream:features><starttls " NS_TLS "><required/></starttls></stream:features>");
	peer_sends(fixture.peer, "<starttls " NS_TLS "/>");
	peer_expects(fixture.peer, "<proceed " NS_TLS "/>");
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	assert_int_equal(
		envoi_stream_send(fixture.recorder.stream, "<message/>", 10), ENVOI_ERR_STATE);
	stream_fixture_finish(&fixture);
}

/* RFC 6120, section 5.4.2.2 */
static void a_receiver_without_tls_answers_with_failure(void **state)
{
	(void)state;
	begin_receiver(false);
	peer_expects(fixture.peer, "<stream:features/>");
	peer_sends(fixture.peer, "<starttls " NS_TLS "/>");
	peer_expects(fixture.peer, "<failure " NS_TLS "/></stream:stream>");
	stream_fixture_run(&fixture, 60000);
	peer_assert_done(fixture.peer);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_TLS, ENVOI_ERR_TLS);
	stream_fixture_finish(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_offers_no_tls_is_left),
		cmocka_unit_test(tls_comes_first_wherever_it_stands),
		cmocka_unit_test(what_comes_in_place_of_tls_keeps_us_from_it),
		cmocka_unit_test(a_server_that_requires_what_we_must_not_do_is_left),
		cmocka_unit_test(without_tls_the_login_goes_on_only_where_nothing_needs_it),
		cmocka_unit_test(an_unrequested_proceed_starts_nothing),
		cmocka_unit_test(data_after_proceed_is_fatal),
		cmocka_unit_test(data_between_proceed_and_tls_is_fatal),
		cmocka_unit_test(what_is_not_tls_after_proceed_is_left_at_once),
		cmocka_unit_test(silence_after_proceed_is_a_timeout_of_tls),
		cmocka_unit_test(closing_during_the_handshake_ends),
		cmocka_unit_test(a_failure_during_the_handshake_ends_the_stream_at_once),
		cmocka_unit_test(a_receiver_refuses_input_between_starttls_and_tls),
		cmocka_unit_test(nothing_is_sent_in_clear_while_tls_begins),
		cmocka_unit_test(a_receiver_without_tls_answers_with_failure),
	};
	return cmocka_run_group_tests_name("sim/starttls", tests, NULL, NULL);
}
