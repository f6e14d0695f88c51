/*
 * envoi - every condition with which a peer can end a connection, in every phase (P9): tests
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

#define NS_STREAM "xmlns='urn:ietf:params:xml:ns:xmpp-streams'"
#define NS_TLS "xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
#define NS_SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define NS_STANZA "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"
#define NS_FAKE "xmlns='urn:example:fake-auth'"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct stream_fixture fixture;

/** What is expected of a condition, and where. */
struct expected {
	enum envoi_phase phase;
	int code;
	const char *name;
	enum envoi_retry retry;
	const char *text, *lang; /* of the peer; text NULL: none */
	const char *application;
};

static void check_failure(const struct expected *expected)
{
	const struct envoi_failure *failure = &fixture.recorder.failure;
	char what[256];
	snprintf(what, sizeof(what), "%s in phase %s", expected->name,
		envoi_phase_name(expected->phase));
	recorder_assert_closed(&fixture.recorder, expected->phase, expected->code);
	assert_string_equal(failure->condition, expected->name);
	if (failure->retry != expected->retry) {
		fail_msg("%s: advice %d, expected %d", what, failure->retry, expected->retry);
	}
	assert_int_equal(failure->is_peer_text, expected->text != NULL);
	assert_string_equal(failure->text_lang, expected->lang != NULL ? expected->lang : "");
	if (expected->text != NULL) {
		assert_string_equal(failure->text, expected->text);
	}
	bool has_application = expected->application != NULL;
	assert_string_equal(failure->application, has_application ? expected->application : "");
	assert_string_equal(failure->application_ns, has_application ? "urn:example:app" : "");
	char lines[2048];
	envoi_failure_explain(failure, lines, sizeof(lines));
	assert_non_null(strstr(lines, envoi_phase_name(expected->phase)));
	assert_non_null(strstr(lines, expected->name));
	assert_true(expected->text == NULL || strstr(lines, expected->text) != NULL);
	assert_true(expected->text == NULL || strstr(lines, "the server says") != NULL);
}

/* --- stream errors --- */

/** RFC 6120, section 4.9.3, once more: what the library has is held against this. */
static const struct {
	const char *name;
	enum envoi_retry retry;
} stream_conditions[] = {
	{"bad-format", ENVOI_RETRY_NEVER},
	{"bad-namespace-prefix", ENVOI_RETRY_NEVER},
	{"conflict", ENVOI_RETRY_AFTER_USER},
	{"connection-timeout", ENVOI_RETRY_NOW},
	{"host-gone", ENVOI_RETRY_AFTER_USER},
	{"host-unknown", ENVOI_RETRY_AFTER_USER},
	{"improper-addressing", ENVOI_RETRY_NEVER},
	{"internal-server-error", ENVOI_RETRY_LATER},
	{"invalid-from", ENVOI_RETRY_NEVER},
	{"invalid-namespace", ENVOI_RETRY_NEVER},
	{"invalid-xml", ENVOI_RETRY_NEVER},
	{"not-authorized", ENVOI_RETRY_AFTER_USER},
	{"not-well-formed", ENVOI_RETRY_NEVER},
	{"policy-violation", ENVOI_RETRY_AFTER_USER},
	{"remote-connection-failed", ENVOI_RETRY_LATER},
	{"reset", ENVOI_RETRY_NOW},
	{"resource-constraint", ENVOI_RETRY_LATER},
	{"restricted-xml", ENVOI_RETRY_NEVER},
	{"see-other-host", ENVOI_RETRY_LATER}, /* here: it names no host */
	{"system-shutdown", ENVOI_RETRY_LATER},
	{"undefined-condition", ENVOI_RETRY_LATER},
	{"unsupported-encoding", ENVOI_RETRY_NEVER},
	{"unsupported-feature", ENVOI_RETRY_NEVER},
	{"unsupported-stanza-type", ENVOI_RETRY_NEVER},
	{"unsupported-version", ENVOI_RETRY_NEVER},
	{"brand-new", ENVOI_RETRY_LATER},
};

static void script_until_header(void)
{
	stream_fixture_add_login(&fixture);
	stream_fixture_script_headers(fixture.peer);
}

static void script_in_clear(void)
{
	fixture.is_plain = true;
	peer_expects(fixture.peer,
		"<stream:stream xmlns='jabber:client' to='example.org' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>");
	peer_sends(fixture.peer, STREAM_HEADER_IN);
}

