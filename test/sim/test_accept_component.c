/*
 * envoi - accepted connections of components: the library's component and scripted ones
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/interfaces/mainloop.h>
#include <envoi/interfaces/session.h>

#include "accept_fixture.h"
#include "test_allocator.h"

#define HEADER(to) \
	"<stream:stream xmlns='jabber:component:accept' " \
	"xmlns:stream='http://etherx.jabber.org/streams' to='" to "'>"
#define ANSWER(from) \
	"<stream:stream xmlns='jabber:component:accept' " \
	"xmlns:stream='http://etherx.jabber.org/streams' from='" from "' id='*'>"
#define STREAM_ERROR(condition) \
	"<stream:error><" condition \
	" xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"
#define WRONG "<handshake>0123456789012345678901234567890123456789</handshake>"

enum {
	CLOSED_MS = 10000, /* after a stream error: longer than close.timeout */
};

static struct accept_fixture f;

/* Knows gw.example.org and other.example.org, secret "secret". */
static struct {
	struct envoi_component_directory base;
	struct envoi_component_lookup *open; /* the last one that was not answered */
	bool is_late; /* answers nothing by itself */
	int code; /* in place of an answer, where it is not ENVOI_OK */
	unsigned int looked_up, canceled;
	void (*at)(struct envoi_component_lookup *lookup); /* OPTIONAL: in place of an answer */
} directory;

static void answer(struct envoi_component_lookup *lookup)
{
	bool is_known = strcmp(lookup->domain, "gw.example.org") == 0 ||
		strcmp(lookup->domain, "other.example.org") == 0;
	int code = is_known ? directory.code : ENVOI_ERR_NOT_FOUND;
	envoi_component_lookup_answer(lookup, code, code == ENVOI_OK ? "secret" : NULL);
}

static void look_up(struct envoi_component_directory *self, struct envoi_component_lookup *lookup)
{
	(void)self;
	directory.looked_up++;
	if (directory.at != NULL) {
		directory.at(lookup);
	} else if (directory.is_late) {
		directory.open = lookup;
	} else {
		answer(lookup);
	}
}

static void on_cancel(struct envoi_component_directory *self, struct envoi_component_lookup *lookup)
{
	(void)self;
	directory.canceled++;
	if (directory.open == lookup) {
		directory.open = NULL;
	}
}

static const struct envoi_component_directory_impl directory_impl = {
	.look_up = look_up,
	.cancel = on_cancel,
};

/* --- connections --- */

static const char *source; /* of the next connections */
static bool is_clear; /* they are not secure */

static void begin(struct envoi_context *context)
{
	memset(&directory, 0, sizeof(directory));
	directory.base.impl = &directory_impl;
	source = "192.0.2.1";
	is_clear = false;
	accept_fixture_init(&f, context);
}

