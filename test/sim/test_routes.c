/*
 * envoi - the routes to a server: direct TLS, and going on when one leads nowhere
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/client.h>
#include <envoi/context.h>
#include <envoi/event.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/tls.h>

#include "between.h"
#include "server.h"
#include "stream_fixture.h"

enum {
	MINUTE_MS = 60000,
};

/** What a way leads to. */
enum place {
	RIGHT_SERVER,
	WRONG_NAME, /* with a certificate for another */
	NOBODY, /* takes connections and never speaks */
	CLOSED, /* takes them and ends them at once */
	HTTP,
	NO_TLS,
	TLS_FAILS, /* says that it cannot */
	HOST_UNKNOWN,
	HOST_GONE,
	POLICY,
	SHUTTING_DOWN,
	OVERLOADED,
	BROKEN_INSIDE,
	PLACES,
};

#define FEATURES "<stream:features>"
#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define STREAM_ERROR(name) \
	STREAM_HEADER_IN \
	"<stream:error><" name \
	" xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"

static const char *const said[PLACES] = {
	[HTTP] = "HTTP/1.1 400 Bad Request\r\n\r\n",
	[NO_TLS] = STREAM_HEADER_IN FEATURES "</stream:features>",
	[TLS_FAILS] = STREAM_HEADER_IN FEATURES STARTTLS
	"</stream:features>"
	"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>",
	[HOST_UNKNOWN] = STREAM_ERROR("host-unknown"),
	[HOST_GONE] = STREAM_ERROR("host-gone"),
	[POLICY] = STREAM_ERROR("policy-violation"),
	[SHUTTING_DOWN] = STREAM_ERROR("system-shutdown"),
	[OVERLOADED] = STREAM_ERROR("resource-constraint"),
	[BROKEN_INSIDE] = STREAM_ERROR("internal-server-error"),
};

enum {
	WAYS = 4,
};

/** A connector with several ways, one after the other. */
struct fixture {
	struct envoi_connector connector;
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct test_server *right, *wrong;
	enum place ways[WAYS];
	size_t way_count, at, nexts;
	uint64_t timeout_of_next_ms;
	bool has_no_next;
	struct envoi_memory_end *ends[WAYS];
	struct envoi_memory_pair *pair;
	struct envoi_deferred start;
	envoi_connected_fn *done;
	void *user;
	struct envoi_failure tried;

	struct envoi_client *client;
	struct envoi_handler recorder;
	char events[400];
	struct envoi_failure failure;
	bool wrote_starttls, wrote_auth;

	struct envoi_tls_decider decider;
	struct envoi_tls_question *question; /* kept */
	size_t asked, overs;
};

/* --- the connector --- */

static struct fixture *of_connector(struct envoi_connector *connector)
{
	return ENVOI_CONTAINER_OF(connector, struct fixture, connector);
}

static int make_place(struct fixture *f, enum place place)
{
	if (place == RIGHT_SERVER || place == WRONG_NAME) {
		return test_server_accept(place == RIGHT_SERVER ? f->right : f->wrong, f->pair);
	}
	struct envoi_memory_end **end = &f->ends[f->at];
	int r = envoi_memory_end_new(end, f->pair, ENVOI_MEMORY_B, NULL, NULL);
	if (r == ENVOI_OK && said[place] != NULL) {
		r = envoi_memory_end_send(*end, said[place], strlen(said[place]));
	}
	if (place != NOBODY) {
		envoi_memory_end_shut_down(*end);
	}
	return r;
}

static void on_start(struct envoi_deferred *deferred)
{
	struct fixture *f = ENVOI_CONTAINER_OF(deferred, struct fixture, start);
	struct envoi_transport *transport = NULL;
	if (f->at == f->way_count) {
		f->tried.code = ENVOI_ERR_UNREACHABLE;
		f->done(f->user, NULL, &f->tried);
		return;
	}
	envoi_memory_pair_unref(f->pair);
	int r = envoi_memory_pair_new(&f->pair, f->context);
	if (r == ENVOI_OK) {
		r = make_place(f, f->ways[f->at]);
	}
	if (r == ENVOI_OK) {
		r = envoi_memory_transport_new(&transport, f->pair, ENVOI_MEMORY_A, NULL, false);
	}
	f->at++;
	f->done(f->user, r == ENVOI_OK ? transport : NULL, &f->tried);
}

