/*
 * envoi - entities that directed presence was sent to (RFC 6121, section 4.6)
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_PRESENCE_DIRECTED_H
#define ENVOI_PRESENCE_DIRECTED_H

#include <envoi/jid.h>

#include "base/list.h"
#include "base/map.h"

struct envoi__directed_address {
	struct envoi__list link;
	char text[];
};

struct envoi__directed {
	struct envoi__map by_address;
	struct envoi__list oldest; /* first */
};

void envoi__directed_init(struct envoi__directed *directed, struct envoi_context *context);
/** Forget all; it can be used on. */
void envoi__directed_clear(struct envoi__directed *directed);

/** Note that presence was sent to an address. Without memory, and beyond @p most, it is not noted:
 * the server withdraws it when the session ends (section 4.6.3). */
void envoi__directed_note(
	struct envoi__directed *directed, const char *to, bool is_available, size_t most);

/** @return whether presence was sent to the address, or to its bare one */
bool envoi__directed_has(const struct envoi__directed *directed, const struct envoi_jid *jid);

/** Take out the oldest address. @return to be freed with envoi_free(); NULL: there is none */
struct envoi__directed_address *envoi__directed_take(struct envoi__directed *directed);

#endif
