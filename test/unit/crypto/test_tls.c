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

#include "crypto/tls_config.h"
#include "crypto/tls_engine.h"

struct fixture {
	struct envoi_context *context;
	struct envoi_tls_config *trust, *server_config;
	struct envoi__tls *client, *server;
	int client_result, server_result;
};

static char *path(const char *name, const char *suffix)
{
	static char paths[4][512];
	static int next;
	char *at = paths[next++ % 4];
	snprintf(at, sizeof(paths[0]), "%s/tls/%s%s", TEST_DATA, name, suffix);
	return at;
}

static int64_t wall_clock(void *user)
{
	return *(int64_t *)user;
}

static struct envoi_tls_config *trust_only(struct envoi_context *context, const char *ca)
{
	struct envoi_tls_config *config;
	struct envoi_settings *settings;
	assert_int_equal(envoi_settings_new(&settings, context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.ca-file", path(ca, ".pem")), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&config, context, settings), ENVOI_OK);
	envoi_settings_free(settings);
	return config;
}

static void setup_with(struct fixture *f, const struct envoi_context_options *options,
	const char *certificate, const char *name)
{
	*f = (struct fixture){0};
	assert_int_equal(envoi_context_new(&f->context, options), ENVOI_OK);
	f->trust = trust_only(f->context, strcmp(certificate, "trusted-self-signed") == 0 ?
		"self-signed" : "ca");
	const char *key = strcmp(certificate, "weak") == 0 ? "weak" : "server";
	const char *shown =
		strcmp(certificate, "trusted-self-signed") == 0 ? "self-signed" : certificate;
	assert_int_equal(envoi_tls_config_new_server(&f->server_config, f->context,
				 path(shown, ".pem"), path(key, "-key.pem")),
		ENVOI_OK);
	assert_int_equal(
		envoi__tls_new(&f->client, f->trust, ENVOI_INITIATOR, name, NULL), ENVOI_OK);
	assert_int_equal(envoi__tls_new(&f->server, f->server_config, ENVOI_RECEIVER, NULL, NULL),
		ENVOI_OK);
	f->client_result = f->server_result = ENVOI_AGAIN;
}

static void teardown_of(struct fixture *f)
{
	envoi__tls_free(f->client);
	envoi__tls_free(f->server);
	envoi_tls_config_unref(f->trust);
	envoi_tls_config_unref(f->server_config);
	envoi_context_unref(f->context);
}

static int setup(void **state)
{
	static struct fixture fixture;
	setup_with(&fixture, NULL, "right", "example.org");
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	teardown_of(*state);
	return 0;
}

/* Move what one has for the other, in pieces. @return bytes moved */
static size_t carry(struct envoi__tls *from, struct envoi__tls *to, size_t piece)
{
	struct envoi_buffer *output = envoi__tls_output(from);
	size_t moved = 0;
	while (envoi_buffer_len(output) > 0) {
		size_t len = envoi_buffer_len(output) < piece ? envoi_buffer_len(output) : piece;
		assert_int_equal(envoi__tls_feed(to, envoi_buffer_data(output), len), ENVOI_OK);
		envoi_buffer_consume(output, len);
		moved += len;
	}
	return moved;
}

static void shake_hands(struct fixture *f)
{
	size_t moved = 1;
	while (moved > 0) {
		f->client_result = envoi__tls_handshake(f->client);
		moved = carry(f->client, f->server, 7);
		f->server_result = envoi__tls_handshake(f->server);
		moved += carry(f->server, f->client, 1);
	}
}

static void use_1_2(struct fixture *f, const char *more)
{
	char priorities[128];
	snprintf(priorities, sizeof(priorities), "NORMAL:-VERS-ALL:+VERS-TLS1.2%s", more);
	static char kept[128];
	memcpy(kept, priorities, sizeof(kept));
	envoi__tls_free(f->server);
	f->server_config->priorities = kept;
	assert_int_equal(envoi__tls_new(&f->server, f->server_config, ENVOI_RECEIVER, NULL, NULL),
		ENVOI_OK);
}

static void both_sides_agree_and_text_passes(void **state)
{
	struct fixture *f = *state;
	assert_false(envoi__tls_is_secure(f->client));
	shake_hands(f);
	assert_int_equal(f->client_result, ENVOI_OK);
	assert_int_equal(f->server_result, ENVOI_OK);
	assert_true(envoi__tls_is_secure(f->client));
	struct envoi_tls_info info;
	envoi__tls_get_info(f->client, &info);
	assert_string_equal(info.version, "TLS1.3");
	assert_non_null(info.cipher);
	assert_true(info.verified);
	static char text[16384], back[20000];
	memset(text, 'x', sizeof(text));
	assert_int_equal(envoi__tls_write(f->server, text, sizeof(text)), ENVOI_OK);
	carry(f->server, f->client, 1000);
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
	struct fixture *f = *state;
	char data[4];
	size_t len;
	shake_hands(f);
	assert_int_equal(envoi__tls_write(f->server, "abcdef", 6), ENVOI_OK);
	carry(f->server, f->client, 1000);
	assert_int_equal(envoi__tls_read(f->client, data, 4, &len), ENVOI_OK);
	assert_int_equal(len, 4);
	assert_int_equal(envoi__tls_pending(f->client), 2);
	assert_int_equal(envoi__tls_read(f->client, data, 4, &len), ENVOI_OK);
	assert_int_equal(len, 2);
	assert_int_equal(envoi__tls_read(f->client, data, 4, &len), ENVOI_AGAIN);
}

static void a_farewell_ends_reading(void **state)
{
	struct fixture *f = *state;
	char data[16];
	size_t len;
	shake_hands(f);
	assert_int_equal(envoi__tls_write(f->server, "last", 4), ENVOI_OK);
	envoi__tls_bye(f->server);
	assert_int_equal(envoi__tls_write(f->server, "more", 4), ENVOI_ERR_STATE);
	carry(f->server, f->client, 1000);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_OK);
	assert_int_equal(len, 4);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_END);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_END);
	assert_int_equal(envoi__tls_write(f->client, "answer", 6), ENVOI_OK);
}

