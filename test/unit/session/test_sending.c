/*
 * envoi - sessions: tests of the limits of sending, and of sending without memory
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"

static int setup(void **state)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	assert_non_null(wire);
	wire_init(wire, NULL);
	*state = wire;
	return 0;
}

static int teardown(void **state)
{
	wire_finish(*state);
	free(*state);
	return 0;
}

static void set(struct wire *wire, const char *name, const char *value)
{
	assert_int_equal(envoi_settings_set(wire->settings, name, value), ENVOI_OK);
}

static int send_xml(struct wire *wire, const char *xml)
{
	return envoi_send(wire->session, stanza_from_text(wire->context, xml), NULL);
}

/* RFC 6120, section 8.2.3, is about iqs alone. */
static void other_stanzas_have_as_many_children_as_they_like(void **state)
{
	static const char *const cases[] = {
		"<message to='a@b' id='1'><subject>s</subject><body>b</body></message>",
		"<presence to='a@b'><show>away</show><status>s</status></presence>",
		("<iq type='error' to='a@b' id='1'><ping xmlns='urn:xmpp:ping'/>"
		 "<error type='cancel'/></iq>"),
	};
	struct wire *wire = *state;
	wire_go_online(wire);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(send_xml(wire, cases[i]), ENVOI_OK);
		wire_run(wire, 0);
		assert_int_equal(strlen(wire_heard(wire)), strlen(cases[i]));
	}
}

/* RFC 6120, section 8.1.2.1: on a later session the resource may be another one. */
static void the_own_address_of_a_client_is_not_sent(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	assert_int_equal(
		send_xml(wire, "<message from='" WIRE_OWN "' to='a@b' id='1'/>"), ENVOI_OK);
	assert_int_equal(
		send_xml(wire, "<message from='ME@example.org/here' to='a@b' id='2'/>"), ENVOI_OK);
	assert_int_equal(
		send_xml(wire, "<message from='me@example.org' to='a@b' id='3'/>"), ENVOI_OK);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire),
		"<message to='a@b' id='1'/><message to='a@b' id='2'/>"
		"<message from='me@example.org' to='a@b' id='3'/>");
	envoi_session_set_resumable(wire->session, true);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_int_equal(
		send_xml(wire, "<message from='" WIRE_OWN "' to='a@b' id='4'/>"), ENVOI_OK);
	envoi_session_set_continued(wire->session, true);
	envoi_session_set_resumable(wire->session, false);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_heard(wire), "<message to='a@b' id='4'/>"));
}

static void a_server_sends_the_address_of_its_client(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(wire_attach(wire, ENVOI_RECEIVER, 0), ENVOI_OK);
	envoi_session_set_jid(wire->session, wire->own);
	wire_say(wire,
		"<stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='example.org'>");
	wire_run(wire, 0);
	assert_int_equal(wire->ready_count, 1);
	assert_int_equal(send_xml(wire, "<message from='" WIRE_OWN "' to='" WIRE_OWN "' id='1'/>"),
		ENVOI_OK);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_heard(wire), "from='" WIRE_OWN "'"));
}

static void a_stanza_may_have_the_output_limit_to_the_byte(void **state)
{
	static char body[70000];
	struct wire *wire = *state;
	set(wire, "limits.output-bytes", "64k");
	wire_go_online(wire);
	size_t around = strlen("<message id='1'><body></body></message>");
	memset(body, 'x', sizeof(body) - 1);
	for (size_t over = 0; over < 2; over++) {
		body[65536 - around + over] = '\0';
		struct envoi_stanza *message = envoi_message_new(
			wire->context, ENVOI_TYPE_NORMAL, NULL, body);
		envoi_element_set(envoi_stanza_element(message), "id", "1");
		assert_int_equal(envoi_send(wire->session, message, NULL),
			over == 0 ? ENVOI_OK : ENVOI_ERR_FULL);
		body[65536 - around + over] = 'x';
	}
	wire_run(wire, 0);
	assert_int_equal(strlen(wire_heard(wire)), 65536);
}

static size_t fill(struct wire *wire)
{
	size_t sent = 0;
	envoi_memory_end_pause(wire->end, true);
	while (envoi_send_text(wire->session, "a@b", "0123456789", NULL) == ENVOI_OK) {
		sent++;
		assert_true(sent < 100000);
	}
	return sent;
}

static unsigned int filtered;

static int on_filter(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)self, (void)session;
	assert_non_null(envoi_stanza_id(stanza));
	assert_int_equal(envoi_element_error(envoi_stanza_element(stanza)), ENVOI_OK);
	filtered++;
	return ENVOI_OK;
}

