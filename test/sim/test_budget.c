/*
 * envoi - the budget of memory over connections: listener.memory
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/channel.h>
#include <envoi/listener.h>

#include "accept_fixture.h"

enum {
	ATTACKERS = 20,
	CROWD = 500, /* connections that do not log in */
	MOST_CROWD = 10000,
	TALKERS = MOST_CROWD + 2,
	AT_ONCE = 50, /* of these, in one turn */
	MOST_ATTRIBUTES = 30, /* limits.before-login.attributes, and a spare one or two */
	READING_BYTES = 128 * 1024, /* what one reading before the login adds */
	LIMIT = 1024 * 1024, /* listener.memory */
	READ_BYTES = 64 * 1024, /* more than what one reading adds to a connection */
	SETTLING_MS = 100,
	HELD_MS = 600000, /* longer than any wait for an answer to a probe */
	HELD_SHORTLY_MS = 15000, /* of liveness.answer-timeout, which is 20 s */
	LATE_MS = 10000, /* more than what is left of it */
	ELEMENT_MS = 121000, /* stream.element-timeout, and a second */
	AUTH_BYTES = 9000, /* nearly limits.before-login.stanza-bytes */
	PIECE = 10000,
	PIECES = 50,
	LINGER_MS = 2000, /* for the stream error to reach the peer */
};

struct talker {
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *end;
};

static struct {
	struct accept_fixture f;
	struct envoi_listener *listener;
	struct envoi_settings *settings; /* of the listener */
	struct talker talkers[TALKERS];
	size_t count, ended;
} all;

static size_t crowd = CROWD, limit = LIMIT; /* smaller than what the crowd may hold */

static int on_admitted(void *user, struct envoi_admission *admission, struct envoi_channel *channel)
{
	(void)user;
	envoi_channel_destroy(channel);
	envoi_admission_end(admission);
	return ENVOI_OK;
}

static int setup(void **state)
{
	const struct envoi_listener_options options = {.admitted = on_admitted};
	struct envoi_listener_options own = options;
	char memory[32];
	(void)state;
	memset(&all, 0, sizeof(all));
	accept_fixture_init(&all.f, NULL);
	assert_int_equal(envoi_settings_set(all.f.settings, "sasl.mechanisms", "PLAIN"), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&all.settings, all.f.context), ENVOI_OK);
	snprintf(memory, sizeof(memory), "%zu", limit);
	assert_int_equal(envoi_settings_set(all.settings, "listener.memory", memory), ENVOI_OK);
	own.settings = all.settings;
	assert_int_equal(envoi_listener_new(&all.listener, all.f.context, &own), ENVOI_OK);
	envoi_settings_free(all.settings);
	return 0;
}

static void drop(struct talker *talker)
{
	if (talker->end != NULL) {
		envoi_memory_pair_cut(talker->pair);
		envoi_memory_end_free(talker->end);
		envoi_memory_pair_unref(talker->pair);
		talker->end = NULL;
	}
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < all.count; i++) {
		drop(&all.talkers[i]);
	}
	envoi_listener_free(all.listener);
	accept_fixture_finish(&all.f);
	return 0;
}

static struct talker *connect_talker(void)
{
	struct talker *talker = &all.talkers[all.count++];
	assert_int_equal(envoi_memory_pair_new(&talker->pair, all.f.context), ENVOI_OK);
	assert_int_equal(
		envoi_memory_end_new(&talker->end, talker->pair, ENVOI_MEMORY_A, NULL, NULL),
		ENVOI_OK);
	assert_int_equal(accept_fixture_accept(&all.f, talker->pair), ENVOI_OK);
	return talker;
}

static void say(struct talker *talker, const char *text)
{
	assert_int_equal(envoi_memory_end_send(talker->end, text, strlen(text)), ENVOI_OK);
}

static void say_bytes(struct talker *talker, size_t count)
{
	char piece[PIECE + 1];
	memset(piece, 'x', PIECE);
	for (; count > 0; count -= strlen(piece)) {
		piece[count < PIECE ? count : PIECE] = '\0';
		say(talker, piece);
	}
}

static void run(uint64_t ms)
{
	accept_fixture_run(&all.f, ms);
}

static struct envoi_listener_stats stats(void)
{
	struct envoi_listener_stats stats;
	envoi_listener_get_stats(all.listener, &stats);
	return stats;
}

