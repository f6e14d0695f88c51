/*
 * envoi-server - what its files share
 * SPDX-License-Identifier: MIT
 *
 * Private headers: base/list.h, which is inline.
 */
#ifndef ENVOI_SERVER_INSIDE_H
#define ENVOI_SERVER_INSIDE_H

#include <netinet/in.h>

#include <envoi/accept_component.h>
#include <envoi/ext/caps.h>
#include <envoi/interfaces/features.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/store.h>
#include <envoi/server.h>
#include <envoi/session.h>
#include <envoi/watch.h>

#include "base/list.h"
#include "contact.h"
#include "server_settings.h"
#include "sources.h"
#include "table.h"

/*
 * The files:
 *	server.c          life
 *	connections.c     from the listener to the acceptor, and what that reports
 *	passwords.c       what logins need: verifiers, looked up and made
 *	job.c             jobs of the store that end with the server
 *	account.c         accounts in memory, and what waits for them
 *	resource.c        bound sessions of an account
 *	route.c           where a stanza goes (RFC 6120, section 10; RFC 6121, section 8)
 *	component.c       components (XEP-0114)
 *	registration.c    registration (XEP-0077)
 *	sources.c         attempts, counted by where they come from
 *	removal.c         accounts that are removed
 *	message.c         messages to an account (RFC 6121, section 8.5)
 *	parcel.c          messages on their way to sessions, and what becomes of them
 *	offline.c         messages that wait for their recipient (XEP-0160)
 *	presence.c        who is available
 *	directed.c        presence that is sent to one entity
 *	subscription.c    who sees whom
 *	roster.c          contacts
 *	values.c          what clients keep at the server
 *	blocking.c        requests about blocked addresses
 *	blocklist.c       the list of them, and what contacts see of its changes
 *	copies.c          message carbons
 *	saving.c          changes that are answered when they are stored
 *	request.c         iqs that the server answers, for itself and for accounts
 *	service.c         answers: discovery, ping, time, version
 *	capabilities.c    the hash of what discovery answers (XEP-0115)
 *	web.c             HTTP: what its paths answer
 *	web_bosh.c        BOSH (XEP-0124, XEP-0206)
 *	web_host_meta.c   links to what is served over HTTP (XEP-0156)
 *	web_documents.c   documents in memory
 *	web_none.c        instead of these, where the library has no HTTP
 */

struct envoi__account;
struct envoi__offline;
struct envoi__resource;
struct envoi__routed;
struct envoi_bosh_exchange;
struct envoi_bosh_receiver;
struct envoi_channel;
struct envoi_transport;
struct envoi_web_connection;

/* --- jobs of the store --- */

/** A job of a server. Embedded in what begins it. */
struct envoi__job {
	struct envoi_store_job job;
	struct envoi__list link; /* of the server's open jobs */
	struct envoi_server *server;
	struct envoi__account *account; /* kept in memory meanwhile; NULL: none */
	/** Called once. ENVOI_ERR_CANCELED: the server is being freed: only free the memory. */
	void (*done)(struct envoi__job *job, int code, const struct envoi_store_answer *answer);
};

/* --- what waits for an account --- */

/** One of server.waiting-stanzas. Zeroed: none. */
struct envoi__place {
	struct envoi_server *server; /* NULL: none */
	struct envoi__account *account; /* whose client has sent it, held; NULL: none */
};

/** Something to be done when an account is in memory. */
struct envoi__task {
	struct envoi__list link;
	/** it is not a stanza: server.waiting-stanzas does not hold for it */
	bool is_free;
	bool is_own; /* it comes from a client of the account */
	struct envoi__account *sender; /* until it is begun; NULL: none, or is_own */
	struct envoi__place place; /* while it waits */
	/**
	 * @param account  NULL on failure
	 * @param code     ENVOI_OK; ENVOI_ERR_NOT_FOUND: there is no such account; ENVOI_ERR_FULL:
	 *                 too much waits; ENVOI_ERR_CANCELED: the server is being freed: only free
	 *                 the memory. Others: the store failed
	 */
	void (*run)(struct envoi__task *task, struct envoi__account *account, int code);
};

