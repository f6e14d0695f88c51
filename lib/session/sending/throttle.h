/*
 * envoi - sessions that are not read while another one has too much to send
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_SENDING_THROTTLE_H
#define ENVOI_SESSION_SENDING_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/watch.h>

#include "base/list.h"

struct envoi_session;

/** Embedded in each session. */
struct envoi__throttle {
	struct envoi__list link; /* in `waiting` of the session that this one waits for */
	struct envoi__list waiting; /* sessions that wait for this one */
	struct envoi_session *target; /* that this one waits for */
	bool is_waiting;
	bool is_given_up; /* a wait for this one has timed out: none begins until it is low */
	struct envoi_timer timer; /* while it waits */
	uint64_t timeout_ms;
};

void envoi__throttle_init(struct envoi__throttle *throttle);

/** The outbox of a session is low: sessions that wait for it are read again. */
void envoi__throttle_release(struct envoi_session *session);

/** A session loses its stream or closes: it no longer waits, and none waits for it. */
void envoi__throttle_stop(struct envoi_session *session);

#endif
