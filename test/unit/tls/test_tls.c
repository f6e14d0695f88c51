/*
 * envoi - TLS as a filter: tests of two engines that talk to each other
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/settings.h>

#include "tls_pair.h"

static int setup(void **state)
{
	static struct tls_pair fixture;
	tls_pair_init(&fixture, NULL, "right", "example.org");
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	tls_pair_finish(*state);
	return 0;
}

static void use_1_2(struct tls_pair *f, const char *more)
{
	char priorities[128];
	snprintf(priorities, sizeof(priorities), "NORMAL:-VERS-ALL:+VERS-TLS1.2%s", more);
	static char kept[128];
	memcpy(kept, priorities, sizeof(kept));
	envoi__tls_free(f->server);
	f->server_config->priorities = kept;
	assert_int_equal(
		envoi__tls_new(&f->server, f->server_config, ENVOI_RECEIVER, NULL, NULL), ENVOI_OK);
}

static void both_sides_agree_and_text_passes(void **state)
{
	struct tls_pair *f = *state;
	assert_false(envoi__tls_is_secure(f->client));
	tls_pair_shake_hands(f);
	assert_int_equal(f->client_result, ENVOI_OK);
	assert_int_equal(f->server_result, ENVOI_OK);
	assert_true(envoi__tls_is_secure(f->client));
	struct envoi_tls_info info;
	envoi__tls_get_info(f->client, &info);
	assert_string_equal(info.version, "TLS1.3");
	assert_non_null(info.cipher);
	assert_true(envoi_tls_is_verified(&info));
	static char text[16384], back[20000];
	memset(text, 'x', sizeof(text));
	assert_int_equal(envoi__tls_write(f->server, text, sizeof(text)), ENVOI_OK);
	tls_pair_carry(f->server, f->client, 1000);
	size_t len, sum = 0;
	int r;
	while ((r = envoi__tls_read(f->client, back, sizeof(back), &len)) == ENVOI_OK) {
		sum += len;
	}
	assert_int_equal(r, ENVOI_AGAIN);
	assert_int_equal(sum, sizeof(text));
	size_t der_len;
	assert_non_null(envoi__tls_peer_certificate(f->client, 0, &der_len));
	assert_null(envoi__tls_peer_certificate(f->client, 1, &der_len));
	assert_null(envoi__tls_peer_certificate(f->server, 0, &der_len));
}

static void a_short_read_leaves_the_rest_to_be_read(void **state)
{
	struct tls_pair *f = *state;
	char data[4];
	size_t len;
	tls_pair_shake_hands(f);
	assert_int_equal(envoi__tls_write(f->server, "abcdef", 6), ENVOI_OK);
	tls_pair_carry(f->server, f->client, 1000);
	assert_int_equal(envoi__tls_read(f->client, data, 4, &len), ENVOI_OK);
	assert_int_equal(len, 4);
	assert_int_equal(envoi__tls_pending(f->client), 2);
	assert_int_equal(envoi__tls_read(f->client, data, 4, &len), ENVOI_OK);
	assert_int_equal(len, 2);
	assert_int_equal(envoi__tls_read(f->client, data, 4, &len), ENVOI_AGAIN);
}

static void a_farewell_ends_reading(void **state)
{
	struct tls_pair *f = *state;
	char data[16];
	size_t len;
	tls_pair_shake_hands(f);
	assert_int_equal(envoi__tls_write(f->server, "last", 4), ENVOI_OK);
	envoi__tls_bye(f->server);
	assert_int_equal(envoi__tls_write(f->server, "more", 4), ENVOI_ERR_STATE);
	tls_pair_carry(f->server, f->client, 1000);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_OK);
	assert_int_equal(len, 4);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_END);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_END);
	assert_int_equal(envoi__tls_write(f->client, "answer", 6), ENVOI_OK);
}

static void expect_binding(struct tls_pair *f, const char *type, int result)
{
	struct envoi_buffer a, b;
	envoi_buffer_init(&a, f->context, 0);
	envoi_buffer_init(&b, f->context, 0);
	int at_client = envoi__tls_channel_binding(f->client, type, &a);
	int at_server = envoi__tls_channel_binding(f->server, type, &b);
	assert_int_equal(at_client, result);
	assert_int_equal(at_server, result);
	assert_int_equal(envoi_buffer_len(&a), envoi_buffer_len(&b));
	assert_int_equal(envoi_buffer_len(&a) > 0, result == ENVOI_OK);
	assert_memory_equal(envoi_buffer_data(&a), envoi_buffer_data(&b), envoi_buffer_len(&a));
	envoi_buffer_finish(&a);
	envoi_buffer_finish(&b);
}

static void bindings_of_1_3(void **state)
{
	struct tls_pair *f = *state;
	expect_binding(f, "tls-exporter", ENVOI_ERR_UNSUPPORTED);
	tls_pair_shake_hands(f);
	expect_binding(f, "tls-exporter", ENVOI_OK);
	expect_binding(f, "tls-unique", ENVOI_ERR_UNSUPPORTED);
	expect_binding(f, "tls-server-end-point", ENVOI_OK);
	expect_binding(f, "tls-nonsense", ENVOI_ERR_UNSUPPORTED);
}

static void bindings_of_1_2_with_extended_master_secret(void **state)
{
	struct tls_pair *f = *state;
	use_1_2(f, "");
	tls_pair_shake_hands(f);
	struct envoi_tls_info info;
	envoi__tls_get_info(f->client, &info);
	assert_string_equal(info.version, "TLS1.2");
	expect_binding(f, "tls-exporter", ENVOI_OK);
	expect_binding(f, "tls-unique", ENVOI_OK);
	expect_binding(f, "tls-server-end-point", ENVOI_OK);
}

static void bindings_of_1_2_without_it(void **state)
{
	struct tls_pair *f = *state;
	use_1_2(f, ":%NO_SESSION_HASH");
	tls_pair_shake_hands(f);
	assert_int_equal(f->client_result, ENVOI_OK);
	expect_binding(f, "tls-exporter", ENVOI_ERR_UNSUPPORTED);
	expect_binding(f, "tls-unique", ENVOI_ERR_UNSUPPORTED);
	expect_binding(f, "tls-server-end-point", ENVOI_OK);
}

static void versions_below_1_2_are_refused(void **state)
{
	struct tls_pair *f = *state;
	envoi__tls_free(f->server);
	f->server_config->priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0";
	assert_int_equal(
		envoi__tls_new(&f->server, f->server_config, ENVOI_RECEIVER, NULL, NULL), ENVOI_OK);
	tls_pair_shake_hands(f);
	assert_int_equal(f->client_result, ENVOI_ERR_TLS);
	assert_int_equal(f->server_result, ENVOI_ERR_TLS);
	assert_string_equal(
		envoi__tls_error_text(f->client), "the peer does not support TLS 1.2 or newer");
}

/* What OpenSSL sends, and what servers of the time of TLS 1.1 do: an answer in their own version.
 *  */
