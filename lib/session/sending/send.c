/*
 * envoi - sessions: sending, requests
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>

#include "base/scratch.h"
#include "session/sending/resending.h"
#include "session/session.h"

static bool can_send(const struct envoi_session *session)
{
	return !envoi__guard_is_over(&session->guard) && !session->is_closing &&
		(session->stream != NULL || session->is_suspended);
}

/* A suspended session takes stanzas: they wait for the stream that resumes it. */
static bool is_open(const struct envoi_session *session)
{
	return session->is_online || (session->is_suspended && !session->is_closing);
}

static int refuse_offline(struct envoi_session *session)
{
	return envoi__session_refuse(session, ENVOI_ERR_STATE, "the session is not online");
}

/** What is sent: a stanza, and what is known of it. */
struct sending {
	struct envoi_stanza *stanza;
	struct envoi_ticket *ticket; /* or NULL */
	struct envoi__tracked *tracked; /* of the ticket */
	uint64_t request; /* its number; 0: none */
	bool is_vital; /* counts for no limit */
	bool is_restoring; /* what the session had */
	bool may_resend;
	struct envoi__resending_signs signs; /* of what may be sent again */
};

static struct envoi__outbox_meta meta_of(
	const struct envoi_session *session, const struct sending *sending)
{
	const struct envoi_stanza *stanza = sending->stanza;
	bool may_resend = sending->may_resend;
	return (struct envoi__outbox_meta){
		.kind = envoi_stanza_kind(stanza),
		.type = envoi_stanza_type(stanza),
		.may_resend = may_resend,
		.has_delay = sending->signs.has_delay,
		.is_restoring = sending->is_restoring,
		.is_broadcast = envoi_stanza_kind(stanza) == ENVOI_PRESENCE &&
			envoi_stanza_to_text(stanza) == NULL,
		.sent_ms = may_resend ? envoi_context_wall_clock_ms(session->context) : 0,
		.since_ms = may_resend ? envoi__resending_now_ms(session->queue.loop) : 0,
		.request = sending->request,
		.answers = envoi__journal_answered(session, stanza),
	};
}

static int write_stanza(struct envoi_buffer *out, const struct sending *sending)
{
	int r = envoi_xml_write(out, envoi_stanza_element(sending->stanza), ENVOI_NS_CLIENT);
	return r == ENVOI_OK && sending->may_resend && !sending->signs.has_origin_id
		? envoi__resending_identify(out, envoi_stanza_id(sending->stanza))
		: r;
}

static int serialise(
	struct envoi_session *session, const struct sending *sending, struct envoi_buffer *scratch)
{
	int r = write_stanza(scratch, sending);
	size_t len = envoi_buffer_len(scratch);
	session->last_bytes = len;
	if (r < 0) {
		return envoi__session_refuse(session, r, NULL);
	}
	if (len > session->stanza_limit) {
		return envoi__session_refuse(session, ENVOI_ERR_FULL,
			"the stanza has %zu bytes, more than limits.output-bytes allows", len);
	}
	if (len > session->peer_limit) {
		return envoi__session_refuse(session, ENVOI_ERR_INVALID,
			"the stanza has %zu bytes, more than the %zu that the server accepts", len,
			session->peer_limit);
	}
	const struct envoi__outbox_item item = {
		.tracked = sending->tracked,
		.xml = envoi_buffer_data(scratch),
		.len = len,
		.is_vital = sending->is_vital,
		.meta = meta_of(session, sending),
	};
	r = envoi__outbox_add(&session->outbox, &item);
	return r == ENVOI_OK
		? r
		: envoi__session_refuse(session, r,
			  r == ENVOI_ERR_FULL ? "limits.outbox-bytes wait to be sent" : NULL);
}

static int track(struct envoi_session *session, struct sending *sending)
{
	int r = sending->ticket == NULL ? ENVOI_OK
					: envoi__tracking_add(&session->tracking, &sending->tracked,
						  sending->ticket, sending->stanza);
	return r < 0 ? envoi__session_refuse(session, r, NULL) : r;
}

/* Whether the outbox may still have it when the session of the server ends: it keeps nothing that a
 * stream took and that nothing acknowledges. */
static bool may_be_kept(const struct envoi_session *session, const struct sending *sending)
{
	return session->is_continued &&
		(sending->ticket != NULL || session->outbox.is_keeping ||
			session->outbox.is_keeping_wanted || !session->is_ready);
}

