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

/** What is spoken first on a connection. */
enum envoi_road {
	ENVOI_ROAD_STARTTLS = 1, /**< XMPP in clear, to be changed to TLS (RFC 6120, section 5) */
	ENVOI_ROAD_DIRECT = 2, /**< TLS from the first byte (XEP-0368) */
};

/** The part of the socket interface that dialing uses; another one in tests. */
struct envoi_sockets {
	/**
	 * Begin to connect.
	 *
	 * @param ret_fd  on success a non-blocking descriptor that gets ready to be written to
	 *                when the outcome is known
	 * @return 0, or a negative errno
	 */
	int (*connect)(void *user, const struct sockaddr *address, socklen_t len, int *ret_fd);

	/** The outcome. @return 0: connected; or a negative errno */
	int (*outcome)(void *user, int fd);

	/** Close a descriptor that did not win. */
	void (*close)(void *user, int fd);
	void *user;
};

/** A connection; borrowed for the callback that is given it. */
struct envoi_dialed {
	/**
	 * the receiver's: connected, non-blocking, close-on-exec, without Nagle's delay; -1: a
	 * trial has taken it
	 */
	int fd;
	void *own; /**< what the trial has made of it, now the receiver's; NULL: there was none */
	enum envoi_road road;
	char host[256]; /**< the target's name: for people. Never for checking a certificate */
	char address[64]; /**< "192.0.2.1", "2001:db8::1" */
	uint16_t port;
};

/** One connection on trial. */
struct envoi_trial {
	void *own; /**< the judge's; set in `begin` */
};

/**
 * Who finds out whether a connection will do, where being connected is not enough: TLS must come
 * up, for example. Meanwhile the race goes on beside it, if the trial takes long.
 */
struct envoi_trial_judge {
	/**
	 * Try a connection. Ends with envoi_trial_pass() or envoi_trial_fail(), from the loop and not
	 * inside, or with `drop`; @p trial is gone then.
	 *
	 * @param dialed  its descriptor is taken, on failure too
	 * @retval <0  it cannot be tried: the same as failing with this code
	 */
	int (*begin)(void *user, struct envoi_trial *trial, const struct envoi_dialed *dialed);

	/**
	 * Let go of trial->own: another one has won, the time is over, or the dial is freed. Where
	 * it has asked somebody something, the dial may be freed from inside.
	 */
	void (*drop)(void *user, struct envoi_trial *trial);

	void *user;
};

/** It will do: trial->own has won and is the dial's until it is handed over. */
ENVOI_API void envoi_trial_pass(struct envoi_trial *trial);

/**
 * The trial waits for a person's decision, whether to believe a certificate: while it does, its time
 * and that for everything stand still, and no other connection is begun or wins but one on trial.
 * Where the options give decisions a time, the trial fails when it is over.
 * @param waits  false: it goes on, with the time for a trial anew
 */
ENVOI_API void envoi_trial_wait(struct envoi_trial *trial, bool waits);

/** It will not do. The judge has let go of it. @param why  borrowed; its phase, code and text count */
ENVOI_API void envoi_trial_fail(struct envoi_trial *trial, const struct envoi_failure *why);

/** Where to. A zeroed member asks for its default; strings are copied. */
struct envoi_dial_options {
	/** the XMPP domain, as A-labels or U-labels, or an address, also as "[::1]" */
	const char *domain;
	const char *service; /**< "xmpp-client" (default) or "xmpp-server" */
	unsigned int roads; /**< OR of enum envoi_road; default: STARTTLS */
	/** NULL: services of the domain; else this name or address (as @p domain), no SRV */
	const char *host;
	/**
	 * not 0: this port, on @p host or else on the domain, no SRV. Without SRV and with both
	 * roads, STARTTLS is taken
	 */
	uint16_t port;
	uint64_t resolve_timeout_ms; /**< for one look-up; default 15 s */
	uint64_t attempt_timeout_ms; /**< for connecting to one address; default 15 s */
	uint64_t trial_timeout_ms; /**< for one trial; default 20 s */
	uint64_t decision_timeout_ms; /**< for a person's decision in a trial; default: none */
	uint64_t timeout_ms; /**< for everything; default: none but the others */
	uint64_t stagger_ms; /**< between starts (RFC 8305, section 5); default 250 */
	const struct envoi_sockets *sockets; /**< borrowed until the dial is freed; default: TCP */
	/** borrowed until the dial is freed; default: one for @p name_servers, or the context's */
	struct envoi_resolver *resolver;
	const char *name_servers; /**< "192.0.2.1,[2001:db8::1]:5353"; default: the system's */
	const struct envoi_trial_judge *judge; /**< copied; default: none */
	/** OR of enum envoi_road: what is connected there is tried by @p judge; default: none */
	unsigned int trial_roads;
};

