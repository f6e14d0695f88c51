/*
 * envoi - stanzas that must not end a session, nor come again after its resumption: tests
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

#include <envoi/envoi.h>
#include <envoi/interfaces/session.h>
#include <envoi/testing.h>

#define BOT "bot@example.org"
#define EVE "eve@example.com/x"

enum {
	LONG_MS = 10000,
};

struct fixture {
	struct envoi_world *world;
	struct envoi_test_server *server;
	struct envoi_client *bot;
	struct envoi_handler handler;
	unsigned int heard, skipped, disconnected, refused;
	uint64_t skipped_bytes;
	void (*break_down)(struct fixture *f, struct envoi_session *session); /* in the handler */
};

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct fixture *f = ENVOI_CONTAINER_OF(self, struct fixture, handler);
	f->heard++;
	if (f->break_down == NULL) {
		return ENVOI_OK;
	}
	f->break_down(f, envoi_delivery_session(in));
	return ENVOI_ERR_NOMEM;
}

static void on_skipped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct fixture *f = ENVOI_CONTAINER_OF(self, struct fixture, handler);
	f->skipped++;
	f->skipped_bytes = event->bytes;
	assert_string_equal(envoi_jid_text(event->jid), EVE);
}

static void on_disconnected(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	ENVOI_CONTAINER_OF(self, struct fixture, handler)->disconnected++;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_chat},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_SKIPPED, on_skipped},
	{ENVOI_EVENT_DISCONNECTED, on_disconnected},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl impl = {.stanzas = stanzas, .events = events};

static void on_server(void *user, enum envoi_test_server_act act, unsigned int session,
	const struct envoi_stanza *stanza)
{
	struct fixture *f = user;
	(void)session;
	struct envoi_stanza_error error;
	if (act == ENVOI_TEST_RECEIVED && envoi_stanza_kind(stanza) == ENVOI_IQ_ERROR &&
		envoi_stanza_get_error(stanza, &error)) {
		f->refused += error.condition == ENVOI_NOT_ACCEPTABLE;
	}
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	*f = (struct fixture){.handler = ENVOI_HANDLER(&impl)};
	f->world = envoi_world_new(7);
	f->server = envoi_world_server(f->world, "example.org");
	envoi_test_server_account(f->server, "bot", "secret");
	envoi_test_server_watch(f->server, on_server, f);
	assert_int_equal(envoi_client_new(&f->bot, envoi_world_context(f->world), BOT), ENVOI_OK);
	assert_int_equal(envoi_client_set_password(f->bot, "secret"), ENVOI_OK);
	assert_int_equal(envoi_client_set(f->bot, "limits.children", "10000"), ENVOI_OK);
	assert_int_equal(envoi_client_add(f->bot, &f->handler), ENVOI_OK);
	assert_int_equal(envoi_client_add_connector(f->bot, envoi_world_connector(f->world, "bot")),
		ENVOI_OK);
	assert_int_equal(envoi_client_connect(f->bot), ENVOI_OK);
	envoi_world_run(f->world, LONG_MS);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_client_free(f->bot);
	assert_int_equal(envoi_world_free(f->world), 0);
	return 0;
}

/* --- poison --- */

static char *repeated(char c, size_t count)
{
	char *text = malloc(count + 1);
	assert_non_null(text);
	memset(text, c, count);
	text[count] = '\0';
	return text;
}

static void add_long_body(struct envoi_element *stanza)
{
	char *text = repeated('x', 9000000);
	envoi_element_add_with_text(stanza, NULL, "body", text);
	free(text);
}

static void set_long_id(struct envoi_element *stanza)
{
	char *text = repeated('i', 300000);
	envoi_element_set(stanza, "id", text);
	free(text);
}

static void add_deep(struct envoi_element *stanza)
{
	struct envoi_element *inner = stanza;
	for (unsigned int i = 0; i < 5000; i++) {
		inner = envoi_element_add(inner, "urn:x", "a");
	}
}

static void set_many_attributes(struct envoi_element *stanza)
{
	struct envoi_element *child = envoi_element_add(stanza, "urn:x", "a");
	for (unsigned int i = 0; i < 300; i++) {
		char name[16];
		snprintf(name, sizeof(name), "a%u", i);
		envoi_element_set(child, name, "");
	}
}

static void add_many_children(struct envoi_element *stanza)
{
	for (unsigned int i = 0; i < 10001; i++) {
		envoi_element_add(stanza, "urn:x", "a");
	}
}

static void add_many_names(struct envoi_element *stanza)
{
	for (unsigned int i = 0; i < 5000; i++) {
		char name[16];
		snprintf(name, sizeof(name), "n%u", i);
		envoi_element_add(stanza, "urn:x", name);
	}
}

static void add_long_name(struct envoi_element *stanza)
{
	char *name = repeated('n', 300);
	envoi_element_add(stanza, "urn:x", name);
	free(name);
}

