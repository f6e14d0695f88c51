/*
 * envoi - sessions: probes of the link
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_LIVENESS_PROBE_H
#define ENVOI_SESSION_LIVENESS_PROBE_H

#include <envoi/request.h>

#include "session/liveness/liveness.h"

extern const struct envoi__liveness_impl envoi__session_liveness_impl;

/**
 * Ping the server, or on a receiving stream the client (XEP-0199).
 * @param timeout_ms, done, user  as for envoi_request(): any answer, an error too, shows that the
 *                                peer has processed what was sent before the ping
 * @param ret_request             NULL: not wanted; else as for envoi_request()
 */
int envoi__session_ping(struct envoi_session *session, uint64_t timeout_ms, envoi_answer_fn *done,
	void *user, struct envoi_request **ret_request);

/** Probe the link now, from the loop; no effect when the session is not online. */
void envoi__session_probe(struct envoi_session *session);

#endif
