/*
 * envoi - the version of the library
 * SPDX-License-Identifier: MIT
 *
 * Versions are MAJOR.MINOR.PATCH. While MAJOR is 0, interfaces may change with MINOR.
 * ENVOI_VERSION ("0.1.0"), ENVOI_VERSION_MAJOR, ENVOI_VERSION_MINOR and ENVOI_VERSION_PATCH are
 * those of the headers that a program was compiled with; the functions return those of the library
 * that it runs with.
 */
#ifndef ENVOI_VERSION_H
#define ENVOI_VERSION_H

#include <stdbool.h>

#include <envoi/config.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whether the headers are of this version or a later one, for `#if`. Each part is from 0 to 999.
 *  */
#define ENVOI_VERSION_AT_LEAST(major, minor, patch) \
	(ENVOI_VERSION_NUMBER(ENVOI_VERSION_MAJOR, ENVOI_VERSION_MINOR, ENVOI_VERSION_PATCH) >= \
		ENVOI_VERSION_NUMBER(major, minor, patch))
/** A version as one number, for comparison. */
#define ENVOI_VERSION_NUMBER(major, minor, patch) ((major)*1000000L + (minor)*1000L + (patch))

/** The version of the library that the program runs with, as MAJOR.MINOR.PATCH.
 * @return a string that is valid as long as the program; never NULL */
ENVOI_API const char *envoi_version(void);

/** Whether the library that the program runs with is of this version or a later one.
 * @param major, minor, patch  each from 0 to 999 */
ENVOI_API bool envoi_version_at_least(int major, int minor, int patch);

#ifdef __cplusplus
}
#endif

#endif
