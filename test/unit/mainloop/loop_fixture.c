/*
 * envoi - every kind of main loop, for cases that all of them pass
 * SPDX-License-Identifier: MIT
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop_fixture.h"

#include <event2/event.h>
#if defined(HAS_GLIB)
#include <envoi/loops/glib.h>
#include <glib-unix.h>
#endif
#if defined(HAS_LIBUV)
#include <envoi/loops/libuv.h>
#include <uv.h>
#endif

static const char *const kind_names[] = {
	[LIBEVENT] = "libevent",
	[ADOPTED] = "adopted",
	[POLL] = "poll",
	[SIMULATED] = "simulated",
	[HOSTED] = "hosted",
#if defined(HAS_GLIB)
	[GLIB] = "glib",
#endif
#if defined(HAS_LIBUV)
	[LIBUV] = "libuv",
#endif
};

struct fixture *current;

/* --- what happened --- */

void record(char letter)
{
	if (current->recorded < sizeof(current->record) - 1) {
		current->record[current->recorded++] = letter;
	}
}

void record_timer(struct envoi_timer *timer)
{
	record((char)('A' + (timer - current->timers)));
}

void record_deferred(struct envoi_deferred *deferred)
{
	record((char)('a' + (deferred - current->deferred)));
}

void record_watch(struct envoi_watch *w, unsigned int ready)
{
	current->ready |= ready;
	record((char)('0' + (w - current->watches)));
}

/* --- a host on poll(2) --- */

static struct poll_host *poll_host_of(struct envoi_loop_host *base)
{
	return ENVOI_CONTAINER_OF(base, struct poll_host, base);
}

static int host_set_watched(struct envoi_loop_host *base, bool is_watched)
{
	struct poll_host *host = poll_host_of(base);
	assert_true(host->is_watched != is_watched);
	if (is_watched && host->refuses) {
		return ENVOI_ERR_SYSTEM;
	}
	host->is_watched = is_watched;
	return ENVOI_OK;
}

static void host_set_alarm(struct envoi_loop_host *base, uint64_t delay_ms)
{
	poll_host_of(base)->delay_ms = delay_ms;
}

static void host_destroy(struct envoi_loop_host *base)
{
	*poll_host_of(base) = (struct poll_host){.base.impl = base->impl, .is_freed = true};
}

static const struct envoi_loop_host_impl poll_host_impl = {
	.set_watched = host_set_watched,
	.set_alarm = host_set_alarm,
	.destroy = host_destroy,
};

static bool turn_of_poll_host(struct fixture *f, bool wait)
{
	struct poll_host *host = &f->host;
	struct pollfd fd = {.fd = host->is_watched ? host->base.fd : -1, .events = POLLIN};
	if (host->is_freed || (!host->is_watched && host->delay_ms == UINT64_MAX)) {
		return false;
	}
	int timeout_ms = host->delay_ms == UINT64_MAX ? -1 : (int)host->delay_ms;
	poll(&fd, 1, wait ? timeout_ms : 0);
	assert_int_equal(envoi_loop_run_once(f->loop, false), ENVOI_OK);
	return true;
}

/* --- hosts of other libraries --- */

#if defined(HAS_GLIB)
/* GLib has one descriptor of its own. */
static bool glib_is_idle(GMainContext *glib)
{
	GPollFD fds[4];
	gint priority, timeout_ms;
	g_assert_true(g_main_context_acquire(glib));
	bool is_ready = g_main_context_prepare(glib, &priority);
	gint count = g_main_context_query(glib, G_MAXINT, &timeout_ms, fds, 4);
	g_main_context_release(glib);
	return !is_ready && count == 1 && timeout_ms < 0;
}

static gboolean on_glib_stranger(gint fd, GIOCondition condition, gpointer calls)
{
	(void)fd;
	(void)condition;
	++*(int *)calls;
	return G_SOURCE_CONTINUE;
}

static GSource *glib_stranger;

static void start_glib_stranger(struct fixture *f, int fd, int *calls)
{
	glib_stranger = g_unix_fd_source_new(fd, G_IO_IN);
	g_source_set_callback(glib_stranger, G_SOURCE_FUNC(on_glib_stranger), calls, NULL);
	g_source_attach(glib_stranger, f->glib);
}

static void stop_glib_stranger(void)
{
	g_source_destroy(glib_stranger);
	g_source_unref(glib_stranger);
}
#endif

