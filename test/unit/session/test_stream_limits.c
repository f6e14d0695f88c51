/*
 * envoi - stream limits (XEP-0478): tests
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

#include <envoi/interfaces/features.h>

#include "between.h"
#include "parse_one.h"
#include "session/limits/stream_limits.h"
#include "session/session.h"
#include "stream_fixture.h"
#include "wire.h"

#define LIMITS(content) "<limits xmlns='urn:xmpp:stream-limits:0'>" content "</limits>"
#define LIMIT_10000 LIMITS("<max-bytes>10000</max-bytes>")

static struct wire wire;

static int setup(void **state)
{
	(void)state;
	wire = (struct wire){0};
	wire_init(&wire, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wire_finish(&wire);
	return 0;
}

/* --- reading --- */

static struct envoi__stream_limits read_from(const char *limits)
{
	char xml[400];
	snprintf(xml, sizeof(xml),
		"<features xmlns='http://etherx.jabber.org/streams'>%s</features>", limits);
	struct envoi_element *features = parse_one(wire.context, xml);
	struct envoi__stream_limits result = envoi__stream_limits_read(features);
	envoi_element_unref(features);
	return result;
}

static void limits_are_read_each_by_itself(void **state)
{
	(void)state;
	static const struct {
		const char *xml;
		size_t max_bytes;
		uint64_t idle_ms;
	} rows[] = {
		{"", SIZE_MAX, 0},
		{LIMITS(""), SIZE_MAX, 0},
		{LIMITS("<max-bytes>262144</max-bytes><idle-seconds>1800</idle-seconds>"), 262144,
			1800000},
		{LIMITS("<idle-seconds>90</idle-seconds>"), SIZE_MAX, 90000},
		{LIMITS("<max-bytes>many</max-bytes><idle-seconds>90</idle-seconds>"), SIZE_MAX,
			90000},
		{LIMITS("<max-bytes>20000</max-bytes><idle-seconds>-1</idle-seconds>"), 20000, 0},
		{LIMITS("<max-bytes>0</max-bytes><idle-seconds>0</idle-seconds>"), SIZE_MAX, 0},
		{LIMITS("<max-bytes>1</max-bytes>"), 10000, 0},
		{LIMITS("<max-bytes>9999</max-bytes>"), 10000, 0},
		{LIMITS("<max-bytes>99999999999999999999999</max-bytes>"), SIZE_MAX, 0},
		{LIMITS("<idle-seconds>99999999999999999999999</idle-seconds>"), SIZE_MAX, 0},
		{LIMITS("<max-bytes/><idle-seconds/>"), SIZE_MAX, 0},
		{"<limits><max-bytes>20000</max-bytes></limits>", SIZE_MAX, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi__stream_limits limits = read_from(rows[i].xml);
		assert_int_equal(limits.max_bytes, rows[i].max_bytes);
		assert_int_equal(limits.idle_ms, rows[i].idle_ms);
	}
	assert_int_equal(envoi__stream_limits_read(NULL).max_bytes, SIZE_MAX);
}

/* --- what is sent --- */

static void say_header(const char *features)
{
	wire_say(&wire, STREAM_HEADER_IN);
	wire_say(&wire, "<stream:features>");
	wire_say(&wire, features);
	wire_say(&wire, "</stream:features>");
	wire_run(&wire, 0);
}

static void attach(void)
{
	assert_int_equal(wire_attach(&wire, ENVOI_INITIATOR, 0), ENVOI_OK);
}

static void go_online(const char *features)
{
	assert_int_equal(wire_new_session(&wire), ENVOI_OK);
	attach();
	say_header(features);
	assert_true(envoi_session_is_online(wire.session));
	(void)wire_log(&wire);
	(void)wire_heard(&wire);
}

/* @return a message that has so many bytes on the wire */
static struct envoi_stanza *sized(size_t bytes)
{
	static const char around[] = "<message to='a@b' id='i'><body></body></message>";
	char *body = malloc(bytes);
	assert_non_null(body);
	size_t len = bytes - strlen(around);
	memset(body, 'x', len);
	body[len] = '\0';
	struct envoi_stanza *message = envoi_message_new(
		wire.context, ENVOI_TYPE_NORMAL, "a@b", NULL);
	envoi_element_set(envoi_stanza_element(message), "id", "i");
	envoi_element_add_with_text(envoi_stanza_element(message), NULL, "body", body);
	free(body);
	return message;
}

static int send_sized(size_t bytes)
{
	return envoi_send(wire.session, sized(bytes), NULL);
}

static void a_stanza_too_long_is_refused_at_the_call(void **state)
{
	(void)state;
	go_online(LIMIT_10000);
	assert_int_equal(send_sized(10000), ENVOI_OK);
	wire_run(&wire, 0);
	assert_int_equal(strlen(wire_heard(&wire)), 10000);
	assert_int_equal(send_sized(10001), ENVOI_ERR_INVALID);
	assert_string_equal(envoi_session_problem(wire.session),
		"the stanza has 10001 bytes, more than the 10000 that the server accepts");
	wire_run(&wire, 0);
	assert_string_equal(wire_heard(&wire), "");
	assert_true(envoi_session_is_online(wire.session));
}

static void without_limits_the_server_gets_everything(void **state)
{
	(void)state;
	go_online("");
	assert_int_equal(send_sized(200000), ENVOI_OK);
}

static void features_after_the_login_replace_those_before(void **state)
{
	(void)state;
	wire.feature = fake_auth_new(wire.context);
	assert_int_equal(wire_new_session(&wire), ENVOI_OK);
	attach();
	say_header(FAKE_AUTH_OFFER LIMIT_10000);
	wire_say(&wire, "<yes xmlns='urn:example:fake-auth'/>");
	wire_run(&wire, 0);
	say_header(LIMITS("<max-bytes>20000</max-bytes>"));
	assert_true(envoi_session_is_online(wire.session));
	assert_int_equal(send_sized(20000), ENVOI_OK);
	assert_int_equal(send_sized(20001), ENVOI_ERR_INVALID);
	wire_free_session(&wire);
	envoi_handler_destroy(wire.feature);
}

/* As an application that ends a promise between two streams. */
static void queue_sized(size_t bytes, struct wire_ticket *ticket, const char *name)
{
	assert_int_equal(
		envoi__session_send(wire.session, sized(bytes), wire_ticket(ticket, &wire, name)),
		ENVOI_OK);
}

static void queue_large_request(void)
{
	struct envoi_stanza *iq = envoi_iq_new(wire.context, ENVOI_IQ_GET, "a@b");
	struct envoi_element *payload = envoi_element_add(envoi_stanza_element(iq), "urn:x", "x");
	for (int i = 0; i < 1000; i++) {
		envoi_element_add_with_text(payload, NULL, "y", "zzzzzzzzzz");
	}
	assert_int_equal(
		envoi_request(wire.session, iq, NULL, 0, wire_on_answer, &wire, NULL), ENVOI_OK);
}

static void a_stanza_that_waits_and_is_too_long_is_refused(void **state)
{
	(void)state;
	struct wire_ticket large, small;
	go_online("");
	envoi_session_set_resumable(wire.session, true);
	envoi_memory_pair_cut(wire.pair);
	wire_run(&wire, 0);
	assert_null(envoi_session_stream(wire.session));
	(void)wire_log(&wire);
	queue_sized(10001, &large, "large");
	queue_sized(10000, &small, "small");
	queue_large_request();
	attach();
	assert_int_equal(envoi_session_resume(wire.session), ENVOI_OK);
	say_header(LIMIT_10000);
	assert_string_equal(wire_log(&wire),
		"stream-opened\nlarge refused\nanswer ENVOI_ERR_INVALID invalid argument\n"
		"resumed " WIRE_OWN "\nsmall written\n");
	assert_int_equal(large.refusal, ENVOI_REFUSED_TOO_LONG);
	const char *heard = wire_heard(&wire);
	assert_non_null(strstr(heard, "<message"));
	assert_null(strstr(strstr(heard, "<message") + 1, "<message"));
}

static char logged[400];

static void on_log(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	(void)user, (void)subject;
	size_t len = strlen(logged);
	if (level == ENVOI_LOG_WARNING) {
		snprintf(logged + len, sizeof(logged) - len, "%s\n", message);
	}
}

static int setup_logged(void **state)
{
	(void)state;
	wire = (struct wire){0};
	logged[0] = '\0';
	wire_init(&wire,
		&(struct envoi_context_options){.log = on_log, .log_level = ENVOI_LOG_WARNING});
	return 0;
}

static void what_no_ticket_reports_is_logged(void **state)
{
	(void)state;
	go_online("");
	envoi_session_set_resumable(wire.session, true);
	envoi_memory_pair_cut(wire.pair);
	wire_run(&wire, 0);
	assert_int_equal(send_sized(10001), ENVOI_OK);
	attach();
	assert_int_equal(envoi_session_resume(wire.session), ENVOI_OK);
	say_header(LIMIT_10000);
	assert_string_equal(logged,
		"a stanza of 10001 bytes without a ticket is lost: it is longer than the server "
		"accepts\n");
}

/* The server may have processed it. */
static void what_an_earlier_stream_has_sent_is_not_refused(void **state)
{
	(void)state;
	struct wire_ticket large;
	go_online("");
	envoi__outbox_keep(&wire.session->outbox, true);
	queue_sized(10001, &large, "large");
	queue_large_request();
	wire_run(&wire, 0);
	envoi_session_set_resumable(wire.session, true);
	envoi_memory_pair_cut(wire.pair);
	wire_run(&wire, 0);
	(void)wire_log(&wire);
	attach();
	assert_int_equal(envoi_session_resume(wire.session), ENVOI_OK);
	envoi__outbox_rewind(&wire.session->outbox);
	say_header(LIMIT_10000);
	assert_string_equal(
		wire_log(&wire), "stream-opened\nlarge unknown\nresumed " WIRE_OWN "\n");
	assert_null(strstr(wire_heard(&wire), "<message"));
}

/* The message counts more than the time at which it was sent first. */
static void a_message_that_a_delay_makes_too_long_is_sent_again_without(void **state)
{
	(void)state;
	struct wire_ticket near;
	go_online(LIMIT_10000);
	envoi_session_set_continued(wire.session, true);
	envoi__outbox_keep(&wire.session->outbox, true);
	queue_sized(9950, &near, "near");
	wire_run(&wire, 0);
	const size_t origin_id = strlen("<origin-id xmlns='urn:xmpp:sid:0' id='i'/>");
	assert_int_equal(strlen(wire_heard(&wire)), 9950 + origin_id);
	envoi_memory_pair_cut(wire.pair);
	wire_run(&wire, 0);
	attach();
	say_header(LIMIT_10000);
	const char *again = strstr(wire_heard(&wire), "<message");
	assert_non_null(again);
	assert_int_equal(strlen(again), 9950 + origin_id);
	assert_int_equal(near.told, 1);
	assert_int_equal(near.state, ENVOI_TICKET_WRITTEN);
}

/* --- answers --- */

static struct envoi_promise *promise;

static int defer(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	return envoi_delivery_defer(in, &promise);
}

static const struct envoi_stanza_row rows[] = {
	{.kind = ENVOI_IQ_GET, .ns = "urn:x", .name = "x", .handle = defer},
	ENVOI_ROWS_END,
};

/* An iq is answered exactly once. */
static void a_late_answer_too_long_becomes_an_error(void **state)
{
	(void)state;
	static const struct envoi_handler_impl impl = {.name = "later", .stanzas = rows};
	struct envoi_handler later = ENVOI_HANDLER(&impl);
	go_online(LIMIT_10000);
	assert_int_equal(envoi_session_add(wire.session, &later), ENVOI_OK);
	wire_say(&wire, "<iq type='get' id='7' from='a@b'><x xmlns='urn:x'/></iq>");
	wire_run(&wire, 0);
	struct envoi_stanza *answer = envoi_iq_result_new(envoi_promise_stanza(promise));
	char text[10001];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	envoi_element_add_with_text(envoi_stanza_element(answer), "urn:x", "x", text);
	assert_int_equal(envoi_promise_reply(promise, answer), ENVOI_ERR_INVALID);
	wire_run(&wire, 0);
	const char *heard = wire_heard(&wire);
	assert_non_null(strstr(heard, "type='error'"));
	assert_non_null(strstr(heard, "id='7'"));
	assert_non_null(strstr(heard, "<internal-server-error "));
	envoi_session_remove(wire.session, &later);
}

/* --- idle --- */

static void a_server_that_closes_idle_streams_gets_white_space(void **state)
{
	(void)state;
	go_online(LIMITS("<idle-seconds>60</idle-seconds>"));
	wire_run(&wire, 600000);
	assert_between(strlen(wire_heard(&wire)), 20, 30);
}

/* --- announcing --- */

static void a_receiver_announces_its_own_limits(void **state)
{
	(void)state;
	struct stream_fixture f = {0};
	stream_fixture_init(&f);
	stream_fixture_make_receiver(&f);
	assert_int_equal(envoi_settings_set(f.settings, "limits.stanza-bytes", "300000"), ENVOI_OK);
	assert_int_equal(envoi_settings_set(f.settings, "liveness.probe-after", "90s"), ENVOI_OK);
	struct envoi_handler *limits;
	assert_int_equal(envoi_stream_limits_new(&limits, f.context, f.settings), ENVOI_OK);
	stream_fixture_add(&f, fake_auth_new(f.context));
	stream_fixture_add(&f, limits);
	f.options.required = ENVOI_STREAM_AUTHENTICATED;
	peer_sends(f.peer, STREAM_HEADER_OUT);
	peer_expects(f.peer,
		"<stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' from='example.org' "
		"to='alice@example.org' id='*' version='1.0'>");
	peer_expects(f.peer, "<stream:features>" FAKE_AUTH_OFFER LIMIT_10000 "</stream:features>");
	peer_sends(f.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_expects(f.peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(f.peer);
	peer_sends(f.peer, STREAM_HEADER_OUT);
	peer_expects(f.peer,
		"<stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' from='example.org' "
		"to='alice@example.org' id='*' version='1.0'>");
	peer_expects(f.peer,
		"<stream:features>" LIMITS("<max-bytes>300000</max-bytes>"
					   "<idle-seconds>90</idle-seconds>") "</stream:features>");
	stream_fixture_run(&f, 1000);
	peer_assert_done(f.peer);
	stream_fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(limits_are_read_each_by_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_stanza_too_long_is_refused_at_the_call, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_limits_the_server_gets_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(
			features_after_the_login_replace_those_before, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_stanza_that_waits_and_is_too_long_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_no_ticket_reports_is_logged, setup_logged, teardown),
		cmocka_unit_test_setup_teardown(
			what_an_earlier_stream_has_sent_is_not_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_message_that_a_delay_makes_too_long_is_sent_again_without, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_late_answer_too_long_becomes_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_server_that_closes_idle_streams_gets_white_space, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_receiver_announces_its_own_limits, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
