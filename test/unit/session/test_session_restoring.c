/*
 * envoi - sessions: what outlives a stream, and what is restored on the next: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire.h"

/* --- counting --- */

static int take_presence(struct envoi_handler *self, struct envoi_stream *stream,
	const struct envoi_element *element)
{
	(void)self, (void)stream, (void)element;
	return ENVOI_OK;
}

static void stanzas_of_stream_rows_and_elements_are_counted_too(void **state)
{
	static const struct envoi_stream_element_row rows[] = {
		{.ns = ENVOI_NS_CLIENT,
			.name = "presence",
			.roles = 1u << ENVOI_INITIATOR,
			.handle = take_presence},
		ENVOI_ROWS_END,
	};
	static const struct envoi_handler_impl impl = {.stream_elements = rows};
	struct wire *wire = *state;
	struct envoi_handler handler = {&impl};
	wire->feature = &handler;
	wire_go_online(wire);
	wire_say(wire, "<presence/><message/><presence/>");
	wire_run(wire, 0);
	assert_int_equal(wire_stats(wire).stanzas_in, 3);
	struct envoi_element *iq = envoi_element_new(wire->context, ENVOI_NS_CLIENT, "iq");
	struct envoi_element *other = envoi_element_new(wire->context, "urn:x", "iq");
	struct envoi_stream *stream = envoi_session_stream(wire->session);
	assert_int_equal(envoi_stream_send_element(stream, iq), ENVOI_OK);
	assert_int_equal(envoi_stream_send_element(stream, other), ENVOI_OK);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);
	assert_int_equal(wire_stats(wire).stanzas_out, 2);
	envoi_element_unref(iq);
	envoi_element_unref(other);
	envoi_session_detach(wire->session);
	assert_int_equal(wire_stats(wire).stanzas_in, 3);
	assert_int_equal(wire_stats(wire).stanzas_out, 2);
	wire->feature = NULL;
}

/* --- epochs --- */

static struct envoi_promise *promise;

static int defer(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)self;
	return envoi_delivery_defer(in, &promise);
}

static const struct envoi_stanza_row deferring_rows[] = {
	{.kind = ENVOI_IQ_GET, .handle = defer},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl deferring_impl = {.stanzas = deferring_rows};
static struct envoi_handler deferring = {&deferring_impl};

/* Online, with a request of ours and one of the peer's pending; then the connection is lost.
 * @return the id of ours */
static const char *lose_with_two_pending(struct wire *wire)
{
	envoi_session_set_resumable(wire->session, true);
	assert_int_equal(envoi_request(wire->session, wire_iq(wire, "a@b"), NULL, 0, wire_on_answer,
				 wire, NULL),
		ENVOI_OK);
	wire_run(wire, 0);
	const char *id = wire_id_in(wire_heard(wire));
	wire_say(wire, "<iq type='get' id='7' from='a@b'><x xmlns='urn:x'/></iq>");
	wire_run(wire, 0);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_null(envoi_session_stream(wire->session));
	assert_false(envoi_session_is_online(wire->session));
	return id;
}

static void resume_or_not(struct wire *wire, bool resumes)
{
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	if (resumes) {
		assert_int_equal(envoi_session_resume(wire->session), ENVOI_OK);
	}
	wire_greet(wire);
	wire_run(wire, 0);
	assert_true(envoi_session_is_online(wire->session));
	assert_int_equal(envoi_session_resume(wire->session), ENVOI_ERR_STATE);
}

static void requests_and_promises_outlive_a_stream_that_is_resumed(void **state)
{
	struct wire *wire = *state;
	char answer[128];
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &deferring), ENVOI_OK);
	wire_go_online(wire);
	uint64_t epoch = envoi_session_epoch(wire->session);
	assert_int_not_equal(epoch, 0);
	const char *id = lose_with_two_pending(wire);
	assert_string_equal(wire_log(wire), "disconnected ENVOI_ERR_DISCONNECTED\n");
	assert_int_equal(wire_stats(wire).requests, 1);
	assert_int_equal(wire_stats(wire).deferred, 1);
	assert_int_equal(envoi_promise_result(promise, NULL, NULL), ENVOI_OK);
	assert_int_equal(wire_stats(wire).outbox_stanzas, 1);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);

	resume_or_not(wire, true);
	assert_int_equal(envoi_session_epoch(wire->session), epoch);
	const char *heard = wire_heard(wire);
	assert_non_null(strstr(heard, "<iq type='result' to='a@b' id='7'/><message "));
	assert_non_null(strstr(heard, "<body>x</body></message>"));
	assert_string_equal(wire_log(wire), "stream-opened\nresumed " WIRE_OWN "\n");
	snprintf(answer, sizeof(answer), "<iq type='result' from='a@b' id='%s'/>", id);
	wire_say(wire, answer);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "answer ENVOI_OK success\n");
}

