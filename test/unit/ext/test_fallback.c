/*
 * envoi - Fallback Indication: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/ext/fallback.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define FALLBACK(content) \
	"<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>" content "</fallback>"

/* @return what is left of the body "> Anna\n> Hi\nGr\303\266\303\237e \360\237\221\213!" (24 characters); "-": all of it */
static const char *left(struct wire *wire, const char *content)
{
	char xml[2000], *body = NULL;
	snprintf(xml, sizeof(xml),
		"<message><body>&gt; Anna&#10;&gt; Hi&#10;Gr\303\266\303\237e "
		"\360\237\221\213!</body>%s</message>",
		content);
	struct envoi_stanza *message = wire_stanza(wire, xml);
	int r = envoi_fallback_strip(&body, wire->context, message, NULL, "urn:xmpp:reply:0");
	forget_text(&wire->log);
	write_text(&wire->log, "%s", r == ENVOI_DECLINED ? "-" : body);
	assert_true(r == ENVOI_OK || r == ENVOI_DECLINED);
	envoi_free(wire->context, body);
	envoi_stanza_unref(message);
	return written_text(&wire->log);
}

#define GREETING "Gr\303\266\303\237e \360\237\221\213!"

/* XEP-0428, section 2.2; positions are characters (XEP-0426) */
static void the_stated_part_is_left_out(void **state)
{
	assert_string_equal(left(*state, FALLBACK("<body start='0' end='12'/>")), GREETING);
	assert_string_equal(left(*state, FALLBACK("<body start='12' end='18'/>")),
		"> Anna\n> Hi\n\360\237\221\213!");
	assert_string_equal(left(*state, FALLBACK("<body start='18' end='19'/>")),
		"> Anna\n> Hi\nGr\303\266\303\237e !");
	assert_string_equal(left(*state, FALLBACK("<body end='12'/>")), GREETING);
	assert_string_equal(left(*state, FALLBACK("<body start='12'/>")), "> Anna\n> Hi\n");
	assert_string_equal(
		left(*state, FALLBACK("<body start='0' end='7'/><body start='5' end='12'/>")),
		GREETING);
	assert_string_equal(
		left(*state, FALLBACK("<body end='7'/>") FALLBACK("<body start='7' end='12'/>")),
		GREETING);
}

static void without_parts_all_is_left_out(void **state)
{
	assert_string_equal(left(*state, FALLBACK("")), "");
	assert_string_equal(left(*state, FALLBACK("<body/>")), "");
	assert_string_equal(left(*state, FALLBACK("<body start='0' end='4000000000'/>")), "");
}

static void what_does_not_concern_the_body_leaves_it(void **state)
{
	static const char *const others[] = {
		"",
		FALLBACK("<subject/>"),
		FALLBACK("<body start='5' end='5'/>"),
		FALLBACK("<body start='9' end='5'/>"),
		FALLBACK("<body start='20'/>"),
		FALLBACK("<body start='4000000000'/>"),
		FALLBACK("<body start='-1' end='5'/>"),
		FALLBACK("<body start='x' end='5'/>"),
		"<fallback xmlns='urn:xmpp:fallback:0' for='urn:other'/>",
		"<fallback xmlns='urn:xmpp:fallback:0'/>",
		"<fallback for='urn:xmpp:reply:0'/>",
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(left(*state, others[i]), "-") != 0) {
			fail_msg("%s", others[i]);
		}
	}
}

static void more_parts_than_the_limit_are_malformed(void **state)
{
	char xml[2000] = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>";
	for (int i = 0; i <= ENVOI_FALLBACK_LIMIT; i++) {
		strcat(xml, "<body/>");
	}
	strcat(xml, "</fallback>");
	assert_string_equal(left(*state, xml), "-");
}

static void a_message_without_body_has_none(void **state)
{
	struct wire *wire = *state;
	char unset[] = "x", *body = unset;
	struct envoi_stanza *message = wire_stanza(wire, "<message>" FALLBACK("") "</message>");
	assert_int_equal(
		envoi_fallback_strip(&body, wire->context, message, NULL, "urn:xmpp:reply:0"),
		ENVOI_DECLINED);
	assert_null(body);
	assert_int_equal(
		envoi_fallback_strip(&body, wire->context, message, NULL, NULL), ENVOI_ERR_INVALID);
	envoi_stanza_unref(message);
}

static void a_fallback_is_written(void **state)
{
	struct wire *wire = *state;
	struct envoi_stanza *message = envoi_message_new(
		wire->context, ENVOI_TYPE_CHAT, "a@b", NULL);
	assert_int_equal(envoi_fallback_add(message, "urn:xmpp:reply:0", 0, 33), ENVOI_OK);
	assert_int_equal(envoi_fallback_add(message, "urn:other", 0, 0), ENVOI_OK);
	assert_int_equal(envoi_fallback_add(message, "urn:other", 2, 1), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_fallback_add(message, "", 0, 1), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_fallback_add(message, NULL, 0, 1), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_fallback_add(NULL, "urn:other", 0, 1), ENVOI_ERR_NOMEM);
	assert_string_equal(wire_written(wire, message),
		"<message type='chat' to='a@b'>"
		"<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>"
		"<body start='0' end='33'/></fallback>"
		"<fallback xmlns='urn:xmpp:fallback:0' for='urn:other'/></message>\n");
}

static int strip_once(struct envoi_context *context)
{
	char *body = NULL;
	struct envoi_stanza *message = envoi_message_new(context, ENVOI_TYPE_CHAT, "a@b", "> x y");
	int r = envoi_fallback_add(message, "urn:x", 0, 4);
	if (r == ENVOI_OK) {
		r = envoi_fallback_strip(&body, context, message, NULL, "urn:x");
		assert_true(r < 0 || strcmp(body, "y") == 0);
	}
	envoi_free(context, body);
	envoi_stanza_unref(message);
	return r;
}

static void a_failed_allocation_is_reported(void **state)
{
	(void)state;
	assert_true(test_allocator_try(strip_once) > 0);
}

static void the_feature_is_announced(void **state)
{
	(void)state;
	const struct envoi_handler *handler = envoi_fallback_handler();
	assert_string_equal(handler->impl->uris[0], "urn:xmpp:fallback:0");
	assert_null(handler->impl->uris[1]);
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_fallback_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0428", tables, exceptions), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_stated_part_is_left_out),
		TEST(without_parts_all_is_left_out),
		TEST(what_does_not_concern_the_body_leaves_it),
		TEST(more_parts_than_the_limit_are_malformed),
		TEST(a_message_without_body_has_none),
		TEST(a_fallback_is_written),
		cmocka_unit_test(a_failed_allocation_is_reported),
		cmocka_unit_test(the_feature_is_announced),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/fallback", tests, NULL, NULL);
}
