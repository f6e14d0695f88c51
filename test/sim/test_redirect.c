/*
 * envoi - servers that send a client elsewhere: tests
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
#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/transport.h>
#include <envoi/mainloop.h>
#include <envoi/memory.h>
#include <envoi/settings.h>

#include "peer.h"
#include "stream/redirect.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS_STREAM "xmlns='urn:ietf:params:xml:ns:xmpp-streams'"
#define NS_SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define NS_BIND "xmlns='urn:ietf:params:xml:ns:xmpp-bind'"
#define NS_SM "xmlns='urn:xmpp:sm:3'"
#define HEADER_OUT \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'" \
	" to='example.org' from='alice@example.org' version='1.0'>"
#define HEADER_IN \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'" \
	" id='s1' from='example.org' version='1.0'>"

/* --- what is a host --- */

static void a_redirect_is_read_strictly(void **state)
{
	(void)state;
	static const struct {
		const char *text, *host; /* NULL: refused */
		uint16_t port;
	} rows[] = {
		{"b.example", "b.example", 0},
		{"b.example:5222", "b.example", 5222},
		{"b.example:1", "b.example", 1},
		{"b.example:65535", "b.example", 65535},
		{"192.0.2.1", "192.0.2.1", 0},
		{"192.0.2.1:5222", "192.0.2.1", 5222},
		{"[2001:db8::1]", "[2001:db8::1]", 0},
		{"[2001:db8:1:2:3:4:5:6]", "[2001:db8:1:2:3:4:5:6]", 0},
		{"[2001:db8::1]:5223", "[2001:db8::1]", 5223},
		{"b\xc3\xbc"
		 "cher.example:5222",
			"xn--bcher-kva.example", 5222},
		{"", NULL, 0},
		{":5222", NULL, 0},
		{" b.example", NULL, 0},
		{"b.example ", NULL, 0},
		{"b.example\n", NULL, 0},
		{"b.example:", NULL, 0},
		{"b.example:0", NULL, 0},
		{"b.example:05222", NULL, 0},
		{"b.example:65536", NULL, 0},
		{"b.example:+5222", NULL, 0},
		{"b.example:-1", NULL, 0},
		{"b.example: 5222", NULL, 0},
		{"b.example:5222:5223", NULL, 0},
		{"b.example:xmpp", NULL, 0},
		{"b.example:18446744073709556838", NULL, 0},
		{"b..example", NULL, 0},
		{".example", NULL, 0},
		{"b.example.", NULL, 0},
		{"alice@b.example", NULL, 0},
		{"b.example/x", NULL, 0},
		{"xmpp://b.example", NULL, 0},
		{"2001:db8::1", NULL, 0},
		{"[2001:db8::1", NULL, 0},
		{"2001:db8::1]", NULL, 0},
		{"[2001:db8::1]5222", NULL, 0},
		{"[2001:db8::1]:", NULL, 0},
		{"[192.0.2.1]", NULL, 0},
		{"[b.example]", NULL, 0},
		{"[]", NULL, 0},
		{"[", NULL, 0},
		{"[fe80::1%eth0]", NULL, 0},
		{"b\xc2\xa0.example", NULL, 0},
		{"b\xe2\x80\x8b.example/", NULL, 0},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char host[256] = "";
		uint16_t port = 0;
		int r = envoi__redirect_parse(host, sizeof(host), &port, rows[i].text);
		if ((r == ENVOI_OK) != (rows[i].host != NULL)) {
			fail_msg("\"%s\": %d, %s", rows[i].text, r, host);
		}
		assert_string_equal(host, rows[i].host != NULL ? rows[i].host : "");
		assert_int_equal(port, rows[i].port);
	}
	char long_host[600], host[256];
	uint16_t port;
	memset(long_host, 'a', sizeof(long_host));
	for (size_t i = 60; i < sizeof(long_host); i += 60) {
		long_host[i] = '.';
	}
	for (size_t len = 250; len < sizeof(long_host); len += 50) {
		char text[601];
		snprintf(text, sizeof(text), "%.*s", (int)len, long_host);
		int r = envoi__redirect_parse(host, sizeof(host), &port, text);
		assert_int_equal(r, len <= 253 ? ENVOI_OK : ENVOI_ERR_INVALID);
	}
}

/* --- a client and the hosts that it connects to --- */

enum {
	MOST_HOSTS = 8,
};

