/*
 * envoi - a client and a server of SASL that talk to each other, for the tests of sasl/
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* memmem */

#include "sasl_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *watched_alloc(void *user, size_t len)
{
	struct watched *watched = user;
	if (watched->fail_at >= 0 && watched->count++ == watched->fail_at) {
		return NULL;
	}
	size_t *memory = malloc(sizeof(max_align_t) + len);
	*memory = len;
	return (char *)memory + sizeof(max_align_t);
}

static void watched_free(void *user, void *memory)
{
	struct watched *watched = user;
	if (memory == NULL) {
		return;
	}
	char *block = (char *)memory - sizeof(max_align_t);
	size_t len;
	memcpy(&len, block, sizeof(len));
	if (memmem(memory, len, MARKER, strlen(MARKER)) != NULL) {
		watched->marked_frees++;
	}
	free(block);
}

static void *watched_realloc(void *user, void *memory, size_t len)
{
	void *grown = watched_alloc(user, len);
	if (grown != NULL && memory != NULL) {
		size_t old;
		memcpy(&old, (char *)memory - sizeof(max_align_t), sizeof(old));
		memcpy(grown, memory, old < len ? old : len);
		watched_free(user, memory);
	}
	return grown;
}

static struct fixture *current;

int give_account(struct envoi_sasl_exchange *exchange)
{
	const char *user = envoi_sasl_authcid(exchange);
	bool exists = strcmp(user, "alice") == 0 || strcmp(user, "a,l=ice") == 0;
	const struct envoi_sasl_account account = {
		.password = current->stored,
		.verifiers = current->verifiers,
		.verifier_count = current->verifier_count,
	};
	current->lookups++;
	snprintf(current->looked_up, sizeof(current->looked_up), "%s", user);
	return envoi_sasl_give_account(exchange, exists ? &account : NULL);
}

int sasl_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	f->watched.fail_at = -1;
	f->stored = MARKER;
	struct envoi_context_options options = {
		.allocator = {watched_alloc, watched_realloc, watched_free, &f->watched},
	};
	assert_int_equal(envoi_context_new(&f->context, &options), ENVOI_OK);
	envoi_buffer_init(&f->to_client, f->context, 0);
	envoi_buffer_init(&f->to_server, f->context, 0);
	current = f;
	*state = f;
	return 0;
}

void reset(struct fixture *f)
{
	envoi_sasl_free(f->client);
	envoi_sasl_free(f->server);
	f->client = f->server = NULL;
	envoi_buffer_wipe(&f->to_client);
	envoi_buffer_wipe(&f->to_server);
}

int sasl_teardown(void **state)
{
	struct fixture *f = *state;
	reset(f);
	envoi_context_unref(f->context);
	free(f);
	return 0;
}

const struct envoi_sasl_binding exporter = {"tls-exporter", "0123456789abcdef", 16};

struct envoi_sasl_parameters client_parameters(const char *mechanism)
{
	struct envoi_sasl_parameters parameters = {
		.role = ENVOI_INITIATOR,
		.authcid = "alice",
		.password = MARKER,
		.hostname = "xmpp.test",
	};
	if (strstr(mechanism, "-PLUS") != NULL) {
		parameters.bindings = &exporter;
		parameters.binding_count = 1;
	}
	return parameters;
}

struct envoi_sasl_parameters server_parameters(const struct fixture *f)
{
	(void)f;
	static const struct envoi_sasl_binding all[] = {
		{"tls-exporter", "0123456789abcdef", 16},
		{"tls-unique", "unique-bytes", 12},
		{"tls-server-end-point", "hash", 4},
	};
	return (struct envoi_sasl_parameters){
		.role = ENVOI_RECEIVER,
		.hostname = "xmpp.test",
		.bindings = all,
		.binding_count = 3,
	};
}

int start(struct fixture *f, struct envoi_sasl_exchange **ret_exchange, const char *mechanism,
	const struct envoi_sasl_parameters *parameters)
{
	return envoi_sasl_start(
		ret_exchange, f->context, envoi_sasl_find(f->context, mechanism), parameters);
}

/* To the end of what it computes. */
int finish_step(struct envoi_sasl_exchange *exchange, int r, struct envoi_buffer *out)
{
	while (r == ENVOI_SASL_BUSY || r == ENVOI_SASL_NEEDS_ACCOUNT) {
		if (r == ENVOI_SASL_NEEDS_ACCOUNT) {
			r = give_account(exchange);
		}
		r = r < 0 ? r : envoi_sasl_step(exchange, NULL, 0, out);
	}
	return r;
}

int step(struct envoi_sasl_exchange *exchange, struct envoi_buffer *in, bool has_in,
	struct envoi_buffer *out)
{
	envoi_buffer_wipe(out);
	int r = envoi_sasl_step(exchange, has_in ? envoi_buffer_data(in) : NULL,
		has_in ? envoi_buffer_len(in) : 0, out);
	return finish_step(exchange, r, out);
}

/* Both sides in turn, until one of them fails or both are complete. */
void converse(struct fixture *f)
{
	f->client_result = step(f->client, &f->to_client, false, &f->to_server);
	f->server_result = ENVOI_AGAIN;
	for (int i = 0; i < 5 && f->client_result >= 0 && f->server_result == ENVOI_AGAIN; i++) {
		f->server_result = step(f->server, &f->to_server, true, &f->to_client);
		if (f->server_result >= 0 && f->client_result == ENVOI_AGAIN) {
			f->client_result = step(f->client, &f->to_client, true, &f->to_server);
		}
	}
}

void run(struct fixture *f, const char *mechanism, const struct envoi_sasl_parameters *client,
	const struct envoi_sasl_parameters *server)
{
	reset(f);
	assert_int_equal(start(f, &f->client, mechanism, client), ENVOI_OK);
	assert_int_equal(start(f, &f->server, mechanism, server), ENVOI_OK);
	converse(f);
}

const char *const with_password[WITH_PASSWORD] = {
	"SCRAM-SHA-512-PLUS",
	"SCRAM-SHA-256-PLUS",
	"SCRAM-SHA-1-PLUS",
	"SCRAM-SHA-512",
	"SCRAM-SHA-256",
	"SCRAM-SHA-1",
	"PLAIN",
};
