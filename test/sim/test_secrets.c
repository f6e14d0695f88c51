/*
 * envoi - secrets leave no trace: tests
 * SPDX-License-Identifier: MIT
 */
/*
 * Logins of every kind, with all logging on and a tap: every library that frees memory, or keeps
 * it, has no password in it and none of the keys that follow from one, but where they are meant to
 * be. Client and server are in one process, so the receiving side is looked at as well.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/sasl.h>
#include <envoi/mainloop.h>
#include <envoi/values.h>

#include "features/sasl/sasl_feature.h"
#include "secrets.h"
#include "server.h"
#include "tls/tls_engine.h"
#include "tls_server.h"

enum {
	MASK = 0x5a,
	ROOM = 128,
};

/* "m4rker-Of-A-Pa55word-X9", masked */
static const unsigned char masked_password[] = {0x37, 0x6e, 0x28, 0x31, 0x3f, 0x28, 0x77, 0x15,
	0x3c, 0x77, 0x1b, 0x77, 0x0a, 0x3b, 0x6f, 0x6f, 0x2d, 0x35, 0x28, 0x3e, 0x77, 0x02, 0x63};

/* What asks for the password, and is answered later. */
struct dialogue {
	struct envoi_sasl_credentials base;
	struct envoi_sasl_request *request;
};

static struct {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct test_server *server;
	struct envoi_client *client;
	struct dialogue dialogue;
	unsigned int key_passwords_asked;
	unsigned int told; /* secrets in logs, taps and failures */
} world;

static void unmask_password(char password[ROOM])
{
	memset(password, 0, ROOM);
	for (size_t i = 0; i < sizeof(masked_password); i++) {
		password[i] = (char)(masked_password[i] ^ MASK);
	}
}

static void begin_secrets(void)
{
	char password[ROOM];
	secrets_begin();
	unmask_password(password);
	secrets_add("password", password, strlen(password));
	explicit_bzero(password, sizeof(password));
	secrets_watch(true);
}

static void assert_clean(void)
{
	assert_int_equal(secrets_given_back(SECRETS_OURS, NULL), 0);
	assert_int_equal(secrets_given_back(SECRETS_GNUTLS, NULL), 0);
	assert_int_equal(secrets_given_back(SECRETS_OTHERS, NULL), 0);
}

/* --- a server and a client --- */

static void on_log(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	(void)user, (void)level, (void)subject;
	world.told += secrets_in(message, strlen(message));
}

static void on_tap(void *user, enum envoi_direction direction, const char *xml, size_t len)
{
	(void)user, (void)direction;
	world.told += secrets_in(xml, len);
}

