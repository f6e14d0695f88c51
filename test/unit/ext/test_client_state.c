/*
 * envoi - XEP-0352: Client State Indication: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/ext/client_state.h>

#include "stream_fixture.h"

#define OFFER "<csi xmlns='urn:xmpp:csi:0'/>"
#define ACTIVE "<active xmlns='urn:xmpp:csi:0'/>"
#define INACTIVE "<inactive xmlns='urn:xmpp:csi:0'/>"

static struct stream_fixture first, second;
static struct envoi_handler *handler; /* the first's */

static int setup(void **state)
{
	(void)state;
	stream_fixture_init(&first);
	stream_fixture_init(&second);
	assert_int_equal(envoi_client_state_handler_new(&handler, first.context), ENVOI_OK);
	stream_fixture_add(&first, handler);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stream_fixture_finish(&second);
	stream_fixture_finish(&first);
	return 0;
}

static void script_login(struct stream_fixture *fixture, const char *offer)
{
	stream_fixture_script_headers(fixture->peer);
	peer_sends(fixture->peer, "<stream:features>" FAKE_AUTH_OFFER OFFER "</stream:features>");
	peer_expects(fixture->peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(fixture->peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(fixture->peer);
	stream_fixture_script_headers(fixture->peer);
	peer_sends(fixture->peer, "<stream:features>" BIND_OFFER);
	peer_sends(fixture->peer, offer);
	peer_sends(fixture->peer, "</stream:features>");
	peer_expects(fixture->peer,
		"<iq type='set' id='$i'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq>");
	peer_sends(fixture->peer,
		"<iq type='result' id='$i'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<jid>alice@example.org/desk</jid></bind></iq>");
}

static void log_in(struct stream_fixture *fixture, const char *offer, const char *expected)
{
	stream_fixture_add_login(fixture);
	script_login(fixture, offer);
	if (expected != NULL) {
		peer_expects(fixture->peer, expected);
	}
	stream_fixture_run(fixture, 1000);
	peer_assert_done(fixture->peer);
	assert_true(recorder_has(&fixture->recorder, "ready"));
}

static void expect(const char *xml)
{
	peer_expects(first.peer, xml);
	stream_fixture_run(&first, 100);
	peer_assert_done(first.peer);
}

static void changes_are_sent_to_a_server_that_offers_it(void **state)
{
	(void)state;
	assert_false(envoi_client_state_is_offered(handler));
	log_in(&first, OFFER, NULL);
	assert_true(envoi_client_state_is_offered(handler));
	assert_int_equal(envoi_client_state_set(handler, true), ENVOI_OK); /* it is already */
	assert_int_equal(envoi_client_state_set(handler, false), ENVOI_OK);
	assert_int_equal(envoi_client_state_set(handler, false), ENVOI_OK);
	expect(INACTIVE);
	assert_int_equal(envoi_client_state_set(handler, true), ENVOI_OK);
	expect(ACTIVE);
	recorder_free_stream(&first.recorder);
	assert_false(envoi_client_state_is_offered(handler));
	assert_int_equal(envoi_client_state_set(handler, false), ENVOI_DECLINED);
}

static void nothing_is_sent_to_a_server_without_the_offer(void **state)
{
	(void)state;
	assert_int_equal(envoi_client_state_set(handler, false), ENVOI_DECLINED);
	log_in(&first, "", NULL);
	assert_false(envoi_client_state_is_offered(handler));
	assert_int_equal(envoi_client_state_set(handler, true), ENVOI_DECLINED);
	assert_int_equal(envoi_client_state_set(handler, false), ENVOI_DECLINED);
	stream_fixture_run(&first, 1000);
	peer_assert_done(first.peer);
}

/* A stream begins active (section 4.2). */
static void an_inactive_client_says_so_after_each_login(void **state)
{
	(void)state;
	assert_int_equal(envoi_client_state_set(handler, false), ENVOI_DECLINED);
	log_in(&first, OFFER, NULL);
	handler->impl->restore(handler, NULL, false);
	expect(INACTIVE);
	recorder_free_stream(&first.recorder);
	stream_fixture_add(&second, handler);
	log_in(&second, OFFER, NULL);
	handler->impl->restore(handler, NULL, true);
	peer_expects(second.peer, INACTIVE);
	stream_fixture_run(&second, 100);
	peer_assert_done(second.peer);
	recorder_free_stream(&second.recorder);
	second.handlers[0] = second.handlers[--second.handler_count]; /* the first destroys it */
}

static void it_is_not_sent_on_a_stream_that_closes(void **state)
{
	(void)state;
	log_in(&first, OFFER, NULL);
	envoi_stream_close(first.recorder.stream);
	assert_int_equal(envoi_client_state_set(handler, false), ENVOI_ERR_STATE);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(changes_are_sent_to_a_server_that_offers_it),
		CASE(nothing_is_sent_to_a_server_without_the_offer),
		CASE(an_inactive_client_says_so_after_each_login),
		CASE(it_is_not_sent_on_a_stream_that_closes),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("ext/client_state", tests, NULL, NULL);
}
