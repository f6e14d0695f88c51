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

/** What a stream has; features gain these. */
enum envoi_stream_bit {
	/**
	 * protected, and the peer's identity checked unless the settings gave that up:
	 * envoi_tls_info says whether it was verified
	 */
	ENVOI_STREAM_SECURE = 1,
	ENVOI_STREAM_AUTHENTICATED = 2,
	ENVOI_STREAM_BOUND = 4,
	ENVOI_STREAM_SESSION = 8, /**< RFC 3921's session was established */
};

/** Where a feature stands in the order of negotiation; other values place it in between. */
enum envoi_stream_order {
	ENVOI_ORDER_TLS = -400,
	ENVOI_ORDER_SASL = -300,
	ENVOI_ORDER_BIND = -200,
	ENVOI_ORDER_SESSION = -100,
	ENVOI_ORDER_LAST = 0, /**< after the login */
};

/** What follows a negotiation that has ended well. */
enum envoi_stream_next {
	ENVOI_NEXT_FEATURE, /**< the other features that were offered together with it */
	ENVOI_NEXT_RESTART, /**< a new stream on the same connection (RFC 6120, section 4.3.3) */
	/** new <stream:features/> in the same stream, without a header (XEP-0388, section 2.6) */
	ENVOI_NEXT_FEATURES,
};

/**
 * How a feature rides inside the negotiation of another one, its host, and saves round trips
 * (XEP-0388, section 2.3; XEP-0386). An entry of a table that ends with a NULL host_ns; a table has
 * at most 32 entries. The host calls the functions, by envoi_stream_inline_request() and its
 * siblings; bits that the stream must not have yet are those of the feature, bits that it must have
 * are the host's affair. Return values are those of `negotiate` and `handle`: ENVOI_OK,
 * ENVOI_DECLINED where it does not take part this time, <0: fatal. What is gained is reported with
 * envoi_stream_feature_done(), as ever.
 */
struct envoi_stream_inline {
	const char *host_ns; /**< namespace of the host: "urn:xmpp:sasl:2" */
	const char *ns, *name; /**< of the offer in the host's list */

	/** OPTIONAL, initiating side: add elements to the host's request. @param offer from the
	 * host's list. Where it returns ENVOI_OK `answer` follows, unless the host's negotiation
	 * fails. */
	int (*request)(struct envoi_handler *self, struct envoi_stream *stream,
		const struct envoi_element *offer, struct envoi_element *request);
	/** Initiating side, REQUIRED with `request`: the host's negotiation has ended well. @param
	 * answer of the host: it may have nothing for this feature */
	int (*answer)(struct envoi_handler *self, struct envoi_stream *stream,
		const struct envoi_element *answer);

	/** OPTIONAL, receiving side: add the offer to the host's list. */
	int (*offer)(struct envoi_handler *self, struct envoi_stream *stream,
		struct envoi_element *offers);
	/** OPTIONAL, receiving side: look for a request inside the host's, which is granted, and
	 * add to the host's answer. */
	int (*take)(struct envoi_handler *self, struct envoi_stream *stream,
		const struct envoi_element *request, struct envoi_element *answer);
};

/**
 * Something negotiated in <stream:features/> (RFC 6120, section 4.3.2): a part of a handler.
 *
 * Initiating side: each time features come, every feature whose bits fit is asked once, by `order`,
 * and among equals in the order in which the handlers were given to the stream; when one has gained
 * bits without a restart, asking goes on from the first one, so that what has become possible is
 * not missed. When no feature is left, the stream is `ready`, or it fails: with the class and phase
 * of the first required bit that it has not got (SECURE: ENVOI_ERR_TLS in phase TLS; AUTHENTICATED:
 * ENVOI_ERR_AUTH in SASL; BOUND, SESSION: ENVOI_ERR_PROTOCOL in BIND), or with unsupported-feature
 * when the peer requires something that no handler knows (section 4.9.3.23).
 *
 * Receiving side: every feature whose bits fit offers itself after each header, and acts on what
 * its rows receive; the stream is `ready` once it has the required bits.
 *
 * Where there are no features (streams before version 1.0: `jabber:component:accept`), features
 * are asked once the header has come, with @p offer and @p features NULL.
 */
