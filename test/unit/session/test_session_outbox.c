/*
 * envoi - sessions: stanzas that wait to be sent: tests
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test_allocator.h"
#include "wire.h"

static void a_ticket_in_use_cannot_be_used_again_before_it_has_ended(void **state)
{
	struct wire *wire = *state;
	struct wire_ticket ticket;
	wire_go_online(wire);
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "x", wire_ticket(&ticket, wire, "ticket")),
		ENVOI_OK);
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "x", &ticket.ticket), ENVOI_ERR_INVALID);
	assert_int_equal(ticket.told, 0);
	wire_run(wire, 0);
	assert_int_equal(ticket.told, 1);
	assert_int_equal(ticket.state, ENVOI_TICKET_WRITTEN);
	assert_int_equal(envoi_ticket_cancel(&ticket.ticket), ENVOI_ERR_STATE);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", &ticket.ticket), ENVOI_OK);
	wire_run(wire, 0);
	assert_int_equal(ticket.told, 2);
}

/* The peer does not read: its window fills, then the transport's queue fills, and
 * the rest waits in the outbox. */
static size_t send_until_full(struct wire *wire, struct wire_ticket *tickets, size_t count)
{
	static char body[1001];
	memset(body, 'x', sizeof(body) - 1);
	for (size_t i = 0; i < count; i++) {
		struct envoi_ticket *ticket = tickets == NULL ? NULL
							      : wire_ticket(&tickets[i], wire, "t");
		if (envoi_send_text(wire->session, "a@b", body, ticket) != ENVOI_OK) {
			return i;
		}
	}
	return count;
}

static void setup_small(struct wire *wire)
{
	assert_int_equal(
		envoi_settings_set(wire->settings, "limits.output-bytes", "64k"), ENVOI_OK);
	assert_int_equal(
		envoi_settings_set(wire->settings, "limits.outbox-stanzas", "100"), ENVOI_OK);
	wire_go_online(wire);
	envoi_memory_end_pause(wire->end, true);
}

static void after_a_loss_every_ticket_says_what_is_known(void **state)
{
	enum {
		COUNT = 400
	};
	struct wire *wire = *state;
	setup_small(wire);
	struct wire_ticket *tickets = calloc(COUNT, sizeof(*tickets));
	assert_non_null(tickets);
	size_t sent = send_until_full(wire, tickets, 150);
	wire_run(wire, 0);
	sent += send_until_full(wire, tickets + sent, COUNT - sent);
	assert_true(sent < COUNT);
	assert_true(wire_stats(wire).outbox_stanzas > 0);
	wire_run(wire, 0);
	size_t written = 0, unknown = 0, not_sent = 0;
	for (; written < sent && tickets[written].told == 1; written++) {
		assert_int_equal(tickets[written].state, ENVOI_TICKET_WRITTEN);
	}
	envoi_memory_pair_cut(wire->pair);
	wire_run(wire, 0);
	size_t i = written;
	for (; i < sent && tickets[i].state == ENVOI_TICKET_UNKNOWN; i++) {
		unknown++;
	}
	for (; i < sent && tickets[i].state == ENVOI_TICKET_NOT_SENT; i++) {
		not_sent++;
	}
	assert_int_equal(written + unknown + not_sent, sent);
	assert_true(written > 0 && unknown > 0 && not_sent > 0);
	for (i = 0; i < sent; i++) {
		assert_int_equal(tickets[i].told, 1);
	}
	assert_int_equal(wire_stats(wire).outbox_stanzas, 0);
	assert_int_equal(wire_stats(wire).outbox_bytes, 0);

	wire_go_online(wire); /* counting starts again */
	assert_int_equal(send_until_full(wire, tickets, 2), 2);
	assert_int_equal(tickets[0].told, 0);
	wire_run(wire, 0);
	assert_int_equal(tickets[0].state, ENVOI_TICKET_WRITTEN);
	assert_int_equal(tickets[1].told, 1);
	free(tickets);
}

