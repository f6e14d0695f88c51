/*
 * envoi - a login that goes wrong at every place, in virtual time
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/sasl.h>

#include "stream_fixture.h"

enum {
	MINUTE_MS = 60000,
};

static struct stream_fixture fixture;

static void begin(void)
{
	stream_fixture_init(&fixture);
	stream_fixture_add_login(&fixture);
	stream_fixture_script_login(fixture.peer);
}

/* @return bytes that the server, or the client, sends in a whole login */
static uint64_t login_bytes(enum envoi_memory_side side)
{
	begin();
	stream_fixture_run(&fixture, MINUTE_MS);
	assert_true(recorder_has(&fixture.recorder, "ready"));
	uint64_t bytes = envoi_memory_pair_sent(fixture.pair, side);
	stream_fixture_finish(&fixture);
	return bytes;
}

/* --- silence --- */

/* The places of a login in their order: silence can only move on. */
static const enum envoi_phase places[] = {
	ENVOI_PHASE_STREAM, ENVOI_PHASE_SASL, ENVOI_PHASE_STREAM, ENVOI_PHASE_BIND};
enum {
	PLACES = sizeof(places) / sizeof(places[0]),
};

static void silence_after_any_byte_is_a_timeout_that_names_the_phase(void **state)
{
	(void)state;
	uint64_t bytes = login_bytes(ENVOI_MEMORY_B);
	size_t place = 0;
	for (uint64_t at = 0; at < bytes; at++) {
		struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
		script.stall_at = at;
		begin();
		envoi_memory_pair_script(fixture.pair, ENVOI_MEMORY_B, &script);
		stream_fixture_run(&fixture, MINUTE_MS - 1);
		while (place + 1 < PLACES && fixture.recorder.failure.phase != places[place]) {
			place++;
		}
		recorder_assert_closed(&fixture.recorder, places[place], ENVOI_ERR_TIMEOUT);
		assert_int_equal(fixture.recorder.failure.retry, ENVOI_RETRY_LATER);
		stream_fixture_finish(&fixture);
	}
	assert_int_equal(place, PLACES - 1);
}

/* --- loss --- */

static void check_cut(enum envoi_memory_side side, uint64_t at, size_t piece_bytes)
{
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	script.cut_at = at;
	script.piece_bytes = piece_bytes;
	begin();
	envoi_memory_pair_script(fixture.pair, side, &script);
	stream_fixture_run(&fixture, MINUTE_MS);
	recorder_assert_closed(
		&fixture.recorder, fixture.recorder.failure.phase, ENVOI_ERR_DISCONNECTED);
	stream_fixture_finish(&fixture);
}

static void a_cut_at_any_byte_ends_once(void **state)
{
	(void)state;
	for (int side = ENVOI_MEMORY_A; side <= ENVOI_MEMORY_B; side++) {
		uint64_t bytes = login_bytes((enum envoi_memory_side)side);
		for (uint64_t at = 0; at <= bytes; at++) {
			check_cut((enum envoi_memory_side)side, at, at % 2);
		}
	}
}

/* What the server says in a login, when nothing has to be replaced in it. */
static void an_end_after_any_byte_ends_once(void **state)
{
	(void)state;
	static const char text[] = STREAM_HEADER_IN
		"<stream:features>" FAKE_AUTH_OFFER
		"</stream:features><yes xmlns='urn:example:fake-auth'/>";
	for (size_t len = 0; len < strlen(text); len++) {
		stream_fixture_init(&fixture);
		stream_fixture_add_login(&fixture);
		peer_sends_bytes(fixture.peer, text, len);
		peer_shuts_down(fixture.peer);
		stream_fixture_run(&fixture, MINUTE_MS);
		recorder_assert_closed(
			&fixture.recorder, fixture.recorder.failure.phase, ENVOI_ERR_DISCONNECTED);
		stream_fixture_finish(&fixture);
	}
}

/* --- pieces --- */

static void pieces_of_any_size_make_no_difference(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 100; piece += 7) {
		struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
		script.piece_bytes = piece;
		begin();
		envoi_memory_pair_script(fixture.pair, ENVOI_MEMORY_A, &script);
		envoi_memory_pair_script(fixture.pair, ENVOI_MEMORY_B, &script);
		stream_fixture_run(&fixture, MINUTE_MS);
		peer_assert_done(fixture.peer);
		recorder_assert_milestones(&fixture.recorder,
			(const char *const[]){"gained secure", "opened",
				"gained authenticated FAKE", "opened", "gained bound", "ready",
				NULL});
		stream_fixture_finish(&fixture);
	}
}

/* --- everything from inside every callback --- */

