/*
 * envoi - outbox: tests
 * SPDX-License-Identifier: MIT
 *
 * Private headers: what acknowledges and rewinds is called by a session's stream management only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "session/sending/resending.h"
#include "session/session.h"
#include "test_allocator.h"
#include "wire.h"

enum {
	TICKETS = 4,
};
static struct wire_ticket tickets[TICKETS];
static const char *const names[TICKETS] = {"one", "two", "three", "four"};

static struct envoi__outbox *outbox_of(struct wire *wire)
{
	return &wire->session->outbox;
}

static void send_named(struct wire *wire, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++) {
		assert_int_equal(envoi_send_text(wire->session, "a@b", names[i],
					 wire_ticket(&tickets[i], wire, names[i])),
			ENVOI_OK);
	}
}

/* @return what the peer heard of the bodies, in order: "one two " */
static const char *bodies(struct wire *wire)
{
	static char found[256];
	found[0] = '\0';
	for (const char *at = wire_heard(wire); (at = strstr(at, "<body>")) != NULL;) {
		at += strlen("<body>");
		size_t len = strlen(found);
		snprintf(found + len, sizeof(found) - len, "%.*s ", (int)strcspn(at, "<"), at);
	}
	return found;
}

/* Online, keeping, with all four sent and written. */
static void send_all(struct wire *wire)
{
	wire_go_online(wire);
	envoi_session_set_resumable(wire->session, true);
	envoi__outbox_keep(outbox_of(wire), true);
	send_named(wire, 0, TICKETS);
	wire_run(wire, 0);
	assert_string_equal(bodies(wire), "one two three four ");
	assert_string_equal(wire_log(wire), "");
	assert_int_equal(outbox_of(wire)->count, 0);
	assert_int_equal(outbox_of(wire)->kept_count, TICKETS);
}

static void lose_the_stream(struct wire *wire)
{
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "disconnected ENVOI_ERR_DISCONNECTED\n");
}

static void resume(struct wire *wire)
{
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	assert_int_equal(envoi_session_resume(wire->session), ENVOI_OK);
	envoi__outbox_keep(outbox_of(wire), true);
	wire_greet(wire);
	wire_run(wire, 0);
	(void)wire_log(wire);
}

static void a_kept_stanza_stays_until_it_is_acknowledged(void **state)
{
	struct wire *wire = *state;
	send_all(wire);
	envoi__outbox_acknowledge(outbox_of(wire), 2);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "one acknowledged\ntwo acknowledged\n");
	envoi__outbox_acknowledge(outbox_of(wire), 2);
	envoi__outbox_acknowledge(outbox_of(wire), 4);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "three acknowledged\nfour acknowledged\n");
	assert_int_equal(outbox_of(wire)->kept_count, 0);
	assert_int_equal(outbox_of(wire)->kept_bytes, 0);
}

static void stanzas_of_others_have_numbers_too(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	envoi__outbox_keep(outbox_of(wire), true);
	struct envoi_element *iq = envoi_element_new(wire->context, ENVOI_NS_CLIENT, "iq");
	assert_int_equal(
		envoi_stream_send_element(envoi_session_stream(wire->session), iq), ENVOI_OK);
	envoi_element_unref(iq);
	send_named(wire, 0, 1);
	envoi__outbox_acknowledge(outbox_of(wire), 1);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "");
	envoi__outbox_acknowledge(outbox_of(wire), 2);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "one acknowledged\n");
}

static void without_keeping_a_stanza_of_others_ends_no_ticket_early(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	struct envoi_element *iq = envoi_element_new(wire->context, ENVOI_NS_CLIENT, "iq");
	assert_int_equal(
		envoi_stream_send_element(envoi_session_stream(wire->session), iq), ENVOI_OK);
	envoi_element_unref(iq);
	wire_run(wire, 0);
	send_named(wire, 0, 1);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_string_equal(
		wire_log(wire), "one not sent\nended\ndisconnected ENVOI_ERR_DISCONNECTED\n");
}

static void rewound_stanzas_are_sent_before_waiting_ones(void **state)
{
	struct wire *wire = *state;
	send_all(wire);
	envoi__outbox_acknowledge(outbox_of(wire), 1);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "one acknowledged\n");
	lose_the_stream(wire);
	envoi__outbox_acknowledge(outbox_of(wire), 2);
	assert_int_equal(
		envoi__session_send(wire->session,
			envoi_message_new(wire->context, ENVOI_TYPE_CHAT, "a@b", "new"), NULL),
		ENVOI_OK);
	envoi__outbox_rewind(outbox_of(wire));
	assert_int_equal(outbox_of(wire)->count, 3);
	assert_int_equal(outbox_of(wire)->kept_count, 0);
	resume(wire);
	assert_string_equal(bodies(wire), "three four new ");
	assert_int_equal(outbox_of(wire)->kept_count, 3);
	envoi__outbox_acknowledge(outbox_of(wire), 1);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "three acknowledged\n");
}

