/*
 * envoi - accepted connections: from the stream header to the bound session
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "accept_fixture.h"

#define ERROR_HEADER(domain) \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"from='" domain "' id='*' version='1.0'>"
#define STREAM_ERROR(condition) \
	"<stream:error><" condition \
	" xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"

static struct accept_fixture f;

static int setup(void **state)
{
	(void)state;
	accept_fixture_init(&f, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	accept_fixture_finish(&f);
	return 0;
}

static void set(const char *name, const char *value)
{
	assert_int_equal(envoi_settings_set(f.settings, name, value), ENVOI_OK);
}

/* --- logins of the library's client --- */

static void connect_for(struct envoi_client *client, uint64_t ms)
{
	assert_int_equal(envoi_client_connect(client), ENVOI_OK);
	accept_fixture_run(&f, ms);
}

static void a_client_logs_in_and_out(void **state)
{
	(void)state;
	struct envoi_client *client = accept_fixture_client(&f, "alice@example.org/desk");
	connect_for(client, 1000);
	assert_true(envoi_session_is_online(envoi_client_session(client)));
	accept_fixture_assert_notes(&f,
		"opened example.org\nauthenticated SCRAM-SHA-512\n"
		"binding alice@example.org/desk\nready alice@example.org/desk\n"
		"stanza iq from alice@example.org/desk to -\nstanza presence from alice@example.org/desk to -\n");
	envoi_send_text(envoi_client_session(client), "bob@example.org", "hi", NULL);
	accept_fixture_run(&f, 1000);
	assert_non_null(strstr(f.notes, "stanza message"));
	f.notes[0] = '\0';
	envoi_client_disconnect(client);
	accept_fixture_run(&f, 1000);
	accept_fixture_assert_notes(&f,
		"stanza presence from alice@example.org/desk to -\nended alice@example.org/desk OK\n");
	envoi_client_free(client);
}

static void each_domain_has_accounts(void **state)
{
	(void)state;
	struct envoi_client *client = accept_fixture_client(&f, "bob@example.net/net");
	connect_for(client, 1000);
	accept_fixture_assert_notes(&f,
		"opened example.net\nauthenticated SCRAM-SHA-512\n"
		"binding bob@example.net/net\nready bob@example.net/net\n"
		"stanza iq from bob@example.net/net to -\n"
		"stanza presence from bob@example.net/net to -\n");
	envoi_client_free(client);
}

static int offer_extra(
	struct envoi_handler *self, struct envoi_stream *stream, struct envoi_element *features)
{
	(void)self;
	(void)stream;
	envoi_element_add(features, "urn:extra", "extra");
	return envoi_element_error(features);
}

static void features_are_added_to_those_that_are_offered(void **state)
{
	(void)state;
	static const struct envoi_stream_feature extra = {.ns = "urn:extra",
		.name = "extra",
		.order = ENVOI_ORDER_SASL + 1,
		.phase = ENVOI_PHASE_SASL,
		.offer = offer_extra};
	static const struct envoi_handler_impl extra_impl = {.name = "extra",
						       .stream_feature = &extra},
					       plain_impl = {.name = "plain"};
	struct envoi_handler handlers[20];
	const size_t count = sizeof(handlers) / sizeof(handlers[0]);
	accept_fixture_make(&f);
	handlers[0] = (struct envoi_handler)ENVOI_HANDLER(&plain_impl);
	assert_int_equal(envoi_acceptor_add_feature(f.acceptor, &handlers[0]), ENVOI_ERR_INVALID);
	for (size_t i = 0; i < count; i++) {
		handlers[i] = (struct envoi_handler)ENVOI_HANDLER(&extra_impl);
	}
	size_t added = 0;
	while (added < count &&
		envoi_acceptor_add_feature(f.acceptor, &handlers[added]) == ENVOI_OK) {
		added++;
	}
	assert_true(added >= 10 && added < count);
	assert_int_equal(envoi_acceptor_add_feature(f.acceptor, &handlers[added]), ENVOI_ERR_FULL);
	struct peer *peer = accept_fixture_peer(&f);
	static const char header[] =
		"<stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>";
	peer_sends_bytes(peer, header, strlen(header));
	peer_start(peer);
	accept_fixture_run(&f, 100);
	assert_non_null(strstr(peer_heard(peer), "<extra xmlns='urn:extra'/>"));
	peer_free(peer);
	accept_fixture_run(&f, 100);
	envoi_acceptor_free(f.acceptor);
	f.acceptor = NULL;
}