static int ways_connect(struct envoi_connector *connector, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	(void)target;
	struct fixture *f = of_connector(connector);
	f->done = done;
	f->user = user;
	f->at = 0;
	f->tried.context = f->context;
	envoi_deferred_post(&f->start, f->loop, on_start);
	return ENVOI_OK;
}

static int ways_next(
	struct envoi_connector *connector, const struct envoi_failure *why, uint64_t timeout_ms)
{
	struct fixture *f = of_connector(connector);
	if (f->has_no_next) {
		return ENVOI_ERR_STATE;
	}
	struct envoi_attempt attempt = {.phase = why->phase, .code = why->code};
	envoi_failure_add_attempt(&f->tried, &attempt);
	f->nexts++;
	f->timeout_of_next_ms = timeout_ms;
	envoi_deferred_post(&f->start, f->loop, on_start);
	return ENVOI_OK;
}

static void ways_cancel(struct envoi_connector *connector)
{
	envoi_deferred_cancel(&of_connector(connector)->start);
}

static void ways_destroy(struct envoi_connector *connector)
{
	envoi_connector_finish(connector);
}

static const struct envoi_connector_impl ways_impl = {
	.name = "ways",
	.connect = ways_connect,
	.next = ways_next,
	.cancel = ways_cancel,
	.destroy = ways_destroy,
};

/* --- the client --- */

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	struct fixture *f = ENVOI_CONTAINER_OF(self, struct fixture, recorder);
	size_t len = strlen(f->events);
	snprintf(f->events + len, sizeof(f->events) - len, "%s%s", len > 0 ? " " : "",
		envoi_event_name(event->type));
	if (event->failure != NULL) {
		envoi_failure_copy(&f->failure, event->failure);
	}
}

static const struct envoi_event_row events[] = {
	{ENVOI_EVENT_CONNECTED, on_event},
	{ENVOI_EVENT_STREAM_OPENED, on_event},
	{ENVOI_EVENT_SECURED, on_event},
	{ENVOI_EVENT_AUTHENTICATED, on_event},
	{ENVOI_EVENT_STARTED, on_event},
	{ENVOI_EVENT_DISCONNECTED, on_event},
	{ENVOI_NO_EVENT, NULL},
};
static const struct envoi_handler_impl recorder_impl = {.name = "recorder", .events = events};

static void on_xml(void *user, enum envoi_direction direction, const char *xml, size_t len)
{
	struct fixture *f = user;
	char text[1000];
	snprintf(text, sizeof(text), "%.*s", (int)len, xml);
	f->wrote_starttls |= direction == ENVOI_OUT && strstr(text, "xmpp-tls") != NULL;
	f->wrote_auth |= direction == ENVOI_OUT && strstr(text, "<auth") != NULL;
}

static int setup(void **state)
{
	static struct fixture fixture;
	struct fixture *f = &fixture;
	*f = (struct fixture){.recorder = ENVOI_HANDLER(&recorder_impl)};
	assert_int_equal(envoi_context_new(&f->context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&f->loop, f->context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(f->context, f->loop), ENVOI_OK);
	f->right = test_server_new(f->context, TEST_DATA, NULL);
	f->wrong = test_server_new(f->context, TEST_DATA, "other-name.pem");
	test_server_add_account(f->right, "alice", "wonderland");
	assert_int_equal(
		envoi_client_new(&f->client, f->context, "alice@example.org/desk"), ENVOI_OK);
	assert_int_equal(envoi_client_set_password(f->client, "wonderland"), ENVOI_OK);
	assert_int_equal(
		envoi_client_set(f->client, "tls.ca-file", TEST_DATA "/tls/ca.pem"), ENVOI_OK);
	assert_int_equal(envoi_client_set(f->client, "tls.system-trust", "false"), ENVOI_OK);
	assert_int_equal(envoi_client_add(f->client, &f->recorder), ENVOI_OK);
	envoi_client_set_tap(f->client, on_xml, f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_client_free(f->client);
	for (size_t i = 0; i < WAYS; i++) {
		envoi_memory_end_free(f->ends[i]);
	}
	envoi_memory_pair_unref(f->pair);
	envoi_failure_finish(&f->tried);
	envoi_failure_finish(&f->failure);
	test_server_free(f->right);
	test_server_free(f->wrong);
	envoi_context_unref(f->context);
	return 0;
}

static void run(struct fixture *f)
{
	assert_int_equal(envoi_client_connect(f->client), ENVOI_OK);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 2 * MINUTE_MS), ENVOI_OK);
}

