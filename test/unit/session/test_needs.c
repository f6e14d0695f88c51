/*
 * envoi - handlers that need each other: tests
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

#include <envoi/interfaces/stream.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"

/** A handler with everything, which logs its name where it is called. */
struct part {
	struct envoi_handler base;
	struct envoi_handler_impl impl;
	struct envoi_filters filters;
	const char *needs[4];
	struct wire *wire;
};

static void note(struct envoi_handler *self, const char *what)
{
	struct part *part = ENVOI_CONTAINER_OF(self, struct part, base);
	write_text(&part->wire->log, "%s%s ", part->impl.name, what);
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	note(self, "");
	return ENVOI_OK;
}

static void on_custom(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	note(self, "!");
}

static void on_timeout(struct envoi_handler *self, struct envoi_session *session)
{
	(void)session;
	note(self, "@");
}

static int on_in(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)session;
	(void)stanza;
	note(self, "<");
	return ENVOI_OK;
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .handle = on_message}, ENVOI_ROWS_END};
static const struct envoi_custom_event_row customs[] = {{"x", on_custom}, ENVOI_ROWS_END};
static const struct envoi_timeout_row timeouts[] = {{100, true, on_timeout}, ENVOI_ROWS_END};

static void part_init(struct part *part, struct wire *wire, const char *name, const char *needs)
{
	static char words[32][16];
	static unsigned int used;
	*part = (struct part){.wire = wire};
	part->filters.stanza_in = on_in;
	part->impl = (struct envoi_handler_impl){
		.name = name,
		.stanzas = stanzas,
		.custom_events = customs,
		.timeouts = timeouts,
		.filters = &part->filters,
		.needs = part->needs,
	};
	part->base.impl = &part->impl;
	for (size_t i = 0; *needs != '\0' && i < 3; i++) { /* one letter each */
		char *word = words[used++ % 32];
		snprintf(word, sizeof(words[0]), "%c", needs[0]);
		part->needs[i] = word;
		needs++;
	}
}

static int part_add(struct part *part)
{
	return envoi_session_add(part->wire->session, &part->base);
}

static void assert_calls(struct wire *wire, const char *messages, const char *customs_called)
{
	(void)wire_log(wire);
	wire_say(wire, "<message/>");
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), messages);
	envoi_session_remove(wire->session, &wire->watcher); /* it logs every event */
	assert_int_equal(envoi_session_emit(wire->session, "x", NULL), ENVOI_OK);
	assert_string_equal(wire_log(wire), customs_called);
}

/* c needs b, which needs a: in each of the six orders of adding they are called in the same one. */
static void needs_are_met_whatever_the_order_of_adding(void **state)
{
	struct wire *wire = *state;
	static const int orders[6][3] = {
		{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	for (size_t i = 0; i < 6; i++) {
		struct part parts[3];
		part_init(&parts[0], wire, "a", "");
		part_init(&parts[1], wire, "b", "a");
		part_init(&parts[2], wire, "c", "ba");
		wire_go_online(wire);
		for (size_t k = 0; k < 3; k++) {
			assert_int_equal(part_add(&parts[orders[i][k]]), ENVOI_OK);
		}
		assert_int_equal(envoi_session_check_needs(wire->session), ENVOI_OK);
		assert_ptr_equal(envoi_session_find(wire->session, "c"), &parts[2].base);
		assert_calls(wire, "a< b< c< a b c ", "a! b! c! ");
		wire_run(wire, 100);
		assert_string_equal(wire_log(wire), "a@ b@ c@ ");
		struct envoi_handler *handlers[8];
		assert_int_equal(envoi_session_handlers(wire->session, handlers, 8) >= 3, 1);
		wire_free_session(wire);
	}
}

static void without_what_it_needs_a_handler_takes_no_part(void **state)
{
	struct wire *wire = *state;
	static struct part alone, waiting;
	wire_go_online(wire);
	part_init(&alone, wire, "a", "");
	part_init(&waiting, wire, "b", "am");
	size_t before = envoi_session_handlers(wire->session, NULL, 0);
	assert_int_equal(part_add(&waiting), ENVOI_OK);
	assert_int_equal(part_add(&waiting), ENVOI_ERR_EXISTS);
	assert_int_equal(part_add(&alone), ENVOI_OK);
	assert_null(envoi_session_find(wire->session, "b"));
	assert_int_equal(envoi_session_handlers(wire->session, NULL, 0), before + 1);
	assert_calls(wire, "a< a ", "a! ");
	wire_run(wire, 100);
	assert_string_equal(wire_log(wire), "a@ ");
	assert_int_equal(envoi_session_check_needs(wire->session), ENVOI_ERR_NOT_FOUND);
	assert_string_equal(envoi_session_problem(wire->session),
		"handler \"b\": needs a handler that is not attached: m");
	envoi_session_remove(wire->session, &waiting.base);
	envoi_session_remove(wire->session, &waiting.base);
	assert_int_equal(envoi_session_check_needs(wire->session), ENVOI_OK);
	assert_int_equal(part_add(&waiting), ENVOI_OK); /* freed with the session */
}

static void an_unnamed_handler_is_not_what_another_needs(void **state)
{
	static const char *const needs[] = {"disco", NULL};
	static const struct envoi_handler_impl unnamed = {.name = NULL};
	static const struct envoi_handler_impl needy = {.name = "caps", .needs = needs};
	static struct envoi_handler first = {&unnamed}, second = {&needy};
	struct wire *wire = *state;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &first), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &second), ENVOI_OK);
	assert_int_equal(envoi_session_check_needs(wire->session), ENVOI_ERR_NOT_FOUND);
}

