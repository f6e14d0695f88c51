/*
 * envoi - XEP-0428: Fallback Indication, version 0.2.1
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/fallback.h>

#include <envoi/context.h>
#include <string.h>

#define REGION_FIELDS \
	ENVOI_ATTR_INT(struct envoi_fallback_region, start, "start", \
		.has = ENVOI_HAS(struct envoi_fallback_region, has_start)), \
		ENVOI_ATTR_INT(struct envoi_fallback_region, end, "end", \
			.has = ENVOI_HAS(struct envoi_fallback_region, has_end))
static const struct envoi_field region_fields[] = {REGION_FIELDS, ENVOI_FIELDS_END};
const struct envoi_payload_type envoi_fallback_body_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_fallback_region, ENVOI_NS_FALLBACK, "body", region_fields);
const struct envoi_payload_type envoi_fallback_subject_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_fallback_region, ENVOI_NS_FALLBACK, "subject", region_fields);

static const struct envoi_field fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_fallback, replaces, "for"),
	ENVOI_CHILDREN_STRUCT(struct envoi_fallback, bodies, body_count,
		struct envoi_fallback_region, &envoi_fallback_body_type,
		.max_items = ENVOI_FALLBACK_LIMIT),
	ENVOI_CHILDREN_STRUCT(struct envoi_fallback, subjects, subject_count,
		struct envoi_fallback_region, &envoi_fallback_subject_type,
		.max_items = ENVOI_FALLBACK_LIMIT),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_fallback_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_fallback, ENVOI_NS_FALLBACK, "fallback", fields);

/* --- reading --- */

/* A text that is copied without the parts that are dropped. */
struct text {
	char *bytes;
	size_t len; /* in bytes */
	size_t count; /* of characters */
	bool *dropped; /* by character */
};

static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

static size_t count_characters(const char *bytes)
{
	size_t count = 0;
	for (; *bytes != '\0'; bytes++) {
		count += begins_character(*bytes) ? 1 : 0;
	}
	return count;
}

static void drop_region(struct text *text, const struct envoi_fallback_region *region)
{
	size_t start = region->has_start ? region->start : 0;
	size_t end = region->has_end && region->end < text->count ? region->end : text->count;
	for (size_t i = start; i < end; i++) {
		text->dropped[i] = true;
	}
}

static void drop_parts(struct text *text, const struct envoi_fallback *fallback)
{
	static const struct envoi_fallback_region all = {0};
	if (fallback->body_count == 0 && fallback->subject_count == 0) {
		drop_region(text, &all);
	}
	for (size_t i = 0; i < fallback->body_count; i++) {
		drop_region(text, &fallback->bodies[i]);
	}
}

static int drop_all(struct text *text, const struct envoi_stanza *message, const char *replaces)
{
	const struct envoi_element *child = envoi_element_first(envoi_stanza_element(message));
	for (; child != NULL; child = envoi_element_next(child)) {
		const void *value;
		int r = envoi_payload_parse(&value, &envoi_fallback_type, child, NULL);
		if (r == ENVOI_ERR_NOMEM) {
			return r;
		}
		const struct envoi_fallback *fallback = value;
		if (r == ENVOI_OK && fallback->replaces != NULL &&
			strcmp(fallback->replaces, replaces) == 0) {
			drop_parts(text, fallback);
		}
	}
	return ENVOI_OK;
}

/* @return whether something was dropped */
static bool compact(struct text *text)
{
	size_t kept = 0, character = 0;
	for (size_t i = 0; i < text->len; i++) {
		character += begins_character(text->bytes[i]) ? 1 : 0;
		if (!text->dropped[character - 1]) {
			text->bytes[kept++] = text->bytes[i];
		}
	}
	text->bytes[kept] = '\0';
	return kept < text->len;
}

static int strip(char **ret_body, struct envoi_context *context, const char *body,
	const struct envoi_stanza *message, const char *replaces)
{
	struct text text = {.len = strlen(body), .count = count_characters(body)};
	text.bytes = envoi_alloc(context, text.len + 1);
	text.dropped = envoi_alloc_zeroed(context, text.count + 1);
	int r = text.bytes == NULL || text.dropped == NULL ? ENVOI_ERR_NOMEM
							   : drop_all(&text, message, replaces);
	if (r == ENVOI_OK) {
		memcpy(text.bytes, body, text.len);
		r = compact(&text) ? ENVOI_OK : ENVOI_DECLINED;
	}
	envoi_free(context, text.dropped);
	if (r < 0) {
		envoi_free(context, text.bytes);
	} else {
		*ret_body = text.bytes;
	}
	return r;
}

int envoi_fallback_strip(char **ret_body, struct envoi_context *context,
	const struct envoi_stanza *message, const char *lang, const char *replaces)
{
	const char *body = envoi_message_body(message, lang);
	if (replaces == NULL) {
		return ENVOI_ERR_INVALID;
	}
	if (body == NULL) {
		*ret_body = NULL;
		return ENVOI_DECLINED;
	}
	return strip(ret_body, context, body, message, replaces);
}

/* --- writing --- */

int envoi_fallback_add(
	struct envoi_stanza *message, const char *replaces, uint32_t start, uint32_t end)
{
	struct envoi_fallback_region region = {
		.has_start = true, .has_end = true, .start = start, .end = end};
	const struct envoi_fallback fallback = {
		.replaces = (char *)(uintptr_t)replaces,
		.bodies = &region,
		.body_count = start == 0 && end == 0 ? 0 : 1,
	};
	if (message == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (replaces == NULL || replaces[0] == '\0' || end < start) {
		return ENVOI_ERR_INVALID;
	}
	return envoi_stanza_encode(message, &envoi_fallback_type, &fallback);
}

/* --- service discovery --- */

static const char *const uris[] = {ENVOI_NS_FALLBACK, NULL};
static const struct envoi_handler_impl feature_impl = {.name = "fallback", .uris = uris};

ENVOI_STATIC_HANDLER(envoi_fallback_handler, &feature_impl)
