/*
 * envoi - clients that come back to a server with session tickets
 * SPDX-License-Identifier: MIT
 *
 * With an argument the figures of a full and of a resumed login are printed, as they stand in
 * doc/figures.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/session.h>
#include <envoi/interfaces/stream.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/session.h>
#include <envoi/tls.h>

#include "tls_front.h"

enum {
	ONE_WAY_MS = 50,
};

static const char tls_1_3[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
static const char tls_1_2[] = "NORMAL:-VERS-ALL:+VERS-TLS1.2";

static struct {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct test_server *server;
	struct tls_front *front;
	struct envoi_client *client;
	gnutls_datum_t ticket_key;
	struct tls_server_options options;
	char log[256]; /* the last line that says how TLS came about */
} all;

static void on_log(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	(void)user;
	(void)level;
	if (subject == ENVOI_LOG_TLS && strncmp(message, "TLS1.", 5) == 0) {
		snprintf(all.log, sizeof(all.log), "%s", message);
	}
}

static struct envoi_client *new_client(const char *jid)
{
	static const char *const settings[][2] = {{"tls.ca-file", TEST_DATA "/tls/ca.pem"},
		{"tls.system-trust", "false"}, {"tls.mode", "direct"}, {"roster.fetch", "false"},
		{"presence.initial", "false"}, {"reconnect.enabled", "false"},
		{"sasl.mechanisms", "SCRAM-SHA-256"}};
	struct envoi_client *client;
	assert_int_equal(envoi_client_new(&client, all.context, jid), ENVOI_OK);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		assert_int_equal(
			envoi_client_set(client, settings[i][0], settings[i][1]), ENVOI_OK);
	}
	envoi_client_set_password(client, "wonderland");
	assert_int_equal(
		envoi_client_add_connector(client, tls_front_connector(all.front)), ENVOI_OK);
	return client;
}

static int begin(void **state)
{
	(void)state;
	memset(&all, 0, sizeof(all));
	const struct envoi_context_options options = {.log = on_log, .log_level = ENVOI_LOG_INFO};
	assert_int_equal(envoi_context_new(&all.context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&all.loop, all.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(all.context, all.loop), ENVOI_OK);
	all.server = test_server_new(all.context, TEST_DATA, NULL);
	test_server_knobs(all.server)->no_tls = true;
	test_server_add_account(all.server, "alice", "wonderland");
	test_server_add_account(all.server, "bob", "wonderland");
	all.front = tls_front_new(all.context, all.server);
	all.client = new_client("alice@example.org/desk");
	assert_int_equal(gnutls_session_ticket_key_generate(&all.ticket_key), 0);
	all.options = (struct tls_server_options){
		.priorities = tls_1_3, .ticket_key = &all.ticket_key};
	return 0;
}

static int finish(void **state)
{
	(void)state;
	envoi_client_free(all.client);
	tls_front_free(all.front);
	test_server_free(all.server);
	envoi_context_unref(all.context);
	gnutls_free(all.ticket_key.data);
	return 0;
}

static void run(uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(all.loop, ms), ENVOI_OK);
}

static void log_in_as(struct envoi_client *client)
{
	all.log[0] = '\0';
	tls_front_expect(all.front, &all.options);
	assert_int_equal(envoi_client_connect(client), ENVOI_OK);
	run(2000);
}

static void expect(bool is_resumed)
{
	gnutls_session_t session = tls_front_session(all.front, tls_front_count(all.front) - 1);
	assert_int_equal(test_server_online(all.server), 1);
	assert_int_equal(gnutls_session_is_resumed(session) != 0, is_resumed);
	assert_int_equal(strstr(all.log, "certificate verified, resumed") != NULL, is_resumed);
	assert_non_null(strstr(all.log, "certificate verified"));
	struct envoi_stream *stream = envoi_session_stream(envoi_client_session(all.client));
	if (stream != NULL) {
		struct envoi_tls_info info;
		envoi_stream_tls_info(stream, &info);
		assert_int_equal(info.is_resumed, is_resumed);
	}
}

static void leave(void)
{
	envoi_client_disconnect(all.client);
	run(10000);
	assert_int_equal(test_server_online(all.server), 0);
}

