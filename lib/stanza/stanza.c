/*
 * envoi - stanzas: elements seen as message, presence, iq
 * SPDX-License-Identifier: MIT
 */
#include "stanza/stanza.h"

#include <string.h>

#include <envoi/payload.h>

#include "xml/element.h"

struct envoi__stanza_decoded {
	struct envoi__stanza_decoded *next;
	const struct envoi_payload_type *type;
	const void *value;
};

struct type_row {
	const char *word;
	enum envoi_stanza_type type;
};

/* RFC 6121, section 5.2.2 */
static const struct type_row message_types[] = {
	{"chat", ENVOI_TYPE_CHAT},
	{"groupchat", ENVOI_TYPE_GROUPCHAT},
	{"headline", ENVOI_TYPE_HEADLINE},
	{"error", ENVOI_TYPE_ERROR},
	{NULL, ENVOI_TYPE_NORMAL},
};

/* RFC 6121, section 4.7.1 */
static const struct type_row presence_types[] = {
	{"unavailable", ENVOI_TYPE_UNAVAILABLE},
	{"subscribe", ENVOI_TYPE_SUBSCRIBE},
	{"subscribed", ENVOI_TYPE_SUBSCRIBED},
	{"unsubscribe", ENVOI_TYPE_UNSUBSCRIBE},
	{"unsubscribed", ENVOI_TYPE_UNSUBSCRIBED},
	{"probe", ENVOI_TYPE_PROBE},
	{"error", ENVOI_TYPE_ERROR},
	{NULL, ENVOI_TYPE_UNKNOWN},
};

struct kind_row {
	const char *word;
	enum envoi_stanza_kind kind;
};

/* RFC 6120, section 8.2.3 */
static const struct kind_row iq_types[] = {
	{"get", ENVOI_IQ_GET},
	{"set", ENVOI_IQ_SET},
	{"result", ENVOI_IQ_RESULT},
	{"error", ENVOI_IQ_ERROR},
	{NULL, ENVOI_NO_STANZA},
};

static enum envoi_stanza_type find_type(const struct type_row *row, const char *word)
{
	while (row->word != NULL && strcmp(row->word, word) != 0) {
		row++;
	}
	return row->type;
}

static enum envoi_stanza_kind find_iq_kind(const char *word)
{
	const struct kind_row *row = iq_types;
	while (row->word != NULL && strcmp(row->word, word) != 0) {
		row++;
	}
	return row->kind;
}

const char *envoi__stanza_type_word(enum envoi_stanza_kind kind, enum envoi_stanza_type type)
{
	if (kind != ENVOI_MESSAGE && kind != ENVOI_PRESENCE) {
		const struct kind_row *row = iq_types;
		while (row->word != NULL && row->kind != kind) {
			row++;
		}
		return row->word;
	}
	const struct type_row *row = kind == ENVOI_MESSAGE ? message_types : presence_types;
	while (row->word != NULL && row->type != type) {
		row++;
	}
	return row->word;
}

bool envoi__stanza_type_fits(enum envoi_stanza_kind kind, enum envoi_stanza_type type)
{
	switch (kind) {
	case ENVOI_MESSAGE:
		return type == ENVOI_TYPE_NORMAL || envoi__stanza_type_word(kind, type) != NULL;
	case ENVOI_PRESENCE:
		return type == ENVOI_TYPE_AVAILABLE || envoi__stanza_type_word(kind, type) != NULL;
	default:
		return type == ENVOI_TYPE_ANY;
	}
}

struct envoi_stanza *envoi__stanza_new(
	struct envoi_element *element, enum envoi_stanza_kind kind, enum envoi_stanza_type type)
{
	if (element == NULL) {
		return NULL;
	}
	struct envoi_stanza *stanza = envoi__arena_alloc_zeroed(
		&element->tree->arena, sizeof(*stanza));
	if (stanza == NULL) {
		envoi_element_unref(element);
		return NULL;
	}
	stanza->element = element;
	stanza->kind = kind;
	stanza->type = type;
	return stanza;
}