/** How a host answers. */
struct script {
	const char *from; /* of its first header; NULL: the right one */
	const char *error; /* children of the stream error */
	enum {
		AT_ONCE, /* before the login */
		AFTER_LOGIN, /* in place of the features that follow it */
		ONLINE,
		NEVER,
	} when;
	bool is_plain; /* nothing protects the connection */
	const char *location; /* of a session that can be resumed; "": the session is resumed */
	bool is_unreachable;
};

struct world {
	struct envoi_context *context;
	struct envoi_loop *loop;
	struct envoi_client *client;
	struct envoi_connector connector;
	struct envoi_deferred deferred;
	envoi_connected_fn *done;
	void *user;
	const struct script *scripts; /* one for each connection */
	size_t script_count, connected;
	struct envoi_memory_pair *pairs[MOST_HOSTS];
	struct peer *peers[MOST_HOSTS];
	char asked[MOST_HOSTS][64]; /* "HOST PORT DOMAIN" */
	uint64_t asked_ms[MOST_HOSTS];
	char urls[MOST_HOSTS][64]; /* "": none */
	struct envoi_transport *transport;
	int trouble;
};

static struct world world;

static void hand_over(struct envoi_deferred *deferred)
{
	(void)deferred;
	struct envoi_transport *transport = world.transport;
	struct envoi_failure failure;
	world.transport = NULL;
	envoi_failure_set(
		&failure, world.context, ENVOI_PHASE_CONNECT, ENVOI_ERR_UNREACHABLE, NULL);
	world.done(world.user, transport, transport == NULL ? &failure : NULL);
}

static void script_error(struct peer *peer, const char *error)
{
	char xml[512];
	snprintf(xml, sizeof(xml), "<stream:error>%s</stream:error></stream:stream>", error);
	peer_sends(peer, xml);
	peer_expects(peer, "</stream:stream>");
	peer_shuts_down(peer);
}

/* The connection ends as soon as the session can be resumed there. */
static void script_management(struct peer *peer, const char *location)
{
	char xml[512];
	peer_sends(peer, "<stream:features><bind " NS_BIND "/><sm " NS_SM "/></stream:features>");
	if (location[0] == '\0') {
		peer_expects(peer, "<resume " NS_SM " previd='s' h='0'/>");
		peer_sends(peer, "<resumed " NS_SM " previd='s' h='0'/>");
		return;
	}
	peer_expects(peer, "<iq type='set' id='$i'><bind " NS_BIND "/></iq>");
	peer_sends(peer,
		"<iq type='result' id='$i'><bind " NS_BIND
		"><jid>alice@example.org/r</jid></bind></iq>");
	peer_expects(peer, "<enable " NS_SM " resume='true'/>");
	snprintf(xml, sizeof(xml), "<enabled " NS_SM " resume='true' id='s' location='%s'/>",
		location);
	peer_sends(peer, xml);
	peer_shuts_down(peer);
}

static void script_login(struct peer *peer, const struct script *script)
{
	peer_sends(peer,
		"<stream:features><mechanisms " NS_SASL
		"><mechanism>PLAIN</mechanism></mechanisms></stream:features>");
	peer_expects(peer, "<auth " NS_SASL " mechanism='PLAIN'>*</auth>");
	peer_sends(peer, "<success " NS_SASL "/>");
	peer_restarts(peer);
	peer_expects(peer, HEADER_OUT);
	peer_sends(peer, HEADER_IN);
	if (script->when == AFTER_LOGIN) {
		script_error(peer, script->error);
		return;
	}
	if (script->location != NULL) {
		script_management(peer, script->location);
		return;
	}
	peer_sends(peer, "<stream:features><bind " NS_BIND "/></stream:features>");
	peer_expects(peer, "<iq type='set' id='$i'><bind " NS_BIND "/></iq>");
	peer_sends(peer,
		"<iq type='result' id='$i'><bind " NS_BIND
		"><jid>alice@example.org/r</jid></bind></iq>");
	if (script->when == ONLINE) {
		script_error(peer, script->error);
	}
}

static void script_host(struct peer *peer, const struct script *script)
{
	char header[256];
	peer_expects(peer,
		script->is_plain
			? "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
			  " to='example.org' version='1.0'>"
			: HEADER_OUT);
	snprintf(header, sizeof(header),
		"<stream:stream xmlns='jabber:client' id='s1' version='1.0'"
		" xmlns:stream='http://etherx.jabber.org/streams' from='%s'>",
		script->from != NULL ? script->from : "example.org");
	peer_sends(peer, header);
	if (script->when == AT_ONCE) {
		script_error(peer, script->error);
	} else {
		script_login(peer, script);
	}
}

