/*
 * envoi - publish-subscribe: requests
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/pubsub.h>

#include <string.h>

#include <envoi/context.h>
#include <envoi/session.h>

/* The structs take pointers that are not const, and are not written to. */
static char *text_of(const char *text)
{
	return (char *)(uintptr_t)text;
}

static struct envoi_form *form_of(const struct envoi_form *form)
{
	return (struct envoi_form *)(uintptr_t)form;
}

const struct envoi_pubsub *envoi_pubsub_result(const struct envoi_answer *answer)
{
	const struct envoi_stanza *result = envoi_answer_ok(answer) ? envoi_answer_stanza(answer)
								    : NULL;
	const void *value;
	return result != NULL && envoi_stanza_decode(result, &envoi_pubsub_type, &value) == ENVOI_OK
		? value
		: NULL;
}

const char *envoi_pubsub_condition(const struct envoi_stanza_error *error)
{
	return error != NULL && error->application != NULL &&
			strcmp(envoi_element_ns(error->application), ENVOI_NS_PUBSUB_ERRORS) == 0
		? envoi_element_name(error->application)
		: NULL;
}

static int request(struct envoi_session *session, const char *service, enum envoi_stanza_kind kind,
	const struct envoi_payload_type *type, const void *value,
	const struct envoi_payload_type *expected, envoi_answer_fn *done, void *user)
{
	struct envoi_stanza *iq = service == NULL
		? envoi_request_account_iq(session, kind, type, value)
		: envoi_request_iq(session, kind, service, type, value);
	return envoi_request(session, iq, expected, 0, done, user, NULL);
}

static int get(struct envoi_session *session, const char *service, const struct envoi_pubsub *query,
	envoi_answer_fn *done, void *user)
{
	return request(session, service, ENVOI_IQ_GET, &envoi_pubsub_type, query,
		&envoi_pubsub_type, done, user);
}

/* Results of sets may be empty: they are not decoded. */
static int set(struct envoi_session *session, const char *service, const struct envoi_pubsub *query,
	envoi_answer_fn *done, void *user)
{
	return request(session, service, ENVOI_IQ_SET, &envoi_pubsub_type, query, NULL, done, user);
}

static int owner_get(struct envoi_session *session, const char *service,
	const struct envoi_pubsub_owner *query, envoi_answer_fn *done, void *user)
{
	return request(session, service, ENVOI_IQ_GET, &envoi_pubsub_owner_type, query,
		&envoi_pubsub_owner_type, done, user);
}

static int owner_set(struct envoi_session *session, const char *service,
	const struct envoi_pubsub_owner *query, envoi_answer_fn *done, void *user)
{
	return request(
		session, service, ENVOI_IQ_SET, &envoi_pubsub_owner_type, query, NULL, done, user);
}

/* --- owners: section 8 --- */

int envoi_pubsub_create(struct envoi_session *session, const char *service, const char *node,
	const struct envoi_form *config, envoi_answer_fn *done, void *user)
{
	struct envoi_pubsub_named create = {.node = text_of(node)};
	struct envoi_pubsub_form configure = {.form = form_of(config)};
	const struct envoi_pubsub query = {
		.create = &create,
		.configure = config == NULL ? NULL : &configure,
	};
	return set(session, service, &query, done, user);
}

int envoi_pubsub_config_get(struct envoi_session *session, const char *service, const char *node,
	envoi_answer_fn *done, void *user)
{
	struct envoi_pubsub_form configure = {.node = text_of(node)};
	const struct envoi_pubsub_owner query = {.configure = &configure};
	return node == NULL ? ENVOI_ERR_INVALID : owner_get(session, service, &query, done, user);
}

int envoi_pubsub_config_set(struct envoi_session *session, const char *service, const char *node,
	const struct envoi_form *config, envoi_answer_fn *done, void *user)
{
	struct envoi_pubsub_form configure = {.node = text_of(node), .form = form_of(config)};
	const struct envoi_pubsub_owner query = {.configure = &configure};
	return node == NULL || config == NULL ? ENVOI_ERR_INVALID
					      : owner_set(session, service, &query, done, user);
}

int envoi_pubsub_config_default(
	struct envoi_session *session, const char *service, envoi_answer_fn *done, void *user)
{
	struct envoi_pubsub_form defaults = {.node = NULL};
	const struct envoi_pubsub_owner query = {.defaults = &defaults};
	return owner_get(session, service, &query, done, user);
}

int envoi_pubsub_delete(struct envoi_session *session, const char *service, const char *node,
	const char *redirect, envoi_answer_fn *done, void *user)
{
	struct envoi_pubsub_redirect to = {.uri = text_of(redirect)};
	struct envoi_pubsub_deletion deleted = {
		.node = text_of(node), .redirect = redirect == NULL ? NULL : &to};
	const struct envoi_pubsub_owner query = {.deleted = &deleted};
	return node == NULL ? ENVOI_ERR_INVALID : owner_set(session, service, &query, done, user);
}