static void requests_and_promises_end_with_their_epoch(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &deferring), ENVOI_OK);
	assert_int_equal(envoi_session_resume(wire->session), ENVOI_ERR_STATE);
	wire_go_online(wire);
	uint64_t epoch = envoi_session_epoch(wire->session);
	(void)lose_with_two_pending(wire);
	(void)wire_log(wire);
	resume_or_not(wire, false);
	assert_int_equal(envoi_session_epoch(wire->session), epoch + 1);
	assert_string_equal(wire_log(wire),
		"stream-opened\nanswer ENVOI_ERR_DISCONNECTED disconnected\nended\nstarted " WIRE_OWN
		"\n");
	assert_int_equal(envoi_promise_result(promise, NULL, NULL), ENVOI_ERR_STATE);

	(void)lose_with_two_pending(wire);
	(void)wire_log(wire);
	assert_int_equal(envoi_promise_result(promise, NULL, NULL), ENVOI_OK);
	envoi_session_set_resumable(wire->session, false);
	assert_int_equal(envoi_session_epoch(wire->session), epoch + 2);
	assert_int_equal(wire_stats(wire).outbox_stanzas, 0);
	wire_run(wire, 0);
	assert_string_equal(wire_log(wire), "answer ENVOI_ERR_DISCONNECTED disconnected\nended\n");
	resume_or_not(wire, false);
	assert_int_equal(envoi_session_epoch(wire->session), epoch + 2);
	assert_string_equal(wire_log(wire), "stream-opened\nstarted " WIRE_OWN "\n");
}

/* --- restoring --- */

/* Logs how it is called, and sends a message. */
struct restorer {
	struct envoi_handler base;
	struct wire *wire;
	const char *name;
	void (*act)(struct restorer *self, struct envoi_session *session);
};

static void on_restore(struct envoi_handler *self, struct envoi_session *session, bool is_resumed)
{
	struct restorer *it = ENVOI_CONTAINER_OF(self, struct restorer, base);
	char line[64];
	snprintf(line, sizeof(line), "%s %s\n", it->name, is_resumed ? "resumed" : "new");
	assert_int_equal(envoi_buffer_append(&it->wire->log, line, strlen(line)), ENVOI_OK);
	if (it->act != NULL) {
		it->act(it, session);
		return;
	}
	assert_int_equal(envoi_send_text(session, "a@b", it->name, NULL), ENVOI_OK);
}

static const struct envoi_handler_impl restorer_impl = {.restore = on_restore};
static struct restorer first, second;

static void make_restorers(struct wire *wire)
{
	first = (struct restorer){{&restorer_impl}, wire, "first", NULL};
	second = (struct restorer){{&restorer_impl}, wire, "second", NULL};
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &first.base), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, &second.base), ENVOI_OK);
}

static void handlers_restore_in_order_before_what_has_waited(void **state)
{
	struct wire *wire = *state;
	make_restorers(wire);
	envoi_session_set_continued(wire->session, true);
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	assert_string_equal(
		wire_log(wire), "first new\nsecond new\nstream-opened\nstarted " WIRE_OWN "\n");
	envoi_session_set_resumable(wire->session, true);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "waits", NULL), ENVOI_OK);
	(void)wire_heard(wire);
	(void)wire_log(wire);

	resume_or_not(wire, false);
	const char *heard = wire_heard(wire);
	const char *a = strstr(heard, "<body>first<"), *b = strstr(heard, "<body>second<");
	assert_non_null(a);
	assert_non_null(b);
	assert_true(a < b);
	assert_true(b < strstr(heard, "<body>waits<"));
}

static void a_resumed_session_is_restored_as_such(void **state)
{
	struct wire *wire = *state;
	make_restorers(wire);
	wire_go_online(wire);
	envoi_session_set_resumable(wire->session, true);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	(void)wire_log(wire);
	resume_or_not(wire, true);
	assert_string_equal(wire_log(wire),
		"first resumed\nsecond resumed\nstream-opened\nresumed " WIRE_OWN "\n");
}

static void act_remove_second(struct restorer *self, struct envoi_session *session)
{
	(void)self;
	envoi_session_remove(session, &second.base);
}

static void act_add_second(struct restorer *self, struct envoi_session *session)
{
	(void)self;
	assert_int_equal(envoi_session_add(session, &second.base), ENVOI_OK);
}

/* It has seen the session online from the beginning. */
static void a_handler_attached_while_others_restore_does_not(void **state)
{
	struct wire *wire = *state;
	make_restorers(wire);
	envoi_session_remove(wire->session, &second.base);
	first.act = act_add_second;
	assert_int_equal(wire_attach(wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_greet(wire);
	wire_run(wire, 0);
	assert_null(strstr(wire_log(wire), "second"));
}

static void act_detach(struct restorer *self, struct envoi_session *session)
{
	(void)self;
	envoi_session_detach(session);
}

static void a_removed_handler_and_one_without_a_stream_do_not_restore(void **state)
{
	static void (*const acts[])(struct restorer *, struct envoi_session *) = {
		act_remove_second, act_detach};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct wire wire = {.session = NULL};
		wire_init(&wire, NULL);
		make_restorers(&wire);
		first.act = acts[i];
		assert_int_equal(wire_attach(&wire, ENVOI_INITIATOR, 0), ENVOI_OK);
		wire_greet(&wire);
		wire_run(&wire, 0);
		assert_null(strstr(wire_log(&wire), "second"));
		wire_finish(&wire);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_handler_attached_while_others_restore_does_not),
		TEST(stanzas_of_stream_rows_and_elements_are_counted_too),
		TEST(requests_and_promises_outlive_a_stream_that_is_resumed),
		TEST(requests_and_promises_end_with_their_epoch),
		TEST(handlers_restore_in_order_before_what_has_waited),
		TEST(a_resumed_session_is_restored_as_such),
		cmocka_unit_test(a_removed_handler_and_one_without_a_stream_do_not_restore),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
