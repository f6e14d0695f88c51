/*
 * envoi - streams and what is negotiated in them
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_STREAM_H
#define ENVOI_INTERFACES_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/handler.h>
#include <envoi/interfaces/transport.h>
#include <envoi/tap.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_settings;
struct envoi_stream;
struct envoi_stream_sink;
struct envoi_tls_config;

/** Properties of a stream, which features establish. */
enum envoi_stream_bit {
	/**
	 * encrypted, and the peer's certificate verified, unless the settings disable that: see
	 * envoi_tls_is_verified()
	 */
	ENVOI_STREAM_SECURE = 1,
	ENVOI_STREAM_AUTHENTICATED = 2,
	ENVOI_STREAM_BOUND = 4,
	ENVOI_STREAM_SESSION = 8, /**< the session of RFC 3921 is established */
};

/** The place of a feature in the order of negotiation; values in between are allowed. */
enum envoi_stream_order {
	ENVOI_ORDER_TLS = -400,
	ENVOI_ORDER_SASL = -300,
	ENVOI_ORDER_BIND = -200,
	ENVOI_ORDER_SESSION = -100,
	ENVOI_ORDER_LAST = 0, /**< after the login */
};

/** What follows a successful negotiation. */
enum envoi_stream_next {
	ENVOI_NEXT_FEATURE, /**< the other features of the same offer */
	ENVOI_NEXT_RESTART, /**< a new stream on the same connection (RFC 6120, section 4.3.3) */
	/** new <stream:features/> in the same stream, without a header (XEP-0388, section 2.6) */
	ENVOI_NEXT_FEATURES,
};

/**
 * Negotiation of a feature inside that of another one, its host, which saves round trips (XEP-0388,
 * section 2.3; XEP-0386). An entry of a table that ends with a NULL host_ns; a table has at most 32
 * entries. The host calls the functions, by envoi_stream_inline_request() and its siblings. The
 * feature's forbidden bits apply; its necessary bits do not, the host ensures them. The functions
 * return ENVOI_OK, ENVOI_DECLINED when the feature does not take part, or an error (<0), which is
 * fatal. The feature reports its bits with envoi_stream_feature_done().
 */
struct envoi_stream_inline {
	const char *host_ns; /**< namespace of the host: "urn:xmpp:sasl:2" */
	const char *ns, *name; /**< of the offer in the host's list */

	/** OPTIONAL, initiating side: add elements to the host's request. After ENVOI_OK `answer`
	 * follows, unless the host's negotiation fails. @param offer  from the host's list */
	int (*request)(struct envoi_handler *self, struct envoi_stream *stream,
		const struct envoi_element *offer, struct envoi_element *request);
	/** Initiating side, REQUIRED with `request`: the host's negotiation has succeeded. @param
	 * answer  the peer's answer to the host; it need not contain anything for this feature */
	int (*answer)(struct envoi_handler *self, struct envoi_stream *stream,
		const struct envoi_element *answer);

	/** OPTIONAL, receiving side: add the offer to the host's list. */
	int (*offer)(struct envoi_handler *self, struct envoi_stream *stream,
		struct envoi_element *offers);
	/** OPTIONAL, receiving side: the host's request is granted; look for this feature's request
	 * in it, and add to the host's answer. */
	int (*take)(struct envoi_handler *self, struct envoi_stream *stream,
		const struct envoi_element *request, struct envoi_element *answer);
};

/**
 * A stream feature (RFC 6120, section 4.3.2): a part of a handler. A feature is eligible when the
 * stream has its necessary bits and none of its forbidden ones.
 *
 * Initiating side: when <stream:features/> arrives, the stream calls `negotiate` of each eligible
 * feature once, by `order`, and for equal values in the order of the handlers. When a feature has
 * gained bits without a restart, the stream begins again with the first feature, because others may
 * have become eligible. When no feature is left, the stream is `ready`, or it fails: with the code
 * and phase of the first required bit that is missing (SECURE: ENVOI_ERR_TLS in phase TLS;
 * AUTHENTICATED: ENVOI_ERR_AUTH in SASL; BOUND, SESSION: ENVOI_ERR_PROTOCOL in BIND), or with
 * unsupported-feature when the peer requires a feature that no handler has (section 4.9.3.23).
 *
 * Receiving side: each eligible feature adds its offer after each header, and its rows take the
 * requests; the stream is `ready` when it has the required bits.
 *
 * Streams before version 1.0 (`jabber:component:accept`) have no features: `negotiate` is called
 * after the header, with @p offer and @p features NULL.
 */
