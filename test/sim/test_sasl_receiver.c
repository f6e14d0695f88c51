/*
 * envoi - SASL on streams, receiving side: tests
 * SPDX-License-Identifier: MIT
 */
#include "sasl_peer.h"

#include <stdio.h>
#include <string.h>

static unsigned int lookups, canceled;
static bool lookup_frees_stream, answers_later, cancel_frees_stream;
static struct envoi_sasl_lookup *pending; /* one that is answered later; NULL: none */

static void look_up(struct envoi_sasl_directory *directory, struct envoi_sasl_lookup *lookup)
{
	(void)directory;
	lookups++;
	if (lookup_frees_stream) {
		pending = lookup;
		recorder_free_stream(&fixture.recorder);
		return;
	}
	if (answers_later) {
		assert_null(pending);
		assert_string_equal(lookup->domain, "example.org");
		pending = lookup;
		return;
	}
	envoi_sasl_lookup_answer_password(
		lookup, strcmp(lookup->authcid, "user") == 0 ? "pencil" : NULL);
}

static void cancel(struct envoi_sasl_directory *its_directory, struct envoi_sasl_lookup *lookup)
{
	(void)its_directory;
	assert_ptr_equal(lookup, pending);
	assert_string_equal(lookup->authcid, "user");
	pending = NULL;
	canceled++;
	if (cancel_frees_stream) {
		recorder_free_stream(&fixture.recorder);
	}
}

static bool serves(
	struct envoi_sasl_directory *its_directory, const struct envoi_sasl_mechanism *mechanism)
{
	(void)its_directory;
	return strcmp(mechanism->name, "SCRAM-SHA-512") != 0;
}

static const struct envoi_sasl_directory_impl directory_impl = {
	.look_up = look_up,
	.cancel = cancel,
};
static struct envoi_sasl_directory directory = {.impl = &directory_impl};

static void add_receiver(void)
{
	struct envoi_handler *handler;
	lookups = canceled = 0;
	lookup_frees_stream = answers_later = cancel_frees_stream = false;
	pending = NULL;
	assert_int_equal(
		envoi_sasl_receiver_new(&handler, fixture.context, fixture.settings, &directory),
		ENVOI_OK);
	stream_fixture_make_receiver(&fixture);
	stream_fixture_add(&fixture, handler);
}

#define CLIENT_HEADER \
	"<stream:stream xmlns='jabber:client' to='example.org' version='1.0' " \
	"xmlns:stream='http://etherx.jabber.org/streams'>"
#define SERVER_HEADER \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"id='*' from='example.org' version='1.0'>"

static void script_receiver(const char *mechanisms)
{
	char xml[1024];
	peer_sends(fixture.peer, CLIENT_HEADER);
	peer_expects(fixture.peer, SERVER_HEADER);
	snprintf(xml, sizeof(xml),
		"<stream:features><mechanisms " SASL ">%s</mechanisms></stream:features>",
		mechanisms);
	peer_expects(fixture.peer, xml);
}

#define OFFERED \
	"<mechanism>SCRAM-SHA-512</mechanism><mechanism>SCRAM-SHA-256</mechanism>" \
	"<mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism>"

static void peer_sends_auth(const char *mechanism, const void *data, size_t len)
{
	char xml[2048];
	peer_sends(fixture.peer, element(xml, sizeof(xml), "auth", mechanism, data, len));
}

static void peer_expects_failure(const char *condition)
{
	char xml[256];
	snprintf(xml, sizeof(xml), "<failure " SASL "><%s/></failure>", condition);
	peer_expects(fixture.peer, xml);
}

static void run_receiver(void)
{
	stream_fixture_run(&fixture, 5000);
	peer_assert_done(fixture.peer);
}

static void a_peer_with_the_right_password_is_let_in(void **state)
{
	(void)state;
	add_receiver();
	script_receiver(OFFERED);
	peer_sends_auth("PLAIN", "\0user\0pencil", 12);
	peer_expects_data("success", NULL, "");
	peer_restarts(fixture.peer);
	peer_sends(fixture.peer, CLIENT_HEADER);
	peer_expects(fixture.peer, SERVER_HEADER "<stream:features/>");
	run_receiver();
	assert_true(recorder_has(&fixture.recorder, "gained authenticated PLAIN"));
	assert_string_equal(envoi_sasl_user(fixture.recorder.stream, fixture.handlers[0]), "user");
}

