/*
 * envoi - XEP-0060: Publish-Subscribe
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_EXT_PUBSUB_H
#define ENVOI_EXT_PUBSUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/ext/forms.h>
#include <envoi/ext/rsm.h>
#include <envoi/handler.h>
#include <envoi/payload.h>
#include <envoi/request.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Namespace of requests (XEP-0060). */
#define ENVOI_NS_PUBSUB "http://jabber.org/protocol/pubsub"
/** Namespace of requests of owners. */
#define ENVOI_NS_PUBSUB_OWNER "http://jabber.org/protocol/pubsub#owner"
/** Namespace of events. */
#define ENVOI_NS_PUBSUB_EVENT "http://jabber.org/protocol/pubsub#event"
/** Namespace of the conditions in errors. */
#define ENVOI_NS_PUBSUB_ERRORS "http://jabber.org/protocol/pubsub#errors"

/** The most items, subscriptions or affiliations of an answer or an event; one with more is
 * malformed. */
#define ENVOI_PUBSUB_MOST_ITEMS 10000

/* --- payloads --- */

/** An affiliation with a node (section 4.1). */
enum envoi_pubsub_affiliation {
	ENVOI_PUBSUB_NO_AFFILIATION = 1,
	ENVOI_PUBSUB_OWNER,
	ENVOI_PUBSUB_PUBLISHER,
	ENVOI_PUBSUB_PUBLISH_ONLY,
	ENVOI_PUBSUB_MEMBER,
	ENVOI_PUBSUB_OUTCAST,
};

/** The state of a subscription (section 4.2). */
enum envoi_pubsub_state {
	ENVOI_PUBSUB_NOT_SUBSCRIBED = 1,
	ENVOI_PUBSUB_PENDING, /**< an owner has to approve it */
	ENVOI_PUBSUB_UNCONFIGURED, /**< options have to be set first */
	ENVOI_PUBSUB_SUBSCRIBED,
};

/** An item (section 2). */
struct envoi_pubsub_item {
	char *id; /**< NULL: none, or the service makes one */
	char *publisher; /**< as the service states it; NULL: not stated */
	struct envoi_element *payload; /**< NULL: none */
};

/** The id of an item that was deleted. */
struct envoi_pubsub_retracted {
	char *id;
};

/** Items of a node: requested, received, to be published or to be retracted. */
struct envoi_pubsub_items {
	char *node;
	bool has_max;
	uint32_t max; /**< of a request: the most recent ones */
	char *subid; /**< NULL: none */
	bool notify; /**< of a retraction: subscribers are notified */
	struct envoi_pubsub_item *items;
	size_t item_count;
	struct envoi_pubsub_retracted *retracted; /**< of an event */
	size_t retracted_count;
};

/** A form, of a node or of none. */
struct envoi_pubsub_form {
	char *node; /**< NULL: none */
	struct envoi_form *form; /**< NULL: none */
};

/** A node that is or was created. */
struct envoi_pubsub_named {
	char *node; /**< NULL: the service names it */
};

/** A node and the address that subscribes to it or unsubscribes. */
struct envoi_pubsub_subscriber {
	char *node;
	struct envoi_jid *jid;
	char *subid; /**< NULL: none */
};

/** Options of a subscription. */
struct envoi_pubsub_options {
	char *node;
	struct envoi_jid *jid;
	char *subid; /**< NULL: none */
	struct envoi_form *form; /**< NULL: none */
};

/** A subscription. */
struct envoi_pubsub_subscription {
	char *node; /**< NULL: that of the list */
	struct envoi_jid *jid;
	char *subid; /**< NULL: none */
	enum envoi_pubsub_state state; /**< 0: not stated */
};

/** A list of subscriptions. */
struct envoi_pubsub_subscriptions {
	char *node; /**< NULL: of all nodes */
	struct envoi_pubsub_subscription *list;
	size_t count;
};

/** An affiliation: of the own account with a node, or of an address with the owner's node. */
struct envoi_pubsub_affiliated {
	char *node; /**< NULL: that of the list */
	struct envoi_jid *jid; /**< NULL: the own account */
	enum envoi_pubsub_affiliation affiliation;
};

