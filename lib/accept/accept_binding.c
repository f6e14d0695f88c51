/*
 * envoi - acceptors: binding (RFC 6120, section 7)
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include <envoi/context.h>

#include "accept/acceptor.h"

/* Section 7.6: random, so that it cannot be guessed. An anonymous user gets a random localpart,
 * too. */
static int make_jid(struct envoi_jid **ret_jid, const struct envoi_accepted *accepted,
	const struct envoi_stream *stream, const char *resource)
{
	struct envoi_context *context = accepted->acceptor->context;
	char local[ENVOI_ID_SIZE], own[ENVOI_ID_SIZE];
	const char *user = envoi_stream_user(stream);
	int r = user == NULL ? envoi_id_make(context, local) : ENVOI_OK;
	if (r == ENVOI_OK && resource == NULL) {
		r = envoi_id_make(context, own);
	}
	return r < 0 ? r
		     : envoi_jid_from_parts(ret_jid, context, user != NULL ? user : local,
			       envoi_accepted_domain(accepted), resource != NULL ? resource : own);
}

/* Section 7.7.2.2. @param[in,out] jid  replaced by another one where that is the policy */
static enum envoi_stanza_condition settle_conflict(
	struct envoi_jid **jid, const struct envoi_accepted *accepted)
{
	const struct envoi_acceptor *acceptor = accepted->acceptor;
	char own[ENVOI_ID_SIZE];
	struct envoi_jid *other;
	if (envoi_acceptor_find(acceptor, *jid) == NULL ||
		acceptor->values.conflict == ENVOI__ACCEPT_REPLACE) {
		return ENVOI_STANZA_NO_CONDITION;
	}
	if (acceptor->values.conflict == ENVOI__ACCEPT_REFUSE) {
		return ENVOI_CONFLICT;
	}
	if (envoi_id_make(acceptor->context, own) < 0 ||
		envoi_jid_with_resource(&other, *jid, own) < 0) {
		return ENVOI_RESOURCE_CONSTRAINT;
	}
	envoi_jid_unref(*jid);
	*jid = other;
	return ENVOI_STANZA_NO_CONDITION;
}

/* A session with a stream ends when that has ended. */
void envoi__accept_replace(struct envoi_accepted *other)
{
	struct envoi_failure why;
	envoi__accepted_enter(other);
	envoi__accept_table_remove(other);
	if (other->is_suspended) {
		envoi_failure_set(&why, other->acceptor->context, ENVOI_PHASE_BIND, ENVOI_ERR_STATE,
			"replaced by another session of its account");
		why.stream_condition = ENVOI_STREAM_CONFLICT;
		envoi__accepted_end(other, &why);
	} else {
		envoi_accepted_close(other, ENVOI_STREAM_CONFLICT);
	}
	envoi__accepted_leave(other);
}

/* Section 7.6.2.1. @return whether the account may have this session */
static bool make_room(struct envoi_accepted *accepted, const struct envoi_jid *jid)
{
	struct envoi_acceptor *acceptor = accepted->acceptor;
	struct envoi_accepted *other = envoi_acceptor_find(acceptor, jid);
	if (other == NULL && envoi__accept_table_is_full(acceptor, jid)) {
		other = envoi__accept_table_suspended(acceptor, jid);
		if (other == NULL) {
			return false;
		}
	}
	if (other != NULL) {
		envoi__accept_replace(other);
	}
	return true;
}

static enum envoi_stanza_condition ask_owner(
	struct envoi_accepted *accepted, const struct envoi_jid *jid)
{
	struct envoi_accept_hook *hook = accepted->acceptor->hook;
	return hook->impl->binding == NULL ? ENVOI_STANZA_NO_CONDITION
					   : hook->impl->binding(hook, accepted, jid);
}

/* The owner may free the session in these calls. */
static enum envoi_stanza_condition enter_address(
	struct envoi_accepted *accepted, const struct envoi_jid *jid)
{
	enum envoi_stanza_condition condition = ask_owner(accepted, jid);
	if (condition != ENVOI_STANZA_NO_CONDITION || envoi__guard_is_over(&accepted->guard)) {
		return condition;
	}
	if (!make_room(accepted, jid)) {
		return ENVOI_RESOURCE_CONSTRAINT;
	}
	bool is_entered = envoi__guard_is_over(&accepted->guard) ||
		envoi__accept_table_add(accepted, jid) == ENVOI_OK;
	return is_entered ? ENVOI_STANZA_NO_CONDITION : ENVOI_RESOURCE_CONSTRAINT;
}

static void answer(struct envoi_accepted *accepted, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *resource)
{
	struct envoi_jid *jid = NULL;
	enum envoi_stanza_condition condition;
	int r = make_jid(&jid, accepted, stream, resource);
	if (r == ENVOI_OK) {
		condition = settle_conflict(&jid, accepted);
		accepted->is_anonymous = envoi_stream_user(stream) == NULL;
		if (condition == ENVOI_STANZA_NO_CONDITION) {
			condition = enter_address(accepted, jid);
		}
	} else {
		condition = r == ENVOI_ERR_INVALID ? ENVOI_BAD_REQUEST : ENVOI_RESOURCE_CONSTRAINT;
	}
	if (!envoi__guard_is_over(&accepted->guard)) {
		r = envoi_bind_answer(stream, handler,
			condition == ENVOI_STANZA_NO_CONDITION ? jid : NULL, condition);
		if (r < 0) {
			envoi_stream_fail_with(stream, r, ENVOI_STREAM_RESOURCE_CONSTRAINT,
				"the request to bind a resource could not be answered");
		}
	}
	envoi_jid_unref(jid);
}

static void on_wanted(struct envoi_bind_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *resource)
{
	struct envoi_accepted *accepted = envoi__accepted_of_stream(stream);
	(void)hook;
	if (accepted == NULL) {
		envoi_bind_answer(stream, handler, NULL, ENVOI_NOT_ALLOWED);
		return;
	}
	envoi__accepted_enter(accepted);
	answer(accepted, stream, handler, resource);
	envoi__accepted_leave(accepted);
}

const struct envoi_bind_hook_impl envoi__accept_bind_hook_impl = {.wanted = on_wanted};
