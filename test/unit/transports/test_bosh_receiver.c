/*
 * envoi - BOSH, the receiving side: tests
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the budget of memory has no public one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <envoi/bosh.h>
#include <envoi/context.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>
#include <envoi/settings.h>
#include <envoi/values.h>

#include "base/context.h"
#include "test_allocator.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS "xmlns='http://jabber.org/protocol/httpbind'"
#define XBOSH "xmlns:xmpp='urn:xmpp:xbosh'"
/* Of 18 bytes 0x5a. */
#define SID "WlpaWlpaWlpaWlpaWlpaWlpa"
#define END(condition) "<body " NS " type='terminate' condition='" condition "'/>"
#define EMPTY "<body " NS "/>"
#define FEATURES "<stream:features xmlns:stream='http://etherx.jabber.org/streams'/>"

enum {
	SECOND = 1000,
	ASKS = 64,
};

struct fixture;

/** A request and its answer. */
struct ask {
	struct fixture *f;
	struct envoi_bosh_exchange *exchange; /* NULL: answered */
	char answer[4096];
	int answers;
};

struct fixture {
	struct test_allocator allocator;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_settings *settings;
	struct envoi_bosh_receiver *receiver;
	struct envoi_transport_sink sink;
	struct envoi_transport *transport; /* of the last session */
	char log[4000];
	int sessions;
	size_t written;
	bool is_refusing, aborts_at_open, restarts_at_element, destroys_at_element, frees_at_answer;
	struct ask asks[ASKS];
	size_t ask_count;
	const char *address; /* of the client */
};

static void note(struct fixture *f, const char *format, ...) ENVOI_PRINTF(2, 3);
static void note(struct fixture *f, const char *format, ...)
{
	size_t len = strlen(f->log);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(f->log + len, sizeof(f->log) - len, format, arguments);
	va_end(arguments);
}

static void expect_log(struct fixture *f, const char *log)
{
	assert_string_equal(f->log, log);
	f->log[0] = '\0';
}

/* --- the sink --- */

static struct fixture *fixture_of(struct envoi_transport_sink *sink)
{
	return ENVOI_CONTAINER_OF(sink, struct fixture, sink);
}

static void on_opened(struct envoi_transport_sink *sink, const struct envoi_stream_head *head)
{
	note(fixture_of(sink), "opened %s\n", head->to != NULL ? head->to : "-");
}

static void on_element(struct envoi_transport_sink *sink, struct envoi_element *element)
{
	struct fixture *f = fixture_of(sink);
	note(f, "%s\n", envoi_element_name(element));
	if (f->restarts_at_element) {
		assert_int_equal(f->transport->impl->restart(f->transport), ENVOI_OK);
	}
	if (f->destroys_at_element) {
		envoi_transport_destroy(f->transport);
		f->transport = NULL;
	}
}

static void on_ended(struct envoi_transport_sink *sink)
{
	note(fixture_of(sink), "ended\n");
}

static void on_written(struct envoi_transport_sink *sink, size_t count)
{
	fixture_of(sink)->written += count;
}

static void on_nothing(struct envoi_transport_sink *sink)
{
	(void)sink;
}

static void on_closed(struct envoi_transport_sink *sink, const struct envoi_failure *why)
{
	note(fixture_of(sink), "closed %s\n", envoi_error_name(why->code));
}

static const struct envoi_transport_sink_impl sink_impl = {
	.opened = on_opened,
	.element = on_element,
	.ended = on_ended,
	.written = on_written,
	.drained = on_nothing,
	.activity = on_nothing,
	.closed = on_closed,
};

/* --- the fixture --- */

static int open_session(void *user, struct envoi_transport *transport)
{
	struct fixture *f = user;
	if (f->is_refusing) {
		envoi_transport_destroy(transport);
		return ENVOI_ERR_STATE;
	}
	envoi_transport_destroy(f->transport);
	f->transport = transport;
	f->sessions++;
	int r = envoi_transport_start(transport, &f->sink);
	if (f->aborts_at_open) {
		transport->impl->abort(transport, NULL);
	}
	return r;
}

static unsigned char random_byte = 0x5a;

static int fill_random(void *user, void *bytes, size_t len)
{
	(void)user;
	memset(bytes, random_byte, len);
	return 0;
}

static int begin(struct fixture *f)
{
	const struct envoi_context_options options = {
		.allocator = test_allocator_functions(&f->allocator),
		.random = fill_random,
	};
	f->sink.impl = &sink_impl;
	f->address = "192.0.2.1";
	int r = envoi_context_new(&f->context, &options);
	r = r < 0 ? r : envoi_loop_new_simulated(&f->loop, f->context);
	r = r < 0 ? r : envoi_context_take_loop(f->context, f->loop);
	r = r < 0 ? r : envoi_settings_new(&f->settings, f->context);
	r = r < 0 ? r : envoi_settings_set(f->settings, "web.bosh-per-address", "2");
	const struct envoi_bosh_receiver_options receiver = {
		.settings = f->settings, .opened = open_session, .user = f};
	return r < 0 ? r : envoi_bosh_receiver_new(&f->receiver, f->context, &receiver);
}

