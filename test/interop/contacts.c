/*
 * envoi - two accounts become contacts, see each other, and part
 * SPDX-License-Identifier: MIT
 *
 * usage: interop_contacts HOST PORT CA_FILE DOMAIN
 * Logs in alice and bob of the domain, whose passwords are secret-alice and secret-bob. Prints a
 * line for each step; ends with 1 at the first that does not come about.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

enum {
	STEP_MS = 20000,
};

struct person {
	struct envoi_handler handler;
	struct envoi_client *client;
	struct envoi_jid *jid; /* bare */
	unsigned int events[ENVOI_EVENTS_END];
	unsigned int empty_results; /* to requests for the roster */
	struct person *other;
	char request[100]; /* the text of the last request */
};

static struct envoi_context *context;
static struct person alice, bob;

static void on_event(struct envoi_handler *self, const struct envoi_event *event)
{
	struct person *person = ENVOI_CONTAINER_OF(self, struct person, handler);
	person->events[event->type]++;
	if (event->type == ENVOI_EVENT_SUBSCRIPTION_REQUEST) {
		snprintf(person->request, sizeof(person->request), "%s",
			event->text == NULL ? "" : event->text);
	}
}

static bool is_of_own_account(const struct person *person, const struct envoi_stanza *stanza)
{
	return envoi_stanza_from(stanza) == NULL ||
		envoi_jid_equal(envoi_stanza_from(stanza), person->jid);
}

/* A roster that has not changed comes as an empty result. */
static int on_stanza_in(
	struct envoi_handler *self, struct envoi_session *session, struct envoi_stanza *stanza)
{
	struct person *person = ENVOI_CONTAINER_OF(self, struct person, handler);
	(void)session;
	if (envoi_stanza_kind(stanza) == ENVOI_IQ_RESULT && envoi_stanza_payload(stanza) == NULL &&
		is_of_own_account(person, stanza) && person->events[ENVOI_EVENT_ROSTER] == 0) {
		person->empty_results++;
	}
	return ENVOI_OK;
}

static const struct envoi_event_row events[] = {{ENVOI_EVERY_EVENT, on_event}, ENVOI_ROWS_END};
static const struct envoi_filters filters = {.stanza_in = on_stanza_in};
static const struct envoi_handler_impl person_impl = {.events = events, .filters = &filters};

/* --- steps --- */

static bool is_late;

static void on_time(struct envoi_timer *timer)
{
	(void)timer;
	is_late = true;
}

static void step(const char *name, bool (*has_happened)(void))
{
	struct envoi_loop *loop = envoi_context_loop(context);
	struct envoi_timer timer = {0};
	is_late = false;
	envoi_timer_start(&timer, loop, STEP_MS, on_time);
	while (!has_happened() && !is_late) {
		if (envoi_loop_run_once(loop, true) < 0) {
			exit(2);
		}
	}
	envoi_timer_stop(&timer);
	printf("%s: %s\n", name, has_happened() ? "ok" : "FAILED");
	if (!has_happened()) {
		exit(1);
	}
}

static const struct envoi_contact_presence *seen_by(const struct person *person)
{
	return envoi_presences_best(envoi_client_presences(person->client), person->other->jid);
}

static const struct envoi_roster_item *entry_of(const struct person *person)
{
	return envoi_roster_find(envoi_client_roster(person->client), person->other->jid);
}

static enum envoi_subscription subscription_of(const struct person *person)
{
	const struct envoi_roster_item *entry = entry_of(person);
	return entry == NULL ? ENVOI_SUBSCRIPTION_NONE : entry->subscription;
}

static bool both_are_online(void)
{
	return alice.events[ENVOI_EVENT_AVAILABLE] > 0 && bob.events[ENVOI_EVENT_AVAILABLE] > 0;
}

static bool neither_knows_the_other(void)
{
	return entry_of(&alice) == NULL && entry_of(&bob) == NULL;
}

static bool bob_is_asked(void)
{
	return bob.events[ENVOI_EVENT_SUBSCRIPTION_REQUEST] == 1 &&
		strcmp(bob.request, "It is alice") == 0 &&
		envoi_subscriptions_count(envoi_client_subscriptions(bob.client)) == 1;
}

