/*
 * envoi - a client when memory runs out, at every allocation of a login and a conversation
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/presence.h>
#include <envoi/roster.h>
#include <envoi/subscription.h>

#include "world.h"

#define DESK "alice@example.org/desk"

struct story {
	struct program program;
	struct world *world;
	struct envoi_ticket ticket;
	unsigned int sent, told, asked, answered, connected, fetching, fetched;
};

static void on_ticket(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	(void)report;
	((struct story *)ticket->user)->told++;
}

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct story *story = user;
	(void)envoi_answer_text(answer);
	story->answered++;
}

static void on_roster(void *user, int code)
{
	struct story *story = user;
	(void)code;
	story->fetched++;
}

/* Whatever fails, what is held is whole. */
static void read_presence(struct envoi_client *client)
{
	const struct envoi_contact_presence *presence = NULL;
	size_t count = 0;
	while ((presence = envoi_presences_next(envoi_client_presences(client), presence)) !=
		NULL) {
		assert_non_null(presence->jid);
		count++;
	}
	assert_int_equal(envoi_presences_count(envoi_client_presences(client)), count);
}

static void save_roster(struct story *story, struct envoi_roster *roster)
{
	struct envoi_buffer text;
	envoi_buffer_init(&text, story->world->context, 0);
	if (envoi_roster_save(roster, &text) < 0) {
		assert_int_equal(envoi_buffer_len(&text), 0);
	}
	envoi_buffer_finish(&text);
}

/* Presence comes and goes, a request is approved, the own presence changes. */
static void show_presence(struct story *story)
{
	struct envoi_client *client = story->program.client;
	struct envoi_subscriptions *subscriptions = envoi_client_subscriptions(client);
	static const char *const arriving[] = {
		("<iq type='set' id='s'><query xmlns='jabber:iq:roster'>"
		 "<item jid='carol@example.org' ask='subscribe'><group>Friends</group></item>"
		 "</query></iq>"),
		"<presence from='carol@example.org/a'><status>here</status></presence>",
		"<presence from='carol@example.org/b'><show>away</show></presence>",
		"<presence type='unavailable' from='carol@example.org/a'/>",
		"<presence type='unavailable' from='carol@example.org'/>",
		"<presence type='subscribe' from='dave@example.org'/>",
		"<presence type='subscribed' from='carol@example.org'/>",
	};
	for (size_t i = 0; i < sizeof(arriving) / sizeof(arriving[0]); i++) {
		(void)test_server_says(story->world->server, DESK, arriving[i]);
		world_run(story->world, 10);
		read_presence(client);
	}
	const struct envoi_subscription_request *open = envoi_subscriptions_next(
		subscriptions, NULL);
	if (open != NULL) {
		(void)envoi_subscriptions_approve(subscriptions, open->jid);
	}
	(void)envoi_client_set_show(client, "away", "out");
	save_roster(story, envoi_client_roster(client));
}

static void talk(struct story *story)
{
	struct envoi_client *client = story->program.client;
	struct envoi_session *session = envoi_client_session(client);
	struct envoi_stanza *ping = envoi_iq_new(
		story->world->context, ENVOI_IQ_GET, "example.org");
	if (ping != NULL) {
		envoi_element_add(envoi_stanza_element(ping), "urn:xmpp:ping", "ping");
	}
	story->ticket = (struct envoi_ticket){.done = on_ticket, .user = story};
	story->sent += envoi_send_text(session, DESK, "to myself", &story->ticket) == ENVOI_OK;
	story->asked += envoi_request(session, ping, NULL, 0, on_answer, story, NULL) == ENVOI_OK;
	story->fetching += envoi_roster_fetch(envoi_client_roster(client), on_roster, story) ==
		ENVOI_OK;
	(void)test_server_says(story->world->server, DESK,
		"<iq type='set' id='r'><query xmlns='jabber:iq:roster'>"
		"<item jid='carol@example.org' name='Carol'/></query></iq>");
	world_run(story->world, 100);
	show_presence(story);
}

static void connect_and_talk(struct story *story)
{
	if (envoi_client_connect(story->program.client) != ENVOI_OK) {
		return;
	}
	story->connected++;
	world_run(story->world, 1000);
	if (program_is_online(&story->program)) {
		talk(story);
	}
	envoi_client_disconnect(story->program.client);
	world_run(story->world, 70000);
	(void)envoi_client_failure_text(story->program.client);
}

static void check(const struct story *story, size_t k)
{
	unsigned int disconnected = story->program.events[ENVOI_EVENT_DISCONNECTED];
	unsigned int connecting = story->program.events[ENVOI_EVENT_CONNECTING];
	unsigned int started = story->program.events[ENVOI_EVENT_STARTED];
	unsigned int ended = story->program.events[ENVOI_EVENT_ENDED];
	unsigned int stopped = story->program.events[ENVOI_EVENT_STOPPED];
	if (story->connected != stopped || started != ended || story->connected != disconnected ||
		connecting != disconnected || story->sent != story->told ||
		story->asked != story->answered || story->fetching != story->fetched) {
		print_error(
			"allocation %zu: connected %u, disconnected %u, stopped %u, started %u, "
			"ended %u, sent %u, told %u, asked %u, answered %u, fetching %u, fetched %u\n",
			k, story->connected, disconnected, stopped, started, ended, story->sent,
			story->told, story->asked, story->answered, story->fetching,
			story->fetched);
		fail();
	}
}

