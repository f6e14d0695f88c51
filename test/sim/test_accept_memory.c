/*
 * envoi - accepted connections: memory before and after the login, and without memory
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/mainloop.h>

#include "accept_fixture.h"
#include "libxml_memory.h"
#include "test_allocator.h"

enum {
	CONNECTIONS = 20,
	WARM_UP = 3, /* fill the caches of the context */
	MOST_BEFORE_LOGIN = 24 * 1024,
};

#define HEADER ACCEPT_HEADER("to='example.org' version='1.0'")
#define AUTH_BEGIN "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define AUTH_END " mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>"
#define AUTH AUTH_BEGIN AUTH_END
#define BIND "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"

static struct accept_fixture f;
static struct test_allocator allocator;

static void begin(void)
{
	struct envoi_context *context;
	allocator = (struct test_allocator){.calls = 0};
	assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
	accept_fixture_init(&f, context);
	assert_int_equal(envoi_settings_set(f.settings, "sasl.mechanisms", "PLAIN"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f.settings, "accept.sessions", "1000"), ENVOI_OK);
}

static char spaces[2001];

/* What a connection is sent, piece by piece, and what it may hold afterwards. */
static const struct stage {
	const char *name, *sent;
	size_t most_bytes;
} stages[] = {
	{"connected", "", MOST_BEFORE_LOGIN},
	{"a few bytes", "<?xml version", MOST_BEFORE_LOGIN},
	{"opened", "='1.0'?>" HEADER, MOST_BEFORE_LOGIN},
	{"white space", "  \n", MOST_BEFORE_LOGIN},
	{"half an element", AUTH_BEGIN, MOST_BEFORE_LOGIN},
	{"half a long element", spaces, MOST_BEFORE_LOGIN},
	{"authenticated", AUTH_END, MOST_BEFORE_LOGIN},
	{"opened again", HEADER, MOST_BEFORE_LOGIN},
	{"bound", BIND, SIZE_MAX},
};

static struct envoi_memory_end *connection_new(void)
{
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *end;
	assert_int_equal(envoi_memory_pair_new(&pair, f.context), ENVOI_OK);
	assert_int_equal(envoi_memory_end_new(&end, pair, ENVOI_MEMORY_A, NULL, NULL), ENVOI_OK);
	envoi_memory_pair_unref(pair);
	return end;
}

static void send_to(struct envoi_memory_end *end, const char *text)
{
	assert_int_equal(envoi_memory_end_send(end, text, strlen(text)), ENVOI_OK);
	accept_fixture_run(&f, 10);
	struct envoi_buffer *received = envoi_memory_end_received(end);
	envoi_buffer_consume(received, envoi_buffer_len(received));
}

static size_t bytes_now(void)
{
	return allocator.bytes + libxml_memory.bytes;
}

static void a_connection_is_small_before_the_login(void **state)
{
	struct envoi_memory_end *ends[WARM_UP + CONNECTIONS];
	(void)state;
	memset(spaces, ' ', sizeof(spaces) - 1);
	begin();
	accept_fixture_make(&f);
	for (size_t i = 0; i < WARM_UP + CONNECTIONS; i++) {
		ends[i] = connection_new();
		if (i < WARM_UP) {
			assert_int_equal(
				accept_fixture_accept(&f, envoi_memory_end_pair(ends[i])), 0);
			for (size_t k = 0; k < sizeof(stages) / sizeof(stages[0]); k++) {
				send_to(ends[i], stages[k].sent);
			}
		}
	}
	size_t before = bytes_now();
	for (size_t i = WARM_UP; i < WARM_UP + CONNECTIONS; i++) {
		assert_int_equal(accept_fixture_accept(&f, envoi_memory_end_pair(ends[i])), 0);
	}
	for (size_t k = 0; k < sizeof(stages) / sizeof(stages[0]); k++) {
		for (size_t i = WARM_UP; i < WARM_UP + CONNECTIONS; i++) {
			send_to(ends[i], stages[k].sent);
		}
		size_t each = (bytes_now() - before) / CONNECTIONS;
		if (each > stages[k].most_bytes) {
			fail_msg("%s: %zu bytes", stages[k].name, each);
		}
	}
	for (size_t i = 0; i < WARM_UP + CONNECTIONS; i++) {
		envoi_memory_end_free(ends[i]);
	}
	accept_fixture_finish(&f);
	assert_int_equal(allocator.live, 0);
}

