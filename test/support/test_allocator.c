/*
 * envoi - an allocator that counts, and fails at a given call
 * SPDX-License-Identifier: MIT
 */
#include "test_allocator.h"

#include <malloc.h>
#include <stdlib.h>

#include <envoi/error.h>

static bool fails(struct test_allocator *allocator)
{
	allocator->calls++;
	return allocator->fail_at != 0 &&
		(allocator->calls == allocator->fail_at ||
			(allocator->fail_on && allocator->calls > allocator->fail_at));
}

static void count(struct test_allocator *allocator, void *memory)
{
	if (memory != NULL) {
		allocator->live++;
		allocator->bytes += malloc_usable_size(memory);
		if (allocator->most_bytes < allocator->bytes) {
			allocator->most_bytes = allocator->bytes;
		}
	}
}

static void discount(struct test_allocator *allocator, void *memory)
{
	if (memory != NULL) {
		allocator->live--;
		allocator->bytes -= malloc_usable_size(memory);
	}
}

static void *test_alloc(void *user, size_t len)
{
	void *memory = fails(user) ? NULL : malloc(len);
	count(user, memory);
	return memory;
}

static void *test_realloc(void *user, void *memory, size_t len)
{
	if (fails(user)) {
		return NULL;
	}
	discount(user, memory);
	void *moved = realloc(memory, len);
	count(user, moved != NULL ? moved : memory);
	return moved;
}

static void test_free(void *user, void *memory)
{
	discount(user, memory);
	free(memory);
}

struct envoi_allocator test_allocator_functions(struct test_allocator *allocator)
{
	return (struct envoi_allocator){test_alloc, test_realloc, test_free, allocator};
}

int test_allocator_context(struct envoi_context **ret_context, struct test_allocator *allocator)
{
	struct envoi_context_options options = {.allocator = test_allocator_functions(allocator)};
	return envoi_context_new(ret_context, &options);
}

int test_allocator_try(int (*act)(struct envoi_context *context))
{
	for (int n = 0;; n++) {
		struct test_allocator allocator = {.fail_at = (size_t)n + 1, .fail_on = true};
		struct envoi_context *context;
		int r = test_allocator_context(&context, &allocator);
		if (r == ENVOI_OK) {
			r = act(context);
			envoi_context_unref(context);
		}
		if (allocator.live != 0 || (r != ENVOI_OK && r != ENVOI_ERR_NOMEM)) {
			return -1;
		}
		if (r == ENVOI_OK) {
			return n;
		}
	}
}
