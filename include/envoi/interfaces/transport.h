/*
 * envoi - transports: connections that move XML; connectors: what makes them
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

/* For a connection that only moves bytes a channel is enough: <envoi/interfaces/channel.h>. */

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
 * The events of a transport, always from the loop, never from inside a call to it. The sink may
 * close, abort or destroy the transport inside any of them, and may send.
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
	 * @param limit    the limit in words; static
	 */
	void (*skipped)(struct envoi_transport_sink *sink, struct envoi_element *element,
		uint64_t bytes, const char *limit);
	/** The peer's closing tag: nothing more will come. */
	void (*ended)(struct envoi_transport_sink *sink);
	/** TLS, asked for with start_tls, is up; a failure comes as closed. */
	void (*secured)(struct envoi_transport_sink *sink);
	/**
	 * OPTIONAL. The TLS handshake waits for the application's trust decision
	 * (struct envoi_tls_decider): deadlines of the handshake should wait too. False: it goes
	 * on. Each true is followed by false or by closed.
	 */
	void (*undecided)(struct envoi_transport_sink *sink, bool waits);
	/** @p count more elements, in order of sending, are out of our hands (in the kernel's). */
	void (*written)(struct envoi_transport_sink *sink, size_t count);
	/** Pending output has fallen to the low mark or below, after it was above, or after
	 * ENVOI_ERR_FULL: what was refused may be sent again. */
	void (*drained)(struct envoi_transport_sink *sink);
	/** Bytes came, whatever they are: the peer lives. At most once a turn. */
	void (*activity)(struct envoi_transport_sink *sink);
	/**
	 * The connection is over: exactly once, always last; what came before was handed over.
	 * Only destroy may follow.
	 *
	 * @param why  borrowed. Code ENVOI_OK: after an orderly close, by us, or by the peer after
	 *             its closing tag; ENVOI_ERR_DISCONNECTED: broken, or ended without a closing
	 *             tag; ENVOI_ERR_XML, ENVOI_ERR_LIMIT, ENVOI_ERR_PROTOCOL: bad input, with the
	 *             stream condition that the transport has sent itself before it closed;
	 *             ENVOI_ERR_TLS, ENVOI_ERR_CERTIFICATE; ENVOI_ERR_TIMEOUT: an element was not
	 *             ended, or pending output not taken, in time. Phase TLS within a handshake,
	 *             else NONE: how far a stream had come, only the sink knows
	 */
	void (*closed)(struct envoi_transport_sink *sink, const struct envoi_failure *why);
};

struct envoi_transport_sink {
	const struct envoi_transport_sink_impl *impl;
};

/**
 * One connection. Functions are REQUIRED unless they say OPTIONAL. All send functions queue and
 * return; what they are given is borrowed for the call. Nothing is read before a sink is set with
 * envoi_transport_start(). No function calls the sink before it returns.
 *
 * Life: made, start, any of the others, close or abort or an end from outside, `closed`, destroy.
 * destroy may come at any point of that. Before start only start, close, abort, destroy and the
 * functions that ask something are called; a transport that was closed before it was started stays
 * silent, as there is no sink, and start then fails with ENVOI_ERR_STATE. After `closed` only
 * destroy and the functions that ask something are.
 *
 * A peer that is too slow: a transport closes by itself, with ENVOI_ERR_TIMEOUT, when an element
 * that has begun does not end, or when pending output makes no progress, within the time of its
 * settings (stream.element-timeout, stream.write-timeout for those that come with the library).
 * While reading is paused no element's time runs.
 *
 * Sending too much: pending output has a limit, the setting limits.output-bytes for those that come
 * with the library, and a low mark below it, theirs is a quarter. An element that goes over the
 * limit is refused with ENVOI_ERR_FULL and is not kept: the sender keeps it, waits for `drained`,
 * and sends it again. `drained` comes once after each time that output was above the low mark, or
 * an element was refused, when it has fallen to the mark or below; never while closing. A head, a
 * tail and what TLS needs are never refused.
 */
struct envoi_transport_impl {
	const char *name; /**< "tcp", "memory" */

	/**
	 * Begin to read and to tell the sink, which is set. On failure the transport is as before.
	 * @retval ENVOI_ERR_STATE  it was started before, or closed
	 * @retval ENVOI_ERR_NOMEM
	 */
	int (*start)(struct envoi_transport *transport);

	/**
	 * Send a stream header: envoi_stream_head_write() makes one.
	 * @retval ENVOI_ERR_INVALID  a value cannot be written in XML
	 * @retval ENVOI_ERR_STATE    one was sent since start or restart, or it is closing
	 */
	int (*send_head)(struct envoi_transport *transport, const struct envoi_stream_head *head);