/** A list of affiliations. */
struct envoi_pubsub_affiliations {
	char *node; /**< NULL: of all nodes */
	struct envoi_pubsub_affiliated *list;
	size_t count;
};

/** The element `pubsub`. A request or a result has one of its members, or two that belong together;
 * the others are NULL. */
struct envoi_pubsub {
	struct envoi_pubsub_named *create;
	struct envoi_pubsub_form *configure;
	struct envoi_pubsub_items *items;
	struct envoi_pubsub_items *publish;
	struct envoi_pubsub_form *publish_options;
	struct envoi_pubsub_items *retract;
	struct envoi_pubsub_subscriber *subscribe;
	struct envoi_pubsub_options *options;
	struct envoi_pubsub_subscriber *unsubscribe;
	struct envoi_pubsub_subscription *subscription;
	struct envoi_pubsub_subscriptions *subscriptions;
	struct envoi_pubsub_affiliations *affiliations;
	struct envoi_pubsub_form *defaults;
	struct envoi_rsm_result *page; /**< of items, if the service pages */
};
/** Describes struct envoi_pubsub. */
ENVOI_API extern const struct envoi_payload_type envoi_pubsub_type;

/** A request for a page of items (section 6.5.4). */
struct envoi_pubsub_page {
	struct envoi_pubsub_items items;
	struct envoi_rsm_request *page; /**< NULL: all */
};
/** Describes struct envoi_pubsub_page. */
ENVOI_API extern const struct envoi_payload_type envoi_pubsub_page_type;

/** The URI of the node that replaces a deleted one. */
struct envoi_pubsub_redirect {
	char *uri;
};
/** A node that is or was deleted. */
struct envoi_pubsub_deletion {
	char *node;
	struct envoi_pubsub_redirect *redirect; /**< NULL: none */
};

/** The element `pubsub` in ENVOI_NS_PUBSUB_OWNER. One member is set; the others are NULL. */
struct envoi_pubsub_owner {
	struct envoi_pubsub_form *configure;
	struct envoi_pubsub_form *defaults;
	struct envoi_pubsub_deletion *deleted;
	struct envoi_pubsub_named *purge;
	struct envoi_pubsub_subscriptions *subscriptions;
	struct envoi_pubsub_affiliations *affiliations;
};
/** Describes struct envoi_pubsub_owner. */
ENVOI_API extern const struct envoi_payload_type envoi_pubsub_owner_type;

/** The element `event` of a message. One member is set; the others are NULL. */
struct envoi_pubsub_event {
	struct envoi_pubsub_items *items;
	struct envoi_pubsub_named *purged; /**< all items were deleted */
	struct envoi_pubsub_deletion *deleted;
	struct envoi_pubsub_form *configured; /**< the configuration has changed */
	struct envoi_pubsub_subscription *subscription; /**< its state has changed */
};
/** Describes struct envoi_pubsub_event. */
ENVOI_API extern const struct envoi_payload_type envoi_pubsub_event_type;

/** @return the node that an event is about; NULL: none */
ENVOI_API const char *envoi_pubsub_event_node(const struct envoi_pubsub_event *event);

/* --- configurations --- */

/** Some fields of the configuration of a node (section 16.4.4), for envoi_forms_read() and
 * envoi_forms_fill(). Members that are NULL or not present leave the field unchanged. */
struct envoi_pubsub_config {
	char *access_model; /**< "open", "presence", "roster", "authorize", "whitelist" */
	char *max_items; /**< a number, or "max" */
	char *publish_model; /**< "publishers", "subscribers", "open" */
	char *send_last; /**< "never", "on_sub", "on_sub_and_presence" */
	char *title, *type;
	bool has_persist, persists;
	bool has_payloads, delivers_payloads;
	bool has_notify_retract, notifies_retract;
	bool has_notify_delete, notifies_delete;
	bool has_notify_config, notifies_config;
};
/** Describes struct envoi_pubsub_config: the configuration of a node. */
ENVOI_API extern const struct envoi_payload_type envoi_pubsub_config_type;
/** Describes struct envoi_pubsub_config: the same fields, as publish options (section 7.1.5). */
ENVOI_API extern const struct envoi_payload_type envoi_pubsub_publish_options_type;

