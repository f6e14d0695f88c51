/*
 * envoi - what a client queues while its session is suspended: tests
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
#include <envoi/testing.h>

enum {
	SECOND_MS = 1000,
	MINUTE_MS = 60 * SECOND_MS,
};

static struct envoi_world *world;
static struct envoi_test_server *server;
static struct envoi_client *bot;
static char got[500]; /* by the server: names of payloads and texts of messages */
static int answers[4];
static unsigned int answer_count;

static void on_server(void *user, enum envoi_test_server_act act, unsigned int session,
	const struct envoi_stanza *stanza)
{
	const struct envoi_element *payload = envoi_stanza_payload(stanza);
	bool is_message = envoi_stanza_kind(stanza) == ENVOI_MESSAGE;
	bool is_ours = payload != NULL && strcmp(envoi_element_ns(payload), "urn:x") == 0;
	size_t len = strlen(got);
	(void)user, (void)session;
	if (act == ENVOI_TEST_RECEIVED && (is_message || is_ours)) {
		snprintf(got + len, sizeof(got) - len, "%s ",
			is_ours ? envoi_element_name(payload) : envoi_message_body(stanza, NULL));
	}
}

static struct envoi_session *session(void)
{
	return envoi_client_session(bot);
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
	envoi_client_add_connector(bot, envoi_world_connector(world, "bot"));
	got[0] = '\0';
	answer_count = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi_client_free(bot);
	assert_int_equal(envoi_world_free(world), 0);
	return 0;
}

static void go_online(void)
{
	assert_int_equal(envoi_client_connect(bot), ENVOI_OK);
	envoi_world_run(world, SECOND_MS);
	assert_int_equal(envoi_client_state(bot), ENVOI_CLIENT_ONLINE);
}

static void suspend(bool can_resume)
{
	envoi_test_server_stop(server, can_resume);
	envoi_world_run(world, 10);
	assert_int_equal(envoi_client_state(bot), ENVOI_CLIENT_SUSPENDED);
}

static void come_back(void)
{
	envoi_test_server_start(server);
	envoi_world_run(world, 5 * MINUTE_MS);
	assert_int_equal(envoi_client_state(bot), ENVOI_CLIENT_ONLINE);
}

static void on_answer(void *user, const struct envoi_answer *answer)
{
	(void)user;
	answers[answer_count++] = envoi_answer_code(answer);
}

static struct envoi_stanza *iq_new(const char *name)
{
	struct envoi_stanza *iq = envoi_iq_new(envoi_world_context(world), ENVOI_IQ_SET, NULL);
	envoi_element_add(envoi_stanza_element(iq), "urn:x", name);
	return iq;
}

static struct envoi_request *ask(const char *name, uint64_t timeout_ms)
{
	struct envoi_request *request;
	assert_int_equal(
		envoi_request(session(), iq_new(name), NULL, timeout_ms, on_answer, NULL, &request),
		ENVOI_OK);
	return request;
}

/* --- requests --- */

static void ask_in_vain(bool can_resume)
{
	go_online();
	suspend(can_resume);
	(void)ask("late", 5 * SECOND_MS);
	envoi_request_cancel(ask("canceled", 0));
	(void)ask("wanted", 10 * MINUTE_MS);
	envoi_world_run(world, 20 * SECOND_MS);
	assert_int_equal(answer_count, 2);
	assert_int_equal(answers[0], ENVOI_ERR_CANCELED);
	assert_int_equal(answers[1], ENVOI_ERR_TIMEOUT);
	come_back();
	assert_string_equal(got, "wanted ");
	assert_int_equal(answer_count, 3);
}

static void a_request_that_has_ended_is_not_sent_when_the_session_is_resumed(void **state)
{
	(void)state;
	ask_in_vain(true);
}

static void a_request_that_has_ended_is_not_sent_on_a_new_session(void **state)
{
	(void)state;
	ask_in_vain(false);
}

/* The server may have it, and the numbers of stream management count it. */
static void a_request_that_was_sent_is_sent_again_though_it_was_canceled(void **state)
{
	(void)state;
	go_online();
	envoi_world_silence(world, "bot");
	envoi_request_cancel(ask("sent", 0));
	envoi_world_run(world, 5 * MINUTE_MS);
	assert_int_equal(envoi_client_state(bot), ENVOI_CLIENT_ONLINE);
	assert_string_equal(got, "sent ");
}

/** A filter that cancels a request, which is made by another one. */
static struct envoi_request *canceled;

static int cancel_what_waits(
	struct envoi_handler *self, struct envoi_session *its, struct envoi_stanza *stanza)
{
	const struct envoi_element *payload = envoi_stanza_payload(stanza);
	(void)self, (void)its;
	if (payload != NULL && envoi_element_is(payload, "urn:x", "second")) {
		envoi_request_cancel(canceled);
	}
	return ENVOI_OK;
}

static void a_filter_may_cancel_what_waits(void **state)
{
	static const struct envoi_filters filters = {.stanza_out = cancel_what_waits};
	static const struct envoi_handler_impl impl = {.filters = &filters};
	struct envoi_handler filter = ENVOI_HANDLER(&impl);
	(void)state;
	assert_int_equal(envoi_client_add(bot, &filter), ENVOI_OK);
	go_online();
	suspend(true);
	canceled = ask("first", 0);
	(void)ask("second", 0);
	come_back();
	assert_string_equal(got, "second ");
	envoi_client_remove(bot, &filter);
}

