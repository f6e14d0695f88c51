/*
 * envoi - addresses
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include <envoi/context.h>
#include <envoi/jid.h>

#include "base/map.h"
#include "jid/prepare.h"

/*
 * One block: the whole text, whose end is the last part as well, then what needs a NUL of its own.
 */
struct envoi_jid {
	struct envoi_context *context;
	unsigned int references;
	uint32_t hash; /* 0: not asked for yet */
	uint16_t len, bare_len; /* of the text */
	uint16_t local_len, domain_len, resource_len, ascii_len;
	const char *local, *domain, *resource;
	const char *ascii; /* the domain in A-labels */
	char text[];
};

static size_t room_of(const struct envoi__jid_parts *parts)
{
	return 2 * (parts->local.len + 1) + 2 * (parts->domain.len + 1) + parts->resource.len + 1 +
		parts->ascii.len + 1;
}

static void lower(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		text[i] = (char)(c + (((unsigned int)c - 'A') < 26) * ('a' - 'A'));
	}
}

/* @return behind the copy and its NUL */
static char *put(char *at, const struct envoi__span *part)
{
	memcpy(at, part->text, part->len);
	at[part->len] = '\0';
	return at + part->len + 1;
}

/* The separators take the places of the NULs before them. @return behind the text's NUL */
static char *put_text(struct envoi_jid *jid, const struct envoi__jid_parts *parts)
{
	char *at = jid->text;
	if (parts->local.text != NULL) {
		at = put(at, &parts->local);
		at[-1] = '@';
	}
	jid->domain = at;
	at = put(at, &parts->domain);
	jid->bare_len = (uint16_t)(at - 1 - jid->text);
	if (parts->needs_lower) {
		lower(jid->text, jid->bare_len);
	}
	if (parts->resource.text != NULL) {
		at[-1] = '/';
		jid->resource = at;
		at = put(at, &parts->resource);
	}
	jid->len = (uint16_t)(at - 1 - jid->text);
	return at;
}

/* Parts within the text that something follows, copied from there. */
static void put_copies(char *at, struct envoi_jid *jid, const struct envoi__jid_parts *parts)
{
	if (parts->local.text != NULL) {
		jid->local = at;
		at = put(at, &(struct envoi__span){jid->text, parts->local.len});
	}
	if (parts->resource.text != NULL) {
		const char *domain = jid->domain;
		jid->domain = at;
		at = put(at, &(struct envoi__span){domain, parts->domain.len});
	}
	jid->ascii = jid->domain;
	if (parts->ascii.text != NULL) {
		jid->ascii = at;
		put(at, &parts->ascii);
	}
}

