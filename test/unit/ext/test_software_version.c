/*
 * envoi - Software Version: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/software_version.h>

#include "test_allocator.h"
#include "wire.h"

static const char question[] =
	"<iq type='get' id='v1' from='a@b/c'><query xmlns='jabber:iq:version'/></iq>";

static void attach(struct wire *wire, const struct envoi_software_version *about)
{
	struct envoi_handler *handler;
	assert_int_equal(
		envoi_software_version_handler_new(&handler, wire->context, about), ENVOI_OK);
	wire_add(wire, handler);
}

static void without_a_handler_no_version_is_sent(void **state)
{
	struct wire *wire = *state;
	assert_non_null(strstr(wire_talk(wire, question), "service-unavailable"));
}

static void exactly_the_given_version_is_sent(void **state)
{
	struct wire *wire = *state;
	struct envoi_software_version about = {.name = "<bot>", .version = "1.0"};
	attach(wire, &about);
	about = (struct envoi_software_version){.name = "changed"};
	assert_string_equal(wire_talk(wire, question),
		"<iq type='result' to='a@b/c' id='v1'><query xmlns='jabber:iq:version'>"
		"<name>&lt;bot&gt;</name><version>1.0</version></query></iq>");
	assert_non_null(strstr(
		wire_talk(wire,
			"<iq type='get' id='v1' from='a@b/c'>"
			"<query xmlns='jabber:iq:version'><name/><name/><os>x</os></query></iq>"),
		"<version>1.0</version></query>"));
	wire_remove(wire);
	assert_non_null(strstr(wire_talk(wire, question), "service-unavailable"));
}

static void the_operating_system_is_sent_when_given(void **state)
{
	struct wire *wire = *state;
	attach(wire,
		&(struct envoi_software_version){.name = "bot", .version = "1.0", .os = "Debian"});
	assert_non_null(strstr(wire_talk(wire, question), "<os>Debian</os></query>"));
}

static void an_invalid_version_is_refused(void **state)
{
	struct wire *wire = *state;
	static const struct envoi_software_version wrong[] = {
		{.name = "bot"},
		{.version = "1.0"},
		{.name = "\x01", .version = "1.0"},
		{.name = "bot", .version = "\xff"},
	};
	struct envoi_handler *handler = NULL;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(
			envoi_software_version_handler_new(&handler, wire->context, &wrong[i]),
			ENVOI_ERR_INVALID);
	}
	assert_null(handler);
}

struct seen {
	int code;
	char name[20];
	bool has_os;
};

static void on_version(void *user, const struct envoi_answer *answer)
{
	struct seen *seen = user;
	const struct envoi_software_version *version = envoi_answer_payload(answer);
	seen->code = envoi_answer_code(answer);
	if (version != NULL) {
		snprintf(seen->name, sizeof(seen->name), "%s %s", version->name, version->version);
		seen->has_os = version->os != NULL;
	}
}

static void an_answer_is_decoded(void **state)
{
	struct wire *wire = *state;
	struct seen seen = {.code = 1};
	assert_int_equal(
		envoi_software_version_get(wire->session, "a@b/c", 0, on_version, &seen, NULL),
		ENVOI_OK);
	const char *request = wire_answer(wire, "a@b/c",
		"<query xmlns='jabber:iq:version'><name>Exodus</name><version>0.7</version></query>");
	assert_non_null(strstr(request, "<query xmlns='jabber:iq:version'/>"));
	assert_int_equal(seen.code, ENVOI_OK);
	assert_string_equal(seen.name, "Exodus 0.7");
	assert_false(seen.has_os);
}

static void a_request_without_address_is_for_the_server(void **state)
{
	struct wire *wire = *state;
	struct seen seen = {.code = 1};
	assert_int_equal(
		envoi_software_version_get(wire->session, NULL, 0, on_version, &seen, NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_heard(wire), " to='example.org'"));
	wire_free_session(wire); /* ends the request, which has a pointer to `seen` */
}

static void a_failed_allocation_is_reported(void **state)
{
	(void)state;
	int r = ENVOI_ERR_NOMEM;
	for (size_t k = 2; r == ENVOI_ERR_NOMEM; k++) {
		struct test_allocator allocator = {.fail_at = k};
		struct envoi_context *context;
		struct envoi_handler *handler = NULL;
		assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
		r = envoi_software_version_handler_new(&handler, context,
			&(struct envoi_software_version){.name = "a", .version = "b"});
		envoi_handler_destroy(handler);
		envoi_context_unref(context);
		assert_int_equal(allocator.live, 0);
	}
	assert_int_equal(r, ENVOI_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			without_a_handler_no_version_is_sent, wire_setup_online, wire_teardown),
		cmocka_unit_test_setup_teardown(
			exactly_the_given_version_is_sent, wire_setup_online, wire_teardown),
		cmocka_unit_test_setup_teardown(
			the_operating_system_is_sent_when_given, wire_setup_online, wire_teardown),
		cmocka_unit_test_setup_teardown(
			an_invalid_version_is_refused, wire_setup_online, wire_teardown),
		cmocka_unit_test_setup_teardown(
			an_answer_is_decoded, wire_setup_online, wire_teardown),
		cmocka_unit_test_setup_teardown(a_request_without_address_is_for_the_server,
			wire_setup_online, wire_teardown),
		cmocka_unit_test(a_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests_name("ext/software_version", tests, NULL, NULL);
}