	/**
	 * Send one first-level element in serialised form, written as transport->writing says.
	 *
	 * @retval ENVOI_ERR_FULL   over the limit on pending output: `drained` follows. One element
	 *                          of any size is taken when nothing is pending
	 * @retval ENVOI_ERR_STATE  no head was sent, or the tail was
	 */
	int (*send_element)(struct envoi_transport *transport, const char *xml, size_t len);

	/** Send the closing tag; reading goes on. */
	int (*send_tail)(struct envoi_transport *transport);

	/**
	 * Begin a new stream on this connection (RFC 6120, section 4.3.3): new parser.
	 * @retval ENVOI_ERR_PROTOCOL  bytes or elements of the old stream are still here
	 */
	int (*restart)(struct envoi_transport *transport);

	/**
	 * OPTIONAL. Start TLS after what was sent so far (RFC 6120, section 5.4.3): new parser.
	 * `secured` or `closed` follows. What is sent meanwhile goes out within TLS.
	 *
	 * @param server_name  the peer's name for SNI and certificate check (initiator)
	 * @retval ENVOI_ERR_PROTOCOL  bytes are here that came before TLS, be it white space:
	 *                             injection (section 5.4.3.3)
	 * @retval ENVOI_ERR_INVALID   @p config is of the other role, or @p server_name no domain
	 * @retval ENVOI_ERR_STATE     TLS was started before, or the connection is closing
	 */
	int (*start_tls)(struct envoi_transport *transport, enum envoi_role role,
		struct envoi_tls_config *config, const char *server_name);

	/** OPTIONAL. Use tighter or wider parser limits from now on (after login). */
	void (*set_limits)(
		struct envoi_transport *transport, const struct envoi_xml_limits *limits);

	/** OPTIONAL. Show the peer that we live: white space, ping frame, empty body. */
	int (*keepalive)(struct envoi_transport *transport);

	/**
	 * Stop handing over elements, and soon reading. What has to do with sending is still
	 * reported, and `closed` after close and abort; the peer's end after resume, in its place
	 * behind what came before it. A handshake goes on.
	 */
	void (*pause)(struct envoi_transport *transport);
	void (*resume)(struct envoi_transport *transport);

	/** @return bytes of output not yet out of our hands */
	size_t (*pending)(const struct envoi_transport *transport);

	/**
	 * Write what is pending, show the peer the end, wait for its end; `closed` follows, from
	 * the loop and within @p linger_ms, 0: after one attempt to write. Nothing received is
	 * handed over any more. Does nothing when it is closing already, or over.
	 */
	void (*close)(struct envoi_transport *transport, uint64_t linger_ms);

	/** Drop what is pending; `closed` follows at once from the loop, with @p why (borrowed;
	 * NULL: ENVOI_ERR_CANCELED). While closing it ends the waiting; does nothing when it is
	 * over. */
	void (*abort)(struct envoi_transport *transport, const struct envoi_failure *why);

	/**
	 * Free, with the descriptors and timers; silent; allowed at any time, in a callback too:
	 * then memory goes when that has returned. What is pending is dropped. Ends with
	 * envoi_transport_finish(). Called by envoi_transport_destroy(), which has cut off the
	 * sink.
	 */
	void (*destroy)(struct envoi_transport *transport);

	/** @return "203.0.113.7:5222", for people; borrowed */
	const char *(*peer_name)(const struct envoi_transport *transport);

	/** @return whether what moves here is protected from others */
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
};

/** How a transport wants the elements that it is given to send to be written. */
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
	enum envoi_writing writing; /**< set by the implementation, behind envoi_transport_init() */
	struct envoi_context *context; /**< a reference, dropped by envoi_transport_finish() */
	struct envoi_transport_sink *sink; /**< borrowed; NULL: detached */
};

/** For implementations: prepare the base; takes a reference to the context. No sink is set. */
ENVOI_API void envoi_transport_init(struct envoi_transport *transport,
	const struct envoi_transport_impl *impl, struct envoi_context *context);
/** For implementations, in destroy: drop the reference, which may be the last: an implementation
 * that frees memory with the context's allocator behind it holds one of its own. */
ENVOI_API void envoi_transport_finish(struct envoi_transport *transport);

/** Set the sink and start. The receiver of a transport calls it once. */
ENVOI_API ENVOI_MUST_CHECK int envoi_transport_start(
	struct envoi_transport *transport, struct envoi_transport_sink *sink);

/** Cut the sink off and free; NULL is allowed. */
ENVOI_API void envoi_transport_destroy(struct envoi_transport *transport);

/* --- for implementations: stream headers and stream errors --- */

/** The namespace of stream error conditions (RFC 6120, section 4.9.2). */
#define ENVOI_NS_STREAM_ERRORS "urn:ietf:params:xml:ns:xmpp-streams"

