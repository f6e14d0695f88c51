/*
 * envoi - finding URLs of a domain: host-meta (XEP-0156, RFC 6415)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_HOST_META_H
#define ENVOI_HOST_META_H

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_connector;
struct envoi_context;

/** Relations of links (XEP-0156, section 3.1). */
#define ENVOI_HOST_META_WEBSOCKET "urn:xmpp:alt-connections:websocket"
/** Relation of links to BOSH. */
#define ENVOI_HOST_META_BOSH "urn:xmpp:alt-connections:xbosh"

/**
 * Make a connector that finds the URLs of a domain and connects by another connector. It has the
 * name of that connector. Targets with a URL, targets without TLS, domains that are addresses, and
 * settings that name a server or a port are refused with ENVOI_ERR_UNSUPPORTED: the user has chosen
 * another route.
 *
 * https://DOMAIN/.well-known/host-meta is requested, and host-meta.json where that has no link of
 * @p rel. The certificate must be for the domain. At most five redirects are followed, to https
 * alone, and a document has 64 KiB at most. Of the links with the relation @p rel the first eight
 * are used, in their order, whose URL is wss: or https:. Their hosts count as names that the
 * certificate may have, because they were learned from a verified server; the XMPP domain stays
 * that of the account.
 *
 * Each link is tried until one connects; `next` goes on with the links behind it. The failure has
 * an attempt for each document and each link that failed. `url` returns the link that has
 * connected.
 *
 * @param inner  taken, on failure too; connects to URLs
 * @param rel    copied
 * @retval ENVOI_ERR_INVALID  @p rel is NULL
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_host_meta_connector_new(struct envoi_connector **ret_connector,
	struct envoi_context *context, struct envoi_connector *inner, const char *rel);

#ifdef __cplusplus
}
#endif
#endif