/** An account in memory. */
struct envoi__account {
	struct envoi__table_link link; /* by the bare address */
	struct envoi__list idle_link; /* in the server's list, unless it is held */
	struct envoi_server *server;
	struct envoi_jid *jid; /* bare; a reference */
	struct envoi__job load;
	bool is_loaded;
	bool is_running; /* tasks */
	bool is_leaving; /* it is being removed */
	size_t holds; /* by resources, jobs, parcels and places */
	size_t waiting; /* places */
	struct envoi__list tasks, resources;
	struct envoi__table contacts;
	struct envoi__table blocked; /* addresses (XEP-0191) */
	uint64_t version, removed; /* of the roster */
	struct envoi__offline *offline; /* messages that are being taken from the store; or NULL */
	bool has_stored; /* messages may wait in the store: others go behind them */
};

/** A bound session, or a component, which has no account. It is made when the connection is
 * admitted. */
struct envoi__resource {
	struct envoi__list link; /* of the server */
	struct envoi__list account_link; /* of the account, in order of binding; or alone */
	struct envoi_server *server;
	struct envoi_admission *admission; /* NULL: not from the listener */
	char address[INET6_ADDRSTRLEN]; /* of its peer, without an admission */
	struct envoi_opening *opening; /* direct TLS; NULL: done */
	struct envoi_web_connection *web; /* its HTTP requests; NULL: none, or no longer */
	struct envoi_bosh_exchange *exchange; /* of the request that waits; NULL: none */
	bool is_taken; /* its request of BOSH is being taken: the application may be called */
	bool is_web_clear; /* without TLS */
	struct envoi_accepted *accepted; /* NULL: not accepted yet, or ended */
	struct envoi__task arrival; /* waits for the account */
	struct envoi__account *account; /* held; NULL: not bound, or not in memory yet */
	struct envoi__list waiting; /* its stanzas that wait for its own account */
	struct envoi_stanza *presence; /* the last available one, a reference; NULL: unavailable */
	struct envoi__table directed; /* to whom it has sent presence; no context: to none */
	bool has_blocklist; /* gets changes of it (XEP-0191) */
	bool has_carbons; /* wants copies (XEP-0280) */
	bool is_interested; /* gets changes of the roster (RFC 6121, section 2.2) */
};

struct envoi_server {
	struct envoi_context *context; /* a reference */
	struct envoi_settings *settings; /* a copy */
	struct envoi__server_settings values;
	struct envoi_jid *domain; /* a reference */
	struct envoi_store *store; /* borrowed */
	struct envoi_tls_config *tls; /* a reference, or NULL */
	struct envoi_server_hook *hook; /* borrowed; NULL: none */
	struct envoi_acceptor *acceptor;
	struct envoi_accept_hook accept_hook;
	struct envoi_handler roster_versions, registration, capabilities; /* the offers of them */
	char ver[ENVOI_CAPS_VER_SIZE]; /* the hash of the capabilities */
	struct envoi__list registrations; /* that wait for their change */
	uint64_t registered_since_ms;
	unsigned int registered; /* since then */
	struct envoi__sources registering; /* where the attempts came from */
	struct envoi_sasl_directory directory;
	struct envoi_sasl_decoys decoys;
	struct envoi_listener *listener;
	struct envoi__list resources; /* connections without a session included */
	struct envoi__list jobs, changes;
	struct envoi__table accounts;
	struct envoi__table components;
	struct envoi_component_directory component_directory;
	struct envoi__list documents; /* of the web service */
	struct envoi_bosh_receiver *bosh; /* NULL: no request has come */
	struct envoi__list idle; /* the longest idle account first */
	size_t idle_count;
	size_t waiting; /* stanzas that wait for the store */
	size_t parcels; /* on their way */
	struct envoi_server_stats stats;
	struct envoi_deferred closed;
	bool is_closing, is_reported, is_ended;
};

/* --- server.c --- */

/** Something has ended that a closing server waits for. */
void envoi__server_progressed(struct envoi_server *server);

