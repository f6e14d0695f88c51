/*
 * envoi - test kit: stream management of a server (XEP-0198)
 * SPDX-License-Identifier: MIT
 */
/* Written against the specification alone: nothing of the library's own stream management, which is
 * what it tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/values.h>

#include "server.h"

#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"

enum {
	ASK_AFTER_STANZAS = 5,
	ASK_AFTER_MS = 1000,
};

static struct envoi_test_server *server_of(struct envoi_handler *self)
{
	return ENVOI_CONTAINER_OF(self, struct envoi_test_server, management);
}

static struct envoi_element *element_new(struct envoi_test_server *server, const char *name)
{
	return envoi_element_new(server->context, NS_MANAGEMENT, name);
}

static void set_number(struct envoi_element *element, const char *name, uint64_t value)
{
	char text[ENVOI_INT_SIZE];
	envoi_element_set(element, name, envoi_uint_print(text, value));
}

static int send_element(struct envoi_stream *stream, struct envoi_element *element)
{
	int r = envoi_stream_send_element(stream, element);
	envoi_element_unref(element);
	return r;
}

static int get_h(const struct envoi_element *element, uint32_t *ret_h)
{
	uint64_t value;
	const char *text = envoi_element_attr(element, "h");
	int r = text == NULL ? ENVOI_ERR_INVALID : envoi_uint_parse(text, 0, UINT32_MAX, &value);
	if (r == ENVOI_OK) {
		*ret_h = (uint32_t)value;
	}
	return r;
}

/* --- acknowledgements of the client --- */

/* Stanzas that this connection was given, in all: what h can be at most. */
static uint32_t sent(const struct session *session)
{
	uint32_t count = session->acknowledged;
	for (const struct queued *at = session->queue.first; at != session->unsent; at = at->next) {
		count++;
	}
	return count;
}

static bool is_ahead(const struct session *session, uint32_t h)
{
	return h - session->acknowledged > sent(session) - session->acknowledged;
}

static void acknowledge(struct session *session, uint32_t h)
{
	while (session->acknowledged != h) {
		envoi_stanza_unref(testing_queue_take(&session->queue));
		session->acknowledged++;
	}
}

static int ask_now(struct session *session)
{
	session->awaits_ack = true;
	session->unasked = 0;
	envoi_timer_stop(&session->ask_timer);
	return send_element(session->connection->stream, element_new(session->server, "r"));
}

static void on_ask_timer(struct envoi_timer *timer)
{
	struct session *session = ENVOI_CONTAINER_OF(timer, struct session, ask_timer);
	struct envoi_world *world = session->server->world;
	if (session->connection->is_ready && session->queue.count > 0) {
		testing_spare(world);
		(void)ask_now(session); /* fails on a stream that is closing */
		testing_unspare(world);
	}
}

void testing_management_ask(struct session *session)
{
	bool can_ask = session->connection != NULL && session->connection->is_ready &&
		session->is_managed && !session->awaits_ack && session->queue.count > 0;
	if (can_ask && session->unasked >= ASK_AFTER_STANZAS) {
		(void)ask_now(session);
	} else if (can_ask && !envoi_timer_is_started(&session->ask_timer)) {
		envoi_timer_start(&session->ask_timer, session->server->world->loop, ASK_AFTER_MS,
			on_ask_timer);
	}
}

/* Section 4: an `h` beyond what was sent ends the stream. */
static int take_a(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	uint32_t h = 0;
	struct connection *connection = testing_connection(stream, server_of(self));
	struct session *session = connection->session;
	if (session == NULL) {
		return ENVOI_OK;
	}
	if (!session->is_managed || get_h(element, &h) < 0 || is_ahead(session, h)) {
		return envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL,
			ENVOI_STREAM_UNDEFINED_CONDITION, "bad acknowledgement");
	}
	acknowledge(session, h);
	session->awaits_ack = false;
	testing_management_ask(session);
	return ENVOI_OK;
}

