/*
 * envoi - sessions: tests of waiting for one stanza
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/wait.h>

#include "stanzas.h"
#include "test_allocator.h"
#include "wire.h"

/** A wait, how it is to answer, and how it ended. */
struct waiter {
	struct wire *wire;
	struct envoi_wait *wait;
	int returns;
	void (*act)(struct waiter *waiter);
	unsigned int calls;
	int code; /* of the last call */
	char id[16]; /* of the stanza of the last call */
};

static int on_end(void *user, int code, struct envoi_delivery *in)
{
	struct waiter *waiter = user;
	assert_true((code == ENVOI_OK) == (in != NULL));
	waiter->calls++;
	waiter->code = code;
	if (in != NULL) {
		const char *id = envoi_stanza_id(envoi_delivery_stanza(in));
		strcpy(waiter->id, id == NULL ? "" : id);
	}
	if (waiter->act != NULL) {
		waiter->act(waiter);
	}
	return waiter->returns;
}

static const struct envoi_stanza_row chat = {.kind = ENVOI_MESSAGE, .type = ENVOI_TYPE_CHAT};

static void begin(struct waiter *waiter, struct wire *wire, const struct envoi_stanza_row *like,
	uint64_t timeout_ms)
{
	*waiter = (struct waiter){.wire = wire};
	if (wire->session == NULL) {
		wire_go_online(wire);
	}
	assert_int_equal(envoi_wait(wire->session, like, timeout_ms, on_end, waiter, &waiter->wait),
		ENVOI_OK);
	assert_int_equal(waiter->calls, 0);
}

static void assert_ended(const struct waiter *waiter, unsigned int calls, int code)
{
	assert_int_equal(waiter->calls, calls);
	assert_int_equal(waiter->code, code);
}

static void talk(struct wire *wire, const char *xml)
{
	(void)wire_talk(wire, xml);
}

static void it_ends_with_the_first_stanza_that_matches(void **state)
{
	struct wire *wire = *state;
	struct waiter waiter;
	begin(&waiter, wire, &chat, 1000);
	talk(wire, "<message id='1'/><presence id='2'/>");
	assert_int_equal(waiter.calls, 0);
	talk(wire, "<message type='chat' id='3'/><message type='chat' id='4'/>");
	assert_ended(&waiter, 1, ENVOI_OK);
	assert_string_equal(waiter.id, "3");
	wire_run(wire, 5000);
	assert_ended(&waiter, 1, ENVOI_OK);
}

static void a_wait_ends_at_its_timeout(void **state)
{
	struct wire *wire = *state;
	struct waiter waiter;
	begin(&waiter, wire, &chat, 1000);
	wire_run(wire, 999);
	assert_int_equal(waiter.calls, 0);
	wire_run(wire, 1);
	assert_ended(&waiter, 1, ENVOI_ERR_TIMEOUT);
	talk(wire, "<message type='chat'/>");
	assert_ended(&waiter, 1, ENVOI_ERR_TIMEOUT);
}

static void a_wait_without_a_timeout_stays(void **state)
{
	struct wire *wire = *state;
	struct waiter waiter;
	begin(&waiter, wire, &chat, 0);
	wire_run(wire, 50000);
	assert_int_equal(waiter.calls, 0);
	talk(wire, "<message type='chat'/>");
	assert_ended(&waiter, 1, ENVOI_OK);
}

static void a_wait_can_be_cancelled(void **state)
{
	struct wire *wire = *state;
	struct waiter waiter;
	begin(&waiter, wire, &chat, 1000);
	envoi_wait_cancel(waiter.wait);
	assert_int_equal(waiter.calls, 0);
	envoi_wait_cancel(waiter.wait);
	talk(wire, "<message type='chat'/>");
	wire_run(wire, 5000);
	assert_ended(&waiter, 1, ENVOI_ERR_CANCELED);
	envoi_wait_cancel(NULL);
}

static void a_wait_ends_with_the_epoch(void **state)
{
	struct wire *wire = *state;
	struct waiter waiter;
	begin(&waiter, wire, &chat, 1000);
	envoi_session_set_resumable(wire->session, true);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_int_equal(waiter.calls, 0); /* suspended: the epoch goes on */
	envoi_session_set_resumable(wire->session, false);
	wire_run(wire, 0);
	assert_ended(&waiter, 1, ENVOI_ERR_DISCONNECTED);
}

static void one_that_began_offline_ends_when_no_connection_comes(void **state)
{
	struct wire *wire = *state;
	struct waiter waiter;
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	begin(&waiter, wire, &chat, 0);
	wire_run(wire, 1000);
	assert_int_equal(waiter.calls, 0);
	envoi_session_set_continued(wire->session, false);
	wire_run(wire, 0);
	assert_ended(&waiter, 1, ENVOI_ERR_DISCONNECTED);
}

