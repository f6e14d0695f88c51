/*
 * envoi - a small XMPP server in virtual time
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_SERVER_H
#define ENVOI_TEST_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/conditions.h>
#include <envoi/interfaces/transport.h>
#include <envoi/memory.h>

struct envoi_context;

/**
 * The server of example.org, over memory pairs, made of our own receiving streams: STARTTLS with a
 * certificate of test/data/tls, SASL, binding. It knows accounts and rosters, routes messages, iqs
 * and presence between connected accounts, answers pings, and reports what it received. For tests
 * of everything above a stream; what it does wrong on purpose is set by knobs, and how connections
 * behave by scripts.
 *
 * It answers with RFC 6121 in mind, not to the letter: subscriptions are as the test says, nothing
 * is kept for accounts that are offline.
 */
struct test_server;

struct test_server_knobs {
	bool no_tls; /**< no STARTTLS: connections count as secure as they are */
	bool direct_tls; /**< TLS from the first byte */
	bool no_binding; /**< not offered */
	bool refuses_binding; /**< with conflict */
	bool binds_other_account; /**< mallory, for every account */
	bool no_roster; /**< iqs for it are answered with service-unavailable */
	bool is_silent; /**< after the login nothing is answered or routed */
	bool refuses_connections; /**< the connector fails */
};

#define TEST_SERVER_DOMAIN "example.org"

/** @param certificate  the name of a file in test/data/tls, "right.pem"; NULL: that one. Asserts */
struct test_server *test_server_new(
	struct envoi_context *context, const char *data_folder, const char *certificate);
/** Free, connections too: their clients see an end. Not inside its callbacks. */
void test_server_free(struct test_server *server);
/** @return its settings, for the connections accepted from now on */
struct envoi_settings *test_server_settings(struct test_server *server);
/** Authentication by the current settings; while no account is connected. Asserts. */
void test_server_renew_sasl(struct test_server *server);
/** Asserts. */
void test_server_set_password(struct test_server *server, const char *user, const char *password);
/** @return to be changed at any time */
struct test_server_knobs *test_server_knobs(struct test_server *server);

/** Asserts. */
void test_server_add_account(struct test_server *server, const char *user, const char *password);
/** Asserts. @param subscription "none", "to", "from", "both" */
void test_server_add_contact(struct test_server *server, const char *user, const char *jid,
	const char *name, const char *subscription);

/** Send these items as the roster of an account, as they are. Asserts. @param items  copied */
void test_server_set_roster(struct test_server *server, const char *user, const char *items);

/** @return a new connector that leads here, to be given to a client; asserts */
struct envoi_connector *test_server_connector(struct test_server *server);
/** Make side B of a pair a connection of the server. @return ENVOI_OK or an error code */
int test_server_accept(struct test_server *server, struct envoi_memory_pair *pair);
/** How the connections accepted from now on behave. @param script copied; NULL: well */
void test_server_script(struct test_server *server, enum envoi_memory_side side,
	const struct envoi_memory_script *script);

/** @return connections accepted since the beginning */
size_t test_server_accepted(const struct test_server *server);
/** @return those that are logged in now */
size_t test_server_online(const struct test_server *server);
/** @param full_jid  of a connection that is logged in; NULL: the newest connection
 * @return its pair, to script or cut it; NULL: there is no such connection */
struct envoi_memory_pair *test_server_pair(struct test_server *server, const char *full_jid);

/** Send a stanza as it is, serialised for jabber:client. @return whether there is such a client */
bool test_server_says(struct test_server *server, const char *full_jid, const char *xml);
/** End all connections with a stream error; ENVOI_STREAM_NO_CONDITION: close them in order. */
void test_server_ends_all(struct test_server *server, enum envoi_stream_condition condition);

/** @return stanzas that could not be delivered */
size_t test_server_lost(const struct test_server *server);
/** @return the stanzas that it got, a line each, with the sender's full address in `from`;
 * borrowed until it gets another */
const char *test_server_heard(struct test_server *server);
/** Clear what was received. */
void test_server_forget(struct test_server *server);
/** @return how many of them had this in their line */
size_t test_server_count_heard(struct test_server *server, const char *part);

#endif
