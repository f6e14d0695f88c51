/*
 * envoi - sessions: the limits of the server (XEP-0478)
 * SPDX-License-Identifier: MIT
 */
#include "session/limits/stream_limits.h"
#include "session/session.h"

static void refuse(struct envoi_session *session, struct envoi__outbox_entry *entry)
{
	if (entry->meta.request != 0 && !entry->has_left) { /* else an answer may come */
		envoi__requests_end(&session->requests, entry->meta.request, ENVOI_ERR_INVALID);
	}
	envoi__outbox_refuse(entry);
}

void envoi__session_refuse_longer(struct envoi_session *session)
{
	struct envoi__list *first = &session->outbox.waiting, *link = first->next;
	while (link != first) {
		struct envoi__outbox_entry *entry = ENVOI_CONTAINER_OF(
			link, struct envoi__outbox_entry, link);
		link = link->next;
		if (entry->len > session->peer_limit) {
			refuse(session, entry);
		}
	}
}

/* Section 4: features after the login replace those before. */
void envoi__session_take_limits(struct envoi_session *session)
{
	const struct envoi__stream_limits limits = envoi__stream_limits_read(
		envoi_stream_features(session->stream));
	session->peer_limit = limits.max_bytes;
	envoi__session_refuse_longer(session);
	envoi__liveness_set_peer_limit(&session->liveness, limits.idle_ms);
}
