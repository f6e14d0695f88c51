/*
 * envoi - presence subscriptions: tests
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

#include "wire.h"

#define PUSH(items) "<iq type='set' id='p'><query xmlns='jabber:iq:roster'>" items "</query></iq>"
#define FROM_BOB(type) "<presence type='" type "' from='bob@example.org'/>"
#define TO_BOB(type) "<presence type='" type "' to='bob@example.org'/>"

struct fixture {
	struct wire wire;
	struct envoi_roster *roster;
	struct envoi_subscriptions *subscriptions;
	struct envoi_jid *bob;
	struct envoi_handler filter;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	wire_init(&f->wire, NULL);
	wire_go_online(&f->wire);
	assert_int_equal(envoi_roster_new(&f->roster, f->wire.session, f->wire.settings), ENVOI_OK);
	assert_int_equal(envoi_subscriptions_new(
				 &f->subscriptions, f->wire.session, f->roster, f->wire.settings),
		ENVOI_OK);
	assert_int_equal(
		envoi_jid_from_text(&f->bob, f->wire.context, "bob@example.org/desk"), ENVOI_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	envoi_jid_unref(f->bob);
	envoi_subscriptions_free(f->subscriptions);
	envoi_roster_free(f->roster);
	wire_finish(&f->wire);
	free(f);
	return 0;
}

static void use_policy(struct fixture *f, const char *policy)
{
	assert_int_equal(
		envoi_settings_set(f->wire.settings, "subscription.policy", policy), ENVOI_OK);
}

static void push(struct fixture *f, const char *item)
{
	char iq[300];
	snprintf(iq, sizeof(iq), PUSH("%s"), item);
	wire_talk(&f->wire, iq);
	wire_log(&f->wire);
}

/* @return what is answered to a request of bob */
static const char *answer_to_bob(struct fixture *f)
{
	return wire_talk(&f->wire, FROM_BOB("subscribe"));
}

static void a_request_is_reported_once(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(wire_talk(&f->wire,
				    "<presence type='subscribe' from='bob@example.org/x'>"
				    "<status>It is me</status></presence>"),
		"");
	assert_string_equal(wire_log(&f->wire), "subscription-request It is me\n");
	assert_string_equal(answer_to_bob(f), "");
	assert_string_equal(answer_to_bob(f), "");
	assert_string_equal(wire_log(&f->wire), "");
	assert_int_equal(envoi_subscriptions_count(f->subscriptions), 1);
	const struct envoi_subscription_request *request = envoi_subscriptions_next(
		f->subscriptions, NULL);
	assert_string_equal(envoi_jid_text(request->jid), "bob@example.org");
	assert_string_equal(request->text, "It is me");
	assert_null(envoi_subscriptions_next(f->subscriptions, request));
	assert_ptr_equal(envoi_subscriptions_find(f->subscriptions, f->bob), request);
}

static void a_request_is_answered_later(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_subscriptions_approve(f->subscriptions, f->bob), ENVOI_ERR_NOT_FOUND);
	assert_string_equal(envoi_session_problem(f->wire.session),
		"subscriptions: bob@example.org/desk has no open request");
	answer_to_bob(f);
	wire_run(&f->wire, 100000);
	wire_heard(&f->wire);
	const struct envoi_jid *jid = envoi_subscriptions_next(f->subscriptions, NULL)->jid;
	assert_int_equal(envoi_subscriptions_approve(f->subscriptions, jid), ENVOI_OK);
	wire_run(&f->wire, 0);
	assert_string_equal(wire_heard(&f->wire), TO_BOB("subscribed"));
	assert_int_equal(envoi_subscriptions_count(f->subscriptions), 0);
	answer_to_bob(f);
	assert_int_equal(envoi_subscriptions_refuse(f->subscriptions, f->bob), ENVOI_OK);
	wire_run(&f->wire, 0);
	assert_string_equal(wire_heard(&f->wire), TO_BOB("unsubscribed"));
	assert_int_equal(envoi_subscriptions_refuse(f->subscriptions, f->bob), ENVOI_ERR_NOT_FOUND);
}

static void the_next_session_asks_again(void **state)
{
	struct fixture *f = *state;
	answer_to_bob(f);
	wire_log(&f->wire);
	envoi_session_detach(f->wire.session);
	wire_run(&f->wire, 0);
	assert_int_equal(envoi_subscriptions_count(f->subscriptions), 0);
}