static void script_until_starttls(void)
{
	struct envoi_tls_config *config;
	struct envoi_handler *handler;
	assert_int_equal(
		envoi_tls_config_new(&config, fixture.context, fixture.settings), ENVOI_OK);
	const struct envoi_starttls_options options = {.config = config, .required = true};
	assert_int_equal(envoi_starttls_new(&handler, fixture.context, &options), ENVOI_OK);
	stream_fixture_add(&fixture, handler);
	envoi_tls_config_unref(config);
	script_in_clear();
	peer_sends(fixture.peer, "<stream:features><starttls " NS_TLS "/></stream:features>");
	peer_expects(fixture.peer, "<starttls " NS_TLS "/>");
}

static void script_until_authentication(void)
{
	script_until_header();
	peer_sends(fixture.peer, "<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(fixture.peer, "<ask " NS_FAKE "/>");
}

static void script_until_restart(void)
{
	script_until_authentication();
	peer_sends(fixture.peer, "<yes " NS_FAKE "/>");
	peer_restarts(fixture.peer);
	stream_fixture_script_headers(fixture.peer);
}

static void script_until_binding(void)
{
	script_until_restart();
	peer_sends(fixture.peer, "<stream:features>" BIND_OFFER "</stream:features>");
	peer_expects(fixture.peer,
		"<iq type='set' id='$i'>"
		"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>desk</resource></bind></iq>");
}

static void script_until_online(void)
{
	stream_fixture_add_login(&fixture);
	stream_fixture_script_login(fixture.peer);
}

static void close_stream(void *user)
{
	(void)user;
	envoi_stream_close(fixture.recorder.stream);
}

static void script_until_closing(void)
{
	script_until_online();
	peer_calls(fixture.peer, close_stream, NULL);
	peer_expects(fixture.peer, "</stream:stream>");
}

static const struct stage {
	void (*script)(void);
	enum envoi_phase phase;
} stages[] = {
	{script_in_clear, ENVOI_PHASE_STREAM},
	{script_until_starttls, ENVOI_PHASE_TLS},
	{script_until_header, ENVOI_PHASE_STREAM},
	{script_until_authentication, ENVOI_PHASE_SASL},
	{script_until_restart, ENVOI_PHASE_STREAM},
	{script_until_binding, ENVOI_PHASE_BIND},
	{script_until_online, ENVOI_PHASE_ONLINE},
	{script_until_closing, ENVOI_PHASE_CLOSE},
};

static void check_stream_error(
	const struct stage *stage, const char *children, const struct expected *expected)
{
	char xml[512];
	stream_fixture_init(&fixture);
	stage->script();
	snprintf(xml, sizeof(xml), "<stream:error>%s</stream:error></stream:stream>", children);
	peer_sends(fixture.peer, xml);
	if (stage->phase != ENVOI_PHASE_CLOSE) {
		peer_expects(fixture.peer, "</stream:stream>");
	}
	peer_shuts_down(fixture.peer);
	stream_fixture_run(&fixture, 10000);
	peer_assert_done(fixture.peer);
	check_failure(expected);
	assert_int_equal(fixture.recorder.failure.stream_condition,
		envoi_stream_condition_from_name(expected->name));
	stream_fixture_finish(&fixture);
}

static void every_stream_condition_is_reported_with_advice_in_every_phase(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stages); i++) {
		for (size_t k = 0; k < COUNT(stream_conditions); k++) {
			char children[512];
			const char *name = stream_conditions[k].name;
			snprintf(children, sizeof(children),
				"<%s " NS_STREAM "/>"
				"<text xml:lang='de' " NS_STREAM ">es\nist vorbei</text>",
				name);
			const struct expected expected = {stages[i].phase, ENVOI_ERR_STREAM, name,
				stream_conditions[k].retry, "es ist vorbei", "de", NULL};
			check_stream_error(&stages[i], children, &expected);
		}
	}
}

