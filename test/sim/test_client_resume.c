/*
 * envoi - a client whose server resumes sessions (XEP-0198): tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/session.h>
#include <envoi/testing.h>

enum {
	SECOND_MS = 1000,
	MINUTE_MS = 60 * SECOND_MS,
};

static struct envoi_world *world;
static struct envoi_test_server *server;
static struct envoi_client *bot;
static struct envoi_promise *promise;
static char course[2000]; /* events of sessions and connections */
static unsigned int presences; /* that the server got from the bot */
static unsigned int requests_got, results_got; /* by the server */
static int answers[4];
static unsigned int answer_count;

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	size_t len = strlen(course);
	snprintf(course + len, sizeof(course) - len, "%s ", envoi_event_name(event->type));
}

static int on_get(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	return envoi_delivery_defer(in, &promise);
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_CONNECTING, on_event},
	{ENVOI_EVENT_STARTED, on_event},
	{ENVOI_EVENT_RESUMED, on_event},
	{ENVOI_EVENT_AVAILABLE, on_event},
	{ENVOI_EVENT_ENDED, on_event},
	{ENVOI_EVENT_DISCONNECTED, on_event},
	{ENVOI_EVENT_SUSPENDED, on_event},
	{ENVOI_EVENT_STOPPED, on_event},
	ENVOI_ROWS_END,
};
static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_IQ_GET, .ns = "urn:x", .name = "x", .handle = on_get},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl watcher_impl = {.events = events, .stanzas = stanzas};
static struct envoi_handler watcher = {&watcher_impl};

static void on_server(void *user, enum envoi_test_server_act act, unsigned int session,
	const struct envoi_stanza *stanza)
{
	(void)user, (void)session;
	if (act != ENVOI_TEST_RECEIVED) {
		return;
	}
	enum envoi_stanza_kind kind = envoi_stanza_kind(stanza);
	const struct envoi_element *payload = envoi_stanza_payload(stanza);
	presences += kind == ENVOI_PRESENCE;
	results_got += kind == ENVOI_IQ_RESULT;
	requests_got += kind == ENVOI_IQ_GET && envoi_element_is(payload, "urn:x", "x");
}

static int setup(void **state)
{
	(void)state;
	world = envoi_world_new(7);
	server = envoi_world_server(world, "example.org");
	envoi_test_server_account(server, "bot", "secret");
	envoi_test_server_watch(server, on_server, NULL);
	assert_int_equal(
		envoi_client_new(&bot, envoi_world_context(world), "bot@example.org/x"), ENVOI_OK);
	envoi_client_set_password(bot, "secret");
	envoi_client_add(bot, &watcher);
	envoi_client_add_connector(bot, envoi_world_connector(world, "bot"));
	course[0] = '\0';
	presences = requests_got = results_got = answer_count = 0;
	promise = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi_promise_drop(promise);
	envoi_client_free(bot);
	assert_int_equal(envoi_world_free(world), 0);
	return 0;
}

/* @return the events since the last call */
static const char *take_course(void)
{
	static char taken[sizeof(course)];
	memcpy(taken, course, sizeof(course));
	course[0] = '\0';
	return taken;
}

static void go_online(void)
{
	assert_int_equal(envoi_client_connect(bot), ENVOI_OK);
	envoi_world_run(world, SECOND_MS);
	assert_string_equal(take_course(), "connecting started available ");
}

static void on_answer(void *user, const struct envoi_answer *answer)
{
	(void)user;
	answers[answer_count++] = envoi_answer_code(answer);
}

/* The bot asks itself, and promises itself an answer. */
static void ask(void)
{
	struct envoi_stanza *iq = envoi_iq_new(
		envoi_world_context(world), ENVOI_IQ_GET, "bot@example.org/x");
	envoi_element_add(envoi_stanza_element(iq), "urn:x", "x");
	assert_int_equal(envoi_request(envoi_client_session(bot), iq, NULL, 10 * MINUTE_MS,
				 on_answer, NULL, NULL),
		ENVOI_OK);
	envoi_world_run(world, 0);
}

/* @return the result of keeping the promise */
static int keep_promise(void)
{
	assert_non_null(promise);
	int r = envoi_promise_result(promise, NULL, NULL);
	promise = NULL;
	envoi_world_run(world, 0);
	return r;
}

/* --- the session goes on --- */

