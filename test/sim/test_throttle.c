/*
 * envoi - back-pressure: a client is not read while the one that it writes to does not read
 * SPDX-License-Identifier: MIT
 *
 * A server routes messages between alice and bob as doc/examples/small_server.c does. Outboxes take
 * 100 stanzas: they are high above 75, and low at 25.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/session.h>

#include "accept_fixture.h"

#define TO_BOB "bob@example.org/desk"
#define TO_ALICE "alice@example.org/desk"

enum {
	MESSAGES = 1000,
	BODY_BYTES = 1000,
	HIGH = 75,
	THROTTLE_MS = 10000, /* throttle.timeout */
	SETTLING_MS = 100,
	WRITING_MS = 60000, /* stream.write-timeout */
};

struct talker {
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *end;
	unsigned int heard; /* messages */
	unsigned int disorder; /* of these: not the one behind the last */
};

static struct {
	struct accept_fixture f;
	struct envoi_accept_hook_impl hook_impl;
	struct talker alice, bob;
	unsigned int routed, refused;
} all;

/* --- the server --- */

static int on_stanza(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
	struct envoi_stanza *stanza)
{
	struct envoi_accepted *to;
	struct envoi_stanza *copy;
	(void)hook;
	if (envoi_stanza_kind(stanza) != ENVOI_MESSAGE) {
		return ENVOI_OK;
	}
	to = envoi_acceptor_find(all.f.acceptor, envoi_stanza_to(stanza));
	if (to == NULL) {
		all.refused++;
		return ENVOI_STOP;
	}
	struct envoi_element *element = envoi_element_dup(envoi_stanza_element(stanza));
	assert_int_equal(envoi_stanza_from_element(&copy, element), ENVOI_OK);
	envoi_element_unref(element);
	int r = envoi_send(envoi_accepted_session(to), copy, NULL);
	assert_true(r == ENVOI_OK || r == ENVOI_ERR_FULL || r == ENVOI_ERR_STATE);
	all.routed += r == ENVOI_OK;
	all.refused += r != ENVOI_OK;
	envoi_session_throttle(envoi_accepted_session(accepted), envoi_accepted_session(to));
	return ENVOI_STOP;
}

static void set(const char *name, const char *value)
{
	assert_int_equal(envoi_settings_set(all.f.settings, name, value), ENVOI_OK);
}

static struct envoi_session *session_of(const char *address)
{
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_parse(&jid, all.f.context, address, strlen(address)), ENVOI_OK);
	struct envoi_accepted *accepted = envoi_acceptor_find(all.f.acceptor, jid);
	envoi_jid_unref(jid);
	return accepted == NULL ? NULL : envoi_accepted_session(accepted);
}

/* --- clients --- */

/* Messages have their number as id. */
static void count_messages(struct talker *talker)
{
	struct envoi_buffer *received = envoi_memory_end_received(talker->end);
	const char *text = envoi_buffer_data(received);
	size_t len = envoi_buffer_len(received), done = 0;
	for (size_t i = 0; i + 10 <= len; i++) {
		unsigned int id;
		if (memcmp(text + i, "</message>", 10) == 0) {
			char start[200];
			snprintf(start, sizeof(start), "%.*s", 190, text + done);
			const char *attribute = strstr(start, "id='");
			assert_non_null(attribute);
			assert_int_equal(sscanf(attribute, "id='%u'", &id), 1);
			talker->disorder += id != talker->heard;
			talker->heard++;
			done = i + 10;
		}
	}
	envoi_buffer_consume(received, done);
}

static void run(uint64_t ms)
{
	accept_fixture_run(&all.f, ms);
	count_messages(&all.alice);
	count_messages(&all.bob);
}

static void say(struct talker *talker, const char *text)
{
	assert_int_equal(envoi_memory_end_send(talker->end, text, strlen(text)), ENVOI_OK);
}

