/*
 * envoi - streams of both roles against each other, by way of the small server of the tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/features.h>
#include <envoi/interfaces/sasl.h>
#include <envoi/mainloop.h>
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "between.h"
#include "recorder.h"
#include "server.h"
#include "test_allocator.h"

enum {
	CLIENTS = 3,
};

struct client {
	struct recorder recorder;
	struct envoi_connector *connector;
	struct envoi_handler *handlers[3];
	size_t handler_count;
	struct envoi_jid *jid;
	struct envoi_failure refused; /* by the connector */
	int not_made; /* what making the stream failed with */
};

static struct {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_tls_config *tls;
	struct test_server *server;
	struct client clients[CLIENTS];
	const char *password;
} all;

static void begin(bool no_tls)
{
	memset(&all, 0, sizeof(all));
	assert_int_equal(test_allocator_context(&all.context, &all.allocator), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&all.loop, all.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(all.context, all.loop), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&all.settings, all.context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(all.settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(all.settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&all.tls, all.context, all.settings), ENVOI_OK);
	all.server = test_server_new(all.context, TEST_DATA, NULL);
	test_server_knobs(all.server)->no_tls = no_tls;
	test_server_add_account(all.server, "alice", "wonderland");
	test_server_add_account(all.server, "bob", "builder");
	test_server_add_contact(all.server, "alice", "bob@example.org", "Bob", "both");
	test_server_add_contact(all.server, "bob", "alice@example.org", NULL, "both");
}

static void finish_client(struct client *client)
{
	if (client->connector == NULL) {
		return;
	}
	recorder_finish(&client->recorder);
	envoi_connector_destroy(client->connector);
	for (size_t i = 0; i < client->handler_count; i++) {
		envoi_handler_destroy(client->handlers[i]);
	}
	envoi_jid_unref(client->jid);
	envoi_failure_finish(&client->refused);
	*client = (struct client){.connector = NULL};
}

static void finish(void)
{
	for (size_t i = 0; i < CLIENTS; i++) {
		finish_client(&all.clients[i]);
	}
	test_server_free(all.server);
	envoi_tls_config_unref(all.tls);
	envoi_settings_free(all.settings);
	envoi_context_unref(all.context);
}

static void add_handlers(struct client *client, const char *password)
{
	bool has_tls = !test_server_knobs(all.server)->no_tls;
	const struct envoi_starttls_options starttls = {
		.config = has_tls ? all.tls : NULL, .required = has_tls};
	const struct envoi_bind_options bind = {.resource = envoi_jid_resource(client->jid)};
	struct envoi_sasl_credentials *credentials;
	assert_int_equal(
		envoi_sasl_password_new(&credentials, all.context, NULL, password), ENVOI_OK);
	struct envoi_handler **at = client->handlers;
	assert_int_equal(envoi_starttls_new(at++, all.context, &starttls), ENVOI_OK);
	assert_int_equal(
		envoi_sasl_feature_new(at++, all.context, all.settings, credentials), ENVOI_OK);
	assert_int_equal(envoi_bind_new(at++, all.context, &bind), ENVOI_OK);
	client->handler_count = 3;
}

static void on_connected(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure)
{
	struct client *client = user;
	if (transport == NULL) {
		envoi_failure_copy(&client->refused, failure);
		return;
	}
	const struct envoi_stream_options options = {
		.role = ENVOI_INITIATOR,
		.local = client->jid,
		.peer_domain = "example.org",
		.handlers = client->handlers,
		.handler_count = client->handler_count,
		.required = ENVOI_STREAM_SECURE | ENVOI_STREAM_AUTHENTICATED | ENVOI_STREAM_BOUND,
		.settings = all.settings,
	};
	client->not_made = envoi_stream_new(
		&client->recorder.stream, all.context, &options, transport, &client->recorder.sink);
}

static struct client *connect_client(size_t index, const char *jid, const char *password)
{
	struct client *client = &all.clients[index];
	finish_client(client);
	recorder_init(&client->recorder, all.context);
	assert_int_equal(envoi_jid_from_text(&client->jid, all.context, jid), ENVOI_OK);
	add_handlers(client, password);
	client->connector = test_server_connector(all.server);
	const struct envoi_target target = {
		.domain = "example.org",
		.service = "xmpp-client",
		.settings = all.settings,
		.timeout_ms = 10000,
	};
	assert_int_equal(
		client->connector->impl->connect(client->connector, &target, on_connected, client),
		ENVOI_OK);
	return client;
}

static void run(uint64_t duration_ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(all.loop, duration_ms), ENVOI_OK);
}

