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

/** The socket functions that dialing uses; replaceable, for tests. */
struct envoi_sockets {
	/**
	 * Begin to connect.
	 *
	 * @param ret_fd  on success a non-blocking descriptor that becomes writable when the
	 *                outcome is known
	 * @return 0, or a negative errno
	 */
	int (*connect)(void *user, const struct sockaddr *address, socklen_t len, int *ret_fd);

	/** @return the outcome: 0: connected; or a negative errno */
	int (*outcome)(void *user, int fd);

	/** Close a descriptor that is not handed over. */
	void (*close)(void *user, int fd);
	void *user;
};

/** A connection that came about; borrowed for the callback that receives it. */
struct envoi_dialed {
	/**
	 * the receiver's: connected, non-blocking, close-on-exec, without Nagle's delay; -1: a
	 * trial has taken it
	 */
	int fd;
	void *own; /**< trial->own of the trial that passed, now the receiver's; NULL: no trial */
	enum envoi_route route;
	/** name of the target, for logs: the certificate is verified for the XMPP domain */
	char host[256];
	char address[64]; /**< "192.0.2.1", "2001:db8::1" */
	uint16_t port;
};

/** A connection on trial. */
struct envoi_trial {
	void *own; /**< the hooks' own; set in `begin` */
};

/**
 * What finds out whether a connection is usable where being connected is not enough: for direct TLS
 * the handshake must succeed. Other connections are tried beside it when the trial takes long.
 */
struct envoi_trial_hooks {
	/**
	 * Begin a trial. It ends with envoi_trial_pass() or envoi_trial_fail(), called from the
	 * loop and not inside `begin`, or with `drop`; @p trial is freed then.
	 *
	 * @param dialed  its descriptor is taken, also on failure
	 * @retval <0  the same as failing with this code
	 */
	int (*begin)(void *user, struct envoi_trial *trial, const struct envoi_dialed *dialed);

	/**
	 * Free trial->own: another connection has won, the time is over, or the dial is freed. The
	 * dial may be freed inside.
	 */
	void (*drop)(void *user, struct envoi_trial *trial);

	void *user;
};

/** The connection is usable and wins. trial->own is the dial's until it is handed over. */
ENVOI_API void envoi_trial_pass(struct envoi_trial *trial);

/**
 * Pause a trial while the application decides about the server's certificate: the timeouts of the
 * trial and of the dial are suspended, and the decision timeout of the options holds. Other
 * connections neither begin nor win until the trial has ended, but those on trial already may.
 *
 * @param waits  false: the application has decided; the trial continues with the full trial timeout
 */
ENVOI_API void envoi_trial_wait(struct envoi_trial *trial, bool waits);

/** The connection is not usable. The hooks have freed trial->own.
 * @param why  borrowed; its phase, code and text are kept */
ENVOI_API void envoi_trial_fail(struct envoi_trial *trial, const struct envoi_failure *why);

