/*
 * envoi - XMPP over BOSH: HTTP requests that the server holds (XEP-0124, XEP-0206)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BOSH_H
#define ENVOI_BOSH_H

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_connector;
struct envoi_context;

/**
 * Make a connector of BOSH URLs: `https://example.org/bosh`. Targets without a URL, and URLs of
 * schemes other than http and https, are refused with ENVOI_ERR_UNSUPPORTED.
 *
 * The host of the URL is looked up and connected to, and its certificate is verified, as by
 * envoi_websocket_connector_new(). The connector reports a transport when the first connection is
 * there; the transport makes others to the same URL. An `http:` URL is not encrypted: it is
 * accepted only without target->tls, which is what tls.mode none means for a client.
 *
 * The transport is named "bosh". It has no STARTTLS and no channel binding.
 * - The server is asked to hold one request for at most bosh.wait. Elements that are sent meanwhile
 *   go in a second request. Where the server allows one request only, or holds none, requests keep
 *   the distance that it asks for in `polling`, a minute at most.
 * - `written` is called for elements when the server has answered their request or a later one, or
 *   acknowledged it (XEP-0124, section 9): then they can no longer be lost on the way.
 * - A request without an answer within bosh.wait and 10 seconds, or whose connection breaks, is
 *   sent again unchanged on a new connection, after the old one was closed (section 14.3), with
 *   growing distances from the second time on: three times at most if it has more than 16 KiB, else
 *   twelve times at most, while the server keeps the session. After the HTTP statuses 502, 503 and
 *   504, and while no connection is possible, it is sent again with growing distances for as long
 *   as the server keeps the session (`inactivity`), five minutes at most. Another status ends the
 *   session, with the status in the failure. Redirects are not followed: the failure names their
 *   target.
 * - A body of the server that ends the session (section 17.2) is a failure with its condition:
 *   ENVOI_ERR_STREAM where a stream error corresponds to it, else ENVOI_ERR_DISCONNECTED.
 * - An answer that is refused, for a limit or its form, ends the session at the server as well if a
 *   connection is idle (section 13).
 * - A response is limited by limits.http-head-bytes and limits.http-body-bytes, and its elements by
 *   the limits of elements; at most eight responses are kept while reading is paused. The settings
 *   limits.output-bytes and loop.slice-stanzas apply as well.
 *
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_bosh_connector_new(
	struct envoi_connector **ret_connector, struct envoi_context *context);

#ifdef __cplusplus
}
#endif
#endif
