/*
 * envoi - In-Band Registration: tests
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

#include <envoi/ext/registration.h>

#include "stanzas.h"
#include "stream_fixture.h"
#include "test_allocator.h"
#include "wire.h"
#include "xep_examples.h"

#define QUERY(content) "<query xmlns='jabber:iq:register'>" content "</query>"
#define ERROR(condition) \
	"<error type='cancel'><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"

static char bill[] = "bill", calliope[] = "Calliope", empty[] = "";

/* --- after the login --- */

static void on_fields(void *user, const struct envoi_answer *answer)
{
	struct wire *wire = user;
	const struct envoi_registration *fields = envoi_answer_payload(answer);
	assert_non_null(fields);
	write_text(&wire->log, "%s%s%s%s%s\n", fields->is_registered ? "registered " : "",
		envoi_registration_has_fields(fields) ? "fields " : "",
		fields->username == NULL ? "" : "username ", fields->form == NULL ? "" : "form ",
		fields->site == NULL ? "" : fields->site->url);
}

static void fields_are_requested(void **state)
{
	struct wire *wire = *state;
	static const struct {
		const char *answer, *log;
	} cases[] = {
		{QUERY("<instructions>x</instructions><username/><password/>"),
			"fields username \n"},
		{QUERY("<registered/><username>juliet</username>"),
			"registered fields username \n"},
		{QUERY("<instructions>x</instructions><x xmlns='jabber:x:oob'><url>http://a</url></x>"),
			"http://a\n"},
		{QUERY("<username/><x xmlns='jabber:x:data' type='form'/>"),
			"fields username form \n"},
		{QUERY("<instructions>x</instructions>"), "\n"},
		{QUERY("<x xmlns='jabber:x:data' type='?'/><key>k</key>"), "\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			envoi_registration_get(wire->session, "contests.example", on_fields, wire),
			ENVOI_OK);
		assert_non_null(strstr(wire_answer(wire, "contests.example", cases[i].answer),
			"><query xmlns='jabber:iq:register'/></iq>"));
		assert_string_equal(wire_log(wire), cases[i].log);
	}
}

static void a_form_is_sent_alone(void **state)
{
	struct wire *wire = *state;
	struct envoi_form form = {.kind = ENVOI_FORM_SUBMIT};
	struct envoi_registration filled = {.username = bill,
		.password = calliope,
		.instructions = bill,
		.is_registered = true};
	assert_int_equal(
		envoi_registration_submit(wire->session, NULL, &filled, wire_on_answer, wire),
		ENVOI_OK);
	filled.form = &form;
	assert_int_equal(
		envoi_registration_submit(wire->session, NULL, &filled, wire_on_answer, wire),
		ENVOI_OK);
	wire_run(wire, 0);
	const char *sent = wire_heard(wire);
	assert_non_null(
		strstr(sent, QUERY("<username>bill</username><password>Calliope</password>")));
	assert_non_null(strstr(sent, QUERY("<x xmlns='jabber:x:data' type='submit'/>")));
}

static void what_is_empty_is_not_sent(void **state)
{
	struct wire *wire = *state;
	const struct envoi_registration cases[] = {{.instructions = bill},
		{.username = bill, .password = empty}, {.is_removed = true}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(envoi_registration_submit(
					 wire->session, NULL, &cases[i], wire_on_answer, wire),
			ENVOI_ERR_INVALID);
	}
	assert_int_equal(envoi_registration_submit(wire->session, NULL, NULL, wire_on_answer, wire),
		ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_registration_change_password(wire->session, "", wire_on_answer, wire),
		ENVOI_ERR_INVALID);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "");
}

static void a_password_is_changed(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(
		envoi_registration_change_password(wire->session, "newpass", wire_on_answer, wire),
		ENVOI_OK);
	wire_run(wire, 0);
	const char *sent = wire_heard(wire);
	assert_non_null(strstr(sent, " to='example.org'"));
	assert_non_null(strstr(sent, QUERY("<username>me</username><password>newpass</password>")));
}

static void a_registration_is_canceled(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(
		envoi_registration_cancel(wire->session, NULL, wire_on_answer, wire), ENVOI_OK);
	assert_non_null(strstr(wire_answer_account(wire, "result", ""), QUERY("<remove/>")));
	assert_int_equal(
		envoi_registration_cancel(wire->session, "a.b", wire_on_answer, wire), ENVOI_OK);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_heard(wire), " to='a.b'"));
	assert_string_equal(wire_log(wire), "answer ENVOI_OK success\n");
}

/* --- before the login --- */

static struct {
	struct stream_fixture stream;
	struct envoi_handler *handler;
	char log[300];
	const char *frees_at;
	struct envoi_registration answer; /* submitted when asked, if it has a username */
} t;

