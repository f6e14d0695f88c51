/*
 * envoi - Message Carbons: tests
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

#include <envoi/ext/carbons.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define ACCOUNT "from='me@example.org' "
#define COPY(attributes, name, delay, message) \
	"<message " attributes "to='" WIRE_OWN "' type='chat'><" name \
	" xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>" delay message \
	"</forwarded></" name "></message>"
#define MESSAGE(attributes, content) \
	"<message xmlns='jabber:client' " attributes ">" content "</message>"
#define FROM_JULIET \
	MESSAGE("from='juliet@capulet.example/balcony' to='me@example.org/garden' type='chat'", \
		"<body>What man art thou</body>")
#define TO_JULIET \
	MESSAGE("from='me@example.org/home' to='juliet@capulet.example/balcony' type='chat'", \
		"<body>Neither, fair saint</body>")

/** Logs copies, and the messages that reach its row. */
struct listener {
	struct envoi_handler handler;
	struct wire *wire;
	struct envoi_stanza *kept; /* of the last copy, where it is wanted */
	bool keeps, frees_session;
};
static struct listener listener;

static void on_copy(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	const struct envoi_carbons_copy *copy = event->data;
	const char *body = envoi_message_body(copy->message, NULL);
	write_text(&listener.wire->log, "%s %s", copy->is_sent ? "sent" : "received",
		body == NULL ? "-" : body);
	if (copy->is_delayed) {
		write_text(&listener.wire->log, " at %lld", (long long)copy->sent_ms);
	}
	write_text(&listener.wire->log, "\n");
	if (listener.keeps) {
		listener.kept = envoi_stanza_ref(copy->message);
	}
	if (listener.frees_session) {
		wire_free_session(listener.wire);
	}
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	const char *body = envoi_message_body(envoi_delivery_stanza(in), NULL);
	write_text(&listener.wire->log, "message %s\n", body == NULL ? "-" : body);
	return ENVOI_OK;
}

static const struct envoi_custom_event_row custom[] = {
	{ENVOI_CARBONS_COPY, on_copy}, ENVOI_ROWS_END};
static const struct envoi_stanza_row rows[] = {
	{.kind = ENVOI_MESSAGE, .handle = on_message, .priority = 1000}, ENVOI_ROWS_END};
static const struct envoi_handler_impl listener_impl = {
	.name = "listener", .custom_events = custom, .stanzas = rows};

static void use(struct wire *wire)
{
	listener = (struct listener){.handler = {&listener_impl}, .wire = wire};
	assert_int_equal(
		envoi_session_use(wire->session, &envoi_carbons_extension, NULL), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &listener.handler), ENVOI_OK);
}

static int setup(void **state)
{
	wire_setup_online(state);
	use(*state);
	struct wire *wire = *state;
	wire_answer_account(wire, "result", "");
	(void)wire_log(wire);
	return 0;
}

/* What is logged for a stanza, without the event itself. */
static const char *logged(struct wire *wire, const char *xml)
{
	assert_string_equal(wire_talk(wire, xml), "");
	return wire_log(wire);
}

#define EVENT "custom " ENVOI_CARBONS_COPY "\n"

/* --- enabling --- */

/* XEP-0280, section 4: no `to` */
static void carbons_are_enabled_at_once_in_a_session_that_is_online(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_carbons_state(wire->session), ENVOI_CARBONS_OFF);
	assert_int_equal(envoi_carbons_set(wire->session, true), ENVOI_ERR_STATE);
	use(wire);
	assert_int_equal(envoi_carbons_state(wire->session), ENVOI_CARBONS_PENDING);
	wire_run(wire, 0);
	const char *heard = wire_answer_account(wire, "result", "");
	assert_non_null(strstr(heard, "<iq type='set' id='"));
	assert_null(strstr(heard, " to="));
	assert_non_null(strstr(heard, "><enable xmlns='urn:xmpp:carbons:2'/></iq>"));
	assert_int_equal(envoi_carbons_state(wire->session), ENVOI_CARBONS_ON);
	assert_string_equal(wire_log(wire), "custom " ENVOI_CARBONS_STATE "\n");
}

static void carbons_are_enabled_with_each_new_session(void **state)
{
	struct wire *wire = *state;
	for (int i = 0; i < 2; i++) {
		envoi_memory_end_shut_down(wire->end);
		wire_run(wire, 0);
		assert_false(envoi_session_is_online(wire->session));
		assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
		wire_greet(wire);
		wire_run(wire, 0);
		assert_int_equal(envoi_carbons_state(wire->session), ENVOI_CARBONS_PENDING);
		const char *heard = wire_answer_account(wire, "result", "");
		assert_non_null(strstr(heard, "<enable xmlns='urn:xmpp:carbons:2'/>"));
		assert_int_equal(envoi_carbons_state(wire->session), ENVOI_CARBONS_ON);
	}
}

