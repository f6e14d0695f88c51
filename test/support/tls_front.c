/*
 * envoi - TLS that stands before the server in virtual time
 * SPDX-License-Identifier: MIT
 */
#include "tls_front.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>

enum phase {
	IN_CLEAR, /* STARTTLS */
	GREETED,
	IN_TLS,
};

struct connection {
	struct tls_front *front;
	enum phase phase;
	struct tls_server tls;
	struct envoi_memory_pair *pair; /* NULL: it has not come */
	struct envoi_memory_end *outside, *inside;
	bool is_ended;
};

struct tls_front {
	struct envoi_context *context;
	struct test_server *server;
	struct envoi_memory_script script;
	const char *from; /* STARTTLS; NULL: direct TLS */
	struct connection connections[TLS_FRONT_CONNECTIONS];
	size_t expected, count;
};

static void send_outside(struct connection *connection)
{
	struct envoi_buffer *output = &connection->tls.output;
	if (envoi_buffer_len(output) > 0) {
		(void)!envoi_memory_end_send(
			connection->outside, envoi_buffer_data(output), envoi_buffer_len(output));
		envoi_buffer_consume(output, envoi_buffer_len(output));
	}
}

/* Both ways: nothing more is said to either. */
static void end(struct connection *connection)
{
	if (!connection->is_ended) {
		connection->is_ended = true;
		envoi_memory_end_shut_down(connection->inside);
		envoi_memory_end_shut_down(connection->outside);
	}
}

static void read_all(struct connection *connection)
{
	char data[4096];
	ssize_t len;
	do {
		len = gnutls_record_recv(connection->tls.session, data, sizeof(data));
		if (len > 0) {
			(void)!envoi_memory_end_send(connection->inside, data, (size_t)len);
		}
	} while (len > 0 || len == GNUTLS_E_INTERRUPTED);
	if (len == 0 || gnutls_error_is_fatal((int)len)) {
		envoi_memory_end_shut_down(connection->inside);
	}
}

static bool has(struct envoi_buffer *input, const char *text)
{
	size_t len = strlen(text);
	for (size_t at = 0; at + len <= envoi_buffer_len(input); at++) {
		if (memcmp(envoi_buffer_data(input) + at, text, len) == 0) {
			return true;
		}
	}
	return false;
}

/* RFC 6120, section 5.4; what the client says is not looked at further. */
static void speak_in_clear(struct connection *connection)
{
	static const char features[] =
		"<stream:features><starttls "
		"xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>";
	static const char proceed[] = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
	struct envoi_buffer *input = envoi_memory_end_received(connection->outside);
	if (connection->phase == IN_CLEAR && has(input, "<stream:stream ")) {
		connection->phase = GREETED;
		(void)!envoi_buffer_printf(&connection->tls.output,
			"<stream:stream "
			"xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
			"id='1' version='1.0' from='%s'>%s",
			connection->front->from, features);
	}
	if (connection->phase == GREETED && has(input, "<starttls ")) {
		connection->phase = IN_TLS;
		envoi_buffer_consume(input, envoi_buffer_len(input));
		(void)!envoi_buffer_append(&connection->tls.output, proceed, strlen(proceed));
	}
	send_outside(connection);
}

static void on_outside(void *user, struct envoi_memory_end *outside)
{
	struct connection *connection = user;
	struct envoi_buffer *input = envoi_memory_end_received(outside);
	if (connection->phase != IN_TLS) {
		speak_in_clear(connection);
		return;
	}
	(void)!envoi_buffer_append(
		&connection->tls.input, envoi_buffer_data(input), envoi_buffer_len(input));
	envoi_buffer_consume(input, envoi_buffer_len(input));
	tls_server_go_on(&connection->tls);
	if (connection->tls.result == 0) {
		read_all(connection);
	}
	send_outside(connection);
	bool has_failed = connection->tls.result != 0 &&
		gnutls_error_is_fatal(connection->tls.result);
	if (has_failed || envoi_memory_end_is_over(outside)) {
		end(connection);
	}
}

