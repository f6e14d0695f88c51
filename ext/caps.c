/*
 * envoi - XEP-0115: Entity Capabilities, version 1.6.0
 * SPDX-License-Identifier: MIT
 *
 * Payloads and own capabilities; beside them XEP-0390, version 0.3.2.
 */
#include <envoi/ext/caps.h>

#include <limits.h>
#include <string.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/delivery.h>
#include <envoi/values.h>
#include <envoi/watch.h>

#include "caps_inside.h"

/* --- payloads --- */

/* Each entity that sends presence has its key of them. */
enum {
	NAME_BYTES = 200,
	NODE_BYTES = 1000,
};

static const struct envoi_field caps_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_caps, hash, "hash", .max_bytes = NAME_BYTES),
	ENVOI_ATTR_TEXT(struct envoi_caps, node, "node", ENVOI_REQUIRED, .max_bytes = NODE_BYTES),
	ENVOI_ATTR_TEXT(struct envoi_caps, ver, "ver", ENVOI_REQUIRED, .max_bytes = NAME_BYTES),
	ENVOI_ATTR_TEXT(struct envoi_caps, ext, "ext", .max_bytes = NODE_BYTES),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_caps_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_caps, ENVOI_NS_CAPS, "c", caps_fields);

static const struct envoi_field hash_fields[] = {
	ENVOI_ATTR_TEXT(struct envoi_caps_hash, algo, "algo", ENVOI_REQUIRED),
	ENVOI_TEXT_BASE64(struct envoi_caps_hash, value, ENVOI_REQUIRED | ENVOI_SPACES),
	ENVOI_FIELDS_END,
};
static const struct envoi_payload_type hash_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_caps_hash, ENVOI_NS_HASHES, "hash", hash_fields);

static const struct envoi_field set_fields[] = {
	ENVOI_CHILDREN_STRUCT(struct envoi_caps_set, hashes, hash_count, struct envoi_caps_hash,
		&hash_type, ENVOI_LENIENT, .max_items = ENVOI_CAPS_MOST_SET),
	ENVOI_FIELDS_END,
};
const struct envoi_payload_type envoi_caps_set_type = ENVOI_PAYLOAD_TYPE(
	struct envoi_caps_set, ENVOI_NS_CAPS_2, "c", set_fields);

/* --- own capabilities --- */

enum {
	KEPT = 3, /* XEP-0390, section 7.1 */
	SHA_256_SIZE = 45,
	AGAIN_MS = 1000,
};

#define NODE_2 "urn:xmpp:caps#sha-256."

/** What was announced. */
struct announced {
	char ver[ENVOI_CAPS_VER_SIZE]; /* "": nothing */
	char second[SHA_256_SIZE]; /* "": none */
	struct envoi_disco_info *info;
};

struct caps {
	struct envoi_handler handler;
	struct envoi_context *context;
	struct envoi_session *session;
	char *node; /* NULL: ENVOI_CAPS_NODE */
	struct announced announced[KEPT]; /* the last one first */
	bool is_current; /* of announced[0] */
	uint64_t epoch; /* in which presence was sent last; 0: unavailable presence */
	bool is_due; /* what it had of us is incomplete, or the node has changed since */
	char sent[ENVOI_CAPS_VER_SIZE]; /* the hash in it */
	struct envoi_timer timer; /* presence is to be sent again */
};

static const struct envoi_handler_impl caps_impl;

static struct caps *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct caps, handler);
}

static struct caps *find(const struct envoi_session *session)
{
	struct envoi_handler *handler = envoi_session_find(session, caps_impl.name);
	return handler != NULL && handler->impl == &caps_impl ? from_handler(handler) : NULL;
}

static const char *node_of(const struct caps *self)
{
	return self->node == NULL ? ENVOI_CAPS_NODE : self->node;
}

/* --- hashes --- */

int envoi_caps_ver(char ret_ver[ENVOI_CAPS_VER_SIZE], struct envoi_context *context,
	const struct envoi_disco_info *info)
{
	struct envoi_buffer input;
	enum envoi__caps_input kind;
	char digest[ENVOI__CAPS_DIGEST_SIZE];
	envoi_buffer_init(&input, context, 0);
	int r = envoi__caps_input(&input, info, &kind);
	if (r == ENVOI_OK) {
		r = envoi__caps_digest(digest, "sha-1", &input);
	}
	if (r == ENVOI_OK) {
		memcpy(ret_ver, digest, ENVOI_CAPS_VER_SIZE);
	}
	envoi_buffer_finish(&input);
	return r == ENVOI_OK || r == ENVOI_ERR_NOMEM ? r : ENVOI_ERR_SYSTEM;
}

