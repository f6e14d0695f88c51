/*
 * envoi - SASL, receiving side: what happens while an account is looked up: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "accept_fixture.h"
#include "stream_fixture.h"

#define SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define ERROR(condition) \
	"<stream:error><" condition " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
#define CLIENT_HEADER \
	"<stream:stream xmlns='jabber:client' to='example.org' version='1.0' " \
	"xmlns:stream='http://etherx.jabber.org/streams'>"
#define SERVER_HEADER \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"id='*' from='example.org' version='1.0'>"
#define AUTH "<auth " SASL " mechanism='PLAIN'>AHVzZXIAcGVuY2ls</auth>"

static struct stream_fixture fixture;
static struct envoi_sasl_lookup *pending; /* NULL: none */
static unsigned int lookups, cancels;

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	(void)directory;
	assert_null(pending);
	pending = lookup;
	lookups++;
}

static void cancel(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	(void)directory;
	assert_ptr_equal(lookup, pending);
	pending = NULL;
	cancels++;
}

static const struct envoi_sasl_directory_impl directory_impl = {
	.look_up = look_up, .cancel = cancel};
static struct envoi_sasl_directory directory = {.impl = &directory_impl};

static int setup(void **state)
{
	(void)state;
	struct envoi_handler *handler;
	stream_fixture_init(&fixture);
	fixture.options.required = ENVOI_STREAM_AUTHENTICATED;
	pending = NULL;
	lookups = cancels = 0;
	assert_int_equal(
		envoi_settings_set(fixture.settings, "sasl.mechanisms", "PLAIN"), ENVOI_OK);
	assert_int_equal(
		envoi_sasl_receiver_new(&handler, fixture.context, fixture.settings, &directory),
		ENVOI_OK);
	stream_fixture_make_receiver(&fixture);
	stream_fixture_add(&fixture, handler);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stream_fixture_finish(&fixture);
	return 0;
}

static void begin_to_wait(void)
{
	peer_sends(fixture.peer, CLIENT_HEADER);
	peer_expects(fixture.peer,
		SERVER_HEADER "<stream:features><mechanisms " SASL ">"
			      "<mechanism>PLAIN</mechanism></mechanisms></stream:features>");
	peer_sends(fixture.peer, AUTH);
	stream_fixture_run(&fixture, 5000);
	peer_assert_done(fixture.peer);
	assert_non_null(pending);
}

static void answer(void)
{
	struct envoi_sasl_lookup *lookup = pending;
	pending = NULL;
	envoi_sasl_lookup_answer_password(lookup, "pencil");
}

static void continue_script(void)
{
	peer_start(fixture.peer);
	stream_fixture_run(&fixture, 60000);
	peer_assert_done(fixture.peer);
}

/* What ends the stream. RFC 6120: sections 4.4, 4.9.3.13, 4.9.3.24, 11.1. */
static const struct {
	const char *xml, *answer;
	int code;
} endings[] = {
	{"</stream:stream>", "</stream:stream>", ENVOI_ERR_DISCONNECTED},
	{"<a></b>", ERROR("not-well-formed") "</stream:stream>", ENVOI_ERR_XML},
	{"<!-- x -->", ERROR("restricted-xml") "</stream:stream>", ENVOI_ERR_XML},
	{"<x xmlns='urn:x'/>", ERROR("unsupported-stanza-type") "</stream:stream>",
		ENVOI_ERR_PROTOCOL},
	{"<challenge " SASL "/>", ERROR("unsupported-stanza-type") "</stream:stream>",
		ENVOI_ERR_PROTOCOL},
};
enum {
	ENDINGS = sizeof(endings) / sizeof(endings[0]),
};

static void end_by(size_t i)
{
	begin_to_wait();
	peer_sends(fixture.peer, endings[i].xml);
	peer_expects(fixture.peer, endings[i].answer);
	continue_script();
	assert_int_equal(fixture.recorder.closed_count, 1);
	assert_int_equal(fixture.recorder.failure.code, endings[i].code);
	assert_int_equal(fixture.recorder.stanza_count, 0);
	assert_false(recorder_has(&fixture.recorder, "gained authenticated"));
}

static void start_afresh(void)
{
	teardown(NULL);
	setup(NULL);
}

static void a_lookup_is_canceled_once_where_the_stream_has_ended(void **state)
{
	(void)state;
	for (size_t i = 0; i < ENDINGS; i++) {
		end_by(i);
		recorder_free_stream(&fixture.recorder);
		assert_int_equal(lookups, 1);
		assert_int_equal(cancels, 1);
		start_afresh();
	}
}

