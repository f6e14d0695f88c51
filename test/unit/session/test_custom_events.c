/*
 * envoi - sessions: tests of events of the program, and of rows that take every event
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"

#define ALARM "urn:example:alarm"

/** Takes the events of one name with one row, and every custom event with another. */
struct listener {
	struct envoi_handler base;
	struct wire *wire;
	void (*act)(struct listener *listener);
	void *data; /* of the last event of that name */
	unsigned int named, custom;
};

static void on_alarm(struct envoi_handler *self, const struct envoi_event *event)
{
	struct listener *listener = ENVOI_CONTAINER_OF(self, struct listener, base);
	assert_int_equal(event->type, ENVOI_EVENT_CUSTOM);
	assert_string_equal(event->name, ALARM);
	assert_ptr_equal(event->session, listener->wire->session);
	listener->named++;
	listener->data = event->data;
	if (listener->act != NULL) {
		listener->act(listener);
	}
}

static void on_custom(struct envoi_handler *self, const struct envoi_event *event)
{
	assert_non_null(event->name);
	ENVOI_CONTAINER_OF(self, struct listener, base)->custom++;
}

static const struct envoi_custom_event_row named_rows[] = {{ALARM, on_alarm}, ENVOI_ROWS_END};
static const struct envoi_event_row rows[] = {{ENVOI_EVENT_CUSTOM, on_custom}, ENVOI_ROWS_END};
static const struct envoi_handler_impl listener_impl = {
	.name = "listener", .custom_events = named_rows, .events = rows};

static void listen_to(struct listener *listener, struct wire *wire)
{
	*listener = (struct listener){.base = {&listener_impl}, .wire = wire};
	if (wire->session == NULL) {
		assert_int_equal(wire_new_session(wire), ENVOI_OK);
	}
	assert_int_equal(envoi_session_add(wire->session, &listener->base), ENVOI_OK);
}

static unsigned int freed;

static void free_data(void *data)
{
	freed++;
	free(data);
}

static void a_posted_event_comes_from_the_loop_in_its_order(void **state)
{
	struct wire *wire = *state;
	struct listener listener;
	int data;
	listen_to(&listener, wire);
	char name[] = ALARM;
	assert_int_equal(envoi_session_post(wire->session, name, &data, NULL), ENVOI_OK);
	memset(name, 'x', sizeof(name) - 1); /* it was copied */
	assert_int_equal(envoi_session_post(wire->session, "other", NULL, NULL), ENVOI_OK);
	assert_int_equal(envoi_session_post_event(wire->session,
				 &(struct envoi_event){.type = ENVOI_EVENT_AVAILABLE}),
		ENVOI_OK);
	assert_int_equal(listener.named, 0);
	wire_run(wire, 0);
	assert_int_equal(listener.named, 1);
	assert_int_equal(listener.custom, 2);
	assert_ptr_equal(listener.data, &data);
	assert_string_equal(wire_log(wire), "custom " ALARM "\ncustom other\navailable\n");
}

static void its_data_is_freed_once_behind_the_last_row(void **state)
{
	struct wire *wire = *state;
	struct listener listener;
	listen_to(&listener, wire);
	freed = 0;
	assert_int_equal(envoi_session_post(wire->session, ALARM, malloc(1), free_data), ENVOI_OK);
	assert_int_equal(freed, 0);
	wire_run(wire, 0);
	assert_int_equal(freed, 1);
	assert_int_equal(listener.named, 1);
}

static void its_data_is_freed_where_the_event_is_dropped(void **state)
{
	struct wire *wire = *state;
	struct listener listener;
	listen_to(&listener, wire);
	freed = 0;
	assert_int_equal(
		envoi_session_post(wire->session, "", malloc(1), free_data), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_session_post(wire->session, NULL, malloc(1), free_data), ENVOI_ERR_INVALID);
	assert_int_equal(freed, 2);
	assert_int_equal(envoi_session_post(wire->session, ALARM, malloc(1), free_data), ENVOI_OK);
	wire_free_session(wire);
	assert_int_equal(freed, 3);
	assert_int_equal(listener.named, 0);
}

