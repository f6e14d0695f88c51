/*
 * envoi - TLS: the certificates of a receiver, by domain: tests
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/error.h>

#include "test_allocator.h"
#include "tls/tls_engine.h"
#include "tls_client.h"
#include "tls_pair.h"

static const char *const versions[] = {TLS_1_2, TLS_1_3};

static struct {
	struct envoi_context *context;
	struct envoi_tls_config *config;
	int64_t now_ms;
	int errors, warnings;
	char last[512];
	char folder[64], cert[96], key[96];
	int second; /* of the times of files */
} all;

static int64_t wall_clock(void *user)
{
	(void)user;
	return all.now_ms;
}

static void note(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	(void)user, (void)subject;
	all.errors += level == ENVOI_LOG_ERROR;
	all.warnings += level == ENVOI_LOG_WARNING;
	snprintf(all.last, sizeof(all.last), "%s", message);
}

static int setup(void **state)
{
	(void)state;
	memset(&all, 0, sizeof(all));
	all.now_ms = INT64_C(1800000000000);
	all.second = 1000;
	const struct envoi_context_options options = {.wall_clock = wall_clock};
	assert_int_equal(envoi_context_new(&all.context, &options), ENVOI_OK);
	envoi_context_set_log(all.context, note, ENVOI_LOG_WARNING, NULL);
	snprintf(all.folder, sizeof(all.folder), "/tmp/envoi-domains-XXXXXX");
	assert_non_null(mkdtemp(all.folder));
	snprintf(all.cert, sizeof(all.cert), "%s/cert.pem", all.folder);
	snprintf(all.key, sizeof(all.key), "%s/key.pem", all.folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi_tls_config_unref(all.config);
	envoi_context_unref(all.context);
	unlink(all.cert);
	unlink(all.key);
	rmdir(all.folder);
	return 0;
}

/* Each time has its own second, so that nothing depends on how fine the clock of a file system is.
 */
static void copy_file(const char *to, const char *from, size_t most)
{
	static char data[65536];
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	assert_true(in != NULL && out != NULL);
	size_t len = fread(data, 1, sizeof(data) < most ? sizeof(data) : most, in);
	assert_int_equal(fwrite(data, 1, len, out), len);
	fclose(in);
	fclose(out);
	const struct timespec times[2] = {{.tv_sec = all.second}, {.tv_sec = all.second}};
	all.second++;
	assert_int_equal(utimensat(AT_FDCWD, to, times, 0), 0);
}

static void use_certificate(const char *name)
{
	copy_file(all.cert, tls_path(name, ".pem"), SIZE_MAX);
}

static void new_server(const char *certificate)
{
	assert_int_equal(envoi_tls_config_new_server(&all.config, all.context,
				 certificate == NULL ? NULL : tls_path(certificate, ".pem"),
				 tls_path("server", "-key.pem")),
		ENVOI_OK);
}

static int add(const char *domain, const char *certificate)
{
	return envoi_tls_config_add_domain(
		all.config, domain, tls_path(certificate, ".pem"), tls_path("server", "-key.pem"));
}

/* A server of the temporary files. */
static void serve_files(const char *certificate)
{
	use_certificate(certificate);
	copy_file(all.key, tls_path("server", "-key.pem"), SIZE_MAX);
	assert_int_equal(
		envoi_tls_config_new_server(&all.config, all.context, all.cert, all.key), ENVOI_OK);
}

/* Whether it is the first certificate in the file. */
static void assert_presented(gnutls_session_t session, const char *certificate)
{
	unsigned int count = 0, listed = 1;
	gnutls_datum_t pem, der;
	gnutls_x509_crt_t wanted;
	const gnutls_datum_t *seen = gnutls_certificate_get_peers(session, &count);
	assert_int_equal(gnutls_load_file(tls_path(certificate, ".pem"), &pem), 0);
	assert_true(
		gnutls_x509_crt_list_import(&wanted, &listed, &pem, GNUTLS_X509_FMT_PEM, 0) >= 0);
	assert_int_equal(gnutls_x509_crt_export2(wanted, GNUTLS_X509_FMT_DER, &der), 0);
	if (seen == NULL || seen->size != der.size || memcmp(seen->data, der.data, der.size) != 0) {
		fail_msg("another certificate than %s", certificate);
	}
	gnutls_free(der.data);
	gnutls_free(pem.data);
	gnutls_x509_crt_deinit(wanted);
}

static void check_presented_to(
	const char *priorities, const char *name, const char *domain, const char *certificate)
{
	const struct tls_client_options options = {.priorities = priorities, .server_name = name};
	struct tls_client client;
	struct envoi__tls *server;
	tls_client_init(&client, all.context, &options);
	assert_int_equal(
		envoi__tls_new(&server, all.config, ENVOI_RECEIVER, domain, NULL), ENVOI_OK);
	assert_int_equal(tls_client_shake_hands(&client, server), ENVOI_OK);
	assert_int_equal(client.result, 0);
	assert_presented(client.session, certificate);
	envoi__tls_free(server);
	tls_client_finish(&client);
}

static void check_presented(const char *name, const char *domain, const char *certificate)
{
	for (size_t i = 0; i < 2; i++) {
		check_presented_to(versions[i], name, domain, certificate);
	}
}

/* --- the choice --- */

static void the_name_of_the_handshake_chooses_then_that_of_the_stream(void **state)
{
	(void)state;
	static const struct {
		const char *name, *domain, *certificate;
	} cases[] = {
		{"example.org", NULL, "right"},
		{"EXAMPLE.org", NULL, "right"},
		{"other.example", NULL, "other-name"},
		{"xn--bcher-kva.example", NULL, "idn"},
		{"b\xc3\xbc"
		 "cher.example",
			NULL, "idn"},
		{NULL, "example.org", "right"},
		{NULL, "other.example", "other-name"},
		{NULL,
			"b\xc3\xbc"
			"cher.example",
			"idn"},
		{"example.org", "other.example", "right"},
		{"unknown.example", "other.example", "other-name"},
		{"unknown.example", NULL, "address"},
		{"unknown.example", "unknown.example", "address"},
		{"a.example.org", NULL, "address"}, /* no wildcard */
		{NULL, NULL, "address"},
		{NULL, "not a domain", "address"},
		{NULL, "192.0.2.1", "address"},
	};
	new_server("address");
	assert_int_equal(add("example.org", "right"), ENVOI_OK);
	assert_int_equal(add("other.example", "other-name"), ENVOI_OK);
	assert_int_equal(add("B\xc3\xbc"
			     "cher.example.",
				 "idn"),
		ENVOI_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_presented(cases[i].name, cases[i].domain, cases[i].certificate);
	}
	assert_int_equal(all.warnings, 0);
}

static void without_a_certificate_for_other_names_the_first_is_presented(void **state)
{
	(void)state;
	struct envoi__tls *server;
	new_server(NULL);
	assert_int_equal(envoi__tls_new(&server, all.config, ENVOI_RECEIVER, "example.org", NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_tls_config_reload(all.config), ENVOI_OK);
	assert_int_equal(add("other.example", "other-name"), ENVOI_OK);
	assert_int_equal(add("example.org", "right"), ENVOI_OK);
	check_presented("example.org", NULL, "right");
	check_presented("unknown.example", NULL, "other-name");
	check_presented(NULL, NULL, "other-name");
}

static void a_domain_is_added_once_and_completely_or_not_at_all(void **state)
{
	(void)state;
	new_server("address");
	assert_int_equal(add("", "right"), ENVOI_ERR_INVALID);
	assert_int_equal(add("not a domain", "right"), ENVOI_ERR_INVALID);
	assert_int_equal(add("*.example.org", "right"), ENVOI_ERR_INVALID);
	assert_int_equal(add("example.org", "absent"), ENVOI_ERR_SYSTEM);
	assert_int_equal(add("example.org", "generate"), ENVOI_ERR_SYSTEM);
	assert_int_equal(add("example.org", "client"), ENVOI_ERR_CERTIFICATE); /* another's key */
	assert_int_equal(envoi_tls_config_add_domain(all.config, "example.org",
				 tls_path("client", ".pem"), tls_path("client-locked", "-key.pem")),
		ENVOI_ERR_CERTIFICATE);
	check_presented("example.org", NULL, "address");
	assert_int_equal(add("example.org", "right"), ENVOI_OK);
	assert_int_equal(add("EXAMPLE.org.", "other-name"), ENVOI_ERR_EXISTS);
	check_presented("example.org", NULL, "right");
}

static void a_certificate_for_other_names_is_taken_with_a_warning(void **state)
{
	(void)state;
	new_server(NULL);
	assert_int_equal(add("example.org", "other-name"), ENVOI_OK);
	assert_int_equal(all.warnings, 1);
	assert_non_null(
		strstr(all.last, "the certificate is not for example.org: clients will refuse it"));
	check_presented("example.org", NULL, "other-name");
}

static void a_client_configuration_has_no_domains(void **state)
{
	(void)state;
	all.config = tls_trust_only(all.context, "ca");
	assert_int_equal(add("example.org", "right"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_tls_config_reload(all.config), ENVOI_ERR_INVALID);
}

static void the_key_may_be_in_the_certificates_file(void **state)
{
	(void)state;
	static char data[65536];
	size_t len = 0;
	const char *const parts[] = {tls_path("server", "-key.pem"), tls_path("right", ".pem")};
	for (size_t i = 0; i < 2; i++) {
		FILE *in = fopen(parts[i], "r");
		assert_non_null(in);
		len += fread(data + len, 1, sizeof(data) - len, in);
		fclose(in);
	}
	FILE *out = fopen(all.cert, "w");
	assert_int_equal(fwrite(data, 1, len, out), len);
	fclose(out);
	assert_int_equal(
		envoi_tls_config_new_server(&all.config, all.context, all.cert, NULL), ENVOI_OK);
	check_presented(NULL, NULL, "right");
}

/* --- reading again --- */

static void a_changed_file_is_read_again_within_a_second(void **state)
{
	(void)state;
	serve_files("right");
	check_presented(NULL, NULL, "right");
	use_certificate("other-name");
	all.now_ms += 999;
	check_presented(NULL, NULL, "right");
	all.now_ms += 1;
	check_presented(NULL, NULL, "other-name");
	use_certificate("right");
	all.now_ms -= 3600000; /* the clock was set back */
	check_presented(NULL, NULL, "right");
	assert_int_equal(all.errors, 0);
}

static void a_broken_file_is_reported_once_and_the_earlier_certificate_kept(void **state)
{
	(void)state;
	serve_files("right");
	copy_file(all.cert, tls_path("other-name", ".pem"), 300); /* half written */
	for (int i = 0; i < 3; i++) {
		all.now_ms += 1000;
		check_presented(NULL, NULL, "right");
	}
	assert_int_equal(all.errors, 2); /* the reason, and what follows from it */
	assert_non_null(strstr(all.last, "cannot be used: the earlier certificate is kept"));
	use_certificate("other-name");
	all.now_ms += 1000;
	check_presented(NULL, NULL, "other-name");
	assert_int_equal(all.errors, 2);
}

static void a_certificate_without_its_key_waits_for_it(void **state)
{
	(void)state;
	serve_files("right");
	use_certificate("weak");
	all.now_ms += 1000;
	check_presented(NULL, NULL, "right");
	copy_file(all.key, tls_path("weak", "-key.pem"), SIZE_MAX);
	use_certificate("right"); /* back again: now the key is of another */
	all.now_ms += 1000;
	check_presented(NULL, NULL, "right");
	copy_file(all.key, tls_path("server", "-key.pem"), SIZE_MAX);
	use_certificate("other-name");
	all.now_ms += 1000;
	check_presented(NULL, NULL, "other-name");
}

static void a_file_that_is_missing_is_reported_once(void **state)
{
	(void)state;
	serve_files("right");
	unlink(all.cert);
	for (int i = 0; i < 3; i++) {
		all.now_ms += 1000;
		check_presented(NULL, NULL, "right");
	}
	assert_int_equal(all.errors, 1);
	assert_non_null(strstr(all.last, "cert.pem: No such file or directory"));
	use_certificate("other-name");
	all.now_ms += 1000;
	check_presented(NULL, NULL, "other-name");
}

/* The test may run as a user for whom every file is readable: a folder is not. */
static void a_file_that_cannot_be_read_is_tried_again(void **state)
{
	(void)state;
	serve_files("right");
	unlink(all.cert);
	assert_int_equal(mkdir(all.cert, 0700), 0);
	for (int i = 1; i <= 3; i++) {
		all.now_ms += 1000;
		check_presented(NULL, NULL, "right");
		assert_int_equal(all.errors, 2 * i);
	}
	assert_int_equal(rmdir(all.cert), 0);
	use_certificate("other-name");
	all.now_ms += 1000;
	check_presented(NULL, NULL, "other-name");
}

static void all_files_are_read_again_on_request(void **state)
{
	(void)state;
	new_server("address");
	use_certificate("right");
	assert_int_equal(envoi_tls_config_add_domain(all.config, "example.org", all.cert,
				 tls_path("server", "-key.pem")),
		ENVOI_OK);
	use_certificate("other-name");
	assert_int_equal(envoi_tls_config_reload(all.config), ENVOI_OK);
	check_presented("example.org", NULL, "other-name");
	copy_file(all.cert, tls_path("right", ".pem"), 300);
	assert_int_equal(envoi_tls_config_reload(all.config), ENVOI_ERR_CERTIFICATE);
	check_presented("example.org", NULL, "other-name");
	unlink(all.cert);
	assert_int_equal(envoi_tls_config_reload(all.config), ENVOI_ERR_SYSTEM);
	check_presented("example.org", NULL, "other-name");
	check_presented(NULL, NULL, "address");
}

static void a_connection_keeps_the_certificate_that_it_has_presented(void **state)
{
	(void)state;
	const struct tls_client_options options = {.priorities = TLS_1_3};
	struct tls_client client;
	struct envoi__tls *server;
	struct envoi_buffer before, after;
	envoi_buffer_init(&before, all.context, 0);
	envoi_buffer_init(&after, all.context, 0);
	serve_files("right");
	tls_client_init(&client, all.context, &options);
	assert_int_equal(envoi__tls_new(&server, all.config, ENVOI_RECEIVER, NULL, NULL), ENVOI_OK);
	assert_int_equal(tls_client_shake_hands(&client, server), ENVOI_OK);
	assert_int_equal(
		envoi__tls_channel_binding(server, "tls-server-end-point", &before), ENVOI_OK);
	use_certificate("other-name");
	assert_int_equal(envoi_tls_config_reload(all.config), ENVOI_OK);
	check_presented(NULL, NULL, "other-name");
	assert_int_equal(
		envoi__tls_channel_binding(server, "tls-server-end-point", &after), ENVOI_OK);
	assert_int_equal(envoi_buffer_len(&before), envoi_buffer_len(&after));
	assert_memory_equal(envoi_buffer_data(&before), envoi_buffer_data(&after), 32);
	envoi_tls_config_unref(all.config);
	all.config = NULL; /* the connection has a reference */
	assert_int_equal(envoi__tls_write(server, "text", 4), ENVOI_OK);
	tls_client_from_server(&client, server);
	char data[8];
	assert_int_equal(gnutls_record_recv(client.session, data, sizeof(data)), 4);
	envoi__tls_free(server);
	tls_client_finish(&client);
	envoi_buffer_finish(&before);
	envoi_buffer_finish(&after);
}

/* --- hostile handshakes --- */

enum {
	RECORD = 5, /* bytes of its head */
	LIMIT = 10240,
};

/* Feeds a record of @p len bytes. @return the result of the handshake */
static int feed_record(struct envoi__tls *server, unsigned char type, const void *data, size_t len)
{
	const unsigned char head[RECORD] = {
		type, 3, 3, (unsigned char)(len >> 8), (unsigned char)len};
	assert_int_equal(envoi__tls_feed(server, (const char *)head, sizeof(head)), ENVOI_OK);
	assert_int_equal(envoi__tls_feed(server, data, len), ENVOI_OK);
	return envoi__tls_handshake(server);
}

static void assert_too_long(struct envoi__tls *server)
{
	assert_string_equal(envoi__tls_error_text(server), "the peer's TLS handshake is too long");
	assert_int_equal(envoi__tls_handshake(server), ENVOI_ERR_LIMIT);
	assert_false(envoi__tls_is_secure(server));
	envoi__tls_free(server);
}

static void a_message_without_end_is_given_up_at_the_limit(void **state)
{
	(void)state;
	/* A ClientHello of 64 KiB (RFC 8446, section 4). */
	static unsigned char piece[1024] = {1, 1, 0, 0};
	struct envoi__tls *server;
	size_t sent = 0;
	int r = ENVOI_AGAIN;
	new_server("right");
	assert_int_equal(envoi__tls_new(&server, all.config, ENVOI_RECEIVER, NULL, NULL), ENVOI_OK);
	while (r == ENVOI_AGAIN) {
		r = feed_record(server, 22, piece, sizeof(piece));
		sent += sizeof(piece);
		memset(piece, 0, 4);
	}
	assert_int_equal(r, ENVOI_ERR_LIMIT);
	assert_true(sent <= LIMIT && sent > LIMIT - 2 * sizeof(piece));
	assert_too_long(server);
}

static void a_record_that_does_not_end_is_given_up_at_the_limit(void **state)
{
	(void)state;
	static const char head[RECORD] = {22, 3, 1, 0x40, 0};
	struct envoi__tls *server;
	size_t sent = sizeof(head);
	int r = ENVOI_AGAIN;
	new_server("right");
	assert_int_equal(envoi__tls_new(&server, all.config, ENVOI_RECEIVER, NULL, NULL), ENVOI_OK);
	assert_int_equal(envoi__tls_feed(server, head, sizeof(head)), ENVOI_OK);
	for (; r == ENVOI_AGAIN; sent++) {
		assert_int_equal(envoi__tls_feed(server, "\x01", 1), ENVOI_OK);
		r = envoi__tls_handshake(server);
	}
	assert_int_equal(r, ENVOI_ERR_LIMIT);
	assert_int_equal(sent, LIMIT + 1);
	assert_too_long(server);
}

/* RFC 8446, section 5: it is dropped without further processing, any number of times. */
static void records_that_are_ignored_are_counted(void **state)
{
	(void)state;
	const struct tls_client_options options = {.priorities = TLS_1_3};
	struct tls_client client;
	struct envoi__tls *server;
	size_t sent = 0;
	int r = ENVOI_AGAIN;
	new_server("right");
	tls_client_init(&client, all.context, &options);
	assert_int_equal(envoi__tls_new(&server, all.config, ENVOI_RECEIVER, NULL, NULL), ENVOI_OK);
	assert_int_equal(gnutls_handshake(client.session), GNUTLS_E_AGAIN);
	tls_client_to_server(&client, server);
	assert_int_equal(envoi__tls_handshake(server), ENVOI_AGAIN);
	while (r == ENVOI_AGAIN && sent < 2 * LIMIT) {
		r = feed_record(server, 20, "\x01", 1);
		sent += RECORD + 1;
	}
	assert_true(r < 0);
	assert_true(sent <= LIMIT + RECORD + 1);
	envoi__tls_free(server);
	tls_client_finish(&client);
}

/* What follows the handshake in one piece does not count. */
static void data_behind_the_handshake_is_not_limited(void **state)
{
	(void)state;
	static char data[3 * LIMIT], got[ENVOI__TLS_RECORD_BYTES];
	for (size_t i = 0; i < 2; i++) {
		const struct tls_client_options options = {.priorities = versions[i]};
		struct tls_client client;
		struct envoi__tls *server;
		size_t len, sum = 0;
		setup(state);
		new_server("right");
		tls_client_init(&client, all.context, &options);
		assert_int_equal(
			envoi__tls_new(&server, all.config, ENVOI_RECEIVER, NULL, NULL), ENVOI_OK);
		assert_int_equal(tls_client_shake_hands(&client, server), ENVOI_OK);
		while (sum < sizeof(data)) {
			sum += (size_t)gnutls_record_send(
				client.session, data + sum, sizeof(data) - sum);
		}
		tls_client_to_server(&client, server);
		for (sum = 0; envoi__tls_read(server, got, sizeof(got), &len) == ENVOI_OK;) {
			sum += len;
		}
		assert_int_equal(sum, sizeof(data));
		envoi__tls_free(server);
		tls_client_finish(&client);
		teardown(state);
	}
}

/* --- no memory --- */

static int take_hello(struct envoi_tls_config *config)
{
	const struct tls_client_options options = {.server_name = "example.org"};
	struct tls_client client;
	struct envoi__tls *server;
	int r = envoi__tls_new(&server, config, ENVOI_RECEIVER, "other.example", NULL);
	if (r < 0) {
		return r;
	}
	tls_client_init(&client, all.context, &options);
	assert_int_equal(gnutls_handshake(client.session), GNUTLS_E_AGAIN);
	r = envoi__tls_feed(
		server, envoi_buffer_data(&client.output), envoi_buffer_len(&client.output));
	if (r == ENVOI_OK) {
		r = envoi__tls_handshake(server);
	}
	envoi__tls_free(server);
	tls_client_finish(&client);
	return r == ENVOI_AGAIN ? ENVOI_OK : r;
}

static int serve(struct envoi_context *context)
{
	struct envoi_tls_config *config;
	int r = envoi_tls_config_new_server(
		&config, context, tls_path("address", ".pem"), tls_path("server", "-key.pem"));
	if (r < 0) {
		return r;
	}
	r = envoi_tls_config_add_domain(
		config, "example.org", tls_path("right", ".pem"), tls_path("server", "-key.pem"));
	if (r == ENVOI_OK) {
		r = envoi_tls_config_reload(config);
	}
	if (r == ENVOI_OK) {
		r = take_hello(config);
	}
	envoi_tls_config_unref(config);
	return r;
}

static void every_failed_allocation_is_reported(void **state)
{
	(void)state;
	assert_true(test_allocator_try(serve) > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_name_of_the_handshake_chooses_then_that_of_the_stream),
		TEST(without_a_certificate_for_other_names_the_first_is_presented),
		TEST(a_domain_is_added_once_and_completely_or_not_at_all),
		TEST(a_certificate_for_other_names_is_taken_with_a_warning),
		TEST(a_client_configuration_has_no_domains),
		TEST(the_key_may_be_in_the_certificates_file),
		TEST(a_changed_file_is_read_again_within_a_second),
		TEST(a_broken_file_is_reported_once_and_the_earlier_certificate_kept),
		TEST(a_certificate_without_its_key_waits_for_it),
		TEST(a_file_that_is_missing_is_reported_once),
		TEST(a_file_that_cannot_be_read_is_tried_again),
		TEST(all_files_are_read_again_on_request),
		TEST(a_connection_keeps_the_certificate_that_it_has_presented),
		TEST(a_message_without_end_is_given_up_at_the_limit),
		TEST(a_record_that_does_not_end_is_given_up_at_the_limit),
		TEST(records_that_are_ignored_are_counted),
		cmocka_unit_test(data_behind_the_handshake_is_not_limited),
		TEST(every_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests_name("tls/domains", tests, NULL, NULL);
}
