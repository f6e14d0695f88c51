/*
 * envoi - the command-line program: what a domain offers, by one route
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <envoi/interfaces/session.h>

#include "probe.h"

/* The key of no server: each certificate raises a question, whose other doubts are the verdict. */
#define NO_PIN "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

struct connection {
	struct envoi_handler handler;
	struct envoi_tls_decider decider;
	struct probe_visit *visit;
	struct envoi_client *client;
	struct timespec start;
	bool logs_in, is_http;
	bool has_sent; /* since something was received */
	unsigned int exchanges;
};

static uint64_t passed_ms(const struct connection *connection)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t ns = (int64_t)(now.tv_sec - connection->start.tv_sec) * 1000000000 + now.tv_nsec -
		connection->start.tv_nsec;
	return (uint64_t)ns / 1000000;
}

/* --- the certificate --- */

/* Documents of host-meta count with the server that they lead to. */
static void on_decide(struct envoi_tls_decider *decider, struct envoi_tls_question *question)
{
	struct connection *connection = ENVOI_CONTAINER_OF(decider, struct connection, decider);
	struct probe_certificate *to = &connection->visit->certificate;
	const struct envoi_tls_peer *peer = envoi_tls_question_peer(question);
	snprintf(to->verified_for, sizeof(to->verified_for), "%s", peer->domain);
	snprintf(to->names, sizeof(to->names), "%s", peer->names);
	snprintf(to->issuer, sizeof(to->issuer), "%s", peer->issuer);
	to->doubts = (connection->is_http ? to->doubts : 0) |
		(peer->doubts & ~(unsigned int)ENVOI_TLS_DOUBT_PIN);
	to->until_ms = peer->valid_until_ms;
	(void)envoi_tls_question_answer(question, ENVOI_TLS_ACCEPT_ONCE); /* no secret follows */
}

static const struct envoi_tls_decider_impl decider_impl = {.decide = on_decide};

/* --- the traffic --- */

static void note_time(struct connection *connection)
{
	connection->visit->ms = passed_ms(connection);
	connection->visit->exchanges = connection->exchanges;
}

static char *copy_text(const char *xml, size_t len)
{
	char *copy = malloc(len + 1);
	if (copy != NULL) {
		memcpy(copy, xml, len);
		copy[len] = '\0';
	}
	return copy;
}

/* The library is not called inside: features are read later. */
static void on_traffic(void *user, enum envoi_direction direction, const char *xml, size_t len)
{
	static const char start[] = "<stream:features";
	struct connection *connection = user;
	struct probe_visit *visit = connection->visit;
	if (direction == ENVOI_OUT) {
		connection->has_sent = true;
		return;
	}
	connection->exchanges += connection->has_sent;
	connection->has_sent = false;
	if (len >= sizeof(start) && len < PROBE_FEATURES_SIZE &&
		memcmp(xml, start, sizeof(start) - 1) == 0 &&
		visit->feature_count < PROBE_FEATURES) {
		char *copy = copy_text(xml, len);
		visit->features[visit->feature_count] = copy;
		visit->feature_count += copy != NULL;
		note_time(connection);
	}
}

/* --- events --- */

static struct connection *connection_of(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct connection, handler);
}

static void on_connected(struct envoi_handler *self, const struct envoi_event *event)
{
	struct probe_visit *visit = connection_of(self)->visit;
	snprintf(visit->peer, sizeof(visit->peer), "%s", event->text != NULL ? event->text : "");
}

static void on_secured(struct envoi_handler *self, const struct envoi_event *event)
{
	struct probe_visit *visit = connection_of(self)->visit;
	const struct envoi_stream *stream = envoi_session_stream(event->session);
	struct envoi_tls_info info = {.version = NULL};
	if (stream != NULL) {
		envoi_stream_tls_info(stream, &info);
	}
	const char *version = info.version != NULL ? info.version : event->text;
	snprintf(visit->tls_version, sizeof(visit->tls_version), "%s",
		version != NULL ? version : "");
	snprintf(
		visit->cipher, sizeof(visit->cipher), "%s", info.cipher != NULL ? info.cipher : "");
}

static void on_authenticated(struct envoi_handler *self, const struct envoi_event *event)
{
	struct probe_visit *visit = connection_of(self)->visit;
	snprintf(visit->mechanism, sizeof(visit->mechanism), "%s",
		event->text != NULL ? event->text : "");
}

static void on_started(struct envoi_handler *self, const struct envoi_event *event)
{
	struct connection *connection = connection_of(self);
	(void)event;
	note_time(connection);
	connection->visit->has_ended_well = true;
	envoi_client_disconnect(connection->client);
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_CONNECTED, on_connected},
	{ENVOI_EVENT_SECURED, on_secured},
	{ENVOI_EVENT_AUTHENTICATED, on_authenticated},
	{ENVOI_EVENT_STARTED, on_started},
	ENVOI_ROWS_END,
};

