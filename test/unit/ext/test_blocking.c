/*
 * envoi - Blocking Command: tests
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

#include <envoi/ext/blocking.h>

#include "stanzas.h"
#include "wire.h"
#include "xep_examples.h"

#define LIST(items) "<blocklist xmlns='urn:xmpp:blocking'>" items "</blocklist>"
#define ITEM(jid) "<item jid='" jid "'/>"
#define PUSH(from, name, items) \
	"<iq type='set' id='push' " from "><" name " xmlns='urn:xmpp:blocking'>" items "</" name \
	"></iq>"
#define DONE "<iq type='result' id='push'/>"
#define EVENT "custom " ENVOI_BLOCKING_CHANGED "\n"

struct listener {
	struct envoi_handler handler;
	struct wire *wire;
	bool frees_session;
};
static struct listener listener;

static void on_changed(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	static const char *const names[] = {
		[ENVOI_BLOCKING_FETCHED] = "fetched",
		[ENVOI_BLOCKING_FAILED] = "failed",
		[ENVOI_BLOCKING_BLOCKED] = "blocked",
		[ENVOI_BLOCKING_UNBLOCKED] = "unblocked",
		[ENVOI_BLOCKING_CLEARED] = "cleared",
	};
	const struct envoi_blocking_change *change = event->data;
	write_text(&listener.wire->log, "%s", names[change->kind]);
	for (size_t i = 0; i < change->jid_count; i++) {
		write_text(&listener.wire->log, " %s", envoi_jid_text(change->jids[i]));
	}
	write_text(&listener.wire->log, "%s%s\n", change->text == NULL ? "" : " ",
		change->text == NULL ? "" : change->text);
	if (listener.frees_session) {
		wire_free_session(listener.wire);
	}
}

static const struct envoi_custom_event_row custom[] = {
	{ENVOI_BLOCKING_CHANGED, on_changed}, ENVOI_ROWS_END};
static const struct envoi_handler_impl listener_impl = {
	.name = "listener", .custom_events = custom};

static void use(struct wire *wire)
{
	listener = (struct listener){.handler = {&listener_impl}, .wire = wire};
	assert_int_equal(
		envoi_session_use(wire->session, &envoi_blocking_extension, NULL), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &listener.handler), ENVOI_OK);
}

/* With two addresses */
static int setup(void **state)
{
	wire_setup_online(state);
	use(*state);
	wire_answer_account(
		*state, "result", LIST(ITEM("romeo@montague.net") ITEM("iago@shakespeare.lit")));
	(void)wire_log(*state);
	return 0;
}

static const char *list(struct wire *wire)
{
	static char text[500];
	size_t position = 0;
	const struct envoi_jid *jid;
	text[0] = '\0';
	while ((jid = envoi_blocking_next(wire->session, &position)) != NULL) {
		strcat(strcat(text, envoi_jid_text(jid)), " ");
	}
	return text;
}

/* --- the list: section 3.2 --- */

static void the_list_is_fetched(void **state)
{
	struct wire *wire = *state;
	assert_false(envoi_blocking_is_complete(wire->session));
	use(wire);
	assert_false(envoi_blocking_is_complete(wire->session));
	const char *heard = wire_answer_account(
		wire, "result", LIST(ITEM("romeo@montague.net") ITEM("iago@shakespeare.lit")));
	assert_int_equal(strncmp(heard, "<iq type='get'", 14), 0);
	assert_non_null(strstr(heard, "><blocklist xmlns='urn:xmpp:blocking'/></iq>"));
	assert_true(envoi_blocking_is_complete(wire->session));
	assert_string_equal(list(wire), "iago@shakespeare.lit romeo@montague.net ");
	assert_string_equal(wire_log(wire), EVENT "fetched\n");
}

static void an_empty_list_is_complete(void **state)
{
	struct wire *wire = *state;
	use(wire);
	wire_answer_account(wire, "result", LIST(""));
	assert_true(envoi_blocking_is_complete(wire->session));
	assert_string_equal(list(wire), "");
}

static void it_is_fetched_again_in_each_new_session(void **state)
{
	struct wire *wire = *state;
	envoi_memory_end_shut_down(wire->end);
	wire_run(wire, 0);
	assert_string_equal(list(wire), "iago@shakespeare.lit romeo@montague.net ");
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	assert_string_equal(list(wire), "");
	assert_false(envoi_blocking_is_complete(wire->session));
	wire_answer_account(wire, "result", LIST(ITEM("a@b")));
	assert_string_equal(list(wire), "a@b ");
	struct envoi_handler *handler = envoi_session_find(wire->session, "blocking");
	handler->impl->restore(handler, wire->session, true); /* a resumed one keeps it */
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
	assert_string_equal(list(wire), "a@b ");
}

