/*
 * envoi - BOSH, the receiving side: turns of the loop, closing, end
 * SPDX-License-Identifier: MIT
 *
 * Private headers: see bosh_hosted.h.
 */
#include "bosh_hosted.h"

enum {
	INACTIVITY_MS = 60000,
	ERROR_LINGER_MS = 1000, /* for a request to come that can be answered with the end */
	LOW_MARK_PART = 4, /* low mark: limit divided by this */
};

/* --- life --- */

static void release(struct hosted *hosted)
{
	struct envoi_context *context = envoi_context_ref(hosted->base.context);
	envoi__holder_finish(&hosted->holder, context);
	envoi_failure_finish(&hosted->why);
	envoi_buffer_wipe(&hosted->queue);
	envoi_transport_finish(&hosted->base);
	envoi_free(context, hosted);
	envoi_context_unref(context);
}

void envoi__hosted_enter(struct hosted *hosted)
{
	envoi__guard_enter(&hosted->guard);
}

void envoi__hosted_leave(struct hosted *hosted)
{
	if (envoi__guard_leave(&hosted->guard)) {
		release(hosted);
	}
}

/* --- turns --- */

static void report_written(struct hosted *hosted)
{
	struct envoi_transport_sink *sink = hosted->base.sink;
	size_t written = hosted->written;
	hosted->written = 0;
	if (written > 0 && sink != NULL) {
		sink->impl->written(sink, written);
	}
}

static void report_activity(struct hosted *hosted)
{
	struct envoi_transport_sink *sink = hosted->base.sink;
	if (hosted->has_activity && sink != NULL && hosted->state == HOSTED_MOVING &&
		!hosted->is_paused) {
		hosted->has_activity = false;
		sink->impl->activity(sink);
	}
}

static void report_drained(struct hosted *hosted)
{
	struct envoi_transport_sink *sink = hosted->base.sink;
	if (hosted->wants_drained && sink != NULL && hosted->state == HOSTED_MOVING &&
		envoi_buffer_len(&hosted->queue) <= hosted->options.output_bytes / LOW_MARK_PART) {
		hosted->wants_drained = false;
		sink->impl->drained(sink);
	}
}

static void report_closed(struct hosted *hosted)
{
	struct envoi_transport_sink *sink = hosted->base.sink;
	hosted->state = HOSTED_REPORTED;
	envoi_deferred_cancel(&hosted->turn);
	if (sink != NULL) {
		sink->impl->closed(sink, &hosted->why);
	}
}

static void finish_closing(struct hosted *hosted)
{
	struct envoi_failure why;
	envoi_failure_move(&why, &hosted->why);
	envoi__hosted_finish_now(hosted, &why);
}

static void report_memory(struct hosted *hosted)
{
	envoi__budget_report(hosted->base.context, &hosted->holder, envoi__hosted_memory(hosted));
}

static void on_turn(struct envoi_deferred *deferred)
{
	struct hosted *hosted = ENVOI_CONTAINER_OF(deferred, struct hosted, turn);
	envoi__hosted_enter(hosted);
	report_written(hosted);
	report_activity(hosted);
	envoi__hosted_deliver(hosted);
	if (hosted->state == HOSTED_MOVING || hosted->state == HOSTED_CLOSING) {
		envoi__hosted_answer_due(hosted);
	}
	report_drained(hosted);
	if (hosted->state == HOSTED_CLOSING && (hosted->has_ended || hosted->linger_ms == 0)) {
		finish_closing(hosted);
	}
	if (hosted->state == HOSTED_OVER) {
		report_written(hosted);
		report_closed(hosted);
	}
	if (!envoi__guard_is_over(&hosted->guard)) {
		report_memory(hosted);
	}
	envoi__hosted_leave(hosted);
}

void envoi__hosted_wake(struct hosted *hosted)
{
	if (!envoi__guard_is_over(&hosted->guard) && hosted->state != HOSTED_REPORTED) {
		envoi_deferred_post(&hosted->turn, hosted_loop(hosted), on_turn);
	}
}

/* --- deadlines --- */

static void on_inactivity(struct envoi_timer *timer)
{
	struct hosted *hosted = ENVOI_CONTAINER_OF(timer, struct hosted, inactivity);
	struct envoi_failure why;
	envoi_failure_set(&why, hosted->base.context, ENVOI_PHASE_NONE, ENVOI_ERR_DISCONNECTED,
		"the client sent no BOSH request in time");
	envoi__hosted_finish_now(hosted, &why);
}