static void decide_resending(const struct envoi_session *session, struct sending *sending)
{
	enum envoi_resend choice = sending->ticket == NULL ? ENVOI_RESEND_BY_RULE
							   : sending->ticket->resend;
	if (may_be_kept(session, sending) && choice != ENVOI_RESEND_NEVER) {
		sending->signs = envoi__resending_read(sending->stanza);
		sending->may_resend = choice == ENVOI_RESEND_ALWAYS ||
			(session->resends && sending->signs.is_usual);
	}
}

static int queue(struct envoi_session *session, const struct sending *sending)
{
	struct envoi_buffer scratch = envoi__scratch_take(session->context);
	int r = serialise(session, sending, &scratch);
	envoi__scratch_give(&scratch);
	if (r == ENVOI_OK) {
		envoi__session_feed(session);
		envoi__journal_queued(session);
	} else {
		envoi__tracked_drop(sending->tracked);
	}
	return r;
}

static int check_ticket(struct envoi_session *session, const struct sending *sending)
{
	const struct envoi_ticket *ticket = sending->ticket;
	if (ticket != NULL && ticket->entry != NULL) {
		return envoi__session_refuse(
			session, ENVOI_ERR_INVALID, "the ticket is in use for another stanza");
	}
	if (ticket != NULL && ticket->resend == ENVOI_RESEND_ALWAYS &&
		envoi_stanza_kind(sending->stanza) != ENVOI_MESSAGE) {
		return envoi__session_refuse(
			session, ENVOI_ERR_INVALID, "only a message can be sent again");
	}
	return ENVOI_OK;
}

static int send_filtered(struct envoi_session *session, struct sending *sending, bool is_swallowed)
{
	int r = track(session, sending);
	if (r < 0) {
		return r;
	}
	if (!is_swallowed) {
		decide_resending(session, sending);
		return queue(session, sending);
	}
	if (sending->tracked != NULL) {
		envoi__tracked_settle(
			sending->tracked, ENVOI_TICKET_NOT_SENT, ENVOI_NOT_ACKNOWLEDGED);
	}
	return ENVOI_OK;
}

static int send_inside(struct envoi_session *session, struct sending *sending)
{
	if (!can_send(session)) {
		return refuse_offline(session);
	}
	int r = check_ticket(session, sending);
	if (r < 0) {
		return r;
	}
	if (envoi__outbox_is_full(&session->outbox, sending->is_restoring) && !sending->is_vital) {
		return envoi__session_refuse(
			session, ENVOI_ERR_FULL, "limits.outbox-stanzas wait to be sent");
	}
	r = envoi__session_complete(session, sending->stanza);
	if (r < 0) {
		return r;
	}
	r = envoi__session_filter(session, sending->stanza, true);
	return can_send(session) ? send_filtered(session, sending, r == ENVOI_STOP)
				 : refuse_offline(session);
}

static int send_all(struct envoi_session *session, struct sending *sending)
{
	if (sending->stanza == NULL) {
		return envoi__session_refuse(session, ENVOI_ERR_NOMEM, NULL);
	}
	envoi__session_enter(session);
	int r = send_inside(session, sending);
	envoi_stanza_unref(sending->stanza);
	envoi__session_leave(session);
	return r;
}

int envoi__session_send(
	struct envoi_session *session, struct envoi_stanza *stanza, struct envoi_ticket *ticket)
{
	return send_all(session,
		&(struct sending){
			.stanza = stanza, .ticket = ticket, .is_restoring = session->is_restoring});
}

int envoi_send(
	struct envoi_session *session, struct envoi_stanza *stanza, struct envoi_ticket *ticket)
{
	if (stanza != NULL && !is_open(session)) {
		envoi_stanza_unref(stanza);
		return refuse_offline(session);
	}
	return envoi__session_send(session, stanza, ticket);
}

int envoi_send_text(struct envoi_session *session, const char *to, const char *body,
	struct envoi_ticket *ticket)
{
	return envoi_send(
		session, envoi_message_new(session->context, ENVOI_TYPE_CHAT, to, body), ticket);
}

