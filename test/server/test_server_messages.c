/*
 * envoi - envoi-server: tests of messages to accounts (RFC 6121, section 8.5; XEP-0160)
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guest.h"

static struct host host;
static struct guest *alice;

static int setup(void **state)
{
	(void)state;
	host_init(&host, NULL);
	host_account(&host, "alice");
	host_account(&host, "bob");
	alice = guest_new(&host, "alice", "desk");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	guest_leave(alice);
	host_finish(&host);
	return 0;
}

#define UNAVAILABLE \
	"<error type='cancel'><service-unavailable " \
	"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"

static void send_message(const char *to, const char *type)
{
	char text[300];
	snprintf(text, sizeof(text), "<message to='%s' type='%s' id='m'><body>hi</body></message>",
		to, type);
	guest_say(alice, text);
}

static bool has_got_it(struct guest *guest)
{
	return guest_hears(guest, "<body>hi</body>");
}

static bool was_refused(void)
{
	return guest_hears(alice, UNAVAILABLE);
}

/* --- the table of RFC 6121, section 8.5.4 --- */

enum {
	NO_ACCOUNT,
	NO_RESOURCE,
	NEGATIVE,
	ONE,
	SITUATIONS,
};
/* What happens: S: refused, -: ignored, D: delivered, O: stored. */
struct row {
	const char *to, *type;
	char outcome[SITUATIONS + 1];
};

static const struct row table[] = {
	{"bob@example.org", "normal", "SOOD"},
	{"bob@example.org", "chat", "SOOD"},
	{"bob@example.org", "groupchat", "SSSS"},
	{"bob@example.org", "headline", "S--D"},
	{"bob@example.org", "error", "----"},
	{"bob@example.org/hall", "normal", "SSDD"},
	{"bob@example.org/hall", "chat", "SODD"},
	{"bob@example.org/hall", "groupchat", "SSDD"},
	{"bob@example.org/hall", "headline", "S-DD"},
	{"bob@example.org/hall", "error", "--DD"},
	{"bob@example.org/gone", "normal", "SSSS"},
	{"bob@example.org/gone", "chat", "SOOD"},
	{"bob@example.org/gone", "groupchat", "SSSS"},
	{"bob@example.org/gone", "headline", "S---"},
	{"bob@example.org/gone", "error", "----"},
};

static char outcome_of(const struct row *row, struct guest *bob)
{
	struct envoi_server_stats before, after;
	envoi_server_get_stats(host.server, &before);
	send_message(row->to, row->type);
	envoi_server_get_stats(host.server, &after);
	if (after.stored > before.stored) {
		return 'O';
	}
	if (bob != NULL && has_got_it(bob)) {
		return 'D';
	}
	return was_refused() ? 'S' : '-';
}

static void messages_go_where_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char to[100], outcome[SITUATIONS + 1] = "";
		struct row of_nobody = table[i];
		snprintf(to, sizeof(to), "nobody%s", table[i].to + strlen("bob"));
		of_nobody.to = to;
		outcome[NO_ACCOUNT] = outcome_of(&of_nobody, NULL);
		outcome[NO_RESOURCE] = outcome_of(&table[i], NULL);
		struct guest *bob = guest_new(&host, "bob", "hall");
		guest_available(bob, -1);
		outcome[NEGATIVE] = outcome_of(&table[i], bob);
		guest_available(bob, 0);
		outcome[ONE] = outcome_of(&table[i], bob);
		guest_leave(bob);
		if (strcmp(outcome, table[i].outcome) != 0) {
			fail_msg("%s to %s: %s, not %s", table[i].type, table[i].to, outcome,
				table[i].outcome);
		}
	}
}

static void the_address_is_not_rewritten(void **state)
{
	(void)state;
	struct guest *bob = guest_new(&host, "bob", "hall");
	guest_available(bob, 0);
	send_message("bob@example.org", "chat");
	guest_assert_heard(bob,
		"<message to='bob@example.org' type='chat' id='m' from='alice@example.org/desk'>"
		"<body>hi</body></message>");
	guest_leave(bob);
}

