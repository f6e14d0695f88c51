/*
 * envoi - presence of contacts: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "between.h"
#include "test_allocator.h"
#include "wire.h"

#define PUSH(items) "<iq type='set' id='p'><query xmlns='jabber:iq:roster'>" items "</query></iq>"
#define BOB_AT(resource, content) \
	"<presence from='bob@example.org/" resource "'>" content "</presence>"
#define BOB_LEAVES(resource) "<presence type='unavailable' from='bob@example.org/" resource "'/>"

struct fixture {
	struct wire wire;
	struct envoi_roster *roster;
	struct envoi_presences *presences;
	struct envoi_handler thief; /* ends the dispatch of each presence */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	wire_init(&f->wire, NULL);
	wire_go_online(&f->wire);
	assert_int_equal(envoi_roster_new(&f->roster, f->wire.session, f->wire.settings), ENVOI_OK);
	assert_int_equal(
		envoi_presences_new(&f->presences, f->wire.session, f->roster, f->wire.settings),
		ENVOI_OK);
	wire_talk(&f->wire, PUSH("<item jid='bob@example.org' subscription='both'/>"));
	wire_log(&f->wire);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_presences_free(f->presences);
	envoi_roster_free(f->roster);
	wire_finish(&f->wire);
	free(f);
	return 0;
}

/* Takes effect for a new object: the limits are read when it is made. */
static void set(struct fixture *f, const char *name, const char *value)
{
	assert_int_equal(envoi_settings_set(f->wire.settings, name, value), ENVOI_OK);
	envoi_presences_free(f->presences);
	assert_int_equal(
		envoi_presences_new(&f->presences, f->wire.session, f->roster, f->wire.settings),
		ENVOI_OK);
}

typedef const struct envoi_contact_presence *reader(
	const struct envoi_presences *presences, const struct envoi_jid *jid);

static const struct envoi_contact_presence *read_with(
	struct fixture *f, reader *read, const char *text)
{
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, f->wire.context, text), ENVOI_OK);
	const struct envoi_contact_presence *found = read(f->presences, jid);
	envoi_jid_unref(jid);
	return found;
}

static const char *best(struct fixture *f)
{
	const struct envoi_contact_presence *found = read_with(
		f, envoi_presences_best, "bob@example.org/any");
	return found == NULL ? "none" : envoi_jid_resource(found->jid);
}

static void a_presence_is_held_and_reported(void **state)
{
	struct fixture *f = *state;
	wire_talk(&f->wire,
		BOB_AT("desk", "<show>away</show><status>lunch</status><priority>3</priority>"));
	assert_string_equal(wire_log(&f->wire), "presence bob@example.org/desk\n");
	const struct envoi_contact_presence *desk = read_with(
		f, envoi_presences_find, "bob@example.org/desk");
	assert_non_null(desk);
	assert_string_equal(desk->show, "away");
	assert_string_equal(desk->status, "lunch");
	assert_int_equal(desk->priority, 3);
	assert_true(desk->is_available);
	assert_true(desk->received_ms > 0);
	assert_int_equal(envoi_presences_count(f->presences), 1);
	assert_null(read_with(f, envoi_presences_find, "bob@example.org/other"));
	assert_null(read_with(f, envoi_presences_find, "bob@example.org"));
}

/* RFC 6121, section 4.7.2: the highest priority, then how available it is, then the latest. */
static void the_best_resource_comes_first(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(best(f), "none");
	wire_talk(&f->wire, BOB_AT("a", "<show>xa</show>"));
	wire_talk(&f->wire, BOB_AT("b", "<show>away</show>"));
	assert_string_equal(best(f), "b");
	wire_talk(&f->wire, BOB_AT("c", "<priority>-1</priority><show>chat</show>"));
	assert_string_equal(best(f), "b");
	wire_talk(&f->wire, BOB_AT("d", ""));
	assert_string_equal(best(f), "d");
	wire_talk(&f->wire, BOB_AT("e", ""));
	assert_string_equal(best(f), "e");
	wire_talk(&f->wire, BOB_AT("f", "<show>chat</show>"));
	wire_talk(&f->wire, BOB_AT("g", "<show>dnd</show>"));
	assert_string_equal(best(f), "f");
	wire_talk(&f->wire, BOB_AT("a", "<show>xa</show><priority>1</priority>"));
	assert_string_equal(best(f), "a");
	char order[20] = "";
	struct envoi_jid *bob;
	assert_int_equal(envoi_jid_from_text(&bob, f->wire.context, "bob@example.org"), ENVOI_OK);
	const struct envoi_contact_presence *next = NULL;
	while ((next = envoi_presences_next_of(f->presences, bob, next)) != NULL) {
		strcat(order, envoi_jid_resource(next->jid));
	}
	envoi_jid_unref(bob);
	assert_string_equal(order, "afedbgc");
}