static void finish(struct fixture *f)
{
	envoi_transport_destroy(f->transport);
	for (size_t i = 0; i < f->ask_count; i++) {
		envoi_bosh_exchange_free(f->asks[i].exchange);
	}
	envoi_bosh_receiver_free(f->receiver);
	envoi_settings_free(f->settings);
	envoi_context_unref(f->context);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(begin(f), ENVOI_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	finish(f);
	assert_int_equal(f->allocator.live, 0);
	free(f);
	return 0;
}

static void run(struct fixture *f, uint64_t ms)
{
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, ms), ENVOI_OK);
}

static void on_answer(void *user, const char *body, size_t len)
{
	struct ask *ask = user;
	ask->exchange = NULL;
	ask->answers++;
	snprintf(ask->answer, sizeof(ask->answer), "%.*s", (int)len, len > 0 ? body : "");
	if (ask->f->frees_at_answer) {
		struct fixture *f = ask->f;
		envoi_transport_destroy(f->transport);
		f->transport = NULL;
		for (size_t i = 0; i < f->ask_count; i++) {
			envoi_bosh_exchange_free(f->asks[i].exchange);
			f->asks[i].exchange = NULL;
		}
		envoi_bosh_receiver_free(f->receiver);
		f->receiver = NULL;
	}
}

static struct ask *ask_with(struct fixture *f, const char *body, bool is_secure)
{
	struct ask *ask = &f->asks[f->ask_count++];
	assert_true(f->ask_count <= ASKS);
	*ask = (struct ask){.f = f};
	const struct envoi_bosh_request request = {
		.body = body,
		.len = strlen(body),
		.address = f->address,
		.is_secure = is_secure,
		.answer = on_answer,
		.user = ask,
	};
	int r = envoi_bosh_receiver_take(f->receiver, &request, &ask->exchange);
	assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
	run(f, 10);
	return ask;
}

static struct ask *ask(struct fixture *f, const char *body)
{
	return ask_with(f, body, false);
}

/* A request of the session. @param more  attributes @param content  elements */
static struct ask *next(struct fixture *f, uint64_t rid, const char *more, const char *content)
{
	static char body[100000];
	snprintf(body, sizeof(body), "<body " NS " " XBOSH " sid='" SID "' rid='%llu' %s>%s</body>",
		(unsigned long long)rid, more, content);
	return ask(f, body);
}

static void send_text(struct fixture *f, const char *xml)
{
	assert_int_equal(
		f->transport->impl->send_element(f->transport, xml, strlen(xml)), ENVOI_OK);
	run(f, 10);
}

static void send_head(struct fixture *f)
{
	const struct envoi_stream_head head = {
		.from = "example.org", .id = "1", .version = "1.0", .content_ns = ENVOI_NS_CLIENT};
	assert_int_equal(f->transport->impl->send_head(f->transport, &head), ENVOI_OK);
}

#define CREATE(more) \
	"<body " NS " " XBOSH " rid='100' to='example.org' xmpp:version='1.0' ver='1.11' " more "/>"

static void start_with(struct fixture *f, const char *create)
{
	struct ask *first = ask(f, create);
	expect_log(f, "opened example.org\n");
	assert_int_equal(first->answers, 0);
	send_head(f);
	send_text(f, FEATURES);
	assert_int_equal(first->answers, 1);
}

/* Once more, whatever was opened before. */
static void start_over(struct fixture *f)
{
	f->log[0] = '\0';
	start_with(f, CREATE("wait='30' hold='1'"));
}

static void start(struct fixture *f)
{
	start_with(f, CREATE("wait='30' hold='1'"));
}

/* --- tests --- */

static void a_session_is_created(void **state)
{
	struct fixture *f = *state;
	start_with(f, CREATE("wait='30' hold='1' ack='1'"));
	assert_string_equal(f->asks[0].answer,
		"<body " NS " sid='" SID "' wait='30' hold='1' requests='2' inactivity='60' "
		"polling='2' maxpause='120' ver='1.11' " XBOSH
		" xmpp:version='1.0' xmpp:restartlogic='true' ack='100' from='example.org'>" FEATURES
		"</body>");
	assert_string_equal(f->transport->impl->name, "bosh");
	assert_string_equal(f->transport->impl->peer_name(f->transport), "192.0.2.1");
}

