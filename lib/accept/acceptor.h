/*
 * envoi - acceptors: what the files of this folder share
 * SPDX-License-Identifier: MIT
 *
 * One state machine. Files that call each other: accept_binding.c, accept_component.c,
 * accept_resumption.c, accepted.c, acceptor.c.
 */
#ifndef ENVOI_ACCEPT_ACCEPTOR_H
#define ENVOI_ACCEPT_ACCEPTOR_H

#include <netinet/in.h>

#include <envoi/accept.h>
#include <envoi/accept_component.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/session.h>

#include "accept/accept_failures.h"
#include "accept/accept_settings.h"
#include "base/guard.h"
#include "base/list.h"
#include "base/map.h"

enum {
	ENVOI__ACCEPT_HANDLERS = 16,
};

/*
 * The files:
 *	acceptor.c            life, domains, the features of streams
 *	accepted.c            one session: its life, and what is reported of it
 *	accept_binding.c      which address a peer gets
 *	accept_component.c    connections of components
 *	accept_failures.c     wrong secrets, counted over connections
 *	accept_requests.c     requests that belong to a login, behind it
 *	accept_resumption.c   which session a peer resumes (XEP-0198)
 *	accept_table.c        sessions by address and by account
 */

struct envoi_acceptor {
	struct envoi_context *context; /* a reference */
	struct envoi_settings *settings; /* a copy */
	struct envoi__accept_settings values;
	struct envoi_accept_hook *hook;
	struct envoi_tls_config *tls; /* a reference, or NULL */
	struct envoi__guard guard;
	unsigned int required; /* bits of each stream */
	envoi_tap_fn *tap;
	void *tap_user;
	struct envoi_jid **domains;
	size_t domain_count;
	struct envoi_handler *handlers[ENVOI__ACCEPT_HANDLERS]; /* of streams; owned */
	size_t handler_count;
	struct envoi_handler session_offer; /* one of them */
	struct envoi_handler filter; /* of sessions */
	struct envoi_bind_hook bind_hook;
	struct envoi_resumption_hook resumption_hook;
	struct envoi__list all;
	struct envoi__list expired; /* what is remembered of sessions, the oldest first */
	size_t expired_count;
	struct envoi__map by_jid, by_account, by_resumption; /* bound sessions */
	struct envoi_acceptor_stats stats;
	/* of components */
	struct envoi_component_directory *components; /* borrowed; NULL: none are accepted */
	struct envoi_handler *component_handler; /* of their streams; owned */
	struct envoi_handshake_hook handshake_hook;
	struct envoi__accept_failures failed_names, failed_sources;
	struct envoi__map known_components; /* from where each was authenticated last */
};

struct envoi__accept_account;

/** What the connection of a component has beside that of a client. */
struct envoi__accept_component {
	struct envoi_component_lookup lookup; /* `stream` set: it is open */
	struct envoi_jid *domain; /* of the handshake; NULL: none has come */
	bool is_this_host; /* need not be secure */
	char source[INET6_ADDRSTRLEN]; /* wrong secrets are counted by it; "": they are not */
};

struct envoi_accepted {
	struct envoi__list link; /* of the acceptor */
	struct envoi__list account_link;
	struct envoi_acceptor *acceptor;
	struct envoi_session *session; /* NULL: freed */
	struct envoi_session_owner owner;
	struct envoi_timer deadline; /* of the login */
	struct envoi_deferred end; /* of a suspended session that is closed */
	struct envoi__guard guard;
	struct envoi__accept_account *account; /* NULL: not bound, or no longer */
	struct envoi__accept_component *component; /* owned; NULL: a client's */
	struct envoi_jid *jid; /* that was bound, or NULL */
	void *user;
	char resumption_id[ENVOI_ID_SIZE]; /* "": cannot be resumed */
	bool is_anonymous; /* the peer has authenticated without a name */
	bool is_opened; /* the domain was reported */
	bool is_ready; /* was once */
	bool is_suspended;
	bool has_moved; /* its stream resumes another session */
	bool is_reported; /* `ended` was called */
};

/* acceptor.c */

/** Find the domain of a name, in any form. @param[out] ret_domain  borrowed
 * @retval ENVOI_ERR_NOT_FOUND, ENVOI_ERR_NOMEM */
