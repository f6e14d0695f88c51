/*
 * envoi-server - attempts, counted by the network addresses that they come from
 * SPDX-License-Identifier: MIT
 */
#include "sources.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	MOST_SOURCES = 1000,
	NETWORK_BYTES = 8, /* of IPv6: a site has as many (RFC 6177) */
};

struct source {
	struct envoi__table_link link;
	struct envoi__list order;
	uint64_t until_ms; /* the end of the period */
	unsigned int count;
	char name[INET6_ADDRSTRLEN];
};

static struct source *of_order(struct envoi__list *order)
{
	return ENVOI_CONTAINER_OF(order, struct source, order);
}

int envoi__sources_init(struct envoi__sources *sources, struct envoi_context *context)
{
	envoi__list_init(&sources->list);
	return envoi__table_init(&sources->table, context);
}

static void drop(struct envoi__sources *sources, struct source *source)
{
	envoi__table_remove(&sources->table, &source->link);
	envoi__list_remove(&source->order);
	envoi_free(sources->table.context, source);
}

void envoi__sources_finish(struct envoi__sources *sources)
{
	while (sources->list.next != NULL && !envoi__list_is_empty(&sources->list)) {
		drop(sources, of_order(sources->list.next));
	}
	envoi__table_finish(&sources->table);
}

void envoi__source_name(char ret_name[INET6_ADDRSTRLEN], const char *address)
{
	struct in6_addr network;
	if (inet_pton(AF_INET6, address, &network) == 1) {
		memset(network.s6_addr + NETWORK_BYTES, 0, sizeof(network) - NETWORK_BYTES);
		(void)inet_ntop(AF_INET6, &network, ret_name, INET6_ADDRSTRLEN);
	} else {
		size_t len = strnlen(address, INET6_ADDRSTRLEN - 1);
		memcpy(ret_name, address, len);
		ret_name[len] = '\0';
	}
}

static struct source *find(struct envoi__sources *sources, const char *name, uint64_t now_ms)
{
	struct envoi__table_link *link = envoi__table_find(&sources->table, name, strlen(name));
	struct source *source = link == NULL ? NULL : ENVOI_CONTAINER_OF(link, struct source, link);
	if (source != NULL && source->until_ms <= now_ms) {
		drop(sources, source);
		source = NULL;
	}
	return source;
}

unsigned int envoi__sources_count(
	struct envoi__sources *sources, const char *address, uint64_t now_ms)
{
	char name[INET6_ADDRSTRLEN];
	envoi__source_name(name, address);
	const struct source *source = find(sources, name, now_ms);
	return source == NULL ? 0 : source->count;
}

int envoi__sources_add(
	struct envoi__sources *sources, const char *address, uint64_t now_ms, uint64_t period_ms)
{
	char name[INET6_ADDRSTRLEN];
	envoi__source_name(name, address);
	struct source *source = find(sources, name, now_ms);
	if (source != NULL) {
		source->count++;
		return ENVOI_OK;
	}
	source = envoi_alloc_zeroed(sources->table.context, sizeof(*source));
	if (source == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	memcpy(source->name, name, sizeof(name));
	source->until_ms = now_ms + period_ms;
	source->count = 1;
	int r = envoi__table_add(&sources->table, &source->link, source->name);
	if (r < 0) {
		envoi_free(sources->table.context, source);
		return r;
	}
	envoi__list_append(&sources->list, &source->order);
	if (sources->table.count > MOST_SOURCES) {
		drop(sources, of_order(sources->list.next));
	}
	return ENVOI_OK;
}
