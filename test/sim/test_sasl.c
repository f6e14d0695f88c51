/*
 * envoi - SASL on streams: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <gsasl.h>

#include <envoi/values.h>

#include "stream_fixture.h"

#define SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"

/* The exchange of RFC 5802, section 5: user "user", password "pencil". */
#define CLIENT_NONCE "fyko+d2lbbFgONRv9qkxdawL"
#define SERVER_NONCE "3rfcNHYJY1ZVvWVs7j"
#define CLIENT_FIRST "n,,n=user,r=" CLIENT_NONCE
#define SERVER_FIRST "r=" CLIENT_NONCE SERVER_NONCE ",s=QSXCR+Q6sek8bf92,i=4096"
#define CLIENT_FINAL "c=biws,r=" CLIENT_NONCE SERVER_NONCE ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
#define SERVER_FINAL "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="

static struct stream_fixture fixture;

/* Our nonces come from here. */
ssize_t getrandom(void *data, size_t len, unsigned int flags)
{
	if (len == 18) {
		size_t written;
		return envoi_base64_decode(data, &written, CLIENT_NONCE, 24) == 0 ? 18 : -1;
	}
	return syscall(SYS_getrandom, data, len, flags);
}

static int setup(void **state)
{
	(void)state;
	stream_fixture_init(&fixture);
	fixture.options.required = ENVOI_STREAM_AUTHENTICATED;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stream_fixture_finish(&fixture);
	return 0;
}

/* For the next row of a table. */
static void start_afresh(void)
{
	teardown(NULL);
	setup(NULL);
}

static void set(const char *name, const char *value)
{
	assert_int_equal(envoi_settings_set(fixture.settings, name, value), ENVOI_OK);
}

static void add_initiator(const char *authcid, const char *password)
{
	struct envoi_sasl_credentials *credentials;
	struct envoi_handler *handler;
	assert_int_equal(envoi_sasl_password_new(&credentials, fixture.context, authcid, password),
		ENVOI_OK);
	assert_int_equal(
		envoi_sasl_feature_new(&handler, fixture.context, fixture.settings, credentials),
		ENVOI_OK);
	stream_fixture_add(&fixture, handler);
}

static void script_offer(const char *mechanisms)
{
	char xml[1024];
	stream_fixture_script_headers(fixture.peer);
	snprintf(xml, sizeof(xml),
		"<stream:features><mechanisms " SASL ">%s</mechanisms></stream:features>",
		mechanisms);
	peer_sends(fixture.peer, xml);
}

/* An element of SASL with data, in base64 but for "" and "=". */
static const char *element(char *xml, size_t size, const char *name, const char *mechanism,
	const void *data, size_t len)
{
	char text[1024];
	if (len == 0 || (len == 1 && *(const char *)data == '=')) {
		snprintf(text, sizeof(text), "%.*s", (int)len, (const char *)data);
	} else {
		envoi_base64_encode(text, data, len);
	}
	snprintf(xml, size, "<%s " SASL "%s%s%s>%s</%s>", name, mechanism ? " mechanism='" : "",
		mechanism ? mechanism : "", mechanism ? "'" : "", text, name);
	return xml;
}

static void peer_sends_data(const char *name, const char *text)
{
	char xml[2048];
	peer_sends(fixture.peer, element(xml, sizeof(xml), name, NULL, text, strlen(text)));
}

static void peer_expects_data(const char *name, const char *mechanism, const char *text)
{
	char xml[2048];
	peer_expects(fixture.peer, element(xml, sizeof(xml), name, mechanism, text, strlen(text)));
}

static void run_and_expect_closed(int code)
{
	stream_fixture_run(&fixture, 60000);
	peer_assert_done(fixture.peer);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_SASL, code);
	assert_false(recorder_has(&fixture.recorder, "gained authenticated"));
}

static void script_restart(void)
{
	peer_restarts(fixture.peer);
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, "<stream:features/>");
}

