/*
 * envoi-server - subscriptions (RFC 6121, section 3)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "inside.h"
#include "subscription_table.h"

/* --- stanzas --- */

static enum envoi__subscription_event event_of(enum envoi_stanza_type type, bool is_out)
{
	switch (type) {
	case ENVOI_TYPE_SUBSCRIBE:
		return is_out ? ENVOI__OUT_SUBSCRIBE : ENVOI__IN_SUBSCRIBE;
	case ENVOI_TYPE_SUBSCRIBED:
		return is_out ? ENVOI__OUT_SUBSCRIBED : ENVOI__IN_SUBSCRIBED;
	case ENVOI_TYPE_UNSUBSCRIBE:
		return is_out ? ENVOI__OUT_UNSUBSCRIBE : ENVOI__IN_UNSUBSCRIBE;
	default:
		return is_out ? ENVOI__OUT_UNSUBSCRIBED : ENVOI__IN_UNSUBSCRIBED;
	}
}

bool envoi__subscription_is(const struct envoi_stanza *presence)
{
	enum envoi_stanza_type type = envoi_stanza_type(presence);
	return type == ENVOI_TYPE_SUBSCRIBE || type == ENVOI_TYPE_SUBSCRIBED ||
		type == ENVOI_TYPE_UNSUBSCRIBE || type == ENVOI_TYPE_UNSUBSCRIBED;
}

/* @return a copy between the bare addresses (sections 3.1.1 to 3.3.1); NULL: out of memory */
static struct envoi_stanza *bare_copy(const struct envoi_stanza *presence,
	const struct envoi_jid *from, const struct envoi_jid *to)
{
	struct envoi_element *element = envoi_element_dup(envoi_stanza_element(presence));
	struct envoi_stanza *copy = NULL;
	envoi_element_set(element, "from", envoi_jid_text(from));
	envoi_element_set(element, "to", envoi_jid_text(to));
	int r = element == NULL ? ENVOI_ERR_NOMEM : envoi_stanza_from_element(&copy, element);
	envoi_element_unref(element);
	return r < 0 ? NULL : copy;
}

/* A presence of the account that none of its clients has sent. */
static void send_made(
	struct envoi__account *account, const struct envoi_jid *to, enum envoi_stanza_type type)
{
	struct envoi_stanza *presence = envoi_presence_new(
		account->server->context, type, envoi_jid_text(to));
	envoi_stanza_set_from(presence, envoi_jid_text(account->jid));
	envoi__route_made(account->server, presence);
}

/* --- states --- */

static unsigned int state_of(const struct envoi__server_contact *contact)
{
	return contact == NULL ? 0 : contact->value.subscription;
}

/* @param request  the XML of what is pending from now on; NULL: what was pending stays, if the new
 * state has it */
static int set_state(struct envoi__account *account, const struct envoi_jid *jid,
	unsigned int state, const char *request, const struct envoi__routed *cause)
{
	struct envoi__server_contact *before = envoi__roster_find(account, jid);
	struct envoi_store_contact contact = {.jid = envoi_jid_text(jid)};
	if (before != NULL) {
		contact = before->value;
	}
	if (state == state_of(before)) {
		return ENVOI_OK;
	}
	contact.subscription = state;
	contact.is_listed |= (state & ~(unsigned int)ENVOI_STORE_PENDING_IN) != 0;
	contact.request = request != NULL ? request : contact.request;
	if ((state & ENVOI_STORE_PENDING_IN) == 0) {
		contact.request = NULL;
	}
	return state == 0 && !contact.is_listed ? envoi__roster_remove(account, before, cause)
						: envoi__roster_set(account, &contact, cause);
}

/* --- from the account --- */

static void send_out(const struct envoi__routed *routed, struct envoi__account *account,
	const struct envoi_jid *contact, struct envoi__transition transition, unsigned int before)
{
	bool is_lost = (before & ~transition.next & ENVOI_STORE_FROM) != 0;
	bool is_granted = (transition.next & ~before & ENVOI_STORE_FROM) != 0;
	if (is_lost) {
		envoi__presence_tell(account, contact, false); /* section 3.2.1 */
	}
	if (transition.passes) {
		envoi__route_made(routed->server, bare_copy(routed->stanza, account->jid, contact));
	}
	if (is_granted) {
		envoi__presence_tell(account, contact, true); /* section 3.1.5 */
	}
}

static void send_to(const struct envoi__routed *routed, struct envoi__account *account,
	const struct envoi_jid *contact)
{
	enum envoi__subscription_event event = event_of(envoi_stanza_type(routed->stanza), true);
	struct envoi__server_contact *known = envoi__roster_find(account, contact);
	unsigned int before = state_of(known);
	struct envoi__transition transition = envoi__subscription_transition(event, before);
	bool is_full = known == NULL && transition.next != 0 && envoi__roster_is_full(account);
	if (is_full || envoi__store_is_busy(routed->server, account)) {
		envoi__route_refuse(routed, ENVOI_RESOURCE_CONSTRAINT);
		return;
	}
	if (set_state(account, contact, transition.next, NULL, routed) < 0) {
		envoi__route_refuse(routed, ENVOI_RESOURCE_CONSTRAINT);
		return;
	}
	send_out(routed, account, contact, transition, before);
}

