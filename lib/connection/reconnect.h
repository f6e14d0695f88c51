/*
 * envoi - reconnection: whether and when to connect again
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_CONNECTION_RECONNECT_H
#define ENVOI_CONNECTION_RECONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include <envoi/failure.h>
#include <envoi/interfaces/mainloop.h>

#include "connection/connection_settings.h"
#include "mainloop/wake.h"

enum {
	ENVOI__REFUSALS_KEPT = 3, /* so many within a minute end the retries */
};

/** Embedded in its owner and zeroed before first use. The owner reports connections and failures,
 * and is called when the next attempt is due. */
struct envoi__reconnect {
	struct envoi_context *context; /* borrowed */
	void (*due)(struct envoi__reconnect *reconnect); /* from the loop */
	bool is_enabled, is_initial; /* the settings, since begin */
	uint64_t first_ms, longest_ms;
	bool has_started; /* a session, since begin */
	bool takes_any_resource; /* the wanted one is in use */
	bool is_certificate_decided; /* by the application; set by the owner */
	bool retries_conflict; /* of streams; set by the owner */
	bool is_slow; /* the attempts since the last session reach something else than the server */
	uint64_t slow_since_ms;
	bool is_online, is_waiting;
	uint64_t online_at_ms; /* on the clock of the loop, as all here */
	unsigned int doublings; /* of the next delay; 0: the connection before was stable */
	uint64_t refused_at_ms[ENVOI__REFUSALS_KEPT]; /* the last failures with RETRY_FEW */
	unsigned int refusals;
	bool was_hinted;
	uint64_t hinted_at_ms, due_at_ms;
	struct envoi_timer timer;
	struct envoi__wake_watch wake;
};

void envoi__reconnect_init(struct envoi__reconnect *reconnect, struct envoi_context *context,
	void (*due)(struct envoi__reconnect *reconnect));

/** The application connects. */
void envoi__reconnect_begin(
	struct envoi__reconnect *reconnect, const struct envoi__connection_settings *values);

/** A session has started or was resumed. */
void envoi__reconnect_online(struct envoi__reconnect *reconnect);

/** What the server has refused is taken out: refusals before do not count. */
void envoi__reconnect_cause_removed(struct envoi__reconnect *reconnect);

/**
 * A connection has ended or was not established: decide.
 * @param[out] ret_delay_ms  until the next attempt
 * @return whether there is one
 */
bool envoi__reconnect_decide(struct envoi__reconnect *reconnect, const struct envoi_failure *why,
	uint64_t *ret_delay_ms);

/** Wait: `due` is called. */
void envoi__reconnect_wait(struct envoi__reconnect *reconnect, uint64_t delay_ms);

/** An attempt could not begin: wait as after a failed one. */
void envoi__reconnect_wait_again(struct envoi__reconnect *reconnect);

/** An attempt may succeed now: end the wait at once, or ten seconds after the last hint that did.
 * Nothing if there is no wait. */
void envoi__reconnect_hint(struct envoi__reconnect *reconnect);

/** Stop waiting. */
void envoi__reconnect_stop(struct envoi__reconnect *reconnect);

#endif
