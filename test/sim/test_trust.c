/*
 * envoi - trust decisions of the application, and pins
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "server.h"

enum act {
	DO_NOTHING,
	ANSWER_AT_ONCE,
	WAIT, /* keep the question */
	FREE_CLIENT,
	DISCONNECT,
};

static struct {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct test_server *server;
	struct envoi_client *client;
	struct envoi_tls_decider decider;
	struct envoi_tls_question *question; /* kept */
	enum act act, act_when_over;
	enum envoi_tls_answer answer, told;
	int asked, overs;
	unsigned int doubts;
	char reasons[512], names[128], pin[ENVOI_TLS_PIN_SIZE], domain[64], subject[64];
	size_t chain_len, der_len;
} all;

static void act(enum act what, struct envoi_tls_question *question)
{
	switch (what) {
	case DO_NOTHING:
		break;
	case ANSWER_AT_ONCE:
		envoi_tls_question_answer(question, all.answer);
		break;
	case WAIT:
		all.question = envoi_tls_question_ref(question);
		break;
	case FREE_CLIENT:
		envoi_client_free(all.client);
		all.client = NULL;
		break;
	case DISCONNECT:
		envoi_client_disconnect(all.client);
		break;
	}
}

static void decide(struct envoi_tls_decider *decider, struct envoi_tls_question *question)
{
	(void)decider;
	const struct envoi_tls_peer *peer = envoi_tls_question_peer(question);
	all.asked++;
	all.doubts = peer->doubts;
	all.chain_len = peer->chain_len;
	all.der_len = peer->chain[0].len;
	snprintf(all.reasons, sizeof(all.reasons), "%s", peer->reasons);
	snprintf(all.names, sizeof(all.names), "%s", peer->names);
	snprintf(all.pin, sizeof(all.pin), "%s", peer->pin);
	snprintf(all.domain, sizeof(all.domain), "%s", peer->domain);
	snprintf(all.subject, sizeof(all.subject), "%s", peer->subject);
	act(all.act, question);
}

static void over(struct envoi_tls_decider *decider, struct envoi_tls_question *question,
	enum envoi_tls_answer answer)
{
	(void)decider;
	all.overs++;
	all.told = answer;
	act(all.act_when_over, question);
}

static const struct envoi_tls_decider_impl decider_impl = {.decide = decide, .over = over};

static void make_client(void)
{
	assert_int_equal(
		envoi_client_new(&all.client, all.context, "alice@example.org/home"), ENVOI_OK);
	envoi_client_set(all.client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	envoi_client_set(all.client, "tls.system-trust", "false");
	envoi_client_set_password(all.client, "wonderland");
}

static void begin(const char *certificate)
{
	memset(&all, 0, sizeof(all));
	all.decider.impl = &decider_impl;
	assert_int_equal(envoi_context_new(&all.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&all.loop, all.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(all.context, all.loop), ENVOI_OK);
	all.server = test_server_new(all.context, TEST_DATA, certificate);
	test_server_add_account(all.server, "alice", "wonderland");
	static const char *const patient[] = {"tls.timeout", "stream.timeout"};
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
			envoi_settings_set(test_server_settings(all.server), patient[i], "3600s"),
			ENVOI_OK);
	}
	make_client();
	envoi_client_add_connector(all.client, test_server_connector(all.server));
}

static void log_in(enum act what, uint64_t ms)
{
	all.act = what;
	envoi_client_set_tls_decider(all.client, &all.decider);
	assert_int_equal(envoi_client_connect(all.client), ENVOI_OK);
	assert_int_equal(envoi_loop_simulated_run_for(all.loop, ms), ENVOI_OK);
}

static void run(uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(all.loop, ms), ENVOI_OK);
}

static void finish(void)
{
	all.act_when_over = DO_NOTHING;
	envoi_client_free(all.client);
	test_server_free(all.server);
	envoi_context_unref(all.context);
	envoi_tls_question_unref(all.question);
}

static void expect_failure(int code, const char *words)
{
	const struct envoi_failure *failure = envoi_client_failure(all.client);
	assert_non_null(failure);
	assert_int_equal(failure->code, code);
	assert_int_equal(test_server_online(all.server), 0);
	if (strstr(envoi_client_failure_text(all.client), words) == NULL) {
		fail_msg("%s", envoi_client_failure_text(all.client));
	}
}

