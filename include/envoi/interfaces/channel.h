/*
 * envoi - channels: connections that move bytes, and the transports made of them
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_CHANNEL_H
#define ENVOI_INTERFACES_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/interfaces/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A channel moves bytes in both directions, in order: a socket, a pair of pipes, a serial line. The
 * library makes a transport of it: parser, output queue and its limits, STARTTLS and direct TLS,
 * deadlines, closing, stream errors, and the order of callbacks; everything that
 * <envoi/interfaces/transport.h> asks for. The transports tcp and memory are channels.
 * doc/examples/pipe_transport.c is a channel with its connector. envoi_tcp_channel_new()
 * (<envoi/tcp.h>) makes a channel of a stream socket that the application has connected, a
 * Unix-domain socket for example. What does not carry one long XML document (WebSocket, BOSH)
 * implements envoi_transport_impl instead.
 */

struct envoi_channel;
struct envoi_channel_sink;
struct envoi_opening;

enum {
	ENVOI_CHANNEL_READ_BYTES = 16384, /**< the most to pass to envoi_channel_received() */
};

struct envoi_channel_options;

/** The functions of a channel. They are REQUIRED unless they say OPTIONAL. None of them may call
 * envoi_channel_received(), _writable(), _ended(), _broken(). */
struct envoi_channel_impl {
	const char *name; /**< of the transport: "pipe" */

	/** OPTIONAL. The options of the transport that is being made of the channel; before start.
	 * @param options  borrowed for the call */
	void (*configure)(
		struct envoi_channel *channel, const struct envoi_channel_options *options);

	/** Begin to move bytes; reading as want_read says. @retval <0  the transport's start fails
	 * with it */
	int (*start)(struct envoi_channel *channel);

	/**
	 * Take bytes to send. After it has taken fewer than it was offered, it may be called again
	 * at any time, with more. It may be called after shut_down, because TLS answers the peer by
	 * itself: it returns ENVOI_ERR_DISCONNECTED then. Not called before start, nor after
	 * disconnect.
	 * @param[out] ret_taken  how many; when fewer than @p len, envoi_channel_writable()
	 *                        follows. What was taken counts as written, and disconnect may
	 *                        follow at once: a channel takes what it can pass on now
	 * @retval <0  nothing can be sent any more; input may still be pending
	 */
	int (*send)(struct envoi_channel *channel, const char *data, size_t len, size_t *ret_taken);

	/** Set whether envoi_channel_received(), _ended() and _broken() may be called: a peer that
	 * is not read slows down. False at first. Called before start, too.
	 * @retval <0  not possible: the connection ends */
	int (*want_read)(struct envoi_channel *channel, bool wanted);

	/** No more data is sent: show the peer the end, if that is possible. Called once at most,
	 * not after disconnect; reading continues. */
	void (*shut_down)(struct envoi_channel *channel);

	/** Release descriptors, watches and timers: no callback may come afterwards. Idempotent;
	 * the memory stays until destroy. */
	void (*disconnect)(struct envoi_channel *channel);

	/** Free the memory. Called last, once, when no envoi_channel_...() is on the stack. */
	void (*destroy)(struct envoi_channel *channel);

	/** @return a name for messages, "/dev/ttyS0"; borrowed, lives as long as the channel */
	const char *(*peer_name)(const struct envoi_channel *channel);

	/** OPTIONAL; as of struct envoi_transport_impl, for a channel that is within TLS itself: a
	 * transport without TLS of its own has these. */
	void (*tls_info)(const struct envoi_channel *channel, struct envoi_tls_info *ret_info);
	/** OPTIONAL; as of struct envoi_transport_impl. */
	int (*channel_binding)(
		struct envoi_channel *channel, const char *type, struct envoi_buffer *out);
};

/** Base of every channel; embedded anywhere (ENVOI_CONTAINER_OF). Set @p impl; the rest is zeroed
 * at first and set by the library. */
