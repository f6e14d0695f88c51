/*
 * envoi - sessions: tests of answers that stand for acknowledgements
 * SPDX-License-Identifier: MIT
 *
 * Private headers: the outbox is asked what it keeps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session/session.h"
#include "stanzas.h"
#include "wire.h"

enum {
	TICKETS = 4,
};

static struct wire_ticket tickets[TICKETS];
static const char *const names[TICKETS] = {"one", "two", "three", "four"};

static void use(struct wire *wire, const char *setting)
{
	assert_int_equal(
		envoi_settings_set(wire->settings, "acknowledgement.ping", setting), ENVOI_OK);
}

static int setup(void **state)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	assert_non_null(wire);
	wire_init(wire, NULL);
	use(wire, "true");
	assert_int_equal(wire_new_session(wire), ENVOI_OK);
	envoi_session_set_jid(wire->session, wire->own);
	wire_go_online(wire);
	*state = wire;
	return 0;
}

static int teardown(void **state)
{
	wire_finish(*state);
	free(*state);
	return 0;
}

static void send_named(struct wire *wire, size_t i)
{
	assert_int_equal(envoi_send_text(wire->session, "a@b", names[i],
				 wire_ticket(&tickets[i], wire, names[i])),
		ENVOI_OK);
}

/* @return what the peer has heard now */
static const char *heard(struct wire *wire)
{
	wire_run(wire, 0);
	return wire_heard(wire);
}

#define PING "<ping xmlns='urn:xmpp:ping'/></iq>"

static size_t pings_in(const char *xml)
{
	size_t count = 0;
	for (; (xml = strstr(xml, PING)) != NULL; xml++) {
		count++;
	}
	return count;
}

/* Answers the last ping of what was heard. @param type "result" or "error" */
static void answer(struct wire *wire, const char *xml, const char *type)
{
	const char *id = NULL;
	while ((xml = strstr(xml, "<iq type='get'")) != NULL) {
		id = strstr(xml, " id='") + strlen(" id='");
		xml = id;
	}
	assert_non_null(id);
	char reply[200];
	snprintf(reply, sizeof(reply), "<iq type='%s' from='example.org' id='%.*s'/>", type,
		(int)strcspn(id, "'"), id);
	wire_say(wire, reply);
	wire_run(wire, 0);
}

static void an_answer_acknowledges_what_was_sent_before(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	const char *xml = heard(wire);
	assert_true(strstr(xml, "one") < strstr(xml, PING));
	assert_non_null(strstr(xml, " to='example.org'"));
	assert_string_equal(wire_log(wire), "");
	answer(wire, xml, "result");
	assert_string_equal(wire_log(wire), "one acknowledged\n");
	assert_int_equal(tickets[0].by, ENVOI_BY_ANSWER);
	assert_int_equal(wire->session->outbox.kept_count, 0);
}

static int drop_answer(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)self;
	(void)session;
	return envoi_stanza_kind(stanza) == ENVOI_IQ_RESULT ? ENVOI_STOP : ENVOI_OK;
}

static void a_filter_cannot_keep_the_answer_back(void **state)
{
	static const struct envoi_filters filters = {.stanza_in = drop_answer};
	static const struct envoi_handler_impl impl = {.filters = &filters};
	struct envoi_handler handler = {&impl};
	struct wire *wire = *state;
	assert_int_equal(envoi_session_add(wire->session, &handler), ENVOI_OK);
	send_named(wire, 0);
	answer(wire, heard(wire), "result");
	assert_string_equal(wire_log(wire), "one acknowledged\n");
	envoi_session_remove(wire->session, &handler);
}

static void an_error_is_an_answer(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	answer(wire, heard(wire), "error");
	assert_string_equal(wire_log(wire), "one acknowledged\n");
}

/* What is not acknowledged fills the outbox: only the answer to a ping makes room. */
static void a_full_outbox_does_not_hold_back_the_ping(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	answer(wire, heard(wire), "result");
	wire->session->outbox.count_limit = 2;
	send_named(wire, 1);
	send_named(wire, 2);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "more", NULL), ENVOI_ERR_FULL);
	wire_run(wire, 1000);
	answer(wire, heard(wire), "result");
	assert_string_equal(wire_log(wire),
		"one acknowledged\noutbox-high\ntwo acknowledged\nthree acknowledged\n"
		"outbox-low\n");
}

