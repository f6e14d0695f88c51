/*
 * envoi - sessions, for those who own them: clients, components, servers
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_SESSION_H
#define ENVOI_INTERFACES_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/failure.h>
#include <envoi/interfaces/stream.h>
#include <envoi/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_settings;

/*
 * How an owner brings a stream below a session:
 *
 *	envoi_stream_new(&stream, context, &options, transport, envoi_session_sink(session));
 *	envoi_session_attach(session, stream);
 *
 * The session is the stream's sink. It posts STREAM_OPENED, SECURED, AUTHENTICATED, BOUND,
 * STARTED, RESUMED and ENDED; the owner posts CONNECTING, CONNECTED, AVAILABLE, DISCONNECTED and,
 * if it connects again, SUSPENDED and STOPPED.
 */

/**
 * Make a session, offline.
 *
 * @param context   a reference is taken
 * @param settings  limits.requests, limits.deferred, limits.outbox-*, limits.output-bytes,
 *                  liveness.*, request.timeout, close.timeout are read now; borrowed for the call;
 *                  NULL: defaults
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_new(struct envoi_session **ret_session,
	struct envoi_context *context, const struct envoi_settings *settings);

/**
 * Free a session; NULL is allowed; allowed inside every callback.
 *
 * Its stream is freed at once. Then, before this returns, requests end with ENVOI_ERR_CANCELED,
 * tickets with ENVOI_TICKET_UNKNOWN when a stream had their stanza or a journal has it, and else
 * with ENVOI_TICKET_CANCELED, ENVOI_EVENT_ENDED follows an ENVOI_EVENT_STARTED, and an
 * ENVOI_EVENT_DISCONNECTED or ENVOI_EVENT_STOPPED that is queued is delivered; calls on the
 * session from these callbacks return ENVOI_ERR_STATE. Promises stay valid, and ending them does
 * nothing. No callback comes afterwards. Inside a callback of the session, its memory is freed when
 * that returns.
 */
ENVOI_API void envoi_session_free(struct envoi_session *session);

struct envoi_session_owner;

/** What a session reports to its owner, from the loop, or inside envoi_session_free(). Each is
 * OPTIONAL. The owner may free the session inside each of them. */
struct envoi_session_owner_impl {
	/** The peer's stream header came; again after each restart. */
	void (*opened)(struct envoi_session_owner *owner, struct envoi_session *session);
	/** The stream gained a bit of enum envoi_stream_bit; @p text as in the stream's sink. */
	void (*gained)(struct envoi_session_owner *owner, struct envoi_session *session,
		unsigned int bit, const char *text);
	/** The session is online; ENVOI_EVENT_STARTED or ENVOI_EVENT_RESUMED is queued, and the
	 * handlers' `restore` follows. */
	void (*ready)(struct envoi_session_owner *owner, struct envoi_session *session);
	/** Bytes have come. */
	void (*activity)(struct envoi_session_owner *owner, struct envoi_session *session);
	/**
	 * The stream has ended and is freed: its handlers may be freed, the session is offline,
	 * another stream may be attached. Called before requests and tickets report that they have
	 * ended.
	 * @param why  borrowed for the call
	 */
	void (*closed)(struct envoi_session_owner *owner, struct envoi_session *session,
		const struct envoi_failure *why);
};

/** Base of every owner; embedded first. */
struct envoi_session_owner {
	const struct envoi_session_owner_impl *impl;
};

/** Set the owner. @param owner borrowed until another is set; NULL: none */
ENVOI_API void envoi_session_set_owner(
	struct envoi_session *session, struct envoi_session_owner *owner);

/** Read limits and timeouts again, before the next stream, when settings may have changed since the
 * session was made. Queued stanzas and pending requests are not affected. */
ENVOI_API void envoi_session_configure(
	struct envoi_session *session, const struct envoi_settings *settings);

/** @return the sink to make a stream with; lives as long as the session */
ENVOI_API struct envoi_stream_sink *envoi_session_sink(struct envoi_session *session);

