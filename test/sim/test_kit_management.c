/*
 * envoi - the test kit: stream management of its server (XEP-0198), asked in plain XML
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

#define HEAD \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"to='example.org' version='1.0'>"
#define AUTH \
	"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGJvYgBzZWNyZXQ=</auth>"
#define BIND \
	"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>" \
	"<resource>desk</resource></bind></iq>"
#define SM "xmlns='urn:xmpp:sm:3'"
#define ENABLE "<enable " SM " resume='true'/>"

enum {
	MOST_CONNECTIONS = 4,
};

struct fixture {
	struct envoi_world *world;
	struct envoi_test_server *server;
	struct envoi_test_peer *alice;
	struct envoi_memory_pair *pairs[MOST_CONNECTIONS];
	struct envoi_memory_end *ends[MOST_CONNECTIONS];
	size_t count;
	char heard[8192];
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	*f = (struct fixture){.world = envoi_world_new(1)};
	f->server = envoi_world_server(f->world, "example.org");
	envoi_test_server_account(f->server, "bob", "secret");
	f->alice = envoi_test_server_peer(f->server, "alice");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < f->count; i++) {
		envoi_memory_end_free(f->ends[i]);
		envoi_memory_pair_unref(f->pairs[i]);
	}
	assert_int_equal(envoi_world_free(f->world), 0);
	return 0;
}

/* What has come on the newest connection since the last call. */
static const char *hear(struct fixture *f)
{
	struct envoi_buffer *received = envoi_memory_end_received(f->ends[f->count - 1]);
	snprintf(f->heard, sizeof(f->heard), "%.*s", (int)envoi_buffer_len(received),
		envoi_buffer_len(received) > 0 ? envoi_buffer_data(received) : "");
	envoi_buffer_consume(received, envoi_buffer_len(received));
	return f->heard;
}

/* The answer comes within the time. */
static const char *say(struct fixture *f, const char *xml)
{
	assert_int_equal(envoi_memory_end_send(f->ends[f->count - 1], xml, strlen(xml)), ENVOI_OK);
	envoi_world_run(f->world, 10);
	return hear(f);
}

static void assert_has(const char *heard, const char *part)
{
	if (strstr(heard, part) == NULL) {
		fail_msg("no %s in %s", part, heard);
	}
}

static void assert_lacks(const char *heard, const char *part)
{
	if (strstr(heard, part) != NULL) {
		fail_msg("%s in %s", part, heard);
	}
}

static void authenticate(struct fixture *f)
{
	struct envoi_context *context = envoi_world_context(f->world);
	size_t i = f->count++;
	assert_int_equal(envoi_memory_pair_new(&f->pairs[i], context), ENVOI_OK);
	assert_int_equal(envoi_memory_end_new(&f->ends[i], f->pairs[i], ENVOI_MEMORY_A, NULL, NULL),
		ENVOI_OK);
	envoi_test_server_accept(f->server, f->pairs[i]);
	assert_has(say(f, HEAD), "PLAIN");
	assert_has(say(f, AUTH), "success");
	say(f, HEAD);
}

static void log_in(struct fixture *f)
{
	authenticate(f);
	assert_has(f->heard, "<sm xmlns='urn:xmpp:sm:3'/>");
	assert_has(say(f, BIND), "bob@example.org/desk");
}

static void log_in_and_enable(struct fixture *f)
{
	log_in(f);
	assert_has(say(f, ENABLE), "id='session-1'");
	say(f, "<presence/>");
}

static void cut(struct fixture *f)
{
	envoi_memory_pair_cut(f->pairs[f->count - 1]);
	envoi_world_run(f->world, 10);
}

static void resume(struct fixture *f, unsigned int h)
{
	char xml[128];
	authenticate(f);
	snprintf(xml, sizeof(xml), "<resume " SM " previd='session-1' h='%u'/>", h);
	say(f, xml);
}

static size_t unacknowledged(const struct fixture *f)
{
	return envoi_test_server_get_counts(f->server, "bob").unacknowledged;
}

static void counts_begin_with_enabling(void **state)
{
	struct fixture *f = *state;
	log_in(f);
	say(f, "<presence/>");
	say(f, ENABLE);
	assert_has(say(f, "<r " SM "/>"), "<a xmlns='urn:xmpp:sm:3' h='0'/>");
	say(f, "<presence/><message to='alice@example.org'/>");
	assert_has(say(f, "<r " SM "/>"), "h='2'");
}

static void a_shorter_resumption_time_is_granted_on_request(void **state)
{
	struct fixture *f = *state;
	log_in(f);
	assert_has(say(f, "<enable " SM " resume='1' max='7'/>"), "max='7'");
}