static void what_is_asked_for_is_bounded(void **state)
{
	struct fixture *f = *state;
	start_with(f, CREATE("wait='3600' hold='5'"));
	assert_non_null(strstr(f->asks[0].answer, " wait='60' hold='1' requests='2' "));
	envoi_transport_destroy(f->transport);
	f->transport = NULL;
	start_with(f, CREATE("wait='0' hold='1'"));
	assert_non_null(strstr(f->asks[1].answer, " wait='0' hold='0' requests='1' "));
}

static void one_request_is_held(void **state)
{
	struct fixture *f = *state;
	start(f);
	struct ask *held = next(f, 101, "", "");
	run(f, 20 * SECOND);
	assert_int_equal(held->answers, 0);
	send_text(f, "<a xmlns='urn:x'/>");
	assert_string_equal(held->answer, "<body " NS "><a xmlns='urn:x'/></body>");
	held = next(f, 102, "", "");
	run(f, 29 * SECOND);
	assert_int_equal(held->answers, 0);
	run(f, 2 * SECOND); /* section 7.1: wait */
	assert_string_equal(held->answer, EMPTY);
	held = next(f, 103, "", "");
	struct ask *newer = next(f, 104, "", "<message xmlns='jabber:client'/>");
	assert_string_equal(held->answer, EMPTY);
	assert_int_equal(newer->answers, 0);
	expect_log(f, "message\n");
}

static void elements_wait_for_a_request(void **state)
{
	struct fixture *f = *state;
	start(f);
	send_text(f, "<a/>");
	send_text(f, "<b/>");
	assert_int_equal(f->transport->impl->pending(f->transport), 8);
	assert_int_equal(f->transport->impl->unsent(f->transport), 2);
	struct ask *fetching = next(f, 101, "", "");
	assert_string_equal(fetching->answer, "<body " NS "><a/><b/></body>");
	assert_int_equal(f->transport->impl->pending(f->transport), 0);
}

/* Section 14.2. */
static void requests_are_delivered_in_the_order_of_their_rids(void **state)
{
	struct fixture *f = *state;
	start(f);
	struct ask *late = next(f, 102, "", "<second xmlns='jabber:client'/>");
	expect_log(f, "");
	struct ask *early = next(f, 101, "", "<first/>"); /* XEP-0206, section 2 */
	expect_log(f, "first\nsecond\n");
	assert_string_equal(early->answer, EMPTY);
	assert_int_equal(late->answers, 0);
}

/* Section 14.3. */
static void lost_answers_are_given_again(void **state)
{
	struct fixture *f = *state;
	start(f);
	struct ask *lost = next(f, 101, "", "<a/>");
	send_text(f, "<answer/>");
	char before[200];
	snprintf(before, sizeof(before), "%s", lost->answer);
	assert_string_equal(before, "<body " NS "><answer/></body>");
	struct ask *again = next(f, 101, "", "<a/>");
	assert_string_equal(again->answer, before);
	expect_log(f, "a\n");
	assert_int_equal(f->written, 0);
}

static void a_request_that_is_held_moves_to_its_new_connection(void **state)
{
	struct fixture *f = *state;
	start(f);
	struct ask *old = next(f, 101, "", "<a/>"), *again = next(f, 101, "", "<a/>");
	assert_string_equal(old->answer, "<body " NS " type='error'/>");
	assert_int_equal(again->answers, 0);
	expect_log(f, "a\n");
	send_text(f, "<b/>");
	assert_string_equal(again->answer, "<body " NS "><b/></body>");
}

static void nothing_is_answered_on_a_lost_connection(void **state)
{
	struct fixture *f = *state;
	start(f);
	struct ask *lost = next(f, 101, "", "");
	envoi_bosh_exchange_free(lost->exchange);
	lost->exchange = NULL;
	send_text(f, "<a/>");
	assert_int_equal(lost->answers, 0);
	assert_int_equal(f->transport->impl->unsent(f->transport), 1);
	struct ask *again = next(f, 101, "", "");
	assert_string_equal(again->answer, "<body " NS "><a/></body>");
}

/* Section 14.2: too low and too high cannot be told from each other. */
static void rids_out_of_the_window_end_the_session(void **state)
{
	static const uint64_t rids[] = {1, 99, 104, 150, UINT64_C(9007199254740991)};
	(void)state;
	for (size_t i = 0; i < COUNT(rids); i++) {
		void *own = NULL;
		setup(&own);
		struct fixture *f = own;
		start(f);
		struct ask *refused = next(f, rids[i], "", "<a/>");
		assert_string_equal(refused->answer, END("item-not-found"));
		run(f, 2 * SECOND);
		expect_log(f, "closed ENVOI_ERR_PROTOCOL\n");
		teardown(&own);
	}
}

