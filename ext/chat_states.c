/*
 * envoi - XEP-0085: Chat State Notifications, version 2.1
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/chat_states.h>

#include <envoi/context.h>
#include <envoi/delivery.h>
#include <string.h>

static const char *const names[] = {
	[ENVOI_CHAT_STATES_NONE] = "",
	[ENVOI_CHAT_STATES_ACTIVE] = "active",
	[ENVOI_CHAT_STATES_COMPOSING] = "composing",
	[ENVOI_CHAT_STATES_PAUSED] = "paused",
	[ENVOI_CHAT_STATES_INACTIVE] = "inactive",
	[ENVOI_CHAT_STATES_GONE] = "gone",
};

const char *envoi_chat_states_name(enum envoi_chat_states_state state)
{
	return state >= ENVOI_CHAT_STATES_NONE && state <= ENVOI_CHAT_STATES_GONE ? names[state]
										  : "";
}

/* --- reading --- */

static enum envoi_chat_states_state state_of_name(const char *name)
{
	int state = ENVOI_CHAT_STATES_GONE;
	while (state > ENVOI_CHAT_STATES_NONE && strcmp(names[state], name) != 0) {
		state--;
	}
	return (enum envoi_chat_states_state)state;
}

/* Without a table: the states are children of the message itself. */
static enum envoi_chat_states_state only_state(const struct envoi_stanza *message)
{
	enum envoi_chat_states_state state = ENVOI_CHAT_STATES_NONE;
	const struct envoi_element *child = envoi_element_first(envoi_stanza_element(message));
	size_t count = 0;
	for (; child != NULL; child = envoi_element_next(child)) {
		if (strcmp(envoi_element_ns(child), ENVOI_NS_CHAT_STATES) == 0) {
			state = state_of_name(envoi_element_name(child));
			count++;
		}
	}
	return count == 1 ? state : ENVOI_CHAT_STATES_NONE;
}

enum envoi_chat_states_state envoi_chat_states_of(const struct envoi_stanza *message)
{
	enum envoi_stanza_type type = envoi_stanza_type(message);
	enum envoi_chat_states_state state = only_state(message);
	bool is_ignored = type == ENVOI_TYPE_ERROR ||
		(type == ENVOI_TYPE_GROUPCHAT && state == ENVOI_CHAT_STATES_GONE);
	return is_ignored ? ENVOI_CHAT_STATES_NONE : state;
}

/* --- conversations --- */

enum support {
	UNKNOWN,
	SUPPORTED,
	UNSUPPORTED,
};

struct conversation {
	struct envoi_jid *jid; /* bare; NULL: the place is free */
	enum envoi_chat_states_state sent; /* last */
	enum support support;
};

struct chat_states {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct conversation conversations[ENVOI_CHAT_STATES_LIMIT];
	size_t next; /* the place of the next one */
};

static const struct envoi_handler_impl chat_states_impl;

static struct chat_states *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct chat_states, handler);
}

static struct chat_states *find(const struct envoi_session *session)
{
	struct envoi_handler *handler = envoi_session_find(session, chat_states_impl.name);
	return handler != NULL && handler->impl == &chat_states_impl ? from_handler(handler) : NULL;
}

static struct conversation *find_conversation(struct chat_states *self, const struct envoi_jid *jid)
{
	for (size_t i = 0; i < ENVOI_CHAT_STATES_LIMIT && jid != NULL; i++) {
		struct conversation *conversation = &self->conversations[i];
		if (conversation->jid != NULL && envoi_jid_equal_bare(conversation->jid, jid)) {
			return conversation;
		}
	}
	return NULL;
}

/* @return NULL: no memory */
static struct conversation *begin_conversation(
	struct chat_states *self, const struct envoi_jid *jid)
{
	struct conversation *known = find_conversation(self, jid);
	struct envoi_jid *bare;
	if (known != NULL || envoi_jid_bare(&bare, jid) < 0) {
		return known;
	}
	struct conversation *conversation = &self->conversations[self->next];
	self->next = (self->next + 1) % ENVOI_CHAT_STATES_LIMIT;
	envoi_jid_unref(conversation->jid);
	*conversation = (struct conversation){.jid = bare};
	return conversation;
}

/* Section 5.1, rules 2 and 3. Only a contact that has sent a state, or was written to, is held. */
static int on_message(struct envoi_handler *handler, struct envoi_delivery *in)
{
	struct chat_states *self = from_handler(handler);
	const struct envoi_stanza *message = envoi_delivery_stanza(in);
	const struct envoi_jid *from = envoi_stanza_from(message);
	bool has_state = envoi_chat_states_of(message) != ENVOI_CHAT_STATES_NONE;
	if (from == NULL || (!has_state && envoi_message_body(message, NULL) == NULL)) {
		return ENVOI_OK;
	}
	struct conversation *conversation = has_state ? begin_conversation(self, from)
						      : find_conversation(self, from);
	if (conversation != NULL) {
		conversation->support = has_state ? SUPPORTED : UNSUPPORTED;
	}
	return ENVOI_OK;
}