/* --- job.c --- */

/** Before a function of the store is called with &job->job. @param account  NULL: none */
void envoi__job_begin(struct envoi__job *job, struct envoi_server *server,
	struct envoi__account *account,
	void (*done)(struct envoi__job *job, int code, const struct envoi_store_answer *answer));
/** @return whether as many stanzas wait for the store as the settings allow, in all or of the
 * account that has sent the next one: it is refused with resource-constraint, before it has changed
 * anything. @param sender  NULL: none */
bool envoi__store_is_busy(const struct envoi_server *server, const struct envoi__account *sender);
/** Take a place; there need not be one. @param sender  NULL: none */
void envoi__place_take(
	struct envoi__place *place, struct envoi_server *server, struct envoi__account *sender);
/** Leave a place, if it was taken; the account of the sender may be freed. */
void envoi__place_leave(struct envoi__place *place);
/** End a job without `done`. */
void envoi__job_cancel(struct envoi__job *job);
/** End all jobs of a server with ENVOI_ERR_CANCELED. */
void envoi__jobs_cancel(struct envoi_server *server);

/* --- saving.c --- */

/**
 * Before a function of the store is called that writes: its end answers the stanza that has caused
 * it (a set), and acknowledges that. It counts as a stanza that waits.
 * @param cause  NULL: none
 * @return the job; NULL: out of memory
 */
struct envoi_store_job *envoi__saving_begin(
	struct envoi__account *account, const struct envoi__routed *cause);
/** It was not begun after all: nothing is answered. */
void envoi__saving_cancel(struct envoi_store_job *job);

/* --- passwords.c --- */

extern const struct envoi_sasl_directory_impl envoi__server_directory_impl;
void envoi__changes_cancel(struct envoi_server *server);
/** envoi_server_set_password() with a mode of the store. @param sender  whose client has asked for
 * it; NULL: none */
int envoi__password_set(struct envoi_server *server, const char *name, const char *password,
	enum envoi_store_mode mode, struct envoi__account *sender, envoi_server_changed_fn *done,
	void *user);

/* --- connections.c --- */

extern const struct envoi_accept_hook_impl envoi__server_accept_hook_impl;
int envoi__server_admitted(
	void *user, struct envoi_admission *admission, struct envoi_channel *channel);
/** End all connections in order. */
void envoi__connections_close(struct envoi_server *server);
/** @return the network address of a stream's peer; borrowed; "": not known */
const char *envoi__connection_address(
	const struct envoi_server *server, const struct envoi_stream *stream);
/** Free what envoi_acceptor_free() has not ended. */
void envoi__connections_free(struct envoi_server *server);

/** Accept a connection of a client. @param transport  taken @return the resource ends on failure,
 * too */
int envoi__connection_accept(struct envoi__resource *resource, struct envoi_transport *transport);
/** Accept a connection that comes from outside of the listener. @param address  of the peer; "":
 * not known. Errors as envoi_server_accept() */
int envoi__connection_accept_from(
	struct envoi_server *server, struct envoi_transport *transport, const char *address);
/** A connection that has no session ends: free it. */
void envoi__connection_end(struct envoi__resource *resource);

/* --- web.c; web_none.c without HTTP --- */

/** Read HTTP requests of a connection. @param channel  taken, on failure too */
int envoi__web_open(struct envoi__resource *resource, struct envoi_channel *channel);
/** Cut it, if it still has them. */
void envoi__web_close(struct envoi__resource *resource);
/** Free what all connections share. */
void envoi__web_finish(struct envoi_server *server);
/** @return whether it is a URL that paths can be appended to: http or https */
bool envoi__web_is_base(const char *url);

/* --- account.c --- */

/** Do something with an account, now if it is in memory and nothing waits for it, else later.
 * @param jid  its address, with or without resource */
void envoi__account_want(
	struct envoi_server *server, const struct envoi_jid *jid, struct envoi__task *task);
/** @return the account, if it is in memory and nothing waits for it; else NULL */
struct envoi__account *envoi__account_ready(
	const struct envoi_server *server, const struct envoi_jid *jid);
