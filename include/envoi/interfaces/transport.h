/*
 * envoi - transports, which move XML over a connection, and connectors, which make transports
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_TRANSPORT_H
#define ENVOI_INTERFACES_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/buffer.h>
#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/failure.h>
#include <envoi/interfaces/role.h>
#include <envoi/tls.h>
#include <envoi/xml.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A connection that moves bytes needs a channel only: <envoi/interfaces/channel.h>. */

struct envoi_context;
struct envoi_transport;
struct envoi_transport_sink;
struct envoi_connector;
struct envoi_settings;

/** Attributes of a stream header (RFC 6120, section 4.7); absent ones are NULL. Borrowed. */
struct envoi_stream_head {
	const char *from, *to, *id, *lang;
	const char *version; /**< "1.0" */
	const char *content_ns; /**< the content namespace: "jabber:client" */
};

/**
 * The events of a transport. They come from the loop, never inside a call of the transport. Inside
 * each of them the sink may send, close, abort and destroy the transport.
 */
struct envoi_transport_sink_impl {
	/** The peer's stream header, once after start and after each restart. Borrowed. */
	void (*opened)(struct envoi_transport_sink *sink, const struct envoi_stream_head *head);
	/** One complete first-level element. Borrowed: envoi_element_ref() to keep it. */
	void (*element)(struct envoi_transport_sink *sink, struct envoi_element *element);
	/**
	 * OPTIONAL for sinks that never set limits with skip_bytes. A stanza exceeded a limit and
	 * was skipped (ENVOI_XML_SKIPPED).
	 *
	 * @param element  the stanza without content, with the attributes from, to, id and type as
	 *                 far as they could be read; borrowed
	 * @param bytes    its size as received
	 * @param limit    a text that names the limit; static
	 */
	void (*skipped)(struct envoi_transport_sink *sink, struct envoi_element *element,
		uint64_t bytes, const char *limit);
	/**
	 * OPTIONAL. The transport is going to send a stream error for malformed input, and this
	 * side has sent no header yet: the sink may send it now (RFC 6120, section 4.9.1.2).
	 * Absent, or no header is sent: the error follows a header without addresses.
	 */
	void (*unheaded)(struct envoi_transport_sink *sink);
	/** The peer's closing tag: no element follows. */
	void (*ended)(struct envoi_transport_sink *sink);
	/** The TLS handshake of start_tls has succeeded; a failure is reported by closed. */
	void (*secured)(struct envoi_transport_sink *sink);
	/**
	 * OPTIONAL. True: the TLS handshake waits for the application's trust decision (struct
	 * envoi_tls_decider); suspend deadlines of the handshake. False: the handshake continues.
	 * Each true is followed by false or by closed.
	 */
	void (*undecided)(struct envoi_transport_sink *sink, bool waits);
	/** @p count more elements, in order of sending, were written (taken by the kernel). */
	void (*written)(struct envoi_transport_sink *sink, size_t count);
	/** Pending output has fallen to the low mark or below, after it was above, or after
	 * ENVOI_ERR_FULL: the refused element may be sent again. */
	void (*drained)(struct envoi_transport_sink *sink);
	/** Bytes arrived, white space included, or reading has begun again (`is_held`). */
	void (*activity)(struct envoi_transport_sink *sink);
	/**
	 * The connection has ended: exactly once, always last, after all complete elements were
	 * delivered. Only destroy may follow.
	 *
	 * @param why  borrowed. Code ENVOI_OK: an orderly close by this side, or by the peer after
	 *             its closing tag; ENVOI_ERR_DISCONNECTED: broken, or ended without a closing
	 *             tag; ENVOI_ERR_XML, ENVOI_ERR_LIMIT, ENVOI_ERR_PROTOCOL: bad input, with the
	 *             condition of the stream error that the transport has sent before it closed;
	 *             ENVOI_ERR_TLS, ENVOI_ERR_CERTIFICATE; ENVOI_ERR_TIMEOUT: an element did not
	 *             end, or pending output made no progress, in time. Phase TLS within a
	 *             handshake, else NONE, because phases belong to the stream
	 */
	void (*closed)(struct envoi_transport_sink *sink, const struct envoi_failure *why);
};