static void the_last_presence_stays_after_the_last_resource(void **state)
{
	struct fixture *f = *state;
	wire_talk(&f->wire, BOB_AT("desk", "") BOB_AT("phone", "") BOB_LEAVES("desk"));
	assert_null(read_with(f, envoi_presences_last, "bob@example.org"));
	assert_string_equal(best(f), "phone");
	wire_talk(&f->wire,
		"<presence type='unavailable' from='bob@example.org/phone'>"
		"<status>good night</status></presence>");
	assert_string_equal(best(f), "none");
	assert_int_equal(envoi_presences_count(f->presences), 0);
	const struct envoi_contact_presence *last = read_with(
		f, envoi_presences_last, "bob@example.org");
	assert_non_null(last);
	assert_false(last->is_available);
	assert_string_equal(last->status, "good night");
	assert_string_equal(envoi_jid_resource(last->jid), "phone");
	wire_talk(&f->wire, BOB_AT("desk", ""));
	assert_null(read_with(f, envoi_presences_last, "bob@example.org"));
}

static void unavailable_of_a_bare_address_is_for_all_resources(void **state)
{
	struct fixture *f = *state;
	wire_talk(&f->wire, BOB_AT("desk", "") BOB_AT("phone", ""));
	assert_int_equal(envoi_presences_count(f->presences), 2);
	wire_talk(&f->wire, "<presence type='unavailable' from='bob@example.org'/>");
	assert_int_equal(envoi_presences_count(f->presences), 0);
}

/* XEP-0045: rooms and their occupants are no contacts. */
static void strangers_are_not_held(void **state)
{
	struct fixture *f = *state;
	static const char *const strangers[] = {
		"<presence from='room@rooms.example.org/nick'/>",
		"<presence from='mallory@example.org/x'/>",
		"<presence type='unavailable' from='mallory@example.org/x'/>",
		"<presence from='@'/>",
		"<presence/>",
		"<presence type='error' from='bob@example.org/desk'/>",
		"<presence type='odd' from='bob@example.org/desk'/>",
	};
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		wire_talk(&f->wire, strangers[i]);
		assert_null(strstr(wire_log(&f->wire), "presence "));
		assert_int_equal(envoi_presences_count(f->presences), 0);
	}
	assert_null(read_with(f, envoi_presences_last, "mallory@example.org"));
	wire_talk(&f->wire, "<presence from='me@example.org/phone'/>");
	assert_int_equal(envoi_presences_count(f->presences), 1);
}

/* RFC 6121, section 4.2.2: the server sends a resource its own presence too. */
static void the_own_resource_is_not_held(void **state)
{
	struct fixture *f = *state;
	wire_talk(&f->wire, "<presence from='me@example.org/here'/>");
	wire_talk(&f->wire, "<presence from='me@example.org/here'><show>away</show></presence>");
	wire_talk(&f->wire, "<presence type='unavailable' from='me@example.org/here'/>");
	assert_null(strstr(wire_log(&f->wire), "presence "));
	assert_int_equal(envoi_presences_count(f->presences), 0);
	assert_null(read_with(f, envoi_presences_best, "me@example.org"));
	assert_null(read_with(f, envoi_presences_last, "me@example.org"));
	wire_talk(&f->wire, "<presence from='me@example.org/phone'/>");
	assert_string_equal(wire_log(&f->wire), "presence me@example.org/phone\n");
	assert_non_null(read_with(f, envoi_presences_best, "me@example.org"));
}