static void an_emitted_event_comes_at_once(void **state)
{
	struct wire *wire = *state;
	struct listener listener;
	int data;
	listen_to(&listener, wire);
	assert_int_equal(envoi_session_post(wire->session, "queued", NULL, NULL), ENVOI_OK);
	assert_int_equal(envoi_session_emit(wire->session, ALARM, &data), ENVOI_OK);
	assert_int_equal(listener.named, 1);
	assert_ptr_equal(listener.data, &data);
	assert_string_equal(wire_log(wire), "custom " ALARM "\n");
	assert_int_equal(envoi_session_emit(wire->session, "", NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_session_emit(wire->session, NULL, NULL), ENVOI_ERR_INVALID);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "custom queued\n");
}

static void act_free(struct listener *listener)
{
	wire_free_session(listener->wire);
}

static void the_session_may_be_freed_inside(void **state)
{
	struct wire *wire = *state;
	struct listener listener;
	listen_to(&listener, wire);
	listener.act = act_free;
	assert_int_equal(envoi_session_emit(wire->session, ALARM, NULL), ENVOI_ERR_CANCELED);
	assert_int_equal(listener.custom, 0);
	freed = 0;
	listen_to(&listener, wire);
	listener.act = act_free;
	assert_int_equal(envoi_session_post(wire->session, ALARM, malloc(1), free_data), ENVOI_OK);
	wire_run(wire, 0);
	assert_int_equal(listener.named, 1);
	assert_int_equal(freed, 1);
}

static int code_inside;

static void act_emit_once(struct listener *listener)
{
	listener->act = NULL;
	code_inside = envoi_session_emit(listener->wire->session, ALARM, listener);
}

static void an_event_may_be_emitted_inside_another(void **state)
{
	struct wire *wire = *state;
	struct listener listener;
	listen_to(&listener, wire);
	listener.act = act_emit_once;
	code_inside = -1;
	assert_int_equal(envoi_session_emit(wire->session, ALARM, NULL), ENVOI_OK);
	assert_int_equal(code_inside, ENVOI_OK);
	assert_int_equal(listener.named, 2);
	assert_int_equal(listener.custom, 2);
}

static void on_ended(struct envoi_handler *self, const struct envoi_event *event)
{
	struct listener *listener = ENVOI_CONTAINER_OF(self, struct listener, base);
	listener->named++;
	freed = 0;
	assert_int_equal(
		envoi_session_post(event->session, ALARM, malloc(1), free_data), ENVOI_ERR_STATE);
	assert_int_equal(freed, 1);
	assert_int_equal(envoi_session_emit(event->session, ALARM, NULL), ENVOI_ERR_STATE);
}

static void a_session_that_is_being_freed_takes_none(void **state)
{
	struct wire *wire = *state;
	static const struct envoi_event_row ended[] = {
		{ENVOI_EVENT_ENDED, on_ended}, ENVOI_ROWS_END};
	static const struct envoi_handler_impl impl = {.name = "ended", .events = ended};
	struct listener listener = {.base = {&impl}, .wire = wire};
	wire_go_online(wire);
	assert_int_equal(envoi_session_add(wire->session, &listener.base), ENVOI_OK);
	wire_free_session(wire);
	assert_int_equal(listener.named, 1);
}

static void rows_that_never_run_are_refused(void **state)
{
	struct wire *wire = *state;
	static const struct envoi_custom_event_row nameless[] = {
		{ALARM, on_alarm}, {NULL, on_alarm}};
	static const struct envoi_custom_event_row empty[] = {{"", on_alarm}, ENVOI_ROWS_END};
	static const struct envoi_custom_event_row mute[] = {{ALARM, NULL}, ENVOI_ROWS_END};
	static const struct {
		const struct envoi_custom_event_row *rows;
		const char *problem;
	} cases[] = {
		{nameless, "handler \"bad\": custom_events[1]: no name"},
		{empty, "handler \"bad\": custom_events[0]: no name"},
		{mute, "handler \"bad\": custom_events[0]: no function"},
	};
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct envoi_handler_impl impl = {.name = "bad", .custom_events = cases[i].rows};
		struct envoi_handler handler = {&impl};
		assert_int_equal(envoi_session_add(wire->session, &handler), ENVOI_ERR_INVALID);
		assert_string_equal(envoi_session_problem(wire->session), cases[i].problem);
	}
}