static void servers_that_answer_in_another_version_are_refused(void **state)
{
	(void)state;
	/* a ServerHello: version, random, no session, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA */
	unsigned char hello[9 + 38] = {22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2};
	hello[9 + 35] = 0xc0;
	hello[9 + 36] = 0x13;
	static const char alert[] = {21, 3, 1, 0, 2, 2, 70};
	const struct {
		const void *data;
		size_t len;
	} answers[] = {{hello, sizeof(hello)}, {alert, sizeof(alert)}};
	for (size_t i = 0; i < 2; i++) {
		struct tls_pair f;
		tls_pair_init(&f, NULL, "right", "example.org");
		assert_int_equal(envoi__tls_handshake(f.client), ENVOI_AGAIN);
		assert_int_equal(
			envoi__tls_feed(f.client, answers[i].data, answers[i].len), ENVOI_OK);
		int r = envoi__tls_handshake(f.client);
		char text[256];
		snprintf(text, sizeof(text), "%s", envoi__tls_error_text(f.client));
		tls_pair_finish(&f);
		assert_int_equal(r, ENVOI_ERR_TLS);
		assert_string_equal(text, "the peer does not support TLS 1.2 or newer");
	}
}

static void the_lowest_version_can_be_raised(void **state)
{
	struct tls_pair *f = *state;
	struct envoi_settings *settings;
	use_1_2(f, "");
	envoi__tls_free(f->client);
	envoi_tls_config_unref(f->trust);
	f->client = NULL;
	f->trust = NULL;
	assert_int_equal(envoi_settings_new(&settings, f->context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(settings, "tls.ca-file", tls_path("ca", ".pem")), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.min-version", "1.3"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&f->trust, f->context, settings), ENVOI_OK);
	envoi_settings_free(settings);
	assert_int_equal(envoi__tls_new(&f->client, f->trust, ENVOI_INITIATOR, "example.org", NULL),
		ENVOI_OK);
	tls_pair_shake_hands(f);
	assert_int_equal(f->client_result, ENVOI_ERR_TLS);
	assert_memory_equal(envoi__tls_error_text(f->client), "the peer ended TLS", 18);
}

/* --- a peer that does what ours would not --- */

struct rude_server {
	gnutls_session_t session;
	struct envoi_buffer in, out;
};

static ssize_t rude_push(gnutls_transport_ptr_t user, const void *data, size_t len)
{
	struct rude_server *rude = user;
	return envoi_buffer_append(&rude->out, data, len) < 0 ? -1 : (ssize_t)len;
}

static ssize_t rude_pull(gnutls_transport_ptr_t user, void *data, size_t size)
{
	struct rude_server *rude = user;
	size_t len = envoi_buffer_len(&rude->in);
	if (len == 0) {
		gnutls_transport_set_errno(rude->session, EAGAIN);
		return -1;
	}
	len = len < size ? len : size;
	memcpy(data, envoi_buffer_data(&rude->in), len);
	envoi_buffer_consume(&rude->in, len);
	return (ssize_t)len;
}

static void carry_rude(struct tls_pair *f, struct rude_server *rude)
{
	struct envoi_buffer *output = envoi__tls_output(f->client);
	assert_int_equal(
		envoi_buffer_append(&rude->in, envoi_buffer_data(output), envoi_buffer_len(output)),
		ENVOI_OK);
	envoi_buffer_consume(output, envoi_buffer_len(output));
	assert_int_equal(envoi__tls_feed(f->client, envoi_buffer_data(&rude->out),
				 envoi_buffer_len(&rude->out)),
		ENVOI_OK);
	envoi_buffer_consume(&rude->out, envoi_buffer_len(&rude->out));
}

static void rude_init(struct rude_server *rude, struct tls_pair *f, const char *priorities)
{
	static const char *const no_names[2] = {NULL, NULL};
	struct envoi__tls_pair *pair;
	*rude = (struct rude_server){0};
	assert_int_equal(
		envoi__tls_domains_choose(&f->server_config->domains, no_names, &pair), ENVOI_OK);
	envoi_buffer_init(&rude->in, f->context, 0);
	envoi_buffer_init(&rude->out, f->context, 0);
	assert_int_equal(gnutls_init(&rude->session, GNUTLS_SERVER | GNUTLS_NONBLOCK), 0);
	gnutls_transport_set_ptr(rude->session, rude);
	gnutls_transport_set_push_function(rude->session, rude_push);
	gnutls_transport_set_pull_function(rude->session, rude_pull);
	assert_int_equal(gnutls_priority_set_direct(rude->session, priorities, NULL), 0);
	assert_int_equal(
		gnutls_credentials_set(rude->session, GNUTLS_CRD_CERTIFICATE, pair->credentials),
		0);
	int r = GNUTLS_E_AGAIN;
	for (int i = 0; i < 20 && r == GNUTLS_E_AGAIN; i++) {
		f->client_result = envoi__tls_handshake(f->client);
		carry_rude(f, rude);
		r = gnutls_handshake(rude->session);
		carry_rude(f, rude);
	}
	assert_int_equal(r, 0);
	f->client_result = envoi__tls_handshake(f->client);
	assert_int_equal(f->client_result, ENVOI_OK);
}

static void rude_finish(struct rude_server *rude)
{
	gnutls_deinit(rude->session);
	envoi_buffer_finish(&rude->in);
	envoi_buffer_finish(&rude->out);
}

static void write_rude(struct tls_pair *f, struct rude_server *rude, const char *text)
{
	char data[16];
	size_t len;
	assert_int_equal(gnutls_record_send(rude->session, text, strlen(text)), strlen(text));
	carry_rude(f, rude);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_OK);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(data, text, len);
}

/* RFC 5246, sections 7.2.2 and 7.4.1.1: an alert, and the connection goes on. */
static void a_request_to_negotiate_again_is_refused_and_the_connection_goes_on(void **state)
{
	struct tls_pair *f = *state;
	struct rude_server rude;
	char data[16];
	size_t len;
	rude_init(&rude, f, "NORMAL:-VERS-ALL:+VERS-TLS1.2");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(gnutls_rehandshake(rude.session), 0); /* a HelloRequest */
		carry_rude(f, &rude);
		assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_AGAIN);
		struct envoi_buffer *output = envoi__tls_output(f->client);
		assert_int_equal(envoi_buffer_append(&rude.in, envoi_buffer_data(output),
					 envoi_buffer_len(output)),
			ENVOI_OK);
		envoi_buffer_consume(output, SIZE_MAX);
		assert_int_equal(gnutls_record_recv(rude.session, data, sizeof(data)),
			GNUTLS_E_WARNING_ALERT_RECEIVED);
		assert_int_equal(gnutls_alert_get(rude.session), GNUTLS_A_NO_RENEGOTIATION);
		write_rude(f, &rude, "hello");
	}
	rude_finish(&rude);
}