static void the_outbox_is_bounded_and_continues_when_the_peer_reads(void **state)
{
	struct wire *wire = *state;
	setup_small(wire);
	size_t sent = send_until_full(wire, NULL, 10000);
	assert_true(sent < 10000);
	assert_int_equal(wire_stats(wire).outbox_stanzas, 100);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "x", NULL), ENVOI_ERR_FULL);
	envoi_memory_end_pause(wire->end, false);
	wire_run(wire, 0);
	assert_int_equal(wire_stats(wire).outbox_stanzas, 0);
	size_t heard = 0;
	for (const char *at = wire_heard(wire); (at = strstr(at, "</message>")) != NULL; at++) {
		heard++;
	}
	assert_int_equal(heard, sent);
}

static void a_stanza_longer_than_the_output_limit_is_refused(void **state)
{
	struct wire *wire = *state;
	setup_small(wire);
	static char body[65537];
	memset(body, 'x', sizeof(body) - 1);
	assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_ERR_FULL);
	body[60000] = '\0';
	assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_OK);
}

static void a_ticket_is_cancelled_until_the_stream_has_its_stanza(void **state)
{
	struct wire *wire = *state;
	struct wire_ticket early, late;
	setup_small(wire);
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "early", wire_ticket(&early, wire, "early")),
		ENVOI_OK);
	assert_int_equal(envoi_ticket_cancel(&early.ticket), ENVOI_ERR_STATE);
	size_t sent = send_until_full(wire, NULL, 150);
	assert_int_equal(sent, 150);
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "late", wire_ticket(&late, wire, "late")),
		ENVOI_OK);
	size_t waiting = wire_stats(wire).outbox_stanzas;
	assert_int_equal(envoi_ticket_cancel(&late.ticket), ENVOI_OK);
	assert_int_equal(envoi_ticket_cancel(&late.ticket), ENVOI_ERR_STATE);
	assert_int_equal(late.told, 0);
	assert_int_equal(wire_stats(wire).outbox_stanzas, waiting - 1);
	envoi_memory_end_pause(wire->end, false);
	wire_run(wire, 0);
	assert_int_equal(late.told, 1);
	assert_int_equal(late.state, ENVOI_TICKET_CANCELED);
	assert_int_equal(early.state, ENVOI_TICKET_WRITTEN);
	assert_null(strstr(wire_heard(wire), "late"));
}

static void closing_waits_for_the_outbox_but_not_for_ever(void **state)
{
	struct wire *wire = *state;
	struct wire_ticket last;
	setup_small(wire);
	assert_int_equal(send_until_full(wire, NULL, 150), 150);
	assert_int_equal(
		envoi_send_text(wire->session, "a@b", "last", wire_ticket(&last, wire, "last")),
		ENVOI_OK);
	envoi_session_close(wire->session);
	wire_run(wire, 1000);
	envoi_memory_end_pause(wire->end, false);
	wire_run(wire, 0);
	assert_int_equal(last.state, ENVOI_TICKET_WRITTEN);
	assert_non_null(strstr(wire_heard(wire), "<body>last</body></message></stream:stream>"));
	envoi_session_detach(wire->session);

	wire_go_online(wire);
	envoi_memory_end_pause(wire->end, true);
	assert_int_equal(send_until_full(wire, NULL, 150), 150);
	envoi_session_close(wire->session);
	wire_run(wire, 60000);
	assert_int_equal(wire->closed_count, 1);
}

