/*
 * envoi - streams: the interface of features: tests
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

#include "stream_fixture.h"
#include "test_allocator.h"

#define NS_HOST "urn:example:host"
#define NS_RIDER "urn:example:rider"
#define CLIENT_HEADER \
	"<stream:stream xmlns='jabber:client' to='example.org' version='1.0' " \
	"xmlns:stream='http://etherx.jabber.org/streams'>"

static struct stream_fixture fixture;
static char asked[256]; /* the features that were asked, by name */

static int setup(void **state)
{
	(void)state;
	stream_fixture_init(&fixture);
	asked[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stream_fixture_finish(&fixture);
	return 0;
}

static void add(const struct envoi_handler_impl *impl, struct envoi_handler *handler)
{
	*handler = (struct envoi_handler){.impl = impl};
	stream_fixture_add(&fixture, handler);
}

static void note(const char *name)
{
	strncat(asked, asked[0] != '\0' ? " " : "", sizeof(asked) - strlen(asked) - 1);
	strncat(asked, name, sizeof(asked) - strlen(asked) - 1);
}

/* --- order --- */

static int negotiate_nothing(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)stream, (void)offer, (void)features;
	note(self->impl->name);
	return ENVOI_OK;
}

static int offer_nothing(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	(void)stream, (void)features;
	note(self->impl->name);
	return ENVOI_OK;
}

#define FEATURE(its_name, its_order) \
	{ \
		.ns = "urn:example:order", .name = (its_name), .order = (its_order), \
		.phase = ENVOI_PHASE_BIND, .offer = offer_nothing, .negotiate = negotiate_nothing, \
	}

static const struct envoi_stream_feature ordered[] = {
	FEATURE("last", ENVOI_ORDER_LAST),
	FEATURE("bind", ENVOI_ORDER_BIND),
	FEATURE("before-bind", ENVOI_ORDER_BIND - 50),
	FEATURE("last-too", ENVOI_ORDER_LAST),
	FEATURE("tls", ENVOI_ORDER_TLS),
};

enum {
	ORDERED = sizeof(ordered) / sizeof(ordered[0]),
};

static void features_are_negotiated_and_offered_by_their_order(void **state)
{
	(void)state;
	static struct envoi_handler_impl impls[ORDERED];
	static struct envoi_handler handlers[ORDERED];
	for (int is_receiver = 0; is_receiver < 2; is_receiver++) {
		for (size_t i = 0; i < ORDERED; i++) {
			impls[i] = (struct envoi_handler_impl){
				.name = ordered[i].name, .stream_feature = &ordered[i]};
			add(&impls[i], &handlers[i]);
		}
		fixture.options.required = 0;
		if (is_receiver) {
			stream_fixture_make_receiver(&fixture);
			peer_sends(fixture.peer, CLIENT_HEADER);
		} else {
			stream_fixture_script_headers(fixture.peer);
			peer_sends(fixture.peer, "<stream:features/>");
		}
		stream_fixture_run(&fixture, 1000);
		assert_true(recorder_has(&fixture.recorder, "ready"));
		assert_string_equal(asked, "tls before-bind bind last last-too");
		teardown(NULL);
		setup(NULL);
	}
}

/* --- a host, and one that rides inside it --- */

enum place {
	IN_REQUEST,
	IN_ANSWER,
	IN_OFFER,
	IN_TAKE,
	PLACES,
};

enum act {
	DO_NOTHING,
	FREE_STREAM,
	REMOVE_RIDER,
	REMOVE_HOST,
	FAIL,
	CLOSE,
	ACTS,
};

/** What the test has them do. */
static struct {
	enum envoi_stream_next next;
	int request, answer; /* what the rider returns */
	enum place place;
	enum act act; /* at that place */
	unsigned int requests, answers, acts;
} will;

static struct envoi_handler host, rider;

/* @return whether the stream may go on */
static bool act(enum place place, struct envoi_stream *stream)
{
	if (place != will.place || will.act == DO_NOTHING) {
		return true;
	}
	will.acts++;
	switch (will.act) {
	case FREE_STREAM:
		recorder_free_stream(&fixture.recorder);
		break;
	case REMOVE_RIDER:
		envoi_stream_remove(stream, &rider);
		break;
	case REMOVE_HOST:
		envoi_stream_remove(stream, &host);
		break;
	case FAIL:
		envoi_stream_fail_with(
			stream, ENVOI_ERR_CANCELED, ENVOI_STREAM_NO_CONDITION, "inside");
		break;
	default:
		envoi_stream_close(stream);
	}
	return false;
}