void envoi__subscription_send(const struct envoi__routed *routed)
{
	struct envoi__account *account = routed->sender->account;
	struct envoi_jid *contact;
	if (!envoi__route_is_known(routed->server, envoi_stanza_to(routed->stanza))) {
		envoi__route_refuse(routed, ENVOI_REMOTE_SERVER_NOT_FOUND);
		return;
	}
	if (envoi_jid_bare(&contact, envoi_stanza_to(routed->stanza)) < 0) {
		envoi__route_refuse(routed, ENVOI_RESOURCE_CONSTRAINT);
		return;
	}
	if (!envoi_jid_equal(contact, account->jid)) {
		send_to(routed, account, contact);
	}
	envoi_jid_unref(contact);
}

/* Section 2.5.2: what a removed contact had ends. */
void envoi__subscription_cancel(
	struct envoi__account *account, const struct envoi_jid *contact, unsigned int state)
{
	if ((state & ENVOI_STORE_FROM) != 0) {
		envoi__presence_tell(account, contact, false);
	}
	if ((state & (ENVOI_STORE_TO | ENVOI_STORE_PENDING_OUT)) != 0) {
		send_made(account, contact, ENVOI_TYPE_UNSUBSCRIBE);
	}
	if ((state & (ENVOI_STORE_FROM | ENVOI_STORE_PENDING_IN)) != 0) {
		send_made(account, contact, ENVOI_TYPE_UNSUBSCRIBED);
	}
}

/* --- to the account --- */

static void deliver(struct envoi__account *account, const struct envoi_stanza *presence)
{
	bool is_request = envoi_stanza_type(presence) == ENVOI_TYPE_SUBSCRIBE;
	struct envoi__resource *at = NULL;
	while ((at = envoi__resource_next(account, at)) != NULL) {
		if (is_request ? at->presence != NULL : at->is_interested) {
			(void)envoi__resource_send(at, presence, NULL, NULL, NULL);
		}
	}
}

static void take(const struct envoi__routed *routed, struct envoi__account *account,
	const struct envoi_jid *contact, const struct envoi_stanza *presence, const char *xml)
{
	enum envoi__subscription_event event = event_of(envoi_stanza_type(presence), false);
	struct envoi__server_contact *known = envoi__roster_find(account, contact);
	unsigned int before = state_of(known);
	struct envoi__transition transition = envoi__subscription_transition(event, before);
	if (known == NULL && transition.next != 0 && envoi__roster_is_full(account)) {
		routed->server->stats.refused++;
		return;
	}
	if (set_state(account, contact, transition.next, event == ENVOI__IN_SUBSCRIBE ? xml : NULL,
		    routed) < 0) {
		return;
	}
	if (transition.passes) {
		deliver(account, presence);
	}
	if (transition.is_answered) {
		send_made(account, contact, ENVOI_TYPE_SUBSCRIBED);
	}
	if (event == ENVOI__IN_UNSUBSCRIBE && (before & ENVOI_STORE_FROM) != 0) {
		envoi__presence_tell(account, contact, false); /* section 3.3.3 */
	}
}

void envoi__subscription_take(const struct envoi__routed *routed, struct envoi__account *account)
{
	struct envoi_context *context = routed->server->context;
	struct envoi_jid *contact = NULL;
	struct envoi_stanza *presence = NULL;
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, context, 0);
	int r = envoi_jid_bare(&contact, envoi_stanza_from(routed->stanza));
	if (r == ENVOI_OK) {
		presence = bare_copy(routed->stanza, contact, account->jid);
		r = presence == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
	}
	if (r == ENVOI_OK) {
		r = envoi_xml_write(&xml, envoi_stanza_element(presence), ENVOI_NS_CLIENT);
	}
	if (r == ENVOI_OK) {
		r = envoi_buffer_append(&xml, "", 1);
	}
	if (r == ENVOI_OK && !envoi_jid_equal(contact, account->jid)) {
		take(routed, account, contact, presence, envoi_buffer_data(&xml));
	}
	envoi_buffer_finish(&xml);
	envoi_stanza_unref(presence);
	envoi_jid_unref(contact);
}

/* --- requests that are pending (section 3.1.3) --- */

static void give_request(struct envoi__resource *resource, const char *xml, size_t len)
{
	struct envoi_element *element = NULL;
	struct envoi_stanza *request = NULL;
	int r = envoi_xml_parse(&element, resource->server->context, xml, len, ENVOI_NS_CLIENT);
	if (r == ENVOI_OK) {
		r = envoi_stanza_from_element(&request, element);
	}
	if (r == ENVOI_OK && !envoi__blocking_stops(resource->account, request)) {
		(void)envoi__resource_send(resource, request, NULL, NULL, NULL);
	}
	envoi_stanza_unref(request);
	envoi_element_unref(element);
}

void envoi__subscription_remind(struct envoi__resource *resource)
{
	const struct envoi__table_link *link = NULL;
	while ((link = envoi__table_next(&resource->account->contacts, link)) != NULL) {
		const struct envoi_store_contact *contact =
			&ENVOI_CONTAINER_OF_CONST(link, struct envoi__server_contact, link)->value;
		if (contact->request != NULL) {
			give_request(resource, contact->request, strlen(contact->request));
		}
	}
}
