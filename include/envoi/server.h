/*
 * envoi - a server in the program: accounts, routing, rosters, presence
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SERVER_H
#define ENVOI_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/accept.h>
#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/failure.h>
#include <envoi/jid.h>
#include <envoi/tap.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A server for one domain, on the loop of the program: for tests, demonstrations, appliances and
 * closed networks on one host. It does not connect to other servers (doc/server.md). Its library
 * is libenvoi-server.
 *
 *	envoi_store_new_memory(&store, context);
 *	const struct envoi_server_options options = {
 *		.domain = "example.org", .tls = tls, .store = store, .settings = settings};
 *	envoi_server_new(&server, context, &options);
 *	envoi_server_set_password(server, "alice", "secret", false, NULL, NULL);
 *	envoi_tcp_listen(envoi_server_listener(server), ENVOI_SERVER_STARTTLS, "127.0.0.1", 5222,
 *		NULL);
 *
 * It has sessions that are resumed (XEP-0198), rosters with versions, subscriptions, presence,
 * routing by full and bare address (RFC 6121, sections 2 to 4 and 8), offline messages (XEP-0160),
 * service discovery, ping, version and time, components (XEP-0114), and registration (XEP-0077, off
 * by default).
 *
 * Its settings are those of the acceptor (<envoi/accept.h>), of the listener (<envoi/listener.h>)
 * and server.*, which envoi_server_add_settings() adds to a context. limits.outbox-stanzas is at
 * least 1,000 and twice server.contacts, limits.outbox-bytes at least twice server.stanza-bytes.
 * acknowledgement.ping is always false in its sessions: a message to a client without stream
 * management counts as received when it was written.
 */

struct envoi_context;
struct envoi_listener;
struct envoi_settings;
struct envoi_store;
struct envoi_tls_config;
struct envoi_transport;

struct envoi_server;

/* Services of the server's listener (envoi_tcp_listen()). */
#define ENVOI_SERVER_STARTTLS "xmpp-client" /**< STARTTLS (RFC 6120, section 5) */
#define ENVOI_SERVER_DIRECT_TLS "xmpps-client" /**< TLS from the first byte (XEP-0368) */
/** components (XEP-0114), without TLS: of this host, unless tls.mode is none */
#define ENVOI_SERVER_COMPONENTS "component"

/**
 * HTTP within TLS: WebSocket (RFC 7395) at /xmpp-websocket, BOSH (XEP-0124, XEP-0206) at
 * /http-bind, the links to them in /.well-known/host-meta and host-meta.json (XEP-0156), and
 * documents (envoi_server_add_document()). Reports are of sessions, not of requests. If the library
 * was built without HTTP, connections of both web services are closed.
 */
#define ENVOI_SERVER_WEB "https"
/**
 * As ENVOI_SERVER_WEB, without TLS: for clients and proxies on this host, whose connections count
 * as secure. Clients of other hosts can log in only with tls.mode none.
 *
 * All clients behind a proxy have the proxy's address: listener.per-address, web.bosh-per-address
 * and server.registrations-of-address count them together, and have to be raised. The proxy must
 * not accept requests without TLS from the network, because they count as secure here.
 */
#define ENVOI_SERVER_WEB_CLEAR "http"

/* --- reports --- */

/** An event in the life of a session. */
enum envoi_server_act {
	ENVOI_SERVER_CONNECTED = 1, /**< a connection was admitted */
	ENVOI_SERVER_LOGGED_IN, /**< the peer has authenticated */
	ENVOI_SERVER_ONLINE, /**< a resource was bound, or a component has connected */
	ENVOI_SERVER_SUSPENDED, /**< the connection is lost, and may be resumed */
	ENVOI_SERVER_RESUMED,
	ENVOI_SERVER_ENDED, /**< a session, or a connection that had none yet, has ended */
};

/** A report, for a log. Borrowed for the call. */
struct envoi_server_report {
	enum envoi_server_act act;
	/** of LOGGED_IN: the account's name; NULL: a component, or another report */
	const char *user;
	const char *mechanism; /**< of LOGGED_IN: of SASL */
	const struct envoi_jid *jid; /**< from ONLINE on; NULL: none was bound */
	/** of the peer: "192.0.2.1"; "": not known. Of RESUMED that of the new connection */
	const char *address;
	const struct envoi_failure *why; /**< of SUSPENDED and ENDED; else NULL */
};

struct envoi_server_hook;

/** What a server reports to its owner, from the loop. Each function is OPTIONAL. */
struct envoi_server_hook_impl {
	/** Something has happened to a session. The server must not be freed inside. */
	void (*reported)(struct envoi_server_hook *hook, const struct envoi_server_report *report);
	/** Closing has ended (envoi_server_close()): no session is left, and the store has written
	 * everything. The server may be freed inside. */
	void (*closed)(struct envoi_server_hook *hook);
};

/** Base of every hook; embedded first. */
struct envoi_server_hook {
	const struct envoi_server_hook_impl *impl;
};

/* --- life --- */

/** What a server is made with. Members are OPTIONAL unless marked REQUIRED. */
struct envoi_server_options {
	const char *domain; /**< REQUIRED; prepared; copied */
	struct envoi_store *store; /**< REQUIRED; borrowed, must outlive the server */
	struct envoi_tls_config *tls; /**< as in struct envoi_acceptor_options */
	const struct envoi_settings *settings; /**< copied; NULL: defaults */
	struct envoi_server_hook *hook; /**< borrowed, must outlive the server; NULL: none */
	envoi_tap_fn *tap; /**< called with the traffic of all connections; NULL: none */
	void *tap_user;
};