struct envoi_stream_feature {
	const char *ns, *name; /**< of the child of <stream:features/> */
	/** enum envoi_stream_order, or a value in between: lower ones are asked, and offered, first
	 *  */
	int order;
	/** bits that the stream must have, and must not have yet */
	unsigned int necessary, forbidden;
	/** while it is pending: names the failure, chooses the deadline */
	enum envoi_phase phase;
	size_t state_size; /**< zeroed memory per stream: envoi_stream_feature_state() */
	const struct envoi_stream_inline *inlines; /**< OPTIONAL: ended by a NULL host_ns */

	/** OPTIONAL, receiving side: add the offer to @p features. @return 0 or <0: fatal */
	int (*offer)(struct envoi_handler *self, struct envoi_stream *stream,
		struct envoi_element *features);

	/**
	 * OPTIONAL, initiating side: look at what was offered, begin.
	 * @param offer     the child of features, or NULL: not offered
	 * @param features  all of them; both borrowed, until the stream restarts
	 * @retval ENVOI_OK     nothing to do; ask the next feature
	 * @retval ENVOI_AGAIN  pending: no other feature is asked until envoi_stream_feature_done()
	 * @retval <0  fatal; envoi_stream_fail() or envoi_stream_fail_with() before says more than
	 *             the code does
	 */
	int (*negotiate)(struct envoi_handler *self, struct envoi_stream *stream,
		const struct envoi_element *offer, const struct envoi_element *features);

	/** OPTIONAL: TLS that this feature asked for is up. Absent: it has gained SECURE, and the
	 * stream restarts. */
	void (*secured)(struct envoi_handler *self, struct envoi_stream *stream);

	/** OPTIONAL: the stream is freed, or the handler is removed from it: free what @p state
	 * holds, not the state itself. Only envoi_stream_context() may be called on the stream. A
	 * function that calls the application from here touches neither @p self nor @p stream
	 * afterwards: the application may free the owner of both. */
	void (*finish)(struct envoi_handler *self, struct envoi_stream *stream, void *state);
};

/**
 * A stream-level element that a handler takes; a NULL name ends the table. An element that no row
 * takes now, and that is no stanza, ends the stream with unsupported-stanza-type. Rows may take
 * stanzas too (ns `jabber:client`): they see them before the sink.
 */
struct envoi_stream_element_row {
	const char *ns, *name; /**< name "*": every one of that namespace */
	unsigned int roles; /**< OR of 1 << enum envoi_role */
	/** bits, as above: elsewhere the element is unexpected: fatal */
	unsigned int necessary, forbidden;
	/**
	 * Bits do not tell whether the feature has asked for this element: it has to check that.
	 * @retval ENVOI_OK        taken
	 * @retval ENVOI_DECLINED  not mine: the next row is asked; a stanza goes to the sink
	 * @retval <0  fatal as in negotiate
	 */
	int (*handle)(struct envoi_handler *self, struct envoi_stream *stream,
		const struct envoi_element *element);
};

/** The events of a stream; always from the loop. The owner may free the stream, close it,
 * and send, inside every one. */
