/*
 * envoi - main loop on poll(2), also to be driven by a foreign loop
 * SPDX-License-Identifier: MIT
 */
#include <envoi/mainloop.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>

#include "mainloop/clock.h"
#include "mainloop/poll_set.h"
#include "mainloop/run_turns.h"

struct poll_loop {
	struct envoi_loop base;
	struct envoi__poll_set set;
	uint64_t due_ms; /* the alarm */
	bool wants_quit;
};

static struct poll_loop *poll_from_base(struct envoi_loop *base)
{
	return ENVOI_CONTAINER_OF(base, struct poll_loop, base);
}

static int watch_start(struct envoi_loop *base, struct envoi_watch *watch)
{
	return envoi__poll_set_add(&poll_from_base(base)->set, watch);
}

static int watch_update(struct envoi_loop *base, struct envoi_watch *watch, unsigned int before)
{
	(void)before;
	envoi__poll_set_update(&poll_from_base(base)->set, watch);
	return ENVOI_OK;
}

static void watch_stop(struct envoi_loop *base, struct envoi_watch *watch)
{
	envoi__poll_set_remove(&poll_from_base(base)->set, watch);
}

static void set_alarm(struct envoi_loop *base, uint64_t due_ms)
{
	poll_from_base(base)->due_ms = due_ms;
}

static uint64_t now_ms(struct envoi_loop *base)
{
	(void)base;
	return envoi__monotonic_ms();
}

/* The clock is rounded down, so that what is left is never too short. */
static int timeout_of(const struct poll_loop *self)
{
	if (self->due_ms == UINT64_MAX) {
		return -1;
	}
	uint64_t now = envoi__monotonic_ms();
	uint64_t left_ms = self->due_ms > now ? self->due_ms - now : 0;
	return (int)(left_ms < ENVOI__LONGEST_WAIT_MS ? left_ms : ENVOI__LONGEST_WAIT_MS);
}

static int run_once(struct envoi_loop *base, bool wait)
{
	struct poll_loop *self = poll_from_base(base);
	if (self->set.waiting == 0 && self->due_ms == UINT64_MAX) {
		return ENVOI_END;
	}
	int r = envoi__poll_set_wait(&self->set, wait ? timeout_of(self) : 0);
	if (r < 0) {
		return r;
	}
	if (self->due_ms <= envoi__monotonic_ms()) {
		envoi_loop_turn(base);
	}
	return ENVOI_OK;
}

static int run(struct envoi_loop *base)
{
	return envoi__run_turns(base, &poll_from_base(base)->wants_quit);
}

static void quit(struct envoi_loop *base)
{
	poll_from_base(base)->wants_quit = true;
}

static void destroy(struct envoi_loop *base)
{
	struct poll_loop *self = poll_from_base(base);
	envoi__poll_set_finish(&self->set);
	envoi_free(base->context, self);
}

static const struct envoi_loop_impl poll_impl = {
	.name = "poll",
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

int envoi_loop_new_poll(struct envoi_loop **ret_loop, struct envoi_context *context)
{
	struct poll_loop *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_loop_init(&self->base, &poll_impl, context);
	envoi__poll_set_init(&self->set, context);
	self->due_ms = UINT64_MAX;
	*ret_loop = &self->base;
	return ENVOI_OK;
}

size_t envoi_loop_poll_fds(struct envoi_loop *loop, struct pollfd *fds, size_t capacity)
{
	if (loop->impl != &poll_impl) {
		return 0;
	}
	struct envoi__poll_set *set = &poll_from_base(loop)->set;
	size_t found = 0;
	for (size_t place = 0; place < set->count; place++) {
		if (set->fds[place].fd < 0) {
			continue;
		}
		if (found < capacity) {
			fds[found] = set->fds[place];
			fds[found].revents = 0;
		}
		found++;
	}
	return found;
}

int envoi_loop_poll_timeout_ms(struct envoi_loop *loop)
{
	return loop->impl == &poll_impl ? timeout_of(poll_from_base(loop)) : -1;
}
