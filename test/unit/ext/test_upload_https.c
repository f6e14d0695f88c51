/*
 * envoi - HTTP File Upload: tests of the connection
 * SPDX-License-Identifier: MIT
 *
 * Over sockets on loopback, with a server of one connection and one answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/ext/upload.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/dial.h>
#include <envoi/tcp.h>
#include <envoi/tls.h>

#include "scripted_resolver.h"

#define BODY "abcdefghijklmnopqrstuvwxyzabcd"

static const struct scripted_answer names[] = {
	{.name = "example.org", .family = AF_INET, .records = "127.0.0.1"},
	{.name = "other.example", .family = AF_INET, .records = "127.0.0.1"},
	{.name = NULL},
};

static struct {
	struct envoi_context *context;
	struct envoi_settings *settings;
	struct envoi_watch watch; /* of the listening socket */
	int fd;
	uint16_t port;
	struct envoi_tls_config *tls; /* of the server; NULL: plain */
	struct envoi_channel *channel;
	struct envoi_channel_sink sink;
	char heard[2000];
	bool is_done;
	int code, status;
	struct envoi_upload *upload;
} t;

/* --- the server --- */

static void answer(const char *text)
{
	size_t taken;
	assert_int_equal(t.channel->impl->send(t.channel, text, strlen(text), &taken), 0);
	assert_int_equal(taken, strlen(text));
}