static void log_in(struct talker *talker, const char *auth)
{
	char text[300];
	struct accept_fixture *f = &all.f;
	*talker = (struct talker){.pair = NULL};
	assert_int_equal(envoi_memory_pair_new(&talker->pair, f->context), ENVOI_OK);
	assert_int_equal(
		envoi_memory_end_new(&talker->end, talker->pair, ENVOI_MEMORY_A, NULL, NULL),
		ENVOI_OK);
	assert_int_equal(accept_fixture_accept(f, talker->pair), ENVOI_OK);
	say(talker, ACCEPT_HEADER("to='example.org' version='1.0'"));
	snprintf(text, sizeof(text),
		"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>", auth);
	accept_fixture_run(f, SETTLING_MS);
	say(talker, text);
	accept_fixture_run(f, SETTLING_MS);
	say(talker, ACCEPT_HEADER("to='example.org' version='1.0'"));
	accept_fixture_run(f, SETTLING_MS);
	say(talker,
		"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq>");
	accept_fixture_run(f, SETTLING_MS);
	struct envoi_buffer *received = envoi_memory_end_received(talker->end);
	envoi_buffer_consume(received, envoi_buffer_len(received));
}

static void begin(void)
{
	log_in(&all.alice, "AGFsaWNlAHNlY3JldA==");
	log_in(&all.bob, "AGJvYgBzZWNyZXQ=");
	assert_non_null(session_of(TO_ALICE));
	assert_non_null(session_of(TO_BOB));
}

static void say_messages(struct talker *talker, const char *to, unsigned int count)
{
	char body[BODY_BYTES + 1], text[BODY_BYTES + 200];
	memset(body, 'x', BODY_BYTES);
	body[BODY_BYTES] = '\0';
	for (unsigned int i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "<message id='%u' to='%s'><body>%s</body></message>",
			i, to, body);
		say(talker, text);
	}
}

static void end(struct talker *talker)
{
	envoi_memory_end_free(talker->end);
	envoi_memory_pair_unref(talker->pair);
	talker->end = NULL;
}

static int setup(void **state)
{
	(void)state;
	memset(&all, 0, sizeof(all));
	accept_fixture_init(&all.f, NULL);
	all.hook_impl = *all.f.hook.impl;
	all.hook_impl.stanza = on_stanza;
	all.f.hook.impl = &all.hook_impl;
	set("sasl.mechanisms", "PLAIN");
	set("limits.outbox-stanzas", "100");
	set("limits.output-bytes", "64k");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	end(&all.alice);
	end(&all.bob);
	accept_fixture_finish(&all.f);
	return 0;
}

/* --- tests --- */

static void nothing_is_refused_where_the_receiver_reads_in_the_end(void **state)
{
	(void)state;
	begin();
	envoi_memory_end_pause(all.bob.end, true);
	say_messages(&all.alice, TO_BOB, MESSAGES);
	run(SETTLING_MS);
	struct envoi_session_stats stats;
	assert_true(envoi_session_is_throttled(session_of(TO_ALICE)));
	envoi_session_get_stats(session_of(TO_BOB), &stats);
	assert_true(stats.outbox_stanzas > HIGH && stats.outbox_stanzas < 100);
	assert_true(all.routed < MESSAGES);
	unsigned int routed = all.routed;
	run(THROTTLE_MS / 2);
	assert_int_equal(all.routed, routed);
	envoi_memory_end_pause(all.bob.end, false);
	run(SETTLING_MS);
	assert_int_equal(all.routed, MESSAGES);
	assert_int_equal(all.refused, 0);
	assert_int_equal(all.bob.heard, MESSAGES);
	assert_int_equal(all.bob.disorder, 0);
	assert_false(envoi_session_is_throttled(session_of(TO_ALICE)));
}

