/*
 * envoi - resolver on c-ares: its interface for queries, which differs by version
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_NET_CARES_QUERY_H
#define ENVOI_NET_CARES_QUERY_H

#include <ares.h>

struct envoi__cares_request;

/*
 * Implemented twice; lib/net/meson.build takes the one that the installed c-ares has:
 * cares_query_record.c with ares_query_dnsrec(), since c-ares 1.28; cares_query_bytes.c with
 * ares_query(), which is deprecated since then.
 */

/** Send the query of a request; its `answered` is called, at once or later. */
void envoi__cares_query(
	ares_channel channel, const char *name, struct envoi__cares_request *request);

/**
 * Read a reply from its bytes into the records of a request.
 * @return a code of c-ares: ARES_SUCCESS: there is at least one usable record
 */
int envoi__cares_parse(
	struct envoi__cares_request *request, const unsigned char *reply, size_t len);

#endif
