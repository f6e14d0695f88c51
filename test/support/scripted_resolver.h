/*
 * envoi - a resolver that answers from a table
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_SCRIPTED_RESOLVER_H
#define TEST_SCRIPTED_RESOLVER_H

#include <stddef.h>
#include <stdint.h>

#include <envoi/interfaces/resolver.h>

/**
 * What it answers to one question; a table ends with a zeroed row. A question that is in no row
 * is answered with NO_NAME at once.
 */
struct scripted_answer {
	const char *name;
	int family; /**< AF_INET, AF_INET6; 0: SRV */
	enum envoi_lookup_status status;
	const char *records; /**< SRV: "10 5 5222 host.example, ..."; addresses: "192.0.2.1, ..." */
	size_t left_out; /**< records that the resolver has left out of its answer */
	int code; /**< negative: what asking returns at once */
	uint64_t delay_ms; /**< by the context's loop; UINT64_MAX: never */
};

/**
 * Make one; then envoi_context_take_resolver().
 * @param answers  borrowed; may be changed between turns
 */
int scripted_resolver_new(struct envoi_resolver **ret_resolver, struct envoi_context *context,
	const struct scripted_answer *answers);

/** Use another table from now on. */
void scripted_resolver_set(struct envoi_resolver *resolver, const struct scripted_answer *answers);

/** @return how many questions were asked, in all */
size_t scripted_resolver_asked(const struct envoi_resolver *resolver);

/** @return the number of pending look-ups */
size_t scripted_resolver_pending(const struct envoi_resolver *resolver);

#endif
