/*
 * envoi - every payload table of the library
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_LIBRARY_PAYLOADS_H
#define TEST_LIBRARY_PAYLOADS_H

#include <envoi/payload.h>

/** All that lib/ and ext/ describe by a table with rows, NULL behind the last. A table that is not
 * here fails tools/check.d/payload-tables. */
extern const struct envoi_payload_type *const library_payloads[];

#endif