static void without_a_decider_every_doubt_ends_the_connection(void **state)
{
	(void)state;
	begin("self-signed.pem");
	assert_int_equal(envoi_client_connect(all.client), ENVOI_OK);
	run(1000);
	expect_failure(ENVOI_ERR_CERTIFICATE, "self-signed");
	finish();
}

static void a_valid_certificate_needs_no_decision(void **state)
{
	(void)state;
	begin("right.pem");
	log_in(WAIT, 1000);
	assert_int_equal(test_server_online(all.server), 1);
	assert_int_equal(all.asked, 0);
	assert_int_equal(all.overs, 0);
	finish();
}

static void the_decider_gets_all_errors_of_a_certificate(void **state)
{
	(void)state;
	begin("other-name.pem");
	log_in(DO_NOTHING, 1000);
	assert_int_equal(all.asked, 1);
	assert_int_equal(all.doubts, ENVOI_TLS_DOUBT_NAME);
	assert_string_equal(all.domain, "example.org");
	assert_string_equal(all.names, "other.example");
	assert_string_equal(all.subject, "CN=example.org");
	assert_int_equal(all.chain_len, 1);
	assert_true(all.der_len > 100);
	assert_memory_equal(all.pin, "sha256:", 7);
	assert_int_equal(strlen(all.pin), 51);
	expect_failure(ENVOI_ERR_CERTIFICATE, "is for other.example, not for example.org");
	finish();
}

