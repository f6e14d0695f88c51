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
 * The library answers some look-ups without the implementation, from the loop as well:
 * - a numeric host ("192.0.2.1", "2001:db8::1"): that address; NO_DATA for the other family;
 * - "localhost" and names below it: the loopback addresses; NO_NAME for SRV records (RFC 6761,
 *   section 6.3).
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

/** An SRV record (RFC 2782). Records are not sorted; a target "." is included. */
struct envoi_srv {
	const char *target; /**< without a trailing dot; "." itself stays */
	uint16_t port, priority, weight;
};

/** The result of a look-up. Borrowed for the callback. */
struct envoi_lookup_result {
	enum envoi_lookup_status status; /**< OK: there is at least one record */
	const struct envoi_srv *srvs; /**< of an SRV look-up */
	size_t srv_count;
	const struct sockaddr_storage *addresses; /**< of an address look-up; port 0 */
	size_t address_count;
	size_t left_out; /**< number of records that the resolver's limit has excluded */
	const char *text; /**< the reason of a failure, an English phrase; NULL when OK */
};

/** Reports the result of a look-up. Called once, from the loop, never inside a callback of a
 * resolver library. The look-up may be started again or freed inside. */
typedef void envoi_lookup_fn(struct envoi_lookup *lookup, const struct envoi_lookup_result *result);

/** A look-up. Embedded in its owner, which zeroes it before the first use. Members are private. */
struct envoi_lookup {
	envoi_lookup_fn *notify;
	struct envoi_resolver *resolver; /* NULL: not pending */
	void *backend; /* of the implementation */
	struct envoi_deferred deferred; /* of an answer without the implementation */
	int family; /* of that answer; 0: NO_NAME; -1: NO_DATA */
	unsigned char address[16];
};

/**
 * The functions of a resolver. A look-up function returns ENVOI_OK and calls envoi_lookup_finish()
 * later, from the loop; or it returns ENVOI_ERR_NOMEM or ENVOI_ERR_SYSTEM, and the look-up has not
 * begun. Names are valid DNS names, may have a trailing dot, and are borrowed for the call.
 */
struct envoi_resolver_impl {
	const char *name; /**< "c-ares" */
	/** Look up SRV records of @p name ("_xmpp-client._tcp.example.org"). */
	int (*lookup_srv)(
		struct envoi_resolver *resolver, struct envoi_lookup *lookup, const char *name);
	/** Look up addresses. @param family AF_INET or AF_INET6 */
	int (*lookup_address)(struct envoi_resolver *resolver, struct envoi_lookup *lookup,
		const char *host, int family);
	/** Cancel a pending look-up: envoi_lookup_finish() is not called. With no look-up pending,
	 * a resolver has no watch, timer or deferred call on the loop. */
	void (*cancel)(struct envoi_resolver *resolver, struct envoi_lookup *lookup);
	/** Free the resolver. No look-up is pending. May be called inside a look-up's callback. */
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

/** Free a resolver that no context has taken; NULL is allowed. No look-up may be pending: cancel
 * them first. Allowed inside the callback of a look-up. */
ENVOI_API void envoi_resolver_destroy(struct envoi_resolver *resolver);

/**
 * The default resolver: c-ares on the context's loop.
 *
 * Addresses are looked up in the system's hosts file first, then in the DNS. A name in the hosts
 * file has no other addresses, as with the system's own resolver: the DNS is not queried for the
 * other family. SRV records whose target is not a host name are left out. At most 256 records of an
 * answer are used.
 *
 * c-ares uses the system's clock: use another resolver with a simulated loop.
 *
 * After a failed look-up the system's configuration is read again before the next one, because the
 * network may have changed. A look-up ends with TIMEOUT when no server answers within about 14 s.
 *
 * @param[out] ret_resolver  owned by the caller: pass it to envoi_context_take_resolver(), or free
 *                           it with envoi_resolver_destroy()
 * @param servers  "127.0.0.1:5353", several separated by commas; borrowed for the call; NULL: the
 *                 system's
 * @retval ENVOI_ERR_INVALID  @p servers is malformed
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM   the context has no loop and none could be made, or c-ares failed
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_resolver_new_cares(
	struct envoi_resolver **ret_resolver, struct envoi_context *context, const char *servers);

/**
 * Look up SRV records (RFC 2782).
 *
 * @param lookup    zeroed or ended; borrowed until @p notify is called or the look-up is cancelled
 * @param resolver  must outlive the look-up
 * @param name      "_xmpp-client._tcp.example.org"; borrowed for the call
 * @retval ENVOI_ERR_INVALID  @p name is not a DNS name
 * @retval ENVOI_ERR_STATE    the look-up is pending
 * @retval ENVOI_ERR_NOMEM
 * @retval ENVOI_ERR_SYSTEM
 * After ENVOI_OK @p notify is called once; on failure it is not called.
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_lookup_srv(struct envoi_lookup *lookup,
	struct envoi_resolver *resolver, const char *name, envoi_lookup_fn *notify);

/** Look up addresses of one family, otherwise as envoi_lookup_srv(). @param family AF_INET or
 * AF_INET6, else ENVOI_ERR_INVALID. @param host a DNS name or a numeric address */
ENVOI_API ENVOI_MUST_CHECK int envoi_lookup_address(struct envoi_lookup *lookup,
	struct envoi_resolver *resolver, const char *host, int family, envoi_lookup_fn *notify);

/** Cancel a look-up: its function is not called. No effect if it is not pending. */
ENVOI_API void envoi_lookup_cancel(struct envoi_lookup *lookup);

/** For implementations: end a look-up with a result, from the loop. Its function is called, which
 * may free the look-up: do not access it afterwards. */
ENVOI_API void envoi_lookup_finish(
	struct envoi_lookup *lookup, const struct envoi_lookup_result *result);

/** @return "no such name", "timed out", ...; static */
ENVOI_API const char *envoi_lookup_status_text(enum envoi_lookup_status status);

#ifdef __cplusplus
}
#endif
#endif
