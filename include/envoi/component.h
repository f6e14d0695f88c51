/*
 * envoi - components
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_COMPONENT_H
#define ENVOI_COMPONENT_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/context.h>
#include <envoi/failure.h>
#include <envoi/session.h>
#include <envoi/settings.h>
#include <envoi/tap.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_connector;

/**
 * A component of a server (XEP-0114): a program that serves a domain of its own, with any number of
 * addresses. It connects, proves its secret, receives all stanzas to its domain, and connects again
 * when the connection is lost, as a client does.
 *
 * Handlers and requests belong to its session. A row gets stanzas to all addresses of the domain:
 * envoi_stanza_to() returns that address, and a reply has it as its sender. A stanza that is
 * sent needs `from`, an address of the domain, and `to`: without them a server may end the
 * connection, therefore such a stanza is refused with ENVOI_ERR_INVALID. envoi_request_iq() sets
 * `from` to the domain itself; envoi_stanza_set_from() sets another one before envoi_request().
 * Subscription requests and their answers are sent between bare addresses (RFC 6121, section 3).
 *
 * There is no resumption (XEP-0198) between a component and its server: stanzas that were sent just
 * before the connection was lost may be lost, too. envoi_client_connect() describes the attempts to
 * connect again; three points differ:
 * - After a conflict, another connection of the component is open at the server. It may be a dead
 *   one: attempts follow for a day, each at least a minute after the last.
 * - If the server has no component of that domain, or another secret for it, the component stops
 *   with ENVOI_RETRY_AFTER_USER. Servers do not always distinguish the two cases.
 * - Before the first session has started, a failure stops the component, unless the setting
 *   reconnect.initial is on, which programs that start together with their server need.
 *
 * A silent connection is probed with a ping from the domain to itself, which the server routes back
 * (setting liveness.method). Where several components share the domain the ping may reach another
 * one: set liveness.method to white-space there.
 *
 * The connection: the settings `server` (default: localhost) and `port` (default: 5347) name the
 * server's port for components; there is no look-up of service records. XEP-0114 has no STARTTLS.
 * - tls.mode none: the connection is in clear. The secret is not sent, but every host on the path
 *   can read and change the stanzas.
 * - tls.mode direct: TLS from the first byte; the certificate must be for `server`.
 * - else: in clear if `server` is localhost or a loopback address, direct TLS otherwise.
 */
struct envoi_component;

/**
 * Make a component.
 *
 * @param[out] ret_component  owned by the caller; free it with envoi_component_free()
 * @param context  a reference is taken; NULL: a context and a loop of the component's own
 * @param domain   of the component, "gateway.example.org". An invalid one, or NULL, is reported by
 *                 envoi_component_connect() and envoi_component_run()
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_component_new(
	struct envoi_component **ret_component, struct envoi_context *context, const char *domain);

/**
 * As envoi_component_new(), with settings.
 * @param context   NULL: the context of @p settings
 * @param settings  copied: changing them later has no effect on the component; NULL: the defaults
 * @retval ENVOI_ERR_INVALID  @p settings belong to another context
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_component_new_with(struct envoi_component **ret_component,
	struct envoi_context *context, const char *domain, const struct envoi_settings *settings);

/** Free a component; NULL is allowed. Allowed inside every callback. The connection is cut;
 * requests, tickets and events end as with envoi_client_free(). */
ENVOI_API void envoi_component_free(struct envoi_component *component);

/** @return the session, which lives as long as the component. Its address is the domain */
ENVOI_API struct envoi_session *envoi_component_session(struct envoi_component *component);
/** @return the component of a session; NULL: the session does not belong to a component */
ENVOI_API struct envoi_component *envoi_session_component(const struct envoi_session *session);

/** @return the settings, which live as long as the component */
ENVOI_API struct envoi_settings *envoi_component_settings(struct envoi_component *component);
/** Set a setting from text: as envoi_client_set(). A change takes effect with the next attempt to
 * connect; of the settings reconnect.*, with the next envoi_component_connect(). */
ENVOI_API int envoi_component_set(
	struct envoi_component *component, const char *name, const char *text);
/** As envoi_component_set(), from one text "NAME=VALUE", such as an argument of a command line.
 * @retval ENVOI_ERR_INVALID  also: it has no name or no "=" */
ENVOI_API int envoi_component_set_assignment(
	struct envoi_component *component, const char *assignment);
/** Set the secret that the component shares with the server.
 * @param secret  copied, and wiped with the component; NULL: reported when it connects
 * @retval ENVOI_ERR_INVALID  NULL, or empty
 * @retval ENVOI_ERR_NOMEM */
