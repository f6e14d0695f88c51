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

/** Functions of the owner. Any of them may stop the liveness. */
struct envoi__liveness_impl {
	/** Keep the memory until as many `leave` as `enter` have come. */
	void (*enter)(struct envoi__liveness *liveness);
	void (*leave)(struct envoi__liveness *liveness);
	/**
	 * Send a request that the peer has to answer.
	 * @return false: no such request was sent: a missing answer does not mean that the link is
	 *         dead
	 */
	bool (*probe)(struct envoi__liveness *liveness);
	/** Send something, so that the peer does not close the link. */
	void (*keepalive)(struct envoi__liveness *liveness);
	/** @return a number that changes with each thing sent */
	uint64_t (*sent)(const struct envoi__liveness *liveness);
	/** @return whether this side does not read: the silence is not the peer's */
	bool (*is_held)(const struct envoi__liveness *liveness);
	/** @return output that the kernel has not taken yet */
	struct envoi__liveness_output (*output)(const struct envoi__liveness *liveness);
	/** @return the number of the request for an acknowledgement that the peer has not answered,
	 *         where another stream can do without the answer; 0: none */
	uint64_t (*request)(const struct envoi__liveness *liveness);
	/** The link is dead. Nothing is called afterwards. @param silent_ms since the last input */
	void (*dead)(struct envoi__liveness *liveness, uint64_t silent_ms);
	/** The peer does not answer that request. Nothing is called afterwards. */
	void (*unanswered)(struct envoi__liveness *liveness, uint64_t since_ms);
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
	uint64_t last_input_ms;
	uint64_t probed_ms; /* of the last probe, answered or not */
	uint64_t deadline_ms; /* while probing: for the answer */
	struct envoi__liveness_output output; /* while probing: at the last check */
	uint64_t request, request_ms; /* that is not answered, and when it was seen first */
	struct envoi__liveness_output request_output; /* at the last check of it */
	uint64_t keepalive_ms; /* the interval of checks whether anything was sent; 0: none */
	uint64_t look_ms; /* the time of the next check */
	uint64_t sent; /* at the last check */
};

/** Prepare; stopped. */
void envoi__liveness_init(struct envoi__liveness *liveness, const struct envoi__liveness_impl *impl,
	struct envoi_context *context);

/** Start; no effect when it is started. */
void envoi__liveness_start(struct envoi__liveness *liveness, struct envoi_loop *loop);

/** Stop; no effect when it is stopped. */
void envoi__liveness_stop(struct envoi__liveness *liveness);

/**
 * The peer closes the link when it receives nothing for this time: send something three times as
 * often.
 * @param idle_ms  0: there is no such limit. Less than 10 s counts as 10 s
 */
void envoi__liveness_set_peer_limit(struct envoi__liveness *liveness, uint64_t idle_ms);

/** Probe now, from the loop: something suggests that the link is dead. No effect when stopped. */
void envoi__liveness_probe(struct envoi__liveness *liveness);

/** For envoi__liveness_input(): the first input after a probe. */
void envoi__liveness_answered(struct envoi__liveness *liveness);

/** Bytes were received, with or without an element; or this side reads again after it did not. */
static inline void envoi__liveness_input(struct envoi__liveness *liveness)
{
	if (liveness->loop != NULL) {
		liveness->last_input_ms = envoi_loop_now_ms(liveness->loop);
		if (liveness->is_probing) {
			envoi__liveness_answered(liveness);
		}
	}
}

#endif
