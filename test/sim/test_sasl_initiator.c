/*
 * envoi - SASL on streams, initiating side: tests
 * SPDX-License-Identifier: MIT
 */
#include "sasl_peer.h"

#include <stdio.h>
#include <string.h>

static void scram_ends_with_the_servers_proof_in_success(void **state)
{
	(void)state;
	add_initiator("user", "pencil");
	script_scram_until_proof();
	peer_sends_data("success", SERVER_FINAL);
	script_restart();
	run_and_expect_login("gained authenticated SCRAM-SHA-1");
}

static void the_proof_may_come_in_a_challenge(void **state)
{
	(void)state;
	add_initiator("user", "pencil");
	script_scram_until_proof();
	peer_sends_data("challenge", SERVER_FINAL);
	peer_expects_data("response", NULL, "");
	peer_sends_data("success", "");
	script_restart();
	run_and_expect_login("gained authenticated SCRAM-SHA-1");
}

static void plain_sends_user_and_password_at_once(void **state)
{
	(void)state;
	char xml[256];
	add_initiator(NULL, "secret");
	script_offer("<mechanism>DIGEST-MD5</mechanism><mechanism>PLAIN</mechanism>");
	peer_expects(
		fixture.peer, element(xml, sizeof(xml), "auth", "PLAIN", "\0alice\0secret", 13));
	peer_sends_data("success", "");
	script_restart();
	run_and_expect_login("gained authenticated PLAIN");
}

static void data_of_no_length_is_an_equals_sign(void **state)
{
	(void)state;
	set("sasl.mechanisms", "ANONYMOUS");
	add_initiator(NULL, NULL);
	script_offer("<mechanism>PLAIN</mechanism><mechanism>ANONYMOUS</mechanism>");
	peer_expects_data("auth", "ANONYMOUS", "=");
	peer_sends_data("success", "=");
	script_restart();
	run_and_expect_login("gained authenticated ANONYMOUS");
}

