/*
 * envoi - stream management: sessions that are resumed: tests
 * SPDX-License-Identifier: MIT
 *
 * Private headers: counters that start near 2^32.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <envoi/ext/client_state.h>

#include "session/journal/journal_record.h"
#include "session/session.h"
#include "stream_management_fixture.h"
#include "test_allocator.h"
#include "wire.h"

/* --- resuming (section 5) --- */

static void unhandled_stanzas_are_sent_again_in_order(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	static const char *const names[] = {"1", "2", "3", "4", "5"};
	for (size_t i = 0; i < 5; i++) {
		sm_send_with_ticket(wire, i, names[i]);
	}
	(void)wire_talk(wire, "<message id='in'/>");
	assert_string_equal(sm_got(), "in ");
	uint64_t epoch = envoi_session_epoch(wire->session);
	sm_cut(wire);
	(void)wire_log(wire);
	sm_offer_resumption(wire, "s1", "1");
	assert_string_equal(
		sm_short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='3'/>")), "4 5 r ");
	assert_true(envoi_session_is_online(wire->session));
	assert_int_equal(envoi_session_epoch(wire->session), epoch);
	assert_string_equal(wire_log(wire),
		"stream-opened\nauthenticated\n1 acknowledged\n2 acknowledged\n3 acknowledged\n"
		"resumed " WIRE_OWN "\n");
	assert_string_equal(envoi_jid_text(envoi_session_jid(wire->session)), WIRE_OWN);
	assert_string_equal(wire_talk(wire, A("4") R "<message id='in2'/>" R), A("2"));
	assert_string_equal(wire_log(wire), "4 acknowledged\n");
	(void)wire_talk(wire, A("5"));
	assert_string_equal(wire_log(wire), "5 acknowledged\n");
	assert_int_equal(wire->session->outbox.kept_count, 0);
}

static void another_account_gets_nothing_of_the_session(void **state)
{
	static const char *const others[] = {
		"you@example.org/here", "me@example.net/here", "example.net"};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		sm_enable(wire, RESUMABLE);
		sm_send_with_ticket(wire, 0, "secret");
		sm_cut(wire);
		struct envoi_jid *first = wire->own;
		assert_int_equal(
			envoi_jid_from_text(&wire->own, wire->context, others[i]), ENVOI_OK);
		const char *heard = sm_offer(wire, SM_OFFER);
		assert_null(strstr(heard, "<resume "));
		assert_null(strstr(heard, "'s1'"));
		assert_null(strstr(heard, "secret"));
		assert_non_null(strstr(heard, ENVOI_NS_BIND));
		sm_cut(wire);
		wire_free_session(wire);
		envoi_jid_unref(wire->own);
		wire->own = first;
	}
}

static void what_an_earlier_session_has_answered_does_not_count(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, "<enabled " SM "/>");
	assert_string_equal(
		wire_talk(wire, "<message from='a@b'/><r " SM "/>"), "<a " SM " h='1'/>");
	sm_cut(wire);
	sm_enable(wire, "<enabled " SM "/>");
	wire_say(wire, "<message from='a@b'/>");
	wire_run(wire, 0);
	envoi_session_close(wire->session);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), "<a " SM " h='1'/></stream:stream>");
}

/* XEP-0352, section 4.2: each stream begins active. */
static void the_client_state_is_sent_on_a_stream_that_resumes_too(void **state)
{
	struct wire *wire = *state;
	struct envoi_handler *client_state;
	assert_int_equal(envoi_client_state_handler_new(&client_state, wire->context), ENVOI_OK);
	assert_int_equal(envoi_client_state_set(client_state, false), ENVOI_DECLINED);
	sm_make_session(wire);
	assert_int_equal(envoi_session_add(wire->session, client_state), ENVOI_OK);
	const char *heard = sm_answer_binding(wire, sm_offer(wire, SM_OFFER CSI_OFFER));
	assert_int_equal(sm_count_of(heard, INACTIVE), 1);
	assert_string_equal(wire_talk(wire, RESUMABLE), "");
	sm_cut(wire);
	assert_null(strstr(sm_offer(wire, SM_OFFER CSI_OFFER), INACTIVE));
	heard = wire_talk(wire, "<resumed " SM " previd='s1' h='0'/>");
	assert_int_equal(sm_count_of(heard, INACTIVE), 1);
	assert_true(envoi_session_is_online(wire->session));
	wire_free_session(wire);
	envoi_handler_destroy(client_state);
}

