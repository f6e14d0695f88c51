/*
 * envoi - components: tests (XEP-0114)
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/session.h>
#include <envoi/interfaces/transport.h>

#include "component_server.h"
#include "peer.h"

#define HEADER(attributes) \
	"<stream:stream xmlns='jabber:component:accept' " \
	"xmlns:stream='http://etherx.jabber.org/streams' " attributes ">"

enum {
	MINUTE_MS = 60 * 1000,
};

static struct envoi_context *context;
static struct envoi_loop *loop;
static struct component_server server;
static struct envoi_component *component;
static struct envoi_session *session;
static struct envoi_handler recorder;
static char events[8000];
static struct envoi_failure failure; /* of the last DISCONNECTED */

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	size_t len = strlen(events);
	snprintf(events + len, sizeof(events) - len, "%s%s", len > 0 ? " " : "",
		envoi_event_name(event->type));
	if (event->type == ENVOI_EVENT_DISCONNECTED) {
		envoi_failure_finish(&failure);
		envoi_failure_copy(&failure, event->failure);
	}
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	return body != NULL ? envoi_reply_text(in, body) : ENVOI_DECLINED;
}

static const struct envoi_event_row event_rows[] = {
	{ENVOI_EVERY_EVENT, on_event},
	ENVOI_ROWS_END,
};
static const struct envoi_stanza_row stanza_rows[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl recorder_impl = {
	.name = "recorder", .events = event_rows, .stanzas = stanza_rows};

static void make_component(const char *domain)
{
	assert_int_equal(envoi_component_new(&component, context, domain), ENVOI_OK);
	session = envoi_component_session(component);
	recorder.impl = &recorder_impl;
	envoi_component_set_secret(component, "secret");
	envoi_component_add(component, &recorder);
	envoi_component_add_connector(component, component_server_connector(&server));
	events[0] = '\0';
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&loop, context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(context, loop), ENVOI_OK);
	component_server_init(&server, context);
	make_component("gw.example.org");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi_component_free(component);
	component_server_finish(&server);
	envoi_failure_finish(&failure);
	envoi_context_unref(context);
	return 0;
}

static void run(uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(loop, ms), ENVOI_OK);
}

static void connect_and_run(uint64_t ms)
{
	assert_int_equal(envoi_component_connect(component), ENVOI_OK);
	run(ms);
}

/* --- connecting --- */

static void a_component_connects_and_disconnects(void **state)
{
	(void)state;
	connect_and_run(1000);
	assert_true(envoi_session_is_online(session));
	assert_string_equal(
		events, "connecting connected secured stream-opened authenticated started");
	assert_string_equal(envoi_jid_text(envoi_session_jid(session)), "gw.example.org");
	assert_ptr_equal(envoi_session_component(session), component);
	assert_string_equal(server.domain, "localhost");
	envoi_component_disconnect(component);
	run(1000);
	assert_string_equal(events,
		"connecting connected secured stream-opened authenticated started ended disconnected "
		"stopped");
	assert_int_equal(failure.code, ENVOI_OK);
	assert_int_equal(component_server_last(&server)->recorder.failure.code, ENVOI_OK);
}

static void assert_state(enum envoi_component_state state, const char *name)
{
	assert_int_equal(envoi_component_state(component), state);
	assert_string_equal(envoi_component_state_name(state), name);
}

static void its_state_follows_the_connection(void **state)
{
	(void)state;
	assert_state(ENVOI_COMPONENT_OFFLINE, "offline");
	assert_int_equal(envoi_component_connect(component), ENVOI_OK);
	assert_state(ENVOI_COMPONENT_CONNECTING, "connecting");
	assert_int_equal(envoi_component_connect(component), ENVOI_ERR_STATE);
	run(1000);
	assert_state(ENVOI_COMPONENT_ONLINE, "online");
	envoi_memory_pair_cut(component_server_last(&server)->pair);
	run(0);
	assert_state(ENVOI_COMPONENT_SUSPENDED, "suspended");
	run(5000);
	assert_state(ENVOI_COMPONENT_ONLINE, "online");
	envoi_component_disconnect(component);
	assert_state(ENVOI_COMPONENT_LEAVING, "leaving");
	run(1000);
	assert_state(ENVOI_COMPONENT_OFFLINE, "offline");
	assert_string_equal(envoi_component_state_name((enum envoi_component_state)99), "unknown");
}