/* Answers of a server that does not know the password. */
static void only_a_proof_and_success_together_authenticate(void **state)
{
	(void)state;
	static const struct {
		const char *before; /* a challenge after our proof; NULL: none */
		const char *success;
		int code;
	} rows[] = {
		{NULL, "", ENVOI_ERR_AUTH},
		{NULL, "=", ENVOI_ERR_PROTOCOL},
		{NULL, "v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", ENVOI_ERR_AUTH},
		{NULL, "e=invalid-proof", ENVOI_ERR_AUTH},
		{NULL, SERVER_FIRST, ENVOI_ERR_PROTOCOL},
		{NULL, "x", ENVOI_ERR_PROTOCOL},
		{SERVER_FINAL, SERVER_FINAL, ENVOI_ERR_PROTOCOL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		add_initiator("user", "pencil");
		script_scram_until_proof();
		if (rows[i].before != NULL) {
			peer_sends_data("challenge", rows[i].before);
			peer_expects_data("response", NULL, "");
		}
		peer_sends_data("success", rows[i].success);
		peer_expects(fixture.peer, "</stream:stream>");
		run_and_expect_closed(rows[i].code);
		start_afresh();
	}
}

static void success_in_place_of_the_first_challenge_is_no_login(void **state)
{
	(void)state;
	static const struct {
		const char *success;
		int code;
	} rows[] = {
		{"", ENVOI_ERR_AUTH},
		{SERVER_FIRST, ENVOI_ERR_PROTOCOL},
		{SERVER_FINAL, ENVOI_ERR_PROTOCOL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		add_initiator("user", "pencil");
		script_offer("<mechanism>SCRAM-SHA-1</mechanism>");
		peer_expects_data("auth", "SCRAM-SHA-1", CLIENT_FIRST);
		peer_sends_data("success", rows[i].success);
		peer_expects(fixture.peer, "</stream:stream>");
		run_and_expect_closed(rows[i].code);
		start_afresh();
	}
}

/* Refused with <abort/>, RFC 6120, section 6.4.4. */
static void bad_challenges_are_aborted(void **state)
{
	(void)state;
	static const struct {
		const char *xml;
		int code;
	} rows[] = {
		{"<challenge " SASL ">Zm9 v</challenge>", ENVOI_ERR_PROTOCOL},
		{"<challenge " SASL ">Zm9</challenge>", ENVOI_ERR_PROTOCOL},
		{"<challenge " SASL ">====</challenge>", ENVOI_ERR_PROTOCOL},
		{"<challenge " SASL ">Zm9vZh==</challenge>", ENVOI_ERR_PROTOCOL},
		{"<challenge " SASL ">r=plain</challenge>", ENVOI_ERR_PROTOCOL},
		{"<challenge " SASL ">=</challenge>", ENVOI_ERR_PROTOCOL},
		{"<challenge " SASL "/>", ENVOI_ERR_PROTOCOL},
		{"<challenge " SASL "><x xmlns='y'/></challenge>", ENVOI_ERR_PROTOCOL},
		{NULL, ENVOI_ERR_LIMIT},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		add_initiator("user", "pencil");
		script_offer("<mechanism>SCRAM-SHA-1</mechanism>");
		peer_expects_data("auth", "SCRAM-SHA-1", CLIENT_FIRST);
		if (rows[i].xml != NULL) {
			peer_sends(fixture.peer, rows[i].xml);
		} else {
			peer_sends_data("challenge",
				"r=" CLIENT_NONCE SERVER_NONCE ",s=QSXCR+Q6sek8bf92,i=99999999");
		}
		peer_expects(fixture.peer, "<abort " SASL "/></stream:stream>");
		run_and_expect_closed(rows[i].code);
		start_afresh();
	}
}

static void nothing_acceptable_ends_before_anything_is_sent(void **state)
{
	(void)state;
	set("sasl.allow-plain", "false");
	add_initiator("user", "pencil");
	script_offer("<mechanism>PLAIN</mechanism><mechanism>DIGEST-MD5</mechanism>");
	peer_expects(fixture.peer, "</stream:stream>");
	run_and_expect_closed(ENVOI_ERR_AUTH);
	assert_string_equal(fixture.recorder.failure.text,
		"no acceptable mechanism: PLAIN (sasl.allow-plain is off), DIGEST-MD5 (not in "
		"sasl.mechanisms)");
	assert_int_equal(fixture.recorder.failure.retry, ENVOI_RETRY_AFTER_USER);
}

static void nothing_is_sent_where_there_is_no_tls(void **state)
{
	(void)state;
	fixture.is_plain = true;
	add_initiator("user", "pencil");
	peer_expects(fixture.peer,
		"<stream:stream xmlns='jabber:client' to='example.org' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>");
	peer_sends(fixture.peer,
		STREAM_HEADER_IN
		"<stream:features><mechanisms " SASL ">"
		"<mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-1</mechanism></mechanisms>"
		"</stream:features>");
	peer_expects(fixture.peer, "</stream:stream>");
	stream_fixture_run(&fixture, 60000);
	peer_assert_done(fixture.peer);
	assert_int_equal(fixture.recorder.failure.code, ENVOI_ERR_TLS);
}

static void without_tls_by_the_users_will_the_password_is_not_sent(void **state)
{
	(void)state;
	fixture.is_plain = true;
	set("tls.mode", "none");
	add_initiator("user", "pencil");
	peer_expects(fixture.peer,
		"<stream:stream xmlns='jabber:client' to='example.org' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>");
	peer_sends(fixture.peer,
		STREAM_HEADER_IN "<stream:features><mechanisms " SASL ">"
				 "<mechanism>PLAIN</mechanism></mechanisms></stream:features>");
	peer_expects(fixture.peer, "</stream:stream>");
	run_and_expect_closed(ENVOI_ERR_AUTH);
}

static void credentials_that_cannot_be_prepared_fail_before_anything_is_sent(void **state)
{
	(void)state;
	add_initiator("user", "\xf0\x9f\x98\x80\x07");
	script_offer("<mechanism>SCRAM-SHA-1</mechanism>");
	peer_expects(fixture.peer, "</stream:stream>");
	run_and_expect_closed(ENVOI_ERR_INVALID);
	assert_int_equal(fixture.recorder.failure.retry, ENVOI_RETRY_AFTER_USER);
}

/* Each where it was not asked for. */
static void elements_out_of_turn_are_fatal(void **state)
{
	(void)state;
	static const char *const elements[] = {"<challenge " SASL "/>", "<success " SASL "/>",
		"<failure " SASL "><not-authorized/></failure>", "<auth " SASL "/>",
		"<response " SASL "/>", "<abort " SASL "/>", "<other " SASL "/>"};
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
		fixture.options.required = 0;
		add_initiator("user", "pencil");
		stream_fixture_script_headers(fixture.peer);
		peer_sends(fixture.peer, "<stream:features/>");
		peer_sends(fixture.peer, elements[i]);
		peer_expects(fixture.peer,
			"<stream:error><unsupported-stanza-type "
			"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
			"</stream:error></stream:stream>");
		stream_fixture_run(&fixture, 60000);
		peer_assert_done(fixture.peer);
		assert_int_equal(fixture.recorder.failure.code, ENVOI_ERR_PROTOCOL);
		assert_false(recorder_has(&fixture.recorder, "gained authenticated"));
		start_afresh();
	}
}

static void a_challenge_after_the_end_is_aborted(void **state)
{
	(void)state;
	char xml[256];
	add_initiator(NULL, "secret");
	script_offer("<mechanism>PLAIN</mechanism>");
	peer_expects(
		fixture.peer, element(xml, sizeof(xml), "auth", "PLAIN", "\0alice\0secret", 13));
	peer_sends_data("challenge", "again");
	peer_expects(fixture.peer, "<abort " SASL "/></stream:stream>");
	run_and_expect_closed(ENVOI_ERR_PROTOCOL);
}

static void unexpected_data_in_success_is_refused(void **state)
{
	(void)state;
	add_initiator("user", "pencil");
	script_scram_until_proof();
	char xml[512];
	element(xml, sizeof(xml), "success", NULL, SERVER_FINAL, strlen(SERVER_FINAL));
	snprintf(xml + strlen(xml), sizeof(xml) - strlen(xml),
		"<message from='evil@example.org'><body>hi</body></message>");
	peer_sends(fixture.peer, xml);
	stream_fixture_run(&fixture, 60000);
	assert_int_equal(fixture.recorder.closed_count, 1);
	assert_int_equal(fixture.recorder.failure.code, ENVOI_ERR_PROTOCOL);
	assert_int_equal(fixture.recorder.stanza_count, 0);
}

/* --- a mechanism of one's own, that never ends --- */

static int endless_step(
	struct envoi_sasl_exchange *exchange, const void *in, size_t len, struct envoi_buffer *out)
{
	(void)exchange, (void)in, (void)len;
	int r = envoi_buffer_append(out, "more", 4);
	return r < 0 ? r : ENVOI_AGAIN;
}

static const char *endless_authcid(struct envoi_sasl_exchange *exchange)
{
	(void)exchange;
	return NULL;
}

static void endless_destroy(struct envoi_sasl_exchange *exchange)
{
	envoi_free(exchange->context, exchange);
}

static const struct envoi_sasl_exchange_impl endless_impl = {
	endless_step, endless_authcid, endless_destroy};

static int endless_start(const struct envoi_sasl_mechanism *mechanism,
	struct envoi_sasl_exchange **ret_exchange, struct envoi_context *context,
	const struct envoi_sasl_parameters *parameters)
{
	struct envoi_sasl_exchange *exchange = envoi_alloc(context, sizeof(*exchange));
	*exchange = (struct envoi_sasl_exchange){.impl = &endless_impl,
		.mechanism = mechanism,
		.context = envoi_context_ref(context),
		.role = parameters->role,
		.ended = ENVOI_AGAIN};
	*ret_exchange = exchange;
	return ENVOI_OK;
}

static const struct envoi_sasl_mechanism endless = {
	.name = "X-ENDLESS", .means = ENVOI_SASL_PASSWORD, .start = endless_start};

static void the_server_speaks_first_where_the_mechanism_says_so_but_not_for_ever(void **state)
{
	(void)state;
	set("sasl.mechanisms", "X-ENDLESS");
	set("sasl.max-rounds", "3");
	assert_int_equal(envoi_context_add_sasl_mechanism(fixture.context, &endless), ENVOI_OK);
	add_initiator("user", "pencil");
	script_offer("<mechanism>X-ENDLESS</mechanism>");
	peer_expects_data("auth", "X-ENDLESS", "");
	for (int i = 0; i < 3; i++) {
		peer_sends_data("challenge", "go");
		peer_expects_data("response", NULL, "more");
	}
	peer_sends_data("challenge", "go");
	peer_expects(fixture.peer, "<abort " SASL "/></stream:stream>");
	run_and_expect_closed(ENVOI_ERR_LIMIT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, sasl_setup, sasl_teardown)
		CASE(scram_ends_with_the_servers_proof_in_success),
		CASE(the_proof_may_come_in_a_challenge),
		CASE(plain_sends_user_and_password_at_once),
		CASE(data_of_no_length_is_an_equals_sign),
		CASE(only_a_proof_and_success_together_authenticate),
		CASE(success_in_place_of_the_first_challenge_is_no_login),
		CASE(bad_challenges_are_aborted),
		CASE(nothing_acceptable_ends_before_anything_is_sent),
		CASE(nothing_is_sent_where_there_is_no_tls),
		CASE(without_tls_by_the_users_will_the_password_is_not_sent),
		CASE(credentials_that_cannot_be_prepared_fail_before_anything_is_sent),
		CASE(elements_out_of_turn_are_fatal),
		CASE(a_challenge_after_the_end_is_aborted),
		CASE(unexpected_data_in_success_is_refused),
		CASE(the_server_speaks_first_where_the_mechanism_says_so_but_not_for_ever),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sim/sasl_initiator", tests, NULL, NULL);
}
