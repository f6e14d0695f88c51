/*
 * envoi - listeners whose system calls fail: each in turn, and from then on
 * SPDX-License-Identifier: MIT
 *
 * The sockets are real, on loopback, and time is virtual. Connections wait in the backlog until
 * they are accepted. Once nothing fails any more, all are accepted within the second of the source.
 * No turn of the loop is spent on a socket that cannot be used.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include <envoi/envoi.h>
#include <envoi/interfaces/channel.h>
#include <envoi/interfaces/mainloop.h>
#include <envoi/mainloop.h>

#include "failing_calls.h"
#include "open_fds.h"
#include "test_allocator.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	PEERS = 4, /* of each source */
	MOST = 64,
	SECOND = 1000, /* after which a source tries again */
	MOST_IN_A_TURN = 16, /* calls of accept4 for one socket */
	BACKLOG = 1024,
};

struct story {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_listener *listener;
	struct envoi_timer stop;
	bool is_stopped;
	int result; /* of `admitted` */
	struct envoi_channel *channels[MOST];
	struct envoi_admission *admissions[MOST];
	size_t count, offered; /* connections: accepted; accepted or refused by the owner */
	int peers[MOST];
	size_t peer_count;
	uint16_t port;
	char path[64];
	size_t most_in_a_turn;
	char log[256]; /* the newest warning */
	unsigned int logged;
	int fds;
};

static void on_log(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	struct story *story = user;
	(void)subject;
	if (level == ENVOI_LOG_WARNING) {
		snprintf(story->log, sizeof(story->log), "%s", message);
		story->logged++;
	}
}

static int on_admitted(void *user, struct envoi_admission *admission, struct envoi_channel *channel)
{
	struct story *story = user;
	story->offered++;
	if (story->result < 0) {
		envoi_channel_destroy(channel);
		return story->result;
	}
	assert_true(story->count < MOST);
	story->channels[story->count] = channel;
	story->admissions[story->count++] = admission;
	return ENVOI_OK;
}

static void drop(struct story *story, size_t i)
{
	failing_calls_enter();
	envoi_channel_destroy(story->channels[i]);
	envoi_admission_end(story->admissions[i]);
	failing_calls_leave();
	story->channels[i] = NULL;
	story->admissions[i] = NULL;
}

/* --- the loop --- */

static void on_stop(struct envoi_timer *timer)
{
	ENVOI_CONTAINER_OF(timer, struct story, stop)->is_stopped = true;
}

static void turn(struct story *story)
{
	size_t before = failing_calls_count();
	failing_calls_enter();
	assert_true(envoi_loop_run_once(story->loop, true) >= 0);
	failing_calls_leave();
	size_t calls = failing_calls_count() - before;
	story->most_in_a_turn = calls > story->most_in_a_turn ? calls : story->most_in_a_turn;
}

/* Turns, but at most @p most: a loop that spins does not come to the end. */
static void run(struct story *story, uint64_t ms, unsigned int most)
{
	unsigned int turns = 0;
	story->is_stopped = false;
	envoi_timer_start(&story->stop, story->loop, ms, on_stop);
	while (!story->is_stopped) {
		assert_true(turns++ < most);
		turn(story);
	}
}

static void settle(struct story *story)
{
	run(story, 10, 100);
}

/* --- sources and peers --- */

