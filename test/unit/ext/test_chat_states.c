/*
 * envoi - Chat State Notifications: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/chat_states.h>

#include "test_allocator.h"
#include "wire.h"

#define STATE(name) "<" name " xmlns='http://jabber.org/protocol/chatstates'/>"

static const char *read(struct wire *wire, const char *type, const char *content)
{
	char xml[500];
	snprintf(xml, sizeof(xml), "<message type='%s' from='a@b/c'>%s</message>", type, content);
	struct envoi_stanza *message = wire_stanza(wire, xml);
	const char *name = envoi_chat_states_name(envoi_chat_states_of(message));
	envoi_stanza_unref(message);
	return name;
}

/* XEP-0085, section 2 */
static void the_five_states_are_read(void **state)
{
	assert_string_equal(read(*state, "chat", "<body>x</body>" STATE("active")), "active");
	assert_string_equal(read(*state, "chat", STATE("composing")), "composing");
	assert_string_equal(read(*state, "groupchat", STATE("paused")), "paused");
	assert_string_equal(
		read(*state, "chat", "<thread>t</thread>" STATE("inactive")), "inactive");
	assert_string_equal(read(*state, "chat", STATE("gone")), "gone");
	assert_string_equal(envoi_chat_states_name((enum envoi_chat_states_state)99), "");
	assert_string_equal(envoi_chat_states_name((enum envoi_chat_states_state) - 1), "");
}

/* Sections 5.5 and 5.6 */
static void what_is_no_state_is_none(void **state)
{
	assert_string_equal(read(*state, "chat", "<body>x</body>"), "");
	assert_string_equal(read(*state, "chat", "<composing/>"), "");
	assert_string_equal(read(*state, "chat", STATE("dancing")), "");
	assert_string_equal(read(*state, "chat", STATE("active") STATE("composing")), "");
	assert_string_equal(read(*state, "chat", STATE("active") STATE("active")), "");
	assert_string_equal(read(*state, "groupchat", STATE("gone")), "");
	assert_string_equal(read(*state, "error", STATE("composing")), "");
}

static int use(void **state)
{
	wire_setup_online(state);
	struct wire *wire = *state;
	assert_int_equal(
		envoi_session_use(wire->session, &envoi_chat_states_extension, NULL), ENVOI_OK);
	return 0;
}

static const char *send_state(struct wire *wire, enum envoi_stanza_type type, const char *to,
	enum envoi_chat_states_state what)
{
	int r = envoi_chat_states_send(wire->session, type, to, what);
	wire_run(wire, 0);
	const char *heard = wire_heard(wire);
	assert_true(r == ENVOI_OK || heard[0] == '\0');
	return r == ENVOI_OK ? heard : r == ENVOI_DECLINED ? "declined" : envoi_error_name(r);
}

static const char *send_text(struct wire *wire, const char *to, const char *body)
{
	assert_int_equal(envoi_send_text(wire->session, to, body, NULL), ENVOI_OK);
	wire_run(wire, 0);
	return wire_heard(wire);
}

static void hear(struct wire *wire, const char *content)
{
	char xml[400];
	snprintf(xml, sizeof(xml), "<message type='chat' from='a@b/c'>%s</message>", content);
	assert_string_equal(wire_talk(wire, xml), "");
}

/* Section 5.1 */
static void messages_are_active_until_the_contact_answers_without_a_state(void **state)
{
	assert_non_null(strstr(send_text(*state, "a@b", "1"), "<body>1</body>" STATE("active")));
	assert_non_null(strstr(send_text(*state, "a@b/c", "2"), STATE("active")));
	hear(*state, "<body>x</body>" STATE("active"));
	assert_non_null(strstr(send_text(*state, "a@b", "3"), STATE("active")));
	hear(*state, "<body>x</body>");
	assert_null(strstr(send_text(*state, "a@b", "4"), "chatstates"));
	assert_string_equal(send_state(*state, ENVOI_TYPE_CHAT, "a@b", ENVOI_CHAT_STATES_COMPOSING),
		"declined");
	hear(*state, STATE("composing"));
	assert_non_null(strstr(send_text(*state, "a@b", "5"), STATE("active")));
	assert_non_null(strstr(send_text(*state, "other@b", "6"), STATE("active")));
}

static void a_state_of_the_program_stays(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *message = envoi_message_new(
		wire->context, ENVOI_TYPE_CHAT, "a@b", "x");
	envoi_element_add(envoi_stanza_element(message), ENVOI_NS_CHAT_STATES, "paused");
	assert_int_equal(envoi_send(wire->session, message, NULL), ENVOI_OK);
	wire_run(wire, 0);
	const char *heard = wire_heard(wire);
	assert_non_null(strstr(heard, STATE("paused")));
	assert_null(strstr(heard, "active"));
}

static void other_messages_get_no_state(void **state)
{
	struct wire *wire = *state;
	static const struct {
		enum envoi_stanza_type type;
		const char *body;
	} others[] = {
		{ENVOI_TYPE_CHAT, NULL},
		{ENVOI_TYPE_NORMAL, "x"},
		{ENVOI_TYPE_GROUPCHAT, "x"},
	};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(envoi_send(wire->session,
					 envoi_message_new(wire->context, others[i].type, "a@b",
						 others[i].body),
					 NULL),
			ENVOI_OK);
		wire_run(wire, 0);
		assert_null(strstr(wire_heard(wire), "chatstates"));
	}
}