/**
 * Set host, name servers, port, roads and timeouts from the settings server, resolve.servers, port,
 * tls.mode, resolve.timeout, connect.timeout, connect.stagger, tls.timeout and tls.decision-timeout;
 * other members stay as they are. Texts are borrowed from @p settings.
 */
ENVOI_API void envoi_dial_options_from_settings(
	struct envoi_dial_options *options, const struct envoi_settings *settings);

/**
 * Called from the loop, once, and once more after each envoi_dial_next(); the dial may be freed
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
 * 1. Services: SRV records of _xmpp-client._tcp and, for direct TLS, of _xmpps-client._tcp, asked
 *    together and merged by priority and weight (RFC 2782, XEP-0368). A sole target "." means that
 *    the service is refused on that road. Where there are no records, which is NXDOMAIN or NODATA
 *    and nothing else, the domain itself is tried: on port 5222 with STARTTLS
 *    refused, or, where only direct TLS is wanted, on port 5223; not where either road is refused
 *    with "." (XEP-0368, section 4). SERVFAIL, a malformed answer and
 *    no answer are failures for the time being: they never lead to the domain itself, which may
 *    be another machine; but one of two look-ups may fail while the other has records, which wait
 *    a second for it.
 * 2. Addresses: A and AAAA of a target asked together, targets in their order, the next target's
 *    while the last address of this one is being tried.
 * 3. Connections: a race (RFC 8305): families interleaved beginning with IPv6 (an IPv4 address
 *    waits at most 50 ms for IPv6 ones), each start 250 ms after the one before or as soon as one
 *    has failed, first connected socket wins, the others are closed.
 * 4. Trials, where the options ask for them (direct TLS): connected is not enough there, the first
 *    to be through wins. A trial keeps the others back for a quarter of a second, or three times
 *    what connecting took, at most two seconds; then they go on beside it.
 * 5. When a winner turns out not to do, envoi_dial_next() goes on with all that have not failed.
 *
 * At most 128 targets, and 64 addresses of each family of each target, are tried. How many more there
 * were is logged as a warning, and is an attempt of the failure (ENVOI_ERR_LIMIT). A target without a
 * port is left out, and so is a target that is no host name; an IPv4 address is taken as an address.
 */
struct envoi_dial;

/**
 * Begin; returns at once, everything happens in the loop.
 *
 * @param options  borrowed for the call
 * @retval ENVOI_ERR_INVALID  the domain or host is neither a DNS name nor an address, the service is
 *                            unknown, or the name servers are malformed
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
 * @param why         borrowed: it becomes an attempt, and the reason of a failure where it says more
 *                    than the others
 * @param timeout_ms  for all that follows; 0: none but the other timeouts. The time between the
 *                    hand-over and this call is the caller's: only the caller knows for how much of
 *                    it the application was deciding
 * @retval ENVOI_ERR_STATE  nothing was handed over, or a failure was reported
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_dial_next(
	struct envoi_dial *dial, const struct envoi_failure *why, uint64_t timeout_ms);

/** Stop silently and free; NULL is allowed; at any time, in `done` too. */
ENVOI_API void envoi_dial_free(struct envoi_dial *dial);

#ifdef __cplusplus
}
#endif
#endif