static int host_negotiate(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)self, (void)features;
	if (offer == NULL) {
		return ENVOI_OK;
	}
	struct envoi_element *ask = envoi_element_new(envoi_stream_context(stream), NS_HOST, "ask");
	int r = envoi_stream_inline_request(
		stream, NS_HOST, envoi_element_child(offer, NS_HOST, "inline"), ask);
	if (r == ENVOI_OK) {
		r = envoi_stream_send_element(stream, ask);
	}
	envoi_element_unref(ask);
	return r < 0 ? r : ENVOI_AGAIN;
}

static int host_yes(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	int r = envoi_stream_inline_answer(stream, NS_HOST, element);
	if (r == ENVOI_OK) {
		envoi_stream_feature_done(
			stream, self, ENVOI_STREAM_AUTHENTICATED, will.next, "HOST");
	}
	return r;
}

static int host_offer(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	(void)self;
	struct envoi_element *it = envoi_element_add(features, NS_HOST, "host");
	return envoi_stream_inline_offer(stream, NS_HOST, envoi_element_add(it, NS_HOST, "inline"));
}

static int host_ask(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	struct envoi_element *yes = envoi_element_new(envoi_stream_context(stream), NS_HOST, "yes");
	int r = envoi_stream_inline_take(stream, NS_HOST, element, yes);
	if (r == ENVOI_OK) {
		r = envoi_stream_send_element(stream, yes);
	}
	envoi_element_unref(yes);
	if (r == ENVOI_OK) {
		envoi_stream_feature_done(
			stream, self, ENVOI_STREAM_AUTHENTICATED, will.next, "HOST");
	}
	return r;
}

static const struct envoi_stream_feature host_feature = {
	.ns = NS_HOST,
	.name = "host",
	.order = ENVOI_ORDER_SASL,
	.forbidden = ENVOI_STREAM_AUTHENTICATED,
	.phase = ENVOI_PHASE_SASL,
	.offer = host_offer,
	.negotiate = host_negotiate,
};

static const struct envoi_stream_element_row host_rows[] = {
	{NS_HOST, "yes", 1u << ENVOI_INITIATOR, 0, ENVOI_STREAM_AUTHENTICATED, host_yes},
	{NS_HOST, "ask", 1u << ENVOI_RECEIVER, 0, ENVOI_STREAM_AUTHENTICATED, host_ask},
	{.name = NULL},
};

static const struct envoi_handler_impl host_impl = {
	.name = "host", .stream_feature = &host_feature, .stream_elements = host_rows};

static int rider_request(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, struct envoi_element *request)
{
	(void)self;
	assert_string_equal(envoi_element_name(offer), "rider");
	will.requests++;
	if (act(IN_REQUEST, stream) && will.request == ENVOI_OK) {
		envoi_element_add(request, NS_RIDER, "resource");
	}
	return will.request;
}

static int rider_answer(
	struct envoi_handler *self, struct envoi_stream *stream, const struct envoi_element *answer)
{
	will.answers++;
	if (act(IN_ANSWER, stream) && will.answer == ENVOI_OK &&
		envoi_element_child(answer, NS_RIDER, "bound") != NULL) {
		envoi_stream_feature_done(
			stream, self, ENVOI_STREAM_BOUND, ENVOI_NEXT_FEATURE, "RIDER");
	}
	return will.answer;
}

static int rider_offer(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *offers)
{
	(void)self;
	if (act(IN_OFFER, stream)) {
		envoi_element_add(offers, NS_RIDER, "rider");
	}
	return envoi_element_error(offers);
}

static int rider_take(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *request, struct envoi_element *answer)
{
	if (!act(IN_TAKE, stream) || envoi_element_child(request, NS_RIDER, "resource") == NULL) {
		return ENVOI_DECLINED;
	}
	envoi_element_add(answer, NS_RIDER, "bound");
	envoi_stream_feature_done(stream, self, ENVOI_STREAM_BOUND, ENVOI_NEXT_FEATURE, "RIDER");
	return envoi_element_error(answer);
}

static const struct envoi_stream_inline rider_inlines[] = {
	{"urn:example:elsewhere", NS_RIDER, "rider", rider_request, rider_answer},
	{NS_HOST, NS_RIDER, "rider", rider_request, rider_answer, rider_offer, rider_take},
	{.host_ns = NULL},
};