static void an_old_rid_ends_the_session(void **state)
{
	struct fixture *f = *state;
	start(f);
	for (uint64_t rid = 101; rid < 110; rid++) {
		(void)next(f, rid, "", "");
	}
	struct ask *held = &f->asks[f->ask_count - 1];
	assert_string_equal(next(f, 104, "", "")->answer, END("item-not-found"));
	assert_string_equal(held->answer, END("item-not-found"));
}

static void a_gap_is_not_waited_for_without_end(void **state)
{
	struct fixture *f = *state;
	start(f);
	struct ask *waiting = next(f, 102, "", "<a/>");
	run(f, 39 * SECOND);
	assert_int_equal(waiting->answers, 0);
	run(f, 5 * SECOND);
	assert_string_equal(waiting->answer, END("item-not-found"));
	expect_log(f, "closed ENVOI_ERR_TIMEOUT\n");
}

static void malformed_requests_are_refused(void **state)
{
	static const char *const bodies[] = {
		"",
		"x",
		"<body/>",
		"<body " NS "/>",
		"<body " NS " rid='0'/>",
		"<body " NS " rid='x'/>",
		"<body " NS " rid='-1'/>",
		"<body " NS " rid='9007199254740992'/>",
		"<body " NS " rid='1' wait='x'/>",
		"<other " NS " rid='1'/>",
		"<body xmlns='urn:x' rid='1'/>",
		"<body " NS " rid='1'",
		"<!DOCTYPE a><body " NS " rid='1'/>",
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct ask *refused = ask(f, bodies[i]);
		assert_string_equal(refused->answer, END("bad-request"));
	}
	assert_int_equal(f->sessions, 0);
}

static void malformed_content_ends_the_session(void **state)
{
	static const char *const contents[] = {"<a>", "<a></b>", "</body><x>", "&x;", "<!--x-->"};
	(void)state;
	for (size_t i = 0; i < COUNT(contents); i++) {
		void *own = NULL;
		setup(&own);
		struct fixture *f = own;
		start(f);
		struct ask *refused = next(f, 101, "", contents[i]);
		assert_string_equal(refused->answer, END("bad-request"));
		run(f, 2 * SECOND);
		assert_non_null(strstr(f->log, "closed "));
		teardown(&own);
	}
}

static void an_element_over_the_limit_ends_the_session(void **state)
{
	struct fixture *f = *state;
	static char content[30000];
	start(f);
	memset(content, 'x', sizeof(content) - 1);
	memcpy(content, "<a>", 3);
	assert_string_equal(next(f, 101, "", content)->answer, END("policy-violation"));
}

static void unknown_sessions_are_not_found(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(next(f, 101, "", "")->answer, END("item-not-found"));
	start(f);
	assert_string_equal(
		ask(f, "<body " NS " sid='other' rid='101'/>")->answer, END("item-not-found"));
}

/* What was said within TLS is not given to a request without. */
static void a_session_of_tls_needs_tls(void **state)
{
	struct fixture *f = *state;
	(void)ask_with(f, CREATE("wait='30' hold='1'"), true);
	assert_true(f->transport->impl->is_secure(f->transport));
	assert_string_equal(next(f, 101, "", "")->answer, END("item-not-found"));
}

static void a_sid_is_not_given_twice(void **state)
{
	struct fixture *f = *state;
	start(f);
	struct envoi_transport *first = f->transport;
	f->transport = NULL;
	assert_string_equal(ask(f, CREATE("wait='30'"))->answer, END("internal-server-error"));
	f->transport = first;
	assert_int_equal(next(f, 101, "", "")->answers, 0);
}

/* Two, by the fixture's setting. */
static void sessions_without_login_are_limited(void **state)
{
	struct fixture *f = *state;
	struct envoi_transport *transports[3];
	struct envoi_xml_limits wide = {0};
	for (size_t i = 0; i < 2; i++) {
		random_byte = (unsigned char)(i + 1);
		assert_int_equal(ask(f, CREATE("wait='30'"))->answers, 0);
		transports[i] = f->transport;
		f->transport = NULL;
	}
	random_byte = 0x5a;
	assert_string_equal(ask(f, CREATE("wait='30'"))->answer, END("policy-violation"));
	wide.stanza_bytes = SIZE_MAX;
	assert_false(envoi_bosh_exchange_has_login(f->asks[0].exchange));
	transports[0]->impl->set_limits(transports[0], &wide);
	start_over(f);
	transports[2] = f->transport;
	f->transport = NULL;
	for (size_t i = 0; i < 3; i++) {
		envoi_transport_destroy(transports[i]);
	}
}

