/*
 * envoi - TLS: a certificate of our own: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/mainloop.h>
#include <envoi/settings.h>

#include "tls/tls_config.h"
#include "tls/tls_engine.h"
#include "tls_server.h"

#define FOLDER TEST_DATA "/tls/"

struct fixture {
	struct envoi_context *context;
	struct envoi_tls_config *config;
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct envoi_settings *settings;
	assert_int_equal(envoi_context_new(&fixture.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&settings, fixture.context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.ca-file", FOLDER "ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(
		envoi_tls_config_new(&fixture.config, fixture.context, settings), ENVOI_OK);
	envoi_settings_free(settings);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_tls_config_unref(f->config);
	envoi_context_unref(f->context);
	return 0;
}

static const struct {
	const char *certificate, *key, *password;
	int result;
} cases[] = {
	{FOLDER "client.pem", FOLDER "client-key.pem", NULL, ENVOI_OK},
	{FOLDER "client.pem", FOLDER "client-key.pem", "not needed", ENVOI_OK},
	{FOLDER "client.pem", FOLDER "client-locked-key.pem", "open", ENVOI_OK},
	{FOLDER "client.pem", FOLDER "client-locked-key.pem", NULL, ENVOI_AGAIN},
	{FOLDER "client.pem", FOLDER "client-locked-key.pem", "wrong", ENVOI_ERR_AUTH},
	{FOLDER "client.pem", FOLDER "client-locked-key.pem", "", ENVOI_ERR_AUTH},
	{FOLDER "client.p12", NULL, "open", ENVOI_OK},
	{FOLDER "client.p12", NULL, NULL, ENVOI_AGAIN},
	{FOLDER "client.p12", NULL, "wrong", ENVOI_ERR_AUTH},
	{FOLDER "client.pem", NULL, NULL, ENVOI_ERR_CERTIFICATE},
	{FOLDER "client-key.pem", NULL, NULL, ENVOI_ERR_CERTIFICATE},
	{FOLDER "client.pem", FOLDER "server-key.pem", NULL, ENVOI_ERR_CERTIFICATE},
	{FOLDER "absent.pem", NULL, NULL, ENVOI_ERR_SYSTEM},
	{FOLDER "client.pem", FOLDER "absent.pem", NULL, ENVOI_ERR_SYSTEM},
	{FOLDER "generate", NULL, NULL, ENVOI_ERR_CERTIFICATE},
};

static char logged[512];

static void note_error(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	(void)user, (void)level, (void)subject;
	snprintf(logged, sizeof(logged), "%s", message);
}

static void files_are_opened_or_refused_for_the_right_reason(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(state);
		struct fixture *f = *state;
		logged[0] = '\0';
		envoi_context_set_log(f->context, note_error, ENVOI_LOG_ERROR, NULL);
		int r = envoi_tls_config_set_certificate(
			f->config, cases[i].certificate, cases[i].key, cases[i].password);
		int again = r == ENVOI_OK ? envoi_tls_config_set_certificate(
						    f->config, cases[i].certificate, NULL, NULL)
					  : ENVOI_ERR_STATE;
		teardown(state);
		assert_int_equal(again, ENVOI_ERR_STATE);
		assert_true(r != ENVOI_OK || logged[0] == '\0');
		assert_int_equal(r == ENVOI_ERR_SYSTEM,
			strstr(logged, "absent.pem: No such file or directory") != NULL);
		if (r != cases[i].result) {
			fail_msg("%s %s %s: %d", cases[i].certificate,
				cases[i].key == NULL ? "" : cases[i].key,
				cases[i].password == NULL ? "" : cases[i].password, r);
		}
	}
}

/* PKCS #12: the key could be decrypted, but the salt of the authentication code is another. */
static void a_file_that_was_changed_is_refused(void **state)
{
	static unsigned char data[16384];
	char path[] = "/tmp/envoi-own-XXXXXX";
	struct fixture *f = *state;
	FILE *in = fopen(FOLDER "client.p12", "rb");
	int fd = mkstemp(path);
	assert_true(in != NULL && fd >= 0);
	size_t len = fread(data, 1, sizeof(data), in);
	fclose(in);
	assert_true(len > 100 && len < sizeof(data));
	data[len - 6] ^= 1;
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
	int r = envoi_tls_config_set_certificate(f->config, path, NULL, "open");
	unlink(path);
	assert_int_equal(r, ENVOI_ERR_AUTH);
}

