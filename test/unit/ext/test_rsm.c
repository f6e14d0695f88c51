/*
 * envoi - result set management: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>
#include <envoi/ext/rsm.h>

#include "stanzas.h"
#include "xep_examples.h"

#define SET(content) "<set xmlns='http://jabber.org/protocol/rsm'>" content "</set>"

struct fixture {
	struct envoi_context *context;
	struct envoi_element *element;
};

static int setup(void **state)
{
	static struct fixture f;
	assert_int_equal(envoi_context_new(&f.context, NULL), ENVOI_OK);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	f->element = envoi_element_unref(f->element);
	f->context = envoi_context_unref(f->context);
	return 0;
}

static int parse(struct fixture *f, const void **ret_set, const struct envoi_payload_type *type,
	const char *xml)
{
	envoi_element_unref(f->element);
	f->element = element_from_text(f->context, xml);
	return envoi_payload_parse(ret_set, type, f->element, NULL);
}

static const struct envoi_rsm_result *result_of(struct fixture *f, const char *xml)
{
	const void *set;
	assert_int_equal(parse(f, &set, &envoi_rsm_result_type, xml), ENVOI_OK);
	return set;
}

/* Two servers: one sends neither count nor index, and an empty set for an empty page; the other
 * sends the count alone. */
static void all_shapes_of_results_are_read(void **state)
{
	const struct envoi_rsm_result *set = result_of(*state, SET(""));
	assert_false(set->has_first || set->has_count || set->has_max);
	assert_null(set->last);
	set = result_of(*state, SET("<first>a</first><last>b</last>"));
	assert_true(set->has_first);
	assert_false(set->first.has_index || set->has_count);
	assert_string_equal(set->first.id, "a");
	assert_string_equal(set->last, "b");
	set = result_of(*state, SET("<first index='0'>a</first><last>b</last><count>0</count>"));
	assert_true(set->first.has_index && set->has_count);
	assert_int_equal(set->first.index, 0);
	assert_int_equal(set->count, 0);
}

static void numbers_that_cannot_be_read_are_absent(void **state)
{
	const struct envoi_rsm_result *set = result_of(*state,
		SET("<first index='-1'>a</first><last>b</last><count>many</count><max>x</max>"));
	assert_false(set->first.has_index || set->has_count || set->has_max);
	assert_string_equal(set->first.id, "a");
}

static void malformed_requests_are_refused(void **state)
{
	static const char *const malformed[] = {
		SET("<max>-1</max>"),
		SET("<max/>"),
		SET("<max>4294967296</max>"),
		SET("<index>x</index>"),
		SET("<max>1</max><max>1</max>"),
		SET("<after>a</after><after>b</after>"),
	};
	const void *set;
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		assert_int_equal(parse(*state, &set, &envoi_rsm_request_type, malformed[i]),
			ENVOI_ERR_PROTOCOL);
	}
}

/* Section 2.5: an empty `before` is the last page, an absent one is none. */
static void an_empty_before_is_written(void **state)
{
	const void *set;
	assert_int_equal(parse(*state, &set, &envoi_rsm_request_type, SET("<before/><max>0</max>")),
		ENVOI_OK);
	const struct envoi_rsm_request *request = set;
	assert_string_equal(request->before, "");
	assert_null(request->after);
	assert_true(request->has_max);
	assert_int_equal(request->max, 0);
}

/* --- the next page --- */

static char nothing[] = "", a[] = "a", b[] = "b";

static void pages_follow_forwards(void **state)
{
	struct envoi_rsm_request request = {.has_max = true, .max = 2, .has_index = true};
	assert_true(envoi_rsm_continue(
		&request, result_of(*state, SET("<first>a</first><last>b</last>"))));
	assert_string_equal(request.after, "b");
	assert_null(request.before);
	assert_false(request.has_index);
	assert_int_equal(request.max, 2);
}

static void pages_follow_backwards(void **state)
{
	struct envoi_rsm_request request = {.before = nothing};
	assert_true(envoi_rsm_continue(
		&request, result_of(*state, SET("<first>a</first><last>b</last>"))));
	assert_string_equal(request.before, "a");
	assert_null(request.after);
}

static void a_page_that_did_not_move_is_the_last(void **state)
{
	struct envoi_rsm_request forwards = {.after = b}, backwards = {.before = a};
	const struct envoi_rsm_result *set = result_of(
		*state, SET("<first>a</first><last>b</last>"));
	assert_false(envoi_rsm_continue(&forwards, set));
	assert_false(envoi_rsm_continue(&backwards, set));
	assert_string_equal(forwards.after, "b");
	assert_string_equal(backwards.before, "a");
}

static void no_page_follows_an_empty_one(void **state)
{
	struct envoi_rsm_request request = {.after = a};
	struct envoi_rsm_request nothing_asked = {.has_max = true};
	assert_false(envoi_rsm_continue(&request, NULL));
	assert_false(envoi_rsm_continue(&request, result_of(*state, SET("<count>5</count>"))));
	assert_false(envoi_rsm_continue(&request, result_of(*state, SET("<last>b</last>"))));
	assert_false(envoi_rsm_continue(&request, result_of(*state, SET("<first>b</first>"))));
	assert_false(envoi_rsm_continue(
		&nothing_asked, result_of(*state, SET("<first>a</first><last>b</last>"))));
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_rsm_result_type, "result"},
		{&envoi_rsm_request_type, "set"},
		{&envoi_rsm_request_type, "get"},
		{&envoi_rsm_request_type, "error"}, /* the request, repeated */
		{NULL, NULL},
	};
	assert_int_equal(xep_examples_check("0059", tables, NULL), 18);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_shapes_of_results_are_read),
		TEST(numbers_that_cannot_be_read_are_absent),
		TEST(malformed_requests_are_refused),
		TEST(an_empty_before_is_written),
		TEST(pages_follow_forwards),
		TEST(pages_follow_backwards),
		TEST(a_page_that_did_not_move_is_the_last),
		TEST(no_page_follows_an_empty_one),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/rsm", tests, NULL, NULL);
}