static void two_doubts_are_reported_together(void **state)
{
	(void)state;
	begin("client-purpose.pem");
	envoi_client_set(
		all.client, "tls.pins", "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	log_in(DO_NOTHING, 1000);
	assert_int_equal(all.doubts, ENVOI_TLS_DOUBT_PURPOSE | ENVOI_TLS_DOUBT_PIN);
	assert_non_null(strstr(all.reasons, "; "));
	finish();
}

static void a_decider_without_an_answer_refuses(void **state)
{
	(void)state;
	begin("self-signed.pem");
	log_in(DO_NOTHING, 1000);
	assert_int_equal(all.asked, 1);
	assert_int_equal(all.overs, 1);
	assert_int_equal(all.told, ENVOI_TLS_REFUSE);
	expect_failure(ENVOI_ERR_CERTIFICATE, "self-signed");
	finish();
}

static void an_answer_may_come_at_once(void **state)
{
	(void)state;
	begin("self-signed.pem");
	all.answer = ENVOI_TLS_ACCEPT_ONCE;
	log_in(ANSWER_AT_ONCE, 1000);
	assert_int_equal(all.overs, 1);
	assert_int_equal(all.told, ENVOI_TLS_ACCEPT_ONCE);
	assert_int_equal(test_server_online(all.server), 1);
	finish();
}

static void an_answer_may_come_after_minutes(void **state)
{
	(void)state;
	begin("self-signed.pem");
	log_in(WAIT, 300000);
	assert_int_equal(all.overs, 0);
	assert_int_equal(test_server_online(all.server), 0);
	assert_null(envoi_client_failure(all.client));
	assert_int_equal(envoi_tls_question_answer(all.question, ENVOI_TLS_ACCEPT_ONCE), ENVOI_OK);
	assert_int_equal(
		envoi_tls_question_answer(all.question, ENVOI_TLS_ACCEPT_ONCE), ENVOI_ERR_STATE);
	assert_int_equal(all.overs, 0); /* not from inside the call */
	run(1000);
	assert_int_equal(all.overs, 1);
	assert_int_equal(test_server_online(all.server), 1);
	finish();
}

static void who_dropped_the_question_has_refused(void **state)
{
	(void)state;
	begin("self-signed.pem");
	log_in(WAIT, 30000);
	all.question = envoi_tls_question_unref(all.question);
	run(1000);
	assert_int_equal(all.overs, 1);
	expect_failure(ENVOI_ERR_CERTIFICATE, "self-signed");
	finish();
}

static void a_refusal_may_come_late(void **state)
{
	(void)state;
	begin("expired.pem");
	log_in(WAIT, 100000);
	assert_int_equal(all.doubts, ENVOI_TLS_DOUBT_EXPIRED);
	assert_int_equal(envoi_tls_question_answer(all.question, ENVOI_TLS_REFUSE), ENVOI_OK);
	run(1000);
	expect_failure(ENVOI_ERR_CERTIFICATE, "expired on 2021-01-01");
	finish();
}

static void thinking_has_a_limit_of_its_own(void **state)
{
	(void)state;
	begin("self-signed.pem");
	envoi_client_set(all.client, "tls.decision-timeout", "120s");
	log_in(WAIT, 119000);
	assert_int_equal(all.overs, 0);
	run(10000);
	assert_int_equal(all.overs, 1);
	expect_failure(
		ENVOI_ERR_TIMEOUT, "no decision about the server's certificate within 120 s");
	assert_int_equal(
		envoi_tls_question_answer(all.question, ENVOI_TLS_ACCEPT_ONCE), ENVOI_ERR_STATE);
	finish();
}

static void after_the_answer_the_deadlines_hold_again(void **state)
{
	(void)state;
	begin("self-signed.pem");
	log_in(WAIT, 200000);
	struct envoi_memory_pair *pair = test_server_pair(all.server, NULL);
	struct envoi_memory_script silence = ENVOI_MEMORY_SCRIPT_INIT;
	silence.stall_at = envoi_memory_pair_sent(pair, ENVOI_MEMORY_B);
	envoi_memory_pair_script(pair, ENVOI_MEMORY_B, &silence);
	assert_null(envoi_client_failure(all.client));
	assert_int_equal(envoi_tls_question_answer(all.question, ENVOI_TLS_ACCEPT_ONCE), ENVOI_OK);
	run(10000);
	assert_null(envoi_client_failure(all.client));
	run(60000);
	expect_failure(ENVOI_ERR_TIMEOUT, "");
	finish();
}

static void a_server_that_leaves_ends_the_question(void **state)
{
	(void)state;
	begin("self-signed.pem");
	assert_int_equal(
		envoi_settings_set_int(test_server_settings(all.server), "tls.timeout", 30000),
		ENVOI_OK);
	log_in(WAIT, 40000);
	assert_int_equal(all.overs, 1);
	assert_int_equal(all.told, ENVOI_TLS_REFUSE);
	expect_failure(ENVOI_ERR_DISCONNECTED, "did not wait");
	assert_int_equal(
		envoi_tls_question_answer(all.question, ENVOI_TLS_ACCEPT_ONCE), ENVOI_ERR_STATE);
	finish();
}

static void the_client_may_be_freed_in_the_question(void **state)
{
	(void)state;
	begin("self-signed.pem");
	log_in(FREE_CLIENT, 1000);
	assert_null(all.client);
	assert_int_equal(all.overs, 1);
	finish();
}

static void the_client_may_disconnect_in_the_question(void **state)
{
	(void)state;
	begin("self-signed.pem");
	log_in(DISCONNECT, 10000);
	assert_int_equal(all.overs, 1);
	assert_non_null(envoi_client_failure(all.client));
	finish();
}

static void the_client_may_be_freed_when_a_decision_is_withdrawn(void **state)
{
	(void)state;
	for (int answer = ENVOI_TLS_REFUSE; answer <= ENVOI_TLS_ACCEPT_AND_PIN; answer++) {
		begin("self-signed.pem");
		all.answer = (enum envoi_tls_answer)answer;
		all.act_when_over = FREE_CLIENT;
		log_in(ANSWER_AT_ONCE, 1000);
		assert_null(all.client);
		assert_int_equal(all.overs, 1);
		finish();
	}
}

static void freeing_the_client_ends_the_question_at_once(void **state)
{
	(void)state;
	begin("self-signed.pem");
	log_in(WAIT, 1000);
	envoi_client_free(all.client);
	all.client = NULL;
	assert_int_equal(all.overs, 1);
	assert_int_equal(
		envoi_tls_question_answer(all.question, ENVOI_TLS_ACCEPT_AND_PIN), ENVOI_ERR_STATE);
	finish(); /* the question goes after the context's other users */
}

static void a_key_accepted_once_needs_a_new_decision(void **state)
{
	(void)state;
	begin("self-signed.pem");
	all.answer = ENVOI_TLS_ACCEPT_ONCE;
	log_in(ANSWER_AT_ONCE, 1000);
	envoi_client_disconnect(all.client);
	run(1000);
	log_in(ANSWER_AT_ONCE, 1000);
	assert_int_equal(all.asked, 2);
	assert_int_equal(test_server_online(all.server), 1);
	finish();
}

/* A man in the middle would offer nothing else. */
static void the_password_is_not_given_to_a_server_accepted_for_once(void **state)
{
	(void)state;
	static const enum envoi_tls_answer answers[] = {
		ENVOI_TLS_ACCEPT_ONCE, ENVOI_TLS_ACCEPT_AND_PIN};
	for (size_t i = 0; i < 2; i++) {
		begin("self-signed.pem");
		envoi_client_set(all.client, "sasl.mechanisms", "PLAIN");
		envoi_client_set(all.client, "tls.mode", "starttls");
		all.answer = answers[i];
		log_in(ANSWER_AT_ONCE, 10000);
		assert_int_equal(all.asked, 1);
		if (answers[i] == ENVOI_TLS_ACCEPT_ONCE) {
			expect_failure(ENVOI_ERR_AUTH, "not without verified TLS");
		} else {
			assert_int_equal(test_server_online(all.server), 1);
		}
		finish();
	}
}

/* RFC 6120, section 4.9.3.19: only a verified server may redirect a client. */
static void a_redirect_of_a_server_accepted_for_one_connection_is_not_followed(void **state)
{
	(void)state;
	static const enum envoi_tls_answer answers[] = {
		ENVOI_TLS_ACCEPT_ONCE, ENVOI_TLS_ACCEPT_AND_PIN};
	for (size_t i = 0; i < 2; i++) {
		begin("self-signed.pem");
		all.answer = answers[i];
		log_in(ANSWER_AT_ONCE, 1000);
		assert_true(test_server_says(all.server, "alice@example.org/home",
			"<error xmlns='http://etherx.jabber.org/streams'><see-other-host "
			"xmlns='urn:ietf:params:xml:ns:xmpp-streams'>evil.example</see-other-host>"
			"</error>"));
		run(1000);
		const struct envoi_failure *failure = envoi_client_failure(all.client);
		assert_non_null(failure);
		assert_string_equal(failure->redirect_host, "evil.example");
		bool is_followed = failure->retry == ENVOI_RETRY_NOW;
		assert_int_equal(is_followed, answers[i] == ENVOI_TLS_ACCEPT_AND_PIN);
		finish();
	}
}

/* A way that leads to a host of the web, where it ends behind the handshake. */
struct detour {
	struct envoi_connector base;
	struct envoi_connector *inner;
	envoi_connected_fn *done;
	void *user;
};

static void on_detour(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct detour *detour = user;
	struct envoi_failure ended = {0};
	(void)failure;
	(void)failure;
	assert_non_null(transport);
	envoi_transport_destroy(transport);
	envoi_failure_set(
		&ended, all.context, ENVOI_PHASE_CONNECT, ENVOI_ERR_DISCONNECTED, "no XMPP here");
	detour->done(detour->user, NULL, &ended);
	envoi_failure_finish(&ended);
}

static int accept_at_web(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	assert_string_equal(domain, "web.example");
	return test_server_accept(user, pair);
}

static int connect_to_web(struct envoi_connector *connector, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	struct detour *detour = (struct detour *)connector;
	struct envoi_target web = *target;
	web.domain = "web.example";
	detour->done = done;
	detour->user = user;
	return detour->inner->impl->connect(detour->inner, &web, on_detour, detour);
}

static void cancel_detour(struct envoi_connector *connector)
{
	struct detour *detour = (struct detour *)connector;
	detour->inner->impl->cancel(detour->inner);
}

static void destroy_detour(struct envoi_connector *connector)
{
	envoi_connector_destroy(((struct detour *)connector)->inner);
	envoi_connector_finish(connector);
	free(connector);
}

static const struct envoi_connector_impl detour_impl = {.name = "detour",
	.connect = connect_to_web,
	.cancel = cancel_detour,
	.destroy = destroy_detour};

static void the_pin_of_a_host_of_the_web_is_not_that_of_the_server(void **state)
{
	(void)state;
	begin("right.pem");
	struct test_server *web = test_server_new(all.context, TEST_DATA, "self-signed.pem");
	struct detour *detour = calloc(1, sizeof(*detour));
	assert_non_null(detour);
	envoi_connector_init(&detour->base, &detour_impl, all.context);
	assert_int_equal(
		envoi_memory_connector_new(&detour->inner, all.context, accept_at_web, web, false),
		ENVOI_OK);
	test_server_knobs(web)->direct_tls = test_server_knobs(all.server)->direct_tls = true;
	envoi_client_free(all.client);
	make_client();
	envoi_client_add_connector(all.client, &detour->base);
	envoi_client_add_connector(all.client, test_server_connector(all.server));
	envoi_client_set(all.client, "tls.mode", "direct");
	all.answer = ENVOI_TLS_ACCEPT_AND_PIN;
	log_in(ANSWER_AT_ONCE, 5000);
	assert_int_equal(all.asked, 1);
	assert_string_equal(all.domain, "web.example");
	assert_int_equal(test_server_online(all.server), 1);
	assert_string_equal(envoi_settings_text(envoi_client_settings(all.client), "tls.pins"), "");
	finish();
	test_server_free(web);
}

/* Authorities are kept, but not longer than their file. */
static void a_removed_ca_file_ends_the_next_login(void **state)
{
	(void)state;
	char file[] = "/tmp/envoi-ca-XXXXXX";
	char data[8192];
	int fd = mkstemp(file);
	FILE *in = fopen(TEST_DATA "/tls/ca.pem", "r");
	assert_true(fd >= 0 && in != NULL);
	size_t len = fread(data, 1, sizeof(data), in);
	assert_int_equal(write(fd, data, len), len);
	fclose(in);
	close(fd);
	begin("right.pem");
	envoi_client_set(all.client, "tls.ca-file", file);
	log_in(DO_NOTHING, 1000);
	assert_int_equal(test_server_online(all.server), 1);
	envoi_client_disconnect(all.client);
	run(1000);
	unlink(file);
	log_in(DO_NOTHING, 1000);
	expect_failure(ENVOI_ERR_INVALID, file);
	assert_non_null(strstr(envoi_client_failure_text(all.client), "tls.ca-file"));
	finish();
}

static unsigned int warnings;

static void count_warning(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	(void)user, (void)level, (void)subject, (void)message;
	warnings++;
}

static void a_pinned_key_needs_no_decision(void **state)
{
	(void)state;
	begin("self-signed.pem");
	warnings = 0;
	envoi_context_set_log(all.context, count_warning, ENVOI_LOG_WARNING, NULL);
	all.answer = ENVOI_TLS_ACCEPT_AND_PIN;
	log_in(ANSWER_AT_ONCE, 1000);
	assert_int_equal(test_server_online(all.server), 1);
	assert_string_equal(
		envoi_settings_text(envoi_client_settings(all.client), "tls.pins"), all.pin);
	envoi_client_disconnect(all.client);
	run(1000);
	log_in(ANSWER_AT_ONCE, 1000);
	assert_int_equal(all.asked, 1);
	assert_int_equal(test_server_online(all.server), 1);
	assert_int_equal(warnings, 0);
	finish();
}

/* --- pins --- */

static const char other_pin[] =
	"sha256:0000000000000000000000000000000000000000000000000000000000000000";

/* All certificates of the tests have one key. */
static const char *server_pin(void)
{
	static char pin[ENVOI_TLS_PIN_SIZE];
	if (pin[0] == '\0') {
		begin("self-signed.pem");
		log_in(DO_NOTHING, 1000);
		memcpy(pin, all.pin, sizeof(pin));
		finish();
	}
	return pin;
}

static void a_pinned_key_needs_nothing_else(void **state)
{
	(void)state;
	static const char *const certificates[] = {
		"right.pem", "self-signed.pem", "other-name.pem", "expired.pem", "unknown-ca.pem"};
	const char *pin = server_pin();
	for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++) {
		begin(certificates[i]);
		char pins[160];
		snprintf(pins, sizeof(pins), "%s %s", other_pin, pin);
		envoi_client_set(all.client, "tls.pins", pins);
		log_in(DO_NOTHING, 1000);
		assert_int_equal(all.asked, 0);
		assert_int_equal(test_server_online(all.server), 1);
		finish();
	}
}

