/*
 * envoi - the tables of a handler, checked when it is attached: tests
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the check is the session's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/interfaces/stream.h>
#include <envoi/payload.h>

#include "router/handler_check.h"

static struct envoi_context *context;

static int setup(void **state)
{
	(void)state;
	return envoi_context_new(&context, NULL);
}

static int teardown(void **state)
{
	(void)state;
	envoi_context_unref(context);
	return 0;
}

static int on_stanza(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	return ENVOI_OK;
}

static bool matches(struct envoi_handler *self, const struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	return true;
}

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	(void)event;
}

static void on_timeout(struct envoi_handler *self, struct envoi_session *session)
{
	(void)self;
	(void)session;
}

static int on_element(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)self;
	(void)stream;
	(void)element;
	return ENVOI_OK;
}

static int on_filter(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)self;
	(void)session;
	(void)stanza;
	return ENVOI_OK;
}

static void assert_refused(const struct envoi_handler_impl *impl, const char *problem)
{
	struct envoi_handler handler = {impl};
	char text[128] = "";
	assert_int_equal(
		envoi__handler_check(&handler, context, text, sizeof(text)), ENVOI_ERR_INVALID);
	assert_string_equal(text, problem);
}

static void a_stanza_row_that_no_stanza_can_match_is_refused(void **state)
{
	static const struct envoi_payload_type nameless = {.ns = "urn:x"};
	static const struct envoi_payload_type named = {.ns = "urn:x", .name = "x"};
	static const struct {
		struct envoi_stanza_row row;
		const char *problem;
	} cases[] = {
		{{.handle = on_stanza}, "stanzas[1]: no kind"},
		{{.ns = "urn:x"}, "stanzas[1]: no kind"},
		{{.name = "x"}, "stanzas[1]: no kind"},
		{{.payload = &named}, "stanzas[1]: no kind"},
		{{.type = ENVOI_TYPE_CHAT}, "stanzas[1]: no kind"},
		{{.priority = 1}, "stanzas[1]: no kind"},
		{{.before_login = true}, "stanzas[1]: no kind"},
		{{.kind = ENVOI_IQ_RESULT, .handle = on_stanza},
			"stanzas[1]: a kind that handlers do not take"},
		{{.kind = ENVOI_IQ_ERROR, .handle = on_stanza},
			"stanzas[1]: a kind that handlers do not take"},
		{{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_SUBSCRIBE, .handle = on_stanza},
			"stanzas[1]: a type that stanzas of this kind do not have"},
		{{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_CHAT, .handle = on_stanza},
			"stanzas[1]: a type that stanzas of this kind do not have"},
		{{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_UNKNOWN, .handle = on_stanza},
			"stanzas[1]: a type that stanzas of this kind do not have"},
		{{.kind = ENVOI_IQ_GET, .type = ENVOI_TYPE_CHAT, .handle = on_stanza},
			"stanzas[1]: a type that stanzas of this kind do not have"},
		{{.kind = ENVOI_MESSAGE}, "stanzas[1]: no function"},
		{{.path = "message"}, "stanzas[1]: no kind"},
		{{.depth = 1}, "stanzas[1]: no kind"},
		{{.once = true}, "stanzas[1]: no kind"},
		{{.matches = matches}, "stanzas[1]: no kind"},
		{{.kind = ENVOI_MESSAGE, .depth = 1, .handle = on_stanza},
			"stanzas[1]: a depth without a namespace or a name"},
		{{.kind = ENVOI_MESSAGE, .depth = 2, .payload = &named, .handle = on_stanza},
			"stanzas[1]: a depth without a namespace or a name"},
		{{.kind = ENVOI_MESSAGE, .depth = 32, .name = "x", .handle = on_stanza},
			"stanzas[1]: a depth of more than 31"},
		{{.kind = ENVOI_MESSAGE, .path = "message/a", .name = "x", .handle = on_stanza},
			"stanzas[1]: both a path and a payload"},
		{{.kind = ENVOI_MESSAGE, .path = "message/a", .ns = "x", .handle = on_stanza},
			"stanzas[1]: both a path and a payload"},
		{{.kind = ENVOI_MESSAGE,
			 .path = "message/a",
			 .payload = &named,
			 .handle = on_stanza},
			"stanzas[1]: both a path and a payload"},
		{{.kind = ENVOI_MESSAGE, .path = "message/a/", .handle = on_stanza},
			"stanzas[1]: path: at byte 10: a name is expected"},
		{{.kind = ENVOI_MESSAGE, .path = "", .handle = on_stanza},
			"stanzas[1]: path: at byte 0: a name is expected"},
		{{.kind = ENVOI_MESSAGE, .path = "presence/a", .handle = on_stanza},
			"stanzas[1]: path: at byte 0: the first step is not a stanza of the row's "
			"kind"},
		{{.kind = ENVOI_PRESENCE, .path = "iq/a", .handle = on_stanza},
			"stanzas[1]: path: at byte 0: the first step is not a stanza of the row's "
			"kind"},
		{{.kind = ENVOI_IQ_SET, .path = "message/a", .handle = on_stanza},
			"stanzas[1]: path: at byte 0: the first step is not a stanza of the row's "
			"kind"},
		{{.kind = ENVOI_MESSAGE, .path = "{urn:x}message/a", .handle = on_stanza},
			"stanzas[1]: path: at byte 0: the first step is not a stanza of the row's "
			"kind"},
		{{.kind = ENVOI_MESSAGE, .name = "", .handle = on_stanza},
			"stanzas[1]: an empty name"},
		{{.kind = ENVOI_MESSAGE, .payload = &nameless, .handle = on_stanza},
			"stanzas[1]: the payload type has no namespace or no name"},
		{{.kind = ENVOI_MESSAGE, .payload = &named, .name = "y", .handle = on_stanza},
			"stanzas[1]: both a payload type and a name"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct envoi_stanza_row rows[] = {
			{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT, .handle = on_stanza},
			cases[i].row,
			ENVOI_ROWS_END,
		};
		assert_refused(&(struct envoi_handler_impl){.stanzas = rows}, cases[i].problem);
	}
}

static void a_row_of_another_table_that_never_runs_is_refused(void **state)
{
	static const struct envoi_event_row no_event[] = {
		{ENVOI_EVENT_BOUND, on_event}, {ENVOI_NO_EVENT, on_event}};
	static const struct envoi_event_row unknown_event[] = {
		{ENVOI_EVENTS_END, on_event}, ENVOI_ROWS_END};
	static const struct envoi_event_row mute_event[] = {
		{ENVOI_EVENT_BOUND, NULL}, ENVOI_ROWS_END};
	static const struct envoi_timeout_row no_interval[] = {
		{1, true, on_timeout}, {0, false, on_timeout}};
	static const struct envoi_timeout_row only_recurring[] = {{0, true, NULL}};
	static const struct envoi_timeout_row mute_timeout[] = {{1, true, NULL}, ENVOI_ROWS_END};
	static const struct envoi_stream_element_row nameless[] = {
		{.ns = "urn:x", .roles = 1u << ENVOI_INITIATOR, .handle = on_element}};
	static const struct envoi_stream_element_row only_roles[] = {
		{.roles = 1u << ENVOI_INITIATOR}};
	static const struct envoi_stream_element_row only_necessary[] = {
		{.necessary = ENVOI_STREAM_BOUND}};
	static const struct envoi_stream_element_row only_forbidden[] = {
		{.forbidden = ENVOI_STREAM_BOUND}};
	static const struct envoi_stream_element_row only_handle[] = {{.handle = on_element}};
	static const struct envoi_stream_element_row only_name[] = {{.name = "x"}};
	static const struct envoi_stream_element_row without_role[] = {
		{.ns = "urn:x", .name = "x", .handle = on_element}, ENVOI_ROWS_END};
	static const struct envoi_stream_element_row role_itself[] = {
		{.ns = "urn:x", .name = "x", .roles = 4, .handle = on_element}, ENVOI_ROWS_END};
	static const struct envoi_stream_element_row never[] = {
		{.ns = "urn:x",
			.name = "x",
			.roles = 1u << ENVOI_INITIATOR,
			.necessary = ENVOI_STREAM_BOUND,
			.forbidden = ENVOI_STREAM_BOUND,
			.handle = on_element},
		ENVOI_ROWS_END};
	static const struct envoi_stream_element_row mute_element[] = {
		{.ns = "urn:x", .name = "x", .roles = 1u << ENVOI_INITIATOR}, ENVOI_ROWS_END};
	static const struct envoi_stream_feature nameless_feature = {.ns = "urn:x"};
	static const struct envoi_stream_feature never_feature = {
		.ns = "urn:x", .name = "x", .necessary = 3, .forbidden = 1};
	static const struct envoi_filters empty_filters = {.priority = 1};
	static const struct {
		struct envoi_handler_impl impl;
		const char *problem;
	} cases[] = {
		{{.events = no_event}, "events[1]: no event"},
		{{.events = unknown_event}, "events[0]: an unknown event"},
		{{.events = mute_event}, "events[0]: no function"},
		{{.timeouts = no_interval}, "timeouts[1]: no interval"},
		{{.timeouts = only_recurring}, "timeouts[0]: no interval"},
		{{.timeouts = mute_timeout}, "timeouts[0]: no function"},
		{{.stream_elements = nameless}, "stream_elements[0]: no namespace or no name"},
		{{.stream_elements = only_roles}, "stream_elements[0]: no namespace or no name"},
		{{.stream_elements = only_necessary},
			"stream_elements[0]: no namespace or no name"},
		{{.stream_elements = only_forbidden},
			"stream_elements[0]: no namespace or no name"},
		{{.stream_elements = only_handle}, "stream_elements[0]: no namespace or no name"},
		{{.stream_elements = only_name}, "stream_elements[0]: no namespace or no name"},
		{{.stream_elements = without_role},
			"stream_elements[0]: roles is not made of 1 << ENVOI_INITIATOR and "
			"1 << ENVOI_RECEIVER"},
		{{.stream_elements = role_itself},
			"stream_elements[0]: roles is not made of 1 << ENVOI_INITIATOR and "
			"1 << ENVOI_RECEIVER"},
		{{.stream_elements = never},
			"stream_elements[0]: a bit that is both necessary and forbidden"},
		{{.stream_elements = mute_element}, "stream_elements[0]: no function"},
		{{.stream_feature = &nameless_feature}, "stream_feature: no namespace or no name"},
		{{.stream_feature = &never_feature},
			"stream_feature: a bit that is both necessary and forbidden"},
		{{.filters = &empty_filters}, "filters: no function"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_refused(&cases[i].impl, cases[i].problem);
	}
}

static void valid_tables_are_accepted(void **state)
{
	static const struct envoi_payload_type named = {.ns = "urn:x", .name = "x"};
	static const struct envoi_stanza_row stanzas[] = {
		{.kind = ENVOI_MESSAGE, .handle = on_stanza},
		{.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_NORMAL, .handle = on_stanza},
		{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_AVAILABLE, .handle = on_stanza},
		{.kind = ENVOI_PRESENCE, .type = ENVOI_TYPE_ERROR, .handle = on_stanza},
		{.kind = ENVOI_IQ_SET, .payload = &named, .handle = on_stanza},
		{.kind = ENVOI_IQ_GET, .name = "x", .handle = on_stanza},
		{.kind = ENVOI_MESSAGE, .ns = "urn:x", .handle = on_stanza},
		{.kind = ENVOI_MESSAGE, .ns = "urn:x", .depth = 31, .handle = on_stanza},
		{.kind = ENVOI_IQ_GET, .path = "iq/*", .handle = on_stanza},
		{.kind = ENVOI_IQ_SET, .path = "*@id", .handle = on_stanza, .once = true},
		{.kind = ENVOI_PRESENCE, .path = "{*}presence/{urn:x}a", .handle = on_stanza},
		{.kind = ENVOI_PRESENCE, .matches = matches, .handle = on_stanza},
		ENVOI_ROWS_END,
	};
	static const struct envoi_event_row events[] = {
		{ENVOI_EVENT_DISCONNECTED, on_event}, ENVOI_ROWS_END};
	static const struct envoi_timeout_row timeouts[] = {{1, false, on_timeout}, ENVOI_ROWS_END};
	static const struct envoi_stream_element_row elements[] = {
		{.ns = "",
			.name = "*",
			.roles = 1u << ENVOI_INITIATOR | 1u << ENVOI_RECEIVER,
			.handle = on_element},
		ENVOI_ROWS_END};
	static const struct envoi_filters filters = {.stanza_out = on_filter};
	static const struct envoi_stream_feature feature = {.ns = "urn:x", .name = "x"};
	static const struct envoi_handler_impl full = {
		.stanzas = stanzas,
		.events = events,
		.timeouts = timeouts,
		.stream_elements = elements,
		.stream_feature = &feature,
		.filters = &filters,
	};
	static const struct envoi_handler_impl empty = {.name = "empty"};
	struct envoi_handler handlers[] = {{&full}, {&empty}};
	char text[8] = "";
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
			envoi__handler_check(&handlers[i], context, text, sizeof(text)), ENVOI_OK);
		assert_string_equal(text, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stanza_row_that_no_stanza_can_match_is_refused),
		cmocka_unit_test(a_row_of_another_table_that_never_runs_is_refused),
		cmocka_unit_test(valid_tables_are_accepted),
	};
	return cmocka_run_group_tests_name("router/handler_check", tests, setup, teardown);
}