static struct envoi_handler *handler_of(struct wire *wire)
{
	struct envoi_handler *handler = envoi_session_find(wire->session, "carbons");
	assert_non_null(handler);
	return handler;
}

static void a_resumed_session_keeps_them(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler *handler = handler_of(wire);
	handler->impl->restore(handler, wire->session, true);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
	assert_int_equal(envoi_carbons_state(wire->session), ENVOI_CARBONS_ON);
}

static void a_change_while_suspended_is_requested_at_the_resumption(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler *handler = handler_of(wire);
	envoi_memory_end_shut_down(wire->end);
	wire_run(wire, 0);
	assert_int_equal(envoi_carbons_set(wire->session, false), ENVOI_DECLINED);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	assert_null(strstr(wire_heard(wire), "carbons")); /* a new session begins without */
	assert_int_equal(envoi_carbons_set(wire->session, true), ENVOI_OK);
	wire_answer_account(wire, "result", "");
	handler->impl->restore(handler, wire->session, true);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
}

static void a_refusal_is_a_state(void **state)
{
	struct wire *wire = *state;
	use(wire);
	wire_answer_account(wire, "error",
		"<error type='auth'><forbidden "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
	assert_int_equal(envoi_carbons_state(wire->session), ENVOI_CARBONS_FAILED);
	assert_string_equal(wire_log(wire), "custom " ENVOI_CARBONS_STATE "\n");
}

static void a_silent_server_is_a_state(void **state)
{
	struct wire *wire = *state;
	use(wire);
	wire_run(wire, 3600 * 1000);
	assert_int_equal(envoi_carbons_state(wire->session), ENVOI_CARBONS_FAILED);
}

static void they_can_be_disabled(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_carbons_set(wire->session, false), ENVOI_OK);
	wire_run(wire, 0);
	const char *heard = wire_answer_account(wire, "result", "");
	assert_non_null(strstr(heard, "><disable xmlns='urn:xmpp:carbons:2'/></iq>"));
	assert_int_equal(envoi_carbons_state(wire->session), ENVOI_CARBONS_OFF);
}

static void an_answer_after_the_last_use_is_ignored(void **state)
{
	struct wire *wire = *state;
	use(wire);
	wire_run(wire, 0);
	envoi_session_unuse(wire->session, &envoi_carbons_extension);
	wire_answer_account(wire, "result", "");
	assert_string_equal(wire_log(wire), "");
	assert_int_equal(envoi_carbons_state(wire->session), ENVOI_CARBONS_OFF);
}

static void a_handler_of_the_application_with_the_name_is_not_taken_for_it(void **state)
{
	struct wire *wire = *state;
	static const struct envoi_handler_impl impl = {.name = "carbons"};
	static struct envoi_handler own = {&impl};
	wire_add(wire, &own);
	assert_int_equal(
		envoi_session_use(wire->session, &envoi_carbons_extension, NULL), ENVOI_OK);
	assert_int_equal(envoi_carbons_state(wire->session), ENVOI_CARBONS_OFF);
	assert_int_equal(envoi_carbons_refused(wire->session), 0);
	assert_int_equal(envoi_carbons_set(wire->session, true), ENVOI_ERR_STATE);
}

/* --- copies --- */

/* Sections 7 and 8, examples 9 and 12 */
static void copies_are_unwrapped(void **state)
{
	assert_string_equal(logged(*state, COPY(ACCOUNT, "received", "", FROM_JULIET)),
		EVENT "received What man art thou\n");
	assert_string_equal(logged(*state, COPY(ACCOUNT, "sent", "", TO_JULIET)),
		EVENT "sent Neither, fair saint\n");
}

/* Prosody leaves `from` out. */
static void a_copy_without_sender_is_the_accounts(void **state)
{
	assert_string_equal(logged(*state, COPY("", "received", "", FROM_JULIET)),
		EVENT "received What man art thou\n");
}

