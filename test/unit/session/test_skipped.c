/*
 * envoi - tests of sessions that get stanzas beyond a limit
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "stanzas.h"
#include "wire.h"

/* limits.depth is 4, limits.tag-bytes 1k. */
#define DEEP "<a><a><a><a>x</a></a></a></a>"
#define X100 \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxxxxxxxx"
#define X1100 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100
#define TOO_DEEP "skipped elements nested too deep\n"

static struct wire wire;

static int setup(void **state)
{
	(void)state;
	wire = (struct wire){.pair = NULL};
	wire_init(&wire, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wire_finish(&wire);
	return 0;
}

static void set(const char *name, const char *value)
{
	assert_int_equal(envoi_settings_set(wire.settings, name, value), ENVOI_OK);
}

static void go_online(void)
{
	set("limits.depth", "4");
	set("limits.tag-bytes", "1k");
	wire_go_online(&wire);
}

static struct envoi_session_stats stats_of_session(void)
{
	struct envoi_session_stats stats;
	envoi_session_get_stats(wire.session, &stats);
	return stats;
}

static void a_message_is_reported_and_counted_and_not_answered(void **state)
{
	(void)state;
	go_online();
	uint64_t before = stats_of_session().stanzas_in;
	assert_string_equal(
		wire_talk(&wire, "<message from='eve@b' id='1'>" DEEP "</message>"), "");
	assert_string_equal(wire_log(&wire), TOO_DEEP);
	assert_string_equal(wire_talk(&wire, "<presence from='eve@b'>" DEEP "</presence>"), "");
	assert_string_equal(wire_log(&wire), TOO_DEEP);
	struct envoi_session_stats stats = stats_of_session();
	assert_int_equal(stats.stanzas_in, before + 2);
	assert_int_equal(stats.skipped, 2);
	assert_true(envoi_session_is_online(wire.session));
}

/* Its head says which stanza was refused. */
static void an_error_ends_the_ticket_that_it_answers(void **state)
{
	(void)state;
	struct wire_ticket ticket;
	go_online();
	struct envoi_stanza *message = envoi_message_new(
		wire.context, ENVOI_TYPE_CHAT, "a@b", "hello");
	envoi_stanza_set_id(message, "m1");
	struct envoi_ticket *open = wire_ticket(&ticket, &wire, "ticket");
	open->refusal_ms = 5000;
	assert_int_equal(envoi_send(wire.session, message, open), ENVOI_OK);
	wire_run(&wire, 0);
	(void)wire_heard(&wire);
	static const char *const strangers[] = {"type='error' from='eve@b' id='m1'",
		"type='error' from='a@b' id='m2'", "type='error' from='@' id='m1'",
		"type='chat' from='a@b' id='m1'"};
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		char xml[200];
		snprintf(xml, sizeof(xml), "<message %s>" DEEP "</message>", strangers[i]);
		assert_string_equal(wire_talk(&wire, xml), "");
		assert_int_equal(ticket.told, 0);
	}
	(void)wire_talk(&wire, "<message type='error' from='a@b' id='m1'>" DEEP "</message>");
	assert_int_equal(ticket.told, 1);
	assert_int_equal(ticket.state, ENVOI_TICKET_REFUSED);
	assert_int_equal(ticket.refusal, ENVOI_REFUSED_BY_ERROR);
}

static void count_warning(
	void *user, enum envoi_log_level level, enum envoi_log_subject subject, const char *message)
{
	(void)level;
	(void)subject;
	*(unsigned int *)user += strstr(message, "skipped a stanza") != NULL;
}

static void warnings_come_once_a_minute(void **state)
{
	(void)state;
	unsigned int warnings = 0;
	go_online();
	envoi_context_set_log(wire.context, count_warning, ENVOI_LOG_WARNING, &warnings);
	for (int i = 0; i < 100; i++) {
		(void)wire_talk(&wire, "<message from='eve@b' id='1'>" DEEP "</message>");
	}
	assert_int_equal(warnings, 1);
	assert_int_equal(stats_of_session().skipped, 100);
	wire_run(&wire, 60000);
	(void)wire_talk(&wire, "<message from='eve@b' id='1'>" DEEP "</message>");
	assert_int_equal(warnings, 2);
	envoi_context_set_log(wire.context, NULL, ENVOI_LOG_WARNING, NULL);
}

