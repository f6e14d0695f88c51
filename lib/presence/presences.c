/*
 * envoi - presence of contacts (RFC 6121, section 4)
 * SPDX-License-Identifier: MIT
 */
#include <envoi/delivery.h>
#include <envoi/presence.h>
#include <envoi/roster.h>

#include <limits.h>

#include <envoi/interfaces/session.h>

#include "presence/presence_table.h"
#include "session/session.h"

struct envoi_presences {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_session *session; /* NULL: detached */
	const struct envoi_roster *roster;
	const struct envoi_settings *settings;
	struct envoi__presence_table table;
	bool has_logged_limit;
};

static struct envoi_presences *presences_from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct envoi_presences, handler);
}

static bool is_own(const struct envoi_presences *presences, const struct envoi_jid *jid)
{
	return envoi_jid_equal_bare(jid, envoi_session_jid(presences->session));
}

/* The server sends a resource its own presence too (RFC 6121, section 4.2.2). */
static bool is_this_resource(const struct envoi_presences *presences, const struct envoi_jid *jid)
{
	return envoi_jid_equal(jid, envoi_session_jid(presences->session));
}

/* --- what arrives --- */

static int post(
	struct envoi_presences *presences, const struct envoi_stanza *stanza, const char *text)
{
	return envoi_session_post_event(presences->session,
		&(struct envoi_event){.type = ENVOI_EVENT_PRESENCE,
			.jid = envoi_stanza_from(stanza),
			.stanza = stanza,
			.text = text});
}

/* A peer that can exceed a limit can do so for ever: the first time is logged. */
static void log_refused(
	struct envoi_presences *presences, const struct envoi_stanza *stanza, const char *limit)
{
	if (limit != NULL && !presences->has_logged_limit) {
		presences->has_logged_limit = true;
		envoi_log(presences->context, ENVOI_LOG_WARNING, ENVOI_LOG_CLIENT,
			"%s: presences are not held, the first one from %s", limit,
			envoi_stanza_from_text(stanza));
	}
}

static bool is_subscribed(const struct envoi_roster_item *entry)
{
	return entry != NULL &&
		(entry->subscription == ENVOI_SUBSCRIPTION_TO ||
			entry->subscription == ENVOI_SUBSCRIPTION_BOTH);
}

static void note_subscription(struct envoi_presences *presences, const struct envoi_jid *jid)
{
	struct envoi__presence_contact *contact = envoi__presence_contact_find(
		&presences->table, jid);
	if (contact != NULL) {
		envoi__presence_contact_subscribe(contact);
	}
}

static int take(struct envoi_presences *presences, const struct envoi_stanza *stanza,
	const struct envoi_roster_item *entry)
{
	const char *limit = NULL;
	bool is_change = true;
	int r = envoi_stanza_type(stanza) == ENVOI_TYPE_AVAILABLE
		? envoi__presence_table_keep(&presences->table, stanza, &limit)
		: envoi__presence_table_leave(&presences->table, stanza, &is_change);
	if (is_subscribed(entry)) {
		note_subscription(presences, envoi_stanza_from(stanza));
	}
	log_refused(presences, stanza, limit);
	int posted = is_change ? post(presences, stanza, limit) : ENVOI_OK;
	return r < 0 ? r : posted;
}

static int on_presence(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct envoi_presences *presences = presences_from_handler(self);
	const struct envoi_stanza *stanza = envoi_delivery_stanza(in);
	const struct envoi_jid *jid = envoi_stanza_from(stanza);
	if (jid == NULL || is_this_resource(presences, jid)) {
		return ENVOI_DECLINED;
	}
	const struct envoi_roster_item *entry = envoi_roster_find(presences->roster, jid);
	return entry != NULL || is_own(presences, jid) ? take(presences, stanza, entry)
						       : ENVOI_DECLINED;
}

/* --- what ends --- */

/* A subscription that has ended ends the presence that came with it (RFC 6121, section 3.3.3); not
 * every server sends unavailable presence then. */
static bool has_ended(const struct envoi_presences *presences,
	const struct envoi__presence_contact *contact, const struct envoi_jid *jid)
{
	const struct envoi_roster_item *entry = envoi_roster_find(presences->roster, jid);
	return (entry == NULL && !is_own(presences, jid)) ||
		(envoi__presence_contact_is_subscribed(contact) && !is_subscribed(entry));
}

static void on_roster_changed(struct envoi_handler *self, const struct envoi_event *event)
{
	struct envoi_presences *presences = presences_from_handler(self);
	struct envoi__presence_contact *contact = envoi__presence_contact_find(
		&presences->table, event->jid);
	if (contact != NULL && has_ended(presences, contact, event->jid)) {
		envoi__presence_contact_drop(&presences->table, contact);
	}
}

