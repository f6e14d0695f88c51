/*
 * envoi - XEP-0444: Message Reactions, version 0.2.1
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/reactions.h>

#include <envoi/ext/hints.h>
#include <envoi/ext/stanza_ids.h>
#include <string.h>

static const struct envoi_field fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_reactions, id, "id", ENVOI_REQUIRED),
	ENVOI_CHILDREN_TEXT(struct envoi_reactions, texts, text_count, "reaction", ENVOI_LENIENT,
		.max_bytes = ENVOI_REACTIONS_BYTES, .max_items = ENVOI_REACTIONS_LIMIT),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_reactions_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_reactions, ENVOI_NS_REACTIONS, "reactions", fields);

const struct envoi_reactions *envoi_reactions_of(const struct envoi_stanza *message)
{
	const struct envoi_reactions *reactions = envoi_stanza_find(message, &envoi_reactions_type);
	return reactions == NULL || reactions->id[0] == '\0' ? NULL : reactions;
}

/* @return whether the text is empty, or one of those before it */
static bool is_repeated(char *const *texts, size_t at)
{
	size_t i = 0;
	while (i < at && strcmp(texts[i], texts[at]) != 0) {
		i++;
	}
	return texts[at][0] == '\0' || i < at;
}

const char *envoi_reactions_next(const struct envoi_reactions *reactions, size_t *position)
{
	while (*position < reactions->text_count) {
		size_t at = (*position)++;
		if (!is_repeated(reactions->texts, at)) {
			return reactions->texts[at];
		}
	}
	return NULL;
}

static bool has_repeated(const struct envoi_reactions *reactions)
{
	size_t i = 0;
	while (i < reactions->text_count && !is_repeated(reactions->texts, i)) {
		i++;
	}
	return i < reactions->text_count;
}

int envoi_reactions_add(struct envoi_stanza *message, const struct envoi_stanza *original,
	bool room_assigns, const char *const *texts, size_t count)
{
	if (message == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	const char *id = envoi_stanza_ids_for(original, ENVOI_STANZA_IDS_REACTION, room_assigns);
	if (id == NULL) {
		return ENVOI_DECLINED;
	}
	/* The table takes pointers that are not const, and does not write to them. */
	const struct envoi_reactions reactions = {
		.id = (char *)(uintptr_t)id,
		.texts = (char **)(uintptr_t)texts,
		.text_count = count,
	};
	const struct envoi_element *element = envoi_stanza_element(message);
	if (has_repeated(&reactions) ||
		envoi_element_child(element, ENVOI_NS_REACTIONS, "reactions") != NULL ||
		envoi_payload_check(&envoi_reactions_type, &reactions, NULL) < 0) {
		return ENVOI_ERR_INVALID;
	}
	(void)envoi_stanza_encode(message, &envoi_reactions_type, &reactions);
	return envoi_hints_add(
		message, &(struct envoi_hints){.store = !envoi_hints_of(original).no_store});
}

/* --- service discovery --- */

static const char *const uris[] = {ENVOI_NS_REACTIONS, NULL};
static const struct envoi_handler_impl feature_impl = {.name = "reactions", .uris = uris};

ENVOI_STATIC_HANDLER(envoi_reactions_handler, &feature_impl)