/* RFC 6120, section 8.2.3: each get and set has one answer. */
static void a_request_is_answered_once(void **state)
{
	(void)state;
	go_online();
	assert_string_equal(
		wire_talk(&wire,
			"<iq from='eve@b/c' to='" WIRE_OWN "' id='1' type='get'>" DEEP "</iq>"),
		"<iq type='error' id='1' to='eve@b/c' from='" WIRE_OWN "'>"
		"<error type='modify'><not-acceptable xmlns='" ENVOI_NS_STANZA_ERRORS
		"'/></error></iq>");
	assert_string_equal(
		wire_talk(&wire, "<iq x='" X1100 "' id='&lt;' from='b' type='set'>" DEEP "</iq>"),
		"<iq type='error' id='&lt;' to='b'>"
		"<error type='modify'><not-acceptable xmlns='" ENVOI_NS_STANZA_ERRORS
		"'/></error></iq>");
	assert_string_equal(wire_log(&wire), TOO_DEEP "skipped tag too large\n");
}

/* Without id, with an unknown type, from what is no address, or an answer to nothing. */
static void a_stanza_that_cannot_be_answered_is_only_reported(void **state)
{
	(void)state;
	go_online();
	static const char *const iqs[] = {
		"<iq from='b' type='get'>" DEEP "</iq>",
		"<iq from='b' id='1'>" DEEP "</iq>",
		"<iq from='b' id='1' type='x'>" DEEP "</iq>",
		"<iq from='@b' id='1' type='get'>" DEEP "</iq>",
		"<iq from='b' id='1' type='result'>" DEEP "</iq>",
		"<iq from='b' id='1' type='error'>" DEEP "</iq>",
	};
	for (size_t i = 0; i < sizeof(iqs) / sizeof(iqs[0]); i++) {
		assert_string_equal(wire_talk(&wire, iqs[i]), "");
		assert_string_equal(wire_log(&wire), TOO_DEEP);
	}
	assert_int_equal(stats_of_session().skipped, sizeof(iqs) / sizeof(iqs[0]));
	assert_int_equal(stats_of_session().replies_dropped, 0); /* none was made */
	assert_true(envoi_session_is_online(wire.session));
}

/* Asks the server; the request has the id that @p answer gets in place of `%`. */
static void ask_and_answer(const char *answer)
{
	struct envoi_buffer xml;
	struct envoi_stanza *iq = envoi_iq_new(wire.context, ENVOI_IQ_GET, NULL);
	envoi_element_add(envoi_stanza_element(iq), "urn:x", "q");
	assert_int_equal(
		envoi_request(wire.session, iq, NULL, 0, wire_on_answer, &wire, NULL), ENVOI_OK);
	wire_run(&wire, 0);
	const char *id = strstr(wire_heard(&wire), "id='");
	assert_non_null(id);
	id += strlen("id='");
	envoi_buffer_init(&xml, wire.notes, 0);
	assert_int_equal(envoi_buffer_printf(&xml, "%.*s%.*s%s", (int)strcspn(answer, "%"), answer,
				 (int)strcspn(id, "'"), id, strchr(answer, '%') + 1),
		ENVOI_OK);
	assert_int_equal(envoi_buffer_append(&xml, "", 1), ENVOI_OK);
	assert_string_equal(wire_talk(&wire, envoi_buffer_data(&xml)), "");
	envoi_buffer_finish(&xml);
}