/* --- messages to a room --- */

static enum envoi_ticket_state state_told;
static unsigned int told;

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	(void)ticket;
	told++;
	state_told = report->state;
}

static void say_to_room(struct envoi_ticket *ticket)
{
	struct envoi_stanza *message = envoi_message_new(
		envoi_world_context(world), ENVOI_TYPE_GROUPCHAT, "room@chat.example.org", "hello");
	*ticket = (struct envoi_ticket){.done = on_ticket, .resend = ticket->resend};
	told = 0;
	assert_int_equal(envoi_send(session(), message, ticket), ENVOI_OK);
}

static void a_message_to_a_room_is_sent_when_the_session_is_resumed(void **state)
{
	struct envoi_ticket ticket = {0};
	(void)state;
	go_online();
	suspend(true);
	say_to_room(&ticket);
	come_back();
	assert_string_equal(got, "hello ");
	assert_int_equal(told, 1);
	assert_int_equal(state_told, ENVOI_TICKET_REFUSED); /* the server has no rooms */
}

static void a_message_to_a_room_is_not_sent_on_a_new_session(void **state)
{
	struct envoi_ticket ticket = {0};
	(void)state;
	go_online();
	suspend(false);
	say_to_room(&ticket);
	come_back();
	assert_string_equal(got, "");
	assert_int_equal(told, 1);
	assert_int_equal(state_told, ENVOI_TICKET_NOT_SENT);
}

/* A channel that needs no presence. */
static void a_message_to_a_room_may_be_sent_on_a_new_session(void **state)
{
	struct envoi_ticket ticket = {.resend = ENVOI_RESEND_ALWAYS};
	(void)state;
	go_online();
	suspend(false);
	say_to_room(&ticket);
	come_back();
	assert_string_equal(got, "hello ");
	assert_int_equal(state_told, ENVOI_TICKET_REFUSED); /* the server has no rooms */
}

/* --- a full outbox --- */

static int last_code;

static void on_first_restored(void *user, const struct envoi_answer *answer)
{
	int code = envoi_answer_code(answer);
	(void)user;
	int r = code == ENVOI_ERR_DISCONNECTED || code == ENVOI_ERR_CANCELED
		? code
		: envoi_request(session(), iq_new("more"), NULL, 0, on_answer, NULL, NULL);
	last_code = r;
}

static void restore(struct envoi_handler *self, struct envoi_session *its, bool is_resumed)
{
	(void)self;
	assert_false(is_resumed);
	last_code = envoi_request(its, iq_new("on"), NULL, 0, on_first_restored, NULL, NULL);
}

/* The server takes what restores a session, and acknowledges no message before the second request
 * of it is due. */
static void a_full_outbox_does_not_keep_a_session_from_being_restored(void **state)
{
	static const struct envoi_handler_impl impl = {.restore = restore};
	struct envoi_handler handler = ENVOI_HANDLER(&impl);
	(void)state;
	assert_int_equal(envoi_client_set(bot, "limits.outbox-stanzas", "5"), ENVOI_OK);
	assert_int_equal(envoi_client_add(bot, &handler), ENVOI_OK);
	go_online();
	assert_string_equal(got, "on more ");
	envoi_world_run(world, MINUTE_MS); /* all is acknowledged */
	suspend(false);
	got[0] = '\0';
	unsigned int queued = 0;
	while (envoi_send_text(session(), "alice@example.org", "x", NULL) == ENVOI_OK) {
		queued++;
	}
	assert_int_equal(queued, 5);
	come_back();
	assert_string_equal(got, "on x x x x x more ");
	assert_int_equal(last_code, ENVOI_OK);
	envoi_client_remove(bot, &handler);
}

static unsigned int refused;

static void restore_without_end(
	struct envoi_handler *self, struct envoi_session *its, bool is_resumed)
{
	(void)self, (void)is_resumed;
	for (int i = 0; i < 2000; i++) {
		refused += envoi_request(its, iq_new("on"), NULL, 0, on_first_restored, NULL,
				   NULL) == ENVOI_ERR_FULL;
	}
}

static void what_restores_a_session_is_limited_too(void **state)
{
	static const struct envoi_handler_impl impl = {.restore = restore_without_end};
	struct envoi_handler handler = ENVOI_HANDLER(&impl);
	(void)state;
	assert_int_equal(envoi_client_set(bot, "limits.outbox-stanzas", "5"), ENVOI_OK);
	assert_int_equal(envoi_client_add(bot, &handler), ENVOI_OK);
	refused = 0;
	assert_int_equal(envoi_client_connect(bot), ENVOI_OK);
	envoi_world_run(world, 100);
	assert_true(refused >= 1900 && refused < 2000);
	envoi_client_remove(bot, &handler);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_that_has_ended_is_not_sent_when_the_session_is_resumed),
		TEST(a_request_that_has_ended_is_not_sent_on_a_new_session),
		TEST(a_request_that_was_sent_is_sent_again_though_it_was_canceled),
		TEST(a_filter_may_cancel_what_waits),
		TEST(a_message_to_a_room_is_sent_when_the_session_is_resumed),
		TEST(a_message_to_a_room_is_not_sent_on_a_new_session),
		TEST(a_message_to_a_room_may_be_sent_on_a_new_session),
		TEST(a_full_outbox_does_not_keep_a_session_from_being_restored),
		TEST(what_restores_a_session_is_limited_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