static void go(struct fixture *f, size_t count, const enum place *ways)
{
	memcpy(f->ways, ways, count * sizeof(*ways));
	f->way_count = count;
	envoi_connector_init(&f->connector, &ways_impl, f->context);
	assert_int_equal(envoi_client_add_connector(f->client, &f->connector), ENVOI_OK);
	run(f);
}

/* --- direct TLS --- */

static void go_directly(struct fixture *f, struct test_server *server)
{
	test_server_knobs(server)->direct_tls = true;
	assert_int_equal(envoi_client_set(f->client, "tls.mode", "direct"), ENVOI_OK);
	assert_int_equal(
		envoi_client_add_connector(f->client, test_server_connector(server)), ENVOI_OK);
	run(f);
}

static void direct_tls_is_secure_before_the_stream_begins(void **state)
{
	struct fixture *f = *state;
	go_directly(f, f->right);
	assert_string_equal(
		f->events, "connected secured stream-opened authenticated stream-opened started");
	assert_false(f->wrote_starttls);
	assert_int_equal(test_server_online(f->right), 1);
}

static void by_direct_tls_the_certificate_must_be_right_as_well(void **state)
{
	struct fixture *f = *state;
	test_server_add_account(f->wrong, "alice", "wonderland");
	go_directly(f, f->wrong);
	assert_string_equal(f->events, "disconnected");
	assert_int_equal(f->failure.phase, ENVOI_PHASE_TLS);
	assert_int_equal(f->failure.code, ENVOI_ERR_CERTIFICATE);
	assert_int_equal(f->failure.attempt_count, 1);
	assert_int_equal(f->failure.attempts[0].phase, ENVOI_PHASE_TLS);
}

static void by_direct_tls_a_server_for_starttls_is_none(void **state)
{
	struct fixture *f = *state;
	test_server_knobs(f->right)->direct_tls = false;
	assert_int_equal(envoi_client_set(f->client, "tls.mode", "direct"), ENVOI_OK);
	assert_int_equal(
		envoi_client_add_connector(f->client, test_server_connector(f->right)), ENVOI_OK);
	run(f);
	assert_string_equal(f->events, "disconnected");
	assert_int_equal(f->failure.phase, ENVOI_PHASE_TLS);
	assert_int_equal(f->failure.code, ENVOI_ERR_TLS);
}

static void a_client_may_be_freed_after_any_turn_of_direct_tls(void **state)
{
	struct fixture *f = *state;
	test_server_knobs(f->right)->direct_tls = true;
	for (int turns = 0; strstr(f->events, "started") == NULL; turns++) {
		assert_true(turns < 1000);
		f->events[0] = '\0';
		assert_int_equal(envoi_client_set(f->client, "tls.mode", "direct"), ENVOI_OK);
		assert_int_equal(
			envoi_client_add_connector(f->client, test_server_connector(f->right)),
			ENVOI_OK);
		assert_int_equal(envoi_client_connect(f->client), ENVOI_OK);
		for (int i = 0; i < turns; i++) {
			assert_true(envoi_loop_run_once(f->loop, true) >= 0);
		}
		envoi_client_free(f->client);
		assert_int_equal(envoi_client_new(&f->client, f->context, "alice@example.org/desk"),
			ENVOI_OK);
		envoi_client_set_password(f->client, "wonderland");
		envoi_client_set(f->client, "tls.ca-file", TEST_DATA "/tls/ca.pem");
		envoi_client_set(f->client, "tls.system-trust", "false");
		assert_int_equal(envoi_client_add(f->client, &f->recorder), ENVOI_OK);
		assert_int_equal(envoi_loop_simulated_run_for(f->loop, MINUTE_MS), ENVOI_OK);
	}
}