static void a_peer_may_try_again_but_not_for_ever(void **state)
{
	(void)state;
	add_receiver();
	script_receiver(OFFERED);
	static const char *const wrong[] = {"\0user\0pincel", "\0nobod\0penci", "\0\0pencil12345"};
	for (size_t i = 0; i < 3; i++) {
		peer_sends_auth("PLAIN", wrong[i], 12);
		peer_expects_failure("not-authorized");
	}
	peer_sends_auth("DIGEST-MD5", "", 0);
	peer_expects_failure("invalid-mechanism");
	peer_sends(fixture.peer, "<auth " SASL " mechanism='PLAIN'>not base64</auth>");
	peer_expects_failure("incorrect-encoding");
	peer_expects(fixture.peer,
		"<stream:error><policy-violation "
		"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		"</stream:error></stream:stream>");
	run_receiver();
	assert_false(recorder_has(&fixture.recorder, "gained authenticated"));
	assert_null(envoi_sasl_user(fixture.recorder.stream, fixture.handlers[0]));
}

static void the_number_of_attempts_is_a_setting(void **state)
{
	(void)state;
	set("sasl.max-attempts", "2");
	add_receiver();
	script_receiver(OFFERED);
	for (int i = 0; i < 2; i++) {
		peer_sends_auth("PLAIN", "\0user\0pincel", 12);
		peer_expects_failure("not-authorized");
	}
	peer_expects(fixture.peer,
		"<stream:error><policy-violation "
		"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		"</stream:error></stream:stream>");
	run_receiver();
	assert_false(recorder_has(&fixture.recorder, "gained authenticated"));
}

static void a_peer_may_begin_without_an_initial_response_and_abort(void **state)
{
	(void)state;
	add_receiver();
	script_receiver(OFFERED);
	peer_sends_auth("SCRAM-SHA-1", "", 0);
	peer_expects_data("challenge", NULL, "");
	peer_sends(fixture.peer, "<abort " SASL "/>");
	peer_expects_failure("aborted");
	peer_sends(fixture.peer, "<response " SASL "/>");
	peer_expects_failure("malformed-request");
	peer_sends_auth("PLAIN", "\0user\0pencil", 12);
	peer_expects_data("success", NULL, "");
	run_receiver();
}

/* 100,000 iterations are 25 slices, each in a turn of the loop: the stream goes within them. */
static void free_within_the_derivation(int turns)
{
	stream_fixture_start(&fixture);
	for (int i = 0; i < turns; i++) {
		assert_int_equal(envoi_loop_run_once(fixture.loop, false), ENVOI_OK);
	}
	assert_int_equal(fixture.recorder.closed_count, 0);
	recorder_free_stream(&fixture.recorder);
	assert_int_equal(envoi_loop_simulated_run_for(fixture.loop, 1000), ENVOI_OK);
	start_afresh();
}

static void the_stream_may_be_freed_while_keys_are_derived(void **state)
{
	(void)state;
	for (int turns = 4; turns <= 24; turns += 4) {
		add_initiator("user", "pencil");
		script_offer("<mechanism>SCRAM-SHA-1</mechanism>");
		peer_expects_data("auth", "SCRAM-SHA-1", CLIENT_FIRST);
		peer_sends_data(
			"challenge", "r=" CLIENT_NONCE SERVER_NONCE ",s=QSXCR+Q6sek8bf92,i=100000");
		free_within_the_derivation(turns);

		set("sasl.min-iterations", "100000");
		add_receiver();
		script_receiver(OFFERED);
		peer_sends_auth("SCRAM-SHA-1", CLIENT_FIRST, strlen(CLIENT_FIRST));
		free_within_the_derivation(turns);
	}
}

static void nothing_is_offered_in_clear(void **state)
{
	(void)state;
	fixture.is_plain = true;
	add_receiver();
	peer_sends(fixture.peer, CLIENT_HEADER);
	peer_expects(fixture.peer, SERVER_HEADER "<stream:features/>");
	peer_sends_auth("PLAIN", "\0user\0pencil", 12);
	peer_expects_failure("invalid-mechanism");
	stream_fixture_run(&fixture, 5000);
	peer_assert_done(fixture.peer);
	assert_int_equal(lookups, 0);
}

static void only_what_the_settings_name_is_offered_and_taken(void **state)
{
	(void)state;
	set("sasl.mechanisms", "SCRAM-SHA-256-PLUS SCRAM-SHA-1 X-OWN");
	add_receiver();
	script_receiver("<mechanism>SCRAM-SHA-1</mechanism>");
	peer_sends_auth("PLAIN", "\0user\0pencil", 12);
	peer_expects_failure("invalid-mechanism");
	run_receiver();
	assert_int_equal(lookups, 0);
}

/* Until the directory answers, the peer waits. */
static void begin_to_wait(void)
{
	add_receiver();
	answers_later = true;
	script_receiver(OFFERED);
	peer_sends_auth("PLAIN", "\0user\0pencil", 12);
	run_receiver();
	assert_non_null(pending);
	assert_int_equal(fixture.recorder.closed_count, 0);
}

static void answer_pending(int code, const char *password)
{
	struct envoi_sasl_lookup *lookup = pending;
	const struct envoi_sasl_account account = {.password = password};
	pending = NULL;
	envoi_sasl_lookup_answer(lookup, code, &account);
	envoi_sasl_lookup_answer(lookup, ENVOI_OK, &account); /* a second one has no effect */
}

static void an_account_may_be_found_later(void **state)
{
	(void)state;
	static const struct {
		int code;
		const char *password, *condition; /* NULL: success */
	} rows[] = {
		{ENVOI_OK, "pencil", NULL},
		{ENVOI_OK, "other", "not-authorized"},
		{ENVOI_OK, NULL, "not-authorized"},
		{ENVOI_ERR_NOT_FOUND, NULL, "not-authorized"},
		{ENVOI_ERR_DISCONNECTED, NULL, "temporary-auth-failure"},
		{ENVOI_ERR_NOMEM, NULL, "temporary-auth-failure"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin_to_wait();
		answer_pending(rows[i].code, rows[i].password);
		if (rows[i].condition != NULL) {
			peer_expects_failure(rows[i].condition);
		} else {
			peer_expects_data("success", NULL, "");
		}
		run_receiver();
		assert_int_equal(lookups, 1);
		assert_int_equal(canceled, 0);
		start_afresh();
	}
}

/* What the peer can do while its account is looked up. */
static const struct {
	const char *xml, *condition;
} interruptions[] = {
	{"<abort " SASL "/>", "aborted"},
	{"<response " SASL ">AA==</response>", "malformed-request"},
	{"<response " SASL "/>", "malformed-request"},
	{"<auth " SASL " mechanism='PLAIN'>AHVzZXIAcGVuY2ls</auth>", "malformed-request"},
};

static void a_lookup_is_canceled_where_the_peer_ends_the_exchange(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(interruptions) / sizeof(interruptions[0]); i++) {
		begin_to_wait();
		peer_sends(fixture.peer, interruptions[i].xml);
		peer_start(fixture.peer);
		peer_expects_failure(interruptions[i].condition);
		answers_later = false;
		peer_sends_auth("PLAIN", "\0user\0pencil", 12);
		peer_expects_data("success", NULL, "");
		run_receiver();
		assert_int_equal(canceled, 1);
		start_afresh();
	}
}

static void everything_may_be_freed_where_a_lookup_is_canceled(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(interruptions) / sizeof(interruptions[0]); i++) {
		begin_to_wait();
		cancel_frees_stream = true;
		peer_sends(fixture.peer, interruptions[i].xml);
		peer_start(fixture.peer);
		stream_fixture_run(&fixture, 5000);
		assert_int_equal(canceled, 1);
		assert_int_equal(fixture.recorder.after_free, 0);
		start_afresh();
	}
	begin_to_wait();
	recorder_free_stream(&fixture.recorder);
	assert_int_equal(canceled, 1);
}

static void a_directory_that_does_not_answer_ends_the_stream_in_time(void **state)
{
	(void)state;
	begin_to_wait();
	stream_fixture_run(&fixture, 600000);
	assert_int_equal(fixture.recorder.closed_count, 1);
	assert_int_equal(fixture.recorder.failure.code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(fixture.recorder.failure.phase, ENVOI_PHASE_SASL);
	recorder_free_stream(&fixture.recorder);
	assert_int_equal(canceled, 1);
}

static void what_the_directory_cannot_serve_is_not_offered(void **state)
{
	(void)state;
	static const struct envoi_sasl_directory_impl some_impl = {
		.look_up = look_up,
		.serves = serves,
	};
	directory.impl = &some_impl;
	add_receiver();
	script_receiver("<mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-1</mechanism>"
			"<mechanism>PLAIN</mechanism>");
	peer_sends_auth("SCRAM-SHA-512", CLIENT_FIRST, strlen(CLIENT_FIRST));
	peer_expects_failure("invalid-mechanism");
	run_receiver();
	assert_int_equal(lookups, 0);
	directory.impl = &directory_impl;
}

static void the_stream_may_be_freed_while_an_account_is_looked_up(void **state)
{
	(void)state;
	add_receiver();
	lookup_frees_stream = true;
	peer_sends(fixture.peer, CLIENT_HEADER);
	peer_sends_auth("PLAIN", "\0user\0pencil", 12);
	stream_fixture_run(&fixture, 5000);
	assert_int_equal(lookups, 1);
	assert_int_equal(canceled, 1);
	assert_int_equal(fixture.recorder.after_free, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, sasl_setup, sasl_teardown)
		CASE(an_account_may_be_found_later),
		CASE(a_lookup_is_canceled_where_the_peer_ends_the_exchange),
		CASE(everything_may_be_freed_where_a_lookup_is_canceled),
		CASE(a_directory_that_does_not_answer_ends_the_stream_in_time),
		CASE(what_the_directory_cannot_serve_is_not_offered),
		CASE(a_peer_with_the_right_password_is_let_in),
		CASE(a_peer_may_try_again_but_not_for_ever),
		CASE(the_number_of_attempts_is_a_setting),
		CASE(a_peer_may_begin_without_an_initial_response_and_abort),
		CASE(the_stream_may_be_freed_while_keys_are_derived),
		CASE(nothing_is_offered_in_clear),
		CASE(only_what_the_settings_name_is_offered_and_taken),
		CASE(the_stream_may_be_freed_while_an_account_is_looked_up),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("sim/sasl_receiver", tests, NULL, NULL);
}