static void no_authority_is_needed_beside_a_pin(void **state)
{
	(void)state;
	const char *pin = server_pin();
	begin("self-signed.pem");
	envoi_client_set(all.client, "tls.pins", pin);
	assert_int_equal(envoi_settings_set(envoi_client_settings(all.client), "tls.ca-file", NULL),
		ENVOI_OK);
	log_in(DO_NOTHING, 1000);
	assert_int_equal(test_server_online(all.server), 1);
	finish();
}

static void a_key_that_is_not_pinned_is_refused_with_a_valid_chain(void **state)
{
	(void)state;
	begin("right.pem");
	envoi_client_set(all.client, "tls.pins", other_pin);
	log_in(DO_NOTHING, 1000);
	assert_int_equal(all.doubts, ENVOI_TLS_DOUBT_PIN);
	expect_failure(ENVOI_ERR_CERTIFICATE, "not one of the pinned keys");
	finish();
}

static void a_pin_may_be_required_too(void **state)
{
	(void)state;
	const char *pin = server_pin();
	static const struct {
		const char *certificate;
		bool is_pinned;
		unsigned int doubts;
	} cases[] = {
		{"right.pem", true, 0},
		{"right.pem", false, ENVOI_TLS_DOUBT_PIN},
		{"self-signed.pem", true, ENVOI_TLS_DOUBT_SELF_SIGNED},
		{"other-name.pem", true, ENVOI_TLS_DOUBT_NAME},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].certificate);
		envoi_client_set(all.client, "tls.pins", cases[i].is_pinned ? pin : other_pin);
		envoi_client_set(all.client, "tls.pin-mode", "also");
		log_in(DO_NOTHING, 1000);
		assert_int_equal(all.doubts, cases[i].doubts);
		assert_int_equal(test_server_online(all.server), cases[i].doubts == 0);
		finish();
	}
}

