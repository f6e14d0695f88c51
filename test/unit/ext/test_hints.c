/*
 * envoi - Message Processing Hints: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/hints.h>

#include "test_allocator.h"
#include "wire.h"

/* XEP-0334, example 1 */
static void hints_are_read(void **state)
{
	struct envoi_stanza *message = wire_stanza(*state,
		"<message from='romeo@montague.lit/laptop' to='juliet@capulet.lit/laptop'>"
		"<body>V unir avtug'f pybnx</body><no-copy xmlns='urn:xmpp:hints'/>"
		"<no-store xmlns='urn:xmpp:hints'/></message>");
	struct envoi_hints hints = envoi_hints_of(message);
	assert_true(hints.no_copy && hints.no_store);
	assert_false(hints.store || hints.no_permanent_store);
	envoi_stanza_unref(message);
}

static void doubled_and_foreign_ones_do_not_matter(void **state)
{
	struct envoi_stanza *message = wire_stanza(*state,
		"<message><store xmlns='urn:xmpp:hints'/><store xmlns='urn:xmpp:hints'/>"
		"<no-store/><no-permanent-store xmlns='urn:xmpp:hints'/></message>");
	struct envoi_hints hints = envoi_hints_of(message);
	assert_true(hints.store && hints.no_permanent_store);
	assert_false(hints.no_copy || hints.no_store);
	envoi_stanza_unref(message);
}

/* Section 5 */
static void an_error_has_none(void **state)
{
	struct envoi_stanza *message = wire_stanza(
		*state, "<message type='error'><store xmlns='urn:xmpp:hints'/></message>");
	assert_false(envoi_hints_of(message).store);
	envoi_stanza_unref(message);
}

static void hints_are_added_once(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *message = envoi_message_new(
		wire->context, ENVOI_TYPE_CHAT, "a@b/c", NULL);
	const struct envoi_hints all = {true, true, true, true};
	assert_int_equal(envoi_hints_add(message, &all), ENVOI_OK);
	assert_int_equal(envoi_hints_add(message, &all), ENVOI_OK);
	assert_string_equal(wire_written(wire, message),
		"<message type='chat' to='a@b/c'><no-permanent-store xmlns='urn:xmpp:hints'/>"
		"<no-store xmlns='urn:xmpp:hints'/><no-copy xmlns='urn:xmpp:hints'/>"
		"<store xmlns='urn:xmpp:hints'/></message>\n");
}

/* Section 4.3 */
static void no_copy_is_for_full_addresses(void **state)
{
	struct wire *wire = *state;
	static const char *const others[] = {"a@b", NULL, "@"};
	for (size_t i = 0; i < 3; i++) {
		struct envoi_stanza *message = envoi_message_new(
			wire->context, ENVOI_TYPE_CHAT, others[i], NULL);
		assert_int_equal(envoi_hints_add(message,
					 &(struct envoi_hints){.no_copy = true, .store = true}),
			ENVOI_ERR_INVALID);
		assert_false(envoi_hints_of(message).store);
		envoi_stanza_unref(message);
	}
	assert_int_equal(envoi_hints_add(NULL, &(struct envoi_hints){0}), ENVOI_ERR_NOMEM);
}

static int add(struct envoi_stanza *message, const struct envoi_stanza *original)
{
	(void)original;
	return envoi_hints_add(message, &(struct envoi_hints){.store = true});
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hints_are_read),
		TEST(doubled_and_foreign_ones_do_not_matter),
		TEST(an_error_has_none),
		TEST(hints_are_added_once),
		TEST(no_copy_is_for_full_addresses),
		cmocka_unit_test(a_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests_name("ext/hints", tests, NULL, NULL);
}
