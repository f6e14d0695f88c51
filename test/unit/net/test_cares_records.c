/*
 * envoi - resolver on c-ares: records and statuses; tests
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <ares.h>
#include <cmocka.h>

#include <envoi/context.h>

#include "net/cares.h"
#include "net/cares_query.h"
#include "net/host_names.h"
#include "test_allocator.h"

enum {
	A = 1,
	SRV = 33,
};

struct fixture {
	struct envoi_context *context;
	struct test_allocator allocator;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(test_allocator_context(&f->context, &f->allocator), ENVOI_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_context_unref(f->context);
	assert_int_equal(f->allocator.live, 0);
	free(f);
	return 0;
}

static struct envoi__cares_request *new_request(struct fixture *f, int family)
{
	struct envoi__cares_request *request = envoi_alloc_zeroed(f->context, sizeof(*request));
	assert_non_null(request);
	request->context = f->context;
	request->family = family;
	return request;
}

/* A reply with two records, cut anywhere and changed anywhere: records that can be, or a status. */
static void damaged_replies_do_no_harm(void **state)
{
	static const unsigned char reply[] =
		"\x12\x34\x81\x80\0\1\0\2\0\0\0\0\4_foo\4_tcp\1a\0\0\x21\0\1"
		"\xc0\x0c\0\x21\0\1\0\0\1\0\0\x0b\0\1\0\1\x14\x66\1b\1c\0"
		"\xc0\x0c\0\x21\0\1\0\0\1\0\0\x0a\0\1\0\1\x14\x66\1d\xc0\x16";
	struct fixture *f = *state;
	const int families[] = {0, AF_INET, AF_INET6};
	size_t ok = 0;
	for (size_t i = 0; i < 3 * sizeof(reply) * 256; i++) {
		size_t at = i / 256 % sizeof(reply), len = sizeof(reply) - 1;
		bool is_cut = at == len;
		if (is_cut && i % 256 < len) {
			len = i % 256;
		}
		unsigned char *copy = malloc(len + 1);
		assert_non_null(copy);
		memcpy(copy, reply, len);
		if (!is_cut) {
			copy[at] = (unsigned char)i;
		}
		struct envoi__cares_request *request = new_request(
			f, families[i / 256 / sizeof(reply)]);
		envoi__cares_set_status(request, envoi__cares_parse(request, copy, len));
		assert_true((request->status == ENVOI_LOOKUP_OK) == (request->count > 0));
		ok += request->status == ENVOI_LOOKUP_OK;
		for (size_t k = 0; request->srvs != NULL && k < request->count; k++) {
			assert_true(strcmp(request->srvs[k].target, ".") == 0 ||
				envoi__is_dns_name(request->srvs[k].target));
		}
		envoi__cares_request_free(request);
		free(copy);
	}
	assert_true(ok > 1000);
}

/* Each record is 21 or 16 bytes; the name of all is that of the question. */
static size_t make_long_reply(unsigned char *reply, int type, unsigned int count)
{
	static const char question[] = "\x12\x34\x81\x80\0\1\0\0\0\0\0\0\4_foo\4_tcp\1a\0\0\0\0\1";
	static const char record[] = "\xc0\x0c\0\0\0\1\0\0\1\0\0";
	size_t len = sizeof(question) - 1;
	memcpy(reply, question, len);
	reply[6] = (unsigned char)(count >> 8);
	reply[7] = (unsigned char)count;
	reply[len - 3] = (unsigned char)type;
	for (unsigned int i = 0; i < count; i++) {
		unsigned char *at = reply + len;
		memcpy(at, record, sizeof(record));
		at[3] = (unsigned char)type;
		at[11] = type == SRV ? 9 : 4;
		memcpy(at + 12, type == SRV ? "\0\1\0\1\x14\x66\1b\0" : "\xc0\0\2\1", at[11]);
		len += 12u + at[11];
	}
	return len;
}

static void records_beyond_the_limit_are_counted(void **state)
{
	static const struct {
		int family, type;
	} kinds[] = {{0, SRV}, {AF_INET, A}};
	static unsigned char reply[12000];
	struct fixture *f = *state;
	for (size_t i = 0; i < 4; i++) {
		unsigned int count = i < 2 ? 256 : 500;
		size_t len = make_long_reply(reply, kinds[i % 2].type, count);
		struct envoi__cares_request *request = new_request(f, kinds[i % 2].family);
		assert_int_equal(envoi__cares_parse(request, reply, len), ARES_SUCCESS);
		assert_int_equal(request->count, 256);
		assert_int_equal(request->left_out, count - 256);
		envoi__cares_request_free(request);
	}
}

