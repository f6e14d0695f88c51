/*
 * envoi - whether a certificate belongs to a name: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/buffer.h>
#include <envoi/context.h>
#include <envoi/error.h>

#include "tls/tls_identity.h"

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
		{"idn",
			"b\xc3\xbc"
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

/* A certificate made here, with a common name and the bytes of its subjectAltName. */
static enum envoi__tls_match match_extension(
	struct envoi_context *context, const void *der, size_t len, const char *wanted)
{
	gnutls_x509_crt_t certificate;
	struct envoi__tls_name name;
	assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
	assert_int_equal(gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
				 wanted, (unsigned int)strlen(wanted)),
		0);
	assert_int_equal(gnutls_x509_crt_set_extension_by_oid(
				 certificate, "2.5.29.17", der, (unsigned int)len, 0),
		0);
	assert_int_equal(envoi__tls_name_init(&name, context, wanted), ENVOI_OK);
	enum envoi__tls_match match = envoi__tls_name_find(&name, certificate, NULL);
	envoi__tls_name_finish(&name);
	gnutls_x509_crt_deinit(certificate);
	return match;
}

enum {
	TAG_DNS_NAME = 0x82,
	TAG_URI = 0x86,
	TAG_UTF8_STRING = 0x0c,
	TAG_IA5_STRING = 0x16,
};

/* GeneralNames with one of them (RFC 5280, section 4.2.1.6), of any bytes. */
static enum envoi__tls_match match_name(
	struct envoi_context *context, int tag, const char *shown, size_t len, const char *wanted)
{
	char der[128] = {0x30, (char)(len + 2), (char)tag, (char)len};
	memcpy(der + 4, shown, len);
	return match_extension(context, der, len + 4, wanted);
}

static enum envoi__tls_match match_made(
	struct envoi_context *context, const char *shown, size_t len, const char *wanted)
{
	return match_name(context, TAG_DNS_NAME, shown, len, wanted);
}

/* @param oid  the last number of 1.3.6.1.5.5.7.8: 5 XmppAddr, 7 SRVName */
static enum envoi__tls_match match_other(
	struct envoi_context *context, char oid, int tag, const char *shown, const char *wanted)
{
	size_t len = strlen(shown);
	char der[128] = {0x30, (char)(len + 16), (char)0xa0, (char)(len + 14), 0x06, 0x08, 0x2b,
		0x06, 0x01, 0x05, 0x05, 0x07, 0x08, oid, (char)0xa0, (char)(len + 2), (char)tag,
		(char)len};
	memcpy(der + 18, shown, len);
	return match_extension(context, der, len + 18, wanted);
}

/* What a person reads has no blanks, control characters or NULs in it. */
static void only_plain_names_are_shown(void **state)
{
	static const char der[] = "\x30\x3d"
				  "\x82\x03"
				  " ab"
				  "\x82\x0a"
				  "ok.example"
				  "\xa0\x0f\x06\x08\x2b\x06\x01\x05\x05\x07\x08\x05"
				  "\xa0\x03\x16\x01x" /* no UTF8String */
				  "\x82\x05"
				  "a b.c"
				  "\x82\x05"
				  "a\nb.c"
				  "\x82\x05"
				  "a\x7f"
				  "b.c"
				  "\x82\x04"
				  "a\0.c";
	gnutls_x509_crt_t certificate;
	char *shown;
	assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
	assert_int_equal(gnutls_x509_crt_set_extension_by_oid(
				 certificate, "2.5.29.17", der, sizeof(der) - 1, 0),
		0);
	assert_int_equal(envoi__tls_all_names(&shown, *state, certificate), ENVOI_OK);
	assert_string_equal(shown, "ok.example");
	envoi_free(*state, shown);
	gnutls_x509_crt_deinit(certificate);
}