enum action {
	FREE,
	CLOSE,
	FAIL,
	SEND,
	SEND_AND_CLOSE,
	CLOSE_AND_FREE,
	FAIL_AND_FREE,
	ACTIONS,
};

static struct {
	unsigned int at, seen;
	enum action action;
} bomb;

static void act(struct recorder *recorder, const char *event)
{
	(void)event;
	if (recorder->stream == NULL || bomb.seen++ != bomb.at) {
		return;
	}
	struct envoi_stream *stream = recorder->stream;
	if (bomb.action == SEND || bomb.action == SEND_AND_CLOSE) {
		int r = envoi_stream_send(stream, "<message/>", 10);
		recorder->after_free += r != ENVOI_OK && r != ENVOI_ERR_STATE;
	}
	if (bomb.action == CLOSE || bomb.action == SEND_AND_CLOSE ||
		bomb.action == CLOSE_AND_FREE) {
		envoi_stream_close(stream);
	}
	if (bomb.action == FAIL || bomb.action == FAIL_AND_FREE) {
		envoi_stream_fail_with(
			stream, ENVOI_ERR_LIMIT, ENVOI_STREAM_POLICY_VIOLATION, "enough");
	}
	if (bomb.action == FREE || bomb.action == CLOSE_AND_FREE || bomb.action == FAIL_AND_FREE) {
		recorder_free_stream(recorder);
	}
}

static void check_after_bomb(bool was_set_off)
{
	const struct recorder *recorder = &fixture.recorder;
	assert_int_equal(recorder->after_free, 0);
	if (!was_set_off) {
		return;
	}
	switch (bomb.action) {
	case FREE:
	case CLOSE_AND_FREE:
	case FAIL_AND_FREE:
		assert_true(recorder->closed_count <= 1);
		break;
	case CLOSE:
	case FAIL:
	case SEND:
	case SEND_AND_CLOSE:
	case ACTIONS:
		assert_int_equal(recorder->closed_count, 1);
		break;
	}
}

/* A login, a message, and the server's goodbye. @return whether there were so many events */
static bool set_off(void)
{
	bomb.seen = 0;
	begin();
	peer_sends(fixture.peer, "<message><body>x</body></message>");
	peer_sends(fixture.peer, "</stream:stream>");
	fixture.recorder.act = act;
	stream_fixture_run(&fixture, MINUTE_MS);
	bool was_set_off = bomb.seen > bomb.at;
	check_after_bomb(was_set_off);
	stream_fixture_finish(&fixture);
	return was_set_off;
}

static void anything_may_be_done_in_every_callback(void **state)
{
	(void)state;
	unsigned int most = 0;
	for (int action = 0; action < ACTIONS; action++) {
		bomb.action = (enum action)action;
		bomb.at = 0;
		while (set_off()) {
			bomb.at++;
		}
		most = bomb.at > most ? bomb.at : most;
	}
	assert_true(most >= 12);
}

/* --- everything out of order --- */

#define NS_SASL "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
#define NS_TLS "xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
#define NS_BIND "xmlns='urn:ietf:params:xml:ns:xmpp-bind'"
#define NS_SM "xmlns='urn:xmpp:sm:3'"
#define PLAIN_OFFER "<mechanisms " NS_SASL "><mechanism>PLAIN</mechanism></mechanisms>"

/** How far the login has come when the element arrives. */
enum place {
	AFTER_HEADER,
	ASKED_FOR_AUTHENTICATION,
	AFTER_SECOND_HEADER,
	ASKED_FOR_BINDING,
	ONLINE,
	CLOSING,
	GRID_PLACES,
};

static void close_when_ready(struct recorder *recorder, const char *event)
{
	if (strcmp(event, "ready") == 0) {
		envoi_stream_close(recorder->stream);
	}
}

static void script_up_to(enum place place)
{
	struct peer *peer = fixture.peer;
	stream_fixture_script_headers(peer);
	if (place >= ASKED_FOR_AUTHENTICATION) {
		peer_sends(peer, "<stream:features>" PLAIN_OFFER "</stream:features>");
		peer_expects(
			peer, "<auth " NS_SASL " mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>");
	}
	if (place >= AFTER_SECOND_HEADER) {
		peer_sends(peer, "<success " NS_SASL "/>");
		peer_restarts(peer);
		stream_fixture_script_headers(peer);
	}
	if (place >= ASKED_FOR_BINDING) {
		peer_sends(peer, "<stream:features>" BIND_OFFER "</stream:features>");
		peer_expects(peer,
			"<iq type='set' id='$b'><bind " NS_BIND
			"><resource>desk</resource></bind></iq>");
	}
	if (place >= ONLINE) {
		peer_sends(peer,
			"<iq type='result' id='$b'><bind " NS_BIND
			"><jid>alice@example.org/desk</jid></bind></iq>");
	}
	if (place >= CLOSING) {
		fixture.recorder.act = close_when_ready;
		peer_expects(peer, "</stream:stream>");
	}
}