static void a_stanza_on_a_stream_cannot_be_canceled(void **state)
{
	struct wire *wire = *state;
	send_all(wire);
	lose_the_stream(wire);
	envoi__outbox_rewind(outbox_of(wire));
	assert_int_equal(envoi_ticket_cancel(&tickets[0].ticket), ENVOI_ERR_STATE);
	assert_int_equal(
		envoi__session_send(wire->session,
			envoi_message_new(wire->context, ENVOI_TYPE_CHAT, "a@b", "new"), NULL),
		ENVOI_OK);
	envoi_session_set_resumable(wire->session, false);
	wire_run(wire, 0);
	assert_string_equal(
		wire_log(wire), "one unknown\ntwo unknown\nthree unknown\nfour unknown\nended\n");
	assert_int_equal(outbox_of(wire)->count, 0);
	assert_int_equal(outbox_of(wire)->bytes, 0);
}

static void the_limits_include_kept_stanzas(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(
		envoi_settings_set(wire->settings, "limits.outbox-stanzas", "3"), ENVOI_OK);
	wire_go_online(wire);
	envoi__outbox_keep(outbox_of(wire), true);
	send_named(wire, 0, 3);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_FULL);
	envoi__outbox_acknowledge(outbox_of(wire), 1);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_FULL);
}

/* The peer refuses to acknowledge, after what was sent before it was asked. */
static void released_stanzas_are_not_counted(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	send_named(wire, 0, 1);
	envoi__outbox_keep(outbox_of(wire), true);
	send_named(wire, 1, 1);
	envoi__outbox_release(outbox_of(wire));
	assert_int_equal(outbox_of(wire)->kept_count, 0);
	assert_int_equal(outbox_of(wire)->kept_bytes, 0);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "one written\ntwo written\n");
}

static int fail_out(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)self;
	(void)session;
	(void)stanza;
	fail_msg("a filter sees it");
	return ENVOI_OK;
}

/* Answers and pings of the library are sent like this. */
static void nothing_waits_for_a_stream_that_no_session_has(void **state)
{
	static const struct envoi_filters filters = {.stanza_out = fail_out};
	static const struct envoi_handler_impl impl = {.filters = &filters};
	struct envoi_handler handler = {&impl};
	struct wire *wire = *state;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &handler), ENVOI_OK);
	assert_int_equal(
		envoi__session_send(wire->session,
			envoi_message_new(wire->context, ENVOI_TYPE_CHAT, "a@b", "new"), NULL),
		ENVOI_ERR_STATE);
	assert_int_equal(outbox_of(wire)->count, 0);
	envoi_session_remove(wire->session, &handler);
}

/* --- what no byte of was sent --- */

/* The connection takes no more than the first bytes of what is sent from now on. */
static void block_after(struct wire *wire, size_t bytes)
{
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.stall_at = envoi_memory_pair_sent(wire->pair, ENVOI_MEMORY_A);
	script.window_bytes = bytes;
	envoi_memory_pair_script(wire->pair, ENVOI_MEMORY_A, &script);
}

static void stanzas_that_are_not_kept_end_when_the_session_is_suspended(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	envoi_session_set_resumable(wire->session, true);
	block_after(wire, 1);
	send_named(wire, 0, 1);
	envoi__outbox_keep(outbox_of(wire), true);
	send_named(wire, 1, 1);
	wire_run(wire, 0);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_true(envoi_session_is_suspended(wire->session));
	assert_string_equal(wire_log(wire), "one unknown\ndisconnected ENVOI_ERR_DISCONNECTED\n");
	assert_int_equal(outbox_of(wire)->kept_count, 0);
	assert_int_equal(outbox_of(wire)->count, 1);
}

static void send_presence(struct wire *wire, const char *to)
{
	assert_int_equal(envoi_send(wire->session,
				 envoi_presence_new(wire->context, ENVOI_TYPE_AVAILABLE, to), NULL),
		ENVOI_OK);
}

/* @param taken  bytes that the connection takes of a message with a ticket, two presences without,
 *               and a message with a ticket
 * @return what is sent on the next session */