static void a_wait_ends_before_a_free_returns(void **state)
{
	struct wire *wire = *state;
	struct waiter waiter;
	begin(&waiter, wire, &chat, 1000);
	wire_free_session(wire);
	assert_ended(&waiter, 1, ENVOI_ERR_CANCELED);
	wire_run(wire, 5000);
	assert_ended(&waiter, 1, ENVOI_ERR_CANCELED);
}

/* --- declining --- */

static void a_stanza_that_is_declined_does_not_end_it(void **state)
{
	struct wire *wire = *state;
	struct waiter waiter;
	begin(&waiter, wire, &chat, 1000);
	waiter.returns = ENVOI_DECLINED;
	talk(wire, "<message type='chat' id='1'/><message type='chat' id='2'/>");
	assert_int_equal(waiter.calls, 2);
	wire_run(wire, 1000);
	assert_ended(&waiter, 3, ENVOI_ERR_TIMEOUT);
}

static void act_cancel(struct waiter *waiter)
{
	waiter->act = NULL;
	envoi_wait_cancel(waiter->wait);
}

static void cancelled_while_it_declines_it_ends_cancelled(void **state)
{
	struct wire *wire = *state;
	struct waiter waiter;
	begin(&waiter, wire, &chat, 1000);
	waiter.act = act_cancel;
	waiter.returns = ENVOI_DECLINED;
	talk(wire, "<message type='chat'/><message type='chat'/>");
	assert_ended(&waiter, 2, ENVOI_ERR_CANCELED);
	begin(&waiter, wire, &chat, 1000);
	waiter.act = act_cancel; /* while it takes the stanza: it has ended */
	talk(wire, "<message type='chat'/><message type='chat'/>");
	wire_run(wire, 5000);
	assert_ended(&waiter, 1, ENVOI_OK);
}

static void act_free(struct waiter *waiter)
{
	waiter->act = NULL;
	wire_free_session(waiter->wire);
}

/* After the session was freed nothing is called, whatever the function returns. */
static void the_session_may_be_freed_inside(void **state)
{
	struct wire *wire = *state;
	struct waiter waiter;
	static const int codes[] = {ENVOI_OK, ENVOI_DECLINED, ENVOI_STOP, ENVOI_ERR_SYSTEM};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		begin(&waiter, wire, &chat, 1000);
		waiter.act = act_free;
		waiter.returns = codes[i];
		talk(wire, "<message type='chat'/><message type='chat'/>");
		wire_run(wire, 5000);
		assert_ended(&waiter, 1, ENVOI_OK);
	}
	begin(&waiter, wire, &chat, 10);
	waiter.act = act_free;
	wire_run(wire, 10);
	assert_ended(&waiter, 1, ENVOI_ERR_TIMEOUT);
}

static void act_detach(struct waiter *waiter)
{
	waiter->act = NULL;
	envoi_session_detach(waiter->wire->session);
}

static void the_epoch_may_end_inside(void **state)
{
	struct wire *wire = *state;
	struct waiter waiter;
	begin(&waiter, wire, &chat, 1000);
	waiter.act = act_detach;
	waiter.returns = ENVOI_DECLINED;
	talk(wire, "<message type='chat'/>");
	assert_ended(&waiter, 2, ENVOI_ERR_DISCONNECTED);
}

/* --- its place among handlers --- */

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	(void)in;
	struct wire *wire = envoi_session_handler_user(envoi_delivery_session(in), self);
	write_text(&wire->log, "handler ");
	return ENVOI_STOP;
}

static void act_log(struct waiter *waiter)
{
	write_text(&waiter->wire->log, "wait ");
}

static void it_has_a_place_by_priority_and_may_stop_a_stanza(void **state)
{
	struct wire *wire = *state;
	static const struct envoi_stanza_row rows[] = {
		{.kind = ENVOI_MESSAGE, .handle = on_message}, ENVOI_ROWS_END};
	static const struct envoi_handler_impl impl = {.name = "stops", .stanzas = rows};
	static struct envoi_handler handler = {&impl};
	struct envoi_stanza_row like = chat;
	struct waiter waiter;
	wire_go_online(wire);
	assert_int_equal(envoi_session_add(wire->session, &handler), ENVOI_OK);
	assert_int_equal(envoi_session_set_handler_user(wire->session, &handler, wire), ENVOI_OK);
	begin(&waiter, wire, &like, 0);
	waiter.act = act_log;
	talk(wire, "<message type='chat'/>");
	assert_string_equal(wire_log(wire), "handler ");
	envoi_wait_cancel(waiter.wait);
	wire_run(wire, 0);
	(void)wire_log(wire);
	like.priority = 1;
	begin(&waiter, wire, &like, 0);
	waiter.act = act_log;
	talk(wire, "<message type='chat'/>");
	assert_string_equal(wire_log(wire), "wait handler ");
	begin(&waiter, wire, &like, 0);
	waiter.act = act_log;
	waiter.returns = ENVOI_STOP;
	talk(wire, "<message type='chat'/>");
	assert_string_equal(wire_log(wire), "wait ");
}

