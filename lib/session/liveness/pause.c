/*
 * envoi - sessions that are paused: the link carries nothing, and is not checked
 * SPDX-License-Identifier: MIT
 */
#include "session/session.h"

int envoi_session_pause(struct envoi_session *session, uint64_t ms, uint64_t *ret_ms)
{
	uint64_t granted_ms = 0;
	if (!session->is_online || session->stream == NULL) {
		return envoi__session_refuse(session, ENVOI_ERR_STATE, "the session is not online");
	}
	struct envoi_transport *transport = envoi_stream_transport(session->stream);
	if (transport->impl->pause_session == NULL) {
		return envoi__session_refuse(session, ENVOI_ERR_UNSUPPORTED,
			"the transport \"%s\" has no pauses", transport->impl->name);
	}
	int r = transport->impl->pause_session(transport, ms, &granted_ms);
	if (r < 0) {
		return envoi__session_refuse(
			session, r, r == ENVOI_ERR_UNSUPPORTED ? "the server has no pauses" : NULL);
	}
	if (ret_ms != NULL) {
		*ret_ms = granted_ms;
	}
	return ENVOI_OK;
}