struct envoi_stream_sink_impl {
	/** The peer's header came (again after each restart). A receiving stream has not answered
	 * it yet: envoi_stream_set_local() may still choose the domain that it speaks for. */
	void (*opened)(struct envoi_stream_sink *sink);
	/** A bit was gained. @param text the TLS version, the mechanism, ... or NULL */
	void (*gained)(struct envoi_stream_sink *sink, unsigned int bit, const char *text);
	/** Negotiation is complete: stanzas may be sent. */
	void (*ready)(struct envoi_stream_sink *sink);
	/** A stanza, in `jabber:client`; borrowed. Before `ready` only on a receiving stream, or
	 * when the stream is bound and another feature is still pending (RFC 6120, section 7.1: a
	 * bound resource may be sent to). */
	void (*stanza)(struct envoi_stream_sink *sink, struct envoi_element *element);
	/**
	 * OPTIONAL. A stanza exceeded a limit, and was counted and skipped (setting
	 * limits.skip-bytes); on an initiating stream that is ready only.
	 *
	 * @param element  the stanza without content, with the attributes from, to, id and type as
	 *                 far as they could be read; borrowed
	 * @param bytes    its size as received
	 * @param limit    the limit in words; static
	 */
	void (*skipped)(struct envoi_stream_sink *sink, struct envoi_element *element,
		uint64_t bytes, const char *limit);
	/** @p count more stanzas are out of our hands, those of envoi_stream_send_element()
	 * included: in sum stanzas_out of struct envoi_stream_counts, once all is written. */
	void (*written)(struct envoi_stream_sink *sink, size_t count);
	/** Pending output has fallen below the transport's low mark, after it was above. */
	void (*drained)(struct envoi_stream_sink *sink);
	/** Bytes came, whatever they are: the peer lives. */
	void (*activity)(struct envoi_stream_sink *sink);
	/** Over: exactly once, last. Borrowed; code ENVOI_OK after an orderly close by either side,
	 * but not before `ready`: there a peer that leaves is ENVOI_ERR_DISCONNECTED. */
	void (*closed)(struct envoi_stream_sink *sink, const struct envoi_failure *why);
};

struct envoi_stream_sink {
	const struct envoi_stream_sink_impl *impl;
};

struct envoi_stream_options {
	enum envoi_role role;
	const char *content_ns; /**< NULL: "jabber:client" */
	/** initiator: own bare address; receiver: own domain; or NULL */
	const struct envoi_jid *local;
	const char *peer_domain; /**< initiator: the `to` of the header: what the user gave */
	/** the array is borrowed for the call; the handlers must outlive the stream */
	struct envoi_handler *const *handlers;
	size_t handler_count;
	unsigned int required; /**< bits without which `ready` is a failure */
	envoi_tap_fn *tap; /**< is shown the traffic; NULL: none */
	void *tap_user;
	/**
	 * borrowed for the call: lang, limits.*, and stream., tls., sasl., bind., close.timeout
	 */
	const struct envoi_settings *settings;
};

/**
 * Begin a stream on a transport (RFC 6120, section 4.2). The initiating side sends its header.
 *
 * Each phase has a deadline from the settings: one that lasts longer, whatever the peer sends
 * meanwhile, ends the stream with ENVOI_ERR_TIMEOUT in that phase. On the receiving side the phase
 * is that of the first required bit that is missing.
 *
 * @param transport  taken, not started; consumed on failure too
 * @param sink       borrowed until the stream is freed
 * @retval ENVOI_ERR_INVALID  no settings; an initiator without peer_domain
 * @retval ENVOI_ERR_NOMEM    or what the transport refused to start with
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_new(struct envoi_stream **ret_stream,
	struct envoi_context *context, const struct envoi_stream_options *options,
	struct envoi_transport *transport, struct envoi_stream_sink *sink);

/**
 * Free at once, silently, transport included; allowed in every callback; NULL is allowed. When it
 * returns, all features are finished, and no handler of the stream is touched any more.
 */
ENVOI_API void envoi_stream_free(struct envoi_stream *stream);

/**
 * Take a handler out of a stream: its feature is finished now, and from now on nothing of the
 * handler is called, so that it may be freed. Allowed in every callback, its own too. Nothing if it
 * is not among the stream's handlers. A stream whose negotiation of that feature is pending fails
 * with ENVOI_ERR_CANCELED.
 */
ENVOI_API void envoi_stream_remove(
	struct envoi_stream *stream, const struct envoi_handler *handler);

