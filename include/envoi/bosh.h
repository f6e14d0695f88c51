/*
 * envoi - XMPP over BOSH: HTTP requests that the server holds (XEP-0124, XEP-0206)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_BOSH_H
#define ENVOI_BOSH_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_bosh_exchange;
struct envoi_bosh_receiver;
struct envoi_connector;
struct envoi_context;
struct envoi_settings;
struct envoi_transport;

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
 * - A request whose connection breaks, or that has no answer in time, is sent again unchanged on a
 *   new connection, after the old one was closed (section 14.3), with growing distances of a second
 *   at most; a quarter of one for the first forty where it is the answer that breaks off. The time
 *   is bosh.wait and 10 seconds; 10 seconds when a later request was sent, as the server holds the
 *   last one only, and between the bytes of an answer. A request of more than 16 KiB is sent again
 *   three times at most, others sixty times at most, while the server keeps the session; any
 *   request sixty times at most where it is the answer that breaks off.
 * - After the HTTP statuses 408, 429, 500, 502, 503 and 504, and while no connection is possible, a
 *   request is sent again with growing distances of 8 seconds at most for as long as the server
 *   keeps the session (`inactivity`), five minutes at most. Another status ends the session, with
 *   the status in the failure. Redirects are not followed: the failure names their target.
 * - A body of the server that ends the session (section 17.2) is a failure with its condition:
 *   ENVOI_ERR_STREAM where a stream error corresponds to it, else ENVOI_ERR_DISCONNECTED.
 * - envoi_session_pause() asks the server to hold no request for a time (`pause`, section 10); its
 *   answer is not waited for.
 * - Requests in clear have keys (section 15): who reads them cannot add requests to the session.
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

/* --- receiving --- */

/*
 * A receiver makes sessions of the bodies of HTTP requests. It does not depend on the HTTP server
 * that they come to: <envoi/web.h>, or another one of the application.
 *
 * A session holds one request at most, for as long as the client asks for and for 60 seconds at
 * most, and allows two. Requests are delivered in the order of their rids; one that is sent again
 * gets the answer that it got before (XEP-0124, section 14.3). A rid that is neither among the next
 * three nor among the last three ends the session with item-not-found. While no request waits, a
 * session ends after 60 seconds, or after the time of a `pause`, 120 seconds at most; elements are
 * kept for the client meanwhile. Where the first request has a key (section 15), one that does not
 * follow ends the session with item-not-found.
 *
 * The transport is named "bosh". `written` is called for elements when the client has shown by a
 * later request, or by `ack`, that it has their answer. Memory that a session holds counts for
 * listener.memory.
 */

/** What a receiver is made with. Members are OPTIONAL unless marked REQUIRED. */
struct envoi_bosh_receiver_options {
	/** web.bosh-*, and those of envoi_tcp_transport_new(); NULL: defaults */
	const struct envoi_settings *settings;
	/**
	 * REQUIRED. A session begins; called inside envoi_bosh_receiver_take(). The receiver must
	 * not be freed inside.
	 * @param transport  not started; taken, on failure too
	 * @retval <0  the session ends with internal-server-error
	 */
	int (*opened)(void *user, struct envoi_transport *transport);
	void *user; /**< of opened */
};

/**
 * Make a receiver without sessions.
 *
 * @param options  copied
 * @retval ENVOI_ERR_INVALID  no function
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_bosh_receiver_new(struct envoi_bosh_receiver **ret_receiver,
	struct envoi_context *context, const struct envoi_bosh_receiver_options *options);

/** Free a receiver: its exchanges are freed without an answer, its sessions end with
 * ENVOI_ERR_DISCONNECTED when their transports are not destroyed before. NULL is allowed. */
ENVOI_API void envoi_bosh_receiver_free(struct envoi_bosh_receiver *receiver);

/** A request. Borrowed for the call. */
struct envoi_bosh_request {
	const char *body; /**< of the HTTP request */
	size_t len;
	const char *address; /**< of the peer, as inet_ntop(3) writes it: sessions without login are
			       counted by it, of IPv6 by its network of 64 bits; NULL: none */
	bool is_secure; /**< others can neither read nor change the requests */
	/**
	 * REQUIRED. The answer, for an HTTP response with status 200 and the content type
	 * ENVOI_BOSH_CONTENT_TYPE. Called once, from the loop; the exchange is freed already. Not
	 * called after envoi_bosh_exchange_free().
	 * @param body  borrowed for the call
	 */
	void (*answer)(void *user, const char *body, size_t len);
	void *user; /**< of answer */
};

/** The content type of bodies in both directions (XEP-0124, section 5). */
#define ENVOI_BOSH_CONTENT_TYPE "text/xml; charset=utf-8"

/**
 * Take a request.
 *
 * @param[out] ret_exchange  until `answer`; owned by the caller, which frees it when the HTTP
 *                           connection is lost
 * @retval ENVOI_ERR_INVALID  no function
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_bosh_receiver_take(struct envoi_bosh_receiver *receiver,
	const struct envoi_bosh_request *request, struct envoi_bosh_exchange **ret_exchange);

/** The request cannot be answered any more: the client sends it again, or the session ends. NULL is
 * allowed. */
ENVOI_API void envoi_bosh_exchange_free(struct envoi_bosh_exchange *exchange);

/** @return whether the session of a request has logged in */
ENVOI_API bool envoi_bosh_exchange_has_login(const struct envoi_bosh_exchange *exchange);

#ifdef __cplusplus
}
#endif
#endif
