/*
 * envoi - resuming TLS sessions: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <gnutls/x509.h>

#include <envoi/context.h>
#include <envoi/settings.h>

#include "test_allocator.h"
#include "tls/tls_cache.h"
#include "tls/tls_config.h"
#include "tls/tls_engine.h"
#include "tls_server.h"

#define FOLDER TEST_DATA "/tls/"

static const char tls_1_3[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
static const char tls_1_2[] = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
static const char tls_1_2_without[] = "NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH";

static struct {
	struct envoi_context *context;
	struct envoi_settings *settings;
	gnutls_datum_t ticket_key;
	int64_t now_ms;
	struct tls_server_options server;
	const char *name, *alpn;
	struct envoi_tls_decider *decider;
	bool breaks_record; /* of its word, behind the tickets */
	bool was_refused; /* the session that was offered */
	bool breaks_off_offers; /* the server, when a session is offered */
	/* of the last connection */
	int result, read_result;
	bool is_resumed, was_offered;
	unsigned char finished[2][64]; /* as they came: length, contents */
	int finished_count;
	unsigned char end_point[32];
	bool is_first_finished; /* our tls-unique */
	struct envoi_tls_info info;
	bool bindings_agree[3], has_binding[3];
	char error[512];
} all;

static int64_t wall_clock(void *user)
{
	(void)user;
	return all.now_ms;
}