static int connect_to(struct envoi_connector *connector, const struct envoi_target *target,
	envoi_connected_fn *done, void *user)
{
	size_t n = world.connected;
	if (n == world.script_count) {
		world.trouble++;
		return ENVOI_ERR_UNREACHABLE;
	}
	world.asked_ms[n] = envoi_loop_now_ms(world.loop);
	const char *server = envoi_settings_text(target->settings, "server");
	snprintf(world.asked[n], sizeof(world.asked[n]), "%s %d %s", server != NULL ? server : "-",
		(int)envoi_settings_int(target->settings, "port"), target->domain);
	snprintf(
		world.urls[n], sizeof(world.urls[n]), "%s", target->url != NULL ? target->url : "");
	if (envoi_memory_pair_new(&world.pairs[n], world.context) < 0 ||
		envoi_memory_transport_new(&world.transport, world.pairs[n], ENVOI_MEMORY_A,
			target->settings, !world.scripts[n].is_plain) < 0) {
		world.trouble++;
		return ENVOI_ERR_NOMEM;
	}
	world.peers[n] = peer_new(world.context, world.pairs[n], ENVOI_MEMORY_B);
	if (world.scripts[n].is_unreachable) {
		envoi_transport_destroy(world.transport);
		world.transport = NULL;
	} else {
		script_host(world.peers[n], &world.scripts[n]);
	}
	peer_start(world.peers[n]);
	world.connected++;
	world.done = done;
	world.user = user;
	envoi_deferred_post(&world.deferred, envoi_context_loop(connector->context), hand_over);
	return ENVOI_OK;
}

static void cancel(struct envoi_connector *connector)
{
	(void)connector;
	envoi_deferred_cancel(&world.deferred);
	envoi_transport_destroy(world.transport);
	world.transport = NULL;
}

static const struct envoi_connector_impl connector_impl = {
	.name = "scripted",
	.connect = connect_to,
	.cancel = cancel,
	.destroy = envoi_connector_finish,
};

static void begin(const struct script *scripts, size_t count)
{
	world = (struct world){.scripts = scripts, .script_count = count};
	assert_int_equal(envoi_context_new(&world.context, NULL), ENVOI_OK);
	assert_int_equal(envoi_loop_new_simulated(&world.loop, world.context), ENVOI_OK);
	assert_int_equal(envoi_context_take_loop(world.context, world.loop), ENVOI_OK);
	assert_int_equal(
		envoi_client_new(&world.client, world.context, "alice@example.org"), ENVOI_OK);
	envoi_connector_init(&world.connector, &connector_impl, world.context);
	assert_int_equal(envoi_client_add_connector(world.client, &world.connector), ENVOI_OK);
	assert_int_equal(envoi_client_set_password(world.client, "secret"), ENVOI_OK);
	assert_int_equal(envoi_client_set(world.client, "presence.initial", "false"), ENVOI_OK);
	assert_int_equal(envoi_client_set(world.client, "roster.fetch", "false"), ENVOI_OK);
	assert_int_equal(envoi_client_set(world.client, "liveness.method", "none"), ENVOI_OK);
	assert_int_equal(envoi_client_set(world.client, "reconnect.enabled", "false"), ENVOI_OK);
}

static void connect_and_run(void)
{
	assert_int_equal(envoi_client_connect(world.client), ENVOI_OK);
	assert_int_equal(envoi_loop_simulated_run_for(world.loop, 120000), ENVOI_OK);
}

static void finish(void)
{
	envoi_client_free(world.client);
	for (size_t i = 0; i < world.connected; i++) {
		peer_free(world.peers[i]);
		envoi_memory_pair_unref(world.pairs[i]);
	}
	assert_int_equal(world.trouble, 0);
	envoi_context_unref(world.context);
}

static void assert_peers_done(void)
{
	for (size_t i = 0; i < world.connected; i++) {
		peer_assert_done(world.peers[i]);
	}
}

static bool is_online(void)
{
	return envoi_session_is_online(envoi_client_session(world.client));
}

#define TO(host) "<see-other-host " NS_STREAM ">" host "</see-other-host>"

