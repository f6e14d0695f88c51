/*
 * envoi - URLs, and heads that are written: tests
 * SPDX-License-Identifier: MIT
 *
 * Private headers: HTTP has no public ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/error.h>

#include "http/http_url.h"
#include "http/http_writer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void urls_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum envoi__http_scheme scheme;
		const char *host;
		uint16_t port;
		const char *target, *authority;
	} rows[] = {
		{"wss://example.org/xmpp", ENVOI__SCHEME_WSS, "example.org", 443, "/xmpp",
			"example.org"},
		{"WS://Example.ORG:5280/a/b?c=d#e", ENVOI__SCHEME_WS, "example.org", 5280,
			"/a/b?c=d", "example.org:5280"},
		{"https://example.org", ENVOI__SCHEME_HTTPS, "example.org", 443, "/",
			"example.org"},
		{"https://example.org?x", ENVOI__SCHEME_HTTPS, "example.org", 443, "/?x",
			"example.org"},
		{"http://example.org:80/#x", ENVOI__SCHEME_HTTP, "example.org", 80, "/",
			"example.org"},
		{"http://example.org:/", ENVOI__SCHEME_HTTP, "example.org", 80, "/", "example.org"},
		{"https://[2001:db8::1]:8443/x", ENVOI__SCHEME_HTTPS, "2001:db8::1", 8443, "/x",
			"[2001:db8::1]:8443"},
		{"https://192.0.2.1/x", ENVOI__SCHEME_HTTPS, "192.0.2.1", 443, "/x", "192.0.2.1"},
		{"https://b\303\274cher.example/x", ENVOI__SCHEME_HTTPS, "xn--bcher-kva.example",
			443, "/x", "xn--bcher-kva.example"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct envoi__http_url url;
		char authority[ENVOI__HTTP_AUTHORITY_SIZE];
		assert_int_equal(envoi__http_url_read(&url, rows[i].text), ENVOI_OK);
		assert_int_equal(url.scheme, rows[i].scheme);
		assert_int_equal(url.is_secure,
			rows[i].scheme == ENVOI__SCHEME_HTTPS ||
				rows[i].scheme == ENVOI__SCHEME_WSS);
		assert_string_equal(url.host, rows[i].host);
		assert_int_equal(url.port, rows[i].port);
		assert_string_equal(url.target, rows[i].target);
		assert_string_equal(envoi__http_url_authority(authority, &url), rows[i].authority);
	}
}

static void what_is_no_url_is_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"wss://",
		"wss:///x",
		"wss://:443/",
		"wss://user@example.org/",
		"wss://user:password@example.org/",
		"wss://example.org:0/",
		"wss://example.org:65536/",
		"wss://example.org:x/",
		"wss://example.org:+1/",
		"wss://example.org:1:2/",
		"wss://example.org/a b",
		"wss://example.org/a\r\nX: y",
		"wss://exam ple.org/",
		"wss://example.org/\303\274",
		"wss://[::1/",
		"wss://[::1]x/",
		"wss://[example.org]/",
		"wss://[192.0.2.1]/",
		"wss://[fe80::1%25eth0]/",
		"wss://exa%6dple.org/",
		"wss://example.org\\x/",
		"wss://a\nb/",
	};
	struct envoi__http_url url;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(envoi__http_url_read(&url, rows[i]), ENVOI_ERR_INVALID);
	}
	assert_int_equal(envoi__http_url_read(&url, "ftp://example.org/"), ENVOI_ERR_UNSUPPORTED);
	assert_int_equal(envoi__http_url_read(&url, "example.org"), ENVOI_ERR_UNSUPPORTED);
	assert_int_equal(envoi__http_url_read(&url, ""), ENVOI_ERR_UNSUPPORTED);
}

static void long_urls_are_refused(void **state)
{
	(void)state;
	char text[8192];
	struct envoi__http_url url;
	for (size_t len = 1; len < sizeof(text) - 40; len += len < 300 ? 1 : 97) {
		snprintf(text, sizeof(text), "https://%0*d/", (int)len, 0);
		int r = envoi__http_url_read(&url, text);
		assert_int_equal(r == ENVOI_OK, len < ENVOI__HTTP_HOST_SIZE);
		snprintf(text, sizeof(text), "https://h/%0*d", (int)len, 0);
		r = envoi__http_url_read(&url, text);
		assert_int_equal(r == ENVOI_OK, len + 1 < ENVOI__HTTP_TARGET_SIZE);
	}
}

static void heads_are_written(void **state)
{
	(void)state;
	struct envoi_context *context;
	struct envoi_buffer out;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	envoi_buffer_init(&out, context, 0);
	assert_int_equal(envoi__http_write_request(&out, "GET", "/x?y"), ENVOI_OK);
	assert_int_equal(envoi__http_write_field(&out, "Host", "example.org"), ENVOI_OK);
	assert_int_equal(envoi__http_write_status(&out, 200, "All right"), ENVOI_OK);
	assert_int_equal(envoi__http_write_end(&out), ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&out, "", 1), ENVOI_OK);
	assert_string_equal(envoi_buffer_data(&out),
		"GET /x?y HTTP/1.1\r\nHost: example.org\r\nHTTP/1.1 200 All right\r\n\r\n");
	envoi_buffer_finish(&out);
	envoi_context_unref(context);
}

static void no_value_adds_a_field_or_ends_the_head(void **state)
{
	(void)state;
	struct envoi_context *context;
	struct envoi_buffer out;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	envoi_buffer_init(&out, context, 0);
	assert_int_equal(envoi__http_write_request(&out, "GE T", "/"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi__http_write_request(&out, "", "/"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi__http_write_request(&out, "GET", ""), ENVOI_ERR_INVALID);
	assert_int_equal(envoi__http_write_request(&out, "GET", "/ x"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi__http_write_request(&out, "GET", "/\r\nX: y"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi__http_write_status(&out, 99, ""), ENVOI_ERR_INVALID);
	assert_int_equal(envoi__http_write_status(&out, 600, ""), ENVOI_ERR_INVALID);
	assert_int_equal(envoi__http_write_status(&out, 200, "a\nb"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi__http_write_field(&out, "a:b", "c"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi__http_write_field(&out, "", "c"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi__http_write_field(&out, "a", "b\r\nc: d"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi__http_write_field(&out, "a", "b\nc"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_buffer_len(&out), 0);
	envoi_context_unref(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_read),
		cmocka_unit_test(what_is_no_url_is_refused),
		cmocka_unit_test(long_urls_are_refused),
		cmocka_unit_test(heads_are_written),
		cmocka_unit_test(no_value_adds_a_field_or_ends_the_head),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
