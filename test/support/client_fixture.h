/*
 * envoi - tests: a client and the small server of example.org, in virtual time
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_CLIENT_FIXTURE_H
#define TEST_CLIENT_FIXTURE_H

#include <envoi/envoi.h>

#include "server.h"

/** alice@example.org/desk trusts the authority of test/data/tls, has the server's password, and
 * does not connect again by itself. */
struct client_fixture {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct test_server *server;
	struct envoi_client *client;
	struct envoi_handler recorder;
	char events[1000]; /* their names, separated by spaces */
	char incomplete[200]; /* the text of the last ENVOI_EVENT_ROSTER_INCOMPLETE */
	struct envoi_failure failure; /* of the last ENVOI_EVENT_DISCONNECTED */
};

/** @param certificate  as for test_server_new(). Asserts, as all here */
void client_fixture_init(struct client_fixture *f, const char *certificate);
void client_fixture_finish(struct client_fixture *f);

/** Make a client in place of the one before, which is freed: the program has been started again. */
void client_fixture_renew(struct client_fixture *f);
/** Give the client a connector that leads to the server. */
void client_fixture_add_connector(struct client_fixture *f);
/** Connect and run for so many milliseconds; what was recorded before is forgotten. */
void client_fixture_connect(struct client_fixture *f, uint64_t ms);
void client_fixture_run(struct client_fixture *f, uint64_t ms);

#endif
