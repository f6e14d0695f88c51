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
 * Read "2002-09-10T23:08:25Z", with a fraction of a second or another zone ("+02:00") perhaps: years
 * 1 to 9999, no leap seconds.
 *
 * @param[out] ret_ms  milliseconds since 1970-01-01T00:00:00Z; what is finer is cut off
 * @retval ENVOI_ERR_INVALID  anything else, NULL included
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_date_parse(const char *text, int64_t *ret_ms);

/** Write in UTC, with milliseconds unless they are 0. @return @p text; NULL: not in years 1 to 9999 */
ENVOI_API char *envoi_date_print(char text[ENVOI_DATE_SIZE], int64_t ms);

/* --- language tags (RFC 5646, in the form that xml:lang allows) --- */

/**
 * @return whether it is one to eight letters, and further parts of one to eight letters or digits
 *         behind hyphens; false for NULL
 */
ENVOI_API bool envoi_lang_is_valid(const char *text);

#ifdef __cplusplus
}
#endif
#endif
