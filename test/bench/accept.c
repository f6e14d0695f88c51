/*
 * envoi - what an accepted connection holds, before its login and behind it
 * SPDX-License-Identifier: MIT
 *
 * Connections of the library's clients to an acceptor, over the memory transport, in virtual time.
 * What is freed with the accepted connections, while the clients stay, is what they have held:
 * bytes of the context's allocator, and of the whole heap (with what GnuTLS and libxml2 hold).
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "accept_fixture.h"
#include "test_allocator.h"

enum {
	CONNECTIONS = 200,
};

static struct test_allocator allocator;
static struct accept_fixture f;

static size_t heap_now(void)
{
	struct mallinfo2 heap = mallinfo2();
	return heap.uordblks + heap.hblkhd;
}

static void begin(bool has_tls, bool is_silent)
{
	struct envoi_context *context;
	allocator = (struct test_allocator){.calls = 0};
	assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
	accept_fixture_init(&f, context);
	f.has_tls = has_tls;
	f.is_silent = is_silent;
	assert_int_equal(envoi_settings_set(f.settings, "accept.sessions", "1000"), ENVOI_OK);
}

static struct envoi_client *connect_client(size_t number)
{
	char jid[64];
	snprintf(jid, sizeof(jid), "alice@example.org/r%zu", number);
	struct envoi_client *client = accept_fixture_client(&f, jid);
	envoi_client_set(client, "presence.initial", "false");
	envoi_client_set(client, "reconnect.enabled", "false");
	assert_int_equal(envoi_client_connect(client), ENVOI_OK);
	accept_fixture_run(&f, 20);
	f.notes[0] = '\0';
	return client;
}

static void measure(const char *how, bool has_tls, bool is_silent)
{
	struct envoi_client *clients[CONNECTIONS];
	struct envoi_accepted *accepted[CONNECTIONS];
	begin(has_tls, is_silent);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		clients[i] = connect_client(i);
		accepted[i] = f.last;
	}
	accept_fixture_run(&f, 1000);
	size_t bytes = allocator.bytes, heap = heap_now();
	for (size_t i = 0; i < CONNECTIONS; i++) {
		envoi_accepted_free(accepted[i]);
		f.notes[0] = '\0';
	}
	printf("%-24s %7zu bytes   heap %7zu bytes\n", how, (bytes - allocator.bytes) / CONNECTIONS,
		(heap - heap_now()) / CONNECTIONS);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		envoi_client_free(clients[i]);
	}
	accept_fixture_finish(&f);
}

int main(void)
{
	printf("one accepted connection of %d:\n", CONNECTIONS);
	measure("clear, before login", false, true);
	measure("clear, after login", false, false);
	measure("TLS, before login", true, true);
	measure("TLS, after login", true, false);
	return 0;
}
