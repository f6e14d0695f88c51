/*
 * envoi - TLS: certificates of clients: tests
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <gnutls/abstract.h>

#include <envoi/context.h>
#include <envoi/error.h>

#include "issuer.h"
#include "test_allocator.h"
#include "tls/tls_engine.h"
#include "tls_client.h"
#include "tls_pair.h"

static const char *const versions[] = {TLS_1_2, TLS_1_3};

static struct {
	struct issuer issuer, stranger, narrow; /* trusted, not trusted, for example.net only */
	struct envoi_context *context;
	struct envoi_tls_config *config;
	int64_t now_ms;
	char last[512]; /* logged */
	int errors;
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
	if (strstr(message, "counts as none") != NULL || level == ENVOI_LOG_ERROR) {
		snprintf(all.last, sizeof(all.last), "%s", message);
	}
}

static int make_issuers(void **state)
{
	(void)state;
	issuer_init(&all.issuer, NULL);
	issuer_init(&all.stranger, NULL);
	issuer_init(&all.narrow, "example.net");
	return 0;
}

static int remove_issuers(void **state)
{
	(void)state;
	issuer_finish(&all.issuer);
	issuer_finish(&all.stranger);
	issuer_finish(&all.narrow);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	all.now_ms = INT64_C(1800000000000); /* 2027-01-15 */
	all.errors = 0;
	all.last[0] = '\0';
	const struct envoi_context_options options = {.wall_clock = wall_clock};
	assert_int_equal(envoi_context_new(&all.context, &options), ENVOI_OK);
	envoi_context_set_log(all.context, note, ENVOI_LOG_INFO, NULL);
	assert_int_equal(envoi_tls_config_new_server(&all.config, all.context,
				 tls_path("right", ".pem"), tls_path("server", "-key.pem")),
		ENVOI_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi_tls_config_unref(all.config);
	envoi_context_unref(all.context);
	return 0;
}

static int request(enum envoi_tls_request request, const struct issuer *issuer)
{
	return envoi_tls_config_request_certificates(all.config, request, issuer->ca_file);
}

/* A finished handshake with a client. */
struct meeting {
	struct tls_client client;
	struct envoi__tls *server;
	int result; /* of the server */
	struct envoi_tls_info info;
};

static void meet(struct meeting *meeting, const char *priorities, const struct issued_files *files)
{
	const struct tls_client_options options = {
		.priorities = priorities,
		.certificate = files == NULL ? NULL : files->certificate,
		.key = files == NULL ? NULL : files->key,
	};
	tls_client_init(&meeting->client, all.context, &options);
	assert_int_equal(
		envoi__tls_new(&meeting->server, all.config, ENVOI_RECEIVER, NULL, NULL), ENVOI_OK);
	meeting->result = tls_client_shake_hands(&meeting->client, meeting->server);
	envoi__tls_get_info(meeting->server, &meeting->info);
}

static void part(struct meeting *meeting)
{
	envoi__tls_free(meeting->server);
	tls_client_finish(&meeting->client);
}

/* Compares with texts that are separated by blanks. */
static void assert_addresses(const struct envoi_tls_info *info, const char *expected)
{
	char text[512] = "";
	size_t count = 0;
	const char *at = info->client_addresses;
	assert_non_null(at);
	for (; *at != '\0'; at += strlen(at) + 1) {
		size_t len = strlen(text);
		snprintf(text + len, sizeof(text) - len, "%s%s", len > 0 ? " " : "", at);
		count++;
	}
	assert_string_equal(text, expected);
	assert_int_equal(info->client_address_count, count);
}

static const char *const alice[] = {"alice@example.org", NULL};

/* --- what is accepted --- */

static void check_accepted(const char *const *addresses, const char *expected)
{
	struct issued_files files;
	issuer_issue(&all.issuer, "client",
		&(struct issued){.addresses = addresses, .purpose = GNUTLS_KP_TLS_WWW_CLIENT},
		&files);
	for (size_t i = 0; i < 4; i++) {
		struct meeting meeting;
		assert_int_equal(
			request(i < 2 ? ENVOI_TLS_REQUEST_OPTIONAL : ENVOI_TLS_REQUEST_REQUIRED,
				&all.issuer),
			ENVOI_OK);
		meet(&meeting, versions[i % 2], &files);
		assert_int_equal(meeting.result, ENVOI_OK);
		assert_int_equal(meeting.client.result, 0);
		assert_int_equal(meeting.info.trust, ENVOI_TLS_TRUST_VERIFIED);
		assert_true(envoi_tls_is_verified(&meeting.info));
		assert_int_equal(meeting.info.client_doubts, 0);
		assert_addresses(&meeting.info, expected);
		part(&meeting);
	}
}

static void the_addresses_of_a_verified_certificate_are_known(void **state)
{
	(void)state;
	static const char *const several[] = {"alice@example.org", "bob@example.net",
		"ALICE@Example.ORG", "no@@address", "example.org", "alice@example.org/desk", NULL};
	static const char *const none[] = {NULL};
	check_accepted(alice, "alice@example.org");
	check_accepted(
		several, "alice@example.org bob@example.net example.org alice@example.org/desk");
	check_accepted(none, "");
}

static void addresses_without_end_are_cut(void **state)
{
	(void)state;
	enum {
		MANY = 500,
	};
	static char texts[MANY][24];
	static const char *addresses[MANY + 1];
	struct issued_files files;
	struct meeting meeting;
	for (int i = 0; i < MANY; i++) {
		snprintf(texts[i], sizeof(texts[i]), "user%03d@example.org", i);
		addresses[i] = texts[i];
	}
	issuer_issue(&all.issuer, "many", &(struct issued){.addresses = addresses}, &files);
	assert_int_equal(request(ENVOI_TLS_REQUEST_OPTIONAL, &all.issuer), ENVOI_OK);
	meet(&meeting, TLS_1_3, &files);
	assert_int_equal(meeting.result, ENVOI_OK);
	assert_int_equal(meeting.info.trust, ENVOI_TLS_TRUST_VERIFIED);
	assert_int_equal(meeting.info.client_address_count, 8192 / 20);
	part(&meeting);
}

static void a_certificate_without_purpose_is_for_clients_too(void **state)
{
	(void)state;
	struct issued_files files;
	struct meeting meeting;
	issuer_issue(&all.issuer, "any", &(struct issued){.addresses = alice}, &files);
	assert_int_equal(request(ENVOI_TLS_REQUEST_REQUIRED, &all.issuer), ENVOI_OK);
	meet(&meeting, TLS_1_3, &files);
	assert_int_equal(meeting.info.trust, ENVOI_TLS_TRUST_VERIFIED);
	part(&meeting);
}

/* An authority for one domain vouches for addresses of that domain, and of those below it. */
static void an_issuer_vouches_for_its_domain_only(void **state)
{
	(void)state;
	static const char *const own[] = {"alice@example.net", "bob@chat.example.net", NULL};
	static const char *const foreign[] = {"alice@example.net", "alice@example.org", NULL};
	struct issued_files files;
	struct meeting meeting;
	assert_int_equal(request(ENVOI_TLS_REQUEST_OPTIONAL, &all.narrow), ENVOI_OK);
	issuer_issue(&all.narrow, "own", &(struct issued){.addresses = own}, &files);
	meet(&meeting, TLS_1_3, &files);
	assert_int_equal(meeting.info.client_doubts, 0);
	assert_addresses(&meeting.info, "alice@example.net bob@chat.example.net");
	part(&meeting);
	issuer_issue(&all.narrow, "foreign", &(struct issued){.addresses = foreign}, &files);
	meet(&meeting, TLS_1_3, &files);
	assert_int_equal(meeting.info.client_doubts, ENVOI_TLS_DOUBT_CONSTRAINTS);
	assert_null(meeting.info.client_addresses);
	part(&meeting);
}

/* --- what is not --- */

static void check_unverified(const char *priorities, const struct issued_files *files,
	unsigned int doubts, const char *reason)
{
	struct meeting meeting;
	assert_int_equal(request(ENVOI_TLS_REQUEST_OPTIONAL, &all.issuer), ENVOI_OK);
	meet(&meeting, priorities, files);
	assert_int_equal(meeting.result, ENVOI_OK);
	assert_int_equal(meeting.client.result, 0);
	assert_int_equal(meeting.info.trust, ENVOI_TLS_TRUST_NONE);
	assert_false(envoi_tls_is_verified(&meeting.info));
	assert_int_equal(meeting.info.client_doubts, doubts);
	assert_null(meeting.info.client_addresses);
	assert_int_equal(meeting.info.client_address_count, 0);
	assert_non_null(strstr(all.last, reason));
	part(&meeting);
	assert_int_equal(request(ENVOI_TLS_REQUEST_REQUIRED, &all.issuer), ENVOI_OK);
	meet(&meeting, priorities, files);
	assert_int_equal(meeting.result, ENVOI_ERR_CERTIFICATE);
	assert_int_equal(meeting.client.result, GNUTLS_E_FATAL_ALERT_RECEIVED);
	assert_int_equal(envoi__tls_doubts(meeting.server), doubts);
	assert_non_null(strstr(envoi__tls_error_text(meeting.server), reason));
	assert_false(envoi__tls_is_secure(meeting.server));
	assert_null(meeting.info.version);
	part(&meeting);
}

static void what_cannot_be_verified_counts_as_none_or_ends_the_handshake(void **state)
{
	(void)state;
	static const struct {
		struct issuer *issuer;
		struct issued what;
		unsigned int doubts;
		const char *reason;
	} cases[] = {
		{&all.stranger, {.addresses = alice}, ENVOI_TLS_DOUBT_ISSUER,
			"the client's certificate was issued by an unknown certification "
			"authority"},
		{&all.issuer, {.addresses = alice, .until = 1700000000}, ENVOI_TLS_DOUBT_EXPIRED,
			"the client's certificate has expired on 2023-11-14"},
		{&all.issuer, {.addresses = alice, .from = 1900000000},
			ENVOI_TLS_DOUBT_NOT_YET_VALID,
			"the client's certificate is not valid before 2030-03-17"},
		{&all.issuer, {.addresses = alice, .purpose = GNUTLS_KP_TLS_WWW_SERVER},
			ENVOI_TLS_DOUBT_PURPOSE, "the client's certificate is not for clients"},
	};
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct issued_files files;
		issuer_issue(cases[i / 2].issuer, "bad", &cases[i / 2].what, &files);
		check_unverified(versions[i % 2], &files, cases[i / 2].doubts, cases[i / 2].reason);
	}
}

