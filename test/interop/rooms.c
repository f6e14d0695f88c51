/*
 * envoi - two accounts in a room: they enter, talk, change nicks, and part
 * SPDX-License-Identifier: MIT
 *
 * usage: interop_rooms HOST PORT CA_FILE DOMAIN
 * Logs in alice and bob of the domain, whose passwords are secret-alice and secret-bob, and lets
 * them meet in a new room of conference.DOMAIN. Prints a line for each step; ends with 1 at the
 * first that does not come about.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envoi/ext/mam.h>
#include <envoi/ext/muc.h>

#include "common.h"

enum {
	STEP_MS = 20000,
};

struct person {
	struct envoi_handler handler;
	struct envoi_client *client;
	const char *name;
	struct envoi_muc_room *room;
	unsigned int online, stopped, joined, again, ended, archived;
	char last[200]; /* "nick text" of the last message */
	char stanza_id[200]; /* of it */
	bool was_reflection, was_private;
	char subject[100];
	char change[200]; /* "kind nick" */
	char moderated[200];
	enum envoi_muc_cause cause;
};

static struct envoi_context *context;
static struct person alice, bob;
static char room_address[200];
static int answer_code;

/* --- what is reported --- */

static void on_available(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	ENVOI_CONTAINER_OF(self, struct person, handler)->online++;
}

static void on_stopped(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)event;
	ENVOI_CONTAINER_OF(self, struct person, handler)->stopped++;
}

static const struct envoi_event_row event_rows[] = {{ENVOI_EVENT_AVAILABLE, on_available, false},
	{ENVOI_EVENT_STOPPED, on_stopped, false}, ENVOI_ROWS_END};
static const struct envoi_handler_impl person_impl = {.events = event_rows};

static void on_joined(struct envoi_muc_room *room, bool is_again)
{
	struct person *person = envoi_muc_user(room);
	person->joined++;
	person->again += is_again;
}

static void on_message(struct envoi_muc_room *room, const struct envoi_muc_message *message)
{
	struct person *person = envoi_muc_user(room);
	if (message->moderated_id != NULL) {
		snprintf(person->moderated, sizeof(person->moderated), "%s", message->moderated_id);
	}
	if (message->body == NULL) {
		return;
	}
	snprintf(person->last, sizeof(person->last), "%s %s",
		message->nick == NULL ? "" : message->nick, message->body);
	snprintf(person->stanza_id, sizeof(person->stanza_id), "%s",
		message->stanza_id == NULL ? "" : message->stanza_id);
	person->was_reflection = message->is_reflection;
	person->was_private = message->is_private;
}

static void on_subject(struct envoi_muc_room *room, const struct envoi_muc_subject *subject)
{
	struct person *person = envoi_muc_user(room);
	snprintf(person->subject, sizeof(person->subject), "%s", subject->text);
}

static void on_changed(struct envoi_muc_room *room, const struct envoi_muc_change *change)
{
	struct person *person = envoi_muc_user(room);
	snprintf(person->change, sizeof(person->change), "%d %s", change->kind,
		change->occupant == NULL ? "" : change->occupant->nick);
}

static void on_ended(struct envoi_muc_room *room, const struct envoi_muc_end *end)
{
	struct person *person = envoi_muc_user(room);
	person->ended++;
	person->cause = end->cause;
}

static const struct envoi_muc_events room_events = {.joined = on_joined,
	.message = on_message,
	.subject = on_subject,
	.changed = on_changed,
	.ended = on_ended};

static void on_answer(void *user, const struct envoi_answer *answer)
{
	(void)user;
	answer_code = envoi_answer_code(answer);
}

static void on_item(void *user, const struct envoi_mam_item *item)
{
	struct person *person = user;
	const char *body = item->message == NULL ? NULL : envoi_message_body(item->message, NULL);
	if (body != NULL && strcmp(body, "one") == 0) {
		person->archived++;
	}
}