static void what_is_no_pin_is_refused_when_set(void **state)
{
	(void)state;
	static const char *const wrong[] = {"sha256:", "sha1:AAAA", "sha256:AAAA",
		"sha256:zz00000000000000000000000000000000000000000000000000000000000000",
		"sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
	begin("right.pem");
	struct envoi_settings *settings = envoi_client_settings(all.client);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (envoi_settings_set(settings, "tls.pins", wrong[i]) != ENVOI_ERR_INVALID) {
			fail_msg("%s", wrong[i]);
		}
	}
	finish();
}

/* --- the password of the client certificate's key --- */

static struct {
	int asked, wrong;
	const char *answers[3]; /* given at once; NULL: nothing */
	bool frees;
} key;

static void on_key_password(void *user, const char *file, bool was_wrong)
{
	(void)user;
	(void)file;
	const char *answer = key.answers[key.asked];
	key.asked++;
	key.wrong += was_wrong;
	if (key.frees) {
		envoi_client_free(all.client);
		all.client = NULL;
	} else if (answer != NULL) {
		envoi_client_set_key_password(all.client, answer);
	}
}

static void begin_locked(void)
{
	begin("right.pem");
	memset(&key, 0, sizeof(key));
	envoi_client_set(all.client, "tls.cert-file", TEST_DATA "/tls/client.pem");
	envoi_client_set(all.client, "tls.key-file", TEST_DATA "/tls/client-locked-key.pem");
	envoi_client_ask_key_password(all.client, on_key_password, NULL);
}

