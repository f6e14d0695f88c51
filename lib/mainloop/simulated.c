/*
 * envoi - main loop in virtual time
 * SPDX-License-Identifier: MIT
 */
#include <envoi/mainloop.h>

#include <envoi/context.h>
#include <envoi/interfaces/mainloop.h>

#include "mainloop/poll_set.h"
#include "mainloop/wake.h"

/* 2026-01-01T00:00:00Z */
#define WALL_CLOCK_AT_START_MS INT64_C(1767225600000)

struct simulated_loop {
	struct envoi_loop base;
	struct envoi__poll_set set;
	uint64_t now_ms;
	uint64_t due_ms; /* the alarm */
	uint64_t suspended_ms; /* in all */
	bool wants_quit;
};

static struct simulated_loop *simulated_from_base(struct envoi_loop *base)
{
	return ENVOI_CONTAINER_OF(base, struct simulated_loop, base);
}

static int watch_start(struct envoi_loop *base, struct envoi_watch *watch)
{
	return envoi__poll_set_add(&simulated_from_base(base)->set, watch);
}

static int watch_update(struct envoi_loop *base, struct envoi_watch *watch, unsigned int before)
{
	(void)before;
	envoi__poll_set_update(&simulated_from_base(base)->set, watch);
	return ENVOI_OK;
}

static void watch_stop(struct envoi_loop *base, struct envoi_watch *watch)
{
	envoi__poll_set_remove(&simulated_from_base(base)->set, watch);
}

static void set_alarm(struct envoi_loop *base, uint64_t due_ms)
{
	simulated_from_base(base)->due_ms = due_ms;
}

static uint64_t now_ms(struct envoi_loop *base)
{
	return simulated_from_base(base)->now_ms;
}

static int64_t wall_clock_ms(struct envoi_loop *base)
{
	const struct simulated_loop *self = simulated_from_base(base);
	return WALL_CLOCK_AT_START_MS + (int64_t)(self->now_ms + self->suspended_ms);
}

static uint64_t suspended_ms(struct envoi_loop *base)
{
	return simulated_from_base(base)->suspended_ms;
}

/*
 * One turn. Time jumps to the alarm if there is nothing else to do and it is not after @p end_ms.
 * ENVOI_END: nothing to do until then.
 */
static int turn_until(struct simulated_loop *self, uint64_t end_ms)
{
	int ready = 0;
	if (self->set.waiting > 0) {
		ready = envoi__poll_set_wait(&self->set, 0);
		if (ready < 0) {
			return ready;
		}
	}
	if (ready == 0 && self->due_ms > self->now_ms) {
		if (self->due_ms == UINT64_MAX || self->due_ms > end_ms) {
			return ENVOI_END;
		}
		self->now_ms = self->due_ms;
	}
	if (self->due_ms <= self->now_ms) {
		envoi_loop_turn(&self->base);
	}
	return ENVOI_OK;
}

static int run_once(struct envoi_loop *base, bool wait)
{
	struct simulated_loop *self = simulated_from_base(base);
	int r = turn_until(self, wait ? UINT64_MAX : self->now_ms);
	bool has_more = self->set.waiting > 0 || self->due_ms != UINT64_MAX;
	return r == ENVOI_END && !wait && has_more ? ENVOI_OK : r;
}

static int run_until(struct simulated_loop *self, uint64_t end_ms)
{
	int r = ENVOI_OK;
	self->wants_quit = false;
	while (r == ENVOI_OK && !self->wants_quit) {
		r = turn_until(self, end_ms);
	}
	return r == ENVOI_END ? ENVOI_OK : r;
}

static int run(struct envoi_loop *base)
{
	return run_until(simulated_from_base(base), UINT64_MAX);
}

static void quit(struct envoi_loop *base)
{
	simulated_from_base(base)->wants_quit = true;
}

static void destroy(struct envoi_loop *base)
{
	struct simulated_loop *self = simulated_from_base(base);
	envoi__poll_set_finish(&self->set);
	envoi_free(base->context, self);
}

static const struct envoi_loop_impl simulated_impl = {
	.name = "simulated",
	.watch_start = watch_start,
	.watch_update = watch_update,
	.watch_stop = watch_stop,
	.set_alarm = set_alarm,
	.now_ms = now_ms,
	.wall_clock_ms = wall_clock_ms,
	.suspended_ms = suspended_ms,
	.run = run,
	.run_once = run_once,
	.quit = quit,
	.destroy = destroy,
};

int envoi_loop_new_simulated(struct envoi_loop **ret_loop, struct envoi_context *context)
{
	struct simulated_loop *self = envoi_alloc_zeroed(context, sizeof(*self));
	if (self == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_loop_init(&self->base, &simulated_impl, context);
	envoi__poll_set_init(&self->set, context);
	self->due_ms = UINT64_MAX;
	*ret_loop = &self->base;
	return ENVOI_OK;
}

int envoi_loop_simulated_run_for(struct envoi_loop *loop, uint64_t duration_ms)
{
	if (loop->impl != &simulated_impl) {
		return ENVOI_ERR_INVALID;
	}
	if (loop->in_turn || loop->in_io) {
		return ENVOI_ERR_STATE;
	}
	struct simulated_loop *self = simulated_from_base(loop);
	struct envoi_context *context = envoi_context_ref(loop->context);
	uint64_t end_ms = duration_ms < UINT64_MAX - self->now_ms ? self->now_ms + duration_ms
								  : UINT64_MAX - 1;
	int r = run_until(self, end_ms);
	if (r == ENVOI_OK && !self->wants_quit) {
		self->now_ms = end_ms;
	}
	envoi_context_unref(context);
	return r;
}

int envoi_loop_simulated_suspend(struct envoi_loop *loop, uint64_t duration_ms)
{
	if (loop->impl != &simulated_impl) {
		return ENVOI_ERR_INVALID;
	}
	simulated_from_base(loop)->suspended_ms += duration_ms;
	envoi__wake_check(loop->context);
	return ENVOI_OK;
}
