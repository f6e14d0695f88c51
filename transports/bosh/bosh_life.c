/*
 * envoi - XMPP over BOSH: turns of the loop, closing, end
 * SPDX-License-Identifier: MIT
 *
 * Private headers: see bosh_inside.h.
 */
#include <envoi/settings.h>
#include <envoi/tls.h>

#include "bosh_inside.h"

/* --- life --- */

void envoi__bosh_options_finish(struct envoi__bosh_options *options, struct envoi_context *context)
{
	envoi_free(context, options->url_text);
	envoi_free(context, options->domain);
	envoi_settings_free(options->settings);
	envoi_tls_config_unref(options->tls);
	*options = (struct envoi__bosh_options){.url_text = NULL};
}

static void release(struct bosh *bosh)
{
	struct envoi_context *context = envoi_context_ref(bosh->base.context);
	envoi_element_unref(bosh->head);
	envoi_failure_finish(&bosh->why);
	envoi__bosh_options_finish(&bosh->options, context);
	envoi_transport_finish(&bosh->base);
	envoi_free(context, bosh);
	envoi_context_unref(context);
}

void envoi__bosh_enter(struct bosh *bosh)
{
	envoi__guard_enter(&bosh->guard);
}

void envoi__bosh_leave(struct bosh *bosh)
{
	if (envoi__guard_leave(&bosh->guard)) {
		release(bosh);
	}
}

/* --- turns --- */

static void report_written(struct bosh *bosh)
{
	struct envoi_transport_sink *sink = bosh->base.sink;
	size_t written = bosh->written;
	bosh->written = 0;
	if (written > 0 && sink != NULL) {
		sink->impl->written(sink, written);
	}
}

static void report_activity(struct bosh *bosh)
{
	struct envoi_transport_sink *sink = bosh->base.sink;
	if (bosh->has_activity && sink != NULL && bosh->state == BOSH_MOVING && !bosh->is_paused) {
		bosh->has_activity = false;
		sink->impl->activity(sink);
	}
}

static void report_drained(struct bosh *bosh)
{
	struct envoi_transport_sink *sink = bosh->base.sink;
	if (bosh->wants_drained && sink != NULL && bosh->state == BOSH_MOVING &&
		envoi__bosh_pending(bosh) <= bosh->channel.output_bytes / BOSH_LOW_MARK_PART) {
		bosh->wants_drained = false;
		sink->impl->drained(sink);
	}
}

static void report_closed(struct bosh *bosh)
{
	struct envoi_transport_sink *sink = bosh->base.sink;
	bosh->state = BOSH_REPORTED;
	envoi_deferred_cancel(&bosh->turn);
	if (sink != NULL) {
		sink->impl->closed(sink, &bosh->why);
	}
}

/* The answers of other requests are not waited for. */
static bool is_end_answered(struct bosh *bosh)
{
	for (size_t i = 0; i < bosh->count; i++) {
		const struct bosh_request *request = bosh_request_at(bosh, i);
		if (request->ends_session) {
			return request->is_answered;
		}
	}
	return bosh->has_sent_end;
}

static void go_on_closing(struct bosh *bosh)
{
	bool has_session = bosh->session.sid[0] != '\0' && !bosh->has_ended;
	if (!has_session || bosh->linger_ms == 0 || is_end_answered(bosh)) {
		struct envoi_failure why;
		envoi_failure_move(&why, &bosh->why);
		envoi__bosh_finish_now(bosh, &why);
	}
}

static void on_turn(struct envoi_deferred *deferred)
{
	struct bosh *bosh = ENVOI_CONTAINER_OF(deferred, struct bosh, turn);
	envoi__bosh_enter(bosh);
	report_written(bosh);
	report_activity(bosh);
	envoi__bosh_deliver(bosh);
	report_drained(bosh);
	envoi__bosh_send_due(bosh);
	if (bosh->state == BOSH_CLOSING) {
		go_on_closing(bosh);
	}
	if (bosh->state == BOSH_OVER) {
		report_written(bosh);
		report_closed(bosh);
	}
	envoi__bosh_leave(bosh);
}

