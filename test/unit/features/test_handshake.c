/*
 * envoi - the handshake of components: tests (XEP-0114)
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stream_fixture.h"

#define HEADER(attributes) \
	"<stream:stream xmlns='jabber:component:accept' " \
	"xmlns:stream='http://etherx.jabber.org/streams' " attributes ">"
#define STREAM_ERROR(condition) \
	"<stream:error><" condition \
	" xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"
#define NO_HASH "0000000000000000000000000000000000000000"

static struct stream_fixture fixture;

static int setup(void **state)
{
	(void)state;
	stream_fixture_init(&fixture);
	fixture.options.content_ns = ENVOI_NS_COMPONENT;
	fixture.options.peer_domain = "gw.example.org";
	fixture.options.local = NULL;
	fixture.options.required = ENVOI_STREAM_AUTHENTICATED;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stream_fixture_finish(&fixture);
	return 0;
}

static void assert_closed_with(
	enum envoi_phase phase, int code, enum envoi_stream_condition condition)
{
	stream_fixture_run(&fixture, 60000);
	recorder_assert_closed(&fixture.recorder, phase, code);
	assert_int_equal(fixture.recorder.failure.stream_condition, condition);
}

/* --- initiating side --- */

static void add_initiator(const char *secret)
{
	struct envoi_handler *handler;
	assert_int_equal(envoi_handshake_new(&handler, fixture.context, secret), ENVOI_OK);
	stream_fixture_add(&fixture, handler);
	peer_expects(fixture.peer, HEADER("to='gw.example.org'"));
}

static void assert_online(void)
{
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	recorder_assert_milestones(&fixture.recorder,
		(const char *const[]){"gained secure", "opened", "gained authenticated handshake",
			"ready", NULL});
}

static void a_component_proves_its_secret(void **state)
{
	(void)state;
	add_initiator("secret");
	peer_sends(fixture.peer, HEADER("id='s1' from='gw.example.org'"));
	peer_expects(
		fixture.peer, "<handshake>3d1121b21f6287dc58010ebe9a95fa84ee2483d4</handshake>");
	peer_sends(fixture.peer, "<handshake/>");
	assert_online();
}

static void the_hash_is_of_the_value_of_the_id(void **state)
{
	(void)state;
	add_initiator("s\xc3\xa4mple & <secret>");
	peer_sends(fixture.peer, HEADER("id=\"a&amp;b'c\" from='gw.example.org'"));
	peer_expects(
		fixture.peer, "<handshake>6d285f7d9192b5741f3c2345ad0834a72d689b1e</handshake>");
	peer_sends(fixture.peer, "<handshake/>");
	assert_online();
}

static void a_wrong_secret_is_a_stream_error(void **state)
{
	(void)state;
	add_initiator("secret");
	peer_sends(fixture.peer, HEADER("id='s1' from='gw.example.org'"));
	peer_expects(fixture.peer, "<handshake>*</handshake>");
	peer_sends(fixture.peer, STREAM_ERROR("not-authorized"));
	peer_expects(fixture.peer, "</stream:stream>");
	assert_closed_with(ENVOI_PHASE_SASL, ENVOI_ERR_STREAM, ENVOI_STREAM_NOT_AUTHORIZED);
}

/* As Prosody does, with an empty id. */
static void an_error_behind_a_faulty_header_is_reported(void **state)
{
	(void)state;
	add_initiator("secret");
	peer_sends(
		fixture.peer, HEADER("id='' from='gw.example.org'") STREAM_ERROR("host-unknown"));
	assert_closed_with(ENVOI_PHASE_STREAM, ENVOI_ERR_STREAM, ENVOI_STREAM_HOST_UNKNOWN);
}

static void a_stanza_in_place_of_the_answer_is_refused(void **state)
{
	(void)state;
	add_initiator("secret");
	peer_sends(fixture.peer,
		HEADER("id='s1'") "<message from='a@example.org' to='gw.example.org'/>");
	assert_closed_with(ENVOI_PHASE_SASL, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_NOT_AUTHORIZED);
}

static void a_silent_server_is_a_timeout(void **state)
{
	(void)state;
	add_initiator("secret");
	peer_sends(fixture.peer, HEADER("id='s1'"));
	assert_closed_with(ENVOI_PHASE_SASL, ENVOI_ERR_TIMEOUT, ENVOI_STREAM_CONNECTION_TIMEOUT);
}

/* --- receiving side --- */