static void a_request_ends_when_it_is_taken_back_or_answered_elsewhere(void **state)
{
	struct fixture *f = *state;
	answer_to_bob(f);
	wire_talk(&f->wire, FROM_BOB("unsubscribe"));
	assert_int_equal(envoi_subscriptions_count(f->subscriptions), 0);
	assert_non_null(strstr(wire_log(&f->wire), "subscription-ended bob@example.org\n"));
	answer_to_bob(f);
	push(f, "<item jid='bob@example.org' subscription='none'/>");
	assert_int_equal(envoi_subscriptions_count(f->subscriptions), 1);
	push(f, "<item jid='bob@example.org' subscription='from'/>");
	assert_int_equal(envoi_subscriptions_count(f->subscriptions), 0);
}

/* RFC 6121, section 3.1.6: an answer is not answered. */
static void answers_of_contacts_are_reported_and_not_answered(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *xml, *log;
	} cases[] = {
		{FROM_BOB("subscribed"), "subscription-approved bob@example.org\n"},
		{FROM_BOB("unsubscribed"), "subscription-refused bob@example.org\n"},
		{FROM_BOB("unsubscribe"), "subscription-ended bob@example.org\n"},
		{"<presence type='subscribed' from='bob@example.org/x'/>",
			"subscription-approved bob@example.org\n"},
		{"<presence type='subscribed'/>", ""},
		{"<presence type='subscribe'/>", ""},
		{"<presence type='subscribe' from='me@example.org/other'/>", ""},
		{"<presence type='subscribed' from='me@example.org'/>", ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(wire_talk(&f->wire, cases[i].xml), "");
		assert_string_equal(wire_log(&f->wire), cases[i].log);
	}
}

static void on_fetched(void *user, int code)
{
	(void)user;
	assert_int_equal(code, ENVOI_OK);
}

static void fetch_roster(struct fixture *f, const char *items)
{
	char list[300];
	snprintf(list, sizeof(list), "<query xmlns='jabber:iq:roster'>%s</query>", items);
	assert_int_equal(envoi_roster_fetch(f->roster, on_fetched, f), ENVOI_OK);
	wire_run(&f->wire, 0);
	char id[64], reply[500];
	const char *request = wire_heard(&f->wire);
	assert_int_equal(sscanf(strstr(request, " id='"), " id='%63[^']'", id), 1);
	snprintf(reply, sizeof(reply), "<iq type='result' id='%s'>%s</iq>", id, list);
	wire_talk(&f->wire, reply);
	assert_true(envoi_roster_is_complete(f->roster));
	wire_log(&f->wire);
}

/* @return how often it is reported */
static unsigned int approvals(struct fixture *f, const char *from)
{
	char xml[120];
	snprintf(xml, sizeof(xml), "<presence type='subscribed' from='%s'/>", from);
	assert_string_equal(wire_talk(&f->wire, xml), "");
	const char *log = wire_log(&f->wire);
	return log[0] == '\0' ? 0 : strstr(log, "subscription-approved") == log;
}

#define BOB(rest) "<item jid='bob@example.org' " rest "/>"

/* RFC 6121, section 3.1.6 */
static void an_approval_without_a_request_is_not_reported(void **state)
{
	struct fixture *f = *state;
	fetch_roster(
		f, BOB("subscription='none'") "<item jid='eve@example.org' subscription='to'/>");
	assert_int_equal(approvals(f, "bob@example.org"), 0);
	assert_int_equal(approvals(f, "eve@example.org"), 0);
	assert_int_equal(approvals(f, "stranger@example.org"), 0);
	push(f, BOB("subscription='to'"));
	assert_int_equal(approvals(f, "bob@example.org"), 0);
}

static void an_approval_is_reported_once_for_each_request(void **state)
{
	struct fixture *f = *state;
	fetch_roster(f, BOB("subscription='from' ask='subscribe'"));
	assert_int_equal(approvals(f, "bob@example.org/x"), 1);
	assert_int_equal(approvals(f, "bob@example.org"), 0);
	push(f, BOB("subscription='from' ask='subscribe' name='Bob'")); /* still the same request */
	assert_int_equal(approvals(f, "bob@example.org"), 0);
	push(f, BOB("subscription='both'"));
	assert_int_equal(approvals(f, "bob@example.org"), 0);
	push(f, BOB("subscription='from'"));
	push(f, BOB("subscription='from' ask='subscribe'"));
	assert_int_equal(approvals(f, "bob@example.org"), 1);
}

