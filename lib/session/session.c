/*
 * envoi - sessions: life, streams, epochs
 * SPDX-License-Identifier: MIT
 */
#include "session/session.h"

#include <envoi/context.h>
#include <envoi/settings.h>

#include "session/liveness/probe.h"
#include "session/session_settings.h"
#include "settings/settings.h"
#include "stream/stream.h"
#include "transport/transport_settings.h"

void envoi_session_configure(struct envoi_session *session, const struct envoi_settings *settings)
{
	struct envoi__session_settings own;
	struct envoi__transport_settings transport;
	envoi_settings_read(settings, envoi__session_setting_table, &own);
	envoi__transport_settings_read(&transport, settings);
	session->stanza_limit = transport.output_bytes;
	session->router.deferred_limit = own.deferred;
	session->requests.limit = own.requests;
	session->requests.timeout_ms = own.request_timeout_ms;
	session->outbox.count_limit = own.outbox_stanzas;
	session->outbox.bytes_limit = own.outbox_bytes;
	session->journal.max_age_ms = own.journal_max_age_ms;
	envoi__liveness_settings_read(&session->liveness.settings, settings);
	envoi_settings_read(settings, envoi__sm_setting_table, &session->sm.settings);
	session->resends = own.resends;
	session->throttle.timeout_ms = own.throttle_timeout_ms;
	session->acknowledging.is_enabled = own.pings;
}

