/*
 * envoi - vcard-temp: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/vcard.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define VCARD(content) "<vCard xmlns='vcard-temp'>" content "</vCard>"

static void on_vcard(void *user, const struct envoi_answer *answer)
{
	struct wire *wire = user;
	const struct envoi_vcard *vcard = envoi_answer_payload(answer);
	write_text(&wire->log, "%s %s", envoi_error_name(envoi_answer_code(answer)),
		vcard == NULL || vcard->full_name == NULL ? "-" : vcard->full_name);
	for (size_t i = 0; vcard != NULL && i < vcard->phone_count; i++) {
		write_text(&wire->log, " %s%s", vcard->phones[i].is_work ? "work " : "",
			vcard->phones[i].number);
	}
	for (size_t i = 0; vcard != NULL && i < vcard->photo_count; i++) {
		write_text(&wire->log, " %.*s", (int)vcard->photos[i].bytes.len,
			(const char *)vcard->photos[i].bytes.data);
	}
	for (size_t i = 0; vcard != NULL && i < vcard->other_count; i++) {
		write_text(&wire->log, " %s", envoi_element_name(vcard->others[i]));
	}
}

/* --- requests: section 3 --- */

static void the_own_vcard_is_requested(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_vcard_get(wire->session, NULL, on_vcard, wire), ENVOI_OK);
	const char *request = wire_answer_account(wire, "result",
		VCARD("<FN>Peter</FN><TEL><WORK/><VOICE/><NUMBER>303</NUMBER></TEL>"));
	assert_non_null(strstr(request, "<iq type='get' id='"));
	assert_null(strstr(request, " to="));
	assert_non_null(strstr(request, "><vCard xmlns='vcard-temp'/></iq>"));
	assert_string_equal(wire_log(wire), "ENVOI_OK Peter work 303");
}

static void the_vcard_of_another_is_requested_from_its_address(void **state)
{
	struct wire *wire = *state;
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, wire->context, "jer@jabber.org"), ENVOI_OK);
	assert_int_equal(envoi_vcard_get(wire->session, jid, on_vcard, wire), ENVOI_OK);
	envoi_jid_unref(jid);
	wire_answer(wire, "jer@jabber.org", VCARD("<FN>Jeremie</FN>"));
	assert_string_equal(wire_log(wire), "ENVOI_OK Jeremie");
}

static void there_may_be_none(void **state)
{
	static const struct {
		const char *type, *content, *log;
	} cases[] = {
		{"result", "<vCard xmlns='vcard-temp'/>", "ENVOI_OK -"},
		{"error",
			"<error type='cancel'><item-not-found "
			"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
			"ENVOI_ERR_STANZA -"},
		{"result", "", "ENVOI_ERR_PROTOCOL -"},
		{"result", "<vCard xmlns='other'/>", "ENVOI_ERR_PROTOCOL -"},
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(envoi_vcard_get(wire->session, NULL, on_vcard, wire), ENVOI_OK);
		wire_answer_account(wire, cases[i].type, cases[i].content);
		assert_string_equal(wire_log(wire), cases[i].log);
	}
}

static void malformed_parts_are_left_out(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_vcard_get(wire->session, NULL, on_vcard, wire), ENVOI_OK);
	wire_answer_account(wire, "result",
		VCARD("<TEL><WORK/></TEL><TEL>1</TEL><TEL><NUMBER>2</NUMBER></TEL>"
		      "<TEL><NUMBER>3</NUMBER><NUMBER>4</NUMBER></TEL>"
		      "<PHOTO><BINVAL>?</BINVAL></PHOTO><PHOTO><BINVAL>YW\nJj </BINVAL></PHOTO>"
		      "<EMAIL>x</EMAIL><URL/><URL>a</URL><GEO/><X-OWN xmlns='urn:x'/>"));
	assert_string_equal(wire_log(wire), "ENVOI_OK - 2 abc GEO X-OWN");
}

static void more_than_a_vcard_has_is_malformed(void **state)
{
	struct wire *wire = *state;
	char xml[4000] = "<vCard xmlns='vcard-temp'>";
	for (int i = 0; i <= ENVOI_VCARD_MOST; i++) {
		strcat(xml, "<URL>a</URL>");
	}
	strcat(xml, "</vCard>");
	assert_int_equal(envoi_vcard_get(wire->session, NULL, on_vcard, wire), ENVOI_OK);
	wire_answer_account(wire, "result", xml);
	assert_string_equal(wire_log(wire), "ENVOI_ERR_PROTOCOL -");
}