static void the_push_may_come_before_the_approval(void **state)
{
	struct fixture *f = *state;
	fetch_roster(f, BOB("subscription='none' ask='subscribe'"));
	push(f, BOB("subscription='to'"));
	push(f, BOB("subscription='to' name='Bob'"));
	assert_int_equal(approvals(f, "bob@example.org"), 1);
	assert_int_equal(approvals(f, "bob@example.org"), 0);
	/* The request is refused: an approval behind it has no request. */
	push(f, BOB("subscription='none' ask='subscribe'"));
	push(f, BOB("subscription='none'"));
	assert_int_equal(approvals(f, "bob@example.org"), 0);
}

/* What is answered: a for approved, r for refused, - for asked. By policy: ask, known, all, refuse.
 *  */
static void the_policy_answers(void **state)
{
	struct fixture *f = *state;
	static const char *const policies[] = {"ask", "known", "all", "refuse"};
	static const struct {
		const char *item, *answers;
	} cases[] = {
		{"<item jid='carol@example.org'/>", "--ar"},
		{"<item jid='bob@example.org'/>", "--ar"},
		{"<item jid='bob@example.org' ask='subscribe'/>", "-aar"},
		{"<item jid='bob@example.org' subscription='to'/>", "-aar"},
		{"<item jid='bob@example.org' subscription='from'/>", "aaaa"},
		{"<item jid='bob@example.org' subscription='both'/>", "aaaa"},
		{"<item jid='bob@example.org' approved='true'/>", "aaaa"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		push(f, cases[i].item);
		for (size_t k = 0; k < 4; k++) {
			use_policy(f, policies[k]);
			const char *heard = answer_to_bob(f);
			const char *want = cases[i].answers[k] == 'a' ? TO_BOB("subscribed")
				: cases[i].answers[k] == 'r'          ? TO_BOB("unsubscribed")
								      : "";
			assert_string_equal(heard, want);
			assert_int_equal(envoi_subscriptions_count(f->subscriptions),
				want[0] == '\0' ? 1 : 0);
			wire_talk(&f->wire, FROM_BOB("unsubscribe"));
		}
	}
}

static void open_requests_have_a_limit(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(envoi_settings_set(f->wire.settings, "limits.subscription-requests", "10"),
		ENVOI_OK);
	for (int i = 0; i < 1000; i++) {
		char presence[100];
		snprintf(presence, sizeof(presence),
			"<presence type='subscribe' from='c%d@example.org'/>", i);
		wire_talk(&f->wire, presence);
	}
	assert_int_equal(envoi_subscriptions_count(f->subscriptions), 10);
	assert_null(strstr(wire_log(&f->wire), "c10@"));
	const struct envoi_jid *first = envoi_subscriptions_next(f->subscriptions, NULL)->jid;
	assert_string_equal(envoi_jid_text(first), "c0@example.org");
	assert_int_equal(envoi_subscriptions_refuse(f->subscriptions, first), ENVOI_OK);
	answer_to_bob(f);
	assert_int_equal(envoi_subscriptions_count(f->subscriptions), 10);
}

static void a_long_text_is_in_the_event_only(void **state)
{
	struct fixture *f = *state;
	char presence[1300];
	for (int len = 1024; len <= 1025; len++) {
		snprintf(presence, sizeof(presence),
			"<presence type='subscribe' from='c%d@example.org'><status>%0*d</status>"
			"</presence>",
			len, len, 0);
		wire_talk(&f->wire, presence);
		assert_non_null(strstr(wire_log(&f->wire), "subscription-request 0000"));
	}
	const struct envoi_subscription_request *request = envoi_subscriptions_next(
		f->subscriptions, NULL);
	assert_int_equal(strlen(request->text), 1024);
	request = envoi_subscriptions_next(f->subscriptions, request);
	assert_null(request->text);
}

static void requests_of_the_account_go_to_bare_addresses(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		envoi_subscriptions_request(f->subscriptions, f->bob, "Hi & <hello>"), ENVOI_OK);
	assert_int_equal(envoi_subscriptions_unsubscribe(f->subscriptions, f->bob), ENVOI_OK);
	assert_int_equal(envoi_subscriptions_cancel(f->subscriptions, f->bob), ENVOI_OK);
	wire_run(&f->wire, 0);
	assert_string_equal(wire_heard(&f->wire),
		"<presence type='subscribe' to='bob@example.org'>"
		"<status>Hi &amp; &lt;hello&gt;</status></presence>" TO_BOB("unsubscribe")
			TO_BOB("unsubscribed"));
}

