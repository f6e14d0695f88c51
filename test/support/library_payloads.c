/*
 * envoi - every payload table of the library
 * SPDX-License-Identifier: MIT
 */
#include "library_payloads.h"

#include <stddef.h>

#include <envoi/ext/software_version.h>

#include "client/roster_payload.h"
#include "stanza/payloads.h"

const struct envoi_payload_type *const library_payloads[] = {
	&envoi__bind_type,
	&envoi__session_type,
	&envoi__session_feature_type,
	&envoi__roster_item_type,
	&envoi__roster_query_type,
	&envoi_software_version_type,
	NULL,
};
