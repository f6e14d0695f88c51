/*
 * envoi - one thing with one call, in virtual time
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

#include "server.h"

#define ALICE "alice@example.org/desk"
#define SECOND_MS 1000

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct test_server *server;
	struct envoi_simple alice;
	struct envoi_timer timer;
	const char *says; /* by the server, when the timer fires */
	char record[400];
	unsigned int declines;
};

static struct fixture fixture;

static const char *const settings[] = {
	"tls.ca-file=" TEST_DATA "/tls/ca.pem", "tls.system-trust=false", NULL};

static void add_connector(void *user, struct envoi_client *client)
{
	(void)user;
	assert_int_equal(envoi_client_add_connector(client, test_server_connector(fixture.server)),
		ENVOI_OK);
}

static int setup(void **state)
{
	struct fixture *f = &fixture;
	*f = (struct fixture){
		.alice = {.jid = ALICE,
			.password = "wonderland",
			.settings = settings,
			.prepare = add_connector},
	};
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	f->server = test_server_new(f->context, TEST_DATA, NULL);
	test_server_add_account(f->server, "alice", "wonderland");
	f->alice.context = f->context;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_timer_stop(&f->timer);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, SECOND_MS), ENVOI_OK);
	assert_int_equal(test_server_online(f->server), 0);
	test_server_free(f->server);
	envoi_context_unref(f->context);
	return 0;
}

static void note(const char *text)
{
	size_t len = strlen(fixture.record);
	snprintf(fixture.record + len, sizeof(fixture.record) - len, "%s;", text);
}

static void on_time(struct envoi_timer *timer)
{
	(void)timer;
	assert_true(test_server_says(fixture.server, ALICE, fixture.says));
}

/* --- send --- */

static void a_message_is_sent(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_simple_send(&f->alice, ALICE, "hello <&>"), ENVOI_OK);
	assert_string_equal(f->alice.error, "");
	assert_int_equal(test_server_count_heard(f->server, "<body>hello &lt;&amp;&gt;</body>"), 1);
	assert_int_equal(test_server_count_heard(f->server, "<presence"), 0);
	assert_int_equal(envoi_simple_send(&f->alice, ALICE, "again"), ENVOI_OK);
	assert_int_equal(test_server_count_heard(f->server, "<body>again</body>"), 1);
}

static void a_message_that_the_server_refuses_is_an_error(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_simple_send(&f->alice, "bob@example.org", "hello"), ENVOI_ERR_STANZA);
	assert_string_equal(f->alice.error, "the message was refused: service-unavailable");
}

static void what_cannot_be_sent_is_named(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_simple_send(&f->alice, "bob@example.org", "a\x01"), ENVOI_ERR_INVALID);
	assert_non_null(strstr(f->alice.error, "U+0001"));
	assert_int_equal(envoi_simple_send(&f->alice, "@", "hello"), ENVOI_ERR_INVALID);
	assert_true(strlen(f->alice.error) > 0);
}

static void a_failed_login_is_explained(void **state)
{
	struct fixture *f = *state;
	f->alice.password = "looking-glass";
	assert_int_equal(envoi_simple_send(&f->alice, "bob@example.org", "hello"), ENVOI_ERR_AUTH);
	assert_non_null(strstr(f->alice.error, "alice@example.org"));
	f->alice.jid = NULL;
	assert_int_equal(
		envoi_simple_send(&f->alice, "bob@example.org", "hello"), ENVOI_ERR_INVALID);
	assert_true(strlen(f->alice.error) > 0);
	static const char *const wrong[] = {"tls.nothing=1", NULL};
	f->alice.jid = ALICE;
	f->alice.settings = wrong;
	assert_true(envoi_simple_send(&f->alice, "bob@example.org", "hello") < 0);
	assert_non_null(strstr(f->alice.error, "tls.nothing"));
}

static void a_context_of_its_own_is_made(void **state)
{
	struct envoi_simple simple = {.jid = "alice@@"};
	(void)state;
	assert_int_equal(envoi_simple_send(&simple, "bob@example.org", "hello"), ENVOI_ERR_INVALID);
	assert_non_null(strstr(simple.error, "alice@@"));
}

static void the_deadline_holds_for_the_whole_call(void **state)
{
	struct fixture *f = *state;
	test_server_knobs(f->server)->is_silent = true;
	f->alice.timeout_ms = 7 * SECOND_MS;
	assert_int_equal(
		envoi_simple_send(&f->alice, "bob@example.org", "hello"), ENVOI_ERR_TIMEOUT);
	assert_string_equal(f->alice.error, "the deadline has passed");
	assert_int_equal(envoi_loop_now_ms(f->loop) / SECOND_MS, 7);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, SECOND_MS), ENVOI_OK);
}