static void on_archive_end(void *user, const struct envoi_mam_end *end)
{
	(void)user;
	answer_code = end->code;
}

static const struct envoi_mam_events archive_events = {.item = on_item, .end = on_archive_end};

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
		printf("last '%s', '%s'; changes '%s', '%s'; answer %s\n", alice.last, bob.last,
			alice.change, bob.change, envoi_error_name(answer_code));
		exit(1);
	}
}

static bool both_are_online(void)
{
	return alice.online > 0 && bob.online > 0;
}

static bool both_have_stopped(void)
{
	return alice.stopped > 0 && bob.stopped > 0;
}

static bool alice_has_entered(void)
{
	return alice.joined == 1 && envoi_muc_self(alice.room) != NULL &&
		envoi_muc_self(alice.room)->affiliation == ENVOI_MUC_OWNER;
}

static bool bob_has_entered(void)
{
	return bob.joined == 1 && envoi_muc_find_occupant(bob.room, "alice") != NULL &&
		envoi_muc_find_occupant(alice.room, "bob") != NULL;
}

static bool both_have_heard(void)
{
	return strcmp(alice.last, "alice one") == 0 && alice.was_reflection &&
		strcmp(bob.last, "alice one") == 0 && !bob.was_reflection;
}

static bool the_subject_is_set(void)
{
	return strcmp(alice.subject, "Fire burn") == 0 && strcmp(bob.subject, "Fire burn") == 0;
}

static bool alice_has_heard_privately(void)
{
	return strcmp(alice.last, "bob psst") == 0 && alice.was_private;
}

static bool bob_has_another_nick(void)
{
	return envoi_muc_find_occupant(alice.room, "bobby") != NULL &&
		envoi_muc_find_occupant(alice.room, "bob") == NULL &&
		envoi_muc_self(bob.room) != NULL &&
		strcmp(envoi_muc_self(bob.room)->nick, "bobby") == 0 && bob.ended == 0;
}

static bool a_taken_nick_is_refused(void)
{
	return strcmp(bob.change, "7 ") == 0;
}

static bool both_have_heard_bob(void)
{
	return strcmp(alice.last, "bobby evil") == 0 && strcmp(bob.last, "bobby evil") == 0;
}

static bool the_request_is_granted(void)
{
	return answer_code == ENVOI_OK;
}

static bool the_message_is_retracted(void)
{
	return answer_code == ENVOI_OK && bob.stanza_id[0] != '\0' &&
		strcmp(bob.moderated, bob.stanza_id) == 0;
}

static bool the_archive_has_it(void)
{
	return answer_code == ENVOI_OK && bob.archived == 1;
}

static bool bob_is_kicked(void)
{
	return bob.ended == 1 && bob.cause == ENVOI_MUC_KICKED &&
		envoi_muc_find_occupant(alice.room, "bobby") == NULL;
}

static bool bob_has_entered_again(void)
{
	return bob.joined == 2;
}

static bool the_room_is_destroyed(void)
{
	return alice.ended == 1 && bob.ended == 2 && alice.cause == ENVOI_MUC_DESTROYED &&
		bob.cause == ENVOI_MUC_DESTROYED;
}

/* --- the story --- */

static void must(int r)
{
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_error_text(r));
		exit(2);
	}
}

static struct envoi_session *session_of(const struct person *person)
{
	return envoi_client_session(person->client);
}

static void make(struct person *person, char **arguments, const char *name)
{
	char jid[200], password[100];
	snprintf(jid, sizeof(jid), "%s@%s", name, arguments[4]);
	snprintf(password, sizeof(password), "secret-%s", name);
	person->name = name;
	person->handler = (struct envoi_handler)ENVOI_HANDLER(&person_impl);
	person->client = interop_client(
		context, arguments[1], arguments[2], arguments[3], jid, password);
	if (person->client == NULL) {
		exit(2);
	}
	envoi_client_add(person->client, &person->handler);
	must(envoi_session_use(session_of(person), &envoi_muc_extension, NULL));
	must(envoi_session_use(session_of(person), &envoi_mam_extension, NULL));
	must(envoi_client_connect(person->client));
}

