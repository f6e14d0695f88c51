/*
 * envoi - tests: a client and the small server of example.org, in virtual time
 * SPDX-License-Identifier: MIT
 */
#include "client_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	struct client_fixture *f = ENVOI_CONTAINER_OF(self, struct client_fixture, recorder);
	size_t len = strlen(f->events);
	snprintf(f->events + len, sizeof(f->events) - len, "%s%s", len > 0 ? " " : "",
		envoi_event_name(event->type));
	if (event->failure != NULL) {
		envoi_failure_finish(&f->failure);
		envoi_failure_copy(&f->failure, event->failure);
	}
	if (event->type == ENVOI_EVENT_ROSTER_INCOMPLETE) {
		snprintf(f->incomplete, sizeof(f->incomplete), "%s", event->text);
	}
}

static const struct envoi_event_row rows[] = {
	{ENVOI_EVENT_CONNECTING, on_event},
	{ENVOI_EVENT_CONNECTED, on_event},
	{ENVOI_EVENT_SECURED, on_event},
	{ENVOI_EVENT_AUTHENTICATED, on_event},
	{ENVOI_EVENT_STARTED, on_event},
	{ENVOI_EVENT_ROSTER, on_event},
	{ENVOI_EVENT_ROSTER_INCOMPLETE, on_event},
	{ENVOI_EVENT_AVAILABLE, on_event},
	{ENVOI_EVENT_DISCONNECTED, on_event},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl recorder_impl = {.name = "recorder", .events = rows};

static void make_client(struct client_fixture *f)
{
	assert_int_equal(
		envoi_client_new(&f->client, f->context, "alice@example.org/desk"), ENVOI_OK);
	envoi_client_set(f->client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	envoi_client_set(f->client, "tls.system-trust", "false");
	envoi_client_set(f->client, "reconnect.enabled", "false");
	envoi_client_set_password(f->client, "wonderland");
	envoi_client_add(f->client, &f->recorder);
}

void client_fixture_init(struct client_fixture *f, const char *certificate)
{
	*f = (struct client_fixture){.recorder = ENVOI_HANDLER(&recorder_impl)};
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	f->server = test_server_new(f->context, TEST_DATA, certificate);
	test_server_add_account(f->server, "alice", "wonderland");
	make_client(f);
}

void client_fixture_finish(struct client_fixture *f)
{
	envoi_client_free(f->client);
	test_server_free(f->server);
	envoi_failure_finish(&f->failure);
	envoi_context_unref(f->context);
}

void client_fixture_renew(struct client_fixture *f)
{
	envoi_client_free(f->client);
	make_client(f);
}

void client_fixture_add_connector(struct client_fixture *f)
{
	assert_int_equal(
		envoi_client_add_connector(f->client, test_server_connector(f->server)), ENVOI_OK);
}

void client_fixture_connect(struct client_fixture *f, uint64_t ms)
{
	f->events[0] = '\0';
	assert_int_equal(envoi_client_connect(f->client), ENVOI_OK);
	client_fixture_run(f, ms);
}

void client_fixture_run(struct client_fixture *f, uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, ms), ENVOI_OK);
}