static struct client *log_in(size_t index, const char *jid, const char *password)
{
	struct client *client = connect_client(index, jid, password);
	run(1000);
	if (!recorder_has(&client->recorder, "ready")) {
		print_error("not ready:\n%s", recorder_lines(&client->recorder));
		fail();
	}
	return client;
}

static void say(struct client *client, const char *xml)
{
	assert_int_equal(envoi_stream_send(client->recorder.stream, xml, strlen(xml)), ENVOI_OK);
	run(100);
}

/* --- conversations --- */

static void two_clients_talk(void **state)
{
	(void)state;
	begin(true);
	struct client *alice = log_in(0, "alice@example.org/desk", "wonderland");
	struct client *bob = log_in(1, "bob@example.org/phone", "builder");
	assert_int_equal(test_server_online(all.server), 2);
	say(alice, "<presence/>");
	say(bob, "<presence><show>away</show></presence>");
	assert_true(recorder_has(&alice->recorder,
		"stanza <presence xmlns='jabber:client' "
		"from='alice@example.org/desk' to='alice@example.org'/>"));
	assert_true(recorder_has(&alice->recorder,
		"stanza <presence xmlns='jabber:client' "
		"from='bob@example.org/phone' to='alice@example.org'><show>away"));
	assert_true(recorder_has(&bob->recorder,
		"stanza <presence xmlns='jabber:client' "
		"from='alice@example.org/desk' to='bob@example.org'/>"));
	say(alice, "<message to='bob@example.org' type='chat'><body>hello</body></message>");
	assert_true(recorder_has(&bob->recorder,
		"stanza <message xmlns='jabber:client' "
		"to='bob@example.org' type='chat' from='alice@example.org/desk'><body>hello</body>"));
	say(bob, "<message to='carol@example.org' type='chat' id='1'><body>?</body></message>");
	assert_true(recorder_has(&bob->recorder, "stanza <message xmlns='jabber:client' "));
	assert_non_null(strstr(recorder_lines(&bob->recorder), "<service-unavailable"));
	recorder_free_stream(&bob->recorder);
	run(1000);
	assert_non_null(strstr(recorder_lines(&alice->recorder), "type='unavailable'"));
	assert_int_equal(test_server_online(all.server), 1);
	assert_int_equal(test_server_count_heard(all.server, "<message"), 2);
	finish();
}