static void every_address_is_answered_in_its_own_name(void **state)
{
	(void)state;
	connect_and_run(1000);
	component_server_send(&server,
		"<message type='chat' from='alice@example.org/desk' to='bob@gw.example.org/x' "
		"id='1'><body>hello</body></message>");
	component_server_send(&server,
		"<iq type='get' from='alice@example.org/desk' to='carol@gw.example.org' id='2'>"
		"<ping xmlns='urn:xmpp:ping'/></iq>");
	component_server_send(&server,
		"<iq type='get' from='alice@example.org/desk' to='gw.example.org' id='3'>"
		"<query xmlns='urn:example:unknown'/></iq>");
	component_server_send(&server,
		"<iq type='get' from='example.org' id='4'><ping xmlns='urn:xmpp:ping'/></iq>");
	run(1000);
	const char *lines = component_server_lines(&server);
	assert_non_null(strstr(lines, "from='bob@gw.example.org/x'"));
	assert_non_null(strstr(lines, "<body>hello</body>"));
	assert_non_null(strstr(lines, "from='carol@gw.example.org'"));
	assert_non_null(strstr(lines, "service-unavailable"));
}

/* --- what may be sent --- */

static void a_sender_of_another_domain_is_refused_at_the_call(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *problem;
	} rows[] = {
		{NULL, "alice@example.org", "attribute from: no address"},
		{"bob@example.org", "alice@example.org",
			"attribute from: \"bob@example.org\" is not of the component's domain"},
		{"bob@sub.gw.example.org", "alice@example.org", "not of the component's domain"},
		{"@", "alice@example.org", "attribute from: no address"},
		{"bob@gw.example.org", NULL, "needs the attribute to"},
	};
	connect_and_run(1000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_stanza *message = envoi_message_new(
			context, ENVOI_TYPE_CHAT, rows[i].to, "x");
		(void)envoi_stanza_set_from(message, rows[i].from);
		assert_int_equal(envoi_send(session, message, NULL), ENVOI_ERR_INVALID);
		assert_non_null(strstr(envoi_session_problem(session), rows[i].problem));
	}
	assert_int_equal(envoi_component_send_text(
				 component, "bob@GW.example.org", "alice@example.org", "x", NULL),
		ENVOI_OK);
	run(1000);
	assert_true(envoi_session_is_online(session));
	assert_int_equal(component_server_last(&server)->recorder.stanza_count, 1);
}

static void subscriptions_are_sent_between_bare_addresses(void **state)
{
	(void)state;
	connect_and_run(1000);
	struct envoi_stanza *presence = envoi_presence_new(
		context, ENVOI_TYPE_SUBSCRIBED, "alice@example.org/desk");
	(void)envoi_stanza_set_from(presence, "bob@gw.example.org/x");
	assert_int_equal(envoi_send(session, presence, NULL), ENVOI_OK);
	run(1000);
	const char *lines = component_server_lines(&server);
	assert_non_null(strstr(lines, "from='bob@gw.example.org'"));
	assert_non_null(strstr(lines, "to='alice@example.org'"));
}

static void count_answer(void *user, const struct envoi_answer *answer)
{
	*(int *)user += envoi_answer_ok(answer) ? 1 : 100;
}

static const struct envoi_payload_type ping_type = ENVOI_PAYLOAD_EMPTY("urn:xmpp:ping", "ping");

static void a_request_comes_from_an_address_of_choice(void **state)
{
	(void)state;
	int answers = 0;
	connect_and_run(1000);
	struct envoi_stanza *iq = envoi_request_iq(
		session, ENVOI_IQ_GET, "example.org", &ping_type, NULL);
	assert_string_equal(envoi_stanza_from_text(iq), "gw.example.org");
	(void)envoi_stanza_set_from(iq, "bob@gw.example.org");
	assert_int_equal(
		envoi_request(session, iq, NULL, 0, count_answer, &answers, NULL), ENVOI_OK);
	run(1000);
	const char *lines = component_server_lines(&server);
	const char *id = strstr(lines, "id='");
	assert_non_null(id);
	char answer[300];
	snprintf(answer, sizeof(answer),
		"<iq type='result' from='example.org' to='bob@gw.example.org' id='%.*s'/>",
		(int)strcspn(id + 4, "'"), id + 4);
	component_server_send(&server, answer);
	component_server_send(&server, answer); /* as for another instance: ignored */
	run(1000);
	assert_int_equal(answers, 1);
	struct envoi_session_stats stats;
	envoi_session_get_stats(session, &stats);
	assert_int_equal(stats.answers_ignored, 1);
	assert_int_equal(component_server_last(&server)->recorder.stanza_count, 1);
}

/* --- refusals --- */

static void a_wrong_secret_stops_it_with_advice(void **state)
{
	(void)state;
	envoi_component_set(component, "reconnect.initial", "true");
	server.secret = "another";
	connect_and_run(10 * MINUTE_MS);
	assert_int_equal(server.count, 1);
	assert_int_equal(failure.retry, ENVOI_RETRY_AFTER_USER);
	assert_int_equal(failure.stream_condition, ENVOI_STREAM_NOT_AUTHORIZED);
	assert_non_null(
		strstr(envoi_component_failure_text(component), "name, or has another secret"));
	assert_null(strstr(envoi_component_failure_text(component), "secret\""));
}

