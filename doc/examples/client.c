/*
 * A chat client for a terminal: contacts with their presence, requests, messages with receipts and
 * what became of them, service discovery.
 *
 *	ENVOI_PASSWORD=... client alice@example.org [SETTING=VALUE...]
 *
 *	/to JID                    whom the lines that follow are sent to
 *	/list, /add JID, /remove JID  contacts; adding asks for their presence
 *	/yes JID, /no JID          the answer to a request to see this account
 *	/away TEXT, /back, /quit
 *	/what JID                  what an entity is and supports
 */
#include <envoi/envoi.h>
#include <envoi/ext/disco.h>
#include <envoi/ext/receipts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct program {
	struct envoi_handler handler;
	struct envoi_client *client;
	struct envoi_session *session;
	struct envoi_watch input;
	struct envoi_jid *to; /* NULL: no addressee is chosen */
};

/* --- messages --- */

/* The server's acknowledgement is not shown, a receipt of the contact is. */
static void on_fate(struct envoi_ticket *ticket, const struct envoi_ticket_report *report)
{
	if (report->state != ENVOI_TICKET_ACKNOWLEDGED) {
		printf("* the message: %s\n", envoi_ticket_report_text(report));
	}
	free(ticket);
}

static void send_text(struct program *program, const char *text)
{
	struct envoi_ticket *ticket = calloc(1, sizeof(*ticket));
	if (ticket == NULL || program->to == NULL) {
		printf("* to whom? /to JID\n");
		free(ticket);
		return;
	}
	struct envoi_stanza *message = envoi_message_new(envoi_client_context(program->client),
		ENVOI_TYPE_CHAT, envoi_jid_text(program->to), text);
	envoi_receipts_request(message);
	ticket->done = on_fate;
	ticket->refusal_ms = 1000;
	if (envoi_send(program->session, message, ticket) < 0) {
		printf("* not sent: %s\n", envoi_session_problem(program->session));
		free(ticket);
	}
}

static int on_message(struct envoi_handler *self, struct envoi_delivery *in)
{
	const struct envoi_stanza *message = envoi_delivery_stanza(in);
	const char *body = envoi_message_body(message, NULL);
	const char *from = envoi_jid_text(envoi_stanza_from(message));
	(void)self;
	if (envoi_receipts_id(message) != NULL) {
		printf("* received by %s\n", from);
	} else if (body != NULL) {
		printf("%s: %s\n", from, body);
	}
	return ENVOI_OK;
}

static const char *show_of(const struct envoi_contact_presence *presence)
{
	return presence == NULL ? "offline" : presence->show != NULL ? presence->show : "online";
}

/* --- commands --- */

static void list(struct program *program)
{
	const struct envoi_presences *presences = envoi_client_presences(program->client);
	const struct envoi_roster_item **items;
	if (envoi_roster_sort(envoi_client_roster(program->client), NULL, &items) < 0) {
		return;
	}
	for (size_t i = 0; items[i] != NULL; i++) {
		const struct envoi_contact_presence *best = envoi_presences_best(
			presences, items[i]->jid);
		printf("  %s: %s %s\n", envoi_jid_text(items[i]->jid), show_of(best),
			best != NULL && best->status != NULL ? best->status : "");
	}
	envoi_free(envoi_client_context(program->client), items);
}

static void on_info(void *user, const struct envoi_answer *answer)
{
	const struct envoi_disco_info *info = envoi_answer_payload(answer);
	(void)user;
	if (info == NULL) {
		printf("* %s\n", envoi_answer_text(answer));
		return;
	}
	for (size_t i = 0; i < info->identity_count; i++) {
		printf("  is %s/%s\n", info->identities[i].category, info->identities[i].type);
	}
	for (size_t i = 0; i < info->feature_count; i++) {
		printf("  has %s\n", info->features[i]);
	}
}

/* @return ENVOI_DECLINED: there is no such command */
static int run_with_contact(struct program *program, const char *word, struct envoi_jid *jid)
{
	struct envoi_subscriptions *all = envoi_client_subscriptions(program->client);
	if (strcmp(word, "/to") == 0) {
		envoi_jid_unref(program->to);
		program->to = envoi_jid_ref(jid);
		return ENVOI_OK;
	}
	if (strcmp(word, "/add") == 0) {
		return envoi_subscriptions_request(all, jid, NULL);
	}
	if (strcmp(word, "/remove") == 0) {
		return envoi_roster_remove(envoi_client_roster(program->client), jid, NULL, NULL);
	}
	if (strcmp(word, "/yes") == 0) {
		return envoi_subscriptions_approve(all, jid);
	}
	if (strcmp(word, "/no") == 0) {
		return envoi_subscriptions_refuse(all, jid);
	}
	if (strcmp(word, "/what") == 0) {
		return envoi_disco_info_get(
			program->session, envoi_jid_text(jid), NULL, 0, on_info, NULL, NULL);
	}
	return ENVOI_DECLINED;
}

