/*
 * envoi - the stream features of the library: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <envoi/interfaces/features.h>
#include <envoi/settings.h>

#include "stream_fixture.h"
#include "test_allocator.h"

/* --- constructors --- */

static int destroy_made(struct envoi_handler *handler, int r)
{
	if (r == ENVOI_OK) {
		envoi_handler_destroy(handler);
	}
	return r;
}

static int make_bind(struct envoi_context *context)
{
	struct envoi_handler *handler = NULL;
	int r = envoi_bind_new(&handler, context, &(struct envoi_bind_options){.resource = "desk"});
	return destroy_made(handler, r);
}

static int make_session(struct envoi_context *context)
{
	struct envoi_handler *handler = NULL;
	int r = envoi_legacy_session_new(&handler, context);
	return destroy_made(handler, r);
}

static int make_starttls(struct envoi_context *context)
{
	struct envoi_handler *handler = NULL;
	int r = envoi_starttls_new(&handler, context, &(struct envoi_starttls_options){0});
	return destroy_made(handler, r);
}

static int make_sasl(struct envoi_context *context)
{
	struct envoi_handler *handler = NULL;
	struct envoi_settings *settings;
	struct envoi_sasl_credentials *credentials;
	int r = envoi_settings_new(&settings, context);
	if (r < 0) {
		return r;
	}
	r = envoi_sasl_password_new(&credentials, context, "alice", "secret");
	if (r == ENVOI_OK) {
		r = envoi_sasl_feature_new(&handler, context, settings, credentials);
	}
	envoi_settings_free(settings);
	return destroy_made(handler, r);
}

static int make_receiver(struct envoi_context *context)
{
	struct envoi_handler *handler = NULL;
	struct envoi_settings *settings;
	int r = envoi_settings_new(&settings, context);
	if (r < 0) {
		return r;
	}
	r = envoi_sasl_receiver_new(&handler, context, settings, NULL);
	envoi_settings_free(settings);
	return destroy_made(handler, r);
}

static int make_handshake(struct envoi_context *context)
{
	struct envoi_handler *handler = NULL;
	int r = envoi_handshake_new(&handler, context, "secret");
	return destroy_made(handler, r);
}

static int make_handshake_receiver(struct envoi_context *context)
{
	struct envoi_handler *handler = NULL;
	int r = envoi_handshake_receiver_new(&handler, context, NULL);
	return destroy_made(handler, r);
}

static void a_failed_allocation_fails_the_constructor_and_leaks_nothing(void **state)
{
	(void)state;
	static int (*const makers[])(struct envoi_context * context) = {make_bind, make_session,
		make_starttls, make_sasl, make_receiver, make_handshake, make_handshake_receiver};
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		assert_true(test_allocator_try(makers[i]) > 1);
	}
}

/* --- the answer to a request --- */

static void an_answer_without_a_type_is_no_answer(void **state)
{
	(void)state;
	struct stream_fixture fixture;
	stream_fixture_init(&fixture);
	stream_fixture_add_login(&fixture);
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, "<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(fixture.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(fixture.peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(fixture.peer);
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, "<stream:features>" BIND_OFFER "</stream:features>");
	peer_expects(fixture.peer,
		"<iq type='set' id='$i'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq>");
	peer_sends(fixture.peer, "<iq id='$i'/>");
	stream_fixture_run(&fixture, 60000);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_BIND, ENVOI_ERR_PROTOCOL);
	assert_false(recorder_has(&fixture.recorder, "gained bound"));
	stream_fixture_finish(&fixture);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_allocation_fails_the_constructor_and_leaks_nothing),
		cmocka_unit_test(an_answer_without_a_type_is_no_answer),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("features/features", tests, NULL, NULL);
}