/** @return the account, if it is in memory; else NULL. For what need not wait its turn */
struct envoi__account *envoi__account_loaded(
	const struct envoi_server *server, const struct envoi_jid *jid);
/** Take a task back, if it waits. */
void envoi__task_withdraw(struct envoi__task *task);
/** The store has no such account any more: find it no longer. It is held. */
void envoi__account_forget(struct envoi__account *account);
void envoi__account_hold(struct envoi__account *account);
void envoi__account_release(struct envoi__account *account);
/** @return the name by which the store knows it; borrowed */
const char *envoi__account_name(const struct envoi__account *account);
/** Free all accounts; none is held. */
void envoi__accounts_free(struct envoi_server *server);

/* --- resource.c --- */

/** The session is online: enter it into its account. */
void envoi__resource_arrive(struct envoi__resource *resource);
/** The session has ended: take it out, as if it had become unavailable. */
void envoi__resource_leave(struct envoi__resource *resource);
/** Visit the resources of an account. @param after  NULL: the first one */
struct envoi__resource *envoi__resource_next(
	const struct envoi__account *account, const struct envoi__resource *after);
/** @return the resource of a full address; NULL: there is none, or it is not entered yet */
struct envoi__resource *envoi__resource_find(
	const struct envoi_server *server, const struct envoi_jid *jid);
/** @return whether messages to the bare address may go there (RFC 6121, section 8.5.2.1) */
bool envoi__resource_takes_messages(const struct envoi__resource *resource);
/** @return the resource with the highest priority, the first of several; NULL: none takes
 * messages */
struct envoi__resource *envoi__resource_best(const struct envoi__account *account);
/** @return 0 without presence */
int envoi__resource_priority(const struct envoi__resource *resource);
const struct envoi_jid *envoi__resource_jid(const struct envoi__resource *resource);
/** @param to  the address to put there; NULL: it stays @return a copy; NULL: out of memory */
struct envoi_stanza *envoi__stanza_copy(
	const struct envoi_stanza *stanza, const struct envoi_jid *to);
/**
 * Send a copy of a stanza.
 * @param to      the address to put there; NULL: it stays
 * @param ticket  as of envoi_send()
 * @param sender  is not read while the receiver's outbox is high; NULL: none
 * @retval <0  as envoi_send()
 */
int envoi__resource_send(struct envoi__resource *resource, const struct envoi_stanza *stanza,
	const struct envoi_jid *to, struct envoi_ticket *ticket, struct envoi__resource *sender);
/** Send a stanza that was made for it. @param stanza  taken */
int envoi__resource_give(struct envoi__resource *resource, struct envoi_stanza *stanza);

/* --- route.c --- */

/** A stanza that is being routed. */
struct envoi__routed {
	struct envoi_server *server;
	struct envoi_stanza *stanza; /* borrowed; its `from` is the sender's address */
	/** of the session that it came from; NULL: that has ended, or there is none */
	struct envoi__resource *sender;
	struct envoi_hold **hold; /* of its acknowledgement, see envoi__route_hold(); or NULL */
};

/** A stanza of a session of the server. */
void envoi__route_from(struct envoi__resource *resource, struct envoi_stanza *stanza);
/** A stanza of a component. Its `from` and `to` were checked. */
void envoi__route_component(struct envoi__resource *component, struct envoi_stanza *stanza);
/** The session has ended: drop its stanzas that wait for its own account. */
void envoi__route_forget(struct envoi__resource *resource);
/** @return the acknowledgement of the stanza (XEP-0198), which is held until
 * envoi_hold_release(); NULL: there is none to hold */
struct envoi_hold *envoi__route_hold(const struct envoi__routed *routed);
/** @return the account of the client that has sent a stanza; NULL: none */
struct envoi__account *envoi__route_sender(const struct envoi__routed *routed);
/** Deliver a stanza to the domain or to an account, by its `to`. */
void envoi__route(const struct envoi__routed *routed);
/** Answer a stanza with an error, if it may be answered. */
void envoi__route_refuse(const struct envoi__routed *routed, enum envoi_stanza_condition condition);
/** Answer with the condition of an error of the store or of an account: ENVOI_ERR_NOT_FOUND looks
 * like every other reason not to be available. */