static void of_ipv6_sessions_without_login_are_limited_by_network(void **state)
{
	struct fixture *f = *state;
	static const char *const addresses[] = {
		"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"};
	struct envoi_transport *transports[3];
	for (size_t i = 0; i < 3; i++) {
		f->address = addresses[i];
		random_byte = (unsigned char)(i + 1);
		assert_int_equal(ask(f, CREATE("wait='30'"))->answers, 0);
		transports[i] = f->transport;
		f->transport = NULL;
	}
	random_byte = 0x5a;
	f->address = "2001:db8:0:1::3";
	assert_string_equal(ask(f, CREATE("wait='30'"))->answer, END("policy-violation"));
	for (size_t i = 0; i < 3; i++) {
		envoi_transport_destroy(transports[i]);
	}
}

static void a_refused_session_is_answered(void **state)
{
	struct fixture *f = *state;
	f->is_refusing = true;
	assert_string_equal(ask(f, CREATE("wait='30'"))->answer, END("internal-server-error"));
}

static void a_session_that_is_aborted_as_it_begins_is_answered(void **state)
{
	struct fixture *f = *state;
	f->aborts_at_open = true;
	assert_string_equal(ask(f, CREATE("wait='30'"))->answer, END("internal-server-error"));
	expect_log(f, "closed ENVOI_ERR_CANCELED\n");
}

/* XEP-0206, section 5. */
static void a_stream_restarts(void **state)
{
	struct fixture *f = *state;
	start(f);
	f->restarts_at_element = true;
	(void)next(f, 101, "", "<auth xmlns='urn:x'/>");
	f->restarts_at_element = false;
	struct ask *restart = next(f, 102, "xmpp:restart='true' to='example.org'", "");
	expect_log(f, "auth\nopened example.org\n");
	send_head(f);
	send_text(f, FEATURES);
	assert_string_equal(f->asks[1].answer, EMPTY);
	assert_string_equal(restart->answer, "<body " NS ">" FEATURES "</body>");
}

static void a_restart_that_is_not_due_ends_the_session(void **state)
{
	struct fixture *f = *state;
	start(f);
	struct ask *refused = next(f, 101, "xmpp:restart='true' to='example.org'", "");
	assert_string_equal(refused->answer, END("bad-request"));
}

static void elements_before_a_restart_end_the_session(void **state)
{
	struct fixture *f = *state;
	start(f);
	f->restarts_at_element = true;
	struct ask *refused = next(f, 101, "", "<a/><b/>");
	assert_string_equal(refused->answer, END("bad-request"));
}

/* Section 13. */
static void the_client_ends_the_session(void **state)
{
	struct fixture *f = *state;
	start(f);
	struct ask *held = next(f, 101, "", "");
	struct ask *last = next(f, 102, "type='terminate'", "<presence xmlns='jabber:client'/>");
	expect_log(f, "presence\nended\n");
	assert_string_equal(held->answer, EMPTY);
	assert_int_equal(f->transport->impl->send_tail(f->transport), ENVOI_OK);
	f->transport->impl->close(f->transport, SECOND);
	run(f, 10);
	assert_string_equal(last->answer, "<body " NS " type='terminate'/>");
	expect_log(f, "closed ENVOI_OK\n");
}

static void a_stream_error_ends_the_session(void **state)
{
	struct fixture *f = *state;
	start(f);
	struct ask *held = next(f, 101, "", "");
	static const char error[] =
		"<stream:error xmlns:stream='http://etherx.jabber.org/streams'><conflict "
		"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";
	assert_int_equal(
		f->transport->impl->send_element(f->transport, error, strlen(error)), ENVOI_OK);
	assert_int_equal(f->transport->impl->send_tail(f->transport), ENVOI_OK);
	f->transport->impl->close(f->transport, SECOND);
	run(f, 10);
	assert_non_null(strstr(held->answer, " type='terminate' condition='remote-stream-error'>"));
	assert_non_null(strstr(held->answer, error));
	expect_log(f, "closed ENVOI_OK\n");
}

static void a_client_that_is_silent_is_gone(void **state)
{
	struct fixture *f = *state;
	start(f);
	run(f, 59 * SECOND);
	expect_log(f, "");
	run(f, 2 * SECOND);
	expect_log(f, "closed ENVOI_ERR_DISCONNECTED\n");
	assert_string_equal(next(f, 101, "", "")->answer, END("item-not-found"));
}

/* Section 10. */
static void a_pause_prolongs_the_session(void **state)
{
	struct fixture *f = *state;
	start(f);
	struct ask *held = next(f, 101, "", ""), *pause = next(f, 102, "pause='3600'", "");
	assert_string_equal(held->answer, EMPTY);
	assert_string_equal(pause->answer, EMPTY);
	run(f, 119 * SECOND);
	expect_log(f, "");
	assert_true(f->transport->impl->is_held(f->transport));
	(void)next(f, 103, "", "");
	assert_false(f->transport->impl->is_held(f->transport));
	envoi_bosh_exchange_free(f->asks[f->ask_count - 1].exchange);
	f->asks[f->ask_count - 1].exchange = NULL;
	run(f, 121 * SECOND);
	expect_log(f, "closed ENVOI_ERR_DISCONNECTED\n");
}

