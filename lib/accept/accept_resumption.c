/*
 * envoi - acceptors: resuming sessions (XEP-0198, section 5)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "accept/acceptor.h"

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

static void on_wanted(struct envoi_resumption_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *previd)
{
	struct envoi_accepted *from = envoi__accepted_of_stream(stream), *to = find(hook, previd);
	if (from == NULL || to == NULL) {
		(void)envoi_resumption_answer(stream, handler, NULL);
	} else {
		resume(stream, handler, from, to);
	}
}

static void on_expired(struct envoi_resumption_hook *hook, struct envoi_session *session)
{
	struct envoi_accepted *accepted = envoi__accepted_of(session);
	struct envoi_failure why;
	(void)hook;
	if (accepted != NULL) {
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
