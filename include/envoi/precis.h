/*
 * envoi - PRECIS: comparable text in many scripts
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_PRECIS_H
#define ENVOI_PRECIS_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;

/*
 * Preparation, enforcement and comparison of internationalized strings (RFC 8264), such as names
 * and passwords. Characters are classified by their Unicode properties (RFC 8264, section 8), in
 * the Unicode version of libunistring; characters that are unassigned in it are refused.
 *
 * The rules of a profile are applied in the order of RFC 8264, section 7: width mapping, additional
 * mapping, case mapping, normalization, directionality, and the class of each character of the
 * result. They are repeated until the string does not change; a string that still changes in the
 * third repetition is refused. Enforcing a profile on a result gives the same result.
 */

/** A profile. */
enum envoi_precis_profile {
	ENVOI_PRECIS_USERNAME_CASE_MAPPED, /**< RFC 8265, section 3.3: localparts of addresses */
	ENVOI_PRECIS_USERNAME_CASE_PRESERVED, /**< RFC 8265, section 3.4 */
	ENVOI_PRECIS_OPAQUE_STRING, /**< RFC 8265, section 4.2: resourceparts, passwords */
	ENVOI_PRECIS_NICKNAME, /**< RFC 8266, section 2.3: nicknames, for display */
	/** RFC 8266, section 2.4: nicknames in lower case, for comparison */
	ENVOI_PRECIS_NICKNAME_COMPARED,
};

/** Why a string is refused. */
enum envoi_precis_problem {
	ENVOI_PRECIS_FINE, /**< the string is accepted */
	ENVOI_PRECIS_EMPTY, /**< the string or the result is empty */
	ENVOI_PRECIS_TOO_LONG, /**< more than ENVOI_PRECIS_MAX bytes, or too long for an address */
	ENVOI_PRECIS_NOT_UTF8,
	ENVOI_PRECIS_DISALLOWED, /**< a character that the class does not allow */
	ENVOI_PRECIS_UNASSIGNED, /**< a character that is unassigned in Unicode */
	/** a character that its context does not allow (RFC 5892, appendix A) */
	ENVOI_PRECIS_CONTEXT,
	ENVOI_PRECIS_DIRECTION, /**< right-to-left and left-to-right mixed (RFC 5893, section 2) */
	ENVOI_PRECIS_UNSTABLE, /**< the rules do not reach a stable result */
};

enum {
	ENVOI_PRECIS_MAX = 65536, /**< the longest string that is prepared, in bytes */
};

/**
 * Enforce a profile on a string: refuse it, or return the form that is compared byte by byte.
 *
 * @param[out] ret_text  the result, NUL-terminated; to be freed with envoi_free()
 * @param[out] ret_len   OPTIONAL: the length of the result in bytes
 * @param text  borrowed for the call; a NUL in it is a disallowed character
 * @param[out] ret_problem  OPTIONAL: why the string is refused, or ENVOI_PRECIS_FINE
 * @retval ENVOI_ERR_INVALID  the string does not conform to the profile
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_precis_enforce(char **ret_text, size_t *ret_len,
	struct envoi_context *context, enum envoi_precis_profile profile, const char *text,
	size_t len, enum envoi_precis_problem *ret_problem);

/**
 * Compare two NUL-terminated strings by a profile. ENVOI_PRECIS_NICKNAME compares as
 * ENVOI_PRECIS_NICKNAME_COMPARED.
 *
 * @param[out] ret_equal  whether both are equal after enforcement
 * @retval ENVOI_ERR_INVALID  one of them does not conform to the profile
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_precis_compare(
	enum envoi_precis_profile profile, const char *a, const char *b, bool *ret_equal);

/** @return an English phrase, "is empty" for example; static */
ENVOI_API const char *envoi_precis_problem_text(enum envoi_precis_problem problem);

#ifdef __cplusplus
}
#endif
#endif
