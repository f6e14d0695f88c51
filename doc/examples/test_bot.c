/*
 * Tests of a bot in virtual time, without sockets: <envoi/testing.h>.
 *
 *	cc test_bot.c $(pkg-config --cflags --libs envoi-testing cmocka)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/testing.h>

/* --- the program under test: its main() gives it a context and a connector of another kind --- */

struct bot {
	struct envoi_client *client;
	struct envoi_handler handler;
};

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	return body != NULL ? envoi_reply_text(in, body) : ENVOI_DECLINED;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_chat},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl bot_impl = {.name = "bot", .stanzas = stanzas};

static struct bot *bot_new(struct envoi_context *context, const char *address, const char *password)
{
	struct bot *bot = calloc(1, sizeof(*bot));
	if (bot == NULL) {
		return NULL;
	}
	bot->handler = (struct envoi_handler)ENVOI_HANDLER(&bot_impl);
	if (envoi_client_new(&bot->client, context, address) < 0) {
		free(bot);
		return NULL;
	}
	envoi_client_set_password(bot->client, password);
	envoi_client_add(bot->client, &bot->handler);
	return bot;
}

static void bot_free(struct bot *bot)
{
	envoi_client_free(bot->client);
	free(bot);
}

/* --- the tests --- */

struct fixture {
	struct envoi_world *world;
	struct envoi_test_server *server;
	struct envoi_test_peer *alice;
	struct envoi_test_recorder *recorder;
	struct bot *bot;
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	f->world = envoi_world_new(42);
	f->server = envoi_world_server(f->world, "example.org");
	envoi_test_server_account(f->server, "bot", "secret");
	f->alice = envoi_test_server_peer(f->server, "alice");
	f->recorder = envoi_world_recorder(f->world);
	f->bot = bot_new(envoi_world_context(f->world), "bot@example.org", "secret");
	assert_non_null(f->bot);
	envoi_client_add(f->bot->client, envoi_test_recorder_handler(f->recorder));
	envoi_client_add_connector(f->bot->client, envoi_world_connector(f->world, "bot"));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	bot_free(f->bot);
	assert_int_equal(envoi_world_free(f->world), 0); /* nothing has leaked */
	return 0;
}

static void says_hundred_times(struct fixture *f)
{
	for (int i = 0; i < 100; i++) {
		envoi_test_peer_says(f->alice, "bot@example.org", "ping %d", i);
	}
}

static void each_message_is_answered(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_client_connect(f->bot->client), ENVOI_OK);
	envoi_world_run(f->world, 1000);
	says_hundred_times(f);
	envoi_world_run(f->world, 1000);
	assert_int_equal(envoi_test_peer_heard(f->alice, "bot@example.org"), 100);
}

/* Two minutes of virtual time take some milliseconds. With stream management, nothing is lost and
 * nothing comes twice. */
static void the_bot_comes_back_after_a_lost_connection(void **state)
{
	struct fixture *f = *state;
	envoi_world_cut_after(f->world, "bot", ENVOI_MEMORY_A, 6000);
	assert_int_equal(envoi_client_connect(f->bot->client), ENVOI_OK);
	envoi_world_run(f->world, 1000);
	says_hundred_times(f);
	envoi_world_run(f->world, 120000);
	assert_int_equal(envoi_test_peer_heard(f->alice, "bot@example.org"), 100);
	assert_int_equal(envoi_test_recorder_count(f->recorder, "resumed"), 1);
	assert_int_equal(envoi_test_recorder_count(f->recorder, "message alice@"), 100);
}

/* Wherever the connection is cut, from the first byte of the login on. */
static void nothing_is_lost_wherever_the_connection_is_cut(void **state)
{
	for (uint64_t bytes = 0; bytes < 8000; bytes += 250) {
		setup(state);
		struct fixture *f = *state;
		envoi_client_set(f->bot->client, "reconnect.initial", "true");
		envoi_world_cut_after(f->world, "bot", ENVOI_MEMORY_B, bytes);
		assert_int_equal(envoi_client_connect(f->bot->client), ENVOI_OK);
		envoi_world_run(f->world, 60000);
		says_hundred_times(f);
		envoi_world_run(f->world, 120000);
		assert_int_equal(envoi_test_peer_heard(f->alice, "bot@example.org"), 100);
		teardown(state);
	}
}

/* A server that the kit's own would not be: word by word. */
static void a_server_without_mechanisms_ends_the_attempt(void **state)
{
	struct fixture *f = *state;
	struct envoi_test_script *script = envoi_world_script(f->world, "example.org");
	envoi_test_script_expects(script,
		"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
		" to='example.org' from='bot@example.org' version='1.0'>");
	envoi_test_script_sends(script,
		"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
		" from='example.org' id='1' version='1.0'><stream:features/>");
	envoi_test_script_expects(script, "</stream:stream>");
	envoi_test_script_sends(script, "</stream:stream>");
	envoi_test_script_shuts_down(script);
	assert_int_equal(envoi_client_connect(f->bot->client), ENVOI_OK);
	envoi_world_run(f->world, 1000);
	const char *problem = envoi_test_script_problem(script);
	assert_string_equal(problem != NULL ? problem : "", "");
	assert_string_equal(envoi_test_recorder_lines(f->recorder),
		"connecting\nconnected\nsecured\nstream-opened\n"
		"disconnected ENVOI_ERR_AUTH\nstopped ENVOI_ERR_AUTH\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(each_message_is_answered),
		TEST(the_bot_comes_back_after_a_lost_connection),
		cmocka_unit_test(nothing_is_lost_wherever_the_connection_is_cut),
		TEST(a_server_without_mechanisms_ends_the_attempt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
