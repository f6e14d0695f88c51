/*
 * envoi - a client that connects again: its login cut behind every byte, in both directions
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/ext/ping.h>
#include <envoi/testing.h>

enum {
	LONGEST_LOGIN = 4000, /* bytes in one direction */
	MINUTE_MS = 60000,
};

struct bot {
	struct envoi_handler handler;
	struct envoi_client *client;
	unsigned int heard, started;
};

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	ENVOI_CONTAINER_OF(self, struct bot, handler)->heard++;
	return ENVOI_OK;
}

static void on_pong(void *user, const struct envoi_answer *answer)
{
	(void)user, (void)answer;
}

/* The answer comes behind the roster: a cut in it finds the roster handed over. */
static void on_restore(struct envoi_handler *self, struct envoi_session *session, bool is_resumed)
{
	(void)self, (void)is_resumed;
	assert_int_equal(envoi_ping(session, "example.org", 0, on_pong, NULL, NULL), ENVOI_OK);
}

static void on_started(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	ENVOI_CONTAINER_OF(self, struct bot, handler)->started++;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_chat},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_STARTED, on_started},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl impl = {
	.stanzas = stanzas, .events = events, .restore = on_restore};

static void make_bot(struct bot *bot, struct envoi_world *world)
{
	*bot = (struct bot){.handler = ENVOI_HANDLER(&impl)};
	assert_int_equal(
		envoi_client_new(&bot->client, envoi_world_context(world), "bot@example.org/a"),
		ENVOI_OK);
	envoi_client_set(bot->client, "sasl.mechanisms", "PLAIN");
	envoi_client_set(bot->client, "tls.mode", "none");
	envoi_client_set(bot->client, "reconnect.initial", "true");
	envoi_client_set_password(bot->client, "secret");
	envoi_client_add(bot->client, &bot->handler);
	envoi_client_add_connector(bot->client, envoi_world_connector(world, "bot"));
	assert_int_equal(envoi_client_connect(bot->client), ENVOI_OK);
}

/* A message to the bare address arrives only at a client whose presence has reached the server. */
static void cut_behind(enum envoi_memory_side side, uint64_t bytes)
{
	struct bot bot;
	struct envoi_world *world = envoi_world_new(bytes);
	struct envoi_test_server *server = envoi_world_server(world, "example.org");
	envoi_test_server_account(server, "bot", "secret");
	struct envoi_test_peer *alice = envoi_test_server_peer(server, "alice");
	envoi_world_cut_after(world, "bot", side, bytes);
	make_bot(&bot, world);
	envoi_world_run(world, MINUTE_MS);
	envoi_test_peer_says(alice, "bot@example.org", "are you there?");
	envoi_world_run(world, MINUTE_MS);
	if (bot.heard != 1 || bot.started == 0) {
		print_error("cut behind byte %llu: heard %u, started %u\n",
			(unsigned long long)bytes, bot.heard, bot.started);
		fail();
	}
	envoi_client_free(bot.client);
	assert_int_equal(envoi_world_free(world), 0);
}

static void a_login_cut_in_what_the_client_sends_is_made_up_for(void **state)
{
	(void)state;
	for (uint64_t bytes = 0; bytes < LONGEST_LOGIN; bytes++) {
		cut_behind(ENVOI_MEMORY_A, bytes);
	}
}

static void a_login_cut_in_what_the_server_sends_is_made_up_for(void **state)
{
	(void)state;
	for (uint64_t bytes = 0; bytes < LONGEST_LOGIN; bytes++) {
		cut_behind(ENVOI_MEMORY_B, bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_cut_in_what_the_client_sends_is_made_up_for),
		cmocka_unit_test(a_login_cut_in_what_the_server_sends_is_made_up_for),
	};
	return cmocka_run_group_tests_name("sim/cut_login", tests, NULL, NULL);
}