/* What alice sends to others is not delayed for longer, and bob is not waited for again. */
static void a_receiver_that_never_reads_is_waited_for_once(void **state)
{
	(void)state;
	begin();
	envoi_memory_end_pause(all.bob.end, true);
	say_messages(&all.alice, TO_BOB, MESSAGES);
	say_messages(&all.alice, TO_ALICE, 1);
	run(THROTTLE_MS - SETTLING_MS);
	assert_int_equal(all.alice.heard, 0);
	run(3 * SETTLING_MS);
	assert_int_equal(all.alice.heard, 1);
	assert_int_equal(all.routed + all.refused, MESSAGES + 1);
	assert_true(all.refused > MESSAGES / 2);
	/* once the outbox was low, it is waited for as before */
	envoi_memory_end_pause(all.bob.end, false);
	run(SETTLING_MS);
	envoi_memory_end_pause(all.bob.end, true);
	say_messages(&all.alice, TO_BOB, MESSAGES);
	run(SETTLING_MS);
	assert_true(envoi_session_is_throttled(session_of(TO_ALICE)));
}

/* Neither reads: both are read again after the timeout, and end when nothing is written. */
static void two_that_write_to_each_other_and_do_not_read_come_to_an_end(void **state)
{
	(void)state;
	begin();
	envoi_memory_end_pause(all.alice.end, true);
	envoi_memory_end_pause(all.bob.end, true);
	say_messages(&all.alice, TO_BOB, MESSAGES);
	say_messages(&all.bob, TO_ALICE, MESSAGES);
	run(SETTLING_MS);
	assert_true(envoi_session_is_throttled(session_of(TO_ALICE)));
	assert_true(envoi_session_is_throttled(session_of(TO_BOB)));
	run(THROTTLE_MS);
	assert_false(envoi_session_is_throttled(session_of(TO_ALICE)));
	assert_false(envoi_session_is_throttled(session_of(TO_BOB)));
	assert_int_equal(all.routed + all.refused, 2 * MESSAGES);
	run(WRITING_MS + SETTLING_MS);
	assert_null(session_of(TO_ALICE));
	assert_null(session_of(TO_BOB));
}

/* Clients that read while they write: all of both arrives, whoever waits for whom. */
static void two_that_write_to_each_other_and_read_lose_nothing(void **state)
{
	(void)state;
	begin();
	say_messages(&all.alice, TO_BOB, MESSAGES);
	say_messages(&all.bob, TO_ALICE, MESSAGES);
	for (int i = 0; i < 100 && all.alice.heard + all.bob.heard < 2 * MESSAGES; i++) {
		envoi_memory_end_pause(all.alice.end, i % 3 == 0);
		envoi_memory_end_pause(all.bob.end, i % 2 == 0);
		run(SETTLING_MS);
	}
	assert_int_equal(all.alice.heard, MESSAGES);
	assert_int_equal(all.bob.heard, MESSAGES);
	assert_int_equal(all.alice.disorder + all.bob.disorder + all.refused, 0);
}

static void a_session_may_wait_for_itself(void **state)
{
	(void)state;
	begin();
	envoi_memory_end_pause(all.alice.end, true);
	say_messages(&all.alice, TO_ALICE, MESSAGES);
	run(SETTLING_MS);
	assert_true(envoi_session_is_throttled(session_of(TO_ALICE)));
	envoi_memory_end_pause(all.alice.end, false);
	run(SETTLING_MS);
	assert_int_equal(all.alice.heard, MESSAGES);
	assert_int_equal(all.refused, 0);
}

/* What ends a wait besides reading: each leaves alice's connection in use. */
static void drop_connection(void)
{
	envoi_memory_pair_cut(all.bob.pair);
}

static void free_session(void)
{
	all.f.last = NULL;
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_parse(&jid, all.f.context, TO_BOB, strlen(TO_BOB)), ENVOI_OK);
	envoi_accepted_free(envoi_acceptor_find(all.f.acceptor, jid));
	envoi_jid_unref(jid);
}

static void close_session(void)
{
	envoi_session_close(session_of(TO_BOB));
}

static void a_receiver_that_ends_is_not_waited_for(void **state)
{
	static void (*const ends[])(void) = {drop_connection, free_session, close_session};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		begin();
		envoi_memory_end_pause(all.bob.end, true);
		say_messages(&all.alice, TO_BOB, MESSAGES);
		run(SETTLING_MS);
		assert_true(envoi_session_is_throttled(session_of(TO_ALICE)));
		ends[i]();
		assert_true(i == 0 || !envoi_session_is_throttled(session_of(TO_ALICE)));
		run(SETTLING_MS);
		assert_false(envoi_session_is_throttled(session_of(TO_ALICE)));
		say_messages(&all.alice, TO_ALICE, 1);
		run(SETTLING_MS);
		assert_int_equal(all.alice.heard, 1);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
	begin();
}