static int setup(void **state)
{
	(void)state;
	memset(&all, 0, sizeof(all));
	all.now_ms = 1800000000000; /* 2027 */
	all.name = "example.org";
	const struct envoi_context_options options = {.wall_clock = wall_clock};
	assert_int_equal(envoi_context_new(&all.context, &options), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&all.settings, all.context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(all.settings, "tls.ca-file", FOLDER "ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(all.settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(gnutls_session_ticket_key_generate(&all.ticket_key), 0);
	all.server = (struct tls_server_options){
		.priorities = tls_1_3, .ticket_key = &all.ticket_key};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gnutls_free(all.ticket_key.data);
	envoi_settings_free(all.settings);
	envoi_context_unref(all.context);
	return 0;
}

static const char *const types[] = {"tls-exporter", "tls-unique", "tls-server-end-point"};

/* --- what the server sees --- */

enum {
	EXTENSION_SESSION_TICKET = 35,
	EXTENSION_PRE_SHARED_KEY = 41,
};

static int on_extension(void *user, unsigned int type, const unsigned char *data, unsigned int size)
{
	(void)user;
	(void)data;
	if (type == EXTENSION_PRE_SHARED_KEY || (type == EXTENSION_SESSION_TICKET && size > 0)) {
		all.was_offered = true;
	}
	return 0;
}

static int on_message(gnutls_session_t session, unsigned int type, unsigned int when,
	unsigned int incoming, const gnutls_datum_t *message)
{
	(void)session;
	(void)when;
	(void)incoming;
	if (type == GNUTLS_HANDSHAKE_CLIENT_HELLO) {
		gnutls_ext_raw_parse(
			NULL, on_extension, message, GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO);
		return all.breaks_off_offers && all.was_offered ? GNUTLS_E_INTERNAL_ERROR : 0;
	}
	if (type == GNUTLS_HANDSHAKE_FINISHED && all.finished_count < 2 && message->size < 64) {
		unsigned char *to = all.finished[all.finished_count++];
		to[0] = (unsigned char)message->size;
		memcpy(to + 1, message->data, message->size);
	}
	return 0;
}

static void compare_bindings(struct tls_server *server, struct envoi__tls *client)
{
	static const gnutls_channel_binding_t of_server[] = {
		GNUTLS_CB_TLS_EXPORTER, GNUTLS_CB_TLS_UNIQUE, GNUTLS_CB_TLS_SERVER_END_POINT};
	for (size_t i = 0; i < 3; i++) {
		struct envoi_buffer ours;
		gnutls_datum_t theirs = {0};
		envoi_buffer_init(&ours, all.context, 0);
		all.has_binding[i] = envoi__tls_channel_binding(client, types[i], &ours) ==
			ENVOI_OK;
		if (i == 2 && all.has_binding[i] && envoi_buffer_len(&ours) == 32) {
			memcpy(all.end_point, envoi_buffer_data(&ours), 32);
		}
		all.bindings_agree[i] = all.has_binding[i] &&
			gnutls_session_channel_binding(server->session, of_server[i], &theirs) ==
				0 &&
			theirs.size == envoi_buffer_len(&ours) &&
			memcmp(theirs.data, envoi_buffer_data(&ours), theirs.size) == 0;
		if (i == 1 && all.has_binding[i]) {
			all.is_first_finished = all.finished[0][0] == envoi_buffer_len(&ours) &&
				memcmp(all.finished[0] + 1, envoi_buffer_data(&ours),
					envoi_buffer_len(&ours)) == 0;
		}
		gnutls_free(theirs.data);
		envoi_buffer_finish(&ours);
	}
}

static void on_answer(void *user)
{
	(void)user;
}

/* One connection from its beginning to its end, with a word of the server, so that tickets come. */
static void connect_with(struct envoi_tls_config *config)
{
	struct tls_server server;
	struct envoi__tls *client;
	char data[16];
	size_t len;
	all.was_offered = all.is_first_finished = false;
	all.finished_count = 0;
	memset(&all.info, 0, sizeof(all.info));
	tls_server_init(&server, all.context, &all.server);
	gnutls_handshake_set_hook_function(
		server.session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_POST, on_message);
	assert_int_equal(
		envoi__tls_new(&client, config, ENVOI_INITIATOR, all.name, all.alpn), ENVOI_OK);
	all.result = tls_server_shake_hands(&server, client);
	if (envoi__tls_has_to_ask(client)) {
		envoi__tls_ask(client, on_answer, NULL);
		envoi__tls_settle(client);
		all.result = tls_server_shake_hands(&server, client);
	}
	snprintf(all.error, sizeof(all.error), "%s", envoi__tls_error_text(client));
	all.is_resumed = all.result == ENVOI_OK && gnutls_session_is_resumed(server.session) != 0;
	if (all.result == ENVOI_OK) {
		compare_bindings(&server, client);
		assert_int_equal(gnutls_record_send(server.session, "hello", 5), 5);
		if (all.breaks_record) {
			server.output.data[server.output.start + envoi_buffer_len(&server.output) -
				1] ^= 1;
		}
		tls_server_to_client(&server, client);
		all.read_result = envoi__tls_read(client, data, sizeof(data), &len);
		envoi__tls_get_info(client, &all.info);
	}
	envoi__tls_free(client);
	tls_server_finish(&server);
}

static void connect_again(void)
{
	struct envoi_tls_config *config;
	assert_int_equal(envoi_tls_config_new(&config, all.context, all.settings), ENVOI_OK);
	if (all.decider != NULL) {
		assert_int_equal(envoi_tls_config_set_decider(config, all.decider), ENVOI_OK);
	}
	connect_with(config);
	all.was_refused = envoi__tls_config_was_session_refused(config);
	envoi_tls_config_unref(config);
}

static void expect(bool is_resumed)
{
	assert_int_equal(all.result, ENVOI_OK);
	assert_int_equal(all.read_result, ENVOI_OK);
	assert_int_equal(all.is_resumed, is_resumed);
	assert_int_equal(all.info.is_resumed, is_resumed);
	assert_int_equal(envoi_tls_is_verified(&all.info), all.decider == NULL);
}

static void a_session_of_1_3_is_resumed_each_time_by_a_new_ticket(void **state)
{
	(void)state;
	connect_again();
	expect(false);
	for (int i = 0; i < 3; i++) {
		connect_again();
		expect(true);
		assert_int_equal(all.info.trust, ENVOI_TLS_TRUST_VERIFIED);
	}
}

/* Its ticket is used once, and the server gives no new one. */
static void a_session_of_1_2_is_resumed_once(void **state)
{
	(void)state;
	all.server.priorities = tls_1_2;
	for (int i = 0; i < 4; i++) {
		connect_again();
		expect(i % 2 == 1);
	}
}

/*
 * RFC 8446, section 2.2. GnuTLS offers psk_ke besides psk_dhe_ke, which a server without groups
 * takes: an attacker with its ticket key could read everything.
 */
static void resumption_without_a_key_exchange_is_refused(void **state)
{
	(void)state;
	connect_again();
	all.server.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+PSK";
	connect_again();
	assert_true(all.was_offered);
	assert_int_equal(all.result, ENVOI_ERR_TLS);
	all.server.priorities = tls_1_3;
	connect_again();
	expect(false);
	assert_false(all.was_offered);
}

/* RFC 7627, section 5.3 */
static void without_the_extended_master_secret_nothing_is_resumed(void **state)
{
	(void)state;
	all.server.priorities = tls_1_2_without;
	connect_again();
	expect(false);
	connect_again();
	expect(false);
}

/* RFC 7627, section 5.3: a peer that had it in the first session must have it in the resumed one.
 */
static void a_server_that_drops_the_extended_master_secret_is_not_resumed(void **state)
{
	(void)state;
	all.server.priorities = tls_1_2;
	connect_again();
	expect(false);
	all.server.priorities = tls_1_2_without;
	connect_again();
	assert_false(all.info.is_resumed);
}

/* RFC 9266; RFC 5929, sections 3 and 4. The first Finished of a handshake cut short is the
 * server's. */
static void channel_bindings_are_those_of_the_server(void **state)
{
	(void)state;
	unsigned char end_point[32];
	for (int i = 0; i < 4; i++) {
		bool is_1_2 = i >= 2;
		all.server.priorities = is_1_2 ? tls_1_2 : tls_1_3;
		connect_again();
		expect(i % 2 == 1);
		assert_true(all.bindings_agree[0]);
		assert_int_equal(all.has_binding[1], is_1_2);
		assert_int_equal(all.bindings_agree[1], is_1_2);
		assert_int_equal(all.is_first_finished, is_1_2);
		assert_true(all.has_binding[2]);
		if (i == 0) {
			memcpy(end_point, all.end_point, sizeof(end_point));
		}
		assert_memory_equal(end_point, all.end_point, sizeof(end_point));
	}
}

static void nothing_is_resumed_where_the_settings_forbid_it(void **state)
{
	(void)state;
	assert_int_equal(envoi_settings_set(all.settings, "tls.resumption", "false"), ENVOI_OK);
	connect_again();
	connect_again();
	expect(false);
}

/* What is resumed would be judged by them, but is not even offered. */
static void other_settings_lead_to_a_full_handshake(void **state)
{
	(void)state;
	static const struct {
		const char *setting, *value;
	} changes[] = {
		{"tls.ca-file", FOLDER "../tls/ca.pem"},
		{"tls.system-trust", "true"},
		{"tls.min-version", "1.3"},
		{"tls.pin-mode", "also"},
		{"tls.pins",
			"sha256:"
			"0000000000000000000000000000000000000000000000000000000000000000"},
	};
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		connect_again();
		connect_again();
		assert_true(all.was_offered);
		assert_int_equal(
			envoi_settings_set(all.settings, changes[i].setting, changes[i].value),
			ENVOI_OK);
		connect_again();
		assert_false(all.was_offered);
	}
	assert_int_equal(all.result, ENVOI_ERR_CERTIFICATE); /* not pinned */
}

static void another_name_or_protocol_leads_to_a_full_handshake(void **state)
{
	(void)state;
	connect_again();
	expect(false);
	all.alpn = "xmpp-client";
	connect_again();
	expect(false);
	all.name = "example.net";
	connect_again();
	assert_int_equal(all.result, ENVOI_ERR_CERTIFICATE);
	all.name = "example.org";
	connect_again();
	expect(true);
}

static void a_session_is_forgotten_after_a_day(void **state)
{
	(void)state;
	connect_again();
	all.now_ms += 24 * 3600000;
	connect_again();
	expect(false);
	all.now_ms -= 1000; /* the clock was set back */
	connect_again();
	expect(false);
}

/* However often it is resumed, the certificates are shown once a day. */
static void a_day_counts_from_the_certificates(void **state)
{
	(void)state;
	for (int hours = 0; hours <= 60; hours += 10) {
		connect_again();
		expect(hours % 30 != 0);
		all.now_ms += 10 * 3600000;
	}
}

/* It is valid until 2119-12-31. */
static void a_certificate_that_has_expired_meanwhile_is_refused(void **state)
{
	(void)state;
	all.now_ms = 4733424000000 - 6 * 3600000;
	connect_again();
	expect(false);
	all.now_ms += 12 * 3600000;
	connect_again();
	assert_int_equal(all.result, ENVOI_ERR_CERTIFICATE);
	assert_false(all.was_offered); /* so that a decision is possible */
	assert_non_null(strstr(all.error, "expired"));
	connect_again();
	assert_int_equal(all.result, ENVOI_ERR_CERTIFICATE);
}

static void a_session_unknown_to_the_server_leads_to_a_full_handshake(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		all.server.priorities = i == 0 ? tls_1_3 : tls_1_2;
		connect_again();
		gnutls_free(all.ticket_key.data);
		assert_int_equal(gnutls_session_ticket_key_generate(&all.ticket_key), 0);
		connect_again();
		expect(false);
	}
}