static void without_a_password_for_it_a_locked_key_ends_the_login(void **state)
{
	(void)state;
	static const char *const passwords[] = {NULL, "wrong"};
	static const char *const words[] = {"needs a password", "wrong password"};
	for (size_t i = 0; i < 2; i++) {
		begin_locked();
		envoi_client_ask_key_password(all.client, NULL, NULL);
		assert_int_equal(envoi_client_set_key_password(all.client, passwords[i]), ENVOI_OK);
		log_in(DO_NOTHING, 1000);
		expect_failure(ENVOI_ERR_AUTH, words[i]);
		assert_int_equal(envoi_client_failure(all.client)->phase, ENVOI_PHASE_TLS);
		finish();
	}
}

static void a_set_key_password_is_not_requested(void **state)
{
	(void)state;
	begin_locked();
	assert_int_equal(envoi_client_set_key_password(all.client, "open"), ENVOI_OK);
	log_in(DO_NOTHING, 1000);
	assert_int_equal(key.asked, 0);
	assert_int_equal(test_server_online(all.server), 1);
	finish();
}

static void the_password_may_come_at_once_or_later_and_be_wrong_first(void **state)
{
	(void)state;
	begin_locked();
	key.answers[0] = "wrong";
	log_in(DO_NOTHING, 300000);
	assert_int_equal(key.asked, 2);
	assert_int_equal(key.wrong, 1);
	assert_null(envoi_client_failure(all.client));
	assert_int_equal(envoi_client_set_key_password(all.client, "open"), ENVOI_OK);
	run(1000);
	assert_int_equal(test_server_online(all.server), 1);
	finish();
}