static void unavailable_without_a_resource_held_is_no_event(void **state)
{
	struct fixture *f = *state;
	wire_talk(&f->wire, "<presence type='unavailable' from='bob@example.org'/>");
	wire_talk(&f->wire, BOB_LEAVES("desk"));
	assert_null(strstr(wire_log(&f->wire), "presence "));
	assert_non_null(read_with(f, envoi_presences_last, "bob@example.org"));
	wire_talk(&f->wire, BOB_AT("desk", "") BOB_AT("phone", ""));
	wire_log(&f->wire);
	wire_talk(&f->wire, BOB_LEAVES("other"));
	assert_null(strstr(wire_log(&f->wire), "presence "));
	wire_talk(&f->wire, BOB_LEAVES("desk"));
	assert_string_equal(wire_log(&f->wire), "presence bob@example.org/desk\n");
	wire_talk(&f->wire, "<presence type='unavailable' from='bob@example.org'/>");
	assert_string_equal(wire_log(&f->wire), "presence bob@example.org\n");
}

static void a_removed_contact_has_no_presence(void **state)
{
	struct fixture *f = *state;
	wire_talk(&f->wire, PUSH("<item jid='gw.example.org/registered' subscription='to'/>"));
	wire_talk(&f->wire, BOB_AT("desk", "") "<presence from='gw.example.org/registered'/>");
	assert_int_equal(envoi_presences_count(f->presences), 2);
	wire_talk(&f->wire, PUSH("<item jid='bob@example.org' subscription='to'/>"));
	assert_int_equal(envoi_presences_count(f->presences), 2);
	wire_talk(&f->wire, PUSH("<item jid='bob@example.org' subscription='remove'/>"));
	assert_int_equal(envoi_presences_count(f->presences), 1);
	wire_talk(&f->wire, PUSH("<item jid='gw.example.org/registered' subscription='remove'/>"));
	assert_int_equal(envoi_presences_count(f->presences), 0);
}

/* RFC 6121, section 3.3.3; Prosody sends no unavailable presence then. */
static void the_end_of_a_subscription_ends_presence(void **state)
{
	struct fixture *f = *state;
	wire_talk(&f->wire, BOB_AT("desk", ""));
	wire_talk(&f->wire, PUSH("<item jid='bob@example.org' subscription='from'/>"));
	assert_int_equal(envoi_presences_count(f->presences), 0);
	wire_talk(&f->wire, BOB_AT("directed", ""));
	wire_talk(&f->wire, PUSH("<item jid='bob@example.org' subscription='from' name='B'/>"));
	assert_int_equal(envoi_presences_count(f->presences), 1);
}

static void ignore_end(void *user, int code)
{
	(void)user;
	(void)code;
}

static void a_contact_that_a_new_list_does_not_have_has_no_presence(void **state)
{
	struct fixture *f = *state;
	wire_talk(&f->wire, BOB_AT("desk", "") "<presence from='me@example.org/phone'/>");
	assert_int_equal(envoi_presences_count(f->presences), 2);
	assert_int_equal(envoi_roster_fetch(f->roster, ignore_end, NULL), ENVOI_OK);
	wire_run(&f->wire, 0);
	const char *id = strstr(wire_heard(&f->wire), " id='");
	char answer[200];
	assert_non_null(id);
	snprintf(answer, sizeof(answer),
		"<iq type='result' %.26s'><query xmlns='jabber:iq:roster'/></iq>", id + 1);
	wire_talk(&f->wire, answer);
	assert_int_equal(envoi_presences_count(f->presences), 1);
	assert_string_equal(best(f), "none");
}

static void the_end_of_the_session_drops_all(void **state)
{
	struct fixture *f = *state;
	wire_talk(&f->wire, BOB_AT("desk", "") BOB_AT("phone", "") BOB_LEAVES("phone"));
	assert_int_equal(envoi_presences_count(f->presences), 1);
	envoi_session_detach(f->wire.session);
	wire_run(&f->wire, 0);
	assert_non_null(strstr(wire_log(&f->wire), "ended"));
	assert_int_equal(envoi_presences_count(f->presences), 0);
	assert_null(envoi_presences_next(f->presences, NULL));
}