int envoi__acceptor_domain(const struct envoi_acceptor *acceptor, const char *name,
	const struct envoi_jid **ret_domain);

/** Around what may call the owner: handlers and memory last that long. */
void envoi__acceptor_enter(struct envoi_acceptor *acceptor);
void envoi__acceptor_leave(struct envoi_acceptor *acceptor);

/** Accept the connection of a client, or a component. @param transport, component  taken
 * @param component  NULL: a client's */
int envoi__acceptor_accept(struct envoi_acceptor *acceptor, struct envoi_transport *transport,
	struct envoi__accept_component *component, struct envoi_accepted **ret_accepted);

/* accepted.c */

/** @param transport, component  taken; @p component stays the caller's on failure */
int envoi__accepted_new(struct envoi_accepted **ret_accepted, struct envoi_acceptor *acceptor,
	struct envoi_transport *transport, struct envoi__accept_component *component);
/** End a session at once, with its connection. */
void envoi__accepted_end(struct envoi_accepted *accepted, const struct envoi_failure *why);
/** Call `ended`, if it was not called. */
void envoi__accepted_report(struct envoi_accepted *accepted, const struct envoi_failure *why);
/** Around what may call the owner. */
void envoi__accepted_enter(struct envoi_accepted *accepted);
void envoi__accepted_leave(struct envoi_accepted *accepted);
/** @return that of a session, which an acceptor has made */
struct envoi_accepted *envoi__accepted_of(const struct envoi_session *session);
/** @return that of a stream; NULL: none */
struct envoi_accepted *envoi__accepted_of_stream(const struct envoi_stream *stream);

extern const struct envoi_handler_impl envoi__accept_filter_impl;

/* accept_binding.c */

extern const struct envoi_bind_hook_impl envoi__accept_bind_hook_impl;

/** End a session that gives way to another one: its address is free from now on. */
void envoi__accept_replace(struct envoi_accepted *other);

/* accept_component.c */

extern const struct envoi_handshake_hook_impl envoi__accept_handshake_hook_impl;
/** The header of a component has come. */
void envoi__accept_component_opened(struct envoi_accepted *accepted, struct envoi_stream *stream);
/** A component is authenticated: enter it under its name, in place of another one.
 * @return false: it was freed, or its stream fails */
bool envoi__accept_component_enter(struct envoi_accepted *accepted);
/** Cancel the look-up that is open, if any. */
void envoi__accept_component_cancel(struct envoi_accepted *accepted);
void envoi__accept_component_free(
	struct envoi_context *context, struct envoi__accept_component *component);
/** Free what an acceptor has for components. */
void envoi__accept_components_finish(struct envoi_acceptor *acceptor);

/* accept_requests.c */

/** The offer of the session of RFC 3921, which no client has to request. */
extern const struct envoi_handler_impl envoi__accept_session_impl;
/**
 * Answer a request for that session, and one to bind another resource.
 * @retval ENVOI_STOP  it was one of them
 * @retval ENVOI_OK    it is for others
 */
int envoi__accept_take_request(struct envoi_accepted *accepted, struct envoi_stanza *stanza);

/* accept_resumption.c */

extern const struct envoi_resumption_hook_impl envoi__accept_resumption_hook_impl;
/** Forget all sessions that have expired. */
void envoi__accept_forget_expired(struct envoi_acceptor *acceptor);
/** The session cannot be resumed any more. */
void envoi__accept_forget_resumption(struct envoi_accepted *accepted);

/* accept_table.c */

/** @return whether the account has as many sessions as it may have */
bool envoi__accept_table_is_full(
	const struct envoi_acceptor *acceptor, const struct envoi_jid *jid);
/** @return the session of the account that is suspended, the one that was bound first; NULL: none
 */
struct envoi_accepted *envoi__accept_table_suspended(
	const struct envoi_acceptor *acceptor, const struct envoi_jid *jid);
/** Enter a session under the address that it will have, which no other has.
 * @retval ENVOI_ERR_NOMEM */
int envoi__accept_table_add(struct envoi_accepted *accepted, const struct envoi_jid *jid);
/** Take it out; nothing if it is not in the table. Its address is kept. */
void envoi__accept_table_remove(struct envoi_accepted *accepted);

#endif