static void a_stream_error_keeps_what_it_says_besides(void **state)
{
	(void)state;
	static const struct {
		const char *children, *name, *text, *lang, *application;
		enum envoi_retry retry;
	} rows[] = {
		{"", "", NULL, NULL, NULL, ENVOI_RETRY_LATER},
		{"<odd xmlns='urn:example:app'/>", "", NULL, NULL, "odd", ENVOI_RETRY_LATER},
		{"<odd xmlns='urn:example:app'/><reset " NS_STREAM "/>", "reset", NULL, NULL, "odd",
			ENVOI_RETRY_NOW},
		{"<text " NS_STREAM ">why</text>", "", "why", "en", NULL, ENVOI_RETRY_LATER},
		{"<brand-new " NS_STREAM "/><odd xmlns='urn:example:app'><x/></odd>", "brand-new",
			NULL, NULL, "odd", ENVOI_RETRY_LATER},
		{"<conflict " NS_STREAM "/><reset " NS_STREAM "/>", "conflict", NULL, NULL, NULL,
			ENVOI_RETRY_AFTER_USER},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct stage online = {script_until_online, ENVOI_PHASE_ONLINE};
		const struct expected expected = {ENVOI_PHASE_ONLINE, ENVOI_ERR_STREAM,
			rows[i].name, rows[i].retry, rows[i].text, rows[i].lang,
			rows[i].application};
		check_stream_error(&online, rows[i].children, &expected);
	}
}

static void names_of_any_length_fit(void **state)
{
	(void)state;
	char xml[1024];
	snprintf(xml, sizeof(xml),
		"<stream:error><a%0100d " NS_STREAM "/>"
		"<b%0100d xmlns='urn:%0150d'/><text " NS_STREAM " xml:lang='aa-%036d'>x</text>"
		"</stream:error></stream:stream>",
		1, 2, 3, 4);
	stream_fixture_init(&fixture);
	script_until_online();
	peer_sends(fixture.peer, xml);
	stream_fixture_run(&fixture, 10000);
	const struct envoi_failure *failure = &fixture.recorder.failure;
	assert_int_equal(failure->code, ENVOI_ERR_STREAM);
	assert_int_equal(strlen(failure->condition), sizeof(failure->condition) - 1);
	assert_int_equal(strlen(failure->application), sizeof(failure->application) - 1);
	assert_int_equal(strlen(failure->application_ns), sizeof(failure->application_ns) - 1);
	assert_int_equal(strlen(failure->text_lang), sizeof(failure->text_lang) - 1);
	stream_fixture_finish(&fixture);
}

/* --- SASL --- */

/** RFC 6120, section 6.5 */
static const struct {
	const char *name;
	enum envoi_retry retry;
} sasl_conditions[] = {
	{"aborted", ENVOI_RETRY_LATER},
	{"account-disabled", ENVOI_RETRY_AFTER_USER},
	{"credentials-expired", ENVOI_RETRY_AFTER_USER},
	{"encryption-required", ENVOI_RETRY_AFTER_USER},
	{"incorrect-encoding", ENVOI_RETRY_NEVER},
	{"invalid-authzid", ENVOI_RETRY_AFTER_USER},
	{"invalid-mechanism", ENVOI_RETRY_NEVER},
	{"malformed-request", ENVOI_RETRY_NEVER},
	{"mechanism-too-weak", ENVOI_RETRY_AFTER_USER},
	{"not-authorized", ENVOI_RETRY_AFTER_USER},
	{"temporary-auth-failure", ENVOI_RETRY_LATER},
	{"brand-new", ENVOI_RETRY_AFTER_USER},
};

static void script_sasl(const char *mechanism, const char *children)
{
	struct envoi_sasl_credentials *credentials;
	struct envoi_handler *handler;
	char xml[512];
	stream_fixture_init(&fixture);
	assert_int_equal(envoi_sasl_password_new(&credentials, fixture.context, "alice", "secret"),
		ENVOI_OK);
	assert_int_equal(
		envoi_sasl_feature_new(&handler, fixture.context, fixture.settings, credentials),
		ENVOI_OK);
	stream_fixture_add(&fixture, handler);
	stream_fixture_script_headers(fixture.peer);
	snprintf(xml, sizeof(xml),
		"<stream:features><mechanisms " NS_SASL
		"><mechanism>%s</mechanism></mechanisms></stream:features>",
		mechanism);
	peer_sends(fixture.peer, xml);
	snprintf(xml, sizeof(xml), "<auth " NS_SASL " mechanism='%s'>*</auth>", mechanism);
	peer_expects(fixture.peer, xml);
	snprintf(xml, sizeof(xml), "<failure " NS_SASL ">%s</failure>", children);
	peer_sends(fixture.peer, xml);
	peer_expects(fixture.peer, "</stream:stream>");
}