/* Else every second connection to it would fail. */
static void a_server_that_breaks_off_is_offered_nothing_for_a_day(void **state)
{
	(void)state;
	all.breaks_off_offers = true;
	for (int day = 0; day < 2; day++) {
		connect_again();
		expect(false);
		connect_again();
		assert_int_equal(all.result, ENVOI_ERR_TLS);
		assert_true(all.was_refused);
		for (int i = 0; i < 3; i++) {
			connect_again();
			expect(false);
			assert_false(all.was_offered);
			assert_false(all.was_refused);
		}
		all.now_ms += 24 * 3600000;
	}
}

/* A portal on the way, which answers everything itself, says nothing about the server. */
static void a_peer_that_is_not_a_tls_server_does_not_count(void **state)
{
	(void)state;
	struct envoi_tls_config *config;
	struct envoi__tls *client;
	assert_int_equal(envoi_tls_config_new(&config, all.context, all.settings), ENVOI_OK);
	connect_with(config);
	expect(false);
	assert_int_equal(
		envoi__tls_new(&client, config, ENVOI_INITIATOR, all.name, all.alpn), ENVOI_OK);
	assert_int_equal(envoi__tls_feed(client, "HTTP/1.1 302 Found", 18), ENVOI_OK);
	assert_int_equal(envoi__tls_handshake(client), ENVOI_ERR_TLS);
	assert_false(envoi__tls_config_was_session_refused(config));
	envoi__tls_free(client);
	connect_with(config);
	expect(false);
	connect_with(config);
	expect(true);
	envoi_tls_config_unref(config);
}

