/*
 * envoi - presence subscriptions (RFC 6121, section 3)
 * SPDX-License-Identifier: MIT
 */
#include <envoi/delivery.h>
#include <envoi/roster.h>
#include <envoi/subscription.h>

#include <envoi/interfaces/session.h>

#include "base/guard.h"
#include "presence/open_requests.h"
#include "presence/presence_settings.h"
#include "roster/approval.h"
#include "session/session.h"

#define NS_PRE_APPROVAL "urn:xmpp:features:pre-approval"

struct envoi_subscriptions {
	struct envoi_handler handler;
	struct envoi__guard guard;
	struct envoi_context *context;
	struct envoi_session *session; /* NULL: detached */
	const struct envoi_roster *roster;
	const struct envoi_settings *settings;
	struct envoi__open_requests open;
	bool was_full; /* a request was not held: logged once a session */
};

static struct envoi_subscriptions *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct envoi_subscriptions, handler);
}

/* --- sending --- */

/* These are sent to bare addresses (section 3.1.2). A filter may free everything inside. */
static int send(struct envoi_subscriptions *subscriptions, enum envoi_stanza_type type,
	const struct envoi_jid *jid, const char *text)
{
	struct envoi_jid *bare;
	if (subscriptions->session == NULL) {
		return ENVOI_ERR_STATE;
	}
	int r = envoi_jid_bare(&bare, jid);
	if (r < 0) {
		return envoi__session_refuse(subscriptions->session, r,
			jid == NULL ? "subscriptions: no address" : NULL);
	}
	struct envoi_stanza *stanza = envoi_presence_new(
		subscriptions->context, type, envoi_jid_text(bare));
	envoi_presence_set_status(stanza, NULL, text);
	envoi_jid_unref(bare);
	return envoi_send(subscriptions->session, stanza, NULL);
}

/* --- requests of contacts --- */

static const struct envoi_roster_item *entry_of(
	const struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid)
{
	return envoi_roster_find(subscriptions->roster, jid);
}

static bool is_subscribed(const struct envoi_roster_item *entry)
{
	return entry != NULL &&
		(entry->is_approved || entry->subscription == ENVOI_SUBSCRIPTION_FROM ||
			entry->subscription == ENVOI_SUBSCRIPTION_BOTH);
}

static bool is_wanted(const struct envoi_roster_item *entry)
{
	return entry != NULL &&
		(entry->subscription == ENVOI_SUBSCRIPTION_TO ||
			entry->ask == ENVOI_ROSTER_ASK_SUBSCRIBE);
}

/* @return the answer; ENVOI_TYPE_ANY: the application has to give it */
static enum envoi_stanza_type answer_of(
	enum envoi__subscription_policy policy, const struct envoi_roster_item *entry)
{
	if (is_subscribed(entry) || policy == ENVOI__SUBSCRIPTION_ALL ||
		(policy == ENVOI__SUBSCRIPTION_KNOWN && is_wanted(entry))) {
		return ENVOI_TYPE_SUBSCRIBED;
	}
	return policy == ENVOI__SUBSCRIPTION_REFUSE ? ENVOI_TYPE_UNSUBSCRIBED : ENVOI_TYPE_ANY;
}

static int post(struct envoi_subscriptions *subscriptions, enum envoi_event_type type,
	const struct envoi_jid *jid, const struct envoi_stanza *stanza)
{
	return envoi_session_post_event(subscriptions->session,
		&(struct envoi_event){.type = type,
			.jid = jid,
			.text = envoi_presence_status(stanza, NULL),
			.stanza = stanza});
}

/* The server delivers what is not held again in the next session. */
static void log_full(struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid)
{
	if (!subscriptions->was_full) {
		subscriptions->was_full = true;
		envoi_log(subscriptions->context, ENVOI_LOG_WARNING, ENVOI_LOG_CLIENT,
			"limits.subscription-requests: requests are not held, the first one from %s",
			envoi_jid_text(jid));
	}
}

static int ask(
	struct envoi_subscriptions *subscriptions, const struct envoi_stanza *stanza, size_t most)
{
	const struct envoi_jid *jid = envoi_stanza_from(stanza);
	const struct envoi_subscription_request *request;
	if (envoi__open_requests_find(&subscriptions->open, jid) != NULL) {
		return ENVOI_OK;
	}
	if (envoi__open_requests_count(&subscriptions->open) >= most) {
		log_full(subscriptions, jid);
		return ENVOI_OK;
	}
	int r = envoi__open_requests_add(
		&request, &subscriptions->open, jid, envoi_presence_status(stanza, NULL));
	if (r < 0) {
		return r;
	}
	r = post(subscriptions, ENVOI_EVENT_SUBSCRIPTION_REQUEST, request->jid, stanza);
	if (r < 0) { /* it will be reported when it comes again */
		envoi__open_requests_remove(&subscriptions->open, jid);
	}
	return r;
}