static void texts_are_made_printable(void **state)
{
	static const struct {
		const char *text, *printable;
	} rows[] = {
		{"", ""},
		{"plain text", "plain text"},
		{"caf\xc3\xa9", "caf\xc3\xa9"},
		{"caf\xe9 au lait", "caf? au lait"},
		{"a\x80z", "a?z"},
		{"a\nb\x7f", "a?b?"},
		{"\x1f \x1e~", "? ?~"},
		/* C1 to U+009F, not the space without a break, U+00A0 */
		{"\xc2\x80 \xc2\x9f \xc2\xa0", "?? ?? \xc2\xa0"},
		/* U+2000 and U+207F; U+1FFF, U+2080, U+20C0 and U+3000 are not among them */
		{"\xe2\x80\x80 \xe2\x81\xbf", "??? ???"},
		{"\xe1\xbf\xbf \xe2\x82\x80 \xe2\x83\x80 \xe3\x80\x80",
			"\xe1\xbf\xbf \xe2\x82\x80 \xe2\x83\x80 \xe3\x80\x80"},
		{"\n\xc3\xa9", "?\xc3\xa9"},
		{"a\n\xc3\xa9\xff", "a????"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[32];
		strcpy(text, rows[i].text);
		envoi__tls_tidy(text);
		assert_string_equal(text, rows[i].printable);
	}
}

/* The common name does not count, whatever other names there are. */
static void an_extension_without_a_name_is_no_leave_for_the_common_name(void **state)
{
	static const struct {
		const char *der;
		size_t len;
	} extensions[] = {
		{"\x30\x00", 2}, /* empty */
		{"\x30\x02\x82\x00", 4}, /* an empty name */
		{"", 0}, {"\x30\x7f\x82", 3}, /* cut off */
		{"\x31\x00", 2}, /* a set */
		{"\x30\x02\x81\x00", 4}, /* an empty e-mail address */
		{"\x30\x03\x87\x01\x7f", 5}, /* an address of one byte */
	};
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		if (match_extension(*state, extensions[i].der, extensions[i].len, "example.org") !=
			ENVOI__TLS_NO_MATCH) {
			fail_msg("%d", (int)i);
		}
	}
	static const char uri[] = "https://example.org/", xmpp[] = "xmpp:example.org";
	assert_int_equal(
		match_name(*state, TAG_URI, uri, strlen(uri), "example.org"), ENVOI__TLS_NO_MATCH);
	assert_int_equal(match_name(*state, TAG_URI, xmpp, strlen(xmpp), "example.org"),
		ENVOI__TLS_NO_MATCH);
}

