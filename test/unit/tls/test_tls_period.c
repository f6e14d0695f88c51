/*
 * envoi - TLS: the period in which a certificate is valid: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/values.h>

#include "tls/tls_period.h"

/* The DER of a certificate up to its period, which is all that is read; lengths fit one byte. */
static size_t make(unsigned char der[128], int tag, const char *from, const char *until)
{
	static const char before[] = "\xa0\x03\x02\x01\x02" /* version */
				     "\x02\x01\x07" /* serial number */
				     "\x30\x02\x05\x00" /* signature algorithm */
				     "\x30\x00"; /* issuer */
	size_t from_len = strlen(from), until_len = strlen(until);
	size_t period_len = from_len + until_len + 4,
	       body_len = sizeof(before) - 1 + 2 + period_len;
	int len = snprintf(
		(char *)der, 128, "\x30%c\x30%c%.*s", (int)body_len + 2, (int)body_len, 5, before);
	assert_int_equal(len, 9);
	unsigned char *at = der + 4;
	memcpy(at, before, sizeof(before) - 1);
	at += sizeof(before) - 1;
	len = snprintf((char *)at, 100, "\x30%c%c%c%s%c%c%s", (int)period_len, tag, (int)from_len,
		from, tag, (int)until_len, until);
	return (size_t)(at - der) + (size_t)len;
}

static int64_t date(const char *text)
{
	int64_t ms;
	assert_int_equal(envoi_date_parse(text, &ms), ENVOI_OK);
	return ms;
}

enum {
	UTC_TIME = 0x17,
	GENERALIZED_TIME = 0x18,
};

/* RFC 5280, sections 4.1.2.5.1 and 4.1.2.5.2 */
static void both_forms_of_time_are_read(void **state)
{
	static const struct {
		int tag;
		const char *from, *until, *from_date, *until_date;
	} rows[] = {
		{UTC_TIME, "500101000000Z", "491231235959Z", "1950-01-01T00:00:00Z",
			"2049-12-31T23:59:59Z"},
		{UTC_TIME, "991231235959Z", "000101000000Z", "1999-12-31T23:59:59Z",
			"2000-01-01T00:00:00Z"},
		{GENERALIZED_TIME, "20380119031408Z", "20500101000000Z", "2038-01-19T03:14:08Z",
			"2050-01-01T00:00:00Z"},
		{GENERALIZED_TIME, "00010101000000Z", "99991231235959Z", "0001-01-01T00:00:00Z",
			"9999-12-31T23:59:59Z"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char der[128];
		size_t len = make(der, rows[i].tag, rows[i].from, rows[i].until);
		struct envoi__tls_period period = envoi__tls_period_parse(der, len);
		assert_true(period.is_known);
		assert_true(period.from_ms == date(rows[i].from_date));
		assert_true(period.until_ms == date(rows[i].until_date));
	}
}

static void other_texts_are_no_times(void **state)
{
	static const struct {
		int tag;
		const char *text;
	} rows[] = {
		{UTC_TIME, ""},
		{UTC_TIME, "2001010000Z"},
		{UTC_TIME, "200101000000"},
		{UTC_TIME, "200101000000z"},
		{UTC_TIME, "2001010000000"},
		{UTC_TIME, "200101000000+0100"},
		{UTC_TIME, "20200101000000Z"},
		{UTC_TIME, "201301000000Z"},
		{UTC_TIME, "200230000000Z"},
		{UTC_TIME, "200101240000Z"},
		{UTC_TIME, "200101006000Z"},
		{UTC_TIME, "200101000060Z"},
		{UTC_TIME, "20-101000000Z"},
		{GENERALIZED_TIME, "200101000000Z"},
		{GENERALIZED_TIME, "20200101000000.0Z"},
		{GENERALIZED_TIME, "00000101000000Z"},
		{0x16, "200101000000Z"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char der[128];
		size_t len = make(der, rows[i].tag, rows[i].text, rows[i].text);
		struct envoi__tls_period period = envoi__tls_period_parse(der, len);
		assert_false(period.is_known);
	}
}

/* Each byte changed to each value, and each length, in a block of that size. */
static void damaged_certificates_do_no_harm(void **state)
{
	unsigned char der[128];
	size_t len = make(der, UTC_TIME, "200101000000Z", "300101000000Z"), known = 0;
	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		unsigned char *copy = malloc(cut + 1);
		memcpy(copy, der, cut);
		assert_false(envoi__tls_period_parse(copy, cut).is_known);
		free(copy);
	}
	for (size_t i = 0; i < len * 256; i++) {
		unsigned char *copy = malloc(len);
		memcpy(copy, der, len);
		copy[i / 256] = (unsigned char)i;
		known += envoi__tls_period_parse(copy, len).is_known;
		free(copy);
	}
	assert_true(known > len);
}

/* X.690, section 8.1.3.5: four bytes of length at most here. */
static void lengths_have_more_bytes_too(void **state)
{
	unsigned char der[128], longer[128];
	size_t len = make(der, UTC_TIME, "200101000000Z", "300101000000Z");
	(void)state;
	for (unsigned char bytes = 1; bytes <= 5; bytes++) {
		longer[0] = 0x30;
		longer[1] = 0x80 | bytes;
		memset(longer + 2, 0, bytes);
		longer[1 + bytes] = (unsigned char)(len - 2);
		memcpy(longer + 2 + bytes, der + 2, len - 2);
		struct envoi__tls_period period = envoi__tls_period_parse(longer, len + bytes);
		assert_int_equal(period.is_known, bytes <= 4);
	}
	longer[1] = 0x80;
	assert_false(envoi__tls_period_parse(longer, len).is_known);
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

static void both_seconds_are_within_the_period(void **state)
{
	gnutls_x509_crt_t certificate = load("right");
	struct envoi__tls_period period = envoi__tls_period_of(certificate);
	(void)state;
	assert_true(period.is_known);
	assert_true(period.from_ms == date("2020-01-01T00:00:00Z"));
	assert_true(period.until_ms > date("2119-01-01T00:00:00Z"));
	assert_false(envoi__tls_is_valid_at(certificate, period.from_ms - 1));
	assert_true(envoi__tls_is_valid_at(certificate, period.from_ms));
	assert_true(envoi__tls_is_valid_at(certificate, period.until_ms + 999));
	assert_false(envoi__tls_is_valid_at(certificate, period.until_ms + 1000));
	gnutls_x509_crt_deinit(certificate);
	assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
	assert_false(envoi__tls_is_valid_at(certificate, date("2026-01-01T00:00:00Z")));
	gnutls_x509_crt_deinit(certificate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_forms_of_time_are_read),
		cmocka_unit_test(other_texts_are_no_times),
		cmocka_unit_test(damaged_certificates_do_no_harm),
		cmocka_unit_test(lengths_have_more_bytes_too),
		cmocka_unit_test(both_seconds_are_within_the_period),
	};
	return cmocka_run_group_tests_name("tls/tls_period", tests, NULL, NULL);
}
