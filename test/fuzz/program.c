/*
 * envoi - what client_stream and server_stream share: virtual time, and a program above a session
 * SPDX-License-Identifier: MIT
 */
#include "program.h"

#include <envoi/envoi.h>
#include <envoi/interfaces/session.h>

#include "fuzz.h"

/* --- the world --- */

static int make_random(void *user, void *bytes, size_t len)
{
	struct fuzz_world *world = user;
	for (size_t i = 0; i < len; i++) {
		world->random = world->random * 1664525 + 1013904223;
		((uint8_t *)bytes)[i] = (uint8_t)(world->random >> 24);
	}
	return ENVOI_OK;
}

void fuzz_world_init(struct fuzz_world *world)
{
	*world = (struct fuzz_world){.random = 0};
	struct envoi_context_options options = {
		.allocator = test_allocator_functions(&world->allocator),
		.random = make_random,
		.random_user = world,
	};
	EXPECT(envoi_context_new(&world->context, &options) == ENVOI_OK);
	EXPECT(envoi_loop_new_simulated(&world->loop, world->context) == ENVOI_OK);
	EXPECT(envoi_context_take_loop(world->context, world->loop) == ENVOI_OK);
	EXPECT(envoi_settings_new(&world->settings, world->context) == ENVOI_OK);
}

void fuzz_world_finish(struct fuzz_world *world)
{
	envoi_settings_free(world->settings);
	envoi_context_unref(world->context);
	EXPECT(world->allocator.live == 0);
}

void fuzz_world_run(struct fuzz_world *world, uint64_t duration_ms)
{
	EXPECT(envoi_loop_simulated_run_for(world->loop, duration_ms) == ENVOI_OK);
}

/* --- sending --- */

static void on_report(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	struct fuzz_sent *sent = ENVOI_CONTAINER_OF(ticket, struct fuzz_sent, ticket);
	sent->report_count++;
	EXPECT(sent->is_sent && sent->report_count == 1);
	EXPECT((report->state == ENVOI_TICKET_REFUSED) || report->error == NULL);
}

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct fuzz_asked *asked = user;
	asked->answer_count++;
	EXPECT(asked->is_sent && asked->answer_count == 1);
	EXPECT(envoi_answer_text(answer) != NULL);
}

/* @param refusal_ms  of the ticket */
static void send_message(struct fuzz_program *program, uint64_t refusal_ms)
{
	if (program->sent_count == MOST_TICKETS) {
		return;
	}
	struct fuzz_sent *sent = &program->sent[program->sent_count++];
	sent->ticket.done = on_report;
	sent->ticket.refusal_ms = refusal_ms;
	sent->is_sent = true;
	sent->is_sent = envoi_send_text(program->session, "you@example.org", "x", &sent->ticket) ==
		ENVOI_OK;
}

static void send_request(struct fuzz_program *program)
{
	if (program->asked_count == MOST_REQUESTS) {
		return;
	}
	struct fuzz_asked *asked = &program->asked[program->asked_count++];
	struct envoi_stanza *iq = envoi_iq_new(
		envoi_session_context(program->session), ENVOI_IQ_GET, NULL);
	asked->is_sent = true;
	asked->is_sent = envoi_request(program->session, iq, NULL, 0, on_answer, asked, NULL) ==
		ENVOI_OK;
}

void fuzz_program_send(struct fuzz_program *program)
{
	send_message(program, 0);
	send_request(program);
	send_message(program, 1000);
}

/* --- receiving --- */

static struct fuzz_program *from_handler(struct envoi_handler *handler)
{
	return ENVOI_CONTAINER_OF(handler, struct fuzz_program, handler);
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	struct fuzz_program *program = from_handler(self);
	if (event->type == ENVOI_EVENT_STARTED) {
		program->started_count++;
		EXPECT(program->started_count == program->ended_count + 1);
		fuzz_program_send(program);
	} else if (event->type == ENVOI_EVENT_RESUMED) {
		EXPECT(program->started_count == program->ended_count + 1);
		fuzz_program_send(program);
	} else if (event->type == ENVOI_EVENT_ENDED) {
		program->ended_count++;
		EXPECT(program->ended_count == program->started_count);
	}
}

static struct fuzz_program *note_received(struct envoi_handler *handler)
{
	struct fuzz_program *program = from_handler(handler);
	if (program->received != NULL) {
		program->received(program);
	}
	return program;
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	note_received(self);
	return envoi_reply_text(in, "y") < 0 ? ENVOI_DECLINED : ENVOI_OK;
}

static int on_get(struct envoi_handler *self, struct envoi_delivery *in)
{
	note_received(self);
	return envoi_reply_result(in, NULL, NULL);
}

static int on_set(struct envoi_handler *self, struct envoi_delivery *in)
{
	struct fuzz_program *program = note_received(self);
	return program->promise == NULL ? envoi_delivery_defer(in, &program->promise)
					: ENVOI_DECLINED;
}

void fuzz_program_end_promise(struct fuzz_program *program)
{
	if (program->promise != NULL) {
		(void)envoi_promise_result(program->promise, NULL, NULL);
		program->promise = NULL;
	}
}

static const struct envoi_stanza_row stanza_rows[] = {
	{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_ANY, .handle = on_message},
	{.kind = ENVOI_IQ_GET, .type = ENVOI_TYPE_ANY, .handle = on_get},
	{.kind = ENVOI_IQ_SET, .type = ENVOI_TYPE_ANY, .handle = on_set},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row event_rows[] = {{ENVOI_EVERY_EVENT, on_event}, ENVOI_ROWS_END};
static const struct envoi_handler_impl impl = {
	.name = "program",
	.stanzas = stanza_rows,
	.events = event_rows,
};

void fuzz_program_init(struct fuzz_program *program, struct envoi_session *session)
{
	*program = (struct fuzz_program){.handler = ENVOI_HANDLER(&impl), .session = session};
	EXPECT(envoi_session_add(session, &program->handler) == ENVOI_OK);
}

void fuzz_program_check(const struct fuzz_program *program)
{
	for (size_t i = 0; i < program->sent_count; i++) {
		EXPECT(program->sent[i].report_count == (program->sent[i].is_sent ? 1 : 0));
	}
	for (size_t i = 0; i < program->asked_count; i++) {
		EXPECT(program->asked[i].answer_count == (program->asked[i].is_sent ? 1 : 0));
	}
	EXPECT(program->started_count == program->ended_count);
}