static void a_wrong_password_binds_nothing(void **state)
{
	(void)state;
	struct envoi_client *client = accept_fixture_client(&f, "alice@example.org/desk");
	envoi_client_set_password(client, "wrong");
	connect_for(client, 1000);
	accept_fixture_assert_notes(&f, "opened example.org\nended - ERR_DISCONNECTED\n");
	envoi_client_free(client);
}

/* --- scripted logins --- */

static void a_scripted_login_binds_the_resource_that_was_asked_for(void **state)
{
	(void)state;
	set("sasl.mechanisms", "PLAIN");
	struct peer *peer = accept_fixture_peer(&f);
	accept_fixture_script_login(peer);
	accept_fixture_script_bind(peer, "desk");
	peer_start(peer);
	accept_fixture_run(&f, 1000);
	peer_assert_done(peer);
	accept_fixture_assert_notes(&f,
		"opened example.org\nauthenticated PLAIN\n"
		"binding alice@example.org/desk\nready alice@example.org/desk\n");
	peer_free(peer);
}

static void another_domain_is_unknown(void **state)
{
	(void)state;
	struct peer *peer = accept_fixture_peer(&f);
	peer_sends(peer, ACCEPT_HEADER("to='example.com' version='1.0'"));
	peer_expects(peer, ERROR_HEADER("example.org") STREAM_ERROR("host-unknown"));
	peer_start(peer);
	accept_fixture_run(&f, 10000);
	peer_assert_done(peer);
	accept_fixture_assert_notes(&f, "ended - ERR_PROTOCOL\n");
	peer_free(peer);
}

static void a_login_has_a_time_limit_that_input_does_not_extend(void **state)
{
	(void)state;
	set("sasl.mechanisms", "PLAIN");
	set("bind.timeout", "60s");
	struct peer *peer = accept_fixture_peer(&f);
	accept_fixture_script_login(peer);
	peer_start(peer);
	for (int i = 0; i < 29; i++) {
		accept_fixture_run(&f, 1000);
		peer_sends(peer, " ");
		peer_start(peer);
	}
	peer_assert_done(peer);
	peer_expects(peer, STREAM_ERROR("connection-timeout"));
	accept_fixture_run(&f, 1001);
	peer_assert_done(peer);
	assert_int_equal(f.why.code, ENVOI_ERR_TIMEOUT);
	assert_null(f.last);
	peer_free(peer);
}

/* --- the peer's headers (RFC 6120, section 4.7) --- */

/* What follows is read after the header of this side, whatever the fault (section 4.9.1.2). */
static const struct {
	const char *sent, *condition;
} faulty_beginnings[] = {
	{ACCEPT_HEADER("version='1.0'"), "improper-addressing"},
	{ACCEPT_HEADER("to='' version='1.0'"), "host-unknown"},
	{ACCEPT_HEADER("to='example.com' version='1.0'"), "host-unknown"},
	{ACCEPT_HEADER("to='alice@example.org' version='1.0'"), "host-unknown"},
	{ACCEPT_HEADER("to='example.org/desk' version='1.0'"), "host-unknown"},
	{ACCEPT_HEADER("to='example.org'"), "unsupported-version"},
	{ACCEPT_HEADER("to='example.org' version='0.9'"), "unsupported-version"},
	{ACCEPT_HEADER("to='example.org' version='one'"), "unsupported-version"},
	{"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
	 "to='example.org' version='1.0'>",
		"invalid-namespace"},
	{"<stream:stream xmlns='jabber:client' xmlns:stream='urn:example:streams' "
	 "to='example.org' version='1.0'>",
		"invalid-namespace"},
	{"<stream:stream xmlns='jabber:client' to='example.org' version='1.0'>", "not-well-formed"},
	{"<open xmlns='jabber:client' to='example.org' version='1.0'>", "invalid-namespace"},
	{"<!DOCTYPE stream>", "restricted-xml"},
	{"<?xml version='1.0' encoding='ISO-8859-1'?>", "unsupported-encoding"},
	{"GET / HTTP/1.1\r\n\r\n", "not-well-formed"},
	{ACCEPT_HEADER("to='example.org' version='1.0'") "<message/>", "not-authorized"},
	{ACCEPT_HEADER("to='example.org' version='1.0'") "<foo xmlns='urn:example'/>",
		"unsupported-stanza-type"},
	{ACCEPT_HEADER("to='example.org' version='1.0'") "<stream:features/>",
		"unsupported-stanza-type"},
};