/* What a server sees, and what the client reports. */
static void converse(
	struct fixture *f, const char *priorities, bool asks, bool has_own, const char *address)
{
	struct tls_server server;
	struct envoi__tls *client;
	struct envoi_tls_info info;
	tls_server_init(&server, f->context,
		&(struct tls_server_options){.priorities = priorities, .asks_certificate = asks});
	assert_int_equal(
		envoi__tls_new(&client, f->config, ENVOI_INITIATOR, "example.org", NULL), ENVOI_OK);
	assert_int_equal(tls_server_shake_hands(&server, client), ENVOI_OK);
	assert_int_equal(server.result, 0);
	envoi__tls_get_info(client, &info);
	assert_int_equal(info.is_certificate_sent, asks && has_own);
	if (address == NULL) {
		assert_null(info.own_address);
	} else {
		assert_string_equal(info.own_address, address);
	}
	unsigned int count = 0;
	const gnutls_datum_t *seen = gnutls_certificate_get_peers(server.session, &count);
	assert_int_equal(seen != NULL && count > 0, asks && has_own);
	envoi__tls_free(client);
	tls_server_finish(&server);
}

static const char *const versions[] = {
	"NORMAL:-VERS-ALL:+VERS-TLS1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.2"};

static void the_certificate_is_sent_to_servers_that_request_it(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_tls_config_set_certificate(
				 f->config, FOLDER "client.pem", FOLDER "client-key.pem", NULL),
		ENVOI_OK);
	for (size_t i = 0; i < 2; i++) {
		converse(f, versions[i], true, true, "alice@example.org");
		converse(f, versions[i], false, true, NULL);
	}
}

static void of_two_addresses_none_is_the_only_one(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_tls_config_set_certificate(
				 f->config, FOLDER "client-two.pem", FOLDER "client-key.pem", NULL),
		ENVOI_OK);
	converse(f, versions[0], true, true, NULL);
}

static void a_client_without_a_certificate_sends_none(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < 2; i++) {
		converse(f, versions[i], true, false, NULL);
	}
}

/* --- the server is asked about before it sees anything --- */

struct witness {
	struct envoi_tls_decider decider;
	struct envoi_tls_question *question;
};

static void decide(struct envoi_tls_decider *decider, struct envoi_tls_question *question)
{
	struct witness *witness = ENVOI_CONTAINER_OF(decider, struct witness, decider);
	witness->question = envoi_tls_question_ref(question);
}

static const struct envoi_tls_decider_impl decider_impl = {.decide = decide};

static void on_answer(void *user)
{
	*(bool *)user = true;
}

static void nothing_is_sent_before_the_answer(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_tls_config_set_certificate(
				 f->config, FOLDER "client.pem", FOLDER "client-key.pem", NULL),
		ENVOI_OK);
	for (size_t i = 0; i < 4; i++) {
		struct witness witness = {.decider.impl = &decider_impl};
		struct tls_server server;
		struct envoi__tls *client;
		bool is_woken = false, accepts = i % 2 == 0;
		assert_int_equal(
			envoi_tls_config_set_decider(f->config, &witness.decider), ENVOI_OK);
		tls_server_init(&server, f->context,
			&(struct tls_server_options){.certificate = "self-signed",
				.priorities = versions[i / 2],
				.asks_certificate = true});
		assert_int_equal(
			envoi__tls_new(&client, f->config, ENVOI_INITIATOR, "example.org", NULL),
			ENVOI_OK);
		assert_int_equal(tls_server_shake_hands(&server, client), ENVOI_AGAIN);
		assert_true(envoi__tls_is_undecided(client));
		assert_true(envoi__tls_has_to_ask(client));
		envoi__tls_ask(client, on_answer, &is_woken);
		assert_int_equal(tls_server_shake_hands(&server, client), ENVOI_AGAIN);
		assert_int_equal(envoi_buffer_len(envoi__tls_output(client)), 0);
		assert_int_equal(server.result, GNUTLS_E_AGAIN); /* has not had our Finished */
		assert_false(envoi__tls_is_secure(client));
		assert_int_equal(envoi_tls_question_answer(witness.question,
					 accepts ? ENVOI_TLS_ACCEPT_ONCE : ENVOI_TLS_REFUSE),
			ENVOI_OK);
		assert_true(is_woken);
		envoi__tls_settle(client);
		assert_int_equal(tls_server_shake_hands(&server, client),
			accepts ? ENVOI_OK : ENVOI_ERR_CERTIFICATE);
		assert_int_equal(envoi__tls_is_secure(client), accepts);
		assert_int_equal(server.result == 0, accepts);
		envoi_tls_question_unref(witness.question);
		envoi__tls_free(client);
		tls_server_finish(&server);
	}
}