/* Section 11; example 11 */
static void forged_copies_reach_nobody(void **state)
{
	struct wire *wire = *state;
	static const char *const forged[] = {
		COPY("from='tybalt@capulet.example/home' ", "received", "", FROM_JULIET),
		COPY("from='tybalt@capulet.example' ", "sent", "", TO_JULIET),
		COPY("from='example.org' ", "received", "", FROM_JULIET),
		COPY("from='" WIRE_OWN "' ", "received", "", FROM_JULIET),
		COPY("from='me@example.org/other' ", "sent", "", TO_JULIET),
		COPY("from='me@capulet.example' ", "sent", "", TO_JULIET),
		COPY("from='you@example.org' ", "sent", "", TO_JULIET),
	};
	size_t count = sizeof(forged) / sizeof(forged[0]);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(logged(wire, forged[i]), "") != 0) {
			fail_msg("%s", forged[i]);
		}
	}
	assert_int_equal(envoi_carbons_refused(wire->session), count);
}

static void a_forged_copy_behind_a_body_drops_both(void **state)
{
	assert_string_equal(logged(*state,
				    "<message from='tybalt@capulet.example'><body>x</body>"
				    "<received xmlns='urn:xmpp:carbons:2'><forwarded "
				    "xmlns='urn:xmpp:forward:0'>" FROM_JULIET
				    "</forwarded></received></message>"),
		"");
}

/* Nothing of it is to be believed: a message of somebody else in one direction or the other. */
static void copies_of_messages_between_others_are_dropped(void **state)
{
	static const char *const foreign[] = {
		COPY(ACCOUNT, "sent", "", FROM_JULIET),
		COPY(ACCOUNT, "received", "", TO_JULIET),
		COPY(ACCOUNT, "sent", "",
			MESSAGE("from='tybalt@capulet.example' to='juliet@capulet.example'", "")),
		COPY(ACCOUNT, "received", "", MESSAGE("from='a@b' to='@'", "")),
		COPY(ACCOUNT, "received", "", MESSAGE("from='@' to='me@example.org'", "")),
		COPY(ACCOUNT, "sent", "", MESSAGE("from='@' to='a@b'", "")),
		COPY(ACCOUNT, "received", "", ""),
		COPY(ACCOUNT, "received", "", "<presence xmlns='jabber:client' from='a@b'/>"),
		/* section 6.1 */
		COPY(ACCOUNT, "received", "",
			MESSAGE("from='a@b/c' to='me@example.org' type='groupchat'", "")),
	};
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		if (strcmp(logged(*state, foreign[i]), "") != 0) {
			fail_msg("%s", foreign[i]);
		}
	}
	assert_int_equal(envoi_carbons_refused(((struct wire *)*state)->session), 0);
}

/* Both servers send a client the message and the copy, Prosody's without `to`. */
static void a_note_to_the_own_account_is_one_message(void **state)
{
	struct wire *wire = *state;
	static const char *const addresses[] = {
		"from='me@example.org/home' to='me@example.org' type='chat'",
		"from='me@example.org/home' type='chat'",
	};
	for (size_t i = 0; i < 2; i++) {
		char xml[600];
		snprintf(xml, sizeof(xml),
			"<message %s><body>note</body></message>"
			"<message from='me@example.org'><sent xmlns='urn:xmpp:carbons:2'><forwarded "
			"xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' %s>"
			"<body>note</body></message></forwarded></sent></message>",
			addresses[i], addresses[i]);
		assert_string_equal(logged(wire, xml), "message note\n");
	}
	assert_string_equal(
		logged(wire,
			COPY(ACCOUNT, "sent", "",
				MESSAGE("from='me@example.org/home' to='me@example.org/desk'",
					"<body>one</body>"))),
		EVENT "sent one\n");
}

static void malformed_copies_are_reported_as_unhandled(void **state)
{
	static const char *const malformed[] = {
		"<message " ACCOUNT "><received xmlns='urn:xmpp:carbons:2'/></message>",
		COPY(ACCOUNT, "received", "", FROM_JULIET FROM_JULIET),
	};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		const char *log = logged(*state, malformed[i]);
		assert_non_null(strstr(log, "unhandled received"));
		assert_null(strstr(log, EVENT));
	}
}

/* RFC 6120, section 8.3: the payload of an error is what this side has sent */
static void an_error_is_no_copy(void **state)
{
	assert_string_equal(
		logged(*state,
			"<message " ACCOUNT "type='error'><received xmlns='urn:xmpp:carbons:2'>"
			"<forwarded xmlns='urn:xmpp:forward:0'>" FROM_JULIET
			"</forwarded></received></message>"),
		"");
}

