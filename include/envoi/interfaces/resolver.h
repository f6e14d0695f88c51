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

#ifdef __cplusplus
extern "C" {
#endif

struct envoi_context;
struct envoi_resolver;
struct envoi_lookup;

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
	char *target; /**< without a trailing dot, but "." itself stays */
	uint16_t port, priority, weight;
};

struct envoi_lookup_result {
	enum envoi_lookup_status status;
	const struct envoi_srv *srvs; /**< of an SRV look-up */
	size_t srv_count;
	const struct sockaddr_storage *addresses; /**< of an address look-up; port 0 */
	size_t address_count;
	const char *text; /**< what went wrong, in words; NULL when OK */
};

/** Called once, from the loop and never from a resolver library's own callback. @p result is
 * borrowed for the call. The look-up may be started again or freed inside. */
typedef void envoi_lookup_fn(
	struct envoi_lookup *lookup, const struct envoi_lookup_result *result);

/** One look-up under way; embedded in its owner, zeroed before first use. */
struct envoi_lookup {
	envoi_lookup_fn *notify;
	struct envoi_resolver *resolver; /* NULL: not under way */
	void *backend; /* the implementation's own */
};

struct envoi_resolver_impl {
	const char *name;
	/** Look up SRV records of @p name ("_xmpp-client._tcp.example.org"); ASCII. */
	int (*lookup_srv)(struct envoi_resolver *resolver, struct envoi_lookup *lookup,
		const char *name);
	/** Look up addresses. @param family AF_INET or AF_INET6 */
	int (*lookup_address)(struct envoi_resolver *resolver, struct envoi_lookup *lookup,
		const char *host, int family);
	/** Nothing reaches the look-up afterwards. */
	void (*cancel)(struct envoi_resolver *resolver, struct envoi_lookup *lookup);
	void (*destroy)(struct envoi_resolver *resolver);
};

/** Base of every resolver; embedded first. */
struct envoi_resolver {
	const struct envoi_resolver_impl *impl;
	struct envoi_context *context; /* borrowed: the context owns the resolver */
};

ENVOI_API void envoi_resolver_init(struct envoi_resolver *resolver,
	const struct envoi_resolver_impl *impl, struct envoi_context *context);

/** Start a look-up; its errors other than out of memory come through @p notify. */
ENVOI_API ENVOI_MUST_CHECK int envoi_lookup_srv(struct envoi_lookup *lookup,
	struct envoi_resolver *resolver, const char *name, envoi_lookup_fn *notify);

/** As envoi_lookup_srv(), for addresses of one family. */
ENVOI_API ENVOI_MUST_CHECK int envoi_lookup_address(struct envoi_lookup *lookup,
	struct envoi_resolver *resolver, const char *host, int family, envoi_lookup_fn *notify);

/** Stop; nothing if not under way. */
ENVOI_API void envoi_lookup_cancel(struct envoi_lookup *lookup);

#ifdef __cplusplus
}
#endif
#endif
