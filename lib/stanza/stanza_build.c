/*
 * envoi - stanzas: making them, and replies to them
 * SPDX-License-Identifier: MIT
 */
#include "stanza/stanza.h"

#include <string.h>

#include <gnutls/crypto.h>

#include <envoi/context.h>
#include <envoi/values.h>

#include "base/context.h"
#include "xml/element.h"

static struct envoi_stanza *make(struct envoi_context *context, enum envoi_stanza_kind kind,
	enum envoi_stanza_type type, const char *to)
{
	const char *name = kind == ENVOI_MESSAGE ? "message"
		: kind == ENVOI_PRESENCE         ? "presence"
						 : "iq";
	struct envoi_element *element = envoi_element_new(context, ENVOI_NS_CLIENT, name);
	if (element == NULL) {
		return NULL;
	}
	const char *word = envoi__stanza_type_word(kind, type);
	if (word != NULL) {
		envoi_element_set(element, "type", word);
	}
	if (to != NULL) {
		envoi_element_set(element, "to", to);
	}
	return envoi__stanza_new(element, kind, type);
}

/* There is no such stanza: it fails when it is sent. */
static struct envoi_stanza *refuse(struct envoi_stanza *stanza, const char *why)
{
	if (stanza != NULL) {
		envoi__element_refuse(stanza->element, ": %s", why);
	}
	return stanza;
}

struct envoi_stanza *envoi_message_new(struct envoi_context *context, enum envoi_stanza_type type,
	const char *to, const char *body)
{
	if (type == ENVOI_TYPE_ANY) {
		type = ENVOI_TYPE_NORMAL;
	}
	if (!envoi__stanza_type_fits(ENVOI_MESSAGE, type)) {
		return refuse(make(context, ENVOI_MESSAGE, ENVOI_TYPE_NORMAL, to),
			"a message cannot be of this type (RFC 6121, section 5.2.2)");
	}
	struct envoi_stanza *message = make(context, ENVOI_MESSAGE, type, to);
	envoi_element_add_with_text(envoi_stanza_element(message), NULL, "body", body);
	return message;
}

static void copy_thread(struct envoi_element *reply, const struct envoi_stanza *message)
{
	const struct envoi_element *thread = envoi_element_child(
		message->element, ENVOI_NS_CLIENT, "thread");
	if (thread != NULL) {
		envoi_element_set(envoi_element_add_with_text(
					  reply, NULL, "thread", envoi_message_thread(message)),
			"parent", envoi_element_attr(thread, "parent"));
	}
}

static struct envoi_stanza *make_message_reply(
	const struct envoi_stanza *message, const struct envoi_jid *to, const char *body)
{
	struct envoi_stanza *reply = make(message->element->tree->arena.context, ENVOI_MESSAGE,
		message->type, envoi_jid_text(to));
	envoi__stanza_know_to(reply, to);
	struct envoi_element *element = envoi_stanza_element(reply);
	const char *lang = envoi_element_attr_ns(message->element, ENVOI_NS_XML, "lang");
	if (envoi_lang_is_valid(lang)) {
		envoi_element_set_ns(element, ENVOI_NS_XML, "lang", lang);
	}
	envoi_element_add_with_text(element, NULL, "body", body);
	copy_thread(element, message);
	return reply;
}

/* In a groupchat the room is answered, not the occupant alone (XEP-0045, section 7.4). */
static struct envoi_stanza *make_room_reply(const struct envoi_stanza *message, const char *body)
{
	struct envoi_jid *room;
	if (envoi_jid_bare(&room, envoi_stanza_from(message)) < 0) {
		return NULL;
	}
	struct envoi_stanza *reply = make_message_reply(message, room, body);
	envoi_jid_unref(room);
	return reply;
}

/* @return why the message has no reply; NULL: it has one, or memory is short */
static const char *check_repliable(const struct envoi_stanza *message)
{
	if (message->kind != ENVOI_MESSAGE || message->type == ENVOI_TYPE_ERROR) {
		return "only a message that is not an error has a reply";
	}
	const char *from = envoi_stanza_from_text(message);
	bool has_sender = envoi_stanza_from(message) != NULL ||
		(from != NULL && envoi_jid_check(from, strlen(from), NULL, 0) != ENVOI_ERR_INVALID);
	return has_sender ? NULL : "a message without sender has no reply";
}

struct envoi_stanza *envoi_message_reply_new(const struct envoi_stanza *message, const char *body)
{
	if (message == NULL) {
		return NULL;
	}
	const char *problem = check_repliable(message);
	if (problem != NULL) {
		return refuse(make(message->element->tree->arena.context, ENVOI_MESSAGE,
				      ENVOI_TYPE_NORMAL, NULL),
			problem);
	}
	const struct envoi_jid *from = envoi_stanza_from(message);
	if (from == NULL) {
		return NULL;
	}
	return message->type == ENVOI_TYPE_GROUPCHAT ? make_room_reply(message, body)
						     : make_message_reply(message, from, body);
}