/* P6: silence from any byte on is a timeout that names the phase, each within its own time. */
static void silence_after_any_byte_of_direct_tls_is_a_timeout(void **state)
{
	static const enum envoi_phase places[] = {ENVOI_PHASE_TLS, ENVOI_PHASE_STREAM,
		ENVOI_PHASE_SASL, ENVOI_PHASE_STREAM, ENVOI_PHASE_BIND};
	size_t place = 0;
	for (uint64_t at = 0;; at += 61) {
		struct fixture *f = *state;
		struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
		script.stall_at = at;
		test_server_script(f->right, ENVOI_MEMORY_B, &script);
		go_directly(f, f->right);
		if (strstr(f->events, "started") != NULL) {
			break;
		}
		while (place < 4 && f->failure.phase != places[place]) {
			place++;
		}
		assert_int_equal(f->failure.phase, places[place]);
		assert_int_equal(f->failure.code, ENVOI_ERR_TIMEOUT);
		assert_int_equal(f->failure.retry, ENVOI_RETRY_LATER);
		teardown(state);
		setup(state);
	}
	assert_true(place >= 2);
}

/* XEP-0368, section 4: STARTTLS is not used over direct TLS. */
static void starttls_offered_within_tls_is_ignored(void **state)
{
	(void)state;
	static struct stream_fixture stream;
	struct envoi_handler *starttls;
	struct envoi_tls_config *config;
	stream_fixture_init(&stream);
	assert_int_equal(
		envoi_settings_set(stream.settings, "tls.ca-file", TEST_DATA "/tls/ca.pem"),
		ENVOI_OK);
	assert_int_equal(envoi_settings_set(stream.settings, "tls.system-trust", "no"), ENVOI_OK);
	assert_int_equal(envoi_tls_config_new(&config, stream.context, stream.settings), ENVOI_OK);
	const struct envoi_starttls_options options = {.config = config, .required = true};
	assert_int_equal(envoi_starttls_new(&starttls, stream.context, &options), ENVOI_OK);
	envoi_tls_config_unref(config);
	stream_fixture_add(&stream, starttls);
	stream_fixture_add_login(&stream);
	stream_fixture_script_headers(stream.peer);
	peer_sends(stream.peer,
		FEATURES "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>"
			 "<required/></starttls>" FAKE_AUTH_OFFER "</stream:features>");
	peer_expects(stream.peer, "<ask xmlns='urn:example:fake-auth'/>");
	stream_fixture_run(&stream, 1000);
	peer_assert_done(stream.peer);
	stream_fixture_finish(&stream);
}

/* --- going on --- */

static const struct {
	enum place place;
	bool goes_on;
	int code; /* of the attempt, or of the end */
	enum envoi_phase phase;
} table[] = {
	{WRONG_NAME, true, ENVOI_ERR_CERTIFICATE, ENVOI_PHASE_TLS},
	{NOBODY, true, ENVOI_ERR_TIMEOUT, ENVOI_PHASE_STREAM},
	{CLOSED, true, ENVOI_ERR_DISCONNECTED, ENVOI_PHASE_STREAM},
	{HTTP, true, ENVOI_ERR_XML, ENVOI_PHASE_STREAM},
	{NO_TLS, true, ENVOI_ERR_TLS, ENVOI_PHASE_TLS},
	{TLS_FAILS, true, ENVOI_ERR_TLS, ENVOI_PHASE_TLS},
	{SHUTTING_DOWN, true, ENVOI_ERR_STREAM, ENVOI_PHASE_STREAM},
	{OVERLOADED, true, ENVOI_ERR_STREAM, ENVOI_PHASE_STREAM},
	{BROKEN_INSIDE, true, ENVOI_ERR_STREAM, ENVOI_PHASE_STREAM},
	{HOST_UNKNOWN, true, ENVOI_ERR_STREAM, ENVOI_PHASE_STREAM},
	{HOST_GONE, true, ENVOI_ERR_STREAM, ENVOI_PHASE_STREAM},
	{POLICY, false, ENVOI_ERR_STREAM, ENVOI_PHASE_STREAM},
};

