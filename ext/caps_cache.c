/*
 * envoi - entity capabilities: what was answered, by hash
 * SPDX-License-Identifier: MIT
 *
 * Private headers: a hash map and a list, of which there are no public ones.
 */
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/xml.h>

#include "base/list.h"
#include "base/map.h"
#include "caps_inside.h"

/* --- shared information --- */

struct envoi__caps_known *envoi__caps_known_new(
	struct envoi_context *context, const struct envoi_disco_info *info, size_t weight)
{
	struct envoi__caps_known *known = envoi_alloc_zeroed(context, sizeof(*known));
	if (known == NULL) {
		return NULL;
	}
	known->info = envoi_payload_dup(context, &envoi_disco_info_type, info);
	if (known->info == NULL) {
		envoi_free(context, known);
		return NULL;
	}
	known->context = envoi_context_ref(context);
	known->refs = 1;
	known->weight = weight;
	return known;
}

struct envoi__caps_known *envoi__caps_known_ref(struct envoi__caps_known *known)
{
	known->refs++;
	return known;
}

void envoi__caps_known_unref(struct envoi__caps_known *known)
{
	if (known != NULL && --known->refs == 0) {
		struct envoi_context *context = known->context;
		envoi_payload_free(&envoi_disco_info_type, known->info);
		envoi_free(context, known);
		envoi_context_unref(context);
	}
}

/* --- keys --- */

#define KEY_2 "urn:xmpp:caps#"

/* XEP-0390, section 4.3: names of hash functions may contain a full stop. */
static const char *split(const char *key, char *algo, size_t size, bool *ret_is_second)
{
	*ret_is_second = strncmp(key, KEY_2, strlen(KEY_2)) == 0;
	const char *start = *ret_is_second ? key + strlen(KEY_2) : key;
	const char *end = strrchr(start, *ret_is_second ? '.' : ' ');
	if (end == NULL || (size_t)(end - start) >= size) {
		return NULL;
	}
	memcpy(algo, start, (size_t)(end - start));
	algo[end - start] = '\0';
	return end + 1;
}

/* @return as envoi__caps_verify() */
static int match(const char *key, const struct envoi_disco_info *info, struct envoi_buffer *input)
{
	char algo[32], digest[ENVOI__CAPS_DIGEST_SIZE];
	bool is_second;
	enum envoi__caps_input kind = ENVOI__CAPS_ILL_FORMED;
	const char *value = split(key, algo, sizeof(algo), &is_second);
	int r = is_second ? envoi__caps_input_2(input, info, &kind)
			  : envoi__caps_input(input, info, &kind);
	if (r < 0) {
		return r;
	}
	bool is_match = value != NULL && kind == ENVOI__CAPS_UNIQUE &&
		envoi__caps_digest(digest, algo, input) == ENVOI_OK && strcmp(digest, value) == 0;
	return is_match ? ENVOI_OK : ENVOI_DECLINED;
}

/* @return the size of what is kept, of which the input may be a small part; the largest: unknown */
static size_t weight_of(struct envoi_buffer *buffer, const struct envoi_disco_info *info)
{
	envoi_buffer_truncate(buffer, 0);
	struct envoi_xml_writer *writer = envoi_xml_writer_new(buffer, NULL);
	int r = envoi_payload_write(writer, &envoi_disco_info_type, info, NULL);
	int finished = envoi_xml_writer_finish(writer);
	return r < 0 || finished < 0 ? ENVOI_CAPS_MOST_BYTES : envoi_buffer_len(buffer);
}

int envoi__caps_verify(struct envoi__caps_known **ret_known, struct envoi_context *context,
	const char *key, const struct envoi_disco_info *info)
{
	struct envoi_buffer input;
	envoi_buffer_init(&input, context, 0);
	int r = match(key, info, &input);
	if (r >= 0) {
		*ret_known = envoi__caps_known_new(context, info, weight_of(&input, info));
		r = *ret_known == NULL ? ENVOI_ERR_NOMEM : r;
	}
	envoi_buffer_finish(&input);
	return r;
}

/* --- the cache --- */

struct entry {
	struct envoi__list link; /* the one used longest ago is the first */
	struct envoi__caps_known *known;
	char key[];
};

struct envoi_caps_cache {
	struct envoi_context *context;
	unsigned int refs;
	struct envoi__map by_key;
	struct envoi__list entries;
	size_t count, weight;
};

static struct entry *from_link(struct envoi__list *link)
{
	return ENVOI_CONTAINER_OF(link, struct entry, link);
}