/* Each direction has its own count. */
static void both_directions_are_counted_by_themselves(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_many(wire, 3);
	for (size_t i = 0; i < 7; i++) {
		wire_say(wire, "<message id='m'/>");
	}
	wire_run(wire, 0);
	sm_cut(wire);
	sm_offer_resumption(wire, "s1", "7");
	assert_string_equal(
		sm_short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='2'/>")), "x ");
	sm_cut(wire);
	sm_offer_resumption(wire, "s1", "7");
	assert_string_equal(
		sm_short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='3'/>")), "");
}

static void send_new(struct wire *wire)
{
	sm_send_one(wire, "new");
}

static void new_stanzas_do_not_overtake_the_old(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_one(wire, "1");
	sm_send_one(wire, "2");
	wire_run(wire, 0);
	sm_cut(wire);
	wire->on_ready = send_new;
	sm_send_one(wire, "suspended");
	sm_offer_resumption(wire, "s1", "0");
	assert_string_equal(sm_short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='0'/>")),
		"1 2 suspended new ");
	wire->on_ready = NULL;
}

static void stanzas_sent_on_a_dead_link_are_numbered(void **state)
{
	struct envoi_memory_script dead = ENVOI_MEMORY_SCRIPT_INIT;
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_with_ticket(wire, 0, "1");
	wire_run(wire, 0);
	dead.stall_at = envoi_memory_pair_sent(wire->pair, ENVOI_MEMORY_A);
	envoi_memory_pair_script(wire->pair, ENVOI_MEMORY_A, &dead);
	sm_send_with_ticket(wire, 1, "2");
	sm_send_with_ticket(wire, 2, "3");
	wire_run(wire, 1000);
	sm_cut(wire);
	(void)wire_log(wire);
	sm_offer_resumption(wire, "s1", "0");
	assert_string_equal(
		sm_short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='1'/>")), "2 3 r ");
	assert_string_equal(wire_log(wire),
		"stream-opened\nauthenticated\n1 acknowledged\nresumed " WIRE_OWN "\n");
	(void)wire_talk(wire, A("3"));
	assert_string_equal(wire_log(wire), "2 acknowledged\n3 acknowledged\n");
}

/* The peer has held the first back, and the others with it. */
static void suspend_with_one_sent_again(struct wire *wire)
{
	static const char *const names[] = {"1", "2", "3"};
	sm_enable(wire, RESUMABLE);
	for (size_t i = 0; i < 3; i++) {
		sm_send_with_ticket(wire, i, names[i]);
	}
	sm_end_with(wire, "policy-violation");
	(void)wire_log(wire);
	sm_offer_resumption(wire, "s1", "0");
	assert_string_equal(
		sm_short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='0'/>")), "1 r ");
	(void)wire_log(wire);
}

static void what_an_earlier_stream_has_sent_may_be_acknowledged(void **state)
{
	struct wire *wire = *state;
	suspend_with_one_sent_again(wire);
	sm_cut(wire);
	(void)wire_log(wire);
	sm_offer_resumption(wire, "s1", "0");
	assert_string_equal(
		sm_short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='3'/>")), "");
	assert_string_equal(wire_log(wire),
		"stream-opened\nauthenticated\n1 acknowledged\n2 acknowledged\n3 acknowledged\n"
		"resumed " WIRE_OWN "\n");
	sm_send_with_ticket(wire, 3, "4");
	(void)wire_talk(wire, A("4"));
	assert_string_equal(wire_log(wire), "4 acknowledged\n");
}

/* Both sides count what the stream sends. */
static void what_is_acknowledged_early_is_sent_again(void **state)
{
	struct wire *wire = *state;
	suspend_with_one_sent_again(wire);
	assert_string_equal(sm_short_of(wire_talk(wire, A("3"))), "2 r ");
	assert_string_equal(wire_log(wire), "1 acknowledged\n");
	assert_string_equal(sm_short_of(wire_talk(wire, A("3"))), "3 r ");
	(void)wire_talk(wire, A("3"));
	assert_string_equal(wire_log(wire), "2 acknowledged\n3 acknowledged\n");
	assert_non_null(strstr(wire_talk(wire, A("4")), "handled-count-too-high"));
}

static void pending_requests_do_not_outlive_their_stream(void **state)
{
	struct wire *wire = *state;
	for (int resumes = 0; resumes < 2; resumes++) {
		sm_enable(wire, RESUMABLE);
		sm_send_many(wire, 10);
		wire_run(wire, 0);
		assert_int_equal(sm_count_of(wire_heard(wire), R), 1);
		wire_say(wire, R);
		sm_cut(wire);
		sm_offer_resumption(wire, "s1", "0");
		if (resumes) {
			(void)wire_talk(wire, "<resumed " SM " previd='s1' h='10'/>");
		} else {
			(void)sm_answer_binding(wire, wire_talk(wire, "<failed " SM "/>"));
			(void)wire_talk(wire, RESUMABLE);
		}
		sm_send_many(wire, 10);
		wire_run(wire, 0);
		assert_int_equal(sm_count_of(wire_heard(wire), R), 1);
		sm_cut(wire);
		envoi_session_set_resumable(wire->session, false);
	}
}

static void counters_pass_the_largest_number(void **state)
{
	struct wire *wire = *state;
	sm_make_session(wire);
	sm_of(wire)->first = (uint64_t)UINT32_MAX - 2;
	sm_enable(wire, RESUMABLE);
	assert_string_equal(wire_talk(wire, R), A("4294967293"));
	static const char *const names[] = {"1", "2", "3", "4", "5", "6"};
	for (size_t i = 0; i < 6; i++) {
		sm_send_with_ticket(wire, i, names[i]);
		char text[64];
		snprintf(text, sizeof(text), "<message id='%s'/>", names[i]);
		wire_say(wire, text);
	}
	assert_string_equal(sm_short_of(wire_talk(wire, A("4294967295") R)), "1 2 3 4 5 6 r a3 ");
	assert_string_equal(wire_log(wire), "1 acknowledged\n2 acknowledged\n");
	(void)wire_talk(wire, A("0"));
	assert_string_equal(wire_log(wire), "3 acknowledged\n");
	sm_cut(wire);
	(void)wire_log(wire);
	sm_offer_resumption(wire, "s1", "3");
	assert_string_equal(
		sm_short_of(wire_talk(wire, "<resumed " SM " previd='s1' h='1'/>")), "5 6 r ");
	(void)wire_talk(wire, A("3"));
	assert_string_equal(wire_log(wire),
		"stream-opened\nauthenticated\n4 acknowledged\nresumed " WIRE_OWN
		"\n5 acknowledged\n6 acknowledged\n");
	assert_non_null(strstr(wire_talk(wire, A("4")), " h='4' send-count='3'/>"));
}

static void backward_over_the_largest_number_is_fatal(void **state)
{
	struct wire *wire = *state;
	sm_make_session(wire);
	sm_of(wire)->first = (uint64_t)UINT32_MAX - 2;
	sm_enable(wire, RESUMABLE);
	sm_send_many(wire, 5);
	(void)wire_talk(wire, A("1"));
	assert_true(envoi_session_is_online(wire->session));
	const char *heard = wire_talk(wire, A("4294967295"));
	assert_non_null(strstr(heard, "<undefined-condition "));
	assert_null(strstr(heard, "too-high"));
}

static void failed_with_h_ends_tickets_of_handled_stanzas(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	static const char *const names[] = {"1", "2", "3", "4", "5"};
	for (size_t i = 0; i < 5; i++) {
		sm_send_with_ticket(wire, i, names[i]);
	}
	wire_run(wire, 0);
	uint64_t epoch = envoi_session_epoch(wire->session);
	sm_cut(wire);
	(void)wire_log(wire);
	sm_offer_resumption(wire, "s1", "0");
	const char *heard = wire_talk(wire,
		"<failed " SM
		" h='3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
	assert_string_equal(wire_log(wire),
		"stream-opened\nauthenticated\n1 acknowledged\n2 acknowledged\n3 acknowledged\n");
	heard = sm_answer_binding(wire, heard);
	assert_non_null(strstr(heard, "<enable "));
	assert_int_equal(envoi_session_epoch(wire->session), epoch + 1);
	const char *log = wire_log(wire);
	assert_null(strstr(log, "4 acknowledged"));
	assert_null(strstr(log, "5 acknowledged"));
}

/* As Prosody does when the session has more stanzas to repeat than it keeps. */
static void failed_may_be_followed_by_an_acknowledgement_and_the_end(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_with_ticket(wire, 0, "1");
	wire_run(wire, 0);
	sm_cut(wire);
	sm_offer_resumption(wire, "s1", "0");
	(void)wire_talk(wire, "<failed " SM " h='1' previd='s1'/>");
	(void)wire_talk(wire,
		A("1") "<stream:error><resource-constraint "
		       "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
		       "</stream:stream>");
	wire_run(wire, 10000);
	assert_int_equal(wire->closed.code, ENVOI_ERR_STREAM);
	assert_int_equal(wire->closed.stream_condition, ENVOI_STREAM_RESOURCE_CONSTRAINT);
	assert_non_null(strstr(wire_log(wire), "1 acknowledged\n"));
}

static void failed_with_a_wrong_h_is_fatal_and_not_repeated(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_many(wire, 2);
	wire_run(wire, 0);
	sm_cut(wire);
	sm_offer_resumption(wire, "s1", "0");
	(void)wire_talk(wire, "<failed " SM " h='3'/></stream:stream>");
	wire_run(wire, 10000);
	assert_int_equal(wire->closed.code, ENVOI_ERR_PROTOCOL);
	assert_non_null(strstr(sm_offer(wire, SM_OFFER), "<iq "));
}

static void counting_starts_again_after_a_failed_resumption(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_many(wire, 3);
	(void)wire_talk(wire, "<message id='1'/><message id='2'/>");
	sm_cut(wire);
	sm_offer_resumption(wire, "s1", "2");
	const char *heard = sm_answer_binding(wire, wire_talk(wire, "<failed " SM "/>"));
	assert_string_equal(heard, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
	assert_string_equal(wire_talk(wire, "<enabled " SM " id='s2' resume='true'/>" R), A("0"));
	(void)wire_log(wire);
	sm_send_with_ticket(wire, 0, "one");
	(void)wire_talk(wire, A("1"));
	assert_string_equal(wire_log(wire), "one acknowledged\n");
	sm_cut(wire);
	sm_offer_resumption(wire, "s2", "0");
}

static void resumed_must_have_the_requested_previd(void **state)
{
	static const char *const answers[] = {
		"<resumed " SM " previd='other' h='0'/>",
		"<resumed " SM " h='0'/>",
		"<resumed " SM " previd='s1'/>",
		"<resumed " SM " previd='s1' h='7'/>",
		"<resumed " SM " previd='s1' h='x'/>",
		RESUMABLE,
		"<message/>",
	};
	struct wire *wire = *state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		sm_enable(wire, RESUMABLE);
		sm_send_many(wire, 2);
		wire_run(wire, 0);
		sm_cut(wire);
		sm_offer_resumption(wire, "s1", "0");
		assert_non_null(strstr(wire_talk(wire, answers[i]), "<stream:error>"));
		wire_say(wire, "</stream:stream>");
		wire_run(wire, 10000);
		assert_int_equal(wire->closed.code, ENVOI_ERR_PROTOCOL);
		assert_false(envoi_session_is_online(wire->session));
		envoi_session_set_resumable(wire->session, false);
	}
}

static void a_resumption_without_answer_is_tried_once_more(void **state)
{
	struct wire *wire = *state;
	for (int is_silent = 0; is_silent < 2; is_silent++) {
		sm_enable(wire, RESUMABLE);
		sm_send_with_ticket(wire, 0, "one");
		wire_run(wire, 0);
		uint64_t epoch = envoi_session_epoch(wire->session);
		sm_cut(wire);
		for (int i = 0; i < 2; i++) {
			sm_offer_resumption(wire, "s1", "0");
			if (!is_silent) {
				(void)wire_talk(wire, "</stream:stream>");
			}
			wire_run(wire, 30000);
			assert_null(envoi_session_stream(wire->session));
			assert_int_equal(envoi_session_epoch(wire->session), epoch);
		}
		(void)wire_log(wire);
		assert_non_null(
			strstr(sm_answer_binding(wire, sm_offer(wire, SM_OFFER)), "<enable "));
		assert_int_equal(envoi_session_epoch(wire->session), epoch + 1);
		assert_int_equal(sm_count_of(wire_log(wire), "one unknown\n"), 1);
		(void)wire_talk(wire, RESUMABLE);
		sm_cut(wire);
		assert_true(envoi__sm_can_resume(wire->session));
		envoi_session_set_resumable(wire->session, false);
	}
}

static void an_expired_session_is_tried_nevertheless(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, "<enabled " SM " id='s1' resume='true' max='4'/>");
	sm_send_with_ticket(wire, 0, "one");
	wire_run(wire, 60000);
	assert_int_equal(envoi__sm_time_left_ms(wire->session), 4000);
	sm_cut(wire);
	wire_run(wire, 3000);
	assert_int_equal(envoi__sm_time_left_ms(wire->session), 1000);
	sm_offer_resumption(wire, "s1", "0");
	sm_cut(wire);
	wire_run(wire, 1000);
	assert_int_equal(envoi__sm_time_left_ms(wire->session), 0);
	sm_offer_resumption(wire, "s1", "0");
	(void)wire_talk(wire, "</stream:stream>");
	wire_run(wire, 30000);
	assert_non_null(strstr(sm_offer(wire, SM_OFFER), "<iq "));
}

static void an_expired_session_is_tried_once(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, "<enabled " SM " id='s1' resume='true' max='4'/>");
	sm_cut(wire);
	wire_run(wire, 4000);
	sm_offer_resumption(wire, "s1", "0");
	sm_cut(wire);
	assert_non_null(strstr(sm_answer_binding(wire, sm_offer(wire, SM_OFFER)), "<enable "));
	(void)wire_talk(wire, "<enabled " SM " id='s2' resume='true' max='4'/>");
	sm_cut(wire);
	wire_run(wire, 4000);
	sm_offer_resumption(wire, "s2", "0");
	(void)wire_talk(wire, "<resumed " SM " previd='s2' h='0'/>");
	sm_cut(wire);
	sm_offer_resumption(wire, "s2", "0");
}

static void a_server_that_offers_it_no_more_gets_a_new_session(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	uint64_t epoch = envoi_session_epoch(wire->session);
	sm_cut(wire);
	assert_string_equal(sm_answer_binding(wire, sm_offer(wire, "")), "");
	assert_true(envoi_session_is_online(wire->session));
	assert_int_equal(envoi_session_epoch(wire->session), epoch + 1);
}

static void a_stream_that_the_peer_closed_in_order_is_not_resumed(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	(void)wire_talk(wire, "</stream:stream>");
	wire_run(wire, 10000);
	assert_null(envoi_session_stream(wire->session));
	assert_false(envoi__sm_can_resume(wire->session));
	assert_int_equal(envoi_session_epoch(wire->session), 2);
}

static void a_stream_error_of_the_peer_leaves_a_session_to_be_tried(void **state)
{
	struct wire *wire = *state;
	sm_enable(wire, RESUMABLE);
	sm_send_with_ticket(wire, 0, "one");
	(void)wire_talk(wire,
		"<stream:error><not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		"</stream:error></stream:stream>");
	wire_run(wire, 10000);
	(void)wire_log(wire);
	sm_offer_resumption(wire, "s1", "0");
	(void)sm_answer_binding(wire, wire_talk(wire, "<failed " SM "/>"));
	assert_non_null(strstr(wire_log(wire), "one unknown\n"));
}

/* --- what else comes and goes --- */

/* A stream error would end the session at the peer. */
static void a_stanza_without_memory_leaves_a_session_to_be_resumed(void **state)
{
	bool has_failed = true;
	unsigned int cuts = 0;
	(void)state;
	for (size_t n = 1; has_failed; n++) {
		void *own;
		struct test_allocator allocator = {.fail_at = 0};
		sm_setup_with(&own,
			&(struct envoi_context_options){
				.allocator = test_allocator_functions(&allocator)});
		struct wire *wire = own;
		sm_enable(wire, RESUMABLE);
		allocator.fail_at = allocator.calls + n;
		const char *heard = wire_talk(wire,
			"<message id='1' xmlns:a='urn:a'><a:x b='c'/><body>text</body></message>");
		has_failed = allocator.calls >= allocator.fail_at;
		allocator.fail_at = 0;
		assert_null(strstr(heard, "<stream:error>"));
		if (envoi_session_stream(wire->session) == NULL) {
			cuts++;
			assert_non_null(strstr(sm_offer(wire, SM_OFFER), "<resume "));
		}
		sm_teardown(&own);
		assert_int_equal(allocator.live, 0);
	}
	assert_true(cuts > 0);
}

/* XEP-0352, section 5: the state belongs to the stream, and a resumption does not restore it. */
static void the_client_state_is_sent_again_on_the_stream_that_resumes(void **state)
{
	static const char inactive[] = "<inactive xmlns='urn:xmpp:csi:0'/>";
	struct wire *wire = *state;
	struct envoi_handler *client_state;
	sm_make_session(wire);
	assert_int_equal(envoi_client_state_handler_new(&client_state, wire->context), ENVOI_OK);
	assert_int_equal(envoi_session_add(wire->session, client_state), ENVOI_OK);
	assert_non_null(
		strstr(sm_answer_binding(wire, sm_offer(wire, SM_OFFER CSI_OFFER)), "<enable "));
	(void)wire_talk(wire, RESUMABLE);
	assert_int_equal(envoi_client_state_set(client_state, false), ENVOI_OK);
	wire_run(wire, 0);
	assert_string_equal(wire_heard(wire), inactive);
	sm_send_one(wire, "1");
	wire_run(wire, 0);
	sm_cut(wire);
	assert_non_null(strstr(sm_offer(wire, SM_OFFER CSI_OFFER), "<resume "));
	const char *heard = wire_talk(wire, "<resumed " SM " previd='s1' h='0'/>");
	assert_int_equal(sm_count_of(heard, inactive), 1);
	assert_string_equal(sm_short_of(heard), "1 ");
	assert_string_equal(wire_talk(wire, R A("1")), A("0"));
	wire_free_session(wire);
	envoi_handler_destroy(client_state);
}

/* --- a journal --- */

static void a_journal_keeps_the_location_with_its_port(void **state)
{
	struct wire *wire = *state;
	struct envoi_buffer out;
	struct envoi_session *next;
	struct envoi_jid *account;
	sm_enable(wire, RESUMABLE);
	wire->session->sm.location = envoi_strndup(wire->context, "other.example", 13);
	wire->session->sm.location_port = 5299;
	envoi_buffer_init(&out, wire->context, 0);
	assert_int_equal(envoi_session_write_journal(wire->session, &out), ENVOI_OK);
	assert_int_equal(envoi_session_new(&next, wire->context, wire->settings), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&account, wire->context, "me@example.org"), ENVOI_OK);
	assert_int_equal(envoi_session_load_journal(
				 next, account, envoi_buffer_data(&out), envoi_buffer_len(&out)),
		ENVOI_OK);
	assert_string_equal(next->sm.location, "other.example");
	assert_int_equal(next->sm.location_port, 5299);
	envoi_session_free(next);
	envoi_jid_unref(account);
	envoi_buffer_finish(&out);
}

static int load_version(struct wire *wire, uint64_t version)
{
	const struct envoi__record record = {ENVOI__RECORD_ACCOUNT,
		envoi_context_wall_clock_ms(wire->context), version, "me@example.org",
		strlen("me@example.org")};
	struct envoi_session *session;
	struct envoi_jid *account;
	struct envoi_buffer out;
	envoi_buffer_init(&out, wire->context, 0);
	assert_int_equal(envoi__record_write(&out, &record), ENVOI_OK);
	assert_int_equal(envoi_session_new(&session, wire->context, wire->settings), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&account, wire->context, "me@example.org"), ENVOI_OK);
	int r = envoi_session_load_journal(
		session, account, envoi_buffer_data(&out), envoi_buffer_len(&out));
	envoi_session_free(session);
	envoi_jid_unref(account);
	envoi_buffer_finish(&out);
	return r;
}

static void a_journal_of_another_version_is_refused(void **state)
{
	assert_int_equal(load_version(*state, ENVOI__JOURNAL_VERSION - 1), ENVOI_ERR_INVALID);
	assert_int_equal(load_version(*state, ENVOI__JOURNAL_VERSION + 1), ENVOI_ERR_INVALID);
	assert_int_equal(load_version(*state, ENVOI__JOURNAL_VERSION), ENVOI_OK);
}

/* Until <enabled/> comes, the numbers are not those of the session before. */
static void a_journal_written_before_enabled_begins_with_nothing_handled(void **state)
{
	struct wire *wire = *state;
	struct envoi_buffer out;
	struct envoi_session *next;
	struct envoi_jid *account;
	sm_enable(wire, RESUMABLE);
	(void)wire_talk(wire, "<message id='1'/><message id='2'/>");
	sm_cut(wire);
	sm_offer_resumption(wire, "s1", "2");
	(void)sm_answer_binding(wire, wire_talk(wire, "<failed " SM "/>"));
	envoi_buffer_init(&out, wire->context, 0);
	assert_int_equal(envoi_session_write_journal(wire->session, &out), ENVOI_OK);
	assert_int_equal(envoi_session_new(&next, wire->context, wire->settings), ENVOI_OK);
	assert_int_equal(envoi_jid_from_text(&account, wire->context, "me@example.org"), ENVOI_OK);
	assert_int_equal(envoi_session_load_journal(
				 next, account, envoi_buffer_data(&out), envoi_buffer_len(&out)),
		ENVOI_OK);
	assert_int_equal(next->sm.handled, 0);
	envoi_session_free(next);
	envoi_jid_unref(account);
	envoi_buffer_finish(&out);
}

static bool is_full; /* the journal */

static int append(struct envoi_journal *journal, const void *record, size_t len)
{
	(void)journal;
	(void)record;
	(void)len;
	return is_full ? ENVOI_ERR_FULL : ENVOI_OK;
}

/* The server may have read a request that it has not answered. */
static void without_a_record_a_resumption_repeats_the_last_number(void **state)
{
	static const struct envoi_journal_impl impl = {append};
	static struct envoi_journal journal = {&impl};
	struct wire *wire = *state;
	is_full = false;
	sm_make_session(wire);
	assert_int_equal(envoi_session_set_journal(wire->session, &journal), ENVOI_OK);
	sm_enable(wire, RESUMABLE);
	(void)wire_talk(wire, "<message id='1'/>");
	sm_cut(wire);
	sm_offer_resumption(wire, "s1", "1");
	sm_cut(wire);
	is_full = true;
	sm_offer_resumption(wire, "s1", "1");
	(void)wire_talk(wire, "<resumed " SM " previd='s1' h='0'/><message id='2'/>");
	sm_cut(wire);
	sm_offer_resumption(wire, "s1", "1");
	(void)wire_talk(wire, "<resumed " SM " previd='s1' h='0'/><message id='2'/>");
	assert_string_equal(sm_got(), "1 2 ");
	is_full = false;
	sm_cut(wire);
	sm_offer_resumption(wire, "s1", "2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sm_setup, sm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unhandled_stanzas_are_sent_again_in_order),
		TEST(another_account_gets_nothing_of_the_session),
		TEST(what_an_earlier_session_has_answered_does_not_count),
		TEST(a_journal_keeps_the_location_with_its_port),
		TEST(a_journal_of_another_version_is_refused),
		TEST(a_journal_written_before_enabled_begins_with_nothing_handled),
		TEST(without_a_record_a_resumption_repeats_the_last_number),
		TEST(the_client_state_is_sent_on_a_stream_that_resumes_too),
		TEST(both_directions_are_counted_by_themselves),
		TEST(new_stanzas_do_not_overtake_the_old),
		TEST(stanzas_sent_on_a_dead_link_are_numbered),
		TEST(what_an_earlier_stream_has_sent_may_be_acknowledged),
		TEST(what_is_acknowledged_early_is_sent_again),
		TEST(pending_requests_do_not_outlive_their_stream),
		TEST(counters_pass_the_largest_number),
		TEST(backward_over_the_largest_number_is_fatal),
		TEST(failed_with_h_ends_tickets_of_handled_stanzas),
		TEST(failed_may_be_followed_by_an_acknowledgement_and_the_end),
		TEST(failed_with_a_wrong_h_is_fatal_and_not_repeated),
		TEST(counting_starts_again_after_a_failed_resumption),
		TEST(resumed_must_have_the_requested_previd),
		TEST(a_resumption_without_answer_is_tried_once_more),
		TEST(an_expired_session_is_tried_nevertheless),
		TEST(an_expired_session_is_tried_once),
		TEST(a_server_that_offers_it_no_more_gets_a_new_session),
		TEST(a_stream_that_the_peer_closed_in_order_is_not_resumed),
		TEST(a_stream_error_of_the_peer_leaves_a_session_to_be_tried),
		cmocka_unit_test(a_stanza_without_memory_leaves_a_session_to_be_resumed),
		TEST(the_client_state_is_sent_again_on_the_stream_that_resumes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