static int hash(struct announced *announced, struct envoi_context *context)
{
	struct envoi_buffer input;
	enum envoi__caps_input kind;
	char digest[ENVOI__CAPS_DIGEST_SIZE];
	int r = envoi_caps_ver(announced->ver, context, announced->info);
	envoi_buffer_init(&input, context, 0);
	if (r == ENVOI_OK) {
		r = envoi__caps_input_2(&input, announced->info, &kind);
	}
	if (r == ENVOI_OK && kind == ENVOI__CAPS_UNIQUE) {
		r = envoi__caps_digest(digest, "sha-256", &input);
		memcpy(announced->second, digest, r == ENVOI_OK ? sizeof(announced->second) : 0);
	}
	envoi_buffer_finish(&input);
	return r;
}

static void keep(struct caps *self, struct announced *announced)
{
	if (strcmp(announced->ver, self->announced[0].ver) == 0 &&
		strcmp(announced->second, self->announced[0].second) == 0) {
		envoi_payload_free(&envoi_disco_info_type, announced->info);
		return;
	}
	envoi_payload_free(&envoi_disco_info_type, self->announced[KEPT - 1].info);
	memmove(self->announced + 1, self->announced, (KEPT - 1) * sizeof(self->announced[0]));
	self->announced[0] = *announced;
}

/* Make announced[0] that of the session's features. */
static int refresh(struct caps *self)
{
	struct announced now = {.ver = ""};
	if (self->is_current) {
		return ENVOI_OK;
	}
	int r = envoi_disco_own_info(&now.info, self->session);
	if (r < 0) {
		return r;
	}
	r = hash(&now, self->context);
	if (r < 0) {
		envoi_payload_free(&envoi_disco_info_type, now.info);
		return r;
	}
	keep(self, &now);
	self->is_current = true;
	return ENVOI_OK;
}

/* --- presence --- */

static void remove_all(struct envoi_element *presence, const char *ns)
{
	struct envoi_element *child;
	while (envoi_element_error(presence) == ENVOI_OK &&
		(child = envoi_element_child(presence, ns, "c")) != NULL) {
		envoi_element_remove(child);
	}
}

/* A failure is the stanza's. */
static void add_second(struct envoi_stanza *presence, const char *value)
{
	unsigned char bytes[32];
	size_t len;
	if (envoi_base64_decode(bytes, &len, value, strlen(value)) < 0) {
		return;
	}
	struct envoi_caps_hash one = {.algo = (char *)(uintptr_t) "sha-256", .value = {bytes, len}};
	const struct envoi_caps_set set = {.hashes = &one, .hash_count = 1};
	(void)envoi_stanza_encode(presence, &envoi_caps_set_type, &set);
}

static void add(const struct caps *self, struct envoi_stanza *presence)
{
	const struct announced *now = &self->announced[0];
	const struct envoi_caps caps = {
		.hash = (char *)(uintptr_t) "sha-1",
		.node = (char *)(uintptr_t)node_of(self),
		.ver = (char *)(uintptr_t)now->ver,
	};
	remove_all(envoi_stanza_element(presence), ENVOI_NS_CAPS);
	remove_all(envoi_stanza_element(presence), ENVOI_NS_CAPS_2);
	(void)envoi_stanza_encode(presence, &envoi_caps_type, &caps);
	if (now->second[0] != '\0') {
		add_second(presence, now->second);
	}
}

static void on_due(struct envoi_timer *timer);

static void start_timer(struct caps *self, uint64_t ms)
{
	struct envoi_loop *loop = envoi_context_loop(self->context);
	if (loop != NULL) {
		envoi_timer_start(&self->timer, loop, ms, on_due);
	}
}

static bool has_sent(const struct caps *self)
{
	return self->epoch == envoi_session_epoch(self->session);
}

static void note_sent(struct caps *self, bool is_complete)
{
	self->epoch = envoi_session_epoch(self->session);
	self->is_due = !is_complete;
	memcpy(self->sent, self->announced[0].ver, sizeof(self->sent));
	if (is_complete) {
		envoi_timer_stop(&self->timer);
	} else {
		start_timer(self, AGAIN_MS);
	}
}

/* XEP-0115, sections 6.1 and 8.3. Presence is sent without a hash if there is no memory for one,
 * and again a second later. */
static int on_stanza_out(
	struct envoi_handler *handler, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)session;
	if (envoi_stanza_kind(stanza) != ENVOI_PRESENCE) {
		return ENVOI_OK;
	}
	struct caps *self = from_handler(handler);
	enum envoi_stanza_type type = envoi_stanza_type(stanza);
	bool is_broadcast = envoi_stanza_to_text(stanza) == NULL;
	if (type == ENVOI_TYPE_AVAILABLE) {
		int r = refresh(self);
		if (r == ENVOI_OK) {
			add(self, stanza);
		}
		if (is_broadcast) {
			note_sent(self, r == ENVOI_OK);
		}
	} else if (type == ENVOI_TYPE_UNAVAILABLE && is_broadcast) {
		self->epoch = 0;
	}
	return ENVOI_OK;
}