static void a_stanza_sent_after_the_ping_waits_for_the_next(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	const char *xml = heard(wire);
	send_named(wire, 1);
	wire_run(wire, 0);
	answer(wire, xml, "result");
	assert_string_equal(wire_log(wire), "one acknowledged\n");
	assert_int_equal(pings_in(heard(wire)), 0);
	wire_run(wire, 999);
	assert_int_equal(pings_in(heard(wire)), 0);
	wire_run(wire, 1);
	xml = heard(wire);
	assert_int_equal(pings_in(xml), 1);
	answer(wire, xml, "result");
	assert_string_equal(wire_log(wire), "two acknowledged\n");
}

static void one_ping_is_open_and_at_most_one_a_second_is_sent(void **state)
{
	struct wire *wire = *state;
	size_t pings = 0;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);
		send_named(wire, 0);
		wire_run(wire, 100);
		const char *xml = heard(wire);
		pings += pings_in(xml);
		if (pings_in(xml) > 0) {
			answer(wire, xml, "result");
		}
		wire_run(wire, 900);
		xml = heard(wire);
		pings += pings_in(xml);
		if (pings_in(xml) > 0) {
			answer(wire, xml, "result");
		}
	}
	assert_int_equal(pings, 50);
	send_named(wire, 0);
	(void)heard(wire);
	send_named(wire, 1);
	wire_run(wire, 20000);
	assert_int_equal(pings_in(heard(wire)), 0);
}

/* Messages that would be sent again: after five seconds, or ten of them. */
static void without_tickets_the_ping_comes_later(void **state)
{
	struct wire *wire = *state;
	envoi_session_set_continued(wire->session, true);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);
	assert_int_equal(pings_in(heard(wire)), 0);
	wire_run(wire, 4999);
	assert_int_equal(pings_in(heard(wire)), 0);
	wire_run(wire, 1);
	const char *xml = heard(wire);
	assert_int_equal(pings_in(xml), 1);
	answer(wire, xml, "result");
	assert_int_equal(wire->session->outbox.kept_count, 0);
	for (int i = 0; i < ENVOI__ACKNOWLEDGING_STANZAS; i++) {
		assert_int_equal(pings_in(heard(wire)), 0);
		assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);
	}
	wire_run(wire, 1000);
	assert_int_equal(pings_in(heard(wire)), 1);
}

static void a_ticket_brings_the_ping_forward(void **state)
{
	struct wire *wire = *state;
	envoi_session_set_continued(wire->session, true);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);
	wire_run(wire, 2000);
	(void)wire_heard(wire);
	send_named(wire, 0);
	assert_int_equal(pings_in(heard(wire)), 1);
}

static void without_tickets_there_is_no_ping(void **state)
{
	struct wire *wire = *state;
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_OK);
	wire_run(wire, 10000);
	assert_int_equal(pings_in(heard(wire)), 0);
	assert_int_equal(wire->session->outbox.kept_count, 0);
	assert_int_equal(wire->session->outbox.bytes, 0);
}

static void the_setting_turns_it_off(void **state)
{
	struct wire *wire = *state;
	use(wire, "false");
	envoi_session_configure(wire->session, wire->settings);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	wire_go_online(wire);
	send_named(wire, 0);
	assert_int_equal(pings_in(heard(wire)), 0);
	assert_string_equal(wire_log(wire), "one written\n");
}

static void a_loss_before_the_answer_is_unknown(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	assert_int_equal(pings_in(heard(wire)), 1);
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_log(wire), "one unknown\n"));
	wire_go_online(wire);
	send_named(wire, 1);
	wire_run(wire, 1000);
	answer(wire, heard(wire), "result");
	assert_string_equal(wire_log(wire), "two acknowledged\n");
}

/* The ping of before is not the one that is asked now. */
static void a_ping_that_is_not_answered_is_sent_again(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	const char *xml = heard(wire);
	char first[400];
	snprintf(first, sizeof(first), "%s", xml);
	wire_run(wire, 30000);
	xml = heard(wire);
	assert_int_equal(pings_in(xml), 1);
	answer(wire, first, "result");
	assert_string_equal(wire_log(wire), "");
	answer(wire, xml, "result");
	assert_string_equal(wire_log(wire), "one acknowledged\n");
}

