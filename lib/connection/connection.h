/*
 * envoi - connections: what clients and components share
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CONNECTION_CONNECTION_H
#define ENVOI_CONNECTION_CONNECTION_H

#include <envoi/context.h>
#include <envoi/interfaces/session.h>

#include "base/guard.h"
#include "connection/account.h"
#include "connection/login.h"
#include "connection/reconnect.h"
#include "connection/setter_errors.h"

/*
 * The files:
 *	connection.c           making, freeing; one login after the other, leaving, running
 *	connection_setters.c   what is set before it connects
 *	connection_failure.c   the last failure
 */

struct envoi__connection;

/** What differs between clients and components. Functions are called from the loop, and with the
 * connection entered: they may end it. */
struct envoi__connection_kind {
	const char *noun; /* "client" */
	const char *address_problem; /* of a malformed one */
	const struct envoi__login_kind *login;
	bool retries_conflict; /* of streams: the peer may hold a dead connection of the past */
	/** OPTIONAL. A login begins: change its parameters. @return <0: it does not begin */
	int (*prepare)(struct envoi__connection *connection, struct envoi__login_parameters *with);
	/** The session is online, and its state at the peer has to be restored. */
	void (*restore)(struct envoi__connection *connection);
	/** OPTIONAL. An attempt has failed, or the connection has ended: add to the failure. */
	void (*explain)(struct envoi__connection *connection, struct envoi_failure *why);
	/** OPTIONAL. The session is online, and will be closed: send its last stanzas.
	 * @return ENVOI_AGAIN: envoi__connection_close() follows later */
	int (*leave)(struct envoi__connection *connection);
	/** OPTIONAL. It is being freed, and its session will be: detach from the session. */
	void (*detach)(struct envoi__connection *connection);
	/** OPTIONAL. Free what it has beside the connection. */
	void (*finish)(struct envoi__connection *connection);
};

/** The public enumerations of clients and components have the same values. */
enum envoi__connection_state {
	ENVOI__CONNECTION_OFFLINE,
	ENVOI__CONNECTION_CONNECTING,
	ENVOI__CONNECTION_ONLINE,
	ENVOI__CONNECTION_SUSPENDED,
	ENVOI__CONNECTION_LEAVING,
};

/** A session that is kept connected, by one login after the other. The first member of the client
 * or component, whose memory is freed with the last call on the stack. */
struct envoi__connection {
	const struct envoi__connection_kind *kind;
	struct envoi_context *context; /* a reference */
	struct envoi__guard guard;
	struct envoi_session *session;
	struct envoi_settings *settings;
	struct envoi__account account;
	struct envoi__setter_errors setter_errors;
	struct envoi__connectors connectors;
	struct envoi_tls_decider *decider; /* the application's; NULL: none */
	envoi_tap_fn *tap;
	void *tap_user;
	unsigned int tap_off; /* bits of directions */
	struct envoi__login *login; /* NULL: no attempt, no connection */
	struct envoi__reconnect reconnect;
	uint64_t restored_epoch; /* of the session that was restored last; 0: none */
	struct envoi_handler watcher; /* of the session's events, for running */
	bool is_running, is_quitting;
	bool is_leaving; /* its last stanzas are being sent */
	bool is_hinted; /* during the attempt: the next one follows soon */
	struct envoi_failure failure; /* the last one */
	bool has_failure;
	char *failure_text; /* made on demand */
};

/* --- making and freeing --- */

/** @return a reference to the context to be used, in *ret_context
 * @param context   NULL: that of @p settings, or one of its own
 * @param settings  NULL: the defaults
 * @retval ENVOI_ERR_INVALID  @p settings belong to another context
 * @retval ENVOI_ERR_NOMEM */
int envoi__connection_choose_context(struct envoi_context **ret_context,
	struct envoi_context *context, const struct envoi_settings *settings);

/**
 * Make the parts of a connection, in zeroed memory.
 *
 * @param context   the reference is taken
 * @param jid       NULL: "". A malformed one is noted, and reported when it connects
 * @param settings  copied; NULL: the defaults
 * @retval ENVOI_ERR_NOMEM  to be freed with envoi__connection_free()
 */
int envoi__connection_init(struct envoi__connection *connection,
	const struct envoi__connection_kind *kind, struct envoi_context *context, const char *jid,
	const struct envoi_settings *settings);

/** Attach the handlers that every client and component has (client/defaults.c). */
int envoi__default_handlers(struct envoi_session *session);

/** Free the connection, with the events that are due, and the memory that it is in. Idempotent
 * while calls are on the stack. */
void envoi__connection_free(struct envoi__connection *connection);

/** Before calls that may free the connection. */
static inline void envoi__connection_enter(struct envoi__connection *connection)
{
	envoi__guard_enter(&connection->guard);
}
/** The connection may be freed when it returns. */
static inline void envoi__connection_exit(struct envoi__connection *connection)
{
	if (envoi__guard_leave(&connection->guard)) {
		struct envoi_context *context = connection->context;
		envoi_free(context, connection);
		envoi_context_unref(context);
	}
}

/* --- connecting, as the functions of <envoi/client.h> --- */

/** @return whether no attempt is in progress or will be made */
static inline bool envoi__connection_is_offline(const struct envoi__connection *connection)
{
	return connection->login == NULL && !connection->reconnect.is_waiting;
}

enum envoi__connection_state envoi__connection_state(const struct envoi__connection *connection);
const char *envoi__connection_state_name(enum envoi__connection_state state);
int envoi__connection_connect(struct envoi__connection *connection);
void envoi__connection_disconnect(struct envoi__connection *connection);
/** The last stanzas were sent: close the session. */
void envoi__connection_close(struct envoi__connection *connection);
void envoi__connection_hint(struct envoi__connection *connection);
int envoi__connection_run(struct envoi__connection *connection);
void envoi__connection_quit(struct envoi__connection *connection);

/* --- connection_setters.c --- */

/** Note how a setter has ended, for the failure and for connecting.
 * @param text  what was refused, and why. @return @p code */
int envoi__connection_note(
	struct envoi__connection *connection, const char *subject, int code, const char *text);
int envoi__connection_set(struct envoi__connection *connection, const char *name, const char *text);
int envoi__connection_set_assignment(struct envoi__connection *connection, const char *assignment);
int envoi__connection_add(struct envoi__connection *connection, struct envoi_handler *handler);
int envoi__connection_add_connector(
	struct envoi__connection *connection, struct envoi_connector *connector);
void envoi__connection_set_tap(struct envoi__connection *connection, envoi_tap_fn *tap, void *user);
void envoi__connection_switch_tap(
	struct envoi__connection *connection, enum envoi_direction direction, bool is_on);

/* --- connection_failure.c --- */

/** Set the failure. @param why  moved */
void envoi__connection_keep_failure(
	struct envoi__connection *connection, struct envoi_failure *why);
/** Set the failure, while offline. */
void envoi__connection_show_setter_error(
	struct envoi__connection *connection, int code, const char *text);
const struct envoi_failure *envoi__connection_failure(const struct envoi__connection *connection);
const char *envoi__connection_failure_text(struct envoi__connection *connection);

#endif
