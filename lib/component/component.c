/*
 * envoi - components
 * SPDX-License-Identifier: MIT
 */
#include "component/component.h"
#include "component/component_settings.h"

#include "session/session.h"

/* --- what it sends --- */

static bool is_of_subscriptions(enum envoi_stanza_type type)
{
	return type == ENVOI_TYPE_SUBSCRIBE || type == ENVOI_TYPE_SUBSCRIBED ||
		type == ENVOI_TYPE_UNSUBSCRIBE || type == ENVOI_TYPE_UNSUBSCRIBED;
}

static void make_bare(struct envoi_stanza *stanza, const char *name, const struct envoi_jid *jid)
{
	struct envoi_jid *bare;
	if (jid == NULL || envoi_jid_is_bare(jid) || envoi_jid_bare(&bare, jid) < 0) {
		return;
	}
	envoi_element_set(envoi_stanza_element(stanza), name, envoi_jid_text(bare));
	envoi_jid_unref(bare);
}

/* RFC 6121, sections 3.1.2 and 3.1.5: a component is its own server, which stamps bare addresses.
 */
static int on_out(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)self;
	(void)session;
	if (is_of_subscriptions(envoi_stanza_type(stanza))) {
		make_bare(stanza, "from", envoi_stanza_from(stanza));
		make_bare(stanza, "to", envoi_stanza_to(stanza));
	}
	return ENVOI_OK;
}

static const struct envoi_filters filters = {.stanza_out = on_out, .priority = -1000};

static void on_outbox_low(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	envoi__component_announce(ENVOI_CONTAINER_OF(self, struct envoi_component, handler));
}

