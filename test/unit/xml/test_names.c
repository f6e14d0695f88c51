/*
 * envoi - tests of known names
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>

#include "test_allocator.h"
#include "xml/element.h"
#include "xml/names.h"

static struct envoi_context *context;

static int setup(void **state)
{
	(void)state;
	return envoi_context_new(&context, NULL);
}

static int teardown(void **state)
{
	(void)state;
	envoi_context_unref(context);
	return 0;
}

static struct envoi_element *parse(const char *xml)
{
	struct envoi_element *element = NULL;
	assert_int_equal(
		envoi_xml_parse(&element, context, xml, strlen(xml), "jabber:client"), ENVOI_OK);
	return element;
}

static void a_name_has_one_pointer(void **state)
{
	(void)state;
	char copy[] = "urn:mine";
	const char *mine = envoi__name_intern(context, copy);
	assert_ptr_not_equal(mine, copy);
	assert_ptr_equal(envoi__name_intern(context, "urn:mine"), mine);
	assert_ptr_equal(envoi__name_lookup(context, "urn:mineral", 8), mine);
	assert_null(envoi__name_lookup(context, "urn:min", 7));
	assert_non_null(envoi__name_lookup(context, "jabber:client", 13));
	assert_non_null(envoi__name_lookup(context, "", 0));
}

static void many_names_may_be_registered(void **state)
{
	(void)state;
	static const char *pointers[5000];
	char name[32];
	for (unsigned int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "urn:name:%u:0", i);
		pointers[i] = envoi__name_intern(context, name);
	}
	for (unsigned int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "urn:name:%u:0", i);
		assert_ptr_equal(envoi__name_lookup(context, name, strlen(name)), pointers[i]);
	}
	assert_non_null(envoi__name_lookup(context, "jabber:iq:roster", 16));
}

static void parsed_and_built_elements_hold_the_pointers(void **state)
{
	(void)state;
	const char *ns = envoi__name_intern(context, "urn:weather");
	const char *name = envoi__name_intern(context, "report");
	struct envoi_element *parsed = parse("<report xmlns='urn:weather'><report/></report>");
	struct envoi_element *built = envoi_element_new(context, "urn:weather", "report");
	struct envoi_element *each[] = {parsed, envoi_element_first(parsed), built};
	for (size_t i = 0; i < 3; i++) {
		assert_ptr_equal(envoi_element_ns(each[i]), ns);
		assert_ptr_equal(envoi_element_name(each[i]), name);
		assert_ptr_equal(envoi__element_ns_known(each[i]), ns);
		assert_ptr_equal(envoi__element_name_known(each[i]), name);
	}
	envoi_element_unref(parsed);
	envoi_element_unref(built);
}

/* In a tag no zero byte ends it. */
static void a_short_namespace_is_known_too(void **state)
{
	(void)state;
	const char *ns = envoi__name_intern(context, "urn:x");
	struct envoi_element *parsed = parse("<a xmlns='urn:x'/>");
	assert_ptr_equal(envoi_element_ns(parsed), ns);
	envoi_element_unref(parsed);
}

static void a_name_may_become_known_after_a_peer_has_used_it(void **state)
{
	(void)state;
	struct envoi_element *before = parse("<late xmlns='urn:late'/>");
	assert_null(envoi__element_ns_known(before));
	assert_null(envoi__element_name_known(before));
	const char *ns = envoi__name_intern(context, "urn:late");
	const char *name = envoi__name_intern(context, "late");
	struct envoi_element *after = parse("<late xmlns='urn:late'/>");
	assert_ptr_equal(envoi_element_ns(after), ns);
	assert_ptr_equal(envoi_element_name(after), name);
	assert_ptr_equal(envoi__element_ns_known(before), ns);
	assert_ptr_equal(envoi__element_name_known(before), name);
	envoi_element_unref(before);
	envoi_element_unref(after);
}

static void peers_add_nothing(void **state)
{
	(void)state;
	size_t count = envoi__names_count(envoi__names_of(context));
	envoi_element_unref(parse("<zz xmlns='urn:zz' yy='1' q:xx='' xmlns:q='urn:q'/>"));
	assert_int_equal(envoi__names_count(envoi__names_of(context)), count);
}

static void want_of_memory_is_reported(void **state)
{
	(void)state;
	for (size_t k = 1; k <= 2; k++) {
		struct test_allocator allocator = {0};
		struct envoi_context *poor;
		assert_int_equal(test_allocator_context(&poor, &allocator), ENVOI_OK);
		allocator.fail_at = allocator.calls + k;
		assert_null(envoi__name_intern(poor, "urn:some:name"));
		assert_non_null(envoi__name_intern(poor, "urn:some:name"));
		allocator.fail_at = allocator.calls + 1;
		envoi_context_unref(poor);
		assert_int_equal(allocator.live, 0);
	}
	struct test_allocator allocator = {0};
	struct envoi_context *poor;
	assert_int_equal(test_allocator_context(&poor, &allocator), ENVOI_OK);
	allocator.fail_at = allocator.calls + 1;
	assert_null(envoi__name_lookup(poor, "message", 7));
	assert_non_null(envoi__name_lookup(poor, "message", 7));
	envoi_context_unref(poor);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_one_pointer),
		cmocka_unit_test(many_names_may_be_registered),
		cmocka_unit_test(parsed_and_built_elements_hold_the_pointers),
		cmocka_unit_test(a_short_namespace_is_known_too),
		cmocka_unit_test(a_name_may_become_known_after_a_peer_has_used_it),
		cmocka_unit_test(peers_add_nothing),
		cmocka_unit_test(want_of_memory_is_reported),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("xml/names", tests, setup, teardown);
}
