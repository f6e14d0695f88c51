/*
 * envoi - host names and addresses as text: tests
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/error.h>

#include "net/host_names.h"

static void names_are_within_their_domain(void **state)
{
	static const struct {
		const char *name, *domain;
		bool is_within;
	} rows[] = {
		{"example", "example", true},
		{"a.example", "example", true},
		{"a.example.", "example", true},
		{"a.example", "example.", true},
		{"aexample", "example", false},
		{"xample", "example", false},
		{"example", "a.example", false},
		{"example.a", "example", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
			envoi__is_within_domain(rows[i].name, rows[i].domain), rows[i].is_within);
	}
}

/* RFC 4343: of ASCII letters alone. */
static void names_are_compared_without_regard_to_case(void **state)
{
	(void)state;
	for (int a = 1; a < 256; a++) {
		for (int b = 1; b < 256; b++) {
			const char x[] = {(char)a, 'x', '\0'}, y[] = {(char)b, 'X', '\0'};
			bool are_letters = (a | 0x20) >= 'a' && (a | 0x20) <= 'z';
			bool are_equal = a == b || (are_letters && (a ^ b) == 0x20);
			assert_int_equal(envoi__is_within_domain(x, y), are_equal);
		}
	}
}

static void labels_and_names_have_their_longest(void **state)
{
	char name[300];
	(void)state;
	memset(name, 'a', sizeof(name));
	for (size_t i = 63; i < sizeof(name); i += 64) {
		name[i] = '.';
	}
	for (size_t len = 1; len < sizeof(name) - 1; len++) {
		char last = name[len];
		name[len] = '\0';
		assert_int_equal(envoi__is_dns_name(name), len <= ENVOI__MAX_DNS_NAME);
		name[len] = last;
	}
	memset(name, 'a', 64);
	name[64] = '\0';
	assert_false(envoi__is_dns_name(name));
}

static void addresses_are_parsed_and_printed(void **state)
{
	static const struct {
		const char *text;
		int family;
	} rows[] = {
		{"192.0.2.1", AF_INET},
		{"2001:db8::1", AF_INET6},
		{"192.0.2", 0},
		{"example", 0},
		{"", 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char bytes[16];
		assert_int_equal(envoi__parse_address(rows[i].text, bytes), rows[i].family);
		if (rows[i].family != 0) {
			struct sockaddr_storage address;
			char text[64];
			envoi__make_sockaddr(&address, rows[i].family, bytes, 5222);
			envoi__print_address(&address, text, sizeof(text));
			assert_string_equal(text, rows[i].text);
			assert_int_equal(envoi__sockaddr_len(&address),
				rows[i].family == AF_INET ? sizeof(struct sockaddr_in)
							  : sizeof(struct sockaddr_in6));
		}
	}
}

/* RFC 6120, section 4.9.3.19; RFC 3986, section 3.2.2. */
static void hosts_are_read_in_all_forms(void **state)
{
	static const struct {
		const char *text, *host;
	} rows[] = {
		{"a.example", "a.example"},
		{"a.example.", "a.example"},
		{"b\303\274cher.example", "xn--bcher-kva.example"},
		{"192.0.2.1", "192.0.2.1"},
		{"2001:db8::1", "2001:db8::1"},
		{"[2001:db8::1]", "2001:db8::1"},
		{"", NULL},
		{"[]", NULL},
		{"[a", NULL},
		{"[2001:db8::1", NULL},
		{"a b", NULL},
		{"a..b", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char host[ENVOI__HOST_SIZE] = "unchanged";
		int r = envoi__host_read(host, rows[i].text);
		assert_int_equal(r, rows[i].host != NULL ? ENVOI_OK : ENVOI_ERR_INVALID);
		assert_string_equal(host, rows[i].host != NULL ? rows[i].host : "unchanged");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_within_their_domain),
		cmocka_unit_test(names_are_compared_without_regard_to_case),
		cmocka_unit_test(labels_and_names_have_their_longest),
		cmocka_unit_test(addresses_are_parsed_and_printed),
		cmocka_unit_test(hosts_are_read_in_all_forms),
	};
	return cmocka_run_group_tests_name("net/host_names", tests, NULL, NULL);
}
