/*
 * envoi - an allocator that counts, and fails at a given call
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_ALLOCATOR_H
#define TEST_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>

#include <envoi/context.h>

struct test_allocator {
	size_t calls; /* that asked for memory */
	size_t fail_at; /* the call that fails, from 1; 0: none */
	bool fail_on; /* whether all behind it fail too */
	size_t live; /* blocks not freed yet */
	size_t bytes, most_bytes; /* in them, now and at most */
};

/** @return its functions, for the options of a context */
struct envoi_allocator test_allocator_functions(struct test_allocator *allocator);

/** A context on that allocator, which must outlive it. @return as envoi_context_new() */
int test_allocator_context(struct envoi_context **ret_context, struct test_allocator *allocator);

/**
 * Do something again and again, each time with one allocation more before all fail, until it
 * succeeds.
 *
 * @param act  makes what it needs in the context and frees it. @return its result
 * @return the number of allocations that it takes, the context's included; -1: it failed otherwise
 *         than with ENVOI_ERR_NOMEM, or left a block behind
 */
int test_allocator_try(int (*act)(struct envoi_context *context));

#endif