static int run_command(struct program *program, const char *word, const char *rest)
{
	struct envoi_jid *jid;
	if (strcmp(word, "/list") == 0) {
		list(program);
		return ENVOI_OK;
	}
	if (strcmp(word, "/away") == 0 || strcmp(word, "/back") == 0) {
		bool is_away = word[1] == 'a';
		return envoi_client_set_show(
			program->client, is_away ? "away" : NULL, is_away ? rest : NULL);
	}
	if (strcmp(word, "/quit") == 0) {
		envoi_client_quit(program->client);
		return ENVOI_OK;
	}
	if (envoi_jid_from_text(&jid, envoi_client_context(program->client), rest) < 0) {
		return ENVOI_DECLINED;
	}
	int r = run_with_contact(program, word, jid);
	envoi_jid_unref(jid);
	return r;
}

/* A terminal gives whole lines, and standard input has no buffer: this does not wait. */
static void on_input(struct envoi_watch *watch, unsigned int ready)
{
	struct program *program = ENVOI_CONTAINER_OF(watch, struct program, input);
	char line[4096];
	(void)ready;
	if (fgets(line, sizeof(line), stdin) == NULL) {
		envoi_watch_stop(watch);
		envoi_client_quit(program->client);
		return;
	}
	line[strcspn(line, "\n")] = '\0';
	if (line[0] != '/') {
		send_text(program, line);
		return;
	}
	char *rest = line + strcspn(line, " ");
	rest += *rest != '\0' ? (*rest = '\0', 1) : 0;
	int r = run_command(program, line, rest);
	if (r == ENVOI_DECLINED) {
		printf("* %s %s: no such command or address\n", line, rest);
	} else if (r < 0) {
		printf("* %s\n", envoi_session_problem(program->session));
	}
}

/* --- events --- */

static void on_online(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	struct envoi_loop *loop = envoi_context_loop(envoi_client_context(program->client));
	printf("* online as %s\n", envoi_jid_text(envoi_session_jid(event->session)));
	int r = envoi_watch_start(&program->input, loop, STDIN_FILENO, ENVOI_IO_READ, on_input);
	if (r < 0 && r != ENVOI_ERR_STATE) { /* ENVOI_ERR_STATE: since an earlier login */
		fprintf(stderr, "standard input (a file?): %s\n", envoi_error_text(r));
		envoi_client_quit(program->client);
	}
}

static void on_presence(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	printf("* %s is %s\n", envoi_jid_text(event->jid),
		show_of(envoi_presences_find(envoi_client_presences(program->client), event->jid)));
}

static void on_request(struct envoi_handler *self, const struct envoi_event *event)
{
	(void)self;
	printf("* %s asks to see you: /yes or /no\n", envoi_jid_text(event->jid));
}

static void on_suspended(struct envoi_handler *self, const struct envoi_event *event)
{
	struct program *program = ENVOI_CONTAINER_OF(self, struct program, handler);
	printf("* %s\n* again in %d s\n", envoi_client_failure_text(program->client),
		(int)(event->retry_in_ms / 1000));
}

static const struct envoi_stanza_row stanzas[] = {
	{.kind = ENVOI_MESSAGE, .handle = on_message},
	ENVOI_ROWS_END,
};
static const struct envoi_event_row events[] = {
	{.type = ENVOI_EVENT_AVAILABLE, .handle = on_online},
	{.type = ENVOI_EVENT_RESUMED, .handle = on_online},
	{.type = ENVOI_EVENT_PRESENCE, .handle = on_presence},
	{.type = ENVOI_EVENT_SUBSCRIPTION_REQUEST, .handle = on_request},
	{.type = ENVOI_EVENT_SUSPENDED, .handle = on_suspended},
	ENVOI_ROWS_END,
};
static const struct envoi_handler_impl impl = {
	.name = "client", .stanzas = stanzas, .events = events};

int main(int argc, char **argv)
{
	struct program program = {.handler = ENVOI_HANDLER(&impl)};
	setvbuf(stdin, NULL, _IONBF, 0);
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	if (argc < 2 || envoi_client_new(&program.client, NULL, argv[1]) < 0) {
		return 2;
	}
	program.session = envoi_client_session(program.client);
	envoi_client_set_password(program.client, getenv("ENVOI_PASSWORD"));
	envoi_client_set_assignments(program.client, argv + 2);
	envoi_client_add(program.client, envoi_receipts_handler());
	envoi_client_add(program.client, &program.handler);
	int r = envoi_client_run(program.client);
	if (r < 0) {
		fprintf(stderr, "%s\n", envoi_client_failure_text(program.client));
	}
	envoi_watch_stop(&program.input);
	envoi_client_free(program.client);
	envoi_jid_unref(program.to);
	return r < 0;
}