static void begin(struct story *story)
{
	*story = (struct story){.fds = count_open_fds()};
	const struct envoi_context_options options = {
		.allocator = test_allocator_functions(&story->allocator)};
	const struct envoi_listener_options listener_options = {
		.admitted = on_admitted, .user = story};
	assert_int_equal(envoi_context_new(&story->context, &options), ENVOI_OK);
	envoi_context_set_log(story->context, on_log, ENVOI_LOG_WARNING, story);
	assert_int_equal(envoi_loop_new_simulated(&story->loop, story->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(story->context, story->loop), ENVOI_OK);
	assert_int_equal(
		envoi_listener_new(&story->listener, story->context, &listener_options), ENVOI_OK);
	snprintf(story->path, sizeof(story->path), "/tmp/envoi-calls-%d", (int)getpid());
}

static void end(struct story *story)
{
	struct stat status;
	for (size_t i = 0; i < story->count; i++) {
		drop(story, i);
	}
	for (size_t i = 0; i < story->peer_count; i++) {
		close(story->peers[i]);
	}
	failing_calls_arm(FAIL_ACCEPT, 0, false);
	failing_calls_set_error(0);
	envoi_timer_stop(&story->stop);
	envoi_listener_free(story->listener);
	envoi_context_unref(story->context);
	assert_int_equal(story->allocator.live, 0);
	assert_int_equal(count_open_fds(), story->fds);
	assert_int_equal(lstat(story->path, &status), -1);
}

static int open_tcp(struct story *story)
{
	return envoi_tcp_listen(story->listener, "tcp", "127.0.0.1", 0, &story->port);
}

static int open_any(struct story *story)
{
	return envoi_tcp_listen(story->listener, "any", NULL, 0, &story->port);
}

static int open_unix(struct story *story)
{
	return envoi_tcp_listen_unix(story->listener, "unix", story->path, 0600);
}

static void connect_to(struct story *story, const struct sockaddr *address, socklen_t len)
{
	int fd = socket(address->sa_family, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_true(story->peer_count < MOST);
	story->peers[story->peer_count++] = fd;
	assert_int_equal(connect(fd, address, len), 0);
}

static void connect_tcp(struct story *story)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(story->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	connect_to(story, (const struct sockaddr *)&to, sizeof(to));
}

static void connect_unix(struct story *story)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", story->path);
	connect_to(story, (const struct sockaddr *)&to, sizeof(to));
}

/* Both sources, and connections to each. */
static void open_both(struct story *story)
{
	begin(story);
	assert_int_equal(open_tcp(story), ENVOI_OK);
	assert_int_equal(open_unix(story), ENVOI_OK);
	for (int i = 0; i < PEERS; i++) {
		connect_tcp(story);
		connect_unix(story);
	}
}

/* --- accepting --- */

/* Of the connection, by accept(2), and of the socket or the system. */
static const int passing_errors[] = {ECONNABORTED, EINTR, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT,
	EHOSTDOWN, ENONET, EHOSTUNREACH, ENETUNREACH};
static const int lasting_errors[] = {
	EMFILE, ENFILE, ENOBUFS, ENOMEM, EINVAL, EBADF, EOPNOTSUPP, ENOTSOCK, EIO, EACCES};

/* @return the calls that were made */
static size_t fail_once(int error, size_t n)
{
	struct story story;
	open_both(&story);
	failing_calls_set_error(error);
	failing_calls_arm(FAIL_ACCEPT, n, false);
	run(&story, SECOND + 10, 100);
	assert_int_equal(story.count, 2 * PEERS);
	size_t calls = failing_calls_count();
	end(&story);
	return calls;
}

static void all_are_accepted_when_one_call_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(passing_errors) + COUNT(lasting_errors); i++) {
		int error = i < COUNT(passing_errors) ? passing_errors[i]
						      : lasting_errors[i - COUNT(passing_errors)];
		size_t calls = fail_once(error, 0);
		assert_int_equal(calls, 2 * (PEERS + 1));
		for (size_t n = 1; n <= calls; n++) {
			(void)fail_once(error, n);
		}
	}
}

/* Ten seconds in which each call fails; then none does. @return the calls in that time */
static size_t fail_on(int error, size_t n, unsigned int most_turns)
{
	struct story story;
	open_both(&story);
	failing_calls_set_error(error);
	failing_calls_arm(FAIL_ACCEPT, n, true);
	run(&story, 10 * SECOND - 1, most_turns);
	size_t calls = failing_calls_count();
	assert_true(story.most_in_a_turn <= 2 * MOST_IN_A_TURN);
	assert_true(story.count < n);
	assert_non_null(strstr(story.log, strerror(error)));
	assert_true(story.logged == 1 || story.logged == 2); /* each source once, if it fails */
	failing_calls_arm(FAIL_ACCEPT, 0, false);
	run(&story, SECOND, 100);
	assert_int_equal(story.count, 2 * PEERS);
	end(&story);
	return calls;
}

