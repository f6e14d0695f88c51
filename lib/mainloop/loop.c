/*
 * envoi - main loop: the part that all loops share
 * SPDX-License-Identifier: MIT
 */
#include <envoi/interfaces/mainloop.h>

#include <stddef.h>

#include <envoi/context.h>
#include <envoi/mainloop.h>

#include "mainloop/timers.h"

void envoi_loop_init(
	struct envoi_loop *loop, const struct envoi_loop_impl *impl, struct envoi_context *context)
{
	*loop = (struct envoi_loop){
		.impl = impl,
		.context = context,
		.alarm_ms = UINT64_MAX,
	};
}

void envoi_loop_destroy(struct envoi_loop *loop)
{
	if (loop != NULL) {
		if (loop->close_post_queues != NULL) {
			loop->close_post_queues(loop);
		}
		loop->impl->destroy(loop);
	}
}

uint64_t envoi_loop_now_ms(struct envoi_loop *loop)
{
	return loop->impl->now_ms(loop);
}

static uint64_t next_alarm(const struct envoi_loop *loop)
{
	if (loop->deferred_first != NULL) {
		return 0;
	}
	return loop->timers != NULL ? loop->timers->due_ms : UINT64_MAX;
}

/* During a turn the alarm stays as it is: the end of the turn sets it. */
static void update_alarm(struct envoi_loop *loop)
{
	uint64_t due_ms = next_alarm(loop);
	if (!loop->in_turn && due_ms != loop->alarm_ms) {
		loop->alarm_ms = due_ms;
		loop->impl->set_alarm(loop, due_ms);
	}
}

/* --- watches --- */

int envoi_watch_start(struct envoi_watch *watch, struct envoi_loop *loop, int fd,
	unsigned int interest, envoi_watch_fn *notify)
{
	if (watch->loop != NULL) {
		return ENVOI_ERR_STATE;
	}
	if (fd < 0) {
		return ENVOI_ERR_INVALID;
	}
	*watch = (struct envoi_watch){.fd = fd, .interest = interest, .notify = notify};
	int r = loop->impl->watch_start(loop, watch);
	if (r < 0) {
		return r;
	}
	watch->loop = loop;
	return ENVOI_OK;
}

int envoi_watch_set(struct envoi_watch *watch, unsigned int interest)
{
	if (watch->loop == NULL) {
		return ENVOI_ERR_STATE;
	}
	if (watch->interest == interest) {
		return ENVOI_OK;
	}
	unsigned int before = watch->interest;
	watch->interest = interest;
	int r = watch->loop->impl->watch_update(watch->loop, watch, before);
	if (r < 0) {
		watch->interest = before;
	}
	return r;
}

void envoi_watch_stop(struct envoi_watch *watch)
{
	struct envoi_loop *loop = watch->loop;
	if (loop != NULL) {
		watch->loop = NULL;
		loop->impl->watch_stop(loop, watch);
	}
}

void envoi_watch_notify(struct envoi_watch *watch, unsigned int ready)
{
	ready &= watch->interest;
	if (watch->loop == NULL || ready == 0) {
		return;
	}
	struct envoi_loop *loop = watch->loop;
	struct envoi_context *context = envoi_context_ref(loop->context);
	loop->in_io = true;
	watch->notify(watch, ready);
	loop->in_io = false;
	envoi_context_unref(context);
}

/* --- timers --- */

static uint64_t due_after(struct envoi_loop *loop, uint64_t delay_ms)
{
	uint64_t now_ms = envoi_loop_now_ms(loop);
	if (delay_ms == 0) {
		return now_ms;
	}
	uint64_t from_ms = now_ms + loop->impl->resolution_ms;
	return delay_ms < UINT64_MAX - from_ms ? from_ms + delay_ms : UINT64_MAX;
}

void envoi__timer_start_at(
	struct envoi_timer *timer, struct envoi_loop *loop, uint64_t due_ms, envoi_timer_fn *notify)
{
	if (timer->loop != NULL) {
		envoi__timers_remove(&timer->loop->timers, timer);
	}
	*timer = (struct envoi_timer){
		.due_ms = due_ms,
		.order = loop->timer_order++,
		.notify = notify,
		.loop = loop,
	};
	envoi__timers_add(&loop->timers, timer);
	update_alarm(loop);
}

void envoi_timer_start(struct envoi_timer *timer, struct envoi_loop *loop, uint64_t delay_ms,
	envoi_timer_fn *notify)
{
	envoi__timer_start_at(timer, loop, due_after(loop, delay_ms), notify);
}