static void without_a_certificate_only_a_required_one_ends_the_handshake(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct meeting meeting;
		assert_int_equal(request(ENVOI_TLS_REQUEST_OPTIONAL, &all.issuer), ENVOI_OK);
		meet(&meeting, versions[i], NULL);
		assert_int_equal(meeting.result, ENVOI_OK);
		assert_int_equal(meeting.info.trust, ENVOI_TLS_TRUST_NONE);
		assert_int_equal(meeting.info.client_doubts, 0);
		assert_null(meeting.info.client_addresses);
		part(&meeting);
		assert_int_equal(request(ENVOI_TLS_REQUEST_REQUIRED, &all.issuer), ENVOI_OK);
		meet(&meeting, versions[i], NULL);
		assert_int_equal(meeting.result, ENVOI_ERR_CERTIFICATE);
		assert_string_equal(envoi__tls_error_text(meeting.server),
			"the client presents no certificate");
		assert_int_equal(meeting.client.result, GNUTLS_E_FATAL_ALERT_RECEIVED);
		part(&meeting);
	}
}

static void a_certificate_that_is_not_requested_is_not_sent(void **state)
{
	(void)state;
	struct issued_files files;
	struct meeting meeting;
	size_t len;
	issuer_issue(&all.issuer, "client", &(struct issued){.addresses = alice}, &files);
	assert_int_equal(request(ENVOI_TLS_REQUEST_OPTIONAL, &all.issuer), ENVOI_OK);
	assert_int_equal(
		envoi_tls_config_request_certificates(all.config, ENVOI_TLS_REQUEST_NONE, NULL),
		ENVOI_OK);
	meet(&meeting, TLS_1_3, &files);
	assert_int_equal(meeting.result, ENVOI_OK);
	assert_int_equal(meeting.info.trust, ENVOI_TLS_TRUST_NONE);
	assert_null(envoi__tls_peer_certificate(meeting.server, 0, &len));
	part(&meeting);
}

