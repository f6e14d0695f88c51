/*
 * envoi - handlers that are added and removed inside every kind of dispatch: tests
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

#include "stanzas.h"
#include "wire.h"

enum {
	HANDLERS = 3, /* attached at first */
	NEWCOMER = HANDLERS,
};

enum action {
	REMOVE, /* the other one, or itself */
	REMOVE_AND_ADD,
	ADD_NEWCOMER,
	REMOVE_AND_ADD_NEWCOMER,
	ACTIONS,
};

struct actor {
	struct envoi_handler base;
	struct scene *scene;
	char letter;
};

/** Three handlers of one kind; the first call of one of them does something to another. */
struct scene {
	struct wire *wire;
	struct actor actors[HANDLERS + 1];
	int acting; /* index of the one that acts; -1: none any more */
	enum action action;
	int other;
};

static void perform(struct scene *scene)
{
	struct envoi_session *session = scene->wire->session;
	struct envoi_handler *other = &scene->actors[scene->other].base;
	if (scene->action != ADD_NEWCOMER) {
		envoi_session_remove(session, other);
	}
	if (scene->action == REMOVE_AND_ADD) {
		assert_int_equal(envoi_session_add(session, other), ENVOI_OK);
	}
	if (scene->action == ADD_NEWCOMER || scene->action == REMOVE_AND_ADD_NEWCOMER) {
		assert_int_equal(
			envoi_session_add(session, &scene->actors[NEWCOMER].base), ENVOI_OK);
	}
}

static void called(struct envoi_handler *self)
{
	struct actor *actor = ENVOI_CONTAINER_OF(self, struct actor, base);
	struct scene *scene = actor->scene;
	write_text(&scene->wire->log, "%c", actor->letter);
	if (scene->acting >= 0 && actor == &scene->actors[scene->acting]) {
		scene->acting = -1;
		perform(scene);
	}
}

/* --- the kinds of dispatch --- */

static int on_stanza(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	called(self);
	return ENVOI_OK;
}

static int on_stanza_quietly(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	return ENVOI_OK;
}

static bool matches(struct envoi_handler *self, const struct envoi_delivery *in)
{
	(void)in;
	called(self);
	return true;
}

static int on_request(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	called(self);
	return ENVOI_DECLINED;
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	called(self);
}

static int filter(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)session;
	(void)stanza;
	called(self);
	return ENVOI_OK;
}

static void restore(struct envoi_handler *self, struct envoi_session *session, bool is_resumed)
{
	(void)session;
	(void)is_resumed;
	called(self);
}

static void receive(struct wire *wire)
{
	wire_say(wire, "<message><a xmlns='urn:x'><b/></a></message>");
	wire_run(wire, 0);
}

static void receive_request(struct wire *wire)
{
	wire_say(wire, "<iq type='get' id='1'><a xmlns='urn:x'/></iq>");
	wire_run(wire, 0);
}

static void send(struct wire *wire)
{
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);
}

static void post(struct wire *wire)
{
	struct envoi_event event = {.type = ENVOI_EVENT_AVAILABLE};
	assert_int_equal(envoi_session_post_event(wire->session, &event), ENVOI_OK);
	wire_run(wire, 0);
}

static void emit(struct wire *wire)
{
	assert_int_equal(envoi_session_emit(wire->session, "x", NULL), ENVOI_OK);
}

static void connect_again(struct wire *wire)
{
	envoi_session_detach(wire->session);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
}

#define ROW(...) \
	(const struct envoi_stanza_row[]) \
	{ \
		{__VA_ARGS__}, ENVOI_ROWS_END, \
	}
#define NAMED .kind = ENVOI_MESSAGE, .ns = "urn:x", .name = "a"

static const struct kind {
	const char *name;
	struct envoi_handler_impl impl;
	void (*have_happen)(struct wire *wire);
} kinds[] = {
	{"any row", {.stanzas = ROW(.kind = ENVOI_MESSAGE, .handle = on_stanza)}, receive},
	{"named row", {.stanzas = ROW(NAMED, .handle = on_stanza)}, receive},
	{"namespace row",
		{.stanzas = ROW(.kind = ENVOI_MESSAGE, .ns = "urn:x", .handle = on_stanza)},
		receive},
	{"path row",
		{.stanzas = ROW(.kind = ENVOI_MESSAGE, .path = "message/{urn:x}a/b",
			 .handle = on_stanza)},
		receive},
	{"function of a row",
		{.stanzas = ROW(NAMED, .matches = matches, .handle = on_stanza_quietly)}, receive},
	{"request row", {.stanzas = ROW(.kind = ENVOI_IQ_GET, .handle = on_request)},
		receive_request},
	{"filter of what comes", {.filters = &(const struct envoi_filters){.stanza_in = filter}},
		receive},
	{"filter of what goes", {.filters = &(const struct envoi_filters){.stanza_out = filter}},
		send},
	{"event",
		{.events = (const struct envoi_event_row[]){{ENVOI_EVENT_AVAILABLE, on_event},
			 ENVOI_ROWS_END}},
		post},
	{"custom event",
		{.custom_events = (const struct envoi_custom_event_row[]){{"x", on_event},
			 ENVOI_ROWS_END}},
		emit},
	{"restore", {.restore = restore}, connect_again},
};