/* @return NULL: the stanza is from no contact */
static const struct envoi_jid *contact_of(
	const struct envoi_subscriptions *subscriptions, struct envoi_delivery *in)
{
	const struct envoi_jid *jid = envoi_stanza_from(envoi_delivery_stanza(in));
	return envoi_jid_equal_bare(jid, envoi_session_jid(subscriptions->session)) ? NULL : jid;
}

static int on_subscribe(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct envoi_subscriptions *subscriptions = from_handler(self);
	const struct envoi_jid *jid = contact_of(subscriptions, in);
	struct envoi__presence_settings values;
	if (jid == NULL) {
		return ENVOI_DECLINED;
	}
	envoi__presence_settings_read(&values, subscriptions->settings);
	enum envoi_stanza_type answer = answer_of(values.policy, entry_of(subscriptions, jid));
	return answer == ENVOI_TYPE_ANY
		? ask(subscriptions, envoi_delivery_stanza(in), values.requests)
		: send(subscriptions, answer, jid, NULL);
}

/* --- answers of contacts: section 3.1.6 asks for no reaction --- */

static int report(struct envoi_handler *self, struct envoi_delivery *in, enum envoi_event_type type)
{
	struct envoi_subscriptions *subscriptions = from_handler(self);
	const struct envoi_jid *jid = contact_of(subscriptions, in);
	struct envoi_jid *bare;
	int r = jid == NULL ? ENVOI_DECLINED : envoi_jid_bare(&bare, jid);
	if (r != ENVOI_OK) {
		return r;
	}
	r = post(subscriptions, type, bare, envoi_delivery_stanza(in));
	envoi_jid_unref(bare);
	return r;
}

/* Section 3.1.6: servers deliver it where a request is pending, before or behind their push. */
static int on_subscribed(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct envoi_subscriptions *subscriptions = from_handler(self);
	const struct envoi_jid *jid = contact_of(subscriptions, in);
	if (jid == NULL || !envoi__roster_take_approval(subscriptions->roster, jid)) {
		return ENVOI_DECLINED;
	}
	return report(self, in, ENVOI_EVENT_SUBSCRIPTION_APPROVED);
}

static int on_unsubscribed(struct envoi_handler *self, struct envoi_delivery *in)
{
	return report(self, in, ENVOI_EVENT_SUBSCRIPTION_REFUSED);
}

static int on_unsubscribe(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct envoi_subscriptions *subscriptions = from_handler(self);
	const struct envoi_jid *jid = contact_of(subscriptions, in);
	if (jid != NULL) {
		envoi__open_requests_remove(&subscriptions->open, jid);
	}
	return report(self, in, ENVOI_EVENT_SUBSCRIPTION_ENDED);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_SUBSCRIBE, .handle = on_subscribe},
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_SUBSCRIBED, .handle = on_subscribed},
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_UNSUBSCRIBE, .handle = on_unsubscribe},
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_UNSUBSCRIBED, .handle = on_unsubscribed},
	ENVOI_ROWS_END,
};

/* --- what ends --- */

/* Another resource of the account has approved it. */
static void on_roster_changed(struct envoi_handler *self, const struct envoi_event *event)
{
	struct envoi_subscriptions *subscriptions = from_handler(self);
	if (is_subscribed(entry_of(subscriptions, event->jid))) {
		envoi__open_requests_remove(&subscriptions->open, event->jid);
	}
}

static void on_ended(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	struct envoi_subscriptions *subscriptions = from_handler(self);
	envoi__open_requests_finish(&subscriptions->open);
	subscriptions->was_full = false;
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_ROSTER_CHANGED, on_roster_changed},
	{ENVOI_EVENT_ENDED, on_ended},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl subscriptions_impl = {
	.name = "subscriptions",
	.stanzas = stanzas,
	.events = events,
};

/* --- making and freeing --- */