/* The library's own allocations: GnuTLS has more of its own. */
static void a_connection_in_tls_is_small_before_the_login(void **state)
{
	(void)state;
	begin();
	f.has_tls = f.is_silent = true;
	struct envoi_client *client = accept_fixture_client(&f, "alice@example.org/desk");
	assert_int_equal(envoi_client_connect(client), ENVOI_OK);
	accept_fixture_run(&f, 1000);
	assert_non_null(f.last);
	accept_fixture_assert_notes(&f, "opened example.org\n");
	size_t before = allocator.bytes;
	envoi_accepted_free(f.last);
	assert_true(before - allocator.bytes > 4096);
	assert_true(before - allocator.bytes <= MOST_BEFORE_LOGIN);
	envoi_client_free(client);
	accept_fixture_finish(&f);
	assert_int_equal(allocator.live, 0);
}

/* --- memory is short --- */

static const char *const story[] = {HEADER, AUTH, HEADER, BIND,
	"<enable xmlns='urn:xmpp:sm:3' resume='true'/>",
	"<message to='bob@example.org'/><presence type='subscribe' to='bob@example.org'/>",
	"<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>"};

static const char *resumption_id(const char *received)
{
	static char id[64];
	const char *at = strstr(received, "<enabled ");
	at = at != NULL ? strstr(at, " id='") : NULL;
	return at != NULL && sscanf(at, " id='%63[^']", id) == 1 ? id : "unknown";
}

/* Each call may fail, and the connection then ends. */
static void say(struct envoi_memory_end *end, const char *text)
{
	if (envoi_memory_end_send(end, text, strlen(text)) == ENVOI_OK) {
		accept_fixture_run(&f, 10);
	}
}

static struct envoi_memory_end *connect_end(void)
{
	struct envoi_memory_pair *pair;
	struct envoi_memory_end *end = NULL;
	if (envoi_memory_pair_new(&pair, f.context) < 0) {
		return NULL;
	}
	if (envoi_memory_end_new(&end, pair, ENVOI_MEMORY_A, NULL, NULL) == ENVOI_OK) {
		(void)accept_fixture_accept(&f, pair);
	}
	envoi_memory_pair_unref(pair);
	return end;
}

static const char *received_by(struct envoi_memory_end *end)
{
	static char text[8192];
	struct envoi_buffer *received = envoi_memory_end_received(end);
	size_t len = envoi_buffer_len(received);
	len = len < sizeof(text) ? len : sizeof(text) - 1;
	memcpy(text, envoi_buffer_data(received), len);
	text[len] = '\0';
	return text;
}

static void log_in_and_resume(void)
{
	char resume[200];
	struct envoi_memory_end *end = connect_end();
	for (size_t i = 0; end != NULL && i < sizeof(story) / sizeof(story[0]); i++) {
		say(end, story[i]);
	}
	if (end == NULL) {
		return;
	}
	snprintf(resume, sizeof(resume), "<resume xmlns='urn:xmpp:sm:3' previd='%s' h='0'/>",
		resumption_id(received_by(end)));
	envoi_memory_pair_cut(envoi_memory_end_pair(end));
	accept_fixture_run(&f, 10);
	envoi_memory_end_free(end);
	end = connect_end();
	for (size_t i = 0; end != NULL && i < 3; i++) {
		say(end, story[i]);
	}
	if (end != NULL) {
		say(end, resume);
	}
	envoi_memory_end_free(end);
}