static void a_session_that_waits_may_end(void **state)
{
	(void)state;
	begin();
	envoi_memory_end_pause(all.bob.end, true);
	say_messages(&all.alice, TO_BOB, MESSAGES);
	run(SETTLING_MS);
	assert_true(envoi_session_is_throttled(session_of(TO_ALICE)));
	struct envoi_jid *jid;
	assert_int_equal(
		envoi_jid_parse(&jid, all.f.context, TO_ALICE, strlen(TO_ALICE)), ENVOI_OK);
	envoi_accepted_free(envoi_acceptor_find(all.f.acceptor, jid));
	envoi_jid_unref(jid);
	envoi_memory_end_pause(all.bob.end, false);
	run(2 * THROTTLE_MS);
	assert_int_equal(all.bob.heard, all.routed);
}

/* The silence of a client that is not read is not held against it. */
static void a_client_that_is_not_read_is_not_found_dead(void **state)
{
	(void)state;
	set("throttle.timeout", "300s");
	set("stream.write-timeout", "1h");
	begin();
	envoi_memory_end_pause(all.bob.end, true);
	say_messages(&all.alice, TO_BOB, MESSAGES);
	for (int i = 0; i < 12; i++) {
		run(20000);
		say(&all.bob, " ");
	}
	assert_non_null(session_of(TO_ALICE));
	assert_true(envoi_session_is_throttled(session_of(TO_ALICE)));
	envoi_memory_end_pause(all.bob.end, false);
	run(SETTLING_MS);
	assert_int_equal(all.bob.heard, MESSAGES);
}

static void fill_outbox(const char *address)
{
	struct envoi_session_stats stats = {0};
	for (unsigned int i = 0; stats.outbox_stanzas <= HIGH; i++) {
		char body[BODY_BYTES + 1];
		memset(body, 'x', BODY_BYTES);
		body[BODY_BYTES] = '\0';
		assert_int_equal(
			envoi_send_text(session_of(address), address, body, NULL), ENVOI_OK);
		run(1);
		envoi_session_get_stats(session_of(address), &stats);
	}
}

/* It was probed before it waited: the time for the answer begins again where reading does. */
static void a_client_that_is_read_again_has_time_to_answer(void **state)
{
	(void)state;
	set("stream.write-timeout", "1h");
	begin();
	envoi_memory_end_pause(all.bob.end, true);
	fill_outbox(TO_BOB);
	struct envoi_buffer *received = envoi_memory_end_received(all.alice.end);
	while (envoi_buffer_len(received) == 0) {
		accept_fixture_run(&all.f, SETTLING_MS);
		say(&all.bob, " ");
	}
	envoi_session_throttle(session_of(TO_ALICE), session_of(TO_BOB));
	assert_true(envoi_session_is_throttled(session_of(TO_ALICE)));
	run(2 * THROTTLE_MS - SETTLING_MS); /* liveness.answer-timeout is as long */
	assert_false(envoi_session_is_throttled(session_of(TO_ALICE)));
	run(THROTTLE_MS / 2);
	assert_non_null(session_of(TO_ALICE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_refused_where_the_receiver_reads_in_the_end),
		TEST(a_receiver_that_never_reads_is_waited_for_once),
		TEST(two_that_write_to_each_other_and_do_not_read_come_to_an_end),
		TEST(two_that_write_to_each_other_and_read_lose_nothing),
		TEST(a_session_may_wait_for_itself),
		TEST(a_receiver_that_ends_is_not_waited_for),
		TEST(a_session_that_waits_may_end),
		TEST(a_client_that_is_not_read_is_not_found_dead),
		TEST(a_client_that_is_read_again_has_time_to_answer),
	};
	return cmocka_run_group_tests_name("sim/throttle", tests, NULL, NULL);
}
