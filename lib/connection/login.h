/*
 * envoi - a login: from the first look-up to a bound session, and until that ends
 * SPDX-License-Identifier: MIT
 *
 * One state machine. Files that call each other: login.c, login_again.c, login_certificate.c,
 * login_connect.c, login_deadline.c, login_tls.c.
 */
#ifndef ENVOI_CONNECTION_LOGIN_H
#define ENVOI_CONNECTION_LOGIN_H

#include <envoi/interfaces/features.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/session.h>
#include <envoi/tap.h>

#include "base/guard.h"
#include "connection/account.h"
#include "connection/connection_settings.h"
#include "connection/login_routes.h"
#include "connection/login_tls.h"
#include "net/net_settings.h"

/*
 * One state machine in ten files:
 *	login.c              the state: the start, the session, the end
 *	login_connect.c      connectors, one after the other, and their addresses
 *	login_again.c        again with the first connector: redirects, refused TLS sessions
 *	login_remembered.c   the route that worked last
 *	login_stream.c       its stream
 *	login_deadline.c     the deadline of the whole login
 *	login_tls.c          the TLS configuration, trust decisions
 *	login_certificate.c  the client certificate
 *	login_features.c     the stream features
 *	login_settings.c     the settings with which it began
 * login_routes.c and account.c do not call it.
 */

/** Transitions are in brackets. Only login.c and login_connect.c set the state. */
enum envoi__login_state {
	/** a connector is connecting [transport: NEGOTIATING; none: OVER] */
	ENVOI__LOGIN_CONNECTING,
	/** [stream ready: ONLINE; stream closed: OVER, or CONNECTING to another address] */
	ENVOI__LOGIN_NEGOTIATING,
	ENVOI__LOGIN_ONLINE, /**< [stream closed: OVER] */
	ENVOI__LOGIN_OVER,
};

struct envoi__login;

/** Functions of the owner, called from the loop. They may free the login. */
struct envoi__login_owner {
	/** the session is online */
	void (*ready)(void *user, struct envoi__login *login);
	/** once, last. @param why  moved */
	void (*ended)(void *user, struct envoi__login *login, struct envoi_failure *why);
	void *user;
};

enum {
	ENVOI__LOGIN_FEATURES = 16, /* the most that a kind has */
};

/** Makes a stream feature, owned by the caller. @param[out] ret_feature  NULL: it is not needed */
typedef int envoi__feature_maker(struct envoi__login *login, struct envoi_handler **ret_feature);

/** What differs between the logins of clients and components. */
struct envoi__login_kind {
	const char *content_ns; /* of its streams; NULL: jabber:client */
	const char *service; /* for the look-up of service records: "xmpp-client" */
	unsigned int required; /* bits of its streams, beside ENVOI_STREAM_SECURE */
	bool is_domain; /* the address is the domain that the stream is for, and no account's */
	envoi__feature_maker *features[ENVOI__LOGIN_FEATURES]; /* fewer: ended by NULL */
};

/** Parameters; borrowed until the login is freed. */
struct envoi__login_parameters {
	const struct envoi__login_kind *kind;
	const char *host; /* that the server's certificate is for; NULL: the address's domain */
	struct envoi_session *session; /* may be freed after envoi__login_stop() */
	struct envoi_settings *settings; /* pins are added */
	struct envoi__account *account;
	const struct envoi__connectors *connectors;
	struct envoi_tls_decider *decider; /* NULL: none */
	envoi_tap_fn *tap; /* NULL: none */
	void *tap_user;
	const unsigned int *tap_off; /* the client's: bits of directions */
	bool takes_any_resource; /* the server chooses one */
};

/** The stream features of a login, made by its kind. */
struct envoi__login_features {
	struct envoi_handler *items[ENVOI__LOGIN_FEATURES];
	size_t count;
};

struct envoi__login {
	struct envoi__login_owner owner;
	struct envoi__login_parameters with;
	struct envoi_context *context; /* a reference */
	struct envoi__guard guard;
	/* settings, read when it began: later changes apply to the next login */
	struct envoi__connection_settings values;
	enum envoi__tls_mode tls_mode;
	uint64_t decision_timeout_ms;
	char *resource; /* that of the values; NULL: the server chooses */
	char *url; /* that of the values; NULL: the services of the domain */
	char *order; /* that of the values */
	bool names_server; /* the settings server or port do */
	char *remembered; /* the URL that worked last, while it is tried; NULL: none */
	struct envoi_session_owner session_owner;
	enum envoi__login_state state;
	bool is_leaving; /* no other connector or address is tried */
	bool has_started_again; /* without a TLS session that the server has refused */
	bool is_secure, is_authenticated; /* the stream */
	struct envoi_deferred start; /* calls the first connector, from the loop */
	struct envoi_timer deadline; /* of the whole login */
	uint64_t deadline_at_ms, left_ms; /* left: while it is suspended */
	unsigned int open_questions; /* to the application */
	struct envoi__login_features features;
	struct envoi__login_routes routes;
	struct envoi__login_tls tls;
};

