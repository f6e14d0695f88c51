/*
 * envoi - a connection cut at every byte of a login and a conversation, in both directions
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/roster.h>

#include "world.h"

#define DESK "alice@example.org/desk"

struct story {
	struct program program;
	struct world *world;
	struct envoi_ticket ticket;
	unsigned int sent, told, asked, answered, replied;
};

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	(void)report;
	((struct story *)ticket->user)->told++;
}

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct story *story = user;
	story->answered++;
	story->replied += envoi_answer_ok(answer);
}

static void talk(struct story *story)
{
	struct envoi_session *session = envoi_client_session(story->program.client);
	struct envoi_stanza *ping = envoi_iq_new(
		story->world->context, ENVOI_IQ_GET, "example.org");
	assert_non_null(ping);
	assert_non_null(envoi_element_add(envoi_stanza_element(ping), "urn:xmpp:ping", "ping"));
	story->ticket = (struct envoi_ticket){.done = on_ticket, .user = story};
	story->sent += envoi_send_text(session, DESK, "to myself", &story->ticket) == ENVOI_OK;
	story->asked += envoi_request(session, ping, NULL, 0, on_answer, story, NULL) == ENVOI_OK;
	(void)test_server_says(story->world->server, DESK,
		"<iq type='get' id='p' from='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
}

static void play(struct story *story)
{
	assert_int_equal(envoi_client_connect(story->program.client), ENVOI_OK);
	world_run(story->world, 100);
	if (program_is_online(&story->program)) {
		talk(story);
		world_run(story->world, 100);
	}
	envoi_client_disconnect(story->program.client);
	world_run(story->world, 10000);
}

static void check(const struct story *story, enum envoi_memory_side side, uint64_t offset)
{
	const unsigned int *events = story->program.events;
	if (events[ENVOI_EVENT_CONNECTING] != 1 || events[ENVOI_EVENT_DISCONNECTED] != 1 ||
		story->sent != story->told || story->asked != story->answered) {
		print_error("cut after byte %llu of %s: connecting %u, disconnected %u, "
			    "sent %u, told %u, asked %u, answered %u\n",
			(unsigned long long)offset, side == ENVOI_MEMORY_A ? "ours" : "theirs",
			events[ENVOI_EVENT_CONNECTING], events[ENVOI_EVENT_DISCONNECTED],
			story->sent, story->told, story->asked, story->answered);
		fail();
	}
}

/* @return whether all had been said by then */
static bool cut_at(struct world *world, enum envoi_memory_side side, uint64_t offset)
{
	struct story story = {.world = world};
	world->scripts[side].cut_at = offset;
	assert_int_equal(program_init(&story.program, world), ENVOI_OK);
	play(&story);
	check(&story, side, offset);
	bool is_over = story.program.code == ENVOI_OK;
	if (is_over) {
		assert_int_equal(story.replied, 1);
		assert_int_equal(story.program.events[ENVOI_EVENT_AVAILABLE], 1);
	}
	program_free_client(&story.program);
	check(&story, side, offset);
	world_drop_connections(world);
	return is_over;
}

static void cut_everywhere(bool has_tls, enum envoi_memory_side side, uint64_t step)
{
	struct world world;
	uint64_t offset = 0;
	world_init(&world, has_tls);
	/* Fills the context's caches. */
	assert_true(cut_at(&world, side, ENVOI_MEMORY_NEVER));
	size_t live = world.allocator.live;
	while (!cut_at(&world, side, offset)) {
		assert_true(world.allocator.live <= live);
		offset += step;
	}
	assert_true(offset > 1000);
	world_finish(&world);
}

static void cut_in_what_the_server_sends_in_clear(void **state)
{
	(void)state;
	cut_everywhere(false, ENVOI_MEMORY_B, 1);
}

static void cut_in_what_we_send_in_clear(void **state)
{
	(void)state;
	cut_everywhere(false, ENVOI_MEMORY_A, 1);
}

static void cut_in_what_the_server_sends_in_tls(void **state)
{
	(void)state;
	cut_everywhere(true, ENVOI_MEMORY_B, 1);
}

static void cut_in_what_we_send_in_tls(void **state)
{
	(void)state;
	cut_everywhere(true, ENVOI_MEMORY_A, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_in_what_the_server_sends_in_clear),
		cmocka_unit_test(cut_in_what_we_send_in_clear),
		cmocka_unit_test(cut_in_what_the_server_sends_in_tls),
		cmocka_unit_test(cut_in_what_we_send_in_tls),
	};
	return cmocka_run_group_tests_name("torture/client_cut", tests, NULL, NULL);
}