void envoi__route_fail(const struct envoi__routed *routed, int code);
/** @return whether the domain of an address is the server's */
bool envoi__route_is_own(const struct envoi_server *server, const struct envoi_jid *to);
/** @return whether stanzas to an address can be routed: its domain is the server's, or that of a
 * component */
bool envoi__route_is_known(const struct envoi_server *server, const struct envoi_jid *to);
/** Send a copy of a stanza to a session. @param to  its full address */
void envoi__route_copy(
	struct envoi_server *server, const struct envoi_stanza *stanza, const struct envoi_jid *to);
/** Route a stanza that the server has made; nothing if it could not be made.
 * @param stanza  taken */
void envoi__route_made(struct envoi_server *server, struct envoi_stanza *stanza);
/** Send a stanza, which the server has made, to the address in its `to`. @param stanza  taken */
void envoi__route_answer(struct envoi_server *server, struct envoi_stanza *stanza);

/* --- component.c --- */

int envoi__components_init(struct envoi_server *server);
void envoi__components_free(struct envoi_server *server);
/** @return whether the domain of an address is that of a component, connected or not */
bool envoi__component_serves(const struct envoi_server *server, const struct envoi_jid *jid);
/** @return the connected component of an address; NULL: there is none */
struct envoi__resource *envoi__component_of(
	const struct envoi_server *server, const struct envoi_jid *jid);
/** Visit the domains of components. @param after  NULL: the first one @return NULL: at the end */
const struct envoi_jid *envoi__component_next(
	const struct envoi_server *server, const struct envoi_jid *after);
/** Deliver a stanza to the component of its address, or refuse it. */
void envoi__component_deliver(const struct envoi__routed *routed);

/* --- registration.c --- */

int envoi__registration_init(struct envoi_server *server);
void envoi__registrations_free(struct envoi_server *server);
bool envoi__registration_is_on(const struct envoi_server *server);

/* --- removal.c --- */

/** Remove the account from the store, then end its sessions. @param request  answered then
 * @retval ENVOI_ERR_NOMEM */
int envoi__account_remove(struct envoi__account *account, struct envoi_stanza *request);

/* --- message.c --- */

/** Deliver a message to an address of an account (RFC 6121, section 8.5). */
void envoi__message_deliver(const struct envoi__routed *routed, struct envoi__account *account);

/* --- blocklist.c --- */

#define ENVOI__BLOCKED_KEY "urn:xmpp:blocking" /* of the value of the store */

/** Take the list as the store has it, also what server.blocked does not allow any more.
 * @retval ENVOI_ERR_NOMEM */
int envoi__blocking_read(struct envoi__account *account, const char *value, size_t len);
/** Append the list as the store has it. @retval ENVOI_ERR_NOMEM */
int envoi__blocking_write(struct envoi_buffer *out, const struct envoi__account *account);
/** Add an entry. @retval ENVOI_ERR_NOMEM */
int envoi__blocking_add(struct envoi__account *account, const struct envoi_jid *jid);
/** Block an address; it sees the account becoming unavailable. @retval ENVOI_ERR_NOMEM */
int envoi__blocking_block(struct envoi__account *account, const struct envoi_jid *jid);
/** Remove an entry; addresses that no other entry blocks see the presence of the account. */
void envoi__blocking_unblock(struct envoi__account *account, const struct envoi_jid *jid);
/** Visit the entries, in no order. @param after  NULL: the first one @return NULL: at the end */
const struct envoi_jid *envoi__blocking_next(
	const struct envoi__account *account, const struct envoi_jid *after);
void envoi__blocking_free(struct envoi__account *account);
/** @return whether the account has blocked an address (XEP-0191, section 6) */
bool envoi__blocking_has(const struct envoi__account *account, const struct envoi_jid *jid);
/** @return whether a stanza for the account comes from an address that it has blocked */
bool envoi__blocking_stops(const struct envoi__account *account, const struct envoi_stanza *stanza);