struct hook {
	struct envoi_handshake_hook base;
	const char *secret; /* NULL: no such component */
	enum envoi_stream_condition refusal;
	bool is_late; /* it is answered by the test */
	bool frees_stream;
	struct recorder *recorder; /* of the stream */
	struct envoi_handler *handler;
	unsigned int wanted, canceled;
	char domain[64];
};

static void on_wanted(struct envoi_handshake_hook *base, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *domain)
{
	struct hook *hook = ENVOI_CONTAINER_OF(base, struct hook, base);
	hook->wanted++;
	hook->handler = handler;
	strncpy(hook->domain, domain, sizeof(hook->domain) - 1);
	if (hook->frees_stream) {
		recorder_free_stream(hook->recorder);
	} else if (!hook->is_late) {
		(void)envoi_handshake_answer(stream, handler, hook->secret, hook->refusal);
	}
}

static void on_canceled(struct envoi_handshake_hook *base, struct envoi_stream *stream)
{
	(void)stream;
	ENVOI_CONTAINER_OF(base, struct hook, base)->canceled++;
}

static const struct envoi_handshake_hook_impl hook_impl = {
	.wanted = on_wanted,
	.canceled = on_canceled,
};

static void add_receiver(struct hook *hook)
{
	struct envoi_handler *handler;
	hook->base.impl = &hook_impl;
	hook->recorder = &fixture.recorder;
	fixture.options.role = ENVOI_RECEIVER;
	fixture.options.peer_domain = NULL;
	assert_int_equal(
		envoi_handshake_receiver_new(&handler, fixture.context, &hook->base), ENVOI_OK);
	stream_fixture_add(&fixture, handler);
	peer_sends(fixture.peer, HEADER("to='GW.example.org'"));
	peer_expects(fixture.peer, HEADER("from='GW.example.org' id='*'"));
}

static void expect_refusal(const char *error)
{
	peer_expects(fixture.peer, error);
	peer_sends(fixture.peer, "</stream:stream>");
}

static void a_wrong_hash_is_refused(void **state)
{
	(void)state;
	struct hook hook = {.secret = "secret"};
	add_receiver(&hook);
	peer_sends(fixture.peer, "<handshake>" NO_HASH "</handshake>");
	expect_refusal(STREAM_ERROR("not-authorized"));
	assert_closed_with(ENVOI_PHASE_SASL, ENVOI_ERR_AUTH, ENVOI_STREAM_NOT_AUTHORIZED);
	peer_assert_done(fixture.peer);
	assert_string_equal(hook.domain, "gw.example.org");
	assert_int_equal(hook.canceled, 0);
}

static void hashes_of_other_lengths_are_refused(void **state)
{
	(void)state;
	struct hook hook = {.secret = "secret"};
	add_receiver(&hook);
	peer_sends(fixture.peer, "<handshake>" NO_HASH NO_HASH "0</handshake>");
	expect_refusal(STREAM_ERROR("not-authorized"));
	assert_closed_with(ENVOI_PHASE_SASL, ENVOI_ERR_AUTH, ENVOI_STREAM_NOT_AUTHORIZED);
	assert_int_equal(hook.wanted, 1);
}

static void an_unknown_component_is_answered_as_a_wrong_secret(void **state)
{
	(void)state;
	struct hook hook = {.secret = NULL};
	add_receiver(&hook);
	peer_sends(fixture.peer, "<handshake>" NO_HASH "</handshake>");
	expect_refusal(STREAM_ERROR("not-authorized"));
	assert_closed_with(ENVOI_PHASE_SASL, ENVOI_ERR_AUTH, ENVOI_STREAM_NOT_AUTHORIZED);
}

static void a_second_handshake_is_refused(void **state)
{
	(void)state;
	struct hook hook = {.is_late = true};
	add_receiver(&hook);
	peer_sends(fixture.peer, "<handshake>" NO_HASH "</handshake><handshake/>");
	expect_refusal(STREAM_ERROR("policy-violation"));
	assert_closed_with(ENVOI_PHASE_SASL, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_POLICY_VIOLATION);
	recorder_free_stream(&fixture.recorder);
	assert_int_equal(hook.wanted, 1);
	assert_int_equal(hook.canceled, 1);
}

static void a_stanza_before_the_handshake_is_refused(void **state)
{
	(void)state;
	struct hook hook = {.secret = "secret"};
	add_receiver(&hook);
	peer_sends(fixture.peer, "<message from='a@gw.example.org' to='b@example.org'/>");
	expect_refusal(STREAM_ERROR("not-authorized"));
	assert_closed_with(ENVOI_PHASE_SASL, ENVOI_ERR_PROTOCOL, ENVOI_STREAM_NOT_AUTHORIZED);
	assert_int_equal(fixture.recorder.stanza_count, 0);
}