/* A server without TLS refuses what is no HTTP. */
static void on_received(struct envoi_channel_sink *sink, const char *data, size_t len)
{
	size_t used = strlen(t.heard);
	(void)sink;
	assert_true(used + len < sizeof(t.heard));
	memcpy(t.heard + used, data, len);
	if (t.heard[0] != 'P') {
		answer("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
	} else if (strstr(t.heard, "\r\n\r\n" BODY) != NULL) {
		answer("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
	}
}

static void on_nothing(struct envoi_channel_sink *sink)
{
	(void)sink;
}

static void on_broken(struct envoi_channel_sink *sink, int code, const char *text)
{
	(void)sink;
	(void)code;
	(void)text;
}

static const struct envoi_channel_sink_impl sink_impl = {
	.received = on_received,
	.writable = on_nothing,
	.ended = on_nothing,
	.broken = on_broken,
	.enter = on_nothing,
	.leave = on_nothing,
};

static void on_connection(struct envoi_watch *watch, unsigned int events)
{
	(void)watch;
	(void)events;
	int fd = accept(t.fd, NULL, NULL);
	assert_true(fd >= 0);
	assert_null(t.channel);
	assert_int_equal(envoi_tcp_channel_new(&t.channel, t.context, fd), ENVOI_OK);
	if (t.tls != NULL) {
		const struct envoi_tls_channel_options options = {
			.role = ENVOI_RECEIVER, .tls = t.tls};
		assert_int_equal(envoi_tls_channel_new(&t.channel, t.context, t.channel, &options),
			ENVOI_OK);
	}
	t.sink.impl = &sink_impl;
	envoi_channel_attach(t.channel, t.context, &t.sink);
	assert_int_equal(t.channel->impl->want_read(t.channel, true), ENVOI_OK);
	assert_int_equal(t.channel->impl->start(t.channel), ENVOI_OK);
}

static void listen_on_loopback(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	t.fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(t.fd >= 0);
	assert_int_equal(bind(t.fd, (struct sockaddr *)(void *)&address, len), 0);
	assert_int_equal(listen(t.fd, 5), 0);
	assert_int_equal(getsockname(t.fd, (struct sockaddr *)(void *)&address, &len), 0);
	t.port = ntohs(address.sin_port);
	assert_int_equal(envoi_watch_start(&t.watch, envoi_context_loop(t.context), t.fd,
				 ENVOI_IO_READ, on_connection),
		ENVOI_OK);
}

/* --- the upload --- */

static long on_read(void *user, uint64_t offset, char *room, size_t size)
{
	(void)user;
	memcpy(room, &BODY[offset], size);
	return (long)size;
}

static void on_done(void *user, const struct envoi_upload_end *ended)
{
	(void)user;
	t.is_done = true;
	t.code = ended->code;
	t.status = ended->status;
}

static const struct envoi_upload_events events = {.read = on_read, .done = on_done};

static int setup(void **state)
{
	struct envoi_resolver *resolver;
	(void)state;
	memset(&t, 0, sizeof(t));
	t.fd = -1;
	assert_int_equal(envoi_context_new(&t.context, NULL), ENVOI_OK);
	assert_int_equal(scripted_resolver_new(&resolver, t.context, names), ENVOI_OK);
	assert_int_equal(envoi_context_take_resolver(t.context, resolver), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&t.settings, t.context), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(t.settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(t.settings, "server", "192.0.2.1"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new_server(&t.tls, t.context, TEST_DATA "/tls/right.pem",
				 TEST_DATA "/tls/server-key.pem"),
		ENVOI_OK);
	listen_on_loopback();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	envoi_upload_free(t.upload);
	envoi_channel_destroy(t.channel);
	envoi_watch_stop(&t.watch);
	close(t.fd);
	envoi_tls_config_unref(t.tls);
	envoi_settings_free(t.settings);
	envoi_context_unref(t.context);
	return 0;
}

static void on_late(struct envoi_timer *timer)
{
	(void)timer;
	fail_msg("the upload does not end");
}

/* Put the file to a URL with the port of the server, and wait for the end. */
static void put(const char *scheme, const char *host, bool allows_http)
{
	char url[200], get[] = "https://a/b";
	struct envoi_loop *loop = envoi_context_loop(t.context);
	struct envoi_timer late = {0};
	snprintf(url, sizeof(url), "%s://%s:%u/file", scheme, host, t.port);
	const struct envoi_upload_slot slot = {.put.url = url, .get.url = get};
	const struct envoi_upload_options options = {.slot = &slot,
		.size = sizeof(BODY) - 1,
		.settings = t.settings,
		.allows_http_on_loopback = allows_http};
	assert_int_equal(envoi_upload_put(&t.upload, t.context, &options, &events, NULL), ENVOI_OK);
	envoi_timer_start(&late, loop, 60000, on_late);
	while (!t.is_done) {
		assert_int_equal(envoi_loop_run_once(loop, true), ENVOI_OK);
	}
	envoi_timer_stop(&late);
}

/* The address of the XMPP server, a setting, is not that of the upload. */
static void a_file_is_uploaded_over_tls(void **state)
{
	(void)state;
	put("https", "example.org", false);
	assert_int_equal(t.code, ENVOI_OK);
	assert_int_equal(t.status, 201);
	assert_int_equal(strncmp(t.heard, "PUT /file HTTP/1.1\r\nHost: example.org:", 38), 0);
}

static void a_certificate_for_another_name_is_refused(void **state)
{
	(void)state;
	put("https", "other.example", false);
	assert_int_equal(t.code, ENVOI_ERR_CERTIFICATE);
	assert_string_equal(t.heard, "");
}

static void a_certificate_of_an_unknown_authority_is_refused(void **state)
{
	(void)state;
	assert_int_equal(
		envoi_settings_set(t.settings, "tls.ca-file", TEST_DATA "/tls/other-ca.pem"),
		ENVOI_OK);
	put("https", "example.org", false);
	assert_int_equal(t.code, ENVOI_ERR_CERTIFICATE);
	assert_string_equal(t.heard, "");
}

static void a_server_without_tls_is_refused(void **state)
{
	(void)state;
	t.tls = envoi_tls_config_unref(t.tls);
	put("https", "example.org", false);
	assert_true(t.code < 0 && t.status == 0);
	assert_null(strstr(t.heard, "PUT /"));
}

static void a_file_is_uploaded_without_tls_on_loopback(void **state)
{
	(void)state;
	t.tls = envoi_tls_config_unref(t.tls);
	put("http", "127.0.0.1", true);
	assert_int_equal(t.code, ENVOI_OK);
	assert_int_equal(strncmp(t.heard, "PUT /file HTTP/1.1\r\nHost: 127.0.0.1:", 36), 0);
}

static void a_host_that_does_not_exist_is_reported(void **state)
{
	(void)state;
	put("https", "nowhere.example", false);
	assert_int_equal(t.code, ENVOI_ERR_UNREACHABLE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_uploaded_over_tls),
		TEST(a_certificate_for_another_name_is_refused),
		TEST(a_certificate_of_an_unknown_authority_is_refused),
		TEST(a_server_without_tls_is_refused),
		TEST(a_file_is_uploaded_without_tls_on_loopback),
		TEST(a_host_that_does_not_exist_is_reported),
	};
	return cmocka_run_group_tests_name("ext/upload_https", tests, NULL, NULL);
}
