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
 * name of that connector. It refuses with ENVOI_ERR_UNSUPPORTED: targets with a URL, targets
 * without TLS, domains that are addresses, and settings with a server or a port.
 *
 * It requests https://DOMAIN/.well-known/host-meta, and host-meta.json if the former has no link
 * with the relation @p rel. The certificate must be for the domain. At most five redirects are
 * followed, only to https, and a document has at most 64 KiB. The first eight links with the
 * relation @p rel and a URL of wss: or https: are used, in their order. Their certificates may be
 * for the hosts of the URLs, because a verified server has named them; the XMPP domain remains that
 * of the account.
 *
 * Each link is tried until one connects; `next` continues with the links after it. The failure has
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
