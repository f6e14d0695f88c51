/*
 * envoi - accepted connections: binding (RFC 6120, section 7), resumption (XEP-0198, section 5)
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

#define SM "xmlns='urn:xmpp:sm:3'"
#define STANZA_ERRORS "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"
#define ALICE "AGFsaWNlAHNlY3JldA=="
#define BOB "AGJvYgBzZWNyZXQ="

static struct accept_fixture f;

static int setup(void **state)
{
	(void)state;
	accept_fixture_init(&f, NULL);
	assert_int_equal(envoi_settings_set(f.settings, "sasl.mechanisms", "PLAIN"), ENVOI_OK);
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

/* --- peers --- */

static void say(struct peer *peer, const char *text)
{
	peer_sends_bytes(peer, text, strlen(text));
	peer_start(peer);
	accept_fixture_run(&f, 50);
}

static struct peer *authenticated_at(const char *who, const char *header)
{
	char auth[200];
	struct peer *peer = accept_fixture_peer(&f);
	snprintf(auth, sizeof(auth),
		"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>", who);
	say(peer, header);
	say(peer, auth);
	say(peer, header);
	assert_non_null(strstr(peer_heard(peer), "xmpp-bind"));
	return peer;
}

static struct peer *authenticated(const char *who)
{
	return authenticated_at(who, ACCEPT_HEADER("to='example.org' version='1.0'"));
}

static void bind_resource(struct peer *peer, const char *resource)
{
	char text[3000];
	snprintf(text, sizeof(text),
		"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>%s</resource></bind></iq>",
		resource);
	say(peer, text);
}

static struct peer *bound(const char *who, const char *resource)
{
	struct peer *peer = authenticated(who);
	bind_resource(peer, resource);
	return peer;
}

static bool has_heard(struct peer *peer, const char *text)
{
	return strstr(peer_heard(peer), text) != NULL;
}

static void assert_works(struct peer *peer)
{
	f.notes[0] = '\0';
	say(peer, "<message to='bob@example.org'/>");
	assert_non_null(strstr(f.notes, "stanza message from "));
}

/* --- binding --- */

static void a_newcomer_replaces_the_session_of_its_resource(void **state)
{
	(void)state;
	struct peer *first = bound(ALICE, "desk"), *second = bound(ALICE, "desk");
	assert_true(has_heard(first, "<conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"));
	assert_true(has_heard(second, "<jid>alice@example.org/desk</jid>"));
	peer_free(first);
	accept_fixture_run(&f, 10000);
	assert_int_equal(f.why.stream_condition, ENVOI_STREAM_CONFLICT);
	assert_works(second);
	peer_free(second);
}

static void a_newcomer_is_refused_and_may_bind_another_resource(void **state)
{
	(void)state;
	set("accept.conflict", "refuse");
	struct peer *first = bound(ALICE, "desk"), *second = bound(ALICE, "desk");
	assert_true(has_heard(second, "<conflict " STANZA_ERRORS "/>"));
	bind_resource(second, "hall");
	assert_true(has_heard(second, "<jid>alice@example.org/hall</jid>"));
	assert_works(first);
	assert_works(second);
	peer_free(first);
	peer_free(second);
}

static void a_newcomer_gets_another_resource(void **state)
{
	(void)state;
	set("accept.conflict", "generate");
	struct peer *first = bound(ALICE, "desk"), *second = bound(ALICE, "desk");
	assert_true(has_heard(second, "<jid>alice@example.org/"));
	assert_false(has_heard(second, "<jid>alice@example.org/desk</jid>"));
	assert_works(first);
	assert_works(second);
	peer_free(first);
	peer_free(second);
}

static void resources_of_other_accounts_are_no_conflict(void **state)
{
	(void)state;
	set("accept.conflict", "refuse");
	struct peer *first = bound(ALICE, "desk"), *second = bound(BOB, "desk");
	assert_true(has_heard(second, "<jid>bob@example.org/desk</jid>"));
	peer_free(first);
	peer_free(second);
}