/* The functions for events of the program are its only source. */
static void an_owner_does_not_post_them(void **state)
{
	struct wire *wire = *state;
	struct envoi_event event = {.type = ENVOI_EVENT_CUSTOM, .name = "x"};
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi_session_post_event(wire->session, &event), ENVOI_ERR_INVALID);
}

static void act_remove(struct listener *listener)
{
	envoi_session_remove(listener->wire->session, &listener->base);
}

static void a_handler_may_be_removed_inside(void **state)
{
	struct wire *wire = *state;
	struct listener listener;
	listen_to(&listener, wire);
	listener.act = act_remove;
	assert_int_equal(envoi_session_emit(wire->session, ALARM, NULL), ENVOI_OK);
	assert_int_equal(envoi_session_emit(wire->session, ALARM, NULL), ENVOI_OK);
	assert_int_equal(listener.named, 1);
	assert_int_equal(listener.custom, 0);
}

static void on_any(struct envoi_handler *self, const struct envoi_event *event)
{
	struct listener *listener = ENVOI_CONTAINER_OF(self, struct listener, base);
	write_text(&listener->wire->log, "%s ", envoi_event_name(event->type));
}

static void a_row_may_take_every_event(void **state)
{
	struct wire *wire = *state;
	static const struct envoi_event_row every[] = {{ENVOI_EVERY_EVENT, on_any}, ENVOI_ROWS_END};
	static const struct envoi_handler_impl impl = {.name = "every", .events = every};
	struct listener listener = {.base = {&impl}, .wire = wire};
	struct envoi_buffer expected;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	envoi_session_remove(wire->session, &wire->watcher);
	assert_int_equal(envoi_session_add(wire->session, &listener.base), ENVOI_OK);
	envoi_buffer_init(&expected, wire->notes, 0);
	for (int i = ENVOI_NO_EVENT + 1; i < ENVOI_EVENTS_END; i++) {
		struct envoi_event event = {.type = (enum envoi_event_type)i};
		assert_int_equal(i == ENVOI_EVENT_CUSTOM
				? envoi_session_post(wire->session, "x", NULL, NULL)
				: envoi_session_post_event(wire->session, &event),
			ENVOI_OK);
		write_text(&expected, "%s ", envoi_event_name(event.type));
	}
	wire_run(wire, 0);
	assert_int_equal(envoi_buffer_append(&expected, "", 1), ENVOI_OK);
	assert_string_equal(wire_log(wire), envoi_buffer_data(&expected));
	envoi_buffer_finish(&expected);
	struct envoi_event every_event = {.type = ENVOI_EVERY_EVENT};
	assert_int_equal(envoi_session_post_event(wire->session, &every_event), ENVOI_ERR_INVALID);
}

/* --- rows that are called once --- */

static void on_once(struct envoi_handler *self, const struct envoi_event *event)
{
	struct listener *listener = ENVOI_CONTAINER_OF(self, struct listener, base);
	write_text(&listener->wire->log, "once:%s ", envoi_event_name(event->type));
	if (listener->act != NULL) {
		listener->act(listener);
	}
}

static const struct envoi_event_row once_rows[] = {
	{ENVOI_EVENT_AVAILABLE, on_any},
	{.type = ENVOI_EVENT_AVAILABLE, .handle = on_once, .once = true},
	{.type = ENVOI_EVENT_CUSTOM, .handle = on_once, .once = true},
	ENVOI_ROWS_END,
};
static const struct envoi_custom_event_row once_named[] = {
	{.name = ALARM, .handle = on_once, .once = true},
	{"other", on_any},
	{.name = "other", .handle = on_once, .once = true},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl once_impl = {
	.name = "once", .events = once_rows, .custom_events = once_named};

static struct listener add_once(struct wire *wire)
{
	if (wire->session == NULL) {
		assert_int_equal(wire_new_session(wire), ENVOI_OK);
		envoi_session_remove(wire->session, &wire->watcher);
	}
	return (struct listener){.base = {&once_impl}, .wire = wire};
}

static void assert_events(struct wire *wire, const char *expected)
{
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), expected);
}