/* XEP-0297, section 3.2, rule 2, and what the message itself states */
static void the_time_is_the_servers(void **state)
{
	assert_string_equal(logged(*state,
				    COPY(ACCOUNT, "received",
					    "<delay xmlns='urn:xmpp:delay' "
					    "stamp='2002-09-10T12:00:00Z'/>",
					    FROM_JULIET)),
		EVENT "received What man art thou at 1031659200000\n");
#define STAMPED(by) \
	MESSAGE("from='a@b/c' to='me@example.org'", \
		"<delay xmlns='urn:xmpp:delay' from='" by "' stamp='2002-09-10T13:00:00Z'/>")
	assert_string_equal(logged(*state, COPY(ACCOUNT, "received", "", STAMPED("example.org"))),
		EVENT "received - at 1031662800000\n");
	assert_string_equal(logged(*state, COPY(ACCOUNT, "received", "", STAMPED("a@b/c"))),
		EVENT "received -\n");
}

static void the_message_can_be_kept(void **state)
{
	struct wire *wire = *state;
	listener.keeps = true;
	(void)logged(wire, COPY(ACCOUNT, "received", "", FROM_JULIET));
	wire_free_session(wire);
	assert_string_equal(envoi_message_body(listener.kept, NULL), "What man art thou");
	envoi_stanza_unref(listener.kept);
}

static void the_session_may_be_freed_inside(void **state)
{
	struct wire *wire = *state;
	listener.frees_session = true;
	wire_say(wire, COPY(ACCOUNT, "received", "", FROM_JULIET) "<message from='a@b'/>");
	wire_run(wire, 0);
	assert_null(wire->session);
	assert_string_equal(wire_log(wire), EVENT "received What man art thou\nended\n");
}

/* --- section 9 --- */

static void a_message_can_be_excluded(void **state)
{
	struct wire *wire = *state;
	static const struct {
		const char *to, *expected;
	} rows_of[] = {
		{"a@b/c", "<private xmlns='urn:xmpp:carbons:2'/><no-copy xmlns='urn:xmpp:hints'/>"},
		{"a@b", "<private xmlns='urn:xmpp:carbons:2'/>"},
	};
	for (size_t i = 0; i < 2; i++) {
		struct envoi_stanza *message = envoi_message_new(
			wire->context, ENVOI_TYPE_CHAT, rows_of[i].to, NULL);
		assert_int_equal(envoi_carbons_exclude(message), ENVOI_OK);
		assert_int_equal(envoi_send(wire->session, message, NULL), ENVOI_OK);
		wire_run(wire, 0);
		const char *heard = wire_heard(wire);
		char expected[200];
		snprintf(expected, sizeof(expected), "'>%s</message>", rows_of[i].expected);
		assert_non_null(strstr(heard, expected));
	}
	assert_int_equal(envoi_carbons_exclude(NULL), ENVOI_ERR_NOMEM);
}

/* --- memory --- */

static int make_all(struct envoi_context *context)
{
	struct envoi_session *session;
	struct envoi_settings *settings;
	int r = envoi_settings_new(&settings, context);
	if (r < 0) {
		return r;
	}
	r = envoi_session_new(&session, context, settings);
	if (r == ENVOI_OK) {
		r = envoi_session_use(session, &envoi_carbons_extension, NULL);
		envoi_session_free(session);
	}
	envoi_settings_free(settings);
	return r;
}

static void a_failed_allocation_is_reported(void **state)
{
	(void)state;
	assert_true(test_allocator_try(make_all) > 0);
	wire_survive(&envoi_carbons_extension, COPY(ACCOUNT, "received", "", FROM_JULIET));
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_carbons_received_type, NULL},
		{&envoi_carbons_sent_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0280", tables, exceptions), 3);
}

#define ONLINE(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONLINE(carbons_are_enabled_at_once_in_a_session_that_is_online),
		TEST(carbons_are_enabled_with_each_new_session),
		TEST(a_resumed_session_keeps_them),
		TEST(a_change_while_suspended_is_requested_at_the_resumption),
		ONLINE(a_refusal_is_a_state),
		ONLINE(a_silent_server_is_a_state),
		TEST(they_can_be_disabled),
		ONLINE(an_answer_after_the_last_use_is_ignored),
		ONLINE(a_handler_of_the_application_with_the_name_is_not_taken_for_it),
		TEST(copies_are_unwrapped),
		TEST(a_copy_without_sender_is_the_accounts),
		TEST(forged_copies_reach_nobody),
		TEST(a_forged_copy_behind_a_body_drops_both),
		TEST(copies_of_messages_between_others_are_dropped),
		TEST(a_note_to_the_own_account_is_one_message),
		TEST(malformed_copies_are_reported_as_unhandled),
		TEST(an_error_is_no_copy),
		TEST(the_time_is_the_servers),
		TEST(the_message_can_be_kept),
		TEST(the_session_may_be_freed_inside),
		TEST(a_message_can_be_excluded),
		cmocka_unit_test(a_failed_allocation_is_reported),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/carbons", tests, NULL, NULL);
}