static void assert_heard(struct peer *peer, const char *condition, const char *cause)
{
	char error[200];
	const char *heard = peer_heard(peer);
	snprintf(error, sizeof(error),
		"<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
		"</stream:stream>",
		condition);
	const char *header = strstr(heard, "<stream:stream "), *end = strstr(heard, error);
	if (header == NULL || end == NULL || header > end ||
		strstr(header, "from='example.org'") == NULL) {
		fail_msg("sent: %s\nheard: %s", cause, heard);
	}
}

static void send_to(struct peer *peer, const char *text)
{
	peer_sends_bytes(peer, text, strlen(text));
	peer_start(peer);
	accept_fixture_run(&f, 100);
}

static void faults_are_named_behind_a_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faulty_beginnings) / sizeof(faulty_beginnings[0]); i++) {
		struct peer *peer = accept_fixture_peer(&f);
		send_to(peer, faulty_beginnings[i].sent);
		assert_heard(peer, faulty_beginnings[i].condition, faulty_beginnings[i].sent);
		peer_free(peer);
		accept_fixture_run(&f, 10000);
		assert_null(f.last);
	}
}

static void a_higher_version_and_a_language_are_answered(void **state)
{
	(void)state;
	struct peer *peer = accept_fixture_peer(&f);
	peer_sends(peer, ACCEPT_HEADER("to='EXAMPLE.org' version='2.1' xml:lang='de'"));
	peer_start(peer);
	accept_fixture_run(&f, 100);
	assert_non_null(strstr(peer_heard(peer), "from='example.org'"));
	assert_non_null(strstr(peer_heard(peer), "version='1.0'"));
	assert_non_null(strstr(peer_heard(peer), "xml:lang='en'"));
	assert_non_null(strstr(peer_heard(peer), "<stream:features>"));
	peer_free(peer);
}

#define PLAIN_OF_ALICE \
	"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" \
	"AGFsaWNlAHNlY3JldA==</auth>"

/* Headers before and after the login of alice. */
static const struct {
	const char *before, *after, *condition;
} other_headers[] = {
	{"to='example.org' from='bob@example.org' version='1.0'", "to='example.org' version='1.0'",
		"invalid-from"},
	{"to='example.org' version='1.0'", "to='example.org' from='bob@example.org' version='1.0'",
		"invalid-from"},
	{"to='example.org' version='1.0'",
		"to='example.org' from='alice@example.net' version='1.0'", "invalid-from"},
	{"to='example.org' version='1.0'", "to='example.org' from='@' version='1.0'",
		"invalid-from"},
	{"to='example.org' version='1.0'", "to='example.net' version='1.0'", "host-unknown"},
	{"to='example.org' version='1.0'", "to='example.org' version='0.9'", "unsupported-version"},
};

static void a_header_after_the_login_is_of_the_same_account(void **state)
{
	char header[400];
	(void)state;
	set("sasl.mechanisms", "PLAIN");
	for (size_t i = 0; i < sizeof(other_headers) / sizeof(other_headers[0]); i++) {
		struct peer *peer = accept_fixture_peer(&f);
		snprintf(header, sizeof(header), ACCEPT_HEADER("%s"), other_headers[i].before);
		peer_sends(peer, header);
		peer_start(peer);
		accept_fixture_run(&f, 100);
		peer_sends(peer, PLAIN_OF_ALICE);
		peer_start(peer);
		accept_fixture_run(&f, 100);
		snprintf(header, sizeof(header), ACCEPT_HEADER("%s"), other_headers[i].after);
		peer_sends(peer, header);
		peer_start(peer);
		accept_fixture_run(&f, 100);
		assert_heard(peer, other_headers[i].condition, header);
		assert_non_null(strstr(f.notes, "authenticated PLAIN"));
		f.notes[0] = '\0';
		peer_free(peer);
	}
}