/* Section 3.4: only where the server offers it. */
static void approval_in_advance_needs_the_server(void **state)
{
	struct fixture *f = *state;
	assert_false(envoi_subscriptions_can_preapprove(f->subscriptions));
	assert_int_equal(
		envoi_subscriptions_preapprove(f->subscriptions, f->bob), ENVOI_ERR_UNSUPPORTED);
	assert_string_equal(envoi_session_problem(f->wire.session),
		"subscriptions: offline, or the server takes no approvals in advance");
	envoi_subscriptions_detach(f->subscriptions);
	assert_int_equal(envoi_subscriptions_preapprove(f->subscriptions, f->bob), ENVOI_ERR_STATE);
	assert_int_equal(
		envoi_subscriptions_request(f->subscriptions, f->bob, NULL), ENVOI_ERR_STATE);
	assert_int_equal(envoi_subscriptions_cancel(f->subscriptions, f->bob), ENVOI_ERR_STATE);
}

/* Section 3.4.2 */
static void approval_in_advance_is_sent_where_the_server_offers_it(void **state)
{
	struct fixture *f = *state;
	envoi_session_detach(f->wire.session);
	wire_run(&f->wire, 0);
	assert_int_equal(wire_attach(&f->wire, ENVOI_INITIATOR, 0), ENVOI_OK);
	wire_talk(&f->wire,
		"<stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='2' "
		"from='example.org'><stream:features>"
		"<sub xmlns='urn:xmpp:features:pre-approval'/></stream:features>");
	assert_true(envoi_subscriptions_can_preapprove(f->subscriptions));
	assert_int_equal(envoi_subscriptions_preapprove(f->subscriptions, f->bob), ENVOI_OK);
	wire_run(&f->wire, 0);
	assert_string_equal(wire_heard(&f->wire), TO_BOB("subscribed"));
	/* Section 3.4.3: the server notes it in the roster, and answers the request. Where that
	 * crossed, the client does so. */
	push(f, BOB("subscription='none' approved='true'"));
	assert_string_equal(answer_to_bob(f), TO_BOB("subscribed"));
	assert_int_equal(envoi_subscriptions_count(f->subscriptions), 0);
	assert_int_equal(envoi_subscriptions_cancel(f->subscriptions, f->bob), ENVOI_OK);
	wire_run(&f->wire, 0);
	assert_string_equal(wire_heard(&f->wire), TO_BOB("unsubscribed"));
}

static int free_it(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	struct fixture *f = ENVOI_CONTAINER_OF(self, struct fixture, filter);
	(void)session;
	(void)stanza;
	envoi_subscriptions_free(f->subscriptions);
	f->subscriptions = NULL;
	return ENVOI_OK;
}

static const struct envoi_filters filters = {.stanza_out = free_it};
static const struct envoi_handler_impl filter_impl = {.filters = &filters};

static void it_may_be_freed_where_a_filter_sees_the_answer(void **state)
{
	struct fixture *f = *state;
	f->filter = (struct envoi_handler)ENVOI_HANDLER(&filter_impl);
	answer_to_bob(f);
	wire_add(&f->wire, &f->filter);
	assert_int_equal(envoi_subscriptions_approve(f->subscriptions, f->bob), ENVOI_OK);
	assert_null(f->subscriptions);
	wire_run(&f->wire, 0);
	assert_string_equal(wire_heard(&f->wire), TO_BOB("subscribed"));
	wire_remove(&f->wire);
}

static void it_may_be_freed_where_a_filter_sees_the_answer_of_the_policy(void **state)
{
	struct fixture *f = *state;
	f->filter = (struct envoi_handler)ENVOI_HANDLER(&filter_impl);
	use_policy(f, "all");
	wire_add(&f->wire, &f->filter);
	assert_string_equal(answer_to_bob(f), TO_BOB("subscribed"));
	assert_null(f->subscriptions);
	wire_remove(&f->wire);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_reported_once),
		TEST(a_request_is_answered_later),
		TEST(the_next_session_asks_again),
		TEST(a_request_ends_when_it_is_taken_back_or_answered_elsewhere),
		TEST(answers_of_contacts_are_reported_and_not_answered),
		TEST(an_approval_without_a_request_is_not_reported),
		TEST(an_approval_is_reported_once_for_each_request),
		TEST(the_push_may_come_before_the_approval),
		TEST(the_policy_answers),
		TEST(open_requests_have_a_limit),
		TEST(a_long_text_is_in_the_event_only),
		TEST(requests_of_the_account_go_to_bare_addresses),
		TEST(approval_in_advance_needs_the_server),
		TEST(approval_in_advance_is_sent_where_the_server_offers_it),
		TEST(it_may_be_freed_where_a_filter_sees_the_answer),
		TEST(it_may_be_freed_where_a_filter_sees_the_answer_of_the_policy),
	};
	return cmocka_run_group_tests_name("presence/subscriptions", tests, NULL, NULL);
}
