/*
 * envoi - a stream over a memory pair, in virtual time
 * SPDX-License-Identifier: MIT
 */
#include "stream_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NS_FAKE_AUTH "urn:example:fake-auth"

/* --- fake authentication --- */

struct fake_auth {
	struct envoi_handler handler;
	struct envoi_context *context;
};

struct fake_state {
	bool is_asked;
};

static int send_fake(struct envoi_stream *stream, const char *name)
{
	struct envoi_element *element = envoi_element_new(
		envoi_stream_context(stream), NS_FAKE_AUTH, name);
	int r = envoi_stream_send_element(stream, element);
	envoi_element_unref(element);
	return r;
}

static int fake_negotiate(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)features;
	if (offer == NULL) {
		return ENVOI_OK;
	}
	struct fake_state *state = envoi_stream_feature_state(stream, self);
	state->is_asked = true;
	int r = send_fake(stream, "ask");
	return r < 0 ? r : ENVOI_AGAIN;
}

static int fake_offer(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	(void)self;
	(void)stream;
	envoi_element_add(features, NS_FAKE_AUTH, "fake");
	return envoi_element_error(features);
}

static int fake_yes(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)element;
	struct fake_state *state = envoi_stream_feature_state(stream, self);
	if (!state->is_asked) {
		return ENVOI_ERR_PROTOCOL;
	}
	state->is_asked = false;
	envoi_stream_feature_done(
		stream, self, ENVOI_STREAM_AUTHENTICATED, ENVOI_NEXT_RESTART, "FAKE");
	return ENVOI_OK;
}

static int fake_no(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)self;
	(void)element;
	return envoi_stream_fail_with(
		stream, ENVOI_ERR_AUTH, ENVOI_STREAM_NO_CONDITION, "the server says no");
}

static int fake_ask(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)element;
	int r = send_fake(stream, "yes");
	if (r == ENVOI_OK) {
		envoi_stream_feature_done(
			stream, self, ENVOI_STREAM_AUTHENTICATED, ENVOI_NEXT_RESTART, "FAKE");
	}
	return r;
}

static const struct envoi_stream_feature fake_feature = {
	.ns = NS_FAKE_AUTH,
	.name = "fake",
	.order = ENVOI_ORDER_SASL,
	.forbidden = ENVOI_STREAM_AUTHENTICATED,
	.phase = ENVOI_PHASE_SASL,
	.state_size = sizeof(struct fake_state),
	.offer = fake_offer,
	.negotiate = fake_negotiate,
};

static const struct envoi_stream_element_row fake_rows[] = {
	{NS_FAKE_AUTH, "yes", 1u << ENVOI_INITIATOR, 0, ENVOI_STREAM_AUTHENTICATED, fake_yes},
	{NS_FAKE_AUTH, "no", 1u << ENVOI_INITIATOR, 0, ENVOI_STREAM_AUTHENTICATED, fake_no},
	{NS_FAKE_AUTH, "ask", 1u << ENVOI_RECEIVER, 0, ENVOI_STREAM_AUTHENTICATED, fake_ask},
	{.name = NULL},
};

static void fake_destroy(struct envoi_handler *self)
{
	struct fake_auth *auth = ENVOI_CONTAINER_OF(self, struct fake_auth, handler);
	envoi_free(auth->context, auth);
}

static const struct envoi_handler_impl fake_impl = {
	.name = "fake-auth",
	.stream_feature = &fake_feature,
	.stream_elements = fake_rows,
	.destroy = fake_destroy,
};

struct envoi_handler *fake_auth_new(struct envoi_context *context)
{
	struct fake_auth *auth = envoi_alloc(context, sizeof(*auth));
	assert_non_null(auth);
	*auth = (struct fake_auth){ENVOI_HANDLER(&fake_impl), context};
	return &auth->handler;
}

/* --- the fixture --- */