/* The handler may be freed inside the filters of presence: the timer is started first, and stopped
 * when presence passes. */
static void on_due(struct envoi_timer *timer)
{
	struct caps *self = ENVOI_CONTAINER_OF(timer, struct caps, timer);
	struct envoi_client *client = envoi_session_client(self->session);
	if (!has_sent(self) || client == NULL) {
		return;
	}
	int r = refresh(self);
	if (r == ENVOI_OK && !self->is_due && strcmp(self->sent, self->announced[0].ver) == 0) {
		return;
	}
	start_timer(self, AGAIN_MS);
	if (r == ENVOI_OK) {
		(void)envoi_client_renew_presence(client);
	}
}

static void features_changed(struct envoi_handler *handler)
{
	struct caps *self = from_handler(handler);
	self->is_current = false;
	if (has_sent(self)) {
		start_timer(self, 0);
	}
}

/* --- answering --- */

static bool is_first(const struct caps *self, const struct announced *announced, const char *node)
{
	size_t len = strlen(node_of(self));
	return announced->ver[0] != '\0' && strncmp(node, node_of(self), len) == 0 &&
		node[len] == '#' && strcmp(node + len + 1, announced->ver) == 0;
}

static bool is_second(const struct announced *announced, const char *node)
{
	return announced->second[0] != '\0' && strncmp(node, NODE_2, strlen(NODE_2)) == 0 &&
		strcmp(node + strlen(NODE_2), announced->second) == 0;
}

/* XEP-0115, section 6.2: the answer has the node of the request. */
static int on_info(struct envoi_handler *handler, struct envoi_delivery *in)
{
	const struct caps *self = from_handler(handler);
	const struct envoi_disco_query *query = envoi_delivery_payload(
		in, &envoi_disco_info_query_type);
	for (size_t i = 0; query->node != NULL && i < KEPT; i++) {
		const struct announced *announced = &self->announced[i];
		if (is_first(self, announced, query->node) || is_second(announced, query->node)) {
			struct envoi_disco_info info = *announced->info;
			info.node = query->node;
			return envoi_reply_result(in, &envoi_disco_info_type, &info);
		}
	}
	return ENVOI_DECLINED;
}

/* --- the handler --- */

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_IQ_GET,
		.payload = &envoi_disco_info_query_type,
		.priority = 1,
		.handle = on_info},
	ENVOI_ROWS_END,
};
static const char *const uris[] = {ENVOI_NS_CAPS, ENVOI_NS_CAPS_2, NULL};

/* Behind the filter of the client, which keeps presence as the program has sent it. */
static const struct envoi_filters filters = {.stanza_out = on_stanza_out, .priority = INT_MIN};

static void destroy(struct envoi_handler *handler)
{
	struct caps *self = from_handler(handler);
	struct envoi_context *context = self->context;
	envoi_timer_stop(&self->timer);
	for (size_t i = 0; i < KEPT; i++) {
		envoi_payload_free(&envoi_disco_info_type, self->announced[i].info);
	}
	envoi_free(context, self->node);
	envoi_free(context, self);
	envoi_context_unref(context);
}

static const struct envoi_handler_impl caps_impl = {
	.name = "caps",
	.stanzas = stanzas,
	.filters = &filters,
	.uris = uris,
	.features_changed = features_changed,
	.destroy = destroy,
};

static int make(struct envoi_handler **ret_handler, struct envoi_session *session)
{
	struct envoi_context *context = envoi_session_context(session);
	struct caps *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->handler.impl = &caps_impl;
	self->context = envoi_context_ref(context);
	self->session = session;
	*ret_handler = &self->handler;
	return ENVOI_OK;
}

static const struct envoi_extension *const needs[] = {&envoi_disco_extension, NULL};
const struct envoi_extension envoi_caps_extension = {.name = "caps", .needs = needs, .make = make};

int envoi_caps_set_node(struct envoi_session *session, const char *node)
{
	struct caps *self = find(session);
	if (self == NULL) {
		return ENVOI_ERR_STATE;
	}
	const struct envoi_caps caps = {
		.node = (char *)(uintptr_t)node, .ver = (char *)(uintptr_t) "1"};
	if (node != NULL &&
		(node[0] == '\0' || strchr(node, '#') != NULL ||
			envoi_payload_check(&envoi_caps_type, &caps, NULL) < 0)) {
		return ENVOI_ERR_INVALID;
	}
	char *copy = node == NULL ? NULL : envoi_strndup(self->context, node, strlen(node));
	if (node != NULL && copy == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_free(self->context, self->node);
	self->node = copy;
	self->is_due = true;
	if (has_sent(self)) {
		start_timer(self, 0);
	}
	return ENVOI_OK;
}