int envoi_send_payload(struct envoi_session *session, enum envoi_stanza_kind kind, const char *to,
	const struct envoi_payload_type *type, const void *value, struct envoi_ticket *ticket)
{
	struct envoi_stanza *stanza;
	if (kind == ENVOI_MESSAGE) {
		stanza = envoi_message_new(session->context, ENVOI_TYPE_NORMAL, to, NULL);
	} else if (kind == ENVOI_PRESENCE) {
		stanza = envoi_presence_new(session->context, ENVOI_TYPE_AVAILABLE, to);
	} else {
		return envoi__session_refuse(
			session, ENVOI_ERR_INVALID, "a payload is sent in a message or presence");
	}
	(void)envoi_stanza_encode(stanza, type, value); /* a failure is the stanza's */
	return envoi_send(session, stanza, ticket);
}

struct envoi_stanza *envoi_request_iq(struct envoi_session *session, enum envoi_stanza_kind kind,
	const char *to, const struct envoi_payload_type *type, const void *value)
{
	struct envoi_stanza *iq = envoi_iq_new(
		session->context, kind, to != NULL ? to : envoi_session_domain(session));
	if (session->component != NULL) {
		(void)envoi_stanza_set_from(iq, envoi_session_domain(session));
	}
	(void)envoi_stanza_encode(iq, type, value); /* a failure is the stanza's */
	return iq;
}

struct envoi_stanza *envoi_request_account_iq(struct envoi_session *session,
	enum envoi_stanza_kind kind, const struct envoi_payload_type *type, const void *value)
{
	struct envoi_stanza *iq = envoi_iq_new(session->context, kind, NULL);
	(void)envoi_stanza_encode(iq, type, value); /* a failure is the stanza's */
	return iq;
}

static int check_request(
	struct envoi_session *session, const struct envoi_stanza *iq, envoi_answer_fn *done)
{
	enum envoi_stanza_kind kind = envoi_stanza_kind(iq);
	if ((kind != ENVOI_IQ_GET && kind != ENVOI_IQ_SET) || done == NULL) {
		return envoi__session_refuse(session, ENVOI_ERR_INVALID,
			done == NULL ? "a request without a function for its answer"
				     : "a request is an iq of type get or set");
	}
	return is_open(session) ? envoi__session_complete_address(session, iq)
				: refuse_offline(session);
}

/* The request is held: when it ends while a filter sees its stanza, its function is not called. */
static int ask(struct envoi_session *session, struct envoi_stanza *iq,
	const struct envoi__request_options *options, struct envoi_request **ret_request)
{
	struct envoi_request *request;
	int r = envoi__requests_add(&session->requests, &request, options);
	if (r < 0) {
		envoi_stanza_unref(iq);
		return envoi__session_refuse(session, r,
			r == ENVOI_ERR_FULL ? "limits.requests wait for their answers" : NULL);
	}
	envoi_element_set(envoi_stanza_element(iq), "id", envoi__request_id(request));
	struct sending sending = {
		.stanza = iq,
		.request = envoi__request_number(request),
		.is_vital = options->is_vital,
		.is_restoring = options->is_restoring,
	};
	r = envoi__request_release(request, send_all(session, &sending));
	if (r == ENVOI_OK && ret_request != NULL) {
		*ret_request = request;
	}
	return r;
}

int envoi__session_request(struct envoi_session *session, struct envoi_stanza *iq,
	struct envoi__request_options *options, struct envoi_request **ret_request)
{
	if (iq == NULL) {
		return envoi__session_refuse(session, ENVOI_ERR_NOMEM, NULL);
	}
	int r = check_request(session, iq, options->done);
	if (r < 0) {
		envoi_stanza_unref(iq);
		return r;
	}
	options->asked = envoi_stanza_to(iq);
	options->is_restoring = session->is_restoring || session->queue.is_restoring;
	envoi__session_enter(session);
	r = ask(session, iq, options, ret_request);
	envoi__session_leave(session);
	return r;
}

int envoi_request(struct envoi_session *session, struct envoi_stanza *iq,
	const struct envoi_payload_type *expected, uint64_t timeout_ms, envoi_answer_fn *done,
	void *user, struct envoi_request **ret_request)
{
	struct envoi__request_options options = {
		.expected = expected,
		.timeout_ms = timeout_ms,
		.done = done,
		.user = user,
	};
	return envoi__session_request(session, iq, &options, ret_request);
}
