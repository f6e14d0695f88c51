/*
 * envoi - sessions: tests of what probes the link below them
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/ping.h>

#include "between.h"
#include "session/liveness/probe.h"
#include "session/session.h"
#include "wire.h"

enum {
	S = 1000,
	PROBE_AFTER = 60 * S,
	ANSWER_TIMEOUT = 20 * S,
	LIMIT = 180 * S,
};

static struct wire wire;

static int setup(void **state)
{
	(void)state;
	wire = (struct wire){0};
	wire_init(&wire, NULL);
	assert_int_equal(envoi_settings_set(wire.settings, "liveness.method", "probe"), ENVOI_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wire_finish(&wire);
	return 0;
}

/* @return the id of the ping that the peer got */
static const char *heard_ping(void)
{
	static char id[64];
	const char *heard = wire_heard(&wire);
	const char *at = strstr(heard, " id='");
	assert_non_null(strstr(heard, "<ping xmlns='urn:xmpp:ping'/>"));
	assert_non_null(at);
	at += strlen(" id='");
	size_t len = strcspn(at, "'");
	assert_between(len, 1, sizeof(id) - 1);
	memcpy(id, at, len);
	id[len] = '\0';
	return id;
}

static void answer_with(const char *type, const char *content)
{
	char iq[300];
	snprintf(iq, sizeof(iq), "<iq type='%s' from='example.org' id='%s'>%s</iq>", type,
		heard_ping(), content);
	wire_say(&wire, iq);
	wire_run(&wire, 0);
}

/* --- a dead link --- */