/* RFC 4985, section 2; RFC 6120, section 13.7.1.4 */
static void other_names_are_read_to_the_letter(void **state)
{
	static const struct {
		char oid;
		int tag;
		const char *shown, *wanted;
		bool matches;
	} cases[] = {
		{7, TAG_IA5_STRING, "_xmpp-client.example.org", "example.org", true},
		{7, TAG_IA5_STRING, "_XMPP-Client.Example.org", "example.org", true},
		{7, TAG_IA5_STRING, "_xmpp-client.xn--bcher-kva.example",
			"b\xc3\xbc"
			"cher.example",
			true},
		{7, TAG_UTF8_STRING, "_xmpp-client.example.org", "example.org", false},
		{7, TAG_IA5_STRING, "_xmpp-client.*.example.org", "one.example.org", false},
		{7, TAG_IA5_STRING, "_xmpp-client.*", "example.org", false},
		{7, TAG_IA5_STRING, "_xmpp-client.", "example.org", false},
		{7, TAG_IA5_STRING, "_xmpp-client", "example.org", false},
		{7, TAG_IA5_STRING, "_xmpps-client.example.org", "example.org", false},
		{7, TAG_IA5_STRING, "_xmpp-server.example.org", "example.org", false},
		{7, TAG_IA5_STRING, "_xmpp-client._tcp.example.org", "example.org", false},
		{7, TAG_IA5_STRING, "example.org", "example.org", false},
		{5, TAG_UTF8_STRING, "example.org", "example.org", true},
		{5, TAG_UTF8_STRING, "Example.ORG", "example.org", true},
		{5, TAG_UTF8_STRING,
			"b\xc3\xbc"
			"cher.example",
			"xn--bcher-kva.example", true},
		{5, TAG_IA5_STRING, "example.org", "example.org", false},
		{5, TAG_UTF8_STRING, "juliet@example.org", "example.org", false},
		{5, TAG_UTF8_STRING, "example.org/server", "example.org", false},
		{5, TAG_UTF8_STRING, "@example.org", "example.org", false},
		{5, TAG_UTF8_STRING, "*.example.org", "one.example.org", false},
		{5, TAG_UTF8_STRING, "", "example.org", false},
		{6, TAG_UTF8_STRING, "example.org", "example.org", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool matches = match_other(*state, cases[i].oid, cases[i].tag, cases[i].shown,
				       cases[i].wanted) == ENVOI__TLS_MATCH_OTHER_NAME;
		if (matches != cases[i].matches) {
			fail_msg("%s for %s", cases[i].shown, cases[i].wanted);
		}
	}
}

/* Puts a tag and the shortest form of the length before the content. @return the length of all */
static size_t wrap(unsigned char *der, size_t len, unsigned char tag)
{
	unsigned char head[] = {tag, 0x82, (unsigned char)(len >> 8), (unsigned char)len};
	size_t head_len = len < 0x80 ? 2 : len < 0x100 ? 3 : 4;
	head[1] = len < 0x80 ? (unsigned char)len : (unsigned char)(0x80 + head_len - 2);
	head[2] = len < 0x100 ? (unsigned char)len : head[2];
	memmove(der + head_len, der, len);
	memcpy(der, head, head_len);
	return len + head_len;
}

/* @param inner  an XmppAddr as it stands in the certificate */
static enum envoi__tls_match match_inner(
	struct envoi_context *context, const void *inner, size_t len, const char *wanted)
{
	static const unsigned char oid[] = {
		0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x05};
	unsigned char der[1700];
	memcpy(der, inner, len);
	len = wrap(der, len, 0xa0);
	memmove(der + sizeof(oid), der, len);
	memcpy(der, oid, sizeof(oid));
	len = wrap(der, len + sizeof(oid), 0xa0);
	len = wrap(der, len, 0x30);
	return match_extension(context, der, len, wanted);
}

/* X.690, sections 8.1.3 and 10.1: lengths of more than 127 bytes stand behind their own number. */
static void long_other_names_are_read(void **state)
{
	static const struct {
		const char *len;
		size_t len_bytes, name_len;
		bool matches;
	} cases[] = {
		{"\x7f", 1, 127, true},
		{"\x81\x80", 2, 128, true},
		{"\x81\xff", 2, 255, true},
		{"\x82\x01\x00", 3, 256, true},
		{"\x82\x01\x2c", 3, 300, true},
		{"\x82\x03\xff", 3, 1023, true},
		{"\x82\x04\x00", 3, 1024, false}, /* RFC 7622, section 3.2 */
		{"\x82\x06\x00", 3, 1536, false},
		{"\x83\x00\x01\x2c", 4, 300, false},
		{"\x80", 1, 128, false}, /* of indefinite length */
		{"\x81", 1, 0, false},
		{"\x82\x01", 2, 0, false},
		{"\x81\x7f", 2, 128, false},
		{"\x81\x81", 2, 128, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[1537], inner[1600] = {TAG_UTF8_STRING};
		size_t name_len = cases[i].name_len;
		for (size_t at = 0; at < name_len; at++) {
			name[at] = at % 50 == 40 ? '.' : 'a';
		}
		name[name_len] = '\0';
		memcpy(inner + 1, cases[i].len, cases[i].len_bytes);
		memcpy(inner + 1 + cases[i].len_bytes, name, name_len);
		bool matches = match_inner(*state, inner, 1 + cases[i].len_bytes + name_len,
				       name_len == 0 || name_len > 1023 ? "a" : name) ==
			ENVOI__TLS_MATCH_OTHER_NAME;
		if (matches != cases[i].matches) {
			fail_msg("%d", (int)i);
		}
	}
}

/* RFC 9525, sections 2, 6.3 and 7.1 */
static void dns_names_are_read_to_the_letter(void **state)
{
	static const struct {
		const char *shown, *wanted;
		bool matches;
	} cases[] = {
		{"*.example.org", "xn--bcher-kva.example.org", true},
		{"*.example.org",
			"b\xc3\xbc"
			"cher.example.org",
			true},
		{"*.example.org", "one.example.org.", true},
		{"*.example.org.", "one.example.org", true},
		{"xn--*.example.org", "xn--bcher-kva.example.org", false},
		{"on*.example.org", "one.example.org", false},
		{"*ne.example.org", "one.example.org", false},
		{"one.*.org", "one.example.org", false},
		{"*.*.org", "one.example.org", false},
		{"*", "example", false},
		{"*.", "example", false},
		{"*.org", "example.org", false},
		{"b\xc3\xbc"
		 "cher.example",
			"b\xc3\xbc"
			"cher.example",
			false},
		{"example.org..", "example.org", false},
		{".example.org", "example.org", false},
		{"example.or", "example.org", false},
		{"fxample.org", "example.org", false},
		{"example.organ", "example.org", false},
		{"*.example.or", "one.example.org", false},
		{"*.example.org", "localhost", false},
		{"_xmpp-client.example.org", "example.org", false},
		{"192.0.2.1", "192.0.2.1", false},
		{"2001:db8::1", "2001:db8::1", false},
		{"*.0.2.1", "192.0.2.1", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool matches = match_made(*state, cases[i].shown, strlen(cases[i].shown),
				       cases[i].wanted) == ENVOI__TLS_MATCH;
		if (matches != cases[i].matches) {
			fail_msg("%s for %s", cases[i].shown, cases[i].wanted);
		}
	}
}

static void names_with_a_nul_inside_are_no_names(void **state)
{
	static const char shown[] = "example.org\0.evil.example";
	assert_int_equal(match_made(*state, "example.org", 11, "example.org"), ENVOI__TLS_MATCH);
	assert_int_equal(
		match_made(*state, shown, sizeof(shown) - 1, "example.org"), ENVOI__TLS_NO_MATCH);
	assert_int_equal(
		match_made(*state, "example.org\0", 12, "example.org"), ENVOI__TLS_NO_MATCH);
	static const char inner[] = "\x0c\x10"
				    "example.org\0evil";
	assert_int_equal(
		match_inner(*state, inner, sizeof(inner) - 1, "example.org"), ENVOI__TLS_NO_MATCH);
	assert_int_equal(match_made(*state, "example.org.", 12, "example.org"), ENVOI__TLS_MATCH);
	assert_int_equal(
		match_made(*state, " example.org", 12, "example.org"), ENVOI__TLS_NO_MATCH);
}

static void a_name_that_is_not_a_domain_is_refused(void **state)
{
	struct envoi__tls_name name;
	char long_name[1100];
	memset(long_name, 'a', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(envoi__tls_name_init(&name, *state, ""), ENVOI_ERR_INVALID);
	envoi__tls_name_finish(&name);
	assert_int_equal(envoi__tls_name_init(&name, *state, long_name), ENVOI_ERR_INVALID);
	envoi__tls_name_finish(&name);
	long_name[1024] = '\0'; /* RFC 7622, section 3.2: 1023 */
	assert_int_equal(envoi__tls_name_init(&name, *state, long_name), ENVOI_ERR_INVALID);
	envoi__tls_name_finish(&name);
	long_name[1023] = '\0';
	assert_int_equal(envoi__tls_name_init(&name, *state, long_name), ENVOI_OK);
	envoi__tls_name_finish(&name);
	static const char *const texts[] = {
		"b\xff", ".example.org", "juliet@example.org", "example.org/desk", "*.example.org",
		"\xef\xbc\x8a.example.org", /* U+FF0A is mapped to an asterisk */
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(envoi__tls_name_init(&name, *state, texts[i]), ENVOI_ERR_INVALID);
		envoi__tls_name_finish(&name);
	}
}

static void the_text_lists_the_names_of_the_certificate(void **state)
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
			an_extension_without_a_name_is_no_leave_for_the_common_name, setup,
			teardown),
		cmocka_unit_test(texts_are_made_printable),
		cmocka_unit_test_setup_teardown(only_plain_names_are_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(
			other_names_are_read_to_the_letter, setup, teardown),
		cmocka_unit_test_setup_teardown(long_other_names_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(dns_names_are_read_to_the_letter, setup, teardown),
		cmocka_unit_test_setup_teardown(
			names_with_a_nul_inside_are_no_names, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_name_that_is_not_a_domain_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_text_lists_the_names_of_the_certificate, setup, teardown),
	};
	return cmocka_run_group_tests_name("crypto/tls_identity", tests, NULL, NULL);
}