#if defined(HAS_LIBUV)
static uv_poll_t libuv_stranger;

static void on_libuv_stranger(uv_poll_t *handle, int status, int events)
{
	(void)status;
	(void)events;
	++*(int *)handle->data;
}

static void start_libuv_stranger(struct fixture *f, int fd, int *calls)
{
	assert_int_equal(uv_poll_init(f->uv, &libuv_stranger, fd), 0);
	libuv_stranger.data = calls;
	assert_int_equal(uv_poll_start(&libuv_stranger, UV_READABLE, on_libuv_stranger), 0);
}

static void stop_libuv_stranger(void)
{
	uv_close((uv_handle_t *)&libuv_stranger, NULL);
}
#endif

static struct event *libevent_stranger;

static void on_libevent_stranger(evutil_socket_t fd, short what, void *calls)
{
	(void)fd;
	(void)what;
	++*(int *)calls;
}

void start_stranger(struct fixture *f, int fd, int *calls)
{
	switch (f->kind) {
#if defined(HAS_GLIB)
	case GLIB:
		start_glib_stranger(f, fd, calls);
		break;
#endif
#if defined(HAS_LIBUV)
	case LIBUV:
		start_libuv_stranger(f, fd, calls);
		break;
#endif
	default:
		assert_int_equal(f->kind, ADOPTED);
		libevent_stranger = event_new(
			f->base, fd, EV_READ | EV_PERSIST, on_libevent_stranger, calls);
		assert_non_null(libevent_stranger);
		event_add(libevent_stranger, NULL);
	}
}

void stop_stranger(struct fixture *f)
{
	switch (f->kind) {
#if defined(HAS_GLIB)
	case GLIB:
		stop_glib_stranger();
		break;
#endif
#if defined(HAS_LIBUV)
	case LIBUV:
		stop_libuv_stranger();
		break;
#endif
	default:
		event_free(libevent_stranger);
	}
}

/* --- the loop of each kind --- */

static int make_hosted_loop(struct fixture *f)
{
	f->host = (struct poll_host){.base.impl = &poll_host_impl, .delay_ms = UINT64_MAX};
	return envoi_loop_new_hosted(&f->loop, f->context, &f->host.base);
}

static int make_loop(struct fixture *f)
{
	switch (f->kind) {
	case ADOPTED:
		f->base = event_base_new();
		return envoi_loop_new_libevent(&f->loop, f->context, f->base);
	case POLL:
		return envoi_loop_new_poll(&f->loop, f->context);
	case SIMULATED:
		return envoi_loop_new_simulated(&f->loop, f->context);
	case HOSTED:
		return make_hosted_loop(f);
#if defined(HAS_GLIB)
	case GLIB:
		f->glib = g_main_context_new();
		return envoi_loop_new_glib(&f->loop, f->context, f->glib);
#endif
#if defined(HAS_LIBUV)
	case LIBUV:
		f->uv = malloc(sizeof(*f->uv));
		assert_int_equal(uv_loop_init(f->uv), 0);
		return envoi_loop_new_libuv(&f->loop, f->context, f->uv);
#endif
	default:
		return envoi_loop_new_libevent(&f->loop, f->context, NULL);
	}
}

int loop_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->kind = (enum loop_kind)(uintptr_t)*state;
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(make_loop(f), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, f->pair), 0);
	*state = current = f;
	return 0;
}

/* Nothing of a freed loop is left in its host: libuv closes a loop without handles only. */
static void free_host(struct fixture *f)
{
	if (f->base != NULL) {
		event_base_free(f->base);
	}
#if defined(HAS_GLIB)
	if (f->glib != NULL) {
		assert_true(glib_is_idle(f->glib));
		g_main_context_unref(f->glib);
	}
#endif
#if defined(HAS_LIBUV)
	if (f->uv != NULL) {
		uv_run(f->uv, UV_RUN_NOWAIT);
		assert_int_equal(uv_loop_close(f->uv), 0);
		free(f->uv);
	}
#endif
}

int loop_teardown(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < 6; i++) {
		envoi_watch_stop(&f->watches[i]);
	}
	envoi_context_unref(f->context);
	free_host(f);
	close(f->pair[0]);
	close(f->pair[1]);
	free(f);
	return 0;
}

/* --- turns --- */

