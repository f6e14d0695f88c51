/*
 * envoi - typed values as text: base64, hexadecimal, booleans, integers, dates, languages
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_VALUES_H
#define ENVOI_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Strict parsers and canonical printers for the typed values of XMPP. They do not allocate, do not
 * depend on the locale, and store no copy of a value: secrets are wiped by the caller. On failure
 * an output of a parser is unchanged, except the decoded bytes of base64 and hexadecimal.
 */

/* --- base64 (RFC 4648, section 4) --- */

/** @return the size of the encoding of @p len bytes, with its terminating NUL */
ENVOI_API size_t envoi_base64_encoded_size(size_t len);

/** @return the largest number of bytes that @p len characters decode to */
ENVOI_API size_t envoi_base64_decoded_size(size_t len);

/**
 * Encode with padding, without line breaks.
 *
 * @param[out] text  of envoi_base64_encoded_size() bytes; NUL-terminated
 * @return characters written, the NUL not counted
 */
ENVOI_API size_t envoi_base64_encode(char *text, const void *data, size_t len);

/**
 * Decode. Only the canonical form is accepted: blanks, line breaks, missing padding, and bits set
 * beyond the last byte are errors. Empty text is empty data.
 *
 * @param[out] data     of envoi_base64_decoded_size() bytes; may be @p text itself; undefined after
 *                      a failure
 * @param[out] ret_len  the number of bytes written
 * @param len           characters of @p text, which needs no NUL
 * @retval ENVOI_ERR_INVALID  not the canonical form
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_base64_decode(
	void *data, size_t *ret_len, const char *text, size_t len);

/* --- hexadecimal --- */

/** Write 2 * @p len digits in lower case and a NUL. @param[out] text of 2 * len + 1 bytes */
ENVOI_API void envoi_hex_encode(char *text, const void *data, size_t len);

/**
 * Read digits in lower or upper case.
 *
 * @param[out] data  of @p len / 2 bytes; may be @p text itself; undefined after a failure
 * @param len        characters of @p text, which needs no NUL
 * @retval ENVOI_ERR_INVALID  another character, or @p len is odd
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_hex_decode(void *data, const char *text, size_t len);

/* --- booleans (XML Schema, part 2, section 3.2.2) --- */

/** Read "true", "false", "1" or "0". @retval ENVOI_ERR_INVALID anything else, NULL included */
ENVOI_API ENVOI_MUST_CHECK int envoi_bool_parse(const char *text, bool *ret_value);

/** @return "true" or "false" */
ENVOI_API const char *envoi_bool_text(bool value);

/* --- integers (XML Schema, part 2, section 3.3.13) --- */

enum {
	ENVOI_INT_SIZE = 21, /**< of any integer and a NUL */
};

/**
 * Read decimal digits with an optional sign; leading zeros are allowed, blanks are not.
 *
 * @retval ENVOI_ERR_INVALID  not a number, not within @p min..@p max, or @p text is NULL
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_int_parse(
	const char *text, int64_t min, int64_t max, int64_t *ret_value);

/** As envoi_int_parse(), for values up to 2^64 - 1. */
ENVOI_API ENVOI_MUST_CHECK int envoi_uint_parse(
	const char *text, uint64_t min, uint64_t max, uint64_t *ret_value);

/** Write without leading zeros or plus sign. @return @p text */
ENVOI_API char *envoi_int_print(char text[ENVOI_INT_SIZE], int64_t value);

/** As envoi_int_print(). @return @p text */
ENVOI_API char *envoi_uint_print(char text[ENVOI_INT_SIZE], uint64_t value);

/* --- dates (XEP-0082, DateTime) --- */

enum {
	ENVOI_DATE_SIZE = 32, /**< of any date, day, time or zone and a NUL, of which 25 are used */
};