static void post_available(struct wire *wire)
{
	assert_int_equal(envoi_session_post_event(wire->session,
				 &(struct envoi_event){.type = ENVOI_EVENT_AVAILABLE}),
		ENVOI_OK);
}

static void a_row_may_be_called_once(void **state)
{
	struct wire *wire = *state;
	struct listener listener = add_once(wire);
	for (int i = 0; i < 2; i++) { /* until it is attached again */
		assert_int_equal(envoi_session_add(wire->session, &listener.base), ENVOI_OK);
		post_available(wire);
		assert_events(wire, "available once:available ");
		post_available(wire);
		assert_events(wire, "available ");
		envoi_session_remove(wire->session, &listener.base);
	}
}

static void emit(struct wire *wire, const char *name)
{
	assert_int_equal(envoi_session_emit(wire->session, name, NULL), ENVOI_OK);
}

/* Rows of one handler do not share what was called. */
static void a_row_of_custom_events_may_be_called_once(void **state)
{
	struct wire *wire = *state;
	struct listener listener = add_once(wire);
	assert_int_equal(envoi_session_add(wire->session, &listener.base), ENVOI_OK);
	emit(wire, ALARM);
	assert_events(wire, "once:custom once:custom ");
	emit(wire, ALARM);
	assert_events(wire, "");
	emit(wire, "other");
	assert_events(wire, "custom once:custom ");
	emit(wire, "other");
	assert_events(wire, "custom ");
	post_available(wire);
	assert_events(wire, "available once:available ");
	envoi_session_remove(wire->session, &listener.base);
}

static void act_emit(struct listener *listener)
{
	emit(listener->wire, ALARM);
}

static void once_holds_inside_the_call(void **state)
{
	struct wire *wire = *state;
	struct listener listener = add_once(wire);
	listener.act = act_emit;
	assert_int_equal(envoi_session_add(wire->session, &listener.base), ENVOI_OK);
	emit(wire, ALARM);
	assert_events(wire, "once:custom once:custom ");
	envoi_session_remove(wire->session, &listener.base);
}

static void a_row_that_is_called_once_may_remove_its_handler(void **state)
{
	struct wire *wire = *state;
	struct listener listener = add_once(wire);
	listener.act = act_remove;
	assert_int_equal(envoi_session_add(wire->session, &listener.base), ENVOI_OK);
	emit(wire, ALARM);
	assert_events(wire, "once:custom ");
}

static void no_allocation_failure_loses_or_leaks_data(void **state)
{
	(void)state;
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	int r = ENVOI_ERR_NOMEM;
	for (size_t n = 1; r != ENVOI_OK; n++) {
		struct wire wire = {0};
		struct listener listener;
		wire_init(&wire, &(struct envoi_context_options){.allocator = functions});
		listen_to(&listener, &wire);
		freed = 0;
		allocator.fail_at = allocator.calls + n;
		r = envoi_session_post(wire.session, ALARM, malloc(1), free_data);
		allocator.fail_at = 0;
		assert_int_equal(freed, r == ENVOI_OK ? 0 : 1);
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		wire_run(&wire, 0);
		assert_int_equal(listener.named, r == ENVOI_OK ? 1 : 0);
		assert_int_equal(freed, 1);
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
		assert_true(r == ENVOI_OK || n < 10);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_posted_event_comes_from_the_loop_in_its_order),
		TEST(its_data_is_freed_once_behind_the_last_row),
		TEST(its_data_is_freed_where_the_event_is_dropped),
		TEST(an_emitted_event_comes_at_once),
		TEST(the_session_may_be_freed_inside),
		TEST(an_event_may_be_emitted_inside_another),
		TEST(a_session_that_is_being_freed_takes_none),
		TEST(rows_that_never_run_are_refused),
		TEST(an_owner_does_not_post_them),
		TEST(a_handler_may_be_removed_inside),
		TEST(a_row_may_take_every_event),
		TEST(a_row_may_be_called_once),
		TEST(a_row_of_custom_events_may_be_called_once),
		TEST(once_holds_inside_the_call),
		TEST(a_row_that_is_called_once_may_remove_its_handler),
		cmocka_unit_test(no_allocation_failure_loses_or_leaks_data),
	};
	return cmocka_run_group_tests_name("session/custom_events", tests, NULL, NULL);
}