/** Base of every sink; embedded anywhere (ENVOI_CONTAINER_OF). */
struct envoi_transport_sink {
	const struct envoi_transport_sink_impl *impl;
};

/**
 * The functions of a transport: one connection. They are REQUIRED unless marked OPTIONAL. Send
 * functions queue and return; their arguments are borrowed for the call. Nothing is read before
 * envoi_transport_start() sets a sink. No function calls the sink before it returns.
 *
 * Life: creation, start, other functions, close or abort or an end of the connection, `closed`,
 * destroy. destroy may be called at any time. Before start only start, close, abort, destroy and
 * functions that return properties are called; a transport that was closed before start reports
 * nothing, as it has no sink, and start fails with ENVOI_ERR_STATE. After `closed` only destroy and
 * functions that return properties are called.
 *
 * Slow peers: a transport closes by itself, with ENVOI_ERR_TIMEOUT, when an element does not end or
 * pending output makes no progress within its timeouts (the library's transports: the settings
 * stream.element-timeout and stream.write-timeout). While reading is paused the timeout of an
 * element is suspended.
 *
 * Back-pressure: pending output has a limit and a low mark (the library's transports: the setting
 * limits.output-bytes, and a quarter of it). An element that exceeds the limit is refused with
 * ENVOI_ERR_FULL and not kept: the sender keeps it, waits for `drained`, and sends it again.
 * `drained` comes when output falls to the low mark or below, once for each time that output was
 * above it or an element was refused; never while closing. Headers, closing tags and the output of
 * TLS are never refused.
 */
struct envoi_transport_impl {
	const char *name; /**< "tcp", "memory" */

	/**
	 * Begin to read and to call the sink, which is set. On failure the transport is unchanged.
	 * @retval ENVOI_ERR_STATE  already started, or closed
	 * @retval ENVOI_ERR_NOMEM
	 */
	int (*start)(struct envoi_transport *transport);

	/**
	 * Send a stream header, as by envoi_stream_head_write().
	 * @retval ENVOI_ERR_INVALID  a value cannot be written in XML
	 * @retval ENVOI_ERR_STATE    a header was sent since start or restart, or it is closing
	 */
	int (*send_head)(struct envoi_transport *transport, const struct envoi_stream_head *head);

	/**
	 * Send one first-level element, serialised in the form of transport->writing.
	 *
	 * @retval ENVOI_ERR_FULL   the limit on pending output is exceeded: `drained` follows. An
	 *                          element of any size is taken when nothing is pending
	 * @retval ENVOI_ERR_STATE  no header was sent, or the closing tag was
	 */
	int (*send_element)(struct envoi_transport *transport, const char *xml, size_t len);

	/** Send the closing tag; reading continues. */
	int (*send_tail)(struct envoi_transport *transport);

	/**
	 * Begin a new stream on this connection (RFC 6120, section 4.3.3): new parser.
	 * @retval ENVOI_ERR_PROTOCOL  bytes or elements of the old stream are pending
	 */
	int (*restart)(struct envoi_transport *transport);

	/**
	 * OPTIONAL. Start TLS after what was sent so far (RFC 6120, section 5.4.3): new parser.
	 * `secured` or `closed` follows. Output of later calls is sent within TLS.
	 *
	 * @param server_name  initiator: the peer's name, for SNI and the certificate check.
	 *                     Receiver: the domain of the stream, for the choice of the
	 *                     certificate if the peer sends no name that is served; NULL: none
	 * @retval ENVOI_ERR_PROTOCOL  bytes have arrived that would precede TLS, white space
	 *                             included: injection (section 5.4.3.3)
	 * @retval ENVOI_ERR_INVALID   @p config is of the other role or has no certificate for a
	 *                             receiver, or @p server_name is no domain (initiator)
	 * @retval ENVOI_ERR_STATE     TLS is already started, or the connection is closing
	 */
	int (*start_tls)(struct envoi_transport *transport, enum envoi_role role,
		struct envoi_tls_config *config, const char *server_name);

