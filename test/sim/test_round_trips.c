/*
 * envoi - round trips from a connected transport to a bound resource, by route and mechanism
 * SPDX-License-Identifier: MIT
 *
 * Every byte takes 50 ms of virtual time in either direction and nothing else takes any: the time
 * to the binding, in tenths of a second, is the number of round trips. With an argument the table
 * is printed as it stands in doc/figures.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/event.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>

#include "server.h"
#include "server_inside.h"
#include "tls/tls_config.h"

enum {
	ONE_WAY_MS = 50,
};

enum route {
	STARTTLS,
	DIRECT,
	ROUTES,
};

enum version {
	TLS_1_2,
	TLS_1_3,
	VERSIONS,
};

static const char *const mechanisms[] = {"SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"};
enum {
	MECHANISMS = sizeof(mechanisms) / sizeof(mechanisms[0]),
};

static const char *const route_names[ROUTES] = {"STARTTLS", "direct TLS"};
static const char *const version_names[VERSIONS] = {"1.2", "1.3"};

/* The parts of a login, and what requires each:
 *   STARTTLS: headers and features, <starttls/>            2 (RFC 6120, section 5.4)
 *   handshake: TLS 1.2                                      2
 *              TLS 1.3                                      1
 *   headers and features                                    1
 *   SCRAM with its first message in <auth/>                 2 (RFC 6120, section 6.4; RFC 5802)
 *   PLAIN likewise                                          1
 *   headers and features                                    1
 *   binding                                                 1 (RFC 6120, section 7)
 */
static const unsigned int expected[ROUTES][VERSIONS][MECHANISMS] = {
	[STARTTLS] = {[TLS_1_2] = {9, 9, 9, 8}, [TLS_1_3] = {8, 8, 8, 7}},
	[DIRECT] = {[TLS_1_2] = {7, 7, 7, 6}, [TLS_1_3] = {6, 6, 6, 5}},
};

struct fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct test_server *server;
	struct envoi_client *client;
	struct envoi_handler recorder;
	uint64_t bound_at_ms;
	char mechanism[64], version[16];
};

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	struct fixture *f = ENVOI_CONTAINER_OF(self, struct fixture, recorder);
	switch (event->type) {
	case ENVOI_EVENT_SECURED:
		snprintf(f->version, sizeof(f->version), "%s", event->text);
		break;
	case ENVOI_EVENT_AUTHENTICATED:
		snprintf(f->mechanism, sizeof(f->mechanism), "%s", event->text);
		break;
	default:
		f->bound_at_ms = envoi_loop_now_ms(f->loop);
		break;
	}
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_SECURED, on_event},
	{ENVOI_EVENT_AUTHENTICATED, on_event},
	{ENVOI_EVENT_BOUND, on_event},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_handler_impl recorder_impl = {.name = "recorder", .events = events};

static void open_world(struct fixture *f, enum route route, enum version version)
{
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.delay_ms = ONE_WAY_MS;
	*f = (struct fixture){.recorder = ENVOI_HANDLER(&recorder_impl)};
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	f->server = test_server_new(f->context, TEST_DATA, NULL);
	test_server_add_account(f->server, "alice", "wonderland");
	test_server_knobs(f->server)->direct_tls = route == DIRECT;
	test_server_script(f->server, ENVOI_MEMORY_A, &script);
	test_server_script(f->server, ENVOI_MEMORY_B, &script);
	if (version == TLS_1_2) {
		f->server->certificate->priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-RSA";
	}
}

static void set(struct fixture *f, const char *name, const char *value)
{
	assert_int_equal(envoi_client_set(f->client, name, value), ENVOI_OK);
}

static void log_in(struct fixture *f, enum route route, const char *mechanism)
{
	assert_int_equal(
		envoi_client_new(&f->client, f->context, "alice@example.org/desk"), ENVOI_OK);
	assert_int_equal(envoi_client_set_password(f->client, "wonderland"), ENVOI_OK);
	set(f, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	set(f, "tls.system-trust", "false");
	set(f, "tls.mode", route == DIRECT ? "direct" : "starttls");
	set(f, "sasl.mechanisms", mechanism);
	assert_int_equal(envoi_client_add(f->client, &f->recorder), ENVOI_OK);
	assert_int_equal(
		envoi_client_add_connector(f->client, test_server_connector(f->server)), ENVOI_OK);
	assert_int_equal(envoi_client_connect(f->client), ENVOI_OK);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 10000), ENVOI_OK);
}

static void close_world(struct fixture *f)
{
	envoi_client_free(f->client);
	test_server_free(f->server);
	envoi_context_unref(f->context);
}

static unsigned int count(enum route route, enum version version, size_t mechanism)
{
	struct fixture f;
	open_world(&f, route, version);
	uint64_t begin_ms = envoi_loop_now_ms(f.loop);
	log_in(&f, route, mechanisms[mechanism]);
	assert_int_equal((f.bound_at_ms - begin_ms) % (2 * ONE_WAY_MS), 0);
	assert_memory_equal(f.mechanism, mechanisms[mechanism], strlen(mechanisms[mechanism]));
	assert_non_null(strstr(f.version, version_names[version]));
	unsigned int trips = (unsigned int)((f.bound_at_ms - begin_ms) / (2 * ONE_WAY_MS));
	close_world(&f);
	return trips;
}

static void a_login_takes_no_more_round_trips_than_the_protocols_demand(void **state)
{
	(void)state;
	for (int route = STARTTLS; route < ROUTES; route++) {
		for (int version = TLS_1_2; version < VERSIONS; version++) {
			for (size_t i = 0; i < MECHANISMS; i++) {
				unsigned int trips = count(
					(enum route)route, (enum version)version, i);
				if (trips != expected[route][version][i]) {
					print_error("%s, TLS %s, %s\n", route_names[route],
						version_names[version], mechanisms[i]);
				}
				assert_int_equal(trips, expected[route][version][i]);
			}
		}
	}
}

static void print_table(void)
{
	for (int route = STARTTLS; route < ROUTES; route++) {
		for (int version = TLS_1_2; version < VERSIONS; version++) {
			printf("| %s, TLS %s |", route_names[route], version_names[version]);
			for (size_t i = 0; i < MECHANISMS; i++) {
				printf(" %u |", count((enum route)route, (enum version)version, i));
			}
			putchar('\n');
		}
	}
}

int main(int argument_count, char **arguments)
{
	(void)arguments;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_takes_no_more_round_trips_than_the_protocols_demand),
	};
	if (argument_count > 1) {
		print_table();
		return 0;
	}
	return cmocka_run_group_tests_name("sim/round_trips", tests, NULL, NULL);
}