static void the_resources_with_the_highest_priority_get_it(void **state)
{
	(void)state;
	struct guest *first = guest_new(&host, "bob", "1"), *second = guest_new(&host, "bob", "2"),
		     *third = guest_new(&host, "bob", "3"), *silent = guest_new(&host, "bob", "4");
	guest_available(first, 5);
	guest_available(second, 5);
	guest_available(third, 0);
	(void)guest_heard(first), (void)guest_heard(second);
	send_message("bob@example.org", "chat");
	assert_true(has_got_it(first));
	assert_true(has_got_it(second));
	assert_false(has_got_it(third));
	assert_false(has_got_it(silent));
	send_message("bob@example.org", "headline");
	assert_true(has_got_it(third));
	assert_false(has_got_it(silent));
	guest_leave(first);
	guest_leave(second);
	guest_leave(third);
	guest_leave(silent);
}

static void a_message_without_recipient_is_for_the_own_account(void **state)
{
	(void)state;
	guest_available(alice, 0);
	guest_say(alice, "<message type='chat' id='m'><body>hi</body></message>");
	assert_true(has_got_it(alice));
}

static void other_domains_do_not_exist(void **state)
{
	(void)state;
	send_message("bob@example.com", "chat");
	assert_true(guest_hears(alice, "<remote-server-not-found "));
	send_message("example.org", "chat");
	assert_true(was_refused());
	guest_say(alice, "<message to='@' id='m'><body>hi</body></message>");
	assert_true(guest_hears(alice, "<jid-malformed "));
}

/* --- offline (XEP-0160) --- */

static void stored_messages_come_in_order_with_their_time(void **state)
{
	(void)state;
	char text[200];
	for (int i = 0; i < 120; i++) {
		snprintf(text, sizeof(text),
			"<message to='bob@example.org' type='chat' id='m%d'><body>%d</body>"
			"<delay xmlns='urn:xmpp:delay' from='example.org' "
			"stamp='1999-01-01T00:00:00Z'/></message>",
			i, i);
		guest_say(alice, text);
	}
	struct guest *bob = guest_new(&host, "bob", "hall");
	guest_say(bob, "<presence/>");
	const char *heard = guest_heard(bob);
	for (int i = 0; i < 120; i++) {
		snprintf(text, sizeof(text), "<body>%d</body><delay xmlns='urn:xmpp:delay' ", i);
		const char *found = strstr(heard, text);
		assert_non_null(found);
		heard = found;
	}
	assert_null(strstr(heard, ">1999<"));
	guest_leave(bob);
	bob = guest_new(&host, "bob", "hall");
	guest_say(bob, "<presence/>");
	assert_false(guest_hears(bob, "<body>"));
	guest_leave(bob);
}

static void no_more_are_stored_than_the_setting_says(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		send_message("bob@example.org", "chat");
		assert_string_equal(guest_heard(alice), "");
	}
	send_message("bob@example.org", "chat");
	assert_true(was_refused());
}

static void what_only_says_that_someone_types_is_not_stored(void **state)
{
	(void)state;
	struct envoi_server_stats stats;
	guest_say(alice,
		"<message to='bob@example.org' type='chat'>"
		"<composing xmlns='http://jabber.org/protocol/chatstates'/><thread>t</thread>"
		"</message><message to='bob@example.org'><body>hi</body>"
		"<no-store xmlns='urn:xmpp:hints'/></message>");
	envoi_server_get_stats(host.server, &stats);
	assert_int_equal(stats.stored, 0);
	assert_string_equal(guest_heard(alice), "");
}

static void messages_do_not_overtake_stored_ones(void **state)
{
	(void)state;
	for (int i = 0; i < 60; i++) {
		send_message("bob@example.org", "chat");
	}
	struct guest *bob = guest_new_managed(&host, "bob", "hall");
	guest_say(bob, "<presence/>");
	guest_say(alice, "<message to='bob@example.org' type='chat'><body>last</body></message>");
	assert_false(guest_hears(bob, "<body>last"));
	guest_say(bob, "<a xmlns='urn:xmpp:sm:3' h='51'/>");
	const char *heard = guest_heard(bob);
	assert_non_null(strstr(heard, "<body>hi"));
	assert_true(strstr(heard, "<body>last") > strstr(heard, "<body>hi"));
	guest_leave(bob);
}

