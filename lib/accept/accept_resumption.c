/*
 * envoi - acceptors: resuming sessions (XEP-0198, section 5)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "accept/acceptor.h"
#include "session/session.h"

static struct envoi_acceptor *from_hook(struct envoi_resumption_hook *hook)
{
	return ENVOI_CONTAINER_OF(hook, struct envoi_acceptor, resumption_hook);
}

void envoi__accept_forget_resumption(struct envoi_accepted *accepted)
{
	envoi__map_remove(&accepted->acceptor->by_resumption, accepted->resumption_id,
		strlen(accepted->resumption_id));
	accepted->resumption_id[0] = '\0';
}

/* --- sessions that have expired --- */

struct expired {
	struct envoi__list link; /* of the acceptor */
	struct envoi_jid *jid;
	uint64_t handled; /* stanzas of the peer */
	char id[ENVOI_ID_SIZE];
};

static void forget(struct envoi_acceptor *acceptor, struct expired *expired)
{
	envoi__list_remove(&expired->link);
	acceptor->expired_count--;
	envoi_jid_unref(expired->jid);
	envoi_free(acceptor->context, expired);
}

static void forget_beyond(struct envoi_acceptor *acceptor, size_t count)
{
	while (acceptor->expired_count > count) {
		forget(acceptor, ENVOI_CONTAINER_OF(acceptor->expired.next, struct expired, link));
	}
}

void envoi__accept_forget_expired(struct envoi_acceptor *acceptor)
{
	forget_beyond(acceptor, 0);
}

/* Without memory the peer learns that its session is not found, and no more. */
static void remember(const struct envoi_accepted *accepted, const char *id, uint64_t handled)
{
	struct envoi_acceptor *acceptor = accepted->acceptor;
	size_t most = acceptor->values.expired;
	struct expired *expired = most == 0
		? NULL
		: envoi_alloc_zeroed(acceptor->context, sizeof(*expired));
	if (expired == NULL || strlen(id) >= sizeof(expired->id)) {
		envoi_free(acceptor->context, expired);
		return;
	}
	memcpy(expired->id, id, strlen(id) + 1);
	expired->jid = envoi_jid_ref(accepted->jid);
	expired->handled = handled;
	envoi__list_append(&acceptor->expired, &expired->link);
	acceptor->expired_count++;
	forget_beyond(acceptor, most);
}

/* Of the own account only: that of others looks as if it had never been (section 10). */
static bool is_of(const struct expired *expired, const struct envoi_stream *stream,
	const struct envoi_accepted *from)
{
	const char *user = envoi_stream_user(stream), *local = envoi_jid_local(expired->jid);
	return user != NULL && local != NULL && strcmp(user, local) == 0 &&
		strcmp(envoi_accepted_domain(from), envoi_jid_domain(expired->jid)) == 0;
}

/* The whole list is read: the time does not say whether it has a session of another account. */
static const struct expired *find_expired(
	const struct envoi_stream *stream, const struct envoi_accepted *from, const char *previd)
{
	const struct envoi_acceptor *acceptor = from->acceptor;
	const struct expired *found = NULL;
	struct envoi__list *link = acceptor->expired.next;
	for (; link != &acceptor->expired; link = link->next) {
		const struct expired *expired = ENVOI_CONTAINER_OF(link, struct expired, link);
		found = strcmp(expired->id, previd) == 0 ? expired : found;
	}
	return found != NULL && is_of(found, stream, from) ? found : NULL;
}

/* --- sessions that can be resumed --- */

static uint32_t granted_s(const struct envoi_acceptor *acceptor, uint64_t wanted_s)
{
	uint64_t most_s = acceptor->values.resumption_ms / 1000;
	return (uint32_t)(wanted_s > 0 && wanted_s < most_s ? wanted_s : most_s);
}

static bool on_enabled(struct envoi_resumption_hook *hook, struct envoi_session *session,
	uint64_t wanted_s, struct envoi_resumption *resumption)
{
	struct envoi_acceptor *acceptor = from_hook(hook);
	struct envoi_accepted *accepted = envoi__accepted_of(session);
	resumption->max_s = granted_s(acceptor, wanted_s);
	if (accepted == NULL || accepted->account == NULL || resumption->max_s == 0) {
		return false;
	}
	envoi__accept_forget_resumption(accepted);
	memcpy(accepted->resumption_id, resumption->id, sizeof(accepted->resumption_id));
	if (envoi__map_add(&acceptor->by_resumption, accepted->resumption_id,
		    strlen(accepted->resumption_id), accepted) < 0) {
		accepted->resumption_id[0] = '\0';
		return false;
	}
	return true;
}

static struct envoi_accepted *find(struct envoi_resumption_hook *hook, const char *previd)
{
	return envoi__map_get(&from_hook(hook)->by_resumption, previd, strlen(previd));
}

static void resume(struct envoi_stream *stream, struct envoi_handler *handler,
	struct envoi_accepted *from, struct envoi_accepted *to)
{
	envoi__accepted_enter(from);
	envoi__accepted_enter(to);
	from->has_moved = true;
	(void)envoi_resumption_answer(stream, handler, to->session);
	if (from->session != NULL && envoi_session_stream(from->session) == stream) {
		from->has_moved = false;
	}
	envoi__accepted_leave(to);
	envoi__accepted_leave(from);
}

/* Users are compared by envoi_resumption_answer(), except anonymous ones: they resume what is
 * anonymous, by the id, which only its peer knows. */
static bool may_resume(const struct envoi_stream *stream, const struct envoi_accepted *from,
	const struct envoi_accepted *to)
{
	return to->is_anonymous == (envoi_stream_user(stream) == NULL) &&
		strcmp(envoi_accepted_domain(from), envoi_accepted_domain(to)) == 0;
}

static void on_wanted(struct envoi_resumption_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *previd)
{
	struct envoi_accepted *from = envoi__accepted_of_stream(stream), *to = find(hook, previd);
	if (from != NULL && to != NULL && may_resume(stream, from, to)) {
		resume(stream, handler, from, to);
		return;
	}
	const struct expired *expired = from != NULL && to == NULL
		? find_expired(stream, from, previd)
		: NULL;
	envoi__sm_refuse_resumption(stream, handler, expired != NULL ? &expired->handled : NULL);
}

static void on_expired(struct envoi_resumption_hook *hook, struct envoi_session *session)
{
	struct envoi_accepted *accepted = envoi__accepted_of(session);
	struct envoi_failure why;
	(void)hook;
	if (accepted != NULL) {
		remember(accepted, accepted->resumption_id, session->sm.expired_handled);
		envoi_failure_set(&why, accepted->acceptor->context, ENVOI_PHASE_ONLINE,
			ENVOI_ERR_TIMEOUT, "the session was not resumed");
		envoi__accepted_end(accepted, &why);
	}
}

const struct envoi_resumption_hook_impl envoi__accept_resumption_hook_impl = {
	.enabled = on_enabled,
	.wanted = on_wanted,
	.expired = on_expired,
};