int envoi_pubsub_purge(struct envoi_session *session, const char *service, const char *node,
	envoi_answer_fn *done, void *user)
{
	struct envoi_pubsub_named purge = {.node = text_of(node)};
	const struct envoi_pubsub_owner query = {.purge = &purge};
	return node == NULL ? ENVOI_ERR_INVALID : owner_set(session, service, &query, done, user);
}

int envoi_pubsub_subscribers_get(struct envoi_session *session, const char *service,
	const char *node, envoi_answer_fn *done, void *user)
{
	struct envoi_pubsub_subscriptions list = {.node = text_of(node)};
	const struct envoi_pubsub_owner query = {.subscriptions = &list};
	return node == NULL ? ENVOI_ERR_INVALID : owner_get(session, service, &query, done, user);
}

int envoi_pubsub_subscribers_set(struct envoi_session *session, const char *service,
	const char *node, const struct envoi_pubsub_subscription *list, size_t count,
	envoi_answer_fn *done, void *user)
{
	struct envoi_pubsub_subscriptions changes = {
		.node = text_of(node),
		.list = (struct envoi_pubsub_subscription *)(uintptr_t)list,
		.count = count,
	};
	const struct envoi_pubsub_owner query = {.subscriptions = &changes};
	return node == NULL || count == 0 ? ENVOI_ERR_INVALID
					  : owner_set(session, service, &query, done, user);
}

int envoi_pubsub_affiliates_get(struct envoi_session *session, const char *service,
	const char *node, envoi_answer_fn *done, void *user)
{
	struct envoi_pubsub_affiliations list = {.node = text_of(node)};
	const struct envoi_pubsub_owner query = {.affiliations = &list};
	return node == NULL ? ENVOI_ERR_INVALID : owner_get(session, service, &query, done, user);
}

int envoi_pubsub_affiliates_set(struct envoi_session *session, const char *service,
	const char *node, const struct envoi_pubsub_affiliated *list, size_t count,
	envoi_answer_fn *done, void *user)
{
	struct envoi_pubsub_affiliations changes = {
		.node = text_of(node),
		.list = (struct envoi_pubsub_affiliated *)(uintptr_t)list,
		.count = count,
	};
	const struct envoi_pubsub_owner query = {.affiliations = &changes};
	return node == NULL || count == 0 ? ENVOI_ERR_INVALID
					  : owner_set(session, service, &query, done, user);
}

/* --- publishers: section 7 --- */

int envoi_pubsub_publish(struct envoi_session *session, const char *service, const char *node,
	const char *id, const struct envoi_element *payload, const struct envoi_form *options,
	envoi_answer_fn *done, void *user)
{
	struct envoi_pubsub_item item = {
		.id = text_of(id), .payload = (struct envoi_element *)(uintptr_t)payload};
	struct envoi_pubsub_items publish = {
		.node = text_of(node),
		.items = &item,
		.item_count = id != NULL || payload != NULL,
	};
	struct envoi_pubsub_form with = {.form = form_of(options)};
	const struct envoi_pubsub query = {
		.publish = &publish,
		.publish_options = options == NULL ? NULL : &with,
	};
	return node == NULL ? ENVOI_ERR_INVALID
			    : request(session, service, ENVOI_IQ_SET, &envoi_pubsub_type, &query,
				      NULL, done, user);
}

int envoi_pubsub_retract(struct envoi_session *session, const char *service, const char *node,
	const char *id, bool notify, envoi_answer_fn *done, void *user)
{
	struct envoi_pubsub_item item = {.id = text_of(id)};
	struct envoi_pubsub_items retract = {
		.node = text_of(node), .notify = notify, .items = &item, .item_count = 1};
	const struct envoi_pubsub query = {.retract = &retract};
	return node == NULL || id == NULL ? ENVOI_ERR_INVALID
					  : set(session, service, &query, done, user);
}

/* --- subscribers: section 6 --- */

static int request_page(struct envoi_session *session, const char *service,
	const struct envoi_pubsub_page *query, envoi_answer_fn *done, void *user)
{
	return request(session, service, ENVOI_IQ_GET, &envoi_pubsub_page_type, query,
		&envoi_pubsub_type, done, user);
}