static void a_flood_of_requests_to_negotiate_again_is_bounded(void **state)
{
	struct tls_pair *f = *state;
	struct rude_server rude;
	char data[16];
	size_t len;
	rude_init(&rude, f, "NORMAL:-VERS-ALL:+VERS-TLS1.2");
	for (int i = 0; i < 10000; i++) {
		assert_int_equal(gnutls_rehandshake(rude.session), 0);
		carry_rude(f, &rude);
	}
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_AGAIN);
	assert_true(envoi_buffer_len(envoi__tls_output(f->client)) < 5000);
	write_rude(f, &rude, "hello");
	rude_finish(&rude);
}

static void a_flood_of_key_updates_is_bounded(void **state)
{
	struct tls_pair *f = *state;
	struct rude_server rude;
	char data[16];
	size_t len, answers = 0;
	int r = ENVOI_AGAIN;
	rude_init(&rude, f, "NORMAL:-VERS-ALL:+VERS-TLS1.3");
	for (int i = 0; i < 10000 && r == ENVOI_AGAIN; i++) {
		assert_int_equal(gnutls_session_key_update(rude.session, GNUTLS_KU_PEER), 0);
		carry_rude(f, &rude);
		r = envoi__tls_read(f->client, data, sizeof(data), &len);
		answers += envoi_buffer_len(envoi__tls_output(f->client));
		envoi_buffer_consume(envoi__tls_output(f->client), SIZE_MAX);
	}
	rude_finish(&rude);
	assert_int_equal(r, ENVOI_ERR_TLS);
	assert_true(answers < 4096);
}