static const struct envoi_stream_feature rider_feature = {
	.ns = NS_RIDER,
	.name = "rider",
	.order = ENVOI_ORDER_BIND,
	.necessary = ENVOI_STREAM_AUTHENTICATED,
	.forbidden = ENVOI_STREAM_BOUND,
	.phase = ENVOI_PHASE_BIND,
	.inlines = rider_inlines,
};

static const struct envoi_handler_impl rider_impl = {
	.name = "rider", .stream_feature = &rider_feature};

static void add_host_and_rider(void)
{
	memset(&will, 0, sizeof(will));
	will.next = ENVOI_NEXT_FEATURES;
	add(&host_impl, &host);
	add(&rider_impl, &rider);
	fixture.options.required = ENVOI_STREAM_AUTHENTICATED;
}

#define HOST_OFFER(inside) \
	"<stream:features><host xmlns='" NS_HOST "'>" inside "</host></stream:features>"
#define INLINE "<inline><rider xmlns='" NS_RIDER "'/></inline>"
#define ASK "<ask xmlns='" NS_HOST "'><resource xmlns='" NS_RIDER "'/></ask>"
#define YES "<yes xmlns='" NS_HOST "'><bound xmlns='" NS_RIDER "'/></yes>"

static void a_feature_rides_inside_another(void **state)
{
	(void)state;
	add_host_and_rider();
	fixture.options.required |= ENVOI_STREAM_BOUND;
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, HOST_OFFER(INLINE));
	peer_expects(fixture.peer, ASK);
	peer_sends(fixture.peer, YES "<stream:features/>");
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	recorder_assert_milestones(&fixture.recorder,
		(const char *const[]){"gained secure", "opened", "gained authenticated HOST",
			"gained bound RIDER", "ready", NULL});
	assert_int_equal(will.answers, 1);
}

static void a_receiver_takes_what_rides_inside(void **state)
{
	(void)state;
	add_host_and_rider();
	fixture.options.required |= ENVOI_STREAM_BOUND;
	stream_fixture_make_receiver(&fixture);
	peer_sends(fixture.peer, CLIENT_HEADER);
	peer_expects(fixture.peer,
		"<stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' "
		"id='*' from='example.org' version='1.0'>");
	peer_expects(fixture.peer, HOST_OFFER(INLINE));
	peer_sends(fixture.peer, ASK);
	peer_expects(fixture.peer, YES "<stream:features/>");
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	assert_true(recorder_has(&fixture.recorder, "gained authenticated HOST"));
	assert_true(recorder_has(&fixture.recorder, "gained bound RIDER"));
	assert_true(recorder_has(&fixture.recorder, "ready"));
}

/* Not offered, or not wanted this time: the host goes on alone. */
static void a_feature_need_not_ride(void **state)
{
	(void)state;
	for (int is_offered = 0; is_offered < 2; is_offered++) {
		add_host_and_rider();
		will.request = ENVOI_DECLINED;
		stream_fixture_script_headers(fixture.peer);
		peer_sends(fixture.peer, is_offered ? HOST_OFFER(INLINE) : HOST_OFFER(""));
		peer_expects(fixture.peer, "<ask xmlns='" NS_HOST "'/>");
		peer_sends(fixture.peer, YES "<stream:features/>");
		stream_fixture_run(&fixture, 1000);
		peer_assert_done(fixture.peer);
		assert_int_equal(will.requests, is_offered);
		assert_int_equal(will.answers, 0);
		assert_false(recorder_has(&fixture.recorder, "gained bound"));
		assert_true(recorder_has(&fixture.recorder, "ready"));
		teardown(NULL);
		setup(NULL);
	}
}

static void script_initiator(void)
{
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, HOST_OFFER(INLINE));
	peer_expects(fixture.peer, ASK);
	peer_sends(fixture.peer, YES "<stream:features/>");
}

static const struct envoi_stream_feature early_feature = {
	.ns = NS_RIDER,
	.name = "rider",
	.order = ENVOI_ORDER_TLS,
	.necessary = ENVOI_STREAM_AUTHENTICATED,
	.forbidden = ENVOI_STREAM_BOUND,
	.phase = ENVOI_PHASE_BIND,
	.inlines = rider_inlines,
};

static const struct envoi_handler_impl early_impl = {
	.name = "early rider", .stream_feature = &early_feature};