static const char *sent_next(struct wire *wire, size_t taken)
{
	wire_go_online(wire);
	envoi_session_set_continued(wire->session, true);
	block_after(wire, taken);
	send_named(wire, 0, 1);
	send_presence(wire, "directed@b");
	send_presence(wire, "again@b");
	send_named(wire, 1, 1);
	wire_run(wire, 0);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	return wire_heard(wire);
}

static void what_no_byte_of_was_sent_goes_out_as_new(void **state)
{
	struct wire *wire = *state;
	const char *heard = sent_next(wire, 1);
	const char *directed = strstr(heard, "directed@b"), *again = strstr(heard, "again@b");
	const char *two = strstr(heard, "<body>two</body>");
	assert_non_null(directed);
	assert_non_null(again);
	assert_non_null(two);
	assert_true(directed < again && again < two);
	assert_null(strstr(two, "urn:xmpp:delay"));
}

/* A whole stanza is some 90 bytes long. */
static void what_bytes_of_were_sent_does_not_go_out_as_new(void **state)
{
	struct wire *wire = *state;
	const char *heard = sent_next(wire, 240);
	assert_null(strstr(heard, "directed@b"));
	assert_non_null(strstr(heard, "<body>two</body>"));
}

static void a_later_broadcast_replaces_one_that_was_not_sent(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	envoi_session_set_continued(wire->session, true);
	send_presence(wire, NULL);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_int_equal(outbox_of(wire)->held_count, 1);
	const struct envoi__outbox_item item = {
		.xml = "<presence/>", .len = 11, .meta = {.is_broadcast = true}};
	assert_int_equal(envoi__outbox_add(outbox_of(wire), &item), ENVOI_OK);
	assert_int_equal(outbox_of(wire)->held_count, 0);
	assert_int_equal(outbox_of(wire)->count, 1);
}

/* Two of an earlier process: a stream had the first. */
static void a_loaded_message_that_was_sent_gets_a_delay(void **state)
{
	struct wire *wire = *state;
	const struct envoi__outbox_item item = {
		.xml = "<message><body>x</body></message>",
		.len = strlen("<message><body>x</body></message>"),
		.meta = {.kind = ENVOI_MESSAGE, .may_resend = true, .sent_ms = 1000},
	};
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi__outbox_restore_held(outbox_of(wire), &item, true), ENVOI_OK);
	assert_int_equal(envoi__outbox_restore_held(outbox_of(wire), &item, false), ENVOI_OK);
	envoi__resending_release_loaded(outbox_of(wire), wire->own);
	struct envoi__list *first = outbox_of(wire)->waiting.next;
	const struct envoi__outbox_entry *sent = ENVOI_CONTAINER_OF(
		first, struct envoi__outbox_entry, link);
	const struct envoi__outbox_entry *queued = ENVOI_CONTAINER_OF(
		first->next, struct envoi__outbox_entry, link);
	assert_int_equal(outbox_of(wire)->count, 2);
	assert_true(sent->len > item.len);
	assert_memory_equal(sent->xml + strlen("<message><body>x</body>"),
		"<delay xmlns='urn:xmpp:delay'", strlen("<delay xmlns='urn:xmpp:delay'"));
	assert_int_equal(queued->len, item.len);
}

/* Its bytes are taken in the end. */
static void what_passes_is_freed_when_it_is_written(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	envoi_session_set_continued(wire->session, true);
	send_presence(wire, NULL);
	assert_false(envoi__list_is_empty(&outbox_of(wire)->passing));
	wire_run(wire, 0);
	assert_true(envoi__list_is_empty(&outbox_of(wire)->passing));
}

static void freeing_the_session_ends_kept_stanzas_as_unknown(void **state)
{
	struct wire *wire = *state;
	send_all(wire);
	lose_the_stream(wire);
	wire_free_session(wire);
	assert_string_equal(
		wire_log(wire), "one unknown\ntwo unknown\nthree unknown\nfour unknown\nended\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)
/* --- levels --- */

static void limit(struct wire *wire, const char *setting, const char *value)
{
	assert_int_equal(envoi_settings_set(wire->settings, setting, value), ENVOI_OK);
}

static void send_body(struct wire *wire, size_t len)
{
	static char body[40000];
	memset(body, 'x', sizeof(body));
	assert_true(len < sizeof(body));
	body[len] = '\0';
	assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_OK);
	wire_run(wire, 0);
}

/* Online, keeping what is sent. */
static void begin_to_keep(struct wire *wire)
{
	wire_go_online(wire);
	envoi__outbox_keep(outbox_of(wire), true);
}

static void acknowledge(struct wire *wire, uint64_t number)
{
	envoi__outbox_acknowledge(outbox_of(wire), number);
	wire_run(wire, 0);
}

static void the_number_of_stanzas_has_a_high_and_a_low_mark(void **state)
{
	struct wire *wire = *state;
	limit(wire, "limits.outbox-stanzas", "8");
	begin_to_keep(wire);
	for (int i = 0; i < 6; i++) {
		send_body(wire, 1);
	}
	assert_string_equal(wire_log(wire), "");
	send_body(wire, 1);
	assert_string_equal(wire_log(wire), "outbox-high\n");
	send_body(wire, 1);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_FULL);
	acknowledge(wire, 5);
	send_body(wire, 1);
	acknowledge(wire, 6);
	assert_string_equal(wire_log(wire), "");
	acknowledge(wire, 7);
	assert_string_equal(wire_log(wire), "outbox-low\n");
	for (int i = 0; i < 5; i++) {
		send_body(wire, 1);
	}
	assert_string_equal(wire_log(wire), "outbox-high\n");
}

