/*
 * envoi - User Nickname: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/nickname.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define NICK(name) "<nick xmlns='http://jabber.org/protocol/nick'>" name "</nick>"

static const char *read(struct wire *wire, const char *xml)
{
	struct envoi_stanza *stanza = wire_stanza(wire, xml);
	const char *name = envoi_nickname_of(stanza);
	forget_text(&wire->log);
	write_text(&wire->log, "%s", name == NULL ? "-" : name);
	envoi_stanza_unref(stanza);
	return written_text(&wire->log);
}

/* XEP-0172, examples 3 and 4 */
static void messages_and_requests_have_a_nickname(void **state)
{
	assert_string_equal(
		read(*state,
			"<presence from='narrator@moby-dick.lit' type='subscribe'>" NICK(
				"Ishmael") "</presence>"),
		"Ishmael");
	assert_string_equal(read(*state,
				    "<message type='chat'><body>Call me Ishmael</body>" NICK(
					    "Ishmael") "</message>"),
		"Ishmael");
}

/* Section 4.1: not in broadcast presence */
static void other_stanzas_have_none(void **state)
{
	static const char *const others[] = {
		"<presence>" NICK("x") "</presence>",
		"<presence type='unavailable'>" NICK("x") "</presence>",
		"<presence type='subscribed'>" NICK("x") "</presence>",
		"<message type='error'>" NICK("x") "</message>",
		"<iq type='set' id='1'>" NICK("x") "</iq>",
		"<message>" NICK("") "</message>",
		"<message><nick>x</nick></message>",
		"<message/>",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(read(*state, others[i]), "-") != 0) {
			fail_msg("%s", others[i]);
		}
	}
}

static void a_name_is_limited(void **state)
{
	struct wire *wire = *state;
	char name[1025], xml[1200];
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(xml, sizeof(xml), "<message>" NICK("%s") "</message>", name);
	assert_string_equal(read(wire, xml), "-");
	snprintf(xml, sizeof(xml), "<message>" NICK("%s") "</message>", name + 1);
	assert_string_equal(read(wire, xml), name + 1);
	struct envoi_stanza *message = envoi_message_new(
		wire->context, ENVOI_TYPE_CHAT, "a@b", NULL);
	assert_int_equal(envoi_nickname_add(message, name), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_nickname_add(message, ""), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_nickname_add(message, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_nickname_add(message, "\001"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_nickname_add(message, "Ishmael"), ENVOI_OK);
	assert_int_equal(envoi_nickname_add(message, "Ahab"), ENVOI_ERR_INVALID);
	assert_string_equal(wire_written(wire, message),
		"<message type='chat' to='a@b'>" NICK("Ishmael") "</message>\n");
	struct envoi_stanza *presence = envoi_presence_new(wire->context, ENVOI_TYPE_ANY, NULL);
	assert_int_equal(envoi_nickname_add(presence, "Ishmael"), ENVOI_ERR_INVALID);
	envoi_stanza_unref(presence);
	assert_int_equal(envoi_nickname_add(NULL, "x"), ENVOI_ERR_NOMEM);
}

static int add(struct envoi_stanza *message, const struct envoi_stanza *original)
{
	(void)original;
	return envoi_nickname_add(message, "Ishmael");
}

static int add_once(struct envoi_context *context)
{
	return wire_add_to_message(context, add);
}

static void a_failed_allocation_is_reported(void **state)
{
	(void)state;
	assert_true(test_allocator_try(add_once) > 0);
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_nickname_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0172", tables, exceptions), 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_and_requests_have_a_nickname),
		TEST(other_stanzas_have_none),
		TEST(a_name_is_limited),
		cmocka_unit_test(a_failed_allocation_is_reported),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/nickname", tests, NULL, NULL);
}
