/*
 * envoi - Software Version: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/software_version.h>

#include "test_allocator.h"
#include "wire.h"

static const char question[] =
	"<iq type='get' id='v1' from='a@b/c'><query xmlns='jabber:iq:version'/></iq>";

struct fixture {
	struct wire wire;
	struct envoi_handler *handler; /* attached */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	wire_init(&f->wire, NULL);
	wire_go_online(&f->wire);
	*state = f;
	return 0;
}

static void detach(struct fixture *f)
{
	if (f->handler != NULL) {
		envoi_session_remove(f->wire.session, f->handler);
		envoi_handler_destroy(f->handler);
		f->handler = NULL;
	}
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	detach(f);
	wire_finish(&f->wire);
	free(f);
	return 0;
}

static void attach(struct fixture *f, const struct envoi_software_version *about)
{
	assert_int_equal(
		envoi_software_version_handler_new(&f->handler, f->wire.context, about), ENVOI_OK);
	assert_int_equal(envoi_session_add(f->wire.session, f->handler), ENVOI_OK);
}

static void without_a_handler_no_version_is_sent(void **state)
{
	struct fixture *f = *state;
	assert_non_null(strstr(wire_talk(&f->wire, question), "service-unavailable"));
}

static void exactly_the_given_version_is_sent(void **state)
{
	struct fixture *f = *state;
	struct envoi_software_version about = {.name = "<bot>", .version = "1.0"};
	attach(f, &about);
	about = (struct envoi_software_version){.name = "changed"};
	assert_string_equal(wire_talk(&f->wire, question),
		"<iq type='result' to='a@b/c' id='v1'><query xmlns='jabber:iq:version'>"
		"<name>&lt;bot&gt;</name><version>1.0</version></query></iq>");
	assert_non_null(strstr(
		wire_talk(&f->wire,
			"<iq type='get' id='v1' from='a@b/c'>"
			"<query xmlns='jabber:iq:version'><name/><name/><os>x</os></query></iq>"),
		"<version>1.0</version></query>"));
	detach(f);
	assert_non_null(strstr(wire_talk(&f->wire, question), "service-unavailable"));
}

static void the_operating_system_is_sent_when_given(void **state)
{
	struct fixture *f = *state;
	attach(f,
		&(struct envoi_software_version){.name = "bot", .version = "1.0", .os = "Debian"});
	assert_non_null(strstr(wire_talk(&f->wire, question), "<os>Debian</os></query>"));
}

static void an_invalid_version_is_refused(void **state)
{
	struct fixture *f = *state;
	static const struct envoi_software_version wrong[] = {
		{.name = "bot"},
		{.version = "1.0"},
		{.name = "\x01", .version = "1.0"},
		{.name = "bot", .version = "\xff"},
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(
			envoi_software_version_handler_new(&f->handler, f->wire.context, &wrong[i]),
			ENVOI_ERR_INVALID);
	}
	assert_null(f->handler);
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
	struct wire *wire = &((struct fixture *)*state)->wire;
	struct seen seen = {.code = 1};
	char id[64], reply[300];
	assert_int_equal(
		envoi_software_version_get(wire->session, "a@b/c", 0, on_version, &seen, NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	const char *heard = wire_heard(wire);
	assert_non_null(strstr(heard, "<query xmlns='jabber:iq:version'/>"));
	assert_int_equal(sscanf(strstr(heard, " id='"), " id='%63[^']'", id), 1);
	snprintf(reply, sizeof(reply),
		"<iq type='result' id='%s' from='a@b/c'><query xmlns='jabber:iq:version'>"
		"<name>Exodus</name><version>0.7</version></query></iq>",
		id);
	wire_talk(wire, reply);
	assert_int_equal(seen.code, ENVOI_OK);
	assert_string_equal(seen.name, "Exodus 0.7");
	assert_false(seen.has_os);
}

static void a_request_without_address_is_for_the_server(void **state)
{
	struct wire *wire = &((struct fixture *)*state)->wire;
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
			without_a_handler_no_version_is_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(exactly_the_given_version_is_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_operating_system_is_sent_when_given, setup, teardown),
		cmocka_unit_test_setup_teardown(an_invalid_version_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_is_decoded, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_request_without_address_is_for_the_server, setup, teardown),
		cmocka_unit_test(a_failed_allocation_is_reported),
	};
	return cmocka_run_group_tests_name("ext/software_version", tests, NULL, NULL);
}
