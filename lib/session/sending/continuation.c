/*
 * envoi - sessions: what the next session of the server takes over
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>

#include "session/sending/resending.h"
#include "session/session.h"

static void set_held_jid(struct envoi_session *session, const struct envoi_jid *jid)
{
	struct envoi_jid *before = session->held_jid;
	session->held_jid = jid == NULL ? NULL : envoi_jid_ref(jid);
	envoi_jid_unref(before);
}

/* Of another account: it must not go out under this one. */
static void lose_held_of_others(struct envoi_session *session)
{
	const struct envoi__outbox_entry *entry;
	if (session->held_jid == NULL || envoi_jid_equal_bare(session->held_jid, session->jid)) {
		return;
	}
	while ((entry = envoi__outbox_first_held(&session->outbox)) != NULL) {
		uint64_t request = entry->meta.request; /* 0: none */
		envoi__outbox_lose_first_held(&session->outbox);
		envoi__requests_end(&session->requests, request, ENVOI_ERR_DISCONNECTED);
	}
}

/* Requests whose stanzas no stream has sent wait with them. */
static void spare_requests(struct envoi_session *session)
{
	struct envoi__list *link = session->outbox.held.next;
	for (; link != &session->outbox.held; link = link->next) {
		const struct envoi__outbox_entry *entry = ENVOI_CONTAINER_OF(
			link, struct envoi__outbox_entry, link);
		if (entry->meta.request != 0) {
			envoi__requests_spare(&session->requests, entry->meta.request);
		}
	}
}

void envoi__session_hold(struct envoi_session *session)
{
	lose_held_of_others(session);
	set_held_jid(session, session->jid);
	envoi__outbox_hold(&session->outbox);
	spare_requests(session);
}

/* A journal keeps messages for the next process, or for the next session of this one. */
void envoi__session_lose(struct envoi_session *session)
{
	bool has_journal = session->journal.journal != NULL;
	if (has_journal && session->held_jid == NULL) {
		set_held_jid(session, session->jid);
	}
	envoi__outbox_lose(&session->outbox, has_journal);
	envoi__tracking_end_waiting(&session->tracking);
}

void envoi__session_restored(struct envoi_session *session)
{
	if (envoi__outbox_first_held(&session->outbox) == NULL) {
		return;
	}
	lose_held_of_others(session);
	const struct envoi__resending resending = {
		.from = session->jid,
		.wall_ms = envoi_context_wall_clock_ms(session->context),
		.now_ms = envoi__resending_now_ms(session->queue.loop),
		.peer_limit = session->peer_limit,
	};
	envoi__resending_release(&session->outbox, &resending);
	set_held_jid(session, NULL);
	envoi__session_refuse_longer(session);
	envoi__session_feed(session);
}

void envoi_session_set_continued(struct envoi_session *session, bool is_continued)
{
	session->is_continued = is_continued;
	if (!is_continued && session->stream == NULL && !session->is_suspended) {
		envoi__requests_end_all(&session->requests, ENVOI_ERR_DISCONNECTED);
		envoi__session_end_waits(session, ENVOI_ERR_DISCONNECTED);
		envoi__session_lose(session);
	}
}
