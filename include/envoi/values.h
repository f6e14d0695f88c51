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
 * Strict parsers and canonical printers for the values that XMPP puts into XML. They allocate
 * nothing, know no locale, and keep nothing: the caller gives the room and wipes it if it must.
 * Parsers leave their outputs untouched on failure.
 */

/* --- base64 (RFC 4648, section 4) --- */

/** @return bytes that encoding @p len bytes needs, the terminating NUL included */
ENVOI_API size_t envoi_base64_encoded_size(size_t len);

/** @return bytes that decoding @p len characters needs at most */
ENVOI_API size_t envoi_base64_decoded_size(size_t len);

/**
 * Encode with padding, without line breaks.
 *
 * @param[out] text  room for envoi_base64_encoded_size() bytes; gets a terminating NUL
 * @return characters written, the NUL not counted
 */
ENVOI_API size_t envoi_base64_encode(char *text, const void *data, size_t len);

/**
 * Decode. Nothing but the alphabet and right padding is accepted: no blanks, no line breaks, no
 * missing padding, no bits set beyond the last byte, so that each value has one form. Empty text
 * is empty data.
 *
 * @param[out] data     room for envoi_base64_decoded_size() bytes; may be @p text itself; what it
 *                      holds after a failure is not defined
 * @param[out] ret_len  bytes written
 * @retval ENVOI_ERR_INVALID
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_base64_decode(
	void *data, size_t *ret_len, const char *text, size_t len);

/* --- hexadecimal --- */

/** Write 2 * @p len digits in lower case and a NUL. @param[out] text room for 2 * len + 1 */
ENVOI_API void envoi_hex_encode(char *text, const void *data, size_t len);

/**
 * Read digits in either case.
 *
 * @param[out] data  room for @p len / 2 bytes; may be @p text itself
 * @param len        characters of @p text: even
 * @retval ENVOI_ERR_INVALID
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_hex_decode(void *data, const char *text, size_t len);

/* --- booleans (XML Schema, part 2, section 3.2.2) --- */

/** Read "true", "false", "1" or "0". @retval ENVOI_ERR_INVALID anything else, NULL included */
ENVOI_API ENVOI_MUST_CHECK int envoi_bool_parse(const char *text, bool *ret_value);

/** @return "true" or "false" */
ENVOI_API const char *envoi_bool_text(bool value);

/* --- integers (XML Schema, part 2, section 3.3.13) --- */

enum {
	ENVOI_INT_SIZE = 21, /**< room for any integer and a NUL */
};

/**
 * Read decimal digits with an optional sign; leading zeros are allowed, blanks are not.
 *
 * @retval ENVOI_ERR_INVALID  no such number, not within @p min..@p max, or @p text is NULL
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
	ENVOI_DATE_SIZE = 32, /**< room for any date and a NUL; it takes 25 */
};

/**
 * Read "2002-09-10T23:08:25Z", optionally with a fraction of a second or another zone ("+02:00"):
 * years 1 to 9999, no leap seconds.
 *
 * @param[out] ret_ms  milliseconds since 1970-01-01T00:00:00Z; finer fractions are cut off
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

/** A day of the calendar, in no time zone. */
struct envoi_day {
	int year; /**< 1..9999 */
	int month; /**< 1..12 */
	int day; /**< 1..31 */
};

/** A time of day. */
struct envoi_time {
	int ms; /**< since midnight: 0..86,399,999 */
	bool has_zone; /**< false: local time of any zone */
	int zone_minutes; /**< ahead of UTC: -840..840 */
};

/** Read "1776-07-04". @retval ENVOI_ERR_INVALID anything else, NULL included */
ENVOI_API ENVOI_MUST_CHECK int envoi_day_parse(const char *text, struct envoi_day *ret_day);

/** @return @p text; NULL: there is no such day */
ENVOI_API char *envoi_day_print(char text[ENVOI_DATE_SIZE], const struct envoi_day *day);

/** Read "16:00:00", optionally with a fraction and a zone; fractions of a millisecond are cut off.
 * @retval ENVOI_ERR_INVALID anything else, NULL included */
ENVOI_API ENVOI_MUST_CHECK int envoi_time_parse(const char *text, struct envoi_time *ret_time);

/** Write, with milliseconds unless they are 0. @return @p text; NULL: out of its range */
ENVOI_API char *envoi_time_print(char text[ENVOI_DATE_SIZE], const struct envoi_time *time);

/** Read "Z" or "+02:00", up to 14 hours (XEP-0202's tzo). @retval ENVOI_ERR_INVALID */
ENVOI_API ENVOI_MUST_CHECK int envoi_zone_parse(const char *text, int *ret_minutes);

/** Write "Z" or "+02:00". @return @p text; NULL: not within -840..840 */
ENVOI_API char *envoi_zone_print(char text[ENVOI_DATE_SIZE], int minutes);

/* --- language tags (RFC 5646, in the form that xml:lang allows) --- */

/**
 * @return whether it is one to eight letters, and further parts of one to eight letters or digits
 *         behind hyphens; false for NULL
 */
ENVOI_API bool envoi_lang_is_valid(const char *text);

enum {
	ENVOI_LANG_SIZE = 128, /**< room for any language tag that is accepted, and a NUL */
};

/**
 * Read a language tag strictly and write it as it should be written (RFC 5646, section 2.1.1):
 * "zh-hant-tw" becomes "zh-Hant-TW".
 *
 * @param[out] ret_tag  untouched on failure
 * @retval ENVOI_ERR_INVALID  not well-formed (RFC 5646, section 2.1), a variant or an extension is
 *                            there twice, longer than fits, or NULL
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_lang_parse(const char *text, char ret_tag[ENVOI_LANG_SIZE]);

/**
 * @return whether a tag is in a range (RFC 4647, section 3.3.1): the range is "*", the tag itself,
 *         or a beginning of it that ends before a hyphen; upper and lower case are the same.
 *         False for NULL.
 */
ENVOI_API bool envoi_lang_matches(const char *tag, const char *range);

#ifdef __cplusplus
}
#endif
#endif