struct envoi_stream_feature {
	const char *ns, *name; /**< of the child of <stream:features/> */
	/** enum envoi_stream_order, or a value in between: lower ones come first */
	int order;
	/** bits that the stream must have, and must not have yet */
	unsigned int necessary, forbidden;
	/** of failures during its negotiation, and of the timeout that applies */
	enum envoi_phase phase;
	size_t state_size; /**< zeroed memory per stream: envoi_stream_feature_state() */
	const struct envoi_stream_inline *inlines; /**< OPTIONAL: ended by a NULL host_ns */

	/** OPTIONAL, receiving side: add the offer to @p features. @retval <0  fatal */
	int (*offer)(struct envoi_handler *self, struct envoi_stream *stream,
		struct envoi_element *features);

	/**
	 * OPTIONAL, initiating side: begin the negotiation.
	 * @param offer     the feature's child of @p features; NULL: not offered
	 * @param features  <stream:features/>; both borrowed until the stream restarts
	 * @retval ENVOI_OK     nothing to negotiate; the next feature follows
	 * @retval ENVOI_AGAIN  pending: the next feature follows after envoi_stream_feature_done()
	 * @retval <0  fatal; call envoi_stream_fail() or envoi_stream_fail_with() before, for a
	 *             failure with condition and text
	 */
	int (*negotiate)(struct envoi_handler *self, struct envoi_stream *stream,
		const struct envoi_element *offer, const struct envoi_element *features);

	/** OPTIONAL: the TLS handshake that this feature started has succeeded. Absent: the stream
	 * gains SECURE and restarts. */
	void (*secured)(struct envoi_handler *self, struct envoi_stream *stream);

	/** OPTIONAL: the stream is freed, or the handler is removed from it. Free the members of
	 * @p state, not the state itself. Only envoi_stream_context() may be called on the stream.
	 * After calling the application from here, use neither @p self nor @p stream: the
	 * application may free the owner of both. */
	void (*finish)(struct envoi_handler *self, struct envoi_stream *stream, void *state);
};

/**
 * A stream-level element that a handler takes; a NULL name ends the table. An element that no row
 * takes and that is no stanza ends the stream with unsupported-stanza-type. Rows may take stanzas
 * too (ns `jabber:client`), before the sink gets them.
 */
struct envoi_stream_element_row {
	const char *ns, *name; /**< name "*": every element of the namespace */
	unsigned int roles; /**< OR of 1 << enum envoi_role */
	/** bits as of a feature; an element that arrives at another time is fatal */
	unsigned int necessary, forbidden;
	/**
	 * Take the element. Bits do not show whether the feature expects it: check that here.
	 * @retval ENVOI_OK        taken
	 * @retval ENVOI_DECLINED  not taken: the next row is called; a stanza goes to the sink
	 * @retval <0  fatal as in negotiate
	 */
	int (*handle)(struct envoi_handler *self, struct envoi_stream *stream,
		const struct envoi_element *element);
};

/** The events of a stream; always from the loop. The owner may free the stream, close it,
 * and send, inside every one. */
struct envoi_stream_sink_impl {
	/** OPTIONAL. The peer's header arrived (again after each restart). A receiving stream has
	 * not yet answered it: envoi_stream_set_local() may set the domain to answer for. */
	void (*opened)(struct envoi_stream_sink *sink);
	/** OPTIONAL. A bit was gained. @param text the TLS version, the mechanism, ... or NULL */
	void (*gained)(struct envoi_stream_sink *sink, unsigned int bit, const char *text);
	/** Negotiation is complete: stanzas may be sent. */
	void (*ready)(struct envoi_stream_sink *sink);
	/** A stanza, in `jabber:client`; borrowed. Before `ready` only on a receiving stream, or
	 * when the stream is bound and another feature is still pending (RFC 6120, section 7.1: a
	 * bound resource may be sent to). */
	void (*stanza)(struct envoi_stream_sink *sink, struct envoi_element *element);
	/**
	 * OPTIONAL. A stanza exceeded a limit, and was counted and skipped (setting
	 * limits.skip-bytes); on an initiating stream that is bound or ready only.
	 *
	 * @param element  the stanza without content, with the attributes from, to, id and type as
	 *                 far as they could be read; borrowed
	 * @param bytes    its size as received
	 * @param limit    a text that names the limit; static
	 */
	void (*skipped)(struct envoi_stream_sink *sink, struct envoi_element *element,
		uint64_t bytes, const char *limit);
	/** OPTIONAL. The peer has closed the stream in order: what is sent inside precedes the
	 * closing tag of this side. */
	void (*ending)(struct envoi_stream_sink *sink);
	/** OPTIONAL. The transport has written @p count more stanzas, those of
	 * envoi_stream_send_element() included. The sum is stanzas_out of struct
	 * envoi_stream_counts when all are written. */
	void (*written)(struct envoi_stream_sink *sink, size_t count);
	/** OPTIONAL. Pending output has fallen below the transport's low mark, after it was above.
	 */
	void (*drained)(struct envoi_stream_sink *sink);
	/** OPTIONAL. Bytes arrived, white space included: the connection works. */
	void (*activity)(struct envoi_stream_sink *sink);
	/** The stream has ended: exactly once, last. @param why  borrowed; code ENVOI_OK after an
	 * orderly close by either side; before `ready` a peer that closes is
	 * ENVOI_ERR_DISCONNECTED */
	void (*closed)(struct envoi_stream_sink *sink, const struct envoi_failure *why);
};

