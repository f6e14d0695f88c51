/*
 * envoi - stanzas: what stands in them
 * SPDX-License-Identifier: MIT
 */
#include "stanza/stanza.h"

#include <string.h>

#include <envoi/values.h>

#include "stanza/legacy_code.h"
#include "xml/language.h"

/* RFC 6121, section 5.2.3: one for each language. */
static const char *text_in(const struct envoi_stanza *stanza, const char *name, const char *wanted)
{
	const struct envoi_element *best = NULL;
	unsigned int best_points = 0;
	const struct envoi_element *child = envoi_element_first(stanza->element);
	for (; child != NULL; child = envoi_element_next(child)) {
		if (!envoi_element_is(child, ENVOI_NS_CLIENT, name)) {
			continue;
		}
		unsigned int points = envoi__element_suits(child, wanted);
		if (best == NULL || points > best_points) {
			best = child;
			best_points = points;
		}
	}
	return envoi_element_text(best);
}

/* --- message --- */

const char *envoi_message_body(const struct envoi_stanza *message, const char *lang)
{
	return text_in(message, "body", lang);
}

const char *envoi_message_subject(const struct envoi_stanza *message, const char *lang)
{
	return text_in(message, "subject", lang);
}

const char *envoi_message_thread(const struct envoi_stanza *message)
{
	return text_in(message, "thread", NULL);
}

const char *envoi_message_thread_parent(const struct envoi_stanza *message)
{
	return envoi_element_attr(
		envoi_element_child(message->element, ENVOI_NS_CLIENT, "thread"), "parent");
}

/* --- presence --- */

const char *envoi_presence_show(const struct envoi_stanza *presence)
{
	static const char *const words[] = {"away", "chat", "dnd", "xa"};
	const char *show = text_in(presence, "show", NULL);
	for (size_t i = 0; show != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(show, words[i]) == 0) {
			return words[i];
		}
	}
	return NULL;
}

const char *envoi_presence_status(const struct envoi_stanza *presence, const char *lang)
{
	return text_in(presence, "status", lang);
}

int envoi_presence_priority(const struct envoi_stanza *presence)
{
	int64_t priority = 0;
	if (envoi_int_parse(text_in(presence, "priority", NULL), -128, 127, &priority) < 0) {
		return 0;
	}
	return (int)priority;
}

/* --- errors --- */

/* @param has_default  whether the text that was read states no language */
static void read_condition(
	struct envoi_stanza_error *error, const struct envoi_element *child, bool *has_default)
{
	if (strcmp(envoi_element_ns(child), ENVOI_NS_STANZA_ERRORS) != 0) {
		if (error->application == NULL) {
			error->application = child;
		}
	} else if (strcmp(envoi_element_name(child), "text") == 0) {
		bool is_default = envoi__element_suits(child, NULL) > 0;
		if (error->text == NULL || (is_default && !*has_default)) {
			error->text = envoi_element_text(child);
			*has_default = is_default;
		}
	} else if (error->condition == ENVOI_STANZA_NO_CONDITION) {
		error->condition = envoi_stanza_condition_from_name(envoi_element_name(child));
		const char *address = envoi_element_text(child);
		if (error->condition == ENVOI_STANZA_NO_CONDITION) {
			error->condition = ENVOI_UNDEFINED_CONDITION;
		} else if (address != NULL && address[0] != '\0' &&
			(error->condition == ENVOI_GONE || error->condition == ENVOI_REDIRECT)) {
			error->new_address = address;
		}
	}
}

/*
 * Read by hand and not by a table: an error has to say something however malformed it is, where a
 * table would refuse it.
 */
bool envoi_stanza_get_error(const struct envoi_stanza *stanza, struct envoi_stanza_error *ret_error)
{
	if (stanza->kind != ENVOI_IQ_ERROR && stanza->type != ENVOI_TYPE_ERROR) {
		return false;
	}
	const struct envoi_element *element = envoi_element_child(
		stanza->element, ENVOI_NS_CLIENT, "error");
	const char *type = envoi_element_attr(element, "type");
	*ret_error = (struct envoi_stanza_error){
		.type = type == NULL ? ENVOI_ERROR_TYPE_NONE
				     : envoi_stanza_error_type_from_name(type),
		.by = envoi_element_attr(element, "by"),
	};
	bool has_default = false;
	const struct envoi_element *child = envoi_element_first(element);
	for (; child != NULL; child = envoi_element_next(child)) {
		read_condition(ret_error, child, &has_default);
	}
	if (ret_error->condition == ENVOI_STANZA_NO_CONDITION) {
		ret_error->condition = ENVOI_UNDEFINED_CONDITION;
		envoi__stanza_error_from_code(ret_error, element);
	}
	return true;
}