static const struct envoi_filters filters = {NULL, on_filter, 0};
static const struct envoi_handler_impl filter_impl = {.filters = &filters};

static void with_a_full_outbox_a_stanza_is_refused_before_filters_see_it(void **state)
{
	struct wire *wire = *state;
	static struct envoi_handler handler = {&filter_impl};
	set(wire, "limits.output-bytes", "64k");
	set(wire, "limits.outbox-stanzas", "10");
	wire_go_online(wire);
	assert_int_equal(envoi_session_add(wire->session, &handler), ENVOI_OK);
	filtered = 0;
	assert_int_equal(filtered, 0);
	size_t sent = fill(wire);
	assert_int_equal(filtered, sent);
	assert_string_equal(
		envoi_session_problem(wire->session), "limits.outbox-stanzas wait to be sent");
}

static void limits_may_be_lowered_below_the_length_of_the_queue(void **state)
{
	struct wire *wire = *state;
	set(wire, "limits.output-bytes", "64k");
	set(wire, "limits.outbox-stanzas", "1000");
	wire_go_online(wire);
	envoi_memory_end_pause(wire->end, true);
	static char body[30000];
	memset(body, 'x', sizeof(body) - 1);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_OK);
	}
	set(wire, "limits.outbox-bytes", "64k");
	envoi_session_configure(wire->session, wire->settings);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_FULL);
	set(wire, "limits.outbox-bytes", "1m");
	set(wire, "limits.outbox-stanzas", "1");
	envoi_session_configure(wire->session, wire->settings);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_FULL);
	envoi_memory_end_pause(wire->end, false);
	wire_run(wire, 0);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);
}

/* The address is sent in its canonical form (RFC 7622), or the stanza is not sent. */
static void try_to_send(struct wire *wire, struct test_allocator *allocator, size_t n)
{
	char address[1000] = "JULIET@Example.org/";
	struct wire_ticket ticket;
	memset(address + strlen(address), 'R', sizeof(address) - 1 - strlen(address));
	allocator->fail_at = allocator->calls + n;
	int r = envoi_send_text(wire->session, address, "x", wire_ticket(&ticket, wire, "ticket"));
	allocator->fail_at = 0;
	assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
	wire_run(wire, 150);
	const char *heard = wire_heard(wire);
	if (r == ENVOI_OK) {
		assert_int_equal(ticket.told, 1);
		assert_int_equal(ticket.state, ENVOI_TICKET_WRITTEN);
		assert_non_null(strstr(heard, " to='juliet@example.org/RRR"));
		assert_non_null(strstr(heard, " id='"));
		assert_non_null(strstr(heard, "<body>x</body>"));
	} else {
		assert_int_equal(ticket.told, 0);
		assert_string_equal(heard, "");
	}
	assert_true(envoi_session_is_online(wire->session));
}

static void online_with(struct wire *wire, struct test_allocator *allocator)
{
	memset(wire, 0, sizeof(*wire));
	struct envoi_context_options options = {.allocator = test_allocator_functions(allocator)};
	wire_init(wire, &options);
	wire_go_online(wire);
}

/* Each allocation fails once: the stanza is refused, or sent as soon as there is memory again. */
static void a_stanza_is_sent_whole_or_refused_when_memory_is_short(void **state)
{
	(void)state;
	struct envoi_handler handler = {&filter_impl};
	size_t refused = 0;
	bool failed = true;
	for (size_t n = 1; failed; n++) {
		struct test_allocator allocator = {0};
		struct wire wire;
		online_with(&wire, &allocator);
		assert_int_equal(envoi_session_add(wire.session, &handler), ENVOI_OK);
		size_t before = allocator.calls;
		try_to_send(&wire, &allocator, n);
		failed = allocator.calls - before >= n && n < 200;
		refused += failed;
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
	assert_true(refused > 3);
}

static void a_freed_session_tries_to_send_no_more(void **state)
{
	(void)state;
	for (size_t n = 1; n < 30; n++) {
		struct test_allocator allocator = {0};
		struct wire wire;
		online_with(&wire, &allocator);
		allocator.fail_at = allocator.calls + n;
		int r = envoi_send_text(wire.session, "a@b", "x", NULL);
		allocator.fail_at = 0;
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		wire_free_session(&wire);
		wire_run(&wire, 1000);
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
	}
}

static struct envoi_promise *promise;

static int on_request(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	return envoi_delivery_defer(in, &promise);
}

static void a_promise_outlives_its_session_and_does_nothing(void **state)
{
	static const struct envoi_stanza_row rows[] = {
		{.kind = ENVOI_IQ_GET, .handle = on_request}, ENVOI_ROWS_END};
	static const struct envoi_handler_impl impl = {.stanzas = rows};
	struct envoi_handler handler = {&impl};
	struct wire *wire = *state;
	wire_go_online(wire);
	assert_int_equal(envoi_session_add(wire->session, &handler), ENVOI_OK);
	wire_say(wire, "<iq type='get' id='1' from='a@b'><x xmlns='urn:x'/></iq>");
	wire_run(wire, 0);
	wire_free_session(wire);
	assert_int_equal(envoi_promise_result(promise, NULL, NULL), ENVOI_ERR_STATE);
}

static void a_stream_of_a_session_that_is_not_suspended_resumes_nothing(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi_session_resume(wire->session), ENVOI_ERR_STATE);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	assert_int_equal(envoi_session_resume(wire->session), ENVOI_ERR_STATE);
}

