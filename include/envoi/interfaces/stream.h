/*
 * envoi - streams and what is negotiated in them
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_STREAM_H
#define ENVOI_INTERFACES_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/handler.h>
#include <envoi/interfaces/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_stream;
struct envoi_stream_sink;

/** What a stream has; features gain these. */
enum envoi_stream_bit {
	ENVOI_STREAM_SECURE = 1, /**< protected and the peer's identity checked */
	ENVOI_STREAM_AUTHENTICATED = 2,
	ENVOI_STREAM_BOUND = 4,
	ENVOI_STREAM_SESSION = 8, /**< RFC 3921's session was established */
};

/**
 * Something negotiated in <stream:features/> (RFC 6120, section 4.3.2): a part of a handler.
 * Features are asked in the order in which their handlers were given to the stream.
 */
struct envoi_stream_feature {
	const char *ns, *name; /**< of the child of <stream:features/> */
	unsigned int necessary, forbidden; /**< bits that the stream must have, and must not have yet */
	enum envoi_phase phase; /**< while it is under way: names the failure, chooses the deadline */
	size_t state_size; /**< zeroed memory per stream: envoi_stream_feature_state() */

	/** OPTIONAL, receiving side: add the offer to @p features. @return 0 or <0: fatal */
	int (*offer)(struct envoi_handler *self, struct envoi_stream *stream,
		struct envoi_element *features);

	/**
	 * OPTIONAL, initiating side: look at what was offered, begin.
	 * @param offer     the child of features, or NULL: not offered
	 * @param features  all of them
	 * @retval ENVOI_OK     nothing to do; ask the next feature
	 * @retval ENVOI_AGAIN  under way: ask nobody else until envoi_stream_feature_done()
	 * @retval <0  fatal; call envoi_stream_fail() first to say more than the code does
	 */
	int (*negotiate)(struct envoi_handler *self, struct envoi_stream *stream,
		const struct envoi_element *offer, const struct envoi_element *features);

	/** OPTIONAL: TLS that this feature asked for is up. */
	void (*secured)(struct envoi_handler *self, struct envoi_stream *stream);

	/** OPTIONAL: the stream goes; free what @p state holds, not the state itself. */
	void (*finish)(struct envoi_handler *self, struct envoi_stream *stream, void *state);
};

/** A stream-level element that a handler takes; a NULL name ends the table. */
struct envoi_stream_element_row {
	const char *ns, *name; /**< name "*": every one of that namespace */
	unsigned int roles; /**< OR of 1 << enum envoi_role */
	unsigned int necessary, forbidden; /**< bits, as above: elsewhere the element is unexpected: fatal */
	/** @return 0; <0: fatal as in negotiate */
	int (*handle)(struct envoi_handler *self, struct envoi_stream *stream,
		const struct envoi_element *element);
};

/** What a stream tells its owner; always from the loop. The owner may free the stream inside. */
struct envoi_stream_sink_impl {
	/** The peer's header came (again after each restart). */
	void (*opened)(struct envoi_stream_sink *sink);
	/** A bit was gained. @param text the TLS version, the mechanism, ... or NULL */
	void (*gained)(struct envoi_stream_sink *sink, unsigned int bit, const char *text);
	/** Negotiation is complete: stanzas may be sent. */
	void (*ready)(struct envoi_stream_sink *sink);
	/** A stanza, in `jabber:client`; borrowed. Before `ready` only on a receiving stream. */
	void (*stanza)(struct envoi_stream_sink *sink, struct envoi_element *element);
	/** @p count more stanzas given to envoi_stream_send() are out of our hands. */
	void (*written)(struct envoi_stream_sink *sink, size_t count);
	void (*drained)(struct envoi_stream_sink *sink);
	void (*activity)(struct envoi_stream_sink *sink);
	/** Over: exactly once, last. Borrowed; code ENVOI_OK after an orderly close by either side. */
	void (*closed)(struct envoi_stream_sink *sink, const struct envoi_failure *why);
};

struct envoi_stream_sink {
	const struct envoi_stream_sink_impl *impl;
};

struct envoi_stream_options {
	enum envoi_role role;
	const char *content_ns; /**< NULL: "jabber:client" */
	const struct envoi_jid *local; /**< initiator: own bare address; receiver: own domain; or NULL */
	const char *peer_domain; /**< initiator: the `to` of the header: what the user gave */
	struct envoi_handler *const *handlers; /**< borrowed; must outlive the stream */
	size_t handler_count;
	unsigned int required; /**< bits without which `ready` is a failure */
	const struct envoi_settings *settings; /**< borrowed for the call */
};

/**
 * Begin a stream on a transport.
 *
 * @param transport  taken, not started; consumed on failure too
 * @param sink       borrowed until the stream is freed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_new(struct envoi_stream **ret_stream,
	struct envoi_context *context, const struct envoi_stream_options *options,
	struct envoi_transport *transport, struct envoi_stream_sink *sink);

/** Free at once, silently, transport included; allowed in every callback; NULL is allowed. */
ENVOI_API void envoi_stream_free(struct envoi_stream *stream);

/** Send a serialised stanza (default namespace: content). Errors as a transport's send_element. */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_send(
	struct envoi_stream *stream, const char *xml, size_t len);

/** Send a stream-level element. @param element borrowed; NULL reports ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_send_element(
	struct envoi_stream *stream, const struct envoi_element *element);

/** Close in order (RFC 6120, section 4.4): closing tag, wait for the peer's, `closed`. Idempotent. */
ENVOI_API void envoi_stream_close(struct envoi_stream *stream);

/**
 * End with a failure: the stream error named by failure->stream_condition is sent, if any
 * (RFC 6120, section 4.9.1.1), then everything is closed. The first failure counts.
 * @param failure  borrowed
 */
ENVOI_API void envoi_stream_fail(struct envoi_stream *stream, const struct envoi_failure *failure);

/** For features: negotiation that returned ENVOI_AGAIN has ended well.
 * @param gained  bits; @param restart whether the stream restarts (section 4.3.3)
 * @param text    of what was gained, for `gained`; NULL: none */
ENVOI_API void envoi_stream_feature_done(struct envoi_stream *stream,
	struct envoi_handler *handler, unsigned int gained, bool restart, const char *text);

/** @return the per-stream memory of a feature, borrowed until the stream is freed */
ENVOI_API void *envoi_stream_feature_state(
	struct envoi_stream *stream, const struct envoi_handler *handler);

ENVOI_API struct envoi_context *envoi_stream_context(const struct envoi_stream *stream);
ENVOI_API struct envoi_transport *envoi_stream_transport(const struct envoi_stream *stream);
ENVOI_API enum envoi_role envoi_stream_role(const struct envoi_stream *stream);
ENVOI_API unsigned int envoi_stream_bits(const struct envoi_stream *stream);
ENVOI_API const char *envoi_stream_peer_domain(const struct envoi_stream *stream);
/** @return the address that binding gave us, or the configured one before; borrowed; or NULL */
ENVOI_API const struct envoi_jid *envoi_stream_local(const struct envoi_stream *stream);
/** For binding. */
ENVOI_API void envoi_stream_set_local(struct envoi_stream *stream, const struct envoi_jid *jid);

#ifdef __cplusplus
}
#endif
#endif