/* Section 10: MUST NOT contain any payloads; they wait for the next request. */
static void the_answer_to_a_pause_has_no_payload(void **state)
{
	struct fixture *f = *state;
	start(f);
	send_text(f, "<a/>");
	struct ask *pause = next(f, 101, "pause='60'", "");
	assert_string_equal(pause->answer, EMPTY);
	send_text(f, "<b/>");
	run(f, 10);
	assert_string_equal(next(f, 102, "", "")->answer, "<body " NS "><a/><b/></body>");
}

/* --- keys: section 15 --- */

static void hash_key(char to[41], const char *key)
{
	unsigned char hash[20];
	assert_int_equal(gnutls_hash_fast(GNUTLS_DIG_SHA1, key, strlen(key), hash), 0);
	envoi_hex_encode(to, hash, sizeof(hash));
}

/* @param keys  [0] is used last */
static void make_keys(char keys[5][41], const char *seed)
{
	hash_key(keys[0], seed);
	for (int i = 1; i < 5; i++) {
		hash_key(keys[i], keys[i - 1]);
	}
}

static struct ask *next_with_key(
	struct fixture *f, uint64_t rid, const char *key, const char *new_key)
{
	char more[200];
	snprintf(more, sizeof(more), "key='%s'%s%s%s", key, new_key != NULL ? " newkey='" : "",
		new_key != NULL ? new_key : "", new_key != NULL ? "'" : "");
	return next(f, rid, more, "<message/>");
}

static void start_with_keys(struct fixture *f, char keys[5][41])
{
	char create[400];
	make_keys(keys, "seed");
	snprintf(create, sizeof(create), CREATE("wait='30' hold='1' newkey='%s'"), keys[4]);
	start_with(f, create);
}

static void keys_follow_each_other(void **state)
{
	struct fixture *f = *state;
	char keys[5][41], other[5][41];
	start_with_keys(f, keys);
	make_keys(other, "another seed");
	(void)next_with_key(f, 101, keys[3], NULL);
	(void)next_with_key(f, 103, keys[1], other[4]); /* before the one before it */
	expect_log(f, "message\n");
	(void)next_with_key(f, 102, keys[2], NULL);
	(void)next_with_key(f, 104, other[3], NULL);
	expect_log(f, "message\nmessage\nmessage\n");
	(void)next_with_key(f, 104, other[3], NULL); /* sent again */
	expect_log(f, "");
}

static void a_key_that_does_not_follow_ends_the_session(void **state)
{
	static const char *const rows[] = {"", "0123", "$2", "$4"};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture *f = *state;
		char keys[5][41];
		start_with_keys(f, keys);
		struct ask *held = next_with_key(f, 101, keys[3], NULL);
		expect_log(f, "message\n");
		const char *key = rows[i][0] == '$' ? keys[rows[i][1] - '0'] : rows[i];
		struct ask *wrong = strcmp(rows[i], "$2") == 0 ? next(f, 102, "", "<message/>")
							       : next_with_key(f, 102, key, NULL);
		assert_string_equal(held->answer, END("item-not-found"));
		assert_string_equal(wrong->answer, END("item-not-found"));
		expect_log(f, "closed ENVOI_ERR_PROTOCOL\n");
		teardown(state);
		setup(state);
	}
}

static void without_a_first_key_keys_mean_nothing(void **state)
{
	struct fixture *f = *state;
	start(f);
	(void)next_with_key(f, 101, "1", "2");
	(void)next_with_key(f, 102, "3", NULL);
	expect_log(f, "message\nmessage\n");
}

static void a_poll_is_answered_at_once(void **state)
{
	struct fixture *f = *state;
	start_with(f, CREATE("wait='0' hold='0'"));
	assert_string_equal(next(f, 101, "", "")->answer, EMPTY);
	send_text(f, "<a/>");
	assert_string_equal(next(f, 102, "", "")->answer, "<body " NS "><a/></body>");
}

/* By what the client sends later, or by `ack`. */
static void elements_are_written_when_the_client_has_them(void **state)
{
	struct fixture *f = *state;
	start(f);
	assert_int_equal(f->written, 0);
	(void)next(f, 101, "ack='100'", "");
	assert_int_equal(f->written, 1);
	send_text(f, "<a/>");
	(void)next(f, 102, "", "");
	assert_int_equal(f->written, 1);
	(void)next(f, 103, "", "");
	(void)next(f, 104, "", "");
	assert_int_equal(f->written, 2);
}