/* --- blocking.c --- */

/** The account has blocked the recipient of its stanza: refuse it. */
void envoi__blocking_refuse_own(const struct envoi__routed *routed);

/* --- copies.c --- */

/** A message was delivered: copies for the resources of the account that want them and do not have
 * it. */
void envoi__copies_received(struct envoi__account *account, const struct envoi_stanza *message,
	bool (*has_it)(const struct envoi__resource *resource, const void *user), const void *user);
/** A session has sent a message: copies for the other resources of its account. */
void envoi__copies_sent(struct envoi__resource *sender, const struct envoi_stanza *message);

/* --- parcel.c --- */

/** Send a message to those resources of an account for which @p is_chosen returns true.
 * @return whether there was one that took it */
bool envoi__parcel_send(const struct envoi__routed *routed, struct envoi__account *account,
	bool (*is_chosen)(const struct envoi__resource *resource, const void *user),
	const void *user);

/* --- offline.c --- */

/** Store a message for an account, or refuse it. */
void envoi__offline_add(const struct envoi__routed *routed, struct envoi__account *account);
/** Store a message that was acknowledged to its sender. server.waiting-stanzas does not hold: its
 * memory is that of the outbox which it comes from. */
void envoi__offline_return(
	struct envoi__account *account, struct envoi_stanza *message, int64_t sent_ms);
/** @return whether a message may be stored (XEP-0160, section 3) */
bool envoi__offline_takes(const struct envoi_stanza *message);
/** A resource can take messages: deliver what is stored, if that has not begun. */
void envoi__offline_deliver(struct envoi__account *account);

/* --- presence.c --- */

/** A presence of a session of the server. */
void envoi__presence_send(const struct envoi__routed *routed);
/** The session has ended without saying so. */
void envoi__presence_end(struct envoi__resource *resource);
/** Deliver a presence to an address of an account (RFC 6121, sections 8.5.2 and 8.5.3). */
void envoi__presence_deliver(const struct envoi__routed *routed, struct envoi__account *account);

/** Send the presence of all available resources to a contact, or that they are unavailable. */
void envoi__presence_tell(
	struct envoi__account *account, const struct envoi_jid *contact, bool is_available);
/** Show a resource of another account the presence of this one, or that it is unavailable. */
void envoi__presence_show(
	struct envoi__account *account, struct envoi__resource *to, bool is_available);
/** @param to  NULL: none @return NULL: out of memory */
struct envoi_stanza *envoi__presence_unavailable(
	struct envoi_server *server, const struct envoi_jid *from, const struct envoi_jid *to);

/* --- directed.c --- */

/** A presence of a session for an address. */
void envoi__directed_send(const struct envoi__routed *routed);
/** The resource becomes unavailable. */
void envoi__directed_withdraw(struct envoi__resource *resource, const struct envoi_jid *from);
/** Become unavailable for those of its directed presence for which @p is_hidden returns true. */
void envoi__directed_hide(struct envoi__resource *resource,
	bool (*is_hidden)(const struct envoi_jid *jid, const void *user), const void *user);
/** @return whether the resource has sent its presence to an address, or its bare one */
bool envoi__presence_is_directed(
	const struct envoi__resource *resource, const struct envoi_jid *jid);
/** Free what is known of directed presence. */
void envoi__presence_forget_directed(struct envoi__resource *resource);

/* --- subscription.c --- */

/** @return whether a presence is about a subscription */
bool envoi__subscription_is(const struct envoi_stanza *presence);
/** A session has sent one. */
void envoi__subscription_send(const struct envoi__routed *routed);
/** One has come for an account. */
void envoi__subscription_take(const struct envoi__routed *routed, struct envoi__account *account);
/** A contact is removed from the roster: end both subscriptions. */
void envoi__subscription_cancel(
	struct envoi__account *account, const struct envoi_jid *contact, unsigned int state);
