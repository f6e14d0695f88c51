/*
 * envoi - the account's own presence (RFC 6121, section 4)
 * SPDX-License-Identifier: MIT
 */
#include "presence/own_presence.h"

#include <limits.h>
#include <stdio.h>

#include <envoi/context.h>

#include "presence/presence_settings.h"

/* A copy: the stanza is its sender's, and may be changed behind us. */
static void remember(struct envoi__own_presence *presence, const struct envoi_stanza *stanza)
{
	struct envoi_element *copy = envoi_element_dup(envoi_stanza_element(stanza));
	if (copy == NULL) {
		envoi_log(envoi_session_context(presence->session), ENVOI_LOG_WARNING,
			ENVOI_LOG_CLIENT, "presence is not kept for the next login: no memory");
	}
	envoi_element_set(copy, "id", NULL);
	envoi_element_unref(presence->last);
	presence->last = copy;
}

/* Section 4.7.2.3. A priority given by the application counts. */
static void add_priority(
	const struct envoi__own_presence *presence, const struct envoi_stanza *stanza)
{
	struct envoi_element *element = envoi_stanza_element(stanza);
	struct envoi__presence_settings values;
	envoi__presence_settings_read(&values, presence->settings);
	if (values.priority != 0 && envoi_element_child(element, NULL, "priority") == NULL) {
		char text[8];
		snprintf(text, sizeof(text), "%d", values.priority);
		envoi_element_add_with_text(element, NULL, "priority", text);
	}
}

static void broadcasts(struct envoi__own_presence *presence, const struct envoi_stanza *stanza)
{
	switch (envoi_stanza_type(stanza)) {
	case ENVOI_TYPE_AVAILABLE:
		remember(presence, stanza);
		add_priority(presence, stanza);
		presence->is_available = true;
		break;
	case ENVOI_TYPE_UNAVAILABLE:
		/* after envoi__own_presence_leave() the next login sends the same presence */
		if (presence->is_available) {
			presence->last = envoi_element_unref(presence->last);
			presence->is_available = false;
		}
		break;
	default:
		break;
	}
}

static int on_stanza_out(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)session;
	if (envoi_stanza_kind(stanza) == ENVOI_PRESENCE && envoi_stanza_to_text(stanza) == NULL) {
		broadcasts(ENVOI_CONTAINER_OF(self, struct envoi__own_presence, handler), stanza);
	}
	return ENVOI_OK;
}

/* The last filter: what it sees is sent. */
static const struct envoi_filters filters = {.stanza_out = on_stanza_out, .priority = INT_MIN};
static const struct envoi_handler_impl presence_impl = {.name = "presence", .filters = &filters};

int envoi__own_presence_attach(struct envoi__own_presence *presence, struct envoi_session *session,
	const struct envoi_settings *settings)
{
	presence->handler.impl = &presence_impl;
	presence->session = session;
	presence->settings = settings;
	return envoi_session_add(session, &presence->handler);
}

void envoi__own_presence_finish(struct envoi__own_presence *presence)
{
	presence->last = envoi_element_unref(presence->last);
}

static struct envoi_stanza *make_initial(const struct envoi__own_presence *presence)
{
	struct envoi_stanza *stanza = NULL;
	if (presence->last == NULL) {
		return envoi_presence_new(
			envoi_session_context(presence->session), ENVOI_TYPE_AVAILABLE, NULL);
	}
	struct envoi_element *copy = envoi_element_dup(presence->last);
	if (copy != NULL && envoi_stanza_from_element(&stanza, copy) != ENVOI_OK) {
		stanza = NULL;
	}
	envoi_element_unref(copy);
	return stanza;
}

int envoi__own_presence_send_initial(struct envoi__own_presence *presence)
{
	return envoi_send(presence->session, make_initial(presence), NULL);
}

int envoi__own_presence_leave(struct envoi__own_presence *presence)
{
	if (!presence->is_available) {
		return ENVOI_OK;
	}
	presence->is_available = false;
	return envoi_send(presence->session,
		envoi_presence_new(
			envoi_session_context(presence->session), ENVOI_TYPE_UNAVAILABLE, NULL),
		NULL);
}