/* As much is refused as is over the limit, to the byte. */
static void the_outbox_is_bounded_in_bytes_too(void **state)
{
	struct wire *wire = *state;
	static char body[60001];
	memset(body, 'x', sizeof(body) - 1);
	assert_int_equal(
		envoi_settings_set(wire->settings, "limits.outbox-bytes", "64k"), ENVOI_OK);
	setup_small(wire);
	send_until_full(wire, NULL, 10000);
	size_t before = wire_stats(wire).outbox_bytes;
	assert_true(before < 65536 && before > 60000);
	assert_true(wire_stats(wire).outbox_stanzas < 100);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "", NULL), ENVOI_OK);
	size_t least = wire_stats(wire).outbox_bytes - before;
	size_t room = 65536 - before - 2 * least - (strlen("<body></body>") - strlen("<body/>"));
	body[room + 1] = '\0';
	assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_ERR_FULL);
	body[room] = '\0';
	assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_OK);
	assert_int_equal(wire_stats(wire).outbox_bytes, 65536);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "", NULL), ENVOI_ERR_FULL);
}

static void cancelling_the_last_waiting_ticket_lets_a_closing_stream_close(void **state)
{
	struct wire *wire = *state;
	static struct wire_ticket tickets[151];
	char large[2000];
	memset(large, ' ', sizeof(large));
	setup_small(wire);
	size_t sent = send_until_full(wire, tickets, 151);
	envoi_session_close(wire->session);
	size_t canceled = 0;
	for (size_t i = 0; i < sent; i++) {
		canceled += envoi_ticket_cancel(&tickets[i].ticket) == ENVOI_OK;
		assert_int_equal(envoi_stream_send(
					 envoi_session_stream(wire->session), large, sizeof(large)),
			wire_stats(wire).outbox_stanzas > 0 ? ENVOI_ERR_FULL : ENVOI_ERR_STATE);
	}
	assert_true(canceled > 1);
	assert_int_equal(wire_stats(wire).outbox_stanzas, 0);
	envoi_memory_end_pause(wire->end, false);
	wire_run(wire, 0);
	assert_non_null(strstr(wire_heard(wire), "</stream:stream>"));
}

static void the_memory_of_a_long_stanza_is_given_back(void **state)
{
	(void)state;
	struct test_allocator allocator = {0};
	struct envoi_allocator functions = test_allocator_functions(&allocator);
	struct wire *wire = calloc(1, sizeof(*wire));
	char *body = malloc(1000001);
	assert_true(wire != NULL && body != NULL);
	memset(body, 'x', 1000000);
	body[1000000] = '\0';
	wire_init(wire, &(struct envoi_context_options){.allocator = functions});
	wire_go_online(wire);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "short", NULL), ENVOI_OK);
	wire_run(wire, 0);
	(void)wire_heard(wire);
	size_t before = allocator.bytes;
	assert_int_equal(envoi_send_text(wire->session, "a@b", body, NULL), ENVOI_OK);
	assert_true(allocator.bytes > before + 1000000);
	wire_run(wire, 0);
	(void)wire_heard(wire);
	assert_int_equal(envoi_send_text(wire->session, "a@b", "short", NULL), ENVOI_OK);
	wire_run(wire, 0);
	envoi_session_detach(wire->session);
	envoi_memory_end_free(wire->end);
	wire->end = NULL;
	wire->pair = envoi_memory_pair_unref(wire->pair);
	assert_true(allocator.bytes < before);
	wire_finish(wire);
	assert_int_equal(allocator.live, 0);
	free(wire);
	free(body);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, wire_setup, wire_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ticket_in_use_cannot_be_used_again_before_it_has_ended),
		TEST(after_a_loss_every_ticket_says_what_is_known),
		TEST(the_outbox_is_bounded_and_continues_when_the_peer_reads),
		TEST(a_stanza_longer_than_the_output_limit_is_refused),
		TEST(a_ticket_is_cancelled_until_the_stream_has_its_stanza),
		TEST(closing_waits_for_the_outbox_but_not_for_ever),
		TEST(the_outbox_is_bounded_in_bytes_too),
		TEST(cancelling_the_last_waiting_ticket_lets_a_closing_stream_close),
		cmocka_unit_test(the_memory_of_a_long_stanza_is_given_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
