/*
 * envoi - whether a certificate belongs to a name: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/error.h>

#include "crypto/tls_identity.h"

static int setup(void **state)
{
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	*state = context;
	return 0;
}

static int teardown(void **state)
{
	envoi_context_unref(*state);
	return 0;
}

static gnutls_x509_crt_t load(const char *name)
{
	char path[512];
	gnutls_datum_t data;
	gnutls_x509_crt_t certificate;
	snprintf(path, sizeof(path), "%s/tls/%s.pem", TEST_DATA, name);
	assert_int_equal(gnutls_load_file(path, &data), 0);
	assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
	assert_int_equal(gnutls_x509_crt_import(certificate, &data, GNUTLS_X509_FMT_PEM), 0);
	gnutls_free(data.data);
	return certificate;
}

/* RFC 6120, section 13.7.1.2; RFC 9525 */
static void names_are_found_where_the_rules_say(void **state)
{
	static const struct {
		const char *certificate, *name;
		enum envoi__tls_match match;
	} cases[] = {
		{"right", "example.org", ENVOI__TLS_MATCH},
		{"right", "EXAMPLE.org", ENVOI__TLS_MATCH},
		{"right", "example.org.", ENVOI__TLS_MATCH},
		{"right", "example.net", ENVOI__TLS_NO_MATCH},
		{"right", "sub.example.org", ENVOI__TLS_NO_MATCH},
		{"right", "org", ENVOI__TLS_NO_MATCH},
		{"right", "192.0.2.1", ENVOI__TLS_NO_MATCH},
		{"other-name", "example.org", ENVOI__TLS_NO_MATCH},
		{"cn-only", "example.org", ENVOI__TLS_NO_MATCH},
		{"cn-email-uri", "example.org", ENVOI__TLS_NO_MATCH},
		{"wildcard", "one.example.org", ENVOI__TLS_MATCH},
		{"wildcard", "example.org", ENVOI__TLS_NO_MATCH},
		{"wildcard", "two.one.example.org", ENVOI__TLS_NO_MATCH},
		{"wildcard", ".example.org", ENVOI__TLS_NO_MATCH},
		{"bad-wildcards", "example.org", ENVOI__TLS_NO_MATCH},
		{"bad-wildcards", "localhost", ENVOI__TLS_NO_MATCH},
		{"srv-id", "example.org", ENVOI__TLS_MATCH_OTHER_NAME},
		{"srv-id", "example.net", ENVOI__TLS_NO_MATCH},
		{"srv-id", "_xmpp-client.example.org", ENVOI__TLS_NO_MATCH},
		{"srv-id-other-service", "example.org", ENVOI__TLS_NO_MATCH},
		{"xmpp-addr", "example.org", ENVOI__TLS_MATCH_OTHER_NAME},
		{"xmpp-addr", "other.example", ENVOI__TLS_NO_MATCH},
		{"xmpp-addr-user", "example.org", ENVOI__TLS_NO_MATCH},
		{"address", "192.0.2.1", ENVOI__TLS_MATCH},
		{"address", "192.0.2.2", ENVOI__TLS_NO_MATCH},
		{"address", "2001:db8::1", ENVOI__TLS_MATCH},
		{"address", "[2001:db8:0::1]", ENVOI__TLS_MATCH},
		{"idn", "b\xc3\xbc"
			"cher.example",
			ENVOI__TLS_MATCH},
		{"idn", "xn--bcher-kva.example", ENVOI__TLS_MATCH},
		{"idn", "bucher.example", ENVOI__TLS_NO_MATCH},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct envoi__tls_name name;
		gnutls_x509_crt_t certificate = load(cases[i].certificate);
		enum envoi__tls_match match = ENVOI__TLS_NO_MATCH;
		if (envoi__tls_name_init(&name, *state, cases[i].name) == ENVOI_OK) {
			match = envoi__tls_name_find(&name, certificate, NULL);
			envoi__tls_name_finish(&name);
		}
		gnutls_x509_crt_deinit(certificate);
		if (match != cases[i].match) {
			fail_msg("%s for %s: %d", cases[i].certificate, cases[i].name, (int)match);
		}
	}
}

/* A certificate made here, with one DNS name of any bytes. */
static enum envoi__tls_match match_made(
	struct envoi_context *context, const char *shown, size_t len, const char *wanted)
{
	gnutls_x509_crt_t certificate;
	struct envoi__tls_name name;
	/* GeneralNames with one dNSName (RFC 5280, section 4.2.1.6) */
	char der[64] = {0x30, (char)(len + 2), (char)0x82, (char)len};
	memcpy(der + 4, shown, len);
	assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
	assert_int_equal(
		gnutls_x509_crt_set_extension_by_oid(certificate, "2.5.29.17", der, len + 4, 0), 0);
	assert_int_equal(envoi__tls_name_init(&name, context, wanted), ENVOI_OK);
	enum envoi__tls_match match = envoi__tls_name_find(&name, certificate, NULL);
	envoi__tls_name_finish(&name);
	gnutls_x509_crt_deinit(certificate);
	return match;
}

static void names_with_a_nul_inside_are_no_names(void **state)
{
	static const char shown[] = "example.org\0.evil.example";
	assert_int_equal(match_made(*state, "example.org", 11, "example.org"), ENVOI__TLS_MATCH);
	assert_int_equal(match_made(*state, shown, sizeof(shown) - 1, "example.org"),
		ENVOI__TLS_NO_MATCH);
	assert_int_equal(match_made(*state, "example.org\0", 12, "example.org"),
		ENVOI__TLS_NO_MATCH);
	assert_int_equal(match_made(*state, "example.org.", 12, "example.org"), ENVOI__TLS_MATCH);
	assert_int_equal(match_made(*state, " example.org", 12, "example.org"),
		ENVOI__TLS_NO_MATCH);
}

static void what_is_no_domain_is_refused(void **state)
{
	struct envoi__tls_name name;
	char long_name[1100];
	memset(long_name, 'a', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(envoi__tls_name_init(&name, *state, ""), ENVOI_ERR_INVALID);
	envoi__tls_name_finish(&name);
	assert_int_equal(envoi__tls_name_init(&name, *state, long_name), ENVOI_ERR_INVALID);
	envoi__tls_name_finish(&name);
	assert_int_equal(envoi__tls_name_init(&name, *state, "b\xff"), ENVOI_ERR_INVALID);
	envoi__tls_name_finish(&name);
}

static void people_are_told_the_names_that_are_there(void **state)
{
	struct envoi_buffer presented;
	struct envoi__tls_name name;
	envoi_buffer_init(&presented, *state, 0);
	assert_int_equal(envoi__tls_name_init(&name, *state, "example.org"), ENVOI_OK);
	gnutls_x509_crt_t certificate = load("bad-wildcards");
	envoi__tls_name_find(&name, certificate, &presented);
	gnutls_x509_crt_deinit(certificate);
	envoi__tls_name_finish(&name);
	assert_int_equal(envoi_buffer_len(&presented), strlen("*.org, exa*.org, *"));
	assert_memory_equal(envoi_buffer_data(&presented), "*.org, exa*.org, *", 18);
	envoi_buffer_finish(&presented);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			names_are_found_where_the_rules_say, setup, teardown),
		cmocka_unit_test_setup_teardown(
			names_with_a_nul_inside_are_no_names, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_domain_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			people_are_told_the_names_that_are_there, setup, teardown),
	};
	return cmocka_run_group_tests_name("crypto/tls_identity", tests, NULL, NULL);
}
