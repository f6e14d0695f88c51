/*
 * envoi - simulation: messages whose acknowledgement the application holds
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "simulation.h"

/* In the order of arrival; each comes due. */
struct held {
	struct held *next;
	struct envoi_timer timer;
	struct actor *actor;
	struct envoi_hold *hold;
	unsigned int arrival;
};

void holds_begin(struct actor *actor, uint64_t ms, unsigned int count)
{
	actor->hold_ms = ms;
	actor->hold_count = count;
}

static void release(struct held *held)
{
	struct held **link = &held->actor->held;
	while (*link != held) {
		link = &(*link)->next;
	}
	*link = held->next;
	envoi_timer_stop(&held->timer);
	envoi_hold_release(held->hold);
	free(held);
}

static void on_due(struct envoi_timer *timer)
{
	struct held *held = ENVOI_CONTAINER_OF(timer, struct held, timer);
	run_trace(held->actor->run, "%s: releases arrival %u", held->actor->name, held->arrival);
	release(held);
}

static void append(struct actor *actor, struct held *held)
{
	struct held **link = &actor->held;
	while (*link != NULL) {
		link = &(*link)->next;
	}
	*link = held;
}

void holds_take(struct actor *actor, const struct message *message)
{
	struct held *held = actor->hold_count > 0 ? calloc(1, sizeof(*held)) : NULL;
	if (held == NULL) {
		return;
	}
	actor->hold_count--;
	held->actor = actor;
	held->arrival = message->arrival;
	int r = envoi_session_hold(envoi_client_session(actor->client), &held->hold);
	if (r < 0) {
		if (r != ENVOI_ERR_NOMEM) {
			run_fail(actor->run, "a-message-can-be-held", "%s", actor->name);
		}
		free(held);
		return;
	}
	append(actor, held);
	envoi_timer_start(&held->timer, envoi_context_loop(envoi_world_context(actor->run->world)),
		actor->hold_ms, on_due);
	run_trace(actor->run, "%s: holds arrival %u", actor->name, held->arrival);
}

void holds_kill(struct actor *actor)
{
	struct actor *other = actor->other;
	for (unsigned int i = 0; actor->held != NULL && i < other->message_count; i++) {
		struct message *message = &other->messages[i];
		if (message->arrived > 0 && message->arrival >= actor->held->arrival) {
			message->arrived_here = 0;
		}
	}
	holds_release_all(actor);
}

void holds_release_all(struct actor *actor)
{
	while (actor->held != NULL) {
		release(actor->held);
	}
}
