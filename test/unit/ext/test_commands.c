/*
 * envoi - Ad-Hoc Commands: tests
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

#include <envoi/ext/commands.h>
#include <envoi/ext/disco.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define COMMAND(attributes, content) \
	"<command xmlns='http://jabber.org/protocol/commands' " attributes ">" content "</command>"
#define SET(from, command) "<iq type='set' id='c' from='" from "'>" command "</iq>"
#define PHONE "me@example.org/phone"
#define BOB "bob@b.lit/x"

static struct {
	struct wire *wire;
	enum envoi_stanza_condition condition; /* of the next call, or 0 */
	int freed_at_call; /* 1: the session is freed, 2: the command is removed, 3: the use ends */
	unsigned int ended;
} t;

/* Two stages: the first allows `next`, the second `prev` and `complete`. */
static enum envoi_stanza_condition run(
	void *user, struct envoi_commands_call *call, struct envoi_commands_reply *reply)
{
	static int stages[2];
	static const struct envoi_form form = {.kind = ENVOI_FORM_FORM};
	static const char *const names[] = {"", "execute", "cancel", "prev", "next", "complete"};
	(void)user;
	int stage = call->state == NULL || call->action == ENVOI_COMMANDS_PREV ? 0 : 1;
	write_text(&t.wire->log, "%s by %s%s%s\n", names[call->action], envoi_jid_text(call->from),
		call->form == NULL ? "" : " with form", call->state == NULL ? " new" : "");
	call->state = &stages[stage];
	if (t.freed_at_call == 1) {
		wire_free_session(t.wire);
	} else if (t.freed_at_call == 2) {
		envoi_commands_remove(call->session, "config");
	} else if (t.freed_at_call == 3) {
		envoi_session_unuse(call->session, &envoi_commands_extension);
	}
	if (call->action == ENVOI_COMMANDS_COMPLETE) {
		reply->note = "done";
		return t.condition;
	}
	reply->status = ENVOI_COMMANDS_EXECUTING;
	reply->form = &form;
	reply->actions = stage == 0
		? (struct envoi_commands_actions){.execute = ENVOI_COMMANDS_NEXT, .next = true}
		: (struct envoi_commands_actions){
			  .execute = ENVOI_COMMANDS_COMPLETE, .prev = true, .complete = true};
	return t.condition;
}

static void ended(void *user, void *state)
{
	(void)user;
	(void)state;
	t.ended++;
}

static bool everybody_may(void *user, struct envoi_session *session, const struct envoi_jid *from)
{
	(void)user;
	(void)session;
	(void)from;
	return true;
}

static const struct envoi_commands_impl own = {.run = run, .ended = ended};
static const struct envoi_commands_impl open_to_all = {
	.may = everybody_may, .run = run, .ended = ended};

static int setup(void **state)
{
	wire_setup_online(state);
	memset(&t, 0, sizeof(t));
	t.wire = *state;
	assert_int_equal(
		envoi_session_use(t.wire->session, &envoi_disco_extension, NULL), ENVOI_OK);
	assert_int_equal(
		envoi_session_use(t.wire->session, &envoi_commands_extension, NULL), ENVOI_OK);
	assert_int_equal(
		envoi_commands_add(t.wire->session, "config", "Configure", &own, NULL), ENVOI_OK);
	return 0;
}

/* @return the session id in an answer */
static const char *id_in(const char *answer)
{
	static char id[64];
	assert_non_null(strstr(answer, "sessionid='"));
	assert_int_equal(sscanf(strstr(answer, "sessionid='"), "sessionid='%63[^']'", id), 1);
	return id;
}

static const char *go_on(const char *from, const char *id, const char *action, const char *content)
{
	char xml[600];
	snprintf(xml, sizeof(xml),
		"<iq type='set' id='c' from='%s'><command "
		"xmlns='http://jabber.org/protocol/commands' node='config' sessionid='%s' %s>%s"
		"</command></iq>",
		from, id, action, content);
	return wire_talk(t.wire, xml);
}