static void what_may_be_better_elsewhere_is_tried_elsewhere(void **state)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct fixture *f = *state;
		go(f, 2, (const enum place[]){table[i].place, RIGHT_SERVER});
		assert_int_equal(f->nexts, table[i].goes_on ? 1 : 0);
		assert_int_equal(test_server_online(f->right), table[i].goes_on ? 1 : 0);
		if (table[i].goes_on) {
			assert_int_equal(f->tried.attempts[0].code, table[i].code);
			assert_int_equal(f->tried.attempts[0].phase, table[i].phase);
			assert_null(strstr(f->events, "disconnected"));
		} else {
			assert_int_equal(f->failure.code, table[i].code);
			assert_int_equal(f->failure.phase, table[i].phase);
		}
		teardown(state);
		setup(state);
	}
}

static void keep_question(struct envoi_tls_decider *decider, struct envoi_tls_question *question)
{
	struct fixture *f = ENVOI_CONTAINER_OF(decider, struct fixture, decider);
	envoi_tls_question_unref(f->question);
	f->question = envoi_tls_question_ref(question);
}

static const struct envoi_tls_decider_impl decider_impl = {.decide = keep_question};

/* --- keys that the application has refused --- */

static void count_question(struct envoi_tls_decider *decider, struct envoi_tls_question *question)
{
	(void)question; /* dropped: refused */
	ENVOI_CONTAINER_OF(decider, struct fixture, decider)->asked++;
}

static void count_over(struct envoi_tls_decider *decider, struct envoi_tls_question *question,
	enum envoi_tls_answer answer)
{
	(void)question;
	struct fixture *f = ENVOI_CONTAINER_OF(decider, struct fixture, decider);
	f->overs += answer == ENVOI_TLS_REFUSE ? 1 : 0;
}

static const struct envoi_tls_decider_impl refusing_impl = {
	.decide = count_question, .over = count_over};

static void a_refused_key_is_decided_once_in_a_login(void **state)
{
	struct fixture *f = *state;
	f->decider.impl = &refusing_impl;
	envoi_client_set_tls_decider(f->client, &f->decider);
	go(f, 4, (const enum place[]){WRONG_NAME, WRONG_NAME, WRONG_NAME, RIGHT_SERVER});
	assert_int_equal(f->nexts, 3);
	assert_int_equal(f->asked, 1);
	assert_int_equal(f->overs, 1);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(f->tried.attempts[i].code, ENVOI_ERR_CERTIFICATE);
	}
	assert_int_equal(test_server_online(f->right), 1);
	envoi_client_disconnect(f->client);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, MINUTE_MS), ENVOI_OK);
	f->nexts = 0;
	run(f);
	assert_int_equal(f->nexts, 3);
	assert_int_equal(f->asked, 2);
	assert_int_equal(f->overs, 2);
}

static void an_unanswered_trust_decision_is_requested_again_at_the_next_address(void **state)
{
	struct fixture *f = *state;
	static const struct envoi_tls_decider_impl silent_impl = {
		.decide = keep_question, .over = count_over};
	assert_int_equal(envoi_client_set(f->client, "tls.decision-timeout", "10s"), ENVOI_OK);
	f->decider.impl = &silent_impl;
	envoi_client_set_tls_decider(f->client, &f->decider);
	go(f, 3, (const enum place[]){WRONG_NAME, WRONG_NAME, RIGHT_SERVER});
	assert_int_equal(f->nexts, 2);
	assert_int_equal(f->overs, 2);
	assert_int_equal(test_server_online(f->right), 1);
	envoi_tls_question_unref(f->question);
}

/* The application takes longer than login.timeout, then refuses: the time was its own, and the next
 * address has what is left of the login's. */
static void a_certificate_that_is_refused_late_leaves_time_for_the_next_address(void **state)
{
	struct fixture *f = *state;
	static const char *const patient[] = {"tls.timeout", "stream.timeout"};
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
			envoi_settings_set(test_server_settings(f->wrong), patient[i], "3600s"),
			ENVOI_OK);
	}
	f->decider.impl = &decider_impl;
	envoi_client_set_tls_decider(f->client, &f->decider);
	assert_int_equal(envoi_client_set(f->client, "login.timeout", "60s"), ENVOI_OK);
	go(f, 2, (const enum place[]){WRONG_NAME, RIGHT_SERVER}); /* runs for two minutes */
	assert_non_null(f->question);
	assert_int_equal(f->nexts, 0);
	assert_int_equal(envoi_tls_question_answer(f->question, ENVOI_TLS_REFUSE), ENVOI_OK);
	envoi_tls_question_unref(f->question);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, 1000), ENVOI_OK);
	assert_int_equal(f->nexts, 1);
	assert_between(f->timeout_of_next_ms, 50000, 60000);
	assert_int_equal(f->tried.attempts[0].code, ENVOI_ERR_CERTIFICATE);
	assert_int_equal(test_server_online(f->right), 1);
}