static void run_and_expect_login(const char *gained)
{
	stream_fixture_run(&fixture, 60000);
	peer_assert_done(fixture.peer);
	recorder_assert_milestones(&fixture.recorder,
		(const char *const[]){"gained secure", "opened", gained, "opened", "ready", NULL});
}

/* --- initiating side --- */

static void script_scram_until_proof(void)
{
	script_offer("<mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism>");
	peer_expects_data("auth", "SCRAM-SHA-1", CLIENT_FIRST);
	peer_sends_data("challenge", SERVER_FIRST);
	peer_expects_data("response", NULL, CLIENT_FINAL);
}

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

/* --- a source of identities that takes its time --- */

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

/* --- receiving side --- */

static unsigned int lookups, canceled;
static bool lookup_frees_stream, answers_later, cancel_frees_stream;
static struct envoi_sasl_lookup *pending; /* one that is answered later; NULL: none */

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	(void)directory;
	lookups++;
	if (lookup_frees_stream) {
		pending = lookup;
		recorder_free_stream(&fixture.recorder);
		return;
	}
	if (answers_later) {
		assert_null(pending);
		assert_string_equal(lookup->domain, "example.org");
		pending = lookup;
		return;
	}
	envoi_sasl_lookup_answer_password(
		lookup, strcmp(lookup->authcid, "user") == 0 ? "pencil" : NULL);
}

static void cancel(struct envoi_sasl_directory *its_directory, struct envoi_sasl_lookup *lookup)
{
	(void)its_directory;
	assert_ptr_equal(lookup, pending);
	assert_string_equal(lookup->authcid, "user");
	pending = NULL;
	canceled++;
	if (cancel_frees_stream) {
		recorder_free_stream(&fixture.recorder);
	}
}

static bool serves(
	struct envoi_sasl_directory *its_directory, const struct envoi_sasl_mechanism *mechanism)
{
	(void)its_directory;
	return strcmp(mechanism->name, "SCRAM-SHA-512") != 0;
}

static const struct envoi_sasl_directory_impl directory_impl = {
	.look_up = look_up,
	.cancel = cancel,
};
static struct envoi_sasl_directory directory = {.impl = &directory_impl};

static void add_receiver(void)
{
	struct envoi_handler *handler;
	lookups = canceled = 0;
	lookup_frees_stream = answers_later = cancel_frees_stream = false;
	pending = NULL;
	assert_int_equal(
		envoi_sasl_receiver_new(&handler, fixture.context, fixture.settings, &directory),
		ENVOI_OK);
	stream_fixture_make_receiver(&fixture);
	stream_fixture_add(&fixture, handler);
}

#define CLIENT_HEADER \
	"<stream:stream xmlns='jabber:client' to='example.org' version='1.0' " \
	"xmlns:stream='http://etherx.jabber.org/streams'>"
#define SERVER_HEADER \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"id='*' from='example.org' version='1.0'>"

static void script_receiver(const char *mechanisms)
{
	char xml[1024];
	peer_sends(fixture.peer, CLIENT_HEADER);
	peer_expects(fixture.peer, SERVER_HEADER);
	snprintf(xml, sizeof(xml),
		"<stream:features><mechanisms " SASL ">%s</mechanisms></stream:features>",
		mechanisms);
	peer_expects(fixture.peer, xml);
}

#define OFFERED \
	"<mechanism>SCRAM-SHA-512</mechanism><mechanism>SCRAM-SHA-256</mechanism>" \
	"<mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism>"

static void peer_sends_auth(const char *mechanism, const void *data, size_t len)
{
	char xml[2048];
	peer_sends(fixture.peer, element(xml, sizeof(xml), "auth", mechanism, data, len));
}

static void peer_expects_failure(const char *condition)
{
	char xml[256];
	snprintf(xml, sizeof(xml), "<failure " SASL "><%s/></failure>", condition);
	peer_expects(fixture.peer, xml);
}

