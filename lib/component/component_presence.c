/*
 * envoi - a component: presence and subscriptions of its addresses (RFC 6121, sections 3 and 4)
 * SPDX-License-Identifier: MIT
 */
#include <envoi/delivery.h>

#include "component/component.h"

enum {
	FROM = ENVOI_COMPONENT_FROM,
	TO = ENVOI_COMPONENT_TO,
	PENDING_OUT = ENVOI_COMPONENT_PENDING_OUT,
	PENDING_IN = ENVOI_COMPONENT_PENDING_IN,
	ALL_BITS = FROM | TO | PENDING_OUT | PENDING_IN,
};

/** An own address and a contact, both bare. */
struct pair {
	struct envoi_jid *own, *contact;
};

static void pair_finish(struct pair *pair)
{
	envoi_jid_unref(pair->own);
	envoi_jid_unref(pair->contact);
}

static int pair_of(
	struct pair *ret_pair, const struct envoi_jid *own, const struct envoi_jid *contact)
{
	*ret_pair = (struct pair){NULL, NULL};
	int r = envoi_jid_bare(&ret_pair->own, own);
	if (r == ENVOI_OK) {
		r = envoi_jid_bare(&ret_pair->contact, contact);
	}
	if (r < 0) {
		pair_finish(ret_pair);
	}
	return r;
}

static unsigned int without(unsigned int bits, unsigned int removed)
{
	return bits & ~removed;
}

static bool is_freed(const struct envoi_component *component)
{
	return envoi__guard_is_over(&component->connection.guard);
}

static unsigned int bits_of(const struct envoi_component *component, const struct pair *pair)
{
	return envoi__own_subscription(&component->addresses, pair->own, pair->contact);
}

static int set_bits(struct envoi_component *component, const struct pair *pair, unsigned int bits)
{
	return envoi__own_subscription_set(&component->addresses, pair->own, pair->contact, bits);
}

/* Set the bits, and report that; the component may be freed inside. */
static int change(struct envoi_component *component, const struct pair *pair, unsigned int before,
	unsigned int bits)
{
	struct envoi_component_presence_hook *hook = component->presence_hook;
	int r = set_bits(component, pair, bits);
	if (r == ENVOI_OK && bits != before && hook != NULL && hook->impl->changed != NULL) {
		hook->impl->changed(hook, component, pair->own, pair->contact, bits);
	}
	return r;
}

static int send_type(
	struct envoi_component *component, const struct pair *pair, enum envoi_stanza_type type)
{
	struct envoi_stanza *presence = envoi_presence_new(
		component->connection.context, type, envoi_jid_text(pair->contact));
	(void)envoi_stanza_set_from(presence, envoi_jid_text(pair->own)); /* failures are its own */
	return envoi_send(component->connection.session, presence, NULL);
}

static int show(struct envoi_component *component, const struct pair *pair, bool is_available)
{
	return is_freed(component) ? ENVOI_OK
				   : envoi__component_show(component, pair->own,
					     envoi_jid_text(pair->contact), is_available);
}

/* --- what both the application and a contact can cause --- */

/* Send, where there is room for the bit that is set then. @return <0: nothing has changed */
static int send_with_room(struct envoi_component *component, const struct pair *pair,
	enum envoi_stanza_type type, unsigned int bit)
{
	unsigned int before = bits_of(component, pair);
	int r = set_bits(component, pair, before | bit);
	if (r < 0) {
		return r;
	}
	r = send_type(component, pair, type);
	if (r < 0 && !is_freed(component)) {
		(void)set_bits(component, pair, before);
	}
	return r;
}

/* Section 3.1.4: `subscribed`, then the presence. */
static int approve(struct envoi_component *component, const struct pair *pair)
{
	unsigned int before = bits_of(component, pair);
	int r = send_with_room(component, pair, ENVOI_TYPE_SUBSCRIBED, FROM);
	if (r < 0 || is_freed(component)) {
		return r;
	}
	(void)change(component, pair, before, without(before, PENDING_IN) | FROM);
	return show(component, pair, true);
}

/* Sections 3.1.4 and 3.2: unavailable presence, then `unsubscribed`. */
static int refuse(struct envoi_component *component, const struct pair *pair)
{
	unsigned int before = bits_of(component, pair);
	int r = (before & FROM) != 0 ? show(component, pair, false) : ENVOI_OK;
	if (r == ENVOI_OK && !is_freed(component)) {
		r = send_type(component, pair, ENVOI_TYPE_UNSUBSCRIBED);
	}
	return r < 0 || is_freed(component)
		? r
		: change(component, pair, before, without(before, FROM | PENDING_IN));
}

/* --- from contacts --- */