/* Of prepared parts. */
static int assemble(struct envoi_jid **ret_jid, struct envoi_context *context,
	const struct envoi__jid_parts *parts)
{
	struct envoi_jid *jid = envoi_alloc(context, sizeof(*jid) + room_of(parts));
	if (jid == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*jid = (struct envoi_jid){
		.references = 1,
		.local_len = (uint16_t)parts->local.len,
		.domain_len = (uint16_t)parts->domain.len,
		.resource_len = (uint16_t)parts->resource.len,
		.ascii_len = (uint16_t)parts->ascii.len,
	};
	put_copies(put_text(jid, parts), jid, parts);
	jid->context = envoi_context_ref(context);
	*ret_jid = jid;
	return ENVOI_OK;
}

/* Apart, so that the usual way needs little of the stack. */
static int prepare_and_assemble(
	struct envoi_jid **ret_jid, struct envoi_context *context, struct envoi__jid_parts *parts)
{
	char room[ENVOI__JID_ROOM];
	struct envoi__jid_reason reason;
	int r = envoi__jid_prepare(parts, room, &reason);
	return r < 0 ? r : assemble(ret_jid, context, parts);
}

static int make(
	struct envoi_jid **ret_jid, struct envoi_context *context, struct envoi__jid_parts *parts)
{
	return envoi__jid_prepare_ascii(parts) ? assemble(ret_jid, context, parts)
					       : prepare_and_assemble(ret_jid, context, parts);
}

int envoi_jid_parse(
	struct envoi_jid **ret_jid, struct envoi_context *context, const char *text, size_t len)
{
	struct envoi__jid_parts parts;
	envoi__jid_split(&parts, text != NULL ? text : "", text != NULL ? len : 0);
	return make(ret_jid, context, &parts);
}

int envoi_jid_from_text(struct envoi_jid **ret_jid, struct envoi_context *context, const char *text)
{
	return envoi_jid_parse(ret_jid, context, text, text == NULL ? 0 : strlen(text));
}

static struct envoi__span span_of(const char *text)
{
	return (struct envoi__span){.text = text, .len = text == NULL ? 0 : strlen(text)};
}

int envoi_jid_from_parts(struct envoi_jid **ret_jid, struct envoi_context *context,
	const char *local, const char *domain, const char *resource)
{
	struct envoi__jid_parts parts = {
		.local = span_of(local),
		.domain = span_of(domain),
		.resource = span_of(resource),
	};
	return domain == NULL ? ENVOI_ERR_INVALID : make(ret_jid, context, &parts);
}

int envoi_jid_check(const char *text, size_t len, char *line, size_t size)
{
	struct envoi__jid_parts parts;
	struct envoi__jid_reason reason;
	char room[ENVOI__JID_ROOM];
	int r = ENVOI_OK;
	envoi__jid_split(&parts, text != NULL ? text : "", text != NULL ? len : 0);
	if (!envoi__jid_prepare_ascii(&parts)) {
		r = envoi__jid_prepare(&parts, room, &reason);
	}
	if (size > 0) {
		line[0] = '\0';
	}
	if (r == ENVOI_ERR_INVALID) {
		snprintf(line, size, "%s %s", reason.part, reason.what);
	}
	return r;
}

/* Constant but for its count and its hash. */
static struct envoi_jid *changeable(const struct envoi_jid *jid)
{
	return (struct envoi_jid *)(uintptr_t)jid;
}

struct envoi_jid *envoi_jid_ref(const struct envoi_jid *jid)
{
	if (jid != NULL) {
		changeable(jid)->references++;
	}
	return changeable(jid);
}

struct envoi_jid *envoi_jid_unref(struct envoi_jid *jid)
{
	if (jid != NULL && --jid->references == 0) {
		struct envoi_context *context = jid->context;
		envoi_free(context, jid);
		envoi_context_unref(context);
	}
	return NULL;
}

static struct envoi__jid_parts parts_of(const struct envoi_jid *jid)
{
	return (struct envoi__jid_parts){
		.local = {jid->local, jid->local_len},
		.domain = {jid->domain, jid->domain_len},
		.resource = {jid->resource, jid->resource_len},
		.ascii = {jid->ascii_len > 0 ? jid->ascii : NULL, jid->ascii_len},
	};
}

int envoi_jid_bare(struct envoi_jid **ret_jid, const struct envoi_jid *jid)
{
	if (jid == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (jid->resource == NULL) {
		*ret_jid = envoi_jid_ref(jid);
		return ENVOI_OK;
	}
	struct envoi__jid_parts parts = parts_of(jid);
	parts.resource = (struct envoi__span){0};
	return assemble(ret_jid, jid->context, &parts);
}

int envoi_jid_with_resource(
	struct envoi_jid **ret_jid, const struct envoi_jid *jid, const char *resource)
{
	if (jid == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi__jid_parts parts = parts_of(jid);
	struct envoi__jid_reason reason;
	char room[ENVOI__JID_PART_MAX + 1];
	parts.resource = span_of(resource);
	if (!envoi__jid_prepare_ascii_resource(&parts.resource)) {
		int r = envoi__jid_prepare_resource(&parts.resource, room, &reason);
		if (r < 0) {
			return r;
		}
	}
	return assemble(ret_jid, jid->context, &parts);
}

const char *envoi_jid_local(const struct envoi_jid *jid)
{
	return jid == NULL ? NULL : jid->local;
}

const char *envoi_jid_domain(const struct envoi_jid *jid)
{
	return jid == NULL ? NULL : jid->domain;
}

const char *envoi_jid_domain_ascii(const struct envoi_jid *jid)
{
	return jid == NULL ? NULL : jid->ascii;
}

const char *envoi_jid_resource(const struct envoi_jid *jid)
{
	return jid == NULL ? NULL : jid->resource;
}

const char *envoi_jid_text(const struct envoi_jid *jid)
{
	return jid == NULL ? NULL : jid->text;
}

size_t envoi_jid_bare_len(const struct envoi_jid *jid)
{
	return jid == NULL ? 0 : jid->bare_len;
}

bool envoi_jid_is_bare(const struct envoi_jid *jid)
{
	return jid != NULL && jid->resource == NULL;
}

bool envoi_jid_equal(const struct envoi_jid *a, const struct envoi_jid *b)
{
	if (a == b || a == NULL || b == NULL) {
		return a == b;
	}
	return a->len == b->len && a->bare_len == b->bare_len &&
		memcmp(a->text, b->text, a->len) == 0;
}

bool envoi_jid_equal_bare(const struct envoi_jid *a, const struct envoi_jid *b)
{
	if (a == b || a == NULL || b == NULL) {
		return a == b;
	}
	return a->bare_len == b->bare_len && memcmp(a->text, b->text, a->bare_len) == 0;
}

bool envoi_jid_equal_domain(const struct envoi_jid *a, const struct envoi_jid *b)
{
	if (a == b || a == NULL || b == NULL) {
		return a == b;
	}
	return strcmp(a->domain, b->domain) == 0;
}

bool envoi_jid_is_bare_of(const struct envoi_jid *jid, const struct envoi_jid *other)
{
	return envoi_jid_is_bare(jid) && envoi_jid_equal_bare(jid, other);
}

bool envoi_jid_is_domain_of(const struct envoi_jid *jid, const struct envoi_jid *other)
{
	return envoi_jid_is_bare(jid) && jid->local == NULL && envoi_jid_equal_domain(jid, other);
}

uint32_t envoi_jid_hash(const struct envoi_jid *jid)
{
	if (jid == NULL) {
		return 0;
	}
	if (jid->hash == 0) {
		uint32_t hash = (uint32_t)envoi__hash(jid->context, jid->text, jid->len);
		changeable(jid)->hash = hash != 0 ? hash : 1;
	}
	return jid->hash;
}

int envoi_jid_compare(const struct envoi_jid *a, const struct envoi_jid *b)
{
	if (a == NULL || b == NULL) {
		return (a != NULL) - (b != NULL);
	}
	return strcmp(a->text, b->text);
}
