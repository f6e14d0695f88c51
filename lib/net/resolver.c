/*
 * envoi - name resolution: the part that all resolvers share
 * SPDX-License-Identifier: MIT
 */
#include <envoi/interfaces/resolver.h>

#include <stdbool.h>
#include <string.h>

#include <envoi/context.h>

#include "net/host_names.h"

void envoi_resolver_init(struct envoi_resolver *resolver, const struct envoi_resolver_impl *impl,
	struct envoi_context *context)
{
	*resolver = (struct envoi_resolver){.impl = impl, .context = context};
}

void envoi_resolver_destroy(struct envoi_resolver *resolver)
{
	if (resolver != NULL) {
		resolver->impl->destroy(resolver);
	}
}

/* --- answers without the implementation --- */

enum {
	NO_NAME = 0,
	NO_DATA = -1,
};

static void on_local_answer(struct envoi_deferred *deferred)
{
	struct envoi_lookup *lookup = ENVOI_CONTAINER_OF(deferred, struct envoi_lookup, deferred);
	struct sockaddr_storage address;
	struct envoi_lookup_result result = {.status = ENVOI_LOOKUP_OK};
	if (lookup->family > 0) {
		envoi__make_sockaddr(&address, lookup->family, lookup->address, 0);
		result.addresses = &address;
		result.address_count = 1;
	} else {
		result.status = lookup->family == NO_DATA ? ENVOI_LOOKUP_NO_DATA
							  : ENVOI_LOOKUP_NO_NAME;
		result.text = envoi_lookup_status_text(result.status);
	}
	envoi_lookup_finish(lookup, &result);
}

static int answer_locally(struct envoi_lookup *lookup, int answer)
{
	struct envoi_loop *loop = envoi_context_loop(lookup->resolver->context);
	if (loop == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	lookup->family = answer;
	envoi_deferred_post(&lookup->deferred, loop, on_local_answer);
	return ENVOI_OK;
}

/* --- look-ups --- */

static int begin(
	struct envoi_lookup *lookup, struct envoi_resolver *resolver, envoi_lookup_fn *notify)
{
	if (lookup->resolver != NULL) {
		return ENVOI_ERR_STATE;
	}
	lookup->resolver = resolver;
	lookup->notify = notify;
	return ENVOI_OK;
}

static int begun(struct envoi_lookup *lookup, int r)
{
	if (r < 0) {
		lookup->resolver = NULL;
	}
	return r;
}

int envoi_lookup_srv(struct envoi_lookup *lookup, struct envoi_resolver *resolver, const char *name,
	envoi_lookup_fn *notify)
{
	if (!envoi__is_dns_name(name)) {
		return ENVOI_ERR_INVALID;
	}
	int r = begin(lookup, resolver, notify);
	if (r < 0) {
		return r;
	}
	if (envoi__is_within_domain(name, "localhost")) {
		return begun(lookup, answer_locally(lookup, NO_NAME));
	}
	return begun(lookup, resolver->impl->lookup_srv(resolver, lookup, name));
}

/* @return the family of a host that needs no resolver, or 0 */
static int address_of(const char *host, int family, unsigned char bytes[16])
{
	if (!envoi__is_within_domain(host, "localhost")) {
		return envoi__parse_address(host, bytes);
	}
	return envoi__parse_address(family == AF_INET ? "127.0.0.1" : "::1", bytes);
}

int envoi_lookup_address(struct envoi_lookup *lookup, struct envoi_resolver *resolver,
	const char *host, int family, envoi_lookup_fn *notify)
{
	unsigned char bytes[16];
	int known = address_of(host, family, bytes);
	if ((family != AF_INET && family != AF_INET6) ||
		(known == 0 && !envoi__is_dns_name(host))) {
		return ENVOI_ERR_INVALID;
	}
	int r = begin(lookup, resolver, notify);
	if (r < 0) {
		return r;
	}
	if (known == 0) {
		return begun(
			lookup, resolver->impl->lookup_address(resolver, lookup, host, family));
	}
	memcpy(lookup->address, bytes, known == AF_INET ? 4 : 16);
	return begun(lookup, answer_locally(lookup, known == family ? family : NO_DATA));
}

void envoi_lookup_cancel(struct envoi_lookup *lookup)
{
	struct envoi_resolver *resolver = lookup->resolver;
	if (resolver == NULL) {
		return;
	}
	lookup->resolver = NULL;
	if (lookup->deferred.loop != NULL) {
		envoi_deferred_cancel(&lookup->deferred);
	} else {
		resolver->impl->cancel(resolver, lookup);
	}
}

void envoi_lookup_finish(struct envoi_lookup *lookup, const struct envoi_lookup_result *result)
{
	lookup->resolver = NULL;
	lookup->notify(lookup, result);
}

const char *envoi_lookup_status_text(enum envoi_lookup_status status)
{
	switch (status) {
	case ENVOI_LOOKUP_OK:
		return "found";
	case ENVOI_LOOKUP_NO_NAME:
		return "no such name";
	case ENVOI_LOOKUP_NO_DATA:
		return "no record of this type";
	case ENVOI_LOOKUP_FAILED:
		return "name resolution failed";
	case ENVOI_LOOKUP_TIMEOUT:
		return "no answer from the name server";
	case ENVOI_LOOKUP_NOMEM:
		return "out of memory";
	}
	return "unknown";
}
