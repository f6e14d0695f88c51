/*
 * envoi - sessions: the host of the router, which sends its replies
 * SPDX-License-Identifier: MIT
 */
#include "session/session.h"

static struct envoi_session *from_host(struct envoi__router_host *host)
{
	return ENVOI_CONTAINER_OF(host, struct envoi_session, host);
}

/* An answer to a stanza without `to` comes from the component itself. */
static void set_own_sender(const struct envoi_session *session, struct envoi_stanza *stanza)
{
	if (session->component != NULL && envoi_stanza_from_text(stanza) == NULL) {
		(void)envoi_stanza_set_from(stanza, envoi_session_domain(session));
	}
}

/* An answer has the address of the request as its `from`. A client may send its own address only,
 * else the server ends the stream (RFC 6120, sections 8.1.2.1 and 4.9.3.9); without `from` the
 * server stamps it. */
static void drop_foreign_sender(const struct envoi_session *session, struct envoi_stanza *stanza)
{
	const struct envoi_jid *from = envoi_stanza_from(stanza), *own = session->jid;
	bool is_client = session->stream != NULL && own != NULL && !envoi_jid_is_bare(own) &&
		envoi_stream_role(session->stream) == ENVOI_INITIATOR;
	if (is_client && envoi_stanza_from_text(stanza) != NULL &&
		!envoi_jid_is_bare_of(from, own) && !envoi_jid_equal(from, own)) {
		envoi_element_set(envoi_stanza_element(stanza), "from", NULL);
	}
}

static int host_send(
	struct envoi__router_host *host, struct envoi_stanza *stanza, bool is_automatic)
{
	struct envoi_session *session = from_host(host);
	envoi__session_enter(session);
	if (stanza != NULL) {
		drop_foreign_sender(session, stanza);
		set_own_sender(session, stanza);
	}
	int r = envoi__session_send(session, stanza, NULL);
	if (r < 0 && is_automatic) {
		session->stats.replies_dropped++;
	}
	envoi__session_leave(session);
	return r;
}

static void host_unhandled(
	struct envoi__router_host *host, struct envoi_stanza *stanza, const char *text)
{
	envoi__session_report_unhandled(from_host(host), stanza, text);
}

static bool host_has_many_addresses(struct envoi__router_host *host)
{
	return from_host(host)->component != NULL;
}

static uint64_t host_epoch(struct envoi__router_host *host)
{
	return from_host(host)->epoch;
}

static struct envoi_stream *host_stream(struct envoi__router_host *host)
{
	return from_host(host)->stream;
}

const struct envoi__router_host_impl envoi__session_host_impl = {
	.send = host_send,
	.unhandled = host_unhandled,
	.stream = host_stream,
	.epoch = host_epoch,
	.has_many_addresses = host_has_many_addresses,
};