static int take_r(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)element;
	struct connection *connection = testing_connection(stream, server_of(self));
	struct session *session = connection->session;
	if (session == NULL) {
		return ENVOI_OK;
	}
	if (!session->is_managed) {
		return envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL,
			ENVOI_STREAM_UNSUPPORTED_STANZA_TYPE, "not enabled");
	}
	struct envoi_element *answer = element_new(server_of(self), "a");
	set_number(answer, "h", session->handled);
	return send_element(stream, answer);
}

/* --- enabling (section 3) --- */

static int refuse(struct envoi_handler *self, struct envoi_stream *stream, const char *condition,
	const struct former *former)
{
	struct envoi_element *failed = element_new(server_of(self), "failed");
	if (former != NULL) {
		set_number(failed, "h", former->handled);
	}
	envoi_element_add(failed, NS_STANZAS, condition);
	return send_element(stream, failed);
}

/* The client may wish for a shorter time, in seconds. */
static void allow_resumption(struct session *session, const struct envoi_element *enable)
{
	struct envoi_test_server *server = session->server;
	bool wanted = false;
	uint64_t max;
	const char *resume = envoi_element_attr(enable, "resume");
	const char *wish = envoi_element_attr(enable, "max");
	if (resume == NULL || envoi_bool_parse(resume, &wanted) < 0 || !wanted ||
		!server->options.resumes) {
		return;
	}
	session->hibernation_ms = server->options.hibernation_ms;
	if (wish != NULL && envoi_uint_parse(wish, 1, UINT32_MAX, &max) == ENVOI_OK &&
		max * 1000 < session->hibernation_ms) {
		session->hibernation_ms = max * 1000;
	}
	snprintf(session->id, sizeof(session->id), "session-%u", session->number);
}

static int take_enable(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi_test_server *server = server_of(self);
	struct session *session = testing_connection(stream, server)->session;
	if (session == NULL || session->is_managed || !server->options.has_stream_management) {
		return refuse(self, stream, "unexpected-request", NULL);
	}
	session->is_managed = true;
	session->handled = session->acknowledged = 0;
	allow_resumption(session, element);
	struct envoi_element *enabled = element_new(server, "enabled");
	if (session->id[0] != '\0') {
		envoi_element_set(enabled, "id", session->id);
		envoi_element_set(enabled, "resume", "true");
		set_number(enabled, "max", session->hibernation_ms / 1000);
	}
	return send_element(stream, enabled);
}

/* --- resuming (section 5) --- */

static struct session *session_of(
	const struct envoi_test_server *server, const char *user, const char *id)
{
	struct session *session = server->sessions;
	while (session != NULL &&
		(strcmp(session->id, id) != 0 || strcmp(session->account->user, user) != 0)) {
		session = session->next;
	}
	return session;
}

static const struct former *former_of(
	const struct envoi_test_server *server, const char *user, const char *id)
{
	const struct account *account = testing_account(server, user);
	const struct former *former = account != NULL ? account->formers : NULL;
	while (former != NULL && strcmp(former->id, id) != 0) {
		former = former->next;
	}
	return server->options.remembers_counts ? former : NULL;
}

/* The connection that had the session is closed with conflict. */
static void take_over(struct session *session, struct connection *connection)
{
	struct connection *before = session->connection;
	if (before != NULL) {
		before->session = NULL;
		testing_connection_end(before, ENVOI_STREAM_CONFLICT);
	}
	testing_session_attach(session, connection);
}

static int resume(struct envoi_handler *self, struct envoi_stream *stream, struct session *session,
	uint32_t h)
{
	struct envoi_element *resumed = element_new(server_of(self), "resumed");
	envoi_element_set(resumed, "previd", session->id);
	set_number(resumed, "h", session->handled);
	int r = send_element(stream, resumed);
	if (r < 0) {
		return r;
	}
	acknowledge(session, h);
	session->server->resumptions++;
	take_over(session, testing_connection(stream, server_of(self)));
	envoi_stream_set_local(stream, session->jid);
	envoi_stream_feature_done(stream, self, ENVOI_STREAM_BOUND, ENVOI_NEXT_FEATURE, NULL);
	return ENVOI_OK;
}