/**
 * Send a serialised stanza (default namespace: content). A stanza is written for `jabber:client`;
 * standing in the stream without a declaration of its own, it is in the stream's content namespace.
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

/**
 * Show the peer that this side lives, at the least cost: `keepalive` of the transport, white space
 * on one long XML document (RFC 6120, section 4.6.1). The peer does not answer.
 * @retval ENVOI_ERR_STATE        as envoi_stream_send_element()
 * @retval ENVOI_ERR_UNSUPPORTED  the transport has no such function
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_keepalive(struct envoi_stream *stream);

/**
 * Announce that the stream will be closed as soon as its owner has sent the rest. The setting
 * close.timeout begins: it covers everything from here to `closed`. Until envoi_stream_close() the
 * stream sends and receives as before; `closed` reports ENVOI_ERR_TIMEOUT in phase CLOSE when the
 * time is over. Nothing if the stream is closing.
 */
ENVOI_API void envoi_stream_prepare_close(struct envoi_stream *stream);

/**
 * Close in order (RFC 6120, section 4.4): closing tag, wait for the peer's, `closed`. Stanzas that
 * come meanwhile are still handed over, on a paused transport too: it is resumed. The setting
 * close.timeout is the time for all of it, from here or from envoi_stream_prepare_close(): it
 * covers writing what is pending, the peer's closing tag, and the end of the connection. A peer
 * that has not sent its closing tag by then is cut off, and `closed` reports ENVOI_ERR_TIMEOUT in
 * phase CLOSE. Idempotent.
 */
ENVOI_API void envoi_stream_close(struct envoi_stream *stream);

/**
 * End with a failure: the stream error named by failure->stream_condition is sent, if any
 * (RFC 6120, section 4.9.1.1), then everything is closed within close.timeout, and `closed` reports
 * the failure. With code ENVOI_ERR_TIMEOUT the peer is not waited for: one attempt is made to write
 * what is pending. The first failure counts.
 * @param failure  borrowed
 */
ENVOI_API void envoi_stream_fail(struct envoi_stream *stream, const struct envoi_failure *failure);

/**
 * End with a failure at once: what is pending is dropped, and neither a stream error nor a closing
 * tag is sent, either of which would end the peer's side of the session as well. A session that may
 * be resumed stays so (XEP-0198, section 5). `closed` reports the failure.
 * @param failure  borrowed
 */
ENVOI_API void envoi_stream_cut(struct envoi_stream *stream, const struct envoi_failure *failure);

/**
 * As envoi_stream_fail(), made in place; its phase is the one that the stream is in.
 * @param condition  to be sent; ENVOI_STREAM_NO_CONDITION: none
 * @param format     our own text, as printf; NULL: none; it is not sent
 * @return @p code, to be returned on
 */
ENVOI_API int envoi_stream_fail_with(struct envoi_stream *stream, int code,
	enum envoi_stream_condition condition, const char *format, ...) ENVOI_PRINTF(4, 5);

/**
 * For features: negotiation has ended well. It takes effect when the current callback returns or,
 * outside of one, from the loop. A host and the features that ride inside it call this one after
 * the other: bits add up, and of what follows the last in the order of the enumeration holds.
 *
 * @param gained  bits
 * @param next    what follows. ENVOI_NEXT_RESTART: what has come and belongs to the old stream is
 *                fatal
 * @param text    of these bits, for the sink's `gained`; borrowed until the stream is freed; NULL:
 *                none
 */
ENVOI_API void envoi_stream_feature_done(struct envoi_stream *stream, struct envoi_handler *handler,
	unsigned int gained, enum envoi_stream_next next, const char *text);

/**
 * For a feature that hosts others, initiating side: have those that can ride inside it add to its
 * request. All four functions call the features by `order` and return 0, or the first code <0, with
 * which the host ends the negotiation.
 *
 * @param host_ns  the host's namespace, as in struct envoi_stream_inline
 * @param offers   the host's list of what may ride; NULL: there is none
 * @param request  the host's request
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_inline_request(struct envoi_stream *stream,
	const char *host_ns, const struct envoi_element *offers, struct envoi_element *request);
/** Hosts, initiating side: the negotiation has ended well. @param answer the peer's */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_inline_answer(
	struct envoi_stream *stream, const char *host_ns, const struct envoi_element *answer);