static enum envoi_component_verdict decide(
	struct envoi_component *component, const struct pair *pair, bool is_probe)
{
	struct envoi_component_presence_hook *hook = component->presence_hook;
	if (hook != NULL && hook->impl->requested != NULL) {
		return hook->impl->requested(hook, component, pair->own, pair->contact, is_probe);
	}
	const struct envoi__own_address *address = envoi__own_address_find(
		&component->addresses, pair->own);
	return address != NULL && address->resources != NULL ? ENVOI_COMPONENT_APPROVE
							     : ENVOI_COMPONENT_REFUSE;
}

static int take_undecided(struct envoi_component *component, const struct pair *pair)
{
	enum envoi_component_verdict verdict = decide(component, pair, false);
	if (is_freed(component)) {
		return ENVOI_OK;
	}
	unsigned int before = bits_of(component, pair);
	switch (verdict) {
	case ENVOI_COMPONENT_APPROVE:
		return approve(component, pair);
	case ENVOI_COMPONENT_REFUSE:
		return refuse(component, pair);
	default:
		return change(component, pair, before, before | PENDING_IN);
	}
}

/* Section 3.1.3: a contact that is subscribed is answered again. */
static int take_subscribe(struct envoi_component *component, const struct pair *pair)
{
	return (bits_of(component, pair) & FROM) != 0 ? approve(component, pair)
						      : take_undecided(component, pair);
}

/* Section 3.3.3 */
static int take_unsubscribe(struct envoi_component *component, const struct pair *pair)
{
	unsigned int before = bits_of(component, pair);
	int r = (before & FROM) != 0 ? show(component, pair, false) : ENVOI_OK;
	return is_freed(component)
		? r
		: change(component, pair, before, without(before, FROM | PENDING_IN));
}

/* Section 3.1.6: only if it was requested. */
static int take_subscribed(struct envoi_component *component, const struct pair *pair)
{
	unsigned int before = bits_of(component, pair);
	return (before & PENDING_OUT) == 0
		? ENVOI_OK
		: change(component, pair, before, without(before, PENDING_OUT) | TO);
}

/* Section 3.2.3 */
static int take_unsubscribed(struct envoi_component *component, const struct pair *pair)
{
	unsigned int before = bits_of(component, pair);
	return change(component, pair, before, without(before, TO | PENDING_OUT));
}

static bool is_available(const struct envoi_component *component, const struct pair *pair)
{
	const struct envoi__own_address *address = envoi__own_address_find(
		&component->addresses, pair->own);
	const struct envoi__own_resource *resource = address != NULL ? address->resources : NULL;
	while (resource != NULL && resource->presence == NULL) {
		resource = resource->next;
	}
	return resource != NULL;
}

/* Section 4.3.2 */
static int answer_probe(struct envoi_component *component, const struct pair *pair)
{
	return is_available(component, pair) ? show(component, pair, true)
					     : send_type(component, pair, ENVOI_TYPE_UNAVAILABLE);
}

static int take_probe(struct envoi_component *component, const struct pair *pair)
{
	unsigned int before = bits_of(component, pair);
	if ((before & FROM) != 0) {
		return answer_probe(component, pair);
	}
	enum envoi_component_verdict verdict = decide(component, pair, true);
	if (is_freed(component) || verdict == ENVOI_COMPONENT_DEFER) {
		return ENVOI_OK;
	}
	if (verdict == ENVOI_COMPONENT_REFUSE) {
		return send_type(component, pair, ENVOI_TYPE_UNSUBSCRIBED);
	}
	int r = change(component, pair, before, before | FROM);
	return r < 0 || is_freed(component) ? r : answer_probe(component, pair);
}

/* --- rows --- */

typedef int taker(struct envoi_component *component, const struct pair *pair);

static int take(struct envoi_handler *self, struct envoi_delivery *in, taker *take_it)
{
	struct envoi_component *component = ENVOI_CONTAINER_OF(
		self, struct envoi_component, handler);
	const struct envoi_stanza *stanza = envoi_delivery_stanza(in);
	const struct envoi_jid *own = envoi_stanza_to(stanza), *contact = envoi_stanza_from(stanza);
	struct pair pair;
	if (own == NULL || contact == NULL || !envoi__component_has(component, own)) {
		return ENVOI_DECLINED;
	}
	int r = pair_of(&pair, own, contact);
	if (r < 0) {
		return r;
	}
	envoi__connection_enter(&component->connection);
	r = take_it(component, &pair);
	envoi__connection_exit(&component->connection);
	pair_finish(&pair);
	return r == ENVOI_ERR_FULL ? envoi_reply_error(in, ENVOI_RESOURCE_CONSTRAINT, NULL) : r;
}

#define TAKER(function, take_it) \
	static int function(struct envoi_handler *self, struct envoi_delivery *in) \
	{ \
		return take(self, in, take_it); \
	}

TAKER(on_subscribe, take_subscribe)
TAKER(on_subscribed, take_subscribed)
TAKER(on_unsubscribe, take_unsubscribe)
TAKER(on_unsubscribed, take_unsubscribed)
TAKER(on_probe, take_probe)