static void a_roster_is_given_and_a_ping_answered(void **state)
{
	(void)state;
	begin(true);
	struct client *alice = log_in(0, "alice@example.org/desk", "wonderland");
	say(alice, "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
	assert_non_null(strstr(recorder_lines(&alice->recorder),
		"<item jid='bob@example.org' name='Bob' subscription='both'/>"));
	say(alice, "<iq type='get' id='p' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
	assert_non_null(strstr(recorder_lines(&alice->recorder), "type='result'"));
	say(alice, "<iq type='get' id='x' to='example.org'><x xmlns='urn:x'/></iq>");
	assert_non_null(strstr(recorder_lines(&alice->recorder), "<service-unavailable"));
	finish();
}

static void a_resource_in_use_is_taken_over(void **state)
{
	(void)state;
	begin(true);
	struct client *first = log_in(0, "alice@example.org/desk", "wonderland");
	log_in(1, "alice@example.org/desk", "wonderland");
	run(10000);
	recorder_assert_closed(&first->recorder, ENVOI_PHASE_ONLINE, ENVOI_ERR_STREAM);
	assert_int_equal(first->recorder.failure.stream_condition, ENVOI_STREAM_CONFLICT);
	assert_int_equal(first->recorder.failure.retry, ENVOI_RETRY_AFTER_USER);
	assert_int_equal(test_server_online(all.server), 1);
	finish();
}

static void each_end_of_a_stream_is_reported(void **state)
{
	(void)state;
	begin(true);
	struct client *alice = log_in(0, "alice@example.org", "wonderland");
	test_server_ends_all(all.server, ENVOI_STREAM_SYSTEM_SHUTDOWN);
	run(10000);
	recorder_assert_closed(&alice->recorder, ENVOI_PHASE_ONLINE, ENVOI_ERR_STREAM);
	assert_int_equal(alice->recorder.failure.retry, ENVOI_RETRY_LATER);
	alice = log_in(0, "alice@example.org", "wonderland");
	test_server_ends_all(all.server, ENVOI_STREAM_NO_CONDITION);
	run(10000);
	recorder_assert_closed(&alice->recorder, ENVOI_PHASE_ONLINE, ENVOI_OK);
	alice = log_in(0, "alice@example.org", "wonderland");
	envoi_stream_close(alice->recorder.stream);
	run(10000);
	recorder_assert_closed(&alice->recorder, ENVOI_PHASE_CLOSE, ENVOI_OK);
	assert_int_equal(test_server_online(all.server), 0);
	finish();
}

/* --- knobs --- */

static struct client *fail_to_log_in(const char *password)
{
	struct client *client = connect_client(0, "alice@example.org/desk", password);
	run(60000);
	assert_int_equal(test_server_online(all.server), 0);
	return client;
}

static void each_refusal_has_its_phase_and_class(void **state)
{
	(void)state;
	begin(true);
	struct test_server_knobs *knobs = test_server_knobs(all.server);
	struct client *client = fail_to_log_in("wrong");
	recorder_assert_closed(&client->recorder, ENVOI_PHASE_SASL, ENVOI_ERR_AUTH);
	assert_int_equal(client->recorder.failure.retry, ENVOI_RETRY_AFTER_USER);

	knobs->no_binding = true;
	client = fail_to_log_in("wonderland");
	recorder_assert_closed(&client->recorder, ENVOI_PHASE_BIND, ENVOI_ERR_PROTOCOL);
	knobs->no_binding = false;

	knobs->refuses_binding = true;
	client = fail_to_log_in("wonderland");
	recorder_assert_closed(&client->recorder, ENVOI_PHASE_BIND, ENVOI_ERR_STANZA);
	assert_string_equal(client->recorder.failure.condition, "conflict");
	assert_int_equal(client->recorder.failure.retry, ENVOI_RETRY_AFTER_USER);
	knobs->refuses_binding = false;

	knobs->binds_other_account = true;
	client = connect_client(0, "alice@example.org/desk", "wonderland");
	run(60000);
	recorder_assert_closed(&client->recorder, ENVOI_PHASE_BIND, ENVOI_ERR_PROTOCOL);
	knobs->binds_other_account = false;

	knobs->refuses_connections = true;
	client = fail_to_log_in("wonderland");
	assert_int_equal(client->refused.code, ENVOI_ERR_UNREACHABLE);
	finish();
}

/* --- both ways at every byte --- */

static uint64_t login_bytes(enum envoi_memory_side side)
{
	log_in(0, "alice@example.org/desk", "wonderland");
	struct envoi_memory_pair *pair = test_server_pair(all.server, "alice@example.org/desk");
	assert_non_null(pair);
	uint64_t bytes = envoi_memory_pair_sent(pair, side);
	finish_client(&all.clients[0]);
	run(10000);
	return bytes;
}

/* With SCRAM: what each side sends differs from login to login but not in length. */
static void silence_from_any_byte_on_is_a_timeout(void **state)
{
	(void)state;
	begin(true);
	uint64_t bytes = login_bytes(ENVOI_MEMORY_B);
	for (uint64_t at = 0; at < bytes; at += 3) {
		struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
		script.stall_at = at;
		test_server_script(all.server, ENVOI_MEMORY_B, &script);
		struct client *client = connect_client(0, "alice@example.org/desk", "wonderland");
		run(59999);
		recorder_assert_closed(
			&client->recorder, client->recorder.failure.phase, ENVOI_ERR_TIMEOUT);
		assert_between(
			client->recorder.failure.phase, ENVOI_PHASE_STREAM, ENVOI_PHASE_BIND);
	}
	finish();
}

static void a_cut_at_any_byte_ends_once_on_both_sides(void **state)
{
	(void)state;
	begin(true);
	for (int side = ENVOI_MEMORY_A; side <= ENVOI_MEMORY_B; side++) {
		uint64_t bytes = login_bytes((enum envoi_memory_side)side);
		for (uint64_t at = 0; at < bytes; at += 5) {
			struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
			script.cut_at = at;
			test_server_script(all.server, (enum envoi_memory_side)side, &script);
			struct client *client = connect_client(
				0, "alice@example.org/desk", "wonderland");
			run(60000);
			recorder_assert_closed(&client->recorder, client->recorder.failure.phase,
				ENVOI_ERR_DISCONNECTED);
			assert_int_equal(test_server_online(all.server), 0);
		}
		test_server_script(all.server, (enum envoi_memory_side)side, NULL);
	}
	finish();
}

/* --- with TLS --- */

static void a_login_with_starttls(void **state)
{
	(void)state;
	begin(false);
	struct client *alice = log_in(0, "alice@example.org/desk", "wonderland");
	recorder_assert_milestones(&alice->recorder,
		(const char *const[]){"opened", "gained secure TLS1.3", "opened",
			"gained authenticated SCRAM-SHA-512-PLUS", "opened", "gained bound",
			"ready", NULL});
	envoi_stream_close(alice->recorder.stream);
	run(10000);
	recorder_assert_closed(&alice->recorder, ENVOI_PHASE_CLOSE, ENVOI_OK);
	finish();
}

static void a_certificate_for_another_name_ends_before_anything_is_sent(void **state)
{
	(void)state;
	static const char *const certificates[] = {
		"other-name.pem", "unknown-ca.pem", "expired.pem", "self-signed.pem"};
	for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++) {
		begin(false);
		test_server_free(all.server);
		all.server = test_server_new(all.context, TEST_DATA, certificates[i]);
		struct client *client = connect_client(0, "alice@example.org/desk", "wonderland");
		run(60000);
		recorder_assert_closed(&client->recorder, ENVOI_PHASE_TLS, ENVOI_ERR_CERTIFICATE);
		assert_int_equal(client->recorder.failure.retry, ENVOI_RETRY_AFTER_USER);
		recorder_assert_milestones(&client->recorder,
			(const char *const[]){"opened", "closed tls ENVOI_ERR_CERTIFICATE", NULL});
		finish();
	}
}

/* Records and signatures differ in length from login to login: the last offsets may be beyond. */
static void silence_within_tls_from_any_byte_on_is_a_timeout(void **state)
{
	(void)state;
	begin(false);
	uint64_t bytes = login_bytes(ENVOI_MEMORY_B);
	unsigned int in_tls = 0;
	for (uint64_t at = 0; at + 16 < bytes; at += 37) {
		struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
		script.stall_at = at;
		test_server_script(all.server, ENVOI_MEMORY_B, &script);
		struct client *client = connect_client(0, "alice@example.org/desk", "wonderland");
		run(59999);
		enum envoi_phase phase = client->recorder.failure.phase;
		recorder_assert_closed(&client->recorder, phase, ENVOI_ERR_TIMEOUT);
		assert_between(phase, ENVOI_PHASE_TLS, ENVOI_PHASE_BIND);
		in_tls += phase == ENVOI_PHASE_TLS;
	}
	assert_true(in_tls > 5);
	finish();
}

static void a_cut_within_tls_ends_once_on_both_sides(void **state)
{
	(void)state;
	begin(false);
	for (int side = ENVOI_MEMORY_A; side <= ENVOI_MEMORY_B; side++) {
		uint64_t bytes = login_bytes((enum envoi_memory_side)side);
		for (uint64_t at = 0; at + 16 < bytes; at += 53) {
			struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
			script.cut_at = at;
			test_server_script(all.server, (enum envoi_memory_side)side, &script);
			struct client *client = connect_client(
				0, "alice@example.org/desk", "wonderland");
			run(60000);
			recorder_assert_closed(&client->recorder, client->recorder.failure.phase,
				ENVOI_ERR_DISCONNECTED);
			assert_int_equal(test_server_online(all.server), 0);
		}
		test_server_script(all.server, (enum envoi_memory_side)side, NULL);
	}
	finish();
}

/* --- everything from inside every callback, within TLS --- */

enum action {
	FREE,
	CLOSE,
	FAIL,
	CLOSE_AND_FREE,
	ACTIONS,
};

static struct {
	unsigned int at, seen;
	enum action action;
} bomb;

static void act(struct recorder *recorder, const char *event)
{
	(void)event;
	if (recorder->stream == NULL || bomb.seen++ != bomb.at) {
		return;
	}
	if (bomb.action == CLOSE || bomb.action == CLOSE_AND_FREE) {
		envoi_stream_close(recorder->stream);
	} else if (bomb.action == FAIL) {
		envoi_stream_fail_with(
			recorder->stream, ENVOI_ERR_LIMIT, ENVOI_STREAM_POLICY_VIOLATION, "enough");
	}
	if (bomb.action == FREE || bomb.action == CLOSE_AND_FREE) {
		recorder_free_stream(recorder);
	}
}

/* @return whether there were so many events */
static bool set_off(void)
{
	begin(false);
	bomb.seen = 0;
	struct client *client = connect_client(0, "alice@example.org/desk", "wonderland");
	client->recorder.act = act;
	run(2000);
	test_server_ends_all(all.server, ENVOI_STREAM_RESET);
	run(60000);
	bool is_freed = client->recorder.stream == NULL;
	assert_int_equal(client->recorder.after_free, 0);
	assert_between(client->recorder.closed_count, is_freed ? 0 : 1, 1);
	assert_int_equal(test_server_online(all.server), 0);
	finish();
	return bomb.seen > bomb.at;
}

static void anything_may_be_done_in_every_callback(void **state)
{
	(void)state;
	for (int action = 0; action < ACTIONS; action++) {
		bomb.action = (enum action)action;
		for (bomb.at = 0; set_off(); bomb.at++) {
		}
		assert_true(bomb.at > 8);
	}
}

/* --- many times --- */

static void log_in_and_out(void)
{
	struct client *client = log_in(0, "alice@example.org/desk", "wonderland");
	envoi_stream_close(client->recorder.stream);
	run(1000);
	recorder_assert_closed(&client->recorder, ENVOI_PHASE_CLOSE, ENVOI_OK);
	finish_client(client);
	run(1000);
}

static void logins_and_logouts_leave_nothing_behind(void **state)
{
	(void)state;
	begin(true);
	assert_int_equal(envoi_settings_set(all.settings, "sasl.mechanisms", "PLAIN"), ENVOI_OK);
	log_in_and_out();
	size_t live = all.allocator.live;
	for (int i = 0; i < 500; i++) {
		log_in_and_out();
		assert_int_equal(all.allocator.live, live);
	}
	finish();
}

/* --- no memory --- */

/* @return whether that allocation was asked for before the login and the goodbye were over */
static bool run_short_of_memory(size_t at, bool no_tls)
{
	begin(no_tls);
	struct client *client = connect_client(0, "alice@example.org/desk", "wonderland");
	all.allocator.fail_at = all.allocator.calls + at;
	run(2000);
	if (client->recorder.stream != NULL) {
		envoi_stream_close(client->recorder.stream);
	}
	run(120000);
	bool was_short = all.allocator.calls >= all.allocator.fail_at;
	all.allocator.fail_at = 0;
	bool has_failed = client->refused.code != ENVOI_OK || client->not_made != ENVOI_OK;
	assert_int_equal(client->recorder.closed_count, has_failed ? 0 : 1);
	assert_int_equal(client->recorder.after_free, 0);
	finish();
	return was_short;
}

static void a_lack_of_memory_at_any_allocation_ends_in_one_way(void **state)
{
	(void)state;
	size_t at = 1;
	while (run_short_of_memory(at, true)) {
		at++;
	}
	assert_true(at > 100);
	for (at = 1; run_short_of_memory(at, false);) {
		at += 7;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_clients_talk),
		cmocka_unit_test(a_roster_is_given_and_a_ping_answered),
		cmocka_unit_test(a_resource_in_use_is_taken_over),
		cmocka_unit_test(each_end_of_a_stream_is_reported),
		cmocka_unit_test(each_refusal_has_its_phase_and_class),
		cmocka_unit_test(silence_from_any_byte_on_is_a_timeout),
		cmocka_unit_test(a_cut_at_any_byte_ends_once_on_both_sides),
		cmocka_unit_test(anything_may_be_done_in_every_callback),
		cmocka_unit_test(logins_and_logouts_leave_nothing_behind),
		cmocka_unit_test(a_lack_of_memory_at_any_allocation_ends_in_one_way),
		cmocka_unit_test(a_login_with_starttls),
		cmocka_unit_test(a_certificate_for_another_name_ends_before_anything_is_sent),
		cmocka_unit_test(silence_within_tls_from_any_byte_on_is_a_timeout),
		cmocka_unit_test(a_cut_within_tls_ends_once_on_both_sides),
	};
	return cmocka_run_group_tests_name("sim/server", tests, NULL, NULL);
}
