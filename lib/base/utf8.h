/*
 * envoi - UTF-8 as XML allows it
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BASE_UTF8_H
#define ENVOI_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Where a check stands between two pieces; zeroed to begin. Valid is strict UTF-8 (RFC 3629: no
 * overlong forms, no surrogates) of the characters of XML 1.0, section 2.2: neither control
 * characters but tab, line feed and carriage return, nor U+FFFE and U+FFFF.
 */
struct envoi__utf8 {
	uint8_t need; /* continuation bytes to come; 0: between two characters */
	uint8_t low, high; /* range of the next one */
	bool after_ef; /* only the lead byte EF was seen */
};

/** @return how many bytes are good: up to the first that cannot continue valid text, or @p len */
size_t envoi__utf8_check(struct envoi__utf8 *state, const char *text, size_t len);

/** @return whether the whole of it is valid */
bool envoi__utf8_valid(const char *text, size_t len);

/** @return bytes of the first @p len that make whole characters: cuts no character in two */
size_t envoi__utf8_cut(const char *text, size_t len);

#endif
