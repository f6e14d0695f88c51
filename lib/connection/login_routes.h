/*
 * envoi - a login: the connectors and hosts that it tries
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CONNECTION_LOGIN_ROUTES_H
#define ENVOI_CONNECTION_LOGIN_ROUTES_H

#include <envoi/interfaces/transport.h>

#include "base/kept_failure.h"

/** A client's connectors, owned, in the order in which they are tried. */
struct envoi__connectors {
	struct envoi_connector **items;
	size_t count;
};

/** @param connector  consumed on failure too */
int envoi__connectors_add(struct envoi__connectors *connectors, struct envoi_context *context,
	struct envoi_connector *connector);
/** Add the connectors that are compiled in (client/defaults.c). */
int envoi__default_connectors(struct envoi__connectors *to, struct envoi_context *context);
void envoi__connectors_finish(struct envoi__connectors *connectors, struct envoi_context *context);

/** The state of a login's connectors. */
struct envoi__login_routes {
	struct envoi_context *context;
	const struct envoi__connectors *connectors;
	const char *order; /* borrowed; NULL: that of the connectors */
	bool has_failed; /* a connector has */
	size_t at; /* of the connector that is connecting, or has made the transport */
	struct envoi__kept_failure attempts; /* of the connectors that have failed */
	/* attempts of the connector that has made the transport */
	struct envoi__kept_failure tried;
	char redirect_host[256]; /* "": none */
	uint16_t redirect_port;
	bool is_preferred; /* the redirect is where the server wants its session resumed */
	unsigned int redirects; /* followed */
};

void envoi__login_routes_init(struct envoi__login_routes *routes, struct envoi_context *context,
	const struct envoi__connectors *connectors);
void envoi__login_routes_finish(struct envoi__login_routes *routes);

/** @return NULL: all have failed */
struct envoi_connector *envoi__login_routes_connector(const struct envoi__login_routes *routes);

/** The connector has made a transport. @param failure  its attempts before; NULL: none */
void envoi__login_routes_connected(
	struct envoi__login_routes *routes, const struct envoi_failure *failure);
/** The connector has failed: the next one is due. The failure of a connector that looks for other
 * routes (`url`) does not replace an earlier one: it is listed with the attempts. */
void envoi__login_routes_failed(
	struct envoi__login_routes *routes, const struct envoi_failure *failure);
/** The login was redirected: it begins again with the first connector. */
void envoi__login_routes_redirect(
	struct envoi__login_routes *routes, const struct envoi_failure *why, const char *domain);
/** The login at the host of a redirect, or the preferred one, has failed: record the attempt. */
void envoi__login_routes_note(struct envoi__login_routes *routes, const struct envoi_failure *why);
/** Try a host before all others: where the server wants its session resumed (XEP-0198, section 5).
 */
void envoi__login_routes_prefer(
	struct envoi__login_routes *routes, const char *host, uint16_t port);
/** Drop the host of a redirect or the preferred one, and begin with the first connector. */
void envoi__login_routes_restart(struct envoi__login_routes *routes);
/** The preferred host has failed: drop it, and begin with the first connector.
 * @return false: there was none */
bool envoi__login_routes_leave_preferred(struct envoi__login_routes *routes);
/** Add all attempts so far to a failure. */
void envoi__login_routes_add_attempts(
	const struct envoi__login_routes *routes, struct envoi_failure *why);
/** The session is online: forget the attempts. */
void envoi__login_routes_forget(struct envoi__login_routes *routes);

/** @return whether a failure redirects to a host that may be connected to */
bool envoi__is_redirect(const struct envoi_failure *why);

/**
 * The settings for the next connector: after a redirect with its host as `server` and `port`. The
 * domain, and with it the name in the certificate, is the same (RFC 6120, section 4.9.3.19).
 * @param[out] ret_settings  @p settings, or a copy to be freed
 */
int envoi__login_routes_settings(const struct envoi__login_routes *routes,
	struct envoi_settings **ret_settings, struct envoi_settings *settings);

/** @return whether a failure before the login concerns the machine that was reached, not the
 * service, so that another address may be tried
 * @param is_secure, is_authenticated  the stream that has failed */
bool envoi__may_try_elsewhere(
	const struct envoi_failure *why, bool is_secure, bool is_authenticated);

#endif