static void a_close_is_preceded_by_a_ping(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	const char *xml = heard(wire);
	send_named(wire, 1);
	envoi_session_close(wire->session);
	xml = heard(wire);
	assert_true(strstr(xml, "two") < strstr(xml, PING));
	assert_true(strstr(xml, PING) < strstr(xml, "</stream:stream>"));
	answer(wire, xml, "result");
	assert_string_equal(wire_log(wire), "one acknowledged\ntwo acknowledged\n");
}

static void a_close_behind_a_ping_needs_no_other(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	const char *xml = heard(wire);
	char first[400];
	snprintf(first, sizeof(first), "%s", xml);
	envoi_session_close(wire->session);
	assert_string_equal(heard(wire), "</stream:stream>");
	answer(wire, first, "result");
	assert_string_equal(wire_log(wire), "one acknowledged\n");
}

static void a_close_without_tickets_sends_the_closing_tag_alone(void **state)
{
	struct wire *wire = *state;
	envoi_session_close(wire->session);
	assert_string_equal(heard(wire), "</stream:stream>");
}

static void freeing_the_session_with_a_ping_open_is_unknown(void **state)
{
	struct wire *wire = *state;
	send_named(wire, 0);
	wire_run(wire, 0);
	wire_free_session(wire);
	assert_non_null(strstr(wire_log(wire), "one unknown\n"));
}

static struct wire *freed_by_ping;

static int free_session_at_ping(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	(void)self;
	(void)session;
	if (envoi_stanza_kind(stanza) == ENVOI_IQ_GET) {
		wire_free_session(freed_by_ping);
	}
	return ENVOI_OK;
}

static void a_filter_may_free_the_session_at_the_ping_of_the_timer(void **state)
{
	static const struct envoi_filters filters = {.stanza_out = free_session_at_ping};
	static const struct envoi_handler_impl impl = {.name = "filter", .filters = &filters};
	static struct envoi_handler handler;
	struct wire *wire = *state;
	send_named(wire, 0);
	const char *xml = heard(wire);
	send_named(wire, 1);
	answer(wire, xml, "result");
	handler = (struct envoi_handler)ENVOI_HANDLER(&impl);
	freed_by_ping = wire;
	wire_add(wire, &handler);
	wire_run(wire, 1000);
	assert_null(wire->session);
	assert_non_null(strstr(wire_log(wire), "two unknown\n"));
}

static void stream_management_needs_no_ping(void **state)
{
	struct wire *wire = *state;
	envoi__outbox_keep(&wire->session->outbox, true);
	wire->session->sm.state = ENVOI__SM_ENABLED;
	envoi__acknowledging_start(wire->session);
	send_named(wire, 0);
	assert_int_equal(pings_in(heard(wire)), 0);
	wire->session->sm.state = ENVOI__SM_OFF;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_acknowledges_what_was_sent_before),
		TEST(a_filter_cannot_keep_the_answer_back),
		TEST(an_error_is_an_answer),
		TEST(a_full_outbox_does_not_hold_back_the_ping),
		TEST(a_stanza_sent_after_the_ping_waits_for_the_next),
		TEST(one_ping_is_open_and_at_most_one_a_second_is_sent),
		TEST(without_tickets_there_is_no_ping),
		TEST(without_tickets_the_ping_comes_later),
		TEST(a_ticket_brings_the_ping_forward),
		TEST(the_setting_turns_it_off),
		TEST(a_loss_before_the_answer_is_unknown),
		TEST(a_ping_that_is_not_answered_is_sent_again),
		TEST(a_close_is_preceded_by_a_ping),
		TEST(a_close_behind_a_ping_needs_no_other),
		TEST(a_close_without_tickets_sends_the_closing_tag_alone),
		TEST(freeing_the_session_with_a_ping_open_is_unknown),
		TEST(a_filter_may_free_the_session_at_the_ping_of_the_timer),
		TEST(stream_management_needs_no_ping),
	};
	return cmocka_run_group_tests_name("session/acknowledging", tests, NULL, NULL);
}
