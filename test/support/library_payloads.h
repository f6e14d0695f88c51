/*
 * envoi - every payload table of the library
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_LIBRARY_PAYLOADS_H
#define TEST_LIBRARY_PAYLOADS_H

#include <envoi/payload.h>

/** The public payload tables of lib/ and ext/, then NULL. Made by library_payloads.py. */
extern const struct envoi_payload_type *const library_payloads[];

#endif