static void a_feature_whose_order_is_before_the_hosts_rides_too(void **state)
{
	(void)state;
	memset(&will, 0, sizeof(will));
	will.next = ENVOI_NEXT_FEATURES;
	add(&early_impl, &rider);
	add(&host_impl, &host);
	fixture.options.required = ENVOI_STREAM_AUTHENTICATED | ENVOI_STREAM_BOUND;
	script_initiator();
	stream_fixture_run(&fixture, 1000);
	peer_assert_done(fixture.peer);
	assert_true(recorder_has(&fixture.recorder, "gained bound RIDER"));
}

static void a_failure_inside_ends_the_host(void **state)
{
	(void)state;
	add_host_and_rider();
	will.answer = ENVOI_ERR_PROTOCOL;
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, HOST_OFFER(INLINE));
	peer_expects(fixture.peer, ASK);
	peer_sends(fixture.peer, YES);
	stream_fixture_run(&fixture, 60000);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_SASL, ENVOI_ERR_PROTOCOL);
	assert_false(recorder_has(&fixture.recorder, "gained authenticated"));
}

static void script_receiver(void)
{
	stream_fixture_make_receiver(&fixture);
	peer_sends(fixture.peer, CLIENT_HEADER ASK);
}

static void everything_may_be_freed_inside(void **state)
{
	(void)state;
	for (int i = 0; i < PLACES * ACTS; i++) {
		add_host_and_rider();
		will.place = (enum place)(i % PLACES);
		will.act = (enum act)(i / PLACES);
		if (will.place == IN_REQUEST || will.place == IN_ANSWER) {
			script_initiator();
		} else {
			script_receiver();
		}
		stream_fixture_start(&fixture);
		assert_int_equal(envoi_loop_simulated_run_for(fixture.loop, 60000), ENVOI_OK);
		assert_int_equal(will.acts, will.act == DO_NOTHING ? 0 : 1);
		assert_int_equal(fixture.recorder.after_free, 0);
		assert_true(fixture.recorder.closed_count <= 1);
		if (will.act == FAIL) {
			assert_int_equal(fixture.recorder.closed_count, 1);
			assert_int_equal(fixture.recorder.failure.code, ENVOI_ERR_CANCELED);
		}
		teardown(NULL);
		setup(NULL);
	}
}

static const struct envoi_stream_inline double_inlines[] = {
	{NS_HOST, NS_RIDER, "rider", rider_request, rider_answer},
	{NS_HOST, NS_RIDER, "rider", rider_request, rider_answer},
	{.host_ns = NULL},
};

static const struct envoi_stream_feature double_feature = {
	.ns = NS_RIDER,
	.name = "rider",
	.order = ENVOI_ORDER_BIND,
	.inlines = double_inlines,
};

static const struct envoi_handler_impl double_impl = {
	.name = "double", .stream_feature = &double_feature};

/* A feature with two parts inside one host: the second is not called after the first. */
static void nothing_inside_is_called_after_the_end(void **state)
{
	(void)state;
	static const enum act ends[] = {FREE_STREAM, REMOVE_RIDER, FAIL, CLOSE, DO_NOTHING};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		memset(&will, 0, sizeof(will));
		will.place = IN_REQUEST;
		will.act = ends[i];
		add(&host_impl, &host);
		add(&double_impl, &rider);
		script_initiator();
		stream_fixture_start(&fixture);
		assert_int_equal(envoi_loop_simulated_run_for(fixture.loop, 1000), ENVOI_OK);
		assert_int_equal(will.requests, ends[i] == DO_NOTHING ? 2 : 1);
		teardown(NULL);
		setup(NULL);
	}
}

/* --- what follows --- */

static void features_may_follow_without_a_header(void **state)
{
	(void)state;
	add_host_and_rider();
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, HOST_OFFER(""));
	peer_expects(fixture.peer, "<ask xmlns='" NS_HOST "'/>");
	peer_sends(fixture.peer, YES);
	stream_fixture_run(&fixture, 1000);
	assert_false(recorder_has(&fixture.recorder, "ready"));
	assert_null(envoi_stream_features(fixture.recorder.stream));
	peer_sends(fixture.peer, "<stream:features><new xmlns='urn:x'/></stream:features>");
	peer_start(fixture.peer);
	stream_fixture_run(&fixture, 1000);
	assert_true(recorder_has(&fixture.recorder, "ready"));
	assert_non_null(envoi_element_child(
		envoi_stream_features(fixture.recorder.stream), "urn:x", "new"));
}