static void the_sessions_of_an_account_are_limited(void **state)
{
	struct envoi_jid *jid;
	(void)state;
	set("accept.sessions", "2");
	struct peer *peers[] = {bound(ALICE, "a"), bound(ALICE, "b"), bound(ALICE, "c")};
	assert_true(has_heard(peers[2], "<resource-constraint " STANZA_ERRORS "/>"));
	assert_int_equal(envoi_jid_from_text(&jid, f.context, "alice@example.org"), ENVOI_OK);
	struct envoi_accepted *a = envoi_acceptor_next(f.acceptor, jid, NULL);
	struct envoi_accepted *b = envoi_acceptor_next(f.acceptor, jid, a);
	assert_string_equal(envoi_jid_resource(envoi_accepted_jid(a)), "a");
	assert_string_equal(envoi_jid_resource(envoi_accepted_jid(b)), "b");
	assert_null(envoi_acceptor_next(f.acceptor, jid, b));
	assert_null(envoi_acceptor_find(f.acceptor, jid));
	assert_ptr_equal(envoi_acceptor_find(f.acceptor, envoi_accepted_jid(b)), b);
	envoi_jid_unref(jid);
	peer_free(peers[0]);
	accept_fixture_run(&f, 100);
	bind_resource(peers[2], "c");
	assert_true(has_heard(peers[2], "<jid>alice@example.org/c</jid>"));
	peer_free(peers[1]);
	peer_free(peers[2]);
}

static void a_malformed_resource_is_refused(void **state)
{
	char resource[1100];
	(void)state;
	memset(resource, 'x', sizeof(resource) - 1);
	resource[sizeof(resource) - 1] = '\0';
	struct peer *peer = bound(ALICE, resource);
	assert_true(has_heard(peer, "<bad-request " STANZA_ERRORS "/>"));
	bind_resource(peer, "&#9;");
	assert_false(has_heard(peer, "<jid>"));
	bind_resource(peer, "desk");
	assert_true(has_heard(peer, "<jid>alice@example.org/desk</jid>"));
	peer_free(peer);
}

static void the_owner_may_refuse_a_resource(void **state)
{
	(void)state;
	f.refusal = ENVOI_NOT_ALLOWED;
	struct peer *peer = bound(ALICE, "desk");
	assert_true(has_heard(peer, "<not-allowed " STANZA_ERRORS "/>"));
	f.refusal = ENVOI_STANZA_NO_CONDITION;
	bind_resource(peer, "desk");
	assert_works(peer);
	peer_free(peer);
}

static void requests_of_the_login_are_answered_behind_it(void **state)
{
	(void)state;
	struct peer *peer = bound(ALICE, "desk");
	say(peer,
		"<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>");
	assert_true(has_heard(peer, "<iq type='result' to='alice@example.org/desk' id='s'/>"));
	bind_resource(peer, "hall");
	assert_true(has_heard(peer, "<not-allowed " STANZA_ERRORS "/>"));
	assert_works(peer);
	peer_free(peer);
}

static void a_stanza_before_binding_ends_the_stream(void **state)
{
	(void)state;
	struct peer *peer = authenticated(ALICE);
	say(peer, "<presence/>");
	assert_true(
		has_heard(peer, "<not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"));
	assert_null(strstr(f.notes, "stanza"));
	peer_free(peer);
}

/* --- resumption --- */

static char previd[64];

/* @return a peer whose session can be resumed; previd is its id */
static struct peer *resumable(const char *who, const char *resource)
{
	struct peer *peer = bound(who, resource);
	say(peer, "<enable " SM " resume='true'/>");
	const char *id = strstr(peer_heard(peer), "<enabled ");
	assert_non_null(id);
	id = strstr(id, " id='");
	assert_non_null(id);
	assert_int_equal(sscanf(id, " id='%63[^']", previd), 1);
	return peer;
}

static void resume(struct peer *peer, const char *id)
{
	char text[200];
	snprintf(text, sizeof(text), "<resume " SM " previd='%s' h='0'/>", id);
	say(peer, text);
}