static void enter(struct person *person)
{
	const struct envoi_muc_options options = {.nick = person->name};
	must(envoi_muc_join(
		&person->room, session_of(person), room_address, &options, &room_events, person));
}

static void talk(void)
{
	must(envoi_muc_say(alice.room, "one", NULL));
	step("both have heard", both_have_heard);
	must(envoi_muc_set_subject(alice.room, "Fire burn", NULL));
	step("the subject is set", the_subject_is_set);
	must(envoi_muc_send_private(bob.room, "alice", "psst", NULL));
	step("alice has heard privately", alice_has_heard_privately);
}

static void change_nicks(void)
{
	must(envoi_muc_set_nick(bob.room, "bobby"));
	step("bob has another nick", bob_has_another_nick);
	must(envoi_muc_set_nick(bob.room, "alice"));
	step("a taken nick is refused", a_taken_nick_is_refused);
}

/* Where the room announces an archive: its features are known when it is entered. */
static void read_archive(void)
{
	if (!envoi_muc_announces(bob.room, ENVOI_NS_MAM)) {
		printf("the archive: not announced\n");
		return;
	}
	const struct envoi_mam_query_options options = {.archive = room_address};
	answer_code = ENVOI_ERR_TIMEOUT;
	must(envoi_mam_fetch(session_of(&bob), &options, &archive_events, &bob, NULL));
	step("the archive has it", the_archive_has_it);
}

static void moderate(void)
{
	answer_code = ENVOI_ERR_TIMEOUT;
	int r = envoi_muc_moderate(alice.room, bob.stanza_id, "rude", on_answer, NULL);
	if (r == ENVOI_ERR_UNSUPPORTED || r == ENVOI_ERR_INVALID) {
		printf("moderation: not announced\n");
		return;
	}
	must(r);
	step("the message is retracted", the_message_is_retracted);
}

static void part(void)
{
	must(envoi_muc_set_role(
		alice.room, "bobby", ENVOI_MUC_ROLE_NONE, "noise", on_answer, NULL));
	step("bob is kicked", bob_is_kicked);
	envoi_muc_free(bob.room);
	enter(&bob);
	step("bob has entered again", bob_has_entered_again);
	must(envoi_muc_destroy(alice.room, NULL, "done", on_answer, NULL));
	step("the room is destroyed", the_room_is_destroyed);
	envoi_muc_free(alice.room);
	envoi_muc_free(bob.room);
}

int main(int argument_count, char **arguments)
{
	char id[ENVOI_ID_SIZE];
	if (argument_count != 5 || envoi_context_new(&context, NULL) < 0) {
		return 2;
	}
	must(envoi_id_make(context, id));
	snprintf(room_address, sizeof(room_address), "r%s@conference.%s", id, arguments[4]);
	make(&alice, arguments, "alice");
	make(&bob, arguments, "bob");
	step("both are online", both_are_online);
	enter(&alice);
	step("alice has entered a new room", alice_has_entered);
	enter(&bob);
	step("bob has entered, and both see each other", bob_has_entered);
	talk();
	read_archive();
	change_nicks();
	must(envoi_muc_say(bob.room, "evil", NULL));
	step("both have heard bob", both_have_heard_bob);
	answer_code = ENVOI_ERR_TIMEOUT;
	must(envoi_muc_get_affiliations(alice.room, ENVOI_MUC_OWNER, on_answer, NULL));
	step("affiliations are listed", the_request_is_granted);
	moderate();
	part();
	envoi_client_disconnect(alice.client);
	envoi_client_disconnect(bob.client);
	step("both have stopped", both_have_stopped);
	envoi_client_free(alice.client);
	envoi_client_free(bob.client);
	envoi_context_unref(context);
	return 0;
}
