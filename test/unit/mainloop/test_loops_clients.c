/*
 * envoi - main loops with several clients at once, beside events of the application
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop_fixture.h"

#include <envoi/envoi.h>

#include "server.h"

enum {
	CLIENTS = 10,
};

struct clients {
	struct envoi_handler handler;
	struct envoi_client *all[CLIENTS];
	struct test_server *server;
	unsigned int available, stopped;
	int strangers_calls;
};

static struct clients clients;

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	(void)event;
	if (++clients.available == CLIENTS) {
		for (size_t i = 0; i < CLIENTS; i++) {
			envoi_client_disconnect(clients.all[i]);
		}
	}
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	assert_int_equal(event->failure->code, ENVOI_OK);
	clients.stopped++;
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_AVAILABLE, on_available},
	{ENVOI_EVENT_STOPPED, on_stopped},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl impl = {.name = "clients", .events = events};

static struct envoi_client *connect_client(struct fixture *f, size_t i)
{
	char user[16], jid[64];
	struct envoi_client *client;
	snprintf(user, sizeof(user), "user%zu", i);
	snprintf(jid, sizeof(jid), "%s@" TEST_SERVER_DOMAIN "/x", user);
	test_server_add_account(clients.server, user, "secret");
	assert_int_equal(envoi_client_new(&client, f->context, jid), ENVOI_OK);
	envoi_client_set(client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	envoi_client_set(client, "tls.system-trust", "false");
	envoi_client_set(client, "reconnect.enabled", "false");
	envoi_client_set_password(client, "secret");
	envoi_client_add(client, &clients.handler);
	envoi_client_add_connector(client, test_server_connector(clients.server));
	assert_int_equal(envoi_client_connect(client), ENVOI_OK);
	return client;
}

static void start_all(struct fixture *f)
{
	clients = (struct clients){.handler = ENVOI_HANDLER(&impl)};
	clients.server = test_server_new(f->context, TEST_DATA, NULL);
	for (size_t i = 0; i < CLIENTS; i++) {
		clients.all[i] = connect_client(f, i);
	}
}

static void free_all(void)
{
	for (size_t i = 0; i < CLIENTS; i++) {
		envoi_client_free(clients.all[i]);
	}
	test_server_free(clients.server);
}

static void ten_clients_log_in_and_out(void **state)
{
	struct fixture *f = *state;
	start_all(f);
	while (clients.stopped < CLIENTS && turn(f)) {
	}
	assert_int_equal(clients.available, CLIENTS);
	assert_int_equal(clients.stopped, CLIENTS);
	free_all();
}

/* The application's descriptor is always ready: it is served in every turn. */
static void ten_clients_log_in_beside_a_busy_application(void **state)
{
	struct fixture *f = *state;
	int fd = eventfd(1, EFD_NONBLOCK), turns = 0;
	start_all(f);
	start_stranger(f, fd, &clients.strangers_calls);
	while (clients.stopped < CLIENTS && turn(f)) {
		turns++;
	}
	assert_int_equal(clients.stopped, CLIENTS);
	assert_true(clients.strangers_calls >= turns / 2);
	stop_stranger(f);
	close(fd);
	free_all();
}

/* clang-format off */
static const struct loop_case cases[] = {
	LOOP_CASE(ten_clients_log_in_and_out),
	LOOP_CASE_OF(is_with_others, ten_clients_log_in_beside_a_busy_application),
};
/* clang-format on */

int main(void)
{
	return run_loop_cases("mainloop/loops_clients", cases, sizeof(cases) / sizeof(cases[0]));
}
