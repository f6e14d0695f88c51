/*
 * envoi - addresses
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>
#include <envoi/jid.h>

#include "base/map.h"
#include "jid/prepare.h"

/*
 * One block: the whole text, whose end is the last part as well, then the parts that need a NUL
 * of their own.
 */
struct envoi_jid {
	struct envoi_context *context;
	unsigned int references;
	uint32_t hash;
	uint16_t local_len, domain_len, resource_len, bare_len;
	const char *local, *domain, *resource;
	uint16_t len;
	char text[];
};

static size_t text_len(const struct envoi__jid_parts *parts)
{
	return parts->local.len + (parts->local.text != NULL) + parts->domain.len +
		parts->resource.len + (parts->resource.text != NULL);
}

static void copy_lower(char *to, const struct envoi__span *from)
{
	for (size_t i = 0; i < from->len; i++) {
		unsigned char c = (unsigned char)from->text[i];
		to[i] = (char)(c + ((unsigned int)(c - 'A') < 26) * ('a' - 'A'));
	}
}

static char *put_text(struct envoi_jid *jid, const struct envoi__jid_parts *parts)
{
	char *at = jid->text;
	if (parts->local.text != NULL) {
		copy_lower(at, &parts->local);
		at += parts->local.len;
		*at++ = '@';
	}
	copy_lower(at, &parts->domain);
	jid->domain = at;
	at += parts->domain.len;
	jid->bare_len = (uint16_t)(at - jid->text);
	if (parts->resource.text != NULL) {
		*at++ = '/';
		memcpy(at, parts->resource.text, parts->resource.len);
		jid->resource = at;
		at += parts->resource.len;
	}
	jid->len = (uint16_t)(at - jid->text);
	*at++ = '\0';
	return at;
}

static const char *put_part(char **at, const char *text, size_t len)
{
	char *part = memcpy(*at, text, len);
	part[len] = '\0';
	*at += len + 1;
	return part;
}

/* Of prepared parts. */
static int assemble(struct envoi_jid **ret_jid, struct envoi_context *context,
	const struct envoi__jid_parts *parts)
{
	size_t room = text_len(parts) + 1 + parts->local.len + 1 + parts->domain.len + 1;
	struct envoi_jid *jid = envoi_alloc(context, sizeof(*jid) + room);
	if (jid == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*jid = (struct envoi_jid){
		.references = 1,
		.local_len = (uint16_t)parts->local.len,
		.domain_len = (uint16_t)parts->domain.len,
		.resource_len = (uint16_t)parts->resource.len,
	};
	char *at = put_text(jid, parts);
	if (parts->local.text != NULL) {
		jid->local = put_part(&at, jid->text, parts->local.len);
	}
	if (parts->resource.text != NULL) {
		jid->domain = put_part(&at, jid->domain, parts->domain.len);
	}
	jid->hash = (uint32_t)envoi__hash(context, jid->text, jid->len);
	jid->context = envoi_context_ref(context);
	*ret_jid = jid;
	return ENVOI_OK;
}

static int prepare_and_assemble(struct envoi_jid **ret_jid, struct envoi_context *context,
	struct envoi__jid_parts *parts)
{
	char room[3 * (ENVOI__JID_PART_MAX + 1)];
	const char *reason;
	int r = envoi__jid_prepare(parts, room, &reason);
	return r < 0 ? r : assemble(ret_jid, context, parts);
}

int envoi_jid_parse(
	struct envoi_jid **ret_jid, struct envoi_context *context, const char *text, size_t len)
{
	struct envoi__jid_parts parts;
	envoi__jid_split(&parts, text, len);
	return prepare_and_assemble(ret_jid, context, &parts);
}

int envoi_jid_from_text(
	struct envoi_jid **ret_jid, struct envoi_context *context, const char *text)
{
	return envoi_jid_parse(ret_jid, context, text, strlen(text));
}

static struct envoi__span span_of(const char *text)
{
	return (struct envoi__span){.text = text, .len = text == NULL ? 0 : strlen(text)};
}

int envoi_jid_from_parts(struct envoi_jid **ret_jid, struct envoi_context *context,
	const char *local, const char *domain, const char *resource)
{
	struct envoi__jid_parts parts = {span_of(local), span_of(domain), span_of(resource)};
	return domain == NULL ? ENVOI_ERR_INVALID
			      : prepare_and_assemble(ret_jid, context, &parts);
}

struct envoi_jid *envoi_jid_ref(const struct envoi_jid *jid)
{
	struct envoi_jid *counted = (struct envoi_jid *)(uintptr_t)jid; /* const but for its count */
	counted->references++;
	return counted;
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
		{jid->local, jid->local_len},
		{jid->domain, jid->domain_len},
		{jid->resource, jid->resource_len},
	};
}

int envoi_jid_bare(struct envoi_jid **ret_jid, const struct envoi_jid *jid)
{
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
	struct envoi__jid_parts parts = parts_of(jid);
	parts.resource = span_of(resource);
	return prepare_and_assemble(ret_jid, jid->context, &parts);
}

const char *envoi_jid_local(const struct envoi_jid *jid)
{
	return jid->local;
}

const char *envoi_jid_domain(const struct envoi_jid *jid)
{
	return jid->domain;
}

const char *envoi_jid_resource(const struct envoi_jid *jid)
{
	return jid->resource;
}

const char *envoi_jid_text(const struct envoi_jid *jid)
{
	return jid->text;
}

size_t envoi_jid_bare_len(const struct envoi_jid *jid)
{
	return jid->bare_len;
}

bool envoi_jid_is_bare(const struct envoi_jid *jid)
{
	return jid->resource == NULL;
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

uint32_t envoi_jid_hash(const struct envoi_jid *jid)
{
	return jid->hash;
}

int envoi_jid_compare(const struct envoi_jid *a, const struct envoi_jid *b)
{
	return strcmp(a->text, b->text);
}