static int take_one(void)
{
	struct envoi_memory_pair *pair;
	struct envoi_channel *channel;
	assert_int_equal(envoi_memory_pair_new(&pair, all.f.context), ENVOI_OK);
	assert_int_equal(envoi_memory_channel_new(&channel, pair, ENVOI_MEMORY_B), ENVOI_OK);
	envoi_memory_pair_unref(pair);
	return envoi_listener_take(all.listener, "x", channel, NULL, 0);
}

static void log_in(struct talker *talker, const char *auth, const char *resource)
{
	char text[300];
	say(talker, ACCEPT_HEADER("to='example.org' version='1.0'"));
	snprintf(text, sizeof(text),
		"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>", auth);
	run(SETTLING_MS);
	say(talker, text);
	run(SETTLING_MS);
	say(talker, ACCEPT_HEADER("to='example.org' version='1.0'"));
	run(SETTLING_MS);
	snprintf(text, sizeof(text),
		"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>%s</resource></bind></iq>",
		resource);
	say(talker, text);
	run(SETTLING_MS);
}

static size_t answer_bytes(struct talker *talker)
{
	struct envoi_buffer *received = envoi_memory_end_received(talker->end);
	size_t len = envoi_buffer_len(received);
	envoi_buffer_consume(received, len);
	return len;
}

static struct talker *honest(void)
{
	struct talker *talker = connect_talker();
	log_in(talker, "AGFsaWNlAHNlY3JldA==", "desk");
	assert_true(answer_bytes(talker) > 0);
	return talker;
}

static void assert_is_served(struct talker *talker)
{
	say(talker, "<iq type='get' id='1'><query xmlns='urn:x'/></iq>");
	run(SETTLING_MS);
	assert_true(answer_bytes(talker) > 0);
}

/* Each has logged in, and sends much of a stanza that does not end. Beyond the budget a connection
 * that holds little may still be read once. */
static void attack(void)
{
	struct talker *attackers[ATTACKERS];
	for (size_t i = 0; i < ATTACKERS; i++) {
		char resource[16];
		snprintf(resource, sizeof(resource), "r%zu", i);
		attackers[i] = connect_talker();
		log_in(attackers[i], "AGJvYgBzZWNyZXQ=", resource);
		say(attackers[i], "<message to='alice@example.org'><body>");
	}
	for (int piece = 0; piece < PIECES; piece++) {
		for (size_t i = 0; i < ATTACKERS; i++) {
			say_bytes(attackers[i], PIECE);
		}
		run(SETTLING_MS);
		assert_true(stats().memory <= LIMIT + ATTACKERS * READ_BYTES);
	}
}

/* With the acceptor's default the element would end the connection. */
static void a_client_that_is_held_for_long_is_not_found_dead(void **state)
{
	(void)state;
	assert_int_equal(
		envoi_settings_set(all.f.settings, "stream.element-timeout", "1h"), ENVOI_OK);
	struct talker *talker = honest();
	struct talker *other = connect_talker();
	log_in(other, "AGJvYgBzZWNyZXQ=", "r");
	say(other, "<message to='alice@example.org'><body>");
	say_bytes(other, LIMIT / 2);
	say(talker, "<message to='bob@example.org'><body>");
	say_bytes(talker, LIMIT / 2);
	run(SETTLING_MS);
	assert_true(stats().memory > LIMIT);
	say(talker, "</body></message>");
	answer_bytes(talker);
	run(HELD_MS);
	assert_true(stats().memory > LIMIT);
	drop(other);
	run(SETTLING_MS);
	assert_true(stats().memory < LIMIT / 8);
	assert_is_served(talker);
	assert_non_null(strstr(all.f.notes, "stanza message from alice@example.org/desk"));
}

/* It is held after it was probed: the time for the answer begins again where reading does. */
static void a_client_that_is_read_again_has_time_to_answer(void **state)
{
	(void)state;
	struct talker *talker = honest(), *other = connect_talker();
	log_in(other, "AGJvYgBzZWNyZXQ=", "r");
	say(talker, "<message to='bob@example.org'><body>");
	say_bytes(talker, LIMIT / 2);
	while (answer_bytes(talker) == 0) {
		run(SETTLING_MS);
	}
	say(other, "<message to='alice@example.org'><body>");
	say_bytes(other, LIMIT / 2);
	run(HELD_SHORTLY_MS);
	assert_true(stats().memory > LIMIT);
	drop(other);
	run(LATE_MS);
	say(talker, "</body></message>");
	assert_is_served(talker);
}