static struct peer *scripted;

static int accept_scripted(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	(void)domain;
	peer_free(scripted);
	scripted = peer_new(context, pair, ENVOI_MEMORY_B);
	peer_expects(scripted, HEADER("to='gw.example.org'"));
	peer_sends(scripted, user);
	peer_start(scripted);
	return ENVOI_OK;
}

/* A component whose server answers each header with a text. */
static void connect_to_script(char *answer, uint64_t ms)
{
	struct envoi_connector *connector;
	envoi_component_free(component);
	assert_int_equal(envoi_component_new(&component, context, "gw.example.org"), ENVOI_OK);
	session = envoi_component_session(component);
	envoi_component_set_secret(component, "secret");
	envoi_component_add(component, &recorder);
	assert_int_equal(
		envoi_memory_connector_new(&connector, context, accept_scripted, answer, true),
		ENVOI_OK);
	envoi_component_add_connector(component, connector);
	connect_and_run(ms);
}

/* Prosody answers with an empty id and an error before the handshake. */
static void an_unknown_name_stops_it_with_advice(void **state)
{
	(void)state;
	char answer[] = HEADER(
		"id='' from='gw.example.org'") "<stream:error><host-unknown "
					       "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text "
					       "xmlns='urn:ietf:params:xml:ns:xmpp-streams'>no such</text></stream:error>";
	connect_to_script(answer, MINUTE_MS);
	assert_int_equal(failure.retry, ENVOI_RETRY_AFTER_USER);
	assert_int_equal(failure.stream_condition, ENVOI_STREAM_HOST_UNKNOWN);
	assert_non_null(strstr(failure.text, "name, or has another secret (no such)"));
	peer_free(scripted);
	scripted = NULL;
}

static void a_conflict_is_retried_slowly(void **state)
{
	(void)state;
	envoi_component_set(component, "reconnect.initial", "true");
	server.refusal = ENVOI_STREAM_CONFLICT;
	connect_and_run(MINUTE_MS - 1000);
	assert_int_equal(server.count, 1);
	run(10 * MINUTE_MS);
	assert_true(server.count >= 3 && server.count <= 11);
	assert_null(strstr(events, "started"));
	server.refusal = ENVOI_STREAM_NO_CONDITION;
	run(10 * MINUTE_MS);
	assert_non_null(strstr(events, "started"));
}

static void a_conflict_stops_it_before_the_first_session(void **state)
{
	(void)state;
	server.refusal = ENVOI_STREAM_CONFLICT;
	connect_and_run(60 * MINUTE_MS);
	assert_int_equal(server.count, 1);
	assert_non_null(strstr(events, "stopped"));
}

static void a_component_connects_again_when_the_server_is_back(void **state)
{
	(void)state;
	connect_and_run(1000);
	envoi_memory_pair_cut(component_server_last(&server)->pair);
	run(1000);
	assert_non_null(strstr(events, "disconnected suspended"));
	run(MINUTE_MS);
	assert_int_equal(server.count, 2);
	assert_true(envoi_session_is_online(session));
	assert_int_equal(envoi_component_send_text(
				 component, "bob@gw.example.org", "alice@example.org", "x", NULL),
		ENVOI_OK);
}

static void a_silent_link_is_found(void **state)
{
	(void)state;
	connect_and_run(1000);
	component_server_last(&server)->recorder.act = NULL;
	run(5 * MINUTE_MS); /* the server does not route the ping back to the component */
	assert_int_equal(server.count > 1, 1);
	assert_int_equal(failure.code, ENVOI_ERR_TIMEOUT);
}

static void the_size_of_the_last_stanza_is_named(void **state)
{
	(void)state;
	enum {
		SIZE = 300 * 1024
	};
	char *body = malloc(SIZE + 1);
	memset(body, 'x', SIZE);
	body[SIZE] = '\0';
	assert_int_equal(
		envoi_settings_set(server.settings, "limits.stanza-bytes", "256k"), ENVOI_OK);
	connect_and_run(1000);
	assert_int_equal(envoi_component_send_text(
				 component, "bob@gw.example.org", "alice@example.org", body, NULL),
		ENVOI_OK);
	free(body);
	run(1000);
	assert_non_null(strstr(failure.text, "the last stanza had 307"));
	assert_int_equal(failure.phase, ENVOI_PHASE_ONLINE);
}

/* --- before it connects --- */

static void assert_connect_refuses(const char *words)
{
	assert_int_equal(envoi_component_connect(component), ENVOI_ERR_INVALID);
	assert_non_null(strstr(envoi_component_failure_text(component), words));
}