/** Base of every sink; embedded anywhere (ENVOI_CONTAINER_OF). */
struct envoi_stream_sink {
	const struct envoi_stream_sink_impl *impl;
};

/** What a stream is made with. */
struct envoi_stream_options {
	enum envoi_role role;
	const char *content_ns; /**< NULL: "jabber:client" */
	/** initiator: own bare address; receiver: own domain; or NULL */
	const struct envoi_jid *local;
	/** receiver of several domains, which has no @p local: the domain of the header before the
	 * stream error, when the peer has named no other (RFC 6120, section 4.9.1.3); or NULL */
	const struct envoi_jid *host;
	const char
		*peer_domain; /**< initiator: the domain that the user gave, `to` of the header */
	/** the array is borrowed for the call; the handlers must outlive the stream */
	struct envoi_handler *const *handlers;
	size_t handler_count;
	unsigned int required; /**< bits that the stream must have to be `ready` */
	envoi_tap_fn *tap; /**< called with the traffic; NULL: none */
	void *tap_user;
	/** directions that the tap does not show: 1 << ENVOI_IN, 1 << ENVOI_OUT; 0: none */
	unsigned int tap_off;
	/**
	 * borrowed for the call: lang, limits.*, and stream., tls., sasl., bind., close.timeout
	 */
	const struct envoi_settings *settings;
};

/**
 * Begin a stream on a transport (RFC 6120, section 4.2). The initiating side sends its header.
 *
 * Each phase has a timeout from the settings, which input of the peer does not extend; at its end
 * the stream fails with ENVOI_ERR_TIMEOUT in that phase. On the receiving side the phase is that of
 * the first required bit that is missing.
 *
 * @param transport  taken, not started; consumed on failure too
 * @param sink       borrowed until the stream is freed
 * @retval ENVOI_ERR_INVALID  no settings; an initiator without peer_domain
 * @retval ENVOI_ERR_NOMEM
 * Other errors as a transport's start.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_new(struct envoi_stream **ret_stream,
	struct envoi_context *context, const struct envoi_stream_options *options,
	struct envoi_transport *transport, struct envoi_stream_sink *sink);

/**
 * Free the stream and its transport at once, without callbacks of the sink; allowed in every
 * callback; NULL is allowed. When it returns, all features are finished, and the stream does not
 * use its handlers any more.
 */
ENVOI_API void envoi_stream_free(struct envoi_stream *stream);

/**
 * Remove a handler from a stream: its feature is finished at once, and none of its functions is
 * called any more, so that it may be freed. Allowed in every callback, its own too. No effect if it
 * is not among the stream's handlers. If the negotiation of its feature is pending, the stream
 * fails with ENVOI_ERR_CANCELED.
 */
ENVOI_API void envoi_stream_remove(
	struct envoi_stream *stream, const struct envoi_handler *handler);

/**
 * Send a serialised stanza. It is written for `jabber:client` without a declaration of that
 * namespace, so that it is in the stream's content namespace.
 * @retval ENVOI_ERR_STATE  no header was sent yet, the stream is closing, or an initiating stream
 *                          is neither bound nor ready
 * Other errors as a transport's send_element.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_send(
	struct envoi_stream *stream, const char *xml, size_t len);

/** Send a stream-level element. @param element borrowed; NULL reports ENVOI_ERR_NOMEM; a tree that
 * has failed reports its failure */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_send_element(
	struct envoi_stream *stream, const struct envoi_element *element);

