/*
 * envoi - simulation: the rules
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>

#include "open_fds.h"
#include "simulation.h"

enum {
	/* With a network that is well, and a server that answers, an offline client is back within
	 * this time: the longest delay between two attempts, 5 minutes, and what a login may take.
	 */
	LONGEST_OFFLINE_MS = 360000,
	/* After which a message is not sent again (enum envoi_resend). */
	LONGEST_RESENDING_MS = 86400000,
	/* More memory than before the first step: caches of the context, and what the session
	 * remembers of each stanza for errors that come late. */
	IDLE_BLOCKS_MORE = 64,
	BLOCKS_OF_A_STANZA = 6, /* at both ends */
};

typedef void message_rule(struct run *run, const struct message *message);
typedef void question_rule(struct run *run, const struct question *question);

static void for_messages(struct run *run, message_rule *rule)
{
	for (unsigned int i = 0; i < ACTORS; i++) {
		for (unsigned int n = 0; n < run->actors[i].message_count; n++) {
			rule(run, &run->actors[i].messages[n]);
		}
	}
}

static void for_questions(struct run *run, question_rule *rule)
{
	for (unsigned int i = 0; i < ACTORS; i++) {
		for (unsigned int n = 0; n < run->actors[i].question_count; n++) {
			rule(run, &run->actors[i].questions[n]);
		}
	}
}

static void message_fails(struct run *run, const char *rule, const struct message *message)
{
	run_fail(run, rule, "%c-%u: state %d, %u reports, got %u, arrived %u",
		message->sender->letter, message->number, (int)message->state, message->reports,
		message->got, message->arrived);
}

/* --- at any time --- */

static void a_ticket_ends_once(struct run *run, const struct message *message)
{
	if (message->reports > (message->is_accepted ? 1u : 0u)) {
		message_fails(run, "a-ticket-ends-once", message);
	}
}

static void acknowledged_was_received(struct run *run, const struct message *message)
{
	if (message->reports == 1 && message->state == ENVOI_TICKET_ACKNOWLEDGED &&
		message->got == 0) {
		message_fails(run, "acknowledged-was-received", message);
	}
}

static void not_sent_was_not_received(struct run *run, const struct message *message)
{
	bool says_so = message->state == ENVOI_TICKET_NOT_SENT ||
		message->state == ENVOI_TICKET_CANCELED;
	bool is_not_sent = !message->is_accepted || message->was_taken_back ||
		(message->reports == 1 && says_so);
	if (is_not_sent && message->got > 0) {
		message_fails(run, "not-sent-was-not-received", message);
	}
}

/* A message with a body is sent again for a day until it is acknowledged, unless the client leaves;
 * and as long as the session goes on everything is known. */
static void unknown_is_rare(struct run *run, const struct message *message)
{
	const struct actor *sender = message->sender;
	bool is_open = message->state == ENVOI_TICKET_UNKNOWN ||
		message->state == ENVOI_TICKET_NOT_SENT;
	if (message->reports == 0 || !is_open || sender->client == NULL ||
		sender->life != message->sent_in_life) {
		return;
	}
	if (envoi_session_epoch(envoi_client_session(sender->client)) == message->sent_in_epoch) {
		message_fails(run, "unknown-only-after-its-session", message);
	}
	bool is_old = message->reported_ms - message->sent_ms >= LONGEST_RESENDING_MS;
	if (!sender->was_closed && !is_old) {
		message_fails(run, "unknown-only-after-leaving", message);
	}
}

/* A server that says with `<failed/>` what it has handled leaves nothing unknown. */
static void nothing_known_is_unknown(struct run *run, const struct message *message)
{
	const struct envoi_test_server_options *server = &run->plan->server;
	bool says_h = server->has_stream_management && !server->uses_library && server->resumes &&
		server->remembers_counts && server->ignores_resumes == 0 &&
		server->closes_at_resumes == 0 && !run->has_forgotten;
	if (says_h && message->reports == 1 && message->state == ENVOI_TICKET_UNKNOWN &&
		message->got > 0 && !message->sender->was_closed && !message->was_freed) {
		message_fails(run, "nothing-known-is-unknown", message);
	}
}