/**
 * Begin to log in.
 * @param last  the failure of the last connection, whose redirect is followed; or NULL
 * @retval ENVOI_ERR_NOMEM  the login has not begun, and the owner is not called
 */
int envoi__login_new(struct envoi__login **ret_login, const struct envoi__login_owner *owner,
	const struct envoi__login_parameters *with, const struct envoi_failure *last);

/** Stop connecting; the owner is not called any more. The application may be called, and may free
 * the login. */
void envoi__login_stop(struct envoi__login *login);

/** Stop and free; NULL is allowed. Its stream must have been freed before. */
void envoi__login_free(struct envoi__login *login);

/** Disconnect in order: cancel connecting, or close the stream. The owner's `ended` is called. */
void envoi__login_leave(struct envoi__login *login);

/** The application has set the password of the certificate's key. */
void envoi__login_key_password_set(struct envoi__login *login, bool is_given);

/* --- for the files of a login --- */

/** Begin with the first connector, from the loop. */
void envoi__login_start(struct envoi__login *login);
/** Negotiate over a transport. @param transport  taken */
void envoi__login_use(struct envoi__login *login, struct envoi_transport *transport);
/** The last call for a login: its owner frees it. @param why  moved */
void envoi__login_end(struct envoi__login *login, struct envoi_failure *why);
/** End the login with a failure: its owner frees it. */
void envoi__login_fail(struct envoi__login *login, enum envoi_phase phase, int code,
	const char *format, ...) ENVOI_PRINTF(4, 5);

/** @return whether a connector is connecting; to be checked after calls of a connector, which may
 * end or free the login */
bool envoi__login_is_connecting(const struct envoi__login *login);

/** Start the deadline, or start it again. */
void envoi__login_start_deadline(struct envoi__login *login, uint64_t timeout_ms);
/** The state has changed: start the deadline again with the time that is left. While connecting it
 * is slightly longer, so that the connector can report its attempts. */
void envoi__login_renew_deadline(struct envoi__login *login);
/** @return milliseconds left for the login; at least 1 */
uint64_t envoi__login_time_left_ms(const struct envoi__login *login);

/** While at least one question to the application is open, the deadline is suspended. */
void envoi__login_question_opens(struct envoi__login *login);
void envoi__login_question_closes(struct envoi__login *login);

/** Before calls that may free the login. */
static inline void envoi__login_enter(struct envoi__login *login)
{
	envoi__guard_enter(&login->guard);
}
/** The login may be freed when it returns. */
void envoi__login_exit(struct envoi__login *login);

/* login_connect.c */

/** @return the domain that the certificate of the XMPP server is for; borrowed */
const char *envoi__login_host(const struct envoi__login *login);
/** Try the connectors, from the current one on. The login ends when all have failed. */
void envoi__login_connect(struct envoi__login *login);
/** Try another address of the same connector. @return false: there is none, the failure stands */
bool envoi__login_try_next(struct envoi__login *login, const struct envoi_failure *why);
/** Have the connector drop its other addresses. It may close open questions, and the application
 * may free everything inside. */
void envoi__login_forget_addresses(struct envoi__login *login);
/** Leave the server of the stream, and be connecting again.
 * @return false: the application has ended or freed the login inside */
bool envoi__login_leave_server(struct envoi__login *login);

/* login_again.c */

/** Some servers fail a handshake that offers a TLS session which has expired there. The session was
 * removed from the cache: connect to the same servers once more. @return false: it is another case
 */
bool envoi__login_start_again(struct envoi__login *login);
/** @return false: no redirect, or one that is refused; then @p why has the reason */
bool envoi__login_follow_redirect(struct envoi__login *login, struct envoi_failure *why);
/** XEP-0198, section 3: where the location of a session leads to no login, the standard algorithm
 * applies. @return false: the login was not at a location */
bool envoi__login_leave_location(struct envoi__login *login, const struct envoi_failure *why);
/** Choose the host that is tried first: that of a redirect, or where the server wants its session
 * resumed. @param last  the failure of the last connection; or NULL */
void envoi__login_choose_host(struct envoi__login *login, const struct envoi_failure *last);

/* login_remembered.c */

/** The session is online: what host-meta has led to is tried first the next time. */
void envoi__login_remember_route(struct envoi__login *login);
/** Take the route that worked last; without memory none. */
void envoi__login_take_remembered(struct envoi__login *login);
/** The route that worked last has failed: try all. @return false: none was remembered */
bool envoi__login_leave_remembered(struct envoi__login *login);
/** The login has failed: the next one tries all routes, unless this one has authenticated. */
void envoi__login_forget_remembered(struct envoi__login *login);

/* login_stream.c */

/** @param transport  taken, on failure too */
int envoi__login_make_stream(const struct envoi__login *login, struct envoi_stream **ret_stream,
	struct envoi_transport *transport);

/* login_settings.c */

/** @retval ENVOI_ERR_NOMEM */
int envoi__login_settings_read(struct envoi__login *login);
void envoi__login_settings_finish(struct envoi__login *login);

/* login_features.c */

int envoi__login_features_make(struct envoi__login *login);
void envoi__login_features_free(struct envoi__login_features *features);

#endif