/** Hosts, receiving side: list what may ride. @param offers the host's list */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_inline_offer(
	struct envoi_stream *stream, const char *host_ns, struct envoi_element *offers);
/** Hosts, receiving side: the host's request is granted. @param request the peer's; @param answer
 * to be sent */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_inline_take(struct envoi_stream *stream,
	const char *host_ns, const struct envoi_element *request, struct envoi_element *answer);

/** @return the per-stream memory of a feature, borrowed until the stream is freed; NULL: it has
 * none, or is not among the stream's handlers */
ENVOI_API void *envoi_stream_feature_state(
	struct envoi_stream *stream, const struct envoi_handler *handler);

/**
 * For features: start TLS behind what was sent so far; the feature's `secured` follows, or
 * `closed`. The peer's certificate is checked against envoi_stream_peer_domain().
 * @retval ENVOI_ERR_PROTOCOL     bytes are here that came before TLS (injection): the stream has
 *                                been failed
 * @retval ENVOI_ERR_UNSUPPORTED  the transport cannot: the stream has been failed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_start_tls(struct envoi_stream *stream,
	struct envoi_handler *handler, struct envoi_tls_config *config);

/** Stanzas of a stream so far: those that rows of stream elements take, those that were skipped, and
 * those sent with envoi_stream_send_element(), included. */
struct envoi_stream_counts {
	uint64_t stanzas_in, stanzas_out;
};

/** Fill in *ret_counts. */
ENVOI_API void envoi_stream_get_counts(
	const struct envoi_stream *stream, struct envoi_stream_counts *ret_counts);

/** @return borrowed, as long as the stream */
ENVOI_API struct envoi_context *envoi_stream_context(const struct envoi_stream *stream);
/** @return borrowed until the stream is freed, then NULL. Send, close and free through the stream
 * only. */
ENVOI_API struct envoi_transport *envoi_stream_transport(const struct envoi_stream *stream);
/** What is known of the encryption: all NULL and false without TLS, and where the transport does
 * not tell. Its texts are borrowed until the stream is freed. */
ENVOI_API void envoi_stream_tls_info(
	const struct envoi_stream *stream, struct envoi_tls_info *ret_info);
/** @return which side we are */
ENVOI_API enum envoi_role envoi_stream_role(const struct envoi_stream *stream);
/** @return what it has: OR of enum envoi_stream_bit */
ENVOI_API unsigned int envoi_stream_bits(const struct envoi_stream *stream);
/** @return how far it is: what a failure now would name */
ENVOI_API enum envoi_phase envoi_stream_phase(const struct envoi_stream *stream);
/** @return initiator: what the user gave; receiver: NULL */
ENVOI_API const char *envoi_stream_peer_domain(const struct envoi_stream *stream);
/** @return the preferred language of the peer's texts (setting lang), or NULL; borrowed from the
 *         stream */
ENVOI_API const char *envoi_stream_lang(const struct envoi_stream *stream);
/** @return the peer's last header (the stream's id, ...), not verified; borrowed until
 * the next comes; NULL: none came */
ENVOI_API const struct envoi_stream_head *envoi_stream_peer_head(const struct envoi_stream *stream);
/** @return the features last offered to us (roster versioning and others are seen there); borrowed
 * until the stream restarts or is freed; NULL: none were */
ENVOI_API const struct envoi_element *envoi_stream_features(const struct envoi_stream *stream);
/** @return the address that binding gave us, or the configured one before; on a receiving stream:
 * the domain, and once bound the peer's address; borrowed; or NULL */
ENVOI_API const struct envoi_jid *envoi_stream_local(const struct envoi_stream *stream);
/** For binding; for receivers that serve many domains, in `opened`. */
ENVOI_API void envoi_stream_set_local(struct envoi_stream *stream, const struct envoi_jid *jid);

#ifdef __cplusplus
}
#endif
#endif