static void a_session_continues_over_a_new_connection(void **state)
{
	(void)state;
	go_online();
	assert_int_equal(presences, 1);
	uint64_t epoch = envoi_session_epoch(envoi_client_session(bot));
	for (int i = 0; i < 3; i++) {
		envoi_world_cut(world, "bot");
		envoi_world_run(world, 0);
		assert_string_equal(take_course(), "disconnected suspended ");
		assert_int_equal(envoi_client_state(bot), ENVOI_CLIENT_SUSPENDED);
		envoi_world_run(world, 2 * MINUTE_MS);
		assert_string_equal(take_course(), "connecting resumed ");
		assert_int_equal(envoi_client_state(bot), ENVOI_CLIENT_ONLINE);
	}
	assert_int_equal(envoi_session_epoch(envoi_client_session(bot)), epoch);
	assert_true(envoi_roster_is_complete(envoi_client_roster(bot)));
	assert_int_equal(presences, 1);
	envoi_client_disconnect(bot);
	envoi_world_run(world, SECOND_MS);
	assert_int_equal(presences, 2); /* unavailable */
	assert_string_equal(take_course(), "ended disconnected stopped ");
	assert_int_equal(envoi_test_server_get_counts(server, "bot").sessions, 0);
}

static void requests_and_promises_live_through_it(void **state)
{
	(void)state;
	go_online();
	ask();
	envoi_world_cut(world, "bot");
	envoi_world_run(world, 0);
	assert_int_equal(answer_count, 0);
	assert_int_equal(keep_promise(), ENVOI_OK);
	assert_int_equal(results_got, 0);
	envoi_world_run(world, MINUTE_MS);
	assert_string_equal(take_course(), "disconnected suspended connecting resumed ");
	assert_int_equal(results_got, 1);
	assert_int_equal(answer_count, 1);
	assert_int_equal(answers[0], ENVOI_OK);
}

/* The server replaces the old connection, which the client has given up before. */
static void a_dead_connection_is_replaced_without_stopping(void **state)
{
	(void)state;
	go_online();
	envoi_world_silence(world, "bot");
	envoi_world_run(world, 3 * MINUTE_MS);
	assert_string_equal(take_course(), "disconnected suspended connecting resumed ");
	envoi_world_run(world, 10 * MINUTE_MS);
	assert_string_equal(take_course(), "");
}

static void a_hint_probes_the_connection_of_a_client_that_is_online(void **state)
{
	(void)state;
	go_online();
	envoi_world_silence(world, "bot");
	envoi_client_hint(bot);
	envoi_world_run(world, 19 * SECOND_MS);
	assert_string_equal(take_course(), "");
	envoi_world_run(world, 20 * SECOND_MS); /* without it, it takes 80 s */
	assert_string_equal(take_course(), "disconnected suspended connecting resumed ");
}

static int cut_at_roster(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)self;
	const struct envoi_element *payload = envoi_stanza_payload(stanza);
	if (payload != NULL && envoi_element_is(payload, "jabber:iq:roster", "query")) {
		struct envoi_failure why;
		envoi_failure_set(&why, envoi_session_context(session), ENVOI_PHASE_ONLINE,
			ENVOI_ERR_DISCONNECTED, "cut by the test");
		envoi_stream_cut(envoi_session_stream(session), &why);
	}
	return ENVOI_OK;
}

static const struct envoi_filters cutting_filters = {.stanza_in = cut_at_roster};
static const struct envoi_handler_impl cutting_impl = {.filters = &cutting_filters};

/* The answer with the roster is delivered when the connection is gone. */
static void presence_waits_for_the_stream_that_resumes(void **state)
{
	static struct envoi_handler cutting = {&cutting_impl};
	(void)state;
	envoi_client_add(bot, &cutting);
	assert_int_equal(envoi_client_connect(bot), ENVOI_OK);
	envoi_world_run(world, MINUTE_MS);
	assert_string_equal(take_course(),
		"connecting started disconnected suspended available connecting resumed ");
	assert_int_equal(presences, 1);
}

/* --- a new session --- */

static void without_the_session_requests_that_were_sent_end_and_others_go_out(void **state)
{
	(void)state;
	go_online();
	ask();
	assert_int_equal(requests_got, 1);
	envoi_test_server_stop(server, false);
	envoi_world_run(world, 0);
	struct envoi_promise *old = promise;
	promise = NULL;
	ask(); /* waits */
	envoi_test_server_start(server);
	envoi_world_run(world, 2 * MINUTE_MS);
	assert_non_null(strstr(take_course(), "ended started available "));
	assert_int_equal(answer_count, 1);
	assert_int_equal(answers[0], ENVOI_ERR_DISCONNECTED);
	assert_int_equal(envoi_promise_result(old, NULL, NULL), ENVOI_ERR_STATE);
	assert_int_equal(presences, 2);
	assert_int_equal(requests_got, 2);
	assert_int_equal(keep_promise(), ENVOI_OK);
	assert_int_equal(answer_count, 2);
	assert_int_equal(answers[1], ENVOI_OK);
}

