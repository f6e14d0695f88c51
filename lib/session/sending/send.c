/*
 * envoi - sessions: sending, requests
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "session/sending/resending.h"
#include "session/session.h"

enum {
	RETRY_MS = 100,
	KEPT_BYTES = 16 * 1024, /* of the scratch buffer, for the next stanza */
};

static bool needs_id(const struct envoi_stanza *stanza)
{
	return envoi_stanza_kind(stanza) != ENVOI_PRESENCE && envoi_stanza_id(stanza) == NULL;
}

/* RFC 6120, section 8.2.3: exactly one payload in a request, one at most in a result. */
static int check_payloads(struct envoi_session *session, const struct envoi_stanza *stanza)
{
	enum envoi_stanza_kind kind = envoi_stanza_kind(stanza);
	bool is_request = kind == ENVOI_IQ_GET || kind == ENVOI_IQ_SET;
	if (!is_request && kind != ENVOI_IQ_RESULT) {
		return ENVOI_OK;
	}
	const struct envoi_element *child = envoi_element_first(envoi_stanza_element(stanza));
	if (child == NULL && is_request) {
		return envoi__session_refuse(session, ENVOI_ERR_INVALID,
			"iq: a request has one payload, and this one has none");
	}
	return envoi_element_next(child) == NULL
		? ENVOI_OK
		: envoi__session_refuse(session, ENVOI_ERR_INVALID,
			  "iq: a request or result has one payload, and this one has more");
}

/* The address in its canonical form. */
static int complete_address(struct envoi_session *session, const struct envoi_stanza *stanza)
{
	const char *to = envoi_stanza_to_text(stanza);
	if (to == NULL) {
		return ENVOI_OK;
	}
	const struct envoi_jid *jid = envoi_stanza_to(stanza);
	struct envoi_element *element = envoi_stanza_element(stanza);
	if (jid == NULL) {
		char why[128];
		int r = envoi_jid_check(to, strlen(to), why, sizeof(why));
		return r == ENVOI_ERR_INVALID
			? envoi__session_refuse(session, r, "%s: attribute to: \"%.128s\": %s",
				  envoi_element_name(element), to, why)
			: envoi__session_refuse(session, ENVOI_ERR_NOMEM, NULL);
	}
	if (strcmp(to, envoi_jid_text(jid)) != 0) {
		envoi_element_set(element, "to", envoi_jid_text(jid));
	}
	return ENVOI_OK;
}

/* XEP-0114, section 3: both addresses are required, and the sender is one of the own domain. A
 * server may end the stream otherwise. */
static int check_domain(struct envoi_session *session, const struct envoi_stanza *stanza)
{
	const struct envoi_jid *from = envoi_stanza_from(stanza);
	const char *name = envoi_element_name(envoi_stanza_element(stanza));
	if (envoi_stanza_to_text(stanza) == NULL) {
		return envoi__session_refuse(session, ENVOI_ERR_INVALID,
			"%s: a component's stanza needs the attribute to", name);
	}
	if (from == NULL || strcmp(envoi_jid_domain(from), envoi_session_domain(session)) != 0) {
		return envoi__session_refuse(session, ENVOI_ERR_INVALID,
			"%s: attribute from: %s%.100s%s", name, from != NULL ? "\"" : "",
			from != NULL ? envoi_jid_text(from) : "no address",
			from != NULL ? "\" is not of the component's domain" : "");
	}
	return ENVOI_OK;
}

/* An id and a canonical address, where the stanza may be sent. */
static int complete(struct envoi_session *session, struct envoi_stanza *stanza)
{
	struct envoi_element *element = envoi_stanza_element(stanza);
	int r = envoi_element_error(element);
	if (r < 0) {
		return envoi__session_refuse(session, r, "%s", envoi_element_problem(element));
	}
	r = check_payloads(session, stanza);
	if (r < 0) {
		return r;
	}
	if (needs_id(stanza)) {
		char id[ENVOI_ID_SIZE];
		r = envoi_id_make(session->context, id);
		if (r < 0) {
			return envoi__session_refuse(session, r, "no random number for an id");
		}
		envoi_element_set(element, "id", id);
	}
	r = complete_address(session, stanza);
	if (r == ENVOI_OK && session->component != NULL) {
		r = check_domain(session, stanza);
	}
	return r < 0 ? r : envoi_element_error(element);
}

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
		.sent_ms = may_resend ? envoi_context_wall_clock_ms(session->context) : 0,
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

static int serialise(struct envoi_session *session, const struct sending *sending)
{
	struct envoi_buffer *scratch = &session->scratch;
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
	int r = serialise(session, sending);
	if (session->scratch.capacity > KEPT_BYTES) {
		envoi_buffer_finish(&session->scratch);
	} else {
		envoi_buffer_truncate(&session->scratch, 0);
	}
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
	if (envoi__outbox_is_full(&session->outbox) && !sending->is_vital) {
		return envoi__session_refuse(
			session, ENVOI_ERR_FULL, "limits.outbox-stanzas wait to be sent");
	}
	r = complete(session, sending->stanza);
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
	return send_all(session, &(struct sending){.stanza = stanza, .ticket = ticket});
}

