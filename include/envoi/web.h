/*
 * envoi - HTTP requests that others make to this program (RFC 9110, RFC 9112)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_WEB_H
#define ENVOI_WEB_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/error.h>
#include <envoi/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The receiving side of HTTP/1.1, for what XMPP needs of it: WebSocket (envoi_websocket_accept(),
 * <envoi/websocket.h>), host-meta (XEP-0156), and a few documents in memory. It is no general web
 * server: bodies are held in memory, and only one request of a connection is handled at a time.
 * libenvoi-server serves all of these (<envoi/server.h>).
 */

struct envoi_channel;
struct envoi_context;
struct envoi_failure;
struct envoi_settings;
struct envoi_tls_config;
struct envoi_web_connection;

/** A request that is complete. Borrowed until it is answered. */
struct envoi_web_request {
	const char *method; /**< "GET"; in any case */
	const char *target; /**< visible ASCII: "/path?query" */
	const char *body; /**< not NUL-terminated; decompressed */
	size_t body_len; /**< at most web.body-bytes */
};

/** How a connection is made. Everything is copied. */
struct envoi_web_options {
	/** web.*, limits.http-head-bytes, stream.write-timeout; NULL: defaults */
	const struct envoi_settings *settings;
	struct envoi_tls_config *tls; /**< for TLS, of a server; a reference; NULL: no TLS */
	/** the domain whose certificate a peer gets that sends no name; NULL: see
	 * envoi_tls_config_new_server() */
	const char *server_name;
	/** others can neither read nor change the bytes of the channel */
	bool is_secure;
	/**
	 * REQUIRED. A request is complete. It is answered with envoi_web_respond() or taken over,
	 * with envoi_websocket_accept() for example, inside or later; further requests of the
	 * connection wait until then. The connection may be freed inside.
	 * @param request  borrowed until it is answered
	 */
	void (*requested)(void *user, struct envoi_web_connection *connection,
		const struct envoi_web_request *request);
	/**
	 * REQUIRED. The connection has ended; once, from the loop. The connection is freed already.
	 * @param why  borrowed; ENVOI_OK: in order. ENVOI_ERR_PROTOCOL, ENVOI_ERR_LIMIT: the
	 *             request was malformed or too large, which the peer was told; others as those
	 *             of envoi_tls_channel_new(), in phase TLS in the handshake
	 */
	void (*closed)(void *user, const struct envoi_failure *why);
	void *user; /**< of requested and closed */
};

/**
 * Begin to read requests of a channel, after the TLS handshake if there is TLS.
 *
 * Requests are refused without asking the owner where the grammar of RFC 9112 is violated or two
 * readers may understand the length differently (sections 6.1, 6.3 and 11.2): 400; where the head
 * is larger than limits.http-head-bytes or has more than 128 fields: 431; where the body is larger
 * than web.body-bytes, or a compressed body becomes larger: 413. `Expect: 100-continue` is
 * answered.
 * The handshake, and each request from the answer to the one before, must be complete within
 * web.request-timeout: 408 where a part of it has come. A response of which the peer accepts
 * neither 16 KiB nor what is left of it within stream.write-timeout ends the connection. What a
 * connection holds counts for listener.memory (<envoi/listener.h>).
 *
 * @param channel  taken, as by envoi_channel_transport_new()
 * @retval ENVOI_ERR_INVALID  a function is missing, or @p tls is not of a server or has no
 *                            certificate
 * @retval ENVOI_ERR_NOMEM
 * Other errors as the channel's `start`.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_web_connection_new(
	struct envoi_web_connection **ret_connection, struct envoi_context *context,
	struct envoi_channel *channel, const struct envoi_web_options *options);

/** Cut a connection and free it, without calling `closed`; NULL is allowed; allowed in every
 * callback. */
ENVOI_API void envoi_web_connection_free(struct envoi_web_connection *connection);

/** The request that waits for an answer is of a peer that has logged in: until it is answered, the
 * connection is not ended for want of memory (listener.memory). Without such a request nothing
 * changes. */
ENVOI_API void envoi_web_connection_settle(struct envoi_web_connection *connection);

/** @return whether there is TLS, or `is_secure` of the options was set */
ENVOI_API bool envoi_web_connection_is_secure(const struct envoi_web_connection *connection);

/** @return the value of the first field of the request that has this name, in any case; borrowed
 * until the request is answered; NULL: there is none, or no request waits for an answer */
ENVOI_API const char *envoi_web_request_field(
	const struct envoi_web_connection *connection, const char *name);

/**
 * Find out whether the page that a request comes from may make it (RFC 6454; RFC 6455, section
 * 10.2).
 *
 * @param allowed  origins, separated by spaces: "https://example.org"; "*" is every one; NULL: none
 * @return true without the field Origin, which browsers send; with that of the server itself, by
 *         the field Host; with one of @p allowed. False for others, "null" included
 */
ENVOI_API bool envoi_web_origin_is_allowed(
	const struct envoi_web_connection *connection, const char *allowed);

/** An answer. Everything is copied, but for a body with `release`. */
struct envoi_web_response {
	int status; /**< 200 to 599 */
	const char *content_type; /**< of the body; NULL: none */
	const void *body; /**< not sent where the request is HEAD; NULL: none */
	size_t body_len;
	/** more fields, names and values by turns, ended by NULL; NULL: none */
	const char *const *fields;
	bool closes; /**< the connection, behind it */
	/**
	 * The body is borrowed until this is called: once, when the peer has accepted the answer
	 * or the connection is freed. No function of the connection may be called inside. Not
	 * called where envoi_web_respond() fails. NULL: the body is copied.
	 */
	void (*release)(void *user);
	void *user; /**< of release */
};

/**
 * Answer the request that waits. Date, Content-Length and Connection are added. The next request is
 * reported when the peer has accepted the answer.
 *
 * @retval ENVOI_ERR_STATE    no request waits for an answer
 * @retval ENVOI_ERR_INVALID  the status, a name or a value is not allowed
 * @retval ENVOI_ERR_NOMEM
 * After an error the request still waits.
 */
ENVOI_API int envoi_web_respond(
	struct envoi_web_connection *connection, const struct envoi_web_response *response);

#ifdef __cplusplus
}
#endif
#endif