static void begin_client(const char *mechanism)
{
	char password[ROOM];
	assert_int_equal(
		envoi_client_new(&world.client, world.context, "alice@example.org"), ENVOI_OK);
	unmask_password(password);
	envoi_client_set_password(world.client, password);
	explicit_bzero(password, sizeof(password));
	envoi_client_set(world.client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
	envoi_client_set(world.client, "tls.system-trust", "false");
	envoi_client_set(world.client, "tls.mode", "starttls");
	envoi_client_set(world.client, "sasl.mechanisms", mechanism);
	envoi_client_set_tap(world.client, on_tap, NULL);
	envoi_client_add_connector(world.client, test_server_connector(world.server));
}

static void server_set(const char *name, const char *value)
{
	assert_int_equal(
		envoi_settings_set(test_server_settings(world.server), name, value), ENVOI_OK);
	test_server_renew_sasl(world.server);
}

static void begin_world(const char *mechanism)
{
	char password[ROOM];
	struct envoi_context_options options = {.log = on_log, .log_level = ENVOI_LOG_DEBUG};
	memset(&world, 0, sizeof(world));
	assert_int_equal(envoi_context_new(&world.context, &options), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&world.loop, world.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(world.context, world.loop), ENVOI_OK);
	world.server = test_server_new(world.context, TEST_DATA, NULL);
	unmask_password(password);
	test_server_add_account(world.server, "alice", password);
	explicit_bzero(password, sizeof(password));
	/* More than one slice, so that a login can be cut short while keys are derived. */
	server_set("sasl.min-iterations", "5000");
	if (strstr(mechanism, "-PLUS") == NULL) {
		server_set("sasl.channel-binding", "never");
	}
	begin_client(mechanism);
}

static void settle(void)
{
	assert_int_equal(envoi_loop_simulated_run_for(world.loop, 5000), ENVOI_OK);
}

static void start(void)
{
	assert_int_equal(envoi_client_connect(world.client), ENVOI_OK);
	settle();
}

static void leave(void)
{
	envoi_client_disconnect(world.client);
	settle();
}

static void log_in(void)
{
	start();
	assert_int_equal(test_server_online(world.server), 1);
}

static void fail_to_log_in(void)
{
	start();
	assert_int_equal(test_server_online(world.server), 0);
	const char *text = envoi_client_failure_text(world.client);
	world.told += secrets_in(text, strlen(text));
}

static void end_client(void)
{
	envoi_client_free(world.client);
	world.client = NULL;
	settle();
}

static void end_world(void)
{
	envoi_client_free(world.client);
	test_server_free(world.server);
	envoi_context_unref(world.context);
	assert_int_equal(secrets_held(NULL), 0);
	assert_int_equal(world.told, 0);
}

/* --- the keys of a login are secrets as the password is --- */

static gnutls_mac_algorithm_t mac_of(size_t key_len)
{
	return key_len == 20    ? GNUTLS_MAC_SHA1
		: key_len == 32 ? GNUTLS_MAC_SHA256
				: GNUTLS_MAC_SHA512;
}

static void add_salted(const void *salt, size_t salt_len, size_t key_len)
{
	char password[ROOM], salted[ROOM];
	unmask_password(password);
	const gnutls_datum_t key = {(unsigned char *)password, (unsigned int)strlen(password)};
	union {
		const void *given;
		unsigned char *data;
	} bytes = {.given = salt};
	const gnutls_datum_t salt_datum = {bytes.data, (unsigned int)salt_len};
	assert_int_equal(
		gnutls_pbkdf2(mac_of(key_len), &key, &salt_datum, 5000, salted, key_len), 0);
	secrets_add("salted password", salted, key_len);
	explicit_bzero(password, sizeof(password));
	explicit_bzero(salted, sizeof(salted));
}

static void add_keys(void)
{
	struct envoi_buffer saved;
	char salt[ROOM], client[ROOM], server[ROOM];
	size_t salt_len, client_len, server_len;
	envoi_buffer_init(&saved, world.context, 0);
	assert_int_equal(envoi_client_save_account(world.client, &saved), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&saved, "", 1), ENVOI_OK);
	const char *line = strstr(envoi_buffer_data(&saved), "sasl-keys ");
	assert_non_null(line);
	assert_int_equal(
		sscanf(line, "%*s %*s %*s %127s %*s %127s %127s", salt, client, server), 3);
	assert_int_equal(envoi_base64_decode(salt, &salt_len, salt, strlen(salt)), ENVOI_OK);
	assert_int_equal(
		envoi_base64_decode(client, &client_len, client, strlen(client)), ENVOI_OK);
	assert_int_equal(
		envoi_base64_decode(server, &server_len, server, strlen(server)), ENVOI_OK);
	envoi_buffer_wipe(&saved);
	secrets_add("client key", client, client_len);
	secrets_add("server key", server, server_len);
	add_salted(salt, salt_len, client_len);
	explicit_bzero(client, sizeof(client));
	explicit_bzero(server, sizeof(server));
}

static void assert_keys_held(unsigned int count)
{
	assert_int_equal(secrets_held("client key"), count);
	assert_int_equal(secrets_held("server key"), count);
	assert_int_equal(secrets_held("salted password"), 0);
}

/* --- tests --- */

static void the_search_finds_what_is_there(void **state)
{
	(void)state;
	begin_secrets();
	char *password = malloc(ROOM), *text = calloc(2, ROOM);
	unmask_password(password);
	assert_int_equal(secrets_held("password"), 1);
	assert_int_equal(secrets_held("another"), 0);
	for (size_t before = 0; before < 3; before++) {
		char shifted[2 * ROOM] = "\0\0\0";
		memcpy(shifted + before, password, sizeof(masked_password));
		envoi_base64_encode(text, shifted, before + sizeof(masked_password));
		explicit_bzero(shifted, sizeof(shifted));
		assert_int_equal(secrets_held(NULL), 2);
	}
	envoi_hex_encode(text, password, strlen(password));
	assert_int_equal(secrets_in(text, strlen(text)), 1);
	assert_int_equal(secrets_held(NULL), 2);
	explicit_bzero(text, 2 * ROOM);
	free(text);
	assert_int_equal(secrets_given_back(SECRETS_OURS, NULL), 0);
	free(password);
	assert_int_equal(secrets_held(NULL), 0);
	assert_int_equal(secrets_given_back(SECRETS_OURS, NULL), 1);
	assert_int_equal(secrets_given_back(SECRETS_GNUTLS, NULL), 0);
	assert_int_equal(secrets_given_back(SECRETS_OTHERS, NULL), 0);
}