static int setup(void **state)
{
	(void)state;
	begin(NULL);
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

/* As long as memory is short nothing is accepted. */
static int accept_pair(struct envoi_memory_pair *pair)
{
	struct envoi_transport *transport;
	if (f.acceptor == NULL) {
		accept_fixture_make(&f);
		assert_int_equal(
			envoi_acceptor_set_components(f.acceptor, &directory.base), ENVOI_OK);
	}
	envoi_memory_pair_unref(f.pair);
	f.pair = envoi_memory_pair_ref(pair);
	int r = envoi_memory_transport_new(&transport, pair, ENVOI_MEMORY_B, f.settings, !is_clear);
	return r < 0 ? r : envoi_acceptor_accept_component(f.acceptor, transport, source, &f.last);
}

static int on_connect(void *user, struct envoi_memory_pair *pair, const char *domain)
{
	(void)user;
	(void)domain;
	return accept_pair(pair);
}

static struct envoi_component *make_component(const char *domain, const char *secret)
{
	struct envoi_component *component;
	struct envoi_connector *connector;
	assert_int_equal(envoi_component_new(&component, f.context, domain), ENVOI_OK);
	assert_int_equal(
		envoi_memory_connector_new(&connector, f.context, on_connect, NULL, !is_clear),
		ENVOI_OK);
	assert_int_equal(envoi_component_add_connector(component, connector), ENVOI_OK);
	assert_int_equal(envoi_component_set_secret(component, secret), ENVOI_OK);
	return component;
}

static struct envoi_component *connect_component(const char *domain, const char *secret)
{
	struct envoi_component *component = make_component(domain, secret);
	assert_int_equal(envoi_component_connect(component), ENVOI_OK);
	accept_fixture_run(&f, 1000);
	return component;
}

static bool is_online(struct envoi_component *component)
{
	return envoi_component_state(component) == ENVOI_COMPONENT_ONLINE;
}

static struct peer *make_peer(void)
{
	struct envoi_memory_pair *pair;
	assert_int_equal(envoi_memory_pair_new(&pair, f.context), ENVOI_OK);
	struct peer *peer = peer_new(f.context, pair, ENVOI_MEMORY_A);
	assert_int_equal(accept_pair(pair), ENVOI_OK);
	envoi_memory_pair_unref(pair);
	return peer;
}

/* A connection whose peer sends this is answered with the stream error. */
static void assert_refused(const char *sent, const char *answer)
{
	struct peer *peer = make_peer();
	peer_sends(peer, sent);
	peer_expects(peer, answer);
	peer_start(peer);
	accept_fixture_run(&f, 1000);
	peer_assert_done(peer);
	peer_free(peer);
}

#define assert_wrong(condition) \
	assert_refused( \
		HEADER("gw.example.org") WRONG, ANSWER("gw.example.org") STREAM_ERROR(condition))

static struct envoi_jid *jid_of(const char *text)
{
	struct envoi_jid *jid;
	assert_int_equal(envoi_jid_from_text(&jid, f.context, text), ENVOI_OK);
	return jid;
}

static struct envoi_accepted *serving(const char *address)
{
	struct envoi_jid *jid = jid_of(address);
	struct envoi_accepted *accepted = envoi_acceptor_component(f.acceptor, jid);
	envoi_jid_unref(jid);
	return accepted;
}

/* --- logins --- */

static void a_component_connects_talks_and_leaves(void **state)
{
	(void)state;
	struct envoi_component *component = connect_component("gw.example.org", "secret");
	assert_true(is_online(component));
	accept_fixture_assert_notes(&f, "authenticated handshake\nready gw.example.org\n");
	assert_true(envoi_accepted_is_component(f.last));
	assert_string_equal(envoi_accepted_domain(f.last), "gw.example.org");
	assert_ptr_equal(serving("anyone@gw.example.org/x"), f.last);
	assert_null(serving("anyone@example.org"));
	envoi_component_send_text(component, "a@gw.example.org", "bob@example.org", "hi", NULL);
	accept_fixture_run(&f, 100);
	accept_fixture_assert_notes(
		&f, "stanza message from a@gw.example.org to bob@example.org\n");
	envoi_component_disconnect(component);
	accept_fixture_run(&f, 1000);
	/* Its last ping acknowledges the message: the server routes that back. */
	accept_fixture_assert_notes(
		&f, "stanza iq from gw.example.org to gw.example.org\nended gw.example.org OK\n");
	assert_null(serving("gw.example.org"));
	envoi_component_free(component);
}

struct answered {
	unsigned int calls;
	int code;
};

static void on_answer(void *user, const struct envoi_answer *answer)
{
	struct answered *answered = user;
	answered->calls++;
	answered->code = envoi_answer_code(answer);
}

/* A stanza of a server's user reaches the component, and its answer that user's request. */
static void a_request_to_an_address_of_the_component_is_answered(void **state)
{
	(void)state;
	struct answered answered = {0};
	struct envoi_component *component = connect_component("gw.example.org", "secret");
	struct envoi_stanza *iq = envoi_iq_new(f.context, ENVOI_IQ_GET, "a@gw.example.org");
	assert_int_equal(envoi_stanza_set_from(iq, "bob@example.org/x"), ENVOI_OK);
	envoi_element_add(envoi_stanza_element(iq), "urn:xmpp:ping", "ping");
	assert_int_equal(envoi_request(envoi_accepted_session(f.last), iq, NULL, 0, on_answer,
				 &answered, NULL),
		ENVOI_OK);
	accept_fixture_run(&f, 1000);
	assert_int_equal(answered.calls, 1);
	assert_int_equal(answered.code, ENVOI_OK);
	envoi_component_free(component);
}

/* The requests of a login are for clients. */
static void binding_is_nothing_for_components(void **state)
{
	(void)state;
	struct envoi_component *component = connect_component("gw.example.org", "secret");
	struct envoi_stanza *iq = envoi_iq_new(f.context, ENVOI_IQ_SET, "gw.example.org");
	assert_int_equal(envoi_stanza_set_from(iq, "gw.example.org"), ENVOI_OK);
	envoi_element_add(envoi_stanza_element(iq), ENVOI_NS_BIND, "bind");
	f.notes[0] = '\0';
	assert_int_equal(envoi_send(envoi_component_session(component), iq, NULL), ENVOI_OK);
	accept_fixture_run(&f, 1000);
	accept_fixture_assert_notes(&f, "stanza iq from gw.example.org to gw.example.org\n");
	envoi_component_free(component);
}

static void a_silent_component_is_probed_and_found_dead(void **state)
{
	(void)state;
	set("liveness.probe-after", "10s");
	set("liveness.answer-timeout", "10s");
	struct envoi_component *component = connect_component("gw.example.org", "secret");
	f.notes[0] = '\0';
	accept_fixture_run(&f, 60000);
	assert_true(is_online(component));
	/* the answer to a ping in the server's own name (XEP-0199, section 4.1) */
	assert_non_null(strstr(f.notes, "stanza iq from gw.example.org to example.org\n"));
	struct envoi_memory_script deaf = ENVOI_MEMORY_SCRIPT_INIT;
	deaf.stall_at = 1;
	envoi_memory_pair_script(f.pair, ENVOI_MEMORY_A, &deaf);
	f.notes[0] = '\0';
	accept_fixture_run(&f, 30000);
	assert_non_null(strstr(f.notes, "ended gw.example.org"));
	envoi_component_free(component);
}

/* --- refusals --- */

static void a_wrong_secret_and_an_unknown_name_look_alike(void **state)
{
	(void)state;
	assert_wrong("not-authorized");
	assert_refused(HEADER("unknown.example.org") WRONG,
		ANSWER("unknown.example.org") STREAM_ERROR("not-authorized"));
	assert_int_equal(directory.looked_up, 2);
	accept_fixture_run(&f, CLOSED_MS);
	accept_fixture_assert_notes(&f, "ended - ERR_AUTH\nended - ERR_AUTH\n");
}

static void an_own_domain_is_no_component(void **state)
{
	(void)state;
	assert_refused(
		HEADER("example.org") WRONG, ANSWER("example.org") STREAM_ERROR("not-authorized"));
	assert_int_equal(directory.looked_up, 0);
}

static void a_stanza_before_the_handshake_ends_the_stream(void **state)
{
	(void)state;
	assert_refused(HEADER("gw.example.org") "<presence from='a@gw.example.org' to='b@c'/>",
		ANSWER("gw.example.org") STREAM_ERROR("not-authorized"));
	accept_fixture_run(&f, CLOSED_MS);
	accept_fixture_assert_notes(&f, "ended - ERR_PROTOCOL\n");
}

/* XEP-0114, section 3. What the library's component does not send is put in its place below. */
static void stanzas_without_or_of_other_addresses_end_the_stream(void **state)
{
	(void)state;
	static const struct {
		const char *xml;
		enum envoi_stream_condition condition;
	} rows[] = {
		{"<message to='b@example.org'/>", ENVOI_STREAM_IMPROPER_ADDRESSING},
		{"<message from='a@gw.example.org'/>", ENVOI_STREAM_IMPROPER_ADDRESSING},
		{"<message from='a@example.org' to='b@example.org'/>", ENVOI_STREAM_INVALID_FROM},
		{"<iq from='x.gw.example.org' to='b@example.org' type='get' id='1'/>",
			ENVOI_STREAM_INVALID_FROM},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envoi_component *component = connect_component("gw.example.org", "secret");
		struct envoi_stream *stream = envoi_session_stream(
			envoi_component_session(component));
		f.notes[0] = '\0';
		assert_int_equal(
			envoi_stream_send(stream, rows[i].xml, strlen(rows[i].xml)), ENVOI_OK);
		accept_fixture_run(&f, 100);
		accept_fixture_assert_notes(&f, "ended gw.example.org ERR_PROTOCOL\n");
		assert_int_equal(envoi_component_failure(component) == NULL, false);
		assert_int_equal(
			envoi_component_failure(component)->stream_condition, rows[i].condition);
		envoi_component_free(component);
		accept_fixture_run(&f, 100);
	}
}

static void a_client_is_no_component_and_the_opposite(void **state)
{
	(void)state;
	assert_refused(ACCEPT_HEADER("to='example.org' version='1.0'"),
		"<stream:stream xmlns='jabber:component:accept' "
		"xmlns:stream='http://etherx.jabber.org/streams' from='example.org' "
		"id='*'>" STREAM_ERROR("invalid-namespace"));
}

/* --- TLS --- */

static void a_connection_in_clear_is_for_this_host_only(void **state)
{
	(void)state;
	static const struct {
		const char *source;
		bool is_served;
	} rows[] = {{NULL, true}, {"", true}, {"127.0.0.1", true}, {"::1", true},
		{"192.0.2.1", false}, {"2001:db8::1", false}};
	is_clear = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		source = rows[i].source;
		if (rows[i].is_served) {
			assert_wrong("not-authorized");
		} else {
			assert_wrong("policy-violation");
		}
	}
	assert_int_equal(directory.looked_up, 4);
}

