/*
 * envoi - the start tag of a skipped stanza
 * SPDX-License-Identifier: MIT
 */
#include "xml/skipped_tag.h"

#include <string.h>

#include "xml/chars.h"
#include "xml/element.h"
#include "xml/reference.h"

enum {
	MOST_TEXT = 8192, /* of an attribute, name and value: an address has at most 3,071 bytes */
};

/* RFC 6120, section 8.1: without the language, which nothing of a skipped stanza is in. */
static const char *const kept[] = {"from", "to", "id", "type", NULL};

static const char *const stanzas[] = {"message", "presence", "iq", NULL};

void envoi__skipped_tag_init(
	struct envoi__skipped_tag *tag, struct envoi_context *context, const char *content_ns)
{
	*tag = (struct envoi__skipped_tag){.content_ns = content_ns};
	envoi_buffer_init(&tag->text, context, 0);
}

void envoi__skipped_tag_finish(struct envoi__skipped_tag *tag)
{
	envoi_element_unref(tag->element);
	envoi_buffer_wipe(&tag->text);
}

int envoi__skipped_tag_add(struct envoi__skipped_tag *tag, const char *text, size_t len)
{
	if (tag->is_long || len > MOST_TEXT - envoi_buffer_len(&tag->text)) {
		tag->is_long = true;
		return ENVOI_OK;
	}
	return envoi_buffer_append(&tag->text, text, len);
}

static void begin_next(struct envoi__skipped_tag *tag)
{
	envoi_buffer_wipe_front(&tag->text, envoi_buffer_len(&tag->text));
	tag->is_long = false;
	tag->value = 0;
}

/* @return the word of a list that is equal to a text; NULL: none is */
static const char *find(const char *const *words, const char *text, size_t len)
{
	while (*words != NULL && (strlen(*words) != len || memcmp(*words, text, len) != 0)) {
		words++;
	}
	return *words;
}

static int make_element(struct envoi__skipped_tag *tag, const char *name)
{
	const char *text = envoi_buffer_data(&tag->text);
	size_t colon = envoi_buffer_len(&tag->text) - strlen(name);
	tag->element = envoi_element_new(tag->text.context, tag->content_ns, name);
	if (tag->element == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	tag->prefix = envoi__arena_strndup(
		&tag->element->tree->arena, text, colon > 0 ? colon - 1 : 0);
	return tag->prefix == NULL ? ENVOI_ERR_NOMEM : envoi_element_error(tag->element);
}

int envoi__skipped_tag_name(struct envoi__skipped_tag *tag)
{
	const char *text = envoi_buffer_data(&tag->text);
	size_t len = envoi_buffer_len(&tag->text);
	const char *colon = len == 0 ? NULL : memchr(text, ':', len);
	const char *local = colon == NULL ? text : colon + 1;
	const char *name = tag->is_long || colon == text || len == 0
		? NULL
		: find(stanzas, local, len - (size_t)(local - text));
	int r = name == NULL ? ENVOI_ERR_LIMIT : make_element(tag, name);
	begin_next(tag);
	return r;
}

int envoi__skipped_tag_copy(struct envoi__skipped_tag *tag, const struct envoi_element *element)
{
	const char *name = find(stanzas, element->name, strlen(element->name));
	if (name == NULL || !envoi__same_text(element->ns, tag->content_ns)) {
		return ENVOI_ERR_LIMIT;
	}
	tag->element = envoi_element_new(tag->text.context, tag->content_ns, name);
	for (const char *const *word = kept; *word != NULL && tag->element != NULL; word++) {
		const char *value = envoi_element_attr(element, *word);
		if (value != NULL) {
			envoi_element_set(tag->element, *word, value);
		}
	}
	return envoi_element_error(tag->element);
}

void envoi__skipped_tag_value(struct envoi__skipped_tag *tag)
{
	tag->value = envoi_buffer_len(&tag->text);
}

/* The name stands before `=` and the quote, with white space around. */
static size_t name_of_attribute(const struct envoi__skipped_tag *tag, const char **ret_name)
{
	const char *text = envoi_buffer_data(&tag->text);
	size_t from = 0;
	while (from < tag->value && envoi__xml_is_space(text[from])) {
		from++;
	}
	size_t to = from;
	while (to < tag->value && !envoi__xml_is_space(text[to]) && text[to] != '=') {
		to++;
	}
	*ret_name = text + from;
	return to - from;
}

static bool declares_prefix(const struct envoi__skipped_tag *tag, const char *name, size_t len)
{
	static const char xmlns[] = "xmlns";
	size_t known = strlen(xmlns), prefix = strlen(tag->prefix);
	if (len < known || memcmp(name, xmlns, known) != 0) {
		return false;
	}
	return prefix == 0 ? len == known
			   : len == known + 1 + prefix && name[known] == ':' &&
			memcmp(name + known + 1, tag->prefix, prefix) == 0;
}

static int keep(struct envoi__skipped_tag *tag, const char *known)
{
	struct envoi__arena *arena = &tag->element->tree->arena;
	char *value;
	int r = envoi__references_replace(&value, arena, envoi_buffer_data(&tag->text) + tag->value,
		envoi_buffer_len(&tag->text) - tag->value);
	if (r == ENVOI_ERR_XML) {
		return ENVOI_OK;
	}
	if (r == ENVOI_OK && known == NULL) {
		tag->ns = value;
	} else if (r == ENVOI_OK) {
		envoi_element_set(tag->element, known, value);
		r = envoi_element_error(tag->element);
	}
	return r;
}

int envoi__skipped_tag_attribute(struct envoi__skipped_tag *tag)
{
	const char *name;
	size_t len = name_of_attribute(tag, &name);
	const char *known = find(kept, name, len);
	bool is_wanted = !tag->is_long && (known != NULL || declares_prefix(tag, name, len));
	int r = is_wanted ? keep(tag, known) : ENVOI_OK;
	begin_next(tag);
	return r;
}