/** An element, and where it is in order: bits 1 << enum place. */
struct grid_row {
	const char *xml;
	unsigned int allowed;
};

enum {
	NOWHERE = 0, /* but while closing, where all but stanzas is left out */
	NOT_EVEN_CLOSING = 1 << 30,
	IN_HEADER = 1 << AFTER_HEADER,
	IN_AUTHENTICATION = 1 << ASKED_FOR_AUTHENTICATION,
	IN_SECOND_HEADER = 1 << AFTER_SECOND_HEADER,
	IN_BINDING = 1 << ASKED_FOR_BINDING,
	IN_ORDER_ONLINE = 1 << ONLINE,
};

static const struct grid_row grid[] = {
	{"<stream:features/>", NOWHERE /* it is in order, but something required is missing */},
	{"<stream:features>" PLAIN_OFFER "</stream:features>", IN_HEADER},
	{"<stream:features>" BIND_OFFER "</stream:features>", IN_SECOND_HEADER},
	{"<stream:features><starttls " NS_TLS "><required/></starttls>" PLAIN_OFFER
	 "</stream:features>",
		IN_HEADER},
	{"<auth " NS_SASL " mechanism='PLAIN'/>", NOWHERE},
	{"<challenge " NS_SASL "/>", NOWHERE},
	{"<challenge " NS_SASL ">bm8=</challenge>", NOWHERE},
	{"<response " NS_SASL "/>", NOWHERE},
	{"<abort " NS_SASL "/>", NOWHERE},
	{"<success " NS_SASL "/>", IN_AUTHENTICATION},
	{"<success " NS_SASL ">bm8=</success>", NOWHERE},
	{"<failure " NS_SASL "><not-authorized/></failure>", NOWHERE},
	{"<starttls " NS_TLS "/>", NOWHERE},
	{"<proceed " NS_TLS "/>", NOWHERE},
	{"<failure " NS_TLS "/>", NOWHERE},
	{"<compress xmlns='http://jabber.org/protocol/compress'/>", NOWHERE},
	{"<compressed xmlns='http://jabber.org/protocol/compress'/>", NOWHERE},
	{"<enabled " NS_SM " id='1'/>", NOWHERE},
	{"<resumed " NS_SM " previd='1' h='1'/>", NOWHERE},
	{"<failed " NS_SM "/>", NOWHERE},
	{"<r " NS_SM "/>", NOWHERE},
	{"<a " NS_SM " h='0'/>", NOWHERE},
	{"<success xmlns='urn:xmpp:sasl:2'/>", NOWHERE},
	{"<handshake xmlns='jabber:component:accept'/>", NOWHERE},
	{"<handshake/>", NOWHERE},
	{"<unknown xmlns='urn:x'/>", NOWHERE},
	{"<unknown/>", NOWHERE},
	{"<stream:stream id='2' from='example.org' version='1.0'>", NOT_EVEN_CLOSING},
	{"<stream:odd/>", NOWHERE},
	{"<message/>", IN_ORDER_ONLINE},
	{"<presence/>", IN_ORDER_ONLINE},
	{"<iq/>", IN_ORDER_ONLINE},
	{"<iq type='get' id='1'><x xmlns='urn:x'/></iq>", IN_ORDER_ONLINE},
	{"<iq type='result' id='1'><bind " NS_BIND "><jid>alice@example.org/desk</jid></bind></iq>",
		IN_ORDER_ONLINE},
	{"<iq type='error' id='1'/>", IN_ORDER_ONLINE},
	{"<iq type='set' id='$b'><bind " NS_BIND "/></iq>", IN_ORDER_ONLINE},
	{"<iq type='result' id='$b'><bind " NS_BIND
	 "><jid>alice@example.org/desk</jid></bind></iq>",
		IN_BINDING | IN_ORDER_ONLINE},
	{"<iq type='result' id='$b'><bind " NS_BIND
	 "><jid>mallory@example.org/desk</jid></bind></iq>",
		IN_ORDER_ONLINE},
	{"<iq type='result' id='$b'><bind " NS_BIND
	 "><jid>alice@evil.example/desk</jid></bind></iq>",
		IN_ORDER_ONLINE},
	{"<iq type='result' id='$b'><bind " NS_BIND "><jid>alice@example.org</jid></bind></iq>",
		IN_ORDER_ONLINE},
	{"<iq type='result' id='$b'><bind " NS_BIND "><jid>@@</jid></bind></iq>", IN_ORDER_ONLINE},
	{"<iq type='result' id='$b'><bind " NS_BIND "/></iq>", IN_ORDER_ONLINE},
	{"<iq type='result' id='$b'/>", IN_ORDER_ONLINE},
	{"<iq type='error' id='$b'><error type='cancel'>"
	 "<conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
		IN_ORDER_ONLINE},
};