static void tls_mode_none_allows_all_connections_in_clear(void **state)
{
	(void)state;
	set("tls.mode", "none");
	is_clear = true;
	assert_wrong("not-authorized");
}

/* --- conflicts --- */

static void a_second_component_of_a_name_is_refused(void **state)
{
	(void)state;
	struct envoi_component *first = connect_component("gw.example.org", "secret");
	struct envoi_component *second = connect_component("gw.example.org", "secret");
	struct envoi_component *third = connect_component("other.example.org", "secret");
	assert_true(is_online(first));
	assert_false(is_online(second));
	assert_true(is_online(third));
	assert_int_equal(envoi_component_failure(second)->stream_condition, ENVOI_STREAM_CONFLICT);
	envoi_component_free(first);
	envoi_component_free(second);
	envoi_component_free(third);
}

static void a_conflict_does_not_count_as_a_wrong_secret(void **state)
{
	(void)state;
	set("accept.component-attempts", "1");
	struct envoi_component *first = connect_component("gw.example.org", "secret");
	for (int i = 0; i < 3; i++) {
		struct envoi_component *second = connect_component("gw.example.org", "secret");
		assert_int_equal(
			envoi_component_failure(second)->stream_condition, ENVOI_STREAM_CONFLICT);
		envoi_component_free(second);
	}
	envoi_component_free(first);
}

