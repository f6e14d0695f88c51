/*
 * envoi - error codes of before RFC 3920
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_STANZA_LEGACY_CODE_H
#define ENVOI_STANZA_LEGACY_CODE_H

#include <envoi/stanza.h>

/**
 * Complete an error that has no condition by its attribute `code` (XEP-0086, section 3), and by the
 * text directly inside, where old servers and gateways write the reason.
 */
void envoi__stanza_error_from_code(
	struct envoi_stanza_error *error, const struct envoi_element *element);

#endif