static void stanzas_that_do_not_end_hold_no_more_than_the_budget(void **state)
{
	(void)state;
	struct talker *talker = honest();
	assert_false(stats().is_short);
	assert_int_equal(take_one(), ENVOI_OK);
	attack();
	assert_true(stats().memory > LIMIT / 4 * 3);
	assert_true(stats().is_short);
	assert_int_equal(take_one(), ENVOI_ERR_LIMIT);
	assert_is_served(talker);
	run(ELEMENT_MS);
	assert_is_served(talker);
	assert_false(stats().is_short);
	assert_true(stats().memory < LIMIT / 8);
	assert_int_equal(take_one(), ENVOI_OK);
}

/* An element of many names and attributes, the largest of all shapes: it takes ten times its bytes.
 */
static const char *costly_element(void)
{
	static char text[AUTH_BYTES + 1];
	size_t len = (size_t)snprintf(text, sizeof(text),
		"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>");
	for (int i = 0; len < AUTH_BYTES - 300; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "<b%d", i);
		for (int k = 0; k < MOST_ATTRIBUTES && len < AUTH_BYTES - 20; k++) {
			len += (size_t)snprintf(text + len, sizeof(text) - len, " a%d='1'", k);
		}
		len += (size_t)snprintf(text + len, sizeof(text) - len, "/>");
	}
	return text;
}

static void count_ended(struct accept_fixture *f, const char *what)
{
	if (strcmp(what, "ended") == 0 && f->why.code == ENVOI_ERR_LIMIT) {
		assert_int_equal(f->why.stream_condition, ENVOI_STREAM_RESOURCE_CONSTRAINT);
		all.ended++;
	}
}

/* All are accepted before one of them sends. Many send in one turn; each is read whole at once. */
static void gather_crowd(void)
{
	const char *element = costly_element();
	struct talker *first = &all.talkers[all.count];
	for (size_t i = 0; i < crowd; i++) {
		say(connect_talker(), ACCEPT_HEADER("to='example.org' version='1.0'"));
	}
	run(SETTLING_MS);
	for (size_t i = 0; i < crowd; i++) {
		say(&first[i], element);
		if (i % AT_ONCE == 0) {
			run(1);
			assert_true(stats().memory <= limit / 8 * 9 + limit / 256 + READING_BYTES);
		}
	}
}

static void connections_that_do_not_log_in_are_ended_where_holding_them_is_not_enough(void **state)
{
	(void)state;
	struct talker *talker = honest();
	all.f.at = count_ended;
	gather_crowd();
	assert_true(stats().memory > limit);
	run(LINGER_MS);
	assert_true(all.ended > crowd / 2 && all.ended < crowd);
	assert_is_served(talker);
	/* one that logs in now, before the others run into accept.login-timeout */
	struct talker *newcomer = connect_talker();
	log_in(newcomer, "AGJvYgBzZWNyZXQ=", "r");
	assert_is_served(newcomer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* An argument is the size of the crowd, which is then the only test. */
int main(int argc, char **argv)
{
	const struct CMUnitTest of_crowd[] = {
		TEST(connections_that_do_not_log_in_are_ended_where_holding_them_is_not_enough),
	};
	const struct CMUnitTest tests[] = {
		TEST(connections_that_do_not_log_in_are_ended_where_holding_them_is_not_enough),
		TEST(a_client_that_is_held_for_long_is_not_found_dead),
		TEST(a_client_that_is_read_again_has_time_to_answer),
		TEST(stanzas_that_do_not_end_hold_no_more_than_the_budget),
	};
	if (argc > 1) {
		crowd = strtoul(argv[1], NULL, 10);
		limit = crowd / CROWD * 4 * LIMIT;
		assert_true(crowd <= MOST_CROWD);
		return cmocka_run_group_tests_name("sim/budget", of_crowd, NULL, NULL);
	}
	return cmocka_run_group_tests_name("sim/budget", tests, NULL, NULL);
}
