/*
 * envoi - XEP-0060: Publish-Subscribe, version 1.30.0
 * SPDX-License-Identifier: MIT
 *
 * Payloads. pubsub_requests.c asks, pubsub_events.c reports events.
 */
#include <envoi/ext/pubsub.h>

#include <string.h>

#define MANY .max_items = ENVOI_PUBSUB_MOST_ITEMS

/* --- parts --- */

static const struct envoi_field item_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_pubsub_item, id, "id"),
	ENVOI_ATTR_TEXT(struct envoi_pubsub_item, publisher, "publisher"),
	ENVOI_CHILD_ELEMENT(struct envoi_pubsub_item, payload, NULL),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type item_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_item, NULL, "item", item_fields);

static const struct envoi_field retracted_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_pubsub_retracted, id, "id", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type retracted_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_retracted, NULL, "retract", retracted_fields);

static const struct envoi_field items_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_pubsub_items, node, "node", ENVOI_REQUIRED),
	ENVOI_ATTR_INT(struct envoi_pubsub_items, max, "max_items", ENVOI_LENIENT,
		.has = ENVOI_HAS(struct envoi_pubsub_items, has_max)),
	ENVOI_ATTR_TEXT(struct envoi_pubsub_items, subid, "subid"),
	ENVOI_ATTR_BOOL(struct envoi_pubsub_items, notify, "notify"),
	ENVOI_CHILDREN_STRUCT(struct envoi_pubsub_items, items, item_count,
		struct envoi_pubsub_item, &item_type, MANY),
	ENVOI_CHILDREN_STRUCT(struct envoi_pubsub_items, retracted, retracted_count,
		struct envoi_pubsub_retracted, &retracted_type, MANY),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type items_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_items, NULL, "items", items_fields);

static const struct envoi_field form_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_pubsub_form, node, "node"),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub_form, form, struct envoi_form, &envoi_forms_type),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type form_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_form, NULL, "configure", form_fields);

static const struct envoi_field create_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_pubsub_named, node, "node"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type create_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_named, NULL, "create", create_fields);

static const struct envoi_field subscribe_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_pubsub_subscriber, node, "node"),
	ENVOI_ATTR_JID(struct envoi_pubsub_subscriber, jid, "jid", ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct envoi_pubsub_subscriber, subid, "subid"),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type subscribe_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_subscriber, NULL, "subscribe", subscribe_fields);

static const struct envoi_field options_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_pubsub_options, node, "node"),
	ENVOI_ATTR_JID(struct envoi_pubsub_options, jid, "jid"),
	ENVOI_ATTR_TEXT(struct envoi_pubsub_options, subid, "subid"),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub_options, form, struct envoi_form, &envoi_forms_type),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type options_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_options, NULL, "options", options_fields);

static const struct envoi_word states[] = {
	{"none", ENVOI_PUBSUB_NOT_SUBSCRIBED},
	{"pending", ENVOI_PUBSUB_PENDING},
	{"unconfigured", ENVOI_PUBSUB_UNCONFIGURED},
	{"subscribed", ENVOI_PUBSUB_SUBSCRIBED},
	ENVOI_WORDS_END,
};
static const struct envoi_field subscription_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_pubsub_subscription, node, "node"),
	ENVOI_ATTR_JID(struct envoi_pubsub_subscription, jid, "jid", ENVOI_REQUIRED),
	ENVOI_ATTR_TEXT(struct envoi_pubsub_subscription, subid, "subid"),
	ENVOI_ATTR_ENUM(struct envoi_pubsub_subscription, state, "subscription", states),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type subscription_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_subscription, NULL, "subscription", subscription_fields);

static const struct envoi_field subscriptions_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_pubsub_subscriptions, node, "node"),
	ENVOI_CHILDREN_STRUCT(struct envoi_pubsub_subscriptions, list, count,
		struct envoi_pubsub_subscription, &subscription_type, ENVOI_LENIENT, MANY),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type subscriptions_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_subscriptions, NULL, "subscriptions", subscriptions_fields);