static void a_second_component_replaces_the_first_by_policy(void **state)
{
	(void)state;
	set("accept.component-conflict", "replace");
	struct envoi_component *first = connect_component("gw.example.org", "secret");
	struct envoi_component *second = connect_component("gw.example.org", "secret");
	assert_true(is_online(second));
	assert_false(is_online(first));
	assert_int_equal(envoi_component_failure(first)->stream_condition, ENVOI_STREAM_CONFLICT);
	assert_ptr_equal(serving("gw.example.org"), f.last);
	accept_fixture_assert_notes(&f,
		"authenticated handshake\nready gw.example.org\nauthenticated handshake\n"
		"ready gw.example.org\nended gw.example.org ERR_STATE\n");
	envoi_component_free(first);
	envoi_component_free(second);
}

/* One that does not know the secret replaces nothing. */
static void a_wrong_secret_replaces_nothing(void **state)
{
	(void)state;
	set("accept.component-conflict", "replace");
	struct envoi_component *first = connect_component("gw.example.org", "secret");
	assert_wrong("not-authorized");
	assert_true(is_online(first));
	envoi_component_free(first);
}

/* --- wrong secrets over connections --- */

static void fail_times(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		assert_wrong("not-authorized");
	}
}

static void wrong_secrets_are_limited_by_source(void **state)
{
	(void)state;
	set("accept.component-attempts", "3");
	fail_times(3);
	assert_refused(HEADER("other.example.org") WRONG,
		ANSWER("other.example.org") STREAM_ERROR("policy-violation"));
	assert_int_equal(directory.looked_up, 3);
	source = "192.0.2.2";
	assert_refused(HEADER("other.example.org") WRONG,
		ANSWER("other.example.org") STREAM_ERROR("not-authorized"));
	source = "192.0.2.1";
	accept_fixture_run(&f, 60000);
	fail_times(3);
	assert_wrong("policy-violation");
}