/** Switch the tap of a stream on or off for one direction, from now on; inside the tap too. */
ENVOI_API void envoi_stream_switch_tap(
	struct envoi_stream *stream, enum envoi_direction direction, bool is_on);

/**
 * Send a keepalive: `keepalive` of the transport, white space
 * on one long XML document (RFC 6120, section 4.6.1). The peer does not answer.
 * @retval ENVOI_ERR_STATE        as envoi_stream_send_element()
 * @retval ENVOI_ERR_UNSUPPORTED  the transport has no such function
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_keepalive(struct envoi_stream *stream);

/**
 * Start the setting close.timeout before envoi_stream_close() is called: the owner still has
 * stanzas to send. The timeout covers everything up to `closed`; at its end `closed` reports
 * ENVOI_ERR_TIMEOUT in phase CLOSE. Until envoi_stream_close() the stream sends and receives as
 * before. No effect if the stream is closing.
 */
ENVOI_API void envoi_stream_prepare_close(struct envoi_stream *stream);

/**
 * Close the stream (RFC 6120, section 4.4): send the closing tag, wait for the peer's, report
 * `closed`. Stanzas that arrive before it are delivered; a paused transport is resumed. The setting
 * close.timeout, from here or from envoi_stream_prepare_close(), covers writing pending output, the
 * peer's closing tag, and the end of the connection. At its end the connection is aborted, and
 * `closed` reports ENVOI_ERR_TIMEOUT in phase CLOSE. Idempotent.
 */
ENVOI_API void envoi_stream_close(struct envoi_stream *stream);

/**
 * End with a failure: the stream error named by failure->stream_condition is sent, if any (RFC
 * 6120, section 4.9.1.1), then the connection is closed within close.timeout, and `closed` reports
 * the failure. With code ENVOI_ERR_TIMEOUT the stream does not wait for the peer: it tries once to
 * write pending output. The first failure counts.
 * @param failure  borrowed
 */
ENVOI_API void envoi_stream_fail(struct envoi_stream *stream, const struct envoi_failure *failure);

/**
 * End with a failure at once. Pending output is dropped, and neither a stream error nor a closing
 * tag is sent: either would end a session that can be resumed (XEP-0198, section 5). `closed`
 * reports the failure.
 * @param failure  borrowed
 */
ENVOI_API void envoi_stream_cut(struct envoi_stream *stream, const struct envoi_failure *failure);

/**
 * As envoi_stream_fail(), with a failure in the stream's current phase.
 * @param condition  of the stream error; ENVOI_STREAM_NO_CONDITION: none is sent
 * @param format     text of the failure, as printf; not sent; NULL: none
 * @return @p code, so that the caller can return it
 */
ENVOI_API int envoi_stream_fail_with(struct envoi_stream *stream, int code,
	enum envoi_stream_condition condition, const char *format, ...) ENVOI_PRINTF(4, 5);

/**
 * For features: the negotiation has succeeded. It takes effect when the current callback returns
 * or, outside of one, from the loop. A host and the features inside it all call this function:
 * their bits are united, and the largest value of @p next counts.
 *
 * @param gained  bits
 * @param next    what follows. After ENVOI_NEXT_RESTART further input of the old stream is fatal
 * @param text    of these bits, for the sink's `gained`; borrowed until the stream is freed; NULL:
 *                none
 */
ENVOI_API void envoi_stream_feature_done(struct envoi_stream *stream, struct envoi_handler *handler,
	unsigned int gained, enum envoi_stream_next next, const char *text);

/**
 * For hosts of other features, initiating side: call `request` of the features that the peer offers
 * inside the host. All four functions call the features by `order` and return 0, or the first error
 * (<0), with which the host ends the negotiation.
 *
 * @param host_ns  the host's namespace, as in struct envoi_stream_inline
 * @param offers   the peer's list of features inside the host; NULL: none
 * @param request  the host's request
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_inline_request(struct envoi_stream *stream,
	const char *host_ns, const struct envoi_element *offers, struct envoi_element *request);
/** Hosts, initiating side: the negotiation has succeeded. @param answer  the peer's */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_inline_answer(
	struct envoi_stream *stream, const char *host_ns, const struct envoi_element *answer);
/** Hosts, receiving side: add offers of features to the host's. @param offers  the host's list */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_inline_offer(
	struct envoi_stream *stream, const char *host_ns, struct envoi_element *offers);
/** Hosts, receiving side: the host's request is granted. @param request the peer's; @param answer
 * to be sent */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_inline_take(struct envoi_stream *stream,
	const char *host_ns, const struct envoi_element *request, struct envoi_element *answer);