struct envoi_channel {
	const struct envoi_channel_impl *impl;
	struct envoi_context *context; /**< borrowed; set by envoi_channel_attach() */
	struct envoi_channel_sink *sink; /**< private: of its events */
};

/** How a transport treats its channel; read from settings by envoi_channel_options_read(). */
struct envoi_channel_options {
	size_t output_bytes; /**< most output that may be pending: limits.output-bytes */
	unsigned int slice_stanzas; /**< elements in one turn of the loop: loop.slice-stanzas */
	uint64_t element_timeout_ms; /**< 1 or more: stream.element-timeout */
	uint64_t write_timeout_ms; /**< 1 or more: stream.write-timeout */
	/** 1 or more: tcp.user-timeout, for a channel that knows what its peer has acknowledged */
	uint64_t user_timeout_ms;
	struct envoi_xml_limits limits; /**< until others are set: limits.before-login.* */
	/** others can neither read nor change the bytes of the channel: TLS is not required, and
	 * passwords may be sent. Set by the implementation, not from settings; false at first */
	bool is_secure;
};

/** Read the options. @param settings  borrowed for the call; NULL: defaults
 * @retval ENVOI_ERR_NOMEM */
ENVOI_API ENVOI_MUST_CHECK int envoi_channel_options_read(struct envoi_channel_options *ret_options,
	struct envoi_context *context, const struct envoi_settings *settings);

/**
 * Make a transport of a channel, not started.
 *
 * @param channel  taken, its @p impl set: disconnected and destroyed on failure too
 * @param options  copied; NULL: defaults
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_channel_transport_new(struct envoi_transport **ret_transport,
	struct envoi_context *context, struct envoi_channel *channel,
	const struct envoi_channel_options *options);

/** Disconnect and destroy a channel without a transport; NULL is allowed. */
ENVOI_API void envoi_channel_destroy(struct envoi_channel *channel);

/* --- direct TLS --- */

/**
 * Opening has ended; once, from the loop. The opening is freed already.
 *
 * @param transport  not started, owned by the callee; secure with TLS; NULL on failure
 * @param failure    why not, in phase TLS; borrowed; NULL with a transport
 */
typedef void envoi_opened_fn(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure);

/** How a connector opens a channel. Everything is copied. */
struct envoi_opening_options {
	const struct envoi_channel_options *channel; /**< NULL: defaults */
	enum envoi_role role;
	/** for TLS from the first byte (XEP-0368), a reference is taken; NULL: no TLS */
	struct envoi_tls_config *tls;
	/** initiator: the name of the certificate and of SNI. Receiver: the domain whose
	 * certificate a peer gets that sends no name; NULL: see envoi_tls_config_new_server() */
	const char *server_name;
	/** application protocol (RFC 7301) that an initiator offers, "xmpp-client"; a server that
	 * selects none is accepted, one that selects another is not; NULL: none */
	const char *alpn;
	uint64_t
		timeout_ms; /**< for the handshake; 0: none, the caller has a deadline of its own */
	uint64_t decision_timeout_ms; /**< for the application's trust decision in it; 0: none */
	envoi_opened_fn *done;
	/** OPTIONAL. The handshake waits for the application's trust decision (true), or continues
	 * (false). @p timeout_ms is suspended until then; deadlines of the caller should be too. */
	void (*waiting)(void *user, bool is_waiting);
	void *user; /**< of done and waiting */
};

/**
 * Open a channel: the TLS handshake, if @p tls is set, then a transport. All connectors of the
 * library use it.
 *
 * @param channel  taken, as by envoi_channel_transport_new()
 * @param options  borrowed for the call
 * @retval ENVOI_ERR_INVALID  @p tls is of the other role or has no certificate for a receiver, or
 *                            @p server_name is no domain (initiator)
 * @retval ENVOI_ERR_NOMEM
 * Other errors as the channel's `start`.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_opening_new(struct envoi_opening **ret_opening,
	struct envoi_context *context, struct envoi_channel *channel,
	const struct envoi_opening_options *options);

/** Free the opening and its channel without calling `done`; NULL is allowed. An application with a
 * pending trust decision is notified that the decision is no longer needed, before this returns. */
