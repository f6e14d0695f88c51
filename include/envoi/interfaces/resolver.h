/*
 * envoi - name resolution
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_INTERFACES_RESOLVER_H
#define ENVOI_INTERFACES_RESOLVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <envoi/error.h>
#include <envoi/export.h>
#include <envoi/interfaces/mainloop.h>

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;
struct envoi_resolver;
struct envoi_lookup;

/*
 * Names are given as A-labels (RFC 5890): ASCII, labels of at most 63 bytes, at most 253 in all
 * without the trailing dot, which is optional and means nothing: no name is ever looked up
 * relative to a search domain, so that nobody's search list decides whom we talk to.
 *
 * Some names never reach an implementation: numeric hosts ("192.0.2.1", "2001:db8::1") are
 * answered with themselves, and with NO_DATA for the other family; "localhost" and what is below
 * it with the loopback addresses, and SRV look-ups below it with NO_NAME (RFC 6761, section 6.3).
 * These answers come from the loop too.
 */

/** How a look-up ended. Only the two "no" answers allow a fallback (RFC 6120, section 3.2.1). */
enum envoi_lookup_status {
	ENVOI_LOOKUP_OK,
	ENVOI_LOOKUP_NO_NAME, /**< NXDOMAIN */
	ENVOI_LOOKUP_NO_DATA, /**< the name exists, but has no such record */
	ENVOI_LOOKUP_FAILED, /**< SERVFAIL, refused, malformed answer */
	ENVOI_LOOKUP_TIMEOUT,
	ENVOI_LOOKUP_NOMEM,
};

/** A SRV record (RFC 2782), as it came: unsorted, target "." included. */
struct envoi_srv {
	const char *target; /**< without a trailing dot, but "." itself stays */
	uint16_t port, priority, weight;
};

/** Borrowed for the callback. */
struct envoi_lookup_result {
	enum envoi_lookup_status status; /**< OK: there is at least one record */
	const struct envoi_srv *srvs; /**< of an SRV look-up */
	size_t srv_count;
	const struct sockaddr_storage *addresses; /**< of an address look-up; port 0 */
	size_t address_count;
	size_t left_out; /**< records of the answer beyond the limit of the resolver */
	const char *text; /**< what went wrong, in words; NULL when OK */
};

/** Called once, from the loop and never from a resolver library's own callback. The look-up may be
 * started again or freed inside. */
typedef void envoi_lookup_fn(struct envoi_lookup *lookup, const struct envoi_lookup_result *result);

/** One look-up under way; embedded in its owner, zeroed before first use. Members are private. */
struct envoi_lookup {
	envoi_lookup_fn *notify;
	struct envoi_resolver *resolver; /* NULL: not under way */
	void *backend; /* the implementation's own */
	struct envoi_deferred deferred; /* of an answer without the implementation */
	int family; /* of that answer; 0: NO_NAME; -1: NO_DATA */
	unsigned char address[16];
};

/**
 * What a resolver must bring. The look-up functions return 0, ENVOI_ERR_NOMEM or ENVOI_ERR_SYSTEM,
 * and call back later, from the loop, with envoi_lookup_finish(). Names are borrowed for the call,
 * checked, and may have a trailing dot.
 */
struct envoi_resolver_impl {
	const char *name; /**< "c-ares" */
	/** Look up SRV records of @p name ("_xmpp-client._tcp.example.org"). */
	int (*lookup_srv)(
		struct envoi_resolver *resolver, struct envoi_lookup *lookup, const char *name);
	/** Look up addresses. @param family AF_INET or AF_INET6 */
	int (*lookup_address)(struct envoi_resolver *resolver, struct envoi_lookup *lookup,
		const char *host, int family);
	/** Nothing reaches the look-up afterwards; when it was the last one, nothing of the resolver
	 * waits on the loop any more. */
	void (*cancel)(struct envoi_resolver *resolver, struct envoi_lookup *lookup);
	/** Free the resolver; allowed inside a callback of a look-up. No look-up is pending. */
	void (*destroy)(struct envoi_resolver *resolver);
};

/** Base of every resolver; embedded first. */
struct envoi_resolver {
	const struct envoi_resolver_impl *impl;
	struct envoi_context *context; /* borrowed: the context owns the resolver */
};

/** Initialise the base struct of an implementation. */
ENVOI_API void envoi_resolver_init(struct envoi_resolver *resolver,
	const struct envoi_resolver_impl *impl, struct envoi_context *context);

/** Free a resolver that no context has taken; NULL is allowed. Its look-ups have ended or are
 * cancelled first; allowed inside the callback of one. */
ENVOI_API void envoi_resolver_destroy(struct envoi_resolver *resolver);

/**
 * The default resolver: c-ares on the context's loop.
 *
 * Addresses are looked up in the system's hosts file first, then in the DNS. What a hosts file
 * says of a name is all there is, as with the system's own resolver: no query for the other
 * XX
 *
 * c-ares keeps time by the system's clock: with a simulated loop use another resolver.
 *
 * When look-ups fail, the system's configuration is read again before the next one, as the
 * network may have changed. A look-up ends with TIMEOUT when no server answers in about 14 seconds.
 *
 * @param servers  "127.0.0.1:5353", several separated by commas; NULL: the system's
 * @retval ENVOI_ERR_INVALID  @p servers is malformed
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM   the context has no loop and none could be made, or c-ares failed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_resolver_new_cares(
	struct envoi_resolver **ret_resolver, struct envoi_context *context, const char *servers);

/**
 * Look up SRV records (RFC 2782).
 *
 * @param lookup  zeroed or ended; borrowed until @p notify was called or it is cancelled
 * @param name    borrowed for the call
 * @retval ENVOI_ERR_INVALID  @p name cannot be a DNS name
 * @retval ENVOI_ERR_STATE    the look-up is under way
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM
 * All else comes through @p notify.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_lookup_srv(struct envoi_lookup *lookup,
	struct envoi_resolver *resolver, const char *name, envoi_lookup_fn *notify);

/** As envoi_lookup_srv(), for addresses of one family. @param family AF_INET or AF_INET6 */
ENVOI_API ENVOI_MUST_CHECK int envoi_lookup_address(struct envoi_lookup *lookup,
	struct envoi_resolver *resolver, const char *host, int family, envoi_lookup_fn *notify);

/** Stop; nothing if not under way. */
ENVOI_API void envoi_lookup_cancel(struct envoi_lookup *lookup);

/** For implementations: end a look-up; from the loop. The look-up may be gone afterwards. */
ENVOI_API void envoi_lookup_finish(
	struct envoi_lookup *lookup, const struct envoi_lookup_result *result);

/** @return "no such name", "timed out", ...; static */
ENVOI_API const char *envoi_lookup_status_text(enum envoi_lookup_status status);

#ifdef __cplusplus
}
#endif
#endif
