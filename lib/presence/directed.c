/*
 * envoi - entities that directed presence was sent to (RFC 6121, section 4.6)
 * SPDX-License-Identifier: MIT
 */
#include "presence/directed.h"

#include <string.h>

void envoi__directed_init(struct envoi__directed *directed, struct envoi_context *context)
{
	envoi__map_init(&directed->by_address, context);
}

void envoi__directed_clear(struct envoi__directed *directed)
{
	size_t position = 0;
	char *address;
	while ((address = envoi__map_next(&directed->by_address, &position)) != NULL) {
		envoi_free(directed->by_address.context, address);
	}
	envoi__map_finish(&directed->by_address);
}

static void add(struct envoi__map *map, const char *to, size_t len)
{
	char *address = envoi_strndup(map->context, to, len);
	if (address != NULL && envoi__map_add(map, address, len, address) < 0) {
		envoi_free(map->context, address);
	}
}

void envoi__directed_note(
	struct envoi__directed *directed, const char *to, bool is_available, size_t most)
{
	struct envoi__map *map = &directed->by_address;
	size_t len = strlen(to);
	if (!is_available) {
		envoi_free(map->context, envoi__map_remove(map, to, len));
	} else if (map->count < most) {
		add(map, to, len);
	}
}

char *envoi__directed_take(struct envoi__directed *directed)
{
	size_t position = 0;
	char *address = envoi__map_next(&directed->by_address, &position);
	if (address != NULL) {
		envoi__map_remove(&directed->by_address, address, strlen(address));
	}
	return address;
}
