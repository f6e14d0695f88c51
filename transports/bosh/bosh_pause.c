/*
 * envoi - XMPP over BOSH: pauses of the session, in which the server holds no request (XEP-0124,
 * section 10)
 * SPDX-License-Identifier: MIT
 *
 * Private headers: see bosh_inside.h.
 */
#include "bosh_inside.h"

enum {
	/* between the end of a pause here and at the server: for the next request to arrive */
	RESERVE_MS = 10000,
	RESERVE_PART = 4, /* of a short pause */
};

static uint64_t reserve_ms(const struct bosh *bosh)
{
	uint64_t part_ms = bosh->session.maxpause_ms / RESERVE_PART;
	return part_ms < RESERVE_MS ? part_ms : RESERVE_MS;
}

bool envoi__bosh_is_pausing(const struct bosh *bosh)
{
	return envoi_timer_is_started(&bosh->pause_end);
}

uint64_t envoi__bosh_pause_left_ms(const struct bosh *bosh)
{
	uint64_t now_ms = envoi_loop_now_ms(bosh_loop(bosh));
	return envoi__bosh_is_pausing(bosh) && bosh->paused_until_ms > now_ms
		? bosh->paused_until_ms - now_ms + reserve_ms(bosh)
		: 0;
}

/* The server's silence was due to the pause. */
void envoi__bosh_end_pause(struct bosh *bosh)
{
	bosh->has_activity |= envoi__bosh_is_pausing(bosh);
	bosh->wants_pause = false;
	envoi_timer_stop(&bosh->pause_end);
	envoi__bosh_wake(bosh);
}

static void on_pause_end(struct envoi_timer *timer)
{
	struct bosh *bosh = ENVOI_CONTAINER_OF(timer, struct bosh, pause_end);
	bosh->has_activity = true;
	bosh->wants_pause = false;
	envoi__bosh_wake(bosh);
}

static void begin_pause(struct bosh *bosh, uint64_t ms)
{
	bosh->paused_until_ms = envoi_loop_now_ms(bosh_loop(bosh)) + ms;
	bosh->wants_pause = true;
	envoi_timer_start(&bosh->pause_end, bosh_loop(bosh), ms, on_pause_end);
	envoi__bosh_wake(bosh);
}

int envoi__bosh_pause_session(struct envoi_transport *transport, uint64_t ms, uint64_t *ret_ms)
{
	struct bosh *bosh = bosh_of(transport);
	uint64_t most_ms = bosh->session.maxpause_ms - reserve_ms(bosh);
	if (bosh->state != BOSH_MOVING || bosh->session.sid[0] == '\0' || bosh->wants_end) {
		return ENVOI_ERR_STATE;
	}
	if (bosh->session.maxpause_ms == 0) {
		return ENVOI_ERR_UNSUPPORTED;
	}
	*ret_ms = ms < most_ms ? ms : most_ms;
	if (ms > 0) {
		begin_pause(bosh, *ret_ms);
	} else {
		envoi__bosh_end_pause(bosh);
	}
	return ENVOI_OK;
}

bool envoi__bosh_is_held(const struct envoi_transport *transport)
{
	return envoi__bosh_is_pausing(bosh_of_const(transport));
}