static void run_receiver(void)
{
	stream_fixture_run(&fixture, 5000);
	peer_assert_done(fixture.peer);
}

static void a_peer_with_the_right_password_is_let_in(void **state)
{
	(void)state;
	add_receiver();
	script_receiver(OFFERED);
	peer_sends_auth("PLAIN", "\0user\0pencil", 12);
	peer_expects_data("success", NULL, "");
	peer_restarts(fixture.peer);
	peer_sends(fixture.peer, CLIENT_HEADER);
	peer_expects(fixture.peer, SERVER_HEADER "<stream:features/>");
	run_receiver();
	assert_true(recorder_has(&fixture.recorder, "gained authenticated PLAIN"));
	assert_string_equal(envoi_sasl_user(fixture.recorder.stream, fixture.handlers[0]), "user");
}

static void a_peer_may_try_again_but_not_for_ever(void **state)
{
	(void)state;
	add_receiver();
	script_receiver(OFFERED);
	static const char *const wrong[] = {"\0user\0pincel", "\0nobod\0penci", "\0\0pencil12345"};
	for (size_t i = 0; i < 3; i++) {
		peer_sends_auth("PLAIN", wrong[i], 12);
		peer_expects_failure("not-authorized");
	}
	peer_sends_auth("DIGEST-MD5", "", 0);
	peer_expects_failure("invalid-mechanism");
	peer_sends(fixture.peer, "<auth " SASL " mechanism='PLAIN'>not base64</auth>");
	peer_expects_failure("incorrect-encoding");
	peer_expects(fixture.peer,
		"<stream:error><policy-violation "
		"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		"</stream:error></stream:stream>");
	run_receiver();
	assert_false(recorder_has(&fixture.recorder, "gained authenticated"));
	assert_null(envoi_sasl_user(fixture.recorder.stream, fixture.handlers[0]));
}

static void the_number_of_attempts_is_a_setting(void **state)
{
	(void)state;
	set("sasl.max-attempts", "2");
	add_receiver();
	script_receiver(OFFERED);
	for (int i = 0; i < 2; i++) {
		peer_sends_auth("PLAIN", "\0user\0pincel", 12);
		peer_expects_failure("not-authorized");
	}
	peer_expects(fixture.peer,
		"<stream:error><policy-violation "
		"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		"</stream:error></stream:stream>");
	run_receiver();
	assert_false(recorder_has(&fixture.recorder, "gained authenticated"));
}

static void a_peer_may_begin_without_an_initial_response_and_abort(void **state)
{
	(void)state;
	add_receiver();
	script_receiver(OFFERED);
	peer_sends_auth("SCRAM-SHA-1", "", 0);
	peer_expects_data("challenge", NULL, "");
	peer_sends(fixture.peer, "<abort " SASL "/>");
	peer_expects_failure("aborted");
	peer_sends(fixture.peer, "<response " SASL "/>");
	peer_expects_failure("malformed-request");
	peer_sends_auth("PLAIN", "\0user\0pencil", 12);
	peer_expects_data("success", NULL, "");
	run_receiver();
}

/* 100,000 iterations are 25 slices, each in a turn of the loop: the stream goes within them. */
static void free_within_the_derivation(int turns)
{
	stream_fixture_start(&fixture);
	for (int i = 0; i < turns; i++) {
		assert_int_equal(envoi_loop_run_once(fixture.loop, false), ENVOI_OK);
	}
	assert_int_equal(fixture.recorder.closed_count, 0);
	recorder_free_stream(&fixture.recorder);
	assert_int_equal(envoi_loop_simulated_run_for(fixture.loop, 1000), ENVOI_OK);
	start_afresh();
}

static void the_stream_may_be_freed_while_keys_are_derived(void **state)
{
	(void)state;
	for (int turns = 4; turns <= 24; turns += 4) {
		add_initiator("user", "pencil");
		script_offer("<mechanism>SCRAM-SHA-1</mechanism>");
		peer_expects_data("auth", "SCRAM-SHA-1", CLIENT_FIRST);
		peer_sends_data(
			"challenge", "r=" CLIENT_NONCE SERVER_NONCE ",s=QSXCR+Q6sek8bf92,i=100000");
		free_within_the_derivation(turns);

		set("sasl.min-iterations", "100000");
		add_receiver();
		script_receiver(OFFERED);
		peer_sends_auth("SCRAM-SHA-1", CLIENT_FIRST, strlen(CLIENT_FIRST));
		free_within_the_derivation(turns);
	}
}

static void nothing_is_offered_in_clear(void **state)
{
	(void)state;
	fixture.is_plain = true;
	add_receiver();
	peer_sends(fixture.peer, CLIENT_HEADER);
	peer_expects(fixture.peer, SERVER_HEADER "<stream:features/>");
	peer_sends_auth("PLAIN", "\0user\0pencil", 12);
	peer_expects_failure("invalid-mechanism");
	stream_fixture_run(&fixture, 5000);
	peer_assert_done(fixture.peer);
	assert_int_equal(lookups, 0);
}

static void only_what_the_settings_name_is_offered_and_taken(void **state)
{
	(void)state;
	set("sasl.mechanisms", "SCRAM-SHA-256-PLUS SCRAM-SHA-1 X-OWN");
	add_receiver();
	script_receiver("<mechanism>SCRAM-SHA-1</mechanism>");
	peer_sends_auth("PLAIN", "\0user\0pencil", 12);
	peer_expects_failure("invalid-mechanism");
	run_receiver();
	assert_int_equal(lookups, 0);
}

/* Until the directory answers, the peer waits. */
static void begin_to_wait(void)
{
	add_receiver();
	answers_later = true;
	script_receiver(OFFERED);
	peer_sends_auth("PLAIN", "\0user\0pencil", 12);
	run_receiver();
	assert_non_null(pending);
	assert_int_equal(fixture.recorder.closed_count, 0);
}

static void answer_pending(int code, const char *password)
{
	struct envoi_sasl_lookup *lookup = pending;
	const struct envoi_sasl_account account = {.password = password};
	pending = NULL;
	envoi_sasl_lookup_answer(lookup, code, &account);
	envoi_sasl_lookup_answer(lookup, ENVOI_OK, &account); /* a second one has no effect */
}

static void an_account_may_be_found_later(void **state)
{
	(void)state;
	static const struct {
		int code;
		const char *password, *condition; /* NULL: success */
	} rows[] = {
		{ENVOI_OK, "pencil", NULL},
		{ENVOI_OK, "other", "not-authorized"},
		{ENVOI_OK, NULL, "not-authorized"},
		{ENVOI_ERR_NOT_FOUND, NULL, "not-authorized"},
		{ENVOI_ERR_DISCONNECTED, NULL, "temporary-auth-failure"},
		{ENVOI_ERR_NOMEM, NULL, "temporary-auth-failure"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin_to_wait();
		answer_pending(rows[i].code, rows[i].password);
		if (rows[i].condition != NULL) {
			peer_expects_failure(rows[i].condition);
		} else {
			peer_expects_data("success", NULL, "");
		}
		run_receiver();
		assert_int_equal(lookups, 1);
		assert_int_equal(canceled, 0);
		start_afresh();
	}
}

/* What the peer can do while its account is looked up. */
static const struct {
	const char *xml, *condition;
} interruptions[] = {
	{"<abort " SASL "/>", "aborted"},
	{"<response " SASL ">AA==</response>", "malformed-request"},
	{"<response " SASL "/>", "malformed-request"},
	{"<auth " SASL " mechanism='PLAIN'>AHVzZXIAcGVuY2ls</auth>", "malformed-request"},
};

static void a_lookup_is_canceled_where_the_peer_ends_the_exchange(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(interruptions) / sizeof(interruptions[0]); i++) {
		begin_to_wait();
		peer_sends(fixture.peer, interruptions[i].xml);
		peer_start(fixture.peer);
		peer_expects_failure(interruptions[i].condition);
		answers_later = false;
		peer_sends_auth("PLAIN", "\0user\0pencil", 12);
		peer_expects_data("success", NULL, "");
		run_receiver();
		assert_int_equal(canceled, 1);
		start_afresh();
	}
}

static void everything_may_be_freed_where_a_lookup_is_canceled(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(interruptions) / sizeof(interruptions[0]); i++) {
		begin_to_wait();
		cancel_frees_stream = true;
		peer_sends(fixture.peer, interruptions[i].xml);
		peer_start(fixture.peer);
		stream_fixture_run(&fixture, 5000);
		assert_int_equal(canceled, 1);
		assert_int_equal(fixture.recorder.after_free, 0);
		start_afresh();
	}
	begin_to_wait();
	recorder_free_stream(&fixture.recorder);
	assert_int_equal(canceled, 1);
}

static void a_directory_that_does_not_answer_ends_the_stream_in_time(void **state)
{
	(void)state;
	begin_to_wait();
	stream_fixture_run(&fixture, 600000);
	assert_int_equal(fixture.recorder.closed_count, 1);
	assert_int_equal(fixture.recorder.failure.code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(fixture.recorder.failure.phase, ENVOI_PHASE_SASL);
	recorder_free_stream(&fixture.recorder);
	assert_int_equal(canceled, 1);
}

static void what_the_directory_cannot_serve_is_not_offered(void **state)
{
	(void)state;
	static const struct envoi_sasl_directory_impl some_impl = {
		.look_up = look_up,
		.serves = serves,
	};
	directory.impl = &some_impl;
	add_receiver();
	script_receiver("<mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-1</mechanism>"
			"<mechanism>PLAIN</mechanism>");
	peer_sends_auth("SCRAM-SHA-512", CLIENT_FIRST, strlen(CLIENT_FIRST));
	peer_expects_failure("invalid-mechanism");
	run_receiver();
	assert_int_equal(lookups, 0);
	directory.impl = &directory_impl;
}

static void the_stream_may_be_freed_while_an_account_is_looked_up(void **state)
{
	(void)state;
	add_receiver();
	lookup_frees_stream = true;
	peer_sends(fixture.peer, CLIENT_HEADER);
	peer_sends_auth("PLAIN", "\0user\0pencil", 12);
	stream_fixture_run(&fixture, 5000);
	assert_int_equal(lookups, 1);
	assert_int_equal(canceled, 1);
	assert_int_equal(fixture.recorder.after_free, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(an_account_may_be_found_later),
		CASE(a_lookup_is_canceled_where_the_peer_ends_the_exchange),
		CASE(everything_may_be_freed_where_a_lookup_is_canceled),
		CASE(a_directory_that_does_not_answer_ends_the_stream_in_time),
		CASE(what_the_directory_cannot_serve_is_not_offered),
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
		CASE(an_identity_may_come_later),
		CASE(an_incomplete_source_is_refused),
		CASE(an_answer_may_take_longer_than_the_server),
		CASE(after_the_answer_the_server_has_its_time_limit_again),
		CASE(an_answer_without_identity_ends_the_login),
		CASE(a_source_that_never_answers_is_a_timeout),
		CASE(success_during_a_request_for_the_password_is_refused),
		CASE(the_stream_may_be_freed_during_a_request_for_the_password),
		CASE(a_peer_with_the_right_password_is_let_in),
		CASE(a_peer_may_try_again_but_not_for_ever),
		CASE(the_number_of_attempts_is_a_setting),
		CASE(a_peer_may_begin_without_an_initial_response_and_abort),
		CASE(the_stream_may_be_freed_while_keys_are_derived),
		CASE(nothing_is_offered_in_clear),
		CASE(only_what_the_settings_name_is_offered_and_taken),
		CASE(the_stream_may_be_freed_while_an_account_is_looked_up),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sim/sasl", tests, NULL, NULL);
}