static void note(const char *event)
{
	strcat(strcat(t.log, event), " ");
	if (t.frees_at != NULL && strcmp(t.frees_at, event) == 0) {
		t.frees_at = NULL;
		recorder_free_stream(&t.stream.recorder);
	}
}

static void on_asked(
	void *user, const struct envoi_registration *fields, const struct envoi_stanza_error *error)
{
	(void)user;
	assert_true((fields == NULL) != (error == NULL));
	if (error != NULL) {
		note(envoi_stanza_condition_name(error->condition));
	} else {
		note(fields->username == NULL ? "asked-nothing" : "asked");
	}
	if (t.answer.username != NULL && t.stream.recorder.stream != NULL) {
		assert_int_equal(envoi_registration_login_submit(t.handler, &t.answer), ENVOI_OK);
	}
}

static void on_registered(void *user)
{
	(void)user;
	note("registered");
}

static const struct envoi_registration_login_events events = {
	.asked = on_asked, .registered = on_registered};

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	stream_fixture_init(&t.stream);
	assert_int_equal(envoi_registration_login_new(&t.handler, t.stream.context, &events, NULL),
		ENVOI_OK);
	stream_fixture_add(&t.stream, t.handler);
	stream_fixture_add_login(&t.stream);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stream_fixture_finish(&t.stream);
	return 0;
}

#define ASKS "<iq type='get' id='$g' to='example.org'>" QUERY("") "</iq>"
#define FIELDS "<iq type='result' id='$g'>" QUERY("<instructions/><username/><password/>") "</iq>"
#define SUBMITS \
	"<iq type='set' id='$s' to='example.org'>" QUERY( \
		"<username>bill</username><password>Calliope</password>") "</iq>"