/* The roster was fetched again. Its entries may have resources. */
static void on_roster(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	struct envoi_presences *presences = presences_from_handler(self);
	size_t position = 0;
	struct envoi__presence_contact *contact;
	while ((contact = envoi__presence_contact_next(&presences->table, &position)) != NULL) {
		if (has_ended(presences, contact, envoi__presence_contact_jid(contact))) {
			envoi__presence_contact_drop(&presences->table, contact);
		}
	}
}

static void on_started(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	struct envoi_presences *presences = presences_from_handler(self);
	envoi__presence_settings_read(&presences->table.limits, presences->settings);
}

static void on_ended(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	envoi__presence_table_clear(&presences_from_handler(self)->table);
}

/* Before the rows of applications, which may end the dispatch of a stanza. */
static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_PRESENCE,
		.type = ENVOI_TYPE_AVAILABLE,
		.handle = on_presence,
		.priority = INT_MAX},
	{.kind = ENVOI_PRESENCE,
		.type = ENVOI_TYPE_UNAVAILABLE,
		.handle = on_presence,
		.priority = INT_MAX},
	ENVOI_ROWS_END,
};

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_ROSTER, on_roster},
	{ENVOI_EVENT_ROSTER_CHANGED, on_roster_changed},
	{ENVOI_EVENT_STARTED, on_started},
	{ENVOI_EVENT_ENDED, on_ended},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl presences_impl = {
	.name = "presences",
	.stanzas = stanzas,
	.events = events,
};

/* --- making and freeing --- */

int envoi_presences_new(struct envoi_presences **ret_presences, struct envoi_session *session,
	const struct envoi_roster *roster, const struct envoi_settings *settings)
{
	struct envoi_context *context = envoi_session_context(session);
	struct envoi_presences *presences = envoi_alloc_zeroed(context, sizeof(*presences));
	if (presences == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	presences->handler.impl = &presences_impl;
	presences->context = envoi_context_ref(context);
	presences->roster = roster;
	presences->settings = settings;
	envoi__presence_table_init(&presences->table, context);
	envoi__presence_settings_read(&presences->table.limits, settings);
	int r = envoi_session_add(session, &presences->handler);
	if (r < 0) {
		envoi_presences_free(presences);
		return r;
	}
	presences->session = session;
	*ret_presences = presences;
	return ENVOI_OK;
}

void envoi_presences_detach(struct envoi_presences *presences)
{
	if (presences->session != NULL) {
		envoi_session_remove(presences->session, &presences->handler);
		presences->session = NULL;
	}
}

void envoi_presences_free(struct envoi_presences *presences)
{
	if (presences == NULL) {
		return;
	}
	envoi_presences_detach(presences);
	envoi__presence_table_clear(&presences->table);
	struct envoi_context *context = presences->context;
	envoi_free(context, presences);
	envoi_context_unref(context);
}

/* --- reading --- */

size_t envoi_presences_count(const struct envoi_presences *presences)
{
	return presences->table.count;
}

uint64_t envoi_presences_refused(const struct envoi_presences *presences)
{
	return presences->table.refused;
}

const struct envoi_contact_presence *envoi_presences_best(
	const struct envoi_presences *presences, const struct envoi_jid *jid)
{
	return envoi_presences_next_of(presences, jid, NULL);
}

const struct envoi_contact_presence *envoi_presences_find(
	const struct envoi_presences *presences, const struct envoi_jid *jid)
{
	return jid == NULL ? NULL : envoi__presence_table_find(&presences->table, jid);
}

const struct envoi_contact_presence *envoi_presences_next_of(
	const struct envoi_presences *presences, const struct envoi_jid *jid,
	const struct envoi_contact_presence *previous)
{
	return jid == NULL ? NULL : envoi__presence_table_next_of(&presences->table, jid, previous);
}

const struct envoi_contact_presence *envoi_presences_next(
	const struct envoi_presences *presences, const struct envoi_contact_presence *previous)
{
	return envoi__presence_table_next(&presences->table, previous);
}

const struct envoi_contact_presence *envoi_presences_last(
	const struct envoi_presences *presences, const struct envoi_jid *jid)
{
	return jid == NULL ? NULL : envoi__presence_table_last(&presences->table, jid);
}

int envoi_presences_probe(struct envoi_presences *presences, const struct envoi_jid *jid)
{
	if (presences->session == NULL) {
		return ENVOI_ERR_STATE;
	}
	if (jid == NULL) {
		return envoi__session_refuse(
			presences->session, ENVOI_ERR_INVALID, "presences: no address");
	}
	return envoi_send(presences->session,
		envoi_presence_new(presences->context, ENVOI_TYPE_PROBE, envoi_jid_text(jid)),
		NULL);
}