int envoi_pubsub_items_get(struct envoi_session *session, const char *service, const char *node,
	const char *const *ids, size_t count, uint32_t max, const struct envoi_rsm_request *page,
	envoi_answer_fn *done, void *user)
{
	struct envoi_context *context = envoi_session_context(session);
	struct envoi_pubsub_page query = {
		.items = {.node = text_of(node), .has_max = max > 0, .max = max},
		.page = (struct envoi_rsm_request *)(uintptr_t)page,
	};
	if (node == NULL) {
		return ENVOI_ERR_INVALID;
	}
	struct envoi_pubsub_item *items = count == 0
		? NULL
		: envoi_alloc_zeroed(context, count * sizeof(items[0]));
	if (count > 0 && items == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		items[i].id = text_of(ids[i]);
	}
	query.items.items = items;
	query.items.item_count = count;
	int r = request_page(session, service, &query, done, user);
	envoi_free(context, items);
	return r;
}

/* Who subscribes: the bare address of the session, or another one. */
static int choose_jid(struct envoi_jid **ret_jid, const struct envoi_session *session,
	const struct envoi_jid *jid)
{
	if (jid != NULL) {
		*ret_jid = envoi_jid_ref(jid);
		return ENVOI_OK;
	}
	const struct envoi_jid *own = envoi_session_jid(session);
	return own == NULL ? ENVOI_ERR_STATE : envoi_jid_bare(ret_jid, own);
}

int envoi_pubsub_subscribe(struct envoi_session *session, const char *service, const char *node,
	const struct envoi_jid *jid, const struct envoi_form *options, envoi_answer_fn *done,
	void *user)
{
	struct envoi_jid *who;
	int r = node == NULL ? ENVOI_ERR_INVALID : choose_jid(&who, session, jid);
	if (r < 0) {
		return r;
	}
	struct envoi_pubsub_subscriber subscribe = {.node = text_of(node), .jid = who};
	struct envoi_pubsub_options with = {
		.node = text_of(node), .jid = who, .form = form_of(options)};
	const struct envoi_pubsub query = {
		.subscribe = &subscribe,
		.options = options == NULL ? NULL : &with,
	};
	r = request(session, service, ENVOI_IQ_SET, &envoi_pubsub_type, &query, NULL, done, user);
	envoi_jid_unref(who);
	return r;
}

int envoi_pubsub_unsubscribe(struct envoi_session *session, const char *service, const char *node,
	const struct envoi_jid *jid, const char *subid, envoi_answer_fn *done, void *user)
{
	struct envoi_jid *who;
	int r = node == NULL ? ENVOI_ERR_INVALID : choose_jid(&who, session, jid);
	if (r < 0) {
		return r;
	}
	struct envoi_pubsub_subscriber unsubscribe = {
		.node = text_of(node), .jid = who, .subid = text_of(subid)};
	const struct envoi_pubsub query = {.unsubscribe = &unsubscribe};
	r = set(session, service, &query, done, user);
	envoi_jid_unref(who);
	return r;
}

static int request_options(struct envoi_session *session, const char *service, const char *node,
	const struct envoi_jid *jid, const char *subid, const struct envoi_form *form,
	envoi_answer_fn *done, void *user)
{
	struct envoi_jid *who;
	int r = node == NULL ? ENVOI_ERR_INVALID : choose_jid(&who, session, jid);
	if (r < 0) {
		return r;
	}
	struct envoi_pubsub_options options = {
		.node = text_of(node), .jid = who, .subid = text_of(subid), .form = form_of(form)};
	const struct envoi_pubsub query = {.options = &options};
	r = form == NULL ? get(session, service, &query, done, user)
			 : set(session, service, &query, done, user);
	envoi_jid_unref(who);
	return r;
}

int envoi_pubsub_options_get(struct envoi_session *session, const char *service, const char *node,
	const struct envoi_jid *jid, const char *subid, envoi_answer_fn *done, void *user)
{
	return request_options(session, service, node, jid, subid, NULL, done, user);
}

int envoi_pubsub_options_set(struct envoi_session *session, const char *service, const char *node,
	const struct envoi_jid *jid, const char *subid, const struct envoi_form *options,
	envoi_answer_fn *done, void *user)
{
	return options == NULL
		? ENVOI_ERR_INVALID
		: request_options(session, service, node, jid, subid, options, done, user);
}

int envoi_pubsub_subscriptions_get(struct envoi_session *session, const char *service,
	const char *node, envoi_answer_fn *done, void *user)
{
	struct envoi_pubsub_subscriptions list = {.node = text_of(node)};
	const struct envoi_pubsub query = {.subscriptions = &list};
	return get(session, service, &query, done, user);
}

int envoi_pubsub_affiliations_get(struct envoi_session *session, const char *service,
	const char *node, envoi_answer_fn *done, void *user)
{
	struct envoi_pubsub_affiliations list = {.node = text_of(node)};
	const struct envoi_pubsub query = {.affiliations = &list};
	return get(session, service, &query, done, user);
}