static bool counts_down(unsigned int *left)
{
	return *left > 0 && (*left)-- > 0;
}

static void cut(struct envoi_stream *stream)
{
	struct envoi_failure failure;
	envoi_failure_set(&failure, envoi_stream_context(stream), ENVOI_PHASE_BIND,
		ENVOI_ERR_DISCONNECTED, "cut in place of an answer");
	envoi_stream_cut(stream, &failure);
	envoi_failure_finish(&failure);
}

bool testing_management_ignores(struct envoi_test_server *server, struct envoi_stream *stream)
{
	if (counts_down(&server->options.ignores_resumes)) {
		return true;
	}
	if (counts_down(&server->options.closes_at_resumes)) {
		cut(stream);
		return true;
	}
	return false;
}

static int take_resume(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	uint32_t h = 0;
	struct envoi_test_server *server = server_of(self);
	if (testing_management_ignores(server, stream)) {
		return ENVOI_OK;
	}
	const char *user = envoi_sasl_user(stream, server->sasl);
	const char *id = envoi_element_attr(element, "previd");
	if (!server->options.has_stream_management) {
		return refuse(self, stream, "unexpected-request", NULL);
	}
	if (user == NULL || id == NULL || id[0] == '\0' || get_h(element, &h) < 0) {
		return refuse(self, stream, "bad-request", NULL);
	}
	struct session *session = session_of(server, user, id);
	if (session == NULL) {
		return refuse(self, stream, "item-not-found", former_of(server, user, id));
	}
	if (is_ahead(session, h)) {
		return envoi_stream_fail_with(stream, ENVOI_ERR_PROTOCOL,
			ENVOI_STREAM_UNDEFINED_CONDITION, "h is too high");
	}
	return resume(self, stream, session, h);
}

/* --- the handler --- */

static int offer(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	(void)stream;
	struct envoi_world *world = server_of(self)->world;
	if (server_of(self)->options.has_stream_management) {
		testing_spare(world);
		envoi_element_add(features, NS_MANAGEMENT, "sm");
		testing_unspare(world);
	}
	return envoi_element_error(features);
}

static const struct envoi_stream_feature feature = {
	.ns = NS_MANAGEMENT,
	.name = "sm",
	.order = ENVOI_ORDER_BIND - 1,
	.necessary = ENVOI_STREAM_AUTHENTICATED,
	.forbidden = ENVOI_STREAM_BOUND,
	.phase = ENVOI_PHASE_BIND,
	.offer = offer,
};

/* Elements of the stream. */
#define SPARED(function) \
	static int spared_##function(struct envoi_handler *self, struct envoi_stream *stream, \
		const struct envoi_element *element) \
	{ \
		struct envoi_world *world = server_of(self)->world; \
		testing_spare(world); \
		int r = function(self, stream, element); \
		testing_unspare(world); \
		return r; \
	}

SPARED(take_resume)
SPARED(take_enable)
SPARED(take_r)
SPARED(take_a)

#define ROW(element, bits, not_bits, function) \
	{ \
		.ns = NS_MANAGEMENT, .name = element, .roles = 1u << ENVOI_RECEIVER, \
		.necessary = bits, .forbidden = not_bits, .handle = spared_##function \
	}

static const struct envoi_stream_element_row rows[] = {
	ROW("resume", ENVOI_STREAM_AUTHENTICATED, ENVOI_STREAM_BOUND, take_resume),
	ROW("enable", ENVOI_STREAM_BOUND, 0, take_enable),
	ROW("r", ENVOI_STREAM_BOUND, 0, take_r),
	ROW("a", ENVOI_STREAM_BOUND, 0, take_a),
	{.name = NULL},
};

const struct envoi_handler_impl testing_management_impl = {
	.name = "stream-management",
	.stream_feature = &feature,
	.stream_elements = rows,
};