ENVOI_API void envoi_opening_free(struct envoi_opening *opening);

/* --- connectors of channels --- */

/** The functions of a connector whose channels exist at once: a pair of pipes, a socket that the
 * application has connected, a serial line. */
struct envoi_channel_connector_impl {
	const char *name; /**< of the connector: "pipe"; borrowed */
	/**
	 * Make the channel of one connection; called from the loop. The connector may be cancelled
	 * and destroyed inside. After fork(2) the child calls no function of the library, and ends
	 * with exec(3) or _exit(2). The library's descriptors are closed on exec; those that this
	 * function makes need FD_CLOEXEC where later children must not have them.
	 *
	 * @param own               the pointer given to envoi_channel_connector_new()
	 * @param[out] ret_channel  taken, its @p impl set; NULL without ENVOI_OK
	 * @param target            what to connect to, with the settings as they were when
	 *                          connecting began: envoi_settings_text(target->settings,
	 *                          "server") for example. @p url is NULL. Borrowed for the call, or
	 *                          until the connector connects again inside
	 * @param options           read from the target's settings. Set @p is_secure when others
	 *                          can neither read nor change what the channel moves
	 * @retval ENVOI_OK
	 * @retval ENVOI_AGAIN  there is no channel; connecting fails at the target's timeout
	 * @retval <0           connecting fails with this code; the text of ENVOI_ERR_SYSTEM is
	 *                      that of errno(3), when `make` has set it
	 */
	int (*make)(void *own, struct envoi_channel **ret_channel,
		const struct envoi_target *target, struct envoi_channel_options *options);
	/** OPTIONAL. The connector is freed: free @p own. Not called while `make` runs. */
	void (*destroy)(void *own);
};

/**
 * Make a connector of a function that makes channels. The connector opens each channel with direct
 * TLS (XEP-0368) when the setting tls.mode is `direct`, and without TLS otherwise. It refuses URLs
 * with ENVOI_ERR_UNSUPPORTED.
 *
 * @param impl  borrowed until the connector is freed
 * @param own   passed to the functions of @p impl; not freed on failure
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_channel_connector_new(struct envoi_connector **ret_connector,
	struct envoi_context *context, const struct envoi_channel_connector_impl *impl, void *own);

/* --- TLS over a channel --- */

/** How TLS runs over a channel. A reference to @p tls is taken, @p server_name and @p alpn are
 * copied. */
struct envoi_tls_channel_options {
	enum envoi_role role;
	struct envoi_tls_config *tls; /**< REQUIRED, of the same role */
	/** initiator: the name of the certificate and of SNI. Receiver: the domain whose
	 * certificate a peer gets that sends no name; NULL: see envoi_tls_config_new_server() */
	const char *server_name;
	const char *alpn; /**< as of struct envoi_opening_options; NULL: none */
	uint64_t timeout_ms; /**< for the handshake; 0: none */
	uint64_t decision_timeout_ms; /**< for the application's trust decision in it; 0: none */
	/** OPTIONAL. The handshake waits for the application's trust decision (true), or continues
	 * (false). @p timeout_ms is suspended until then */
	void (*waiting)(void *user, bool is_waiting);
	void *user;
};