static void check_sasl_failure(
	const char *mechanism, const char *children, const struct expected *expected)
{
	script_sasl(mechanism, children);
	stream_fixture_run(&fixture, 10000);
	peer_assert_done(fixture.peer);
	check_failure(expected);
	const struct envoi_failure *failure = &fixture.recorder.failure;
	assert_int_equal(failure->sasl_condition, envoi_sasl_condition_from_name(expected->name));
	assert_string_equal(failure->mechanism, mechanism);
	assert_true(failure->is_peer_text || strstr(failure->text, mechanism) != NULL);
	stream_fixture_finish(&fixture);
}

static void every_sasl_condition_is_reported_with_advice(void **state)
{
	(void)state;
	static const char *const mechanisms[] = {"SCRAM-SHA-256", "PLAIN"};
	for (size_t i = 0; i < COUNT(mechanisms); i++) {
		for (size_t k = 0; k < COUNT(sasl_conditions); k++) {
			char children[512];
			const char *name = sasl_conditions[k].name;
			struct expected expected = {ENVOI_PHASE_SASL, ENVOI_ERR_AUTH, name,
				sasl_conditions[k].retry, "nein", "de", NULL};
			snprintf(children, sizeof(children),
				"<%s " NS_SASL "/><text xml:lang='de' " NS_SASL ">nein</text>",
				name);
			check_sasl_failure(mechanisms[i], children, &expected);
			expected.text = expected.lang = NULL;
			snprintf(children, sizeof(children), "<%s " NS_SASL "/>", name);
			check_sasl_failure(mechanisms[i], children, &expected);
		}
	}
}

static void a_sasl_failure_keeps_what_it_says_besides(void **state)
{
	(void)state;
	struct expected expected = {
		ENVOI_PHASE_SASL, ENVOI_ERR_AUTH, "", ENVOI_RETRY_AFTER_USER, NULL, NULL, NULL};
	check_sasl_failure("SCRAM-SHA-1", "", &expected);
	expected.application = "odd";
	check_sasl_failure("SCRAM-SHA-1", "<odd xmlns='urn:example:app'/>", &expected);
	expected.text = "why";
	expected.lang = "en";
	check_sasl_failure("SCRAM-SHA-1",
		"<text " NS_SASL ">why</text><odd xmlns='urn:example:app'/>", &expected);
}

/* A server that repeats what it got; the password is "secret". */
static void what_was_sent_is_struck_out_of_what_the_server_says(void **state)
{
	(void)state;
	static const struct {
		const char *mechanism, *text, *shown;
	} rows[] = {
		{"PLAIN", "bad: AGFsaWNlAHNlY3JldA== for alice", "bad: ***== for alice"},
		{"PLAIN", "AGFsaWNlAHNlY3JldA, AGFsaWNlAHNlY3JldA", "***, ***"},
		{"PLAIN", "c2VjcmV0 is secret and secretive", "*** is *** and ***ive"},
		{"PLAIN", "nothing of it", "nothing of it"},
		{"SCRAM-SHA-256", "AGFsaWNlAHNlY3JldA==", "AGFsaWNlAHNlY3JldA=="},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char children[512];
		const struct expected expected = {ENVOI_PHASE_SASL, ENVOI_ERR_AUTH,
			"not-authorized", ENVOI_RETRY_AFTER_USER, rows[i].shown, "en", NULL};
		snprintf(children, sizeof(children),
			"<not-authorized " NS_SASL "/><text " NS_SASL ">%s</text>", rows[i].text);
		check_sasl_failure(rows[i].mechanism, children, &expected);
	}
}

static void a_secret_that_a_long_text_repeats_at_its_end_is_not_cut_but_struck_out(void **state)
{
	(void)state;
	for (size_t len = 225; len < 260; len++) {
		char text[300], children[512];
		memset(text, 'x', len);
		snprintf(text + len, sizeof(text) - len, " AGFsaWNlAHNlY3JldA==");
		snprintf(children, sizeof(children), "<text " NS_SASL ">%s</text>", text);
		script_sasl("PLAIN", children);
		stream_fixture_run(&fixture, 10000);
		assert_int_equal(fixture.recorder.failure.code, ENVOI_ERR_AUTH);
		assert_null(strstr(fixture.recorder.failure.text, "AGFs"));
		stream_fixture_finish(&fixture);
	}
}

/* --- binding --- */