enum {
	ANSWER_BYTES = 40000,
};

/* A request is answered with elements of ANSWER_BYTES. */
static void fetch_much(struct fixture *f, uint64_t rid, const char *more)
{
	static char text[ANSWER_BYTES + 1];
	memset(text, 'x', ANSWER_BYTES);
	memcpy(text, "<a>", 3);
	memcpy(text + ANSWER_BYTES - 4, "</a>", 4);
	send_text(f, text);
	assert_int_equal(next(f, rid, more, "")->answers, 1);
	run(f, 10);
}

static void the_last_three_answers_are_kept(void **state)
{
	struct fixture *f = *state;
	start(f);
	for (uint64_t rid = 101; rid <= 108; rid++) {
		fetch_much(f, rid, "");
	}
	size_t held = f->context->budget.bytes;
	assert_true(held >= 3 * ANSWER_BYTES && held < 3 * (ANSWER_BYTES + 100));
	assert_true(strlen(next(f, 106, "", "")->answer) > ANSWER_BYTES / 16);
	assert_string_equal(next(f, 105, "", "")->answer, END("item-not-found"));
}

/* Section 9.2. */
static void an_answer_that_is_acknowledged_is_not_kept(void **state)
{
	struct fixture *f = *state;
	start(f);
	fetch_much(f, 101, "");
	fetch_much(f, 102, "");
	assert_true(f->context->budget.bytes >= 2 * ANSWER_BYTES);
	struct ask *held = next(f, 103, "ack='102'", "");
	assert_true(f->context->budget.bytes < ANSWER_BYTES);
	assert_string_equal(next(f, 102, "ack='101'", "")->answer, EMPTY); /* it has come late */
	assert_int_equal(held->answers, 0);
}

/* --- the budget of memory --- */

static struct envoi__holder other;
static bool is_other_ended;

static void on_other_held(struct envoi__holder *holder, bool is_held)
{
	(void)holder;
	(void)is_held;
}

static void on_other_ended(struct envoi__holder *holder)
{
	(void)holder;
	is_other_ended = true;
}

static const struct envoi__holder_impl other_impl = {.hold = on_other_held, .end = on_other_ended};

static void begin_other(struct fixture *f, size_t bytes)
{
	is_other_ended = false;
	envoi__holder_init(&other, f->context, &other_impl);
	envoi__budget_report(f->context, &other, bytes);
}

/* What it holds goes at once, and no other session has to end for it. */
static void a_session_that_is_too_large_gives_back_all(void **state)
{
	struct fixture *f = *state;
	start(f);
	fetch_much(f, 101, "");
	struct ask *held = next(f, 102, "", "");
	begin_other(f, ANSWER_BYTES / 2);
	envoi__budget_set_limit(f->context, ANSWER_BYTES);
	assert_false(is_other_ended);
	assert_int_equal(f->context->budget.bytes, other.bytes);
	run(f, 10);
	assert_string_equal(held->answer, END("policy-violation"));
	expect_log(f, "closed ENVOI_ERR_LIMIT\n");
	assert_string_equal(next(f, 103, "", "")->answer, END("item-not-found"));
	envoi__holder_finish(&other, f->context);
}

/* Its own report is what exceeds the budget. */
static void a_session_that_grows_too_large_gives_back_all(void **state)
{
	struct fixture *f = *state;
	start(f);
	begin_other(f, ANSWER_BYTES / 2);
	envoi__budget_set_limit(f->context, ANSWER_BYTES);
	static char text[ANSWER_BYTES];
	memset(text, 'x', sizeof(text));
	assert_int_equal(
		f->transport->impl->send_element(f->transport, text, sizeof(text)), ENVOI_OK);
	run(f, 10);
	assert_false(is_other_ended);
	assert_int_equal(f->context->budget.bytes, other.bytes);
	expect_log(f, "closed ENVOI_ERR_LIMIT\n");
	envoi__holder_finish(&other, f->context);
}

static void acknowledgements_are_given_where_they_were_asked_for(void **state)
{
	struct fixture *f = *state;
	start_with(f, CREATE("wait='30' hold='1' ack='1'"));
	struct ask *held = next(f, 101, "", "");
	(void)next(f, 102, "", "<a/>");
	assert_string_equal(held->answer, "<body " NS " ack='102'/>");
}

static void a_pause_of_reading_holds_elements_back(void **state)
{
	struct fixture *f = *state;
	start(f);
	f->transport->impl->pause(f->transport);
	(void)next(f, 101, "", "<a/>");
	expect_log(f, "");
	f->transport->impl->resume(f->transport);
	run(f, 10);
	expect_log(f, "a\n");
}

