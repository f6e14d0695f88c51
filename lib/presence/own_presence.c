/*
 * envoi - the account's own presence (RFC 6121, section 4)
 * SPDX-License-Identifier: MIT
 */
#include "presence/own_presence.h"

#include <limits.h>
#include <stdio.h>

#include <envoi/context.h>

#include "presence/presence_settings.h"
#include "session/session.h"

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
		presence->is_hidden = false;
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

/* Section 4.6 */
static void directs(struct envoi__own_presence *presence, const struct envoi_stanza *stanza)
{
	enum envoi_stanza_type type = envoi_stanza_type(stanza);
	struct envoi__presence_settings values;
	if (type == ENVOI_TYPE_AVAILABLE || type == ENVOI_TYPE_UNAVAILABLE) {
		envoi__presence_settings_read(&values, presence->settings);
		envoi__directed_note(&presence->directed, envoi_stanza_to_text(stanza),
			type == ENVOI_TYPE_AVAILABLE, values.directed);
	}
}

static int on_stanza_out(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	struct envoi__own_presence *presence = ENVOI_CONTAINER_OF(
		self, struct envoi__own_presence, handler);
	(void)session;
	if (envoi_stanza_kind(stanza) != ENVOI_PRESENCE) {
		return ENVOI_OK;
	}
	if (envoi_stanza_to_text(stanza) == NULL) {
		broadcasts(presence, stanza);
	} else {
		directs(presence, stanza);
	}
	return ENVOI_OK;
}

static void on_ended(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	envoi__directed_clear(
		&ENVOI_CONTAINER_OF(self, struct envoi__own_presence, handler)->directed);
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_ENDED, on_ended},
	ENVOI_ROWS_END,
};

/* The last filter: what it sees is sent. */
static const struct envoi_filters filters = {.stanza_out = on_stanza_out, .priority = INT_MIN};
static const struct envoi_handler_impl presence_impl = {
	.name = "presence", .events = events, .filters = &filters};

int envoi__own_presence_attach(struct envoi__own_presence *presence, struct envoi_session *session,
	const struct envoi_settings *settings)
{
	presence->handler.impl = &presence_impl;
	presence->session = session;
	presence->settings = settings;
	envoi__directed_init(&presence->directed, envoi_session_context(session));
	return envoi_session_add(session, &presence->handler);
}

void envoi__own_presence_finish(struct envoi__own_presence *presence)
{
	presence->last = envoi_element_unref(presence->last);
	if (presence->session != NULL) {
		envoi__directed_clear(&presence->directed);
	}
	presence->session = NULL;
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

static int send_unavailable(struct envoi__own_presence *presence, const char *to)
{
	return envoi_send(presence->session,
		envoi_presence_new(
			envoi_session_context(presence->session), ENVOI_TYPE_UNAVAILABLE, to),
		NULL);
}

int envoi__own_presence_set(struct envoi__own_presence *presence, const struct envoi_stanza *stanza)
{
	const struct envoi_element *element = envoi_stanza_element(stanza);
	int r = envoi_element_error(element);
	if (r < 0) {
		return envoi__session_refuse(
			presence->session, r, "%s", envoi_element_problem(element));
	}
	enum envoi_stanza_type type = envoi_stanza_type(stanza);
	if (envoi_stanza_kind(stanza) != ENVOI_PRESENCE || envoi_stanza_to_text(stanza) != NULL ||
		(type != ENVOI_TYPE_AVAILABLE && type != ENVOI_TYPE_UNAVAILABLE)) {
		return envoi__session_refuse(presence->session, ENVOI_ERR_INVALID,
			"only presence of type available or unavailable, without to, can be set");
	}
	struct envoi_element *copy = envoi_element_dup(element);
	if (copy == NULL) {
		return envoi__session_refuse(presence->session, ENVOI_ERR_NOMEM, NULL);
	}
	envoi_element_unref(presence->last);
	presence->last = type == ENVOI_TYPE_AVAILABLE ? copy : envoi_element_unref(copy);
	presence->is_hidden = type == ENVOI_TYPE_UNAVAILABLE;
	return ENVOI_OK;
}

int envoi__own_presence_send_initial(struct envoi__own_presence *presence)
{
	return presence->is_hidden ? ENVOI_OK
				   : envoi_send(presence->session, make_initial(presence), NULL);
}

int envoi__own_presence_send_set(struct envoi__own_presence *presence)
{
	if (!presence->is_hidden) {
		return envoi__own_presence_send_initial(presence);
	}
	return presence->is_available ? send_unavailable(presence, NULL) : ENVOI_OK;
}

/* What cannot be sent, the server withdraws (section 4.6.3). */
static void withdraw_directed(struct envoi__own_presence *presence)
{
	struct envoi__directed_address *address;
	while (presence->session != NULL &&
		(address = envoi__directed_take(&presence->directed)) != NULL) {
		struct envoi_context *context = envoi_context_ref(
			envoi_session_context(presence->session));
		(void)send_unavailable(presence, address->text);
		envoi_free(context, address);
		envoi_context_unref(context);
	}
}

int envoi__own_presence_leave(struct envoi__own_presence *presence)
{
	withdraw_directed(presence);
	if (!presence->is_available || presence->session == NULL) {
		return ENVOI_OK;
	}
	presence->is_available = false;
	return send_unavailable(presence, NULL);
}