/* field-notes S14; the reason is for people, and tells one case from the other */
static void certificates_are_refused_for_the_right_reason(void **state)
{
	(void)state;
	static const struct {
		const char *certificate, *name, *reason; /* NULL: taken */
	} cases[] = {
		{"right", "example.org", NULL},
		{"right", "example.net", "is for example.org, not for example.net"},
		{"other-name", "example.org", "is for other.example, not for example.org"},
		{"cn-only", "example.org", "(a common name does not count), not for example.org"},
		{"cn-email-uri", "example.org", "(a common name does not count), not for"},
		{"wildcard", "chat.example.org", NULL},
		{"wildcard", "a.chat.example.org", "is for *.example.org, not for"},
		{"srv-id", "example.org", NULL},
		{"xmpp-addr", "example.org", NULL},
		{"address", "192.0.2.1", NULL},
		{"idn", "b\xc3\xbc"
			"cher.example.",
			NULL},
		{"expired", "example.org", "expired on 2021-01-01"},
		{"future", "example.org", "not valid before 2118-01-01"},
		{"self-signed", "example.org", "self-signed"},
		{"trusted-self-signed", "example.org", NULL},
		{"unknown-ca", "example.org", "unknown certification authority"},
		{"missing-intermediate", "example.org", "unknown certification authority"},
		{"intermediate-chain", "example.org", NULL},
		{"client-purpose", "example.org", "not meant for servers"},
		{"weak", "example.org", "too weak"},
		{"breach-chain", "example.org", "constraints"},
		{"breach-xmpp-addr-chain", "example.org", "constraints"},
		{"breach-xmpp-addr-chain", "example.net", NULL},
		{"permitting-chain", "example.org", NULL},
		{"permitting-chain", "example.net", "not for example.net"},
		{"excluding-chain", "example.org", "constraints"},
		{"srv-target", "example.org", "is for xmpp1.example.net, not for example.org"},
		{"srv-target", "xmpp1.example.net", NULL},
		{"oversize", "example.org", "not for example.org"},
		{"dotted", "example.org", NULL},
		{"sha1", "example.org", "too weak"},
		{"wildcard", "example.org", "is for *.example.org, not for example.org"},
		{"bad-wildcards", "example.org", "is for *.org, exa*.org, *, not for example.org"},
		{"srv-id", "example.net", "is for _xmpp-client.example.org, not for example.net"},
		{"srv-id-other-service", "example.org", "is for _xmpp-server.example.org, not for"},
		{"xmpp-addr", "example.net", "is for example.org, not for example.net"},
		{"xmpp-addr-user", "example.org", "is for juliet@example.org, not for example.org"},
		{"address", "192.0.2.2", "not for 192.0.2.2"},
		{"address", "2001:db8::1", NULL},
		{"right", "192.0.2.1", "is for example.org, not for 192.0.2.1"},
		{"idn", "xn--bcher-kva.example", NULL},
		{"idn", "XN--BCHER-KVA.example", NULL},
		{"idn", "bucher.example", "is for xn--bcher-kva.example, not for bucher.example"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;
		setup_with(&f, NULL, cases[i].certificate, cases[i].name);
		shake_hands(&f);
		char text[256];
		snprintf(text, sizeof(text), "%s", envoi__tls_error_text(f.client));
		bool is_secure = envoi__tls_is_secure(f.client);
		bool server_is_open = f.server_result == ENVOI_OK;
		int result = f.client_result;
		teardown_of(&f);
		bool is_right = cases[i].reason == NULL ? result == ENVOI_OK && is_secure :
			result == ENVOI_ERR_CERTIFICATE && !is_secure && !server_is_open &&
				strstr(text, cases[i].reason) != NULL;
		if (!is_right) {
			fail_msg("%s for %s: %d %s", cases[i].certificate, cases[i].name, result, text);
		}
	}
}

/* 2019-12-31, 2020-07-01, 2120-01-02 */
static void times_are_those_of_the_contexts_clock(void **state)
{
	(void)state;
	static const struct {
		int64_t seconds;
		const char *certificate, *reason;
	} cases[] = {
		{1577750400, "right", "not valid before 2020-01-01"},
		{1593561600, "right", NULL},
		{1593561600, "expired", NULL},
		{1593561600, "intermediate-chain", NULL},
		{1593561600, "unknown-ca", "unknown certification authority"},
		{4733596800, "right", "expired on 2119-12-31"},
		{4733596800, "intermediate-chain", "expired on 2119-12-31"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;
		int64_t now = cases[i].seconds * 1000;
		struct envoi_context_options options = {
			.wall_clock = wall_clock, .wall_clock_user = &now};
		setup_with(&f, &options, cases[i].certificate, "example.org");
		shake_hands(&f);
		char text[256];
		snprintf(text, sizeof(text), "%s", envoi__tls_error_text(f.client));
		int result = f.client_result;
		teardown_of(&f);
		bool is_right = cases[i].reason == NULL ? result == ENVOI_OK :
			result == ENVOI_ERR_CERTIFICATE && strstr(text, cases[i].reason) != NULL;
		if (!is_right) {
			fail_msg("%d: %d %s", (int)i, result, text);
		}
	}
}

static void expect_binding(struct fixture *f, const char *type, int result)
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

/* field-notes S27 */
static void bindings_of_1_3(void **state)
{
	struct fixture *f = *state;
	expect_binding(f, "tls-exporter", ENVOI_ERR_UNSUPPORTED);
	shake_hands(f);
	expect_binding(f, "tls-exporter", ENVOI_OK);
	expect_binding(f, "tls-unique", ENVOI_ERR_UNSUPPORTED);
	expect_binding(f, "tls-server-end-point", ENVOI_OK);
	expect_binding(f, "tls-nonsense", ENVOI_ERR_UNSUPPORTED);
}

static void bindings_of_1_2_with_extended_master_secret(void **state)
{
	struct fixture *f = *state;
	use_1_2(f, "");
	shake_hands(f);
	struct envoi_tls_info info;
	envoi__tls_get_info(f->client, &info);
	assert_string_equal(info.version, "TLS1.2");
	expect_binding(f, "tls-exporter", ENVOI_OK);
	expect_binding(f, "tls-unique", ENVOI_OK);
	expect_binding(f, "tls-server-end-point", ENVOI_OK);
}

static void bindings_of_1_2_without_it(void **state)
{
	struct fixture *f = *state;
	use_1_2(f, ":%NO_SESSION_HASH");
	shake_hands(f);
	assert_int_equal(f->client_result, ENVOI_OK);
	expect_binding(f, "tls-exporter", ENVOI_ERR_UNSUPPORTED);
	expect_binding(f, "tls-unique", ENVOI_ERR_UNSUPPORTED);
	expect_binding(f, "tls-server-end-point", ENVOI_OK);
}

static void versions_below_1_2_are_refused(void **state)
{
	struct fixture *f = *state;
	envoi__tls_free(f->server);
	f->server_config->priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0";
	assert_int_equal(envoi__tls_new(&f->server, f->server_config, ENVOI_RECEIVER, NULL, NULL),
		ENVOI_OK);
	shake_hands(f);
	assert_int_equal(f->client_result, ENVOI_ERR_TLS);
	assert_int_equal(f->server_result, ENVOI_ERR_TLS);
	assert_string_equal(envoi__tls_error_text(f->client), "the peer speaks no TLS 1.2 or newer");
}

/* What OpenSSL sends, and what servers of the time of TLS 1.1 do: an answer in their own version. */
static void so_are_servers_that_answer_in_their_own_version(void **state)
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
		struct fixture f;
		setup_with(&f, NULL, "right", "example.org");
		assert_int_equal(envoi__tls_handshake(f.client), ENVOI_AGAIN);
		assert_int_equal(
			envoi__tls_feed(f.client, answers[i].data, answers[i].len), ENVOI_OK);
		int r = envoi__tls_handshake(f.client);
		char text[256];
		snprintf(text, sizeof(text), "%s", envoi__tls_error_text(f.client));
		teardown_of(&f);
		assert_int_equal(r, ENVOI_ERR_TLS);
		assert_string_equal(text, "the peer speaks no TLS 1.2 or newer");
	}
}