/** A resource has become available: send it the requests that are pending. */
void envoi__subscription_remind(struct envoi__resource *resource);

/* --- roster.c --- */

void envoi__roster_init(struct envoi_server *server);
/** @return the contact of an address, with or without resource; NULL: none */
struct envoi__server_contact *envoi__roster_find(
	const struct envoi__account *account, const struct envoi_jid *jid);
/**
 * Add or replace a contact, store it, and push it to clients if it is listed.
 * @param cause  the stanza that has asked for it, which is answered (an iq) and acknowledged when
 *               it is stored; NULL: none
 * @retval ENVOI_ERR_NOMEM  nothing has changed
 */
int envoi__roster_set(struct envoi__account *account, const struct envoi_store_contact *contact,
	const struct envoi__routed *cause);
/** Remove a contact. Errors as envoi__roster_set(). */
int envoi__roster_remove(struct envoi__account *account, struct envoi__server_contact *contact,
	const struct envoi__routed *cause);
/** @return whether no further contact may be added */
bool envoi__roster_is_full(const struct envoi__account *account);

/* --- request.c --- */

/** Deliver an iq to an address of an account (RFC 6121, sections 8.5.2 and 8.5.3). */
void envoi__request_deliver(const struct envoi__routed *routed, struct envoi__account *account);
/** Answer an iq get or set. @param account  to which it was sent; NULL: to the server */
void envoi__request_answer(const struct envoi__routed *routed, struct envoi__account *account);
/** @return whether the sender of a stanza may know that the account is available (RFC 6121, section
 * 8.5.3.1) */
bool envoi__request_may_know(
	const struct envoi__routed *routed, const struct envoi__account *account);

enum {
	ENVOI__MOST_FEATURES = 40,
};
struct envoi__features {
	const char *names[ENVOI__MOST_FEATURES];
	size_t count;
};
/** Collect what service discovery lists of the server's own address: service.c */
void envoi__server_features(
	const struct envoi_server *server, struct envoi__features *ret_features);

/* --- capabilities.c --- */

int envoi__capabilities_init(struct envoi_server *server);
/** @return whether a node of service discovery is that of the server's capabilities */
bool envoi__capabilities_is_node(const struct envoi_server *server, const char *node);

/** A kind of request that the server answers. */
struct envoi__service {
	enum envoi_stanza_kind kind; /* ENVOI_NO_STANZA ends a table */
	const char *ns, *name;
	/** the server's own address, the sender's account, other accounts, and where it is listed:
	 * bits */
	unsigned int where;
	bool uses_store; /* refused while it is busy */
	/** @param account  NULL: the server */
	void (*answer)(const struct envoi__routed *routed, struct envoi__account *account);
	/** OPTIONAL: whether the settings offer it */
	bool (*is_on)(const struct envoi_server *server);
};
enum {
	ENVOI__AT_SERVER = 1,
	ENVOI__AT_OWN = 2,
	ENVOI__AT_OTHERS = 4,
	/** the server lists it as a feature: clients ask the server about their account */
	ENVOI__LISTED = 8,
};
/** Visit what the server answers. @param after  NULL: the first one @return NULL: at the end */
const struct envoi__service *envoi__service_next(const struct envoi__service *after);
bool envoi__service_is_on(const struct envoi__service *service, const struct envoi_server *server);
/** @return where an iq was sent to: a bit */
unsigned int envoi__request_place(
	const struct envoi__routed *routed, const struct envoi__account *account);
/** Answer with a result that has one payload; @p type NULL: none. */
void envoi__request_result(const struct envoi__routed *routed,
	const struct envoi_payload_type *type, const void *value);

extern const struct envoi__service envoi__basic_services[]; /* service.c */
extern const struct envoi__service envoi__roster_services[]; /* roster.c */
extern const struct envoi__service envoi__value_services[]; /* values.c */
extern const struct envoi__service envoi__copy_services[]; /* copies.c */
extern const struct envoi__service envoi__blocking_services[]; /* blocking.c */
extern const struct envoi__service envoi__registration_services[]; /* registration.c */

#endif