/* --- what is expected --- */

/* A handler that is removed is not called any more; one that is added is called from the next
 * dispatch on, behind the others. */
static void expect(const struct scene *scene, char *ret_first, char *ret_second)
{
	bool is_there[HANDLERS] = {true, true, true};
	size_t len = 0;
	for (int i = 0; i < HANDLERS; i++) {
		if (is_there[i]) {
			ret_first[len++] = (char)('a' + i);
		}
		if (i == scene->acting && scene->action != ADD_NEWCOMER) {
			is_there[scene->other] = false;
		}
	}
	ret_first[len] = '\0';
	len = 0;
	for (int i = 0; i < HANDLERS; i++) {
		if (is_there[i]) {
			ret_second[len++] = (char)('a' + i);
		}
	}
	if (scene->action != REMOVE) {
		int last = scene->action == REMOVE_AND_ADD ? scene->other : NEWCOMER;
		ret_second[len++] = (char)('a' + last);
	}
	ret_second[len] = '\0';
}

static void play(
	struct wire *wire, const struct kind *kind, int acting, enum action action, int other)
{
	struct scene scene = {.wire = wire, .acting = acting, .action = action, .other = other};
	char first[8], second[8], seen[8];
	wire_go_online(wire);
	envoi_session_remove(wire->session, &wire->watcher);
	for (int i = 0; i < HANDLERS + 1; i++) {
		scene.actors[i] = (struct actor){{&kind->impl}, &scene, (char)('a' + i)};
		if (i < HANDLERS) {
			assert_int_equal(
				envoi_session_add(wire->session, &scene.actors[i].base), ENVOI_OK);
		}
	}
	expect(&scene, first, second);
	(void)wire_log(wire);
	kind->have_happen(wire);
	snprintf(seen, sizeof(seen), "%s", wire_log(wire));
	kind->have_happen(wire);
	if (strcmp(seen, first) != 0 || strcmp(written_text(&wire->log), second) != 0) {
		fail_msg("%s: %c acts on %c in way %d: %s then %s, not %s then %s", kind->name,
			'a' + acting, 'a' + other, (int)action, seen, written_text(&wire->log),
			first, second);
	}
	wire_free_session(wire);
}

static void changes_follow_one_rule_in_every_kind_of_dispatch(void **state)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (int acting = 0; acting < HANDLERS; acting++) {
			for (int action = 0; action < ACTIONS; action++) {
				for (int other = 0; other < HANDLERS; other++) {
					play(*state, &kinds[i], acting, (enum action)action, other);
				}
			}
		}
	}
}

/* --- timeouts: each is a dispatch of its own --- */

static void on_timeout(struct envoi_handler *self, struct envoi_session *session)
{
	(void)session;
	called(self);
}

static void a_handler_removed_in_a_timeout_has_no_other(void **state)
{
	static const struct envoi_timeout_row rows[] = {
		{10, true, on_timeout}, {10, false, on_timeout}, ENVOI_ROWS_END};
	static const struct kind kind = {"timeout", {.timeouts = rows}, NULL};
	struct wire *wire = *state;
	for (int other = 0; other < HANDLERS; other++) {
		struct scene scene = {.wire = wire, .action = REMOVE_AND_ADD, .other = other};
		wire_go_online(wire);
		for (int i = 0; i < HANDLERS; i++) {
			scene.actors[i] = (struct actor){{&kind.impl}, &scene, (char)('a' + i)};
			assert_int_equal(
				envoi_session_add(wire->session, &scene.actors[i].base), ENVOI_OK);
		}
		(void)wire_log(wire);
		wire_run(wire, 10); /* a acts in its first one: those of the other start again */
		assert_string_equal(wire_log(wire),
			other == 0           ? "abbcc"
				: other == 1 ? "aacc"
					     : "aabb");
		wire_run(wire, 9);
		wire_free_session(wire);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(changes_follow_one_rule_in_every_kind_of_dispatch,
			wire_setup, wire_teardown),
		cmocka_unit_test_setup_teardown(
			a_handler_removed_in_a_timeout_has_no_other, wire_setup, wire_teardown),
	};
	return cmocka_run_group_tests_name("session/changes", tests, NULL, NULL);
}