static void begin_grid(void)
{
	stream_fixture_init(&fixture);
	struct envoi_handler *handler;
	struct envoi_sasl_credentials *credentials;
	const struct envoi_starttls_options starttls = {.config = NULL};
	const struct envoi_bind_options bind = {.resource = "desk"};
	assert_int_equal(envoi_starttls_new(&handler, fixture.context, &starttls), ENVOI_OK);
	stream_fixture_add(&fixture, handler);
	assert_int_equal(
		envoi_sasl_password_new(&credentials, fixture.context, NULL, "secret"), ENVOI_OK);
	assert_int_equal(
		envoi_sasl_feature_new(&handler, fixture.context, fixture.settings, credentials),
		ENVOI_OK);
	stream_fixture_add(&fixture, handler);
	assert_int_equal(envoi_bind_new(&handler, fixture.context, &bind), ENVOI_OK);
	stream_fixture_add(&fixture, handler);
	assert_int_equal(envoi_legacy_session_new(&handler, fixture.context), ENVOI_OK);
	stream_fixture_add(&fixture, handler);
}

static void check_cell(const struct grid_row *row, enum place place)
{
	begin_grid();
	script_up_to(place);
	peer_sends(fixture.peer, row->xml);
	stream_fixture_run(&fixture, place == CLOSING ? 1000 : 10000);
	bool is_allowed = place == CLOSING ? row->allowed != NOT_EVEN_CLOSING
					   : (row->allowed & 1 << place) != 0;
	if (fixture.recorder.closed_count != !is_allowed || fixture.recorder.after_free > 0) {
		print_error("%s at place %d:\n%s\n", row->xml, place,
			recorder_lines(&fixture.recorder));
		fail();
	}
	if (place < ONLINE) {
		assert_int_equal(fixture.recorder.stanza_count, 0);
	}
	stream_fixture_finish(&fixture);
}

static void every_element_at_every_place_is_in_order_or_fatal(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(grid) / sizeof(grid[0]); i++) {
		for (int place = 0; place < GRID_PLACES; place++) {
			check_cell(&grid[i], (enum place)place);
		}
	}
}

/* Injection at the restart after authentication */
static void anything_behind_the_success_is_fatal(void **state)
{
	(void)state;
	static const char *const tails[] = {"<message/>", "<mess", "<", "x",
		"<?xml version='1.0'?>", STREAM_HEADER_IN, "</stream:stream>",
		"<success " NS_SASL "/>"};
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		char text[512];
		begin_grid();
		script_up_to(ASKED_FOR_AUTHENTICATION);
		snprintf(text, sizeof(text), "<success " NS_SASL "/>%s", tails[i]);
		peer_sends(fixture.peer, text);
		stream_fixture_run(&fixture, 10000);
		assert_int_equal(fixture.recorder.closed_count, 1);
		assert_true(fixture.recorder.failure.code == ENVOI_ERR_PROTOCOL ||
			fixture.recorder.failure.code == ENVOI_ERR_XML);
		assert_int_equal(fixture.recorder.stanza_count, 0);
		stream_fixture_finish(&fixture);
	}
}

static void white_space_behind_the_success_is_none_of_it(void **state)
{
	(void)state;
	begin_grid();
	script_up_to(ASKED_FOR_AUTHENTICATION);
	peer_sends(fixture.peer, "<success " NS_SASL "/>\n ");
	peer_restarts(fixture.peer);
	stream_fixture_script_headers(fixture.peer);
	stream_fixture_run(&fixture, 10000);
	peer_assert_done(fixture.peer);
	stream_fixture_finish(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_after_any_byte_is_a_timeout_that_names_the_phase),
		cmocka_unit_test(a_cut_at_any_byte_ends_once),
		cmocka_unit_test(an_end_after_any_byte_ends_once),
		cmocka_unit_test(pieces_of_any_size_make_no_difference),
		cmocka_unit_test(anything_may_be_done_in_every_callback),
		cmocka_unit_test(every_element_at_every_place_is_in_order_or_fatal),
		cmocka_unit_test(anything_behind_the_success_is_fatal),
		cmocka_unit_test(white_space_behind_the_success_is_none_of_it),
	};
	return cmocka_run_group_tests_name("sim/login", tests, NULL, NULL);
}