static void a_socket_that_fails_is_tried_once_a_second(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lasting_errors); i++) {
		assert_int_equal(fail_on(lasting_errors[i], 1, 100), 2 * 10);
		for (size_t n = 2; n <= 2 * PEERS; n++) {
			size_t calls = fail_on(lasting_errors[i], n, 100);
			assert_true(calls >= n - 1 + 10 && calls <= n - 1 + 2 * 10);
		}
	}
}

/* An error of a connection does not return more often than connections fit into the backlog. */
static void an_error_that_is_not_of_a_connection_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(passing_errors); i++) {
		size_t calls = fail_on(passing_errors[i], 1, 1000);
		assert_int_equal(calls, 2 * 10 * (BACKLOG + 1));
	}
}

/* The listener's other source admits, and the source that waits still waits. */
static void a_source_waits_while_another_admits(void **state)
{
	struct story story;
	(void)state;
	begin(&story);
	assert_int_equal(open_tcp(&story), ENVOI_OK);
	connect_tcp(&story);
	failing_calls_arm(FAIL_ACCEPT, 1, false);
	settle(&story);
	for (int i = 0; i < PEERS; i++) {
		struct envoi_memory_pair *pair;
		struct envoi_channel *channel;
		assert_int_equal(envoi_memory_pair_new(&pair, story.context), ENVOI_OK);
		assert_int_equal(
			envoi_memory_channel_new(&channel, pair, ENVOI_MEMORY_B), ENVOI_OK);
		envoi_memory_pair_unref(pair);
		assert_int_equal(
			envoi_listener_take(story.listener, "memory", channel, NULL, 0), ENVOI_OK);
		settle(&story);
	}
	assert_int_equal(failing_calls_count(), 1);
	drop(&story, 0); /* there is room: it is accepted at once */
	settle(&story);
	assert_int_equal(story.count, PEERS + 1);
	end(&story);
}

/* Connections that the owner cannot take for lack of memory are dropped, one a second. */
static void an_owner_without_memory_is_asked_once_a_second(void **state)
{
	struct story story;
	(void)state;
	begin(&story);
	assert_int_equal(open_tcp(&story), ENVOI_OK);
	for (int i = 0; i < 3 * PEERS; i++) {
		connect_tcp(&story);
	}
	story.result = ENVOI_ERR_NOMEM;
	run(&story, 5 * SECOND - 1, 100);
	assert_int_equal(story.offered, 5);
	story.result = ENVOI_OK;
	run(&story, SECOND, 100);
	assert_int_equal(story.count, 3 * PEERS - 5);
	end(&story);
}

/* The allocations of a connection, and of watching the socket again. */
static void without_memory_all_that_is_left_is_accepted_later(void **state)
{
	size_t calls;
	size_t fail_at = 0;
	(void)state;
	do {
		struct story story;
		fail_at++;
		open_both(&story);
		calls = story.allocator.calls;
		story.allocator.fail_at = calls + fail_at;
		story.allocator.fail_on = true;
		run(&story, 3 * SECOND, 200);
		size_t dropped = 2 * PEERS;
		story.allocator.fail_at = 0;
		run(&story, SECOND, 100);
		assert_true(story.count + 2 * 4 >= dropped);
		calls = story.allocator.calls - calls;
		end(&story);
	} while (fail_at < calls);
	assert_true(fail_at > 2 * PEERS);
}

