/*
 * envoi - the period in which a certificate is valid
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_period.h"

#include <stdio.h>

#include <envoi/error.h>
#include <envoi/values.h>

enum {
	TAG_INTEGER = 0x02,
	TAG_UTC_TIME = 0x17,
	TAG_GENERALIZED_TIME = 0x18,
	TAG_SEQUENCE = 0x30,
	TAG_VERSION = 0xa0,
	TIME_DIGITS = 14, /* of a GeneralizedTime; a UTCTime has two less */
};

/* Bytes of DER; a failed read leaves it without data. */
struct reader {
	const unsigned char *at, *end;
};

static size_t left_in(const struct reader *reader)
{
	return (size_t)(reader->end - reader->at);
}

static bool fail(struct reader *reader)
{
	reader->at = reader->end;
	return false;
}

/* The length of a value is in one byte, or in up to four bytes behind their number. */
static bool take_length(struct reader *reader, size_t *ret_len)
{
	if (left_in(reader) == 0) {
		return false;
	}
	size_t len = *reader->at++;
	if (len >= 0x80) {
		size_t bytes = len & 0x7f;
		if (bytes == 0 || bytes > 4 || bytes > left_in(reader)) {
			return false;
		}
		for (len = 0; bytes > 0; bytes--) {
			len = len << 8 | *reader->at++;
		}
	}
	*ret_len = len;
	return len <= left_in(reader);
}

/* Takes one value with this tag. @param[out] ret_content  empty when there is none */
static bool take(struct reader *reader, unsigned char tag, struct reader *ret_content)
{
	size_t len;
	*ret_content = (struct reader){reader->end, reader->end};
	if (left_in(reader) == 0 || *reader->at++ != tag || !take_length(reader, &len)) {
		return fail(reader);
	}
	*ret_content = (struct reader){reader->at, reader->at + len};
	reader->at += len;
	return true;
}

static bool next_is(const struct reader *reader, unsigned char tag)
{
	return left_in(reader) > 0 && *reader->at == tag;
}

/* YYMMDDHHMMSSZ from 1950 to 2049, or YYYYMMDDHHMMSSZ. @return whether it is a time */
static bool take_time(struct reader *reader, int64_t *ret_ms)
{
	struct reader content;
	bool is_short = next_is(reader, TAG_UTC_TIME);
	if (!take(reader, is_short ? TAG_UTC_TIME : TAG_GENERALIZED_TIME, &content) ||
		left_in(&content) != (is_short ? TIME_DIGITS - 1 : TIME_DIGITS + 1) ||
		content.end[-1] != 'Z') {
		return false;
	}
	const char *digits = (const char *)content.at;
	const char *century = !is_short ? "" : *digits < '5' ? "20" : "19";
	int day_digits = is_short ? 6 : 8;
	char text[sizeof("YYYYMMDDThh:mm:ss")];
	snprintf(text, sizeof(text), "%s%.*sT%.2s:%.2s:%.2s", century, day_digits, digits,
		digits + day_digits, digits + day_digits + 2, digits + day_digits + 4);
	return envoi_date_parse_legacy(text, ret_ms) == ENVOI_OK;
}

/* TBSCertificate: version, serial number, signature algorithm, issuer, validity. */
struct envoi__tls_period envoi__tls_period_parse(const unsigned char *der, size_t len)
{
	struct envoi__tls_period period = {.is_known = true};
	struct reader reader = {der, der + len}, certificate, body, validity, skipped;
	take(&reader, TAG_SEQUENCE, &certificate);
	take(&certificate, TAG_SEQUENCE, &body);
	if (next_is(&body, TAG_VERSION)) {
		take(&body, TAG_VERSION, &skipped);
	}
	take(&body, TAG_INTEGER, &skipped);
	take(&body, TAG_SEQUENCE, &skipped);
	take(&body, TAG_SEQUENCE, &skipped);
	take(&body, TAG_SEQUENCE, &validity);
	if (!take_time(&validity, &period.from_ms) || !take_time(&validity, &period.until_ms)) {
		period = (struct envoi__tls_period){.is_known = false};
	}
	return period;
}

struct envoi__tls_period envoi__tls_period_of(gnutls_x509_crt_t certificate)
{
	gnutls_datum_t der;
	struct envoi__tls_period period = {.is_known = false};
	if (gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, &der) == 0) {
		period = envoi__tls_period_parse(der.data, der.size);
		gnutls_free(der.data);
	}
	return period;
}

bool envoi__tls_period_has_begun(const struct envoi__tls_period *period, int64_t now_ms)
{
	return period->is_known && period->from_ms <= now_ms;
}

bool envoi__tls_period_has_ended(const struct envoi__tls_period *period, int64_t now_ms)
{
	return !period->is_known || now_ms >= period->until_ms + 1000;
}

bool envoi__tls_is_valid_at(gnutls_x509_crt_t certificate, int64_t now_ms)
{
	struct envoi__tls_period period = envoi__tls_period_of(certificate);
	return envoi__tls_period_has_begun(&period, now_ms) &&
		!envoi__tls_period_has_ended(&period, now_ms);
}
