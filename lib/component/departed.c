/*
 * envoi - a component: own addresses whose unavailable presence the server may not have
 * SPDX-License-Identifier: MIT
 */
#include "component/departed.h"

#include <string.h>

enum {
	MOST = 10000,
};

struct departed {
	struct envoi__list link;
	uint64_t number;
	char jid[];
};

static struct departed *first(const struct envoi__departed *departed)
{
	return ENVOI_CONTAINER_OF(departed->list.next, struct departed, link);
}

void envoi__departed_init(struct envoi__departed *departed, struct envoi_context *context)
{
	departed->context = context;
	envoi__list_init(&departed->list);
}

void envoi__departed_finish(struct envoi__departed *departed)
{
	envoi__departed_confirm(departed, UINT64_MAX);
}

void envoi__departed_add(struct envoi__departed *departed, const char *jid)
{
	size_t size = strlen(jid) + 1;
	struct departed *added = envoi_alloc_zeroed(departed->context, sizeof(*added) + size);
	if (added == NULL) {
		return;
	}
	memcpy(added->jid, jid, size);
	added->number = ++departed->last;
	envoi__list_append(&departed->list, &added->link);
	if (++departed->count > MOST) {
		envoi__departed_drop_first(departed);
	}
}

const char *envoi__departed_first(const struct envoi__departed *departed, uint64_t number)
{
	return departed->count > 0 && first(departed)->number <= number ? first(departed)->jid
									: NULL;
}

void envoi__departed_drop_first(struct envoi__departed *departed)
{
	struct departed *dropped = first(departed);
	envoi__list_remove(&dropped->link);
	departed->count--;
	envoi_free(departed->context, dropped);
}

void envoi__departed_confirm(struct envoi__departed *departed, uint64_t number)
{
	while (envoi__departed_first(departed, number) != NULL) {
		envoi__departed_drop_first(departed);
	}
}