static void an_answer_ends_its_request(void **state)
{
	(void)state;
	go_online();
	ask_and_answer("<iq id='%' type='result'>" DEEP "</iq>");
	assert_string_equal(wire_log(&wire),
		TOO_DEEP "answer ENVOI_ERR_LIMIT "
			 "limit exceeded\n");
	ask_and_answer("<iq id='%' type='error'>" DEEP "</iq>");
	assert_string_equal(wire_log(&wire),
		TOO_DEEP "answer ENVOI_ERR_LIMIT "
			 "limit exceeded\n");
	ask_and_answer("<iq id='%' from='eve@b' type='result'>" DEEP "</iq>"); /* not from there */
	assert_string_equal(wire_log(&wire), TOO_DEEP);
	assert_int_equal(stats_of_session().requests, 1);
}

/* --- the event --- */

struct seen {
	struct envoi_handler handler;
	enum envoi_stanza_kind kind;
	uint64_t bytes;
	char from[32], id[32];
	unsigned int count;
};

static void on_skipped(struct envoi_handler *self, const struct envoi_event *event)
{
	struct seen *seen = ENVOI_CONTAINER_OF(self, struct seen, handler);
	seen->count++;
	seen->bytes = event->bytes;
	assert_ptr_equal(event->session, wire.session);
	if (event->stanza != NULL) {
		seen->kind = envoi_stanza_kind(event->stanza);
		const char *id = envoi_stanza_id(event->stanza);
		strncpy(seen->id, id != NULL ? id : "", sizeof(seen->id) - 1);
	}
	strncpy(seen->from, event->jid != NULL ? envoi_jid_text(event->jid) : "",
		sizeof(seen->from) - 1);
}

static void the_event_has_size_kind_sender_and_id(void **state)
{
	(void)state;
	static const struct envoi_event_row rows[] = {
		{ENVOI_EVENT_SKIPPED, on_skipped}, {ENVOI_NO_EVENT, NULL}};
	static const struct envoi_handler_impl impl = {.name = "seen", .events = rows};
	struct seen seen = {.handler.impl = &impl};
	static const char xml[] = "<message x='" X1100
				  "' from='eve@b/c' type='chat' id='m1'><body>x</body></message>";
	go_online();
	assert_int_equal(envoi_session_add(wire.session, &seen.handler), ENVOI_OK);
	wire_talk(&wire, xml);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.bytes, strlen(xml));
	assert_int_equal(seen.kind, ENVOI_MESSAGE);
	assert_string_equal(seen.from, "eve@b/c");
	assert_string_equal(seen.id, "m1");
	wire_talk(&wire, "<iq from='eve@b' type='get'>" DEEP "</iq>");
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.from, "eve@b");
	envoi_session_remove(wire.session, &seen.handler);
}

/* --- where limits stay fatal --- */

static void assert_refused(const char *xml)
{
	const char *heard = wire_talk(&wire, xml);
	assert_non_null(strstr(heard, "<policy-violation"));
	wire_run(&wire, 60000);
	assert_int_equal(wire.closed.code, ENVOI_ERR_LIMIT);
	assert_false(envoi_session_is_online(wire.session));
}

static void a_stream_level_element_ends_the_stream(void **state)
{
	(void)state;
	go_online();
	assert_refused("<message xmlns='urn:x'>" DEEP "</message>");
}

static void with_0_a_stanza_ends_the_stream(void **state)
{
	(void)state;
	set("limits.skip-bytes", "0");
	go_online();
	assert_refused("<message>" DEEP "</message>");
}

static void a_stanza_beyond_skip_bytes_ends_the_stream(void **state)
{
	(void)state;
	set("limits.skip-bytes", "500");
	go_online();
	assert_string_equal(wire_talk(&wire, "<message>" DEEP X100 X100 "</message>"), "");
	assert_refused("<message>" DEEP X100 X100 X100 X100 X100 "</message>");
}

static int bind_at_once(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)offer;
	(void)features;
	envoi_stream_feature_done(stream, self, ENVOI_STREAM_AUTHENTICATED | ENVOI_STREAM_BOUND,
		ENVOI_NEXT_FEATURE, NULL);
	return ENVOI_AGAIN;
}

