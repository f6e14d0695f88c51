/*
 * envoi - acceptors: wrong secrets, counted over connections
 * SPDX-License-Identifier: MIT
 */
#include "accept/accept_failures.h"

#include <string.h>

#include <envoi/context.h>

enum {
	MOST_KEYS = 1000,
};

struct failure {
	struct envoi__list link;
	uint64_t until_ms; /* the end of the period */
	unsigned int count;
	char key[];
};

static struct failure *of_link(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct failure, link);
}

static void drop(struct envoi__accept_failures *failures, struct failure *failure)
{
	(void)envoi__map_remove(&failures->map, failure->key, strlen(failure->key));
	envoi__list_remove(&failure->link);
	envoi_free(failures->map.context, failure);
}

static struct failure *find(
	struct envoi__accept_failures *failures, const char *key, uint64_t now_ms)
{
	struct failure *failure = envoi__map_get(&failures->map, key, strlen(key));
	if (failure != NULL && failure->until_ms <= now_ms) {
		drop(failures, failure);
		failure = NULL;
	}
	return failure;
}

static struct failure *make(struct envoi__accept_failures *failures, const char *key)
{
	size_t size = strlen(key) + 1;
	struct failure *failure = envoi_alloc_zeroed(
		failures->map.context, sizeof(*failure) + size);
	if (failure == NULL) {
		return NULL;
	}
	memcpy(failure->key, key, size);
	if (envoi__map_add(&failures->map, failure->key, size - 1, failure) < 0) {
		envoi_free(failures->map.context, failure);
		return NULL;
	}
	envoi__list_append(&failures->list, &failure->link);
	return failure;
}

void envoi__accept_failures_init(
	struct envoi__accept_failures *failures, struct envoi_context *context)
{
	envoi__map_init(&failures->map, context);
	envoi__list_init(&failures->list);
}

void envoi__accept_failures_finish(struct envoi__accept_failures *failures)
{
	while (!envoi__list_is_empty(&failures->list)) {
		drop(failures, of_link(failures->list.next));
	}
	envoi__map_finish(&failures->map);
}

unsigned int envoi__accept_failures_count(
	struct envoi__accept_failures *failures, const char *key, uint64_t now_ms)
{
	const struct failure *failure = find(failures, key, now_ms);
	return failure == NULL ? 0 : failure->count;
}

void envoi__accept_failures_add(struct envoi__accept_failures *failures, const char *key,
	uint64_t now_ms, uint64_t period_ms)
{
	struct failure *failure = find(failures, key, now_ms);
	if (failure == NULL) {
		failure = make(failures, key);
		if (failure == NULL) {
			return;
		}
		failure->until_ms = now_ms + period_ms;
		if (failures->map.count > MOST_KEYS) {
			drop(failures, of_link(failures->list.next));
		}
	}
	failure->count++;
}