int envoi_caps_cache_new(struct envoi_caps_cache **ret_cache, struct envoi_context *context)
{
	struct envoi_caps_cache *cache = envoi_alloc_zeroed(context, sizeof(*cache));
	if (cache == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	cache->context = envoi_context_ref(context);
	cache->refs = 1;
	envoi__map_init(&cache->by_key, context);
	envoi__list_init(&cache->entries);
	*ret_cache = cache;
	return ENVOI_OK;
}

struct envoi_caps_cache *envoi_caps_cache_ref(struct envoi_caps_cache *cache)
{
	cache->refs++;
	return cache;
}

static void drop(struct envoi_caps_cache *cache, struct entry *entry)
{
	(void)envoi__map_remove(&cache->by_key, entry->key, strlen(entry->key));
	envoi__list_remove(&entry->link);
	cache->count--;
	cache->weight -= entry->known->weight;
	envoi__caps_known_unref(entry->known);
	envoi_free(cache->context, entry);
}

struct envoi_caps_cache *envoi_caps_cache_unref(struct envoi_caps_cache *cache)
{
	if (cache != NULL && --cache->refs == 0) {
		struct envoi_context *context = cache->context;
		while (!envoi__list_is_empty(&cache->entries)) {
			drop(cache, from_link(cache->entries.next));
		}
		envoi__map_finish(&cache->by_key);
		envoi_free(context, cache);
		envoi_context_unref(context);
	}
	return NULL;
}

size_t envoi_caps_cache_count(const struct envoi_caps_cache *cache)
{
	return cache->count;
}

struct envoi_context *envoi__caps_cache_context(const struct envoi_caps_cache *cache)
{
	return cache->context;
}

struct envoi__caps_known *envoi__caps_cache_get(struct envoi_caps_cache *cache, const char *key)
{
	struct entry *entry = envoi__map_get(&cache->by_key, key, strlen(key));
	if (entry == NULL) {
		return NULL;
	}
	envoi__list_remove(&entry->link);
	envoi__list_append(&cache->entries, &entry->link);
	return entry->known;
}

static bool is_over(const struct envoi_caps_cache *cache)
{
	return cache->count > ENVOI_CAPS_MOST_HASHES || cache->weight > ENVOI_CAPS_MOST_BYTES;
}

void envoi__caps_cache_put(
	struct envoi_caps_cache *cache, const char *key, struct envoi__caps_known *known)
{
	size_t len = strlen(key);
	if (envoi__caps_cache_get(cache, key) != NULL) {
		return; /* as it was verified, it is the same */
	}
	struct entry *entry = envoi_alloc_zeroed(cache->context, sizeof(*entry) + len + 1);
	if (entry == NULL) {
		return;
	}
	memcpy(entry->key, key, len + 1);
	if (envoi__map_add(&cache->by_key, entry->key, len, entry) < 0) {
		envoi_free(cache->context, entry);
		return;
	}
	entry->known = envoi__caps_known_ref(known);
	envoi__list_append(&cache->entries, &entry->link);
	cache->count++;
	cache->weight += known->weight;
	while (is_over(cache)) {
		drop(cache, from_link(cache->entries.next));
	}
}

/* --- as bytes: a stream of answers, whose nodes are the keys --- */

static struct envoi_element *stream_head(struct envoi_context *context)
{
	struct envoi_element *head = envoi_element_new(context, ENVOI_NS_STREAMS, "stream");
	return envoi_element_set(head, "version", "1.0") == NULL ? envoi_element_unref(head) : head;
}

static int write_entries(const struct envoi_caps_cache *cache, struct envoi_buffer *out)
{
	struct envoi_xml_writer *writer = envoi_xml_writer_new(out, ENVOI_NS_CLIENT);
	const struct envoi__list *link = cache->entries.next;
	for (; link != &cache->entries; link = link->next) {
		struct entry *entry = from_link((struct envoi__list *)(uintptr_t)link);
		struct envoi_disco_info info = *entry->known->info;
		info.node = entry->key;
		envoi_payload_write(writer, &envoi_disco_info_type, &info, NULL);
	}
	return envoi_xml_writer_finish(writer);
}

int envoi_caps_cache_export(const struct envoi_caps_cache *cache, struct envoi_buffer *out)
{
	size_t before = envoi_buffer_len(out);
	struct envoi_element *head = stream_head(cache->context);
	int r = head == NULL ? ENVOI_ERR_NOMEM : envoi_xml_write_head(out, head, ENVOI_NS_CLIENT);
	envoi_element_unref(head);
	if (r == ENVOI_OK) {
		r = write_entries(cache, out);
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_append_text(out, "</stream:stream>");
	}
	if (r < 0) {
		envoi_buffer_truncate(out, before);
	}
	return r;
}

static int import_element(struct envoi_caps_cache *cache, const struct envoi_element *element)
{
	const void *value;
	int r = envoi_payload_parse(&value, &envoi_disco_info_type, element, NULL);
	const struct envoi_disco_info *info = r == ENVOI_OK ? value : NULL;
	if (r != ENVOI_OK || info->node == NULL) {
		return r == ENVOI_ERR_NOMEM ? r : ENVOI_OK;
	}
	struct envoi__caps_known *known = NULL;
	r = envoi__caps_verify(&known, cache->context, info->node, info);
	if (r == ENVOI_OK) {
		envoi__caps_cache_put(cache, info->node, known);
	}
	envoi__caps_known_unref(known);
	return r < 0 ? r : ENVOI_OK;
}

static int import_all(struct envoi_caps_cache *cache, struct envoi_xml_parser *parser)
{
	struct envoi_xml_item item;
	int r;
	while ((r = envoi_xml_parser_next(parser, &item)) == ENVOI_OK &&
		item.kind != ENVOI_XML_END) {
		r = item.kind == ENVOI_XML_ELEMENT ? import_element(cache, item.element) : ENVOI_OK;
		envoi_element_unref(item.element);
		if (r < 0) {
			break;
		}
	}
	return r == ENVOI_OK || r == ENVOI_ERR_NOMEM ? r : ENVOI_ERR_INVALID;
}

int envoi_caps_cache_import(struct envoi_caps_cache *cache, const void *bytes, size_t len)
{
	struct envoi_xml_parser *parser;
	int r = envoi_xml_parser_new(&parser, cache->context, NULL);
	if (r < 0) {
		return r;
	}
	r = envoi_xml_parser_feed(parser, bytes, len);
	if (r == ENVOI_OK) {
		r = import_all(cache, parser);
	}
	envoi_xml_parser_free(parser);
	return r;
}