static void send_inside(struct envoi_timer *timer)
{
	(void)timer;
	assert_int_equal(
		envoi_simple_send(&fixture.alice, "bob@example.org", "hello"), ENVOI_ERR_STATE);
	note("refused");
}

static void inside_a_callback_it_is_refused(void **state)
{
	struct fixture *f = *state;
	envoi_timer_start(&f->timer, f->loop, 0, send_inside);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, SECOND_MS), ENVOI_OK);
	assert_string_equal(f->record, "refused;");
}

/* --- roster --- */

static void on_contact(void *user, const struct envoi_roster_item *item)
{
	assert_ptr_equal(user, &fixture);
	note(envoi_jid_text(item->jid));
}

static void the_roster_is_fetched(void **state)
{
	struct fixture *f = *state;
	test_server_add_contact(f->server, "alice", "bob@example.org", "Bob", "both");
	assert_int_equal(envoi_simple_roster(&f->alice, on_contact, f), ENVOI_OK);
	assert_string_equal(f->record, "bob@example.org;");
}

static void a_server_without_rosters_refuses(void **state)
{
	struct fixture *f = *state;
	test_server_knobs(f->server)->no_roster = true;
	assert_int_equal(envoi_simple_roster(&f->alice, on_contact, f), ENVOI_ERR_STANZA);
	assert_true(strlen(f->alice.error) > 0);
	assert_string_equal(f->record, "");
}

/* --- ask --- */

static const struct envoi_payload_type ping_type = ENVOI_PAYLOAD_EMPTY("urn:xmpp:ping", "ping");
static const struct envoi_payload_type unknown_type = ENVOI_PAYLOAD_EMPTY(
	"urn:example:unknown", "query");

static void on_answer(void *user, const struct envoi_answer *answer)
{
	assert_ptr_equal(user, &fixture);
	assert_true(envoi_answer_ok(answer));
	note(envoi_jid_text(envoi_stanza_from(envoi_answer_stanza(answer))));
}

static void one_question_is_answered(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_simple_ask(&f->alice, ENVOI_IQ_GET, NULL, &ping_type, NULL, NULL,
				 on_answer, f),
		ENVOI_OK);
	assert_string_equal(f->record, "example.org;");
}

static void an_error_is_a_text(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_simple_ask(&f->alice, ENVOI_IQ_GET, "nobody@example.org/x",
				 &unknown_type, NULL, NULL, on_answer, f),
		ENVOI_ERR_STANZA);
	assert_non_null(strstr(f->alice.error, "service-unavailable"));
	assert_string_equal(f->record, "");
}

/* As an entity may send it: a second line, and an override of the writing direction. */
static int add_text(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	struct envoi_element *error = envoi_element_child(
		envoi_stanza_element(stanza), ENVOI_NS_CLIENT, "error");
	(void)self;
	(void)session;
	if (error != NULL) {
		envoi_element_add_with_text(error, "urn:ietf:params:xml:ns:xmpp-stanzas", "text",
			"one\nsimple: all is well\xe2\x80\xae");
	}
	return ENVOI_OK;
}

static const struct envoi_filters texts = {.stanza_in = add_text};
static const struct envoi_handler_impl texts_impl = {.filters = &texts};
static struct envoi_handler texts_handler = ENVOI_HANDLER(&texts_impl);

static void add_connector_and_filter(void *user, struct envoi_client *client)
{
	add_connector(user, client);
	assert_int_equal(envoi_client_add(client, &texts_handler), ENVOI_OK);
}

static void an_error_is_one_line_whatever_the_peer_writes(void **state)
{
	struct fixture *f = *state;
	f->alice.prepare = add_connector_and_filter;
	assert_int_equal(envoi_simple_ask(&f->alice, ENVOI_IQ_GET, "nobody@example.org/x",
				 &unknown_type, NULL, NULL, on_answer, f),
		ENVOI_ERR_STANZA);
	assert_string_equal(f->alice.error, "one simple: all is well   ");
}

static void end_stream(struct envoi_timer *timer)
{
	(void)timer;
	test_server_ends_all(fixture.server, ENVOI_STREAM_SYSTEM_SHUTDOWN);
}

