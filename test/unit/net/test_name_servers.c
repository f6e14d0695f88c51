/*
 * envoi - lists of name servers: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/error.h>

#include "net/name_servers.h"

static void addresses_with_and_without_ports_are_servers(void **state)
{
	static const char *const texts[] = {
		"192.0.2.1",
		"192.0.2.1:1",
		"192.0.2.1:53",
		"192.0.2.1:9090",
		"192.0.2.1:65535",
		"2001:db8::1",
		"[2001:db8::1]",
		"[2001:db8::1]:53",
		"[2001:db8:1:2:3:4:5:6]",
		"2001:db8:1111:2222:3333:4444:5555:6666",
		"2001:0db8:1111:2222:3333:4444:192.168.255.255",
		"192.0.2.1,[2001:db8::1]:5353,2001:db8::2,192.0.2.2:5353",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (envoi__check_name_servers(texts[i]) != ENVOI_OK) {
			fail_msg("%s", texts[i]);
		}
	}
}

static void other_texts_are_not(void **state)
{
	static const char *const texts[] = {
		"",
		"ns.example",
		"192.0.2",
		"192.0.2.1:",
		"192.0.2.1:0",
		"192.0.2.1:65536",
		"192.0.2.1:4294967349", /* 2^32 + 53 */
		"192.0.2.1:5a",
		"192.0.2.1:-1",
		"192.0.2.1:53:53",
		"192.0.2.1 ",
		"[192.0.2.1]",
		"[2001:db8::1",
		"[]",
		"[2001:db8::1]53",
		"[2001:db8::1]:",
		"[2001:db8::1]:65536",
		":53",
		",",
		"192.0.2.1,",
		",192.0.2.1",
		"192.0.2.1,,192.0.2.2",
		"192.0.2.1;192.0.2.2",
		/* 46 characters and more, where the longest address has 45 */
		"02001:0db8:1111:2222:3333:4444:192.168.255.255",
		"2001:0db8:1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (envoi__check_name_servers(texts[i]) != ENVOI_ERR_INVALID) {
			fail_msg("%s", texts[i]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_with_and_without_ports_are_servers),
		cmocka_unit_test(other_texts_are_not),
	};
	return cmocka_run_group_tests_name("net/name_servers", tests, NULL, NULL);
}