/**
 * Make a channel that carries bytes in TLS over another channel, for protocols other than one XML
 * document: HTTPS (doc/examples/https_get.c), WebSocket. XMPP uses envoi_opening_new() or STARTTLS,
 * which provide channel binding as well.
 *
 * `start` begins the handshake. `send` takes nothing before the handshake has ended;
 * envoi_channel_writable() follows. Bytes count as taken when they are encrypted; at most about 64
 * KiB are held. The events envoi_channel_ended() and _broken() come when the owner wants to read:
 * - ended: the peer sent close_notify;
 * - broken with ENVOI_ERR_CERTIFICATE or ENVOI_ERR_TLS: the handshake or TLS failed;
 *   ENVOI_ERR_LIMIT: too much input before a trust decision, or in the handshake of a receiver;
 *   ENVOI_ERR_TIMEOUT: a deadline of the options; ENVOI_ERR_DISCONNECTED: the lower channel ended
 *   without close_notify, so that data may be missing (RFC 8446, section 6.1); else the code of the
 *   lower channel.
 *
 * `shut_down` sends close_notify.
 *
 * @param lower  taken, its @p impl set; disconnected and destroyed on failure too
 * @retval ENVOI_ERR_INVALID  @p tls is of the other role or has no certificate for a receiver, or
 *                            @p server_name is no domain (initiator)
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_tls_channel_new(struct envoi_channel **ret_channel,
	struct envoi_context *context, struct envoi_channel *lower,
	const struct envoi_tls_channel_options *options);

/** Properties of TLS. @param channel  made by envoi_tls_channel_new() */
ENVOI_API void envoi_tls_channel_info(
	const struct envoi_channel *channel, struct envoi_tls_info *ret_info);

/** @param channel  made by envoi_tls_channel_new()
 * @return OR of enum envoi_tls_doubt after ENVOI_ERR_CERTIFICATE, else 0 */
ENVOI_API unsigned int envoi_tls_channel_doubts(const struct envoi_channel *channel);

/* --- for owners of channels --- */

/** The functions of an owner of a channel. Transports of envoi_channel_transport_new() are owners;
 * another protocol on a channel implements these functions. All are REQUIRED, and come from the
 * loop. */
struct envoi_channel_sink_impl {
	/** See envoi_channel_received(). */
	void (*received)(struct envoi_channel_sink *sink, const char *data, size_t len);
	/** See envoi_channel_writable(). */
	void (*writable)(struct envoi_channel_sink *sink);
	/** See envoi_channel_ended(). */
	void (*ended)(struct envoi_channel_sink *sink);
	/** See envoi_channel_broken(). */
	void (*broken)(struct envoi_channel_sink *sink, int code, const char *text);
	/** Do not destroy the channel between `enter` and its `leave`; the calls may be nested. */
	void (*enter)(struct envoi_channel_sink *sink);
	/** The end of `enter`: the channel may be destroyed again. */
	void (*leave)(struct envoi_channel_sink *sink);
};

/** Base of every owner; embedded anywhere (ENVOI_CONTAINER_OF). */
struct envoi_channel_sink {
	const struct envoi_channel_sink_impl *impl;
};

/**
 * Become the owner of a channel, before `start`.
 *
 * @param channel  its @p impl set
 * @param sink     borrowed until the channel's disconnect
 */
ENVOI_API void envoi_channel_attach(struct envoi_channel *channel, struct envoi_context *context,
	struct envoi_channel_sink *sink);

/* --- for channels --- */

/*
 * The events of a channel, always from the loop. The transport may be freed inside each of these:
 * disconnect has been called then, and, unless envoi_channel_enter() holds it, destroy as well: do
 * not access the channel after the call.
 */

/** Bytes arrived: 1 to ENVOI_CHANNEL_READ_BYTES. */
ENVOI_API void envoi_channel_received(struct envoi_channel *channel, const char *data, size_t len);
/** More can be sent, after `send` took less than it was offered. */
ENVOI_API void envoi_channel_writable(struct envoi_channel *channel);
/** The peer will send no more. */
ENVOI_API void envoi_channel_ended(struct envoi_channel *channel);
/** The channel is broken in both directions. @param code usually ENVOI_ERR_DISCONNECTED
 * @param text  for messages; borrowed for the call */
ENVOI_API void envoi_channel_broken(struct envoi_channel *channel, int code, const char *text);

/** Keep the channel's memory until envoi_channel_leave(): around several of these in one callback,
 * or to use the channel afterwards. */
ENVOI_API void envoi_channel_enter(struct envoi_channel *channel);
/** One for each envoi_channel_enter(); the channel may be freed when it returns. */
ENVOI_API void envoi_channel_leave(struct envoi_channel *channel);

#ifdef __cplusplus
}
#endif
#endif