/* --- requests --- */

/*
 * Common parameters and errors:
 *
 * @param service  the address of the service; NULL: the own account, as of XEP-0163
 * @param node     of the service; not NULL, unless stated otherwise
 * @param done     called exactly once, as for envoi_request(). Of functions that get something,
 *                 envoi_answer_payload() is a struct envoi_pubsub, of those for owners a struct
 *                 envoi_pubsub_owner, borrowed. For others see envoi_pubsub_result()
 * @param user     passed to @p done
 * @retval ENVOI_ERR_INVALID  also: @p node is NULL
 * Other errors as envoi_request(): @p done is not called then.
 *
 * envoi_pubsub_condition() returns the condition of a refusal.
 */

/** @return the payload of the answer to a function that changes something; borrowed for the call;
 * NULL: none, or malformed. Services may leave out what the request contains */
ENVOI_API const struct envoi_pubsub *envoi_pubsub_result(const struct envoi_answer *answer);

/** @return the application-specific condition of an error ("precondition-not-met", section 14);
 * NULL: none, or @p error is NULL. Its position among other elements has no meaning */
ENVOI_API const char *envoi_pubsub_condition(const struct envoi_stanza_error *error);

/** Create a node (section 8.1). @param node NULL: the service names it in `create` of the result.
 * @param config a submission, borrowed for the call; NULL: the default of the service */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_create(struct envoi_session *session,
	const char *service, const char *node, const struct envoi_form *config,
	envoi_answer_fn *done, void *user);
/** Get the form with the configuration of a node (section 8.2): `configure` of the result. */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_config_get(struct envoi_session *session,
	const char *service, const char *node, envoi_answer_fn *done, void *user);
/** Set the configuration of a node. @param config a submission, or a form of kind CANCEL; borrowed
 * for the call */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_config_set(struct envoi_session *session,
	const char *service, const char *node, const struct envoi_form *config,
	envoi_answer_fn *done, void *user);
/** Get the default configuration (section 8.3): `defaults` of the result. */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_config_default(
	struct envoi_session *session, const char *service, envoi_answer_fn *done, void *user);
/** Delete a node with its items (section 8.4). @param redirect the URI of the node that replaces
 * it; NULL: none */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_delete(struct envoi_session *session,
	const char *service, const char *node, const char *redirect, envoi_answer_fn *done,
	void *user);
/** Delete all items of a node (section 8.5). */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_purge(struct envoi_session *session,
	const char *service, const char *node, envoi_answer_fn *done, void *user);

/**
 * Publish an item (section 7.1).
 *
 * @param id       NULL: the service makes one, in `publish` of the result
 * @param payload  borrowed for the call; NULL: none
 * @param options  a submission, borrowed for the call; NULL: none. A service that supports them
 *                 creates the node with this configuration, or refuses with
 *                 "precondition-not-met" if the node has another one. Services may support some
 *                 fields only
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_publish(struct envoi_session *session,
	const char *service, const char *node, const char *id, const struct envoi_element *payload,
	const struct envoi_form *options, envoi_answer_fn *done, void *user);
/** Delete an item (section 7.2). @param notify whether subscribers are notified */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_retract(struct envoi_session *session,
	const char *service, const char *node, const char *id, bool notify, envoi_answer_fn *done,
	void *user);

/**
 * Get items (section 6.5): `items` of the result, and `page` if the service supports paging. A
 * service without it may return fewer items than the node has.
 *
 * @param ids, count  the ids of the items; 0: those that @p max and @p page select
 * @param max         the most recent ones; 0: all
 * @param page        borrowed for the call; NULL: no paging. envoi_rsm_continue() sets it for
 *                    the next page
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_items_get(struct envoi_session *session,
	const char *service, const char *node, const char *const *ids, size_t count, uint32_t max,
	const struct envoi_rsm_request *page, envoi_answer_fn *done, void *user);

/** Subscribe (section 6.1): `subscription` of the result. @param jid NULL: the bare address of the
 * session. @param options a submission (section 6.3.7), borrowed for the call; NULL: none */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_subscribe(struct envoi_session *session,
	const char *service, const char *node, const struct envoi_jid *jid,
	const struct envoi_form *options, envoi_answer_fn *done, void *user);