static void a_redirect_after_the_login_is_followed_for_the_same_domain(void **state)
{
	(void)state;
	static const struct script scripts[] = {
		{NULL, TO("b.example:5299"), AFTER_LOGIN, false},
		{NULL, TO("[2001:db8::1]"), AFTER_LOGIN, false},
		{NULL, NULL, NEVER, false},
	};
	begin(scripts, COUNT(scripts));
	connect_and_run();
	assert_int_equal(world.connected, 3);
	assert_string_equal(world.asked[0], "- 0 example.org");
	assert_string_equal(world.asked[1], "b.example 5299 example.org");
	assert_string_equal(world.asked[2], "[2001:db8::1] 0 example.org");
	assert_true(is_online());
	assert_null(envoi_settings_text(envoi_client_settings(world.client), "server"));
	assert_peers_done();
	finish();
}

/* A redirect names a host, and the setting url the way to another. */
static void a_redirect_leaves_the_url(void **state)
{
	static const struct script scripts[] = {
		{NULL, TO("b.example:5999"), AFTER_LOGIN, false},
		{NULL, NULL, NEVER, false},
	};
	(void)state;
	begin(scripts, COUNT(scripts));
	assert_int_equal(envoi_client_set(world.client, "url", "wss://example.org/xmpp"), ENVOI_OK);
	connect_and_run();
	assert_int_equal(world.connected, 2);
	assert_string_equal(world.urls[0], "wss://example.org/xmpp");
	assert_string_equal(world.asked[1], "b.example 5999 example.org");
	assert_string_equal(world.urls[1], "");
	finish();
}

static void a_redirect_from_an_unverified_server_is_refused(void **state)
{
	(void)state;
	for (int is_plain = 0; is_plain < 2; is_plain++) {
		const struct script script = {
			NULL, TO("evil.example:5222"), AT_ONCE, is_plain == 1};
		begin(&script, 1);
		connect_and_run();
		assert_int_equal(world.connected, 1);
		assert_false(is_online());
		const struct envoi_failure *failure = envoi_client_failure(world.client);
		assert_int_equal(failure->code, ENVOI_ERR_STREAM);
		assert_int_equal(failure->phase, ENVOI_PHASE_STREAM);
		assert_int_equal(failure->retry, ENVOI_RETRY_LATER);
		assert_string_equal(failure->condition, "see-other-host");
		assert_string_equal(failure->redirect_host, "evil.example");
		assert_int_equal(failure->redirect_port, 5222);
		char lines[1024];
		envoi_failure_explain(failure, lines, sizeof(lines));
		assert_non_null(strstr(lines, "not followed"));
		assert_non_null(strstr(lines, "\n  it names the host evil.example port 5222"));
		assert_peers_done();
		finish();
	}
}

static void a_redirect_without_a_valid_host_is_not_followed(void **state)
{
	(void)state;
	static const char *const errors[] = {TO(""), TO("b.example:0"), TO("http://b.example/"),
		TO("2001:db8::1"),
		"<see-other-host " NS_STREAM "><b xmlns='urn:x'/></see-other-host>"};
	for (size_t i = 0; i < COUNT(errors); i++) {
		const struct script script = {NULL, errors[i], AFTER_LOGIN, false};
		begin(&script, 1);
		connect_and_run();
		const struct envoi_failure *failure = envoi_client_failure(world.client);
		assert_int_equal(failure->code, ENVOI_ERR_STREAM);
		assert_int_equal(failure->retry, ENVOI_RETRY_LATER);
		assert_string_equal(failure->redirect_host, "");
		assert_peers_done();
		finish();
	}
}

static void redirects_are_counted(void **state)
{
	(void)state;
	static const char *const limits[] = {"0", "1", "3"};
	static const size_t connections[] = {1, 2, 4};
	struct script scripts[MOST_HOSTS];
	for (size_t i = 0; i < MOST_HOSTS; i++) {
		scripts[i] = (struct script){NULL, TO("b.example"), AFTER_LOGIN, false};
	}
	for (size_t i = 0; i < COUNT(limits); i++) {
		begin(scripts, COUNT(scripts));
		assert_int_equal(
			envoi_client_set(world.client, "limits.redirects", limits[i]), ENVOI_OK);
		connect_and_run();
		assert_int_equal(world.connected, connections[i]);
		const struct envoi_failure *failure = envoi_client_failure(world.client);
		assert_int_equal(failure->code, ENVOI_ERR_STREAM);
		assert_int_equal(failure->retry, ENVOI_RETRY_LATER);
		assert_non_null(strstr(failure->text, "limits.redirects"));
		assert_int_equal(failure->attempt_count, connections[i] - 1);
		assert_peers_done();
		finish();
	}
}

