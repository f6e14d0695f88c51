/*
 * envoi - connections: what is set before they connect
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "connection/connection.h"

int envoi__connection_note(
	struct envoi__connection *connection, const char *subject, int code, const char *text)
{
	envoi__setter_errors_note(
		&connection->setter_errors, connection->context, subject, code, text);
	if (code != ENVOI_OK) {
		envoi__connection_show_setter_error(connection, code, text);
	}
	return code;
}

/* --- settings --- */

int envoi__connection_set(struct envoi__connection *connection, const char *name, const char *text)
{
	if (name == NULL) {
		return envoi__connection_note(
			connection, "a setting", ENVOI_ERR_INVALID, "a setting without a name");
	}
	int r = envoi_settings_set(connection->settings, name, text);
	return envoi__connection_note(connection, name, r,
		r == ENVOI_ERR_NOMEM ? envoi_error_text(r)
				     : envoi_settings_problem(connection->settings));
}

int envoi__connection_set_assignment(struct envoi__connection *connection, const char *assignment)
{
	if (assignment == NULL) {
		assignment = "";
	}
	const char *equals = strchr(assignment, '=');
	char name[64], text[128];
	size_t len = equals != NULL ? (size_t)(equals - assignment) : 0;
	if (len == 0 || len >= sizeof(name)) {
		snprintf(text, sizeof(text), "\"%s\" is not NAME=VALUE", assignment);
		return envoi__connection_note(connection, assignment, ENVOI_ERR_INVALID, text);
	}
	memcpy(name, assignment, len);
	name[len] = '\0';
	return envoi__connection_set(connection, name, equals + 1);
}

/* --- what is attached --- */

int envoi__connection_add(struct envoi__connection *connection, struct envoi_handler *handler)
{
	char subject[32];
	snprintf(subject, sizeof(subject), "handler %p", (void *)handler);
	int r = envoi_session_add(connection->session, handler);
	return envoi__connection_note(
		connection, subject, r, envoi_session_problem(connection->session));
}

int envoi__connection_add_connector(
	struct envoi__connection *connection, struct envoi_connector *connector)
{
	const char *name = connector->impl->name;
	int r = envoi__connectors_add(&connection->connectors, connection->context, connector);
	return envoi__connection_note(connection, name, r, name);
}

void envoi__connection_set_tap(struct envoi__connection *connection, envoi_tap_fn *tap, void *user)
{
	connection->tap = tap;
	connection->tap_user = user;
}

void envoi__connection_switch_tap(
	struct envoi__connection *connection, enum envoi_direction direction, bool is_on)
{
	struct envoi_stream *stream = envoi_session_stream(connection->session);
	unsigned int bit = 1u << direction;
	connection->tap_off = is_on ? connection->tap_off & ~bit : connection->tap_off | bit;
	if (stream != NULL) {
		envoi_stream_switch_tap(stream, direction, is_on);
	}
}