static void acknowledged_where_possible(struct run *run, const struct message *message)
{
	if (message->reports == 1 && message->state == ENVOI_TICKET_WRITTEN) {
		message_fails(run, "acknowledged-where-possible", message);
	}
}

static void a_question_ends_once(struct run *run, const struct question *question)
{
	if (question->reports > (question->is_accepted ? 1u : 0u)) {
		run_fail(run, "a-request-ends-once", "%c %u: %u reports", question->sender->letter,
			question->number, question->reports);
	}
}

/* A request that was sent does not outlive its session. */
static void a_question_ends_with_its_session(struct run *run, const struct question *question)
{
	const struct actor *actor = question->sender;
	bool is_pending = question->is_accepted && question->reports == 0;
	if (is_pending && question->got > 0 &&
		question->got_in_start != actor->events[ENVOI_EVENT_STARTED]) {
		run_fail(run, "a-request-ends-with-its-session", "%c %u", actor->letter,
			question->number);
	}
}

static void an_answer_was_given(struct run *run, const struct question *question)
{
	if (question->reports == 1 && question->code == ENVOI_OK && !question->is_for_server &&
		question->handled == 0) {
		run_fail(run, "an-answer-was-given", "%c %u", question->sender->letter,
			question->number);
	}
}

/* --- events --- */

static void event_fails(const struct actor *actor, const char *rule, enum envoi_event_type type)
{
	const unsigned int *n = actor->events;
	run_fail(actor->run, rule,
		"%s: at %s: connecting %u, started %u, resumed %u, ended %u, disconnected %u, "
		"suspended %u, stopped %u of %u",
		actor->name, envoi_event_name(type), n[ENVOI_EVENT_CONNECTING],
		n[ENVOI_EVENT_STARTED], n[ENVOI_EVENT_RESUMED], n[ENVOI_EVENT_ENDED],
		n[ENVOI_EVENT_DISCONNECTED], n[ENVOI_EVENT_SUSPENDED], n[ENVOI_EVENT_STOPPED],
		actor->connects);
}

/* One that ends a wait between two connections follows SUSPENDED, not DISCONNECTED. */
static unsigned int count_answers(struct actor *actor, enum envoi_event_type type)
{
	const unsigned int *n = actor->events;
	unsigned int answers = n[ENVOI_EVENT_SUSPENDED] + n[ENVOI_EVENT_STOPPED];
	if (type == ENVOI_EVENT_STOPPED &&
		answers - actor->stopped_waiting > n[ENVOI_EVENT_DISCONNECTED]) {
		actor->stopped_waiting++;
	}
	return answers - actor->stopped_waiting;
}

void invariants_check_event(struct actor *actor, enum envoi_event_type type)
{
	const unsigned int *n = actor->events;
	unsigned int sessions = n[ENVOI_EVENT_STARTED] - n[ENVOI_EVENT_ENDED];
	unsigned int connections = n[ENVOI_EVENT_CONNECTING] - n[ENVOI_EVENT_DISCONNECTED];
	unsigned int answers = count_answers(actor, type);
	if (actor->run->plan->has_journal) {
		sessions = type == ENVOI_EVENT_RESUMED; /* they outlive the client that counts */
	}
	if (sessions > 1 || (type == ENVOI_EVENT_RESUMED && sessions != 1)) {
		event_fails(actor, "a-session-starts-and-ends", type);
	}
	if (connections > 1 || (type == ENVOI_EVENT_RESUMED && connections != 1)) {
		event_fails(actor, "a-connection-begins-and-ends", type);
	}
	if (n[ENVOI_EVENT_DISCONNECTED] - answers > 1 ||
		(type == ENVOI_EVENT_CONNECTING && n[ENVOI_EVENT_DISCONNECTED] != answers)) {
		event_fails(actor, "suspended-or-stopped", type);
	}
	if (type == ENVOI_EVENT_STOPPED && (sessions != 0 || connections != 0)) {
		event_fails(actor, "stopped-is-last", type);
	}
}