/* --- sending --- */

static void add(struct envoi_stanza *message, enum envoi_chat_states_state state)
{
	envoi_element_add(envoi_stanza_element(message), ENVOI_NS_CHAT_STATES, names[state]);
}

static bool takes_active(
	const struct conversation *conversation, const struct envoi_stanza *message)
{
	return envoi_stanza_type(message) == ENVOI_TYPE_CHAT &&
		envoi_message_body(message, NULL) != NULL && conversation->support != UNSUPPORTED;
}

static int on_stanza_out(
	struct envoi_handler *handler, struct envoi_session *session, struct envoi_stanza *message)
{
	struct chat_states *self = from_handler(handler);
	const struct envoi_jid *to = envoi_stanza_to(message);
	(void)session;
	if (envoi_stanza_kind(message) != ENVOI_MESSAGE || to == NULL) {
		return ENVOI_OK;
	}
	struct conversation *conversation = begin_conversation(self, to);
	if (conversation == NULL) {
		return ENVOI_OK;
	}
	enum envoi_chat_states_state state = only_state(message);
	if (state == ENVOI_CHAT_STATES_NONE && takes_active(conversation, message)) {
		state = ENVOI_CHAT_STATES_ACTIVE;
		add(message, state);
	}
	if (state != ENVOI_CHAT_STATES_NONE) {
		conversation->sent = state;
	}
	return ENVOI_OK;
}

static bool is_possible(enum envoi_stanza_type type, enum envoi_chat_states_state state)
{
	bool is_state = state > ENVOI_CHAT_STATES_NONE && state <= ENVOI_CHAT_STATES_GONE;
	return is_state &&
		(type == ENVOI_TYPE_CHAT ||
			(type == ENVOI_TYPE_GROUPCHAT && state != ENVOI_CHAT_STATES_GONE));
}

/* Section 5.1; in a room others may implement it (section 5.5). */
static bool is_wanted(struct chat_states *self, enum envoi_stanza_type type,
	const struct envoi_jid *to, enum envoi_chat_states_state state)
{
	const struct conversation *conversation = find_conversation(self, to);
	bool is_supported = type == ENVOI_TYPE_GROUPCHAT ||
		(conversation != NULL && conversation->support == SUPPORTED);
	return is_supported && (conversation == NULL || conversation->sent != state);
}

int envoi_chat_states_send(struct envoi_session *session, enum envoi_stanza_type type,
	const char *to, enum envoi_chat_states_state state)
{
	struct chat_states *self = find(session);
	struct envoi_jid *jid;
	if (self == NULL) {
		return ENVOI_ERR_STATE;
	}
	if (!is_possible(type, state)) {
		return ENVOI_ERR_INVALID;
	}
	int r = envoi_jid_from_text(&jid, self->context, to);
	if (r < 0) {
		return r;
	}
	bool is_sent = is_wanted(self, type, jid, state);
	envoi_jid_unref(jid);
	if (!is_sent) {
		return ENVOI_DECLINED;
	}
	struct envoi_stanza *message = envoi_message_new(self->context, type, to, NULL);
	if (message != NULL) {
		add(message, state);
	}
	return envoi_send(session, message, NULL); /* the filter notes it */
}

int envoi_chat_states_set_supported(
	struct envoi_session *session, const struct envoi_jid *jid, bool is_supported)
{
	struct chat_states *self = find(session);
	if (self == NULL || jid == NULL) {
		return self == NULL ? ENVOI_ERR_STATE : ENVOI_ERR_INVALID;
	}
	struct conversation *conversation = begin_conversation(self, jid);
	if (conversation == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	conversation->support = is_supported ? SUPPORTED : UNSUPPORTED;
	return ENVOI_OK;
}

/* --- the handler --- */

static void destroy(struct envoi_handler *handler)
{
	struct chat_states *self = from_handler(handler);
	struct envoi_context *context = self->context;
	for (size_t i = 0; i < ENVOI_CHAT_STATES_LIMIT; i++) {
		envoi_jid_unref(self->conversations[i].jid);
	}
	envoi_free(context, self);
	envoi_context_unref(context);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_filters filters = {.stanza_out = on_stanza_out};
static const char *const uris[] = {ENVOI_NS_CHAT_STATES, NULL};
static const struct envoi_handler_impl chat_states_impl = {
	.name = "chat-states",
	.stanzas = stanzas,
	.filters = &filters,
	.uris = uris,
	.destroy = destroy,
};

static int make(struct envoi_handler **ret_handler, struct envoi_session *session)
{
	struct envoi_context *context = envoi_session_context(session);
	struct chat_states *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->handler.impl = &chat_states_impl;
	self->context = envoi_context_ref(context);
	*ret_handler = &self->handler;
	return ENVOI_OK;
}

const struct envoi_extension envoi_chat_states_extension = {.name = "chat-states", .make = make};
