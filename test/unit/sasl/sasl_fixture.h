/*
 * envoi - a client and a server of SASL that talk to each other, for the tests of sasl/
 * SPDX-License-Identifier: MIT
 */
#ifndef SASL_FIXTURE_H
#define SASL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/sasl.h>

/* The password: looked for in memory that is freed. */
#define MARKER "m4rker-Pa55word"

/* An allocator that can fail, and that looks for the marker in what is freed. */
struct watched {
	long fail_at; /* <0: never */
	long count;
	unsigned int marked_frees;
};

struct fixture {
	struct watched watched;
	struct envoi_context *context;
	struct envoi_sasl_exchange *client, *server;
	struct envoi_buffer to_client, to_server;
	const char *stored; /* the password of each account */
	const struct envoi_sasl_verifier *verifiers; /* of each account */
	size_t verifier_count;
	unsigned int lookups;
	char looked_up[64]; /* the last name */
	int client_result, server_result;
};

enum {
	WITH_PASSWORD = 7,
};
/* The mechanisms with a password, strongest first. */
extern const char *const with_password[WITH_PASSWORD];

extern const struct envoi_sasl_binding exporter;

int sasl_setup(void **state);
int sasl_teardown(void **state);
/* Free both exchanges: the next ones may start. */
void reset(struct fixture *f);

/* Those of alice, with a channel binding for -PLUS. */
struct envoi_sasl_parameters client_parameters(const char *mechanism);
struct envoi_sasl_parameters server_parameters(const struct fixture *f);

/* Answer a look-up of the server with the fixture's account. */
int give_account(struct envoi_sasl_exchange *exchange);

int start(struct fixture *f, struct envoi_sasl_exchange **ret_exchange, const char *mechanism,
	const struct envoi_sasl_parameters *parameters);
/* One side, to the end of what it computes. Accounts are looked up in the fixture. */
int step(struct envoi_sasl_exchange *exchange, struct envoi_buffer *in, bool has_in,
	struct envoi_buffer *out);
int finish_step(struct envoi_sasl_exchange *exchange, int r, struct envoi_buffer *out);
/* Both sides in turn, until one of them fails or both are complete. */
void converse(struct fixture *f);
/* Both are started anew, and converse. */
void run(struct fixture *f, const char *mechanism, const struct envoi_sasl_parameters *client,
	const struct envoi_sasl_parameters *server);

#endif
