/*
 * envoi - sessions: stanzas that exceed a limit
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>

#include <envoi/context.h>

#include "session/session.h"

enum {
	LOG_INTERVAL_MS = 60000, /* a contact that sends many must not fill a disk */
};

static void log_skipped(
	struct envoi_session *session, const struct envoi_event *event, const char *name)
{
	uint64_t now_ms = envoi_loop_now_ms(session->queue.loop);
	bool is_first = session->stats.skipped == 1;
	if (!is_first && now_ms - session->skips_logged_ms < LOG_INTERVAL_MS) {
		session->skips_unlogged++;
		return;
	}
	envoi_log(session->context, ENVOI_LOG_WARNING, ENVOI_LOG_SESSION,
		"skipped a stanza: <%s> of %" PRIu64 " bytes: %s (and %" PRIu64
		" others since the last warning)",
		name, event->bytes, event->text, session->skips_unlogged);
	session->skips_logged_ms = now_ms;
	session->skips_unlogged = 0;
}

static void report_skipped(
	struct envoi_session *session, const struct envoi_event *event, const char *name)
{
	session->stats.skipped++;
	log_skipped(session, event, name);
	int r = envoi_session_post_event(session, event);
	if (r < 0) {
		envoi_log(session->context, ENVOI_LOG_WARNING, ENVOI_LOG_SESSION,
			"event skipped is lost: %s", envoi_error_text(r));
	}
}

/* What was read of an error says what it answers. */
static void settle_skipped(struct envoi_session *session, struct envoi_stanza *stanza)
{
	if (envoi_stanza_kind(stanza) == ENVOI_IQ_ERROR ||
		envoi_stanza_type(stanza) == ENVOI_TYPE_ERROR) {
		envoi__tracking_take_error(&session->tracking, stanza, session->jid);
	}
	switch (envoi_stanza_kind(stanza)) {
	case ENVOI_IQ_GET:
	case ENVOI_IQ_SET:
		/* RFC 6120, section 8.3.3.9: it does not meet criteria of the receiver. */
		envoi__router_refuse_request(
			&session->router, envoi_stanza_element(stanza), ENVOI_NOT_ACCEPTABLE);
		break;
	case ENVOI_IQ_RESULT:
	case ENVOI_IQ_ERROR:
		(void)envoi__requests_fail(
			&session->requests, stanza, session->jid, ENVOI_ERR_LIMIT);
		break;
	default:
		break;
	}
}

void envoi__session_take_skipped(struct envoi_session *session, struct envoi_element *element,
	uint64_t bytes, const char *limit)
{
	struct envoi_stanza *stanza = NULL;
	const char *from = envoi_element_attr(element, "from");
	struct envoi_jid *sender = NULL;
	if (from != NULL && envoi_jid_from_text(&sender, session->context, from) < 0) {
		sender = NULL;
	}
	if (envoi_stanza_from_element(&stanza, element) != ENVOI_OK) {
		stanza = NULL;
	}
	report_skipped(session,
		&(struct envoi_event){.type = ENVOI_EVENT_SKIPPED,
			.text = limit,
			.jid = sender,
			.stanza = stanza,
			.bytes = bytes},
		envoi_element_name(element));
	if (stanza != NULL && (from == NULL || sender != NULL)) {
		settle_skipped(session, stanza);
	}
	envoi_jid_unref(sender);
	envoi_stanza_unref(stanza);
}
