/*
 * envoi - Multi-User Chat: times of a room; XEP-0410: MUC Self-Ping, version 1.1.0
 * SPDX-License-Identifier: MIT
 */
#include <envoi/ext/ping.h>

#include "muc_parts.h"

enum {
	RETRY_MS = 120000, /* after a ping without result */
};

/* XEP-0410, section 3.2 */
enum verdict {
	JOINED,
	UNDECIDED,
	LOST
};

static enum verdict verdict_of(const struct envoi_answer *answer)
{
	const struct envoi_stanza_error *error = envoi_answer_error(answer);
	if (envoi_answer_code(answer) == ENVOI_OK) {
		return JOINED;
	}
	if (error == NULL) {
		return UNDECIDED;
	}
	switch (error->condition) {
	case ENVOI_SERVICE_UNAVAILABLE:
	case ENVOI_FEATURE_NOT_IMPLEMENTED:
	case ENVOI_ITEM_NOT_FOUND:
		return JOINED;
	case ENVOI_REMOTE_SERVER_NOT_FOUND:
	case ENVOI_REMOTE_SERVER_TIMEOUT:
		return UNDECIDED;
	default:
		return LOST;
	}
}

static void on_pong(void *user, const struct envoi_answer *answer)
{
	struct envoi_muc_room *room = user;
	enum verdict verdict = verdict_of(answer);
	room->request = NULL;
	if (!envoi__muc_is_alive(room) || room->state != ENVOI_MUC_JOINED) {
		/* the room was left in the meantime */
	} else if (verdict == LOST) {
		const struct envoi_muc_end end = {.cause = ENVOI_MUC_LOST,
			.text = envoi_answer_text(answer),
			.will_rejoin = true};
		envoi__muc_end(room, &end);
	} else {
		envoi__muc_start_timer(room, verdict == JOINED ? room->options.ping_ms : RETRY_MS);
	}
	envoi__muc_unref(room);
}

static int ping(struct envoi_muc_room *room)
{
	struct envoi_jid *to;
	int r = envoi_jid_with_resource(&to, room->address, room->self->nick);
	if (r < 0) {
		return r;
	}
	r = envoi_ping(room->muc->session, envoi_jid_text(to), 0, on_pong, room, &room->request);
	room->refs += r == ENVOI_OK;
	envoi_jid_unref(to);
	return r;
}

/* While the nick changes, an error says nothing (XEP-0410, section 4). */
static void check(struct envoi_muc_room *room)
{
	uint64_t silent_ms = envoi_loop_now_ms(envoi_context_loop(room->context)) - room->heard_ms;
	if (silent_ms < room->options.ping_ms) {
		envoi__muc_start_timer(room, room->options.ping_ms - silent_ms);
	} else if (room->request != NULL || room->nick_id[0] != '\0' || room->self == NULL ||
		!envoi_session_is_online(room->muc->session) || ping(room) < 0) {
		envoi__muc_start_timer(room, RETRY_MS);
	}
}

void envoi__muc_on_tick(struct envoi_timer *timer)
{
	struct envoi_muc_room *room = ENVOI_CONTAINER_OF(timer, struct envoi_muc_room, timer);
	const struct envoi_muc_end no_answer = {.cause = ENVOI_MUC_NO_ANSWER,
		.text = "the room does not answer",
		.will_rejoin = true};
	const struct envoi_muc_end left = {.cause = ENVOI_MUC_LEFT};
	if (!envoi__muc_is_alive(room)) {
		return;
	}
	envoi__muc_ref(room);
	switch (room->state) {
	case ENVOI_MUC_WAITING:
		envoi__muc_begin(room);
		break;
	case ENVOI_MUC_JOINING:
		envoi__muc_end(room, &no_answer);
		break;
	case ENVOI_MUC_JOINED:
		check(room);
		break;
	case ENVOI_MUC_LEAVING:
		envoi__muc_end(room, &left);
		break;
	case ENVOI_MUC_ENDED:
		break;
	}
	envoi__muc_unref(room);
}
