/*
 * envoi - the client helper: what it is told before it connects
 * SPDX-License-Identifier: MIT
 */
#include "client/client.h"

#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/failure.h"

/* --- failures of setters --- */

static void tell(struct envoi_client *client, int code, const char *text)
{
	if (client->state != ENVOI__CLIENT_OFFLINE) {
		return;
	}
	struct envoi_failure why;
	envoi_failure_set(&why, client->context, ENVOI_PHASE_NONE, code, "%s", text);
	envoi__client_keep_failure(client, &why);
}

static struct envoi__client_problem *find(struct envoi_client *client, const char *about)
{
	for (size_t i = 0; i < client->problem_count; i++) {
		if (strncmp(client->problems[i].about, about,
			    sizeof(client->problems[i].about) - 1) == 0) {
			return &client->problems[i];
		}
	}
	return NULL;
}

static struct envoi__client_problem *find_or_add(struct envoi_client *client, const char *about)
{
	struct envoi__client_problem *problem = find(client, about);
	if (problem != NULL) {
		return problem;
	}
	struct envoi__client_problem *problems = envoi_realloc(
		client->context, client->problems, (client->problem_count + 1) * sizeof(*problems));
	if (problems == NULL) {
		return NULL;
	}
	client->problems = problems;
	problem = &problems[client->problem_count++];
	*problem = (struct envoi__client_problem){.code = ENVOI_OK};
	envoi__failure_put(problem->about, sizeof(problem->about), about);
	return problem;
}

static void put_right(struct envoi_client *client, const char *about)
{
	struct envoi__client_problem *problem = find(client, about);
	if (problem != NULL) {
		struct envoi__client_problem *end = client->problems + client->problem_count;
		memmove(problem, problem + 1, (size_t)(end - problem - 1) * sizeof(*problem));
		client->problem_count--;
	}
}

int envoi__client_note(struct envoi_client *client, const char *about, int code, const char *text)
{
	if (code == ENVOI_OK) {
		put_right(client, about);
		return code;
	}
	struct envoi__client_problem *problem = find_or_add(client, about);
	if (problem != NULL) {
		envoi__failure_put(problem->text, sizeof(problem->text), text);
		problem->code = code;
	} else {
		client->has_lost_problem = true;
	}
	tell(client, code, text);
	return code;
}

int envoi__client_tell_problem(struct envoi_client *client)
{
	if (client->problem_count > 0) {
		tell(client, client->problems[0].code, client->problems[0].text);
		return client->problems[0].code;
	}
	if (client->has_lost_problem) {
		tell(client, ENVOI_ERR_NOMEM, "something was not set, for want of memory");
		return ENVOI_ERR_NOMEM;
	}
	return ENVOI_OK;
}

/* --- settings --- */

struct envoi_settings *envoi_client_settings(struct envoi_client *client)
{
	return client->settings;
}

int envoi_client_set(struct envoi_client *client, const char *name, const char *text)
{
	if (name == NULL) {
		return envoi__client_note(
			client, "a setting", ENVOI_ERR_INVALID, "a setting without a name");
	}
	int r = envoi_settings_set(client->settings, name, text);
	return envoi__client_note(client, name, r,
		r == ENVOI_ERR_NOMEM ? envoi_error_text(r)
				     : envoi_settings_problem(client->settings));
}

int envoi_client_set_assignment(struct envoi_client *client, const char *assignment)
{
	if (assignment == NULL) {
		assignment = "";
	}
	const char *equals = strchr(assignment, '=');
	char name[64], text[128];
	size_t len = equals != NULL ? (size_t)(equals - assignment) : 0;
	if (len == 0 || len >= sizeof(name)) {
		snprintf(text, sizeof(text), "\"%s\" is not NAME=VALUE", assignment);
		return envoi__client_note(client, assignment, ENVOI_ERR_INVALID, text);
	}
	memcpy(name, assignment, len);
	name[len] = '\0';
	return envoi_client_set(client, name, equals + 1);
}

void envoi__client_drop_password(struct envoi_client *client)
{
	envoi__free_secret(client->context, client->password);
	client->password = NULL;
}

int envoi_client_set_password(struct envoi_client *client, const char *password)
{
	static const char about[] = "the password";
	/* Keys would go on to log in with the old one. */
	if (client->password != NULL && password != NULL &&
		strcmp(client->password, password) != 0) {
		envoi_sasl_history_forget_keys(client->history);
	}
	envoi__client_drop_password(client);
	if (password == NULL) {
		return envoi__client_note(client, about, ENVOI_ERR_INVALID, "no password was set");
	}
	client->password = envoi_strndup(client->context, password, strlen(password));
	return envoi__client_note(
		client, about, client->password == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK, about);
}

/* --- what is attached --- */

int envoi_client_add(struct envoi_client *client, struct envoi_handler *handler)
{
	char about[32];
	snprintf(about, sizeof(about), "handler %p", (void *)handler);
	int r = envoi_session_add(client->session, handler);
	return envoi__client_note(client, about, r, envoi_session_problem(client->session));
}

void envoi_client_remove(struct envoi_client *client, struct envoi_handler *handler)
{
	envoi_session_remove(client->session, handler);
}

int envoi_client_add_connector(struct envoi_client *client, struct envoi_connector *connector)
{
	const char *name = connector->impl->name;
	struct envoi_connector **connectors = envoi_realloc(client->context, client->connectors,
		(client->connector_count + 1) * sizeof(struct envoi_connector *));
	if (connectors == NULL) {
		envoi_connector_destroy(connector);
		return envoi__client_note(client, name, ENVOI_ERR_NOMEM, name);
	}
	client->connectors = connectors;
	connectors[client->connector_count++] = connector;
	return envoi__client_note(client, name, ENVOI_OK, name);
}