static void a_redirect_online_is_obeyed_by_the_next_connect_and_no_other(void **state)
{
	(void)state;
	static const struct script scripts[] = {
		{NULL, TO("b.example"), ONLINE, false},
		{NULL, "<system-shutdown " NS_STREAM "/>", ONLINE, false},
		{NULL, NULL, NEVER, false},
	};
	begin(scripts, COUNT(scripts));
	connect_and_run();
	assert_int_equal(world.connected, 1);
	const struct envoi_failure *failure = envoi_client_failure(world.client);
	assert_int_equal(failure->phase, ENVOI_PHASE_ONLINE);
	assert_int_equal(failure->retry, ENVOI_RETRY_NOW);
	connect_and_run();
	assert_string_equal(world.asked[1], "b.example 0 example.org");
	connect_and_run();
	assert_string_equal(world.asked[2], "- 0 example.org");
	assert_true(is_online());
	assert_peers_done();
	finish();
}

static void who_answers_elsewhere_must_be_the_same_domain(void **state)
{
	(void)state;
	static const struct script scripts[] = {
		{NULL, TO("b.example"), AFTER_LOGIN, false},
		{"b.example", "", AT_ONCE, false},
	};
	begin(scripts, COUNT(scripts));
	connect_and_run();
	assert_int_equal(world.connected, 2);
	const struct envoi_failure *failure = envoi_client_failure(world.client);
	assert_int_equal(failure->code, ENVOI_ERR_PROTOCOL);
	assert_int_equal(failure->stream_condition, ENVOI_STREAM_INVALID_FROM);
	assert_int_equal(failure->attempt_count, 1);
	assert_string_equal(failure->attempts[0].target, "example.org");
	assert_string_equal(failure->attempts[0].text, "redirected to b.example");
	assert_null(strstr(peer_heard(world.peers[1]), "<auth"));
	finish();
}

static void leaving_between_two_hosts_ends(void **state)
{
	(void)state;
	static const struct script scripts[] = {
		{NULL, TO("b.example"), AFTER_LOGIN, false},
		{NULL, NULL, NEVER, false},
	};
	for (int turns = 0; turns < 40; turns++) {
		begin(scripts, COUNT(scripts));
		assert_int_equal(envoi_client_connect(world.client), ENVOI_OK);
		for (int i = 0; i < turns; i++) {
			assert_true(envoi_loop_run_once(world.loop, false) >= 0);
		}
		if (turns % 2 == 0) {
			envoi_client_disconnect(world.client);
			assert_int_equal(
				envoi_loop_simulated_run_for(world.loop, 120000), ENVOI_OK);
			assert_false(is_online());
			assert_non_null(envoi_client_failure(world.client));
		}
		finish();
	}
}

/* --- where a session is resumed (XEP-0198, section 5) --- */

#define RESUMABLE_AT(host) \
	{ \
		.when = NEVER, .location = (host) \
	}
#define RESUMES RESUMABLE_AT("")

/* Log in, and again each time the connection is lost. */
static void lose_and_resume(const struct script *scripts, size_t count)
{
	begin(scripts, count);
	assert_int_equal(envoi_client_set(world.client, "reconnect.enabled", "true"), ENVOI_OK);
	connect_and_run();
	assert_int_equal(envoi_loop_simulated_run_for(world.loop, 180000), ENVOI_OK);
	assert_true(is_online());
	assert_int_equal(world.connected, count);
	assert_string_equal(world.asked[0], "- 0 example.org");
}

static void a_session_is_resumed_where_the_server_wants_it(void **state)
{
	static const struct script scripts[] = {RESUMABLE_AT("b.example:5299"), RESUMES};
	(void)state;
	lose_and_resume(scripts, COUNT(scripts));
	assert_string_equal(world.asked[1], "b.example 5299 example.org");
	assert_peers_done();
	finish();
}

