/*
 * envoi - TLS as a filter: tests against a server that hands out session tickets
 * SPDX-License-Identifier: MIT
 *
 * Servers on OpenSSL send the tickets of TLS 1.3 one by one, and what they answer may stand behind
 * the second in one reading. GnuTLS returns "again" for each ticket that it takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <gnutls/gnutls.h>

#include <envoi/context.h>
#include <envoi/settings.h>

#include "tls/tls_config.h"
#include "tls/tls_engine.h"

#include "tls_server.h"

struct fixture {
	struct envoi_context *context;
	struct envoi_tls_config *trust;
	struct envoi__tls *client;
	struct tls_server server;
	gnutls_datum_t ticket_key;
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	*f = (struct fixture){0};
	struct envoi_settings *settings;
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&settings, f->context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&f->trust, f->context, settings), ENVOI_OK);
	envoi_settings_free(settings);
	assert_int_equal(envoi__tls_new(&f->client, f->trust, ENVOI_INITIATOR, "example.org", NULL),
		ENVOI_OK);
	assert_int_equal(gnutls_session_ticket_key_generate(&f->ticket_key), 0);
	tls_server_init(&f->server, f->context,
		&(struct tls_server_options){
			.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.3",
			.ticket_key = &f->ticket_key,
			.keeps_tickets = true,
		});
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	tls_server_finish(&f->server);
	gnutls_free(f->ticket_key.data);
	envoi__tls_free(f->client);
	envoi_tls_config_unref(f->trust);
	envoi_context_unref(f->context);
	return 0;
}

static void shake_hands(struct fixture *f)
{
	assert_int_equal(tls_server_shake_hands(&f->server, f->client), ENVOI_OK);
	assert_int_equal(f->server.result, 0);
}

static void text_behind_tickets_in_one_reading_is_read(void **state)
{
	struct fixture *f = *state;
	char data[16];
	size_t len;
	shake_hands(f);
	assert_int_equal(gnutls_session_ticket_send(f->server.session, 1, 0), 0);
	assert_int_equal(gnutls_session_ticket_send(f->server.session, 1, 0), 0);
	assert_int_equal(gnutls_record_send(f->server.session, "hello", 5), 5);
	tls_server_to_client(&f->server, f->client);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_OK);
	assert_int_equal(len, 5);
	assert_memory_equal(data, "hello", 5);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_AGAIN);
}

static void a_ticket_alone_is_nothing_to_read(void **state)
{
	struct fixture *f = *state;
	char data[16];
	size_t len;
	shake_hands(f);
	assert_int_equal(gnutls_session_ticket_send(f->server.session, 1, 0), 0);
	tls_server_to_client(&f->server, f->client);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_AGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			text_behind_tickets_in_one_reading_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_ticket_alone_is_nothing_to_read, setup, teardown),
	};
	return cmocka_run_group_tests_name("crypto/tls tickets", tests, NULL, NULL);
}