static const char *begin(void)
{
	return id_in(wire_talk(t.wire, SET(PHONE, COMMAND("node='config'", ""))));
}

/* --- the responder --- */

static void a_command_has_stages(void **state)
{
	(void)state;
	const char *answer = wire_talk(t.wire, SET(PHONE, COMMAND("node='config'", "")));
	assert_non_null(strstr(answer, "<iq type='result' to='" PHONE "' id='c'>"));
	assert_non_null(strstr(answer, "node='config'"));
	assert_non_null(strstr(answer, "status='executing'"));
	assert_non_null(strstr(answer,
		"<actions execute='next'><next/></actions><x xmlns='jabber:x:data' "
		"type='form'/></command>"));
	const char *id = id_in(answer);
	answer = go_on(PHONE, id, "", "<x xmlns='jabber:x:data' type='submit'/>");
	assert_non_null(strstr(answer, "<actions execute='complete'><prev/><complete/></actions>"));
	answer = go_on(PHONE, id, "action='prev'", "");
	assert_non_null(strstr(answer, "<next/>"));
	go_on(PHONE, id, "action='next'", "");
	answer = go_on(PHONE, id, "action='execute'", "");
	assert_non_null(strstr(answer, "status='completed'"));
	assert_non_null(strstr(answer, "<note>done</note>"));
	assert_null(strstr(answer, "<actions"));
	assert_string_equal(wire_log(t.wire),
		"execute by " PHONE " new\nnext by " PHONE " with form\nprev by " PHONE
		"\nnext by " PHONE "\ncomplete by " PHONE "\n");
	assert_int_equal(t.ended, 1);
	assert_non_null(strstr(go_on(PHONE, id, "", ""), "<bad-sessionid "));
}

static void a_command_is_canceled(void **state)
{
	(void)state;
	const char *id = begin();
	assert_non_null(strstr(go_on(PHONE, id, "action='cancel'", ""), "status='canceled'"));
	assert_int_equal(t.ended, 1);
	assert_non_null(strstr(go_on(PHONE, id, "", ""), "<bad-sessionid "));
}

static void an_action_that_is_not_offered_is_refused(void **state)
{
	(void)state;
	const char *id = begin();
	assert_non_null(strstr(go_on(PHONE, id, "action='complete'", ""),
		"<bad-action xmlns='http://jabber.org/protocol/commands'/>"));
	assert_non_null(strstr(go_on(PHONE, id, "action='prev'", ""), "<bad-action "));
	assert_non_null(strstr(go_on(PHONE, id, "action='jump'", ""), "<bad-request "));
	assert_non_null(strstr(go_on(PHONE, id, "action='next'", ""), "status='executing'"));
	assert_non_null(
		strstr(wire_talk(t.wire, SET(PHONE, COMMAND("node='config' action='next'", ""))),
			"<bad-action "));
}

static void executions_belong_to_their_requester(void **state)
{
	(void)state;
	assert_int_equal(
		envoi_commands_add(t.wire->session, "open", "Open", &open_to_all, NULL), ENVOI_OK);
	const char *id = begin();
	assert_non_null(strstr(go_on("me@example.org/other", id, "", ""), "<bad-sessionid "));
	char xml[400];
	snprintf(xml, sizeof(xml), SET(PHONE, COMMAND("node='open' sessionid='%s'", "")), id);
	assert_non_null(strstr(wire_talk(t.wire, xml), "<bad-sessionid "));
	assert_non_null(strstr(go_on(PHONE, id, "", ""), "status='executing'"));
}

/* Without a function of its own a command is for the account only. */
static void strangers_are_refused(void **state)
{
	(void)state;
	assert_non_null(
		strstr(wire_talk(t.wire, SET(BOB, COMMAND("node='config'", ""))), "<forbidden "));
	assert_non_null(strstr(wire_talk(t.wire,
				       "<iq type='get' id='d' from='" BOB "'><query node='config' "
				       "xmlns='http://jabber.org/protocol/disco#info'/></iq>"),
		"<forbidden "));
	assert_non_null(strstr(
		wire_talk(t.wire, SET(PHONE, COMMAND("node='other'", ""))), "<item-not-found "));
	assert_int_equal(
		envoi_commands_add(t.wire->session, "open", "Open", &open_to_all, NULL), ENVOI_OK);
	assert_non_null(strstr(
		wire_talk(t.wire, SET(BOB, COMMAND("node='open'", ""))), "status='executing'"));
	assert_string_equal(wire_log(t.wire), "execute by " BOB " new\n");
}

