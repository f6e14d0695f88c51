/*
 * envoi - holds: stanzas that the application acknowledges itself (XEP-0198)
 * SPDX-License-Identifier: MIT
 */
#include <envoi/context.h>

#include "session/session.h"

int envoi_session_hold(struct envoi_session *session, struct envoi_hold **ret_hold)
{
	struct envoi__sm *sm = &session->sm;
	if (!session->is_delivering) {
		return envoi__session_refuse(
			session, ENVOI_ERR_STATE, "no stanza is being delivered");
	}
	struct envoi_hold *hold = envoi_alloc_zeroed(session->context, sizeof(*hold));
	if (hold == NULL) {
		return envoi__session_refuse(session, ENVOI_ERR_NOMEM, NULL);
	}
	envoi__list_init(&hold->link);
	hold->context = envoi_context_ref(session->context);
	if (sm->state == ENVOI__SM_ENABLED || session->is_suspended) {
		hold->session = session;
		hold->number = envoi__sm_received_number(session);
		envoi__list_append(&sm->holds, &hold->link);
	}
	*ret_hold = hold;
	return ENVOI_OK;
}

void envoi_hold_release(struct envoi_hold *hold)
{
	if (hold == NULL) {
		return;
	}
	struct envoi_context *context = hold->context;
	struct envoi_session *session = hold->session;
	bool is_first = session != NULL && hold == envoi__sm_first_hold(&session->sm);
	envoi__list_remove(&hold->link);
	envoi_free(context, hold);
	if (is_first) {
		envoi__sm_hold_released(session);
	}
	envoi_context_unref(context);
}

void envoi__sm_cancel_holds(struct envoi__sm *sm)
{
	struct envoi_hold *hold;
	while ((hold = envoi__sm_first_hold(sm)) != NULL) {
		envoi__list_remove(&hold->link);
		hold->session = NULL;
	}
}