static void nothing_is_kept_of_a_connection_that_failed(void **state)
{
	(void)state;
	all.breaks_record = true;
	for (int i = 0; i < 2; i++) {
		connect_again();
		assert_int_equal(all.read_result, ENVOI_ERR_TLS);
		assert_false(all.was_offered);
	}
}

static void a_pinned_server_is_resumed_as_pinned(void **state)
{
	(void)state;
	struct envoi_tls_config *config;
	all.server.certificate = "self-signed";
	connect_again();
	assert_int_equal(all.result, ENVOI_ERR_CERTIFICATE);
	assert_int_equal(envoi_tls_config_new(&config, all.context, all.settings), ENVOI_OK);
	gnutls_x509_crt_t certificate;
	gnutls_datum_t pem;
	unsigned char spki[ENVOI_TLS_SPKI_BYTES];
	size_t size = sizeof(spki);
	assert_int_equal(gnutls_load_file(FOLDER "self-signed.pem", &pem), 0);
	assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
	assert_int_equal(gnutls_x509_crt_import(certificate, &pem, GNUTLS_X509_FMT_PEM), 0);
	assert_int_equal(
		gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, spki, &size), 0);
	gnutls_x509_crt_deinit(certificate);
	gnutls_free(pem.data);
	char pin[80] = "sha256:";
	for (size_t i = 0; i < sizeof(spki); i++) {
		snprintf(pin + strlen(pin), 3, "%02x", spki[i]);
	}
	assert_int_equal(envoi_tls_config_add_pin(config, pin), ENVOI_OK);
	for (int i = 0; i < 2; i++) {
		connect_with(config);
		expect(i == 1);
		assert_int_equal(all.info.trust, ENVOI_TLS_TRUST_PINNED);
	}
	envoi_tls_config_unref(config);
	/* as many pins, but another one: what was verified with the first list is not resumed */
	for (int i = 0; i < 3; i++) {
		char other[] = "sha256:"
			       "0000000000000000000000000000000000000000000000000000000000000000";
		other[sizeof(other) - 2] = i < 2 ? 'a' : 'b';
		assert_int_equal(
			envoi_tls_config_new(&config, all.context, all.settings), ENVOI_OK);
		assert_int_equal(envoi_tls_config_add_pin(config, pin), ENVOI_OK);
		assert_int_equal(envoi_tls_config_add_pin(config, other), ENVOI_OK);
		connect_with(config);
		expect(i == 1);
		envoi_tls_config_unref(config);
	}
}

