/*
 * envoi - the certificate must be for the domain that the user gave
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/mainloop.h>

#include "tls_front.h"

static struct {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct test_server *server;
	struct tls_front *front;
	struct envoi_client *client;
} all;

static void begin(const char *from, const char *certificate)
{
	memset(&all, 0, sizeof(all));
	assert_int_equal(envoi_context_new(&all.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&all.loop, all.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(all.context, all.loop), ENVOI_OK);
	all.server = test_server_new(all.context, TEST_DATA, NULL);
	test_server_knobs(all.server)->no_tls = true;
	test_server_add_account(all.server, "alice", "wonderland");
	all.front = tls_front_new(all.context, all.server);
	tls_front_starttls(all.front, from);
	tls_front_expect(all.front, &(struct tls_server_options){.certificate = certificate});
	assert_int_equal(
		envoi_client_new(&all.client, all.context, "alice@example.org/desk"), ENVOI_OK);
	envoi_client_set(all.client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	envoi_client_set(all.client, "tls.system-trust", "false");
	envoi_client_set(all.client, "reconnect.enabled", "false");
	envoi_client_set(all.client, "tls.mode", from == NULL ? "direct" : "starttls");
	envoi_client_set_password(all.client, "wonderland");
	assert_int_equal(
		envoi_client_add_connector(all.client, tls_front_connector(all.front)), ENVOI_OK);
}

static void log_in(void)
{
	assert_int_equal(envoi_client_connect(all.client), ENVOI_OK);
	assert_int_equal(envoi_loop_simulated_run_for(all.loop, 10000), ENVOI_OK);
}

static void finish(void)
{
	envoi_client_free(all.client);
	tls_front_free(all.front);
	test_server_free(all.server);
	envoi_context_unref(all.context);
}

static const char *asked_name(size_t connection)
{
	static char name[256];
	size_t len = sizeof(name);
	unsigned int type;
	return gnutls_server_name_get(
		       tls_front_session(all.front, connection), name, &len, &type, 0) == 0
		? name
		: "";
}

static void the_name_to_verify_is_the_users_not_the_servers(void **state)
{
	(void)state;
	static const char *const froms[] = {
		"example.org", "other.example", "xmpp1.example.net", NULL};
	for (size_t i = 0; i < 4; i++) {
		begin(froms[i], "right");
		log_in();
		assert_string_equal(asked_name(0), "example.org");
		assert_int_equal(test_server_online(all.server), 1);
		finish();
	}
}

static void a_certificate_for_another_name_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *from, *certificate, *words;
	} cases[] = {
		{"other.example", "other-name", "is for other.example, not for example.org"},
		{"example.org", "other-name", "is for other.example, not for example.org"},
		{NULL, "other-name", "is for other.example, not for example.org"},
		{"xmpp1.example.net", "srv-target",
			"is for xmpp1.example.net, not for example.org"},
		{NULL, "srv-target", "is for xmpp1.example.net, not for example.org"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].from, cases[i].certificate);
		log_in();
		const struct envoi_failure *failure = envoi_client_failure(all.client);
		assert_non_null(failure);
		assert_int_equal(failure->code, ENVOI_ERR_CERTIFICATE);
		assert_int_equal(failure->phase, ENVOI_PHASE_TLS);
		assert_non_null(strstr(envoi_client_failure_text(all.client), cases[i].words));
		assert_string_equal(test_server_heard(all.server), "");
		assert_int_equal(test_server_online(all.server), 0);
		finish();
	}
}

/* A redirect changes the host, not the domain of the certificate. */
static void where_a_redirect_leads_the_name_is_the_same(void **state)
{
	(void)state;
	static const char redirect[] =
		"<stream:error><see-other-host "
		"xmlns='urn:ietf:params:xml:ns:xmpp-streams'>other.example</see-other-host>"
		"</stream:error></stream:stream>";
	begin(NULL, "right");
	tls_front_expect(all.front, &(struct tls_server_options){.certificate = "other-name"});
	log_in();
	assert_true(test_server_says(all.server, "alice@example.org/desk", redirect));
	assert_int_equal(envoi_loop_simulated_run_for(all.loop, 10000), ENVOI_OK);
	log_in();
	assert_int_equal(tls_front_count(all.front), 2);
	assert_string_equal(asked_name(1), "example.org");
	assert_int_equal(envoi_client_failure(all.client)->code, ENVOI_ERR_CERTIFICATE);
	assert_non_null(strstr(envoi_client_failure_text(all.client),
		"is for other.example, not for example.org"));
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_to_verify_is_the_users_not_the_servers),
		cmocka_unit_test(a_certificate_for_another_name_is_refused),
		cmocka_unit_test(where_a_redirect_leads_the_name_is_the_same),
	};
	return cmocka_run_group_tests_name("sim/tls names", tests, NULL, NULL);
}