/* Cut after so many bytes of the server's. Credentials that were sent are not sent to
 * another one of his own accord. */
static void from_the_login_on_nothing_is_tried_elsewhere(void **state)
{
	size_t nexts = 0, ends_in_sasl = 0, ends_after_it = 0;
	for (uint64_t at = 1;; at += 61) {
		struct fixture *f = *state;
		struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
		script.cut_at = at;
		test_server_script(f->right, ENVOI_MEMORY_B, &script);
		go(f, 2, (const enum place[]){RIGHT_SERVER, CLOSED});
		if (strstr(f->events, "started") != NULL) {
			break;
		}
		assert_true((f->nexts > 0) == !f->wrote_auth);
		nexts += f->nexts;
		ends_in_sasl += f->failure.phase == ENVOI_PHASE_SASL;
		ends_after_it += strstr(f->events, "authenticated") != NULL;
		teardown(state);
		setup(state);
	}
	assert_true(nexts > 0);
	assert_true(ends_in_sasl > 0);
	assert_true(ends_after_it > 0);
}

/* A server with the right certificate is the service: its answer counts. Its list of
 * mechanisms is more than is taken here; that of a server in clear is nothing to go by. */
static void a_limit_that_is_exceeded_within_tls_ends_the_login(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_client_set(f->client, "limits.before-login.children", "16"), ENVOI_OK);
	go(f, 2, (const enum place[]){RIGHT_SERVER, RIGHT_SERVER});
	assert_non_null(strstr(f->events, "secured"));
	assert_int_equal(f->failure.phase, ENVOI_PHASE_STREAM);
	assert_int_equal(f->failure.code, ENVOI_ERR_LIMIT);
	assert_int_equal(f->nexts, 0);
}

/* P6: the time for the whole login, whatever the steps may take. */
static void a_login_out_of_time_reports_its_phase(void **state)
{
	static const enum envoi_phase places[] = {
		ENVOI_PHASE_STREAM, ENVOI_PHASE_SASL, ENVOI_PHASE_BIND};
	size_t place = 0;
	for (uint64_t at = 0;; at += 61) {
		struct fixture *f = *state;
		struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
		script.stall_at = at;
		test_server_script(f->right, ENVOI_MEMORY_B, &script);
		assert_int_equal(envoi_client_set(f->client, "login.timeout", "5s"), ENVOI_OK);
		go(f, 1, (const enum place[]){RIGHT_SERVER});
		if (strstr(f->events, "started") != NULL) {
			break;
		}
		while (place < 2 && f->failure.phase != places[place]) {
			place++;
		}
		assert_int_equal(f->failure.phase, places[place]);
		assert_int_equal(f->failure.code, ENVOI_ERR_TIMEOUT);
		assert_string_equal(f->failure.text, "the login took too long");
		teardown(state);
		setup(state);
	}
	assert_int_equal(place, 2);
}

static int refuse(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	(void)pair;
	(void)domain;
	return *(const int *)user;
}

static void attempts_of_all_connectors_are_listed_in_order(void **state)
{
	static int codes[] = {ENVOI_ERR_UNREACHABLE, ENVOI_ERR_TIMEOUT};
	struct fixture *f = *state;
	for (size_t i = 0; i < 2; i++) {
		struct envoi_connector *connector;
		assert_int_equal(envoi_memory_connector_new(
					 &connector, f->context, refuse, &codes[i], false),
			ENVOI_OK);
		assert_int_equal(envoi_client_add_connector(f->client, connector), ENVOI_OK);
	}
	run(f);
	assert_int_equal(f->failure.code, codes[1]);
	assert_int_equal(f->failure.attempt_count, 2);
	assert_int_equal(f->failure.attempts[0].code, codes[0]);
	assert_int_equal(f->failure.attempts[1].code, codes[1]);
}