#define ITEMS(from) \
	"<iq type='get' id='d' from='" from "'><query " \
	"xmlns='http://jabber.org/protocol/disco#items' " \
	"node='http://jabber.org/protocol/commands'/></iq>"

static void commands_are_listed_to_who_may_execute_them(void **state)
{
	(void)state;
	assert_int_equal(
		envoi_commands_add(t.wire->session, "open", "Open", &open_to_all, NULL), ENVOI_OK);
	assert_non_null(strstr(wire_talk(t.wire, ITEMS(PHONE)),
		"<item jid='" WIRE_OWN "' node='config' name='Configure'/>"
		"<item jid='" WIRE_OWN "' node='open' name='Open'/></query>"));
	const char *answer = wire_talk(t.wire, ITEMS(BOB));
	assert_null(strstr(answer, "config"));
	assert_non_null(strstr(answer, "node='open'"));
	answer = wire_talk(t.wire,
		"<iq type='get' id='d' from='" PHONE "'><query node='config' "
		"xmlns='http://jabber.org/protocol/disco#info'/></iq>");
	assert_non_null(strstr(answer, "category='automation' type='command-node'"));
	assert_non_null(strstr(answer, "<feature var='http://jabber.org/protocol/commands'/>"));
	/* other nodes are for others */
	assert_non_null(strstr(wire_talk(t.wire,
				       "<iq type='get' id='d' from='" PHONE "'><query node='x' "
				       "xmlns='http://jabber.org/protocol/disco#info'/></iq>"),
		"<item-not-found "));
	assert_non_null(strstr(wire_talk(t.wire,
				       "<iq type='get' id='d' from='" PHONE "'><query "
				       "xmlns='http://jabber.org/protocol/disco#info'/></iq>"),
		"<feature var='http://jabber.org/protocol/commands'/>"));
}

static void executions_are_limited(void **state)
{
	(void)state;
	for (int i = 0; i < ENVOI_COMMANDS_MOST_EXECUTIONS; i++) {
		begin();
	}
	assert_non_null(strstr(wire_talk(t.wire, SET(PHONE, COMMAND("node='config'", ""))),
		"<resource-constraint "));
	assert_int_equal(t.ended, 0);
	wire_run(t.wire, ENVOI_COMMANDS_EXECUTION_MS + 1);
	begin();
	assert_int_equal(t.ended, ENVOI_COMMANDS_MOST_EXECUTIONS);
}

static void an_error_ends_the_execution(void **state)
{
	(void)state;
	t.condition = ENVOI_NOT_ALLOWED;
	assert_non_null(strstr(
		wire_talk(t.wire, SET(PHONE, COMMAND("node='config'", ""))), "<not-allowed "));
	assert_int_equal(t.ended, 1);
}