const struct envoi_stanza_row envoi__component_rows[] = {
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_SUBSCRIBE, .handle = on_subscribe},
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_SUBSCRIBED, .handle = on_subscribed},
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_UNSUBSCRIBE, .handle = on_unsubscribe},
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_UNSUBSCRIBED, .handle = on_unsubscribed},
	{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_PROBE, .handle = on_probe},
	ENVOI_ROWS_END,
};

/* --- from the application --- */

void envoi_component_set_presence_hook(
	struct envoi_component *component, struct envoi_component_presence_hook *hook)
{
	component->presence_hook = hook;
}

static int own_address(
	struct envoi_jid **ret_jid, const struct envoi_component *component, const char *text)
{
	struct envoi_jid *jid;
	int r = envoi_jid_from_text(&jid, component->connection.context, text != NULL ? text : "");
	if (r == ENVOI_OK && !envoi__component_has(component, jid)) {
		envoi_jid_unref(jid);
		r = ENVOI_ERR_INVALID;
	}
	if (r == ENVOI_OK) {
		*ret_jid = jid;
	}
	return r;
}

int envoi_component_set_presence(
	struct envoi_component *component, const char *own, struct envoi_stanza *presence)
{
	struct envoi_jid *jid = NULL;
	if (presence != NULL && envoi_stanza_type(presence) != ENVOI_TYPE_AVAILABLE) {
		return ENVOI_ERR_INVALID;
	}
	int r = presence != NULL ? envoi_element_error(envoi_stanza_element(presence)) : ENVOI_OK;
	if (r == ENVOI_OK) {
		r = own_address(&jid, component, own);
	}
	if (r < 0) {
		return r;
	}
	r = envoi__own_addresses_set(&component->addresses, jid, presence);
	envoi_jid_unref(jid);
	if (r == ENVOI_OK) {
		envoi__component_presence_changed(component);
	}
	return r;
}

static int parse_pair(struct pair *ret_pair, const struct envoi_component *component,
	const char *own, const char *contact)
{
	struct pair full = {NULL, NULL};
	int r = own_address(&full.own, component, own);
	if (r == ENVOI_OK) {
		r = envoi_jid_from_text(&full.contact, component->connection.context,
			contact != NULL ? contact : "");
	}
	if (r == ENVOI_OK) {
		r = pair_of(ret_pair, full.own, full.contact);
	}
	pair_finish(&full);
	return r;
}

int envoi_component_load_subscription(struct envoi_component *component, const char *own,
	const char *contact, unsigned int subscription)
{
	struct pair pair;
	int r = parse_pair(&pair, component, own, contact);
	if (r == ENVOI_OK) {
		r = envoi__own_subscription_set(
			&component->addresses, pair.own, pair.contact, subscription & ALL_BITS);
		pair_finish(&pair);
	}
	return r;
}

unsigned int envoi_component_subscription(
	const struct envoi_component *component, const char *own, const char *contact)
{
	struct pair pair;
	if (parse_pair(&pair, component, own, contact) < 0) {
		return 0;
	}
	unsigned int subscription = bits_of(component, &pair);
	pair_finish(&pair);
	return subscription;
}

static int act(
	struct envoi_component *component, const char *own, const char *contact, taker *act_on)
{
	struct pair pair;
	int r = parse_pair(&pair, component, own, contact);
	if (r == ENVOI_OK) {
		envoi__connection_enter(&component->connection);
		r = act_on(component, &pair);
		envoi__connection_exit(&component->connection);
		pair_finish(&pair);
	}
	return r;
}

int envoi_component_approve(struct envoi_component *component, const char *own, const char *contact)
{
	return act(component, own, contact, approve);
}

int envoi_component_refuse(struct envoi_component *component, const char *own, const char *contact)
{
	return act(component, own, contact, refuse);
}

static int subscribe(struct envoi_component *component, const struct pair *pair)
{
	unsigned int before = bits_of(component, pair);
	int r = send_with_room(component, pair, ENVOI_TYPE_SUBSCRIBE, PENDING_OUT);
	return r < 0 || is_freed(component)
		? r
		: change(component, pair, before,
			  (before & TO) != 0 ? before : before | PENDING_OUT);
}

static int unsubscribe(struct envoi_component *component, const struct pair *pair)
{
	int r = send_type(component, pair, ENVOI_TYPE_UNSUBSCRIBE);
	return r < 0 || is_freed(component) ? r : take_unsubscribed(component, pair);
}

int envoi_component_subscribe(
	struct envoi_component *component, const char *own, const char *contact)
{
	return act(component, own, contact, subscribe);
}

int envoi_component_unsubscribe(
	struct envoi_component *component, const char *own, const char *contact)
{
	return act(component, own, contact, unsubscribe);
}

void envoi_component_get_stats(
	const struct envoi_component *component, struct envoi_component_stats *ret_stats)
{
	*ret_stats = (struct envoi_component_stats){
		.addresses = component->addresses.by_jid.count,
		.contacts = component->addresses.contacts.count,
		.unsent = component->addresses.due_count,
	};
}
