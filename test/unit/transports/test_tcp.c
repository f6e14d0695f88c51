/*
 * envoi - what is particular to the transport on sockets: tests
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>
#include <envoi/settings.h>
#include <envoi/tcp.h>

#define HEAD \
	"<stream:stream xmlns='jabber:client' version='1.0' " \
	"xmlns:stream='http://etherx.jabber.org/streams'>"

struct fixture {
	struct envoi_transport_sink sink;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_transport *transport;
	int fd, peer;
	int elements, ends, closes, code;
};

static struct fixture *fixture_of(struct envoi_transport_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct fixture, sink);
}

static void ignore(struct envoi_transport_sink *sink)
{
	(void)sink;
}

static void on_opened(struct envoi_transport_sink *sink, const struct envoi_stream_head *head)
{
	(void)sink;
	(void)head;
}

static void on_element(struct envoi_transport_sink *sink, struct envoi_element *element)
{
	(void)element;
	fixture_of(sink)->elements++;
}

static void on_ended(struct envoi_transport_sink *sink)
{
	fixture_of(sink)->ends++;
}

static void on_written(struct envoi_transport_sink *sink, size_t count)
{
	(void)sink;
	(void)count;
}

static void on_closed(struct envoi_transport_sink *sink, const struct envoi_failure *why)
{
	fixture_of(sink)->closes++;
	fixture_of(sink)->code = why->code;
}

static const struct envoi_transport_sink_impl sink_impl = {
	.opened = on_opened,
	.element = on_element,
	.ended = on_ended,
	.secured = ignore,
	.written = on_written,
	.drained = ignore,
	.activity = ignore,
	.closed = on_closed,
};

static int setup(void **state)
{
	static struct fixture fixture;
	int fds[2];
	struct fixture *f = &fixture;
	fixture = (struct fixture){.sink.impl = &sink_impl};
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_poll(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	f->fd = fds[0];
	f->peer = fds[1];
	assert_int_equal(envoi_tcp_transport_new(&f->transport, f->context, f->fd, NULL), ENVOI_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_transport_destroy(f->transport);
	if (f->peer >= 0) {
		close(f->peer);
	}
	envoi_context_unref(f->context);
	return 0;
}

static void run(struct fixture *f)
{
	int r = ENVOI_OK;
	for (int i = 0; i < 50 && r == ENVOI_OK; i++) {
		r = envoi_loop_run_once(f->loop, false);
	}
}

static void open_stream(struct fixture *f)
{
	const struct envoi_stream_head head = {.version = "1.0", .content_ns = "jabber:client"};
	assert_int_equal(envoi_transport_start(f->transport, &f->sink), ENVOI_OK);
	assert_int_equal(f->transport->impl->send_head(f->transport, &head), ENVOI_OK);
	run(f);
}

static void the_socket_is_made_fit_and_closed_with_the_transport(void **state)
{
	struct fixture *f = *state;
	assert_true(fcntl(f->fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(f->fd, F_GETFD) & FD_CLOEXEC);
	assert_string_equal(f->transport->impl->peer_name(f->transport), "socket");
	envoi_transport_destroy(f->transport);
	f->transport = NULL;
	assert_int_equal(fcntl(f->fd, F_GETFD), -1);
}

#if defined(TCP_USER_TIMEOUT)
/* @return of a socket that became a transport */
static unsigned int user_timeout_with(struct fixture *f, const struct envoi_settings *settings)
{
	struct envoi_transport *transport;
	unsigned int timeout_ms = 0;
	socklen_t len = sizeof(timeout_ms);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(envoi_tcp_transport_new(&transport, f->context, fd, settings), ENVOI_OK);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, &len), 0);
	envoi_transport_destroy(transport);
	return timeout_ms;
}

static void the_kernel_gives_up_after_the_user_timeout(void **state)
{
	struct fixture *f = *state;
	struct envoi_settings *settings;
	assert_int_equal(user_timeout_with(f, NULL), 120000);
	assert_int_equal(envoi_settings_new(&settings, f->context), ENVOI_OK);
	assert_int_equal(envoi_settings_set(settings, "tcp.user-timeout", "45s"), ENVOI_OK);
	assert_int_equal(user_timeout_with(f, settings), 45000);
	envoi_settings_free(settings);
}
#endif

static void an_invalid_descriptor_is_refused(void **state)
{
	struct fixture *f = *state;
	struct envoi_transport *transport = NULL;
	assert_int_equal(
		envoi_tcp_transport_new(&transport, f->context, -1, NULL), ENVOI_ERR_SYSTEM);
	assert_null(transport);
}

/* The peer has sent an error and disconnected: sending fails, but the error is received. */
static void the_peers_last_elements_are_received(void **state)
{
	static const char words[] = HEAD "<stream:error/></stream:stream>";
	struct fixture *f = *state;
	open_stream(f);
	assert_int_equal(write(f->peer, words, strlen(words)), strlen(words));
	close(f->peer);
	f->peer = -1;
	f->transport->impl->pause(f->transport);
	assert_int_equal(
		f->transport->impl->send_element(f->transport, "<presence/>", 11), ENVOI_OK);
	run(f);
	assert_int_equal(f->elements, 0);
	f->transport->impl->resume(f->transport);
	run(f);
	assert_int_equal(f->elements, 1);
	assert_int_equal(f->ends, 1);
	assert_int_equal(f->closes, 1);
	assert_int_equal(f->code, ENVOI_OK);
}

static void a_peer_that_has_disconnected_is_a_failure(void **state)
{
	struct fixture *f = *state;
	open_stream(f);
	close(f->peer);
	f->peer = -1;
	assert_int_equal(
		f->transport->impl->send_element(f->transport, "<presence/>", 11), ENVOI_OK);
	run(f);
	assert_int_equal(f->closes, 1);
	assert_int_equal(f->code, ENVOI_ERR_DISCONNECTED);
}

static void a_transport_that_never_started_goes_as_well(void **state)
{
	struct fixture *f = *state;
	f->transport->impl->abort(f->transport, NULL);
	run(f);
	assert_int_equal(f->closes, 0);
	assert_int_equal(envoi_transport_start(f->transport, &f->sink), ENVOI_ERR_STATE);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(the_socket_is_made_fit_and_closed_with_the_transport),
#if defined(TCP_USER_TIMEOUT)
		CASE(the_kernel_gives_up_after_the_user_timeout),
#endif
		CASE(an_invalid_descriptor_is_refused),
		CASE(the_peers_last_elements_are_received),
		CASE(a_peer_that_has_disconnected_is_a_failure),
		CASE(a_transport_that_never_started_goes_as_well),
	};
	return cmocka_run_group_tests_name("transports/tcp", tests, NULL, NULL);
}