static void commands_are_checked_when_they_are_added(void **state)
{
	(void)state;
	struct envoi_session *session = t.wire->session;
	static const struct envoi_commands_impl nothing = {.may = everybody_may};
	assert_int_equal(envoi_commands_add(session, NULL, "x", &own, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_commands_add(session, "x", NULL, &own, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_commands_add(session, "", "x", &own, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_commands_add(session, "\1", "x", &own, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_commands_add(session, "x", "x", &nothing, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_commands_add(session, "config", "x", &own, NULL), ENVOI_ERR_EXISTS);
	for (int i = 1; i < ENVOI_COMMANDS_MOST_COMMANDS; i++) {
		char node[16];
		snprintf(node, sizeof(node), "n%d", i);
		assert_int_equal(envoi_commands_add(session, node, "x", &own, NULL), ENVOI_OK);
	}
	assert_int_equal(envoi_commands_add(session, "x", "x", &own, NULL), ENVOI_ERR_FULL);
	begin();
	envoi_commands_remove(session, "config");
	envoi_commands_remove(session, "config");
	assert_int_equal(t.ended, 1);
	assert_int_equal(envoi_commands_add(session, "x", "x", &own, NULL), ENVOI_OK);
	envoi_session_unuse(session, &envoi_commands_extension);
	assert_int_equal(envoi_commands_add(session, "y", "x", &own, NULL), ENVOI_ERR_STATE);
}

static void anything_may_be_freed_inside(void **state)
{
	for (int what = 1; what <= 3; what++) {
		t.freed_at_call = what;
		wire_say(t.wire, SET(PHONE, COMMAND("node='config'", "")));
		wire_run(t.wire, 0);
		assert_int_equal(t.ended, 1);
		wire_teardown(state);
		setup(state);
	}
}

static void executions_end_with_the_session(void **state)
{
	(void)state;
	begin();
	envoi_memory_end_shut_down(t.wire->end);
	wire_run(t.wire, 0);
	assert_int_equal(t.ended, 1);
}

/* --- the requester --- */

static struct envoi_command *copied; /* of the last answer */

static void on_answer(void *user, const struct envoi_answer *answer)
{
	wire_on_answer(user, answer);
	envoi_payload_free(&envoi_commands_type, copied);
	copied = envoi_answer_payload(answer) == NULL
		? NULL
		: envoi_payload_dup(
			  t.wire->context, &envoi_commands_type, envoi_answer_payload(answer));
}

static void answer(const char *command)
{
	char xml[1500], id[64];
	wire_run(t.wire, 0);
	const char *request = wire_heard(t.wire);
	assert_int_equal(sscanf(strstr(request, " id='"), " id='%63[^']'", id), 1);
	snprintf(xml, sizeof(xml), "<iq type='result' from='responder@domain' id='%s'>%s</iq>", id,
		command);
	wire_say(t.wire, xml);
	wire_run(t.wire, 0);
}

static void a_requester_goes_through_stages(void **state)
{
	(void)state;
	struct envoi_session *session = t.wire->session;
	assert_int_equal(
		envoi_commands_execute(session, "responder@domain", "config", on_answer, t.wire),
		ENVOI_OK);
	answer(COMMAND("node='config' sessionid='s' status='executing'",
		"<actions execute='next'><next/></actions><x xmlns='jabber:x:data' type='form'/>"));
	assert_true(envoi_commands_allows(copied, ENVOI_COMMANDS_EXECUTE));
	assert_false(envoi_commands_allows(copied, ENVOI_COMMANDS_COMPLETE));
	const struct envoi_form form = {.kind = ENVOI_FORM_SUBMIT};
	assert_int_equal(envoi_commands_continue(session, "responder@domain", copied,
				 ENVOI_COMMANDS_COMPLETE, &form, on_answer, t.wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_commands_continue(session, "responder@domain", copied,
				 ENVOI_COMMANDS_NEXT, &form, on_answer, t.wire),
		ENVOI_OK);
	wire_run(t.wire, 0);
	answer(COMMAND("node='config' sessionid='s' status='completed'",
		"<note type='error'>failed</note><note type='?'>x</note>"));
	assert_int_equal(copied->note_count, 2);
	assert_int_equal(copied->notes[0].kind, ENVOI_COMMANDS_ERROR);
	assert_false(envoi_commands_allows(copied, ENVOI_COMMANDS_CANCEL));
	envoi_payload_free(&envoi_commands_type, copied);
	copied = NULL;
}

/* Section 3.4 and what servers send: a default that is not listed, no list, no session id. */
static void only_actions_that_are_offered_are_sent(void **state)
{
	(void)state;
	static const struct {
		const char *command;
		bool execute, prev, next, complete;
	} cases[] = {
		{COMMAND("node='n' status='executing'", ""), true, false, false, true},
		{COMMAND("node='n' status='executing'", "<actions/>"), false, false, false, false},
		{COMMAND("node='n' status='executing'",
			 "<actions execute='next'><complete/></actions>"),
			false, false, false, true},
		{COMMAND("node='n' status='executing'", "<actions><complete/></actions>"), false,
			false, false, true},
		{COMMAND("node='n' status='executing'", "<actions><next/></actions>"), true, false,
			true, false},
		{COMMAND("node='n' status='executing'",
			 "<actions execute='complete'><prev/><complete/></actions>"),
			true, true, false, true},
		{COMMAND("node='n' status='completed'", "<actions><next/></actions>"), false, false,
			false, false},
		{COMMAND("node='n'", "<actions><next/></actions>"), false, false, false, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const void *value;
		struct envoi_element *element = element_from_text(
			t.wire->context, cases[i].command);
		assert_int_equal(
			envoi_payload_parse(&value, &envoi_commands_type, element, NULL), 0);
		assert_true(
			envoi_commands_allows(value, ENVOI_COMMANDS_EXECUTE) == cases[i].execute);
		assert_true(envoi_commands_allows(value, ENVOI_COMMANDS_PREV) == cases[i].prev);
		assert_true(envoi_commands_allows(value, ENVOI_COMMANDS_NEXT) == cases[i].next);
		assert_true(
			envoi_commands_allows(value, ENVOI_COMMANDS_COMPLETE) == cases[i].complete);
		envoi_element_unref(element);
	}
	char node[] = "n";
	const struct envoi_command only = {.node = node, .status = ENVOI_COMMANDS_EXECUTING};
	assert_int_equal(envoi_commands_continue(t.wire->session, "a@b", &only,
				 ENVOI_COMMANDS_COMPLETE, NULL, wire_on_answer, t.wire),
		ENVOI_OK);
	wire_run(t.wire, 0);
	const char *sent = wire_heard(t.wire);
	assert_non_null(strstr(sent,
		"<command xmlns='http://jabber.org/protocol/commands' "
		"node='n'/>"));
	assert_false(envoi_commands_allows(NULL, ENVOI_COMMANDS_CANCEL));
}

/* --- memory, examples --- */

static void a_failed_allocation_is_survived(void **state)
{
	bool has_failed = true;
	wire_teardown(state);
	for (size_t n = 1; has_failed; n++) {
		struct test_allocator allocator = {.fail_at = 0};
		struct wire wire = {0};
		memset(&t, 0, sizeof(t));
		t.wire = &wire;
		wire_init(&wire,
			&(struct envoi_context_options){
				.allocator = test_allocator_functions(&allocator)});
		wire_go_online(&wire);
		allocator.fail_at = allocator.calls + n;
		if (envoi_session_use(wire.session, &envoi_commands_extension, NULL) == ENVOI_OK &&
			envoi_commands_add(wire.session, "config", "x", &own, NULL) == ENVOI_OK) {
			wire_say(&wire, SET(PHONE, COMMAND("node='config'", "")) ITEMS(PHONE));
			wire_run(&wire, 0);
		}
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
	setup(state);
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_commands_type, NULL},
		{NULL, NULL},
	};
	/* a default */
	static const char *const exceptions[] = {
		"command/@action", "command/note/@type", "command/@lang", NULL};
	assert_int_equal(xep_examples_check("0050", tables, exceptions), 17);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_command_has_stages),
		TEST(a_command_is_canceled),
		TEST(an_action_that_is_not_offered_is_refused),
		TEST(executions_belong_to_their_requester),
		TEST(strangers_are_refused),
		TEST(commands_are_listed_to_who_may_execute_them),
		TEST(executions_are_limited),
		TEST(an_error_ends_the_execution),
		TEST(commands_are_checked_when_they_are_added),
		TEST(anything_may_be_freed_inside),
		TEST(executions_end_with_the_session),
		TEST(a_requester_goes_through_stages),
		TEST(only_actions_that_are_offered_are_sent),
		TEST(a_failed_allocation_is_survived),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/commands", tests, NULL, NULL);
}