static void events_have_ended(const struct actor *actor)
{
	const unsigned int *n = actor->events;
	if ((n[ENVOI_EVENT_STARTED] != n[ENVOI_EVENT_ENDED] && !actor->run->plan->has_journal) ||
		n[ENVOI_EVENT_CONNECTING] != n[ENVOI_EVENT_DISCONNECTED] ||
		n[ENVOI_EVENT_STOPPED] != actor->connects) {
		event_fails(actor, "everything-ends", ENVOI_NO_EVENT);
	}
}

/* --- at any time --- */

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t longest_offline_ms(const struct plan *plan)
{
	unsigned int failures = plan->server.ignores_resumes + plan->server.closes_at_resumes;
	return (uint64_t)LONGEST_OFFLINE_MS * (1 + failures);
}

static void goes_online_again(struct run *run, const struct actor *actor)
{
	uint64_t since_ms = later(run->disturbed_ms, actor->offline_since_ms);
	uint64_t now_ms = envoi_world_now_ms(run->world);
	if (actor->wants_online && !actor->is_online &&
		now_ms - since_ms > longest_offline_ms(run->plan)) {
		run_fail(run, "progress", "%s is offline since %" PRIu64 " ms, now %" PRIu64 " ms",
			actor->name, since_ms, now_ms);
	}
}

/* A session that has resumed is online without a new STARTED. */
static void look_whether_online(struct actor *actor)
{
	if (actor->client != NULL && envoi_session_is_online(envoi_client_session(actor->client))) {
		actor->is_online = true;
	}
}

void invariants_check(struct run *run)
{
	for (unsigned int i = 0; i < ACTORS; i++) {
		look_whether_online(&run->actors[i]);
	}
	for_messages(run, a_ticket_ends_once);
	for_messages(run, acknowledged_was_received);
	for_messages(run, not_sent_was_not_received);
	for_messages(run, unknown_is_rare);
	for_messages(run, acknowledged_where_possible);
	for_messages(run, nothing_known_is_unknown);
	for_questions(run, a_question_ends_once);
	for_questions(run, a_question_ends_with_its_session);
	for_questions(run, an_answer_was_given);
	for (unsigned int i = 0; i < ACTORS; i++) {
		goes_online_again(run, &run->actors[i]);
	}
}

/* --- when traffic has ceased --- */

static bool is_settled(const struct run *run, const struct actor *actor)
{
	struct envoi_session_stats stats;
	struct envoi_test_server_counts counts = envoi_test_server_get_counts(
		run->server, actor->name);
	if (actor->client == NULL || !actor->is_online) {
		return false;
	}
	envoi_session_get_stats(envoi_client_session(actor->client), &stats);
	return stats.requests == 0 && stats.deferred == 0 && stats.outbox_stanzas == 0 &&
		counts.connections == 1 && counts.sessions == 1 && counts.unacknowledged == 0 &&
		counts.stored == 0;
}

static bool has_reported(const struct actor *actor)
{
	for (unsigned int i = 0; i < actor->message_count; i++) {
		if (actor->messages[i].is_accepted && actor->messages[i].reports == 0) {
			return false;
		}
	}
	for (unsigned int i = 0; i < actor->question_count; i++) {
		if (actor->questions[i].is_accepted && actor->questions[i].reports == 0) {
			return false;
		}
	}
	return true;
}

bool invariants_settled(const struct run *run)
{
	bool settled = true;
	for (unsigned int i = 0; i < ACTORS; i++) {
		settled = settled && is_settled(run, &run->actors[i]) &&
			has_reported(&run->actors[i]);
	}
	return settled;
}