ENVOI_API int envoi_component_set_secret(struct envoi_component *component, const char *secret);
/** Attach a handler to the session: envoi_session_add(). The result may be ignored, as that of
 * envoi_component_set(): connecting returns a failure. */
ENVOI_API int envoi_component_add(struct envoi_component *component, struct envoi_handler *handler);
/** Detach a handler: envoi_session_remove(). */
ENVOI_API void envoi_component_remove(
	struct envoi_component *component, struct envoi_handler *handler);
/** Add a connector, to be tried after those added before. Without any, TCP is used.
 * @param connector  taken, on failure too
 * @retval ENVOI_ERR_NOMEM */
ENVOI_API int envoi_component_add_connector(
	struct envoi_component *component, struct envoi_connector *connector);
/** Show the traffic of later connections (<envoi/tap.h>); the handshake is redacted.
 * @param tap  NULL: none */
ENVOI_API void envoi_component_set_tap(
	struct envoi_component *component, envoi_tap_fn *tap, void *user);
/** Set a pointer of the program's own; the library does not use it. @param user  NULL at first */
ENVOI_API void envoi_component_set_user(struct envoi_component *component, void *user);
/** @return what envoi_component_set_user() has set */
ENVOI_API void *envoi_component_user(const struct envoi_component *component);

/** The state of a component: as enum envoi_client_state. */
enum envoi_component_state {
	/** before the first envoi_component_connect(), and from ENVOI_EVENT_STOPPED on */
	ENVOI_COMPONENT_OFFLINE,
	/** no session has started since envoi_component_connect(): an attempt is in progress, or,
	 * with the setting reconnect.initial, scheduled */
	ENVOI_COMPONENT_CONNECTING,
	ENVOI_COMPONENT_ONLINE, /**< a session has started: stanzas can be sent */
	/** the connection was lost; another attempt is scheduled or in progress */
	ENVOI_COMPONENT_SUSPENDED,
	/** envoi_component_disconnect() or envoi_component_quit() was called */
	ENVOI_COMPONENT_LEAVING,
};

/** @return the current state; inside an event row it may be newer than the event */
ENVOI_API enum envoi_component_state envoi_component_state(const struct envoi_component *component);
/** @return "offline", "connecting", "online", "suspended", "leaving"; "unknown" for others; static
 */
ENVOI_API const char *envoi_component_state_name(enum envoi_component_state state);

/* --- connecting --- */

/**
 * Begin to connect. Returns at once; events of the session report the progress, as for
 * envoi_client_connect(): each ENVOI_EVENT_DISCONNECTED is followed by ENVOI_EVENT_SUSPENDED or
 * ENVOI_EVENT_STOPPED.
 *
 * @retval ENVOI_ERR_STATE  the component is not offline: envoi_component_state()
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_NOT_FOUND  a handler needs one that is not attached
 * @retval <0  otherwise the first failure of a setter that was not corrected
 * On failure there are no events.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_component_connect(struct envoi_component *component);
/** Disconnect in order: send the queued stanzas, and close the stream, within close.timeout. Before
 * that the own addresses become unavailable (<envoi/component_presence.h>). */
ENVOI_API void envoi_component_disconnect(struct envoi_component *component);
/** Report that the network has changed: as envoi_client_hint(). */
ENVOI_API void envoi_component_hint(struct envoi_component *component);
/** Connect if the component is offline, and run the context's own loop until ENVOI_EVENT_STOPPED:
 * as envoi_client_run(). */
ENVOI_API int envoi_component_run(struct envoi_component *component);
/** Disconnect as envoi_component_disconnect(); envoi_component_run() then returns ENVOI_OK. */
ENVOI_API void envoi_component_quit(struct envoi_component *component);

/** @return the reason why the component is offline, as envoi_client_failure(); NULL: none */
ENVOI_API const struct envoi_failure *envoi_component_failure(
	const struct envoi_component *component);
/** @return that failure as one line; never NULL; borrowed until the next connect or setter */
ENVOI_API const char *envoi_component_failure_text(struct envoi_component *component);

/* --- sending --- */

/** Send a message of type chat.
 * @param from  an address of the domain
 * @param to, body  as for envoi_message_new()
 * Errors as envoi_send(). */
ENVOI_API int envoi_component_send_text(struct envoi_component *component, const char *from,
	const char *to, const char *body, struct envoi_ticket *ticket);

#ifdef __cplusplus
}
#endif
#endif
