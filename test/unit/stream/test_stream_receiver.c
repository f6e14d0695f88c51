/*
 * envoi - streams, receiving side: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_stream.h"

#define CLIENT_HEADER \
	"<stream:stream xmlns='jabber:client' " \
	"xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>"
#define SERVER_HEADER \
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " \
	"from='example.org' id='*' version='1.0'>"

struct bind_hook {
	struct envoi_bind_hook hook;
	const char *answer; /* NULL: refused */
	char resource[64];
	unsigned int count;
};

static void on_wanted(struct envoi_bind_hook *hook, struct envoi_stream *stream,
	struct envoi_handler *handler, const char *resource)
{
	struct bind_hook *own = ENVOI_CONTAINER_OF(hook, struct bind_hook, hook);
	struct envoi_jid *jid = NULL;
	own->count++;
	snprintf(own->resource, sizeof(own->resource), "%s", resource != NULL ? resource : "(any)");
	if (own->answer == NULL ||
		envoi_jid_from_text(&jid, one_stream.context, own->answer) == ENVOI_OK) {
		envoi_bind_answer(stream, handler, jid, ENVOI_CONFLICT);
	}
	envoi_jid_unref(jid);
}

static const struct envoi_bind_hook_impl bind_hook_impl = {.wanted = on_wanted};

static void add_receiver(struct bind_hook *hook)
{
	struct envoi_handler *bind;
	stream_fixture_make_receiver(&one_stream);
	stream_fixture_add(&one_stream, fake_auth_new(one_stream.context));
	const struct envoi_bind_options options = {.hook = &hook->hook};
	assert_int_equal(envoi_bind_new(&bind, one_stream.context, &options), ENVOI_OK);
	stream_fixture_add(&one_stream, bind);
	peer_sends(one_stream.peer, CLIENT_HEADER);
	peer_expects(one_stream.peer,
		SERVER_HEADER "<stream:features>" FAKE_AUTH_OFFER "</stream:features>");
}

static void script_authentication(void)
{
	peer_sends(one_stream.peer, "<ask xmlns='urn:example:fake-auth'/>");
	peer_expects(one_stream.peer, "<yes xmlns='urn:example:fake-auth'/>");
	peer_restarts(one_stream.peer);
	peer_sends(one_stream.peer, CLIENT_HEADER);
	peer_expects(
		one_stream.peer, SERVER_HEADER "<stream:features>" BIND_OFFER "</stream:features>");
}

static void a_receiving_stream_offers_and_binds(void **state)
{
	(void)state;
	struct bind_hook hook = {{&bind_hook_impl}, .answer = "alice@example.org/desk"};
	add_receiver(&hook);
	script_authentication();
	peer_sends(one_stream.peer,
		"<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
		"<resource>desk</resource></bind></iq>");
	peer_expects(one_stream.peer,
		"<iq type='result' id='1'>"
		"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@example.org/desk</jid></bind></iq>");
	peer_sends(one_stream.peer, "<presence/>");
	stream_fixture_run(&one_stream, 1000);
	peer_assert_done(one_stream.peer);
	recorder_assert_milestones(&one_stream.recorder,
		(const char *const[]){"gained secure", "opened", "gained authenticated FAKE",
			"opened", "gained bound", "ready", NULL});
	assert_string_equal(hook.resource, "desk");
	assert_int_equal(one_stream.recorder.stanza_count, 1);
}

