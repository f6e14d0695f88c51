/*
 * envoi - main loop on libevent
 * SPDX-License-Identifier: MIT
 */
#include <envoi/mainloop.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>

#include "mainloop/clock.h"
#include "mainloop/run_turns.h"

struct libevent_loop {
	struct envoi_loop base;
	struct event_base *events;
	struct event alarm;
	bool owns_base, wants_quit;
};

/* Two events, so that wanting to write or no longer wanting to is one change in the kernel. */
struct watch_events {
	struct event read, write;
};

static struct libevent_loop *libevent_from_base(struct envoi_loop *base)
{
	return ENVOI_CONTAINER_OF(base, struct libevent_loop, base);
}

/* --- descriptors --- */

static void on_ready(evutil_socket_t fd, short what, void *user)
{
	(void)fd;
	envoi_watch_notify(user,
		(what & EV_READ ? ENVOI_IO_READ : 0u) | (what & EV_WRITE ? ENVOI_IO_WRITE : 0u));
}

static int set_added(struct event *event, bool was_added, bool add)
{
	if (add == was_added) {
		return ENVOI_OK;
	}
	return (add ? event_add(event, NULL) : event_del(event)) < 0 ? ENVOI_ERR_SYSTEM : ENVOI_OK;
}

static int watch_update(struct envoi_loop *base, struct envoi_watch *watch, unsigned int before)
{
	(void)base;
	struct watch_events *events = watch->backend;
	bool wants_read = watch->interest & ENVOI_IO_READ, did_read = before & ENVOI_IO_READ;
	int r = set_added(&events->read, did_read, wants_read);
	if (r < 0) {
		return r;
	}
	r = set_added(&events->write, before & ENVOI_IO_WRITE, watch->interest & ENVOI_IO_WRITE);
	if (r < 0) {
		set_added(&events->read, wants_read, did_read);
	}
	return r;
}

static void free_events(struct envoi_context *context, struct watch_events *events)
{
	event_del(&events->read);
	event_del(&events->write);
	event_debug_unassign(&events->read);
	event_debug_unassign(&events->write);
	envoi_free(context, events);
}

static int watch_start(struct envoi_loop *base, struct envoi_watch *watch)
{
	struct libevent_loop *self = libevent_from_base(base);
	struct watch_events *events = envoi_alloc_zeroed(base->context, sizeof(*events));
	if (events == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	event_assign(&events->read, self->events, watch->fd, EV_READ | EV_PERSIST, on_ready, watch);
	event_assign(
		&events->write, self->events, watch->fd, EV_WRITE | EV_PERSIST, on_ready, watch);
	watch->backend = events;
	int r = watch_update(base, watch, 0);
	if (r < 0) {
		free_events(base->context, events);
		watch->backend = NULL;
	}
	return r;
}

static void watch_stop(struct envoi_loop *base, struct envoi_watch *watch)
{
	free_events(base->context, watch->backend);
	watch->backend = NULL;
}

/* --- the alarm --- */

static void on_alarm(evutil_socket_t fd, short what, void *user)
{
	(void)fd;
	(void)what;
	struct libevent_loop *self = user;
	envoi_loop_turn(&self->base);
}

static uint64_t now_ms(struct envoi_loop *base)
{
	(void)base;
	return envoi__monotonic_ms();
}

/* Needs no memory. The event would run again at once, and run_once() not return: libevent looks at
 * descriptors first, or ends this turn. */
static void activate_alarm(struct libevent_loop *self)
{
	event_active(&self->alarm, EV_TIMEOUT, 0);
	if (self->owns_base) {
		event_base_loopbreak(self->events);
	} else {
		event_base_loopcontinue(self->events);
	}
}

/*
 * An activated event runs before libevent looks at descriptors again. That is wanted in a
 * descriptor's callback, where it ends this turn; an alarm that activated itself would leave the
 * descriptors to starve, so all others use a timeout, be it zero.
 */
static void set_alarm(struct envoi_loop *base, uint64_t due_ms)
{
	struct libevent_loop *self = libevent_from_base(base);
	if (due_ms == UINT64_MAX) {
		event_del(&self->alarm);
		return;
	}
	uint64_t now = envoi__monotonic_ms();
	uint64_t delay_ms = due_ms > now ? due_ms - now : 0;
	if (delay_ms == 0 && base->in_io) {
		event_active(&self->alarm, EV_TIMEOUT, 0);
		return;
	}
	if (delay_ms > ENVOI__LONGEST_WAIT_MS) {
		delay_ms = ENVOI__LONGEST_WAIT_MS;
	}
	struct timeval delay = {
		.tv_sec = (time_t)(delay_ms / 1000),
		.tv_usec = (suseconds_t)(delay_ms % 1000 * 1000),
	};
	if (event_add(&self->alarm, &delay) < 0) {
		activate_alarm(self);
	}
}

/* --- running --- */

static int run_once(struct envoi_loop *base, bool wait)
{
	struct libevent_loop *self = libevent_from_base(base);
	/* without ONCE, NONBLOCK goes on for as long as there is something to do */
	int r = event_base_loop(self->events, EVLOOP_ONCE | (wait ? 0 : EVLOOP_NONBLOCK));
	if (r < 0) {
		return ENVOI_ERR_SYSTEM;
	}
	return r == 1 ? ENVOI_END : ENVOI_OK;
}

static int run(struct envoi_loop *base)
{
	return envoi__run_turns(base, &libevent_from_base(base)->wants_quit);
}

static void quit(struct envoi_loop *base)
{
	libevent_from_base(base)->wants_quit = true;
}

static void destroy(struct envoi_loop *base)
{
	struct libevent_loop *self = libevent_from_base(base);
	event_del(&self->alarm);
	event_debug_unassign(&self->alarm);
	if (self->owns_base) {
		event_base_free(self->events);
	}
	envoi_free(base->context, self);
}

static const struct envoi_loop_impl libevent_impl = {
	.name = "libevent",
	.resolution_ms = 1,
	.watch_start = watch_start,
	.watch_update = watch_update,
	.watch_stop = watch_stop,
	.set_alarm = set_alarm,
	.now_ms = now_ms,
	.run = run,
	.run_once = run_once,
	.quit = quit,
	.destroy = destroy,
};

/* The application runs it. */
static const struct envoi_loop_impl adopted_impl = {
	.name = "libevent",
	.resolution_ms = 1,
	.watch_start = watch_start,
	.watch_update = watch_update,
	.watch_stop = watch_stop,
	.set_alarm = set_alarm,
	.now_ms = now_ms,
	.destroy = destroy,
};

static struct event_base *own_base_new(void)
{
	struct event_config *config = event_config_new();
	if (config == NULL) {
		return NULL;
	}
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	struct event_base *base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

int envoi_loop_new_libevent(
	struct envoi_loop **ret_loop, struct envoi_context *context, struct event_base *base)
{
	struct libevent_loop *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	self->owns_base = base == NULL;
	self->events = base != NULL ? base : own_base_new();
	if (self->events == NULL) {
		envoi_free(context, self);
		return ENVOI_ERR_NOMEM;
	}
	envoi_loop_init(&self->base, base != NULL ? &adopted_impl : &libevent_impl, context);
	event_assign(&self->alarm, self->events, -1, 0, on_alarm, self);
	*ret_loop = &self->base;
	return ENVOI_OK;
}