static void lose(struct peer *peer)
{
	envoi_memory_pair_cut(f.pair);
	accept_fixture_run(&f, 10);
	peer_free(peer);
}

#define RESUMED "<resumed "
#define NOT_FOUND "<failed xmlns='urn:xmpp:sm:3'><item-not-found " STANZA_ERRORS "/></failed>"

static void a_session_is_resumed_on_another_connection(void **state)
{
	struct envoi_acceptor_stats stats;
	(void)state;
	lose(resumable(ALICE, "desk"));
	envoi_acceptor_get_stats(f.acceptor, &stats);
	assert_int_equal(stats.suspended, 1);
	struct peer *peer = authenticated(ALICE);
	f.notes[0] = '\0';
	resume(peer, previd);
	assert_true(has_heard(peer, RESUMED));
	accept_fixture_assert_notes(&f, "ended - OK\nresumed alice@example.org/desk\n");
	envoi_acceptor_get_stats(f.acceptor, &stats);
	assert_int_equal(stats.suspended, 0);
	assert_int_equal(stats.sessions, 1);
	assert_int_equal(stats.connections, 0);
	assert_works(peer);
	peer_free(peer);
}

static void a_living_connection_is_replaced_each_time(void **state)
{
	(void)state;
	struct peer *peer = resumable(ALICE, "desk");
	for (int i = 0; i < 3; i++) {
		struct peer *next = authenticated(ALICE);
		resume(next, previd);
		assert_true(has_heard(next, RESUMED));
		assert_true(
			has_heard(peer, "<conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"));
		peer_free(peer);
		peer = next;
		accept_fixture_run(&f, 10000);
		assert_works(peer);
	}
	peer_free(peer);
}

static void the_session_of_another_account_looks_unknown(void **state)
{
	(void)state;
	lose(resumable(ALICE, "desk"));
	struct peer *bob = authenticated(BOB);
	resume(bob, previd);
	assert_true(has_heard(bob, NOT_FOUND));
	assert_false(has_heard(bob, RESUMED));
	bind_resource(bob, "desk");
	assert_works(bob);
	struct peer *alice = authenticated(ALICE);
	resume(alice, "unknown");
	assert_true(has_heard(alice, NOT_FOUND));
	resume(alice, previd);
	assert_true(has_heard(alice, RESUMED));
	peer_free(bob);
	peer_free(alice);
}

static void the_session_of_the_same_name_at_another_domain_looks_unknown(void **state)
{
	(void)state;
	lose(resumable(ALICE, "desk"));
	struct peer *other = authenticated_at(
		ALICE, ACCEPT_HEADER("to='example.net' version='1.0'"));
	resume(other, previd);
	assert_true(has_heard(other, NOT_FOUND));
	assert_false(has_heard(other, RESUMED));
	struct peer *alice = authenticated(ALICE);
	resume(alice, previd);
	assert_true(has_heard(alice, RESUMED));
	peer_free(other);
	peer_free(alice);
}

static void a_malformed_request_destroys_nothing(void **state)
{
	char text[200];
	(void)state;
	lose(resumable(ALICE, "desk"));
	struct peer *peer = authenticated(ALICE);
	snprintf(text, sizeof(text), "<resume " SM " previd='%s'/>", previd);
	say(peer, text);
	snprintf(text, sizeof(text), "<resume " SM " previd='%s' h='x'/>", previd);
	say(peer, text);
	say(peer, "<resume " SM " h='0'/>");
	assert_true(has_heard(peer, "<bad-request " STANZA_ERRORS "/>"));
	resume(peer, previd);
	assert_true(has_heard(peer, RESUMED));
	peer_free(peer);
}

static void a_session_that_was_closed_cannot_be_resumed(void **state)
{
	(void)state;
	struct peer *peer = resumable(ALICE, "desk");
	say(peer, "</stream:stream>");
	peer_free(peer);
	peer = authenticated(ALICE);
	resume(peer, previd);
	assert_true(has_heard(peer, NOT_FOUND));
	peer_free(peer);
}