static const struct envoi_word affiliations[] = {
	{"none", ENVOI_PUBSUB_NO_AFFILIATION},
	{"owner", ENVOI_PUBSUB_OWNER},
	{"publisher", ENVOI_PUBSUB_PUBLISHER},
	{"publish-only", ENVOI_PUBSUB_PUBLISH_ONLY},
	{"member", ENVOI_PUBSUB_MEMBER},
	{"outcast", ENVOI_PUBSUB_OUTCAST},
	ENVOI_WORDS_END,
};
static const struct envoi_field affiliated_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_pubsub_affiliated, node, "node"),
	ENVOI_ATTR_JID(struct envoi_pubsub_affiliated, jid, "jid"),
	ENVOI_ATTR_ENUM(struct envoi_pubsub_affiliated, affiliation, "affiliation", affiliations,
		ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type affiliated_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_affiliated, NULL, "affiliation", affiliated_fields);

static const struct envoi_field affiliations_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_pubsub_affiliations, node, "node"),
	ENVOI_CHILDREN_STRUCT(struct envoi_pubsub_affiliations, list, count,
		struct envoi_pubsub_affiliated, &affiliated_type, ENVOI_LENIENT, MANY),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type affiliations_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_affiliations, NULL, "affiliations", affiliations_fields);

/* --- requests and results --- */

static const struct envoi_field pubsub_fields[] = {
	ENVOI_CHILD_STRUCT(struct envoi_pubsub, create, struct envoi_pubsub_named, &create_type),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub, configure, struct envoi_pubsub_form, &form_type),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub, items, struct envoi_pubsub_items, &items_type),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub, publish, struct envoi_pubsub_items, &items_type,
		.as = "publish"),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub, publish_options, struct envoi_pubsub_form,
		&form_type, .as = "publish-options"),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub, retract, struct envoi_pubsub_items, &items_type,
		.as = "retract"),
	ENVOI_CHILD_STRUCT(
		struct envoi_pubsub, subscribe, struct envoi_pubsub_subscriber, &subscribe_type),
	ENVOI_CHILD_STRUCT(
		struct envoi_pubsub, options, struct envoi_pubsub_options, &options_type),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub, unsubscribe, struct envoi_pubsub_subscriber,
		&subscribe_type, .as = "unsubscribe"),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub, subscription, struct envoi_pubsub_subscription,
		&subscription_type),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub, subscriptions, struct envoi_pubsub_subscriptions,
		&subscriptions_type),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub, affiliations, struct envoi_pubsub_affiliations,
		&affiliations_type),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub, defaults, struct envoi_pubsub_form, &form_type,
		.as = "default"),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub, page, struct envoi_rsm_result,
		&envoi_rsm_result_type, ENVOI_LENIENT),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_pubsub_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub, ENVOI_NS_PUBSUB, "pubsub", pubsub_fields);

static const struct envoi_field page_fields[] = {
	ENVOI_CHILD_STRUCT(struct envoi_pubsub_page, items, struct envoi_pubsub_items, &items_type,
		ENVOI_REQUIRED),
	ENVOI_CHILD_STRUCT(
		struct envoi_pubsub_page, page, struct envoi_rsm_request, &envoi_rsm_request_type),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_pubsub_page_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_page, ENVOI_NS_PUBSUB, "pubsub", page_fields);

static const struct envoi_field redirect_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_pubsub_redirect, uri, "uri", ENVOI_REQUIRED),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type redirect_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_redirect, NULL, "redirect", redirect_fields);

static const struct envoi_field delete_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_pubsub_deletion, node, "node", ENVOI_REQUIRED),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub_deletion, redirect, struct envoi_pubsub_redirect,
		&redirect_type, ENVOI_LENIENT),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type delete_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_deletion, NULL, "delete", delete_fields);