void stream_fixture_init(struct stream_fixture *fixture)
{
	*fixture = (struct stream_fixture){.context = NULL};
	assert_int_equal(envoi_context_new(&fixture->context, NULL), ENVOI_OK);
	struct envoi_context *context = fixture->context;
	assert_int_equal(envoi_loop_new_simulated(&fixture->loop, context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(context, fixture->loop), ENVOI_OK);
	assert_int_equal(envoi_settings_new(&fixture->settings, context), ENVOI_OK);
	assert_int_equal(
		envoi_jid_from_text(&fixture->alice, context, "alice@example.org"), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&fixture->domain, context, "example.org"), ENVOI_OK);
	assert_int_equal(envoi_memory_pair_new(&fixture->pair, context), ENVOI_OK);
	fixture->peer = peer_new(context, fixture->pair, ENVOI_MEMORY_B);
	recorder_init(&fixture->recorder, context);
	fixture->options = (struct envoi_stream_options){
		.role = ENVOI_INITIATOR,
		.local = fixture->alice,
		.peer_domain = "example.org",
		.required = ENVOI_STREAM_SECURE | ENVOI_STREAM_AUTHENTICATED | ENVOI_STREAM_BOUND,
		.settings = fixture->settings,
	};
}

void stream_fixture_finish(struct stream_fixture *fixture)
{
	recorder_finish(&fixture->recorder);
	peer_free(fixture->peer);
	for (size_t i = 0; i < fixture->handler_count; i++) {
		envoi_handler_destroy(fixture->handlers[i]);
	}
	envoi_memory_pair_unref(fixture->pair);
	envoi_jid_unref(fixture->alice);
	envoi_jid_unref(fixture->domain);
	envoi_settings_free(fixture->settings);
	envoi_context_unref(fixture->context);
}

void stream_fixture_add(struct stream_fixture *fixture, struct envoi_handler *handler)
{
	assert_true(fixture->handler_count < FIXTURE_HANDLERS);
	fixture->handlers[fixture->handler_count++] = handler;
}

void stream_fixture_add_login(struct stream_fixture *fixture)
{
	struct envoi_handler *handler;
	stream_fixture_add(fixture, fake_auth_new(fixture->context));
	const struct envoi_bind_options options = {.resource = "desk"};
	assert_int_equal(envoi_bind_new(&handler, fixture->context, &options), ENVOI_OK);
	stream_fixture_add(fixture, handler);
	assert_int_equal(envoi_legacy_session_new(&handler, fixture->context), ENVOI_OK);
	stream_fixture_add(fixture, handler);
}

void stream_fixture_make_receiver(struct stream_fixture *fixture)
{
	fixture->options.role = ENVOI_RECEIVER;
	fixture->options.local = fixture->domain;
	fixture->options.peer_domain = NULL;
}

void stream_fixture_start(struct stream_fixture *fixture)
{
	struct envoi_transport *transport;
	assert_int_equal(envoi_memory_transport_new(&transport, fixture->pair, ENVOI_MEMORY_A,
				 fixture->settings, !fixture->is_plain),
		ENVOI_OK);
	fixture->options.handlers = fixture->handlers;
	fixture->options.handler_count = fixture->handler_count;
	assert_int_equal(envoi_stream_new(&fixture->recorder.stream, fixture->context,
				 &fixture->options, transport, &fixture->recorder.sink),
		ENVOI_OK);
	peer_start(fixture->peer);
}

void stream_fixture_run(struct stream_fixture *fixture, uint64_t duration_ms)
{
	if (fixture->recorder.stream == NULL && fixture->recorder.closed_count == 0) {
		stream_fixture_start(fixture);
	}
	assert_int_equal(envoi_loop_simulated_run_for(fixture->loop, duration_ms), ENVOI_OK);
}

void stream_fixture_script_headers(struct peer *peer)
{
	peer_expects(peer, STREAM_HEADER_OUT);
	peer_sends(peer, STREAM_HEADER_IN);
}

void stream_fixture_script_login(struct peer *peer)
{
	stream_fixture_script_headers(peer);
	peer_sends(peer, "<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_sends(peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(peer);
	stream_fixture_script_headers(peer);
	peer_sends(peer, "<stream:features>" BIND_OFFER "</stream:features>");
	peer_expects(peer,
		"<iq type='set' id='$b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq>");
	peer_sends(peer,
		"<iq type='result' id='$b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<jid>alice@example.org/desk</jid></bind></iq>");
}
