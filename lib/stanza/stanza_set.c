/*
 * envoi - stanzas: setting what stands in them
 * SPDX-License-Identifier: MIT
 */
#include "stanza/stanza.h"

#include <string.h>

#include <envoi/values.h>

#include "xml/element.h"

/* A failure is the stanza's: sending reports it. */
static int refuse(struct envoi_stanza *stanza, const char *why)
{
	envoi__element_refuse(stanza->element, ": %s", why);
	return envoi_element_error(stanza->element);
}

static int set_attribute(
	struct envoi_stanza *stanza, const char *ns, const char *name, const char *value)
{
	struct envoi_element *element = envoi_stanza_element(stanza);
	envoi_element_set_ns(element, ns, name, value);
	return envoi_element_error(element);
}

/* --- every stanza --- */

int envoi_stanza_set_type(struct envoi_stanza *stanza, enum envoi_stanza_type type)
{
	if (stanza == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	if (type == ENVOI_TYPE_ANY && stanza->kind == ENVOI_MESSAGE) {
		type = ENVOI_TYPE_NORMAL;
	} else if (type == ENVOI_TYPE_ANY && stanza->kind == ENVOI_PRESENCE) {
		type = ENVOI_TYPE_AVAILABLE;
	}
	bool is_settable = stanza->kind == ENVOI_MESSAGE || stanza->kind == ENVOI_PRESENCE;
	if (!is_settable || !envoi__stanza_type_fits(stanza->kind, type)) {
		return refuse(stanza, "a stanza of this kind cannot be set to this type");
	}
	int r = set_attribute(stanza, "", "type", envoi__stanza_type_word(stanza->kind, type));
	if (r == ENVOI_OK) {
		stanza->type = type;
	}
	return r;
}

int envoi_stanza_set_id(struct envoi_stanza *stanza, const char *id)
{
	return set_attribute(stanza, "", "id", id);
}

int envoi_stanza_set_to(struct envoi_stanza *stanza, const char *to)
{
	return set_attribute(stanza, "", "to", to);
}

int envoi_stanza_set_from(struct envoi_stanza *stanza, const char *from)
{
	return set_attribute(stanza, "", "from", from);
}

int envoi_stanza_set_lang(struct envoi_stanza *stanza, const char *lang)
{
	if (stanza != NULL && lang != NULL && !envoi_lang_is_valid(lang)) {
		return refuse(stanza, "the language is not a language tag");
	}
	return set_attribute(stanza, ENVOI_NS_XML, "lang", lang);
}

/* --- children, one of a name or one of each language --- */

static bool is_in_language(const struct envoi_element *element, const char *lang)
{
	const char *own = envoi_element_attr_ns(element, ENVOI_NS_XML, "lang");
	if (own == NULL || lang == NULL) {
		return own == lang;
	}
	return strlen(own) == strlen(lang) && envoi_lang_matches(own, lang);
}

static void remove_children(struct envoi_stanza *stanza, const char *name, const char *lang)
{
	struct envoi_element *child = envoi_element_first(stanza->element);
	while (child != NULL) {
		struct envoi_element *next = envoi_element_next(child);
		if (envoi_element_is(child, ENVOI_NS_CLIENT, name) && is_in_language(child, lang)) {
			envoi_element_remove(child);
		}
		child = next;
	}
}

/* @return whether the stanza may get such a child */
static bool has_place(struct envoi_stanza *stanza, enum envoi_stanza_kind kind, const char *name)
{
	if (stanza != NULL && stanza->kind != kind) {
		envoi__element_refuse(stanza->element, ": only a %s has a %s",
			kind == ENVOI_MESSAGE ? "message" : "presence", name);
	}
	return envoi_element_error(envoi_stanza_element(stanza)) == ENVOI_OK;
}

static int set_text(struct envoi_stanza *stanza, enum envoi_stanza_kind kind, const char *name,
	const char *lang, const char *text)
{
	struct envoi_element *element = envoi_stanza_element(stanza);
	if (!has_place(stanza, kind, name)) {
		return envoi_element_error(element);
	}
	if (lang != NULL && !envoi_lang_is_valid(lang)) {
		envoi__element_refuse(
			element, ": the language of the %s is not a language tag", name);
		return ENVOI_ERR_INVALID;
	}
	remove_children(stanza, name, lang);
	struct envoi_element *child = envoi_element_add_with_text(
		element, ENVOI_NS_CLIENT, name, text);
	if (lang != NULL) {
		envoi_element_set_ns(child, ENVOI_NS_XML, "lang", lang);
	}
	return envoi_element_error(element);
}

/* --- message --- */

int envoi_message_set_body(struct envoi_stanza *message, const char *lang, const char *body)
{
	return set_text(message, ENVOI_MESSAGE, "body", lang, body);
}

int envoi_message_set_subject(struct envoi_stanza *message, const char *lang, const char *subject)
{
	return set_text(message, ENVOI_MESSAGE, "subject", lang, subject);
}

int envoi_message_set_thread(struct envoi_stanza *message, const char *thread, const char *parent)
{
	int r = set_text(message, ENVOI_MESSAGE, "thread", NULL, thread);
	if (r < 0 || parent == NULL) {
		return r;
	}
	if (thread == NULL) {
		return refuse(message, "the thread has a parent and no id");
	}
	struct envoi_element *element = envoi_stanza_element(message);
	envoi_element_set(
		envoi_element_child(element, ENVOI_NS_CLIENT, "thread"), "parent", parent);
	return envoi_element_error(element);
}

/* --- presence --- */

int envoi_presence_set_show(struct envoi_stanza *presence, const char *show)
{
	int r = set_text(presence, ENVOI_PRESENCE, "show", NULL, show);
	if (r == ENVOI_OK && show != NULL && envoi_presence_show(presence) == NULL) {
		return refuse(
			presence, "show is away, chat, dnd or xa (RFC 6121, section 4.7.2.1)");
	}
	return r;
}

int envoi_presence_set_status(struct envoi_stanza *presence, const char *lang, const char *status)
{
	return set_text(presence, ENVOI_PRESENCE, "status", lang, status);
}

int envoi_presence_set_priority(struct envoi_stanza *presence, int priority)
{
	char text[ENVOI_INT_SIZE];
	int r = set_text(
		presence, ENVOI_PRESENCE, "priority", NULL, envoi_int_print(text, priority));
	if (r == ENVOI_OK && (priority < -128 || priority > 127)) {
		return refuse(presence, "the priority is -128 to 127 (RFC 6121, section 4.7.2.3)");
	}
	return r;
}
