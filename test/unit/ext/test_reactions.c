/*
 * envoi - Message Reactions: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/reactions.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define REACTIONS(attributes, content) \
	"<reactions xmlns='urn:xmpp:reactions:0' " attributes ">" content "</reactions>"
#define STORE "<store xmlns='urn:xmpp:hints'/>"

/* @return "id: text text", "-": none */
static const char *read(struct wire *wire, const char *type, const char *content)
{
	char xml[8000];
	snprintf(xml, sizeof(xml), "<message type='%s'>%s</message>", type, content);
	struct envoi_stanza *message = wire_stanza(wire, xml);
	const struct envoi_reactions *reactions = envoi_reactions_of(message);
	forget_text(&wire->log);
	write_text(&wire->log, "%s", reactions == NULL ? "-" : reactions->id);
	size_t position = 0;
	const char *text = NULL;
	while (reactions != NULL && (text = envoi_reactions_next(reactions, &position)) != NULL) {
		write_text(&wire->log, " %s", text);
	}
	envoi_stanza_unref(message);
	return written_text(&wire->log);
}

/* XEP-0444, examples 5, 6 and 7 */
static void reactions_are_read(void **state)
{
	assert_string_equal(
		read(*state, "chat",
			REACTIONS("id='744f6e18'",
				"<reaction>\360\237\221\213</reaction><reaction>\360\237\220\242</reaction>")
				STORE),
		"744f6e18 \360\237\221\213 \360\237\220\242");
	assert_string_equal(read(*state, "groupchat", REACTIONS("id='744f6e18'", "")), "744f6e18");
}

/* Section 4 */
static void duplicates_and_empty_ones_are_left_out(void **state)
{
	assert_string_equal(
		read(*state, "chat",
			REACTIONS("id='m'",
				"<reaction>a</reaction><reaction/><reaction>b</reaction>"
				"<reaction>a</reaction><reaction>b</reaction>")),
		"m a b");
}

static void what_has_no_reactions_has_none(void **state)
{
	assert_string_equal(read(*state, "chat", ""), "-");
	assert_string_equal(read(*state, "chat", REACTIONS("", "")), "-");
	assert_string_equal(read(*state, "chat", REACTIONS("id=''", "")), "-");
	assert_string_equal(read(*state, "chat", "<reactions id='m'/>"), "-");
	/* section 3.3 */
	assert_string_equal(
		read(*state, "error", REACTIONS("id='m'", "<reaction>a</reaction>")), "-");
}

static void there_are_limits(void **state)
{
	char content[6000], text[ENVOI_REACTIONS_BYTES + 2];
	size_t len = 0;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	snprintf(content, sizeof(content),
		REACTIONS("id='m'", "<reaction>%s</reaction><reaction>%s</reaction>"), text,
		text + 1);
	assert_string_equal(read(*state, "chat", content) + 2, text + 1);
	len = (size_t)snprintf(
		content, sizeof(content), "<reactions xmlns='urn:xmpp:reactions:0' id='m'>");
	for (int i = 0; i <= ENVOI_REACTIONS_LIMIT; i++) {
		len += (size_t)snprintf(
			content + len, sizeof(content) - len, "<reaction>%d</reaction>", i);
	}
	snprintf(content + len, sizeof(content) - len, "</reactions>");
	assert_string_equal(read(*state, "chat", content), "-");
}

static const char *react(struct wire *wire, const char *original_xml, bool room_assigns,
	const char *const *texts, size_t count)
{
	struct envoi_stanza *original = wire_stanza(wire, original_xml);
	struct envoi_stanza *message = envoi_message_new(
		wire->context, ENVOI_TYPE_CHAT, "a@b", NULL);
	int r = envoi_reactions_add(message, original, room_assigns, texts, count);
	const char *text = wire_written(wire, message);
	envoi_stanza_unref(original);
	return r == ENVOI_OK ? text : r == ENVOI_DECLINED ? "declined" : envoi_error_name(r);
}

static void reactions_are_written(void **state)
{
	static const char *const texts[] = {"a", "b"};
	assert_string_equal(react(*state, "<message from='a@b' id='m'/>", false, texts, 2),
		"<message type='chat' to='a@b'><reactions xmlns='urn:xmpp:reactions:0' id='m'>"
		"<reaction>a</reaction><reaction>b</reaction></reactions>" STORE "</message>\n");
	assert_string_equal(react(*state, "<message from='a@b' id='m'/>", false, NULL, 0),
		"<message type='chat' to='a@b'><reactions xmlns='urn:xmpp:reactions:0' id='m'/>" STORE
		"</message>\n");
	/* what is not stored needs no stored reaction (section 4) */
	assert_string_equal(
		react(*state,
			"<message from='a@b' id='m'><no-store xmlns='urn:xmpp:hints'/></message>",
			false, texts, 1),
		"<message type='chat' to='a@b'><reactions xmlns='urn:xmpp:reactions:0' id='m'>"
		"<reaction>a</reaction></reactions></message>\n");
}

/* Section 4.2 */
static void a_room_without_ids_is_not_reacted_in(void **state)
{
	static const char *const texts[] = {"a"};
	assert_string_equal(
		react(*state, "<message from='r@m/n' id='m' type='groupchat'/>", true, texts, 1),
		"declined");
	assert_string_equal(react(*state, "<message from='a@b'/>", true, texts, 1), "declined");
}

static void impossible_ones_are_refused(void **state)
{
	char long_text[ENVOI_REACTIONS_BYTES + 2];
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	const char *const wrong[][2] = {{"a", "a"}, {"", "a"}, {long_text, "a"}, {"\001", "a"}};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_string_equal(react(*state, "<message id='m'/>", false, wrong[i], 2),
			"ENVOI_ERR_INVALID");
	}
	char many[ENVOI_REACTIONS_LIMIT + 1][8];
	const char *texts[ENVOI_REACTIONS_LIMIT + 1];
	for (int i = 0; i <= ENVOI_REACTIONS_LIMIT; i++) {
		snprintf(many[i], sizeof(many[i]), "%d", i);
		texts[i] = many[i];
	}
	assert_string_equal(
		react(*state, "<message id='m'/>", false, texts, ENVOI_REACTIONS_LIMIT + 1),
		"ENVOI_ERR_INVALID");
	struct wire *wire = *state;
	struct envoi_stanza *message = wire_stanza(
		wire, "<message id='m'>" REACTIONS("id='x'", "") "</message>");
	assert_int_equal(envoi_reactions_add(message, message, false, texts, 1), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_reactions_add(NULL, message, false, texts, 1), ENVOI_ERR_NOMEM);
	envoi_stanza_unref(message);
}

static int add(struct envoi_stanza *message, const struct envoi_stanza *original)
{
	return envoi_reactions_add(message, original, false, (const char *const[]){"a"}, 1);
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

static void the_feature_is_announced(void **state)
{
	(void)state;
	const struct envoi_handler *handler = envoi_reactions_handler();
	assert_string_equal(handler->impl->uris[0], "urn:xmpp:reactions:0");
	assert_null(handler->impl->uris[1]);
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_reactions_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0444", tables, exceptions), 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reactions_are_read),
		TEST(duplicates_and_empty_ones_are_left_out),
		TEST(what_has_no_reactions_has_none),
		TEST(there_are_limits),
		TEST(reactions_are_written),
		TEST(a_room_without_ids_is_not_reacted_in),
		TEST(impossible_ones_are_refused),
		cmocka_unit_test(a_failed_allocation_is_reported),
		cmocka_unit_test(the_feature_is_announced),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/reactions", tests, NULL, NULL);
}