/** @return the memory of a feature for this stream, borrowed until the stream is freed; NULL: the
 * feature has none, or the handler is not one of the stream's */
ENVOI_API void *envoi_stream_feature_state(
	struct envoi_stream *stream, const struct envoi_handler *handler);

/**
 * For features: start TLS after the bytes sent so far; the feature's `secured` follows, or
 * `closed`. The peer's certificate is verified against envoi_stream_peer_domain(). A receiver
 * presents the certificate of the domain of envoi_stream_local(), unless the peer's handshake names
 * another one that is served.
 * @retval ENVOI_ERR_PROTOCOL     the peer has sent bytes that would precede TLS (injection); the
 *                                stream fails
 * @retval ENVOI_ERR_UNSUPPORTED  the transport has no TLS; the stream fails
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_start_tls(struct envoi_stream *stream,
	struct envoi_handler *handler, struct envoi_tls_config *config);

/** Numbers of stanzas of a stream, including those taken by rows of stream elements, skipped ones,
 * and those sent with envoi_stream_send_element(). */
struct envoi_stream_counts {
	uint64_t stanzas_in, stanzas_out;
};

/** Fill in *ret_counts. */
ENVOI_API void envoi_stream_get_counts(
	const struct envoi_stream *stream, struct envoi_stream_counts *ret_counts);

/** @return borrowed until the stream is freed */
ENVOI_API struct envoi_context *envoi_stream_context(const struct envoi_stream *stream);
/** @return borrowed until the stream is freed; NULL after that. Send, close and free through the
 * stream only. */
ENVOI_API struct envoi_transport *envoi_stream_transport(const struct envoi_stream *stream);
/** Properties of TLS: all NULL and false without TLS, and when the transport does not report them.
 * The texts are borrowed until the stream is freed. */
ENVOI_API void envoi_stream_tls_info(
	const struct envoi_stream *stream, struct envoi_tls_info *ret_info);
/** @return the role of this side */
ENVOI_API enum envoi_role envoi_stream_role(const struct envoi_stream *stream);
/** @return OR of enum envoi_stream_bit */
ENVOI_API unsigned int envoi_stream_bits(const struct envoi_stream *stream);
/** @return the current phase, which a failure would have */
ENVOI_API enum envoi_phase envoi_stream_phase(const struct envoi_stream *stream);
/** @return initiator: the domain that the user gave; receiver: NULL */
ENVOI_API const char *envoi_stream_peer_domain(const struct envoi_stream *stream);
/** @return the preferred language of the peer's texts (setting lang), or NULL; borrowed from the
 *         stream */
ENVOI_API const char *envoi_stream_lang(const struct envoi_stream *stream);
/** @return the peer's last header (the stream's id, ...), not verified; borrowed until the next
 * one; NULL: none */
ENVOI_API const struct envoi_stream_head *envoi_stream_peer_head(const struct envoi_stream *stream);
/** @return the id of the stream (RFC 6120, section 4.7.3): that of the server's header; on a
 * receiving stream that of this side's, if its content namespace has no features; NULL: none, or
 * not kept; borrowed until the next header */
ENVOI_API const char *envoi_stream_id(const struct envoi_stream *stream);
/** @return the peer's last <stream:features/> (roster versioning is offered there, for example);
 * borrowed until the stream is ready, restarts or is freed; NULL: none */
ENVOI_API const struct envoi_element *envoi_stream_features(const struct envoi_stream *stream);
/** @return initiator: the configured address, after binding the bound one; receiver: the domain,
 * after binding the peer's address; borrowed; NULL: none */
ENVOI_API const struct envoi_jid *envoi_stream_local(const struct envoi_stream *stream);
/** Set the address of envoi_stream_local(): for binding, and in `opened` for receivers of several
 * domains. */
ENVOI_API void envoi_stream_set_local(struct envoi_stream *stream, const struct envoi_jid *jid);
/** @return the user as which the peer of a receiving stream has authenticated, prepared as a
 * localpart; NULL: not yet, or anonymous, or its feature has not set it; borrowed until it is set
 */
ENVOI_API const char *envoi_stream_user(const struct envoi_stream *stream);
/** Set the user of envoi_stream_user(), for features that authenticate.
 * @param user  copied; NULL: none
 * @retval ENVOI_ERR_NOMEM  unchanged */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_set_user(struct envoi_stream *stream, const char *user);

#ifdef __cplusplus
}
#endif
#endif