static int configure_by_default(struct envoi_session *session)
{
	const struct envoi_settings *settings = envoi__default_settings(session->context);
	if (settings == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	envoi_session_configure(session, settings);
	return ENVOI_OK;
}

static void init_parts(struct envoi_session *session, struct envoi_loop *loop)
{
	struct envoi_context *context = session->context;
	session->sink.impl = &envoi__session_sink_impl;
	session->host.impl = &envoi__session_host_impl;
	envoi__event_queue_init(&session->queue, loop);
	envoi__router_init(&session->router, context, &session->host, session, 0);
	envoi__requests_init(&session->requests, context, &session->queue, 0, 0);
	session->requests.given_up = envoi__session_give_up;
	envoi__outbox_init(&session->outbox, context, &envoi__session_outbox_hooks);
	envoi__throttle_init(&session->throttle);
	envoi__acknowledging_init(session);
	envoi__tracking_init(
		&session->tracking, context, &session->queue, envoi__session_report_late);
	envoi__liveness_init(&session->liveness, &envoi__session_liveness_impl, context);
	envoi__sm_init(&session->sm);
	envoi__journal_init(&session->journal);
	envoi__list_init(&session->attachments);
	envoi__list_init(&session->waiting);
	envoi__list_init(&session->listeners);
	envoi__list_init(&session->filters);
	envoi__map_init(&session->by_handler, context);
	envoi__list_init(&session->uses);
	envoi__list_init(&session->waits);
}

static void destroy(struct envoi_session *session)
{
	struct envoi_context *context = session->context;
	envoi__session_sweep(session);
	envoi__sm_finish(session);
	envoi__journal_finish(session);
	envoi__router_finish(&session->router);
	envoi__requests_finish(&session->requests);
	envoi__event_queue_finish(&session->queue);
	envoi__tracking_finish(&session->tracking);
	envoi__map_finish(&session->by_handler);
	envoi__session_drop_reserve(session);
	envoi_free(context, session->problem);
	envoi_jid_unref(session->jid);
	envoi_jid_unref(session->held_jid);
	envoi_free(context, session);
	envoi_context_unref(context);
}

int envoi_session_new(struct envoi_session **ret_session, struct envoi_context *context,
	const struct envoi_settings *settings)
{
	struct envoi_loop *loop = envoi_context_loop(context);
	struct envoi_session *session = loop == NULL
		? NULL
		: envoi_alloc_zeroed(context, sizeof(*session));
	if (session == NULL) {
		return ENVOI_ERR_NOMEM;
	}
	session->context = envoi_context_ref(context);
	session->epoch = 1;
	session->peer_limit = SIZE_MAX;
	session->destroy = destroy;
	init_parts(session, loop);
	int r = ENVOI_OK;
	if (settings != NULL) {
		envoi_session_configure(session, settings);
	} else {
		r = configure_by_default(session);
	}
	if (r == ENVOI_OK) {
		r = envoi_session_reserve(session);
	}
	if (r < 0) {
		envoi__session_drop_reserve(session);
		envoi_free(context, session);
		envoi_context_unref(context);
		return r;
	}
	*ret_session = session;
	return ENVOI_OK;
}

static void add_counts(struct envoi_session_stats *stats, const struct envoi_stream *stream)
{
	struct envoi_stream_counts counts = {0};
	if (stream != NULL) {
		envoi_stream_get_counts(stream, &counts);
	}
	stats->stanzas_in += counts.stanzas_in;
	stats->stanzas_out += counts.stanzas_out;
}

/* What no byte of was sent is as if no stream had had it. While the session is suspended, numbers
 * are those of the stream before. */
static void unsend(struct envoi_session *session)
{
	struct envoi_stream_counts counts;
	if (session->stream == NULL || session->is_suspended) {
		return;
	}
	envoi_stream_get_counts(session->stream, &counts);
	if (envoi__outbox_unsend(
		    &session->outbox, counts.stanzas_out - envoi__stream_unsent(session->stream))) {
		envoi__journal_unsent(session);
	}
}

/* @return the stream, to be freed */
static struct envoi_stream *cut_stream(struct envoi_session *session)
{
	struct envoi_stream *stream = session->stream;
	envoi__throttle_stop(session);
	if (stream != NULL) {
		add_counts(&session->stats, stream);
		envoi__sm_stream_ends(session, stream);
	}
	session->stream = NULL;
	session->is_continued = session->is_continued && !session->is_closing;
	session->is_ready = session->is_online = session->is_closing = false;
	session->is_resumed = false;
	session->outbox.is_blocked = false;
	envoi_timer_stop(&session->retry_timer);
	envoi__liveness_stop(&session->liveness);
	envoi__acknowledging_stop(session);
	return stream;
}

/* Behind the ends of requests and tickets. */
static void post_ended(struct envoi_session *session)
{
	if (session->started_epoch != session->epoch) {
		return;
	}
	session->started_epoch = 0;
	int r = envoi_session_post_event(session, &(struct envoi_event){.type = ENVOI_EVENT_ENDED});
	if (r < 0) {
		envoi_log(session->context, ENVOI_LOG_ERROR, ENVOI_LOG_SESSION,
			"event ended is lost: %s", envoi_error_text(r));
	}
}

void envoi__session_end_epoch(struct envoi_session *session)
{
	session->is_suspended = session->is_resumable = false;
	envoi__sm_forget(session);
	envoi__router_disable_promises(&session->router);
	if (session->is_continued) {
		envoi__session_hold(session);
	}
	envoi__requests_end_all(&session->requests, ENVOI_ERR_DISCONNECTED);
	envoi__session_end_waits(session, ENVOI_ERR_DISCONNECTED);
	if (!session->is_continued) {
		envoi__session_lose(session);
	}
	post_ended(session);
	session->epoch++;
}

void envoi__session_cancel(struct envoi_session *session)
{
	envoi__requests_end_all(&session->requests, ENVOI_ERR_CANCELED);
	envoi__session_end_waits(session, ENVOI_ERR_CANCELED);
	envoi__outbox_cancel_all(&session->outbox);
	envoi__tracking_end_waiting(&session->tracking);
	post_ended(session);
}

static void suspend_or_end(struct envoi_session *session)
{
	if (session->is_resumable) {
		session->is_suspended = true;
		envoi__outbox_suspend(&session->outbox);
	} else {
		envoi__session_end_epoch(session);
	}
}

static void put_stream(struct envoi_session *session, struct envoi_stream *stream)
{
	session->stream = stream;
	if (stream != NULL) {
		envoi__stream_set_sink(stream, &session->sink);
	}
}

void envoi__session_exchange_streams(struct envoi_session *session, struct envoi_session *other)
{
	struct envoi_stream *lost = session->stream, *gained = cut_stream(other);
	if (lost != NULL) {
		(void)cut_stream(session);
		suspend_or_end(session);
	}
	put_stream(session, gained);
	put_stream(other, lost);
}

/* Its features may call the application, which may free the session, or detach it, or remove
 * handlers, and with that their features: the inner call frees what the outer one has not. */
static void drop_stream(struct envoi_session *session, struct envoi_stream *stream)
{
	envoi_stream_free(session->leaving);
	if (stream != NULL) {
		session->leaving = stream;
		envoi_stream_free(stream);
		session->leaving = NULL;
	}
}

void envoi_session_free(struct envoi_session *session)
{
	if (session == NULL || envoi__guard_is_over(&session->guard)) {
		return;
	}
	envoi__session_enter(session);
	envoi__session_cancel(session);
	envoi__guard_end(&session->guard);
	session->owner = NULL;
	drop_stream(session, cut_stream(session));
	envoi__router_close(&session->router);
	envoi__event_queue_flush(&session->queue);
	envoi__session_remove_all(session);
	envoi__session_end_uses(session);
	envoi__session_leave(session);
}

/* Most servers announce no limits: a stanza that is too long for one ends each stream. A client may
 * hold stanzas back that it has, and counts them: none of them can be taken out for it. */
static bool is_refusal(const struct envoi_session *session, const struct envoi_failure *why)
{
	return session->stream != NULL && envoi_stream_role(session->stream) == ENVOI_INITIATOR &&
		why != NULL && why->code == ENVOI_ERR_STREAM && why->phase == ENVOI_PHASE_ONLINE &&
		(why->stream_condition == ENVOI_STREAM_POLICY_VIOLATION ||
			why->stream_condition == ENVOI_STREAM_RESOURCE_CONSTRAINT);
}

bool envoi__session_has_taken_out(struct envoi_session *session)
{
	bool has_taken_out = session->has_taken_out;
	session->has_taken_out = false;
	return has_taken_out;
}

void envoi__session_lose_stream(struct envoi_session *session, const struct envoi_failure *why)
{
	/* XEP-0198, section 7: a session that was left in order cannot be resumed. */
	bool is_left = session->is_closing || (why != NULL && why->code == ENVOI_OK);
	unsend(session);
	if (session->is_ready &&
		envoi__outbox_suspect(&session->outbox, is_refusal(session, why))) {
		session->has_taken_out = true;
		envoi__journal_unsent(session);
	}
	struct envoi_stream *stream = cut_stream(session);
	envoi__session_enter(session);
	session->is_resumable = session->is_resumable && !is_left;
	suspend_or_end(session);
	if (is_left) {
		envoi__journal_ended(session);
	}
	drop_stream(session, stream);
	struct envoi_session_owner *owner = session->owner;
	if (why != NULL && owner != NULL && owner->impl->closed != NULL) {
		owner->impl->closed(owner, session, why);
	}
	envoi__session_leave(session);
}

struct envoi_context *envoi_session_context(const struct envoi_session *session)
{
	return session->context;
}

const struct envoi_jid *envoi_session_jid(const struct envoi_session *session)
{
	return session->jid;
}

const char *envoi_session_domain(const struct envoi_session *session)
{
	return session->jid == NULL ? NULL : envoi_jid_domain(session->jid);
}

bool envoi_session_is_from_account(
	const struct envoi_session *session, const struct envoi_stanza *stanza)
{
	const struct envoi_jid *from = envoi_stanza_from(stanza);
	if (session->jid == NULL) {
		return false;
	}
	return envoi_stanza_from_text(stanza) == NULL || envoi_jid_is_bare_of(from, session->jid);
}

bool envoi_session_is_online(const struct envoi_session *session)
{
	return session->is_online;
}

int envoi_session_send_element(struct envoi_session *session, const struct envoi_element *element)
{
	int r = envoi_element_error(element);
	if (r < 0) {
		return envoi__session_refuse(session, r, "%s", envoi_element_problem(element));
	}
	if (envoi__is_stanza(element, ENVOI_NS_CLIENT)) {
		return envoi__session_refuse(session, ENVOI_ERR_INVALID,
			"a stanza is no element of the stream: envoi_send() sends it");
	}
	if (!session->is_online || envoi__guard_is_over(&session->guard)) {
		return envoi__session_refuse(session, ENVOI_ERR_STATE, "the session is not online");
	}
	r = envoi_stream_send_element(session->stream, element);
	return r < 0 ? envoi__session_refuse(session, r, NULL) : ENVOI_OK;
}

void envoi_session_set_user(struct envoi_session *session, void *user)
{
	session->user = user;
}

void *envoi_session_user(const struct envoi_session *session)
{
	return session->user;
}

void envoi_session_get_stats(
	const struct envoi_session *session, struct envoi_session_stats *ret_stats)
{
	*ret_stats = session->stats;
	add_counts(ret_stats, session->stream);
	ret_stats->answers_ignored = session->requests.ignored;
	ret_stats->requests = session->requests.count;
	ret_stats->deferred = session->router.deferred;
	ret_stats->outbox_stanzas = session->outbox.count;
	ret_stats->outbox_bytes = session->outbox.bytes;
	ret_stats->unacknowledged_stanzas = session->outbox.kept_count;
	ret_stats->unacknowledged_bytes = session->outbox.kept_bytes;
}

/* --- for owners --- */

void envoi_session_set_owner(struct envoi_session *session, struct envoi_session_owner *owner)
{
	session->owner = envoi__guard_is_over(&session->guard) ? NULL : owner;
}

struct envoi_stream_sink *envoi_session_sink(struct envoi_session *session)
{
	return &session->sink;
}

struct envoi_stream *envoi_session_stream(const struct envoi_session *session)
{
	return session->stream;
}

void envoi_session_set_jid(struct envoi_session *session, const struct envoi_jid *jid)
{
	struct envoi_jid *before = session->jid;
	session->jid = jid == NULL ? NULL : envoi_jid_ref(jid);
	envoi_jid_unref(before);
}

int envoi_session_attach(struct envoi_session *session, struct envoi_stream *stream)
{
	bool is_free = !envoi__guard_is_over(&session->guard) && session->stream == NULL &&
		session->leaving == NULL;
	int r = is_free ? envoi_session_reserve(session) : ENVOI_ERR_STATE;
	if (r < 0) {
		envoi_stream_free(stream);
		return r;
	}
	session->stream = stream;
	return ENVOI_OK;
}

void envoi_session_set_resumable(struct envoi_session *session, bool is_resumable)
{
	session->is_resumable = is_resumable;
	if (!is_resumable && session->is_suspended && session->stream == NULL) {
		envoi__session_end_epoch(session);
	}
}

int envoi_session_resume(struct envoi_session *session)
{
	if (session->stream == NULL || !session->is_suspended || session->is_ready) {
		return ENVOI_ERR_STATE;
	}
	session->is_suspended = false;
	session->is_resumed = true;
	return ENVOI_OK;
}

bool envoi_session_is_suspended(const struct envoi_session *session)
{
	return session->is_suspended;
}

uint64_t envoi_session_epoch(const struct envoi_session *session)
{
	return session->epoch;
}

void envoi_session_detach(struct envoi_session *session)
{
	if (session->stream != NULL || session->leaving != NULL) {
		envoi__session_lose_stream(session, NULL);
	}
}

void envoi_session_close(struct envoi_session *session)
{
	if (session->stream == NULL || session->is_closing) {
		return;
	}
	envoi__acknowledging_close(session);
	session->is_online = false;
	session->is_closing = true;
	envoi__throttle_stop(session);
	envoi__liveness_stop(&session->liveness);
	if (session->outbox.count == 0 || !session->is_ready) {
		envoi__session_close_stream(session);
	} else {
		envoi_stream_prepare_close(session->stream);
	}
}