void envoi_timer_stop(struct envoi_timer *timer)
{
	struct envoi_loop *loop = timer->loop;
	if (loop != NULL) {
		envoi__timers_remove(&loop->timers, timer);
		timer->loop = NULL;
		update_alarm(loop);
	}
}

bool envoi_timer_is_started(const struct envoi_timer *timer)
{
	return timer->loop != NULL;
}

/* --- deferred calls --- */

static void append_deferred(struct envoi_loop *loop, struct envoi_deferred *deferred)
{
	deferred->loop = loop;
	deferred->next = NULL;
	deferred->previous = loop->deferred_last;
	if (loop->deferred_last != NULL) {
		loop->deferred_last->next = deferred;
	} else {
		loop->deferred_first = deferred;
	}
	loop->deferred_last = deferred;
}

static void remove_deferred(struct envoi_loop *loop, struct envoi_deferred *deferred)
{
	if (deferred->previous != NULL) {
		deferred->previous->next = deferred->next;
	} else {
		loop->deferred_first = deferred->next;
	}
	if (deferred->next != NULL) {
		deferred->next->previous = deferred->previous;
	} else {
		loop->deferred_last = deferred->previous;
	}
	deferred->loop = NULL;
}

void envoi_deferred_post(
	struct envoi_deferred *deferred, struct envoi_loop *loop, envoi_deferred_fn *notify)
{
	if (deferred->loop == NULL) {
		deferred->notify = notify;
		append_deferred(loop, deferred);
		update_alarm(loop);
	}
}

void envoi_deferred_cancel(struct envoi_deferred *deferred)
{
	struct envoi_loop *loop = deferred->loop;
	if (loop != NULL) {
		remove_deferred(loop, deferred);
		update_alarm(loop);
	}
}

/* What is posted meanwhile comes behind the mark, and waits for the next turn. */
static void run_deferred_calls(struct envoi_loop *loop)
{
	struct envoi_deferred mark = {0};
	append_deferred(loop, &mark);
	while (loop->deferred_first != &mark) {
		struct envoi_deferred *deferred = loop->deferred_first;
		remove_deferred(loop, deferred);
		deferred->notify(deferred);
	}
	remove_deferred(loop, &mark);
}

/* --- turns --- */

/* @return the next timer that was started and due before the last turn began, or NULL */
static struct envoi_timer *find_overdue(
	const struct envoi_loop *loop, struct envoi__turn_start last)
{
	struct envoi_timer *timer = loop->timers;
	return timer != NULL && timer->due_ms <= last.now_ms && timer->order < last.timer_order
		? timer
		: NULL;
}

/*
 * A timer waits until descriptors have been read once after it became due: it fires in the second
 * turn. A program that was stopped or busy for longer than a timeout thereby takes the answers that
 * arrived in time before their timeouts end. What arrives during a turn has not been read, so the
 * start of the turn counts.
 */
static void run_turn(struct envoi_loop *loop)
{
	struct envoi__turn_start last = loop->turn_start;
	struct envoi_timer *timer;
	loop->turn_start.now_ms = envoi_loop_now_ms(loop);
	loop->turn_start.timer_order = loop->timer_order;
	run_deferred_calls(loop);
	while ((timer = find_overdue(loop, last)) != NULL) {
		envoi__timers_remove(&loop->timers, timer);
		timer->loop = NULL;
		timer->notify(timer);
	}
}

void envoi_loop_turn(struct envoi_loop *loop)
{
	if (loop->in_turn || loop->in_io) {
		return;
	}
	/* a callback may drop the last reference to the context, which owns the loop */
	struct envoi_context *context = envoi_context_ref(loop->context);
	loop->in_turn = true;
	run_turn(loop);
	loop->in_turn = false;
	loop->alarm_ms = next_alarm(loop);
	loop->impl->set_alarm(loop, loop->alarm_ms);
	envoi_context_unref(context);
}

static bool is_inside_callback(const struct envoi_loop *loop)
{
	return loop->in_turn || loop->in_io;
}

int envoi_loop_run(struct envoi_loop *loop)
{
	if (loop->impl->run == NULL) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	if (is_inside_callback(loop)) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_context *context = envoi_context_ref(loop->context);
	int r = loop->impl->run(loop);
	envoi_context_unref(context);
	return r;
}

int envoi_loop_run_once(struct envoi_loop *loop, bool wait)
{
	if (loop->impl->run_once == NULL) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	if (is_inside_callback(loop)) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_context *context = envoi_context_ref(loop->context);
	int r = loop->impl->run_once(loop, wait);
	envoi_context_unref(context);
	return r;
}

void envoi_loop_quit(struct envoi_loop *loop)
{
	if (loop->impl->quit != NULL) {
		loop->impl->quit(loop);
	}
}
