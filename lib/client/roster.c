/*
 * envoi - the roster
 * SPDX-License-Identifier: MIT
 */
#include <envoi/roster.h>

#include <string.h>

#include <envoi/interfaces/session.h>

#include "base/map.h"
#include "client/client_settings.h"
#include "stanza/payloads.h"

/* --- what is kept --- */

struct contact {
	struct envoi_roster_item item; /* points into wire */
	struct envoi__roster_item *wire; /* an envoi_payload_dup() */
	struct envoi_jid *bare;
};

/* One fetch under way. */
struct fetching {
	struct envoi_context *context; /* a reference */
	struct envoi_roster *roster; /* NULL: it has gone, and who waited was told */
	struct envoi_request *request;
	void (*done)(void *user, int code);
	void *user;
};

struct envoi_roster {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_session *session;
	const struct envoi_settings *settings;
	struct envoi__map contacts; /* by bare address */
	struct fetching *fetching; /* or NULL */
};

static struct envoi_roster *roster_from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct envoi_roster, handler);
}

static void contact_free(struct envoi_context *context, struct contact *contact)
{
	if (contact != NULL) {
		envoi_payload_free(&envoi__roster_item_type, contact->wire);
		envoi_jid_unref(contact->bare);
		envoi_free(context, contact);
	}
}

static void contacts_finish(struct envoi__map *contacts)
{
	size_t position = 0;
	struct contact *contact;
	while ((contact = envoi__map_next(contacts, &position)) != NULL) {
		contact_free(contacts->context, contact);
	}
	envoi__map_finish(contacts);
}

static enum envoi_subscription subscription_of(enum envoi__subscription wire)
{
	static const enum envoi_subscription meanings[] = {
		[ENVOI__SUBSCRIPTION_NONE] = ENVOI_SUBSCRIPTION_NONE,
		[ENVOI__SUBSCRIPTION_TO] = ENVOI_SUBSCRIPTION_TO,
		[ENVOI__SUBSCRIPTION_FROM] = ENVOI_SUBSCRIPTION_FROM,
		[ENVOI__SUBSCRIPTION_BOTH] = ENVOI_SUBSCRIPTION_BOTH,
		[ENVOI__SUBSCRIPTION_REMOVE] = ENVOI_SUBSCRIPTION_REMOVE,
	};
	return meanings[wire];
}