static void a_missing_secret_or_bad_address_is_reported(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", "a@gw.example.org", "gw.example.org/x", "gw..example.org", NULL};
	struct envoi_component *made;
	assert_int_equal(envoi_component_new(&made, context, "gw.example.org"), ENVOI_OK);
	assert_null(envoi_component_failure(made));
	assert_int_equal(envoi_component_connect(made), ENVOI_ERR_INVALID);
	assert_string_equal(envoi_component_failure(made)->text, "no secret was set");
	envoi_component_free(made);
	envoi_component_set_secret(component, "");
	assert_connect_refuses("no secret was set");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		envoi_component_free(component);
		make_component(bad[i]);
		assert_connect_refuses("not the domain of a component");
	}
}

/* A clear connection is for loopback hosts. */
static void other_hosts_get_direct_tls(void **state)
{
	(void)state;
	static const struct {
		const char *server, *mode;
		bool is_clear;
	} rows[] = {
		{"127.0.0.2", "either", true},
		{"::1", "starttls", true},
		{"LOCALHOST", "either", true},
		{"192.0.2.1", "either", false},
		{"example.org", "starttls", false},
		{"127.0.0.1", "direct", false},
		{"example.org", "none", true},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		envoi_component_free(component);
		make_component("gw.example.org");
		envoi_component_set(component, "reconnect.enabled", "false");
		assert_int_equal(
			envoi_component_set(component, "server", rows[i].server), ENVOI_OK);
		assert_int_equal(
			envoi_component_set(component, "tls.mode", rows[i].mode), ENVOI_OK);
		connect_and_run(5 * MINUTE_MS);
		assert_int_equal(strcasecmp(server.domain, rows[i].server), 0);
		assert_int_equal(strstr(events, "started") != NULL, rows[i].is_clear);
	}
}

/* The certificate is for the host that was set, not for the component's domain. */
static void direct_tls_verifies_the_host(void **state)
{
	(void)state;
	static const struct {
		const char *server;
		bool is_right;
	} rows[] = {{"example.org", true}, {"gw.example.org", false}};
	component_server_use_tls(&server);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		envoi_component_free(component);
		make_component("gw.example.org");
		envoi_component_set(component, "tls.ca-file", TEST_DATA "/tls/ca.pem");
		envoi_component_set(component, "tls.system-trust", "false");
		envoi_component_set(component, "server", rows[i].server);
		connect_and_run(1000);
		assert_int_equal(envoi_session_is_online(session), rows[i].is_right);
		assert_int_equal(strstr(events, "secured") != NULL, rows[i].is_right);
	}
	assert_int_equal(failure.code, ENVOI_ERR_CERTIFICATE);
}

/* A server has a session for each component. */
static void a_session_of_the_server_talks_to_it(void **state)
{
	(void)state;
	int answers = 0;
	struct envoi_handler echo = ENVOI_HANDLER(&recorder_impl);
	assert_int_equal(envoi_session_new(&server.session, context, NULL), ENVOI_OK);
	assert_int_equal(envoi_session_add(server.session, &echo), ENVOI_OK);
	connect_and_run(1000);
	assert_true(envoi_session_is_online(server.session));
	assert_string_equal(envoi_jid_text(envoi_session_jid(server.session)), "gw.example.org");
	struct envoi_stanza *iq = envoi_request_iq(
		server.session, ENVOI_IQ_GET, "bob@gw.example.org", &ping_type, NULL);
	(void)envoi_stanza_set_from(iq, "example.org");
	assert_int_equal(
		envoi_request(server.session, iq, NULL, 0, count_answer, &answers, NULL), ENVOI_OK);
	run(1000);
	assert_int_equal(answers, 1);
	envoi_session_free(server.session);
	server.session = NULL;
	run(1000);
	assert_non_null(strstr(events, "disconnected suspended"));
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_component_connects_and_disconnects),
		TEST(its_state_follows_the_connection),
		TEST(every_address_is_answered_in_its_own_name),
		TEST(a_sender_of_another_domain_is_refused_at_the_call),
		TEST(subscriptions_are_sent_between_bare_addresses),
		TEST(a_request_comes_from_an_address_of_choice),
		TEST(a_wrong_secret_stops_it_with_advice),
		TEST(an_unknown_name_stops_it_with_advice),
		TEST(a_conflict_is_retried_slowly),
		TEST(a_conflict_stops_it_before_the_first_session),
		TEST(a_component_connects_again_when_the_server_is_back),
		TEST(a_silent_link_is_found),
		TEST(the_size_of_the_last_stanza_is_named),
		TEST(a_missing_secret_or_bad_address_is_reported),
		TEST(other_hosts_get_direct_tls),
		TEST(direct_tls_verifies_the_host),
		TEST(a_session_of_the_server_talks_to_it),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("component", tests, NULL, NULL);
}
