/*
 * envoi - Last Message Correction: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/correction.h>

#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

static const char *corrected(struct wire *wire, const char *type, const char *content)
{
	static char id[64];
	char xml[400];
	snprintf(xml, sizeof(xml), "<message type='%s' id='good1'>%s</message>", type, content);
	struct envoi_stanza *message = wire_stanza(wire, xml);
	const char *found = envoi_correction_id(message);
	snprintf(id, sizeof(id), "%s", found == NULL ? "-" : found);
	envoi_stanza_unref(message);
	return id;
}

#define REPLACE(id) "<replace id='" id "' xmlns='urn:xmpp:message-correct:0'/>"

/* XEP-0308, example 2 */
static void the_id_of_the_first_version_is_read(void **state)
{
	assert_string_equal(
		corrected(*state, "normal", "<body>window</body>" REPLACE("bad1")), "bad1");
	assert_string_equal(corrected(*state, "groupchat", REPLACE("bad1")), "bad1");
}

static void what_is_no_correction_has_none(void **state)
{
	assert_string_equal(corrected(*state, "chat", ""), "-");
	assert_string_equal(corrected(*state, "chat", REPLACE("")), "-");
	assert_string_equal(
		corrected(*state, "chat", "<replace xmlns='urn:xmpp:message-correct:0'/>"), "-");
	assert_string_equal(corrected(*state, "chat", "<replace id='x'/>"), "-");
	assert_string_equal(corrected(*state, "error", REPLACE("bad1")), "-");
}

static void a_correction_is_written(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *message = envoi_message_new(
		wire->context, ENVOI_TYPE_CHAT, "a@b", "window");
	assert_int_equal(envoi_correction_add(message, "bad1"), ENVOI_OK);
	assert_int_equal(envoi_correction_add(message, "bad2"), ENVOI_ERR_INVALID);
	assert_string_equal(wire_written(wire, message),
		"<message type='chat' to='a@b'><body>window</body>"
		"<replace xmlns='urn:xmpp:message-correct:0' id='bad1'/></message>\n");
}

static void impossible_ones_are_refused(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *message = envoi_message_new(
		wire->context, ENVOI_TYPE_CHAT, "a@b", "x");
	assert_int_equal(envoi_stanza_set_id(message, "own"), ENVOI_OK);
	assert_int_equal(envoi_correction_add(message, "own"), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_correction_add(message, ""), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_correction_add(message, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_correction_add(NULL, "x"), ENVOI_ERR_NOMEM);
	assert_null(envoi_correction_id(message));
	envoi_stanza_unref(message);
}

static int add(struct envoi_stanza *message, const struct envoi_stanza *original)
{
	(void)original;
	return envoi_correction_add(message, "bad1");
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
	const struct envoi_handler *handler = envoi_correction_handler();
	assert_string_equal(handler->impl->uris[0], "urn:xmpp:message-correct:0");
	assert_null(handler->impl->uris[1]);
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_correction_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0308", tables, exceptions), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_id_of_the_first_version_is_read),
		TEST(what_is_no_correction_has_none),
		TEST(a_correction_is_written),
		TEST(impossible_ones_are_refused),
		cmocka_unit_test(a_failed_allocation_is_reported),
		cmocka_unit_test(the_feature_is_announced),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/correction", tests, NULL, NULL);
}
