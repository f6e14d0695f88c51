/*
 * envoi - a component: sending the presence of its addresses while the outbox has room
 * SPDX-License-Identifier: MIT
 */
#include "component/component.h"
#include "session/liveness/probe.h"
#include "session/session.h"
#include "stream/stream_settings.h"

enum {
	STANZAS_A_TURN = 256, /* so that other work of the loop is not delayed */
	CONFIRMED_AFTER_MS = 5000, /* so that one ping serves many addresses */
};

/* --- one presence --- */

static void copy_payload(struct envoi_stanza *to, const struct envoi_stanza *from)
{
	const struct envoi_element *child = envoi_element_first(envoi_stanza_element(from));
	for (; child != NULL; child = envoi_element_next(child)) {
		envoi_element_add_copy(envoi_stanza_element(to), child);
	}
}

/* @param available  NULL: unavailable. @return a stanza to be sent, with its failures; or NULL */
static struct envoi_stanza *make_presence(struct envoi_component *component, const char *from,
	const char *to, const struct envoi_stanza *available)
{
	struct envoi_stanza *presence = envoi_presence_new(component->connection.context,
		available != NULL ? ENVOI_TYPE_AVAILABLE : ENVOI_TYPE_UNAVAILABLE, to);
	(void)envoi_stanza_set_from(presence, from);
	if (presence != NULL && available != NULL) {
		copy_payload(presence, available);
	}
	return presence;
}

static bool is_freed(const struct envoi_component *component)
{
	return envoi__guard_is_over(&component->connection.guard);
}

/* --- all that is due --- */

static bool can_send(const struct envoi_component *component)
{
	const struct envoi_session *session = component->connection.session;
	return !is_freed(component) && envoi_session_is_online(session) && !session->outbox.is_high;
}

/* A presence that does not fit is due again. Filters may change the table, or free the component.
 */
static void send_due(struct envoi_component *component, const struct envoi__own_due *due)
{
	struct envoi_stanza *presence = make_presence(
		component, due->from, due->to, component->is_departing ? NULL : due->presence);
	if (presence == NULL) {
		envoi_log(component->connection.context, ENVOI_LOG_WARNING, ENVOI_LOG_CLIENT,
			"presence was not sent: %s", envoi_error_text(ENVOI_ERR_NOMEM));
		return;
	}
	int r = envoi_send(component->connection.session, envoi_stanza_ref(presence), NULL);
	if ((r == ENVOI_ERR_FULL || r == ENVOI_ERR_STATE) && !is_freed(component)) {
		envoi__own_addresses_untake(&component->addresses, envoi_stanza_from(presence));
	}
	envoi_stanza_unref(presence);
}

static void on_deferred(struct envoi_deferred *deferred)
{
	envoi__component_announce(ENVOI_CONTAINER_OF(deferred, struct envoi_component, announcing));
}

static void schedule(struct envoi_component *component)
{
	envoi_deferred_post(&component->announcing,
		envoi_context_loop(component->connection.context), on_deferred);
}

static void depart(struct envoi_component *component)
{
	bool is_leaving = component->is_departing && component->connection.is_leaving;
	if (component->is_departing) {
		component->is_departing = false;
		envoi_timer_stop(&component->departure);
	}
	if (is_leaving) { /* else the connection was lost meanwhile */
		envoi__connection_close(&component->connection);
	}
}

/* @return whether something is left that can be sent now */
static bool send_some(struct envoi_component *component)
{
	struct envoi__own_due due;
	for (int left = STANZAS_A_TURN; left > 0; left--) {
		if (!can_send(component) ||
			!envoi__own_addresses_take(&component->addresses, &due)) {
			return false;
		}
		send_due(component, &due);
	}
	return can_send(component);
}

/* --- what the server has processed --- */

static void confirm_later(struct envoi_component *component);

/* Any answer proves it for what was sent before (RFC 6120, section 10.1). */
static void on_confirmed(void *user, const struct envoi_answer *answer)
{
	struct envoi_component *component = user;
	int code = envoi_answer_code(answer);
	if (code == ENVOI_ERR_CANCELED) {
		return; /* it may be freed */
	}
	component->confirmation = NULL;
	if (code == ENVOI_OK || code == ENVOI_ERR_STANZA) {
		envoi__departed_confirm(&component->addresses.departed, component->confirmed);
		confirm_later(component);
	}
}