bool has_a_host(const struct fixture *f)
{
	return f->kind == ADOPTED || f->kind >= HOSTED;
}

bool is_hosted(enum loop_kind kind)
{
	return kind == HOSTED;
}

bool is_with_others(enum loop_kind kind)
{
	return kind == ADOPTED || kind > HOSTED;
}

bool refuses_files(enum loop_kind kind)
{
	return kind != POLL && kind != SIMULATED;
}

int new_context_on_host(struct fixture *f, struct envoi_context **ret_context)
{
	switch (f->kind) {
	case ADOPTED:
		return envoi_context_new_on_libevent(ret_context, f->base);
#if defined(HAS_GLIB)
	case GLIB:
		return envoi_context_new_on_glib(ret_context, f->glib);
#endif
#if defined(HAS_LIBUV)
	case LIBUV:
		return envoi_context_new_on_libuv(ret_context, f->uv);
#endif
	default:
		return ENVOI_ERR_UNSUPPORTED;
	}
}

bool turn(struct fixture *f)
{
	switch (f->kind) {
	case ADOPTED:
		return event_base_loop(f->base, EVLOOP_ONCE) == 0;
	case HOSTED:
		return turn_of_poll_host(f, true);
#if defined(HAS_GLIB)
	case GLIB:
		return !glib_is_idle(f->glib) && (g_main_context_iteration(f->glib, TRUE), true);
#endif
#if defined(HAS_LIBUV)
	case LIBUV:
		return uv_loop_alive(f->uv) && (uv_run(f->uv, UV_RUN_ONCE), true);
#endif
	default:
		return envoi_loop_run_once(f->loop, true) == ENVOI_OK;
	}
}

void turn_without_waiting(struct fixture *f)
{
	switch (f->kind) {
	case ADOPTED:
		event_base_loop(f->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		break;
	case HOSTED:
		turn_of_poll_host(f, false);
		break;
#if defined(HAS_GLIB)
	case GLIB:
		g_main_context_iteration(f->glib, FALSE);
		break;
#endif
#if defined(HAS_LIBUV)
	case LIBUV:
		uv_run(f->uv, UV_RUN_NOWAIT);
		break;
#endif
	default:
		f->results[0] = envoi_loop_run_once(f->loop, false);
	}
}

void run(struct fixture *f)
{
	if (!has_a_host(f)) {
		assert_int_equal(envoi_loop_run(f->loop), ENVOI_OK);
		return;
	}
	while (turn(f)) {
	}
}

/* --- short forms --- */

void start_timer(struct fixture *f, size_t i, uint64_t delay_ms)
{
	envoi_timer_start(&f->timers[i], f->loop, delay_ms, record_timer);
}

void post(struct fixture *f, size_t i)
{
	envoi_deferred_post(&f->deferred[i], f->loop, record_deferred);
}

void watch(struct fixture *f, size_t i, int fd, unsigned int interest, envoi_watch_fn *notify)
{
	assert_int_equal(
		envoi_watch_start(&f->watches[i], f->loop, fd, interest, notify), ENVOI_OK);
}

void peer_writes(struct fixture *f)
{
	assert_int_equal(write(f->pair[1], "x", 1), 1);
}

/* --- all cases on all kinds --- */

static struct CMUnitTest make_test(const struct loop_case *c, size_t kind, char *name, size_t size)
{
	snprintf(name, size, "%s: %s", kind_names[kind], c->name);
	return (struct CMUnitTest){
		.name = name,
		.test_func = c->run,
		.setup_func = loop_setup,
		.teardown_func = loop_teardown,
		.initial_state = (void *)(uintptr_t)kind,
	};
}

int run_loop_cases(const char *group, const struct loop_case *cases, size_t count)
{
	size_t used = 0;
	struct CMUnitTest *tests = calloc(LOOP_KINDS * count, sizeof(*tests));
	char(*names)[120] = calloc(LOOP_KINDS * count, sizeof(*names));
	for (size_t i = 0; i < LOOP_KINDS * count; i++) {
		const struct loop_case *c = &cases[i % count];
		size_t kind = i / count;
		if (c->concerns == NULL || c->concerns((enum loop_kind)kind)) {
			tests[used] = make_test(c, kind, names[used], sizeof(names[used]));
			used++;
		}
	}
	int failed = _cmocka_run_group_tests(group, tests, used, NULL, NULL);
	free(names);
	free(tests);
	return failed;
}
