/*
 * envoi - the roster
 * SPDX-License-Identifier: MIT
 */
#include <envoi/delivery.h>
#include <envoi/roster.h>

#include <string.h>

#include <envoi/interfaces/session.h>

#include "roster/contacts.h"
#include "roster/roster_payload.h"
#include "roster/roster_settings.h"

/* One pending fetch. */
struct fetching {
	struct envoi_context *context; /* a reference */
	struct envoi_roster *roster; /* NULL: detached or freed; done() was called */
	struct envoi_request *request;
	void (*done)(void *user, int code);
	void *user;
};

struct envoi_roster {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_session *session;
	const struct envoi_settings *settings;
	struct envoi__contacts contacts;
	bool is_complete;
	uint64_t refused_pushes;
	struct fetching *fetching; /* or NULL */
};

static struct envoi_roster *roster_from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct envoi_roster, handler);
}

static const char TOO_MANY[] = "there are more contacts than limits.roster-items";

static size_t max_items(const struct envoi_roster *roster)
{
	struct envoi__roster_settings values;
	envoi__roster_settings_read(&values, roster->settings);
	return values.items;
}

static int post_incomplete(struct envoi_roster *roster, const char *text)
{
	roster->is_complete = false;
	return envoi_session_post_event(roster->session,
		&(struct envoi_event){.type = ENVOI_EVENT_ROSTER_INCOMPLETE, .text = text});
}

/* Malformed ones too, which the decoded list leaves out. */
static size_t count_items(const struct envoi_element *query)
{
	size_t count = 0;
	for (const struct envoi_element *child = envoi_element_first(query); child != NULL;
		child = envoi_element_next(child)) {
		count += envoi_element_is(child, ENVOI__NS_ROSTER, "item") ? 1 : 0;
	}
	return count;
}

/* --- pushes: RFC 6121, section 2.1.6 --- */

/* A push counts only without `from` or from the account's bare address. */
static bool is_from_own_account(struct envoi_delivery *in)
{
	const struct envoi_stanza *push = envoi_delivery_stanza(in);
	if (envoi_stanza_from_text(push) == NULL) {
		return true;
	}
	const struct envoi_jid *from = envoi_stanza_from(push);
	const struct envoi_jid *own = envoi_session_jid(envoi_delivery_session(in));
	return from != NULL && own != NULL && envoi_jid_is_bare(from) &&
		envoi_jid_equal_bare(from, own);
}

static int refuse(struct envoi_roster *roster, struct envoi_delivery *in,
	enum envoi_stanza_condition condition, const char *text)
{
	const struct envoi_jid *from = envoi_stanza_from(envoi_delivery_stanza(in));
	roster->refused_pushes++;
	envoi_log(roster->context, ENVOI_LOG_WARNING, ENVOI_LOG_CLIENT,
		"roster push from %s refused: %s",
		from == NULL ? "the own account" : envoi_jid_text(from), text);
	return envoi_reply_error(in, condition, NULL);
}

static int apply(struct envoi_roster *roster, const struct envoi_roster_item *item)
{
	if (item->subscription != ENVOI_SUBSCRIPTION_REMOVE) {
		return envoi__contacts_keep(&roster->contacts, item, max_items(roster));
	}
	envoi__contacts_remove(&roster->contacts, item->jid);
	return ENVOI_OK;
}

static int apply_push(struct envoi_roster *roster, struct envoi_delivery *in,
	const struct envoi_roster_item *item)
{
	int r = apply(roster, item);
	if (r == ENVOI_ERR_LIMIT) {
		r = post_incomplete(roster, TOO_MANY);
		return r < 0 ? r : refuse(roster, in, ENVOI_RESOURCE_CONSTRAINT, TOO_MANY);
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
	if (!is_from_own_account(in)) {
		return refuse(
			roster, in, ENVOI_SERVICE_UNAVAILABLE, "only the own account may send it");
	}
	if (query->item_count != 1 || count_items(envoi_delivery_element(in)) != 1) {
		return refuse(roster, in, ENVOI_BAD_REQUEST,
			"it does not have exactly one well-formed item");
	}
	return apply_push(roster, in, &query->items[0]);
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

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_ENDED, on_ended},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl roster_impl = {
	.name = "roster",
	.stanzas = stanzas,
	.events = events,
};

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
	int r = envoi_session_add(session, &roster->handler);
	if (r < 0) {
		envoi_roster_free(roster);
		return r;
	}
	roster->session = session;
	*ret_roster = roster;
	return ENVOI_OK;
}

