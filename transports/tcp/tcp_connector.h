/*
 * envoi - connectors over TCP: a dial, and what becomes of a connected socket
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_TCP_CONNECTOR_H
#define ENVOI_TCP_CONNECTOR_H

#include <stdbool.h>

#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/dial.h>
#include <envoi/interfaces/transport.h>

struct tcp_connector;
struct tcp_connector_kind;
struct tcp_proxy;
struct envoi__proxy_opening;

/** A connection in its trial: the handshakes before it is a transport. */
struct tcp_trial {
	struct envoi_context *context; /* borrowed: the opening and the transport have it too */
	const struct tcp_connector_kind *kind;
	struct envoi_trial *trial;
	struct tcp_connector *connector; /* borrowed: it drops its trials before it ends */
	struct envoi__proxy_opening *proxy; /* NULL: there is none, or it has connected */
	bool is_direct; /* TLS comes first; else there is none yet */
	void *opening; /* of the kind; NULL: it has ended */
	struct envoi_transport *transport; /* what came of it */
};

/** What differs between XMPP over TCP and over WebSocket. */
struct tcp_connector_kind {
	const char *name;

	/** @return whether it can connect to such a target; else ENVOI_ERR_UNSUPPORTED */
	bool (*supports)(const struct envoi_target *target);

	/** Set options of the dial that do not come from settings. @retval <0  connecting fails */
	int (*prepare)(struct tcp_connector *connector, const struct envoi_target *target,
		struct envoi_dial_options *options);

	/**
	 * Begin to open a channel, for connections of the dial's trial_routes, and through a
	 * proxy. Sets own->opening; envoi__tcp_trial_opened() follows from the loop, with @p own.
	 * @param channel  taken, on failure too
	 */
	int (*open)(struct tcp_connector *connector, struct tcp_trial *own,
		struct envoi_channel *channel);

	void (*free_opening)(void *opening);
};

/** Base of the connectors; embedded first, zeroed. */
struct tcp_connector {
	struct envoi_connector base;
	struct envoi_connector_impl impl; /* with the name of the kind */
	const struct tcp_connector_kind *kind;
	struct envoi_channel_options options;
	struct envoi_dial *dial; /* NULL: no dial is pending */
	bool is_waited_for; /* by `done` */
	struct envoi_trial_hooks trials;
	struct envoi_tls_config *tls; /* a reference; NULL: none */
	char *domain; /* as given: the name to be proved */
	struct tcp_proxy *proxy; /* NULL: none */
	envoi_connected_fn *done;
	void *user;
};

void envoi__tcp_connector_init(struct tcp_connector *connector, struct envoi_context *context,
	const struct tcp_connector_kind *kind);

/** End a trial: as envoi_opened_fn. @param user  struct tcp_trial, freed on failure */
void envoi__tcp_trial_opened(
	void *user, struct envoi_transport *transport, const struct envoi_failure *failure);

/** The trial waits for a trust decision, or continues. @param user  struct tcp_trial */
void envoi__tcp_trial_waiting(void *user, bool is_waiting);

#endif