void envoi__bosh_wake(struct bosh *bosh)
{
	if (!envoi__guard_is_over(&bosh->guard) && bosh->state != BOSH_REPORTED) {
		envoi_deferred_post(&bosh->turn, bosh_loop(bosh), on_turn);
	}
}

/* --- the end --- */

void envoi__bosh_finish_now(struct bosh *bosh, struct envoi_failure *why)
{
	if (bosh->state >= BOSH_OVER) {
		envoi_failure_finish(why);
		return;
	}
	bosh->state = BOSH_OVER;
	envoi_failure_finish(&bosh->why);
	envoi_failure_move(&bosh->why, why);
	envoi_timer_stop(&bosh->linger);
	envoi__bosh_drop_requests(bosh);
	envoi__bosh_wake(bosh);
}

static void on_linger(struct envoi_timer *timer)
{
	struct bosh *bosh = ENVOI_CONTAINER_OF(timer, struct bosh, linger);
	struct envoi_failure why;
	envoi_failure_move(&why, &bosh->why);
	if (why.code == ENVOI_OK && envoi__bosh_pending(bosh) > 0) {
		envoi_failure_finish(&why);
		envoi_failure_set(&why, bosh->base.context, ENVOI_PHASE_CLOSE, ENVOI_ERR_TIMEOUT,
			"the BOSH server did not confirm the remaining output");
	}
	envoi__bosh_finish_now(bosh, &why);
}

/* @param why  moved */
static void begin_close(struct bosh *bosh, struct envoi_failure *why, uint64_t linger_ms)
{
	if (bosh->state > BOSH_MOVING) {
		envoi_failure_finish(why);
		return;
	}
	bool was_new = bosh->state == BOSH_NEW;
	bosh->state = BOSH_CLOSING;
	bosh->wants_end = true;
	envoi_failure_finish(&bosh->why);
	envoi_failure_move(&bosh->why, why);
	bosh->linger_ms = was_new ? 0 : linger_ms;
	if (bosh->linger_ms > 0) {
		envoi_timer_start(&bosh->linger, bosh_loop(bosh), linger_ms, on_linger);
	}
	envoi__bosh_wake(bosh);
}

void envoi__bosh_fail(struct bosh *bosh, int code, const char *text)
{
	struct envoi_failure why;
	envoi_failure_set(&why, bosh->base.context, ENVOI_PHASE_NONE, code, "%s", text);
	envoi__bosh_finish_now(bosh, &why);
}

void envoi__bosh_refuse(struct bosh *bosh, struct envoi_failure *why)
{
	envoi__bosh_send_end(bosh);
	envoi__bosh_finish_now(bosh, why);
}

void envoi__bosh_refuse_with(struct bosh *bosh, int code, const char *text)
{
	struct envoi_failure why;
	envoi_failure_set(&why, bosh->base.context, ENVOI_PHASE_NONE, code, "%s", text);
	envoi__bosh_refuse(bosh, &why);
}

void envoi__bosh_close(struct envoi_transport *transport, uint64_t linger_ms)
{
	struct envoi_failure why = {.code = ENVOI_OK};
	begin_close(bosh_of(transport), &why, linger_ms);
}

void envoi__bosh_abort(struct envoi_transport *transport, const struct envoi_failure *why)
{
	struct envoi_failure copy;
	if (why != NULL) {
		envoi_failure_copy(&copy, why);
	} else {
		envoi_failure_set(
			&copy, transport->context, ENVOI_PHASE_NONE, ENVOI_ERR_CANCELED, NULL);
	}
	envoi__bosh_finish_now(bosh_of(transport), &copy);
}

void envoi__bosh_destroy(struct envoi_transport *transport)
{
	struct bosh *bosh = bosh_of(transport);
	envoi__bosh_enter(bosh);
	envoi__guard_end(&bosh->guard);
	bosh->state = BOSH_REPORTED;
	envoi_deferred_cancel(&bosh->turn);
	envoi_timer_stop(&bosh->linger);
	envoi__bosh_drop_requests(bosh);
	envoi__bosh_leave(bosh);
}