/**
 * Attach a stream to the session, before its first event. A suspended session is not resumed on a
 * stream of another account.
 *
 * @param stream  taken: consumed on failure too; made with envoi_session_sink()
 * @retval ENVOI_ERR_STATE  the session has a stream, or it or its last stream is being freed
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_attach(
	struct envoi_session *session, struct envoi_stream *stream);

/** @return the attached stream, or NULL; borrowed until it closes or is detached */
ENVOI_API struct envoi_stream *envoi_session_stream(const struct envoi_session *session);

/**
 * List the handlers to be given to a stream: those of stream management (XEP-0198) for an
 * initiating stream, where the setting stream-management is on, then the attached ones in order of
 * adding.
 * @param ret_handlers  room for @p capacity; may be NULL for 0
 * @return the number of handlers, which may be larger than @p capacity
 */
ENVOI_API size_t envoi_session_handlers(
	const struct envoi_session *session, struct envoi_handler **ret_handlers, size_t capacity);

/**
 * Free the stream at once, as if the connection was lost, without a call of `closed`. Requests and
 * tickets end from the loop. No effect without a stream.
 */
ENVOI_API void envoi_session_detach(struct envoi_session *session);

/**
 * Close the session in order: sending is refused from now on, and envoi_session_is_online() is
 * false. The queue is sent, then the stream is closed (RFC 6120, section 4.4), and `closed`
 * follows, all within the setting close.timeout. Before `ready` the queue cannot be sent: the
 * stream is closed at once. Idempotent; no effect without a stream.
 */
ENVOI_API void envoi_session_close(struct envoi_session *session);

/**
 * Set whether a later stream can resume the session (XEP-0198, section 5). When the stream ends
 * while this is true, the epoch continues: requests, promises and the outbox are kept, and replies
 * are queued. Setting it to false without a stream ends the epoch.
 */
ENVOI_API void envoi_session_set_resumable(struct envoi_session *session, bool is_resumable);

/**
 * Set whether the owner will attach another stream after the end of the server's session, as a
 * client that reconnects does. While this is true, the end of an epoch ends promises, and requests
 * whose stanza was given to a stream. Stanzas that were not given to a stream are kept for the next
 * session of the same account, with their requests, and unacknowledged messages are kept to be sent
 * again (enum envoi_resend). They are sent in order, after the stanzas that the owner sends in
 * `ready` and before later ones. False at first; envoi_session_close() sets it to false. Setting it
 * to false without a stream ends the kept stanzas.
 */
ENVOI_API void envoi_session_set_continued(struct envoi_session *session, bool is_continued);

/**
 * Report that the attached stream has resumed the session, before its `ready`. Without this call
 * the epoch ends when an address is bound or the stream is `ready`, and ENVOI_EVENT_STARTED is
 * posted.
 * @retval ENVOI_ERR_STATE  the session has no stream, or cannot be resumed
 */
ENVOI_API int envoi_session_resume(struct envoi_session *session);

/** @return whether the epoch continues without a stream, or with one that is not online yet:
 * stanzas are accepted and queued */
ENVOI_API bool envoi_session_is_suspended(const struct envoi_session *session);

/* --- stream management, receiving side (XEP-0198) --- */

enum {
	ENVOI_RESUMPTION_ID_SIZE = 256,
};

/** The grant of resumption to a peer. */
struct envoi_resumption {
	/** names the session: random, may be replaced; not empty */
	char id[ENVOI_RESUMPTION_ID_SIZE];
	/** seconds for which the session is kept without a stream; 0: until
	 * envoi_session_set_resumable(), and no time is sent to the peer */
	uint32_t max_s;
};

struct envoi_resumption_hook;

/** Receiving side: the application's table of sessions that can be resumed. Called from the loop;
 * sessions and streams may be freed inside each function. */