static void who_comes_back_is_resumed(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		log_in_as(all.client);
		expect(i > 0);
		leave();
	}
}

static void a_session_is_resumed_with_starttls(void **state)
{
	(void)state;
	tls_front_starttls(all.front, "example.org");
	envoi_client_set(all.client, "tls.mode", "starttls");
	for (int i = 0; i < 3; i++) {
		log_in_as(all.client);
		expect(i > 0);
		leave();
	}
}

static void a_session_is_resumed_after_a_cut(void **state)
{
	(void)state;
	log_in_as(all.client);
	expect(false);
	envoi_memory_pair_cut(tls_front_pair(all.front, 0));
	run(1000);
	assert_int_equal(test_server_online(all.server), 0);
	log_in_as(all.client);
	expect(true);
}

static void after_a_restart_of_the_server_the_handshake_is_full(void **state)
{
	(void)state;
	static const char *const versions[] = {tls_1_3, tls_1_2};
	for (size_t i = 0; i < 2; i++) {
		all.options.priorities = versions[i];
		log_in_as(all.client);
		leave();
		gnutls_free(all.ticket_key.data);
		assert_int_equal(gnutls_session_ticket_key_generate(&all.ticket_key), 0);
		log_in_as(all.client);
		expect(false);
		leave();
	}
}

/* By a fatal alert for the ClientHello, in place of negotiating a new session. */
static void a_server_that_refuses_sessions_is_tried_without_in_the_same_login(void **state)
{
	(void)state;
	static const char *const versions[] = {tls_1_3, tls_1_2};
	for (size_t i = 0; i < 2; i++) {
		all.options.priorities = versions[i];
		all.options.refuses_sessions = false;
		log_in_as(all.client);
		leave();
		size_t before = tls_front_count(all.front);
		all.options.refuses_sessions = true;
		tls_front_expect(all.front, &all.options);
		log_in_as(all.client);
		assert_int_equal(tls_front_count(all.front), before + 2);
		expect(false);
		leave();
		finish(state);
		begin(state);
	}
}

static void a_session_is_resumed_by_starttls(void **state)
{
	(void)state;
	tls_front_starttls(all.front, "example.org");
	envoi_client_set(all.client, "tls.mode", "starttls");
	log_in_as(all.client);
	leave();
	all.options.refuses_sessions = true;
	tls_front_expect(all.front, &all.options);
	log_in_as(all.client);
	assert_int_equal(tls_front_count(all.front), 3);
	expect(false);
}

/* The session is left out once, and no more is tried. */
static void a_server_that_fails_without_a_session_too_ends_the_login(void **state)
{
	(void)state;
	log_in_as(all.client);
	leave();
	all.options.refuses_sessions = true;
	tls_front_expect(all.front, &all.options);
	all.options.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.0";
	log_in_as(all.client);
	assert_int_equal(tls_front_count(all.front), 3);
	assert_int_equal(test_server_online(all.server), 0);
	assert_int_equal(envoi_client_failure(all.client)->code, ENVOI_ERR_TLS);
}

static void accounts_are_kept_apart(void **state)
{
	(void)state;
	log_in_as(all.client);
	leave();
	struct envoi_client *bob = new_client("bob@example.org/desk");
	log_in_as(bob);
	expect(false);
	envoi_client_free(bob);
	run(10000);
	log_in_as(all.client);
	expect(true);
}

/* They would not be any more. */
static void the_anonymous_are_not_resumed(void **state)
{
	(void)state;
	struct envoi_client *nobody = new_client("example.org");
	for (int i = 0; i < 2; i++) {
		log_in_as(nobody);
		assert_non_null(strstr(all.log, "certificate verified"));
		assert_null(strstr(all.log, "resumed"));
		assert_int_equal(gnutls_session_get_flags(tls_front_session(all.front, (size_t)i)) &
				GNUTLS_SFLAGS_SESSION_TICKET,
			0);
		envoi_client_disconnect(nobody);
		run(10000);
	}
	envoi_client_free(nobody);
}

