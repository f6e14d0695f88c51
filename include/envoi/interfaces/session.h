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

/*
 * How an owner brings a stream below a session:
 *
 *	envoi_stream_new(&stream, context, &options, transport, envoi_session_sink(session));
 *	envoi_session_attach(session, stream);
 *
 * The session is the stream's sink. It posts STREAM_OPENED, SECURED, AUTHENTICATED, BOUND and
 * STARTED itself; CONNECTING, CONNECTED, AVAILABLE and DISCONNECTED are the owner's to post.
 */

struct envoi_session_owner;

/** What a session tells its owner; always from the loop. Each is OPTIONAL. The owner may free the
 * session inside any of them. */
struct envoi_session_owner_impl {
	/** The peer's stream header came; again after each restart. */
	void (*opened)(struct envoi_session_owner *owner, struct envoi_session *session);
	/** The stream gained a bit of enum envoi_stream_bit; @p text as in the stream's sink. */
	void (*gained)(struct envoi_session_owner *owner, struct envoi_session *session,
		unsigned int bit, const char *text);
	/** The session is online; ENVOI_EVENT_STARTED is queued. */
	void (*ready)(struct envoi_session_owner *owner, struct envoi_session *session);
	/** Bytes came, whatever they are. */
	void (*activity)(struct envoi_session_owner *owner, struct envoi_session *session);
	/**
	 * The stream has ended and is freed: its handlers may be freed, the session is offline, another
	 * stream may be attached. Called before requests and tickets report that they have ended.
	 * @param why  borrowed for the call
	 */
	void (*closed)(struct envoi_session_owner *owner, struct envoi_session *session,
		const struct envoi_failure *why);
};

/** Base of every owner; embedded first. */
struct envoi_session_owner {
	const struct envoi_session_owner_impl *impl;
};

/** Set who is told; NULL: nobody any more. @param owner borrowed until then */
ENVOI_API void envoi_session_set_owner(
	struct envoi_session *session, struct envoi_session_owner *owner);

/** Take limits and times over from settings; before the next stream, for a session whose settings may
 * have changed since it was made. What is queued or pending already is not touched. */
ENVOI_API void envoi_session_configure(
	struct envoi_session *session, const struct envoi_settings *settings);

/** @return the sink to make a stream with; lives as long as the session */
ENVOI_API struct envoi_stream_sink *envoi_session_sink(struct envoi_session *session);

/**
 * Bring a stream below the session, before it has told anything.
 *
 * @param stream  taken: consumed on failure too; made with envoi_session_sink()
 * @retval ENVOI_ERR_STATE  there is one already, or the session is being freed
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_attach(
	struct envoi_session *session, struct envoi_stream *stream);

/** @return the stream below, or NULL; borrowed until it closes or is detached */
ENVOI_API struct envoi_stream *envoi_session_stream(const struct envoi_session *session);

/**
 * List the attached handlers in order of adding, to be given to a stream.
 * @param ret_handlers  room for @p capacity; may be NULL for 0
 * @return how many are attached: with a larger number than @p capacity the rest was left out
 */
ENVOI_API size_t envoi_session_handlers(
	const struct envoi_session *session, struct envoi_handler **ret_handlers, size_t capacity);

/**
 * Free the stream at once: as if the connection was lost, but the owner is not told. Requests and
 * tickets end from the loop. Nothing if there is none.
 */
ENVOI_API void envoi_session_detach(struct envoi_session *session);

/**
 * Leave in order: from now on nothing more may be sent, envoi_session_is_online() is false; what
 * is queued is given to the transport, then the stream is closed (RFC 6120, section 4.4) and
 * `closed` follows, all within the setting close.timeout. Before `ready` nothing of the queue can be
 * sent: the stream is closed at once. Idempotent; nothing if there is no stream.
 */
ENVOI_API void envoi_session_close(struct envoi_session *session);

/** Say what address the session has before and between streams; binding replaces it.
 * @param jid  a reference is taken; NULL: none */
ENVOI_API void envoi_session_set_jid(struct envoi_session *session, const struct envoi_jid *jid);

/**
 * Queue an event for the event rows of the session's handlers, in the order of posting.
 *
 * @param event  copied with all that it points at; @p session is filled in
 * @retval ENVOI_ERR_NOMEM  not queued. Never for ENVOI_EVENT_DISCONNECTED after
 *                          envoi_session_reserve(): at worst it comes without attempts
 * @retval ENVOI_ERR_STATE  the session is being freed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_post_event(
	struct envoi_session *session, const struct envoi_event *event);

/**
 * Make sure that the next ENVOI_EVENT_DISCONNECTED can be posted, however short memory is by then;
 * before each connecting. envoi_session_attach() does it too.
 *
 * @retval ENVOI_ERR_NOMEM  it cannot be promised: do not connect
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_session_reserve(struct envoi_session *session);

#ifdef __cplusplus
}
#endif
#endif