static void a_new_header_follows_the_login(void **state)
{
	static const char *const others[] = {"<message to='bob@example.org'/>",
		"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
		"</stream:stream>", PLAIN_OF_ALICE};
	(void)state;
	set("sasl.mechanisms", "PLAIN");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct peer *peer = accept_fixture_peer(&f);
		send_to(peer, ACCEPT_HEADER("to='example.org' version='1.0'"));
		send_to(peer, PLAIN_OF_ALICE);
		f.notes[0] = '\0';
		send_to(peer, others[i]);
		peer_free(peer);
		accept_fixture_run(&f, 10000);
		assert_null(f.last);
		assert_int_equal(strncmp(f.notes, "ended - ERR_", strlen("ended - ERR_")), 0);
	}
}

/* What follows the request in the same piece is of no stream. */
static void nothing_is_read_between_the_streams(void **state)
{
	(void)state;
	set("sasl.mechanisms", "PLAIN");
	struct peer *peer = accept_fixture_peer(&f);
	send_to(peer, ACCEPT_HEADER("to='example.org' version='1.0'"));
	send_to(peer, PLAIN_OF_ALICE "<message to='bob@example.org'/>");
	assert_null(strstr(f.notes, "stanza"));
	accept_fixture_run(&f, 10000);
	assert_null(f.last);
	peer_free(peer);
}

static void limits_are_tighter_before_the_login(void **state)
{
	static char text[12000];
	(void)state;
	struct peer *peer = accept_fixture_peer(&f);
	send_to(peer, ACCEPT_HEADER("to='example.org' version='1.0'"));
	send_to(peer, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>");
	memset(text, 'A', sizeof(text) - 1);
	send_to(peer, text);
	assert_heard(peer, "policy-violation", "a long element");
	peer_free(peer);
}

/* --- the sender of stanzas (RFC 6120, section 8.1.2.1) --- */

static struct peer *bound_peer(void)
{
	set("sasl.mechanisms", "PLAIN");
	struct peer *peer = accept_fixture_peer(&f);
	accept_fixture_script_login(peer);
	accept_fixture_script_bind(peer, "desk");
	peer_start(peer);
	accept_fixture_run(&f, 100);
	peer_assert_done(peer);
	f.notes[0] = '\0';
	return peer;
}

static void a_stanza_has_the_address_of_its_session(void **state)
{
	(void)state;
	struct peer *peer = bound_peer();
	peer_sends(peer,
		"<message to='bob@example.org'/>"
		"<message to='bob@example.org' from='alice@example.org'/>"
		"<message to='bob@example.org' from='ALICE@example.org/desk'/>"
		"<message/>"
		"<presence/>"
		"<presence type='unavailable'/>"
		"<presence type='subscribe' to='bob@example.org' from='alice@example.org/desk'/>"
		"<presence type='unsubscribed' to='bob@example.org'/>"
		"<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>");
	peer_start(peer);
	accept_fixture_run(&f, 100);
	accept_fixture_assert_notes(&f,
		"stanza message from alice@example.org/desk to bob@example.org\n"
		"stanza message from alice@example.org/desk to bob@example.org\n"
		"stanza message from alice@example.org/desk to bob@example.org\n"
		"stanza message from alice@example.org/desk to alice@example.org\n"
		"stanza presence from alice@example.org/desk to -\n"
		"stanza presence from alice@example.org/desk to -\n"
		"stanza presence from alice@example.org to bob@example.org\n"
		"stanza presence from alice@example.org to bob@example.org\n"
		"stanza iq from alice@example.org/desk to -\n");
	peer_free(peer);
}

static void a_foreign_sender_ends_the_stream(void **state)
{
	static const char *const foreign[] = {"bob@example.org", "alice@example.org/other",
		"alice@example.net/desk", "example.org", "alice@example.org/", "@", ""};
	(void)state;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		char text[200];
		struct peer *peer = bound_peer();
		snprintf(text, sizeof(text), "<message to='bob@example.org' from='%s'/>",
			foreign[i]);
		peer_sends(peer, text);
		peer_expects(peer, STREAM_ERROR("invalid-from"));
		peer_start(peer);
		accept_fixture_run(&f, 100);
		peer_assert_done(peer);
		assert_null(strstr(f.notes, "stanza"));
		peer_free(peer);
		accept_fixture_run(&f, 10000);
	}
}

/* --- freeing --- */

