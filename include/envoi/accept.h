/*
 * envoi - accepted connections of clients, from the stream header to the bound session
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_ACCEPT_H
#define ENVOI_ACCEPT_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/conditions.h>
#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/failure.h>
#include <envoi/interfaces/features.h>
#include <envoi/jid.h>
#include <envoi/session.h>
#include <envoi/tap.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The server's side of client-to-server connections (RFC 6120): an acceptor takes transports and
 * makes sessions of them.
 *
 *	const struct envoi_acceptor_options options = {
 *		.tls = tls, .directory = &directory, .settings = settings, .hook = &server->hook};
 *	envoi_acceptor_new(&server->acceptor, context, &options);
 *	envoi_acceptor_add_domain(server->acceptor, "example.org");
 *	...
 *	envoi_acceptor_accept(server->acceptor, transport, NULL);
 *
 * The acceptor negotiates STARTTLS, SASL, stream management (XEP-0198), binding and the session of
 * RFC 3921, announces its limits (XEP-0478), and resumes sessions. Stanzas of an accepted session
 * are handled as those of a client's session: with handlers, requests and tickets
 * (<envoi/session.h>). Their `from` is the address of the session (RFC 6120, section 8.1.2.1).
 */

struct envoi_context;
struct envoi_settings;
struct envoi_tls_config;
struct envoi_transport;

/** What accepted connections share: domains, stream features, settings. */
struct envoi_acceptor;

/**
 * A session that was accepted. It begins with one connection, and continues over others that resume
 * it. Each new connection has an accepted session of its own, which ends when the connection
 * resumes another one.
 */
struct envoi_accepted;

struct envoi_accept_hook;

/**
 * What an acceptor reports to its owner, from the loop. Each function is OPTIONAL. The accepted
 * session and the acceptor may be freed inside each of them. Texts and failures are borrowed for
 * the call.
 */
struct envoi_accept_hook_impl {
	/** The peer's first stream header names a domain of the acceptor: envoi_accepted_domain().
	 */
	void (*opened)(struct envoi_accept_hook *hook, struct envoi_accepted *accepted);
	/** The peer has authenticated. @param mechanism  of SASL */
	void (*authenticated)(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
		const char *mechanism);
	/**
	 * The peer requests a resource, and the policy of the settings allows it.
	 * @param jid  the full address that will be bound
	 * @return ENVOI_STANZA_NO_CONDITION to bind it, else the condition of the refusal:
	 *         ENVOI_NOT_ALLOWED or ENVOI_RESOURCE_CONSTRAINT, for example. The peer may request
	 *         another one
	 */
	enum envoi_stanza_condition (*binding)(struct envoi_accept_hook *hook,
		struct envoi_accepted *accepted, const struct envoi_jid *jid);
	/** The session is online. Handlers that are added here see each of its stanzas. */
	void (*ready)(struct envoi_accept_hook *hook, struct envoi_accepted *accepted);
	/**
	 * A stanza was received. Called before the handlers of the session. A server delivers
	 * stanzas to other addresses here.
	 *
	 * Its `from` is the full address of the session, or the bare one in presence of the types
	 * subscribe, subscribed, unsubscribe and unsubscribed. A message without `to` has the bare
	 * address there (RFC 6120, section 10.3.1); presence and iqs without `to` are for the
	 * server.
	 *
	 * @param stanza  immutable; take a reference to keep it
	 * @return ENVOI_OK: continue with the handlers; ENVOI_STOP: it is handled
	 */
	int (*stanza)(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
		struct envoi_stanza *stanza);
	/** The connection is lost, and the session waits to be resumed (XEP-0198, section 5): what
	 * is sent to it is queued. `resumed` or `ended` follows. */
	void (*suspended)(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
		const struct envoi_failure *why);
	/** The session was resumed. If its old connection was still open, `suspended` was not
	 * called, and that connection is closed with the stream error conflict. */
	void (*resumed)(struct envoi_accept_hook *hook, struct envoi_accepted *accepted);
	/**
	 * The end, exactly once for each accepted session, last: its tickets and requests have
	 * ended, envoi_accepted_session() is NULL. @p accepted is freed when this returns.
	 * @param why  code ENVOI_OK: closed in order, or the connection has resumed another
	 *             session; ENVOI_ERR_CANCELED: it was freed
	 */
	void (*ended)(struct envoi_accept_hook *hook, struct envoi_accepted *accepted,
		const struct envoi_failure *why);
};

/** Base of every hook; embedded first. */
struct envoi_accept_hook {
	const struct envoi_accept_hook_impl *impl;
};

/** What an acceptor is made with. A zeroed struct but for the REQUIRED members has the defaults. */
struct envoi_acceptor_options {
	/** a reference is taken; NULL: STARTTLS is not offered, and clients log in only over
	 * transports that are secure, unless tls.mode is none */
	struct envoi_tls_config *tls;
	/** the accounts that may log in; borrowed, must outlive the acceptor */
	struct envoi_sasl_directory *directory;
	/** accept.*, sasl.*, tls.mode, limits.*, liveness.*, lang and the timeouts of the phases;
	 * copied. NULL: defaults */
	const struct envoi_settings *settings;
	/** borrowed, must outlive the acceptor */
	struct envoi_accept_hook *hook;
	envoi_tap_fn *tap; /**< called with the traffic of all connections; NULL: none */
	void *tap_user;
};