/* One login, cut short after each turn of the loop. */
static void cut_short(const char *mechanism)
{
	bool is_through = false;
	for (int turns = 0; !is_through; turns += 3) {
		begin_client(mechanism);
		assert_int_equal(envoi_client_connect(world.client), ENVOI_OK);
		for (int i = 0; i < turns && !is_through; i++) {
			assert_int_equal(envoi_loop_run_once(world.loop, false), ENVOI_OK);
			is_through = test_server_online(world.server) > 0;
		}
		if (turns % 2 == 0) {
			leave();
		}
		end_client();
		assert_int_equal(secrets_held("password"), 1); /* the server's */
		assert_keys_held(0);
	}
}

static void log_in_in_every_way(const char *mechanism, bool has_keys, bool is_cut_short)
{
	begin_secrets();
	begin_world(mechanism);
	log_in();
	if (has_keys) {
		add_keys();
	}
	assert_int_equal(secrets_held("password"), 2); /* the client's, the server's */
	assert_keys_held(has_keys);
	leave();
	log_in(); /* with keys, if there are any */
	leave();
	envoi_client_forget_keys(world.client);
	assert_keys_held(0);
	test_server_set_password(world.server, "alice", "another");
	fail_to_log_in();
	assert_int_equal(secrets_held("password"), 1);
	assert_keys_held(0);
	end_client();
	assert_int_equal(secrets_held(NULL), 0);
	char password[ROOM];
	unmask_password(password);
	test_server_set_password(world.server, "alice", password);
	explicit_bzero(password, sizeof(password));
	if (is_cut_short) {
		cut_short(mechanism);
	}
	end_world();
}

static void scram_leaves_nothing(void **state)
{
	(void)state;
	static const char *const mechanisms[] = {"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512",
		"SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS"};
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
		log_in_in_every_way(
			mechanisms[i], true, strcmp(mechanisms[i], "SCRAM-SHA-256-PLUS") == 0);
		assert_clean();
	}
}

/* On the receiving side GnuTLS decrypts into memory of its own, and does not wipe it. */
static void plain_leaves_nothing_but_what_gnutls_has_decrypted(void **state)
{
	(void)state;
	log_in_in_every_way("PLAIN", false, true);
	assert_int_equal(secrets_given_back(SECRETS_OURS, NULL), 0);
	assert_int_equal(secrets_given_back(SECRETS_OTHERS, NULL), 0);
}

/* --- a password that comes when it is asked for --- */

static unsigned int means(struct envoi_sasl_credentials *base)
{
	(void)base;
	return ENVOI_SASL_PASSWORD;
}

static void request(struct envoi_sasl_credentials *base, struct envoi_sasl_request *wanted)
{
	ENVOI_CONTAINER_OF(base, struct dialogue, base)->request = wanted;
}

static void cancel(struct envoi_sasl_credentials *base, struct envoi_sasl_request *wanted)
{
	(void)wanted;
	ENVOI_CONTAINER_OF(base, struct dialogue, base)->request = NULL;
}

static void destroy(struct envoi_sasl_credentials *base)
{
	(void)base;
}

static const struct envoi_sasl_credentials_impl dialogue_impl = {
	.means = means, .request = request, .cancel = cancel, .destroy = destroy};

static void answer_later(void)
{
	char password[ROOM];
	start();
	assert_non_null(world.dialogue.request);
	unmask_password(password);
	envoi_sasl_answer(world.dialogue.request, ENVOI_OK,
		&(struct envoi_sasl_identity){.authcid = "alice", .password = password});
	explicit_bzero(password, sizeof(password));
	settle();
}

static void a_password_that_comes_later_is_not_kept(void **state)
{
	(void)state;
	static const char *const mechanisms[] = {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-1", "PLAIN"};
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
		begin_secrets();
		begin_world(mechanisms[i]);
		envoi_client_set_password(world.client, "");
		world.dialogue.base.impl = &dialogue_impl;
		assert_int_equal(
			envoi_client_set_credentials(world.client, &world.dialogue.base), ENVOI_OK);
		answer_later();
		assert_int_equal(test_server_online(world.server), 1);
		assert_int_equal(secrets_held("password"), 1);
		leave();
		test_server_set_password(world.server, "alice", "another");
		envoi_client_forget_keys(world.client);
		answer_later();
		assert_int_equal(test_server_online(world.server), 0);
		assert_int_equal(secrets_held("password"), 0);
		end_world();
		assert_int_equal(secrets_given_back(SECRETS_OURS, NULL), 0);
	}
}