/** RFC 6120, section 8.3.3; sections 7.6.2 and 7.7.2 name the first four. */
static const struct {
	const char *name;
	enum envoi_retry retry;
} stanza_conditions[] = {
	{"resource-constraint", ENVOI_RETRY_LATER},
	{"not-allowed", ENVOI_RETRY_AFTER_USER},
	{"bad-request", ENVOI_RETRY_AFTER_USER},
	{"conflict", ENVOI_RETRY_AFTER_USER},
	{"feature-not-implemented", ENVOI_RETRY_NEVER},
	{"forbidden", ENVOI_RETRY_AFTER_USER},
	{"gone", ENVOI_RETRY_AFTER_USER},
	{"internal-server-error", ENVOI_RETRY_LATER},
	{"item-not-found", ENVOI_RETRY_AFTER_USER},
	{"jid-malformed", ENVOI_RETRY_AFTER_USER},
	{"not-acceptable", ENVOI_RETRY_AFTER_USER},
	{"not-authorized", ENVOI_RETRY_AFTER_USER},
	{"policy-violation", ENVOI_RETRY_AFTER_USER},
	{"recipient-unavailable", ENVOI_RETRY_LATER},
	{"redirect", ENVOI_RETRY_AFTER_USER},
	{"registration-required", ENVOI_RETRY_AFTER_USER},
	{"remote-server-not-found", ENVOI_RETRY_AFTER_USER},
	{"remote-server-timeout", ENVOI_RETRY_LATER},
	{"service-unavailable", ENVOI_RETRY_AFTER_USER},
	{"subscription-required", ENVOI_RETRY_AFTER_USER},
	{"undefined-condition", ENVOI_RETRY_AFTER_USER},
	{"unexpected-request", ENVOI_RETRY_LATER},
	{"brand-new", ENVOI_RETRY_AFTER_USER},
};

static void check_bind_failure(
	const char *type, const char *children, const struct expected *expected)
{
	char xml[512];
	stream_fixture_init(&fixture);
	script_until_binding();
	snprintf(xml, sizeof(xml), "<iq type='error' id='$i'><error %s>%s</error></iq>", type,
		children);
	peer_sends(fixture.peer, xml);
	peer_expects(fixture.peer, "</stream:stream>");
	stream_fixture_run(&fixture, 10000);
	peer_assert_done(fixture.peer);
	check_failure(expected);
	assert_int_equal(fixture.recorder.failure.stanza_condition,
		envoi_stanza_condition_from_name(expected->name));
	stream_fixture_finish(&fixture);
}

static void every_condition_of_a_refused_binding_is_reported_with_advice(void **state)
{
	(void)state;
	static const char *const types[] = {
		"type='cancel'", "type='modify'", "type='auth'", "", "type='odd'", "type='wait'"};
	for (size_t i = 0; i < COUNT(types); i++) {
		for (size_t k = 0; k < COUNT(stanza_conditions); k++) {
			char children[512];
			const char *name = stanza_conditions[k].name;
			bool waits = strcmp(types[i], "type='wait'") == 0;
			const struct expected expected = {ENVOI_PHASE_BIND, ENVOI_ERR_STANZA, name,
				waits ? ENVOI_RETRY_LATER : stanza_conditions[k].retry, "belegt",
				"de", "odd"};
			snprintf(children, sizeof(children),
				"<%s " NS_STANZA "/>"
				"<text xml:lang='de' " NS_STANZA ">belegt</text>"
				"<odd xmlns='urn:example:app'/>",
				name);
			check_bind_failure(types[i], children, &expected);
		}
	}
}

static void a_binding_refused_without_a_condition_is_reported(void **state)
{
	(void)state;
	const struct expected expected = {
		ENVOI_PHASE_BIND, ENVOI_ERR_STANZA, "", ENVOI_RETRY_AFTER_USER, NULL, NULL, NULL};
	check_bind_failure("", "", &expected);
	stream_fixture_init(&fixture);
	script_until_binding();
	peer_sends(fixture.peer, "<iq type='error' id='$i'/>");
	stream_fixture_run(&fixture, 10000);
	check_failure(&expected);
	stream_fixture_finish(&fixture);
}