static bool alice_sees_bob(void)
{
	return subscription_of(&alice) == ENVOI_SUBSCRIPTION_TO &&
		alice.events[ENVOI_EVENT_SUBSCRIPTION_APPROVED] == 1 && seen_by(&alice) != NULL;
}

static bool both_see_each_other(void)
{
	return subscription_of(&alice) == ENVOI_SUBSCRIPTION_BOTH &&
		subscription_of(&bob) == ENVOI_SUBSCRIPTION_BOTH && seen_by(&alice) != NULL &&
		seen_by(&bob) != NULL;
}

static bool alice_is_away(void)
{
	const struct envoi_contact_presence *seen = seen_by(&bob);
	return seen != NULL && seen->show != NULL && strcmp(seen->show, "away") == 0 &&
		strcmp(seen->status, "lunch") == 0;
}

static bool alice_is_in_a_group(void)
{
	return entry_of(&bob) != NULL && envoi_roster_item_is_in(entry_of(&bob), "Friends") &&
		strcmp(entry_of(&bob)->name, "Alice") == 0;
}

static bool the_group_has_another_name(void)
{
	return entry_of(&bob) != NULL && envoi_roster_item_is_in(entry_of(&bob), "Pals");
}

static bool alice_has_gone(void)
{
	return alice.events[ENVOI_EVENT_STOPPED] == 1 && seen_by(&bob) == NULL;
}

static bool the_roster_has_not_changed(void)
{
	return alice.events[ENVOI_EVENT_AVAILABLE] == 1 && alice.empty_results == 1 &&
		envoi_roster_is_complete(envoi_client_roster(alice.client)) &&
		subscription_of(&alice) == ENVOI_SUBSCRIPTION_BOTH && seen_by(&alice) != NULL;
}

static bool they_have_parted(void)
{
	return subscription_of(&alice) == ENVOI_SUBSCRIPTION_NONE &&
		subscription_of(&bob) == ENVOI_SUBSCRIPTION_NONE && seen_by(&alice) == NULL &&
		seen_by(&bob) == NULL && bob.events[ENVOI_EVENT_SUBSCRIPTION_REFUSED] > 0 &&
		bob.events[ENVOI_EVENT_SUBSCRIPTION_ENDED] > 0;
}

/* Prosody 0.12 leaves the attribute `approved` out of its pushes. */
static bool bob_is_approved_in_advance(void)
{
	return entry_of(&alice) != NULL;
}

static bool the_server_has_answered_bob(void)
{
	return subscription_of(&bob) == ENVOI_SUBSCRIPTION_TO &&
		bob.events[ENVOI_EVENT_SUBSCRIPTION_APPROVED] == 1 &&
		alice.events[ENVOI_EVENT_SUBSCRIPTION_REQUEST] == 0;
}

static bool both_have_stopped(void)
{
	return alice.events[ENVOI_EVENT_STOPPED] == 1 && bob.events[ENVOI_EVENT_STOPPED] == 1;
}

/* --- the story --- */

static void must(int r)
{
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_error_text(r));
		exit(2);
	}
}

static void make(struct person *person, char **arguments, const char *name)
{
	char jid[200], password[100];
	snprintf(jid, sizeof(jid), "%s@%s", name, arguments[4]);
	snprintf(password, sizeof(password), "secret-%s", name);
	memset(person->events, 0, sizeof(person->events));
	person->empty_results = 0;
	person->handler = (struct envoi_handler)ENVOI_HANDLER(&person_impl);
	person->client = interop_client(
		context, arguments[1], arguments[2], arguments[3], jid, password);
	if (person->client == NULL) {
		exit(2);
	}
	envoi_client_add(person->client, &person->handler);
	if (person->jid == NULL) {
		must(envoi_jid_from_text(&person->jid, context, jid));
	}
}

static void forget(struct person *person)
{
	if (entry_of(person) != NULL) {
		must(envoi_roster_remove(
			envoi_client_roster(person->client), person->other->jid, NULL, NULL));
	}
}

