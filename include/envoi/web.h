/*
 * envoi - incoming HTTP requests (RFC 9110, RFC 9112)
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
 * The receiving side of HTTP/1.1 for the uses of XMPP: WebSocket (envoi_websocket_accept(),
 * <envoi/websocket.h>), BOSH (<envoi/bosh.h>), host-meta (XEP-0156), and a few documents in memory.
 * It is not a general web server: bodies are held in memory, and a connection has one request at a
 * time. libenvoi-server serves all of these (<envoi/server.h>).
 */

struct envoi_channel;
struct envoi_context;
struct envoi_failure;
struct envoi_settings;
struct envoi_tls_config;
struct envoi_web_connection;

/** A complete request. Borrowed until it is answered. */
struct envoi_web_request {
	const char *method; /**< "GET"; in any case */
	const char *target; /**< visible ASCII: "/path?query" */
	const char *body; /**< not NUL-terminated; decompressed */
	size_t body_len; /**< at most web.body-bytes */
};

/** The options of a connection. All are copied. */
struct envoi_web_options {
	/** web.*, limits.http-head-bytes, stream.write-timeout; NULL: defaults */
	const struct envoi_settings *settings;
	struct envoi_tls_config *tls; /**< for TLS, of a server; a reference; NULL: no TLS */
	/** the domain of the certificate for peers that send no server name; NULL: as
	 * envoi_tls_config_new_server() specifies */
	const char *server_name;
	bool is_secure; /**< the channel is secure without TLS, for example within this host */
	/**
	 * REQUIRED. A request is complete. The owner answers it with envoi_web_respond(), or takes
	 * it over, with envoi_websocket_accept() for example, inside or later. Further requests of
	 * the connection wait until then. The connection may be freed inside.
	 * @param request  borrowed until it is answered
	 */
	void (*requested)(void *user, struct envoi_web_connection *connection,
		const struct envoi_web_request *request);
	/**
	 * REQUIRED. The connection has ended; once, from the loop. The connection is freed already.
	 * @param why  borrowed; ENVOI_OK: in order. ENVOI_ERR_PROTOCOL, ENVOI_ERR_LIMIT: a
	 *             request was malformed or too large, and was refused; others as those of
	 *             envoi_tls_channel_new(), in phase TLS during the handshake
	 */
	void (*closed)(void *user, const struct envoi_failure *why);
	void *user; /**< of requested and closed */
};

/**
 * Begin to read requests of a channel, after the TLS handshake if there is TLS.
 *
 * These requests are refused before `requested` is called, and the connection ends:
 *
 * - with 400, if the grammar of RFC 9112 is violated, or the length of the body is ambiguous
 *   (sections 6.1, 6.3 and 11.2);
 * - with 431, if the head is larger than limits.http-head-bytes or has more than 128 fields;
 * - with 413, if the body, or a compressed body after decompression, is larger than web.body-bytes;
 * - with 408, if a part of a request has arrived and the rest does not follow in time.
 *
 * The handshake has to be complete within web.request-timeout, and so has each request, counted
 * from the answer to the one before. A peer that accepts neither 16 KiB nor the rest of a response
 * within stream.write-timeout ends the connection. `Expect: 100-continue` is answered. The memory
 * of a connection counts for listener.memory (<envoi/listener.h>).
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

/** State that the request that waits for an answer is of a peer that has logged in: until the
 * answer, the connection is not ended for lack of memory (listener.memory). No effect if no request
 * waits. */
ENVOI_API void envoi_web_connection_settle(struct envoi_web_connection *connection);

/** @return whether there is TLS, or `is_secure` of the options was set */
ENVOI_API bool envoi_web_connection_is_secure(const struct envoi_web_connection *connection);

/** @return the value of the first field of the request that has this name, in any case; borrowed
 * until the request is answered; NULL: there is none, or no request waits for an answer */
ENVOI_API const char *envoi_web_request_field(
	const struct envoi_web_connection *connection, const char *name);

/**
 * Check the origin of a request: whether a page of a browser may send it (RFC 6454; RFC 6455,
 * section 10.2).
 *
 * @param allowed  origins, separated by spaces: "https://example.org"; "*" allows all; NULL: none
 * @return true if the request has no field Origin, which only browsers send; if the origin is the
 *         server itself, by the field Host; or if it is in @p allowed. False for others, including
 *         "null"
 */
ENVOI_API bool envoi_web_origin_is_allowed(
	const struct envoi_web_connection *connection, const char *allowed);

/** An answer. Everything is copied, but for a body with `release`. */
struct envoi_web_response {
	int status; /**< 200 to 599 */
	const char *content_type; /**< of the body; NULL: none */
	const void *body; /**< not sent where the request is HEAD; NULL: none */
	size_t body_len;
	/** further fields, names and values alternating, ended by NULL; NULL: none */
	const char *const *fields;
	bool closes; /**< close the connection after the answer */
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