static void an_expired_session_says_what_it_has_handled(void **state)
{
	(void)state;
	set("accept.resumption", "2s");
	struct peer *peer = resumable(ALICE, "desk");
	say(peer, "<message to='bob@example.org'/><message to='bob@example.org'/>");
	lose(peer);
	f.notes[0] = '\0';
	accept_fixture_run(&f, 2001);
	accept_fixture_assert_notes(&f, "ended alice@example.org/desk ERR_TIMEOUT\n");
	struct peer *bob = authenticated(BOB);
	resume(bob, previd);
	assert_true(has_heard(bob, NOT_FOUND));
	struct peer *alice = authenticated(ALICE);
	resume(alice, previd);
	assert_true(has_heard(alice,
		"<failed xmlns='urn:xmpp:sm:3' h='2'><item-not-found " STANZA_ERRORS
		"/></failed>"));
	peer_free(bob);
	peer_free(alice);
}

static void the_oldest_expired_sessions_are_forgotten(void **state)
{
	(void)state;
	set("accept.resumption", "1s");
	set("accept.expired", "1");
	lose(resumable(ALICE, "desk"));
	accept_fixture_run(&f, 1001);
	char first[sizeof(previd)];
	memcpy(first, previd, sizeof(first));
	lose(resumable(ALICE, "desk"));
	accept_fixture_run(&f, 1001);
	struct peer *peer = authenticated(ALICE);
	resume(peer, first);
	assert_true(has_heard(peer, NOT_FOUND));
	resume(peer, previd);
	assert_true(has_heard(peer, "<failed xmlns='urn:xmpp:sm:3' h='0'>"));
	peer_free(peer);
}

static void a_suspended_session_ends_at_the_limit(void **state)
{
	(void)state;
	set("accept.sessions", "1");
	lose(resumable(ALICE, "desk"));
	f.notes[0] = '\0';
	struct peer *peer = bound(ALICE, "hall");
	assert_true(has_heard(peer, "<jid>alice@example.org/hall</jid>"));
	assert_non_null(strstr(f.notes, "ended alice@example.org/desk"));
	peer_free(peer);
}

static void closing_ends_sessions_with_and_without_a_connection(void **state)
{
	(void)state;
	struct peer *peer = bound(ALICE, "desk");
	envoi_accepted_close(f.last, ENVOI_STREAM_SYSTEM_SHUTDOWN);
	accept_fixture_run(&f, 10000);
	assert_true(has_heard(peer, "<system-shutdown "));
	assert_null(f.last);
	peer_free(peer);
	peer = resumable(ALICE, "desk");
	envoi_memory_pair_cut(f.pair);
	accept_fixture_run(&f, 10);
	assert_non_null(f.last);
	envoi_accepted_close(f.last, ENVOI_STREAM_NO_CONDITION);
	assert_non_null(f.last);
	accept_fixture_run(&f, 10);
	assert_null(f.last);
	peer_free(peer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_newcomer_replaces_the_session_of_its_resource),
		TEST(a_newcomer_is_refused_and_may_bind_another_resource),
		TEST(a_newcomer_gets_another_resource),
		TEST(resources_of_other_accounts_are_no_conflict),
		TEST(the_sessions_of_an_account_are_limited),
		TEST(a_malformed_resource_is_refused),
		TEST(the_owner_may_refuse_a_resource),
		TEST(requests_of_the_login_are_answered_behind_it),
		TEST(a_stanza_before_binding_ends_the_stream),
		TEST(a_session_is_resumed_on_another_connection),
		TEST(a_living_connection_is_replaced_each_time),
		TEST(the_session_of_another_account_looks_unknown),
		TEST(the_session_of_the_same_name_at_another_domain_looks_unknown),
		TEST(a_malformed_request_destroys_nothing),
		TEST(a_session_that_was_closed_cannot_be_resumed),
		TEST(an_expired_session_says_what_it_has_handled),
		TEST(the_oldest_expired_sessions_are_forgotten),
		TEST(a_suspended_session_ends_at_the_limit),
		TEST(closing_ends_sessions_with_and_without_a_connection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