void envoi_roster_detach(struct envoi_roster *roster)
{
	struct fetching *fetching = roster->fetching;
	if (roster->session == NULL) {
		return;
	}
	envoi_session_remove(roster->session, &roster->handler);
	roster->session = NULL;
	if (fetching != NULL) {
		/* done() is called now; the request itself ends from the loop, unseen. */
		roster->fetching = NULL;
		fetching->roster = NULL;
		if (fetching->request !=
			NULL) { /* else envoi_roster_fetch() is on the stack and fails */
			envoi_request_cancel(fetching->request);
			fetching->done(fetching->user, ENVOI_ERR_CANCELED);
		}
	}
}

void envoi_roster_free(struct envoi_roster *roster)
{
	if (roster == NULL) {
		return;
	}
	envoi_roster_detach(roster);
	envoi__contacts_finish(&roster->contacts);
	struct envoi_context *context = roster->context;
	envoi_free(context, roster);
	envoi_context_unref(context);
}

/* --- fetching: RFC 6121, section 2.2 --- */

static int post_failed(struct envoi_roster *roster, int code, const char *text)
{
	bool is_session_over = code == ENVOI_ERR_DISCONNECTED || code == ENVOI_ERR_CANCELED;
	int r = is_session_over ? ENVOI_OK : post_incomplete(roster, text);
	if (r < 0) {
		envoi_log(roster->context, ENVOI_LOG_ERROR, ENVOI_LOG_CLIENT,
			"event roster-incomplete is lost: %s", envoi_error_text(r));
	}
	return code;
}

/* @return ENVOI_ERR_LIMIT: only the first ones were kept */
static int keep_all(struct envoi__contacts *contacts, const struct envoi_roster *roster,
	const struct envoi__roster_query *query)
{
	size_t most = max_items(roster);
	int r = ENVOI_OK;
	for (size_t i = 0; r == ENVOI_OK && i < query->item_count; i++) {
		if (query->items[i].subscription != ENVOI_SUBSCRIPTION_REMOVE) {
			r = envoi__contacts_keep(contacts, &query->items[i], most);
		}
	}
	return r;
}

static int replace(struct envoi_roster *roster, const struct envoi__roster_query *query)
{
	struct envoi__contacts contacts;
	envoi__contacts_init(&contacts, roster->context);
	int r = query == NULL ? ENVOI_OK : keep_all(&contacts, roster, query);
	if (r < 0 && r != ENVOI_ERR_LIMIT) {
		envoi__contacts_finish(&contacts);
		return r;
	}
	envoi__contacts_finish(&roster->contacts);
	roster->contacts = contacts;
	return r;
}

static int post_fetched(struct envoi_roster *roster, const struct envoi_answer *answer, int result)
{
	const struct envoi__roster_query *query = envoi_answer_payload(answer);
	const struct envoi_element *element = envoi_stanza_payload(envoi_answer_stanza(answer));
	size_t readable = query == NULL ? 0 : query->item_count;
	size_t items = element == NULL ? 0 : count_items(element);
	roster->is_complete = result == ENVOI_OK && items == readable;
	int r = envoi_session_post_event(
		roster->session, &(struct envoi_event){.type = ENVOI_EVENT_ROSTER});
	if (r == ENVOI_OK && !roster->is_complete) {
		r = post_incomplete(roster,
			result == ENVOI_OK ? "some contacts are malformed and were left out"
					   : TOO_MANY);
	}
	return r < 0 ? r : result;
}

/* A list that does not come leaves what was there. */
static int take_list(struct envoi_roster *roster, const struct envoi_answer *answer)
{
	int r = envoi_answer_code(answer);
	if (r < 0) {
		return post_failed(roster, r, envoi_answer_text(answer));
	}
	r = replace(roster, envoi_answer_payload(answer));
	return r == ENVOI_OK || r == ENVOI_ERR_LIMIT ? post_fetched(roster, answer, r)
						     : post_failed(roster, r, envoi_error_text(r));
}

static void fetching_free(struct fetching *fetching)
{
	struct envoi_context *context = fetching->context;
	envoi_free(context, fetching);
	envoi_context_unref(context);
}

static void on_list(void *user, const struct envoi_answer *answer)
{
	struct fetching *fetching = user;
	struct envoi_roster *roster = fetching->roster;
	if (roster == NULL) {
		fetching_free(fetching);
		return;
	}
	int r = take_list(roster, answer);
	roster->fetching = NULL;
	void (*done)(void *, int) = fetching->done;
	void *done_user = fetching->user;
	fetching_free(fetching);
	done(done_user, r);
}