static void a_suspended_session_keeps_them(void **state)
{
	struct fixture *f = *state;
	wire_talk(&f->wire, BOB_AT("desk", ""));
	envoi_session_set_resumable(f->wire.session, true);
	envoi_session_detach(f->wire.session);
	wire_run(&f->wire, 0);
	assert_int_equal(envoi_presences_count(f->presences), 1);
	envoi_session_set_resumable(f->wire.session, false);
	wire_run(&f->wire, 0);
	assert_int_equal(envoi_presences_count(f->presences), 0);
}

static int steal(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	return ENVOI_STOP;
}

static const struct envoi_stanza_row thief_rows[] = {
	{.kind = ENVOI_PRESENCE, .handle = steal, .priority = 1000},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl thief_impl = {.stanzas = thief_rows};

static void a_row_that_ends_the_dispatch_does_not_take_presence_away(void **state)
{
	struct fixture *f = *state;
	f->thief = (struct envoi_handler)ENVOI_HANDLER(&thief_impl);
	wire_add(&f->wire, &f->thief);
	wire_talk(&f->wire, BOB_AT("desk", ""));
	assert_int_equal(envoi_presences_count(f->presences), 1);
	wire_remove(&f->wire);
}

/* --- limits --- */

/* A number stands between both. */
static void say_number(struct fixture *f, const char *before, size_t i, const char *behind)
{
	char presence[200];
	snprintf(presence, sizeof(presence), "%s%zu%s", before, i, behind);
	wire_talk(&f->wire, presence);
}

static void one_contact_holds_its_newest_resources(void **state)
{
	struct fixture *f = *state;
	set(f, "limits.presence-resources", "3");
	wire_talk(&f->wire, BOB_AT("keep", ""));
	for (size_t i = 0; i < 1000; i++) {
		say_number(f, "<presence from='bob@example.org/r", i, "'/>");
		wire_talk(&f->wire, BOB_AT("keep", ""));
		assert_true(envoi_presences_count(f->presences) <= 3);
	}
	assert_int_equal(envoi_presences_count(f->presences), 3);
	assert_non_null(read_with(f, envoi_presences_find, "bob@example.org/keep"));
	assert_non_null(read_with(f, envoi_presences_find, "bob@example.org/r999"));
	assert_non_null(read_with(f, envoi_presences_find, "bob@example.org/r998"));
	assert_int_equal(envoi_presences_refused(f->presences), 0);
}

static void all_contacts_have_a_limit_too(void **state)
{
	struct fixture *f = *state;
	set(f, "limits.presences", "2");
	for (size_t i = 0; i < 4; i++) {
		say_number(f, "<iq type='set' id='p'><query xmlns='jabber:iq:roster'><item jid='c",
			i, "@example.org' subscription='to'/></query></iq>");
	}
	wire_log(&f->wire);
	for (size_t i = 0; i < 4; i++) {
		say_number(f, "<presence from='c", i, "@example.org/r'/>");
	}
	assert_string_equal(wire_log(&f->wire),
		"presence c0@example.org/r\npresence c1@example.org/r\n"
		"presence limits.presences\npresence limits.presences\n");
	assert_int_equal(envoi_presences_count(f->presences), 2);
	assert_int_equal(envoi_presences_refused(f->presences), 2);
	wire_talk(&f->wire, "<presence from='c0@example.org/r'><show>dnd</show></presence>");
	assert_string_equal(read_with(f, envoi_presences_best, "c0@example.org")->show, "dnd");
	wire_talk(&f->wire,
		"<presence type='unavailable' from='c0@example.org/r'/>"
		"<presence from='c3@example.org/r'/>");
	assert_non_null(read_with(f, envoi_presences_best, "c3@example.org"));
}

static void count_warning(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	unsigned int *count = user;
	(void)level;
	(void)subject;
	*count += strstr(message, "limits.presence-bytes") != NULL;
}

/* The last presence of a contact is left out without a word. */
static void the_first_presence_beyond_a_limit_is_logged(void **state)
{
	struct fixture f = {0};
	unsigned int warnings = 0;
	char text[1200];
	(void)state;
	wire_init(&f.wire,
		&(struct envoi_context_options){.log = count_warning,
			.log_level = ENVOI_LOG_WARNING,
			.log_user = &warnings});
	wire_go_online(&f.wire);
	assert_int_equal(envoi_roster_new(&f.roster, f.wire.session, f.wire.settings), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(f.wire.settings, "limits.presence-bytes", "1k"), ENVOI_OK);
	assert_int_equal(
		envoi_presences_new(&f.presences, f.wire.session, f.roster, f.wire.settings),
		ENVOI_OK);
	wire_talk(&f.wire, PUSH("<item jid='bob@example.org' subscription='both'/>"));
	static const char *const forms[] = {"type='unavailable' ", "", ""};
	static const unsigned int logged[] = {0, 1, 1};
	for (size_t i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "<presence %sfrom='bob@example.org/%01000d'/>",
			forms[i], 0);
		wire_talk(&f.wire, text);
		assert_int_equal(envoi_presences_refused(f.presences), i + 1);
		assert_int_equal(warnings, logged[i]);
	}
	envoi_presences_free(f.presences);
	envoi_roster_free(f.roster);
	wire_finish(&f.wire);
}