static void a_header_to_an_account_is_refused(void **state)
{
	(void)state;
	struct hook hook = {.secret = "secret"};
	struct envoi_handler *handler;
	hook.base.impl = &hook_impl;
	fixture.options.role = ENVOI_RECEIVER;
	fixture.options.peer_domain = NULL;
	assert_int_equal(
		envoi_handshake_receiver_new(&handler, fixture.context, &hook.base), ENVOI_OK);
	stream_fixture_add(&fixture, handler);
	peer_sends(
		fixture.peer, HEADER("to='a@gw.example.org'") "<handshake>" NO_HASH "</handshake>");
	assert_closed_with(ENVOI_PHASE_SASL, ENVOI_ERR_AUTH, ENVOI_STREAM_NOT_AUTHORIZED);
	assert_int_equal(hook.wanted, 0);
}

static void a_silent_component_is_a_timeout(void **state)
{
	(void)state;
	struct hook hook = {.secret = "secret"};
	add_receiver(&hook);
	expect_refusal(STREAM_ERROR("connection-timeout"));
	assert_closed_with(ENVOI_PHASE_SASL, ENVOI_ERR_TIMEOUT, ENVOI_STREAM_CONNECTION_TIMEOUT);
}

static void the_stream_may_be_freed_inside_the_hook(void **state)
{
	(void)state;
	struct hook hook = {.frees_stream = true};
	add_receiver(&hook);
	peer_sends(fixture.peer, "<handshake>" NO_HASH "</handshake>");
	stream_fixture_run(&fixture, 1000);
	assert_int_equal(fixture.recorder.after_free, 0);
	assert_int_equal(hook.canceled, 1);
}

/* --- both sides --- */

static struct envoi_stream *make_side(struct recorder *recorder, enum envoi_memory_side side,
	const struct envoi_stream_options *options)
{
	struct envoi_transport *transport;
	struct envoi_stream *stream;
	assert_int_equal(
		envoi_memory_transport_new(&transport, fixture.pair, side, fixture.settings, true),
		ENVOI_OK);
	assert_int_equal(
		envoi_stream_new(&stream, fixture.context, options, transport, &recorder->sink),
		ENVOI_OK);
	recorder->stream = stream;
	return stream;
}

struct both {
	struct recorder component;
	struct envoi_handler *initiator;
};

/* The fixture's stream is the server's; the component's takes the place of the scripted peer. */
static void begin_both(struct both *both, struct hook *hook, const char *secret)
{
	peer_free(fixture.peer);
	fixture.peer = NULL;
	envoi_memory_pair_unref(fixture.pair);
	assert_int_equal(envoi_memory_pair_new(&fixture.pair, fixture.context), ENVOI_OK);
	struct envoi_stream_options options = fixture.options;
	assert_int_equal(envoi_handshake_new(&both->initiator, fixture.context, secret), ENVOI_OK);
	options.handlers = &both->initiator;
	options.handler_count = 1;
	recorder_init(&both->component, fixture.context);
	make_side(&both->component, ENVOI_MEMORY_A, &options);

	hook->base.impl = &hook_impl;
	hook->recorder = &fixture.recorder;
	fixture.options.role = ENVOI_RECEIVER;
	fixture.options.peer_domain = NULL;
	struct envoi_handler *receiver;
	assert_int_equal(
		envoi_handshake_receiver_new(&receiver, fixture.context, &hook->base), ENVOI_OK);
	stream_fixture_add(&fixture, receiver);
	fixture.options.handlers = fixture.handlers;
	fixture.options.handler_count = fixture.handler_count;
	make_side(&fixture.recorder, ENVOI_MEMORY_B, &fixture.options);
	stream_fixture_run(&fixture, 1000);
}

static void finish_both(struct both *both)
{
	recorder_finish(&both->component);
	envoi_handler_destroy(both->initiator);
}

static void both_sides_agree(void **state)
{
	(void)state;
	struct hook hook = {.secret = "secret"};
	struct both both;
	begin_both(&both, &hook, "secret");
	assert_true(recorder_has(&both.component, "ready"));
	assert_true(recorder_has(&fixture.recorder, "ready"));
	assert_string_equal(
		envoi_jid_text(envoi_stream_local(fixture.recorder.stream)), "gw.example.org");
	static const char message[] = "<message from='a@gw.example.org' to='b@example.org'/>";
	assert_int_equal(
		envoi_stream_send(both.component.stream, message, sizeof(message) - 1), ENVOI_OK);
	stream_fixture_run(&fixture, 1000);
	assert_true(recorder_has(&fixture.recorder, "stanza <message xmlns='jabber:client'"));
	finish_both(&both);
}

