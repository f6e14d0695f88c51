/*
 * envoi - dialing: from an XMPP domain to a connected socket
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_DIAL_H
#define ENVOI_INTERFACES_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/failure.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;
struct envoi_resolver;
struct envoi_settings;

/** How a connection gets its TLS. */
enum envoi_route {
	ENVOI_ROUTE_STARTTLS = 1, /**< it begins in clear (RFC 6120, section 5) */
	ENVOI_ROUTE_DIRECT = 2, /**< TLS from the first byte (XEP-0368) */
};

/** The socket functions that a dial uses. Tests may replace them. */
struct envoi_sockets {
	/**
	 * Begin to connect.
	 *
	 * @param ret_fd  on success a non-blocking descriptor that becomes writable when the
	 *                outcome is known
	 * @return 0, or a negative errno
	 */
	int (*connect)(void *user, const struct sockaddr *address, socklen_t len, int *ret_fd);

	/** Called when the descriptor is writable. @return 0: connected; else a negative errno */
	int (*outcome)(void *user, int fd);

	/** Close a descriptor that is not passed to the application. */
	void (*close)(void *user, int fd);
	void *user; /**< passed to each of the functions */
};

/** An established connection. The struct is borrowed for the callback that receives it. */
struct envoi_dialed {
	/**
	 * connected, non-blocking, close-on-exec, with TCP_NODELAY; owned by the receiver of the
	 * callback. -1: the connection has passed a trial, which took the descriptor
	 */
	int fd;
	void *own; /**< of a connection that has passed a trial: trial->own, owned as @p fd */
	enum envoi_route route;
	/** name of the target, for logs: the certificate is verified for the XMPP domain */
	char host[256];
	char address[64]; /**< "192.0.2.1", "2001:db8::1" */
	uint16_t port;
};

/** The test of one connection before it is used. */
struct envoi_trial {
	void *own; /**< for the hooks, which set it in `begin` */
};

/**
 * Functions that test whether a connected socket is usable. Direct TLS needs such a trial: its
 * handshake must succeed. When a trial takes long, other connections are attempted in parallel.
 */
struct envoi_trial_hooks {
	/**
	 * Begin a trial. The hooks end it with envoi_trial_pass() or envoi_trial_fail(), from the
	 * loop and not inside `begin`; the dial ends it with `drop`. After either, @p trial is
	 * freed.
	 *
	 * @param dialed  its descriptor is taken, on failure too; the struct is borrowed
	 * @retval <0  the trial has failed with this code; `drop` is not called
	 */
	int (*begin)(void *user, struct envoi_trial *trial, const struct envoi_dialed *dialed);

	/**
	 * Free trial->own. Called when another connection is used, when a timeout expires, and when
	 * the dial is freed; also for a trial that has passed, if the dial is freed before `done`
	 * is called. Not called where trial->own is NULL. The dial may be freed inside.
	 *
	 * @param trial  a copy of the struct that `begin` was called with; borrowed for the call
	 */
	void (*drop)(void *user, struct envoi_trial *trial);

	void *user; /**< passed to both functions */
};

/** End a trial: the connection is usable, and the dial ends with it. The dial owns trial->own until
 * its callback passes it on as envoi_dialed.own. */
ENVOI_API void envoi_trial_pass(struct envoi_trial *trial);

/**
 * Pause a trial while the application decides about the server's certificate. The timeouts of the
 * trial and of the dial are suspended; the decision timeout of the options applies. Until the trial
 * ends, no other connection is started or used, except that other trials which have begun may pass.
 *
 * @param waits  false: the application has decided; the trial continues with the full trial timeout
 */
ENVOI_API void envoi_trial_wait(struct envoi_trial *trial, bool waits);

/** End a trial: the connection is not usable. Free trial->own before the call; `drop` is not
 * called.
 * @param why  borrowed; its phase, code and text are kept */
ENVOI_API void envoi_trial_fail(struct envoi_trial *trial, const struct envoi_failure *why);

/** Where to connect to, and how. A zeroed member has its default. Strings are copied. */
struct envoi_dial_options {
	/** the XMPP domain, as A-labels or U-labels, or an address, also as "[::1]" */
	const char *domain;
	const char *service; /**< "xmpp-client" (default) or "xmpp-server" */
	unsigned int routes; /**< OR of enum envoi_route; default: STARTTLS */
	/**
	 * the name or address of the server, in the forms of @p domain. NULL: service records are
	 * looked up
	 */
	const char *host;
	/**
	 * the port on @p host or, if that is NULL, on the domain, without a look-up of service
	 * records. 0: the port of the service record, else the default of the route. Where no
	 * service records are looked up and @p routes has both, STARTTLS is used
	 */
	uint16_t port;
	/* Times are in milliseconds. */
	uint64_t resolve_timeout_ms; /**< of each look-up; default 15,000 */
	uint64_t attempt_timeout_ms; /**< of connecting to one address; default 15,000 */
	uint64_t trial_timeout_ms; /**< of one trial; default 20,000 */
	uint64_t decision_timeout_ms; /**< of a decision during a trial; default: none */
	uint64_t timeout_ms; /**< of the whole dial; default: none */
	/** between the starts of two attempts (RFC 8305, section 5); default 250 */
	uint64_t stagger_ms;
	const struct envoi_sockets *sockets; /**< borrowed until the dial is freed; default: TCP */
	/** borrowed until the dial is freed; default: one for @p name_servers, or the context's */
	struct envoi_resolver *resolver;
	const char *name_servers; /**< "192.0.2.1,[2001:db8::1]:5353"; default: the system's */
	const struct envoi_trial_hooks *trials; /**< copied; default: no trials */
	/** OR of enum envoi_route: connections of these routes have a trial; default: none */
	unsigned int trial_routes;
};