static void a_wrong_password_is_an_answer_and_lists_what_failed_before(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_client_set_password(f->client, "looking-glass"), ENVOI_OK);
	go(f, 3, (const enum place[]){CLOSED, RIGHT_SERVER, RIGHT_SERVER});
	assert_int_equal(f->nexts, 1);
	assert_int_equal(f->failure.code, ENVOI_ERR_AUTH);
	assert_int_equal(f->failure.attempt_count, 1);
	assert_int_equal(f->failure.attempts[0].code, ENVOI_ERR_DISCONNECTED);
	assert_int_equal(test_server_accepted(f->right), 1);
}

static void when_all_routes_have_failed_the_end_is_reported_once(void **state)
{
	struct fixture *f = *state;
	go(f, 3, (const enum place[]){CLOSED, WRONG_NAME, NO_TLS});
	assert_int_equal(f->nexts, 3);
	assert_int_equal(f->failure.attempt_count, 3);
	assert_string_equal(f->events,
		"connected connected stream-opened connected stream-opened disconnected");
}

static void the_time_for_the_login_counts_for_all_ways_together(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_client_set(f->client, "login.timeout", "30s"), ENVOI_OK);
	go(f, 3, (const enum place[]){NOBODY, NOBODY, RIGHT_SERVER});
	assert_int_equal(f->nexts, 1);
	assert_int_equal(f->failure.code, ENVOI_ERR_TIMEOUT);
	assert_int_equal(test_server_accepted(f->right), 0);
}

static void without_another_route_the_failure_is_reported_as_it_is(void **state)
{
	struct fixture *f = *state;
	f->has_no_next = true;
	go(f, 2, (const enum place[]){CLOSED, RIGHT_SERVER});
	assert_int_equal(f->failure.code, ENVOI_ERR_DISCONNECTED);
	assert_int_equal(test_server_accepted(f->right), 0);
}

static void leaving_between_two_ways_ends_it(void **state)
{
	struct fixture *f = *state;
	memcpy(f->ways, (const enum place[]){CLOSED, RIGHT_SERVER}, 2 * sizeof(f->ways[0]));
	f->way_count = 2;
	envoi_connector_init(&f->connector, &ways_impl, f->context);
	assert_int_equal(envoi_client_add_connector(f->client, &f->connector), ENVOI_OK);
	assert_int_equal(envoi_client_connect(f->client), ENVOI_OK);
	for (int turns = 0; f->nexts == 0; turns++) {
		assert_true(turns < 100);
		assert_true(envoi_loop_run_once(f->loop, true) >= 0);
	}
	envoi_client_disconnect(f->client);
	assert_int_equal(envoi_loop_simulated_run_for(f->loop, MINUTE_MS), ENVOI_OK);
	assert_int_equal(f->failure.code, ENVOI_OK);
	assert_int_equal(test_server_accepted(f->right), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(direct_tls_is_secure_before_the_stream_begins),
		CASE(by_direct_tls_the_certificate_must_be_right_as_well),
		CASE(by_direct_tls_a_server_for_starttls_is_none),
		CASE(a_client_may_be_freed_after_any_turn_of_direct_tls),
		CASE(silence_after_any_byte_of_direct_tls_is_a_timeout),
		cmocka_unit_test(starttls_offered_within_tls_is_ignored),
		CASE(what_may_be_better_elsewhere_is_tried_elsewhere),
		CASE(a_refused_key_is_decided_once_in_a_login),
		CASE(an_unanswered_trust_decision_is_requested_again_at_the_next_address),
		CASE(a_certificate_that_is_refused_late_leaves_time_for_the_next_address),
		CASE(from_the_login_on_nothing_is_tried_elsewhere),
		CASE(a_limit_that_is_exceeded_within_tls_ends_the_login),
		CASE(a_login_out_of_time_reports_its_phase),
		CASE(attempts_of_all_connectors_are_listed_in_order),
		CASE(a_wrong_password_is_an_answer_and_lists_what_failed_before),
		CASE(when_all_routes_have_failed_the_end_is_reported_once),
		CASE(the_time_for_the_login_counts_for_all_ways_together),
		CASE(without_another_route_the_failure_is_reported_as_it_is),
		CASE(leaving_between_two_ways_ends_it),
	};
	return cmocka_run_group_tests_name("sim/routes", tests, NULL, NULL);
}
