/*
 * envoi - BOSH, the receiving side: from a request to its session
 * SPDX-License-Identifier: MIT
 *
 * Private headers: see bosh_hosted.h; parsers of other roots than that of a stream have no public
 * ones.
 */
#include <stdio.h>
#include <string.h>

#include <envoi/settings.h>
#include <envoi/values.h>

#include "bosh_hosted.h"
#include "http/http_settings.h"
#include "settings/settings.h"
#include "xml/wrapped.h"

struct envoi_bosh_receiver {
	struct envoi_context *context; /* a reference */
	struct envoi_channel_options options;
	unsigned int most_sessions, most_per_address;
	struct envoi__map by_sid;
	struct envoi__list sessions, exchanges;
	size_t session_count;
	int (*opened)(void *user, struct envoi_transport *transport);
	void *user;
};

struct envoi_bosh_exchange {
	struct envoi__list link; /* of the receiver */
	struct envoi_context *context; /* a reference */
	struct hosted *hosted; /* that has the request; NULL: none */
	struct hosted_request *request;
	struct envoi_deferred later;
	struct envoi_buffer answer;
	bool has_login;
	void (*answer_fn)(void *user, const char *body, size_t len);
	void *user;
};

/* --- exchanges --- */

void envoi__exchange_bind(struct envoi_bosh_exchange *exchange, struct hosted_request *request)
{
	exchange->request = request;
	if (request != NULL) {
		request->exchange = exchange;
	}
}

static void unbind(struct envoi_bosh_exchange *exchange)
{
	if (exchange->request != NULL) {
		exchange->request->exchange = NULL;
		exchange->request = NULL;
	}
}

void envoi_bosh_exchange_free(struct envoi_bosh_exchange *exchange)
{
	if (exchange == NULL) {
		return;
	}
	struct envoi_context *context = exchange->context;
	struct hosted *hosted = exchange->request != NULL ? exchange->hosted : NULL;
	unbind(exchange);
	if (hosted != NULL) {
		envoi__hosted_watch_inactivity(hosted);
	}
	envoi_deferred_cancel(&exchange->later);
	envoi__list_remove(&exchange->link);
	envoi_buffer_wipe(&exchange->answer);
	envoi_free(context, exchange);
	envoi_context_unref(context);
}

static void on_later(struct envoi_deferred *deferred)
{
	struct envoi_bosh_exchange *exchange = ENVOI_CONTAINER_OF(
		deferred, struct envoi_bosh_exchange, later);
	struct envoi_buffer answer = exchange->answer;
	void (*answer_fn)(void *user, const char *body, size_t len) = exchange->answer_fn;
	void *user = exchange->user;
	envoi_buffer_init(&exchange->answer, exchange->context, 0);
	envoi_bosh_exchange_free(exchange);
	answer_fn(user, envoi_buffer_data(&answer), envoi_buffer_len(&answer));
	envoi_buffer_wipe(&answer);
}

/* Without memory the answer is empty, which is no body: the client sends the request again. */
void envoi__exchange_answer(struct envoi_bosh_exchange *exchange, const char *body, size_t len)
{
	unbind(exchange);
	(void)!envoi_buffer_append(&exchange->answer, body, len);
	envoi_deferred_post(&exchange->later, envoi_context_loop(exchange->context), on_later);
}

void envoi__exchange_end(struct envoi_bosh_exchange *exchange, const char *condition)
{
	char body[160];
	int len = snprintf(body, sizeof(body),
		"<body xmlns='" ENVOI__BOSH_NS "' type='terminate'%s%s%s/>",
		condition != NULL ? " condition='" : "", condition != NULL ? condition : "",
		condition != NULL ? "'" : "");
	envoi__exchange_answer(exchange, body, (size_t)len);
}

bool envoi_bosh_exchange_has_login(const struct envoi_bosh_exchange *exchange)
{
	return exchange->has_login;
}

/* --- sessions --- */