	/** OPTIONAL. Set parser limits (wider ones after the login). */
	void (*set_limits)(
		struct envoi_transport *transport, const struct envoi_xml_limits *limits);

	/** OPTIONAL. Send a keepalive: white space, ping frame, empty body. */
	int (*keepalive)(struct envoi_transport *transport);

	/**
	 * Stop delivering elements, and reading soon after. Events of sending are still reported,
	 * and so is `closed` after close and abort. The peer's end is reported after resume, after
	 * the elements before it. A handshake continues.
	 */
	void (*pause)(struct envoi_transport *transport);
	/** Deliver elements again, after `pause`. */
	void (*resume)(struct envoi_transport *transport);

	/**
	 * OPTIONAL.
	 * @return whether the transport does not read, although it is not paused: this side is
	 *         short of memory (the library's transports: the setting listener.memory), or has
	 *         paused the session. The peer's silence means nothing then; `activity` is called
	 *         when reading begins again
	 */
	bool (*is_held)(const struct envoi_transport *transport);
	/**
	 * OPTIONAL.
	 * @return whether a part of an element has arrived: what the peer sends next comes behind
	 *         the rest of it
	 */
	bool (*is_receiving)(const struct envoi_transport *transport);

	/** @return bytes of output that were not written yet */
	size_t (*pending)(const struct envoi_transport *transport);

	/**
	 * Write pending output, show the peer the end, and wait for the peer's end; `closed`
	 * follows, from the loop and within @p linger_ms (0: after one attempt to write). Input is
	 * not delivered any more. No effect when it is closing or closed.
	 */
	void (*close)(struct envoi_transport *transport, uint64_t linger_ms);

	/** Drop pending output; `closed` follows from the next turn of the loop, with @p why
	 * (borrowed; NULL: ENVOI_ERR_CANCELED), while closing too. No effect when it is closed. */
	void (*abort)(struct envoi_transport *transport, const struct envoi_failure *why);

	/**
	 * Free the transport with its descriptors and timers, without events; allowed at any time.
	 * In a callback the memory is freed after the callback has returned. Pending output is
	 * dropped. Calls envoi_transport_finish() last. Called by envoi_transport_destroy(), which
	 * has detached the sink.
	 */
	void (*destroy)(struct envoi_transport *transport);

	/** @return a name for messages, "203.0.113.7:5222"; borrowed */
	const char *(*peer_name)(const struct envoi_transport *transport);

	/** @return whether the connection is protected: others can neither read nor change it */
	bool (*is_secure)(const struct envoi_transport *transport);

	/** OPTIONAL. */
	void (*tls_info)(const struct envoi_transport *transport, struct envoi_tls_info *ret_info);

	/**
	 * OPTIONAL. Channel binding data (RFC 5929, RFC 9266).
	 * @param type  "tls-exporter", "tls-unique", "tls-server-end-point"
	 * @retval ENVOI_ERR_UNSUPPORTED  not on this connection
	 */
	int (*channel_binding)(
		struct envoi_transport *transport, const char *type, struct envoi_buffer *out);

	/**
	 * OPTIONAL; absent: none. Get how many of the elements that send_element has taken last
	 * have no byte that was written: the peer cannot have them. Within TLS a byte of a record
	 * stands for all that is in the record. Called at any time, in `closed` and after it too:
	 * what was dropped then is still counted.
	 */
	size_t (*unsent)(const struct envoi_transport *transport);