/* --- the password of a certificate's key, and the key --- */

static void on_key_password(void *user, const char *file, bool was_wrong)
{
	(void)user, (void)file, (void)was_wrong;
	world.key_passwords_asked++;
}

static void answer_with_key_password(void)
{
	char password[ROOM];
	unmask_password(password);
	assert_int_equal(envoi_client_set_key_password(world.client, password), ENVOI_OK);
	explicit_bzero(password, sizeof(password));
	settle();
}

/* Not read with GnuTLS nor stdio, which leave copies. */
static void add_private_key(void)
{
	unsigned char text[4096];
	int fd = open(TEST_DATA "/tls/client-key.pem", O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, text, sizeof(text));
	assert_true(len > 0);
	close(fd);
	const gnutls_datum_t file = {text, (unsigned int)len};
	gnutls_datum_t part;
	gnutls_x509_privkey_t key;
	gnutls_ecc_curve_t curve;
	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(gnutls_x509_privkey_import(key, &file, GNUTLS_X509_FMT_PEM), 0);
	assert_int_equal(gnutls_x509_privkey_export_ecc_raw(key, &curve, NULL, NULL, &part), 0);
	secrets_add("private key", part.data, part.size);
	gnutls_memset(part.data, 0, part.size);
	gnutls_free(part.data);
	explicit_bzero(text, sizeof(text));
	gnutls_x509_privkey_deinit(key);
}