static void features_that_do_not_follow_are_a_timeout(void **state)
{
	(void)state;
	add_host_and_rider();
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, HOST_OFFER(""));
	peer_expects(fixture.peer, "<ask xmlns='" NS_HOST "'/>");
	peer_sends(fixture.peer, YES);
	stream_fixture_run(&fixture, 60000);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_STREAM, ENVOI_ERR_TIMEOUT);
}

static const struct envoi_stream_sink_impl silent_sink; /* the loop does not run */

/* A stream with @p count handlers on a transport of its own, freed before its loop runs. */
static int make_stream(struct envoi_context *context, size_t count)
{
	struct envoi_settings *settings = NULL;
	struct envoi_memory_pair *pair = NULL;
	struct envoi_transport *transport = NULL;
	struct envoi_stream *stream = NULL;
	struct envoi_stream_sink sink = {&silent_sink};
	struct envoi_handler rider_alone = {&rider_impl}, *handlers[] = {&rider_alone};
	int r = envoi_settings_new(&settings, context);
	if (r == ENVOI_OK) {
		r = envoi_memory_pair_new(&pair, context);
	}
	if (r == ENVOI_OK) {
		r = envoi_memory_transport_new(&transport, pair, ENVOI_MEMORY_A, settings, false);
	}
	if (r == ENVOI_OK) {
		const struct envoi_stream_options options = {.role = ENVOI_INITIATOR,
			.peer_domain = "example.org",
			.settings = settings,
			.handlers = handlers,
			.handler_count = count};
		r = envoi_stream_new(&stream, context, &options, transport, &sink);
	}
	envoi_stream_free(stream);
	envoi_memory_pair_unref(pair);
	envoi_settings_free(settings);
	return r;
}

static int make_with_handler(struct envoi_context *context)
{
	return make_stream(context, 1);
}

static void a_stream_that_cannot_be_made_leaves_nothing(void **state)
{
	(void)state;
	assert_true(test_allocator_try(make_with_handler) > 5);
}

static void *alloc_something(void *user, size_t len)
{
	(void)user;
	return len == 0 ? NULL : malloc(len);
}

static void *realloc_something(void *user, void *memory, size_t len)
{
	(void)user;
	return len == 0 ? NULL : realloc(memory, len);
}

static void free_something(void *user, void *memory)
{
	(void)user;
	free(memory);
}

/* malloc(0) may return NULL. */
static void no_memory_is_wanted_for_nothing(void **state)
{
	const struct envoi_context_options options = {
		.allocator = {alloc_something, realloc_something, free_something, NULL}};
	struct envoi_context *context;
	(void)state;
	assert_int_equal(envoi_context_new(&context, &options), ENVOI_OK);
	assert_int_equal(make_stream(context, 0), ENVOI_OK);
	assert_int_equal(make_stream(context, 1), ENVOI_OK);
	envoi_context_unref(context);
}

/* RFC 6120, section 4.3.2, is about features that are not supported. */
static void a_known_requirement_that_is_not_negotiated_yet_is_accepted(void **state)
{
	static const struct envoi_handler_impl without_feature = {.name = "other"};
	static struct envoi_handler other;
	(void)state;
	add_host_and_rider();
	add(&without_feature, &other);
	fixture.options.required = 0;
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer,
		"<stream:features><rider xmlns='" NS_RIDER
		"'><required/></rider></stream:features>");
	stream_fixture_run(&fixture, 1000);
	assert_true(recorder_has(&fixture.recorder, "ready"));
	assert_int_equal(fixture.recorder.closed_count, 0);
}

static void require_starttls(bool has_tls)
{
	static struct envoi_transport_impl changed;
	add_host_and_rider();
	fixture.options.required = 0;
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer,
		"<stream:features><starttls xmlns='" ENVOI_NS_TLS
		"'><required/></starttls></stream:features>");
	stream_fixture_start(&fixture);
	struct envoi_transport *transport = envoi_stream_transport(fixture.recorder.stream);
	changed = *transport->impl;
	changed.start_tls = has_tls ? changed.start_tls : NULL;
	transport->impl = &changed;
	stream_fixture_run(&fixture, 1000);
}

/* XEP-0206, section 4: some servers require STARTTLS over BOSH. */
static void starttls_is_ignored_where_the_transport_has_none(void **state)
{
	(void)state;
	require_starttls(false);
	assert_true(recorder_has(&fixture.recorder, "ready"));
	assert_int_equal(fixture.recorder.closed_count, 0);
}