static void both_ends_agree(struct run *run, const struct actor *actor)
{
	struct envoi_session_stats stats = {0};
	struct envoi_test_server_counts counts = envoi_test_server_get_counts(
		run->server, actor->name);
	if (actor->client != NULL) {
		envoi_session_get_stats(envoi_client_session(actor->client), &stats);
	}
	if (!is_settled(run, actor)) {
		run_fail(run, "both-ends-agree",
			"%s is %s, requests %zu, promises %zu, outbox %zu; server: connections "
			"%zu, sessions %zu, unacknowledged %zu, stored %zu",
			actor->name, actor->is_online ? "online" : "offline", stats.requests,
			stats.deferred, stats.outbox_stanzas, counts.connections, counts.sessions,
			counts.unacknowledged, counts.stored);
	}
}

static void a_ticket_has_ended(struct run *run, const struct message *message)
{
	if (message->is_accepted && message->reports == 0) {
		message_fails(run, "a-ticket-ends", message);
	}
}

static void a_question_has_ended(struct run *run, const struct question *question)
{
	if (question->is_accepted && question->reports == 0) {
		run_fail(
			run, "a-request-ends", "%c %u", question->sender->letter, question->number);
	}
}

/* What the server has processed arrives, unless it was put into a session without acknowledgements,
 * which may lose it. */
static void received_has_arrived(struct run *run, const struct message *message)
{
	if (message->got > 0 && !message->is_unprotected && message->arrived == 0) {
		message_fails(run, "nothing-acknowledged-is-lost", message);
	}
}

/* What a journal has of a client that was killed is sent by the next one for a day, unless that
 * leaves. */
static void recorded_was_received(struct run *run, const struct message *message)
{
	bool is_old = run_wall_ms(run) - message->sent_ms >= LONGEST_RESENDING_MS;
	if (message->is_recorded && message->got == 0 && !is_old) {
		message_fails(run, "recorded-was-received", message);
	}
}

/* How often messages were sent and questions asked: each time is remembered for late errors. */
static size_t times_sent(const struct actor *actor)
{
	size_t times = actor->question_count;
	for (unsigned int i = 0; i < actor->message_count; i++) {
		unsigned int got = actor->messages[i].got;
		times += got > 1 ? got : 1;
	}
	return times;
}

static void memory_is_level(struct run *run)
{
	size_t blocks = envoi_world_blocks(run->world);
	size_t allowed = run->idle_blocks + IDLE_BLOCKS_MORE;
	for (unsigned int i = 0; i < ACTORS; i++) {
		allowed += BLOCKS_OF_A_STANZA * times_sent(&run->actors[i]);
	}
	if (blocks > allowed) {
		run_fail(run, "memory-is-level", "%zu blocks, %zu before, %zu allowed", blocks,
			run->idle_blocks, allowed);
	}
}

static void descriptors_are_closed(struct run *run)
{
	int fds = count_open_fds();
	if (fds != run->fds_before) {
		run_fail(run, "descriptors-are-closed", "%d, %d before", fds, run->fds_before);
	}
}

void invariants_check_end(struct run *run)
{
	invariants_check(run);
	for (unsigned int i = 0; i < ACTORS; i++) {
		both_ends_agree(run, &run->actors[i]);
	}
	for_messages(run, a_ticket_has_ended);
	for_messages(run, received_has_arrived);
	for_messages(run, recorded_was_received);
	for_questions(run, a_question_has_ended);
	memory_is_level(run);
	descriptors_are_closed(run);
}

/* --- when the clients have been freed --- */

void invariants_check_freed(struct run *run)
{
	invariants_check(run);
	for_messages(run, a_ticket_has_ended);
	for_questions(run, a_question_has_ended);
	for (unsigned int i = 0; i < ACTORS; i++) {
		events_have_ended(&run->actors[i]);
	}
}