static void add_long_namespace(struct envoi_element *stanza)
{
	char *ns = repeated('n', 3000);
	envoi_element_add(stanza, ns, "a");
	free(ns);
}

static void (*const poisons[])(struct envoi_element *stanza) = {
	add_long_body,
	set_long_id,
	add_deep,
	set_many_attributes,
	add_many_children,
	add_many_names,
	add_long_name,
	add_long_namespace,
};

enum {
	POISONS = sizeof(poisons) / sizeof(poisons[0]),
};

static void deliver(struct fixture *f, enum envoi_stanza_kind kind,
	void (*exceed)(struct envoi_element *stanza))
{
	struct envoi_context *context = envoi_world_context(f->world);
	struct envoi_stanza *stanza = kind == ENVOI_MESSAGE
		? envoi_message_new(context, ENVOI_TYPE_CHAT, BOT, NULL)
		: envoi_iq_new(context, kind, BOT);
	struct envoi_element *element = envoi_stanza_element(stanza);
	envoi_element_set(element, "from", EVE);
	envoi_element_set(element, "id", "e1");
	if (exceed != NULL) {
		exceed(element);
	} else {
		envoi_element_add_with_text(element, NULL, "body", "x");
	}
	assert_int_equal(envoi_element_error(element), ENVOI_OK);
	envoi_test_server_deliver(f->server, stanza);
	envoi_world_run(f->world, LONG_MS);
}

static size_t resumptions(const struct fixture *f)
{
	return envoi_test_server_get_counts(f->server, NULL).resumptions;
}

/* The client connects again, by itself or by this. */
static void come_back(struct fixture *f)
{
	size_t before = resumptions(f);
	envoi_world_run(f->world, 1000);
	(void)!envoi_client_connect(f->bot);
	envoi_world_run(f->world, 10 * LONG_MS);
	assert_int_equal(resumptions(f), before + 1);
}

static void each_poison_is_skipped_and_acknowledged(void **state)
{
	struct fixture *f = *state;
	for (unsigned int i = 0; i < POISONS; i++) {
		deliver(f, ENVOI_MESSAGE, poisons[i]);
		assert_int_equal(f->skipped, i + 1);
		assert_true(f->skipped_bytes > 300);
		deliver(f, ENVOI_MESSAGE, NULL);
		assert_int_equal(f->heard, i + 1);
	}
	assert_int_equal(f->disconnected, 0);
	envoi_world_cut(f->world, "bot");
	come_back(f);
	assert_int_equal(f->skipped, POISONS);
	assert_int_equal(f->heard, POISONS);
	assert_int_equal(envoi_test_server_get_counts(f->server, "bot").unacknowledged, 0);
}

/* The connection breaks before the poison was acknowledged: its number says that it came. */
static void a_poison_does_not_come_again_after_a_cut(void **state)
{
	struct fixture *f = *state;
	for (unsigned int i = 0; i < POISONS; i++) {
		deliver(f, ENVOI_MESSAGE, poisons[i]);
		envoi_world_cut(f->world, "bot");
		come_back(f);
		assert_int_equal(f->skipped, i + 1);
	}
	deliver(f, ENVOI_MESSAGE, NULL);
	assert_int_equal(f->heard, 1);
}

/* --- handlers that fail --- */

static void fail_only(struct fixture *f, struct envoi_session *session)
{
	(void)session;
	(void)f;
}

static void fail_with_the_connection(struct fixture *f, struct envoi_session *session)
{
	(void)session;
	envoi_world_cut(f->world, "bot");
}

static void fail_and_drop_the_stream(struct fixture *f, struct envoi_session *session)
{
	(void)f;
	const struct envoi_failure failure = {.code = ENVOI_ERR_NOMEM};
	envoi_stream_cut(envoi_session_stream(session), &failure);
}

static void a_stanza_that_a_handler_fails_on_does_not_come_again(void **state)
{
	struct fixture *f = *state;
	static void (*const fails[])(struct fixture *, struct envoi_session *) = {
		fail_only, fail_with_the_connection, fail_and_drop_the_stream};
	for (unsigned int i = 0; i < sizeof(fails) / sizeof(fails[0]); i++) {
		f->break_down = fails[i];
		f->heard = 0;
		deliver(f, ENVOI_MESSAGE, NULL);
		envoi_world_cut(f->world, "bot");
		if (fails[i] == fail_only) {
			come_back(f);
		} else {
			(void)!envoi_client_connect(f->bot);
			envoi_world_run(f->world, 10 * LONG_MS);
		}
		assert_int_equal(f->heard, 1);
		f->break_down = NULL;
		deliver(f, ENVOI_MESSAGE, NULL);
		assert_int_equal(f->heard, 2);
	}
	assert_true(resumptions(f) >= 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(each_poison_is_skipped_and_acknowledged),
		TEST(a_poison_does_not_come_again_after_a_cut),
		TEST(a_stanza_that_a_handler_fails_on_does_not_come_again),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sim/poison", tests, NULL, NULL);
}
