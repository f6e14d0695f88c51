/*
 * envoi - what is named in the handshake: the protocol (RFC 7301, XEP-0368), the domain (RFC 6066);
 * tests against a server that does not keep to what was offered
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/settings.h>

#include "tls/tls_config.h"
#include "tls_server.h"

struct fixture {
	struct envoi_context *context;
	struct envoi_tls_config *trust;
	struct tls_server server;
	struct envoi__tls *client;
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	struct envoi_settings *settings;
	*f = (struct fixture){0};
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&settings, f->context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&f->trust, f->context, settings), ENVOI_OK);
	envoi_settings_free(settings);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_tls_config_unref(f->trust);
	envoi_context_unref(f->context);
	return 0;
}

static int set_protocol(gnutls_session_t session, const char *name)
{
	unsigned char copy[32];
	gnutls_datum_t protocol = {copy, (unsigned int)strlen(name)};
	memcpy(copy, name, strlen(name));
	return gnutls_alpn_set_protocols(session, &protocol, 1, 0);
}

/* What was agreed upon is a reference to what was set: what is set now goes out in its place. */
static int say_something_else(gnutls_session_t session)
{
	return set_protocol(session, "smtp-client");
}

/* @param said  NULL: nothing at all */
static int result_when_the_server_says(
	struct fixture *f, const char *priorities, const char *known, bool lies)
{
	const struct tls_server_options options = {.priorities = priorities};
	tls_server_init(&f->server, f->context, &options);
	if (known != NULL) {
		assert_int_equal(set_protocol(f->server.session, known), 0);
	}
	if (lies) {
		gnutls_handshake_set_post_client_hello_function(
			f->server.session, say_something_else);
	}
	assert_int_equal(
		envoi__tls_new(&f->client, f->trust, ENVOI_INITIATOR, "example.org", "xmpp-client"),
		ENVOI_OK);
	int r = tls_server_shake_hands(&f->server, f->client);
	envoi__tls_free(f->client);
	tls_server_finish(&f->server);
	return r;
}

static void a_server_that_answers_with_another_protocol_is_left(void **state)
{
	static const char *const versions[] = {
		"NORMAL:-VERS-ALL:+VERS-TLS1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
	static const struct {
		const char *known;
		bool lies;
		int result;
	} rows[] = {
		{"xmpp-client", false, ENVOI_OK},
		{NULL, false, ENVOI_OK}, /* it knows nothing of names */
		{"h2", false, ENVOI_OK}, /* it knows others, and does not insist */
		{"xmpp-client", true, ENVOI_ERR_TLS},
	};
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
			assert_int_equal(result_when_the_server_says(
						 *state, versions[i], rows[k].known, rows[k].lies),
				rows[k].result);
		}
	}
}

/* P7: the domain that the user gave, as A-labels and without a dot; no address (section 3). */
static void the_domain_is_named_as_it_should_be(void **state)
{
	static const char *const rows[][2] = {
		{"example.org", "example.org"},
		{"example.org.", "example.org"},
		{"b\xc3\xbc"
		 "cher.example",
			"xn--bcher-kva.example"},
		{"192.0.2.1", ""},
		{"2001:db8::1", ""},
		{"[2001:db8::1]", ""},
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct tls_server_options options = {.certificate = "right"};
		char name[300] = "";
		size_t size = sizeof(name);
		unsigned int type;
		tls_server_init(&f->server, f->context, &options);
		assert_int_equal(
			envoi__tls_new(&f->client, f->trust, ENVOI_INITIATOR, rows[i][0], NULL),
			ENVOI_OK);
		tls_server_shake_hands(&f->server, f->client);
		int r = gnutls_server_name_get(f->server.session, name, &size, &type, 0);
		assert_int_equal(
			r, rows[i][1][0] != '\0' ? 0 : GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE);
		assert_string_equal(r == 0 ? name : "", rows[i][1]);
		envoi__tls_free(f->client);
		tls_server_finish(&f->server);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(the_domain_is_named_as_it_should_be),
		CASE(a_server_that_answers_with_another_protocol_is_left),
	};
	return cmocka_run_group_tests_name("crypto/tls_named", tests, NULL, NULL);
}
