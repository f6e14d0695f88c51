/*
 * envoi - the roster's payload: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/stanza.h>

#include "parse_one.h"
#include "roster/roster_payload.h"

static int setup(void **state)
{
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	*state = context;
	return 0;
}

static int teardown(void **state)
{
	envoi_context_unref(*state);
	return 0;
}

static void unreadable_items_are_left_out(void **state)
{
	const void *value;
	struct envoi_element *element = parse_one(*state,
		"<query xmlns='jabber:iq:roster' ver='5'>"
		"<item jid='romeo@example.net' name='Romeo' subscription='both'><group>Friends</group>"
		"<group>Family</group></item>"
		"<item jid='@'/><item/>"
		"<item jid='a@b' subscription='odd' ask='subscribe' approved='true'/>"
		"<item jid='e@f' approved='perhaps'/>"
		"<item jid='c@d' subscription='remove' ask='' approved='0' novel='1'><x/></item>"
		"</query>");
	assert_int_equal(
		envoi_payload_parse(&value, &envoi__roster_query_type, element, NULL), ENVOI_OK);
	const struct envoi__roster_query *query = value;
	assert_string_equal(query->ver, "5");
	assert_int_equal(query->item_count, 3);
	const struct envoi_roster_item *item = query->items;
	assert_string_equal(envoi_jid_text(item->jid), "romeo@example.net");
	assert_string_equal(item->name, "Romeo");
	assert_int_equal(item->subscription, ENVOI_SUBSCRIPTION_BOTH);
	assert_int_equal(item->group_count, 2);
	assert_string_equal(item->groups[1], "Family");
	item++;
	assert_int_equal(item->subscription, ENVOI_SUBSCRIPTION_NONE);
	assert_int_equal(item->ask, ENVOI_ROSTER_ASK_SUBSCRIBE);
	assert_true(item->is_approved);
	item++;
	assert_int_equal(item->subscription, ENVOI_SUBSCRIPTION_REMOVE);
	assert_int_equal(item->ask, ENVOI_ROSTER_ASK_NONE);
	assert_false(item->is_approved);
	envoi_element_unref(element);
}

/* RFC 6121, sections 2.1.2.2 and 2.1.2.5 */
static void subscriptions_have_the_words_of_the_attributes(void **state)
{
	(void)state;
	assert_string_equal(envoi_subscription_name(ENVOI_SUBSCRIPTION_NONE), "none");
	assert_string_equal(envoi_subscription_name(ENVOI_SUBSCRIPTION_TO), "to");
	assert_string_equal(envoi_subscription_name(ENVOI_SUBSCRIPTION_FROM), "from");
	assert_string_equal(envoi_subscription_name(ENVOI_SUBSCRIPTION_BOTH), "both");
	assert_string_equal(envoi_subscription_name(ENVOI_SUBSCRIPTION_REMOVE), "remove");
	assert_string_equal(envoi_subscription_name((enum envoi_subscription)99), "");
	assert_string_equal(envoi_roster_ask_name(ENVOI_ROSTER_ASK_SUBSCRIBE), "subscribe");
	assert_string_equal(envoi_roster_ask_name(ENVOI_ROSTER_ASK_NONE), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subscriptions_have_the_words_of_the_attributes),
		cmocka_unit_test_setup_teardown(unreadable_items_are_left_out, setup, teardown),
	};
	return cmocka_run_group_tests_name("client/roster_payload", tests, NULL, NULL);
}
