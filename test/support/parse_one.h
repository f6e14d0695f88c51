/*
 * envoi - one element from text
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_PARSE_ONE_H
#define TEST_PARSE_ONE_H

#include <stddef.h>

#include <envoi/xml.h>

/** Parse one first-level element of a `jabber:client` stream in language "en".
 * @return a reference, or NULL: not well-formed, or out of memory */
struct envoi_element *parse_bytes(struct envoi_context *context, const char *xml, size_t len);
struct envoi_element *parse_one(struct envoi_context *context, const char *xml);

#endif