/* Whatever is changed in transit, the client refuses it. */
static void a_changed_handshake_never_succeeds(void **state)
{
	(void)state;
	size_t len = 1;
	for (size_t at = 0; at < len; at += 13) {
		struct tls_pair f;
		tls_pair_init(&f, NULL, "right", "example.org");
		assert_int_equal(envoi__tls_handshake(f.client), ENVOI_AGAIN);
		tls_pair_carry(f.client, f.server, 1000);
		assert_int_equal(envoi__tls_handshake(f.server), ENVOI_AGAIN);
		struct envoi_buffer *output = envoi__tls_output(f.server);
		len = envoi_buffer_len(output);
		output->data[output->start + at % len] ^= 0x10;
		tls_pair_carry(f.server, f.client, 1000);
		for (int i = 0; i < 3; i++) {
			f.client_result = envoi__tls_handshake(f.client);
			envoi__tls_bye(f.client);
			tls_pair_carry(f.client, f.server, 1000);
			f.server_result = envoi__tls_handshake(f.server);
			tls_pair_carry(f.server, f.client, 1000);
		}
		bool is_right = f.client_result != ENVOI_OK && f.server_result != ENVOI_OK &&
			!envoi__tls_is_secure(f.client);
		tls_pair_finish(&f);
		if (!is_right) {
			fail_msg("byte %d", (int)at);
		}
	}
}