static void the_transport_may_be_destroyed_in_an_element(void **state)
{
	struct fixture *f = *state;
	start(f);
	f->destroys_at_element = true;
	struct ask *held = next(f, 101, "", "<a/><b/>");
	expect_log(f, "a\n");
	assert_string_equal(held->answer, "<body " NS " type='terminate'/>");
}

static void everything_may_be_freed_in_an_answer(void **state)
{
	struct fixture *f = *state;
	start(f);
	f->frees_at_answer = true;
	(void)next(f, 101, "", "");
	send_text(f, "<a/>");
	assert_null(f->receiver);
}

static void sessions_end_with_their_receiver(void **state)
{
	struct fixture *f = *state;
	start(f);
	struct ask *held = next(f, 101, "", "");
	envoi_bosh_receiver_free(f->receiver);
	f->receiver = NULL;
	held->exchange = NULL;
	run(f, 10);
	assert_int_equal(held->answers, 0);
	expect_log(f, "closed ENVOI_ERR_DISCONNECTED\n");
}

static void functions_are_needed(void **state)
{
	struct fixture *f = *state;
	const struct envoi_bosh_receiver_options options = {.opened = NULL};
	const struct envoi_bosh_request request = {.answer = NULL};
	struct envoi_bosh_receiver *receiver;
	struct envoi_bosh_exchange *exchange;
	assert_int_equal(
		envoi_bosh_receiver_new(&receiver, f->context, &options), ENVOI_ERR_INVALID);
	assert_int_equal(
		envoi_bosh_receiver_take(f->receiver, &request, &exchange), ENVOI_ERR_INVALID);
	envoi_bosh_receiver_free(NULL);
	envoi_bosh_exchange_free(NULL);
}

static void failed_allocations_are_survived(void **state)
{
	bool is_done = false;
	(void)state;
	for (size_t fail_at = 1; !is_done; fail_at++) {
		struct fixture *f = calloc(1, sizeof(*f));
		assert_non_null(f);
		f->allocator.fail_at = fail_at;
		if (begin(f) == ENVOI_OK) {
			(void)ask(f, CREATE("wait='30' hold='1'"));
			struct ask *held = next(f, 101, "", "<a/>");
			run(f, 40 * SECOND);
			is_done = held->answers == 1 && f->allocator.calls < fail_at;
		}
		finish(f);
		assert_int_equal(f->allocator.live, 0);
		free(f);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_session_is_created),
		CASE(what_is_asked_for_is_bounded),
		CASE(one_request_is_held),
		CASE(elements_wait_for_a_request),
		CASE(requests_are_delivered_in_the_order_of_their_rids),
		CASE(lost_answers_are_given_again),
		CASE(a_request_that_is_held_moves_to_its_new_connection),
		CASE(nothing_is_answered_on_a_lost_connection),
		cmocka_unit_test(rids_out_of_the_window_end_the_session),
		CASE(an_old_rid_ends_the_session),
		CASE(a_gap_is_not_waited_for_without_end),
		CASE(malformed_requests_are_refused),
		cmocka_unit_test(malformed_content_ends_the_session),
		CASE(an_element_over_the_limit_ends_the_session),
		CASE(unknown_sessions_are_not_found),
		CASE(a_session_of_tls_needs_tls),
		CASE(a_sid_is_not_given_twice),
		CASE(sessions_without_login_are_limited),
		CASE(of_ipv6_sessions_without_login_are_limited_by_network),
		CASE(a_refused_session_is_answered),
		CASE(a_session_that_is_aborted_as_it_begins_is_answered),
		CASE(a_stream_restarts),
		CASE(a_restart_that_is_not_due_ends_the_session),
		CASE(elements_before_a_restart_end_the_session),
		CASE(the_client_ends_the_session),
		CASE(a_stream_error_ends_the_session),
		CASE(a_client_that_is_silent_is_gone),
		CASE(a_pause_prolongs_the_session),
		CASE(the_answer_to_a_pause_has_no_payload),
		CASE(keys_follow_each_other),
		CASE(a_key_that_does_not_follow_ends_the_session),
		CASE(without_a_first_key_keys_mean_nothing),
		CASE(a_poll_is_answered_at_once),
		CASE(elements_are_written_when_the_client_has_them),
		CASE(the_last_three_answers_are_kept),
		CASE(an_answer_that_is_acknowledged_is_not_kept),
		CASE(a_session_that_is_too_large_gives_back_all),
		CASE(a_session_that_grows_too_large_gives_back_all),
		CASE(acknowledgements_are_given_where_they_were_asked_for),
		CASE(a_pause_of_reading_holds_elements_back),
		CASE(the_transport_may_be_destroyed_in_an_element),
		CASE(everything_may_be_freed_in_an_answer),
		CASE(sessions_end_with_their_receiver),
		CASE(functions_are_needed),
		cmocka_unit_test(failed_allocations_are_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