/** Where to connect to, and how. A zeroed member has its default; strings are copied. */
struct envoi_dial_options {
	/** the XMPP domain, as A-labels or U-labels, or an address, also as "[::1]" */
	const char *domain;
	const char *service; /**< "xmpp-client" (default) or "xmpp-server" */
	unsigned int routes; /**< OR of enum envoi_route; default: STARTTLS */
	/** NULL: targets of the domain's service records; else this name or address (as @p domain)
	 *  */
	const char *host;
	/**
	 * not 0: this port on @p host, else on the domain, without service records. Without service
	 * records and with both routes, STARTTLS is used
	 */
	uint16_t port;
	uint64_t resolve_timeout_ms; /**< for a look-up; default 15,000 */
	uint64_t attempt_timeout_ms; /**< for connecting to an address; default 15,000 */
	uint64_t trial_timeout_ms; /**< for a trial; default 20,000 */
	uint64_t decision_timeout_ms; /**< for a decision during a trial; default: no limit */
	uint64_t timeout_ms; /**< for the whole dial; default: no limit besides the others */
	uint64_t stagger_ms; /**< between starts (RFC 8305, section 5); default 250 */
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
 * Called from the loop, once, and once more after each envoi_dial_next(). The dial may be freed
 * inside.
 *
 * @param dialed   the connection that won; NULL on failure
 * @param failure  borrowed. On success NULL, or with code ENVOI_OK and the attempts that failed
 *                 before. On failure phase RESOLVE: no address was found; CONNECT: none accepted a
 *                 connection. Code TIMEOUT: all attempts of that phase timed out, or the whole time
 *                 was over; SYSTEM or NOMEM: all failed on this host; else UNREACHABLE. Where
 *                 connections came about and then failed (in a trial, or by envoi_dial_next()), the
 *                 failure is the reason of one of them: ENVOI_ERR_CERTIFICATE before ENVOI_ERR_TLS
 *                 before others, the first of a kind. Lists each attempt with its own reason,
 *                 look-ups included
 */
typedef void envoi_dialed_fn(
	void *user, const struct envoi_dialed *dialed, const struct envoi_failure *failure);

/**
 * Finding and reaching a server (RFC 6120, section 3.2).
 *
 * 1. Service records: SRV records of _xmpp-client._tcp and, for direct TLS, of _xmpps-client._tcp
 *    are looked up together and merged by priority and weight (RFC 2782, XEP-0368). A sole target
 *    "." means that the service is refused on that route. Where there are no records, which is
 *    NXDOMAIN or NODATA and nothing else, the domain itself is tried: on port 5222 with STARTTLS,
 *    or, where direct TLS is the only route, on port 5223; but not where either route is refused
 *    with "." (XEP-0368, section 4). SERVFAIL, a malformed answer and a timeout are temporary
 *    failures: they never lead to the domain itself, which may be another machine. When one of the
 *    two look-ups has records, it waits at most one second for the other.
 * 2. Addresses: A and AAAA records of a target are looked up together, targets in their order, the
 *    next target's while the last address of this one is being tried.
 * 3. Connections (RFC 8305): families alternate, beginning with IPv6 (an IPv4 address waits at most
 *    50 ms for IPv6 ones); each start comes 250 ms after the one before, or as soon as one has
 *    failed; the first connected socket wins, the others are closed.
 * 4. Trials, where the options have them (direct TLS): the first trial that passes wins. A trial
 *    holds other connections back for 250 ms, or three times what connecting took, at most 2 s.
 * 5. When a winner is of no use, envoi_dial_next() continues with all that have not failed.
 *
 * At most 128 targets, and 64 addresses of each family of each target, are tried. How many more
 * there were is logged as a warning, and is an attempt of the failure (ENVOI_ERR_LIMIT). A target
 * without a port is left out, and so is a target that is no host name; an IPv4 address is taken as
 * an address.
 */
struct envoi_dial;

/**
 * Begin to dial; returns at once, everything happens in the loop.
 *
 * @param options  borrowed for the call
 * @retval ENVOI_ERR_INVALID  the domain or host is neither a DNS name nor an address, the service
 *                            is unknown, or the name servers are malformed
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM   the resolver cannot be made
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_dial_new(struct envoi_dial **ret_dial,
	struct envoi_context *context, const struct envoi_dial_options *options,
	envoi_dialed_fn *done, void *user);

/**
 * The connection that was handed over is of no use: continue with the addresses and targets that
 * have not failed. `done` is called once more.
 *
 * @param why         borrowed: it becomes an attempt, and the reason of a failure where it says
 *                    more than the others
 * @param timeout_ms  for all that follows; 0: none but the other timeouts. The time between the
 *                    hand-over and this call is the caller's: only the caller knows for how much of
 *                    it the application was deciding
 * @retval ENVOI_ERR_STATE  nothing was handed over, or a failure was reported
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_dial_next(
	struct envoi_dial *dial, const struct envoi_failure *why, uint64_t timeout_ms);

/** Stop without a callback and free; NULL is allowed. Allowed in `done` and in the hooks of trials.
 *  */
ENVOI_API void envoi_dial_free(struct envoi_dial *dial);

#ifdef __cplusplus
}
#endif
#endif