/* A request is answered with an empty result, as by the function of a row. */
static void a_request_that_it_takes_is_answered(void **state)
{
	struct wire *wire = *state;
	struct waiter waiter;
	static const struct envoi_stanza_row like = {
		.kind = ENVOI_IQ_SET, .path = "iq/{urn:x}a/b@c='d'"};
	begin(&waiter, wire, &like, 0);
	assert_non_null(
		strstr(wire_talk(wire, "<iq type='set' id='1'><a xmlns='urn:x'><b/></a></iq>"),
			"service-unavailable"));
	const char *heard = wire_talk(
		wire, "<iq type='set' id='2'><a xmlns='urn:x'><b c='d'/></a></iq>");
	assert_non_null(strstr(heard, "type='result'"));
	assert_ended(&waiter, 1, ENVOI_OK);
}

/* What the row points to may go once the call has returned. */
static void the_row_is_copied(void **state)
{
	struct wire *wire = *state;
	struct waiter waiters[3];
	char path[] = "message/{urn:w1}a", ns[] = "urn:w2", name[] = "w3", deep_ns[] = "urn:w4";
	struct envoi_stanza_row like = {.kind = ENVOI_MESSAGE, .path = path};
	begin(&waiters[0], wire, &like, 0);
	like = (struct envoi_stanza_row){.kind = ENVOI_MESSAGE, .ns = ns, .name = name};
	begin(&waiters[1], wire, &like, 0);
	like = (struct envoi_stanza_row){
		.kind = ENVOI_MESSAGE, .ns = deep_ns, .name = name, .depth = 2};
	begin(&waiters[2], wire, &like, 0);
	memset(path, 'x', sizeof(path) - 1);
	memset(ns, 'x', sizeof(ns) - 1);
	memset(name, 'x', sizeof(name) - 1);
	memset(deep_ns, 'x', sizeof(deep_ns) - 1);
	talk(wire, "<message><a xmlns='urn:w1'/></message>");
	assert_ended(&waiters[0], 1, ENVOI_OK);
	talk(wire, "<message><w3 xmlns='urn:w2'/></message>");
	assert_ended(&waiters[1], 1, ENVOI_OK);
	talk(wire, "<message><body><w3 xmlns='urn:w4'/></body></message>");
	assert_ended(&waiters[2], 1, ENVOI_OK);
}

/* --- refusals --- */

static bool matches(struct envoi_handler *self, const struct envoi_delivery *in)
{
	(void)self;
	(void)in;
	return true;
}

static void rows_that_never_match_are_refused(void **state)
{
	struct wire *wire = *state;
	struct waiter waiter = {.wire = wire};
	static const struct {
		struct envoi_stanza_row like;
		const char *problem;
	} cases[] = {
		{{.type = ENVOI_TYPE_CHAT}, "wait: no kind"},
		{{.kind = ENVOI_NO_STANZA}, "wait: no kind"},
		{{.kind = ENVOI_IQ_RESULT}, "wait: stanzas[0]: a kind that handlers do not take"},
		{{.kind = ENVOI_MESSAGE, .path = "message/"},
			"wait: stanzas[0]: path: at byte 8: a name is expected"},
		{{.kind = ENVOI_MESSAGE, .handle = on_message},
			"wait: `handle` has no place in it"},
		{{.kind = ENVOI_MESSAGE, .once = true},
			"wait: `matches` and `once` have no place in it"},
		{{.kind = ENVOI_MESSAGE, .matches = matches},
			"wait: `matches` and `once` have no place in it"},
	};
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			envoi_wait(wire->session, &cases[i].like, 0, on_end, &waiter, NULL),
			ENVOI_ERR_INVALID);
		assert_string_equal(envoi_session_problem(wire->session), cases[i].problem);
	}
	assert_int_equal(envoi_wait(wire->session, &chat, 0, NULL, NULL, NULL), ENVOI_ERR_INVALID);
	assert_string_equal(envoi_session_problem(wire->session), "wait: no function");
	assert_int_equal(waiter.calls, 0);
}