static int asked;

static void decide(struct envoi_tls_decider *decider, struct envoi_tls_question *question)
{
	(void)decider;
	asked++;
	envoi_tls_question_answer(question, ENVOI_TLS_ACCEPT_ONCE);
}

static void a_session_with_an_accepted_certificate_is_never_resumed(void **state)
{
	(void)state;
	static const struct envoi_tls_decider_impl impl = {.decide = decide};
	struct envoi_tls_decider decider = {&impl};
	asked = 0;
	all.decider = &decider;
	all.server.certificate = "self-signed";
	for (int i = 1; i <= 2; i++) {
		connect_again();
		expect(false);
		assert_int_equal(all.info.trust, ENVOI_TLS_TRUST_ACCEPTED);
		assert_int_equal(asked, i);
	}
	all.decider = NULL;
	connect_again();
	assert_int_equal(all.result, ENVOI_ERR_CERTIFICATE);
}

static void our_certificate_counts_as_shown_in_what_is_resumed(void **state)
{
	(void)state;
	struct envoi_tls_config *config;
	all.server.asks_certificate = true;
	assert_int_equal(envoi_tls_config_new(&config, all.context, all.settings), ENVOI_OK);
	connect_with(config);
	expect(false);
	assert_false(all.info.is_certificate_sent);
	assert_int_equal(envoi_tls_config_set_certificate(
				 config, FOLDER "client.pem", FOLDER "client-key.pem", NULL),
		ENVOI_OK);
	for (int i = 0; i < 2; i++) {
		connect_with(config);
		expect(i == 1); /* and not the session from before it was there */
		assert_true(all.info.is_certificate_sent);
	}
	envoi_tls_config_unref(config);
}

/* --- the cache --- */

static void put(int number)
{
	struct envoi__tls_cache_key key = {{(unsigned char)number}};
	struct envoi__tls_session session = {
		.data = {gnutls_malloc(4), 4},
		.origin = {.since_ms = all.now_ms, .until_ms = all.now_ms + 1000},
	};
	assert_non_null(session.data.data);
	memcpy(session.data.data, "data", 4);
	envoi__tls_cache_put(all.context, &key, &session);
}

static bool take(int number)
{
	struct envoi__tls_cache_key key = {{(unsigned char)number}};
	struct envoi__tls_session session = {0};
	bool is_there = envoi__tls_cache_take(all.context, &key, &session);
	envoi__tls_session_finish(&session);
	return is_there;
}

static void the_oldest_goes_when_there_are_too_many(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		put(i);
		all.now_ms++;
	}
	for (int i = 0; i < 100; i++) {
		assert_int_equal(take(i), i >= 100 - ENVOI__TLS_CACHE_ENTRIES);
		assert_false(take(i));
	}
	put(1);
	put(1);
	assert_true(take(1));
	assert_false(take(1));
}