static void wrong_secrets_are_limited_by_name(void **state)
{
	(void)state;
	static const char *const sources[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3"};
	set("accept.component-attempts", "3");
	for (size_t i = 0; i < 3; i++) {
		source = sources[i];
		assert_wrong("not-authorized");
	}
	source = "192.0.2.4";
	assert_wrong("policy-violation");
	struct envoi_component *component = connect_component("gw.example.org", "secret");
	assert_false(is_online(component));
	envoi_component_free(component);
	accept_fixture_run(&f, 60000);
	component = connect_component("gw.example.org", "secret");
	assert_true(is_online(component));
	envoi_component_free(component);
}

/* Else anyone could keep a component out. */
static void the_last_good_source_of_a_name_is_not_locked_out(void **state)
{
	(void)state;
	static const char *const sources[] = {"192.0.2.7", "192.0.2.8", "192.0.2.9"};
	set("accept.component-attempts", "3");
	struct envoi_component *component = connect_component("gw.example.org", "secret");
	envoi_component_free(component);
	accept_fixture_run(&f, 100);
	for (size_t i = 0; i < 3; i++) {
		source = sources[i];
		assert_wrong("not-authorized");
	}
	assert_wrong("policy-violation");
	source = "192.0.2.1";
	component = connect_component("gw.example.org", "secret");
	assert_true(is_online(component));
	envoi_component_free(component);
}

static void a_source_of_ipv6_is_its_network(void **state)
{
	(void)state;
	set("accept.component-attempts", "2");
	source = "2001:db8:1:2:3::4";
	assert_wrong("not-authorized");
	source = "2001:db8:1:2:ffff::9";
	assert_wrong("not-authorized");
	source = "2001:db8:1:2::1";
	assert_refused(HEADER("other.example.org") WRONG,
		ANSWER("other.example.org") STREAM_ERROR("policy-violation"));
	source = "2001:db8:1:3::1";
	assert_refused(HEADER("other.example.org") WRONG,
		ANSWER("other.example.org") STREAM_ERROR("not-authorized"));
}

/* RFC 4291, section 2.5.5.2: it is not in the network of all such addresses. */
static void an_ipv4_address_as_ipv6_is_that_address(void **state)
{
	(void)state;
	set("accept.component-attempts", "1");
	source = "::ffff:192.0.2.7";
	assert_wrong("not-authorized");
	source = "::ffff:192.0.2.8";
	assert_refused(HEADER("other.example.org") WRONG,
		ANSWER("other.example.org") STREAM_ERROR("not-authorized"));
	source = "192.0.2.7";
	assert_refused(HEADER("unknown.example.org") WRONG,
		ANSWER("unknown.example.org") STREAM_ERROR("policy-violation"));
}

/* A peer without address is one of this host: it cannot lock out another. */
static void no_address_is_no_source(void **state)
{
	(void)state;
	char header[400], refused[400];
	set("accept.component-attempts", "1");
	source = NULL;
	for (int i = 0; i < 3; i++) {
		snprintf(header, sizeof(header), HEADER("x%d.example.org") WRONG, i);
		snprintf(refused, sizeof(refused),
			ANSWER("x%d.example.org") STREAM_ERROR("not-authorized"), i);
		assert_refused(header, refused);
	}
}

/* --- look-ups --- */

static void a_late_answer_continues_the_handshake(void **state)
{
	(void)state;
	directory.is_late = true;
	struct envoi_component *component = connect_component("gw.example.org", "secret");
	assert_false(is_online(component));
	assert_non_null(directory.open);
	assert_ptr_equal(directory.open->accepted, f.last);
	answer(directory.open);
	answer(directory.open);
	accept_fixture_run(&f, 100);
	assert_true(is_online(component));
	assert_int_equal(directory.canceled, 0);
	envoi_component_free(component);
}

static void a_lost_connection_cancels_the_look_up(void **state)
{
	(void)state;
	directory.is_late = true;
	struct envoi_component *component = connect_component("gw.example.org", "secret");
	envoi_component_free(component);
	accept_fixture_run(&f, 100);
	assert_int_equal(directory.canceled, 1);
	assert_null(directory.open);
	accept_fixture_assert_notes(&f, "ended - ERR_DISCONNECTED\n");
}

static void a_look_up_has_the_time_of_the_login(void **state)
{
	(void)state;
	directory.is_late = true;
	set("accept.login-timeout", "10s");
	struct envoi_component *component = connect_component("gw.example.org", "secret");
	accept_fixture_run(&f, 11000);
	assert_int_equal(directory.canceled, 1);
	accept_fixture_assert_notes(&f, "ended - ERR_TIMEOUT\n");
	envoi_component_free(component);
}

static void answer_after_a_failure(struct envoi_component_lookup *lookup)
{
	envoi_accepted_close(lookup->accepted, ENVOI_STREAM_RESET);
	answer(lookup);
}

static void an_answer_on_a_stream_that_fails_starts_nothing(void **state)
{
	(void)state;
	directory.at = answer_after_a_failure;
	struct envoi_component *component = connect_component("gw.example.org", "secret");
	assert_false(is_online(component));
	assert_null(serving("gw.example.org"));
	accept_fixture_assert_notes(&f, "ended - ERR_STATE\n");
	envoi_component_free(component);
}

static void a_look_up_that_fails_is_not_a_wrong_secret(void **state)
{
	(void)state;
	set("accept.component-attempts", "1");
	directory.code = ENVOI_ERR_SYSTEM;
	assert_wrong("internal-server-error");
	assert_wrong("internal-server-error");
	assert_int_equal(directory.looked_up, 2);
}

static void a_component_needs_a_directory(void **state)
{
	(void)state;
	struct envoi_memory_pair *pair;
	struct envoi_transport *transport;
	accept_fixture_make(&f);
	assert_int_equal(envoi_acceptor_set_components(f.acceptor, NULL), ENVOI_ERR_INVALID);
	assert_int_equal(envoi_memory_pair_new(&pair, f.context), ENVOI_OK);
	assert_int_equal(
		envoi_memory_transport_new(&transport, pair, ENVOI_MEMORY_B, f.settings, true),
		ENVOI_OK);
	assert_int_equal(envoi_acceptor_accept_component(f.acceptor, transport, NULL, NULL),
		ENVOI_ERR_STATE);
	envoi_memory_pair_unref(pair);
	assert_int_equal(envoi_acceptor_set_components(f.acceptor, &directory.base), ENVOI_OK);
	assert_int_equal(
		envoi_acceptor_set_components(f.acceptor, &directory.base), ENVOI_ERR_STATE);
}

/* --- what callbacks may do, and failing allocations --- */

enum act {
	FREES_SESSION,
	CLOSES,
	FREES_ACCEPTOR,
	ACTS,
};

static struct {
	const char *where;
	enum act act;
	unsigned int calls;
} place;

static void act_there(struct accept_fixture *fixture, const char *what)
{
	struct envoi_acceptor *acceptor = fixture->acceptor;
	if (strcmp(what, place.where) != 0 || place.calls++ > 0) {
		return;
	}
	if (fixture->last != NULL && place.act == FREES_SESSION) {
		envoi_accepted_free(fixture->last);
	} else if (fixture->last != NULL && place.act == CLOSES) {
		envoi_accepted_close(fixture->last, ENVOI_STREAM_RESET);
	} else {
		fixture->acceptor = NULL;
		envoi_acceptor_free(acceptor);
	}
}

static void act_in_look_up(struct envoi_component_lookup *lookup)
{
	(void)lookup;
	act_there(&f, "look_up");
}

static void act_in_cancel(
	struct envoi_component_directory *self, struct envoi_component_lookup *lookup)
{
	(void)self;
	(void)lookup;
	act_there(&f, "cancel");
}

static void live(void)
{
	static const struct envoi_component_directory_impl acting = {look_up, act_in_cancel};
	bool is_of_look_up = strcmp(place.where, "look_up") == 0;
	f.at = act_there;
	directory.base.impl = &acting;
	directory.at = is_of_look_up ? act_in_look_up : NULL;
	directory.is_late = strcmp(place.where, "cancel") == 0;
	set("accept.component-conflict", "replace");
	struct envoi_component *component = connect_component("gw.example.org", "secret");
	(void)envoi_component_send_text(
		component, "a@gw.example.org", "bob@example.org", "hi", NULL);
	accept_fixture_run(&f, 100);
	envoi_component_free(component);
	accept_fixture_run(&f, 1000);
	f.at = NULL;
	assert_true(place.calls > 0);
}

static void everything_may_be_freed_inside(void **state)
{
	static const char *const places[] = {
		"look_up", "cancel", "authenticated", "ready", "stanza", "ended"};
	(void)state;
	for (size_t i = 0; i < ACTS * sizeof(places) / sizeof(places[0]); i++) {
		place.where = places[i / ACTS];
		place.act = (enum act)(i % ACTS);
		place.calls = 0;
		begin(NULL);
		live();
		accept_fixture_finish(&f);
	}
}

static bool is_acceptor_freed;

/* In a replaced component's `ended`, too. A component that connects again gets another acceptor. */
static void free_all_at_the_end(struct accept_fixture *fixture, const char *what)
{
	if (strcmp(what, "ended") == 0 && !is_acceptor_freed) {
		is_acceptor_freed = true;
		envoi_acceptor_free(fixture->acceptor);
		fixture->acceptor = NULL;
	}
}

static void the_acceptor_may_be_freed_when_a_component_is_replaced(void **state)
{
	(void)state;
	set("accept.component-conflict", "replace");
	struct envoi_component *first = connect_component("gw.example.org", "secret");
	f.at = free_all_at_the_end;
	is_acceptor_freed = false;
	struct envoi_component *second = make_component("gw.example.org", "secret");
	assert_int_equal(envoi_component_connect(second), ENVOI_OK);
	for (unsigned int i = 0; i < 100 && !is_acceptor_freed; i++) {
		accept_fixture_run(&f, 100);
	}
	f.at = NULL;
	assert_true(is_acceptor_freed);
	envoi_component_disconnect(first);
	envoi_component_disconnect(second);
	envoi_component_free(first);
	envoi_component_free(second);
}

/* What is authenticated is in the table. */
static void expect_an_address(struct accept_fixture *fixture, const char *what)
{
	if (strcmp(what, "authenticated") == 0) {
		assert_non_null(envoi_accepted_jid(fixture->last));
	}
}

/* A handshake of a scripted peer, its hash being wrong: all allocations of this side. */
static bool fail_once(size_t fail_at)
{
	struct test_allocator allocator = {.calls = 0};
	struct envoi_context *context;
	assert_int_equal(test_allocator_context(&context, &allocator), ENVOI_OK);
	begin(context);
	struct envoi_component *component = make_component("gw.example.org", "secret");
	struct peer *peer = make_peer();
	peer_sends(peer, HEADER("gw.example.org") WRONG);
	peer_start(peer);
	f.at = expect_an_address;
	assert_int_equal(envoi_component_connect(component), ENVOI_OK);
	allocator.calls = 0;
	allocator.fail_at = fail_at;
	accept_fixture_run(&f, 20000);
	bool has_failed = allocator.calls >= fail_at;
	allocator.fail_at = 0;
	peer_free(peer);
	envoi_component_free(component);
	accept_fixture_finish(&f);
	assert_int_equal(allocator.live, 0);
	return has_failed;
}

static void any_allocation_may_fail(void **state)
{
	(void)state;
	size_t at = 1;
	while (fail_once(at)) {
		at++;
	}
	assert_true(at > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_component_connects_talks_and_leaves),
		TEST(a_request_to_an_address_of_the_component_is_answered),
		TEST(binding_is_nothing_for_components),
		TEST(a_silent_component_is_probed_and_found_dead),
		TEST(a_wrong_secret_and_an_unknown_name_look_alike),
		TEST(an_own_domain_is_no_component),
		TEST(a_stanza_before_the_handshake_ends_the_stream),
		TEST(stanzas_without_or_of_other_addresses_end_the_stream),
		TEST(a_client_is_no_component_and_the_opposite),
		TEST(a_connection_in_clear_is_for_this_host_only),
		TEST(tls_mode_none_allows_all_connections_in_clear),
		TEST(a_second_component_of_a_name_is_refused),
		TEST(a_conflict_does_not_count_as_a_wrong_secret),
		TEST(a_second_component_replaces_the_first_by_policy),
		TEST(a_wrong_secret_replaces_nothing),
		TEST(wrong_secrets_are_limited_by_source),
		TEST(wrong_secrets_are_limited_by_name),
		TEST(the_last_good_source_of_a_name_is_not_locked_out),
		TEST(a_source_of_ipv6_is_its_network),
		TEST(an_ipv4_address_as_ipv6_is_that_address),
		TEST(no_address_is_no_source),
		TEST(a_late_answer_continues_the_handshake),
		TEST(a_lost_connection_cancels_the_look_up),
		TEST(a_look_up_has_the_time_of_the_login),
		TEST(an_answer_on_a_stream_that_fails_starts_nothing),
		TEST(a_look_up_that_fails_is_not_a_wrong_secret),
		TEST(a_component_needs_a_directory),
		cmocka_unit_test(everything_may_be_freed_inside),
		TEST(the_acceptor_may_be_freed_when_a_component_is_replaced),
		cmocka_unit_test(any_allocation_may_fail),
	};
	return cmocka_run_group_tests_name("accept components", tests, NULL, NULL);
}