static void a_status_that_there_is_no_room_for_is_left_out(void **state)
{
	struct fixture *f = *state;
	char text[1200];
	set(f, "limits.presence-bytes", "1k");
	snprintf(text, sizeof(text),
		"<presence from='bob@example.org/a'><status>%01000d</status>"
		"<show>xa</show></presence>",
		0);
	wire_talk(&f->wire, text);
	assert_null(read_with(f, envoi_presences_best, "bob@example.org")->status);
	assert_string_equal(read_with(f, envoi_presences_best, "bob@example.org")->show, "xa");
	for (size_t i = 0; i < 20; i++) {
		say_number(f, "<presence from='bob@example.org/r", i, "'/>");
	}
	assert_true(envoi_presences_count(f->presences) > 2);
	assert_true(envoi_presences_count(f->presences) < 10);
	assert_true(envoi_presences_refused(f->presences) > 0);
	wire_talk(&f->wire, "<presence type='unavailable' from='bob@example.org'/>");
	assert_int_equal(envoi_presences_count(f->presences), 0);
	wire_talk(&f->wire, BOB_AT("b", "<status>short</status>"));
	assert_string_equal(read_with(f, envoi_presences_best, "bob@example.org")->status, "short");
}

/* --- cost --- */

enum {
	AT_A_TIME = 50
};

struct hostile {
	struct test_allocator allocator;
	struct fixture f;
};

static void hostile_init(struct hostile *h)
{
	*h = (struct hostile){0};
	struct fixture *f = &h->f;
	wire_init(&f->wire,
		&(struct envoi_context_options){
			.allocator = test_allocator_functions(&h->allocator)});
	wire_go_online(&f->wire);
	assert_int_equal(envoi_roster_new(&f->roster, f->wire.session, f->wire.settings), ENVOI_OK);
	assert_int_equal(
		envoi_presences_new(&f->presences, f->wire.session, f->roster, f->wire.settings),
		ENVOI_OK);
	wire_talk(&f->wire, PUSH("<item jid='bob@example.org' subscription='both'/>"));
}

static void hostile_finish(struct hostile *h)
{
	envoi_presences_free(h->f.presences);
	envoi_roster_free(h->f.roster);
	wire_finish(&h->f.wire);
	assert_int_equal(h->allocator.live, 0);
}

/* @return allocations that so many presences take */
static size_t resources_cost(struct hostile *h, size_t first, size_t count)
{
	size_t before = h->allocator.calls;
	for (size_t i = first; i < first + count; i++) {
		char presence[100];
		snprintf(
			presence, sizeof(presence), "<presence from='bob@example.org/r%06zu'/>", i);
		wire_say(&h->f.wire, presence);
		wire_run(&h->f.wire, 0);
	}
	wire_log(&h->f.wire);
	return h->allocator.calls - before;
}

static void a_hundred_thousand_resources_cost_the_same_each(void **state)
{
	(void)state;
	struct hostile h;
	hostile_init(&h);
	(void)resources_cost(&h, 0, 1000);
	size_t cost = resources_cost(&h, 1000, 1000), live = h.allocator.live;
	(void)resources_cost(&h, 2000, 97000);
	assert_between(resources_cost(&h, 99000, 1000), 1, cost);
	assert_between(h.allocator.live, 1, live);
	assert_int_equal(envoi_presences_count(h.f.presences), 32);
	assert_string_equal(best(&h.f), "r099999");
	hostile_finish(&h);
}