static int request_list(struct envoi_roster *roster, struct fetching *fetching)
{
	struct envoi_stanza *iq = envoi_iq_new(roster->context, ENVOI_IQ_GET, NULL);
	envoi_stanza_encode(iq, &envoi__roster_query_type, &(struct envoi__roster_query){0});
	return envoi_request(roster->session, iq, &envoi__roster_query_type, 0, on_list, fetching,
		&fetching->request);
}

/* A filter sees the request before it is sent, and may free the roster. */
static int begin_fetching(struct envoi_roster *roster, struct fetching *fetching)
{
	int r = request_list(roster, fetching);
	if (r == ENVOI_OK && fetching->roster == NULL) {
		envoi_request_cancel(fetching->request);
		return ENVOI_ERR_CANCELED;
	}
	if (r < 0) {
		if (fetching->roster != NULL) {
			roster->fetching = NULL;
		}
		fetching_free(fetching);
	}
	return r;
}

int envoi_roster_fetch(struct envoi_roster *roster, void (*done)(void *user, int code), void *user)
{
	if (roster->session == NULL || roster->fetching != NULL) {
		return ENVOI_ERR_STATE;
	}
	struct fetching *fetching = envoi_alloc(roster->context, sizeof(*fetching));
	if (fetching == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*fetching = (struct fetching){
		.context = envoi_context_ref(roster->context),
		.roster = roster,
		.done = done,
		.user = user,
	};
	roster->fetching = fetching;
	roster->is_complete = false;
	return begin_fetching(roster, fetching);
}

/* --- reading --- */

size_t envoi_roster_count(const struct envoi_roster *roster)
{
	return roster->contacts.by_address.count;
}

bool envoi_roster_is_complete(const struct envoi_roster *roster)
{
	return roster->is_complete;
}

uint64_t envoi_roster_refused_pushes(const struct envoi_roster *roster)
{
	return roster->refused_pushes;
}

const struct envoi_roster_item *envoi_roster_find(
	const struct envoi_roster *roster, const struct envoi_jid *jid)
{
	return envoi__contacts_find(&roster->contacts, jid);
}

const struct envoi_roster_item *envoi_roster_next(
	const struct envoi_roster *roster, size_t *position)
{
	return envoi__contacts_next(&roster->contacts, position);
}

/* --- changing: RFC 6121, sections 2.3 to 2.5 --- */

static void ignore_answer(void *user, const struct envoi_answer *answer)
{
	(void)user;
	(void)answer;
}

/* A known contact has the address that the server gave it, some with a resource; a new one has a
 * bare address (section 2.1.2.3). */
static int address_for_server(
	struct envoi_jid **ret_jid, const struct envoi_roster *roster, const struct envoi_jid *jid)
{
	const struct envoi_roster_item *known = envoi_roster_find(roster, jid);
	if (known == NULL) {
		return envoi_jid_bare(ret_jid, jid);
	}
	*ret_jid = envoi_jid_ref(known->jid);
	return ENVOI_OK;
}

/* @param item  without address */
static int send_item(struct envoi_roster *roster, struct envoi_roster_item *item,
	const struct envoi_jid *jid, envoi_answer_fn *done, void *user)
{
	if (roster->session == NULL) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_jid *address;
	int r = address_for_server(&address, roster, jid);
	if (r < 0) {
		return r;
	}
	item->jid = address;
	struct envoi_stanza *iq = envoi_iq_new(roster->context, ENVOI_IQ_SET, NULL);
	envoi_stanza_encode(iq, &envoi__roster_query_type,
		&(struct envoi__roster_query){.items = item, .item_count = 1});
	r = envoi_request(
		roster->session, iq, NULL, 0, done != NULL ? done : ignore_answer, user, NULL);
	envoi_jid_unref(address);
	return r;
}

int envoi_roster_set(struct envoi_roster *roster, const struct envoi_roster_item *item,
	envoi_answer_fn *done, void *user)
{
	struct envoi_roster_item wanted = {
		.name = item->name,
		.groups = item->groups,
		.group_count = item->group_count,
	};
	return send_item(roster, &wanted, item->jid, done, user);
}

int envoi_roster_remove(
	struct envoi_roster *roster, const struct envoi_jid *jid, envoi_answer_fn *done, void *user)
{
	struct envoi_roster_item wanted = {.subscription = ENVOI_SUBSCRIPTION_REMOVE};
	return send_item(roster, &wanted, jid, done, user);
}