static void starttls_that_is_not_wanted_is_not_ignored_elsewhere(void **state)
{
	(void)state;
	require_starttls(true);
	stream_fixture_run(&fixture, 60000);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_STREAM, ENVOI_ERR_PROTOCOL);
}

static void tls_that_the_transport_does_not_have_ends_the_stream(void **state)
{
	(void)state;
	add_host_and_rider();
	stream_fixture_start(&fixture);
	struct envoi_stream *stream = fixture.recorder.stream;
	struct envoi_transport *transport = envoi_stream_transport(stream);
	const struct envoi_transport_impl *impl = transport->impl;
	struct envoi_transport_impl without_tls = *impl;
	without_tls.start_tls = NULL;
	without_tls.tls_info = NULL;
	transport->impl = &without_tls;
	assert_int_equal(envoi_stream_start_tls(stream, &host, NULL), ENVOI_ERR_UNSUPPORTED);
	struct envoi_tls_info info = {.version = "none"};
	envoi_stream_tls_info(stream, &info);
	static const struct envoi_tls_info none;
	assert_memory_equal(&info, &none, sizeof(info));
	transport->impl = impl;
	stream_fixture_run(&fixture, 10000);
	assert_int_equal(fixture.recorder.closed_count, 1);
	assert_int_equal(fixture.recorder.failure.code, ENVOI_ERR_TLS);
	assert_string_equal(fixture.recorder.failure.text, "TLS cannot be started here");
}

static int start_tls_that_never_ends(struct envoi_transport *transport, enum envoi_role role,
	struct envoi_tls_config *config, const char *server_name)
{
	(void)transport, (void)role, (void)config, (void)server_name;
	return ENVOI_OK;
}

/* Whether or not the transport would refuse it. */
static void no_element_is_sent_during_the_handshake(void **state)
{
	(void)state;
	add_host_and_rider();
	stream_fixture_script_headers(fixture.peer);
	stream_fixture_run(&fixture, 1000);
	struct envoi_stream *stream = fixture.recorder.stream;
	struct envoi_transport *transport = envoi_stream_transport(stream);
	const struct envoi_transport_impl *impl = transport->impl;
	struct envoi_transport_impl slow = *impl;
	slow.start_tls = start_tls_that_never_ends;
	transport->impl = &slow;
	struct envoi_element *element = envoi_element_new(fixture.context, "urn:example", "x");
	assert_int_equal(envoi_stream_start_tls(stream, &host, NULL), ENVOI_OK);
	assert_int_equal(envoi_stream_send_element(stream, element), ENVOI_ERR_STATE);
	assert_int_equal(envoi_stream_keepalive(stream), ENVOI_ERR_STATE);
	transport->impl = impl;
	envoi_element_unref(element);
}

static void nothing_else_may_come_before_the_features(void **state)
{
	(void)state;
	add_host_and_rider();
	stream_fixture_script_headers(fixture.peer);
	peer_sends(fixture.peer, HOST_OFFER(""));
	peer_expects(fixture.peer, "<ask xmlns='" NS_HOST "'/>");
	peer_sends(fixture.peer, YES "<message/>");
	stream_fixture_run(&fixture, 60000);
	recorder_assert_closed(&fixture.recorder, ENVOI_PHASE_STREAM, ENVOI_ERR_PROTOCOL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(features_are_negotiated_and_offered_by_their_order),
		CASE(a_feature_rides_inside_another),
		CASE(a_receiver_takes_what_rides_inside),
		CASE(a_feature_need_not_ride),
		CASE(a_feature_whose_order_is_before_the_hosts_rides_too),
		CASE(a_failure_inside_ends_the_host),
		CASE(everything_may_be_freed_inside),
		CASE(nothing_inside_is_called_after_the_end),
		CASE(features_may_follow_without_a_header),
		CASE(features_that_do_not_follow_are_a_timeout),
		CASE(a_stream_that_cannot_be_made_leaves_nothing),
		CASE(no_memory_is_wanted_for_nothing),
		CASE(a_known_requirement_that_is_not_negotiated_yet_is_accepted),
		CASE(starttls_is_ignored_where_the_transport_has_none),
		CASE(starttls_that_is_not_wanted_is_not_ignored_elsewhere),
		CASE(tls_that_the_transport_does_not_have_ends_the_stream),
		CASE(no_element_is_sent_during_the_handshake),
		CASE(nothing_else_may_come_before_the_features),
#undef CASE
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("stream/negotiation", tests, NULL, NULL);
}