/* Once more, and then a new session. */
static void a_server_that_does_not_answer_resumption_gets_a_new_session(void **state)
{
	(void)state;
	go_online();
	envoi_test_server_get_options(server)->ignores_resumes = 100;
	envoi_world_cut(world, "bot");
	envoi_world_run(world, 10 * MINUTE_MS);
	assert_string_equal(take_course(),
		"disconnected suspended connecting disconnected suspended "
		"connecting disconnected suspended connecting ended started available ");
	assert_int_equal(envoi_test_server_get_options(server)->ignores_resumes, 98);
}

static void a_server_that_breaks_off_at_resumption_gets_a_new_session(void **state)
{
	(void)state;
	go_online();
	envoi_test_server_get_options(server)->closes_at_resumes = 100;
	envoi_world_cut(world, "bot");
	envoi_world_run(world, 10 * MINUTE_MS);
	assert_non_null(strstr(take_course(), "ended started available "));
	assert_int_equal(envoi_test_server_get_options(server)->closes_at_resumes, 98);
}

/* --- the end --- */

static void stopping_while_suspended_ends_the_session(void **state)
{
	(void)state;
	go_online();
	ask();
	envoi_world_cut(world, "bot");
	envoi_world_run(world, 0);
	(void)take_course();
	envoi_client_disconnect(bot);
	envoi_world_run(world, 0);
	assert_string_equal(take_course(), "ended stopped ");
	assert_int_equal(answer_count, 1);
	assert_int_equal(answers[0], ENVOI_ERR_DISCONNECTED);
}

static void leaving_during_an_attempt_ends_the_session(void **state)
{
	(void)state;
	go_online();
	envoi_world_set_link(world, "bot", &(struct envoi_test_link){.ignores = true});
	envoi_world_cut(world, "bot");
	envoi_world_run(world, 10 * SECOND_MS);
	assert_string_equal(take_course(), "disconnected suspended connecting ");
	assert_int_equal(envoi_client_state(bot), ENVOI_CLIENT_SUSPENDED);
	envoi_client_disconnect(bot);
	envoi_world_run(world, 0);
	assert_string_equal(take_course(), "disconnected ended stopped ");
	assert_int_equal(presences, 1);
}

static void freeing_a_suspended_client_ends_its_session(void **state)
{
	(void)state;
	go_online();
	envoi_world_cut(world, "bot");
	envoi_world_run(world, 0);
	(void)take_course();
	envoi_client_free(bot);
	bot = NULL;
	assert_string_equal(take_course(), "ended stopped ");
}

static void a_conflict_ends_session_and_client(void **state)
{
	(void)state;
	go_online();
	envoi_test_server_end(server, "bot", ENVOI_STREAM_CONFLICT);
	envoi_world_run(world, 10 * MINUTE_MS);
	assert_string_equal(take_course(), "disconnected ended stopped ");
}

/* RFC 6120, section 4.9.3.3. */
static void two_clients_of_one_resource_do_not_end_each_other_for_ever(void **state)
{
	struct envoi_client *other;
	(void)state;
	go_online();
	assert_int_equal(envoi_client_new(&other, envoi_world_context(world), "bot@example.org/x"),
		ENVOI_OK);
	envoi_client_set_password(other, "secret");
	envoi_client_add_connector(other, envoi_world_connector(world, "other"));
	assert_int_equal(envoi_client_connect(other), ENVOI_OK);
	envoi_world_run(world, 60 * MINUTE_MS);
	assert_string_equal(take_course(), "disconnected ended stopped ");
	assert_int_equal(envoi_client_state(bot), ENVOI_CLIENT_OFFLINE);
	assert_int_equal(envoi_client_state(other), ENVOI_CLIENT_ONLINE);
	assert_int_equal(envoi_test_server_get_counts(server, "bot").connections, 1);
	envoi_client_free(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_continues_over_a_new_connection),
		TEST(requests_and_promises_live_through_it),
		TEST(a_dead_connection_is_replaced_without_stopping),
		TEST(presence_waits_for_the_stream_that_resumes),
		TEST(a_hint_probes_the_connection_of_a_client_that_is_online),
		TEST(without_the_session_requests_that_were_sent_end_and_others_go_out),
		TEST(a_server_that_does_not_answer_resumption_gets_a_new_session),
		TEST(a_server_that_breaks_off_at_resumption_gets_a_new_session),
		TEST(stopping_while_suspended_ends_the_session),
		TEST(leaving_during_an_attempt_ends_the_session),
		TEST(freeing_a_suspended_client_ends_its_session),
		TEST(a_conflict_ends_session_and_client),
		TEST(two_clients_of_one_resource_do_not_end_each_other_for_ever),
	};
	return cmocka_run_group_tests_name("sim/client_resume", tests, NULL, NULL);
}
