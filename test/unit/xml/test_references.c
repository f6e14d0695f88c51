/*
 * envoi - references in attribute values: tests
 * SPDX-License-Identifier: MIT
 *
 * Private headers: values reach this function only in stanzas that are skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/error.h>

#include "xml/reference.h"

static const struct {
	const char *text, *value; /* NULL: malformed */
} values[] = {
	{"", ""},
	{"plain", "plain"},
	{"a\tb\nc\rd\r\ne", "a b c d e"},
	{"&lt;&gt;&amp;&quot;&apos;", "<>&\"'"},
	{"&#65;&#x42;&#x0043;", "ABC"},
	{"&#x7f;&#x80;&#x7ff;", "\x7f\xc2\x80\xdf\xbf"},
	{"&#x800;&#xd7ff;&#xe000;&#xfffd;", "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd"},
	{"&#x10000;&#x10ffff;", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
	{"&#9;&#10;&#13;", "\t\n\r"},
	{"&#0;", NULL},
	{"&#1;", NULL},
	{"&#x1f;", NULL},
	{"&#xd800;", NULL},
	{"&#xdfff;", NULL},
	{"&#xfffe;", NULL},
	{"&#xffff;", NULL},
	{"&#x110000;", NULL},
	{"&#99999999999;", NULL},
	{"&#;", NULL},
	{"&#x;", NULL},
	{"&#X41;", NULL},
	{"&#4a;", NULL},
	{"&#65", NULL},
	{"&#6", NULL},
	{"&#", NULL},
	{"&", NULL},
	{"&;", NULL},
	{"&lt", NULL},
	{"&LT;", NULL},
	{"&nbsp;", NULL},
	{"a&b", NULL},
};

static void references_are_replaced_or_refused(void **state)
{
	struct envoi_context *context;
	(void)state;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct envoi__arena arena;
		char *value = NULL;
		envoi__arena_init(&arena, context);
		int r = envoi__references_replace(
			&value, &arena, values[i].text, strlen(values[i].text));
		if (r != (values[i].value == NULL ? ENVOI_ERR_XML : ENVOI_OK) ||
			(r == ENVOI_OK && strcmp(value, values[i].value) != 0)) {
			fail_msg("%s: %d, %s", values[i].text, r, r == ENVOI_OK ? value : "none");
		}
		envoi__arena_finish(&arena);
	}
	envoi_context_unref(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_are_replaced_or_refused),
	};
	return cmocka_run_group_tests_name("xml/references", tests, NULL, NULL);
}