static void the_number_of_bytes_has_them_too(void **state)
{
	struct wire *wire = *state;
	limit(wire, "limits.outbox-bytes", "65536");
	begin_to_keep(wire);
	send_body(wire, 16300);
	send_body(wire, 32000);
	assert_string_equal(wire_log(wire), "");
	send_body(wire, 1000);
	assert_string_equal(wire_log(wire), "outbox-high\n");
	acknowledge(wire, 1);
	assert_string_equal(wire_log(wire), "");
	acknowledge(wire, 2);
	assert_string_equal(wire_log(wire), "outbox-low\n");
}

static void stanzas_that_the_stream_takes_at_once_do_not_count(void **state)
{
	struct wire *wire = *state;
	limit(wire, "limits.outbox-stanzas", "1");
	wire_go_online(wire);
	send_body(wire, 1);
	send_body(wire, 1);
	assert_string_equal(wire_log(wire), "");
}

static void the_end_of_a_session_lowers_the_level(void **state)
{
	struct wire *wire = *state;
	limit(wire, "limits.outbox-stanzas", "1");
	begin_to_keep(wire);
	send_body(wire, 1);
	assert_string_equal(wire_log(wire), "outbox-high\n");
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_log(wire), "outbox-low\n"));
}

static void without_memory_the_low_mark_is_reported_later(void **state)
{
	(void)state;
	struct wire wire = {0};
	struct test_allocator allocator = {0};
	wire_init(&wire,
		&(struct envoi_context_options){.allocator = test_allocator_functions(&allocator)});
	limit(&wire, "limits.outbox-stanzas", "1");
	begin_to_keep(&wire);
	send_body(&wire, 1);
	assert_string_equal(wire_log(&wire), "outbox-high\n");
	wire_run(&wire, 10000);
	allocator.fail_at = allocator.calls + 1;
	allocator.fail_on = true;
	acknowledge(&wire, 1);
	assert_string_equal(wire_log(&wire), "");
	allocator.fail_at = 0;
	wire_run(&wire, 1000);
	assert_string_equal(wire_log(&wire), "outbox-low\n");
	wire_finish(&wire);
	assert_int_equal(allocator.live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_kept_stanza_stays_until_it_is_acknowledged),
		TEST(stanzas_of_others_have_numbers_too),
		TEST(without_keeping_a_stanza_of_others_ends_no_ticket_early),
		TEST(rewound_stanzas_are_sent_before_waiting_ones),
		TEST(a_stanza_on_a_stream_cannot_be_canceled),
		TEST(the_limits_include_kept_stanzas),
		TEST(released_stanzas_are_not_counted),
		TEST(nothing_waits_for_a_stream_that_no_session_has),
		TEST(stanzas_that_are_not_kept_end_when_the_session_is_suspended),
		TEST(what_no_byte_of_was_sent_goes_out_as_new),
		TEST(what_bytes_of_were_sent_does_not_go_out_as_new),
		TEST(a_later_broadcast_replaces_one_that_was_not_sent),
		TEST(a_loaded_message_that_was_sent_gets_a_delay),
		TEST(what_passes_is_freed_when_it_is_written),
		TEST(freeing_the_session_ends_kept_stanzas_as_unknown),
		TEST(the_number_of_stanzas_has_a_high_and_a_low_mark),
		TEST(the_number_of_bytes_has_them_too),
		TEST(stanzas_that_the_stream_takes_at_once_do_not_count),
		TEST(the_end_of_a_session_lowers_the_level),
		cmocka_unit_test(without_memory_the_low_mark_is_reported_later),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
