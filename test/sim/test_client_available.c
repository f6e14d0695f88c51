/*
 * envoi - clients that become available although something is short: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/testing.h>

enum {
	WELL_MS = 600000, /* in which a client has to become available, with several attempts */
	QUEUED = 4,
};

struct fixture {
	struct envoi_world *world;
	struct envoi_test_server *server;
	struct envoi_test_peer *carol;
	struct envoi_client *bot;
	struct envoi_handler handler;
	unsigned int heard, available;
};

static int on_chat(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	ENVOI_CONTAINER_OF(self, struct fixture, handler)->heard++;
	return ENVOI_OK;
}

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	ENVOI_CONTAINER_OF(self, struct fixture, handler)->available++;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_chat},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_AVAILABLE, on_available},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl impl = {.stanzas = stanzas, .events = events};

static void begin(struct fixture *f)
{
	*f = (struct fixture){.handler = ENVOI_HANDLER(&impl)};
	f->world = envoi_world_new(7);
	f->server = envoi_world_server(f->world, "example.org");
	envoi_test_server_get_options(f->server)->resumes = false;
	envoi_test_server_account(f->server, "bot", "secret");
	f->carol = envoi_test_server_peer(f->server, "carol");
	assert_int_equal(
		envoi_client_new(&f->bot, envoi_world_context(f->world), "bot@example.org/x"),
		ENVOI_OK);
	envoi_client_set_password(f->bot, "secret");
	envoi_client_set(f->bot, "sasl.mechanisms", "PLAIN"); /* SCRAM takes long to derive keys */
	envoi_client_set(f->bot, "reconnect.initial", "true");
	envoi_client_add(f->bot, &f->handler);
	envoi_client_add_connector(f->bot, envoi_world_connector(f->world, "bot"));
}

static void finish(struct fixture *f)
{
	envoi_client_free(f->bot);
	assert_int_equal(envoi_world_free(f->world), 0);
}

/* A message to the account arrives, which a client that is not available does not get. */
static void assert_available(struct fixture *f)
{
	unsigned int before = f->heard;
	envoi_test_peer_says(f->carol, "bot@example.org", "hello");
	envoi_world_run(f->world, 1000);
	assert_int_equal(f->heard, before + 1);
	assert_true(f->available > 0);
}

/* @return whether the login and the minutes after it have so many allocations */
static bool log_in_without(size_t first, size_t count)
{
	struct fixture f;
	begin(&f);
	assert_int_equal(envoi_client_connect(f.bot), ENVOI_OK);
	envoi_world_fail_allocations(f.world, first, count);
	envoi_world_run(f.world, WELL_MS);
	bool was_reached = envoi_world_failed_allocations(f.world) > 0;
	envoi_world_fail_allocation(f.world, 0);
	envoi_world_run(f.world, WELL_MS);
	assert_available(&f);
	finish(&f);
	return was_reached;
}

static void whatever_allocation_fails_the_client_becomes_available(void **state)
{
	size_t first = 1;
	(void)state;
	while (first < 400 && log_in_without(first, 1)) {
		first++;
	}
	assert_true(first > 100);
}

static void whatever_allocations_fail_for_a_time_it_becomes_available(void **state)
{
	size_t first = 1;
	(void)state;
	while (first < 400 && log_in_without(first, 40)) {
		first += 7;
	}
	assert_true(first > 100);
}

/* Presence comes behind what has waited for the session. */
static void a_full_queue_does_not_keep_the_client_unavailable(void **state)
{
	struct fixture f;
	const struct envoi_test_link refuses = {.refuses = true};
	(void)state;
	begin(&f);
	envoi_test_server_get_options(f.server)->resumes = true;
	envoi_client_set(f.bot, "limits.outbox-stanzas", "4");
	assert_int_equal(envoi_client_connect(f.bot), ENVOI_OK);
	envoi_world_run(f.world, 10000); /* what was sent is acknowledged */
	assert_available(&f);
	envoi_world_set_link(f.world, "bot", &refuses);
	envoi_world_cut(f.world, "bot");
	envoi_world_run(f.world, 1000);
	for (int i = 0; i < QUEUED; i++) {
		assert_int_equal(envoi_send_text(envoi_client_session(f.bot), "carol@example.org",
					 "x", NULL),
			ENVOI_OK);
	}
	assert_int_equal(
		envoi_send_text(envoi_client_session(f.bot), "carol@example.org", "x", NULL),
		ENVOI_ERR_FULL);
	envoi_test_server_stop(f.server, false);
	envoi_test_server_start(f.server);
	envoi_world_set_link(f.world, "bot", NULL);
	envoi_world_run(f.world, WELL_MS);
	assert_int_equal(envoi_test_peer_heard(f.carol, NULL), QUEUED);
	assert_available(&f);
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_allocation_fails_the_client_becomes_available),
		cmocka_unit_test(whatever_allocations_fail_for_a_time_it_becomes_available),
		cmocka_unit_test(a_full_queue_does_not_keep_the_client_unavailable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