void envoi__hosted_watch_inactivity(struct hosted *hosted)
{
	bool is_idle = hosted->state < HOSTED_OVER && !envoi__hosted_is_asked(hosted);
	if (!is_idle) {
		envoi_timer_stop(&hosted->inactivity);
	} else if (!envoi_timer_is_started(&hosted->inactivity)) {
		envoi_timer_start(&hosted->inactivity, hosted_loop(hosted),
			hosted->pause_ms > 0 ? hosted->pause_ms : INACTIVITY_MS, on_inactivity);
	}
}

/* What one session holds is small, and its requests are bounded: only its end gives memory back. */
static void on_hold(struct envoi__holder *holder, bool is_held)
{
	(void)holder;
	(void)is_held;
}

/* It is not waited for requests that can be answered with the end: what is held goes at once. */
static void on_unaffordable(struct envoi__holder *holder)
{
	struct hosted *hosted = ENVOI_CONTAINER_OF(holder, struct hosted, holder);
	struct envoi_failure why;
	envoi_failure_set(&why, hosted->base.context, ENVOI_PHASE_NONE, ENVOI_ERR_LIMIT,
		"all connections together hold too much memory (listener.memory)");
	hosted->condition = "policy-violation";
	envoi__hosted_finish_now(hosted, &why);
	envoi_buffer_wipe(&hosted->queue);
	report_memory(hosted);
}

const struct envoi__holder_impl envoi__hosted_holder_impl = {
	.hold = on_hold, .end = on_unaffordable};

/* --- the end --- */

void envoi__hosted_finish_now(struct hosted *hosted, struct envoi_failure *why)
{
	if (hosted->state >= HOSTED_OVER) {
		envoi_failure_finish(why);
		return;
	}
	hosted->state = HOSTED_OVER;
	envoi_failure_finish(&hosted->why);
	envoi_failure_move(&hosted->why, why);
	envoi_timer_stop(&hosted->linger);
	envoi_timer_stop(&hosted->wait);
	envoi_timer_stop(&hosted->inactivity);
	envoi__hosted_forget(hosted);
	envoi__hosted_drop_requests(hosted);
	envoi__hosted_wake(hosted);
}

static void on_linger(struct envoi_timer *timer)
{
	struct hosted *hosted = ENVOI_CONTAINER_OF(timer, struct hosted, linger);
	if (hosted->why.code == ENVOI_OK && hosted->queued > 0) {
		envoi_failure_set(&hosted->why, hosted->base.context, ENVOI_PHASE_CLOSE,
			ENVOI_ERR_TIMEOUT, "the client did not fetch the remaining output");
	}
	finish_closing(hosted);
}

/* @param why  moved */
static void begin_close(struct hosted *hosted, struct envoi_failure *why, uint64_t linger_ms)
{
	if (hosted->state > HOSTED_MOVING) {
		envoi_failure_finish(why);
		return;
	}
	hosted->state = HOSTED_CLOSING;
	hosted->wants_end = true;
	envoi_failure_finish(&hosted->why);
	envoi_failure_move(&hosted->why, why);
	hosted->linger_ms = linger_ms;
	if (linger_ms > 0) {
		envoi_timer_start(&hosted->linger, hosted_loop(hosted), linger_ms, on_linger);
	}
	envoi__hosted_wake(hosted);
}

void envoi__hosted_fail(struct hosted *hosted, const char *condition, int code, const char *text)
{
	struct envoi_failure why;
	envoi_failure_set(&why, hosted->base.context, ENVOI_PHASE_NONE, code, "%s", text);
	envoi__hosted_end_with(hosted, condition, &why);
}

void envoi__hosted_end_with(struct hosted *hosted, const char *condition, struct envoi_failure *why)
{
	if (hosted->state <= HOSTED_MOVING) {
		hosted->condition = condition;
	}
	begin_close(hosted, why, ERROR_LINGER_MS);
}

void envoi__hosted_close(struct envoi_transport *transport, uint64_t linger_ms)
{
	struct envoi_failure why = {.code = ENVOI_OK};
	begin_close(hosted_of(transport), &why, linger_ms);
}

void envoi__hosted_abort(struct envoi_transport *transport, const struct envoi_failure *why)
{
	struct envoi_failure copy;
	if (why != NULL) {
		envoi_failure_copy(&copy, why);
	} else {
		envoi_failure_set(
			&copy, transport->context, ENVOI_PHASE_NONE, ENVOI_ERR_CANCELED, NULL);
	}
	envoi__hosted_finish_now(hosted_of(transport), &copy);
}

void envoi__hosted_destroy(struct envoi_transport *transport)
{
	struct hosted *hosted = hosted_of(transport);
	struct envoi_failure why = {.code = ENVOI_OK};
	envoi__hosted_enter(hosted);
	envoi__hosted_finish_now(hosted, &why);
	envoi__guard_end(&hosted->guard);
	hosted->state = HOSTED_REPORTED;
	envoi_deferred_cancel(&hosted->turn);
	envoi__hosted_leave(hosted);
}