/* The reason is what is missing, not what waits for it. */
static void what_is_missing_is_named_through_others_that_wait(void **state)
{
	struct wire *wire = *state;
	static struct part first, second;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	part_init(&first, wire, "c", "b");
	part_init(&second, wire, "b", "a");
	assert_int_equal(part_add(&first), ENVOI_OK);
	assert_int_equal(part_add(&second), ENVOI_OK);
	assert_int_equal(envoi_session_check_needs(wire->session), ENVOI_ERR_NOT_FOUND);
	assert_string_equal(envoi_session_problem(wire->session),
		"handler \"b\": needs a handler that is not attached: a");
}

static void a_circle_is_refused_with_its_names(void **state)
{
	struct wire *wire = *state;
	static struct part a, b, c, d, self;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	part_init(&self, wire, "s", "s");
	assert_int_equal(part_add(&self), ENVOI_ERR_INVALID);
	assert_string_equal(
		envoi_session_problem(wire->session), "handler \"s\": needs itself: it needs s");
	part_init(&a, wire, "a", "xb");
	part_init(&b, wire, "b", "xc");
	part_init(&d, wire, "d", "xb");
	part_init(&c, wire, "c", "xda");
	assert_int_equal(part_add(&a), ENVOI_OK);
	assert_int_equal(part_add(&b), ENVOI_OK);
	assert_int_equal(part_add(&d), ENVOI_OK);
	assert_int_equal(part_add(&c), ENVOI_ERR_INVALID);
	assert_string_equal(envoi_session_problem(wire->session),
		"handler \"c\": needs itself: it needs d needs b needs c");
	envoi_session_remove(wire->session, &b.base);
	assert_int_equal(part_add(&c), ENVOI_OK);
	assert_int_equal(part_add(&b), ENVOI_ERR_INVALID);
	assert_string_equal(envoi_session_problem(wire->session),
		"handler \"b\": needs itself: it needs c needs d needs b");
}

/* A search goes through each handler once: 40 in 20 layers have a million ways through them. */
static void many_ways_through_needs_cost_little(void **state)
{
	struct wire *wire = *state;
	static struct part parts[40];
	static char names[41][8];
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	for (size_t i = 0; i < 41; i++) {
		snprintf(names[i], sizeof(names[i]), "n%zu", i);
	}
	for (size_t i = 0; i < 40; i++) {
		part_init(&parts[i], wire, names[i], "");
		size_t above = (i / 2 + 1) * 2;
		parts[i].needs[0] = above < 40 ? names[above] : "missing";
		parts[i].needs[1] = above < 40 ? names[above + 1] : "missing";
	}
	for (size_t i = 40; i-- > 0;) {
		assert_int_equal(part_add(&parts[i]), ENVOI_OK);
	}
}

static void removing_what_is_needed_changes_nothing(void **state)
{
	struct wire *wire = *state;
	static struct part a, b;
	wire_go_online(wire);
	part_init(&a, wire, "a", "");
	part_init(&b, wire, "b", "a");
	assert_int_equal(part_add(&b), ENVOI_OK);
	assert_int_equal(part_add(&a), ENVOI_OK);
	envoi_session_remove(wire->session, &a.base);
	assert_calls(wire, "b< b ", "b! ");
}

/* Each allocation of the last step fails once: then nothing of it has happened. */
static void without_memory_none_of_them_takes_part(void **state)
{
	(void)state;
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	int r = ENVOI_ERR_NOMEM;
	for (size_t n = 1; r != ENVOI_OK; n++) {
		struct wire wire = {0};
		struct part a, b, c;
		wire_init(&wire, &(struct envoi_context_options){.allocator = functions});
		part_init(&a, &wire, "a", "");
		part_init(&b, &wire, "b", "a");
		part_init(&c, &wire, "c", "b");
		wire_go_online(&wire);
		assert_int_equal(part_add(&c), ENVOI_OK);
		assert_int_equal(part_add(&b), ENVOI_OK);
		allocator.fail_at = allocator.calls + n;
		r = part_add(&a);
		allocator.fail_at = 0;
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		if (r == ENVOI_ERR_NOMEM) {
			wire_run(&wire, 200);
			assert_calls(&wire, "", "");
			assert_int_equal(part_add(&a), ENVOI_OK);
		}
		(void)wire_log(&wire);
		wire_say(&wire, "<message/>");
		wire_run(&wire, 0);
		assert_string_equal(wire_log(&wire), "a< b< c< a b c ");
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
		assert_true(n < 50);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(needs_are_met_whatever_the_order_of_adding),
		TEST(without_what_it_needs_a_handler_takes_no_part),
		TEST(an_unnamed_handler_is_not_what_another_needs),
		TEST(what_is_missing_is_named_through_others_that_wait),
		TEST(a_circle_is_refused_with_its_names),
		TEST(many_ways_through_needs_cost_little),
		TEST(removing_what_is_needed_changes_nothing),
		cmocka_unit_test(without_memory_none_of_them_takes_part),
	};
	return cmocka_run_group_tests_name("session/needs", tests, NULL, NULL);
}
