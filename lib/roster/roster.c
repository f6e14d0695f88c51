/*
 * envoi - the roster
 * SPDX-License-Identifier: MIT
 */
#include <envoi/delivery.h>

#include "roster/roster_inside.h"

static struct envoi_roster *roster_from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct envoi_roster, handler);
}

/* --- pushes: RFC 6121, section 2.1.6 --- */

static int refuse(struct envoi_roster *roster, struct envoi_delivery *in,
	enum envoi_stanza_condition condition, const char *text)
{
	const struct envoi_jid *from = envoi_stanza_from(envoi_delivery_stanza(in));
	roster->refused_pushes++;
	if (roster->refused_pushes == 1) { /* a stranger can send them for ever */
		envoi_log(roster->context, ENVOI_LOG_WARNING, ENVOI_LOG_CLIENT,
			"roster pushes are refused, the first one because %s; from %s", text,
			from == NULL ? "the own account" : envoi_jid_text(from));
	}
	return envoi_reply_error(in, condition, NULL);
}

static int apply(struct envoi_roster *roster, const struct envoi_roster_item *item)
{
	if (item->subscription != ENVOI_SUBSCRIPTION_REMOVE) {
		const struct envoi__contacts_limits limits = envoi__roster_limits(roster);
		return envoi__contacts_keep(&roster->contacts, item, &limits);
	}
	envoi__contacts_remove(&roster->contacts, item->jid);
	return ENVOI_OK;
}

/* A version stands for everything before it: with a change that is not held there is none. The
 * version stays where a push states none (section 2.6.3 requires one). */
static void take_version(struct envoi_roster *roster, const char *version, int code)
{
	if (code < 0) {
		envoi__roster_set_version(roster, NULL);
	} else if (version != NULL && roster->version != NULL) {
		envoi__roster_set_version(roster, version);
	}
}

static int apply_push(struct envoi_roster *roster, struct envoi_delivery *in,
	const struct envoi__roster_query *query)
{
	const struct envoi_roster_item *item = &query->items[0];
	int r = apply(roster, item);
	take_version(roster, query->ver, r);
	if (r == ENVOI_ERR_LIMIT) {
		const char *text = envoi__roster_limit_text(roster);
		r = envoi__roster_post_incomplete(roster, text);
		return r < 0 ? r : refuse(roster, in, ENVOI_RESOURCE_CONSTRAINT, text);
	}
	return r < 0 ? r
		     : envoi_session_post_event(roster->session,
			       &(struct envoi_event){
				       .type = ENVOI_EVENT_ROSTER_CHANGED, .jid = item->jid});
}

static int on_push(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct envoi_roster *roster = roster_from_handler(self);
	const struct envoi__roster_query *query = envoi_delivery_payload(
		in, &envoi__roster_query_type);
	if (!envoi_session_is_from_account(roster->session, envoi_delivery_stanza(in))) {
		return refuse(
			roster, in, ENVOI_SERVICE_UNAVAILABLE, "only the own account may send it");
	}
	if (query->item_count != 1 || envoi__roster_count_items(envoi_delivery_element(in)) != 1) {
		envoi__roster_set_version(roster, NULL);
		return refuse(roster, in, ENVOI_BAD_REQUEST,
			"it does not have exactly one well-formed item");
	}
	return apply_push(roster, in, query);
}

/* The next session has to fetch it again. */
static void on_ended(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	roster_from_handler(self)->is_complete = false;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_IQ_SET, .payload = &envoi__roster_query_type, .handle = on_push},
	ENVOI_ROWS_END,
};

/* Also where the application fetches no list: pushes are held all the same. */
static void on_started(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	struct envoi_roster *roster = roster_from_handler(self);
	if (roster->account == NULL) {
		envoi__contacts_finish(&roster->contacts);
	}
	envoi__roster_forget_other_account(roster);
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_STARTED, on_started},
	{ENVOI_EVENT_ENDED, on_ended},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl roster_impl = {
	.name = "roster",
	.stanzas = stanzas,
	.events = events,
};

/* --- making and freeing --- */

int envoi_roster_new(struct envoi_roster **ret_roster, struct envoi_session *session,
	const struct envoi_settings *settings)
{
	struct envoi_context *context = envoi_session_context(session);
	struct envoi_roster *roster = envoi_alloc_zeroed(context, sizeof(*roster));
	if (roster == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	roster->handler.impl = &roster_impl;
	roster->context = envoi_context_ref(context);
	roster->settings = settings;
	envoi__contacts_init(&roster->contacts, context);
	envoi__list_init(&roster->group_changes);
	int r = envoi_session_add(session, &roster->handler);
	if (r < 0) {
		envoi_roster_free(roster);
		return r;
	}
	roster->session = session;
	*ret_roster = roster;
	return ENVOI_OK;
}

static void leave(struct envoi_roster *roster)
{
	if (!envoi__guard_leave(&roster->guard)) {
		return;
	}
	envoi__contacts_finish(&roster->contacts);
	envoi_jid_unref(roster->account);
	struct envoi_context *context = roster->context;
	envoi_free(context, roster->version);
	envoi_free(context, roster);
	envoi_context_unref(context);
}

/* The functions that are called with ENVOI_ERR_CANCELED may free the roster. */
void envoi_roster_detach(struct envoi_roster *roster)
{
	if (roster->session == NULL) {
		return;
	}
	envoi__guard_enter(&roster->guard);
	envoi_session_remove(roster->session, &roster->handler);
	roster->session = NULL;
	envoi__roster_cancel_fetch(roster);
	envoi__roster_cancel_group_changes(roster);
	leave(roster);
}

void envoi_roster_free(struct envoi_roster *roster)
{
	if (roster != NULL && !envoi__guard_is_over(&roster->guard)) {
		envoi__guard_enter(&roster->guard);
		envoi_roster_detach(roster);
		envoi__guard_end(&roster->guard);
		leave(roster);
	}
}