static void malformed_addresses_are_left_out(void **state)
{
	struct wire *wire = *state;
	use(wire);
	wire_answer_account(wire, "result", LIST(ITEM("@") ITEM("a@b") "<item/>" ITEM("a@b")));
	assert_string_equal(list(wire), "a@b ");
	assert_false(envoi_blocking_is_complete(wire->session));
}

static void a_refusal_is_reported(void **state)
{
	struct wire *wire = *state;
	use(wire);
	wire_answer_account(wire, "error",
		"<error type='cancel'><service-unavailable "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
	assert_false(envoi_blocking_is_complete(wire->session));
	assert_string_equal(wire_log(wire), EVENT "failed service-unavailable\n");
}

static void a_refusal_after_a_push_leaves_the_list_incomplete(void **state)
{
	struct wire *wire = *state;
	use(wire);
	wire_say(wire, "<iq type='set' id='p'><unblock xmlns='urn:xmpp:blocking'/></iq>");
	wire_run(wire, 0);
	assert_true(envoi_blocking_is_complete(wire->session));
	wire_answer_account(wire, "error",
		"<error type='cancel'><service-unavailable "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
	assert_false(envoi_blocking_is_complete(wire->session));
}

static void an_answer_of_another_kind_is_a_failure(void **state)
{
	struct wire *wire = *state;
	use(wire);
	wire_answer_account(wire, "result", "<query xmlns='jabber:iq:roster'/>");
	assert_false(envoi_blocking_is_complete(wire->session));
	assert_int_equal(strncmp(wire_log(wire), EVENT "failed ", sizeof(EVENT "failed ") - 1), 0);
}

static void an_answer_after_the_last_use_is_ignored(void **state)
{
	struct wire *wire = *state;
	use(wire);
	wire_run(wire, 0);
	envoi_session_unuse(wire->session, &envoi_blocking_extension);
	wire_answer_account(wire, "result", LIST(ITEM("a@b")));
	assert_string_equal(wire_log(wire), "");
	assert_string_equal(list(wire), "");
}

static void more_than_the_limit_is_not_complete(void **state)
{
	struct wire *wire = *state;
	static const char item[] = "<item jid='u00000@example.net'/>";
	size_t count = ENVOI_BLOCKING_LIMIT + 1, len = 0;
	char *xml = malloc(count * sizeof(item) + 200);
	assert_non_null(xml);
	len += (size_t)sprintf(xml, PUSH("", "block", ""));
	len = (size_t)(strstr(xml, "</block>") - xml);
	for (size_t i = 0; i < count; i++) {
		len += (size_t)sprintf(xml + len, "<item jid='u%05zu@example.net'/>", count - i);
	}
	strcpy(xml + len, "</block></iq>");
	use(wire);
	wire_answer_account(wire, "result", LIST(""));
	assert_string_equal(wire_talk(wire, xml), DONE);
	free(xml);
	size_t held = 0, position = 0;
	const struct envoi_jid *last = NULL, *jid;
	for (; (jid = envoi_blocking_next(wire->session, &position)) != NULL; held++) {
		assert_true(last == NULL || envoi_jid_compare(last, jid) < 0);
		last = jid;
	}
	assert_int_equal(held, ENVOI_BLOCKING_LIMIT);
	assert_false(envoi_blocking_is_complete(wire->session));
}

/* --- pushes: sections 3.3 to 3.5 --- */

static void pushes_change_the_list(void **state)
{
	struct wire *wire = *state;
	assert_string_equal(
		wire_talk(wire, PUSH("", "block", ITEM("a@b") ITEM("romeo@montague.net"))), DONE);
	assert_string_equal(list(wire), "a@b iago@shakespeare.lit romeo@montague.net ");
	assert_string_equal(wire_talk(wire,
				    PUSH("from='me@example.org'", "unblock",
					    ITEM("iago@shakespeare.lit") ITEM("x@y"))),
		"<iq type='result' to='me@example.org' id='push'/>");
	assert_string_equal(list(wire), "a@b romeo@montague.net ");
	assert_string_equal(wire_log(wire),
		EVENT "blocked a@b romeo@montague.net\n" EVENT
		      "unblocked iago@shakespeare.lit x@y\n");
}

static void unblocking_nothing_clears_the_list(void **state)
{
	struct wire *wire = *state;
	assert_string_equal(wire_talk(wire, PUSH("", "unblock", "")), DONE);
	assert_string_equal(list(wire), "");
	assert_true(envoi_blocking_is_complete(wire->session));
	assert_string_equal(wire_log(wire), EVENT "cleared\n");
}

static void pushes_of_others_are_refused(void **state)
{
	struct wire *wire = *state;
	static const char *const pushes[] = {
		PUSH("from='tybalt@capulet.example/home'", "block", ITEM("a@b")),
		PUSH("from='tybalt@capulet.example/home'", "unblock", ""),
		PUSH("from='example.org'", "unblock", ITEM("romeo@montague.net")),
		PUSH("from='" WIRE_OWN "'", "unblock", ""),
		PUSH("from='you@example.org'", "block", ITEM("a@b")),
	};
	size_t count = sizeof(pushes) / sizeof(pushes[0]);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(strstr(wire_talk(wire, pushes[i]), "<service-unavailable "));
	}
	assert_string_equal(list(wire), "iago@shakespeare.lit romeo@montague.net ");
	assert_int_equal(envoi_blocking_refused(wire->session), count);
	assert_string_equal(wire_log(wire), "");
}

/* A push that is not understood must not become "unblock all". */
static void malformed_pushes_change_nothing(void **state)
{
	struct wire *wire = *state;
	static const char *const pushes[] = {
		PUSH("", "block", ""),
		PUSH("", "block", "<item/>"),
		PUSH("", "block", ITEM("@")),
		PUSH("", "unblock", ITEM("@")),
		PUSH("", "unblock", "<item/>"),
	};
	for (size_t i = 0; i < sizeof(pushes) / sizeof(pushes[0]); i++) {
		assert_non_null(strstr(wire_talk(wire, pushes[i]), "<bad-request "));
	}
	assert_string_equal(list(wire), "iago@shakespeare.lit romeo@montague.net ");
	assert_string_equal(wire_log(wire), "");
}

static void the_session_may_be_freed_inside(void **state)
{
	struct wire *wire = *state;
	listener.frees_session = true;
	wire_say(wire, PUSH("", "block", ITEM("a@b")));
	wire_run(wire, 0);
	assert_null(wire->session);
}

static void the_session_may_be_freed_when_the_list_comes(void **state)
{
	struct wire *wire = *state;
	use(wire);
	listener.frees_session = true;
	wire_answer_account(wire, "result", LIST(""));
	assert_null(wire->session);
}

/* --- matching: section 6 --- */

static void entries_cover_what_they_stand_for(void **state)
{
	struct wire *wire = *state;
	static const struct {
		const char *entry, *jid;
		bool is_blocked;
	} cases[] = {
		{"a@b/c", "a@b/c", true},
		{"a@b/c", "a@b", false},
		{"a@b/c", "a@b/d", false},
		{"a@b", "a@b", true},
		{"a@b", "a@b/c", true},
		{"a@b", "x@b", false},
		{"a@b", "b", false},
		{"b/c", "b/c", true},
		{"b/c", "b", false},
		{"b/c", "a@b/c", false},
		{"b", "b", true},
		{"b", "a@b", true},
		{"b", "a@b/c", true},
		{"b", "b/c", true},
		{"b", "x.b", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char push[200];
		struct envoi_jid *jid;
		(void)wire_talk(wire, PUSH("", "unblock", ""));
		snprintf(push, sizeof(push), PUSH("", "block", "<item jid='%s'/>"), cases[i].entry);
		(void)wire_talk(wire, push);
		assert_int_equal(envoi_jid_from_text(&jid, wire->context, cases[i].jid), ENVOI_OK);
		if (envoi_blocking_is_blocked(wire->session, jid) != cases[i].is_blocked) {
			fail_msg("%s, %s", cases[i].entry, cases[i].jid);
		}
		envoi_jid_unref(jid);
	}
	assert_false(envoi_blocking_is_blocked(wire->session, NULL));
}

/* --- commands --- */

static void commands_go_to_the_account(void **state)
{
	struct wire *wire = *state;
	struct envoi_jid *jids[2];
	assert_int_equal(envoi_jid_from_text(&jids[0], wire->context, "a@b"), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&jids[1], wire->context, "c"), ENVOI_OK);
	assert_int_equal(
		envoi_blocking_block(wire->session, jids, 2, wire_on_answer, wire), ENVOI_OK);
	assert_non_null(strstr(wire_answer_account(wire, "result", ""),
		"><block xmlns='urn:xmpp:blocking'>" ITEM("a@b") ITEM("c") "</block></iq>"));
	assert_string_equal(list(wire), "iago@shakespeare.lit romeo@montague.net ");
	assert_int_equal(
		envoi_blocking_unblock(wire->session, jids, 1, wire_on_answer, wire), ENVOI_OK);
	assert_non_null(strstr(wire_answer_account(wire, "result", ""),
		"><unblock xmlns='urn:xmpp:blocking'>" ITEM("a@b") "</unblock></iq>"));
	assert_int_equal(envoi_blocking_unblock_all(wire->session, wire_on_answer, wire), ENVOI_OK);
	assert_non_null(strstr(wire_answer_account(wire, "error",
				       "<error type='cancel'><not-allowed "
				       "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"),
		"><unblock xmlns='urn:xmpp:blocking'/></iq>"));
	assert_string_equal(wire_log(wire),
		"answer ENVOI_OK success\nanswer ENVOI_OK success\nanswer ENVOI_ERR_STANZA not-allowed\n");
	envoi_jid_unref(jids[0]);
	envoi_jid_unref(jids[1]);
}

static void a_command_without_addresses_is_refused(void **state)
{
	struct wire *wire = *state;
	struct envoi_jid *none = NULL;
	assert_int_equal(envoi_blocking_block(wire->session, NULL, 0, wire_on_answer, wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_blocking_unblock(wire->session, NULL, 0, wire_on_answer, wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_blocking_unblock(wire->session, &none, 1, wire_on_answer, wire),
		ENVOI_ERR_INVALID);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
	assert_string_equal(wire_log(wire), "");
}

/* Section 3.3, example 9 */
static void an_error_of_a_blocked_recipient_is_known(void **state)
{
	struct wire *wire = *state;
	static const struct {
		const char *content;
		bool is_blocked;
	} cases[] = {
		{"<not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		 "<blocked xmlns='urn:xmpp:blocking:errors'/>",
			true},
		{"<not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>", false},
		{"<not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		 "<blocked xmlns='urn:xmpp:blocking:errors'/>",
			false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char xml[400];
		struct envoi_stanza_error error;
		snprintf(xml, sizeof(xml),
			"<message type='error' from='a@b'><error type='cancel'>%s</error></message>",
			cases[i].content);
		struct envoi_stanza *stanza = stanza_from_text(wire->context, xml);
		assert_true(envoi_stanza_get_error(stanza, &error));
		assert_true(envoi_blocking_is_reason(&error) == cases[i].is_blocked);
		envoi_stanza_unref(stanza);
	}
	assert_false(envoi_blocking_is_reason(NULL));
}

static void a_failed_allocation_is_survived(void **state)
{
	(void)state;
	wire_survive(&envoi_blocking_extension, PUSH("", "block", ITEM("a@b") ITEM("c@d")));
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_blocking_block_type, NULL},
		{&envoi_blocking_unblock_type, NULL},
		{&envoi_blocking_list_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0191", tables, exceptions), 12);
}

#define ONLINE(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONLINE(the_list_is_fetched),
		ONLINE(an_empty_list_is_complete),
		TEST(it_is_fetched_again_in_each_new_session),
		ONLINE(malformed_addresses_are_left_out),
		ONLINE(a_refusal_is_reported),
		ONLINE(a_refusal_after_a_push_leaves_the_list_incomplete),
		ONLINE(an_answer_of_another_kind_is_a_failure),
		ONLINE(an_answer_after_the_last_use_is_ignored),
		ONLINE(more_than_the_limit_is_not_complete),
		TEST(pushes_change_the_list),
		TEST(unblocking_nothing_clears_the_list),
		TEST(pushes_of_others_are_refused),
		TEST(malformed_pushes_change_nothing),
		TEST(the_session_may_be_freed_inside),
		ONLINE(the_session_may_be_freed_when_the_list_comes),
		TEST(entries_cover_what_they_stand_for),
		TEST(commands_go_to_the_account),
		TEST(a_command_without_addresses_is_refused),
		TEST(an_error_of_a_blocked_recipient_is_known),
		cmocka_unit_test(a_failed_allocation_is_survived),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/blocking", tests, NULL, NULL);
}