/* A signature that does not fit the certificate: the key is another's. */
static void a_certificate_without_its_key_ends_the_handshake(void **state)
{
	(void)state;
	struct issued_files files, other;
	issuer_issue(&all.issuer, "client", &(struct issued){.addresses = alice}, &files);
	issuer_issue(&all.issuer, "other", &(struct issued){.addresses = alice}, &other);
	for (size_t i = 0; i < 2; i++) {
		const struct tls_client_options options = {.priorities = versions[i]};
		struct meeting meeting;
		assert_int_equal(request(ENVOI_TLS_REQUEST_OPTIONAL, &all.issuer), ENVOI_OK);
		tls_client_init(&meeting.client, all.context, &options);
		gnutls_certificate_set_flags(
			meeting.client.credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
		assert_true(gnutls_certificate_set_x509_key_file(meeting.client.credentials,
				    files.certificate, other.key, GNUTLS_X509_FMT_PEM) >= 0);
		assert_int_equal(
			envoi__tls_new(&meeting.server, all.config, ENVOI_RECEIVER, NULL, NULL),
			ENVOI_OK);
		meeting.result = tls_client_shake_hands(&meeting.client, meeting.server);
		assert_int_equal(meeting.result, ENVOI_ERR_TLS);
		assert_false(envoi__tls_is_secure(meeting.server));
		part(&meeting);
	}
}

/* --- the configuration --- */

static void a_request_needs_readable_authorities(void **state)
{
	(void)state;
	struct meeting meeting;
	struct envoi_tls_config *client = tls_trust_only(all.context, "ca");
	assert_int_equal(envoi_tls_config_request_certificates(
				 client, ENVOI_TLS_REQUEST_OPTIONAL, all.issuer.ca_file),
		ENVOI_ERR_INVALID);
	envoi_tls_config_unref(client);
	assert_int_equal(
		envoi_tls_config_request_certificates(all.config, ENVOI_TLS_REQUEST_REQUIRED, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_tls_config_request_certificates(all.config,
				 ENVOI_TLS_REQUEST_REQUIRED, tls_path("absent", ".pem")),
		ENVOI_ERR_SYSTEM);
	assert_int_equal(envoi_tls_config_request_certificates(all.config,
				 ENVOI_TLS_REQUEST_REQUIRED, tls_path("server", "-key.pem")),
		ENVOI_ERR_CERTIFICATE);
	meet(&meeting, TLS_1_3, NULL); /* it is not required */
	assert_int_equal(meeting.result, ENVOI_OK);
	part(&meeting);
}

static void copy_file(const char *to, const char *from, int second)
{
	static char data[65536];
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	assert_true(in != NULL && out != NULL);
	size_t len = fread(data, 1, sizeof(data), in);
	assert_int_equal(fwrite(data, 1, len, out), len);
	fclose(in);
	fclose(out);
	const struct timespec times[2] = {{.tv_sec = second}, {.tv_sec = second}};
	assert_int_equal(utimensat(AT_FDCWD, to, times, 0), 0);
}

static enum envoi_tls_trust trust_in(const struct issued_files *files)
{
	struct meeting meeting;
	meet(&meeting, TLS_1_3, files);
	assert_int_equal(meeting.result, ENVOI_OK);
	enum envoi_tls_trust trust = meeting.info.trust;
	part(&meeting);
	return trust;
}

static void authorities_that_have_changed_are_read_again(void **state)
{
	(void)state;
	char path[ISSUER_PATH + 16];
	struct issued_files files, strange;
	snprintf(path, sizeof(path), "%s/clients.pem", all.issuer.folder);
	copy_file(path, all.issuer.ca_file, 1000);
	issuer_issue(&all.issuer, "client", &(struct issued){.addresses = alice}, &files);
	issuer_issue(&all.stranger, "client", &(struct issued){.addresses = alice}, &strange);
	assert_int_equal(
		envoi_tls_config_request_certificates(all.config, ENVOI_TLS_REQUEST_OPTIONAL, path),
		ENVOI_OK);
	assert_int_equal(trust_in(&files), ENVOI_TLS_TRUST_VERIFIED);
	assert_int_equal(trust_in(&strange), ENVOI_TLS_TRUST_NONE);
	copy_file(path, all.stranger.ca_file, 1001);
	assert_int_equal(trust_in(&files), ENVOI_TLS_TRUST_VERIFIED); /* within a second */
	all.now_ms += 1000;
	assert_int_equal(trust_in(&files), ENVOI_TLS_TRUST_NONE);
	assert_int_equal(trust_in(&strange), ENVOI_TLS_TRUST_VERIFIED);
	copy_file(path, tls_path("server", "-key.pem"), 1002); /* no certificate */
	for (int i = 0; i < 3; i++) {
		all.now_ms += 1000;
		assert_int_equal(trust_in(&strange), ENVOI_TLS_TRUST_VERIFIED);
	}
	assert_int_equal(all.errors, 1);
	unlink(path);
	all.now_ms += 1000;
	assert_int_equal(trust_in(&strange), ENVOI_TLS_TRUST_VERIFIED);
	assert_int_equal(all.errors, 2);
	assert_int_equal(envoi_tls_config_reload(all.config), ENVOI_ERR_SYSTEM);
	copy_file(path, all.issuer.ca_file, 1003);
	assert_int_equal(envoi_tls_config_reload(all.config), ENVOI_OK);
	assert_int_equal(trust_in(&files), ENVOI_TLS_TRUST_VERIFIED);
	unlink(path);
}

/* --- hostile clients --- */

/* A client that presents its certificate @p times. */
static void meet_repeated(struct meeting *meeting, const char *priorities,
	const struct issued_files *files, int times)
{
	enum {
		MOST = 200,
	};
	const struct tls_client_options options = {.priorities = priorities};
	static gnutls_pcert_st chain[MOST];
	gnutls_privkey_t key;
	gnutls_datum_t text;
	tls_client_init(&meeting->client, all.context, &options);
	assert_int_equal(gnutls_load_file(files->certificate, &text), 0);
	for (int i = 0; i < times; i++) {
		assert_int_equal(
			gnutls_pcert_import_x509_raw(&chain[i], &text, GNUTLS_X509_FMT_PEM, 0), 0);
	}
	gnutls_free(text.data);
	assert_int_equal(gnutls_load_file(files->key, &text), 0);
	assert_int_equal(gnutls_privkey_init(&key), 0);
	assert_int_equal(
		gnutls_privkey_import_x509_raw(key, &text, GNUTLS_X509_FMT_PEM, NULL, 0), 0);
	gnutls_free(text.data);
	assert_true(gnutls_certificate_set_key(
			    meeting->client.credentials, NULL, 0, chain, times, key) >= 0);
	assert_int_equal(
		envoi__tls_new(&meeting->server, all.config, ENVOI_RECEIVER, NULL, NULL), ENVOI_OK);
	meeting->result = tls_client_shake_hands(&meeting->client, meeting->server);
	envoi__tls_get_info(meeting->server, &meeting->info);
}

/* RFC 8446, section 4.4.2: a chain may have anything in it. */
static void a_chain_that_is_too_long_ends_at_the_limit(void **state)
{
	(void)state;
	struct issued_files files;
	issuer_issue(&all.issuer, "client", &(struct issued){.addresses = alice}, &files);
	for (size_t i = 0; i < 2; i++) {
		struct meeting meeting;
		assert_int_equal(request(ENVOI_TLS_REQUEST_OPTIONAL, &all.issuer), ENVOI_OK);
		meet_repeated(&meeting, versions[i], &files, 200);
		assert_int_equal(meeting.result, ENVOI_ERR_LIMIT);
		assert_false(envoi__tls_is_secure(meeting.server));
		part(&meeting);
	}
}

static void too_many_certificates_count_as_none(void **state)
{
	(void)state;
	struct issued_files files;
	issuer_issue(&all.issuer, "client", &(struct issued){.addresses = alice}, &files);
	assert_int_equal(request(ENVOI_TLS_REQUEST_OPTIONAL, &all.issuer), ENVOI_OK);
	for (int times = 16; times <= 17; times++) {
		struct meeting meeting;
		meet_repeated(&meeting, TLS_1_3, &files, times);
		assert_int_equal(meeting.result, ENVOI_OK);
		assert_int_equal(meeting.info.trust,
			times == 16 ? ENVOI_TLS_TRUST_VERIFIED : ENVOI_TLS_TRUST_NONE);
		assert_int_equal(
			meeting.info.client_doubts, times == 16 ? 0 : ENVOI_TLS_DOUBT_INVALID);
		part(&meeting);
	}
	assert_non_null(strstr(all.last, "the client presents too many certificates"));
}

/* --- no memory --- */

static struct issued_files of_alice;

static int serve(struct envoi_context *context)
{
	struct envoi_tls_config *config;
	struct meeting meeting;
	int r = envoi_tls_config_new_server(
		&config, context, tls_path("right", ".pem"), tls_path("server", "-key.pem"));
	if (r < 0) {
		return r;
	}
	const struct tls_client_options options = {
		.priorities = TLS_1_3, .certificate = of_alice.certificate, .key = of_alice.key};
	r = envoi_tls_config_request_certificates(
		config, ENVOI_TLS_REQUEST_REQUIRED, all.issuer.ca_file);
	if (r == ENVOI_OK) {
		r = envoi__tls_new(&meeting.server, config, ENVOI_RECEIVER, NULL, NULL);
	}
	if (r < 0) {
		envoi_tls_config_unref(config);
		return r;
	}
	tls_client_init(&meeting.client, all.context, &options);
	for (int i = 0; i < 4 && r >= 0; i++) {
		(void)gnutls_handshake(meeting.client.session);
		r = envoi__tls_feed(meeting.server, envoi_buffer_data(&meeting.client.output),
			envoi_buffer_len(&meeting.client.output));
		envoi_buffer_consume(&meeting.client.output, SIZE_MAX);
		r = r < 0 ? r : envoi__tls_handshake(meeting.server);
		tls_client_from_server(&meeting.client, meeting.server);
	}
	part(&meeting);
	envoi_tls_config_unref(config);
	return r == ENVOI_AGAIN ? ENVOI_ERR_STATE : r;
}

static void every_failed_allocation_is_reported(void **state)
{
	(void)state;
	issuer_issue(&all.issuer, "client", &(struct issued){.addresses = alice}, &of_alice);
	assert_true(test_allocator_try(serve) > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_addresses_of_a_verified_certificate_are_known),
		TEST(addresses_without_end_are_cut),
		TEST(a_certificate_without_purpose_is_for_clients_too),
		TEST(an_issuer_vouches_for_its_domain_only),
		TEST(what_cannot_be_verified_counts_as_none_or_ends_the_handshake),
		TEST(without_a_certificate_only_a_required_one_ends_the_handshake),
		TEST(a_certificate_that_is_not_requested_is_not_sent),
		TEST(a_certificate_without_its_key_ends_the_handshake),
		TEST(a_request_needs_readable_authorities),
		TEST(authorities_that_have_changed_are_read_again),
		TEST(a_chain_that_is_too_long_ends_at_the_limit),
		TEST(too_many_certificates_count_as_none),
		TEST(every_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests_name("tls/clients", tests, make_issuers, remove_issuers);
}
