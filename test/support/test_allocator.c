/*
 * envoi - an allocator that counts, and fails when told to
 * SPDX-License-Identifier: MIT
 */
#include "test_allocator.h"

#include <stdlib.h>

static bool fails(struct test_allocator *allocator)
{
	allocator->calls++;
	return allocator->fail_at != 0 &&
		(allocator->calls == allocator->fail_at ||
			(allocator->fail_on && allocator->calls > allocator->fail_at));
}

static void *test_alloc(void *user, size_t len)
{
	struct test_allocator *allocator = user;
	void *memory = fails(allocator) ? NULL : malloc(len);
	allocator->live += memory != NULL;
	return memory;
}

static void *test_realloc(void *user, void *memory, size_t len)
{
	struct test_allocator *allocator = user;
	void *moved = fails(allocator) ? NULL : realloc(memory, len);
	allocator->live += memory == NULL && moved != NULL;
	return moved;
}

static void test_free(void *user, void *memory)
{
	struct test_allocator *allocator = user;
	allocator->live -= memory != NULL;
	free(memory);
}

int test_allocator_context(struct envoi_context **ret_context, struct test_allocator *allocator)
{
	struct envoi_context_options options = {
		.allocator = {test_alloc, test_realloc, test_free, allocator},
	};
	return envoi_context_new(ret_context, &options);
}