/** Unsubscribe (section 6.2). @param jid as of envoi_pubsub_subscribe(). @param subid NULL: none */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_unsubscribe(struct envoi_session *session,
	const char *service, const char *node, const struct envoi_jid *jid, const char *subid,
	envoi_answer_fn *done, void *user);
/** Get the form with the options of a subscription (section 6.3.2): `options` of the result.
 * Parameters as of envoi_pubsub_unsubscribe(). */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_options_get(struct envoi_session *session,
	const char *service, const char *node, const struct envoi_jid *jid, const char *subid,
	envoi_answer_fn *done, void *user);
/** Set the options of a subscription (section 6.3.5). @param options a submission, borrowed for the
 * call */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_options_set(struct envoi_session *session,
	const char *service, const char *node, const struct envoi_jid *jid, const char *subid,
	const struct envoi_form *options, envoi_answer_fn *done, void *user);
/** Get the own subscriptions (section 5.6): `subscriptions` of the result. @param node NULL: to all
 * nodes */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_subscriptions_get(struct envoi_session *session,
	const char *service, const char *node, envoi_answer_fn *done, void *user);
/** Get the own affiliations (section 5.7): `affiliations` of the result. @param node NULL: with all
 * nodes */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_affiliations_get(struct envoi_session *session,
	const char *service, const char *node, envoi_answer_fn *done, void *user);

/** Get the subscriptions to a node of the account's (section 8.8.1): `subscriptions`. */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_subscribers_get(struct envoi_session *session,
	const char *service, const char *node, envoi_answer_fn *done, void *user);
/** Change subscriptions to a node of the account's (section 8.8.2). Others stay as they are.
 * @param list borrowed for the call; each with address and state */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_subscribers_set(struct envoi_session *session,
	const char *service, const char *node, const struct envoi_pubsub_subscription *list,
	size_t count, envoi_answer_fn *done, void *user);
/** Get the affiliations with a node of the account's (section 8.9.1): `affiliations`. */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_affiliates_get(struct envoi_session *session,
	const char *service, const char *node, envoi_answer_fn *done, void *user);
/** Change affiliations with a node of the account's (section 8.9.2). Others stay as they are.
 * @param list borrowed for the call; each with address and affiliation */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_affiliates_set(struct envoi_session *session,
	const char *service, const char *node, const struct envoi_pubsub_affiliated *list,
	size_t count, envoi_answer_fn *done, void *user);

/* --- events --- */

/**
 * Reports an event of a node. Called from the loop. Any object may be freed inside.
 * @param from   the address of the service, NULL: the own account; borrowed for the call, as what
 *               @p event points to
 */
typedef void envoi_pubsub_event_fn(struct envoi_session *session, void *user,
	const struct envoi_jid *from, const struct envoi_pubsub_event *event);

/**
 * Make a handler that reports the events of a service. It ignores messages from all other
 * addresses: any entity can send a message that looks like an event. The service sends events of
 * nodes to which the account is subscribed; the handler does not verify the subscription.
 *
 * @param[out] ret_handler  for envoi_session_add(); freed with envoi_handler_destroy()
 * @param service  its exact address; for events of accounts see <envoi/ext/pep.h>
 * @param node     NULL: all; copied
 * @param notify   called for each event
 * @param user     passed to @p notify
 * @retval ENVOI_ERR_INVALID  a parameter is NULL
 * @retval ENVOI_ERR_NOMEM
 */
ENVOI_API ENVOI_MUST_CHECK int envoi_pubsub_events_new(struct envoi_handler **ret_handler,
	struct envoi_context *context, const struct envoi_jid *service, const char *node,
	envoi_pubsub_event_fn *notify, void *user);

#ifdef __cplusplus
}
#endif
#endif