int envoi_subscriptions_new(struct envoi_subscriptions **ret_subscriptions,
	struct envoi_session *session, const struct envoi_roster *roster,
	const struct envoi_settings *settings)
{
	struct envoi_context *context = envoi_session_context(session);
	struct envoi_subscriptions *subscriptions = envoi_alloc_zeroed(
		context, sizeof(*subscriptions));
	if (subscriptions == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	subscriptions->handler.impl = &subscriptions_impl;
	subscriptions->context = envoi_context_ref(context);
	subscriptions->roster = roster;
	subscriptions->settings = settings;
	envoi__open_requests_init(&subscriptions->open, context);
	int r = envoi_session_add(session, &subscriptions->handler);
	if (r < 0) {
		envoi_subscriptions_free(subscriptions);
		return r;
	}
	subscriptions->session = session;
	*ret_subscriptions = subscriptions;
	return ENVOI_OK;
}

void envoi_subscriptions_detach(struct envoi_subscriptions *subscriptions)
{
	if (subscriptions->session != NULL) {
		envoi_session_remove(subscriptions->session, &subscriptions->handler);
		subscriptions->session = NULL;
	}
}

static void leave(struct envoi_subscriptions *subscriptions)
{
	if (envoi__guard_leave(&subscriptions->guard)) {
		struct envoi_context *context = subscriptions->context;
		envoi__open_requests_finish(&subscriptions->open);
		envoi_free(context, subscriptions);
		envoi_context_unref(context);
	}
}

void envoi_subscriptions_free(struct envoi_subscriptions *subscriptions)
{
	if (subscriptions != NULL && !envoi__guard_is_over(&subscriptions->guard)) {
		envoi_subscriptions_detach(subscriptions);
		envoi__guard_enter(&subscriptions->guard);
		envoi__guard_end(&subscriptions->guard);
		leave(subscriptions);
	}
}

/* --- reading --- */

size_t envoi_subscriptions_count(const struct envoi_subscriptions *subscriptions)
{
	return envoi__open_requests_count(&subscriptions->open);
}

const struct envoi_subscription_request *envoi_subscriptions_next(
	const struct envoi_subscriptions *subscriptions,
	const struct envoi_subscription_request *previous)
{
	return envoi__open_requests_next(&subscriptions->open, previous);
}

const struct envoi_subscription_request *envoi_subscriptions_find(
	const struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid)
{
	return envoi__open_requests_find(&subscriptions->open, jid);
}

/* --- what the application asks for --- */

/* @p jid may be the request's own: it is closed after its use. */
static int answer(struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid,
	enum envoi_stanza_type type)
{
	if (subscriptions->session == NULL) {
		return ENVOI_ERR_STATE;
	}
	if (envoi__open_requests_find(&subscriptions->open, jid) == NULL) {
		return envoi__session_refuse(subscriptions->session,
			jid == NULL ? ENVOI_ERR_INVALID : ENVOI_ERR_NOT_FOUND,
			"subscriptions: %.256s has no open request",
			jid == NULL ? "no address" : envoi_jid_text(jid));
	}
	struct envoi_jid *contact = envoi_jid_ref(jid);
	envoi__guard_enter(&subscriptions->guard);
	int r = send(subscriptions, type, contact, NULL);
	if (r == ENVOI_OK) {
		envoi__open_requests_remove(&subscriptions->open, contact);
	}
	leave(subscriptions);
	envoi_jid_unref(contact);
	return r;
}

int envoi_subscriptions_approve(
	struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid)
{
	return answer(subscriptions, jid, ENVOI_TYPE_SUBSCRIBED);
}

int envoi_subscriptions_refuse(
	struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid)
{
	return answer(subscriptions, jid, ENVOI_TYPE_UNSUBSCRIBED);
}

int envoi_subscriptions_cancel(
	struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid)
{
	return envoi__open_requests_find(&subscriptions->open, jid) != NULL
		? envoi_subscriptions_refuse(subscriptions, jid)
		: send(subscriptions, ENVOI_TYPE_UNSUBSCRIBED, jid, NULL);
}

bool envoi_subscriptions_can_preapprove(const struct envoi_subscriptions *subscriptions)
{
	const struct envoi_session *session = subscriptions->session;
	return session != NULL && envoi_session_is_online(session) &&
		envoi_element_child(envoi_stream_features(envoi_session_stream(session)),
			NS_PRE_APPROVAL, "sub") != NULL;
}

int envoi_subscriptions_preapprove(
	struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid)
{
	if (subscriptions->session == NULL) {
		return ENVOI_ERR_STATE;
	}
	return envoi_subscriptions_can_preapprove(subscriptions)
		? send(subscriptions, ENVOI_TYPE_SUBSCRIBED, jid, NULL)
		: envoi__session_refuse(subscriptions->session, ENVOI_ERR_UNSUPPORTED,
			  "subscriptions: offline, or the server takes no approvals in advance");
}

int envoi_subscriptions_request(
	struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid, const char *text)
{
	return send(subscriptions, ENVOI_TYPE_SUBSCRIBE, jid, text);
}

int envoi_subscriptions_unsubscribe(
	struct envoi_subscriptions *subscriptions, const struct envoi_jid *jid)
{
	return send(subscriptions, ENVOI_TYPE_UNSUBSCRIBE, jid, NULL);
}