static void a_silent_server_is_pinged_and_then_left_without_a_closing_tag(void **state)
{
	(void)state;
	wire_go_online(&wire);
	wire_run(&wire, PROBE_AFTER - 1);
	assert_string_equal(wire_heard(&wire), "");
	wire_run(&wire, 1);
	assert_non_null(strstr(heard_ping(), ""));
	wire_run(&wire, ANSWER_TIMEOUT - 1);
	assert_int_equal(wire.closed_count, 0);
	wire_run(&wire, 1);
	assert_int_equal(wire.closed_count, 1);
	assert_int_equal(wire.closed.code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(wire.closed.phase, ENVOI_PHASE_ONLINE);
	assert_int_equal(wire.closed.retry, ENVOI_RETRY_LATER);
	assert_string_equal(wire.closed.text,
		"the connection is dead: nothing has arrived for 80 s, and no answer to a probe");
	assert_string_equal(wire_heard(&wire), "");
}

static void each_answer_shows_that_the_link_works(void **state)
{
	(void)state;
	wire_go_online(&wire);
	wire_run(&wire, PROBE_AFTER + 5 * S);
	answer_with("result", "");
	wire_run(&wire, PROBE_AFTER + 5 * S);
	answer_with("error",
		"<error type='cancel'><service-unavailable "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
	wire_run(&wire, PROBE_AFTER + 5 * S);
	(void)heard_ping();
	wire_say(&wire, " ");
	wire_run(&wire, ANSWER_TIMEOUT);
	assert_int_equal(wire.closed_count, 0);
	assert_string_equal(wire_log(&wire), "");
}

static void a_new_stream_is_probed_like_the_first(void **state)
{
	(void)state;
	for (unsigned int i = 1; i <= 3; i++) {
		wire_go_online(&wire);
		wire_run(&wire, PROBE_AFTER + 5 * S);
		(void)heard_ping();
		wire_run(&wire, ANSWER_TIMEOUT);
		assert_int_equal(wire.closed_count, i);
	}
}

static void traffic_of_the_peer_saves_the_ping(void **state)
{
	(void)state;
	wire_go_online(&wire);
	for (int i = 0; i < 10; i++) {
		wire_run(&wire, PROBE_AFTER - 1);
		assert_string_equal(wire_talk(&wire, "<message from='a@b'/>"), "");
	}
	assert_int_equal(wire.closed_count, 0);
}

/* --- the receiving side --- */

static void a_server_pings_its_client_in_its_own_name(void **state)
{
	(void)state;
	assert_int_equal(wire_new_session(&wire), ENVOI_OK);
	assert_int_equal(wire_attach(&wire, ENVOI_RECEIVER, 0), ENVOI_OK);
	envoi_session_set_jid(wire.session, wire.own);
	wire_say(&wire,
		"<stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='example.org'>");
	wire_run(&wire, 0);
	assert_int_equal(wire.ready_count, 1);
	(void)wire_heard(&wire);
	wire_run(&wire, PROBE_AFTER + 5 * S);
	const char *heard = wire_heard(&wire);
	assert_non_null(strstr(heard, "to='" WIRE_OWN "'"));
	assert_non_null(strstr(heard, "from='example.org'"));
	wire_run(&wire, ANSWER_TIMEOUT);
	assert_int_equal(wire.closed.code, ENVOI_ERR_TIMEOUT);
	assert_string_equal(wire_heard(&wire), "");
}

/* --- what stands in the way of a ping --- */

static void a_full_table_of_requests_does_not_hold_back_the_ping(void **state)
{
	(void)state;
	assert_int_equal(envoi_settings_set(wire.settings, "limits.requests", "1"), ENVOI_OK);
	wire_go_online(&wire);
	assert_int_equal(
		envoi_ping(wire.session, NULL, 3000 * S, wire_on_answer, &wire, NULL), ENVOI_OK);
	wire_run(&wire, 0);
	(void)heard_ping();
	wire_run(&wire, PROBE_AFTER);
	answer_with("result", "");
	wire_run(&wire, PROBE_AFTER);
	(void)heard_ping();
	wire_run(&wire, ANSWER_TIMEOUT);
	assert_int_equal(wire.closed_count, 1);
	assert_int_equal(wire.closed.code, ENVOI_ERR_TIMEOUT);
}

static void send_until_full(void)
{
	int r = ENVOI_OK;
	while (r == ENVOI_OK) {
		r = envoi_send_text(wire.session, "a@b", "text", NULL);
	}
	assert_int_equal(r, ENVOI_ERR_FULL);
}

static void a_dead_link_is_noticed_with_a_full_outbox(void **state)
{
	(void)state;
	struct envoi_memory_script dead = ENVOI_MEMORY_SCRIPT_INIT;
	dead.stall_at = 0;
	dead.window_bytes = 1000;
	assert_int_equal(envoi_settings_set(wire.settings, "limits.outbox-stanzas", "3"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(wire.settings, "limits.output-bytes", "64k"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(wire.settings, "stream.write-timeout", "1h"), ENVOI_OK);
	wire_go_online(&wire);
	envoi_memory_pair_script(wire.pair, ENVOI_MEMORY_A, &dead);
	send_until_full();
	wire_run(&wire, PROBE_AFTER + ANSWER_TIMEOUT);
	assert_int_equal(wire.closed_count, 1);
	assert_int_equal(wire.closed.code, ENVOI_ERR_TIMEOUT);
}

static void a_peer_that_takes_slowly_what_stands_before_the_ping_has_more_time(void **state)
{
	(void)state;
	struct envoi_memory_script slow = ENVOI_MEMORY_SCRIPT_INIT;
	slow.bytes_per_second = 100;
	slow.window_bytes = 1000;
	assert_int_equal(envoi_settings_set(wire.settings, "limits.output-bytes", "64k"), ENVOI_OK);
	wire_go_online(&wire);
	envoi_memory_pair_script(wire.pair, ENVOI_MEMORY_A, &slow);
	for (int i = 0; i < 400; i++) { /* they take longer than the connection may be silent */
		assert_int_equal(
			envoi_send_text(wire.session, "a@example.org", "text", NULL), ENVOI_OK);
	}
	wire_run(&wire, LIMIT - 1);
	assert_int_equal(wire.closed_count, 0);
	wire_run(&wire, 1);
	assert_int_equal(wire.closed_count, 1);
	assert_int_equal(wire.closed.code, ENVOI_ERR_TIMEOUT);
}

static void white_space_by_choice(void **state)
{
	(void)state;
	assert_int_equal(
		envoi_settings_set(wire.settings, "liveness.method", "white-space"), ENVOI_OK);
	wire_go_online(&wire);
	wire_run(&wire, 3 * PROBE_AFTER);
	assert_string_equal(wire_heard(&wire), "   ");
	assert_int_equal(wire.closed_count, 0);
}

static void a_session_that_closes_sends_no_probe(void **state)
{
	(void)state;
	assert_int_equal(envoi_settings_set(wire.settings, "close.timeout", "1h"), ENVOI_OK);
	wire_go_online(&wire);
	envoi_session_close(wire.session);
	wire_run(&wire, PROBE_AFTER + ANSWER_TIMEOUT);
	assert_string_equal(wire_heard(&wire), "</stream:stream>");
	assert_int_equal(wire.closed_count, 0);
}

/* --- the application takes part --- */

static int free_the_session(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)self;
	(void)session;
	(void)stanza;
	wire_free_session(&wire);
	return ENVOI_OK;
}

static void a_filter_may_free_the_session_when_it_sees_the_ping(void **state)
{
	(void)state;
	static const struct envoi_filters freeing = {.stanza_out = free_the_session};
	static const struct envoi_handler_impl freer_impl = {
		.name = "freer",
		.filters = &freeing,
	};
	struct envoi_handler freer = ENVOI_HANDLER(&freer_impl);
	wire_go_online(&wire);
	assert_int_equal(envoi_session_add(wire.session, &freer), ENVOI_OK);
	wire_run(&wire, PROBE_AFTER + ANSWER_TIMEOUT);
	assert_null(wire.session);
}

static void a_hint_probes_at_once(void **state)
{
	(void)state;
	wire_go_online(&wire);
	wire_run(&wire, 3 * S);
	envoi__session_probe(wire.session);
	wire_run(&wire, 0);
	(void)heard_ping();
	wire_run(&wire, ANSWER_TIMEOUT + 5 * S);
	assert_int_equal(wire.closed.code, ENVOI_ERR_TIMEOUT);
}

static void a_machine_that_wakes_up_pings(void **state)
{
	(void)state;
	wire_go_online(&wire);
	assert_int_equal(envoi_loop_simulated_suspend(wire.loop, 600 * S), ENVOI_OK);
	wire_run(&wire, 0);
	answer_with("result", "");
	wire_run(&wire, ANSWER_TIMEOUT + 5 * S);
	assert_int_equal(wire.closed_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_silent_server_is_pinged_and_then_left_without_a_closing_tag, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			each_answer_shows_that_the_link_works, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_new_stream_is_probed_like_the_first, setup, teardown),
		cmocka_unit_test_setup_teardown(
			traffic_of_the_peer_saves_the_ping, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_server_pings_its_client_in_its_own_name, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_full_table_of_requests_does_not_hold_back_the_ping, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_dead_link_is_noticed_with_a_full_outbox, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_peer_that_takes_slowly_what_stands_before_the_ping_has_more_time, setup,
			teardown),
		cmocka_unit_test_setup_teardown(white_space_by_choice, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_session_that_closes_sends_no_probe, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_filter_may_free_the_session_when_it_sees_the_ping, setup, teardown),
		cmocka_unit_test_setup_teardown(a_hint_probes_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_machine_that_wakes_up_pings, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