/**
 * Make an acceptor without domains.
 *
 * @param context  a reference is taken
 * @retval ENVOI_ERR_INVALID  no directory or no hook
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_acceptor_new(struct envoi_acceptor **ret_acceptor,
	struct envoi_context *context, const struct envoi_acceptor_options *options);

/**
 * Free an acceptor and all that it has accepted, at once: `ended` is called for each with
 * ENVOI_ERR_CANCELED before this returns. NULL is allowed; allowed in every callback.
 */
ENVOI_API void envoi_acceptor_free(struct envoi_acceptor *acceptor);

/**
 * Add a domain that clients may log in to. A peer that names another one in its stream header gets
 * the stream error host-unknown, after a header of the first domain (RFC 6120, section 4.9.1.3).
 *
 * @param domain  in U-labels or A-labels; prepared
 * @retval ENVOI_ERR_INVALID  not a domain
 * @retval ENVOI_ERR_EXISTS
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_acceptor_add_domain(
	struct envoi_acceptor *acceptor, const char *domain);

/**
 * Add a stream feature to those that are offered to clients, from the next connection on. Its order
 * decides where it is offered (<envoi/interfaces/stream.h>).
 *
 * @param handler  has a stream feature; taken on success: destroyed with the acceptor
 * @retval ENVOI_ERR_INVALID  it has none
 * @retval ENVOI_ERR_FULL     ten or more were added
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_acceptor_add_feature(
	struct envoi_acceptor *acceptor, struct envoi_handler *handler);

/**
 * Accept a connection: begin a receiving stream and a session above it. The setting
 * accept.login-timeout limits the time from this call to `ready`; input does not extend it.
 *
 * @param transport  taken, not started; consumed on failure too
 * @param[out] ret_accepted  borrowed until its `ended` returns; NULL: not wanted
 * @retval ENVOI_ERR_STATE  the acceptor has no domain, or is being freed
 * @retval ENVOI_ERR_NOMEM
 * Other errors as envoi_stream_new(). After an error no function of the hook is called.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_acceptor_accept(struct envoi_acceptor *acceptor,
	struct envoi_transport *transport, struct envoi_accepted **ret_accepted);

/** @return the session that has this full address, suspended ones included; NULL: there is none;
 * borrowed until its `ended` returns */
ENVOI_API struct envoi_accepted *envoi_acceptor_find(
	const struct envoi_acceptor *acceptor, const struct envoi_jid *jid);

/**
 * Get the next session of an account, in the order of binding, suspended ones included.
 * @param jid    an address of the account, with or without resource
 * @param after  NULL: get the first session; else a session of the account: get the one after it
 * @return borrowed until its `ended` returns; NULL: there is no other
 */
ENVOI_API struct envoi_accepted *envoi_acceptor_next(const struct envoi_acceptor *acceptor,
	const struct envoi_jid *jid, const struct envoi_accepted *after);

/** Numbers of an acceptor. */
struct envoi_acceptor_stats {
	size_t connections; /**< accepted, and not `ready` yet */
	size_t sessions; /**< bound, suspended ones included */
	size_t suspended; /**< of these: without a connection */
};

/** Fill in *ret_stats. */
ENVOI_API void envoi_acceptor_get_stats(
	const struct envoi_acceptor *acceptor, struct envoi_acceptor_stats *ret_stats);

/* --- one accepted session --- */

/**
 * Free an accepted session at once. Its connection is cut. `ended` is called with
 * ENVOI_ERR_CANCELED before this returns. Allowed in every callback; without effect in `ended`.
 */
ENVOI_API void envoi_accepted_free(struct envoi_accepted *accepted);

/**
 * End the session; `ended` follows from the loop. A suspended session ends as well. The session
 * cannot be resumed any more.
 *
 * @param condition  of the stream error: ENVOI_STREAM_SYSTEM_SHUTDOWN, ENVOI_STREAM_RESET, for
 *                   example; ENVOI_STREAM_NO_CONDITION: what is queued is sent, and the stream is
 *                   closed in order, within close.timeout
 */
ENVOI_API void envoi_accepted_close(
	struct envoi_accepted *accepted, enum envoi_stream_condition condition);

/** @return its session: to send, request, and add handlers; borrowed; NULL in `ended` */
ENVOI_API struct envoi_session *envoi_accepted_session(const struct envoi_accepted *accepted);
/** @return the acceptor; borrowed */
ENVOI_API struct envoi_acceptor *envoi_accepted_acceptor(const struct envoi_accepted *accepted);
/** @return the domain that the peer has named, one of the acceptor's; NULL: not named yet; borrowed
 * until `ended` returns */
ENVOI_API const char *envoi_accepted_domain(const struct envoi_accepted *accepted);
/** @return the full address that was bound, in `ended` too; NULL: none; borrowed until `ended`
 * returns */
ENVOI_API const struct envoi_jid *envoi_accepted_jid(const struct envoi_accepted *accepted);
/** Set a pointer of the program's own; the library does not use it. @param user  NULL at first */
ENVOI_API void envoi_accepted_set_user(struct envoi_accepted *accepted, void *user);
/** @return what envoi_accepted_set_user() has set */
ENVOI_API void *envoi_accepted_user(const struct envoi_accepted *accepted);

#ifdef __cplusplus
}
#endif
#endif
