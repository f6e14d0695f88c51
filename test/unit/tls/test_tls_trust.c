/*
 * envoi - TLS without I/O: trust: tests
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

/* Each case has a text of its own. */
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
		{"idn",
			"b\xc3\xbc"
			"cher.example.",
			NULL},
		{"expired", "example.org", "expired on 2021-01-01"},
		{"future", "example.org", "not valid before 2118-01-01"},
		{"self-signed", "example.org", "self-signed"},
		{"trusted-self-signed", "example.org", NULL},
		{"unknown-ca", "example.org", "unknown certification authority"},
		{"missing-intermediate", "example.org", "unknown certification authority"},
		{"intermediate-chain", "example.org", NULL},
		{"client-purpose", "example.org", "not for servers"},
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
		struct tls_pair f;
		tls_pair_init(&f, NULL, cases[i].certificate, cases[i].name);
		tls_pair_shake_hands(&f);
		char text[256];
		snprintf(text, sizeof(text), "%s", envoi__tls_error_text(f.client));
		bool is_secure = envoi__tls_is_secure(f.client);
		bool server_is_open = f.server_result == ENVOI_OK;
		int result = f.client_result;
		tls_pair_finish(&f);
		bool is_right = cases[i].reason == NULL
			? result == ENVOI_OK && is_secure
			: result == ENVOI_ERR_CERTIFICATE && !is_secure && !server_is_open &&
				strstr(text, cases[i].reason) != NULL;
		if (!is_right) {
			fail_msg("%s for %s: %d %s", cases[i].certificate, cases[i].name, result,
				text);
		}
	}
}

static int64_t wall_clock(void *user)
{
	return *(int64_t *)user;
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
		struct tls_pair f;
		int64_t now = cases[i].seconds * 1000;
		struct envoi_context_options options = {
			.wall_clock = wall_clock, .wall_clock_user = &now};
		tls_pair_init(&f, &options, cases[i].certificate, "example.org");
		tls_pair_shake_hands(&f);
		char text[256];
		snprintf(text, sizeof(text), "%s", envoi__tls_error_text(f.client));
		int result = f.client_result;
		tls_pair_finish(&f);
		bool is_right = cases[i].reason == NULL
			? result == ENVOI_OK
			: result == ENVOI_ERR_CERTIFICATE && strstr(text, cases[i].reason) != NULL;
		if (!is_right) {
			fail_msg("%d: %d %s", (int)i, result, text);
		}
	}
}

static void trust_is_loaded_once_for_a_file(void **state)
{
	struct tls_pair *f = *state;
	struct envoi_tls_config *again = tls_trust_only(f->context, "ca");
	struct envoi_tls_config *other = tls_trust_only(f->context, "other-ca");
	assert_ptr_equal(again->trust, f->trust->trust);
	assert_ptr_not_equal(other->trust, f->trust->trust);
	envoi_tls_config_unref(again);
	envoi_tls_config_unref(other);
}

static void note_count(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	(void)level, (void)subject;
	sscanf(message, "%d certification authorities are trusted", (int *)user);
}

static int count_system(void)
{
	gnutls_x509_trust_list_t list;
	assert_int_equal(gnutls_x509_trust_list_init(&list, 0), 0);
	int count = gnutls_x509_trust_list_add_system_trust(list, 0, 0);
	gnutls_x509_trust_list_deinit(list, 1);
	return count < 0 ? 0 : count;
}

/* What the system trusts, and a file besides; neither stands for the other. */
static void the_systems_authorities_and_those_of_a_file_add_up(void **state)
{
	(void)state;
	static const struct {
		const char *system, *file;
		int from_file;
		bool knows_ours;
	} cases[] = {
		{"true", "", 0, false},
		{"true", "ca", 1, true},
		{"true", "other-ca", 1, false},
		{"false", "ca", 1, true},
		{"false", "other-ca", 1, false},
	};
	int system_count = count_system();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tls_pair f;
		int count = 0;
		const struct envoi_context_options options = {
			.log = note_count, .log_level = ENVOI_LOG_INFO, .log_user = &count};
		tls_pair_init(&f, &options, "right", "example.org");
		struct envoi_settings *settings;
		struct envoi_tls_config *config = NULL;
		assert_int_equal(envoi_settings_new(&settings, f.context), ENVOI_OK);
		assert_int_equal(envoi_settings_set(settings, "tls.system-trust", cases[i].system),
			ENVOI_OK);
		if (cases[i].file[0] != '\0') {
			assert_int_equal(envoi_settings_set(settings, "tls.ca-file",
						 tls_path(cases[i].file, ".pem")),
				ENVOI_OK);
		}
		int wanted = (strcmp(cases[i].system, "true") == 0 ? system_count : 0) +
			cases[i].from_file;
		count = -1;
		int r = envoi_tls_config_new(&config, f.context, settings);
		assert_int_equal(r, wanted > 0 ? ENVOI_OK : ENVOI_ERR_CERTIFICATE);
		if (count >= 0) { /* it was not there already */
			assert_int_equal(count, wanted);
		}
		if (config != NULL) {
			envoi__tls_free(f.client);
			assert_int_equal(envoi__tls_new(&f.client, config, ENVOI_INITIATOR,
						 "example.org", NULL),
				ENVOI_OK);
			tls_pair_shake_hands(&f);
			assert_int_equal(f.client_result,
				cases[i].knows_ours ? ENVOI_OK : ENVOI_ERR_CERTIFICATE);
		}
		envoi_settings_free(settings);
		envoi_tls_config_unref(config);
		tls_pair_finish(&f);
	}
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
	struct tls_pair *f = *state;
	assert_int_equal(config_of(f->context, tls_path("absent", ".pem")), ENVOI_ERR_SYSTEM);
	assert_int_equal(
		config_of(f->context, tls_path("server-key", ".pem")), ENVOI_ERR_CERTIFICATE);
	assert_int_equal(config_of(f->context, NULL), ENVOI_ERR_CERTIFICATE);
	struct envoi_tls_config *config = NULL;
	assert_int_equal(envoi_tls_config_new_server(&config, f->context, tls_path("right", ".pem"),
				 tls_path("weak-key", ".pem")),
		ENVOI_ERR_CERTIFICATE);
	assert_int_equal(envoi_tls_config_new_server(&config, f->context, tls_path("right", ".pem"),
				 tls_path("absent", ".pem")),
		ENVOI_ERR_SYSTEM);
	assert_null(config);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_are_refused_for_the_right_reason),
		cmocka_unit_test(times_are_those_of_the_contexts_clock),
		CASE(trust_is_loaded_once_for_a_file),
		cmocka_unit_test(the_systems_authorities_and_those_of_a_file_add_up),
		CASE(nothing_to_trust_is_an_error),
	};
	return cmocka_run_group_tests_name("crypto/tls trust", tests, NULL, NULL);
}