/**
 * Add the settings server.* to a context, before settings are made that use them.
 * envoi_server_new() does so, too.
 * @retval ENVOI_ERR_EXISTS  another table has one of the names
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_server_add_settings(struct envoi_context *context);

/**
 * Make a server without connections.
 *
 * @param context  a reference is taken
 * @param options  copied
 * @retval ENVOI_ERR_INVALID  no store; the domain is missing or malformed
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM
 * Other errors as envoi_acceptor_new(), envoi_listener_new() and envoi_server_add_settings().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_server_new(struct envoi_server **ret_server,
	struct envoi_context *context, const struct envoi_server_options *options);

/**
 * Free a server at once: connections are cut, messages that were not delivered are lost
 * (envoi_server_close() stores them), and jobs of the store are canceled. NULL is allowed. Not
 * allowed inside `reported`, nor inside a function of the store.
 */
ENVOI_API void envoi_server_free(struct envoi_server *server);

/**
 * Close a server in order: it admits no connection, its sessions end with the stream error
 * system-shutdown (RFC 6120, section 4.9.3.20), and messages that clients have not received are
 * stored. Then `closed` of the hook is called, from the loop. Idempotent.
 */
ENVOI_API void envoi_server_close(struct envoi_server *server);

/** @return the listener, to which sources are added; borrowed, lives as long as the server */
ENVOI_API struct envoi_listener *envoi_server_listener(const struct envoi_server *server);

/**
 * Accept a connection that comes from outside of the listener, of a transport of any kind.
 *
 * @param transport  taken, not started; consumed on failure too
 * @retval ENVOI_ERR_STATE  the server is closing
 * Other errors as envoi_acceptor_accept().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_server_accept(
	struct envoi_server *server, struct envoi_transport *transport);

/**
 * Accept a connection of a component that comes from outside of the listener, of a transport of any
 * kind. It counts as one of this host. Errors as envoi_server_accept().
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_server_accept_component(
	struct envoi_server *server, struct envoi_transport *transport);

/**
 * Add a component (XEP-0114): a domain whose addresses are served by a program that connects.
 * Stanzas to it are refused with remote-server-timeout while it is not connected. Contacts at a
 * component see presence as others do. The items of the server in service discovery are its
 * components.
 *
 * @param domain  prepared; copied
 * @param secret  not ""; copied, and wiped when the server is freed
 * @retval ENVOI_ERR_INVALID  the domain is malformed, or an argument is missing
 * @retval ENVOI_ERR_EXISTS   the domain is the server's, or that of another component
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_server_add_component(
	struct envoi_server *server, const char *domain, const char *secret);

/**
 * Add a document to the web service, or replace it. The Content-Security-Policy of the response
 * allows only scripts of this server, and no frames around the page.
 *
 * @param path  "/" or "/index.html": compared byte for byte with the path of a request, before its
 *              query; copied
 * @param type  of the content: "text/html; charset=utf-8"; copied
 * @param data  copied; NULL with @p len 0
 * @retval ENVOI_ERR_INVALID      the path does not begin with a slash, or a text is missing
 * @retval ENVOI_ERR_UNSUPPORTED  the library was built without HTTP
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_server_add_document(struct envoi_server *server,
	const char *path, const char *type, const void *data, size_t len);

/** Remove all documents. */
ENVOI_API void envoi_server_remove_documents(struct envoi_server *server);

/** Numbers of a server. */
struct envoi_server_stats {
	struct envoi_acceptor_stats connections;
	size_t accounts; /**< in memory: with a session, or used a short time ago */
	size_t waiting; /**< stanzas that wait for the store */
	uint64_t routed; /**< stanzas that were delivered to sessions */
	uint64_t stored; /**< messages that were stored for their recipients */
	uint64_t refused; /**< stanzas that were answered with an error, or dropped at a limit */
};

/** Fill in *ret_stats. */
ENVOI_API void envoi_server_get_stats(
	const struct envoi_server *server, struct envoi_server_stats *ret_stats);

/* --- accounts --- */

/**
 * A change of an account has ended. Called from the loop, once; not when the server was freed
 * before. The server may be freed inside.
 * @param code  ENVOI_OK, or as the function of the store that made the change
 */
typedef void envoi_server_changed_fn(void *user, int code);

/**
 * Make an account, or change the password of one. Verifiers of SCRAM-SHA-1, SCRAM-SHA-256 and
 * SCRAM-SHA-512 are derived, with server.scram-iterations iterations, and stored.
 *
 * @param name      the localpart of the address; prepared
 * @param password  as of envoi_sasl_derive(); not kept
 * @param is_new    fail with ENVOI_ERR_EXISTS if there is such an account
 * @param done      NULL: none
 * @param user      passed to @p done
 * @retval ENVOI_ERR_INVALID  the name or the password is not allowed
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM
 * After an error @p done is not called.
 */
ENVOI_API int envoi_server_set_password(struct envoi_server *server, const char *name,
	const char *password, bool is_new, envoi_server_changed_fn *done, void *user);

/**
 * Remove an account with its roster and its messages. Its sessions end with the stream error
 * not-authorized. Its contacts are not notified.
 *
 * @param name  the localpart of the address; prepared
 * @param done  as of envoi_server_set_password(); ENVOI_ERR_NOT_FOUND: there is no such account
 * @retval ENVOI_ERR_INVALID  the name is not allowed
 * @retval ENVOI_ERR_NOMEM
 * After an error @p done is not called.
 */
ENVOI_API int envoi_server_remove_account(
	struct envoi_server *server, const char *name, envoi_server_changed_fn *done, void *user);

/* --- the store in memory --- */

/**
 * Make a store that ends with the process.
 * @param context  a reference is taken
 * @retval ENVOI_ERR_NOMEM, ENVOI_ERR_SYSTEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_store_new_memory(
	struct envoi_store **ret_store, struct envoi_context *context);

#ifdef __cplusplus
}
#endif
#endif
