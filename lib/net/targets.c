/*
 * envoi - targets in the order in which they are tried
 * SPDX-License-Identifier: MIT
 */
#include "net/targets.h"

#include <string.h>

#include <envoi/context.h>

void envoi__targets_init(struct envoi__targets *targets, struct envoi_context *context)
{
	*targets = (struct envoi__targets){.context = context};
}

void envoi__targets_finish(struct envoi__targets *targets)
{
	if (targets->items != NULL) {
		envoi_free(targets->context, targets->items);
	}
	envoi__targets_init(targets, targets->context);
}

static int append(
	struct envoi__targets *targets, const char *host, const struct envoi__target *like)
{
	struct envoi__target *items = envoi_realloc(
		targets->context, targets->items, (targets->count + 1) * sizeof(*items));
	if (items == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	targets->items = items;
	struct envoi__target *target = &items[targets->count++];
	*target = *like;
	size_t len = strlen(host);
	len -= len > 1 && host[len - 1] == '.';
	memcpy(target->host, host, len);
	target->host[len] = '\0';
	return ENVOI_OK;
}

int envoi__targets_add(
	struct envoi__targets *targets, const char *host, uint16_t port, enum envoi_route route)
{
	struct envoi__target target = {.port = port, .route = route};
	return append(targets, host, &target);
}

void envoi__target_describe(struct envoi_dialed *ret_dialed, const struct envoi__target *target,
	const struct sockaddr_storage *address, int fd)
{
	*ret_dialed = (struct envoi_dialed){
		.fd = fd,
		.route = target->route,
		.port = target->port,
	};
	memcpy(ret_dialed->host, target->host, strlen(target->host) + 1);
	envoi__print_address(address, ret_dialed->address, sizeof(ret_dialed->address));
}

static bool is_usable(const struct envoi_srv *srv)
{
	return srv->port != 0 && envoi__is_dns_name(srv->target);
}

int envoi__targets_add_srvs(struct envoi__targets *targets, const struct envoi_srv *srvs,
	size_t count, enum envoi_route route)
{
	int r = ENVOI_OK;
	for (size_t i = 0; i < count && r == ENVOI_OK; i++) {
		if (is_usable(&srvs[i])) {
			struct envoi__target target = {
				.port = srvs[i].port,
				.priority = srvs[i].priority,
				.weight = srvs[i].weight,
				.route = route,
			};
			r = append(targets, srvs[i].target, &target);
		}
	}
	return r;
}

static void move_to_front(struct envoi__target *items, size_t from)
{
	struct envoi__target target = items[from];
	memmove(items + 1, items, from * sizeof(*items));
	items[0] = target;
}

/* RFC 2782: within a priority the records of weight 0 come first, where the draw gives them a small
 * chance. */
static bool comes_before(const struct envoi__target *a, const struct envoi__target *b)
{
	if (a->priority != b->priority) {
		return a->priority < b->priority;
	}
	return a->weight == 0 && b->weight != 0;
}

static void sort(struct envoi__target *items, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		size_t to = i;
		while (to > 0 && comes_before(&items[i], &items[to - 1])) {
			to--;
		}
		move_to_front(items + to, i - to);
	}
}

/* Without random bytes the first is drawn, which is a valid order. */
static uint64_t draw(struct envoi_context *context, uint64_t max)
{
	uint64_t bits = 0;
	if (envoi_context_random(context, &bits, sizeof(bits)) < 0) {
		return 0;
	}
	return bits % (max + 1);
}

/* RFC 2782, "Weight": a number between 0 and the sum of all weights, both included; the first
 * whose running sum reaches it. */
static size_t select_one(
	struct envoi_context *context, const struct envoi__target *items, size_t count)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++) {
		sum += items[i].weight;
	}
	uint64_t drawn = draw(context, sum), running = items[0].weight;
	size_t selected = 0;
	while (running < drawn) {
		running += items[++selected].weight;
	}
	return selected;
}

void envoi__targets_order(struct envoi__targets *targets)
{
	struct envoi__target *items = targets->items;
	sort(items, targets->count);
	for (size_t i = 0; i < targets->count; i++) {
		size_t same = 1;
		while (i + same < targets->count && items[i + same].priority == items[i].priority) {
			same++;
		}
		move_to_front(items + i, select_one(targets->context, items + i, same));
	}
}

size_t envoi__targets_cut(struct envoi__targets *targets)
{
	if (targets->count <= ENVOI__MAX_TARGETS) {
		return 0;
	}
	size_t dropped = targets->count - ENVOI__MAX_TARGETS;
	targets->count = ENVOI__MAX_TARGETS;
	return dropped;
}
