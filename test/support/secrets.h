/*
 * envoi - a search for secrets in memory
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TEST_SECRETS_H
#define ENVOI_TEST_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * What must not be left anywhere is looked for in every block of the heap that is given back,
 * anywhere in the process, in the blocks that are held, and in static data: all of them the
 * same on every machine. Stacks are left out: what lies in their dead parts is an accident of
 * compilers.
 *
 * With the environment variable SECRETS_TELL set, each is printed on stderr, with its place.
 *
 * So that the search does not find itself, what is searched for is kept masked. Not in
 * test-support: this file replaces malloc, and is named by the programs that want that.
 */

/** Forget what was searched for, and what was found. */
void secrets_begin(void);

/** Search for a secret: as it is, in hex, in base64 wherever it begins within a group of three;
 * padded as HMAC does; and text in UTF-16, as PKCS #12 does. Asserts. @param name static */
void secrets_add(const char *name, const void *data, size_t len);

/** @return how often any form of a secret is there */
unsigned int secrets_in(const void *memory, size_t len);

/** Whether blocks that are given back are looked at. */
void secrets_watch(bool on);

/** The library that freed a block with a secret in it. */
enum secrets_culprit {
	SECRETS_OURS,
	SECRETS_GNUTLS,
	SECRETS_OTHERS, /* another library */
	SECRETS_CULPRITS,
};

/** @return blocks given back with a secret of that name (NULL: any) in them, since secrets_begin()
 *          */
unsigned int secrets_given_back(enum secrets_culprit culprit, const char *name);

/** @return how often secrets with @p name (NULL: any) are in blocks that are held, and in static
 * data. Asserts */
unsigned int secrets_held(const char *name);

#endif