static void without_a_request_there_is_no_resumption(void **state)
{
	struct fixture *f = *state;
	log_in(f);
	assert_lacks(say(f, "<enable " SM "/>"), "id=");
	cut(f);
	assert_int_equal(envoi_test_server_get_counts(f->server, "bob").sessions, 0);
}

static void a_second_enable_is_refused(void **state)
{
	struct fixture *f = *state;
	log_in_and_enable(f);
	assert_has(say(f, ENABLE), "unexpected-request");
}

static void what_is_delivered_is_kept_until_acknowledged(void **state)
{
	struct fixture *f = *state;
	log_in_and_enable(f);
	envoi_test_peer_says(f->alice, "bob@example.org", "one");
	envoi_test_peer_says(f->alice, "bob@example.org", "two");
	assert_int_equal(unacknowledged(f), 2);
	assert_has(say(f, ""), "two");
	say(f, "<a " SM " h='1'/>");
	assert_int_equal(unacknowledged(f), 1);
	say(f, "<a " SM " h='2'/>");
	assert_int_equal(unacknowledged(f), 0);
}

static void an_acknowledgement_is_asked_for(void **state)
{
	struct fixture *f = *state;
	log_in_and_enable(f);
	envoi_test_peer_says(f->alice, "bob@example.org", "one");
	assert_lacks(say(f, ""), "<r ");
	envoi_world_run(f->world, 1000);
	assert_has(hear(f), "<r xmlns='urn:xmpp:sm:3'/>");
	for (int i = 0; i < 10; i++) {
		envoi_test_peer_says(f->alice, "bob@example.org", "more");
	}
	envoi_world_run(f->world, 5000);
	assert_lacks(hear(f), "<r "); /* one is open */
	assert_has(say(f, "<a " SM " h='2'/>"), "<r ");
}

static void an_acknowledgement_ahead_is_fatal(void **state)
{
	struct fixture *f = *state;
	log_in_and_enable(f);
	envoi_test_peer_says(f->alice, "bob@example.org", "one");
	assert_has(say(f, "<a " SM " h='2'/>"), "stream:error");
}

static void an_acknowledgement_backward_is_fatal(void **state)
{
	struct fixture *f = *state;
	log_in_and_enable(f);
	envoi_test_peer_says(f->alice, "bob@example.org", "one");
	say(f, "<a " SM " h='1'/>");
	assert_has(say(f, "<a " SM " h='0'/>"), "stream:error");
}

static void resumption_sends_what_is_missing(void **state)
{
	struct fixture *f = *state;
	log_in_and_enable(f);
	say(f, "<message to='alice@example.org'/>");
	envoi_test_peer_says(f->alice, "bob@example.org", "one");
	envoi_test_peer_says(f->alice, "bob@example.org", "two");
	cut(f);
	envoi_test_peer_says(f->alice, "bob@example.org", "three");
	assert_int_equal(unacknowledged(f), 3);
	resume(f, 1);
	assert_has(f->heard, "<resumed xmlns='urn:xmpp:sm:3' previd='session-1' h='2'/>");
	assert_lacks(f->heard, "one");
	assert_true(strstr(f->heard, "two") < strstr(f->heard, "three"));
	assert_int_equal(unacknowledged(f), 2);
}

static void a_living_connection_is_taken_over(void **state)
{
	struct fixture *f = *state;
	log_in_and_enable(f);
	resume(f, 0);
	assert_has(f->heard, "resumed");
	f->count--;
	assert_has(hear(f), "conflict");
	f->count++;
	assert_int_equal(envoi_test_server_get_counts(f->server, "bob").sessions, 1);
}

static void a_session_that_timed_out_has_its_count(void **state)
{
	struct fixture *f = *state;
	log_in_and_enable(f);
	say(f, "<message to='alice@example.org'/>");
	envoi_test_peer_says(f->alice, "bob@example.org", "one");
	cut(f);
	envoi_world_run(f->world, 300000);
	assert_int_equal(envoi_test_server_get_counts(f->server, "bob").sessions, 0);
	assert_int_equal(envoi_test_server_get_counts(f->server, "bob").stored, 1);
	resume(f, 0);
	assert_has(f->heard, "<failed xmlns='urn:xmpp:sm:3' h='2'><item-not-found");
	assert_has(say(f, BIND), "bob@example.org/desk");
}

static void a_server_may_forget_counts(void **state)
{
	struct fixture *f = *state;
	envoi_test_server_get_options(f->server)->remembers_counts = false;
	log_in_and_enable(f);
	cut(f);
	envoi_world_run(f->world, 300000);
	resume(f, 0);
	assert_has(f->heard, "<failed xmlns='urn:xmpp:sm:3'><item-not-found");
}