/* Sections 5.1 and 5.3 */
static void a_state_alone_is_sent_once_and_to_who_has_sent_one(void **state)
{
	struct wire *wire = *state;
	assert_string_equal(
		send_state(wire, ENVOI_TYPE_CHAT, "a@b", ENVOI_CHAT_STATES_COMPOSING), "declined");
	(void)send_text(wire, "a@b", "1");
	assert_string_equal(
		send_state(wire, ENVOI_TYPE_CHAT, "a@b", ENVOI_CHAT_STATES_COMPOSING), "declined");
	hear(wire, STATE("active"));
	assert_non_null(
		strstr(send_state(wire, ENVOI_TYPE_CHAT, "a@b/c", ENVOI_CHAT_STATES_COMPOSING),
			"to='a@b/c' id='"));
	assert_string_equal(
		send_state(wire, ENVOI_TYPE_CHAT, "a@b", ENVOI_CHAT_STATES_COMPOSING), "declined");
	assert_non_null(strstr(send_state(wire, ENVOI_TYPE_CHAT, "a@b", ENVOI_CHAT_STATES_PAUSED),
		"'>" STATE("paused") "</message>"));
	(void)send_text(wire, "a@b", "2");
	assert_string_equal(
		send_state(wire, ENVOI_TYPE_CHAT, "a@b", ENVOI_CHAT_STATES_ACTIVE), "declined");
}

static void the_program_may_know_of_support(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_chat_states_set_supported(wire->session, wire->own, true), ENVOI_OK);
	assert_non_null(strstr(
		send_state(wire, ENVOI_TYPE_CHAT, "me@example.org", ENVOI_CHAT_STATES_COMPOSING),
		STATE("composing")));
	assert_int_equal(
		envoi_chat_states_set_supported(wire->session, wire->own, false), ENVOI_OK);
	assert_string_equal(
		send_state(wire, ENVOI_TYPE_CHAT, "me@example.org", ENVOI_CHAT_STATES_PAUSED),
		"declined");
	assert_int_equal(
		envoi_chat_states_set_supported(wire->session, NULL, true), ENVOI_ERR_INVALID);
}

/* Section 5.5 */
static void a_room_gets_all_states_but_gone(void **state)
{
	struct wire *wire = *state;
	assert_non_null(strstr(
		send_state(wire, ENVOI_TYPE_GROUPCHAT, "room@muc", ENVOI_CHAT_STATES_COMPOSING),
		"<message type='groupchat' to='room@muc'"));
	assert_string_equal(
		send_state(wire, ENVOI_TYPE_GROUPCHAT, "room@muc", ENVOI_CHAT_STATES_COMPOSING),
		"declined");
	assert_string_equal(
		send_state(wire, ENVOI_TYPE_GROUPCHAT, "room@muc", ENVOI_CHAT_STATES_GONE),
		"ENVOI_ERR_INVALID");
}

static void impossible_ones_are_refused(void **state)
{
	struct wire *wire = *state;
	assert_string_equal(send_state(wire, ENVOI_TYPE_CHAT, "a@b", ENVOI_CHAT_STATES_NONE),
		"ENVOI_ERR_INVALID");
	assert_string_equal(send_state(wire, ENVOI_TYPE_CHAT, "@", ENVOI_CHAT_STATES_PAUSED),
		"ENVOI_ERR_INVALID");
	assert_string_equal(send_state(wire, ENVOI_TYPE_CHAT, NULL, ENVOI_CHAT_STATES_PAUSED),
		"ENVOI_ERR_INVALID");
	assert_string_equal(send_state(wire, ENVOI_TYPE_NORMAL, "a@b", ENVOI_CHAT_STATES_PAUSED),
		"ENVOI_ERR_INVALID");
	envoi_session_unuse(wire->session, &envoi_chat_states_extension);
	assert_string_equal(send_state(wire, ENVOI_TYPE_CHAT, "a@b", ENVOI_CHAT_STATES_PAUSED),
		"ENVOI_ERR_STATE");
	assert_int_equal(
		envoi_chat_states_set_supported(wire->session, wire->own, true), ENVOI_ERR_STATE);
}

/* A contact that is flooded out is one that has not sent a state. */
static void conversations_are_bounded(void **state)
{
	struct wire *wire = *state;
	hear(wire, STATE("active"));
	for (int i = 0; i < ENVOI_CHAT_STATES_LIMIT; i++) {
		char xml[200];
		snprintf(xml, sizeof(xml),
			"<message type='chat' from='u%d@b'>" STATE("active") "</message>", i);
		wire_say(wire, xml);
	}
	wire_run(wire, 0);
	assert_string_equal(
		send_state(wire, ENVOI_TYPE_CHAT, "a@b", ENVOI_CHAT_STATES_COMPOSING), "declined");
	assert_non_null(strstr(
		send_state(wire, ENVOI_TYPE_CHAT, "u0@b", ENVOI_CHAT_STATES_COMPOSING), "u0@b"));
}

static void a_failed_allocation_is_survived(void **state)
{
	(void)state;
	wire_survive(&envoi_chat_states_extension,
		"<message type='chat' from='a@b/c'>" STATE("active") "</message>");
}

#define USED(name) cmocka_unit_test_setup_teardown(name, use, wire_teardown)

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_five_states_are_read),
		TEST(what_is_no_state_is_none),
		USED(messages_are_active_until_the_contact_answers_without_a_state),
		USED(a_state_of_the_program_stays),
		USED(other_messages_get_no_state),
		USED(a_state_alone_is_sent_once_and_to_who_has_sent_one),
		USED(the_program_may_know_of_support),
		USED(a_room_gets_all_states_but_gone),
		USED(impossible_ones_are_refused),
		USED(conversations_are_bounded),
		cmocka_unit_test(a_failed_allocation_is_survived),
	};
	return cmocka_run_group_tests_name("ext/chat_states", tests, NULL, NULL);
}