static void a_session_that_is_too_large_is_not_kept(void **state)
{
	(void)state;
	for (unsigned int over = 0; over < 2; over++) {
		struct envoi__tls_cache_key key = {{1}};
		unsigned int size = ENVOI__TLS_CACHE_SESSION_BYTES + over;
		struct envoi__tls_session session = {.data = {gnutls_malloc(size), size},
			.origin = {.since_ms = all.now_ms, .until_ms = all.now_ms + 1000}};
		assert_non_null(session.data.data);
		envoi__tls_cache_put(all.context, &key, &session);
		assert_null(session.data.data);
		assert_int_equal(take(1), over == 0);
	}
}

static void without_memory_for_the_cache_nothing_is_kept(void **state)
{
	(void)state;
	struct test_allocator allocator = {0};
	struct envoi_context *context;
	struct envoi__tls_cache_key key = {{1}};
	assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
	for (int i = 0; i < 2; i++) {
		struct envoi__tls_session session = {.data = {gnutls_malloc(4), 4},
			.origin = {.since_ms = 0, .until_ms = INT64_MAX}};
		assert_non_null(session.data.data);
		allocator.fail_at = i == 0 ? allocator.calls + 1 : 0;
		envoi__tls_cache_put(context, &key, &session);
		assert_null(session.data.data);
		assert_int_equal(envoi__tls_cache_take(context, &key, &session), i == 1);
		envoi__tls_session_finish(&session);
	}
	envoi_context_unref(context);
	assert_int_equal(allocator.live, 0);
}

static gnutls_free_function free_before;
static int frees, frees_unwiped;

static void look_and_free(void *data)
{
	static const char nothing[4];
	if (data != NULL) {
		frees++;
		frees_unwiped += memcmp(data, nothing, sizeof(nothing)) != 0;
	}
	free_before(data);
}

/* Used, replaced, too old, too many, barred, and with the context. */
static void whatever_is_let_go_is_wiped(void **state)
{
	(void)state;
	struct envoi__tls_cache_key barred = {{2}};
	free_before = gnutls_free;
	frees = frees_unwiped = 0;
	gnutls_free = look_and_free;
	put(1);
	take(1);
	put(1);
	put(1);
	put(2);
	envoi__tls_cache_bar(all.context, &barred);
	put(2);
	all.now_ms += 5000;
	put(3);
	for (int i = 0; i < ENVOI__TLS_CACHE_ENTRIES; i++) {
		put(10 + i);
	}
	envoi_settings_free(all.settings);
	envoi_context_unref(all.context);
	gnutls_free = free_before;
	all.settings = NULL;
	all.context = NULL;
	assert_int_equal(frees, 6 + ENVOI__TLS_CACHE_ENTRIES);
	assert_int_equal(frees_unwiped, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_session_of_1_3_is_resumed_each_time_by_a_new_ticket),
		CASE(a_session_of_1_2_is_resumed_once),
		CASE(resumption_without_a_key_exchange_is_refused),
		CASE(without_the_extended_master_secret_nothing_is_resumed),
		CASE(a_server_that_drops_the_extended_master_secret_is_not_resumed),
		CASE(channel_bindings_are_those_of_the_server),
		CASE(nothing_is_resumed_where_the_settings_forbid_it),
		CASE(other_settings_lead_to_a_full_handshake),
		CASE(another_name_or_protocol_leads_to_a_full_handshake),
		CASE(a_session_is_forgotten_after_a_day),
		CASE(a_day_counts_from_the_certificates),
		CASE(a_certificate_that_has_expired_meanwhile_is_refused),
		CASE(a_session_unknown_to_the_server_leads_to_a_full_handshake),
		CASE(a_server_that_breaks_off_is_offered_nothing_for_a_day),
		CASE(a_peer_that_is_not_a_tls_server_does_not_count),
		CASE(nothing_is_kept_of_a_connection_that_failed),
		CASE(a_pinned_server_is_resumed_as_pinned),
		CASE(a_session_with_an_accepted_certificate_is_never_resumed),
		CASE(our_certificate_counts_as_shown_in_what_is_resumed),
		CASE(the_oldest_goes_when_there_are_too_many),
		CASE(a_session_that_is_too_large_is_not_kept),
		CASE(without_memory_for_the_cache_nothing_is_kept),
		CASE(whatever_is_let_go_is_wiped),
	};
	return cmocka_run_group_tests_name("crypto/tls resume", tests, NULL, NULL);
}