static const struct envoi_handler_impl handler_impl = {.name = "probe", .events = events};

/* --- connecting --- */

/** A setting for all visits. */
static const struct {
	const char *name, *text;
} fixed[] = {
	{"reconnect.enabled", "false"},
	{"reconnect.initial", "false"},
	{"tls.resumption", "false"},
	{"roster.fetch", "false"},
	{"presence.initial", "false"},
};

static int set_route(struct envoi_client *client, const struct probe_route *route)
{
	int r = ENVOI_OK;
	for (size_t i = 0; r == ENVOI_OK && i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		r = envoi_client_set(client, fixed[i].name, fixed[i].text);
	}
	if (r == ENVOI_OK && route->order != NULL) {
		r = envoi_client_set(client, "transports.order", route->order);
	}
	if (r == ENVOI_OK && route->tls_mode != NULL) {
		r = envoi_client_set(client, "tls.mode", route->tls_mode);
	}
	return r;
}

/* @return the code of an error of ours; failures of the connection are in the visit */
static int connect_and_leave(struct connection *connection, const struct probe_route *route)
{
	struct envoi_client *client = connection->client;
	connection->handler = (struct envoi_handler)ENVOI_HANDLER(&handler_impl);
	int r = set_route(client, route);
	r = r < 0 ? r : envoi_client_add(client, &connection->handler);
	if (r < 0) {
		return r;
	}
	envoi_client_set_tap(client, on_traffic, connection);
	clock_gettime(CLOCK_MONOTONIC, &connection->start);
	(void)envoi_client_run(client);
	const struct envoi_failure *why = envoi_client_failure(client);
	connection->visit->is_done = true;
	if (!connection->visit->has_ended_well && why != NULL) {
		envoi_failure_copy(&connection->visit->failure, why);
	}
	envoi_client_set_tap(client, NULL, NULL);
	envoi_client_remove(client, &connection->handler);
	return ENVOI_OK;
}

static int complain_about(int r)
{
	if (r < 0) {
		complain("%s", envoi_error_text(r));
	}
	return r < 0 ? STATUS_NO : STATUS_DONE;
}

/* --- without the account --- */

/* No mechanism is acceptable: the stream ends behind the features. */
static int prepare_look(struct envoi_client *client)
{
	static const struct {
		const char *name, *text;
	} settings[] = {
		{"sasl.mechanisms", "EXTERNAL"},
		{"tls.cert-file", NULL},
		{"tls.key-file", NULL},
		{"tls.pins", NO_PIN},
	};
	int r = envoi_client_set_password(client, "none");
	for (size_t i = 0; r == ENVOI_OK && i < sizeof(settings) / sizeof(settings[0]); i++) {
		r = envoi_client_set(client, settings[i].name, settings[i].text);
	}
	return r;
}

int probe_look(struct probe *probe, struct probe_route *route)
{
	struct invocation *invocation = probe->invocation;
	struct connection connection = {
		.visit = &route->look, .decider.impl = &decider_impl, .is_http = route->is_http};
	char account[320];
	snprintf(account, sizeof(account), "probe@%s", envoi_jid_domain(probe->domain));
	int r = envoi_client_new_with(
		&connection.client, invocation->context, account, invocation->settings);
	r = r < 0 ? r : prepare_look(connection.client);
	if (r == ENVOI_OK) {
		envoi_client_set_tls_decider(connection.client, &connection.decider);
		r = connect_and_leave(&connection, route);
	}
	envoi_client_free(connection.client);
	r = r < 0 ? r : probe_read_features(probe, route, &route->look);
	route->look.has_ended_well = route->features != NULL;
	return complain_about(r);
}

/* --- with the account --- */

/* Each login is as the first one: keys that a login has left would make the next one faster, and
 * its channel binding would be required of routes that have none. */
int probe_log_in(struct probe *probe, struct probe_route *route)
{
	struct connection connection = {
		.visit = &route->login, .client = probe->client, .logs_in = true};
	envoi_client_forget_keys(probe->client);
	envoi_client_forget_pin(probe->client);
	int r = connect_and_leave(&connection, route);
	return complain_about(r < 0 ? r : probe_read_features(probe, route, &route->login));
}

/* --- what is left --- */

void probe_visit_finish(struct probe_visit *visit)
{
	for (size_t i = 0; i < visit->feature_count; i++) {
		free(visit->features[i]);
	}
	envoi_failure_finish(&visit->failure);
}

/* TCP has one; a full handshake of TLS 1.3 one (RFC 8446, section 2), of 1.2 two. */
unsigned int probe_round_trips(const struct probe_route *route, const struct probe_visit *visit)
{
	unsigned int tls = visit->tls_version[0] == '\0'    ? 0
		: strcmp(visit->tls_version, "TLS1.3") == 0 ? 1
							    : 2;
	return 1 + tls + route->is_upgraded + visit->exchanges;
}