struct envoi_stanza *envoi_presence_new(
	struct envoi_context *context, enum envoi_stanza_type type, const char *to)
{
	if (type == ENVOI_TYPE_ANY) {
		type = ENVOI_TYPE_AVAILABLE;
	}
	if (!envoi__stanza_type_fits(ENVOI_PRESENCE, type)) {
		return refuse(make(context, ENVOI_PRESENCE, ENVOI_TYPE_AVAILABLE, to),
			"a presence cannot be of this type (RFC 6121, section 4.7.1)");
	}
	return make(context, ENVOI_PRESENCE, type, to);
}

struct envoi_stanza *envoi_iq_new(
	struct envoi_context *context, enum envoi_stanza_kind kind, const char *to)
{
	if (kind != ENVOI_IQ_GET && kind != ENVOI_IQ_SET) {
		return refuse(make(context, ENVOI_IQ_GET, ENVOI_TYPE_ANY, to),
			"a request is an ENVOI_IQ_GET or ENVOI_IQ_SET");
	}
	return make(context, kind, ENVOI_TYPE_ANY, to);
}

/* From and to exchanged, with the same id (RFC 6120, section 8.1). */
static struct envoi_stanza *make_reply(
	const struct envoi_stanza *cause, enum envoi_stanza_kind kind, enum envoi_stanza_type type)
{
	struct envoi_context *context = cause->element->tree->arena.context;
	struct envoi_stanza *reply = make(context, kind, type, envoi_stanza_from_text(cause));
	struct envoi_element *element = envoi_stanza_element(reply);
	envoi_element_set(element, "from", envoi_stanza_to_text(cause));
	envoi_element_set(element, "id", envoi_stanza_id(cause));
	return reply;
}

static bool is_request(const struct envoi_stanza *stanza)
{
	return stanza->kind == ENVOI_IQ_GET || stanza->kind == ENVOI_IQ_SET;
}

struct envoi_stanza *envoi_iq_result_new(const struct envoi_stanza *request)
{
	if (request == NULL) {
		return NULL;
	}
	struct envoi_stanza *result = make_reply(request, ENVOI_IQ_RESULT, ENVOI_TYPE_ANY);
	return is_request(request) ? result : refuse(result, "only a request has a result");
}

/* RFC 6120, sections 8.2.3 and 8.3.1: neither a result nor an error is answered. */
bool envoi_stanza_may_answer(const struct envoi_stanza *stanza)
{
	return is_request(stanza) ||
		((stanza->kind == ENVOI_MESSAGE || stanza->kind == ENVOI_PRESENCE) &&
			stanza->type != ENVOI_TYPE_ERROR);
}

struct envoi_stanza *envoi_stanza_error_new(
	const struct envoi_stanza *cause, enum envoi_stanza_condition condition, const char *text)
{
	if (cause == NULL) {
		return NULL;
	}
	if (!envoi_stanza_may_answer(cause)) {
		return refuse(make_reply(cause, cause->kind, cause->type),
			"an error or a result is not answered (RFC 6120, section 8.3.1)");
	}
	if (envoi_stanza_condition_name(condition) == NULL) {
		condition = ENVOI_UNDEFINED_CONDITION;
	}
	struct envoi_stanza *reply = is_request(cause)
		? make_reply(cause, ENVOI_IQ_ERROR, ENVOI_TYPE_ANY)
		: make_reply(cause, cause->kind, ENVOI_TYPE_ERROR);
	struct envoi_element *error = envoi_element_add(
		envoi_stanza_element(reply), ENVOI_NS_CLIENT, "error");
	envoi_element_set(error, "type",
		envoi_stanza_error_type_name(envoi_stanza_condition_type(condition)));
	envoi_element_add(error, ENVOI_NS_STANZA_ERRORS, envoi_stanza_condition_name(condition));
	envoi_element_add_with_text(error, ENVOI_NS_STANZA_ERRORS, "text", text);
	return reply;
}

/* GnuTLS's generator runs in the process, 150 ns instead of 320 of a system call. It is seeded
 * again after a fork. */
static int fill_id(struct envoi_context *context, unsigned char *bytes, size_t len)
{
	if (!envoi__random_is_system(context)) {
		return envoi_context_random(context, bytes, len);
	}
	return gnutls_rnd(GNUTLS_RND_NONCE, bytes, len) < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

int envoi_id_make(struct envoi_context *context, char ret_id[ENVOI_ID_SIZE])
{
	/* RFC 4648, section 5, without padding */
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char bytes[18] = {0};
	int r = fill_id(context, bytes, 16);
	if (r < 0) {
		return r;
	}
	for (size_t i = 0; i < ENVOI_ID_SIZE - 1; i++) {
		const unsigned char *three = bytes + i / 4 * 3;
		unsigned int bits = (unsigned int)three[0] << 16 | (unsigned int)three[1] << 8 |
			three[2];
		ret_id[i] = alphabet[bits >> (18 - 6 * (i % 4)) & 63];
	}
	ret_id[ENVOI_ID_SIZE - 1] = '\0';
	return ENVOI_OK;
}