static int wait_for_ever(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *offer, const struct envoi_element *features)
{
	(void)self;
	(void)stream;
	(void)offer;
	(void)features;
	return ENVOI_AGAIN;
}

/* A server hands over stanzas from binding on, whatever else is negotiated. */
static void between_binding_and_the_end_of_the_login_a_stanza_is_skipped(void **state)
{
	(void)state;
	static const struct envoi_stream_feature binding = {.ns = "urn:example:bind",
		.name = "x",
		.order = ENVOI_ORDER_BIND,
		.forbidden = ENVOI_STREAM_BOUND,
		.phase = ENVOI_PHASE_BIND,
		.negotiate = bind_at_once};
	static const struct envoi_stream_feature slow = {.ns = "urn:example:slow",
		.name = "x",
		.order = ENVOI_ORDER_LAST,
		.necessary = ENVOI_STREAM_BOUND,
		.phase = ENVOI_PHASE_BIND,
		.negotiate = wait_for_ever};
	static const struct envoi_handler_impl binding_impl = {.stream_feature = &binding};
	static const struct envoi_handler_impl slow_impl = {.stream_feature = &slow};
	struct envoi_handler binding_handler = ENVOI_HANDLER(&binding_impl);
	struct envoi_handler slow_handler = ENVOI_HANDLER(&slow_impl);
	set("limits.depth", "4");
	wire.binding = &binding_handler;
	wire.feature = &slow_handler;
	assert_int_equal(wire_new_session(&wire), ENVOI_OK);
	assert_int_equal(wire_attach(&wire, ENVOI_INITIATOR, ENVOI_STREAM_BOUND), ENVOI_OK);
	wire_greet(&wire);
	wire_run(&wire, 0);
	(void)wire_log(&wire);
	assert_int_equal(wire.ready_count, 0);
	wire_say(&wire, "<message from='eve@b' id='1'>" DEEP "</message>");
	wire_run(&wire, 0);
	assert_string_equal(wire_log(&wire), TOO_DEEP);
	assert_non_null(envoi_session_stream(wire.session));
	assert_refused("<urn xmlns='urn:example:x'>" DEEP "</urn>");
	wire_free_session(&wire);
}

static void a_receiving_stream_ends(void **state)
{
	(void)state;
	set("limits.depth", "4");
	assert_int_equal(wire_new_session(&wire), ENVOI_OK);
	assert_int_equal(wire_attach(&wire, ENVOI_RECEIVER, 0), ENVOI_OK);
	wire_say(&wire,
		"<stream:stream xmlns='jabber:client' xmlns:stream='" ENVOI_NS_STREAMS
		"' to='example.org' version='1.0'>");
	wire_run(&wire, 0);
	assert_refused("<message>" DEEP "</message>");
}

/* stream.element-timeout begins with the element. */
static void skipping_has_the_deadline_of_elements(void **state)
{
	(void)state;
	set("stream.element-timeout", "10s");
	go_online();
	wire_say(&wire, "<message>" DEEP);
	for (int i = 0; i < 9; i++) {
		wire_run(&wire, 1000);
		wire_say(&wire, "<a/>");
	}
	assert_true(envoi_session_is_online(wire.session));
	wire_run(&wire, 60000);
	assert_int_equal(wire.closed.code, ENVOI_ERR_TIMEOUT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_error_ends_the_ticket_that_it_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_message_is_reported_and_counted_and_not_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(warnings_come_once_a_minute, setup, teardown),
		cmocka_unit_test_setup_teardown(a_request_is_answered_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_stanza_that_cannot_be_answered_is_only_reported, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_ends_its_request, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_event_has_size_kind_sender_and_id, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_stream_level_element_ends_the_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(with_0_a_stanza_ends_the_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_stanza_beyond_skip_bytes_ends_the_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(
			between_binding_and_the_end_of_the_login_a_stanza_is_skipped, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_receiving_stream_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(
			skipping_has_the_deadline_of_elements, setup, teardown),
	};
	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests_name("session/skipped", tests, NULL, NULL);
}