static void the_end_of_the_stream_is_the_reason(void **state)
{
	struct fixture *f = *state;
	test_server_knobs(f->server)->is_silent = true;
	envoi_timer_start(&f->timer, f->loop, 10 * SECOND_MS, end_stream);
	assert_true(envoi_simple_ask(&f->alice, ENVOI_IQ_GET, NULL, &ping_type, NULL, NULL,
			    on_answer, f) < 0);
	assert_non_null(strstr(f->alice.error, "system-shutdown"));
}

/* --- wait --- */

static int on_message(void *user, int code, struct envoi_delivery *in)
{
	struct fixture *f = user;
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	assert_int_equal(code, ENVOI_OK);
	if (f->declines > 0) {
		f->declines--;
		return ENVOI_DECLINED;
	}
	note(body != NULL ? body : "");
	return envoi_reply_text(in, "thanks");
}

static const struct envoi_stanza_row message = {
	.kind = ENVOI_MESSAGE,
	.type = ENVOI_TYPE_CHAT,
};

static void one_message_is_waited_for_and_answered(void **state)
{
	struct fixture *f = *state;
	f->says = "<message type='chat' from='bob@example.org/x'><body>one</body></message>";
	envoi_timer_start(&f->timer, f->loop, 10 * SECOND_MS, on_time);
	assert_int_equal(envoi_simple_wait(&f->alice, &message, on_message, f), ENVOI_OK);
	assert_string_equal(f->record, "one;");
	assert_int_equal(test_server_count_heard(f->server, "<body>thanks</body>"), 1);
}

static void a_declined_message_does_not_end_the_wait(void **state)
{
	struct fixture *f = *state;
	f->says = "<message type='chat' from='bob@example.org/x'><body>one</body></message>";
	f->declines = 1;
	f->alice.timeout_ms = 30 * SECOND_MS;
	envoi_timer_start(&f->timer, f->loop, 10 * SECOND_MS, on_time);
	assert_int_equal(envoi_simple_wait(&f->alice, &message, on_message, f), ENVOI_ERR_TIMEOUT);
	assert_int_equal(f->declines, 0);
	assert_string_equal(f->record, "");
}

static void waiting_ends_with_the_session(void **state)
{
	struct fixture *f = *state;
	test_server_knobs(f->server)->refuses_connections = true;
	int r = envoi_simple_wait(&f->alice, &message, on_message, f);
	assert_true(r < 0 && r != ENVOI_ERR_TIMEOUT);
	assert_non_null(strstr(f->alice.error, "alice@example.org"));
	assert_string_equal(f->record, "");
}

static void waiting_ends_with_a_session_that_cannot_be_resumed(void **state)
{
	struct fixture *f = *state;
	envoi_timer_start(&f->timer, f->loop, 10 * SECOND_MS, end_stream);
	int r = envoi_simple_wait(&f->alice, &message, on_message, f);
	assert_true(r < 0 && r != ENVOI_ERR_TIMEOUT);
	assert_non_null(strstr(f->alice.error, "system-shutdown"));
}

static void a_row_that_never_matches_is_refused(void **state)
{
	struct fixture *f = *state;
	static const struct envoi_stanza_row wrong = {
		.kind = ENVOI_MESSAGE,
		.type = ENVOI_TYPE_SUBSCRIBE,
	};
	assert_int_equal(envoi_simple_wait(&f->alice, &wrong, on_message, f), ENVOI_ERR_INVALID);
	assert_true(strlen(f->alice.error) > 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_message_is_sent),
		CASE(a_message_that_the_server_refuses_is_an_error),
		CASE(what_cannot_be_sent_is_named),
		CASE(a_failed_login_is_explained),
		CASE(a_context_of_its_own_is_made),
		CASE(the_deadline_holds_for_the_whole_call),
		CASE(inside_a_callback_it_is_refused),
		CASE(the_roster_is_fetched),
		CASE(a_server_without_rosters_refuses),
		CASE(one_question_is_answered),
		CASE(an_error_is_a_text),
		CASE(an_error_is_one_line_whatever_the_peer_writes),
		CASE(the_end_of_the_stream_is_the_reason),
		CASE(one_message_is_waited_for_and_answered),
		CASE(a_declined_message_does_not_end_the_wait),
		CASE(waiting_ends_with_the_session),
		CASE(waiting_ends_with_a_session_that_cannot_be_resumed),
		CASE(a_row_that_never_matches_is_refused),
	};
	return cmocka_run_group_tests_name("simple", tests, NULL, NULL);
}
