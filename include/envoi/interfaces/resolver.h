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
 * Names are given as A-labels (RFC 5890): ASCII, labels of at most 63 bytes, at most 253 bytes in
 * all without the trailing dot, which is optional and has no effect: names are absolute, and search
 * domains of the system are never used.
 *
 * Some names never reach an implementation: numeric hosts ("192.0.2.1", "2001:db8::1") are answered
 * with themselves, and with NO_DATA for the other family; "localhost" and names below it with the
 * loopback addresses, and SRV look-ups below it with NO_NAME (RFC 6761, section 6.3). These answers
 * come from the loop, too.
 */

/** The outcome of a look-up. Only NO_NAME and NO_DATA allow a fallback (RFC 6120, section 3.2.1).
 *  */
enum envoi_lookup_status {
	ENVOI_LOOKUP_OK,
	ENVOI_LOOKUP_NO_NAME, /**< NXDOMAIN */
	ENVOI_LOOKUP_NO_DATA, /**< the name exists, but has no such record */
	ENVOI_LOOKUP_FAILED, /**< SERVFAIL, REFUSED, malformed answer */
	ENVOI_LOOKUP_TIMEOUT,
	ENVOI_LOOKUP_NOMEM,
};

/** An SRV record (RFC 2782) of an answer; answers are unsorted and include the target ".". */
struct envoi_srv {
	const char *target; /**< without a trailing dot; "." itself stays */
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
	const char *text; /**< the reason of a failure, an English phrase; NULL when OK */
};

/** Called once, from the loop, never from a callback of a resolver library. The look-up may be
 * started again or freed inside. */
typedef void envoi_lookup_fn(struct envoi_lookup *lookup, const struct envoi_lookup_result *result);

/** A look-up; embedded in its owner, zeroed before first use. Members are private. */
struct envoi_lookup {
	envoi_lookup_fn *notify;
	struct envoi_resolver *resolver; /* NULL: not pending */
	void *backend; /* of the implementation */
	struct envoi_deferred deferred; /* of an answer without the implementation */
	int family; /* of that answer; 0: NO_NAME; -1: NO_DATA */
	unsigned char address[16];
};

/**
 * The functions of a resolver. The look-up functions return 0, ENVOI_ERR_NOMEM or ENVOI_ERR_SYSTEM,
 * and later, from the loop, call envoi_lookup_finish(). Names are borrowed for the call, have been
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
	/** Cancel: no callback follows. After the last pending look-up was cancelled, the resolver
	 * has nothing on the loop. */
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
 * Addresses are looked up in the system's hosts file first, then in the DNS. A name in the hosts
 * file has no other addresses, as with the system's own resolver: the other family is not queried.
 * Targets of SRV records that are no host names are left out. At most 256 records of an answer are
 * taken.
 *
 * c-ares uses the system's clock: with a simulated loop use another resolver.
 *
 * After a failed look-up the system's configuration is read again before the next one, because the
 * network may have changed. A look-up ends with TIMEOUT when no server answers within about 14 s.
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
 * @retval ENVOI_ERR_STATE    the look-up is pending
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM
 * @p notify is called for every other outcome.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_lookup_srv(struct envoi_lookup *lookup,
	struct envoi_resolver *resolver, const char *name, envoi_lookup_fn *notify);

/** As envoi_lookup_srv(), for addresses of one family. @param family AF_INET or AF_INET6 */
ENVOI_API ENVOI_MUST_CHECK int envoi_lookup_address(struct envoi_lookup *lookup,
	struct envoi_resolver *resolver, const char *host, int family, envoi_lookup_fn *notify);

/** Cancel: @p notify is not called. No effect when the look-up is not pending. */
ENVOI_API void envoi_lookup_cancel(struct envoi_lookup *lookup);

/** For implementations: end a look-up, from the loop. The look-up may have been freed afterwards.
 *  */
ENVOI_API void envoi_lookup_finish(
	struct envoi_lookup *lookup, const struct envoi_lookup_result *result);

/** @return "no such name", "timed out", ...; static */
ENVOI_API const char *envoi_lookup_status_text(enum envoi_lookup_status status);

#ifdef __cplusplus
}
#endif
#endif