/* RFC 6120, section 8.1.2.1 */
static void a_binding_answered_from_another_address_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *from;
		bool is_believed;
	} rows[] = {
		{"", true},
		{"from='example.org'", true},
		{"from='EXAMPLE.org'", true},
		{"from='alice@example.org'", true},
		{"from='alice@example.org/desk'", true},
		{"from='bob@example.org'", false},
		{"from='example.org/x'", false},
		{"from='evil.example'", false},
		{"from='alice@evil.example'", false},
		{"from=''", false},
		{"from='@'", false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char xml[512];
		stream_fixture_init(&fixture);
		script_until_binding();
		snprintf(xml, sizeof(xml),
			"<iq type='result' id='$i' %s>"
			"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
			"<jid>alice@example.org/desk</jid></bind></iq>",
			rows[i].from);
		peer_sends(fixture.peer, xml);
		stream_fixture_run(&fixture, 60000);
		if (recorder_has(&fixture.recorder, "ready") != rows[i].is_believed) {
			fail_msg("%s", rows[i].from);
		}
		if (!rows[i].is_believed) {
			recorder_assert_closed(
				&fixture.recorder, ENVOI_PHASE_BIND, ENVOI_ERR_PROTOCOL);
			assert_int_equal(fixture.recorder.failure.stream_condition,
				ENVOI_STREAM_INVALID_FROM);
		}
		stream_fixture_finish(&fixture);
	}
}

/* --- the tables themselves --- */

static void every_row_has_been_tried(void **state)
{
	(void)state;
	assert_int_equal(COUNT(stream_conditions), ENVOI_STREAM_CONDITIONS_END);
	assert_int_equal(COUNT(sasl_conditions), ENVOI_SASL_CONDITIONS_END);
	assert_int_equal(COUNT(stanza_conditions), ENVOI_STANZA_CONDITIONS_END);
	for (size_t i = 0; i + 1 < COUNT(stream_conditions); i++) {
		enum envoi_stream_condition condition = envoi_stream_condition_from_name(
			stream_conditions[i].name);
		assert_int_not_equal(condition, ENVOI_STREAM_NO_CONDITION);
		assert_string_equal(
			envoi_stream_condition_name(condition), stream_conditions[i].name);
	}
	for (size_t i = 0; i + 1 < COUNT(sasl_conditions); i++) {
		enum envoi_sasl_condition condition = envoi_sasl_condition_from_name(
			sasl_conditions[i].name);
		assert_int_not_equal(condition, ENVOI_SASL_NO_CONDITION);
		assert_string_equal(envoi_sasl_condition_name(condition), sasl_conditions[i].name);
	}
	for (size_t i = 0; i + 1 < COUNT(stanza_conditions); i++) {
		enum envoi_stanza_condition condition = envoi_stanza_condition_from_name(
			stanza_conditions[i].name);
		assert_int_not_equal(condition, ENVOI_STANZA_NO_CONDITION);
		assert_string_equal(
			envoi_stanza_condition_name(condition), stanza_conditions[i].name);
	}
}

static void what_is_no_condition_has_no_name_but_a_meaning(void **state)
{
	(void)state;
	static const int values[] = {-1, 0, ENVOI_STREAM_CONDITIONS_END, 1000};
	for (size_t i = 0; i < COUNT(values); i++) {
		assert_null(envoi_stream_condition_name((enum envoi_stream_condition)values[i]));
		assert_null(envoi_sasl_condition_name((enum envoi_sasl_condition)values[i]));
		assert_null(envoi_stanza_condition_name((enum envoi_stanza_condition)values[i]));
	}
	assert_non_null(envoi_stream_condition_meaning(ENVOI_STREAM_NO_CONDITION)->text);
	assert_non_null(envoi_sasl_condition_meaning(ENVOI_SASL_NO_CONDITION)->text);
	assert_non_null(envoi_stanza_condition_meaning(ENVOI_STANZA_NO_CONDITION)->text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_stream_condition_is_reported_with_advice_in_every_phase),
		cmocka_unit_test(a_stream_error_keeps_what_it_says_besides),
		cmocka_unit_test(names_of_any_length_fit),
		cmocka_unit_test(every_sasl_condition_is_reported_with_advice),
		cmocka_unit_test(a_sasl_failure_keeps_what_it_says_besides),
		cmocka_unit_test(what_was_sent_is_struck_out_of_what_the_server_says),
		cmocka_unit_test(
			a_secret_that_a_long_text_repeats_at_its_end_is_not_cut_but_struck_out),
		cmocka_unit_test(every_condition_of_a_refused_binding_is_reported_with_advice),
		cmocka_unit_test(a_binding_refused_without_a_condition_is_reported),
		cmocka_unit_test(a_binding_answered_from_another_address_is_refused),
		cmocka_unit_test(every_row_has_been_tried),
		cmocka_unit_test(what_is_no_condition_has_no_name_but_a_meaning),
	};
	return cmocka_run_group_tests_name("sim/failures", tests, NULL, NULL);
}