/* @return allocations that it takes to come and go so often */
static size_t toggling_cost(struct hostile *h, size_t count)
{
	size_t before = h->allocator.calls;
	for (size_t i = 0; i < count; i++) {
		wire_say(&h->f.wire, BOB_AT("desk", "<status>again</status>") BOB_LEAVES("desk"));
		wire_run(&h->f.wire, 0);
	}
	wire_log(&h->f.wire);
	return h->allocator.calls - before;
}

static void ten_thousand_toggles_cost_the_same_each(void **state)
{
	(void)state;
	struct hostile h;
	hostile_init(&h);
	(void)toggling_cost(&h, 1000);
	size_t cost = toggling_cost(&h, 1000), live = h.allocator.live;
	(void)toggling_cost(&h, 7000);
	assert_between(toggling_cost(&h, 1000), 1, cost);
	assert_between(h.allocator.live, 1, live);
	hostile_finish(&h);
}

/* Each allocation fails once: what is held is whole, and the next presence is taken. */
static void a_failed_allocation_leaves_the_table_whole(void **state)
{
	(void)state;
	struct hostile h;
	hostile_init(&h);
	for (size_t k = 1; k < 60; k++) {
		h.allocator.fail_at = h.allocator.calls + k;
		wire_talk(&h.f.wire, BOB_AT("desk", "<status>text</status>") BOB_AT("phone", ""));
		wire_talk(&h.f.wire, BOB_LEAVES("desk"));
		h.allocator.fail_at = 0;
		wire_run(&h.f.wire, 1000);
		if (!envoi_session_is_online(h.f.wire.session)) {
			hostile_finish(&h);
			hostile_init(&h);
			continue;
		}
		wire_talk(&h.f.wire, BOB_AT("desk", "<priority>3</priority>"));
		assert_string_equal(best(&h.f), "desk");
		wire_talk(&h.f.wire, BOB_LEAVES("desk") BOB_LEAVES("phone"));
		assert_int_equal(envoi_presences_count(h.f.presences), 0);
	}
	hostile_finish(&h);
}

static void a_probe_is_sent(void **state)
{
	struct fixture *f = *state;
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, f->wire.context, "dave@example.org"), ENVOI_OK);
	assert_int_equal(envoi_presences_probe(f->presences, jid), ENVOI_OK);
	wire_run(&f->wire, 0);
	assert_string_equal(wire_heard(&f->wire), "<presence type='probe' to='dave@example.org'/>");
	envoi_presences_detach(f->presences);
	assert_int_equal(envoi_presences_probe(f->presences, jid), ENVOI_ERR_STATE);
	envoi_jid_unref(jid);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_presence_is_held_and_reported),
		TEST(the_best_resource_comes_first),
		TEST(the_last_presence_stays_after_the_last_resource),
		TEST(unavailable_of_a_bare_address_is_for_all_resources),
		TEST(the_own_resource_is_not_held),
		TEST(unavailable_without_a_resource_held_is_no_event),
		TEST(strangers_are_not_held),
		TEST(a_removed_contact_has_no_presence),
		TEST(the_end_of_a_subscription_ends_presence),
		TEST(a_contact_that_a_new_list_does_not_have_has_no_presence),
		TEST(the_end_of_the_session_drops_all),
		TEST(a_suspended_session_keeps_them),
		TEST(a_row_that_ends_the_dispatch_does_not_take_presence_away),
		TEST(one_contact_holds_its_newest_resources),
		TEST(all_contacts_have_a_limit_too),
		cmocka_unit_test(the_first_presence_beyond_a_limit_is_logged),
		TEST(a_status_that_there_is_no_room_for_is_left_out),
		cmocka_unit_test(a_hundred_thousand_resources_cost_the_same_each),
		cmocka_unit_test(ten_thousand_toggles_cost_the_same_each),
		cmocka_unit_test(a_failed_allocation_leaves_the_table_whole),
		TEST(a_probe_is_sent),
	};
	return cmocka_run_group_tests_name("presence/presences", tests, NULL, NULL);
}