/* --- what becomes of copies --- */

static void send_padded(struct guest *guest, const char *name, int size)
{
	static char text[50000];
	snprintf(text, sizeof(text),
		"<message to='bob@example.org' type='chat'><body>%s%0*d</body></message>", name,
		size, 0);
	guest_say(guest, text);
}

/* @return the first letters of the bodies */
static const char *bodies(struct guest *guest)
{
	static char text[20];
	const char *at = guest_heard(guest);
	size_t len = 0;
	while ((at = strstr(at, "<body>")) != NULL && len < sizeof(text) - 1) {
		at += strlen("<body>");
		text[len++] = *at;
	}
	text[len] = '\0';
	return text;
}

/* Restart the host with outboxes that take two large messages. */
static struct guest *carol_with_a_small_outbox(void)
{
	guest_leave(alice);
	host_finish(&host);
	host_init(&host, NULL);
	host_set(&host, "server.stanza-bytes", "50000");
	host_set(&host, "limits.outbox-bytes", "64k"); /* raised to 100,000 */
	host_account(&host, "alice");
	host_account(&host, "bob");
	host_account(&host, "carol");
	alice = guest_new(&host, "alice", "desk");
	return guest_new(&host, "carol", "desk");
}

static void messages_keep_their_order_where_an_outbox_is_full(void **state)
{
	(void)state;
	struct guest *carol = carol_with_a_small_outbox();
	send_padded(alice, "1", 45000);
	send_padded(alice, "2", 45000);
	send_padded(alice, "3", 45000);
	send_padded(alice, "4", 1);
	struct guest *bob = guest_new_managed(&host, "bob", "hall");
	guest_say(bob, "<presence/>");
	assert_string_equal(bodies(bob), "12");
	send_padded(carol, "5", 1);
	assert_string_equal(bodies(bob), "");
	guest_say(bob, "<a xmlns='urn:xmpp:sm:3' h='3'/>");
	assert_string_equal(bodies(bob), "345");
	guest_leave(carol);
	guest_leave(bob);
}

static void messages_are_delivered_when_a_full_outbox_has_room(void **state)
{
	(void)state;
	struct guest *carol = carol_with_a_small_outbox();
	struct guest *bob = guest_new_managed(&host, "bob", "hall");
	guest_say(bob, "<presence/>");
	send_padded(alice, "1", 45000);
	send_padded(alice, "2", 45000);
	send_padded(carol, "3", 45000);
	send_padded(carol, "4", 1);
	assert_string_equal(bodies(bob), "12");
	guest_say(bob, "<a xmlns='urn:xmpp:sm:3' h='3'/>");
	assert_string_equal(bodies(bob), "34");
	guest_leave(carol);
	guest_leave(bob);
}

static void what_was_not_acknowledged_is_stored(void **state)
{
	(void)state;
	struct guest *bob = guest_new_managed(&host, "bob", "hall");
	guest_available(bob, 0);
	send_message("bob@example.org", "chat");
	send_message("bob@example.org/hall", "normal");
	assert_true(has_got_it(bob));
	guest_cut(bob);
	assert_non_null(strstr(host.notes, "suspended bob@example.org/hall"));
	host_run(&host, 310 * 1000);
	assert_non_null(strstr(host.notes, "ended bob@example.org/hall"));
	bob = guest_new(&host, "bob", "new");
	guest_say(bob, "<presence/>");
	const char *heard = guest_heard(bob);
	assert_non_null(strstr(heard, "to='bob@example.org' type='chat'"));
	assert_non_null(strstr(heard, "to='bob@example.org/hall' type='normal'"));
	assert_non_null(strstr(heard, "<delay xmlns='urn:xmpp:delay' "));
	guest_leave(bob);
}

static void a_copy_that_another_resource_has_is_not_stored(void **state)
{
	(void)state;
	struct envoi_server_stats stats;
	struct guest *here = guest_new(&host, "bob", "here"),
		     *away = guest_new_managed(&host, "bob", "away");
	guest_available(here, 0);
	guest_available(away, 0);
	send_message("bob@example.org", "chat");
	assert_true(has_got_it(here));
	guest_cut(away);
	host_run(&host, 310 * 1000);
	envoi_server_get_stats(host.server, &stats);
	assert_int_equal(stats.stored, 0);
	assert_false(was_refused());
	guest_leave(here);
}