static int contact_new(struct contact **ret_contact, struct envoi_context *context,
	const struct envoi__roster_item *wire)
{
	struct contact *contact = envoi_alloc_zeroed(context, sizeof(*contact));
	if (contact == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	contact->wire = envoi_payload_dup(context, &envoi__roster_item_type, wire);
	int r = contact->wire == NULL ? ENVOI_ERR_NOMEM : envoi_jid_bare(&contact->bare, wire->jid);
	if (r < 0) {
		contact_free(context, contact);
		return r;
	}
	contact->item = (struct envoi_roster_item){
		.jid = contact->bare,
		.name = contact->wire->name,
		.subscription = subscription_of(contact->wire->subscription),
		.is_asked = contact->wire->ask == ENVOI__ASK_SUBSCRIBE,
		.is_approved = contact->wire->is_approved,
		.groups = contact->wire->groups,
		.group_count = contact->wire->group_count,
	};
	*ret_contact = contact;
	return ENVOI_OK;
}

static void forget(struct envoi__map *contacts, const struct envoi_jid *jid)
{
	contact_free(contacts->context,
		envoi__map_remove(contacts, envoi_jid_text(jid), envoi_jid_bare_len(jid)));
}

/* In place, so that a failure to allocate leaves the old one; the key is the old one's address. */
static void update(struct contact *old, struct contact *contact)
{
	struct contact gone = *old;
	old->wire = contact->wire;
	old->item = contact->item;
	old->item.jid = old->bare;
	contact->wire = gone.wire;
}

static int keep(
	struct envoi__map *contacts, const struct envoi__roster_item *wire, size_t max_items)
{
	struct contact *contact;
	int r = contact_new(&contact, contacts->context, wire);
	if (r < 0) {
		return r;
	}
	const char *key = envoi_jid_text(contact->bare);
	struct contact *old = envoi__map_get(contacts, key, strlen(key));
	if (old != NULL) {
		update(old, contact);
		contact_free(contacts->context, contact);
		return ENVOI_OK;
	}
	r = contacts->count < max_items ? envoi__map_add(contacts, key, strlen(key), contact)
					: ENVOI_ERR_LIMIT;
	if (r < 0) {
		contact_free(contacts->context, contact);
	}
	return r;
}

static size_t max_items(const struct envoi_roster *roster)
{
	struct envoi__client_settings values;
	envoi__client_settings_read(&values, roster->settings);
	return values.roster_items;
}

/* --- pushes: RFC 6121, section 2.1.6 --- */

/* From no address or from the own account, by its bare address; nobody else may change it. */
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

/* Those that are malformed too, which a list leaves out. */
static size_t count_items(const struct envoi_element *query)
{
	size_t count = 0;
	for (const struct envoi_element *child = envoi_element_first(query); child != NULL;
		child = envoi_element_next(child)) {
		count += envoi_element_is(child, ENVOI__NS_ROSTER, "item") ? 1 : 0;
	}
	return count;
}

static int apply(struct envoi_roster *roster, const struct envoi__roster_item *wire)
{
	if (wire->subscription != ENVOI__SUBSCRIPTION_REMOVE) {
		return keep(&roster->contacts, wire, max_items(roster));
	}
	forget(&roster->contacts, wire->jid);
	return ENVOI_OK;
}

static int on_push(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct envoi_roster *roster = roster_from_handler(self);
	const struct envoi__roster_query *query = envoi_delivery_payload(
		in, &envoi__roster_query_type);
	if (!is_from_own_account(in)) {
		return envoi_reply_error(in, ENVOI_SERVICE_UNAVAILABLE, NULL);
	}
	if (query->item_count != 1 || count_items(envoi_delivery_element(in)) != 1) {
		return envoi_reply_error(in, ENVOI_BAD_REQUEST, "a push has exactly one item");
	}
	int r = apply(roster, &query->items[0]);
	if (r < 0) {
		return r == ENVOI_ERR_LIMIT ? envoi_reply_error(in, ENVOI_RESOURCE_CONSTRAINT, NULL)
					    : r;
	}
	return envoi_session_post_event(envoi_delivery_session(in),
		&(struct envoi_event){
			.type = ENVOI_EVENT_ROSTER_CHANGED, .jid = query->items[0].jid});
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_IQ_SET, .payload = &envoi__roster_query_type, .handle = on_push},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl roster_impl = {
	.name = "roster",
	.stanzas = stanzas,
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
	envoi__map_init(&roster->contacts, context);
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
		/* Whoever waits is told now; the request itself ends from the loop, for nobody. */
		roster->fetching = NULL;
		fetching->roster = NULL;
		if (fetching->request != NULL) { /* else that call is on the stack, and says so */
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
	contacts_finish(&roster->contacts);
	struct envoi_context *context = roster->context;
	envoi_free(context, roster);
	envoi_context_unref(context);
}

/* --- fetching: RFC 6121, section 2.2 --- */

static int replace(struct envoi_roster *roster, const struct envoi__roster_query *query)
{
	struct envoi__map contacts;
	envoi__map_init(&contacts, roster->context);
	size_t most = max_items(roster);
	int r = ENVOI_OK;
	for (size_t i = 0; r == ENVOI_OK && query != NULL && i < query->item_count; i++) {
		if (query->items[i].subscription != ENVOI__SUBSCRIPTION_REMOVE) {
			r = keep(&contacts, &query->items[i], most);
		}
	}
	if (r < 0) {
		contacts_finish(&contacts);
		return r;
	}
	contacts_finish(&roster->contacts);
	roster->contacts = contacts;
	return envoi_session_post_event(
		roster->session, &(struct envoi_event){.type = ENVOI_EVENT_ROSTER});
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
	int r = envoi_answer_code(answer);
	if (r == ENVOI_OK) {
		r = replace(roster, envoi_answer_payload(answer));
	}
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
	return begin_fetching(roster, fetching);
}

/* --- reading --- */

size_t envoi_roster_count(const struct envoi_roster *roster)
{
	return roster->contacts.count;
}

const struct envoi_roster_item *envoi_roster_find(
	const struct envoi_roster *roster, const struct envoi_jid *jid)
{
	const struct contact *contact = envoi__map_get(
		&roster->contacts, envoi_jid_text(jid), envoi_jid_bare_len(jid));
	return contact == NULL ? NULL : &contact->item;
}

const struct envoi_roster_item *envoi_roster_next(
	const struct envoi_roster *roster, size_t *position)
{
	const struct contact *contact = envoi__map_next(&roster->contacts, position);
	return contact == NULL ? NULL : &contact->item;
}

/* --- changing: RFC 6121, sections 2.3 to 2.5 --- */

static void ignore_answer(void *user, const struct envoi_answer *answer)
{
	(void)user;
	(void)answer;
}

/* By the bare address (section 2.1.2.3), whatever the caller has. @param item without address */
static int send_item(struct envoi_roster *roster, struct envoi__roster_item *item,
	const struct envoi_jid *jid, envoi_answer_fn *done, void *user)
{
	if (roster->session == NULL) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_jid *bare;
	int r = envoi_jid_bare(&bare, jid);
	if (r < 0) {
		return r;
	}
	item->jid = bare;
	struct envoi_stanza *iq = envoi_iq_new(roster->context, ENVOI_IQ_SET, NULL);
	envoi_stanza_encode(iq, &envoi__roster_query_type,
		&(struct envoi__roster_query){.items = item, .item_count = 1});
	r = envoi_request(
		roster->session, iq, NULL, 0, done != NULL ? done : ignore_answer, user, NULL);
	envoi_jid_unref(bare);
	return r;
}

int envoi_roster_set(struct envoi_roster *roster, const struct envoi_roster_item *item,
	envoi_answer_fn *done, void *user)
{
	struct envoi__roster_item wire = {
		.name = item->name,
		.groups = item->groups,
		.group_count = item->group_count,
	};
	return send_item(roster, &wire, item->jid, done, user);
}

int envoi_roster_remove(
	struct envoi_roster *roster, const struct envoi_jid *jid, envoi_answer_fn *done, void *user)
{
	struct envoi__roster_item wire = {.subscription = ENVOI__SUBSCRIPTION_REMOVE};
	return send_item(roster, &wire, jid, done, user);
}