static void addresses_of_the_hosts_file_become_the_answer(void **state)
{
	static char first[4] = {(char)192, 0, 2, 1}, second[4] = {(char)192, 0, 2, 2};
	static char *const both[] = {first, second, NULL}, *const none[] = {NULL};
	struct fixture *f = *state;
	struct envoi__cares_request *request = new_request(f, AF_INET);
	envoi__cares_set_address(request, both);
	assert_int_equal(request->status, ENVOI_LOOKUP_OK);
	assert_int_equal(request->count, 2);
	for (size_t i = 0; i < 2; i++) {
		char text[64];
		envoi__print_address(&request->addresses[i], text, sizeof(text));
		assert_string_equal(text, i == 0 ? "192.0.2.1" : "192.0.2.2");
	}
	envoi__cares_request_free(request);
	char *const *const nothing[] = {NULL, none};
	for (size_t i = 0; i < 2; i++) {
		request = new_request(f, AF_INET);
		envoi__cares_set_address(request, nothing[i]);
		assert_int_equal(request->status, ENVOI_LOOKUP_NO_DATA);
		assert_int_equal(request->count, 0);
		envoi__cares_request_free(request);
	}
	request = new_request(f, AF_INET);
	f->allocator.fail_at = f->allocator.calls + 1;
	envoi__cares_set_address(request, both);
	assert_int_equal(request->status, ENVOI_LOOKUP_NOMEM);
	assert_int_equal(request->count, 0);
	envoi__cares_request_free(request);
}

static void targets_are_names_without_a_dot_at_the_end(void **state)
{
	static const struct {
		const char *target, *expected; /* NULL: left out */
	} rows[] = {
		{"a.example", "a.example"},
		{"a.example.", "a.example"},
		{"a", "a"},
		{"a.", "a"},
		{".", "."},
		{"", "."},
		{NULL, NULL},
		{"a b", NULL},
		{"..", NULL},
	};
	struct fixture *f = *state;
	struct envoi__cares_request *request = new_request(f, 0);
	size_t count = sizeof(rows) / sizeof(rows[0]), expected = 0;
	assert_int_equal(envoi__cares_begin_records(request, count), ARES_SUCCESS);
	for (size_t i = 0; i < count; i++) {
		struct envoi_srv srv = {.target = rows[i].target, .port = (uint16_t)i};
		envoi__cares_add_srv(request, &srv);
		if (rows[i].expected != NULL) {
			assert_int_equal(request->count, expected + 1);
			assert_string_equal(request->srvs[expected].target, rows[i].expected);
			assert_int_equal(request->srvs[expected++].port, i);
		}
	}
	assert_int_equal(request->count, expected);
	envoi__cares_request_free(request);
}

/* Three addresses of a family; each allocation fails once. */
static void replies_are_read_or_out_of_memory(void **state)
{
	static unsigned char reply[2000];
	struct fixture *f = *state;
	size_t len = make_long_reply(reply, A, 3);
	int code = ARES_ENOMEM;
	for (size_t n = 1; code != ARES_SUCCESS; n++) {
		assert_int_equal(code, ARES_ENOMEM);
		struct envoi__cares_request *request = new_request(f, AF_INET);
		f->allocator.fail_at = f->allocator.calls + n;
		code = envoi__cares_parse(request, reply, len);
		f->allocator.fail_at = 0;
		assert_int_equal(request->count, code == ARES_SUCCESS ? 3 : 0);
		envoi__cares_request_free(request);
	}
}

static void codes_of_the_library_become_statuses(void **state)
{
	(void)state;
	static const char unreachable[] = "no name server is reachable, or none has an answer";
	static const struct {
		int code;
		enum envoi_lookup_status status;
		const char *text;
	} rows[] = {
		{ARES_SUCCESS, ENVOI_LOOKUP_OK, NULL},
		{ARES_ENOTFOUND, ENVOI_LOOKUP_NO_NAME, "no such name"},
		{ARES_ENODATA, ENVOI_LOOKUP_NO_DATA, "no record of this type"},
		{ARES_ETIMEOUT, ENVOI_LOOKUP_TIMEOUT, "no answer from the name server"},
		{ARES_ENOMEM, ENVOI_LOOKUP_NOMEM, "out of memory"},
		{ARES_ESERVFAIL, ENVOI_LOOKUP_FAILED, unreachable},
		{ARES_ECONNREFUSED, ENVOI_LOOKUP_FAILED, unreachable},
		{ARES_EREFUSED, ENVOI_LOOKUP_FAILED, unreachable},
		{ARES_ENOTIMP, ENVOI_LOOKUP_FAILED, unreachable},
		{ARES_EBADRESP, ENVOI_LOOKUP_FAILED, "malformed answer of the name server"},
		{ARES_EFORMERR, ENVOI_LOOKUP_FAILED, "the name server calls the query malformed"},
		{ARES_ECANCELLED, ENVOI_LOOKUP_FAILED, "name resolution failed"},
		{9999, ENVOI_LOOKUP_FAILED, "name resolution failed"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi__cares_request request = {0};
		envoi__cares_set_status(&request, rows[i].code);
		assert_int_equal(request.status, rows[i].status);
		if (rows[i].text == NULL) {
			assert_null(request.text);
		} else {
			assert_string_equal(request.text, rows[i].text);
		}
	}
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(damaged_replies_do_no_harm),
		CASE(records_beyond_the_limit_are_counted),
		CASE(addresses_of_the_hosts_file_become_the_answer),
		CASE(targets_are_names_without_a_dot_at_the_end),
		CASE(replies_are_read_or_out_of_memory),
		cmocka_unit_test(codes_of_the_library_become_statuses),
	};
	return cmocka_run_group_tests_name("net/cares_records", tests, NULL, NULL);
}