static void act_wait(struct waiter *waiter)
{
	waiter->act = NULL;
	waiter->returns = envoi_wait(waiter->wire->session, &chat, 0, on_end, waiter, NULL);
}

static void a_session_that_is_being_freed_takes_none(void **state)
{
	struct wire *wire = *state;
	struct waiter waiter;
	begin(&waiter, wire, &chat, 0);
	waiter.act = act_wait;
	struct envoi_session *session = wire->session;
	envoi_session_free(session); /* the wire still has it, for the act */
	wire->session = NULL;
	assert_ended(&waiter, 1, ENVOI_ERR_CANCELED);
	assert_int_equal(waiter.returns, ENVOI_ERR_STATE);
}

static void a_wait_is_refused_without_memory(void **state)
{
	(void)state;
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	static const struct envoi_stanza_row like = {
		.kind = ENVOI_MESSAGE, .path = "message/{urn:w}w"};
	int r = ENVOI_ERR_NOMEM;
	for (size_t n = 1; r != ENVOI_OK; n++) {
		struct wire wire = {0};
		struct waiter waiter = {.wire = &wire};
		wire_init(&wire, &(struct envoi_context_options){.allocator = functions});
		wire_go_online(&wire);
		allocator.fail_at = allocator.calls + n;
		r = envoi_wait(wire.session, &like, 10, on_end, &waiter, NULL);
		allocator.fail_at = 0;
		assert_true(r == ENVOI_OK || r == ENVOI_ERR_NOMEM);
		talk(&wire, "<message><w xmlns='urn:w'/></message>");
		assert_int_equal(waiter.calls, r == ENVOI_OK ? 1 : 0);
		wire_finish(&wire);
		assert_int_equal(allocator.live, 0);
		assert_true(n < 50);
	}
}

/* @return the bytes of the context after a wait */
static size_t bytes_after_wait(const struct test_allocator *allocator, struct wire *wire,
	const char *name, const char *path)
{
	struct waiter waiter;
	const struct envoi_stanza_row like = {.kind = ENVOI_MESSAGE,
		.ns = path == NULL ? "urn:x" : NULL,
		.name = name,
		.path = path};
	begin(&waiter, wire, &like, 0);
	envoi_wait_cancel(waiter.wait);
	wire_run(wire, 0);
	assert_ended(&waiter, 1, ENVOI_ERR_CANCELED);
	return allocator->bytes;
}

static void the_names_of_waits_are_kept_once(void **state)
{
	(void)state;
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	struct wire wire = {0};
	char text[64];
	wire_init(&wire, &(struct envoi_context_options){.allocator = functions});
	wire_go_online(&wire);
	size_t before = bytes_after_wait(&allocator, &wire, "name", NULL);
	for (int i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "message/{urn:x}name@at='value %d'", i);
		(void)bytes_after_wait(&allocator, &wire, NULL, text);
	}
	assert_int_equal(bytes_after_wait(&allocator, &wire, "name", NULL), before);
	for (int i = 0; i < 10000; i++) { /* as the header says */
		snprintf(text, sizeof(text), "name-%d", i);
		(void)bytes_after_wait(&allocator, &wire, text, NULL);
	}
	assert_true(bytes_after_wait(&allocator, &wire, "name", NULL) > before + 10000 * 7);
	wire_finish(&wire);
	assert_int_equal(allocator.live, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_ends_with_the_first_stanza_that_matches),
		TEST(a_wait_ends_at_its_timeout),
		TEST(a_wait_without_a_timeout_stays),
		TEST(a_wait_can_be_cancelled),
		TEST(a_wait_ends_with_the_epoch),
		TEST(one_that_began_offline_ends_when_no_connection_comes),
		TEST(a_wait_ends_before_a_free_returns),
		TEST(a_stanza_that_is_declined_does_not_end_it),
		TEST(cancelled_while_it_declines_it_ends_cancelled),
		TEST(the_session_may_be_freed_inside),
		TEST(the_epoch_may_end_inside),
		TEST(it_has_a_place_by_priority_and_may_stop_a_stanza),
		TEST(a_request_that_it_takes_is_answered),
		TEST(the_row_is_copied),
		TEST(rows_that_never_match_are_refused),
		TEST(a_session_that_is_being_freed_takes_none),
		cmocka_unit_test(a_wait_is_refused_without_memory),
		cmocka_unit_test(the_names_of_waits_are_kept_once),
	};
	return cmocka_run_group_tests_name("session/waits", tests, NULL, NULL);
}
