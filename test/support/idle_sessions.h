/*
 * envoi - sessions that are online and idle, in virtual time
 * SPDX-License-Identifier: MIT
 *
 * Over memory pairs; they went online one after the other within a minute. Each peer answers a ping
 * at once, and nothing else happens. A failure ends the program.
 */
#ifndef IDLE_SESSIONS_H
#define IDLE_SESSIONS_H

#include <envoi/context.h>

struct idle_session;

struct idle_sessions {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct idle_session *all;
	unsigned int count;
	unsigned long pings; /* that the peers received, since the begin of the last count */
};

void idle_sessions_init(struct idle_sessions *idle, unsigned int count);
void idle_sessions_finish(struct idle_sessions *idle);

/** @return at how many points of time the loop has something to do within @p minutes */
unsigned long idle_sessions_count_wake_ups(struct idle_sessions *idle, unsigned int minutes);

/** @return the sessions that are online */
unsigned int idle_sessions_online(const struct idle_sessions *idle);

#endif