static void a_server_may_forget_its_sessions(void **state)
{
	struct fixture *f = *state;
	log_in_and_enable(f);
	envoi_test_server_stop(f->server, false);
	envoi_test_server_start(f->server);
	resume(f, 0);
	assert_has(f->heard, "<failed xmlns='urn:xmpp:sm:3'><item-not-found");
}

static void a_server_may_keep_its_sessions(void **state)
{
	struct fixture *f = *state;
	log_in_and_enable(f);
	envoi_test_server_stop(f->server, true);
	envoi_test_server_start(f->server);
	resume(f, 0);
	assert_has(f->heard, "<resumed ");
}

static void a_resume_may_get_no_answer(void **state)
{
	struct fixture *f = *state;
	envoi_test_server_get_options(f->server)->ignores_resumes = 1;
	log_in_and_enable(f);
	cut(f);
	resume(f, 0);
	assert_string_equal(f->heard, "");
	cut(f);
	resume(f, 0);
	assert_has(f->heard, "<resumed ");
}

static void a_resume_may_break_the_connection(void **state)
{
	struct fixture *f = *state;
	envoi_test_server_get_options(f->server)->closes_at_resumes = 1;
	log_in_and_enable(f);
	cut(f);
	resume(f, 0);
	assert_string_equal(f->heard, "");
	assert_true(envoi_memory_end_is_over(f->ends[f->count - 1]));
	resume(f, 0);
	assert_has(f->heard, "<resumed ");
}

static void a_stream_error_of_the_server_ends_the_session(void **state)
{
	struct fixture *f = *state;
	log_in_and_enable(f);
	envoi_test_server_end(f->server, "bob", ENVOI_STREAM_RESET);
	assert_has(say(f, ""), "<reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>");
	cut(f);
	resume(f, 0);
	assert_has(f->heard, "item-not-found");
}

static void a_session_closed_in_order_cannot_be_resumed(void **state)
{
	struct fixture *f = *state;
	log_in_and_enable(f);
	envoi_test_peer_says(f->alice, "bob@example.org", "one");
	assert_has(say(f, "</stream:stream>"), "</stream:stream>");
	envoi_memory_end_shut_down(f->ends[0]);
	envoi_world_run(f->world, 10000);
	assert_int_equal(envoi_test_server_get_counts(f->server, "bob").sessions, 0);
	assert_int_equal(envoi_test_server_get_counts(f->server, "bob").stored, 1);
	resume(f, 0);
	assert_has(f->heard, "item-not-found");
}

static void stored_messages_carry_a_delay(void **state)
{
	struct fixture *f = *state;
	envoi_test_peer_says(f->alice, "bob@example.org", "early");
	log_in(f);
	assert_has(say(f, "<presence/>"),
		"<delay xmlns='urn:xmpp:delay' from='example.org' "
		"stamp='2026-01-01T00:00:00Z'/>");
}

static void a_resource_in_use_is_taken(void **state)
{
	struct fixture *f = *state;
	log_in_and_enable(f);
	envoi_test_peer_says(f->alice, "bob@example.org", "one");
	log_in(f);
	assert_int_equal(envoi_test_server_get_counts(f->server, "bob").sessions, 1);
	assert_has(say(f, "<presence/>"), "one");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counts_begin_with_enabling),
		TEST(a_shorter_resumption_time_is_granted_on_request),
		TEST(without_a_request_there_is_no_resumption),
		TEST(a_second_enable_is_refused),
		TEST(what_is_delivered_is_kept_until_acknowledged),
		TEST(an_acknowledgement_is_asked_for),
		TEST(an_acknowledgement_ahead_is_fatal),
		TEST(an_acknowledgement_backward_is_fatal),
		TEST(resumption_sends_what_is_missing),
		TEST(a_living_connection_is_taken_over),
		TEST(a_session_that_timed_out_has_its_count),
		TEST(a_server_may_forget_counts),
		TEST(a_server_may_forget_its_sessions),
		TEST(a_server_may_keep_its_sessions),
		TEST(a_resume_may_get_no_answer),
		TEST(a_resume_may_break_the_connection),
		TEST(a_stream_error_of_the_server_ends_the_session),
		TEST(a_session_closed_in_order_cannot_be_resumed),
		TEST(stored_messages_carry_a_delay),
		TEST(a_resource_in_use_is_taken),
	};
	return cmocka_run_group_tests_name("sim/kit_management", tests, NULL, NULL);
}