/* Whatever comes in place of a handshake: a clear failure, never a crash. */
static void garbage_is_no_handshake(void **state)
{
	struct tls_pair *f = *state;
	static const char text[] = "<message xmlns='jabber:client'/>";
	assert_int_equal(envoi__tls_handshake(f->client), ENVOI_AGAIN);
	assert_int_equal(envoi__tls_feed(f->client, text, strlen(text)), ENVOI_OK);
	assert_int_equal(envoi__tls_handshake(f->client), ENVOI_ERR_TLS);
	assert_int_equal(envoi__tls_handshake(f->client), ENVOI_ERR_TLS);
	char data[16];
	size_t len;
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_ERR_TLS);
	envoi__tls_bye(f->client);
}

static void a_changed_byte_ends_it(void **state)
{
	struct tls_pair *f = *state;
	char data[16];
	size_t len;
	tls_pair_shake_hands(f);
	assert_int_equal(envoi__tls_write(f->server, "abcdef", 6), ENVOI_OK);
	struct envoi_buffer *output = envoi__tls_output(f->server);
	output->data[output->start + 8] ^= 1;
	tls_pair_carry(f->server, f->client, 1000);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_ERR_TLS);
	assert_false(envoi__tls_is_secure(f->client));
}

static void each_side_needs_its_own_config(void **state)
{
	struct tls_pair *f = *state;
	struct envoi__tls *tls = NULL;
	assert_int_equal(envoi__tls_new(&tls, f->server_config, ENVOI_INITIATOR, "a.example", NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi__tls_new(&tls, f->trust, ENVOI_RECEIVER, NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi__tls_new(&tls, f->trust, ENVOI_INITIATOR, NULL, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi__tls_new(&tls, f->trust, ENVOI_INITIATOR, "", NULL), ENVOI_ERR_INVALID);
	assert_null(tls);
}

static void protocols_are_negotiated_or_refused(void **state)
{
	struct tls_pair *f = *state;
	static const struct {
		const char *client, *server;
		int result;
	} cases[] = {
		{"xmpp-client", "xmpp-client", ENVOI_OK},
		{"xmpp-client", NULL, ENVOI_OK},
		{"xmpp-client", "http/1.1", ENVOI_ERR_TLS},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		envoi__tls_free(f->client);
		envoi__tls_free(f->server);
		f->client = f->server = NULL;
		assert_int_equal(envoi__tls_new(&f->client, f->trust, ENVOI_INITIATOR,
					 "example.org", cases[i].client),
			ENVOI_OK);
		assert_int_equal(envoi__tls_new(&f->server, f->server_config, ENVOI_RECEIVER, NULL,
					 cases[i].server),
			ENVOI_OK);
		tls_pair_shake_hands(f);
		assert_int_equal(f->client_result, cases[i].result);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(both_sides_agree_and_text_passes),
		CASE(a_short_read_leaves_the_rest_to_be_read),
		CASE(a_farewell_ends_reading),
		CASE(bindings_of_1_3),
		CASE(bindings_of_1_2_with_extended_master_secret),
		CASE(bindings_of_1_2_without_it),
		CASE(versions_below_1_2_are_refused),
		cmocka_unit_test(servers_that_answer_in_another_version_are_refused),
		CASE(a_request_to_negotiate_again_is_refused_and_the_connection_goes_on),
		CASE(a_flood_of_requests_to_negotiate_again_is_bounded),
		CASE(a_flood_of_key_updates_is_bounded),
		CASE(garbage_is_no_handshake),
		cmocka_unit_test(a_changed_handshake_never_succeeds),
		CASE(the_lowest_version_can_be_raised),
		CASE(a_changed_byte_ends_it),
		CASE(each_side_needs_its_own_config),
		CASE(protocols_are_negotiated_or_refused),
	};
	return cmocka_run_group_tests_name("crypto/tls", tests, NULL, NULL);
}