static void what_was_not_written_whole_is_stored(void **state)
{
	(void)state;
	char body[60000], text[61000];
	struct guest *bob = guest_new(&host, "bob", "hall");
	struct envoi_memory_script script = ENVOI_MEMORY_SCRIPT_INIT;
	guest_available(bob, 0);
	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	snprintf(text, sizeof(text),
		"<message to='bob@example.org' type='chat'><body>%s</body></message>", body);
	script.stall_at = envoi_memory_pair_arrived(bob->pair, ENVOI_MEMORY_B);
	envoi_memory_pair_script(bob->pair, ENVOI_MEMORY_B, &script);
	for (int i = 0; i < 5; i++) {
		guest_say(alice, text);
	}
	guest_cut(bob);
	struct envoi_server_stats stats;
	envoi_server_get_stats(host.server, &stats);
	assert_int_equal(stats.stored, 4); /* the window has room for one */
	bob = guest_new(&host, "bob", "hall");
	guest_say(bob, "<presence/>");
	host_run(&host, 1000);
	assert_true(strlen(guest_heard(bob)) > 4 * sizeof(body));
	guest_leave(bob);
}

static void another_resource_gets_what_was_lost(void **state)
{
	(void)state;
	struct guest *best = guest_new_managed(&host, "bob", "best"),
		     *other = guest_new(&host, "bob", "other");
	guest_available(best, 5);
	guest_available(other, 0);
	send_message("bob@example.org", "chat");
	assert_false(has_got_it(other));
	guest_say(best, "<presence type='unavailable'/>");
	guest_leave(best);
	host_run(&host, 10000);
	assert_true(has_got_it(other));
	guest_leave(other);
}

static void a_resumed_session_gets_each_message_once(void **state)
{
	(void)state;
	char id[100] = "", text[300];
	struct guest *bob = guest_new(&host, "bob", "hall");
	guest_say(bob, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
	const char *at = strstr(guest_heard(bob), " id='");
	assert_non_null(at);
	sscanf(at, " id='%99[^']'", id);
	guest_available(bob, 0);
	send_message("bob@example.org", "chat");
	assert_true(has_got_it(bob));
	guest_cut(bob);
	guest_say(alice, "<message to='bob@example.org' type='chat'><body>two</body></message>");
	bob = guest_authenticated(&host, "bob");
	snprintf(text, sizeof(text), "<resume xmlns='urn:xmpp:sm:3' previd='%s' h='1'/>", id);
	guest_say(bob, text);
	const char *heard = guest_heard(bob);
	assert_non_null(strstr(heard, "<resumed "));
	const char *first = strstr(heard, "<body>hi"), *second = strstr(heard, "<body>two");
	assert_non_null(first);
	assert_true(first < second);
	assert_null(strstr(first + 1, "<body>hi"));
	assert_null(strstr(second + 1, "<body>two"));
	struct envoi_server_stats stats;
	envoi_server_get_stats(host.server, &stats);
	assert_int_equal(stats.stored, 0);
	guest_leave(bob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(messages_go_where_the_table_says, setup, teardown),
		cmocka_unit_test_setup_teardown(the_address_is_not_rewritten, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_resources_with_the_highest_priority_get_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_message_without_recipient_is_for_the_own_account, setup, teardown),
		cmocka_unit_test_setup_teardown(other_domains_do_not_exist, setup, teardown),
		cmocka_unit_test_setup_teardown(
			stored_messages_come_in_order_with_their_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
			no_more_are_stored_than_the_setting_says, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_only_says_that_someone_types_is_not_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(
			messages_do_not_overtake_stored_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(
			messages_keep_their_order_where_an_outbox_is_full, setup, teardown),
		cmocka_unit_test_setup_teardown(
			messages_are_delivered_when_a_full_outbox_has_room, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_was_not_acknowledged_is_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_copy_that_another_resource_has_is_not_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_was_not_written_whole_is_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(
			another_resource_gets_what_was_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_resumed_session_gets_each_message_once, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