/* For deadlines, which do not count it. */
static void the_time_of_the_question_is_measured(void **state)
{
	struct fixture *f = *state;
	struct witness witness = {.decider.impl = &decider_impl};
	struct tls_server server;
	struct envoi__tls *client;
	struct envoi_loop *loop;
	bool is_woken = false;
	assert_int_equal(envoi_loop_new_simulated(&loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, loop), ENVOI_OK);
	assert_int_equal(envoi_tls_config_set_decider(f->config, &witness.decider), ENVOI_OK);
	tls_server_init(
		&server, f->context, &(struct tls_server_options){.certificate = "self-signed"});
	assert_int_equal(
		envoi__tls_new(&client, f->config, ENVOI_INITIATOR, "example.org", NULL), ENVOI_OK);
	assert_int_equal(tls_server_shake_hands(&server, client), ENVOI_AGAIN);
	assert_int_equal(envoi_loop_simulated_run_for(loop, 1000), ENVOI_OK);
	envoi__tls_ask(client, on_answer, &is_woken);
	assert_int_equal(envoi_loop_simulated_run_for(loop, 2000), ENVOI_OK);
	assert_int_equal(envoi__tls_config_asked_ms(f->config), 2000);
	envoi_tls_question_unref(witness.question); /* refused */
	assert_int_equal(envoi_loop_simulated_run_for(loop, 3000), ENVOI_OK);
	envoi__tls_settle(client);
	assert_int_equal(envoi_loop_simulated_run_for(loop, 4000), ENVOI_OK);
	assert_int_equal(envoi__tls_config_asked_ms(f->config), 5000);
	envoi__tls_free(client);
	tls_server_finish(&server);
}

static void a_server_that_sends_too_much_before_the_decision_is_refused(void **state)
{
	struct fixture *f = *state;
	struct witness witness = {.decider.impl = &decider_impl};
	struct tls_server server;
	struct envoi__tls *client;
	bool is_woken = false;
	static char noise[65536];
	assert_int_equal(envoi_tls_config_set_decider(f->config, &witness.decider), ENVOI_OK);
	tls_server_init(
		&server, f->context, &(struct tls_server_options){.certificate = "expired"});
	assert_int_equal(
		envoi__tls_new(&client, f->config, ENVOI_INITIATOR, "example.org", NULL), ENVOI_OK);
	assert_int_equal(tls_server_shake_hands(&server, client), ENVOI_AGAIN);
	envoi__tls_ask(client, on_answer, &is_woken);
	assert_int_equal(envoi__tls_feed(client, noise, sizeof(noise) / 2), ENVOI_OK);
	assert_int_equal(envoi__tls_handshake(client), ENVOI_AGAIN);
	assert_int_equal(envoi__tls_feed(client, noise, sizeof(noise)), ENVOI_ERR_LIMIT);
	assert_int_equal(envoi__tls_handshake(client), ENVOI_ERR_LIMIT);
	envoi__tls_settle(client);
	assert_int_equal(envoi_tls_question_answer(witness.question, ENVOI_TLS_ACCEPT_ONCE),
		ENVOI_ERR_STATE);
	envoi_tls_question_unref(witness.question);
	envoi__tls_free(client);
	tls_server_finish(&server);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_opened_or_refused_for_the_right_reason),
		CASE(a_file_that_was_changed_is_refused),
		CASE(the_certificate_is_sent_to_servers_that_request_it),
		CASE(of_two_addresses_none_is_the_only_one),
		CASE(a_client_without_a_certificate_sends_none),
		CASE(nothing_is_sent_before_the_answer),
		CASE(the_time_of_the_question_is_measured),
		CASE(a_server_that_sends_too_much_before_the_decision_is_refused),
	};
	return cmocka_run_group_tests_name("crypto/tls own", tests, NULL, NULL);
}
