/*
 * envoi - entities that directed presence was sent to (RFC 6121, section 4.6)
 * SPDX-License-Identifier: MIT
 */
#include "presence/directed.h"

#include <string.h>

static struct envoi__directed_address *address_at(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct envoi__directed_address, link);
}

void envoi__directed_init(struct envoi__directed *directed, struct envoi_context *context)
{
	envoi__map_init(&directed->by_address, context);
	envoi__list_init(&directed->oldest);
}

static void forget(struct envoi__directed *directed, struct envoi__directed_address *address)
{
	envoi__map_remove(&directed->by_address, address->text, strlen(address->text));
	envoi__list_remove(&address->link);
}

void envoi__directed_clear(struct envoi__directed *directed)
{
	while (!envoi__list_is_empty(&directed->oldest)) {
		struct envoi__directed_address *address = address_at(directed->oldest.next);
		envoi__list_remove(&address->link);
		envoi_free(directed->by_address.context, address);
	}
	envoi__map_finish(&directed->by_address);
}

static void add(struct envoi__directed *directed, const char *to, size_t len)
{
	struct envoi__map *map = &directed->by_address;
	struct envoi__directed_address *address = envoi_alloc(
		map->context, sizeof(*address) + len + 1);
	if (address == NULL) {
		return;
	}
	memcpy(address->text, to, len + 1);
	if (envoi__map_add(map, address->text, len, address) < 0) {
		envoi_free(map->context, address);
		return;
	}
	envoi__list_append(&directed->oldest, &address->link);
}

void envoi__directed_note(
	struct envoi__directed *directed, const char *to, bool is_available, size_t most)
{
	struct envoi__map *map = &directed->by_address;
	size_t len = strlen(to);
	struct envoi__directed_address *known = envoi__map_get(map, to, len);
	if (!is_available && known != NULL) {
		forget(directed, known);
		envoi_free(map->context, known);
	} else if (is_available && known == NULL && map->count < most) {
		add(directed, to, len);
	}
}

struct envoi__directed_address *envoi__directed_take(struct envoi__directed *directed)
{
	if (envoi__list_is_empty(&directed->oldest)) {
		return NULL;
	}
	struct envoi__directed_address *address = address_at(directed->oldest.next);
	forget(directed, address);
	return address;
}

bool envoi__directed_has(const struct envoi__directed *directed, const struct envoi_jid *jid)
{
	const char *text = envoi_jid_text(jid);
	return envoi__map_get(&directed->by_address, text, strlen(text)) != NULL ||
		envoi__map_get(&directed->by_address, text, envoi_jid_bare_len(jid)) != NULL;
}