static void on_confirming(struct envoi_timer *timer)
{
	struct envoi_component *component = ENVOI_CONTAINER_OF(
		timer, struct envoi_component, confirming);
	envoi__connection_enter(&component->connection);
	component->confirmed = component->addresses.departed.last;
	if (envoi_session_is_online(component->connection.session) &&
		envoi__session_ping(component->connection.session, 0, on_confirmed, component,
			&component->confirmation) < 0) {
		component->confirmation = NULL;
	}
	envoi__connection_exit(&component->connection);
}

static void confirm_later(struct envoi_component *component)
{
	if (component->addresses.departed.count > 0 && component->confirmation == NULL &&
		component->connection.session->acknowledging.is_enabled &&
		!envoi_timer_is_started(&component->confirming)) {
		envoi_timer_start(&component->confirming,
			envoi_context_loop(component->connection.context), CONFIRMED_AFTER_MS,
			on_confirming);
	}
}

void envoi__component_announce(struct envoi_component *component)
{
	envoi__connection_enter(&component->connection);
	if (send_some(component)) {
		schedule(component);
	} else if (!is_freed(component) && component->addresses.due_count == 0) {
		confirm_later(component);
		depart(component);
	}
	envoi__connection_exit(&component->connection);
}

/* --- to one contact --- */

static size_t count_resources(const struct envoi__own_address *address)
{
	size_t count = 0;
	const struct envoi__own_resource *resource = address->resources;
	for (; resource != NULL; resource = resource->next) {
		count += resource->presence != NULL;
	}
	return count;
}

/* All at first: sending may change the table. */
static void make_all(struct envoi_component *component, const struct envoi__own_address *address,
	const char *contact, bool is_available, struct envoi_stanza **ret_stanzas)
{
	const struct envoi__own_resource *resource = address->resources;
	for (; resource != NULL; resource = resource->next) {
		if (resource->presence != NULL) {
			*ret_stanzas++ = make_presence(component, resource->jid, contact,
				is_available ? resource->presence : NULL);
		}
	}
}

static int send_all(struct envoi_component *component, struct envoi_stanza **stanzas, size_t count)
{
	int r = ENVOI_OK;
	for (size_t i = 0; i < count; i++) {
		if (is_freed(component)) {
			envoi_stanza_unref(stanzas[i]);
		} else {
			int sent = envoi_send(component->connection.session, stanzas[i], NULL);
			r = r < 0 ? r : sent;
		}
	}
	return r;
}

int envoi__component_show(struct envoi_component *component, const struct envoi_jid *own,
	const char *contact, bool is_available)
{
	struct envoi_context *context = component->connection.context;
	const struct envoi__own_address *address = envoi__own_address_find(
		&component->addresses, own);
	size_t count = address == NULL ? 0 : count_resources(address);
	if (count == 0) {
		return ENVOI_OK;
	}
	struct envoi_stanza **stanzas = envoi_alloc(context, count * sizeof(struct envoi_stanza *));
	if (stanzas == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	make_all(component, address, contact, is_available, stanzas);
	int r = send_all(component, stanzas, count);
	envoi_free(context, stanzas);
	return r;
}

/* --- from above --- */

void envoi__component_presence_changed(struct envoi_component *component)
{
	if (envoi_session_is_online(component->connection.session)) {
		schedule(component);
	}
}

void envoi__component_arrive(struct envoi_component *component)
{
	component->is_departing = false;
	envoi_timer_stop(&component->departure);
	envoi_timer_stop(&component->confirming);
	envoi__own_addresses_departed_due(&component->addresses);
	envoi__own_addresses_all_due(&component->addresses);
	envoi__component_announce(component);
}

static void on_departure_timeout(struct envoi_timer *timer)
{
	struct envoi_component *component = ENVOI_CONTAINER_OF(
		timer, struct envoi_component, departure);
	envoi_log(component->connection.context, ENVOI_LOG_WARNING, ENVOI_LOG_CLIENT,
		"%zu addresses did not become unavailable within close.timeout",
		component->addresses.due_count);
	depart(component);
}

int envoi__component_depart(struct envoi_component *component)
{
	struct envoi__stream_settings values;
	envoi_settings_read(component->connection.settings, envoi__stream_setting_table, &values);
	envoi__own_addresses_all_due(&component->addresses);
	if (component->addresses.due_count == 0) {
		return ENVOI_OK;
	}
	component->is_departing = true;
	envoi_timer_start(&component->departure, envoi_context_loop(component->connection.context),
		values.close_timeout_ms, on_departure_timeout);
	schedule(component);
	return ENVOI_AGAIN;
}

void envoi__component_stop_announcing(struct envoi_component *component)
{
	component->is_departing = false;
	envoi_deferred_cancel(&component->announcing);
	envoi_timer_stop(&component->departure);
	envoi_timer_stop(&component->confirming);
}