static void freeing_the_acceptor_ends_its_sessions(void **state)
{
	(void)state;
	struct envoi_client *client = accept_fixture_client(&f, "alice@example.org/desk");
	connect_for(client, 1000);
	f.notes[0] = '\0';
	envoi_acceptor_free(f.acceptor);
	f.acceptor = NULL;
	accept_fixture_assert_notes(&f, "ended alice@example.org/desk ERR_CANCELED\n");
	envoi_client_free(client);
}

/* --- the grid --- */

/** What is freed in which function. */
static struct place {
	const char *where;
	enum act {
		FREES_SESSION,
		FREES_ACCEPTOR,
		CLOSES,
		FAILS,
		FREES_ALL_OF_ACCOUNT,
		ACTS
	} act;
	unsigned int calls;
} place;

static void free_account(struct envoi_acceptor *acceptor)
{
	struct envoi_jid *jid;
	struct envoi_accepted *accepted;
	assert_int_equal(envoi_jid_from_text(&jid, f.context, "alice@example.org"), ENVOI_OK);
	while ((accepted = envoi_acceptor_next(acceptor, jid, NULL)) != NULL) {
		envoi_accepted_free(accepted);
	}
	envoi_jid_unref(jid);
}

static void free_there(struct accept_fixture *fixture, const char *what)
{
	struct envoi_acceptor *acceptor = fixture->acceptor;
	if (strcmp(what, place.where) != 0 || acceptor == NULL || place.calls++ > 0) {
		return;
	}
	switch (fixture->last == NULL ? FREES_ACCEPTOR : place.act) {
	case FREES_SESSION:
		envoi_accepted_free(fixture->last);
		break;
	case CLOSES:
		envoi_accepted_close(fixture->last, ENVOI_STREAM_NO_CONDITION);
		break;
	case FAILS:
		envoi_accepted_close(fixture->last, ENVOI_STREAM_RESET);
		break;
	case FREES_ALL_OF_ACCOUNT:
		free_account(acceptor);
		break;
	default:
		fixture->acceptor = NULL;
		envoi_acceptor_free(acceptor);
	}
}

/* A login, a stanza, a lost connection, its resumption; then another client takes the resource. */
static void live(void)
{
	f.at = free_there;
	struct envoi_client *client = accept_fixture_client(&f, "alice@example.org/desk");
	envoi_client_set(client, "reconnect.first", "1s");
	connect_for(client, 1000);
	if (f.acceptor != NULL) {
		envoi_memory_pair_cut(f.pair);
		accept_fixture_run(&f, 5000);
	}
	struct envoi_client *other = accept_fixture_client(&f, "alice@example.org/desk");
	connect_for(other, 1000);
	f.at = NULL;
	envoi_client_free(client);
	envoi_client_free(other);
	assert_true(place.calls > 0);
}

static void everything_may_be_freed_inside(void **state)
{
	static const char *const places[] = {"opened", "authenticated", "binding", "ready",
		"stanza", "suspended", "resumed", "ended"};
	(void)state;
	for (size_t i = 0; i < ACTS * sizeof(places) / sizeof(places[0]); i++) {
		place = (struct place){places[i / ACTS], (enum act)(i % ACTS), 0};
		accept_fixture_init(&f, NULL);
		live();
		accept_fixture_finish(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_client_logs_in_and_out, setup, teardown),
		cmocka_unit_test_setup_teardown(each_domain_has_accounts, setup, teardown),
		cmocka_unit_test_setup_teardown(
			features_are_added_to_those_that_are_offered, setup, teardown),
		cmocka_unit_test_setup_teardown(a_wrong_password_binds_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_scripted_login_binds_the_resource_that_was_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(another_domain_is_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_login_has_a_time_limit_that_input_does_not_extend, setup, teardown),
		cmocka_unit_test_setup_teardown(faults_are_named_behind_a_header, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_higher_version_and_a_language_are_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_header_after_the_login_is_of_the_same_account, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_header_follows_the_login, setup, teardown),
		cmocka_unit_test_setup_teardown(
			nothing_is_read_between_the_streams, setup, teardown),
		cmocka_unit_test_setup_teardown(
			limits_are_tighter_before_the_login, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_stanza_has_the_address_of_its_session, setup, teardown),
		cmocka_unit_test_setup_teardown(a_foreign_sender_ends_the_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(
			freeing_the_acceptor_ends_its_sessions, setup, teardown),
		cmocka_unit_test(everything_may_be_freed_inside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