static void script_begin(const char *fields)
{
	struct peer *peer = t.stream.peer;
	stream_fixture_script_headers(peer);
	peer_sends(peer, "<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(peer, ASKS);
	peer_sends(peer, fields);
}

static void script_rest(void)
{
	struct peer *peer = t.stream.peer;
	peer_expects(peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(peer);
	stream_fixture_script_headers(peer);
	peer_sends(peer, "<stream:features>" BIND_OFFER "</stream:features>");
	peer_expects(peer,
		"<iq type='set' id='$i'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq>");
	peer_sends(peer,
		"<iq type='result' id='$i'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<jid>alice@example.org/desk</jid></bind></iq>");
}

static void an_account_is_made_before_the_login(void **state)
{
	(void)state;
	t.answer = (struct envoi_registration){.username = bill, .password = calliope};
	script_begin(FIELDS);
	peer_expects(t.stream.peer, SUBMITS);
	peer_sends(t.stream.peer, "<iq type='result' id='$s'/>");
	script_rest();
	stream_fixture_run(&t.stream, 1000);
	peer_assert_done(t.stream.peer);
	assert_true(recorder_has(&t.stream.recorder, "ready"));
	assert_string_equal(t.log, "asked registered ");
	assert_int_equal(envoi_registration_login_submit(t.handler, &t.answer), ENVOI_ERR_STATE);
}

static void a_refused_name_is_asked_for_again(void **state)
{
	(void)state;
	script_begin(FIELDS);
	stream_fixture_run(&t.stream, 1000);
	assert_string_equal(t.log, "asked ");
	const struct envoi_registration filled = {.username = bill, .password = calliope};
	const struct envoi_registration nothing = {.instructions = bill};
	assert_int_equal(envoi_registration_login_submit(t.handler, &nothing), ENVOI_ERR_INVALID);
	peer_expects(t.stream.peer, SUBMITS);
	peer_sends(t.stream.peer, "<iq type='error' id='$s'>" ERROR("conflict") "</iq>");
	assert_int_equal(envoi_registration_login_submit(t.handler, &filled), ENVOI_OK);
	assert_int_equal(envoi_registration_login_submit(t.handler, &filled), ENVOI_ERR_STATE);
	stream_fixture_run(&t.stream, 1000);
	assert_string_equal(t.log, "asked conflict ");
	envoi_registration_login_give_up(t.handler);
	stream_fixture_run(&t.stream, 10000);
	recorder_assert_closed(&t.stream.recorder, ENVOI_PHASE_SASL, ENVOI_ERR_CANCELED);
	envoi_registration_login_give_up(t.handler);
}

static void a_server_that_does_not_register_ends_the_login(void **state)
{
	(void)state;
	script_begin("<iq type='error' id='$g'>" ERROR("service-unavailable") "</iq>");
	stream_fixture_run(&t.stream, 10000);
	recorder_assert_closed(&t.stream.recorder, ENVOI_PHASE_SASL, ENVOI_ERR_STANZA);
	assert_string_equal(t.log, "");
}

static void a_malformed_answer_ends_the_login(void **state)
{
	(void)state;
	script_begin("<iq type='result' id='$g'/>");
	stream_fixture_run(&t.stream, 10000);
	recorder_assert_closed(&t.stream.recorder, ENVOI_PHASE_SASL, ENVOI_ERR_PROTOCOL);
}

static void a_server_that_does_not_answer_times_out(void **state)
{
	(void)state;
	script_begin("");
	stream_fixture_run(&t.stream, 600000);
	recorder_assert_closed(&t.stream.recorder, ENVOI_PHASE_SASL, ENVOI_ERR_TIMEOUT);
}

/* The password would be read by others. */
static void nothing_is_sent_without_tls(void **state)
{
	(void)state;
	t.stream.is_plain = true;
	t.stream.options.required = ENVOI_STREAM_AUTHENTICATED;
	peer_expects(t.stream.peer,
		"<stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>");
	peer_sends(t.stream.peer, STREAM_HEADER_IN);
	peer_sends(t.stream.peer, "<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(t.stream.peer, "<ask xmlns='urn:example:fake-auth'/>");
	stream_fixture_run(&t.stream, 1000);
	peer_assert_done(t.stream.peer);
	assert_string_equal(t.log, "");
}

static void the_stream_may_be_freed_inside(void **state)
{
	static const char *const places[] = {"asked", "conflict", "registered"};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		t.answer = (struct envoi_registration){.username = bill, .password = calliope};
		t.frees_at = places[i];
		script_begin(FIELDS);
		peer_expects(t.stream.peer, SUBMITS);
		peer_sends(t.stream.peer,
			i == 1 ? "<iq type='error' id='$s'>" ERROR("conflict") "</iq>"
			       : "<iq type='result' id='$s'/>");
		stream_fixture_run(&t.stream, 1000);
		assert_null(t.frees_at);
		assert_int_equal(
			envoi_registration_login_submit(t.handler, &t.answer), ENVOI_ERR_STATE);
		teardown(state);
		setup(state);
	}
}

static void a_handler_needs_a_function(void **state)
{
	(void)state;
	const struct envoi_registration_login_events nothing = {.registered = on_registered};
	struct envoi_handler *handler;
	assert_int_equal(envoi_registration_login_new(&handler, t.stream.context, &nothing, NULL),
		ENVOI_ERR_INVALID);
	assert_int_equal(envoi_registration_login_new(&handler, t.stream.context, NULL, NULL),
		ENVOI_ERR_INVALID);
}

static void a_failed_allocation_is_reported(void **state)
{
	(void)state;
	struct test_allocator allocator = {.fail_at = 0};
	struct envoi_context *context;
	struct envoi_handler *handler;
	const struct envoi_context_options options = {
		.allocator = test_allocator_functions(&allocator)};
	assert_int_equal(envoi_context_new(&context, &options), ENVOI_OK);
	allocator.fail_at = allocator.calls + 1;
	assert_int_equal(
		envoi_registration_login_new(&handler, context, &events, NULL), ENVOI_ERR_NOMEM);
	allocator.fail_at = 0;
	envoi_context_unref(context);
	assert_int_equal(allocator.live, 0);
}

static void the_examples_are_read_and_written(void **state)
{
	(void)state;
	static const struct xep_table tables[] = {
		{&envoi_registration_type, NULL},
		{NULL, NULL},
	};
	static const char *const exceptions[] = {NULL};
	assert_int_equal(xep_examples_check("0077", tables, exceptions), 20);
}

#define ONLINE(name) cmocka_unit_test_setup_teardown(name, wire_setup_online, wire_teardown)
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONLINE(fields_are_requested),
		ONLINE(a_form_is_sent_alone),
		ONLINE(what_is_empty_is_not_sent),
		ONLINE(a_password_is_changed),
		ONLINE(a_registration_is_canceled),
		TEST(an_account_is_made_before_the_login),
		TEST(a_refused_name_is_asked_for_again),
		TEST(a_server_that_does_not_register_ends_the_login),
		TEST(a_malformed_answer_ends_the_login),
		TEST(a_server_that_does_not_answer_times_out),
		TEST(nothing_is_sent_without_tls),
		TEST(the_stream_may_be_freed_inside),
		TEST(a_handler_needs_a_function),
		cmocka_unit_test(a_failed_allocation_is_reported),
		cmocka_unit_test(the_examples_are_read_and_written),
	};
	return cmocka_run_group_tests_name("ext/registration", tests, NULL, NULL);
}