static void on_inside(void *user, struct envoi_memory_end *inside)
{
	struct connection *connection = user;
	struct envoi_buffer *input = envoi_memory_end_received(inside);
	size_t len = envoi_buffer_len(input);
	if (connection->tls.result == 0 && len > 0) {
		gnutls_record_send(connection->tls.session, envoi_buffer_data(input), len);
	}
	envoi_buffer_consume(input, len);
	if (envoi_memory_end_is_over(inside) && connection->tls.result == 0) {
		gnutls_bye(connection->tls.session, GNUTLS_SHUT_WR);
	}
	send_outside(connection);
	if (envoi_memory_end_is_over(inside)) {
		end(connection);
	}
}

static int take(struct connection *connection, struct envoi_memory_pair *pair)
{
	struct tls_front *front = connection->front;
	struct envoi_memory_pair *behind;
	int r = envoi_memory_pair_new(&behind, front->context);
	if (r < 0) {
		return r;
	}
	connection->pair = envoi_memory_pair_ref(pair);
	r = envoi_memory_end_new(
		&connection->outside, pair, ENVOI_MEMORY_B, on_outside, connection);
	if (r == ENVOI_OK) {
		r = envoi_memory_end_new(
			&connection->inside, behind, ENVOI_MEMORY_A, on_inside, connection);
	}
	if (r == ENVOI_OK) {
		r = test_server_accept(front->server, behind);
	}
	envoi_memory_pair_unref(behind);
	envoi_memory_pair_script(pair, ENVOI_MEMORY_A, &front->script);
	envoi_memory_pair_script(pair, ENVOI_MEMORY_B, &front->script);
	return r;
}

static int on_connect(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	struct tls_front *front = user;
	if (strcmp(domain, TEST_SERVER_DOMAIN) != 0 || front->count == front->expected) {
		return ENVOI_ERR_UNREACHABLE;
	}
	return take(&front->connections[front->count++], pair);
}

struct tls_front *tls_front_new(struct envoi_context *context, struct test_server *server)
{
	struct tls_front *front = envoi_alloc_zeroed(context, sizeof(*front));
	assert_non_null(front);
	front->context = envoi_context_ref(context);
	front->server = server;
	front->script = (struct envoi_memory_script)ENVOI_MEMORY_SCRIPT_INIT;
	return front;
}

void tls_front_free(struct tls_front *front)
{
	if (front == NULL) {
		return;
	}
	for (size_t i = 0; i < front->expected; i++) {
		struct connection *connection = &front->connections[i];
		envoi_memory_end_free(connection->outside);
		envoi_memory_end_free(connection->inside);
		envoi_memory_pair_unref(connection->pair);
		tls_server_finish(&connection->tls);
	}
	struct envoi_context *context = front->context;
	envoi_free(context, front);
	envoi_context_unref(context);
}

void tls_front_expect(struct tls_front *front, const struct tls_server_options *options)
{
	assert_true(front->expected < TLS_FRONT_CONNECTIONS);
	struct connection *connection = &front->connections[front->expected++];
	connection->front = front;
	connection->phase = front->from != NULL ? IN_CLEAR : IN_TLS;
	tls_server_init(&connection->tls, front->context, options);
}

void tls_front_starttls(struct tls_front *front, const char *from)
{
	front->from = from;
}

void tls_front_script(struct tls_front *front, const struct envoi_memory_script *script)
{
	front->script = *script;
}

struct envoi_connector *tls_front_connector(struct tls_front *front)
{
	struct envoi_connector *connector;
	assert_int_equal(
		envoi_memory_connector_new(&connector, front->context, on_connect, front, false),
		ENVOI_OK);
	return connector;
}

size_t tls_front_count(const struct tls_front *front)
{
	return front->count;
}

gnutls_session_t tls_front_session(const struct tls_front *front, size_t index)
{
	return index < front->count ? front->connections[index].tls.session : NULL;
}

struct envoi_memory_pair *tls_front_pair(const struct tls_front *front, size_t index)
{
	return index < front->count ? front->connections[index].pair : NULL;
}