static void a_location_that_cannot_be_reached_is_left(void **state)
{
	static const struct script scripts[] = {
		RESUMABLE_AT("[2001:db8::1]"),
		{.when = NEVER, .is_unreachable = true},
		RESUMES,
	};
	(void)state;
	lose_and_resume(scripts, COUNT(scripts));
	assert_string_equal(world.asked[1], "[2001:db8::1] 0 example.org");
	assert_string_equal(world.asked[2], "- 0 example.org");
	assert_peers_done();
	finish();
}

/* The standard algorithm applies, without the delay of another attempt. A peer that is not the
 * right one is waited for when the stream is closed. */
static void a_location_that_leads_to_no_login_is_left_at_once(void **state)
{
	static const struct script scripts[][3] = {
		{RESUMABLE_AT("b.example:5299"),
			{.error = "<host-unknown " NS_STREAM "/>", .when = AT_ONCE}, RESUMES},
		{RESUMABLE_AT("b.example:5299"),
			{.error = "<policy-violation " NS_STREAM "/>", .when = AFTER_LOGIN},
			RESUMES},
		{RESUMABLE_AT("b.example:5299"), {.from = "other.example", .when = AT_ONCE},
			RESUMES},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		begin(scripts[i], 3);
		assert_int_equal(
			envoi_client_set(world.client, "reconnect.enabled", "true"), ENVOI_OK);
		assert_int_equal(envoi_client_set(world.client, "reconnect.first", "1h"), ENVOI_OK);
		assert_int_equal(
			envoi_client_set(world.client, "reconnect.longest", "1h"), ENVOI_OK);
		assert_int_equal(envoi_client_set(world.client, "close.timeout", "1s"), ENVOI_OK);
		assert_int_equal(envoi_client_connect(world.client), ENVOI_OK);
		assert_int_equal(
			envoi_loop_simulated_run_for(world.loop, 2 * 60 * 60 * 1000), ENVOI_OK);
		assert_int_equal(world.connected, 3);
		assert_true(world.asked_ms[2] - world.asked_ms[1] <= 1000);
		assert_string_equal(world.asked[1], "b.example 5299 example.org");
		assert_string_equal(world.asked[2], "- 0 example.org");
		assert_true(is_online());
		finish();
	}
}

/* What is no host is not followed. Of a connection that nothing protects:
 * test/unit/session/test_stream_management.c */
static void a_location_is_followed_under_the_conditions_of_a_redirect(void **state)
{
	static const struct script scripts[][2] = {
		{RESUMABLE_AT("http://b.example/"), RESUMES},
		{RESUMABLE_AT("b.example:0"), RESUMES},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		lose_and_resume(scripts[i], 2);
		assert_string_equal(world.asked[1], "- 0 example.org");
		assert_peers_done();
		finish();
	}
}

static void a_location_is_tried_once_after_a_loss(void **state)
{
	static const struct script scripts[] = {
		RESUMABLE_AT("b.example"),
		{NULL, "<system-shutdown " NS_STREAM "/>", AFTER_LOGIN, false, NULL, false},
		RESUMES,
	};
	(void)state;
	lose_and_resume(scripts, COUNT(scripts));
	assert_string_equal(world.asked[1], "b.example 0 example.org");
	assert_string_equal(world.asked[2], "- 0 example.org");
	assert_peers_done();
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_redirect_is_read_strictly),
		cmocka_unit_test(a_redirect_after_the_login_is_followed_for_the_same_domain),
		cmocka_unit_test(a_redirect_leaves_the_url),
		cmocka_unit_test(a_redirect_from_an_unverified_server_is_refused),
		cmocka_unit_test(a_redirect_without_a_valid_host_is_not_followed),
		cmocka_unit_test(redirects_are_counted),
		cmocka_unit_test(a_redirect_online_is_obeyed_by_the_next_connect_and_no_other),
		cmocka_unit_test(who_answers_elsewhere_must_be_the_same_domain),
		cmocka_unit_test(leaving_between_two_hosts_ends),
		cmocka_unit_test(a_session_is_resumed_where_the_server_wants_it),
		cmocka_unit_test(a_location_that_cannot_be_reached_is_left),
		cmocka_unit_test(a_location_that_leads_to_no_login_is_left_at_once),
		cmocka_unit_test(a_location_is_followed_under_the_conditions_of_a_redirect),
		cmocka_unit_test(a_location_is_tried_once_after_a_loss),
	};
	return cmocka_run_group_tests_name("sim/redirect", tests, NULL, NULL);
}