struct envoi_resumption_hook_impl {
	/**
	 * A peer enables stream management and requests that the session can be resumed.
	 * @param session     bound
	 * @param wanted_s    seconds that the peer requests; 0: none requested
	 * @param resumption  to be filled in
	 * @return false: the session cannot be resumed; stanzas are acknowledged nevertheless
	 */
	bool (*enabled)(struct envoi_resumption_hook *hook, struct envoi_session *session,
		uint64_t wanted_s, struct envoi_resumption *resumption);
	/**
	 * A peer requests resumption: answer with envoi_resumption_answer(), now or later.
	 * @param previd  the id as received; borrowed until the answer
	 */
	void (*wanted)(struct envoi_resumption_hook *hook, struct envoi_stream *stream,
		struct envoi_handler *handler, const char *previd);
	/** OPTIONAL. The time of a session without a stream has expired: its epoch has ended. A
	 * session that is kept for a while answers a late request with what it has handled:
	 * envoi_resumption_answer(). */
	void (*expired)(struct envoi_resumption_hook *hook, struct envoi_session *session);
};

/** Base of every hook; embedded first. */
struct envoi_resumption_hook {
	const struct envoi_resumption_hook_impl *impl;
};

/**
 * Stream management for receiving streams that have a session above: offered after authentication,
 * with acknowledgements in both directions. A session whose stream is lost, and not closed in
 * order, is suspended while it can be resumed: new stanzas are queued, and stanzas that the peer
 * has not handled are sent again on the stream that resumes.
 *
 * Misuse of `<enable/>` and `<resume/>` is answered with `<failed/>` (section 6) and changes
 * nothing. An impossible acknowledgement ends the stream, and the session cannot be resumed any
 * more.
 *
 * @param hook  borrowed, must outlive the handler and its sessions; NULL: nothing is resumed
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_stream_management_receiver_new(
	struct envoi_handler **ret_handler, struct envoi_context *context,
	struct envoi_resumption_hook *hook);

/**
 * Answer a request for resumption.
 *
 * The stream moves from the session with which it was made to @p session. The former gets the old
 * stream of @p session, if there is one, which ends with the stream error `conflict`; its owner is
 * called with `closed` after that, or at once without an old stream (with ENVOI_OK).
 *
 * @param session  NULL, one of another account than that of envoi_stream_user(), or one that cannot
 *                 be resumed under the requested id: the answer is item-not-found, the same for
 *                 all. For a session of that id whose time has expired, the answer says how many
 *                 stanzas were handled. Where envoi_stream_user() is NULL, as on anonymous streams,
 *                 the caller compares the accounts
 * @retval ENVOI_ERR_STATE     no request is open
 * @retval ENVOI_ERR_PROTOCOL  the peer acknowledges stanzas that were not sent: the stream fails
 * Other errors as envoi_stream_send_element(): the stream fails.
 */
ENVOI_API int envoi_resumption_answer(
	struct envoi_stream *stream, struct envoi_handler *handler, struct envoi_session *session);

/** Set the address of the session before and between streams; binding replaces it.
 * @param jid  a reference is taken; NULL: none */
ENVOI_API void envoi_session_set_jid(struct envoi_session *session, const struct envoi_jid *jid);

/**
 * Queue an event for the event rows of the session's handlers, in the order of posting.
 *
 * @param event  copied with all that it points at; @p session is filled in
 * @retval ENVOI_ERR_NOMEM  not queued. Never for ENVOI_EVENT_DISCONNECTED, ENVOI_EVENT_SUSPENDED
 *                          and ENVOI_EVENT_STOPPED, once each after envoi_session_reserve(): at
 *                          worst their failure has codes and conditions only, no texts and no
 *                          attempts
 * @retval ENVOI_ERR_STATE  the session is being freed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_post_event(
	struct envoi_session *session, const struct envoi_event *event);

/**
 * Reserve memory for the next events of the end of a connection: ENDED, DISCONNECTED, SUSPENDED,
 * STOPPED. They can be posted then, even without memory. Call it before each attempt to connect;
 * envoi_session_attach() calls it, too.
 *
 * @retval ENVOI_ERR_NOMEM  nothing is reserved: do not connect
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_reserve(struct envoi_session *session);

#ifdef __cplusplus
}
#endif
#endif