/**
 * Read "2002-09-10T23:08:25Z", optionally with a fraction of a second or another zone ("+02:00"):
 * years 1 to 9999, no leap seconds.
 *
 * @param[out] ret_ms  milliseconds since 1970-01-01T00:00:00Z; further digits are ignored
 * @retval ENVOI_ERR_INVALID  anything else, NULL included
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_date_parse(const char *text, int64_t *ret_ms);

/** Write in UTC, with milliseconds unless they are 0. @return @p text; NULL: not in years 1 to 9999
 *  */
ENVOI_API char *envoi_date_print(char text[ENVOI_DATE_SIZE], int64_t ms);

/**
 * Read the older form "20020910T23:08:25", in UTC (XEP-0082, section 4; XEP-0091).
 *
 * @retval ENVOI_ERR_INVALID  anything else, NULL included
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_date_parse_legacy(const char *text, int64_t *ret_ms);

/* --- days, times of the day, time zones (XEP-0082, Date and Time) --- */

/** A day of the calendar, without a time zone. */
struct envoi_day {
	int year; /**< 1..9999 */
	int month; /**< 1..12 */
	int day; /**< 1..31 */
};

/** A time of day. */
struct envoi_time {
	int ms; /**< since midnight: 0..86,399,999 */
	bool has_zone; /**< false: the zone is not given */
	int zone_minutes; /**< ahead of UTC: -840..840 */
};

/** Read "1776-07-04". @retval ENVOI_ERR_INVALID anything else, NULL included */
ENVOI_API ENVOI_MUST_CHECK int envoi_day_parse(const char *text, struct envoi_day *ret_day);

/** @return @p text; NULL: there is no such day */
ENVOI_API char *envoi_day_print(char text[ENVOI_DATE_SIZE], const struct envoi_day *day);

/** Read "16:00:00", optionally with a fraction and a zone; digits beyond milliseconds are ignored.
 * @retval ENVOI_ERR_INVALID anything else, NULL included */
ENVOI_API ENVOI_MUST_CHECK int envoi_time_parse(const char *text, struct envoi_time *ret_time);

/** Write, with milliseconds unless they are 0. @return @p text; NULL: a member is out of its range
 */
ENVOI_API char *envoi_time_print(char text[ENVOI_DATE_SIZE], const struct envoi_time *time);

/** Read "Z" or "+02:00", up to 14 hours (XEP-0202's tzo). @retval ENVOI_ERR_INVALID */
ENVOI_API ENVOI_MUST_CHECK int envoi_zone_parse(const char *text, int *ret_minutes);

/** Write "Z" or "+02:00". @return @p text; NULL: not within -840..840 */
ENVOI_API char *envoi_zone_print(char text[ENVOI_DATE_SIZE], int minutes);

/* --- language tags (RFC 5646, in the form that xml:lang allows) --- */

/**
 * @return whether @p text is one to eight letters, optionally followed by parts of a hyphen and one
 *         to eight letters or digits; false for NULL
 */
ENVOI_API bool envoi_lang_is_valid(const char *text);

enum {
	ENVOI_LANG_SIZE = 128, /**< of any tag that envoi_lang_parse() accepts, and a NUL */
};

/**
 * Read a language tag strictly, and write it in the recommended case (RFC 5646, section 2.1.1):
 * "zh-hant-tw" becomes "zh-Hant-TW".
 *
 * @retval ENVOI_ERR_INVALID  not well-formed (RFC 5646, section 2.1), a variant or an extension
 *                            occurs twice, longer than ENVOI_LANG_SIZE allows, or NULL
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_lang_parse(const char *text, char ret_tag[ENVOI_LANG_SIZE]);

/**
 * @return whether a tag matches a range (RFC 4647, section 3.3.1): the range is "*", the tag, or a
 *         prefix of the tag that ends before a hyphen; case is ignored. False for NULL
 */
ENVOI_API bool envoi_lang_matches(const char *tag, const char *range);

#ifdef __cplusplus
}
#endif
#endif
