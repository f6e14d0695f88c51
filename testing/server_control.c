/*
 * envoi - test kit: what a test does to a server
 * SPDX-License-Identifier: MIT
 */
#include "server.h"

static bool has_connection(const struct session *session)
{
	return session->connection != NULL ||
		(session->library != NULL && envoi_session_stream(session->library) != NULL);
}

static void end_stream(struct envoi_stream *stream, enum envoi_stream_condition condition)
{
	if (condition == ENVOI_STREAM_NO_CONDITION) {
		envoi_stream_close(stream);
	} else {
		envoi_stream_fail_with(stream, ENVOI_ERR_STATE, condition, NULL);
	}
}

static void forget_sessions(struct envoi_test_server *server)
{
	while (server->sessions != NULL) {
		testing_session_end(server->sessions);
	}
	for (struct account *at = server->accounts; at != NULL; at = at->next) {
		testing_forget_formers(at);
	}
}

/* Those of the library: each ends, or waits without a stream. */
static void disconnect_sessions(struct envoi_test_server *server)
{
	struct session *next;
	for (struct session *at = server->sessions; at != NULL; at = next) {
		next = at->next;
		if (at->library != NULL) {
			testing_library_disconnect(at);
		}
	}
}

void envoi_test_server_stop(struct envoi_test_server *server, bool keeps_sessions)
{
	server->is_stopped = true;
	testing_spare(server->world);
	while (server->connections != NULL) {
		struct session *session = server->connections->session;
		testing_connection_free(server->connections);
		if (session != NULL) {
			testing_session_disconnected(session, !keeps_sessions);
		}
	}
	while (server->unbound != NULL) {
		testing_session_end(server->unbound);
	}
	disconnect_sessions(server);
	if (!keeps_sessions) {
		forget_sessions(server);
	}
	testing_unspare(server->world);
}

void envoi_test_server_start(struct envoi_test_server *server)
{
	server->is_stopped = false;
}

void envoi_test_server_end(
	struct envoi_test_server *server, const char *user, enum envoi_stream_condition condition)
{
	const struct account *account = testing_account(server, user);
	testing_spare(server->world);
	for (struct connection *at = server->connections; at != NULL; at = at->next) {
		if (at->session != NULL && at->session->account == account) {
			at->is_ready = at->is_ready && condition == ENVOI_STREAM_NO_CONDITION;
			end_stream(at->stream, condition);
		}
	}
	for (struct session *at = server->sessions; at != NULL; at = at->next) {
		if (at->account == account && at->library != NULL && has_connection(at)) {
			end_stream(envoi_session_stream(at->library), condition);
		}
	}
	testing_unspare(server->world);
}

static void pause_stream(struct envoi_stream *stream, bool is_paused)
{
	struct envoi_transport *transport = stream != NULL ? envoi_stream_transport(stream) : NULL;
	if (transport != NULL && is_paused) {
		transport->impl->pause(transport);
	} else if (transport != NULL) {
		transport->impl->resume(transport);
	}
}

void envoi_test_server_pause(struct envoi_test_server *server, const char *user, bool is_paused)
{
	const struct account *account = testing_account(server, user);
	for (const struct session *at = server->sessions; at != NULL; at = at->next) {
		if (at->account == account && at->library != NULL) {
			pause_stream(envoi_session_stream(at->library), is_paused);
		} else if (at->account == account && at->connection != NULL) {
			pause_stream(at->connection->stream, is_paused);
		}
	}
}

void envoi_test_server_watch(
	struct envoi_test_server *server, envoi_test_server_fn *watch, void *user)
{
	server->watch = watch;
	server->watch_user = user;
}

struct envoi_test_server_counts envoi_test_server_get_counts(
	const struct envoi_test_server *server, const char *user)
{
	struct envoi_test_server_counts counts = {.resumptions = server->resumptions};
	const struct account *only = user != NULL ? testing_account(server, user) : NULL;
	for (const struct session *at = server->sessions; at != NULL; at = at->next) {
		bool is_wanted = user == NULL || at->account == only;
		counts.sessions += is_wanted;
		counts.managed += is_wanted && at->is_managed;
		counts.connections += is_wanted && has_connection(at);
		counts.unacknowledged += is_wanted ? at->queue.count + at->given : 0;
	}
	for (const struct account *at = server->accounts; at != NULL; at = at->next) {
		counts.stored += user == NULL || at == only ? at->stored.count : 0;
	}
	return counts;
}