/* @return whether all was over before the allocation that was to fail */
static bool survive(size_t allocation, bool fails_on)
{
	begin();
	accept_fixture_make(&f);
	size_t limit = allocator.calls + allocation;
	allocator.fail_at = limit;
	allocator.fail_on = fails_on;
	log_in_and_resume();
	bool is_over = allocator.calls < limit;
	allocator.fail_at = 0;
	accept_fixture_run(&f, 60000);
	struct envoi_memory_end *end = connect_end();
	assert_non_null(end);
	for (size_t i = 0; i < 4; i++) {
		say(end, story[i]);
	}
	assert_non_null(strstr(received_by(end), "<jid>alice@example.org/"));
	envoi_memory_end_free(end);
	accept_fixture_finish(&f);
	assert_int_equal(allocator.live, 0);
	return is_over;
}

static void each_failed_allocation_is_survived(void **state)
{
	(void)state;
	size_t allocation = 1;
	while (!survive(allocation, false)) {
		allocation++;
	}
	assert_true(allocation > 100);
}

static void memory_that_has_run_out_is_survived(void **state)
{
	(void)state;
	size_t allocation = 1;
	while (!survive(allocation, true)) {
		allocation++;
	}
	assert_true(allocation > 100);
}

/* --- memory is short in a login with a certificate --- */

static struct envoi_client *certified_client(void)
{
	struct envoi_client *client = accept_fixture_client(&f, "alice@example.org/desk");
	envoi_client_set(client, "sasl.mechanisms", "EXTERNAL");
	envoi_client_set(client, "tls.cert-file", TEST_DATA "/tls/client.pem");
	envoi_client_set(client, "tls.key-file", TEST_DATA "/tls/client-key.pem");
	envoi_client_set(client, "reconnect.enabled", "false");
	envoi_client_set(client, "presence.initial", "false");
	return client;
}

static void begin_with_certificates(void)
{
	begin();
	f.has_tls = true;
	assert_int_equal(envoi_settings_set(f.settings, "sasl.mechanisms", "EXTERNAL"), ENVOI_OK);
	accept_fixture_make(&f);
	assert_int_equal(envoi_tls_config_request_certificates(
				 f.tls, ENVOI_TLS_REQUEST_OPTIONAL, TEST_DATA "/tls/ca.pem"),
		ENVOI_OK);
}

/* Both ends lose the allocation, whichever makes it.
 * @return whether all was over before the allocation that was to fail */
static bool survive_with_certificate(size_t allocation)
{
	begin_with_certificates();
	struct envoi_client *client = certified_client();
	size_t limit = allocator.calls + allocation;
	allocator.fail_at = limit;
	int r = envoi_client_connect(client);
	assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
	accept_fixture_run(&f, 1000);
	bool is_over = allocator.calls < limit;
	allocator.fail_at = 0;
	assert_true(!is_over || envoi_client_state(client) == ENVOI_CLIENT_ONLINE);
	accept_fixture_run(&f, 60000);
	envoi_client_free(client);
	client = certified_client();
	assert_int_equal(envoi_client_connect(client), ENVOI_OK);
	accept_fixture_run(&f, 1000);
	assert_int_equal(envoi_client_state(client), ENVOI_CLIENT_ONLINE);
	assert_non_null(strstr(f.notes, "authenticated EXTERNAL"));
	envoi_client_free(client);
	accept_fixture_finish(&f);
	assert_int_equal(allocator.live, 0);
	return is_over;
}

static void each_failed_allocation_of_a_login_with_a_certificate_is_survived(void **state)
{
	(void)state;
	size_t allocation = 1;
	while (!survive_with_certificate(allocation)) {
		allocation++;
	}
	assert_true(allocation > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_small_before_the_login),
		cmocka_unit_test(a_connection_in_tls_is_small_before_the_login),
		cmocka_unit_test(each_failed_allocation_is_survived),
		cmocka_unit_test(memory_that_has_run_out_is_survived),
		cmocka_unit_test(each_failed_allocation_of_a_login_with_a_certificate_is_survived),
	};
	libxml_memory_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