/**
 * Append a stream header with its XML declaration (RFC 6120, section 4.7; the prefix is `stream`),
 * for transports whose stream is one long XML document. Absent attributes are left out.
 * @retval ENVOI_ERR_INVALID  a value cannot be written in XML; @p out is as before
 * @retval ENVOI_ERR_NOMEM    likewise
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_head_write(
	struct envoi_buffer *out, const struct envoi_stream_head *head);

/**
 * Read the root that envoi_xml_parser_next() has given as ENVOI_XML_HEAD.
 * @param[out] ret_head  borrows from @p item
 * @return ENVOI_STREAM_NO_CONDITION; or the stream error that it deserves, as it is no stream
 *         header: then nothing is set
 */
ENVOI_API enum envoi_stream_condition envoi_stream_head_read(
	struct envoi_stream_head *ret_head, const struct envoi_xml_item *item);

/**
 * Append `<stream:error>` with a condition (RFC 6120, section 4.9). Before it there must be a
 * header, and behind it, by the sender, the closing tag: sections 4.9.1.1, 4.9.1.2.
 * @param condition  ENVOI_STREAM_NO_CONDITION: undefined-condition
 * @retval ENVOI_ERR_NOMEM  @p out is as before
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_error_write(
	struct envoi_buffer *out, enum envoi_stream_condition condition);

/* --- connectors --- */

/** What a connector is asked for. Strings are copied by the connector. */
struct envoi_target {
	const char *domain; /**< the XMPP domain of the account, prepared (U-labels) */
	/**
	 * OPTIONAL: connect to this URL, "wss://example.org/xmpp" for example, instead of looking
	 * up services of the domain; the certificate must be for its host. A connector whose
	 * transports have no URLs, or not of this scheme, returns ENVOI_ERR_UNSUPPORTED
	 */
	const char *url;
	const char *service; /**< "xmpp-client" */
	struct envoi_settings *settings; /**< borrowed for the call: server, port, tls, ... */
	/**
	 * for direct TLS; a reference is taken; NULL: none, and settings that want nothing but that
	 * are refused
	 */
	struct envoi_tls_config *tls;
	uint64_t timeout_ms; /**< for everything until the transport is handed over */
};

/**
 * Called from the loop, once for each connecting and each `next`.
 *
 * @param transport  not started, now the receiver's; secure already where the route was direct TLS;
 *                   NULL on failure
 * @param failure    lists every attempt; borrowed. With a transport NULL, or with code ENVOI_OK and
 *                   the attempts that failed before
 */
typedef void envoi_connected_fn(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure);

struct envoi_connector_impl {
	const char *name;
	/**
	 * Begin; one at a time. @p done follows, from the loop and within target->timeout_ms,
	 * exactly once, unless this fails or cancel comes before. Forgets what it had begun before,
	 * if that was handed over.
	 * @retval ENVOI_ERR_STATE    one is pending
	 * @retval ENVOI_ERR_UNSUPPORTED  the target is a URL that this connector cannot connect to
	 * @retval ENVOI_ERR_INVALID  the domain cannot be one, or direct TLS is wanted without @p
	 *                            tls
	 */
	int (*connect)(struct envoi_connector *connector, const struct envoi_target *target,
		envoi_connected_fn *done, void *user);
	/**
	 * OPTIONAL. The transport that was handed over has failed before any credentials were sent:
	 * continue with the addresses of the same target that have not failed. `done` comes once
	 * more; its failure lists @p why as well.
	 *
	 * @param why         borrowed
	 * @param timeout_ms  for everything until the next transport is handed over
	 * @retval ENVOI_ERR_STATE  nothing was handed over since connect, or it was cancelled
	 */
	int (*next)(struct envoi_connector *connector, const struct envoi_failure *why,
		uint64_t timeout_ms);
	/** Stop silently, and forget what `next` would need; nothing if there is nothing. Allowed
	 * in `done`. */
	void (*cancel)(struct envoi_connector *connector);
	/** Free; silent; allowed at any time, in `done` too. Nothing is pending:
	 * envoi_connector_destroy() has cancelled it. Ends with envoi_connector_finish(). */
	void (*destroy)(struct envoi_connector *connector);
};

/** Base of every connector; embedded first. */
struct envoi_connector {
	const struct envoi_connector_impl *impl;
	struct envoi_context *context; /**< a reference, dropped by envoi_connector_finish() */
};

/** For implementations: prepare the base; takes a reference to the context. */
ENVOI_API void envoi_connector_init(struct envoi_connector *connector,
	const struct envoi_connector_impl *impl, struct envoi_context *context);
/** As envoi_transport_finish(). */
ENVOI_API void envoi_connector_finish(struct envoi_connector *connector);

/** Cancel and free; NULL is allowed. */
ENVOI_API void envoi_connector_destroy(struct envoi_connector *connector);

#ifdef __cplusplus
}
#endif
#endif