static void on_retry(struct envoi_timer *timer)
{
	struct envoi_session *session = ENVOI_CONTAINER_OF(
		timer, struct envoi_session, retry_timer);
	envoi__session_enter(session);
	envoi__session_feed(session);
	envoi__session_leave(session);
}

void envoi__session_retry(struct envoi_session *session)
{
	envoi_timer_start(&session->retry_timer, session->queue.loop, RETRY_MS, on_retry);
}

void envoi__session_close_stream(struct envoi_session *session)
{
	envoi__sm_close(session);
	envoi_stream_close(session->stream);
}

static void requested(struct envoi__outbox *outbox, uint64_t request, uint64_t number)
{
	envoi__acknowledging_requested(
		ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox), request, number);
}

static void emptied(struct envoi__outbox *outbox)
{
	struct envoi_session *session = ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox);
	if (session->is_closing) {
		envoi__session_close_stream(session);
	}
}

static int giving(struct envoi__outbox *outbox, const struct envoi__outbox_entry *entry)
{
	struct envoi_session *session = ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox);
	return envoi__sm_is_on(session)
		? envoi__journal_sending(session, entry, envoi__sm_sent_number(session) + 1)
		: ENVOI_OK;
}

static void not_given(struct envoi__outbox *outbox, const struct envoi__outbox_entry *entry)
{
	struct envoi_session *session = ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox);
	(void)entry;
	if (envoi__sm_is_on(session)) {
		envoi__journal_not_sent(session, envoi__sm_sent_number(session) + 1);
	}
}

static void dropped(struct envoi__outbox *outbox, uint64_t waiting)
{
	envoi__journal_dropped(ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox), waiting);
}

static void answered(struct envoi__outbox *outbox, uint64_t answers)
{
	struct envoi_session *session = ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox);
	if (envoi__sm_is_on(session)) {
		envoi__journal_sent_answer(session, answers);
	}
}

/* Where memory is short, again after a while: a program may wait for the event. */
static bool report_level(struct envoi__outbox *outbox, bool is_high)
{
	struct envoi_session *session = ENVOI_CONTAINER_OF(outbox, struct envoi_session, outbox);
	enum envoi_event_type type = is_high ? ENVOI_EVENT_OUTBOX_HIGH : ENVOI_EVENT_OUTBOX_LOW;
	int r = envoi_session_post_event(session, &(struct envoi_event){.type = type});
	if (!is_high) {
		envoi__throttle_release(session);
	}
	if (r == ENVOI_ERR_NOMEM) {
		envoi__session_retry(session);
	}
	return r != ENVOI_ERR_NOMEM;
}

const struct envoi__outbox_hooks envoi__session_outbox_hooks = {
	.emptied = emptied,
	.requested = requested,
	.giving = giving,
	.not_given = not_given,
	.dropped = dropped,
	.answered = answered,
	.level = report_level,
};

void envoi__session_feed(struct envoi_session *session)
{
	if (session->stream == NULL) {
		envoi__outbox_note_level(&session->outbox);
		return; /* suspended */
	}
	int r = envoi__outbox_feed(&session->outbox, session->stream);
	envoi__outbox_note_level(&session->outbox);
	envoi__sm_flush(session);
	if (session->outbox.is_isolating) {
		(void)envoi__sm_request(session);
	}
	envoi__acknowledging_sent(session);
	if (envoi__guard_is_over(&session->guard) || session->stream == NULL) {
		return; /* a filter has seen a ping */
	}
	if (r == ENVOI_OK) {
		emptied(&session->outbox);
	} else if (r < 0 && r != ENVOI_ERR_STATE) {
		envoi__session_retry(session);
	}
}

void envoi__session_acknowledged(struct envoi_session *session)
{
	if (session->outbox.is_isolating) {
		envoi__session_enter(session);
		envoi__session_feed(session);
		envoi__session_leave(session);
	}
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

/* --- requests --- */

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

static int check_request(
	struct envoi_session *session, const struct envoi_stanza *iq, envoi_answer_fn *done)
{
	enum envoi_stanza_kind kind = envoi_stanza_kind(iq);
	if ((kind != ENVOI_IQ_GET && kind != ENVOI_IQ_SET) || done == NULL) {
		return envoi__session_refuse(session, ENVOI_ERR_INVALID,
			done == NULL ? "a request without a function for its answer"
				     : "a request is an iq of type get or set");
	}
	return is_open(session) ? complete_address(session, iq) : refuse_offline(session);
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