static void the_lowest_version_can_be_raised(void **state)
{
	struct fixture *f = *state;
	struct envoi_settings *settings;
	use_1_2(f, "");
	envoi__tls_free(f->client);
	envoi_tls_config_unref(f->trust);
	f->client = NULL;
	f->trust = NULL;
	assert_int_equal(envoi_settings_new(&settings, f->context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(settings, "tls.ca-file", path("ca", ".pem")), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.min-version", "1.3"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&f->trust, f->context, settings), ENVOI_OK);
	envoi_settings_free(settings);
	assert_int_equal(
		envoi__tls_new(&f->client, f->trust, ENVOI_INITIATOR, "example.org", NULL),
		ENVOI_OK);
	shake_hands(f);
	assert_int_equal(f->client_result, ENVOI_ERR_TLS);
	assert_memory_equal(envoi__tls_error_text(f->client), "the peer has ended TLS: ", 24);
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

static void carry_rude(struct fixture *f, struct rude_server *rude)
{
	struct envoi_buffer *output = envoi__tls_output(f->client);
	assert_int_equal(envoi_buffer_append(&rude->in, envoi_buffer_data(output),
				 envoi_buffer_len(output)),
		ENVOI_OK);
	envoi_buffer_consume(output, envoi_buffer_len(output));
	assert_int_equal(envoi__tls_feed(f->client, envoi_buffer_data(&rude->out),
				 envoi_buffer_len(&rude->out)),
		ENVOI_OK);
	envoi_buffer_consume(&rude->out, envoi_buffer_len(&rude->out));
}

static void rude_init(struct rude_server *rude, struct fixture *f, const char *priorities)
{
	*rude = (struct rude_server){0};
	envoi_buffer_init(&rude->in, f->context, 0);
	envoi_buffer_init(&rude->out, f->context, 0);
	assert_int_equal(gnutls_init(&rude->session, GNUTLS_SERVER | GNUTLS_NONBLOCK), 0);
	gnutls_transport_set_ptr(rude->session, rude);
	gnutls_transport_set_push_function(rude->session, rude_push);
	gnutls_transport_set_pull_function(rude->session, rude_pull);
	assert_int_equal(gnutls_priority_set_direct(rude->session, priorities, NULL), 0);
	assert_int_equal(gnutls_credentials_set(rude->session, GNUTLS_CRD_CERTIFICATE,
				 f->server_config->credentials),
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

/* field-notes S32 */
static void negotiating_again_is_refused(void **state)
{
	struct fixture *f = *state;
	struct rude_server rude;
	char data[16];
	size_t len;
	rude_init(&rude, f, "NORMAL:-VERS-ALL:+VERS-TLS1.2");
	assert_int_equal(gnutls_rehandshake(rude.session), 0); /* a HelloRequest */
	carry_rude(f, &rude);
	int r = envoi__tls_read(f->client, data, sizeof(data), &len);
	rude_finish(&rude);
	assert_int_equal(r, ENVOI_ERR_TLS);
	assert_string_equal(
		envoi__tls_error_text(f->client), "the peer wants to negotiate TLS again");
}

static void a_flood_of_key_updates_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct rude_server rude;
	char data[16];
	size_t len, answers = 0;
	int r = ENVOI_AGAIN;
	rude_init(&rude, f, "NORMAL:-VERS-ALL:+VERS-TLS1.3");
	for (int i = 0; i < 1000 && r == ENVOI_AGAIN; i++) {
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

/* field-notes S21: whatever is changed on the way, nobody is taken in and nothing breaks */
static void a_changed_handshake_never_succeeds(void **state)
{
	(void)state;
	size_t len = 1;
	for (size_t at = 0; at < len; at += 13) {
		struct fixture f;
		setup_with(&f, NULL, "right", "example.org");
		assert_int_equal(envoi__tls_handshake(f.client), ENVOI_AGAIN);
		carry(f.client, f.server, 1000);
		assert_int_equal(envoi__tls_handshake(f.server), ENVOI_AGAIN);
		struct envoi_buffer *output = envoi__tls_output(f.server);
		len = envoi_buffer_len(output);
		output->data[output->start + at % len] ^= 0x10;
		carry(f.server, f.client, 1000);
		for (int i = 0; i < 3; i++) {
			f.client_result = envoi__tls_handshake(f.client);
			envoi__tls_bye(f.client);
			carry(f.client, f.server, 1000);
			f.server_result = envoi__tls_handshake(f.server);
			carry(f.server, f.client, 1000);
		}
		bool is_right = f.client_result != ENVOI_OK && f.server_result != ENVOI_OK &&
			!envoi__tls_is_secure(f.client);
		teardown_of(&f);
		if (!is_right) {
			fail_msg("byte %d", (int)at);
		}
	}
}

/* Whatever comes in place of a handshake: a clear failure, never a crash. */
static void garbage_is_no_handshake(void **state)
{
	struct fixture *f = *state;
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
	struct fixture *f = *state;
	char data[16];
	size_t len;
	shake_hands(f);
	assert_int_equal(envoi__tls_write(f->server, "abcdef", 6), ENVOI_OK);
	struct envoi_buffer *output = envoi__tls_output(f->server);
	output->data[output->start + 8] ^= 1;
	carry(f->server, f->client, 1000);
	assert_int_equal(envoi__tls_read(f->client, data, sizeof(data), &len), ENVOI_ERR_TLS);
	assert_false(envoi__tls_is_secure(f->client));
}

static void trust_is_loaded_once_for_a_file(void **state)
{
	struct fixture *f = *state;
	struct envoi_tls_config *again = trust_only(f->context, "ca");
	struct envoi_tls_config *other = trust_only(f->context, "other-ca");
	assert_ptr_equal(again->trust, f->trust->trust);
	assert_ptr_not_equal(other->trust, f->trust->trust);
	envoi_tls_config_unref(again);
	envoi_tls_config_unref(other);
}

static int config_of(struct envoi_context *context, const char *file)
{
	struct envoi_tls_config *config = NULL;
	struct envoi_settings *settings;
	assert_int_equal(envoi_settings_new(&settings, context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.ca-file", file), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	int r = envoi_tls_config_new(&config, context, settings);
	assert_null(config);
	envoi_settings_free(settings);
	return r;
}

static void nothing_to_trust_is_an_error(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(config_of(f->context, path("absent", ".pem")), ENVOI_ERR_SYSTEM);
	assert_int_equal(config_of(f->context, path("server-key", ".pem")), ENVOI_ERR_CERTIFICATE);
	assert_int_equal(config_of(f->context, NULL), ENVOI_ERR_CERTIFICATE);
	struct envoi_tls_config *config = NULL;
	assert_int_equal(envoi_tls_config_new_server(&config, f->context, path("right", ".pem"),
				 path("weak-key", ".pem")),
		ENVOI_ERR_CERTIFICATE);
	assert_int_equal(envoi_tls_config_new_server(&config, f->context, path("right", ".pem"),
				 path("absent", ".pem")),
		ENVOI_ERR_SYSTEM);
	assert_null(config);
}

static void each_side_needs_its_own_config(void **state)
{
	struct fixture *f = *state;
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
	struct fixture *f = *state;
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
		shake_hands(f);
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
		cmocka_unit_test(certificates_are_refused_for_the_right_reason),
		cmocka_unit_test(times_are_those_of_the_contexts_clock),
		CASE(bindings_of_1_3),
		CASE(bindings_of_1_2_with_extended_master_secret),
		CASE(bindings_of_1_2_without_it),
		CASE(versions_below_1_2_are_refused),
		cmocka_unit_test(so_are_servers_that_answer_in_their_own_version),
		CASE(negotiating_again_is_refused),
		CASE(a_flood_of_key_updates_is_bounded),
		CASE(garbage_is_no_handshake),
		cmocka_unit_test(a_changed_handshake_never_succeeds),
		CASE(the_lowest_version_can_be_raised),
		CASE(a_changed_byte_ends_it),
		CASE(trust_is_loaded_once_for_a_file),
		CASE(nothing_to_trust_is_an_error),
		CASE(each_side_needs_its_own_config),
		CASE(protocols_are_negotiated_or_refused),
	};
	return cmocka_run_group_tests_name("crypto/tls", tests, NULL, NULL);
}