static const struct envoi_field owner_fields[] = {
	ENVOI_CHILD_STRUCT(
		struct envoi_pubsub_owner, configure, struct envoi_pubsub_form, &form_type),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub_owner, defaults, struct envoi_pubsub_form,
		&form_type, .as = "default"),
	ENVOI_CHILD_STRUCT(
		struct envoi_pubsub_owner, deleted, struct envoi_pubsub_deletion, &delete_type),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub_owner, purge, struct envoi_pubsub_named,
		&create_type, .as = "purge"),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub_owner, subscriptions,
		struct envoi_pubsub_subscriptions, &subscriptions_type),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub_owner, affiliations,
		struct envoi_pubsub_affiliations, &affiliations_type),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_pubsub_owner_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_owner, ENVOI_NS_PUBSUB_OWNER, "pubsub", owner_fields);

/* --- events --- */

static const struct envoi_field event_fields[] = {
	ENVOI_CHILD_STRUCT(
		struct envoi_pubsub_event, items, struct envoi_pubsub_items, &items_type),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub_event, purged, struct envoi_pubsub_named,
		&create_type, .as = "purge"),
	ENVOI_CHILD_STRUCT(
		struct envoi_pubsub_event, deleted, struct envoi_pubsub_deletion, &delete_type),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub_event, configured, struct envoi_pubsub_form,
		&form_type, .as = "configuration"),
	ENVOI_CHILD_STRUCT(struct envoi_pubsub_event, subscription,
		struct envoi_pubsub_subscription, &subscription_type),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_pubsub_event_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_event, ENVOI_NS_PUBSUB_EVENT, "event", event_fields);

const char *envoi_pubsub_event_node(const struct envoi_pubsub_event *event)
{
	return event->items != NULL           ? event->items->node
		: event->purged != NULL       ? event->purged->node
		: event->deleted != NULL      ? event->deleted->node
		: event->configured != NULL   ? event->configured->node
		: event->subscription != NULL ? event->subscription->node
					      : NULL;
}

/* --- configurations: section 16.4.4 --- */

#define CONFIG_FIELDS \
	ENVOI_CHILD_TEXT(struct envoi_pubsub_config, access_model, "pubsub#access_model"), \
		ENVOI_CHILD_TEXT(struct envoi_pubsub_config, max_items, "pubsub#max_items"), \
		ENVOI_CHILD_TEXT( \
			struct envoi_pubsub_config, publish_model, "pubsub#publish_model"), \
		ENVOI_CHILD_TEXT( \
			struct envoi_pubsub_config, send_last, "pubsub#send_last_published_item"), \
		ENVOI_CHILD_TEXT(struct envoi_pubsub_config, title, "pubsub#title"), \
		ENVOI_CHILD_TEXT(struct envoi_pubsub_config, type, "pubsub#type"), \
		ENVOI_CHILD_BOOL(struct envoi_pubsub_config, persists, "pubsub#persist_items", \
			.has = ENVOI_HAS(struct envoi_pubsub_config, has_persist)), \
		ENVOI_CHILD_BOOL(struct envoi_pubsub_config, delivers_payloads, \
			"pubsub#deliver_payloads", \
			.has = ENVOI_HAS(struct envoi_pubsub_config, has_payloads)), \
		ENVOI_CHILD_BOOL(struct envoi_pubsub_config, notifies_retract, \
			"pubsub#notify_retract", \
			.has = ENVOI_HAS(struct envoi_pubsub_config, has_notify_retract)), \
		ENVOI_CHILD_BOOL(struct envoi_pubsub_config, notifies_delete, \
			"pubsub#notify_delete", \
			.has = ENVOI_HAS(struct envoi_pubsub_config, has_notify_delete)), \
		ENVOI_CHILD_BOOL(struct envoi_pubsub_config, notifies_config, \
			"pubsub#notify_config", \
			.has = ENVOI_HAS(struct envoi_pubsub_config, has_notify_config)), \
		ENVOI_FIELDS_END

static const struct envoi_field config_fields[] = {CONFIG_FIELDS};
const struct envoi_payload_type envoi_pubsub_config_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_config, ENVOI_NS_PUBSUB "#node_config", "form", config_fields);
const struct envoi_payload_type envoi_pubsub_publish_options_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_pubsub_config, ENVOI_NS_PUBSUB "#publish-options", "form", config_fields);