/* The stream has ended and is not freed: the look-up is open. */
static void an_answer_behind_the_end_lets_nobody_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < ENDINGS; i++) {
		end_by(i);
		if (pending != NULL) {
			answer();
		}
		stream_fixture_run(&fixture, 60000);
		peer_assert_done(fixture.peer);
		assert_int_equal(fixture.recorder.closed_count, 1);
		assert_false(recorder_has(&fixture.recorder, "gained authenticated"));
		recorder_free_stream(&fixture.recorder);
		assert_true(cancels <= 1);
		start_afresh();
	}
}

/* The answer is given, and the peer ends the stream before the exchange continues. */
static void an_answer_and_the_end_in_one_turn_let_nobody_in(void **state)
{
	(void)state;
	begin_to_wait();
	answer();
	envoi_stream_close(fixture.recorder.stream);
	peer_expects(fixture.peer, "</stream:stream>");
	peer_sends(fixture.peer, "</stream:stream>");
	continue_script();
	assert_false(recorder_has(&fixture.recorder, "gained authenticated"));
	assert_int_equal(fixture.recorder.closed_count, 1);
	assert_int_equal(cancels, 0);
}

static void white_space_during_a_lookup_changes_nothing(void **state)
{
	(void)state;
	begin_to_wait();
	peer_sends(fixture.peer, " \n ");
	peer_start(fixture.peer);
	stream_fixture_run(&fixture, 1000);
	assert_non_null(pending);
	answer();
	peer_expects(fixture.peer, "<success " SASL "/>");
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	assert_true(recorder_has(&fixture.recorder, "gained authenticated"));
	assert_int_equal(cancels, 0);
}

static void a_connection_that_breaks_cancels_the_lookup(void **state)
{
	(void)state;
	begin_to_wait();
	peer_shuts_down(fixture.peer);
	peer_start(fixture.peer);
	stream_fixture_run(&fixture, 60000);
	assert_int_equal(fixture.recorder.closed_count, 1);
	recorder_free_stream(&fixture.recorder);
	assert_int_equal(cancels, 1);
}

static void many_elements_during_a_lookup_are_failures_of_which_few_are_allowed(void **state)
{
	(void)state;
	begin_to_wait();
	for (int i = 0; i < 5; i++) {
		peer_sends(fixture.peer, "<abort " SASL "/>");
	}
	for (int i = 0; i < 5; i++) {
		peer_expects(fixture.peer, "<failure " SASL "><aborted/></failure>");
	}
	peer_expects(fixture.peer, ERROR("policy-violation") "</stream:stream>");
	continue_script();
	assert_int_equal(lookups, 1);
	assert_int_equal(cancels, 1);
	assert_int_equal(fixture.recorder.closed_count, 1);
}

/* RFC 6120, section 4.9.3.12; an accepted connection. */
static void a_stanza_during_a_lookup_ends_the_connection(void **state)
{
	(void)state;
	static const char *const stanzas[] = {"<message to='bob@example.org'/>", "<presence/>",
		"<iq type='get' id='1'><x xmlns='y'/></iq>"};
	for (size_t i = 0; i < sizeof(stanzas) / sizeof(stanzas[0]); i++) {
		struct accept_fixture f;
		accept_fixture_init(&f, NULL);
		f.is_silent = true;
		struct peer *peer = accept_fixture_peer(&f);
		peer_sends(peer, ACCEPT_HEADER("to='example.org' version='1.0'"));
		peer_sends(peer, AUTH);
		peer_sends(peer, stanzas[i]);
		peer_start(peer);
		accept_fixture_run(&f, 15000);
		assert_non_null(strstr(peer_heard(peer), ERROR("not-authorized")));
		accept_fixture_assert_notes(&f, "opened example.org\nended - ERR_PROTOCOL\n");
		peer_free(peer);
		accept_fixture_finish(&f);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(a_lookup_is_canceled_once_where_the_stream_has_ended),
		cmocka_unit_test(a_stanza_during_a_lookup_ends_the_connection),
		CASE(an_answer_behind_the_end_lets_nobody_in),
		CASE(an_answer_and_the_end_in_one_turn_let_nobody_in),
		CASE(white_space_during_a_lookup_changes_nothing),
		CASE(a_connection_that_breaks_cancels_the_lookup),
		CASE(many_elements_during_a_lookup_are_failures_of_which_few_are_allowed),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sim/sasl_lookup", tests, NULL, NULL);
}