static void without_a_stream_nothing_is_sent(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_STATE);
}

/* --- elements of the stream --- */

static int send_element(struct wire *wire, const char *xml)
{
	struct envoi_element *element = element_from_text(wire->context, xml);
	int r = envoi_session_send_element(wire->session, element);
	envoi_element_unref(element);
	return r;
}

/* It is ahead of stanzas that wait, and is no stanza of the outbox or the counts. */
static void an_element_of_the_stream_is_sent_at_once(void **state)
{
	struct wire *wire = *state;
	struct envoi_session_stats before, after;
	wire_go_online(wire);
	envoi_session_get_stats(wire->session, &before);
	assert_int_equal(send_element(wire, "<go xmlns='urn:x' a='b'/>"), ENVOI_OK);
	envoi_session_get_stats(wire->session, &after);
	assert_int_equal(after.stanzas_out, before.stanzas_out);
	assert_int_equal(after.outbox_stanzas, 0);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "<go xmlns='urn:x' a='b'/>");
}

static void what_is_no_element_of_the_stream_is_refused(void **state)
{
	struct wire *wire = *state;
	wire_go_online(wire);
	assert_int_equal(send_element(wire, "<message/>"), ENVOI_ERR_INVALID);
	assert_string_equal(envoi_session_problem(wire->session),
		"a stanza is no element of the stream: envoi_send() sends it");
	assert_int_equal(send_element(wire, "<message xmlns='urn:x'/>"), ENVOI_OK);
	assert_int_equal(envoi_session_send_element(wire->session, NULL), ENVOI_ERR_NOMEM);
	struct envoi_element *bad = envoi_element_new(wire->context, "urn:x", "x");
	envoi_element_set(bad, "a", "\001");
	assert_int_equal(envoi_session_send_element(wire->session, bad), ENVOI_ERR_INVALID);
	assert_string_equal(envoi_session_problem(wire->session), envoi_element_problem(bad));
	envoi_element_unref(bad);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "<message xmlns='urn:x'/>");
}

static void without_a_stream_there_are_no_elements_of_it(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(send_element(wire, "<go xmlns='urn:x'/>"), ENVOI_ERR_STATE);
	wire_go_online(wire);
	envoi_session_set_resumable(wire->session, true);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_int_equal(send_element(wire, "<go xmlns='urn:x'/>"), ENVOI_ERR_STATE);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	envoi_session_close(wire->session);
	assert_int_equal(send_element(wire, "<go xmlns='urn:x'/>"), ENVOI_ERR_STATE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(other_stanzas_have_as_many_children_as_they_like),
		TEST(the_own_address_of_a_client_is_not_sent),
		TEST(a_server_sends_the_address_of_its_client),
		TEST(a_stanza_may_have_the_output_limit_to_the_byte),
		TEST(with_a_full_outbox_a_stanza_is_refused_before_filters_see_it),
		TEST(limits_may_be_lowered_below_the_length_of_the_queue),
		cmocka_unit_test(a_stanza_is_sent_whole_or_refused_when_memory_is_short),
		cmocka_unit_test(a_freed_session_tries_to_send_no_more),
		TEST(a_promise_outlives_its_session_and_does_nothing),
		TEST(a_stream_of_a_session_that_is_not_suspended_resumes_nothing),
		TEST(without_a_stream_nothing_is_sent),
		TEST(an_element_of_the_stream_is_sent_at_once),
		TEST(what_is_no_element_of_the_stream_is_refused),
		TEST(without_a_stream_there_are_no_elements_of_it),
	};
	return cmocka_run_group_tests_name("session/sending", tests, NULL, NULL);
}