	/**
	 * OPTIONAL. Ask the peer to keep the connection for a time in which this side may send
	 * nothing (BOSH: XEP-0124, section 10). Until then `is_held` returns true. A later call
	 * replaces the time.
	 *
	 * @param ms           0: end the pause
	 * @param[out] ret_ms  @p ms, or the longest time that the peer takes
	 * @retval ENVOI_ERR_STATE        the stream has not begun, or the connection is closing
	 * @retval ENVOI_ERR_UNSUPPORTED  the peer takes no pauses
	 */
	int (*pause_session)(struct envoi_transport *transport, uint64_t ms, uint64_t *ret_ms);
};

/** The form in which a transport needs the elements that it sends. */
enum envoi_writing {
	/** for a document whose header declares the content namespace as the default one, and the
	 * prefix `stream` */
	ENVOI_WRITING_IN_DOCUMENT,
	/** each as a document of its own that declares its namespaces (WebSocket: RFC 7395, section
	 * 3.3.3; BOSH: XEP-0206) */
	ENVOI_WRITING_ALONE,
};

/** Base of every transport; embedded first. */
struct envoi_transport {
	const struct envoi_transport_impl *impl;
	enum envoi_writing writing; /**< set by the implementation, after envoi_transport_init() */
	struct envoi_context *context; /**< a reference, dropped by envoi_transport_finish() */
	struct envoi_transport_sink *sink; /**< borrowed; NULL: detached */
};

/** For implementations: initialise the base; takes a reference to the context. No sink is set. */
ENVOI_API void envoi_transport_init(struct envoi_transport *transport,
	const struct envoi_transport_impl *impl, struct envoi_context *context);
/** For implementations, in destroy: drop the reference, which may be the last. An implementation
 * that frees memory with the context's allocator after this call needs its own reference. */
ENVOI_API void envoi_transport_finish(struct envoi_transport *transport);

/** Set the sink and start. The owner of a transport calls it once. */
ENVOI_API ENVOI_MUST_CHECK int envoi_transport_start(
	struct envoi_transport *transport, struct envoi_transport_sink *sink);

/** Detach the sink and free; NULL is allowed. */
ENVOI_API void envoi_transport_destroy(struct envoi_transport *transport);

/* --- for implementations: stream headers and stream errors --- */

/** The namespace of stream error conditions (RFC 6120, section 4.9.2). */
#define ENVOI_NS_STREAM_ERRORS "urn:ietf:params:xml:ns:xmpp-streams"

/**
 * Append a stream header with its XML declaration (RFC 6120, section 4.7; the prefix is `stream`),
 * for transports whose stream is one long XML document. NULL attributes are omitted.
 * @retval ENVOI_ERR_INVALID  a value cannot be written in XML; @p out is unchanged
 * @retval ENVOI_ERR_NOMEM    @p out is unchanged
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_head_write(
	struct envoi_buffer *out, const struct envoi_stream_head *head);

/**
 * Read the root that envoi_xml_parser_next() has returned as ENVOI_XML_HEAD.
 * @param[out] ret_head  borrows from @p item
 * @return ENVOI_STREAM_NO_CONDITION; or the condition of the stream error to send, when the root is
 *         no valid stream header: *ret_head is not set
 */
ENVOI_API enum envoi_stream_condition envoi_stream_head_read(
	struct envoi_stream_head *ret_head, const struct envoi_xml_item *item);

/**
 * Append `<stream:error>` with a condition (RFC 6120, section 4.9). The caller sends a header
 * before it and the closing tag after it (sections 4.9.1.1, 4.9.1.2).
 * @param condition  ENVOI_STREAM_NO_CONDITION: undefined-condition
 * @retval ENVOI_ERR_NOMEM  @p out is unchanged
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_error_write(
	struct envoi_buffer *out, enum envoi_stream_condition condition);

/* --- connectors --- */