static void an_answer_without_a_key_password_ends_the_login(void **state)
{
	(void)state;
	begin_locked();
	log_in(DO_NOTHING, 1000);
	assert_int_equal(key.asked, 1);
	assert_int_equal(envoi_client_set_key_password(all.client, NULL), ENVOI_OK);
	run(1000);
	assert_int_equal(key.asked, 1);
	expect_failure(ENVOI_ERR_AUTH, "needs a password");
	finish();
}

static void the_client_may_be_freed_while_a_decision_is_pending(void **state)
{
	(void)state;
	begin_locked();
	key.frees = true;
	log_in(DO_NOTHING, 1000);
	assert_null(all.client);
	finish();
	begin_locked();
	log_in(DO_NOTHING, 1000);
	envoi_client_disconnect(all.client);
	run(1000);
	assert_int_equal(envoi_client_set_key_password(all.client, "open"), ENVOI_OK);
	run(1000);
	assert_int_equal(test_server_online(all.server), 0);
	finish();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_decider_every_doubt_ends_the_connection),
		cmocka_unit_test(a_valid_certificate_needs_no_decision),
		cmocka_unit_test(the_decider_gets_all_errors_of_a_certificate),
		cmocka_unit_test(two_doubts_are_reported_together),
		cmocka_unit_test(a_decider_without_an_answer_refuses),
		cmocka_unit_test(an_answer_may_come_at_once),
		cmocka_unit_test(an_answer_may_come_after_minutes),
		cmocka_unit_test(who_dropped_the_question_has_refused),
		cmocka_unit_test(a_refusal_may_come_late),
		cmocka_unit_test(thinking_has_a_limit_of_its_own),
		cmocka_unit_test(after_the_answer_the_deadlines_hold_again),
		cmocka_unit_test(a_server_that_leaves_ends_the_question),
		cmocka_unit_test(the_client_may_be_freed_in_the_question),
		cmocka_unit_test(the_client_may_disconnect_in_the_question),
		cmocka_unit_test(the_client_may_be_freed_when_a_decision_is_withdrawn),
		cmocka_unit_test(freeing_the_client_ends_the_question_at_once),
		cmocka_unit_test(a_key_accepted_once_needs_a_new_decision),
		cmocka_unit_test(the_password_is_not_given_to_a_server_accepted_for_once),
		cmocka_unit_test(
			a_redirect_of_a_server_accepted_for_one_connection_is_not_followed),
		cmocka_unit_test(the_pin_of_a_host_of_the_web_is_not_that_of_the_server),
		cmocka_unit_test(a_removed_ca_file_ends_the_next_login),
		cmocka_unit_test(a_pinned_key_needs_no_decision),
		cmocka_unit_test(a_pinned_key_needs_nothing_else),
		cmocka_unit_test(no_authority_is_needed_beside_a_pin),
		cmocka_unit_test(a_key_that_is_not_pinned_is_refused_with_a_valid_chain),
		cmocka_unit_test(a_pin_may_be_required_too),
		cmocka_unit_test(what_is_no_pin_is_refused_when_set),
		cmocka_unit_test(without_a_password_for_it_a_locked_key_ends_the_login),
		cmocka_unit_test(a_set_key_password_is_not_requested),
		cmocka_unit_test(the_password_may_come_at_once_or_later_and_be_wrong_first),
		cmocka_unit_test(an_answer_without_a_key_password_ends_the_login),
		cmocka_unit_test(the_client_may_be_freed_while_a_decision_is_pending),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