static void ignore_warning(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

static void turn_real(struct envoi_loop *loop)
{
	failing_calls_enter();
	for (int i = 0; i < 5; i++) {
		(void)envoi_loop_run_once(loop, false);
	}
	failing_calls_leave();
}

/* On a loop in real time, whose n-th call fails. @return the name of the call; NULL: none */
static const char *fail_to_watch(size_t n)
{
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct story story = {.result = ENVOI_OK};
	const struct envoi_listener_options options = {.admitted = on_admitted, .user = &story};
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_libevent(&loop, context, NULL), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(context, loop), ENVOI_OK);
	assert_int_equal(envoi_listener_new(&story.listener, context, &options), ENVOI_OK);
	assert_int_equal(open_tcp(&story), ENVOI_OK);
	connect_tcp(&story);
	failing_calls_arm(FAIL_LOOP, n, false);
	turn_real(loop);
	const char *failed = failing_calls_name();
	bool is_watch = failed != NULL && strcmp(failed, "epoll_ctl") == 0;
	assert_true(!is_watch || story.count == 0);
	failing_calls_arm(FAIL_LOOP, 0, false);
	envoi_listener_pause(story.listener, true);
	turn_real(loop);
	envoi_listener_pause(story.listener, false);
	turn_real(loop);
	assert_int_equal(story.count, 1);
	drop(&story, 0);
	close(story.peers[0]);
	envoi_listener_free(story.listener);
	envoi_context_unref(context);
	return failed;
}

/* A watch that the loop refuses (epoll_ctl(2): ENOSPC) is tried again. */
static void a_socket_that_cannot_be_watched_is_watched_later(void **state)
{
	bool has_watch = false;
	const char *failed;
	size_t n = 1;
	(void)state;
	event_set_log_callback(ignore_warning);
	do {
		failed = fail_to_watch(n++);
		has_watch |= failed != NULL && strcmp(failed, "epoll_ctl") == 0;
	} while (failed != NULL);
	event_set_log_callback(NULL);
	assert_true(has_watch);
}

/* --- listening --- */

/* @return whether the n-th call exists */
static bool open_failing(int (*open)(struct story *story), size_t n, bool fail_on)
{
	struct story story;
	begin(&story);
	failing_calls_arm(FAIL_LISTEN, n, fail_on);
	failing_calls_enter();
	int r = open(&story);
	failing_calls_leave();
	bool has_failed = failing_calls_name() != NULL;
	/* where the system has no IPv6, every address means those of IPv4 */
	assert_true(has_failed || r == ENVOI_OK);
	assert_true(!has_failed || r == ENVOI_ERR_SYSTEM || r == ENVOI_ERR_EXISTS);
	failing_calls_arm(FAIL_LISTEN, 0, false);
	if (r < 0) {
		struct stat status;
		assert_int_equal(lstat(story.path, &status), -1);
		assert_int_equal(open(&story), ENVOI_OK);
	}
	end(&story);
	return has_failed;
}

static void a_socket_that_cannot_listen_leaves_nothing(void **state)
{
	static int (*const opens[])(struct story * story) = {open_tcp, open_any, open_unix};
	(void)state;
	for (size_t i = 0; i < COUNT(opens); i++) {
		for (int fail_on = 0; fail_on < 2; fail_on++) {
			size_t n = 1;
			while (open_failing(opens[i], n, fail_on)) {
				n++;
			}
			assert_true(n > 3);
		}
	}
}

static void without_memory_no_socket_and_no_file_is_left(void **state)
{
	static int (*const opens[])(struct story * story) = {open_tcp, open_unix};
	(void)state;
	for (size_t i = 0; i < COUNT(opens); i++) {
		int r;
		size_t n = 0;
		do {
			struct story story;
			begin(&story);
			story.allocator.fail_at = story.allocator.calls + ++n;
			r = opens[i](&story);
			story.allocator.fail_at = 0;
			assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
			end(&story);
		} while (r < 0);
		assert_true(n > 1);
	}
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_are_accepted_when_one_call_fails),
		TEST(a_socket_that_fails_is_tried_once_a_second),
		TEST(an_error_that_is_not_of_a_connection_is_noticed),
		TEST(a_source_waits_while_another_admits),
		TEST(an_owner_without_memory_is_asked_once_a_second),
		TEST(without_memory_all_that_is_left_is_accepted_later),
		TEST(a_socket_that_cannot_be_watched_is_watched_later),
		TEST(a_socket_that_cannot_listen_leaves_nothing),
		TEST(without_memory_no_socket_and_no_file_is_left),
	};
	return cmocka_run_group_tests_name("torture/listener_calls", tests, NULL, NULL);
}