/* What another client has written stays, as it stands. */
static struct envoi_vcard *read_vcard;

static void on_read(void *user, const struct envoi_answer *answer)
{
	const struct wire *wire = user;
	read_vcard = envoi_payload_dup(
		wire->context, &envoi_vcard_type, envoi_answer_payload(answer));
	assert_non_null(read_vcard);
}

static void a_vcard_is_changed_as_a_whole(void **state)
{
	struct wire *wire = *state;
	char name[] = "Peter";
	assert_int_equal(envoi_vcard_get(wire->session, NULL, on_read, wire), ENVOI_OK);
	wire_answer_account(wire, "result",
		VCARD("<N><GIVEN>P</GIVEN><MIDDLE/></N><NICKNAME>stp</NICKNAME>"
		      "<ORG><ORGNAME>XSF</ORGNAME><ORGUNIT/></ORG>"
		      "<X-OWN xmlns='urn:x'><y/></X-OWN>"));
	struct envoi_vcard changed = *read_vcard;
	changed.full_name = name;
	assert_int_equal(envoi_vcard_set(wire->session, &changed, on_vcard, wire), ENVOI_OK);
	const char *request = wire_answer_account(wire, "result", "");
	assert_non_null(strstr(request, "<iq type='set' id='"));
	assert_non_null(strstr(request,
		VCARD("<FN>Peter</FN><N><GIVEN>P</GIVEN><MIDDLE/></N><NICKNAME>stp</NICKNAME>"
		      "<ORG><ORGNAME>XSF</ORGNAME><ORGUNIT/></ORG>"
		      "<X-OWN xmlns='urn:x'><y/></X-OWN>")));
	assert_string_equal(wire_log(wire), "ENVOI_OK -");
	envoi_payload_free(&envoi_vcard_type, read_vcard);
}

static void what_cannot_be_written_is_refused(void **state)
{
	struct wire *wire = *state;
	char bad[] = "\1";
	struct envoi_vcard_phone phone = {.number = NULL};
	const struct envoi_vcard vcards[] = {
		{.full_name = bad}, {.phones = &phone, .phone_count = 1}};
	assert_int_equal(envoi_vcard_set(wire->session, NULL, on_vcard, wire), ENVOI_ERR_INVALID);
	for (size_t i = 0; i < sizeof(vcards) / sizeof(vcards[0]); i++) {
		assert_int_equal(envoi_vcard_set(wire->session, &vcards[i], on_vcard, wire),
			ENVOI_ERR_INVALID);
	}
}

/* --- memory --- */

static void every_failed_allocation_is_survived(void **state)
{
	bool has_failed = true;
	(void)state;
	for (size_t n = 1; has_failed; n++) {
		struct test_allocator allocator = {.fail_at = 0};
		struct wire wire = {0};
		char text[] = "303", *urls[] = {text};
		struct envoi_vcard_phone phone = {.number = text};
		const struct envoi_vcard vcard = {
			.phones = &phone, .phone_count = 1, .urls = urls, .url_count = 1};
		wire_init(&wire,
			&(struct envoi_context_options){
				.allocator = test_allocator_functions(&allocator)});
		wire_go_online(&wire);
		allocator.fail_at = allocator.calls + n;
		int r = envoi_vcard_set(wire.session, &vcard, on_vcard, &wire);
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		r = envoi_vcard_get(wire.session, NULL, on_vcard, &wire);
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		wire_run(&wire, 0);
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {{&envoi_vcard_type, NULL}, {NULL, NULL}};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0054", tables, exceptions), 9);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_own_vcard_is_requested),
		TEST(the_vcard_of_another_is_requested_from_its_address),
		TEST(there_may_be_none),
		TEST(malformed_parts_are_left_out),
		TEST(more_than_a_vcard_has_is_malformed),
		TEST(a_vcard_is_changed_as_a_whole),
		TEST(what_cannot_be_written_is_refused),
		cmocka_unit_test(every_failed_allocation_is_survived),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/vcard", tests, NULL, NULL);
}
