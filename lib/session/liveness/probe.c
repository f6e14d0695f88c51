/*
 * envoi - sessions: what probes the link below them
 * SPDX-License-Identifier: MIT
 */
#include "session/liveness/probe.h"

#include <inttypes.h>

#include <envoi/context.h>
#include <envoi/payload.h>

#include "session/session.h"

#define NS_PING "urn:xmpp:ping"

static const struct envoi_payload_type ping_type = ENVOI_PAYLOAD_EMPTY(NS_PING, "ping");

static struct envoi_session *from_liveness(struct envoi__liveness *liveness)
{
	return ENVOI_CONTAINER_OF(liveness, struct envoi_session, liveness);
}

static const struct envoi_session *from_liveness_const(const struct envoi__liveness *liveness)
{
	return ENVOI_CONTAINER_OF_CONST(liveness, struct envoi_session, liveness);
}

/* --- pings --- */

static bool is_receiving(const struct envoi_session *session)
{
	return session->stream != NULL && envoi_stream_role(session->stream) == ENVOI_RECEIVER;
}

static const char *server_name(const struct envoi_session *session)
{
	return session->server_name != NULL ? session->server_name : envoi_session_domain(session);
}

/* XEP-0199, section 4.1: a server pings in its own name; section 4.2: a client pings its server.
 * The limits of the outbox and of requests do not hold it back: an answer may be what makes room.
 */
int envoi__session_ping(struct envoi_session *session, uint64_t timeout_ms, envoi_answer_fn *done,
	void *user, struct envoi_request **ret_request)
{
	bool is_server = is_receiving(session) && session->jid != NULL;
	const char *to = is_server ? envoi_jid_text(session->jid) : NULL;
	struct envoi_stanza *iq = envoi_request_iq(session, ENVOI_IQ_GET, to, &ping_type, NULL);
	if (iq != NULL && is_server) {
		envoi_element_set(envoi_stanza_element(iq), "from", server_name(session));
	}
	struct envoi__request_options options = {
		.timeout_ms = timeout_ms,
		.is_vital = true,
		.done = done,
		.user = user,
	};
	return envoi__session_request(session, iq, &options, ret_request);
}

/* Its bytes were noticed when they came. */
static void ignore_answer(void *user, const struct envoi_answer *answer)
{
	(void)user;
	(void)answer;
}

/* --- what liveness asks for --- */

static void enter(struct envoi__liveness *liveness)
{
	envoi__session_enter(from_liveness(liveness));
}

static void leave(struct envoi__liveness *liveness)
{
	envoi__session_leave(from_liveness(liveness));
}

static void keepalive(struct envoi__liveness *liveness)
{
	struct envoi_session *session = from_liveness(liveness);
	if (session->stream != NULL) {
		int r = envoi_stream_keepalive(session->stream);
		(void)r; /* whatever prevents it, there is nothing better */
	}
}

static bool request_acknowledgement(struct envoi_session *session)
{
	return envoi__sm_is_enabled(session) && envoi__sm_request(session) == ENVOI_OK;
}

static bool ping(struct envoi_session *session)
{
	return envoi__session_ping(session, session->liveness.settings.limit_ms, ignore_answer,
		       NULL, NULL) == ENVOI_OK;
}

/* A server that leaves a request unanswered may live all the same, and answer a ping. When it has
 * acknowledged so little that the outbox is full, only another stream says what it has: then the
 * link is given up without an answer to the request; white space makes TCP find out. */
static bool probe_beside_request(struct envoi_session *session)
{
	if (!envoi__outbox_is_full(&session->outbox, false)) {
		return ping(session);
	}
	keepalive(&session->liveness);
	return true;
}

static bool probe(struct envoi__liveness *liveness)
{
	struct envoi_session *session = from_liveness(liveness);
	return envoi__sm_is_requesting(session) ? probe_beside_request(session)
						: request_acknowledgement(session) || ping(session);
}

static const struct envoi_transport *transport_of(const struct envoi_session *session)
{
	return session->stream == NULL ? NULL : envoi_stream_transport(session->stream);
}

static uint64_t sent(const struct envoi__liveness *liveness)
{
	struct envoi_stream_counts counts = {0};
	const struct envoi_session *session = from_liveness_const(liveness);
	if (session->stream != NULL) {
		envoi_stream_get_counts(session->stream, &counts);
	}
	return counts.stanzas_out;
}

/* The session waits for another one, or the transport for memory. */
static bool is_held(const struct envoi__liveness *liveness)
{
	const struct envoi_session *session = from_liveness_const(liveness);
	const struct envoi_transport *transport = transport_of(session);
	return session->throttle.is_waiting ||
		(transport != NULL && transport->impl->is_held != NULL &&
			transport->impl->is_held(transport));
}

static struct envoi__liveness_output output(const struct envoi__liveness *liveness)
{
	const struct envoi_session *session = from_liveness_const(liveness);
	const struct envoi_transport *transport = transport_of(session);
	return (struct envoi__liveness_output){
		.pending = transport == NULL ? 0 : transport->impl->pending(transport),
		.written = session->outbox.written,
	};
}

static void dead(struct envoi__liveness *liveness, uint64_t silent_ms)
{
	struct envoi_session *session = from_liveness(liveness);
	struct envoi_failure failure;
	envoi_failure_set(&failure, session->context, ENVOI_PHASE_ONLINE, ENVOI_ERR_TIMEOUT,
		"the connection is dead: nothing has arrived for %" PRIu64
		" s, and no answer to a probe",
		(silent_ms + 500) / 1000);
	envoi_stream_cut(session->stream, &failure);
}

/* The answer comes behind a stanza that has not arrived entirely, which has its own deadline. */
static bool is_within_element(const struct envoi_session *session)
{
	const struct envoi_transport *transport = transport_of(session);
	return transport != NULL && transport->impl->is_receiving != NULL &&
		transport->impl->is_receiving(transport);
}

/* Where the session cannot be resumed, only a full outbox is worth its loss. */
static uint64_t request(const struct envoi__liveness *liveness)
{
	const struct envoi_session *session = from_liveness_const(liveness);
	bool is_wanted = (session->is_resumable ||
				 envoi__outbox_is_full(&session->outbox, false)) &&
		!is_within_element(session);
	return is_wanted && envoi__sm_is_requesting(session) ? session->sm.requests : 0;
}

static void unanswered(struct envoi__liveness *liveness, uint64_t since_ms)
{
	struct envoi_session *session = from_liveness(liveness);
	struct envoi_failure failure;
	envoi_failure_set(&failure, session->context, ENVOI_PHASE_ONLINE, ENVOI_ERR_TIMEOUT,
		"the peer has not answered a request for an acknowledgement for %" PRIu64 " s",
		(since_ms + 500) / 1000);
	envoi_stream_cut(session->stream, &failure);
}

const struct envoi__liveness_impl envoi__session_liveness_impl = {
	.enter = enter,
	.leave = leave,
	.probe = probe,
	.keepalive = keepalive,
	.sent = sent,
	.is_held = is_held,
	.output = output,
	.request = request,
	.dead = dead,
	.unanswered = unanswered,
};

void envoi__session_probe(struct envoi_session *session)
{
	envoi__liveness_probe(&session->liveness);
}
