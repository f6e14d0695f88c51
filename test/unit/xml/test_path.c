/*
 * envoi - paths: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/envoi.h>

#include "stanzas.h"
#include "test_allocator.h"

#define TEN_STEPS "*/*/*/*/*/*/*/*/*/*/"

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

/* @return the id of the element found; "" when it has none; "-" when nothing was found */
static void assert_leads_to(const char *text, const char *xml, const char *id)
{
	struct envoi_path *path;
	struct envoi_path_problem problem = {0, ""};
	struct envoi_element *root = element_from_text(context, xml);
	if (envoi_path_new(&path, context, text, &problem) != ENVOI_OK) {
		fail_msg("%s: at %zu: %s", text, problem.at, problem.why);
	}
	const struct envoi_element *found = envoi_path_find(path, root);
	const char *found_id = found == NULL ? "-" : envoi_element_attr(found, "id");
	if (strcmp(found_id == NULL ? "" : found_id, id) != 0) {
		fail_msg("%s in %s: %s, not %s", text, xml, found_id, id);
	}
	envoi_path_free(path);
	envoi_element_unref(root);
}

static void a_path_leads_to_the_first_element_of_its_last_step(void **state)
{
	(void)state;
	static const char xml[] = "<message id='m' type='chat'>"
				  "<body id='body'/>"
				  "<a xmlns='urn:x' id='a1'><b id='b1' k='1'/></a>"
				  "<a xmlns='urn:x' id='a2' k=''>"
				  "<c id='c' k='it&apos;s'/><b id='b2' k='v'/>"
				  "<b xmlns='urn:y' id='b3' k='w' xmlns:p='urn:p' p:k='p'><d "
				  "id='d'/></b>"
				  "</a>"
				  "<a xmlns='' id='none'/>"
				  "</message>";
	static const struct {
		const char *path, *id;
	} cases[] = {
		{"message", "m"},
		{"{jabber:client}message", "m"},
		{"{*}message", "m"},
		{"*", "m"},
		{"presence", "-"},
		{"{urn:x}message", "-"},
		{"{}message", "-"},
		{"message@type", "m"},
		{"message@type='chat'", "m"},
		{"message@type=\"chat\"", "m"},
		{"message@type='cha'", "-"},
		{"message@type=''", "-"},
		{"message@nothing", "-"},
		{"message/body", "body"},
		{"message/a", "-"},
		{"message/{urn:x}a", "a1"},
		{"message/{urn:y}a", "-"},
		{"message/{}a", "none"},
		{"message/{*}a@id='none'", "none"},
		{"message/{urn:x}*", "a1"},
		{"message/*", "body"},
		{"message/*@k", "a2"},
		{"message/{urn:x}a/b", "b1"},
		{"message/{urn:x}a/b@k='v'", "b2"},
		{"message/{urn:x}a@k/b", "b2"},
		{"message/{urn:x}a@k=''/b", "b2"},
		{"message/{urn:x}a/{urn:y}b", "b3"},
		{"message/{urn:x}a/{*}b@k='w'", "b3"},
		{"message/{urn:x}a/{*}b@{urn:p}k", "b3"},
		{"message/{urn:x}a/{*}b@{urn:p}k='p'", "b3"},
		{"message/{urn:x}a/{*}b@{urn:q}k", "-"},
		{"message/{urn:x}a/{*}b@{urn:p}id", "-"},
		{"message/*/*/*", "d"},
		{"message/*/{*}b/d", "d"},
		{"message/{urn:x}a/b/d", "-"},
		{"message/{urn:x}a/{urn:y}b/d", "d"},
		{"message/*/*/*/*", "-"},
		{"message/{urn:x}a/c@k=\"it's\"", "c"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_leads_to(cases[i].path, xml, cases[i].id);
	}
}

/* Names that the context does not know are compared as text. */
static void unknown_names_are_found(void **state)
{
	(void)state;
	assert_leads_to("message/{urn:never-seen}neverseen/alsonever",
		"<message><neverseen xmlns='urn:never-seen'><alsonever id='1'/></neverseen>"
		"</message>",
		"1");
}

/* A namespace may have every character but a closing brace: slashes and quotes too. */
static void a_namespace_may_look_like_a_path(void **state)
{
	(void)state;
	assert_leads_to("message/{http://a/b@c='d'}x@k='/{}@'",
		"<message><x xmlns=\"http://a/b@c='d'\" k='/{}@' id='1'/></message>", "1");
}

static void no_root_has_no_element(void **state)
{
	(void)state;
	struct envoi_path *path;
	assert_int_equal(envoi_path_new(&path, context, "*", NULL), ENVOI_OK);
	assert_null(envoi_path_find(path, NULL));
	envoi_path_free(path);
	envoi_path_free(NULL);
}

static void a_bad_path_is_refused_with_place_and_reason(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		size_t at;
		const char *why;
	} cases[] = {
		{"", 0, "a name is expected"},
		{"/", 0, "a name is expected"},
		{"/message", 0, "a name is expected"},
		{"message/", 8, "a name is expected"},
		{"message//body", 8, "a name is expected"},
		{" message", 0, "a name is expected"},
		{"message /body", 0, "a name is expected"},
		{"message/1", 8, "a name is expected"},
		{"message/a:b", 8, "a name is expected"},
		{"message/a=b", 8, "a name is expected"},
		{"message/{urn:x}", 15, "a name is expected"},
		{"message/{urn:x}/a", 15, "a name is expected"},
		{"message/{urn:x", 8, "a brace is not closed"},
		{"message/{urn:x\001}a", 9, "not the name of a namespace"},
		{"message/{http://www.w3.org/2000/xmlns/}a", 9, "not the name of a namespace"},
		{"message/**", 9, "/, @ or the end is expected"},
		{"message/*a", 9, "/, @ or the end is expected"},
		{"message@", 8, "a name is expected"},
		{"message@=", 8, "a name is expected"},
		{"message@/a", 8, "a name is expected"},
		{"message@a@b", 8, "a name is expected"},
		{"message@{*}a", 8, "an attribute has one namespace or none"},
		{"message@{urn:x", 8, "a brace is not closed"},
		{"message@{urn:x}", 15, "a name is expected"},
		{"message@a=", 10, "a value in quotes is expected"},
		{"message@a=b", 10, "a value in quotes is expected"},
		{"message@a='b", 10, "a quote is not closed"},
		{"message@a='b\"", 10, "a quote is not closed"},
		{"message@a='b'c", 13, "/ or the end is expected"},
		{"message@a='b'@c", 13, "/ or the end is expected"},
		{"message@a='b'/", 14, "a name is expected"},
		{TEN_STEPS TEN_STEPS TEN_STEPS "*/*/*", 64, "more than 32 steps"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct envoi_path *path = NULL;
		struct envoi_path_problem problem = {0, "none"};
		int r = envoi_path_new(&path, context, cases[i].path, &problem);
		if (r != ENVOI_ERR_INVALID || problem.at != cases[i].at ||
			strcmp(problem.why, cases[i].why) != 0) {
			fail_msg("\"%s\": %s at %zu: %s", cases[i].path, envoi_error_name(r),
				problem.at, problem.why);
		}
		assert_null(path);
		assert_int_equal(
			envoi_path_new(&path, context, cases[i].path, NULL), ENVOI_ERR_INVALID);
	}
}

static void a_path_has_32_steps_at_most(void **state)
{
	(void)state;
	struct envoi_path *path;
	assert_int_equal(envoi_path_new(&path, context, TEN_STEPS TEN_STEPS TEN_STEPS "*/*", NULL),
		ENVOI_OK);
	envoi_path_free(path);
}

/* Whatever the bytes, a path is compiled or refused at a byte of it. */
static void random_paths_are_compiled_or_refused(void **state)
{
	(void)state;
	static const char letters[] = "{}*@='\"/ab:\xc3\xa4";
	struct envoi_element *root = element_from_text(
		context, "<a><b a='b'><a xmlns='a' b=''/></b></a>");
	uint32_t random = 1;
	for (int n = 0; n < 20000; n++) {
		char text[16];
		size_t len = (size_t)n % sizeof(text);
		for (size_t i = 0; i < len; i++) {
			random = random * 1664525 + 1013904223;
			text[i] = letters[(random >> 16) % (sizeof(letters) - 1)];
		}
		text[len] = '\0';
		struct envoi_path *path;
		struct envoi_path_problem problem;
		if (envoi_path_new(&path, context, text, &problem) == ENVOI_OK) {
			(void)envoi_path_find(path, root);
			envoi_path_free(path);
		} else {
			assert_true(problem.at <= len);
			assert_non_null(problem.why);
		}
	}
	envoi_element_unref(root);
}

static void without_memory_there_is_no_path(void **state)
{
	(void)state;
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	struct envoi_context *poor;
	struct envoi_path *path;
	assert_int_equal(
		envoi_context_new(&poor, &(struct envoi_context_options){.allocator = functions}),
		ENVOI_OK);
	allocator.fail_at = allocator.calls + 1;
	assert_int_equal(envoi_path_new(&path, poor, "message/body", NULL), ENVOI_ERR_NOMEM);
	allocator.fail_at = 0;
	envoi_context_unref(poor);
	assert_int_equal(allocator.live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_leads_to_the_first_element_of_its_last_step),
		cmocka_unit_test(unknown_names_are_found),
		cmocka_unit_test(a_namespace_may_look_like_a_path),
		cmocka_unit_test(no_root_has_no_element),
		cmocka_unit_test(a_bad_path_is_refused_with_place_and_reason),
		cmocka_unit_test(a_path_has_32_steps_at_most),
		cmocka_unit_test(random_paths_are_compiled_or_refused),
		cmocka_unit_test(without_memory_there_is_no_path),
	};
	return cmocka_run_group_tests_name("xml/path", tests, setup, teardown);
}