/* A component must not send in other names. */
static void stanzas_of_other_senders_end_the_stream(void **state)
{
	(void)state;
	static const struct {
		const char *xml;
		enum envoi_stream_condition condition;
	} rows[] = {
		{"<message from='a@example.org' to='b@example.org'/>", ENVOI_STREAM_INVALID_FROM},
		{"<message from='a@sub.gw.example.org' to='b@example.org'/>",
			ENVOI_STREAM_INVALID_FROM},
		{"<message from='@gw.example.org' to='b@example.org'/>", ENVOI_STREAM_INVALID_FROM},
		{"<iq type='get' id='1' from='gw.example.org'/>", ENVOI_STREAM_IMPROPER_ADDRESSING},
		{"<presence to='b@example.org'/>", ENVOI_STREAM_IMPROPER_ADDRESSING},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hook hook = {.secret = "secret"};
		struct both both;
		begin_both(&both, &hook, "secret");
		assert_int_equal(
			envoi_stream_send(both.component.stream, rows[i].xml, strlen(rows[i].xml)),
			ENVOI_OK);
		stream_fixture_run(&fixture, 1000);
		assert_int_equal(both.component.failure.stream_condition, rows[i].condition);
		assert_int_equal(fixture.recorder.failure.code, ENVOI_ERR_PROTOCOL);
		assert_int_equal(fixture.recorder.stanza_count, 0);
		finish_both(&both);
		teardown(NULL);
		setup(NULL);
	}
}

static void an_answer_may_come_later(void **state)
{
	(void)state;
	struct hook hook = {.is_late = true};
	struct both both;
	begin_both(&both, &hook, "secret");
	struct envoi_stream *stream = fixture.recorder.stream;
	assert_false(recorder_has(&both.component, "ready"));
	assert_int_equal(
		envoi_handshake_answer(stream, hook.handler, "secret", ENVOI_STREAM_NO_CONDITION),
		ENVOI_OK);
	assert_int_equal(
		envoi_handshake_answer(stream, hook.handler, "secret", ENVOI_STREAM_NO_CONDITION),
		ENVOI_ERR_STATE);
	stream_fixture_run(&fixture, 1000);
	assert_true(recorder_has(&both.component, "ready"));
	assert_true(recorder_has(&fixture.recorder, "ready"));
	finish_both(&both);
	recorder_free_stream(&fixture.recorder);
	assert_int_equal(hook.canceled, 0);
}

static void a_conflict_is_reported_to_one_that_knows_the_secret(void **state)
{
	(void)state;
	struct hook hook = {.secret = "secret", .refusal = ENVOI_STREAM_CONFLICT};
	struct both both;
	begin_both(&both, &hook, "secret");
	recorder_assert_closed(&both.component, ENVOI_PHASE_SASL, ENVOI_ERR_STREAM);
	assert_int_equal(both.component.failure.stream_condition, ENVOI_STREAM_CONFLICT);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_SASL, ENVOI_ERR_STATE);
	finish_both(&both);
}

static void a_conflict_is_not_shown_to_others(void **state)
{
	(void)state;
	struct hook hook = {.secret = "secret", .refusal = ENVOI_STREAM_CONFLICT};
	struct both both;
	begin_both(&both, &hook, "guessed");
	assert_int_equal(both.component.failure.stream_condition, ENVOI_STREAM_NOT_AUTHORIZED);
	finish_both(&both);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_component_proves_its_secret),
		TEST(the_hash_is_of_the_value_of_the_id),
		TEST(a_wrong_secret_is_a_stream_error),
		TEST(an_error_behind_a_faulty_header_is_reported),
		TEST(a_stanza_in_place_of_the_answer_is_refused),
		TEST(a_silent_server_is_a_timeout),
		TEST(a_wrong_hash_is_refused),
		TEST(hashes_of_other_lengths_are_refused),
		TEST(an_unknown_component_is_answered_as_a_wrong_secret),
		TEST(a_second_handshake_is_refused),
		TEST(a_stanza_before_the_handshake_is_refused),
		TEST(a_header_to_an_account_is_refused),
		TEST(a_silent_component_is_a_timeout),
		TEST(the_stream_may_be_freed_inside_the_hook),
		TEST(both_sides_agree),
		TEST(stanzas_of_other_senders_end_the_stream),
		TEST(an_answer_may_come_later),
		TEST(a_conflict_is_reported_to_one_that_knows_the_secret),
		TEST(a_conflict_is_not_shown_to_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