/* GnuTLS and libunistring give back the password unwiped while they prepare it. */
static void a_locked_key_leaves_nothing_and_its_password_nothing_of_ours(void **state)
{
	(void)state;
	static const struct {
		const char *certificate, *key;
		bool is_right;
	} rows[] = {
		{TEST_DATA "/tls/client.pem", TEST_DATA "/tls/client-marked-key.pem", true},
		{TEST_DATA "/tls/client.pem", TEST_DATA "/tls/client-locked-key.pem", false},
		{TEST_DATA "/tls/client-marked.p12", NULL, true},
		{TEST_DATA "/tls/client.p12", NULL, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin_secrets();
		add_private_key();
		begin_world("SCRAM-SHA-1");
		test_server_set_password(world.server, "alice", "another");
		envoi_client_set_password(world.client, "another");
		envoi_client_set(world.client, "tls.cert-file", rows[i].certificate);
		if (rows[i].key != NULL) {
			envoi_client_set(world.client, "tls.key-file", rows[i].key);
		}
		envoi_client_ask_key_password(world.client, on_key_password, NULL);
		assert_int_equal(envoi_client_connect(world.client), ENVOI_OK);
		settle();
		assert_int_equal(world.key_passwords_asked, 1);
		answer_with_key_password();
		assert_int_equal(world.key_passwords_asked, rows[i].is_right ? 1 : 2);
		assert_int_equal(test_server_online(world.server), rows[i].is_right);
		/* The client's own, until the key is needed no more: not one that did not open it.
		 *  */
		assert_int_equal(secrets_held("password"), rows[i].is_right);
		assert_int_equal(secrets_held("private key"), rows[i].is_right);
		end_world();
		assert_int_equal(secrets_given_back(SECRETS_OURS, NULL), 0);
		assert_int_equal(secrets_given_back(SECRETS_GNUTLS, "private key"), 0);
		assert_int_equal(secrets_given_back(SECRETS_OTHERS, "private key"), 0);
	}
}

/* --- what was parsed --- */

#define HEAD \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"version='1.0'>"

static void feed(struct envoi_xml_parser *parser, const char *xml)
{
	struct envoi_xml_item item;
	assert_int_equal(envoi_xml_parser_feed(parser, xml, strlen(xml)), ENVOI_OK);
	while (envoi_xml_parser_next(parser, &item) == ENVOI_OK) {
		envoi__sasl_wipe_element(item.element); /* as its handler does */
		envoi_element_unref(item.element);
	}
}

/* libxml2 moves what is in its buffer now and then, about each 4 KiB. */
static void a_parser_keeps_nothing_of_what_it_has_parsed(void **state)
{
	(void)state;
	struct envoi_context *context;
	struct envoi_xml_parser *parser;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(envoi_xml_parser_new(&parser, context, NULL), ENVOI_OK);
	begin_secrets();
	feed(parser, HEAD);
	for (int i = 0; i < 200; i++) {
		char xml[ROOM + 50] = "<auth>";
		unmask_password(xml + strlen(xml));
		strcpy(xml + strlen(xml), "</auth>");
		feed(parser, xml);
		explicit_bzero(xml, sizeof(xml));
		assert_int_equal(secrets_held(NULL), 0);
	}
	envoi_xml_parser_free(parser);
	envoi_context_unref(context);
	assert_clean();
}

/* --- libraries, as the initiating side uses them --- */

/* The first step of an exchange. @param behind  what the password ends with */
static void begin_exchange(const char *mechanism, const char *behind, int result)
{
	struct envoi_context *context;
	struct envoi_sasl_exchange *exchange;
	struct envoi_buffer out;
	char password[ROOM];
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	begin_secrets();
	unmask_password(password);
	memcpy(password + strlen(password), behind, strlen(behind) + 1);
	const struct envoi_sasl_parameters parameters = {.role = ENVOI_INITIATOR,
		.authcid = "alice",
		.password = password,
		.hostname = "example.org"};
	assert_int_equal(envoi_sasl_start(&exchange, context, envoi_sasl_find(context, mechanism),
				 &parameters),
		ENVOI_OK);
	explicit_bzero(password, sizeof(password));
	envoi_buffer_init(&out, context, 0);
	assert_int_equal(envoi_sasl_step(exchange, NULL, 0, &out), result);
	assert_true(envoi_buffer_len(&out) > 0);
	envoi_buffer_wipe(&out);
	envoi_sasl_free(exchange);
	assert_int_equal(secrets_held(NULL), 0);
	envoi_context_unref(context);
}

static void libgsasl_keeps_no_password(void **state)
{
	(void)state;
	begin_exchange("PLAIN", "", ENVOI_OK);
	assert_clean();
	begin_exchange("PLAIN", "\xc3\xa9", ENVOI_OK);
	assert_clean();
}

/* libidn has copies that it does not wipe; we have not. */
static void preparing_a_password_leaves_nothing_of_ours(void **state)
{
	(void)state;
	begin_exchange("SCRAM-SHA-1", "", ENVOI_AGAIN);
	assert_clean();
	begin_exchange("SCRAM-SHA-1", "\xc3\xa9", ENVOI_AGAIN);
	assert_int_equal(secrets_given_back(SECRETS_OURS, NULL), 0);
	assert_int_equal(secrets_given_back(SECRETS_GNUTLS, NULL), 0);
}

/* What is sent is encrypted on the way into GnuTLS's buffers. */
static void send_sealed(const char *priorities)
{
	struct envoi_context *context;
	struct envoi_settings *settings;
	struct envoi_tls_config *config;
	struct envoi__tls *client;
	struct tls_server server;
	char password[ROOM];
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&settings, context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&config, context, settings), ENVOI_OK);
	tls_server_init(&server, context, &(struct tls_server_options){.priorities = priorities});
	assert_int_equal(
		envoi__tls_new(&client, config, ENVOI_INITIATOR, "example.org", NULL), ENVOI_OK);
	assert_int_equal(tls_server_shake_hands(&server, client), ENVOI_OK);
	begin_secrets();
	unmask_password(password);
	assert_int_equal(envoi__tls_write(client, password, strlen(password)), ENVOI_OK);
	explicit_bzero(password, sizeof(password));
	assert_true(envoi_buffer_len(envoi__tls_output(client)) > 0);
	assert_int_equal(secrets_held(NULL), 0);
	envoi__tls_free(client);
	tls_server_finish(&server);
	envoi_tls_config_unref(config);
	envoi_settings_free(settings);
	envoi_context_unref(context);
	assert_clean();
}

static void gnutls_keeps_nothing_of_what_is_sent(void **state)
{
	(void)state;
	static const char *const priorities[] = {
		"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM",
		"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM",
		"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305",
		"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-GCM",
		"NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+CHACHA20-POLY1305",
	};
	for (size_t i = 0; i < sizeof(priorities) / sizeof(priorities[0]); i++) {
		send_sealed(priorities[i]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_search_finds_what_is_there),
		cmocka_unit_test(scram_leaves_nothing),
		cmocka_unit_test(plain_leaves_nothing_but_what_gnutls_has_decrypted),
		cmocka_unit_test(a_password_that_comes_later_is_not_kept),
		cmocka_unit_test(a_locked_key_leaves_nothing_and_its_password_nothing_of_ours),
		cmocka_unit_test(a_parser_keeps_nothing_of_what_it_has_parsed),
		cmocka_unit_test(libgsasl_keeps_no_password),
		cmocka_unit_test(preparing_a_password_leaves_nothing_of_ours),
		cmocka_unit_test(gnutls_keeps_nothing_of_what_is_sent),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sim/secrets", tests, NULL, NULL);
}