int envoi_stanza_from_element(struct envoi_stanza **ret_stanza, struct envoi_element *element)
{
	const char *word = envoi_element_attr(element, "type");
	enum envoi_stanza_kind kind;
	enum envoi_stanza_type type = ENVOI_TYPE_ANY;

	if (envoi_element_is(element, ENVOI_NS_CLIENT, "message")) {
		kind = ENVOI_MESSAGE;
		/* RFC 6121, section 5.2.2: none and unknown ones mean normal */
		type = word != NULL ? find_type(message_types, word) : ENVOI_TYPE_NORMAL;
	} else if (envoi_element_is(element, ENVOI_NS_CLIENT, "presence")) {
		kind = ENVOI_PRESENCE;
		type = word != NULL ? find_type(presence_types, word) : ENVOI_TYPE_AVAILABLE;
	} else if (envoi_element_is(element, ENVOI_NS_CLIENT, "iq")) {
		kind = word != NULL ? find_iq_kind(word) : ENVOI_NO_STANZA;
		if (kind == ENVOI_NO_STANZA || envoi_element_attr(element, "id") == NULL) {
			return ENVOI_ERR_INVALID; /* RFC 6120, section 8.2.3 */
		}
	} else {
		return ENVOI_DECLINED;
	}
	struct envoi_stanza *stanza = envoi__stanza_new(envoi_element_ref(element), kind, type);
	if (stanza == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*ret_stanza = stanza;
	return ENVOI_OK;
}

struct envoi_stanza *envoi_stanza_ref(struct envoi_stanza *stanza)
{
	envoi_element_ref(stanza->element);
	return stanza;
}

struct envoi_stanza *envoi_stanza_unref(struct envoi_stanza *stanza)
{
	if (stanza != NULL) {
		envoi_element_unref(stanza->element);
	}
	return NULL;
}

enum envoi_stanza_kind envoi_stanza_kind(const struct envoi_stanza *stanza)
{
	return stanza->kind;
}

enum envoi_stanza_type envoi_stanza_type(const struct envoi_stanza *stanza)
{
	return stanza->type;
}

struct envoi_element *envoi_stanza_element(const struct envoi_stanza *stanza)
{
	return stanza == NULL ? NULL : stanza->element;
}

const char *envoi_stanza_id(const struct envoi_stanza *stanza)
{
	return envoi_element_attr(stanza->element, "id");
}

const char *envoi_stanza_lang(const struct envoi_stanza *stanza)
{
	return envoi_element_lang(stanza->element);
}

/* --- addresses --- */

static void release_jid(void *jid)
{
	envoi_jid_unref(jid);
}

/* Parsed once for each text that the attribute has had: a stanza being built may still change. */
static const struct envoi_jid *address(
	const struct envoi_stanza *stanza, struct envoi__stanza_address *address, const char *text)
{
	if (text == NULL || address->text == text) {
		return text == NULL ? NULL : address->jid;
	}
	struct envoi_jid *jid = NULL;
	struct envoi_context *context = stanza->element->tree->arena.context;
	int r = envoi_jid_from_text(&jid, context, text);
	if (r == ENVOI_OK) {
		r = envoi__element_own(stanza->element, jid, release_jid);
	}
	if (r == ENVOI_ERR_NOMEM) {
		return NULL;
	}
	address->text = text;
	address->jid = r == ENVOI_OK ? jid : NULL;
	return address->jid;
}

void envoi__stanza_know_to(struct envoi_stanza *stanza, const struct envoi_jid *to)
{
	const char *text = stanza == NULL ? NULL : envoi_stanza_to_text(stanza);
	struct envoi_jid *jid = text == NULL ? NULL : envoi_jid_ref(to);
	if (jid != NULL && envoi__element_own(stanza->element, jid, release_jid) == ENVOI_OK) {
		stanza->to = (struct envoi__stanza_address){.text = text, .jid = jid};
	}
}

const char *envoi_stanza_from_text(const struct envoi_stanza *stanza)
{
	return envoi_element_attr(stanza->element, "from");
}

const char *envoi_stanza_to_text(const struct envoi_stanza *stanza)
{
	return envoi_element_attr(stanza->element, "to");
}

/* What is cached in a stanza does not change what it says. */
static struct envoi_stanza *cache_of(const struct envoi_stanza *stanza)
{
	return (struct envoi_stanza *)(uintptr_t)stanza;
}

const struct envoi_jid *envoi_stanza_from(const struct envoi_stanza *stanza)
{
	return address(stanza, &cache_of(stanza)->from, envoi_stanza_from_text(stanza));
}

int envoi__stanza_parse_from(struct envoi_stanza *stanza)
{
	const char *text = envoi_stanza_from_text(stanza);
	if (text == NULL || envoi_stanza_from(stanza) != NULL) {
		return ENVOI_OK;
	}
	return stanza->from.text == text ? ENVOI_ERR_INVALID : ENVOI_ERR_NOMEM;
}

const struct envoi_jid *envoi_stanza_to(const struct envoi_stanza *stanza)
{
	return address(stanza, &cache_of(stanza)->to, envoi_stanza_to_text(stanza));
}

/* --- payloads --- */

struct envoi_element *envoi_stanza_payload(const struct envoi_stanza *stanza)
{
	struct envoi_element *child = envoi_element_first(stanza->element);
	switch (stanza->kind) {
	case ENVOI_IQ_GET:
	case ENVOI_IQ_SET:
		/* RFC 6120, section 8.2.3: exactly one */
		return child != NULL && envoi_element_next(child) == NULL ? child : NULL;
	case ENVOI_IQ_RESULT:
		return child;
	default:
		while (child != NULL && strcmp(envoi_element_ns(child), ENVOI_NS_CLIENT) == 0) {
			child = envoi_element_next(child);
		}
		return child;
	}
}

static int decode(const struct envoi_stanza *stanza, const struct envoi_payload_type *type,
	const struct envoi_element *child, const void **ret_value)
{
	struct envoi_stanza *cache = cache_of(stanza);
	struct envoi__stanza_decoded *decoded = envoi__arena_alloc(
		&stanza->element->tree->arena, sizeof(*decoded));
	if (decoded == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi_payload_parse(&decoded->value, type, child, NULL);
	if (r != ENVOI_OK) {
		return r;
	}
	decoded->type = type;
	decoded->next = cache->decoded;
	cache->decoded = decoded;
	*ret_value = decoded->value;
	return ENVOI_OK;
}

int envoi_stanza_decode(const struct envoi_stanza *stanza, const struct envoi_payload_type *type,
	const void **ret_value)
{
	const struct envoi__stanza_decoded *decoded = stanza->decoded;
	for (; decoded != NULL; decoded = decoded->next) {
		if (decoded->type == type) {
			*ret_value = decoded->value;
			return ENVOI_OK;
		}
	}
	const struct envoi_element *child = envoi_element_child(
		stanza->element, type->ns, type->name);
	return child == NULL ? ENVOI_DECLINED : decode(stanza, type, child, ret_value);
}

const void *envoi_stanza_find(
	const struct envoi_stanza *stanza, const struct envoi_payload_type *type)
{
	const void *value;
	bool is_error = stanza == NULL || stanza->type == ENVOI_TYPE_ERROR ||
		stanza->kind == ENVOI_IQ_ERROR;
	return !is_error && envoi_stanza_decode(stanza, type, &value) == ENVOI_OK ? value : NULL;
}

int envoi_stanza_encode(
	struct envoi_stanza *stanza, const struct envoi_payload_type *type, const void *value)
{
	return envoi_payload_add(envoi_stanza_element(stanza), type, value, NULL);
}
