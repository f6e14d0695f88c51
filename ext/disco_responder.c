/*
 * envoi - service discovery: answering
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/delivery.h>
#include <envoi/ext/disco.h>
#include <envoi/interfaces/session.h>

/** What the program has set for a node, or for the session itself. */
struct node {
	struct node *next;
	char *name; /* NULL: the session itself */
	struct envoi_disco_info *info; /* NULL: none */
	struct envoi_disco_items *items; /* NULL: none */
};

struct responder {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct node own;
	struct node *nodes;
};

static const struct envoi_handler_impl responder_impl;

static struct responder *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct responder, handler);
}

static struct responder *find_responder(const struct envoi_session *session)
{
	struct envoi_handler *handler = envoi_session_find(session, envoi_disco_extension.name);
	return handler != NULL && handler->impl == &responder_impl ? from_handler(handler) : NULL;
}

/* --- own information --- */

/** Features of the handlers and of the program; the texts are theirs. */
struct features {
	char **names;
	size_t count;
};

/* Counts only while there is no room for names. */
static void add_feature(struct features *features, const char *name)
{
	if (features->names != NULL) {
		features->names[features->count] = (char *)(uintptr_t)name;
	}
	features->count++;
}

static void add_all(struct features *features, const struct responder *responder,
	struct envoi_handler *const *handlers, size_t handler_count)
{
	features->count = 0;
	for (size_t i = 0; i < handler_count; i++) {
		const char *const *uri = handlers[i]->impl->uris;
		for (; uri != NULL && *uri != NULL; uri++) {
			add_feature(features, *uri);
		}
	}
	const struct envoi_disco_info *info = responder->own.info;
	for (size_t i = 0; info != NULL && i < info->feature_count; i++) {
		add_feature(features, info->features[i]);
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A feature that stands twice makes the answer ill-formed (XEP-0115, section 5.4). */
static void sort_and_join(struct features *features)
{
	qsort(features->names, features->count, sizeof(features->names[0]), compare_names);
	size_t kept = 0;
	for (size_t i = 0; i < features->count; i++) {
		if (kept == 0 || strcmp(features->names[kept - 1], features->names[i]) != 0) {
			features->names[kept++] = features->names[i];
		}
	}
	features->count = kept;
}

/* This handler itself has features: none of the arrays is empty. */
static int gather(struct features *features, const struct responder *responder,
	const struct envoi_session *session)
{
	size_t count = envoi_session_handlers(session, NULL, 0);
	struct envoi_handler **handlers = envoi_alloc(
		responder->context, count * sizeof(handlers[0]));
	if (handlers == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	(void)envoi_session_handlers(session, handlers, count);
	add_all(features, responder, handlers, count);
	features->names = envoi_alloc(
		responder->context, features->count * sizeof(features->names[0]));
	if (features->names != NULL) {
		add_all(features, responder, handlers, count);
		sort_and_join(features);
	}
	envoi_free(responder->context, handlers);
	return features->names == NULL ? ENVOI_ERR_NOMEM : ENVOI_OK;
}

static char client_category[] = "client", client_type[] = "pc";
static char other_category[] = "component", other_type[] = "generic";

static struct envoi_disco_identity default_identity(const struct envoi_session *session)
{
	bool is_client = envoi_session_client(session) != NULL;
	return (struct envoi_disco_identity){
		.category = is_client ? client_category : other_category,
		.type = is_client ? client_type : other_type,
	};
}

/** Information about the session; its arrays are borrowed from the other members, and from the
 * responder. */
struct own_info {
	struct envoi_disco_info info;
	struct envoi_disco_identity identity;
	struct features features; /* to be freed */
};

static int own_info_make(
	struct own_info *own, const struct responder *responder, struct envoi_session *session)
{
	*own = (struct own_info){.identity = default_identity(session)};
	int r = gather(&own->features, responder, session);
	if (r < 0) {
		return r;
	}
	if (responder->own.info != NULL) {
		own->info = *responder->own.info;
	}
	if (own->info.identity_count == 0) {
		own->info.identities = &own->identity;
		own->info.identity_count = 1;
	}
	own->info.features = own->features.names;
	own->info.feature_count = own->features.count;
	return ENVOI_OK;
}

int envoi_disco_own_info(struct envoi_disco_info **ret_info, struct envoi_session *session)
{
	const struct responder *responder = find_responder(session);
	if (responder == NULL) {
		return ENVOI_ERR_STATE;
	}
	struct own_info own;
	int r = own_info_make(&own, responder, session);
	if (r < 0) {
		return r;
	}
	struct envoi_disco_info *copy = envoi_payload_dup(
		responder->context, &envoi_disco_info_type, &own.info);
	envoi_free(responder->context, own.features.names);
	if (copy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	*ret_info = copy;
	return ENVOI_OK;
}

/* --- nodes --- */

/* Some clients write an empty node for none. */
static struct node *find_node(struct responder *responder, const char *name)
{
	if (name == NULL || name[0] == '\0') {
		return &responder->own;
	}
	struct node *node = responder->nodes;
	while (node != NULL && strcmp(node->name, name) != 0) {
		node = node->next;
	}
	return node;
}

static struct node *add_node(struct responder *responder, const char *name)
{
	struct node *node = envoi_alloc_zeroed(responder->context, sizeof(*node));
	if (node == NULL) {
		return NULL;
	}
	node->name = envoi_strndup(responder->context, name, strlen(name));
	if (node->name == NULL) {
		envoi_free(responder->context, node);
		return NULL;
	}
	node->next = responder->nodes;
	responder->nodes = node;
	return node;
}

static void drop_contents(struct node *node)
{
	envoi_payload_free(&envoi_disco_info_type, node->info);
	envoi_payload_free(&envoi_disco_items_type, node->items);
}

static void remove_first(struct responder *responder, struct node **link)
{
	struct node *node = *link;
	*link = node->next;
	drop_contents(node);
	envoi_free(responder->context, node->name);
	envoi_free(responder->context, node);
}

static void remove_empty_nodes(struct responder *responder)
{
	struct node **link = &responder->nodes;
	while (*link != NULL) {
		if ((*link)->info == NULL && (*link)->items == NULL) {
			remove_first(responder, link);
		} else {
			link = &(*link)->next;
		}
	}
}

static bool is_same_text(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static bool is_same_identity(
	const struct envoi_disco_identity *a, const struct envoi_disco_identity *b)
{
	return is_same_text(a->category, b->category) && is_same_text(a->type, b->type) &&
		is_same_text(a->lang, b->lang);
}

static bool has_identity_twice(const struct envoi_disco_info *info)
{
	for (size_t i = 0; i < info->identity_count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (is_same_identity(&info->identities[i], &info->identities[k])) {
				return true;
			}
		}
	}
	return false;
}

/**
 * Find the node to be changed, and copy what will be set.
 * @param value  NULL: nothing will be set
 * @param[out] ret_copy  NULL if @p value is
 */
static int prepare(struct node **ret_node, void **ret_copy, struct responder *responder,
	const char *name, const struct envoi_payload_type *type, const void *value)
{
	if (responder == NULL) {
		return ENVOI_ERR_STATE;
	}
	int r = value == NULL ? ENVOI_OK : envoi_payload_check(type, value, NULL);
	if (r < 0 || (name != NULL && name[0] == '\0')) {
		return ENVOI_ERR_INVALID;
	}
	void *copy = value == NULL ? NULL : envoi_payload_dup(responder->context, type, value);
	struct node *node = find_node(responder, name);
	if (node == NULL && copy != NULL) {
		node = add_node(responder, name);
	}
	if (value != NULL && (copy == NULL || node == NULL)) {
		envoi_payload_free(type, copy);
		remove_empty_nodes(responder);
		return ENVOI_ERR_NOMEM;
	}
	*ret_node = node;
	*ret_copy = copy;
	return ENVOI_OK;
}

int envoi_disco_set_info(
	struct envoi_session *session, const char *node, const struct envoi_disco_info *info)
{
	struct responder *responder = find_responder(session);
	struct node *changed;
	void *copy;
	if (info != NULL && has_identity_twice(info)) {
		return ENVOI_ERR_INVALID;
	}
	int r = prepare(&changed, &copy, responder, node, &envoi_disco_info_type, info);
	if (r == ENVOI_OK && changed != NULL) {
		envoi_payload_free(&envoi_disco_info_type, changed->info);
		changed->info = copy;
		remove_empty_nodes(responder);
		if (node == NULL) {
			envoi_session_note_features(session);
		}
	}
	return r;
}

int envoi_disco_set_items(
	struct envoi_session *session, const char *node, const struct envoi_disco_items *items)
{
	struct responder *responder = find_responder(session);
	struct node *changed;
	void *copy;
	int r = prepare(&changed, &copy, responder, node, &envoi_disco_items_type, items);
	if (r == ENVOI_OK && changed != NULL) {
		envoi_payload_free(&envoi_disco_items_type, changed->items);
		changed->items = copy;
		remove_empty_nodes(responder);
	}
	return r;
}

/* --- answering --- */

static char branch_category[] = "hierarchy", branch_type[] = "branch";
static struct envoi_disco_identity branch_identity = {
	.category = branch_category, .type = branch_type};
static const struct envoi_disco_info branch_info = {
	.identities = &branch_identity, .identity_count = 1};

static int answer_own(struct responder *responder, struct envoi_delivery *in, char *node)
{
	struct own_info own;
	int r = own_info_make(&own, responder, envoi_delivery_session(in));
	if (r == ENVOI_OK) {
		own.info.node = node;
		r = envoi_reply_result(in, &envoi_disco_info_type, &own.info);
		envoi_free(responder->context, own.features.names);
	}
	return r;
}

/* Section 3.2: the answer has the node of the request. */
static int on_info(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct responder *responder = from_handler(self);
	const struct envoi_disco_query *query = envoi_delivery_payload(
		in, &envoi_disco_info_query_type);
	const struct node *node = find_node(responder, query->node);
	if (node == NULL) {
		return envoi_reply_error(in, ENVOI_ITEM_NOT_FOUND, NULL);
	}
	if (node == &responder->own) {
		return answer_own(responder, in, query->node);
	}
	struct envoi_disco_info info = node->info != NULL ? *node->info : branch_info;
	info.node = query->node;
	return envoi_reply_result(in, &envoi_disco_info_type, &info);
}

/* Section 7: an entity without items has an empty list of them. */
static int on_items(struct envoi_handler *self, struct envoi_delivery *in)
{
	const struct envoi_disco_query *query = envoi_delivery_payload(
		in, &envoi_disco_items_query_type);
	const struct node *node = find_node(from_handler(self), query->node);
	if (node == NULL) {
		return envoi_reply_error(in, ENVOI_ITEM_NOT_FOUND, NULL);
	}
	struct envoi_disco_items items = {.node = NULL};
	if (node->items != NULL) {
		items = *node->items;
	}
	items.node = query->node;
	return envoi_reply_result(in, &envoi_disco_items_type, &items);
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_IQ_GET, .payload = &envoi_disco_info_query_type, .handle = on_info},
	{.kind = ENVOI_IQ_GET, .payload = &envoi_disco_items_query_type, .handle = on_items},
	ENVOI_ROWS_END,
};
static const char *const uris[] = {ENVOI_NS_DISCO_INFO, ENVOI_NS_DISCO_ITEMS, NULL};

static void responder_destroy(struct envoi_handler *self)
{
	struct responder *responder = from_handler(self);
	struct envoi_context *context = responder->context;
	while (responder->nodes != NULL) {
		remove_first(responder, &responder->nodes);
	}
	drop_contents(&responder->own);
	envoi_free(context, responder);
	envoi_context_unref(context);
}

static const struct envoi_handler_impl responder_impl = {
	.name = "disco",
	.stanzas = stanzas,
	.uris = uris,
	.destroy = responder_destroy,
};

static int make(struct envoi_handler **ret_handler, struct envoi_session *session)
{
	struct envoi_context *context = envoi_session_context(session);
	struct responder *responder = envoi_alloc_zeroed(context, sizeof(*responder));
	if (responder == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	responder->handler.impl = &responder_impl;
	responder->context = envoi_context_ref(context);
	*ret_handler = &responder->handler;
	return ENVOI_OK;
}

const struct envoi_extension envoi_disco_extension = {.name = "disco", .make = make};