/* @return whether the story was over before the allocation that was to fail */
static bool fail_at(struct world *world, size_t k, bool fail_on)
{
	struct story story = {.world = world};
	world_open(world, NULL);
	world->allocator.fail_on = fail_on;
	world->allocator.fail_at = world->allocator.calls + k;
	if (program_init(&story.program, world) == ENVOI_OK) {
		connect_and_talk(&story);
		check(&story, k);
		connect_and_talk(&story);
		program_free_client(&story.program);
	}
	bool is_over = world->allocator.calls < world->allocator.fail_at;
	check(&story, k);
	if (is_over) {
		assert_int_equal(story.program.events[ENVOI_EVENT_AVAILABLE], 2);
		assert_int_equal(story.program.events[ENVOI_EVENT_ROSTER_CHANGED], 4);
		assert_int_equal(story.asked, 2);
		assert_true(story.program.events[ENVOI_EVENT_PRESENCE] >= 8);
		assert_int_equal(story.program.events[ENVOI_EVENT_SUBSCRIPTION_REQUEST], 2);
		assert_int_equal(story.program.events[ENVOI_EVENT_SUBSCRIPTION_APPROVED], 2);
	}
	world_close(world);
	return is_over;
}

static void fail_everywhere(bool has_tls, bool fail_on, size_t step)
{
	struct world world;
	world_init(&world, has_tls);
	world_close(&world);
	size_t k = 1;
	while (!fail_at(&world, k, fail_on)) {
		k += step;
	}
	assert_true(k > 300);
	world_open(&world, NULL);
	world_finish(&world);
}

/* --- a client that connects again by itself --- */

static void cut(struct story *story)
{
	if (story->world->pair != NULL) {
		envoi_memory_pair_cut(story->world->pair);
	}
	world_run(story->world, 200);
}

static void connect_cut_and_talk(struct story *story)
{
	struct envoi_client *client = story->program.client;
	if (envoi_client_set(client, "reconnect.enabled", "true") != ENVOI_OK ||
		envoi_client_set(client, "reconnect.longest", "10ms") != ENVOI_OK ||
		envoi_client_connect(client) != ENVOI_OK) {
		return;
	}
	story->connected++;
	world_run(story->world, 1000);
	cut(story);
	world_run(story->world, 1000);
	if (program_is_online(&story->program)) {
		talk(story);
	}
	cut(story);
	envoi_client_disconnect(client);
	world_run(story->world, 70000);
}

static bool has_ended_in_order(const struct story *story)
{
	const unsigned int *events = story->program.events;
	return events[ENVOI_EVENT_STOPPED] == story->connected &&
		events[ENVOI_EVENT_STARTED] == events[ENVOI_EVENT_ENDED] &&
		events[ENVOI_EVENT_CONNECTING] == events[ENVOI_EVENT_DISCONNECTED] &&
		story->sent == story->told && story->asked == story->answered &&
		story->fetching == story->fetched;
}

static bool fail_reconnecting_at(struct world *world, size_t k, bool fail_on)
{
	struct story story = {.world = world};
	world_open(world, NULL);
	world->allocator.fail_on = fail_on;
	world->allocator.fail_at = world->allocator.calls + k;
	if (program_init(&story.program, world) == ENVOI_OK) {
		connect_cut_and_talk(&story);
		program_free_client(&story.program);
	}
	bool is_over = world->allocator.calls < world->allocator.fail_at;
	if (!has_ended_in_order(&story)) {
		fail_msg("allocation %zu", k);
	}
	if (is_over) {
		assert_true(story.program.events[ENVOI_EVENT_SUSPENDED] >= 2);
		assert_true(story.program.events[ENVOI_EVENT_AVAILABLE] >= 2);
		assert_int_equal(story.asked, 1);
	}
	world_close(world);
	return is_over;
}

static void fail_while_reconnecting(bool fail_on)
{
	struct world world;
	world_init(&world, false);
	world_close(&world);
	size_t k = 1;
	while (!fail_reconnecting_at(&world, k, fail_on)) {
		k++;
	}
	assert_true(k > 300);
	world_open(&world, NULL);
	world_finish(&world);
}

static void one_failed_allocation_while_reconnecting(void **state)
{
	(void)state;
	fail_while_reconnecting(false);
}

static void memory_that_has_run_out_for_good_while_reconnecting(void **state)
{
	(void)state;
	fail_while_reconnecting(true);
}

static void one_failed_allocation_in_clear(void **state)
{
	(void)state;
	fail_everywhere(false, false, 1);
}

static void memory_that_has_run_out_for_good_in_clear(void **state)
{
	(void)state;
	fail_everywhere(false, true, 1);
}

static void one_failed_allocation_in_tls(void **state)
{
	(void)state;
	fail_everywhere(true, false, 1);
}

static void memory_that_has_run_out_for_good_in_tls(void **state)
{
	(void)state;
	fail_everywhere(true, true, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_failed_allocation_while_reconnecting),
		cmocka_unit_test(memory_that_has_run_out_for_good_while_reconnecting),
		cmocka_unit_test(one_failed_allocation_in_clear),
		cmocka_unit_test(memory_that_has_run_out_for_good_in_clear),
		cmocka_unit_test(one_failed_allocation_in_tls),
		cmocka_unit_test(memory_that_has_run_out_for_good_in_tls),
	};
	return cmocka_run_group_tests_name("torture/client_memory", tests, NULL, NULL);
}