void envoi__hosted_forget(struct hosted *hosted)
{
	struct envoi_bosh_receiver *receiver = hosted->receiver;
	if (receiver != NULL) {
		envoi__map_remove(&receiver->by_sid, hosted->sid, strlen(hosted->sid));
		envoi__list_remove(&hosted->link);
		receiver->session_count--;
		hosted->receiver = NULL;
	}
}

void envoi__hosted_settle(struct hosted *hosted)
{
	hosted->is_settled = hosted->holder.is_settled = true;
}

static bool is_of_site(const struct hosted *hosted, const struct envoi__site *site)
{
	return site->len > 0 && hosted->site.len == site->len &&
		memcmp(hosted->site.bytes, site->bytes, site->len) == 0;
}

static bool is_full(const struct envoi_bosh_receiver *receiver, const char *address)
{
	struct envoi__site site;
	envoi__site_of_text(&site, address);
	const struct envoi__list *end = &receiver->sessions;
	unsigned int count = 0;
	for (struct envoi__list *link = end->next; link != end; link = link->next) {
		const struct hosted *hosted = ENVOI_CONTAINER_OF(link, struct hosted, link);
		count += !hosted->is_settled && is_of_site(hosted, &site);
	}
	return receiver->session_count >= receiver->most_sessions ||
		count >= receiver->most_per_address;
}

static int enter_session(struct envoi_bosh_receiver *receiver, struct hosted *hosted)
{
	int r = envoi__map_add(&receiver->by_sid, hosted->sid, strlen(hosted->sid), hosted);
	if (r == ENVOI_OK) {
		hosted->receiver = receiver;
		envoi__list_append(&receiver->sessions, &hosted->link);
		receiver->session_count++;
	}
	return r;
}

/* @return NULL: not possible */
static struct hosted *make_session(struct envoi_bosh_receiver *receiver,
	const struct envoi_bosh_request *request, const struct hosted_body *body)
{
	struct hosted *hosted;
	if (envoi__hosted_new(&hosted, receiver->context, &receiver->options, body) < 0) {
		return NULL;
	}
	hosted->is_secure = request->is_secure;
	snprintf(hosted->address, sizeof(hosted->address), "%s",
		request->address != NULL ? request->address : "");
	envoi__site_of_text(&hosted->site, request->address);
	if (enter_session(receiver, hosted) < 0) {
		envoi_transport_destroy(&hosted->base);
		return NULL;
	}
	return hosted;
}

/* --- requests --- */

/* XEP-0206, section 2: many clients leave out the namespace of stanzas. */
static const struct envoi__xml_root expected_root = {
	.ns = ENVOI__BOSH_NS,
	.name = "body",
	.end = "</body",
	.content_ns = ENVOI_NS_CLIENT,
};

/* Feed the parser up to the end of the root's tag: the session has the limits for the rest.
 * @param[out] ret_used  bytes @return NULL: malformed */
static struct envoi_element *read_root(
	struct envoi_xml_parser *parser, const char *data, size_t len, size_t *ret_used)
{
	struct envoi_xml_item item;
	int r = ENVOI_AGAIN;
	*ret_used = 0;
	while (r == ENVOI_AGAIN && *ret_used < len) {
		const char *at = data + *ret_used;
		const char *end = memchr(at, '>', len - *ret_used);
		size_t piece = end != NULL ? (size_t)(end - at) + 1 : len - *ret_used;
		r = envoi_xml_parser_feed(parser, at, piece);
		*ret_used += piece;
		r = r < 0 ? r : envoi_xml_parser_next(parser, &item);
	}
	return r == ENVOI_OK ? item.element : NULL;
}

static bool read_number(
	const struct envoi_element *root, const char *name, uint64_t most, uint64_t *value)
{
	const char *text = envoi_element_attr(root, name);
	return text == NULL || envoi_uint_parse(text, 0, most, value) == ENVOI_OK;
}