static const struct envoi_event_row event_rows[] = {
	{ENVOI_EVENT_OUTBOX_LOW, on_outbox_low},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl handler_impl = {
	.name = "component",
	.stanzas = envoi__component_rows,
	.events = event_rows,
	.filters = &filters,
};

/* --- for its connection --- */

static void read_limits(struct envoi_component *component)
{
	struct envoi__component_settings values;
	envoi_settings_read(
		component->connection.settings, envoi__component_setting_table, &values);
	component->addresses.contact_limit = values.contacts;
}

static void restore(struct envoi__connection *connection)
{
	read_limits(envoi__component_of(connection));
	envoi__component_arrive(envoi__component_of(connection));
}

static int leave(struct envoi__connection *connection)
{
	return envoi__component_depart(envoi__component_of(connection));
}

static void detach(struct envoi__connection *connection)
{
	envoi__component_stop_announcing(envoi__component_of(connection));
}

static void finish(struct envoi__connection *connection)
{
	struct envoi_component *component = envoi__component_of(connection);
	envoi__own_addresses_finish(&component->addresses);
	envoi_settings_free(component->login_settings);
}

static const struct envoi__connection_kind component_kind = {
	.noun = "component",
	.address_problem = "not the domain of a component",
	.login = &envoi__component_login,
	.retries_conflict = true,
	.prepare = envoi__component_prepare,
	.restore = restore,
	.explain = envoi__component_explain,
	.leave = leave,
	.detach = detach,
	.finish = finish,
};

static const char secret_subject[] = "the secret", no_secret[] = "no secret was set";

/* --- making and freeing --- */

int envoi_component_new(
	struct envoi_component **ret_component, struct envoi_context *context, const char *domain)
{
	return envoi_component_new_with(ret_component, context, domain, NULL);
}

static void check_domain(struct envoi__connection *connection)
{
	const struct envoi_jid *jid = connection->account.jid;
	if (jid != NULL && (envoi_jid_local(jid) != NULL || !envoi_jid_is_bare(jid))) {
		(void)envoi__connection_note(connection, "the address", ENVOI_ERR_INVALID,
			connection->kind->address_problem);
	}
}

static int set_up(struct envoi_component *component)
{
	struct envoi__connection *connection = &component->connection;
	connection->session->component = component;
	component->handler.impl = &handler_impl;
	read_limits(component);
	check_domain(connection);
	envoi__setter_errors_note(&connection->setter_errors, connection->context, secret_subject,
		ENVOI_ERR_INVALID, no_secret);
	int r = envoi_session_add(connection->session, &component->handler);
	return r < 0 ? r : envoi__default_handlers(connection->session);
}

int envoi_component_new_with(struct envoi_component **ret_component, struct envoi_context *context,
	const char *domain, const struct envoi_settings *settings)
{
	struct envoi_context *used;
	int r = envoi__connection_choose_context(&used, context, settings);
	if (r < 0) {
		return r;
	}
	struct envoi_component *component = envoi_alloc_zeroed(used, sizeof(*component));
	if (component == NULL) {
		envoi_context_unref(used);
		return ENVOI_ERR_NOMEM;
	}
	envoi__own_addresses_init(&component->addresses, used);
	r = envoi__connection_init(&component->connection, &component_kind, used, domain, settings);
	if (r == ENVOI_OK) {
		r = set_up(component);
	}
	if (r < 0) {
		envoi_component_free(component);
		return r;
	}
	*ret_component = component;
	return ENVOI_OK;
}

void envoi_component_free(struct envoi_component *component)
{
	if (component != NULL) {
		envoi__connection_free(&component->connection);
	}
}

/* --- what it has --- */

struct envoi_session *envoi_component_session(struct envoi_component *component)
{
	return component->connection.session;
}

struct envoi_component *envoi_session_component(const struct envoi_session *session)
{
	return session->component;
}

struct envoi_settings *envoi_component_settings(struct envoi_component *component)
{
	return component->connection.settings;
}

int envoi_component_set(struct envoi_component *component, const char *name, const char *text)
{
	return envoi__connection_set(&component->connection, name, text);
}

int envoi_component_set_assignment(struct envoi_component *component, const char *assignment)
{
	return envoi__connection_set_assignment(&component->connection, assignment);
}

int envoi_component_set_secret(struct envoi_component *component, const char *secret)
{
	struct envoi__connection *connection = &component->connection;
	bool has_any = secret != NULL && secret[0] != '\0';
	int r = envoi__account_set_password(&connection->account, has_any ? secret : NULL);
	if (r < 0) {
		return envoi__connection_note(connection, secret_subject, r, envoi_error_text(r));
	}
	return has_any
		? envoi__connection_note(connection, secret_subject, ENVOI_OK, "")
		: envoi__connection_note(connection, secret_subject, ENVOI_ERR_INVALID, no_secret);
}

int envoi_component_add(struct envoi_component *component, struct envoi_handler *handler)
{
	return envoi__connection_add(&component->connection, handler);
}

void envoi_component_remove(struct envoi_component *component, struct envoi_handler *handler)
{
	envoi_session_remove(component->connection.session, handler);
}

int envoi_component_add_connector(
	struct envoi_component *component, struct envoi_connector *connector)
{
	return envoi__connection_add_connector(&component->connection, connector);
}

void envoi_component_set_tap(struct envoi_component *component, envoi_tap_fn *tap, void *user)
{
	envoi__connection_set_tap(&component->connection, tap, user);
}

void envoi_component_set_user(struct envoi_component *component, void *user)
{
	component->user = user;
}

void *envoi_component_user(const struct envoi_component *component)
{
	return component->user;
}

_Static_assert((int)ENVOI_COMPONENT_LEAVING == (int)ENVOI__CONNECTION_LEAVING, "the same states");

enum envoi_component_state envoi_component_state(const struct envoi_component *component)
{
	return (enum envoi_component_state)envoi__connection_state(&component->connection);
}

const char *envoi_component_state_name(enum envoi_component_state state)
{
	return envoi__connection_state_name((enum envoi__connection_state)state);
}

/* --- connecting --- */

int envoi_component_connect(struct envoi_component *component)
{
	return envoi__connection_connect(&component->connection);
}

void envoi_component_disconnect(struct envoi_component *component)
{
	envoi__connection_disconnect(&component->connection);
}

void envoi_component_hint(struct envoi_component *component)
{
	envoi__connection_hint(&component->connection);
}

int envoi_component_run(struct envoi_component *component)
{
	return envoi__connection_run(&component->connection);
}

void envoi_component_quit(struct envoi_component *component)
{
	envoi__connection_quit(&component->connection);
}

const struct envoi_failure *envoi_component_failure(const struct envoi_component *component)
{
	return envoi__connection_failure(&component->connection);
}

const char *envoi_component_failure_text(struct envoi_component *component)
{
	return envoi__connection_failure_text(&component->connection);
}

/* --- sending --- */

int envoi_component_send_text(struct envoi_component *component, const char *from, const char *to,
	const char *body, struct envoi_ticket *ticket)
{
	struct envoi__connection *connection = &component->connection;
	struct envoi_stanza *message = envoi_message_new(
		connection->context, ENVOI_TYPE_CHAT, to, body);
	(void)envoi_stanza_set_from(message, from); /* a failure is the stanza's */
	return envoi_send(connection->session, message, ticket);
}