static void become_contacts(void)
{
	must(envoi_subscriptions_request(
		envoi_client_subscriptions(alice.client), bob.jid, "It is alice"));
	step("bob is asked", bob_is_asked);
	must(envoi_subscriptions_approve(envoi_client_subscriptions(bob.client), alice.jid));
	step("alice sees bob", alice_sees_bob);
	must(envoi_client_set(alice.client, "subscription.policy", "known"));
	must(envoi_subscriptions_request(envoi_client_subscriptions(bob.client), alice.jid, NULL));
	step("both see each other", both_see_each_other);
	must(envoi_client_set_show(alice.client, "away", "lunch"));
	step("alice is away", alice_is_away);
}

/* RFC 6121, section 3.4: where the server offers it. */
static void approve_in_advance(void)
{
	struct envoi_subscriptions *subscriptions = envoi_client_subscriptions(alice.client);
	if (!envoi_subscriptions_can_preapprove(subscriptions)) {
		bool is_refused = envoi_subscriptions_preapprove(subscriptions, bob.jid) ==
			ENVOI_ERR_UNSUPPORTED;
		printf("approval in advance: %s\n", is_refused ? "not offered" : "FAILED");
		if (!is_refused) {
			exit(1);
		}
		return;
	}
	must(envoi_subscriptions_preapprove(subscriptions, bob.jid));
	step("bob is approved in advance", bob_is_approved_in_advance);
	must(envoi_subscriptions_request(envoi_client_subscriptions(bob.client), alice.jid, NULL));
	step("the server has answered bob", the_server_has_answered_bob);
	forget(&alice);
	forget(&bob);
	step("neither knows the other", neither_knows_the_other);
	memset(bob.events, 0, sizeof(bob.events));
}

static void use_groups(void)
{
	static const char *const groups[] = {"Friends"};
	struct envoi_roster *roster = envoi_client_roster(bob.client);
	const struct envoi_roster_item item = {
		.jid = alice.jid, .name = "Alice", .groups = groups, .group_count = 1};
	must(envoi_roster_set(roster, &item, NULL, NULL));
	step("alice is in a group", alice_is_in_a_group);
	must(envoi_roster_rename_group(roster, "Friends", "Pals", NULL, NULL));
	step("the group has another name", the_group_has_another_name);
}

static void come_back(char **arguments)
{
	struct envoi_buffer cache;
	envoi_buffer_init(&cache, context, 0);
	must(envoi_roster_save(envoi_client_roster(alice.client), &cache));
	envoi_client_disconnect(alice.client);
	step("alice has gone", alice_has_gone);
	envoi_client_free(alice.client);
	make(&alice, arguments, "alice");
	must(envoi_roster_load(envoi_client_roster(alice.client), envoi_buffer_data(&cache),
		envoi_buffer_len(&cache)));
	must(envoi_client_connect(alice.client));
	step("the roster has not changed", the_roster_has_not_changed);
	envoi_buffer_finish(&cache);
}

static void part(void)
{
	struct envoi_subscriptions *subscriptions = envoi_client_subscriptions(alice.client);
	must(envoi_subscriptions_cancel(subscriptions, bob.jid));
	must(envoi_subscriptions_unsubscribe(subscriptions, bob.jid));
	step("they have parted", they_have_parted);
	forget(&alice);
	forget(&bob);
	step("neither knows the other", neither_knows_the_other);
	envoi_client_disconnect(alice.client);
	envoi_client_disconnect(bob.client);
	step("both have stopped", both_have_stopped);
}

int main(int argument_count, char **arguments)
{
	if (argument_count != 5 || envoi_context_new(&context, NULL) < 0) {
		return 2;
	}
	alice.other = &bob;
	bob.other = &alice;
	make(&alice, arguments, "alice");
	make(&bob, arguments, "bob");
	must(envoi_client_connect(alice.client));
	must(envoi_client_connect(bob.client));
	step("both are online", both_are_online);
	forget(&alice);
	forget(&bob);
	step("neither knows the other", neither_knows_the_other);
	approve_in_advance();
	become_contacts();
	use_groups();
	come_back(arguments);
	part();
	envoi_client_free(alice.client);
	envoi_client_free(bob.client);
	envoi_jid_unref(alice.jid);
	envoi_jid_unref(bob.jid);
	envoi_context_unref(context);
	return 0;
}