/**
 * Set host, name servers, port, routes and timeouts from the settings server, resolve.servers,
 * port, tls.mode, resolve.timeout, connect.timeout, connect.stagger, tls.timeout and
 * tls.decision-timeout; other members stay as they are. Texts are borrowed from @p settings.
 */
ENVOI_API void envoi_dial_options_from_settings(
	struct envoi_dial_options *options, const struct envoi_settings *settings);

/**
 * Reports the outcome of a dial. Called from the loop, once, and once more after each successful
 * envoi_dial_next(). The dial may be freed inside.
 *
 * The failure lists every attempt with its own reason, look-ups included. Its phase is RESOLVE when
 * no address was found, CONNECT when no address accepted a connection. Its code is TIMEOUT when all
 * attempts of that phase timed out or timeout_ms has expired, SYSTEM or NOMEM when all of them
 * failed on this host, else UNREACHABLE. Where connections were established and then failed, in a
 * trial or by envoi_dial_next(), the failure is that of one of them: the first with
 * ENVOI_ERR_CERTIFICATE, else the first with ENVOI_ERR_TLS, else the first.
 *
 * @param dialed   the connection; NULL on failure
 * @param failure  borrowed for the call. On success NULL, or code ENVOI_OK with the attempts that
 *                 failed before
 */
typedef void envoi_dialed_fn(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure);

/**
 * A dial: finds a server and connects to it (RFC 6120, section 3.2).
 *
 * 1. Service records: SRV records of _xmpp-client._tcp and, for direct TLS, of _xmpps-client._tcp
 *    are looked up in parallel and merged by priority and weight (RFC 2782, XEP-0368). A sole
 *    target "." means that the domain does not offer the service on that route. If the answers are
 *    NXDOMAIN or NODATA, the domain itself is the target: on port 5222 with STARTTLS, or on port
 *    5223 if direct TLS is the only route; but not if either route has the target "." (XEP-0368,
 *    section 4). SERVFAIL, a malformed answer and a timeout are temporary failures: they never lead
 *    to the domain itself, which may be another machine. When one of the two look-ups has records,
 *    the dial waits at most one second for the other.
 * 2. Addresses: the A and AAAA records of a target are looked up in parallel. Targets are looked up
 *    in their order, the next one when the last address of the current one is attempted.
 * 3. Connections (RFC 8305): address families alternate, beginning with IPv6; an IPv4 address waits
 *    at most 50 ms for IPv6 addresses. Each attempt starts stagger_ms after the one before, or as
 *    soon as one has failed. The first connected socket is used, the others are closed.
 * 4. Trials, where the options have them: the first connection that passes its trial is used. A
 *    trial delays other connections by stagger_ms, or by three times what connecting took if that
 *    is longer, at most 2 s.
 * 5. If the application cannot use the connection, envoi_dial_next() continues with all addresses
 *    and targets that have not failed.
 *
 * At most 128 targets, and 64 addresses of each family of each target, are attempted. The number of
 * further ones is logged as a warning, and is an attempt of the failure (ENVOI_ERR_LIMIT). Targets
 * without a port, and targets that are not host names, are left out; an IPv4 address as a target is
 * accepted.
 */
struct envoi_dial;

/**
 * Begin to dial. Returns at once; @p done is called from the loop.
 *
 * @param[out] ret_dial  owned by the caller; free it with envoi_dial_free()
 * @param options  borrowed for the call
 * @param done     see envoi_dialed_fn
 * @param user     passed to @p done
 * @retval ENVOI_ERR_INVALID  the domain or host is neither a DNS name nor an address, the service
 *                            is unknown, or the name servers are malformed
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM   the resolver cannot be made
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_dial_new(struct envoi_dial **ret_dial,
	struct envoi_context *context, const struct envoi_dial_options *options,
	envoi_dialed_fn *done, void *user);

/**
 * Continue with the addresses and targets that have not failed, because the connection that `done`
 * was called with has failed. `done` is called once more.
 *
 * @param why         the failure of that connection; borrowed for the call. It is added to the
 *                    attempts, and can become the failure of the dial: see envoi_dialed_fn
 * @param timeout_ms  from now to the end of the dial, in place of options.timeout_ms; 0: none. The
 *                    time since the callback is not counted: the caller subtracts what it used
 * @retval ENVOI_ERR_STATE  `done` was not called with a connection since the dial began or was
 *                          continued
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_dial_next(
	struct envoi_dial *dial, const struct envoi_failure *why, uint64_t timeout_ms);

/** Stop a dial without calling `done`, and free it; NULL is allowed. Trials are dropped first.
 * Allowed inside `done` and inside the hooks of trials. */
ENVOI_API void envoi_dial_free(struct envoi_dial *dial);

#ifdef __cplusplus
}
#endif
#endif
