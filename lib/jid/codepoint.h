/*
 * envoi - what PRECIS says of characters
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_JID_CODEPOINT_H
#define ENVOI_JID_CODEPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <unitypes.h>

#include <envoi/precis.h>

/** The derived property (RFC 8264, section 8). */
enum envoi__derived {
	ENVOI__PVALID,
	ENVOI__FREE_PVAL, /* in the FreeformClass only */
	ENVOI__CONTEXTJ,
	ENVOI__CONTEXTO,
	ENVOI__DISALLOWED,
	ENVOI__UNASSIGNED,
};

enum envoi__derived envoi__derived_of(ucs4_t c);

/**
 * @return whether valid UTF-8 is in Normalization Form C at a glance: all of it are characters that
 *         nothing composes with; false does not mean that it is not
 */
bool envoi__is_composed(const uint8_t *text, size_t len);

/** Check every character of a UTF-8 string, and the contextual rules (RFC 5892, appendix A). */
enum envoi_precis_problem envoi__check_characters(const uint8_t *text, size_t len, bool freeform);

/** Check a UTF-8 string by the Bidi Rule (RFC 5893, section 2), if it has right-to-left in it. */
bool envoi__check_direction(const uint8_t *text, size_t len);

#endif
