/*
 * envoi - tests of reading a peer's error
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/context.h>
#include <envoi/failure.h>
#include <envoi/interfaces/transport.h>

#include "parse_one.h"
#include "stream/peer_error.h"

#define TEXT "<text xmlns='" ENVOI_NS_STREAM_ERRORS "'"

struct language_case {
	const char *lang, *text, *text_lang;
};

static void the_text_in_the_preferred_language_is_taken(void **state)
{
	(void)state;
	static const struct language_case cases[] = {
		{"de", "zwei", "de"},
		{"de-AT", "zwei", "de"},
		{"fr", "trois", "fr-CA"},
		{"nl", "one", "en"},
		{NULL, "one", "en"},
	};
	struct envoi_context *context;
	assert_int_equal(envoi_context_new(&context, NULL), ENVOI_OK);
	struct envoi_element *error = parse_one(context,
		"<error xmlns='http://etherx.jabber.org/streams'><x xmlns='urn:x'/>"
		"<conflict xmlns='" ENVOI_NS_STREAM_ERRORS "'/>" TEXT
		" xml:lang='fr-CA'>trois</text>" TEXT ">one</text>" TEXT
		" xml:lang='de'>zwei</text>" TEXT " xml:lang='de'>zwo</text></error>");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct envoi_failure failure;
		envoi_failure_set(&failure, context, ENVOI_PHASE_NONE, ENVOI_ERR_STREAM, NULL);
		struct envoi__peer_error said = envoi__peer_error_read(
			error, ENVOI_NS_STREAM_ERRORS, cases[i].lang);
		envoi__peer_error_put(&said, &failure);
		assert_string_equal(failure.condition, "conflict");
		assert_string_equal(failure.application, "x");
		assert_string_equal(failure.text, cases[i].text);
		assert_string_equal(failure.text_lang, cases[i].text_lang);
		envoi_failure_finish(&failure);
	}
	envoi_element_unref(error);
	envoi_context_unref(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_in_the_preferred_language_is_taken),
	};
	return cmocka_run_group_tests_name("stream/peer_error", tests, NULL, NULL);
}
