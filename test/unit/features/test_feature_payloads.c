/*
 * envoi - payloads of the core: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/stanza.h>

#include "features/feature_payloads.h"
#include "parse_one.h"

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

static void a_bound_address_is_read(void **state)
{
	const void *value;
	struct envoi_element *element = parse_one(
		*state, "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>a@b.c/d</jid></bind>");
	assert_int_equal(envoi_payload_parse(&value, &envoi__bind_type, element, NULL), ENVOI_OK);
	const struct envoi__bind *bind = value;
	assert_string_equal(envoi_jid_text(bind->jid), "a@b.c/d");
	assert_null(bind->resource);
	envoi_element_unref(element);
	element = parse_one(
		*state, "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>@</jid></bind>");
	assert_int_equal(
		envoi_payload_parse(&value, &envoi__bind_type, element, NULL), ENVOI_ERR_PROTOCOL);
	envoi_element_unref(element);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_bound_address_is_read, setup, teardown),
	};
	return cmocka_run_group_tests_name("features/feature_payloads", tests, NULL, NULL);
}
