/*
 * envoi - entity capabilities of others: what its files share
 * SPDX-License-Identifier: MIT
 *
 * Private headers: a hash map and a list, of which there are no public ones.
 *
 *	caps_entities.c  the extension
 *	caps_lookup.c    asking
 *	caps_table.c     the entities that have sent hashes
 */
#ifndef ENVOI_CAPS_ENTITIES_H
#define ENVOI_CAPS_ENTITIES_H

#include "base/list.h"
#include "base/map.h"
#include "caps_inside.h"

/** An entity that has sent a hash. */
struct envoi__caps_entity {
	struct envoi__list link; /* in contacts or others */
	char *jid; /* its text */
	size_t bare_len; /* of it: the address of the account */
	char *node; /* to ask for; the key by XEP-0390 */
	char *key; /* NULL: the hash cannot be verified */
	struct envoi__caps_known *own; /* what holds for this entity alone; NULL: none */
};

struct envoi__caps_entities {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_session *session;
	struct envoi_caps_cache *cache; /* NULL: not needed yet */
	struct envoi__map by_jid;
	/* of the roster with a subscription, or the own account; others. The one that was updated
	 * longest ago is the first */
	struct envoi__list contacts, others;
	size_t count, own_weight;
	struct envoi__list lookups;
};

/* --- caps_table.c --- */

/** @return NULL: it has sent no hash */
struct envoi__caps_entity *envoi__caps_find_entity(
	const struct envoi__caps_entities *self, const char *jid);
/** Take an available presence whose sender is an address. Without memory, what was known of the
 * sender is dropped. */
void envoi__caps_take(struct envoi__caps_entities *self, const struct envoi_stanza *presence);
/** @param entity NULL is allowed */
void envoi__caps_drop(struct envoi__caps_entities *self, struct envoi__caps_entity *entity);
void envoi__caps_drop_all(struct envoi__caps_entities *self);
/** @param entity NULL is allowed. @return borrowed; NULL: nothing is known */
const struct envoi_disco_info *envoi__caps_find_known(
	struct envoi__caps_entities *self, const struct envoi__caps_entity *entity);
/** Keep what was not verified, for one entity, while it announces the same hash. @param key of the
 * time when it was asked */
void envoi__caps_keep_own(struct envoi__caps_entities *self, const struct envoi_jid *jid,
	const char *key, struct envoi__caps_known *known);
/** @retval ENVOI_ERR_NOMEM */
int envoi__caps_make_cache(struct envoi__caps_entities *self);

/* --- caps_lookup.c --- */

/** Ask, or wait for an answer that will come. Errors as envoi_request(). @retval ENVOI_AGAIN */
int envoi__caps_look_up(struct envoi__caps_entities *self, const struct envoi_jid *jid,
	envoi_caps_fn *done, void *user);
/** Their functions are called from the loop. */
void envoi__caps_cancel_lookups(struct envoi__caps_entities *self);

#endif