static void a_refused_resource_may_be_requested_again(void **state)
{
	(void)state;
	struct bind_hook hook = {{&bind_hook_impl}, .answer = NULL};
	add_receiver(&hook);
	script_authentication();
	for (int i = 0; i < 2; i++) {
		peer_sends(one_stream.peer,
			"<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
		peer_expects(one_stream.peer,
			"<iq type='error' id='1'><error type='cancel'>"
			"<conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
	}
	stream_fixture_run(&one_stream, 1000);
	peer_assert_done(one_stream.peer);
	assert_int_equal(hook.count, 2);
	assert_string_equal(hook.resource, "(any)");
	assert_false(recorder_has(&one_stream.recorder, "ready"));
}

static void a_silent_client_is_a_timeout_in_its_phase(void **state)
{
	(void)state;
	struct bind_hook hook = {{&bind_hook_impl}, .answer = NULL};
	add_receiver(&hook);
	script_authentication();
	one_stream_expect_stream_error("connection-timeout");
	one_stream_run_and_expect_closed(ENVOI_PHASE_BIND, ENVOI_ERR_TIMEOUT);
}

static void a_stanza_before_the_login_reaches_the_owner_of_a_receiving_stream(void **state)
{
	(void)state;
	struct bind_hook hook = {{&bind_hook_impl}, .answer = NULL};
	add_receiver(&hook);
	peer_sends(
		one_stream.peer, "<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>");
	stream_fixture_run(&one_stream, 1000);
	peer_assert_done(one_stream.peer);
	assert_int_equal(one_stream.recorder.stanza_count, 1);
}

static void check_client_header(const struct header_case *header)
{
	char text[512];
	stream_fixture_init(&one_stream);
	stream_fixture_make_receiver(&one_stream);
	snprintf(text, sizeof(text),
		"<stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
		"%s>",
		header->attributes);
	peer_sends(one_stream.peer, text);
	peer_expects(one_stream.peer, SERVER_HEADER);
	if (header->condition != NULL) {
		one_stream_expect_stream_error(header->condition);
	} else {
		peer_expects(one_stream.peer, "<stream:features/>");
	}
	stream_fixture_run(&one_stream, 1000);
	peer_assert_done(one_stream.peer);
	stream_fixture_finish(&one_stream);
}

/* RFC 6120, sections 4.7 and 4.9.1.2 */
static void a_clients_header_is_checked_and_answered_before_the_error(void **state)
{
	(void)state;
	static const struct header_case cases[] = {
		{"xmlns='jabber:client' to='example.org' version='1.0'", NULL},
		{"xmlns='jabber:client' to='Example.ORG' version='1.0'", NULL},
		{"xmlns='jabber:client' version='1.0'", "improper-addressing"},
		{"xmlns='jabber:client' to='other.example' version='1.0'", "host-unknown"},
		{"xmlns='jabber:client' to='example.org'", "unsupported-version"},
		{"xmlns='jabber:server' to='example.org' version='1.0'", "invalid-namespace"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_client_header(&cases[i]);
	}
}

static void choose_domain(struct recorder *recorder, const char *event)
{
	const struct envoi_stream_head *head = envoi_stream_peer_head(recorder->stream);
	struct envoi_jid *jid;
	if (strcmp(event, "opened") == 0 &&
		envoi_jid_from_text(&jid, recorder->context, head->to) == ENVOI_OK) {
		envoi_stream_set_local(recorder->stream, jid);
		envoi_jid_unref(jid);
	}
}

static void a_receiver_of_many_domains_chooses_when_the_header_has_come(void **state)
{
	(void)state;
	stream_fixture_make_receiver(&one_stream);
	one_stream.options.local = NULL;
	one_stream.recorder.act = choose_domain;
	peer_sends(one_stream.peer,
		"<stream:stream xmlns='jabber:client' to='Second.Example' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>");
	peer_expects(one_stream.peer,
		"<stream:stream xmlns='jabber:client' from='second.example' id='*' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features/>");
	stream_fixture_run(&one_stream, 1000);
	peer_assert_done(one_stream.peer);
}

struct receiver_row {
	const char *xml;
	bool before_login, after_login, bound; /* whether it is in order there */
};

static void check_receiver_row(const struct receiver_row *row, int place)
{
	struct bind_hook hook = {{&bind_hook_impl}, .answer = "alice@example.org/desk"};
	stream_fixture_init(&one_stream);
	add_receiver(&hook);
	if (place >= 1) {
		script_authentication();
	}
	if (place >= 2) {
		peer_sends(one_stream.peer,
			"<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
		peer_expects(one_stream.peer,
			"<iq type='result' id='1'>"
			"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
			"<jid>alice@example.org/desk</jid></bind></iq>");
	}
	peer_sends(one_stream.peer, row->xml);
	stream_fixture_run(&one_stream, 10000);
	bool is_allowed = place == 0 ? row->before_login
		: place == 1         ? row->after_login
				     : row->bound;
	if (one_stream.recorder.closed_count != !is_allowed) {
		print_error("%s at place %d:\n%s\n", row->xml, place,
			recorder_lines(&one_stream.recorder));
		fail();
	}
	if (!is_allowed) {
		assert_int_equal(one_stream.recorder.failure.code, ENVOI_ERR_PROTOCOL);
		bool is_head = strncmp(row->xml, "<stream:stream", 14) == 0;
		assert_non_null(strstr(peer_heard(one_stream.peer),
			is_head ? "<bad-format " : "<unsupported-stanza-type "));
	}
	stream_fixture_finish(&one_stream);
}

/* Stanzas are the owner's to refuse */
static void what_a_client_may_not_send_ends_a_receiving_stream(void **state)
{
	(void)state;
	static const struct receiver_row rows[] = {
		{"<ask xmlns='urn:example:fake-auth'/>", true, false, false},
		{"<yes xmlns='urn:example:fake-auth'/>", false, false, false},
		{"<stream:features/>", false, false, false},
		{"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", false, false, false},
		{"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", false, false, false},
		{"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", false, false, false},
		{"<enable xmlns='urn:xmpp:sm:3'/>", false, false, false},
		{"<unknown/>", false, false, false},
		{"<message xmlns='jabber:server'/>", false, false, false},
		{"<stream:stream>", false, false, false},
		{"<message/>", true, true, true},
		{"<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
			true, true, true},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int place = 0; place < 3; place++) {
			check_receiver_row(&rows[i], place);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, one_stream_setup, one_stream_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_receiving_stream_offers_and_binds),
		TEST(a_refused_resource_may_be_requested_again),
		TEST(a_silent_client_is_a_timeout_in_its_phase),
		TEST(a_stanza_before_the_login_reaches_the_owner_of_a_receiving_stream),
		cmocka_unit_test(a_clients_header_is_checked_and_answered_before_the_error),
		TEST(a_receiver_of_many_domains_chooses_when_the_header_has_come),
		cmocka_unit_test(what_a_client_may_not_send_ends_a_receiving_stream),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
