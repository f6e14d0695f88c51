/*
 * envoi - test kit: the sessions of a server, and what waits in them
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

/* --- queues --- */

void testing_queue_init(struct queue *queue)
{
	*queue = (struct queue){.end = &queue->first};
}

void testing_queue_add(struct queue *queue, struct envoi_stanza *stanza)
{
	struct queued *queued = testing_alloc(sizeof(*queued));
	queued->stanza = envoi_stanza_ref(stanza);
	*queue->end = queued;
	queue->end = &queued->next;
	queue->count++;
}

struct envoi_stanza *testing_queue_take(struct queue *queue)
{
	struct queued *queued = queue->first;
	if (queued == NULL) {
		return NULL;
	}
	struct envoi_stanza *stanza = queued->stanza;
	queue->first = queued->next;
	if (queue->first == NULL) {
		queue->end = &queue->first;
	}
	queue->count--;
	free(queued);
	return stanza;
}

void testing_queue_clear(struct queue *queue)
{
	struct envoi_stanza *stanza;
	while ((stanza = testing_queue_take(queue)) != NULL) {
		envoi_stanza_unref(stanza);
	}
}

/* --- sessions --- */

struct session *testing_session_new(
	struct connection *connection, struct account *account, struct envoi_jid *jid)
{
	struct session *session = testing_alloc(sizeof(*session));
	session->server = connection->server;
	session->account = account;
	session->number = ++session->server->bound;
	session->jid = envoi_jid_ref(jid);
	session->next = session->server->sessions;
	session->server->sessions = session;
	testing_queue_init(&session->queue);
	testing_session_attach(session, connection);
	return session;
}

static void take_out(struct session *session)
{
	struct session **link = &session->server->sessions;
	while (*link != session) {
		link = &(*link)->next;
	}
	*link = session->next;
	envoi_timer_stop(&session->ask_timer);
	envoi_timer_stop(&session->hibernation_timer);
}

static void remember(const struct session *session)
{
	if (session->id[0] != '\0') {
		struct former *former = testing_alloc(sizeof(*former));
		memcpy(former->id, session->id, sizeof(former->id));
		former->handled = session->handled;
		former->next = session->account->formers;
		session->account->formers = former;
	}
}

void testing_session_free(struct session *session)
{
	if (session->library != NULL) {
		testing_library_end(session);
		return;
	}
	take_out(session);
	testing_queue_clear(&session->queue);
	envoi_jid_unref(session->jid);
	free(session);
}

static void move_all(struct queue *from, struct queue *to)
{
	struct envoi_stanza *stanza;
	while ((stanza = testing_queue_take(from)) != NULL) {
		testing_queue_add(to, stanza);
		envoi_stanza_unref(stanza);
	}
}

static void deliver_again(struct session *session)
{
	struct envoi_stanza *stanza;
	while ((stanza = testing_queue_take(&session->queue)) != NULL) {
		testing_deliver_again(session->server, stanza);
		envoi_stanza_unref(stanza);
	}
}

static void end_own(struct session *session)
{
	take_out(session);
	remember(session);
	deliver_again(session);
	envoi_jid_unref(session->jid);
	free(session);
}

/* What the session had is older than what was stored since it became unavailable. */
void testing_session_end(struct session *session)
{
	struct account *account = session->account;
	struct queue newer;
	testing_queue_init(&newer);
	if (account != NULL) {
		move_all(&account->stored, &newer);
	}
	if (session->library != NULL) {
		testing_library_end(session);
	} else {
		end_own(session);
	}
	if (account != NULL) {
		move_all(&newer, &account->stored);
	}
}

static void on_hibernation_timer(struct envoi_timer *timer)
{
	struct session *session = ENVOI_CONTAINER_OF(timer, struct session, hibernation_timer);
	struct envoi_world *world = session->server->world;
	testing_spare(world);
	testing_session_end(session);
	testing_unspare(world);
}

void testing_session_disconnected(struct session *session, bool is_final)
{
	session->connection = NULL;
	envoi_timer_stop(&session->ask_timer);
	if (is_final || session->id[0] == '\0') {
		testing_session_end(session);
	} else {
		envoi_timer_start(&session->hibernation_timer, session->server->world->loop,
			session->hibernation_ms, on_hibernation_timer);
	}
}

void testing_session_attach(struct session *session, struct connection *connection)
{
	session->connection = connection;
	connection->session = session;
	session->unsent = session->queue.first;
	session->awaits_ack = false;
	envoi_timer_stop(&session->hibernation_timer);
}

/* --- sending --- */

static int send_stanza(struct session *session, const struct envoi_stanza *stanza)
{
	struct envoi_buffer xml;
	envoi_buffer_init(&xml, session->server->context, 0);
	testing_check(
		envoi_xml_write(&xml, envoi_stanza_element(stanza), ENVOI_NS_CLIENT), "writing");
	int r = envoi_stream_send(
		session->connection->stream, envoi_buffer_data(&xml), envoi_buffer_len(&xml));
	envoi_buffer_finish(&xml);
	return r;
}

/* Without stream management a stanza is forgotten when it has been sent. */
static void was_sent(struct session *session)
{
	session->unsent = session->unsent->next;
	session->unasked++;
	if (!session->is_managed) {
		envoi_stanza_unref(testing_queue_take(&session->queue));
	}
}

void testing_session_pump(struct session *session)
{
	struct connection *connection = session->connection;
	while (connection != NULL && connection->is_ready && session->unsent != NULL) {
		if (send_stanza(session, session->unsent->stanza) < 0) {
			testing_connection_end(connection, ENVOI_STREAM_RESOURCE_CONSTRAINT);
			return;
		}
		was_sent(session);
	}
	testing_management_ask(session);
}

void testing_session_put(struct session *session, struct envoi_stanza *stanza)
{
	testing_watch(session->server, ENVOI_TEST_DELIVERED, session, stanza);
	if (session->library != NULL) {
		testing_library_put(session, stanza);
		return;
	}
	testing_queue_add(&session->queue, stanza);
	if (session->unsent == NULL) {
		session->unsent = ENVOI_CONTAINER_OF(session->queue.end, struct queued, next);
	}
	testing_session_pump(session);
}