/** What to connect to. Connectors copy the strings. */
struct envoi_target {
	const char *domain; /**< the XMPP domain of the account, prepared (U-labels) */
	/**
	 * OPTIONAL: the URL to connect to, "wss://example.org/xmpp" for example, instead of the
	 * services of the domain; the certificate must be for its host. A connector that does not
	 * support URLs or this scheme returns ENVOI_ERR_UNSUPPORTED
	 */
	const char *url;
	const char *service; /**< "xmpp-client" */
	struct envoi_settings *settings; /**< borrowed for the call: server, port, tls, ... */
	/**
	 * for direct TLS; a reference is taken; NULL: no direct TLS, and settings that require it
	 * are refused
	 */
	struct envoi_tls_config *tls;
	uint64_t timeout_ms; /**< until `done` is called; 0: none */
};

/**
 * Connecting has ended. Called from the loop, once for each `connect` and each `next`.
 *
 * @param transport  not started, owned by the callee; secure after direct TLS; NULL on failure
 * @param failure    has every attempt; borrowed. With a transport it is NULL, or has the code
 *                   ENVOI_OK and the attempts that failed before
 */
typedef void envoi_connected_fn(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure);

/** The functions of a connector. They are REQUIRED unless marked OPTIONAL. */
struct envoi_connector_impl {
	const char *name;
	/**
	 * Connect; one target at a time. @p done follows exactly once, from the loop and within
	 * target->timeout_ms, unless this fails or is cancelled. Discards the state that `next`
	 * would need for the previous target.
	 * @retval ENVOI_ERR_STATE    connecting is pending
	 * @retval ENVOI_ERR_UNSUPPORTED  the target is a URL that this connector cannot connect to
	 * @retval ENVOI_ERR_INVALID  the domain is not valid, or direct TLS is required without @p
	 *                            tls
	 */
	int (*connect)(struct envoi_connector *connector, const struct envoi_target *target,
		envoi_connected_fn *done, void *user);
	/**
	 * OPTIONAL. The transport that `done` has reported failed before any credentials were sent:
	 * continue with the addresses of the same target that have not failed. `done` is called
	 * again; its failure has @p why among the attempts.
	 *
	 * @param why         borrowed
	 * @param timeout_ms  until `done` is called again
	 * @retval ENVOI_ERR_STATE  no transport was reported since connect, or it was cancelled
	 */
	int (*next)(struct envoi_connector *connector, const struct envoi_failure *why,
		uint64_t timeout_ms);
	/**
	 * OPTIONAL, for a connector that finds URLs by itself. A client keeps the failure of the
	 * connectors before it: that of this one is listed with the attempts.
	 * @return the URL of the transport that `done` has reported last, until it connects again
	 *         or is cancelled; NULL: none
	 */
	const char *(*url)(const struct envoi_connector *connector);
	/** Cancel connecting without calling `done`, and discard the state that `next` would need.
	 * Allowed in `done`. */
	void (*cancel)(struct envoi_connector *connector);
	/** Free; allowed at any time, in `done` too. envoi_connector_destroy() has called `cancel`
	 * before. Calls envoi_connector_finish() last. */
	void (*destroy)(struct envoi_connector *connector);
};

/** Base of every connector; embedded first. */
struct envoi_connector {
	const struct envoi_connector_impl *impl;
	struct envoi_context *context; /**< a reference, dropped by envoi_connector_finish() */
};

/** For implementations: initialise the base; takes a reference to the context. */
ENVOI_API void envoi_connector_init(struct envoi_connector *connector,
	const struct envoi_connector_impl *impl, struct envoi_context *context);
/** For implementations, in destroy: as envoi_transport_finish(). */
ENVOI_API void envoi_connector_finish(struct envoi_connector *connector);

/** Cancel and free; NULL is allowed. */
ENVOI_API void envoi_connector_destroy(struct envoi_connector *connector);

#ifdef __cplusplus
}
#endif
#endif
