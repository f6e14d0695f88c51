/*
 * envoi - liveness: when a link is probed, and when it counts as dead
 * SPDX-License-Identifier: MIT
 */
#ifndef ENVOI_SESSION_LIVENESS_LIVENESS_H
#define ENVOI_SESSION_LIVENESS_LIVENESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <envoi/interfaces/mainloop.h>

#include "mainloop/wake.h"
#include "session/liveness/liveness_settings.h"

struct envoi__liveness;

struct envoi__liveness_output {
	size_t pending; /* bytes */
	uint64_t written; /* stanzas, so far */
};

/** What the owner does. Any of these may stop the liveness. */
struct envoi__liveness_impl {
	/** Keep the memory until as many `leave` as `enter` have come. */
	void (*enter)(struct envoi__liveness *liveness);
	void (*leave)(struct envoi__liveness *liveness);
	/**
	 * Send what the peer has to answer.
	 * @return false: nothing that is answered was sent; the link is not declared dead for the
	 *         lack of an answer
	 */
	bool (*probe)(struct envoi__liveness *liveness);
	/** Show the peer that this side lives. */
	void (*keepalive)(struct envoi__liveness *liveness);
	/** @return a number that changes with each thing sent */
	uint64_t (*sent)(const struct envoi__liveness *liveness);
	/** @return output that the kernel has not taken yet */
	struct envoi__liveness_output (*output)(const struct envoi__liveness *liveness);
	/** The link is dead. Nothing is called afterwards. @param silent_ms since the last input */
	void (*dead)(struct envoi__liveness *liveness, uint64_t silent_ms);
};

/**
 * One link, embedded in its owner. The timer is not restarted by traffic: when it fires, the time
 * of the last input says whether the link was silent. Times are rounded up to a grid that all links
 * of a loop share, so that their timers fire in the same turns.
 */
struct envoi__liveness {
	const struct envoi__liveness_impl *impl;
	struct envoi_context *context; /* borrowed */
	struct envoi_loop *loop; /* NULL: stopped */
	struct envoi__liveness_settings settings;
	struct envoi_timer timer;
	struct envoi__wake_watch wake;
	bool is_probing; /* no input since the probe */
	uint64_t heard_ms; /* of the last input */
	uint64_t probed_ms; /* of the last probe, answered or not */
	uint64_t deadline_ms; /* while probing: for the answer */
	struct envoi__liveness_output output; /* while probing: at the last look */
	uint64_t keepalive_ms; /* look this often whether anything was sent; 0: never */
	uint64_t look_ms; /* the next look */
	uint64_t sent; /* at the last look */
};

/** Prepare; stopped. */
void envoi__liveness_init(struct envoi__liveness *liveness, const struct envoi__liveness_impl *impl,
	struct envoi_context *context);

/** Start; no effect when it is started. */
void envoi__liveness_start(struct envoi__liveness *liveness, struct envoi_loop *loop);

/** Stop; no effect when it is stopped. */
void envoi__liveness_stop(struct envoi__liveness *liveness);

/**
 * The peer may close the link when it gets nothing for that long: send something three times as
 * often.
 * @param idle_ms  0: it has no such limit. Below 10 s the link is shown alive as for 10 s
 */
void envoi__liveness_set_peer_limit(struct envoi__liveness *liveness, uint64_t idle_ms);

/** Probe now, from the loop: something suggests that the link is dead. No effect when stopped. */
void envoi__liveness_probe(struct envoi__liveness *liveness);

/** For envoi__liveness_heard(): the first input after a probe. */
void envoi__liveness_answered(struct envoi__liveness *liveness);

/** Bytes came, whatever they are. */
static inline void envoi__liveness_heard(struct envoi__liveness *liveness)
{
	if (liveness->loop != NULL) {
		liveness->heard_ms = envoi_loop_now_ms(liveness->loop);
		if (liveness->is_probing) {
			envoi__liveness_answered(liveness);
		}
	}
}

#endif
