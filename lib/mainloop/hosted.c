/*
 * envoi - main loop inside a loop of another library
 * SPDX-License-Identifier: MIT
 */
#include <envoi/interfaces/mainloop.h>

#include <envoi/context.h>
#include <envoi/mainloop.h>

#include "mainloop/clock.h"
#include "mainloop/epoll_set.h"

struct hosted_loop {
	struct envoi_loop base;
	struct envoi__epoll_set set;
	struct envoi_loop_host *host;
	uint64_t due_ms; /* the alarm */
	bool is_watched; /* the descriptor of the set, by the host */
	bool is_dispatching;
};

static struct hosted_loop *hosted_from_base(struct envoi_loop *base)
{
	return ENVOI_CONTAINER_OF(base, struct hosted_loop, base);
}

/* --- descriptors --- */

static int update_host(struct hosted_loop *self)
{
	bool is_wanted = self->set.registered > 0;
	if (is_wanted == self->is_watched) {
		return ENVOI_OK;
	}
	int r = self->host->impl->set_watched(self->host, is_wanted);
	if (r == ENVOI_OK) {
		self->is_watched = is_wanted;
	}
	return r;
}

static int watch_start(struct envoi_loop *base, struct envoi_watch *watch)
{
	struct hosted_loop *self = hosted_from_base(base);
	int r = envoi__epoll_set_add(&self->set, watch);
	if (r < 0) {
		return r;
	}
	r = update_host(self);
	if (r < 0) {
		envoi__epoll_set_remove(&self->set, watch);
	}
	return r;
}

/* Only a watch that had no interest before makes the host begin to watch: undoing takes it out. */
static int watch_update(struct envoi_loop *base, struct envoi_watch *watch, unsigned int before)
{
	struct hosted_loop *self = hosted_from_base(base);
	int r = envoi__epoll_set_update(&self->set, watch);
	if (r < 0) {
		return r;
	}
	r = update_host(self);
	if (r < 0 && before == 0) {
		watch->interest = before;
		(void)envoi__epoll_set_update(&self->set, watch);
	}
	return r;
}

static void watch_stop(struct envoi_loop *base, struct envoi_watch *watch)
{
	struct hosted_loop *self = hosted_from_base(base);
	envoi__epoll_set_remove(&self->set, watch);
	(void)update_host(self);
}

/* --- the alarm --- */

static void set_host_alarm(struct hosted_loop *self)
{
	uint64_t delay_ms = UINT64_MAX;
	if (self->due_ms != UINT64_MAX) {
		uint64_t now = envoi__monotonic_ms();
		delay_ms = self->due_ms > now ? self->due_ms - now : 0;
		if (delay_ms > ENVOI__LONGEST_WAIT_MS) {
			delay_ms = ENVOI__LONGEST_WAIT_MS;
		}
	}
	self->host->impl->set_alarm(self->host, delay_ms);
}

static void set_alarm(struct envoi_loop *base, uint64_t due_ms)
{
	struct hosted_loop *self = hosted_from_base(base);
	self->due_ms = due_ms;
	if (!self->is_dispatching) {
		set_host_alarm(self);
	}
}

static uint64_t now_ms(struct envoi_loop *base)
{
	(void)base;
	return envoi__monotonic_ms();
}

/* --- running --- */

/* The host's alarm may have come early, by another clock: it is set again in any case. */
static int run_once(struct envoi_loop *base, bool wait)
{
	struct hosted_loop *self = hosted_from_base(base);
	if (wait) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	if (self->set.registered == 0 && self->due_ms == UINT64_MAX) {
		return ENVOI_END;
	}
	self->is_dispatching = true;
	int r = envoi__epoll_set_dispatch(&self->set);
	if (r == ENVOI_OK && self->due_ms <= envoi__monotonic_ms()) {
		envoi_loop_turn(base);
	}
	self->is_dispatching = false;
	set_host_alarm(self);
	return r;
}

static void destroy(struct envoi_loop *base)
{
	struct hosted_loop *self = hosted_from_base(base);
	self->host->impl->destroy(self->host);
	envoi__epoll_set_finish(&self->set);
	envoi_free(base->context, self);
}

static const struct envoi_loop_impl hosted_impl = {
	.name = "hosted",
	.resolution_ms = 1,
	.watch_start = watch_start,
	.watch_update = watch_update,
	.watch_stop = watch_stop,
	.set_alarm = set_alarm,
	.now_ms = now_ms,
	.run_once = run_once,
	.destroy = destroy,
};

static int hosted_new(struct hosted_loop **ret_loop, struct envoi_context *context)
{
	struct hosted_loop *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	int r = envoi__epoll_set_init(&self->set, context);
	if (r < 0) {
		envoi_free(context, self);
		return r;
	}
	envoi_loop_init(&self->base, &hosted_impl, context);
	self->due_ms = UINT64_MAX;
	*ret_loop = self;
	return ENVOI_OK;
}

int envoi_loop_new_hosted(
	struct envoi_loop **ret_loop, struct envoi_context *context, struct envoi_loop_host *host)
{
	struct hosted_loop *self;
	int r = hosted_new(&self, context);
	if (r < 0) {
		host->impl->destroy(host);
		return r;
	}
	self->host = host;
	host->loop = &self->base;
	host->fd = self->set.fd;
	*ret_loop = &self->base;
	return ENVOI_OK;
}

int envoi_context_new_on_host(struct envoi_context **ret_context, struct envoi_loop_host *host)
{
	struct envoi_context *context;
	struct envoi_loop *loop;
	int r = envoi_context_new(&context, NULL);
	if (r < 0) {
		host->impl->destroy(host);
		return r;
	}
	r = envoi_loop_new_hosted(&loop, context, host);
	if (r == ENVOI_OK) {
		r = envoi_context_take_loop(context, loop);
	}
	if (r < 0) {
		envoi_context_unref(context);
		return r;
	}
	*ret_context = context;
	return ENVOI_OK;
}
