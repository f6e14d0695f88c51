/*
 * envoi - liveness: when a link is probed, and when it counts as dead
 * SPDX-License-Identifier: MIT
 */
#include "session/liveness/liveness.h"

#include "mainloop/timers.h"

enum {
	GRID_MS = 5000, /* the coarsest */
	GRID_PART = 4, /* of the answer timeout, where that is short */
	LOOKS = 3, /* within the peer's limit */
	SHORTEST_PEER_LIMIT_MS = 10000,
};

static void on_timer(struct envoi_timer *timer);

static uint64_t earlier(uint64_t a_ms, uint64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

/* --- the next look at the link --- */

static uint64_t grid_ms(const struct envoi__liveness *liveness)
{
	uint64_t part_ms = liveness->settings.answer_timeout_ms / GRID_PART;
	if (liveness->keepalive_ms != 0) {
		part_ms = earlier(part_ms, liveness->keepalive_ms / GRID_PART);
	}
	return part_ms == 0 ? 1 : earlier(part_ms, GRID_MS);
}

static uint64_t probe_due_ms(const struct envoi__liveness *liveness)
{
	uint64_t last_ms = liveness->last_input_ms > liveness->probed_ms ? liveness->last_input_ms
									 : liveness->probed_ms;
	return last_ms + liveness->settings.probe_after_ms;
}

static uint64_t next_ms(const struct envoi__liveness *liveness)
{
	uint64_t due_ms = UINT64_MAX;
	if (liveness->is_probing) {
		due_ms = liveness->deadline_ms;
	} else if (liveness->settings.method != ENVOI__LIVENESS_NONE) {
		due_ms = probe_due_ms(liveness);
	}
	return liveness->keepalive_ms == 0 ? due_ms : earlier(due_ms, liveness->look_ms);
}

static void schedule(struct envoi__liveness *liveness)
{
	uint64_t due_ms = next_ms(liveness), grid = grid_ms(liveness);
	if (due_ms == UINT64_MAX) {
		envoi_timer_stop(&liveness->timer);
	} else {
		due_ms += grid - 1;
		envoi__timer_start_at(
			&liveness->timer, liveness->loop, due_ms - due_ms % grid, on_timer);
	}
}

/* --- probing --- */

/* @return false: stopped */
static bool probe(struct envoi__liveness *liveness, uint64_t now_ms)
{
	liveness->probed_ms = now_ms;
	if (liveness->settings.method == ENVOI__LIVENESS_PROBE) {
		bool is_answered = liveness->impl->probe(liveness);
		if (liveness->loop == NULL) {
			return false;
		}
		if (is_answered) {
			liveness->is_probing = true;
			liveness->deadline_ms = now_ms + liveness->settings.answer_timeout_ms;
			liveness->output = liveness->impl->output(liveness);
			return true;
		}
	}
	liveness->impl->keepalive(liveness);
	return liveness->loop != NULL;
}

/* A probe stands behind the output that was pending before it: while the peer takes that, no answer
 * can be expected. */
static bool is_output_moving(
	const struct envoi__liveness *liveness, struct envoi__liveness_output *output)
{
	const struct envoi__liveness_output before = *output;
	*output = liveness->impl->output(liveness);
	return output->pending > 0 &&
		(output->pending < before.pending || output->written != before.written);
}

/* @return false: stopped */
static bool judge(struct envoi__liveness *liveness, uint64_t now_ms)
{
	uint64_t limit_ms = liveness->last_input_ms + liveness->settings.limit_ms;
	if (is_output_moving(liveness, &liveness->output) && now_ms < limit_ms) {
		liveness->deadline_ms = earlier(
			now_ms + liveness->settings.answer_timeout_ms, limit_ms);
		return true;
	}
	envoi__liveness_stop(liveness);
	liveness->impl->dead(liveness, now_ms - liveness->last_input_ms);
	return false;
}

/* @return false: stopped */
static bool look_at_input(struct envoi__liveness *liveness, uint64_t now_ms)
{
	if (liveness->is_probing) {
		return now_ms < liveness->deadline_ms || judge(liveness, now_ms);
	}
	if (liveness->settings.method == ENVOI__LIVENESS_NONE || now_ms < probe_due_ms(liveness)) {
		return true;
	}
	return probe(liveness, now_ms);
}

/* XEP-0198, section 4: an acknowledgement that was requested must not be withheld. What the peer
 * sends instead says that the link is not dead, but not what it has received.
 * @return false: stopped */
static bool look_at_request(struct envoi__liveness *liveness, uint64_t now_ms)
{
	uint64_t request = liveness->impl->request(liveness);
	bool is_moving = is_output_moving(liveness, &liveness->request_output);
	if (request == 0 || request != liveness->request || is_moving) {
		liveness->request = request;
		liveness->request_ms = now_ms;
		return true;
	}
	if (now_ms - liveness->request_ms < liveness->settings.limit_ms) {
		return true;
	}
	envoi__liveness_stop(liveness);
	liveness->impl->unanswered(liveness, now_ms - liveness->request_ms);
	return false;
}

/* @return false: stopped */
static bool look_at_output(struct envoi__liveness *liveness, uint64_t now_ms)
{
	if (liveness->keepalive_ms == 0 || now_ms < liveness->look_ms) {
		return true;
	}
	uint64_t sent = liveness->impl->sent(liveness);
	bool was_silent = sent == liveness->sent;
	liveness->sent = sent;
	liveness->look_ms = now_ms + liveness->keepalive_ms;
	if (was_silent) {
		liveness->impl->keepalive(liveness);
	}
	return liveness->loop != NULL;
}

/* The time for which the timer was set counts, so that what follows from it is on the grid too;
 * unless the program was stopped or busy since, and its peer with it. */
static uint64_t time_of_look_ms(const struct envoi__liveness *liveness, uint64_t due_ms)
{
	uint64_t now_ms = envoi_loop_now_ms(liveness->loop);
	return now_ms - due_ms < grid_ms(liveness) ? due_ms : now_ms;
}

static void on_timer(struct envoi_timer *timer)
{
	struct envoi__liveness *liveness = ENVOI_CONTAINER_OF(timer, struct envoi__liveness, timer);
	uint64_t now_ms = time_of_look_ms(liveness, timer->due_ms);
	liveness->impl->enter(liveness);
	envoi__wake_check(liveness->context);
	if (liveness->impl->is_held(liveness)) {
		envoi__liveness_input(liveness);
		liveness->request = 0;
	}
	if (look_at_request(liveness, now_ms) && look_at_input(liveness, now_ms) &&
		look_at_output(liveness, now_ms)) {
		schedule(liveness);
	}
	liveness->impl->leave(liveness);
}

void envoi__liveness_probe(struct envoi__liveness *liveness)
{
	if (liveness->loop == NULL || liveness->settings.method == ENVOI__LIVENESS_NONE) {
		return;
	}
	liveness->impl->enter(liveness);
	if (probe(liveness, envoi_loop_now_ms(liveness->loop))) {
		schedule(liveness);
	}
	liveness->impl->leave(liveness);
}

void envoi__liveness_answered(struct envoi__liveness *liveness)
{
	liveness->is_probing = false;
	schedule(liveness);
}

/* --- life --- */

void envoi__liveness_init(struct envoi__liveness *liveness, const struct envoi__liveness_impl *impl,
	struct envoi_context *context)
{
	*liveness = (struct envoi__liveness){.impl = impl, .context = context};
}

static void on_wake(struct envoi__wake_watch *watch)
{
	envoi__liveness_probe(ENVOI_CONTAINER_OF(watch, struct envoi__liveness, wake));
}

void envoi__liveness_start(struct envoi__liveness *liveness, struct envoi_loop *loop)
{
	if (liveness->loop != NULL) {
		return;
	}
	liveness->loop = loop;
	liveness->is_probing = false;
	liveness->last_input_ms = envoi_loop_now_ms(loop);
	liveness->probed_ms = 0;
	liveness->keepalive_ms = 0;
	liveness->request = 0;
	envoi__wake_watch_start(&liveness->wake, liveness->context, on_wake);
	schedule(liveness);
}

void envoi__liveness_stop(struct envoi__liveness *liveness)
{
	if (liveness->loop != NULL) {
		liveness->loop = NULL;
		envoi_timer_stop(&liveness->timer);
		envoi__wake_watch_stop(&liveness->wake, liveness->context);
	}
}

void envoi__liveness_set_peer_limit(struct envoi__liveness *liveness, uint64_t idle_ms)
{
	if (idle_ms != 0 && idle_ms < SHORTEST_PEER_LIMIT_MS) {
		idle_ms = SHORTEST_PEER_LIMIT_MS;
	}
	liveness->keepalive_ms = idle_ms / LOOKS;
	if (liveness->loop != NULL) {
		liveness->sent = liveness->impl->sent(liveness);
		liveness->look_ms = envoi_loop_now_ms(liveness->loop) + liveness->keepalive_ms;
		schedule(liveness);
	}
}
