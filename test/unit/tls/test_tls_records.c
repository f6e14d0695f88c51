/*
 * envoi - what TLS receives, in whole records: tests
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/error.h>

#include "test_allocator.h"

enum {
	HEAD = 5,
	LARGEST = 16384 + 2048,
	SPARE = 512, /* bytes of memory beside those that are held */
};

static struct test_allocator allocator;
static struct envoi_context *context;
static struct envoi__tls_records records;

static int setup(void **state)
{
	(void)state;
	allocator = (struct test_allocator){0};
	assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
	envoi__tls_records_init(&records, context);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi__tls_records_finish(&records);
	envoi_context_unref(context);
	return allocator.live != 0;
}

static void append(const char *data, size_t len)
{
	assert_int_equal(envoi__tls_records_append(&records, data, len), ENVOI_OK);
}

/* @return bytes of a record, filled with @p fill */
static size_t put_record(char *to, char fill, size_t len)
{
	const char head[HEAD] = {23, 3, 3, (char)(len >> 8), (char)(len & 0xff)};
	memcpy(to, head, HEAD);
	memset(to + HEAD, fill, len);
	return HEAD + len;
}

static void only_whole_records_are_given_however_they_are_cut(void **state)
{
	(void)state;
	char data[64], got[64];
	size_t len = put_record(data, 'a', 0);
	len += put_record(data + len, 'b', 10);
	size_t second = len;
	len += put_record(data + len, 'c', 20);
	for (size_t cut = 1; cut < len; cut++) {
		append(data, cut);
		size_t whole = cut < HEAD ? 0 : cut < second ? HEAD : second;
		assert_int_equal(envoi__tls_records_take(&records, got, sizeof(got)), whole);
		assert_int_equal(envoi__tls_records_take(&records, got, sizeof(got)), 0);
		append(data + cut, len - cut);
		size_t rest = envoi__tls_records_take(&records, got + whole, sizeof(got) - whole);
		assert_int_equal(whole + rest, len);
		assert_memory_equal(got, data, len);
		assert_int_equal(envoi__tls_records_len(&records), 0);
	}
}

static void a_record_is_taken_in_parts(void **state)
{
	(void)state;
	char data[64], got[64];
	size_t len = put_record(data, 'a', 10);
	append(data, len);
	append(data, 3);
	assert_int_equal(envoi__tls_records_take(&records, got, HEAD), HEAD);
	assert_int_equal(envoi__tls_records_take(&records, got + HEAD, sizeof(got)), 10);
	assert_memory_equal(got, data, len);
	assert_int_equal(envoi__tls_records_take(&records, got, sizeof(got)), 0);
	assert_int_equal(envoi__tls_records_len(&records), 3);
}

static void a_record_that_is_incomplete_takes_what_has_come(void **state)
{
	(void)state;
	static char data[HEAD + LARGEST];
	size_t len = put_record(data, 'a', 16384), before = allocator.bytes;
	for (size_t at = 0; at + 1 < len; at += 1000) {
		append(data + at, len - at < 1000 ? len - at - 1 : 1000);
		assert_true(allocator.bytes - before <= len + SPARE);
		assert_int_equal(records.incomplete, len);
	}
	append(data, 1);
	assert_int_equal(records.whole, len);
	assert_int_equal(records.incomplete, 0);
	while (envoi__tls_records_take(&records, data, sizeof(data)) > 0) {
	}
	assert_int_equal(allocator.bytes, before);
}

static void few_bytes_of_a_long_record_take_few_bytes(void **state)
{
	(void)state;
	static char data[HEAD + LARGEST];
	put_record(data, 'a', 16384);
	size_t before = allocator.bytes;
	append(data, 100);
	assert_true(allocator.bytes - before <= SPARE);
}

/* GnuTLS refuses it when it has read the head. */
static void a_record_that_is_too_long_is_given_at_once(void **state)
{
	(void)state;
	static char data[HEAD + LARGEST + 1], got[16];
	put_record(data, 'a', LARGEST);
	append(data, HEAD);
	assert_int_equal(envoi__tls_records_take(&records, got, sizeof(got)), 0);
	envoi__tls_records_finish(&records);
	envoi__tls_records_init(&records, context);
	put_record(data, 'a', LARGEST + 1);
	append(data, HEAD);
	assert_int_equal(envoi__tls_records_take(&records, got, sizeof(got)), HEAD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(only_whole_records_are_given_however_they_are_cut),
		TEST(a_record_is_taken_in_parts),
		TEST(a_record_that_is_incomplete_takes_what_has_come),
		TEST(few_bytes_of_a_long_record_take_few_bytes),
		TEST(a_record_that_is_too_long_is_given_at_once),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("tls/records", tests, NULL, NULL);
}