/* The next connection is judged by what is trusted then. */
static void after_a_change_of_trust_the_handshake_is_full(void **state)
{
	(void)state;
	log_in_as(all.client);
	leave();
	envoi_client_set(all.client, "tls.ca-file", TEST_DATA "/tls/other-ca.pem");
	log_in_as(all.client);
	assert_int_equal(test_server_online(all.server), 0);
	assert_int_equal(envoi_client_failure(all.client)->code, ENVOI_ERR_CERTIFICATE);
	envoi_client_set(all.client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	log_in_as(all.client);
	expect(true);
}

/* --- what it saves --- */

struct cost {
	uint64_t ms, sent, received;
};

static struct cost measure(void)
{
	struct cost cost = {0};
	tls_front_expect(all.front, &all.options);
	assert_int_equal(envoi_client_connect(all.client), ENVOI_OK);
	uint64_t begin_ms = envoi_loop_now_ms(all.loop);
	while (!envoi_session_is_online(envoi_client_session(all.client)) && cost.ms < 10000) {
		run(1);
		cost.ms = envoi_loop_now_ms(all.loop) - begin_ms;
	}
	struct envoi_memory_pair *pair = tls_front_pair(all.front, tls_front_count(all.front) - 1);
	cost.sent = envoi_memory_pair_sent(pair, ENVOI_MEMORY_A);
	cost.received = envoi_memory_pair_arrived(pair, ENVOI_MEMORY_B);
	run(1000);
	leave();
	return cost;
}

static void count(const char *version, struct cost *anew, struct cost *resumed)
{
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.delay_ms = ONE_WAY_MS;
	tls_front_script(all.front, &script);
	all.options.priorities = version;
	*anew = measure();
	*resumed = measure();
}

/* RFC 5246, section 7.3: a handshake that is cut short takes one round trip, in place of two. */
static void a_resumed_tls_1_2_handshake_has_fewer_round_trips(void **state)
{
	(void)state;
	struct cost anew, resumed;
	count(tls_1_2, &anew, &resumed);
	assert_int_equal(anew.ms - resumed.ms, 2 * ONE_WAY_MS);
	assert_true(resumed.received + 500 < anew.received);
}

static void a_resumed_tls_1_3_handshake_has_fewer_bytes(void **state)
{
	(void)state;
	struct cost anew, resumed;
	count(tls_1_3, &anew, &resumed);
	assert_int_equal(anew.ms, resumed.ms);
	assert_true(resumed.received + 500 < anew.received);
}

static void print_figures(void)
{
	static const char *const versions[] = {tls_1_2, tls_1_3};
	static const char *const names[] = {"1.2", "1.3"};
	for (size_t i = 0; i < 2; i++) {
		struct cost costs[2];
		begin(NULL);
		count(versions[i], &costs[0], &costs[1]);
		finish(NULL);
		for (size_t k = 0; k < 2; k++) {
			printf("| TLS %s, %s | %.0f | %d | %d |\n", names[i],
				k == 0 ? "anew" : "resumed", (double)costs[k].ms / (2 * ONE_WAY_MS),
				(int)costs[k].sent, (int)costs[k].received);
		}
	}
}

int main(int argument_count, char **arguments)
{
	(void)arguments;
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		CASE(who_comes_back_is_resumed),
		CASE(a_session_is_resumed_with_starttls),
		CASE(a_session_is_resumed_after_a_cut),
		CASE(after_a_restart_of_the_server_the_handshake_is_full),
		CASE(a_server_that_refuses_sessions_is_tried_without_in_the_same_login),
		CASE(a_session_is_resumed_by_starttls),
		CASE(a_server_that_fails_without_a_session_too_ends_the_login),
		CASE(accounts_are_kept_apart),
		CASE(the_anonymous_are_not_resumed),
		CASE(after_a_change_of_trust_the_handshake_is_full),
		CASE(a_resumed_tls_1_2_handshake_has_fewer_round_trips),
		CASE(a_resumed_tls_1_3_handshake_has_fewer_bytes),
	};
	if (argument_count > 1) {
		print_figures();
		return 0;
	}
	return cmocka_run_group_tests_name("sim/tls resume", tests, NULL, NULL);
}
