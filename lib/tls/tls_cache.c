/*
 * envoi - TLS sessions that may be resumed
 * SPDX-License-Identifier: MIT
 */
#include "tls/tls_cache.h"

#include <string.h>

#include "base/context.h"

enum {
	HOUR_MS = 3600000,
};

struct entry {
	bool is_used;
	bool is_barred; /* without a session */
	struct envoi__tls_cache_key key;
	struct envoi__tls_session session;
};

struct cache {
	struct envoi__part base;
	struct envoi_context *context; /* borrowed: it owns us */
	struct entry entries[ENVOI__TLS_CACHE_ENTRIES];
};

void envoi__tls_session_finish(struct envoi__tls_session *session)
{
	if (session->data.data != NULL) {
		gnutls_memset(session->data.data, 0, session->data.size);
		gnutls_free(session->data.data);
	}
	*session = (struct envoi__tls_session){0};
}

static void forget(struct entry *entry)
{
	envoi__tls_session_finish(&entry->session);
	*entry = (struct entry){0};
}

static void destroy(struct envoi__part *base)
{
	struct cache *cache = ENVOI_CONTAINER_OF(base, struct cache, base);
	for (size_t i = 0; i < ENVOI__TLS_CACHE_ENTRIES; i++) {
		forget(&cache->entries[i]);
	}
	envoi_free(cache->context, cache);
}

static struct cache *get_cache(const struct envoi_context *context)
{
	struct envoi__part *base = context->parts[ENVOI__PART_TICKETS];
	return base == NULL ? NULL : ENVOI_CONTAINER_OF(base, struct cache, base);
}

static struct cache *make_cache(struct envoi_context *context)
{
	struct cache *cache = get_cache(context);
	if (cache == NULL) {
		cache = envoi_alloc_zeroed(context, sizeof(*cache));
		if (cache != NULL) {
			cache->base.destroy = destroy;
			cache->context = context;
			context->parts[ENVOI__PART_TICKETS] = &cache->base;
		}
	}
	return cache;
}

/* A clock that was set back makes everything too old. */
static bool is_fresh(const struct entry *entry, int64_t now_ms)
{
	const struct envoi__tls_origin *origin = &entry->session.origin;
	return entry->is_used && now_ms >= origin->since_ms && now_ms < origin->until_ms;
}

static struct entry *find(
	struct cache *cache, const struct envoi__tls_cache_key *key, int64_t now_ms)
{
	struct entry *found = NULL;
	for (size_t i = 0; cache != NULL && i < ENVOI__TLS_CACHE_ENTRIES; i++) {
		struct entry *entry = &cache->entries[i];
		if (!is_fresh(entry, now_ms)) {
			forget(entry);
		} else if (memcmp(&entry->key, key, sizeof(*key)) == 0) {
			found = entry;
		}
	}
	return found;
}

static struct entry *free_or_oldest(struct cache *cache)
{
	struct entry *best = &cache->entries[0];
	for (size_t i = 0; best->is_used && i < ENVOI__TLS_CACHE_ENTRIES; i++) {
		struct entry *entry = &cache->entries[i];
		if (!entry->is_used ||
			entry->session.origin.since_ms < best->session.origin.since_ms) {
			best = entry;
		}
	}
	return best;
}

/* @return whether it was put there, and so taken */
static bool put(struct envoi_context *context, const struct entry *new_entry)
{
	struct cache *cache = make_cache(context);
	if (cache == NULL) {
		return false;
	}
	struct entry *entry = find(cache, &new_entry->key, envoi_context_wall_clock_ms(context));
	if (entry != NULL && entry->is_barred) {
		return false;
	}
	if (entry == NULL) {
		entry = free_or_oldest(cache);
	}
	forget(entry);
	*entry = *new_entry;
	return true;
}

void envoi__tls_cache_put(struct envoi_context *context, const struct envoi__tls_cache_key *key,
	struct envoi__tls_session *session)
{
	const struct entry entry = {.is_used = true, .key = *key, .session = *session};
	if (session->data.size <= ENVOI__TLS_CACHE_SESSION_BYTES && put(context, &entry)) {
		*session = (struct envoi__tls_session){0};
	}
	envoi__tls_session_finish(session);
}

void envoi__tls_cache_bar(struct envoi_context *context, const struct envoi__tls_cache_key *key)
{
	struct entry entry = {.is_used = true, .is_barred = true, .key = *key};
	struct envoi__tls_origin *origin = &entry.session.origin;
	origin->since_ms = envoi_context_wall_clock_ms(context);
	origin->until_ms = origin->since_ms + (int64_t)ENVOI__TLS_CACHE_HOURS * HOUR_MS;
	put(context, &entry);
}

bool envoi__tls_cache_take(struct envoi_context *context, const struct envoi__tls_cache_key *key,
	struct envoi__tls_session *ret_session)
{
	struct entry *entry = find(get_cache(context), key, envoi_context_wall_clock_ms(context));
	if (entry == NULL || entry->is_barred) {
		return false;
	}
	*ret_session = entry->session;
	*entry = (struct entry){0};
	return true;
}