static bool is_set(const char *value)
{
	return value != NULL && (strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

/* @return whether it is a body of BOSH */
static bool read_body(struct hosted_body *body, const struct envoi_element *root)
{
	const char *type = envoi_element_attr(root, "type");
	*body = (struct hosted_body){
		.wait_s = UINT32_MAX,
		.hold = 1,
		.sid = envoi_element_attr(root, "sid"),
		.to = envoi_element_attr(root, "to"),
		.from = envoi_element_attr(root, "from"),
		.lang = envoi_element_attr_ns(root, ENVOI_NS_XML, "lang"),
		.key = envoi_element_attr(root, "key"),
		.new_key = envoi_element_attr(root, "newkey"),
		.is_restart = is_set(envoi_element_attr_ns(root, ENVOI__XBOSH_NS, "restart")),
		.is_end = type != NULL && strcmp(type, "terminate") == 0,
		.acks = envoi_element_attr(root, "ack") != NULL,
	};
	return strcmp(envoi_element_name(root), "body") == 0 &&
		strcmp(envoi_element_ns(root), ENVOI__BOSH_NS) == 0 &&
		read_number(root, "rid", BOSH_LAST_RID, &body->rid) && body->rid > 0 &&
		read_number(root, "wait", UINT32_MAX, &body->wait_s) &&
		read_number(root, "hold", UINT32_MAX, &body->hold) &&
		read_number(root, "pause", UINT32_MAX, &body->pause_s) &&
		read_number(root, "ack", BOSH_LAST_RID, &body->ack);
}

/* @return NULL: it is refused, with *ret_condition */
static struct hosted *create(struct envoi_bosh_receiver *receiver,
	const struct envoi_bosh_request *request, const struct hosted_body *body,
	const char **ret_condition)
{
	*ret_condition = "policy-violation";
	if (is_full(receiver, request->address)) {
		return NULL;
	}
	*ret_condition = "internal-server-error";
	struct hosted *hosted = make_session(receiver, request, body);
	if (hosted == NULL) {
		return NULL;
	}
	envoi__hosted_enter(hosted);
	int r = receiver->opened(receiver->user, &hosted->base);
	bool is_gone = r < 0 || envoi__guard_is_over(&hosted->guard) ||
		hosted->state >= HOSTED_OVER;
	envoi__hosted_leave(hosted);
	return is_gone ? NULL : hosted;
}

/* A session of TLS gives nothing to a request without. */
static struct hosted *find(const struct envoi_bosh_receiver *receiver,
	const struct envoi_bosh_request *request, const struct hosted_body *body,
	const char **ret_condition)
{
	struct hosted *hosted = envoi__map_get(&receiver->by_sid, body->sid, strlen(body->sid));
	*ret_condition = "item-not-found";
	return hosted != NULL && (request->is_secure || !hosted->is_secure) ? hosted : NULL;
}

/* @param parser  taken @param at  behind the root's tag */
static void pass_on(struct envoi_bosh_receiver *receiver, struct envoi_bosh_exchange *exchange,
	struct envoi_xml_parser *parser, const struct envoi_bosh_request *request,
	const struct hosted_body *body, size_t at)
{
	const char *condition;
	struct hosted *hosted = body->sid != NULL ? find(receiver, request, body, &condition)
						  : create(receiver, request, body, &condition);
	if (hosted == NULL) {
		envoi_xml_parser_free(parser);
		envoi__exchange_end(exchange, condition);
		return;
	}
	exchange->hosted = hosted;
	exchange->has_login = hosted->is_settled;
	envoi_xml_parser_set_limits(parser, &hosted->limits);
	if (at < request->len) {
		/* an error is found when the content is delivered */
		(void)!envoi_xml_parser_feed(parser, request->body + at, request->len - at);
	}
	envoi__hosted_take(hosted, exchange, parser, body);
}

static int take(struct envoi_bosh_receiver *receiver, struct envoi_bosh_exchange *exchange,
	const struct envoi_bosh_request *request)
{
	struct envoi_xml_parser *parser;
	struct hosted_body body;
	size_t used;
	int r = envoi_xml_parser_new(&parser, receiver->context, &receiver->options.limits);
	if (r < 0) {
		return r;
	}
	envoi__xml_parser_wrap(parser, &expected_root);
	struct envoi_element *root = read_root(parser, request->body, request->len, &used);
	if (root != NULL && read_body(&body, root)) {
		pass_on(receiver, exchange, parser, request, &body, used);
	} else {
		envoi_xml_parser_free(parser);
		envoi__exchange_end(exchange, "bad-request");
	}
	envoi_element_unref(root);
	return ENVOI_OK;
}

int envoi_bosh_receiver_take(struct envoi_bosh_receiver *receiver,
	const struct envoi_bosh_request *request, struct envoi_bosh_exchange **ret_exchange)
{
	struct envoi_bosh_exchange *exchange = request->answer == NULL
		? NULL
		: envoi_alloc_zeroed(receiver->context, sizeof(*exchange));
	if (exchange == NULL) {
		return request->answer == NULL ? ENVOI_ERR_INVALID : ENVOI_ERR_NOMEM;
	}
	exchange->context = envoi_context_ref(receiver->context);
	exchange->answer_fn = request->answer;
	exchange->user = request->user;
	envoi_buffer_init(&exchange->answer, receiver->context, 0);
	envoi__list_append(&receiver->exchanges, &exchange->link);
	int r = take(receiver, exchange, request);
	if (r < 0) {
		envoi_bosh_exchange_free(exchange);
		return r;
	}
	*ret_exchange = exchange;
	return ENVOI_OK;
}

/* --- life --- */

static void end_sessions(struct envoi_bosh_receiver *receiver)
{
	while (!envoi__list_is_empty(&receiver->sessions)) {
		struct hosted *hosted = ENVOI_CONTAINER_OF(
			receiver->sessions.next, struct hosted, link);
		struct envoi_failure why;
		envoi_failure_set(&why, receiver->context, ENVOI_PHASE_NONE, ENVOI_ERR_DISCONNECTED,
			"no requests are received any more");
		envoi__hosted_finish_now(hosted, &why); /* it forgets the receiver */
	}
}

void envoi_bosh_receiver_free(struct envoi_bosh_receiver *receiver)
{
	if (receiver == NULL) {
		return;
	}
	struct envoi_context *context = receiver->context;
	end_sessions(receiver);
	while (!envoi__list_is_empty(&receiver->exchanges)) {
		envoi_bosh_exchange_free(ENVOI_CONTAINER_OF(
			receiver->exchanges.next, struct envoi_bosh_exchange, link));
	}
	envoi__map_finish(&receiver->by_sid);
	envoi_free(context, receiver);
	envoi_context_unref(context);
}

static int take_settings(
	struct envoi_bosh_receiver *receiver, const struct envoi_settings *settings)
{
	struct envoi__http_settings values;
	settings = settings != NULL ? settings : envoi__default_settings(receiver->context);
	if (settings == NULL || envoi_context_loop(receiver->context) == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi__http_settings_read(&values, settings);
	receiver->most_sessions = values.bosh_sessions;
	receiver->most_per_address = values.bosh_per_address;
	return envoi_channel_options_read(&receiver->options, receiver->context, settings);
}

int envoi_bosh_receiver_new(struct envoi_bosh_receiver **ret_receiver,
	struct envoi_context *context, const struct envoi_bosh_receiver_options *options)
{
	struct envoi_bosh_receiver *receiver = options->opened == NULL
		? NULL
		: envoi_alloc_zeroed(context, sizeof(*receiver));
	if (receiver == NULL) {
		return options->opened == NULL ? ENVOI_ERR_INVALID : ENVOI_ERR_NOMEM;
	}
	receiver->context = envoi_context_ref(context);
	receiver->opened = options->opened;
	receiver->user = options->user;
	envoi__map_init(&receiver->by_sid, context);
	envoi__list_init(&receiver->sessions);
	envoi__list_init(&receiver->exchanges);
	int r = take_settings(receiver, options->settings);
	if (r < 0) {
		envoi_bosh_receiver_free(receiver);
		return r;
	}
	*ret_receiver = receiver;
	return ENVOI_OK;
}
