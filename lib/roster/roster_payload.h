/*
 * envoi - the roster's payload (RFC 6121, section 2.1)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ROSTER_ROSTER_PAYLOAD_H
#define ENVOI_ROSTER_ROSTER_PAYLOAD_H

#include <envoi/payload.h>
#include <envoi/roster.h>

#define ENVOI__NS_ROSTER "jabber:iq:roster"

/** Describes struct envoi_roster_item. */
extern const struct envoi_payload_type envoi__roster_item_type;

/**
 * A roster, a request for one, or a push (section 2.1.1). An item that cannot be read is left out,
 * so that one contact with a malformed address does not cost the whole roster.
 */
struct envoi__roster_query {
	const char *ver; /* NULL: absent; "": versioning is supported, no version is known */
	const struct envoi_roster_item *items;
	size_t item_count;
};
extern const struct envoi_payload_type envoi__roster_query_type;

#endif
